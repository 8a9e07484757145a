"""Integers that look random, and are the same each time: of a seed and a place, or of the bits of a row.

Steele, Lea & Flood, "Fast splittable pseudorandom number generators" (2014): SplitMix64.
"""

from __future__ import annotations

import numpy as np

from distributions.kernels import scalar

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST_FACTOR, SECOND_FACTOR = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
UNIT = 2.0**-53


@scalar
def mixed(z):
    """Return 64 bits of which each depends on all those of z."""
    z = (z ^ (z >> np.uint64(30))) * FIRST_FACTOR
    z = (z ^ (z >> np.uint64(27))) * SECOND_FACTOR
    return z ^ (z >> np.uint64(31))


@scalar
def uniform_at(seed, place):
    """Return the number in [0, 1) that belongs to a seed and a place: the same in whatever order places are visited."""
    return np.float64(mixed(np.uint64(seed) + np.uint64(place + 1) * GOLDEN) >> np.uint64(11)) * UNIT


@scalar
def hash_of(bits, code, i):
    """Return the hash of row i of a table of 64-bit integers, shape (n, d), and of its code, where there is one."""
    z = GOLDEN
    for j in range(bits.shape[1]):
        z = mixed((z + GOLDEN) ^ bits[i, j])
    return mixed((z + GOLDEN) ^ np.uint64(code[i])) if code.size else z
