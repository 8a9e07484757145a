"""Accelerated EM: the same optimum as plain EM, sooner; every refusal, every fallback."""

import warnings

import numpy as np
import pytest
from engines import engine_of

from distributions.covariance_models import MODELS, CovarianceModel
from mixtures import (
    Bernoulli,
    Binomial,
    Categorical,
    Distribution,
    Exponential,
    FactorNormal,
    Gamma,
    InvalidParameterError,
    MixtureModel,
    MultivariateBernoulli,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Product,
    VonMises,
    VonMisesFisher,
    Weibull,
    datasets,
    em,
    parameter,
)
from mixtures.acceleration import Coordinates, extrapolate, fill_coordinates, step_ahead
from mixtures.observed import observed

RNG = np.random.default_rng(3)
TIMES = datasets.load("times_deaths")


def clusters(d, n=200):
    rng = np.random.default_rng(11)
    parts = [rng.normal(k, 1.0, (n, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d))) for k in range(3)]
    return np.concatenate(parts)


def with_holes(X, share=0.15):
    holes = np.random.default_rng(1).random(X.shape) < share
    X = np.where(holes, np.nan, X)
    return X[~np.isnan(X).all(axis=1)]


def normals(X, d):
    return [MultivariateNormal(np.full(d, 1.2 * k - 0.2), np.cov(X.T)) for k in range(3)]


NORMALS = np.concatenate([RNG.normal(0.0, 1.0, 400), RNG.normal(2.0, 1.0, 300), RNG.normal(4.0, 1.2, 300)])
POSITIVE = np.concatenate([RNG.gamma(2.0, 1.0, 400), RNG.gamma(6.0, 1.0, 400)])
EQUAL = np.concatenate([RNG.normal(mean, 1.0, 300) for mean in (0.0, 2.5, 5.5)])
WAITS = np.concatenate([RNG.exponential(1.0, 400), RNG.gamma(6.0, 1.0, 400)])
COUNTS = np.concatenate([RNG.negative_binomial(3, 0.3, 400), RNG.negative_binomial(20, 0.5, 300)]).astype(float)
PLANE = clusters(3)
KIND = RNG.random((600, 1)) < 0.5
COLUMNS = np.column_stack(
    [RNG.normal(1.5 * KIND[:, 0]), RNG.poisson(2 + 2 * KIND[:, 0]), RNG.random(600) < 0.3 + 0.3 * KIND[:, 0]]
)
ITEMS = (RNG.random((600, 6)) < np.where(KIND, 0.3, 0.7)).astype(float)
LETTERS = np.where(KIND, RNG.choice(3, (600, 1), p=[0.6, 0.3, 0.1]), RNG.choice(3, (600, 1), p=[0.1, 0.3, 0.6]))
ANGLES = np.concatenate([RNG.vonmises(0.0, 2.0, 300), RNG.vonmises(2.9, 3.0, 300)])
SPHERE = np.concatenate([RNG.normal([2.0, 0.0, 0.0], 1.0, (200, 3)), RNG.normal([0.0, 2.0, 0.0], 1.0, (200, 3))])
SPHERE /= np.linalg.norm(SPHERE, axis=1, keepdims=True)
THREE = [Normal(-1.0, 1.0), Normal(2.0, 1.0), Normal(5.0, 1.0)]

MODELS_OF = {
    "poissons": ([Poisson(1.0), Poisson(3.0)], TIMES["deaths"], TIMES["days"], {}),
    "normals": (THREE, NORMALS, None, {}),
    "normals, weighted": (THREE, NORMALS, RNG.uniform(0.5, 2.0, 1000), {}),
    "tied std": (THREE, EQUAL, None, {"tied": "std"}),
    "ratio of std": (THREE[:2], NORMALS, None, {"tied": {"std": {0: 1.0, 1: 2.0}}}),
    "prior": (THREE, NORMALS, None, {"prior": "default", "weights_prior": 2.0}),
    "frozen": ([Normal(0.1 + 0.2, 1.0).freeze("mean"), Normal(4.0, 1.1).freeze("std")], NORMALS, None, {}),
    "frozen weight": (THREE, NORMALS, None, {"weights": [0.4, 0.3, 0.3], "freeze_weights": [0]}),
    "gammas": ([Gamma(1.0, 1.0), Gamma(5.0, 1.0)], POSITIVE, None, {}),
    "two families": ([Exponential(1.0), Gamma(5.0, 1.0)], WAITS, None, {}),
    "newton steps": ([Weibull(1.5, 1.0), Weibull(3.0, 6.0)], POSITIVE, None, {}),
    "curved steps": ([NegativeBinomial(2.0, 0.3), NegativeBinomial(10.0, 0.4)], COUNTS, None, {}),
    "binomials": ([Binomial(0.2, trials=60), Binomial(0.5, trials=60)], np.minimum(COUNTS, 60.0), None, {}),
    "full": (normals(PLANE, 3), PLANE, None, {}),
    "missing": (normals(PLANE, 3), with_holes(PLANE), None, {}),
    **{name: (normals(PLANE, 3), PLANE, None, {"covariance": name}) for name in ("EEE", "VEE", "EVV", "VVI", "VEI")},
    "products": (
        [Product([Normal(m, 1.0), Poisson(m + 2.0), Bernoulli(0.4 + 0.2 * m)]) for m in (0.0, 1.0)],
        with_holes(COLUMNS.astype(float)),
        None,
        {},
    ),
    "labels": (
        [
            Product([Categorical([0.5, 0.3, 0.2]), MultivariateBernoulli(np.full(6, 0.4))]),
            Product([Categorical([0.2, 0.3, 0.5]), MultivariateBernoulli(np.linspace(0.5, 0.7, 6))]),
        ],
        np.column_stack([LETTERS, ITEMS]).astype(float),
        None,
        {},
    ),
    "angles": ([VonMises(0.5, 1.0), VonMises(-3.0, 1.0)], ANGLES, None, {}),
    "directions": ([VonMisesFisher([1.0, 0.0, 0.0], 1.0), VonMisesFisher([0.0, 0.6, 0.8], 2.0)], SPHERE, None, {}),
    "nested": ([MixtureModel([Normal(0.0, 1.0), Normal(1.0, 1.0)]), Normal(4.0, 1.0)], NORMALS, None, {}),
}


class NormalInNumpy(Distribution):
    """A family without kernels."""

    mean: float = parameter(Normal.declared[0].domain, power=1)
    std: float = parameter(Normal.declared[1].domain, power=1)

    def log_pdf(self, x):
        return Normal(self.mean, self.std).log_pdf(x)

    def fit(self, x, sample_weight=None):
        fitted = Normal().fit(x, sample_weight)
        return self.with_values(mean=fitted.mean, std=fitted.std)

    def sample(self, size, rng=None):
        return Normal(self.mean, self.std).sample(size, rng)


def values(model):
    parts = model.components_.values() if isinstance(model.components_, dict) else model.components_
    leaves = [leaf for part in parts for leaf in part.outline().leaves.values()]
    return np.concatenate([np.ravel(v) for leaf in leaves for v in leaf.distribution.parameters.values()])


# ------------------------------------------------------------------------------------------------ what it reaches


@pytest.mark.parametrize("case", MODELS_OF)
def test_the_optimum_is_that_of_plain_em_from_the_same_start(case):
    components, x, weight, rules = MODELS_OF[case]
    plain, fast = (
        MixtureModel(components, accelerate=accelerate, max_iter=100_000, **rules).fit(x, sample_weight=weight)
        for accelerate in (None, "squarem")
    )
    assert plain.converged_
    assert fast.converged_
    assert fast.log_posterior_ == pytest.approx(plain.log_posterior_, rel=1e-12, abs=1e-9)
    np.testing.assert_allclose(values(fast), values(plain), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(fast.weights_, plain.weights_, atol=1e-5)
    assert np.all(np.diff(fast.history_) >= -1e-13 * (abs(fast.log_posterior_) + fast.total_weight_))
    assert fast.n_iter_ <= plain.n_iter_ + 6
    assert fast.n_iter_ < 0.6 * plain.n_iter_ or plain.n_iter_ < 60
    assert fast.log_likelihood(x, weight) == pytest.approx(fast.log_likelihood_, rel=1e-12)


@pytest.mark.parametrize("case", ["poissons", "prior", "curved steps", "EVV", "missing"])
def test_every_objective_belongs_to_the_parameters_shown(case):
    components, x, weight, rules = MODELS_OF[case]
    model = MixtureModel(components, **rules)
    steps = list(model.iter_fit(x, sample_weight=weight))
    assert [step.iteration for step in steps] == list(range(model.n_iter_ + 1))
    for step in steps:
        shown = MixtureModel(step.components, weights=step.weights)
        assert shown.log_likelihood(x, weight) == pytest.approx(step.log_likelihood, rel=1e-11)


def test_a_run_in_pieces_is_the_same_run():
    x = NORMALS[:, np.newaxis]
    whole, parts = (engine_of(THREE, X=x, accelerate=True) for _ in range(2))
    assert em.run(whole, observed(x), tol=1e-12, max_iter=900) == em.CONVERGED
    while em.run(parts, observed(x), tol=1e-12, max_iter=900, n_sweeps=1) == em.RUNNING:
        pass
    np.testing.assert_array_equal(parts.history, whole.history)
    assert parts.parameters.leaves == whole.parameters.leaves


@pytest.mark.parametrize("max_iter", [1, 4, 5, 6, 7, 8, 20])
@pytest.mark.filterwarnings("ignore:EM made max_iter")
def test_extrapolations_count_as_updates(max_iter):
    model = MixtureModel(THREE, max_iter=max_iter).fit(NORMALS)
    assert model.n_iter_ == max_iter
    assert len(model.history_) == max_iter + 1
    assert model.log_likelihood(NORMALS) == pytest.approx(model.log_likelihood_, rel=1e-13)


def test_what_is_frozen_stays_to_the_bit_and_what_is_tied_stays_equal():
    components, x, _, _ = MODELS_OF["frozen"]
    model = MixtureModel(components).fit(x)
    assert model.components_[0].mean == 0.1 + 0.2
    assert model.components_[1].std == 1.1
    components, x, _, rules = MODELS_OF["frozen weight"]
    assert MixtureModel(components, **rules).fit(x).weights_[0] == 0.4
    components, x, _, rules = MODELS_OF["tied std"]
    for step in MixtureModel(components, **rules).iter_fit(x):
        assert len({part.std for part in step.components}) == 1
    components, x, _, rules = MODELS_OF["ratio of std"]
    for step in MixtureModel(components, **rules).iter_fit(x):
        assert step.components[1].std == pytest.approx(2.0 * step.components[0].std, rel=1e-12)


# -------------------------------------------------------------------------------------------------- the point ahead


def places_of(components, X):
    return engine_of(components, X=X, accelerate=True).plan.coordinates


def test_the_point_is_that_of_varadhan_and_roland():
    """Two normals: means in their unit, logarithms of deviations and weights, in NumPy."""
    x = NORMALS[:, np.newaxis]
    engine, scale = engine_of(THREE[:2], X=x), x.std()
    points = []
    em.run(engine, observed(x), tol=0.0, max_iter=100, n_sweeps=30)
    for _ in range(3):
        em.run(engine, observed(x), tol=0.0, max_iter=100, n_sweeps=1)
        points.append(engine.state.point.copy())
    u = np.array(points)
    u[:, [1, 3, 4, 5]] = np.log(u[:, [1, 3, 4, 5]])
    counts = np.array([scale**-2.0, 1.0, scale**-2.0, 1.0, *points[2][4:]])
    r, v = u[1] - u[0], u[2] - 2.0 * u[1] + u[0]
    wanted = np.sqrt((counts @ r**2) / (counts @ v**2))
    for longest in (wanted + 1.0, 2.5):
        a = min(wanted, longest)
        expected = u[0] + 2.0 * a * r + a**2 * v
        expected[[1, 3, 4, 5]] = np.exp(expected[[1, 3, 4, 5]])
        expected[4:] /= expected[4:].sum()
        third = points[2].copy()
        length, called = extrapolate(places_of(THREE[:2], x), points[0], points[1], third, longest)
        assert (length, called) == pytest.approx((a, wanted), rel=1e-6)
        np.testing.assert_allclose(third, expected, rtol=1e-6)
    assert wanted > 3.0


def test_where_a_point_is_not_legal_one_nearer_is_taken():
    x = NORMALS[:, np.newaxis]
    places = places_of(THREE[:2], x)
    first = np.array([0.0, 1.0, 3.0, 1.0, 0.5, 0.5])
    second, third = first.copy(), first.copy()
    second[1], third[1] = 0.1, 0.011  # towards a floor of 1e-10 times the scale, in almost equal steps of the logarithm
    length, wanted = extrapolate(places, first, second, third, 1e6)
    assert 1.0 < length < wanted
    assert places.lowest[1] < third[1] < 0.011


def test_without_a_bend_nothing_moves():
    point = np.array([0.0, 1.0, 3.0, 1.0, 0.5, 0.5])
    third = point.copy()
    places = places_of(THREE[:2], NORMALS[:, np.newaxis])
    assert extrapolate(places, point, point, third, 1e6) == (1.0, 1.0)
    np.testing.assert_array_equal(third, point)


# ------------------------------------------------------------------------------------------------------ refusals


def test_a_refused_extrapolation_leaves_the_last_point_and_em_goes_on_from_it():
    components, x, weight, _ = MODELS_OF["poissons"]
    steps = list(MixtureModel(components).iter_fit(x, sample_weight=weight))
    refused = [i for i in range(1, len(steps)) if steps[i].components == steps[i - 1].components]
    assert len(refused) > 3
    for i in refused:
        assert steps[i].log_likelihood == steps[i - 1].log_likelihood
        np.testing.assert_array_equal(steps[i].weights, steps[i - 1].weights)
        plain = MixtureModel(steps[i].components, weights=steps[i].weights, accelerate=None)
        _, after = (step for step, _ in zip(plain.iter_fit(x, sample_weight=weight), range(2), strict=False))
        np.testing.assert_allclose(
            [part.rate for part in after.components], [part.rate for part in steps[i + 1].components], rtol=1e-12
        )
        np.testing.assert_allclose(after.weights, steps[i + 1].weights, rtol=1e-12)


@pytest.mark.parametrize("components", [THREE, [Weibull(1.5, 1.0), Weibull(3.0, 6.0)]])
@pytest.mark.parametrize("bad", [-1e6, np.nan, np.inf])
def test_an_extrapolation_that_is_lower_or_not_finite_is_refused(components, bad):
    x = np.abs(NORMALS[:, np.newaxis]) + 0.1
    engine = engine_of(components, X=x, accelerate=True)
    state, plan, data = engine.state, engine.plan, observed(x)
    while state.progress[em.PHASE] != em.LEAPT:
        em.move(plan, state)
        if state.progress[em.PHASE] != em.LEAPT:
            assert em.record(plan.stepwise, state, em.look(engine, data), 0.0, 900) == em.RUNNING
    before = state.point_before.copy(), state.weights_before.copy(), engine.history[-1], state.stats_before.copy()
    longest, n = state.progress[em.LONGEST], len(engine.history)
    now = em.look(engine, data)
    assert now > before[2]  # it would have been taken
    status = em.record(plan.stepwise, state, bad, 0.0, 900)
    if bad == np.inf:  # an unbounded likelihood is no refusal: the run fails, as plain EM does
        assert status == em.FAILED
        return
    assert status == em.RUNNING
    np.testing.assert_array_equal(state.point, before[0])
    np.testing.assert_array_equal(state.weights, before[1])
    np.testing.assert_array_equal(state.stats, before[3])
    assert engine.history[-2:].tolist() == [before[2], before[2]]
    assert len(engine.history) == n + 1
    assert state.progress[em.LONGEST] <= longest
    assert em.run(engine, data, tol=1e-12, max_iter=900) == em.CONVERGED


def test_longest_extrapolation_grows_when_confirmed_and_shrinks_when_refused():
    x = NORMALS[:, np.newaxis]
    engine = engine_of(THREE, X=x, accelerate=True)
    seen = []
    while em.run(engine, observed(x), tol=0.0, max_iter=200, n_sweeps=1) == em.RUNNING:
        seen.append(engine.state.progress[em.LONGEST])
    ratios = np.array(seen[1:]) / np.array(seen[:-1])
    assert set(ratios) <= {1.0, 4.0, 0.25}
    assert min(seen) >= 1.0
    assert max(seen) >= 16.0


# ------------------------------------------------------------------------------------------------------ when it ends


def judged(steps=1e-9, gain=1e-13, ratio=0.0, updates=3, settled=0, length=4.0):
    engine = engine_of([Normal(0.0, 1.0)])
    state = engine.state
    state.history[:3] = -51.0, -50.0, -50.0 + gain
    state.progress[:3] = 3, 1.0, 1.0
    state.progress[[em.RATIO, em.UPDATES, em.SETTLED, em.LENGTH]] = ratio, updates, settled, length
    state.mass[:] = 100.0
    state.theta[:] = state.theta_before + steps
    return em.judge(state, 1e-10, 100)


def test_an_end_is_confirmed_by_plain_steps_that_expect_the_slowest_ratio_of_late():
    assert judged(length=1.0) == em.CONVERGED  # no extrapolation was made: as plain EM
    assert judged() == em.RUNNING
    assert judged(settled=em.CONFIRMATIONS - 1) == em.CONVERGED
    assert judged(settled=em.CONFIRMATIONS - 1, updates=0) == em.RUNNING  # an extrapolation predicts nothing
    assert judged(settled=em.CONFIRMATIONS - 1, steps=1e-7, ratio=0.5) == em.CONVERGED
    assert judged(settled=em.CONFIRMATIONS - 1, steps=1e-7, ratio=0.999) == em.RUNNING  # 1e-4 may be left


@pytest.mark.parametrize("tol", [1e-6, 1e-10, 1e-14])
@pytest.mark.parametrize("case", ["poissons", "gammas", "tied std", "VEE", "curved steps", "two families"])
def test_converged_means_within_the_tolerance(case, tol):
    components, x, weight, rules = MODELS_OF[case]
    best = MixtureModel(components, tol=1e-16, max_iter=100_000, accelerate=None, **rules).fit(x, sample_weight=weight)
    model = MixtureModel(components, tol=tol, **rules).fit(x, sample_weight=weight)
    assert model.converged_
    assert best.log_likelihood_ - model.log_likelihood_ <= 10.0 * tol * model.total_weight_ + 1e-9
    np.testing.assert_allclose(values(model), values(best), rtol=20.0 * np.sqrt(tol), atol=20.0 * np.sqrt(tol))


# ------------------------------------------------------------------------------------------------ where it is safe


def is_accelerated(components, n_columns, **rules):
    rows = np.random.default_rng(0).normal(size=(60, n_columns))
    start = MixtureModel(components, **rules)._start(rows if n_columns > 1 else np.abs(rows[:, 0]) / 10.0, None)
    return start.engine.plan.coordinates.kind.size > 0


@pytest.mark.parametrize(
    "components, n_columns, rules, safe",
    [
        ([Normal(0.0, 1.0), Normal(1.0, 1.0)], 1, {}, True),
        ([Normal(0.0, 1.0), Normal(1.0, 1.0)], 1, {"accelerate": None}, False),
        ([Normal(0.0, 1.0), NormalInNumpy(1.0, 1.0)], 1, {}, False),
        ([Exponential(1.0), Exponential(2.0)], 1, {"tied": {"rate": {0: 1.0, 1: 3.0}}}, True),
        ([FactorNormal(np.zeros(3), np.ones((3, 1)), np.ones(3), rank=1)] * 2, 3, {}, False),
        ([FactorNormal(np.zeros(3), np.ones((3, 1)), np.ones(3), rank=1).freeze()] * 2, 3, {}, True),
    ],
)
@pytest.mark.filterwarnings("ignore:components")
def test_acceleration_is_on_where_it_is_safe(components, n_columns, rules, safe):
    assert is_accelerated(components, n_columns, **rules) == safe


def test_factors_of_probabilities_do_not_survive_log_odds():
    x = np.array([0.0, 1.0, 2.0, 3.0] * 5)
    for factors, safe in (({0: 1.0, 1: 1.0}, True), ({0: 1.0, 1: 2.0}, False)):
        parts = [NegativeBinomial(2.0, 0.3), NegativeBinomial(3.0, 0.4)]
        model = MixtureModel(parts, tied={"prob": factors})
        assert (model._start(x, None).engine.plan.coordinates.kind.size > 0) == safe


@pytest.mark.parametrize("name", MODELS)
def test_a_covariance_model_says_whether_it_survives_an_extrapolation(name):
    """Two covariances of the model move on along a line; the nearest of the model are themselves, or they are not."""
    rng, d, model = np.random.default_rng(2), 3, CovarianceModel(name)
    pairs = []
    for _ in range(2):
        root = rng.normal(size=(2, d, 5))
        parts = [MultivariateNormal(np.zeros(d), r @ r.T) for r in root]
        parts = [model.member(part, "x") for part in parts]
        boxes = [part.bounds(np.ones(d), 1e-10) for part in parts]
        pairs.append(model.started(parts, [0.5, 0.5], boxes))
    if not model.is_joint:
        assert model.holds_on_lines()
        return
    units = [part.units(np.ones(d)) for part in pairs[0]]
    places = Coordinates.of(pairs[0], units, boxes, [], [])
    theta = [np.concatenate([part.to_theta() for part in pair]) for pair in pairs]
    u = np.empty((2, theta[0].size))
    for point, coordinates in zip(theta, u, strict=True):
        fill_coordinates(places, point, coordinates, np.empty(point.size))
    ahead = theta[1].copy()
    assert step_ahead(places, ahead, u[1], 0.5 * (u[1] - u[0]))
    halves = ahead.reshape(2, -1)
    covs = [half[d : d + d * d].reshape(d, d) for half in halves]
    moved = [part.with_values(cov=cov) for part, cov in zip(pairs[1], covs, strict=True)]
    nearest = [part.cov for part in model.started(moved, [0.5, 0.5], boxes)]
    stays = np.allclose(nearest, covs, rtol=1e-8, atol=1e-10)
    assert stays == model.holds_on_lines()


@pytest.mark.parametrize("bad", ["fast", "SQUAREM", True, 1, ["squarem"]])
def test_a_bad_value_is_a_clear_error(bad):
    with pytest.raises(InvalidParameterError, match="accelerate must be 'squarem' or None; got"):
        MixtureModel(THREE, accelerate=bad).fit(NORMALS)


def test_it_is_the_default_and_an_argument_like_others():
    assert MixtureModel(THREE).get_params()["accelerate"] == "squarem"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert MixtureModel(THREE).set_params(accelerate=None).fit(NORMALS).n_iter_ > 1000
