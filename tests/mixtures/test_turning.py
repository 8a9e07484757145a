"""Rows become columns, whatever their shape."""

import numpy as np
import pytest

from mixtures.turning import on_cache_lines, turn


@pytest.mark.parametrize("d", [1, 2, 7, 8, 9, 16, 21])
@pytest.mark.parametrize("m", [1, 7, 8, 19, 64])
def test_rows_are_turned_into_columns(rng, m, d):
    rows, block = rng.normal(size=(m + 3, d)), np.empty((d, m))
    turn(rows[2 : 2 + m], block)
    np.testing.assert_array_equal(block, rows[2 : 2 + m].T)


@pytest.mark.parametrize("size", [0, 1, 8, 1001])
def test_room_begins_on_a_line_of_the_cache(size):
    rooms = [on_cache_lines(size) for _ in range(20)]  # the allocator's own places differ
    assert all(room.shape == (size,) and room.ctypes.data % 64 == 0 for room in rooms)
