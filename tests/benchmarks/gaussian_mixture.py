"""Time of a whole fit of GaussianMixture against scikit-learn's class: same data, seed and arguments, one thread.

Run ``python tests/benchmarks/gaussian_mixture.py``; it prints a table. Both sides find the same clusters by k-means
first, and make the same number of iterations, or the row is an error. Runs alternate; times are those of the processor.
"""

from __future__ import annotations

import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn import mixture as theirs
from threadpoolctl import threadpool_limits

from mixtures import GaussianMixture

PAIRS = 3


class Work(NamedTuple):
    """One row of the table."""

    rows: int
    columns: int
    components: int
    covariance_type: str

    def __str__(self) -> str:
        return f"n = {self.rows:,}, d = {self.columns}, K = {self.components}, {self.covariance_type}"


WORK = [
    Work(1_000, 2, 3, "full"),
    Work(200_000, 2, 5, "full"),
    Work(100_000, 10, 10, "full"),
    Work(20_000, 50, 5, "full"),
    Work(200_000, 10, 10, "tied"),
    Work(200_000, 10, 10, "diag"),
    Work(200_000, 10, 10, "spherical"),
]


def simulate(work: Work) -> np.ndarray:
    """Return rows of clusters that overlap."""
    rng = np.random.default_rng(0)
    centres = 1.5 * rng.normal(size=(work.components, work.columns))
    return centres[rng.integers(work.components, size=work.rows)] + rng.normal(size=(work.rows, work.columns))


def timed(kind: type[Any], work: Work, rows: np.ndarray) -> tuple[float, Any]:
    """Return the seconds of a fit, and the fitted model."""
    model = kind(work.components, covariance_type=work.covariance_type, random_state=0, tol=1e-5, max_iter=500)
    begin = time.process_time()
    model.fit(rows)
    return time.process_time() - begin, model


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    print("ms per fit, one thread; median of pairs")
    print(f"{'work':44}{'iterations':>11}{'ours':>10}{'scikit-learn':>14}{'ratio':>8}")
    with threadpool_limits(1):
        for work in WORK:
            rows, seconds = simulate(work), []
            timed(GaussianMixture, work, rows[:1000])  # compiled and loaded
            for _ in range(PAIRS):
                (our_time, ours), (their_time, other) = (
                    timed(kind, work, rows) for kind in (GaussianMixture, theirs.GaussianMixture)
                )
                if ours.n_iter_ != other.n_iter_ or not np.isclose(ours.lower_bound_, other.lower_bound_, rtol=1e-9):
                    raise SystemExit(f"{work}: the fits disagree")
                seconds.append((our_time, their_time))
            mine, their = np.median(np.array(seconds), axis=0) * 1e3
            ratio = np.median([b / a for a, b in seconds])
            print(f"{work!s:44}{ours.n_iter_:11}{mine:10.1f}{their:14.1f}{ratio:8.1f}")


if __name__ == "__main__":
    main()
