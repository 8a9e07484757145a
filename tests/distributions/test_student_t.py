"""Student's t and Cauchy's distribution: limits, degenerate data, several modes."""

import math

import mpmath
import numpy as np
import pytest

from distributions import Cauchy, DegenerateDataError, InvalidParameterError, Normal, StudentT


def test_one_degree_of_freedom_is_cauchy(rng):
    x = rng.standard_cauchy(500) * 3.0 + 7.0
    np.testing.assert_allclose(StudentT(1.0, 2.0, 3.0).log_pdf(x), Cauchy(2.0, 3.0).log_pdf(x), rtol=1e-14)
    fitted, cauchy = StudentT(df=1.0).freeze("df").fit(x), Cauchy().fit(x)
    np.testing.assert_allclose([fitted.loc, fitted.scale], [cauchy.loc, cauchy.scale], rtol=1e-9)


def test_light_tails_end_at_the_limit_which_is_the_normal(rng):
    x = rng.uniform(-1.0, 1.0, 300)
    fitted, normal = StudentT().fit(x), Normal().fit(x)
    assert fitted.df == 1e6
    np.testing.assert_allclose(fitted.log_likelihood(x), normal.log_likelihood(x), atol=1e-3)


def test_far_out_the_density_is_a_power_of_the_distance():
    x = np.array([1e100, 1e200, 1e300])
    wanted = [
        float(mpmath.log(mpmath.gamma(2) / mpmath.gamma(1.5) / mpmath.sqrt(3 * mpmath.pi)) - 2 * mpmath.log1p(z**2 / 3))
        for z in map(mpmath.mpf, x)
    ]
    np.testing.assert_allclose(StudentT(3.0, 0.0, 1.0).log_pdf(x), wanted, rtol=1e-15)
    np.testing.assert_array_equal(StudentT(3.0, 0.0, 1.0).log_pdf([-math.inf, math.inf]), -math.inf)


@pytest.mark.parametrize("family", [StudentT, Cauchy])
@pytest.mark.parametrize("x", [[3.0], [3.0, 3.0], [1.0, 3.0, 3.0, 3.0, 4.0]])
def test_half_the_weight_on_one_point_has_no_maximum(family, x):
    with pytest.raises(DegenerateDataError, match="scale"):
        family().fit(x)


def test_the_variance_of_heavy_tails_does_not_reach_the_scale():
    truth = StudentT(0.3, 5.0, 2.0)
    x = truth.sample(20_000, rng=1)
    assert np.std(x) > 1e10
    assert StudentT().fit(x).log_likelihood(x) > truth.log_likelihood(x)


def test_with_the_scale_frozen_the_best_of_several_modes_is_found():
    x = np.concatenate([np.linspace(-1, 1, 7), 50 + np.linspace(-0.2, 0.2, 9)])
    fitted = Cauchy(scale=0.5).freeze("scale").fit(x)
    np.testing.assert_allclose(fitted.loc, 50.0, atol=0.1)
    grid = max(Cauchy(loc, 0.5).log_likelihood(x) for loc in np.linspace(-5, 55, 2001))
    assert fitted.log_likelihood(x) >= grid


def test_four_values_have_their_maximum_in_closed_form():
    """Ferguson (1978), Journal of the American Statistical Association 73."""
    fitted = Cauchy().fit([-3.0, -1.0, 1.0, 3.0])
    np.testing.assert_allclose([fitted.loc, fitted.scale], [0.0, math.sqrt(3.0)], atol=1e-10)


def test_quantiles_are_exact_in_both_tails():
    q = np.array([1e-300, 1e-20, 1e-3, 0.3, 0.5, 0.7, 1.0 - 1e-10])
    with mpmath.workdps(330):
        wanted = [float(-mpmath.cot(mpmath.pi * mpmath.mpf(p))) for p in q]
    found = Cauchy(0.0, 1.0).ppf(q)
    np.testing.assert_allclose(found, wanted, rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(Cauchy(0.0, 1.0).cdf(found), q, rtol=1e-14)


def test_mean_and_standard_deviation_name_one():
    made = StudentT.from_mean_std(5.0, mean=-2.0, std=3.0)
    np.testing.assert_allclose([made.mean, made.std], [-2.0, 3.0])
    with pytest.raises(InvalidParameterError, match="df must be > 2"):
        StudentT.from_mean_std(2.0, mean=0.0, std=1.0)
    assert math.isinf(StudentT(2.0, 0.0, 1.0).var)
    assert math.isnan(StudentT(1.0, 0.0, 1.0).mean)


def test_a_step_starts_uphill_where_parameters_are_nearly_collinear():
    """With loc held away from the data a long step in log df and log scale, halved, must still gain."""
    x = np.random.default_rng(3).normal(size=200)
    for loc in np.linspace(-0.6, 0.6, 25):
        fitted = StudentT(loc=loc).freeze("loc").fit(x)
        best = fitted.log_likelihood(x)
        for factor in (0.99, 1.01):
            assert fitted.with_values(df=min(fitted.df * factor, 1e6)).log_likelihood(x) <= best + 1e-9
