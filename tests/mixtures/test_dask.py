"""Dask collections: the fit in memory, for any scheduler and number of workers, and whichever of them dies."""

import os
import pickle
import signal
import threading
import time

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from processes import run_python

from mixtures import (
    Categorical,
    InvalidDataError,
    InvalidParameterError,
    Laplace,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    dask_rows,
)
from mixtures.sources import Block

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
N = 3000


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def two_columns(rng):
    return np.concatenate([rng.normal(0.0, 1.0, (N // 2, 2)), rng.normal(4.0, 2.0, (N // 2, 2))])[rng.permutation(N)]


def assert_same_bits(one, other):
    np.testing.assert_array_equal(other.history_, one.history_)
    np.testing.assert_array_equal(other.weights_, one.weights_)
    assert other.components_ == one.components_


def test_an_array_is_fitted_as_in_memory_whatever_its_chunks(rng):
    X = two_columns(rng)
    weight, labels = rng.uniform(0.0, 2.0, N), np.where(np.arange(N) % 50 == 0, 1, -1)
    weight[:500] = 0.0
    components = [MultivariateNormal([m, m], np.eye(2)) for m in (0, 3)]
    expected = MixtureModel(components).fit(X, sample_weight=weight, labels=labels)
    for chunks in (500, (1200, 1), (N, 2)):
        x = da.from_array(X, chunks=chunks)
        beside = [da.from_array(each, chunks=x.chunks[0]) for each in (weight, labels)]
        model = MixtureModel(components).fit(x, sample_weight=beside[0], labels=beside[1])
        assert model.log_likelihood_ == pytest.approx(expected.log_likelihood_, rel=1e-10)
        np.testing.assert_allclose(model.components_[0].cov, expected.components_[0].cov, rtol=1e-7)
        assert (model.n_rows_, model.n_features_in_) == (expected.n_rows_, 2)
        with dask.config.set(scheduler="threads", num_workers=3):
            assert_same_bits(model, MixtureModel(components).fit(x, sample_weight=beside[0], labels=beside[1]))


def test_partitions_that_cannot_be_written_to_are_summed_where_they_lie(rng, monkeypatch):
    X, seen, add = two_columns(rng), [], dask_rows.Sums.add
    locked = [part.copy() for part in np.split(X, 3)]
    for part in locked:
        part.flags.writeable = False

    def noted(self, piece):
        seen.append(piece.rows)
        return add(self, piece)

    monkeypatch.setattr(dask_rows.Sums, "add", noted)
    x = da.concatenate([da.from_delayed(dask.delayed(lambda i=i: locked[i])(), (N // 3, 2), float) for i in range(3)])
    settings = {"components": [MultivariateNormal([m, m], np.eye(2)) for m in (0, 3)]}
    model = MixtureModel(**settings).fit(x)
    assert_same_bits(MixtureModel(**settings).fit(da.from_array(X, chunks=(N // 3, 2))), model)
    assert all(any(np.shares_memory(rows, part) for part in locked) for rows in seen[:3])
    np.testing.assert_array_equal(np.concatenate(locked), X)


def test_rows_that_stay_are_looked_at_once(rng, monkeypatch):
    X, looked, stamp_of = two_columns(rng), [], dask_rows.stamp_of
    monkeypatch.setattr("mixtures.surveyed.stamp_of", lambda piece: (looked.append(1), stamp_of(piece))[1])
    settings = {"components": [MultivariateNormal([m, m], np.eye(2)) for m in (0, 3)]}
    x, weight = da.from_array(X, chunks=(1000, 2)), da.ones(N, chunks=1000)
    fitted = MixtureModel(**settings).fit(x, sample_weight=weight)  # pieces are made anew by each pass
    assert len(looked) % 3 == 0
    assert len(looked) >= 3 * len(fitted.history_)
    looked.clear()
    kept = MixtureModel(**settings).fit(x.persist(), sample_weight=weight.persist())
    assert len(looked) == 3
    assert_same_bits(fitted, kept)
    looked.clear()
    frame = pd.DataFrame(X, columns=["a", "b"])
    MixtureModel(**settings).fit(dd.from_pandas(frame, npartitions=3).persist())
    assert len(looked) == 3
    known = dask_rows.LookedAt()
    known.add(Block("", X), 0)
    assert known.holds(Block("", X), 0)
    assert not known.holds(Block("", X, np.ones(N)), 0)
    assert not known.holds(Block("", X.copy()), 0)
    assert pickle.loads(pickle.dumps(known)).references == {}


def test_starts_from_samples_of_the_partitions_and_unknown_chunks(rng):
    X = two_columns(rng)
    x = da.from_array(X, chunks=700)
    some = x[x[:, 0] > -1.0]  # of lengths that are not known
    assert np.isnan(some.shape[0])
    expected = MixtureModel(MultivariateNormal(), n_components=2, n_init=10).fit(X[X[:, 0] > -1.0])
    model = MixtureModel(MultivariateNormal(), n_components=2, n_init=10).fit(some)
    assert model.log_likelihood_ == pytest.approx(expected.log_likelihood_, rel=1e-10)
    near = x[x[:, 0] > X[:, 0].max() - 1e-9]  # all partitions but one are empty
    with pytest.raises(InvalidDataError, match="needs at least 2 rows; got 1"):
        MixtureModel(MultivariateNormal(), n_components=2).fit(near)


def test_frames_with_text_weights_by_name_and_lazy_predictions(rng):
    frame = pd.DataFrame(
        {
            "size": rng.normal(np.arange(400) % 2 * 5.0, 1.0),
            "kind": np.where(np.arange(400) < 300, np.where(rng.random(400) < 0.5, "a", "b"), "c"),
            "visits": rng.poisson(3.0, 400),
            "w": rng.integers(1, 4, 400),
        },
        index=np.arange(400) * 2,
    )
    part = Product({"size": Normal(), "kind": Categorical(), "visits": Poisson()})
    rows = frame.drop(columns="w")
    expected = MixtureModel({"one": part, "two": part}, n_init=3).fit(rows, sample_weight=frame["w"])
    model = MixtureModel({"one": part, "two": part}, n_init=3).fit(
        dd.from_pandas(frame, npartitions=5), sample_weight="w"
    )
    assert model.log_likelihood_ == pytest.approx(expected.log_likelihood_, rel=1e-10)
    assert model.feature_names_in_.tolist() == ["size", "kind", "visits"]
    assert model.components_["one"].parts["kind"].categories == ("a", "b", "c")
    lazy = dd.from_pandas(rows, npartitions=3)
    for name in ("predict", "score_samples"):
        found = getattr(model, name)(lazy)
        assert isinstance(found, dd.Series)
        pd.testing.assert_series_equal(
            found.compute(), pd.Series(getattr(model, name)(rows), index=rows.index, name=found.name)
        )
    shares = model.predict_proba(lazy).compute()
    assert list(shares.columns) == ["one", "two"]
    np.testing.assert_allclose(shares.to_numpy(), model.predict_proba(rows), rtol=1e-13)


def test_predictions_of_arrays_are_lazy(rng):
    X = two_columns(rng)
    model = MixtureModel([MultivariateNormal([m, m], np.eye(2)) for m in (0, 3)])
    seen = []

    def noted(block):
        seen.append(len(block))
        return block

    x = da.from_array(X, chunks=(1000, 1)).rechunk((1000, 2)).map_blocks(noted, meta=np.empty((0, 2)))
    found = model.predict(x), model.predict_proba(x), model.score_samples(x)
    assert seen == []
    assert [each.shape for each in found] == [(N,), (N, 2), (N,)]
    for name, each in zip(("predict", "predict_proba", "score_samples"), found, strict=True):
        np.testing.assert_allclose(each.compute(), getattr(model, name)(X), rtol=1e-13)
    one = MixtureModel([Normal(0, 1), Normal(3, 1)])
    shares = one.predict_proba(da.from_array(X[:, 0], chunks=800)).compute()
    np.testing.assert_allclose(shares, one.predict_proba(X[:, 0]), rtol=1e-13)


def test_what_is_wrong_is_named_by_its_partition(rng):
    X = two_columns(rng)
    bad = X.copy()
    bad[2100, 1] = np.inf
    model = MixtureModel(MultivariateNormal(), n_components=2)
    with pytest.raises(InvalidDataError, match=r"partition 2: .*\(first: row 100, .*NaN or infinite"):
        model.fit(da.from_array(bad, chunks=1000))
    x = da.from_array(X, chunks=1000)
    with pytest.raises(InvalidDataError, match="the rows have 3 partitions, sample_weight 2"):
        model.fit(x, sample_weight=da.ones(N, chunks=1500))
    with pytest.raises(InvalidDataError, match="partition [12]: sample_weight needs one weight per row"):
        model.fit(x, sample_weight=da.ones(N, chunks=(1000, 999, 1001)))
    with pytest.raises(InvalidParameterError, match="must be one too.*got ndarray"):
        model.fit(x, sample_weight=np.ones(N))
    with pytest.raises(InvalidParameterError, match="Laplace has no additive statistics"):
        MixtureModel([Laplace(), Laplace()]).fit(x[:, 0].map_blocks(lambda block: 1 / 0, dtype=float))
    random = (
        da.random.default_rng(1)
        .normal(size=(N,), chunks=1000)
        .map_blocks(lambda block: block + np.random.default_rng().normal(), dtype=float)
    )
    with pytest.raises(InvalidDataError, match="partition .: its rows are not those of the first pass"):
        MixtureModel([Normal(0, 1), Normal(1, 1)]).fit(random)


def test_importing_mixtures_imports_no_dask():
    loaded = run_python("import sys, mixtures; print(' '.join(sys.modules))").split()
    assert [name for name in loaded if name.split(".")[0] in ("dask", "distributed", "pyarrow")] == []


@pytest.mark.filterwarnings("ignore")
def test_two_processes_one_of_which_is_killed(rng):
    from distributed import Client, LocalCluster

    X = two_columns(rng)
    x = da.from_array(X, chunks=400)
    settings = {"components": [MultivariateNormal([m, m], np.eye(2)) for m in (0, 3)], "accelerate": None, "tol": 1e-12}
    expected = MixtureModel(**settings).fit(x)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        LocalCluster(**options, silence_logs=50) as cluster,
        Client(cluster) as client,
        dask.config.set(scheduler=client),
    ):
        kept = x.persist()
        undisturbed = MixtureModel(**settings).fit(kept)
        # A process that has compiled the kernels itself and one that loads them may round sums differently.
        np.testing.assert_allclose(undisturbed.history_, expected.history_, rtol=1e-14)
        victim, steps = cluster.workers[0].pid, []

        def kill(step):
            steps.append(step.iteration)
            if step.iteration == 3:
                threading.Timer(0.01, os.kill, (victim, signal.SIGKILL)).start()
                time.sleep(0.005)

        assert_same_bits(undisturbed, MixtureModel(**settings, callback=kill).fit(kept))
        assert 3 in steps
        assert victim not in [worker.pid for worker in cluster.workers.values()]
