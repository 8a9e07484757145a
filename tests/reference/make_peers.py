"""Fit the best-known examples of pomegranate and mixem with these packages, and write ``peers.json``.

They need an environment of their own::

    python -m venv peers && peers/bin/pip install "pomegranate==1.1.2" "mixem==0.1.4" scipy
    peers/bin/python tests/reference/make_peers.py

The data are those of the README's section "Coming from another package". Each fit goes on until it stands still, longer
than the packages' defaults. Their parameters are evaluated here, in double precision: pomegranate's own are single, and
its weights are scaled to sum to one.
"""

import csv
import json
from importlib.metadata import version
from pathlib import Path

import mixem
import numpy as np
import torch
from pomegranate.distributions import Exponential, Normal, Poisson, ZeroInflated
from pomegranate.gmm import GeneralMixtureModel
from scipy import stats

HERE = Path(__file__).resolve().parent
DATASETS = HERE.parents[1] / "mixtures" / "datasets"


def columns(name):
    with (DATASETS / f"{name}.csv").open(encoding="utf-8") as file:
        first, *rows = csv.reader(file)
    return dict(zip(first, np.array(rows, dtype=float).T, strict=True))


def drawn_times():
    own = np.random.default_rng(0)
    own.normal(size=(600, 2))  # the blobs, which are drawn before
    return np.concatenate([own.normal(5.0, 1.0, 500), own.exponential(1.0, 500)])


def heterogeneous(x, kinds, seed):
    model = GeneralMixtureModel([kind() for kind in kinds], max_iter=10_000, tol=1e-9, random_state=seed)
    model.fit(torch.tensor(x[:, np.newaxis], dtype=torch.float32))
    density = np.zeros(len(x))
    found = {}
    weights = np.array(model.priors.tolist())
    for weight, part in zip((weights / weights.sum()).tolist(), model.distributions, strict=True):
        if isinstance(part, Normal):
            found["mean"], found["std"] = part.means.item(), float(np.sqrt(part.covs.item()))
            found["weight_of_normal"] = weight
            density += weight * stats.norm.pdf(x, found["mean"], found["std"])
        else:
            found["scale"] = part.scales.item()
            density += weight * stats.expon.pdf(x, scale=found["scale"])
    return float(np.log(density).sum()), found


def zero_inflated(x):
    model = ZeroInflated(Poisson(), max_iter=10_000, tol=1e-9)
    model.fit(torch.tensor(x[:, np.newaxis], dtype=torch.float32))
    rate, share = model.distribution.lambdas.item(), model.priors.item()
    density = share * stats.poisson.pmf(x, rate) + (1.0 - share) * (x == 0)
    return float(np.log(density).sum()), {"rate": rate, "weight_of_poisson": share}


def old_faithful(x):
    part = mixem.distribution.MultivariateNormalDistribution
    start = [part(np.array((2, 50)), np.identity(2)), part(np.array((4, 80)), np.identity(2))]
    weights, parts, _ = mixem.em(x, start, max_iterations=10_000, progress_callback=None)
    found = {"weights": weights.tolist(), "means": [part.mu.tolist() for part in parts]}
    return float(np.log(mixem.probability(x, weights, parts)).sum()), found


def main():
    times, crabs, geyser = drawn_times(), columns("horseshoe_crabs"), columns("old_faithful")
    counts = np.repeat(crabs["satellites"], crabs["females"].astype(int))
    both = np.column_stack([geyser["eruptions"], geyser["waiting"]])
    fits = {}
    for name, kinds in (("normal first", (Normal, Exponential)), ("exponential first", (Exponential, Normal))):
        fits[f"heterogeneous, {name}"] = max(heterogeneous(times, kinds, seed) for seed in range(10))
    fits["zero-inflated"] = zero_inflated(counts)
    fits["old faithful"] = old_faithful(both)
    record = {"versions": {name: version(name) for name in ("pomegranate", "mixem", "torch", "numpy")}}
    record["fits"] = {name: {"log_likelihood": value, **found} for name, (value, found) in fits.items()}
    (HERE / "peers.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
