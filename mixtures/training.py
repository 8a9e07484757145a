"""What a fit asks of its data, wherever these are; and the data that are in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from distributions.data import Array, Mask, Observations, as_observations, present
from distributions.errors import InvalidDataError
from distributions.outline import finite_rows

from . import posterior
from .layout import Layout
from .observed import Labels, Looked, Observed, as_labels, observed, stand_in
from .own_starts import OwnStart
from .structure import Structure
from .survey import Stamp, stamp_of
from .thinning import merged

Places = npt.NDArray[np.intp] | None  # of rows; None: all
BLOCK_OF_ROWS = 65536  # looked at together, where that takes memory in proportion


class Training(Protocol):
    """Checked data of a fit.

    Attributes
    ----------
    structure : Structure
        Of components that know what only data as they are given tell.
    names_from : object
        What has the names of the columns, if they have any.
    looked_at : Looked
        What the EM loop looks at.
    n_rows, n_columns : int
    total_weight : float
    scale : ndarray, shape (d,)
    has_missing : bool
    start_rows : Observed
        Rows that starts are found from.
    is_sample : bool
        Whether these are not all.
    is_elsewhere : bool
        Whether each pass reads the rows anew.
    rows : ndarray, shape (n, d)
        All rows, where they are in memory.
    stamp : tuple of int
        See `survey.stamp_of`.
    """

    structure: Structure
    names_from: Any
    n_columns: int
    scale: Array
    has_missing: bool
    is_elsewhere: bool

    @property
    def rows(self) -> Array: ...  # noqa: D102
    @property
    def looked_at(self) -> Looked: ...  # noqa: D102
    @property
    def n_rows(self) -> int: ...  # noqa: D102
    @property
    def total_weight(self) -> float: ...  # noqa: D102
    @property
    def start_rows(self) -> Observed: ...  # noqa: D102
    @property
    def is_sample(self) -> bool: ...  # noqa: D102
    @property
    def seen_by_priors(self) -> Observed: ...  # noqa: D102
    @property
    def stamp(self) -> Stamp: ...  # noqa: D102

    def serves(self, leaves: Sequence[Any]) -> None:
        """Know whose kernels sweeps call."""

    def forget_places(self) -> None:
        """Know that rows need no longer be known by their places."""

    def check(self, layout: Layout) -> None:
        """Raise `InvalidDataError` if there are too few rows or one that no component covers."""

    def own_start(self, init: Any, n_init: int | None) -> OwnStart:
        """Return the start that a user gave."""

    def explain_failure(self, layout: Layout, branches: Any, weights: Array) -> None:
        """Raise the error that says why the log-likelihood is not finite."""


class InMemory:
    """Data in memory.

    Parameters
    ----------
    structure : Structure
    x, sample_weight, labels
        As given to `MixtureModel.fit`, not yet checked.

    Raises
    ------
    InvalidDataError
        If anything about them is unusable.
    """

    is_sample = is_elsewhere = False

    def __init__(self, structure: Structure, x: Any, sample_weight: Any = None, labels: Any = None) -> None:
        self.names_from = x
        self.structure = structure.prepare(present(x, sample_weight))
        self.data = enter(self.structure, self.structure.encode(x), sample_weight)
        self.n_columns = self.data.rows.shape[1]
        self.scale, self.has_missing = self.data.summary.scale, self.data.has_missing
        self.rows = self.data.rows
        fill = stand_in(self.rows) if self.has_missing else None
        self.known = enter_labels(self.structure, labels, self.data.n_given, self.data.places)
        self.looked_at = observed(self.data.rows, self.data.weight, self.known, fill, self.data.points)

    @property
    def n_rows(self) -> int:
        """Number of rows of positive weight."""
        return len(self.data.rows)

    @property
    def total_weight(self) -> float:
        """Sum of their weights."""
        weight = self.data.weight
        return float(self.n_rows if weight is None else weight.sum())

    @property
    def start_rows(self) -> Observed:
        """All rows."""
        return self.looked_at

    @property
    def seen_by_priors(self) -> Observed:
        """All rows."""
        return self.looked_at

    @property
    def stamp(self) -> Stamp:
        """See `survey.stamp_of`."""
        return stamp_of(self.looked_at)

    def serves(self, leaves: Sequence[Any]) -> None:
        """Need not know whose kernels sweeps call: it is this process that calls them."""

    def forget_places(self) -> None:
        """Merge equal rows."""
        self.looked_at = merged(self.looked_at)

    def check(self, layout: Layout) -> None:
        """Raise `InvalidDataError` if there are too few rows or one that no component covers."""
        require_enough(layout, self.n_rows)
        check_rows(layout, self.data)

    def own_start(self, init: Any, n_init: int | None) -> OwnStart:
        """Return the start that a user gave."""
        return OwnStart(init, self.data, list(self.structure.named), self.structure.owner, n_init)

    def explain_failure(self, layout: Layout, branches: Any, weights: Array) -> None:
        """Raise the error that says why the log-likelihood is not finite."""
        factors = None if self.known is None else self.known.log_factors[self.known.code].T
        posterior.explain_failure(branches, weights, layout.names, self.data, factors)


def enter(structure: Structure, x: Any, sample_weight: Any) -> Observations:
    """Return rows in numbers and weights, checked."""
    branches = structure.outline().branches
    return as_observations(
        x,
        sample_weight,
        structure.n_columns,
        "MixtureModel",
        missing=True,
        finite_rows=lambda rows: finite_rows(branches, rows),
    )


def enter_labels(structure: Structure, labels: Any, n_given: int, places: Places) -> Labels | None:
    """Return what labels of all rows say of those at some places, for each component of the flattened mixture."""
    known = as_labels(labels, n_given, list(structure.named))
    if known is None:
        return None
    code = known.code if places is None else known.code[places]
    return Labels(code, np.ascontiguousarray(known.log_factors[:, structure.owner]))


def require_enough(layout: Layout, n_rows: int) -> None:
    """Raise if there are too few rows for the components."""
    needed = max(unit.n_options for unit in layout.units)
    if n_rows < needed:
        raise InvalidDataError(
            f"a mixture of {needed} components needs at least {needed} rows; got {n_rows} sample(s). Use fewer "
            "components."
        )


def check_rows(layout: Layout, data: Observations) -> None:
    """Raise if no component covers a row, or one cannot leave out its missing cells."""
    rows, branches = data.rows, layout.branches
    supports = [branch.support for branch in branches]
    if data.has_missing:
        _check_missing(layout, data)
    if data.has_missing or not any(support.is_location and not support.discrete for support in supports):
        distinct = dict(zip(supports, branches, strict=True))
        outside = np.concatenate(
            [
                ~np.any([branch.covers(rows[i : i + BLOCK_OF_ROWS]) for branch in distinct.values()], axis=0)
                for i in range(0, len(rows), BLOCK_OF_ROWS)
            ]
        )
        if outside.any():
            wanted = ", ".join(f"{name}: {support.text}" for name, support in zip(layout.names, supports, strict=True))
            raise InvalidDataError(
                f"{data.describe(outside)} outside the support of every component ({wanted}). Drop these rows, "
                "or add a component that covers them, such as Normal()."
            )


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
