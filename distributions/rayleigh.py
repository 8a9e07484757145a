"""The Rayleigh distribution: the length of a vector of two independent normal errors."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE
from .half_normal import accumulate  # the same statistics
from .kernels import Kernels, kernel
from .numeric import positive_doubles
from .special import log, reciprocal


@kernel
def log_pdf(X, theta, out):
    """Add log z - z^2 / 2 - log scale, z = x / scale; -inf for x <= 0."""
    inverse, constant = reciprocal(theta[0]), math.log(theta[0])
    for i in range(out.size):
        z = X[0, i] * inverse
        out[i] += -math.inf if X[0, i] <= 0.0 else log(z) - (0.5 * z * z + constant)


@kernel
def update(stats, theta, bounds):
    """Set the scale to the root of half the mean square."""
    theta[0] = min(max(theta[0] * math.sqrt(0.5 * stats[1] / stats[0]), bounds[0, 0]), bounds[1, 0])


class Rayleigh(Distribution):
    r"""Rayleigh distribution: density :math:`x\, e^{-x^2/(2 s^2)} / s^2` for x > 0.

    Parameters
    ----------
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x: the standard deviation of each of the two errors, and the mode.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, the root of half the weighted mean square. Johnson, Kotz & Balakrishnan,
    Continuous Univariate Distributions 1 (1994), ch. 18.

    Examples
    --------
    >>> round(Rayleigh().fit([1.0, 7.0]).scale, 9)
    3.535533906
    """

    scale: float = parameter(POSITIVE, power=1)

    support = POSITIVE
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return positive_doubles(np.random.default_rng(rng).rayleigh(self.scale, size))

    @property
    def mean(self) -> float:
        """Expectation, scale sqrt(pi / 2)."""
        self.require_known("give a mean")
        return self.scale * math.sqrt(0.5 * math.pi)

    @property
    def var(self) -> float:
        """Variance, scale^2 (2 - pi / 2)."""
        self.require_known("give a variance")
        return self.scale * self.scale * (2.0 - 0.5 * math.pi)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        z = np.maximum(np.asarray(x, dtype=float), 0.0) / self.scale
        with np.errstate(over="ignore"):
            return -np.expm1(-0.5 * z * z)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.scale * np.sqrt(-2.0 * np.log1p(-q))
