"""Fewer rows: equal ones merged, for the same fit; or a sample, of which a start has enough.

A sample always has the ends of each column: a support that depends on the data, such as that of `Uniform`, is found
from it, and must hold all rows.
"""

from __future__ import annotations

import numpy as np

from distributions.data import Array
from distributions.kernels import compiled, scalar

from .hashing import hash_of, uniform_at
from .observed import Integers, Observed, take

FEWEST = 1000  # rows below which merging saves nothing
REPEATED = 8  # rows for each different one, on average, from which on merging pays
FEW = 10_000  # rows by which that is foreseen
MOST_DISTINCT = 65536  # rows of a table that stays in the cache
SAMPLE = 65536  # rows expected in a sample
SEED = 0  # of all samples: the same rows give the same start


@scalar
def are_equal(bits, code, i, j):
    """Whether two rows, and their codes, are the same."""
    for column in range(bits.shape[1]):
        if bits[i, column] != bits[j, column]:
            return False
    return code.size == 0 or code[i] == code[j]


@compiled
def find_distinct(bits, code, weight, first, mass, slots):
    """Fill the places of different rows and the sums of their weights; return their number.

    It is -1, and the work is left undone, where there are more than ``first`` can hold.

    Parameters
    ----------
    bits : ndarray of uint64, shape (n, d)
    code : ndarray of int, shape (n,) or (0,)
    weight : ndarray, shape (n,) or (0,)
    first : ndarray of int, shape (most,)
    mass : ndarray, shape (most,)
    slots : ndarray of int
        A hash table of -1; its size is a power of two greater than ``most``.
    """
    count, last = 0, slots.size - 1
    for i in range(bits.shape[0]):
        slot = np.int64(hash_of(bits, code, i) & np.uint64(last))
        while slots[slot] >= 0 and not are_equal(bits, code, first[slots[slot]], i):
            slot = (slot + 1) & last
        if slots[slot] < 0:
            if count == first.size:
                return -1
            slots[slot], first[count], mass[count] = count, i, 0.0
            count += 1
        mass[slots[slot]] += weight[i] if weight.size else 1.0
    return count


@compiled
def draw_rows(n, weight, share, chosen, mass):
    """Fill the places of rows drawn with probabilities weight x share, at most 1, and the weights that they stand for.

    The hash of a row's place is its random number. Return how many were drawn, at most what ``chosen`` can hold.
    """
    count = 0
    for i in range(n):
        own = weight[i] if weight.size else 1.0
        probability = min(own * share, 1.0)
        if uniform_at(SEED, i) < probability and count < chosen.size:
            chosen[count], mass[count] = i, own / probability
            count += 1
    return count


def merged(data: Observed) -> Observed:
    """Return each different row once, with the sum of the weights of its like; the data themselves if few repeat.

    Rows are compared bit by bit: NaN equals itself.
    """
    n = len(data.rows)
    most = min(n // REPEATED, MOST_DISTINCT)
    if n < FEWEST:
        return data
    first, mass = np.empty(most, dtype=np.int64), np.empty(most)
    slots = np.full(2 << int(most).bit_length(), -1)
    count = find_distinct(data.rows.view(np.uint64), data.code, data.weight, first, mass, slots)
    return data if count < 0 else _taken(data, first[:count], mass[:count])


def repeats(rows: np.ndarray) -> bool:
    """Whether rows, shape (n,) or (n, d), seem to repeat so often that `merged` pays, by a few of them."""
    few = rows[:: max(len(rows) // FEW, 1)]
    return len(np.unique(few, axis=0)) * REPEATED < len(few)


def ends(points: Array) -> Integers:
    """Return the places of the least and the greatest cell of each column, ascending; missing cells are neither."""
    found = [np.argmax(column == end.reduce(column)) for column in points.T for end in (np.fmin, np.fmax)]
    return np.unique(found)


def sampled(data: Observed) -> Observed:
    """Return about `SAMPLE` rows, with weights of the same total; the data themselves if there are not twice as many.

    Which places are drawn depends on nothing but weights: data in another unit give the same sample.
    """
    n = len(data.rows)
    if n <= 2 * SAMPLE:
        return data
    total = float(data.weight.sum()) if data.weight.size else float(n)
    chosen, mass = np.empty(2 * SAMPLE, dtype=np.int64), np.empty(2 * SAMPLE)
    count = draw_rows(n, data.weight, SAMPLE / total, chosen, mass)
    certain = ends(data.points)
    drawn = ~np.isin(chosen[:count], certain)
    own = data.weight[certain] if data.weight.size else np.ones(len(certain))
    places, mass = np.append(chosen[:count][drawn], certain), np.append(mass[:count][drawn], own)
    return _taken(data, places, mass * (total / mass.sum()))


def _taken(data: Observed, places: Integers, weight: Array) -> Observed:
    """Return some rows, with other weights, in an order of their own."""
    order = np.lexsort((*data.rows[places].T, *([data.code[places]] if data.is_labelled else [])))
    return take(data, places[order])._replace(weight=weight[order])
