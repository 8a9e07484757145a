"""The climb of a `GaussianMixture`: the EM loop with ``reg_covar`` added, and scikit-learn's rule for its end."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from distributions.data import Array
from distributions.errors import InvalidDataError

from . import em
from .gaussian_parameters import STRUCTURES
from .layout import Layout, Parameters
from .observed import Observed
from .plan import Engine
from .structure import Rules, Structure

ILL_DEFINED = (
    "Fitting the mixture model failed because some components have ill-defined empirical covariance (for instance "
    "caused by singleton or collapsed samples). Try to decrease the number of components, increase reg_covar, or scale "
    "the input data."
)
LOWERED = 1e-10  # factor on the floors of variances where reg_covar is 0: a collapse shall be seen


class Normals(NamedTuple):
    """Mixing proportions and components of a mixture of multivariate normals."""

    weights: Array
    components: Sequence[Any]


class Climb:
    """EM from some parameters, with ``reg_covar`` added to each covariance and scikit-learn's rule for its end.

    An iteration is made of the two halves of the EM loop. Between them, the sums over the rows and the update from
    these, each row is given a variance of ``reg_covar`` in every column: so the update adds it to every covariance.
    It is no maximum of the likelihood then, which may fall: `em.run` would end there, scikit-learn goes on.
    """

    def __init__(self, start: Normals, kind: str, data: Observed, scale: Array, reg_covar: float) -> None:
        d = len(scale)
        structure = Structure(start.components, None, start.weights, Rules(covariance=kind))
        layout = Layout(structure.outline(), structure.branch_names, d)
        leaves = [leaf.distribution for leaf in layout.leaves]
        self.data, self.reg_covar, self.bounds = data, reg_covar, list[float]()
        self.engine = Engine(layout, Parameters(leaves, [start.weights]), scale, 1, data.has_missing)
        floors = 2 * self.engine.plan.theta_at[:-1, np.newaxis] + d + (d + 1) * np.arange(d)
        self.engine.state.bounds[floors] *= 1.0 if reg_covar else LOWERED
        self.counts = self.engine.plan.stats_at[:-1]
        step = d + 1 if STRUCTURES[kind] == "full" else 1
        self.squares = self.counts[:, np.newaxis] + 1 + d + step * np.arange(d)

    def step(self) -> float:
        """Make an update; return the mean log-likelihood of the rows before it.

        Raises
        ------
        InvalidDataError
            If there is none: a covariance has no inverse.
        """
        engine, state = self.engine, self.engine.state
        log_likelihood = em.look(engine, self.data)
        if not math.isfinite(log_likelihood):
            raise InvalidDataError(ILL_DEFINED)
        total = self.data.weight.sum() if self.data.weight.size else len(self.data.rows)
        state.stats[self.squares] += self.reg_covar * state.stats[self.counts][:, np.newaxis]
        em.m_step(engine.plan, state)
        return float(log_likelihood / total)

    def run(self, tol: float, max_iter: int, before: float, progress: Progress) -> int:
        """Iterate until the mean log-likelihood changes by less than ``tol``; return how it ended, as `em.REASONS` say.

        ``bounds`` are the mean log-likelihoods before each update.
        """
        status = em.LIMIT
        while len(self.bounds) < max_iter and status == em.LIMIT:
            self.bounds.append(self.step())
            change, before = self.bounds[-1] - before, self.bounds[-1]
            progress.step(len(self.bounds), change)
            status = em.CONVERGED if abs(change) < tol else em.LIMIT
        progress.end(before, status == em.CONVERGED)
        return status

    @property
    def components(self) -> list[Any]:
        """The components at this point."""
        return self.engine.parameters.leaves

    @property
    def reached(self) -> Normals:
        """The parameters at this point.

        Raises
        ------
        InvalidDataError
            If a component collapsed and nothing was added to its covariance.
        """
        if self.reg_covar == 0.0 and any(self.engine.held):
            raise InvalidDataError(ILL_DEFINED)
        return Normals(self.engine.state.weights.copy(), self.components)


class Progress:
    """What ``verbose`` prints."""

    def __init__(self, verbose: int, interval: int) -> None:
        self.verbose, self.interval = verbose, interval
        self.began = self.last = time.perf_counter()

    def start(self, attempt: int) -> None:
        """Begin a start."""
        self.began = self.last = time.perf_counter()
        if self.verbose:
            print(f"Initialization {attempt}")

    def step(self, n_iter: int, change: float) -> None:
        """Report an iteration."""
        if self.verbose and n_iter % self.interval == 0:
            now = time.perf_counter()
            times = f"\t time lapse {now - self.last:.5f}s\t ll change {change:.5f}" if self.verbose > 1 else ""
            print(f"  Iteration {n_iter}{times}")
            self.last = now

    def end(self, lower_bound: float, converged: bool) -> None:
        """Report the end of a start."""
        if self.verbose:
            lapse = time.perf_counter() - self.began
            times = f" time lapse {lapse:.5f}s\t lower bound {lower_bound:.5f}." if self.verbose > 1 else ""
            print(f"Initialization {'converged' if converged else 'did not converge'}.{times}")
