"""Time of one EM iteration of Gaussian mixtures against other packages: same data, start and number of updates.

Run ``python tests/benchmarks/em_iterations.py [threads] [first letters of a peer ...]``; it prints one table, of all
peers that are installed: scikit-learn, EM written in NumPy, pomegranate and tgmm (``pip install pomegranate tgmm``;
both need torch). Each time is the cost of one more iteration: the difference between a long and a short run from the
same start, so that set-up does not count. Runs of all sides alternate, and a ratio is the median of the ratios of
neighbours. Times of one thread are those of the processor, which others on the machine disturb least; of several those
of the clock. Log-likelihoods after the same number of updates must agree, or the row is an error: to nine digits, with
pomegranate, which counts in single ones, to four.

``memory`` is the peak of what our loop and scikit-learn's allocate beyond the rows, relative to these. ``of the limit``
is how long the machine needs at least for what our iteration does, measured in the same run: its multiply-adds in a
product of large matrices, its exponentials in a bare loop over a block in the cache, and reading the rows, whichever of
computing and reading takes longer. It may exceed 100 %: rows whose responsibility cannot change a sum are counted, but
left out of it.
"""

from __future__ import annotations

import math
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from distributions import Distribution, MultivariateNormal, Normal
from distributions.data import centre_and_scale
from distributions.kernels import compiled
from distributions.special import exp_of_difference
from mixtures import em
from mixtures.layout import Layout, Parameters
from mixtures.observed import observed
from mixtures.plan import Engine
from mixtures.structure import Structure

try:
    import torch
except ImportError:
    torch = None

PAIRS = 5
BLOCK = 65536  # rows that EM in NumPy looks at together


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


# ------------------------------------------------------------------------------------------- the limit of the machine


@compiled
def add_exponentials(x, times):
    """Return a sum of exponentials of a block, each taken so many times."""
    total = 0.0
    for repeat in range(times):
        for i in range(x.size):
            total += exp_of_difference(x[i] - repeat)
    return total


def fastest(call: Callable[[], object]) -> float:
    """Return the least seconds of the processor that a call takes."""
    seconds = []
    for _ in range(PAIRS):
        begin = time.process_time()
        call()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def limit(work: Work) -> float:
    """Return the seconds that one core needs at least for an iteration."""
    size, block, stored = 1000, np.linspace(-20.0, 0.0, 992), np.ones(1 << 24)
    factor, product = np.random.default_rng(0).normal(size=(size, size)), np.empty((size, size))
    add_exponentials(block, 1)
    of_a_product = fastest(lambda: np.dot(factor, factor, out=product)) / size**3
    of_an_exponential = fastest(lambda: add_exponentials(block, 1000)) / (1000 * block.size)
    of_a_number = fastest(stored.max) / stored.size
    computing = work.multiply_adds * of_a_product + work.rows * work.components * of_an_exponential
    return max(computing, work.rows * work.columns * of_a_number)


# ----------------------------------------------------------------- the same updates: seconds, and log-likelihood a row

Clock = Callable[[], float]
Result = tuple[float, Callable[[], float]]


def prepare(components: list[Distribution], rows: np.ndarray, updates: int) -> Engine:
    """Return an engine for so many updates from these components, equally weighted."""
    structure = Structure(components, None)
    layout = Layout(structure.outline(), structure.branch_names, rows.shape[1])
    leaves, weights = [leaf.distribution for leaf in layout.leaves], np.full(len(components), 1.0 / len(components))
    return Engine(layout, Parameters(leaves, [weights]), centre_and_scale(rows, None)[1], updates)


def climb(engine: Engine, rows: np.ndarray, updates: int, n: int = 1, clock: Clock = time.process_time) -> float:
    """Make so many updates in n threads; return how many seconds they took."""
    data = observed(rows)
    begin = clock()
    em.run(engine, data, tol=0.0, max_iter=updates, n_threads=n)
    return clock() - begin


def ours(
    work: Work, rows: np.ndarray, means: np.ndarray, updates: int, n: int = 1, clock: Clock = time.process_time
) -> Result:
    """Run the loop of this package."""
    components: list[Distribution] = [
        Normal(mean[0], 1.0)
        if work.columns == 1
        else MultivariateNormal(mean, np.eye(work.columns), structure=work.structure)
        for mean in means
    ]
    engine = prepare(components, rows, updates)
    return climb(engine, rows, updates, n, clock), lambda: engine.history[updates] / len(rows)


def sklearn(
    work: Work, rows: np.ndarray, means: np.ndarray, updates: int, n: int = 1, clock: Clock = time.process_time
) -> Result:
    """Run scikit-learn."""
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
    begin = clock()
    model.fit(rows)
    return clock() - begin, lambda: model.score(rows)


class InNumpy:
    """EM as careful users of NumPy write it: in blocks, with triangular solves and products of matrices."""

    def __init__(self, work: Work, means: np.ndarray) -> None:
        self.is_diagonal, self.weights, self.means = work.is_diagonal, np.full(len(means), 1.0 / len(means)), means
        self.covs = np.ones_like(means) if work.is_diagonal else np.stack([np.eye(work.columns)] * len(means))

    def joint(self, rows: np.ndarray) -> np.ndarray:
        """Return log joint densities, shape (K, n)."""
        found = np.empty((len(self.means), len(rows)))
        for k, (mean, cov) in enumerate(zip(self.means, self.covs, strict=True)):
            centred = rows - mean
            if self.is_diagonal:
                log_det, squares = np.log(cov).sum(), (centred * centred) @ (1.0 / cov)
            else:
                factor = np.linalg.cholesky(cov)
                root = solve_triangular(factor, np.eye(len(cov)), lower=True)
                z = centred @ root.T
                log_det, squares = 2.0 * np.log(np.diag(factor)).sum(), np.einsum("ij,ij->i", z, z)
            found[k] = math.log(self.weights[k]) - 0.5 * (squares + log_det + len(mean) * math.log(2.0 * math.pi))
        return found

    def score(self, rows: np.ndarray, sums: list[np.ndarray] | None = None) -> float:
        """Return the mean log-likelihood; add mass, sums and products about the means to ``sums``."""
        log_likelihood = 0.0
        for first in range(0, len(rows), BLOCK):
            block = rows[first : first + BLOCK]
            joint = self.joint(block)
            top = joint.max(axis=0)
            np.exp(joint - top, out=joint)
            total = joint.sum(axis=0)
            log_likelihood += float(np.sum(top + np.log(total)))
            if sums is not None:
                joint /= total
                sums[0] += joint.sum(axis=1)
                for k, (r, mean) in enumerate(zip(joint, self.means, strict=True)):
                    centred = block - mean
                    sums[1][k] += r @ centred
                    sums[2][k] += r @ centred**2 if self.is_diagonal else (centred * r[:, np.newaxis]).T @ centred
        return log_likelihood / len(rows)

    def update(self, rows: np.ndarray) -> None:
        """Make one update."""
        mass, first, second = sums = [np.zeros(len(self.means)), np.zeros_like(self.means), np.zeros_like(self.covs)]
        self.score(rows, sums)
        shift = first / mass[:, np.newaxis]
        products = shift**2 if self.is_diagonal else shift[:, :, np.newaxis] * shift[:, np.newaxis]
        self.covs = second / mass.reshape(-1, *[1] * (second.ndim - 1)) - products
        self.weights, self.means = mass / len(rows), self.means + shift


def in_numpy(
    work: Work, rows: np.ndarray, means: np.ndarray, updates: int, n: int = 1, clock: Clock = time.process_time
) -> Result:
    """Run EM in NumPy."""
    model = InNumpy(work, means)
    begin = clock()
    for _ in range(updates):
        model.update(rows)
    return clock() - begin, lambda: model.score(rows)


def pomegranate(
    work: Work, rows: np.ndarray, means: np.ndarray, updates: int, n: int = 1, clock: Clock = time.process_time
) -> Result:
    """Run pomegranate, in single precision."""
    from pomegranate.distributions import Normal as TheirNormal
    from pomegranate.gmm import GeneralMixtureModel

    kind, cov = ("diag", np.ones(work.columns)) if work.is_diagonal else ("full", np.eye(work.columns))
    parts = [TheirNormal(mean.astype(np.float32), cov.astype(np.float32), covariance_type=kind) for mean in means]
    model = GeneralMixtureModel(parts, max_iter=updates, tol=-math.inf)
    table = torch.tensor(rows, dtype=torch.float32)
    begin = clock()
    model.fit(table)
    return clock() - begin, lambda: float(model.log_probability(table).double().mean())


def tgmm(
    work: Work, rows: np.ndarray, means: np.ndarray, updates: int, n: int = 1, clock: Clock = time.process_time
) -> Result:
    """Run tgmm, in double precision."""
    from tgmm import GaussianMixture as TheirMixture

    one = np.ones(work.columns) if work.is_diagonal else np.eye(work.columns)
    model = TheirMixture(
        work.components,
        n_features=work.columns,
        covariance_type="diag" if work.is_diagonal else "full",
        max_iter=updates,
        tol=1e-300,
        reg_covar=0.0,
        init_means=torch.tensor(means),
        init_covariances=torch.tensor(np.stack([one] * work.components)),
        device="cpu",
    )
    table = torch.tensor(rows)
    begin = clock()
    model.fit(table)
    return clock() - begin, lambda: float(model.score(table))


PEERS: dict[str, Any] = {"scikit-learn": sklearn, "NumPy": in_numpy, "pomegranate": pomegranate, "tgmm": tgmm}
DIGITS = {"pomegranate": 1e-4}


def installed(name: str) -> bool:
    """Whether a peer can be imported."""
    try:
        __import__({"scikit-learn": "sklearn", "NumPy": "numpy"}.get(name, name))
    except ImportError:
        return False
    return True


def memory(run: Any, work: Work, rows: np.ndarray, means: np.ndarray) -> float:
    """Return the peak of what a run allocates, relative to the rows. What torch allocates is not seen."""
    tracemalloc.start()
    run(work, rows, means, 2, 1, time.process_time)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / rows.nbytes


def measured(work: Work, peers: dict[str, Any], n: int) -> str:
    """Return one row of the table."""
    clock = time.process_time if n == 1 else time.perf_counter
    rows, means = simulate(work)
    ours(work, rows[:1000], means, 2, 1, clock)  # compiled and loaded
    times: dict[str, list[float]] = {name: [] for name in peers}
    values: dict[str, float] = {}
    for _ in range(PAIRS):
        for name, run in peers.items():
            short, _ = run(work, rows, means, work.short, n, clock)
            long, log_likelihood = run(work, rows, means, work.long, n, clock)
            times[name].append((long - short) / (work.long - work.short))
            values[name] = values[name] if name in values else log_likelihood()
    for name, value in values.items():
        if not np.isclose(value, values["ours"], rtol=DIGITS.get(name, 1e-9), atol=0.0):
            raise SystemExit(f"{work}: log-likelihoods disagree, {values['ours']!r} and {name} {value!r}")
    mine = np.array(times["ours"])
    cells = [f"{np.median(mine) * 1e3:10.2f}"]
    cells += [f"{np.median(times[name] / mine):14.1f}" for name in peers if name != "ours"]
    cells += [f"{memory(run, work, rows, means):10.2f}" for run in (ours, sklearn)]
    return f"{work!s:44}" + "".join(cells) + f"{limit(work) / (np.median(mine) * n):10.0%}"


def main() -> None:
    """Print the table."""
    n, wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1, sys.argv[2:]
    chosen = [name for name in PEERS if not wanted or any(name.startswith(start) for start in wanted)]
    peers = {"ours": ours} | {name: PEERS[name] for name in chosen if installed(name)}
    warnings.simplefilter("ignore")  # that so few updates do not converge
    if torch is not None:
        torch.set_num_threads(n)
    print(f"{n} thread{'s' * (n > 1)}; ms per iteration, and how many times as long others take; medians")
    columns = "".join(f"{name:>14}" for name in peers if name != "ours")
    print(f"{'work':44}{'ours':>10}{columns}{'memory':>10}{'sklearn':>10}{'of limit':>10}")
    with threadpool_limits(n):
        for work in WORK:
            print(measured(work, peers, n), flush=True)


if __name__ == "__main__":
    main()
