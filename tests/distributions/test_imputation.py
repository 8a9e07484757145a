"""Missing cells filled in by one distribution: expectations given what was observed, categories, errors."""

import numpy as np
import pytest

from distributions import (
    Bernoulli,
    Categorical,
    Cauchy,
    FactorNormal,
    InvalidDataError,
    MultivariateNormal,
    MultivariateStudentT,
    Normal,
    Poisson,
    Product,
    StudentT,
    Truncated,
    UniformBox,
    UnknownParameterError,
    VonMises,
    VonMisesFisher,
)

NAN = np.nan
MEAN = np.array([1.0, -2.0, 50.0, 0.0])
COV = np.array([[4.0, -1.2, 0.3, 0.5], [-1.2, 0.5, 0.0, 0.1], [0.3, 0.0, 90.0, -3.0], [0.5, 0.1, -3.0, 2.0]])


def conditional_mean(mean, cov, row):
    """Return a row with its missing cells at their mean given the others under a normal."""
    o = ~np.isnan(row)
    filled = row.copy()
    filled[~o] = mean[~o] + cov[np.ix_(~o, o)] @ np.linalg.solve(cov[np.ix_(o, o)], row[o] - mean[o])
    return filled


@pytest.fixture
def holes(rng):
    """Rows of four columns with a third of the cells missing, none of them empty."""
    rows = rng.multivariate_normal(MEAN, COV, 300)
    rows[rng.random(rows.shape) < 0.35] = NAN
    rows = rows[~np.isnan(rows).all(axis=1)]
    assert len(np.unique(np.isnan(rows), axis=0)) == 15  # every pattern
    return rows


FACTORS = FactorNormal(MEAN, [[2.0], [-1.0], [0.5], [3.0]], [1.0, 2.0, 0.5, 1.0], rank=1)


@pytest.mark.parametrize("unit", [1.0, 1e-8, 1e8])
def test_a_normal_gives_conditional_means(holes, unit):
    wanted = np.array([conditional_mean(MEAN, COV, row) for row in holes])
    given, before = holes * unit, holes * unit
    filled = MultivariateNormal(MEAN * unit, COV * unit**2).impute(given)
    np.testing.assert_allclose(filled, wanted * unit, rtol=1e-11, atol=1e-12 * unit)
    seen = ~np.isnan(given)
    np.testing.assert_array_equal(filled[seen], before[seen])
    np.testing.assert_array_equal(given, before)


def test_a_factor_normal_gives_conditional_means(holes):
    wanted = np.array([conditional_mean(MEAN, FACTORS.cov, row) for row in holes])
    np.testing.assert_allclose(FACTORS.impute(holes), wanted, rtol=1e-11, atol=1e-12)


def test_independent_columns_have_their_means(holes):
    means = np.where(np.isnan(holes), MEAN, holes)
    diagonal = MultivariateNormal(MEAN, np.diag(np.diag(COV)), structure="diagonal")
    np.testing.assert_array_equal(diagonal.impute(holes), means)
    box = UniformBox(MEAN - 500.0, MEAN + 500.0).freeze()
    np.testing.assert_array_equal(box.impute(holes), means)
    parts = [Normal(3.0, 1.0), Poisson(2.0), Truncated(Normal(0.0, 1.0), low=0.0), Bernoulli(0.3)]
    rows = np.array([[1.0, 2.0, 0.5, 1.0], [NAN, NAN, 0.5, NAN], [7.0, 0.0, NAN, 0.0]])
    wanted = [[1.0, 2.0, 0.5, 1.0], [3.0, 2.0, 0.5, 0.3], [7.0, 0.0, np.sqrt(2.0 / np.pi), 0.0]]
    np.testing.assert_allclose(Product(parts).impute(rows), wanted, rtol=1e-9)


def test_a_part_is_conditioned_on_its_own_columns(holes):
    family = Product([MultivariateNormal(MEAN[:2], COV[:2, :2]), Normal(50.0, 9.0), Normal(7.0, 1.0)])
    wanted = np.where(np.isnan(holes), [NAN, NAN, 50.0, 7.0], holes)
    wanted[:, :2] = [conditional_mean(MEAN[:2], COV[:2, :2], row) for row in holes[:, :2]]
    np.testing.assert_allclose(family.impute(holes), wanted, rtol=1e-12, atol=1e-13)


def test_a_category_is_the_most_probable_one():
    text = Product([Normal(0.0, 1.0), Categorical([0.2, 0.5, 0.3], ("red", "green", "blue"))])
    assert text.impute([[1.5, None], [None, "blue"]]).tolist() == [[1.5, "green"], [0.0, "blue"]]
    np.testing.assert_array_equal(text.impute([[1.5, NAN], [NAN, 2.0]]), [[1.5, 1.0], [0.0, 2.0]])  # codes
    numbers = Product([Normal(0.0, 1.0), Categorical([0.3, 0.6, 0.1], (7, 3, 5))])
    np.testing.assert_array_equal(numbers.impute([[1.5, NAN]]), [[1.5, 3.0]])


@pytest.mark.parametrize("family", [MultivariateNormal(MEAN, COV), FACTORS, Product([Normal(0.0, 1.0)] * 4)])
def test_nothing_missing_is_the_identity(family, rng):
    rows = rng.normal(size=(20, 4)) * 1e3
    filled = family.impute(rows)
    np.testing.assert_array_equal(filled, rows)
    assert not np.shares_memory(filled, rows)
    assert family.impute(rows[:0]).shape == (0, 4)
    x = rng.normal(size=10)
    np.testing.assert_array_equal(Normal(0.0, 1.0).impute(x), x)
    assert Categorical([0.5, 0.5], ("a", "b")).impute(["a", "b", "b"]).tolist() == ["a", "b", "b"]


def test_masked_and_other_marks_of_missing_cells_are_read(holes):
    family, wanted = MultivariateNormal(MEAN, COV), MultivariateNormal(MEAN, COV).impute(holes)
    lists = [[None if np.isnan(cell) else cell for cell in row] for row in holes.tolist()]
    for given in (np.ma.masked_invalid(holes), lists, np.array(lists, dtype=object)):
        filled = family.impute(given)
        assert type(filled) is np.ndarray and filled.dtype == float
        np.testing.assert_array_equal(filled, wanted)


def test_a_fit_fills_a_factor_normal_in_as_em_does(holes):
    # At the maximum the mean is that of the filled rows (Ghahramani & Jordan 1994).
    rows = np.vstack([holes, np.random.default_rng(0).multivariate_normal(MEAN, COV, 50)])
    for family in (MultivariateNormal(), FactorNormal(rank=1)):
        fitted = family.fit(rows)
        np.testing.assert_allclose(fitted.impute(rows).mean(axis=0), fitted.mean, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "family, rows, message",
    [
        (Normal(0.0, 1.0), [1.0, NAN], r"Normal cannot impute missing cells of a single column: .*first: row 1, nan"),
        (
            MultivariateStudentT(5.0, [0.0, 0.0], np.eye(2)),
            [[1.0, 2.0], [NAN, 2.0]],
            r"MultivariateStudentT cannot impute missing cells of its columns; 1 of 2 rows \(first: row 1, nan, 2\)",
        ),
        (MultivariateNormal([0.0, 0.0], np.eye(2)), [[NAN, NAN]], "needs an observed cell in each row"),
        (MultivariateNormal([0.0, 0.0], np.eye(2)), [[np.inf, NAN]], r"first: row 0, inf, nan\) is NaN or infinite"),
        (MultivariateNormal([0.0, 0.0], np.eye(2)), [[1.0, 2.0, NAN]], "describes 2 columns, the data have 3"),
        (
            Product([Normal(0.0, 1.0), Poisson(3.0)]),
            [[1.0, 2.0], [NAN, -1.0]],
            r"1 of 2 rows \(first: row 1, nan, -1\) is of zero density under Product",
        ),
        (
            Product([Normal(0.0, 1.0), Categorical([0.5, 0.5], ("a", "b"))]),
            [[None, "c"]],
            "is of zero density under Product",
        ),
        (
            Product([Cauchy(0.0, 1.0), Normal(0.0, 1.0)]),
            [[NAN, 0.5], [0.5, NAN]],
            r"1 of 2 rows \(first: row 0, nan, 0.5\) is without a finite expectation of column 0 .* such as Cauchy",
        ),
        (Product([Normal(0.0, 1.0), VonMises(0.0, 1.0)]), [[0.5, NAN]], "VonMises cannot impute missing angles"),
    ],
)
def test_what_cannot_be_filled_is_an_error(family, rows, message):
    with pytest.raises(InvalidDataError, match=message):
        family.impute(rows)


def test_unknown_parameters_are_asked_for():
    with pytest.raises(UnknownParameterError, match="cannot impute: mean, cov are unknown"):
        MultivariateNormal().impute([[1.0, NAN]])


def test_only_what_is_missing_needs_an_expectation():
    family = Product([Cauchy(0.0, 1.0), VonMises(0.0, 1.0), StudentT(1.5, 3.0, 1.0)])
    assert family.impute([[0.5, 0.5, NAN]]).tolist() == [[0.5, 0.5, 3.0]]


def test_a_part_of_several_columns_that_depend_on_each_other_is_not_halved():
    part = VonMisesFisher([1.0, 0.0], 2.0)
    rows = np.array([[NAN, NAN], [NAN, 0.6]])
    np.testing.assert_allclose(part.expected_cells(rows[:1], [None, None])[0], part.mean)
    with pytest.raises(InvalidDataError, match="VonMisesFisher cannot impute a part of its columns"):
        part.expected_cells(rows, [None, None])
