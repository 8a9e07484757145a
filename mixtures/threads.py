"""Threads that share the chunks of a sweep, or short runs: how many there are, and the pool that they come from.

Which thread sums a chunk makes no difference to its sums, so a run is the same to the bit for any number of threads.
The thread that asks takes chunks itself and needs no other: where a pool is busy, or no thread can be started, it does
all the work. So there is nothing to wait for but a chunk that is being summed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from distributions.data import Array
from distributions.errors import InvalidParameterError
from distributions.kernels import BY_NAME, with_stand_ins

from .observed import Elsewhere, Integers
from .sweep import add_chunks, steps_of_differences, sum_chunks, sweep

MOST = 256  # threads
SHARE = 2  # chunks, of a millisecond each, that a thread should have: fewer are not worth starting it
PAUSE = 64  # chunks until the thread that asks returns to Python, where Ctrl-C is heard

_pools: dict[tuple[int, int], Any] = {}  # by process, since threads do not survive a fork, and number of threads


def cores() -> int:
    """Return how many cores this process may use; no more than OMP_NUM_THREADS says, where that is a number."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    available = len(affinity(0)) if affinity else os.cpu_count() or 1
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(available, int(told)) if told.isdecimal() and int(told) > 0 else available


def require_jobs(n_jobs: Any) -> None:
    """Raise `InvalidParameterError` unless this is None or a number of threads, see `n_threads`."""
    is_whole = isinstance(n_jobs, (int, np.integer)) and not isinstance(n_jobs, bool)
    if n_jobs is not None and (not is_whole or n_jobs == 0):
        raise InvalidParameterError(
            f"MixtureModel: n_jobs must be a number of threads, -1 for every core, or None for as many as pay; "
            f"got {n_jobs!r}"
        )


def n_threads(n_jobs: int | None, n_chunks: int) -> int:
    """Return how many threads shall share a sweep over so many chunks.

    Parameters
    ----------
    n_jobs : int or None
        A number; -1 for every core, -2 for all but one, and so on; None for those that pay, but one where the caller
        is not the main thread: whoever started several has shared out the cores already.
    n_chunks : int
    """
    if n_jobs is None:
        is_first = threading.current_thread() is threading.main_thread()
        return max(1, min(cores(), n_chunks // SHARE)) if is_first else 1
    return min(int(n_jobs) if n_jobs > 0 else max(1, cores() + 1 + int(n_jobs)), MOST)


@cache
def threaded(loop: Any, n: int, pauses: bool = False) -> Callable[..., Any]:
    """Return a loop over sweeps whose chunks are shared by ``n`` threads; one that pauses within sweeps if it shall."""
    if n > 1 or pauses:
        return with_stand_ins(loop, (BY_NAME, (sum_chunks, partial(_sum_together, n))))
    return loop if hasattr(loop, "signatures") else with_stand_ins(loop, (BY_NAME,))  # compiled, or a part of such


def summing(n: int) -> Callable[..., Any]:
    """Return `sum_chunks` as ``n`` threads do it."""
    return sum_chunks if n == 1 else partial(_sum_together, n)


@cache
def elsewhere(loop: Any, n: int) -> Callable[..., Any]:
    """Return a loop over sweeps of rows that are not in memory, see `observed.Elsewhere`."""
    return with_stand_ins(loop, ((sweep, partial(_sweep_elsewhere, n)),))


def _sweep_elsewhere(n: int, data: Elsewhere, plan: Any, state: Any, block_size: int) -> float:
    """Do what `sweep` does where the rows are."""
    steps = steps_of_differences(plan.differences, plan.theta_at, plan.stats_at, state)
    return float(add_chunks(data.sums(plan, state, steps, block_size, n)[np.newaxis], state))


def _sum_together(
    n: int,
    data: Any,
    plan: Any,
    state: Any,
    steps: Array,
    block_size: int,
    begun: int,
    ticket: Integers,
    sums: Array,
    most: int,
) -> None:
    """Do what `sum_chunks` does in ``n`` threads, this one among them."""
    arguments = data, plan, state, steps, block_size, begun, ticket, sums
    helpers: list[Any] = []
    try:
        for _ in range(min(n, len(sums)) - 1):
            helpers.append(_pool(n).submit(sum_chunks, *arguments, most))
    except RuntimeError:  # no thread can be started, as at the end of the interpreter
        pass
    try:
        while ticket[0] < len(sums):
            sum_chunks(*arguments, min(PAUSE, most))
    finally:
        ticket[0] = len(sums)  # interrupted: no more chunks are taken
        for helper in helpers:
            if not helper.cancel():
                helper.result()


def in_turn(function: Callable[[Any], Any], arguments: Iterable[Any], n: int) -> Iterator[Any]:
    """Yield what a function gives for each argument, in their order, of which ``n`` threads work out one each.

    Where no thread can be started, as at the end of the interpreter, it is this one that does.
    """
    given = list(arguments)
    try:
        return _pool(n + 1).map(function, given) if n > 1 else map(function, given)
    except RuntimeError:
        return map(function, given)


def _pool(n: int) -> Any:
    """Return the helpers of ``n`` threads in this process, made when they are first needed. All callers share them."""
    from concurrent.futures import ThreadPoolExecutor  # deferred: most fits need none

    key = os.getpid(), n
    if key not in _pools:
        _pools.setdefault(key, ThreadPoolExecutor(n - 1, thread_name_prefix=f"mixtures-{n}"))
    return _pools[key]
