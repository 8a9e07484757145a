"""The zeta distribution: its sums, tails and edges; what holds for every family is in the law."""

import math

import mpmath
import numpy as np
import pytest

from distributions import Zeta
from distributions.zeta import zeta_sums

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize("s", [1.0 + 1e-9, 1.001, 1.5, 2.0, 3.0, 8.0, 20.0, 45.0, 64.0, 300.0])
def test_sums_are_those_of_the_zeta_function(s):
    with mpmath.workdps(130):
        exact = mpmath.zeta(s) - 1, -mpmath.zeta(s, derivative=1), mpmath.zeta(s, derivative=2)
        for got, wanted in zip(zeta_sums(s), exact, strict=True):
            assert abs(got - wanted) <= 2e-14 * wanted


def test_moments_that_do_not_exist_are_infinite():
    assert (Zeta(2.0).mean, Zeta(2.0).var) == (INF, INF)
    assert Zeta(2.5).mean < INF == Zeta(3.0).var
    assert Zeta(4.0).mean == pytest.approx(float(mpmath.zeta(3) / mpmath.zeta(4)), rel=1e-14)


def test_ones_only_have_an_estimate():
    fitted = Zeta().fit([1, 1, 1])
    assert fitted == Zeta(64.0)
    assert fitted.log_likelihood([1, 1]) == pytest.approx(0.0, abs=1e-18)


@pytest.mark.parametrize("exponent", [1.06, 1.5, 3.0, 10.0])
def test_both_tails_of_the_cdf(exponent):
    z = float(mpmath.zeta(exponent))
    x = np.array([1.0, 2.0, 10.0])
    wanted = [math.fsum(k**-exponent for k in range(1, int(v) + 1)) / z for v in x]
    np.testing.assert_allclose(Zeta(exponent).cdf(x), wanted, rtol=1e-13)
    q = np.array([0.1, 0.5, 0.9, 0.99])
    found = Zeta(exponent).ppf(q)
    assert np.all(Zeta(exponent).cdf(found) >= q)
    assert np.all(Zeta(exponent).cdf(np.minimum(found - 1.0, np.nextafter(found, 0.0))) < q)


def test_only_whole_numbers_from_one_have_mass():
    np.testing.assert_array_equal(Zeta(2.0).log_pdf([0.0, -1.0, 1.5, INF, NAN]), [-INF, -INF, -INF, -INF, NAN])
    assert Zeta(2.0).log_pdf(1e300) == pytest.approx(-2.0 * math.log(1e300) - math.log(math.pi**2 / 6))
