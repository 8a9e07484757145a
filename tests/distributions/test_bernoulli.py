"""The Bernoulli distribution at its edges; what holds for every family is in the law."""

import numpy as np
import pytest

from distributions import Bernoulli, InvalidDataError

INF, NAN = np.inf, np.nan


def test_certain_outcomes():
    np.testing.assert_array_equal(Bernoulli(0.0).log_pdf([0, 1]), [0.0, -INF])
    np.testing.assert_array_equal(Bernoulli(1.0).log_pdf([0, 1]), [-INF, 0.0])
    assert Bernoulli().fit([0, 0]) == Bernoulli(0.0)
    assert Bernoulli().fit([1, 1]) == Bernoulli(1.0)
    np.testing.assert_array_equal(Bernoulli(0.0).ppf([0.0, 0.5, 1.0]), [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(Bernoulli(1.0).ppf([0.0, 0.5, 1.0]), [0.0, 1.0, 1.0])


def test_booleans_are_zeros_and_ones():
    assert Bernoulli().fit(np.array([True, False, True, True])) == Bernoulli(0.75)


def test_only_zero_and_one_have_mass():
    np.testing.assert_array_equal(Bernoulli(0.5).log_pdf([2.0, -1.0, 0.5, INF, NAN]), [-INF, -INF, -INF, -INF, NAN])
    with pytest.raises(InvalidDataError, match="Bernoulli needs x to be 0 or 1; 1 of 2 rows"):
        Bernoulli().fit([0.0, 2.0])
