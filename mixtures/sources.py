"""Rows in blocks: where they come from, file by file or piece by piece, and what travels with them.

Nothing here knows a distribution. A block is as its owner gives it; it is checked where a stream of blocks is read
(`streams`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from glob import glob, has_magic
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distributions.data import is_frame
from distributions.errors import InvalidDataError, InvalidParameterError

from . import files

CELLS = 1 << 20  # of a block, unless its number of rows is given: 8 MB of doubles
LARGE = 64 << 20  # bytes of doubles from which on an array that would have to be copied is read in blocks


class Block(NamedTuple):
    """Neighbouring rows, as they were given, with what travels with them."""

    place: str  # for messages
    x: Any
    sample_weight: Any = None
    labels: Any = None


class Blocks:
    """Rows in blocks that can be read again and again, of files, of a memory map, or made by a function.

    Parameters
    ----------
    source : str, path, numpy.memmap, callable or iterable
        A file, a folder or a pattern such as "data/*.parquet" of `.npy`, `.csv` or `.parquet` files, which are read in
        the order of their names; a memory map (or any array); a function of no arguments that returns an iterator of
        blocks; or an iterable of blocks that starts anew each time.
    columns : list of str, optional
        Columns to read, of files whose columns have names. By default all.
    rows : int, optional
        Most rows of a block of files or of an array. By default about a million cells.

    Notes
    -----
    A block is an array, shape (m,) or (m, d), a data frame, or a tuple of one and the weights (and labels) of its rows:
    ``(x, sample_weight)`` or ``(x, sample_weight, labels)``. All have the same columns. A block without rows is left
    out. A loop over `Blocks` gives rows; one over what `blocks()` yields gives weights and labels with them.

    `.csv` files begin with the names of their columns; a column is one of numbers, in all files, if all cells of its
    first block are (an empty cell is a missing one), else of text. `.parquet` files need pyarrow. `MixtureModel.fit`
    takes whatever this class takes, but functions, arrays and lists, without it.

    Raises
    ------
    InvalidDataError
        If there is no such file, or the source can be read only once, as a generator.

    Examples
    --------
    >>> from mixtures import Blocks, MixtureModel, Normal
    >>> def halves():
    ...     yield np.array([1.0, 2.0, 10.0])
    ...     yield np.array([3.0, 11.0, 12.0])
    >>> model = MixtureModel([Normal(2, 1), Normal(11, 1)]).fit(Blocks(halves))
    >>> [round(component.mean, 3) for component in model.components_]
    [2.0, 11.0]
    """

    def __init__(self, source: Any, *, columns: Iterable[str] | None = None, rows: int | None = None) -> None:
        if rows is not None and (isinstance(rows, bool) or not isinstance(rows, (int, np.integer)) or rows < 1):
            raise InvalidParameterError(f"Blocks: rows must be a whole number >= 1; got {rows!r}")
        if columns is not None and (isinstance(columns, str) or not isinstance(columns, Iterable)):
            raise InvalidParameterError(f"Blocks: columns must be a list of names; got {columns!r}")
        self.source, self.columns, self.rows = source, None if columns is None else list(columns), rows
        self.files: list[Path] | None = None
        if isinstance(source, (str, os.PathLike)):
            self.files = _found(source)
        elif self.columns is not None:
            raise InvalidParameterError("Blocks: columns are for files; give blocks that have the columns wanted")
        elif not isinstance(source, np.ndarray) and not callable(source):
            _require_again(source)

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows of each block.

        Raises
        ------
        InvalidDataError
            If a block has weights or labels, which would be lost.
        """
        for block in self.blocks():
            if block.sample_weight is not None or block.labels is not None:
                raise InvalidDataError(
                    f"{block.place} brings weights or labels, and a loop over Blocks gives rows alone. Loop over what "
                    "blocks() yields: each has x, sample_weight and labels."
                )
            yield block.x
            del block

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks, each with ``place`` (for messages), ``x``, ``sample_weight`` and ``labels``.

        Nothing on the way of a block holds on to it: so the next one may be made in its room.
        """
        if self.files is not None:
            yield from self._of_files(self.files)
        elif isinstance(self.source, np.ndarray):
            yield from self._of_array(self.source)
        else:
            made = self.source() if callable(self.source) else self.source
            if not isinstance(made, Iterable):
                raise InvalidDataError(f"the function given to Blocks must return an iterator of blocks; got {made!r}")
            numbers = count()  # not `enumerate`, which holds on to a block while the next one is made
            for block in made:
                yield _taken_apart(f"block {next(numbers)}", block)
                del block

    @property
    def is_flat(self) -> bool:
        """Whether the blocks are pieces of one table, which might as well be cut elsewhere."""
        return self.files is not None or isinstance(self.source, np.ndarray)

    def _of_array(self, array: Any) -> Iterator[Block]:
        size = self.rows or _rows_of(int(np.prod(array.shape[1:])))
        for number, first in enumerate(range(0, len(array), size)):
            piece = array[first : first + size]
            yield Block(f"block {number} (rows {first} to {first + len(piece) - 1})", piece)

    def _of_files(self, paths: list[Path]) -> Iterator[Block]:
        numbers, numeric = count(), dict[str, bool]()
        for path in paths:
            try:
                for where, block in files.read(path, self.columns, self.rows, _rows_of, numeric):
                    yield Block(f"block {next(numbers)} ({path.name}{where and f', {where}'})", block)
                    del block
            except OSError as error:
                raise InvalidDataError(
                    f"file {str(path)!r} cannot be read: {error.strerror or error}. Each pass reads it anew: put "
                    "it back, as it was."
                ) from error


class Source:
    """Blocks with their weights and labels, whichever way these were given.

    Parameters
    ----------
    x
        What `Blocks` takes.
    sample_weight, labels
        Of all rows together, shape (n,) or (n, K); blocks of them, one for each block of rows; or the name of a column,
        which then is no column of the rows.
    """

    def __init__(self, x: Any, sample_weight: Any = None, labels: Any = None) -> None:
        self.rows = x if isinstance(x, Blocks) else Blocks(x)
        self.beside = {"sample_weight": sample_weight, "labels": labels}
        self.names = {name: given for name, given in self.beside.items() if isinstance(given, str)}

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks, with the same rows and in the same order each time.

        Raises
        ------
        InvalidDataError
            If a block and what goes with it have unequal lengths.
        """
        others = {
            name: _Beside(name, given)
            for name, given in self.beside.items()
            if given is not None and name not in self.names
        }
        for block in self.rows.blocks():
            n, found = n_rows(block.x), {}
            for name, other in others.items():
                found[name] = other.take(n, block.place)
            twice = [name for name in (*found, *self.names) if getattr(block, name) is not None]
            if twice:
                raise InvalidDataError(f"{block.place} brings its own {twice[0]}, and fit was given others: give one")
            yield with_columns(block._replace(**found), self.names)
            del block, found
        for other in others.values():
            other.require_end()


class _Beside:
    """Weights or labels that are read beside the rows."""

    def __init__(self, name: str, given: Any) -> None:
        self.name, self.at, self.array = name, 0, None
        if is_blocks(given) or is_large_map(given):
            blocks = given if isinstance(given, Blocks) else Blocks(given)
            self.is_flat, self.left = blocks.is_flat, iter(blocks)
        else:
            self.array = given if is_frame(given) else np.asarray(given)
            if self.array.ndim == 0:
                raise InvalidDataError(f"{name} needs an entry for each row; got {given!r}")
            self.is_flat, self.left = True, iter(())
        self.ready: list[Any] = []

    def take(self, n: int, place: str) -> Any:
        """Return what belongs to the next n rows."""
        if self.array is not None:
            found = self.array[self.at : self.at + n]
        elif self.is_flat:
            found = self._gathered(n)
        else:
            found = next(self.left, None)
            if found is None:
                raise InvalidDataError(f"{place} has no block of {self.name}: give one for each block of rows")
        if n_rows(found) != n:
            raise InvalidDataError(
                f"{place} has {n} rows, but {n_rows(found)} entries of {self.name}"
                + (f" (of {self.at + n_rows(found)} altogether)" if self.is_flat else "")
                + ": give one for each row"
            )
        self.at += n
        return found

    def require_end(self) -> None:
        """Raise if something is left."""
        rest = len(self.array) - self.at if self.array is not None else n_rows(self._gathered(1))
        if rest:
            raise InvalidDataError(f"{self.name} goes on after the last of {self.at} rows: give one for each row")

    def _gathered(self, n: int) -> Any:
        """Return the next n entries, or as many as are left."""
        have = sum(map(len, self.ready))
        while have < n:
            piece = next(self.left, None)
            if piece is None:
                break
            self.ready.append(np.asarray(piece))
            have += len(self.ready[-1])
        joined = np.concatenate([np.empty(0), *self.ready]) if not self.ready else np.concatenate(self.ready)
        self.ready = [joined[n:]]
        return joined[:n]


def block_by_block(function: Callable[[Any], Any], x: Any) -> Any:
    """Return what a function gives for each block of rows, worked out anew when it is read."""
    blocks = x if isinstance(x, Blocks) else Blocks(x)

    def made() -> Iterator[Any]:
        for block in blocks.blocks():
            with at(block.place):
                result = function(block.x)
            yield result

    return Blocks(made)


def is_blocks(x: Any) -> bool:
    """Whether data are given in blocks: as paths, as `Blocks`, or as an iterable that is no table."""
    if isinstance(x, (str, os.PathLike, Blocks)):
        return True
    return hasattr(x, "__iter__") and not any(
        hasattr(x, name) for name in ("__getitem__", "__array__", "columns", "toarray")
    )


def is_large_map(x: Any) -> bool:
    """Whether this is an array on disk that is too large to be read as a whole for nothing."""
    return isinstance(x, np.memmap) and x.size * 8 > LARGE


def is_large_and_narrow(x: Any) -> bool:
    """Whether this is an array in memory of numbers smaller than doubles, too large to be copied as a whole."""
    narrow = isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.itemsize < 8
    return narrow and x.size * 8 > LARGE and not isinstance(x, np.ma.MaskedArray)


def with_columns(block: Block, names: Mapping[str, str]) -> Block:
    """Return a block whose weights or labels, by these names, are columns of its rows, and no longer there."""
    if not names:
        return block
    found = {name: _column(block, column, name) for name, column in names.items()}
    return block._replace(x=_without(block.x, list(names.values())), **found)


@contextmanager
def at(place: str) -> Iterator[None]:
    """Name the block in errors about its rows."""
    try:
        yield
    except InvalidDataError as error:
        raise type(error)(f"{place}: {error}") from error


def n_rows(x: Any) -> int:
    """Return the number of rows of a block."""
    shape = np.shape(x) if not hasattr(x, "shape") else x.shape
    return int(shape[0]) if len(shape) else 1


def _require_again(source: Any) -> None:
    """Raise if blocks can be read only once."""
    try:
        iterator = iter(source)
    except TypeError:
        raise InvalidDataError(
            "blocks of rows need a source: a file, folder or pattern, an array, a function or an iterable; "
            f"got {source!r}"
        ) from None
    if iterator is source:
        raise InvalidDataError(
            "a generator can be read only once, but every EM step reads the data anew. Pass Blocks(function), where "
            "function() returns a new generator, or an object whose __iter__ starts anew."
        )


def _found(source: Any) -> list[Path]:
    """Return the files that a path stands for, in the order of their names."""
    path = Path(source)
    if path.is_dir():
        names = [each for each in path.iterdir() if each.suffix in files.KINDS and not each.name.startswith(".")]
    elif has_magic(str(source)) and not path.exists():
        names = [Path(each) for each in glob(str(source), recursive=True)]
    else:
        names = [path]
    kinds = ", ".join(files.KINDS)
    if not names or not all(each.is_file() for each in names):
        raise InvalidDataError(
            f"no data at the source: there is no file, folder or pattern {str(source)!r} with {kinds} files"
        )
    strange = [each for each in names if each.suffix not in files.KINDS]
    if strange:
        raise InvalidDataError(
            f"the source of data {str(strange[0])!r} is of a kind that cannot be read; known are {kinds}"
        )
    return sorted(names)


def _taken_apart(place: str, block: Any) -> Block:
    if not isinstance(block, tuple):
        return Block(place, block)
    if len(block) not in (2, 3):
        raise InvalidDataError(
            f"{place} is a tuple of {len(block)}: it must be (x, sample_weight) or (x, sample_weight, labels)"
        )
    return Block(place, *block)


def _rows_of(n_columns: int) -> int:
    return max(1, CELLS // max(n_columns, 1))


def _column(block: Block, name: str, argument: str) -> Any:
    if not is_frame(block.x):
        raise InvalidDataError(
            f"{argument}={name!r} is the name of a column, but {block.place} has no names; give the entries"
        )
    if name not in list(block.x.columns):
        listed = ", ".join(map(repr, block.x.columns))
        raise InvalidDataError(f"{argument}={name!r} is no column of {block.place}; it has {listed}")
    return np.asarray(block.x[name])


def _without(x: Any, names: list[str]) -> files.Table:
    return files.Table({name: np.asarray(x[name]) for name in x.columns if name not in names})
