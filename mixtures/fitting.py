"""One fit from the door to the result: check, start, climb, report."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from distributions.base import Distribution, Rng
from distributions.data import Array, Mask, Observations, as_observations, as_observed
from distributions.errors import (
    ConvergenceWarning,
    DegeneracyWarning,
    InvalidDataError,
    InvalidParameterError,
    MeasureWarning,
)
from distributions.outline import Branch, finite_rows

from . import em, threads
from .degeneracy import Degeneracy, degeneracies
from .estimator import known_to_sklearn
from .initialization import best_start
from .layout import Layout
from .observed import Labels, as_labels, observed, stand_in
from .own_starts import OwnStart
from .plan import Engine
from .posterior import explain_failure
from .step import Step
from .stochastic import StochasticClimb
from .structure import Structure, as_generator, require_whole
from .sweep import n_chunks
from .thinning import merged
from .truncation import as_truncation
from .watching import Watch, kept

BLOCK_OF_ROWS = 65536  # looked at together, where that takes memory in proportion


class Fit:
    """A fit in progress.

    Parameters
    ----------
    structure : Structure
    x, sample_weight, labels
        Rows, their weights and what is known of their components, not yet checked.
    n_init, tol, max_iter, rng, init, truncate, accelerate, n_jobs, callback, verbose
        As given to `MixtureModel`, not yet checked.

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
    ) -> None:
        self.watch = Watch(callback, verbose)
        if n_init is not None:
            require_whole("n_init", n_init)
        require_whole("max_iter", max_iter)
        threads.require_jobs(n_jobs)
        if isinstance(tol, bool) or not isinstance(tol, (int, float, np.number)) or not 0 <= tol < np.inf:
            raise InvalidParameterError(f"MixtureModel: tol must be a finite number >= 0; got {tol!r}")
        if accelerate is not None and accelerate != "squarem":
            raise InvalidParameterError(f"MixtureModel: accelerate must be 'squarem' or None; got {accelerate!r}")
        self.structure, self.tol, self.max_iter, self.n_jobs = structure, tol, max_iter, n_jobs
        outline = structure.outline()
        self.data = as_observations(
            x,
            sample_weight,
            structure.n_columns,
            "MixtureModel",
            missing=True,
            finite_rows=lambda rows: finite_rows(outline.branches, rows),
        )
        self.rows, self.weight = self.data.rows, self.data.weight
        self.names = structure.branch_names
        self.layout = Layout(outline, self.names, self.rows.shape[1], self.data)
        _check_branches(self.layout, self.data)
        fill = stand_in(self.rows) if self.data.has_missing else None
        self.observed = observed(self.rows, self.weight, self._labels(labels), fill, self.data.points)
        scale = self.data.summary.scale
        own = None
        if init is not None:
            own = OwnStart(init, self.data, list(structure.named), structure.owner, n_init)
        generator, truncation = as_generator(rng), as_truncation(truncate)
        if init is None and not truncation.is_random:  # either knows each row by its place
            self.observed = merged(self.observed)
        accelerated = accelerate is not None
        self.start = best_start(
            self.layout, self.observed, scale, n_init, generator, own, truncation, accelerated, self.watch.start
        )
        self.interruption = self.start.interruption
        self._start = self.layout.branches_of(self.start.parameters.leaves)
        self.engine = Engine(
            self.layout, self.start.parameters, scale, max_iter, self.data.has_missing, truncation, accelerated
        )
        self._stochastic = StochasticClimb(self.engine, generator) if truncation.is_random else None
        self.status = em.RUNNING

    def run(self, n_sweeps: int | None = None) -> None:
        """Run EM to its end, or for so many sweeps; or until Ctrl-C or the callback stops it."""
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
            self._stochastic.end(self.observed)
        if self.status != em.RUNNING:
            self.watch.end(self)

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
        if self._stochastic is not None:
            self.status = self._stochastic.run(self.observed, max_iter=self.max_iter, n_sweeps=n_sweeps)
        else:
            self.status = em.run(
                self.engine,
                self.observed,
                tol=self.tol,
                max_iter=self.max_iter,
                n_sweeps=n_sweeps,
                n_threads=threads.n_threads(self.n_jobs, n_chunks(len(self.observed.rows), self.engine.plan.chunk)),
                watch=partial(self.watch.climb, self),
            )
        if self.status == em.FAILED:
            self._check_prior()
            log_factors = self.observed.log_factors[self.observed.code].T if self.observed.is_labelled else None
            branches = self.layout.branches_of(self.engine.parameters.leaves)
            explain_failure(branches, self.engine.state.weights, self.names, self.data, log_factors)

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

    def _labels(self, labels: Any) -> Labels | None:
        """Return what labels say of each row that is present, for each component of the flattened mixture."""
        known = as_labels(labels, self.data.n_given, list(self.structure.named))
        if known is None:
            return None
        places = slice(None) if self.data.places is None else self.data.places
        return Labels(known.code[places], np.ascontiguousarray(known.log_factors[:, self.structure.owner]))

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
            return self.log_likelihood_at(self.engine.state.point)
        return self.objective - self.log_prior

    def log_likelihood_at(self, point: Array) -> float:
        """Log-likelihood of all components at a point of the climb; it takes a sweep."""
        whole = self.engine.untruncated_at(point)
        return em.look(whole, self.observed) - float(whole.state.log_prior[0])

    @property
    def is_truncated(self) -> bool:
        """Whether the objective leaves out the worst components of each row."""
        return self.engine.kept < len(self.layout.branches)

    @property
    def log_prior(self) -> float:
        """Log density of all priors at the current parameters, up to a constant."""
        return float(self.engine.state.log_prior[0])

    @property
    def total_weight(self) -> float:
        """Number of rows, or the sum of their weights."""
        return float(len(self.rows) if self.weight is None else self.weight.sum())

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
        """Gain of the last update, of those that were not refused."""
        gains = np.diff(self.engine.history)
        return float(gains[gains != 0.0][-1]) if gains.any() else 0.0

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
            return [
                (
                    ConvergenceWarning,
                    f"EM made max_iter = {self.max_iter} updates and still gains {self._last_gain:.3g} "
                    f"{objective} units with each. Raise max_iter, or tol if this is close enough.",
                )
            ]
        if self.status == em.FELL and not any(self.engine.held):  # at a floor rounding is all that is left
            other = [name for name, part in zip(self.names, self._start, strict=True) if not _maximises(part)]
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
        return degeneracies(self.layout, self.engine, self._start, len(self.rows), self.total_weight)


def _maximises(branch: Branch) -> bool:
    return all(leaf.maximises for leaf in branch.kind)


def _check_missing(layout: Layout, data: Observations) -> None:
    """Raise if a component cannot leave out missing cells of its columns."""
    missing = np.isnan(data.rows)
    for leaf, span, owners in zip(layout.leaves, layout.spans, layout.owners, strict=True):
        some: Mask = np.any(missing[:, span], axis=1) & ~np.all(missing[:, span], axis=1)
        if some.any() and not leaf.distribution.marginalises:
            raise InvalidDataError(
                f"component {layout.names[owners[0]]!r}: {type(leaf.distribution).__name__} cannot leave out missing "
                f"(NaN) cells of its columns; {data.describe(some)} incomplete there. Drop or fill these rows first."
            )


def _check_branches(layout: Layout, data: Observations) -> None:
    """Raise if there are too few rows or one that no component covers; warn of incomparable densities."""
    rows, branches = data.rows, layout.branches
    needed = max(unit.n_options for unit in layout.units)
    if len(rows) < needed:
        raise InvalidDataError(
            f"a mixture of {needed} components needs at least {needed} rows; got {len(rows)} sample(s). Use fewer "
            "components."
        )
    supports = [branch.support for branch in branches]
    if data.has_missing:
        _check_missing(layout, data)
    if data.has_missing or not any(support.is_location and not support.discrete for support in supports):
        distinct = dict(zip(supports, branches, strict=True)).values()
        outside = np.concatenate(
            [
                ~np.any([branch.covers(rows[i : i + BLOCK_OF_ROWS]) for branch in distinct], axis=0)
                for i in range(0, len(rows), BLOCK_OF_ROWS)
            ]
        )
        if outside.any():
            wanted = ", ".join(f"{name}: {support.text}" for name, support in zip(layout.names, supports, strict=True))
            raise InvalidDataError(
                f"{data.describe(outside)} outside the support of every component ({wanted}). Drop these rows, "
                "or add a component that covers them, such as Normal()."
            )
    if len({support.discrete for support in supports}) > 1:
        warnings.warn(
            "the mixture has discrete and continuous components: masses and densities are not comparable, so "
            "likelihoods and weights depend on the unit of x. Use components of one kind.",
            MeasureWarning,
            stacklevel=5,
        )
