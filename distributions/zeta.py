"""The zeta distribution: ranks and sizes with a power-law tail."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.special

from .base import Distribution, Rng, parameter
from .count_functions import count_quantiles
from .data import Array
from .domains import POSITIVE_COUNTS, Domain
from .kernels import Kernels, compiled, kernel
from .special import log

ABOVE_ONE = Domain("a finite number > 1", low=1.0, low_open=True)
# Above it all values but 1 together have less than 10^-19: the end of a fit to ones only.
LARGEST_EXPONENT = 64.0

_FIRST = 12  # terms summed one by one, before Euler and Maclaurin's formula
# B_2j / (2j)!
_BERNOULLI = np.array(
    [float(b / math.factorial(2 * j)) for j, b in enumerate(scipy.special.bernoulli(24)[2::2], start=1)]
)
_DIRECT = 1000  # up to here a cdf is summed from below


@compiled
def zeta_sums(s):
    """Return zeta(s) - 1 and the sums over k of k^-s log k and k^-s log(k)^2, for s > 1; Euler and Maclaurin."""
    zero, one, two = 0.0, 0.0, 0.0
    for k in range(2, _FIRST):
        y = math.log(k)
        term = math.exp(-s * y)
        zero += term
        one += term * y
        two += term * y * y
    # The sum from k = _FIRST on: an integral, half its first term, and derivatives there. Each is a product whose
    # logarithmic derivative in s is -g, so that minus d/ds multiplies it by g, and twice by g^2 + h.
    y = math.log(_FIRST)
    first = math.exp(-s * y)
    g, h, term = y + 1.0 / (s - 1.0), 1.0 / (s - 1.0) ** 2, first * _FIRST / (s - 1.0)
    zero, one, two = zero + term, one + term * g, two + term * (g * g + h)
    zero, one, two = zero + 0.5 * first, one + 0.5 * first * y, two + 0.5 * first * y * y
    product, g, h = first / _FIRST * s, y - 1.0 / s, -1.0 / (s * s)
    for j in range(_BERNOULLI.size):
        term = _BERNOULLI[j] * product
        zero, one, two = zero + term, one + term * g, two + term * (g * g + h)
        for i in range(2 * j + 1, 2 * j + 3):
            product *= (s + i) / _FIRST
            g -= 1.0 / (s + i)
            h -= 1.0 / (s + i) ** 2
    return zero, one, two


@kernel
def log_pdf(X, theta, out):
    """Add -exponent log x - log zeta(exponent); -inf unless x is 1, 2, 3, ..."""
    s = theta[0]
    constant = math.log1p(zeta_sums(s)[0])
    for i in range(out.size):
        x = X[0, i]
        value = -s * log(x) - constant
        out[i] += value if (x >= 1.0 and x < math.inf and x == np.floor(x)) or x != x else -math.inf


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r and sum r log x."""
    total, first = 0.0, 0.0
    for i in range(r.size):
        total += r[i]
        first += r[i] * log(max(X[0, i], 1.0))
    stats[0] += total
    stats[1] += first


@kernel
def update(stats, theta, bounds):
    """Solve E log x = weighted mean of log x: Newton's iteration on its logarithm, in log(exponent - 1)."""
    lowest, highest = max(bounds[0, 0], 1.0 + 1e-15), bounds[1, 0]
    if bounds[0, 0] == bounds[1, 0]:
        return
    wanted = stats[1] / stats[0]
    s = min(max(theta[0], lowest), highest)
    for _ in range(200):
        zero, one, two = zeta_sums(s)
        mean = one / (1.0 + zero)
        var = two / (1.0 + zero) - mean * mean
        if mean > wanted:  # a larger exponent has smaller values
            lowest = max(lowest, s)
        else:
            highest = min(highest, s)
        slope = (s - 1.0) * var / mean
        moved = highest if wanted <= 0.0 else 1.0 + (s - 1.0) * math.exp(math.log(mean / wanted) / slope)
        if not lowest <= moved <= highest:
            moved = 1.0 + math.sqrt((lowest - 1.0) * (highest - 1.0))
        step = abs(moved - s)
        s = moved
        if step <= 1e-13 * (s - 1.0):
            break
    theta[0] = min(max(s, bounds[0, 0]), bounds[1, 0])


class Zeta(Distribution):
    r"""Zeta distribution: mass :math:`x^{-s} / \zeta(s)` for x = 1, 2, 3, ...; Zipf's law without an end.

    Parameters
    ----------
    exponent : float, optional
        Exponent :math:`s` > 1, a pure number. The mean is infinite for s <= 2, the variance for s <= 3.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, at which the expectation of log x, -zeta'(s) / zeta(s), is the weighted
    mean of log x; of ones only it is 64, where everything else has less than 10^-19. Johnson, Kemp & Kotz, Univariate
    Discrete Distributions (2005), section 11.2.20; Clauset, Shalizi & Newman, SIAM Review 51 (2009).

    Examples
    --------
    >>> Zeta(2.0).pdf([1, 2, 3]).round(4)
    array([0.6079, 0.152 , 0.0675])
    """

    exponent: float = parameter(ABOVE_ONE, limits=(1.0, LARGEST_EXPONENT))

    support = POSITIVE_COUNTS
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent whole numbers (as floats), shape (size,).

        Rejection from a Pareto distribution: Devroye, Non-Uniform Random Variate Generation (1986), p. 551. NumPy's
        ``zipf`` ends at 64-bit integers, which for exponents next to 1 is too early.
        """
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        a = min(self.exponent - 1.0, 500.0)
        draws = np.empty(size)
        open_ = np.arange(size)
        while len(open_):
            with np.errstate(over="ignore"):
                x = np.floor(np.minimum((1.0 - rng.random(len(open_))) ** (-1.0 / a), 1e300))
            y = a * np.log1p(1.0 / x)
            taken = rng.random(len(open_)) * x * np.expm1(y) / np.expm1(a * math.log(2.0)) <= np.exp(
                y - a * math.log(2.0)
            )
            draws[open_[taken]] = x[taken]
            open_ = open_[~taken]
        return draws

    def _moment(self, power: int) -> float:
        if self.exponent <= power + 1.0:
            return math.inf
        zero, one = zeta_sums(self.exponent - power)[0], zeta_sums(self.exponent)[0]
        return (1.0 + zero) / (1.0 + one)

    @property
    def mean(self) -> float:
        """Expectation, zeta(exponent - 1) / zeta(exponent); infinite for exponents up to 2."""
        self.require_known("give a mean")
        return self._moment(1)

    @property
    def var(self) -> float:
        """Variance; infinite for exponents up to 3."""
        self.require_known("give a variance")
        if self.exponent <= 3.0:
            return math.inf
        s = self.exponent
        zero, one, two = (zeta_sums(s - power)[0] for power in (0, 1, 2))
        # Without the value 1, about which moments are taken, nothing cancels.
        first, second = (one - zero) / (1.0 + zero), (two - 2.0 * one + zero) / (1.0 + zero)
        return second - first * first

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        total = 1.0 + zeta_sums(self.exponent)[0]
        k = np.clip(np.floor(np.nan_to_num(x, nan=1.0)), 1.0, 1e300)
        head = np.cumsum(np.arange(1.0, _DIRECT + 1.0) ** -self.exponent) / total
        below = head[np.minimum(k, _DIRECT).astype(np.intp) - 1]
        beyond = 1.0 - scipy.special.zeta(self.exponent, k + 1.0) / total
        inside = np.where((k <= _DIRECT) & (below < 0.5), below, beyond)
        return np.where(np.isnan(x), x, np.where(x < 1.0, 0.0, np.where(x == np.inf, 1.0, inside)))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest whole number x with cdf(x) >= q."""
        self.require_known("give a quantile")
        a, total = self.exponent - 1.0, 1.0 + zeta_sums(self.exponent)[0]
        return count_quantiles(self.cdf, q, lambda q: ((1.0 - q) * a * total) ** (-1.0 / a), 1.0)

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with exponent 2 where it is unknown: `update` finds the maximum from anywhere."""
        return self.with_values(exponent=2.0) if self.exponent is None else self
