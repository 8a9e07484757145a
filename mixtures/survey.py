"""What one pass over rows in pieces tells of them: number, scale of the columns, a sample to start from.

Surveys of parts of the data join, in a fixed order, to that of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from distributions.data import Array, as_scale, sums_about

from .observed import Observed, take
from .thinning import ends

PIECE = 1 << 16  # rows that are summed at once
SAMPLE_CELLS, FEWEST, MOST = 1 << 21, 4_000, 50_000  # of the rows that starts are found from

Stamp = tuple[int, int, int, int]


def stamp_of(data: Observed) -> Stamp:
    """Return the number of rows and sums of their bits, of those of weights and labels: other data have others."""
    parts = data.rows, data.weight, data.log_factors[data.code] if data.is_labelled else data.log_factors
    sums = [int(np.ascontiguousarray(part).reshape(-1).view(np.int64).sum()) for part in parts]
    return len(data.rows), sums[0], sums[1], sums[2]


def joined(pieces: Sequence[Observed]) -> Observed:
    """Return rows of several pieces, with all that goes with them, one after the other, in arrays of their own."""
    first = pieces[0]
    apart = any(piece.points is not piece.rows for piece in pieces)
    rows = np.concatenate([piece.rows for piece in pieces])
    code, table = first.code, first.log_factors
    if first.is_labelled:
        if all(np.array_equal(piece.log_factors, table) for piece in pieces):
            code = np.concatenate([piece.code for piece in pieces])
        else:
            table, number = np.unique(
                np.concatenate([piece.log_factors for piece in pieces]), axis=0, return_inverse=True
            )
            begin = np.cumsum([0] + [len(piece.log_factors) for piece in pieces])
            code = number.ravel()[np.concatenate([piece.code + at for piece, at in zip(pieces, begin, strict=False)])]
    return first._replace(
        rows=rows,
        weight=np.concatenate([piece.weight for piece in pieces]),
        code=code,
        log_factors=table,
        points=np.concatenate([piece.points for piece in pieces]) if apart else rows,
    )


class Reservoir:
    """A sample of rows, each as likely as any other, and the ends of each column; all rows in order while they are few.

    Each row draws a number, and those of the least numbers stay (Vitter, ACM Transactions on Mathematical Software 11,
    1985, has cheaper ways): so samples of parts of the data join to one of all. So do their ends.

    Parameters
    ----------
    size : int
    rng : numpy.random.Generator
        Asked once there are more rows than these.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng, self.limit, self.n_seen = size, rng, np.inf, 0
        self.pieces: list[Observed] = []
        self.keys: list[Array] = []

    def add(self, piece: Observed) -> None:
        """Draw for the rows of a piece."""
        n = len(piece.rows)
        self.n_seen += n
        if self.n_seen > self.size and not self.keys:
            self.keys = [self.rng.random(len(each.rows)) for each in self.pieces]
        if self.n_seen > self.size:
            keys = self.rng.random(n)
            stays = keys < self.limit
            stays[ends(piece.points)] = True
            piece, keys = take(piece, stays), keys[stays]
            self.keys.append(keys)
        self.pieces.append(joined([piece]))  # a copy: the block that it is part of need not stay
        if self.keys and sum(map(len, self.keys)) > 2 * self.size:
            self._prune()

    def join(self, other: Reservoir) -> None:
        """Add the sample of other rows, which come after these."""
        self.n_seen += other.n_seen
        for each in (self, other):
            if self.n_seen > self.size and not each.keys:
                each.keys = [each.rng.random(len(piece.rows)) for piece in each.pieces]
        self.pieces, self.keys = self.pieces + other.pieces, self.keys + other.keys
        self.limit = min(self.limit, other.limit)
        if self.keys:
            self._prune()

    @property
    def sample(self) -> Observed:
        """The rows that stayed, in their order; each drawn one stands for as many, an end that was not for itself."""
        if not self.keys:
            return joined(self.pieces)
        self._prune()
        piece = self.pieces[0]
        stands_for = np.where(self.keys[0] <= self.limit, self.n_seen / self.size, 1.0)
        return piece._replace(weight=stands_for * piece.weight if piece.weight.size else stands_for)

    def _prune(self) -> None:
        keys, piece = np.concatenate(self.keys), joined(self.pieces)
        if len(keys) > self.size:
            self.limit = float(np.partition(keys, self.size - 1)[self.size - 1])
        stays = keys <= self.limit
        stays[ends(piece.points)] = True
        self.keys, self.pieces = [keys[stays]], [take(piece, stays)]


class Moments:
    """Means, mean squares and ranges of columns whose rows are seen piece by piece.

    Parameters
    ----------
    n_columns : int
    with_products : bool
        Whether products of columns are summed too, for the covariance.

    Attributes
    ----------
    n_rows : int
    total_weight : float
    low, high : ndarray, shape (d,)
        Of the observed cells.
    stand_in : ndarray, shape (d,)
        The first observed value of each column, NaN where there is none.
    has_missing : bool
    """

    def __init__(self, n_columns: int, *, with_products: bool = False) -> None:
        self.n_rows, self.total_weight = 0, 0.0
        self.mass, self._shift, self.square = np.zeros((3, n_columns))
        self.low, self.high = np.full(n_columns, np.inf), np.full(n_columns, -np.inf)
        self.stand_in = np.full(n_columns, np.nan)
        self.has_missing = False
        self.products = np.zeros((n_columns, n_columns)) if with_products else None

    def add(self, rows: Observed) -> None:
        """See more rows."""
        for first in range(0, rows.n_rows, PIECE):
            self._add_piece(take(rows, slice(first, first + PIECE)))

    def _add_piece(self, piece: Observed) -> None:
        points, weight = piece.points, piece.row_weight
        missing = np.isnan(points)
        self.has_missing |= bool(missing.any())
        first = np.argmin(missing, axis=0)
        self.stand_in = np.where(np.isnan(self.stand_in), points[first, np.arange(points.shape[1])], self.stand_in)
        total = float(len(points)) if weight is None else float(weight.sum())
        if self.products is None and not missing.any():
            centre, square, low, high = sums_about(np.nan_to_num(self.stand_in), points, weight)
            self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
            mass = np.full(points.shape[1], total)
            self._merge(mass, centre, square * mass, None)
        else:
            self._add_sums(points, np.ones(len(points)) if weight is None else weight, missing)
        self.n_rows, self.total_weight = self.n_rows + len(points), self.total_weight + total

    def join(self, other: Self) -> None:
        """See what another one saw, of rows that come after these."""
        between = np.nan_to_num(other.stand_in - self.stand_in)  # of the origins of the two
        self._merge(other.mass, other._shift + between, other.square, other.products)
        self.n_rows, self.total_weight = self.n_rows + other.n_rows, self.total_weight + other.total_weight
        self.low, self.high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        self.stand_in = np.where(np.isnan(self.stand_in), other.stand_in, self.stand_in)
        self.has_missing |= other.has_missing

    @property
    def centre(self) -> Array:
        """Means of the observed cells, shape (d,)."""
        return np.nan_to_num(self.stand_in) + self._shift

    @property
    def scale(self) -> Array:
        """Scale of each column, shape (d,), see `distributions.data.centre_and_scale`."""
        with np.errstate(invalid="ignore"):
            square = self.square / self.mass
        return as_scale(np.nan_to_num(square), self.centre)

    @property
    def moments(self) -> tuple[Array, Array]:
        """Rows and weights, shapes (2 d, d) and (2 d,), that have mean and covariance of all.

        They lie on the axes of the covariance.
        """
        assert self.products is not None
        d = len(self.centre)
        values, axes = np.linalg.eigh(self.products / self.total_weight)
        steps = axes.T * np.sqrt(np.maximum(values, 0.0) * d)[:, np.newaxis]
        rows = self.centre + np.concatenate([steps, -steps])
        return rows, np.full(2 * d, self.total_weight / (2 * d))

    def _add_sums(self, points: Array, weight: Array, missing: np.ndarray) -> None:
        """Add sums of cells some of which may be missing, and of products of columns, if these are wanted."""
        centred = points - np.nan_to_num(self.stand_in)  # so that what is common to the rows costs no digits
        self.low = np.fmin(self.low, np.fmin.reduce(points))
        self.high = np.fmax(self.high, np.fmax.reduce(points))
        if missing.any():
            centred[missing] = 0.0
            mass = weight @ ~missing
        else:
            mass = np.full(points.shape[1], weight.sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            shift = np.nan_to_num(weight @ centred / mass)
        centred -= shift
        centred[missing] = 0.0
        products = None if self.products is None else centred.T @ (centred * weight[:, np.newaxis])
        self._merge(mass, shift, weight @ centred**2, products)

    def _merge(self, mass: Array, centre: Array, square: Array, products: Array | None) -> None:
        """Join sums about means, as in Chan, Golub & LeVeque, The American Statistician 37 (1983)."""
        total = self.mass + mass
        between = np.where(self.mass > 0.0, centre - self._shift, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.nan_to_num(mass / total)
        if self.products is not None and products is not None:
            self.products += products + np.outer(between, between) * (self.total_weight * share)
        self.square = self.square + square + between**2 * self.mass * share
        self._shift = np.where(self.mass > 0.0, self._shift + between * share, np.where(mass > 0.0, centre, 0.0))
        self.mass = total


class Survey(Moments):
    """Moments, and a sample.

    Parameters
    ----------
    n_columns, with_products
        As of `Moments`.
    rng : numpy.random.Generator
        Of the sample.

    Attributes
    ----------
    stamp : tuple of int
        See `stamp_of`.
    """

    def __init__(self, n_columns: int, rng: np.random.Generator, *, with_products: bool = False) -> None:
        super().__init__(n_columns, with_products=with_products)
        self.stamp: Stamp = (0, 0, 0, 0)
        self.reservoir = Reservoir(int(np.clip(SAMPLE_CELLS // n_columns, FEWEST, MOST)), rng)

    def _add_piece(self, piece: Observed) -> None:
        super()._add_piece(piece)
        self._add_stamp(stamp_of(piece))
        self.reservoir.add(piece)

    def join(self, other: Self) -> None:
        """See what another survey saw, of rows that come after these."""
        super().join(other)
        self._add_stamp(other.stamp)
        self.reservoir.join(other.reservoir)

    def _add_stamp(self, stamp: Stamp) -> None:
        n, *sums = (a + b for a, b in zip(self.stamp, stamp, strict=True))
        self.stamp = (n, *((each + 2**63) % 2**64 - 2**63 for each in sums))  # type: ignore[assignment]
