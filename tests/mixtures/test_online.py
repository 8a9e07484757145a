"""Stepwise EM: blocks that are seen once each come near to the fit of all rows, and never hurt the model."""

import copy
import pickle

import dask.array as da
import numpy as np
import pandas as pd
import pytest

from mixtures import (
    Beta,
    BetaBinomial,
    Blocks,
    Categorical,
    Cauchy,
    Dirichlet,
    Exponential,
    FactorNormal,
    Gamma,
    GeneralizedExtremeValue,
    InvalidDataError,
    InvalidParameterError,
    InverseGaussian,
    Laplace,
    LogNormal,
    MixtureModel,
    MultivariateNormal,
    MultivariateStudentT,
    NegativeBinomial,
    Normal,
    NotFittedError,
    Poisson,
    Prior,
    Product,
    StudentT,
    VonMises,
    Weibull,
)

N, BLOCKS = 20_000, 100
OFFSET = 2.0**27


def stream(model, x, *, passes=2, blocks=BLOCKS, weight=None, labels=None, **options):
    """Learn from blocks of the rows, again and again; return the model."""
    for _ in range(passes):
        for rows in np.array_split(np.arange(len(x)), blocks):
            model.partial_fit(
                x[rows],
                sample_weight=None if weight is None else weight[rows],
                labels=None if labels is None else labels[rows],
                **options,
            )
    return model


def drawn(rng, *parts, shares=(0.3, 0.7)):
    return MixtureModel(list(parts), weights=list(shares)).sample(N, rng=rng)


def with_gaps(rng, X, share):
    X = X.copy()
    X[rng.random(X.shape) < share] = np.nan
    return X[~np.isnan(X).all(axis=1)]


def three_columns(rng):
    low = MultivariateNormal([0.0, 0.0, 0.0], np.eye(3) + 0.5)
    high = MultivariateNormal([3.0, 3.0, 3.0], 4.0 * np.eye(3) - 1.0)
    return drawn(rng, low, high)


def mixed_columns(rng):
    low = Product([Normal(0.0, 1.0), Gamma(2.0, 1.0), Poisson(2.0)])
    high = Product([Normal(4.0, 2.0), Gamma(10.0, 1.0), Poisson(8.0)])
    return drawn(rng, low, high)


NORMALS = [MultivariateNormal([m, m, m], np.eye(3)) for m in (-0.5, 4.0)]
MIXED = [Product([Normal(3.0 * k, 1.0), Gamma(1.0 + 4.0 * k, 1.0), Poisson(1.0 + 4.0 * k)]) for k in (0, 1)]
CASES = {
    "normal": lambda rng: ([Normal(-1, 1), Normal(3, 1)], drawn(rng, Normal(0, 1), Normal(6, 2)), {}),
    "unknown": lambda rng: ([Normal(), Normal()], drawn(rng, Normal(0, 1), Normal(8, 2)), {}),
    "exponential": lambda rng: ([Exponential(2), Normal(5, 1)], drawn(rng, Exponential(1), Normal(6, 2)), {}),
    "poisson": lambda rng: ([Poisson(1), Poisson(9)], drawn(rng, Poisson(2), Poisson(8)), {}),
    "gamma": lambda rng: ([Gamma(1, 1), Gamma(9, 2)], drawn(rng, Gamma(2, 1), Gamma(10, 1)), {}),
    "multivariate": lambda rng: (NORMALS, three_columns(rng), {}),
    "multivariate, missing": lambda rng: (NORMALS, with_gaps(rng, three_columns(rng), 0.3), {}),
    "covariances": lambda rng: (NORMALS, three_columns(rng), {"covariance": "VEV"}),
    "product": lambda rng: (MIXED, mixed_columns(rng), {}),
    "product, missing": lambda rng: (MIXED, with_gaps(rng, mixed_columns(rng), 0.3), {}),
    "frozen": lambda rng: ([Normal(0, 2).freeze("mean"), Normal(5, 1)], drawn(rng, Normal(0, 1), Normal(6, 2)), {}),
    "tied": lambda rng: ([Normal(-1, 2), Normal(5, 2)], drawn(rng, Normal(0, 1), Normal(6, 1)), {"tied": "std"}),
    "hard": lambda rng: ([Normal(-1, 1), Normal(6, 1)], drawn(rng, Normal(0, 1), Normal(9, 2)), {"truncate": 1}),
    "prior": lambda rng: (
        [Normal(-1, 1), Normal(3, 1)],
        drawn(rng, Normal(0, 1), Normal(6, 2)),
        {"prior": Prior(Normal(1.0, 1.0), count=20), "weights_prior": 50.0},
    ),
    "angles": lambda rng: ([VonMises(0, 1), VonMises(2, 1)], drawn(rng, VonMises(0.2, 4), VonMises(2.9, 6)), {}),
    # Newton steps, by derivatives
    "student": lambda rng: (
        [StudentT(5, -1, 1), StudentT(5, 8, 1)],
        drawn(rng, StudentT(4, 0, 1), StudentT(6, 9, 2)),
        {},
    ),
    "weibull": lambda rng: ([Weibull(1, 1), Weibull(4, 5)], drawn(rng, Weibull(1.5, 1), Weibull(6, 8)), {}),
    "counts": lambda rng: (
        [NegativeBinomial(2, 0.5), NegativeBinomial(10, 0.2)],
        drawn(rng, NegativeBinomial(3, 0.6), NegativeBinomial(20, 0.3)),
        {},
    ),
    "extremes": lambda rng: (
        [GeneralizedExtremeValue(-1, 1, 0.1), GeneralizedExtremeValue(10, 1, 0.1)],
        drawn(rng, GeneralizedExtremeValue(0, 1, 0.1), GeneralizedExtremeValue(12, 1, -0.1)),
        {},
    ),
    "cauchy": lambda rng: ([Cauchy(-1, 1), Normal(7, 1)], drawn(rng, Cauchy(0, 1), Normal(9, 1)), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_two_passes_equal_em_of_all_rows_to_a_unit_of_likelihood_per_parameter(case, rng):
    """A unit per parameter: chance moves the likelihood of the truth by half as much."""
    components, x, settings = CASES[case](rng)
    whole = MixtureModel(components, **settings).fit(x, sample_weight=np.full(len(x), 2.0))  # each is seen twice
    model = stream(MixtureModel(components, **settings), x)
    assert abs(whole.log_likelihood(x) - model.log_likelihood(x)) < whole.n_parameters
    assert model.effective_counts_.sum() == pytest.approx(2 * len(x))
    assert (model.n_rows_, model.total_weight_, model.n_iter_) == (2 * len(x), 2 * len(x), 2 * BLOCKS)
    begun = MixtureModel(components, **settings).partial_fit(x[: N // BLOCKS])
    assert whole.log_likelihood(x) - begun.log_likelihood(x) > 4 * whole.n_parameters  # it was not near at first


def test_more_passes_come_nearer(rng):
    components, x, _ = CASES["product"](rng)
    best = MixtureModel(components).fit(x).log_likelihood_
    model, missing = MixtureModel(components), []
    for decay in (0.7, 0.7, 1.0, 1.0, 1.0):
        missing.append(best - stream(model, x, passes=1, decay=decay).log_likelihood(x))
    assert missing[-1] < 0.5
    assert missing[-1] < missing[1] / 3


CLOSED = {
    "normal": Normal(2.0, 3.0),
    "normal, mean frozen": Normal(2.0, 3.0).freeze("mean"),
    "exponential": Exponential(2.0),
    "gamma": Gamma(3.0, 0.5),
    "poisson": Poisson(4.0),
    "beta": Beta(2.0, 5.0),
    "log-normal": LogNormal(1.0, 0.5),
    "inverse Gaussian": InverseGaussian(2.0, 3.0),
    "angles": VonMises(1.0, 3.0),
    "dirichlet": Dirichlet([2.0, 3.0, 0.7]),
    "multivariate": MultivariateNormal([1.0, 2.0], [[2.0, 1.0], [1.0, 3.0]]),
    "diagonal": MultivariateNormal([1.0, 2.0], [[2.0, 0.0], [0.0, 3.0]], structure="diagonal"),
    "factors": FactorNormal(np.arange(4.0), [[1.0], [2.0], [0.5], [1.5]], [1.0, 2.0, 1.0, 0.5], rank=1),
}
AWAY = {"normal": Normal(-40.0, 0.5), "gamma": Gamma(0.2, 9.0), "multivariate": MultivariateNormal([9, 9], np.eye(2))}


@pytest.mark.parametrize("case", CLOSED)
def test_with_a_decay_of_one_a_single_component_is_its_exact_fit(case, rng):
    """However far the start: sums of blocks about one point are the sums of all rows."""
    truth = CLOSED[case]
    x, weight = truth.sample(3000, rng), rng.uniform(0.5, 2.0, 3000)
    model = stream(MixtureModel([AWAY.get(case, truth)]), x, passes=1, blocks=7, weight=weight, decay=1)
    expected = truth.fit(x, weight)
    np.testing.assert_allclose(model.log_pdf(x), expected.log_pdf(x), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("mean_count", [90, 0])  # rows at fixed places, or relative to the mean
def test_a_prior_counts_as_in_fit(mean_count, rng):
    x = rng.normal(3.0, 2.0, 600)
    prior = Prior(Normal(1.0, 1.0), count=90, mean_count=mean_count)
    settings = {"components": [Normal(-9.0, 1.0)], "prior": prior}
    model = stream(MixtureModel(**settings), x, passes=1, blocks=6, decay=1)
    expected = MixtureModel(**settings).fit(x)
    np.testing.assert_allclose(model.log_pdf(x), expected.log_pdf(x), rtol=1e-9)
    assert abs(model.components_[0].std - x.std()) > 0.02


def test_far_from_zero_nothing_cancels(rng):
    x = np.round(rng.normal(0.0, 1.0, 3000) * 2.0**20) * 2.0**-20  # so that a shift is exact
    x[::3] += 8.0
    start = [Normal(-1.0, 1.0), Normal(9.0, 1.0)]
    near = stream(MixtureModel(start), x, blocks=10)
    far = stream(MixtureModel([Normal(c.mean + OFFSET, c.std) for c in start]), x + OFFSET, blocks=10)
    np.testing.assert_allclose(far.weights_, near.weights_, atol=1e-7)
    for one, other in zip(near.components_, far.components_, strict=True):
        np.testing.assert_allclose([other.mean - OFFSET, other.std], [one.mean, one.std], atol=1e-6)
    lost = MixtureModel([Normal(0.0, 1.0)])  # the start is 10^8 widths away
    stream(lost, x + OFFSET, blocks=10, decay=1)
    assert lost.components_[0].std == pytest.approx(Normal().fit(x).std, rel=1e-6)


def test_the_first_block_is_one_update_of_em(rng):
    X = three_columns(rng)[:2000]
    for structure in ("full", "diagonal"):
        parts = [MultivariateNormal([m, m, m], np.eye(3), structure=structure) for m in (0.0, 4.0)]
        with pytest.warns(match="max_iter = 1"):
            expected = MixtureModel(parts, accelerate=None, max_iter=1).fit(X)
        model = MixtureModel(parts).partial_fit(X)
        np.testing.assert_allclose(model.weights_, expected.weights_, rtol=1e-12)
        for one, other in zip(expected.components_, model.components_, strict=True):
            np.testing.assert_allclose(other.mean, one.mean, rtol=1e-10)
            np.testing.assert_allclose(other.cov, one.cov, rtol=1e-10, atol=1e-12)


def test_sums_are_mixed_as_the_rule_says(rng):
    """Of one exponential the mean sum is the mean: a weighted average of those of the blocks."""
    x, weight, decay = rng.exponential(3.0, 900), rng.uniform(0.5, 2.0, 900), 0.6
    model, mean, total = MixtureModel([Exponential(1.0)]), 0.0, 0.0
    for rows in np.split(np.arange(900), [500, 600]):
        model.partial_fit(x[rows], sample_weight=weight[rows], decay=decay)
        total += weight[rows].sum()
        step = (weight[rows].sum() / total) ** decay
        mean += step * (np.average(x[rows], weights=weight[rows]) - mean)
        assert 1.0 / model.components_[0].rate == pytest.approx(mean, rel=1e-12)
    assert model.total_weight_ == pytest.approx(weight.sum())


@pytest.mark.parametrize("case", ["normal", "multivariate, missing", "student"])
def test_weights_count_rows(case, rng):
    components, x, _ = CASES[case](rng)
    x = x[:2000]
    times = rng.integers(0, 4, len(x))
    cuts = np.array_split(np.arange(len(x)), 5)
    repeated, weighted, scaled = (MixtureModel(components) for _ in range(3))
    for rows in cuts:
        repeated.partial_fit(np.repeat(x[rows], times[rows], axis=0))
        weighted.partial_fit(x[rows], sample_weight=times[rows])
        scaled.partial_fit(x[rows], sample_weight=7.0 * times[rows])
    for other in (weighted, scaled):
        np.testing.assert_allclose(other.log_pdf(x), repeated.log_pdf(x), rtol=1e-7, atol=1e-7)
    assert weighted.n_rows_ == (times > 0).sum()
    assert scaled.total_weight_ == 7.0 * times.sum()


def test_a_block_without_rows_or_weight_changes_nothing(rng):
    components, x, _ = CASES["normal"](rng)
    model = MixtureModel(components).partial_fit(x[:500])
    before = model.to_json()
    model.partial_fit(x[:0]).partial_fit(x[:9], sample_weight=np.zeros(9)).partial_fit(np.empty((0, 1)))
    assert model.to_json() == before


def test_labels_say_where_rows_come_from(rng):
    apart = np.where(np.arange(1000) % 2, rng.normal(0.0, 1.0, 1000), rng.normal(0.5, 1.0, 1000))
    labels = np.arange(1000) % 2
    model = stream(MixtureModel([Normal(0, 1), Normal(0.1, 1)]), apart, passes=1, blocks=4, labels=labels, decay=1)
    for k, component in enumerate(model.components_):
        assert component.mean == pytest.approx(apart[labels == k].mean(), rel=1e-9)
    np.testing.assert_allclose(model.effective_counts_, [500.0, 500.0])


def test_what_is_frozen_stays(rng):
    x = drawn(rng, Normal(0, 1), Normal(6, 2))
    model = MixtureModel([Normal(0.25, 1).freeze("mean"), StudentT(5, 6, 2).freeze("df")], weights=[0.4, 0.6])
    model = stream(model.set_params(freeze_weights=True), x, passes=1, blocks=20)
    assert (model.components_[0].mean, model.components_[1].df) == (0.25, 5.0)
    assert model.weights_.tolist() == [0.4, 0.6]
    assert model.components_[0].std != 1.0


def test_parameters_wait_until_enough_rows_were_seen(rng):
    x = drawn(rng, Normal(0, 1), Normal(6, 2))[:40]
    model = MixtureModel([Normal(-1, 1), Normal(7, 1)])
    for k, row in enumerate(x):
        model.partial_fit([row])
        assert (model.components_ == [Normal(-1, 1), Normal(7, 1)]) == (k + 1 < 2 * 5)
    assert model.n_rows_ == 40
    assert all(0.3 < component.std < 4.0 for component in model.components_)


def test_a_small_first_block_is_a_poor_start(rng):
    x = drawn(rng, Normal(0, 1), Normal(9, 1))
    with pytest.warns(match="the first block has 8 rows, few for a first guess of 5 parameters"):
        model = MixtureModel([Normal(), Normal()]).partial_fit(x[:8])
    model.partial_fit(x[8:])
    with pytest.raises(InvalidDataError, match="at least 2 rows"):
        MixtureModel([Normal(), Normal()]).partial_fit([1.0])


def test_history_is_what_blocks_were_before_they_were_learned(rng):
    components, x, _ = CASES["normal"](rng)
    model, weight = MixtureModel(components), rng.uniform(0.5, 2.0, 1500)
    expected = []
    for rows in np.split(np.arange(1500), [400, 1000]):
        expected.append(model.score(x[rows], sample_weight=weight[rows]))
        model.partial_fit(x[rows], sample_weight=weight[rows])
    np.testing.assert_allclose(model.history_, expected, rtol=1e-12)
    parts = [part.sum() for part in np.split(weight, [400, 1000])]
    assert model.log_likelihood_ == pytest.approx(np.dot(expected, parts))
    assert model.converged_ is False
    assert model.converged_reason_ == "learned block by block"
    assert "log-likelihood, of blocks not yet learned" in str(model.summary())
    assert "AIC" not in str(model.summary())
    assert model.plot.history().get_xlabel() == "block"


def assert_same(one, other):
    assert other.to_dict() == one.to_dict()


def test_a_stream_is_pickled_and_copied_in_the_midst(rng):
    components, x, _ = CASES["student"](rng)
    nested = MixtureModel([Normal(0.5, 3.0), StudentT(4.0, 9.0, 5.0)])
    model = stream(MixtureModel([*components, nested]), x[:3000], passes=1, blocks=3)
    others = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)]
    before = model.to_dict()
    for other in others:
        other.partial_fit(x[3000:5000])
        assert model.to_dict() == before
    model.partial_fit(x[3000:5000])
    for other in others:
        assert_same(model, other)


def test_threads_do_not_matter(rng, monkeypatch):
    monkeypatch.setattr("mixtures.sweep.CHUNK", 1)
    components, x, _ = CASES["product"](rng)
    models = [stream(MixtureModel(components, n_jobs=n), x, passes=1, blocks=3) for n in (1, 2)]
    assert_same(models[0], models[1].set_params(n_jobs=1))


def test_fit_ends_a_stream_and_a_stream_begins_where_fit_ended(rng):
    components, x, _ = CASES["normal"](rng)
    model = MixtureModel(components).partial_fit(x[:500])
    assert_same(MixtureModel(components).fit(x), model.fit(x))
    fitted = model.components_
    start = MixtureModel(fitted, weights=model.weights_)
    model.partial_fit(x[:700])
    start.partial_fit(x[:700])
    assert model.components_ == start.components_
    assert model.n_rows_ == 700
    again = MixtureModel.from_json(MixtureModel(components).fit(x).to_json()).partial_fit(x[:700])
    assert again.components_ == model.components_


def test_a_stream_is_written_to_a_file(rng):
    components, x, _ = CASES["normal"](rng)
    model = stream(MixtureModel(components), x[:900], passes=1, blocks=3)
    back = MixtureModel.from_json(model.to_json())
    assert_same(model, back)
    np.testing.assert_array_equal(back.predict_proba(x), model.predict_proba(x))
    assert back.partial_fit(x[:100]).n_rows_ == 100  # it knows no rows but its own


def test_frames_and_categories(rng):
    frame = pd.DataFrame({"size": drawn(rng, Normal(0, 1), Normal(9, 2))})
    frame["kind"] = np.where(frame["size"] + rng.normal(0, 1, N) > 4, "b", "a")
    part = Product({"size": Normal(), "kind": Categorical()})
    model = MixtureModel(part, n_components=2)
    for rows in np.array_split(np.arange(N), 20):
        model.partial_fit(frame.iloc[rows])
    whole = MixtureModel(part, n_components=2).fit(frame)
    assert whole.log_likelihood_ - model.log_likelihood(frame) < whole.n_parameters
    before = model.to_json()
    with pytest.raises(InvalidDataError, match="row 1, 2, .* is outside .*kind: one of 'a', 'b'"):
        model.partial_fit(pd.DataFrame({"size": [1.0, 2.0], "kind": ["a", "c"]}))
    assert model.to_json() == before


UNFIT = {
    "other width": (np.zeros((4, 2)), "2 features|column"),
    "text": (np.array(["a", "b"]), "numbers|text|float"),
    "missing": ([1.0, np.nan], "row 1"),
    "infinite": ([1.0, 2.0, np.inf], "row 2"),
    "outside": ([1.0, -1.0], "first: row 1, -1.* outside the support of every component"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_bad_block_leaves_the_model_as_it_was(case, rng):
    x, message = UNFIT[case]
    model = MixtureModel([Exponential(1.0), Gamma(9.0, 1.0)]).partial_fit(rng.exponential(1.0, 100))
    before = model.to_json()
    with pytest.raises(InvalidDataError, match=message):
        model.partial_fit(x)
    with pytest.raises(InvalidDataError, match="sample_weight"):
        model.partial_fit([1.0, 2.0], sample_weight=[1.0, 2.0, 3.0])
    assert model.to_json() == before
    fresh = MixtureModel([Exponential(1.0), Gamma(9.0, 1.0)])
    with pytest.raises(InvalidDataError):
        fresh.partial_fit([-1.0, 2.0])
    with pytest.raises(NotFittedError, match="no history"):
        fresh.plot.history()


def test_what_cannot_be_streamed_is_refused_by_name():
    x = np.arange(40.0)
    two = [Normal(0, 1), Normal(9, 1)]
    refused = {
        "component 'Laplace': Laplace has no additive statistics": MixtureModel([Normal(0, 1), Laplace(1.0, 1.0)]),
        "truncate='stochastic'": MixtureModel(two, truncate="stochastic"),
        r"truncate=\(1, 2\)": MixtureModel(two, truncate=(1, 2)),
        "prior='default'": MixtureModel(two, prior="default"),
    }
    for message, model in refused.items():
        with pytest.raises(InvalidParameterError, match=message):
            model.partial_fit(x)
    many = MixtureModel([MultivariateStudentT(4.0, [0.0, 0.0], np.eye(2)), MultivariateNormal([1.0, 1.0], np.eye(2))])
    with pytest.raises(InvalidParameterError, match="'MultivariateStudentT': .* not all single numbers"):
        many.partial_fit(x.reshape(-1, 2))
    for decay in (0.5, 1.1, True, "slow", np.nan):
        with pytest.raises(InvalidParameterError, match="decay must be a number in"):
            MixtureModel(two).partial_fit(x, decay=decay)
    for blocks in (Blocks(lambda: [x]), "rows.npy", da.from_array(x), iter([x])):
        with pytest.raises(InvalidDataError, match="x must be one block of rows in memory"):
            MixtureModel(two).partial_fit(blocks)


def test_newton_steps_arrive_from_far_away(rng):
    truth = BetaBinomial(2.0, 8.0, trials=20)
    x = truth.sample(N, rng)
    model = stream(MixtureModel([BetaBinomial(9.0, 2.0, trials=20)]), x)
    whole = truth.fit(x)
    assert whole.log_likelihood(x) - model.log_likelihood(x) < 2
