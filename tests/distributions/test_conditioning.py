"""Some columns of a distribution: densities divide and integrate as they must, for all that can say."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from catalogue import TRIALS

from distributions import (
    Bernoulli,
    Binomial,
    Categorical,
    Distribution,
    Exponential,
    FactorNormal,
    InvalidDataError,
    InvalidParameterError,
    MultivariateBernoulli,
    MultivariateNormal,
    MultivariateStudentT,
    Normal,
    Poisson,
    Product,
    StudentT,
    Uniform,
    UniformBox,
    UnknownParameterError,
    VonMisesFisher,
)

COV = np.array([[2.0, 0.6, -0.3, 0.1], [0.6, 1.0, 0.2, 0.0], [-0.3, 0.2, 3.0, 1.1], [0.1, 0.0, 1.1, 0.8]])
MEAN = np.array([1.0, -2.0, 30.0, 0.5])
LOADINGS = np.array([[1.0], [2.0], [-0.5], [0.3]])

WHOLES = {
    "normal": MultivariateNormal(MEAN, COV),
    "small units": MultivariateNormal(1e-6 * MEAN, 1e-12 * COV),
    "diagonal": MultivariateNormal(MEAN, np.diag([1.0, 2.0, 3.0, 4.0]), structure="diagonal"),
    "spherical": MultivariateNormal(MEAN, 2.0 * np.eye(4), structure="spherical"),
    "t": MultivariateStudentT(3.5, MEAN, COV),
    "factors": FactorNormal(MEAN, LOADINGS, np.array([1.0, 0.5, 2.0, 0.1]), rank=1),
    "box": UniformBox(MEAN - 1.0, MEAN + 3.0),
    "zeros and ones": MultivariateBernoulli([0.1, 0.5, 0.9, 0.3]),
    "product": Product([Normal(1.0, 2.0), MultivariateNormal(MEAN[:2], COV[:2, :2]), Poisson(3.0)]),
    "named": Product({("a", "b", "c"): MultivariateNormal(MEAN[:3], COV[:3, :3]), "d": Exponential(2.0)}),
}


@pytest.mark.parametrize("places", [[0], [3], [0, 1], [2, 0], [1, 2, 3], [0, 2, 3]], ids=str)
@pytest.mark.parametrize("name", WHOLES)
def test_a_joint_density_is_marginal_times_conditional(name, places, rng):
    whole = WHOLES[name]
    rows = whole.sample(5, rng)
    kept = sorted(places)
    rest = [j for j in range(4) if j not in kept]
    marginal = whole.marginal(places)
    assert marginal.n_columns == len(kept)
    for row in rows:
        conditional = whole.conditional({place: row[place] for place in places})
        assert conditional.n_columns == len(rest)
        total = density(marginal, row[kept]) + density(conditional, row[rest])
        np.testing.assert_allclose(total, whole.log_pdf(row[np.newaxis])[0], rtol=1e-12, atol=1e-12)


def density(distribution, row):
    """Return the log density of one row."""
    return distribution.log_pdf(row if len(row) == 1 else row[np.newaxis])[0]


@pytest.mark.parametrize("name", WHOLES)
def test_a_marginal_is_what_missing_cells_leave(name, rng):
    whole = WHOLES[name]
    if not whole.marginalises:
        pytest.skip("it cannot leave out cells")
    rows = whole.sample(5, rng)
    holed = rows.copy()
    holed[:, [0, 2]] = np.nan
    np.testing.assert_allclose(whole.marginal([1, 3]).log_pdf(rows[:, [1, 3]]), whole.log_pdf(holed), rtol=1e-12)


def test_a_marginal_is_the_integral_over_the_others():
    for whole in (MultivariateNormal(MEAN[:2], COV[:2, :2]), MultivariateStudentT(4.0, MEAN[:2], COV[:2, :2])):
        for x in (-1.0, 0.5, 4.0):
            area = scipy.integrate.quad(lambda y, x=x, d=whole: d.pdf([[x, y]])[0], -np.inf, np.inf, epsabs=1e-12)[0]
            assert whole.marginal(0).pdf(x) == pytest.approx(area, rel=1e-8)


def test_a_conditional_is_what_rows_near_the_value_show(rng):
    whole = MultivariateStudentT(6.0, MEAN, COV)
    rows = whole.sample(400_000, rng)
    near = rows[(np.abs(rows[:, 0] - 2.0) < 0.1) & (np.abs(rows[:, 2] - 29.0) < 0.2)]
    conditional = whole.conditional({0: 2.0, 2: 29.0})
    error = np.sqrt(conditional.var / len(near))
    assert np.all(np.abs(near[:, [1, 3]].mean(axis=0) - conditional.mean) < 5.0 * error + 0.02)
    np.testing.assert_allclose(np.cov(near[:, [1, 3]].T), conditional.cov, rtol=0.1, atol=0.03)


def test_families_of_one_column_are_what_one_would_write():
    assert WHOLES["normal"].marginal(2) == Normal(30.0, np.sqrt(3.0))
    assert WHOLES["t"].marginal(1) == StudentT(3.5, -2.0, 1.0)
    assert WHOLES["box"].marginal(0) == Uniform(0.0, 4.0)
    assert WHOLES["zeros and ones"].marginal(2) == Bernoulli(0.9)
    assert WHOLES["zeros and ones"].conditional({0: 1, 1: 0}) == MultivariateBernoulli([0.9, 0.3])
    assert WHOLES["product"].marginal(3) == Poisson(3.0)
    assert WHOLES["product"].marginal([1, 2]) == WHOLES["product"].parts[1]
    assert WHOLES["spherical"].marginal([0, 1]).structure == "spherical"
    assert Normal(0.0, 1.0).marginal(0) == Normal(0.0, 1.0)
    whole = WHOLES["normal"]
    assert whole.marginal(range(4)) is whole


def test_columns_have_names_where_the_family_knows_them():
    parts = {("a", "b"): MultivariateNormal(MEAN[:2], COV[:2, :2]), "kind": Categorical([0.2, 0.8], ["x", "y"])}
    whole = Product(parts)
    assert whole.marginal(["kind", "a"]) == Product({"a": Normal(1.0, np.sqrt(2.0)), "kind": parts["kind"]})
    assert whole.marginal("b") == whole.marginal(1) == Normal(-2.0, 1.0)
    expected = Product({("a", "b"): parts["a", "b"]})
    assert whole.conditional({"kind": "y"}) == whole.conditional({2: 1}) == expected
    given = whole.conditional({"a": 2.0})
    assert given == Product({"b": parts["a", "b"].conditional({0: 2.0}), "kind": parts["kind"]})
    numbers = Product([Categorical([0.2, 0.8], [10, 20]), Normal(0.0, 1.0)])
    assert numbers.conditional({0: 20}) == Normal(0.0, 1.0)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda d: d.marginal(4), InvalidParameterError, "has no column 4; the columns are 0 to 3"),
        (lambda d: d.marginal(-1), InvalidParameterError, "has no column -1"),
        (lambda d: d.marginal([0, True]), InvalidParameterError, "has no column True"),
        (lambda d: d.marginal("a"), InvalidParameterError, "has no column 'a'"),
        (lambda d: d.marginal([0, 0]), InvalidParameterError, "must be different ones, at least one"),
        (lambda d: d.marginal([]), InvalidParameterError, "must be different ones, at least one"),
        (lambda d: d.conditional({}), InvalidParameterError, "must be different ones, at least one"),
        (lambda d: d.conditional([1.0]), InvalidParameterError, r"given must be values by column, such as \{0: 1.5\}"),
        (lambda d: d.conditional(dict.fromkeys(range(4), 0.0)), InvalidParameterError, "was given all 4 columns"),
        (lambda d: d.conditional({0: np.nan}), InvalidDataError, "given for column 0 must be a finite number; got nan"),
        (lambda d: d.conditional({0: "x"}), InvalidDataError, "must be a finite number; got 'x'"),
        (lambda d: d.conditional({0: None}), InvalidDataError, "must be a finite number; got None"),
    ],
)
def test_what_cannot_be_asked_is_said(ask, error, message):
    with pytest.raises(error, match=message):
        ask(WHOLES["normal"])


def test_what_a_family_cannot_say_is_said():
    with pytest.raises(InvalidParameterError, match="VonMisesFisher cannot describe some of its columns without the"):
        VonMisesFisher([1.0, 0.0], 2.0).marginal(0)
    with pytest.raises(InvalidParameterError, match="Binomial cannot describe some of its columns"):
        Product([Normal(0.0, 1.0), Binomial(0.5)]).marginal([0, 1])
    with pytest.raises(InvalidParameterError, match="UniformBox cannot describe some of its columns"):
        UniformBox([0.0, 0.0], [1.0, 2.0], axes=np.array([[0.6, -0.8], [0.8, 0.6]])).marginal(1)
    with pytest.raises(UnknownParameterError, match="cannot give a marginal"):
        MultivariateNormal(mean=[0.0, 1.0]).marginal(0)
    with pytest.raises(InvalidDataError, match="has density zero under this UniformBox: no other column"):
        WHOLES["box"].conditional({0: 99.0})
    with pytest.raises(InvalidDataError, match="must be one of 'x', 'y'; got 'z'"):
        Product({"kind": Categorical([0.2, 0.8], ["x", "y"]), "a": Normal(0.0, 1.0)}).conditional({"kind": "z"})


def test_a_conditional_keeps_its_digits_where_columns_nearly_agree():
    small = 1e-6
    cov = np.array([[1.0, 1.0], [1.0, 1.0 + small**2]])
    given = MultivariateNormal([0.0, 0.0], cov).conditional({0: 0.7})
    assert given.mean == pytest.approx(0.7, rel=1e-9)
    assert given.std == pytest.approx(small, rel=1e-3)


# ------------------------------------------------------------------------------------------------- covariance


def with_cov():
    """Yield all distributions of several columns that the catalogue tries, which give a covariance."""
    for trial in TRIALS.values():
        for one in trial.settings:
            if not one.unknown and one.n_columns not in (None, 1):
                try:
                    one.cov  # noqa: B018
                except InvalidParameterError:
                    continue
                yield one
    yield from WHOLES.values()


@pytest.mark.parametrize("one", list(with_cov()), ids=lambda one: type(one).__name__)
def test_a_covariance_is_that_of_draws(one, rng):
    d = one.n_columns
    assert one.cov.shape == (d, d)
    np.testing.assert_allclose(np.diag(one.cov), one.var, rtol=1e-9)
    if not np.isfinite(one.cov).all() or getattr(one, "df", 99.0) <= 4.0:
        return  # without fourth moments draws tell nothing
    draws = one.sample(20_000, rng)
    away = draws - draws.mean(axis=0)
    products = away[:, :, np.newaxis] * away[:, np.newaxis]
    error = products.std(axis=0) / np.sqrt(len(draws))
    assert np.all(np.abs(products.mean(axis=0) - one.cov) <= 6.0 * error + 1e-9 * np.abs(one.cov).max())


def test_a_covariance_of_one_column_is_a_matrix_and_some_families_have_none():
    assert Normal(3.0, 2.0).cov.tolist() == [[4.0]]
    assert Product([Poisson(2.0)]).cov.tolist() == [[2.0]]
    heavy = MultivariateStudentT(1.5, [0.0, 0.0], np.eye(2)).cov
    assert np.isinf(np.diag(heavy)).all() and np.isnan(heavy[0, 1])
    with pytest.raises(InvalidParameterError, match="VonMisesFisher does not give the covariance of its columns"):
        VonMisesFisher([1.0, 0.0], 2.0).cov  # noqa: B018


def test_a_family_of_a_user_s_own_may_have_a_parameter_of_that_name():
    from distributions import parameter
    from distributions.domains import POSITIVE

    class Covered(Distribution):
        """Its parameter is called cov."""

        cov: float = parameter(POSITIVE)

        def log_pdf(self, x):
            return np.zeros(np.shape(x))

        def fit(self, x, sample_weight=None):
            return self

        def sample(self, size, rng=None):
            return np.zeros(size)

    assert Covered(2.0).cov == 2.0
    assert Covered().unknown == ("cov",)
