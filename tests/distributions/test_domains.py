"""Domains: which values they hold, how they are stored, and where an iteration starts."""

import numpy as np
import pytest

from distributions.domains import (
    COUNTS,
    NON_NEGATIVE,
    POSITIVE,
    POSITIVE_DEFINITE,
    REAL,
    REAL_VECTOR,
    Domain,
)

VALUES = np.array([-np.inf, -1.0, -0.0, 0.0, 5e-324, 0.5, 2.0, 1e300, np.inf, np.nan])
INTERVAL = Domain("a number in (0, 2]", low=0.0, high=2.0, low_open=True)


@pytest.mark.parametrize(
    "domain, inside",
    [
        (REAL, [0, 1, 1, 1, 1, 1, 1, 1, 0, 0]),
        (POSITIVE, [0, 0, 0, 0, 1, 1, 1, 1, 0, 0]),
        (NON_NEGATIVE, [0, 0, 1, 1, 1, 1, 1, 1, 0, 0]),
        (COUNTS, [0, 0, 1, 1, 0, 0, 1, 1, 0, 0]),
        (INTERVAL, [0, 0, 0, 0, 1, 1, 1, 0, 0, 0]),
    ],
)
def test_contains_and_check_agree_on_what_lies_inside(domain, inside):
    np.testing.assert_array_equal(domain.contains(VALUES), np.array(inside, dtype=bool))
    for value, expected in zip(VALUES, inside, strict=True):
        if expected:
            assert domain.check(value) == value
        else:
            with pytest.raises(ValueError):
                domain.check(value)


def test_contains_keeps_the_shape():
    assert POSITIVE.contains(np.ones((2, 3))).shape == (2, 3)
    assert POSITIVE.contains(1.0).shape == ()


def test_a_vector_is_stored_as_a_read_only_copy():
    given = np.array([1, 2])
    kept = REAL_VECTOR.check(given)
    given[0] = 9
    np.testing.assert_array_equal(kept, [1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 5.0


@pytest.mark.parametrize("value", [3.0, [], [[1.0]], [1.0, np.nan], [1.0, np.inf], ["a"]])
def test_what_is_no_vector_is_refused(value):
    with pytest.raises((ValueError, TypeError)):
        REAL_VECTOR.check(value)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        [1.0, 2.0],
        [[1.0, 0.0]],
        np.empty((0, 0)),
        [[1.0, 2.0], [3.0]],
        [[1.0, 0.5], [0.4, 1.0]],  # not symmetric
        [[0.0, 0.0], [0.0, 1.0]],
        [[-1.0, 0.0], [0.0, 1.0]],
        [[1.0, 1.0], [1.0, 1.0]],  # singular
        [[1.0, 2.0], [2.0, 1.0]],  # indefinite
        [[1.0, np.nan], [np.nan, 1.0]],
    ],
)
def test_what_is_no_covariance_is_refused(value):
    with pytest.raises(ValueError):
        POSITIVE_DEFINITE.check(value)


def test_a_covariance_is_stored_as_a_read_only_copy_and_exactly_symmetric():
    given = np.array([[4.0, 1.0 + 1e-12], [1.0, 3.0]])
    kept = POSITIVE_DEFINITE.check(given)
    given[:] = 0.0
    np.testing.assert_array_equal(kept, kept.T)
    np.testing.assert_allclose(kept, [[4.0, 1.0], [1.0, 3.0]], rtol=1e-11)
    with pytest.raises(ValueError, match="read-only"):
        kept[0, 0] = 5.0


def test_definiteness_does_not_depend_on_the_units_of_the_columns():
    unequal = np.outer([1e-12, 1e12], [1e-12, 1e12]) * [[1.0, 0.5], [0.5, 1.0]]
    np.testing.assert_array_equal(POSITIVE_DEFINITE.check(unequal), unequal)
    with pytest.raises(ValueError):
        POSITIVE_DEFINITE.check(np.outer([1e-12, 1e12], [1e-12, 1e12]) * [[1.0, 1.5], [1.5, 1.0]])


@pytest.mark.parametrize(
    "domain, power, first",
    [
        (REAL, 1, 7.0),
        (REAL, 0, 0.0),
        (POSITIVE, 1, 2.0),
        (POSITIVE, -1, 0.5),
        (POSITIVE, 2, 4.0),
        (POSITIVE, 0, 1.0),
        (REAL_VECTOR, 1, [7.0, -1.0]),
        (POSITIVE_DEFINITE, 2, [[4.0, 0.0], [0.0, 9.0]]),
    ],
)
def test_a_first_value_follows_the_centre_and_scale_of_the_data(domain, power, first):
    value = domain.first_value(np.array([7.0, -1.0]), np.array([2.0, 3.0]), power)
    np.testing.assert_array_equal(value, first)


@pytest.mark.parametrize("domain", [REAL, POSITIVE, NON_NEGATIVE, INTERVAL, REAL_VECTOR, POSITIVE_DEFINITE])
def test_random_values_are_legal_and_differ(domain, rng):
    drawn = [domain.check(domain.random(rng, 3)) for _ in range(20)]
    assert len({str(value) for value in drawn}) == 20
    assert not any(np.any(value == 1.0) for value in drawn)
