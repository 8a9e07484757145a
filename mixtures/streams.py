"""Rows that are read block by block, in each pass anew, and never lie in memory together.

The first pass is the door: every block is checked as data in memory are, and a `survey` of all is made. Later passes
only make sure that the data are still the same, and sum chunks. Chunks are counted from the first row, wherever blocks
begin and end: so sums have the same bits for any blocks, any number of threads, and in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from distributions.data import Array, present
from distributions.errors import InvalidDataError

from . import threads
from .estimator import as_given
from .layout import Layout
from .observed import Observed, take, writable
from .sources import Block, Source, at, n_rows
from .structure import Structure
from .survey import PIECE, Stamp, Survey, joined, stamp_of
from .surveyed import NOTHING, Door, Form, Surveyed, has_default_prior, is_absent, require_additive
from .sweep import APART, n_chunks


class Stream(Surveyed):
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

    def __init__(self, structure: Structure, source: Source, rng: np.random.Generator) -> None:
        require_additive(structure)
        self.source = source
        self.form: Form | None = None
        self.stamps: list[Stamp] = []
        structure = self._prepared(structure)
        survey = self._survey(structure, rng)
        assert self.form is not None
        super().__init__(structure, survey, self.form)

    # -------------------------------------------------------------------------------------------- the first pass

    def _prepared(self, structure: Structure) -> Structure:
        """Return the structure of components that know the labels in all blocks."""
        prepared = structure
        for block in self._given():
            with at(block.place):
                new = structure.prepare(present(block.x, block.sample_weight))
                prepared = new if prepared is structure else prepared.agreed(new)
            if not structure.awaits_labels:
                return prepared
        return prepared

    def _survey(self, structure: Structure, rng: np.random.Generator) -> Survey:
        survey: Survey | None = None
        for pieces in recut(self._checked(Door(structure)), PIECE):
            if survey is None:
                survey = Survey(pieces.rows.shape[1], rng, with_products=has_default_prior(structure))
            survey.add(pieces)
        if survey is None:
            raise InvalidDataError("MixtureModel cannot be fitted to blocks without any row of positive weight")
        return survey

    def _checked(self, door: Door) -> Iterator[Observed]:
        for block in self._given():
            piece = door.checked(block)
            self.stamps.append(NOTHING if piece is None else stamp_of(piece))
            if piece is not None:
                yield piece

    def _given(self) -> Iterator[Block]:
        """Yield the blocks that have rows."""
        for block in self.source.blocks():
            block = block._replace(x=as_given(block.x))
            with at(block.place):
                if n_rows(block.x) == 0:
                    continue
                form = Form.of(block.x)
                self.form = form if self.form is None else self.form
                form.require(self.form)
            yield block

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
            piece = self.door.again(block, self.stamps[number])
            if piece is not None:
                yield piece
        if number + 1 < len(self.stamps):
            raise InvalidDataError(
                f"the data ended after {number + 1} blocks, in the first pass after {len(self.stamps)}: all passes "
                "must see the same data"
            )

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

    def explain_failure(self, layout: Layout, branches: Any, weights: Array) -> None:
        """Raise the error that says why the log-likelihood is not finite, and in which block."""
        for block in self._given():
            self.door.explain_failure(block, layout, branches, weights)


def totals(model: Any, source: Source) -> tuple[float, float]:
    """Return log-likelihood and total weight of rows in blocks, in one pass, for a fitted model."""
    found = [(0.0, 0.0)]
    for block in source.blocks():
        with at(block.place):
            if not is_absent(block.x, block.sample_weight):
                found.append(model._totals_here(block.x, block.sample_weight))
    log_likelihoods, weights = zip(*found, strict=True)
    return math.fsum(log_likelihoods), math.fsum(weights)


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
            waiting.append(joined([take(piece, slice(at))]))
            n += at
            if n == most:
                yield joined(waiting)
                waiting, n = [], 0
        whole = (length - at) // most * most
        if whole:
            yield take(piece, slice(at, at + whole))
        if at + whole < length:
            rest = take(piece, slice(at + whole, length))
            waiting.append(joined([rest]))  # a copy: the block's owner may use it again
            n = length - at - whole
    if waiting:
        yield joined(waiting)


def sum_piece(
    piece: Observed, plan: Any, state: Any, steps: Array, block_size: int, n_threads: int, total: Array
) -> None:
    """Add the sums of the chunks of a piece to those of the chunks before."""
    of_chunks = np.empty((n_chunks(len(piece.rows), plan.chunk), total.size + APART))
    threads.summing(n_threads)(
        writable(piece._replace(points=piece.rows[:0])),
        plan,
        state,
        steps,
        block_size,
        np.zeros(1, dtype=np.int64),
        of_chunks,
        len(of_chunks),
    )
    for of_chunk in of_chunks[:, : total.size]:
        total += of_chunk
