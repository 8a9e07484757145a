"""The beta-binomial distribution: successes among trials whose probability varies from row to row."""

from __future__ import annotations

import math
from dataclasses import field
from typing import Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, parameter
from .count_functions import count_quantiles, mass_table, normal_quantiles
from .data import Array, average
from .domains import OPEN_UNIT, POSITIVE
from .errors import InvalidParameterError
from .gamma_functions import deviance, digamma_difference, factorial_excess, stirling_error, trigamma_difference
from .kernels import Kernels, kernel, scalar
from .newton import newton_move, newton_update
from .special import HALF_LOG_2_PI, log
from .trials import SuccessFamily

RANGE = (1e-10, 1e8)  # of a and b in a fit
ROUNDING = 1e-13  # of the score and the second derivative in log(a + b)


@scalar
def gamma_excess(x):
    """Log gamma(x) - (x log x - x), for x > 0."""
    return stirling_error(x) + (HALF_LOG_2_PI - 0.5 * log(x))


@scalar
def log_mass(x, n, a, b, constant):
    """Log mass of x successes among n trials; ``constant`` is the part of a and b alone."""
    s, m = a + b, a + b + n
    up, down = (a + x) / m, (b + (n - x)) / m
    # Each log gamma is its leading part and an excess; the leading parts together are four deviances.
    value = factorial_excess(n) - factorial_excess(x) - factorial_excess(n - x)
    value = value + gamma_excess(a + x) + gamma_excess(b + (n - x)) - gamma_excess(m) - constant
    value = value - deviance(x, n * up) - deviance(n - x, n * down) - deviance(a, s * up) - deviance(b, s * down)
    value = 0.0 if n == 0.0 else value
    legal = x >= 0.0 and x <= n and x == np.floor(x) and n == np.floor(n) and n < math.inf
    return value if legal or x != x or n != n else -math.inf


@kernel
def log_pdf(X, theta, out):
    """Add the log mass of successes among theta[2] trials."""
    a, b, n = theta[0], theta[1], theta[2]
    constant = gamma_excess(a) + gamma_excess(b) - gamma_excess(a + b)
    for i in range(out.size):
        out[i] += log_mass(X[0, i], n, a, b, constant)


@kernel
def log_pdf_per_row(X, theta, out):
    """Add the log mass of successes X[0] among X[1] trials."""
    a, b = theta[0], theta[1]
    constant = gamma_excess(a) + gamma_excess(b) - gamma_excess(a + b)
    for i in range(out.size):
        out[i] += log_mass(X[0, i], X[1, i], a, b, constant)


@scalar
def slopes(x, n, a, b):
    """First and second derivatives of the log mass: in a, in b; in a twice without and in both, in b twice without."""
    x, n = max(x, 0.0), max(n, 0.0)  # rows outside have no responsibility, but must not be NaN
    slope, bend = digamma_difference(a + b, n), trigamma_difference(a + b, n)
    in_a = digamma_difference(a, x) - slope
    in_b = digamma_difference(b, max(n - x, 0.0)) - slope
    return in_a, in_b, trigamma_difference(a, x), -bend, trigamma_difference(b, max(n - x, 0.0))


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of log a and log b."""
    a, b, n = theta[0], theta[1], theta[2]
    total, s0, s1, h00, h10, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        in_a, in_b, aa, ab, bb = slopes(X[0, i], n, a, b)
        total += r[i]
        s0 += r[i] * (a * in_a)
        s1 += r[i] * (b * in_b)
        h00 += r[i] * (a * (in_a + a * (aa + ab)))
        h10 += r[i] * (a * b * ab)
        h11 += r[i] * (b * (in_b + b * (bb + ab)))
    for j, value in enumerate((total, s0, s1, h00, h10, h11)):
        stats[j] += value


@kernel
def accumulate_per_row(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of log a and log b."""
    a, b = theta[0], theta[1]
    total, s0, s1, h00, h10, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        in_a, in_b, aa, ab, bb = slopes(X[0, i], X[1, i], a, b)
        total += r[i]
        s0 += r[i] * (a * in_a)
        s1 += r[i] * (b * in_b)
        h00 += r[i] * (a * (in_a + a * (aa + ab)))
        h10 += r[i] * (a * b * ab)
        h11 += r[i] * (b * (in_b + b * (bb + ab)))
    for j, value in enumerate((total, s0, s1, h00, h10, h11)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take one Newton step: in log(a / b) and log(a + b), which hardly depend on each other, if both are free."""
    if bounds[0, 0] == bounds[1, 0] or bounds[0, 1] == bounds[1, 1]:
        newton_update(stats, theta[:2], bounds[:, :2], np.zeros(2))
        return
    a, b = theta[0], theta[1]
    up, down = a / (a + b), b / (a + b)
    s0, s1, h00, h10, h11 = stats[1], stats[2], stats[3], stats[4], stats[5]
    score = np.array([down * s0 - up * s1, s0 + s1])
    hessian = np.array(
        [
            down * down * h00 - 2.0 * up * down * h10 + up * up * h11 - up * down * (s0 + s1),
            down * (h00 + h10) - up * (h10 + h11),
            h00 + 2.0 * h10 + h11,
        ]
    )
    lowest = np.array([-np.inf, math.log(max(bounds[0, 0] / a, bounds[0, 1] / b))])
    highest = np.array([np.inf, math.log(min(bounds[1, 0] / a, bounds[1, 1] / b))])
    rounding = ROUNDING * (abs(h00) + 2.0 * abs(h10) + abs(h11))
    if abs(score[1]) <= rounding and abs(hessian[2]) <= rounding:
        lowest[1] = highest[1] = 0.0  # rows of one trial each say nothing about a + b
    move = newton_move(score, hessian, lowest, highest)
    both, odds = (a + b) * math.exp(move[1]), a / b * math.exp(move[0])
    theta[0] = min(max(both * (odds / (1.0 + odds)), bounds[0, 0]), bounds[1, 0])
    theta[1] = min(max(both / (1.0 + odds), bounds[0, 1]), bounds[1, 1])


class BetaBinomial(SuccessFamily, Distribution):  # type: ignore[misc, override]
    r"""Beta-binomial distribution: mass :math:`\binom{n}{x} B(a + x, b + n - x) / B(a, b)` for x = 0, ..., n.

    x successes among n trials, where the probability of success is drawn from a beta distribution anew for each row.

    Parameters
    ----------
    a, b : float, optional
        Shapes > 0 of the beta distribution, pure numbers; a / (a + b) is the mean probability.
    trials : int, optional
        Number :math:`n` >= 1 of trials of every row. By default each row brings its own: data have two columns,
        successes and trials, and the mass is that of the successes given the trials.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by safeguarded Newton steps in log(a / b) and log(a + b). Where successes
    vary no more than a binomial distribution lets them, the likelihood rises towards it, a and b without end, and `fit`
    stops at 10^8; where all rows are all or nothing, both go to 0, and it stops at 10^-10. Rows of one trial each
    determine a / (a + b) only. Johnson, Kemp & Kotz, Univariate Discrete Distributions (2005), section 6.9.

    Examples
    --------
    >>> BetaBinomial(1.0, 1.0, trials=4).pdf([3.0])
    array([0.2])
    """

    a: float = parameter(POSITIVE, limits=RANGE)
    b: float = parameter(POSITIVE, limits=RANGE)
    trials: int | None = field(default=None)

    one_number = Kernels(log_pdf, accumulate, update)
    per_row = Kernels(log_pdf_per_row, accumulate_per_row, update)
    stepwise = True
    n_statistics = 6

    def draw(self, trials: npt.NDArray[np.int64], rng: np.random.Generator) -> Array:
        """Draw the successes among so many trials, shape (n,)."""
        return rng.binomial(trials, rng.beta(self.a, self.b, trials.size)).astype(float)

    @property
    def mean(self) -> float:
        """Expected number of successes, trials a / (a + b)."""
        self.require_known("give a mean")
        return self.require_trials("give a mean") * (self.a / (self.a + self.b))

    @property
    def var(self) -> float:
        """Variance of the number of successes, trials a b (a + b + trials) / ((a + b)^2 (a + b + 1))."""
        total = self.mean / self.a * self.b  # trials b / (a + b), once mean has checked what it needs
        both = self.a + self.b
        return total * (self.a / both) * ((both + float(self.trials or 0)) / (both + 1.0))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x), the sum of all masses up to x."""
        self.require_known("give a probability")
        n = self.require_trials("give a cdf")
        return mass_table(self.log_pdf, 0.0, float(n)).cdf(x)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest number of successes x with cdf(x) >= q."""
        self.require_known("give a quantile")
        n = self.require_trials("give quantiles")
        table = mass_table(self.log_pdf, 0.0, float(n))
        return count_quantiles(table.cdf, q, normal_quantiles(self.mean, math.sqrt(self.var)), high=float(n))

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown shapes match the mean probability, at the spread of one success in four."""
        n = rows[:, 1] if self.trials is None else np.full(len(rows), float(self.trials))
        total = average(n, weight)
        share = (average(rows[:, 0], weight) + 0.5) / (float(total) + 1.0)
        concentration = 4.0
        if self.a is not None:
            concentration = self.a / share
        elif self.b is not None:
            concentration = self.b / (1.0 - share)
        a = concentration * share if self.a is None else self.a
        return self.with_values(a=a, b=concentration * (1.0 - share) if self.b is None else self.b)

    @classmethod
    def from_mean_concentration(cls, prob: float, concentration: float, trials: int | None = None) -> Self:
        """Return the distribution with mean probability ``prob`` and concentration a + b.

        Raises
        ------
        InvalidParameterError
            If prob is not between 0 and 1, or the concentration not a finite number > 0.

        Examples
        --------
        >>> BetaBinomial.from_mean_concentration(0.25, 8.0, trials=20)
        BetaBinomial(a=2.0, b=6.0, trials=20)
        """
        try:
            prob, concentration = OPEN_UNIT.check(prob), POSITIVE.check(concentration)
        except (TypeError, ValueError):
            raise InvalidParameterError(
                f"{cls.__name__}: prob must be between 0 and 1, ends excluded, and concentration {POSITIVE.text}; "
                f"got {prob!r} and {concentration!r}"
            ) from None
        return cls(concentration * prob, concentration * (1.0 - prob), trials)
