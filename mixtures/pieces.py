"""Rows that come in pieces are summed with the bits of the same rows in one array.

Chunks are counted from the first row, wherever pieces begin and end: one that a piece ends in is gone on with by the
next one. So pieces are summed where they lie, and only the rows of a block across two of them are copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from distributions.data import Array

from . import threads
from .observed import Observed, take, writable
from .survey import joined
from .sweep import APART, n_chunks


def recut(pieces: Iterator[Observed], size: int, least: int = 0) -> Iterator[Observed]:
    """Yield the same rows in pieces of multiples of so many rows, but for the last one.

    Parameters
    ----------
    pieces : iterator of Observed
    size : int
    least : int, optional
        Pieces of fewer rows are put together first.
    """
    waiting: list[Observed] = []
    n = 0
    for piece in pieces:
        at, length = 0, len(piece.rows)
        enough = n + length >= max(least, size)
        if n and enough:
            at = -n % size
            yield joined([*waiting, take(piece, slice(at))])
            waiting, n = [], 0
        end = at + (length - at) // size * size if enough else at
        if end > at:
            yield take(piece, slice(at, end))
        if end < length:
            rest = take(piece, slice(end, length))
            waiting.append(joined([rest]))  # a copy: the block's owner may use it again
            n += length - end
            del rest
        del piece
    if waiting:
        yield joined(waiting)


class Sums:
    """Sums of chunks, added one after the other, of rows that come in pieces.

    Parameters
    ----------
    plan, state, steps, block_size
        See `sweep.sum_chunks`.
    n_threads : int
    first : int
        Number of the first row among the rows of a fit.
    """

    def __init__(
        self, plan: Any, state: Any, steps: Array, block_size: int, n_threads: int = 1, *, first: int = 0
    ) -> None:
        self.chunk, self.n_threads, self.row = plan.chunk, n_threads, first
        self.arguments = plan, state, steps, block_size
        self.of_whole, self.of_begun = np.zeros((2, 1 + state.mass.size + state.leaf_mass.size + state.stats.size))
        self.begun = 0  # rows of a chunk that is not yet whole

    @property
    def worthwhile(self) -> int:
        """Rows that are worth summing at once."""
        return self.chunk * (1 if self.n_threads == 1 else threads.SHARE * self.n_threads)

    @property
    def total(self) -> Array:
        """What `sweep.add_chunks` makes of the chunks: log-likelihood, masses, those of leaves, and statistics.

        Where the first of them is not finite the others are not complete.
        """
        return self.of_whole + self.of_begun if self.begun else self.of_whole

    def add(self, piece: Observed) -> bool:
        """Add further rows, a multiple of the rows of a block or the last; return whether the sums are finite."""
        n, size = self.begun + len(piece.rows), self.of_whole.size
        sums = np.zeros((n_chunks(n, self.chunk), size + APART))
        sums[0, :size] = self.of_begun
        data = writable(piece._replace(first=self.row, points=piece.rows[:0]))
        ticket = np.zeros(1, dtype=np.int64)
        threads.summing(self.n_threads)(data, *self.arguments, self.begun, ticket, sums, len(sums))
        self.row, self.begun, n_whole = self.row + len(piece.rows), n % self.chunk, n // self.chunk
        for of_chunk in sums[:n_whole, :size]:
            self.of_whole += of_chunk
        self.of_begun = sums[n_whole, :size] if self.begun else np.zeros(size)
        return bool(np.isfinite(self.total[0]))
