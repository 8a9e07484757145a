"""Five hundred components: EM, truncated EM and the search among neighbours, against scikit-learn, on one thread.

Run ``python tests/benchmarks/many_components.py``; it prints a table. Every run begins at the same start and makes the
same number of updates. Times are those of the processor for one update: of a long run less a short one, for us in the
middle of a run, where the rows are sorted anew now and then, and this counts. The last column is how far the
log-likelihood, of all components, lies below that of full EM after all updates, as a share of it.
"""

from __future__ import annotations

import time
import warnings

import numpy as np
from em_iterations import Work, sklearn
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from mixtures import MixtureModel, MultivariateNormal

N, D, K = 200_000, 8, 500
SHORT, LONG = 5, 25
THEIR_LONG = 2
SETTINGS = {"EM": None, "C = 8": 8, "C = 8 of G = 32": (8, 32)}


def simulate() -> tuple[np.ndarray, np.ndarray]:
    """Return overlapping clusters, shape (n, d), and means near their centres, shape (K, d)."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0.0, 2.0, (K, D))
    rows = centres[rng.integers(K, size=N)] + rng.normal(size=(N, D))
    return rows, centres + rng.normal(0.0, 0.3, centres.shape)


def ours(rows: np.ndarray, means: np.ndarray, truncate: object, updates: int) -> tuple[float, float]:
    """Return seconds of a fit of so many updates, and its log-likelihood of all components."""
    model = MixtureModel(
        [MultivariateNormal(mean, np.eye(D)) for mean in means],
        truncate=truncate,
        max_iter=updates,
        tol=0.0,
        accelerate=None,
        n_jobs=1,
    )
    begin = time.process_time()
    model.fit(rows)
    return time.process_time() - begin, model.log_likelihood_


def main() -> None:
    """Print the table."""
    rows, means = simulate()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", UserWarning)
    with threadpool_limits(1):
        work = Work(N, D, K, 1, THEIR_LONG)
        short, long = (sklearn(work, rows, means, updates)[0] for updates in (work.short, work.long))
        their_time = (long - short) / (work.long - work.short)
        print(f"n = {N:,}, d = {D}, K = {K}; ms for one update")
        print(f"{'':20}{'ours':>10}{'scikit-learn':>14}{'ratio':>8}{'below EM':>12}")
        whole = None
        for name, truncate in SETTINGS.items():
            ours(rows[:2000], means, truncate, 1)  # compiled and loaded
            (short, _), (long, value) = (ours(rows, means, truncate, updates) for updates in (SHORT, LONG))
            whole = value if whole is None else whole
            mine = (long - short) / (LONG - SHORT)
            gap = (whole - value) / abs(whole)
            print(f"{name:20}{1e3 * mine:10.1f}{1e3 * their_time:14.1f}{their_time / mine:8.1f}{gap:12.4%}", flush=True)


if __name__ == "__main__":
    main()
