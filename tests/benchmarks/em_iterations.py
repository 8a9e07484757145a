"""Time of one EM iteration against scikit-learn's GaussianMixture: same data, start and updates, one thread.

Run ``python tests/benchmarks/em_iterations.py``; it prints a table. Each time is the cost of one more iteration: the
difference between a long and a short run from the same start, so that set-up does not count. Runs of both sides
alternate, and the ratio is the median of the ratios of neighbours. Times are those of the processor, which others on
the machine disturb least. Log-likelihoods after the same number of updates must agree, or the row is an error.

The last column sets our multiply-adds against as many in a product of large matrices. It may exceed 100 %: rows whose
responsibility cannot change a sum are counted, but left out of it.
"""

from __future__ import annotations

import time
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from distributions import Distribution, MultivariateNormal, Normal
from mixtures import em
from mixtures.layout import Layout, Parameters
from mixtures.observed import observed
from mixtures.plan import Engine
from mixtures.structure import Structure

PAIRS = 5


class Work(NamedTuple):
    """One row of the table."""

    rows: int
    columns: int
    components: int
    short: int  # updates of the short and the long run
    long: int
    structure: str = "full"

    def __str__(self) -> str:
        return f"n = {self.rows:,}, d = {self.columns}, K = {self.components}" + ", diagonal" * self.is_diagonal

    @property
    def is_diagonal(self) -> bool:
        """Whether the covariances have variances only."""
        return self.structure == "diagonal"

    @property
    def multiply_adds(self) -> int:
        """How many one iteration makes for squared distances and sums of products, half of each matrix."""
        of_a_row = 4 * self.columns if self.is_diagonal else self.columns * (self.columns + 1)
        return self.rows * self.components * of_a_row


WORK = [
    Work(1_000_000, 1, 3, 2, 12),
    Work(1_000_000, 1, 10, 2, 6),
    Work(500_000, 2, 5, 2, 6),
    Work(200_000, 10, 10, 2, 6),
    Work(100_000, 10, 50, 2, 5),
    Work(100_000, 50, 10, 2, 5),
    Work(20_000, 200, 5, 2, 6),
    Work(200_000, 20, 10, 2, 6, "diagonal"),
]


def peak() -> float:
    """Return the multiply-adds that the core makes in a second, in a product of matrices."""
    size, seconds = 1000, []
    factor, product = np.random.default_rng(0).normal(size=(size, size)), np.empty((size, size))
    for _ in range(PAIRS):
        begin = time.process_time()
        np.dot(factor, factor, out=product)
        seconds.append(time.process_time() - begin)
    return size**3 / min(seconds)


def simulate(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """Return overlapping clusters and a start away from them: rows, shape (n, d), and means, shape (K, d)."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0.0, 3.0, (work.components, work.columns))
    labels = rng.integers(work.components, size=work.rows)
    rows = (
        centres[labels]
        + rng.normal(size=(work.rows, work.columns)) * rng.uniform(0.5, 1.5, work.components)[labels, np.newaxis]
    )
    return rows, centres + rng.normal(0.0, 0.3, centres.shape)


def prepare(components: list[Distribution], rows: np.ndarray, updates: int) -> Engine:
    """Return an engine for so many updates from these components, equally weighted."""
    structure = Structure(components, None)
    layout = Layout(structure.outline(), structure.branch_names, rows.shape[1])
    leaves, weights = [leaf.distribution for leaf in layout.leaves], np.full(len(components), 1.0 / len(components))
    return Engine(layout, Parameters(leaves, [weights]), rows.std(axis=0), updates)


def climb(engine: Engine, rows: np.ndarray, updates: int) -> float:
    """Make so many updates; return how many seconds they took."""
    data = observed(rows)
    begin = time.process_time()
    em.run(engine, data, tol=0.0, max_iter=updates)
    return time.process_time() - begin


def ours(work: Work, rows: np.ndarray, means: np.ndarray, updates: int) -> tuple[float, float]:
    """Return seconds of so many updates, and the log-likelihood per row before the last one."""
    components: list[Distribution] = [
        Normal(mean[0], 1.0)
        if work.columns == 1
        else MultivariateNormal(mean, np.eye(work.columns), structure=work.structure)
        for mean in means
    ]
    engine = prepare(components, rows, updates)
    return climb(engine, rows, updates), engine.history[updates - 1] / work.rows


def theirs(work: Work, rows: np.ndarray, means: np.ndarray, updates: int) -> tuple[float, float]:
    """Return the same for scikit-learn, whose lower_bound_ is the log-likelihood before its last update."""
    model = GaussianMixture(
        work.components,
        means_init=means,
        weights_init=np.full(work.components, 1.0 / work.components),
        covariance_type="diag" if work.is_diagonal else "full",
        precisions_init=np.ones((work.components, work.columns))
        if work.is_diagonal
        else np.stack([np.eye(work.columns)] * work.components),
        init_params="random_from_data",
        random_state=0,
        reg_covar=0.0,
        tol=0.0,
        max_iter=updates,
    )
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows)
    return time.process_time() - begin, model.lower_bound_


def main() -> None:
    """Print the table."""
    print("ms per iteration, one thread; median of pairs")
    print(f"{'work':44}{'ours':>10}{'scikit-learn':>14}{'ratio':>8}{'of peak':>9}")
    with threadpool_limits(1):
        for work in WORK:
            rows, means = simulate(work)
            ours(work, rows[:1000], means, 2)  # compiled and loaded
            seconds = []
            for _ in range(PAIRS):
                pair = []
                for measure in (ours, theirs):
                    short, _ = measure(work, rows, means, work.short)
                    long, log_likelihood = measure(work, rows, means, work.long)
                    pair.append(((long - short) / (work.long - work.short), log_likelihood))
                (our_time, our_value), (their_time, their_value) = pair
                if not np.isclose(our_value, their_value, rtol=1e-9):
                    raise SystemExit(f"{work}: log-likelihoods disagree, {our_value!r} and {their_value!r}")
                seconds.append((our_time, their_time))
            mine, other = np.median(np.array(seconds), axis=0) * 1e3
            ratio = np.median([b / a for a, b in seconds])
            share = work.multiply_adds / (mine / 1e3) / peak()
            print(f"{work!s:44}{mine:10.2f}{other:14.2f}{ratio:8.1f}{share:9.0%}")


if __name__ == "__main__":
    main()
