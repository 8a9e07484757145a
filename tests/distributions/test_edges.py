"""Numbers near the ends of what doubles can hold: exact values or errors of ours, and never a warning of NumPy's."""

import warnings

import numpy as np
import pytest
from scipy.special import gammaln

from distributions import (
    Beta,
    BetaBinomial,
    Binomial,
    BurrXII,
    DirichletMultinomial,
    DiscreteUniform,
    Exponential,
    Gamma,
    GeneralizedExtremeValue,
    GeneralizedNormal,
    GeneralizedPareto,
    Geometric,
    Gumbel,
    GumbelMin,
    InvalidDataError,
    InvalidParameterError,
    InverseGamma,
    InverseGaussian,
    Laplace,
    Logistic,
    LogLogistic,
    LogNormal,
    LogSeries,
    Normal,
    Product,
    Scaled,
    SkewNormal,
    StudentT,
    Uniform,
    VonMises,
    Weibull,
    ZeroInflated,
)
from mixtures import MixtureModel

POINTS = np.array([-np.inf, -1e300, -1.0, -5e-324, 0.0, 5e-324, 1e-300, 0.5, 1.0, 2.0, 1e18, 1e300, np.inf])
PROBABILITIES = np.array([0.0, 1e-300, 1e-16, 0.5, 1.0 - 2.0**-53, 1.0])


@pytest.mark.parametrize(
    "d",
    [
        Beta(1e-3, 1e-3),
        BurrXII(2.0, 3.0, 1.5),
        BurrXII(0.1, 100.0, 1.0),
        GeneralizedNormal(0.0, 1.0, 1e3),
        Geometric(1.0),
        LogSeries(1.0 - 1e-6),
        LogSeries(1.0 - 1e-12),
        Weibull(1e-2, 1.0),
    ],
    ids=repr,
)
def test_nothing_warns_at_the_ends(d):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        below, quantiles = d.cdf(POINTS), d.ppf(PROBABILITIES)
        assert (below[0], below[-1]) == (0.0, 1.0)
        assert np.all(np.diff(below) >= 0.0)
        assert np.all(quantiles[1:] >= quantiles[:-1])
        assert not np.isnan(d.mean)
        assert d.var >= 0.0


@pytest.mark.parametrize("family", [Exponential, Gamma, Normal, Logistic, InverseGaussian, SkewNormal, Uniform])
@pytest.mark.parametrize("x", [[1e300, 2e300, 3e300], [1e308, 1.7e308]])
def test_numbers_whose_squares_overflow_are_named(family, x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidDataError, match=f"{family.__name__} .*overflow.* divide by 1e30[08]"):
            family().fit(x)


@pytest.mark.parametrize("family", [InverseGamma, InverseGaussian])
def test_constant_huge_numbers_are_an_error_of_ours(family):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidDataError):
            family().fit([1e300] * 3)


@pytest.mark.parametrize("family", [Exponential, Gamma, VonMises, InverseGamma])
def test_next_to_nothing_is_fitted_without_a_warning(family):
    x = np.array([1e-300, 2e-300, 4e-300])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if family is VonMises:
            with pytest.raises(InvalidDataError, match="no maximum"):
                family().fit(x)
        else:
            assert np.isfinite(family().fit(x).log_likelihood(x))


def test_inverse_gamma_has_a_density_up_to_the_largest_double():
    x = np.array([1e289, 1e291, np.finfo(float).max])
    np.testing.assert_allclose(InverseGamma(1e-3, 1.0).log_pdf(x), -1.001 * np.log(x) - gammaln(1e-3), rtol=1e-14)


def test_one_count_beyond_the_whole_doubles_has_mass_one():
    assert DiscreteUniform(2.0**60, 2.0**60).log_pdf(2.0**60) == 0.0


def test_a_mixture_of_generalized_normals_starts_on_few_rows(rng, monkeypatch):
    seen, fit_bounded = [], GeneralizedNormal.fit_bounded

    def watched(self, rows, weight, scale, floor, iterations=None):
        seen.append(len(rows))
        return fit_bounded(self, rows, weight, scale, floor, iterations)

    monkeypatch.setattr(GeneralizedNormal, "fit_bounded", watched)
    x = np.concatenate([rng.normal(0.0, 1.0, 1000), rng.normal(8.0, 2.0, 1000)])
    assert MixtureModel([GeneralizedNormal()] * 2).fit(x).converged_
    assert sum(n < 1000 for n in seen) > sum(n >= 1000 for n in seen) > 0


@pytest.mark.parametrize(
    "make",
    [
        Gamma.from_mean_std,
        Gumbel.from_mean_std,
        GumbelMin.from_mean_std,
        LogNormal.from_mean_std,
        Weibull.from_mean_std,
        lambda mean, std: StudentT.from_mean_std(5.0, mean, std),
        lambda mean, std: GeneralizedNormal.from_mean_std(mean, std, 2.0),
        lambda mean, std: SkewNormal.from_moments(mean, std, 0.5),
    ],
)
@pytest.mark.parametrize("mean, std", [("x", 1.0), (1.0, "x"), (np.nan, 1.0), (1.0, 0.0), (np.inf, 1.0), (1.0, None)])
def test_named_constructors_refuse_what_is_no_mean_or_deviation(make, mean, std):
    with pytest.raises(InvalidParameterError):
        make(mean, std)


@pytest.mark.parametrize("family", [Binomial, BetaBinomial])
def test_successes_without_trials_are_told_what_is_missing(family):
    for fit in (family().fit, MixtureModel([family(), family()]).fit):
        with pytest.raises(InvalidDataError, match=rf"{family.__name__}\(trials=...\)"):
            fit([1, 2, 3])


def test_one_column_of_multinomial_counts_is_an_error_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidParameterError, match="at least 2 entries"):
            DirichletMultinomial().fit(np.array([[1.0], [2.0], [3.0]]))


def test_a_density_beyond_all_doubles_is_infinite_without_a_word():
    d = LogLogistic(1e-3, 0.01)
    assert d.pdf([5e-324]) == np.inf
    assert np.isfinite(d.log_pdf([5e-324])).all()


@pytest.mark.parametrize("family", [Normal, Laplace, Gumbel, GumbelMin, Logistic])
def test_a_variance_beyond_all_doubles_is_infinite_without_a_word(family):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert family(0.0, 1e300).var == np.inf
        assert family(0.0, 1e-300).var == 0.0
        assert LogLogistic(3.0, 1e300).var == np.inf
        assert LogLogistic(1e300, 5.0).var == 0.0
        assert LogLogistic(1e8, 2.0).var == pytest.approx((2e-8 * np.pi) ** 2 / 3.0, rel=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda scale: GeneralizedExtremeValue(0.0, scale, 0.0),
        lambda scale: GeneralizedExtremeValue(0.0, scale, 0.2),
        lambda scale: GeneralizedNormal(0.0, scale, 1.5),
        lambda scale: GeneralizedPareto(scale, 0.2),
        lambda scale: Scaled(Exponential(1.0), scale),
        lambda scale: SkewNormal(0.0, scale, 2.0),
        lambda scale: StudentT(5.0, 0.0, scale),
        lambda scale: ZeroInflated(Exponential(1.0 / scale), 0.5),
    ],
)
def test_so_is_that_of_every_family_with_a_scale(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make(1e300).var == make(1e200).var == np.inf
        assert make(1e-200).var == 0.0
        assert make(1e100).var == pytest.approx(make(1.0).var * 1e200, rel=1e-12)


def test_a_gap_of_all_doubles_between_quartiles_is_a_heavy_tail():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert GeneralizedExtremeValue().first_guess(np.array([[-1e-310], [1e-200], [1e200]])).scale > 0.0


def test_large_weights_of_large_numbers_do_not_overflow():
    for family in (BurrXII(), LogNormal(), LogLogistic(), Weibull(), Laplace()):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            warnings.simplefilter("ignore", UserWarning)
            assert np.isfinite(MixtureModel([family], max_iter=50).fit([[1e300]], sample_weight=[1e12]).log_likelihood_)


def test_a_whole_number_beyond_all_doubles_is_refused_by_products_too():
    with pytest.raises(InvalidDataError, match="too large"):
        MixtureModel([Product([Normal(), Normal()])]).fit(np.array([10**400], dtype=object))
