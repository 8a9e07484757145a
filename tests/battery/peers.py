"""How often other packages' defaults, and ours, come within one unit of log-likelihood of the best known sane optimum.

    PYTHONPATH=.:tests python -m battery.peers [--seeds 5] [--keep]

On the problems of the battery that scikit-learn can pose: normals alone, neither weights nor labels nor missing cells.
pomegranate, where it is installed, has no covariance in common, and so cannot pose all of these. One unit, and not
less, for tolerances stop both before the end. A log-likelihood more than one unit above the optimum is a spurious one,
and counts as missed for all; so does a fit that fails. With ``--keep`` the result goes to `peers.json`, from which the
table of the README is made.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mixtures import MixtureModel, MultivariateNormal, Normal

from .defaults import best_known
from .problems import PROBLEMS, Problem

NEAR = 1.0  # units of log-likelihood
KEPT = Path(__file__).with_name("peers.json")


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


def by_pomegranate(problem: Problem, seed: int) -> float | None:
    """Return the log-likelihood, in double precision, of the parameters that it finds; None for a common covariance."""
    import torch
    from pomegranate.distributions import Normal as Theirs
    from pomegranate.gmm import GeneralMixtureModel

    kind = {"full": "full", "diag": "diag", "spherical": "sphere"}.get(covariance_type(problem) or "")
    if kind is None:
        return None
    rows = np.reshape(np.asarray(problem.x, dtype=float), (len(problem.x), -1))
    parts = [Theirs(covariance_type=kind) for _ in problem.components]
    try:
        fitted = GeneralMixtureModel(parts, random_state=seed).fit(torch.tensor(rows))
        weights = fitted.priors.double().numpy()
        found = MixtureModel([as_ours(part, rows.shape[1]) for part in parts], weights=weights / weights.sum())
        return found.log_likelihood(rows if rows.shape[1] > 1 else rows[:, 0])
    except (RuntimeError, ValueError):  # such as a singular covariance
        return -np.inf


def as_ours(part: Any, d: int) -> Normal | MultivariateNormal:
    """Return a normal of pomegranate as one of ours."""
    mean, cov = part.means.double().numpy(), part.covs.double().numpy()
    cov = cov if cov.ndim == 2 else np.diag(np.broadcast_to(cov, d))
    return Normal(mean[0], np.sqrt(cov[0, 0])) if d == 1 else MultivariateNormal(mean, (cov + cov.T) / 2.0)


def by_us(problem: Problem, seed: int) -> float:
    """Return the log-likelihood of our fit."""
    model: MixtureModel = problem.fit(rng=seed)
    return model.log_likelihood_


PEERS: dict[str, Callable[[Problem, int], float | None]] = {
    "general-mixtures": by_us,
    "scikit-learn": lambda problem, seed: by_scikit_learn(problem, seed, 1),
    "scikit-learn, n_init=10": lambda problem, seed: by_scikit_learn(problem, seed, 10),
    "pomegranate": by_pomegranate,
}


def posed() -> list[str]:
    """Return the names of the problems."""
    return [name for name in PROBLEMS if covariance_type(PROBLEMS[name]())]


def table(result: dict[str, Any]) -> str:
    """Return what was found as a table."""
    lines = [f"| defaults, {result['seeds']} seeds | problems | within {NEAR:g} of the best known | seconds a fit |"]
    lines.append("| --- | ---: | ---: | ---: |")
    for peer, found in result["peers"].items():
        share, seconds = 100.0 * found["near"] / found["fits"], found["seconds"] / found["fits"]
        lines.append(f"| {peer} | {found['fits'] // result['seeds']} | {share:.0f} % | {seconds:.2g} |")
    return "\n".join(lines)


def main() -> None:
    """Print a line for each problem, and the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    peers = {name: fit for name, fit in PEERS.items() if name != "pomegranate" or find_spec("pomegranate")}
    found = {peer: {"near": 0, "fits": 0, "seconds": 0.0} for peer in peers}
    warnings.simplefilter("ignore")
    for fit in peers.values():  # what is compiled or imported first is no part of a fit
        fit(PROBLEMS["eruptions_2"](), 0)
    for name in posed():
        problem, line = PROBLEMS[name](), []
        for peer, fit in peers.items():
            began = time.process_time()
            reached = [fit(problem, seed) for seed in range(given.seeds)]
            fits = [each for each in reached if each is not None]
            hits = sum(abs(each - best_known(name)) <= NEAR for each in fits)
            found[peer]["seconds"] += (time.process_time() - began) * bool(fits)
            found[peer]["near"] += hits
            found[peer]["fits"] += len(fits)
            line.append(f"{hits}/{len(fits)}")
        print(f"{name:32s}", *(f"{each:>8s}" for each in line), flush=True)
    result = {"seeds": given.seeds, "peers": found}
    print(f"\n{table(result)}")
    if given.keep:
        for part in found.values():
            part["seconds"] = round(part["seconds"], 2)
        KEPT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
