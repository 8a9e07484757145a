"""Domains: where a parameter or an observation may lie.

A domain checks a value and says what it expected, gives a first value from the data, draws random values
for tests, and bounds the value in an update.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Coordinates in which any point is legal, see `coordinates`: on a line between ends, ..., and none.
LINE, PROPORTIONS, DIRECTION, COVARIANCE, HELD = range(5)
SUM_SLACK = 1e-6  # what rows of proportions may miss the sum one by: they may come in single precision


@dataclass(frozen=True)
class Domain:
    """A set of finite real numbers; the base of all domains.

    Attributes
    ----------
    text : str
        What a value must be, for messages.
    low, high : float
        Closed range; an open end is enforced by `contains`.
    low_open, high_open : bool
        Whether an end itself is outside.
    discrete : bool
        Separate values, whole numbers unless `values` says otherwise.
    periodic : bool
        Both ends are one point, as for an angle.
    """

    text: str = "a finite number"
    low: float = -np.inf
    high: float = np.inf
    low_open: bool = False
    high_open: bool = False
    discrete: bool = False
    periodic: bool = field(default=False, kw_only=True)

    @property
    def is_location(self) -> bool:
        """Whether the domain is the whole line, so that a parameter in units of x moves with the data."""
        return np.isinf(self.low) and np.isinf(self.high)

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the domain; an angle has none."""
        return (-np.inf, np.inf) if self.periodic else (self.low, self.high)

    @property
    def period(self) -> float:
        """The length after which values repeat, 0 where they do not."""
        return self.high - self.low if self.periodic else 0.0

    @property
    def coordinates(self) -> int:
        """In which coordinates values can be moved freely: separate values in none."""
        return HELD if self.discrete else LINE

    def contains(self, values: Any) -> npt.NDArray[np.bool_]:
        """Which of the values (any shape) lie in the domain; NaN does not."""
        values = np.asarray(values, dtype=float)
        inside = np.isfinite(values) & (values >= self.low) & (values <= self.high)
        if self.low_open:
            inside &= values > self.low
        if self.high_open:
            inside &= values < self.high
        return inside & (values == np.floor(values)) if self.discrete else inside

    def holds(self, rows: Array) -> npt.NDArray[np.bool_]:
        """Which rows, shape (n, d), lie in the domain; a domain of whole rows overrides it."""
        return np.all(self.contains(rows), axis=1)

    def holds_all(self, low: Array, high: Array) -> bool:
        """Whether all rows between these two, shape (d,), are sure to lie in the domain."""
        plain = type(self).holds is Domain.holds and type(self).contains is Domain.contains and not self.discrete
        return plain and bool(np.all(self.contains(low) & self.contains(high)))

    def values(self, low: float, high: float) -> Array:
        """Return the separate values of a discrete domain from ``low`` to ``high``, ascending."""
        return np.arange(np.ceil(max(low, self.low)), np.floor(min(high, self.high)) + 1.0)

    def meets(self, low: Array, high: Array) -> npt.NDArray[np.bool_]:
        """Which intervals low < x <= high, shape (m,), hold separate values of the domain, or a length of it."""
        if self.discrete:
            return np.floor(np.maximum(low, self.low - 1.0)) < np.floor(np.minimum(high, self.high))
        return np.maximum(low, self.low) < np.minimum(high, self.high)

    def n_free(self, value: Any) -> int:
        """Return the number of entries of a value that can be chosen freely."""
        return int(np.size(value))

    def project(self, value: Any) -> Any:
        """Return a legal value near one whose entries were moved one by one."""
        return value

    def check(self, value: Any) -> Any:
        """Return the value as stored (a float).

        Raises
        ------
        ValueError
            If it is not in the domain.
        TypeError
            If it is no number at all.
        """
        if isinstance(value, (bool, np.bool_, str)) or np.ndim(value) != 0:
            raise TypeError
        value = float(value) + 0.0  # minus zero is zero: equal values have one repr, one hash
        if not self.contains(value):
            raise ValueError
        return value

    def first_value(self, centre: Array, scale: Array, power: int) -> Any:
        """Return a value to start iterations from, for columns with these centres and scales, shape (d,)."""
        if self.is_location:
            value = centre[0] if power == 1 else 0.0
            return np.round(value) if self.discrete else value
        if np.isfinite(self.high - self.low):
            return (self.low + self.high) / 2
        with np.errstate(over="ignore"):
            return min(scale[0] ** power, np.finfo(float).max)

    def random(self, rng: np.random.Generator, n_columns: int) -> Any:
        """Return a random value at an everyday scale, never exactly one."""
        if self.is_location:
            value = rng.normal(0.0, 5.0)
            return float(np.round(value)) if self.discrete else value
        if np.isfinite(self.high - self.low):
            return float(self.low + (self.high - self.low) * rng.uniform(0.05, 0.95))
        start = self.low if np.isfinite(self.low) else 0.0
        return float(start + np.exp(rng.uniform(np.log(0.2), np.log(20.0))))


@dataclass(frozen=True)
class Points(Domain):
    """Separate numbers, whatever lies between them.

    Attributes
    ----------
    points : tuple of float
        The numbers, ascending.
    """

    discrete: bool = True
    points: tuple[float, ...] = ()

    @classmethod
    def of(cls, points: Array, text: str) -> Points:
        """Make the domain of ascending numbers."""
        return cls(text, low=float(points[0]), high=float(points[-1]), points=tuple(points.tolist()))

    def contains(self, values: Any) -> npt.NDArray[np.bool_]:
        """Which of the values (any shape) are among the points; NaN is not."""
        values, points = np.asarray(values, dtype=float), np.array(self.points)
        if np.array_equal(points, np.arange(points.size)):
            return super().contains(values)
        place = np.searchsorted(points, values)
        return points[np.minimum(place, points.size - 1)] == values

    def meets(self, low: Array, high: Array) -> npt.NDArray[np.bool_]:
        """Which intervals low < x <= high, shape (m,), hold points."""
        before, up_to = (np.searchsorted(self.points, ends, side="right") for ends in (low, high))
        return (low < high) & (before < up_to)

    def values(self, low: float, high: float) -> Array:
        """Return the points from ``low`` to ``high``."""
        points = np.array(self.points)
        return points[(points >= low) & (points <= high)]


@dataclass(frozen=True)
class Union(Domain):
    """All that lies in at least one of several domains: the support of a mixture.

    Attributes
    ----------
    domains : tuple of Domain
    """

    domains: tuple[Domain, ...] = ()

    @classmethod
    def of(cls, domains: Iterable[Domain], text: str) -> Domain:
        """Make the union; of one domain, or of several that are equal, it is that one."""
        distinct = tuple(dict.fromkeys(domains))
        if len(distinct) == 1:
            return distinct[0]
        return cls(
            text,
            low=min(domain.low for domain in distinct),
            high=max(domain.high for domain in distinct),
            discrete=all(domain.discrete for domain in distinct),
            domains=distinct,
        )

    def contains(self, values: Any) -> npt.NDArray[np.bool_]:
        """Which of the values (any shape) lie in one of the domains."""
        return np.any([domain.contains(values) for domain in self.domains], axis=0)

    def meets(self, low: Array, high: Array) -> npt.NDArray[np.bool_]:
        """Which intervals low < x <= high, shape (m,), hold values of one of the domains."""
        return np.any([domain.meets(low, high) for domain in self.domains], axis=0)

    def holds(self, rows: Array) -> npt.NDArray[np.bool_]:
        """Which rows, shape (n, d), lie in one of the domains."""
        return np.any([domain.holds(rows) for domain in self.domains], axis=0)

    def values(self, low: float, high: float) -> Array:
        """Return the separate values of all domains from ``low`` to ``high``."""
        return np.unique(np.concatenate([domain.values(low, high) for domain in self.domains]))


@dataclass(frozen=True)
class RealVector(Domain):
    """Vectors of d finite numbers."""

    text: str = "a vector of finite numbers, shape (d,)"

    def check(self, value: Any) -> Array:
        """Return a read-only copy."""
        value = np.array(value, dtype=float) + 0.0
        if value.ndim != 1 or value.size == 0 or not np.all(np.isfinite(value)):
            raise ValueError
        value.flags.writeable = False
        return value

    def first_value(self, centre: Array, scale: Array, power: int) -> Array:
        """Return the centre of the data."""
        return centre.copy()

    def random(self, rng: np.random.Generator, n_columns: int) -> Array:
        """Return a random vector."""
        return rng.normal(0.0, 5.0, n_columns)


@dataclass(frozen=True)
class PositiveVector(RealVector):
    """Vectors of d finite numbers > 0."""

    text: str = "a vector of finite numbers > 0, shape (d,)"
    low: float = 0.0
    low_open: bool = True

    def check(self, value: Any) -> Array:
        """Return a read-only copy."""
        value = super().check(value)
        if not np.all(value > 0.0):
            raise ValueError
        return value

    def first_value(self, centre: Array, scale: Array, power: int) -> Array:
        """Return ones, in the unit of the columns."""
        return scale**power

    def random(self, rng: np.random.Generator, n_columns: int) -> Array:
        """Return a random vector at an everyday scale."""
        return np.exp(rng.uniform(np.log(0.3), np.log(20.0), n_columns))


@dataclass(frozen=True)
class Probabilities(RealVector):
    """Vectors of d numbers from 0 to 1."""

    text: str = "a vector of numbers from 0 to 1, shape (d,)"
    low: float = 0.0
    high: float = 1.0

    def check(self, value: Any) -> Array:
        """Return a read-only copy."""
        value = super().check(value)
        if np.any((value < 0.0) | (value > 1.0)):
            raise ValueError
        return value

    def first_value(self, centre: Array, scale: Array, power: int) -> Array:
        """Return one half for each column."""
        return np.full(len(centre), 0.5)

    def random(self, rng: np.random.Generator, n_columns: int) -> Array:
        """Return a random vector."""
        return rng.uniform(0.05, 0.95, n_columns)


@dataclass(frozen=True)
class CountRows(Domain):
    """Rows of d whole numbers >= 0.

    Attributes
    ----------
    total : int or None
        Sum of each row; None for any.
    """

    text: str = "whole numbers >= 0"
    low: float = 0.0
    discrete: bool = True
    total: int | None = None

    @classmethod
    def of(cls, total: int | None) -> CountRows:
        """Make the domain of rows of this sum, None for any."""
        return cls() if total is None else cls(f"whole numbers >= 0 of sum {total}", high=float(total), total=total)

    def holds(self, rows: Array) -> npt.NDArray[np.bool_]:
        """Which rows, shape (n, d), lie in the domain."""
        whole = super().holds(rows)
        return whole if self.total is None else whole & (rows.sum(axis=1) == self.total)


@dataclass(frozen=True)
class Simplex(RealVector):
    """Vectors of d numbers >= 0 of sum one; as a support, rows of numbers > 0 of sum one."""

    text: str = "a vector of numbers >= 0 of sum one, shape (d,)"
    low: float = 0.0
    high: float = 1.0

    @property
    def coordinates(self) -> int:
        """Those of proportions."""
        return PROPORTIONS

    def check(self, value: Any) -> Array:
        """Return a read-only copy, scaled to sum one to the last bit that rounding allows."""
        value = super().check(value)
        total = float(value.sum())
        if np.any(value < 0.0) or abs(total - 1.0) > 1e-8:
            raise ValueError
        if abs(total - 1.0) > 4e-16 * len(value):  # proportions come back to the bit
            value = value / total
            value.flags.writeable = False
        return value

    def contains(self, values: Any) -> npt.NDArray[np.bool_]:
        """Which of the values (any shape) a row may hold."""
        values = np.asarray(values, dtype=float)
        return (values > 0.0) & (values <= 1.0 + SUM_SLACK)

    def holds(self, rows: Array) -> npt.NDArray[np.bool_]:
        """Which rows, shape (n, d), are finite, positive and sum to one within 1e-6 (single precision)."""
        inside: npt.NDArray[np.bool_] = super().holds(rows) & (np.abs(rows.sum(axis=1) - 1.0) <= SUM_SLACK)
        return inside

    def n_free(self, value: Any) -> int:
        """Return d - 1."""
        return int(np.size(value)) - 1

    def project(self, value: Any) -> Any:
        """Scale to sum one."""
        return value / np.sum(value)

    def first_value(self, centre: Array, scale: Array, power: int) -> Array:
        """Return the proportions of the columns' centres."""
        total = centre.sum()
        return centre / total if np.all(centre >= 0) and total > 0 else np.full(len(centre), 1.0 / len(centre))

    def random(self, rng: np.random.Generator, n_columns: int) -> Array:
        """Return a random vector of proportions."""
        return rng.dirichlet(np.full(n_columns, 2.0))


@dataclass(frozen=True)
class UnitVector(RealVector):
    """Vectors of length one: directions."""

    text: str = "a vector of length one, shape (d,)"
    low: float = -1.0
    high: float = 1.0

    @property
    def coordinates(self) -> int:
        """Those of directions."""
        return DIRECTION

    def check(self, value: Any) -> Array:
        """Return a read-only copy, scaled to length one to the last bit that rounding allows."""
        value = super().check(value)
        length = float(np.sqrt(np.sum(value**2)))
        if abs(length - 1.0) > 1e-8:
            raise ValueError
        if abs(length - 1.0) > 4e-16 * len(value):
            value = value / length
            value.flags.writeable = False
        return value

    def holds(self, rows: Array) -> npt.NDArray[np.bool_]:
        """Which rows, shape (n, d), have length one within 1e-6 (single precision)."""
        with np.errstate(invalid="ignore", over="ignore"):
            inside: npt.NDArray[np.bool_] = np.abs(np.sqrt(np.sum(rows**2, axis=1)) - 1.0) <= 1e-6
        return inside

    def n_free(self, value: Any) -> int:
        """Return d - 1."""
        return int(np.size(value)) - 1

    def project(self, value: Any) -> Any:
        """Scale to length one."""
        return value / np.sqrt(np.sum(value**2))

    def first_value(self, centre: Array, scale: Array, power: int) -> Array:
        """Return the direction of the columns' centres."""
        length = float(np.sqrt(np.sum(centre**2)))
        return centre / length if length > 0 else np.eye(len(centre))[0]

    def random(self, rng: np.random.Generator, n_columns: int) -> Array:
        """Return a random direction."""
        return self.project(rng.standard_normal(n_columns))


@dataclass(frozen=True)
class PositiveDefinite(Domain):
    """Symmetric positive definite matrices."""

    text: str = "a symmetric positive definite matrix, shape (d, d)"
    low: float = 0.0

    @property
    def coordinates(self) -> int:
        """Those of covariances."""
        return COVARIANCE

    def check(self, value: Any) -> Array:
        """Return a read-only, exactly symmetric copy."""
        value = np.array(value, dtype=float)
        if value.ndim != 2 or value.shape[0] != value.shape[1] or not np.all(np.isfinite(value)):
            raise ValueError
        deviations = np.sqrt(np.diag(value)) if np.all(np.diag(value) > 0) else np.zeros(0)
        if not deviations.size:
            raise ValueError
        correlation = value / deviations[:, np.newaxis] / deviations  # whose products may overflow
        if np.max(np.abs(correlation - correlation.T)) > 1e-8:
            raise ValueError
        np.linalg.cholesky(correlation)  # LinAlgError is a ValueError
        if not np.array_equal(value, value.T):
            low = np.tril(value + (value.T - value) / 2)  # half of a sum might overflow
            value = low + np.tril(low, -1).T
        value += 0.0  # no negative zeros
        value.flags.writeable = False
        return value

    def first_value(self, centre: Array, scale: Array, power: int) -> Array:
        """Return the diagonal matrix of the columns' variances."""
        return np.diag(scale**power)

    def random(self, rng: np.random.Generator, n_columns: int) -> Array:
        """Return a random matrix with unequal variances and real correlations."""
        root = rng.normal(size=(n_columns, n_columns + 2)) * np.exp(rng.uniform(-1, 1, (n_columns, 1)))
        return root @ root.T


REAL = Domain()
POSITIVE = Domain("a finite number > 0", low=0.0, low_open=True)
NON_NEGATIVE = Domain("a finite number >= 0", low=0.0)
PROBABILITY = Domain("a number from 0 to 1", low=0.0, high=1.0)
POSITIVE_PROBABILITY = Domain("a number > 0, at most 1", low=0.0, high=1.0, low_open=True)
OPEN_UNIT = Domain("a number between 0 and 1, ends excluded", low=0.0, high=1.0, low_open=True, high_open=True)
COUNTS = Domain("a whole number >= 0", low=0.0, discrete=True)
POSITIVE_COUNTS = Domain("a whole number >= 1", low=1.0, discrete=True)
ZERO_OR_ONE = Domain("0 or 1", low=0.0, high=1.0, discrete=True)
WHOLE = Domain("a whole number", discrete=True)
REAL_VECTOR = RealVector()
POSITIVE_VECTOR = PositiveVector()
SIMPLEX = Simplex()
PROBABILITIES = Probabilities()
UNIT_VECTOR = UnitVector()
POSITIVE_DEFINITE = PositiveDefinite()
