"""The exponential distribution: waiting times without memory."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, checked, parameter
from .data import Array
from .domains import NON_NEGATIVE, POSITIVE
from .kernels import Kernels, kernel


@kernel
def log_pdf(X, theta, out):
    """Add log(rate) - rate x; -inf for x < 0."""
    rate, constant = theta[0], math.log(theta[0])
    for i in range(out.size):
        out[i] += -math.inf if X[0, i] < 0.0 else constant - rate * X[0, i]


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r and sum r x."""
    total, first = 0.0, 0.0
    for i in range(r.size):
        total += r[i]
        first += r[i] * X[0, i]
    stats[0] += total
    stats[1] += first


@kernel
def update(stats, theta, bounds):
    """Set the rate to one over the weighted mean."""
    theta[0] = min(max(stats[0] / stats[1], bounds[0, 0]), bounds[1, 0])


class Exponential(Distribution):
    r"""Exponential distribution: density :math:`\lambda e^{-\lambda x}` for x >= 0.

    Parameters
    ----------
    rate : float, optional
        Rate :math:`\lambda` > 0, in one over the unit of x; the mean is 1 / rate.

    Notes
    -----
    `fit` is the maximum-likelihood estimate 1 / (weighted mean). Johnson, Kotz & Balakrishnan, Continuous Univariate
    Distributions 1 (1994), ch. 19.

    Examples
    --------
    >>> Exponential().fit([1.0, 2.0, 3.0])
    Exponential(rate=0.5)
    """

    rate: float = parameter(POSITIVE, power=-1)

    support = NON_NEGATIVE
    everyday = True
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    @classmethod
    def from_scale(cls, scale: float) -> Self:
        """Return the distribution of this scale > 0, which is its mean and its standard deviation: rate 1 / scale.

        Examples
        --------
        >>> Exponential.from_scale(4.0)
        Exponential(rate=0.25)
        """
        return cls(1.0 / checked(cls, "scale", POSITIVE, scale))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return np.random.default_rng(rng).exponential(1.0 / self.rate, size)

    @property
    def mean(self) -> float:
        """Expectation, 1 / rate."""
        self.require_known("give a mean")
        return 1.0 / self.rate

    @property
    def var(self) -> float:
        """Variance, 1 / rate^2."""
        return self.mean * self.mean

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return -np.expm1(-self.rate * np.maximum(np.asarray(x, dtype=float), 0.0))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((q >= 0) & (q <= 1), -np.log1p(-q) / self.rate, np.nan)[()]
