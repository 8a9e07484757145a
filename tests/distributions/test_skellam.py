"""The Skellam distribution at its edges; what holds for every family is in the law."""

import mpmath
import numpy as np
import pytest

from distributions import Poisson, Skellam

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(("rate1", "rate2"), [(3e3, 4e3), (3e5, 1e-3), (196.0, 0.999), (13.9, 14.1)])
def test_masses_are_exact(rate1, rate2):
    d = Skellam(rate1, rate2)
    x = np.unique(np.round(d.mean + d.std * np.linspace(-7, 7, 9)))
    with mpmath.workdps(50):
        one, two = mpmath.mpf(rate1), mpmath.mpf(rate2)
        z = 2 * mpmath.sqrt(one * two)
        exact = [
            float(-one - two + k / 2 * mpmath.log(one / two) + mpmath.log(mpmath.besseli(abs(k), z, maxterms=10**7)))
            for k in map(mpmath.mpf, x.tolist())
        ]
    np.testing.assert_allclose(d.log_pdf(x), exact, rtol=1e-13)


def test_a_rate_that_vanishes_leaves_poisson():
    x = np.arange(0.0, 40.0)
    np.testing.assert_allclose(Skellam(12.0, 1e-300).log_pdf(x), Poisson(12.0).log_pdf(x), rtol=1e-13)
    np.testing.assert_allclose(Skellam(1e-300, 12.0).log_pdf(-x), Poisson(12.0).log_pdf(x), rtol=1e-13)


@pytest.mark.parametrize("x", [[5, 5, 5], [0, 0], [-3], [4, 5, 6]])
def test_data_that_vary_too_little_are_poisson(x):
    fitted, sign = Skellam().fit(x), np.sign(np.mean(x)) or 1.0
    assert fitted.mean == pytest.approx(np.mean(x), abs=1e-6)
    limit = Poisson().fit(sign * np.asarray(x)).log_likelihood(sign * np.asarray(x))
    assert fitted.log_likelihood(x) == pytest.approx(limit, abs=1e-8)


def test_only_whole_numbers_have_mass():
    np.testing.assert_array_equal(Skellam(2.0, 3.0).log_pdf([0.5, INF, -INF, NAN]), [-INF, -INF, -INF, NAN])


@pytest.mark.parametrize(("rate1", "rate2"), [(5e6, 7e6), (2e7, 3.0)])
def test_the_two_ways_to_a_cdf_agree(rate1, rate2):
    d = Skellam(rate1, rate2)
    x = np.floor(d.mean + d.std * np.array([-8.0, -3.0, 0.0, 1.0, 5.0]))
    width = 20 * d.std
    masses = d.pdf(np.arange(np.floor(d.mean - width), x[-1] + 1.0))
    wanted = np.cumsum(masses)[(x - np.floor(d.mean - width)).astype(int)]
    np.testing.assert_allclose(d.cdf(x), wanted, rtol=1e-9, atol=1e-15)


def test_a_large_difference_of_large_counts():
    x = Skellam(3e8, 2e8).sample(20_000, rng=0)
    fitted = Skellam().fit(x)
    assert fitted.mean == pytest.approx(x.mean(), rel=1e-9)
    assert fitted.var == pytest.approx(x.var(), rel=1e-3)
