"""Tables of text as the command line reads them: CSV files, with one clear line for whatever is wrong in them."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distributions.data import Array

from . import datasets


class CommandError(Exception):
    """Something the user can put right; its text is the one line to show."""


class Table(NamedTuple):
    """A CSV file as text: its cells by column, and the line of the file that each row began on."""

    source: str
    columns: dict[str, list[str]]
    lines: list[int]

    def cells(self, name: str) -> list[str]:
        """Return a column as text."""
        if name not in self.columns:
            raise CommandError(f"{self.source} has no column {name!r}{choices(name, self.columns, 'columns')}")
        return self.columns[name]

    def numbers(self, name: str, *, missing: bool = False) -> Array:
        """Return a column, shape (n,); where cells may be missing, an empty one is NaN."""
        cells = self.cells(name)
        for row, cell in enumerate(cells):
            if not _is_number(cell) and not (missing and not cell):
                shown = cell if len(cell) <= 40 else f"{cell[:37]}..."
                found = f"{shown!r} is not a finite number" if cell else "the cell is empty"
                marked = _is_number(re.sub("[,_]", "", cell))
                remedy = "Write it with a decimal point and no other mark" if marked else "Correct or remove the row"
                raise self.error(row, f"{found} (column {name!r}). {remedy}")
        return np.array([cell or "nan" for cell in cells], dtype=float)

    def error(self, row: int, message: str) -> CommandError:
        """Return an error about a row, with its line in the file."""
        return CommandError(f"{self.source}, line {self.lines[row]}: {message}")


def _is_number(cell: str) -> bool:
    try:
        return "_" not in cell and math.isfinite(float(cell))
    except ValueError:
        return False


def is_numeric(cells: list[str]) -> bool:
    """Return whether most of what is filled in is a number or meant as one, such as 1,5 or 1_000 or nan."""
    plain = [re.sub("[,_]", "", cell.lower()) for cell in cells if cell]
    return 2 * sum(_is_number(cell) or cell.strip("+-") in ("na", "nan", "inf") for cell in plain) > len(plain)


def read(source: str) -> Table:
    """Read a CSV file, or the file of a bundled data set where there is no such file."""
    path: Any = Path(source)
    if source in datasets.names() and not path.is_file():
        path = files(datasets).joinpath(f"{source}.csv")
    try:
        with path.open("r", encoding="utf-8-sig", newline="") as file:
            return _parsed(source, file.read())
    except FileNotFoundError:
        hint = choices(Path(source).stem, datasets.names(), "bundled data sets")
        raise CommandError(f"there is no file {source!r}{hint}") from None
    except OSError as error:
        raise CommandError(f"cannot read {source!r}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{source} is not text in UTF-8: save it as CSV in that encoding") from None


def _parsed(source: str, text: str) -> Table:
    rows = _rows(source, text)
    header = next(rows, None)
    if header is None:
        raise CommandError(f"{source} is empty: its first line must name the columns")
    line, names = header
    if all(_is_number(name) for name in names):
        raise CommandError(f"{source}, line {line}: the first line must name the columns, it holds numbers")
    names = [name or f"column {i}" for i, name in enumerate(names, start=1)]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise CommandError(f"{source}, line {line}: two columns are named {repeated[0]!r}")
    lines, body = [], []
    for line, cells in rows:
        if len(cells) != len(names):
            raise CommandError(
                f"{source}, line {line}: {len(cells)} cell{'s' * (len(cells) != 1)}, but the header names {len(names)}"
            )
        lines.append(line)
        body.append(cells)
    if not body:
        raise CommandError(f"{source} has a header but no rows")
    return Table(source, dict(zip(names, map(list, zip(*body, strict=True)), strict=True)), lines)


def _rows(source: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, with the line each begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text), skipinitialspace=True, strict=True)
    line = 1
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if len(cells) > 1 or any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CommandError(f"{source}, line {line}: {error}") from None


def separator(text: str) -> str:
    """Return what separates the names in the first row that is not blank; a comma if there is only one name."""
    header = re.match(r'(?:[ \t]*[\r\n])*((?:"[^"]*"|[^"\r\n])*)', text)
    outside_quotes = re.sub('"[^"]*"', "", header[1]) if header else ""
    return max(",;\t", key=outside_quotes.count)


def choices(wanted: str, known: Iterable[str], kind: str) -> str:
    """Return the end of a message about a wrong name: the nearest one, and all there are."""
    lower = {name.lower(): name for name in known}
    nearest = get_close_matches(wanted.lower(), lower, n=1)
    return f"{f'; did you mean {lower[nearest[0]]!r}?' if nearest else '.'} The {kind} are: {', '.join(lower.values())}"
