"""The outline of a distribution: the leaves that it is made of, and the choices by which a row comes to them.

A mixture chooses one of its components, a product has one leaf (or one choice) for each of its columns. Multiplied out,
a distribution is a list of *branches*: each is a product of *leaves*, families of some columns, and is reached by one
option of some *choices*. Several branches may hold one leaf: so its density is computed once, and it sees the rows of
all of them. Leaves and choices are known by their path from the top.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from .data import Array, Mask, as_observed, describe_rows
from .domains import Domain
from .errors import InvalidDataError

if TYPE_CHECKING:
    from .base import Distribution

Path = tuple[int | str, ...]  # steps from the top: a number to a component of a mixture, text to a part of a product


class Leaf(NamedTuple):
    """A family of some neighbouring columns."""

    path: Path
    distribution: Distribution
    width: int | None  # columns, None: as many as the others leave
    name: str = ""  # of the columns, "" where there are no others
    prior: Hashable = None  # of its parameters, as a mixture was given it


class Choice(NamedTuple):
    """What is known of the proportions of the options of a choice, shape (n,) each."""

    proportions: Array | None  # to start from
    frozen: Mask
    tie: npt.NDArray[np.int64]  # options of one number keep the ratio of their factors
    factor: Array
    pseudo_counts: Array  # of rows seen before, as a Dirichlet prior counts them

    @classmethod
    def free(cls, n: int, proportions: Array | None = None) -> Choice:
        """Return a choice among n options of which nothing else is known."""
        return cls(proportions, np.zeros(n, dtype=bool), np.arange(n), np.ones(n), np.zeros(n))

    @property
    def is_free(self) -> Mask:
        """Which proportions a fit may move without any other but to keep the sum at one, shape (n,)."""
        alone = np.bincount(self.tie, minlength=len(self.tie))[self.tie] == 1
        return ~self.frozen & alone & (not self.frozen.any())

    @property
    def is_symmetric(self) -> bool:
        """Whether the options may change places."""
        together = len(set(self.tie.tolist())) in (1, len(self.tie)) and len(set(self.factor.tolist())) == 1
        return together and self.proportions is None and not self.frozen.any() and not np.ptp(self.pseudo_counts)

    def tied(self, proportions: Array) -> Array:
        """Return proportions near these that keep the ratios of factors; frozen ones stay."""
        moved, free = proportions.copy(), ~self.frozen
        left = 1.0 - proportions[self.frozen].sum()
        share = np.bincount(self.tie[free], weights=proportions[free], minlength=len(self.tie))
        factors = np.bincount(self.tie[free], weights=self.factor[free], minlength=len(self.tie))
        if share.sum() > 0.0:
            tie = self.tie[free]
            moved[free] = left * (share[tie] / share.sum()) * (self.factor[free] / factors[tie])
        return moved

    @property
    def n_parameters(self) -> int:
        """Number of free proportions."""
        return max(len(set(self.tie[~self.frozen].tolist())) - 1, 0)


class Constraint(Protocol):
    """What ties the parameters of leaves of one family together: their update is a joint one."""

    by_derivatives: bool
    """Whether the update reads derivatives of log densities in place of the family's own statistics."""

    @property
    def leaves_means_alone(self) -> bool:
        """Whether each mean moves as it would without the constraint."""

    @property
    def kernel(self) -> Any:
        """The joint update."""

    @property
    def is_symmetric(self) -> bool:
        """Whether the members may change places."""

    def holds_on_lines(self, components: Sequence[Any]) -> bool:
        """Whether the constraint, if it holds at two points, does so on the line through them (see `coordinates`)."""

    def setting(self, components: Sequence[Any], units: Sequence[Array]) -> Array:
        """Return the constraint in numbers, as the kernel reads it."""

    def started(self, components: Sequence[Any], shares: Sequence[float], bounds: Sequence[Array]) -> list[Any]:
        """Return members, of these shares of the data, moved to where the constraint holds inside these boxes."""

    def held(self, components: Sequence[Any], stats: Array, theta: Array, bounds: Array) -> list[tuple[str, ...]]:
        """Return the names of the parameters of each member that a floor keeps from collapsing."""

    def n_parameters(self, components: Sequence[Any]) -> int:
        """Return the number of free parameters of all members together."""


class Group(NamedTuple):
    """Leaves that are updated together."""

    members: tuple[Path, ...]
    constraint: Constraint


class Branch(NamedTuple):
    """A product of leaves, in the columns' order, and the options that lead to it, as (path of a choice, option)."""

    leaves: tuple[Leaf, ...]
    options: tuple[tuple[Path, int], ...] = ()

    @classmethod
    def joined(cls, parts: Iterable[Branch]) -> Branch:
        """Return the branch of the columns of several."""
        parts = list(parts)
        return cls(
            tuple(leaf for part in parts for leaf in part.leaves), tuple(o for part in parts for o in part.options)
        )

    @property
    def kind(self) -> tuple[Distribution, ...]:
        """The distributions: what branches that are alike have in common."""
        return tuple(leaf.distribution for leaf in self.leaves)

    @property
    def priors(self) -> tuple[Hashable, ...]:
        """The priors of the leaves, None where there is none."""
        return tuple(leaf.prior for leaf in self.leaves)

    @property
    def unknown(self) -> bool:
        """Whether some parameter of some leaf is unknown."""
        return any(leaf.distribution.unknown for leaf in self.leaves)

    @property
    def support(self) -> Domain:
        """Where its rows may lie."""
        return product_domain(
            [leaf.distribution.support for leaf in self.leaves],
            [leaf.width for leaf in self.leaves],
            [leaf.name for leaf in self.leaves],
        )

    def spans(self, n_columns: int) -> list[slice]:
        """Return the columns of each leaf, of data with ``n_columns``."""
        return spans([leaf.width for leaf in self.leaves], n_columns)

    def with_leaves(self, leaves: Mapping[Path, Distribution]) -> Branch:
        """Return the same branch of other distributions."""
        return self._replace(leaves=tuple(leaf._replace(distribution=leaves[leaf.path]) for leaf in self.leaves))

    def log_pdf(self, x: Array) -> Array:
        """Return the log density of each row's observed cells, shape (n,)."""
        if len(self.leaves) == 1:
            return self.leaves[0].distribution.log_pdf(x)
        rows = x.reshape(len(x), -1)
        return sum_of_log_pdfs(self.kind, self.spans(rows.shape[1]), rows)

    def covers(self, rows: Array) -> Mask:
        """Which rows, shape (n, d), lie in the support, missing cells left out."""
        if len(self.leaves) == 1:
            return self.leaves[0].distribution.covers(rows)
        return all_cover(self.kind, self.spans(rows.shape[1]), rows)


class Outline(NamedTuple):
    """Branches, choices and constraints of a distribution."""

    branches: list[Branch]
    choices: dict[Path, Choice]
    groups: list[Group]

    @classmethod
    def of_leaf(cls, distribution: Distribution, path: Path) -> Outline:
        """Return the outline of one family."""
        return cls([Branch((Leaf(path, distribution, distribution.n_columns),))], {}, [])

    @property
    def leaves(self) -> dict[Path, Leaf]:
        """The different leaves by path."""
        return {leaf.path: leaf for branch in self.branches for leaf in branch.leaves}

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: of leaves, of proportions; what leaves share counts once."""
        leaves = {path: leaf.distribution for path, leaf in self.leaves.items()}
        total = sum(choice.n_parameters for choice in self.choices.values())
        for group in self.groups:
            total += group.constraint.n_parameters([leaves.pop(path) for path in group.members])
        return total + sum(leaf.n_parameters for leaf in leaves.values())


def split_name(name: Any, parts: Iterable[str]) -> tuple[str | None, str]:
    """Return the part that a name such as "height.mean" begins with, None if there is none, and what follows the dot.

    Names of parts may have dots themselves: the longest that fits is meant. What is no text has none.
    """
    if not isinstance(name, str):
        return None, ""
    part = max((part for part in parts if name == part or name.startswith(f"{part}.")), key=len, default=None)
    return part, "" if part is None else name[len(part) + 1 :]


# ------------------------------------------------------------------------------------- independent columns


@dataclass(frozen=True)
class ProductDomain(Domain):
    """Rows whose columns lie in domains of their own."""

    domains: tuple[Domain, ...] = ()
    widths: tuple[int | None, ...] = ()

    @property
    def is_location(self) -> bool:
        """Whether every row of numbers lies in the domain."""
        return all(domain.is_location and not domain.discrete for domain in self.domains)

    def holds(self, rows: Array) -> Mask:
        """Which rows, shape (n, d), lie in the domain."""
        inside = np.ones(len(rows), dtype=bool)
        for domain, span in zip(self.domains, spans(self.widths, rows.shape[1]), strict=True):
            inside &= domain.holds(rows[:, span])
        return inside


def product_domain(supports: Sequence[Domain], widths: Sequence[int | None], names: Sequence[Any]) -> Domain:
    """Return the rows whose columns lie in these domains; the domain itself, if there is one."""
    if len(supports) == 1:
        return supports[0]
    text = ", ".join(f"{name}: {support.text}" for name, support in zip(names, supports, strict=True))
    return ProductDomain(
        text=f"in each column as its part needs it ({text})",
        discrete=all(support.discrete for support in supports),
        domains=tuple(supports),
        widths=tuple(widths),
    )


def spans(widths: Sequence[int | None], n_columns: int) -> list[slice]:
    """Return the columns of each part, neighbours in the parts' order; one unknown width takes what the others leave.

    Raises
    ------
    InvalidDataError
        If the columns cannot be shared out.
    """
    known = sum(width for width in widths if width is not None)
    free = sum(width is None for width in widths)
    if free > 1 or (known != n_columns if free == 0 else known >= n_columns):
        needed = f"{known}" if free == 0 else f"more than {known}"
        raise InvalidDataError(f"a product of {len(widths)} parts needs {needed} columns; the data have {n_columns}")
    ends = np.cumsum([n_columns - known if width is None else width for width in widths])
    return [slice(int(end - size), int(end)) for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)]


def sum_of_log_pdfs(parts: Sequence[Distribution], columns: Sequence[slice], rows: Array) -> Array:
    """Return the log density of the observed cells of rows, shape (n, d); NaN for a row without any."""
    total = np.zeros(len(rows))
    for part, span in zip(parts, columns, strict=True):
        missing = np.isnan(rows[:, span]).all(axis=1)
        total += np.where(missing, 0.0, part.log_pdf(as_observed(rows[:, span])))
    total[np.isnan(rows).all(axis=1)] = np.nan
    return total


def refuse_incomplete(branches: Iterable[Branch], rows: Array) -> None:
    """Raise `InvalidDataError` if rows, shape (n, d), lack some cells of a leaf that can only do without all of its."""
    missing = np.isnan(rows)
    for branch in branches if missing.any() else ():
        for leaf, span in zip(branch.kind, branch.spans(rows.shape[1]), strict=True):
            some: Mask = np.any(missing[:, span], axis=1) & ~np.all(missing[:, span], axis=1)
            if some.any() and not leaf.marginalises:
                raise InvalidDataError(
                    f"{type(leaf).__name__} cannot leave out missing cells of its columns; {describe_rows(rows, some)} "
                    "incomplete there. Drop or fill these rows first."
                )


def finite_rows(branches: Iterable[Branch], rows: Array) -> Array:
    """Return the finite rows that stand for these, shape (n, d); a cell stays infinite where any leaf refuses that."""
    leaves = [each for branch in branches for each in zip(branch.kind, branch.spans(rows.shape[1]), strict=True)]
    finite, refused = rows, np.zeros(rows.shape[1], dtype=bool)
    for leaf, span in leaves:
        cells = rows[:, span]
        found = leaf.finite_rows(cells)
        if found is cells:
            refused[span] = True
        else:
            finite = rows.copy() if finite is rows else finite
            finite[:, span] = found
    if finite is not rows:
        finite[:, refused] = rows[:, refused]
    return finite


def all_cover(parts: Sequence[Distribution], columns: Sequence[slice], rows: Array) -> Mask:
    """Which rows, shape (n, d), have an observed cell and lie in the supports of all parts, missing cells left out."""
    missing = np.isnan(rows)
    inside: Mask = ~np.all(missing, axis=1)
    for part, span in zip(parts, columns, strict=True):
        inside &= part.covers(rows[:, span]) | missing[:, span].all(axis=1)
    return inside
