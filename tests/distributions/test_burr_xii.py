"""BurrXII, Kumaraswamy and HalfCauchy: what the law does not cover."""

import mpmath
import numpy as np
import pytest

from distributions import BurrXII, DegenerateDataError, HalfCauchy, InvalidDataError, Kumaraswamy, LogLogistic, Weibull


def test_burr_with_tail_one_is_log_logistic(rng):
    x, w = LogLogistic(3.0, 20.0).sample(300, rng), rng.uniform(0.1, 2.0, 300)
    np.testing.assert_allclose(BurrXII(3.0, 1.0, 20.0).log_pdf(x), LogLogistic(3.0, 20.0).log_pdf(x), rtol=1e-13)
    held, wanted = BurrXII(tail=1.0).freeze("tail").fit(x, w), LogLogistic().fit(x, w)
    assert (held.shape, held.scale) == pytest.approx((wanted.shape, wanted.scale), rel=1e-8)


def test_burr_fitted_to_lighter_tails_ends_at_weibull(rng):
    x = 5.0 * np.sqrt(rng.beta(1.0, 8.0, 400))  # bounded above
    burr, weibull = BurrXII().fit(x), Weibull().fit(x)
    assert burr.tail > 1e6
    assert burr.log_likelihood(x) == pytest.approx(weibull.log_likelihood(x), abs=1e-4)
    assert burr.scale * burr.tail ** (-1.0 / burr.shape) == pytest.approx(weibull.scale, rel=1e-4)


@pytest.mark.parametrize("start", [(0.1, 1.0, 1.0), (50.0, 1.0, 1.0), (2.0, 1e3, 100.0), (2.0, 1e-3, 0.01)])
def test_burr_reaches_its_maximum_from_far_away(start, rng):
    x = BurrXII(3.0, 0.7, 4.0).sample(400, rng)
    wanted = BurrXII().fit(x)
    assert BurrXII(*start).fit(x).log_likelihood(x) == pytest.approx(wanted.log_likelihood(x), rel=1e-9)


def _moments(raw):
    with mpmath.workdps(60):
        first, second = raw(1), raw(2)
        return float(first), float(second - first**2)


@pytest.mark.parametrize(("k", "d"), [(2.0, 3.0), (1e4, 0.5), (3.0, 1e9), (500.0, 0.01), (1.7, 1.3)])
def test_burr_moments_do_not_cancel(k, d):
    mean, var = _moments(
        lambda p: mpmath.mpf(d) * mpmath.beta(mpmath.mpf(d) - p / mpmath.mpf(k), 1 + p / mpmath.mpf(k))
    )
    made = BurrXII(k, d, 1.0)
    assert (made.mean, made.var) == (pytest.approx(mean, rel=1e-11), pytest.approx(var, rel=1e-9, abs=0.0))


@pytest.mark.parametrize(("a", "b"), [(2.0, 3.0), (1e4, 0.5), (3.0, 1e9), (30.0, 1e60), (1.0, 1e-3)])
def test_kumaraswamy_moments_do_not_cancel(a, b):
    mean, var = _moments(lambda p: mpmath.mpf(b) * mpmath.beta(1 + p / mpmath.mpf(a), mpmath.mpf(b)))
    made = Kumaraswamy(a, b)
    assert (made.mean, made.var) == (pytest.approx(mean, rel=1e-11), pytest.approx(var, rel=1e-9, abs=0.0))


def test_kumaraswamy_with_frozen_a_has_the_closed_form_of_b(rng):
    x, w = rng.beta(2.0, 3.0, 200), rng.uniform(0.1, 2.0, 200)
    fitted = Kumaraswamy(a=1.7).freeze("a").fit(x, w)
    assert fitted.b == pytest.approx(-1.0 / np.average(np.log1p(-(x**1.7)), weights=w), rel=1e-12)


@pytest.mark.parametrize("start", [(1e-3, 1.0), (50.0, 1.0), (1.0, 1e50), (300.0, 1e-5)])
def test_kumaraswamy_reaches_its_maximum_from_far_away(start, rng):
    x = Kumaraswamy(6.0, 1e5).sample(300, rng)
    wanted = Kumaraswamy().fit(x)
    fitted = Kumaraswamy(*start).fit(x)
    assert (fitted.a, fitted.b) == pytest.approx((wanted.a, wanted.b), rel=1e-6)


def test_kumaraswamy_lies_between_its_open_ends():
    assert Kumaraswamy(1.0, 1.0).log_pdf([0.0, 1.0]).tolist() == [-np.inf, -np.inf]
    with pytest.raises(InvalidDataError, match="first: row 1, 1"):
        Kumaraswamy().fit([0.5, 1.0])


@pytest.mark.parametrize("family", [Kumaraswamy, BurrXII])
def test_constant_data_have_no_maximum(family):
    with pytest.raises(DegenerateDataError, match="no maximum"):
        family().fit([0.5] * 5)


def test_half_cauchy_of_zeros():
    with pytest.raises(DegenerateDataError, match="in scale"):
        HalfCauchy().fit([0.0, 0.0, 0.0, 1.0])
    assert HalfCauchy().fit([2.0] * 5).scale == pytest.approx(2.0, rel=1e-12)
    assert HalfCauchy().fit([0.0, 1.0, 2.0]).scale > 0.0


def test_half_cauchy_has_a_density_at_the_largest_doubles():
    x = np.array([1e8, 1e9, 1e200, 1.7e308])
    with mpmath.workdps(40):
        exact = [float(mpmath.log(2 / mpmath.pi) - mpmath.log1p(mpmath.mpf(float(v)) ** 2)) for v in x]
    np.testing.assert_allclose(HalfCauchy(1.0).log_pdf(x), exact, rtol=1e-15)
    assert HalfCauchy(1.0).ppf(1.0) == np.inf
