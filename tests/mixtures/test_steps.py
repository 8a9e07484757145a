"""Components whose update is only a step: EM takes it back where the likelihood falls."""

import warnings

import numpy as np
import pytest
import scipy.stats
from engines import engine_of
from scipy.optimize import minimize

from distributions import Kernels, Logistic, kernel, logistic, parameter
from distributions.domains import POSITIVE, REAL
from mixtures import ConvergenceWarning, Distribution, MixtureModel, NegativeBinomial, Normal, Product, em
from mixtures.observed import observed


@kernel
def update_far(stats, theta, bounds):
    """Go four times as far as Newton's step."""
    before = theta.copy()
    logistic.update(stats, theta, bounds)
    for j in range(theta.size):
        theta[j] = max(before[j] + 4.0 * (theta[j] - before[j]), bounds[0, j])


class FarLogistic(Logistic):
    kernels = Kernels(logistic.log_pdf, logistic.accumulate, update_far)


class NormalInNumpy(Distribution):
    mean: float = parameter(REAL, power=1)
    std: float = parameter(POSITIVE, power=1)

    def log_pdf(self, x):
        return scipy.stats.norm.logpdf(x, self.mean, self.std)

    def fit(self, x, sample_weight=None):
        mean = np.average(x, weights=sample_weight)
        return self.with_values(mean=mean, std=np.sqrt(np.average((x - mean) ** 2, weights=sample_weight)))

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).normal(self.mean, self.std, size)


@pytest.fixture
def x(rng):
    return np.concatenate([rng.logistic(0.0, 1.0, 400), rng.logistic(9.0, 0.5, 600)])


def best_log_likelihood(x):
    def loss(p):
        share, s1, s2 = 1.0 / (1.0 + np.exp(-p[0])), np.exp(p[2]), np.exp(p[4])
        one, other = scipy.stats.logistic.logpdf(x, p[1], s1), scipy.stats.logistic.logpdf(x, p[3], s2)
        return -np.sum(np.logaddexp(np.log(share) + one, np.log1p(-share) + other))

    return -minimize(loss, [0.0, 0.0, 0.0, 9.0, -0.7], method="BFGS", options={"gtol": 1e-8}).fun


def test_newton_steps_reach_the_maximum_of_the_mixture(x):
    model = MixtureModel([Logistic(), Logistic()]).fit(x)
    assert model.converged_
    assert np.all(np.diff(model.history_) > -1e-9)
    assert model.log_likelihood_ == pytest.approx(best_log_likelihood(x), rel=1e-10)


@pytest.mark.filterwarnings("ignore:EM made max_iter")
def test_steps_too_far_are_taken_back(x):
    far = MixtureModel([FarLogistic(0.0, 1.0), FarLogistic(8.0, 1.0)], max_iter=300).fit(x)
    exact = MixtureModel([Logistic(0.0, 1.0), Logistic(8.0, 1.0)]).fit(x)
    assert np.all(np.diff(far.history_) > -1e-9)
    assert far.log_likelihood_ == pytest.approx(exact.log_likelihood_, rel=1e-9)


def test_without_being_taken_back_they_would_fall(x):
    class Unconfirmed(FarLogistic):
        stepwise = False

    with pytest.warns(UserWarning, match="lowered the log-likelihood"):
        model = MixtureModel([Unconfirmed(0.0, 1.0), Unconfirmed(8.0, 1.0)]).fit(x)
    assert not model.converged_


def test_steps_beside_a_family_in_numpy_are_those_beside_the_compiled_one(x):
    compiled = MixtureModel([Logistic(0.0, 1.0), Normal(8.0, 1.0)], accelerate=None).fit(x)
    interpreted = MixtureModel([Logistic(0.0, 1.0), NormalInNumpy(8.0, 1.0)]).fit(x)
    assert interpreted.log_likelihood_ == pytest.approx(compiled.log_likelihood_, rel=1e-12)
    assert interpreted.components_[0].loc == pytest.approx(compiled.components_[0].loc, rel=1e-6)


@pytest.mark.filterwarnings("ignore:EM made max_iter")
def test_a_family_in_numpy_forgets_the_sweep_of_a_step_that_is_taken_back(x):
    start = [FarLogistic(0.0, 1.0), FarLogistic(7.0, 2.0)]
    compiled = MixtureModel([*start, Normal(4.0, 3.0)], max_iter=40, accelerate=None).fit(x)
    interpreted = MixtureModel([*start, NormalInNumpy(4.0, 3.0)], max_iter=40).fit(x)
    np.testing.assert_allclose(interpreted.history_, compiled.history_, rtol=1e-10)


def test_a_frozen_parameter_stays_while_the_other_steps(x):
    model = MixtureModel([Logistic(loc=0.25).freeze("loc"), Logistic()]).fit(x)
    assert model.components_[0].loc == 0.25
    assert model.converged_


def test_a_step_that_is_halved_because_of_another_leaf_keeps_its_mean(x, rng):
    """From size 5 a negative binomial goes to a Poisson in one step; on a straight line its mean would explode."""
    counts = rng.binomial(20, 0.4, len(x)).astype(float)
    part = Product([NegativeBinomial(5.0, 0.3), FarLogistic(0.0, 1.0)])
    rows = np.column_stack([counts, x])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        other = Product([NegativeBinomial(5.0, 0.4), FarLogistic(8.0, 1.0)])
        model = MixtureModel([part, other], max_iter=40).fit(rows)
    assert np.all(np.diff(model.history_) > -1e-9)
    assert all(part.parts[0].size > 1e6 for part in model.components_)


class Overflowing(NormalInNumpy):
    def log_pdf(self, x):
        return super().log_pdf(x) + 1.0 / np.exp(x + 800.0)  # a term that vanishes where the exponential overflows


def test_the_interpreted_loop_is_as_silent_as_compiled_code(x):
    engine = engine_of([Overflowing(0.0, 1.0), Normal(8.0, 1.0)], X=x[:, np.newaxis])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        em.run(engine, observed(x[:, np.newaxis]), tol=1.0, max_iter=3)
    assert np.isfinite(engine.history).all()
