"""Why a row belongs to a component: what each column, and the weights, add to the log-odds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.base import Distribution
from distributions.data import Array, as_observed, as_rows, is_frame, missing_as_nan
from distributions.errors import InvalidDataError, InvalidParameterError
from distributions.outline import refuse_incomplete, spans

from .canvas import GUIDE_COLOR, MIXTURE_COLOR, column_names, component_colors, component_names, finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .model import MixtureModel

WEIGHTS = "weights"
SHOWN = 6  # most other components beside each other in the table
LONGEST = 40  # letters of a name or label
ROOM = 0.2  # beside the bars for their numbers, of the axis


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each part of a row, and the weights, say about the component that it came from.

    The log-odds of two components, log(P(a | x) / P(b | x)), are the sum of what the weights add, log(w_a / w_b), and
    what each part of the row adds, log(f_a(x_j) / f_b(x_j)). Parts are columns, or groups of columns that some
    component does not treat as independent, such as those of a multivariate normal.

    Attributes
    ----------
    components : tuple of str
        Names of the K components.
    parts : tuple of str
        "weights" first ("mixing weights" if a column has that name), then the columns.
    values : tuple of str
        Names of the parts with the row's values, as the table shows them.
    log_terms : ndarray, shape (parts, K)
        Log weights and log densities: column sums are those of the row's joint density with each component. A missing
        cell adds 0.
    probabilities : ndarray, shape (K,)
        Those of `MixtureModel.predict_proba`.
    """

    components: tuple[str, ...]
    parts: tuple[str, ...]
    values: tuple[str, ...]
    log_terms: Array
    probabilities: Array

    def log_odds(self, component: str | int | None = None, against: str | int | None = None) -> dict[str, float]:
        """Return what each part adds to the log-odds of a component against another.

        Parameters
        ----------
        component, against : str or int, optional
            By name or place; by default the most probable component, and the most probable other one.

        Returns
        -------
        dict of str to float
            Their sum is the log-odds.

        Raises
        ------
        InvalidParameterError
            If there is no such component.
        """
        first, second = self._pair(component, against)
        with np.errstate(invalid="ignore"):  # both may be impossible
            return dict(zip(self.parts, (self.log_terms[:, first] - self.log_terms[:, second]).tolist(), strict=True))

    def _pair(self, component: str | int | None, against: str | int | None) -> tuple[int, int]:
        ranked = [int(k) for k in np.argsort(-self.log_terms.sum(axis=0), kind="stable")]
        first = ranked[0] if component is None else self._place(component, "component")
        others = [k for k in ranked if k != first]
        if against is None and not others:
            raise InvalidParameterError("log-odds need two components, this mixture has one")
        return first, others[0] if against is None else self._place(against, "against")

    def _place(self, component: str | int, argument: str) -> int:
        if isinstance(component, str) and component in self.components:
            return self.components.index(component)
        whole = isinstance(component, (int, np.integer)) and not isinstance(component, bool)
        if whole and 0 <= int(component) < len(self.components):
            return int(component)
        raise InvalidParameterError(
            f"{argument}: there is no component {component!r}; they are {', '.join(map(repr, self.components))}, "
            f"or 0 to {len(self.components) - 1}"
        )

    def __repr__(self) -> str:
        """Return a table: the log-odds of the most probable component against each other one, part by part."""
        ranked = [int(k) for k in np.argsort(-self.log_terms.sum(axis=0), kind="stable")]
        mark = ":" if any(name[-1:].isdigit() for name in self.components) else ""  # "Normal 1: 0.9", but "adult 0.9"
        title = ", ".join(f"{_short(self.components[k])}{mark} {self.probabilities[k]:.3g}" for k in ranked[:SHOWN])
        if len(ranked) == 1:
            return title
        best, others = ranked[0], ranked[1 : SHOWN + 1]
        odds = [[*self.log_odds(best, other).values()] for other in others]
        table = [
            [f"log-odds of {_short(self.components[best])} against", *(_short(self.components[k]) for k in others)],
            *(
                [said, *(f"{odd:+z.2f}" for odd in row)]
                for said, row in zip(self.values, zip(*odds, strict=True), strict=True)
            ),
            ["sum", *(f"{sum(column):+z.2f}" for column in odds)],
        ]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in table]
        return "\n".join([title, "", *lines])


def explain(model: MixtureModel, row: Any) -> Explanation:
    """Return what each part of a row says about its component; see `MixtureModel.explain`."""
    components, weights = model._current("explain a row")
    x = _one_row(model, row)
    values = as_rows(missing_as_nan(model.encode(x)), model.n_columns, "MixtureModel", finite=False)
    if len(values) != 1:
        raise InvalidDataError(f"explain takes one row, here are {len(values)}: pass x[i]")
    if np.isnan(values).all():
        raise InvalidDataError("explain needs an observed cell in the row: it has none")
    refuse_incomplete(model.outline().branches, values)
    d = values.shape[1]
    factors = [list(_factors(component, 0, d)) for component in components]
    ends = sorted(set.intersection(*({span.stop for span, _ in each} for each in factors)))
    blocks = [slice(start, stop) for start, stop in zip([0, *ends[:-1]], ends, strict=True)]
    with np.errstate(divide="ignore"):  # a weight of zero
        terms = [np.log(weights)]
    for block in blocks:
        terms.append(np.array([_log_density(each, block, values) for each in factors]))
    log_terms = np.stack(terms)
    joint = log_terms.sum(axis=0)
    if not np.any(joint > -np.inf):
        raise InvalidDataError("the row has zero density under every component: no component explains it")
    names = column_names(model, x, d)
    labels = [column.labels for column in model.columns_read(names)]
    said = [_described(names[block], values[0, block], labels[block]) for block in blocks]
    parts = [", ".join(names[block]) for block in blocks]
    first = f"mixing {WEIGHTS}" if WEIGHTS in parts else WEIGHTS
    top = np.exp(joint - joint.max())
    return Explanation(tuple(component_names(model)), (first, *parts), (first, *said), log_terms, top / top.sum())


def _one_row(model: MixtureModel, row: Any) -> Any:
    """Return one row as data of shape (1, d), or the frame that it is."""
    if is_frame(row):
        return row
    if isinstance(row, Mapping) or (hasattr(row, "keys") and hasattr(row, "index")):  # also a row of a pandas frame
        known = model.names_of_columns
        names = list(row.keys() if known is None else known)
        absent = [name for name in names if name not in row]
        if absent:
            raise InvalidDataError(
                f"MixtureModel needs the columns {', '.join(map(repr, absent))}; the row has "
                f"{', '.join(map(repr, row.keys()))}"
            )
        row = [row[name] for name in names]
    if np.ma.isMaskedArray(row):
        row = np.ma.filled(row.astype(float), np.nan)
    values = np.empty((1, np.size(row)), dtype=object)
    values[0] = np.ravel(np.asarray(row, dtype=object))
    if np.ndim(row) > 1 and np.shape(row)[0] != 1:
        raise InvalidDataError(f"explain takes one row, here are {np.shape(row)[0]}: pass x[i]")
    return values


def _factors(distribution: Distribution, start: int, width: int) -> Iterator[tuple[slice, Distribution]]:
    """Yield the columns of independent factors of a distribution, and their distributions."""
    parts = list(distribution.parts_by_name.values())
    if not parts:
        yield slice(start, start + width), distribution
        return
    for part, span in zip(parts, spans([part.n_columns for part in parts], width), strict=True):
        yield from _factors(part, start + span.start, span.stop - span.start)


def _log_density(factors: Sequence[tuple[slice, Distribution]], block: slice, values: Array) -> float:
    """Return the log density of the cells in a block of columns; a missing factor adds 0."""
    total = 0.0
    for span, part in factors:
        if block.start <= span.start and span.stop <= block.stop and not np.isnan(values[:, span]).all():
            total += float(part.log_pdf(as_observed(values[:, span]))[0])
    return total


def _described(names: Sequence[str], cells: Array, labels: Sequence[dict[float, Any] | None]) -> str:
    """Return names of columns with the row's values."""
    said = []
    for name, cell, known in zip(names, cells.tolist(), labels, strict=True):
        value = "missing" if np.isnan(cell) else f"{cell:.6g}" if known is None else known.get(cell, "an unknown label")
        said.append(f"{name} = {_short(str(value))}")
    return ", ".join(said) if len(said) <= 3 else f"{said[0]}, ... {said[-1]} ({len(said)} columns)"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def draw_explanation(
    ax: Axes, explanation: Explanation, component: str | int | None, against: str | int | None
) -> Axes:
    """Draw what each part adds to the log-odds of two components: a bar in the colour of the one that it speaks for.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    explanation : Explanation
    component, against : str or int, optional
        As `Explanation.log_odds` takes them.

    Returns
    -------
    matplotlib.axes.Axes
    """
    empty = not ax.has_data()
    first, second = explanation._pair(component, against)
    odds = explanation.log_odds(first, second)
    values = np.array([*odds.values(), sum(odds.values())])
    finite = np.abs(values[np.isfinite(values)]).max(initial=1.0)
    lengths = np.clip(np.nan_to_num(values, posinf=np.inf, neginf=-np.inf), -1.2 * finite, 1.2 * finite)
    colors = component_colors(len(explanation.components))
    places = np.arange(len(values))[::-1]
    shown: list[Any] = [(colors[first if value >= 0 else second], 0.6) for value in values]
    shown[-1] = shown[-1][0]
    ax.barh(places, lengths, 0.7, color=shown, zorder=2)
    for place, length, value in zip(places, lengths, values, strict=True):
        ax.annotate(
            f"{value:+z.2f}",
            (length, place),
            (4 if length >= 0 else -4, 0),
            textcoords="offset points",
            ha="left" if length >= 0 else "right",
            va="center",
        )
    ax.axvline(0.0, color=MIXTURE_COLOR, linewidth=0.8, zorder=3)
    ax.axhline(0.5, color=GUIDE_COLOR, linewidth=0.8, linestyle=":", zorder=1)
    names = [_short(explanation.components[k]) for k in (first, second)]
    finish(ax, empty, f"{names[1]}   ←   log-odds   →   {names[0]}", "")
    if empty:
        ax.set_yticks(places, [_in_lines(said) for said in explanation.values] + ["sum"])
        ax.tick_params(axis="y", length=0)
        low, high = min(lengths.min(), 0.0), max(lengths.max(), 0.0)
        ax.set_xlim(low - ROOM * (high - low), high + ROOM * (high - low))
        ax.spines["left"].set_visible(False)
    return ax


def _in_lines(said: str) -> str:
    """Return what is said of several columns as lines: at most three."""
    return said.replace(", ... ", "\n... ").replace(", ", "\n").replace(" (", "\n(")
