"""Two columns and more: rows in the colour of their component, and where each component lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.data import Array
from distributions.errors import InvalidDataError, InvalidParameterError

from .canvas import (
    MARKERS,
    Drawn,
    Margin,
    add_legend,
    chosen_columns,
    component_colors,
    finish,
    line_style,
    new_axes,
    tick_labels,
    weight_label,
    whole_ticks,
)
from .curves import draw_density

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HELD = (0.5, 0.9)  # shares of a component inside its contours
GRID = 161  # points of a contour's grid in each direction
BEYOND = 0.08  # margin around the data, of their range
JITTER = 0.22  # largest shift of a separate value, so that rows with equal ones can be seen
MOST_COLUMNS = 8
MOST_INSIDE = 4  # entries of a legend on top of points and contours
MOST_SHAPES = 5000  # points that a PDF or SVG holds as shapes; more are an image in it
ROOM = 12  # letters that labels of categories may have together below a small panel


def draw_plane(ax: Axes, data: Drawn, columns: Sequence[int] = (0, 1), *, legend: bool = True) -> Axes:
    """Draw two columns: rows as points in the colour of their component, and contours of each one.

    Inside the contours are 50 and 90 % of a component: for normals they are ellipses. Columns of separate values have
    none, and their points are shifted a little at random, the same way each time.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn
    columns : sequence of two int
        Those on the horizontal and the vertical axis.
    legend : bool
        Whether to draw one.

    Returns
    -------
    matplotlib.axes.Axes
    """
    empty = not ax.has_data()
    entries = draw_points(ax, data, columns)
    margins = None if data.discrete[list(columns)].any() else data.margins(columns)
    if empty:
        for axis, j in zip((ax.xaxis, ax.yaxis), columns, strict=True):
            low, high = limits(data, j)
            (ax.set_xlim if axis is ax.xaxis else ax.set_ylim)(low, high)
            labels = data.labels[j]
            if labels is not None:
                tick_labels(axis, labels)
            elif data.discrete[j]:
                whole_ticks(axis)
    if margins is not None:
        draw_contours(ax, margins)
    finish(ax, empty, *(data.columns[j] for j in columns))
    if legend:
        title = None if margins is None else f"contours hold {HELD[0]:.0%} and {HELD[1]:.0%}".replace("%", " %")
        add_legend(ax, entries, title, MOST_INSIDE)
    return ax


def draw_points(ax: Axes, data: Drawn, columns: Sequence[int], area: Array | None = None) -> list[Any]:
    """Draw rows as points; return one entry of a legend for each component.

    A row has colour and marker of its most probable component. Where the data say what components have of it, it has
    their colours mixed, and the marker of the one that has most.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn
    columns : sequence of two int
    area : ndarray, shape (n,), optional
        Relative areas of the points; by default the rows' weights.
    """
    owner = (data.responsibilities if data.shares is None else data.shares).argmax(axis=1)
    colors = _colors(data, owner)
    points = np.column_stack([_spread_out(data, j) for j in columns])
    area = data.row_weight / data.row_weight.mean() if area is None else area
    size = float(np.clip(6000.0 / len(points), 3.0, 22.0))
    for k, name in enumerate(data.names):
        mine = owner == k
        ax.scatter(
            points[mine, 0],
            points[mine, 1],
            s=size * area[mine],
            c=colors[mine],
            marker=MARKERS[k % len(MARKERS)],
            alpha=0.55,
            linewidths=0,
            zorder=2,
            label=name,
            rasterized=len(points) > MOST_SHAPES,
        )
    return _entries(data)


def _colors(data: Drawn, owner: Any) -> Array:
    """Return the colour of each row, shape (n, 3)."""
    from matplotlib.colors import to_rgb

    colors = np.array([to_rgb(color) for color in component_colors(len(data.names))])
    return colors[owner] if data.shares is None else np.clip(data.shares @ colors, 0.0, 1.0)


def _entries(data: Drawn) -> list[Any]:
    """Return an entry of a legend for each component."""
    from matplotlib.lines import Line2D

    colors = component_colors(len(data.names))
    styles = [
        {"color": color, "linestyle": line_style(k), "marker": MARKERS[k % len(MARKERS)]}
        for k, color in enumerate(colors)
    ]
    labels = [weight_label(name, share) for name, share in zip(data.names, data.weights, strict=True)]
    return [Line2D([], [], markersize=5, label=label, **style) for label, style in zip(labels, styles, strict=True)]


def draw_contours(ax: Axes, margins: Sequence[Margin]) -> None:
    """Draw around each component the lines of equal density that hold 50 and 90 % of it, inside the axes' limits.

    A region {density > c} holds the share of draws whose density exceeds c (Hyndman, The American Statistician 50,
    1996): so levels are quantiles of the density of draws, for any family.
    """
    from matplotlib.patheffects import withStroke

    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for k, (margin, color) in enumerate(zip(margins, component_colors(len(margins)), strict=True)):
        draws = margin.draws()
        heights = margin.log_pdf(draws)
        levels = np.unique(np.quantile(heights, 1.0 - np.array(HELD)))
        # A grid of the part that is seen of where the component lies, so that a narrow one has a smooth outline.
        inner = draws[heights >= levels[0]]
        (low_x, low_y), (high_x, high_y) = inner.min(axis=0), inner.max(axis=0)
        edge_x, edge_y = 0.1 * (high_x - low_x), 0.1 * (high_y - low_y)
        low_x, high_x = max(low_x - edge_x, left), min(high_x + edge_x, right)
        low_y, high_y = max(low_y - edge_y, bottom), min(high_y + edge_y, top)
        if not (low_x < high_x and low_y < high_y):  # outside the picture
            continue
        grid_x, grid_y = np.linspace(low_x, high_x, GRID), np.linspace(low_y, high_y, GRID)
        mesh = np.stack(np.meshgrid(grid_x, grid_y), axis=-1)
        surface = margin.log_pdf(mesh.reshape(-1, 2)).reshape(GRID, GRID)
        # Where the density is zero its logarithm has no lines: far below all levels is enough.
        surface = np.maximum(surface, levels[0] - 50.0)
        if surface.max() <= levels[0] or len(levels) < 2:
            continue
        lines = ax.contour(
            grid_x, grid_y, surface, levels, colors=color, linestyles=line_style(k), linewidths=[1.1, 1.8], zorder=3
        )
        lines.set_path_effects([withStroke(linewidth=3.5, foreground="white", alpha=0.8)])  # seen among many points


def draw_pairs(data: Drawn, columns: Sequence[str | int] | None, ax: Any = None) -> Any:
    """Draw each pair of columns below the diagonal, and the density of each column on it.

    Parameters
    ----------
    data : Drawn
    columns : sequence of str or int, optional
        Which ones, by name or place; all by default.
    ax : ndarray of matplotlib.axes.Axes, shape (m, m), optional

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (m, m)
        Those above the diagonal are hidden.

    Raises
    ------
    InvalidParameterError
        If there is no such column, or the axes are not m x m.
    InvalidDataError
        If there are fewer than two columns or too many.
    """
    chosen = chosen_columns(data, columns, "a pairs plot", MOST_COLUMNS)
    if len(chosen) < 2 or len(set(chosen)) < len(chosen):
        raise InvalidDataError(f"a pairs plot needs two different columns or more; got {len(chosen)}")
    m = len(chosen)
    if ax is None:
        side = max(1.9 * m, 5.0)
        ax = new_axes(m, m, (side, side))
    axes = np.asarray(ax, dtype=object)
    if axes.shape != (m, m):
        raise InvalidParameterError(
            f"a pairs plot of {m} columns needs ax of shape ({m}, {m}), such as subplots({m}, {m})[1]; "
            f"got shape {axes.shape}"
        )
    for row in range(m):
        for column in range(m):
            ax = axes[row, column]
            if column > row:
                ax.set_axis_off()
            elif column == row:
                draw_density(ax, data, chosen[row], legend=False)
                ax.set_yticks([])
                ax.set_ylabel("density" if row == 0 else "")
                ax.set_xlim(limits(data, chosen[row]))
            else:
                draw_plane(ax, data, (chosen[column], chosen[row]), legend=False)
            if column <= row < m - 1:
                ax.set_xlabel("")
                ax.tick_params(labelbottom=False)
            if 0 < column < row:
                ax.set_ylabel("")
                ax.tick_params(labelleft=False)
            ax.tick_params(labelsize="small")
            thin_out(ax.xaxis, data.labels[chosen[column]], rotate=True)
            if column < row:
                thin_out(ax.yaxis, data.labels[chosen[row]])
    _legend_above_the_diagonal(axes, data)
    return axes


def thin_out(axis: Any, labels: dict[float, Any] | None, rotate: bool = False) -> None:
    """Leave few ticks at the axis of a small panel, and turn long labels."""
    from matplotlib.ticker import MaxNLocator

    if labels is None:
        whole = getattr(axis.get_major_locator(), "_integer", False)
        axis.set_major_locator(MaxNLocator(4, integer=whole))
    elif rotate and sum(len(str(label)) for label in labels.values()) > ROOM:
        axis.set_tick_params(labelrotation=90)


def _legend_above_the_diagonal(axes: Any, data: Drawn) -> None:
    # It is wider than a panel, which must not widen the panels below it.
    axes[0, -1].legend(handles=_entries(data), frameon=False, loc="upper right").set_in_layout(False)


def limits(data: Drawn, column: int) -> tuple[float, float]:
    """Return the range in which a column is shown."""
    values = data.rows[:, column]
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if data.discrete[column]:
        return low - 0.6, high + 0.6
    edge = BEYOND * (high - low) or 0.05 * (abs(low) or 1.0)
    return low - edge, high + edge


def _spread_out(data: Drawn, column: int) -> Array:
    """Return a column, separate values shifted a little so that equal ones are not on top of each other."""
    values = data.rows[:, column]
    if not data.discrete[column]:
        return values
    return values + np.random.default_rng(column).uniform(-JITTER, JITTER, len(values))
