"""One safeguarded Newton step for families whose maximum has no closed form.

Such a family's `accumulate` adds, over rows, the weight, the score and the second derivatives of the log density at the
current ``theta``, in *moves* u that make every parameter free of units: a location goes to theta + unit u, any other
parameter, which is positive, to theta exp(u). Sums add, so the same step serves a fit, EM, threads and chunks. The
step is only a step: the family says ``stepwise = True``, and who calls `update` halves it where the likelihood falls.
It is halved along a straight line in theta. So the step itself is straight, theta (1 + u) for a positive parameter: it
starts in the direction of the move, uphill, which the line to theta exp(u) need not do where u is long and parameters
are nearly collinear.
"""

from __future__ import annotations

import math

import numpy as np

from .kernels import compiled

LONGEST = 1.5  # move of one step: a factor of 2.5, or 1.5 units
LEAST = 0.2  # of a positive parameter that one step leaves
DAMPINGS = 60


@compiled
def newton_update(stats, theta, bounds, unit):
    """Move ``theta``, in place, by one Newton step inside its box.

    Parameters
    ----------
    stats : ndarray, shape (1 + p + p (p + 1) / 2,)
        Total weight, score (p,), lower triangle of the second derivatives row by row, all in moves.
    theta : ndarray, shape (p,)
    bounds : ndarray, shape (2, p)
    unit : ndarray, shape (p,)
        Length of a unit move of a location; 0 for a positive parameter, which moves in its logarithm.
    """
    p = theta.size
    lowest, highest = np.empty(p), np.empty(p)
    for j in range(p):
        if unit[j] > 0.0:
            lowest[j], highest[j] = (bounds[0, j] - theta[j]) / unit[j], (bounds[1, j] - theta[j]) / unit[j]
        else:
            lowest[j], highest[j] = bounds[0, j] / theta[j] - 1.0, bounds[1, j] / theta[j] - 1.0
        if bounds[0, j] == bounds[1, j]:
            lowest[j] = highest[j] = 0.0
    move = newton_move(stats[1 : 1 + p], stats[1 + p :], lowest, highest)
    part = 1.0
    for j in range(p):
        if unit[j] == 0.0 and move[j] < LEAST - 1.0:
            part = min(part, (LEAST - 1.0) / move[j])
    for j in range(p):
        if bounds[0, j] < bounds[1, j]:
            moved = theta[j] + part * move[j] * (unit[j] if unit[j] > 0.0 else theta[j])
            theta[j] = min(max(moved, bounds[0, j]), bounds[1, j])


@compiled
def newton_move(score, hessian, lowest, highest):
    """Return the move that climbs score'u + u'Hu/2 inside a box, damped where H is not negative definite.

    Parameters
    ----------
    score : ndarray, shape (p,)
    hessian : ndarray, shape (p (p + 1) / 2,)
        Lower triangle of H.
    lowest, highest : ndarray, shape (p,)
        The box, which holds 0.
    """
    p = score.size
    move, held = np.zeros(p), np.zeros(p, dtype=np.bool_)
    for j in range(p):
        held[j] = lowest[j] == highest[j]
    # A coordinate that leaves the box is held at its wall, the others are solved for anew: at most p times.
    for _ in range(p + 1):
        solve_damped(score, hessian, held, move)
        worst, at = 0.0, -1
        for j in range(p):
            beyond = max(lowest[j] - move[j], move[j] - highest[j])
            if not held[j] and beyond > worst:
                worst, at = beyond, j
        if at < 0:
            break
        move[at] = min(max(move[at], lowest[at]), highest[at])
        held[at] = True
    return move


@compiled
def solve_damped(score, hessian, held, move):
    """Fill the entries of ``move`` that are not held: (-H + damping) u = score, the damping as small as will do."""
    p = score.size
    matrix, right, factor = np.zeros((p, p)), np.zeros(p), np.zeros((p, p))
    for a in range(p):
        right[a] = 0.0 if held[a] else score[a]
        for b in range(a + 1):
            entry = hessian[a * (a + 1) // 2 + b]
            if held[a] or held[b]:
                if not held[a]:
                    right[a] += entry * move[b]
                if not held[b]:
                    right[b] += entry * move[a]
            else:
                matrix[a, b] = -entry
    size = np.zeros(p)
    for a in range(p):
        if held[a]:
            matrix[a, a] = 1.0
        size[a] = max(abs(matrix[a, a]), abs(right[a]), 1e-300)
    damping, solution = 0.0, np.zeros(p)
    for _ in range(DAMPINGS):
        definite = True
        for a in range(p):
            for b in range(a + 1):
                rest = matrix[a, b] + (damping * size[a] if a == b else 0.0)
                for c in range(b):
                    rest -= factor[a, c] * factor[b, c]
                if a == b:
                    # A pivot that is rounding error only is no curvature.
                    definite &= rest > 1e-14 * size[a]
                    factor[a, a] = math.sqrt(rest) if rest > 1e-14 * size[a] else 1.0
                else:
                    factor[a, b] = rest / factor[b, b]
        longest = 0.0
        if definite:
            for a in range(p):
                rest = right[a]
                for c in range(a):
                    rest -= factor[a, c] * solution[c]
                solution[a] = rest / factor[a, a]
            for back in range(p):
                a = p - 1 - back
                rest = solution[a]
                for c in range(a + 1, p):
                    rest -= factor[c, a] * solution[c]
                solution[a] = rest / factor[a, a]
            for a in range(p):
                if not held[a]:
                    longest = max(longest, abs(solution[a]))
            if longest <= LONGEST:
                break
        damping = max(2.0 * damping, 1e-4)
    for a in range(p):
        if not held[a]:
            move[a] = solution[a] if math.isfinite(solution[a]) else 0.0
