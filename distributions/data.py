"""The door: rows and weights are checked here, once, and turned into arrays that kernels can read."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import InvalidDataError

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


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
    try:
        values = np.asarray(x)
        if values.dtype.kind in "cMm":
            raise TypeError(f"these are of type {values.dtype}")
        if values.dtype.kind not in "fiub":
            values = values.astype(float)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"{owner} needs numbers: {error}") from None
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim != 2 or values.shape[1] == 0:
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


def as_weights(sample_weight: Any, n_rows: int) -> Array | None:
    """Return weights of rows, shape (n,), or None where every row counts once.

    Raises
    ------
    InvalidDataError
        If the shape is wrong, a weight is negative or not finite, or all are zero.
    """
    if sample_weight is None:
        return None
    if np.ma.isMaskedArray(sample_weight):
        raise InvalidDataError("sample_weight is a masked array: pass sample_weight.filled(0) to leave masked rows out")
    try:
        weight: Array = np.require(sample_weight, dtype=np.float64, requirements=["C", "W"])
    except (TypeError, ValueError) as error:
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
    return weight


class Observations(NamedTuple):
    """Checked rows of positive weight, and where they stood in what was given."""

    rows: Array
    weight: Array | None
    places: npt.NDArray[np.intp] | None  # None: every row is present
    n_given: int

    def describe(self, bad: Mask) -> str:
        """Say how many of these rows are bad and show the first, counted as the user counts them."""
        return describe_rows(self.rows, bad, self.places, self.n_given)


def as_observations(x: Any, sample_weight: Any, n_columns: int | None, owner: str) -> Observations:
    """Check the rows and weights of a fit; leave out rows of weight zero, which may hold anything.

    Parameters
    ----------
    x, n_columns, owner
        As in `as_rows`.
    sample_weight
        As in `as_weights`.

    Raises
    ------
    InvalidDataError
        If rows or weights are malformed, there are none, or a row of positive weight is not finite.
    """
    rows = as_rows(x, n_columns, owner, finite=False)
    weight, places, n_given = as_weights(sample_weight, len(rows)), None, len(rows)
    if not n_given:
        raise InvalidDataError(f"{owner} cannot be fitted to empty data (0 rows): pass at least one row")
    if weight is not None and not weight.all():
        places = np.flatnonzero(weight)
        rows, weight = rows[places], weight[places]
    observations = Observations(rows, weight, places, n_given)
    if not np.isfinite(rows).all():
        raise InvalidDataError(_not_finite(owner, observations.describe(~np.all(np.isfinite(rows), axis=1))))
    return observations


def _not_finite(owner: str, described: str) -> str:
    return f"{owner} needs finite data; {described} NaN or infinite. Drop or fill these rows first."


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


def centre_and_scale(rows: Array, weight: Array | None) -> tuple[Array, Array]:
    """Weighted mean and standard deviation of each column, shape (d,); a constant column has scale 1 or |x|.

    The scale is what floors of scales and steps of locations are relative to.
    """
    centre = np.average(rows, axis=0, weights=weight)
    variance = np.empty_like(centre)
    for column in range(rows.shape[1]):  # a column at a time, to hold no second copy of the data
        variance[column] = np.average((rows[:, column] - centre[column]) ** 2, weights=weight)
    scale = np.sqrt(variance)
    constant = scale <= 1e-14 * np.abs(centre)
    scale[constant] = np.where(centre[constant] != 0, np.abs(centre[constant]), 1.0)
    return centre, scale
