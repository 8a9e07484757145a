"""Half-normal, Rayleigh and Maxwell at their edges; what holds for every family is in the law."""

import numpy as np
import pytest

from distributions import DegenerateDataError, HalfNormal, InvalidDataError, Maxwell, Rayleigh

INF, NAN = np.inf, np.nan


def test_zero_belongs_to_the_half_normal_only():
    peak = HalfNormal(2.0).log_pdf(0.0)
    np.testing.assert_array_equal(HalfNormal(2.0).log_pdf([-0.0, -5e-324, INF, NAN]), [peak, -INF, -INF, NAN])
    assert np.exp(peak) == pytest.approx(np.sqrt(2.0 / np.pi) / 2.0, rel=1e-15)
    assert HalfNormal().fit([0.0, 2.0]).scale == pytest.approx(np.sqrt(2.0), rel=1e-15)
    for family in (Rayleigh, Maxwell):
        np.testing.assert_array_equal(family(2.0).log_pdf([0.0, -1.0, INF, NAN]), [-INF, -INF, -INF, NAN])
        with pytest.raises(InvalidDataError, match="> 0; 1 of 2 rows"):
            family().fit([1.0, 0.0])


def test_zeros_alone_have_no_maximum():
    with pytest.raises(DegenerateDataError, match="grows without bound in scale"):
        HalfNormal().fit([0.0, 0.0])


@pytest.mark.parametrize("family", [HalfNormal, Rayleigh, Maxwell])
def test_squares_neither_overflow_nor_vanish(family):
    for unit in (1e-150, 1e150):
        assert family().fit(np.array([1.0, 2.0, 3.0]) * unit).scale == pytest.approx(
            family().fit([1.0, 2.0, 3.0]).scale * unit, rel=1e-14
        )


@pytest.mark.parametrize("family", [HalfNormal, Rayleigh, Maxwell])
def test_quantiles_reach_from_zero_to_infinity(family):
    np.testing.assert_array_equal(family(2.0).ppf([0.0, 1.0, -0.1, 1.1, NAN]), [0.0, INF, NAN, NAN, NAN])
    np.testing.assert_array_equal(family(2.0).cdf([-1.0, 0.0, INF, NAN]), [0.0, 0.0, 1.0, NAN])


def test_they_are_lengths_of_vectors_of_normal_errors():
    rng = np.random.default_rng(0)
    errors = 3.0 * rng.standard_normal((3, 100_000))
    for k, family in enumerate((HalfNormal, Rayleigh, Maxwell), start=1):
        assert family().fit(np.sqrt(np.sum(errors[:k] ** 2, axis=0))).scale == pytest.approx(3.0, rel=0.01)
