"""Limits of the concentrations, starts from afar, and the beta-binomial."""

import numpy as np
import pytest
import scipy.stats

from distributions import DirichletMultinomial, InvalidParameterError, Multinomial

TRUTH = DirichletMultinomial([0.7, 3.0, 1.5], trials=25)
ROWS = TRUTH.sample(400, rng=0)


def test_two_columns_are_a_beta_binomial():
    k = np.arange(31.0)
    wanted = scipy.stats.betabinom.logpmf(k, 30, 0.4, 7.0)
    got = DirichletMultinomial([0.4, 7.0], trials=30).log_pdf(np.column_stack([k, 30 - k]))
    assert np.allclose(got, wanted, rtol=1e-10)


@pytest.mark.parametrize("start", [[1e-6] * 3, [1e6, 1e-3, 3.0], [1e9] * 3])
def test_every_start_leads_to_the_maximum(start):
    best = DirichletMultinomial().fit(ROWS)
    assert np.allclose(DirichletMultinomial(start).fit(ROWS).concentration, best.concentration, rtol=1e-6)


def test_rows_that_vary_too_little_give_a_multinomial():
    rows = [[5, 10, 5]] * 20 + [[6, 9, 5]] * 10 + [[5, 10, 5]] * 10
    fitted = DirichletMultinomial().fit(rows)
    assert fitted.concentration.max() == 1e10
    assert fitted.log_likelihood(rows) == pytest.approx(Multinomial().fit(rows).log_likelihood(rows), abs=1e-5)


def test_a_column_of_zeros_has_no_concentration():
    rows = np.column_stack([ROWS, np.zeros(len(ROWS))])
    fitted = DirichletMultinomial().fit(rows)
    assert np.allclose(fitted.concentration[:3], DirichletMultinomial().fit(ROWS).concentration, rtol=1e-6)
    assert fitted.concentration[3] == 1e-10


def test_single_trials_tell_the_proportions():
    fitted = DirichletMultinomial().fit([[1, 0], [0, 1], [0, 1], [0, 1]])
    assert np.allclose(fitted.pdf([[1, 0], [0, 1]]), [0.25, 0.75])
    assert np.isfinite(DirichletMultinomial().fit([[0, 0]]).log_pdf([[3, 1]])[0])


def test_rows_all_in_one_category_are_fitted():
    rows = [[9, 0], [0, 7], [8, 0], [0, 3]]
    fitted = DirichletMultinomial().fit(rows)
    assert fitted.concentration.max() < 1e-6
    assert np.allclose(fitted.pdf(rows), 0.5, rtol=1e-4)


def test_one_column_is_refused():
    with pytest.raises(InvalidParameterError, match="at least 2 entries"):
        DirichletMultinomial([1.0])
