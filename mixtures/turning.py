"""Rows turned into columns: kernels read a block column by column, each of them one contiguous vector."""

from __future__ import annotations

import numpy as np

from distributions.kernels import compiled, copy_to
from distributions.lanes import alternate, load, store

TILE = 8  # rows and columns that are turned at once
LINE = 8  # doubles in a line of a cache


@compiled
def on_cache_lines(size):
    """Return an empty vector that begins where a line of a cache does: a register is then loaded from one line."""
    room = np.empty(size + LINE)
    first = -(room.ctypes.data // room.itemsize) % LINE
    return room[first : first + size]


@compiled
def turn(rows, block):
    """Copy rows, shape (m, d), into a feature-major block, shape (d, m)."""
    d, m = block.shape
    if d == 1:
        copy_to(block.reshape(m), rows.reshape(m))
        return
    in_tiles = m - m % TILE if d >= TILE else 0
    for i in range(0, in_tiles, TILE):
        for j in range(0, d - TILE, TILE):
            turn_tile(rows, i, j, block)
        turn_tile(rows, i, d - TILE, block)  # where it overlaps the one before, the same is written twice
    rest = rows[in_tiles:]
    for j in range(d):
        column = block[j, in_tiles:]
        for i in range(column.size):  # from zero on, so that it vectorises
            column[i] = rest[i, j]


@compiled
def turn_tile(rows, i, j, block):
    """Do so for TILE rows from row i on and as many columns from column j on, all of them in registers."""
    d, m = block.shape
    at = i * d + j
    a0, a1 = load(rows, at, TILE), load(rows, at + d, TILE)
    a2, a3 = load(rows, at + 2 * d, TILE), load(rows, at + 3 * d, TILE)
    a4, a5 = load(rows, at + 4 * d, TILE), load(rows, at + 5 * d, TILE)
    a6, a7 = load(rows, at + 6 * d, TILE), load(rows, at + 7 * d, TILE)
    # First single numbers change places between two rows, then pairs, then fours.
    b0, b1, b2, b3 = alternate(a0, a1, 1, 0), alternate(a0, a1, 1, 1), alternate(a2, a3, 1, 0), alternate(a2, a3, 1, 1)
    b4, b5, b6, b7 = alternate(a4, a5, 1, 0), alternate(a4, a5, 1, 1), alternate(a6, a7, 1, 0), alternate(a6, a7, 1, 1)
    a0, a2, a1, a3 = alternate(b0, b2, 2, 0), alternate(b0, b2, 2, 1), alternate(b1, b3, 2, 0), alternate(b1, b3, 2, 1)
    a4, a6, a5, a7 = alternate(b4, b6, 2, 0), alternate(b4, b6, 2, 1), alternate(b5, b7, 2, 0), alternate(b5, b7, 2, 1)
    at = j * m + i
    store(block, at, alternate(a0, a4, 4, 0))
    store(block, at + m, alternate(a1, a5, 4, 0))
    store(block, at + 2 * m, alternate(a2, a6, 4, 0))
    store(block, at + 3 * m, alternate(a3, a7, 4, 0))
    store(block, at + 4 * m, alternate(a0, a4, 4, 1))
    store(block, at + 5 * m, alternate(a1, a5, 4, 1))
    store(block, at + 6 * m, alternate(a2, a6, 4, 1))
    store(block, at + 7 * m, alternate(a3, a7, 4, 1))
