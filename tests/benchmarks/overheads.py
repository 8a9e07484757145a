"""What comes on top of the loop: two threads against one, a small fit against its loop, the first fit of a process.

Run ``python tests/benchmarks/overheads.py`` on a machine with two idle cores; it prints three lines. Runs of both
sides alternate, and the median of the pairs is taken. Times are those of the clock, which two threads can shorten.
"""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
from em_iterations import prepare
from threadpoolctl import threadpool_limits

from mixtures import MixtureModel, Normal, em
from mixtures.observed import observed

PAIRS = 9
FIRST_FIT = """
import time, numpy as np
from mixtures import MixtureModel, Normal
x = np.random.default_rng(0).normal(size=100)
begin = time.perf_counter()
MixtureModel([Normal(-1.0, 1.0), Normal(1.0, 1.0)]).fit(x)
print(time.perf_counter() - begin)
"""


def seconds(call: Callable[[], object]) -> float:
    """Return how long one call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def threads() -> str:
    """Compare two threads with one, on a fit of 10^6 numbers by ten normals; they must end in the same bits."""
    rng = np.random.default_rng(0)
    means = rng.normal(0.0, 3.0, 10)
    x = means[rng.integers(10, size=1_000_000)] + rng.normal(size=1_000_000)
    start, settings = [Normal(mean, 1.0) for mean in means], {"max_iter": 40, "tol": 0.0, "accelerate": None}
    one, two = (MixtureModel(start, n_jobs=n, **settings) for n in (1, 2))
    ratios = [seconds(lambda: one.fit(x)) / seconds(lambda: two.fit(x)) for _ in range(PAIRS)]
    same = all(a == b for a, b in zip(one.components_, two.components_, strict=True))
    return f"two threads against one, n = 10^6, K = 10: {np.median(ratios):.2f}, {'the same' if same else 'OTHER'} bits"


def small_fit() -> str:
    """Compare a fit of 100 rows with its loop, of the same number of updates, on tables that lie ready."""
    x = np.random.default_rng(0).normal(size=(100, 1))
    start, updates = [Normal(-1.0, 1.0), Normal(1.0, 1.0)], 30
    model = MixtureModel(start, max_iter=updates, tol=0.0, accelerate=None)
    beyond = []
    for _ in range(100):
        engine, data = prepare(start, x, updates), observed(x)
        loop = seconds(lambda e=engine, d=data: em.run(e, d, tol=0.0, max_iter=updates))
        beyond.append(seconds(lambda: model.fit(x)) - loop)
    return f"fit of 100 rows by two normals, beyond its loop: {1e3 * np.median(beyond):.2f} ms"


def first_fit() -> str:
    """Time the first fit of a process, all of it compiled before and on disk."""
    times = [float(subprocess.check_output([sys.executable, "-c", FIRST_FIT], text=True)) for _ in range(1 + PAIRS)]
    return f"first fit of a process, after import, compiled before: {np.median(times[1:]):.2f} s"


def main() -> None:
    """Print the lines."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for measure in (threads, small_fit, first_fit):
            print(measure(), flush=True)


if __name__ == "__main__":
    main()
