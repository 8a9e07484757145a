"""Centres of clusters: which is nearest to a row, and a first draw of rows far from each other.

The draws are those of scikit-learn's `KMeans`: Arthur & Vassilvitskii, SODA (2007), in the variant that takes the best
of a few candidates.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from distributions.data import Array
from distributions.kernels import compiled

from .observed import Integers


@compiled
def nearest_centre(rows, i, centres):
    """Return the nearest centre of row i, the first among equal ones, and the squared distance to it."""
    nearest, least = 0, math.inf
    for k in range(centres.shape[0]):
        square = 0.0
        for j in range(rows.shape[1]):
            square += (rows[i, j] - centres[k, j]) * (rows[i, j] - centres[k, j])
        if square < least:
            nearest, least = k, square
    return nearest, least


@compiled
def assign(rows, centres, labels, squares):
    """Fill the nearest centre of each row and the squared distance to it."""
    for i in range(rows.shape[0]):
        labels[i], squares[i] = nearest_centre(rows, i, centres)


def nearest(rows: Array, centres: Array) -> tuple[Integers, Array]:
    """Return the nearest centre of each row and the squared distance to it, both of shape (n,)."""
    labels, squares = np.empty(len(rows), dtype=np.int64), np.empty(len(rows))
    assign(rows, np.ascontiguousarray(centres), labels, squares)
    return labels, squares


def k_means_plus_plus(points: Array, weight: Array, n_clusters: int, random: Any) -> Integers:
    """Return the places of rows to start from, shape (K,), each drawn far from those before it."""
    first = random.choice(len(points), p=weight / weight.sum())
    places, nearest = [first], _squares(points, points[first])
    for _ in range(1, n_clusters):
        drawn = random.uniform(size=2 + int(math.log(n_clusters))) * (nearest @ weight)
        candidates = np.searchsorted(np.cumsum(weight * nearest), drawn).clip(0, len(points) - 1)
        # All of equal potential in data with fewer different rows than clusters: then any will do.
        distances = [np.minimum(nearest, _squares(points, points[place])) for place in candidates]
        best = int(np.argmin([distance @ weight for distance in distances]))
        places.append(candidates[best])
        nearest = distances[best]
    return np.array(places, dtype=np.int64)


def _squares(points: Array, centre: Array) -> Array:
    difference = points - centre
    return np.einsum("ij,ij->i", difference, difference)
