"""The logarithmic series distribution at its edges; what holds for every family is in the law."""

import math

import numpy as np
import pytest

from distributions import LogSeries

INF, NAN = np.inf, np.nan


def test_at_prob_zero_all_mass_lies_on_one():
    one = LogSeries(0.0)
    np.testing.assert_array_equal(one.log_pdf([1.0, 2.0, 0.0, NAN]), [0.0, -INF, -INF, NAN])
    np.testing.assert_array_equal(one.cdf([0.0, 1.0, 9.0]), [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(one.ppf([0.0, 0.5, 1.0, 1.1]), [1.0, 1.0, 1.0, NAN])
    assert (one.mean, one.var) == (1.0, 0.0)
    assert LogSeries().fit([1, 1]) == one


@pytest.mark.parametrize("prob", [1e-12, 1e-5, 0.2, 0.5, 0.9, 1 - 1e-9, 1 - 1e-12])
def test_the_fit_inverts_the_mean(prob):
    mean = LogSeries(prob).mean
    excess = prob / 2 + prob**2 * 5 / 12 if prob < 1e-4 else mean - 1.0  # mean - 1 without cancellation
    fitted = LogSeries().fit([1.0, 1e15], sample_weight=[1.0 - excess / 1e15, excess / 1e15])
    assert fitted.prob == pytest.approx(prob, rel=1e-9)
    assert 1.0 - fitted.prob == pytest.approx(1.0 - prob, rel=1e-4)


@pytest.mark.parametrize("prob", [1e-6, 0.3, 0.5, 0.95, 0.9999])
def test_cdf_and_variance_are_sums(prob):
    x = np.arange(1.0, 400_000.0)
    mass = LogSeries(prob).pdf(x)
    np.testing.assert_allclose(LogSeries(prob).cdf(x[:3000]), np.cumsum(mass)[:3000], rtol=1e-12)
    mean = 1.0 + math.fsum(mass * (x - 1.0))
    assert LogSeries(prob).mean == pytest.approx(mean, rel=1e-11)
    assert LogSeries(prob).var == pytest.approx(math.fsum(mass * (x - 1.0) ** 2) - (mean - 1.0) ** 2, rel=1e-10)


def test_species_of_butterflies_by_individuals():
    # Fisher, Corbet & Williams (1943), table 1, up to 24 individuals.
    species = [118, 74, 44, 24, 29, 22, 20, 19, 20, 15, 12, 14, 6, 12, 6, 9, 9, 6, 10, 10, 11, 5, 3, 3]
    fitted = LogSeries().fit(np.arange(1, 25), sample_weight=species)
    assert fitted.mean == pytest.approx(np.average(np.arange(1, 25), weights=species), rel=1e-13)
