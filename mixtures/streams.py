"""Rows that are read block by block, in each pass anew, and never lie in memory together.

The first pass is the door: every block is checked as data in memory are, and a `survey` of all is made. Later passes
only make sure that the data are still the same, and sum them (`pieces`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from distributions.data import Array, present
from distributions.errors import InvalidDataError

from .estimator import as_given
from .layout import Layout
from .observed import Observed
from .pieces import Sums, recut
from .sources import Block, Source, at, n_rows
from .structure import Structure
from .survey import PIECE, Stamp, Survey, stamp_of
from .surveyed import NOTHING, Door, Form, Surveyed, has_default_prior, is_absent, require_additive


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
            del pieces
        if survey is None:
            raise InvalidDataError("MixtureModel cannot be fitted to blocks without any row of positive weight")
        return survey

    def _checked(self, door: Door) -> Iterator[Observed]:
        for block in self._given():
            piece = door.checked(block)
            self.stamps.append(NOTHING if piece is None else stamp_of(piece))
            if piece is not None:
                yield piece
            del block, piece

    def _given(self) -> Iterator[Block]:
        """Yield the blocks that have rows."""
        for block in self.source.blocks():
            block = block._replace(x=as_given(block.x))
            with at(block.place):
                if n_rows(block.x) == 0:
                    continue
                form = Form.of(block)
                self.form = form if self.form is None else self.form
                form.require(self.form)
            yield block
            del block

    # --------------------------------------------------------------------------------------------- later passes

    def pieces(self) -> Iterator[Observed]:
        """Yield the rows that are present, block by block, as they were in the first pass.

        Raises
        ------
        InvalidDataError
            If they are not the same.
        """
        number = 0
        for block in self._given():
            if number == len(self.stamps):
                raise InvalidDataError(
                    f"{block.place} was not there in the first pass: all passes must see the same data"
                )
            piece = self.door.again(block, self.stamps[number])
            number += 1
            if piece is not None:
                yield piece
            del block, piece
        if number < len(self.stamps):
            again = "" if number else ". A function must return a new iterator each time"
            raise InvalidDataError(
                f"the data ended after {number} blocks, in the first pass after {len(self.stamps)}: all passes must "
                f"see the same data{again}"
            )

    def sums(self, plan: Any, state: Any, steps: Array, block_size: int, n_threads: int) -> Array:
        """Return the sums of all chunks at the current parameters, one after the other as in `sweep.sum_chunks`.

        Where the log-likelihood, the first of them, is not finite the others are not complete.
        """
        sums = Sums(plan, state, steps, block_size, n_threads)
        for piece in recut(self.pieces(), block_size, sums.worthwhile):
            if not sums.add(piece):
                break
            del piece
        return sums.total

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
