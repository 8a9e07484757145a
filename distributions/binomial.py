"""The binomial distribution: successes among independent trials."""

from __future__ import annotations

import math
from dataclasses import field

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincc

from .base import Distribution, parameter
from .count_functions import count_quantiles, normal_quantiles
from .data import Array
from .domains import PROBABILITY
from .gamma_functions import deviance, factorial_excess
from .kernels import Kernels, kernel, scalar
from .trials import SuccessFamily


@scalar
def log_mass(x, n, prob):
    """Log mass of x successes among n trials, -inf unless 0 <= x <= n are whole; in terms that do not cancel."""
    value = factorial_excess(n) - factorial_excess(x) - factorial_excess(n - x)
    value = value - deviance(x, n * prob) - deviance(n - x, n * (1.0 - prob))
    legal = x >= 0.0 and x <= n and x == np.floor(x) and n == np.floor(n) and n < math.inf
    return value if legal or x != x or n != n else -math.inf


@kernel
def log_pdf(X, theta, out):
    """Add the log mass of successes among theta[1] trials."""
    prob, n = theta[0], theta[1]
    for i in range(out.size):
        out[i] += log_mass(X[0, i], n, prob)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r n and sum r x."""
    total, first = 0.0, 0.0
    for i in range(r.size):
        total += r[i]
        first += r[i] * X[0, i]
    stats[0] += total * theta[1]
    stats[1] += first


@kernel
def log_pdf_per_row(X, theta, out):
    """Add the log mass of successes X[0] among X[1] trials."""
    prob = theta[0]
    for i in range(out.size):
        out[i] += log_mass(X[0, i], X[1, i], prob)


@kernel
def accumulate_per_row(X, r, theta, stats):
    """Add sum r n and sum r x."""
    trials, first = 0.0, 0.0
    for i in range(r.size):
        trials += r[i] * X[1, i]
        first += r[i] * X[0, i]
    stats[0] += trials
    stats[1] += first


@kernel
def update(stats, theta, bounds):
    """Set the probability to the share of successes; without any trials it stays."""
    if stats[0] > 0.0:
        theta[0] = min(max(stats[1] / stats[0], bounds[0, 0]), bounds[1, 0])


class Binomial(SuccessFamily, Distribution):  # type: ignore[misc, override]
    r"""Binomial distribution: mass :math:`\binom{n}{x} p^x (1 - p)^{n - x}` for x = 0, ..., n successes among n trials.

    Parameters
    ----------
    prob : float, optional
        Probability :math:`p` of success, from 0 to 1, a pure number.
    trials : int, optional
        Number :math:`n` >= 1 of trials of every row. By default each row brings its own: data have two columns,
        successes and trials, and the mass is that of the successes given the trials.

    Notes
    -----
    The log mass is written as in Loader, "Fast and accurate computation of binomial probabilities" (2000). `fit` is the
    maximum-likelihood estimate, the weighted share of successes among all trials. Johnson, Kemp & Kotz, Univariate
    Discrete Distributions (2005), ch. 3.

    Examples
    --------
    >>> Binomial(trials=10).fit([2, 3, 4])
    Binomial(prob=0.3, trials=10)
    >>> Binomial().fit([[2, 10], [3, 40]])
    Binomial(prob=0.1)
    """

    prob: float = parameter(PROBABILITY)
    trials: int | None = field(default=None)

    one_number = Kernels(log_pdf, accumulate, update)
    per_row = Kernels(log_pdf_per_row, accumulate_per_row, update)
    n_statistics = 2

    def draw(self, trials: npt.NDArray[np.int64], rng: np.random.Generator) -> Array:
        """Draw the successes among so many trials, shape (n,)."""
        return rng.binomial(trials, self.prob).astype(float)

    @property
    def mean(self) -> float:
        """Expected number of successes, trials prob."""
        self.require_known("give a mean")
        return self.require_trials("give a mean") * self.prob

    @property
    def var(self) -> float:
        """Variance of the number of successes, trials prob (1 - prob)."""
        return self.mean * (1.0 - self.prob)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        n = self.require_trials("give a cdf")
        x = np.asarray(x, dtype=float)
        k = np.clip(np.floor(x), 0.0, n - 1.0)
        # By the smaller of prob and 1 - prob, which is the one that is exact.
        few = self.prob < 0.5
        inside = betaincc(k + 1.0, n - k, self.prob) if few else betainc(n - k, k + 1.0, 1.0 - self.prob)
        return np.where(x < 0.0, 0.0, np.where(x >= n, 1.0, inside))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest number of successes x with cdf(x) >= q."""
        self.require_known("give a quantile")
        n = self.require_trials("give quantiles")
        return count_quantiles(self.cdf, q, normal_quantiles(self.mean, math.sqrt(self.var)), high=n)
