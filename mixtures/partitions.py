"""Partitions of the data to start from. They see rows and weights, never families.

Everything here sees the data as a set of distinct rows with weights in a fixed order. So a partition depends neither on
the order of the rows nor on whether a row is repeated or weighted, but for data of which `sampled` takes a part.
"""

from __future__ import annotations

import numpy as np

from distributions.data import Array, centre_and_scale

from .observed import Integers, Observed
from .thinning import ends, sampled

SAMPLE = 4000  # representative rows
LLOYD_STEPS = 10
SPOT_TRIES = 8  # most neighbourhoods of which the densest is taken
FARTHEST = 1e100  # deviations from the mean, whose squares can be added
SMALLEST_SPOT = 0.005  # of the total weight


def representatives(data: Observed, most: int = SAMPLE) -> tuple[Observed, bool]:
    """Return at most so many distinct rows in a fixed order, with weights, and whether they are all there are.

    Rows are ordered along a fixed oblique direction, equal ones (of equal labels) merged; where more remain, those at
    equally spaced positions of the cumulative weight stand for all (a systematic sample), beside the ends of each
    column.
    """
    n_rows, data = len(data.rows), sampled(data)
    rows, points, weight = data.rows, data.points, data.row_weight
    d, apart = rows.shape[1], points is not rows
    centre, scale = centre_and_scale(points, weight)
    # Sums a column at a time: the key of a row must not depend on its position, as it may in a matrix product.
    key = np.zeros(len(rows))
    for column, direction in enumerate(np.sqrt(1.0 + np.arange(d))):
        key += np.nan_to_num(points[:, column] - centre[column]) / scale[column] / direction
    # What goes with the rows are more columns; labels, the last, are told apart.
    beside = [points] * apart + [np.isnan(rows)] * data.has_missing + [data.code] * data.is_labelled
    table: Array = np.column_stack([rows, *beside]).astype(float) if beside else rows
    if data.has_missing:
        table[np.isnan(table)] = np.inf  # NaN would differ from itself
    if apart:  # unequal rows may have equal keys
        order = np.lexsort((*table.T, key))
    else:
        order = np.lexsort((data.code, key)) if data.is_labelled else np.argsort(key, kind="stable")
    ordered, mass = table[order], np.ones(len(rows)) if weight is None else weight[order]
    if len(ordered) > most:  # equal rows are neighbours: a look at each pair is cheaper than `_merge`
        first = np.flatnonzero(np.append(True, np.any(ordered[1:] != ordered[:-1], axis=1)))
        ordered, mass = ordered[first], np.add.reduceat(mass, first)
    complete = len(ordered) <= most and len(rows) == n_rows
    if len(ordered) > most:
        cells = ordered[:, d : 2 * d] if apart else ordered[:, :d]
        certain = ends(np.where(np.isinf(cells), np.nan, cells) if data.has_missing else cells)[: most // 2]
        own, mass[certain] = mass[certain], 0.0
        positions, drawn = np.cumsum(mass), most - len(certain)
        targets = (np.arange(drawn) + 0.5) / drawn * positions[-1]
        chosen = np.minimum(np.searchsorted(positions, targets), len(ordered) - 1)
        ordered, mass = ordered[np.append(chosen, certain)], np.append(np.full(drawn, positions[-1] / drawn), own)
    unique, mass = _merge(ordered, mass)
    code = unique[:, -1].astype(np.int64) if data.is_labelled else data.code
    rows = np.ascontiguousarray(unique[:, :d])
    points = np.ascontiguousarray(unique[:, d : 2 * d]) if apart else rows
    if data.has_missing:
        missing = unique[:, d * (1 + apart) :][:, :d] == 1.0
        rows[missing], points[missing] = np.nan, np.nan
    return data._replace(rows=rows, weight=mass, code=code, points=points), complete


def standardised(data: Observed) -> Array:
    """Return points in standard deviations about the mean, shape (n, d); a missing cell is in the middle."""
    centre, scale = centre_and_scale(data.points, data.row_weight)
    with np.errstate(over="ignore"):  # a row of next to no weight may lie any number of deviations away
        return np.clip(np.nan_to_num((data.points - centre) / scale), -FARTHEST, FARTHEST)


def _merge(rows: Array, weight: Array) -> tuple[Array, Array]:
    """Merge equal rows into one that carries their weight."""
    unique, inverse = np.unique(rows, axis=0, return_inverse=True)
    return unique, np.bincount(inverse.ravel(), weights=weight, minlength=len(unique)).astype(float)


def known_members(data: Observed) -> Array:
    """Return the memberships of rows that say something of their component, shape (K, n); 0 for all other rows."""
    factors = np.exp(data.log_factors)
    says_something = factors.min(axis=1) < factors.max(axis=1)
    share = factors / factors.sum(axis=1, keepdims=True) * says_something[:, np.newaxis]
    sharp = share * (share > 1.5 / share.shape[1])  # well above an equal share: an opinion, not a mere exclusion
    return np.ascontiguousarray(sharp[data.code].T)


def partition(points: Array, weight: Array, n_clusters: int, attempt: int, rng: np.random.Generator) -> Array:
    """Return memberships, shape (K, n): slices first, then by turns clusters and dense spots on a background."""
    if attempt % 2:
        return _spots(points, weight, n_clusters, rng)
    if attempt == 0:
        labels = _slices(points, weight, n_clusters)
    else:
        labels = _clusters(points, weight, n_clusters, LLOYD_STEPS if attempt % 4 else 0, rng)
    return (labels == np.arange(n_clusters)[:, np.newaxis]).astype(float)


def _slices(points: Array, weight: Array, n_clusters: int) -> Integers:
    """Return labels of slices of equal weight along the principal axis."""
    order = np.argsort(points @ _principal_axis(points, weight), kind="stable")
    position = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    labels = np.empty(len(points), dtype=np.int64)
    labels[order] = np.minimum((position * n_clusters).astype(int), n_clusters - 1)
    return labels


def _spots(points: Array, weight: Array, n_clusters: int, rng: np.random.Generator) -> Array:
    """Return memberships in dense neighbourhoods of random sizes, and in one cluster that is everything.

    They find what a partition cannot: a narrow peak on a wide background, or two scales about one centre.
    """
    members, free = np.ones((n_clusters, len(points))), weight.copy()
    for k in rng.permutation(n_clusters)[1:]:
        members[k] = neighbourhood(points, weight, n_clusters, rng, free)
        free = np.where(members[k] > 0, 0.0, free) if (free * (1 - members[k])).any() else weight.copy()
    return members


def neighbourhood(
    points: Array, weight: Array, n_clusters: int, rng: np.random.Generator, free: Array | None = None
) -> Array:
    """Return memberships, shape (n,), in the densest of some neighbourhoods of random rows, of one random size.

    ``free`` are the weights by which rows are drawn, those of all by default.
    """
    fewest, free = points.shape[1] + 4, weight if free is None else free  # different rows: fewer would start as a spike
    share = weight.sum() * np.exp(rng.uniform(np.log(SMALLEST_SPOT), np.log(1.0 / n_clusters)))
    radius, found = np.inf, np.ones(len(points))
    for _ in range(rng.integers(1, SPOT_TRIES + 1)):
        distance = np.sum((points - points[_draw(free, rng)]) ** 2, axis=1)
        order = np.argsort(distance, kind="stable")
        enough = np.searchsorted(np.cumsum(weight[order]), share)
        reach = distance[order[min(max(enough, fewest), len(points) - 1)]]
        if reach < radius:
            radius, found = reach, (distance <= reach).astype(float)
    return found


def _principal_axis(points: Array, weight: Array) -> Array:
    centred = points - np.average(points, axis=0, weights=weight)
    _, vectors = np.linalg.eigh((centred * weight[:, np.newaxis]).T @ centred)
    axis: Array = vectors[:, -1]
    return axis * np.sign(axis[np.argmax(np.abs(axis))])


def _clusters(points: Array, weight: Array, n_clusters: int, n_steps: int, rng: np.random.Generator) -> Integers:
    """Return labels by k-means++ (Arthur & Vassilvitskii 2007) and some steps of Lloyd's iteration, in fixed order."""
    centres = points[[_draw(weight, rng)]]
    distance = np.sum((points - centres[0]) ** 2, axis=1)
    while len(centres) < n_clusters:
        spread = weight * distance
        new = points[_draw(spread if spread.any() else weight, rng)]
        centres = np.vstack([centres, new])
        distance = np.minimum(distance, np.sum((points - new) ** 2, axis=1))
    for step in range(n_steps + 1):
        squares = np.stack([np.sum((points - centre) ** 2, axis=1) for centre in centres])
        labels = np.argmin(squares, axis=0)
        if step < n_steps:
            for k in range(n_clusters):
                if weight[labels == k].any():
                    centres[k] = np.average(points[labels == k], axis=0, weights=weight[labels == k])
    rank = np.empty(n_clusters, dtype=np.int64)
    rank[np.lexsort(centres.T[::-1])] = np.arange(n_clusters)  # ascending in the first column, then the next
    return rank[labels]


def _draw(weight: Array, rng: np.random.Generator) -> int:
    """Return a random index with probability proportional to weight, by its quantile: safe under rounding."""
    cumulative = np.cumsum(weight)
    return int(np.searchsorted(cumulative, rng.uniform() * cumulative[-1], side="right").clip(0, len(weight) - 1))
