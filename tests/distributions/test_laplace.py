"""The Laplace distribution: its median, and what happens where it has no maximum."""

import numpy as np
import pytest

from distributions import DegenerateDataError, Laplace, Normal
from mixtures import MixtureModel


def test_an_even_number_of_rows_gives_the_midpoint_however_it_is_written():
    for x, weight in (
        ([4.0, 1.0, 2.0, 9.0], None),
        ([4.0, 1.0, 2.0, 9.0], [0.1] * 4),
        ([9.0, 2.0, 1.0, 4.0], [3.0, 3.0, 3.0, 3.0]),
        ([1.0, 2.0, 4.0, 9.0, 5.0], [0.3, 0.3, 0.3, 0.3, 0.0]),
    ):
        fitted = Laplace().fit(x, weight)
        assert (fitted.loc, fitted.scale) == pytest.approx((3.0, 2.5))


def test_ties_and_weights_give_the_weighted_median():
    fitted = Laplace().fit([1.0, 2.0, 2.0, 2.0, 7.0], [5.0, 1.0, 1.0, 1.0, 1.0])
    assert (fitted.loc, fitted.scale) == pytest.approx((1.0, 1.0))


def test_a_frozen_parameter_leaves_the_other_its_maximum():
    x = [1.0, 2.0, 6.0]
    assert Laplace(loc=0.0).freeze("loc").fit(x).scale == pytest.approx(3.0)
    assert Laplace(scale=9.0).freeze("scale").fit(x).loc == 2.0


def test_constant_data_have_no_maximum_unless_the_scale_is_frozen():
    with pytest.raises(DegenerateDataError, match="scale"):
        Laplace().fit([3.0, 3.0, 3.0])
    assert Laplace(scale=2.0).freeze("scale").fit([3.0, 3.0]).loc == 3.0
    assert Laplace(loc=2.0).freeze("loc").fit([3.0, 3.0]).scale == 1.0


def test_in_a_mixture_a_component_on_equal_rows_is_held_at_the_floor_and_said_so(rng):
    x = np.r_[np.full(60, 3.0), rng.normal(30.0, 2.0, 100)]
    with pytest.warns(UserWarning, match="collapsed onto 60 rows: its scale was held at the floor"):
        model = MixtureModel([Laplace(3.0, 1e-6), Normal(30.0, 2.0)]).fit(x)
    assert model.components_[0].loc == 3.0
