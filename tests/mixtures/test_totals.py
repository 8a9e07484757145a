"""Scores, criteria and predictions of rows in blocks and on Dask: those of the rows in memory."""

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from mixtures import Blocks, InvalidDataError, MixtureModel, MultivariateNormal, Normal, Poisson, Product, sources

CUTS = [700, 1500]
PARTS = [MultivariateNormal([0.0, 0.0], np.eye(2)), MultivariateNormal([3.0, 1.0], np.eye(2))]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def X(rng):
    return np.concatenate([rng.normal(0.0, 1.0, (900, 2)), rng.normal(2.0, 1.0, (1100, 2))])


@pytest.fixture
def weight(rng):
    return np.where(np.arange(2000) < 700, 0.0, rng.uniform(0.5, 2.0, 2000))  # a block without any


def assert_same(model, there, here, beside=None, weight=None):
    for criterion in ("score", "aic", "bic"):
        found = getattr(model, criterion)(there, sample_weight=beside)
        assert found == pytest.approx(getattr(model, criterion)(here, sample_weight=weight), rel=1e-12)


def test_blocks_are_scored_in_one_pass(X, weight):
    model, n_passes = MixtureModel(PARTS), 0

    def made():
        nonlocal n_passes
        n_passes += 1
        yield from np.split(X, CUTS)

    assert_same(model, Blocks(made), X)
    assert n_passes == 3
    pairs = [(np.empty((0, 2)), np.empty(0)), *zip(np.split(X, CUTS), np.split(weight, CUTS), strict=True)]
    assert_same(model, Blocks(lambda: iter(pairs)), X, weight=weight)
    assert_same(model, Blocks(X, rows=300), X, weight, weight)
    assert_same(model, Blocks(X, rows=300), X, Blocks(weight, rows=111), weight)


def test_files_are_scored(X, weight, tmp_path, monkeypatch):
    frame = pd.DataFrame({"a": X[:, 0], "b": np.floor(np.abs(X[:, 1])), "w": weight})
    for number, part in enumerate(np.split(np.arange(2000), CUTS)):
        frame.iloc[part].to_csv(tmp_path / f"{number}.csv", index=False, float_format="%.17g")
        np.save(tmp_path / f"{number}.npy", X[part])
    named = MixtureModel([Product({"a": Normal(0, 1), "b": Poisson(1)}), Product({"a": Normal(2, 1), "b": Poisson(2)})])
    assert_same(named, tmp_path / "*.csv", frame[["a", "b"]], "w", weight)
    assert_same(MixtureModel(PARTS), str(tmp_path / "*.npy"), X)
    np.save(tmp_path / "all", X)
    monkeypatch.setattr(sources, "LARGE", 100)
    assert_same(MixtureModel(PARTS), np.load(tmp_path / "all.npy", mmap_mode="r"), X)
    np.save(tmp_path / "2.npy", X[:, :1])
    with pytest.raises(InvalidDataError, match=r"block 2 \(2.npy\): "):
        MixtureModel(PARTS).score(tmp_path / "?.npy")


def test_dask_collections_are_scored_where_they_lie(X, weight):
    model = MixtureModel(PARTS)
    x, w = (da.from_array(each, chunks=(300, *each.shape[1:])) for each in (X, weight))
    assert_same(model, x, X)
    assert_same(model, x, X, w, weight)
    assert_same(model, x[x[:, 0] > 1.0], X[X[:, 0] > 1.0])  # of lengths that are not known, some perhaps zero
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "w": weight})
    assert_same(model, dd.from_pandas(frame, npartitions=4), X, "w", weight)
    weight[700] = -1.0
    with pytest.raises(InvalidDataError, match="partition 2: .*sample_weight"):
        model.score(x, sample_weight=da.from_array(weight, chunks=300))


def test_predictions_of_blocks_are_blocks_and_lazy(X):
    model, n_passes = MixtureModel(PARTS), 0

    def made():
        nonlocal n_passes
        n_passes += 1
        yield from np.split(X, CUTS)

    for method in ("predict", "predict_proba", "score_samples"):
        n_passes, found = 0, getattr(model, method)(Blocks(made))
        assert n_passes == 0
        for _ in range(2):
            np.testing.assert_allclose(np.concatenate(list(found)), getattr(model, method)(X), rtol=1e-12)
        assert n_passes == 2
    with pytest.raises(InvalidDataError, match="block 1: "):
        list(model.predict(Blocks(lambda: iter([X[:5], X[:5, :1]]))))


def test_nothing_has_no_score(X):
    for nothing in (X[:0], Blocks(lambda: iter([X[:0]])), da.from_array(X[:0], chunks=(1, 2))):
        with pytest.raises(InvalidDataError, match="got 0 rows"):
            MixtureModel(PARTS).score(nothing)
