"""`MixtureModel` as an estimator and as a distribution."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from sklearn.base import clone

from distributions.domains import POSITIVE, REAL
from mixtures import (
    Distribution,
    Exponential,
    InvalidDataError,
    InvalidParameterError,
    MixtureModel,
    MultivariateNormal,
    Normal,
    NotFittedError,
    Poisson,
    datasets,
    parameter,
)

WAITING = datasets.load("old_faithful")["waiting"]
TWO_COLUMNS = np.column_stack([datasets.load("old_faithful")["eruptions"], WAITING])


class Tent(Distribution):
    """The Laplace distribution as a user would write it: plain NumPy, no cdf, no kernels."""

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    def log_pdf(self, x):
        return -np.abs(np.asarray(x, dtype=float) - self.loc) / self.scale - np.log(2.0 * self.scale)

    def fit(self, x, sample_weight=None):
        weight = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight)
        order = np.argsort(x)
        share = np.cumsum(weight[order]) / weight.sum()
        loc = self.loc if "loc" in self.frozen else x[order][np.searchsorted(share, 0.5)]
        return self.with_values(loc=loc, scale=np.average(np.abs(x - loc), weights=weight))

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).laplace(self.loc, self.scale, size)


class SubclassedModel(MixtureModel):
    """As people write estimators of their own."""


def fitted(**settings):
    return MixtureModel({"short": Normal(), "long": Normal()}, **settings).fit(WAITING)


def three():
    return MixtureModel([Normal(0.0, 1.0), Exponential(0.25), Normal(20.0, 2.0)], weights=[0.5, 0.2, 0.3])


# ------------------------------------------------------------------------------------------------ components


@pytest.mark.parametrize(
    "model, names",
    [
        (MixtureModel([Normal(), Exponential(), Normal()]), ["Normal 1", "Exponential", "Normal 2"]),
        (MixtureModel((Normal(), Poisson())), ["Normal", "Poisson"]),
        (MixtureModel({"a": Normal(), "b": Normal()}), ["a", "b"]),
        (MixtureModel(Poisson(), n_components=2), ["Poisson 1", "Poisson 2"]),
        (MixtureModel([MixtureModel(Normal(), n_components=2), Normal()]), ["MixtureModel", "Normal"]),
    ],
)
def test_names_are_the_keys_or_family_and_number(model, names):
    assert model.names == names


def test_the_same_components_in_any_form_are_the_same_fit():
    as_list = MixtureModel([Normal(), Normal()]).fit(WAITING)
    as_dict = fitted()
    prototype = MixtureModel(Normal(), n_components=2).fit(WAITING)
    assert list(as_dict.components_) == ["short", "long"]
    assert as_list.components_ == prototype.components_ == list(as_dict.components_.values())
    np.testing.assert_array_equal(as_list.weights_, as_dict.weights_)


def test_components_are_independent_values_although_a_list_repeats_one():
    model = MixtureModel([Normal()] * 2).fit(WAITING)
    assert model.components_[0].mean < model.components_[1].mean - 20.0


def test_given_weights_are_scaled_and_equal_ones_are_the_default():
    x = np.array([0.0, 3.0])
    one, other = Normal(0.0, 1.0), Normal(3.0, 1.0)
    density = MixtureModel([one, other], weights=[1, 3]).pdf(x)
    np.testing.assert_allclose(density, 0.25 * one.pdf(x) + 0.75 * other.pdf(x), rtol=1e-14)
    np.testing.assert_allclose(MixtureModel([one, other]).pdf(x), 0.5 * one.pdf(x) + 0.5 * other.pdf(x), rtol=1e-14)


@pytest.mark.parametrize("components", [Normal, 5, "ab", None, {Normal()}])
def test_what_is_no_list_of_distributions_is_named(components):
    with pytest.raises(InvalidParameterError, match="MixtureModel: components must be a list or dict"):
        MixtureModel(components).fit(WAITING)


def test_names_are_text():
    with pytest.raises(InvalidParameterError, match="names of components must be text; got 1"):
        MixtureModel({1: Normal(), "1": Normal()}).fit(WAITING)


# ------------------------------------------------------------------------------------------------ an estimator


def test_arguments_are_stored_untouched_and_come_back():
    components, weights, rng = [Normal(), Exponential()], [2, 6], np.random.default_rng(0)
    model = MixtureModel(components, weights=weights, rng=rng, tol=1e-8)
    params = model.get_params()
    assert params["components"] is components
    assert params["weights"] is weights
    assert params["rng"] is rng
    assert set(params) >= {"components", "n_components", "weights", "n_init", "tol", "max_iter", "rng"}
    assert MixtureModel(**params).get_params() == params
    assert model.set_params(tol=1e-3, n_init=2) is model
    assert (model.tol, model.n_init) == (1e-3, 2)


def test_an_unknown_argument_is_named_and_nothing_is_set_by_it():
    model = MixtureModel([Normal()])
    with pytest.raises(InvalidParameterError, match="MixtureModel has no argument 'tolerance'; it has components, "):
        model.set_params(tolerance=1e-3)
    with pytest.raises(TypeError):
        MixtureModel([Normal()], 2)


def test_clone_is_unfitted_with_the_same_arguments():
    nested = MixtureModel([MixtureModel([Normal(), Normal(80.0, 5.0)]), Normal(55.0)], n_init=3, rng=7)
    for model in (fitted(tol=1e-6), nested.fit(WAITING), MixtureModel(Normal(), n_components=3)):
        twin = clone(model)
        assert type(twin) is MixtureModel
        assert not hasattr(twin, "weights_")
        assert repr(twin) == repr(model)
        assert clone(twin).get_params().keys() == model.get_params().keys()


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_keep_the_fit(how):
    model = fitted()
    twin = how(model)
    assert twin == model
    np.testing.assert_array_equal(twin.predict_proba(WAITING), model.predict_proba(WAITING))
    np.testing.assert_array_equal(twin.history_, model.history_)
    assert twin.converged_
    assert twin.summary() == model.summary()


def test_fit_returns_the_model_and_forgets_the_fit_before():
    model = MixtureModel(Normal(), n_components=2)
    assert model.fit(WAITING) is model
    first = model.log_likelihood_
    assert model.fit(WAITING * 2.0, None).log_likelihood_ == pytest.approx(first - len(WAITING) * np.log(2.0), rel=1e-9)
    assert model.set_params(n_components=3).fit(WAITING).weights_.shape == (3,)
    assert model.names == ["Normal 1", "Normal 2", "Normal 3"]
    assert model.fit(WAITING).log_likelihood_ > first


def test_data_of_another_width_may_be_fitted_next(rng):
    model = MixtureModel(MultivariateNormal(), n_components=2)
    for d in (2, 3, 1):
        assert model.fit(rng.normal(size=(80, d))).n_features_in_ == d
    with pytest.raises(InvalidDataError, match="X has 2 features, but MixtureModel is expecting 1 "):
        model.predict(rng.normal(size=(5, 2)))


def test_a_subclass_is_a_model_like_any_other():
    model = SubclassedModel([Normal(), Normal()], tol=1e-10).fit(WAITING)
    assert model.log_likelihood_ == pytest.approx(fitted().log_likelihood_, abs=1e-6)
    assert type(clone(model)) is SubclassedModel
    assert pickle.loads(pickle.dumps(model)) == model


def test_before_fit_there_are_no_results():
    model = MixtureModel([Normal(), Normal()])
    assert model.unknown == ("Normal 1", "Normal 2")
    assert not any(hasattr(model, name) for name in ("components_", "weights_", "history_", "log_likelihood_"))
    with pytest.raises(
        NotFittedError, match=r"cannot be sampled yet: the parameters of Normal 1, Normal 2 are unknown"
    ):
        model.sample(3)
    assert model.fit(WAITING).unknown == ()


# ------------------------------------------------------------------------------------------------ any input


def as_inputs(x):
    table = pd.DataFrame(x)
    return {
        "float32": x.astype(np.float32),
        "integers": x.astype(np.int16),
        "column-major": np.asfortranarray(x),
        "strided": np.repeat(x, 2, axis=0)[::2],
        "list": x.tolist(),
        "DataFrame": table.set_index(np.arange(len(x))[::-1]),
        "Series": table[0] if x.ndim == 1 else table,
    }


@pytest.mark.parametrize("kind", as_inputs(np.zeros(1)))
@pytest.mark.parametrize("d", [1, 2])
def test_any_form_of_the_same_numbers_is_the_same_fit(kind, d):
    x = np.round(WAITING if d == 1 else TWO_COLUMNS * [10, 1])
    prototype = Normal() if d == 1 else MultivariateNormal()
    plain = MixtureModel(prototype, n_components=2).fit(x)
    other = as_inputs(x)[kind]
    model = MixtureModel(prototype, n_components=2).fit(other)
    np.testing.assert_array_equal(model.history_, plain.history_)
    np.testing.assert_array_equal(model.predict(other), plain.predict(x))
    np.testing.assert_array_equal(model.score_samples(other), plain.score_samples(x))
    assert model.bic(other) == plain.bic(x)


def test_columns_of_a_frame_are_taken_by_position():
    frame = pd.DataFrame(TWO_COLUMNS, columns=["eruptions", "waiting"])
    plain = MixtureModel(MultivariateNormal(), n_components=2).fit(frame)
    turned = MixtureModel(MultivariateNormal(), n_components=2).fit(frame[["waiting", "eruptions"]])
    for one, other in zip(plain.components_, turned.components_, strict=True):
        np.testing.assert_allclose(other.mean, one.mean[::-1], rtol=1e-6)
        np.testing.assert_allclose(other.cov, one.cov[::-1, ::-1], rtol=1e-5)
    assert turned.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-12)


# ------------------------------------------------------------------------------------------------ posterior


def test_responsibilities_are_bayes_rule():
    model, x = three(), np.linspace(-6.0, 40.0, 200)
    joint = np.stack([w * c.pdf(x) for w, c in zip([0.5, 0.2, 0.3], model.components, strict=True)], axis=1)
    np.testing.assert_allclose(
        model.predict_proba(x), joint / joint.sum(axis=1, keepdims=True), rtol=1e-10, atol=1e-300
    )
    np.testing.assert_allclose(model.log_pdf(x), np.log(joint.sum(axis=1)), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(x), joint.argmax(axis=1))
    np.testing.assert_array_equal(model.score_samples(x), model.log_pdf(x))


def test_far_away_rows_belong_to_the_widest_component():
    model = MixtureModel([Normal(0.0, 1.0), Normal(0.0, 3.0)])
    np.testing.assert_array_equal(model.predict_proba([1e8, -1e150]), [[0.0, 1.0], [0.0, 1.0]])
    assert model.log_pdf(1e8) == pytest.approx(Normal(0.0, 3.0).log_pdf(1e8) - np.log(2.0), rel=1e-15)


def test_edges_of_the_line_have_a_density_and_no_membership():
    model = three()
    np.testing.assert_array_equal(model.log_pdf([np.inf, -np.inf, np.nan]), [-np.inf, -np.inf, np.nan])
    with pytest.raises(InvalidDataError, match=r"2 of 3 rows \(first: row 1, nan\) are NaN or infinite"):
        model.predict_proba([0.0, np.nan, np.inf])
    assert model.predict_proba([]).shape == (0, 3)
    assert model.predict([]).shape == (0,)


def test_a_number_gives_a_number():
    model = three()
    for value in (model.log_pdf(1.0), model.pdf(1.0), model.cdf(1.0), model.ppf(0.3), model.mean, model.var, model.std):
        assert isinstance(value, float)


# ------------------------------------------------------------------------------------------ score, criteria


def test_weights_of_rows_mean_repetition_in_every_criterion(rng):
    model = fitted()
    counts = rng.integers(0, 4, len(WAITING))
    repeated = np.repeat(WAITING, counts)
    for name in ("aic", "bic", "log_likelihood", "score"):
        criterion = getattr(model, name)
        assert criterion(WAITING, sample_weight=counts) == pytest.approx(criterion(repeated), rel=1e-12)


def test_criteria_are_their_formulas():
    model = fitted()
    log_likelihood = model.log_pdf(WAITING).sum()
    assert model.n_parameters == 5
    assert model.log_likelihood(WAITING) == pytest.approx(log_likelihood, rel=1e-13)
    assert model.score(WAITING) == pytest.approx(log_likelihood / len(WAITING), rel=1e-13)
    assert model.aic(WAITING) == pytest.approx(2 * 5 - 2 * log_likelihood, rel=1e-13)
    assert model.bic(WAITING) == pytest.approx(5 * np.log(len(WAITING)) - 2 * log_likelihood, rel=1e-13)


@pytest.mark.parametrize("name", ["aic", "bic", "log_likelihood", "score"])
def test_criteria_refuse_bad_weights(name):
    with pytest.raises(InvalidDataError, match="sample_weight must be finite and >= 0; 1 of 3 rows"):
        getattr(three(), name)([1.0, 2.0, 3.0], sample_weight=[1.0, -1.0, 1.0])


@pytest.mark.parametrize(
    "components, n_parameters",
    [
        ([Normal(), Normal(), Exponential()], 2 + 2 + 1 + 2),
        ([Normal(0.0, 1.0).freeze(), Normal(mean=0.0).freeze("mean")], 0 + 1 + 1),
        ([Poisson()], 1),
        ([MultivariateNormal([0.0] * 3, np.eye(3)), MultivariateNormal([0.0] * 3, np.eye(3))], 2 * (3 + 6) + 1),
        ([MixtureModel([Normal(), Normal()]), Normal()], 3 * 2 + 2),
    ],
)
def test_free_parameters_are_those_of_the_components_and_the_weights(components, n_parameters):
    assert MixtureModel(components).n_parameters == n_parameters


# ------------------------------------------------------------------------------------------ as a distribution


def test_draws_have_the_proportions_and_the_shape_of_the_components():
    model = MixtureModel([Normal(0.0, 1.0), Exponential(1.0), Normal(100.0, 1.0)], weights=[0.2, 0.5, 0.3])
    n = 20_000
    x = model.sample(n, rng=3)
    assert x.shape == (n,)
    assert np.mean(x > 50) == pytest.approx(0.3, abs=6 * np.sqrt(0.21 / n))
    assert scipy.stats.kstest(x, model.cdf).pvalue > 1e-6
    assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 6 / np.sqrt(n)  # not sorted by component
    np.testing.assert_array_equal(x, model.sample(n, rng=3))
    assert model.sample(0, rng=3).shape == (0,)


def test_draws_of_several_columns_are_rows():
    model = MixtureModel([MultivariateNormal([0.0, 0.0], np.eye(2)), MultivariateNormal([9.0, -9.0], np.eye(2))])
    x = model.sample(500, rng=0)
    assert x.shape == (500, 2)
    assert set(model.predict(x)) == {0, 1}
    assert np.all((x[:, 0] > 4.5) == (x[:, 1] < -4.5))


@pytest.mark.parametrize("turned", [False, True])
def test_one_column_of_either_kind_can_be_mixed(turned):
    components = [Normal(0.0, 1.0), MultivariateNormal([9.0], [[1.0]])]
    model = MixtureModel(components[::-1] if turned else components)
    x = np.ravel(model.sample(400, rng=0))
    assert 100 < np.sum(x > 4.5) < 300
    assert model.log_pdf(x).shape == (400,)


def test_cdf_ppf_and_moments_agree_with_the_density():
    model = three()
    x = np.linspace(-8.0, 60.0, 40_001)
    pdf = model.pdf(x)
    integral = np.concatenate([[0.0], np.cumsum((pdf[1:] + pdf[:-1]) / 2 * np.diff(x))])
    np.testing.assert_allclose(model.cdf(x), integral, atol=2e-4)  # the exponential jumps
    assert model.mean == pytest.approx(np.trapezoid(x * pdf, x), rel=1e-3)
    assert model.var == pytest.approx(np.trapezoid((x - model.mean) ** 2 * pdf, x), rel=2e-3)
    assert model.std == np.sqrt(model.var)
    q = np.array([1e-6, 0.1, 0.5, 0.69999, 0.95, 1 - 1e-6])
    np.testing.assert_allclose(model.cdf(model.ppf(q)), q, rtol=1e-9)
    np.testing.assert_array_equal(model.ppf([0.0, 1.0, -0.1, np.nan]), [-np.inf, np.inf, np.nan, np.nan])


def test_quantiles_of_mixed_counts_are_the_smallest_counts():
    model = MixtureModel([Poisson(2.0), Poisson(30.0)], weights=[0.6, 0.4])
    q = np.array([0.05, 0.3, 0.599, 0.61, 0.99])
    x = model.ppf(q)
    np.testing.assert_array_equal(x, np.floor(x))
    assert np.all(model.cdf(x) >= q)
    assert np.all(model.cdf(x - 1.0) < q)
    assert model.ppf(0.0) == Poisson(2.0).ppf(0.0) == 0.0
    assert model.mean == pytest.approx(0.6 * 2 + 0.4 * 30)
    assert model.var == pytest.approx(0.6 * 2 + 0.4 * 30 + 0.24 * 28**2)


def test_moments_of_columns_are_vectors():
    model = MixtureModel(
        [MultivariateNormal([0.0, 4.0], np.diag([1.0, 2.0])), MultivariateNormal([2.0, 0.0], np.eye(2))],
        weights=[0.25, 0.75],
    )
    np.testing.assert_allclose(model.mean, [1.5, 1.0])
    np.testing.assert_allclose(model.var, [1.0 + 0.1875 * 4, 1.25 + 0.1875 * 16])


# ------------------------------------------------------------------------------------------------ nested


def test_a_nested_mixture_is_the_flat_one():
    parts = [Normal(50.0, 5.0), Normal(60.0, 5.0), Normal(80.0, 5.0)]
    flat = MixtureModel(parts, weights=[0.1, 0.3, 0.6], accelerate=None, tol=1e-10).fit(WAITING)
    parts = [MixtureModel(parts[:2], weights=[0.25, 0.75]), parts[2]]
    nested = MixtureModel(parts, weights=[0.4, 0.6], accelerate=None, tol=1e-10).fit(WAITING)  # leaps see proportions
    inner = nested.components_[0]
    np.testing.assert_allclose(nested.history_, flat.history_, rtol=1e-12)
    np.testing.assert_allclose(np.r_[nested.weights_[0] * inner.weights, nested.weights_[1]], flat.weights_, rtol=1e-7)
    np.testing.assert_allclose(nested.log_pdf(WAITING), flat.log_pdf(WAITING), rtol=1e-8)
    shares = flat.predict_proba(WAITING)
    np.testing.assert_allclose(
        nested.predict_proba(WAITING), np.column_stack([shares[:, :2].sum(axis=1), shares[:, 2]]), atol=1e-7
    )
    np.testing.assert_allclose(
        nested.effective_counts_, [flat.effective_counts_[:2].sum(), flat.effective_counts_[2]], rtol=1e-6
    )
    assert nested.n_parameters == flat.n_parameters == 8
    assert nested.aic(WAITING) == pytest.approx(flat.aic(WAITING), rel=1e-10)
    assert nested.bic(WAITING) == pytest.approx(flat.bic(WAITING), rel=1e-10)
    assert nested.cdf(60.0) == pytest.approx(flat.cdf(60.0), rel=1e-7)


def test_unknown_nested_parts_get_the_guesses_of_flat_ones():
    flat = MixtureModel([Normal(), Normal(), Normal()]).fit(WAITING)
    nested = MixtureModel([MixtureModel(Normal(), n_components=2), Normal()]).fit(WAITING)
    deep = MixtureModel([MixtureModel([MixtureModel([Normal(), Normal()]), Normal()])]).fit(WAITING)
    for model in (nested, deep):
        assert model.log_likelihood_ == pytest.approx(flat.log_likelihood_, rel=1e-12)
        assert model.weights_.sum() == pytest.approx(1.0, rel=1e-14)
    assert isinstance(nested.components_[0], MixtureModel)
    assert nested.components_[0].weights.sum() == pytest.approx(1.0, rel=1e-14)


def test_a_nested_mixture_that_is_fitted_starts_where_it_ended():
    inner = MixtureModel([Normal(), Normal()]).fit(WAITING[:150])
    before = repr(inner)
    model = MixtureModel([inner, Normal(65.0, 30.0)], weights=[0.9, 0.1], max_iter=10_000)
    step = next(model.iter_fit(WAITING))
    assert step.components[0].components == inner.components_
    np.testing.assert_allclose(step.components[0].weights, inner.weights_, rtol=1e-14)
    np.testing.assert_allclose(step.weights, [0.9, 0.1], rtol=1e-14)
    assert repr(inner) == before


def test_a_frozen_part_of_a_nested_mixture_stays():
    held = Normal(54.0, 6.0).freeze()
    model = MixtureModel([MixtureModel([held, Normal(70.0, 5.0)]), Normal(85.0, 5.0)]).fit(WAITING)
    assert model.components_[0].components[0] == held
    assert model.components_[0].components[1] != Normal(70.0, 5.0)


def test_a_sample_comes_with_the_components_it_was_drawn_from():
    model = MixtureModel([Normal(0.0, 1.0), Normal(100.0, 1.0)], weights=[0.3, 0.7])
    x, labels = model.sample(400, rng=2, return_labels=True)
    np.testing.assert_array_equal(x, model.sample(400, rng=2))
    np.testing.assert_array_equal(labels, x > 50.0)
    assert abs(labels.mean() - 0.7) < 0.1
    assert [part.shape for part in model.sample(0, rng=0, return_labels=True)] == [(0,), (0,)]


# ------------------------------------------------------------------------------------------------ JSON, repr


@pytest.mark.parametrize(
    "model",
    [
        MixtureModel([Normal(), Exponential()]),
        MixtureModel({"a": Normal(1.0, 2.0).freeze("mean"), "b": Poisson(0.1)}, weights=[1, 2]),
        MixtureModel([MixtureModel([Normal(0.0, 1.0), Normal(5.0, 1.0)], weights=[0.9, 0.1]), Exponential(2.0)]),
        MixtureModel(MultivariateNormal(np.zeros(2), np.eye(2), structure="diagonal"), n_components=2),
        fitted(),
    ],
)
def test_json_gives_the_model_back_with_every_bit(model):
    back = Distribution.from_json(model.to_json())
    assert back == model
    assert json.loads(back.to_json()) == json.loads(model.to_json())
    assert back.names == model.names
    if not model.unknown:
        x = np.ones((3, model.n_columns))
        np.testing.assert_array_equal(back.log_pdf(x), model.log_pdf(x))
        np.testing.assert_array_equal(back.predict_proba(x), model.predict_proba(x))


NORMAL = {"family": "Normal", "parameters": {"mean": 0.0, "std": 1.0}}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        [],
        {"names": None, "components": 5, "weights": None},
        {"names": None, "components": [], "weights": None},
        {"names": None, "components": [NORMAL, 3], "weights": None},
        {"names": None, "components": [{"family": "Normal", "parameters": {"mean": "x"}}], "weights": None},
        {"names": None, "components": [NORMAL, NORMAL], "weights": [1.0]},
        {"names": None, "components": [NORMAL, NORMAL], "weights": [-1.0, 2.0]},
        {"names": None, "components": [NORMAL], "weights": "abc"},
        {"names": ["a"], "components": [NORMAL, NORMAL], "weights": None},
        {"names": ["a", "a"], "components": [NORMAL, NORMAL], "weights": None},
    ],
)
def test_a_hostile_record_is_refused_when_it_is_read(parameters):
    with pytest.raises(InvalidParameterError, match="not a MixtureModel's record"):
        Distribution.from_dict({"family": "MixtureModel", "parameters": parameters})


def test_repr_is_what_one_would_type():
    assert repr(MixtureModel([Normal(), Exponential(2)])) == "MixtureModel([Normal(), Exponential(rate=2.0)])"
    assert repr(MixtureModel(Normal(), n_components=2, tol=1e-8)) == "MixtureModel(Normal(), n_components=2, tol=1e-08)"
    assert repr(MixtureModel({"a": Poisson()})) == "MixtureModel({'a': Poisson()})"
    weighted = MixtureModel([Poisson(), Exponential()], weights=np.array([1.0, 2.0]) / 3)
    assert eval(repr(weighted)).weights == weighted.weights.tolist()  # to the last digit
    assert repr(pickle.loads(pickle.dumps(weighted))) == repr(weighted)


def test_models_are_equal_when_they_describe_the_same_distribution():
    assert fitted() == fitted(n_init=10)
    assert fitted() != MixtureModel({"short": Normal(), "long": Normal()})
    assert three() != MixtureModel(three().components)
    assert MixtureModel([Normal(0.0, 1.0)]) != Normal(0.0, 1.0)
    with pytest.raises(TypeError, match="unhashable"):
        hash(three())


# ------------------------------------------------------------------------------------------------ step by step


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("components", [[Normal(), Normal()], {"a": Tent(), "b": Normal()}])
def test_iter_fit_is_fit_step_by_step(components, weighted, rng):
    weight = rng.uniform(0.5, 2.0, len(WAITING)) if weighted else None
    whole = MixtureModel(components).fit(WAITING, sample_weight=weight)
    model = MixtureModel(components)
    steps = list(model.iter_fit(WAITING, sample_weight=weight))
    assert [step.iteration for step in steps] == list(range(whole.n_iter_ + 1))
    np.testing.assert_array_equal([step.log_likelihood for step in steps], whole.history_)
    assert steps[-1].components == model.components_ == whole.components_
    np.testing.assert_array_equal(steps[-1].weights, whole.weights_)
    np.testing.assert_array_equal(model.history_, whole.history_)
    for step in (steps[0], steps[len(steps) // 2], steps[-1]):
        frozen = MixtureModel(step.components, weights=step.weights)
        np.testing.assert_allclose(step.responsibilities, frozen.predict_proba(WAITING), atol=1e-14)
        assert step.log_likelihood == pytest.approx(frozen.log_likelihood(WAITING, weight), rel=1e-12)


def test_an_iteration_that_is_left_leaves_no_fit():
    model = MixtureModel([Normal(), Normal()])
    next(model.iter_fit(WAITING))
    assert not hasattr(model, "weights_")


# ------------------------------------------------------------------------------------- partly known, any family


def test_a_frozen_mean_is_kept_and_the_rest_is_its_conditional_maximum():
    model = MixtureModel([Normal(mean=50.0).freeze("mean"), Normal()]).fit(WAITING)
    held = model.components_[0]
    assert held.mean == 50.0
    r = model.predict_proba(WAITING)[:, 0]
    assert held.std == pytest.approx(np.sqrt(np.average((WAITING - 50.0) ** 2, weights=r)), rel=1e-6)
    assert model.n_parameters == 1 + 2 + 1
    assert model.log_likelihood_ < fitted().log_likelihood_


@pytest.mark.parametrize("components", [[Tent(), Tent()], [Tent(), Normal()], [Exponential(), Tent()]])
def test_a_family_in_plain_numpy_takes_part_like_any_other(components, rng):
    x = np.r_[rng.laplace(2.0, 1.0, 300), rng.laplace(15.0, 0.5, 200)]
    x = np.abs(x)
    model = MixtureModel(components).fit(x)
    assert model.converged_
    assert np.all(np.diff(model.history_) >= -1e-9)
    tent = model.components_[components.index(Tent())]
    assert type(tent) is Tent
    assert model.log_likelihood(x) == pytest.approx(model.log_likelihood_, rel=1e-12)
    assert set(model.predict(x)) == {0, 1}
    assert model.cdf(np.inf) == pytest.approx(1.0)
    assert model.cdf(model.ppf(0.3)) == pytest.approx(0.3, abs=1e-9)
    assert Distribution.from_json(model.to_json()) == model


def test_a_frozen_parameter_of_a_family_in_plain_numpy_is_its_own_affair(rng):
    model = MixtureModel([Tent(loc=60.0).freeze("loc"), Tent()]).fit(WAITING)
    assert model.components_[0].loc == 60.0
    assert model.components_[0].scale is not None


def test_several_columns_are_found(rng):
    x = np.r_[rng.normal(0, 1, (300, 3)), rng.normal(4, 0.5, (200, 3))]
    model = MixtureModel([MultivariateNormal(), MultivariateNormal(structure="spherical")]).fit(x)
    labels = model.predict(x)
    assert np.mean(labels[:300] == labels[0]) > 0.99
    assert np.mean(labels[300:] == labels[-1]) > 0.99
    assert model.n_features_in_ == 3
    assert model.mean == pytest.approx(x.mean(axis=0), rel=1e-6)


@pytest.mark.parametrize(
    "inner, expected", [(None, [0.45, 0.45, 0.1]), ([0.2, 0.8], [0.18, 0.72, 0.1])], ids=["unknown", "given"]
)
def test_given_weights_hold_beside_a_nested_mixture(inner, expected, rng):
    x = np.concatenate([rng.normal(size=200), rng.normal(8.0, 1.0, 100)])
    nested = MixtureModel([Normal(), Normal()], weights=inner)
    start = next(MixtureModel([nested, Normal()], weights=[0.9, 0.1], n_init=1).iter_fit(x))
    np.testing.assert_allclose(start.weights, [0.9, 0.1])
    np.testing.assert_allclose(start.components[0].weights, np.array(expected[:2]) / 0.9)
