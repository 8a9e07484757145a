"""Logarithms of ratios, compiled and in NumPy, against mpmath."""

import mpmath
import numpy as np
import pytest

from distributions import Weibull
from distributions.log_scale import log_ratio, logs_of_ratios


@pytest.mark.parametrize("scale", [1.0, 3.0, 1e-8, 7e8, 1e-90, 1e90])
def test_log_of_a_ratio_is_exact_near_one_and_at_both_ends(scale, rng):
    near = scale * (1.0 + rng.choice([-1, 1], 300) * 2.0 ** rng.uniform(-50, -1, 300))
    far = 10.0 ** rng.uniform(-323, 308, 300)
    x = np.concatenate([near, far, [5e-324, 1.7e308, scale]])
    with mpmath.workdps(50):
        exact = np.array([float(mpmath.log(mpmath.mpf(float(value)) / mpmath.mpf(scale))) for value in x])
    compiled = np.array([log_ratio(float(value), scale, 1.0 / scale) for value in x])
    np.testing.assert_allclose(compiled, exact, rtol=9e-16)
    # Two logarithms are subtracted where the ratio underflows only.
    np.testing.assert_allclose(logs_of_ratios(x, scale)[:300], exact[:300], rtol=9e-16)
    ordinary = (np.abs(exact) < 700) | (x == scale)
    np.testing.assert_allclose(logs_of_ratios(x, scale)[ordinary], exact[ordinary], rtol=1e-15)


def test_ends_of_the_half_line():
    np.testing.assert_array_equal(logs_of_ratios([-1.0, 0.0, np.inf], 2.0), [-np.inf, -np.inf, np.inf])
    assert np.isnan(logs_of_ratios(np.nan, 2.0))
    assert log_ratio(np.inf, 2.0, 0.5) == np.inf
    assert np.isnan(log_ratio(np.nan, 2.0, 0.5))


@pytest.mark.parametrize("x", [np.full(10, 1e-5), np.geomspace(1e-300, 1e300, 10)])
def test_a_start_is_finite_beside_a_scale_of_any_size(x):
    rows, scale = x[:, np.newaxis], np.array([1e24])
    start = Weibull().first_guess(rows, None, 1e-3 * scale)
    assert np.isfinite(start.log_likelihood(x))
    assert start.shape > 1e-3
    assert np.isfinite(Weibull().fit_bounded(rows, None, scale, 1e-3)[0].log_likelihood(x))
