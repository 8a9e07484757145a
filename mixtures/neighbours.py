"""Truncated EM that looks at few components for each row: those near the one that was best for it.

Rows are sorted by their best component, so that the rows of a block have their neighbours in common; now and then they
are sorted anew. Where that would lower the objective it is not done: so the climb never falls.

Luecke & Forster, "k-means as a variational EM approximation of Gaussian mixture models", Pattern Recognition Letters
125 (2019), and Hirschberger, Forster & Luecke, "A variational EM acceleration for efficient clustering at very large
scales", IEEE Transactions on Pattern Analysis and Machine Intelligence 44 (2022), for the search among neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import em
from .observed import Integers, Observed, take
from .plan import Engine
from .posterior import log_joint
from .truncation import Near

WITNESSES = 8  # rows of a group that say which components are near
GROWTH = 1.5  # of the number of sweeps between two sorts


class NeighbourClimb:
    """A run of `em.run`, interrupted by sorting.

    Parameters
    ----------
    engine : Engine
    n_near : int
        Components that are looked at for each row.
    """

    def __init__(self, engine: Engine, n_near: int) -> None:
        self.engine, self.n_near = engine, n_near
        self.data: Observed | None = None  # sorted
        self.due = 2  # sweeps after which rows are sorted anew

    def run(self, data: Observed, *, tol: float, max_iter: int, n_sweeps: int | None = None, **options: Any) -> int:
        """Run to the end, or for so many sweeps; return the status. Options and errors are those of `em.run`."""
        progress = self.engine.state.progress
        last = np.inf if n_sweeps is None else progress[em.SWEEPS] + n_sweeps

        def climb(sweeps: int) -> int:
            rows = data if self.data is None else self.data
            return em.run(self.engine, rows, tol=tol, max_iter=max_iter, n_sweeps=sweeps, **options)

        if self.data is None:  # the first look is at everything
            best = np.zeros(len(data.rows), dtype=np.int64)
            self.engine.plan = self.engine.plan._replace(near=Near.all()._replace(best=best))
            if climb(1) == em.FAILED:
                return em.FAILED
            self._sort(data)
            progress[em.SWEEPS], progress[em.PHASE] = 0, em.START
        status = em.RUNNING
        while status == em.RUNNING and progress[em.SWEEPS] < last:
            if progress[em.SWEEPS] >= self.due:
                status = self._sort_if_better(climb)
                self.due = int(GROWTH * progress[em.SWEEPS]) + 1
                continue
            status = climb(int(min(self.due, last) - progress[em.SWEEPS]))
            if status == em.CONVERGED and progress[em.SWEEPS] <= max_iter:
                before = self.engine.history[-1]
                sorted_anew = self._sort_if_better(climb)
                gained = self.engine.history[-1] - before > tol * self.engine.state.mass.sum()
                status = sorted_anew if gained else status
        return status

    def _sort_if_better(self, climb: Callable[[int], int]) -> int:
        """Sort the rows anew and look again; go back if that is worse. Return whether the climb may go on: a status."""
        assert self.data is not None
        state, plan, data = self.engine.saved(), self.engine.plan, self.data
        self._sort(data)
        progress = self.engine.state.progress
        progress[em.PHASE], progress[em.UPDATES] = em.START, 0.0
        status = climb(1)
        progress[em.GAIN], progress[em.STEP] = state.progress[em.GAIN], state.progress[em.STEP]  # of the last update
        if not self.engine.history[-1] >= self.engine.history[-2]:
            self.engine.restore(state)
            self.engine.plan, self.data = plan, data
            return em.RUNNING
        return em.LIMIT if status == em.LIMIT else em.RUNNING

    def _sort(self, data: Observed) -> None:
        """Sort rows by their best component, and find the neighbours of each."""
        engine, n_components = self.engine, len(self.engine.layout.branches)
        best = engine.plan.near.best
        order = np.argsort(best.astype(np.min_scalar_type(n_components)), kind="stable")  # of short integers by radix
        row_at = np.cumsum([0, *np.bincount(best, minlength=n_components)])
        self.data = take(data, order)
        near = self._neighbours(self.data, row_at)
        leaves = [np.unique(np.concatenate([engine.layout.leaves_of[k] for k in group])) for group in near]
        engine.plan = engine.plan._replace(
            near=Near(
                row_at,
                np.arange(n_components + 1) * near.shape[1],
                near.ravel(),
                np.cumsum([0, *map(len, leaves)]),
                np.concatenate(leaves).astype(np.int64),
                np.ascontiguousarray(best[order]),
            )
        )

    def _neighbours(self, data: Observed, row_at: Integers) -> Integers:
        """Return the components nearest to each, itself among them, shape (K, near), in ascending order.

        Near are those of the highest joint density, relative to the best, at any of some rows that belong to it; or
        that hold it for near.
        """
        n_components, size = len(row_at) - 1, np.diff(row_at)
        groups = np.flatnonzero(size)
        shares = (np.arange(WITNESSES) + 0.5) / WITNESSES
        witnesses = (row_at[groups, np.newaxis] + (size[groups, np.newaxis] * shares).astype(int)).ravel()
        branches = self.engine.layout.branches_of(self.engine.parameters.leaves)
        joint = np.nan_to_num(log_joint(branches, self.engine.state.weights, data.rows[witnesses]), nan=-np.inf)
        with np.errstate(invalid="ignore"):
            lead = np.nan_to_num(joint - joint.max(axis=0), nan=-np.inf)
        closeness = np.full((n_components, n_components), -np.inf)
        closeness[groups] = lead.reshape(n_components, len(groups), WITNESSES).max(axis=2).T
        closeness = np.maximum(closeness, closeness.T)
        np.fill_diagonal(closeness, np.inf)
        return np.sort(np.argpartition(-closeness, self.n_near - 1, axis=1)[:, : self.n_near], axis=1)
