"""The multivariate t distribution: against the univariate one, its limits, data without a maximum."""

import numpy as np
import pytest
import scipy.optimize

from distributions import DegenerateDataError, InvalidParameterError, MultivariateNormal, MultivariateStudentT, StudentT

SCALE = np.array([[2.0, 0.9], [0.9, 1.0]])


def test_one_column_is_student_t(rng):
    x = rng.standard_t(3.0, 400) * 2.0 + 5.0
    weight = rng.uniform(0.1, 2.0, 400)
    one, many = StudentT().fit(x, weight), MultivariateStudentT().fit(x[:, np.newaxis], weight)
    np.testing.assert_allclose([many.df, many.loc[0], many.scale[0, 0]], [one.df, one.loc, one.scale**2], rtol=1e-6)
    np.testing.assert_allclose(many.log_pdf(x[:, np.newaxis]), one.log_pdf(x), rtol=1e-6)


@pytest.mark.parametrize("df", [0.5, 1.0, 3.0, 20.0])
def test_no_general_optimiser_finds_more(df):
    x = MultivariateStudentT(df, [1.0, -2.0], SCALE).sample(150, rng=2)
    weight = np.random.default_rng(3).uniform(0.1, 3.0, len(x))
    fitted = MultivariateStudentT().fit(x, weight)
    best = fitted.log_likelihood(x, weight)

    def loss(u):
        root = np.array([[np.exp(u[2]), 0.0], [u[3], np.exp(u[4])]])
        return -MultivariateStudentT(np.exp(min(u[5], 13.0)), u[:2], root @ root.T).log_likelihood(x, weight)

    for seed in range(3):
        start = np.random.default_rng(seed).normal(size=6)
        found = scipy.optimize.minimize(loss, start, method="Nelder-Mead", options={"maxfev": 4000, "fatol": 1e-9})
        assert best >= -found.fun - 1e-8 * abs(best)


def test_light_tails_end_at_the_limit_which_is_the_normal(rng):
    x = rng.uniform(-1.0, 1.0, (300, 2))
    fitted, normal = MultivariateStudentT().fit(x), MultivariateNormal().fit(x)
    assert fitted.df == 1e6
    np.testing.assert_allclose(fitted.log_likelihood(x), normal.log_likelihood(x), atol=1e-2)


def test_with_df_frozen_loc_and_scale_solve_their_equations(rng):
    x = MultivariateStudentT(2.0, [1.0, -2.0], SCALE).sample(200, rng)
    fitted = MultivariateStudentT(df=2.0).freeze("df").fit(x)
    away = x - fitted.loc
    u = 4.0 / (2.0 + np.einsum("ij,jk,ik->i", away, np.linalg.inv(fitted.scale), away))
    np.testing.assert_allclose(u @ away / len(x), 0.0, atol=1e-7)
    np.testing.assert_allclose((u[:, np.newaxis] * away).T @ away / len(x), fitted.scale, rtol=1e-6)


def test_rows_on_a_line_have_no_maximum(rng):
    x = np.outer(rng.normal(size=50), [1.0, 2.0])
    with pytest.raises(DegenerateDataError, match="scale"):
        MultivariateStudentT().fit(x)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(InvalidParameterError, match="loc has 3 entries"):
        MultivariateStudentT(3.0, [0.0, 0.0, 0.0], SCALE)


def test_moments_that_do_not_exist_are_infinite_or_nan():
    assert np.isinf(MultivariateStudentT(1.5, [0.0, 0.0], SCALE).var).all()
    assert np.isnan(MultivariateStudentT(1.0, [0.0, 0.0], SCALE).mean).all()
