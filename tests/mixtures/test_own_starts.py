"""A user's own start: labels, responsibilities and callables say where EM begins, and nothing after."""

import numpy as np
import pytest

from mixtures import (
    Exponential,
    InvalidDataError,
    InvalidParameterError,
    MixtureModel,
    MultivariateNormal,
    Normal,
)

TWO = [Normal(), Normal()]


@pytest.fixture
def x(rng):
    return np.r_[rng.normal(0, 1, 200), rng.normal(9, 2, 100)]


def first_components(components, x, **settings):
    return next(MixtureModel(components, **settings).iter_fit(x)).components


def test_labels_start_each_component_at_its_rows_in_the_order_given(x):
    labels = np.repeat([1, 0], [200, 100])
    start = first_components(TWO, x, init=labels)
    assert start == [Normal().fit(x[200:]), Normal().fit(x[:200])]
    model = MixtureModel(TWO, init=labels).fit(x)
    assert model.components_[0].mean > 8.0 > 1.0 > model.components_[1].mean
    assert model.log_likelihood_ == pytest.approx(MixtureModel(TWO).fit(x).log_likelihood_, rel=1e-12)
    assert (model.n_starts_, model.n_agreed_) == (1, 1)
    assert model.get_params()["init"] is labels


def test_labels_may_be_names_and_unknown_rows_are_shared(x):
    named = {"high": Normal(), "low": Normal()}
    labels = np.array(["low"] * 200 + ["high"] * 100, dtype=object)
    start = first_components(named, x, init=labels)
    assert start["low"] == Normal().fit(x[:200])
    labels[:50] = None
    share = np.r_[np.full(50, 0.5), np.ones(150), np.zeros(100)]
    assert first_components(named, x, init=labels)["low"].std == pytest.approx(Normal().fit(x, share).std, rel=1e-12)


def test_responsibilities_are_relative_to_their_row_and_the_next_step_is_that_of_em(x):
    model = MixtureModel([Normal(0.0, 2.0), Normal(8.0, 3.0)])
    steps = model.iter_fit(x)
    first, second = next(steps), next(steps)
    again = first_components(TWO, x, init=7.0 * first.responsibilities)
    for found, expected in zip(again, second.components, strict=True):
        assert (found.mean, found.std) == pytest.approx((expected.mean, expected.std), rel=1e-12)


def test_a_start_says_nothing_after_the_start(x):
    labels = np.repeat([0, 1], [200, 100])
    labels[:5] = 1
    model = MixtureModel(TWO, init=labels).fit(x)
    assert model.predict(x[:5]).tolist() == [0] * 5


def test_rows_of_weight_zero_are_left_out(x):
    weight = np.r_[np.ones(300), 0.0, 0.0]
    padded, labels = np.r_[x, 1e6, -1e6], np.r_[np.repeat([0, 1], [200, 100]), 0, 1]
    model = MixtureModel(TWO, init=labels).fit(padded, sample_weight=weight)
    assert model.components_ == MixtureModel(TWO, init=labels[:-2]).fit(x).components_


def test_a_callable_is_asked_n_init_times_and_the_best_start_is_taken(x):
    asked = []

    def init(rows, rng):
        asked.append(rows.shape)
        rows[:] = 0.0  # its own copy
        return rng.integers(0, 2, len(rows))

    before = x.copy()
    MixtureModel(TWO, init=init).fit(x)
    assert asked == [(300, 1)]
    model = MixtureModel(TWO, init=init, n_init=7).fit(x)
    assert asked == [(300, 1)] * 8
    assert model.n_starts_ == 7
    assert 1 <= model.n_agreed_ <= 7
    np.testing.assert_array_equal(x, before)
    assert model.log_likelihood_ == pytest.approx(MixtureModel(TWO).fit(x).log_likelihood_, rel=1e-9)


def test_a_callable_is_reproducible(x):
    def init(rows, rng):
        return rng.dirichlet([0.3, 0.3], len(rows))

    fits = [MixtureModel(TWO, init=init, n_init=3, rng=5).fit(x).history_ for _ in range(2)]
    np.testing.assert_array_equal(*fits)


@pytest.mark.parametrize("as_labels", [False, True])
def test_a_nested_mixture_is_parted_inside_what_is_given_to_it(rng, as_labels):
    x = np.r_[rng.normal(0, 1, 100), rng.normal(8, 1, 100), rng.exponential(1.0, 200) + 30.0]
    nested = {"bumps": MixtureModel(TWO), "tail": Normal()}
    known = np.repeat([0, 1], 200)
    model = MixtureModel(nested).fit(x, labels=known) if as_labels else MixtureModel(nested, init=known).fit(x)
    bumps = sorted(part.mean for part in model.components_["bumps"].components)
    assert bumps == pytest.approx([0.0, 8.0], abs=0.5)


def test_mixed_families_and_several_columns(rng):
    x = np.r_[rng.exponential(1.0, 200), rng.normal(6, 1, 100)]
    start = first_components([Exponential(), Normal()], x, init=np.repeat([0, 1], [200, 100]))
    assert start == [Exponential().fit(x[:200]), Normal().fit(x[200:])]
    rows = rng.normal(size=(100, 3)) + np.repeat([[0.0], [6.0]], 50, axis=0)
    start = first_components([MultivariateNormal()] * 2, rows, init=np.repeat([1, 0], 50))
    np.testing.assert_allclose(start[1].mean, rows[:50].mean(axis=0), rtol=1e-12)


def test_what_is_known_stays_known_beside_a_start(x):
    start = first_components([Normal(mean=1.0), Normal()], x, init=np.repeat([0, 1], [200, 100]))
    assert start[0].mean == 1.0
    start = first_components([Normal(5.0, 1.0), Normal()], x, init=np.repeat([0, 1], [200, 100]))
    assert start[0] == Normal(5.0, 1.0)


@pytest.mark.parametrize(
    "init, error, message",
    [
        ("k-means", InvalidParameterError, "init must be labels, .* a callable .*; got 'k-means'"),
        (3, InvalidParameterError, "init must be labels"),
        ([0, 1], InvalidDataError, r"init needs shape \(300,\), .* or \(300, 2\).*got shape \(2,\)"),
        (np.full(300, 2), InvalidDataError, r"init must be a component, 0 to 1 .*first: row 0, 2"),
        (np.zeros((300, 2)), InvalidDataError, r"init of shape \(n, K\) must be finite numbers >= 0, not all zero"),
        (lambda rows, rng: None, InvalidParameterError, "the callable init must return"),
        (lambda rows, rng: [0], InvalidDataError, r"init needs shape \(300,\)"),
    ],
)
def test_a_bad_start_is_named(x, init, error, message):
    with pytest.raises(error, match=message):
        MixtureModel(TWO, init=init).fit(x)


def test_a_start_beside_given_parameters_is_refused(x):
    with pytest.raises(InvalidParameterError, match="init is a start for unknown parameters, but all are given"):
        MixtureModel([Normal(0.0, 1.0), Normal(9.0, 1.0)], init=np.zeros(300, dtype=int)).fit(x)


def test_a_long_start_does_not_fill_the_repr(x):
    assert repr(MixtureModel(TWO, init=np.zeros(300, dtype=int))).endswith("init=...)")


def test_how_many_starts_agreed_tells_an_easy_problem_from_a_hard_one(x):
    easy = MixtureModel(TWO, n_init=30).fit(x)
    assert easy.n_starts_ == 30
    assert easy.n_agreed_ > 20
    known = MixtureModel([Normal(0.0, 1.0), Normal(9.0, 1.0)]).fit(x)
    assert (known.n_starts_, known.n_agreed_) == (1, 1)
    hard = MixtureModel([Normal()] * 6, n_init=30).fit(x)
    assert hard.n_agreed_ < 15
