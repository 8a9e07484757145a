"""The log-logistic distribution: positive values with power tails on both sides of the median."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, spherical_jn

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE
from .kernels import Kernels, kernel
from .log_scale import (
    apply_move,
    box_of_moves,
    log_centre_and_spread,
    log_ratio,
    logs_of_ratios,
    representable,
)
from .newton import newton_move
from .special import exp, log, reciprocal

STD = math.pi / math.sqrt(3.0)  # standard deviation of log x at shape 1


@kernel
def log_pdf(X, theta, out):
    """Add log(shape / scale) - l - |z| - 2 log(1 + e^-|z|), l = log(x / scale), z = shape l; -inf for x <= 0."""
    shape, scale, inverse = theta[0], theta[1], reciprocal(theta[1])
    constant = math.log(shape) - math.log(scale)
    for i in range(out.size):
        x = X[0, i]
        logs = log_ratio(x, scale, inverse)
        z = shape * abs(logs)
        value = constant - logs - z - 2.0 * log(1.0 + exp(-z))
        out[i] += value if x > 0.0 else (x - 1.0) * math.inf


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of log scale (by 1 / shape) and of -log shape."""
    shape, scale, inverse = theta[0], theta[1], reciprocal(theta[1])
    total, s0, s1, h00, h10, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        inside = X[0, i] > 0.0
        z = shape * log_ratio(X[0, i] if inside else scale, scale, inverse)
        e = exp(-abs(z))
        slope = math.copysign((1.0 - e) / (1.0 + e), z)  # as for Logistic
        bend = 2.0 * e / ((1.0 + e) * (1.0 + e))
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
    lowest, highest = box_of_moves(theta, bounds)
    apply_move(theta, bounds, newton_move(stats[1:3], stats[3:], lowest, highest))


class LogLogistic(Distribution):
    r"""Log-logistic (Fisk) distribution: density :math:`(k / x) y / (1 + y)^2`, :math:`y = (x / s)^k`, for x > 0.

    Parameters
    ----------
    shape : float, optional
        Shape :math:`k` > 0, a pure number: moments exist below order :math:`k`.
    scale : float, optional
        Scale :math:`s` > 0, the median, in the unit of x.

    Notes
    -----
    The logarithm of x has the `Logistic` distribution with location log(scale) and scale 1 / shape. `fit` is the
    maximum-likelihood estimate, by safeguarded Newton steps in these. Johnson, Kotz & Balakrishnan, Continuous
    Univariate Distributions 2 (1995), ch. 23.

    Examples
    --------
    >>> float(LogLogistic(3.0, 10.0).cdf(10.0))
    0.5
    """

    shape: float = parameter(POSITIVE, collapse=-1)
    scale: float = parameter(POSITIVE, power=1, collapse=0)

    support = POSITIVE
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 6

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters are those of the mean and standard deviation of log x."""
        centre, spread = log_centre_and_spread(rows, weight, smallest)
        shape, scale = self.shape, self.scale
        if shape is None:
            shape = STD / (spread if scale is None else max(spread, abs(centre - math.log(scale))))
        return self.with_values(shape=shape, scale=math.exp(centre) if scale is None else scale)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        with np.errstate(over="ignore"):
            return representable(self.scale * np.exp(np.random.default_rng(rng).logistic(0.0, 1.0 / self.shape, size)))

    @property
    def mean(self) -> float:
        """Expectation, scale b / sin b, b = pi / shape; infinite for shape <= 1."""
        self.require_known("give a mean")
        b = math.pi / self.shape
        return self.scale * b / math.sin(b) if self.shape > 1.0 else math.inf

    @property
    def var(self) -> float:
        """Variance, scale^2 (2 b / sin 2b - (b / sin b)^2), b = pi / shape; infinite for shape <= 2."""
        self.require_known("give a variance")
        b = math.pi / self.shape
        if self.shape <= 2.0:
            return math.inf
        # sin b - b cos b is b^2 times a spherical Bessel function, which does not cancel for small b.
        of_unit = b * float(spherical_jn(1, b)) * (b / math.sin(b)) ** 2 / math.cos(b)
        return float(self.scale) * of_unit * float(self.scale)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return expit(self.shape * logs_of_ratios(x, self.scale))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        with np.errstate(over="ignore"):
            return self.scale * np.exp(logit(q) / self.shape)
