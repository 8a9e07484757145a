"""Stochastic EM: one component is drawn for each row, and the best parameters that come up are kept.

Celeux & Diebolt, Computational Statistics Quarterly 2 (1985). What is kept is the choice of Biernacki, Celeux,
Govaert & Langrognet, Computational Statistics & Data Analysis 51 (2006).
"""

from __future__ import annotations

import numpy as np

from distributions.data import Array
from distributions.errors import InvalidParameterError

from . import em
from .observed import Observed
from .plan import Engine, State
from .truncation import NOT_DRAWN, STOCHASTIC


class StochasticClimb:
    """A run of `em.run`, one update at a time, that neither converges nor falls.

    Parameters
    ----------
    engine : Engine
    rng : numpy.random.Generator
        One number is taken from it for each update.

    Raises
    ------
    InvalidParameterError
        If an update is a step that the likelihood must confirm: it rises and falls at random here.
    """

    def __init__(self, engine: Engine, rng: np.random.Generator) -> None:
        steps = np.flatnonzero(engine.plan.stepwise)
        if steps.size:
            name, family = engine.layout.name_of(steps[0]), type(engine.layout.leaves[steps[0]].distribution).__name__
            raise InvalidParameterError(
                f"MixtureModel: truncate={STOCHASTIC!r} cannot fit component {name!r}: {family} moves there by Newton "
                "steps, which a likelihood that rises and falls at random cannot confirm. Keep some of the best "
                "components instead, such as truncate=1."
            )
        self.engine, self.rng = engine, rng
        self.history: list[float] = []
        self.best = _copied(engine.state)

    def run(self, data: Observed, *, max_iter: int, n_sweeps: int | None = None) -> int:
        """Make all updates, or so many sweeps; return the status."""
        for _ in range(max_iter + 1 - len(self.history) if n_sweeps is None else n_sweeps):
            if self._sweep(data, int(self.rng.integers(2**63))) == em.FAILED:
                return em.FAILED
            if self.history[-1] == max(self.history):
                self.best = _copied(self.engine.state)
            if len(self.history) > max_iter:
                return self._end(data)
        return em.RUNNING

    def _sweep(self, data: Observed, seed: int) -> int:
        """Update, unless this is the start, and look; with an empty record nothing is compared."""
        self.engine.plan = self.engine.plan._replace(seed=seed)
        self.engine.state.progress[em.SWEEPS] = 0.0
        status = em.run(self.engine, data, tol=0.0, max_iter=1, n_sweeps=1)
        self.history.append(float(self.engine.state.history[0]))
        self._write(np.array(self.history))
        return status

    def _write(self, history: Array) -> None:
        self.engine.state.history[: history.size] = history
        self.engine.state.progress[em.SWEEPS] = history.size

    def _end(self, data: Observed) -> int:
        """Go back to the best parameters, and leave the masses of EM there."""
        for place, value in zip(self.engine.state, self.best, strict=True):
            place[:] = value
        self.engine.plan = self.engine.plan._replace(seed=NOT_DRAWN)
        em.look(self.engine, data)
        self._write(np.array(self.history))
        return em.DRAWN


def _copied(state: State) -> State:
    return State(*(part.copy() for part in state))
