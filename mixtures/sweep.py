"""One pass over the data: parameters in, log-likelihood and statistics out. It knows no constraints.

Rows are read block by block; log densities, responsibilities and statistics of a block stay in cache, and nothing of
size n x K is stored. The loops are compiled once, for every combination of families.
"""

from __future__ import annotations

import math

import numpy as np

from distributions.kernels import call_accumulate, call_log_pdf, compiled
from distributions.special import exp_of_difference, log


@compiled
def gather(rows, columns, block):
    """Copy rows, shape (m, d), into a feature-major block, shape (columns, m)."""
    for j in range(columns.size):
        column = columns[j]
        for i in range(block.shape[1]):
            block[j, i] = rows[i, column]


@compiled
def log_of_product(values, most):
    """Return sum(log(values)) with one logarithm for each ``most`` values: these are multiplied first."""
    total = 0.0
    for start in range(0, values.size, most):
        # A slice indexed from zero: an index that might be negative would keep the loop from vectorising.
        chunk, product = values[start : start + most], 1.0
        for i in range(chunk.size):
            product *= chunk[i]
        total += math.log(product)
    return total


@compiled
def normalise(joint, weight, mass, scratch):
    """Turn log joint densities, shape (K, m), into weighted responsibilities, in place; return the log-likelihood.

    ``weight`` has size 0 where every row counts once. ``mass`` (K,) collects the sums of responsibilities. A row that
    has no density anywhere makes the result NaN or -inf: the caller looks for it.
    """
    n_components, m = joint.shape
    top, total = scratch[:m], scratch[m : 2 * m]
    for i in range(m):
        top[i] = joint[0, i]
    for k in range(1, n_components):
        row = joint[k]
        for i in range(m):
            top[i] = row[i] if row[i] > top[i] else top[i]
    for i in range(m):
        total[i] = 0.0
    for k in range(n_components):
        row = joint[k]
        for i in range(m):
            row[i] = exp_of_difference(row[i] - top[i])
            total[i] += row[i]
    log_likelihood = 0.0
    if weight.size:
        for i in range(m):
            log_likelihood += weight[i] * (top[i] + log(total[i]))
            total[i] = weight[i] / total[i]
    else:
        for i in range(m):
            log_likelihood += top[i]
        # Every total lies in [1, K]: the product of so many cannot overflow.
        log_likelihood += log_of_product(total, int(700.0 / math.log(n_components + 1.0)))
        for i in range(m):
            total[i] = 1.0 / total[i]
    for k in range(n_components):
        row, collected = joint[k], 0.0
        for i in range(m):
            row[i] *= total[i]
            collected += row[i]
        mass[k] += collected
    return log_likelihood


@compiled
def add_log_factors(code, log_factors, joint):
    """Add what is known of the rows of a block to their log mixing proportions, shape (K, m)."""
    for k in range(joint.shape[0]):
        row = joint[k]
        for i in range(code.size):
            row[i] += log_factors[code[i], k]


@compiled
def sweep(data, plan, state, block_size):
    """Return the log-likelihood at the current parameters; fill ``state.stats`` and ``state.mass``.

    Parameters
    ----------
    data : observed.Observed
    plan, state : plan.Plan, plan.State
    block_size : int
        Rows per block.
    """
    n, n_components, n_leaves = data.rows.shape[0], state.weights.size, plan.component.size
    block_size = min(block_size, n)
    cells = np.empty(plan.columns.size * block_size)
    densities = np.empty(n_components * block_size)
    scratch = np.empty(2 * block_size)
    log_weights = np.log(state.weights)
    state.stats[:] = 0.0
    state.mass[:] = 0.0
    log_likelihood = 0.0
    for start in range(0, n, block_size):
        m = min(block_size, n - start)
        block = cells[: plan.columns.size * m].reshape(plan.columns.size, m)
        joint = densities[: n_components * m].reshape(n_components, m)
        gather(data.rows[start : start + m], plan.columns, block)
        for k in range(n_components):
            for i in range(m):
                joint[k, i] = log_weights[k]
        if data.code.size:
            add_log_factors(data.code[start : start + m], data.log_factors, joint)
        for leaf in range(n_leaves):
            theta = state.theta[plan.theta_at[leaf] : plan.theta_at[leaf + 1]]
            rows = block[plan.first[leaf] : plan.last[leaf]]
            call_log_pdf(plan.log_pdf[leaf], rows, theta, joint[plan.component[leaf]])
        log_likelihood += normalise(joint, data.weight[start : start + m], state.mass, scratch)
        if not math.isfinite(log_likelihood):
            return log_likelihood
        for leaf in range(n_leaves):
            if plan.free[leaf]:
                theta = state.theta[plan.theta_at[leaf] : plan.theta_at[leaf + 1]]
                stats = state.stats[plan.stats_at[leaf] : plan.stats_at[leaf + 1]]
                rows = block[plan.first[leaf] : plan.last[leaf]]
                call_accumulate(plan.accumulate[leaf], rows, joint[plan.component[leaf]], theta, stats)
    return log_likelihood
