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
from distributions.kernels import compiled

from .hashing import uniform_at
from .observed import Integers

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


@compiled
def mark_best(joint, components, best, scratch):
    """Fill the component of the largest log joint density of each row, shape (K, m); the first of equal ones."""
    highest = scratch[: best.size]
    for i in range(best.size):
        highest[i], best[i] = joint[0, i], components[0]
    for c in range(1, components.size):
        row, k = joint[c], components[c]
        for i in range(best.size):
            best[i] = k if row[i] > highest[i] else best[i]
            highest[i] = row[i] if row[i] > highest[i] else highest[i]


# ----------------------------------------------------------------------------------------------- one that is drawn


@compiled
def draw(r, start, seed, mass):
    """Give the weight of each row, the sum of its responsibilities, shape (K, m), to one component drawn by these.

    ``start`` is the number of the first row among all. ``mass`` (K,) is filled.
    """
    n_components, m = r.shape
    mass[:n_components] = 0.0
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
    near : int or None
        Number of components that are looked at for a row, those near its best one; None for all.
    """

    kept: int | None = None
    is_random: bool = False
    near: int | None = None


EM = Truncation()


class Near(NamedTuple):
    """Groups of neighbouring rows, and the components that a sweep looks at for each; no groups: all, for every row."""

    row_at: Integers  # (groups + 1,): first rows; (0,) where there are none
    component_at: Integers  # (groups + 1,): places in components
    components: Integers
    leaf_at: Integers  # (groups + 1,): places in leaves
    leaves: Integers  # of the components, each once
    best: Integers  # (n,): filled with the best component of each row; (0,) where nobody asks

    @classmethod
    def all(cls) -> Near:
        """Return that every component is looked at for every row."""
        return cls(*(np.empty(0, dtype=np.int64) for _ in cls._fields))


def as_truncation(truncate: Any) -> Truncation:
    """Return what `MixtureModel`'s argument asks for.

    Raises
    ------
    InvalidParameterError
        If it is neither a number of components, nor two of them, nor the name of a method.
    """
    if truncate is None:
        return EM
    if isinstance(truncate, str) and truncate == STOCHASTIC:
        return Truncation(is_random=True)
    kept, near = truncate if isinstance(truncate, tuple) and len(truncate) == 2 else (truncate, None)
    if not _is_count(kept) or (near is not None and not (_is_count(near) and near >= kept)):
        raise InvalidParameterError(
            "MixtureModel: truncate must be the number of components that keep responsibility for a row, an integer "
            ">= 1 (1 is hard EM); a tuple of this and of how many neighbours are looked at for them, such as (8, 32); "
            f"{STOCHASTIC!r}; or None for EM; got {truncate!r}"
        )
    return Truncation(int(kept), near=None if near is None else int(near))


def _is_count(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= 1
