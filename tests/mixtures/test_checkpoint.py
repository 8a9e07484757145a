"""A fit that is killed goes on from its checkpoint and ends in the bits of one that never was.

A few processes are killed at random moments; ``KILLS=long`` in the environment kills a hundred::

    KILLS=long python -m pytest -n 0 tests/mixtures/test_checkpoint.py -k killed
"""

import os

import numpy as np
import pytest
from processes import run_python

from mixtures import (
    Blocks,
    Checkpoint,
    Gamma,
    InvalidParameterError,
    InvalidRecordError,
    Laplace,
    MixtureModel,
    MultivariateNormal,
    Normal,
    checkpoint,
)

LIMIT = pytest.mark.filterwarnings("ignore::distributions.ConvergenceWarning")


def assert_same_bits(one, other):
    np.testing.assert_array_equal(other.history_, one.history_)
    np.testing.assert_array_equal(other.weights_, one.weights_)
    np.testing.assert_array_equal(other.part_counts_, one.part_counts_)
    assert other.components_ == one.components_
    assert (other.log_likelihood_, other.converged_reason_) == (one.log_likelihood_, one.converged_reason_)
    assert (other.n_starts_, other.n_agreed_) == (one.n_starts_, one.n_agreed_)


def two_columns(rng):
    return np.concatenate([rng.normal(0.0, 1.0, (300, 2)), rng.normal(2.0, 1.5, (300, 2))])


MODELS = {
    "unknown": lambda rng: ({"components": [Normal(), Normal()]}, two_columns(rng)[:, 0]),
    "covariances": lambda rng: (
        {"components": MultivariateNormal(), "n_components": 2, "covariance": "VEV"},
        two_columns(rng),
    ),
    "steps": lambda rng: ({"components": [Gamma(1, 1), Gamma(9, 2)]}, np.exp(two_columns(rng)[:, 0] / 4)),
    "hard": lambda rng: ({"components": [Normal(0, 1), Normal(1, 1)], "truncate": 1}, two_columns(rng)[:, 0]),
}


@LIMIT
@pytest.mark.parametrize("case", MODELS)
def test_a_fit_in_parts_is_the_fit_in_one(case, rng, tmp_path):
    settings, x = MODELS[case](rng)
    settings["n_init"] = 3
    expected = MixtureModel(**settings, max_iter=40).fit(x)
    for most in (1, 2, 7, 23, 40):
        model = MixtureModel(**settings, max_iter=most).fit(x, checkpoint=tmp_path / "fit.ckpt")
        np.testing.assert_array_equal(model.history_, expected.history_[: most + 1])
    assert_same_bits(expected, model)
    again = MixtureModel(**settings, max_iter=40, n_jobs=2).fit(x, checkpoint=tmp_path / "fit.ckpt")
    assert_same_bits(expected, again)


@LIMIT
def test_a_random_start_is_found_again(rng, tmp_path):
    x = two_columns(rng)
    model = MixtureModel(MultivariateNormal(), n_components=3, n_init=2, rng=None, max_iter=3)
    model.fit(x, checkpoint=tmp_path / "fit.ckpt")
    other = MixtureModel(MultivariateNormal(), n_components=3, n_init=2, rng=None, max_iter=30)
    other.fit(x, checkpoint=tmp_path / "fit.ckpt")
    np.testing.assert_array_equal(other.history_[:4], model.history_)


class Crash(BaseException):
    """As if the process had died."""


def test_after_every_write_that_fails_the_file_before_is_whole(rng, tmp_path, monkeypatch):
    x = two_columns(rng)[:, 0]
    settings = {"components": [Normal(0.0, 1.0), Normal(1.0, 1.0)], "tol": 1e-8}
    expected = MixtureModel(**settings).fit(x)
    path, n_writes = tmp_path / "fit.ckpt", 0
    replace = os.replace

    def half_written(source, target):
        nonlocal n_writes
        n_writes += 1
        if n_writes % 3 == 0:
            with open(source, "r+b") as file:
                file.truncate(os.path.getsize(source) // 2)
            raise Crash
        replace(source, target)

    monkeypatch.setattr(checkpoint.os, "replace", half_written)
    n_crashes = 0
    while True:
        try:
            model = MixtureModel(**settings).fit(Blocks(lambda: [x]), checkpoint=Checkpoint(path, every=0))
            break
        except Crash:
            n_crashes += 1
    assert n_crashes > 3
    assert_same_bits(expected, model)


LONG = os.environ.get("KILLS") == "long"
KILLS, SEEDS = (20, range(1, 6)) if LONG else (5, range(1, 2))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fit_that_was_killed_at_a_random_moment_ends_in_the_same_bits(seed, tmp_path):
    """Each kill is followed by a fit from a copy of the file to the end; the file itself is left to the next kill."""
    code = f"""
import os, random, shutil, signal, time
import numpy as np
from mixtures import Blocks, Checkpoint, MixtureModel, Normal
rng = np.random.default_rng(1)
x = np.concatenate([rng.normal(0, 1, 3000), rng.normal(1.5, 1, 3000)])
make = lambda: MixtureModel([Normal(-1, 1), Normal(2, 1)], accelerate=None, tol=1e-9, n_jobs=1)
blocks, path = Blocks(x, rows=1000), {str(tmp_path / "fit.ckpt")!r}
expected = make().fit(blocks)
is_same = lambda model: (
    np.array_equal(model.history_, expected.history_) and model.components_ == expected.components_
    and np.array_equal(model.weights_, expected.weights_) and model.converged_reason_ == expected.converged_reason_
)
moments, killed, same, resumed = random.Random({seed}), 0, 0, 0
while killed < {KILLS}:
    child = os.fork()
    if not child:
        os._exit(0 if is_same(make().fit(blocks, checkpoint=Checkpoint(path, every=0))) else 1)
    time.sleep(moments.uniform(0.0, 0.08))
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status  # one that came to its end first ended in the same bits
    killed += status == signal.SIGKILL
    if status == signal.SIGKILL:
        if os.path.exists(path):
            resumed += 1
            shutil.copy(path, path + ".copy")
        same += is_same(make().fit(blocks, checkpoint=path + ".copy"))
        os.path.exists(path + ".copy") and os.remove(path + ".copy")
    if status == 0 or killed % 5 == 4:  # the same from the beginning, killed early too
        os.path.exists(path) and os.remove(path)
print(killed, same, resumed > 1, expected.n_iter_ > 300)
"""
    assert run_python(code).split() == [str(KILLS), str(KILLS), "True", "True"]


def test_a_damaged_file_and_one_of_another_fit_are_refused(rng, tmp_path):
    x, path = two_columns(rng)[:, 0], tmp_path / "fit.ckpt"
    model = MixtureModel([Normal(0.0, 1.0), Normal(1.0, 1.0)])
    model.fit(x, checkpoint=path)
    content = path.read_bytes()
    for other, data, what in (
        (MixtureModel([Normal(0.0, 1.0), Normal(1.5, 1.0)]), x, "model"),
        (model, x + 1e-9, "data"),
        (MixtureModel([Normal(0.0, 1.0), Normal(1.0, 1.0)], tol=1e-3), x, "tol"),
    ):
        with pytest.raises(InvalidParameterError, match=f"'.*fit.ckpt' is of another fit: {what} differ"):
            other.fit(data, checkpoint=path)
    with pytest.raises(InvalidParameterError, match="more than max_iter = 2"):
        MixtureModel([Normal(0.0, 1.0), Normal(1.0, 1.0)], max_iter=2).fit(x, checkpoint=path)
    for damaged in (content[:-100], content[:40], b"", content.replace(b"status", b"statut"), b"other\n" + content):
        path.write_bytes(damaged)
        with pytest.raises(InvalidRecordError, match="is no whole checkpoint"):
            model.fit(x, checkpoint=path)
    assert path.read_bytes() == damaged


def test_what_cannot_be_written_is_refused(rng, tmp_path):
    x = two_columns(rng)[:, 0]
    with pytest.raises(InvalidParameterError, match="component 'Laplace': Laplace .* writes no checkpoints"):
        MixtureModel([Normal(0, 1), Laplace(1.0, 1.0)]).fit(x, checkpoint=tmp_path / "a")
    with pytest.raises(InvalidParameterError, match="'stochastic' writes no checkpoints"):
        MixtureModel([Normal(), Normal()], truncate="stochastic", n_init=1).fit(x, checkpoint=tmp_path / "a")
    with pytest.raises(InvalidParameterError, match="there is no folder"):
        MixtureModel([Normal(), Normal()]).fit(x, checkpoint=tmp_path / "nowhere" / "a")
    with pytest.raises(InvalidParameterError, match="path must be the name of a file; got 3"):
        MixtureModel([Normal(), Normal()]).fit(x, checkpoint=3)
    with pytest.raises(InvalidParameterError, match="every must be a number of seconds >= 0; got -1"):
        Checkpoint(tmp_path / "a", every=-1)
