"""The logarithmic series distribution: counts of a species among those seen at least once."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import exp1

from .base import Distribution, Rng, parameter
from .count_functions import count_quantiles
from .data import Array
from .domains import POSITIVE_COUNTS, Domain
from .kernels import Kernels, compiled, kernel
from .special import log

BELOW_ONE = Domain("a number >= 0 and below 1", low=0.0, high=1.0, high_open=True)
LARGEST_PROB = 1.0 - 2.0**-53
FARTHEST = 1e30  # count beyond which nothing is left even at the largest prob

_DIRECT = 40  # terms of a tail summed one by one
BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160)  # B_2j / (2j)!


@compiled
def expm1_rest(x):
    """Return (exp(x) - 1 - x) / x for x >= 0, without cancellation."""
    if x > 0.5:
        return (math.expm1(x) - x) / x
    total, term, k = 0.0, 1.0, 1.0
    while abs(term) > 1e-18 * total:
        k += 1.0
        term *= x / k
        total += term
    return total


@kernel
def log_pdf(X, theta, out):
    """Add (x - 1) log(prob) - log x - log(-log(1 - prob) / prob); -inf unless x is 1, 2, 3, ..."""
    prob = theta[0]
    log_prob = np.log(prob)
    constant = math.log(-math.log1p(-prob) / prob) if prob > 0.0 else 0.0
    for i in range(out.size):
        x = X[0, i]
        value = (0.0 if x == 1.0 else (x - 1.0) * log_prob) - log(x) - constant
        out[i] += value if (x >= 1.0 and x < math.inf and x == np.floor(x)) or x != x else -math.inf


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r and sum r (x - 1)."""
    total, first = 0.0, 0.0
    for i in range(r.size):
        total += r[i]
        first += r[i] * (X[0, i] - 1.0)
    stats[0] += total
    stats[1] += first


@kernel
def update(stats, theta, bounds):
    """Solve (exp(y) - 1) / y = weighted mean for y = -log(1 - prob): Newton's iteration in log y."""
    if bounds[0, 0] == bounds[1, 0]:
        return
    excess = stats[1] / stats[0]  # mean - 1, which is (exp(y) - 1 - y) / y, between y / 2 and all y with exp(y) >= it
    if excess <= 0.0:
        theta[0] = bounds[0, 0]
        return
    lowest, highest = 0.0, min(2.0 * excess, 745.0)
    y = min(highest, 2.0 * math.log1p(excess))
    for _ in range(200):
        value = expm1_rest(y)
        if value < excess:
            lowest = y
        else:
            highest = y
        # d log value / d log y = (exp(y) - 1) / value - 1 - ... written through value itself
        slope = (y * math.exp(y) - math.expm1(y)) / (y * value) if y > 0.5 else 1.0 + y / 3.0
        moved = y * math.exp(math.log(excess / value) / slope)
        if not lowest < moved < highest:
            moved = 0.5 * (lowest + highest)
        step = abs(moved - y)
        y = moved
        if step <= 1e-14 * y:
            break
    theta[0] = min(max(-math.expm1(-y), bounds[0, 0]), min(bounds[1, 0], LARGEST_PROB))


class LogSeries(Distribution):
    r"""Logarithmic series distribution: mass :math:`-p^x / (x \log(1 - p))` for x = 1, 2, 3, ...

    Parameters
    ----------
    prob : float, optional
        Parameter :math:`p`, 0 <= p < 1, a pure number; at 0 all mass lies on 1.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, at which the mean -p / ((1 - p) log(1 - p)) is the weighted mean. Fisher,
    Corbet & Williams (1943); Johnson, Kemp & Kotz, Univariate Discrete Distributions (2005), ch. 7.

    Examples
    --------
    >>> LogSeries().fit([1, 1, 1])
    LogSeries(prob=0.0)
    """

    prob: float = parameter(BELOW_ONE)

    support = POSITIVE_COUNTS
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    @property
    def _total(self) -> float:
        """-log(1 - prob), the sum of prob^x / x."""
        return -math.log1p(-self.prob)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent counts (as floats), shape (size,).

        A geometric distribution whose parameter is random: Kemp, Applied Statistics 30 (1981).
        """
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        u, v = rng.random(size), rng.standard_exponential(size)
        # P(X > x) = E q^x with q = 1 - (1 - prob)^u; v / -log q is exponential of that rate.
        q = -np.expm1(-u * self._total)
        with np.errstate(divide="ignore"):
            return 1.0 + np.floor(v / -np.log(q))

    @property
    def mean(self) -> float:
        """Expectation, -prob / ((1 - prob) log(1 - prob))."""
        self.require_known("give a mean")
        return self.prob / ((1.0 - self.prob) * self._total) if self.prob > 0.0 else 1.0

    @property
    def var(self) -> float:
        """Variance, mean (1 / (1 - prob) - mean)."""
        mean = self.mean
        if self.prob > 0.5:
            return mean * (1.0 / (1.0 - self.prob) - mean)
        # 1 / (1 - p) - mean = (y - p) / ((1 - p) y) for y = -log(1 - p): its series where it cancels.
        rest = sum(self.prob**k / k for k in range(60, 1, -1))
        return mean * rest / ((1.0 - self.prob) * self._total) if self.prob > 0.0 else 0.0

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        if self.prob == 0.0:
            return np.where(np.isnan(x), x, x >= 1.0)[()]
        k = np.clip(np.floor(np.nan_to_num(x, nan=1.0)), 1.0, FARTHEST)
        inside = 1.0 - _tail(k + 1.0, -math.log(self.prob)) / self._total
        return np.where(np.isnan(x), x, np.where(x < 1.0, 0.0, np.where(x == np.inf, 1.0, inside)))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest count x with cdf(x) >= q."""
        self.require_known("give a quantile")
        if self.prob == 0.0:
            q = np.asarray(q, dtype=float)
            return np.where((q >= 0.0) & (q <= 1.0), 1.0, np.nan)[()]
        return count_quantiles(self.cdf, q, lambda q: self.mean + 0.0 * q, 1.0)

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with prob 1/2 where it is unknown: `update` finds the maximum from anywhere."""
        return self.with_values(prob=0.5) if self.prob is None else self


def _tail(n: Array, decay: float) -> Array:
    """Return the sum over k >= n of exp(-decay k) / k: some terms, then Euler and Maclaurin's formula."""
    total = np.zeros(np.shape(n))
    for i in range(_DIRECT):
        total += np.exp(-decay * (n + i)) / (n + i)
    x = n + float(_DIRECT)
    if decay > 1.0:
        return total  # what is left out is below exp(-40) of it
    first = np.exp(-decay * x) / x
    total += exp1(decay * x) + 0.5 * first
    # The derivative of order m is (-1)^m first m! / x^m sum_(i <= m) (decay x)^i / i!.
    for j, b in enumerate(BERNOULLI, start=1):
        m = 2 * j - 1
        inner = sum((decay ** (m - i)) * math.perm(m, i) / x**i for i in range(m + 1))
        total += b * first * inner
    return total
