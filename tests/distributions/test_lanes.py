"""Vectors in registers: each operation against NumPy, in one register and in several."""

import numpy as np
import pytest

from distributions.kernels import compiled
from distributions.lanes import (
    REGISTER,
    add,
    alternate,
    join,
    larger,
    load,
    multiply,
    multiply_add,
    quarter,
    spread,
    store,
    subtract,
)
from distributions.lanes import total as total_of
from distributions.lanes import totals as totals_of
from distributions.special import exp_of_difference, exp_of_differences

WIDE = 4 * REGISTER


@compiled
def arithmetic(a, b, number, out):
    """Fill the rows of out with results of WIDE lanes, of narrower ones repeated, and of numbers."""
    x, y, narrow = load(a, 0, WIDE), load(b, 0, WIDE), load(b, 0, REGISTER)
    store(out, 0, add(x, y))
    store(out, WIDE, subtract(x, y))
    store(out, 2 * WIDE, multiply(x, y))
    store(out, 3 * WIDE, multiply_add(x, y, spread(number, WIDE)))
    store(out, 4 * WIDE, subtract(x, number))
    store(out, 5 * WIDE, multiply(number, x))
    store(out, 6 * WIDE, multiply_add(narrow, x, y))
    store(out, 7 * WIDE, multiply(narrow, x))


@compiled
def rearranged(a, out):
    """Fill out with the quarters of a in another order."""
    x = load(a, 0, WIDE)
    store(out, 0, join(quarter(x, 2), quarter(x, 0), quarter(x, 3), quarter(x, 1)))


@compiled
def sums(a, out):
    """Fill out with the sums of the quarters; return the sum of a quarter of a."""
    store(out, 0, totals_of(load(a, 0, WIDE)))
    return total_of(load(a, REGISTER, REGISTER))


@compiled
def shifted(matrix, at, out):
    """Copy a register from a flat place of a matrix to that place of out."""
    store(out, at, load(matrix, at, REGISTER))


def test_arithmetic_is_that_of_numpy(rng):
    a, b, out = rng.normal(size=WIDE), rng.normal(size=WIDE), np.empty((8, WIDE))
    arithmetic(a, b, 0.3, out)
    narrow = np.tile(b[:REGISTER], 4)
    expected = [a + b, a - b, a * b, a * b + 0.3, a - 0.3, 0.3 * a, narrow * a + b, narrow * a]
    np.testing.assert_allclose(out, expected, rtol=1e-14, atol=1e-15)


def test_lanes_do_not_touch_each_other():
    a, b, out = np.ones(WIDE), np.ones(WIDE), np.empty((8, WIDE))
    a[1], a[2] = np.nan, np.inf
    arithmetic(a, b, 0.5, out)
    others = np.delete(np.arange(WIDE), [1, 2]) if WIDE > 8 else np.arange(3, WIDE)
    assert np.isfinite(out[:, others]).all()
    assert np.isnan(out[:, 1]).all()
    assert np.isinf(out[:, 2]).all()


def test_quarters_are_joined_in_any_order(rng):
    a, out = rng.normal(size=WIDE), np.empty(WIDE)
    rearranged(a, out)
    np.testing.assert_array_equal(out.reshape(4, -1), a.reshape(4, -1)[[2, 0, 3, 1]])


def test_sums_over_lanes(rng):
    a, out = rng.normal(size=WIDE), np.empty(4)
    assert sums(a, out) == pytest.approx(a[REGISTER : 2 * REGISTER].sum(), rel=1e-13)
    np.testing.assert_allclose(out, a.reshape(4, -1).sum(axis=1), rtol=1e-13)


def test_places_are_flat_and_need_no_alignment(rng):
    matrix = rng.normal(size=(3, REGISTER + 1))
    out = np.zeros_like(matrix)
    shifted(matrix, REGISTER + 2, out)
    expected = np.zeros(matrix.size)
    expected[REGISTER + 2 : 2 * REGISTER + 2] = matrix.ravel()[REGISTER + 2 : 2 * REGISTER + 2]
    np.testing.assert_array_equal(out.ravel(), expected)


@compiled
def rounded(a, b, out):
    """Fill the rows of out with what keeps its rounding where sums may be reordered."""
    x, y = load(a, 0, WIDE), load(b, 0, WIDE)
    store(out, 0, (x + 1e16) - 1e16)
    store(out, WIDE, x - (x - y))
    store(out, 2 * WIDE, x / y)
    store(out, 3 * WIDE, larger(x, y))


@compiled
def exponentials(x, in_lanes, one_by_one):
    """Fill both with exp of differences."""
    for i in range(0, x.size, WIDE):
        store(in_lanes, i, exp_of_differences(load(x, i, WIDE)))
    for i in range(x.size):
        one_by_one[i] = exp_of_difference(x[i])


def test_operators_round_as_numpy_does(rng):
    a, b, out = rng.normal(size=WIDE), rng.normal(size=WIDE), np.empty((4, WIDE))
    a[3], b[5] = np.nan, np.nan
    rounded(a, b, out)
    expected = [(a + 1e16) - 1e16, a - (a - b), a / b, np.where(a > b, a, b)]
    np.testing.assert_array_equal(out, expected)


def test_the_exponential_of_lanes_is_that_of_each(rng):
    edges = [0.0, -0.0, -708.39, -708.396, -708.4, -1e308, -np.inf, np.nan]
    x = np.concatenate([edges, -rng.exponential(1.0, 4 * WIDE), -rng.exponential(300.0, 4 * WIDE - len(edges))])
    in_lanes, one_by_one = np.empty(x.size), np.empty(x.size)
    exponentials(x, in_lanes, one_by_one)
    np.testing.assert_array_equal(in_lanes, one_by_one)


@compiled
def alternated(a, b, out):
    one, other = load(a, 0, 8), load(b, 0, 8)
    store(out, 0, alternate(one, other, 1, 0))
    store(out, 8, alternate(one, other, 1, 1))
    store(out, 16, alternate(one, other, 2, 1))
    store(out, 24, alternate(one, other, 4, 0))


def test_groups_of_two_vectors_alternate():
    a, b, out = np.arange(8.0), np.arange(10.0, 18.0), np.empty(32)
    alternated(a, b, out)
    assert out[:8].tolist() == [0, 10, 2, 12, 4, 14, 6, 16]
    assert out[8:16].tolist() == [1, 11, 3, 13, 5, 15, 7, 17]
    assert out[16:24].tolist() == [2, 3, 12, 13, 6, 7, 16, 17]
    assert out[24:].tolist() == [0, 1, 2, 3, 10, 11, 12, 13]
