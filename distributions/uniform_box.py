"""The uniform distribution on a box in several columns, whose sides follow the columns or any orthogonal axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .conditioning import Places, others
from .data import Array, Mask, as_observations
from .domains import REAL, REAL_VECTOR, Domain
from .errors import InvalidParameterError, UnknownParameterError
from .imputation import refuse_categories
from .kernels import Kernels, compiled, kernel
from .multivariate_normal import ROUNDING as THINNEST
from .uniform import Uniform, accumulate, update

ROUNDING = 4.0 * np.finfo(float).eps  # of a coordinate along an axis, relative to the row's size, for each column

# theta is low (d), high (d) and, where the box is turned, the axes (d x d).


@compiled
def add_log_densities(X, theta, of_missing, out):
    """Add -sum_j log(high_j - low_j); -inf outside, ``of_missing`` for NaN."""
    d = X.shape[0]
    for j in range(d):
        low, high = theta[j], theta[d + j]
        constant = -math.log(high - low)
        for i in range(out.size):
            x = X[j, i]
            out[i] += -math.inf if x < low or x > high else (constant if x == x else of_missing)


@kernel
def log_pdf(X, theta, out):
    """Add the log density of each row; NaN where a cell is NaN."""
    add_log_densities(X, theta, math.nan, out)


@kernel
def log_pdf_missing(X, theta, out):
    """Add the log densities of the observed cells of each row."""
    add_log_densities(X, theta, 0.0, out)


@kernel
def log_pdf_turned(X, theta, out):
    """Add -sum_k log(high_k - low_k); a row is inside a box along other axes where it is so but for rounding."""
    d, m = X.shape
    axes, y, slack = theta[2 * d :].reshape(d, d), np.empty(m), np.zeros(m)
    for j in range(d):
        for i in range(m):
            slack[i] += d * ROUNDING * abs(X[j, i])
    for k in range(d):
        low, high = theta[k], theta[d + k]
        constant = -math.log(high - low)
        y[:] = 0.0
        for j in range(d):
            for i in range(m):
                y[i] += axes[j, k] * X[j, i]
        for i in range(m):
            inside = constant if slack[i] < math.inf else -slack[i]  # -inf where x is infinite, NaN for NaN
            out[i] += -math.inf if y[i] < low - slack[i] or y[i] > high + slack[i] else inside


@dataclass(frozen=True)
class Box(Domain):
    """Rows between two ends in each direction, some of which may be infinite."""

    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    axes: tuple[tuple[float, ...], ...] | None = None  # None: the columns themselves

    @property
    def is_location(self) -> bool:
        """A box stays where it is."""
        return False

    def holds(self, rows: Array) -> Mask:
        """Which rows, shape (n, d), lie in the box."""
        y, slack = rows, np.zeros((len(rows), 1))
        if self.axes is not None:
            y, slack = rows @ np.array(self.axes), rows.shape[1] * ROUNDING * np.abs(rows).sum(axis=1, keepdims=True)
        inside: Mask = np.all(np.isfinite(rows) & (y >= self.lows - slack) & (y <= self.highs + slack), axis=1)
        return inside


class UniformBox(Distribution):
    r"""Uniform distribution on a box: density :math:`1 / \prod_j (b_j - a_j)` for :math:`a_j \le x_j \le b_j`.

    Parameters
    ----------
    low, high : array_like, shape (d,), optional
        Ends :math:`a_j < b_j`, finite, in the units of the columns.
    axes : array_like, shape (d, d), optional
        Directions of the sides, the columns of an orthogonal matrix :math:`A`: then x is inside where :math:`A'x` is
        between the ends. By default the columns of the data. They are never fitted.

    Notes
    -----
    `fit` is the maximum-likelihood estimate for the given axes, the smallest box that holds all rows of positive
    weight. In a mixture it stays as it starts, see `Uniform`.

    Frozen, as `over` makes it, the box is the noise component of Banfield & Raftery (1993), "Model-based Gaussian and
    non-Gaussian clustering", and Fraley & Raftery (2002), "Model-based clustering, discriminant analysis, and density
    estimation": a uniform background that takes the rows which belong to no cluster. Then it is compiled, and a box
    along the columns leaves out missing cells. A box along other axes cannot.

    Examples
    --------
    >>> UniformBox().fit([[0.0, 5.0], [1.0, 1.0], [2.0, 9.0]])
    UniformBox(low=[0.0, 1.0], high=[2.0, 9.0])
    """

    low: Array = parameter(REAL_VECTOR, power=1)
    high: Array = parameter(REAL_VECTOR, power=1)
    axes: Array | None = field(default=None)

    n_statistics = 1
    estimator = "closed form, least and greatest row"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.axes is not None:
            object.__setattr__(self, "axes", _orthogonal(self.axes))
        sizes = {name: len(value) for name, value in self._given().items()}
        if len(set(sizes.values())) > 1:
            raise InvalidParameterError(f"UniformBox: parameters differ in their columns: {sizes}")
        if not self.unknown and not np.all(self.low < self.high):
            raise InvalidParameterError(
                f"UniformBox: low must be below high in each column; got low={self.low.tolist()}, "
                f"high={self.high.tolist()}"
            )

    def _given(self) -> dict[str, Array]:
        values = {"low": self.low, "high": self.high, "axes": self.axes}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def over(cls, data: npt.ArrayLike) -> Self:
        """Return the smaller of two boxes that hold the data: along the columns, or along principal axes. Frozen.

        This is the hypervolume of R's mclust. Where cells are missing, or the data vary in too few directions for
        the second, it is the first.

        Parameters
        ----------
        data : array_like, shape (n, d)

        Raises
        ------
        InvalidDataError
            If a cell is infinite, or a row has no cell.
        InvalidParameterError
            If a column is constant.

        Examples
        --------
        >>> box = UniformBox.over([[0.0, 0.0], [3.0, 3.0], [1.0, 2.0], [2.0, 1.0]])
        >>> box.pdf([[1.5, 1.5], [3.0, 0.0]]).round(6)
        array([0.166667, 0.      ])
        """
        observed = as_observations(data, None, None, cls.__name__, missing=True)
        rows, summary, has_missing = observed.rows, observed.summary, observed.has_missing
        low, high = summary.low, summary.high
        box = cls(low, high)
        if not has_missing and len(low) > 1:
            unit = np.max(high - low)
            axes = _principal_axes((rows - summary.centre) / unit)
            y = rows @ axes
            width = y.max(axis=0) - y.min(axis=0)
            real = width / unit > THINNEST * np.sqrt(((high - low) / unit) ** 2 @ axes**2)
            if real.all() and np.log(width).sum() < np.log(high - low).sum():
                box = cls(y.min(axis=0), y.max(axis=0), axes)
        return box.freeze()

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while nothing is given."""
        return next(map(len, self._given().values()), None)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: d for each end that is not frozen."""
        if self.n_columns is None:
            raise UnknownParameterError(f"{self!r} cannot count its parameters: fit it first, d is unknown.")
        return self.n_columns * (2 - len(self.frozen))

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """All rows while both ends are free; frozen ends narrow it."""
        if not self.frozen:
            return REAL
        low, high = self._ends()
        shown = f"in the box from {low.tolist()} to {high.tolist()}"
        return Box(
            f"{shown} along the columns of axes" if self.axes is not None else shown,
            low=-math.inf if self.axes is not None else float(low.min()),
            high=math.inf if self.axes is not None else float(high.max()),
            lows=tuple(low.tolist()),
            highs=tuple(high.tolist()),
            axes=None if self.axes is None else tuple(map(tuple, self.axes.tolist())),
        )

    def _ends(self) -> tuple[Array, Array]:
        """Return the frozen ends, infinite where they are free."""
        return tuple(  # type: ignore[return-value]
            getattr(self, name) if name in self.frozen else np.full(self.n_columns or 1, free)
            for name, free in (("low", -math.inf), ("high", math.inf))
        )

    @property
    def kernels(self) -> Kernels | None:  # type: ignore[override]
        """The compiled kernels where both ends are frozen, else None."""
        return self._kernels if len(self.frozen) == 2 else None

    @property
    def _kernels(self) -> Kernels:
        return Kernels(log_pdf if self.axes is None else log_pdf_turned, accumulate, update)

    def kernels_for(self, rows: Array) -> Kernels:
        """Return the kernels that can read these rows, for a density, which needs no frozen ends, too."""
        return super().kernels_for(rows) if self.kernels else self._kernels

    @property
    def missing_kernels(self) -> Kernels | None:  # type: ignore[override]
        """The kernels for rows with missing cells, of a frozen box along the columns."""
        return Kernels(log_pdf_missing, accumulate, update) if self.kernels and self.axes is None else None

    def covers(self, rows: Array) -> Mask:
        """Which rows, shape (n, d), lie in the support; missing cells are left out where the box can do so."""
        missing = np.isnan(rows)
        if not self.marginalises or not missing.any():
            return self.support.holds(rows)
        inside: Mask = self.support.holds(np.where(missing, self.low, rows)) & ~missing.all(axis=1)
        return inside

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Set free ends to the smallest and greatest coordinates, at least a floor apart; see the base."""
        free = tuple(name for name in ("low", "high") if name not in self.frozen)
        if not free:
            return self, ()
        y = rows if self.axes is None else rows @ self.axes
        low = y.min(axis=0) if "low" in free else self.low
        high = y.max(axis=0) if "high" in free else self.high
        width = scale if self.axes is None else np.sqrt(scale**2 @ self.axes**2)
        missing = np.maximum(floor * width, 4.0 * np.spacing(np.abs(low))) - (high - low)
        short = missing > 0.0
        ends = {
            "low": np.where(short, low - missing / len(free), low),
            "high": np.where(short, high + missing / len(free), high),
        }
        values = {"low": low, "high": high} | {name: ends[name] for name in free}
        return self.with_values(**values), free if short.any() else ()

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown ends are those of the data, or a unit further."""
        y = rows if self.axes is None else rows @ self.axes
        low, high = y.min(axis=0), y.max(axis=0)
        unit = np.maximum(np.max(smallest), np.maximum(np.maximum(np.abs(low), np.abs(high)), 1.0))
        top = high if self.high is None else self.high
        low = np.where(low >= top, top - unit, low)
        bottom = low if self.low is None else self.low
        high = np.where(bottom >= high, bottom + unit, high)
        guess = {"low": low, "high": high}
        return self.with_values(**{name: guess[name] for name in self.unknown})

    def expected_cells(self, rows: Array, codes: Sequence[Array | None]) -> Array:
        """Return the middle for each row: columns of a box along them do not depend on each other."""
        refuse_categories(type(self).__name__, codes)
        return np.tile(self.mean, (len(rows), 1))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows, shape (size, d)."""
        self.require_known("be sampled")
        rows = np.random.default_rng(rng).uniform(self.low, self.high, (size, len(self.low)))
        return rows if self.axes is None else rows @ self.axes.T

    @property
    def mean(self) -> Array:
        """Expectation, the middle, shape (d,)."""
        self.require_known("give a mean")
        middle = self.low + 0.5 * (self.high - self.low)
        return middle if self.axes is None else self.axes @ middle

    @property
    def var(self) -> Array:
        """Variances of the columns, shape (d,)."""
        self.require_known("give a variance")
        squares = (self.high - self.low) ** 2 / 12.0
        return squares if self.axes is None else self.axes**2 @ squares

    @property
    def cov(self) -> Array:
        """Covariance of the columns, shape (d, d)."""
        self.require_known("give a covariance")
        squares = np.diag((self.high - self.low) ** 2 / 12.0)
        return squares if self.axes is None else self.axes @ squares @ self.axes.T

    def marginal_at(self, places: Places) -> Distribution:
        """Return the uniform distribution of some columns, if the sides are along the columns."""
        if self.axes is not None:
            return super().marginal_at(places)
        low, high = self.low[places], self.high[places]
        return Uniform(low[0], high[0]) if len(places) == 1 else UniformBox(low, high)

    def conditional_at(self, places: Places, values: Array) -> Distribution:
        """Return the uniform distribution of the other columns, which do not depend on these."""
        return self.marginal_at(others(places, len(self.low)))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x); of one column only."""
        return self._one_column().cdf(x) if self.n_columns == 1 else super().cdf(x)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q; of one column only."""
        return self._one_column().ppf(q) if self.n_columns == 1 else super().ppf(q)

    def _one_column(self) -> Uniform:
        self.require_known("give a probability")
        if self.axes is not None and self.axes[0, 0] < 0.0:
            return Uniform(-self.high[0], -self.low[0])
        return Uniform(self.low[0], self.high[0])

    @property
    def constants(self) -> tuple[float, ...]:
        """The axes of a turned box."""
        return () if self.axes is None else tuple(self.axes.ravel().tolist())


def _orthogonal(axes: Any) -> Array:
    """Return axes as a read-only orthogonal matrix, to the last bits that rounding allows.

    Raises
    ------
    InvalidParameterError
        If they are not at right angles to each other, or not of length one.
    """
    try:
        matrix = np.array(axes, dtype=float) + 0.0
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
            raise ValueError
        error = np.abs(matrix.T @ matrix - np.eye(len(matrix))).max()
        if not error <= 1e-8:
            raise ValueError
    except (TypeError, ValueError):
        raise InvalidParameterError(
            f"UniformBox: axes must be an orthogonal matrix, shape (d, d), or None; got {axes!r}"
        ) from None
    if error > 1e-14 * len(matrix):  # orthogonal axes come back to the bit
        left, _, right = np.linalg.svd(matrix)
        matrix = left @ right
    matrix.flags.writeable = False
    return matrix


def _principal_axes(centred: Array) -> Array:
    """Return the directions in which centred rows, shape (n, d), vary most, next, ..., as columns, shape (d, d)."""
    vectors = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[largest, np.arange(len(vectors))])
