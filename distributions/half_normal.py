"""The half-normal distribution: the size of a normal error of mean zero."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import erf, erfinv

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import NON_NEGATIVE, POSITIVE
from .kernels import Kernels, kernel
from .special import reciprocal

LOG_SQRT_HALF_PI = 0.5 * math.log(0.5 * math.pi)
SQRT_2 = math.sqrt(2.0)


@kernel
def log_pdf(X, theta, out):
    """Add -x^2 / (2 scale^2) - log(scale sqrt(pi / 2)); -inf for x < 0."""
    inverse, constant = reciprocal(theta[0]), math.log(theta[0]) + LOG_SQRT_HALF_PI
    for i in range(out.size):
        z = X[0, i] * inverse
        out[i] -= math.inf if X[0, i] < 0.0 else 0.5 * z * z + constant


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r and sum r (x / scale)^2, at the current scale: squares neither overflow nor vanish."""
    inverse, total, second = reciprocal(theta[0]), 0.0, 0.0
    for i in range(r.size):
        z = X[0, i] * inverse
        total += r[i]
        second += r[i] * z * z
    stats[0] += total
    stats[1] += second


@kernel
def update(stats, theta, bounds):
    """Set the scale to the root mean square."""
    theta[0] = min(max(theta[0] * math.sqrt(stats[1] / stats[0]), bounds[0, 0]), bounds[1, 0])


class HalfNormal(Distribution):
    r"""Half-normal distribution: density :math:`\sqrt{2/\pi}\, e^{-x^2/(2 s^2)} / s` for x >= 0.

    Parameters
    ----------
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x: the standard deviation of the normal variable whose size x is.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, the weighted root mean square (about zero, not about the mean). Johnson,
    Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 13.

    Examples
    --------
    >>> HalfNormal().fit([3.0, 4.0, 5.0, 5.0, 5.0])
    HalfNormal(scale=4.47213595499958)
    """

    scale: float = parameter(POSITIVE, power=1)

    support = NON_NEGATIVE
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return np.abs(np.random.default_rng(rng).normal(0.0, self.scale, size))

    @property
    def mean(self) -> float:
        """Expectation, scale sqrt(2 / pi)."""
        self.require_known("give a mean")
        return self.scale * math.sqrt(2.0 / math.pi)

    @property
    def var(self) -> float:
        """Variance, scale^2 (1 - 2 / pi)."""
        self.require_known("give a variance")
        return self.scale * self.scale * (1.0 - 2.0 / math.pi)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return erf(np.maximum(np.asarray(x, dtype=float), 0.0) / self.scale / SQRT_2)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        return np.where(q >= 0.0, self.scale * SQRT_2 * erfinv(q), np.nan)[()]
