"""Time of one EM iteration of a mixture of products against the sum of its leaves: same data, one process, one thread.

Run ``python tests/benchmarks/products.py``; it prints a table. The *columns* are fitted one by one, each as a mixture
of its own leaves: the sum of their iterations has a softmax for every column. The *kernels* are no more than must be
computed: for each block a call of `log_pdf` and one of `accumulate` for each leaf, on columns that lie ready, and one
softmax. All three are measured in turn, several times. Ratios are those of the medians and of the minima, as other work
on the machine only ever adds time. The exit status is 1 if the bare kernels do not give the log-likelihood of the
sweep, or if a ratio of minima exceeds the target.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from em_iterations import climb, prepare
from threadpoolctl import threadpool_limits

from distributions import Categorical, Distribution, Gamma, Normal, Poisson, Product
from distributions.kernels import call_accumulate, call_log_pdf, compiled
from mixtures import MixtureModel
from mixtures.em import BLOCK
from mixtures.plan import Engine
from mixtures.sweep import normalise, scratch_size

TARGET = 1.3
ROUNDS = 9
SHORT, LONG = 2, 6  # updates of a short and a long run
ROWS = (1_000_000, 100_000)
SHARES = [[0.5, 0.3, 0.1, 0.1], [0.1, 0.1, 0.2, 0.6], [0.2, 0.5, 0.2, 0.1]]
PRODUCTS: dict[str, list[list[Distribution]]] = {
    "Normal, Gamma, Poisson, Categorical": [
        [Normal(3.0 * k, 1.0), Gamma(2.0 + k, 1.0), Poisson(2.0 + 4.0 * k), Categorical(SHARES[k])] for k in range(3)
    ],
    "4 Normals": [[Normal(2.0 * k + j, 1.0 + 0.1 * j) for j in range(4)] for k in range(3)],
}


@compiled
def bare(columns, plan, state, block_size):
    """Return the log-likelihood of columns, shape (d, n), each of them one leaf of every component."""
    n, n_components = columns.shape[1], state.weights.size
    log_weights, scratch = np.log(state.weights), np.empty(scratch_size(n_components, block_size))
    densities = np.empty(n_components * block_size)
    log_likelihood = 0.0
    for start in range(0, n, block_size):
        m = min(block_size, n - start)
        joint = densities[: n_components * m].reshape(n_components, m)
        for k in range(n_components):
            joint[k] = log_weights[k]
        for leaf in range(plan.free.size):
            theta = state.theta[plan.theta_at[leaf] : plan.theta_at[leaf + 1]]
            cells = columns[plan.first[leaf]][start : start + m].reshape(1, m)
            call_log_pdf(plan.log_pdf[leaf], cells, theta, joint[plan.owners[leaf]])
        log_likelihood += normalise(joint, densities[:0], state.mass, scratch, densities[:0])
        for leaf in range(plan.free.size):
            theta = state.theta[plan.theta_at[leaf] : plan.theta_at[leaf + 1]]
            stats = state.stats[plan.stats_at[leaf] : plan.stats_at[leaf + 1]]
            cells = columns[plan.first[leaf]][start : start + m].reshape(1, m)
            call_accumulate(plan.accumulate[leaf], cells, joint[plan.owners[leaf]], theta, stats)
    return log_likelihood


def runs(components: list[Distribution], rows: np.ndarray) -> list[float]:
    """Return the seconds of a short and of a long run."""
    return [climb(prepare(components, rows, updates), rows, updates) for updates in (SHORT, LONG)]


def kernels(engine: Engine, columns: np.ndarray) -> float:
    """Return the seconds that the bare kernels take."""
    begin = time.perf_counter()
    bare(columns, engine.plan, engine.state, BLOCK)
    return time.perf_counter() - begin


def measure(leaves: list[list[Distribution]], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return medians and minima of seconds: an iteration of the product, the sum of its columns', the bare kernels."""
    columns = np.ascontiguousarray(rows.T)
    products: list[Distribution] = [Product(parts) for parts in leaves]
    engine = prepare(products, rows, 1)
    climb(engine, rows, 1)
    if not np.isclose(bare(columns, engine.plan, engine.state, BLOCK), engine.history[-1], rtol=1e-12):
        raise SystemExit(f"{products[0]}: the log-likelihoods of the sweep and of the bare kernels disagree")
    works = [(products, rows)]
    works += [([parts[j] for parts in leaves], column[:, np.newaxis]) for j, column in enumerate(columns)]
    seconds = np.array([[*(runs(*work) for work in works), [0.0, kernels(engine, columns)]] for _ in range(ROUNDS)])
    found = {}
    for statistic in (np.median, np.min):
        # Of both runs before their difference is taken: other work may fall into either of them.
        short, long = statistic(seconds, axis=0).T
        each = (long - short) / np.array([LONG - SHORT] * len(works) + [1])
        found[statistic.__name__] = np.array([each[0], each[1:-1].sum(), each[-1]])
    return found


def main() -> int:
    """Print the table; return the exit status."""
    print(f"{'K = 3 products of':38}{'n':>10}{'product':>10}{'columns':>10}{'kernels':>10}", end="")
    print("   product / columns   product / kernels   (ms: minima; ratios of medians and of minima)")
    good = True
    for name, leaves in PRODUCTS.items():
        truth = MixtureModel([Product(parts) for parts in leaves], weights=[0.4, 0.35, 0.25])
        for n in ROWS:
            medians, minima = measure(leaves, truth.sample(n, rng=0)).values()
            ratios = [(of[0] / of[1], of[0] / of[2]) for of in (medians, minima)]
            line = f"{name:38}{n:>10,}" + "".join(f"{1e3 * value:10.2f}" for value in minima)
            line += "".join(f"{a:13.2f}{b:7.2f}" for a, b in zip(*ratios, strict=True))
            print(line, flush=True)
            good &= max(ratios[1]) <= TARGET
    return 0 if good else 1


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main())
