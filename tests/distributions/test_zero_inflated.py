"""Zeros in excess: exact maxima, the two parts in a mixture, what cannot be inflated."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from distributions import (
    DegenerateDataError,
    Distribution,
    Exponential,
    Gamma,
    InvalidDataError,
    InvalidParameterError,
    NegativeBinomial,
    Normal,
    Poisson,
    ZeroInflated,
)
from mixtures import MixtureModel


def direct_maximum(make, x, weight, start):
    """Maximise by the simplex method, restarted until it stays."""

    def loss(u):
        value = -(weight @ make(u).log_pdf(x))
        return value if np.isfinite(value) else 1e300

    options = {"xatol": 1e-11, "fatol": 1e-14, "maxiter": 10_000, "maxfev": 10_000}
    for _ in range(3):
        start = minimize(loss, start, method="Nelder-Mead", options=options).x
    return make(start)


FAMILIES = [
    (ZeroInflated(Poisson(2.0), 0.3), lambda u: ZeroInflated(Poisson(np.exp(u[0])), expit(u[1])), [0.0, 0.0]),
    (
        ZeroInflated(NegativeBinomial(2.0, 0.3), 0.25),
        lambda u: ZeroInflated(NegativeBinomial(np.exp(u[0]), expit(u[1])), expit(u[2])),
        [0.0, 0.0, 0.0],
    ),
]


@pytest.mark.parametrize(("truth", "make", "start"), FAMILIES, ids=["Poisson", "NegativeBinomial"])
@pytest.mark.parametrize("seed", range(3))
def test_fit_is_the_direct_maximum(truth, make, start, seed):
    rng = np.random.default_rng(seed)
    x, weight = truth.sample(400, rng), rng.uniform(0.2, 2.0, 400)
    fitted = truth.with_values(**dict.fromkeys(truth.parameters)).fit(x, weight)
    direct = direct_maximum(make, x, weight, start)
    for name, value in fitted.parameters.items():
        assert value == pytest.approx(direct.parameters[name], rel=1e-6)


@pytest.mark.parametrize(("truth", "make", "start"), FAMILIES, ids=["Poisson", "NegativeBinomial"])
def test_em_of_two_parts_reaches_the_same_maximum(truth, make, start):
    x = truth.sample(2000, rng=5)
    alone = truth.with_values(**dict.fromkeys(truth.parameters)).fit(x)
    model = MixtureModel([alone.with_values(prob=0.5)]).fit(x)
    (component,) = model.components_
    assert isinstance(component, ZeroInflated)
    for name, value in component.parameters.items():
        assert value == pytest.approx(alone.parameters[name], rel=1e-5)
    assert model.weights_.tolist() == [1.0]
    assert model.n_parameters == alone.n_parameters


def test_in_a_mixture_prob_is_the_ratio_of_two_weights():
    truth = MixtureModel([ZeroInflated(Poisson(2.0), 0.4), Poisson(15.0)], weights=[0.6, 0.4])
    model = MixtureModel([ZeroInflated(Poisson()), Poisson()]).fit(truth.sample(20_000, rng=0))
    first, second = model.components_
    assert model.converged_
    assert model.weights_ == pytest.approx([0.6, 0.4], abs=0.02)
    assert (first.prob, first.distribution.rate, second.rate) == pytest.approx((0.4, 2.0, 15.0), rel=0.05)
    assert model.part_counts_[0] / model.effective_counts_[0] == pytest.approx(first.prob, rel=1e-6)
    assert Distribution.from_json(model.to_json()) == model
    assert "ZeroInflated" in model.summary()


def test_a_frozen_prob_stays_in_a_mixture():
    truth = MixtureModel([ZeroInflated(Poisson(2.0), 0.4), Poisson(15.0)], weights=[0.6, 0.4])
    start = ZeroInflated(Poisson(), 0.25).freeze("prob")
    first = MixtureModel([start, Poisson()], n_init=1).fit(truth.sample(500, rng=0)).components_[0]
    assert (first.prob, first.frozen) == (0.25, {"prob"})


def test_fewer_zeros_than_expected_leave_none_structural():
    x = [0.0, 1, 1, 2, 2, 2, 3, 3, 4, 5]
    fitted = ZeroInflated(Poisson()).fit(x)
    assert fitted == ZeroInflated(Poisson().fit(x), 0.0)
    assert ZeroInflated(Poisson()).fit([1.0, 2.0, 3.0]) == ZeroInflated(Poisson(2.0), 0.0)


def test_only_zeros_tell_nothing_of_the_rest():
    with pytest.raises(DegenerateDataError, match="all rows are 0.*PointMass"):
        ZeroInflated(Poisson()).fit([0.0, 0.0])
    assert ZeroInflated(Poisson(3.0)).fit([0.0, 0.0]) == ZeroInflated(Poisson(3.0), 1.0)
    only_zeros = ZeroInflated(Gamma(2.0, 1.0), 1.0)
    assert (only_zeros.mean, only_zeros.var, only_zeros.ppf(0.99)) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("amount", [Gamma(2.0, 0.5), Exponential(0.1)])
def test_of_amounts_prob_is_the_share_of_zeros(amount):
    x = np.concatenate([np.zeros(30), amount.sample(70, rng=0)])
    fitted = ZeroInflated(type(amount)()).fit(x)
    assert fitted.prob == pytest.approx(0.3, rel=1e-12)
    assert fitted.distribution == type(amount)().fit(x[30:])
    assert fitted.log_pdf(0.0) == pytest.approx(np.log(0.3))
    assert fitted.log_pdf(2.0) == pytest.approx(np.log(0.7) + fitted.distribution.log_pdf(2.0))


def test_names_of_parameters():
    d = ZeroInflated(NegativeBinomial(2.0, 0.3), 0.1)
    assert d.parameters == {"prob": 0.1, "size": 2.0, "distribution.prob": 0.3}
    held = d.freeze("prob", "distribution.prob")
    assert held.distribution.frozen == {"prob"}
    assert held.n_parameters == 1
    assert repr(held) == "ZeroInflated(NegativeBinomial(size=2.0, prob=0.3).freeze('prob'), prob=0.1).freeze('prob')"
    with pytest.raises(InvalidParameterError, match="no parameter 'rate'; it has prob, size, distribution.prob"):
        d.freeze("rate")
    assert ZeroInflated(Poisson(), 0.2).unknown == ("rate",)


def test_what_cannot_be_inflated_says_why():
    with pytest.raises(InvalidParameterError, match="values >= 0.*Normal's are a finite number"):
        ZeroInflated(Normal())
    with pytest.raises(InvalidParameterError, match="write Normal"):
        ZeroInflated(Normal)
    with pytest.raises(InvalidParameterError, match="one family"):
        ZeroInflated(MixtureModel([Poisson(), Poisson()]))
    with pytest.raises(InvalidParameterError, match="prob must be a number from 0 to 1; got 2"):
        ZeroInflated(Poisson(1.0), 2)
    with pytest.raises(InvalidDataError, match="first: row 1, -1"):
        ZeroInflated(Gamma()).fit([0.0, -1.0, 2.0])
