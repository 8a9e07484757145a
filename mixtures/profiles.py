"""A card for each component: how it distributes each column, beside all of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.data import Array
from distributions.errors import InvalidParameterError

from .canvas import (
    DATA_COLOR,
    Drawn,
    Margin,
    chosen_columns,
    component_colors,
    finish,
    new_axes,
    tick_labels,
    whole_ticks,
)
from .contours import thin_out
from .curves import Bars, bars_of, draw_bars, grid_of, values_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COLUMNS = 10
PANEL = (1.75, 1.15)  # inches
MARGINS = (1.2, 0.7)  # for names, inches
MOST_DIGITS = 5  # after the decimal point
TALLEST = 4.0  # curves may rise to this many times the highest bar
MOST_BARS = 60  # values with a bar of their own; more are a line


def draw_profiles(data: Drawn, columns: Sequence[str | int] | None, ax: Any = None) -> Any:
    """Draw each component's distribution of each column before the bars of all data.

    Parameters
    ----------
    data : Drawn
    columns : sequence of str or int, optional
        Which ones, by name or place; all by default.
    ax : ndarray of matplotlib.axes.Axes, shape (K, m), optional

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (K, m)

    Raises
    ------
    InvalidParameterError
        If there is no such column, the axes are not K x m, or a component cannot say without the other columns.
    InvalidDataError
        If there are too many columns.
    """
    chosen = chosen_columns(data, columns, "a picture of profiles", MOST_COLUMNS)
    shape = (len(data.components), len(chosen))
    margins = [[Margin.of(component, [column]) for column in chosen] for component in data.components]
    if ax is None:
        ax = new_axes(*shape, (PANEL[0] * shape[1] + MARGINS[0], PANEL[1] * shape[0] + MARGINS[1]))
    axes = np.asarray(ax, dtype=object)
    if axes.size == max(shape) and 1 in shape:  # subplots drops a dimension of length one
        axes = axes.reshape(shape)
    if axes.shape != shape:
        raise InvalidParameterError(
            f"profiles of {shape[0]} components in {shape[1]} columns need ax of shape {shape}; got shape {axes.shape}"
        )
    for place, column in enumerate(chosen):
        _draw_column(axes[:, place], data, column, [row[place] for row in margins])
    colors = component_colors(shape[0])
    for name, weight, color, ax in zip(data.names, data.weights, colors, axes[:, 0], strict=True):
        share = f"{weight:{'.2f' if weight >= 0.01 else '.1g'}}"
        ax.set_ylabel(f"{name}\nweight {share}", rotation=0, ha="right", va="center", color=color, weight="bold")
    return axes


def _draw_column(axes: Any, data: Drawn, column: int, margins: Sequence[Margin]) -> None:
    """Draw one column of panels on one scale."""
    present = ~np.isnan(data.rows[:, column])
    values, discrete, labels = data.rows[present, column], bool(data.discrete[column]), data.labels[column]
    bars = bars_of(values, data.row_weight[present], discrete)
    tallest = float(bars.heights.max())
    highest, colors = tallest, component_colors(len(margins))
    for ax, margin, color in zip(axes, margins, colors, strict=True):
        draw_bars(ax, bars, discrete, np.zeros_like(bars.heights), bars.heights, DATA_COLOR, "data")
        highest = max(highest, _draw_component(ax, margin, bars, color))
        ax.set_title(_in_words(margin, labels), fontsize="small", pad=3)
    for ax in axes:
        ax.set_xlim(bars.low, bars.high)
        ax.set_ylim(0.0, 1.06 * min(highest, max(TALLEST * tallest, 1.0 if discrete else 0.0)))
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        if labels is not None:
            tick_labels(ax.xaxis, labels)
        elif discrete:
            whole_ticks(ax.xaxis)
        thin_out(ax.xaxis, labels, rotate=True)
        ax.tick_params(labelsize="small", labelbottom=ax is axes[-1])
        finish(ax, True, data.columns[column] if ax is axes[-1] else "", "")


def _draw_component(ax: Axes, margin: Margin, bars: Bars, color: str) -> float:
    """Draw a component's density or masses; return how high they rise."""
    points = values_of(margin, bars.low, bars.high) if margin.discrete else grid_of([margin], bars.low, bars.high)
    curve: Array = np.exp(margin.log_pdf(points[:, np.newaxis]))
    if margin.discrete and len(points) <= MOST_BARS:
        ax.bar(points, curve, 0.4, color=color, zorder=3)
    else:
        ax.plot(points, curve, color=color, linewidth=2.0, zorder=3)
        ax.fill_between(points, curve, color=color, alpha=0.25, linewidth=0, zorder=2)
    return float(curve.max(initial=0.0))


def _in_words(margin: Margin, labels: dict[float, Any] | None) -> str:
    """Return a component's mean and standard deviation, or its most probable category."""
    if labels is not None:
        codes = np.array(list(labels))
        mass = np.exp(margin.log_pdf(codes[:, np.newaxis]))
        return f"{labels[codes[mass.argmax()]]} {mass.max():.0%}"
    mean, std = float(np.squeeze(margin.distribution.mean)), float(np.squeeze(margin.distribution.std))
    if not np.isfinite([mean, std]).all():
        return ""
    digits = max(1 - int(np.floor(np.log10(std))), 0) if std > 0.0 else 2
    return f"{mean:.{digits}f} ± {std:.{digits}f}" if digits < MOST_DIGITS else f"{mean:.3g} ± {std:.2g}"
