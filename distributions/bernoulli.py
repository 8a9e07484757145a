"""The Bernoulli distribution: success or failure."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import PROBABILITY, ZERO_OR_ONE
from .exponential import accumulate  # the same statistics: sum r and sum r x
from .kernels import Kernels, kernel


@kernel
def log_pdf(X, theta, out):
    """Add log(prob) for 1, log(1 - prob) for 0; -inf for anything else."""
    success, failure = np.log(theta[0]), np.log1p(-theta[0])
    for i in range(out.size):
        x = X[0, i]
        value = success if x == 1.0 else (failure if x == 0.0 else -math.inf)
        out[i] += value if x == x else x


@kernel
def update(stats, theta, bounds):
    """Set the probability to the weighted mean."""
    theta[0] = min(max(stats[1] / stats[0], bounds[0, 0]), bounds[1, 0])


class Bernoulli(Distribution):
    r"""Bernoulli distribution: mass :math:`p` on 1 (success) and :math:`1 - p` on 0 (failure).

    Parameters
    ----------
    prob : float, optional
        Probability :math:`p` of success, from 0 to 1, a pure number.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, the weighted share of ones. Johnson, Kemp & Kotz, Univariate Discrete
    Distributions (2005), ch. 3. A mixture of Bernoullis in one column is a Bernoulli again: components of a mixture
    need several columns, or counts of successes (`Binomial`).

    Examples
    --------
    >>> Bernoulli().fit([0, 1, 1, 1])
    Bernoulli(prob=0.75)
    """

    prob: float = parameter(PROBABILITY)

    support = ZERO_OR_ONE
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent zeros and ones (as floats), shape (size,)."""
        self.require_known("be sampled")
        return (np.random.default_rng(rng).random(size) < self.prob).astype(float)

    @property
    def mean(self) -> float:
        """Expectation, prob."""
        self.require_known("give a mean")
        return self.prob

    @property
    def var(self) -> float:
        """Variance, prob (1 - prob)."""
        return self.mean * (1.0 - self.prob)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        return np.where(x < 0.0, 0.0, np.where(x < 1.0, 1.0 - self.prob, np.where(np.isnan(x), x, 1.0)))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smaller of 0 and 1 with cdf(x) >= q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        return np.where((q >= 0.0) & (q <= 1.0), np.where(q <= 1.0 - self.prob, 0.0, 1.0), np.nan)[()]
