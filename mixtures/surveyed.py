"""Where rows that are not in memory together are checked, and what is known of them after one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from distributions.data import Array, Observations, is_frame, is_missing, rows_with_weights
from distributions.errors import InvalidDataError, InvalidParameterError
from distributions.outline import Leaf

from . import posterior
from .estimator import as_given, column_names
from .layout import Layout
from .observed import Labels, Observed, observed
from .own_starts import OwnStart
from .priors import DefaultPrior
from .sources import Block, at, n_rows
from .structure import Structure
from .survey import Stamp, Survey, stamp_of
from .thinning import merged
from .training import check_rows, enter, enter_labels, require_enough

NUMBERS, LABELS = "numbers", "labels"
NOTHING: Stamp = (0, 0, 0, 0)


class Form(NamedTuple):
    """What all blocks have in common."""

    names: tuple[str, ...] | None
    kinds: tuple[str, ...]
    beside: tuple[str, ...]  # what comes with the rows

    @classmethod
    def of(cls, block: Block) -> Form:
        """Return the form of a block as it was given."""
        x, beside = block.x, tuple(name for name in ("sample_weight", "labels") if getattr(block, name) is not None)
        if is_frame(x):
            return cls(column_names(x), tuple(_kind(np.asarray(x[name])) for name in x.columns), beside)
        values = np.asarray(x)
        return cls(None, (_kind(values),) * (values.shape[1] if values.ndim > 1 else 1), beside)

    def require(self, expected: Form) -> None:
        """Raise `InvalidDataError` if this is not the form of the first block."""
        if self.names != expected.names:
            raise InvalidDataError(f"it has the columns {self._shown}, the first block has {expected._shown}")
        if len(self.kinds) != len(expected.kinds):
            raise InvalidDataError(f"it has {len(self.kinds)} column(s), the first block has {len(expected.kinds)}")
        for place, (kind, wanted) in enumerate(zip(self.kinds, expected.kinds, strict=True)):
            if "" not in (kind, wanted) and kind != wanted:
                name = repr(self.names[place]) if self.names else place
                raise InvalidDataError(f"its column {name} holds {kind}, that of the first block {wanted}")
        if self.beside != expected.beside:
            brought, wanted = (
                " and ".join(each) or "neither weights nor labels" for each in (self.beside, expected.beside)
            )
            raise InvalidDataError(f"it comes with {brought}, the first block with {wanted}: give them for all or none")

    @property
    def _shown(self) -> str:
        return ", ".join(map(repr, self.names)) if self.names else "without names"


def _kind(values: np.ndarray) -> str:
    """Return what a column holds; "" if that is not to be seen, as where all cells are missing."""
    if values.dtype.kind in "fiub":
        return NUMBERS
    if values.dtype.kind != "O":
        return LABELS
    known = next((cell for cell in values.flat if not is_missing(cell)), None)
    return "" if known is None else LABELS if isinstance(known, str) else NUMBERS


class Names:
    """The columns of a data frame, without the rows."""

    def __init__(self, columns: Sequence[Any]) -> None:
        self.columns = list(columns)

    def __getitem__(self, name: str) -> Array:
        return np.empty(0)


class Door:
    """Blocks are checked here, in full the first time, by their stamps later.

    Parameters
    ----------
    structure : Structure
    stand_in : ndarray, shape (d,) or (0,)
        See `Observed`; known after the first pass.
    """

    def __init__(self, structure: Structure, stand_in: Array | None = None) -> None:
        self.structure, self.stand_in = structure, stand_in

    def checked(self, block: Block) -> Observed | None:
        """Return a block checked as data in memory are; None if no row is of positive weight."""
        entered = self.entered(block)
        if entered is None:
            return None
        data, known = entered
        layout = Layout(self.structure.outline(), self.structure.branch_names, data.rows.shape[1])
        with at(block.place):
            check_rows(layout, data)
        return observed(data.rows, data.weight, known, points=data.points)

    def entered(self, block: Block) -> tuple[Observations, Labels | None] | None:
        """Return rows and labels of a block, checked but for their support; None if no row is of positive weight."""
        with at(block.place):
            x = self.structure.encode(as_given(block.x))
            if is_absent(block.x, block.sample_weight):
                return None
            data = enter(self.structure, x, block.sample_weight)
            return data, enter_labels(self.structure, block.labels, data.n_given, data.places)

    def again(self, block: Block, stamp: Stamp | None) -> Observed | None:
        """Return a block that was checked before; its stamp is None if it is known to be the same.

        Raises
        ------
        InvalidDataError
            If it is not the same.
        """
        with at(block.place):
            piece = None if is_absent(block.x, block.sample_weight) else self._again(block)
            if stamp is not None and (stamp_of(piece) if piece else NOTHING) != stamp:
                raise InvalidDataError(
                    f"its rows are not those of the first pass ({len(piece.rows) if piece else 0} now, {stamp[0]} "
                    "then): all passes must see the same data"
                )
        return piece

    def _again(self, block: Block) -> Observed:
        x = self.structure.encode(as_given(block.x))
        rows, weight, places, n_given = rows_with_weights(
            x, block.sample_weight, self.structure.n_columns, "MixtureModel", missing=True
        )
        known = enter_labels(self.structure, block.labels, n_given, places)
        return observed(rows, weight, known, self.stand_in)

    def explain_failure(self, block: Block, layout: Layout, branches: Any, weights: Array) -> None:
        """Raise the error that says why the log-likelihood of a block is not finite; return if it is."""
        entered = self.entered(block)
        if entered is not None:
            data, known = entered
            factors = None if known is None else known.log_factors[known.code].T
            with at(block.place):
                posterior.explain_failure(branches, weights, layout.names, data, factors)


def is_absent(x: Any, sample_weight: Any) -> bool:
    """Whether all rows of a block are of weight zero, or there are none."""
    n = n_rows(x)
    return n == 0 or (
        sample_weight is not None and np.shape(sample_weight) == (n,) and not np.any(np.asarray(sample_weight))
    )


class Surveyed:
    """What a fit asks of its data, where each pass reads them anew; see `training.Training`.

    Parameters
    ----------
    structure : Structure
    survey : Survey
        Of the first pass.
    form : Form
        Of all blocks.
    """

    is_elsewhere = True
    leaves: Sequence[Any] = ()

    def __init__(self, structure: Structure, survey: Survey, form: Form) -> None:
        self.structure, self.survey = structure, survey
        self.n_columns = len(survey.centre)
        self.names_from: Any = np.empty((1, self.n_columns)) if form.names is None else Names(form.names)
        self.scale, self.has_missing = survey.scale, survey.has_missing
        self.stand_in = np.nan_to_num(survey.stand_in) if self.has_missing else np.empty(0)
        self.sample = survey.reservoir.sample._replace(stand_in=self.stand_in)
        self.door = Door(structure, self.stand_in)

    @property
    def looked_at(self) -> Self:
        """The data themselves."""
        return self

    @property
    def rows(self) -> Array:
        """Raise `InvalidDataError`: they are nowhere together."""
        raise InvalidDataError("this needs all rows in memory, but they are read block by block: pass one array")

    @property
    def n_rows(self) -> int:
        """Number of rows of positive weight."""
        return self.survey.n_rows

    @property
    def total_weight(self) -> float:
        """Sum of their weights."""
        return self.survey.total_weight

    @property
    def is_sample(self) -> bool:
        """Whether starts are found from a part of the rows."""
        return self.survey.reservoir.size < self.n_rows

    @property
    def start_rows(self) -> Observed:
        """The sample, of the total weight of all rows."""
        if not self.is_sample:
            return self.sample
        weight = self.sample.weight if self.sample.weight.size else np.ones(self.sample.n_rows)
        return self.sample._replace(weight=weight * (self.total_weight / weight.sum()))

    @property
    def seen_by_priors(self) -> Observed:
        """A few rows with the moments of all, where a prior asks for these; else one."""
        if self.survey.products is None:
            return observed(self.survey.centre[np.newaxis])
        if self.has_missing:
            raise InvalidParameterError(
                "MixtureModel: prior='default' takes the covariance of the data, which has no closed form where cells "
                "are missing, and these data are read block by block. Give a Prior(...) instead."
            )
        return observed(*self.survey.moments)

    @property
    def stamp(self) -> Stamp:
        """See `survey.stamp_of`."""
        return self.survey.stamp

    def serves(self, leaves: Sequence[Any]) -> None:
        """Know whose kernels sweeps call."""
        self.leaves = leaves

    def forget_places(self) -> None:
        """Merge equal rows of the sample; those of the data come and go."""
        self.sample = merged(self.sample)

    def check(self, layout: Layout) -> None:
        """Raise `InvalidDataError` if there are too few rows; the rest was checked in the first pass."""
        require_enough(layout, self.n_rows)

    def own_start(self, init: Any, n_init: int | None) -> OwnStart:
        """Return the start that a user gave as a function, of the sample.

        Raises
        ------
        InvalidParameterError
            If it is not a function.
        """
        if not callable(init):
            raise InvalidParameterError(
                "MixtureModel: init must be a function where data are read block by block: init(rows, rng) is asked "
                "for the rows of a sample. Or give the start values of the components."
            )
        rows = self.start_rows
        data = Observations(rows.rows, rows.row_weight, None, len(rows.rows), rows.points, None, self.has_missing)  # type: ignore[arg-type]
        return OwnStart(init, data, list(self.structure.named), self.structure.owner, n_init)


def require_additive(structure: Structure) -> None:
    """Raise `InvalidParameterError` if a family has no additive statistics."""
    for name, leaf in named_leaves(structure):
        if leaf.distribution.kernels is None:
            raise InvalidParameterError(
                f"component {name!r}: {type(leaf.distribution).__name__} has no additive statistics, so it is fitted "
                "to all rows at once, in memory: it cannot be fitted block by block. Read the data into one array, or "
                "use another family."
            )


def is_additive(structure: Structure) -> bool:
    """Whether all families have additive statistics."""
    return all(leaf.distribution.kernels is not None for _, leaf in named_leaves(structure))


def has_default_prior(structure: Structure) -> bool:
    """Whether a prior asks for the covariance of the data."""
    return any(isinstance(leaf.prior, DefaultPrior) for _, leaf in named_leaves(structure))


def named_leaves(structure: Structure) -> Iterator[tuple[str, Leaf]]:
    """Yield the leaves of all components, each with the name of its component."""
    for name, branch in zip(structure.branch_names, structure.outline().branches, strict=True):
        yield from ((name, leaf) for leaf in branch.leaves)
