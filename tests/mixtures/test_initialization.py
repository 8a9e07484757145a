"""First guesses: what they may depend on, that they know the families, and that hard data are found."""

import itertools
from typing import NamedTuple

import numpy as np
import pytest
from engines import layout_of

from distributions.data import centre_and_scale
from distributions.domains import POSITIVE, REAL
from mixtures import (
    Blocks,
    DegeneracyWarning,
    DiscreteUniform,
    Distribution,
    Exponential,
    GeneralizedExtremeValue,
    Geometric,
    InvalidDataError,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Pareto,
    Poisson,
    Product,
    Truncated,
    Uniform,
    UniformBox,
    VonMises,
    ZeroInflated,
    parameter,
)
from mixtures.contest import Contest
from mixtures.initialization import best_start
from mixtures.observed import observed
from mixtures.partitions import SAMPLE, representatives
from mixtures.thinning import SAMPLE as DRAWN
from mixtures.thinning import sampled


class Start(NamedTuple):
    components: list
    weights: np.ndarray


def start_of(components, x, weights=None, row_weight=None, n_init=20, seed=0):
    rows = np.reshape(np.asarray(x, dtype=float), (len(x), -1))
    _, scale = centre_and_scale(rows, row_weight)
    layout = layout_of(components, rows.shape[1], weights)
    found = best_start(layout, observed(rows, row_weight), scale, n_init, np.random.default_rng(seed)).parameters
    return Start(found.leaves, found.proportions[0])


# ------------------------------------------------------------------------------------------- representatives


def rows_of(n, d, repeated=1):
    rng = np.random.default_rng(n + d)
    return np.repeat(rng.normal(size=(n, d)) * np.arange(1, d + 1), repeated, axis=0)


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("n", [10, SAMPLE, SAMPLE + 1, 3 * SAMPLE])
@pytest.mark.parametrize("weighted", [False, True])
def test_representatives_are_few_distinct_and_carry_all_the_weight(n, d, weighted):
    rows = rows_of(n, d)
    weight = np.random.default_rng(0).uniform(0.1, 2.0, n) if weighted else None
    (sample, sample_weight, *_), complete = representatives(observed(rows, weight))
    assert len(sample) <= SAMPLE
    assert len(np.unique(sample, axis=0)) == len(sample) == len(sample_weight)
    assert sample_weight.sum() == pytest.approx(n if weight is None else weight.sum(), rel=1e-12)
    assert complete == (n <= SAMPLE)
    assert {tuple(row) for row in sample} <= {tuple(row) for row in rows}
    mean, scale = centre_and_scale(rows, weight)
    np.testing.assert_allclose(np.average(sample, axis=0, weights=sample_weight), mean, atol=0.05 * scale.max())


@pytest.mark.parametrize("make", [representatives, lambda data: (sampled(data), False)])
def test_samples_have_the_ends_of_each_column(make, rng):
    rows = rng.standard_cauchy(size=(3 * (SAMPLE if make is representatives else DRAWN), 3))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[::7] = 0.0
    sample = make(observed(rows, None, None, np.zeros(3)))[0]
    assert len(sample.rows) < len(rows) / 2
    np.testing.assert_array_equal(np.nanmin(sample.rows, axis=0), np.nanmin(rows, axis=0))
    np.testing.assert_array_equal(np.nanmax(sample.rows, axis=0), np.nanmax(rows, axis=0))
    end = sample.rows[:, 0] == np.nanmax(rows[:, 0])
    assert sample.weight[end] == pytest.approx(1.0, rel=0.05)  # it stands for itself
    assert sample.weight.sum() == pytest.approx(len(rows), rel=1e-12)


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("n", [300, 3 * SAMPLE])
def test_representatives_do_not_depend_on_the_order_of_rows(n, d, rng):
    rows, weight = rows_of(n, d), rng.integers(1, 5, n).astype(float)
    order = rng.permutation(n)
    one, other = representatives(observed(rows, weight))[0], representatives(observed(rows[order], weight[order]))[0]
    np.testing.assert_array_equal(one.rows, other.rows)
    np.testing.assert_allclose(one.weight, other.weight, rtol=1e-12)


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("n", [300, SAMPLE - 500, 3 * SAMPLE])  # the second has more than SAMPLE rows once repeated
def test_representatives_do_not_depend_on_whether_rows_are_repeated_or_weighted(n, d, rng):
    rows, counts = rows_of(n, d), rng.integers(1, 5, n)
    repeated = rng.permutation(np.repeat(rows, counts, axis=0))
    (one, all_of_it), (other, all_of_other) = (
        representatives(observed(rows, counts.astype(float))),
        representatives(observed(repeated)),
    )
    np.testing.assert_array_equal(one.rows, other.rows)
    np.testing.assert_array_equal(one.weight, other.weight)
    assert all_of_it == all_of_other


def test_repeated_rows_give_the_very_fit_of_weighted_ones(rng):
    x = np.r_[rng.poisson(3.0, 6000), rng.poisson(30.0, 6000)]
    values, counts = np.unique(x, return_counts=True)
    weighted = MixtureModel([Poisson(), Poisson()]).fit(values, sample_weight=counts)
    repeated = MixtureModel([Poisson(), Poisson()]).fit(x)
    assert len(weighted.history_) == len(repeated.history_)
    np.testing.assert_allclose(weighted.history_, repeated.history_, rtol=1e-11)


def uniform(rng, n=3 * SAMPLE):
    return rng.uniform(2.0, 7.0, n)


SUPPORTS_BY_DATA = {
    "uniform": lambda rng: ([Uniform()], uniform(rng)),
    "uniform, of a drawn sample": lambda rng: ([Uniform()], uniform(rng, 3 * DRAWN)),
    "uniform beside normal": lambda rng: ([Uniform(), Normal()], np.r_[uniform(rng), rng.normal(5.0, 0.1, 4000)]),
    "whole numbers": lambda rng: ([DiscreteUniform()], rng.integers(0, 100_000, 3 * SAMPLE)),
    "box": lambda rng: ([UniformBox()], np.column_stack([uniform(rng), uniform(rng)])),
    "product": lambda rng: ([Product([Uniform(), Normal()])], np.column_stack([uniform(rng), uniform(rng)])),
    "pareto": lambda rng: ([Pareto()], 2.0 + 2.0 * rng.pareto(3.0, 3 * SAMPLE)),
    "bounded tail": lambda rng: ([GeneralizedExtremeValue()], -rng.weibull(2.0, 3 * SAMPLE)),
    "blocks": lambda rng: ([GeneralizedExtremeValue()], Blocks(np.split(-rng.weibull(2.0, 80_000), 8))),
}


@pytest.mark.parametrize("case", SUPPORTS_BY_DATA)
def test_supports_that_depend_on_the_data_hold_all_rows(case, rng):
    """Starts come from a sample: what is found from it must give every row a density."""
    components, x = SUPPORTS_BY_DATA[case](rng)
    model = MixtureModel(components, rng=0).fit(x)
    assert model.converged_
    first = model.components_[0]
    if isinstance(first, Uniform) and isinstance(x, np.ndarray):
        assert (first.low, first.high) == (x.min(), x.max())


# ------------------------------------------------------------------------------------- what is given, is kept


def test_components_and_weights_that_are_given_are_the_start():
    x = np.r_[np.zeros(50), np.full(50, 9.0)]
    known = [Normal(100.0, 3.0), Exponential(7.0)]
    assert start_of(known, x) == (known, pytest.approx([0.5, 0.5]))
    start = start_of(known, x, weights=np.array([0.9, 0.1]))
    np.testing.assert_array_equal(start.weights, [0.9, 0.1])


@pytest.mark.parametrize("seed", range(3))
def test_beside_unknown_ones_a_known_component_starts_where_it_was_put(seed, rng):
    x = np.r_[rng.normal(0, 1, 100), rng.normal(9, 1, 100)]
    known = Normal(8.0, 0.5)
    for components in ([known, Normal()], [Normal(), known]):
        start = start_of(components, x, seed=seed)
        guess = start.components[components.index(Normal())]
        assert start.components[components.index(known)] == known
        assert abs(guess.mean) < 1.0


@pytest.mark.parametrize("n_init", [1, 20])
def test_a_value_that_is_known_in_part_is_where_em_starts(n_init, rng):
    x = np.r_[rng.normal(0, 1, 100), rng.normal(9, 1, 100)]
    for means in ([9.5, -1.0], [-1.0, 9.5]):
        start = start_of([Normal(mean=mean) for mean in means], x, n_init=n_init)
        assert [component.mean for component in start.components] == means
        assert all(0.5 < component.std < 4.0 for component in start.components)
        model = MixtureModel([Normal(mean=mean) for mean in means], n_init=n_init).fit(x)
        assert [component.mean > 4.0 for component in model.components_] == [mean > 4.0 for mean in means]


def test_no_component_starts_on_zeros_alone():
    """A geometric distribution of prob 1, as fitted to a cluster of zeros, never gives other counts a density."""
    counts = np.r_[np.zeros(70), np.arange(5.0, 35.0)]
    start = start_of([Geometric(), Geometric()], counts, n_init=1)
    assert 0.9 < max(component.prob for component in start.components) < 1.0


def test_an_unknown_value_is_guessed_beside_the_known_one(rng):
    x = rng.normal(0, 1, 200)
    start = start_of([Normal(mean=30.0)], x)
    assert start.components[0].mean == 30.0
    assert start.components[0].std == pytest.approx(np.sqrt(np.mean((x - 30.0) ** 2)), rel=1e-12)


def test_what_is_frozen_stays_frozen_in_a_start(rng):
    start = start_of([Normal(mean=1.0).freeze("mean"), Normal()], rng.normal(size=100))
    assert start.components[0].frozen == {"mean"}
    assert start.components[0].mean == 1.0
    assert start.components[1].frozen == frozenset()


def test_given_weights_are_kept_beside_unknown_components(rng):
    x = np.r_[rng.normal(0, 1, 100), rng.normal(9, 1, 100)]
    np.testing.assert_array_equal(start_of([Normal(), Normal()], x, weights=np.array([0.2, 0.8])).weights, [0.2, 0.8])


# -------------------------------------------------------------------------------------------- the right family


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_clusters_are_matched_by_likelihood_not_by_position(order, rng):
    x = np.r_[rng.exponential(1.0, 300), rng.normal(50, 5.0, 300), rng.normal(-30, 0.1, 300)]
    given = [Exponential(), Normal(), Normal(std=0.1).freeze("std")]
    model = MixtureModel([given[i] for i in order]).fit(x)
    exponential, wide, narrow = (model.components_[order.index(i)] for i in range(3))
    assert exponential.rate == pytest.approx(1.0, rel=0.2)
    assert wide.mean == pytest.approx(50.0, abs=1.0)
    assert narrow.mean == pytest.approx(-30.0, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_an_exponential_is_never_started_on_negative_rows(seed, rng):
    x = np.r_[rng.normal(-20, 1, 300), rng.exponential(2.0, 100)]
    for n_init in (1, 2, 3, 20):
        start = start_of([Normal(), Exponential()], x, n_init=n_init, seed=seed)
        assert 0.0 < start.components[1].rate <= 1 / 1.5
        assert np.isfinite(MixtureModel(start.components, weights=start.weights).log_pdf(x)).all()


def test_a_family_that_fits_no_row_is_named():
    with pytest.raises(InvalidDataError, match=r"component 'Poisson' \(Poisson\(\)\) .*no row is a whole number >= 0"):
        start_of([Normal(), Poisson()], [0.5, 1.5, 2.5, 3.5])


def test_an_impossible_match_does_not_hide_the_others(rng):
    # Slices: a narrow cluster, two wide ones, a positive one. One of the exponentials must take what it cannot have,
    # which leaves the narrow cluster to the normal that knows it, and a wide one to the other.
    clusters = [
        rng.normal(-90, 0.1, 200),
        rng.normal(-50, 3.0, 200),
        rng.normal(-20, 4.0, 200),
        rng.exponential(1, 200),
    ]
    components = [Exponential(), Exponential(2.0), Normal(), Normal(-90.0, 0.1)]
    for order in itertools.permutations(range(4)):
        start = start_of([components[i] for i in order], np.concatenate(clusters), n_init=1)
        assert start.components[order.index(2)].mean > -60.0


# ------------------------------------------------------------------------------------------ starts and seeds


def test_a_seed_gives_the_same_bits_and_one_start_needs_no_seed(rng):
    x = np.r_[rng.normal(0, 1, 200), rng.exponential(5, 200), rng.normal(9, 1, 100)]
    components = [Normal(), Normal(), Exponential()]
    assert start_of(components, x, seed=4).components == start_of(components, x, seed=4).components
    assert len({tuple(start_of(components, x, n_init=1, seed=seed).components) for seed in range(4)}) == 1
    one = MixtureModel(components, rng=3).fit(x)
    other = MixtureModel(components, rng=np.random.default_rng(3)).fit(x)
    np.testing.assert_array_equal(one.history_, other.history_)


def test_leaves_that_are_alike_but_read_other_columns_have_guesses_of_their_own(rng):
    X = rng.normal(size=(60, 3))
    part = Product({("a", "b"): MultivariateNormal(), "c": Normal()})
    model = MixtureModel([MultivariateNormal(), part], n_init=2, max_iter=5, tol=1.0).fit(X)
    assert len(model.components_[0].mean) == 3
    assert len(model.components_[1].parts["a", "b"].mean) == 2


def test_more_starts_are_never_worse(rng):
    x = np.r_[rng.normal(0, 5, 200), rng.normal(0, 0.2, 60), rng.normal(12, 1, 100), rng.normal(14, 0.3, 60)]
    reached = [MixtureModel([Normal()] * 4, n_init=n).fit(x).log_likelihood_ for n in (1, 5, 50)]
    assert reached[0] <= reached[1] + 1e-6 <= reached[2] + 2e-6


def test_like_components_come_in_ascending_order(rng):
    x = np.r_[rng.normal(5, 1, 100), rng.normal(-5, 1, 200), rng.normal(20, 1, 50)]
    for seed in range(5):
        means = [component.mean for component in MixtureModel([Normal()] * 3, rng=seed).fit(x).components_]
        assert means == sorted(means)


# ------------------------------------------------------------------------------------------------- hard data


@pytest.mark.parametrize("values", [[3.0], [3.0, 4.0], [0.0, 1.0, 5.0]])
@pytest.mark.parametrize("d", [1, 2])
def test_fewer_distinct_rows_than_components_end_finite(values, d):
    x = np.repeat(np.tile(np.array(values)[:, np.newaxis], d), 10, axis=0)
    prototype = Normal() if d == 1 else MultivariateNormal()
    with pytest.warns(DegeneracyWarning):
        model = MixtureModel(prototype, n_components=4).fit(x)
    assert np.isfinite(model.log_likelihood_)
    assert all(not component.unknown for component in model.components_)
    assert model.weights_.sum() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [1, 2, 5])
def test_small_clusters_far_apart_are_found(d, seed):
    rng = np.random.default_rng(5)
    centres = np.array([0.0, 3e3, 1e4, 1.01e4])
    x = np.concatenate([centre + rng.normal(0, 1.0, (60, d)) for centre in centres])
    prototype = Normal() if d == 1 else MultivariateNormal(structure="diagonal")
    model = MixtureModel(prototype, n_components=4, rng=seed).fit(x)
    means = sorted(np.ravel(component.mean)[0] for component in model.components_)
    np.testing.assert_allclose(means, centres, atol=1.0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [1, 5])
def test_a_narrow_peak_on_a_wide_background_is_found(d, seed):
    rng = np.random.default_rng(6)
    x = np.concatenate([rng.normal(0, 100.0, (900, d)), rng.normal(37.0, 0.5, (100, d))])
    prototype = Normal() if d == 1 else MultivariateNormal()
    model = MixtureModel(prototype, n_components=2, rng=seed).fit(x)
    peak = min(model.components_, key=lambda component: np.max(component.var))
    np.testing.assert_allclose(peak.mean, 37.0, atol=0.5)
    assert min(model.weights_) == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("seed", [2, 3])
def test_choices_inside_of_components_may_lie_as_far_apart_as_these(seed):
    def like(mean, rate, prob, loc):
        return Product([Normal(mean, 1.0), ZeroInflated(Poisson(rate), prob), VonMises(loc, 100.0)])

    def other(mean, rate, loc):
        return Product([Normal(mean, 1.0), Poisson(rate), VonMises(loc, 4.0).freeze("concentration")])

    rules = {"weights": [0.4, 0.6], "freeze_weights": True}
    pairs = (
        (other(45.0, 100.0, 0.0), like(-30.0, 10.0, 0.5, -3.0)),
        (other(-60.0, 1.0, -2.0), like(45.0, 100.0, 0.5, 3.0)),
    )
    truth = MixtureModel([MixtureModel(list(pair), **rules) for pair in pairs], weights=[0.5, 0.5])
    x = truth.sample(500, rng=seed)
    blank = Product([Normal(), ZeroInflated(Poisson()), VonMises()])
    blank_other = Product([Normal(), Poisson(), VonMises(concentration=4.0).freeze("concentration")])
    model = MixtureModel([MixtureModel([blank_other, blank], **rules)] * 2).fit(x)
    assert model.log_likelihood_ >= truth.fit(x).log_likelihood_ - 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_two_scales_about_one_centre_are_found(seed):
    rng = np.random.default_rng(8)
    x = np.r_[rng.normal(0, 1, 500), rng.normal(0, 10, 500)]
    model = MixtureModel([Normal(), Normal()], rng=seed).fit(x)
    assert sorted(component.std for component in model.components_) == pytest.approx([1.0, 10.0], rel=0.15)


def test_a_start_is_no_spike_although_its_cluster_is(rng):
    x = np.r_[np.full(30, 2.0), np.full(30, 7.0), rng.normal(0, 5, 300)]
    start = start_of([Normal(), Normal(), Normal()], x, n_init=20)
    assert min(component.std for component in start.components) >= 0.99e-2 * x.std()


class OnlyLarge(Distribution):
    """A user's fit that gives up on small clusters."""

    scale: float = parameter(POSITIVE, power=1)

    def log_pdf(self, x):
        return -np.abs(x) / self.scale - np.log(2.0 * self.scale)

    def fit(self, x, sample_weight=None):
        if len(x) < 150:
            raise ValueError("too few rows")
        return OnlyLarge(np.average(np.abs(x), weights=sample_weight))

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).laplace(0.0, self.scale, size)


def test_a_fit_that_fails_on_a_cluster_is_tried_on_everything(rng):
    x = rng.laplace(0, 3, 200)
    start = start_of([OnlyLarge(), Normal()], x)
    assert start.components[0].scale == pytest.approx(np.mean(np.abs(x)), rel=0.5)
    with pytest.raises(InvalidDataError, match=r"component 'OnlyLarge' .*cannot be fitted to these data: too few rows"):
        start_of([OnlyLarge(), Normal()], x[:100])


class Tower(Distribution):
    """Laplace's distribution with no floor under its scale."""

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    def log_pdf(self, x):
        return -np.abs(x - self.loc) / self.scale - np.log(2.0 * self.scale)

    def fit(self, x, sample_weight=None):
        order = np.argsort(x)
        loc = x[order][np.searchsorted(np.cumsum(sample_weight[order]), sample_weight.sum() / 2)]
        return Tower(loc, np.average(np.abs(x - loc), weights=sample_weight))

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).laplace(self.loc, self.scale, size)


def test_a_start_on_which_a_user_s_fit_gives_up_is_left_for_another(rng):
    x = np.r_[np.full(60, 3.0), rng.laplace(3.0, 4.0, 200), rng.normal(30.0, 2.0, 100)]
    for seed in range(5):  # a start on the equal rows has a scale of zero, which no parameter may be
        model = MixtureModel([Tower(), Normal()], rng=seed).fit(x)
        assert model.components_[0].scale > 1.0
    with pytest.raises(InvalidDataError, match=r"'Tower': Tower\(loc=3.0, .* its share of the data .* scale must be"):
        MixtureModel([Tower(3.0, 1e-9), Normal(10.0, 10.0)]).fit(x)


@pytest.mark.filterwarnings("ignore:EM made max_iter")
def test_starts_with_a_slow_component_leave_the_longest_climb_to_the_fit(monkeypatch):
    made, climb = [], Contest._climb
    monkeypatch.setattr(Contest, "_climb", lambda *a, **named: (made.append(named["n_sweeps"]), climb(*a, **named))[1])
    x = np.random.default_rng(0).uniform(size=46)
    MixtureModel([Truncated(Normal(), low=0.0), Normal()], n_init=3, max_iter=5).fit(x[:20] + np.repeat([0.0, 3.0], 10))
    assert set(made) == {15, 60}
