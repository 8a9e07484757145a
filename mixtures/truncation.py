"""Between log densities and responsibilities: of each row only the best components keep any, or one that is drawn.

Luecke & Forster, "k-means as a variational EM approximation of Gaussian mixture models", Pattern Recognition Letters
125 (2019); Celeux & Govaert, Computational Statistics & Data Analysis 14 (1992), for classification EM; Celeux &
Diebolt, Computational Statistics Quarterly 2 (1985), for stochastic EM.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from distributions.errors import InvalidParameterError
from distributions.kernels import compiled, scalar

STOCHASTIC = "stochastic"
NOT_DRAWN = -1  # in place of a seed

# ------------------------------------------------------------------------------------------ the C best components


@compiled
def keep_best(joint, kept, scratch):
    """Set all but the ``kept`` largest log joint densities of each row, shape (K, m), to -inf.

    Of equal ones the first stay. A row that has NaN keeps it.
    """
    n_components, m = joint.shape
    last, at = scratch[:m], scratch[m : 2 * m]  # value and component of the worst that is kept
    best, which = np.full((m, kept), -math.inf), np.full((m, kept), -1.0)  # of each row, in descending order
    last[:], at[:] = -math.inf, -1.0
    for k in range(n_components):
        row = joint[k]
        for i in range(m):
            if row[i] > last[i]:  # of many components but few are better than those before them
                place = kept - 1
                while place > 0 and best[i, place - 1] < row[i]:
                    best[i, place], which[i, place] = best[i, place - 1], which[i, place - 1]
                    place -= 1
                best[i, place], which[i, place] = row[i], k
                last[i], at[i] = best[i, kept - 1], which[i, kept - 1]
    for k in range(n_components):
        row = joint[k]
        for i in range(m):
            row[i] = -math.inf if row[i] < last[i] or (row[i] == last[i] and k > at[i]) else row[i]


# ----------------------------------------------------------------------------------------------- one that is drawn

# Steele, Lea & Flood, "Fast splittable pseudorandom number generators" (2014): SplitMix64.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST_FACTOR, SECOND_FACTOR = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
UNIT = 2.0**-53


@scalar
def uniform_at(seed, place):
    """Return the number in [0, 1) that belongs to a seed and a place: the same in whatever order places are visited."""
    z = np.uint64(seed) + np.uint64(place + 1) * GOLDEN
    z = (z ^ (z >> np.uint64(30))) * FIRST_FACTOR
    z = (z ^ (z >> np.uint64(27))) * SECOND_FACTOR
    return np.float64((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * UNIT


@compiled
def draw(r, start, seed, mass):
    """Give the weight of each row, the sum of its responsibilities, shape (K, m), to one component drawn by these.

    ``start`` is the number of the first row among all. ``mass`` (K,) collects.
    """
    n_components, m = r.shape
    for i in range(m):
        total = 0.0
        for k in range(n_components):
            total += r[k, i]
        left, chosen = uniform_at(seed, start + i) * total, -1
        for k in range(n_components):
            if r[k, i] > 0.0 and left >= 0.0:
                chosen = k
                left -= r[k, i]
            r[k, i] = 0.0
        if chosen >= 0:
            r[chosen, i] = total
            mass[chosen] += total


# ------------------------------------------------------------------------------------------------- what was asked for


class Truncation(NamedTuple):
    """What becomes of the responsibilities of a row.

    Attributes
    ----------
    kept : int or None
        Number of components that keep any, None for all.
    is_random : bool
        Whether one component is drawn for each row.
    """

    kept: int | None = None
    is_random: bool = False


EM = Truncation()


def as_truncation(truncate: Any) -> Truncation:
    """Return what `MixtureModel`'s argument asks for.

    Raises
    ------
    InvalidParameterError
        If it is neither a number of components nor the name of a method.
    """
    if truncate is None:
        return EM
    if isinstance(truncate, str) and truncate == STOCHASTIC:
        return Truncation(is_random=True)
    if isinstance(truncate, (bool, np.bool_)) or not isinstance(truncate, (int, np.integer)) or truncate < 1:
        raise InvalidParameterError(
            "MixtureModel: truncate must be the number of components that keep responsibility for a row, an integer "
            f">= 1 (1 is hard EM), {STOCHASTIC!r}, or None for EM; got {truncate!r}"
        )
    return Truncation(int(truncate))
