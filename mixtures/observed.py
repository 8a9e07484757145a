"""What the sweep reads: checked rows, their weights, and which components each may come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from distributions.data import Array, describe_rows, is_frame, is_missing
from distributions.errors import InvalidDataError

Integers = npt.NDArray[np.int64]


class Observed(NamedTuple):
    """Rows as the compiled loops read them; an array of size 0 says nothing about any row.

    A label enters as a factor of the mixing proportions of one row: 0 and 1 for a known component, any numbers for
    an opinion about it. Rows of equal factors share one row of the table.
    """

    rows: Array  # (n, d)
    weight: Array  # (n,), or (0,) where every row counts once
    code: Integers  # (n,): row of `log_factors` of each row, or (0,) where nothing is known of any
    log_factors: Array  # (codes, K)
    stand_in: Array  # (d,): a value to put in the place of missing (NaN) cells, or (0,) where none is missing
    points: Array  # (n, d): the rows, finite ones in place of infinite ones: what distances are computed from
    first: int = 0  # number of the first row, where these are a part of the rows of a fit

    @property
    def n_rows(self) -> int:
        """Number of rows n."""
        return len(self.rows)

    @property
    def row_weight(self) -> Array | None:
        """Weights of the rows, None where every row counts once."""
        return self.weight if self.weight.size else None

    @property
    def has_missing(self) -> bool:
        """Whether some cells are missing (NaN)."""
        return bool(self.stand_in.size)

    @property
    def is_labelled(self) -> bool:
        """Whether anything is known of any row."""
        return bool(self.code.size)


class Looked(Protocol):
    """What the EM loop looks at: rows in memory (`Observed`), or others, whose sums come from elsewhere."""

    @property
    def n_rows(self) -> int: ...  # noqa: D102


class Elsewhere(Looked, Protocol):
    """Rows that are not in memory together."""

    def sums(self, plan: Any, state: Any, steps: Array, block_size: int, n_threads: int) -> Array:
        """Return the sums of all chunks, as in a row of `sweep.sum_chunks`."""


def observed(
    rows: Array,
    weight: Array | None = None,
    labels: Labels | None = None,
    stand_in: Array | None = None,
    points: Array | None = None,
) -> Observed:
    """Return rows, shape (n, d), with what goes with them."""
    code, table = (np.empty(0, dtype=np.int64), np.empty((0, 0))) if labels is None else labels
    return Observed(
        rows,
        np.empty(0) if weight is None else weight,
        code,
        table,
        np.empty(0) if stand_in is None else stand_in,
        rows if points is None else points,
    )


def take(data: Observed, places: npt.NDArray[Any] | slice) -> Observed:
    """Return some rows, by their places, a mask or a slice (which copies nothing), with what goes with them."""
    rows = data.rows[places]
    return data._replace(
        rows=rows,
        weight=data.weight[places] if data.weight.size else data.weight,
        code=data.code[places] if data.code.size else data.code,
        points=rows if data.points is data.rows else data.points[places],
    )


def writable(value: Any) -> Any:
    """Return a named tuple, or an array, with copies of the arrays that cannot be written to.

    Compiled code is for arrays that can: for others, as from a message or a file, it would be compiled once more.
    """
    if isinstance(value, tuple):
        return type(value)(*map(writable, value))
    return np.require(value, requirements="W") if isinstance(value, np.ndarray) else value


class _Lender:
    """The memory of an array, for one that may be written to."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self.array = array  # which holds the memory
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def lent(x: Any) -> Any:
    """Return rows that cannot be written to, as those of a message, as an array that can, of the same memory.

    It is for compiled code, see `writable`, which does not write to rows: a large partition need not be copied.
    """
    is_locked = isinstance(x, np.ndarray) and not x.flags.writeable and x.dtype.kind in "fiu"
    return np.asarray(_Lender(x)) if is_locked else x


def stand_in(rows: Array) -> Array:
    """Return an observed value of each column, shape (d,), to put in the place of missing cells; 0 if there is none."""
    first = np.argmin(np.isnan(rows), axis=0)
    return np.nan_to_num(rows[first, np.arange(rows.shape[1])])


class Labels(NamedTuple):
    """Codes of the rows, shape (n,), and the log factors of the components for each code, shape (codes, K)."""

    code: Integers
    log_factors: Array

    @property
    def shares(self) -> Array:
        """What each component has of each row, shape (n, K), of sum 1; equal shares where nothing is known."""
        factors = np.exp(self.log_factors)
        return (factors / factors.sum(axis=1, keepdims=True))[self.code]


def as_labels(labels: Any, n_rows: int, names: Sequence[str], argument: str = "labels") -> Labels | None:
    """Return what labels say of each row as factors of the mixing proportions.

    Parameters
    ----------
    labels : array_like, shape (n,) or (n, K), or None
        One component for each row, by index or by name, -1 or None or NaN where it is unknown; or a factor >= 0 for
        each row and component: 0 for components that the row cannot come from. A data frame whose columns are the
        names is read by name. Factors count relative to the greatest of their row.
    n_rows : int
    names : sequence of str
        Names of the K components.
    argument : str
        What they were given as, for messages.

    Raises
    ------
    InvalidDataError
        If they are malformed; names the first bad row.
    """
    if labels is None:
        return None
    n_components = len(names)
    if is_frame(labels) and sorted(map(str, labels.columns)) == sorted(names):
        labels = np.column_stack([labels[name] for name in names])
    values = np.asarray(labels)
    if values.shape == (n_rows,):
        known = _indices(values, names, argument)
        code = np.where(known < 0, n_components, known)
        factors = np.vstack([np.eye(n_components), np.ones(n_components)])
    elif values.shape == (n_rows, n_components):
        try:
            matrix = values.astype(float)
        except (TypeError, ValueError) as error:
            raise InvalidDataError(f"{argument} of shape (n, K) must be numbers: {error}") from None
        bad = ~np.all(np.isfinite(matrix) & (matrix >= 0.0), axis=1) | ~matrix.any(axis=1)
        if bad.any():
            raise InvalidDataError(
                f"{argument} of shape (n, K) must be finite numbers >= 0, not all zero in a row; "
                f"{describe_rows(matrix, bad)} not"
            )
        factors, inverse = np.unique(matrix / matrix.max(axis=1, keepdims=True), axis=0, return_inverse=True)
        code = inverse.ravel()
    else:
        raise InvalidDataError(
            f"{argument} needs shape ({n_rows},), one component for each row, or ({n_rows}, {n_components}), a factor "
            f"for each component; got shape {values.shape}"
        )
    with np.errstate(divide="ignore"):
        return Labels(code.astype(np.int64), np.log(factors))


def _indices(values: npt.NDArray[Any], names: Sequence[str], argument: str) -> Integers:
    """Return the component of each row, -1 where it is unknown."""
    place = {name: k for k, name in enumerate(names)}
    if values.dtype.kind in "iu":
        found = values.astype(np.int64)
    else:
        found = np.array([_index(value, place) for value in values.tolist()], dtype=np.int64)
    bad = (found < -1) | (found >= len(names))
    if bad.any():
        first = int(np.argmax(bad))
        raise InvalidDataError(
            f"{argument} must be a component, 0 to {len(names) - 1} or one of {', '.join(map(repr, names))}, or -1 or "
            f"None where it is unknown; {bad.sum()} of {len(values)} rows (first: row {first}, "
            f"{values.tolist()[first]!r}) {'is' if bad.sum() == 1 else 'are'} not"
        )
    return found


def _index(value: Any, place: dict[str, int]) -> int:
    if is_missing(value):
        return -1
    if isinstance(value, str):
        return place.get(value, -2)
    try:
        return int(value) if value == int(value) and value >= -1 else -2
    except (TypeError, ValueError, OverflowError):
        return -2
