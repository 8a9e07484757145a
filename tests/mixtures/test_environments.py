"""A fit works wherever it is called: in pools of processes or threads, under joblib, where nothing can be written."""

import ctypes
import multiprocessing
import os
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from processes import ROOT, run_python
from profiles import LONG

from mixtures import Exponential, MixtureModel, MultivariateNormal, Normal, Poisson

SETUP = """
import numpy as np
from mixtures import Exponential, MixtureModel, Normal
rng = np.random.default_rng(0)
model = MixtureModel([Normal(), Exponential()], n_init=3)
data = [np.concatenate([rng.normal(5.0, 1.0, 300), rng.exponential(1.0, 700)]) for _ in range(4)]
def state(fitted):
    return [fitted.weights_.tolist(), fitted.components_]
def fit(x):
    return state(MixtureModel(**model.get_params()).fit(x))
"""
SAME = "\nprint(found == [fit(x) for x in data])\n"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_fit_in_a_pool_of_processes(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"needs {method}")
    code = f"""
import multiprocessing
with multiprocessing.get_context("{method}").Pool(2) as pool:
    found = [state(fitted) for fitted in pool.map(model.fit, data)]
"""
    assert run_python(SETUP + code + SAME).split() == ["True"]


def test_a_fit_under_joblib():
    code = """
from joblib import Parallel, delayed
found = [state(fitted) for fitted in Parallel(n_jobs=2)(delayed(model.fit)(x) for x in data)]
"""
    assert run_python(SETUP + code + SAME).split() == ["True"]


def test_the_first_fits_of_a_process_are_two_at_once_in_threads():
    code = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(2) as pool:
    found = list(pool.map(fit, data))
"""
    assert run_python(SETUP + code + SAME).split() == ["True"]


def test_two_threads_fit_two_models_at_once(rng):
    x = np.concatenate([rng.normal(0.0, 1.0, 400), rng.normal(6.0, 2.0, 300)])
    counts = np.concatenate([rng.poisson(2.0, 300), rng.poisson(15.0, 200)]).astype(float)
    works = [
        (MixtureModel([Normal(), Normal()], n_init=5), x),
        (MixtureModel([Exponential(), Normal()], n_init=5), np.abs(x) + 0.1),
        (MixtureModel([Poisson(), Poisson()], n_init=5), counts),
        (MixtureModel(MultivariateNormal(), n_components=2, n_init=5), np.column_stack([x, np.roll(x, 1)])),
    ]
    alone = [MixtureModel(**model.get_params()).fit(data) for model, data in works]
    start = Barrier(len(works))

    def fit(work):
        start.wait(60)
        return work[0].fit(work[1])

    with ThreadPoolExecutor(len(works)) as pool:
        together = list(pool.map(fit, works))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(other.history_, one.history_)
        assert other.components_ == one.components_


# ------------------------------------------------------------------------------------- nothing can be written


READ_ONLY = """
import os, sys
import distributions, numba
from distributions import exponential
here = os.path.dirname(distributions.__file__)
assert here.startswith(sys.argv[1]), here
for folder in (here, os.path.dirname(here)):
    try:
        open(os.path.join(folder, "written"), "w")
    except OSError:
        continue
    sys.exit("permissions do not bind here")
print(type(exponential.log_pdf._cache).__name__)
print(distributions.Exponential(2.0).log_pdf([0.0, 1.0, -1.0]).tolist())
"""
WHOLE_FIT = """
import numpy as np
from mixtures import Exponential, MixtureModel, Normal
x = np.concatenate([np.linspace(4.0, 6.0, 60), np.linspace(0.1, 2.0, 60)])
print(MixtureModel([Normal(), Exponential()], n_init=2).fit(x).converged_)
"""


def _heed_permissions():
    """Before the child begins: root, too, may write only where permissions say so."""
    if sys.platform == "linux" and os.geteuid() == 0:
        drop_from_bounding_set, override_permissions = 24, 1  # of <linux/prctl.h> and <linux/capability.h>
        ctypes.CDLL(None).prctl(drop_from_bounding_set, override_permissions, 0, 0, 0)


@pytest.fixture
def read_only(tmp_path):
    """A folder with both packages, without compiled code, in which nothing can be written."""
    for package in ("distributions", "mixtures"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "datasets"))
    shutil.copytree(ROOT / "mixtures" / "datasets", tmp_path / "mixtures" / "datasets")
    everything = [tmp_path, *tmp_path.rglob("*")]
    for path in everything:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    yield tmp_path
    for path in everything:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


@pytest.mark.skipif(os.name != "posix", reason="needs permissions")
def test_where_no_cache_can_be_written_code_is_compiled_without(read_only):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "XDG", "PYTHON"))}
    environment |= {"HOME": str(read_only / "nobody"), "PYTHONPATH": str(read_only), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY + (WHOLE_FIT if LONG else ""), str(read_only)],
        env=environment,
        cwd=read_only,
        preexec_fn=_heed_permissions,
        capture_output=True,
        text=True,
    )
    if "do not bind" in done.stderr:
        pytest.skip("permissions do not bind here")
    assert done.returncode == 0, done.stderr
    kind, values, *rest = done.stdout.splitlines()
    assert kind == "NullCache"
    np.testing.assert_allclose(np.fromstring(values.strip("[]"), sep=","), [np.log(2.0), np.log(2.0) - 2.0, -np.inf])
    assert rest == (["True"] if LONG else [])
