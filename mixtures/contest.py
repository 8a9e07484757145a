"""The choice among starts: all are run for a short while, the best few for longer, one or two to the end.

It is the em-EM strategy of Biernacki, Celeux & Govaert, Computational Statistics & Data Analysis 41 (2003).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from distributions.data import Array
from distributions.errors import InvalidDataError

from . import em, threads
from .degeneracy import spikes
from .layout import Layout, Parameters
from .observed import Integers, Observed
from .plan import Engine
from .truncation import Truncation

# Rounds of EM: sweeps, tolerance, largest difference in log-likelihood per weight that is none, runs that go on.
ROUNDS = ((15, 1e-6, 1e-5, 20), (60, 1e-8, 1e-6, 6), (1000, 1e-10, 1e-9, 1))
MILLISECOND = 200_000  # cells x components x sweeps, about
SLOW_ROUNDS = 2  # where a component is slow: the last and longest climb is the fit itself


class Rank(NamedTuple):
    """Order of runs: the sane before the collapsed, then by log-likelihood without what spikes gain by themselves.

    So a spike on rows that others explain as well never wins, but one on rows far from all others can.
    """

    n_held: int
    loss: float

    def is_tie(self, other: Rank, margin: float) -> bool:
        """Whether both reached the same optimum."""
        return self.n_held == other.n_held and (self.loss == other.loss or abs(self.loss - other.loss) <= margin)


class Run(NamedTuple):
    """Where a run came to."""

    parameters: Parameters
    rank: Rank


class Contest:
    """Starts, and the runs from them.

    Parameters
    ----------
    layout : Layout
    data : Observed
        Rows with weights.
    scale : ndarray, shape (d,)
        Scale of each column.
    truncation : Truncation
    accelerate : bool
    n_rows : int
        Number of rows that the data stand for.
    n_jobs : int, optional
        See `threads.n_threads`: so many runs are made at once. Their results are the same for any number.

    Attributes
    ----------
    guesses : list of Parameters
        All starts that entered.
    """

    def __init__(
        self,
        layout: Layout,
        data: Observed,
        scale: Array,
        truncation: Truncation,
        accelerate: bool,
        n_rows: int,
        n_jobs: int | None = None,
    ) -> None:
        self.layout, self.data, self.scale = layout, data, scale
        self.truncation, self.accelerate, self.n_rows = truncation, accelerate, n_rows
        # What is fitted in Python holds the interpreter, and may be of use to one thread at a time only.
        self.n_jobs = n_jobs if all(leaf.distribution.kernels is not None for leaf in layout.leaves) else 1
        self.rounds = ROUNDS[:SLOW_ROUNDS] if any(leaf.distribution.slow for leaf in layout.leaves) else ROUNDS
        self.guesses: list[Parameters] = []
        self._runs: list[Run] = []
        self._n_held = 0  # of the starts that have been in a contest
        self._best: int | None = None
        self._is_broken_off = False

    def enter(self, guess: Parameters) -> None:
        """Let a start take part in the next contest."""
        self.guesses.append(guess)
        self._runs.append(Run(guess, Rank(len(self.layout.branches) + 2, np.inf)))  # behind those that have been tried

    def hold(self, report: Callable[[str, int, int], None]) -> int:
        """Run those that entered since the last contest, and find the best of all; return how many came where it did.

        Of the new ones: those left behind in a shorter run, which might have come there too, do not count.
        """
        left, agreed = list(range(self._n_held, len(self._runs))), np.ones(len(self._runs), dtype=int)
        total = self.data.weight.sum()
        for number, (n_sweeps, tol, tie, keep) in enumerate(self.rounds):
            climb, name = partial(self._climb, n_sweeps=n_sweeps, tol=tol), "longer run" if number else "short run"
            runs = threads.in_turn(climb, [self._runs[i].parameters for i in left], self._n_threads(n_sweeps, left))
            try:
                for place, i in enumerate(left):
                    report(name, place + 1, len(left))
                    self._runs[i] = next(runs)
            except BaseException:
                self._is_broken_off = True
                raise
            left = distinct(left, self._runs, tie * total, agreed)[:keep]
        self._n_held = len(self._runs)
        margin, first = self.rounds[-1][2] * total, left[0]
        if self._best is None or (
            self._runs[first].rank < self.best.rank and not self._runs[first].rank.is_tie(self.best.rank, margin)
        ):
            self._best = first
        return int(agreed[first])

    @property
    def best(self) -> Run:
        """The best run; before the first contest is over, of those that were tried so far."""
        return min(self._runs, key=lambda run: run.rank) if self._best is None else self._runs[self._best]

    @property
    def guess(self) -> Parameters:
        """The start of the best run."""
        assert self._best is not None
        return self.guesses[self._best]

    def _n_threads(self, n_sweeps: int, left: list[int]) -> int:
        """Return how many of the runs that are left pay to be made at once."""
        of_a_run = self.data.rows.size * len(self.layout.branches) * n_sweeps
        return min(threads.n_threads(self.n_jobs, len(left) * of_a_run // MILLISECOND), len(left))

    def _look_on(self) -> None:
        """End a run whose result nobody waits for any more."""
        if self._is_broken_off:
            raise KeyboardInterrupt

    def _climb(self, start: Parameters, n_sweeps: int, tol: float) -> Run:
        data, layout = self.data, self.layout
        engine = Engine(layout, start, self.scale, n_sweeps, data.has_missing, self.truncation, self.accelerate)
        try:
            status = em.run(engine, data, tol=tol, max_iter=n_sweeps, watch=self._look_on)
        except InvalidDataError:  # a user's own fit gave up on its share of the data: another start may do better
            status = em.FAILED
        if status == em.FAILED:
            return Run(start, Rank(len(layout.branches) + 1, np.inf))  # behind those that have merely collapsed
        held = sum(bool(names) for names in engine.held)
        of_spikes = sum(spike.gain for spike in spikes(engine, self.n_rows))
        return Run(engine.parameters, Rank(held, of_spikes * data.weight.sum() / self.n_rows - engine.history[-1]))


def distinct(indices: list[int], runs: Sequence[Run], margin: float, agreed: Integers) -> list[int]:
    """Return the runs that reached different optima, best first; the earliest speaks for those of one optimum.

    So rounding does not choose between them. Those that it speaks for are added to its entry of ``agreed``.
    """
    found: list[int] = []
    for i in sorted(indices, key=lambda i: runs[i].rank):
        same = found and runs[i].rank.is_tie(runs[found[-1]].rank, margin)
        if same:
            agreed[[i, found[-1]]] = agreed[i] + agreed[found[-1]]
            found[-1] = min(i, found[-1])
        else:
            found.append(i)
    return found
