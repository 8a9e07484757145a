"""Domains: which values they hold, how they are stored, and where an iteration starts."""

import numpy as np
import pytest

from distributions.domains import (
    COUNTS,
    NON_NEGATIVE,
    OPEN_UNIT,
    POSITIVE,
    POSITIVE_COUNTS,
    POSITIVE_DEFINITE,
    POSITIVE_VECTOR,
    PROBABILITY,
    REAL,
    REAL_VECTOR,
    SIMPLEX,
    UNIT_VECTOR,
    WHOLE,
    Domain,
    Points,
    Union,
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
        (PROBABILITY, [0, 0, 1, 1, 1, 1, 0, 0, 0, 0]),
        (OPEN_UNIT, [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]),
        (POSITIVE_COUNTS, [0, 0, 0, 0, 0, 0, 1, 1, 0, 0]),
        (WHOLE, [0, 1, 1, 1, 0, 0, 1, 1, 0, 0]),
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


@pytest.mark.parametrize(
    "domain",
    [
        REAL,
        POSITIVE,
        NON_NEGATIVE,
        INTERVAL,
        PROBABILITY,
        OPEN_UNIT,
        REAL_VECTOR,
        POSITIVE_VECTOR,
        SIMPLEX,
        UNIT_VECTOR,
        POSITIVE_DEFINITE,
    ],
)
def test_random_values_are_legal_and_differ(domain, rng):
    drawn = [domain.check(domain.random(rng, 3)) for _ in range(20)]
    assert len({str(value) for value in drawn}) == 20
    assert not any(np.any(value == 1.0) for value in drawn)


def test_rows_lie_inside_where_all_cells_do():
    rows = np.array([[1.0, 2.0], [1.0, 2.5], [-1.0, 2.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(COUNTS.holds(rows), [True, False, False, False])


def test_rows_of_proportions_and_directions_are_judged_whole():
    rows = np.array([[0.6, 0.4], [0.6, 0.8], [0.6, 0.5], [1.0, 0.0], [np.nan, 0.5], [np.inf, 0.0]])
    np.testing.assert_array_equal(SIMPLEX.holds(rows), [True, False, False, False, False, False])
    np.testing.assert_array_equal(UNIT_VECTOR.holds(rows), [False, True, False, True, False, False])
    assert SIMPLEX.holds(np.array([[1.0, 2.0, 4.0]], dtype=np.float32) / np.float32(7)).all()


@pytest.mark.parametrize("domain", [REAL, POSITIVE, NON_NEGATIVE, INTERVAL, COUNTS, SIMPLEX, UNIT_VECTOR])
def test_a_range_is_sure_only_where_every_value_in_it_lies_inside(domain, rng):
    low, high = np.array([0.5, 0.5]), np.array([1.5, 1.5])
    sure = domain.holds_all(low, high)
    assert sure == (domain in (REAL, POSITIVE, NON_NEGATIVE, INTERVAL))
    assert not sure or domain.holds(rng.uniform(low, high, (1000, 2))).all()
    assert not POSITIVE.holds_all(np.array([0.0]), np.array([1.0]))
    assert not domain.holds_all(np.array([np.nan, 1.0]), high)


@pytest.mark.parametrize(
    "domain, good, bad",
    [
        (SIMPLEX, [0.25, 0.75], [0.3, 0.8]),
        (SIMPLEX, [0.0, 1.0], [-0.5, 1.5]),
        (UNIT_VECTOR, [0.6, -0.8], [0.6, 0.9]),
        (POSITIVE_VECTOR, [0.1, 7.0], [0.0, 1.0]),
    ],
)
def test_special_vectors_come_back_to_the_bit_and_others_are_refused(domain, good, bad):
    np.testing.assert_array_equal(domain.check(good), good)
    assert not domain.check(good).flags.writeable
    with pytest.raises(ValueError):
        domain.check(bad)


def test_proportions_and_directions_have_one_entry_less_to_choose():
    assert REAL_VECTOR.n_free([1.0, 2.0]) == POSITIVE_VECTOR.n_free([1.0, 2.0]) == 2
    assert SIMPLEX.n_free([0.5, 0.5]) == UNIT_VECTOR.n_free([0.6, 0.8]) == 1
    assert REAL.n_free(3.0) == 1


@pytest.mark.parametrize("domain", [SIMPLEX, UNIT_VECTOR, REAL_VECTOR])
def test_a_moved_vector_is_made_legal_again(domain, rng):
    moved = domain.random(rng, 3) * [1.1, 1.0, 1.0]
    assert domain.check(domain.project(moved)).shape == (3,)


def test_separate_values_are_listed_from_end_to_end():
    np.testing.assert_array_equal(COUNTS.values(-3.0, 2.5), [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(WHOLE.values(-1.5, 1.0), [-1.0, 0.0, 1.0])


def test_a_union_holds_what_one_of_its_domains_holds():
    both = Union.of([COUNTS, Points.of(np.array([-1.5, 2.5]), "one of two")], "either")
    np.testing.assert_array_equal(both.contains([-1.5, -1.0, 0.0, 2.5, 3.0, 3.5]), [1, 0, 1, 1, 1, 0])
    np.testing.assert_array_equal(both.values(-2.0, 3.0), [-1.5, 0.0, 1.0, 2.0, 2.5, 3.0])
    np.testing.assert_array_equal(both.holds(np.array([[0.0, 1.0], [0.0, 2.5]])), [True, False])
    assert both.discrete
    assert (both.low, both.high) == (-1.5, np.inf)
    assert Union.of([COUNTS, COUNTS], "either") is COUNTS
    assert not Union.of([COUNTS, REAL], "either").discrete


def test_intervals_meet_a_domain_where_they_hold_values_of_it():
    low, high = np.array([-3.0, -1.0, 0.0, 0.2, 2.0, 1.0, np.nan]), np.array([-2.0, 0.0, 0.5, 0.8, np.inf, 0.5, 1.0])
    points = Points.of(np.array([0.0, 0.5]), "0 or 1/2")
    both = Union.of([points, Domain("a number in [3, 4]", low=3.0, high=4.0)], "either")
    for domain, wanted in (
        (REAL, [True] * 5 + [False] * 2),
        (NON_NEGATIVE, [False, False, True, True, True, False, False]),
        (INTERVAL, [False, False, True, True, False, False, False]),
        (COUNTS, [False, True, False, False, True, False, False]),
        (points, [False, True, True, True, False, False, False]),
        (both, [False, True, True, True, True, False, False]),
    ):
        assert domain.meets(low, high).tolist() == wanted, domain.text
