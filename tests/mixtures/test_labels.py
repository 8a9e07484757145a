"""The order of components: it is stable, it can be changed, and matched with that of another fit."""

import itertools

import numpy as np
import pytest

from mixtures import (
    DegeneracyWarning,
    Exponential,
    InvalidParameterError,
    MixtureModel,
    MultivariateNormal,
    Normal,
    NotFittedError,
    Poisson,
    Truncated,
    datasets,
)

WAITING = datasets.load("old_faithful")["waiting"]


def test_like_components_come_out_in_one_order_for_every_seed_and_order_of_rows(rng):
    x = np.concatenate([rng.normal(m, 1.0, 80) for m in (9.0, 0.0, 4.5)])
    fits = [MixtureModel([Normal()] * 3, rng=seed).fit(rng.permutation(x)) for seed in range(3)]
    for model in fits:
        means = [part.mean for part in model.components_]
        assert means == sorted(means)
        np.testing.assert_allclose(means, [part.mean for part in fits[0].components_], rtol=1e-6)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_bootstrap_fits_are_matched_whatever_their_order(order, rng):
    X = np.concatenate([rng.normal(m, 1.0, (100, 2)) for m in ([0, 0], [6, 0], [0, 6])])
    first = MixtureModel([MultivariateNormal()] * 3).fit(X)
    again = MixtureModel([MultivariateNormal()] * 3, n_init=10).fit(X[rng.integers(300, size=300)]).relabel(order)
    aligned = again.align(first)
    np.testing.assert_allclose(
        [part.mean for part in aligned.components_], [part.mean for part in first.components_], atol=1.0
    )
    assert aligned.log_likelihood_ == again.log_likelihood_
    assert (aligned.predict(X) == first.predict(X)).mean() > 0.98
    assert aligned.score(X) == pytest.approx(again.score(X), rel=1e-12)
    np.testing.assert_allclose(aligned.effective_counts_, 300 * aligned.weights_, rtol=1e-9)


def test_a_model_is_in_the_order_of_itself_and_the_copy_is_apart():
    model = MixtureModel([Normal(), Normal(), Normal()]).fit(WAITING)
    before = model.to_json()
    back = model.relabel([2, 0, 1])
    assert [*back.components_] == [model.components_[k] for k in (2, 0, 1)]
    assert back.align(model).to_json() == before == model.to_json()
    assert back.relabel([1, 2, 0]).to_json() == before


def test_names_stay_at_their_places_and_kinds_at_theirs(rng):
    x = np.concatenate([rng.exponential(1.0, 200), rng.normal(8.0, 0.5, 100), rng.normal(12.0, 0.5, 100)])
    model = MixtureModel({"a": Normal(), "tail": Exponential(), "b": Normal()}).fit(x)
    other = model.relabel(["b", "tail", 0])
    assert list(other.components_) == ["a", "tail", "b"]
    assert other.components_["a"] == model.components_["b"]
    assert other.align(model).components_ == model.components_
    with pytest.raises(InvalidParameterError, match="order puts 'tail' in the place of 'a', which is not of its kind"):
        model.relabel(["tail", "a", "b"])


def test_nested_components_move_with_what_is_known_of_them(rng):
    x = np.concatenate([rng.normal(m, 0.5, 50) for m in (0.0, 2.0, 20.0, 23.0)])
    model = MixtureModel([MixtureModel([Normal(), Normal()])] * 2).fit(x)
    other = model.relabel([1, 0])
    np.testing.assert_array_equal(other.part_counts_, model.part_counts_[[2, 3, 0, 1]])
    assert other.align(model).to_json() == model.to_json()


def test_what_went_wrong_keeps_to_its_component(rng):
    x = np.append(rng.normal(size=60), [50.0] * 5)
    with pytest.warns(DegeneracyWarning, match="component 'Normal 2' collapsed"):
        model = MixtureModel([Normal()] * 2).fit(x)
    (found,) = model.relabel([1, 0]).degeneracies_
    assert found.component == "Normal 1"
    assert found.message.startswith("component 'Normal 1' collapsed")


def test_wrappers_and_given_values(rng):
    two = MixtureModel([Truncated(Normal(), low=0.0)] * 2).fit(np.abs(rng.normal(size=80)) + np.repeat([0.0, 9.0], 40))
    assert two.relabel([1, 0]).align(two).components_ == two.components_
    given = MixtureModel([Poisson(1.0), Poisson(20.0)])
    assert MixtureModel([Poisson(18.0), Poisson(2.0)], weights=[0.9, 0.1]).align(given).weights_.tolist() == [0.1, 0.9]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: m.relabel([0, 0]), r"order must name each of 2 components once; got \[0, 0\]"),
        (lambda m: m.relabel("ab"), "order must be a list of all components; got 'ab'"),
        (lambda m: m.relabel([0, 5]), "order names 5; the components are"),
        (lambda m: m.align(MixtureModel([Normal(0, 1), Poisson(1.0)])), "other must be a model of the same components"),
        (lambda m: m.align(Normal(0, 1)), r"other must be a MixtureModel; got Normal\(mean=0"),
    ],
)
def test_wrong_orders_are_named(call, message):
    with pytest.raises(InvalidParameterError, match=message):
        call(MixtureModel([Normal(0.0, 1.0), Normal(3.0, 1.0)]))


@pytest.mark.parametrize("settings", [{"tied": {"std": ["a", "b"]}}, {"weights": [0.3, 0.7], "freeze_weights": True}])
def test_what_has_something_of_its_own_stays(settings):
    model = MixtureModel({"a": Normal(0.0, 1.0), "b": Normal(3.0, 1.0)}, **settings)
    assert model.align(model).components_ == dict(model.components)
    with pytest.raises(InvalidParameterError, match="not of its kind"):
        model.relabel([1, 0])


def test_unknown_components_have_no_order():
    with pytest.raises(NotFittedError, match="cannot be relabelled yet"):
        MixtureModel([Normal()] * 2).relabel([1, 0])
