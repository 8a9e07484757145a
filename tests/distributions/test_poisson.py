"""The Poisson distribution at its edges; what holds for every family is in the law."""

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats

from distributions import InvalidDataError, Poisson

INF, NAN = np.inf, np.nan


def test_at_rate_zero_all_mass_lies_on_zero():
    nothing = Poisson(0.0)
    np.testing.assert_array_equal(nothing.log_pdf([0.0, 1.0, 7.0, -1.0]), [0.0, -INF, -INF, -INF])
    np.testing.assert_array_equal(nothing.cdf([-1.0, 0.0, 5.0]), [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(nothing.ppf([0.0, 0.5, 1.0, 1.5]), [0.0, 0.0, 0.0, NAN])
    np.testing.assert_array_equal(nothing.sample(5, rng=0), np.zeros(5))
    assert nothing.mean == nothing.var == 0.0


def test_all_zero_counts_fit_rate_zero():
    assert Poisson().fit([0, 0, 0]) == Poisson(0.0)
    assert Poisson().fit([0, 0, 0]).log_likelihood([0, 0]) == 0.0


def test_only_counts_have_mass():
    np.testing.assert_array_equal(Poisson(3.0).log_pdf([0.5, -1.0, INF, -INF, NAN]), [-INF, -INF, -INF, -INF, NAN])
    assert Poisson(3.0).log_pdf(-0.0) == -3.0
    np.testing.assert_array_equal(Poisson(3.0).cdf([-0.5, INF, -INF, NAN]), [0.0, 1.0, 0.0, NAN])
    with pytest.raises(InvalidDataError, match=r"Poisson needs x to be a whole number >= 0; 1 of 2 rows"):
        Poisson().fit([1.0, 1.5])


@pytest.mark.parametrize("rate", [1e-8, 0.4, 30.0, 255.0, 1e4, 1e9, 1e15])
def test_masses_are_exact_around_the_mean_and_far_from_it(rate):
    x = np.unique(np.floor(rate + np.sqrt(rate) * np.linspace(-6, 6, 25)).clip(0))
    x = np.concatenate([x, [x[-1] + 1e3, x[-1] * 10 + 300.0]])
    with mpmath.workdps(60):
        exact = [float(k * mpmath.log(rate) - rate - mpmath.loggamma(k + 1)) for k in map(mpmath.mpf, x.tolist())]
    np.testing.assert_allclose(Poisson(rate).log_pdf(x), exact, rtol=3e-15)


def test_counts_too_large_for_whole_doubles_are_finite():
    assert np.all(np.isfinite(Poisson(3.0).log_pdf([2.0**53, 1e18, 1e300])))


@pytest.mark.parametrize("rate", [1e-8, 0.4, 30.0, 1e4])
def test_quantiles_are_the_smallest_counts(rate):
    q = np.array([1e-9, 0.05, 0.5, 0.9, 1 - 1e-9])
    np.testing.assert_array_equal(Poisson(rate).ppf(q), scipy.stats.poisson(rate).ppf(q))
    counts = scipy.stats.poisson(rate).ppf(q[1:-1])
    np.testing.assert_array_equal(Poisson(rate).ppf(Poisson(rate).cdf(counts)), counts)


@pytest.mark.parametrize("rate", [1e9, 1e13])
def test_quantiles_of_large_rates_have_both_tails(rate):
    # Cornish-Fisher: at such rates its third term is the last that counts.
    q = np.array([1e-12, 1e-9, 0.3, 0.9, 1 - 1e-9])
    z = scipy.special.ndtri(q)
    wanted = rate + np.sqrt(rate) * z + (z**2 - 1) / 6 - (z**3 - z) / 72 / np.sqrt(rate)
    np.testing.assert_allclose(Poisson(rate).ppf(q), np.ceil(wanted - 0.5), atol=1.0 + 1e-9 * np.sqrt(rate))


def test_quantiles_end_at_the_support():
    np.testing.assert_array_equal(Poisson(3.0).ppf([0.0, 1.0, -0.1, 1.1, NAN]), [0.0, INF, NAN, NAN, NAN])


@pytest.mark.parametrize("value", [Poisson(2.0).ppf(0.5), Poisson(2.0).cdf(1.0), Poisson(0.0).ppf(0.5)])
def test_a_number_gives_a_number(value):
    assert isinstance(value, float)
