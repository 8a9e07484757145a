"""Modes, highest-density regions and entropies against direct numerical checks."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from mixtures import (
    Beta,
    Cauchy,
    Exponential,
    Gamma,
    InvalidParameterError,
    MixtureModel,
    MultivariateNormal,
    MultivariateStudentT,
    Normal,
    NotFittedError,
    PointMass,
    Poisson,
    Product,
    Uniform,
    ZeroInflated,
)
from mixtures.modes import _of_normals


def mixture(weights, *components):
    return MixtureModel(list(components), weights=weights)


# -------------------------------------------------------------------------------------------------------- modes


def peaks_by_sight(model, low, high, n=400_001):
    """Return the peaks of the density on a fine grid."""
    x = np.linspace(low, high, n)
    height = model.log_pdf(x)
    return x[1:-1][(height[1:-1] > height[:-2]) & (height[1:-1] >= height[2:])]


def test_all_modes_of_random_normals_are_found(rng):
    for _ in range(60):
        k = int(rng.integers(2, 9))
        means, stds = rng.normal(0.0, 4.0, k), np.exp(rng.normal(-0.5, 0.7, k))
        model = mixture(rng.dirichlet(np.ones(k)), *map(Normal, means, stds))
        seen = peaks_by_sight(model, means.min() - 0.1, means.max() + 0.1, 40_001)
        found = model.modes()
        assert len(found) == len(seen) <= k
        np.testing.assert_allclose(np.sort(found), seen, atol=2.0 * (np.ptp(means) + 0.2) / 40_000)
        assert np.all(np.diff(model.log_pdf(found)) <= 0.0)  # highest first


def test_two_normals_have_two_modes_from_two_deviations_on():
    for apart, count in ((1.9, 1), (2.0, 1), (2.0 + 1e-6, 2), (2.5, 2), (100.0, 2), (1e6, 2)):
        found = np.sort(mixture([0.5, 0.5], Normal(0.0, 1.0), Normal(apart, 1.0)).modes())
        assert len(found) == count, apart
        np.testing.assert_allclose(found + found[::-1], apart, rtol=1e-6)


def test_offset_and_scale_change_nothing():
    parts = [(0.3, 0.0, 1.0), (0.2, 2.2, 0.2), (0.5, 5.0, 1.5)]
    weights, means, stds = map(np.array, zip(*parts, strict=True))
    plain = _of_normals(weights, means, stds)
    assert len(plain) == 3
    np.testing.assert_allclose(_of_normals(weights, 1e-8 * means, 1e-8 * stds), 1e-8 * plain, rtol=1e-9)
    np.testing.assert_allclose(_of_normals(weights, means + 1e6, stds) - 1e6, plain, atol=1e-8)


def test_a_spike_on_a_slope_is_not_missed():
    model = mixture([1.0 - 1e-9, 1e-9], Normal(0.0, 1.0), Normal(1.7, 1e-9))
    found = model.modes()
    assert len(found) == 2
    np.testing.assert_allclose(np.sort(found), [0.0, 1.7], atol=1e-8)
    assert len(mixture([0.5, 0.5], Normal(1.0, 1.0), Normal(1.0, 3.0)).modes()) == 1
    assert mixture([0.0, 1.0], Normal(5.0, 1.0), Normal(1.0, 3.0)).modes().tolist() == [1.0]


def test_modes_of_other_families():
    np.testing.assert_allclose(mixture([1.0], Gamma(3.0, 2.0)).modes(), [1.0], rtol=1e-6)
    np.testing.assert_allclose(mixture([1.0], Exponential(2.0)).modes(), [0.0], atol=1e-9)  # as far as its height tells
    np.testing.assert_allclose(mixture([1.0], Uniform(2.0, 4.0)).modes(), [3.0], atol=1e-6)
    model = mixture([0.5, 0.5], Gamma(20.0, 4.0), Cauchy(20.0, 1.0))
    np.testing.assert_allclose(np.sort(model.modes()), peaks_by_sight(model, 2.0, 25.0), atol=1e-4)
    assert len(mixture([0.5, 0.5], Beta(0.5, 3.0), Beta(3.0, 0.5)).modes()) == 2


def test_modes_of_counts():
    assert sorted(mixture([1.0], Poisson(3.0)).modes().tolist()) == [2.0, 3.0]  # of equal mass
    assert mixture([1.0], Poisson(3.5)).modes().tolist() == [3.0]
    model = mixture([0.7, 0.3], Poisson(2.5), Poisson(40.5))
    assert model.modes().tolist() == [2.0, 40.0]
    ends = mixture([0.4, 0.2, 0.4], PointMass(0.0), PointMass(5.0), PointMass(10.0))
    assert sorted(ends.modes().tolist()) == [0.0, 10.0]


def on_grid(model, low, high, n=401):
    """Return the peaks of a density of two columns on a grid, at its cells' size."""
    axis = np.linspace(low, high, n)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    height = model.log_pdf(np.column_stack([x.ravel(), y.ravel()])).reshape(n, n)
    inner = height[1:-1, 1:-1]
    around = [height[1 + i : n - 1 + i, 1 + j : n - 1 + j] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
    peak = np.all([inner > other for other in around], axis=0)
    return np.column_stack([x[1:-1, 1:-1][peak], y[1:-1, 1:-1][peak]])


def test_modes_of_two_columns_are_those_of_a_grid(rng):
    for _ in range(12):
        k = int(rng.integers(2, 6))
        roots = rng.normal(size=(k, 2, 2)) * np.exp(rng.normal(-0.3, 0.5, (k, 2, 1)))
        parts = [MultivariateNormal(rng.normal(0.0, 2.5, 2), root @ root.T + 0.05 * np.eye(2)) for root in roots]
        model = mixture(rng.dirichlet(np.full(k, 3.0)), *parts)
        found, seen = model.modes(), on_grid(model, -8.0, 8.0)
        for point in seen:  # on a narrow ridge the grid has peaks of its own: they lead to a true one
            top = scipy.optimize.minimize(lambda x, model=model: -model.log_pdf(x[np.newaxis])[0], point).x
            assert np.min(np.sum((found - top) ** 2, axis=1)) < 1e-3**2, (model, found, point, top)
        assert len(found) <= len(seen) + np.sum(np.any(np.abs(found) > 7.9, axis=1))
        for point in found:  # each is a peak
            ring = point + 1e-4 * np.column_stack([np.cos(np.arange(16)), np.sin(np.arange(16))])
            assert np.all(model.log_pdf(ring) < model.log_pdf(point[np.newaxis])[0])


def test_there_may_be_more_modes_than_components():
    # Ray & Lindsay (2005), section 4: two normals across each other have a third mode between them.
    across = [
        MultivariateNormal([0.0, 0.0], np.diag([1.0, 0.05])),
        MultivariateNormal([1.0, 1.0], np.diag([0.05, 1.0])),
    ]
    model = mixture([0.5, 0.5], *across)
    assert len(model.modes()) == 3 == len(on_grid(model, -2.0, 3.0))


def test_products_and_nested_mixtures_of_normals_are_normals():
    flat = mixture([0.2, 0.3, 0.5], *(MultivariateNormal([m, -m], np.diag([1.0, 4.0])) for m in (0.0, 5.0, 15.0)))
    pieces = [Product([Normal(m, 1.0), Normal(-m, 2.0)]) for m in (0.0, 5.0, 15.0)]
    nested = mixture([0.5, 0.5], mixture([0.4, 0.6], *pieces[:2]), pieces[2])
    assert len(flat.modes()) == 3
    np.testing.assert_allclose(nested.modes(), flat.modes(), rtol=1e-9)


def test_modes_that_cannot_be_found_are_refused():
    with pytest.raises(InvalidParameterError, match="for mixtures of normals only"):
        mixture([1.0], MultivariateStudentT(3.0, [0.0, 0.0], np.eye(2))).modes()
    for ask in (MixtureModel.modes, MixtureModel.hdr, MixtureModel.entropy):
        with pytest.raises(NotFittedError):
            ask(MixtureModel([Normal(), Normal()]))


@pytest.mark.parametrize("ask", [MixtureModel.modes, MixtureModel.hdr, MixtureModel.entropy])
def test_masses_beside_densities_are_not_compared(ask):
    with pytest.raises(InvalidParameterError, match="values of positive probability beside a density has no "):
        ask(mixture([0.5, 0.5], ZeroInflated(Exponential(1.0), prob=0.3), Normal(5.0, 1.0)))
    with pytest.raises(InvalidParameterError, match="with discrete and continuous components has no "):
        ask(mixture([0.5, 0.5], Poisson(3.0), Normal(5.0, 1.0)))


# ------------------------------------------------------------------------------------------------------ regions

ONE_COLUMN = {
    "normal": mixture([1.0], Normal(3.0, 2.0)),
    "two peaks": mixture([0.4, 0.6], Normal(0.0, 1.0), Normal(7.0, 0.5)),
    "overlap": mixture([0.7, 0.3], Normal(0.0, 1.0), Normal(2.4, 1.0)),
    "jump": mixture([0.5, 0.5], Exponential(1.0), Normal(6.0, 0.7)),
    "skewed": mixture([0.9, 0.1], Gamma(2.0, 1.0), Gamma(50.0, 5.0)),
}


@pytest.mark.parametrize("level", [0.5, 0.95])
@pytest.mark.parametrize("name", ONE_COLUMN)
def test_a_region_has_its_probability_and_no_shorter_one_has(name, level):
    model = ONE_COLUMN[name]
    region = model.hdr(level)
    held = sum(model.cdf(high) - model.cdf(low) for low, high in region.intervals)
    assert held == pytest.approx(level, abs=1e-9)
    assert region.probability == pytest.approx(level, abs=1e-9)
    assert region.standard_error == 0.0
    x = np.linspace(model.ppf(1e-6), model.ppf(1.0 - 1e-6), 20_001)
    inside = np.any([(low <= x) & (x <= high) for low, high in region.intervals], axis=0)
    clear = np.abs(model.log_pdf(x) - region.log_density) > 1e-6
    np.testing.assert_array_equal(inside[clear], (model.log_pdf(x) >= region.log_density)[clear])


def test_a_region_of_one_normal_is_its_central_interval():
    low, high = ONE_COLUMN["normal"].hdr(0.95).intervals[0]
    np.testing.assert_allclose([low, high], scipy.stats.norm(3.0, 2.0).interval(0.95), rtol=1e-8)
    assert len(ONE_COLUMN["two peaks"].hdr(0.9).intervals) == 2
    assert ONE_COLUMN["jump"].hdr(0.9).intervals[0][0] == pytest.approx(0.0, abs=1e-9)


def test_a_plateau_is_taken_as_a_whole():
    region = mixture([1.0], Uniform(2.0, 4.0)).hdr(0.3)
    np.testing.assert_allclose(region.intervals, [[2.0, 4.0]], atol=1e-9)
    assert region.probability == pytest.approx(1.0)


def test_a_region_of_counts_is_the_fewest_values():
    model = mixture([0.6, 0.4], Poisson(2.5), Poisson(30.0))
    region = model.hdr(0.8)
    values = np.arange(100.0)
    mass = model.pdf(values)
    order = np.argsort(-mass)
    fewest = values[order[: 1 + np.searchsorted(np.cumsum(mass[order]), 0.8)]]
    inside = np.concatenate([np.arange(low, high + 1.0) for low, high in region.intervals])
    np.testing.assert_array_equal(inside, np.sort(fewest))
    assert region.probability == pytest.approx(mass[order[: len(fewest)]].sum(), rel=1e-12)
    assert len(region.intervals) == 2


def test_regions_of_several_columns(rng):
    normal = MultivariateNormal([0.0, 1.0, 2.0], np.diag([1.0, 2.0, 3.0]))
    exact = mixture([1.0], normal).hdr(0.9)
    threshold = normal.log_pdf(normal.mean[np.newaxis])[0] - scipy.stats.chi2(3).ppf(0.9) / 2.0
    assert exact == (pytest.approx(threshold, rel=1e-12), None, 0.9, 0.0)
    model = mixture([0.3, 0.7], normal, MultivariateNormal([9.0, 9.0, 9.0], np.eye(3)))
    region = model.hdr(0.9, rng=1, n_draws=40_000)
    assert region.intervals is None
    assert region.standard_error == pytest.approx(0.3 / 200.0)
    held = np.mean(model.log_pdf(model.sample(40_000, rng)) >= region.log_density)
    assert abs(held - 0.9) < 4.0 * np.sqrt(2.0) * region.standard_error
    assert region == model.hdr(0.9, rng=1, n_draws=40_000)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 2.0, np.nan, "0.5", True, None])
def test_a_level_is_a_probability(level):
    with pytest.raises(InvalidParameterError, match="level must be a probability between 0 and 1"):
        ONE_COLUMN["normal"].hdr(level)


# ------------------------------------------------------------------------------------------------------ entropy


def test_entropies_in_closed_form():
    cov = np.array([[2.0, 0.5], [0.5, 1.0]])
    for model, twin in (
        (mixture([1.0], Normal(3.0, 2.0)), scipy.stats.norm(3.0, 2.0)),
        (mixture([1.0], MultivariateNormal([0.0, 0.0], cov)), scipy.stats.multivariate_normal([0.0, 0.0], cov)),
        (mixture([1.0], Gamma(2.5, 0.5)), scipy.stats.gamma(2.5, scale=2.0)),
        (mixture([0.5, 0.5], Exponential(2.0), Exponential(2.0)), scipy.stats.expon(scale=0.5)),
        (mixture([1.0], Poisson(4.0)), scipy.stats.poisson(4.0)),
    ):
        found = model.entropy()
        assert found.value == pytest.approx(float(twin.entropy()), rel=1e-9)
        assert found.standard_error == 0.0
    far = mixture([0.25, 0.75], Normal(0.0, 1.0), Normal(1e3, 1.0))  # the entropy of the choice is added
    choice = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert far.entropy().value == pytest.approx(float(scipy.stats.norm.entropy()) + choice, rel=1e-10)


def test_an_entropy_by_quadrature_is_that_of_a_fine_sum():
    model = ONE_COLUMN["overlap"]
    x = np.linspace(-12.0, 15.0, 200_001)
    density = model.pdf(x)
    total = -np.sum(np.where(density > 0.0, density * model.log_pdf(x), 0.0)) * (x[1] - x[0])
    assert model.entropy().value == pytest.approx(total, rel=1e-10)


def test_an_entropy_by_draws_says_how_far_off_it_may_be():
    parts = [MultivariateNormal([m, 0.0], np.eye(2)) for m in (0.0, 2.0)]
    model = mixture([0.5, 0.5], *parts)
    # The second column is independent of the first: the entropies add up.
    exact = model.marginal(0).entropy().value + model.marginal(1).entropy().value
    away = []
    for seed in range(40):
        found = model.entropy(rng=seed, n_draws=500)
        assert found.standard_error > 0.0
        away.append((found.value - exact) / found.standard_error)
    assert abs(np.mean(away)) < 4.0 / np.sqrt(40)
    assert 0.6 < np.std(away) < 1.5
    assert model.entropy(rng=3, n_draws=500) == model.entropy(rng=3, n_draws=500)
    with pytest.raises(InvalidParameterError, match="n_draws must be a whole number >= 2"):
        model.entropy(n_draws=1)
