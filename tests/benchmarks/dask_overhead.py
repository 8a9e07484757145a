"""A heterogeneous product mixture on two Dask workers against two threads on the same rows in memory.

Run ``python tests/benchmarks/dask_overhead.py [rows]``: 10^7, unless others are given. Both fits make the same updates,
by turns, in pairs; the ratio is that of the sums over pairs.
"""

from __future__ import annotations

import sys
import time
import warnings

import dask.array as da
import numpy as np

from mixtures import Gamma, MixtureModel, Normal, Poisson, Product

ROWS, PARTITIONS, UPDATES, PAIRS = 10_000_000, 20, 6, 3
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


def main() -> None:
    """Measure and print."""
    from distributed import Client, LocalCluster

    warnings.simplefilter("ignore")
    n = int(float(sys.argv[1])) if len(sys.argv) > 1 else ROWS
    size = n // PARTITIONS
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "memory_limit": "2GB"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        parts = [da.from_delayed(_delayed(seed, size), (size, 3), float) for seed in range(PARTITIONS)]
        x = da.concatenate(parts).persist()
        in_memory = np.concatenate([part(seed, size) for seed in range(PARTITIONS)])
        per_update(x, 1), per_update(in_memory, 2)  # compiles
        times = np.array([(per_update(x, 1), per_update(in_memory, 2)) for _ in range(PAIRS)])
        memory = max(client.run(_resident).values())
    print(f"{n:.3g} rows, one update: {times[:, 0]} s on two workers, {times[:, 1]} s on two threads")
    print(f"ratio {times[:, 0].sum() / times[:, 1].sum():.2f}; a worker's largest resident set {memory / 1e9:.2f} GB")


def _delayed(seed: int, size: int):
    import dask

    return dask.delayed(part)(seed, size)


def _resident() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
