"""What a family gets that has only `log_pdf` and `sample`: cdf, quantiles, mean and variance, against closed forms."""

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

from distributions import (
    Beta,
    Categorical,
    Distribution,
    Exponential,
    Gamma,
    InvalidDataError,
    InvalidParameterError,
    Multinomial,
    MultivariateBernoulli,
    MultivariateNormal,
    Poisson,
    StudentT,
    Truncated,
    ZeroInflated,
    parameter,
)
from distributions.domains import COUNTS, POSITIVE, REAL, Domain
from mixtures import MixtureModel, Normal


class Twin(Distribution):
    """Nothing but the density and the draws of a SciPy distribution."""

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    def log_pdf(self, x):
        return self.scipy(self.loc, self.scale).logpdf(x)

    def fit(self, x, sample_weight=None):
        raise NotImplementedError

    def sample(self, size, rng=None):
        return self.scipy(self.loc, self.scale).rvs(size, random_state=np.random.default_rng(rng))


class TwinOfLaplace(Twin):
    scipy = scipy.stats.laplace


class TwinOfGumbel(Twin):
    scipy = scipy.stats.gumbel_r


class TwinOfLogistic(Twin):
    scipy = scipy.stats.logistic


class TwinOfUniform(Twin):
    """Jumps at both ends, which its support does not tell."""

    scipy = scipy.stats.uniform


class TwinOfGamma(Distribution):
    """Positive; at shape 0.3 the density has a pole at zero."""

    shape: float = parameter(POSITIVE)
    scale: float = parameter(POSITIVE, power=1)
    support = Domain("a finite number > 0", low=0.0, low_open=True)

    def log_pdf(self, x):
        return scipy.stats.gamma(self.shape, scale=self.scale).logpdf(x)

    def fit(self, x, sample_weight=None):
        raise NotImplementedError

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).gamma(self.shape, self.scale, size)


class TwinOfGeometric(Distribution):
    """Failures before the first success."""

    prob: float = parameter(Domain("a number in (0, 1)", low=0.0, high=1.0, low_open=True))
    support = COUNTS

    def log_pdf(self, x):
        return scipy.stats.geom(self.prob, loc=-1).logpmf(x)

    def fit(self, x, sample_weight=None):
        raise NotImplementedError

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).geometric(self.prob, size) - 1.0


class TwinOfDice(Distribution):
    """Whole numbers of both signs, -2 to 3, all equally likely."""

    support = Domain("a whole number from -2 to 3", low=-2.0, high=3.0, discrete=True)

    def log_pdf(self, x):
        return np.where(self.support.contains(x), -np.log(6.0), -np.inf)

    def fit(self, x, sample_weight=None):
        raise NotImplementedError

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).integers(-2, 4, size).astype(float)


SETTINGS = [(0.0, 1.0), (1e8, 1.0), (3.0, 1e-9), (-1e6, 1e6), (0.0, 1e12)]
CONTINUOUS = [
    pytest.param(family(*setting), family.scipy(*setting), id=f"{family.__name__}{setting}")
    for family in (TwinOfLaplace, TwinOfGumbel, TwinOfLogistic, TwinOfUniform)
    for setting in SETTINGS
] + [
    pytest.param(TwinOfGamma(shape, scale), scipy.stats.gamma(shape, scale=scale), id=f"TwinOfGamma({shape}, {scale})")
    for shape, scale in [(0.3, 1.0), (1.0, 1e-9), (2.5, 1e9), (400.0, 1.0)]
]
DISCRETE = [
    pytest.param(TwinOfGeometric(prob), scipy.stats.geom(prob, loc=-1), id=f"TwinOfGeometric({prob})")
    for prob in (0.9, 0.3, 0.01, 1e-4)
] + [pytest.param(TwinOfDice(), scipy.stats.randint(-2, 4), id="TwinOfDice")]
INNER = np.array([1e-6, 0.001, 0.03, 0.25, 0.5, 0.8, 0.99, 0.9999, 1 - 1e-6])


@pytest.mark.parametrize("distribution, twin", CONTINUOUS + DISCRETE)
def test_cdf_is_the_integral_of_the_density(distribution, twin):
    x = np.concatenate([twin.ppf(INNER), twin.mean() + twin.std() * np.array([-50.0, -0.3, 0.7, 50.0])])
    rounding = 4 * np.spacing(np.abs(x)) * np.max(np.exp(distribution.log_pdf(twin.ppf(INNER))))
    assert np.all(np.abs(distribution.cdf(x) - twin.cdf(x)) <= 1e-10 + rounding)


@pytest.mark.parametrize("distribution, twin", CONTINUOUS)
def test_ppf_inverts_the_cdf(distribution, twin):
    x, exact = distribution.ppf(INNER), twin.ppf(INNER)
    np.testing.assert_allclose(x, exact, rtol=1e-14, atol=1e-6 * twin.std())


@pytest.mark.parametrize("distribution, twin", DISCRETE)
def test_ppf_of_counts_is_the_smallest_count_that_reaches_the_probability(distribution, twin):
    np.testing.assert_array_equal(distribution.ppf(INNER), twin.ppf(INNER))


@pytest.mark.parametrize("distribution, twin", CONTINUOUS + DISCRETE)
def test_mean_var_and_std_are_those_of_the_density(distribution, twin):
    assert distribution.mean == pytest.approx(twin.mean(), rel=1e-12, abs=1e-8 * twin.std())
    assert distribution.var == pytest.approx(twin.var(), rel=1e-7)
    assert distribution.std == pytest.approx(twin.std(), rel=1e-7)


@pytest.mark.parametrize("distribution", [TwinOfLaplace(2.0, 3.0), TwinOfGeometric(0.3)])
def test_shapes_are_kept_and_a_number_gives_a_number(distribution):
    x = np.array([[0.0, 1.0, 2.0], [-np.inf, np.inf, np.nan]])
    values = distribution.cdf(x)
    assert values.shape == (2, 3)
    np.testing.assert_array_equal(values[1], [0.0, 1.0, np.nan])
    assert isinstance(distribution.cdf(1.0), float)
    assert distribution.cdf(1.0) == pytest.approx(values[0, 1], rel=1e-12)
    assert distribution.cdf([]).shape == (0,)
    assert distribution.cdf([np.nan]).shape == (1,)
    assert isinstance(distribution.ppf(0.5), float)
    assert distribution.ppf([[0.2, 0.5]]).shape == (1, 2)
    assert distribution.ppf([[0.2, 0.5]])[0, 1] == distribution.ppf(0.5)
    assert distribution.ppf([]).shape == (0,)


@pytest.mark.parametrize(
    "distribution, ends",
    [
        (TwinOfLaplace(2.0, 3.0), [-np.inf, np.inf]),
        (TwinOfGamma(2.0, 3.0), [0.0, np.inf]),
        (TwinOfGeometric(0.3), [0.0, np.inf]),
        (TwinOfDice(), [-2.0, 3.0]),
    ],
)
def test_ppf_ends_at_the_support_and_is_nan_beyond_probabilities(distribution, ends):
    np.testing.assert_array_equal(distribution.ppf([0.0, 1.0]), ends)
    np.testing.assert_array_equal(distribution.ppf([-0.1, 1.1, np.nan]), [np.nan] * 3)


def test_counts_between_whole_numbers_have_the_cdf_of_the_lower_one():
    counts = TwinOfGeometric(0.3)
    np.testing.assert_array_equal(counts.cdf([2.0, 2.5, 2.999]), np.repeat(counts.cdf(2.0), 3))


def test_a_quantile_in_a_gap_between_components_is_found():
    model = MixtureModel([Normal(0.0, 1.0), Normal(1e6, 1.0)], weights=[0.25, 0.75])
    low, high = model.ppf([0.25 * (1 - 1e-12), 0.25 * (1 + 1e-9)])
    assert 0.0 < low < 10.0
    assert 1e6 - 10.0 < high < 1e6


@pytest.mark.parametrize("what", ["cdf", "ppf"])
def test_several_columns_have_no_cdf(what):
    with pytest.raises(InvalidDataError, match="MultivariateNormal has several columns"):
        getattr(MultivariateNormal([0.0, 0.0], np.eye(2)), what)(0.5)


class TwoPeaks(Distribution):
    """One draw of a thousand is far away: few lie there, and nodes between the peaks see neither of them."""

    loc: float = parameter(REAL, power=1)
    share = 1e-3

    def log_pdf(self, x):
        near, far = (scipy.stats.norm(loc).logpdf(np.asarray(x)) for loc in (0.0, self.loc))
        return np.logaddexp(np.log1p(-self.share) + near, np.log(self.share) + far)

    def fit(self, x, sample_weight=None):
        raise NotImplementedError

    def sample(self, size, rng=None):
        rng = np.random.default_rng(rng)
        return rng.normal(size=size) + np.where(rng.random(size) < self.share, self.loc, 0.0)


@pytest.mark.parametrize("loc", [1e2, 1e6, -1e9])
def test_a_distant_peak_of_few_draws_is_not_overlooked(loc):
    twin, share = TwoPeaks(loc), TwoPeaks.share
    assert twin.mean == pytest.approx(share * loc, rel=1e-9)
    assert twin.var == pytest.approx(1.0 + share * (1.0 - share) * loc**2, rel=1e-9)
    below = share if loc < 0.0 else 0.0
    wanted = [below + (1.0 - share) / 2, share / 2 if loc < 0.0 else 1.0 - share / 2]
    np.testing.assert_allclose(twin.cdf([0.0, loc]), wanted, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(twin.ppf(wanted), [0.0, loc], atol=1e-6, rtol=1e-12)


def test_a_mixture_of_families_without_a_cdf_has_quantiles():
    model = MixtureModel([TwinOfLaplace(0.0, 1.0), TwinOfGumbel(30.0, 2.0)], weights=[0.3, 0.7])
    x = model.ppf(INNER)
    exact = 0.3 * scipy.stats.laplace(0.0, 1.0).cdf(x) + 0.7 * scipy.stats.gumbel_r(30.0, 2.0).cdf(x)
    np.testing.assert_allclose(exact, INNER, atol=1e-10)


# --------------------------------------------------------------------------------- rows that stand for a distribution


def mean_log(a, b):
    return scipy.special.digamma(a) - np.log(b)


@pytest.mark.parametrize(
    ("distribution", "function", "expectation"),
    [
        (Gamma(0.5, 2.0), np.log, mean_log(0.5, 2.0)),
        (Gamma(0.5, 2.0), np.sqrt, scipy.special.gamma(1.0) / scipy.special.gamma(0.5) / np.sqrt(2.0)),
        (Gamma(5e4, 1e-6), np.log, mean_log(5e4, 1e-6)),
        (Beta(0.5, 3.0), np.log, scipy.special.digamma(0.5) - scipy.special.digamma(3.5)),
        (Beta(0.5, 3.0), np.log1p, None),
        (Normal(1e8, 2.0), lambda x: (x - 1e8) ** 2, 4.0),
        (StudentT(3.0, 1.0, 2.0), lambda x: np.log1p((x - 1.0) ** 2 / 12.0), mean_log(2.0, 1.0) - mean_log(1.5, 1.0)),
        (Truncated(Exponential(1.0), low=2.0), lambda x: (x - 2.0) ** 3, 6.0),
        (Poisson(3.5), lambda x: x * (x - 1.0), 3.5**2),
        (Categorical([0.2, 0.8], categories=(3, -1)), lambda x: x, 0.6 - 0.8),
        (ZeroInflated(Gamma(2.0, 1.0), 0.25), lambda x: np.log(np.where(x > 0.0, x, 1.0)), 0.75 * mean_log(2.0, 1.0)),
    ],
)
def test_rows_that_stand_for_a_distribution_give_its_expectations(distribution, function, expectation):
    rows, share = distribution.expected_rows()
    assert rows.shape == (len(share), 1)
    assert len(share) < 2500
    assert share.sum() == pytest.approx(1.0, rel=1e-14)
    assert np.all(distribution.support.contains(rows))
    if expectation is None:
        expectation = scipy.integrate.quad(lambda u: 2.0 * np.log1p(u**2) * (1 - u**2) ** 2, 0.0, 1.0)[0]
        expectation /= scipy.special.beta(0.5, 3.0)  # x = u^2 takes the pole away
    assert share @ function(rows[:, 0]) == pytest.approx(expectation, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "distribution",
    [
        MultivariateNormal([1.0, -2.0, 0.0], [[2.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 3.0]]),
        MultivariateBernoulli([0.3, 0.9, 0.3, 0.0]),
        Multinomial([0.25, 0.0, 0.75], trials=3),
    ],
)
def test_rows_of_several_columns_have_the_mean(distribution):
    rows, share = distribution.expected_rows()
    np.testing.assert_allclose(share @ rows, distribution.mean, rtol=1e-14, atol=1e-15)
    assert np.all(distribution.support.holds(rows))
    if isinstance(distribution, MultivariateNormal):
        centred = rows - distribution.mean
        np.testing.assert_allclose((centred.T * share) @ centred, distribution.cov, rtol=1e-14, atol=1e-15)


def test_a_distribution_that_no_doubles_can_stand_for_is_named():
    with pytest.raises(InvalidParameterError, match=r"Gamma.* cannot stand for rows: 0.0007 of its probability"):
        Gamma(0.01, 2.0).expected_rows()
