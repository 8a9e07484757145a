"""GeneralizedExtremeValue and GeneralizedPareto: what the law does not cover."""

import mpmath
import numpy as np
import pytest

from distributions import (
    DegenerateDataError,
    Exponential,
    GeneralizedExtremeValue,
    GeneralizedPareto,
    Gumbel,
    InvalidDataError,
    InvalidParameterError,
)

SHAPES = [0.0, 1e-300, -1e-300, 1e-16, -1e-12, 1e-8, -3e-6, 1e-5, 1.1e-5, -1e-3, 0.049, 0.051]


@pytest.mark.parametrize("shape", SHAPES)
def test_densities_and_moments_are_exact_near_shape_zero(shape):
    x = np.array([-3.0, -1.0, -1e-3, 0.0, 1e-9, 0.5, 1.0, 4.0, 19.0])
    with mpmath.workdps(50):
        xi = mpmath.mpf(shape)
        t = [mpmath.log1p(xi * mpmath.mpf(v)) / xi if shape else mpmath.mpf(v) for v in x.tolist()]
        largest = [float(-(1 + xi) * s - mpmath.exp(-s)) for s in t]
        excess = [float(-(1 + xi) * s) for s in t]
        below = [float(mpmath.exp(-mpmath.exp(-s))) for s in t]
        mean = float((mpmath.gamma(1 - xi) - 1) / xi) if abs(shape) > 1e-20 else float(mpmath.euler)
        second = mpmath.gamma(1 - 2 * xi) - mpmath.gamma(1 - xi) ** 2
        var = float(second / xi**2) if abs(shape) > 1e-20 else float(mpmath.pi**2 / 6)
    d = GeneralizedExtremeValue(0.0, 1.0, shape)
    np.testing.assert_allclose(d.log_pdf(x), largest, rtol=2e-14)
    np.testing.assert_allclose(d.cdf(x), below, rtol=3e-14)
    np.testing.assert_allclose(d.ppf(d.cdf(x[:-1])), x[:-1], rtol=1e-12, atol=1e-15)
    assert (d.mean, d.var) == (pytest.approx(mean, rel=1e-13), pytest.approx(var, rel=1e-12))
    np.testing.assert_allclose(GeneralizedPareto(1.0, shape).log_pdf(x[3:]), excess[3:], rtol=1e-14)


def test_shape_zero_is_gumbel_and_exponential(rng):
    x, w = rng.gumbel(3.0, 2.0, 200), rng.uniform(0.1, 2.0, 200)
    held = GeneralizedExtremeValue(shape=0.0).freeze("shape").fit(x, w)
    gumbel = Gumbel().fit(x, w)
    assert (held.loc, held.scale) == pytest.approx((gumbel.loc, gumbel.scale), rel=1e-9)
    y = rng.exponential(3.0, 200)
    held = GeneralizedPareto(shape=0.0).freeze("shape").fit(y, w)
    assert held.scale == pytest.approx(1.0 / Exponential().fit(y, w).rate, rel=1e-9)


def test_excesses_of_a_generalised_pareto_over_a_higher_threshold_keep_the_shape():
    d, threshold = GeneralizedPareto(2.0, 0.3, loc=10.0), 15.0
    excess = GeneralizedPareto(2.0 + 0.3 * (threshold - 10.0), 0.3, loc=threshold)
    x = np.array([15.0, 20.0, 1e3])
    survival = np.exp(d.log_pdf(x)) / (1.0 - d.cdf(threshold))
    np.testing.assert_allclose(excess.pdf(x), survival, rtol=1e-13)


@pytest.mark.parametrize("shape", [-0.4, 0.4, 0.9])
@pytest.mark.parametrize(
    "known", [("shape",), ("loc", "shape"), ("scale", "shape"), ("loc",), ("scale",), ("loc", "scale")]
)
def test_every_start_covers_all_rows(shape, known, rng):
    d = GeneralizedExtremeValue(3.0, 2.0, shape)
    x = d.sample(500, rng)
    start = GeneralizedExtremeValue(**{name: getattr(d, name) for name in known})
    assert np.isfinite(start.first_guess(x[:, np.newaxis]).log_pdf(x)).all()
    fitted = start.freeze(*known).fit(x)
    assert fitted.log_likelihood(x) >= d.log_likelihood(x)


@pytest.mark.parametrize("family", [GeneralizedExtremeValue, GeneralizedPareto])
def test_a_fit_to_uniform_data_stays_above_shape_minus_one(family, rng):
    x = rng.uniform(0.0, 1.0, 2000)
    fitted = family().fit(x)
    assert -1.0 < fitted.shape < -0.3
    assert np.isfinite(fitted.log_pdf(x)).all()


def test_constant_data():
    with pytest.raises(DegenerateDataError, match="in scale"):
        GeneralizedExtremeValue().fit([2.0] * 10)
    with pytest.raises(DegenerateDataError, match="in scale"):
        GeneralizedPareto().fit([0.0] * 10)
    fitted = GeneralizedPareto().fit([2.0] * 10)  # as good as uniform from 0 to 2
    assert fitted.shape == -0.999
    assert -fitted.scale / fitted.shape == pytest.approx(2.0, rel=1e-2)


def test_the_threshold_is_a_setting():
    d = GeneralizedPareto(loc=10.0)
    assert d.n_parameters == 2
    assert d.fit([10.0, 11.0, 12.5, 17.0]).loc == 10.0
    assert d.with_values(scale=1.0, shape=0.1).log_pdf([9.999, 10.0]).tolist() == [-np.inf, 0.0]
    with pytest.raises(InvalidDataError, match=">= 10"):
        d.fit([9.0, 11.0])
    with pytest.raises(InvalidParameterError, match="loc must be a finite number"):
        GeneralizedPareto(loc=np.inf)


def test_moments_that_do_not_exist_are_infinite():
    assert GeneralizedExtremeValue(0.0, 1.0, 1.0).mean == GeneralizedExtremeValue(0.0, 1.0, 0.5).var == np.inf
    assert GeneralizedPareto(1.0, 1.0).mean == GeneralizedPareto(1.0, 0.5).var == np.inf


@pytest.mark.parametrize("shape", [3.0, 5.0])
@pytest.mark.parametrize("n", [1000, 100_000])
def test_very_heavy_tails_are_recovered(shape, n):
    for d in (GeneralizedExtremeValue(10.0, 2.0, shape), GeneralizedPareto(2.0, shape)):
        x = d.sample(n, rng=1)
        fitted = type(d)().fit(x)
        assert fitted.log_likelihood(x) >= d.log_likelihood(x)
        assert fitted.shape == pytest.approx(shape, abs=8.0 * shape / np.sqrt(n))


@pytest.mark.parametrize("value", [0.5, 3.0, 1e8])
@pytest.mark.parametrize("n", [2, 5, 50])
def test_constant_rows_have_no_maximum(value, n):
    with pytest.raises(DegenerateDataError, match="scale"):
        GeneralizedExtremeValue().fit([value] * n)
