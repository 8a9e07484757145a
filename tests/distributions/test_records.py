"""The text of a record: what goes in comes out, and whatever was changed on the way is found."""

import hashlib
import json
import math

import numpy as np
import pytest
from catalogue import TRIALS

from distributions import Distribution, InvalidParameterError, InvalidRecordError, Normal, Truncated, parameter, records
from distributions.domains import REAL

ODD = {
    "floats": [0.1 + 0.2, 5e-324, -0.0, 1.7976931348623157e308, math.inf, -math.inf],
    "whole": [2**200, -1, True, None],
    "text": ["\ud800", "\x00", "é漢", '"', "float", ""],
    "nested": {"a": {"": [[], {}]}, "float": 1.5},
    "array": np.array([[1.0, math.inf]]),
    "scalar": np.float64(0.1),
}


class Tagged(Distribution):
    """A family of a user's own, with settings of other types than numbers."""

    mean: float = parameter(REAL)
    tag: object = None

    def log_pdf(self, x):
        return np.zeros(np.shape(x))

    def fit(self, x, sample_weight=None):
        return self

    def sample(self, size, rng=None):
        return np.zeros(size)


def head(record, **changes):
    """Return a text with a true checksum."""
    plain = json.dumps(record, separators=(",", ":"))
    checksum = hashlib.sha256(plain.encode()).hexdigest()
    return json.dumps({"format": "general-mixtures", "version": 1, "checksum": checksum, "record": record, **changes})


def test_what_goes_in_comes_out():
    back = records.from_text(records.to_text(ODD))
    plain = {**ODD, "array": [[1.0, math.inf]], "scalar": 0.1}
    assert back == plain
    assert repr(back) == repr(plain)  # which tells -0.0 from 0.0, and 1 from True
    (nan,) = records.from_text(records.to_text({"x": math.nan})).values()
    assert math.isnan(nan)


def test_it_is_json_as_all_languages_read_it():
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    content = json.loads(records.to_text(ODD), parse_constant=refuse)
    assert list(content) == ["format", "version", "checksum", "record"]
    assert content["version"] == records.VERSION == 1
    assert content["record"]["floats"][4:] == [{"float": "inf"}, {"float": "-inf"}]


@pytest.mark.parametrize("trial", TRIALS.values(), ids=lambda trial: trial.family.__name__)
def test_every_family_comes_back_from_text(trial):
    for one in (*trial.settings, *trial.extremes):
        for original in (one, one if one.unknown else one.freeze()):
            back = type(one).from_json(original.to_json())
            assert back == original
            assert back.to_dict() == original.to_dict()


def test_the_layout_may_change_and_bytes_are_read():
    text = Normal(0.1, 2.0).to_json()
    for other in (json.dumps(json.loads(text)), text.replace("0.1", "1e-1"), text.encode(), bytearray(text, "utf-16")):
        assert Normal.from_json(other) == Normal(0.1, 2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a distribution's JSON, which to_json writes: Expecting value"),
        ("{", "not a distribution's JSON"),
        ("[" * 100_000, "not a distribution's JSON"),
        ("model.json", "not a distribution's JSON"),
        (b"\xff\xfe\x00", "not a distribution's JSON"),
        (3, "not a distribution's JSON, which to_json writes: the JSON object must be str"),
        (None, "not a distribution's JSON"),
        ("NaN", "NaN is not in JSON"),
        ("[1e999]", "'1e999' is beyond the largest double"),
        ("1" * 5000, "not a distribution's JSON"),
        ("[]", "it does not begin with the format, 'general-mixtures'"),
        ('{"family": "Normal", "parameters": {}}', "it does not begin with the format"),
        ('{"format": "general-mixtures", "format": "general-mixtures"}', "a key is repeated"),
        (head({}, version=2), r"format version 2 is unknown; known is 1. Use a newer release"),
        (head({}, version=True), "format version True is unknown; known is 1.$"),
        (head({}, version="1"), "format version '1' is unknown; known is 1.$"),
        (head({}, note=1), "needs the keys checksum, format, record, version, and no others"),
        (head({}, checksum=None), "the checksum does not match"),
        (head({"x": {"float": "1"}}), r"\{'float': '1'\} is no number"),
        (head({"x": {"float": []}}), r"\{'float': \[\]\} is no number"),
        (head([]), "needs the keys 'family' and 'parameters'"),
        (head({"family": "os.system", "parameters": {}}), "unknown family 'os.system'; known are .*Exponential"),
        (head({"family": "x" * 999, "parameters": {}}), r"unknown family 'x{76}\.\.\.; known"),
    ],
)
def test_a_text_that_is_none_of_ours_is_one_error(text, message):
    with pytest.raises(InvalidRecordError, match=message):
        Distribution.from_json(text)


def test_a_change_is_found_and_the_remedy_works():
    text = Normal(0.5, 2.0).to_json()
    changed = text.replace("0.5", "0.6")
    with pytest.raises(InvalidRecordError, match="the checksum does not match") as caught:
        Distribution.from_json(changed)
    assert "from_dict(json.loads(text)['record'])" in str(caught.value)
    assert Distribution.from_dict(json.loads(changed)["record"]) == Normal(0.6, 2.0)
    swapped = json.loads(text)
    swapped["record"]["parameters"] = dict(reversed(swapped["record"]["parameters"].items()))
    with pytest.raises(InvalidRecordError, match="the checksum does not match"):  # order may mean something
        Distribution.from_json(json.dumps(swapped))


def test_nothing_is_written_that_could_not_be_read():
    assert Tagged.from_json(Tagged(1.0, tag={"a": [1, "b"]}).to_json()) == Tagged(1.0, tag={"a": [1, "b"]})
    for tag in (len, {1: 2}, {"float": "inf"}, 1j, [{3}]):
        with pytest.raises(InvalidParameterError, match="cannot be written to a file"):
            Tagged(1.0, tag=tag).to_json()


def test_infinite_settings_are_exact():
    one = Truncated(Normal(0.0, 1.0), low=-math.inf, high=2.0)
    assert Distribution.from_json(one.to_json()) == one
    assert Tagged.from_json(Tagged(1.0, tag=[math.inf]).to_json()).tag == [math.inf]


def test_an_error_in_a_family_of_a_user_s_own_is_the_same_error():
    class Fragile(Tagged):
        """Breaks on what it does not expect."""

        def __post_init__(self):
            if self.tag is not None:
                self.tag.no_such_attribute  # noqa: B018

    record = {"family": "Fragile", "parameters": {"tag": "x"}}
    with pytest.raises(InvalidRecordError, match="not a record of a Fragile: AttributeError: 'str' object has no"):
        Distribution.from_dict(record)


def test_messages_stay_short():
    record = {"family": "Normal", "parameters": {"mean": 1.0, "x" * 10_000: [0.0] * 10_000}}
    with pytest.raises(InvalidRecordError) as caught:
        Distribution.from_dict(record)
    assert len(str(caught.value)) < 300
