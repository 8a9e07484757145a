"""Where a mixture's density has its peaks: all of them, for mixtures of normals of one column."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from distributions import numeric
from distributions.base import Distribution
from distributions.data import Array, Mask
from distributions.errors import InvalidParameterError
from distributions.outline import Branch, Outline

_AGREE = 1e-15  # probability by which two quadratures of a piece may differ
_SAME = 1e-12  # relative difference of two masses that is rounding
_SLACK = 1e-13  # of a sum of terms, relative to the sum of their sizes, that may be rounding
_FINEST = (
    1e-9  # half a width, in the smallest deviation, of an interval in which rounding hides whether there is a peak
)
_APART = 1e-5  # distance, in deviations of the density around a peak, below which two climbs ended at one
_MOST_STARTS = 600


class Normals(NamedTuple):
    """A mixture of normals: weights, shape (K,), means, shape (K, d), and covariances, shape (K, d, d)."""

    weights: Array
    means: Array
    covs: Array


def modes(distribution: Distribution) -> Array:
    """Return the modes, highest first, shape (m,) or (m, d); see `MixtureModel.modes`."""
    numeric.require_one_measure(distribution, "modes")
    normals = normals_of(distribution.outline())
    d = distribution.n_columns
    if d != 1:
        if normals is None:
            raise InvalidParameterError("modes of several columns are found for mixtures of normals only")
        found = _climbed(normals)
        return found[np.argsort(-distribution.log_pdf(found), kind="stable")]
    if distribution.support.discrete:
        found = _of_masses(distribution)
    elif normals is not None:
        found = _of_normals(normals.weights, normals.means[:, 0], np.sqrt(normals.covs[:, 0, 0]))
    else:
        found = _on_grid(distribution)
    return found[np.argsort(-distribution.log_pdf(found), kind="stable")]


def normals_of(outline: Outline) -> Normals | None:
    """Return what is a mixture of normals, nested or of products, as one; None if something else is in it."""
    found = [_normal(branch) for branch in outline.branches]
    normals = [normal for normal in found if normal is not None]
    if len(normals) < len(found):
        return None
    weights = np.ones(len(normals))
    for k, branch in enumerate(outline.branches):
        for path, option in branch.options:
            proportions = outline.choices[path].proportions
            weights[k] *= 1.0 / len(outline.choices[path].frozen) if proportions is None else proportions[option]
    present = weights > 0.0
    means, covs = (np.array(parts)[present] for parts in zip(*normals, strict=True))
    return Normals(weights[present], means, covs)


def _normal(branch: Branch) -> tuple[Array, Array] | None:
    parts = [part.as_normal() for part in branch.kind]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    mean = np.concatenate([part[0] for part in known])
    cov = np.zeros((len(mean), len(mean)))
    for (_, block), span in zip(known, branch.spans(len(mean)), strict=True):
        cov[span, span] = block
    return mean, cov


# ------------------------------------------------------------------------------------------ one column, any family


def _of_masses(distribution: Distribution) -> Array:
    """Return the values with a mass not below that of their neighbours, and above that of one."""
    likely = numeric.expected_rows(distribution)[0][:, 0]
    values = distribution.support.values(likely.min(), likely.max())
    mass = distribution.pdf(values)
    around = np.concatenate([[0.0], mass, [0.0]])
    highest = np.maximum(around[:-2], around[2:])
    return values[(mass > 0.0) & (mass >= highest * (1.0 - _SAME))]


def integral(distribution: Distribution) -> numeric.Integral:
    """Return the density of a continuous column as numbers, so finely cut that its logarithm is smooth on each piece.

    It begins with the pieces of each family by itself: one of the whole may lose tails between distant components.
    """
    edges = np.concatenate([numeric.edges_of(leaf) for leaf in numeric.leaves(distribution)])
    return numeric.integrate(distribution.log_pdf, np.unique(edges), _AGREE)


def grid(distribution: Distribution) -> Array:
    """Return points of a continuous column, ascending, between which its density is smooth."""
    whole = integral(distribution)
    return np.union1d(whole.x, whole.edges)


def _on_grid(distribution: Distribution) -> Array:
    """Return the peaks of a density between neighbouring points of a grid; of a plateau its middle."""
    x = grid(distribution)
    height = distribution.log_pdf(x)
    with np.errstate(invalid="ignore"):  # outside the support
        level = np.concatenate([[True], np.abs(np.diff(height)) > _SAME]) | ~np.isfinite(height)
    first = np.flatnonzero(level)
    last = np.append(first[1:], len(x)) - 1
    around = np.concatenate([[-np.inf], height[first], [-np.inf]])
    peaks = (around[1:-1] > around[:-2]) & (around[1:-1] > around[2:])
    found = []
    for begin, end in zip(first[peaks], last[peaks], strict=True):
        low, high = x[max(begin - 1, 0)], x[min(end + 1, len(x) - 1)]
        found.append(_summit(distribution, low, high) if begin == end else 0.5 * (x[begin] + x[end]))
    return np.array(found)


def _summit(distribution: Distribution, low: float, high: float) -> float:
    """Return where a density with one peak between two points is highest, by cutting into five again and again."""
    x = np.linspace(low, high, 6)
    for _ in range(100):
        best = int(np.argmax(distribution.log_pdf(x)))
        narrower = np.linspace(x[max(best - 1, 0)], x[min(best + 1, 5)], 6)
        if narrower[0] == x[0] and narrower[-1] == x[-1]:
            break
        x = narrower
    return float(x[np.argmax(distribution.log_pdf(x))])


# ------------------------------------------------------------------------------------------- one column, normals


def _of_normals(weights: Array, means: Array, stds: Array) -> Array:
    """Return all modes of a mixture of normals of one column, ascending.

    They lie between the least and the greatest mean. That stretch is cut in halves until it is proved of each piece
    that the slope has no zero in it, or that it falls or rises throughout, so that the signs at the ends tell whether
    there is one. Proofs are Taylor's theorem, with a bound of the third derivative over the piece, and bounds of what
    the components on its right and on its left add to the slope. Only where slope and curvature both vanish to rounding
    is nothing proved: such neighbours are one piece, judged by the signs at its ends.
    """
    marks = np.unique(np.concatenate([means, means - stds, means + stds]))
    marks = marks[(marks >= means.min()) & (marks <= means.max())]
    if len(marks) == 1:
        return marks
    scale = np.log(weights / stds)

    def slope(x: Array) -> Array:
        z = (x[:, np.newaxis] - means) / stds
        terms = scale - 0.5 * z * z
        return np.sum(np.exp(terms - terms.max(axis=1, keepdims=True)) * (-z / stds), axis=1)

    low, high = marks[:-1], marks[1:]
    falls: list[tuple[Array, Array]] = []
    unclear: list[tuple[Array, Array]] = []
    while len(low):
        middle, half = low + (high - low) / 2.0, (high - low) / 2.0
        z = (middle[:, np.newaxis] - means) / stds
        near = np.maximum(np.abs(z) - half[:, np.newaxis] / stds, 0.0)
        far = np.abs(z) + half[:, np.newaxis] / stds
        most = scale - 0.5 * near * near
        top = most.max(axis=1, keepdims=True)
        share, bound = np.exp(scale - 0.5 * z * z - top), np.exp(most - top)
        first, second = -share * z / stds, share * (z * z - 1.0) / stds**2
        third = np.sum(bound * (far**3 + 3.0 * far) / stds**3, axis=1)
        f1, f2 = first.sum(axis=1), second.sum(axis=1)
        rounding1, rounding2 = (_SLACK * np.abs(terms).sum(axis=1) for terms in (first, second))
        without = np.abs(f1) > np.abs(f2) * half + third * half**2 / 2.0 + rounding1
        without |= _one_sided(low, high, means, stds, scale)
        bent = ~without & (np.abs(f2) > third * half + rounding2)
        down = bent & (f2 < 0.0)
        falls.append((low[down], high[down]))
        open_ = ~without & ~bent
        fine = open_ & ((half <= _FINEST * stds.min()) | (middle == low) | (middle == high))
        unclear.append((low[fine], high[fine]))
        split = open_ & ~fine
        low, middle, high = low[split], middle[split], high[split]
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])

    begin, end = (np.concatenate(parts) for parts in zip(*falls, strict=True))
    held = (slope(begin) >= 0.0) & (slope(end) <= 0.0)
    begin, end = begin[held], end[held]
    for _ in range(200):
        middle = begin + (end - begin) / 2.0
        rising = slope(middle) > 0.0
        begin, end = np.where(rising, middle, begin), np.where(rising, end, middle)
    flat = _joined(*(np.sort(np.concatenate(parts)) for parts in zip(*unclear, strict=True)))
    tops = [(a + b) / 2.0 for a, b in flat if slope(np.array([a]))[0] >= 0.0 >= slope(np.array([b]))[0]]
    found = np.sort(np.concatenate([end, tops]))
    return found[np.append(True, np.diff(found) > 4.0 * _FINEST * stds.min())] if len(found) else found


def _one_sided(low: Array, high: Array, means: Array, stds: Array, scale: Array) -> Mask:
    """Whether the components on one side of intervals, shape (m,), pull harder than the others all over them.

    Of |z| exp(-z^2 / 2), whose logarithm is concave in |z|, bounds over an interval are at its ends and at |z| = 1. In
    logarithms: between distant components all terms underflow.
    """
    near, far = (np.abs(ends[:, np.newaxis] - means) / stds for ends in (low, high))
    near, far = np.minimum(near, far), np.maximum(near, far)
    with np.errstate(divide="ignore"):
        first, last = (np.log(z) - 0.5 * z * z for z in (near, far))
    size = scale - np.log(stds)
    least = size + np.minimum(first, last)
    most = size + np.where((near < 1.0) & (far > 1.0), -0.5, np.maximum(first, last))
    right = means >= high[:, np.newaxis]
    sums = [
        np.logaddexp.reduce(np.where(side, bound, -np.inf), axis=1)
        for side in (right, ~right)
        for bound in (least, most)
    ]
    rounding = _SLACK + 1e-15 * np.max(0.5 * far * far, axis=1)
    right_pulls: Mask = sums[0] > sums[3] + rounding
    return right_pulls | (sums[2] > sums[1] + rounding)


def _joined(low: Array, high: Array) -> list[tuple[float, float]]:
    """Return neighbouring intervals, ascending, as one."""
    pieces: list[tuple[float, float]] = []
    for a, b in zip(low.tolist(), high.tolist(), strict=True):
        if pieces and a <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], b)
        else:
            pieces.append((a, b))
    return pieces


# ---------------------------------------------------------------------------------------- several columns, normals


def _climbed(normals: Normals) -> Array:
    """Return where climbs from every mean, and from points between every two, end: shape (m, d)."""
    precisions: Array = np.linalg.inv(normals.covs).astype(float)
    found: list[Array] = []
    for start in _starts(normals.means, precisions):
        top = _climb(start, normals, precisions)
        if top is None:
            continue
        x, curvature = top
        if all((x - other) @ -curvature @ (x - other) > _APART**2 for other in found):
            found.append(x)
    return np.array(found)


def _starts(means: Array, precisions: Array) -> Array:
    """Return the means, and points on the ridges between every two of them.

    All critical points of two normals lie on their ridge (Ray & Lindsay 2005).
    """
    k, d = means.shape
    pairs = [(a, b) for a in range(k) for b in range(a)]
    n = int(np.clip(_MOST_STARTS // max(len(pairs), 1), 1, 100))
    share = (np.arange(n) + 1.0) / (n + 1.0)
    points = [means]
    for a, b in pairs[:_MOST_STARTS]:
        mixed = (
            share[:, np.newaxis, np.newaxis] * precisions[a] + (1.0 - share)[:, np.newaxis, np.newaxis] * precisions[b]
        )
        pull = share[:, np.newaxis] * (precisions[a] @ means[a]) + (1.0 - share)[:, np.newaxis] * (
            precisions[b] @ means[b]
        )
        points.append(np.linalg.solve(mixed, pull[:, :, np.newaxis])[:, :, 0])
    return np.concatenate(points)


def _climb(x: Array, normals: Normals, precisions: Array) -> tuple[Array, Array] | None:
    """Return a peak and the curvature of the log density there, from a point below it; None at a saddle.

    Newton steps where they rise, else the fixed-point step, which always does (Carreira-Perpinan 2000).
    """
    log_weights = np.log(normals.weights) + 0.5 * np.linalg.slogdet(precisions)[1]

    def view(x: Array) -> tuple[float, Array, Array, Array]:
        away = normals.means - x
        pull = np.einsum("kij,kj->ki", precisions, away)
        terms = log_weights - 0.5 * np.sum(away * pull, axis=1)
        share = np.exp(terms - terms.max())
        height = float(terms.max() + np.log(share.sum()))
        share = share / share.sum()
        slope = share @ pull
        curved = np.einsum("k,ki,kj->ij", share, pull, pull) - np.tensordot(share, precisions, 1)
        return height, slope, curved - np.outer(slope, slope), share

    height, slope, curvature, share = view(x)
    for _ in range(2000):
        peaked = np.linalg.eigvalsh(curvature)[-1] < 0.0
        if peaked:
            step = -np.linalg.solve(curvature, slope)
            if step @ -curvature @ step <= 1e-24:
                return x + step, curvature
            seen = view(x + step)
            if seen[0] >= height:
                x, (height, slope, curvature, share) = x + step, seen
                continue
        moved = np.linalg.solve(
            np.tensordot(share, precisions, 1), np.einsum("k,kij,kj->i", share, precisions, normals.means)
        )
        if np.all(np.abs(moved - x) <= 1e-15 * np.abs(x)):
            return (x, curvature) if peaked else None
        x = moved
        height, slope, curvature, share = view(x)
    return (x, curvature) if np.linalg.eigvalsh(curvature)[-1] < 0.0 else None
