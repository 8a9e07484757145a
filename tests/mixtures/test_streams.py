"""Fits to rows that are read block by block: the bits of the fit in memory, and clear errors that name the block."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mixtures import (
    Blocks,
    Categorical,
    Censored,
    Exponential,
    Gamma,
    InvalidDataError,
    InvalidParameterError,
    KernelDensity,
    Laplace,
    MixtureModel,
    MultivariateNormal,
    Normal,
    NotFittedError,
    Poisson,
    Prior,
    Product,
    streams,
    survey,
)
from mixtures.observed import observed
from mixtures.survey import Reservoir, Survey
from mixtures.sweep import BLOCK

N = 5 * BLOCK + 17
CUTS = ([3], [BLOCK, 2 * BLOCK, 2 * BLOCK, 4000], list(range(170, N, 170)), [])


class Pieces:
    """Blocks of arrays, anew each time; of several arrays the blocks are tuples."""

    def __init__(self, *arrays, cuts=(1000, 1001, 3000)):
        self.arrays, self.cuts, self.n_passes = arrays, cuts, 0

    def __iter__(self):
        self.n_passes += 1
        parts = [np.split(array, self.cuts) for array in self.arrays]
        yield from zip(*parts, strict=True) if len(parts) > 1 else parts[0]


@pytest.fixture(params=[1, 16_000])
def small_chunks(request, monkeypatch):
    """Chunks of one block of a few columns, or of two or three, so that little data have many."""
    monkeypatch.setattr("mixtures.sweep.CHUNK", request.param)


def state_of(model):
    leaves = [leaf.distribution for branch in model.outline().branches for leaf in branch.leaves]
    return [model.history_, model.weights_, model.part_counts_, *(leaf.to_theta() for leaf in leaves)]


def assert_same_bits(one, other):
    for expected, found in zip(state_of(one), state_of(other), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert other.log_likelihood_ == one.log_likelihood_
    assert (other.n_rows_, other.total_weight_) == (one.n_rows_, pytest.approx(one.total_weight_, rel=1e-14))
    assert other.converged_reason_ == one.converged_reason_


def two_columns(rng):
    return np.concatenate([rng.normal(0.0, 1.0, (N // 2, 2)), rng.normal(4.0, 2.0, (N - N // 2, 2))])[
        rng.permutation(N)
    ]


def with_gaps(rng):
    X = np.column_stack([two_columns(rng)[:, 0], rng.poisson(3.0, N)])
    X[rng.random((N, 2)) < 0.1] = np.nan
    return X[~np.isnan(X).all(axis=1)]


MODELS = {
    "normals": lambda rng: ({"components": [Normal(0.0, 1.0), Normal(3.0, 1.0)]}, two_columns(rng)[:, 0]),
    "columns": lambda rng: ({"components": [MultivariateNormal([m, m], np.eye(2)) for m in (0, 3)]}, two_columns(rng)),
    "missing": lambda rng: ({"components": [Product([Normal(m, 1), Poisson(3 + m)]) for m in (0, 3)]}, with_gaps(rng)),
    "steps": lambda rng: ({"components": [Gamma(1, 1), Gamma(9, 2)]}, np.exp(two_columns(rng)[:, 0] / 4)),
    "drawn": lambda rng: (
        {"components": [Normal(0.0, 1.0), Normal(3.0, 1.0)], "truncate": "stochastic"},
        two_columns(rng)[:, 0],
    ),
    "hard": lambda rng: ({"components": [Normal(0, 1), Normal(3, 1)], "truncate": 1}, two_columns(rng)[:, 0]),
    "prior": lambda rng: (
        {"components": [Normal(0, 1), Normal(3, 1)], "prior": Prior(Normal(1.0, 1.0), count=9)},
        two_columns(rng)[:, 0],
    ),
}


@pytest.mark.filterwarnings("ignore::distributions.ConvergenceWarning")
@pytest.mark.parametrize("case", MODELS)
def test_a_fit_of_blocks_has_the_bits_of_one_in_memory(case, rng, small_chunks):
    settings, x = MODELS[case](rng)
    n = len(x)
    weight = np.where(rng.random(n) < 0.2, 0.0, rng.uniform(0.5, 2.0, n))
    weight[170:340] = 0.0  # a whole block
    labels = np.where(np.arange(n) % 50 == 0, 0, -1)
    expected = MixtureModel(**settings, max_iter=8).fit(x, sample_weight=weight, labels=labels)
    for cuts, n_jobs in zip(CUTS, (1, 2, 1, 3), strict=True):
        model = MixtureModel(**settings, max_iter=8, n_jobs=n_jobs).fit(Pieces(x, weight, labels, cuts=cuts))
        assert_same_bits(expected, model)


def test_starts_from_all_rows_are_those_of_memory(rng):
    x = two_columns(rng)[:3000, 0]
    assert_same_bits(MixtureModel([Normal(), Normal()]).fit(x), MixtureModel([Normal(), Normal()]).fit(Pieces(x)))


def test_starts_from_a_sample_reach_the_optimum_of_memory(rng, monkeypatch):
    monkeypatch.setattr(survey, "MOST", 600)
    monkeypatch.setattr(survey, "FEWEST", 600)
    X = two_columns(rng)
    expected = MixtureModel(MultivariateNormal(), n_components=2).fit(X)
    models = [MixtureModel(MultivariateNormal(), n_components=2).fit(Pieces(X, cuts=cuts)) for cuts in CUTS[:2]]
    assert_same_bits(*models)
    assert models[0].log_likelihood_ == pytest.approx(expected.log_likelihood_, rel=1e-10)
    assert MixtureModel(Normal(), n_components=2, init=lambda rows, rng: (rows[:, 0] > 2).astype(int)).fit(
        Pieces(X[:, 0])
    ).log_likelihood_ == pytest.approx(MixtureModel(Normal(), n_components=2).fit(X[:, 0]).log_likelihood_, rel=1e-10)


def test_soft_labels_and_the_default_prior_are_those_of_memory(rng):
    X = two_columns(rng)
    factors = np.where(rng.random((N, 1)) < 0.5, 1.0, rng.integers(1, 9, (N, 2)))
    settings = {"components": [MultivariateNormal([m, m], np.eye(2)) for m in (0, 3)], "prior": "default"}
    expected = MixtureModel(**settings).fit(X, labels=factors)
    model = MixtureModel(**settings).fit(Pieces(X), labels=Pieces(factors))
    assert model.log_posterior_ == pytest.approx(expected.log_posterior_, rel=1e-12)
    np.testing.assert_allclose(model.components_[0].cov, expected.components_[0].cov, rtol=1e-8)
    gaps = with_gaps(rng)
    with pytest.raises(InvalidParameterError, match="covariance of the data.*block by block"):
        MixtureModel([MultivariateNormal()] * 2, prior="default").fit(Pieces(gaps))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_frames_with_text_and_weights_by_name(make, rng):
    n = 400
    kind = np.array(["b", "a", None, "c"], dtype=object)[np.minimum(np.arange(n) // 90, 3)]
    table = {"size": rng.normal(np.arange(n) // 200 * 5.0, 1.0), "kind": kind, "times": rng.integers(1, 4, n)}
    part = Product({"size": Normal(), "kind": Categorical()})
    expected = MixtureModel(part, n_components=2).fit(
        pd.DataFrame({name: table[name] for name in ("size", "kind")}), sample_weight=table["times"]
    )

    class Frames:
        def __iter__(self):
            return (make({name: column[at : at + 80] for name, column in table.items()}) for at in range(0, n, 80))

    model = MixtureModel(part, n_components=2).fit(Frames(), sample_weight="times")
    assert_same_bits(expected, model)
    assert model.feature_names_in_.tolist() == ["size", "kind"]
    assert model.components_[0].parts["kind"].categories == ("a", "b", "c")


# ---------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("family", [Laplace(), KernelDensity(), Censored(Exponential())])
def test_a_family_without_additive_statistics_is_named_before_any_pass(family):
    blocks = Pieces(np.arange(9.0), cuts=[5])
    message = f"component '{type(family).__name__}.*': {type(family).__name__} has no additive statistics"
    with pytest.raises(InvalidParameterError, match=message):
        MixtureModel([family, family]).fit(blocks)
    assert blocks.n_passes == 0


def bad_blocks(rng):
    x = rng.normal(size=30)
    X = rng.normal(size=(30, 2))
    frame = pd.DataFrame(X, columns=["a", "b"])
    spoilt = x.copy()
    spoilt[24] = np.nan
    text = pd.DataFrame({"a": ["u"] * 30, "b": X[:, 1]})
    return {
        "NaN": ([x, spoilt], Normal(), r"block 1: .*1 of 30 rows \(first: row 24, nan\) is NaN"),
        "columns": ([X, X[:, :1]], MultivariateNormal(), r"block 1: it has 1 column\(s\), the first block has 2"),
        "names": ([frame, frame[["b", "a"]]], MultivariateNormal(), "block 1: it has the columns 'b', 'a', the first"),
        "dtype": ([frame, frame, text], MultivariateNormal(), "block 2: its column 'a' holds labels, .*numbers"),
        "text": ([x, np.array(["u"])], Normal(), "block 1: its column 0 holds labels, that of the first block numbers"),
        "support": ([x**2, -(x**2)], Exponential(), r"block 1: 30 of 30 rows .*outside the support of every component"),
        "weights": (
            [(x, x**2), (x, x[1:])],
            Normal(),
            r"block 1: sample_weight needs one weight per row, shape \(30,\)",
        ),
        "weights now and then": (
            [(x, x**2), x],
            Normal(),
            "block 1: it comes with neither weights nor labels, the first block with sample_weight",
        ),
        "labels now and then": (
            [(x, x**2), (x, x**2, np.zeros(30, dtype=int))],
            Normal(),
            "block 1: it comes with sample_weight and labels, the first block with sample_weight: give",
        ),
        "negative": ([(x, -(x**2))], Normal(), "block 0: sample_weight must be finite and >= 0"),
        "tuple": ([(x,)], Normal(), "block 0 is a tuple of 1"),
        "nothing": ([x[:0], x[:0]], Normal(), "without any row"),
        "few": ([x[:1]], Normal(), "needs at least 2 rows"),
    }


@pytest.mark.parametrize("case", bad_blocks(np.random.default_rng(0)))
def test_a_bad_block_is_named_and_leaves_the_model_alone(case, rng):
    given, family, message = bad_blocks(rng)[case]
    model = MixtureModel([family, family])
    with pytest.raises(InvalidDataError, match=message):
        model.fit(Blocks(lambda: given))
    with pytest.raises(NotFittedError):
        model.score([0.0])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"sample_weight": np.ones(3)}, "block 0 has 5 rows, but 3 entries of sample_weight"),
        ({"sample_weight": np.ones(11)}, "sample_weight goes on after the last of 9 rows"),
        ({"labels": Pieces(np.zeros(9, dtype=int), cuts=[4])}, "block 0 has 5 rows, but 4 entries of labels"),
        ({"labels": Pieces(np.zeros(5, dtype=int), cuts=[])}, "block 1 has no block of labels"),
        ({"sample_weight": Pieces(np.ones(12), cuts=[5, 9])}, "sample_weight goes on after the last of 9"),
        ({"sample_weight": "w"}, "'w' is the name of a column, but block 0 has no names"),
        (
            {"labels": Blocks(np.zeros(7, dtype=int), rows=2)},
            "block 1 has 4 rows, but 2 entries of labels.*7 altogether",
        ),
    ],
)
def test_what_goes_with_the_rows_has_their_length(arguments, message):
    with pytest.raises(InvalidDataError, match=message):
        MixtureModel([Normal(0, 1), Normal(5, 1)]).fit(Pieces(np.arange(9.0), cuts=[5]), **arguments)


def test_a_function_must_return_blocks():
    with pytest.raises(InvalidDataError, match="must return an iterator of blocks; got 3"):
        MixtureModel([Normal(), Normal()]).fit(Blocks(lambda: 3))


def test_the_next_block_is_made_in_the_room_of_the_one_before():
    import weakref

    class Counted(np.ndarray):
        """An array that can be told apart from views of it."""

    made_before, held = [], []

    def made():
        for seed in range(6):
            held.extend(block for block in made_before if block() is not None)
            block = np.random.default_rng(seed).normal(size=2 * BLOCK).view(Counted)
            made_before.append(weakref.ref(block))
            yield block
            del block

    model = MixtureModel([Normal(0.0, 2.0), Normal(4.0, 2.0)], max_iter=2, n_jobs=1)
    with pytest.warns(UserWarning, match="max_iter"):
        model.fit(Blocks(made))
    assert len(made_before) >= 18  # three passes
    assert held == []


def test_a_generator_is_refused():
    for given in ((row for row in [np.arange(5.0)]), Pieces(np.arange(9.0)).__iter__()):
        with pytest.raises(InvalidDataError, match="a generator can be read only once"):
            MixtureModel([Normal(), Normal()]).fit(given)


class Changing:
    """Blocks of which one changes at some pass."""

    def __init__(self, x, at, change):
        self.x, self.at, self.change, self.n_passes = x, at, change, 0

    def __iter__(self):
        self.n_passes += 1
        blocks = np.array_split(self.x, 3)
        yield from self.change(blocks) if self.n_passes == self.at else blocks


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda blocks: [blocks[0], blocks[1][:-1], blocks[2]],
            r"block 1: its rows are not those .*\(\d+ now, \d+ then",
        ),
        (lambda blocks: [*blocks[:2], blocks[2] + 1e-9], "block 2: its rows are not those of the first pass"),
        (lambda blocks: blocks[:2], "ended after 2 blocks, in the first pass after 3"),
        (lambda blocks: [], "ended after 0 blocks, .* A function must return a new iterator each time"),
        (lambda blocks: [*blocks, blocks[0]], "block 3 was not there in the first pass"),
    ],
)
def test_data_that_change_leave_the_parameters_of_the_last_whole_pass(change, message, rng):
    x = two_columns(rng)[:, 0]
    settings = {"components": [Normal(0.0, 1.0), Normal(3.0, 1.0)], "accelerate": None}
    model = MixtureModel(**settings)
    with pytest.raises(InvalidDataError, match=message):
        model.fit(Changing(x, 7, change))  # after a look at the first block, the survey, and four sweeps
    assert model.n_iter_ == 3
    assert not model.converged_
    assert model.converged_reason_ == "stopped: the data could not be read again"
    expected = MixtureModel(**settings, max_iter=3)
    with pytest.warns(UserWarning, match="EM made max_iter"):
        expected.fit(x)
    np.testing.assert_array_equal(model.history_, expected.history_)
    assert model.components_ == expected.components_


def test_a_row_without_density_is_found_in_its_block(rng):
    x = rng.exponential(size=60)
    labels = np.full(60, -1)
    x[45], labels[45] = -3.0, 0
    model = MixtureModel([Exponential(1.0), Normal(0.0, 9.0)])
    with pytest.raises(InvalidDataError, match=r"block 2: 1 of 20 rows \(first: row 5, -3\) .*labels allow"):
        model.fit(Pieces(x, cuts=[20, 40]), labels=labels)


def test_what_needs_all_rows_says_so(rng):
    x = two_columns(rng)[:, 0]
    with pytest.raises(InvalidDataError, match="needs all rows in memory"):
        next(MixtureModel([Normal(0, 1), Normal(3, 1)]).iter_fit(Pieces(x))).responsibilities  # noqa: B018
    with pytest.raises(InvalidParameterError, match="init must be a function"):
        MixtureModel([Normal(), Normal()], init=np.zeros(N, dtype=int)).fit(Pieces(x))


# ------------------------------------------------------------------------------------------------- the survey


def test_a_survey_of_parts_is_that_of_all(rng):
    X = 1e8 + two_columns(rng)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 1] = np.where(np.arange(N) < 2000, np.nan, X[:, 1])
    X = X[~np.isnan(X).all(axis=1)]
    weight = rng.uniform(0.0, 3.0, len(X))
    parts = [Survey(2, np.random.default_rng(k), with_products=False) for k in range(3)]
    for part, at in zip(parts, (0, 1500, 2600), strict=True):
        end = {0: 1500, 1500: 2600}.get(at, len(X))
        part.add(observed(X[at:end], weight[at:end]))
    whole = parts[0]
    for part in parts[1:]:
        whole.join(part)
    once = Survey(2, np.random.default_rng(0))
    once.add(observed(X, weight))
    for name in ("centre", "scale", "low", "high", "stand_in", "total_weight"):
        np.testing.assert_allclose(getattr(whole, name), getattr(once, name), rtol=1e-13, atol=0)
    assert whole.stamp == once.stamp
    assert whole.has_missing
    centre = np.array([np.average(c[~np.isnan(c)], weights=weight[~np.isnan(c)]) for c in X.T])
    std = [
        np.sqrt(np.average((c - m)[~np.isnan(c)] ** 2, weights=weight[~np.isnan(c)]))
        for c, m in zip(X.T, centre, strict=True)
    ]
    np.testing.assert_allclose(whole.centre, centre, rtol=1e-15)
    np.testing.assert_allclose(whole.scale, std, rtol=1e-7)


@pytest.mark.parametrize("weighted", [False, True])
def test_sums_of_whole_rows_are_those_that_allow_for_missing_cells(weighted, rng):
    X = 1e8 + two_columns(rng) * [1.0, 1e-3]
    weight = rng.integers(1, 4, N).astype(float) if weighted else None
    found, expected = Survey(2, rng), Survey(2, rng, with_products=True)  # which takes the way of missing cells
    for at in range(0, N, 700):
        for each in (found, expected):
            each.add(observed(X[at : at + 700], None if weight is None else weight[at : at + 700]))
    for name in ("centre", "scale", "low", "high", "stand_in", "total_weight", "n_rows"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-13, atol=0)
    exact = np.average(X - X[0], axis=0, weights=weight)
    np.testing.assert_allclose(found.centre - X[0], exact, rtol=0, atol=3e-8)
    np.testing.assert_allclose(found.scale**2, np.average((X - X[0] - exact) ** 2, axis=0, weights=weight), rtol=1e-12)


def test_moments_are_those_of_the_rows(rng):
    X = two_columns(rng) @ np.array([[1.0, 2.0], [0.0, 1.0]])
    weight = rng.uniform(0.0, 3.0, N)
    found = Survey(2, rng, with_products=True)
    for at in range(0, N, 700):
        found.add(observed(X[at : at + 700], weight[at : at + 700]))
    rows, share = found.moments
    np.testing.assert_allclose(np.average(rows, axis=0, weights=share), np.average(X, axis=0, weights=weight))
    np.testing.assert_allclose(np.cov(rows.T, aweights=share, ddof=0), np.cov(X.T, aweights=weight, ddof=0))
    assert share.sum() == pytest.approx(weight.sum())


def test_every_row_is_as_likely_to_be_in_the_sample_which_has_the_ends():
    counts = np.zeros(60)
    for seed in range(1000):
        halves = [Reservoir(10, np.random.default_rng([seed, k])) for k in range(2)]
        for k, half in enumerate(halves):
            for at in range(0, 30, 7):
                half.add(observed(np.arange(30.0 * k + at, min(30.0 * k + at + 7, 30.0 * (k + 1)))[:, np.newaxis]))
        halves[0].join(halves[1])
        sample = halves[0].sample
        rows, drawn = sample.rows[:, 0], sample.weight == 60 / 10
        assert drawn.sum() == 10
        assert (rows[0], rows[-1]) == (0.0, 59.0)
        np.testing.assert_array_equal(sample.weight[~drawn], 1.0)
        assert set(rows[~drawn]) <= {0.0, 59.0}
        assert np.all(np.diff(rows) > 0)
        counts[rows[drawn].astype(int)] += 1
    expected = 1000 * 10 / 60
    assert np.sum((counts - expected) ** 2 / expected) < 100  # chi-square of 59 degrees: 0.999 quantile is 98


def test_memory_stays_at_a_few_blocks(rng):
    import tracemalloc

    class Made:
        def __iter__(self):
            for seed in range(40):
                yield np.random.default_rng(seed).normal(seed % 2 * 5.0, 1.0, 100_000)

    model = MixtureModel([Normal(0.0, 2.0), Normal(4.0, 2.0)], max_iter=2, n_jobs=1)
    with pytest.warns(UserWarning, match="max_iter"):
        tracemalloc.start()
        model.fit(Made())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert model.n_rows_ == 4_000_000
    assert peak < 16 * 2**20  # of 32 MB of data
    assert streams.PIECE * 8 < 2**20
