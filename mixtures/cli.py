"""The command line: ``python -m mixtures fit data.csv --components Normal Exponential``."""

from __future__ import annotations

import argparse
import csv
import inspect
import math
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

import distributions
from distributions import Distribution
from distributions.data import Array

from . import datasets, plotting
from .model import MixtureModel

EXAMPLES = """\
examples:
  python -m mixtures fit old_faithful --column waiting --components Normal Normal
  python -m mixtures fit old_faithful --column eruptions waiting --components MultivariateNormal MultivariateNormal
  python -m mixtures fit times_deaths --column deaths --weights days --components Poisson Poisson --plot deaths.png
  python -m mixtures fit spikes.csv --components Normal Exponential --json model.json
"""


class CommandError(Exception):
    """Something the user can put right; its text is the one line to show."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        Exit status: 0, or 2 after an error (one line on stderr), or 130 when interrupted.
    """
    try:
        with _warnings_as_lines():
            _fit(_parser().parse_args(argv))
        sys.stdout.flush()
    except (CommandError, ValueError) as error:
        _say("error", error)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough: nothing to report, nor to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _say(kind: str, message: object) -> None:
    print(f"mixtures: {kind}: {' '.join(str(message).split())}", file=sys.stderr)


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            yield
        finally:
            for warning in caught:
                _say("warning", warning.message)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message} (see {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="python -m mixtures", description="Fit mixture models.", epilog=EXAMPLES, formatter_class=layout
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    fit = commands.add_parser(
        "fit",
        help="fit a mixture to columns of a table and print its summary",
        description="Fit a mixture to columns of a table by the EM algorithm and print its summary.",
        epilog=f"families: {', '.join(_families())}\ndata sets: {', '.join(datasets.names())}\n\n{EXAMPLES}",
        formatter_class=layout,
    )
    fit.add_argument("data", metavar="DATA", help="CSV file whose first line names the columns, or a bundled data set")
    fit.add_argument("--components", metavar="FAMILY", nargs="+", required=True, help="family of each component")
    fit.add_argument("--column", metavar="NAME", nargs="+", help="column to fit; several for MultivariateNormal")
    fit.add_argument("--weights", metavar="NAME", help="column of weights >= 0: how often each row counts")
    fit.add_argument("--plot", metavar="FILE", help="draw data and mixture into a PNG, PDF or SVG file (one column)")
    fit.add_argument("--json", metavar="FILE", help="write the fitted model, for Distribution.from_json")
    fit.add_argument("--seed", metavar="N", type=int, default=0, help="seed of the random starts (default: 0)")
    return parser


def _fit(options: argparse.Namespace) -> None:
    components = [_family(name)() for name in options.components]
    table = _read(options.data)
    columns = options.column or [_only_column(table, options.weights)]
    x = np.column_stack([table.numbers(name) for name in columns])
    weight = table.numbers(options.weights) if options.weights else None
    if options.plot:  # said before the fit, which may be long
        if len(columns) > 1:
            raise CommandError(f"--plot shows one column, --column names {len(columns)}")
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise CommandError('--plot needs matplotlib: pip install "general-mixtures[plot]"') from None
    for path in filter(None, (options.plot, options.json)):
        _check_output(Path(path), table.source)

    model = MixtureModel(components, rng=options.seed).fit(x, sample_weight=weight)
    print(model.summary())
    try:
        if options.json:
            path = options.json
            Path(path).write_text(model.to_json() + "\n", encoding="utf-8")
        if options.plot:
            path = options.plot
            figure = Figure(figsize=plotting.FIGURE_SIZE, layout="constrained")
            axes = model.plot(x, sample_weight=weight, ax=figure.subplots())
            axes.set_xlabel(columns[0])
            figure.savefig(path, dpi=200)
    except OSError as error:
        raise CommandError(f"cannot write {path!r}: {error.strerror or error}") from None


def _families() -> dict[str, type[Distribution]]:
    """Return the families by name that need no arguments, so that every parameter can be found from data."""
    named = {name: getattr(distributions, name) for name in distributions.__all__}
    return {
        name: thing
        for name, thing in named.items()
        if inspect.isclass(thing) and issubclass(thing, Distribution) and thing is not Distribution
        if all(argument.default is not argument.empty for argument in inspect.signature(thing).parameters.values())
    }


def _family(name: str) -> type[Distribution]:
    families = _families()
    if name not in families:
        raise CommandError(f"there is no family {name!r}{_choices(name, families, 'families')}")
    return families[name]


def _only_column(table: _Table, weights: str | None) -> str:
    """Return the one column that can be meant when none is named; one that is mostly numbers counts as numeric."""
    numeric = [
        name
        for name, cells in table.columns.items()
        if name != weights and 2 * sum(_is_number(cell) for cell in cells) > len(cells)
    ]
    if len(numeric) != 1:
        many = f"{table.source} has several numeric columns ({', '.join(numeric)}): choose with --column"
        none = f"{table.source} has no numeric column; its columns are {', '.join(table.columns)}"
        raise CommandError(many if numeric else none)
    return numeric[0]


def _choices(wanted: str, known: Iterable[str], kind: str) -> str:
    """Return the end of a message about a wrong name: the nearest one, and all there are."""
    lower = {name.lower(): name for name in known}
    nearest = get_close_matches(wanted.lower(), lower, n=1)
    return f"{f'; did you mean {lower[nearest[0]]!r}?' if nearest else '.'} The {kind} are: {', '.join(lower.values())}"


def _check_output(path: Path, source: str) -> None:
    if path.is_dir() or not path.parent.is_dir():
        problem = "it is a directory" if path.is_dir() else f"there is no directory {str(path.parent)!r}"
        raise CommandError(f"cannot write {str(path)!r}: {problem}")
    if path.exists() and Path(source).exists() and path.samefile(source):
        raise CommandError(f"cannot write {str(path)!r}: it is the data file")


# --------------------------------------------------------------------------------------------------- the table


class _Table(NamedTuple):
    """A CSV file as text: its cells by column, and the line of the file that each row began on."""

    source: str
    columns: dict[str, list[str]]
    lines: list[int]

    def numbers(self, name: str) -> Array:
        """Return a column, shape (n,)."""
        if name not in self.columns:
            raise CommandError(f"{self.source} has no column {name!r}{_choices(name, self.columns, 'columns')}")
        cells = self.columns[name]
        for line, cell in zip(self.lines, cells, strict=True):
            if not _is_number(cell):
                shown = cell if len(cell) <= 40 else f"{cell[:37]}..."
                found = f"{shown!r} is not a finite number" if cell else "the cell is empty"
                raise CommandError(f"{self.source}, line {line}: {found} (column {name!r}). Correct or remove the row")
        return np.array(cells, dtype=float)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _read(source: str) -> _Table:
    """Read a CSV file, or the file of a bundled data set where there is no such file."""
    path: Any = Path(source)
    if source in datasets.names() and not path.is_file():
        path = files(datasets).joinpath(f"{source}.csv")
    try:
        with path.open("r", encoding="utf-8-sig", newline="") as file:
            return _table(source, file)
    except FileNotFoundError:
        hint = _choices(Path(source).stem, datasets.names(), "bundled data sets")
        raise CommandError(f"there is no file {source!r}{hint}") from None
    except OSError as error:
        raise CommandError(f"cannot read {source!r}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{source} is not text in UTF-8: save it as CSV in that encoding") from None


def _table(source: str, file: Iterable[str]) -> _Table:
    rows = _rows(source, file)
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
    return _Table(source, dict(zip(names, map(list, zip(*body, strict=True)), strict=True)), lines)


def _rows(source: str, file: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, with the line each begins on."""
    reader = csv.reader(file, skipinitialspace=True, strict=True)
    line = 1
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if len(cells) > 1 or any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CommandError(f"{source}, line {line}: {error}") from None
