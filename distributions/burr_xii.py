"""The Burr XII distribution: positive values with one power law near zero and another in the upper tail."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE
from .gamma_functions import log_gamma_ratio
from .kernels import Kernels, compiled, kernel
from .log_logistic import STD
from .log_scale import SMALLEST, log_centre_and_spread, log_ratio, logs_of_ratios, representable
from .newton import LEAST, newton_move, newton_update
from .special import exp, log1p, reciprocal
from .weibull import log_gamma_bend, log_power_moments

TAILS = (1e-8, 1e10)  # among which fits look: without end lies the Weibull distribution


@kernel
def log_pdf(X, theta, out):
    """Add log(shape tail / scale) - l + z - (tail + 1) log(1 + e^z), l = log(x / scale), z = shape l; or -inf."""
    shape, tail, scale, inverse = theta[0], theta[1], theta[2], reciprocal(theta[2])
    constant = math.log(shape) + math.log(tail) - math.log(scale)
    for i in range(out.size):
        x = X[0, i]
        logs = log_ratio(x, scale, inverse)
        z = shape * logs
        softplus = max(z, 0.0) + log1p(exp(-abs(z)))
        value = constant - logs + z - (tail + 1.0) * softplus
        out[i] += value if x > 0.0 else (x - 1.0) * math.inf


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of shape, tail and scale."""
    shape, tail, scale, inverse = theta[0], theta[1], theta[2], reciprocal(theta[2])
    total, first, soft, p0, p1, q0, q1, q2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        inside = X[0, i] > 0.0
        z = shape * log_ratio(X[0, i] if inside else scale, scale, inverse)
        e = exp(-abs(z))
        part = 1.0 / (1.0 + e)
        p = r[i] * (part if z > 0.0 else e * part)  # the slope of log(1 + e^z), weighted
        q = r[i] * (e * part * part)  # its bend
        total += r[i]
        first += r[i] * z
        soft += r[i] * (max(z, 0.0) + log1p(e))
        p0 += p
        p1 += p * z
        q0 += q
        q1 += q * z
        q2 += q * z * z
    # Sums of the derivatives of the log density in z, times z and z^2 or not.
    slope, slope_z = total - (tail + 1.0) * p0, first - (tail + 1.0) * p1
    bend, bend_z, bend_zz = -(tail + 1.0) * q0, -(tail + 1.0) * q1, -(tail + 1.0) * q2
    stats[0] += total
    stats[1] += slope_z + total
    stats[2] += total - tail * soft
    stats[3] -= shape * slope
    stats[4] += bend_zz + slope_z
    stats[5] -= tail * p1
    stats[6] -= tail * soft
    stats[7] -= shape * (slope + bend_z)
    stats[8] += shape * tail * p0
    stats[9] += shape * shape * bend


@compiled
def in_other_moves(score, hessian, jacobian):
    """Return score (3,) and lower triangle (6,) of second derivatives in moves that change the old ones linearly."""
    new_score, new_hessian = np.zeros(3), np.zeros(6)
    for i in range(3):
        for k in range(3):
            new_score[i] += jacobian[i, k] * score[k]
        for j in range(i + 1):
            for k in range(3):
                for m in range(3):
                    entry = hessian[max(k, m) * (max(k, m) + 1) // 2 + min(k, m)]
                    new_hessian[i * (i + 1) // 2 + j] += jacobian[i, k] * entry * jacobian[j, m]
    return new_score, new_hessian


@kernel
def update(stats, theta, bounds):
    """Take one Newton step.

    For a large tail the three are nearly collinear: on a ridge that ends in the Weibull distribution with scale
    w = scale tail^(-1 / shape). So the step is taken in the moves u of log w, by 1 / shape, v of -log shape, and t of
    log tail; with a frozen scale, in the first two.
    """
    shape, tail, scale = theta[0], theta[1], theta[2]
    free_shape, free_tail = bounds[0, 0] < bounds[1, 0], bounds[0, 1] < bounds[1, 1]
    free_scale = bounds[0, 2] < bounds[1, 2]
    if not free_scale and not (free_shape and free_tail):
        newton_update(stats, theta, bounds, np.zeros(3))
        return
    log_tail, score = math.log(tail), stats[1:4]
    level = math.log(scale) - log_tail / shape
    lowest, highest = np.full(3, -math.inf), np.full(3, math.inf)
    if free_scale:  # log scale = level + (u + (log tail + t) e^v) / shape
        jacobian = np.array([[0.0, 0.0, 1.0 / shape], [-1.0, 0.0, log_tail / shape], [0.0, 1.0, 1.0 / shape]])
        new_score, hessian = in_other_moves(score, stats[4:], jacobian)
        hessian[2] += score[2] * log_tail / shape
        hessian[4] += score[2] / shape
        lowest[2], highest[2] = np.log(bounds[0, 1] / tail), np.log(bounds[1, 1] / tail)
        if not free_tail:
            lowest[2] = highest[2] = 0.0
    else:  # log tail = e^-v (log tail - u)
        jacobian = np.array([[0.0, -1.0, 0.0], [-1.0, -log_tail, 0.0], [0.0, 0.0, 0.0]])
        new_score, hessian = in_other_moves(score, stats[4:], jacobian)
        hessian[1] += score[1]
        hessian[2] += score[1] * log_tail
        lowest[2] = highest[2] = 0.0
    lowest[1], highest[1] = -np.log(bounds[1, 0] / shape), -np.log(bounds[0, 0] / shape)
    if not free_shape:
        lowest[1] = highest[1] = 0.0
    u, v, t = newton_move(new_score, hessian, lowest, highest)
    moved, straight = theta.copy(), theta.copy()
    moved[0], straight[0] = shape * math.exp(-v), shape * (1.0 - v)
    if free_scale:
        moved[1], straight[1] = tail * math.exp(t), tail * (1.0 + t)
        along = level - math.log(scale) + (u + (log_tail + t) * math.exp(v)) / shape
        moved[2] = scale * math.exp(min(max(along, -100.0), 100.0))
        straight[2] = scale * (1.0 + (u + t + log_tail * v) / shape)
    else:
        moved[1] = math.exp(min(max(math.exp(-v) * (log_tail - u), -600.0), 600.0))
        straight[1] = tail * (1.0 - u - log_tail * v)
        if moved[1] <= bounds[0, 1] or moved[1] >= bounds[1, 1]:
            newton_update(stats, theta, bounds, np.zeros(3))
            return
    climb, part = 0.0, 1.0
    for j in range(3):
        climb += score[j] * (moved[j] / theta[j] - 1.0)
        if straight[j] < LEAST * theta[j]:
            part = min(part, (1.0 - LEAST) / (1.0 - straight[j] / theta[j]))
    # Who calls may halve the step along a line, which must lead uphill: if the curved one does not, the straight does.
    for j in range(3):
        if bounds[0, j] < bounds[1, j]:
            end = moved[j] if climb > 0.0 else theta[j] + part * (straight[j] - theta[j])
            theta[j] = min(max(end, bounds[0, j], SMALLEST), bounds[1, j])


class BurrXII(Distribution):
    r"""Burr XII (Singh-Maddala) distribution: :math:`P(X > x) = (1 + (x / s)^k)^{-d}` for x > 0.

    Its density is :math:`k d\, y / (x (1 + y)^{d + 1})` with :math:`y = (x / s)^k`.

    Parameters
    ----------
    shape : float, optional
        Shape :math:`k` > 0, a pure number, often called c: near zero P(X <= x) goes like :math:`x^k`.
    tail : float, optional
        Second shape :math:`d` > 0, a pure number: far out P(X > x) goes like :math:`x^{-k d}`. With tail 1 this is
        `LogLogistic`, with shape 1 a Lomax distribution; with tail without end, and a scale that grows like
        tail^(1 / shape), a `Weibull`.
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by safeguarded Newton steps, for tails from 1e-8 to 1e10. Johnson, Kotz &
    Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 12; Singh & Maddala, Econometrica 44 (1976).

    Examples
    --------
    >>> round(float(BurrXII(shape=2.0, tail=3.0, scale=10.0).cdf(10.0)), 12)
    0.875
    """

    shape: float = parameter(POSITIVE, collapse=-1)
    tail: float = parameter(POSITIVE, limits=TAILS)
    scale: float = parameter(POSITIVE, power=1, collapse=0)

    support = POSITIVE
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 10

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters are those of a log-logistic distribution."""
        centre, spread = log_centre_and_spread(rows, weight, smallest)
        shape, tail, scale = self.shape, self.tail, self.scale
        if shape is None:
            shape = STD / (spread if scale is None else max(spread, abs(centre - math.log(scale))))
        if tail is None:
            tail = 1.0
        if scale is None:  # so that the medians agree
            scale = math.exp(centre - math.log(math.expm1(min(math.log(2.0) / tail, 700.0))) / shape)
        return self.with_values(shape=shape, tail=tail, scale=scale)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return representable(self._quantile(np.random.default_rng(rng).standard_exponential(size)))

    @property
    def mean(self) -> float:
        """Expectation, scale tail B(tail - 1 / shape, 1 + 1 / shape); infinite for shape tail <= 1."""
        self.require_known("give a mean")
        e = 1.0 / self.shape
        if self.tail <= e:
            return math.inf
        log_mean = log_power_moments(e)[0] - log_gamma_ratio(self.tail - e, e)
        with np.errstate(over="ignore"):
            return float(self.scale * np.exp(log_mean))

    @property
    def var(self) -> float:
        """Variance, scale^2 tail B(tail - 2 / shape, 1 + 2 / shape) - mean^2; infinite for shape tail <= 2."""
        self.require_known("give a variance")
        e = 1.0 / self.shape
        if self.tail <= 2.0 * e:
            return math.inf
        with np.errstate(over="ignore"):
            return float(self.mean * self.mean * np.expm1(log_power_moments(e)[1] + log_gamma_bend(self.tail, -e)))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        with np.errstate(invalid="ignore"):  # of logaddexp at -inf, in vain
            return -np.expm1(-self.tail * np.logaddexp(0.0, self.shape * logs_of_ratios(x, self.scale)))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._quantile(np.where(q >= 0.0, -np.log1p(-q), np.nan))

    def _quantile(self, t: Array) -> Array:
        """Return x with P(X > x) = e^-t."""
        t = t / self.tail
        with np.errstate(divide="ignore", over="ignore"):
            return self.scale * np.exp(np.where(t > 50.0, t, np.log(np.expm1(np.minimum(t, 100.0)))) / self.shape)
