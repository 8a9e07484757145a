"""Labels of any kind; the estimator under smoothing, freezing and absent rows."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from distributions import Categorical, Distribution, InvalidDataError, InvalidParameterError, Normal, Product
from distributions.domains import Points
from mixtures import MixtureModel

TEXT = ["b", "a", "b", "c", "b"]


@pytest.mark.parametrize(
    "x",
    [
        TEXT,
        np.array(TEXT),
        np.array(TEXT, dtype=object),
        np.array(TEXT)[:, np.newaxis],
        pd.Series(TEXT),
        pd.Series(TEXT, dtype="string"),
        pd.Series(pd.Categorical(TEXT)),
        pd.Categorical(TEXT),
        pd.DataFrame({"label": TEXT}),
    ],
    ids=lambda x: type(x).__name__,
)
def test_labels_come_in_any_container(x):
    fitted = Categorical().fit(x)
    assert fitted == Categorical([0.2, 0.6, 0.2], categories=("a", "b", "c"))
    assert np.array_equal(fitted.pdf(x), [0.6, 0.2, 0.6, 0.2, 0.6])
    model = MixtureModel([Categorical(), Categorical()]).fit(x)
    assert model.predict_proba(x).shape == (5, 2)
    assert np.allclose(np.exp(model.log_pdf(x)), fitted.pdf(x))
    assert model.components_[0].categories == ("a", "b", "c")
    assert np.isfinite([model.score(x), model.aic(x), model.bic(x)]).all()


@pytest.mark.parametrize("x", [[3, 1, 3, 3], [3.0, 1.0, 3.0, 3.0], np.array([3, 1, 3, 3], dtype=object)])
def test_numbers_stand_for_themselves(x):
    fitted = Categorical().fit(x)
    assert fitted == Categorical([0.25, 0.75], categories=(1, 3))
    assert fitted.mean == 2.5
    assert np.array_equal(fitted.log_pdf([1, 2, 3, 0]), np.log([0.25, 1, 0.75, 1]) + [0, -np.inf, 0, -np.inf])
    assert set(fitted.sample(100, rng=0)) == {1.0, 3.0}


def test_booleans_are_numbers():
    assert Categorical().fit([True, False, True, True]) == Categorical([0.25, 0.75], categories=(0, 1))


def test_labels_of_mixed_types_are_all_coded():
    fitted = Categorical().fit(np.array(["a", 1, 1, "b"], dtype=object))
    assert fitted.categories == (1, "a", "b")
    assert fitted != Categorical(fitted.prob, categories=("1", "a", "b"))
    assert fitted.decode([2.0, 0.0]).tolist() == ["b", 1]


def test_unseen_labels_have_no_density_and_missing_ones_are_nan():
    fitted = Categorical().fit(TEXT)
    assert fitted.log_pdf(["z", "b"])[0] == -np.inf
    assert fitted.log_pdf("a") == math.log(0.2)
    missing = np.array([None, math.nan, pd.NA, pd.NaT, "b"], dtype=object)
    assert np.isnan(fitted.log_pdf(missing)).tolist() == [True] * 4 + [False]
    with pytest.raises(InvalidDataError, match="NaN"):
        Categorical().fit(np.array(["a", None, "b"], dtype=object))
    with pytest.raises(InvalidDataError, match="one of 'a', 'b'"):
        Categorical(categories=("a", "b")).fit(TEXT)
    with pytest.raises(InvalidDataError, match=r"row 0, -1\) is of zero .*'.' \(here 0 to \d; -1 is any other\)"):
        MixtureModel([Categorical(), Categorical()]).fit(TEXT).predict_proba(["z"])


def test_labels_of_weight_zero_are_absent():
    x, weight = np.array(["a", "z", "b", None], dtype=object), [1, 0, 3, 0]
    assert Categorical().fit(x, sample_weight=weight) == Categorical([0.25, 0.75], categories=("a", "b"))
    model = MixtureModel([Categorical(), Categorical()]).fit(x, sample_weight=weight)
    assert model.components_[0].categories == ("a", "b")


def test_codes_and_labels_turn_into_each_other():
    trial = Categorical([0.5, 0.2, 0.3], categories=("low", "middle", "high"))
    labels = trial.decode(trial.sample(50, rng=1))
    assert set(labels) == {"low", "middle", "high"}
    assert np.array_equal(trial.decode(trial.encode(labels)), labels)
    assert np.array_equal(trial.log_pdf(labels), trial.log_pdf(trial.encode(labels)))
    assert Categorical([0.5, 0.5], categories=(7, 3)).decode([3.0, 7.0]).tolist() == [3, 7]
    with pytest.raises(InvalidDataError, match=r"3\.0 stands for no category"):
        trial.decode([3.0])


def test_components_that_code_labels_differently_are_refused():
    known = Categorical([0.5, 0.5], categories=("b", "a"))
    with pytest.raises(InvalidDataError, match="same categories"):
        MixtureModel([known, Categorical()]).fit(["a", "b", "a"])


def test_data_are_coded_once_for_components_that_code_alike(monkeypatch):
    one, other = (Product({"a": Normal(m, 1.0), "b": Categorical([0.4, 0.6], ("u", "v"))}) for m in (0.0, 1.0))
    reversed_labels = Product({"a": Normal(0.0, 1.0), "b": Categorical([0.4, 0.6], ("v", "u"))})
    nested = MixtureModel([one, MixtureModel([other, one])])
    assert one.coding == other.coding == nested.coding != reversed_labels.coding
    assert Normal(0.0, 1.0).coding == Categorical([0.5, 0.5], (1, 2)).coding is None
    frame, calls, encode = pd.DataFrame({"a": [0.5, 2.0], "b": ["v", "u"]}), [], Product.encode
    monkeypatch.setattr(Product, "encode", lambda self, x: (calls.append(self), encode(self, x))[1])
    np.testing.assert_array_equal(nested.encode(frame), [[0.5, 1.0], [2.0, 0.0]])
    assert calls == [one]
    with pytest.raises(InvalidDataError, match="code the same data differently"):
        MixtureModel([one, reversed_labels]).encode(frame)


def test_a_family_with_an_encode_of_its_own_is_coded_by_itself():
    class Halved(Normal):
        def encode(self, x):
            return np.asarray(x) / 2

    assert Halved(0.0, 1.0).coding == Halved(0.0, 1.0) != Normal(0.0, 1.0).coding
    with pytest.raises(InvalidDataError, match="code the same data differently"):
        MixtureModel([Normal(0.0, 1.0), Halved(0.0, 1.0)]).encode([1.0, 2.0])


def test_smoothing_adds_pseudo_counts():
    smoothed = Categorical(categories=("a", "b", "c"), smoothing=1.0).fit(["a", "a", "b"])
    assert np.allclose(smoothed.prob, [3 / 6, 2 / 6, 1 / 6])
    assert Categorical(categories=("a", "b", "c")).fit(["a", "a", "b"]).log_pdf(["c"])[0] == -np.inf


def test_frozen_probabilities_stay_and_settings_survive_json():
    trial = Categorical([0.5, 0.2, 0.3], categories=("x", "y", "z"), smoothing=0.5).freeze()
    assert trial.fit(["x", "x"]) == trial
    assert Distribution.from_json(trial.to_json()) == trial
    assert json.loads(trial.to_json())["record"]["parameters"]["categories"] == ["x", "y", "z"]


def test_constant_labels_are_one_category():
    fitted = Categorical().fit(["a"] * 3)
    assert fitted == Categorical([1.0], categories=("a",))
    assert fitted.n_parameters == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"categories": ("a", "a")}, "different labels"),
        ({"categories": ("a", None)}, "none of them missing"),
        ({"categories": "ab"}, "sequence of labels"),
        ({"categories": ()}, "at least one"),
        ({"prob": [0.5, 0.5], "categories": ("a",)}, "2 entries, but there are 1"),
        ({"smoothing": -1.0}, "smoothing must be"),
    ],
)
def test_bad_settings_are_named(arguments, message):
    with pytest.raises(InvalidParameterError, match=message):
        Categorical(**arguments)


def test_points_are_a_domain():
    points = Points.of(np.array([-1.5, 0.0, 2.0]), "one of three")
    assert points.contains([-1.5, 0.0, 1.0, np.nan, np.inf]).tolist() == [True, True, False, False, False]
    assert points.values(-1.0, 5.0).tolist() == [0.0, 2.0]
