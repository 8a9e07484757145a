"""Bad input gets a clear error that names the thing, the first bad row and the remedy; nothing passed in is changed."""

import warnings

import fuzz
import numpy as np
import pytest

from distributions.domains import REAL
from mixtures import (
    BurrXII,
    Cauchy,
    ConvergenceWarning,
    DegeneracyWarning,
    Distribution,
    Exponential,
    InvalidDataError,
    InvalidParameterError,
    MeasureWarning,
    MixtureModel,
    MultivariateNormal,
    Normal,
    NotFittedError,
    Poisson,
    Skellam,
    UnknownParameterError,
    datasets,
    parameter,
)

TWO = [Normal(), Normal()]


class Below(Distribution):
    """No mass above 5, though its support says so nowhere."""

    def log_pdf(self, x):
        return np.where(np.asarray(x) < 5.0, 0.0, -np.inf)

    def fit(self, x, sample_weight=None):
        return self

    def sample(self, size, rng=None):
        return np.zeros(size)


X = np.array([1.0, 2.0, 3.0, 10.0, 11.0, 13.0])


@pytest.mark.parametrize(
    "components, x, weight, message",
    [
        (TWO, np.zeros((2, 2, 2)), None, r"data of shape \(n,\) or \(n, d\), got shape \(2, 2, 2\)"),
        (TWO, 3.0, None, r"got shape \(\)"),
        (TWO, np.ones((6, 2)), None, r"describes 1 column, the data have 2 .*use MultivariateNormal"),
        ([MultivariateNormal([0, 0], np.eye(2))], X, None, "describes 2 columns, the data have 1"),
        (TWO, [], None, r"empty data \(0 rows\)"),
        (TWO, np.empty((0, 1)), None, r"empty data \(0 rows\)"),
        (TWO, np.empty((5, 0)), None, r"got data of 0 feature\(s\) \(shape=\(5, 0\)\)"),
        (TWO, [1.0, np.nan, 2.0, np.inf], None, r"2 of 4 rows \(first: row 1, nan\) are NaN or infinite. Drop or fill"),
        (TWO, ["a", "b"], None, "needs numbers as data: could not convert string to float: .*a"),
        (
            [Exponential(), Exponential()],
            [1, 2, -3.0, 4, -5],
            None,
            r"2 of 5 rows \(first: row 2, -3\) are outside the support of every component .*Normal",
        ),
        ([Poisson(), Poisson()], [1, 2, 2.5], None, r"1 of 3 rows \(first: row 2, 2.5\) is outside the support"),
        (
            [Normal(), Exponential()],
            [-1.0, -2.0, -3.0],
            None,
            r"component 'Exponential' .*no row is a finite number >= 0",
        ),
        (
            TWO,
            X,
            [1, 1, -1, 1, 1, 1],
            r"finite and >= 0; 1 of 6 rows \(first: row 2, -1\) is not. Use 0 to leave a row",
        ),
        (TWO, X, [1, 1, np.nan, 1, 1, 1], r"first: row 2, nan"),
        (TWO, X, np.zeros(6), "zero for every row"),
        (TWO, X, [1, 2], r"one weight per row, shape \(6,\); got shape \(2,\)"),
        (TWO, X, np.ones((6, 1)), r"got shape \(6, 1\)"),
        (TWO, X, ["a"] * 6, "sample_weight needs numbers"),
        ([Normal()] * 4, [1.0, 2.0, 3.0], None, "4 components needs at least 4 rows; got 3"),
        ([Normal()] * 4, X, [1, 1, 0, 0, 0, 1], "at least 4 rows; got 3"),
        ([Below()], X, None, r"3 of 6 rows \(first: row 3, 10\) are of zero density under every component \(Below\)"),
    ],
)
def test_bad_data(components, x, weight, message):
    with pytest.raises(InvalidDataError, match=message):
        MixtureModel(components).fit(x, sample_weight=weight)


@pytest.mark.parametrize("fit", [Exponential().fit, MixtureModel([Exponential(), Exponential()]).fit])
def test_rows_outside_the_support_are_counted_as_the_user_counts_them(fit):
    with pytest.raises(InvalidDataError, match=r"1 of 5 rows \(first: row 2, -2\)"):
        fit([9.0, 1.0, -2.0, 4.0, 5.0], sample_weight=[0, 1, 1, 1, 1])


def test_rows_are_counted_as_the_user_counts_them():
    with pytest.raises(InvalidDataError, match="first: row 3, nan"):
        MixtureModel(TWO).fit([np.nan, 1.0, 2.0, np.nan, 3.0], sample_weight=[0, 1, 1, 1, 1])


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: MixtureModel([]), "at least one component"),
        (lambda: MixtureModel(Normal()), "one distribution needs n_components"),
        (lambda: MixtureModel(Normal(), n_components=0), "n_components must be a whole number >= 1; got 0"),
        (lambda: MixtureModel(Normal(), n_components=2.0), "n_components must be a whole number >= 1; got 2.0"),
        (lambda: MixtureModel(TWO, n_components=3), "n_components=3 but 2 components are listed"),
        (lambda: MixtureModel([Normal, Normal]), r"component 'type 1' must be a Distribution, an instance"),
        (lambda: MixtureModel({"a": 3}), "component 'a' must be a Distribution; got 3"),
        (lambda: MixtureModel(TWO, weights=[1, -1]), "weights must be 2 finite numbers >= 0"),
        (lambda: MixtureModel(TWO, weights=[1, 1, 1]), "weights must be 2 finite numbers >= 0"),
        (lambda: MixtureModel(TWO, weights=[0, 0]), "not all zero"),
        (lambda: MixtureModel(TWO, weights="ab"), "weights must be 2 finite numbers"),
        (lambda: MixtureModel(TWO, tol=-1), "tol must be a finite number >= 0; got -1"),
        (lambda: MixtureModel(TWO, tol="x"), "tol must be a finite number >= 0; got 'x'"),
        (lambda: MixtureModel(TWO, max_iter=0), "max_iter must be a whole number >= 1; got 0"),
        (lambda: MixtureModel(TWO, n_init=1.5), "n_init must be a whole number >= 1; got 1.5"),
        (
            lambda: MixtureModel(TWO, rng="a"),
            "rng must be a whole number >= 0, a numpy.random.Generator or None; got 'a'",
        ),
        (lambda: MixtureModel(TWO, max_iter=10**12), "max_iter must be a whole number <= 100000000; got 10"),
        (lambda: MixtureModel({1: Normal(), "1": Normal()}), "names of components must be text; got 1"),
        (lambda: MixtureModel([Normal(), MultivariateNormal([0, 0], np.eye(2))]), "different numbers of columns"),
    ],
)
def test_bad_arguments_are_found_by_fit_and_named(make, message):
    with pytest.raises(InvalidParameterError, match=message):
        make().fit(X)


@pytest.mark.parametrize(
    "method", ["log_pdf", "pdf", "cdf", "predict", "predict_proba", "score", "score_samples", "aic"]
)
def test_unknown_parameters_have_no_density(method):
    with pytest.raises(NotFittedError, match="parameters of Normal 1, Normal 2 are unknown. Call fit"):
        getattr(MixtureModel(TWO), method)(X)
    with pytest.raises(NotFittedError):
        MixtureModel(TWO).sample(3)
    with pytest.raises(UnknownParameterError, match=r"Normal\(mean=1.0\) cannot give a density: std is unknown"):
        Normal(mean=1).log_pdf(X)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_a_row_that_no_component_reaches_has_no_membership(method):
    model = MixtureModel([Exponential(1.0), Exponential(2.0)])
    assert np.all(model.log_pdf([-1.0]) == -np.inf)
    with pytest.raises(InvalidDataError, match=r"1 of 2 rows \(first: row 1, -1\) is of zero density"):
        getattr(model, method)([1.0, -1.0])


def test_a_user_s_mistakes_are_named():
    class Wrong(Distribution):
        def log_pdf(self, x):
            return np.zeros((len(x), 2))

        def fit(self, x, sample_weight=None):
            return self

        def sample(self, size, rng=None):
            return np.zeros(size)

    with pytest.raises(InvalidDataError, match=r"Wrong: log_pdf returned shape \(6, 2\) for 6 rows; it must be \(6,\)"):
        MixtureModel([Normal(0, 1), Wrong()]).fit(X)

    class NotANumber(Wrong):
        def log_pdf(self, x):
            return np.where(np.asarray(x) == 3.0, np.nan, 0.0)

    with pytest.raises(InvalidDataError, match=r"'NotANumber': log_pdf of 1 of 6 rows \(first: row 2, 3\) is nan"):
        MixtureModel([Normal(0, 1), NotANumber()]).fit(X)

    class Worse(Wrong):
        spread = 1.0

        def log_pdf(self, x):
            return Normal(0.0, self.spread).log_pdf(x)

        def fit(self, x, sample_weight=None):
            worse = Worse()
            object.__setattr__(worse, "spread", self.spread / 2)
            return worse

    with pytest.warns(
        ConvergenceWarning, match="update 1 lowered the log-likelihood by .* parameters before it were kept"
    ):
        model = MixtureModel([Worse()]).fit(X)
    assert not model.converged_
    assert model.components_[0].spread == 1.0
    assert model.log_likelihood_ == pytest.approx(model.log_likelihood(X))


def test_components_that_start_equal_are_warned_of():
    with pytest.warns(
        DegeneracyWarning, match="components 'Normal 1' and 'Normal 2' started equal, .* never part them"
    ):
        model = MixtureModel(Normal(2.0, 1.0), n_components=2).fit(X)
    assert [(found.component, found.cause) for found in model.degeneracies_] == [("Normal 2", "twin")]


def test_a_frozen_parameter_of_a_plain_family_is_held_to():
    class Forgetful(Below):
        level: float = parameter(REAL)
        other: float = parameter(REAL)

        def fit(self, x, sample_weight=None):
            return Forgetful(self.level + 1.0, self.other)

    with pytest.raises(InvalidParameterError, match="fit moved the frozen parameter level from 1.0 to 2.0. A fit must"):
        MixtureModel([Forgetful(1.0, 0.0).freeze("level"), Normal(0.0, 9.0)]).fit(X)


@pytest.mark.parametrize("seed", range(3))
def test_nearly_collinear_columns_converge(seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=200)
    x = np.column_stack([z, 2.54 * z + 1e-4 * rng.normal(size=200)])
    assert MixtureModel(MultivariateNormal(), n_components=2).fit(x).converged_


@pytest.mark.parametrize("call", [lambda m: m.score([]), lambda m: m.bic([]), lambda m: m.sample(-1)])
def test_a_criterion_of_nothing_and_a_negative_sample_are_errors(call):
    with pytest.raises(ValueError, match="got 0 rows|size must be a whole number >= 0; got -1"):
        call(MixtureModel([Normal(0.0, 1.0)]))


def test_max_iter_reached_is_a_warning(rng):
    x = np.concatenate([rng.normal(size=100), rng.normal(2.0, 1.0, 100)])
    with pytest.warns(ConvergenceWarning, match="EM made max_iter = 2 updates and still gains .* Raise max_iter"):
        model = MixtureModel(TWO, max_iter=2).fit(x)
    assert not model.converged_
    assert model.n_iter_ == 2
    assert model.log_likelihood_ == pytest.approx(model.log_likelihood(x), rel=1e-14)


def test_a_collapse_is_reported_and_finite():
    x = np.r_[np.random.default_rng(0).normal(size=50), [7.0] * 10]
    with pytest.warns(DegeneracyWarning, match="component 'Normal 2' collapsed onto 10 rows: its std was held"):
        model = MixtureModel([Normal(0.0, 1.0), Normal(7.0, 0.1)]).fit(x)
    assert np.isfinite(model.log_likelihood_)
    assert model.components_[1].std > 0
    (found,) = model.degeneracies_
    assert (found.component, found.cause, found.parameters) == ("Normal 2", "floor", ("std",))
    assert found.effective_count == pytest.approx(10.0, abs=1e-6)


def test_a_component_without_data_is_reported_and_kept():
    with pytest.warns(DegeneracyWarning, match="component 'Normal 2' has lost all its data"):
        model = MixtureModel([Normal(2.0, 1.0), Normal(-1e6, 1.0)]).fit([1.0, 2.0, 3.0, 4.0])
    assert model.components_[1] == Normal(-1e6, 1.0)
    assert len(model.components_) == 2
    assert [(found.component, found.cause, found.effective_count) for found in model.degeneracies_] == [
        ("Normal 2", "no data", 0)
    ]
    assert MixtureModel([Normal(2.0, 1.0)]).fit([1.0, 2.0, 4.0]).degeneracies_ == []


def test_a_component_on_few_nearly_equal_rows_is_reported(rng):
    x = np.r_[rng.normal(size=300), 0.7 + 1e-4 * rng.normal(size=7)]
    with pytest.warns(DegeneracyWarning, match="component 'Normal 2' explains 6.94 rows only, and by its std is"):
        model = MixtureModel([Normal(0.0, 1.0), Normal(0.7, 1e-3)]).fit(x)
    (found,) = model.degeneracies_
    assert (found.component, found.cause, found.parameters) == ("Normal 2", "few rows", ("std",))
    assert found.effective_count == pytest.approx(model.effective_counts_[1])
    again = MixtureModel.from_json(model.to_json())
    assert again.degeneracies_ == model.degeneracies_


@pytest.mark.parametrize("n_rows", [20, 200])
def test_narrow_components_on_enough_rows_or_where_all_have_few_are_no_spikes(n_rows, rng):
    many = np.r_[rng.normal(size=5 * n_rows), 0.7 + 1e-3 * rng.normal(size=n_rows)]
    assert MixtureModel([Normal(0.0, 1.0), Normal(0.7, 1e-3)]).fit(many).degeneracies_ == []
    centres = 100.0 * np.arange(12)
    few_each = np.concatenate([rng.normal(centre, 0.1, 6) for centre in centres])
    assert MixtureModel([Normal(centre, 1.0) for centre in centres]).fit(few_each).degeneracies_ == []


def test_a_spike_is_left_out_for_an_optimum_that_says_something_but_not_where_it_is_far_from_all_else(rng):
    for seed in range(3):  # a few galaxies have nearly the same velocity
        model = MixtureModel([Normal()] * 4, rng=seed).fit(datasets.load("galaxies")["velocity"])
        assert model.degeneracies_ == []
    x = np.r_[rng.normal(size=490), rng.normal(100.0, 0.05, 9)]
    with pytest.warns(DegeneracyWarning, match="explains 9 rows only"):
        model = MixtureModel([Normal()] * 2, rng=0).fit(x)
    assert sorted(model.effective_counts_.round()) == [9, 490]


def test_constant_data_end_finite():
    with pytest.warns(DegeneracyWarning):
        model = MixtureModel(TWO).fit([3.0] * 10)
    assert np.all(np.isfinite([*model.components_[0].parameters.values(), *model.weights_, model.log_likelihood_]))


def test_masses_beside_densities_are_warned_of():
    with pytest.warns(MeasureWarning, match="discrete and continuous"):
        MixtureModel([Normal(), Poisson()]).fit([1, 2, 3, 3, 4, 8, 9.0])


def test_nothing_passed_in_is_changed():
    original = np.random.default_rng(0).normal(size=300) + np.repeat([0.0, 5.0, 10.0], 100)
    x, weight, shares = original.copy(), np.arange(1.0, 301.0), np.array([2.0, 6.0])
    start = {"a": Normal(1.0, 2.0), "b": MixtureModel([Normal(), Normal(9.0, 1.0)])}
    before = repr(start)
    for array in (x, weight, shares):
        array.flags.writeable = False
    model = MixtureModel(start, weights=shares)
    model.fit(x, sample_weight=weight)
    np.testing.assert_array_equal(x, original)
    np.testing.assert_array_equal(weight, np.arange(1.0, 301.0))
    assert model.components is start
    assert model.weights is shares
    assert repr(start) == before
    assert not hasattr(start["b"], "weights_")


@pytest.mark.parametrize("weight", [None, [0.5, 1.0], [0.0, 1.0]], ids=["unweighted", "weighted", "zero"])
@pytest.mark.parametrize("x", [[[1.0], 2.0], [1.0, [2.0]], [[1.0, 2.0], [3.0]], [["a"], "b"], [[], [1.0]]], ids=str)
def test_rows_of_different_lengths_are_refused_by_all_families(x, weight):
    for family in [*fuzz.BARE, *fuzz.MADE]:
        for fitted in (family, MixtureModel([family, family])):
            with pytest.raises(InvalidDataError):
                fitted.fit(x, sample_weight=weight)
    if weight is None:
        with pytest.raises(InvalidDataError, match="needs? .*rows of one length|needs numbers as data"):
            MixtureModel([Normal(), Normal()]).fit(x)


@pytest.mark.parametrize(
    "components, x, weight",
    [
        ([Cauchy(), Cauchy()], [0.0, 0.0, 0.0, 1e200, 1e200], [1e12, 1.0, 1e-12, 1e-320, 1e-320]),
        ([BurrXII(), BurrXII()], [1e300, 1e299, 1e298], [1e12, 1.0, 1.0]),
    ],
)
def test_nothing_overflows_where_rows_are_huge_and_weights_are_out_of_proportion(components, x, weight):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        assert np.isfinite(MixtureModel(components, n_init=4).fit(x, sample_weight=weight).log_likelihood_)


def test_a_log_likelihood_beyond_all_numbers_is_refused():
    with pytest.raises(InvalidDataError, match="too large for a number. Change the unit"):
        MixtureModel([Skellam()]).fit([1e300], sample_weight=[1e12])
