"""The skew normal distribution: both signs of the shape, its ends, its tails."""

import mpmath
import numpy as np
import pytest

from distributions import DegenerateDataError, InvalidParameterError, Normal, SkewNormal


def test_shape_zero_is_the_normal(rng):
    x = rng.normal(3.0, 2.0, 100)
    np.testing.assert_allclose(SkewNormal(1.0, 2.0, 0.0).log_pdf(x), Normal(1.0, 2.0).log_pdf(x), rtol=1e-14)
    fitted = SkewNormal(shape=0.0).freeze("shape").fit(x)
    np.testing.assert_allclose([fitted.loc, fitted.scale], [x.mean(), x.std()], rtol=1e-8)


@pytest.mark.parametrize("shape", [-3.0, 3.0])
def test_a_start_of_the_wrong_sign_is_left(shape):
    x = SkewNormal(1.0, 2.0, shape).sample(300, rng=0)
    wanted = SkewNormal().fit(x)
    np.testing.assert_allclose(SkewNormal(1.0, 2.0, -shape).fit(x).shape, wanted.shape, rtol=1e-6)
    assert wanted.shape * shape > 0


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_rows_of_a_half_normal_end_at_the_limit(rng, sign):
    x = 5.0 + sign * np.abs(rng.normal(size=60))
    fitted = SkewNormal().fit(x)
    assert fitted.shape == sign * 1e4
    edge = x.min() if sign > 0 else x.max()
    assert fitted.loc == pytest.approx(edge, abs=2e-3)


def test_equal_rows_have_no_maximum():
    for x in ([3.0], [3.0, 3.0, 3.0]):
        with pytest.raises(DegenerateDataError, match="scale"):
            SkewNormal().fit(x)


@pytest.mark.parametrize("shape", [-4.0, 0.3, 1.0, 4.0, 50.0])
def test_the_distribution_function_keeps_its_digits_in_both_tails(shape):
    z = np.array([-10.0, -6.0, -3.0, -1.0, -0.3, -0.05, 0.0, 1.0, 3.0])
    wanted = []
    with mpmath.workdps(30):
        for v in z:
            decay = 1.0 + abs(v) * (1.0 + max(shape, 0.0) ** 2)  # pieces that the density falls in by a few powers
            ends = [v - min(piece / decay, 15.0 * (1.0 + abs(v))) for piece in (100.0, 30.0, 10.0, 3.0, 1.0, 0.0)]
            ends = [-20.0, -3.0, -1.0, -0.1, 0.0, 0.01, 0.1, v] if v > 0 else ends
            ends = ends if v < 0 or v > 0 else [-20.0, -3.0, -1.0, -0.3, -0.1, -0.03, -0.01, 0.0]
            unit = mpmath.npdf(v) * mpmath.ncdf(shape * v)  # errors of the quadrature are absolute
            total = mpmath.quad(lambda t, unit=unit: mpmath.npdf(t) * mpmath.ncdf(shape * t) / unit, ends)
            wanted.append(float(2 * total * unit))
    found = SkewNormal(0.0, 1.0, shape).cdf(z)
    kept = np.array(wanted) > 1e-300
    np.testing.assert_allclose(found[kept], np.array(wanted)[kept], rtol=1e-10)


def test_moments_name_one():
    made = SkewNormal.from_moments(-2.0, std=3.0, skewness=-0.7)
    np.testing.assert_allclose([made.mean, made.std], [-2.0, 3.0])
    z = (made.sample(400_000, rng=1) + 2.0) / 3.0
    assert np.mean(z**3) == pytest.approx(-0.7, abs=0.03)
    with pytest.raises(InvalidParameterError, match="skewness must lie within 0.9953"):
        SkewNormal.from_moments(0.0, 1.0, skewness=1.0)
