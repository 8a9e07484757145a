"""Pictures of a mixture. matplotlib (the extra ``plot``) is imported only when a new figure is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distributions import numeric
from distributions.base import Distribution
from distributions.data import Array, as_observations
from distributions.errors import InvalidDataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .model import MixtureModel

# Okabe & Ito, Color Universal Design (2008), strongest on white first; their black is the mixture's.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
LINE_STYLES = ("-", "--", ":", "-.")  # tell apart components that share a colour
DATA_COLOR, MIXTURE_COLOR = "#D6D6D6", "#222222"
FIGURE_SIZE = (6.0, 3.8)

MAX_BINS = 120
GRID = 801  # points of a curve, besides those around each component
MAX_COUNTS = 2001  # whole numbers at which masses are drawn
TALLEST = 2.5  # curves may rise to this many times the highest bar: a spike must not flatten the rest


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


def component_names(model: MixtureModel) -> list[str]:
    """Return the names of the components that a picture or table shows: the fitted ones, else those given."""
    fitted = getattr(model, "components_", None)
    return model.names if fitted is None else type(model)(fitted).names


def density(
    model: MixtureModel, x: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None, ax: Axes | None = None
) -> Axes:
    """Draw one column of data, the weighted density of each component, and their sum.

    Continuous data are a histogram of unit area. Counts are bars of relative frequency, and masses are dots.

    Parameters
    ----------
    model : MixtureModel
        Fitted, or with all parameters given.
    x : array_like, shape (n,)
        A named column of pandas names the axis.
    sample_weight : array_like, shape (n,), optional
        Weights >= 0 of the rows.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default. Limits and labels are set only if it is empty.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidDataError
        If there is more than one column, or rows or weights are malformed.
    NotFittedError
        If parameters are unknown.
    ImportError
        If matplotlib is missing.
    """
    components, weights = model._current("be plotted")
    _require_one_column(model.n_columns)
    data = as_observations(x, sample_weight, None, "a density plot")
    rows, weight = data.rows, data.weight
    _require_one_column(rows.shape[1])
    values = rows[:, 0]
    weight = np.ones(len(values)) if weight is None else weight
    ax = _new_axes() if ax is None else ax
    empty, entries = not ax.has_data(), ax.get_legend_handles_labels()[0]
    discrete = model.support.discrete
    bars, highest, (low, high) = (_draw_counts if discrete else _draw_histogram)(ax, values, weight)
    entries.append(bars)

    counts, grid = _whole_numbers(low, high), _grid(components, low, high)
    total = np.zeros(len(counts if discrete else grid))
    for k, (name, component, share) in enumerate(zip(component_names(model), components, weights, strict=True)):
        points = counts if component.support.discrete else grid
        curve = share * component.pdf(points)
        color, style = PALETTE[k % len(PALETTE)], LINE_STYLES[k // len(PALETTE) % len(LINE_STYLES)]
        label = f"{name}, weight {share:{'.2f' if share >= 0.01 else '.1g'}}"
        (line,) = ax.plot(points, curve, style, color=color, linewidth=2.0, zorder=3, label=label)
        entries.append(line)
        if not component.support.discrete:
            ax.fill_between(points, curve, color=color, alpha=0.2, linewidth=0, zorder=2)
        elif len(points) <= 60:
            line.set(marker="o", markersize=5)
        if component.support.discrete == discrete:  # masses and densities have no sum
            total += curve
    if len(components) > 1:
        points = counts if discrete else grid
        entries += ax.plot(points, total, color=MIXTURE_COLOR, linewidth=1.6, zorder=4, label="mixture")

    if empty:
        top = 1.06 * max(highest, min(TALLEST * highest, float(np.nanmax(total))))
        ax.set_xlim(_widened(ax, "x", low, high))
        ax.set_ylim(_widened(ax, "y", 0.0, top))
        ax.set_xlabel(str(getattr(x, "name", None) or "x"))
        ax.set_ylabel("relative frequency" if discrete else "density")
        if discrete:
            from matplotlib.ticker import MaxNLocator

            ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        ax.spines[["top", "right"]].set_visible(False)
    ax.legend(handles=entries, frameon=False)
    return ax


def _widened(ax: Axes, which: str, low: float, high: float) -> tuple[float, float]:
    """Return limits that also hold those of the axes that share this one and are drawn already."""
    shared = ax.get_shared_x_axes() if which == "x" else ax.get_shared_y_axes()
    drawn = [other for other in shared.get_siblings(ax) if other is not ax and other.has_data()]
    limits = [getattr(other, f"get_{which}lim")() for other in drawn]
    return min([low, *(limit[0] for limit in limits)]), max([high, *(limit[1] for limit in limits)])


def _require_one_column(columns: int | None) -> None:
    if columns not in (1, None):
        raise InvalidDataError(
            f"a density plot shows one column, here are {columns}: plot x[:, j] with a model of that column"
        )


def _new_axes() -> Axes:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError('plots need matplotlib: pip install "general-mixtures[plot]"') from None
    return pyplot.subplots(figsize=FIGURE_SIZE, layout="constrained")[1]


# ------------------------------------------------------------------------------------------------------- data


def _draw_counts(ax: Axes, values: Array, weight: Array) -> tuple[Any, float, tuple[float, float]]:
    """Draw a bar of relative frequency per value; return the bars, the highest one's height, the range to show."""
    counts, place = np.unique(values, return_inverse=True)
    frequencies = np.bincount(place, weight) / weight.sum()
    width = 0.8 if counts[-1] - counts[0] <= 60 else 1.0
    bars = ax.bar(counts, frequencies, width, color=DATA_COLOR, zorder=1, label="data")
    return bars, float(frequencies.max()), (counts[0] - 0.8, counts[-1] + 0.8)


def _draw_histogram(ax: Axes, values: Array, weight: Array) -> tuple[Any, float, tuple[float, float]]:
    """Draw a histogram of unit area; return it, the highest bar's height, and the range to show."""
    edges = _bin_edges(values, weight)
    heights = np.histogram(values, edges, weights=weight)[0] / (weight.sum() * np.diff(edges))
    bars = ax.stairs(heights, edges, fill=True, color=DATA_COLOR, zorder=1, label="data")
    margin = 0.03 * (edges[-1] - edges[0])
    return bars, float(heights.max()), (edges[0] - margin, edges[-1] + margin)


def _bin_edges(values: Array, weight: Array) -> Array:
    """Return bins of the Freedman-Diaconis width, but enough of them to show several modes.

    Rounded data get bins that each hold equally many of the possible values: others would show a comb.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low + np.array([-0.05, 0.05]) * (abs(low) or 1.0)
    # Weights may count repetitions or be of any scale: the rows are worth at least Kish's effective number.
    n = max(weight.sum(), weight.sum() ** 2 / np.sum(weight**2))
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


def _grid(components: Sequence[Distribution], low: float, high: float) -> Array:
    """Return points from low to high at which curves are drawn, dense where a component is narrow."""
    points = [np.linspace(low, high, GRID)]
    for part in (leaf for component in components for leaf in numeric.leaves(component)):
        if part.support.discrete:
            continue
        end = np.array([part.support.low, part.support.high])  # where a density may jump
        points += [end, np.nextafter(end, [-np.inf, np.inf])]
        centre, spread = float(np.squeeze(part.mean)), float(np.squeeze(part.std))
        points.append(centre + spread * np.linspace(-5.0, 5.0, 201))
    grid = np.unique(np.concatenate(points))
    return grid[(grid >= low) & (grid <= high)]
