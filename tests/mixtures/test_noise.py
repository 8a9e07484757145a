"""Clusters on a uniform background: the noise component, against R's mclust and where data were simulated."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mixtures import InvalidDataError, MixtureModel, MultivariateNormal, UniformBox

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
ONE_COLUMN = {"E": "EEE", "V": "VVV"}


@cache
def data(name):
    table = np.genfromtxt(REFERENCE / "noise" / f"{name}.csv", delimiter=",", names=True)
    columns = [column for column in table.dtype.names if column.startswith("x")]
    return np.column_stack([table[column] for column in columns]), table["group"].astype(int)


def fits():
    with (REFERENCE / "noise.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def simulated(rng, d):
    """Return rows of two clusters and a background of 10 to 20 per cent, and where they came from (2: background)."""
    size = [200, 150, int(rng.integers(40, 85))]
    centre = 5.0 * np.array([[-1.0] * d, [1.0] * d])
    clusters = [rng.normal(size=(size[k], d)) @ rng.normal(0.0, 0.7, (d, d)) + centre[k] for k in range(2)]
    background = rng.uniform(-20.0, 20.0, (size[2], d))
    return np.vstack([*clusters, background]), np.repeat([0, 1, 2], size)


@pytest.mark.parametrize("row", fits(), ids=lambda row: f"{row['dataset']}-{row['model']}")
def test_mclust_is_reached_from_unknown_parameters(row):
    x, _ = data(row["dataset"])
    noise = UniformBox.over(x)
    assert -noise.log_pdf(x) == pytest.approx(np.log(float(row["volume"])), rel=1e-13)
    clusters = MixtureModel(MultivariateNormal(), n_components=2, covariance=ONE_COLUMN.get(row["model"], row["model"]))
    model = MixtureModel({"clusters": clusters, "noise": noise}).fit(x)
    assert model.converged_
    assert model.log_likelihood_ == pytest.approx(float(row["log_likelihood"]), abs=1e-8)
    assert model.n_parameters == int(row["n_parameters"]) - 1  # mclust counts the volume
    assert model.components_["noise"] == noise
    weights, means = (np.array(row[name].split(), dtype=float) for name in ("weights", "means"))
    found = model.components_["clusters"]
    np.testing.assert_allclose([*found.weights * model.weights_[0], model.weights_[1]], weights, atol=1e-6)
    np.testing.assert_allclose(np.ravel([part.mean for part in found.components]), means, atol=1e-5)


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_clusters_are_found_beside_a_background_in_any_place(d, place, rng):
    x, group = simulated(rng, d)
    noise = UniformBox.over(x)
    components = [MultivariateNormal(), MultivariateNormal()]
    components.insert(place, noise)
    model = MixtureModel(components).fit(x)
    assert model.converged_
    kept = model.components_[place]
    np.testing.assert_array_equal([kept.low, kept.high], [noise.low, noise.high])
    assert kept == noise
    # From the true parameters EM ends at the same optimum.
    true = [MultivariateNormal().fit(x[group == k]) for k in range(2)]
    best = MixtureModel([*true, noise], weights=np.bincount(group)).fit(x)
    assert model.log_likelihood_ == pytest.approx(best.log_likelihood_, abs=1e-7)
    order = [k for k in range(3) if k != place] + [place]
    np.testing.assert_allclose(model.weights_[order], best.weights_, atol=1e-6)
    np.testing.assert_allclose(model.weights_[order], np.bincount(group) / len(x), atol=0.05)
    for k, part in enumerate(true):
        error = np.sqrt(part.var / np.sum(group == k))
        assert np.all(np.abs(model.components_[order[k]].mean - part.mean) < 2.0 * error)
    assert np.mean(np.array(order)[group] == model.predict(x)) > 0.9
    far = np.all(np.abs(x) > 15.0, axis=1)
    assert far.any() and np.all(model.predict(x[far]) == place)


def test_a_background_along_the_columns_takes_rows_with_missing_cells(rng):
    x, group = simulated(rng, 2)
    x[rng.random(x.shape) < 0.15] = np.nan
    keep = ~np.isnan(x).all(axis=1)
    x, group = x[keep], group[keep]
    noise = UniformBox.over(x)
    model = MixtureModel([MultivariateNormal(), MultivariateNormal(), noise]).fit(x)
    assert model.converged_
    assert np.all(np.diff(model.history_) > -1e-9)
    assert model.components_[2] == noise
    assert model.log_likelihood_ == pytest.approx(model.log_likelihood(x), rel=1e-12)
    assert np.mean(model.predict(x) == group) > 0.85


def test_a_turned_background_refuses_missing_cells():
    x, _ = data("tilted")
    noise, holes = UniformBox.over(x), x.copy()
    holes[7, 0] = np.nan
    with pytest.raises(InvalidDataError, match=r"'UniformBox': UniformBox cannot leave out .* \(first: row 7, nan"):
        MixtureModel([MultivariateNormal(), noise]).fit(holes)
