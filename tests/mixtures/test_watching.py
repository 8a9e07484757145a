"""Who looks on during a fit, and who ends it: Ctrl-C (the signals are real), a callback, a line of progress."""

import io
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from engines import engine_of
from processes import ROOT

from distributions.domains import REAL
from mixtures import (
    Distribution,
    GaussianMixture,
    InvalidParameterError,
    KMeans,
    MixtureModel,
    Normal,
    em,
    parameter,
    threads,
    watching,
)
from mixtures.contest import Contest
from mixtures.observed import observed

CHILD = """
import numpy as np
from mixtures import GaussianMixture, KMeans, MixtureModel, MultivariateNormal, Normal

rng = np.random.default_rng(0)
x = rng.normal(size=200_000)
X = rng.normal(size=(50_000, 2))
never = dict(tol=0.0, max_iter=10**6)

def interrupted(model, data):
    long = {name: getattr(model, name) for name in ("n_init", "max_iter")}
    model.set_params(n_init=2, max_iter=3).fit(data).set_params(**long)  # which compiles
    for _ in range(9):  # a signal may come before there is anything to keep
        print("ready", flush=True)
        try:
            model.fit(data)
        except KeyboardInterrupt as error:
            if hasattr(error, "__notes__"):
                assert "keeps the best parameters" in error.__notes__[0]
                assert model.converged_reason_ == "interrupted"
                return model
    raise AssertionError("nothing was kept")

two = [Normal(-0.1, 1.0), Normal(0.1, 1.0)]
for settings in ({}, {"n_jobs": 2}, {"truncate": "stochastic"}, {"truncate": 1}):
    model = interrupted(MixtureModel(two, **never, **settings), x)
    assert np.isfinite(model.history_).all() and len(model.history_) == model.n_iter_ + 1 and not model.converged_
    assert np.isclose(model.log_likelihood_, model.score_samples(x).sum(), rtol=1e-9)
model = interrupted(MixtureModel([MultivariateNormal()] * 3, n_init=10**6), X[:3000])  # among starts
assert model.n_iter_ == 0 and model.n_starts_ > 0
assert np.isclose(model.log_likelihood_, model.score_samples(X[:3000]).sum(), rtol=1e-9)
model = interrupted(GaussianMixture(3, tol=0.0, max_iter=10**6, init_params="random", random_state=0), X)
assert not model.converged_ and model.n_iter_ == len(model.lower_bounds_)
np.testing.assert_allclose(model.covariances_ @ model.precisions_, [np.eye(2)] * 3, atol=1e-9)
model = interrupted(KMeans(9, init="random", tol=0.0, max_iter=10**6, n_init=10**6, random_state=0), X)
assert np.isclose(model.inertia_, -model.score(X)) and (model.predict(X) == model.labels_).all()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process can be sent Ctrl-C there")
def test_an_interrupt_leaves_the_best_so_far_in_the_model():
    words = [sys.executable, "-W", "ignore", "-c", CHILD]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT, text=True) as child:
        while child.stdout.readline():
            time.sleep(0.3)
            child.send_signal(signal.SIGINT)
    assert child.returncode == 0


def interrupts_at(function, count):
    """The function, but its so manyth call is interrupted."""
    calls = iter(range(count))

    def called(*arguments, **named):
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return function(*arguments, **named)

    return called


class InNumpy(Distribution):
    mean: float = parameter(REAL)

    def log_pdf(self, x):
        return -0.5 * (np.asarray(x) - self.mean) ** 2 - 0.5 * np.log(2 * np.pi)

    def fit(self, x, sample_weight=None):
        return type(self)(np.average(x, weights=sample_weight))

    def sample(self, size, rng=None):
        return self.mean + np.random.default_rng(rng).normal(size=size)


X = np.random.default_rng(1).normal(size=300) + np.repeat([0.0, 3.0], 150)


@pytest.mark.parametrize("count", [*range(12), 31, 32])
def test_in_the_midst_of_a_step_the_state_is_that_of_the_step_before(count, monkeypatch):
    model = MixtureModel([InNumpy(0.0), InNumpy(1.0)], accelerate=None)
    whole = MixtureModel(model.components, accelerate=None).fit(X)
    monkeypatch.setattr(InNumpy, "log_pdf", interrupts_at(InNumpy.log_pdf, count + 1))
    monkeypatch.setattr(InNumpy, "fit", interrupts_at(InNumpy.fit, count + 1))
    monkeypatch.setattr(em, "PULSE", 1)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    monkeypatch.undo()
    if not hasattr(model, "weights_"):  # the first sweep was not made
        assert count == 0
        return
    np.testing.assert_array_equal(model.history_, whole.history_[: model.n_iter_ + 1])
    assert model.log_likelihood_ == pytest.approx(model.score_samples(X).sum(), rel=1e-12)


@pytest.mark.parametrize("count", [0, 1, 5, 25, 100])
def test_among_starts_the_best_that_was_tried_is_kept(count, monkeypatch):
    model = MixtureModel([Normal()] * 2, n_init=30)
    monkeypatch.setattr(Contest, "_climb", interrupts_at(Contest._climb, count))
    if count < 30:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X)
        assert (model.n_iter_, model.n_starts_, model.converged_reason_) == (0, 30, "interrupted")
        assert model.log_likelihood_ == pytest.approx(model.score_samples(X).sum(), rel=1e-12)
        best = MixtureModel([Normal()] * 2, n_init=30)
        monkeypatch.undo()
        assert model.log_likelihood_ <= best.fit(X).log_likelihood_ + 1e-9
        if count:  # its short run was nearly to the end
            assert model.log_likelihood_ > best.log_likelihood_ - 5.0
    else:
        assert model.fit(X).converged_


def test_before_there_is_a_start_the_model_stays_as_it_was(monkeypatch):
    model = MixtureModel([Normal()] * 2).fit(X)
    before = model.to_json()
    monkeypatch.setattr("mixtures.initialization._fitted_to", interrupts_at(None, 0))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert model.to_json() == before


def test_an_interrupted_model_is_written_down_and_read(monkeypatch):
    model = MixtureModel([Normal()] * 2)
    monkeypatch.setattr(Contest, "_climb", interrupts_at(None, 0))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert MixtureModel.from_json(model.to_json()).converged_reason_ == "interrupted"
    assert "interrupted" in model.summary()


@pytest.mark.parametrize("model", [GaussianMixture(2, n_init=3, random_state=0), KMeans(2, n_init=3, random_state=0)])
def test_the_best_of_the_starts_before_is_kept(model, monkeypatch):
    name = (
        "mixtures.gaussian_start.responsibilities"
        if isinstance(model, GaussianMixture)
        else ("mixtures.k_means.k_means_plus_plus")
    )
    module, function = name.rsplit(".", 1)
    original = getattr(sys.modules[module], function)
    for count in (0, 1):
        monkeypatch.setattr(name, interrupts_at(original, count))
        with pytest.raises(KeyboardInterrupt):
            model.fit(X[:, np.newaxis])
        assert hasattr(model, "converged_reason_") == (count > 0)
    assert model.converged_reason_ == "interrupted"
    assert len(model.predict(X[:, np.newaxis])) == len(X)


def test_a_sweep_over_many_chunks_pauses_and_is_the_same(monkeypatch):
    rows = np.random.default_rng(0).normal(size=(40_000, 1))
    engines = [engine_of([Normal(-1.0, 1.0), Normal(1.0, 1.0)]) for _ in range(2)]
    for engine in engines:
        engine.plan = engine.plan._replace(chunk=992)
    em.run(engines[0], observed(rows), tol=0.0, max_iter=3)
    threads.threaded(em.advance, 1, True)  # made before its parts are replaced
    calls, sum_chunks = [], threads.sum_chunks
    monkeypatch.setattr(threads, "sum_chunks", lambda *arguments: (calls.append(1), sum_chunks(*arguments)))
    monkeypatch.setattr(threads, "PAUSE", 8)
    monkeypatch.setattr(em, "PAUSE", 8)
    em.run(engines[1], observed(rows), tol=0.0, max_iter=3)
    assert len(calls) >= 4 * 5
    np.testing.assert_array_equal(engines[0].history, engines[1].history)


# ------------------------------------------------------------------------------------------------------ onlookers


def test_a_callback_sees_every_iteration_and_what_iter_fit_shows():
    seen = []
    model = MixtureModel([Normal(0.0, 1.0), Normal(2.0, 1.0)], callback=seen.append).fit(X)
    assert [step.iteration for step in seen] == list(range(model.n_iter_ + 1))
    assert [step.objective for step in seen] == model.history_.tolist()
    assert seen[-1].components == model.components_
    np.testing.assert_array_equal(seen[-1].weights, model.weights_)
    model.set_params(callback=None)
    for step, other in zip(seen, model.iter_fit(X), strict=True):
        assert step.components == other.components
        assert step.log_likelihood == other.log_likelihood
    np.testing.assert_array_equal(seen[-1].responsibilities, model.predict_proba(X))


@pytest.mark.parametrize("settings", [{}, {"truncate": 1}, {"truncate": "stochastic"}])
def test_a_callback_stops_the_fit_where_it_says_so(settings):
    model = MixtureModel([Normal(0.0, 1.0), Normal(2.0, 1.0)], callback=lambda step: step.iteration == 3, **settings)
    model.fit(X)
    assert (model.n_iter_, model.converged_, model.converged_reason_) == (3, False, "stopped by callback")
    assert model.log_likelihood_ == pytest.approx(model.score_samples(X).sum(), rel=1e-12)
    whole = MixtureModel(model.components, max_iter=50, **settings)
    if settings.get("truncate") != "stochastic":
        steps = [step for step, _ in zip(whole.iter_fit(X), range(4), strict=False)]
        assert steps[-1].components == model.components_
        assert steps[-1].log_likelihood == pytest.approx(model.log_likelihood_, rel=1e-12)


def test_a_callback_that_never_stops_changes_nothing_and_an_early_step_keeps_its_parameters():
    steps = []
    with_one = MixtureModel([Normal()] * 2, truncate=1, callback=lambda step: steps.append(step)).fit(X)
    without = MixtureModel([Normal()] * 2, truncate=1).fit(X)
    assert with_one.set_params(callback=None).to_json() == without.to_json()
    first = MixtureModel(steps[0].components, weights=steps[0].weights)
    assert steps[0].log_likelihood == pytest.approx(first.score_samples(X).sum(), rel=1e-12)


@pytest.mark.parametrize("name, value", [("callback", 3), ("callback", "x"), ("verbose", "yes"), ("verbose", 7)])
def test_what_is_no_onlooker_is_named(name, value):
    with pytest.raises(InvalidParameterError, match=f"{name} must be .*; got {value!r}"):
        MixtureModel([Normal()] * 2, **{name: value}).fit(X)


class Terminal(io.StringIO):
    """A stream that a line can be written over in."""

    def isatty(self):
        return True


def test_progress_is_one_line_in_a_terminal_and_none_elsewhere(monkeypatch, capsys):
    model = MixtureModel([Normal()] * 2, verbose=True)
    model.fit(X)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setattr(watching, "BETWEEN", 0.0)
    model.fit(X)
    *texts, last = sys.stderr.getvalue().split("\r")
    assert last.rstrip(" ").count("\n") == 1
    assert f"{model.n_iter_} iterations, converged: log-likelihood {model.log_likelihood_:.10g}" in last
    assert any("short run 30 of" in text for text in texts)
    assert any("log-likelihood" in text for text in texts)
    assert not any("\n" in text for text in texts)
    assert max(map(len, texts)) < 80


def test_progress_in_a_notebook_goes_to_its_cell(monkeypatch, capsys):
    class ZMQInteractiveShell:
        pass

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=ZMQInteractiveShell))
    MixtureModel([Normal()] * 2, verbose=True).fit(X)
    out, err = capsys.readouterr()
    assert "converged: log-likelihood" in out
    assert err == ""
