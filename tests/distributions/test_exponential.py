"""The exponential distribution at its edges; what holds for every family is in the law."""

import numpy as np
import pytest

from distributions import DegenerateDataError, Exponential, InvalidDataError, InvalidParameterError

INF, NAN = np.inf, np.nan


def test_zero_belongs_to_the_support_and_nothing_below():
    np.testing.assert_array_equal(
        Exponential(2.0).log_pdf([0.0, -0.0, -5e-324, INF, -INF, NAN]),
        [np.log(2.0), np.log(2.0), -INF, -INF, -INF, NAN],
    )
    np.testing.assert_array_equal(Exponential(2.0).cdf([0.0, -3.0, -INF, INF, NAN]), [0.0, 0.0, 0.0, 1.0, NAN])


def test_quantiles_reach_from_zero_to_infinity():
    np.testing.assert_array_equal(Exponential(2.0).ppf([0.0, 1.0, -0.1, 1.1, NAN]), [0.0, INF, NAN, NAN, NAN])
    assert Exponential(2.0).ppf(1e-18) == pytest.approx(5e-19, rel=1e-15)
    assert Exponential(2.0).cdf(5e-19) == pytest.approx(1e-18, rel=1e-15)


@pytest.mark.parametrize("value", [Exponential(2.0).ppf(0.5), Exponential(2.0).cdf(1.0), Exponential(2.0).log_pdf(1.0)])
def test_a_number_gives_a_number(value):
    assert isinstance(value, float)


@pytest.mark.parametrize("rate", [1e-100, 1e100])
def test_extreme_rates_are_recovered(rate):
    assert Exponential().fit(np.array([1.0, 3.0]) / rate * 0.5).rate == pytest.approx(rate, rel=1e-14)
    assert Exponential(rate).mean == 1.0 / rate


def test_zeros_alone_have_no_maximum_but_zeros_beside_others_do():
    with pytest.raises(DegenerateDataError, match="grows without bound in rate"):
        Exponential().fit([0.0, 0.0])
    assert Exponential().fit([0.0, 0.0, 3.0]).rate == 1.0
    assert Exponential().fit([4.0]).rate == 0.25


def test_a_negative_row_is_refused():
    with pytest.raises(InvalidDataError, match=r"1 of 2 rows \(first: row 1, -1e-300\) is not"):
        Exponential().fit([1.0, -1e-300])


def test_a_scale_makes_the_same_distribution():
    assert Exponential.from_scale(4.0) == Exponential(0.25)
    with pytest.raises(InvalidParameterError, match="Exponential: scale must be a finite number > 0; got 0.0"):
        Exponential.from_scale(0.0)
