"""Stepwise EM: blocks of rows that are seen once each, and sums of all that were seen.

Each block is an E-step at the present parameters, and its sums are mixed into those of the blocks before; the M-step
looks at the mixture (Cappe & Moulines, Journal of the Royal Statistical Society B 71, 2009). A block of weight w, the
last of a total weight T, moves the mean sums by a step of (w / T)^decay towards its own: k^-decay for the k-th of equal
blocks (Liang & Klein, "Online EM for unsupervised models", NAACL 2009), whatever the unit of the weights, and less for
a short last block. With decay = 1 all rows count alike, also those that were seen when little was known; a decay
towards 1/2 forgets these, and is the noisier for it.

Sums can only be mixed if they are taken about the same point. There are two cases, told apart by what a family says of
itself:

- Where `update` gives the maximum, theta in `accumulate` is but the point that sums are centred at: any will do. It
  stays where the first block put it (`State.centre`), while densities are those of the present theta.
- Sums that belong to the theta at which they were taken are carried over when theta moves. Those of normals, whose
  missing cells are expectations at theta, are moments, which can be shifted. Where an update is a step, or values are
  tied, the sums are scores and second derivatives (`derivatives`): of what was seen before, a step along the second
  derivatives H changes the score by H times the step. A full Newton step leaves nothing of it, and the next one climbs
  by the score of the next block alone, as in Titterington, Journal of the Royal Statistical Society B 46 (1984). A step
  that lowers the likelihood of its own block is halved.
"""

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any

import numpy as np

from distributions.base import Distribution
from distributions.data import Array
from distributions.errors import InvalidParameterError
from distributions.estimation import ROUNDING

from . import em, threads
from .common_values import CommonValues
from .degeneracy import Degeneracy, degeneracies
from .fitting import Fit
from .layout import Layout
from .observed import Integers
from .plan import Engine, Pseudo
from .pseudo_rows import add_prior
from .structure import Structure
from .survey import Moments
from .surveyed import has_default_prior, named_leaves, require_additive
from .sweep import n_chunks
from .ties import is_number
from .training import InMemory, check_rows

DECAY = 0.7
ROWS_PER_PARAMETER = 2  # that must have been seen before parameters move, see Cappe & Moulines
FIRST_STEPS = 20  # of EM in the first block, where components take Newton steps
MOST_HALVINGS = 10  # of a step that lowers the likelihood of its block


class Online:
    """What is kept between blocks: parameters, sums, and what these are taken about. It can be pickled.

    Parameters
    ----------
    fit : Fit
        To the first block, started and not run.
    structure : Structure
        That it was asked for.

    Raises
    ------
    InvalidDataError
        If a row has no density.

    Attributes
    ----------
    parameters : Parameters
        The present ones.
    weights : ndarray, shape (K,)
        Of the flat components.
    mass : ndarray, shape (K,)
        Their parts of the total weight, by the mixed sums.
    total_weight : float
    n_rows : int
    history : ndarray, shape (blocks,)
        Mean log density of each block at the parameters before it.
    log_likelihood : float
        The same, summed over all rows.
    log_prior : float
        Log density of the priors at the parameters before the last block, up to a constant.
    degeneracies : list of Degeneracy
    is_small : bool
        Whether parameters were unknown, and the first block has too few rows for a guess to be trusted.
    """

    def __init__(self, fit: Fit, structure: Structure) -> None:
        self.structure, self.layout, self.start = fit.structure, fit.layout, fit.start
        self.layout.groups = [*self.layout.groups, *_newton_groups(self.layout)]
        self.truncation = fit.truncation
        self.parameters = fit.start.parameters
        self.begun_at = self.layout.branches_of(self.parameters.leaves)
        self.moments = Moments(fit.data.n_columns)
        self.point = self.centre = self.weights = self.mass = self.leaf_mass = self.stats = np.empty(0)
        self.total_weight, self.n_rows, self.history = 0.0, 0, np.empty(0)
        self.log_likelihood = self.log_prior = 0.0
        self.degeneracies: list[Degeneracy] = []
        assert isinstance(fit.data, InMemory)
        n_parameters = _n_parameters(fit.engine)
        self.is_small = bool(structure.unknown) and fit.data.n_rows < ROWS_PER_PARAMETER * n_parameters
        if structure.unknown:
            self._climb(fit, None)
        elif fit.data.n_rows >= ROWS_PER_PARAMETER * n_parameters and any(map(_takes_steps, self.parameters.leaves)):
            self._climb(fit, FIRST_STEPS + 1)
        self._learn(fit.data, 1.0, fit.n_jobs)

    def after(self, data: InMemory, decay: float, n_jobs: int | None) -> Online:
        """Return what this becomes when it has seen a block; it stays as it is.

        Raises
        ------
        InvalidDataError
            If a row has no density.
        """
        check_rows(self.layout, data.data)
        other = copy(self)
        other._learn(data, decay, n_jobs)
        return other

    @property
    def current(self) -> tuple[list[Distribution], Array]:
        """Components and weights."""
        leaves, proportions = self.layout.by_path(self.parameters)
        return self.structure.rebuild((), leaves, proportions), proportions[()]

    @property
    def n_columns(self) -> int:
        """Number of columns d."""
        return len(self.moments.mass)

    def _climb(self, fit: Fit, n_sweeps: int | None) -> None:
        """Begin where the first block leads: to its fit where nothing else is known, else near it.

        One Newton step from a start far away would not come there.
        """
        fit.run(n_sweeps)
        if fit.interruption is not None:
            raise fit.interruption
        self.parameters = fit.engine.parameters

    def _learn(self, data: InMemory, decay: float, n_jobs: int | None) -> None:
        """Mix the sums of a block into those of the blocks before, and update. No array is changed in place."""
        is_first, rows, weight = self.n_rows == 0, data.looked_at, data.total_weight
        moments = deepcopy(self.moments)
        moments.add(rows)
        engine = self._engine(moments.scale, data.has_missing)
        plan, state = engine.plan, engine.state
        n_threads = threads.n_threads(n_jobs, n_chunks(rows.n_rows, plan.chunk))
        met = _look(engine, data, n_threads)
        if not np.isfinite(met):
            branches = self.layout.branches_of(engine.parameters.leaves)
            data.explain_failure(self.layout, branches, state.weights)
        if is_first:
            self._settle_centre(engine)
            _look(engine, data, n_threads)
        total, n_rows = self.total_weight + weight, self.n_rows + data.n_rows
        step = 1.0 if is_first else (weight / total) ** decay
        before = (np.zeros(1),) * 3 if is_first else (self.stats, self.mass, self.leaf_mass)
        kept = 0.0 if is_first else (1.0 - step) * total / self.total_weight
        mixed = [kept * old + step * total / weight * new for old, new in zip(before, _sums(state), strict=True)]
        _set_sums(state, mixed)
        log_prior = float(add_prior(plan, state))
        with_prior = [part.copy() for part in _sums(state)]
        if n_rows >= ROWS_PER_PARAMETER * _n_parameters(engine):
            self._update(engine, data, met, n_threads)
            _set_sums(state, with_prior)
        found = degeneracies(self.layout, engine, self.begun_at, n_rows, total)
        self.stats, self.mass, self.leaf_mass = mixed
        self.centre = state.centre.copy()
        for place, sums in enumerate(_slices(plan.stats_at)):
            own = _slices(plan.theta_at)[place]
            if self._is_moving(place):
                self.stats[sums] = self._carried(place, self.stats[sums], state.centre[own], state.theta[own])
                self.centre[own] = state.theta[own]
        self.point, self.weights = state.point.copy(), state.weights.copy()
        self.parameters, self.moments, self.degeneracies = engine.parameters, moments, found
        self.total_weight, self.n_rows, self.log_prior = total, n_rows, log_prior
        self.history = np.append(self.history, met / weight)
        self.log_likelihood += met

    def _engine(self, scale: Array, has_missing: bool) -> Engine:
        """Return an engine at the present parameters, with the sums so far."""
        engine = Engine(self.layout, self.parameters, scale, 1, has_missing, self.truncation)
        if self.n_rows:
            engine.state.point[:], engine.state.weights[:] = self.point, self.weights
            _set_sums(engine.state, [self.stats, self.mass, self.leaf_mass])
        centre = self.centre.copy() if self.n_rows else engine.state.theta.copy()
        engine.state = engine.state._replace(centre=centre)
        engine.state.progress[em.PHASE] = em.ACCEPTED
        return engine

    def _settle_centre(self, engine: Engine) -> None:
        """Take sums about where a first update goes: a start may be far from the data, and digits would cancel."""
        state, saved = engine.state, engine.saved()
        self._set_to_centre(engine)
        em.move(engine.plan, state)
        settled = state.theta.copy()
        engine.restore(saved)
        for place, own in enumerate(_slices(engine.plan.theta_at)):
            if not (place in self._differentiated or engine.plan.marginal[place]):
                state.centre[own] = settled[own]

    def _set_to_centre(self, engine: Engine) -> None:
        """Set parameters to what their sums are taken about, as an update reads them; but where there are no sums."""
        state, total = engine.state, engine.state.mass.sum()
        for place, own in enumerate(_slices(engine.plan.theta_at)):
            if engine.plan.free[place] and state.leaf_mass[place] > em.VANISHED * total:
                state.theta[own] = state.centre[own]

    def _update(self, engine: Engine, data: InMemory, met: float, n_threads: int) -> None:
        """Move the parameters; halve steps that lower the likelihood of the block, which was ``met``."""
        plan, state = engine.plan, engine.state
        self._set_to_centre(engine)
        em.move(plan, state)
        least = met - ROUNDING * (abs(met) + data.total_weight)
        for _ in range(MOST_HALVINGS if plan.differences.size.any() else 0):
            if _look(engine, data, n_threads) >= least:
                break
            state.progress[em.PHASE] = em.REJECTED
            em.move(plan, state)

    def _is_moving(self, place: int) -> bool:
        """Whether the sums of a leaf belong to the parameters at which they were taken, and are carried over."""
        leaf = self.layout.leaves[place].distribution
        return place in self._differentiated or type(leaf).carried is not Distribution.carried

    @property
    def _differentiated(self) -> set[int]:
        return {place for group, constraint in self.layout.groups if constraint.by_derivatives for place in group}

    def _carried(self, place: int, stats: Array, theta: Array, target: Array) -> Array:
        """Return the sums of a leaf as they are at other parameters."""
        leaf = self.parameters.leaves[place]
        if place not in self._differentiated:
            return leaf.carried(stats, theta, target)
        q = len(leaf.declared)
        move = (target - theta)[:q]
        for j, p in enumerate(leaf.declared):
            if p.domain.periodic:
                move[j] -= np.round(move[j] / p.domain.period) * p.domain.period
        bend = np.zeros((q, q))
        bend[np.tril_indices(q)] = stats[q:]
        bend += np.tril(bend, -1).T
        return np.concatenate([stats[:q] + bend @ move, stats[q:]])


def require_decay(decay: Any) -> None:
    """Raise `InvalidParameterError` unless blocks can be forgotten at this pace."""
    is_real = isinstance(decay, (int, float, np.number)) and not isinstance(decay, bool)
    if not is_real or not 0.5 < decay <= 1.0:
        raise InvalidParameterError(f"MixtureModel: decay must be a number in (1/2, 1]; got {decay!r}")


def require_stream(structure: Structure, truncate: Any) -> None:
    """Raise `InvalidParameterError` if a mixture cannot be fitted block by block, each seen once."""
    require_additive(structure)
    if isinstance(truncate, (str, tuple)):
        raise InvalidParameterError(
            f"MixtureModel: partial_fit cannot do with truncate={truncate!r}, which looks at all rows again and "
            "again. Give the number of components to keep, or leave it out."
        )
    if has_default_prior(structure):
        raise InvalidParameterError(
            "MixtureModel: prior='default' takes the covariance of all data, of which partial_fit sees one block at a "
            "time. Give a Prior(...) instead."
        )
    for name, leaf in named_leaves(structure):
        if _takes_steps(leaf.distribution) and not all(map(is_number, leaf.distribution.declared)):
            raise InvalidParameterError(
                f"component {name!r}: {type(leaf.distribution).__name__} takes steps in parameters that are not all "
                "single numbers, so sums of blocks that are seen at different parameters cannot be joined: "
                "partial_fit cannot take it. Use fit, which reads blocks again in each pass, or another family."
            )


def _newton_groups(layout: Layout) -> list[tuple[list[int], CommonValues]]:
    """Return groups of one leaf each, for leaves whose own update is a step: Newton's, by derivatives."""
    grouped = {place for group, _ in layout.groups for place in group}
    alone = [
        (place, len(leaf.distribution.declared))
        for place, leaf in enumerate(layout.leaves)
        if _takes_steps(leaf.distribution) and place not in grouped
    ]
    return [([place], CommonValues((tuple(range(n)),), ((1.0,) * n,))) for place, n in alone]


def _takes_steps(leaf: Distribution) -> bool:
    return leaf.stepwise and not set(leaf.parameters) <= leaf.frozen


def _look(engine: Engine, data: InMemory, n_threads: int) -> float:
    """Return the log-likelihood of a block; leave its sums, without what priors add."""
    bare = copy(engine)
    bare.plan = engine.plan._replace(pseudo=Pseudo.none(len(engine.leaves)))
    return em.look(bare, data.looked_at, n_threads) - float(engine.state.log_prior[0])


def _sums(state: Any) -> list[Array]:
    return [state.stats, state.mass, state.leaf_mass]


def _set_sums(state: Any, values: list[Array]) -> None:
    for part, value in zip(_sums(state), values, strict=True):
        part[:] = value


def _slices(ends: Integers) -> list[slice]:
    return [slice(a, b) for a, b in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]


def _n_parameters(engine: Engine) -> int:
    """Return the number of free parameters, those that are shared once for each that shares them."""
    options = np.diff(engine.layout.option_at)
    return sum(leaf.n_parameters for leaf in engine.leaves) + int((options - 1).sum())
