"""Large arrays of single precision: they stay as they are, and only the block that is summed is made of doubles."""

import tracemalloc

import numpy as np
import pytest

from mixtures import (
    Categorical,
    InvalidDataError,
    Laplace,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    sources,
)

N = 20_000


@pytest.fixture
def rows(rng):
    """Two clusters, in single precision."""
    return np.concatenate([rng.normal(0.0, 1.0, (N, 2)), rng.normal(3.0, 2.0, (N, 2))]).astype(np.float32)


@pytest.fixture
def large(monkeypatch):
    """Every array is large, and read in pieces that do not fit chunks."""
    monkeypatch.setattr(sources, "LARGE", 1000)
    monkeypatch.setattr(sources, "CELLS", 13_579)


def two(**options):
    return MixtureModel([Product([Normal(0, 1), Normal(0, 1)]), Product([Normal(2, 1), Normal(2, 1)])], **options)


@pytest.mark.parametrize("given", ["rows alone", "weights", "labels", "missing cells"])
def test_fits_have_the_bits_of_those_to_doubles(rows, large, rng, given):
    beside = {}
    if given == "weights":
        beside["sample_weight"] = rng.integers(0, 3, len(rows)).astype(np.float32)
    if given == "labels":
        beside["labels"] = np.where(np.arange(len(rows)) % 7 == 0, np.arange(len(rows)) // N, -1)
    if given == "missing cells":
        rows[::5, 0] = np.nan
    single, double = two().fit(rows, **beside), two().fit(rows.astype(float), **beside)
    assert single.components_ == double.components_
    assert single.history_.tolist() == double.history_.tolist()
    assert single.score(rows) == pytest.approx(double.score(rows.astype(float)), rel=1e-13)


def test_no_copy_of_them_is_made(rng, monkeypatch):
    monkeypatch.setattr(sources, "CELLS", 1 << 17)
    rows = rng.standard_normal((9_000_000, 1), dtype=np.float32)
    model = MixtureModel([Normal(-1, 1), Normal(1, 1)], max_iter=2, tol=1e9)
    model.fit(rows[:1000])  # what is compiled takes memory, too
    tracemalloc.start()
    model.fit(rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < rows.nbytes  # blocks of a fixed size; the rows as doubles would be twice as much


@pytest.mark.parametrize(
    "options", [{"init": "labels"}, {"truncate": (1, 2)}, {"truncate": "stochastic", "max_iter": 5}], ids=str
)
def test_what_knows_rows_by_their_places_gets_all_of_them(rows, large, options):
    if "init" in options:
        options = {"init": np.arange(len(rows)) // N}
        model = MixtureModel(Product([Normal(), Normal()]), n_components=2, **options).fit(rows)
    else:
        model = two(rng=0, **options).fit(rows)
    assert [round(component.parts[0].mean) for component in model.components_] == [0, 3]


def test_families_without_sums_get_all_of_them(rows, large):
    model = MixtureModel([Laplace(0, 1), Laplace(3, 1)]).fit(rows[:, 0])
    assert model.converged_


def test_what_takes_more_than_sums_and_what_repeats_is_copied(rows, large, monkeypatch):
    def refuse(*_):
        raise AssertionError("these are read in pieces")

    monkeypatch.setattr("mixtures.fitting.Stream", refuse)
    names = np.where(np.arange(len(rows)) < N, "Product 1", None).tolist()
    assert two().fit(rows, labels=names).converged_
    assert two().fit(rows, sample_weight=[1.0] * len(rows)).converged_
    rows[0, 0] = np.nan
    normals = [MultivariateNormal([m, m], np.eye(2)) for m in (0.0, 2.0)]
    assert MixtureModel(normals, prior="default").fit(rows).converged_
    counts = (np.arange(len(rows)) % 7).astype(np.float32)
    assert MixtureModel([Poisson(1), Poisson(5)]).fit(counts).converged_


def test_a_number_is_no_list_of_weights(rows, large):
    for call in (two().fit, two().fit(rows).score):
        with pytest.raises(InvalidDataError, match="sample_weight needs"):
            call(rows, sample_weight=1.0)


@pytest.mark.parametrize("n", [400_000])
def test_a_rare_category_that_no_sample_shows_is_fitted(n, monkeypatch):
    x = np.zeros((n, 2), dtype=np.float32)
    x[:, 1] = np.random.default_rng(0).normal(size=n)
    x[::3, 0], x[[5, n // 2, n - 1], 0] = 4, [1, 2, 3]
    monkeypatch.setattr(sources, "LARGE", 1000)
    model = MixtureModel(Product([Categorical(), Normal()]), n_components=2, n_init=2, max_iter=20, tol=1e-3, rng=0)
    found = sum(w * part.parts[0].prob for w, part in zip(model.fit(x).weights_, model.components_, strict=True))
    np.testing.assert_allclose(found * n, [n - len(x[::3]) - 2, 1, 1, 1, len(x[::3]) - 1], rtol=1e-6, atol=1e-3)


def test_bad_rows_are_named_with_their_piece(rows, large):
    rows[30_000] = np.inf
    with pytest.raises(InvalidDataError, match=r"\(rows 27156 to 33944\): .* \(first: row 2844, inf, inf\)"):
        two().fit(rows)


def test_half_precision_is_no_other_case_and_whole_numbers_are_merged_in_memory(rows, large):
    half = rows.astype(np.float16)
    assert two().fit(half).components_ == two().fit(half.astype(float)).components_
    counts = np.arange(len(rows)) % 7
    assert not sources.is_large_and_narrow(counts)
    assert MixtureModel([Poisson(1), Poisson(5)]).fit(counts).converged_
    assert sources.is_large_and_narrow(half)
    assert not sources.is_large_and_narrow(np.ma.masked_array(half))
