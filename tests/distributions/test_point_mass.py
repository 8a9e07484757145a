"""The point mass, alone and in mixtures; what holds for every family is in the law."""

import numpy as np
import pytest

from distributions import InvalidDataError, InvalidParameterError, MeasureWarning, Normal, PointMass, Poisson
from mixtures import MixtureModel

INF, NAN = np.inf, np.nan


def test_all_mass_lies_on_one_value():
    mass = PointMass(2.5)
    np.testing.assert_array_equal(mass.log_pdf([2.5, 2.0, INF, NAN]), [0.0, -INF, -INF, NAN])
    np.testing.assert_array_equal(mass.cdf([2.4, 2.5, INF, NAN]), [0.0, 1.0, 1.0, NAN])
    np.testing.assert_array_equal(mass.ppf([0.0, 0.3, 1.0, 1.1]), [2.5, 2.5, 2.5, NAN])
    np.testing.assert_array_equal(mass.sample(3), [2.5, 2.5, 2.5])


def test_its_place_is_given_and_stays():
    assert PointMass(0.0).n_parameters == 0
    assert PointMass(0.0).with_values(loc=3.0) == PointMass(3.0)
    with pytest.raises(TypeError):
        PointMass()
    with pytest.raises(InvalidParameterError, match="loc must be given"):
        PointMass(None)
    assert PointMass(3.0).fit([3.0, 3.0]) == PointMass(3.0)
    with pytest.raises(InvalidDataError, match=r"equal to 3.0; 1 of 2 rows"):
        PointMass(3.0).fit([3.0, 4.0])


def test_zeros_in_excess_of_poisson():
    rng = np.random.default_rng(0)
    x = np.where(rng.random(4000) < 0.3, 0, rng.poisson(4.0, 4000))
    model = MixtureModel([PointMass(0.0), Poisson()], rng=0).fit(x)
    assert model.converged_
    assert model.weights_[0] == pytest.approx(0.3, abs=0.03)
    assert model.components_[1].rate == pytest.approx(4.0, rel=0.03)


def test_a_mass_beside_a_density_is_warned_of():
    rng = np.random.default_rng(0)
    x = np.where(rng.random(1000) < 0.3, 0.0, rng.normal(5.0, 1.0, 1000))
    with pytest.warns(MeasureWarning):
        model = MixtureModel([PointMass(0.0), Normal()], rng=0).fit(x)
    assert model.weights_[0] == pytest.approx(np.mean(x == 0.0), rel=1e-4)
    assert model.components_[1].mean == pytest.approx(x[x != 0].mean(), rel=1e-4)
