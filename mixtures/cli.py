"""The command line: ``python -m mixtures fit data.csv --components Normal Exponential``."""

from __future__ import annotations

import argparse
import csv
import inspect
import io
import math
import os
import re
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
from distributions.data import Array, Mask

from . import catalogue, datasets, plotting
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
            options = _parser().parse_args(argv)
            options.run(options)
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
    fit.add_argument(
        "data",
        metavar="DATA",
        help="bundled data set, or CSV file whose first line names the columns (separated by , or ; or tab)",
    )
    fit.add_argument("--components", metavar="FAMILY", nargs="+", required=True, help="family of each component")
    fit.add_argument("--column", metavar="NAME", nargs="+", help="column to fit; several for MultivariateNormal")
    fit.add_argument(
        "--covariance",
        metavar="MODEL",
        help="structure across the covariances of MultivariateNormal components: EII ... VVV, tied, diag, spherical",
    )
    fit.add_argument("--weights", metavar="NAME", help="column of weights >= 0: how often each row counts")
    fit.add_argument("--plot", metavar="FILE", help="draw data and mixture into a PNG, PDF or SVG file (one column)")
    fit.add_argument("--json", metavar="FILE", help="write the fitted model, for Distribution.from_json")
    fit.add_argument("--seed", metavar="N", type=int, default=0, help="seed of the random starts (default: 0)")
    fit.set_defaults(run=_fit)
    families = commands.add_parser("families", help="print the table of all families, in Markdown")
    families.set_defaults(run=lambda _: print(catalogue.table()))
    return parser


def _fit(options: argparse.Namespace) -> None:
    components = [_family(name)() for name in options.components]
    table = _read(options.data)
    columns = options.column or [_only_column(table, options.weights)]
    x = np.column_stack([table.numbers(name) for name in columns])
    weight = table.numbers(options.weights) if options.weights else None
    if weight is not None and weight.min() < 0:
        raise table.error(int(np.argmax(weight < 0)), f"a weight is negative (column {options.weights!r})")
    _check_support(components, table, columns, x, np.full(len(x), True) if weight is None else weight > 0)
    _check_outputs(options.plot, options.json, table.source)  # before the fit, which may be long
    if options.plot:
        if len(columns) > 1:
            raise CommandError(f"--plot shows one column, --column names {len(columns)}")
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise CommandError('--plot needs matplotlib: pip install "general-mixtures[plot]"') from None

    model = MixtureModel(components, covariance=options.covariance, rng=options.seed).fit(x, sample_weight=weight)
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
    """Return the one column that can be meant when none is named: the only one, or the only one that is numeric."""
    names = [name for name in table.columns if name != weights]
    if not names:
        raise CommandError(f"{table.source} has only the column of weights, {weights!r}: there is nothing to fit")
    numeric = [name for name in names if _is_numeric(table.columns[name])] if len(names) > 1 else names
    if not numeric:
        raise CommandError(f"{table.source} has no numeric column among {', '.join(names)}")
    if len(numeric) > 1:
        raise CommandError(f"{table.source} has several numeric columns ({', '.join(numeric)}): choose with --column")
    return numeric[0]


def _choices(wanted: str, known: Iterable[str], kind: str) -> str:
    """Return the end of a message about a wrong name: the nearest one, and all there are."""
    lower = {name.lower(): name for name in known}
    nearest = get_close_matches(wanted.lower(), lower, n=1)
    return f"{f'; did you mean {lower[nearest[0]]!r}?' if nearest else '.'} The {kind} are: {', '.join(lower.values())}"


def _check_outputs(plot: str | None, json: str | None, source: str) -> None:
    for path in map(Path, filter(None, (plot, json))):
        if path.is_dir() or not path.parent.is_dir():
            problem = "it is a directory" if path.is_dir() else f"there is no directory {str(path.parent)!r}"
            raise CommandError(f"cannot write {str(path)!r}: {problem}")
        if Path(source).exists() and _same_file(path, Path(source)):
            raise CommandError(f"cannot write {str(path)!r}: it is the data file")
    if plot and Path(plot).suffix.lower() not in (".png", ".pdf", ".svg"):
        raise CommandError(f"cannot draw {plot!r}: the name must end in .png, .pdf or .svg")
    if plot and json and _same_file(Path(plot), Path(json)):
        raise CommandError(f"--plot and --json are the same file, {plot!r}: one would overwrite the other")


def _same_file(a: Path, b: Path) -> bool:
    return a.samefile(b) if a.exists() and b.exists() else os.path.realpath(a) == os.path.realpath(b)


def _check_support(components: list[Distribution], table: _Table, columns: list[str], x: Array, present: Mask) -> None:
    """Raise for a row that no component covers, as `fit` would, but with its line in the file."""
    outside = present & ~np.any([part.support.holds(x) for part in components], axis=0)
    if outside.any():
        row = int(np.argmax(outside))
        value = ", ".join(table.columns[name][row] for name in columns)
        wanted = ", ".join(dict.fromkeys(f"{type(part).__name__}: {part.support.text}" for part in components))
        found = f"{value} is outside the support of every component ({wanted}); rows like this: {outside.sum()}"
        raise table.error(row, f"{found}. Remove them, or add a component such as Normal")


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
        for row, cell in enumerate(self.columns[name]):
            if not _is_number(cell):
                shown = cell if len(cell) <= 40 else f"{cell[:37]}..."
                found = f"{shown!r} is not a finite number" if cell else "the cell is empty"
                marked = _is_number(re.sub("[,_]", "", cell))
                remedy = "Write it with a decimal point and no other mark" if marked else "Correct or remove the row"
                raise self.error(row, f"{found} (column {name!r}). {remedy}")
        return np.array(self.columns[name], dtype=float)

    def error(self, row: int, message: str) -> CommandError:
        return CommandError(f"{self.source}, line {self.lines[row]}: {message}")


def _is_number(cell: str) -> bool:
    try:
        return "_" not in cell and math.isfinite(float(cell))
    except ValueError:
        return False


def _is_numeric(cells: list[str]) -> bool:
    """Return whether most of what is filled in is a number or meant as one, such as 1,5 or 1_000 or nan."""
    plain = [re.sub("[,_]", "", cell.lower()) for cell in cells if cell]
    return 2 * sum(_is_number(cell) or cell.strip("+-") in ("na", "nan", "inf") for cell in plain) > len(plain)


def _read(source: str) -> _Table:
    """Read a CSV file, or the file of a bundled data set where there is no such file."""
    path: Any = Path(source)
    if source in datasets.names() and not path.is_file():
        path = files(datasets).joinpath(f"{source}.csv")
    try:
        with path.open("r", encoding="utf-8-sig", newline="") as file:
            return _table(source, file.read())
    except FileNotFoundError:
        hint = _choices(Path(source).stem, datasets.names(), "bundled data sets")
        raise CommandError(f"there is no file {source!r}{hint}") from None
    except OSError as error:
        raise CommandError(f"cannot read {source!r}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{source} is not text in UTF-8: save it as CSV in that encoding") from None


def _table(source: str, text: str) -> _Table:
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
    return _Table(source, dict(zip(names, map(list, zip(*body, strict=True)), strict=True)), lines)


def _rows(source: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, with the line each begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), skipinitialspace=True, strict=True)
    line = 1
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if len(cells) > 1 or any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CommandError(f"{source}, line {line}: {error}") from None


def _separator(text: str) -> str:
    """Return what separates the names in the first row that is not blank; a comma if there is only one name."""
    header = re.match(r'(?:[ \t]*[\r\n])*((?:"[^"]*"|[^"\r\n])*)', text)
    outside_quotes = re.sub('"[^"]*"', "", header[1]) if header else ""
    return max(",;\t", key=outside_quotes.count)
