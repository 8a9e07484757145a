"""One pass over the data, against a slow reference in NumPy and SciPy that shares no code with it."""

import numpy as np
import pytest
import scipy.stats
from engines import engine_of
from scipy.special import logsumexp

from mixtures import Exponential, MultivariateNormal, Normal, Poisson
from mixtures.observed import observed
from mixtures.sweep import BLOCK, WIDTH, log_of_product, normalise, scratch_size
from mixtures.sweep import sweep as sweep_of_a_loop
from mixtures.threads import threaded

sweep = threaded(sweep_of_a_loop, 1)
NOTHING = np.empty(0)


def log_density(component, X):
    """Log density of rows, shape (n, d), by SciPy."""
    match component:
        case Normal():
            return scipy.stats.norm(component.mean, component.std).logpdf(X[:, 0])
        case Exponential():
            return scipy.stats.expon(scale=1.0 / component.rate).logpdf(X[:, 0])
        case Poisson():
            return scipy.stats.poisson(component.rate).logpmf(X[:, 0])
        case MultivariateNormal():
            return np.reshape(scipy.stats.multivariate_normal(component.mean, component.cov).logpdf(X), len(X))


def statistics(component, X, r):
    """Sums that the component's update needs, about its current parameters."""
    match component:
        case Normal():
            centred = X[:, 0] - component.mean
            return [r.sum(), r @ centred, r @ centred**2]
        case Exponential() | Poisson():
            return [r.sum(), r @ X[:, 0]]
        case MultivariateNormal():
            centred = X - component.mean
            second = np.tril((centred * r[:, np.newaxis]).T @ centred)
            second = second.ravel() if component.structure == "full" else np.diag(second)
            return np.concatenate([[r.sum()], r @ centred, second])


def reference(components, weights, X, row_weight):
    """Return log-likelihood, masses, statistics, and what their rounding errors are relative to."""
    with np.errstate(divide="ignore"):
        joint = np.stack([np.log(w) + log_density(c, X) for w, c in zip(weights, components, strict=True)])
    total = logsumexp(joint, axis=0)
    r = row_weight * np.exp(joint - total)
    stats = np.concatenate([statistics(c, X, share) for c, share in zip(components, r, strict=True)])
    size = np.concatenate([np.ravel(absolute_statistics(c, X, share)) for c, share in zip(components, r, strict=True)])
    return row_weight @ total, r.sum(axis=1), stats, size


def absolute_statistics(component, X, r):
    return sum(np.abs(statistics(component, X[i : i + 1], r[i : i + 1])) for i in range(len(X)))


def many_normals(K):
    return [Normal(mean, 1.0 + 0.1 * k) for k, mean in enumerate(np.linspace(0.0, 9.0, K))]


def normals_of_columns(d, structure="full"):
    rng = np.random.default_rng(d)
    components = []
    for mean in (1.0, 4.0):
        root = rng.normal(size=(d, d + 1))
        cov = root @ root.T if structure == "full" else np.diag(rng.uniform(0.5, 2.0, d))
        cov = np.eye(d) * 2.0 if structure == "spherical" else cov
        components.append(MultivariateNormal(np.full(d, mean), cov, structure=structure))
    return components


MODELS = {
    "three families": [Normal(2.0, 1.5), Exponential(0.3), Poisson(4.0)],
    "one normal": [Normal(3.0, 2.0)],
    "two normals": many_normals(2),
    "fifty normals": many_normals(50),
    "far apart": [Normal(-1e4, 1.0), Normal(2.0, 1.0), Exponential(200.0)],
    "one column": normals_of_columns(1),
    "two columns": normals_of_columns(2),
    "five columns": normals_of_columns(5),
    "five columns, diagonal": normals_of_columns(5, "diagonal"),
    "three columns, spherical": normals_of_columns(3, "spherical"),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n, block_size", [(1, 512), (6, 1), (45, 7), (512, 512), (1300, 512)])
@pytest.mark.parametrize("model", MODELS)
def test_a_sweep_equals_the_reference(model, n, block_size, weighted):
    components = MODELS[model]
    K, d = len(components), components[0].n_columns
    rng = np.random.default_rng(n)
    X = rng.poisson(4.0, (n, d)).astype(float)
    weights = rng.dirichlet(np.ones(K))
    row_weight = rng.uniform(0.1, 3.0, n) if weighted else np.ones(n)
    engine = engine_of(components, weights)
    result = sweep(observed(X, row_weight if weighted else None), engine.plan, engine.state, block_size)

    log_likelihood, mass, stats, size = reference(components, weights, X, row_weight)
    assert result == pytest.approx(log_likelihood, rel=1e-12)
    np.testing.assert_allclose(engine.state.mass, mass, rtol=1e-10, atol=1e-14 * n)
    assert np.all(np.abs(engine.state.stats - stats) <= 1e-10 * size + 1e-14 * n)


@pytest.mark.parametrize("structure", ["diagonal", "spherical"])
@pytest.mark.parametrize("K", [1, 2, 3, 6])
def test_components_that_one_call_serves_get_what_one_call_for_each_gives_them(structure, K, rng):
    components = [MultivariateNormal(rng.normal(size=5), np.eye(5) * (1.0 + k), structure=structure) for k in range(K)]
    X = rng.normal(size=(2 * BLOCK + 45, 5))
    engine = engine_of(components)
    assert engine.plan.together.tolist() == list(range(K, 0, -1))
    found = []
    for together in (engine.plan.together, np.ones(K, dtype=np.int64)):
        log_likelihood = sweep(observed(X), engine.plan._replace(together=together), engine.state, BLOCK)
        found.append([log_likelihood, *engine.state.mass, *engine.state.stats])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-13, atol=1e-10)


def test_a_sweep_starts_from_nothing_and_moves_no_parameter():
    components, X = MODELS["three families"], np.arange(20.0)[:, np.newaxis]
    engine = engine_of(components, np.array([0.2, 0.3, 0.5]))
    first = sweep(observed(X), engine.plan, engine.state, 7)
    mass, stats = engine.state.mass.copy(), engine.state.stats.copy()
    assert sweep(observed(X), engine.plan, engine.state, 7) == first
    np.testing.assert_array_equal(engine.state.mass, mass)
    np.testing.assert_array_equal(engine.state.stats, stats)
    assert engine.parameters.leaves == components
    assert mass.sum() == pytest.approx(20.0, rel=1e-14)


def test_a_row_outside_one_support_belongs_to_the_others_alone():
    engine = engine_of([Normal(0.0, 1.0), Exponential(1.0)], np.array([0.5, 0.5]))
    X = np.array([[-1.0], [-2.0]])
    assert np.isfinite(sweep(observed(X), engine.plan, engine.state, 512))
    np.testing.assert_array_equal(engine.state.mass, [2.0, 0.0])
    np.testing.assert_array_equal(engine.state.stats[3:], [0.0, 0.0])


def test_a_component_of_weight_zero_takes_no_part():
    alone = engine_of([Normal(0.0, 1.0)], np.ones(1))
    both = engine_of([Normal(0.0, 1.0), Normal(1.0, 1.0)], np.array([1.0, 0.0]))
    X = np.linspace(-2, 2, 9)[:, np.newaxis]
    assert sweep(observed(X), alone.plan, alone.state, 512) == sweep(observed(X), both.plan, both.state, 512)
    np.testing.assert_array_equal(both.state.stats, [*alone.state.stats, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("bad", [0, 600, 999])
def test_a_row_that_no_component_reaches_makes_the_likelihood_not_finite(bad, weighted):
    X = np.ones((1000, 1))
    X[bad] = -1.0
    engine = engine_of([Exponential(1.0), Exponential(2.0)], np.array([0.5, 0.5]))
    result = sweep(observed(X, np.ones(1000) if weighted else None), engine.plan, engine.state, 512)
    assert not np.isfinite(result)


# ------------------------------------------------------------------------------------------------ normalise


@pytest.mark.parametrize("K, m", [(1, 1), (1, 700), (2, 513), (50, 512), (100_000, 3)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("spread", [0.0, 1.0, 300.0, 1e6])
def test_normalise_makes_responsibilities_of_log_densities(rng, K, m, weighted, spread):
    joint = rng.normal(-1e3, spread, (K, m))
    weight = rng.uniform(0.1, 2.0, m) if weighted else np.ones(m)
    total = logsumexp(joint, axis=0)
    r, mass = joint.copy(), np.full(K, 0.5)
    result = normalise(r, weight if weighted else np.empty(0), mass, np.empty(scratch_size(*r.shape)), NOTHING)
    assert result == pytest.approx(weight @ total, rel=1e-13)
    # The exponential of a difference has a relative error of 2^-52 times that difference, below e^-708 it is zero.
    np.testing.assert_allclose(r, weight * np.exp(joint - total), rtol=1e-12, atol=1e-305)
    np.testing.assert_allclose(r.sum(axis=0), weight, rtol=1e-14 + 1e-16 * K)
    np.testing.assert_allclose(mass, 0.5 + r.sum(axis=1), rtol=1e-12)


def test_equal_densities_share_a_row_equally():
    joint = np.full((4, 3), -1e5)
    assert normalise(joint, np.empty(0), np.zeros(4), np.empty(scratch_size(4, 3)), NOTHING) == pytest.approx(
        3 * (np.log(4.0) - 1e5), rel=1e-15
    )
    np.testing.assert_array_equal(joint, np.full((4, 3), 0.25))


def test_a_density_of_zero_gets_a_responsibility_of_zero():
    joint = np.array([[-np.inf, -5.0, -np.inf], [-1.0, -np.inf, -3.0], [-np.inf, -np.inf, -3.0]])
    normalise(joint, np.empty(0), np.zeros(3), np.empty(scratch_size(3, 3)), NOTHING)
    np.testing.assert_array_equal(joint, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.5], [0.0, 0.0, 0.5]])


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_in_lanes_and_the_rest_are_normalised_alike(rng, weighted):
    rows = np.column_stack([rng.normal(-50.0, 300.0, (5, 4)), np.full(5, -1e5), np.full(5, -np.inf)])
    rows[2, 5] = 7.0
    joint = np.ascontiguousarray(np.tile(rows, 3 * WIDTH)[:, : 2 * WIDTH + 5])
    weight = np.tile(rng.uniform(0.1, 2.0, 6), 3 * WIDTH)[: joint.shape[1]] if weighted else np.empty(0)
    alone, mass, sums, log_likelihood = joint.copy(), np.zeros(5), np.zeros(5), 0.0
    result = normalise(joint, weight, mass, np.empty(scratch_size(*joint.shape)), NOTHING)
    for i in range(joint.shape[1]):
        row = np.ascontiguousarray(alone[:, i : i + 1])
        log_likelihood += normalise(row, weight[i : i + 1], sums, np.empty(scratch_size(*row.shape)), NOTHING)
        np.testing.assert_allclose(joint[:, i], row[:, 0], rtol=2e-16)
    assert result == pytest.approx(log_likelihood, rel=1e-13)
    np.testing.assert_allclose(mass, sums, rtol=1e-13)


@pytest.mark.parametrize("row", [[-np.inf, -np.inf], [np.nan, -1.0], [-1.0, np.nan], [-np.inf, np.nan]])
@pytest.mark.parametrize("weight", [np.empty(0), np.ones(2)])
def test_no_density_at_all_and_nan_are_seen_in_the_result(row, weight):
    joint = np.array([[-1.0, row[0]], [-2.0, row[1]]])
    wide = np.tile(joint, WIDTH)
    assert not np.isfinite(normalise(joint, weight, np.zeros(2), np.empty(scratch_size(*joint.shape)), NOTHING))
    assert not np.isfinite(
        normalise(wide, np.tile(weight, WIDTH), np.zeros(2), np.empty(scratch_size(*wide.shape)), NOTHING)
    )


@pytest.mark.parametrize("K", [1, 2, 3, 50, 1000, 10**6])
@pytest.mark.parametrize("size", [0, 1, 63, 64, 5000])
def test_the_logarithm_of_products_cannot_overflow(rng, K, size):
    most = int(700.0 / np.log(K + 1.0))
    for values in (np.full(size, float(K)), rng.uniform(1.0, K, size)):
        assert log_of_product(values, most) == pytest.approx(np.sum(np.log(values)), rel=1e-13, abs=1e-300)
