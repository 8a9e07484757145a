"""Names of columns: results as data frames, and warnings where data have lost or found names, as in scikit-learn."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.cluster import KMeans as TheirKMeans
from sklearn.mixture import GaussianMixture as TheirGaussianMixture
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from mixtures import (
    Categorical,
    GaussianMixture,
    InvalidParameterError,
    KMeans,
    MixtureModel,
    Normal,
    Product,
    datasets,
)

GEYSER = datasets.load("old_faithful")
BOTH = np.column_stack([GEYSER["eruptions"], GEYSER["waiting"]])[:60]
FRAME = pd.DataFrame(BOTH, columns=["eruptions", "waiting"], index=np.arange(60) * 2)
OURS, THEIRS = KMeans(2, random_state=0), TheirKMeans(2, random_state=0)


@pytest.mark.parametrize("kind", ["default", "pandas", "polars"])
@pytest.mark.parametrize(
    "data", [FRAME, pl.DataFrame(FRAME), BOTH, BOTH.astype(np.float32)], ids=["pd", "pl", "np", "np32"]
)
def test_transform_gives_what_scikit_learn_gives(kind, data):
    found, expected = (clone(model).set_output(transform=kind).fit_transform(data) for model in (OURS, THEIRS))
    assert type(found) is type(expected)
    rtol = 1e-3 if "32" in str(np.asarray(data).dtype) else 1e-9
    np.testing.assert_allclose(found, expected, rtol=rtol)
    if kind != "default":
        assert list(found.columns) == list(expected.columns)
    if kind == "pandas":
        pd.testing.assert_index_equal(found.index, expected.index)
        assert list(found.dtypes) == list(expected.dtypes)


def test_it_is_asked_for_in_all_of_scikit_learn_s_ways():
    with sklearn.config_context(transform_output="pandas"):
        assert list(clone(OURS).fit_transform(FRAME).columns) == ["kmeans0", "kmeans1"]
        assert isinstance(clone(OURS).set_output(transform="default").fit_transform(FRAME), np.ndarray)
    assert isinstance(clone(OURS).fit_transform(FRAME), np.ndarray)
    asking = clone(OURS).set_output(transform="polars")
    assert isinstance(clone(asking).set_output().fit_transform(FRAME), pl.DataFrame)
    piped = make_pipeline(StandardScaler(), clone(OURS)).set_output(transform="pandas").fit_transform(FRAME)
    joined = make_union(StandardScaler(), clone(OURS)).set_output(transform="pandas").fit_transform(FRAME)
    assert list(piped.index) == list(joined.index) == list(FRAME.index)
    assert [name.split("__")[1] for name in joined.columns] == ["eruptions", "waiting", "kmeans0", "kmeans1"]
    with pytest.raises(InvalidParameterError, match="output config must be in .*, got arrow"):
        OURS.set_output(transform="arrow")


@pytest.mark.parametrize(
    "ours, theirs",
    [(OURS, THEIRS), (GaussianMixture(2, random_state=0), TheirGaussianMixture(2, random_state=0))],
    ids=["KMeans", "GaussianMixture"],
)
def test_lost_and_found_names_are_said_as_in_scikit_learn(ours, theirs):
    for fitted, given in ((FRAME, BOTH), (BOTH, FRAME), (FRAME, FRAME), (BOTH, BOTH), (pl.DataFrame(BOTH), BOTH)):
        said = []
        for model in (ours, theirs):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                clone(model).fit(fitted).predict(given)
            said.append([(warning.category, str(warning.message)) for warning in caught])
        assert said[0] == said[1]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_a_frame_that_is_filled_in_stays_a_frame(frame):
    data = {
        "minutes": [50.0, None, 80.0, 82.0, 51.0, 79.0],
        "kind": ["a", "a", "b", None, "a", "b"],
        "other": list("uvwxyz"),
    }
    part = Product({"minutes": Normal(), "kind": Categorical(smoothing=1.0)})
    model = MixtureModel({"short": part, "long": part}, n_init=2).fit(frame(data))
    filled = model.impute(frame(data))
    assert type(filled) is frame
    assert list(filled.columns) == list(data)
    assert filled["kind"][3] == "b"
    assert filled["minutes"][1] < 65.0  # below the mean: its kind is that of the short ones
    shares = pd.DataFrame(model.predict_proba(frame(data)), columns=model.names)
    assert list(shares.columns) == ["short", "long"]
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
