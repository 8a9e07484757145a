"""Find the best optima by brute force, and keep them in `optima.json`.

    PYTHONPATH=.:tests python -m battery.search [--starts 300] [--seconds 60] [name ...]

Starts are not those of the library: random centres, random neighbourhoods, random cuts, random responsibilities, each
climbed to the end by itself. Where there are more than `MOST` rows, starts are climbed on so many of them, and the best
`FINALISTS` on all. Entries are only ever replaced by better ones: run it again for longer, and nothing is lost.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from mixtures import MixtureModel

from .problems import PROBLEMS, SAME_AS, Problem
from .sane import is_sane

OPTIMA = Path(__file__).with_name("optima.json")
MOST, FINALISTS = 5000, 20
TOLERANCE = 1e-6  # per row: closer optima are one


def _points(rows, whiten):
    points = np.nan_to_num((rows - np.nanmean(rows, axis=0)) / np.maximum(np.nanstd(rows, axis=0), 1e-300))
    if whiten:
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(points.T)) + 1e-9 * np.eye(points.shape[1]))
        points = points @ vectors / np.sqrt(np.maximum(values, 1e-9))
    return points


def random_members(rows, n_components, rng):
    """Return labels or responsibilities, by one of four ways at random."""
    points, n = _points(rows, rng.random() < 0.3), len(rows)
    way = rng.integers(4)
    if way == 0:
        centres = points[rng.choice(n, n_components, replace=n < n_components)]
        return rng.permutation(n_components)[np.argmin([np.sum((points - c) ** 2, axis=1) for c in centres], axis=0)]
    if way == 1:
        members = np.full((n, n_components), 1e-3)
        for k in range(n_components):
            size = int(n * np.exp(rng.uniform(np.log(0.005), np.log(0.8)))) + points.shape[1] + 3
            distance = np.sum((points - points[rng.integers(n)]) ** 2, axis=1)
            members[np.argsort(distance)[: min(size, n)], k] = 1.0
        return members
    if way == 2:
        along = points @ rng.normal(size=points.shape[1])
        cuts = np.quantile(along, np.sort(rng.random(n_components - 1)))
        return rng.permutation(n_components)[np.searchsorted(cuts, along)]
    return rng.dirichlet(np.full(n_components, 0.3), n)


def climb(problem: Problem, components: Any, x: Any, weight: Any, labels: Any, **settings: Any):
    """Return a fit and whether it is sane, or None where it failed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = MixtureModel(components, **problem.arguments, **settings).fit(
                x, sample_weight=weight, labels=labels
            )
        except (ValueError, ArithmeticError):
            return None
    return (model, is_sane(model)) if np.isfinite(model.log_likelihood_) else None


def search(problem: Problem, n_starts: int, seconds: float, seed: int) -> dict[str, Any]:
    """Return the best log-likelihoods that were found, sane and any, and how often the former."""
    rng = np.random.default_rng(seed)
    x, weight, labels = problem.x, problem.weight, problem.labels
    n_components = len(problem.components)
    n, few = len(x), len(x) > MOST

    def start(rows, generator):
        return random_members(rows, n_components, generator)

    found, began, tried = [], time.process_time(), 0
    while tried < n_starts and (time.process_time() - began < seconds or tried < 30):
        part = rng.choice(n, MOST, replace=False) if few else slice(None)
        tried += 1
        some = (x, weight, labels) if not few else (x[part], None, None)
        fit = climb(
            problem, problem.components, *some, init=start, rng=int(rng.integers(2**31)), tol=1e-9, max_iter=5000
        )
        if fit is not None:
            found.append((fit[1], fit[0].log_likelihood_, fit[0]))
    found.sort(key=lambda entry: entry[:2], reverse=True)
    if few:
        again = [
            climb(problem, entry[2].components_, x, weight, labels, weights=entry[2].weights_)
            for entry in found[:FINALISTS]
        ]
        found = sorted(
            ((fit[1], fit[0].log_likelihood_, fit[0]) for fit in again if fit),
            key=lambda entry: entry[:2],
            reverse=True,
        )
    sane = [value for is_one, value, _ in found if is_one]
    if not sane:
        return {"starts": tried, "log_likelihood": None, "reached": 0, "any": found[0][1] if found else None}
    _, best, model = found[0]
    polished = climb(problem, model.components_, x, weight, labels, weights=model.weights_, max_iter=100_000)
    if polished is not None and polished[1]:
        best = max(best, polished[0].log_likelihood_)
    return {
        "starts": tried,
        "log_likelihood": best,
        "reached": sum(value > best - TOLERANCE * n for value in sane),
        "any": max(value for _, value, _ in found),
    }


def main() -> None:
    """Search for the problems named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--starts", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for name in given.names or [name for name in PROBLEMS if name not in SAME_AS]:
        entry = search(PROBLEMS[name](), given.starts, given.seconds, given.seed)
        known = json.loads(OPTIMA.read_text()) if OPTIMA.exists() else {}
        before = known.get(name)
        if before and entry["log_likelihood"] is not None and before["log_likelihood"] is not None:
            entry["starts"] += before["starts"]
            entry["any"] = max(entry["any"], before["any"])
            gain = entry["log_likelihood"] - before["log_likelihood"]
            margin = TOLERANCE * len(PROBLEMS[name]().x)
            counts = [entry["reached"] * (gain > -margin), before["reached"] * (gain < margin)]
            entry["log_likelihood"], entry["reached"] = (
                max(entry["log_likelihood"], before["log_likelihood"]),
                sum(counts),
            )
        known[name] = entry
        OPTIMA.write_text(json.dumps({key: known[key] for key in PROBLEMS if key in known}, indent=1) + "\n")
        print(f"{name:32s}", entry, flush=True)


if __name__ == "__main__":
    main()
