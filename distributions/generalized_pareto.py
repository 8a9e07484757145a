"""The generalised Pareto distribution: excesses over a high threshold."""

from __future__ import annotations

import math
from dataclasses import field
from typing import Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array, average
from .domains import NON_NEGATIVE, POSITIVE, REAL, Domain
from .errors import InvalidParameterError
from .generalized_extreme_value import (
    FIRST_SHAPE,
    SHAPES,
    TAIL_SHAPE,
    log1p_ratio,
    log1p_ratio_slopes,
    shrunk,
    stretched,
)
from .kernels import Kernels, kernel
from .newton import newton_update
from .quantiles import weighted_quantiles
from .special import reciprocal
from .student_t import width


@kernel
def log_pdf(X, theta, out):
    """Add -(1 + shape) t - log scale, t = log(1 + shape z) / shape; -inf where z < 0 or 1 + shape z <= 0."""
    inverse, shape, loc, constant = reciprocal(theta[0]), theta[1], theta[2], math.log(theta[0])
    for i in range(out.size):
        z = (X[0, i] - loc) * inverse
        w = shape * z
        value = -(1.0 + shape) * z * log1p_ratio(w) - constant
        out[i] += -math.inf if (w <= -1.0) | (z < 0.0) else value


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of log scale and shape."""
    inverse, shape, loc = reciprocal(theta[0]), theta[1], theta[2]
    total, s0, s1, h00, h10, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    g = -(1.0 + shape)
    for i in range(r.size):
        z = (X[0, i] - loc) * inverse
        inside = (shape * z > -1.0) & (z >= 0.0)
        z, r_i = z if inside else 0.0, r[i] if inside else 0.0
        w = shape * z
        ratio = log1p_ratio(w)
        slope, bend = log1p_ratio_slopes(w, ratio)
        # Derivatives of t in z and in the shape, as for GeneralizedExtremeValue.
        t, z_t_z, t_s, t_ss = z * ratio, z / (1.0 + w), z * z * slope, z * z * z * bend
        total += r_i
        s0 -= r_i * (g * z_t_z + 1.0)
        s1 += r_i * (g * t_s - t)
        h00 += r_i * g * z_t_z / (1.0 + w)
        h10 += r_i * (g * z_t_z + 1.0) * z_t_z
        h11 += r_i * (g * t_ss - 2.0 * t_s)
    for j, value in enumerate((total, s0, s1, h00, h10, h11)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take one Newton step."""
    newton_update(stats, theta[:2], np.ascontiguousarray(bounds[:, :2]), np.array([0.0, 1.0]))


class GeneralizedPareto(Distribution):
    r"""Generalised Pareto distribution: density :math:`(1 + \xi z)^{-1 - 1/\xi} / s`, :math:`z = (x - m) / s \ge 0`.

    Parameters
    ----------
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x.
    shape : float, optional
        Shape :math:`\xi` > -1, a pure number, with the sign of Coles (2001): for :math:`\xi` > 0 the upper tail is
        heavy, for :math:`\xi` = 0 this is `Exponential`, for :math:`\xi` < 0 x ends above at :math:`m - s / \xi`.
    loc : float, default 0
        Threshold :math:`m` where x begins, finite, in the unit of x: a setting that `fit` leaves as it is.

    Notes
    -----
    `fit` is a maximum of the likelihood for shapes from -0.999 to 10, by safeguarded Newton steps in log scale and
    shape. Below -1 the likelihood has no maximum; from -1 to -1/2 estimates exist but are not asymptotically normal.
    Coles, An Introduction to Statistical Modeling of Extreme Values (2001), ch. 4; Grimshaw, Technometrics 35 (1993).

    Examples
    --------
    >>> round(float(GeneralizedPareto(scale=2.0, shape=0.5, loc=10.0).ppf(0.75)), 12)
    14.0
    """

    scale: float = parameter(POSITIVE, power=1)
    shape: float = parameter(TAIL_SHAPE, limits=SHAPES)
    loc: float = field(default=0.0)

    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            object.__setattr__(self, "loc", REAL.check(self.loc))
        except (TypeError, ValueError):
            raise InvalidParameterError(f"GeneralizedPareto: loc must be {REAL.text}; got {self.loc!r}") from None

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """Numbers from loc on."""
        return Domain(f"a finite number >= {self.loc:g}", low=self.loc) if self.loc else NON_NEGATIVE

    @property
    def constants(self) -> tuple[float, ...]:
        """The location, behind scale and shape."""
        return (self.loc,)

    def units(self, scale: Array) -> Array:
        """Return what a step is measured against: the scale itself, one for the shape."""
        return np.array([0.0, 1.0, scale[0]])

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with unknown parameters read off the median, wide enough that all rows have a density."""
        excess = rows[:, 0] - self.loc
        scale, shape = self.scale, FIRST_SHAPE if self.shape is None else self.shape
        if scale is None:
            middle, high = weighted_quantiles(excess, weight, (0.5, 1.0))
            scale = middle / math.log(2.0) if middle > 0.0 else average(excess, weight)
            scale = max(scale, float(np.max(smallest)), -1.1 * shape * high)
        return self.with_values(scale=scale if scale > 0.0 else 1.0, shape=shape)

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum inside `bounds`, which are relative to the width of the data: see the base."""
        return super().fit_bounded(rows, weight, width(rows, weight, scale), floor, iterations)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return self.loc + self.scale * stretched(np.random.default_rng(rng).standard_exponential(size), self.shape)

    @property
    def mean(self) -> float:
        """Expectation, loc + scale / (1 - shape); infinite for shape >= 1."""
        self.require_known("give a mean")
        return self.loc + self.scale / (1.0 - self.shape) if self.shape < 1.0 else math.inf

    @property
    def var(self) -> float:
        """Variance, scale^2 / ((1 - shape)^2 (1 - 2 shape)); infinite for shape >= 1/2."""
        self.require_known("give a variance")
        if self.shape >= 0.5:
            return math.inf
        unit = self.scale / (1.0 - self.shape)
        return unit * unit / (1.0 - 2.0 * self.shape)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        z = np.maximum((np.asarray(x, dtype=float) - self.loc) / self.scale, 0.0)
        return -np.expm1(-shrunk(z, self.shape))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.loc + self.scale * stretched(np.where(q >= 0.0, -np.log1p(-q), np.nan), self.shape)
