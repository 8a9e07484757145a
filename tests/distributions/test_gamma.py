"""Gamma, inverse gamma and chi-square at their edges; what holds for every family is in the law."""

import mpmath
import numpy as np
import pytest
from scipy.special import digamma

from distributions import ChiSquare, DegenerateDataError, Gamma, InvalidParameterError, InverseGamma
from distributions.gamma import accumulate, inverse_digamma, is_moderate, log_pdf, shape_of_spread
from distributions.gamma_functions import log_minus_digamma

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize("d", [Gamma(0.5, 2.0), InverseGamma(2.0, 3.0), ChiSquare(1.0)])
def test_the_support_is_open_at_zero(d):
    np.testing.assert_array_equal(d.log_pdf([0.0, -1.0, -INF, INF, NAN]), [-INF, -INF, -INF, -INF, NAN])
    np.testing.assert_array_equal(d.cdf([-1.0, 0.0, INF, NAN]), [0.0, 0.0, 1.0, NAN])
    np.testing.assert_array_equal(d.ppf([0.0, 1.0, -0.1, 1.1, NAN]), [0.0, INF, NAN, NAN, NAN])


@pytest.mark.parametrize("shape", 10.0 ** np.arange(-8, 17, 4))
def test_equations_for_the_shape_are_solved_at_any_size(shape):
    assert shape_of_spread(log_minus_digamma(shape)) == pytest.approx(shape, rel=1e-13)
    assert inverse_digamma(digamma(shape)) == pytest.approx(shape, rel=1e-13)


@pytest.mark.parametrize("family", [Gamma, InverseGamma])
def test_constant_data_have_no_maximum(family):
    for x in ([3.7], [0.1, 0.1, 0.1], [1e8 / 3] * 7):
        with pytest.raises(DegenerateDataError, match="grows without bound in shape"):
            family().fit(x)
    assert ChiSquare().fit([3.7]).df == pytest.approx(2.0 * inverse_digamma(np.log(3.7 / 2)), rel=1e-12)


def test_a_narrow_distribution_far_from_zero_is_exact():
    x = 2.0**27 + np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    # For a small relative spread e, 1 / shape = e^2 (1 + O(e^2)): the variance is 4.
    assert Gamma().fit(x).shape == pytest.approx(2.0**54 / 4.0, rel=1e-7)
    assert InverseGamma().fit(x).shape == pytest.approx(2.0**54 / 4.0, rel=1e-7)


@pytest.mark.parametrize("family", [Gamma, InverseGamma])
def test_inside_a_box_the_maximum_of_the_box_is_found(family):
    x = Gamma(3.0, 0.5).sample(50, rng=0)
    for shape, rate in ([2.0, None], [None, 0.2], [None, 30.0]):
        start = family(shape, rate)
        best = start.freeze("shape" if rate is None else start.declared[1].name).fit(x)
        for factor in (0.999, 1.001):
            free = "rate" if rate is None and family is Gamma else "scale" if rate is None else "shape"
            moved = best.with_values(**{free: getattr(best, free) * factor})
            assert moved.log_likelihood(x) < best.log_likelihood(x)


def test_other_parameters_make_the_same_distribution():
    d = Gamma.from_mean_std(6.0, 0.5)
    assert (d.mean, d.std) == pytest.approx((6.0, 0.5), rel=1e-14)
    assert Gamma.from_shape_scale(3.0, 4.0) == Gamma(3.0, 0.25)
    for bad in (lambda: Gamma.from_mean_std(-1.0, 2.0), lambda: Gamma.from_mean_std(1.0, 0.0)):
        with pytest.raises(InvalidParameterError, match="Gamma: (mean|std) must be a finite number > 0"):
            bad()
    with pytest.raises(InvalidParameterError, match="Gamma: scale must be"):
        Gamma.from_shape_scale(1.0, INF)


def test_moments_that_do_not_exist_are_infinite():
    assert InverseGamma(1.0, 2.0).mean == INF
    assert (InverseGamma(1.5, 2.0).mean, InverseGamma(1.5, 2.0).var) == (4.0, INF)


def test_chi_square_is_a_gamma_of_half_its_degrees_of_freedom():
    x = np.array([1e-300, 0.1, 3.0, 80.0])
    np.testing.assert_allclose(ChiSquare(5.0).log_pdf(x), Gamma(2.5, 0.5).log_pdf(x), rtol=1e-14)


def test_shapes_near_zero_draw_positive_numbers():
    assert Gamma(1e-3, 1.0).sample(1000, rng=0).min() == np.finfo(float).tiny
    assert InverseGamma(1e-3, 1.0).sample(1000, rng=0).max() == np.finfo(float).max


@pytest.mark.parametrize("weight", [1e-20, 1e-100, 1.35e-161, 1e-300])
def test_rows_of_almost_no_weight_beside_one_of_all_of_it_leave_the_shape_at_its_bound(weight):
    fitted, held = Gamma().fit_bounded(np.array([[1.1], [1.2]]), np.array([3.0, weight]), np.array([0.4]), 1e-10)
    assert held == ("shape",)
    assert fitted.shape / fitted.rate == pytest.approx(1.1, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-250, 1e-8, 1.0, 1e8, 1e250])
@pytest.mark.parametrize("shape", [1e-3, 0.5, 4.0, 80.0, 1000.0])
def test_one_logarithm_of_moderate_rows_serves_as_well_as_the_deviance(shape, scale, rng):
    theta, n = np.array([shape, 1.0 / scale]), 500
    x = np.append(np.maximum(Gamma(shape, 1.0).sample(n, rng=rng), 1e-20) * scale, -1.0)
    r = np.append(rng.random(n), 0.0)  # the last row is outside the support: with it all rows are taken with care
    found = {}
    for rows, weight in ((x, r), (x[:n], r[:n])):
        X, out, stats = rows[np.newaxis], np.zeros(rows.size), np.zeros(3)
        log_pdf(X, theta, out)
        accumulate(X, weight, theta, stats)
        found[bool(is_moderate(X, shape, shape * scale))] = out[:n], stats
    np.testing.assert_allclose(found[True][0], found[False][0], rtol=2e-14, atol=1e-13)
    np.testing.assert_allclose(found[True][1][[0, 2]], found[False][1][[0, 2]], rtol=1e-13)
    assert found[True][1][1] == pytest.approx(found[False][1][1], abs=1e-14 * n)
    with mpmath.workdps(50):
        a, u = mpmath.mpf(shape), [mpmath.mpf(float(v)) * mpmath.mpf(float(theta[1])) for v in x[:n]]
        constant = mpmath.log(mpmath.mpf(float(theta[1]))) - mpmath.loggamma(a)
        exact = [float(constant + (a - 1) * mpmath.log(v) - v) for v in u]
    np.testing.assert_allclose(found[True][0], exact, rtol=2e-14, atol=1e-13)
