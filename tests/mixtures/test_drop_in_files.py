"""GaussianMixture and KMeans come back from their files as they were, and from nothing else."""

import json
import random

import numpy as np
import pandas as pd
import pytest

from distributions import records
from mixtures import (
    Distribution,
    GaussianMixture,
    InvalidParameterError,
    InvalidRecordError,
    KMeans,
    MixtureModel,
    datasets,
)

GEYSER = datasets.load("old_faithful")
BOTH = np.column_stack([GEYSER["eruptions"], GEYSER["waiting"]])
FRAME = pd.DataFrame({"eruptions": BOTH[:, 0], "waiting": BOTH[:, 1]})
FITTED = {
    **{
        kind: GaussianMixture(2, covariance_type=kind, random_state=0, max_iter=200).fit(BOTH)
        for kind in ("full", "tied", "diag", "spherical")
    },
    "frame": GaussianMixture(2, random_state=np.random.default_rng(3), weights_init=[0.4, 0.6]).fit(FRAME),
    "unfitted mixture": GaussianMixture(3, means_init=np.zeros((3, 2))),
    "clusters": KMeans(3, random_state=0).fit(BOTH),
    "single precision": KMeans(3, init=BOTH[:3], n_init=1).fit(BOTH.astype(np.float32)),
    "unfitted clusters": KMeans(4, random_state=1),
}


def same(a, b):
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return a is b or a == b or repr(a) == repr(b)


@pytest.mark.parametrize("name", FITTED)
def test_an_estimator_comes_back_from_its_text(name):
    model = FITTED[name]
    back = type(model).from_json(model.to_json())
    assert back.to_json() == model.to_json()
    learned = {key for key in vars(model) if key.endswith("_")}
    assert learned == {key for key in vars(back) if key.endswith("_")}
    for key in learned:
        assert same(getattr(back, key), getattr(model, key)), key
    for key, value in model.get_params().items():
        if key != "random_state":
            assert np.array_equal(getattr(back, key), value), key
    if learned:
        data = FRAME if "feature_names_in_" in learned else BOTH
        assert np.array_equal(back.predict(data), model.predict(data))
        assert back.score(data) == model.score(data)


def test_the_largest_variance_that_a_number_can_be_is_read_and_serves():
    record = FITTED["full"].to_dict()
    record["fit"]["covariances_"][0][1][1] = np.finfo(float).max
    back = GaussianMixture.from_json(records.to_text(record))
    assert back.covariances_[0, 1, 1] == np.finfo(float).max
    assert np.isfinite(back.predict_proba(np.zeros((2, back.n_features_in_)))).all()


def test_a_generator_comes_back_where_it_was():
    back = GaussianMixture.from_json(FITTED["frame"].to_json())
    assert back.random_state.bit_generator.state == FITTED["frame"].random_state.bit_generator.state


def test_attributes_that_were_set_by_hand_are_kept():
    model = GaussianMixture(2)
    model.weights_, model.means_ = np.array([0.25, 0.75]), np.array([[0.0], [3.0]])
    model.precisions_cholesky_ = np.array([[[2.0]], [[0.5]]])
    back = GaussianMixture.from_json(model.to_json())
    assert back.covariances_.tolist() == [[[0.25]], [[4.0]]]
    assert back.score([[1.0]]) == model.score([[1.0]])


@pytest.mark.parametrize(
    "model, message",
    [
        (KMeans(2, init=lambda X, k, random_state: X[:k]), r"init=.* is code, .* set_params\(init=None\)"),
        (KMeans(2, random_state=np.random.RandomState(0)), "Give random_state a seed, a whole number"),
    ],
)
def test_what_cannot_be_written_is_named(model, message):
    with pytest.raises(InvalidParameterError, match=message):
        model.to_json()


def changed(name, path, value):
    record = json.loads(json.dumps(FITTED[name].to_dict()))
    place = record
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return record


@pytest.mark.parametrize(
    "name, path, value, message",
    [
        ("full", ["family"], "KMeans", "the record of a 'KMeans', not of a GaussianMixture"),
        ("full", ["fit", "weights_"], [0.5, 0.6], "weights_ are no proportions"),
        ("full", ["fit", "weights_"], [1.0], r"means_ has shape \(2, 2\), needed is \(1, 2\)"),
        ("full", ["fit", "means_", 0], [1.0], "inhomogeneous|shape"),
        ("full", ["fit", "covariances_", 0, 0, 0], -1.0, "cov must be"),
        ("diag", ["fit", "covariances_"], [1.0, 2.0], r"covariances_ has shape \(2,\)"),
        ("full", ["fit", "n_features_in_"], 3, r"means_ has shape \(2, 2\), needed is \(2, 3\)"),
        ("full", ["fit", "converged_"], 1, "neither true nor false"),
        ("full", ["fit", "converged_"], None, "it lacks 'converged_'"),
        ("full", ["fit", "other"], 1, "strange entry 'other'"),
        ("full", ["parameters", "other"], 1, "strange entry 'other'"),
        ("full", ["parameters", "n_components"], "2", "'n_components' parameter"),
        ("full", ["parameters", "random_state"], None, "it lacks 'random_state'"),
        ("frame", ["fit", "feature_names_in_"], ["a"], "not the names of 2 columns"),
        ("frame", ["parameters", "random_state"], {"PCG64": [2**200, 1, 0, 0]}, "not a GaussianMixture's record"),
        ("clusters", ["fit", "labels_", 0], 3, "labels_ has 3, of 3 clusters"),
        ("clusters", ["fit", "labels_", 0], -1, "no whole number"),
        ("clusters", ["fit", "cluster_centers_", "type"], "object", "it lacks 'object'"),
        ("clusters", ["fit", "cluster_centers_", "values"], [[1.0]] * 3, "not points of 2 columns"),
        ("clusters", ["fit", "cluster_centers_", "values", 0, 0], float("inf"), "not points of 2 columns"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(name, path, value, message):
    with pytest.raises(InvalidRecordError, match=message):
        type(FITTED[name]).from_dict(changed(name, path, value))


def test_each_class_reads_its_own_files_only():
    text = FITTED["full"].to_json()
    with pytest.raises(InvalidRecordError, match="of a 'GaussianMixture', not of a KMeans"):
        KMeans.from_json(text)
    for reader in (MixtureModel, Distribution):
        with pytest.raises(InvalidRecordError, match="of a GaussianMixture, which GaussianMixture.from_json reads$"):
            reader.from_json(text)
    with pytest.raises(InvalidRecordError, match="not of a GaussianMixture"):
        GaussianMixture.from_json(MixtureModel([Distribution.from_dict(NORMAL)]).to_json())
    with pytest.raises(InvalidRecordError, match="the checksum does not match"):
        GaussianMixture.from_json(text.replace("0.001", "0.002"))


NORMAL = {"family": "Normal", "parameters": {"mean": 0.0, "std": 1.0}}


def places(value, path=()):
    """Yield the paths of all entries of a record."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield (*path, key)
        yield from places(part, (*path, key))


STRANGE = [None, -1, 0, 2.5, True, "x", [], {}, [[1.0]], float("nan"), 1e308, 10**30]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["full", "spherical", "single precision"])
def test_forged_records_are_refused_or_read_but_nothing_else(name):
    rng = random.Random(name)
    family = type(FITTED[name])
    paths = [path for path in places(FITTED[name].to_dict()) if "labels_" not in path or path[-1] in ("labels_", 0, 1)]
    for _ in range(400):
        record = changed(name, rng.choice(paths), rng.choice(STRANGE))
        try:
            back = family.from_json(records.to_text(record))
        except InvalidRecordError:
            continue
        assert "fit" not in record or np.isfinite(back.predict(BOTH)).all()
        assert family.from_json(back.to_json()).to_json() == back.to_json()
