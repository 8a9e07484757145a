"""A mixture as tables: what the compiled loops read (`Plan`) and what they change (`State`).

The components of a model, multiplied out, become a list of *leaves*: a family's kernels, the columns they read, the
places of their parameters and statistics in one flat vector each, and the components they belong to. A component's log
density is the sum over its leaves; its weight is the product of the proportions of the options that lead to it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple, Protocol

import numpy as np

from distributions.base import Parameter
from distributions.data import Array
from distributions.estimation import step_ends
from distributions.kernels import address
from distributions.outline import Choice

from .acceleration import Coordinates
from .derivatives import Differences, n_derivatives
from .layout import Layout, Parameters
from .observed import Integers
from .opaque_leaf import OpaqueLeaf
from .sweep import address_of_sum_chunks, rows_of_chunk
from .truncation import EM, NOT_DRAWN, Near, Truncation

STRAIGHT, CURVED = 1, 2  # ways back along a step, see `Distribution.curved`
DIGITS = 30  # binary ones, of scales
FLOOR = 1e-10  # smallest scale of a component, relative to the scale of its column


class Choices(NamedTuple):
    """How the weights of components are made of the proportions of options."""

    path_at: Integers  # (K + 1,): places in path
    path: Integers  # options that lead to the components, one component after the other
    option_at: Integers  # (choices + 1,): places among the options
    held: Integers  # (options,): 1 where the proportion is frozen
    tie: Integers  # options of a choice with one number keep the ratio of their factors
    factor: Array
    pseudo_counts: Array


class Pseudo(NamedTuple):
    """Rows that priors take to have been seen: for each leaf those at fixed places, then those relative to its mean."""

    rows: Array  # blocks of shape (d, m), one after the other
    rows_at: Integers  # (2 leaves + 1,)
    counts: Array
    count_at: Integers
    foresees: Integers  # (leaves,): 1 where the family's own update tells where the mean will be

    @classmethod
    def none(cls, n_leaves: int) -> Pseudo:
        """Return the tables of no rows."""
        nothing, at = np.empty(0), np.zeros(2 * n_leaves + 1, dtype=np.int64)
        return cls(nothing, at, nothing, at, np.ones(n_leaves, dtype=np.int64))


class Plan(NamedTuple):
    """Read-only tables, one entry per leaf unless said; from `update_jointly` on, one per group of leaves."""

    log_pdf: Any  # addresses of kernels, or the Python callables themselves
    accumulate: Any
    update: Any
    complete: Any  # 0 where there is none
    first: Integers  # columns that a leaf reads: first <= column < last
    last: Integers
    sight: Integers  # number of the columns read, among those that leaves read, by first appearance
    theta_at: Integers  # (leaves + 1,): places in theta and in stats
    stats_at: Integers
    owner_at: Integers  # (leaves + 1,): places in owners
    owners: Integers  # components of the leaves, one leaf after the other
    together: Integers  # leaves that one call of kernels serves, from this one on
    free: Integers  # 0 where every parameter is frozen
    alone: Integers  # 1 where a free leaf is updated by itself, not with a group
    stepwise: Integers  # STRAIGHT or CURVED where an update is a step that the likelihood must confirm, else 0
    marginal: Integers  # 1 where the kernels themselves integrate missing cells out
    update_jointly: Any
    members: Integers  # leaves of the groups, one group after the other
    group_at: Integers  # (groups + 1,): places in members
    setting: Array
    setting_at: Integers
    choices: Choices
    pseudo: Pseudo
    differences: Differences
    kept: int  # components that keep responsibility for a row
    seed: int  # of the component that is drawn for each row; negative where none is
    coordinates: Coordinates
    chunk: int  # rows whose sums are made apart
    near: Near  # components that are looked at
    sum_chunks: int  # address of `sweep.sum_chunks`, in this process; 0 where it is interpreted


class State(NamedTuple):
    """What EM changes: the parameters, the sums of one sweep, and the record of the climb."""

    point: Array  # theta and proportions, one after the other
    theta: Array  # parameters
    centre: Array  # about which statistics are taken: theta itself, but in a stream (`online`)
    weights: Array  # (K,): mixing proportions of the components
    proportions: Array  # (options,): of which they are products
    stats: Array
    mass: Array  # (K,): total responsibility of each component
    leaf_mass: Array  # (leaves,): total responsibility of the rows that each leaf has seen, and counts of its prior
    log_prior: Array  # (1,): log density of all priors, up to a constant
    bounds: Array  # (2 len(theta),): the two rows of each leaf's box, leaf after leaf
    units: Array
    point_before: Array  # the same one update ago
    theta_before: Array
    weights_before: Array
    proportions_before: Array
    history: Array  # (max_iter + 1,): log-likelihood and log prior before each update
    progress: Array  # (13,): see `em`
    stats_before: Array  # sums of the sweep one update ago
    mass_before: Array
    leaf_mass_before: Array
    log_prior_before: Array


class Compiled(Protocol):
    """The part of a leaf's distribution that the tables are made of."""

    @property
    def kernels(self) -> Any: ...  # noqa: D102
    @property
    def missing_kernels(self) -> Any: ...  # noqa: D102
    @property
    def n_parameters(self) -> int: ...  # noqa: D102
    @property
    def stepwise(self) -> bool: ...  # noqa: D102
    @property
    def curved(self) -> bool: ...  # noqa: D102
    @property
    def declared(self) -> tuple[Parameter, ...]: ...  # noqa: D102
    def to_theta(self) -> Array: ...  # noqa: D102
    def from_theta(self, theta: Array) -> Any: ...  # noqa: D102
    def bounds(self, scale: Array, floor: float) -> Array: ...  # noqa: D102
    def at_bounds(self, theta: Array, bounds: Array) -> tuple[str, ...]: ...  # noqa: D102
    def units(self, scale: Array) -> Array: ...  # noqa: D102
    def statistics_size(self) -> int: ...  # noqa: D102


class Engine:
    """A plan and the state of one EM run over it.

    Parameters
    ----------
    layout : Layout
    start : Parameters
        All of them known. Where they break a constraint, they are moved to where it holds, as by an update from data
        with their moments.
    scale : ndarray, shape (d,)
        Scale of each column of the data; floors and steps are relative to it.
    max_iter : int
        Most updates that the run may make.
    has_missing : bool
        Whether the data have missing cells.
    truncation : Truncation
        What becomes of responsibilities.
    accelerate : bool
        Whether EM may be accelerated, where that is safe.
    """

    def __init__(
        self,
        layout: Layout,
        start: Parameters,
        scale: Array,
        max_iter: int,
        has_missing: bool = False,
        truncation: Truncation = EM,
        accelerate: bool = False,
    ) -> None:
        scale = _rounded(scale)
        self.layout, self.scale = layout, scale
        self.kept = len(layout.branches) if truncation.kept is None else min(truncation.kept, len(layout.branches))
        choices = layout.choices.values()
        proportions = [choice.tied(part) for choice, part in zip(choices, start.proportions, strict=True)]
        weights = layout.weights(proportions)
        self.leaves: list[Compiled] = [
            leaf if leaf.kernels is not None else OpaqueLeaf(leaf, layout.names[owners[0]])
            for leaf, owners in zip(start.leaves, layout.owners, strict=True)
        ]
        for group, constraint in layout.groups:
            shares = [weights[layout.owners[leaf]].sum() for leaf in group]
            boxes = [self.leaves[place].bounds(scale[layout.spans[place]], FLOOR) for place in group]
            moved = constraint.started([self.leaves[place] for place in group], shares, boxes)
            for place, member in zip(group, moved, strict=True):
                self.leaves[place] = member
        self.interpreted = any(isinstance(leaf, OpaqueLeaf) for leaf in self.leaves)
        theta = [leaf.to_theta() for leaf in self.leaves]
        bounds = [leaf.bounds(scale[span], FLOOR) for leaf, span in zip(self.leaves, layout.spans, strict=True)]
        units = [leaf.units(scale[span]) for leaf, span in zip(self.leaves, layout.spans, strict=True)]
        coordinates = Coordinates.none()
        if accelerate and not self.interpreted and self.kept == len(layout.branches) and not truncation.is_random:
            options = np.diff(layout.option_at).tolist()
            coordinates = Coordinates.of(self.leaves, units, bounds, layout.groups, options)
        self.plan = self._planned(theta, units, self._pseudo(start), len(scale), has_missing, coordinates)
        sums = [np.zeros(size) for size in (self.plan.stats_at[-1], len(weights), len(self.leaves), 1)]
        point, p = np.concatenate([*theta, *proportions]), self.plan.theta_at[-1]
        before = point.copy()
        self.state = State(
            point=point,
            theta=point[:p],
            centre=point[:p],
            weights=weights,
            proportions=point[p:],
            stats=sums[0],
            mass=sums[1],
            leaf_mass=sums[2],
            log_prior=sums[3],
            bounds=np.concatenate([box.ravel() for box in bounds]),
            units=np.concatenate(units),
            point_before=before,
            theta_before=before[:p],
            weights_before=weights.copy(),
            proportions_before=before[p:],
            history=np.empty(max_iter + 1),
            progress=np.array([0.0, np.inf, np.inf, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            stats_before=sums[0].copy(),
            mass_before=sums[1].copy(),
            leaf_mass_before=sums[2].copy(),
            log_prior_before=sums[3].copy(),
        )
        if not self.interpreted:
            self.plan = self.plan._replace(sum_chunks=address_of_sum_chunks(self.plan, self.state))

    def _pseudo(self, start: Parameters) -> Pseudo:
        """Return the tables of the pseudo-rows, those that the settings of the leaves add among them."""
        blocks, counts = [], []
        for leaf, given in zip(start.leaves, self.layout.pseudo_rows, strict=True):
            seen = given.with_fixed(leaf.rows_seen)
            blocks += [seen.fixed.T.ravel(), seen.relative.T.ravel()]
            counts += [seen.fixed_count, seen.relative_count]
        foresees = np.ones(len(start.leaves), dtype=np.int64)
        for group, constraint in self.layout.groups:
            foresees[group] = constraint.leaves_means_alone
        return Pseudo(
            np.concatenate(blocks), _ends(map(len, blocks)), np.concatenate(counts), _ends(map(len, counts)), foresees
        )

    def _planned(
        self,
        theta: list[Array],
        units: list[Array],
        pseudo: Pseudo,
        n_columns: int,
        has_missing: bool,
        coordinates: Coordinates,
    ) -> Plan:
        """Return the tables."""
        layout = self.layout
        marginal = [has_missing and leaf.missing_kernels is not None for leaf in self.leaves]
        kernels = [
            leaf.missing_kernels if alone else leaf.kernels for leaf, alone in zip(self.leaves, marginal, strict=True)
        ]
        calls = kernels if self.interpreted else [each.addresses for each in kernels]
        free = np.array([int(leaf.n_parameters > 0) for leaf in self.leaves])
        alone = free.copy()
        for group, _ in layout.groups:
            alone[group] = 0
        joint = [constraint.kernel for _, constraint in layout.groups]
        settings = [
            constraint.setting([self.leaves[i] for i in group], [units[i] for i in group])
            for group, constraint in layout.groups
        ]
        differences = self._differentiated(theta)
        stepwise = [
            STRAIGHT if count else leaf.stepwise * (CURVED if leaf.curved else STRAIGHT)
            for leaf, count in zip(self.leaves, differences.size, strict=True)
        ]
        sizes = [
            n_derivatives(count) if count else leaf.statistics_size()
            for leaf, count in zip(self.leaves, differences.size.tolist(), strict=True)
        ]
        choices = list(layout.choices.values()) or [Choice.free(0)]
        table = list if self.interpreted else np.array
        return Plan(
            log_pdf=table([call[0] for call in calls]),
            accumulate=table([call[1] for call in calls]),
            update=table([call[2] for call in calls]),
            complete=np.array([address(k.complete, "complete") if k.complete else 0 for k in kernels]),
            first=np.array([span.start for span in layout.spans]),
            last=np.array([span.stop for span in layout.spans]),
            sight=_numbered([(span.start, span.stop) for span in layout.spans]),
            theta_at=_ends([part.size for part in theta]),
            stats_at=_ends(sizes),
            owner_at=_ends(map(len, layout.owners)),
            owners=_joined(layout.owners),
            together=self._served_together(kernels, free, differences, has_missing),
            free=free,
            alone=alone,
            stepwise=np.array(stepwise, dtype=np.int64),
            marginal=np.array(marginal, dtype=np.int64),
            update_jointly=joint
            if self.interpreted
            else np.array([address(each, "update_jointly") for each in joint], dtype=np.int64),
            members=_joined([group for group, _ in layout.groups]),
            group_at=_ends([len(group) for group, _ in layout.groups]),
            setting=np.concatenate([np.empty(0), *settings]),
            setting_at=_ends([setting.size for setting in settings]),
            choices=Choices(
                path_at=_ends(map(len, layout.options_of)),
                path=_joined(layout.options_of),
                option_at=layout.option_at,
                held=np.concatenate([choice.frozen for choice in choices]).astype(np.int64),
                tie=np.concatenate([choice.tie for choice in choices]),
                factor=np.concatenate([choice.factor for choice in choices]),
                pseudo_counts=np.concatenate([choice.pseudo_counts for choice in choices]),
            ),
            pseudo=pseudo,
            differences=differences,
            kept=self.kept,
            seed=NOT_DRAWN,
            coordinates=coordinates,
            # Rows that a family in NumPy collects are those of one sum: there is but one chunk.
            chunk=np.iinfo(np.int64).max
            if self.interpreted
            else rows_of_chunk(n_columns, len(layout.branches) + sum(sizes)),
            near=Near.all(),
            sum_chunks=0,
        )

    def _served_together(
        self, kernels: list[Any], free: Integers, differences: Differences, has_missing: bool
    ) -> Integers:
        """Return how many leaves, each and those after it, are served by one call of the kernels they share."""
        spans, owners = self.layout.spans, self.layout.owners
        found = np.ones(len(kernels), dtype=np.int64)
        for leaf in range(len(kernels) - 2, -1, -1):
            alike = (
                kernels[leaf] == kernels[leaf + 1] and spans[leaf] == spans[leaf + 1] and free[leaf] == free[leaf + 1]
            )
            if not (alike and kernels[leaf].takes_several) or has_missing or differences.size[leaf : leaf + 2].any():
                continue
            if len(owners[leaf]) == len(owners[leaf + 1]) == 1 and owners[leaf + 1][0] == owners[leaf][0] + 1:
                found[leaf] += found[leaf + 1]
        return found

    def _differentiated(self, theta: list[Array]) -> Differences:
        """Return which entries of theta are differentiated; and between which ends they and those on curves lie."""
        count = np.zeros(len(self.leaves), dtype=np.int64)
        low, high = zip(
            *(step_ends(leaf, part.size) for leaf, part in zip(self.leaves, theta, strict=True)), strict=True
        )
        for group, constraint in self.layout.groups:
            for place in group if constraint.by_derivatives else ():
                ends = np.array([p.domain.ends for p in self.leaves[place].declared])
                count[place] = len(ends)
                low[place][: len(ends)], high[place][: len(ends)] = ends.T
        return Differences(count, np.concatenate(low), np.concatenate(high))

    @property
    def parameters(self) -> Parameters:
        """The current parameters."""
        return self.parameters_at(self.state.point)

    def parameters_at(self, point: Array) -> Parameters:
        """Return the parameters that stand in a vector such as `State.point`."""
        theta_at, option_at = self.plan.theta_at, self.plan.theta_at[-1] + self.layout.option_at
        return Parameters(
            [
                leaf.from_theta(point[a:b].copy())
                for leaf, a, b in zip(self.leaves, theta_at, theta_at[1:], strict=False)
            ],
            [point[a:b].copy() for a, b in zip(option_at, option_at[1:], strict=False)],
        )

    def saved(self) -> State:
        """Return a copy of the state, for `restore`; the history, which only ever grows, is not copied."""
        return State(*(part if part is self.state.history else part.copy() for part in self.state))

    def restore(self, saved: State) -> None:
        """Go back to a state."""
        for part, value in zip(self.state, saved, strict=True):
            part[:] = value

    def untruncated_at(self, point: Array) -> Engine:
        """Return an engine at other parameters, not to be moved, for which every component keeps its part."""
        other = copy(self)
        other.kept = self.state.weights.size
        other.plan = self.plan._replace(kept=other.kept, free=np.zeros_like(self.plan.free), near=Near.all())
        other.state = self.saved()._replace(history=np.empty(1))
        other.state.theta[:], other.state.proportions[:] = np.split(point, [other.state.theta.size])
        other.state.weights[:] = self.layout.weights(self.parameters_at(point).proportions)
        return other

    @property
    def held(self) -> list[tuple[str, ...]]:
        """For each leaf, the parameters that a floor keeps from collapsing."""
        of_leaf = [leaf.at_bounds(part, box) for leaf, part, box in self._parts()]
        for group, constraint in self.layout.groups:
            components = [self.leaves[place] for place in group]
            for member, held in zip(group, constraint.held(components, *self._together(group)), strict=True):
                of_leaf[member] = held
        return of_leaf

    @property
    def history(self) -> Array:
        """Log-likelihood and log prior at the start and after each update."""
        return self.state.history[: int(self.state.progress[0])].copy()

    def _together(self, group: list[int]) -> tuple[Array, Array, Array]:
        """Return copies of the statistics, what they are taken about, and bounds of a group of leaves, stacked."""
        parts, at, theta_at = self._parts(), self.plan.stats_at, self.plan.theta_at
        stats = np.array([self.state.stats[at[leaf] : at[leaf + 1]] for leaf in group])
        centre = np.array([self.state.centre[theta_at[leaf] : theta_at[leaf + 1]] for leaf in group])
        return stats, centre, np.array([parts[leaf][2] for leaf in group])

    def _parts(self) -> list[tuple[Compiled, Array, Array]]:
        at = self.plan.theta_at
        slices = [slice(a, b) for a, b in zip(at[:-1], at[1:], strict=True)]
        return [
            (leaf, self.state.theta[s], self.state.bounds[2 * s.start : 2 * s.stop].reshape(2, -1))
            for leaf, s in zip(self.leaves, slices, strict=True)
        ]


def _rounded(scale: Array) -> Array:
    """Round scales to nine digits: what is relative to them is then the same, in whatever order squares were added."""
    fraction, exponent = np.frexp(scale)
    return np.ldexp(np.rint(np.ldexp(fraction, DIGITS)), exponent - DIGITS)


def _ends(sizes: Iterable[int]) -> Integers:
    """Return where parts of these sizes begin, one after the other, and where the last one ends."""
    return np.cumsum([0, *sizes])


def _numbered(keys: Sequence[Hashable]) -> Integers:
    """Return the number of each key among the different ones, in the order in which they first appear."""
    number = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys])


def _joined(parts: Sequence[Sequence[int]]) -> Integers:
    """Return lists of places one after the other."""
    return np.array([place for part in parts for place in part], dtype=np.int64)
