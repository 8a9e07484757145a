"""Totals, missing categories, and masses of large counts."""

import mpmath
import numpy as np
import pytest

from distributions import (
    InvalidDataError,
    InvalidParameterError,
    Multinomial,
    MultivariateBernoulli,
    UnknownParameterError,
)
from mixtures import MixtureModel


def test_rows_of_any_total_or_of_one():
    x = [[1, 2, 1], [0, 0, 0], [2, 0, 0]]
    assert np.allclose(Multinomial([0.5, 0.25, 0.25]).pdf(x), [12 * 0.5 * 0.25**3, 1.0, 0.25])
    assert np.allclose(Multinomial([0.5, 0.25, 0.25], trials=4).pdf(x), [12 * 0.5 * 0.25**3, 0.0, 0.0])
    with pytest.raises(InvalidDataError, match="whole numbers >= 0 of sum 4; 2 of 3 rows"):
        Multinomial(trials=4).fit(x)


def test_rows_without_a_count_say_nothing():
    assert Multinomial().fit([[0, 0], [1, 3]]) == Multinomial([0.25, 0.75])
    assert np.isfinite(Multinomial().fit([[0, 0]]).log_pdf([[0, 0]])[0])


def test_large_counts_do_not_cancel():
    row, prob = [2 * 10**8 + 11, 3 * 10**8 - 40, 5 * 10**8 + 29], [0.2, 0.3, 0.5]
    with mpmath.workdps(40):
        exact = mpmath.loggamma(sum(row) + 1)
        for k, p in zip(row, prob, strict=True):
            exact += k * mpmath.log(mpmath.mpf(p)) - mpmath.loggamma(k + 1)
    # The probabilities themselves are rounded, 1e9 times: relative to that nothing is lost.
    assert Multinomial(prob).log_pdf([row])[0] == pytest.approx(float(exact), abs=1e9 * 2e-16)


@pytest.mark.parametrize("trials", [0, -3, 2.5, "5", True])
def test_bad_trials_are_named(trials):
    with pytest.raises(InvalidParameterError, match="trials must be a whole number >= 1"):
        Multinomial(trials=trials)


def test_columns_are_unknown_before_the_fit():
    assert Multinomial().n_columns is None
    with pytest.raises(UnknownParameterError, match="Fit it first"):
        Multinomial().n_parameters  # noqa: B018
    assert Multinomial([0.5, 0.3, 0.2]).n_parameters == 2
    assert MultivariateBernoulli([0.5, 0.3]).n_parameters == 2


def test_latent_classes_are_found():
    classes = [MultivariateBernoulli([0.9, 0.8, 0.9, 0.1, 0.2]), MultivariateBernoulli([0.2, 0.1, 0.3, 0.8, 0.7])]
    truth = MixtureModel(classes, weights=[0.4, 0.6])
    x = truth.sample(5000, rng=0)
    model = MixtureModel(MultivariateBernoulli(), n_components=2).fit(x)
    assert model.converged_
    assert model.log_likelihood_ >= truth.log_likelihood(x)
    order = np.argsort(model.weights_)
    components = [model.components_[k] for k in order]
    assert np.allclose([c.prob for c in components], [c.prob for c in classes], atol=0.05)


def test_a_column_without_ones_is_fitted():
    fitted = MultivariateBernoulli().fit([[0, 1], [0, 0]])
    assert fitted == MultivariateBernoulli([0.0, 0.5])
    assert fitted.log_pdf([[1, 0]])[0] == -np.inf
