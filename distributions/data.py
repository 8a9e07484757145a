"""The door: rows and weights are checked here, once, and turned into arrays that kernels can read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import InvalidDataError, NotNumericError
from .kernels import compiled

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LEAST_TOTAL, MOST_TOTAL = 1e-100, 1e100  # of the weights of rows
SUMMARY_BLOCK = 1024  # rows: half of a first-level cache


def as_rows(x: Any, n_columns: int | None, owner: str, *, finite: bool) -> Array:
    """Return the data as rows, shape (n, d), float64, C-contiguous and writable; no copy if it is so already.

    Parameters
    ----------
    x : array_like, shape (n,) or (n, d)
        One-dimensional input is one column.
    n_columns : int or None
        Columns that the distribution needs, None if any number will do.
    owner : str
        Name for messages.
    finite : bool
        Whether NaN and infinity are errors.

    Raises
    ------
    InvalidDataError
        If the shape or a value is wrong; names the first bad row.
    """
    if np.ma.is_masked(x):
        raise InvalidDataError(f"{owner} needs data without masked cells: drop these rows, or fill them")
    if _is_sparse(x):
        raise InvalidDataError(f"{owner} does not support sparse data: pass x.toarray()")
    refuse_what_is_no_table(x, owner)
    values = as_numbers(x, owner, "data")
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim == 2 and values.shape[1] == 0:
        raise InvalidDataError(
            f"{owner} got data of 0 feature(s) (shape={values.shape}) while a minimum of 1 is required."
        )
    if values.ndim != 2:
        raise InvalidDataError(
            f"{owner} needs data of shape (n,) or (n, d), got shape {np.shape(x)}"
            + (": pass a single row as x.reshape(1, -1)" if values.ndim == 0 else "")
        )
    if n_columns is not None and values.shape[1] != n_columns:
        raise InvalidDataError(
            f"{owner} describes {n_columns} column{'s' * (n_columns != 1)}, the data have {values.shape[1]} "
            f"(shape {np.shape(x)}): "
            + ("use MultivariateNormal for several columns" if n_columns == 1 else "select the columns it needs")
        )
    rows: Array = np.require(values, dtype=np.float64, requirements=["C", "W"])
    if finite:
        bad: Mask = ~np.all(np.isfinite(rows), axis=1)
        if bad.any():
            raise InvalidDataError(_not_finite(owner, describe_rows(rows, bad)))
    return rows


def as_array(x: Any) -> npt.NDArray[Any]:
    """Return data as an array of whatever they hold.

    Raises
    ------
    InvalidDataError
        If rows are of different lengths.
    """
    try:
        return np.asarray(x)
    except ValueError as error:
        raise InvalidDataError(f"data need rows of one length, of numbers or labels: {error}") from None


def is_numeric(x: Any) -> bool:
    """Whether this is an array of real numbers already."""
    return isinstance(x, np.ndarray) and x.dtype.kind in "fiub"


def as_numbers(x: Any, owner: str, name: str) -> npt.NDArray[Any]:
    """Return an argument of this name as an array of real numbers, of any shape.

    Raises
    ------
    InvalidDataError
        If it is none.
    """
    try:
        values = np.asarray(x)
        if values.dtype.kind == "c":
            raise ValueError(f"these are of type {values.dtype}. Complex data not supported: take a part, or both")
        if values.dtype.kind in "Mm":
            times = "subtract one of them from times, and " if values.dtype.kind == "M" else ""
            remedy = f"{times}divide spans of time by a unit, such as np.timedelta64(1, 'D')"
            raise ValueError(f"these are of type {values.dtype}; {remedy}")
        return values if values.dtype.kind in "fiub" else missing_as_nan(values).astype(float)
    except TypeError as error:
        raise NotNumericError(f"{owner} needs numbers as {name}: {error}") from None
    except (ValueError, OverflowError) as error:
        text = _first_text(x)
        hint = ". Text is for a Categorical, such as a part of a Product." if text and name == "data" else ""
        raise InvalidDataError(f"{owner} needs numbers as {name}: {text or error}{hint}") from None


def _first_text(x: Any) -> str:
    """Say which is the first cell that is text and no number, "" if there is none."""
    try:
        cells = np.asarray(x)
    except ValueError:  # rows of different lengths
        return ""
    if cells.dtype.kind not in "OSU" or cells.ndim not in (1, 2):
        return ""
    names = list(x.columns) if is_frame(x) else range(cells.shape[-1])
    for place, cell in np.ndenumerate(cells):
        if isinstance(cell, (str, bytes)):
            try:
                float(cell)
            except ValueError:
                where = f"row {place[0]}" + (f", column {names[place[1]]!r}" if cells.ndim == 2 else "")
                text = cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
                return f"could not convert string to float: {text!r} (first: {where})"
    return ""


def refuse_what_is_no_table(x: Any, owner: str = "this") -> None:
    """Raise `InvalidDataError` if data are a dict of columns, or a query that is yet to be run (polars' LazyFrame)."""
    if isinstance(x, Mapping) and not hasattr(x, "__array__") and not _is_sparse(x):
        remedy = "pass pandas.DataFrame(x), or np.column_stack(list(x.values()))"
        raise InvalidDataError(f"{owner} needs data in rows, not a dict of columns: {remedy}")
    if _is_lazy(x):
        kind = type(x).__name__
        raise InvalidDataError(f"{owner} needs data in rows, not a {kind} that is yet to be read: pass x.collect()")


def is_frame(x: Any) -> bool:
    """Whether data have columns by name."""
    return not _is_lazy(x) and hasattr(x, "columns") and hasattr(x, "__getitem__") and not isinstance(x, np.ndarray)


def _is_lazy(x: Any) -> bool:
    """Whether this is a query yet to be run, such as polars' LazyFrame, which warns if asked for its columns."""
    return hasattr(x, "collect") and hasattr(x, "collect_schema") and not hasattr(x, "to_numpy")


def _is_sparse(x: Any) -> bool:
    """Whether this is one of SciPy's sparse matrices or arrays."""
    return hasattr(x, "toarray") and hasattr(x, "nnz")


def missing_as_nan(x: Any) -> Any:
    """Return data in which whatever marks a missing cell (a mask, None, pandas' NA, NaT) is NaN."""
    refuse_what_is_no_table(x)
    if np.ma.isMaskedArray(x):
        if x.dtype.kind == "O":
            x = x.filled(np.nan)
        else:
            return np.ma.filled(x.astype(float), np.nan) if x.dtype.kind != "c" else x.data
    if _is_sparse(x):  # refused later
        return x
    values = as_array(x)
    if values.dtype.kind != "O":
        return x
    cells = [np.nan if is_missing(cell) else cell for cell in values.ravel().tolist()]
    return np.array(cells, dtype=object).reshape(values.shape)


def is_missing(cell: Any) -> bool:
    """Whether a cell is None, NaN, NaT or pandas' NA."""
    try:
        return cell is None or bool(cell != cell)
    except TypeError:  # pandas' NA: whether it equals itself is NA too
        return True
    except ValueError:  # an array where a number should be: refused later
        return False


def as_weights(sample_weight: Any, n_rows: int) -> Array | None:
    """Return weights of rows, shape (n,), or None where every row counts once.

    Raises
    ------
    InvalidDataError
        If the shape is wrong, a weight is negative or not finite, all are zero, or their sum is out of all proportion.
    """
    if sample_weight is None:
        return None
    if np.ma.isMaskedArray(sample_weight):
        raise InvalidDataError("sample_weight is a masked array: pass sample_weight.filled(0) to leave masked rows out")
    try:
        weight: Array = np.require(sample_weight, dtype=np.float64, requirements=["C", "W"])
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidDataError(f"sample_weight needs numbers: {error}") from None
    if weight.shape != (n_rows,):
        raise InvalidDataError(
            f"sample_weight needs one weight per row, shape ({n_rows},); got shape {np.shape(sample_weight)}"
        )
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        raise InvalidDataError(
            f"sample_weight must be finite and >= 0; {describe_rows(weight[:, np.newaxis], bad)} not. "
            "Use 0 to leave a row out."
        )
    if n_rows and not weight.any():
        raise InvalidDataError("sample_weight is zero for every row: nothing is left to fit")
    with np.errstate(over="ignore"):
        total = weight.sum()
    if n_rows and not LEAST_TOTAL <= total <= MOST_TOTAL:
        raise InvalidDataError(
            f"sample_weight adds up to {total:g}, beyond what sums of squares can hold ({LEAST_TOTAL:g} to "
            f"{MOST_TOTAL:g}). Divide all weights by their mean."
        )
    return weight


def present(x: Any, sample_weight: Any) -> Any:
    """Return the rows of positive weight, as they were given; malformed weights, refused later, leave out nothing."""
    weight = np.asarray(sample_weight)
    if sample_weight is None or weight.dtype.kind not in "fiub" or weight.ndim != 1 or weight.all():
        return x
    if weight.shape != (x.shape if hasattr(x, "shape") else as_array(x).shape)[:1]:
        return x
    places = np.flatnonzero(weight > 0)
    if isinstance(x, (list, tuple)):  # of labels and numbers, which an array would turn into text
        return [x[place] for place in places]
    return x.iloc[places] if hasattr(x, "iloc") else x[places]


class Observations(NamedTuple):
    """Checked rows of positive weight, and where they stood in what was given."""

    rows: Array
    weight: Array | None
    places: npt.NDArray[np.intp] | None  # None: every row is present
    n_given: int
    points: Array  # finite rows that stand for these; themselves, but for a family of infinite cells
    summary: Summary  # of the points
    has_missing: bool = False

    def describe(self, bad: Mask) -> str:
        """Say how many of these rows are bad and show the first, counted as the user counts them."""
        return describe_rows(self.rows, bad, self.places, self.n_given)


def rows_with_weights(
    x: Any, sample_weight: Any, n_columns: int | None, owner: str, *, missing: bool
) -> tuple[Array, Array | None, npt.NDArray[np.intp] | None, int]:
    """Return the rows of positive weight, finite or not, their weights, and where they stood among how many.

    Parameters and errors are those of `as_observations`, which looks at the values too. The places are None where
    every row is present.
    """
    rows = as_rows(missing_as_nan(x) if missing else x, n_columns, owner, finite=False)
    weight, places, n_given = as_weights(sample_weight, len(rows)), None, len(rows)
    if weight is not None and not weight.all():
        places = np.flatnonzero(weight)
        rows, weight = rows[places], weight[places]
    return rows, weight, places, n_given


def as_observations(
    x: Any,
    sample_weight: Any,
    n_columns: int | None,
    owner: str,
    *,
    missing: bool = False,
    finite_rows: Callable[[Array], Array] | None = None,
) -> Observations:
    """Check the rows and weights of a fit; leave out rows of weight zero, which may hold anything.

    Parameters
    ----------
    x, n_columns, owner
        As in `as_rows`.
    sample_weight
        As in `as_weights`.
    missing : bool
        Whether some cells of a row may be missing: NaN, None, masked, pandas' NA.
    finite_rows : callable, optional
        Of checked rows: those that stand for them, see `Distribution.finite_rows`; themselves by default.

    Raises
    ------
    InvalidDataError
        If rows or weights are malformed, there are none, or a row of positive weight is not finite (has no cell, where
        cells may be missing).
    """
    rows, weight, places, n_given = rows_with_weights(x, sample_weight, n_columns, owner, missing=missing)
    if not n_given:
        raise InvalidDataError(f"{owner} cannot be fitted to empty data (0 rows): pass at least one row")
    points = rows if finite_rows is None else finite_rows(rows)
    observations = Observations(rows, weight, places, n_given, points, summarise(points, weight))
    # Only rows that are not finite, or so large that their sum is not, leave a mean that is not.
    if not np.isfinite(observations.summary.centre).all() and not np.isfinite(points).all():
        missing &= rows.shape[1] > 1
        if missing and not np.isinf(points).any():
            empty: Mask = np.all(np.isnan(rows), axis=1)
            if empty.any():
                raise InvalidDataError(
                    f"{owner} needs an observed cell in each row; {observations.describe(empty)} without any. "
                    "Drop these rows: they say nothing."
                )
            return observations._replace(summary=_summarise_present(points, weight), has_missing=True)
        needed = "finite data" if points is rows else "finite data (of an interval, one finite end)"
        described = observations.describe(np.any(np.isinf(points) if missing else ~np.isfinite(points), axis=1))
        raise InvalidDataError(_not_finite(owner, described, needed))
    return observations


def _not_finite(owner: str, described: str, needed: str = "finite data") -> str:
    return f"{owner} needs {needed}; {described} NaN or infinite. Drop or fill these rows first."


def as_observed(rows: Array) -> Array:
    """Return rows, shape (n, d), as a family's own methods take them: shape (n,) for one column."""
    return rows[:, 0] if rows.shape[1] == 1 else rows


def describe_rows(
    rows: Array, bad: Mask, places: npt.NDArray[np.intp] | None = None, n_given: int | None = None
) -> str:
    """Say how many rows are bad and show the first; the sentence ends before the verdict.

    ``places`` are the rows' positions among the ``n_given`` rows that the user passed; these, by default.
    """
    first = int(np.argmax(bad))
    count = int(bad.sum())
    shown = ", ".join(f"{value:g}" for value in rows[first][:4]) + (", ..." if rows.shape[1] > 4 else "")
    position = first if places is None else places[first]
    total = len(rows) if n_given is None else n_given
    return f"{count} of {total} rows (first: row {position}, {shown}) {'is' if count == 1 else 'are'}"


def average(values: Array, weight: Array | None) -> float:
    """Return the weighted mean of values, shape (n,); weights of any size, beside large values, do not overflow."""
    return float(np.average(values, weights=None if weight is None else weight / weight.sum()))


def centre_and_scale(rows: Array, weight: Array | None) -> tuple[Array, Array]:
    """Weighted mean and standard deviation of each column, shape (d,); a constant column has scale 1 or |x|.

    The scale is what floors of scales and steps of locations are relative to. Missing (NaN) cells are left out.
    """
    summary = summarise(rows, weight)
    return (_summarise_present(rows, weight) if np.isnan(summary.centre).any() else summary)[:2]


def _summarise_present(rows: Array, weight: Array | None) -> Summary:
    """Return the summary of each column's observed cells; of an empty column that of a single zero."""
    parts = []
    for column in rows.T:
        present = ~np.isnan(column)
        cells = column[present][:, np.newaxis] if present.any() else np.zeros((1, 1))
        parts.append(summarise(cells, weight[present] if weight is not None and present.any() else None))
    return Summary(*(np.concatenate(values) for values in zip(*parts, strict=True)))


class Summary(NamedTuple):
    """What one pass over the rows tells of each column, shape (d,); rounding and overflow included."""

    centre: Array  # weighted mean
    scale: Array  # see `centre_and_scale`
    low: Array
    high: Array


def summarise(rows: Array, weight: Array | None) -> Summary:
    """Return mean, scale and range of the columns of rows, shape (n, d); NaN or infinity gives a mean not finite."""
    first = 0 if weight is None or not len(weight) else int(np.argmax(weight > 0.0))
    origin = rows[first].copy() if len(rows) else np.zeros(rows.shape[1])
    centre, square, low, high = sums_about(origin, rows, weight)
    centre += origin
    return Summary(centre, as_scale(square, centre), low, high)


def sums_about(origin: Array, rows: Array, weight: Array | None) -> tuple[Array, Array, Array, Array]:
    """Return mean less an origin, mean square about the mean, least and greatest value of each column, shape (d,).

    What is common to the rows and the origin, shape (d,), costs no digits. NaN or infinity gives a mean not finite.
    """
    centre, square, low, high = np.zeros((4, rows.shape[1]))
    _summarise(rows, np.empty(0) if weight is None else weight, origin, centre, square, low, high)
    return centre, square, low, high


def as_scale(square: Array, centre: Array) -> Array:
    """Return the scales of columns of these mean squares about their means, shape (d,); see `centre_and_scale`."""
    scale: Array = np.sqrt(square)
    constant = scale <= 1e-14 * np.abs(centre)
    scale[constant] = np.where(centre[constant] != 0, np.abs(centre[constant]), 1.0)
    return scale


@compiled
def _summarise(rows, weight, origin, centre, square, low, high):
    """Fill mean less an origin, mean square about the mean, least and greatest value of each column.

    A block at a time, about its own mean, so that nothing cancels and the data are read once; blocks are joined as in
    Chan, Golub & LeVeque, The American Statistician 37 (1983).
    """
    n, d = rows.shape
    size = min(n, SUMMARY_BLOCK)
    block, ones, least, greatest = np.empty(size), np.ones(size), np.empty(size), np.empty(size)
    for j in range(d):
        total, least[:], greatest[:] = 0.0, math.inf, -math.inf
        for start in range(0, n, size):
            m = min(size, n - start)
            # Slices, indexed from zero: an index that might be negative would keep loops from vectorising.
            x, part_of, lowest, highest = block[:m], rows[start : start + m], least[:m], greatest[:m]
            for i in range(m):
                x[i] = part_of[i, j] - origin[j]
            for i in range(m):  # place by place: so would a minimum over all
                lowest[i] = min(part_of[i, j], lowest[i])
                highest[i] = max(part_of[i, j], highest[i])
            w = weight[start : start + m] if weight.size else ones[:m]
            part, first, second, rest = 0.0, 0.0, 0.0, 0.0
            for i in range(m):
                part += w[i]
                first += w[i] * x[i]
            if part == 0.0:  # only rows of weight zero
                continue
            mean = first / part
            for i in range(m):
                centred = x[i] - mean
                rest += w[i] * centred
                second += w[i] * centred * centred
            second = max(second - rest * rest / part, 0.0)  # of one row beside others of almost no weight only rounding
            mean += rest / part  # what the rounding of the first sum left over
            between = mean - centre[j]
            total += part
            centre[j] += between * (part / total)
            square[j] += second + between * between * (part * ((total - part) / total))
        square[j] /= total
        low[j], high[j] = least.min(), greatest.max()
