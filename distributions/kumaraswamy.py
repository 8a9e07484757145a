"""The Kumaraswamy distribution: shares between zero and one, with distribution functions in closed form."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array, average
from .domains import OPEN_UNIT, POSITIVE
from .gamma_functions import log_gamma_ratio
from .gumbel import STD
from .kernels import Kernels, kernel, scalar
from .log_scale import SMALLEST, log_centre_and_spread
from .newton import newton_move, newton_update
from .special import LN2, exp, expm1, log
from .weibull import log_gamma_bend, log_power_moments

NEAR = 0.5  # of log b to its best value
HIGHEST_B = 1e300


@scalar
def log_complement(v):
    """Return log(1 - e^-v) for v > 0, within 4 ulp."""
    e = exp(-v)
    near = v < LN2
    u = -expm1(-v) if near else 1.0 - e
    return log(u) + (0.0 if near else ((1.0 - u) - e) / u)  # what rounding of u took


@kernel
def log_pdf(X, theta, out):
    """Add log(a b) + (a - 1) log x + (b - 1) log(1 - x^a); -inf unless 0 < x < 1."""
    a, b = theta[0], theta[1]
    constant = math.log(a) + math.log(b)
    for i in range(out.size):
        x = X[0, i]
        logs = log(x)
        value = constant + (a - 1.0) * logs + (b - 1.0) * log_complement(-a * logs)
        out[i] += -math.inf if (x <= 0.0) | (x >= 1.0) else value


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, and sum r of -log(1 - e^-v), v, q = v / (e^v - 1) and q (q + v), v = -a log x."""
    a = theta[0]
    total, lost, first, q0, q1 = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        x = X[0, i]
        inside = (x > 0.0) & (x < 1.0)
        v = -a * log(x if inside else 0.5)
        q = v / expm1(v)
        total += r[i]
        lost -= r[i] * log_complement(v)
        first += r[i] * v
        q0 += r[i] * q
        q1 += r[i] * (q * (q + v))
    for j, value in enumerate((total, lost, first, q0, q1)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Set b to its maximum given a; near it take one Newton step in both.

    The step is taken in log a and in -log b / a, the logarithm of a scale: for large b, where a and b are nearly
    collinear, x is nearly Weibull with shape a and this scale, and the likelihood nearly a quadratic of these two.
    """
    total, lost, first, q0, q1 = stats[0], stats[1], stats[2], stats[3], stats[4]
    free_a, free_b = bounds[0, 0] < bounds[1, 0], bounds[0, 1] < bounds[1, 1]
    a, b, before = theta[0], theta[1], theta[1]
    if free_a and free_b and b >= bounds[1, 1]:
        s_a, h_aa = total - first + (b - 1.0) * q0, (b - 1.0) * (q0 - q1) - first
        in_logs = np.array([total, s_a, total - b * lost, h_aa, b * q0, -b * lost])
        newton_update(in_logs, theta, bounds, np.zeros(2))
        return
    if free_b:
        b = min(max(total / lost, bounds[0, 1]), bounds[1, 1])
        far = abs(math.log(b / before)) > NEAR
        theta[1] = b
        if far:
            return
    if not free_a:
        return
    # Score and second derivatives in log a and log b; that in log b is zero at its maximum.
    s_a, s_b = total - first + (b - 1.0) * q0, total - b * lost
    h_aa, h_ab, h_bb = (b - 1.0) * (q0 - q1) - first, b * q0, -b * lost
    lowest, highest = np.full(2, -math.inf), np.full(2, math.inf)
    if free_b:
        level = math.log(b)  # log b = e^-v (level - u), log a = log a - v in the moves u, v
        score = np.array([-s_b, -s_a - level * s_b])
        hessian = np.array(
            [h_bb, level * h_bb + h_ab + s_b, h_aa + 2.0 * level * h_ab + level * level * h_bb + level * s_b]
        )
    else:
        lowest[0] = highest[0] = 0.0
        score, hessian = np.array([0.0, -s_a]), np.array([-1.0, 0.0, h_aa])
    move = newton_move(score, hessian, lowest, highest)
    if free_b:
        most, least = math.log(bounds[1, 1]), np.log(bounds[0, 1])
        part, width = 1.0, 1.0
        if math.exp(-move[1]) * (level - move[0]) > most:  # as far as b may go
            for _ in range(60):
                width *= 0.5
                beyond = math.exp(-part * move[1]) * (level - part * move[0]) > most
                part += -width if beyond else width
        move *= part
        moved = math.exp(-move[1]) * (level - move[0])
        new_b = bounds[1, 1] if moved > most - 1e-9 else math.exp(max(moved, least, -690.0))
        # Who calls may halve the step along a line, which must lead uphill from the old b.
        climb = (total - first + (before - 1.0) * q0) * (math.exp(-move[1]) - 1.0)
        left = total - before * lost
        if abs(left) > 1e-12 * total and climb + left * (new_b / before - 1.0) < 0.0:
            return
        theta[1] = new_b
    theta[0] = min(max(a * math.exp(-move[1]), bounds[0, 0]), bounds[1, 0])


class Kumaraswamy(Distribution):
    r"""Kumaraswamy distribution: density :math:`a b x^{a - 1} (1 - x^a)^{b - 1}` for 0 < x < 1.

    Parameters
    ----------
    a, b : float, optional
        Shapes > 0, pure numbers: :math:`P(X > x) = (1 - x^a)^b`. With a = b = 1 this is uniform.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: the best b given a has a closed form, a is found by safeguarded Newton
    steps in log a. Data in so narrow a range that b would exceed 1e280 count as constant. Jones, Statistical
    Methodology 6 (2009).

    Examples
    --------
    >>> round(float(Kumaraswamy(2.0, 3.0).ppf(0.875)), 12)
    0.707106781187
    """

    a: float = parameter(POSITIVE, collapse=-1)
    b: float = parameter(POSITIVE, collapse=-20, limits=(0.0, HIGHEST_B))

    support = OPEN_UNIT
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 5

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which an unknown a is that of the spread of log x, an unknown b the best for a."""
        a, b = self.a, self.b
        if a is None:
            a = STD / log_centre_and_spread(rows, weight, smallest)[1]
            if b is not None and b > 1.0:  # the scale b^(-1 / a) lies near the data
                a = min(a, math.log(b) / max(-log_centre_and_spread(rows, weight, smallest)[0], 1e-300))
        if b is None:
            lost = -_log_complements(-a * np.log(rows[:, 0]))
            b = min(1.0 / max(average(lost, weight), 1.0 / HIGHEST_B), HIGHEST_B)
        return self.with_values(a=a, b=b)

    def at_bounds(self, theta: Array, bounds: Array) -> tuple[str, ...]:
        """Return the names of the parameters held at a floor: for b, within a factor of two, which is little there."""
        near = bounds * np.array([[1.0, 1.0], [1.0, 0.5]])
        return super().at_bounds(theta, near)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        x = self._quantile(np.random.default_rng(rng).standard_exponential(size))
        return np.clip(x, SMALLEST, 1.0 - 2.0**-53)

    @property
    def mean(self) -> float:
        """Expectation, b B(1 + 1 / a, b)."""
        self.require_known("give a mean")
        e = 1.0 / self.a
        return math.exp(log_power_moments(e)[0] - log_gamma_ratio(self.b + 1.0, e))

    @property
    def var(self) -> float:
        """Variance, b B(1 + 2 / a, b) - mean^2."""
        self.require_known("give a variance")
        e = 1.0 / self.a
        return self.mean**2 * math.expm1(log_power_moments(e)[1] - log_gamma_bend(self.b + 1.0, e))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        with np.errstate(divide="ignore"):
            v = -self.a * np.log(np.clip(np.asarray(x, dtype=float), 0.0, 1.0))
            return -np.expm1(self.b * _log_complements(v))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._quantile(np.where(q >= 0.0, -np.log1p(-q), np.nan))

    def _quantile(self, t: Array) -> Array:
        """Return x with P(X > x) = e^-t."""
        return np.exp(_log_complements(t / self.b) / self.a)


def _log_complements(v: Array) -> Array:
    """Return log(1 - e^-v), as `log_complement` does."""
    with np.errstate(divide="ignore"):
        return np.where(v < LN2, np.log(-np.expm1(-v)), np.log1p(-np.exp(-v)))
