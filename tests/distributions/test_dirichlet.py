"""Degenerate rows, starts from afar, and rows in single precision."""

import numpy as np
import pytest

from distributions import DegenerateDataError, Dirichlet, InvalidDataError, InvalidParameterError

ROWS = np.random.default_rng(0).dirichlet([2.0, 5.0, 0.7], 300)


def test_equal_rows_have_no_maximum():
    for rows in ([[0.2, 0.3, 0.5]], [[0.2, 0.3, 0.5]] * 20, [[0.1] * 10] * 3):
        with pytest.raises(DegenerateDataError, match="concentration"):
            Dirichlet().fit(rows)


@pytest.mark.parametrize("start", [[1e-6] * 3, [1e10, 1e-5, 3.0], [1e11] * 3])
def test_every_start_leads_to_the_maximum(start):
    assert np.allclose(Dirichlet(start).fit(ROWS).concentration, Dirichlet().fit(ROWS).concentration, rtol=1e-9)


@pytest.mark.parametrize("size", [1e-1, 1e3, 1e6, 1e9])
def test_small_and_large_concentrations_are_recovered(size):
    truth = size * np.array([0.2, 0.3, 0.5])
    fitted = Dirichlet().fit(Dirichlet(truth).sample(20_000, rng=0))
    assert np.allclose(fitted.concentration, truth, rtol=0.05)


def test_rows_with_a_zero_are_refused_with_their_place():
    with pytest.raises(InvalidDataError, match=r"1 of 3 rows \(first: row 1, 0, 1\)"):
        Dirichlet().fit([[0.5, 0.5], [0.0, 1.0], [0.2, 0.8]])
    assert Dirichlet([2.0, 3.0]).log_pdf([[0.0, 1.0], [0.6, 0.6], [np.nan, 0.5]])[:2].tolist() == [-np.inf] * 2


def test_single_precision_gives_nearly_the_same_fit():
    single = Dirichlet().fit(ROWS.astype(np.float32)).concentration
    assert np.allclose(single, Dirichlet().fit(ROWS).concentration, rtol=1e-4)


def test_one_column_is_refused():
    with pytest.raises(InvalidParameterError, match="at least 2 entries"):
        Dirichlet([1.0])
