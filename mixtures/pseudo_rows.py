"""What a sweep adds for rows that a prior takes to have been seen: their statistics and their log density."""

from __future__ import annotations

import math

import numpy as np

from distributions.kernels import call_accumulate, call_log_pdf, call_update, in_order, inner

from .derivatives import accumulate_derivatives, set_steps

FIXED, RELATIVE = 0, 1


@in_order
def placed(rows, location):
    """Return rows, shape (d, m), moved by a location, the first d entries of a vector."""
    moved = np.empty_like(rows)
    for j in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            moved[j, i] = rows[j, i] + location[j]
    return moved


@in_order
def rows_of(seen, leaf, kind, d):
    """Return the pseudo-rows of a leaf of d columns, shape (d, m), and their counts."""
    first, last = seen.count_at[2 * leaf + kind], seen.count_at[2 * leaf + kind + 1]
    begin = seen.rows_at[2 * leaf + kind]
    return seen.rows[begin : begin + d * (last - first)].reshape(d, last - first), seen.counts[first:last]


@inner
def log_density(plan, state, leaf, rows, count):
    """Return sum_j count_j log f(row_j)."""
    theta, out = state.theta[plan.theta_at[leaf] : plan.theta_at[leaf + 1]], np.zeros(count.size)
    call_log_pdf(plan.log_pdf[leaf], rows, theta, out)
    total = 0.0
    for i in range(count.size):
        total += count[i] * out[i]
    return total


@inner
def collect(plan, state, leaf, rows, count):
    """Add the statistics of rows to those of the data."""
    theta = state.centre[plan.theta_at[leaf] : plan.theta_at[leaf + 1]]
    stats = state.stats[plan.stats_at[leaf] : plan.stats_at[leaf + 1]]
    if plan.differences.size[leaf]:
        steps = np.empty(plan.differences.size[leaf])
        set_steps(plan.differences, state, plan.theta_at, plan.stats_at, leaf, steps)
        accumulate_derivatives(plan.log_pdf[leaf], rows, count, theta, steps, stats)
    else:
        call_accumulate(plan.accumulate[leaf], rows, count, theta, stats)
    state.leaf_mass[leaf] += count.sum()


@inner
def next_location(plan, state, leaf):
    """Return theta with the location that an update would give it, from all rows but the relative ones.

    About that mean the relative rows do not pull at it: so the update with them is the exact maximum. Where others have
    a say in the mean, the present one serves: then the update is one of a minorising function that touches here.
    """
    begin, end = plan.theta_at[leaf], plan.theta_at[leaf + 1]
    theta = state.centre[begin:end].copy()
    if plan.pseudo.foresees[leaf] and state.leaf_mass[leaf] > 0.0:
        stats = state.stats[plan.stats_at[leaf] : plan.stats_at[leaf + 1]]
        box = state.bounds[2 * begin : 2 * end].reshape(2, end - begin)
        call_update(plan.update[leaf], stats, theta, box)
    return theta


@in_order
def log_prior_of_proportions(choices, proportions):
    """Return the log density of the Dirichlet priors, up to a constant."""
    total = 0.0
    for o in range(proportions.size):
        if choices.pseudo_counts[o] > 0.0 and not choices.held[o]:
            total += choices.pseudo_counts[o] * math.log(proportions[o])
    return total


@in_order
def add_prior(plan, state):
    """Return the log density of the priors, up to a constant; add their pseudo-rows to the statistics and masses."""
    total = 0.0
    for leaf in range(plan.free.size):
        if not plan.free[leaf]:
            continue
        d = plan.last[leaf] - plan.first[leaf]
        rows, count = rows_of(plan.pseudo, leaf, FIXED, d)
        if count.size:
            total += log_density(plan, state, leaf, rows, count)
            collect(plan, state, leaf, rows, count)
        rows, count = rows_of(plan.pseudo, leaf, RELATIVE, d)
        if count.size:
            present = state.theta[plan.theta_at[leaf] : plan.theta_at[leaf + 1]]
            total += log_density(plan, state, leaf, placed(rows, present), count)
            collect(plan, state, leaf, placed(rows, next_location(plan, state, leaf)), count)
    return total + log_prior_of_proportions(plan.choices, state.proportions)
