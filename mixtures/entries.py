"""What a fit has learned as entries of a record: how each is written, and read with its kind checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from distributions.records import shown


class Entry(NamedTuple):
    """How an attribute is written and read."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def number(value: Any) -> float:
    """Return a number of a record."""
    if type(value) is not float:
        raise TypeError(f"{shown(value)} is no number")
    return value


def whole(value: Any) -> int:
    """Return a whole number >= 0 of a record."""
    if type(value) is not int or value < 0:
        raise TypeError(f"{shown(value)} is no whole number >= 0")
    return value


def flag(value: Any) -> bool:
    """Return what is true or false in a record."""
    if type(value) is not bool:
        raise TypeError(f"{shown(value)} is neither true nor false")
    return value


def texts(value: Any) -> npt.NDArray[Any]:
    """Return names of a record, such as those of columns."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"{shown(value)} are no names")
    return np.array(value, dtype=object)


def vector(value: Any) -> npt.NDArray[Any]:
    """Return numbers of a record as an array, shape (n,)."""
    return np.array([number(entry) for entry in value])


def array(value: Any) -> npt.NDArray[Any]:
    """Return numbers of a record, or lists of such of one length at any depth, as an array."""
    if not isinstance(value, list):
        return np.array(number(value))
    return np.array([array(part) for part in value])


def read_entries(
    record: Any, entries: Mapping[str, Entry], optional: frozenset[str], others: set[str]
) -> dict[str, Any]:
    """Return the attributes in a record by name, each of its kind; all are needed but the optional ones.

    Raises
    ------
    KeyError, TypeError, ValueError
        If one is missing, of another kind, or strange: neither an entry nor among ``others``.
    """
    learned = {
        name: entry.read(record[name]) for name, entry in entries.items() if name in record or name not in optional
    }
    strange = set(record) - set(learned) - others
    if strange:
        raise ValueError(f"its fit has the strange entry {shown(min(strange))}")
    return learned


def require_proportions(weights: npt.NDArray[Any]) -> None:
    """Raise unless they are >= 0 and have sum one."""
    if not (np.all(weights >= 0.0) and abs(weights.sum() - 1.0) < 1e-9):
        raise ValueError(f"weights_ are no proportions: {shown(weights.tolist())}")


def require_names(names: npt.NDArray[Any] | None, n_columns: int) -> None:
    """Raise if there are names of another number of columns."""
    if names is not None and len(names) != n_columns:
        raise ValueError(f"feature_names_in_ are not the names of {n_columns} columns")
