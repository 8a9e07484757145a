"""Some columns under a mixture: new weights, and what the components say."""

import numpy as np
import pandas as pd
import pytest
import scipy.integrate

from mixtures import (
    Categorical,
    InvalidDataError,
    InvalidParameterError,
    MixtureModel,
    MultivariateNormal,
    Normal,
    NotFittedError,
    Poisson,
    Product,
    UniformBox,
    datasets,
)

COVS = np.array([[[1.0, 0.5, 0.0], [0.5, 2.0, -0.3], [0.0, -0.3, 0.5]], np.diag([0.3, 1.0, 4.0])])
NORMALS = {"a": MultivariateNormal([0.0, 1.0, 2.0], COVS[0]), "b": MultivariateNormal([2.0, -1.0, 0.0], COVS[1])}
KINDS = Categorical([0.7, 0.3], ["red", "blue"]), Categorical([0.1, 0.9], ["red", "blue"])
MODELS = {
    "normals": MixtureModel(NORMALS, weights=[0.3, 0.7]),
    "noise": MixtureModel([*NORMALS.values(), UniformBox([-5.0] * 3, [5.0] * 3)], weights=[0.2, 0.5, 0.3]),
    "nested": MixtureModel([MixtureModel(NORMALS, weights=[0.5, 0.5]), NORMALS["b"]], weights=[0.9, 0.1]),
    "products": MixtureModel(
        [Product({("x", "y"): MultivariateNormal([m, 1.0], COVS[0][:2, :2]), "n": Poisson(4.0 + m)}) for m in (0, 3)],
        weights=[0.4, 0.6],
    ),
    "inside a product": Product([MixtureModel(NORMALS, weights=[0.3, 0.7]), Normal(0.0, 1.0)]),
}


@pytest.mark.parametrize("places", [[0], [2], [0, 1], [2, 1]], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_a_joint_density_is_marginal_times_conditional(name, places, rng):
    model = MODELS[name]
    d = model.n_columns
    rest = [j for j in range(d) if j not in places]
    marginal = model.marginal(places)
    for row in model.sample(4, rng):
        conditional = model.conditional({place: row[place] for place in places})
        parts = [np.atleast_2d(row[sorted(places)]), np.atleast_2d(row[rest])]
        parts = [part[0] if part.shape[1] == 1 else part for part in parts]
        total = marginal.log_pdf(parts[0])[0] + conditional.log_pdf(parts[1])[0]
        np.testing.assert_allclose(total, model.log_pdf(row[np.newaxis])[0], rtol=1e-12, atol=1e-12)


def test_it_is_a_mixture_of_these_components_with_new_weights():
    model = MODELS["normals"]
    given = model.conditional({0: 1.5})
    assert isinstance(given, MixtureModel)
    assert given.names == ["a", "b"]
    assert list(given.components.values()) == [part.conditional({0: 1.5}) for part in NORMALS.values()]
    shares = np.array([0.3, 0.7]) * [part.marginal(0).pdf(1.5) for part in NORMALS.values()]
    np.testing.assert_allclose(given.weights, shares / shares.sum(), rtol=1e-14)
    holed = np.array([[1.5, np.nan, np.nan]])
    np.testing.assert_allclose(given.weights, model.predict_proba(holed)[0], rtol=1e-12)
    np.testing.assert_allclose(given.mean, model.impute(holed)[0, 1:], rtol=1e-12)
    both = model.marginal([0, 2])
    assert both.components["a"] == NORMALS["a"].marginal([0, 2])
    np.testing.assert_array_equal(both.weights, [0.3, 0.7])


def test_the_mean_given_a_value_is_the_ratio_of_two_integrals():
    model = MODELS["normals"].marginal([0, 1])
    top = scipy.integrate.quad(lambda y: y * model.pdf([[0.8, y]])[0], -20, 20, epsabs=1e-13)[0]
    bottom = scipy.integrate.quad(lambda y: model.pdf([[0.8, y]])[0], -20, 20, epsabs=1e-13)[0]
    given = model.conditional({0: 0.8})
    assert given.mean == pytest.approx(top / bottom, rel=1e-8)
    assert given.ppf(given.cdf(0.3)) == pytest.approx(0.3, abs=1e-9)


def test_columns_by_the_names_of_a_frame():
    geyser = datasets.load("old_faithful")
    frame = pd.DataFrame(dict(geyser))
    model = MixtureModel(MultivariateNormal(), n_components=2, n_init=2, tol=1e-8).fit(frame)
    assert model.marginal("waiting") == model.marginal(1)
    given = model.conditional({"eruptions": 2.0})
    assert given == model.conditional({0: 2.0})
    assert 50.0 < given.mean < 60.0 < model.conditional({"eruptions": 4.5}).mean
    with pytest.raises(InvalidParameterError, match="no column 'delay'; the columns are 'eruptions', 'waiting', or 0"):
        model.marginal("delay")


def test_labels_are_given_as_in_the_data():
    parts = [Product({"kind": kind, "size": Normal(5.0 * k, 1.0)}) for k, kind in enumerate(KINDS)]
    model = MixtureModel(parts, weights=[0.5, 0.5])
    np.testing.assert_allclose(model.conditional({"kind": "blue"}).weights, [0.25, 0.75], rtol=1e-14)
    assert model.conditional({"size": 0.0}).components[1] == KINDS[1]
    assert model.conditional({"size": 0.0}).weights[0] > 0.999


def test_far_values_leave_the_nearest_component():
    given = MODELS["normals"].conditional({0: 1e4})
    np.testing.assert_array_equal(given.weights, [1.0, 0.0])
    assert np.isfinite(given.mean).all()


def test_what_cannot_be_asked_is_said():
    with pytest.raises(NotFittedError, match="cannot give a marginal"):
        MixtureModel([MultivariateNormal()] * 2).marginal(0)
    boxes = MixtureModel([UniformBox([0.0, 0.0], [1.0, 1.0]), UniformBox([2.0, 2.0], [3.0, 3.0])])
    with pytest.raises(InvalidDataError, match="has density zero under this MixtureModel"):
        boxes.conditional({0: 1.5})
    np.testing.assert_array_equal(boxes.conditional({0: 2.5}).weights, [0.0, 1.0])
    model = MODELS["normals"]
    before = repr(model)
    model.conditional({0: 1.0})
    assert repr(model) == before


@pytest.mark.parametrize("name", MODELS)
def test_the_covariance_is_that_of_draws(name, rng):
    model = MODELS[name]
    draws = model.sample(50_000, rng)
    away = draws - draws.mean(axis=0)
    products = away[:, :, np.newaxis] * away[:, np.newaxis]
    error = products.std(axis=0) / np.sqrt(len(draws))
    assert np.all(np.abs(products.mean(axis=0) - model.cov) < 5.0 * error)
    np.testing.assert_allclose(np.diag(model.cov), model.var, rtol=1e-12)
    one = MixtureModel([Normal(0.0, 1.0), Normal(4.0, 1.0)])
    np.testing.assert_allclose(one.cov, [[5.0]], rtol=1e-14)
