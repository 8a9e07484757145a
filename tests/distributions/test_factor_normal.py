"""Factor analysis as a multivariate normal: its equations, a peer, Heywood cases, what is refused."""

import numpy as np
import pytest
from sklearn.decomposition import FactorAnalysis

from distributions import FactorNormal, InvalidParameterError, MultivariateNormal

LOADINGS = np.array([[1.0, 0.0], [2.0, 1.0], [0.5, -2.0], [1.0, 1.0], [0.0, 1.5], [-1.0, 0.5]])
TRUTH = FactorNormal(np.arange(6.0), LOADINGS, np.linspace(0.5, 2.0, 6), rank=2)


def test_the_density_is_that_of_the_normal_with_its_covariance():
    x = TRUTH.sample(50, rng=0)
    np.testing.assert_allclose(TRUTH.log_pdf(x), MultivariateNormal(TRUTH.mean, TRUTH.cov).log_pdf(x), rtol=1e-12)


@pytest.mark.parametrize("rank", [1, 2])
def test_scikit_learn_finds_no_more(rank):
    truth = FactorNormal(TRUTH.mean, LOADINGS[:, :rank], TRUTH.noise, rank=rank)
    x = truth.sample(300, rng=1)
    fitted = FactorNormal(rank=rank).fit(x)
    peer = FactorAnalysis(rank, tol=1e-5, max_iter=5000, svd_method="lapack").fit(x)
    reached, wanted = fitted.log_likelihood(x), float(peer.score_samples(x).sum())
    assert reached >= wanted - 1e-8 * abs(wanted)
    assert reached == pytest.approx(wanted, rel=1e-5)


def test_the_fit_solves_the_equations_of_the_maximum():
    x, weight = TRUTH.sample(300, rng=2), np.random.default_rng(3).uniform(0.2, 3.0, 300)
    fitted = FactorNormal(rank=2).fit(x, weight)
    away = x - np.average(x, axis=0, weights=weight)
    scatter = (away * weight[:, np.newaxis]).T @ away / weight.sum()
    inverse = np.linalg.inv(fitted.cov)
    gradient = inverse @ (scatter - fitted.cov) @ inverse
    np.testing.assert_allclose(np.diag(gradient), 0.0, atol=1e-7)
    np.testing.assert_allclose(gradient @ fitted.loadings, 0.0, atol=1e-7)
    within = fitted.loadings.T / fitted.noise @ fitted.loadings
    np.testing.assert_allclose(within, np.diag(np.diag(within)), atol=1e-6)


def test_free_parameters_do_not_count_rotations():
    assert TRUTH.n_parameters == 6 + (12 - 1) + 6
    assert TRUTH.freeze("loadings").n_parameters == 12


def test_a_factor_that_is_a_column_leaves_it_a_little_noise(rng):
    factor = rng.normal(size=400)
    x = np.column_stack([factor, *(factor + rng.normal(size=400) for _ in range(3))])
    fitted = FactorNormal(rank=1).fit(x)
    assert 0.0 < fitted.noise[0] <= 1.01e-10 * np.var(x[:, 0])
    assert np.isfinite(fitted.log_likelihood(x))


def test_too_many_factors_are_refused():
    with pytest.raises(InvalidParameterError, match="rank must be so small"):
        FactorNormal(rank=2).fit(np.random.default_rng(0).normal(size=(50, 4)))
    with pytest.raises(InvalidParameterError, match="rank must be a whole number"):
        FactorNormal(rank=0)
    with pytest.raises(InvalidParameterError, match="loadings must have rank = 1 columns"):
        FactorNormal(loadings=LOADINGS, rank=1)
