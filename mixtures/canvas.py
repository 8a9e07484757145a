"""What all pictures share: the colours of components, axes to draw on, and data made ready to be drawn.

matplotlib (the extra ``plot``) is imported only when a new figure is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distributions.base import Distribution
from distributions.data import Array, Mask, as_observations, as_observed, as_rows, is_frame, missing_as_nan
from distributions.errors import InvalidDataError, InvalidParameterError
from distributions.outline import refuse_incomplete

from . import posterior
from .observed import as_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .model import MixtureModel

# Okabe & Ito, Color Universal Design (2008), strongest on white first; their black is the mixture's.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
LINE_STYLES = ("-", "--", ":", "-.")  # tell apart components that share a colour
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*", "<", ">")
DATA_COLOR, MIXTURE_COLOR, GUIDE_COLOR, POINT_COLOR = "#D6D6D6", "#222222", "#8A8A8A", "#555555"
FIGURE_SIZE = (6.0, 3.8)

MOST_INSIDE = 7  # entries of a legend inside the axes
ROOM = 62  # letters and marks of a legend beside each other
PROBES = 10_000  # draws that say where a component lies
MOST_MARKS = 2000  # rows that are drawn one by one
RUG = 0.03  # height of the marks of the data, of the axes'
INK = 150  # marks beside each other from which on they are paler


def component_colors(n: int) -> list[str]:
    """Return a colour for each of n components: the same in every picture, told apart by colour-blind readers.

    Parameters
    ----------
    n : int
        Number of components; from the eighth on the colours repeat.

    Returns
    -------
    list of str
        Colours as "#RRGGBB".

    Examples
    --------
    >>> component_colors(2)
    ['#0072B2', '#D55E00']
    """
    return [PALETTE[k % len(PALETTE)] for k in range(n)]


def line_style(k: int) -> Any:
    """Return the style of the lines of component k: another one where a colour comes again."""
    return LINE_STYLES[k // len(PALETTE) % len(LINE_STYLES)]


def component_names(model: MixtureModel) -> list[str]:
    """Return the names of the components that a picture or table shows: the fitted ones, else those given."""
    fitted = getattr(model, "components_", None)
    return model.names if fitted is None else type(model)(fitted).names


def weight_label(name: str, share: float) -> str:
    """Return a component's entry in a legend."""
    return f"{name}, weight {share:{'.2f' if share >= 0.01 else '.1g'}}"


def require_matplotlib() -> None:
    """Raise an `ImportError` that names the extra, if matplotlib is missing."""
    try:
        import matplotlib.pyplot  # noqa: F401
    except ImportError:
        raise ImportError('plots need matplotlib: pip install "general-mixtures[plot]"') from None


def new_axes(rows: int = 1, columns: int = 1, size: tuple[float, float] = FIGURE_SIZE) -> Any:
    """Return the axes of a new figure, an array where there are several.

    Raises
    ------
    ImportError
        If matplotlib is missing; it names the extra.
    """
    require_matplotlib()
    from matplotlib import pyplot

    return pyplot.subplots(rows, columns, figsize=size, layout="constrained")[1]


def given_axes(ax: Any) -> Any:
    """Return the axes that a picture was given, those of a new figure by default.

    Raises
    ------
    InvalidParameterError
        If they are none.
    """
    if ax is not None and not hasattr(ax, "has_data"):
        raise InvalidParameterError(f"ax must be axes of matplotlib, such as subplots()[1]; got {ax!r}")
    return new_axes() if ax is None else ax


def finish(ax: Axes, was_empty: bool, xlabel: str, ylabel: str) -> Axes:
    """Label axes that were empty; what someone else drew on keeps its labels."""
    if was_empty:
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        ax.spines[["top", "right"]].set_visible(False)
    return ax


def add_legend(ax: Axes, entries: Sequence[Any], title: str | None = None, most: int = MOST_INSIDE) -> None:
    """Draw the legend: inside the axes where it finds room, more than ``most`` entries beside them."""
    beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if len(entries) > most else {}
    ax.legend(handles=list(entries), title=title, framealpha=0.8, edgecolor="none", alignment="left", **beside)


def legend_above(ax: Axes, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Put the legend above the axes: curves and bars fill them."""
    across = min(len(labels), max(ROOM // (max(map(len, labels)) + 6), 1))
    ax.legend(
        handles, labels, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=across, frameon=False, borderaxespad=0.2
    )


def widened(ax: Axes, which: str, low: float, high: float) -> tuple[float, float]:
    """Return limits that also hold those of the axes that share this one and are drawn already."""
    shared = ax.get_shared_x_axes() if which == "x" else ax.get_shared_y_axes()
    drawn = [other for other in shared.get_siblings(ax) if other is not ax and other.has_data()]
    limits = [getattr(other, f"get_{which}lim")() for other in drawn]
    return min([low, *(limit[0] for limit in limits)]), max([high, *(limit[1] for limit in limits)])


def whole_ticks(axis: Any, most: Any = "auto") -> None:
    """Put ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(most, integer=True))


def tick_labels(axis: Any, labels: dict[float, Any]) -> None:
    """Write the labels of categories in the places of their codes."""
    axis.set_ticks(list(labels), [str(label) for label in labels.values()])


def thinned(values: Any) -> Any:
    """Return at most `MOST_MARKS` of ascending values, the first and the last among them."""
    if len(values) <= MOST_MARKS:
        return values
    return values[np.unique(np.linspace(0, len(values) - 1, MOST_MARKS).round().astype(int))]


def draw_rug(ax: Axes, values: Array, top: float) -> float:
    """Draw a mark for each value, shape (n,), below axes that reach up to top; return where the marks end."""
    values = thinned(np.unique(values))
    alpha = float(np.clip(INK / len(values), 0.25, 0.7))
    ends = (-2.2 * RUG * top, -0.7 * RUG * top)
    ax.vlines(values, *ends, color=GUIDE_COLOR, linewidth=0.8, alpha=alpha, zorder=1, label="_data")
    return -2.5 * RUG * top


def effective_rows(weight: Array) -> float:
    """Return how many rows weights are worth: their sum, if they count repetitions.

    They may be of any scale, and then the rows are worth Kish's effective number at least.
    """
    return float(max(weight.sum(), weight.sum() ** 2 / np.sum(weight**2)))


@dataclass(frozen=True, eq=False)
class Drawn:
    """Data and a mixture made ready to be drawn."""

    model: MixtureModel
    components: list[Distribution]
    weights: Array  # (K,)
    rows: Array  # (n, d)
    row_weight: Array  # (n,), ones where every row counts once
    columns: list[str]  # what to write at the axes, d names
    labels: list[dict[float, Any] | None]  # of categories, by their codes, for each column
    discrete: Mask  # (d,): columns of separate values
    shares: Array | None = None  # (n, K): what each component has of a row, where the user says so

    @property
    def names(self) -> list[str]:
        """Names of the components."""
        return component_names(self.model)

    @cached_property
    def responsibilities(self) -> Array:
        """The probability that each row came from each component, shape (n, K)."""
        refuse_incomplete(self.model.outline().branches, self.rows)
        return posterior.responsibilities(self.components, self.weights, self.rows)

    def margins(self, columns: Sequence[int]) -> list[Margin] | None:
        """Return the components as they are in some of the columns; None if one cannot say without the others."""
        try:
            return [Margin.of(component, columns) for component in self.components]
        except InvalidParameterError:
            return None


@dataclass(frozen=True)
class Margin:
    """A component as it is in some columns, which may be in another order."""

    distribution: Distribution
    order: tuple[int, ...]  # of its columns, in that of the points to be drawn
    discrete: bool  # whether these columns hold separate values

    @classmethod
    def of(cls, component: Distribution, columns: Sequence[int]) -> Margin:
        """Return a component as it is in the columns at these places.

        Raises
        ------
        InvalidParameterError
            If the component cannot say without the other columns.
        """
        distribution = component.marginal(columns)
        order = tuple(np.argsort(np.argsort(columns)).tolist())
        return cls(distribution, order, bool(_discrete(distribution, len(order)).all()))

    def log_pdf(self, points: Array) -> Array:
        """Return the log density at points, shape (m, number of columns)."""
        rows = np.empty(points.shape)
        rows[:, self.order] = points
        return self.distribution.log_pdf(as_observed(rows))

    def draws(self) -> Array:
        """Return draws, shape (m, number of columns), the same ones each time: they say where the component lies."""
        return np.reshape(self.distribution.sample(PROBES, rng=0), (PROBES, len(self.order)))[:, self.order]


def drawn(model: MixtureModel, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None, labels: Any = None) -> Drawn:
    """Return data, checked, and the model to be drawn beside them.

    Parameters
    ----------
    model : MixtureModel
    x : array_like, shape (n,) or (n, d), or data frame
    sample_weight : array_like, shape (n,), optional
    labels : array_like, shape (n,) or (n, K), optional
        As `MixtureModel.fit` takes them.

    Raises
    ------
    InvalidDataError
        If rows, weights or labels are malformed, or rows are intervals.
    NotFittedError
        If parameters are unknown.
    """
    components, weights = model._current("be plotted")
    missing, n_columns, coded = model.marginalises, model.n_columns, model.encode(x)
    given = as_rows(missing_as_nan(coded) if missing else coded, n_columns, "MixtureModel", finite=False)
    if model.finite_rows(given) is not given:
        raise InvalidDataError(
            "plots show values, and these rows are intervals: plot a mixture of the distributions that are Censored"
        )
    data = as_observations(given, sample_weight, n_columns, "MixtureModel", missing=missing)
    d = data.rows.shape[1]
    names = column_names(model, x, d)
    empty = np.isnan(data.rows).all(axis=0)
    if empty.any():
        raise InvalidDataError(f"column {names[int(empty.argmax())]!r} has no observed cell: leave it out of the model")
    of_columns = [column.labels for column in model.columns_read(names)]
    weight = np.ones(len(data.rows)) if data.weight is None else data.weight
    known = as_labels(labels, data.n_given, component_names(model))
    shares = None if known is None else known.shares[slice(None) if data.places is None else data.places]
    return Drawn(model, components, weights, data.rows, weight, names, of_columns, _discrete(model, d), shares)


def _discrete(distribution: Distribution, d: int) -> Mask:
    """Which of the d columns hold separate values, shape (d,)."""
    discrete = np.ones(d, dtype=bool)
    for branch in distribution.outline().branches:
        for leaf, span in zip(branch.kind, branch.spans(d), strict=True):
            discrete[span] &= leaf.support.discrete
    return discrete


def column_names(model: MixtureModel, x: Any, d: int) -> list[str]:
    """Return what to write at the axes: the names of the columns in the model, or in these data."""
    names = model.names_of_columns
    if names is not None:
        return [str(name) for name in names]
    if is_frame(x) and len(x.columns) == d:
        return [str(name) for name in x.columns]
    return [str(getattr(x, "name", None) or "x")] if d == 1 else [f"column {j + 1}" for j in range(d)]


def chosen_columns(data: Drawn, columns: Sequence[str | int] | None, what: str, most: int) -> list[int]:
    """Return the places of columns given by name or place, all of them by default.

    Raises
    ------
    InvalidParameterError
        If there is no such column, or one is named twice.
    InvalidDataError
        If all are too many to be read.
    """
    d = len(data.columns)
    if columns is None:
        if d > most:
            raise InvalidDataError(
                f"{what} of {d} columns would be too small to read: choose up to {most} with columns="
            )
        return list(range(d))
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        raise InvalidParameterError(f"{what} needs a list of columns by place or name, such as [0, 2]; got {columns!r}")
    chosen = []
    for column in columns:
        if isinstance(column, str) and column in data.columns:
            chosen.append(data.columns.index(column))
        elif isinstance(column, (int, np.integer)) and not isinstance(column, bool) and 0 <= column < d:
            chosen.append(int(column))
        else:
            raise InvalidParameterError(
                f"{what}: there is no column {column!r}; they are {', '.join(map(repr, data.columns))}, or 0 to {d - 1}"
            )
    return chosen


def require_one_column(data: Drawn, what: str) -> Array:
    """Return the values of the only column, shape (n,).

    Raises
    ------
    InvalidDataError
        If there are several.
    """
    if data.rows.shape[1] != 1:
        raise InvalidDataError(
            f"{what} shows one column, here are {data.rows.shape[1]}: plot x[:, j] with a model of that column"
        )
    return data.rows[:, 0]
