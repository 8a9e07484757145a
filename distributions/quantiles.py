"""Quantiles of weighted values: where fits of families with heavy tails start."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .data import Array

_SAME = 1e-12  # of the total weight: by so much sums of weights may differ that are equal but for rounding


def weighted_quantiles(x: Array, weight: Array | None, probabilities: npt.ArrayLike) -> Array:
    """Return quantiles of weighted values, shape (n,): where a probability falls between two of them, their midpoint.

    Parameters
    ----------
    x, weight : ndarray, shape (n,)
        Finite values and weights, not all zero; None where every value counts once.
    probabilities : array_like, shape (k,)
    """
    q = np.asarray(probabilities, dtype=float)
    if weight is None:
        place, n = q * len(x), len(x)
        below = np.clip(np.ceil(place - _SAME * n) - 1, 0, n - 1).astype(np.intp)
        above = np.clip(np.floor(place + _SAME * n), 0, n - 1).astype(np.intp)
        ordered = np.partition(x, np.union1d(below, above))
    else:
        order = np.argsort(x, kind="stable")
        ordered, cumulative = x[order], np.cumsum(weight[order])
        total, last = cumulative[-1], len(x) - 1
        below = np.minimum(np.searchsorted(cumulative, (q - _SAME) * total), last)
        above = np.minimum(np.searchsorted(cumulative, (q + _SAME) * total, side="right"), last)
    return ordered[below] + (ordered[above] - ordered[below]) / 2
