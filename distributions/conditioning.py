"""Some columns of a distribution: alone (`marginal`), or given the values of the others (`conditional`).

A family whose columns depend on each other gives `marginal_at` and `conditional_at`; one made of others passes them on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .data import Array
from .errors import InvalidDataError, InvalidParameterError

if TYPE_CHECKING:
    from .base import Distribution
    from .column import Column

Places = Sequence[int]


class Conditioning:
    """What tells of some of the columns; a base of `Distribution`."""

    def marginal(self, columns: Any) -> Distribution:
        """Return the distribution of some columns, whatever the others are.

        Parameters
        ----------
        columns : int or str, or sequence of these
            Which ones, by place (from 0) or, where columns have names (products by name, mixtures fitted to a data
            frame), by name. They stay in the order of the data.

        Returns
        -------
        Distribution
            Of one column a family of one column: of a multivariate normal a `Normal`. Of a mixture, a mixture.

        Raises
        ------
        InvalidParameterError
            If there is no such column, or the family cannot say (normals, multivariate t, boxes, and products and
            mixtures of all that can).
        UnknownParameterError, NotFittedError
            If a parameter has no value.

        Examples
        --------
        >>> from distributions import MultivariateNormal
        >>> MultivariateNormal([1.0, 2.0], [[1.0, 0.5], [0.5, 4.0]]).marginal(1)
        Normal(mean=2.0, std=2.0)
        """
        distribution = cast("Distribution", self)
        distribution.require_known("give a marginal")
        if not isinstance(columns, (str, int, np.integer, Iterable)):
            raise InvalidParameterError(f"marginal needs columns by place or name, such as [0, 2]; got {columns!r}")
        listed = list(columns) if isinstance(columns, Iterable) and not isinstance(columns, str) else [columns]
        places = _places(distribution, listed)
        return distribution if len(places) == distribution.n_columns else distribution.marginal_at(places)

    def conditional(self, given: Mapping[Any, Any]) -> Distribution:
        r"""Return the distribution of the other columns, given the values of some.

        Parameters
        ----------
        given : dict
            Values by column, each by place or by name as for `marginal`; labels of categories as in the data.

        Returns
        -------
        Distribution
            Of a mixture, the mixture of the components' conditionals, with the weights
            :math:`w_k f_k(\mathrm{given}) / \sum_j w_j f_j(\mathrm{given})`.

        Raises
        ------
        InvalidParameterError
            If there is no such column, no column is left, or the family cannot say; see `marginal`.
        InvalidDataError
            If a value is no finite number or no known label, or such values have density zero.
        UnknownParameterError, NotFittedError
            If a parameter has no value.

        Notes
        -----
        Mardia, Kent & Bibby, Multivariate Analysis (1979), section 3.2, for normals.

        Examples
        --------
        >>> from distributions import MultivariateNormal
        >>> MultivariateNormal([1.0, 2.0], [[1.0, 0.5], [0.5, 4.0]]).conditional({0: 3.0})
        Normal(mean=3.0, std=1.9364916731037085)
        """
        distribution = cast("Distribution", self)
        distribution.require_known("give a conditional")
        if not isinstance(given, Mapping):
            raise InvalidParameterError(
                f"conditional: given must be values by column, such as {{0: 1.5}}; got {given!r}"
            )
        places = _places(distribution, list(given))
        d = cast(int, distribution.n_columns)
        if len(places) == d:
            raise InvalidParameterError(f"conditional was given all {d} columns: none is left to be described")
        read = distribution.columns_read(distribution.names_of_columns or range(d))
        by_place = {_place(distribution, column): value for column, value in given.items()}
        values = np.array([_number(by_place[place], read[place]) for place in places])
        marginal = distribution.marginal_at(places)
        if not marginal.log_pdf(values if len(values) == 1 else values[np.newaxis])[0] > -np.inf:
            raise InvalidDataError(
                f"{dict(given)!r} has density zero under this {type(self).__name__}: no other column follows from it"
            )
        return distribution.conditional_at(places, values)

    @property
    def names_of_columns(self) -> tuple[str, ...] | None:
        """Names of the columns in their order, None where they have none."""
        return cast("Distribution", self).column_names

    # -------------------------------------------------------------------------------------- what a family says

    def marginal_at(self, places: Places) -> Distribution:
        """Return the distribution of the columns at some places, ascending, not all of them.

        Raises
        ------
        InvalidParameterError
            If the family cannot say.
        """
        raise InvalidParameterError(f"{type(self).__name__} cannot describe some of its columns without the others")

    def conditional_at(self, places: Places, values: Array) -> Distribution:
        """Return the distribution of the columns at other places than these, whose values are given, shape (m,).

        Raises
        ------
        InvalidParameterError
            If the family cannot say.
        """
        raise InvalidParameterError(f"{type(self).__name__} cannot describe some of its columns given the others")


def others(places: Places, n_columns: int) -> list[int]:
    """Return the places that are not among these."""
    return [place for place in range(n_columns) if place not in set(places)]


def _places(distribution: Distribution, columns: Sequence[Any]) -> list[int]:
    """Return the places of columns, ascending.

    Raises
    ------
    InvalidParameterError
        If there is no such column, or one is named twice, or none.
    """
    places = [_place(distribution, column) for column in columns]
    if not places or len(set(places)) < len(places):
        raise InvalidParameterError(f"columns must be different ones, at least one; got {list(columns)!r}")
    return sorted(places)


def _place(distribution: Distribution, column: Any) -> int:
    names, d = distribution.names_of_columns, distribution.n_columns
    if isinstance(column, str) and names is not None and column in names:
        return list(names).index(column)
    whole = isinstance(column, (int, np.integer)) and not isinstance(column, (bool, np.bool_))
    if whole and d is not None and 0 <= column < d:
        return int(column)
    known = "" if names is None else f"{', '.join(map(repr, names))}, or "
    last = "n" if d is None else d - 1
    raise InvalidParameterError(
        f"{type(distribution).__name__} has no column {column!r}; the columns are {known}0 to {last}"
    )


def _number(value: Any, column: Column) -> float:
    """Return the number that stands for a value in a column.

    Raises
    ------
    InvalidDataError
        If there is none.
    """
    if column.labels is not None:
        for code, label in column.labels.items():
            if type(label) is not bool and (label is value or label == value):
                return code
    try:
        number = float(value) if not isinstance(value, str) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        wanted = (
            "a finite number" if column.labels is None else f"one of {', '.join(map(repr, column.labels.values()))}"
        )
        raise InvalidDataError(f"the value given for column {column.name!r} must be {wanted}; got {value!r}")
    return number
