"""Scores and second derivatives of a leaf's log density, from its `log_pdf` kernel alone.

They are additive statistics, as a family's own are, so leaves that share values can be updated together whatever their
family: by a Newton step. Differences are central: seven points for each entry of theta, whose error is of order h^6 in
the score. Steps h are powers of two, so that theta + h is exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from distributions.data import Array
from distributions.kernels import call_log_pdf, compiled, copy_to, in_order

from .observed import Integers

# Part of the least of an entry's unit and its standard error from one row. The term left out of a score,
# h^6 f^(7) / 140, and the rounding of f over h are then both about 1e-13 of a row's.
STEP = 2.0**-8
SHRINKS = 12  # by 8 each, where a row has no density at a moved point


class Differences(NamedTuple):
    """What is differentiated: of each leaf the first ``size`` entries of theta.

    ``low`` and ``high`` are the ends of the domains of these, and of entries whose steps are curved, else infinite.
    """

    size: Integers  # (leaves,)
    low: Array
    high: Array


@compiled
def n_derivatives(count):
    """Return the number of scores and of second derivatives (lower triangle) in so many entries."""
    return count + count * (count + 1) // 2


@in_order
def set_steps(differences, state, theta_at, stats_at, leaf, steps):
    """Fill the steps of a leaf's entries, shape (q,): 0 for pinned ones, of others shorter where derivatives are known.

    These are in the leaf's statistics, of rows with the leaf's mass.
    """
    begin, end, q = theta_at[leaf], theta_at[leaf + 1], steps.size
    theta, bounds = state.theta[begin:end], state.bounds[2 * begin : 2 * end].reshape(2, end - begin)
    stats, mass = state.stats[stats_at[leaf] : stats_at[leaf + 1]], state.leaf_mass[leaf]
    for j in range(q):
        reach = min(theta[j] - differences.low[begin + j], differences.high[begin + j] - theta[j])
        if state.units[begin + j] > 0.0:
            reach = min(reach, state.units[begin + j])
        information = -stats[q + j * (j + 3) // 2] / mass if mass > 0.0 else 0.0
        if information > 0.0 and information < np.inf:
            reach = min(reach, 1.0 / math.sqrt(information))
        steps[j] = 0.0
        if bounds[0, j] < bounds[1, j] and reach > 0.0:
            steps[j] = math.ldexp(1.0, int(math.floor(math.log2(STEP * reach))))


@compiled
def sums_of_differences(r, here, up, down):
    """Return sum r (up - down) and sum r (up - 2 here + down) over the rows with any r."""
    first, second = 0.0, 0.0
    for i in range(r.size):
        first += r[i] * (up[i] - down[i]) if r[i] != 0.0 else 0.0
        second += r[i] * (up[i] - here[i] + (down[i] - here[i])) if r[i] != 0.0 else 0.0
    return first, second


@compiled
def add_cross(r, here, near_a, near_b, both, place, size, stats):
    """Add the second derivative in two entries, from sums of densities on both sides along each and along both."""
    total = 0.0
    for i in range(r.size):
        rest = both[i] - near_a[i] - near_b[i] + 2.0 * here[i]
        total += r[i] * rest if r[i] != 0.0 else 0.0
    stats[place] += total / (2.0 * size) if math.isfinite(total) else 0.0


@compiled
def accumulate_derivatives(log_pdf, X, r, theta, steps, stats):
    """Add the scores and the lower triangle of second derivatives, in entries of theta, of rows weighted by r.

    Parameters
    ----------
    log_pdf : int
        Address of the kernel; the kernel itself where the loop is interpreted.
    X : ndarray, shape (d, m)
    r : ndarray, shape (m,)
    theta : ndarray
    steps : ndarray, shape (q,)
        Of differences; where it is 0, nothing is added.
    stats : ndarray, shape (q + q (q + 1) / 2,)
    """
    q, m = steps.size, r.size
    here, up, down = np.zeros(m), np.empty(m), np.empty(m)
    near, used = np.zeros((q, m)), steps.copy()
    call_log_pdf(log_pdf, X, theta, here)
    moved = theta.copy()
    for j in range(q):
        if steps[j] == 0.0:
            continue
        score, bend = 0.0, 0.0
        for _ in range(SHRINKS):
            h = used[j]
            for k in range(1, 4):
                up[:], down[:] = 0.0, 0.0
                moved[j] = theta[j] + k * h
                call_log_pdf(log_pdf, X, moved, up)
                moved[j] = theta[j] - k * h
                call_log_pdf(log_pdf, X, moved, down)
                moved[j] = theta[j]
                first, second = sums_of_differences(r, here, up, down)
                if k == 1:
                    copy_to(near[j], up + down)
                    score, bend = 45.0 * first, 270.0 * second
                elif k == 2:
                    score, bend = score - 9.0 * first, bend - 27.0 * second
                else:
                    score, bend = (score + first) / (60.0 * h), (bend + 2.0 * second) / (180.0 * h * h)
            if math.isfinite(score + bend):
                break
            score, bend, used[j] = 0.0, 0.0, used[j] / 8.0
        stats[j] += score
        stats[q + j * (j + 3) // 2] += bend
    for a in range(q):
        for b in range(a):
            if steps[a] == 0.0 or steps[b] == 0.0:
                continue
            up[:], down[:] = 0.0, 0.0
            moved[a], moved[b] = theta[a] + used[a], theta[b] + used[b]
            call_log_pdf(log_pdf, X, moved, up)
            moved[a], moved[b] = theta[a] - used[a], theta[b] - used[b]
            call_log_pdf(log_pdf, X, moved, down)
            moved[a], moved[b] = theta[a], theta[b]
            up += down
            add_cross(r, here, near[a], near[b], up, q + a * (a + 1) // 2 + b, used[a] * used[b], stats)
