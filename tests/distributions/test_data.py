"""The door: what is accepted as rows and weights, what becomes of it, and what is said of the rest."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest

from distributions import InvalidDataError, MultivariateNormal, Normal, Product
from distributions.data import as_observations, as_rows, as_weights, centre_and_scale, describe_rows, present, summarise
from mixtures import MixtureModel

COLUMN = np.array([1.0, 0.0, 3.0, 1.0])
TABLE = np.arange(12.0).reshape(4, 3)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize(
    "given",
    [
        [1, 0, 3, 1],
        (1.0, 0.0, 3.0, 1.0),
        range(4),
        [True, False, True, True],
        COLUMN.astype(np.float32),
        COLUMN.astype(np.float16),
        COLUMN.astype(np.longdouble),
        COLUMN.astype(np.int8),
        COLUMN.astype(np.uint64),
        COLUMN.astype(">f8"),
        COLUMN.astype(bool),
        COLUMN.astype(object),
        np.array([1, np.float32(0), True, 1], dtype=object),
        COLUMN[::-1],
        np.repeat(COLUMN, 3)[::3],
        read_only(COLUMN),
        COLUMN[:, np.newaxis],
        pd.Series(COLUMN, index=[9, 2, 5, 1]),
        pd.Series([1, 0, 3, 1], dtype="Int64"),
        pd.Series([1, 0, 3, 1], dtype="category"),
        pd.DataFrame({"a": COLUMN}),
        np.ma.masked_array(COLUMN, mask=False),
    ],
    ids=lambda given: f"{type(given).__name__} {getattr(given, 'dtype', '')}",
)
def test_numbers_of_any_type_and_layout_become_one_column_that_kernels_can_read(given):
    rows = as_rows(given, 1, "Normal", finite=True)
    expected = np.asarray(given).astype(float).reshape(-1, 1)
    np.testing.assert_array_equal(rows, expected)
    assert rows.dtype == np.float64
    assert rows.dtype.isnative
    assert rows.flags.c_contiguous
    assert rows.flags.writeable


@pytest.mark.parametrize(
    "given",
    [
        TABLE.tolist(),
        np.asfortranarray(TABLE),
        np.ascontiguousarray(TABLE.T).T,
        np.ascontiguousarray(TABLE[::-1, ::-1])[::-1, ::-1],
        np.repeat(TABLE, 2, axis=1)[:, ::2],
        read_only(TABLE),
        TABLE.astype(int),
        pd.DataFrame(TABLE, columns=list("zab")),
        pd.DataFrame({"x": TABLE[:, 0].astype(int), "y": TABLE[:, 1].astype(np.float32), "z": TABLE[:, 2]}),
    ],
)
def test_tables_of_any_layout_keep_their_rows_and_the_order_of_their_columns(given):
    rows = as_rows(given, None, "a mixture", finite=True)
    np.testing.assert_array_equal(rows, TABLE)
    assert rows.flags.c_contiguous
    assert rows.flags.writeable


def test_rows_that_are_fine_already_are_not_copied():
    assert np.shares_memory(as_rows(COLUMN, 1, "Normal", finite=True), COLUMN)
    assert np.shares_memory(as_rows(TABLE, 3, "a mixture", finite=True), TABLE)
    assert not np.shares_memory(as_rows(read_only(COLUMN), 1, "Normal", finite=True), COLUMN)


@pytest.mark.parametrize(
    "given, message",
    [
        (3.0, r"shape \(n,\) or \(n, d\), got shape \(\): pass a single row as x.reshape\(1, -1\)"),
        (np.zeros((2, 3, 4)), r"got shape \(2, 3, 4\)$"),
        (np.empty((4, 0)), r"got data of 0 feature\(s\) \(shape=\(4, 0\)\)"),
        (TABLE, r"describes 1 column, the data have 3 \(shape \(4, 3\)\): use MultivariateNormal"),
        ([[1, 2], [3]], "needs numbers as data: "),
        (["a", "b"], "needs numbers as data: could not convert string to float"),
        (
            [1.0, "b"],
            r"needs numbers as data: could not convert string to float: 'b' \(first: row 1\). Text is for a Cat",
        ),
        ([["1", 2], [3, "b"]], r"string to float: 'b' \(first: row 1, column 1\)"),
        (np.array([["1", b"b"]], dtype=object), r"string to float: 'b' \(first: row 0, column 1\)"),
        (pd.DataFrame({"n": [1, 2], "kind": ["4", "b"]}), r"string to float: 'b' \(first: row 1, column 'kind'\)"),
        (pl.DataFrame({"n": [1, 2], "kind": ["4", "b"]}), r"string to float: 'b' \(first: row 1, column 'kind'\)"),
        ({"a": COLUMN}, r"Normal needs data in rows, not a dict of columns: pass pandas.DataFrame\(x\)"),
        (pl.LazyFrame({"a": COLUMN}), r"not a LazyFrame that is yet to be read: pass x.collect\(\)"),
        ([{}, 1.0], "needs numbers as data: "),
        ([1.0, 2j], "needs numbers as data: these are of type complex128"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "needs numbers as data: these are of type datetime64"),
        (
            pd.Series(pd.to_timedelta([1, 2], unit="s")),
            "of type timedelta64.*; divide spans of time by a unit, such as",
        ),
        (np.ma.masked_array(COLUMN, mask=[0, 1, 0, 0]), "data without masked cells: drop these rows, or fill them"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(given, message):
    with pytest.raises(InvalidDataError, match=message):
        as_rows(given, 1, "Normal", finite=True)


@pytest.mark.parametrize(
    "given", [{"a": [1.0, 2.0], "b": [3.0, 5.0]}, pl.LazyFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]})]
)
def test_what_is_no_table_is_refused_at_every_door(given):
    product, table = Product({"a": Normal(), "b": Normal()}), pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [3.0, 5.0, 4.0]})
    for method in (product.fit, MultivariateNormal().fit, MixtureModel([product]).fit):
        with pytest.raises(InvalidDataError, match="needs data in rows, not a "):
            method(given)
    with pytest.raises(InvalidDataError, match="needs data in rows, not a "):
        MixtureModel([product]).fit(table).predict(given)


@pytest.mark.parametrize("mark", [None, pd.NA, pd.NaT, np.datetime64("NaT"), math.nan])
def test_whatever_marks_a_missing_cell_is_nan(mark):
    cells = np.array([1.0, mark, 3.0, 5.0], dtype=object)
    with pytest.raises(InvalidDataError, match=r"1 of 4 rows \(first: row 1, nan\) is NaN or infinite"):
        Normal().fit(cells)
    np.testing.assert_array_equal(np.isnan(Normal(0.0, 1.0).log_pdf(cells)), [False, True, False, False])
    rows = np.column_stack([cells, np.array([1.0, 2.0, 4.0, 4.0], dtype=object)])
    assert Product([Normal(), Normal()]).fit(rows).parts[0].mean == pytest.approx(3.0)
    assert MixtureModel([Product([Normal(), Normal()])]).fit(rows).components_[0].parts[0].mean == pytest.approx(3.0)


def test_too_few_columns_are_refused_with_another_remedy():
    with pytest.raises(InvalidDataError, match=r"describes 2 columns, the data have 3 .*: select the columns it needs"):
        as_rows(TABLE, 2, "MultivariateNormal", finite=True)


@pytest.mark.parametrize(
    "given, message",
    [
        ([1.0, np.nan, np.inf], r"2 of 3 rows \(first: row 1, nan\) are NaN or infinite. Drop or fill"),
        ([1.0, -np.inf], r"1 of 2 rows \(first: row 1, -inf\) is NaN or infinite"),
        ([1.0, None], r"first: row 1, nan"),
        (pd.Series([1, 2, None], dtype="Int64"), r"1 of 3 rows \(first: row 2, nan\)"),
        ([[1.0, 2.0], [3.0, np.nan]], r"1 of 2 rows \(first: row 1, 3, nan\)"),
        ([[1.0, 2.0, 3.0, 4.0, np.inf]], r"first: row 0, 1, 2, 3, 4, ...\)"),
    ],
)
def test_rows_that_are_not_finite_are_counted_and_the_first_is_shown(given, message):
    with pytest.raises(InvalidDataError, match=message):
        as_rows(given, None, "Normal", finite=True)
    assert len(as_rows(given, None, "Normal", finite=False)) == len(given)


@pytest.mark.parametrize(
    "given",
    [
        [1, 0, 3, 1],
        COLUMN.astype(np.float32),
        COLUMN.astype(int),
        np.repeat(COLUMN, 2)[::2],
        read_only(COLUMN),
        pd.Series(COLUMN),
    ],
)
def test_weights_of_any_type_and_layout_become_float64(given):
    weight = as_weights(given, 4)
    np.testing.assert_array_equal(weight, COLUMN)
    assert weight.dtype == np.float64
    assert weight.flags.c_contiguous
    assert weight.flags.writeable


def test_booleans_as_weights_select_rows():
    rows, weight, *_ = as_observations(COLUMN, [True, False, False, True], 1, "Normal")
    np.testing.assert_array_equal(rows[:, 0], [1.0, 1.0])
    np.testing.assert_array_equal(weight, [1.0, 1.0])


@pytest.mark.parametrize(
    "given, message",
    [
        ([1, 1, 1], r"one weight per row, shape \(4,\); got shape \(3,\)"),
        (2.0, r"got shape \(\)"),
        (np.ones((4, 1)), r"got shape \(4, 1\)"),
        ([1, -2, 1, -1], r"finite and >= 0; 2 of 4 rows \(first: row 1, -2\) are not. Use 0 to leave a row out"),
        ([1, 1, np.nan, 1], r"1 of 4 rows \(first: row 2, nan\) is not"),
        ([1, 1, 1, np.inf], r"first: row 3, inf"),
        ([0, 0, 0, 0], "zero for every row"),
        (["a"] * 4, "sample_weight needs numbers"),
        ([1j] * 4, "sample_weight needs numbers"),
    ],
)
def test_bad_weights_are_refused(given, message):
    with pytest.raises(InvalidDataError, match=message):
        as_weights(given, 4)


def test_rows_of_weight_zero_are_absent_whatever_they_hold():
    x = np.array([np.nan, 2.0, np.inf, 4.0])
    rows, weight, *_ = as_observations(x, [0.0, 1.0, 0.0, 0.5], 1, "Normal")
    np.testing.assert_array_equal(rows[:, 0], [2.0, 4.0])
    np.testing.assert_array_equal(weight, [1.0, 0.5])


def test_a_bad_row_keeps_its_number_when_others_are_absent():
    with pytest.raises(InvalidDataError, match=r"1 of 4 rows \(first: row 2, inf\)"):
        as_observations([np.nan, 2.0, np.inf, 4.0], [0.0, 1.0, 0.1, 0.5], 1, "Normal")


def test_no_rows_are_an_error_of_a_fit_only():
    assert as_rows([], 1, "Normal", finite=True).shape == (0, 1)
    with pytest.raises(InvalidDataError, match=r"Normal cannot be fitted to empty data \(0 rows\)"):
        as_observations(np.empty((0, 1)), None, 1, "Normal")


@pytest.mark.parametrize("bad, words", [([0, 0, 1, 0], "1 of 4 rows (first: row 2, 6, 7, 8) is")])
def test_describe_rows_ends_before_the_verdict(bad, words):
    assert describe_rows(TABLE, np.array(bad, dtype=bool)) == words


@pytest.mark.parametrize("weight", [None, np.array([1.0, 2.0, 0.5, 3.0])])
def test_centre_and_scale_are_the_weighted_moments_of_each_column(weight):
    rows = np.column_stack([TABLE[:, 0] ** 2, 1e8 + COLUMN])
    centre, scale = centre_and_scale(rows, weight)
    for j in range(2):
        expected = np.average(rows[:, j], weights=weight)
        assert centre[j] == pytest.approx(expected, rel=1e-15)
        assert scale[j] == pytest.approx(np.sqrt(np.average((rows[:, j] - expected) ** 2, weights=weight)), rel=1e-7)


@pytest.mark.parametrize("value, scale", [(0.0, 1.0), (-3.0, 3.0), (0.1, 0.1), (1e8 + 0.1, 1e8 + 0.1)])
def test_a_constant_column_has_the_scale_of_its_value(value, scale):
    assert centre_and_scale(np.full((7, 1), value), None)[1][0] == pytest.approx(scale, rel=1e-14)


@pytest.mark.parametrize("n", [1, 2, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_pass_in_blocks_sums_exactly_far_from_zero(n, weighted, rng):
    rows = np.column_stack([1e8 + rng.normal(size=n), rng.exponential(1e-8, n), np.sort(rng.normal(size=n)) ** 3])
    weight = rng.uniform(size=n) if weighted else None
    if weighted:
        weight[: n // 2] = 0.0  # whole blocks that do not count
    got = summarise(rows, weight)
    exact = rows.astype(np.longdouble)
    w = np.ones(n) if weight is None else weight
    mean = (exact * w[:, np.newaxis]).sum(axis=0) / w.sum()
    spread = np.sqrt(((exact - mean) ** 2 * w[:, np.newaxis]).sum(axis=0) / w.sum())
    assert np.all(np.abs(got.centre - mean) <= 1e-15 * (np.abs(mean) + 8 * spread))
    if n > 2:
        np.testing.assert_allclose(got.scale, spread.astype(float), rtol=1e-12)
    np.testing.assert_array_equal(got.low, rows.min(axis=0))
    np.testing.assert_array_equal(got.high, rows.max(axis=0))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 700, 2999])
def test_a_row_that_is_not_finite_is_found_wherever_it_stands(bad, place):
    rows = np.ones((3000, 2))
    rows[place, 1] = bad
    with pytest.raises(InvalidDataError, match=rf"1 of 3000 rows \(first: row {place}, 1, "):
        as_observations(rows, None, 2, "Someone")


def test_large_finite_rows_whose_sums_overflow_are_finite():
    assert as_observations(np.full(3000, 1e306), None, 1, "Someone").rows[0, 0] == 1e306


def test_rows_that_are_present_keep_their_container():
    weight = [1.0, 0.0, 2.0]
    assert present([["a", 1], ["b", 2], ["c", 3]], weight) == [["a", 1], ["c", 3]]
    frame = present(pd.DataFrame({"label": ["a", "b", "c"]}), weight)
    assert frame["label"].tolist() == ["a", "c"]
    assert present(np.arange(3.0), np.array(weight)).tolist() == [0.0, 2.0]
    untouched = np.arange(3.0)
    for malformed in (None, [1.0, 2.0], ["a", "b", "c"], [1.0, 1.0, 1.0]):
        assert present(untouched, malformed) is untouched


def test_rounding_makes_no_mean_square_negative():
    rows = [float.fromhex(x) for x in ("0x1.855f4695a1ceep+0", "0x1.487bf2ae07554p+0", "0x1.28adec4bc492dp+0")]
    weight = [float.fromhex(w) for w in ("0x1.01713d58278eep-826", "0x1.7ff669818b6b3p+1", "0x1.09539c8d5c32dp-362")]
    centre, scale = centre_and_scale(np.array(rows)[:, np.newaxis], np.array(weight))
    assert centre[0] == scale[0] == rows[1]  # all but constant: the scale is that of the value
