"""Where a `GaussianMixture` starts: responsibilities of the rows, by the same draws as in scikit-learn.

The generator is a `numpy.random.RandomState`, and is asked for the same numbers in the same order: a seed gives the
start that it gives there, up to the rounding of distances. So the rules that end Lloyd's iteration are those of its
`KMeans`. Ours goes through the EM loop, whose tables cost more than all else in a start from few rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from distributions.data import Array
from distributions.kernels import compiled

from .centres import k_means_plus_plus, nearest_centre
from .observed import Integers

LLOYD_STEPS = 300
LLOYD_TOL = 1e-4  # squared movement of all centres, relative to the mean variance of the columns, that ends it


def responsibilities(init: str, rows: Array, weight: Array, n_components: int, random: Any) -> Array:
    """Return the share of each component in each row, shape (n, K).

    Parameters
    ----------
    init : {"kmeans", "k-means++", "random", "random_from_data"}
        Clusters of k-means; single rows, drawn by k-means++ or at random, with none for the other rows; random shares.
    rows : ndarray, shape (n, d)
        Missing (NaN) cells are taken to be in the middle of their column.
    weight : ndarray, shape (n,)
    n_components : int
    random : numpy.random.RandomState
    """
    n = len(rows)
    if init == "random":
        shares: Array = random.uniform(size=(n, n_components))
        return shares / shares.sum(axis=1, keepdims=True)
    if init == "random_from_data":
        return _single_rows(random.choice(n, size=n_components, replace=False), n)
    middle = np.array([_middle(column, weight) for column in rows.T])
    points = np.where(np.isnan(rows), 0.0, rows - middle)
    seeds = k_means_plus_plus(points, weight, n_components, random)
    if init == "k-means++":
        return _single_rows(seeds, n)
    labels = lloyd(points, weight, points[seeds])
    return np.eye(n_components)[labels]


def _single_rows(places: npt.NDArray[Any], n: int) -> Array:
    shares = np.zeros((n, len(places)))
    shares[places, np.arange(len(places))] = 1.0
    return shares


def _middle(column: Array, weight: Array) -> float:
    present = ~np.isnan(column)
    return float(np.average(column[present], weights=weight[present])) if present.any() else 0.0


def lloyd(points: Array, weight: Array, centres: Array) -> Integers:
    """Return the cluster of each row, shape (n,), by Lloyd's iteration from these centres, shape (K, d).

    An empty cluster takes the row that is farthest from its centre.
    """
    mean = np.average(points, axis=0, weights=weight)
    tol = LLOYD_TOL * float(np.average((points - mean) ** 2, axis=0, weights=weight).mean())
    labels = np.full(len(points), -1, dtype=np.int64)
    for _ in range(LLOYD_STEPS):
        sums, mass = np.zeros(centres.shape), np.zeros(len(centres))
        n_moved = assign(points, weight, centres, labels, sums, mass)
        if n_moved == 0:
            break
        if not mass.all():
            _fill_empty(points, weight, centres, labels, sums, mass)
        before, centres = centres, np.where(mass[:, None] > 0.0, sums / np.maximum(mass, 1e-300)[:, None], centres)
        if np.sum((centres - before) ** 2) <= tol:
            assign(points, weight, centres, labels, sums, mass)
            break
    return labels


@compiled
def assign(points, weight, centres, labels, sums, mass):
    """Set labels to the nearest centres, add to sums and weights of the clusters; return how many labels changed."""
    n_moved = 0
    for i in range(points.shape[0]):
        nearest, _ = nearest_centre(points, i, centres)
        n_moved += labels[i] != nearest
        labels[i] = nearest
        mass[nearest] += weight[i]
        for j in range(points.shape[1]):
            sums[nearest, j] += weight[i] * points[i, j]
    return n_moved


def _fill_empty(points: Array, weight: Array, centres: Array, labels: Integers, sums: Array, mass: Array) -> None:
    """Give each empty cluster a row of another: those farthest from their centres."""
    empty = np.flatnonzero(mass == 0.0)
    distance = np.sum((points - centres[labels]) ** 2, axis=1)
    for cluster, row in zip(empty, np.argsort(distance)[::-1], strict=False):
        part = weight[row] * points[row]
        sums[labels[row]] -= part
        mass[labels[row]] -= weight[row]
        sums[cluster], mass[cluster] = part, weight[row]
