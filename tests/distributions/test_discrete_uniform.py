"""The discrete uniform distribution at its edges; what holds for every family is in the law."""

import numpy as np
import pytest

from distributions import DiscreteUniform, InvalidDataError, InvalidParameterError, Poisson
from mixtures import MixtureModel

INF = np.inf


def test_a_die():
    die = DiscreteUniform(1, 6)
    np.testing.assert_allclose(die.pdf([0, 1, 6, 7, 2.5]), [0, 1 / 6, 1 / 6, 0, 0])
    np.testing.assert_allclose(die.cdf([0.9, 1, 3.5, 6, INF, -INF]), [0, 1 / 6, 0.5, 1, 1, 0])
    np.testing.assert_array_equal(die.ppf([0.0, 1 / 6, 0.17, 0.5, 1.0]), [1, 1, 2, 3, 6])
    assert die.mean == 3.5 and die.var == pytest.approx(35 / 12)


def test_ends_that_cross_are_refused():
    with pytest.raises(InvalidParameterError, match="low must not be above high"):
        DiscreteUniform(3, 2)


def test_a_frozen_end_bounds_the_data():
    assert DiscreteUniform(low=0.0).freeze("low").fit([3, 7]) == DiscreteUniform(0.0, 7.0).freeze("low")
    with pytest.raises(InvalidDataError, match=r"a whole number from 4.0 to inf; 1 of 2 rows"):
        DiscreteUniform(low=4.0).freeze("low").fit([3, 7])


def test_constant_data_are_a_point():
    assert DiscreteUniform().fit([5, 5]) == DiscreteUniform(5.0, 5.0)
    assert DiscreteUniform(5.0, 5.0).log_pdf([5.0, 6.0]).tolist() == [0.0, -INF]


def test_as_a_background_of_counts():
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.poisson(20, 2000), rng.integers(0, 101, 1000)])
    model = MixtureModel([Poisson(), DiscreteUniform(0, 100).freeze()], rng=0).fit(x)
    assert model.components_[0].rate == pytest.approx(20.0, rel=0.02)
    assert model.weights_[1] == pytest.approx(1 / 3, abs=0.03)
