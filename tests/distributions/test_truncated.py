"""Values between two ends: exact maxima, tails, likelihoods without a maximum, what cannot be truncated."""

import mpmath
import numpy as np
import pytest
import scipy.stats
from scipy.optimize import minimize

from distributions import (
    DegenerateDataError,
    DiscreteUniform,
    Distribution,
    Exponential,
    InvalidDataError,
    InvalidParameterError,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Truncated,
    Weibull,
)
from distributions.intervals import log_probability
from mixtures import MixtureModel

CASES = {
    "normal": (
        Truncated(Normal(1.0, 2.0), 0.0),
        lambda u: {"mean": u[0], "std": np.exp(u[1])},
        lambda mean, std: scipy.stats.norm(mean, std),
    ),
    "both ends": (
        Truncated(Normal(100.0, 8.0), 90.0, 104.0),
        lambda u: {"mean": 100 + 8 * u[0], "std": np.exp(u[1])},
        lambda mean, std: scipy.stats.norm(mean, std),
    ),
    "weibull": (
        Truncated(Weibull(1.5, 3.0), 2.0, 9.0),
        lambda u: {"shape": np.exp(u[0]), "scale": np.exp(u[1])},
        lambda shape, scale: scipy.stats.weibull_min(shape, scale=scale),
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_fit_is_the_direct_maximum(name, seed):
    truth, values, whole = CASES[name]
    rng = np.random.default_rng(seed)
    x, weight = truth.sample(400, rng), rng.uniform(0.2, 2.0, 400)
    fitted = truth.with_values(**dict.fromkeys(truth.parameters)).fit(x, weight)

    def loss(u):  # of SciPy's densities
        twin = whole(**values(u))
        value = -(weight @ (twin.logpdf(x) - np.log(twin.cdf(truth.high) - twin.cdf(truth.low))))
        return value if np.isfinite(value) else 1e300

    u = np.array([0.5, 1.0])
    with np.errstate(divide="ignore"):
        for _ in range(3):
            u = minimize(loss, u, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-14, "maxfev": 5000}).x
    assert fitted.parameters == pytest.approx(values(u), rel=1e-6)
    assert fitted.log_likelihood(x, weight) == pytest.approx(-loss(u), abs=1e-6)


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, np.inf), (5.0, np.inf), (100.0, np.inf), (-60.0, -50.0), (1.0, 1.000001), (50.0, 1e9), (-np.inf, -1e3)],
)
def test_probabilities_of_intervals_keep_their_digits(low, high):
    with mpmath.workdps(2500):
        below, above = (mpmath.erfc(abs(mpmath.mpf(end)) / mpmath.sqrt(2)) / 2 for end in (low, high))
        exact = float(mpmath.log(abs(below - above)))
        got = log_probability(Normal(0.0, 1.0), np.array([low]), np.array([high]))[0]
    assert got == pytest.approx(exact, rel=1e-14, abs=1e-14)


def test_moments_far_in_a_tail():
    tail = Truncated(Normal(0.0, 1.0), low=30.0)
    with mpmath.workdps(40):
        mills = mpmath.npdf(30) / (mpmath.erfc(30 / mpmath.sqrt(2)) / 2)
        assert tail.mean == pytest.approx(float(mills), rel=1e-13)
        assert tail.var == pytest.approx(float(1 + 30 * mills - mills**2), rel=1e-11)
    assert tail.sample(1000, rng=0).min() >= 30.0


def test_zero_truncated_counts():
    fitted = Truncated(Poisson(), low=1).fit([1, 1, 2, 2, 3, 5])
    rate = fitted.distribution.rate
    assert rate / -np.expm1(-rate) == pytest.approx(14 / 6, rel=1e-7)  # the mean, as in an exponential family
    assert fitted.support.low == 1.0


def test_values_that_vary_too_much_have_no_maximum():
    x = [0.1, 0.1, 0.2, 0.5, 4.0, 20.0]  # more varied than exponential ones
    with pytest.raises(DegenerateDataError, match="no maximum"):
        Truncated(Normal(), low=0.0).fit(x)
    with pytest.raises(DegenerateDataError, match="no maximum"):
        Truncated(Exponential(), high=1.0).fit([0.6, 0.7, 0.9])
    with pytest.raises(DegenerateDataError, match="no maximum"):
        Truncated(Normal(), low=0.0).fit([2.0, 2.0])


def test_frozen_and_known_values():
    x = Truncated(Normal(1.0, 2.0), 0.0, np.inf).sample(300, rng=0)
    fitted = Truncated(Normal(std=2.0).freeze("std"), 0.0, np.inf).fit(x)
    assert (fitted.distribution.std, fitted.frozen) == (2.0, {"std"})
    assert Truncated(Normal(1.0, 2.0), 0.0).freeze("std").distribution.frozen == {"std"}
    assert Distribution.from_json(fitted.to_json()) == fitted
    assert "Infinity" not in fitted.to_json()
    assert repr(Truncated(Normal(), 0.0)) == "Truncated(Normal(), low=0.0)"
    assert Truncated(Normal(), 0.0).unknown == ("mean", "std")


def test_a_mixture_of_truncated_components():
    truth = MixtureModel([Truncated(Normal(0.0, 2.0), 0.0), Normal(12.0, 1.0)], weights=[0.6, 0.4])
    model = MixtureModel([Truncated(Normal(0.0, 1.0), 0.0).freeze("mean"), Normal(10.0, 2.0)])
    model.fit(truth.sample(600, rng=0))
    first, second = model.components_
    assert model.converged_
    assert (first.distribution.std, second.mean) == pytest.approx((2.0, 12.0), rel=0.1)
    assert "low=0" in model.summary()


def test_errors_name_cause_and_row():
    with pytest.raises(InvalidParameterError, match="low must be less than high; got 2.0 and 1.0"):
        Truncated(Normal(), 2.0, 1.0)
    with pytest.raises(InvalidParameterError, match="low must be a number"):
        Truncated(Normal(), "0")
    with pytest.raises(InvalidParameterError, match="lies between -3 and -1"):
        Truncated(Exponential(), -3.0, -1.0)
    with pytest.raises(InvalidParameterError, match="one column"):
        Truncated(MultivariateNormal(), 0.0)
    with pytest.raises(InvalidDataError, match=r">= 0.*first: row 1, -2"):
        Truncated(Normal(), 0.0).fit([1.0, -2.0, 3.0])
    with pytest.raises(InvalidParameterError, match="Freeze it"):
        Truncated(DiscreteUniform(), 0.0).fit([1.0, 2.0, 3.0])


@pytest.mark.parametrize("seed", [0, 5, 6, 7])
def test_counts_no_more_varied_than_poisson_s_are_fitted_too(seed):
    y = np.random.default_rng(seed).poisson(2.5, 300).astype(float)
    y = y[y > 0]  # of less variance than a Poisson distribution has
    poisson = Truncated(Poisson(), low=1).fit(y).log_likelihood(y)
    found = Truncated(NegativeBinomial(), low=1).fit(y)

    def loss(at):
        size, mean = np.exp(at)
        inner = NegativeBinomial.from_mean_size(mean, size)
        return np.log1p(-inner.pdf([0.0]))[0] * len(y) - inner.log_likelihood(y)

    best = -min(minimize(loss, [start, 1.0], method="Nelder-Mead").fun for start in (1.0, 4.0))
    assert found.log_likelihood(y) >= max(best, poisson) - 1e-6
    assert (found.distribution.size > 1e6) == (best < poisson + 1e-3)
    model = MixtureModel([Truncated(NegativeBinomial(), low=1)]).fit(y)
    assert model.degeneracies_ == []
