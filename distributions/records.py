"""Records as text: JSON of one format, with its version, a checksum, and every float exact.

A text is ``{"format": "general-mixtures", "version": 1, "checksum": ..., "record": ...}``. The checksum is SHA-256 of
the record without white space, so that damage, to a digit or to the order of names, is found, and only the layout may
change. It proves nothing about who wrote the file: what a record says is checked where the distribution is made of it.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import numpy as np

from .errors import InvalidParameterError, InvalidRecordError

FORMAT, VERSION = "general-mixtures", 1
_KEYS = {"format", "version", "checksum", "record"}
_FLOAT = "float"  # {"float": "inf"}: JSON has no infinity, and no NaN


def to_text(record: dict[str, Any]) -> str:
    """Return the text of a record of numbers, text, lists and dicts.

    Raises
    ------
    InvalidParameterError
        If there is something else in it.
    """
    encoded = _encoded(record)
    head = {"format": FORMAT, "version": VERSION, "checksum": _checksum(encoded)}
    return json.dumps({**head, "record": encoded}, indent=2, allow_nan=False)


def from_text(text: str | bytes) -> dict[str, Any]:
    """Return the record that `to_text` wrote.

    Raises
    ------
    InvalidRecordError
        If the text is anything else: no JSON, of another format or version, or changed since it was written.
    """
    try:
        content = json.loads(
            text, object_pairs_hook=_without_repetition, parse_float=_finite, parse_constant=_no_constant
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidRecordError(
            f"the text is not a distribution's JSON, which to_json writes: {shown(error)}"
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InvalidRecordError(
            "the text is not a distribution's JSON, which to_json writes: it does not begin with the format, "
            f"{FORMAT!r}"
        )
    version = content.get("version")
    if type(version) is not int or not 1 <= version <= VERSION:
        newer = " Use a newer release of general-mixtures." if type(version) is int and version > VERSION else ""
        raise InvalidRecordError(f"format version {shown(version)} is unknown; known is {VERSION}.{newer}")
    if set(content) != _KEYS:
        raise InvalidRecordError(f"a distribution's JSON needs the keys {', '.join(sorted(_KEYS))}, and no others")
    try:
        if content["checksum"] != _checksum(content["record"]):
            raise InvalidRecordError(
                "the checksum does not match: the file was damaged or changed since it was written. To read it as it "
                "is now, pass the record itself: from_dict(json.loads(text)['record'])"
            )
        return _decoded(content["record"])
    except RecursionError:
        raise InvalidRecordError("the text is not a distribution's JSON: it is nested too deeply") from None


def plain(value: Any) -> Any:
    """Return a value as numbers, text, lists and dicts, where it is made of such; else as it is."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return [plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def shown(value: object) -> str:
    """Return a value as a message shows it: never longer than a line."""
    text = str(value) if isinstance(value, BaseException) else repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def _checksum(encoded: Any) -> str:
    text = json.dumps(encoded, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _encoded(value: Any) -> Any:
    """Return a record as JSON can hold it."""
    value = plain(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {_FLOAT: str(value)}
    if isinstance(value, list):
        return [_encoded(part) for part in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value) and set(value) != {_FLOAT}:
        return {key: _encoded(part) for key, part in value.items()}
    raise InvalidParameterError(
        f"{shown(value)} cannot be written to a file: a record holds numbers, text, lists, dicts with keys of text. "
        "A family of your own may override to_dict and _from_record."
    )


def _decoded(value: Any) -> Any:
    """Return a record as `_encoded` was given it."""
    if isinstance(value, list):
        return [_decoded(part) for part in value]
    if isinstance(value, dict):
        if set(value) == {_FLOAT}:
            if value[_FLOAT] not in ("inf", "-inf", "nan"):
                raise InvalidRecordError(f"the text is not a distribution's JSON: {shown(value)} is no number")
            return float(value[_FLOAT])
        return {key: _decoded(part) for key, part in value.items()}
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is repeated")
    return made


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{shown(text)} is beyond the largest double")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not in JSON")
