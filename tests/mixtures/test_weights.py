"""Mixing proportions that a fit may not move, or only in part."""

import json

import numpy as np
import pytest
from scipy.optimize import minimize

from mixtures import (
    Exponential,
    InvalidParameterError,
    MixtureModel,
    Normal,
    Poisson,
    Product,
    UnknownParameterError,
    ZeroInflated,
)


@pytest.fixture
def x(rng):
    return np.concatenate([rng.normal(0.0, 1.0, 300), rng.normal(4.0, 1.0, 500), rng.normal(9.0, 1.0, 200)])


def start(**options):
    return MixtureModel({"a": Normal(0, 1), "b": Normal(4, 1), "c": Normal(9, 1)}, weights=[0.2, 0.3, 0.5], **options)


def test_frozen_weights_stay_to_the_bit_while_the_rest_is_maximal(x):
    model = start(freeze_weights=True).fit(x)
    np.testing.assert_array_equal(model.weights_, [0.2, 0.3, 0.5])
    assert np.all(np.diff(model.history_) > -1e-9)
    assert model.n_parameters == 6

    def loss(p):
        z = (x[:, None] - p[:3]) / np.exp(p[3:])
        return -np.log(np.exp(-0.5 * z**2 - p[3:]) / np.sqrt(2 * np.pi) @ [0.2, 0.3, 0.5]).sum()

    found = minimize(loss, [0, 4, 9, 0, 0, 0], options={"gtol": 1e-9})
    assert model.log_likelihood_ == pytest.approx(-found.fun, abs=1e-6)


@pytest.mark.parametrize("chosen", [["a"], [0]])
def test_the_others_share_what_a_frozen_weight_leaves(x, chosen):
    model = start(freeze_weights=chosen).fit(x)
    assert model.weights_[0] == 0.2
    assert model.weights_.sum() == pytest.approx(1.0, rel=1e-15)
    assert model.n_parameters == 7
    counts = model.effective_counts_
    np.testing.assert_allclose(model.weights_[1:], 0.8 * counts[1:] / counts[1:].sum(), rtol=1e-6)
    for step in (1e-4, -1e-4):
        other = MixtureModel(model.components_, weights=model.weights_ + np.array([0.0, step, -step]))
        assert other.log_likelihood(x) < model.log_likelihood_


def test_frozen_weights_beside_unknown_components(x):
    model = MixtureModel([Normal()] * 3, weights=[0.3, 0.5, 0.2], freeze_weights=True).fit(x)
    np.testing.assert_array_equal(model.weights_, [0.3, 0.5, 0.2])
    np.testing.assert_allclose([c.mean for c in model.components_], [0, 4, 9], atol=0.4)


def test_frozen_weights_of_inner_mixtures(x, rng):
    inner = MixtureModel([Normal(4, 1), Normal(9, 1)], weights=[0.7, 0.3], freeze_weights=True)
    model = MixtureModel([Normal(0, 1), inner]).fit(x)
    np.testing.assert_array_equal(model.components_[1].weights, [0.7, 0.3])
    assert model.components_[1].freeze_weights is True
    X = np.column_stack([x, rng.poisson(3.0, len(x))])
    product = MixtureModel([Product([start(freeze_weights=["b"]), Poisson()])]).fit(X)
    assert product.components_[0].parts[0].weights[1] == 0.3


def test_freeze_reaches_components_parameters_and_weights(x):
    model = start().freeze("b", "c.std", "weights").fit(x)
    assert model.components_["b"] == Normal(4, 1).freeze()
    assert model.components_["c"].std == 1.0
    assert model.components_["c"].mean != 9.0
    np.testing.assert_array_equal(model.weights_, [0.2, 0.3, 0.5])
    assert model.n_parameters == 3
    whole = model.freeze()
    assert whole.n_parameters == 0
    assert whole.fit(x).log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-14)
    assert whole.components_["a"] == model.components_["a"].freeze()
    assert start().freeze_weights is False


def test_freeze_a_mixture_inside_a_product(rng):
    part = MixtureModel([Normal(0, 1), Normal(5, 1)], weights=[0.5, 0.5])
    product = Product({"x": part, "y": Exponential(2.0)}).freeze("x")
    fitted = product.fit(np.column_stack([rng.normal(2, 3, 100), rng.exponential(1, 100)]))
    assert fitted.parts["x"].components == [Normal(0, 1).freeze(), Normal(5, 1).freeze()]
    assert fitted.parts["y"].rate != 2.0


def test_a_zero_inflated_component_keeps_a_frozen_prob_in_a_product(rng):
    X = np.column_stack([rng.poisson(3, 200) * (rng.random(200) < 0.7), rng.normal(size=200)])
    part = ZeroInflated(Poisson(), prob=0.5).freeze("prob")
    model = MixtureModel([Product([part, Normal()])]).fit(X)
    assert model.components_[0].parts[0].prob == 0.5


def test_it_is_part_of_the_value(x):
    model = start(freeze_weights=["b"])
    assert MixtureModel.from_dict(json.loads(json.dumps(model.to_dict()))).freeze_weights == ["b"]
    assert "freeze_weights=['b']" in repr(model)
    assert model.get_params()["freeze_weights"] == ["b"]
    assert model != start()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"freeze_weights": "a"}, "freeze_weights must be True, False or a list of components; got 'a'"),
        ({"freeze_weights": 3}, "freeze_weights must be True, False or a list"),
        ({"freeze_weights": ["d"]}, r"freeze_weights names 'd'; the components are 'a', 'b', 'c', or 0 to 2"),
        ({"freeze_weights": [3]}, "freeze_weights names 3"),
    ],
)
def test_a_choice_that_is_none_is_refused(x, options, message):
    with pytest.raises(InvalidParameterError, match=message):
        start(**options).fit(x)


def test_what_cannot_be_frozen_is_named(x):
    with pytest.raises(InvalidParameterError, match="freeze_weights needs weights to freeze"):
        MixtureModel([Normal()] * 2, freeze_weights=True).fit(x)
    with pytest.raises(InvalidParameterError, match="no component 'z.mean' to freeze; it has weights, a, b, c"):
        start().freeze("z.mean")
    with pytest.raises(InvalidParameterError, match="Normal has no parameter 'rate'"):
        start().freeze("a.rate")
    with pytest.raises(UnknownParameterError):
        MixtureModel([Normal(), Normal(0, 1)], weights=[0.5, 0.5]).freeze()
