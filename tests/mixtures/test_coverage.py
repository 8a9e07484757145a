"""A start from a sample reaches all rows, also those between the clusters of the sample."""

import numpy as np
import pytest
from engines import layout_of

from mixtures import MixtureModel, MultivariateNormal, Normal, Product, Uniform, UniformBox
from mixtures.coverage import reaching, unreached
from mixtures.layout import Parameters
from mixtures.observed import as_labels, observed


def two_blocks(n, rng):
    return rng.permuted(np.concatenate([rng.uniform(0.0, 1.0, n // 2), rng.uniform(3.0, 5.0, n - n // 2)]))


@pytest.mark.parametrize("n", [10_000, 100_000])
def test_uniforms_fit_many_rows(n, rng):
    x = two_blocks(n, rng)
    model = MixtureModel([Uniform(), Uniform()], n_init=10).fit(x)
    low, high = (x[x < 2.0], x[x > 2.0])
    ends = [(part.low, part.high) for part in model.components_]
    assert ends == [(low.min(), low.max()), (high.min(), high.max())]
    np.testing.assert_allclose(model.weights_, 0.5, atol=1e-12)


@pytest.mark.parametrize("n", [10_000, 100_000])
@pytest.mark.parametrize("component", [UniformBox(), Product([Uniform(), Uniform()])])
def test_boxes_fit_many_rows(n, component, rng):
    x = np.column_stack([two_blocks(n, rng), rng.random(n)])
    model = MixtureModel([component, component], n_init=10).fit(x)
    area = np.prod([np.ptp(x[x[:, 0] < 2.0], axis=0), np.ptp(x[x[:, 0] > 2.0], axis=0)], axis=1)
    np.testing.assert_allclose(model.log_likelihood_, -n / 2 * np.log(4.0 * area.prod()), rtol=1e-12)


def test_overlapping_boxes_reach_all_rows_of_a_cloud(rng):
    x = rng.normal(size=(20_000, 2))
    assert MixtureModel([UniformBox()] * 3, n_init=10).fit(x).converged_


def fitted_to_part(components, x, labels=None):
    data = observed(x[:, np.newaxis], None, labels)
    layout = layout_of([type(part)() for part in components], 1)
    start = Parameters(components, [np.full(len(components), 1.0 / len(components))])
    return layout, data, start, reaching(layout, start, data, np.ones(1))


def test_rows_go_to_the_component_of_their_nearest_row_and_the_other_stays(rng):
    x = two_blocks(1000, rng)
    components = [Uniform(0.01, 0.9), Uniform(0.0 + x[x > 2.0].min(), x.max())]
    layout, data, start, found = fitted_to_part(components, x)
    assert len(unreached(layout.branches_of(start.leaves), np.full(2, 0.5), data)) > 10
    assert not len(unreached(layout.branches_of(found.leaves), np.full(2, 0.5), data))
    assert found.leaves[0] == Uniform(x.min(), x[x < 2.0].max())
    assert found.leaves[1] is components[1]


def test_rows_go_where_labels_allow(rng):
    x = two_blocks(1000, rng)
    first = int(np.argmin(np.abs(x - x[x < 2.0].max())))
    labels = as_labels(np.where(np.arange(1000) == first, 1, -1), 1000, ["a", "b"])
    *_, found = fitted_to_part([Uniform(0.0, 0.9), Uniform(3.0, 5.0)], x, labels)
    assert found.leaves[1].low == x[first]


def test_nothing_moves_where_all_is_reached_or_given(rng):
    x = two_blocks(1000, rng)
    *_, start, found = fitted_to_part([Normal(0.5, 1.0), Uniform(3.0, 5.0)], x)
    assert found is start
    data = observed(x[:, np.newaxis])
    layout = layout_of([Uniform(0.0, 0.5), Uniform(3.0, 5.0)], 1)
    given = Parameters([leaf.distribution for leaf in layout.leaves], [np.full(2, 0.5)])
    assert reaching(layout, given, data, np.ones(1)) is given


def test_missing_cells_and_weights(rng):
    x = np.column_stack([two_blocks(5000, rng), rng.random(5000)])
    x[::7, 1] = np.nan
    weight = rng.integers(0, 3, 5000)
    model = MixtureModel([Product([Uniform(), Uniform()])] * 2, n_init=10).fit(x, sample_weight=weight)
    assert np.isfinite(model.log_likelihood_)
    assert np.isfinite(MixtureModel([MultivariateNormal()] * 2, n_init=3).fit(x).log_likelihood_)
