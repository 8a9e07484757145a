"""The maximum of a compiled family's likelihood: sum statistics, update, until nothing moves."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .coordinates import halve_step
from .data import Array, as_observed
from .errors import ConvergenceWarning
from .kernels import Kernels, in_order

if TYPE_CHECKING:
    from .base import Distribution

    D = TypeVar("D", bound=Distribution)

BLOCK = 32768  # cells handed to a kernel at once: they stay in the second-level cache
SMALLEST_BLOCK = 1024  # rows
ITERATIONS = 2000
SETTLED = 1e-10  # a step of a parameter in its own unit that ends a fit
SMALL_GAIN = 1e-5  # of the mean log-likelihood, by a step near the maximum, where steps shrink at a steady pace
MOST_HALVINGS = 40
ROUNDING = 64 * np.finfo(float).eps  # of a sum of log densities, relative to it
PILOT = 20_000  # rows whose maximum is the start for many more, where steps are needed


def maximise(
    family: D,
    kernels: Kernels,
    rows: Array,
    weight: Array | None,
    scale: Array,
    floor: float,
    iterations: int | None = None,
) -> tuple[D, tuple[str, ...]]:
    """Return the maximum inside the family's `bounds`, and the names of the parameters held there.

    Parameters
    ----------
    family : Distribution
        Unknown parameters start at its `first_guess`, known ones where they are.
    kernels : Kernels
    rows, weight, scale, floor, iterations
        As in `Distribution.fit_bounded`.
    """
    start = _start(family, kernels, rows, weight, scale, floor)
    theta, bounds, units = start.to_theta(), start.bounds(scale, floor), start.units(scale)
    stats, total = np.empty(start.statistics_size()), float(len(rows) if weight is None else weight.sum())
    ends = step_ends(start, theta.size)
    before, best, settled, step = theta, -np.inf, 0, 0.0
    for iteration in range(iterations or ITERATIONS):
        judged = family.stepwise or iteration > 2  # a maximum in closed form is reached by then
        log_likelihood = _sum(kernels, rows, weight, theta, stats, judged)
        height = max(log_likelihood, best)  # of the two: a likelihood of zero is no reason for slack
        rounding = ROUNDING * (abs(height) + total) if math.isfinite(height) else 0.0
        at_pace = True
        for _ in range(MOST_HALVINGS if family.stepwise else 0):
            if log_likelihood >= best - rounding:
                break
            at_pace = False
            halve_step(theta, before, ends[0], ends[1])
            log_likelihood = _sum(kernels, rows, weight, theta, stats, judged)
        at_pace &= not judged or log_likelihood - best <= SMALL_GAIN * total
        settled = settled + 1 if judged and -math.inf < log_likelihood <= best + rounding else 0
        if settled > 1:  # two steps without a gain: what is left of them is rounding
            break
        before, best = theta.copy(), max(best, log_likelihood) if judged else best
        kernels.update(stats, theta, bounds)
        step_before, step = step, relative_step(before, theta, units)
        if step <= SETTLED:
            break
        if at_pace and step < 0.1 * step_before and step * (step / step_before) ** 2 <= 0.1 * SETTLED:
            break  # by the pace of the last two steps, nothing is left
    else:
        theta = before if family.stepwise else theta  # the last step is not judged
        if iterations is None:
            warnings.warn(
                f"{type(family).__name__}: the fit made {ITERATIONS} iterations and still gains likelihood, "
                "which may be flat or unbounded here. Freeze a parameter.",
                ConvergenceWarning,
                stacklevel=4,
            )
    if family.stepwise and not _covers(kernels, rows, theta):
        theta = before  # the last step, which no likelihood has judged, left a row outside
    return start.from_theta(theta), start.at_bounds(theta, bounds)


def _start(family: D, kernels: Kernels, rows: Array, weight: Array | None, scale: Array, floor: float) -> D:
    """Return the family with all parameters known."""
    blank = family.with_values(**{name: None for name in family.parameters if name not in family.frozen})
    if family.stepwise and family == blank and len(rows) > 4 * PILOT:
        every = slice(None, None, len(rows) // PILOT)
        pilot, held = maximise(
            family, kernels, np.ascontiguousarray(rows[every]), None if weight is None else weight[every], scale, floor
        )
        if not held and pilot.log_likelihood(as_observed(rows), weight) > -np.inf:
            return pilot
    start = family.first_guess(rows, weight, floor * scale)  # a guess is no start to go below the floor
    if family.stepwise and family != blank and start.log_likelihood(as_observed(rows), weight) == -np.inf:
        # Values that were given shut out some rows: no step leads back from there.
        return blank.first_guess(rows, weight, floor * scale)
    return start


def _covers(kernels: Kernels, rows: Array, theta: Array) -> bool:
    """Whether the least and the greatest row of each column have a density: a support that moves loses these first."""
    ends = np.unique(np.concatenate([rows.argmin(axis=0), rows.argmax(axis=0)]))
    out = np.zeros(len(ends))
    kernels.log_pdf(np.ascontiguousarray(rows[ends].T), theta, out)
    return bool(np.isfinite(out).all())


def _sum(kernels: Kernels, rows: Array, weight: Array | None, theta: Array, stats: Array, judged: bool) -> float:
    """Fill the statistics; return the log-likelihood if it is to be judged, else 0."""
    stats[:] = 0.0
    ones, log_likelihood = np.ones(min(len(rows), BLOCK)), 0.0
    for block, X in feature_major_blocks(rows):
        r = ones[: X.shape[1]] if weight is None else np.ascontiguousarray(weight[block])
        if judged:
            out = np.zeros(X.shape[1])
            kernels.log_pdf(X, theta, out)
            with np.errstate(over="ignore", invalid="ignore"):  # of all rows it is infinite then
                log_likelihood += float(r @ out)
        kernels.accumulate(X, r, theta, stats)
    return log_likelihood


def step_ends(family: Any, size: int) -> Array:
    """Return between which ends each entry of theta moves, shape (2, size): those of its domain if steps are curved."""
    ends = np.array([np.full(size, -np.inf), np.full(size, np.inf)])
    if family.curved:
        for j, p in enumerate(family.declared):
            ends[:, j] = p.domain.ends
    return ends


@in_order
def relative_step(before, after, units):
    """Return the largest step of an entry of theta in its own unit (see `Distribution.units`)."""
    step = 0.0
    for j in range(after.size):
        moved = abs(after[j] - before[j])
        if moved > 0.0:
            step = max(step, moved / (units[j] if units[j] > 0.0 else max(abs(before[j]), abs(after[j]))))
    return step


def feature_major_blocks(rows: Array) -> Iterator[tuple[slice, Array]]:
    """Cut rows, shape (n, d), into blocks for kernels, shape (d, m)."""
    size = max(SMALLEST_BLOCK, BLOCK // rows.shape[1])
    for start in range(0, len(rows), size):
        block = slice(start, min(start + size, len(rows)))
        yield block, np.ascontiguousarray(rows[block].T)
