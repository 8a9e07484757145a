"""Which component a row came from, and how sure that is: responsibilities and uncertainty as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.data import Array
from distributions.errors import InvalidDataError

from . import posterior
from .canvas import (
    DATA_COLOR,
    GUIDE_COLOR,
    MIXTURE_COLOR,
    Drawn,
    add_legend,
    component_colors,
    draw_rug,
    finish,
    legend_above,
    line_style,
    thinned,
    tick_labels,
    whole_ticks,
)
from .contours import draw_points, limits
from .curves import grid_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRID = 601  # whole numbers at which responsibilities are drawn, if they do not occur
PIXELS = 301  # of decision regions in each direction
TINT = 0.4  # strongest colour of a region: points must show on it
SHADES = 32  # of each colour: more cannot be told apart, and make large files
SMALLEST, LARGEST = 0.25, 4.0  # areas of the points of certain and of doubtful rows, relative to the usual one


def draw_responsibilities(ax: Axes, data: Drawn) -> Axes:
    """Draw the probability of each component: over the values of one column, else for each row.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn

    Returns
    -------
    matplotlib.axes.Axes
        Of one column a curve for each component, and the data as marks. Of several a bar for each row, divided among
        the components, the rows in the order of their most probable component and of its probability.
    """
    empty, names, colors = not ax.has_data(), data.names, component_colors(len(data.weights))
    if data.rows.shape[1] == 1:
        points, shares = _over_values(data)
        for k, (name, color, share) in enumerate(zip(names, colors, shares, strict=True)):
            style = {"linestyle": line_style(k)} | _dots(data, points)
            ax.plot(points, share, color=color, linewidth=2.0, zorder=3, label=name, **style)
        _finish_values(ax, data, empty, "responsibility", 1.0)
    else:
        probability = data.responsibilities
        order = np.lexsort([-probability.max(axis=1), probability.argmax(axis=1)])
        ends = np.cumsum(data.row_weight[order])
        shown = thinned(np.arange(len(order)))  # of many rows, each stands for those before it
        order, ends = order[shown], np.concatenate([[0.0], ends[shown]])
        below = np.zeros(len(order))
        for name, color, share in zip(names, colors, probability[order].T, strict=True):
            ax.stairs(below + share, ends, baseline=below, fill=True, color=color, linewidth=0, label=name)
            below = below + share
        weighted = not np.all(data.row_weight == 1.0)
        if empty:
            ax.set_xlim(0.0, ends[-1])
            ax.set_ylim(0.0, 1.0)
        finish(ax, empty, "total weight of the rows, sorted" if weighted else "rows, sorted", "responsibility")
    legend_above(ax, *ax.get_legend_handles_labels())
    return ax


def draw_uncertainty(ax: Axes, data: Drawn) -> Axes:
    """Draw the probability that the most probable component is the wrong one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn

    Returns
    -------
    matplotlib.axes.Axes
        Of one column a curve over its values, in the colour of the most probable component, and the data as marks. Of
        two columns points that grow with the doubt. Of more the rows in ascending order of it.
    """
    empty, colors, d = not ax.has_data(), component_colors(len(data.weights)), data.rows.shape[1]
    worst = 1.0 - 1.0 / len(data.weights)
    if d == 1:
        points, shares = _over_values(data)
        doubt, owner = 1.0 - shares.max(axis=0), shares.argmax(axis=0)
        linestyle = "" if data.labels[0] else "-"
        ax.plot(points, doubt, linestyle=linestyle, color=DATA_COLOR, linewidth=1.0, zorder=1, label="_all")
        for k, (name, color) in enumerate(zip(data.names, colors, strict=True)):
            mine = np.where(owner == k, doubt, np.nan)
            if np.isfinite(mine).any():
                style = {"linestyle": line_style(k)} | _dots(data, points)
                ax.plot(points, mine, color=color, linewidth=2.0, label=name, **style)
        _finish_values(ax, data, empty, "uncertainty", max(worst, 0.05))
        legend_above(ax, *ax.get_legend_handles_labels())
        return ax
    doubt = 1.0 - data.responsibilities.max(axis=1)
    if d == 2:
        relative = doubt / worst if worst else doubt
        entries = draw_points(ax, data, (0, 1), SMALLEST + (LARGEST - SMALLEST) * relative)
        if empty:
            ax.set_xlim(limits(data, 0))
            ax.set_ylim(limits(data, 1))
            for axis, labels in zip((ax.xaxis, ax.yaxis), data.labels, strict=True):
                if labels is not None:
                    tick_labels(axis, labels)
        finish(ax, empty, *data.columns)
        ax.legend(handles=entries, title="larger: less certain", frameon=False, alignment="left")
        return ax
    order = np.argsort(doubt, kind="stable")
    ends = np.cumsum(data.row_weight[order])
    shown = thinned(np.arange(len(order)))
    order, ends = order[shown], np.concatenate([[0.0], ends[shown]])
    ax.stairs(doubt[order], ends, fill=True, color=DATA_COLOR)
    ax.stairs(doubt[order], ends, color=MIXTURE_COLOR, linewidth=1.6)
    ax.axhline(worst, color=GUIDE_COLOR, linewidth=1.0, linestyle=":")
    ax.annotate("greatest possible", (0.01, worst), xycoords=("axes fraction", "data"), va="bottom", color=GUIDE_COLOR)
    if empty:
        ax.set_xlim(0.0, ends[-1])
        ax.set_ylim(0.0, 1.15 * worst if worst else 1.0)
    return finish(ax, empty, "rows, sorted", "uncertainty")


def require_plane(data: Drawn) -> None:
    """Raise `InvalidDataError` unless there are two columns of values that are not separate."""
    if data.rows.shape[1] != 2:
        raise InvalidDataError(
            f"decision regions show two columns, here are {data.rows.shape[1]}: use plot.responsibilities(x)"
        )
    if data.discrete.any():
        raise InvalidDataError(
            f"decision regions lie between values, and column {data.columns[int(data.discrete.argmax())]!r} holds "
            "separate ones: use plot.responsibilities(x)"
        )


def draw_decision_regions(ax: Axes, data: Drawn, *, soft: bool = True) -> Axes:
    """Draw two columns, and behind them which component each place would be given to.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn
        Of two columns, none of separate values.
    soft : bool
        Whether a region is the paler, the less certain its component is there: white where all are as probable.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.colors import to_rgb

    empty, n = not ax.has_data(), len(data.weights)
    if empty:
        ax.set_xlim(limits(data, 0))
        ax.set_ylim(limits(data, 1))
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    grid_x, grid_y = np.linspace(left, right, PIXELS), np.linspace(bottom, top, PIXELS)
    mesh = np.stack(np.meshgrid(grid_x, grid_y), axis=-1).reshape(-1, 2)
    shares = _shares(data, mesh)
    owner, reached = shares.argmax(axis=0), np.isfinite(shares).all(axis=0)
    least = 1.0 / n
    sure = (shares.max(axis=0) - least) / (1.0 - least) if soft and n > 1 else np.ones(len(mesh))
    sure = np.round(sure * SHADES) / SHADES
    depth = np.where(reached, TINT * sure, 0.0)[:, np.newaxis]
    colors = np.array([to_rgb(color) for color in component_colors(n)])
    image = 1.0 - depth * (1.0 - colors[owner])
    half_x, half_y = (grid_x[1] - grid_x[0]) / 2, (grid_y[1] - grid_y[0]) / 2
    extent = (left - half_x, right + half_x, bottom - half_y, top + half_y)
    ax.imshow(
        image.reshape(PIXELS, PIXELS, 3),
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        zorder=0,
    )
    ax.set(xlim=(left, right), ylim=(bottom, top))
    for k in range(n):  # where one takes over from the best of the others
        others = np.delete(shares, k, axis=0).max(axis=0) if n > 1 else shares[0]
        lead = np.where(reached, shares[k] - others, np.nan).reshape(PIXELS, PIXELS)
        if np.nanmin(lead) < 0.0 < np.nanmax(lead):
            ax.contour(grid_x, grid_y, lead, [0.0], colors=MIXTURE_COLOR, linewidths=0.8, zorder=1)
    entries = draw_points(ax, data, (0, 1))
    finish(ax, empty, *data.columns)
    add_legend(ax, entries)
    return ax


def _shares(data: Drawn, points: Array) -> Array:
    """Return the responsibilities at points, shape (m, d), as (K, m): NaN where no component reaches."""
    return posterior.shares(posterior.log_joint(data.components, data.weights, points))


def _over_values(data: Drawn) -> tuple[Array, Array]:
    """Return values of the one column, shape (m,), and the responsibilities there, shape (K, m), NaN if undefined."""
    low, high = limits(data, 0)
    if data.discrete[0]:
        points = np.arange(np.ceil(low), np.floor(high) + 1.0)
        if len(points) > GRID:
            points = np.unique(data.rows[:, 0])
    else:
        grid = grid_of(data.margins([0]) or [], low, high)
        points = np.union1d(grid, thinned(np.unique(data.rows[:, 0])))
    return points, _shares(data, points[:, np.newaxis])


def _dots(data: Drawn, points: Array) -> dict[str, Any]:
    """Return the style of a line that is known at separate values only."""
    if not data.discrete[0] or len(points) > 60:
        return {}
    return {"marker": "o", "markersize": 5, **({"linestyle": ""} if data.labels[0] else {})}


def _finish_values(ax: Axes, data: Drawn, empty: bool, ylabel: str, top: float) -> None:
    """Mark the data below the curves, and set limits and labels."""
    bottom = draw_rug(ax, data.rows[:, 0], top)
    if empty:
        ax.set_xlim(limits(data, 0))
        ax.set_ylim(bottom, 1.03 * top)
        labels = data.labels[0]
        if labels is not None:
            tick_labels(ax.xaxis, labels)
        elif data.discrete[0]:
            whole_ticks(ax.xaxis)
    finish(ax, empty, data.columns[0], ylabel)
