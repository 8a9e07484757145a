"""Blocked loops of multivariate normals: against one line of NumPy each, for every way of cutting up a block."""

import numpy as np
import pytest

from distributions.lanes import REGISTER
from distributions.quadratic_forms import (
    WIDE,
    add_half_squares,
    add_half_squares_along_columns,
    add_moments,
    add_squares_along_columns,
)

DIMENSIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 32, 50]
ROWS = [0, 1, REGISTER - 1, REGISTER, WIDE - 1, WIDE, WIDE + 1, 3 * WIDE, 511]


def problem(rng, d, m, offset=0.0):
    """A block, its mean, and a lower triangular matrix; centred rows are exact also at an offset."""
    centred = np.round(rng.normal(size=(d, m)) * 2.0**20) / 2.0**20
    mean = offset + np.round(rng.normal(size=d) * 4.0) / 4.0
    root = np.tril(rng.normal(size=(d, d))) + np.eye(d)
    return centred, np.ascontiguousarray(centred + mean[:, np.newaxis]), mean, root


@pytest.mark.parametrize("offset", [0.0, 2.0**27])
@pytest.mark.parametrize("m", ROWS)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_half_squares_are_those_of_the_formula(rng, d, m, offset):
    centred, X, mean, root = problem(rng, d, m, offset)
    out = np.full(m, 0.25)
    add_half_squares(X, mean, root, -3.0, out)
    np.testing.assert_allclose(out, 0.25 - 3.0 - 0.5 * ((root @ centred) ** 2).sum(axis=0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 2.0**27])
@pytest.mark.parametrize("m", ROWS)
@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize("d", [1, 2, 5, 13])
def test_diagonal_ones_are_those_of_the_formula_for_any_number_of_components(rng, d, n, m, offset):
    centred, X, mean, _ = problem(rng, d, m, offset)
    means, roots = mean + np.arange(n)[:, np.newaxis], rng.uniform(0.1, 2.0, (n, d))
    constants, r = rng.normal(size=n), rng.uniform(size=(n, m))
    away = np.array([centred - k for k in range(n)])
    out, stats = np.full(n * m, 0.25), np.full((n, 1 + 2 * d), 0.5)
    add_half_squares_along_columns(X, means, roots, constants, out)
    squares = (away**2 * roots[:, :, np.newaxis] ** 2).sum(axis=1)
    expected = 0.25 + constants[:, np.newaxis] - 0.5 * squares
    np.testing.assert_allclose(out.reshape(n, m), expected, rtol=1e-12, atol=1e-12)
    add_squares_along_columns(X, r.ravel(), means, stats)
    np.testing.assert_allclose(stats[:, 0], 0.5 + r.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(stats[:, 1 : 1 + d], 0.5 + np.einsum("km,kjm->kj", r, away), rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(stats[:, 1 + d :], 0.5 + np.einsum("km,kjm->kj", r, away**2), rtol=1e-12)


def test_a_row_without_a_number_or_at_infinity_spoils_no_other(rng):
    _, X, mean, root = problem(rng, 6, WIDE + 3)
    expected, out = np.zeros(WIDE + 3), np.zeros(WIDE + 3)
    add_half_squares(X, mean, root, 0.0, expected)
    X[2, [0, WIDE]], X[3, 5] = np.nan, np.inf
    add_half_squares(X, mean, root, 0.0, out)
    odd = np.isin(np.arange(WIDE + 3), [0, 5, WIDE])
    assert not np.isfinite(out[odd]).any()
    np.testing.assert_array_equal(out[~odd], expected[~odd])


def moments(X, r, mean):
    """Statistics of a block, added to statistics of 0.5."""
    d = len(mean)
    stats = np.full(1 + d + d * d, 0.5)
    add_moments(X, r, mean, stats)
    return stats


def require_moments(stats, centred, r):
    """Check statistics against the formula, each relative to what its terms come to without their signs."""
    d = len(centred)
    first, second = centred @ r, (centred * r) @ centred.T
    of_columns = np.sqrt(np.diag(second))
    tolerance = 1e-12
    assert abs(stats[0] - 0.5 - r.sum()) <= tolerance * (r.sum() + 0.5)
    assert np.all(np.abs(stats[1 : 1 + d] - 0.5 - first) <= tolerance * (of_columns * np.sqrt(r.sum()) + 0.5))
    lower = np.tril_indices(d)
    error = np.abs(stats[1 + d :].reshape(d, d) - 0.5 - second)[lower]
    assert np.all(error <= tolerance * (np.outer(of_columns, of_columns)[lower] + 0.5))


@pytest.mark.parametrize("offset", [0.0, 2.0**27])
@pytest.mark.parametrize("m", ROWS)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_moments_are_those_of_the_formula(rng, d, m, offset):
    centred, X, mean, _ = problem(rng, d, m, offset)
    r = rng.uniform(size=m)
    require_moments(moments(X, r, mean), centred, r)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.1, 0.3, 0.6])
@pytest.mark.parametrize("m", [REGISTER, WIDE + 1, 480, 511])
@pytest.mark.parametrize("d", [1, 3, 4, 5, 10, 32])
def test_rows_without_weight_are_left_out_and_nothing_is_lost(rng, d, m, kept):
    centred, X, mean, _ = problem(rng, d, m)
    r = np.where(rng.uniform(size=m) < kept, rng.uniform(size=m), 0.0)
    stats = moments(X, r, mean)
    require_moments(stats, centred, r)
    present = r > 0.0
    require_moments(moments(X[:, present].copy(), r[present], mean), centred, r)
    if not present.any():
        np.testing.assert_array_equal(stats, 0.5)


@pytest.mark.parametrize("weight", [1e-250, 1e-15, 1.0, 1e250])
@pytest.mark.parametrize("tails", ["normal", "t"])
@pytest.mark.parametrize("d", [5, 20])
def test_rows_of_negligible_weight_are_left_out_and_nothing_is_lost(rng, d, tails, weight):
    """Responsibilities as they come in a mixture: of a normal beside one ten times as wide, out to where it is 0."""
    m = 480
    centred = rng.normal(size=(d, m)) if tails == "normal" else rng.standard_t(2.5, size=(d, m)) * 3.0
    centred[:, ::5] /= 50.0
    half_squares = 0.5 * (centred**2).sum(axis=0)
    r = weight / (1.0 + np.exp(np.minimum(0.99 * half_squares * 20.0 - d * np.log(10.0), 700.0)))
    assert 0 < np.sum(r < 1e-20 * r.sum()) < m
    stats = np.zeros(1 + d + d * d)
    add_moments(centred, r, np.zeros(d), stats)
    require_moments(stats / weight + 0.5, centred, r / weight)


def test_moments_of_two_halves_add_up_to_those_of_the_whole(rng):
    _, X, mean, _ = problem(rng, 7, 300)
    r = np.where(rng.uniform(size=300) < 0.5, rng.uniform(size=300), 1e-30)
    whole, halves = np.zeros(57), np.zeros(57)
    add_moments(X, r, mean, whole)
    add_moments(X[:, :140].copy(), r[:140].copy(), mean, halves)
    add_moments(X[:, 140:].copy(), r[140:].copy(), mean, halves)
    np.testing.assert_allclose(halves, whole, rtol=1e-12, atol=1e-12)


def test_blocks_are_not_changed(rng):
    _, X, mean, root = problem(rng, 6, 50)
    r = np.where(rng.uniform(size=50) < 0.2, 1.0, 0.0)
    before = X.copy(), r.copy(), mean.copy(), root.copy()
    add_half_squares(X, mean, root, 0.0, np.zeros(50))
    moments(X, r, mean)
    for now, then in zip((X, r, mean, root), before, strict=True):
        np.testing.assert_array_equal(now, then)
