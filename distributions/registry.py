"""The registry of families: found by name when a file is read, and by support when an error suggests another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .data import Array
from .domains import Domain
from .errors import InvalidParameterError

if TYPE_CHECKING:
    from .base import Distribution

_families: dict[str, type[Distribution]] = {}
_readers: set[str] = set()  # classes that are no distributions, but write files of the same format


def register(family: type[Distribution]) -> None:
    """Enter a family under its class name; one of this project's own is never displaced."""
    known = _families.get(family.__name__)
    if known is None or not known.__module__.startswith(("distributions.", "mixtures.")):
        _families[family.__name__] = family


def register_reader(name: str) -> None:
    """Enter a class that is no distribution, by its name, and alone reads the files that it writes."""
    _readers.add(name)


def look_up(name: object) -> type[Distribution]:
    """Return the family of this name.

    Raises
    ------
    InvalidParameterError
        If there is none.
    """
    if isinstance(name, str) and name in _readers and name not in _families:
        raise InvalidParameterError(f"it is the record of a {name}, which {name}.from_json reads")
    if not isinstance(name, str) or name not in _families:
        given = repr(name) if len(repr(name)) < 80 else f"{repr(name)[:77]}..."
        raise InvalidParameterError(
            f"unknown family {given}; known are {', '.join(sorted(_families))}. "
            "One of your own is known once the module of its class is imported."
        )
    return _families[name]


def suitable(rows: Array, n_columns: int | None) -> list[str]:
    """Return the names of this project's everyday families whose support holds all rows."""
    return [
        name
        for name, family in sorted(_families.items())
        if family.everyday
        and family.__module__.startswith("distributions.")
        and family.n_columns == n_columns
        and isinstance(family.support, Domain)
        and family.support.holds(rows).all()
    ]
