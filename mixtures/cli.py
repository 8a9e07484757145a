"""The command line: ``python -m mixtures fit data.csv --components Normal Exponential``."""

from __future__ import annotations

import argparse
import csv
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

import distributions
from distributions import Distribution
from distributions.data import Array, Mask

from . import catalogue, datasets, plotting
from .csv_tables import CommandError, Table, choices, is_numeric, read
from .model import MixtureModel

EXAMPLES = """\
examples:
  python -m mixtures fit old_faithful --column waiting --components Normal Normal
  python -m mixtures fit old_faithful --column eruptions waiting --components MultivariateNormal MultivariateNormal
  python -m mixtures fit times_deaths --column deaths --weights days --components Poisson Poisson --plot deaths.png
  python -m mixtures fit spikes.csv --components Normal Exponential --json model.json
  python -m mixtures predict model.json spikes.csv --probabilities
  python -m mixtures sample model.json 1000 --seed 1 --labels
  python -m mixtures plot model.json spikes.csv spikes.png
"""


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
        prog="python -m mixtures",
        description="Fit mixture models, and use fitted ones.",
        epilog=EXAMPLES,
        formatter_class=layout,
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
    fit.add_argument("--plot", metavar="FILE", help="draw data and mixture into a PNG, PDF or SVG file")
    fit.add_argument(
        "--json", metavar="FILE", help="write the fitted model, for predict, sample, plot and MixtureModel.from_json"
    )
    fit.add_argument("--seed", metavar="N", type=int, default=0, help="seed of the random starts (default: 0)")
    fit.set_defaults(run=_fit)
    predict = commands.add_parser(
        "predict",
        help="print the component of each row of a table, as CSV",
        description="Print the most probable component of each row of a table, as CSV.",
    )
    _add_model_and_data(predict)
    predict.add_argument(
        "--probabilities", action="store_true", help="print the probability of each component beside it"
    )
    predict.set_defaults(run=_predict)
    sample = commands.add_parser(
        "sample",
        help="print rows drawn from a fitted mixture, as CSV",
        description="Print independent rows drawn from a fitted mixture, as CSV.",
    )
    _add_model(sample)
    sample.add_argument("size", metavar="N", type=int, help="number of rows")
    sample.add_argument("--seed", metavar="N", type=int, help="seed; other rows each time by default")
    sample.add_argument("--labels", action="store_true", help="print the component that each row was drawn from")
    sample.set_defaults(run=_sample)
    plot = commands.add_parser(
        "plot",
        help="draw a fitted mixture over columns of a table",
        description="Draw data and a fitted mixture: the density of one or two columns, or each pair of more.",
    )
    _add_model_and_data(plot)
    plot.add_argument("picture", metavar="PICTURE", help="PNG, PDF or SVG file to draw into")
    plot.add_argument("--weights", metavar="NAME", help="column of weights >= 0: how often each row counts")
    plot.set_defaults(run=_plot)
    families = commands.add_parser("families", help="print the table of all families, in Markdown")
    families.set_defaults(run=lambda _: print(catalogue.table()))
    return parser


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="MODEL", help="file that fit --json or MixtureModel.to_json wrote")


def _add_model_and_data(command: argparse.ArgumentParser) -> None:
    _add_model(command)
    command.add_argument("data", metavar="DATA", help="bundled data set, or CSV file, as for fit")
    command.add_argument("--column", metavar="NAME", nargs="+", help="columns, in the order of the fit (default: its)")


def _fit(options: argparse.Namespace) -> None:
    components = [_family(name)() for name in options.components]
    table = read(options.data)
    columns = options.column or [_only_column(table, options.weights)]
    x = np.column_stack([table.numbers(name) for name in columns])
    weight = _weights(table, options.weights)
    _check_support(components, table, columns, x, np.full(len(x), True) if weight is None else weight > 0)
    _check_outputs(options.plot, options.json, table.source)  # before the fit, which may be long
    if options.plot:
        _figure(1)

    model = MixtureModel(components, covariance=options.covariance, rng=options.seed).fit(x, sample_weight=weight)
    model.feature_names_in_ = np.array(columns, dtype=object)
    print(model.summary())
    if options.json:
        text = model.to_json() + "\n"
        _write(options.json, lambda path: path.write_text(text, encoding="utf-8"))
    if options.plot:
        _draw(model, x, weight, columns, options.plot)


def _predict(options: argparse.Namespace) -> None:
    model = _model(options.model)
    x, _ = _rows(model, read(options.data), options.column)
    probabilities, names = model.predict_proba(x), model.names
    found = [names[k] for k in np.argmax(probabilities, axis=1)]
    if options.probabilities:
        lines = ([name, *map(repr, row)] for name, row in zip(found, probabilities.tolist(), strict=True))
        _print_table(["component", *names], lines)
    else:
        _print_table(["component"], ([name] for name in found))


def _sample(options: argparse.Namespace) -> None:
    model = _model(options.model)
    rows, labels = model.sample(options.size, rng=options.seed, return_labels=True)
    rows = rows[:, np.newaxis] if rows.ndim == 1 else rows
    d = rows.shape[1]
    names = model.names_of_columns or (["x"] if d == 1 else [f"x{j}" for j in range(1, d + 1)])
    labelled = [column.labels for column in model.columns_read(names)]
    cells = [[repr(value) if known is None else known[value] for value, known in zip(row, labelled, strict=True)]
             for row in rows.tolist()]  # fmt: skip
    if options.labels:
        components = [model.names[k] for k in labels]
        _print_table([*names, "component"], ([*row, name] for row, name in zip(cells, components, strict=True)))
    else:
        _print_table(names, cells)


def _plot(options: argparse.Namespace) -> None:
    model = _model(options.model)
    table = read(options.data)
    _check_outputs(options.picture, None, table.source, options.model)
    x, columns = _rows(model, table, options.column, options.weights)
    _draw(model, x, _weights(table, options.weights), columns, options.picture)


# ------------------------------------------------------------------------------------------------ what goes in


def _model(source: str) -> MixtureModel:
    """Read a model that was written as JSON."""
    try:
        text = Path(source).read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {source!r}: {error.strerror or error}") from None
    try:
        model = MixtureModel.from_json(text)
        model.require_known("be used")
    except ValueError as error:
        raise CommandError(f"{source}: {error}") from None
    return model


def _rows(
    model: MixtureModel, table: Table, chosen: list[str] | None, weights: str | None = None
) -> tuple[Any, list[str]]:
    """Return the columns of a table that a model describes, shape (n, d), and their names."""
    columns = chosen or list(model.names_of_columns or [_only_column(table, weights)])
    d = model.n_columns
    if d is not None and len(columns) != d:
        raise CommandError(f"the model describes {d} column{'s' * (d != 1)}, --column names {len(columns)}")
    cells: list[Any] = []
    for column in model.columns_read(columns):
        name = str(column.name)
        if column.labels is not None and any(isinstance(label, str) for label in column.labels.values()):
            cells.append(np.array([cell or None for cell in table.cells(name)], dtype=object))
        else:
            cells.append(table.numbers(name, missing=model.marginalises))
    return np.column_stack(cells), columns


def _weights(table: Table, name: str | None) -> Array | None:
    if name is None:
        return None
    weight = table.numbers(name)
    if weight.min() < 0:
        raise table.error(int(np.argmax(weight < 0)), f"a weight is negative (column {name!r})")
    return weight


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
        raise CommandError(f"there is no family {name!r}{choices(name, families, 'families')}")
    return families[name]


def _only_column(table: Table, weights: str | None) -> str:
    """Return the one column that can be meant when none is named: the only one, or the only one that is numeric."""
    names = [name for name in table.columns if name != weights]
    if not names:
        raise CommandError(f"{table.source} has only the column of weights, {weights!r}: there is nothing to fit")
    numeric = [name for name in names if is_numeric(table.columns[name])] if len(names) > 1 else names
    if not numeric:
        raise CommandError(f"{table.source} has no numeric column among {', '.join(names)}")
    if len(numeric) > 1:
        raise CommandError(f"{table.source} has several numeric columns ({', '.join(numeric)}): choose with --column")
    return numeric[0]


# ----------------------------------------------------------------------------------------------- what comes out


def _print_table(names: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(lines)


def _figure(n_columns: int) -> Any:
    """Return a new figure, large enough for a picture of so many columns."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise CommandError('pictures need matplotlib: pip install "general-mixtures[plot]"') from None
    size = plotting.FIGURE_SIZE if n_columns <= 2 else (1.9 * n_columns, 1.9 * n_columns)
    return Figure(figsize=size, layout="constrained")


def _draw(model: MixtureModel, x: Any, weight: Array | None, columns: list[str], path: str) -> None:
    panels = min(len(columns), 8)  # more are refused
    figure = _figure(panels)
    axes = model.plot(x, sample_weight=weight, ax=figure.subplots() if panels <= 2 else figure.subplots(panels, panels))
    if len(columns) == 1:
        axes.set_xlabel(columns[0])
    _write(path, lambda place: figure.savefig(place, dpi=200))


def _write(path: str, write: Callable[[Path], Any]) -> None:
    try:
        write(Path(path))
    except OSError as error:
        raise CommandError(f"cannot write {path!r}: {error.strerror or error}") from None


def _check_outputs(plot: str | None, json: str | None, data: str, model: str | None = None) -> None:
    for path in map(Path, filter(None, (plot, json))):
        if path.is_dir() or not path.parent.is_dir():
            problem = "it is a directory" if path.is_dir() else f"there is no directory {str(path.parent)!r}"
            raise CommandError(f"cannot write {str(path)!r}: {problem}")
        for source, what in ((data, "data"), (model, "model")):
            if source and Path(source).exists() and _same_file(path, Path(source)):
                raise CommandError(f"cannot write {str(path)!r}: it is the {what} file")
    if plot and Path(plot).suffix.lower() not in (".png", ".pdf", ".svg"):
        raise CommandError(f"cannot draw {plot!r}: the name must end in .png, .pdf or .svg")
    if plot and json and _same_file(Path(plot), Path(json)):
        raise CommandError(f"--plot and --json are the same file, {plot!r}: one would overwrite the other")


def _same_file(a: Path, b: Path) -> bool:
    return a.samefile(b) if a.exists() and b.exists() else os.path.realpath(a) == os.path.realpath(b)


def _check_support(components: list[Distribution], table: Table, columns: list[str], x: Array, present: Mask) -> None:
    """Raise for a row that no component covers, as `fit` would, but with its line in the file."""
    outside = present & ~np.any([part.support.holds(x) for part in components], axis=0)
    if outside.any():
        row = int(np.argmax(outside))
        value = ", ".join(table.columns[name][row] for name in columns)
        wanted = ", ".join(dict.fromkeys(f"{type(part).__name__}: {part.support.text}" for part in components))
        found = f"{value} is outside the support of every component ({wanted}); rows like this: {outside.sum()}"
        raise table.error(row, f"{found}. Remove them, or add a component such as Normal")
