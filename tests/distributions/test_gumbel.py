"""Gumbel, GumbelMin, Weibull and LogLogistic: what the law does not cover."""

import numpy as np
import pytest

from distributions import (
    DegenerateDataError,
    Exponential,
    Gumbel,
    GumbelMin,
    InvalidDataError,
    InvalidParameterError,
    Logistic,
    LogLogistic,
    Weibull,
)


def test_gumbel_min_is_the_mirror_of_gumbel(rng):
    x, w = rng.gumbel(3.0, 2.0, 200), rng.uniform(0.1, 2.0, 200)
    largest, smallest = Gumbel().fit(x, w), GumbelMin().fit(-x, w)
    assert smallest.loc == pytest.approx(-largest.loc, rel=1e-12)
    assert smallest.scale == pytest.approx(largest.scale, rel=1e-12)
    np.testing.assert_allclose(GumbelMin(-3.0, 2.0).log_pdf(-x), Gumbel(3.0, 2.0).log_pdf(x), rtol=1e-14)
    q = np.array([0.0, 1e-300, 0.2, 0.5, 1.0])
    np.testing.assert_allclose(GumbelMin(-3.0, 2.0).cdf(GumbelMin(-3.0, 2.0).ppf(q)), q, rtol=1e-12)


def test_the_log_of_a_weibull_value_has_a_gumbel_min_distribution(rng):
    x = 50.0 * rng.weibull(3.0, 300)
    weibull, gumbel = Weibull().fit(x), GumbelMin().fit(np.log(x))
    assert np.log(weibull.scale) == pytest.approx(gumbel.loc, rel=1e-10)
    assert 1.0 / weibull.shape == pytest.approx(gumbel.scale, rel=1e-10)


def test_the_log_of_a_log_logistic_value_has_a_logistic_distribution(rng):
    x = np.exp(rng.logistic(2.0, 0.3, 300))
    fitted, logistic = LogLogistic().fit(x), Logistic().fit(np.log(x))
    assert np.log(fitted.scale) == pytest.approx(logistic.loc, rel=1e-9)
    assert 1.0 / fitted.shape == pytest.approx(logistic.scale, rel=1e-9)


@pytest.mark.parametrize("shape", [0.05, 0.5, 3.0, 100.0, 1000.0])
def test_weibull_shapes_over_four_magnitudes_are_stationary(shape, rng):
    x = Weibull(shape, 7.0).sample(500, rng)
    fitted = Weibull().fit(x)
    z = fitted.shape * np.log(x / fitted.scale)
    assert np.mean(np.exp(z)) == pytest.approx(1.0, abs=1e-9)
    assert np.mean(z * np.expm1(z)) == pytest.approx(1.0, abs=1e-9)


def test_weibull_with_frozen_shape_has_the_closed_form_of_the_scale(rng):
    x, w = rng.weibull(2.0, 100), rng.uniform(0.1, 2.0, 100)
    fitted = Weibull(shape=3.0).freeze("shape").fit(x, w)
    assert fitted.scale == pytest.approx(np.average(x**3, weights=w) ** (1 / 3), rel=1e-12)
    exponential = Weibull(shape=1.0).freeze("shape").fit(x, w)
    assert exponential.scale == pytest.approx(1 / Exponential().fit(x, w).rate, rel=1e-12)


def test_a_start_far_from_the_data_ends_at_the_same_maximum(rng):
    x = rng.gumbel(0.0, 1.0, 100)
    wanted = Gumbel().fit(x)
    for start in (Gumbel(1e4, 1.0), Gumbel(-1e4, 1.0), Gumbel(0.0, 1e6), Gumbel(0.0, 1e-6), Gumbel(650.0, 1.0)):
        fitted = start.fit(x)
        assert (fitted.loc, fitted.scale) == pytest.approx((wanted.loc, wanted.scale), rel=1e-8)


@pytest.mark.parametrize("family", [Gumbel, GumbelMin, Weibull, LogLogistic])
def test_constant_data_have_no_maximum(family):
    with pytest.raises(DegenerateDataError, match="grows without bound in (scale|shape)"):
        family().fit([2.0, 2.0, 2.0])
    assert family(scale=1.0).freeze("scale").fit([2.0, 2.5, 3.0]).scale == 1.0


@pytest.mark.parametrize("family", [Weibull, LogLogistic])
def test_zero_is_outside(family):
    assert family(0.5, 1.0).log_pdf(0.0) == -np.inf
    with pytest.raises(InvalidDataError, match="first: row 1, 0"):
        family().fit([1.0, 0.0])


@pytest.mark.parametrize("family", [Weibull, LogLogistic])
def test_the_smallest_and_largest_doubles_have_a_density(family):
    edges = np.array([5e-324, 1e-300, 1e300, 1.7e308])
    assert np.isfinite(family(0.5, 1e-8).log_pdf(edges[:2])).all()
    assert np.isfinite(family(0.001, 1e8).log_pdf(edges)).all()


def test_moments_without_cancellation():
    # mpmath, 30 digits
    assert Weibull(1e6, 1.0).var == pytest.approx(1.6449297637827162e-12, rel=1e-14, abs=0.0)
    assert LogLogistic(1e6, 1.0).var == pytest.approx(3.2898681337202640e-12, rel=1e-14, abs=0.0)
    assert Weibull(1.0, 2.0).mean == pytest.approx(2.0, rel=1e-15)
    assert LogLogistic(2.0, 1.0).mean == pytest.approx(np.pi / 2, rel=1e-15)
    assert LogLogistic(1.0, 1.0).mean == LogLogistic(2.0, 1.0).var == np.inf


@pytest.mark.parametrize(("mean", "std"), [(3.0, 1e-5), (3.0, 0.5), (1e-8, 1e-8), (2.0, 100.0)])
def test_weibull_from_mean_std(mean, std):
    made = Weibull.from_mean_std(mean, std)
    assert (made.mean, made.std) == pytest.approx((mean, std), rel=1e-9)


@pytest.mark.parametrize("family", [Weibull, Gumbel, GumbelMin])
def test_impossible_moments_are_refused(family):
    with pytest.raises(InvalidParameterError, match="std"):
        family.from_mean_std(1.0, 0.0)
    with pytest.raises(InvalidParameterError, match="mean"):
        family.from_mean_std(np.nan, 1.0)
