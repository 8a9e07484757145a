"""The EM loop: sweep, judge, update, until the climb is over. It knows no data but through the sweep.

Dempster, Laird & Rubin (1977); the remaining distance to the optimum is predicted from the ratio of successive steps
(Aitken), as in McLachlan & Krishnan, The EM Algorithm and Extensions (2008), section 4.9.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from distributions.coordinates import halve_step
from distributions.estimation import MOST_HALVINGS, ROUNDING, relative_step
from distributions.kernels import call_complete, call_update, call_update_jointly, copy_to, in_order, inner, interpreted

from .acceleration import FORGET, LONGER, extrapolate
from .observed import Looked, Observed
from .plan import CURVED, STRAIGHT, Engine
from .pseudo_rows import add_prior
from .sweep import BLOCK, n_chunks, sweep
from .threads import PAUSE, elsewhere, threaded

RUNNING, CONVERGED, LIMIT, FELL, FAILED, DRAWN, STOPPED, INTERRUPTED, LOST, STREAMED = range(10)
REASONS = {
    RUNNING: "not finished",
    CONVERGED: "converged",
    LIMIT: "stopped at max_iter",
    FELL: "stopped: an update lowered the objective",
    FAILED: "stopped: a row has no density",
    DRAWN: "made max_iter random updates, the best of which is kept",
    STOPPED: "stopped by callback",
    INTERRUPTED: "interrupted",
    LOST: "stopped: the data could not be read again",
    STREAMED: "learned block by block",
}

# What became of the parameters last looked at, and so what is to be done.
START, STEPPED, LEAPT, ACCEPTED, REJECTED = range(5)
# Places in `State.progress`: objectives on record; gain and step of the last update; phase; halvings of the last step;
# and, where EM is accelerated, updates in succession; longest extrapolation allowed, and the last one made; slowest
# ratio of successive steps that extrapolations have met of late; updates in succession after which all seemed over.
# Then: largest fall of an update that was rounding; the fall that rounding can make of the covariances' condition;
# successive updates that gained no more than rounding.
(SWEEPS, GAIN, STEP, PHASE, HALVINGS, UPDATES, LONGEST, LENGTH, RATIO, SETTLED, NOISE, SLACK, QUIET) = range(13)

INTERPRETED_BLOCK = 65536  # calls of Python functions cost more than cache misses
PULSE = 1_000_000  # rows x columns x components of the sweeps before the first return to Python, where Ctrl-C is heard
PULSE_SECONDS = 0.1  # between later ones
VANISHED = 1e-200  # responsibility, relative to all, below which a component keeps its parameters
SLOWEST = 0.9999  # largest ratio of successive steps that a prediction believes
SUCCESSION = 2  # updates since the last extrapolation, from which on there can be another: fast parts must settle
CONFIRMATIONS = 4  # updates in succession that must find the climb over once there was an extrapolation
FALL = 1e-9  # per unit of weight: a smaller fall is rounding
MOST_FALL = 1e-6  # per unit of weight: a larger one is told, whatever the condition of a covariance
PATIENCE = 1000.0  # updates in succession that gain no more than rounding: parameters still move, along a flat ridge
FALLS = 50.0  # among them, beyond the rounding of a sum: then steps are rounding too


@inner
def update_group(plan, state, group):
    """Update the leaves of a group together."""
    members = plan.members[plan.group_at[group] : plan.group_at[group + 1]]
    p = plan.theta_at[members[0] + 1] - plan.theta_at[members[0]]
    s = plan.stats_at[members[0] + 1] - plan.stats_at[members[0]]
    stats, theta, bounds = np.empty((members.size, s)), np.empty((members.size, p)), np.empty((members.size, 2, p))
    for i in range(members.size):
        begin, first = plan.theta_at[members[i]], plan.stats_at[members[i]]
        copy_to(stats[i], state.stats[first : first + s])
        copy_to(theta[i], state.theta[begin : begin + p])
        copy_to(bounds[i].reshape(2 * p), state.bounds[2 * begin : 2 * (begin + p)])
    setting = plan.setting[plan.setting_at[group] : plan.setting_at[group + 1]]
    call_update_jointly(plan.update_jointly[group], stats, theta, bounds, setting)
    for i in range(members.size):
        begin = plan.theta_at[members[i]]
        copy_to(state.theta[begin : begin + p], theta[i])


@in_order
def m_step(plan, state):
    """Update every leaf from its statistics, alone or with its group, and the weights from the masses."""
    copy_to(state.point_before, state.point)
    copy_to(state.weights_before, state.weights)
    total = state.mass.sum()
    for leaf in range(plan.free.size):
        if plan.alone[leaf] and state.leaf_mass[leaf] > VANISHED * total:
            begin, end = plan.theta_at[leaf], plan.theta_at[leaf + 1]
            stats = state.stats[plan.stats_at[leaf] : plan.stats_at[leaf + 1]]
            box = state.bounds[2 * begin : 2 * end].reshape(2, end - begin)
            call_update(plan.update[leaf], stats, state.theta[begin:end], box)
    for group in range(plan.group_at.size - 1):
        update_group(plan, state, group)
    update_proportions(plan.choices, state)


@in_order
def update_proportions(choices, state):
    """Set the proportions of each choice to the shares of its options in the mass, and the weights to their products.

    Options that are tied keep the ratio of their factors: together they take the share of all of them. Frozen ones
    stay, and the others take what they leave.
    """
    n_options = state.proportions.size
    mass, of_tie, factors = choices.pseudo_counts.copy(), np.empty(n_options), np.empty(n_options)
    for k in range(state.mass.size):
        for place in range(choices.path_at[k], choices.path_at[k + 1]):
            mass[choices.path[place]] += state.mass[k]
    for choice in range(choices.option_at.size - 1):
        first, last = choices.option_at[choice], choices.option_at[choice + 1]
        total, left = 0.0, 1.0
        of_tie[first:last], factors[first:last] = 0.0, 0.0
        for o in range(first, last):
            if choices.held[o]:
                left -= state.proportions[o]
            else:
                total += mass[o]
                of_tie[first + choices.tie[o]] += mass[o]
                factors[first + choices.tie[o]] += choices.factor[o]
        for o in range(first, last):
            if not choices.held[o] and total > 0.0:
                tie = first + choices.tie[o]
                state.proportions[o] = left * (of_tie[tie] / total) * (choices.factor[o] / factors[tie])
    multiply_out(choices, state.proportions, state.weights)


@in_order
def multiply_out(choices, proportions, weights):
    """Set the weights to the products of the proportions that lead to them."""
    for k in range(weights.size):
        weight = 1.0
        for place in range(choices.path_at[k], choices.path_at[k + 1]):
            weight *= proportions[choices.path[place]]
        weights[k] = weight


@in_order
def step_back(theta, theta_before, theta_at, stepwise, ends):
    """Halve the last step of every leaf whose update is only a step."""
    for leaf in range(stepwise.size):
        begin, end = theta_at[leaf], theta_at[leaf + 1]
        if stepwise[leaf] == STRAIGHT:
            for j in range(begin, end):
                theta[j] += (theta_before[j] - theta[j]) / 2
        elif stepwise[leaf] == CURVED:
            halve_step(theta[begin:end], theta_before[begin:end], ends.low[begin:end], ends.high[begin:end])


@inner
def largest_step(state):
    """Return the largest change of the last update: of a parameter in its unit, or of a weight."""
    step = relative_step(state.theta_before, state.theta, state.units)
    for k in range(state.weights.size):
        step = max(step, abs(state.weights[k] - state.weights_before[k]))
    return step


@in_order
def remaining(step, previous, least=0.0):
    """Predict the sum of all further steps of a sequence that shrinks geometrically, by no less than a least ratio."""
    ratio = min(max(step / previous if previous > 0.0 else 0.0, least), SLOWEST)
    return step * ratio / (1.0 - ratio)


@inner
def judge(state, tol, max_iter):
    """Say whether the climb is over, from the objectives and the last step."""
    sweeps = int(state.progress[SWEEPS])
    now = state.history[sweeps - 1]
    if not math.isfinite(now):
        return FAILED
    total, gain = state.mass.sum(), now - state.history[sweeps - 2] if sweeps > 1 else np.inf
    rounding = max(ROUNDING * (abs(now) + total), state.progress[NOISE])
    if sweeps > 1 and state.progress[UPDATES] == 0.0:
        state.progress[GAIN], state.progress[STEP] = np.inf, np.inf  # what an extrapolation gains predicts nothing
        state.progress[QUIET] = state.progress[QUIET] if gain <= rounding else 0.0
    elif sweeps > 1:
        step = largest_step(state)
        if gain < -max(rounding + FALL * total, state.progress[SLACK]):
            return FELL
        if gain < -ROUNDING * (abs(now) + total):  # an update cannot fall else: it tells how far rounding reaches here
            rounding = state.progress[NOISE] = max(rounding, -gain)
            state.progress[QUIET] += PATIENCE / FALLS
        state.progress[QUIET] = state.progress[QUIET] + 1.0 if gain <= rounding else 0.0
        # After an extrapolation the fast parts of a step hide the slow one for a while: so no ratio is believed that is
        # below those of late, and some updates more must confirm that nothing is left.
        ratio = state.progress[RATIO]
        gain_left = remaining(max(gain, 0.0), state.progress[GAIN], ratio * ratio)
        step_left = remaining(step, state.progress[STEP], ratio)
        state.progress[GAIN], state.progress[STEP] = max(gain, 0.0), step
        settled = max(gain, 0.0) <= rounding or gain_left <= tol * total
        over = sweeps > 2 and settled and step_left <= math.sqrt(tol)
        state.progress[SETTLED] = state.progress[SETTLED] + 1.0 if over else 0.0
        if state.progress[SETTLED] >= (CONFIRMATIONS if state.progress[LENGTH] > 1.0 else 1):
            return CONVERGED
        if (step == 0.0 and gain <= rounding) or state.progress[QUIET] >= PATIENCE:
            return CONVERGED
    return LIMIT if sweeps > max_iter else RUNNING


@inner
def evaluate(data, plan, state, block_size):
    """Return the log-likelihood and log prior at the current parameters; fill ``state.stats`` and the masses."""
    log_likelihood = sweep(data, plan, state, block_size)
    state.log_prior[0] = add_prior(plan, state) if math.isfinite(log_likelihood) else 0.0
    return log_likelihood + state.log_prior[0]


@inner
def finish_leap(plan, state):
    """Set all that follows from parameters and proportions that were moved by themselves."""
    for leaf in range(plan.free.size):
        if plan.free[leaf] and plan.complete[leaf]:
            call_complete(plan.complete[leaf], state.theta[plan.theta_at[leaf] : plan.theta_at[leaf + 1]])
    multiply_out(plan.choices, state.proportions, state.weights)


@in_order
def move(plan, state):
    """Set the parameters to look at next, from the statistics of the last sweep and what became of it."""
    phase = int(state.progress[PHASE])
    if phase == ACCEPTED:
        due = plan.coordinates.kind.size > 0 and state.progress[UPDATES] >= SUCCESSION
        due = due and state.progress[HALVINGS] == 0.0 and state.progress[SETTLED] == 0.0
        first = state.point_before.copy()
        m_step(plan, state)
        copy_to(state.stats_before, state.stats)  # of the parameters before
        copy_to(state.mass_before, state.mass)
        copy_to(state.leaf_mass_before, state.leaf_mass)
        copy_to(state.log_prior_before, state.log_prior)
        state.progress[PHASE], state.progress[HALVINGS] = STEPPED, 0.0
        if due:
            length, wanted = extrapolate(
                plan.coordinates, first, state.point_before, state.point, state.progress[LONGEST]
            )
            state.progress[RATIO] = max(1.0 - 1.0 / wanted, 1.0 - FORGET * (1.0 - state.progress[RATIO]), 0.0)
            if length > 1.0:
                state.progress[PHASE], state.progress[LENGTH] = LEAPT, length
                finish_leap(plan, state)
            elif wanted > state.progress[LONGEST]:  # which is 1: an update that is taken as it is confirms it
                state.progress[LONGEST] *= LONGER
    elif phase == REJECTED:
        step_back(state.theta, state.theta_before, plan.theta_at, plan.stepwise, plan.differences)
        state.progress[HALVINGS] += 1.0


@in_order
def record(stepwise, state, now, tol, max_iter):
    """Take the objective at the parameters that were looked at: put it on record, or send them back; return a status.

    While the status is `RUNNING` the phase says what `move` is to do next.
    """
    phase, sweeps = int(state.progress[PHASE]), int(state.progress[SWEEPS])
    before, confirmed = -math.inf, True
    if phase != START:
        state.progress[UPDATES] += 1.0
        before = state.history[sweeps - 1]
        confirmed = now >= before - ROUNDING * (abs(before) + state.mass_before.sum())
        at_limit = state.progress[LENGTH] == state.progress[LONGEST]
        if phase == LEAPT:
            state.progress[UPDATES] = 0.0
            if at_limit:
                state.progress[LONGEST] = max(state.progress[LONGEST] * (LONGER if confirmed else 1.0 / LONGER), 1.0)
        elif not confirmed and stepwise.any() and state.progress[HALVINGS] < MOST_HALVINGS:
            state.progress[UPDATES] -= 1.0
            state.progress[PHASE] = REJECTED
            return RUNNING
    refused = phase == LEAPT and not confirmed
    state.history[sweeps] = before if refused else now
    state.progress[SWEEPS] += 1.0
    state.progress[PHASE] = ACCEPTED
    status = judge(state, tol, max_iter)
    if refused or status == FELL:  # back to the parameters one update ago, and what belongs to them
        copy_to(state.point, state.point_before)
        copy_to(state.weights, state.weights_before)
        copy_to(state.stats, state.stats_before)
        copy_to(state.mass, state.mass_before)
        copy_to(state.leaf_mass, state.leaf_mass_before)
        copy_to(state.log_prior, state.log_prior_before)
    return status


@in_order
def advance(data, plan, state, tol, max_iter, n_sweeps, block_size):
    """Put up to ``n_sweeps`` objectives on record; return a status. A run can be continued by another call.

    Parameters move, a sweep looks at them, and its objective is put on record: so the objective, the statistics and
    the parameters belong together whenever this returns. The loop asks of the data nothing but `evaluate`.
    """
    last = int(state.progress[SWEEPS]) + n_sweeps
    while True:
        move(plan, state)
        status = record(plan.stepwise, state, evaluate(data, plan, state, block_size), tol, max_iter)
        if status != RUNNING or (state.progress[PHASE] == ACCEPTED and state.progress[SWEEPS] >= last):
            return status


def run(
    engine: Engine,
    data: Looked,
    *,
    tol: float,
    max_iter: int,
    n_sweeps: int | None = None,
    n_threads: int = 1,
    watch: Callable[[], None] | None = None,
) -> int:
    """Run EM on checked rows until it ends or ``n_sweeps`` are made; return the status.

    It is the same run for any number of threads. A family in NumPy leaves it to one. ``watch`` is called now and then.

    Raises
    ------
    KeyboardInterrupt
        Within a second, or whatever goes wrong where rows are elsewhere. Parameters, objective and statistics are then
        those of a moment before.
    """
    loop, block_size = _as_called(advance, engine, data, n_threads)
    tol, max_iter = float(tol), int(max_iter)  # compiled for these types only
    left = max_iter + 1 if n_sweeps is None else n_sweeps
    last = int(engine.state.progress[SWEEPS]) + left
    pulse, is_here = 1, isinstance(data, Observed)
    if isinstance(data, Observed):
        pulse = max(1, PULSE // (data.rows.size * len(engine.state.weights)))
    status = RUNNING
    while status == RUNNING and left > 0:
        pulse, saved, began = min(left, pulse), engine.saved(), time.perf_counter()
        try:
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # interpreted: as silent as compiled
                status = int(loop(data, engine.plan, engine.state, tol, max_iter, pulse, block_size))
        except BaseException:  # in the midst of a step: Ctrl-C where functions are interpreted, or lost data
            engine.restore(saved)
            raise
        if status == FELL and _is_rounding(engine):
            status = RUNNING
        left = last - int(engine.state.progress[SWEEPS])
        spent = time.perf_counter() - began
        if is_here:  # other data take long, and may be lost: no sweep is made twice
            pulse = 2 * pulse if spent < PULSE_SECONDS else max(1, int(pulse * PULSE_SECONDS / spent))
        if watch is not None:
            watch()
    return status


def _is_rounding(engine: Engine) -> bool:
    """Whether the last fall is one that rounding can make of the covariances' condition; then it is let happen.

    Of an error in the best of all covariances the square counts; in the best of those of a common structure itself.
    """
    progress, fall = engine.state.progress, -float(np.diff(engine.history[-2:])[0])
    together = {place for group, _ in engine.layout.groups for place in group}
    slack = 0.0
    for place, leaf in enumerate(engine.parameters.leaves):
        part = leaf.rounding
        slack += float(engine.state.leaf_mass[place]) * (math.sqrt(part) if place in together else part)
    slack = min(slack, MOST_FALL * float(engine.state.mass.sum()))
    if not fall <= slack:
        return False
    progress[SLACK] = slack
    progress[SWEEPS] -= 1.0  # the update is made once more
    progress[UPDATES] -= 1.0
    return True


def look(engine: Engine, data: Looked, n_threads: int = 1) -> float:
    """Return the objective at the current parameters; leave their statistics and masses."""
    loop, block_size = _as_called(evaluate, engine, data, n_threads)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return float(loop(data, engine.plan, engine.state, block_size))


def _as_called(function: Any, engine: Engine, data: Looked, n_threads: int = 1) -> tuple[Any, int]:
    """Return the function as it is called for this engine and these data, and how many rows a block shall have."""
    if not isinstance(data, Observed):
        return elsewhere(function, n_threads), BLOCK
    if engine.interpreted:
        return interpreted(function), INTERPRETED_BLOCK
    return threaded(function, n_threads, n_chunks(len(data.rows), engine.plan.chunk) > PAUSE), BLOCK
