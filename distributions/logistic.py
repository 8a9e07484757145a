"""The logistic distribution: bell-shaped, with exponential tails."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE, REAL
from .kernels import Kernels, kernel
from .newton import newton_update
from .special import exp, log1p_of_part, reciprocal


@kernel
def log_pdf(X, theta, out):
    """Add -z - 2 log(1 + e^-z) - log scale, z = |x - loc| / scale."""
    loc, inverse, constant = theta[0], reciprocal(theta[1]), math.log(theta[1])
    for i in range(out.size):
        z = abs(X[0, i] - loc) * inverse
        out[i] -= z + 2.0 * log1p_of_part(exp(-z)) + constant


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of loc (by scale) and of log scale."""
    loc, inverse = theta[0], reciprocal(theta[1])
    total, s0, s1, h00, h10, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        z = (X[0, i] - loc) * inverse
        e = exp(-abs(z))
        slope = math.copysign((1.0 - e) / (1.0 + e), z)  # tanh(z / 2), the score of a shift
        bend = 2.0 * e / ((1.0 + e) * (1.0 + e))  # its derivative
        total += r[i]
        s0 += r[i] * slope
        s1 += r[i] * (z * slope - 1.0)
        h00 -= r[i] * bend
        h10 -= r[i] * (slope + z * bend)
        h11 -= r[i] * z * (slope + z * bend)
    for j, value in enumerate((total, s0, s1, h00, h10, h11)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take one Newton step."""
    newton_update(stats, theta, bounds, np.array([theta[1], 0.0]))


class Logistic(Distribution):
    r"""Logistic distribution: density :math:`e^{-z} / (s (1 + e^{-z})^2)`, :math:`z = (x - m) / s`, on the real line.

    Parameters
    ----------
    loc : float, optional
        Location :math:`m`, the mean and median, finite, in the unit of x.
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x; the standard deviation is :math:`\pi s / \sqrt 3`.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by safeguarded Newton steps in loc and log scale. Johnson, Kotz &
    Balakrishnan, Continuous Univariate Distributions 2 (1995), ch. 23.

    Examples
    --------
    >>> Logistic(2.0, 1.0).cdf([2.0])
    array([0.5])
    """

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    support = REAL
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 6

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return np.random.default_rng(rng).logistic(self.loc, self.scale, size)

    @property
    def mean(self) -> float:
        """Expectation, loc."""
        self.require_known("give a mean", ("loc",))
        return self.loc

    @property
    def var(self) -> float:
        """Variance, (pi scale)^2 / 3."""
        self.require_known("give a variance", ("scale",))
        return math.pi**2 / 3.0 * self.scale * self.scale  # infinite where it is too large, and no error

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return expit((np.asarray(x, dtype=float) - self.loc) / self.scale)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        return self.loc + self.scale * logit(q)
