"""What is special about the kernel density: its points, its bandwidth, and what freezing them means."""

import numpy as np
import pytest
from scipy.stats import gaussian_kde

from distributions import ConvergenceWarning, DegenerateDataError, InvalidParameterError, KernelDensity, Normal
from mixtures import MixtureModel


def cross_validated(x, weight, bandwidth):
    """Mean log density of each value under the kernels at all others, by its definition."""
    x, inverse = np.unique(x, return_inverse=True)
    weight = np.bincount(inverse, weights=weight)
    width = bandwidth * np.sqrt(np.cov(x, aweights=weight, ddof=0))
    kernels = np.exp(-0.5 * ((x[:, np.newaxis] - x) / width) ** 2) / width
    np.fill_diagonal(kernels, 0.0)
    return np.average(np.log(kernels @ weight / (weight.sum() - weight)), weights=weight)


@pytest.mark.parametrize("decimals", [1, 12])
def test_the_bandwidth_is_the_best_by_cross_validation(rng, decimals):
    x, weight = np.round(rng.standard_t(4, 100), decimals), rng.uniform(0.1, 3.0, 100)
    bandwidth = KernelDensity().fit(x, weight).bandwidth
    best = cross_validated(x, weight, bandwidth)
    for factor in np.exp(np.linspace(-2.0, 2.0, 81)):
        assert cross_validated(x, weight, factor * bandwidth) <= best + 1e-12


def test_density_is_that_of_scipy_with_its_bandwidth(rng):
    x = rng.normal(size=50)
    kde = KernelDensity().fit(x)
    scipy_kde = gaussian_kde(x, bw_method=kde.bandwidth * np.sqrt(49 / 50))
    assert np.allclose(kde.pdf(x), scipy_kde.pdf(x), rtol=1e-12)


def test_two_points_are_one_distance_apart():
    # Each is judged by the other: the likeliest width is their distance.
    assert KernelDensity().fit([1.0, 4.0]).widths == pytest.approx([3.0], rel=1e-10)


def test_points_are_the_different_rows():
    kde = KernelDensity().fit([3.0, 1.0, 3.0, -0.0])
    assert kde.points.tolist() == [0.0, 1.0, 3.0]
    assert kde.weights.tolist() == [0.25, 0.25, 0.5]
    assert KernelDensity().fit([3.0, 1.0]).weights is None


def test_frozen_points_or_bandwidth_stay(rng):
    x = rng.normal(size=40)
    kde = KernelDensity(bandwidth=0.3).freeze("bandwidth").fit(x)
    assert kde.bandwidth == 0.3
    assert kde.points.tolist() == sorted(x)
    held = KernelDensity().fit(x).freeze("points")
    fitted = held.fit(rng.normal(size=30) * 0.1)
    assert np.array_equal(fitted.points, held.points)
    # Rows are judged by the points that differ from them.
    assert held.fit(x).bandwidth == pytest.approx(held.bandwidth, rel=1e-10)


def test_frozen_points_have_the_likeliest_bandwidth(rng):
    held = KernelDensity([0.0, 1.0, 3.0]).freeze("points")
    x, weight = rng.normal(1.0, 1.5, 60), rng.uniform(size=60)
    fitted = held.fit(x, weight)
    best = fitted.log_likelihood(x, weight)
    for factor in (0.5, 0.9, 0.999, 1.001, 1.1, 2.0):
        assert fitted.with_values(bandwidth=factor * fitted.bandwidth).log_likelihood(x, weight) <= best


def test_constant_columns_have_no_width():
    with pytest.raises(DegenerateDataError, match="constant"):
        KernelDensity().fit([2.0, 2.0])
    with pytest.raises(DegenerateDataError, match="constant"):
        KernelDensity().fit([[1.0, 2.0], [3.0, 2.0]])
    with pytest.raises(InvalidParameterError, match="differ in every column"):
        KernelDensity([1.0, 1.0], 0.1)
    with pytest.raises(InvalidParameterError, match="one for each of 2 points"):
        KernelDensity([1.0, 2.0], 0.1, [0.2, 0.3, 0.5])


def test_points_count_for_what_they_are_worth(rng):
    x = rng.normal(size=200)
    assert KernelDensity(x, 1e-6).n_parameters == 201
    assert KernelDensity(x, 1e3).n_parameters == 2
    assert KernelDensity(x, 0.3).freeze("points").n_parameters == 1


@pytest.mark.filterwarnings("ignore::distributions.ConvergenceWarning")
def test_it_is_a_component(rng):
    x = np.concatenate([rng.normal(0.0, 1.0, 150), 8.0 + rng.choice([-1.0, 1.0], 150) + rng.normal(0.0, 0.2, 150)])
    humps = KernelDensity().fit(x[150:])
    model = MixtureModel([Normal(0.0, 1.0), humps], weights=[0.5, 0.5]).fit(x)
    assert model.weights_[0] == pytest.approx(0.5, abs=0.05)
    assert model.components_[1].pdf(8.0) < 0.3 * model.components_[1].pdf(9.0)


def test_a_fall_of_the_likelihood_is_laid_to_the_bandwidth_not_to_the_user():
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.gamma(2.0, 1.0, 150), rng.normal(12.0, 0.5, 200)])
    with pytest.warns(ConvergenceWarning, match=r"a component \(KernelDensity\) is fitted by another criterion"):
        model = MixtureModel([KernelDensity(), Normal()]).fit(x)
    assert not model.converged_
    assert np.isfinite(model.log_likelihood_)
