"""A heterogeneous product mixture on one and on two Dask workers against as many threads on the same rows in memory.

Run ``python tests/benchmarks/dask_overhead.py [rows] [partitions]``: 10^7 rows in 8 partitions of 30 MB, unless others
are given; Dask's documentation advises 100 MB and more. The fits make the same updates, by turns, in pairs; a ratio is
that of the least times, so that other work of the machine counts little. What one task costs the scheduler is measured
with tasks that do nothing. From these follows where adding workers stops to pay.
"""

from __future__ import annotations

import sys
import time
import warnings

import dask.array as da
import numpy as np

from mixtures import Gamma, MixtureModel, Normal, Poisson, Product

ROWS, PARTITIONS, UPDATES, PAIRS = 10_000_000, 8, 6, 3
PARTS = [Product([Normal(3.0 * k, 1.0), Gamma(2.0 + k, 1.0), Poisson(2.0 + 4.0 * k)]) for k in range(3)]


def part(seed: int, n: int) -> np.ndarray:
    """Return rows of the mixture."""
    return MixtureModel(PARTS).sample(n, rng=seed)


def per_update(x, n_jobs: int) -> float:
    """Return the median of the seconds between updates of one fit."""
    moments: list[float] = []
    model = MixtureModel(PARTS, accelerate=None, tol=0.0, max_iter=UPDATES, n_jobs=n_jobs)
    model.set_params(callback=lambda step: moments.append(time.perf_counter())).fit(x)
    return float(np.median(np.diff(moments)))


def on_workers(n_workers: int, n: int, n_partitions: int) -> tuple[np.ndarray, float, float]:
    """Return times of an update on workers and on threads, shape (pairs, 2), a worker's memory, a task's seconds."""
    from distributed import Client, LocalCluster

    size = n // n_partitions
    options = {"n_workers": n_workers, "threads_per_worker": 1, "dashboard_address": None, "memory_limit": "2GB"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        parts = [da.from_delayed(_delayed(seed, size), (size, 3), float) for seed in range(n_partitions)]
        x = da.concatenate(parts).persist()
        in_memory = np.concatenate([part(seed, size) for seed in range(n_partitions)])
        per_update(x, 1), per_update(in_memory, n_workers)  # compiles
        times = np.array([(per_update(x, 1), per_update(in_memory, n_workers)) for _ in range(PAIRS)])
        memory = max(client.run(_resident).values())
        return times, memory, min(_of_a_task() for _ in range(3))


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    n = int(float(sys.argv[1])) if len(sys.argv) > 1 else ROWS
    n_partitions = int(sys.argv[2]) if len(sys.argv) > 2 else PARTITIONS
    best = {}
    for n_workers in (1, 2):
        times, memory, of_a_task = on_workers(n_workers, n, n_partitions)
        best[n_workers], threads = times.min(axis=0)
        ratio = best[n_workers] / threads
        print(f"{n:.3g} rows in {n_partitions} partitions, one update:")
        print(f"  {times[:, 0]} s on {n_workers} worker(s), {times[:, 1]} s on as many threads")
        print(f"  ratio {ratio:.2f}; largest resident set {memory / 1e9:.2f} GB; {1e3 * of_a_task:.2f} ms for a task")
    row = (best[1] - n_partitions * of_a_task) / n
    print(f"2 workers are {best[1] / best[2]:.2f} times as fast as one; {1e9 * row:.0f} ns for a row on one worker")
    for workers in (10, 100, 1000):
        rows = 2.0 * workers**2 * of_a_task / row
        print(f"{workers} workers with two partitions each pay from {rows:.1e} rows on (arithmetic)")


def _of_a_task() -> float:
    import dask

    tasks = [dask.delayed(int, pure=False)(i) for i in range(500)]
    begin = time.perf_counter()
    dask.compute(tasks)
    return (time.perf_counter() - begin) / len(tasks)


def _delayed(seed: int, size: int):
    import dask

    return dask.delayed(part)(seed, size)


def _resident() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
