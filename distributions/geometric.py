"""The geometric distribution: failures before the first success."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .count_functions import count_quantiles
from .data import Array
from .domains import COUNTS, POSITIVE_PROBABILITY
from .exponential import accumulate  # the same statistics: sum r and sum r x
from .kernels import Kernels, kernel


@kernel
def log_pdf(X, theta, out):
    """Add log(prob) + x log(1 - prob), where 0 log 0 = 0; -inf unless x is 0, 1, 2, ..."""
    log_prob, log_failure = math.log(theta[0]), np.log1p(-theta[0])
    for i in range(out.size):
        x = X[0, i]
        value = log_prob + (0.0 if x == 0.0 else x * log_failure)
        out[i] += value if (x >= 0.0 and x < math.inf and x == np.floor(x)) or x != x else -math.inf


@kernel
def update(stats, theta, bounds):
    """Set the probability to one over one plus the weighted mean."""
    theta[0] = min(max(stats[0] / (stats[0] + stats[1]), bounds[0, 0]), bounds[1, 0])


class Geometric(Distribution):
    r"""Geometric distribution: mass :math:`p (1 - p)^x` for x = 0, 1, 2, ... failures before the first success.

    x counts the failures only, as in R and Distributions.jl. `scipy.stats.geom` and NumPy's ``Generator.geometric``
    count the trials up to and including the success, 1, 2, 3, ...: pass their numbers less one, and compare with
    ``scipy.stats.geom(prob, loc=-1)``.

    Parameters
    ----------
    prob : float, optional
        Probability :math:`p` of success, 0 < p <= 1, a pure number; at 1 all mass lies on 0.

    Notes
    -----
    `fit` is the maximum-likelihood estimate 1 / (1 + weighted mean). Johnson, Kemp & Kotz, Univariate Discrete
    Distributions (2005), section 5.2.

    Examples
    --------
    >>> Geometric().fit([0, 1, 2])
    Geometric(prob=0.5)
    """

    prob: float = parameter(POSITIVE_PROBABILITY)

    support = COUNTS
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    @property
    def _decay(self) -> float:
        """-log(1 - prob), infinite for prob = 1: P(X >= x) is exp(-decay x)."""
        return -math.log1p(-self.prob) if self.prob < 1.0 else math.inf

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent counts (as floats), shape (size,)."""
        self.require_known("be sampled")
        # The whole part of an exponential waiting time: NumPy's own geometric ends at 64-bit integers.
        return np.floor(np.random.default_rng(rng).standard_exponential(size) / self._decay)

    @property
    def mean(self) -> float:
        """Expectation, (1 - prob) / prob."""
        self.require_known("give a mean")
        return (1.0 - self.prob) / self.prob

    @property
    def var(self) -> float:
        """Variance, (1 - prob) / prob^2."""
        return self.mean / self.prob

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        with np.errstate(over="ignore"):
            return -np.expm1(-(np.maximum(np.floor(x), -1.0) + 1.0) * min(self._decay, 1e300))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest count x with cdf(x) >= q."""
        self.require_known("give a quantile")
        return count_quantiles(self.cdf, q, lambda q: np.ceil(-np.log1p(-q) / self._decay) - 1.0)
