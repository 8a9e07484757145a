"""The binomial distribution: its two forms, and its edges; what holds for every family is in the law."""

import mpmath
import numpy as np
import pytest
import scipy.stats

from distributions import Binomial, Distribution, InvalidDataError, InvalidParameterError
from mixtures import MixtureModel

INF, NAN = np.inf, np.nan


def test_trials_per_row():
    rows = np.array([[2, 10], [0, 0], [7, 7], [3, 400]])
    wanted = scipy.stats.binom(rows[:, 1], 0.3).logpmf(rows[:, 0])
    np.testing.assert_allclose(Binomial(0.3).log_pdf(rows), wanted, rtol=1e-12)
    weight = np.array([1.0, 5.0, 2.0, 0.5])
    fitted = Binomial().fit(rows, weight)
    assert fitted.prob == pytest.approx((weight @ rows[:, 0]) / (weight @ rows[:, 1]), rel=1e-15)
    assert Binomial().fit([[3, 10]] * 2).prob == Binomial(trials=10).fit([3, 3]).prob


def test_rows_that_are_no_successes_and_trials():
    bad = [[3.0, 2.0], [-1.0, 2.0], [0.5, 2.0], [1.0, 2.5], [1.0, INF], [INF, INF], [1.0, NAN], [NAN, 2.0]]
    np.testing.assert_array_equal(Binomial(0.3).log_pdf(bad), [-INF] * 6 + [NAN] * 2)
    with pytest.raises(InvalidDataError, match=r"successes <= trials; 1 of 2 rows \(first: row 1, 3, 2\)"):
        Binomial().fit([[1, 2], [3, 2]])
    with pytest.raises(InvalidDataError, match="from 0 to 10"):
        Binomial(trials=10).fit([4, 11])


def test_samples_with_trials_per_row():
    trials = np.array([0, 3, 50, 1000])
    rows = Binomial(0.4).sample(4, rng=1, trials=trials)
    np.testing.assert_array_equal(rows[:, 1], trials)
    assert np.all(rows[:, 0] <= trials)
    with pytest.raises(InvalidDataError, match="whole numbers >= 0, one or 4"):
        Binomial(0.4).sample(4, trials=[1, 2])


def test_what_needs_one_number_of_trials_says_so():
    for ask in (lambda d: d.cdf(1), lambda d: d.ppf(0.5), lambda d: d.mean, lambda d: d.var):
        with pytest.raises(InvalidDataError, match="trials per row has two columns"):
            ask(Binomial(0.4))


@pytest.mark.parametrize("trials", [0, -3, 2.5, "ten", INF])
def test_bad_trials_are_named(trials):
    with pytest.raises(InvalidParameterError, match=r"Binomial: trials must be a whole number >= 1"):
        Binomial(0.5, trials=trials)


def test_trials_are_part_of_the_value():
    assert Binomial(0.5, trials=3.0) == Binomial(0.5, trials=3) != Binomial(0.5, trials=4)
    assert Distribution.from_json(Binomial(0.5, trials=3).to_json()) == Binomial(0.5, trials=3)
    assert repr(Binomial(0.5, trials=3).freeze()) == "Binomial(prob=0.5, trials=3).freeze('prob')"


def test_certain_outcomes():
    np.testing.assert_array_equal(Binomial(0.0, trials=3).log_pdf([0, 1, 3]), [0.0, -INF, -INF])
    np.testing.assert_array_equal(Binomial(1.0, trials=3).log_pdf([0, 2, 3]), [-INF, -INF, 0.0])
    assert Binomial(trials=3).fit([0, 0]) == Binomial(0.0, trials=3)
    assert Binomial(trials=3).fit([3, 3]) == Binomial(1.0, trials=3)
    assert Binomial().fit([[0, 0], [0, 0]]).prob == 0.5  # no trial at all: it stays where it starts


@pytest.mark.parametrize(
    ("prob", "trials"), [(1e-12, 20), (1 - 1e-12, 20), (0.3, 10**6), (1e-12, 10**13), (0.3, 10**15)]
)
def test_masses_are_exact(prob, trials):
    x = np.unique(np.round(trials * prob + np.sqrt(trials * prob * (1 - prob)) * np.linspace(-8, 8, 15)))
    x = np.unique(np.clip(np.concatenate([x, [0, 1, trials // 2, trials - 1, trials]]), 0, trials))
    with mpmath.workdps(60):
        p, n = mpmath.mpf(prob), mpmath.mpf(trials)
        exact = [
            float(
                mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(n - k + 1)
                + k * mpmath.log(p) + (n - k) * mpmath.log(1 - p)
            )
            for k in map(mpmath.mpf, x.tolist())
        ]  # fmt: skip
    # Rounding of prob * trials moves the mean by half a unit in its last place.
    slack = np.abs(x - prob * trials) * 3e-16
    assert np.all(
        np.abs(Binomial(prob, trials=trials).log_pdf(x) - exact) <= 4e-15 * np.maximum(1, np.abs(exact)) + slack
    )


def test_a_mixture_with_trials_per_row():
    rng = np.random.default_rng(4)
    n = rng.integers(20, 60, 3000)
    prob = np.where(rng.random(3000) < 0.3, 0.1, 0.6)
    model = MixtureModel([Binomial(), Binomial()], rng=0).fit(np.column_stack([rng.binomial(n, prob), n]))
    np.testing.assert_allclose(sorted(part.prob for part in model.components_), [0.1, 0.6], atol=0.01)
