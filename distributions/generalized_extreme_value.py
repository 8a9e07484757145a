"""The generalised extreme value distribution: the largest of many values, whatever their tail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array, centre_and_scale
from .domains import POSITIVE, REAL, Domain
from .gumbel import EULER, STD, bounded_exp
from .kernels import Kernels, kernel, scalar
from .newton import newton_update
from .quantiles import weighted_quantiles
from .special import exp, log1p, reciprocal
from .student_t import width
from .weibull import log_power_moments

SHAPES = (-0.999, 10.0)  # among which fits look: at -1 and below, and without end, likelihoods grow without bound
FIRST_SHAPE = 0.1
LIMIT = 1e-100  # below it a shape is zero: its square is no number
AT_FLOOR = 4.0  # times the floor: steps may settle a little above it, where all digits of the rows are used up


@dataclass(frozen=True)
class TailShape(Domain):
    """Shapes of a tail, for which a maximum of the likelihood exists."""

    text: str = "a finite number > -1"
    low: float = -1.0
    low_open: bool = True

    def first_value(self, centre: Array, scale: Array, power: int) -> Any:
        """Return the shape of a slightly heavy tail."""
        return FIRST_SHAPE

    def random(self, rng: np.random.Generator, n_columns: int) -> Any:
        """Return a shape for which the fit is regular and the mean exists."""
        return float(rng.uniform(-0.45, 0.6))


TAIL_SHAPE = TailShape()


@scalar
def log1p_ratio(w):
    """Return log(1 + w) / w, 1 for w = 0, within 4 ulp."""
    small = abs(w) < 1e-5
    return 1.0 - w * (1 / 2 - w * (1 / 3 - w / 4)) if small else log1p(w) / w


@scalar
def log1p_ratio_slopes(w, ratio):
    """Return the first two derivatives of log(1 + w) / w, from its value; relative errors below 1e-14 and 1e-12."""
    first = (1.0 / (1.0 + w) - ratio) / w
    second = -(1.0 / ((1.0 + w) * (1.0 + w)) + 2.0 * first) / w
    # Taylor's series, sum (-w)^n / (n + 1), where these cancel.
    p, q = 11 / 12, 110 / 12
    for n in range(10, 0, -1):
        p = n / (n + 1) - w * p
        if n > 1:
            q = n * (n - 1) / (n + 1) - w * q
    small = abs(w) < 0.05
    return -p if small else first, q if small else second


@kernel
def log_pdf(X, theta, out):
    """Add -(1 + shape) t - e^-t - log scale, t = log(1 + shape z) / shape; -inf where 1 + shape z <= 0."""
    loc, inverse, shape, constant = theta[0], reciprocal(theta[1]), theta[2], math.log(theta[1])
    for i in range(out.size):
        z = (X[0, i] - loc) * inverse
        w = shape * z
        t = z * log1p_ratio(w)
        value = -(1.0 + shape) * t - exp(-t) - constant
        out[i] += -math.inf if w <= -1.0 else value


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of loc (by scale), log scale and shape."""
    loc, inverse, shape = theta[0], reciprocal(theta[1]), theta[2]
    total, s0, s1, s2 = 0.0, 0.0, 0.0, 0.0
    h00, h10, h11, h20, h21, h22 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        z = (X[0, i] - loc) * inverse
        inside = shape * z > -1.0
        z, r_i = z if inside else 0.0, r[i] if inside else 0.0
        w = shape * z
        ratio = log1p_ratio(w)
        slope, bend = log1p_ratio_slopes(w, ratio)
        # Derivatives of t in z and in the shape, then of the log density, in which t has the slope g.
        t, t_z, t_s, t_ss = z * ratio, 1.0 / (1.0 + w), z * z * slope, z * z * z * bend
        e = bounded_exp(-t)
        g = e - (1.0 + shape)
        d_z = g * t_z
        d_zz = -(g * shape + e) * t_z * t_z
        d_zs = -(g * z * t_z + 1.0 + e * t_s) * t_z
        total += r_i
        s0 -= r_i * d_z
        s1 -= r_i * (z * d_z + 1.0)
        s2 += r_i * (g * t_s - t)
        h00 += r_i * d_zz
        h10 += r_i * (d_z + z * d_zz)
        h11 += r_i * z * (d_z + z * d_zz)
        h20 -= r_i * d_zs
        h21 -= r_i * z * d_zs
        h22 += r_i * (g * t_ss - (2.0 + e * t_s) * t_s)
    for j, value in enumerate((total, s0, s1, s2, h00, h10, h11, h20, h21, h22)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take one Newton step."""
    newton_update(stats, theta, bounds, np.array([theta[1], 0.0, 1.0]))


class GeneralizedExtremeValue(Distribution):
    r"""Generalised extreme value distribution: cdf :math:`\exp(-(1 + \xi z)^{-1/\xi})`, :math:`z = (x - m) / s`.

    Its density is :math:`y^{\xi + 1} e^{-y} / s` with :math:`y = (1 + \xi z)^{-1/\xi}` where :math:`1 + \xi z > 0`.

    Parameters
    ----------
    loc : float, optional
        Location :math:`m`, finite, in the unit of x: the quantile at 1/e.
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x.
    shape : float, optional
        Shape :math:`\xi` > -1, a pure number, with the sign of Coles (2001), the opposite of ``c`` in SciPy: for
        :math:`\xi` > 0 (Frechet) the upper tail is heavy and x ends below at :math:`m - s / \xi`, for :math:`\xi` < 0
        (Weibull) x ends there above, for :math:`\xi` = 0 this is `Gumbel`.

    Notes
    -----
    `fit` is a maximum of the likelihood for shapes from -0.999 to 10, by safeguarded Newton steps in loc, log scale
    and shape. Below -1 the likelihood has no maximum; from -1 to -1/2 estimates exist but are not asymptotically
    normal. Coles, An Introduction to Statistical Modeling of Extreme Values (2001), ch. 3.

    Examples
    --------
    >>> round(float(GeneralizedExtremeValue(20.0, 3.0, 0.1).ppf(0.99)), 4)  # the level of a hundred years
    37.5229
    """

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)
    shape: float = parameter(TAIL_SHAPE, limits=SHAPES)

    support = REAL
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 10

    def units(self, scale: Array) -> Array:
        """Return what a step is measured against: the data's scale, the scale itself, and one for the shape."""
        return np.array([scale[0], 0.0, 1.0])

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with unknown parameters read off the quartiles, wide enough that all rows have a density."""
        x = rows[:, 0]
        probabilities = (0.0, 0.25, 0.5, math.sqrt(0.5), 0.75, 1.0)
        low, lower, middle, next_up, upper, high = weighted_quantiles(x, weight, probabilities)
        loc, scale, shape = self.loc, self.scale, self.shape
        if loc is None and scale is None and shape is None and next_up - middle > 2.0 * (middle - lower) > 0.0:
            # A very heavy tail: -log of 1/4, 1/2 and the root of 1/2 halves each time, so gaps grow by 2^shape.
            shape = min(math.log2(next_up - middle) - math.log2(middle - lower), 0.9 * SHAPES[1])
            scale = (middle - lower) * shape / (math.log(2.0) ** -shape - math.log(4.0) ** -shape)
            loc = min(middle - scale * math.expm1(-shape * math.log(math.log(2.0))) / shape, low + 0.9 * scale / shape)
            return self.with_values(loc=loc, scale=max(scale, float(np.max(smallest))), shape=shape)
        if scale is None:  # as for a Gumbel distribution
            scale = (upper - lower) / 1.5725
            scale = max(scale if scale > 0.0 else centre_and_scale(rows, weight)[1][0] / STD, float(np.max(smallest)))
            scale = scale if loc is None else max(scale, abs(middle - loc) / 3.0)
        if loc is None:
            loc = middle - 0.3665 * scale
            if shape is not None and shape != 0.0 and self.scale is not None:  # the end of x lies beyond all rows
                end = 0.9 * scale / abs(shape)
                loc = min(loc, low + end) if shape > 0.0 else max(loc, high - end)
        if shape is None:
            shape = FIRST_SHAPE if scale > 1.1 * FIRST_SHAPE * (loc - low) else 0.0
        elif self.scale is None:
            scale = max(scale, 1.1 * shape * (loc - low), -1.1 * shape * (high - loc))
        return self.with_values(loc=loc, scale=scale, shape=shape)

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum inside `bounds`, which are relative to the width of the data: see the base."""
        wide = width(rows, weight, scale)
        fitted, held = super().fit_bounded(rows, weight, wide, floor, iterations)
        if not held and "scale" not in self.frozen and fitted.scale <= AT_FLOOR * floor * wide[0]:
            held = ("scale",)
        return fitted, held

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return self.loc + self.scale * stretched(np.random.default_rng(rng).gumbel(size=size), self.shape)

    @property
    def mean(self) -> float:
        """Expectation, loc + scale (gamma(1 - shape) - 1) / shape; infinite for shape >= 1."""
        self.require_known("give a mean")
        if self.shape >= 1.0:
            return math.inf
        if abs(self.shape) < LIMIT:
            return self.loc + EULER * self.scale
        return self.loc + self.scale * math.expm1(log_power_moments(-self.shape)[0]) / self.shape

    @property
    def var(self) -> float:
        """Variance, (scale / shape)^2 (gamma(1 - 2 shape) - gamma(1 - shape)^2); infinite for shape >= 1/2."""
        self.require_known("give a variance")
        if self.shape >= 0.5:
            return math.inf
        if abs(self.shape) < LIMIT:
            return STD**2 * self.scale * self.scale  # infinite where it is too large, and no error
        first, excess = log_power_moments(-self.shape)
        unit = self.scale / self.shape * math.exp(first)
        return unit * unit * math.expm1(excess)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        with np.errstate(over="ignore"):
            return np.exp(-np.exp(-shrunk((np.asarray(x, dtype=float) - self.loc) / self.scale, self.shape)))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.loc + self.scale * stretched(-np.log(-np.log(np.asarray(q, dtype=float))), self.shape)


def stretched(t: Array, shape: float) -> Array:
    """Return z = (e^(shape t) - 1) / shape, t itself for shape 0."""
    with np.errstate(over="ignore"):
        return np.expm1(shape * t) / shape if abs(shape) >= LIMIT else t


def shrunk(z: Array, shape: float) -> Array:
    """Return t = log(1 + shape z) / shape, the inverse of `stretched`; infinite where 1 + shape z <= 0."""
    if abs(shape) < LIMIT:
        return z
    with np.errstate(divide="ignore"):
        return np.log1p(np.maximum(shape * z, -1.0)) / shape
