"""A MixtureModel in scikit-learn's tools."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning as SklearnConvergenceWarning
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_dataframe_column_names_consistency, estimator_checks_generator

from mixtures import (
    Categorical,
    ConvergenceWarning,
    InvalidDataError,
    InvalidParameterError,
    KernelDensity,
    MixtureModel,
    MultivariateNormal,
    Normal,
    NotFittedError,
    Product,
    datasets,
)

GEYSER = datasets.load("old_faithful")
WAITING = GEYSER["waiting"][:, np.newaxis]
BOTH = np.column_stack([GEYSER["eruptions"], GEYSER["waiting"]])
TWO_KINDS = [MultivariateNormal(structure="diagonal"), MultivariateNormal(structure="spherical")]

# Fits of the checks see few rows, and some of no structure: what they warn of is not the point here.
ESTIMATORS = {
    "prototype": MixtureModel(MultivariateNormal(), n_components=2, n_init=2),
    "prototype with a covariance structure": MixtureModel(
        MultivariateNormal(), n_components=2, covariance="EEE", n_init=2
    ),
    "prototype of two kinds": MixtureModel(MixtureModel(TWO_KINDS), n_components=2, n_init=2),
    "list": MixtureModel([*TWO_KINDS, KernelDensity()], n_init=2),
    "dict": MixtureModel({"narrow": MixtureModel(TWO_KINDS), "wide": MultivariateNormal()}, n_init=2),
}
BY_DESIGN = {"check_fit1d": "data of shape (n,) are one column here: most families describe a single number"}
SETS_N_COMPONENTS = (
    "check_dont_overwrite_parameters",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_fit2d_1sample",
    "check_fit2d_1feature",
    "check_fit2d_predict1d",
)
CALLS_PARTIAL_FIT = ("check_fit_score_takes_y", "check_n_features_in_after_fitting")


def checks():
    """Return scikit-learn's checks of all estimators, those that must fail marked."""
    found = []
    for name, estimator in ESTIMATORS.items():
        reasons = BY_DESIGN
        if estimator.n_components is None:
            reasons = dict.fromkeys(SETS_N_COMPONENTS, "it sets n_components = 1, which a list of more contradicts")
        if name == "list":
            reasons |= dict.fromkeys(CALLS_PARTIAL_FIT, "KernelDensity has no additive statistics for partial_fit")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".* does not inherit from `sklearn.base.BaseEstimator`")
            pairs = list(estimator_checks_generator(estimator))
        for number, (own, check) in enumerate(pairs):
            of = check.func.__name__
            marks = [pytest.mark.xfail(reason=reasons[of], strict=True)] if of in reasons else []
            found.append(pytest.param(own, check, id=f"{name}-{number}-{of}", marks=marks))
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator, check", checks())
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::distributions.DegeneracyWarning")
@pytest.mark.filterwarnings("ignore:the first block has")
def test_names_of_columns_are_checked_as_in_scikit_learn():
    check_dataframe_column_names_consistency("MixtureModel", ESTIMATORS["prototype"])


def test_it_is_the_end_of_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), MixtureModel([Normal(), Normal()])).fit(WAITING)
    alone = MixtureModel([Normal(), Normal()]).fit(WAITING)
    np.testing.assert_array_equal(pipeline.predict(WAITING), alone.predict(WAITING))
    np.testing.assert_array_equal(pipeline.fit_predict(WAITING), alone.fit_predict(WAITING))


def test_cross_validation_chooses_the_number_of_components():
    model = MixtureModel(MultivariateNormal(), n_components=1, n_init=5)
    one = cross_val_score(model, WAITING, cv=3).mean()
    search = GridSearchCV(model, {"n_components": [1, 2]}, cv=3).fit(WAITING)
    assert search.best_params_ == {"n_components": 2}
    assert search.best_score_ > one


def test_cross_validation_chooses_among_lists_of_components():
    lists = [[Normal()], [Normal(), Normal()], {"short": Normal(), "long": Normal()}]
    search = GridSearchCV(MixtureModel([Normal()], n_init=5), {"components": lists}, cv=3).fit(WAITING)
    scores = search.cv_results_["mean_test_score"]
    assert scores[1] == scores[2] > scores[0]
    assert search.best_params_["components"] == lists[1]


def test_cross_validation_chooses_a_covariance_structure(rng):
    spread = np.diag([1.0, 25.0])
    X = np.vstack([rng.multivariate_normal(mean, spread, 200) for mean in ([0, 0], [8, 0], [4, 40])])
    model = MixtureModel(MultivariateNormal(), n_components=3, n_init=5)
    search = GridSearchCV(model, {"covariance": ["EII", "EEI"]}, cv=3).fit(rng.permutation(X))
    assert search.best_params_ == {"covariance": "EEI"}


def test_a_clone_has_the_same_arguments_and_no_fit():
    model = MixtureModel({"a": Normal(), "b": Normal(80, 5)}, weights=[1, 2], tol=1e-9, rng=3).fit(WAITING)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "weights_")


def test_weights_of_rows_are_routed_through_tools(rng):
    weight = rng.integers(0, 3, len(WAITING)).astype(float)
    folds = [(np.arange(0, 200), np.arange(200, 272)), (np.arange(72, 272), np.arange(72))]
    with sklearn.config_context(enable_metadata_routing=True):
        model = MixtureModel([Normal(), Normal()], n_init=5)
        asking = clone(model).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        found = cross_validate(clone(asking), WAITING, cv=folds, params={"sample_weight": weight})["test_score"]
        scoring = clone(model).set_fit_request(sample_weight=False).set_score_request(sample_weight=True)
        without = cross_validate(scoring, WAITING, cv=folds, params={"sample_weight": weight})["test_score"]
        piped = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asking)
        piped.fit(WAITING, sample_weight=weight)
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="sample_weight"):
            cross_validate(model, WAITING, cv=folds, params={"sample_weight": weight})
    for scores, given in ((found, weight), (without, np.ones(len(weight)))):
        expected = [
            clone(model).fit(WAITING[a], sample_weight=given[a]).score(WAITING[b], sample_weight=weight[b])
            for a, b in folds
        ]
        np.testing.assert_allclose(scores, expected, rtol=1e-12)
    scaled = StandardScaler().fit_transform(WAITING)
    np.testing.assert_array_equal(piped[-1].weights_, clone(model).fit(scaled, sample_weight=weight).weights_)


def test_a_request_for_what_a_method_does_not_take_is_refused():
    with pytest.raises(TypeError, match="MixtureModel.score takes no 'labels'; it takes sample_weight"):
        MixtureModel([Normal()]).set_score_request(labels=True)


def test_labels_of_rows_are_routed_too():
    labels = np.where(WAITING[:, 0] < 50, 1, np.where(WAITING[:, 0] > 90, 0, -1))
    with sklearn.config_context(enable_metadata_routing=True):
        model = MixtureModel([Normal(), Normal()], n_init=5).set_fit_request(labels=True)
        pipeline = make_pipeline(StandardScaler(), model).fit(WAITING, labels=labels)
    assert pipeline[-1].components_[0].mean > pipeline[-1].components_[1].mean  # the labels say which is which


def test_weights_of_blocks_are_routed_too(rng):
    weight = rng.integers(1, 3, len(WAITING)).astype(float)
    folds = [(np.arange(0, 200), np.arange(200, 272))]
    model = MixtureModel([Normal(55, 6), Normal(80, 6)])
    with sklearn.config_context(enable_metadata_routing=True):
        asking = clone(model).set_partial_fit_request(sample_weight=True).set_fit_request(sample_weight=True)
        asking.set_score_request(sample_weight=False)
        options = {"cv": folds, "train_sizes": [0.5, 1.0], "exploit_incremental_learning": True}
        found = learning_curve(asking, WAITING, None, params={"sample_weight": weight}, **options)
    for block in (slice(100), slice(100, 200)):
        model.partial_fit(WAITING[block], sample_weight=weight[block])
    assert found[2][1, 0] == pytest.approx(model.score(WAITING[200:]), rel=1e-12)
    with pytest.raises(
        TypeError, match="MixtureModel.partial_fit takes no 'size'; it takes sample_weight, labels, decay"
    ):
        model.set_partial_fit_request(size=True)


def test_a_scorer_may_be_any_function_of_the_model():
    model = MixtureModel([Normal(), Normal()], n_init=5)
    score = make_scorer(lambda truth, found: float(np.mean(found)))
    assert np.isfinite(cross_val_score(model, WAITING, np.zeros(len(WAITING)), cv=3, scoring=score)).all()


# ------------------------------------------------------------------------------------------------ data frames


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_give_the_fit_of_their_values_and_their_names(frame):
    data = frame({"eruptions": BOTH[:, 0], "waiting": BOTH[:, 1]})
    model = MixtureModel(MultivariateNormal(), n_components=2, n_init=5)
    expected = clone(model).fit(BOTH)
    model.fit(data)
    assert model.feature_names_in_.tolist() == ["eruptions", "waiting"]
    np.testing.assert_array_equal(model.weights_, expected.weights_)
    np.testing.assert_array_equal(model.predict_proba(data), expected.predict_proba(BOTH))
    assert model.score(data) == expected.score(BOTH)
    with pytest.raises(InvalidDataError, match="in the same order as they were in fit"):
        model.predict(data[["waiting", "eruptions"]])
    assert not hasattr(model.fit(BOTH), "feature_names_in_")


def test_products_read_frames_by_name_whatever_else_they_hold():
    frame = pd.DataFrame({"kind": ["a", "b"] * 136, "other": 1.0, "waiting": WAITING[:, 0]})
    part = Product({"waiting": Normal(), "kind": Categorical()})
    model = MixtureModel(part, n_components=2, n_init=2).fit(frame)
    assert model.feature_names_in_.tolist() == ["waiting", "kind"]
    assert model.n_features_in_ == 2
    np.testing.assert_array_equal(model.predict(frame), model.predict(frame[["kind", "waiting"]]))


def test_another_number_of_columns_is_refused():
    model = MixtureModel(MultivariateNormal(), n_components=2, n_init=2).fit(BOTH)
    for method in (model.predict, model.predict_proba, model.score, model.score_samples, model.aic, model.bic):
        with pytest.raises(InvalidDataError, match=r"X has 1 features, but MixtureModel is expecting 2 .*\(272, 1\)"):
            method(WAITING)
        with pytest.raises(InvalidDataError, match=r"Reshape your data: x.reshape\(1, -1\) is a single row"):
            method(BOTH[0])


# ------------------------------------------------------------------------------------------ errors and warnings


def test_errors_and_warnings_are_those_of_scikit_learn_too():
    with pytest.raises(NotFittedError) as caught:
        MixtureModel([Normal()]).predict(WAITING)
    assert isinstance(caught.value, SklearnNotFittedError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)
    for category in (ConvergenceWarning, SklearnConvergenceWarning):
        with pytest.warns(category, match="EM made max_iter = 1 updates"):
            MixtureModel([Normal(60, 5), Normal(70, 5)], max_iter=1).fit(WAITING)


def test_tags_of_a_model_that_cannot_be_fitted_raise_nothing():
    assert not MixtureModel([]).__sklearn_tags__().input_tags.allow_nan
    with pytest.raises(InvalidParameterError):
        MixtureModel([]).fit(WAITING)
