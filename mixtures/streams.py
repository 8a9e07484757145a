"""Rows that are read block by block, in each pass anew, and never lie in memory together.

The first pass is the door: every block is checked as data in memory are, and a `survey` of all is made. Later passes
only make sure that the data are still the same, and sum chunks. Chunks are counted from the first row, wherever blocks
begin and end: so sums have the same bits for any blocks, any number of threads, and in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from distributions.data import Array, Observations, as_rows, as_weights, is_frame, is_missing, missing_as_nan, present
from distributions.errors import InvalidDataError, InvalidParameterError
from distributions.outline import Leaf

from . import posterior, threads
from .estimator import as_given, column_names
from .layout import Layout
from .observed import Labels, Observed, observed
from .own_starts import OwnStart
from .priors import DefaultPrior
from .sources import Block, Source, n_rows
from .structure import Structure
from .survey import Stamp, Survey, joined, stamp_of
from .sweep import APART, n_chunks
from .thinning import merged
from .training import check_rows, enter, enter_labels, require_enough

PIECE = 1 << 16  # rows of which a survey sums at once
NUMBERS, LABELS = "numbers", "labels"


class Form(NamedTuple):
    """What all blocks have in common."""

    names: tuple[str, ...] | None
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, x: Any) -> Form:
        """Return the form of a block as it was given."""
        if is_frame(x):
            return cls(column_names(x), tuple(_kind(np.asarray(x[name])) for name in x.columns))
        values = np.asarray(x)
        return cls(None, (_kind(values),) * (values.shape[1] if values.ndim > 1 else 1))

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


class Stream:
    """Data in blocks, for a fit and for its loop.

    Parameters
    ----------
    structure : Structure
    source : Source
    rng : numpy.random.Generator
        Of the sample that starts are found from; asked only if there are more rows than it holds.

    Raises
    ------
    InvalidParameterError
        If a family has no additive statistics: before any block is read.
    InvalidDataError
        If anything about the blocks is unusable; names the block.
    """

    is_elsewhere = True

    def __init__(self, structure: Structure, source: Source, rng: np.random.Generator) -> None:
        require_additive(structure)
        self.source = source
        self.form: Form | None = None
        self.names_from: Any = None
        self.stamps: list[Stamp] = []
        self.structure = self._prepared(structure)
        self.survey, self.n_columns = self._survey(rng)
        self.scale, self.has_missing = self.survey.scale, self.survey.has_missing
        self.stand_in = np.nan_to_num(self.survey.stand_in) if self.has_missing else np.empty(0)
        self.sample = self.survey.reservoir.sample._replace(stand_in=self.stand_in)

    # -------------------------------------------------------------------------------------------- the first pass

    def _prepared(self, structure: Structure) -> Structure:
        """Return the structure of components that know the labels in all blocks."""
        prepared = structure
        for block in self._given():
            with at(block.place):
                x = present(block.x, block.sample_weight)
                prepared = structure.prepare(x) if prepared is structure else prepared.agreed(structure.prepare(x))
            if not structure.awaits_labels:
                return prepared
        return prepared

    def _survey(self, rng: np.random.Generator) -> tuple[Survey, int]:
        survey: Survey | None = None
        for pieces in recut(self._checked(), PIECE):
            if survey is None:
                survey = Survey(pieces.rows.shape[1], rng, with_products=has_default_prior(self.structure))
            for first in range(0, len(pieces.rows), PIECE):
                survey.add(part(pieces, first, first + PIECE))
        if survey is None:
            raise InvalidDataError("MixtureModel cannot be fitted to blocks without any row of positive weight")
        return survey, len(survey.centre)

    def _checked(self) -> Iterator[Observed]:
        layout: Layout | None = None
        for block in self._given():
            entered = self._entered(block)
            if entered is None:
                self.stamps.append((0, 0, 0, 0))
                continue
            data, known = entered
            if layout is None:
                layout = Layout(self.structure.outline(), self.structure.branch_names, data.rows.shape[1])
            with at(block.place):
                check_rows(layout, data)
            piece = observed(data.rows, data.weight, known, points=data.points)
            self.stamps.append(stamp_of(piece))
            yield piece

    def _given(self) -> Iterator[Block]:
        """Yield the blocks that have rows."""
        for block in self.source.blocks():
            block = block._replace(x=as_given(block.x))
            with at(block.place):
                if n_rows(block.x) == 0:
                    continue
                form = Form.of(block.x)
                if self.form is None:
                    self.form = form
                    self.names_from = Names(block.x.columns) if is_frame(block.x) else np.empty((1, len(form.kinds)))
                form.require(self.form)
            yield block

    def _entered(self, block: Block) -> tuple[Observations, Labels | None] | None:
        """Return a block as it is checked at the door, None if all rows are of weight zero."""
        with at(block.place):
            x = self.structure.encode(block.x)
            if self._is_absent(block):
                return None
            data = enter(self.structure, x, block.sample_weight)
            return data, enter_labels(self.structure, block.labels, data)

    def _is_absent(self, block: Block) -> bool:
        weight = block.sample_weight
        return weight is not None and np.shape(weight) == (n_rows(block.x),) and not np.any(np.asarray(weight))

    # --------------------------------------------------------------------------------------------- later passes

    def pieces(self) -> Iterator[Observed]:
        """Yield the rows that are present, block by block, as they were in the first pass.

        Raises
        ------
        InvalidDataError
            If they are not the same.
        """
        number = -1
        for number, block in enumerate(self._given()):
            if number >= len(self.stamps):
                raise InvalidDataError(
                    f"{block.place} was not there in the first pass: all passes must see the same data"
                )
            with at(block.place):
                piece = None if self._is_absent(block) else self._again(block)
                if (stamp_of(piece) if piece else (0, 0, 0, 0)) != self.stamps[number]:
                    raise InvalidDataError(
                        f"its rows are not those of the first pass ({len(piece.rows) if piece else 0} now, "
                        f"{self.stamps[number][0]} then): all passes must see the same data"
                    )
            if piece:
                yield piece
        if number + 1 < len(self.stamps):
            raise InvalidDataError(
                f"the data ended after {number + 1} blocks, in the first pass after {len(self.stamps)}: all passes "
                "must see the same data"
            )

    def _again(self, block: Block) -> Observed:
        """Return a block that was checked before."""
        x = missing_as_nan(self.structure.encode(block.x))
        rows = as_rows(x, self.n_columns, "MixtureModel", finite=False)
        weight, places = as_weights(block.sample_weight, len(rows)), None
        n_given = len(rows)
        if weight is not None and not weight.all():
            places = np.flatnonzero(weight)
            rows, weight = rows[places], weight[places]
        known = None
        if block.labels is not None:
            known = enter_labels(self.structure, block.labels, Observations(rows, weight, places, n_given, rows, None))  # type: ignore[arg-type]
        return observed(rows, weight, known, self.stand_in)

    def sums(self, plan: Any, state: Any, steps: Array, block_size: int, n_threads: int) -> Array:
        """Return the sums of all chunks at the current parameters, one after the other as in `sweep.sum_chunks`.

        Where the log-likelihood, the first of them, is not finite the others are not complete.
        """
        total = np.zeros(1 + state.mass.size + state.leaf_mass.size + state.stats.size)
        first, most = 0, plan.chunk * (1 if n_threads == 1 else threads.SHARE * n_threads)
        for piece in recut(self.pieces(), plan.chunk, most):
            sum_piece(piece._replace(first=first), plan, state, steps, block_size, n_threads, total)
            first += len(piece.rows)
            if not np.isfinite(total[0]):
                break
        return total

    # ------------------------------------------------------------------------------------- what a fit asks for

    @property
    def looked_at(self) -> Stream:
        """The stream itself."""
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

    def explain_failure(self, layout: Layout, branches: Any, weights: Array) -> None:
        """Raise the error that says why the log-likelihood is not finite, and in which block."""
        for block in self._given():
            entered = self._entered(block)
            if entered is not None:
                data, known = entered
                factors = None if known is None else known.log_factors[known.code].T
                with at(block.place):
                    posterior.explain_failure(branches, weights, layout.names, data, factors)


# ------------------------------------------------------------------------------------------------ parts of a pass


def recut(pieces: Iterator[Observed], size: int, most: int | None = None) -> Iterator[Observed]:
    """Yield the same rows in pieces of multiples of so many rows, but for the last one.

    Parameters
    ----------
    pieces : iterator of Observed
    size : int
    most : int, optional
        Rows of small pieces that are put together, a multiple of ``size``; these, by default.
    """
    most = size if most is None else most
    waiting: list[Observed] = []
    n = 0
    for piece in pieces:
        at, length = 0, len(piece.rows)
        if n:
            at = min(most - n, length)
            waiting.append(joined([part(piece, 0, at)]))
            n += at
            if n == most:
                yield joined(waiting)
                waiting, n = [], 0
        whole = (length - at) // most * most
        if whole:
            yield part(piece, at, at + whole)
        if at + whole < length:
            waiting.append(joined([part(piece, at + whole, length)]))  # a copy: the block's owner may use it again
            n = length - at - whole
    if waiting:
        yield joined(waiting)


def part(piece: Observed, first: int, last: int) -> Observed:
    """Return the rows first <= i < last of a piece, not copied."""
    rows = piece.rows[first:last]
    return piece._replace(
        rows=rows,
        weight=piece.weight[first:last],
        code=piece.code[first:last],
        points=rows if piece.points is piece.rows else piece.points[first:last],
    )


def sum_piece(
    piece: Observed, plan: Any, state: Any, steps: Array, block_size: int, n_threads: int, total: Array
) -> None:
    """Add the sums of the chunks of a piece to those of the chunks before."""
    of_chunks = np.empty((n_chunks(len(piece.rows), plan.chunk), total.size + APART))
    threads.summing(n_threads)(
        piece, plan, state, steps, block_size, np.zeros(1, dtype=np.int64), of_chunks, len(of_chunks)
    )
    for of_chunk in of_chunks[:, : total.size]:
        total += of_chunk


@contextmanager
def at(place: str) -> Iterator[None]:
    """Name the block in errors about its rows."""
    try:
        yield
    except InvalidDataError as error:
        raise type(error)(f"{place}: {error}") from error


def require_additive(structure: Structure) -> None:
    """Raise `InvalidParameterError` if a family has no additive statistics."""
    for name, leaf in _named_leaves(structure):
        if leaf.distribution.kernels is None:
            raise InvalidParameterError(
                f"component {name!r}: {type(leaf.distribution).__name__} has no additive statistics, so it is fitted "
                "to all rows at once, in memory: it cannot be fitted block by block. Read the data into one array, or "
                "use another family."
            )


def is_additive(structure: Structure) -> bool:
    """Whether all families have additive statistics."""
    return all(leaf.distribution.kernels is not None for _, leaf in _named_leaves(structure))


def has_default_prior(structure: Structure) -> bool:
    """Whether a prior asks for the covariance of the data."""
    return any(isinstance(leaf.prior, DefaultPrior) for _, leaf in _named_leaves(structure))


def _named_leaves(structure: Structure) -> Iterator[tuple[str, Leaf]]:
    for name, branch in zip(structure.branch_names, structure.outline().branches, strict=True):
        yield from ((name, leaf) for leaf in branch.leaves)
