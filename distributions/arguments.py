"""Arguments that many methods take alike, checked where they come in: numbers of things, flags, seeds, values."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from .data import as_numbers, is_numeric
from .errors import InvalidParameterError


def require_whole(owner: str, name: str, value: Any, *, least: int = 1, most: int = 10**8) -> None:
    """Raise `InvalidParameterError` unless an argument is a whole number in a range."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
        limits = f">= {least}" if not isinstance(value, (int, np.integer)) or value < least else f"<= {most}"
        raise InvalidParameterError(f"{owner}: {name} must be a whole number {limits}; got {value!r}")


def require_flag(owner: str, name: str, value: Any) -> None:
    """Raise `InvalidParameterError` unless an argument is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidParameterError(f"{owner}: {name} must be True or False; got {value!r}")


def as_generator(owner: str, rng: Any) -> np.random.Generator:
    """Return the random generator that ``rng`` (a seed, a generator or None) stands for.

    Raises
    ------
    InvalidParameterError
        If it is none of these.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise InvalidParameterError(
            f"{owner}: rng must be a whole number >= 0, a numpy.random.Generator or None; got {rng!r}"
        ) from None


# ------------------------------------------------------------------- doors of the methods that families write


def _sample_door(sample: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(sample)
    def checked(self: Any, size: int, rng: Any = None, **options: Any) -> Any:
        owner = type(self).__name__
        require_whole(owner, "size", size, least=0)
        return sample(self, size, as_generator(owner, rng), **options)

    checked.__dict__["is_door"] = True
    return checked


def _values_door(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def door(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def checked(self: Any, *values: Any, **named: Any) -> Any:
            for given in (*values[:1], *named.values()):  # of one argument; a call without it fails by itself
                if not is_numeric(given):
                    as_numbers(self.encode(given) if name == "x" else given, type(self).__name__, name)
            return method(self, *values, **named)

        checked.__dict__["is_door"] = True
        return checked

    return door


DOORS = {"sample": _sample_door, "cdf": _values_door("x"), "ppf": _values_door("q")}


def with_doors(cls: type) -> None:
    """Let the methods of a class that are in `DOORS` check their arguments before anything is done with them."""
    for name, door in DOORS.items():
        method = getattr(cls, name)
        if not hasattr(method, "is_door"):
            setattr(cls, name, door(method))
