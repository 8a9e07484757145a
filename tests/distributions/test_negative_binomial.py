"""The negative binomial distribution at its edges; what holds for every family is in the law."""

import numpy as np
import pytest
import scipy.stats

from distributions import Geometric, InvalidParameterError, NegativeBinomial, Poisson

INF, NAN = np.inf, np.nan


def test_named_constructors():
    made = NegativeBinomial.from_mean_dispersion(7.0, 0.4)
    assert made.mean == pytest.approx(7.0) and made.var == pytest.approx(7.0 + 0.4 * 49.0)
    assert made == NegativeBinomial.from_mean_size(7.0, 2.5)
    for bad in ((0.0, 1.0), (1.0, 0.0), (INF, 1.0), ("one", 1.0)):
        with pytest.raises(InvalidParameterError, match="must be a finite number > 0"):
            NegativeBinomial.from_mean_size(*bad)
        with pytest.raises(InvalidParameterError, match="must be a finite number > 0"):
            NegativeBinomial.from_mean_dispersion(*bad)


def test_size_one_is_geometric():
    x = [0.0, 1.0, 7.0, 1e6]
    np.testing.assert_allclose(NegativeBinomial(1.0, 0.01).log_pdf(x), Geometric(0.01).log_pdf(x), rtol=1e-14)


@pytest.mark.parametrize("counts", [[5], [5, 5, 5], [0, 1, 0, 1, 1], [1e6, 1e6 + 1]])
def test_counts_that_vary_too_little_are_poisson(counts):
    fitted, limit = NegativeBinomial().fit(counts), Poisson().fit(counts)
    assert fitted.mean == pytest.approx(limit.mean, rel=1e-6)
    assert fitted.log_likelihood(counts) == pytest.approx(limit.log_likelihood(counts), rel=1e-8)


def test_counts_that_are_all_zero():
    assert NegativeBinomial().fit([0, 0]).prob == 1.0
    assert NegativeBinomial(3.0, 0.5).freeze("size").fit([0, 0]) == NegativeBinomial(3.0, 1.0).freeze("size")
    small = NegativeBinomial(3.0, 0.5).freeze("prob").fit([0, 0])
    assert small.log_likelihood([0, 0]) == pytest.approx(0.0, abs=1e-9)
    assert NegativeBinomial(2.0, 1.0).log_pdf([0.0, 1.0]).tolist() == [0.0, -INF]


def test_a_frozen_size_has_its_prob_in_closed_form():
    fitted = NegativeBinomial(size=2.0).freeze("size").fit([1, 5, 2], sample_weight=[1.0, 2.0, 1.0])
    assert fitted.prob == pytest.approx(2.0 / (2.0 + 3.25), rel=1e-15)


def test_published_counts_of_accidents():
    # Greenwood & Yule (1920): accidents of 647 women; fitted by many since, size 0.865, mean 0.465.
    fitted = NegativeBinomial().fit(np.arange(6), sample_weight=[447, 132, 42, 21, 3, 2])
    assert fitted.size == pytest.approx(0.8651, abs=2e-4)
    assert fitted.mean == pytest.approx(301 / 647, rel=1e-12)


@pytest.mark.parametrize("prob", [1e-12, 1e-3, 0.9])
def test_quantiles_at_both_ends(prob):
    many = NegativeBinomial(2.0, prob)
    q = np.array([1e-12, 1e-3, 0.5, 1 - 1e-9])
    wanted = scipy.stats.gamma(2.0).ppf(q) / prob
    if prob < 1e-6:  # then it is a gamma distribution, rounded
        np.testing.assert_allclose(many.ppf(q), wanted, rtol=1e-5)
    assert np.all(many.cdf(many.ppf(q)) >= q)
