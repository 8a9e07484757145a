"""The geometric distribution at its edges; what holds for every family is in the law."""

import numpy as np
import scipy.stats

from distributions import Geometric

INF, NAN = np.inf, np.nan


def test_it_counts_failures_from_zero():
    x = np.arange(20.0)
    np.testing.assert_allclose(Geometric(0.3).log_pdf(x), scipy.stats.geom(0.3).logpmf(x + 1), rtol=1e-13)
    assert Geometric(0.25).mean == 3.0


def test_at_prob_one_all_mass_lies_on_zero():
    sure = Geometric(1.0)
    np.testing.assert_array_equal(sure.log_pdf([0.0, 1.0, -1.0, 0.5, NAN]), [0.0, -INF, -INF, -INF, NAN])
    np.testing.assert_array_equal(sure.cdf([-1.0, 0.0, 5.0, INF]), [0.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(sure.ppf([0.5, 1 - 1e-9]), [0.0, 0.0])
    assert Geometric().fit([0, 0, 0]) == sure


def test_rare_successes_keep_their_digits():
    rare = Geometric(1e-15)
    np.testing.assert_allclose(rare.cdf([0.0, 9.0, 1e15 - 1]), [1e-15, 1e-14, -np.expm1(-1.0)], rtol=1e-13)
    draws = rare.sample(20_000, rng=0)
    np.testing.assert_allclose(draws.mean(), 1e15, rtol=0.03)


def test_constant_counts_have_a_maximum():
    assert Geometric().fit([3.0, 3.0]).prob == 0.25
