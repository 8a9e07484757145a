"""The multinomial distribution: how often each of d categories occurs in a number of trials."""

from __future__ import annotations

import math
from dataclasses import field

import numpy as np

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import SIMPLEX
from .gamma_functions import deviance, stirling_error
from .kernels import Kernels, compiled, kernel
from .special import log, log_factorial
from .vector import TrialsFamily

LOG_2PI = math.log(2.0 * math.pi)
TABLE = 256.0  # totals below which factorials are so small that their logarithms do not cancel much


@compiled
def totals(X):
    """Return the sum of each row of counts; -inf where one is not 0, 1, 2, ..., NaN where one is NaN."""
    total = np.zeros(X.shape[1])
    for j in range(X.shape[0]):
        for i in range(total.size):
            x = X[j, i]
            whole = 0.0 <= x < math.inf and x == math.floor(x)
            total[i] += x if whole or math.isnan(x) else -math.inf
    return total


@compiled
def is_total(total, trials):
    """Whether a sum of counts is the one wanted."""
    return total == trials or (trials < 0.0 and total >= 0.0)


@kernel
def log_pdf(X, theta, out):
    """Add log n! - sum_j log x_j! + sum_j x_j log prob_j, where n = sum_j x_j and 0 log 0 = 0.

    Larger totals by Loader's saddle-point form, in which nothing cancels.
    """
    d, total = X.shape[0], totals(X)
    for i in range(out.size):
        n = total[i]
        if not is_total(n, theta[0]):
            out[i] += n if math.isnan(n) else -math.inf
        elif n < TABLE:
            out[i] += log_factorial(n)
        else:
            out[i] += stirling_error(n) + 0.5 * (LOG_2PI + log(n))
    for j in range(d):
        prob = theta[1 + j]
        log_prob = math.log(prob) if prob > 0.0 else -math.inf
        for i in range(out.size):
            x, n = X[j, i], total[i]
            if x > 0.0 and n < TABLE:
                out[i] += x * log_prob - log_factorial(x)
            elif x > 0.0 and n < math.inf:
                out[i] -= deviance(x, n * prob) + stirling_error(x) + 0.5 * (LOG_2PI + log(x))
            elif n >= TABLE:
                out[i] -= n * prob


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r and sum r x_j."""
    total = 0.0
    for i in range(r.size):
        total += r[i]
    stats[0] += total
    for j in range(X.shape[0]):
        count, x = 0.0, X[j]
        for i in range(r.size):
            count += r[i] * x[i]
        stats[1 + j] += count


@kernel
def update(stats, theta, bounds):
    """Set the probabilities to the shares of the counts."""
    if bounds[0, 1] == bounds[1, 1]:
        return
    total = stats[1:].sum()
    if total > 0.0:  # rows without a count say nothing
        for j in range(1, theta.size):
            theta[j] = stats[j] / total


class Multinomial(TrialsFamily, Distribution):  # type: ignore[override]  # properties
    r"""Multinomial distribution: mass :math:`n! \prod_j p_j^{x_j} / x_j!` for rows of counts of sum n.

    Parameters
    ----------
    prob : array_like, shape (d,), optional
        Probabilities :math:`p_j` >= 0 of the categories, of sum one.
    trials : int, optional
        Number of trials n >= 1. Rows of another sum are then outside the support. By default each row may have a sum of
        its own, even 0, and the mass is that given the sum; `sample`, `mean` and `var` then describe a single trial.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, the weighted shares of the counts. Johnson, Kotz & Balakrishnan, Discrete
    Multivariate Distributions (1997), ch. 35; Loader, Fast and accurate computation of binomial probabilities (2000).

    Examples
    --------
    >>> Multinomial().fit([[1, 2, 1], [0, 3, 1]])
    Multinomial(prob=[0.125, 0.625, 0.25])
    """

    prob: Array = parameter(SIMPLEX)
    trials: int | None = field(default=None)

    kernels = Kernels(log_pdf, accumulate, update)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_trials()

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows of counts (as floats), shape (size, d)."""
        self.require_known("be sampled")
        return np.random.default_rng(rng).multinomial(self._trials, self.prob, size).astype(float)

    @property
    def mean(self) -> Array:
        """Expectation, trials prob, shape (d,)."""
        self.require_known("give a mean")
        return self._trials * self.prob

    @property
    def var(self) -> Array:
        """Variances of the columns, trials prob (1 - prob), shape (d,)."""
        self.require_known("give a variance")
        return self._trials * self.prob * (1.0 - self.prob)

    @property
    def cov(self) -> Array:
        """Covariance of the columns, shape (d, d)."""
        return np.diag(self._trials * self.prob) - self._trials * np.outer(self.prob, self.prob)

    def expected_rows(self) -> tuple[Array, Array]:
        """Return a row for each category, all trials in it: the mass depends on the counts linearly."""
        self.require_known("stand for rows")
        return self._trials * np.eye(len(self.prob)), self.prob

    def units(self, scale: Array) -> Array:
        """Return ones: steps of probabilities are measured as they are."""
        return np.ones(1 + len(self.prob))
