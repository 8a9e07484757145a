"""The normal distribution at its edges; what holds for every family is in the law."""

import numpy as np
import pytest
import scipy.stats

from distributions import Normal, UnknownParameterError

INF, NAN = np.inf, np.nan


def test_infinite_and_missing_values():
    np.testing.assert_array_equal(Normal(1.0, 2.0).log_pdf([INF, -INF, NAN, 1e308]), [-INF, -INF, NAN, -INF])
    np.testing.assert_array_equal(Normal(1.0, 2.0).cdf([INF, -INF, NAN, 1.0]), [1.0, 0.0, NAN, 0.5])
    np.testing.assert_array_equal(
        Normal(1.0, 2.0).ppf([0.0, 0.5, 1.0, -0.1, 1.1, NAN]), [-INF, 1.0, INF, NAN, NAN, NAN]
    )


@pytest.mark.parametrize("mean, std", [(0.0, 1e-300), (1e300, 1e290), (1e8, 1e-8), (-5.0, 1e100)])
def test_extreme_parameters_keep_their_precision(mean, std):
    z = np.array([-8.0, -0.5, 0.0, 3.0])
    x = mean + std * z
    expected = scipy.stats.norm.logpdf((x - mean) / std) - np.log(std)
    np.testing.assert_allclose(Normal(mean, std).log_pdf(x), expected, rtol=1e-14)


def test_the_far_tail_is_an_exact_logarithm():
    assert Normal(0.0, 1.0).log_pdf(1e10) == pytest.approx(-0.5e20, rel=1e-15)
    assert Normal(0.0, 1.0).cdf(-38.0) == pytest.approx(scipy.stats.norm.cdf(-38.0), rel=1e-12)


def test_one_value_may_be_known():
    assert Normal(std=3.0).var == 9.0
    assert Normal(mean=2.0).mean == 2.0
    with pytest.raises(UnknownParameterError, match="std is unknown"):
        Normal(mean=2.0).var  # noqa: B018


@pytest.mark.parametrize("held", ["mean", "std"])
def test_fit_beside_a_frozen_value_is_the_conditional_maximum(rng, held):
    x = rng.normal(4.0, 2.0, 50)
    fitted = Normal(1.0, 7.0).freeze(held).fit(x)
    expected = (1.0, np.sqrt(np.mean((x - 1.0) ** 2))) if held == "mean" else (x.mean(), 7.0)
    assert (fitted.mean, fitted.std) == pytest.approx(expected, rel=1e-14)
