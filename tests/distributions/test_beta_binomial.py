"""The beta-binomial distribution: its limits, and trials per row; what holds for every family is in the law."""

import numpy as np
import pytest
import scipy.stats

from distributions import BetaBinomial, Binomial, InvalidDataError, InvalidParameterError

INF = np.inf


def test_trials_per_row():
    rows = np.array([[2, 10], [0, 0], [7, 7], [3, 400]])
    wanted = scipy.stats.betabinom(rows[:, 1], 2.0, 3.5).logpmf(rows[:, 0])
    np.testing.assert_allclose(BetaBinomial(2.0, 3.5).log_pdf(rows), wanted, rtol=1e-12, atol=1e-13)
    one = BetaBinomial(trials=10).fit([2, 9, 5, 3])
    per_row = BetaBinomial().fit([[2, 10], [9, 10], [5, 10], [3, 10]])
    assert (per_row.a, per_row.b) == pytest.approx((one.a, one.b), rel=1e-9)


def test_a_fit_with_varying_trials():
    trials = np.random.default_rng(0).integers(0, 200, 20_000)
    fitted = BetaBinomial().fit(BetaBinomial(2.0, 6.0).sample(20_000, rng=1, trials=trials))
    np.testing.assert_allclose([fitted.a, fitted.b], [2.0, 6.0], rtol=0.05)


def test_successes_that_vary_too_little_are_binomial():
    x = [4, 5, 5, 6]
    fitted, limit = BetaBinomial(trials=10).fit(x), Binomial(trials=10).fit(x)
    assert fitted.mean == pytest.approx(limit.mean, rel=1e-7)
    assert fitted.log_likelihood(x) == pytest.approx(limit.log_likelihood(x), rel=1e-6)


@pytest.mark.parametrize(
    ("x", "total"), [([0, 0, 0], 0.0), ([6, 6], 0.0), ([0, 6, 6, 6], np.log(1 / 4 * (3 / 4) ** 3))]
)
def test_all_or_nothing(x, total):
    fitted = BetaBinomial(trials=6).fit(x)
    assert fitted.log_likelihood(x) == pytest.approx(total, abs=1e-7)


def test_shapes_of_one_are_uniform():
    np.testing.assert_allclose(BetaBinomial(1.0, 1.0, trials=9).pdf(np.arange(10)), 0.1, rtol=1e-14)
    np.testing.assert_allclose(
        BetaBinomial(1.0, 1.0, trials=9).cdf([-1, 0, 4.5, 9, INF]), [0, 0.1, 0.5, 1, 1], rtol=1e-13
    )


def test_mean_and_concentration():
    assert BetaBinomial.from_mean_concentration(0.25, 8.0) == BetaBinomial(2.0, 6.0)
    for bad in ((0.0, 1.0), (1.0, 1.0), (0.5, 0.0), (0.5, INF), ("half", 1.0)):
        with pytest.raises(InvalidParameterError, match="prob must be between 0 and 1"):
            BetaBinomial.from_mean_concentration(*bad)


def test_what_needs_one_number_of_trials_says_so():
    for ask in (lambda d: d.cdf(1), lambda d: d.ppf(0.5), lambda d: d.mean, lambda d: d.var):
        with pytest.raises(InvalidDataError, match="trials per row has two columns"):
            ask(BetaBinomial(1.0, 2.0))
