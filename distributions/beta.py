"""The beta distribution: shares, rates and probabilities."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv, betaln

from .base import Distribution, Rng, checked, parameter
from .data import Array, centre_and_scale
from .domains import OPEN_UNIT, POSITIVE
from .gamma_functions import (
    deviance,
    digamma_difference,
    log_minus_digamma,
    stirling_error,
    trigamma_difference,
    trigamma_minus_reciprocal,
)
from .kernels import Kernels, compiled, kernel
from .special import HALF_LOG_2_PI, log, log1p

INNER_ITERATIONS = 200
LONGEST = 1.5  # step in the log of a parameter


@kernel
def log_pdf(X, theta, out):
    """Add -n D(x) - log x - log(1 - x) + constant, with n = a + b and D the divergence of (x, 1 - x) from the mean.

    D(x) = c log(c / x) + (1 - c) log((1 - c) / (1 - x)), c = a / n. So nothing cancels, however large a and b.
    """
    a, b = theta[0], theta[1]
    n = a + b
    c, e = a / n, b / n
    constant = 0.5 * (math.log(a) + math.log(b) - math.log(n)) - HALF_LOG_2_PI
    constant -= stirling_error(a) + (stirling_error(b) - stirling_error(n))
    for i in range(out.size):
        x = X[0, i]
        y = 1.0 - x
        value = constant - n * (deviance(c, x) + deviance(e, y)) - log(x * y)
        out[i] += -math.inf if x <= 0.0 or y <= 0.0 else value


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r (x - c) and both parts of sum r D(x), at the current mean c; see `log_pdf`."""
    n = theta[0] + theta[1]
    c, e = theta[0] / n, theta[1] / n
    total, first, below, above = 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        x = X[0, i] if 0.0 < X[0, i] < 1.0 else c  # outside the support r is 0, and 0 times infinity NaN
        total += r[i]
        first += r[i] * (x - c)
        below += r[i] * deviance(c, x)
        above += r[i] * deviance(e, 1.0 - x)
    stats[0] += total
    stats[1] += first
    stats[2] += below
    stats[3] += above


@kernel
def update(stats, theta, bounds):
    """Set a and b to the roots of digamma(a) - digamma(a + b) = mean of log x, and the same for b and 1 - x.

    Newton's method in logit(c) and log n, which the information matrix all but separates. Deviations of log x from the
    log of the current mean c are summed, (x - c) / c less its `deviance` / c: nothing cancels in narrow distributions.
    """
    a, b = theta[0], theta[1]
    c, e = a / (a + b), b / (a + b)
    shift, below, above = stats[1] / stats[0], stats[2] / stats[0] / c, stats[3] / stats[0] / e
    if bounds[0, 0] < bounds[1, 0] and bounds[0, 1] < bounds[1, 1]:
        a, b = solve_both(c, e, shift, below, above, a + b)
    over_a = max(a / bounds[1, 0], bounds[0, 0] / a)
    over_b = max(b / bounds[1, 1], bounds[0, 1] / b)
    # One at its wall, the other has its best value given that.
    if over_a >= over_b and (over_a > 1.0 or bounds[0, 0] == bounds[1, 0]):
        a = min(max(a, bounds[0, 0]), bounds[1, 0])
        if bounds[0, 1] < bounds[1, 1]:
            b = solve_one(a, b, e, c, -shift, above)
    elif over_b > 1.0 or bounds[0, 1] == bounds[1, 1]:
        b = min(max(b, bounds[0, 1]), bounds[1, 1])
        if bounds[0, 0] < bounds[1, 0]:
            a = solve_one(b, a, c, e, shift, below)
    theta[0] = min(max(a, bounds[0, 0]), bounds[1, 0])
    theta[1] = min(max(b, bounds[0, 1]), bounds[1, 1])


@compiled
def solve_both(c, e, shift, below, above, n):
    """Return the best a and b; see `update` for the arguments, n is where a + b starts."""
    u = 0.0  # logit of the mean, beyond that of c
    for _ in range(INNER_ITERATIONS):
        ratio = math.exp(u)
        norm = e + c * ratio
        mean, rest = c * ratio / norm, e / norm
        a, b = mean * n, rest * n
        # Both equations, their difference (a step in logit(mean)) and their weighted sum (a step in log n).
        uneven = -u + shift / (c * e) - below + above + log_minus_digamma(a) - log_minus_digamma(b)
        common = shift * (ratio - 1.0) / norm - mean * below - rest * above - deviance(mean, c) - deviance(rest, e)
        common += mean * log_minus_digamma(a) + rest * log_minus_digamma(b) - log_minus_digamma(n)
        score_u, score_v = n * mean * rest * uneven, n * common
        # Minus the expected second derivatives.
        slope_a, slope_b = a * trigamma_minus_reciprocal(a), b * trigamma_minus_reciprocal(b)
        uu = n * mean * rest * (1.0 + rest * slope_a + mean * slope_b)
        uv = n * mean * rest * (slope_a - slope_b)
        vv = a * slope_a + b * slope_b - n * (n * trigamma_minus_reciprocal(n))
        determinant = uu * vv - uv * uv
        step_u, step_v = (vv * score_u - uv * score_v) / determinant, (uu * score_v - uv * score_u) / determinant
        longest = max(abs(step_u), abs(step_v))
        if not longest < math.inf:
            break
        shorten = min(1.0, LONGEST / longest) if longest > 0.0 else 1.0
        u += shorten * step_u
        n *= math.exp(shorten * step_v)
        if longest <= 1e-12 or n > 1e40:
            break
    ratio = math.exp(u)
    norm = e + c * ratio
    return c * ratio / norm * n, e / norm * n


@compiled
def solve_one(b, a, c, e, shift, below):
    """Return the best a for this b, by Newton's method in log a from this a, inside a bracket.

    The mean of log x is log c + shift / c - below; c + e = 1.
    """
    low, high = 0.0, math.inf
    wanted = (log(c) if c < 0.5 else log1p(-e)) + shift / c - below
    for _ in range(INNER_ITERATIONS):
        score = wanted + digamma_difference(a, b)
        if score > 0.0:
            low = a
        else:
            high = a
        step = score / (-a * trigamma_difference(a, b))
        moved = a * math.exp(min(max(step, -LONGEST), LONGEST))
        if not low <= moved <= high:
            moved = math.sqrt(low * high) if low > 0.0 else 0.5 * high
        done = abs(moved - a) <= 1e-14 * a
        a = moved
        if done:
            break
    return a


class Beta(Distribution):
    r"""Beta distribution: density :math:`x^{a-1} (1-x)^{b-1} / B(a, b)` for 0 < x < 1.

    Parameters
    ----------
    a, b : float, optional
        Shapes :math:`a, b` > 0, pure numbers; the mean is a / (a + b), and a + b the concentration about it.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by Newton's method on the weighted means of log x and log(1 - x). Johnson,
    Kotz & Balakrishnan, Continuous Univariate Distributions 2 (1995), ch. 25.

    Examples
    --------
    >>> Beta(2.0, 3.0).mean
    0.4
    """

    a: float = parameter(POSITIVE, collapse=-2)
    b: float = parameter(POSITIVE, collapse=-2)

    support = OPEN_UNIT
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 4

    @classmethod
    def from_mean_concentration(cls, mean: float, concentration: float) -> Self:
        """Return the distribution of this mean, between 0 and 1, and this concentration a + b > 0.

        Examples
        --------
        >>> Beta.from_mean_concentration(0.25, 8.0)
        Beta(a=2.0, b=6.0)
        """
        mean = checked(cls, "mean", OPEN_UNIT, mean)
        concentration = checked(cls, "concentration", POSITIVE, concentration)
        return cls(mean * concentration, (1.0 - mean) * concentration)

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters have the values that mean and variance of the data ask for."""
        centre, spread = centre_and_scale(rows, weight)
        mean, std = float(centre[0]), float(np.max(np.maximum(spread, smallest)))
        concentration = max(mean * (1.0 - mean) / std / std - 1.0, 0.01)
        guess = {"a": mean * concentration, "b": (1.0 - mean) * concentration}
        return self.with_values(**{name: max(guess[name], 1e-6) for name in self.unknown})

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        draws = np.random.default_rng(rng).beta(self.a, self.b, size)
        return np.clip(draws, np.finfo(float).tiny, np.nextafter(1.0, 0.0))

    @property
    def mean(self) -> float:
        """Expectation, a / (a + b)."""
        self.require_known("give a mean")
        return self.a / (self.a + self.b)

    @property
    def var(self) -> float:
        """Variance, a b / ((a + b)^2 (a + b + 1))."""
        self.require_known("give a variance")
        n = self.a + self.b
        return self.a / n * (self.b / n) / (n + 1.0)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return betainc(self.a, self.b, np.clip(np.asarray(x, dtype=float), 0.0, 1.0))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        quantile = betaincinv(self.a, self.b, q)
        # SciPy gives NaN far in the lower tail, where the cdf is x^a / (a B(a, b)) to the last digit.
        lost = np.isnan(quantile) & (q > 0.0) & (q < 1e-30)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            power = np.exp((np.log(q) + math.log(self.a) + betaln(self.a, self.b)) / self.a)
        return np.where(lost, power, quantile)[()]
