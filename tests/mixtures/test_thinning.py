"""Fewer rows: equal ones are merged and change nothing; a sample stands for all."""

import tracemalloc

import numpy as np
import pytest

from mixtures import (
    Bernoulli,
    Categorical,
    Exponential,
    InvalidDataError,
    MixtureModel,
    Normal,
    PointMass,
    Poisson,
    Product,
)
from mixtures import training as door
from mixtures.observed import as_labels, observed
from mixtures.thinning import FEWEST, SAMPLE, merged, sampled


@pytest.fixture
def counts(rng):
    """Rows of a count, a category and a yes or no, some cells missing."""
    table = np.column_stack([rng.poisson(3.0, 4000), rng.integers(0, 3, 4000), rng.random(4000) < 0.3]).astype(float)
    table[rng.random(table.shape) < 0.02] = np.nan
    table[np.isnan(table).all(axis=1)] = 0.0
    return table


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("labelled", [False, True])
def test_rows_that_repeat_are_merged_whatever_goes_with_them(counts, rng, weighted, labelled):
    weight = rng.integers(1, 4, len(counts)).astype(float) if weighted else None
    labels = as_labels(rng.integers(-1, 2, len(counts)), len(counts), ["a", "b"]) if labelled else None
    data = observed(counts, weight, labels, np.zeros(3))
    found = merged(data)
    beside = data.code[:, np.newaxis] if labelled else np.zeros((len(counts), 1))
    table = np.column_stack([np.nan_to_num(counts, nan=-1.0), beside])
    rows, inverse = np.unique(table, axis=0, return_inverse=True)
    mass = np.bincount(inverse.ravel(), weights=weight)
    got = np.column_stack([np.nan_to_num(found.rows, nan=-1.0), found.code if labelled else np.zeros(len(found.rows))])
    assert len(got) == len(rows) < len(counts) / 8
    order = np.lexsort(got.T[::-1])
    np.testing.assert_array_equal(got[order], rows)
    np.testing.assert_array_equal(found.weight[order], mass)
    assert found.points is found.rows
    shuffled = rng.permutation(len(counts))
    again = merged(
        data._replace(
            rows=counts[shuffled],
            weight=data.weight[shuffled] if weighted else data.weight,
            code=data.code[shuffled] if labelled else data.code,
        )
    )
    np.testing.assert_array_equal(again.rows, found.rows)
    np.testing.assert_array_equal(again.weight, found.weight)


def test_rows_of_which_few_repeat_are_left_alone(rng):
    for rows in (rng.normal(size=(5000, 2)), rng.poisson(1.0, (FEWEST - 1, 1)).astype(float)):
        data = observed(rows)
        assert merged(data) is data


@pytest.mark.parametrize("components", [[Poisson()] * 2, Product([Poisson(), Categorical(), Bernoulli()])])
def test_a_fit_to_merged_rows_is_the_fit_to_all(counts, rng, monkeypatch, components):
    x = counts if isinstance(components, Product) else np.nan_to_num(counts[:, 0])
    options = {} if isinstance(components, list) else {"n_components": 2}
    weight, labels = rng.random(len(x)), np.where(rng.random(len(x)) < 0.1, rng.integers(0, 2, len(x)), -1)
    fits = []
    for merge in (merged, lambda data: data):
        monkeypatch.setattr(door, "merged", merge)
        model = MixtureModel(components, rng=0, n_init=2, max_iter=40, tol=0.0, accelerate=None, **options)
        with pytest.warns(UserWarning, match="max_iter"):
            fits.append(model.fit(x, sample_weight=weight, labels=labels))
    np.testing.assert_allclose(fits[0].history_, fits[1].history_, rtol=1e-12)
    np.testing.assert_allclose(fits[0].weights_, fits[1].weights_, rtol=1e-8)
    np.testing.assert_array_equal(fits[0].predict(x), fits[1].predict(x))
    assert fits[0].n_rows_ == len(x)
    assert fits[0].total_weight_ == fits[1].total_weight_


def test_a_row_without_density_is_named_by_its_own_place(rng):
    x, labels = rng.poisson(3.0, 2000) + 1.0, np.full(2000, -1)
    labels[1500] = 0
    with pytest.raises(InvalidDataError, match="row 1500"):
        MixtureModel([PointMass(0.0), Poisson(3.0)]).fit(x, labels=labels)


def test_a_sample_stands_for_all_rows(rng):
    n = 3 * SAMPLE
    rows, weight = rng.normal(size=(n, 1)), rng.exponential(size=n)
    weight[7] = weight.sum()  # as much as all others
    labels = as_labels(np.arange(n) % 2, n, ["a", "b"])
    found = sampled(observed(rows, weight, labels))
    assert abs(len(found.rows) - SAMPLE / 2) < 0.05 * SAMPLE  # the other half is that row
    assert found.weight.sum() == pytest.approx(weight.sum(), rel=1e-12)
    mean, error = np.average(found.rows[:, 0], weights=found.weight), 5.0 / np.sqrt(SAMPLE)
    assert abs(mean - np.average(rows[:, 0], weights=weight)) < error
    assert found.weight[found.rows[:, 0] == rows[7, 0]] == pytest.approx(weight[7], rel=0.02)
    place = {value: i for i, value in enumerate(rows[:, 0])}
    np.testing.assert_array_equal(found.code, [place[value] % 2 for value in found.rows[:, 0]])
    scaled = sampled(observed(rows * 1e8, weight, labels))
    np.testing.assert_array_equal(scaled.rows, found.rows * 1e8)
    small = observed(rows[: 2 * SAMPLE])
    assert sampled(small) is small


def test_memory_of_a_fit_is_small_beside_the_data(rng):
    x = np.concatenate([rng.normal(5.0, 1.0, 2_000_000), rng.exponential(1.0, 2_000_000)])
    model = MixtureModel([Normal(), Exponential()], max_iter=1, rng=0)
    with pytest.warns(UserWarning, match="max_iter"):
        model.fit(x[::4000])
        tracemalloc.start()
        try:
            model.fit(x)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 0.3 * x.nbytes
