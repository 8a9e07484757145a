"""The uniform distribution at its edges; what holds for every family is in the law."""

import numpy as np
import pytest

from distributions import DegenerateDataError, InvalidDataError, InvalidParameterError, Normal, Uniform
from mixtures import MixtureModel

INF, NAN = np.inf, np.nan


def test_both_ends_belong_to_the_support():
    d = Uniform(1.0, 3.0)
    np.testing.assert_array_equal(
        d.log_pdf([1.0, 3.0, np.nextafter(1.0, 0.0), np.nextafter(3.0, 4.0), INF, -INF, NAN]),
        [-np.log(2.0)] * 2 + [-INF] * 4 + [NAN],
    )
    np.testing.assert_array_equal(d.cdf([0.0, 1.0, 2.0, 3.0, INF, NAN]), [0.0, 0.0, 0.5, 1.0, 1.0, NAN])
    np.testing.assert_array_equal(d.ppf([0.0, 0.25, 1.0, -0.1, 1.1, NAN]), [1.0, 1.5, 3.0, NAN, NAN, NAN])


def test_ends_in_the_wrong_order_are_refused():
    for low, high in ((3.0, 1.0), (2.0, 2.0)):
        with pytest.raises(InvalidParameterError, match="low must be below high"):
            Uniform(low, high)


def test_frozen_ends_narrow_the_support_and_stay():
    held = Uniform(low=0.0).freeze("low")
    assert (held.support.low, held.support.high) == (0.0, INF)
    assert held.fit([1.0, 4.0]) == Uniform(0.0, 4.0).freeze("low")
    with pytest.raises(InvalidDataError, match="1 of 2 rows"):
        held.fit([1.0, -4.0])


def test_units_and_offsets_move_the_ends_exactly():
    x = np.array([1.0, 5.0, 2.0])
    for unit, offset in ((2.0**-30, 0.0), (2.0**30, 0.0), (1.0, 1e8)):
        fitted = Uniform().fit(x * unit + offset)
        assert (fitted.low, fitted.high) == (unit + offset, 5.0 * unit + offset)


def test_constant_data_have_no_maximum():
    for x in ([2.0], [1e8 / 3] * 5, [0.0, 0.0]):
        with pytest.raises(DegenerateDataError, match="grows without bound in low, high"):
            Uniform().fit(x)
    with pytest.raises(DegenerateDataError, match="grows without bound in high"):
        Uniform(low=2.0).freeze("low").fit([2.0])


def test_over_takes_the_range_of_the_data_and_holds_it():
    d = Uniform.over([3.0, 1.0, 2.0])
    assert d == Uniform(1.0, 3.0).freeze()
    with pytest.raises(InvalidDataError):
        Uniform.over([1.0, NAN])
    with pytest.raises(InvalidParameterError):
        Uniform.over([1.0, 1.0])


def test_a_background_leaves_the_peak_alone_in_a_compiled_mixture():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(5.0, 0.5, 3000), rng.uniform(-20.0, 40.0, 1000)])
    model = MixtureModel([Normal(), Uniform.over(x)], rng=0).fit(x)
    assert model.weights_[0] == pytest.approx(0.75, abs=0.03)
    assert model.components_[0].std == pytest.approx(0.5, rel=0.1)
    assert model.components_[1] == Uniform.over(x)
    assert model.components_[1].kernels is not None
