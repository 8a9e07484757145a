"""The joint update of each covariance model: inside the model, and nothing inside it is better."""

import numpy as np
import pytest
from scipy.optimize import minimize

from distributions import InvalidParameterError, MultivariateNormal, Normal
from distributions.covariance_models import MODELS, WORDS, CovarianceModel, pulls

FLOOR = 1e-10


def problem(rng, n=3, d=3, alike=0.0):
    """Return weights and covariances of components, more or less alike."""
    shared = np.linalg.qr(rng.normal(size=(d, d)))[0]
    covs = []
    for _ in range(n):
        axes = shared @ rotation((1.0 - alike) * rng.normal(size=d * (d - 1) // 2), d)
        covs.append(axes @ np.diag(np.exp(rng.normal(size=d))) @ axes.T * np.exp(rng.normal()))
    return rng.uniform(5.0, 50.0, size=n), np.array(covs)


def skew(entries, d):
    matrix = np.zeros((d, d))
    matrix[np.tril_indices(d, -1)] = entries
    return matrix - matrix.T


def rotation(entries, d):
    half = skew(entries, d) / 2.0
    return np.linalg.solve(np.eye(d) - half, np.eye(d) + half)


def members(model, covs, means=None):
    means = np.zeros((len(covs), covs.shape[1])) if means is None else means
    plain = [MultivariateNormal(mean, cov) for mean, cov in zip(means, covs, strict=True)]
    return [model.member(each, "part") for each in plain]


def fitted(name, weights, covs, scale=1.0, start=None):
    """Return the model's covariances where the components' own are ``covs``, and the names that are held."""
    model, d = CovarianceModel(name), covs.shape[1]
    begun = members(model, np.array([np.eye(d) * scale**2] * len(covs)) if start is None else start)
    theta = np.array([each.to_theta() for each in begun])
    bounds = np.array([each.bounds(np.full(d, scale), FLOOR) for each in begun])
    layout = np.array([np.diag(cov) if model.structure != "full" else cov.ravel() for cov in covs])
    stats = weights[:, np.newaxis] * np.hstack([np.ones((len(covs), 1)), np.zeros((len(covs), d)), layout])
    model.kernel(stats, theta, bounds, model.setting())
    made = [each.from_theta(row) for each, row in zip(begun, theta, strict=True)]
    sigmas = np.array([each.cov for each in made])
    if np.linalg.cond(sigmas).max() < 1e8:
        constants = [each.to_theta()[-1] for each in made]  # it repeats the covariance
        np.testing.assert_allclose(constants, theta[:, -1], rtol=1e-7, atol=1e-9)
    return sigmas, model.held(begun, stats, theta, bounds)


def loss(weights, covs, sigmas):
    """Return minus twice the expected log-likelihood, without its constant, per weight."""
    fits = [np.linalg.slogdet(s)[1] + np.trace(np.linalg.solve(s, c)) for s, c in zip(sigmas, covs, strict=True)]
    return float(np.average(fits, weights=weights))


def decomposed(name, sigmas):
    """Return logarithms of volumes (G,), those of shapes (G, d) and axes (G, d, d), paired where they are shared."""
    d = sigmas.shape[1]
    if name[2] == "I":
        axes = np.array([np.eye(d)] * len(sigmas))
    elif name[2] == "E":
        axes = np.array(
            [np.linalg.eigh(np.tensordot(np.sqrt(1.0 + np.arange(len(sigmas))), sigmas, 1))[1]] * len(sigmas)
        )
    else:
        axes = np.linalg.eigh(sigmas)[1]
    seen = np.swapaxes(axes, 1, 2) @ sigmas @ axes
    logs = np.log(np.diagonal(seen, axis1=1, axis2=2))
    return logs.mean(axis=1), logs - logs.mean(axis=1, keepdims=True), axes


def composed(name, x, n, d, origin):
    """Return covariances inside the model: those of ``origin`` moved by the free parameters x."""
    volumes, shapes, axes = origin
    x, turns = iter(x), d * (d - 1) // 2

    def moves(letter, size):
        own = {"I": lambda: np.zeros(size), "E": None, "V": lambda: np.array([next(x) for _ in range(size)])}[letter]
        if own is None:
            common = np.array([next(x) for _ in range(size)])
            return np.array([common] * n)
        return np.array([own() for _ in range(n)])

    volumes = volumes + moves(name[0], 1)[:, 0]
    shape = moves(name[1], d - 1)
    shapes = shapes + np.hstack([shape, -shape.sum(axis=1, keepdims=True)])
    axes = np.array([a @ rotation(t, d) for a, t in zip(axes, moves(name[2], turns), strict=True)])
    return axes @ (np.exp(volumes[:, np.newaxis] + shapes)[:, :, np.newaxis] * np.swapaxes(axes, 1, 2))


def n_free(name, n, d):
    times = {"I": 0, "E": 1, "V": n}
    return sum(times[letter] * size for letter, size in zip(name, (1, d - 1, d * (d - 1) // 2), strict=True))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("n, d, alike", [(3, 3, 0.0), (4, 4, 0.9), (2, 2, 0.5), (1, 3, 0.0), (3, 1, 0.0)])
def test_the_update_lies_in_the_model_and_nothing_beside_it_is_better(name, n, d, alike, rng):
    weights, covs = problem(rng, n, d, alike)
    sigmas, held = fitted(name, weights, covs)
    assert held == [()] * n
    volumes, shapes, axes = origin = decomposed(name, sigmas)
    seen = np.swapaxes(axes, 1, 2) @ sigmas @ axes
    np.testing.assert_allclose(seen, seen * np.eye(d), atol=1e-9 * sigmas.max())
    if name[0] == "E":
        np.testing.assert_allclose(volumes, volumes[0], atol=1e-11)
    if name[1] in "EI":
        np.testing.assert_allclose(shapes, [shapes[0] * (name[1] == "E")] * n, atol=1e-9)
    best = loss(weights, covs, sigmas)
    for size in (1e-4, 1e-2, 0.3):
        for _ in range(20):
            x = size * rng.normal(size=n_free(name, n, d))
            assert loss(weights, covs, composed(name, x, n, d, origin)) >= best - 1e-13
    slopes = [
        (loss(weights, covs, composed(name, h, n, d, origin)) - loss(weights, covs, composed(name, -h, n, d, origin)))
        / 2e-5
        for h in 1e-5 * np.eye(n_free(name, n, d))
    ]
    np.testing.assert_allclose(slopes, 0.0, atol=1e-7)


@pytest.mark.parametrize("name", MODELS)
def test_it_is_the_maximum_that_a_general_optimiser_finds(name, rng):
    n, d = (2, 3) if name in ("VEE", "EVE", "VVE") else (3, 2)
    weights, covs = problem(rng, n, d, 0.6)
    ours = loss(weights, covs, fitted(name, weights, covs)[0])
    tries = []
    for _ in range(3):
        axes = np.array([np.eye(d) if name[2] == "I" else np.linalg.qr(rng.normal(size=(d, d)))[0]] * n)
        origin = np.zeros(n), np.zeros((n, d)), axes

        def objective(x, origin=origin):
            return loss(weights, covs, composed(name, x, n, d, origin))

        tries.append(minimize(objective, np.zeros(n_free(name, n, d)), method="BFGS").fun)
    assert ours <= min(tries) + 1e-12
    assert ours == pytest.approx(min(tries), abs=1e-8)


@pytest.mark.parametrize("name", ["EVE", "VVE"])
def test_shared_axes_are_a_maximum_far_and_wide(name, rng):
    for _ in range(20):
        weights, covs = problem(rng, 3, 2, 0.0)
        ours = loss(weights, covs, fitted(name, weights, covs)[0])
        for angle in np.linspace(0.0, np.pi / 2, 400):
            axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            squares = np.diagonal(axes.T @ covs @ axes, axis1=1, axis2=2)
            volumes = np.sqrt(squares.prod(axis=1))
            share = weights / weights.sum()
            best = 2 * np.log(share @ volumes) if name == "EVE" else 2 * share @ np.log(volumes)
            assert ours <= best + 2.0 + 1e-12


@pytest.mark.parametrize("name", MODELS)
def test_data_in_other_units_give_the_same_in_those_units(name, rng):
    weights, covs = problem(rng)
    plain = fitted(name, weights, covs)[0]
    for scale in (1e-8, 1e8):
        other = fitted(name, weights, covs * scale**2, scale)[0]
        np.testing.assert_allclose(other / scale**2, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_an_update_never_lowers_what_it_maximises(name, rng):
    weights, covs = problem(rng)
    before = fitted(name, weights, covs)[0]
    for _ in range(10):
        covs = np.array([cov + 0.3 * np.outer(v, v) for cov, v in zip(covs, rng.normal(size=(3, 3)), strict=True)])
        after = fitted(name, weights, covs, start=before)[0]
        assert loss(weights, covs, after) <= loss(weights, covs, before) + 1e-13
        before = after


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("case", ["point", "line", "all points"])
def test_a_collapse_ends_at_the_floor_and_is_named(name, case, rng):
    weights, covs = problem(rng)
    covs[1] = 0.0
    if case == "line":
        covs[1] = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    if case == "all points":
        covs[:] = 0.0
    sigmas, held = fitted(name, weights, covs)
    for sigma in sigmas:
        np.linalg.cholesky(sigma)
    if case == "all points":
        assert held == [("cov",)] * 3
    elif case == "line":  # a shared shape may be drawn to it or not
        assert held[1] == ("cov",) or name[1] != "V" or name == "EVI" or name == "VVI"
        assert held[1] == () or name[1] != "I"
    elif name[:2] != "EV":  # of a point, every shape of the common volume is as good as any
        assert held[1] == (("cov",) if name[0] == "V" else ())
        assert held[0] == held[2] == ()


@pytest.mark.parametrize("name", MODELS)
def test_a_component_without_data_keeps_what_is_its_own(name, rng):
    weights, covs = problem(rng)
    before = fitted(name, weights, covs)[0]
    weights = np.array([weights[0], 0.0, weights[2]])
    after = fitted(name, weights, covs, start=before)[0]
    alone = fitted(name, weights[[0, 2]], covs[[0, 2]], start=before[[0, 2]])[0]
    np.testing.assert_allclose(after[[0, 2]], alone, rtol=1e-9, atol=1e-12)
    assert np.isfinite(after).all()
    if "E" not in name:
        np.testing.assert_allclose(after[1], before[1], rtol=1e-12)
    np.linalg.cholesky(after[1])


def test_means_move_and_frozen_ones_stay_with_the_moments_about_them(rng):
    x = rng.normal(size=(2, 40, 2)) @ np.array([[1.0, 0.4], [0.0, 0.7]]) + 5.0
    parts = [MultivariateNormal([4.0, 4.5], np.eye(2)), MultivariateNormal([4.0, 4.5], np.eye(2)).freeze("mean")]
    stats = np.zeros((2, 7))
    theta, bounds = np.array([p.to_theta() for p in parts]), np.array([p.bounds(np.ones(2), FLOOR) for p in parts])
    for k in range(2):
        parts[k].kernels.accumulate(np.ascontiguousarray(x[k].T), np.ones(40), theta[k], stats[k])
    model = CovarianceModel("EEE")
    model.kernel(stats, theta, bounds, model.setting())
    mean = x[0].mean(axis=0)
    pooled = ((x[0] - mean).T @ (x[0] - mean) + (x[1] - [4.0, 4.5]).T @ (x[1] - [4.0, 4.5])) / 80
    np.testing.assert_allclose(theta[0, :2], mean, rtol=1e-13)
    np.testing.assert_array_equal(theta[1, :2], [4.0, 4.5])
    np.testing.assert_allclose(theta[:, 2:6].reshape(2, 2, 2), [pooled, pooled], rtol=1e-12)


def test_words_are_names_of_models():
    assert {word: CovarianceModel(word).name for word in WORDS} == WORDS
    assert CovarianceModel("tied") == CovarianceModel("EEE")
    assert str(CovarianceModel("VEI")) == "VEI: volume varying, shape equal, orientation identity"
    for bad in ("VEX", "vev", 3, True, ["VVV"]):
        with pytest.raises(InvalidParameterError, match="covariance must be None, one of EII"):
            CovarianceModel(bad)


def test_a_member_takes_the_structure_of_the_model():
    full = MultivariateNormal([0.0, 1.0], [[2.0, 0.5], [0.5, 4.0]])
    assert CovarianceModel("VEI").member(full, "a").cov.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert CovarianceModel("EII").member(full.freeze("mean"), "a").frozen == {"mean"}
    assert CovarianceModel("EII").member(full, "a").cov.tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert CovarianceModel("EEI").member(MultivariateNormal(), "a") == MultivariateNormal(structure="diagonal")
    assert CovarianceModel("VEV").member(full, "a") is full
    for bad, match in [
        (Normal(), r"'a' is Normal\(\). Give MultivariateNormal\(\) only, or leave covariance out"),
        (MultivariateNormal(structure="diagonal"), "'a' has structure='diagonal'. Leave one of the two out"),
        (full.freeze("cov"), "'a' has a frozen covariance. Freeze means only, or leave covariance out"),
    ]:
        with pytest.raises(InvalidParameterError, match=match):
            CovarianceModel("VVE").member(bad, "a")


def test_bits_do_not_depend_on_where_arrays_lie(rng):
    n, d = 4, 2
    for _ in range(100):
        room, found = np.zeros(200), set()
        given, turned = rng.dirichlet(np.ones(n)), rng.uniform(0.1, 3.0, (n, d, d))
        for at in (*range(80, 97), *range(104, 120)):  # near the weights, before and behind them
            room[100:104] = given
            pulls(room[100:104], turned, False, room[at : at + n])
            found.add(room[at : at + n].tobytes())
        assert len(found) == 1
