"""Stochastic EM: one component is drawn for each row, and the best parameters that come up are kept.

Celeux & Diebolt, Computational Statistics Quarterly 2 (1985). What is kept is the choice of Biernacki, Celeux,
Govaert & Langrognet, Computational Statistics & Data Analysis 51 (2006).
"""

from __future__ import annotations

import numpy as np

from distributions.errors import InvalidParameterError

from . import em
from .observed import Looked
from .plan import Engine
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
        self.history, self.n_sweeps = np.empty(engine.state.history.size), 0
        self.best = engine.saved()

    def run(self, data: Looked, *, max_iter: int, n_sweeps: int | None = None) -> int:
        """Make all updates, or so many sweeps; return the status."""
        best = np.max(self.history[: self.n_sweeps], initial=-np.inf)
        for _ in range(max_iter + 1 - self.n_sweeps if n_sweeps is None else n_sweeps):
            if self._sweep(data, int(self.rng.integers(2**63))) == em.FAILED:
                return em.FAILED
            if self.history[self.n_sweeps - 1] >= best:
                best, self.best = self.history[self.n_sweeps - 1], self.engine.saved()
            if self.n_sweeps > max_iter:
                self.end(data)
                return em.DRAWN
        return em.RUNNING

    def _sweep(self, data: Looked, seed: int) -> int:
        """Update, unless this is the start, and look; with an empty record nothing is compared."""
        self.engine.plan = self.engine.plan._replace(seed=seed)
        self.engine.state.progress[em.SWEEPS] = 0.0
        status = em.run(self.engine, data, tol=0.0, max_iter=1, n_sweeps=1)
        self.history[self.n_sweeps] = self.engine.state.history[0]
        self.n_sweeps += 1
        self._write()
        return status

    def _write(self) -> None:
        last = self.n_sweeps - 1  # all before it stand there already, but for the first
        self.engine.state.history[[0, last]] = self.history[[0, last]]
        self.engine.state.progress[em.SWEEPS] = self.n_sweeps

    def end(self, data: Looked) -> None:
        """Go back to the best parameters, and leave the masses of EM there."""
        self.engine.restore(self.best)
        self.engine.plan = self.engine.plan._replace(seed=NOT_DRAWN)
        em.look(self.engine, data)
        self._write()
