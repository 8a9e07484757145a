"""Squared distances and sums of products of many rows: nearly all the work of multivariate normals.

Both do some d^2 multiply-adds for each d numbers that they read, so their speed is decided by what stays in registers.
Only half of each triangular or symmetric matrix is computed.
"""

from __future__ import annotations

import numpy as np

from .kernels import compiled
from .lanes import REGISTER, add, join, load, multiply, multiply_add, quarter, spread, store, subtract, total, totals

WIDE = 4 * REGISTER  # independent sums enough to hide the latency of a multiply-add
PAIR = 2 * REGISTER  # the same, of each of two components
NEGLIGIBLE = 1e-20  # share of the weight of a block, see `rows_that_count`
PICKING = 20  # multiply-adds that picking a row costs for each of its numbers

# -------------------------------------------------------------------------------------------- squared distances


@compiled
def add_half_squares(X, mean, root, constant, out):
    """Add constant - |root (x - mean)|^2 / 2 for each row x of a block, shape (d, m); root is lower triangular."""
    d, m = X.shape
    whole = m - m % WIDE
    add_half_squares_of_panels(X, whole, mean, root, constant, out)
    if whole < m:
        rest, values = np.zeros((d, WIDE)), np.zeros(WIDE)
        for j in range(d):
            for i in range(m - whole):
                rest[j, i] = X[j, whole + i]
        add_half_squares_of_panels(rest, WIDE, mean, root, constant, values)
        for i in range(m - whole):
            out[whole + i] += values[i]


@compiled
def add_half_squares_of_panels(X, end, mean, root, constant, out):
    """Do it for the rows before ``end``, in panels of WIDE rows."""
    x = np.empty(mean.size * WIDE)
    for start in range(0, end, WIDE):
        squares = squares_of_panel(X, start, mean, root, x)
        store(out, start, multiply_add(-0.5, squares, add(load(out, start, WIDE), constant)))


@compiled
def squares_of_panel(X, start, mean, root, x):
    """Return |root (x - mean)|^2 for WIDE rows; ``x`` (d WIDE,) is where they are centred."""
    d, m = X.shape
    squares = spread(0.0, WIDE)
    if d % 2:
        x_a = subtract(load(X, start, WIDE), mean[0])
        store(x, 0, x_a)
        z = multiply(root[0, 0], x_a)
        squares = multiply(z, z)
    for a in range(d % 2, d, 2):  # two rows of root at once: each x that is loaded serves twice
        x_a = subtract(load(X, a * m + start, WIDE), mean[a])
        x_next = subtract(load(X, (a + 1) * m + start, WIDE), mean[a + 1])
        store(x, a * WIDE, x_a)
        store(x, (a + 1) * WIDE, x_next)
        z, z_next = multiply(root[a, a], x_a), multiply(root[a + 1, a], x_a)
        z_next = multiply_add(root[a + 1, a + 1], x_next, z_next)
        for b in range(a):
            x_b = load(x, b * WIDE, WIDE)
            z = multiply_add(root[a, b], x_b, z)
            z_next = multiply_add(root[a + 1, b], x_b, z_next)
        squares = multiply_add(z, z, multiply_add(z_next, z_next, squares))
    return squares


# ------------------------------------------------------------------------- both, of several diagonal matrices at once


@compiled
def add_half_squares_along_columns(X, means, roots, constants, out):
    """Add constant - sum_j (root_j (x_j - mean_j))^2 / 2 for each row x of a block, for several components.

    ``means`` and ``roots`` have shape (n, d), ``out`` (n m,). What is read of a block serves all of them.
    """
    d, m = X.shape
    whole = m - m % WIDE
    add_half_squares_of_components(X, whole, means, roots, constants, out)
    if whole < m:
        rest, values = np.zeros((d, WIDE)), np.zeros(constants.size * WIDE)
        for j in range(d):
            for i in range(m - whole):
                rest[j, i] = X[j, whole + i]
        add_half_squares_of_components(rest, WIDE, means, roots, constants, values)
        for k in range(constants.size):
            for i in range(m - whole):
                out[k * m + whole + i] += values[k * WIDE + i]


@compiled
def add_half_squares_of_components(X, end, means, roots, constants, out):
    """Do it for the rows before ``end``, in panels of WIDE rows, two components at a time while there are."""
    n, (d, m) = constants.size, X.shape
    for start in range(0, end, WIDE):
        for k in range(0, n - 1, 2):
            squares, others = spread(0.0, WIDE), spread(0.0, WIDE)
            for j in range(d):
                x = load(X, j * m + start, WIDE)
                z = multiply(roots[k, j], subtract(x, means[k, j]))
                squares = multiply_add(z, z, squares)
                z = multiply(roots[k + 1, j], subtract(x, means[k + 1, j]))
                others = multiply_add(z, z, others)
            at = k * m + start
            store(out, at, multiply_add(-0.5, squares, add(load(out, at, WIDE), constants[k])))
            store(out, at + m, multiply_add(-0.5, others, add(load(out, at + m, WIDE), constants[k + 1])))
        if n % 2:
            squares = spread(0.0, WIDE)
            for j in range(d):
                z = multiply(roots[n - 1, j], subtract(load(X, j * m + start, WIDE), means[n - 1, j]))
                squares = multiply_add(z, z, squares)
            at = (n - 1) * m + start
            store(out, at, multiply_add(-0.5, squares, add(load(out, at, WIDE), constants[n - 1])))


@compiled
def add_squares_along_columns(X, r, means, stats):
    """Add sum r, sum r (x - mean) and sum r (x_j - mean_j)^2 of each column to ``stats``, shape (n, 1 + 2 d).

    ``means`` has shape (n, d), ``r`` (n m,). Components are taken two at a time: what is read of a block serves both.
    """
    (n, d), m = means.shape, X.shape[1]
    in_lanes = m - m % PAIR
    for k in range(0, n, 2):
        other = min(k + 1, n - 1)
        for j in range(d):
            mean, mean_2 = means[k, j], means[other, j]
            first = spread(0.0, PAIR)
            first_2, second, second_2 = first, first, first
            for i in range(0, in_lanes, PAIR):
                x = load(X, j * m + i, PAIR)
                centred, centred_2 = subtract(x, mean), subtract(x, mean_2)
                part, part_2 = (
                    multiply(load(r, k * m + i, PAIR), centred),
                    multiply(load(r, other * m + i, PAIR), centred_2),
                )
                first, first_2 = add(first, part), add(first_2, part_2)
                second, second_2 = multiply_add(part, centred, second), multiply_add(part_2, centred_2, second_2)
            stats[k, 1 + j] += total(first)
            stats[k, 1 + d + j] += total(second)
            if other > k:
                stats[other, 1 + j] += total(first_2)
                stats[other, 1 + d + j] += total(second_2)
    for k in range(n):
        weight = 0.0
        for i in range(m):
            weight += r[k * m + i]
        stats[k, 0] += weight
        for j in range(d if in_lanes < m else 0):
            for i in range(in_lanes, m):
                centred = X[j, i] - means[k, j]
                stats[k, 1 + j] += r[k * m + i] * centred
                stats[k, 1 + d + j] += r[k * m + i] * centred * centred


# ---------------------------------------------------------------------------------------------- sums of products


@compiled
def add_moments(X, r, mean, stats):
    """Add sum r, sum r (x - mean) and the lower triangle of sum r (x - mean)(x - mean)' to stats."""
    d, weight = mean.size, 0.0
    for i in range(r.size):
        weight += r[i]
    stats[0] += weight
    products = stats[1 + d :].reshape(d, d)
    if d <= 3:
        add_moments_of_few_columns(X, r, mean, stats[1 : 1 + d], products)
        return
    X, r = rows_that_count(X, r, NEGLIGIBLE * weight)
    m, padded = r.size, d + -d % 4
    centred, sums = np.empty((padded + 4) * m), np.empty((1 + padded, padded))
    w = centred[padded * m :]
    for a in range(0, d, 4):
        take_columns(X, r, mean, a, centred[a * m : (a + 4) * m], w, sums)
        for b in range(0, a, 4):
            multiply_columns(w, centred[b * m : (b + 4) * m], a, b, sums)
    for a in range(d):
        stats[1 + a] += sums[0, a]
        for b in range(a + 1):
            products[a, b] += sums[1 + a, b]


@compiled
def take_columns(X, r, mean, a, x, w, sums):
    """Centre columns a to a + 3 and weight them; fill their sums and those of their products with each other.

    ``x`` and ``w`` (4 m,) hold a register of the first column, one of the second, and so on: they are read in
    one stream, and one load of WIDE numbers brings four columns. Columns beyond the last are copies of it.
    """
    d, m = X.shape
    j1, j2, j3 = min(a + 1, d - 1), min(a + 2, d - 1), min(a + 3, d - 1)
    first = spread(0.0, WIDE)
    s0, s1, s2, s3 = first, first, first, first
    for i in range(0, m, REGISTER):
        x_i = join(
            subtract(load(X, a * m + i, REGISTER), mean[a]),
            subtract(load(X, j1 * m + i, REGISTER), mean[j1]),
            subtract(load(X, j2 * m + i, REGISTER), mean[j2]),
            subtract(load(X, j3 * m + i, REGISTER), mean[j3]),
        )
        w_i = multiply(load(r, i, REGISTER), x_i)
        if a + 4 < d:
            store(x, 4 * i, x_i)
        if a > 0:
            store(w, 4 * i, w_i)
        first = add(first, w_i)
        s0 = multiply_add(quarter(w_i, 0), x_i, s0)
        s1 = multiply_add(quarter(w_i, 1), x_i, s1)
        s2 = multiply_add(quarter(w_i, 2), x_i, s2)
        s3 = multiply_add(quarter(w_i, 3), x_i, s3)
    store(sums, a, totals(first))
    store_totals(s0, s1, s2, s3, a, a, sums)


@compiled
def multiply_columns(w, x, a, b, sums):
    """Fill the sums of products of four columns with four others: 16 sums in registers, five loads for 16 products."""
    s0 = spread(0.0, WIDE)
    s1, s2, s3 = s0, s0, s0
    for i in range(0, x.size, WIDE):
        x_i = load(x, i, WIDE)
        s0 = multiply_add(load(w, i, REGISTER), x_i, s0)
        s1 = multiply_add(load(w, i + REGISTER, REGISTER), x_i, s1)
        s2 = multiply_add(load(w, i + 2 * REGISTER, REGISTER), x_i, s2)
        s3 = multiply_add(load(w, i + 3 * REGISTER, REGISTER), x_i, s3)
    store_totals(s0, s1, s2, s3, a, b, sums)


@compiled
def store_totals(s0, s1, s2, s3, a, b, sums):
    """Write 16 sums: below the first row, which is that of the sums of columns."""
    size = sums.shape[1]
    at = (1 + a) * size + b
    store(sums, at, totals(s0))
    store(sums, at + size, totals(s1))
    store(sums, at + 2 * size, totals(s2))
    store(sums, at + 3 * size, totals(s3))


@compiled
def add_moments_of_few_columns(X, r, mean, first, second):
    """Add the sums of up to three columns and of their products: all are in registers at once."""
    X, r = filled(X, r)
    d, m = X.shape
    j1, j2 = min(1, d - 1), d - 1
    f0 = spread(0.0, REGISTER)
    f1, f2, s00, s10, s11, s20, s21, s22 = f0, f0, f0, f0, f0, f0, f0, f0
    for i in range(0, m, REGISTER):
        r_i = load(r, i, REGISTER)
        x0 = subtract(load(X, i, REGISTER), mean[0])
        x1 = subtract(load(X, j1 * m + i, REGISTER), mean[j1])
        x2 = subtract(load(X, j2 * m + i, REGISTER), mean[j2])
        w0, w1, w2 = multiply(r_i, x0), multiply(r_i, x1), multiply(r_i, x2)
        f0, f1, f2 = add(f0, w0), add(f1, w1), add(f2, w2)
        s00, s10, s11 = multiply_add(w0, x0, s00), multiply_add(w1, x0, s10), multiply_add(w1, x1, s11)
        s20, s21, s22 = multiply_add(w2, x0, s20), multiply_add(w2, x1, s21), multiply_add(w2, x2, s22)
    first[0] += total(f0)
    second[0, 0] += total(s00)
    if d > 1:
        first[1] += total(f1)
        second[1, 0] += total(s10)
        second[1, 1] += total(s11)
    if d > 2:
        first[2] += total(f2)
        second[2, 0] += total(s20)
        second[2, 1] += total(s21)
        second[2, 2] += total(s22)


@compiled
def filled(X, r):
    """Return a block and its weights with zeros that fill the last register."""
    d, m = X.shape
    if m % REGISTER == 0:
        return X, r
    wide = np.zeros((d + 1, m + -m % REGISTER))
    for j in range(d):
        for i in range(m):
            wide[j, i] = X[j, i]
    for i in range(m):
        wide[d, i] = r[i]
    return wide[:d], wide[d]


@compiled
def rows_that_count(X, r, least):
    """Return the rows of a block whose weights exceed ``least``, and these, with zeros that fill the last register.

    Rows of less than 1e-20 of a block's weight change its sums by less than 1e-12 of them, unless they lie hundreds of
    deviations away: but there log densities differ by thousands, and a weight is all or nothing. All rows are
    returned where picking some would take longer than it saves.
    """
    d, m = X.shape
    kept = 0
    for i in range(m):
        kept += r[i] > least
    if kept * (d + PICKING) > m * d:
        return filled(X, r)
    places, picked = np.empty(m, np.int32), np.empty((d + 1, kept + -kept % REGISTER))
    picked[:, kept:] = 0.0
    kept = 0
    for i in range(m):
        places[kept] = i
        kept += r[i] > least
    for j in range(d):
        source, target = X[j], picked[j]
        for i in range(kept):
            target[i] = source[places[i]]
    for i in range(kept):
        picked[d, i] = r[places[i]]
    return picked[:d], picked[d]
