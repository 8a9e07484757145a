"""Truncated, hard and stochastic EM: against plain NumPy, against EM, and against Lloyd's k-means."""

import numpy as np
import pytest
import scipy.stats
from scipy.special import logsumexp

from mixtures import (
    ConvergenceWarning,
    Exponential,
    InvalidParameterError,
    Logistic,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
)
from mixtures.truncation import draw, keep_best

START = [Normal(-1.0, 2.0), Normal(0.5, 1.0), Normal(2.0, 1.0), Normal(6.0, 3.0)]


@pytest.fixture
def x(rng):
    return np.concatenate([rng.normal(0.0, 1.0, 300), rng.normal(2.5, 0.7, 300), rng.normal(6.0, 2.0, 400)])


@pytest.fixture
def clusters(rng):
    centres = rng.normal(0.0, 4.0, (7, 3))
    return centres[rng.integers(7, size=900)] + rng.normal(size=(900, 3))


def best_of(joint, kept):
    """Mark the greatest log joint densities of each row, shape (n, K), the first among equal ones."""
    order = np.argsort(-joint, axis=1, kind="stable")
    mask = np.zeros(joint.shape, dtype=bool)
    np.put_along_axis(mask, order[:, :kept], True, axis=1)
    return mask


def truncated_em(x, weight, means, stds, kept, n_updates):
    """Truncated EM of equally weighted normals; return objectives and parameters."""
    shares, history = np.full(len(means), 1.0 / len(means)), []
    for _ in range(n_updates + 1):
        joint = np.log(shares) + scipy.stats.norm.logpdf(x[:, np.newaxis], means, stds)
        joint = np.where(best_of(joint, kept), joint, -np.inf)
        total = logsumexp(joint, axis=1, keepdims=True)
        history.append(weight @ total[:, 0])
        r = weight[:, np.newaxis] * np.exp(joint - total)
        last = means, stds, shares
        shares = r.sum(axis=0) / weight.sum()
        means = (r * x[:, np.newaxis]).sum(axis=0) / r.sum(axis=0)
        stds = np.sqrt((r * (x[:, np.newaxis] - means) ** 2).sum(axis=0) / r.sum(axis=0))
    return history, last


# ------------------------------------------------------------------------------------------------ the kernels


@pytest.mark.parametrize("kept", [1, 2, 5, 6])
def test_the_best_are_kept_and_of_equals_the_first(rng, kept):
    joint = rng.integers(-6, 0, size=(6, 500)).astype(float)  # many are equal
    joint[rng.random(joint.shape) < 0.1] = -np.inf
    expected = np.where(best_of(joint.T, kept).T, joint, -np.inf)
    keep_best(joint, kept, np.empty(2 * 500))
    np.testing.assert_array_equal(joint, expected)


def test_what_is_no_number_stays(rng):
    joint = rng.normal(size=(4, 40))
    joint[2, 17] = np.nan
    keep_best(joint, 1, np.empty(80))
    assert np.isnan(joint[2, 17])
    assert np.isnan(joint).sum() == 1


def test_draws_follow_the_responsibilities_and_keep_the_weight(rng):
    n, shares = 100_000, np.array([0.5, 0.0, 0.3, 0.2])
    weight = rng.uniform(0.5, 2.0, n)
    r, mass = shares[:, np.newaxis] * weight, np.zeros(4)
    draw(r, 0, 123, mass)
    assert np.all((r > 0.0).sum(axis=0) == 1)
    np.testing.assert_allclose(r.sum(axis=0), weight, rtol=1e-12)
    np.testing.assert_allclose(mass, r.sum(axis=1), rtol=1e-12)
    counts = (r > 0.0).sum(axis=1)
    assert counts[1] == 0
    assert scipy.stats.chisquare(counts[[0, 2, 3]], n * shares[[0, 2, 3]]).pvalue > 1e-3


def test_a_row_draws_the_same_in_whatever_block_it_lies():
    shares = np.array([[0.4], [0.35], [0.25]]) * np.ones(1000)
    whole, parts = shares.copy(), shares.copy()
    draw(whole, 0, 5, np.zeros(3))
    for start in (0, 300, 777):
        end = {0: 300, 300: 777, 777: 1000}[start]
        block = np.ascontiguousarray(parts[:, start:end])
        draw(block, start, 5, np.zeros(3))
        parts[:, start:end] = block
    np.testing.assert_array_equal(whole, parts)
    other = shares.copy()
    draw(other, 0, 6, np.zeros(3))
    assert np.any(other != whole)


# ---------------------------------------------------------------------------------------------- C best components


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_it_is_truncated_em_in_numpy(x, rng, kept):
    weight = rng.uniform(0.0, 2.0, len(x))
    model = MixtureModel(START, truncate=kept, max_iter=4)
    with pytest.warns(ConvergenceWarning, match="truncated log-likelihood"):
        model.fit(x, sample_weight=weight)
    means, stds = np.array([(part.mean, part.std) for part in START]).T
    history, (means, stds, shares) = truncated_em(x, weight, means, stds, kept, 4)
    np.testing.assert_allclose(model.history_, history, rtol=1e-11)
    np.testing.assert_allclose([part.mean for part in model.components_], means, rtol=1e-9)
    np.testing.assert_allclose([part.std for part in model.components_], stds, rtol=1e-9)
    np.testing.assert_allclose(model.weights_, shares, rtol=1e-9)


def test_with_all_components_it_is_em_to_the_bit(clusters):
    prototype = MultivariateNormal()
    em = MixtureModel(prototype, n_components=5, n_init=5).fit(clusters)
    for kept in (5, 9):
        same = MixtureModel(prototype, n_components=5, n_init=5, truncate=kept).fit(clusters)
        np.testing.assert_array_equal(same.history_, em.history_)
        np.testing.assert_array_equal(same.predict_proba(clusters), em.predict_proba(clusters))


def test_hard_em_of_equal_spheres_is_lloyds_algorithm_step_by_step(clusters, rng):
    centres = clusters[rng.choice(len(clusters), 6, replace=False)]
    start = [MultivariateNormal(centre, np.eye(3), structure="spherical") for centre in centres]
    model = MixtureModel(start, weights=np.full(6, 1 / 6), freeze_weights=True, covariance="EII", truncate=1)
    inertias = []
    for step in model.iter_fit(clusters):
        np.testing.assert_allclose([part.mean for part in step.components], centres, rtol=0, atol=1e-11)
        squares = ((clusters[:, np.newaxis] - centres) ** 2).sum(axis=2)
        labels = squares.argmin(axis=1)
        inertias.append(squares.min(axis=1).sum())
        centres = np.array([clusters[labels == k].mean(axis=0) for k in range(6)])
    assert model.converged_
    assert len(inertias) > 5
    np.testing.assert_allclose(centres, [part.mean for part in model.components_], atol=1e-11)  # Lloyd's fixed point
    variance = model.components_[0].cov[0, 0]
    assert variance == pytest.approx(inertias[-1] / clusters.size, rel=1e-10)
    classified = -inertias[-1] / (2 * variance) - clusters.size / 2 * np.log(2 * np.pi * variance)
    assert model.history_[-1] == pytest.approx(classified - len(clusters) * np.log(6), rel=1e-12)


@pytest.mark.parametrize(
    "components, data",
    [
        ([Normal(), Exponential(), Normal()], "x"),
        ([Logistic(), Logistic(), Logistic()], "x"),
        ([MultivariateNormal()] * 5, "clusters"),
        ([Product([Normal(), MultivariateNormal()])] * 4, "clusters"),
        ([MixtureModel([MultivariateNormal()] * 2), MultivariateNormal()], "clusters"),
    ],
)
@pytest.mark.parametrize("kept", [1, 2])
def test_the_objective_never_falls_and_bounds_the_log_likelihood(request, components, data, kept):
    rows = request.getfixturevalue(data)
    model = MixtureModel(components, truncate=kept, n_init=3).fit(rows)
    assert model.converged_
    assert np.all(np.diff(model.history_) >= -1e-9 * len(rows))
    assert model.history_[-1] <= model.log_likelihood_
    assert model.log_likelihood_ == pytest.approx(model.log_likelihood(rows), rel=1e-12)


def test_more_components_come_closer_to_em(x):
    bounds = [MixtureModel(START, truncate=kept).fit(x).history_[0] for kept in (1, 2, 3)]
    assert np.all(np.diff([*bounds, MixtureModel(START).fit(x).history_[0]]) > 0.0)


def test_a_weight_is_a_repetition(x, rng):
    times = rng.integers(0, 4, len(x))
    weighted = MixtureModel(START, truncate=2).fit(x, sample_weight=times)
    repeated = MixtureModel(START, truncate=2).fit(np.repeat(x, times))
    np.testing.assert_allclose(weighted.weights_, repeated.weights_, rtol=1e-8)


def test_labels_hold_against_better_components(x):
    labels = np.full(len(x), -1)
    labels[:50] = 3
    model = MixtureModel(START, truncate=1).fit(x, labels=labels)
    assert model.effective_counts_.sum() == pytest.approx(len(x))
    assert model.effective_counts_[3] >= 50 - 1e-9
    assert np.all(np.diff(model.history_) >= -1e-9)


def test_with_missing_cells_and_a_prior(clusters, rng):
    rows = np.where(rng.random(clusters.shape) < 0.1, np.nan, clusters)
    rows = rows[~np.isnan(rows).all(axis=1)]
    model = MixtureModel([MultivariateNormal()] * 4, truncate=2, n_init=3, prior="default").fit(rows)
    assert np.all(np.diff(model.history_) >= -1e-9 * len(rows))
    assert model.log_likelihood_ == pytest.approx(model.log_likelihood(rows), rel=1e-12)
    without = model.history_[-1] - (model.log_posterior_ - model.log_likelihood_)
    assert without < model.log_likelihood_


class NormalInNumpy(Normal):
    kernels = None

    def log_pdf(self, x):
        return scipy.stats.norm.logpdf(x, self.mean, self.std)

    def fit(self, x, sample_weight=None):
        mean = np.average(x, weights=sample_weight)
        return self.with_values(mean=mean, std=np.sqrt(np.average((x - mean) ** 2, weights=sample_weight)))


@pytest.mark.parametrize("truncate", [2, "stochastic"])
def test_a_family_in_numpy_does_the_same(x, truncate):
    compiled = MixtureModel(START, truncate=truncate, max_iter=30)
    mixed = MixtureModel([NormalInNumpy(-1.0, 2.0), *START[1:]], truncate=truncate, max_iter=30)
    for model in (compiled, mixed):
        steps = model.iter_fit(x)
        model.seen = [next(steps).log_likelihood for _ in range(20)]
    np.testing.assert_allclose(mixed.seen, compiled.seen, rtol=1e-10)


# --------------------------------------------------------------------------------------------------- stochastic EM


def test_stochastic_em_moves_about_the_optimum_and_keeps_the_best(x):
    optimum = MixtureModel([Normal(0.0, 1.0), Normal(5.0, 2.0)]).fit(x)
    model = MixtureModel([Normal(0.0, 1.0), Normal(5.0, 2.0)], truncate="stochastic", max_iter=300).fit(x)
    assert model.n_iter_ == 300 and not model.converged_
    assert model.converged_reason_.startswith("made max_iter random updates")
    assert np.any(np.diff(model.history_) < 0.0)
    assert model.log_likelihood_ == model.history_.max()
    assert model.log_likelihood_ == pytest.approx(model.log_likelihood(x), rel=1e-12)
    assert optimum.log_likelihood_ - 2.0 < model.log_likelihood_ < optimum.log_likelihood_
    # A chi-square variable with 5 degrees of freedom, one for each parameter, times a share of missing information
    assert optimum.log_likelihood_ - 20.0 < model.history_[50:].mean()
    assert model.effective_counts_.sum() == pytest.approx(len(x))


def test_every_update_fits_components_to_the_rows_drawn(x):
    counts = []
    for step in MixtureModel([Normal(0.0, 1.0), Normal(5.0, 2.0)], truncate="stochastic", max_iter=10).iter_fit(x):
        counts.append(step.weights * len(x))
    np.testing.assert_allclose(counts[1:-1], np.round(counts[1:-1]), atol=1e-8)


def test_the_same_rng_draws_the_same(x):
    pair = [Normal(0.0, 1.0), Normal(5.0, 2.0)]

    def history(rng):
        return MixtureModel(pair, truncate="stochastic", max_iter=20, rng=rng).fit(x).history_

    np.testing.assert_array_equal(history(1), history(np.random.default_rng(1)))
    assert np.any(history(1) != history(2))


def test_a_known_component_is_always_drawn(x):
    labels = np.where(np.arange(len(x)) < 400, 1, -1)
    model = MixtureModel([Poisson(1.0), Poisson(5.0)], truncate="stochastic", max_iter=20)
    model.fit(np.abs(x).round(), labels=labels)
    assert model.effective_counts_[1] >= 400


def test_newton_steps_cannot_be_confirmed_by_a_random_likelihood(x):
    with pytest.raises(InvalidParameterError, match="'Logistic'.*Newton steps"):
        MixtureModel([Normal(), Logistic()], truncate="stochastic").fit(x)


@pytest.mark.parametrize("truncate", [0, -1, 1.5, True, "hard", [2]])
def test_anything_else_is_refused(x, truncate):
    with pytest.raises(InvalidParameterError, match="truncate must be"):
        MixtureModel([Normal(), Normal()], truncate=truncate).fit(x)
