"""The log-normal distribution: a positive variable whose logarithm is normal, a product of many small factors."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from .base import Distribution, Rng, checked, parameter
from .data import Array, average
from .domains import POSITIVE, REAL
from .kernels import Kernels, kernel
from .normal import update  # of the logarithms: the same statistics
from .numeric import positive_doubles
from .special import HALF_LOG_2_PI, log, reciprocal


@kernel
def log_pdf(X, theta, out):
    """Add -z^2 / 2 - log x - log(log_std sqrt(2 pi)), z = (log x - log_mean) / log_std; -inf for x <= 0."""
    centre, inverse, constant = theta[0], reciprocal(theta[1]), math.log(theta[1]) + HALF_LOG_2_PI
    for i in range(out.size):
        y = log(X[0, i])
        z = (y - centre) * inverse
        out[i] += -math.inf if X[0, i] <= 0.0 else -0.5 * z * z - y - constant


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r (log x - log_mean) and sum r (log x - log_mean)^2 about the current log_mean."""
    centre, total, first, second = theta[0], 0.0, 0.0, 0.0
    for i in range(r.size):
        centred = log(X[0, i]) - centre
        centred = centred if X[0, i] > 0.0 else 0.0  # outside the support r is 0, and 0 times infinity NaN
        total += r[i]
        first += r[i] * centred
        second += r[i] * centred * centred
    stats[0] += total
    stats[1] += first
    stats[2] += second


class LogNormal(Distribution):
    r"""Log-normal distribution: density :math:`\exp(-(\log x-\mu)^2/(2\sigma^2)) / (x \sigma\sqrt{2\pi})` for x > 0.

    Parameters
    ----------
    log_mean : float, optional
        Mean :math:`\mu` of log x, finite; a change of the unit of x shifts it. The median of x is exp(log_mean).
    log_std : float, optional
        Standard deviation :math:`\sigma` > 0 of log x, a pure number: for small values the relative spread of x.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: weighted mean and root mean square deviation of log x. Johnson, Kotz &
    Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 14.

    Examples
    --------
    >>> LogNormal().fit([1.0, 10.0, 100.0])
    LogNormal(log_mean=2.302585092994046, log_std=1.8800528557247886)
    """

    log_mean: float = parameter(REAL)
    log_std: float = parameter(POSITIVE, collapse=1)

    support = POSITIVE
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 3

    @classmethod
    def from_mean_std(cls, mean: float, std: float) -> Self:
        """Return the distribution of this mean and standard deviation of x itself, both > 0.

        Examples
        --------
        >>> round(LogNormal.from_mean_std(1.0, 2.0).var, 12)
        4.0
        """
        mean, std = checked(cls, "mean", POSITIVE, mean), checked(cls, "std", POSITIVE, std)
        variance = math.log1p((std / mean) ** 2)
        return cls(math.log(mean) - 0.5 * variance, math.sqrt(variance))

    def units(self, scale: Array) -> Array:
        """Return 1 for log_mean, whose steps are relative steps of x, and 0 for log_std."""
        return np.array([1.0, 0.0])

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters have plain values: the log of the mean, and 1."""
        guess = super().first_guess(rows, weight, smallest)
        if self.log_mean is not None:
            return guess
        return guess.with_values(log_mean=float(np.log(average(rows[:, 0], weight))))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        with np.errstate(over="ignore"):
            return positive_doubles(np.exp(np.random.default_rng(rng).normal(self.log_mean, self.log_std, size)))

    @property
    def mean(self) -> float:
        """Expectation, exp(log_mean + log_std^2 / 2)."""
        self.require_known("give a mean")
        with np.errstate(over="ignore"):
            return float(np.exp(self.log_mean + 0.5 * self.log_std * self.log_std))

    @property
    def var(self) -> float:
        """Variance, (exp(log_std^2) - 1) exp(2 log_mean + log_std^2)."""
        self.require_known("give a variance")
        square = self.log_std * self.log_std
        with np.errstate(over="ignore"):
            # exp(s^2) - 1 = (1 - exp(-s^2)) exp(s^2)
            return float(-np.expm1(-square) * np.exp(2.0 * self.log_mean + 2.0 * square))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        with np.errstate(divide="ignore"):
            return ndtr((np.log(np.maximum(np.asarray(x, dtype=float), 0.0)) - self.log_mean) / self.log_std)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        with np.errstate(over="ignore"):
            return np.exp(self.log_mean + self.log_std * ndtri(q))
