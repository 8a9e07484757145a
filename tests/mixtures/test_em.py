"""The EM loop: each step against NumPy, when it ends, how it goes on, and its interpreted twin."""

import numpy as np
import pytest
import scipy.stats
from engines import engine_of
from scipy.special import logsumexp

from distributions.domains import POSITIVE, REAL
from mixtures import (
    ConvergenceWarning,
    Distribution,
    Exponential,
    MixtureModel,
    MultivariateNormal,
    MultivariateStudentT,
    Normal,
    Poisson,
    em,
    parameter,
)
from mixtures.observed import observed


class NormalInNumpy(Distribution):
    """The normal distribution as a user would write it, without kernels."""

    mean: float = parameter(REAL, power=1)
    std: float = parameter(POSITIVE, power=1)

    def log_pdf(self, x):
        return -0.5 * ((x - self.mean) / self.std) ** 2 - np.log(self.std) - 0.5 * np.log(2.0 * np.pi)

    def fit(self, x, sample_weight=None):
        mean = np.average(x, weights=sample_weight)
        return self.with_values(mean=mean, std=np.sqrt(np.average((x - mean) ** 2, weights=sample_weight)))

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).normal(self.mean, self.std, size)


class ShrinkingNormal(NormalInNumpy):
    """A fit that is wrong: it takes a third of the standard deviation."""

    def fit(self, x, sample_weight=None):
        right = super().fit(x, sample_weight)
        return right.with_values(std=right.std / 3.0)


def log_density(component, X):
    match component:
        case Normal():
            return scipy.stats.norm(component.mean, component.std).logpdf(X[:, 0])
        case Exponential():
            return scipy.stats.expon(scale=1.0 / component.rate).logpdf(X[:, 0])
        case Poisson():
            return scipy.stats.poisson(component.rate).logpmf(X[:, 0])
        case MultivariateNormal():
            return scipy.stats.multivariate_normal(component.mean, component.cov).logpdf(X)


def maximised(component, X, r):
    """The weighted maximum-likelihood estimate, in NumPy; frozen parameters kept."""
    mean = np.average(X, axis=0, weights=r)
    match component:
        case Normal():
            mean = component.mean if "mean" in component.frozen else mean[0]
            std = np.sqrt(np.average((X[:, 0] - mean) ** 2, weights=r))
            return component.with_values(mean=mean, std=component.std if "std" in component.frozen else std)
        case Exponential():
            return component if component.frozen else Exponential(1.0 / mean[0])
        case Poisson():
            return Poisson(mean[0])
        case MultivariateNormal():
            cov = ((X - mean) * r[:, np.newaxis]).T @ (X - mean) / r.sum()
            return component.with_values(mean=mean, cov=cov)


def numpy_step(components, weights, X, row_weight):
    """Return the log-likelihood, and the parameters after one EM step."""
    joint = np.stack([np.log(w) + log_density(c, X) for w, c in zip(weights, components, strict=True)])
    total = logsumexp(joint, axis=0)
    r = row_weight * np.exp(joint - total)
    return (
        row_weight @ total,
        [maximised(c, X, share) for c, share in zip(components, r, strict=True)],
        r.sum(axis=1) / r.sum(),
    )


def values(components):
    return np.concatenate([np.ravel(v) for component in components for v in component.parameters.values()])


def two_groups(n=400, d=1):
    rng = np.random.default_rng(7)
    x = np.concatenate([rng.normal(1.0, 1.0, (n // 2, d)), rng.normal(4.0, 1.5, (n // 2, d))])
    return np.abs(x) if d == 1 else x


def counts():
    return np.random.default_rng(7).poisson(4.0, (300, 1)).astype(float)


STEPS = {
    "normals": ([Normal(0.0, 1.0), Normal(5.0, 1.0)], two_groups()),
    "normal, exponential": ([Normal(4.0, 1.0), Exponential(1.0)], two_groups()),
    "frozen in part": ([Normal(4.0, 1.0).freeze("mean"), Normal(1.0, 0.7).freeze("std")], two_groups()),
    "frozen beside free": ([Normal(4.0, 1.0), Exponential(1.0).freeze()], two_groups()),
    "poissons": ([Poisson(2.0), Poisson(7.0), Poisson(4.0)], counts()),
    "columns": ([MultivariateNormal([0.0] * 3, np.eye(3)), MultivariateNormal([5.0] * 3, np.eye(3))], two_groups(d=3)),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", STEPS)
def test_each_step_equals_a_step_in_numpy(case, weighted, rng):
    components, X = STEPS[case]
    weights = np.full(len(components), 1.0 / len(components))
    row_weight = rng.uniform(0.1, 3.0, len(X)) if weighted else np.ones(len(X))
    engine = engine_of(components, X=X)
    data = observed(X, row_weight if weighted else None)
    em.run(engine, data, tol=0.0, max_iter=1000, n_sweeps=1)
    for step in range(6):
        log_likelihood, components, weights = numpy_step(components, weights, X, row_weight)
        assert engine.history[step] == pytest.approx(log_likelihood, rel=1e-12)
        em.run(engine, data, tol=0.0, max_iter=1000, n_sweeps=1)
        np.testing.assert_allclose(engine.state.weights, weights, rtol=1e-9)
        np.testing.assert_allclose(values(engine.parameters.leaves), values(components), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("case", STEPS)
def test_the_likelihood_never_falls_and_ends_at_the_parameters_that_are_given(case):
    components, X = STEPS[case]
    model = MixtureModel(components).fit(X)
    rounding = 1e-13 * abs(model.log_likelihood_)
    assert np.all(np.diff(model.history_) >= -rounding)
    assert model.converged_
    assert len(model.history_) == model.n_iter_ + 1
    assert model.history_[-1] == model.log_likelihood_
    assert model.log_likelihood(X) == pytest.approx(model.log_likelihood_, rel=1e-13)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=0), model.effective_counts_, rtol=1e-9)
    again = MixtureModel(model.components_, weights=model.weights_).fit(X)
    assert again.log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-12)


def test_history_is_the_same_climb_as_in_numpy_to_its_end():
    components, X = STEPS["normals"]
    model = MixtureModel(components, accelerate=None).fit(X)
    weights, expected = np.array([0.5, 0.5]), []
    for _ in range(model.n_iter_ + 1):
        log_likelihood, components, weights = numpy_step(components, weights, X, np.ones(len(X)))
        expected.append(log_likelihood)
    np.testing.assert_allclose(model.history_, expected, rtol=1e-12)


@pytest.mark.parametrize("components", [STEPS["normals"][0], [NormalInNumpy(0.0, 1.0), Normal(5.0, 1.0)]])
@pytest.mark.parametrize("pieces", [[1] * 2000, [3, 1, 40, 2000], [2000]])
def test_a_run_in_pieces_is_the_same_run(components, pieces):
    X = two_groups()
    whole, parts = (
        engine_of(components, X=X),
        engine_of(components, X=X),
    )
    status = em.run(whole, observed(X), tol=1e-12, max_iter=1000)
    for n_sweeps in pieces:
        part_status = em.run(parts, observed(X), tol=1e-12, max_iter=1000, n_sweeps=n_sweeps)
        if part_status != em.RUNNING:
            break
    assert part_status == status == em.CONVERGED
    np.testing.assert_array_equal(parts.history, whole.history)
    np.testing.assert_array_equal(parts.state.weights, whole.state.weights)
    assert parts.parameters.leaves == whole.parameters.leaves


def test_a_long_run_returns_to_python_now_and_then_and_is_the_same(monkeypatch):
    X = two_groups()
    whole, parts = (
        engine_of(STEPS["normals"][0], X=X),
        engine_of(STEPS["normals"][0], X=X),
    )
    em.run(whole, observed(X), tol=1e-12, max_iter=1000)
    monkeypatch.setattr(em, "PULSE", 1)
    em.run(parts, observed(X), tol=1e-12, max_iter=1000)
    np.testing.assert_array_equal(parts.history, whole.history)


# ------------------------------------------------------------------------------------------------ when it ends


@pytest.mark.parametrize(
    "step, previous, left",
    [
        (1.0, 2.0, 1.0),  # halves: 1/2 + 1/4 + ...
        (1.0, 10.0, 1 / 9),
        (1.0, np.inf, 0.0),  # no step before
        (1.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        (1.0, 1.0, 9999.0),  # not shrinking: the slowest ratio that is believed
        (2.0, 1.0, 2 * 9999.0),
    ],
)
def test_the_steps_to_come_are_predicted_as_a_geometric_sum(step, previous, left):
    assert em.remaining(step, previous) == pytest.approx(left, rel=1e-9)


def judged(history, steps=(1e-3, 0.0), tol=1e-10, max_iter=100, previous=(np.inf, np.inf), noise=0.0, quiet=0.0):
    """Return the verdict on a record: log-likelihoods so far, and the last step of mean and std in their units."""
    engine = engine_of([Normal(0.0, 1.0)])
    state = engine.state
    state.history[: len(history)] = history
    state.progress[:3] = len(history), *previous
    state.progress[em.UPDATES] = len(history) - 1
    state.progress[em.NOISE], state.progress[em.QUIET] = noise, quiet
    state.mass[:] = 100.0
    state.theta[:] = state.theta_before + np.array(steps)
    return em.judge(state, tol, max_iter)


@pytest.mark.parametrize(
    "record, verdict",
    [
        ({"history": [-50.0]}, em.RUNNING),
        ({"history": [np.nan]}, em.FAILED),
        ({"history": [-50.0, -np.inf]}, em.FAILED),
        ({"history": [-50.0, np.inf]}, em.FAILED),
        ({"history": [-50.0, -49.0]}, em.RUNNING),
        ({"history": [-50.0, -50.0 - 1e-6]}, em.FELL),
        ({"history": [-50.0, -50.0 - 1e-14]}, em.RUNNING),  # rounding is no fall
        ({"history": [-50.0, -50.0], "steps": (0.0, 0.0)}, em.CONVERGED),  # a fixed point
        ({"history": [-50.0, -49.0, -49.0 + 1e-12], "previous": (1.0, 2e-3)}, em.RUNNING),  # parameters still move
        ({"history": [-50.0, -49.0, -49.0 + 1e-12], "previous": (1.0, 1.0), "steps": (1e-6, 0.0)}, em.CONVERGED),
        # A crawl: each gain is below the tolerance, but they hardly shrink.
        (
            {"history": [-50.0, -49.0, -49.0 + 1e-9], "previous": (1.0001e-9, 1.0001e-6), "steps": (1e-6, 0.0)},
            em.RUNNING,
        ),
        ({"history": [-50.0, -49.0], "max_iter": 1}, em.LIMIT),
        ({"history": [-50.0, -49.0], "max_iter": 2}, em.RUNNING),
        ({"history": [-50.0, -50.5], "max_iter": 1}, em.FELL),
        # Gains of no more than rounding, for long, while parameters move: a flat ridge.
        ({"history": [-50.0, -49.0, -49.0], "previous": (1.0, 2e-3), "quiet": em.PATIENCE - 1.0}, em.CONVERGED),
        ({"history": [-50.0, -49.0, -49.0], "previous": (1.0, 2e-3), "quiet": em.PATIENCE - 2.0}, em.RUNNING),
        ({"history": [-50.0, -49.0, -49.0 + 1e-6], "previous": (1.0, 2e-3), "quiet": em.PATIENCE - 1.0}, em.RUNNING),
        # A fall beyond the rounding of a sum counts as many of these, and says how much rounding is here.
        (
            {
                "history": [-50.0, -49.0, -49.0 - 5e-8],
                "previous": (1.0, 2e-3),
                "quiet": em.PATIENCE * (1.0 - 1.0 / em.FALLS),
            },
            em.CONVERGED,
        ),
        (
            {
                "history": [-50.0, -49.0, -49.0 + 5e-8],
                "noise": 6e-8,
                "previous": (1.0, 2e-3),
                "quiet": em.PATIENCE - 1.0,
            },
            em.CONVERGED,
        ),
        (
            {
                "history": [-50.0, -49.0, -49.0 + 5e-8],
                "noise": 4e-8,
                "previous": (1.0, 2e-3),
                "quiet": em.PATIENCE - 1.0,
            },
            em.RUNNING,
        ),
    ],
)
def test_judgement(record, verdict):
    assert judged(**record) == verdict


def test_a_fall_puts_back_the_parameters_before_it_and_what_belongs_to_them():
    X = np.random.default_rng(0).normal(size=(200, 1))
    components = [ShrinkingNormal(0.0, 1.0), Normal(0.5, 1.0)]
    model = MixtureModel(components, weights=[0.3, 0.7])
    with pytest.warns(ConvergenceWarning, match="lowered the log-likelihood"):
        model.fit(X)
    assert model.history_[-1] < model.history_[-2] == model.log_likelihood_
    assert model.log_likelihood(X) == pytest.approx(model.log_likelihood_, rel=1e-13)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=0), model.effective_counts_, rtol=1e-9)
    assert not model.converged_


@pytest.mark.parametrize("accelerate", ["squarem", None])
@pytest.mark.parametrize(
    "component, covariance, noise",
    [
        (MultivariateNormal(), None, 1e-4),
        (MultivariateNormal(), None, 1e-5),
        (MultivariateNormal(), None, 3e-6),
        (MultivariateNormal(), "VEV", 1e-4),
        (MultivariateStudentT(), None, 1e-5),
    ],
)
def test_columns_that_are_all_but_collinear_converge(component, covariance, accelerate, noise, rng):
    x = np.concatenate([rng.normal(size=(200, 3)), 2.5 + 1.5 * rng.normal(size=(200, 3))])
    x[:, 2] = x[:, 0] + x[:, 1] + noise * rng.normal(size=400)
    settings = {"n_components": 2, "n_init": 3, "covariance": covariance, "accelerate": accelerate}
    model = MixtureModel(component, **settings).fit(x)
    assert model.converged_
    assert np.diff(model.history_).min() > -400.0 * em.MOST_FALL


@pytest.mark.parametrize("factor, happens", [(0.5, True), (2.0, False)])
def test_a_fall_is_let_happen_if_the_condition_of_the_covariance_can_make_it(factor, happens):
    cov = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-10]])
    engine = engine_of([MultivariateNormal([0.0, 0.0], cov)])
    state, slack = engine.state, 100.0 * MultivariateNormal([0.0, 0.0], cov).rounding
    state.leaf_mass[:] = state.mass[:] = 100.0
    state.history[:2] = -50.0, -50.0 - factor * slack
    state.progress[em.SWEEPS] = 2
    assert em._is_rounding(engine) == happens
    assert state.progress[em.SWEEPS] == 2 - happens
    assert state.progress[em.SLACK] == (pytest.approx(slack) if happens else 0.0)


def test_a_large_fall_is_told_whatever_the_condition():
    cov = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-13]])
    engine = engine_of([MultivariateNormal([0.0, 0.0], cov)])
    engine.state.leaf_mass[:] = engine.state.mass[:] = 100.0
    engine.state.history[:2] = -50.0, -50.0 - 1.1e-4
    engine.state.progress[em.SWEEPS] = 2
    assert not em._is_rounding(engine)


def test_what_rounding_can_do_is_known():
    """Beside an exact covariance, of one rounded at random the likelihood falls by less, and not by nothing."""
    rng, found = np.random.default_rng(1), []
    for spread in (1e-3, 1e-4, 1e-5):
        std = np.array([3.0, 1e-4, 1e6])
        root = np.tril(rng.normal(size=(3, 3)), -1) + np.diag([1.0, 1.0, spread])
        cov = root @ root.T * np.outer(std, std)
        normal = MultivariateNormal(np.zeros(3), cov)
        falls = []
        for _ in range(20):
            wrong = cov * (1.0 + 2.0 * np.finfo(float).eps * np.tril(rng.uniform(-1.0, 1.0, (3, 3))))
            wrong = np.tril(wrong) + np.tril(wrong, -1).T
            ratio = np.linalg.eigvals(np.linalg.solve(cov, wrong - cov))
            falls.append(float(np.sum(ratio.real**2)) / 4.0)
        assert max(falls) < normal.rounding
        found.append(max(falls) / normal.rounding)
    assert min(found) > 1e-4
    assert MultivariateNormal(np.zeros(2), np.eye(2)).rounding < 1e-28
    assert Normal(0.0, 1.0).rounding == 0.0


@pytest.mark.parametrize("seed", [1, 3, 8, 13])
def test_a_flat_ridge_has_an_end(seed):
    x = np.random.default_rng(seed).poisson(3.0, 1000)
    model = MixtureModel([Poisson(), Poisson()], n_init=10, accelerate=None).fit(x)
    assert model.converged_
    assert model.n_iter_ < 10_000


@pytest.mark.parametrize("max_iter", [1, 2, 7])
def test_the_limit_counts_updates(max_iter):
    X = two_groups()
    with pytest.warns(ConvergenceWarning, match=f"EM made max_iter = {max_iter} updates"):
        model = MixtureModel(STEPS["normals"][0], max_iter=max_iter).fit(X)
    assert model.n_iter_ == max_iter
    assert len(model.history_) == max_iter + 1
    assert model.log_likelihood(X) == pytest.approx(model.log_likelihood_, rel=1e-13)
    assert model.history_[-1] > model.history_[0]


@pytest.mark.parametrize("accelerate", [None, "squarem"])
@pytest.mark.parametrize("tol", [1e-6, 1e-10, 1e-14])
def test_at_the_end_the_optimum_is_as_near_as_the_tolerance_says(tol, accelerate):
    # Components that overlap so much that EM crawls: each step gains little long before the end.
    rng = np.random.default_rng(3)
    X = np.concatenate([rng.normal(0.0, 1.0, 500), rng.normal(2.2, 1.0, 500)])[:, np.newaxis]
    start = [Normal(-0.5, 1.0), Normal(3.0, 1.0)]
    best = MixtureModel(start, tol=1e-16, max_iter=100_000, accelerate=None).fit(X)
    model = MixtureModel(start, tol=tol, accelerate=accelerate).fit(X)
    assert model.converged_
    assert best.log_likelihood_ - model.log_likelihood_ <= 10 * tol * len(X) + 1e-10
    np.testing.assert_allclose(values(model.components_), values(best.components_), atol=10 * np.sqrt(tol))


# ------------------------------------------------------------------------------------------------ twins, frozen


@pytest.mark.parametrize(
    "compiled, in_numpy",
    [
        ([Normal(0.0, 1.0), Normal(5.0, 1.0)], [NormalInNumpy(0.0, 1.0), NormalInNumpy(5.0, 1.0)]),
        ([Normal(0.0, 1.0), Normal(5.0, 1.0)], [Normal(0.0, 1.0), NormalInNumpy(5.0, 1.0)]),
        ([Exponential(1.0), Normal(5.0, 1.0)], [Exponential(1.0), NormalInNumpy(5.0, 1.0)]),
        ([Normal(0.0, 1.0)], [NormalInNumpy(0.0, 1.0)]),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_interpreted_loop_climbs_as_the_compiled_one(compiled, in_numpy, weighted, rng):
    X = two_groups()
    weight = rng.uniform(0.1, 3.0, len(X)) if weighted else None
    one, other = (
        engine_of(compiled, X=X),
        engine_of(in_numpy, X=X),
    )
    assert (one.interpreted, other.interpreted) == (False, True)
    for _ in range(40):
        for engine in (one, other):
            em.run(engine, observed(X, weight), tol=0.0, max_iter=1000, n_sweeps=1)
    steps = min(len(one.history), len(other.history))
    np.testing.assert_allclose(one.history[:steps], other.history[:steps], rtol=1e-12)
    np.testing.assert_allclose(values(one.parameters.leaves), values(other.parameters.leaves), rtol=1e-9)
    np.testing.assert_allclose(one.state.weights, other.state.weights, rtol=1e-9)


def test_the_interpreted_loop_converges_to_the_same_optimum():
    X = two_groups()
    one = MixtureModel([Normal(0.0, 1.0), Normal(5.0, 1.0)]).fit(X)
    other = MixtureModel([NormalInNumpy(0.0, 1.0), NormalInNumpy(5.0, 1.0)]).fit(X)
    assert other.converged_
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_, rel=1e-12)
    np.testing.assert_allclose(values(other.components_), values(one.components_), rtol=1e-5)


@pytest.mark.parametrize(
    "frozen",
    [
        Normal(0.1 + 0.2, 1.0 / 3.0).freeze(),
        Exponential(1.0 / 3.0).freeze(),
        NormalInNumpy(0.1 + 0.2, 1.0 / 3.0).freeze(),  # its own fit does not know what frozen means
    ],
)
def test_a_frozen_component_stays_to_the_bit_while_its_weight_moves(frozen):
    model = MixtureModel([frozen, Normal(4.0, 1.0)]).fit(two_groups())
    assert model.components_[0] == frozen
    assert model.weights_[0] != 0.5
    assert model.components_[1] != Normal(4.0, 1.0)


def test_with_every_component_frozen_only_the_weights_are_fitted():
    X = two_groups()
    components = [Normal(1.0, 1.0).freeze(), Normal(4.0, 1.5).freeze()]
    model = MixtureModel(components).fit(X)
    assert model.components_ == components
    shares = model.predict_proba(X).mean(axis=0)
    np.testing.assert_allclose(model.weights_, shares, atol=1e-7)  # stationary


def test_a_component_that_loses_its_rows_keeps_its_parameters_to_the_bit():
    X = two_groups()
    lost = Normal(-1e5, 0.1 + 0.2)
    engine = engine_of([lost, Normal(2.0, 2.0)], X=X)
    assert em.run(engine, observed(X), tol=1e-12, max_iter=1000) == em.CONVERGED
    assert engine.parameters.leaves[0] == lost
    np.testing.assert_array_equal(engine.state.weights, [0.0, 1.0])
    assert engine.parameters.leaves[1].mean == pytest.approx(X.mean(), rel=1e-12)


def test_a_weight_of_zero_stays_zero():
    X = two_groups()
    engine = engine_of([Normal(1.0, 1.0), Normal(4.0, 1.0), Normal(2.0, 1.0)], [0.5, 0.5, 0.0], X=X)
    em.run(engine, observed(X), tol=1e-12, max_iter=1000)
    assert engine.state.weights[2] == 0.0
    assert engine.parameters.leaves[2] == Normal(2.0, 1.0)
    assert np.isfinite(engine.history).all()
