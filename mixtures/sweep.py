"""One pass over the data: parameters in, log-likelihood and statistics out. It knows no constraints.

Rows are read block by block; log densities, responsibilities and statistics of a block stay in cache, and nothing of
size n x K is stored. The loops are compiled once, for every combination of families.

Blocks make up chunks, whose size is a matter of the plan alone. The sums of a chunk are its own and are added in the
order of the chunks: so they are the same to the bit, however many threads take part (`threads`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from distributions.data import Array
from distributions.kernels import (
    address_for,
    call_accumulate,
    call_at,
    call_log_pdf,
    compiled,
    in_order,
    inner,
    take_number,
    unowned,
)
from distributions.lanes import REGISTER, add, larger, load, prefetch, quarter, spread, store
from distributions.lanes import total as sum_of
from distributions.special import exp_of_difference, exp_of_differences, log

from .derivatives import accumulate_derivatives, set_steps
from .observed import Integers, observed
from .truncation import draw, keep_best, mark_best
from .turning import LINE, on_cache_lines, turn

WIDTH = 4 * REGISTER  # rows whose responsibilities are worked out at once

# Rows: a block of some columns and components stays in the second-level cache. A multiple of 32, which vectors divide,
# but of no high power of two, at which the columns of a block would fall on the same places of a cache.
BLOCK = 992
CHUNK = 2_000_000  # rows x statistics: about a millisecond
SPARSE = 8  # cells of a chunk's data for each of its sums
NARROW = 4  # columns up to which the next rows can be on their way while a block's responsibilities are worked out
APART = LINE  # doubles between the sums of chunks: threads do not write to one line


def rows_of_chunk(n_columns: int, n_sums: int) -> int:
    """Return how many rows make a chunk that is worth a thread's while, and whose sums are few beside its data."""
    rows = max(CHUNK // n_sums, SPARSE * (n_sums + APART) // n_columns)
    return BLOCK * (rows // BLOCK + 1)


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
def normalise(joint, weight, mass, scratch, ahead):
    """Turn log joint densities, shape (K, m), into weighted responsibilities, in place; return the log-likelihood.

    ``weight`` has size 0 where every row counts once. ``mass`` (K,) collects the sums of responsibilities. A row that
    has no density anywhere makes the result NaN or -inf: the caller looks for it. ``scratch`` has `scratch_size(K, m)`
    entries or more. ``ahead`` is a vector that will be read next: it is asked for meanwhile.
    """
    n_components, m = joint.shape
    top, total = scratch[:m], scratch[m : 2 * m]
    in_lanes = m - m % WIDTH
    normalise_in_lanes(joint, weight, mass, top, total, scratch[2 * m :], in_lanes, ahead)
    for i in range(in_lanes, m):
        top[i], total[i] = joint[0, i], 0.0
        for k in range(1, n_components):
            top[i] = joint[k, i] if joint[k, i] > top[i] else top[i]
        for k in range(n_components):
            joint[k, i] = exp_of_difference(joint[k, i] - top[i])
            total[i] += joint[k, i]
        for k in range(n_components):
            joint[k, i] *= (weight[i] if weight.size else 1.0) / total[i]
            mass[k] += joint[k, i]
    log_likelihood = 0.0
    if weight.size:
        for i in range(m):
            log_likelihood += weight[i] * (top[i] + log(total[i]))
        return log_likelihood
    for i in range(m):
        log_likelihood += top[i]
    # Every total lies in [1, K]: the product of so many cannot overflow.
    return log_likelihood + log_of_product(total, int(700.0 / math.log(n_components + 1.0)))


@compiled
def scratch_size(n_components, m):
    """Return the size of the room that `normalise` needs for m rows."""
    return 2 * m + n_components * REGISTER


@compiled
def normalise_in_lanes(joint, weight, mass, top, total, sums, m, ahead):
    """Do so for the first m rows, of which a few at a time stay in registers; fill their top and total.

    ``sums`` is room for a register of each component: it becomes one number at the end only.
    """
    share_ahead, next_ahead = ahead.size * WIDTH // max(m, 1), 0
    cells = joint.reshape(joint.size)
    sums[: joint.shape[0] * REGISTER] = 0.0
    for i in range(0, m, WIDTH):
        for place in range(next_ahead, next_ahead + share_ahead, LINE):
            prefetch(ahead, place)
        next_ahead += share_ahead
        highest = load(cells, i, WIDTH)
        for k in range(1, joint.shape[0]):
            highest = larger(load(cells, k * joint.shape[1] + i, WIDTH), highest)
        summed = spread(0.0, WIDTH)
        for k in range(joint.shape[0]):
            part = exp_of_differences(load(cells, k * joint.shape[1] + i, WIDTH) - highest)
            store(cells, k * joint.shape[1] + i, part)
            summed = summed + part
        store(top, i, highest)
        store(total, i, summed)
        factor = (load(weight, i, WIDTH) if weight.size else spread(1.0, WIDTH)) / summed
        for k in range(joint.shape[0]):
            share = load(cells, k * joint.shape[1] + i, WIDTH) * factor
            store(cells, k * joint.shape[1] + i, share)
            share = add(add(quarter(share, 0), quarter(share, 1)), add(quarter(share, 2), quarter(share, 3)))
            store(sums, k * REGISTER, load(sums, k * REGISTER, REGISTER) + share)
    for k in range(joint.shape[0]):
        mass[k] += sum_of(load(sums, k * REGISTER, REGISTER))


@compiled
def fill_in(block, stand_in, filled):
    """Copy a block with its missing cells replaced."""
    for j in range(block.shape[0]):
        for i in range(block.shape[1]):
            filled[j, i] = stand_in[j] if math.isnan(block[j, i]) else block[j, i]


@compiled
def mark_seen(rows, seen):
    """Set seen to 0 where every cell of a leaf's row is missing (some: its own kernels know what to do), else 1."""
    seen[:] = 0.0
    for j in range(rows.shape[0]):
        for i in range(seen.size):
            seen[i] = seen[i] if math.isnan(rows[j, i]) else 1.0


@compiled
def blank_unseen(values, seen):
    """Set log densities of rows that a leaf does not see to 0."""
    for i in range(seen.size):
        values[i] = values[i] if seen[i] > 0.0 else 0.0


@compiled
def add_to(values, owners, place, joint):
    """Add log densities of a leaf to those of the components that it is part of, where these have a place."""
    for k in owners:
        if place[k] >= 0:
            row = joint[place[k]]
            for i in range(row.size):
                row[i] += values[i]


@compiled
def total_of(owners, place, joint, total):
    """Fill the sum of the responsibilities of several components, of those that have a place."""
    total[:] = 0.0
    for k in owners:
        if place[k] >= 0:
            row = joint[place[k]]
            for i in range(row.size):
                total[i] += row[i]


@compiled
def multiply(r, seen, masked):
    """Fill the responsibilities of the rows that a leaf sees, 0 for the others; return their sum."""
    total = 0.0
    for i in range(r.size):
        masked[i] = r[i] * seen[i]
        total += masked[i]
    return total


@compiled
def add_log_factors(code, log_factors, components, joint):
    """Add what is known of the rows of a block to the log mixing proportions of some components, rows of joint."""
    for c in range(components.size):
        row, k = joint[c], components[c]
        for i in range(code.size):
            row[i] += log_factors[code[i], k]


@compiled
def steps_of_differences(differences, theta_at, stats_at, state):
    """Return the steps of differences, from the derivatives of the last sweep; none where nothing is differentiated."""
    steps = np.empty(state.theta.size if differences.size.any() else 0)
    for leaf in range(differences.size.size if steps.size else 0):
        first, last = theta_at[leaf], theta_at[leaf] + differences.size[leaf]
        set_steps(differences, state, theta_at, stats_at, leaf, steps[first:last])
    return steps


class Room(NamedTuple):
    """Where the sums of a block are worked out."""

    cells: Array  # (rows of a block x columns,): columns, one after the other
    complete: Array  # the same without missing cells, where there are any
    joint: Array  # (K x rows,): log densities, then responsibilities
    values: Array  # (rows,): of one leaf
    shared: Array
    sights: Array  # (columns that leaves read, rows): whether a leaf sees a row, where cells are missing
    scratch: Array
    components: Integers  # that a block looks at
    leaves: Integers
    place: Integers  # (K,): of a component among those that a block looks at; negative: it does not
    mass: Array  # (K,): of a block
    log_weights: Array  # (K,)


@inner
def room_for(data, plan, state, block_size):
    """Return room for blocks of so many rows."""
    n_components, n_cells = state.weights.size, data.rows.shape[1] * block_size
    has_missing = data.stand_in.size > 0
    return Room(
        on_cache_lines(n_cells),
        on_cache_lines(n_cells if has_missing else 0),
        on_cache_lines(n_components * block_size),
        on_cache_lines(block_size),
        on_cache_lines(block_size),
        np.empty((plan.sight.max() + 1 if has_missing else 0, block_size)),
        on_cache_lines(scratch_size(n_components, block_size)),
        np.arange(n_components),
        np.arange(plan.free.size),
        np.arange(n_components),
        np.empty(n_components),
        np.log(state.weights),
    )


@inner
def sum_rows(data, plan, state, steps, room, begin, end, log_likelihood, mass, leaf_mass, stats):
    """Add rows begin <= i < end to the masses and statistics of those before, and to their log-likelihood; return it.

    Where it is not finite, the other sums are not complete.
    """
    data, plan, state, room = unowned(data), unowned(plan), unowned(state), unowned(room)
    steps, mass, leaf_mass, stats = unowned(steps), unowned(mass), unowned(leaf_mass), unowned(stats)
    n_columns, block_size = data.rows.shape[1], room.values.size
    n_leaves, has_missing = plan.free.size, data.stand_in.size > 0
    near, group = plan.near, 0
    components, leaves, place = room.components, room.leaves, room.place
    values, shared, sights, scratch, of_block = room.values, room.shared, room.sights, room.scratch, room.mass
    cells = data.rows.reshape(data.rows.size)[: data.rows.size if n_columns <= NARROW else 0]
    start = begin
    while start < end:
        m = min(block_size, end - start)
        if near.row_at.size:  # a block is of one group
            group += np.searchsorted(near.row_at[group:], start, side="right") - 1
            m = min(m, near.row_at[group + 1] - start)
            components = near.components[near.component_at[group] : near.component_at[group + 1]]
            leaves = near.leaves[near.leaf_at[group] : near.leaf_at[group + 1]]
            place[:] = -1
            for c in range(components.size):
                place[components[c]] = c
        block = room.cells[: n_columns * m].reshape(n_columns, m)
        joint = room.joint[: components.size * m].reshape(components.size, m)
        turn(data.rows[start : start + m], block)
        filled = block
        if has_missing:
            filled = room.complete[: block.size].reshape(n_columns, m)
            fill_in(block, data.stand_in, filled)
            marked = 0
            for leaf in range(n_leaves):  # once for all leaves that read the same columns
                if plan.sight[leaf] == marked:
                    mark_seen(block[plan.first[leaf] : plan.last[leaf]], sights[marked, :m])
                    marked += 1
        for c in range(components.size):
            joint[c] = room.log_weights[components[c]]
        if data.code.size:
            add_log_factors(data.code[start : start + m], data.log_factors, components, joint)
        done = 0
        while done < leaves.size:
            leaf = leaves[done]
            n_served = 1 if near.row_at.size else plan.together[leaf]
            done += n_served
            theta = state.theta[plan.theta_at[leaf] : plan.theta_at[leaf + n_served]]
            owners = plan.owners[plan.owner_at[leaf] : plan.owner_at[leaf + 1]]
            rows = block[plan.first[leaf] : plan.last[leaf]]
            patched = has_missing and not plan.marginal[leaf]
            if owners.size == 1 and not patched:
                at = place[owners[0]] * m
                call_log_pdf(plan.log_pdf[leaf], rows, theta, room.joint[at : at + n_served * m])
                continue
            values[:m] = 0.0
            if patched:
                call_log_pdf(plan.log_pdf[leaf], filled[plan.first[leaf] : plan.last[leaf]], theta, values[:m])
                blank_unseen(values[:m], sights[plan.sight[leaf], :m])
            else:
                call_log_pdf(plan.log_pdf[leaf], rows, theta, values[:m])
            add_to(values[:m], owners, place, joint)
        if near.best.size:
            mark_best(joint, components, near.best[start : start + m], scratch)
        if plan.kept < components.size:
            keep_best(joint, plan.kept, scratch)
        of_block[: components.size] = 0.0
        ahead = cells[(start + m) * n_columns : (start + 2 * m) * n_columns]
        log_likelihood += normalise(joint, data.weight[start : start + m], of_block, scratch, ahead)
        if not math.isfinite(log_likelihood):
            return log_likelihood
        if plan.seed >= 0:
            draw(joint, data.first + start, plan.seed, of_block)
        for c in range(components.size):
            mass[components[c]] += of_block[c]
        done = 0
        while done < leaves.size:
            leaf = leaves[done]
            n_served = 1 if near.row_at.size else plan.together[leaf]
            done += n_served
            if plan.free[leaf]:
                theta = state.centre[plan.theta_at[leaf] : plan.theta_at[leaf + n_served]]
                sums = stats[plan.stats_at[leaf] : plan.stats_at[leaf + n_served]]
                rows = block[plan.first[leaf] : plan.last[leaf]]
                owners = plan.owners[plan.owner_at[leaf] : plan.owner_at[leaf + 1]]
                at = place[owners[0]] * m
                r = room.joint[at : at + n_served * m]
                if owners.size > 1:
                    r = shared[:m]
                    total_of(owners, place, joint, r)
                if has_missing:
                    leaf_mass[leaf] += multiply(r, sights[plan.sight[leaf], :m], values[:m])
                    r = values[:m]
                    if not plan.marginal[leaf]:
                        rows = filled[plan.first[leaf] : plan.last[leaf]]
                if plan.differences.size[leaf]:
                    first = plan.theta_at[leaf]
                    of_leaf = steps[first : first + plan.differences.size[leaf]]
                    accumulate_derivatives(plan.log_pdf[leaf], rows, r, theta, of_leaf, sums)
                else:
                    call_accumulate(plan.accumulate[leaf], rows, r, theta, sums)
        start += m
    if not has_missing:
        for leaf in range(n_leaves):
            leaf_mass[leaf] = 0.0
            for at in range(plan.owner_at[leaf], plan.owner_at[leaf + 1]):
                leaf_mass[leaf] += mass[plan.owners[at]]
    return log_likelihood


@compiled
def sum_chunks(data, plan, state, steps, block_size, begun, ticket, sums, most):
    """Take up to so many chunks, or until none is left; add the sums of each to its row of ``sums``.

    These hold the log-likelihood, the masses, those of leaves, and the statistics.

    Parameters
    ----------
    begun : int
        Rows of the first chunk that are in its sums already, and so not among these: a multiple of the rows of a block.
    ticket : ndarray of int, shape (1,)
        The next chunk. Several threads may draw from it.
    sums : ndarray, shape (chunks, 1 + K + leaves + statistics, or more)
        Zero, but for what is begun.
    """
    n, first = data.rows.shape[0], 1 + state.mass.size
    last = first + state.leaf_mass.size
    room = room_for(data, plan, state, min(block_size, plan.chunk, n))
    for _ in range(most):
        chunk = take_number(ticket)
        if chunk >= sums.shape[0]:
            return
        of_chunk = sums[chunk]
        begin, end = max(chunk * plan.chunk - begun, 0), min((chunk + 1) * plan.chunk - begun, n)
        mass, leaf_mass, stats = of_chunk[1:first], of_chunk[first:last], of_chunk[last : last + state.stats.size]
        of_chunk[0] = sum_rows(data, plan, state, steps, room, begin, end, of_chunk[0], mass, leaf_mass, stats)


@in_order
def add_chunks(sums, state):
    """Return the log-likelihood of all chunks; where it is finite, fill ``state.stats`` and the masses.

    Whoever adds chunk after chunk as they come gets the same bits.
    """
    log_likelihood = 0.0
    for chunk in range(sums.shape[0]):
        log_likelihood += sums[chunk, 0]
    if math.isfinite(log_likelihood):
        first = 1
        for part in (state.mass, state.leaf_mass, state.stats):
            part[:] = 0.0
            for chunk in range(sums.shape[0]):
                of_chunk = sums[chunk, first : first + part.size]
                for i in range(part.size):
                    part[i] += of_chunk[i]
            first += part.size
    return log_likelihood


@compiled
def n_chunks(n_rows, chunk):
    """Return the number of chunks of so many rows."""
    return (n_rows - 1) // chunk + 1


@inner
def sweep(data, plan, state, block_size):
    """Return the log-likelihood at the current parameters; fill ``state.stats`` and the masses, if it is finite.

    Parameters
    ----------
    data : observed.Observed
    plan, state : plan.Plan, plan.State
    block_size : int
        Rows per block.
    """
    n_sums = 1 + state.mass.size + state.leaf_mass.size + state.stats.size
    sums = np.zeros((n_chunks(data.rows.shape[0], plan.chunk), n_sums + APART))
    steps = steps_of_differences(plan.differences, plan.theta_at, plan.stats_at, state)
    ticket = np.zeros(1, dtype=np.int64)
    call_at(plan.sum_chunks, sum_chunks, (data, plan, state, steps, block_size, 0, ticket, sums, sums.shape[0] + 1))
    return add_chunks(sums, state)


def address_of_sum_chunks(plan, state):
    """Return the address of `sum_chunks`."""
    ticket, sums = np.zeros(1, dtype=np.int64), np.empty((1, 1))
    return address_for(sum_chunks, (observed(sums), plan, state, np.empty(0), BLOCK, 0, ticket, sums, 1))
