"""The Poisson distribution: counts of independent rare events."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .count_functions import count_quantiles, normal_quantiles, poisson_draws, upper_gamma
from .data import Array
from .domains import COUNTS, NON_NEGATIVE
from .exponential import accumulate  # the same statistics: sum r and sum r x
from .gamma_functions import deviance, factorial_excess
from .kernels import Kernels, kernel


@kernel
def log_pdf(X, theta, out):
    """Add x log(rate) - rate - log x!, where 0 log 0 = 0, in terms that do not cancel; -inf unless x is 0, 1, 2, ..."""
    rate = theta[0]
    for i in range(out.size):
        x = X[0, i]
        value = -factorial_excess(x) - deviance(x, rate)
        out[i] += value if (x >= 0.0 and x < math.inf and x == np.floor(x)) or x != x else -math.inf


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
    The log mass is written as in Loader, "Fast and accurate computation of binomial probabilities" (2000), and has full
    precision at any rate. `fit` is the maximum-likelihood estimate, the weighted mean. Johnson, Kemp & Kotz, Univariate
    Discrete Distributions (2005), ch. 4.

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
        return poisson_draws(self.rate, size, np.random.default_rng(rng))

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
        if self.rate == 0.0:
            return np.where(np.isnan(x), x, x >= 0.0)[()]
        inside = upper_gamma(np.floor(np.maximum(x, 0.0)) + 1.0, self.rate)
        return np.where(x < 0.0, 0.0, np.where(x == np.inf, 1.0, inside))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest count x with cdf(x) >= q."""
        self.require_known("give a quantile")
        if self.rate == 0.0:
            q = np.asarray(q, dtype=float)
            return np.where((q >= 0) & (q <= 1), 0.0, np.nan)[()]
        return count_quantiles(self.cdf, q, normal_quantiles(self.rate, math.sqrt(self.rate)))
