"""A fit to rows that are made block by block, in a process whose memory is limited; and its time against memory's.

Run ``python tests/benchmarks/out_of_core.py [rows] [gigabytes]``: 2 * 10^8 rows of one column and 1.5 GB, unless others
are given. The limit is that of the data of the process (RLIMIT_DATA: heap and private maps), as libraries reserve
address space that they never touch; the largest resident set is printed beside it.

A pass takes the time of a sweep and the time in which its rows are made. The first is predicted from a fit to a
twentieth of the rows in memory, the second is measured by itself; both in turn with the passes, in this one process.
The exit status is 1 if a pass takes more than 1.25 times what they predict. Beside it stands what making the rows took
within the passes, where sums leave fewer of its numbers in the caches: the rest is what reading in blocks costs.
"""

from __future__ import annotations

import resource
import sys
import time
import warnings

import numpy as np

from mixtures import Blocks, MixtureModel, Normal

ROWS, GIGABYTES, BLOCK = 200_000_000, 1.5, 1_000_000
UPDATES = 5
TARGET = 1.25


def made(n: int):
    """Yield blocks of two normals: a cheap generator, whose rows are the same in each pass."""
    base = np.random.default_rng(0).normal(size=BLOCK)
    base[::3] = 4.0 + 2.0 * base[::3]
    for number in range(n // BLOCK):
        yield base + 1e-3 * (number % 7)


class Timed:
    """Blocks, and the seconds that they took to make in each pass."""

    def __init__(self, n: int) -> None:
        self.n, self.passes = n, []

    def __call__(self):
        """Yield the blocks of a pass."""
        blocks, spent = made(self.n), 0.0
        for _ in range(self.n // BLOCK):
            begin = time.perf_counter()
            block = next(blocks)
            spent += time.perf_counter() - begin
            yield block
            del block
        self.passes.append(spent)


def seconds(run) -> float:
    """Return how long something takes."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def per_update(x, updates: int = UPDATES) -> float:
    """Return the median of the seconds between updates of one fit, from a given start by one thread."""
    moments: list[float] = []
    MixtureModel(
        [Normal(-0.5, 1.0), Normal(3.0, 1.0)],
        accelerate=None,
        max_iter=updates,
        tol=0.0,
        n_jobs=1,
        callback=lambda step: moments.append(time.perf_counter()),
    ).fit(x)
    return float(np.median(np.diff(moments)))


def main() -> int:
    """Measure, print, and return the exit status."""
    n = int(float(sys.argv[1])) if len(sys.argv) > 1 else ROWS
    limit = int((float(sys.argv[2]) if len(sys.argv) > 2 else GIGABYTES) * 1e9)
    warnings.simplefilter("ignore")
    per_update(Blocks(lambda: made(2 * BLOCK)), 2)  # compiles
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    part = np.concatenate(list(made(n // 20)))
    in_memory = per_update(part) * n / len(part)
    making = seconds(lambda: sum(len(block) for block in made(n)))
    source = Timed(n)
    measured = per_update(Blocks(source))
    in_memory = min(in_memory, per_update(part) * n / len(part))
    del part
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    ratio = measured / (in_memory + making)
    print(f"{n:.3g} rows, limit {limit / 1e9:.2f} GB of data, largest resident set {peak / 1e9:.2f} GB")
    print(f"one update: {measured:.2f} s; predicted {in_memory:.2f} s of sweep and {making:.2f} s of making the rows")
    within = float(np.median(source.passes[-UPDATES:]))
    print(
        f"ratio {ratio:.2f}, target {TARGET}; making the rows took {within:.2f} s within a pass: so counted, ", end=""
    )
    print(f"{measured / (in_memory + within):.2f}")
    return int(ratio > TARGET or peak > limit)


if __name__ == "__main__":
    sys.exit(main())
