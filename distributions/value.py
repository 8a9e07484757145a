"""A distribution as a value: a repr that evaluates, equality, and records in plain numbers and text."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from . import registry
from .errors import InvalidParameterError

if TYPE_CHECKING:
    from .base import Distribution


class Value:
    """What makes an immutable object with fields a value; the base of `Distribution`."""

    frozen: frozenset[str]

    def __repr__(self) -> str:
        values = {
            f.name: getattr(self, f.name)
            for f in fields(cast(Any, self))
            if not _same(getattr(self, f.name), f.default)
        }
        given = ", ".join(f"{name}={_plain(value)!r}" for name, value in values.items())
        frozen = f".freeze({', '.join(map(repr, sorted(self.frozen)))})" if self.frozen else ""
        return f"{type(self).__name__}({given}){frozen}"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.frozen == other.frozen and all(
            _same(getattr(self, f.name), getattr(other, f.name)) for f in fields(cast(Any, self))
        )

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def to_dict(self) -> dict[str, Any]:
        """Return the distribution as plain numbers, text and lists; `from_dict` is the inverse.

        Raises
        ------
        InvalidParameterError
            If another family has this one's name, so that `from_dict` would return that.
        """
        name = type(self).__name__
        if registry.look_up(name) is not type(self):
            raise InvalidParameterError(f"another family is named {name}: give this one a name of its own")
        values = {f.name: getattr(self, f.name) for f in fields(cast(Any, self))}
        return {
            "family": type(self).__name__,
            "parameters": {name: _plain(value) for name, value in values.items()},
            "frozen": sorted(self.frozen),
        }

    @staticmethod
    def from_dict(record: dict[str, Any]) -> Distribution:
        """Return the distribution described by `to_dict`; only registered families are looked up.

        Raises
        ------
        InvalidParameterError
            If the record is not one that `to_dict` wrote.
        """
        if not isinstance(record, dict) or not {"family", "parameters"} <= set(record):
            raise InvalidParameterError("a distribution's record needs the keys 'family' and 'parameters'")
        return registry.look_up(record["family"])._from_record(record)

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> Self:
        try:
            made = cls(**record["parameters"])
        except TypeError:
            raise InvalidParameterError(f"{cls.__name__} has no such parameters: {record['parameters']!r}") from None
        frozen = record.get("frozen", [])
        if not isinstance(frozen, list):
            raise InvalidParameterError(f"{cls.__name__}: frozen must be a list of names; got {frozen!r}")
        return cast(Any, made).freeze(*frozen) if frozen else made

    def to_json(self) -> str:
        """Return the distribution as JSON text, floats exact."""
        return json.dumps(self.to_dict(), indent=2)

    @staticmethod
    def from_json(text: str) -> Distribution:
        """Return the distribution written by `to_json`.

        Raises
        ------
        InvalidParameterError
            If the text is not such a record.
        """
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidParameterError(f"not a distribution's JSON: {error}") from None
        return Value.from_dict(record)


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    if isinstance(one, tuple) or isinstance(other, tuple):  # of labels: in an array 1 and "1" would be the same
        return bool(one == other)
    return bool(np.array_equal(one, other))


def _plain(value: Any) -> Any:
    """Return a value as numbers, text and lists."""
    return value.tolist() if isinstance(value, np.ndarray) else value
