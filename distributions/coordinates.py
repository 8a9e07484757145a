"""Coordinates without ends: any point in them is a legal value, so that a step can be made longer than it was.

A number goes to the line between the ends of its domain (itself, a logarithm, log odds), proportions to their
logarithms, a covariance to T and log v of T diag(v) T', T lower triangular with ones on the diagonal. In these,
covariances of one volume, of one shape along fixed axes, or that are multiples of each other, lie on straight lines.
"""

from __future__ import annotations

import math

import numpy as np

from .domains import COVARIANCE, DIRECTION, LINE, PROPORTIONS
from .kernels import in_order


@in_order
def to_line(value, low, high):
    """Return a number between two ends as one on the whole line: its log odds, a logarithm, or itself."""
    if low > -math.inf and high < math.inf:
        return math.log((value - low) / (high - value))
    if low > -math.inf:
        return math.log(value - low)
    return -math.log(high - value) if high < math.inf else value


@in_order
def from_line(u, low, high):
    """Return the number between two ends that `to_line` takes to u."""
    if low > -math.inf and high < math.inf:
        return low + (high - low) / (1.0 + math.exp(-u))
    if low > -math.inf:
        return low + math.exp(u)
    return high - math.exp(-u) if high < math.inf else u


@in_order
def halve_step(theta, before, low, high):
    """Halve the step from ``before`` to ``theta``, in place, on a line between the ends of each entry's domain."""
    for j in range(theta.size):
        nearest, farthest = min(theta[j], before[j]), max(theta[j], before[j])
        if low[j] < nearest and farthest < high[j] and nearest < farthest:
            u, v = to_line(theta[j], low[j], high[j]), to_line(before[j], low[j], high[j])
            theta[j] = from_line((u + v) / 2.0, low[j], high[j])
        else:  # an end of the domain has no place on the line
            theta[j] = (theta[j] + before[j]) / 2.0


@in_order
def decompose(cov, form):
    """Fill form with T below the diagonal and log v on it; NaN where cov is not positive definite."""
    d = cov.shape[0]
    size = np.empty(d)
    for a in range(d):
        for b in range(a + 1):
            rest = cov[a, b]
            for c in range(b):
                rest -= form[a, c] * form[b, c] * size[c]
            if a == b:
                size[a] = rest
            else:
                form[a, b] = rest / size[b]
                form[b, a] = 0.0
    for a in range(d):
        form[a, a] = math.log(size[a]) if size[a] > 0.0 else math.nan


@in_order
def compose(form, floor, cov):
    """Fill cov with T diag(v) T'; return whether it is sure to be at least diag(floor)."""
    d = cov.shape[0]
    size, inverse = np.empty(d), np.zeros((d, d))
    for a in range(d):
        size[a] = math.exp(form[a, a])
    for a in range(d):
        for b in range(a + 1):
            entry = size[b] * (1.0 if a == b else form[a, b])
            for c in range(b):
                entry += form[a, c] * form[b, c] * size[c]
            cov[a, b] = cov[b, a] = entry
    trace = 0.0  # of the inverse in units of the floor: where it is at most 1, every eigenvalue is at least 1
    for b in range(d):
        inverse[b, b] = 1.0
        for a in range(b, d):
            for c in range(b, a):
                inverse[a, b] -= form[a, c] * inverse[c, b]
            trace += inverse[a, b] * inverse[a, b] * max(floor[b], 0.0) / size[a]
    return trace <= 1.0


@in_order
def to_coordinates(kind, value, low, high, unit, u, measure):
    """Fill the coordinates u of a part of theta, and ``measure``, how much the square of a step in each counts.

    Parameters
    ----------
    kind : int
        Of the coordinates, see `domains`.
    value : ndarray
    low, high : ndarray
        Ends of the domains of single numbers. A number at an end has no finite coordinate.
    unit : ndarray
        What a step of a number without ends is measured against; 1 where it is 0 or infinite.
    """
    if kind == COVARIANCE:
        d = int(round(math.sqrt(value.size)))
        form, counts = u.reshape(d, d), measure.reshape(d, d)
        decompose(value.reshape(d, d), form)
        for a in range(d):
            for b in range(d):
                counts[a, b] = 0.25 if a == b else math.exp(form[b, b] - form[a, a])
        return
    for j in range(value.size):
        measure[j] = 1.0
        if kind == PROPORTIONS:
            u[j] = math.log(value[j]) if value[j] > 0.0 else -math.inf
            measure[j] = value[j]
        elif kind == LINE:
            u[j] = to_line(value[j], low[j], high[j])
            if low[j] > -math.inf and high[j] < math.inf:
                share = (value[j] - low[j]) / (high[j] - low[j])
                measure[j] = share * (1.0 - share)
            elif low[j] == -math.inf and high[j] == math.inf and 0.0 < unit[j] < math.inf:
                measure[j] = 1.0 / (unit[j] * unit[j])
        else:
            u[j] = value[j]


@in_order
def move_along(kind, u, step, value, low, high, period, lowest, highest):
    """Move a part of theta, in place, by a step in its coordinates u; return whether it stays in its domain and box.

    What has no step stays the same to the bit.
    """
    still, size, top = True, 0.0, -math.inf
    for j in range(step.size):
        if step[j] != 0.0:
            still, size, top = False, size + value[j], max(top, u[j] + step[j])
    if still:
        return True
    if kind == COVARIANCE:
        d = int(round(math.sqrt(value.size)))
        return compose((u + step).reshape(d, d), lowest[:: d + 1], value.reshape(d, d))
    moved_size = 0.0
    for j in range(value.size):
        if step[j] == 0.0 and kind != DIRECTION:
            continue
        if kind == PROPORTIONS:
            value[j] = math.exp(u[j] + step[j] - top)
            moved_size += value[j]
        elif kind == DIRECTION:
            value[j] += step[j]
            moved_size += value[j] * value[j]
        else:
            moved = from_line(u[j] + step[j], low[j], high[j])
            if period[j] > 0.0:
                moved -= period[j] * math.floor(moved / period[j] + 0.5)
            if not (low[j] < moved < high[j] and lowest[j] <= moved <= highest[j]):
                return False
            value[j] = moved
    if kind in (PROPORTIONS, DIRECTION):
        factor = size / moved_size if kind == PROPORTIONS else 1.0 / math.sqrt(moved_size)
        if not factor < math.inf:
            return False
        for j in range(value.size):
            value[j] *= factor if step[j] != 0.0 or kind == DIRECTION else 1.0
    return True
