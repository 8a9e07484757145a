"""The search among neighbours: its objective is the one written out in NumPy, never falls, and is all but the whole."""

import numpy as np
import pytest
from scipy.special import logsumexp

from mixtures import Blocks, InvalidParameterError, MixtureModel, MultivariateNormal, Normal, Poisson, Product
from mixtures.posterior import log_joint

K = 25


@pytest.fixture
def clusters(rng):
    """Rows of clusters in a plane that overlap a little, and where they come from."""
    centres = 4.0 * np.array([(i, j) for i in range(5) for j in range(5)])
    label = rng.integers(K, size=2500)
    return centres[label] + rng.normal(size=(2500, 2)), label


def start(x, rng, family=MultivariateNormal):
    """Return components at random rows."""
    places = x[rng.choice(len(x), K, replace=False)]
    if family is MultivariateNormal:
        return [MultivariateNormal(place, np.eye(2)) for place in places]
    return [Product([Normal(a, 1.0), Poisson(abs(b) + 1.0)]) for a, b in places]


def written_out(fit, labels=None):
    """Return the objective of a fit at its parameters: each row's best components among those near its group."""
    data, near = fit._search.data, fit.engine.plan.near
    joint = log_joint(fit.layout.branches_of(fit.engine.parameters.leaves), fit.engine.state.weights, data.rows)
    if data.is_labelled:
        joint = joint + data.log_factors[data.code].T
    total = 0.0
    for group in range(K):
        rows = slice(near.row_at[group], near.row_at[group + 1])
        components = near.components[near.component_at[group] : near.component_at[group + 1]]
        assert len(components) == 6
        assert group in components
        kept = np.sort(joint[components, rows], axis=0)[-3:]
        weight = data.weight[rows] if data.weight.size else 1.0
        total += (weight * logsumexp(kept, axis=0)).sum()
    return total


@pytest.mark.parametrize("what", ["normals", "products", "weights and labels", "missing"])
def test_the_objective_is_the_one_written_out(clusters, rng, what):
    x, label = clusters
    weight = labels = None
    if what == "weights and labels":
        weight, labels = rng.random(len(x)), np.where(rng.random(len(x)) < 0.1, label, -1)
    components = start(x, rng, Product if what == "products" else MultivariateNormal)
    if what == "products":
        x = np.column_stack([x[:, 0], rng.poisson(np.abs(x[:, 1]))])
    if what == "missing":
        x = np.where(rng.random(x.shape) < 0.1, np.nan, x)
        x = x[~np.isnan(x).all(axis=1)]
    model = MixtureModel(components, truncate=(3, 6), max_iter=60, n_jobs=1)
    fit = model._start(x, weight, labels)
    fit.run(12)
    assert fit.objective == pytest.approx(written_out(fit), rel=1e-10)
    rows = np.lexsort(fit._search.data.rows.T)
    np.testing.assert_array_equal(fit._search.data.rows[rows], x[np.lexsort(x.T)])
    fit.run()
    assert np.diff(fit.engine.history).min() >= -1e-9 * len(x)


def test_it_comes_as_close_to_em_as_without_the_search(clusters, rng):
    x, label = clusters
    components = [MultivariateNormal(x[label == k][0], np.eye(2)) for k in range(K)]
    models = [MixtureModel(components, truncate=truncate, tol=1e-6).fit(x) for truncate in (3, (3, 8), (3, 8))]
    whole, near, again = models
    assert near.log_likelihood_ == pytest.approx(whole.log_likelihood_, rel=1e-3)
    assert near.converged_
    assert near.history_[-1] <= near.log_likelihood_
    assert near == again


def test_one_component_more_than_are_looked_at_is_searched_as_well(clusters):
    x, label = clusters
    components = [MultivariateNormal(x[label == k].mean(axis=0), np.eye(2)) for k in range(K)]
    few, all_of_them = (MixtureModel(components, truncate=(2, near)).fit(x) for near in (K - 1, K))
    assert few.log_likelihood_ == pytest.approx(all_of_them.log_likelihood_, abs=1e-3)


def test_threads_make_no_difference(clusters, rng):
    x, _ = clusters
    components, models = start(x, rng), []
    for n_jobs in (1, 2):
        models.append(MixtureModel(components, truncate=(3, 6), n_jobs=n_jobs, tol=1e-3).fit(x))
    np.testing.assert_array_equal(models[0].history_, models[1].history_)


def test_max_iter_ends_it_and_steps_may_be_watched(clusters, rng):
    x, _ = clusters
    model = MixtureModel(start(x, rng), truncate=(3, 6), max_iter=7)
    with pytest.warns(UserWarning, match="max_iter = 7 updates"):
        model.fit(x)
        steps = [step.log_likelihood for step in model.iter_fit(x)]
    assert len(steps) == len(model.history_) == 8
    assert np.all(steps > model.history_)  # of all components


def test_rows_must_be_in_memory_and_checkpoints_do_not_know_their_order(clusters, rng, tmp_path):
    x, _ = clusters
    components = start(x, rng)
    with pytest.raises(InvalidParameterError, match=r"truncate=\(3, 6\) sorts the rows.*truncate=3"):
        MixtureModel(components, truncate=(3, 6)).fit(Blocks([x[:1000], x[1000:]]))
    with pytest.raises(InvalidParameterError, match=r"truncate=\(3, 6\) writes no checkpoints"):
        MixtureModel(components, truncate=(3, 6)).fit(x, checkpoint=tmp_path / "state")


@pytest.mark.parametrize("truncate", [(3,), (0, 5), (5, 3), (2, 3.0), (2, True), [2, 3], (1, 2, 3)])
def test_anything_else_is_refused(clusters, rng, truncate):
    with pytest.raises(InvalidParameterError, match="truncate must be the number of components"):
        MixtureModel(start(clusters[0], rng), truncate=truncate).fit(clusters[0])
