"""The Poisson distribution: counts of independent rare events."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import pdtr, pdtrik

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import COUNTS, NON_NEGATIVE
from .exponential import accumulate  # the same statistics: sum r and sum r x
from .kernels import Kernels, kernel
from .special import log_factorial


@kernel
def log_pdf(X, theta, out):
    """Add x log(rate) - rate - log x!, where 0 log 0 = 0; -inf unless x is 0, 1, 2, ..."""
    rate = theta[0]
    log_rate = math.log(rate) if rate > 0.0 else -math.inf
    for i in range(out.size):
        x = X[0, i]
        if 0.0 < x < math.inf and x == np.floor(x):
            out[i] += x * log_rate - rate - log_factorial(x)
        elif x == 0.0:
            out[i] -= rate
        else:
            out[i] += x if math.isnan(x) else -math.inf


@kernel
def update(stats, theta, bounds):
    """Set the rate to the weighted mean."""
    theta[0] = min(max(stats[1] / stats[0], bounds[0, 0]), bounds[1, 0])


class Poisson(Distribution):
    r"""Poisson distribution: mass :math:`\lambda^x e^{-\lambda} / x!` for x = 0, 1, 2, ...

    Parameters
    ----------
    rate : float, optional
        Rate :math:`\lambda` >= 0, the expected count; at rate 0 all mass lies on 0.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, the weighted mean. Johnson, Kemp & Kotz, Univariate Discrete
    Distributions (2005), ch. 4.

    Examples
    --------
    >>> Poisson().fit([1, 2, 3])
    Poisson(rate=2.0)
    """

    rate: float = parameter(NON_NEGATIVE)

    support = COUNTS
    everyday = True
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent counts (as floats), shape (size,)."""
        self.require_known("be sampled")
        return np.random.default_rng(rng).poisson(self.rate, size).astype(float)

    @property
    def mean(self) -> float:
        """Expectation, the rate."""
        self.require_known("give a mean")
        return self.rate

    @property
    def var(self) -> float:
        """Variance, the rate."""
        return self.mean

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        return np.where(x < 0, 0.0, np.where(np.isnan(x), x, pdtr(np.maximum(x, 0.0), self.rate)))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest count x with cdf(x) >= q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        if self.rate == 0.0:
            return np.where((q >= 0) & (q <= 1), 0.0, np.nan)[()]
        above = np.maximum(np.ceil(pdtrik(q, self.rate)), 0.0)
        below = np.maximum(above - 1.0, 0.0)  # the inverse is continuous and may land one too high
        return np.where(q == 1.0, np.inf, np.where(self.cdf(below) >= q, below, above))[()]
