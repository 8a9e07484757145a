"""The density of one column: data as a histogram or bars, each component's weighted curve, and their sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions import numeric
from distributions.data import Array
from distributions.errors import InvalidParameterError

from .canvas import (
    DATA_COLOR,
    MIXTURE_COLOR,
    Drawn,
    Margin,
    add_legend,
    component_colors,
    draw_rug,
    effective_rows,
    finish,
    line_style,
    tick_labels,
    weight_label,
    whole_ticks,
    widened,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_BINS = 120
GRID = 801  # points of a curve, besides those around each component
MOST_VALUES = 1e6  # range of separate values beyond which only some are looked at
MAX_COUNTS = 2001  # whole numbers at which masses are drawn
TALLEST = 2.5  # curves may rise to this many times the highest bar: a spike must not flatten the rest


class Bars(NamedTuple):
    """Bars of the data: of counts in the places of the values, else a histogram between edges."""

    heights: Array  # (m,): relative frequencies of counts, else a histogram of unit area
    edges: Array  # (m + 1,) of a histogram
    places: Array  # (m,): middle of each bar
    width: float  # of bars of counts
    low: float  # range to show
    high: float


def draw_density(
    ax: Axes, data: Drawn, column: int = 0, *, legend: bool = True, rug: bool = False, bins: Any = None
) -> Axes:
    """Draw a column of the data, the weighted density of each component there, and their sum.

    Where the data say what components have of them, the bars are divided among these in their colours.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn
    column : int
    legend : bool
        Whether to draw one.
    rug : bool
        Whether to mark each value below the bars.
    bins : int or array_like, optional
        Number or edges of the bars, if the values are not separate.

    Returns
    -------
    matplotlib.axes.Axes
    """
    empty, entries = not ax.has_data(), ax.get_legend_handles_labels()[0]
    values, discrete = data.rows[:, column], bool(data.discrete[column])
    present = ~np.isnan(values)
    values, weight = values[present], data.row_weight[present]
    bars = bars_of(values, weight, discrete, bins)
    if data.shares is None:
        entries.append(draw_bars(ax, bars, discrete, np.zeros_like(bars.heights), bars.heights, DATA_COLOR, "data"))
    else:
        _draw_divided_bars(ax, bars, discrete, values, weight[:, np.newaxis] * data.shares[present])

    margins = data.margins([column])
    top = float(bars.heights.max())
    if margins is not None:
        lines, highest = _draw_curves(ax, data, margins, bars, discrete, data.labels[column] is not None)
        entries += lines
        top = max(top, min(TALLEST * top, highest))
    bottom = draw_rug(ax, values, top) if rug else 0.0
    if empty:
        ax.set_xlim(widened(ax, "x", bars.low, bars.high))
        ax.set_ylim(widened(ax, "y", bottom, 1.06 * top))
        labels = data.labels[column]
        if labels is not None:
            tick_labels(ax.xaxis, labels)
        elif discrete:
            whole_ticks(ax.xaxis)
    finish(ax, empty, data.columns[column], "relative frequency" if discrete else "density")
    if legend:
        add_legend(ax, entries)
    return ax


def _draw_curves(
    ax: Axes, data: Drawn, margins: Sequence[Margin], bars: Bars, discrete: bool, categories: bool
) -> tuple[list[Any], float]:
    """Draw the curves of the components and the mixture; return their lines, and how high the mixture rises."""
    low, high = bars.low, bars.high
    values = [values_of(margin, low, high) if margin.discrete else np.empty(0) for margin in margins]
    grid = grid_of(margins, low, high)
    whole = np.unique(np.concatenate(values))
    total = np.zeros(len(whole if discrete else grid))
    lines: list[Any] = []
    colors = component_colors(len(margins))
    for k, (name, margin, share) in enumerate(zip(data.names, margins, data.weights, strict=True)):
        points, style = (values[k] if margin.discrete else grid), "" if categories else line_style(k)
        curve = share * np.exp(margin.log_pdf(points[:, np.newaxis]))
        label = weight_label(name, share)
        (line,) = ax.plot(points, curve, linestyle=style, color=colors[k], linewidth=2.0, zorder=3, label=label)
        lines.append(line)
        if not margin.discrete and data.shares is None:  # divided bars have these colours already
            ax.fill_between(points, curve, color=colors[k], alpha=0.2, linewidth=0, zorder=2)
        elif margin.discrete and len(points) <= 60:
            line.set(marker="o", markersize=5)
        if margin.discrete == discrete:  # masses and densities have no sum
            total += curve if points is grid else share * np.exp(margin.log_pdf(whole[:, np.newaxis]))
    if len(margins) > 1:
        points = whole if discrete else grid
        marks: dict[str, Any] = (
            {"linestyle": "", "marker": "_", "markersize": 14, "markeredgewidth": 1.6} if categories else {}
        )
        lines += ax.plot(points, total, color=MIXTURE_COLOR, linewidth=1.6, zorder=4, label="mixture", **marks)
    return lines, float(np.nanmax(total))


# ------------------------------------------------------------------------------------------------------- data


def bars_of(values: Array, weight: Array, discrete: bool, bins: Any = None) -> Bars:
    """Return the bars of weighted values: one for each value where they are separate, else a histogram."""
    return _bars_of_counts(values, weight) if discrete else _histogram(values, weight, bins)


def _bars_of_counts(values: Array, weight: Array) -> Bars:
    """Return a bar of relative frequency for each value."""
    counts, place = np.unique(values, return_inverse=True)
    width = 0.8 if counts[-1] - counts[0] <= 60 else 1.0
    frequencies = np.bincount(place, weight) / weight.sum()
    return Bars(frequencies, np.empty(0), counts, width, counts[0] - 0.8, counts[-1] + 0.8)


def _histogram(values: Array, weight: Array, bins: Any) -> Bars:
    """Return a histogram of unit area."""
    edges = bin_edges(values, weight) if bins is None else np.histogram_bin_edges(values, bins).astype(float)
    if len(edges) < 2:
        raise InvalidParameterError(f"bins must be a number of bars, or two edges or more; got {bins!r}")
    heights = np.histogram(values, edges, weights=weight)[0] / (weight.sum() * np.diff(edges))
    margin = 0.03 * (edges[-1] - edges[0])
    return Bars(heights, edges, (edges[1:] + edges[:-1]) / 2, 0.0, edges[0] - margin, edges[-1] + margin)


def draw_bars(ax: Axes, bars: Bars, discrete: bool, base: Array, top: Array, color: Any, label: str) -> Any:
    """Draw bars from base to top, shapes (m,), and return what stands for them in a legend."""
    if discrete:
        return ax.bar(bars.places, top - base, bars.width, bottom=base, color=color, zorder=1, label=label)
    return ax.stairs(top, bars.edges, baseline=base, fill=True, color=color, zorder=1, label=label)


def _draw_divided_bars(ax: Axes, bars: Bars, discrete: bool, values: Array, shares: Array) -> None:
    """Draw bars on top of each other: what each component has of the rows there, ``shares`` of shape (n, K)."""
    n_bars, base = len(bars.heights), np.zeros_like(bars.heights)
    if discrete:
        place = np.searchsorted(bars.places, values)
    else:
        place = np.clip(np.searchsorted(bars.edges, values, side="right") - 1, 0, n_bars - 1)
    held = np.bincount(place, shares.sum(axis=1), n_bars)
    scale = np.divide(bars.heights, held, out=np.zeros_like(held), where=held > 0)
    for color, share in zip(component_colors(shares.shape[1]), shares.T, strict=True):
        top = base + scale * np.bincount(place, share, n_bars)
        draw_bars(ax, bars, discrete, base, top, (color, 0.45), "_data")
        base = top


def bin_edges(values: Array, weight: Array) -> Array:
    """Return bins of the Freedman-Diaconis width, but enough of them to show several modes.

    Rounded data get bins that each hold equally many of the possible values: others would show a comb.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low + np.array([-0.05, 0.05]) * (abs(low) or 1.0)
    n = effective_rows(weight)
    quartiles = np.quantile(values, [0.25, 0.75], weights=weight, method="inverted_cdf")
    width = 2.0 * (quartiles[1] - quartiles[0]) / np.cbrt(n)
    fewest = min(30.0, 4.0 * np.cbrt(n))
    width = float(np.clip(width, (high - low) / MAX_BINS, (high - low) / fewest))
    origin, step = _rounding(values, weight, width)
    if not step:
        return np.linspace(low, high, int(np.ceil((high - low) / width)) + 1)
    width = step * max(round(width / step), 1)
    start = origin + step * (round((low - origin) / step) - 0.5)
    return start + width * np.arange(np.floor((high - start) / width) + 2)


def _rounding(values: Array, weight: Array, width: float) -> tuple[float, float]:
    """Return the commonest value and the largest step from it that most data are multiples of.

    The step is 0 if there is none, or if it is too small beside the bins to show.
    """
    distinct, place = np.unique(values, return_inverse=True)
    mass = np.bincount(place, weight) / weight.sum()
    origin = float(distinct[mass.argmax()])
    gaps = np.diff(distinct)[:1000]
    for step in np.unique(gaps[gaps > width / 10])[::-1]:
        multiple = (distinct - origin) / step
        if mass[np.abs(multiple - np.round(multiple)) < 1e-3].sum() > 0.85:
            return origin, float(step)
    return origin, 0.0


# ----------------------------------------------------------------------------------------------------- curves


def _whole_numbers(low: float, high: float) -> Array:
    """Return the whole numbers from low to high, thinned out where they are too many to be seen."""
    first, last = np.ceil(low), np.floor(high)
    return np.unique(np.round(np.linspace(first, last, int(min(last - first + 1, MAX_COUNTS)))))


def values_of(margin: Margin, low: float, high: float) -> Array:
    """Return the separate values from low to high at which a component has mass, thinned out where they are many."""
    if high - low > MOST_VALUES:
        return _whole_numbers(low, high)
    values: Array = margin.distribution.support.values(low, high)
    if len(values) <= MAX_COUNTS:
        return values
    return values[np.unique(np.linspace(0, len(values) - 1, MAX_COUNTS).round().astype(int))]


def grid_of(margins: Iterable[Margin], low: float, high: float) -> Array:
    """Return points from low to high at which curves are drawn, dense where a component is narrow."""
    points = [np.linspace(low, high, GRID)]
    for margin in margins:
        if margin.discrete:
            continue
        for part in numeric.leaves(margin.distribution):
            end = np.array([part.support.low, part.support.high])  # where a density may jump
            points += [end, np.nextafter(end, [-np.inf, np.inf])]
            centre, spread = float(np.squeeze(part.mean)), float(np.squeeze(part.std))
            points.append(centre + spread * np.linspace(-5.0, 5.0, 201))
    grid = np.unique(np.concatenate(points))
    return grid[(grid >= low) & (grid <= high)]
