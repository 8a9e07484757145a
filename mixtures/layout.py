"""A mixture multiplied out: which leaves and which choices each of its flat components is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from distributions.base import Distribution
from distributions.data import Array
from distributions.outline import Branch, Leaf, Outline, Path

from .observed import Integers, Observed
from .priors import PseudoRows, pseudo_rows_of


class Parameters(NamedTuple):
    """What a fit finds: a distribution for each leaf, and the proportions of each choice, in the layout's order."""

    leaves: list[Distribution]
    proportions: list[Array]


class Unit(NamedTuple):
    """Choices within one set of columns, nested in each other: one partition of the rows serves them all."""

    n_options: int  # cells of the partition: different ways through the choices
    option_of: Integers  # (K,): cell of each flat component, -1 for one that does not come here
    columns: list[int]


class Layout:
    """The tables behind a mixture of data with some number of columns.

    Parameters
    ----------
    outline : Outline
    names : sequence of str
        Names of the branches, which are the flat components.
    n_columns : int
        Columns of the data.
    data : Observed, optional
        What priors see; without it there are none.

    Attributes
    ----------
    leaves : list of Leaf
        The different leaves.
    spans : list of slice
        Their columns.
    branches : list of Branch
        The flat components.
    leaves_of : list of list of int
        The leaves of each component.
    owners : list of list of int
        The components of each leaf.
    choices : dict of Path to Choice
    options_of : list of list of int
        The options that lead to each component, as places among those of all choices.
    option_at : ndarray, shape (choices + 1,)
        Where the options of each choice begin.
    groups : list of (list of int, Constraint)
        Leaves that are updated together.
    pseudo_rows : list of PseudoRows
        What the prior of each leaf takes to have been seen.
    """

    def __init__(self, outline: Outline, names: Sequence[str], n_columns: int, data: Observed | None = None) -> None:
        self.branches, self.choices, self.names = outline.branches, outline.choices, list(names)
        found: dict[Path, tuple[int, Leaf, slice]] = {}
        self.leaves_of: list[list[int]] = []
        for branch in self.branches:
            for leaf, span in zip(branch.leaves, branch.spans(n_columns), strict=True):
                found.setdefault(leaf.path, (len(found), leaf, span))
            self.leaves_of.append([found[leaf.path][0] for leaf in branch.leaves])
        self.leaves = [leaf for _, leaf, _ in found.values()]
        self.spans = [span for _, _, span in found.values()]
        self.owners: list[list[int]] = [[] for _ in found]
        for component, places in enumerate(self.leaves_of):
            for place in places:
                self.owners[place].append(component)
        self.option_at = np.cumsum([0] + [len(choice.frozen) for choice in self.choices.values()])
        begin = {path: int(start) for path, start in zip(self.choices, self.option_at[:-1], strict=True)}
        self.options_of = [[begin[path] + option for path, option in branch.options] for branch in self.branches]
        self.pseudo_rows = [
            PseudoRows.none(span.stop - span.start)
            if data is None
            else pseudo_rows_of(leaf, data.rows[:, span], data.row_weight)
            for leaf, span in zip(self.leaves, self.spans, strict=True)
        ]
        self.groups = [([found[path][0] for path in group.members], group.constraint) for group in outline.groups]

    def name_of(self, place: int) -> str:
        """Return the name of a leaf, for messages: its first component, and its columns where there are others."""
        component, columns = self.names[self.owners[place][0]], self.leaves[place].name
        return f"{component}, {columns}" if columns else component

    # ------------------------------------------------------------------------------------------- proportions

    def weights(self, proportions: Sequence[Array]) -> Array:
        """Return the weights of the flat components, shape (K,): products of the proportions that lead to them."""
        every = np.concatenate([*proportions, [1.0]])
        return np.array([np.prod(every[options]) for options in self.options_of])

    def proportions(self, mass: Array) -> list[Array]:
        """Return the proportions of all choices that masses of the flat components stand for."""
        of_option = np.zeros(self.option_at[-1])
        for options, part in zip(self.options_of, mass, strict=True):
            of_option[options] += part
        parts = []
        for start, end in zip(self.option_at[:-1], self.option_at[1:], strict=True):
            total = of_option[start:end].sum()
            parts.append(of_option[start:end] / total if total > 0 else np.full(end - start, 1.0 / (end - start)))
        return parts

    # ------------------------------------------------------------------------------------------- starts

    @property
    def is_plain(self) -> bool:
        """Whether the flat components share nothing, so that they may change places."""
        return all(len(owners) == 1 for owners in self.owners)

    @property
    def units(self) -> list[Unit]:
        """The sets of choices for each of which the rows are partitioned once, outer ones first."""
        roots: dict[Path, list[Path]] = {}
        for path in sorted(self.choices, key=len):
            roots.setdefault(_root(path), []).append(path)
        units = []
        for root, paths in roots.items():
            options: list[tuple[tuple[Path, int], ...]] = []
            option_of = np.full(len(self.branches), -1)
            columns: set[int] = set()
            for k, branch in enumerate(self.branches):
                own = tuple(chosen for chosen in branch.options if chosen[0] in paths)
                if not own:
                    continue
                if own not in options:
                    options.append(own)
                option_of[k] = options.index(own)
                for place in self.leaves_of[k]:
                    if self.leaves[place].path[: len(root)] == root:
                        columns.update(range(self.spans[place].start, self.spans[place].stop))
            units.append(Unit(len(options), option_of, sorted(columns)))
        return units

    def branches_of(self, leaves: Sequence[Distribution]) -> list[Branch]:
        """Return the flat components with these leaves."""
        found = {leaf.path: distribution for leaf, distribution in zip(self.leaves, leaves, strict=True)}
        return [branch.with_leaves(found) for branch in self.branches]

    def by_path(self, parameters: Parameters) -> tuple[Mapping[Path, Distribution], Mapping[Path, Array]]:
        """Return leaves and proportions by their paths."""
        return (
            {leaf.path: found for leaf, found in zip(self.leaves, parameters.leaves, strict=True)},
            dict(zip(self.choices, parameters.proportions, strict=True)),
        )


def _root(path: Path) -> Path:
    """Return the path of the part of a product that a choice is about; () for all columns."""
    last = max((place for place, step in enumerate(path) if isinstance(step, str)), default=-1)
    return path[: last + 1]
