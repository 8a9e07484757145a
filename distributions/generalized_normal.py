"""The generalized normal distribution: Laplace, normal and uniform are members. Written in NumPy and compiled sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaincc, gammainccinv, gammaln

from .base import Distribution, Rng, checked, parameter
from .data import Array
from .domains import POSITIVE, REAL
from .kernels import compiled
from .quantiles import weighted_quantiles
from .special import exp, log

SHAPES = (0.1, 1e3)  # that `fit` looks among
SPLITS = 4  # of an interval that may hold the location
FLAT = 1e-17  # |z|^shape below which its exponential is 1
TOLERANCE = 1e-10  # of the location in widths, and of the log of the shape
STEP = 0.4  # in log shape, between looks at the slope: a second maximum may lie near the uniform limit

# ------------------------------------------------------------------------------------------- sums over rows


@compiled
def subtract_powers(x, loc, inverse, shape, out):
    """Subtract |(x - loc) inverse|^shape from out."""
    for i in range(x.size):
        out[i] -= exp(shape * log(abs(x[i] - loc) * inverse))


@compiled
def power_means(x, weight, loc, inverse, shape):
    """Return the weighted means of y = |(x - loc) inverse|^shape and of y log(y) / shape."""
    total, first, second = 0.0, 0.0, 0.0
    for i in range(x.size):
        logarithm = log(abs(x[i] - loc) * inverse)
        y = exp(shape * logarithm)
        total += weight[i]
        first += weight[i] * y
        second += weight[i] * (y * logarithm if y > 0.0 else 0.0)
    return first / total, second / total


@compiled
def pull(x, weight, loc, inverse, power):
    """Return sum w sign(x - loc) |(x - loc) inverse|^power: positive where the location should rise."""
    total = 0.0
    for i in range(x.size):
        total += weight[i] * math.copysign(exp(power * log(abs(x[i] - loc) * inverse)), x[i] - loc)
    return total


@compiled
def power_sum(x, weight, loc, inverse, shape):
    """Return sum w |(x - loc) inverse|^shape."""
    total = 0.0
    for i in range(x.size):
        total += weight[i] * exp(shape * log(abs(x[i] - loc) * inverse))
    return total


# ----------------------------------------------------------------------------------------------- the maximum


class _Profile:
    """The likelihood of one sample as a function of the shape, at its maximum over what else is free.

    Parameters
    ----------
    x, weight : ndarray, shape (n,)
    loc, scale : float or None
        Values that are held; None where the maximum is to be found.
    start : float or None
        Where to look for a location first.
    least : float
        Smallest scale.
    """

    def __init__(
        self,
        x: Array,
        weight: Array | None,
        loc: float | None,
        scale: float | None,
        start: float | None,
        least: float,
    ) -> None:
        self.x, self.weight = x, np.ones(len(x)) if weight is None else weight
        self.ends, self.held_scale, self.least = (float(x.min()), float(x.max())), scale, least
        self.loc_is_free, self.step = loc is None, 1e-3 * (self.ends[1] - self.ends[0])
        known = start if loc is None else loc
        known = float(weighted_quantiles(x, weight, 0.5)) if known is None else known
        self.loc = min(max(known, self.ends[0]), self.ends[1]) if self.loc_is_free else known
        self.scale = 0.0
        self._ascending: tuple[Array, Array] | None = None

    def slope(self, shape: float) -> float:
        """Move location and scale to their maximum; return the slope of the mean log density in log shape."""
        if self.loc_is_free:
            self.loc = self._location(shape)
        reach = max(self.ends[1] - self.loc, self.loc - self.ends[0])
        own = float(digamma(1.0 + 1.0 / shape)) / shape
        first, second = power_means(self.x, self.weight, self.loc, 1.0 / reach if reach > 0.0 else 0.0, shape)
        if self.held_scale is None:
            # At its maximum, scale^shape is shape times the mean of |x - loc|^shape.
            ratio = math.log(shape * first) / shape if first > 0.0 else -math.inf
            self.scale = reach * math.exp(ratio)
            if self.scale > self.least:
                return own - second / first + ratio
        self.scale = self.least if self.held_scale is None else self.held_scale
        if not first > 0.0:
            return own
        logarithm = math.log(reach / self.scale)
        growth = math.exp(min(shape * logarithm, 600.0))
        return own - shape * growth * (second + first * logarithm)

    def _location(self, shape: float) -> float:
        if self.ends[0] == self.ends[1]:
            return self.ends[0]
        if shape == 1.0:
            return float(weighted_quantiles(self.x, self.weight, 0.5))
        return self._stationary(shape) if shape > 1.0 else self._best_row(shape)

    def _stationary(self, shape: float) -> float:
        """Return where the convex sum of |x - loc|^shape is least, shape > 1: the zero of its derivative."""

        def slope(loc: float) -> float:
            return -pull(self.x, self.weight, loc, 1.0 / max(self.ends[1] - loc, loc - self.ends[0]), shape - 1.0)

        tolerance = TOLERANCE * (self.ends[1] - self.ends[0])
        found = _zero(slope, self.loc, self.step, 4.0, *self.ends, tolerance)
        self.step = max(2.0 * abs(found - self.loc), 10.0 * tolerance)  # the next one will not be farther
        return found

    def _best_row(self, shape: float) -> float:
        """Return where the sum of |x - loc|^shape is least, shape < 1: it is concave between rows, so at one of them.

        Branch and bound: between two rows the sum over all others is concave, so at least the less of its values there.
        """
        if self._ascending is None:
            values, place = np.unique(self.x, return_inverse=True)
            self._ascending = values, np.bincount(place, self.weight).astype(float)
        x, weight = self._ascending
        inverse = 1.0 / (x[-1] - x[0])
        known: dict[int, float] = {}

        def at(k: int) -> float:
            if k not in known:
                known[k] = power_sum(x, weight, x[k], inverse, shape)
            return known[k]

        def bound(low: int, high: int) -> float:
            between = slice(low + 1, high)
            inside = [power_sum(x[between], weight[between], x[k], inverse, shape) for k in (low, high)]
            return min(at(low) - inside[0], at(high) - inside[1])

        at(min(int(np.searchsorted(x, self.loc)), len(x) - 1))
        intervals = [(0, len(x) - 1)]
        while intervals:
            least = min(at(k) for k in {end for interval in intervals for end in interval} | set(known))
            split: list[tuple[int, int]] = []
            for low, high in intervals:
                if high - low > 1 and bound(low, high) < least:
                    cuts = sorted({low + (high - low) * part // SPLITS for part in range(SPLITS + 1)})
                    split += list(zip(cuts[:-1], cuts[1:], strict=True))
            intervals = split
        return float(x[min(known, key=lambda k: (known[k], k))])


def _zero(
    function: Callable[[float], float],
    start: float,
    step: float,
    growth: float,
    low: float,
    high: float,
    tolerance: float,
) -> float:
    """Return where a function changes sign from minus to plus, looking outwards from a start; or the end reached."""
    from scipy.optimize import brentq  # deferred: a slow import

    value = function(start)
    if value == 0.0:
        return start
    down, step = value > 0.0, max(step, 4.0 * math.ulp(start))
    while True:
        other = max(start - step, low) if down else min(start + step, high)
        if other == start:
            return start
        there = function(other)
        if there == 0.0:
            return other
        if (there < 0.0) == down:
            break
        start, value, step = other, there, growth * step
    known = {start: value, other: there}  # a second look may see another sign where rounding is all there is
    return float(
        brentq(lambda at: known[at] if at in known else function(at), start, other, xtol=tolerance, rtol=1e-15)
    )


# ------------------------------------------------------------------------------------------------ the family


class GeneralizedNormal(Distribution):
    r"""Generalized normal: density :math:`\beta e^{-|z|^\beta} / (2 s \Gamma(1/\beta))`, :math:`z = (x - m)/s`.

    Parameters
    ----------
    loc : float, optional
        Location :math:`m`, the mean, median and mode, finite, in the unit of x.
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x.
    shape : float, optional
        Shape :math:`\beta` > 0: 1 is Laplace's distribution, 2 the normal (of standard deviation :math:`s/\sqrt2`);
        without end it becomes the uniform from loc - scale to loc + scale.

    Notes
    -----
    `fit` is the maximum-likelihood estimate. For a given shape > 1 the location is where a convex sum is least, for
    shape < 1 it is one of the rows, found by branch and bound, and for 1 the median; the scale has a closed form; the
    shape is the zero of the slope of the profile likelihood, the better of the next ones uphill from 2 and from 1000,
    between 0.1 and 1000. Rows more even than a uniform sample end at 1000; that is their maximum, not an error. Near
    shape 0 the likelihood of any data is without bound; the estimate is the maximum away from there. The density is not
    smooth at loc, and no finite set of sums over rows gives the location, so the family has no kernels, and works
    wherever the data fit in memory. Nadarajah (2005), "A generalized normal distribution".

    Examples
    --------
    >>> GeneralizedNormal(0.0, 1.0, 2.0).var.round(12)
    np.float64(0.5)
    """

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)
    shape: float = parameter(POSITIVE, limits=SHAPES)

    support = REAL
    slow = True
    estimator = "numerical, profile of the shape"

    @classmethod
    def from_mean_std(cls, mean: float, std: float, shape: float) -> Self:
        """Return the distribution with this mean, standard deviation and shape.

        Examples
        --------
        >>> GeneralizedNormal.from_mean_std(1.0, std=2.0, shape=2.0).std.round(12)
        np.float64(2.0)
        """
        mean, std = checked(cls, "mean", REAL, mean), checked(cls, "std", POSITIVE, std)
        shape = checked(cls, "shape", POSITIVE, shape)
        return cls(mean, std * math.exp((gammaln(1.0 / shape) - gammaln(3.0 / shape)) / 2.0), shape)

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,); NaN where x is NaN."""
        self.require_known("give a density")
        rows = np.ascontiguousarray(self._as_rows(x)[:, 0])
        constant = -math.log(2.0) - math.log(self.scale) - gammaln(1.0 + 1.0 / self.shape)
        out = np.full(len(rows), constant)
        subtract_powers(rows, self.loc, 1.0 / self.scale, self.shape, out)
        return out if np.ndim(x) else out[0]

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum with a scale of at least ``floor * scale``, and ("scale",) if it is held there."""
        loc = self.loc if "loc" in self.frozen else None
        width = self.scale if "scale" in self.frozen else None
        profile = _Profile(np.ascontiguousarray(rows[:, 0]), weight, loc, width, self.loc, floor * scale[0])
        shape = 2.0 if self.shape is None else self.shape
        if "shape" not in self.frozen:
            low, high = min(SHAPES[0], shape), max(SHAPES[1], shape)
            ends = math.log(low), math.log(high)
            shapes = []
            for start in (math.log(shape), ends[1]):  # even rows have a second maximum, near the uniform
                found = _zero(lambda u: -profile.slope(math.exp(u)), start, STEP, 1.0, *ends, TOLERANCE)
                shapes.append(low if found == ends[0] else high if found == ends[1] else math.exp(found))
        else:
            shapes = [shape]
        candidates = []
        for shape in shapes:
            profile.slope(shape)
            candidates.append(self.with_values(loc=profile.loc, scale=profile.scale, shape=shape))
        fitted = max(candidates, key=lambda one: one.log_likelihood(rows[:, 0], weight))
        return fitted, ("scale",) if width is None and fitted.scale <= profile.least else ()

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        # |z|^shape is gamma(1/shape) = gamma(1 + 1/shape) U^shape, which does not underflow.
        size_of = rng.standard_gamma(1.0 + 1.0 / self.shape, size) ** (1.0 / self.shape)
        return self.loc + self.scale * size_of * rng.uniform(-1.0, 1.0, size)

    @property
    def mean(self) -> float:
        """Expectation, loc."""
        self.require_known("give a mean", ("loc",))
        return self.loc

    @property
    def var(self) -> float:
        """Variance, scale^2 gamma(3/shape) / gamma(1/shape)."""
        self.require_known("give a variance", ("scale", "shape"))
        return self.scale * self.scale * np.exp(gammaln(3.0 / self.shape) - gammaln(1.0 / self.shape))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        z = (np.asarray(x, dtype=float) - self.loc) / self.scale
        with np.errstate(over="ignore", under="ignore"):
            power = np.abs(z) ** self.shape
            tail = 0.5 * gammaincc(1.0 / self.shape, power)
        # The gamma function's argument may underflow where z is anything but small: there the density is constant.
        tail = np.where(power < FLAT, 0.5 - 0.5 * np.abs(z) / math.gamma(1.0 + 1.0 / self.shape), tail)
        return np.where(z > 0, 1.0 - tail, tail)[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        z = gammainccinv(1.0 / self.shape, 2.0 * np.minimum(q, 1.0 - q)) ** (1.0 / self.shape)
        flat = np.abs(1.0 - 2.0 * q) * math.gamma(1.0 + 1.0 / self.shape)
        with np.errstate(over="ignore", under="ignore"):
            z = np.where(flat**self.shape < FLAT, flat, z)
        return np.where((q >= 0) & (q <= 1), self.loc + self.scale * np.where(q > 0.5, z, -z), np.nan)[()]
