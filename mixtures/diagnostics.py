"""Does the mixture fit? The climb of the likelihood, rootogram, quantiles and probability integral transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betaincinv, ndtri

from distributions import numeric
from distributions.base import Rng
from distributions.data import Array
from distributions.errors import NotFittedError

from . import em
from .canvas import (
    DATA_COLOR,
    GUIDE_COLOR,
    LINE_STYLES,
    MIXTURE_COLOR,
    POINT_COLOR,
    Drawn,
    add_legend,
    component_colors,
    effective_rows,
    finish,
    line_style,
    weight_label,
    whole_ticks,
    widened,
)
from .curves import bin_edges, grid_of, values_of
from .truncation import as_truncation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .model import MixtureModel

COVERED = 0.95  # of the bands in which a right model's points lie, each by itself
MOST_VALUES = 60  # separate values with a bar of their own; more are grouped
ROUNDING = 1e-14  # relative difference of two log-likelihoods that is none
MOST_POINTS = 400  # of a plot of quantiles


def require_history(model: MixtureModel) -> None:
    """Raise `NotFittedError` unless the model was fitted."""
    if not hasattr(model, "history_"):
        raise NotFittedError("this MixtureModel has no history to plot yet. Call fit(x) first.")


def name_of_objective(model: MixtureModel) -> str:
    """Return what the history of a fitted model holds: what its fit made large, or what its blocks were to it."""
    if model.converged_reason_ == em.REASONS[em.STREAMED]:
        return "mean log density of a block before it was learned"
    if model.log_posterior_ != model.log_likelihood_:
        return "log-posterior"
    return "log-likelihood" if as_truncation(model.truncate).kept is None else "truncated log-likelihood"


def draw_history(
    ax: Axes, model: MixtureModel, *, gap: bool = False, first: int | None = None, label: str | None = None
) -> Axes:
    """Draw what a fit maximised, at its start and after each update.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    model : MixtureModel
        Fitted.
    gap : bool
        Draw how much was missing from the last value, on a logarithmic axis: a straight line is linear convergence.
    first : int, optional
        Draw only so many updates.
    label : str, optional
        Name of the fit in a legend, beside others on the same axes; else a note says where and why it ended.

    Returns
    -------
    matplotlib.axes.Axes
    """
    empty, history = not ax.has_data(), model.history_
    what, is_stream = name_of_objective(model), model.converged_reason_ == em.REASONS[em.STREAMED]
    iteration, values = np.arange(len(history)) + is_stream, history
    if gap:
        least = ROUNDING * np.abs(history).max()
        values = np.maximum(history.max() - history, least)
        end = int(np.argmin(values)) + 1  # what is missing after that is rounding
        iteration, values = iteration[:end], values[:end]
        what = f"{what} still missing"
    if first is not None:
        iteration, values = iteration[iteration <= first], values[iteration <= first]
    others = len(ax.lines)
    color, linestyle = (MIXTURE_COLOR, GUIDE_COLOR)[others % 2], LINE_STYLES[others % len(LINE_STYLES)]
    marker = "o" if len(values) <= MOST_VALUES else ""
    style: dict[str, Any] = {"color": color, "linestyle": linestyle, "marker": marker, "markersize": 4}
    ax.plot(iteration, values, linewidth=1.6, label=label or what, **style)
    if empty and gap:
        ax.set_yscale("log")
    if empty:
        whole_ticks(ax.xaxis)
        if not gap:
            ax.ticklabel_format(axis="y", useOffset=False)
    if label is not None:
        ax.legend(frameon=False)
    else:
        ax.annotate(
            f"{history[-1]:.3f}, {'block' if is_stream else 'iteration'} {model.n_iter_}: {model.converged_reason_}",
            (0.98, 0.9 if gap else 0.08),
            xycoords="axes fraction",
            ha="right",
        )
    return finish(ax, empty, "block" if is_stream else "iteration", what)


def draw_rootogram(ax: Axes, data: Drawn, values: Array) -> Axes:
    """Draw a hanging rootogram: bars of root frequencies hang from the roots of those that the mixture expects.

    Where a bar ends above zero there are fewer rows than expected, below zero more. The root of a count varies by about
    1/2 whatever its size, so that ends beyond the dashed lines at -1 and 1 are two standard deviations away.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn
        Of one column.
    values : ndarray, shape (n,)

    Returns
    -------
    matplotlib.axes.Axes
    """
    empty = not ax.has_data()
    edges = _edges_of_counts(data, values) if data.discrete[0] else bin_edges(values, data.row_weight)
    observed = np.histogram(values, edges, weights=data.row_weight)[0]
    expected = data.row_weight.sum() * np.diff(data.model.cdf(edges))
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    tops = np.sqrt(expected)
    ax.bar(middle, np.sqrt(observed), 0.85 * width, bottom=tops - np.sqrt(observed), color=DATA_COLOR, label="data")
    marker = "o" if len(middle) <= MOST_VALUES else ""
    ax.plot(middle, tops, color=MIXTURE_COLOR, linewidth=1.6, marker=marker, markersize=4, label="mixture", zorder=3)
    ax.axhline(0.0, color=MIXTURE_COLOR, linewidth=0.8, zorder=2)
    for height in (-1.0, 1.0):
        ax.axhline(height, color=GUIDE_COLOR, linewidth=0.8, linestyle="--", zorder=2)
    if empty:
        ends = (min(float((tops - np.sqrt(observed)).min()), -1.0), max(float(tops.max()), 1.0))
        ax.set_ylim(widened(ax, "y", ends[0] - 0.05 * (ends[1] - ends[0]), ends[1] + 0.05 * (ends[1] - ends[0])))
        ax.set_xlim(widened(ax, "x", edges[0] - 0.3 * width[0], edges[-1] + 0.3 * width[-1]))
        if data.discrete[0]:
            whole_ticks(ax.xaxis)
    ax.legend(frameon=False)
    return finish(ax, empty, data.columns[0], "root of the frequency")


def _edges_of_counts(data: Drawn, values: Array) -> Array:
    """Return edges between whole numbers, groups of equally many of them where they are too many to be seen."""
    low, high = float(values.min()), float(values.max())
    first = data.model.support.low
    if low - first <= MOST_VALUES / 2:  # counts begin at 0, whether it occurs or not
        low = float(np.ceil(first))
    step = np.ceil((high - low + 1.0) / MOST_VALUES)
    return low - 0.5 + step * np.arange(np.ceil((high - low + 1.0) / step) + 1.0)


# -------------------------------------------------------------------------------------------------- residuals


def transformed(data: Drawn, values: Array, rng: Rng = 0) -> Array:
    """Return the probability integral transform of each row: uniform from 0 to 1 where the model is right.

    Where the cdf F jumps, as for counts, it is drawn uniformly between F(x-) and F(x): Dunn & Smyth, Journal of
    Computational and Graphical Statistics 5 (1996).

    Parameters
    ----------
    data : Drawn
        Of one column.
    values : ndarray, shape (n,)
    rng : int, numpy.random.Generator or None
        Seed or generator of these draws.

    Returns
    -------
    ndarray, shape (n,)
    """
    distinct, place = np.unique(values, return_inverse=True)
    upper = data.model.cdf(distinct)
    if not _jumps(data):
        return upper[place]
    lower = data.model.cdf(np.nextafter(distinct, -np.inf))
    share = np.random.default_rng(rng).uniform(size=len(values))
    return lower[place] + share * (upper - lower)[place]


def _jumps(data: Drawn) -> bool:
    """Whether some values have a positive probability."""
    return any(leaf.support.discrete or leaf.atoms for leaf in numeric.leaves(data.model))


def draw_pit(ax: Axes, data: Drawn, values: Array, rng: Rng = 0) -> Axes:
    """Draw a histogram of the probability integral transforms: level where the mixture is right.

    Each bar of a right mixture lies between the dashed lines with probability 95 %. Bars higher in the middle tell of
    too wide a mixture, at the ends of too narrow a one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn
        Of one column.
    values : ndarray, shape (n,)
    rng : int, numpy.random.Generator or None

    Returns
    -------
    matplotlib.axes.Axes
    """
    empty, n = not ax.has_data(), effective_rows(data.row_weight)
    n_bars = int(np.clip(np.round(2.0 * np.cbrt(n)), 5, 20))
    heights, edges = np.histogram(transformed(data, values, rng), n_bars, (0.0, 1.0), weights=data.row_weight)
    heights = heights * n_bars / data.row_weight.sum()
    spread = ndtri(0.5 + COVERED / 2) * np.sqrt((n_bars - 1) / n)  # of a binomial number with probability 1 / n_bars
    ax.stairs(heights, edges, fill=True, color=DATA_COLOR, label="data", zorder=1)
    ax.axhline(1.0, color=MIXTURE_COLOR, linewidth=1.6, label="mixture", zorder=3)
    for end, label in ((max(1.0 - spread, 0.0), "95 %"), (1.0 + spread, "_95 %")):
        ax.axhline(end, color=MIXTURE_COLOR, linewidth=1.0, linestyle="--", label=label, zorder=2)
    if empty:
        ax.set_xlim(0.0, 1.0)
        ax.set_ylim(0.0, 1.3 * max(heights.max(), 1.0 + spread))
    ax.legend(frameon=False, loc="upper center", ncols=3)
    kind = "randomised transform F(x)" if _jumps(data) else "transform F(x)"
    return finish(ax, empty, f"{kind} of {data.columns[0]}", "density")


def _band(level: Array, n: float) -> tuple[Array, Array]:
    """Return between which probabilities order statistics of n rows lie, `COVERED` of the time, shapes of level."""
    rank, tail = n * level + 0.5, (1.0 - COVERED) / 2
    return betaincinv(rank, n + 1.0 - rank, tail), betaincinv(rank, n + 1.0 - rank, 1.0 - tail)


def draw_qq(ax: Axes, data: Drawn, values: Array, rng: Rng = 0) -> Axes:
    """Draw quantiles of the data against those of the mixture, on a line where it is right.

    Each point of a right mixture lies in the band with probability 95 %: order statistics of a uniform sample follow
    beta distributions. Where the cdf jumps, as for counts, they are normal quantiles of the randomised transforms.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn
        Of one column.
    values : ndarray, shape (n,)
    rng : int, numpy.random.Generator or None

    Returns
    -------
    matplotlib.axes.Axes
    """
    empty, n, randomised = not ax.has_data(), effective_rows(data.row_weight), _jumps(data)
    observed = ndtri(transformed(data, values, rng)) if randomised else values
    order = np.argsort(observed, kind="stable")
    weight = data.row_weight[order]
    level = (np.cumsum(weight) - weight / 2) / weight.sum()
    shown = np.unique(np.linspace(0, len(order) - 1, MOST_POINTS).round().astype(int))
    observed, level = observed[order][shown], level[shown]
    levels = np.stack([level, *_band(level, n)])
    expected, low, high = ndtri(levels) if randomised else data.model.ppf(levels)
    ax.fill_between(expected, low, high, color=GUIDE_COLOR, alpha=0.25, linewidth=0, label="95 %", zorder=1)
    ends = [min(expected[0], observed[0]), max(expected[-1], observed[-1])]
    ax.plot(ends, ends, color=MIXTURE_COLOR, linewidth=1.6, label="mixture", zorder=2)
    ax.plot(expected, observed, "o", color=POINT_COLOR, markersize=3.5, markeredgewidth=0, label="data", zorder=3)
    ax.legend(frameon=False, loc="upper left")
    if randomised:
        return finish(ax, empty, "standard normal quantiles", f"randomised residuals of {data.columns[0]}")
    return finish(ax, empty, f"quantiles of the mixture, {data.columns[0]}", "quantiles of the data")


# --------------------------------------------------------------------------------------------------- survival


def draw_survival(ax: Axes, data: Drawn, values: Array) -> Axes:
    """Draw the share of rows above each value, on a logarithmic axis, with those of mixture and components.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    data : Drawn
        Of one column.
    values : ndarray, shape (n,)

    Returns
    -------
    matplotlib.axes.Axes
    """
    empty, n = not ax.has_data(), effective_rows(data.row_weight)
    distinct, place = np.unique(values, return_inverse=True)
    held = np.bincount(place, data.row_weight) / data.row_weight.sum()
    above = np.append(np.cumsum(held[:0:-1])[::-1], 0.0)
    low, high = _range_of_survival(data, distinct)
    margins = data.margins([0]) or []
    discrete = bool(data.discrete[0])
    points = np.unique(
        np.concatenate([values_of(margin, low, high) for margin in margins])
        if discrete
        else np.append(grid_of(margins, low, high), distinct)
    )
    drawstyle = "steps-post" if discrete else "default"
    entries: list[Any] = ax.step(
        np.concatenate([[low], distinct, [high]]),
        np.concatenate([[1.0], above, [0.0]]),
        where="post",
        color=GUIDE_COLOR,
        linewidth=1.6,
        label="data",
        zorder=3,
    )
    if not _jumps(data):  # of order statistics, which counts have none of
        level = 1.0 - (above + held / 2)
        ends = data.model.ppf(np.stack(_band(level, n)))
        ax.fill_betweenx(1.0 - level, *ends, color=GUIDE_COLOR, alpha=0.25, linewidth=0, label="95 %", zorder=1)
        entries.append(ax.collections[-1])
    colors = component_colors(len(data.weights))
    if len(margins) > 1:
        for k, (name, share, margin) in enumerate(zip(data.names, data.weights, margins, strict=True)):
            entries += ax.plot(
                points,
                share * (1.0 - margin.distribution.cdf(points)),
                color=colors[k],
                linestyle=line_style(k),
                linewidth=2.0,
                drawstyle=drawstyle,
                label=weight_label(name, share),
                zorder=2,
            )
    survival = 1.0 - data.model.cdf(points)
    entries += ax.plot(
        points, survival, color=MIXTURE_COLOR, linewidth=1.6, drawstyle=drawstyle, label="mixture", zorder=4
    )
    if empty:
        ax.set_yscale("log")
        ax.set_ylim(widened(ax, "y", 0.5 / n, 1.25))
        ax.set_xlim(widened(ax, "x", low, high))
    add_legend(ax, entries)
    return finish(ax, empty, data.columns[0], "survival (share above)")


def _range_of_survival(data: Drawn, distinct: Array) -> tuple[float, float]:
    """Return the range to show: from the lowest possible value, if it is not far below the data."""
    low, high = float(distinct[0]), float(distinct[-1])
    margin = 0.03 * (high - low) or 0.05 * (abs(low) or 1.0)
    first = data.model.support.low
    return (first if low - first <= (high - low) / 2 else low - margin), high + margin
