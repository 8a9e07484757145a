"""Threads share the chunks of a sweep: the same bits for any number of them, wherever a fit is called."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from engines import engine_of
from processes import run_python

from mixtures import (
    Gamma,
    InvalidParameterError,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Product,
    contest,
    em,
    threads,
)
from mixtures.contest import Contest
from mixtures.observed import observed
from mixtures.sweep import BLOCK, n_chunks, rows_of_chunk
from mixtures.sweep import sweep as sweep_of_a_loop


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of one block of a few columns, so that little data have many."""
    monkeypatch.setattr("mixtures.sweep.CHUNK", 1)


N = 5 * BLOCK + 17


def two_columns(rng):
    return np.concatenate([rng.normal(0.0, 1.0, (N // 2, 2)), rng.normal(4.0, 2.0, (N - N // 2, 2))])


def one_column(rng):
    return np.ascontiguousarray(two_columns(rng)[:, :1])


MODELS = {
    "normals": lambda rng: ({"components": [Normal(0.0, 1.0), Normal(3.0, 1.0)]}, two_columns(rng)[:, 0]),
    "columns": lambda rng: (
        {"components": [MultivariateNormal([m, m], np.eye(2)) for m in (0.0, 3.0)]},
        two_columns(rng),
    ),
    "missing": lambda rng: (
        {"components": [Product([Normal(m, 1.0), Normal(m, 1.0)]) for m in (0.0, 3.0)]},
        np.where(np.arange(2 * N).reshape(N, 2) % 7 == 0, np.nan, two_columns(rng)),
    ),
    "steps": lambda rng: ({"components": [Gamma(1.0, 1.0), Gamma(9.0, 2.0)]}, np.exp(two_columns(rng)[:, 0] / 4)),
    "derivatives": lambda rng: (
        {"components": [Gamma(1.0, 1.0), Gamma(9.0, 1.0)], "tied": "rate"},
        np.exp(two_columns(rng)[:, 0] / 4),
    ),
}


def state_of(model):
    return [model.history_, model.weights_, model.part_counts_, *(c.to_theta() for c in model.components_)]


@pytest.mark.filterwarnings("ignore::distributions.ConvergenceWarning")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", MODELS)
def test_a_fit_is_the_same_to_the_bit_for_any_number_of_threads(case, weighted, rng, small_chunks):
    settings, x = MODELS[case](rng)
    weight = rng.uniform(0.0, 2.0, N) if weighted else None
    labels = np.where(np.arange(N) % 50 == 0, 0, -1)
    first, *others = (
        MixtureModel(**settings, max_iter=12, n_jobs=n).fit(x, sample_weight=weight, labels=labels) for n in (1, 2, 9)
    )
    for other in others:
        for one, same in zip(state_of(first), state_of(other), strict=True):
            np.testing.assert_array_equal(same, one)


@pytest.mark.parametrize("case", ["normals", "columns"])
def test_starts_are_the_same_to_the_bit_for_any_number_of_threads(case, rng, monkeypatch):
    settings, x = MODELS[case](rng)
    unknown = [type(part)() for part in settings["components"]]
    monkeypatch.setattr(contest, "MILLISECOND", 1)  # every run pays
    used = []
    monkeypatch.setattr(threads, "_pool", lambda n, made=threads._pool: used.append(n) or made(n))
    first, *others = (MixtureModel(unknown, n_init=9, n_jobs=n, rng=0).fit(x[::9]) for n in (1, 2, 5))
    assert {3, 6} <= set(used)  # helpers, while this thread waits
    for other in others:
        assert (other.n_starts_, other.n_agreed_) == (first.n_starts_, first.n_agreed_)
        for one, same in zip(state_of(first), state_of(other), strict=True):
            np.testing.assert_array_equal(same, one)


def test_runs_in_other_threads_end_where_this_one_is_interrupted(rng, monkeypatch):
    started, ended = threading.Event(), []
    climb = Contest._climb

    def watched(self, start, **settings):
        started.set()
        try:
            return climb(self, start, n_sweeps=10**9, tol=0.0)
        finally:
            ended.append(start)

    def report(*_):
        if started.wait(5):
            raise KeyboardInterrupt

    monkeypatch.setattr(contest, "MILLISECOND", 1)
    monkeypatch.setattr(Contest, "_climb", watched)
    monkeypatch.setattr("mixtures.watching.Watch.start", lambda self, kind, *_: kind == "short run" and report())
    with pytest.raises(KeyboardInterrupt):
        MixtureModel([Normal(), Normal()], n_init=2, n_jobs=2, accelerate=None).fit(rng.normal(size=2000))
    for _ in range(100):
        if len(ended) == 2:
            break
        time.sleep(0.05)
    assert len(ended) == 2


def test_chunks_sum_up_to_what_one_chunk_does(rng):
    x = two_columns(rng)
    engine = engine_of([MultivariateNormal([m, m], np.eye(2)) for m in (0.0, 3.0)])
    data, sweep = observed(x), threads.threaded(sweep_of_a_loop, 1)
    assert n_chunks(N, engine.plan.chunk) == 1
    whole, expected = sweep(data, engine.plan, engine.state, BLOCK), [*engine.state.mass, *engine.state.stats]
    for chunk in (BLOCK, 2 * BLOCK, N, N - 1):
        plan = engine.plan._replace(chunk=chunk)
        assert n_chunks(N, chunk) == -(-N // chunk)
        assert sweep(data, plan, engine.state, BLOCK) == pytest.approx(whole, rel=1e-14)
        np.testing.assert_allclose([*engine.state.mass, *engine.state.stats], expected, rtol=1e-12)
        assert engine.state.leaf_mass == pytest.approx(engine.state.mass, rel=1e-14)


@pytest.mark.parametrize("n", [1, 2])
def test_a_sweep_that_is_not_finite_leaves_the_sums_of_the_last_one(n, rng):
    x = np.abs(one_column(rng)) + 0.1
    engine = engine_of([Gamma(1.0, 1.0), Gamma(3.0, 1.0)])
    plan, swept = engine.plan._replace(chunk=BLOCK), threads.threaded(sweep_of_a_loop, n)
    assert np.isfinite(swept(observed(x), plan, engine.state, BLOCK))
    before = engine.state.mass.copy(), engine.state.stats.copy()
    x[N // 2] = -1.0
    assert not np.isfinite(swept(observed(x), plan, engine.state, BLOCK))
    np.testing.assert_array_equal(engine.state.mass, before[0])
    np.testing.assert_array_equal(engine.state.stats, before[1])


@pytest.mark.parametrize("n_columns, n_sums", [(1, 1), (1, 9), (2, 60), (10, 1110), (200, 200_000), (1, 10**7)])
def test_a_chunk_is_of_whole_blocks_and_has_few_sums(n_columns, n_sums):
    rows = rows_of_chunk(n_columns, n_sums)
    assert rows > 0
    assert rows % BLOCK == 0
    assert n_sums <= rows * n_columns / 8


# ------------------------------------------------------------------------------------------- how many, and where


def test_threads_are_as_many_as_said_or_as_pay(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 6)
    assert [threads.n_threads(n, 100) for n in (None, 1, 2, 12, -1, -2, -6, -60, 10**9)] == [
        *(6, 1, 2, 12, 6, 5, 1, 1),
        threads.MOST,
    ]
    assert [threads.n_threads(None, n) for n in (1, 2, 3, 4, 7, 12, 13)] == [1, 1, 1, 2, 3, 6, 6]
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(threads.n_threads, None, 100).result() == 1
        assert pool.submit(threads.n_threads, 3, 100).result() == 3


@pytest.mark.parametrize("told, found", [("1", 1), ("3", 3), ("64", 8), ("2,1", 2), ("", 8), ("0", 8), ("many", 8)])
def test_the_environment_may_ask_for_fewer_cores(told, found, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads.cores() == found


@pytest.mark.parametrize("n_jobs", [0, 1.5, "2", True])
def test_what_is_no_number_of_threads_is_refused(n_jobs):
    with pytest.raises(InvalidParameterError, match=f"n_jobs must be a number of threads.*got {n_jobs!r}"):
        MixtureModel([Normal(), Normal()], n_jobs=n_jobs).fit([1.0, 2.0, 3.0])


def test_helpers_do_part_of_the_work_and_are_kept(rng, small_chunks, monkeypatch):
    data = observed(one_column(rng))
    seen, sum_chunks, helped = set(), threads.sum_chunks, threading.Event()

    def noted(*arguments):
        seen.add(threading.current_thread().name)
        if threading.current_thread() is threading.main_thread():
            helped.wait(1.0)  # chunks are so few and small that a busy machine might start no helper in time
        else:
            helped.set()
        sum_chunks(*arguments)

    monkeypatch.setattr(threads, "sum_chunks", noted)
    engine = engine_of([Normal(0.0, 1.0), Normal(3.0, 1.0)])
    for _ in range(50):
        sums = np.zeros((6, 1 + 2 + 2 + 6))
        ticket = np.zeros(1, dtype=np.int64)
        threads._sum_together(3, data, engine.plan, engine.state, np.empty(0), BLOCK, 0, ticket, sums, 7)
    assert threading.current_thread().name in seen
    assert len(seen) > 1
    assert sum(thread.name.startswith("mixtures-3") for thread in threading.enumerate()) <= 2


def short_run(x):
    engine = engine_of([Normal(0.0, 1.0), Normal(3.0, 1.0)])
    em.run(engine, observed(x), tol=0.0, max_iter=5, n_threads=3)
    return engine.history


def test_fits_in_a_pool_each_with_threads_of_their_own_end(rng, small_chunks):
    x = one_column(rng)
    alone = short_run(x)
    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(short_run, [x] * 12):
            np.testing.assert_array_equal(found, alone)


def test_where_no_thread_can_be_started_one_does_it_all(rng, small_chunks, monkeypatch):
    class Full:
        def __init__(self, n):
            pass

        def submit(self, *arguments):
            raise RuntimeError("can't start new thread")

    x = one_column(rng)
    expected = short_run(x)
    monkeypatch.setattr(threads, "_pool", Full)
    np.testing.assert_array_equal(short_run(x), expected)


FIT = """
import numpy as np, os, signal, threading, time
from mixtures import MixtureModel, Normal, threads
import mixtures.sweep as s
s.CHUNK = 1
x = np.random.default_rng(0).normal(size=8000)
def fit(_=None):
    return MixtureModel([Normal(-1.0, 1.0), Normal(1.0, 1.0)], n_jobs=3, tol=1e-6).fit(x).history_
before = fit()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork_the_child_has_a_pool_of_its_own():
    code = """
import warnings
warnings.simplefilter("ignore")  # of a fork with threads, which is what is tested
signal.alarm(100)
child = os.fork()
if child == 0:
    signal.alarm(100)
    same = np.array_equal(fit(), before) and len(threads._pools) == 2
    os._exit(0 if same else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(all(np.array_equal(found, before) for found in pool.map(fit, range(4))))
print(np.array_equal(fit(), before))
"""
    assert run_python(FIT + code).split() == ["0", "True", "True"]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
def test_an_interrupt_is_heard_and_the_next_fit_is_whole():
    code = """
wide = np.random.default_rng(0).normal(size=300_000)
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.5)
try:
    MixtureModel([Normal(-0.1, 1.0), Normal(0.1, 1.0)], n_jobs=3, tol=0.0, max_iter=10**6).fit(wide)
except KeyboardInterrupt:
    print("heard")
print(np.array_equal(fit(), before))
"""
    assert run_python(FIT + code).split() == ["heard", "True"]
