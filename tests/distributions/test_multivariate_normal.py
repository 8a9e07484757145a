"""The multivariate normal: against SciPy, in all structures and dimensions, at and above its floor."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from distributions import DegenerateDataError, InvalidDataError, InvalidParameterError, MultivariateNormal

STRUCTURES = ["full", "diagonal", "spherical"]
DIMENSIONS = [1, 2, 3, 4, 5, 8, 9, 17, 30]


def within(structure, cov):
    """Project a covariance on a structure, as maximum likelihood does."""
    if structure == "full":
        return cov
    variances = np.diag(cov) if structure == "diagonal" else np.full(len(cov), np.trace(cov) / len(cov))
    return np.diag(variances)


def random_covariance(rng, d):
    root = rng.normal(size=(d, d + 2)) * np.exp(rng.uniform(-2, 2, (d, 1)))
    return root @ root.T


def scatter(x, mean, weight=None):
    """Weighted mean of (x - mean)(x - mean)'."""
    centred = x - mean
    weight = np.ones(len(x)) if weight is None else weight
    return (centred * weight[:, np.newaxis]).T @ centred / weight.sum()


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_log_pdf_equals_scipy(rng, d, structure):
    mean, cov = rng.normal(0.0, 5.0, d), within(structure, random_covariance(rng, d))
    x = mean + rng.normal(size=(600, d)) * 4.0 * np.sqrt(np.diag(cov))
    expected = np.atleast_1d(scipy.stats.multivariate_normal(mean, cov).logpdf(x))
    np.testing.assert_allclose(MultivariateNormal(mean, cov, structure=structure).log_pdf(x), expected, rtol=1e-9)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_fit_is_the_weighted_mean_and_covariance_within_the_structure(rng, d, structure):
    x = rng.normal(size=(4 * d + 5, d)) @ rng.normal(size=(d, d)) + 100.0
    weight = rng.uniform(size=len(x))
    for w in (None, weight):
        fitted = MultivariateNormal(structure=structure).fit(x, sample_weight=w)
        mean = np.average(x, axis=0, weights=w)
        np.testing.assert_allclose(fitted.mean, mean, rtol=1e-13)
        np.testing.assert_allclose(fitted.cov, within(structure, scatter(x, mean, w)), rtol=1e-11, atol=1e-11)
        np.testing.assert_array_equal(fitted.cov, fitted.cov.T)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_with_the_mean_frozen_the_covariance_is_about_it(rng, structure):
    x, mean = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3)), np.array([1.0, -2.0, 0.5])
    fitted = MultivariateNormal(mean, structure=structure).freeze("mean").fit(x)
    np.testing.assert_array_equal(fitted.mean, mean)
    np.testing.assert_allclose(fitted.cov, within(structure, scatter(x, mean)), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_with_the_covariance_frozen_only_the_mean_moves(rng, structure):
    x, cov = rng.normal(size=(40, 3)), within(structure, random_covariance(rng, 3))
    fitted = MultivariateNormal(cov=cov, structure=structure).freeze("cov").fit(x)
    np.testing.assert_array_equal(fitted.cov, MultivariateNormal(cov=cov, structure=structure).cov)
    np.testing.assert_allclose(fitted.mean, x.mean(axis=0), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("d", [1, 2, 7])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_free_parameters_are_counted_by_structure(structure, d):
    cov = np.eye(d)
    in_cov = {"full": d * (d + 1) // 2, "diagonal": d, "spherical": 1}[structure]
    known = MultivariateNormal(np.zeros(d), cov, structure=structure)
    assert known.n_parameters == d + in_cov
    assert known.freeze("mean").n_parameters == in_cov
    assert known.freeze("cov").n_parameters == d


def test_moments_and_draws_are_by_column(rng):
    cov = random_covariance(rng, 3)
    known = MultivariateNormal([1.0, 2.0, 3.0], cov)
    np.testing.assert_array_equal(known.var, np.diag(known.cov))
    np.testing.assert_array_equal(known.std, np.sqrt(known.var))
    draws = known.sample(40_000, rng=1)
    assert np.all(np.abs(draws.mean(axis=0) - known.mean) < 6 * known.std / 200)
    np.testing.assert_allclose(np.corrcoef(draws.T), cov / np.outer(known.std, known.std), atol=6 / 200)


def test_one_column_is_the_normal(rng):
    x = rng.normal(3.0, 2.0, 50)
    fitted = MultivariateNormal().fit(x)
    twin = scipy.stats.norm(x.mean(), x.std())
    np.testing.assert_allclose(fitted.log_pdf(x), twin.logpdf(x), rtol=1e-12)
    assert fitted.log_pdf(3.0) == pytest.approx(twin.logpdf(3.0), rel=1e-12)
    np.testing.assert_allclose(fitted.cdf([1.0, 4.0]), twin.cdf([1.0, 4.0]), atol=1e-12)


# ------------------------------------------------------------------------------------------------ parameters


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"mean": [1.0, 2.0], "cov": np.eye(3)}, r"mean has 2 entries but cov has shape \(3, 3\)"),
        ({"structure": "tied"}, "structure must be one of full, diagonal, spherical; got 'tied'"),
        ({"cov": [[1.0, 0.1], [0.1, 1.0]], "structure": "diagonal"}, "cov must be diagonal; got"),
        ({"cov": np.diag([1.0, 2.0]), "structure": "spherical"}, "cov must be spherical; got"),
        ({"cov": [[1.0, 2.0], [2.0, 1.0]]}, "cov must be a symmetric positive definite matrix"),
        ({"mean": 3.0}, "mean must be a vector of finite numbers"),
    ],
)
def test_parameters_that_do_not_fit_each_other_are_named(arguments, message):
    with pytest.raises(InvalidParameterError, match=f"MultivariateNormal: {message}"):
        MultivariateNormal(**arguments)


def test_the_number_of_columns_comes_from_whatever_is_known():
    assert MultivariateNormal().n_columns is None
    assert MultivariateNormal(mean=[1.0, 2.0]).n_columns == 2
    assert MultivariateNormal(cov=np.eye(3)).n_columns == 3
    with pytest.raises(InvalidDataError, match="MultivariateNormal describes 2 columns, the data have 3"):
        MultivariateNormal(mean=[1.0, 2.0]).fit(np.zeros((5, 3)))


# ------------------------------------------------------------------------------------------------ floor, degeneracy


@pytest.mark.parametrize("structure", ["full", "diagonal"])
@pytest.mark.parametrize("d", [1, 2, 3, 8, 30])
@pytest.mark.parametrize("seed", range(3))
def test_data_without_variance_in_some_direction_are_degenerate(structure, d, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(5 * d + 5, d)) @ rng.normal(size=(d, d))
    x[:, -1] = 3.0 if structure == "diagonal" or d == 1 else x[:, : d - 1] @ rng.normal(size=d - 1)
    with pytest.raises(DegenerateDataError, match="grows without bound in cov"):
        MultivariateNormal(structure=structure).fit(x)


@pytest.mark.parametrize("d", [1, 2, 5, 30])
def test_fewer_rows_than_columns_are_degenerate_unless_the_structure_is_simple(rng, d):
    x = rng.normal(size=(d, d))
    with pytest.raises(DegenerateDataError):
        MultivariateNormal().fit(x)
    if d > 1:
        spherical = MultivariateNormal(structure="spherical").fit(x[:2])
        assert spherical.cov[0, 0] == pytest.approx(np.mean(x[:2].var(axis=0)), rel=1e-12)


@pytest.mark.parametrize("thickness", [1e-3, 1e-5])
@pytest.mark.parametrize("d", [2, 6])
def test_nearly_flat_data_are_fitted_all_the_same(rng, d, thickness):
    x = rng.normal(size=(200, d))
    x[:, -1] = x[:, 0] + thickness * rng.normal(size=200)
    fitted = MultivariateNormal().fit(x)
    residual = x[:, -1] - x[:, 0]
    across = np.zeros(d)
    across[[0, -1]] = -1.0, 1.0
    assert across @ fitted.cov @ across == pytest.approx(residual.var(), rel=1e-4)
    assert np.all(np.isfinite(fitted.log_pdf(x)))


def log_likelihood(cov, second):
    """Mean log density, but for its constant, of data whose mean square about the mean is ``second``."""
    return -0.5 * (np.linalg.slogdet(cov)[1] + np.trace(np.linalg.solve(cov, second)))


def search(structure, floors, second):
    """Maximise directly over covariances of the structure that exceed diag(floors); return the best value."""
    d = len(floors)
    root = np.sqrt(floors)
    lower = np.tril_indices(d)

    def covariance(parameters):
        if structure == "full":
            factor = np.zeros((d, d))
            factor[lower] = parameters
            return (np.eye(d) + factor @ factor.T) * np.outer(root, root)
        squares = parameters**2 if structure == "diagonal" else np.full(d, parameters[0] ** 2)
        return np.diag(floors + squares) if structure == "diagonal" else np.diag(floors.max() + squares)

    size = {"full": len(lower[0]), "diagonal": d, "spherical": 1}[structure]
    starts = np.random.default_rng(0).normal(size=(4, size))
    runs = [
        scipy.optimize.minimize(lambda p: -log_likelihood(covariance(p), second), start, method="BFGS", tol=1e-10)
        for start in starts
    ]
    return -min(run.fun for run in runs)


@pytest.mark.parametrize("frozen_mean", [False, True])
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("floor", [0.4, 3.0])
def test_the_floor_is_the_exact_maximum_above_it(rng, d, structure, frozen_mean, floor):
    root = np.triu(rng.normal(size=(d, d))) + np.eye(d)
    root[:, -1] *= 1e-3  # the last column lies below its floor; in the full covariance so do mixed directions
    x, scale = rng.normal(size=(30, d)) @ root, np.array([1.0, 3.0, 0.5])[:d]
    model = MultivariateNormal(np.full(d, 0.05) if frozen_mean else None, structure=structure)
    model = model.freeze("mean") if frozen_mean else model
    fitted, held = model.fit_bounded(x, None, scale, floor)
    floors, second = (floor * scale) ** 2, scatter(x, fitted.mean)
    assert held == ("cov",) or structure == "spherical"
    assert np.linalg.eigvalsh(fitted.cov - np.diag(floors))[0] > -1e-12
    np.testing.assert_array_equal(fitted.cov * (within(structure, np.ones((d, d))) == 0), np.zeros((d, d)))
    reached, best = log_likelihood(fitted.cov, second), search(structure, floors, second)
    assert reached == pytest.approx(best, abs=1e-7)


@pytest.mark.parametrize("seed", range(30))
def test_near_the_floor_each_direction_is_raised_to_it_and_no_further(seed):
    rng = np.random.default_rng(seed)
    d, floors = 3, np.array([4.0, 0.25, 1.0])
    vectors, values = np.linalg.qr(rng.normal(size=(d, d)))[0], rng.uniform(0.3, 3.0, d)
    root = np.diag(np.sqrt(floors)) @ vectors
    x = rng.normal(size=(20, d))
    x = (x - x.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T, bias=True))).T  # of covariance one
    fitted, held = MultivariateNormal().fit_bounded(x @ (root * np.sqrt(values)).T, None, np.sqrt(floors), 1.0)
    np.testing.assert_allclose(fitted.cov, root @ np.diag(np.maximum(values, 1.0)) @ root.T, rtol=1e-9, atol=1e-9)
    assert held == (("cov",) if values.min() < 1.0 else ())


def test_a_floor_below_the_data_changes_nothing(rng):
    x = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4))
    fitted, held = MultivariateNormal().fit_bounded(x, None, np.full(4, 1e-3), 1e-3)
    assert held == ()
    np.testing.assert_allclose(fitted.cov, MultivariateNormal().fit(x).cov, rtol=1e-13, atol=1e-14)


def test_a_floor_is_not_above_a_start_that_was_given(rng):
    start = MultivariateNormal([0.0, 0.0], np.eye(2) * 1e-6)
    fitted, held = start.fit_bounded(1e-9 * rng.normal(size=(20, 2)), None, np.ones(2), 0.1)
    np.testing.assert_allclose(fitted.cov, start.cov, rtol=1e-9, atol=1e-18)
    assert held == ("cov",)


@pytest.mark.parametrize("variance", [5e-324, 1e-310, 9.5e307, 1.7e308])
def test_the_smallest_and_the_largest_covariances_are_kept(variance):
    cov = [[variance, 0.25 * variance], [0.25 * variance, variance]]
    np.testing.assert_array_equal(MultivariateNormal([0.0, 0.0], cov).cov, cov)


def test_a_column_too_small_to_square_is_named_and_does_no_harm_beside_others_of_one_variance():
    x = np.array([[1e-200, 0.5], [3e-200, 0.6], [2e-200, 0.7]])
    fitted = MultivariateNormal(structure="spherical").fit(x)
    np.testing.assert_allclose(fitted.var, 0.5 * x[:, 1].var(), rtol=1e-12)
    for structure in ("diagonal", "full"):
        with pytest.raises(InvalidDataError, match="as small as those of column 0.* underflows.* multiply by 1e20"):
            MultivariateNormal(structure=structure).fit(x)


def test_floors_are_never_zero():
    for structure in ("full", "diagonal", "spherical"):
        normal = MultivariateNormal([0.0, 0.0], np.eye(2), structure=structure)
        box = normal.bounds(np.array([1e-200, 1.0]), 1e-10)
        assert (box[0, [2, 5]] > 0.0).all()
        assert normal.at_bounds(normal.to_theta(), normal.bounds(np.ones(2), 1e-10)) == ()
