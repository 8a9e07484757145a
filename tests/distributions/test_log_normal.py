"""The log-normal distribution at its edges; what holds for every family is in the law."""

import numpy as np
import pytest

from distributions import DegenerateDataError, InvalidParameterError, LogNormal, Normal

INF, NAN = np.inf, np.nan


def test_the_support_is_open_at_zero():
    np.testing.assert_array_equal(LogNormal(0.0, 1.0).log_pdf([0.0, -1.0, -INF, INF, NAN]), [-INF] * 4 + [NAN])
    np.testing.assert_array_equal(LogNormal(0.0, 1.0).cdf([-1.0, 0.0, INF, NAN]), [0.0, 0.0, 1.0, NAN])
    np.testing.assert_array_equal(LogNormal(0.0, 1.0).ppf([0.0, 1.0, -0.1, NAN]), [0.0, INF, NAN, NAN])


def test_a_change_of_unit_shifts_log_mean_only():
    x = LogNormal(1.0, 0.5).sample(100, rng=0)
    plain = LogNormal().fit(x)
    for factor in (1e-200, 1e-8, 1e8, 1e200):
        scaled = LogNormal().fit(x * factor)
        assert scaled.log_mean == pytest.approx(plain.log_mean + np.log(factor), rel=1e-13)
        assert scaled.log_std == pytest.approx(plain.log_std, rel=1e-12)


def test_it_is_the_normal_fit_of_the_logarithms():
    x, weight = LogNormal(-3.0, 2.0).sample(40, rng=1), np.arange(40.0)
    fitted, normal = LogNormal().fit(x, weight), Normal().fit(np.log(x), weight)
    assert (fitted.log_mean, fitted.log_std) == pytest.approx((normal.mean, normal.std), rel=1e-13)


def test_constant_data_have_no_maximum():
    for x in ([2.0], [1e8 / 3] * 5, [1.0, 1.0]):
        with pytest.raises(DegenerateDataError, match="grows without bound in log_std"):
            LogNormal().fit(x)


def test_mean_and_std_make_the_same_distribution():
    for mean, std in ((3.0, 4.0), (1e-8, 1e-12), (1e8, 1e10)):
        d = LogNormal.from_mean_std(mean, std)
        assert (d.mean, d.std) == pytest.approx((mean, std), rel=1e-12)
    with pytest.raises(InvalidParameterError, match="LogNormal: mean must be a finite number > 0; got -3.0"):
        LogNormal.from_mean_std(-3.0, 1.0)


def test_moments_beyond_all_doubles_are_infinite():
    assert (LogNormal(0.0, 40.0).mean, LogNormal(0.0, 30.0).var) == (INF, INF)
