"""The inverse Gaussian distribution at its edges; what holds for every family is in the law."""

import mpmath
import numpy as np
import pytest

from distributions import DegenerateDataError, InverseGaussian

INF, NAN = np.inf, np.nan


def test_the_support_is_open_at_zero():
    d = InverseGaussian(2.0, 3.0)
    np.testing.assert_array_equal(d.log_pdf([0.0, -1.0, -INF, INF, NAN]), [-INF, -INF, -INF, -INF, NAN])
    np.testing.assert_array_equal(d.cdf([-1.0, 0.0, INF, NAN]), [0.0, 0.0, 1.0, NAN])
    np.testing.assert_array_equal(d.ppf([0.0, 1.0, -0.1, 1.1, NAN]), [0.0, INF, NAN, NAN, NAN])


@pytest.mark.parametrize("d", [InverseGaussian(1.0, 1.0), InverseGaussian(3.0, 1e6), InverseGaussian(1.0, 1e-4)])
def test_probabilities_are_exact_in_the_lower_tail(d):
    with mpmath.workdps(60):
        for x in d.mean * np.array([1e-3, 0.3, 0.99, 1.0, 1.5]):
            m, shape, y = mpmath.mpf(d.mean), mpmath.mpf(d.shape), mpmath.mpf(float(x))
            root = mpmath.sqrt(shape / y)
            exact = mpmath.ncdf(root * (y / m - 1)) + mpmath.exp(2 * shape / m) * mpmath.ncdf(-root * (y / m + 1))
            if exact > 1e-300:
                assert d.cdf(x) == pytest.approx(float(exact), rel=1e-10)


def test_with_the_mean_frozen_the_shape_is_that_about_it():
    x, weight = np.array([1.0, 2.0, 6.0]), np.array([1.0, 3.0, 0.5])
    fitted = InverseGaussian(mean=4.0).freeze("mean").fit(x, weight)
    assert 1.0 / fitted.shape == pytest.approx(np.average((x - 4.0) ** 2 / (16.0 * x), weights=weight), rel=1e-14)


def test_a_narrow_distribution_far_from_zero_is_exact():
    x = 2.0**20 + np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    assert InverseGaussian().fit(x).shape == pytest.approx(2.0**60 / 4.0, rel=1e-5)


def test_constant_data_have_no_maximum():
    for x in ([3.7], [0.1] * 3, [1e8 / 3] * 7):
        with pytest.raises(DegenerateDataError, match="grows without bound in shape"):
            InverseGaussian().fit(x)


def test_wide_and_narrow_samples_have_the_right_mean():
    for d in (InverseGaussian(5.0, 5e8), InverseGaussian(1.0, 0.3)):
        x = d.sample(100_000, rng=0)
        assert x.min() > 0.0
        assert x.mean() == pytest.approx(d.mean, abs=5.0 * d.std / np.sqrt(len(x)))
