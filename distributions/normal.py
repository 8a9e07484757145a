"""The normal distribution."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr, ndtri

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE, REAL
from .kernels import Kernels, kernel
from .special import reciprocal

SQRT_HALF = math.sqrt(0.5)
LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


@kernel
def log_pdf(X, theta, out):
    """Add -(x - mean)^2 / (2 std^2) - log(std sqrt(2 pi))."""
    mean, factor, constant = theta[0], SQRT_HALF * reciprocal(theta[1]), math.log(theta[1]) + LOG_SQRT_2PI
    for i in range(out.size):
        z = (X[0, i] - mean) * factor
        out[i] = (out[i] - constant) - z * z


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r (x - mean) and sum r (x - mean)^2 about the current mean, so that nothing cancels."""
    mean, total, first, second = theta[0], 0.0, 0.0, 0.0
    for i in range(r.size):
        centred = X[0, i] - mean
        total += r[i]
        first += r[i] * centred
        second += r[i] * centred * centred
    stats[0] += total
    stats[1] += first
    stats[2] += second


@kernel
def update(stats, theta, bounds):
    """Move the mean to the weighted mean, the std to the weighted root mean square about it."""
    shift = stats[1] / stats[0]
    mean = min(max(theta[0] + shift, bounds[0, 0]), bounds[1, 0])
    beyond = shift - (mean - theta[0])  # zero unless the mean is held back
    variance = max(stats[2] / stats[0] - shift * shift, 0.0) + beyond * beyond
    theta[0] = mean
    theta[1] = min(max(math.sqrt(variance), bounds[0, 1]), bounds[1, 1])


class Normal(Distribution):
    r"""Normal distribution: density :math:`\exp(-(x-\mu)^2/(2\sigma^2)) / (\sigma\sqrt{2\pi})` on the real line.

    Parameters
    ----------
    mean : float, optional
        Mean :math:`\mu`, finite, in the unit of x.
    std : float, optional
        Standard deviation :math:`\sigma` > 0, in the unit of x.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: weighted mean, and root mean square deviation from it (divided by
    the total weight, not by n - 1). Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 13.

    Examples
    --------
    >>> Normal().fit([1.0, 2.0, 3.0])
    Normal(mean=2.0, std=0.816496580927726)
    """

    mean: float = parameter(REAL, power=1)
    std: float = parameter(POSITIVE, power=1)

    support = REAL
    everyday = True
    quadratic = True
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 3

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return np.random.default_rng(rng).normal(self.mean, self.std, size)

    @property
    def var(self) -> float:
        """Variance."""
        self.require_known("give a variance", ("std",))
        return self.std * self.std  # infinite where it is too large, and no error

    def as_normal(self) -> tuple[Array, Array]:
        """Return mean and covariance."""
        return np.array([self.mean]), np.array([[self.var]])

    def expected_rows(self) -> tuple[Array, Array]:
        """Return two rows with its mean and variance."""
        self.require_known("stand for rows")
        return np.array([[self.mean - self.std], [self.mean + self.std]]), np.full(2, 0.5)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return ndtr((np.asarray(x, dtype=float) - self.mean) / self.std)

    def log_tail(self, x: Array, above: bool) -> Array:
        """Return log P(X > x) or log P(X <= x)."""
        z = (x - self.mean) / self.std
        return log_ndtr(-z if above else z)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        return self.mean + self.std * ndtri(q)
