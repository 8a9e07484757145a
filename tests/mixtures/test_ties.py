"""Values that components share: equal, in ratio, or whole parts of products."""

import numpy as np
import pytest
from scipy import optimize

from mixtures import (
    Gamma,
    MixtureModel,
    NegativeBinomial,
    Normal,
    StudentT,
    VonMises,
    Weibull,
)


@pytest.fixture
def x(rng):
    return np.concatenate([rng.normal(-2.0, 0.7, 120), rng.normal(2.0, 1.4, 180)])


def direct(make, start, x, weight=None):
    """Return a maximum of the log-likelihood of ``make(v)`` over v, found without EM, and the log-likelihood there."""

    def loss(v):
        return -make(v).log_likelihood(x, weight)

    best = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxfev": 200})
    for _ in range(3):
        best = optimize.minimize(loss, best.x, method="BFGS", options={"gtol": 1e-10})
    v, h = best.x, 1e-3
    p = len(v)
    for _ in range(4):  # Newton's method from differences: BFGS stops at the rounding of a long sum
        steps = h * np.eye(p)
        score = np.array(
            [(8 * (loss(v + e) - loss(v - e)) - loss(v + 2 * e) + loss(v - 2 * e)) / 12 / h for e in steps]
        )
        bend = np.array(
            [
                [(loss(v + a + b) - loss(v + a - b) - loss(v - a + b) + loss(v - a - b)) / (4 * h * h) for a in steps]
                for b in steps
            ]
        )
        v = v - np.linalg.solve(bend, score)
    return v, -loss(v)


def share(t):
    w = 1.0 / (1.0 + np.exp(-t))
    return [w, 1.0 - w]


def climbs(model):
    return np.all(np.diff(model.history_) >= -1e-9)


def pooled_em(x, weight, mean, std, share, steps):
    """EM of normals of one standard deviation, in closed form."""
    history = []
    for _ in range(steps):
        joint = share * np.exp(-0.5 * ((x[:, None] - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
        history.append(weight @ np.log(joint.sum(axis=1)))
        r = weight[:, None] * joint / joint.sum(axis=1, keepdims=True)
        mass = r.sum(axis=0)
        share, mean = mass / mass.sum(), (r.T @ x) / mass
        std = np.sqrt((r * (x[:, None] - mean) ** 2).sum() / mass.sum())
    return share, mean, std, history[-1]


@pytest.mark.parametrize("weighted", [False, True])
def test_one_standard_deviation_equals_the_pooled_closed_form(weighted, x, rng):
    weight = rng.uniform(0.3, 2.0, x.size) if weighted else np.ones(x.size)
    model = MixtureModel([Normal(-1.0, 1.0), Normal(1.0, 1.0)], tied="std", tol=1e-20).fit(x, sample_weight=weight)
    share, mean, std, best = pooled_em(x, weight, np.array([-1.0, 1.0]), 1.0, np.array([0.5, 0.5]), 3000)
    assert model.converged_ and climbs(model)
    np.testing.assert_allclose(model.weights_, share, atol=1e-8)
    np.testing.assert_allclose([c.mean for c in model.components_], mean, atol=1e-8)
    assert model.components_[0].std == model.components_[1].std == pytest.approx(std, rel=1e-8)
    assert model.log_likelihood_ == pytest.approx(best, abs=1e-8)
    assert model.n_parameters == 4


def test_signed_and_scaled_values_as_in_mixtools(x):
    tied = {"mean": {"a": 1, "b": -1}, "std": {"a": 1, "b": 2}}
    model = MixtureModel({"a": Normal(), "b": Normal()}, tied=tied, n_init=5).fit(x)
    a, b = model.components_.values()
    assert (b.mean, b.std) == (-a.mean, 2 * a.std) and model.n_parameters == 3 and model.converged_

    def make(v):
        return MixtureModel([Normal(v[1], np.exp(v[2])), Normal(-v[1], 2 * np.exp(v[2]))], weights=share(v[0]))

    v, best = direct(make, [0.0, a.mean + 0.1, 0.0], x)
    np.testing.assert_allclose([*model.weights_, a.mean, a.std], [*share(v[0]), v[1], np.exp(v[2])], atol=1e-6)
    assert model.log_likelihood_ == pytest.approx(best, abs=1e-8)


CASES = {
    "gamma": (
        "shape",
        lambda v: [Gamma(np.exp(v[1]), np.exp(v[2])), Gamma(np.exp(v[1]), np.exp(v[3]))],
        [0.0, 1.5, 1.0, -0.5],
    ),
    "student t": (
        "df",
        lambda v: [StudentT(np.exp(v[1]), v[2], np.exp(v[3])), StudentT(np.exp(v[1]), v[4], np.exp(v[5]))],
        [0.0, 1.5, -3.0, 0.0, 3.0, 0.0],
    ),
    "negative binomial": (
        "size",
        lambda v: [
            NegativeBinomial(np.exp(v[1]), 1 / (1 + np.exp(-v[2]))),
            NegativeBinomial(np.exp(v[1]), 1 / (1 + np.exp(-v[3]))),
        ],
        [0.0, 1.5, 1.0, -2.0],
    ),
    "weibull": (
        "shape",
        lambda v: [Weibull(np.exp(v[1]), np.exp(v[2])), Weibull(np.exp(v[1]), np.exp(v[3]))],
        [0.0, 1.0, 0.0, 2.0],
    ),
    "von mises": (
        "concentration",
        lambda v: [VonMises(v[2], np.exp(v[1])), VonMises(v[3], np.exp(v[1]))],
        [0.0, 1.5, -1.0, 1.5],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_shared_parameter_of_any_family_equals_a_direct_maximum(case, rng):
    name, components, truth = CASES[case]
    data = MixtureModel(components(truth), weights=share(truth[0])).sample(500, rng)
    start = MixtureModel(components(np.add(truth, 0.1)), weights=[0.5, 0.5])
    model = MixtureModel(start.components, weights=[0.5, 0.5], tied=name).fit(data)
    v, best = direct(lambda v: MixtureModel(components(v), weights=share(v[0])), truth, data)
    wanted = [value for part in components(v) for value in part.parameters.values()]
    found = [value for part in model.components_ for value in part.parameters.values()]
    assert model.converged_ and climbs(model)
    np.testing.assert_allclose([*found, *model.weights_], [*wanted, *share(v[0])], rtol=1e-6)
    assert model.log_likelihood_ == pytest.approx(best, abs=1e-8)
    assert model.n_parameters == len(truth)
