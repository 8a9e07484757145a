"""What families of x > 0 with a shape and a scale share: log x has the location log(scale) and the scale 1 / shape.

They look at z = shape log(x / scale), and move as a location and a scale do: the scale to scale exp(u / shape), the
shape to shape exp(-v).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .data import Array, average
from .kernels import compiled, scalar
from .special import LN2, log

SMALLEST, LARGEST = float(np.finfo(float).tiny), float(np.finfo(float).max)


@scalar
def log_ratio(x, scale, inverse):
    """Return log(x / scale) within 4 ulp, near x = scale too; x > 0, inverse = 1 / scale, scale in 1e-90..1e90."""
    # The quotient of a very small or large x might underflow or overflow.
    power = 600.0 if x < 1e-100 else (-600.0 if x > 1e100 else 0.0)
    factor = 2.0**600 if x < 1e-100 else (2.0**-600 if x > 1e100 else 1.0)
    u = x * factor / scale
    # The quotient is rounded. Near one the difference x - scale is exact, and what was lost can be put back.
    lost = (x - scale) * inverse - (u - 1.0)
    return log(u) + (lost / u if (u > 0.5) & (u < 2.0) & (power == 0.0) else 0.0) - power * LN2


@compiled
def box_of_moves(theta, bounds):
    """Return the least and greatest move, shape (2,) each, of theta = (shape, scale, ...) inside its bounds."""
    lowest, highest = np.empty(2), np.empty(2)
    lowest[0] = theta[0] * np.log(bounds[0, 1] / theta[1])
    highest[0] = theta[0] * np.log(bounds[1, 1] / theta[1])
    lowest[1] = -np.log(bounds[1, 0] / theta[0])
    highest[1] = -np.log(bounds[0, 0] / theta[0])
    for j in range(2):
        if bounds[0, 1 - j] == bounds[1, 1 - j]:
            lowest[j] = highest[j] = 0.0
    return lowest, highest


@compiled
def apply_move(theta, bounds, move):
    """Move theta = (shape, scale, ...), in place."""
    if bounds[0, 1] < bounds[1, 1]:
        theta[1] = min(max(theta[1] * math.exp(min(move[0] / theta[0], 700.0)), bounds[0, 1], SMALLEST), LARGEST)
    if bounds[0, 0] < bounds[1, 0]:
        theta[0] = min(max(theta[0] * math.exp(-move[1]), bounds[0, 0]), bounds[1, 0])


def log_centre_and_spread(rows: Array, weight: Array | None, smallest: float | Array) -> tuple[float, float]:
    """Return weighted mean and standard deviation of log x; the latter not below what ``smallest`` is relative to x."""
    logs = np.log(rows[:, 0])
    centre = average(logs, weight)
    spread = float(np.sqrt(average((logs - centre) ** 2, weight)))
    least = float(np.max(smallest)) / average(rows[:, 0], weight)
    return centre, max(spread, min(least, 1.0), 1e-14)  # beside a scale that rows are tiny to, it says nothing


def logs_of_ratios(x: npt.ArrayLike, scale: float) -> Array:
    """Return log(x / scale), as `log_ratio` does; -inf for x <= 0."""
    x = np.asarray(x, dtype=float)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        x = np.where(x <= 0.0, 0.0, x)
        u = x / scale
        far = np.log(x) - math.log(scale)
        return np.where((u > 0.5) & (u < 2.0), np.log1p((x - scale) / scale), np.where(u > SMALLEST, np.log(u), far))


def representable(x: Array) -> Array:
    """Return positive draws, those below the smallest and beyond the largest double moved there."""
    return np.clip(x, SMALLEST, LARGEST)
