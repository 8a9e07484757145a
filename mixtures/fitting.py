"""One fit from the door to the result: check, start, climb, report."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from distributions.arguments import as_generator, require_whole
from distributions.base import Distribution, Rng
from distributions.data import Array, as_observed, is_numeric
from distributions.errors import (
    ConvergenceWarning,
    DegeneracyWarning,
    InvalidDataError,
    InvalidParameterError,
    MeasureWarning,
)
from distributions.outline import Branch
from distributions.records import plain

from . import em, threads
from .checkpoint import Record, as_checkpoint, require_written
from .coverage import reaching
from .dask_rows import Partitions, is_dask
from .degeneracy import Degeneracy, degeneracies
from .estimator import known_to_sklearn
from .initialization import best_start
from .layout import Layout
from .neighbours import NeighbourClimb
from .plan import Engine
from .sources import Source, is_blocks, is_large_and_narrow, is_large_map
from .step import Step
from .stochastic import StochasticClimb
from .streams import Stream
from .structure import Structure
from .surveyed import has_default_prior, is_additive
from .sweep import n_chunks
from .thinning import repeats
from .training import InMemory, Training, check_rows
from .truncation import as_truncation
from .watching import Watch, kept

LAST = 10  # updates by whose gain the slope of a climb is told


class Fit:
    """A fit in progress.

    Parameters
    ----------
    structure : Structure
    x, sample_weight, labels
        Rows, their weights and what is known of their components, not yet checked.
    n_init, tol, max_iter, rng, init, truncate, accelerate, n_jobs, callback, verbose, checkpoint
        As given to `MixtureModel`, not yet checked.
    is_block : bool
        Whether these rows are the first of a stream (`online`).

    Raises
    ------
    InvalidDataError, InvalidParameterError
        If anything about them is unusable.

    Attributes
    ----------
    interruption : KeyboardInterrupt or None
        What stopped the starts or the climb. The engine then stands at the best that was found before.
    """

    def __init__(
        self,
        structure: Structure,
        x: Any,
        sample_weight: Any,
        labels: Any = None,
        *,
        n_init: int | None,
        tol: float,
        max_iter: int,
        rng: Rng,
        init: Any = None,
        truncate: Any = None,
        accelerate: str | None = None,
        n_jobs: int | None = None,
        callback: Callable[[Step], Any] | None = None,
        verbose: bool = False,
        checkpoint: Any = None,
        is_block: bool = False,
    ) -> None:
        self.watch = Watch(callback, verbose)
        if n_init is not None:
            require_whole("MixtureModel", "n_init", n_init)
        require_whole("MixtureModel", "max_iter", max_iter)
        threads.require_jobs(n_jobs)
        if isinstance(tol, bool) or not isinstance(tol, (int, float, np.number)) or not 0 <= tol < np.inf:
            raise InvalidParameterError(f"MixtureModel: tol must be a finite number >= 0; got {tol!r}")
        if accelerate is not None and accelerate != "squarem":
            raise InvalidParameterError(f"MixtureModel: accelerate must be 'squarem' or None; got {accelerate!r}")
        generator, self.truncation = as_generator("MixtureModel", rng), as_truncation(truncate)
        truncation = self.truncation
        written = as_checkpoint(checkpoint)
        self.record = None if written is None else Record(written, generator)
        own_places = is_block or truncation.is_random or bool(truncation.near) or init is not None
        self.data = data = _training(structure, x, sample_weight, labels, generator, by_place=own_places)
        self.structure, self.tol, self.max_iter, self.n_jobs = data.structure, tol, max_iter, n_jobs
        self.layout = Layout(self.structure.outline(), self.structure.branch_names, data.n_columns, data.seen_by_priors)
        if is_block and isinstance(data, InMemory) and not self.structure.unknown:
            check_rows(self.layout, data.data)  # be they ever so few
        else:
            data.check(self.layout)
        near = truncation.near or len(self.layout.branches)
        if near < len(self.layout.branches) and data.is_elsewhere:
            raise InvalidParameterError(
                f"MixtureModel: truncate={truncate!r} sorts the rows, which must be in memory: load them, or keep "
                f"the {truncation.kept} best of all components by truncate={truncation.kept}."
            )
        if self.record is not None:
            require_written(self.layout, truncate)
        _warn_of_measures(self.layout)
        own = None if init is None else data.own_start(init, n_init)
        if init is None and not truncation.is_random:  # either knows each row by its place
            data.forget_places()
        accelerated = accelerate is not None
        self.start = best_start(
            self.layout,
            data.start_rows,
            data.scale,
            n_init,
            generator,
            own,
            truncation,
            accelerated,
            self.watch.start,
            data.n_rows,
            data.is_sample,
            n_jobs,
        )
        self.interruption = self.start.interruption
        start = reaching(self.layout, self.start.parameters, data.start_rows, data.scale, is_sample=data.is_sample)
        self._start = self.layout.branches_of(start.leaves)
        self.engine = Engine(self.layout, start, data.scale, max_iter, data.has_missing, truncation, accelerated)
        data.serves(self.engine.leaves)
        self._stochastic = StochasticClimb(self.engine, generator) if truncation.is_random else None
        self._search = NeighbourClimb(self.engine, near) if near < len(self.layout.branches) else None
        self.status = em.RUNNING
        if self.record is not None:
            given = [self.structure.weights, *self.structure.rules, n_init, init, truncate, accelerate]
            model = repr((self.structure.named, *map(plain, given)))
            identity = {"model": model, "data": repr(data.stamp), "tol": repr(float(tol))}
            self.status = self.record.resume(self.engine, identity, max_iter)

    def run(self, n_sweeps: int | None = None) -> None:
        """Run EM to its end, or for so many sweeps; or until Ctrl-C or the callback stops it."""
        if self.status != em.RUNNING:  # as a checkpoint says
            return
        try:
            if self.interruption is None:
                self._climb(n_sweeps)
        except KeyboardInterrupt as error:
            self.interruption = error
        if self.interruption is not None:
            if not len(self.engine.history):  # a second interruption, while this sweep is made, ends all
                self._sweep(1)
            self.status = em.INTERRUPTED
        if self._stochastic is not None and self.status in (em.INTERRUPTED, em.STOPPED):
            self._stochastic.end(self.data.looked_at)
        if self.status != em.RUNNING:
            self.watch.end(self)
        if self.record is not None:
            resumable = self.status in (em.INTERRUPTED, em.STOPPED)
            self.record.write(self.engine, em.RUNNING if resumable else self.status)

    def _climb(self, n_sweeps: int | None) -> None:
        """Make sweeps; the callback sees each."""
        if self.watch.callback is None:
            self._sweep(n_sweeps)
            return
        while self.status == em.RUNNING and (n_sweeps is None or n_sweeps > 0):
            self._sweep(1)
            if self.watch.stops(self) and self.status == em.RUNNING:
                self.status = em.STOPPED
            n_sweeps = None if n_sweeps is None else n_sweeps - 1

    def _sweep(self, n_sweeps: int | None) -> None:
        """Run EM for so many sweeps, or to its end.

        Raises
        ------
        InvalidDataError, InvalidParameterError
            If a row, or a prior, has no density.
        """
        looked_at = self.data.looked_at
        if self._stochastic is not None:
            self.status = self._stochastic.run(looked_at, max_iter=self.max_iter, n_sweeps=n_sweeps)
        else:
            run: Callable[..., int] = partial(em.run, self.engine) if self._search is None else self._search.run
            self.status = run(
                looked_at,
                tol=self.tol,
                max_iter=self.max_iter,
                n_sweeps=n_sweeps,
                n_threads=self._n_threads,
                watch=self._look_on,
            )
        if self.status == em.FAILED:
            self._check_prior()
            branches = self.layout.branches_of(self.engine.parameters.leaves)
            self.data.explain_failure(self.layout, branches, self.engine.state.weights)
            raise InvalidDataError(  # each row has a density
                "the sum of log densities times weights is too large for a number. Change the unit of x, or divide all "
                "weights by their mean."
            )

    def _look_on(self) -> None:
        """See a moment of the climb."""
        self.watch.climb(self)
        if self.record is not None:
            self.record.write_if_due(self.engine)

    @property
    def _n_threads(self) -> int:
        return threads.n_threads(self.n_jobs, n_chunks(self.data.looked_at.n_rows, self.engine.plan.chunk))

    def is_lost(self) -> bool:
        """Whether data that were to be read again could not be, and there are parameters from before."""
        lost = self.data.is_elsewhere and self.status == em.RUNNING and len(self.engine.history) > 0
        self.status = em.LOST if lost else self.status
        return lost

    def _check_prior(self) -> None:
        """Raise if the priors have no density at the current parameters."""
        if np.isfinite(self.engine.state.log_prior[0]):
            return
        for place, (leaf, seen) in enumerate(zip(self.engine.parameters.leaves, self.layout.pseudo_rows, strict=True)):
            if not np.isfinite(leaf.log_pdf(as_observed(seen.fixed))).all():
                raise InvalidParameterError(
                    f"component {self.layout.name_of(place)!r}: {leaf!r} gives no density to rows that "
                    f"its prior {self.layout.leaves[place].prior!r} takes to have been seen. Start elsewhere."
                )

    def described(self, point: Array) -> tuple[list[Distribution], Array]:
        """Return components and weights at a point of the climb, such as `State.point`."""
        leaves, proportions = self.layout.by_path(self.engine.parameters_at(point))
        return self.structure.rebuild((), leaves, proportions), proportions[()]

    @property
    def current(self) -> tuple[list[Distribution], Array]:
        """Components and weights at this point of the climb."""
        return self.described(self.engine.state.point)

    @property
    def objective(self) -> float:
        """What EM maximises, log prior included, at the current parameters, once a sweep has been made."""
        if self._stochastic is not None and self.status in (em.DRAWN, em.STOPPED, em.INTERRUPTED):
            return float(self.engine.history.max())
        return float(self.engine.history[-2 if self.status == em.FELL else -1])

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood at the current parameters, once a sweep has been made; of all components, if some are cut."""
        if self.is_truncated:
            if self.status == em.LOST:  # it would take one more pass
                return np.nan
            return self.log_likelihood_at(self.engine.state.point)
        return self.objective - self.log_prior

    def log_likelihood_at(self, point: Array) -> float:
        """Log-likelihood of all components at a point of the climb; it takes a sweep."""
        whole = self.engine.untruncated_at(point)
        return em.look(whole, self.data.looked_at, self._n_threads) - float(whole.state.log_prior[0])

    @property
    def is_truncated(self) -> bool:
        """Whether the objective leaves out the worst components of each row."""
        return self.engine.kept < len(self.layout.branches)

    @property
    def log_prior(self) -> float:
        """Log density of all priors at the current parameters, up to a constant."""
        return float(self.engine.state.log_prior[0])

    def warn(self, stacklevel: int) -> None:
        """Warn of an end before convergence, and of components that collapsed or lost their data.

        Raises
        ------
        KeyboardInterrupt
            If the fit was interrupted: so loops of many fits end too.
        """
        if self.interruption is not None:
            raise kept(self.interruption, "MixtureModel")
        messages = self._convergence_messages()
        messages += [(DegeneracyWarning, each.message) for each in self.degeneracies]
        for category, message in messages:
            warnings.warn(message, known_to_sklearn(category), stacklevel=stacklevel + 1)

    @property
    def _last_gain(self) -> float:
        """Mean gain of the last updates, of those that were not refused: of a single one it may be rounding."""
        gains = np.diff(self.engine.history)[-LAST:]
        return float(gains[gains != 0.0].mean()) if gains.any() else 0.0

    @property
    def _has_prior(self) -> bool:
        return bool(self.engine.plan.pseudo.counts.size or self.engine.plan.choices.pseudo_counts.any())

    @property
    def objective_name(self) -> str:
        """What EM maximises, in words."""
        name = "log-posterior" if self._has_prior else "log-likelihood"
        return f"truncated {name}" if self.is_truncated else name

    def _convergence_messages(self) -> list[tuple[type[Warning], str]]:
        history, objective = self.engine.history, self.objective_name
        if self.status == em.LIMIT:
            gain = self._last_gain
            still = f"gains {gain:.3g} {objective} units with each" if gain > 0.0 else "moves, though without a gain"
            text = (
                f"EM made max_iter = {self.max_iter} updates and still {still}. Raise max_iter, or tol if this is "
                "close enough."
            )
            return [(ConvergenceWarning, text)]
        if self.status == em.FELL and not any(self.engine.held):  # at a floor rounding is all that is left
            other = [name for name, part in zip(self.layout.names, self._start, strict=True) if not _maximises(part)]
            if other:
                text = (
                    f"update {len(history) - 1} lowered the {objective} by {history[-2] - history[-1]:.3g}, as may "
                    f"happen where a component ({', '.join(other)}) is fitted by another criterion than the "
                    "likelihood. The parameters before it were kept: look at them, and freeze that component if it "
                    "takes the rows of others."
                )
                return [(ConvergenceWarning, text)]
            return [
                (
                    ConvergenceWarning,
                    f"update {len(history) - 1} lowered the {objective} by {history[-2] - history[-1]:.3g}; the "
                    "parameters before it were kept. A component's own fit does not maximise its weighted "
                    "likelihood (check it with check_distribution), or columns are all but collinear.",
                )
            ]
        return []

    @property
    def degeneracies(self) -> list[Degeneracy]:
        """What kept components from collapsing, or left them without data."""
        return degeneracies(self.layout, self.engine, self._start, self.data.n_rows, self.data.total_weight)


def _maximises(branch: Branch) -> bool:
    return all(leaf.maximises for leaf in branch.kind)


def _training(
    structure: Structure, x: Any, sample_weight: Any, labels: Any, rng: np.random.Generator, *, by_place: bool
) -> Training:
    """Return the data of a fit, checked, wherever they are.

    Rows in memory that must be known ``by_place``, or that repeat, are all made doubles at once; so they are where it
    takes long, or more than sums, to read in pieces what goes with them.
    """
    if is_dask(x):
        return Partitions(structure, x, sample_weight, labels, rng)
    in_pieces = is_large_map(x)
    if is_large_and_narrow(x) and not by_place and not has_default_prior(structure):
        beside = (sample_weight, labels)
        in_pieces = all(given is None or (is_numeric(given) and given.ndim) for given in beside) and not repeats(x)
    if is_blocks(x) or (in_pieces and is_additive(structure)):
        return Stream(structure, Source(x, sample_weight, labels), rng)
    return InMemory(structure, x, sample_weight, labels)


def _warn_of_measures(layout: Layout) -> None:
    """Warn of densities that cannot be compared."""
    if len({branch.support.discrete for branch in layout.branches}) > 1:
        warnings.warn(
            "the mixture has discrete and continuous components: masses and densities are not comparable, so "
            "likelihoods and weights depend on the unit of x. Use components of one kind.",
            MeasureWarning,
            stacklevel=5,
        )
