"""How often scikit-learn's defaults, and ours, come within one unit of log-likelihood of the best known sane optimum.

    PYTHONPATH=.:tests python -m battery.peers [--seeds 5]

On the problems of the battery that scikit-learn can pose: normals alone, neither weights nor labels nor missing cells.
One unit, and not less, for its tolerance stops it before the end. A log-likelihood more than one unit above the optimum
is a spurious one, and counts as missed for either.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np

from mixtures import MixtureModel, MultivariateNormal, Normal

from .defaults import best_known
from .problems import PROBLEMS, Problem

NEAR = 1.0  # units of log-likelihood


def covariance_type(problem: Problem) -> str | None:
    """Return scikit-learn's name for the covariances of a problem, None where it has none."""
    components, arguments = problem.components, problem.arguments
    if problem.weight is not None or problem.labels is not None or not isinstance(components, list):
        return None
    kinds = {(type(each), getattr(each, "structure", "full")) for each in components}
    if len(kinds) > 1 or any(component.frozen for component in components):
        return None
    ((kind, structure),) = kinds
    if kind not in (Normal, MultivariateNormal) or np.isnan(np.asarray(problem.x, dtype=float)).any():
        return None
    if arguments.get("tied") == "std" or arguments.get("covariance") == "EEE":
        return "tied"
    return {"full": "full", "diagonal": "diag", "spherical": "spherical"}[structure] if not arguments else None


def by_scikit_learn(problem: Problem, seed: int, n_init: int) -> float:
    """Return the log-likelihood of its fit."""
    from sklearn.mixture import GaussianMixture

    rows = np.reshape(np.asarray(problem.x, dtype=float), (len(problem.x), -1))
    kind = covariance_type(problem)
    model = GaussianMixture(len(problem.components), covariance_type=kind, n_init=n_init, random_state=seed)
    try:
        return float(model.fit(rows).score_samples(rows).sum())
    except ValueError:  # collapsed
        return -np.inf


def by_us(problem: Problem, seed: int) -> float:
    """Return the log-likelihood of our fit."""
    model: MixtureModel = problem.fit(rng=seed)
    return model.log_likelihood_


PEERS: dict[str, Callable[[Problem, int], float]] = {
    "general-mixtures": by_us,
    "scikit-learn": lambda problem, seed: by_scikit_learn(problem, seed, 1),
    "scikit-learn, n_init=10": lambda problem, seed: by_scikit_learn(problem, seed, 10),
}


def main() -> None:
    """Print a line for each problem, and the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    n_seeds = parser.parse_args().seeds
    names = [name for name in PROBLEMS if covariance_type(PROBLEMS[name]())]
    near, seconds = dict.fromkeys(PEERS, 0), dict.fromkeys(PEERS, 0.0)
    warnings.simplefilter("ignore")
    for name in names:
        problem, line = PROBLEMS[name](), []
        for peer, fit in PEERS.items():
            began = time.process_time()
            hits = sum(abs(fit(problem, seed) - best_known(name)) <= NEAR for seed in range(n_seeds))
            seconds[peer] += time.process_time() - began
            near[peer] += hits
            line.append(f"{hits}/{n_seeds}")
        print(f"{name:32s}", *(f"{each:>8s}" for each in line), flush=True)
    pairs = n_seeds * len(names)
    print(f"\n| {len(names)} problems, {n_seeds} seeds | within {NEAR:g} of the best known | seconds a fit |")
    print("| --- | ---: | ---: |")
    for peer in PEERS:
        print(f"| {peer} | {100.0 * near[peer] / pairs:.0f} % | {seconds[peer] / pairs:.2f} |")


if __name__ == "__main__":
    main()
