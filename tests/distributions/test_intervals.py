"""Probabilities of intervals keep their digits: far out in tails, and for narrow intervals."""

import numpy as np
import pytest
from scipy.special import log_ndtr

from distributions import (
    Cauchy,
    Exponential,
    GeneralizedPareto,
    Gumbel,
    Laplace,
    Logistic,
    LogNormal,
    Normal,
    Pareto,
    Poisson,
    Uniform,
    Weibull,
)
from distributions.intervals import _integrated, log_probability

# Logarithms of survival functions, each in a form that is precise far out.
SURVIVAL = {
    Exponential(0.3): lambda x: -0.3 * x,
    Weibull(0.4, 2.0): lambda x: -((x / 2.0) ** 0.4),
    Weibull(50.0, 2.0): lambda x: -((x / 2.0) ** 50.0),
    Normal(3.0, 2.0): lambda x: log_ndtr(-(x - 3.0) / 2.0),
    LogNormal(1.0, 0.5): lambda x: log_ndtr(-(np.log(x) - 1.0) / 0.5),
    Logistic(3.0, 2.0): lambda x: -np.logaddexp(0.0, (x - 3.0) / 2.0),
    Laplace(3.0, 2.0): lambda x: -(x - 3.0) / 2.0 - np.log(2.0),
    Gumbel(3.0, 2.0): lambda x: np.log(-np.expm1(-np.exp(-(x - 3.0) / 2.0))),
    Pareto(1.5, 2.0): lambda x: -1.5 * np.log(x / 2.0),
    Cauchy(3.0, 2.0): lambda x: np.log(np.arctan2(2.0, x - 3.0) / np.pi),
    GeneralizedPareto(2.0, 0.5): lambda x: -2.0 * np.log1p(x / 4.0),
}


@pytest.mark.parametrize("z", [-2.0, -8.0, -20.0, -1e3, -1e8])
def test_what_a_family_knows_of_its_tails_is_what_the_integral_says(z):
    distribution, infinite = Normal(3.0, 2.0), np.array([np.inf])
    low, high = np.array([3.0 - 2.0 * z]), np.array([3.0 + 2.0 * z])
    below, above = _integrated(distribution, -infinite, high), _integrated(distribution, low, infinite)
    np.testing.assert_allclose(distribution.log_tail(high, False), below, rtol=1e-13)
    np.testing.assert_allclose(distribution.log_tail(low, True), above, rtol=1e-13)


@np.errstate(over="ignore", divide="ignore")
def far_out(distribution, log_survival):
    """Return points of survival from 0.5 down to 1e-200, by bisection."""
    points = []
    for wanted in np.log([0.5, 1e-2, 1e-5, 1e-9, 1e-30, 1e-200]):
        low, high = float(distribution.ppf(0.3)), 1e210
        for _ in range(100):
            middle = np.sqrt(low) * np.sqrt(high)
            low, high = (middle, high) if log_survival(middle) > wanted else (low, middle)
        points.append(low)
    return np.array(points)


@pytest.mark.parametrize(("distribution", "log_survival"), SURVIVAL.items(), ids=map(repr, SURVIVAL))
def test_tails(distribution, log_survival):
    x = far_out(distribution, log_survival)
    wanted = log_survival(x)
    got = log_probability(distribution, x, np.full(len(x), np.inf))
    np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)
    alone = [log_probability(distribution, x[i : i + 1], np.array([np.inf]))[0] for i in range(len(x))]
    np.testing.assert_allclose(alone, got, rtol=1e-14, atol=1e-14)
    high = x * 1.2
    between = wanted + np.log(-np.expm1(log_survival(high) - wanted))
    np.testing.assert_allclose(log_probability(distribution, x, high), between, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("distribution", [*SURVIVAL, Uniform(-1.0, 9.0)], ids=repr)
def test_narrow_intervals_have_the_density_times_their_width(distribution):
    middle = distribution.ppf(np.array([0.3, 0.6, 0.9999]))
    half = 2.0 ** np.floor(np.log2(np.abs(middle) * 1e-7))
    low, high = middle - half, middle + half
    wanted = distribution.log_pdf((low + high) / 2) + np.log(high - low)
    np.testing.assert_allclose(log_probability(distribution, low, high), wanted, rtol=1e-10, atol=1e-10)


def test_both_tails_of_a_symmetric_family():
    low, high = np.array([5.0, 20.0, 300.0]), np.array([6.0, np.inf, np.inf])
    right = log_probability(Normal(0.0, 1.0), low, high)
    np.testing.assert_allclose(log_probability(Normal(0.0, 1.0), -high, -low), right, rtol=1e-13)


def test_an_interval_far_out_adds_up_from_its_parts():
    d, edges = Weibull(0.3, 1.0), np.array([1e3, 1e4, 1e5, 1e6, np.inf])
    parts = log_probability(d, edges[:-1], edges[1:])
    whole = log_probability(d, edges[:1], edges[-1:])[0]
    assert np.logaddexp.reduce(parts) == pytest.approx(whole, rel=1e-13)


def test_empty_intervals_have_none():
    got = log_probability(Exponential(1.0), np.array([2.0, 3.0, -5.0, np.inf]), np.array([2.0, 1.0, -1.0, np.inf]))
    assert (got == -np.inf).all()
    assert log_probability(Poisson(3.0), np.array([2.2]), np.array([2.9]))[0] == -np.inf
