"""Missing cells filled in: with their expectations given what was observed, or the most probable category.

A distribution made of others passes on what its parts say: `columns_read` of the columns, `expected_cells` of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .column import Column
from .data import Array, Mask, as_observations, as_rows, describe_rows, is_frame, missing_as_nan
from .errors import InvalidDataError
from .outline import refuse_incomplete

if TYPE_CHECKING:
    from .base import Distribution


class Imputation:
    """What fills in missing cells; a base of `Distribution`."""

    def impute(self, x: Any) -> Any:
        r"""Return a copy of the rows in which missing cells have their expectation given the row's observed ones.

        Parameters
        ----------
        x : array_like, shape (n, d), or data frame
            Rows such as `fit` takes, some cells missing: NaN, None, masked, pandas' NA.

        Returns
        -------
        ndarray, shape of x, or data frame
            A frame of the same kind (pandas, polars, a data set of `mixtures.datasets`), in which columns of numbers
            with missing cells have become floats. Else an array: of objects where x holds labels, otherwise of floats.
            What was observed comes back as it was.

        Raises
        ------
        InvalidDataError
            If rows are malformed, some row has no observed cell or is impossible, the family cannot condition on some
            of its columns, or a missing cell has no expectation (as under Cauchy, or VonMises).
        UnknownParameterError, NotFittedError
            If a parameter has no value.

        Notes
        -----
        In a mixture the expectation is :math:`\sum_k P(k | o)\, E_k[x | o]` given the observed cells o, where
        :math:`P(k | o)` is the row's membership. In a column of counts, or of 0 and 1, it need not be a whole number.
        A missing `Categorical` cell gets the most probable category, of the highest :math:`\sum_k P(k | o) P_k(c | o)`:
        its label where the data hold labels, its code where they hold codes. A row without any observed cell is
        refused, as by `fit`. Ghahramani & Jordan (1994), "Supervised learning from incomplete data via an EM approach".
        """
        distribution = cast("Distribution", self)
        distribution.require_known("impute")
        rows = _checked_rows(distribution, x)
        missing = np.isnan(rows)
        columns = distribution.columns_read(list(x.columns) if is_frame(x) else range(rows.shape[1]))
        filled = rows.copy()
        incomplete = missing.any(axis=1)
        if incomplete.any():
            filled[incomplete] = _filled(distribution, rows[incomplete], columns)
            unknown = missing & ~np.isfinite(filled)
            if unknown.any():
                j = int(unknown.any(axis=0).argmax())
                raise InvalidDataError(
                    f"{describe_rows(rows, unknown[:, j])} without a finite expectation of column {columns[j].name!r} "
                    f"under {type(self).__name__}, as where a family has no mean, such as Cauchy. Use another family "
                    "for it, or fill these cells first."
                )
        if is_frame(x):
            return _in_frame(x, filled, missing, columns)
        if distribution.encode(x) is x:  # numbers
            return filled.reshape(np.shape(x))
        return _in_objects(x, filled, missing, columns)

    def columns_read(self, names: Sequence[Any]) -> list[Column]:
        """Return what the distribution reads of data with these columns, in its own order.

        Parameters
        ----------
        names : sequence
            Names of a frame's columns; of other data their places.
        """
        return [Column(name) for name in names]

    def expected_cells(self, rows: Array, codes: Sequence[Array | None]) -> Array:
        """Return the expectations of missing cells given each row's observed ones.

        A family whose columns depend on each other, and which leaves out missing cells, overrides it.

        Parameters
        ----------
        rows : ndarray, shape (n, d)
            Checked rows, missing cells NaN.
        codes : sequence of ndarray, shape (C,), or None
            For each column the codes of its categories, None for numbers.

        Returns
        -------
        ndarray, shape (n, number of columns; C for one of categories)
            Where a cell is missing: its expectation, or the probability of each category. Anything elsewhere.

        Raises
        ------
        InvalidDataError
            If the family does not know.
        """
        distribution, name = cast("Distribution", self), type(self).__name__
        if len(codes) == 1 and codes[0] is not None:
            return np.tile(distribution.pdf(codes[0]), (len(rows), 1))
        refuse_categories(name, codes)
        missing = np.isnan(rows)
        partly: Mask = np.any(missing, axis=1) & ~np.all(missing, axis=1)
        if partly.any():
            raise InvalidDataError(
                f"{name} cannot impute a part of its columns: {describe_rows(rows, partly)} incomplete there"
            )
        return np.full(rows.shape, distribution.mean)


def n_expected(codes: Sequence[Array | None]) -> int:
    """Return the number of columns of `Imputation.expected_cells`."""
    return sum(1 if code is None else len(code) for code in codes)


def refuse_categories(name: str, codes: Sequence[Array | None]) -> None:
    """Raise if some columns of a family of numbers hold categories for others."""
    if any(code is not None for code in codes):
        raise InvalidDataError(
            f"{name} cannot give the probabilities of categories: in another component its column is Categorical"
        )


def _checked_rows(distribution: Distribution, x: Any) -> Array:
    """Return rows as numbers, shape (n, d), missing cells NaN."""
    name, columns = type(distribution).__name__, distribution.n_columns
    rows = as_rows(missing_as_nan(distribution.encode(x)), columns, name, finite=False)
    if not len(rows):
        return rows
    missing: Mask = np.any(np.isnan(rows), axis=1)
    if missing.any() and not distribution.marginalises:
        one = " of a single column: there is nothing to condition on" if rows.shape[1] == 1 else " of its columns"
        raise InvalidDataError(
            f"{name} cannot impute missing cells{one}; {describe_rows(rows, missing)} incomplete. Drop these rows."
        )
    as_observations(rows, None, columns, name, missing=distribution.marginalises, finite_rows=distribution.finite_rows)
    refuse_incomplete(distribution.outline().branches, rows)
    places = np.flatnonzero(missing)
    impossible: Mask = np.zeros(len(rows), dtype=bool)
    impossible[places] = distribution.log_pdf(rows[places]) == -np.inf
    if impossible.any():
        raise InvalidDataError(
            f"{describe_rows(rows, impossible)} of zero density under {name}: there is no expectation given what was "
            "observed. Drop these rows."
        )
    return rows


def _filled(distribution: Distribution, rows: Array, columns: Sequence[Column]) -> Array:
    """Return rows, shape (n, d), with expectations, or codes of the most probable categories, in missing cells."""
    codes, filled, first = [column.codes for column in columns], rows.copy(), 0
    expected = distribution.expected_cells(rows, codes)
    for cells, code in zip(filled.T, codes, strict=True):
        last = first + n_expected([code])
        missing, part = np.isnan(cells), expected[:, first:last]
        cells[missing] = part[missing, 0] if code is None else code[part[missing].argmax(axis=1)]
        first = last
    return filled


def _in_frame(x: Any, filled: Array, missing: Mask, columns: Sequence[Column]) -> Any:
    """Return a copy of a frame with its missing cells filled in."""
    changed = {}
    for j in np.flatnonzero(missing.any(axis=0)).tolist():
        name, cells = columns[j].name, filled[:, j]
        if columns[j].labels is not None:
            given = np.asarray(x[name])
            if given.dtype.kind not in "fiub":
                cells = _with_labels(given, cells, missing[:, j], columns[j])
            if hasattr(x, "iloc"):
                cells = _of_its_type(x[name], cells, missing[:, j])
        changed[name] = cells
    if hasattr(x, "with_columns"):
        return x.with_columns(**changed)
    frame = x.copy()
    for name, cells in changed.items():
        frame[name] = cells
    return frame


def _of_its_type(column: Any, cells: Any, missing: Mask) -> Any:
    """Return a copy of pandas' column with cells filled in; the cells alone where its type cannot hold them."""
    typed = column.copy()
    try:
        typed[missing] = cells[missing]
    except TypeError:  # a label that is none of the column's categories
        return cells
    return typed


def _in_objects(x: Any, filled: Array, missing: Mask, columns: Sequence[Column]) -> Any:
    """Return rows of labels and numbers, missing cells filled in, as an array of objects."""
    given = np.ma.getdata(x) if isinstance(x, np.ndarray) else np.array(x, dtype=object)
    cells = np.array(given, dtype=object).reshape(filled.shape)
    for j in np.flatnonzero(missing.any(axis=0)).tolist():
        cells[:, j] = _with_labels(cells[:, j], filled[:, j], missing[:, j], columns[j])
    return cells.reshape(given.shape)


def _with_labels(given: Any, filled: Array, missing: Mask, column: Column) -> Any:
    """Return a column as it was given, objects, with labels or numbers in its missing cells."""
    cells = np.array(given, dtype=object)
    found = filled[missing].tolist()
    cells[missing] = found if column.labels is None else [column.labels[code] for code in found]
    return cells
