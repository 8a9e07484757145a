"""The kernel density: any smooth shape, one small normal density about each point of the data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from .base import Distribution, Rng, parameter
from .data import Array, as_observations, centre_and_scale
from .domains import POSITIVE, REAL, SIMPLEX, Domain
from .errors import DegenerateDataError, InvalidParameterError
from .kernels import compiled
from .special import exp_of_difference

LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
CHUNK = 512  # points at a time: their distances from a row stay in the first-level cache
BLOCK = 256  # rows at a time where NumPy works on rows x points
FEW = 512  # rows that find the region of the best bandwidth; all rows find the bandwidth itself
LEVEL = math.log(2.0)  # between the bandwidths that are tried for it
STEPS = 100
FAR = 1e100  # stands for any exponent so large that e^-u is 0
FAINT = 1e-250


@dataclass(frozen=True)
class Points(Domain):
    """Tables of at least two points: shape (m,) for one column, else (m, d)."""

    text: str = "at least two points of finite numbers, shape (m,) or (m, d)"

    def check(self, value: Any) -> Array:
        """Return a read-only copy; a table of one column becomes a vector."""
        value = np.array(value, dtype=float) + 0.0
        if value.ndim == 2 and value.shape[1] == 1:
            value = value[:, 0].copy()
        if value.ndim not in (1, 2) or len(value) < 2 or value.size == 0 or not np.all(np.isfinite(value)):
            raise ValueError
        value.flags.writeable = False
        return value

    def first_value(self, centre: Array, scale: Array, power: int) -> Array:
        """Return two points, one deviation to both sides of the centre."""
        return np.stack([centre - scale, centre + scale])

    def random(self, rng: np.random.Generator, n_columns: int) -> Array:
        """Return some random points."""
        return rng.normal(0.0, 5.0, (12, n_columns))


POINTS = Points()


@compiled
def log_sums(rows, points, log_proportions, out):
    """Fill ``out`` with log sum_j p_j exp(-|row - point_j|^2 / 2); rows (n, d), points (d, m)."""
    d, m = points.shape
    part = np.empty(CHUNK)
    for i in range(rows.shape[0]):
        peak, total = -math.inf, 0.0
        for start in range(0, m, CHUNK):
            size = min(CHUNK, m - start)
            for j in range(size):
                part[j] = log_proportions[start + j]
            for c in range(d):
                x, column = rows[i, c], points[c, start : start + size]
                for j in range(size):
                    z = x - column[j]
                    part[j] -= 0.5 * z * z
            top = -math.inf
            for j in range(size):
                top = max(top, part[j])
            if top > peak:
                total *= math.exp(peak - top)
                peak = top
            if peak > -math.inf:
                added = 0.0
                for j in range(size):
                    added += exp_of_difference(part[j] - peak)
                total += added
        out[i] = peak + math.log(total)


@compiled
def distances(row, points, out):
    """Fill ``out``, shape (m,), with squared distances of one row."""
    out[:] = 0.0
    for c in range(points.shape[0]):
        x, column = row[c], points[c]
        for j in range(out.size):
            z = x - column[j]
            out[j] += z * z


@compiled
def least(square):
    """Return the least squared distance that is not zero."""
    nearest = math.inf
    for j in range(square.size):
        nearest = min(nearest, square[j] if square[j] > 0.0 else math.inf)
    return nearest


@compiled
def kernel_sums(square, proportions, half_precision, shift):
    """Return sums over other points: of p, and of p e^-u, p e^-u u, p e^-u u^2, u = (square - shift) half_precision."""
    mass, total, first, second = 0.0, 0.0, 0.0, 0.0
    for j in range(square.size):
        u = min(max((square[j] - shift) * half_precision, 0.0), FAR)
        p = proportions[j] if square[j] > 0.0 else 0.0
        e = p * exp_of_difference(-u)
        mass += p
        total += e
        first += e * u
        second += e * u * u
    return mass, total, first, second


@compiled
def spans(rows, weight, points, proportions):
    """Return bounds of the squared bandwidth: mean squares of the nearest distances, and of all."""
    nearest_sum, sum_of_all = 0.0, 0.0
    square = np.empty(points.shape[1])
    for i in range(rows.shape[0]):
        distances(rows[i], points, square)
        nearest = least(square)
        if nearest < math.inf:
            mass, total = 0.0, 0.0
            for j in range(square.size):
                mass += proportions[j] if square[j] > 0.0 else 0.0
                total += proportions[j] * square[j]
            nearest_sum += weight[i] * nearest
            sum_of_all += weight[i] * (total / mass)
    d = points.shape[0]
    return nearest_sum / d, sum_of_all / d


@compiled
def held_out(rows, weight, points, proportions, log_bandwidth):
    """Return the log-likelihood of rows under kernels at all points but those equal to the row, and two derivatives.

    Parameters
    ----------
    rows : ndarray, shape (n, d)
    weight : ndarray, shape (n,)
    points : ndarray, shape (d, m)
    proportions : ndarray, shape (m,)
    log_bandwidth : float
        What the derivatives are with respect to.
    """
    d, m = points.shape
    half_precision = 0.5 * math.exp(-2.0 * log_bandwidth)
    value, slope, curvature = 0.0, 0.0, 0.0
    square = np.empty(m)
    for i in range(rows.shape[0]):
        distances(rows[i], points, square)
        shift = 0.0
        mass, total, first, second = kernel_sums(square, proportions, half_precision, shift)
        if total < FAINT:  # far from all points: what counts is relative to the nearest
            shift = least(square)
            if shift == math.inf:
                continue
            mass, total, first, second = kernel_sums(square, proportions, half_precision, shift)
        first /= total
        squares = 2.0 * (first + shift * half_precision)  # mean of the squared distances in bandwidths
        value += weight[i] * (math.log(total / mass) - shift * half_precision - d * log_bandwidth)
        slope += weight[i] * (squares - d)
        curvature += weight[i] * (4.0 * (second / total - first * first) - 2.0 * squares)
    return value, slope, curvature


class KernelDensity(Distribution):
    r"""Kernel density: :math:`\sum_j p_j \prod_c \varphi((x_c - y_{jc}) / h s_c) / h s_c` with points :math:`y_j`.

    Parameters
    ----------
    points : array_like, shape (m,) or (m, d), optional
        Points :math:`y_j`, in the units of the columns; after `fit`, the different rows of the data.
    bandwidth : float, optional
        Bandwidth :math:`h` > 0, in standard deviations :math:`s_c` of the columns of the points, a pure number.
    weights : array_like, shape (m,), optional
        Proportions :math:`p_j` >= 0 of sum one; None for equal ones.

    Attributes
    ----------
    widths : ndarray, shape (d,)
        Standard deviations of the kernel, :math:`h s_c`, in the units of the columns.

    Notes
    -----
    `fit` puts the points on the data, and chooses the bandwidth that is most likely where each row is judged by the
    points that differ from it: cross-validation that leaves out one value (not one row: repeated and rounded values
    would draw the bandwidth to zero). Duin, IEEE Transactions on Computers 25 (1976); Silverman, Density Estimation
    (1986), section 3.4.4. It is no maximum of the likelihood, which has none: kernels that shrink onto the data would
    raise it without end. Hence EM with such a component need not climb with every update, and ends where it
    would fall; and the component can take over what a plainer one would explain. Tails much heavier than the normal's
    widen the bandwidth: freeze it there, ``KernelDensity(bandwidth=0.2).freeze("bandwidth")``.

    `n_parameters` counts the bandwidth, and for the points the number of parameters that they are worth: the sum of
    the shares that rows have in their own density, rounded. By it the likelihood of the fitted data exceeds, to
    first order, the cross-validated one (Loader, Local Regression and Likelihood, 1999, section 5.4), so AIC and
    BIC mean what they mean elsewhere.

    Time grows with rows x points, memory with their sum.

    Examples
    --------
    >>> kde = KernelDensity().fit([0.0, 1.0, 1.5, 4.0])
    >>> print(f"{kde.bandwidth:.3f}  {kde.cdf(1.0):.3f}")
    1.319  0.414
    """

    points: Array = parameter(POINTS, power=1)
    bandwidth: float = parameter(POSITIVE)
    weights: Array | None = field(default=None)

    support = REAL
    estimator = "numerical, cross-validation"
    slow = True
    maximises = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.points is None:
            object.__setattr__(self, "weights", None)  # they belong to the points
            return
        if self.weights is not None:
            try:
                weights = SIMPLEX.check(self.weights)
                if len(weights) != len(self.points):
                    raise ValueError
            except (TypeError, ValueError):
                raise InvalidParameterError(
                    f"KernelDensity: weights must be numbers >= 0 of sum one, one for each of {len(self.points)} "
                    f"points; got {self.weights!r}"
                ) from None
            object.__setattr__(self, "weights", weights)
        spread = self._spread()
        if not np.all(spread > 0):
            raise InvalidParameterError("KernelDensity: points must differ in every column")
        if not np.isfinite(spread).all():
            raise InvalidParameterError(
                "KernelDensity: points are so large that their squares overflow. Change the unit of x."
            )

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while the points are unknown."""
        return None if self.points is None else self._table.shape[1]

    @property
    def widths(self) -> Array:
        """Standard deviations of the kernel, shape (d,)."""
        self.require_known("give widths")
        return self.bandwidth * self._spread()

    @property
    def n_parameters(self) -> int:
        """Number of parameters that the points are worth, and one for the bandwidth; frozen ones do not count."""
        in_points = 0
        if "points" not in self.frozen:
            self.require_known("count its parameters")
            with np.errstate(divide="ignore"):  # a point without weight is worth nothing
                logs = np.log(self._proportions)
            own = logs - np.sum(np.log(self.widths)) - len(self.widths) * LOG_SQRT_2PI
            share = np.exp(own - self.log_pdf(self.points))
            in_points = max(1, round(float(np.sum(share))))
        return in_points + ("bandwidth" not in self.frozen)

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,)."""
        self.require_known("give a density")
        rows = self._as_rows(x)
        widths, origin = self.widths, self._table[0]
        out = np.full(len(rows), -np.inf)
        finite = np.isfinite(rows).all(axis=1)
        with np.errstate(divide="ignore"):
            logs = np.log(self._proportions) - np.sum(np.log(widths)) - len(widths) * LOG_SQRT_2PI
        found = np.empty(int(finite.sum()))
        points = np.ascontiguousarray(((self._table - origin) / widths).T)
        log_sums((rows[finite] - origin) / widths, points, logs, found)
        out[finite], out[np.isnan(rows).any(axis=1)] = found, np.nan
        return out if np.ndim(x) else out[0]

    def fit(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Return the kernel density of the rows, its bandwidth chosen by cross-validation; frozen values kept.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d)
        sample_weight : array_like, shape (n,), optional
            Weights w_i >= 0.

        Raises
        ------
        InvalidDataError
            If rows or weights are malformed.
        DegenerateDataError
            If a column is constant.
        """
        data = as_observations(x, sample_weight, self.n_columns, "KernelDensity")
        rows, weight = _merge(data.rows, data.weight)
        fitted = self
        if "points" not in self.frozen:
            equal = None if np.ptp(weight) == 0 else weight / weight.sum()
            if len(rows) < 2 or np.any(np.ptp(rows, axis=0) <= 1e-14 * np.abs(rows).max(axis=0)):
                raise DegenerateDataError(
                    f"KernelDensity: these {len(data.rows)} rows are constant (in a column, at least): the kernels "
                    "have no width. Pass more varied data."
                )
            fitted = self.with_values(points=rows, weights=equal)
        if "bandwidth" in self.frozen:
            return fitted
        return fitted.with_values(bandwidth=fitted._choose_bandwidth(rows, weight))

    def _choose_bandwidth(self, rows: Array, weight: Array) -> float:
        """Return the bandwidth under which rows, judged by the points that differ from them, are most likely."""
        spread, origin, proportions = self._spread(), self._table[0], self._proportions
        rows, points = (rows - origin) / spread, np.ascontiguousarray(((self._table - origin) / spread).T)
        weight = weight / weight.sum()
        few = np.unique(np.linspace(0, len(rows) - 1, FEW).astype(int))
        # At a maximum the squared bandwidth is a weighted mean of squared distances, more of near ones than of far.
        low, high = spans(rows[few], weight[few], points, proportions)
        share = float(weight[few].sum())
        if not high > 0.0:
            raise DegenerateDataError(
                "KernelDensity: all rows equal the only point, which tells nothing of the bandwidth. Freeze it."
            )
        low, high = 0.5 * math.log(low / share), 0.5 * math.log(high / share)
        levels = np.linspace(low, high, 2 + int((high - low) / LEVEL))
        values = [held_out(rows[few], weight[few], points, proportions, level)[0] for level in levels]
        at = int(np.argmax(values))
        t, low, high = levels[at], -math.inf, math.inf
        if self.bandwidth is not None and abs(math.log(self.bandwidth) - t) <= 2.0 * LEVEL:
            t = math.log(self.bandwidth)  # in the same region, and nearer
        for _ in range(STEPS):
            _, slope, curvature = held_out(rows, weight, points, proportions, t)
            low, high = (t, high) if slope > 0.0 else (low, t)
            # Newton's step, or where the curve bends upwards the one of the fixed point, which always climbs.
            step = -slope / curvature if curvature < 0.0 else 0.5 * math.log1p(slope / len(points))
            moved = t + min(max(step, -1.0), 1.0)
            if not low < moved < high and abs(step) > 1e-6:
                moved = (max(low, t - 1.0) + min(high, t + 1.0)) / 2
            t, step = moved, moved - t
            if abs(step) <= 1e-6:  # the next step would be its square
                break
        return math.exp(t)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows, shape (size,) or (size, d)."""
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        table = self._table
        rows = table[rng.choice(len(table), size, p=self._proportions)]
        rows = rows + self.widths * rng.standard_normal(rows.shape)
        return rows[:, 0] if table.shape[1] == 1 else rows

    @property
    def mean(self) -> Any:
        """Expectation, the weighted mean of the points: a number, or shape (d,)."""
        self.require_known("give a mean", ("points",))
        mean = centre_and_scale(self._table, self.weights)[0]
        return mean if len(mean) > 1 else float(mean[0])

    @property
    def var(self) -> Any:
        """Variance, (1 + bandwidth^2) times that of the points: a number, or shape (d,)."""
        self.require_known("give a variance")
        var = (1.0 + self.bandwidth**2) * self._spread() ** 2
        return var if len(var) > 1 else float(var[0])

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x); one column only."""
        self.require_known("give a probability")
        if self.n_columns != 1:
            return super().cdf(x)
        x = np.asarray(x, dtype=float)
        points, width, flat = self._table[:, 0], self.widths[0], x.ravel()
        out = np.empty(flat.shape)
        for start in range(0, len(flat), BLOCK):
            block = slice(start, start + BLOCK)
            out[block] = ndtr((flat[block, np.newaxis] - points) / width) @ self._proportions
        return np.where(flat == np.inf, 1.0, np.minimum(out, 1.0)).reshape(x.shape)[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q; one column only."""
        self.require_known("give a quantile")
        if self.n_columns != 1:
            return super().ppf(q)
        q = np.asarray(q, dtype=float)
        points, width, flat = self._table[:, 0], self.widths[0], q.ravel()
        present = points[self._proportions > 0]
        with np.errstate(invalid="ignore"):
            reach = width * ndtri(np.where((flat >= 0) & (flat <= 1), flat, np.nan))
        # Every kernel has its quantile between those of the outermost ones, so their mixture has.
        low, high = present.min() + reach, present.max() + reach
        with np.errstate(invalid="ignore"):
            at = np.where(np.isinf(reach), reach, low + (high - low) / 2)
        open_ = np.flatnonzero(np.isfinite(reach))
        for _ in range(STEPS):
            if not len(open_):
                break
            t, wanted = at[open_], flat[open_]
            excess = self.cdf(t) - wanted
            low[open_], high[open_] = np.where(excess < 0, t, low[open_]), np.where(excess < 0, high[open_], t)
            with np.errstate(all="ignore"):
                # In a tail the logarithm of the probability is nearer to a line than the probability.
                moved = t - (wanted + excess) / self.pdf(t) * np.log1p(excess / wanted)
            inner = (moved > low[open_]) & (moved < high[open_])
            at[open_] = np.where(inner, moved, low[open_] + (high[open_] - low[open_]) / 2)
            open_ = open_[np.abs(at[open_] - t) > 2e-16 * np.maximum(np.abs(t), width)]
        return at.reshape(q.shape)[()]

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with the rows as points and the bandwidth of Scott's rule where these are unknown."""
        merged, mass = _merge(rows, weight)
        guess = self
        if self.points is None:
            centre, scale = centre_and_scale(rows, weight)
            if len(merged) < 2 or np.any(np.ptp(merged, axis=0) == 0):
                guess = self.with_values(points=POINTS.first_value(centre, scale, 1))
            else:
                guess = self.with_values(points=merged, weights=None if np.ptp(mass) == 0 else mass / mass.sum())
        if self.bandwidth is None:
            n = mass.sum() ** 2 / np.sum(mass**2)
            guess = guess.with_values(bandwidth=float(n ** (-1.0 / (rows.shape[1] + 4))))
        return guess

    @property
    def _table(self) -> Array:
        """Return the points, shape (m, d)."""
        return self.points.reshape(len(self.points), -1)

    @property
    def _proportions(self) -> Array:
        return np.full(len(self.points), 1.0 / len(self.points)) if self.weights is None else np.array(self.weights)

    def _spread(self) -> Array:
        """Return the standard deviations of the points' columns, shape (d,)."""
        table = self._table
        centre = np.average(table, axis=0, weights=self.weights)
        with np.errstate(over="ignore"):
            return np.sqrt(np.average((table - centre) ** 2, axis=0, weights=self.weights))


def _merge(rows: Array, weight: Array | None) -> tuple[Array, Array]:
    """Return the different rows, sorted, and the weight of each."""
    unique, inverse = np.unique(rows + 0.0, axis=0, return_inverse=True)
    return unique, np.bincount(inverse.ravel(), weights=weight, minlength=len(unique)).astype(float)
