"""The README's lines for those who come from another package: as few as there, and as high a likelihood."""

from __future__ import annotations

import csv
import doctest
import functools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import expon, norm
from sklearn.mixture import GaussianMixture

from mixtures import Exponential, MixtureModel, Normal, Poisson, ZeroInflated, datasets

TESTS = Path(__file__).resolve().parent.parent
SECTION = re.search(
    r"^## Coming from another package\n(.*?)^## ", (TESTS.parent / "README.md").read_text(encoding="utf-8"), re.M | re.S
)[1]
PEERS = json.loads((TESTS / "reference" / "peers.json").read_text(encoding="utf-8"))["fits"]  # by make_peers.py there
GEYSER = datasets.load("old_faithful")
# Statements of the other package's own example, from the import to the fitted model; a call on several lines is one.
THEIRS = {
    "scikit-learn": 3,  # examples/mixture/plot_gmm_pdf.py: import, GaussianMixture(...), fit
    "pomegranate": 4,  # tutorials on mixture models and on distributions: two imports; twice a model and its fit
    "mclust": 2,  # vignette: library(mclust), Mclust(faithful)
    "mixem": 2,  # examples/old_faithful: import, em(...)
}


def examples(text):
    return doctest.DocTestParser().get_examples(text)


@functools.cache
def run(peer):
    """Run the lines of a section of the README; return their number and the names they define."""
    intro, *rest = re.split(r"^### (.*)$", SECTION, flags=re.MULTILINE)
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    names = {
        "np": np,
        "datasets": datasets,
        "both": np.column_stack([GEYSER["eruptions"], GEYSER["waiting"]]),
    }
    for example in examples(intro):
        exec(example.source, names)
    lines = examples(sections[peer])
    for example in lines:
        exec(example.source, names)
    return len(lines), names


@pytest.mark.parametrize("peer", THEIRS)
def test_no_more_lines_than_there(peer):
    n, _ = run(peer)
    assert 0 < n <= THEIRS[peer]


def test_two_blobs_as_likely_as_with_scikit_learn():
    _, names = run("scikit-learn")
    theirs = GaussianMixture(n_components=2, covariance_type="full", random_state=0).fit(names["blobs"])
    assert names["two_blobs"].log_likelihood_ >= 600 * theirs.score(names["blobs"]) - 1e-9


def test_a_heterogeneous_mixture_as_likely_as_a_general_optimiser_finds():
    _, names = run("pomegranate")
    x = names["times"]

    def loss(p):
        weight, mean, std, scale = 1.0 / (1.0 + np.exp(-p[0])), p[1], np.exp(p[2]), np.exp(p[3])
        return -np.sum(np.log(weight * norm.pdf(x, mean, std) + (1.0 - weight) * expon.pdf(x, scale=scale)))

    truth = np.array([0.0, 5.0, 0.0, 0.0])
    best = minimize(loss, truth, method="BFGS")
    assert best.fun < loss(truth)
    assert names["heterogeneous"].log_likelihood_ >= -best.fun - 1e-7


@pytest.mark.parametrize("order", ["normal first", "exponential first"])
def test_a_heterogeneous_mixture_as_likely_as_with_pomegranate(order):
    _, names = run("pomegranate")
    peer = PEERS[f"heterogeneous, {order}"]  # the best of ten seeds
    share = peer["weight_of_normal"]
    parts = [Normal(peer["mean"], peer["std"]), Exponential(1.0 / peer["scale"])]
    theirs = MixtureModel(parts, weights=[share, 1.0 - share]).log_likelihood(names["times"])
    assert theirs == pytest.approx(peer["log_likelihood"], rel=1e-9)  # of the same data
    assert names["heterogeneous"].log_likelihood_ >= peer["log_likelihood"]


def test_zero_inflated_counts_as_likely_as_with_pomegranate():
    _, names = run("pomegranate")
    peer = PEERS["zero-inflated"]
    theirs = ZeroInflated(Poisson(peer["rate"]), prob=1.0 - peer["weight_of_poisson"])
    assert theirs.log_likelihood(names["crabs"]) == pytest.approx(peer["log_likelihood"], rel=1e-9)
    assert names["zero_inflated"].log_likelihood(names["crabs"]) >= peer["log_likelihood"]


def test_old_faithful_as_likely_as_with_mixem():
    _, names = run("mixem")
    peer = PEERS["old faithful"]
    found = names["geyser_fit"]
    assert found.log_likelihood_ >= peer["log_likelihood"] - 1e-9
    np.testing.assert_allclose([part.mean for part in found.components_], peer["means"], rtol=1e-6)


def test_zero_inflated_counts_as_likely_as_in_r():
    _, names = run("pomegranate")
    with (TESTS / "reference" / "fits.csv").open(encoding="utf-8") as file:
        (fit,) = [
            row
            for row in csv.DictReader(file)
            if (row["family"], row["dataset"]) == ("zero_inflated_poisson", "horseshoe_crabs")
        ]
    rate, prob = map(float, fit["values"].split())
    found = names["zero_inflated"]
    assert found.log_likelihood(names["crabs"]) == pytest.approx(float(fit["log_likelihood"]), abs=1e-9)
    assert (found.distribution.rate, found.prob) == pytest.approx((rate, prob), rel=1e-9)


@pytest.mark.parametrize(
    ("peer", "name", "key"), [("mclust", "faithful", ("3", "EEE")), ("mixem", "geyser_fit", ("2", "VVV"))]
)
def test_old_faithful_as_likely_as_in_mclust(peer, name, key):
    _, names = run(peer)
    with (TESTS / "reference" / "covariances.csv").open(encoding="utf-8") as file:
        (fit,) = [
            row
            for row in csv.DictReader(file)
            if (row["dataset"], row["components"], row["model"]) == ("faithful", *key)
        ]
    found = names[name]
    assert found.log_likelihood_ >= float(fit["log_likelihood"]) - 1e-7
    assert found.n_parameters == int(fit["n_parameters"])


def test_every_row_of_the_tables_has_two_cells():
    rows = [line for line in SECTION.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    assert len(rows) > 35
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)
