"""Files of rows, read a block at a time: `.npy`, CSV and Parquet."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from distributions.errors import InvalidDataError

from .csv_tables import separator

Reader = Iterator[tuple[str, Any]]
KINDS = ".npy", ".csv", ".parquet"
CSV_ROWS = 50_000  # of a block: cells are text first, which takes ten times the room of numbers


class Table:
    """Named columns of equal length, as a data frame has them.

    Parameters
    ----------
    table : dict of str to ndarray, shape (m,)
    """

    def __init__(self, table: dict[str, npt.NDArray[Any]]) -> None:
        self.table = table

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.table)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), len(self.table)

    def __getitem__(self, key: Any) -> Any:
        """Return the column of a name, or the table of some rows."""
        if isinstance(key, str):
            return self.table[key]
        return Table({name: column[key] for name, column in self.table.items()})

    def __len__(self) -> int:
        return len(next(iter(self.table.values()))) if self.table else 0

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        columns = list(self.table.values())
        mixed = any(column.dtype.kind == "O" for column in columns)
        stacked = np.column_stack([column.astype(object) for column in columns] if mixed else columns)
        return stacked if dtype is None else stacked.astype(dtype)


def read(
    path: Path,
    columns: Sequence[str] | None,
    rows: int | None,
    rows_of: Callable[[int], int],
    numeric: dict[str, bool],
) -> Reader:
    """Yield blocks of the rows of a file, each with where it is, in words ("" where that is the beginning).

    Parameters
    ----------
    path : Path
    columns : sequence of str, optional
        Names of the columns to read.
    rows : int, optional
        Most rows of a block.
    rows_of : callable
        Gives these for a number of columns, where they are not given.
    numeric : dict of str to bool
        Whether columns of text files are numbers, by what was read before this file; filled in.

    Raises
    ------
    InvalidDataError
        If the file is damaged, has no such columns, or text where numbers were before.
    OSError
        If it cannot be read.
    """
    if path.suffix == ".csv":
        yield from _csv(path, columns, rows or CSV_ROWS, numeric)
        return
    first, reader = 0, _npy if path.suffix == ".npy" else _parquet
    for block in reader(path, columns, rows, rows_of):
        n = len(block)
        yield f"from row {first} on" if first else "", block
        del block
        first += n


def _npy(path: Path, columns: Sequence[str] | None, rows: int | None, rows_of: Callable[[int], int]) -> Iterator[Any]:
    """Read with plain reads: a mapped file that is cut short while it is read would end the process."""
    if columns is not None:
        raise InvalidDataError(
            f"file {str(path)!r}: its columns have no names, but columns={list(columns)} were asked for"
        )
    with path.open("rb") as file:
        shape, is_fortran, dtype = _npy_header(path, file)
        if dtype.hasobject or not 1 <= len(shape) <= 2:
            raise InvalidDataError(
                f"file {str(path)!r} must hold numbers of shape (n,) or (n, d); it holds {dtype} {shape}"
            )
        width = int(np.prod(shape[1:]))
        size = rows or rows_of(width)
        if is_fortran and len(shape) == 2:
            file.close()
            mapped = np.load(path, mmap_mode="r")
            for start in range(0, shape[0], size):
                yield np.array(mapped[start : start + size], order="C")
            return
        for start in range(0, shape[0], size):
            wanted = min(size, shape[0] - start)
            block = np.fromfile(file, dtype, wanted * width)
            if block.size < wanted * width:
                raise InvalidDataError(
                    f"file {str(path)!r} ends after {start + block.size // max(width, 1)} of {shape[0]} rows"
                )
            yield block.reshape(wanted, *shape[1:])
            del block


def _npy_header(path: Path, file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(file)
        return np.lib.format.read_array_header_2_0(file)
    except ValueError as error:
        raise InvalidDataError(f"file {str(path)!r} is no .npy file: {error}") from None


def _parquet(
    path: Path, columns: Sequence[str] | None, rows: int | None, rows_of: Callable[[int], int]
) -> Iterator[Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ImportError(
            "Parquet files are read by pyarrow: pip install 'general-mixtures[parquet]', or write .npy or .csv files"
        ) from None
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise InvalidDataError(f"file {str(path)!r} is no Parquet file: {error}") from None
    with file:
        names = list(file.schema_arrow.names)
        wanted = _wanted(path, names, columns)
        for batch in file.iter_batches(rows or rows_of(len(wanted)), columns=wanted):
            yield Table({name: _of_arrow(batch.column(name)) for name in wanted})


def _of_arrow(column: Any) -> npt.NDArray[Any]:
    if hasattr(column, "dictionary_decode"):
        column = column.dictionary_decode()
    values: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values


def _csv(path: Path, columns: Sequence[str] | None, rows: int, numeric: dict[str, bool]) -> Reader:
    end = 1  # the last line that was read
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        try:
            head = file.readline()
            if not head:
                raise InvalidDataError(f"file {str(path)!r} is empty: its first line must name the columns")
            options: dict[str, Any] = {"delimiter": separator(head), "skipinitialspace": True}
            names = next(csv.reader([head], **options), [])
            wanted = _wanted(path, names, columns)
            places = [names.index(name) for name in wanted]
            reader = csv.reader(file, **options)
            while read := [(row, reader.line_num + 1) for row in itertools.islice(reader, rows)]:
                begins = [end, *(last for _, last in read[:-1])]
                lines = [before + 1 for (row, _), before in zip(read, begins, strict=True) if row]  # not blank
                end, cells = read[-1][1], [row for row, _ in read if row]
                uneven = [i for i, row in enumerate(cells) if len(row) != len(names)]
                if uneven:
                    raise InvalidDataError(
                        f"file {str(path)!r}, line {lines[uneven[0]]}: {len(cells[uneven[0]])} cells, but the header "
                        f"names {len(names)}"
                    )
                table = {}
                for name, place in zip(wanted, places, strict=True):
                    text = [row[place].strip() for row in cells]
                    if name not in numeric and any(text):
                        numeric[name] = all(map(_is_number, text))
                    table[name] = _numbers(path, name, text, lines) if numeric.get(name) else _texts(text)
                yield (f"lines {lines[0]} to {lines[-1]}" if lines else ""), Table(table)
        except csv.Error as error:
            raise InvalidDataError(f"file {str(path)!r}, after line {end}: {error}") from None
        except UnicodeDecodeError:
            raise InvalidDataError(f"file {str(path)!r} is not text in UTF-8: save it in that encoding") from None


def _is_number(cell: str) -> bool:
    try:
        return not cell or float(cell) is not None
    except ValueError:
        return False


def _numbers(path: Path, name: str, cells: list[str], lines: list[int]) -> npt.NDArray[Any]:
    try:
        return np.array([cell or "nan" for cell in cells], dtype=float)
    except ValueError:
        bad = next(i for i, cell in enumerate(cells) if not _is_number(cell))
        shown = cells[bad] if len(cells[bad]) <= 40 else f"{cells[bad][:37]}..."
        raise InvalidDataError(
            f"file {str(path)!r}, line {lines[bad]}: {shown!r} is not a number (column {name!r}), as cells of that "
            "column were before"
        ) from None


def _texts(cells: list[str]) -> npt.NDArray[Any]:
    return np.array([cell or None for cell in cells], dtype=object)


def _wanted(path: Path, names: list[str], columns: Sequence[str] | None) -> list[str]:
    if len(set(names)) < len(names) or not names:
        raise InvalidDataError(f"file {str(path)!r} must name its columns, each once; it has {names}")
    missing = [name for name in columns or () if name not in names]
    if missing:
        raise InvalidDataError(f"file {str(path)!r} has no column {missing[0]!r}; it has {', '.join(map(repr, names))}")
    return list(names if columns is None else columns)
