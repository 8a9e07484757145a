"""The search for columns whose distribution components may share."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from mixtures import (
    Categorical,
    InvalidParameterError,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    datasets,
    share_columns,
)


@pytest.fixture
def groups(rng):
    return rng.integers(3, size=900)


@pytest.fixture
def X(groups, rng):
    return np.column_stack(
        [
            rng.normal(np.array([0.0, 6.0, 6.0])[groups]),
            rng.poisson(np.array([2.0, 2.0, 18.0])[groups]),
            rng.normal(3.0, 2.0, len(groups)),
        ]
    )


def model(**options):
    return MixtureModel({k: Product({"x": Normal(), "y": Poisson(), "z": Normal()}) for k in "abc"}, **options)


def test_the_groups_behind_the_data_are_found(X, groups):
    plain = model().fit(X)
    found = share_columns(plain, X)
    assert adjusted_rand_score(groups, found.predict(X)) > 0.98
    assert {name: sorted(map(len, shared)) for name, shared in found.tied.items()} == {"x": [2], "y": [2], "z": [3]}
    x, y = ({frozenset(group) for group in found.tied[name]} for name in "xy")
    assert x.isdisjoint(y)
    assert found.n_parameters == 2 + 2 * 2 + 2 + 2
    assert found.bic(X) < plain.bic(X)
    for name, shared in found.tied.items():
        for group in shared:
            assert len({found.components_[member].parts[name] for member in group}) == 1
    assert plain.tied is None
    again = share_columns(model(), X)
    assert again.tied == found.tied


def test_weights_are_repetition_and_missing_cells_are_left_out(X, rng):
    X[rng.random(X.shape) < 0.1] = np.nan
    X = X[~np.isnan(X).all(axis=1)]
    count = rng.integers(1, 4, len(X))
    start = model().fit(np.repeat(X, count, axis=0))
    repeated = share_columns(start, np.repeat(X, count, axis=0))
    weighted = share_columns(start, X, sample_weight=count)
    assert weighted.tied == repeated.tied
    assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, rel=1e-8)


def test_nothing_is_shared_where_nothing_is_gained(rng):
    group = rng.integers(2, size=600)
    X = np.column_stack([rng.normal(8.0 * group), rng.normal(-8.0 * group, 1.0 + group)])
    found = share_columns(MixtureModel([Product([Normal(), Normal()])] * 2), X)
    assert found.tied is None
    assert found.bic(X) == found.fit(X).bic(X)


def test_frozen_parts_and_other_families_stay_apart(X):
    start = {
        "a": Product({"x": Normal(), "y": Poisson(), "z": Normal(3.0, 2.0).freeze()}),
        "b": Product({"x": Normal(), "y": Poisson(), "z": Normal()}),
        "c": Product({"x": Normal(), "y": Normal(), "z": Normal()}),
    }
    found = share_columns(MixtureModel(start), X)
    assert found.components_["a"].parts["z"] == Normal(3.0, 2.0).freeze()
    assert all("a" not in group for group in found.tied["z"])
    assert all("c" not in group for group in found.tied.get("y", []))


def test_penguins_by_species():
    """Where the sexes tell components apart, the likelihood prefers them to species; a shared column says nothing."""
    table = datasets.load("penguins")
    measures = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    part = Product({measures: MultivariateNormal(), "island": Categorical(), "sex": Categorical()})
    found = MixtureModel(part, n_components=3, tied="sex").fit(table)
    assert adjusted_rand_score(table["species"], found.predict(table)) > 0.97
    sexes = [component.parts["sex"] for component in found.components_]
    assert sexes[0] == sexes[1] == sexes[2]


@pytest.mark.parametrize(
    "components, options, message",
    [
        ([Normal(), Normal()], {}, "all Products with parts in the same columns"),
        ([Product({"x": Normal(), "y": Normal()}), Product({"x": Normal(), "z": Normal()})], {}, "the same columns"),
        ([Product([Normal(), Normal()])] * 2, {"tied": "column 1"}, "has tied='column 1' already"),
    ],
)
def test_what_has_no_columns_to_share_is_refused(components, options, message, rng):
    with pytest.raises(InvalidParameterError, match="model must be a MixtureModel"):
        share_columns(components[0], rng.normal(size=(20, 2)))
    with pytest.raises(InvalidParameterError, match=message):
        share_columns(MixtureModel(components, **options), rng.normal(size=(20, 2)))
