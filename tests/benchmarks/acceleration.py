"""Accelerated EM against plain EM and scikit-learn: how many iterations, and how long, to a distance from the optimum.

Run ``python tests/benchmarks/acceleration.py``; it prints two tables. Every run begins at the same fixed start. An
iteration is a pass over the data; refused extrapolations count. The first table has the iterations to within 1e-6 of
the best log-likelihood, and iterations and milliseconds of the whole fit with the default tolerance. The second has the
time in which `fit` comes to within 1e-6 of the best log-likelihood of 100,000 rows of three overlapping normals;
scikit-learn makes the same updates as plain EM, and so needs as many: tens of thousands, of which `TIMED` are made and
timed (their result is checked), and the time of all is in proportion. Times are those of the processor, on one thread.
"""

from __future__ import annotations

import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from distributions import (
    Bernoulli,
    Exponential,
    Gamma,
    MultivariateBernoulli,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Product,
    Weibull,
)
from mixtures import MixtureModel, datasets

NEAR = 1e-6
MOST = 100_000
ROWS = 100_000
TIMED = 100  # updates of scikit-learn


class Work(NamedTuple):
    """A mixture with a fixed start, and data."""

    components: list[Any]
    x: np.ndarray
    weight: np.ndarray | None = None
    rules: dict[str, Any] = {}  # noqa: RUF012


def clusters(d: int, rng: np.random.Generator) -> tuple[np.ndarray, list[Any]]:
    """Return overlapping clusters, shape (2000, d), and five normals near them."""
    centres = rng.normal(0.0, 3.0 / np.sqrt(d), (5, d))
    spread = rng.normal(size=(5, d, d)) / np.sqrt(d) + 0.6 * np.eye(d)
    rows = np.concatenate([m + rng.normal(size=(400, d)) @ s.T for m, s in zip(centres, spread, strict=True)])
    start = [MultivariateNormal(m + rng.normal(0.0, 0.3, d), np.cov(rows.T)) for m in centres]
    return rows, start


def with_holes(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return rows with a sixth of the cells missing."""
    holed = np.where(rng.random(rows.shape) < 1 / 6, np.nan, rows)
    return holed[~np.isnan(holed).all(axis=1)]


def works() -> dict[str, Work]:
    """Return what the first table is about."""
    rng = np.random.default_rng(0)
    times = datasets.load("times_deaths")
    three = np.concatenate([rng.normal(0.0, 1.0, 400), rng.normal(2.0, 1.0, 300), rng.normal(4.0, 1.2, 300)])
    apart = np.concatenate([rng.normal(0.0, 1.0, 500), rng.normal(8.0, 1.0, 500)])
    amounts = np.concatenate([rng.gamma(2.0, 1.0, 500), rng.gamma(6.0, 1.0, 500)])
    waits = np.concatenate([rng.exponential(1.0, 500), rng.gamma(6.0, 1.0, 500)])
    counts = np.concatenate([rng.negative_binomial(3, 0.3, 500), rng.negative_binomial(20, 0.5, 300)]).astype(float)
    group = rng.random((800, 1)) < 0.5
    items = (rng.random((800, 8)) < np.where(group, 0.35, 0.65)).astype(float)
    kinds = [rng.normal(1.5 * group[:, 0]), rng.poisson(2.0 + 2.0 * group[:, 0]), rng.random(800) < 0.3 + 0.3 * group.T]
    columns = with_holes(np.column_stack([np.ravel(kind).astype(float) for kind in kinds]), rng)
    normals = [Normal(-1.0, 1.0), Normal(2.0, 1.0), Normal(5.0, 1.0)]
    found = {
        "Times deaths, 2 Poissons": Work([Poisson(1.0), Poisson(3.0)], times["deaths"], times["days"]),
        "3 Normals": Work(normals, three),
        "3 Normals, tied std": Work(normals, three, None, {"tied": "std"}),
        "3 Normals, default prior": Work(normals, three, None, {"prior": "default"}),
        "2 Normals far apart": Work([Normal(-0.5, 1.0), Normal(9.0, 1.0)], apart),
        "2 Gammas": Work([Gamma(1.0, 1.0), Gamma(5.0, 1.0)], amounts),
        "Exponential, Gamma": Work([Exponential(1.0), Gamma(5.0, 1.0)], waits),
        "2 Weibulls": Work([Weibull(1.5, 1.0), Weibull(3.0, 6.0)], amounts),
        "2 negative binomials": Work([NegativeBinomial(2.0, 0.3), NegativeBinomial(10.0, 0.4)], counts),
        "latent classes, 8 items": Work([MultivariateBernoulli(np.linspace(0.3, 0.4 + p, 8)) for p in (0, 0.2)], items),
        "products, missing cells": Work(
            [Product([Normal(m, 1.0), Poisson(m + 2.0), Bernoulli(0.4 + 0.2 * m)]) for m in (0.0, 1.0)], columns
        ),
    }
    for d in (2, 5, 10):
        rows, start = clusters(d, rng)
        found[f"5 normals, d = {d}"] = Work(start, rows)
        if d == 5:
            found["5 normals, d = 5, missing cells"] = Work(start, with_holes(rows, rng))
            found["5 normals, d = 5, EEE"] = Work(start, rows, None, {"covariance": "EEE"})
    return found


def fitted(work: Work, accelerate: str | None, max_iter: int = MOST) -> tuple[MixtureModel, float]:
    """Return a fitted model, and the seconds that took."""
    model = MixtureModel(work.components, accelerate=accelerate, max_iter=max_iter, **work.rules)
    begin = time.process_time()
    model.fit(work.x, sample_weight=work.weight)
    return model, time.process_time() - begin


def iterations_to(best: float, history: np.ndarray) -> int:
    """Return after how many iterations the objective is near the best."""
    return int(np.argmax(history >= best - NEAR))


def first_table() -> None:
    """Print iterations of plain and of accelerated EM."""
    print(f"{'':34}{'to within 1e-6':^24}{'whole fit':^40}")
    print(f"{'work':34}{'plain':>8}{'accel.':>8}{'ratio':>8}{'plain':>8}{'accel.':>8}{'ms':>10}{'ms':>8}{'refused':>9}")
    for name, work in works().items():
        fitted(work, None, 2), fitted(work, "squarem", 9)  # compiled and loaded
        (plain, slow), (fast, quick) = fitted(work, None), fitted(work, "squarem")
        best = max(plain.log_posterior_, fast.log_posterior_)
        if best - min(plain.log_posterior_, fast.log_posterior_) > NEAR:
            raise SystemExit(f"{name}: the optima differ, {plain.log_posterior_!r} and {fast.log_posterior_!r}")
        one, two = iterations_to(best, plain.history_), iterations_to(best, fast.history_)
        refused = int(np.sum(np.diff(fast.history_[: two + 1]) == 0.0))
        print(
            f"{name:34}{one:8}{two:8}{one / max(two, 1):8.1f}{plain.n_iter_:8}{fast.n_iter_:8}"
            f"{slow * 1e3:10.1f}{quick * 1e3:8.1f}{refused:9}"
        )


def second_table() -> None:
    """Print the time to within 1e-6 of the best log-likelihood of three overlapping normals."""
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(0.0, 1.0, 40_000), rng.normal(2.0, 1.0, 30_000), rng.normal(4.0, 1.2, 30_000)])
    work = Work([Normal(-1.0, 1.0), Normal(2.0, 1.0), Normal(5.0, 1.0)], x)
    runs = {accelerate: fitted(work, accelerate)[0] for accelerate in ("squarem", None)}
    best = max(model.log_likelihood_ for model in runs.values())
    n = {accelerate: iterations_to(best, model.history_) for accelerate, model in runs.items()}
    seconds = {a: min(fitted(work, a, count)[1] for _ in range(3)) for a, count in n.items()}
    print(f"\n3 overlapping Normals, n = {ROWS:,}: to within 1e-6 of the best log-likelihood, {best:.6f}")
    other = GaussianMixture(
        3,
        means_init=[[-1.0], [2.0], [5.0]],
        precisions_init=np.ones((3, 1, 1)),
        weights_init=np.full(3, 1.0 / 3.0),
        reg_covar=0.0,
        tol=0.0,
        max_iter=TIMED,
    )
    begin = time.process_time()
    other.fit(x[:, np.newaxis])
    theirs = (time.process_time() - begin) / TIMED * n[None]
    reached, expected = float(np.sum(other.score_samples(x[:, np.newaxis]))), runs[None].history_[TIMED]
    if not np.isclose(reached, expected, rtol=1e-10):
        raise SystemExit(f"scikit-learn's updates are others than ours: they reach {reached!r}, not {expected!r}")
    for name, count, spent in (
        ("accelerated", n["squarem"], seconds["squarem"]),
        ("plain", n[None], seconds[None]),
        ("scikit-learn", n[None], theirs),
    ):
        print(f"{name:16}{count:8} iterations{spent:10.3f} s{theirs / spent:10.1f}")


if __name__ == "__main__":
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first_table()
        second_table()
