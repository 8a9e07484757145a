"""A distribution as a value: a repr that evaluates, equality, and records in plain numbers and text."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self, cast

import numpy as np

from . import records, registry
from .errors import InvalidParameterError, InvalidRecordError


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
            "parameters": {name: records.plain(value) for name, value in values.items()},
            "frozen": sorted(self.frozen),
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Self:
        """Return the distribution described by `to_dict`.

        Families are looked up by name among the classes that exist: a record makes nothing be imported or run. A family
        of your own is there once its class is.

        Raises
        ------
        InvalidRecordError
            If the record is not one of a distribution of this class, or names an unknown family.
        """
        if not isinstance(record, dict) or not {"family", "parameters"} <= set(record):
            raise InvalidRecordError("a distribution's record needs the keys 'family' and 'parameters'")
        try:
            made = registry.look_up(record["family"])._from_record(record)
        except InvalidRecordError:
            raise
        except InvalidParameterError as error:
            raise InvalidRecordError(str(error)) from None
        except Exception as error:  # whatever a family makes of a value that it did not expect
            kind = type(error).__name__
            raise InvalidRecordError(f"not a record of a {record['family']}: {kind}: {records.shown(error)}") from error
        if not isinstance(made, cls):
            raise InvalidRecordError(
                f"it is the record of a {record['family']}, not of a {cls.__name__}. Distribution reads both."
            )
        return made

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> Self:
        strange = set(record) - {"family", "parameters", "frozen"}
        if strange:
            raise InvalidRecordError(f"{cls.__name__}: its record has the strange key {records.shown(min(strange))}")
        try:
            made = cls(**record["parameters"])
        except TypeError:
            given = records.shown(record["parameters"])
            raise InvalidParameterError(f"{cls.__name__} has no such parameters: {given}") from None
        frozen = record.get("frozen", [])
        if not isinstance(frozen, list):
            raise InvalidParameterError(f"{cls.__name__}: frozen must be a list of names; got {records.shown(frozen)}")
        return cast(Any, made).freeze(*frozen) if frozen else made

    def to_json(self) -> str:
        """Return the distribution as JSON text, floats exact, with the format's version and a checksum.

        Raises
        ------
        InvalidParameterError
            If it holds something that is neither number nor text nor a list of such.
        """
        return records.to_text(self.to_dict())

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the distribution written by `to_json`; see `from_dict`.

        What was damaged or changed since is refused, by the checksum. Who changes a file on purpose can make a new one,
        so a file from a stranger is a claim like any other; reading it runs nothing that it names.

        Raises
        ------
        InvalidRecordError
            If the text is not that of a distribution of this class, or was changed.
        """
        return cls.from_dict(records.from_text(text))


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    if isinstance(one, tuple) or isinstance(other, tuple):  # of labels: in an array 1 and "1" would be the same
        return bool(one == other)
    return bool(np.array_equal(one, other))


def _plain(value: Any) -> Any:
    """Return a value whose repr evaluates."""
    return value.tolist() if isinstance(value, np.ndarray) else value
