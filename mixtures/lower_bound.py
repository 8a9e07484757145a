"""How EM climbs: along one parameter, lower bounds of the log-likelihood that touch it where EM stands.

With the responsibilities r of some parameters, the sum over rows of weight times sum_k r_k log(w_k f_k(x) / r_k) is at
most the log-likelihood, and equal to it at these parameters (Neal & Hinton 1998).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from distributions.arguments import require_whole
from distributions.data import Array
from distributions.errors import InvalidParameterError
from distributions.outline import split_name

from . import posterior
from .canvas import GUIDE_COLOR, MIXTURE_COLOR, component_colors, drawn, finish, line_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .model import MixtureModel

GRID = 301  # values of the parameter at which curves are drawn
MARGIN = 0.3  # around the values that EM goes through, of their range
MOST = 20  # bounds that can be told apart


class Climb(NamedTuple):
    """The log-likelihood along one parameter, and the values that EM goes through.

    Attributes
    ----------
    parameter : str
        Component and parameter, such as "taller.mean".
    component : int
        Place of the component.
    values : ndarray, shape (steps + 1,)
        The start, and the value after each update.
    log_likelihood : callable
        Of one value.
    bound : callable
        Of one value, and of the value at which the bound touches.
    allowed : tuple of two float
        Ends of the parameter's domain.
    """

    parameter: str
    component: int
    values: Array
    log_likelihood: Callable[[float], float]
    bound: Callable[[float, float], float]
    allowed: tuple[float, float]


def climb(
    model: MixtureModel, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None, parameter: str, steps: int
) -> Climb:
    """Return EM's climb along one parameter, all others as they are.

    Raises
    ------
    InvalidParameterError
        If there is no such parameter or it is no number, or steps is no number of updates.
    """
    require_whole("MixtureModel", "steps", steps, least=1, most=MOST)
    data = drawn(model, x, sample_weight)
    names, parts = data.names, data.components
    owner, name = split_name(parameter, dict(zip(names, parts, strict=True)))
    k = 0 if owner is None else names.index(owner)
    known: dict[str, Any] = {} if owner is None else getattr(parts[k], "parameters", {})
    if not isinstance(known.get(name), (int, float)):
        raise InvalidParameterError(
            f"MixtureModel has no parameter {parameter!r} that is a number: name a component and its parameter, such "
            f"as {_example(names, parts)!r}"
        )
    (domain,) = [declared.domain for declared in parts[k].declared if declared.name == name]

    def joint(value: float) -> Array:
        moved = [*parts[:k], parts[k].with_values(**{name: value}), *parts[k + 1 :]]
        return posterior.log_joint(moved, data.weights, data.rows)

    def log_likelihood(value: float) -> float:
        return float(data.row_weight @ np.logaddexp.reduce(joint(value), axis=0))

    def bound(value: float, touching: float) -> float:
        shares = posterior.shares(joint(touching))
        expected = np.where(shares > 0.0, shares, 0.0) * np.where(shares > 0.0, joint(value), 0.0)
        return float(data.row_weight @ np.sum(expected - xlogy(shares, shares), axis=0))

    held = [part.freeze() for part in parts]
    others = [other for other in known if other != name]
    held[k] = parts[k].freeze(*others) if others else parts[k]
    plain = type(model)(held, weights=data.weights, freeze_weights=True, accelerate=None)
    walk = plain.iter_fit(data.rows, data.row_weight)
    values = [getattr(step.components[k], name) for step in islice(walk, steps + 1)]  # type: ignore[index]
    return Climb(parameter, k, np.array(values), log_likelihood, bound, (domain.low, domain.high))


def _example(names: list[str], parts: list[Any]) -> str:
    """Return the name of a parameter that would do."""
    found = [
        f"{name}.{parameter}"
        for name, part in zip(names, parts, strict=True)
        for parameter, value in getattr(part, "parameters", {}).items()
        if isinstance(value, float)
    ]
    return found[0] if found else "a.mean"


def draw_climb(ax: Axes, path: Climb, values: tuple[float, float] | None = None) -> Axes:
    """Draw the log-likelihood along the parameter, the bound at each value of EM, and the way from one to the next.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    path : Climb
    values : tuple of two float, optional
        Range of the parameter.

    Returns
    -------
    matplotlib.axes.Axes
    """
    empty, color = not ax.has_data(), component_colors(path.component + 1)[-1]
    if values is None:
        edge = MARGIN * (np.ptp(path.values) or 1.0)
        values = max(path.values.min() - edge, path.allowed[0]), min(path.values.max() + edge, path.allowed[1])
    elif np.shape(values) != (2,) or not np.isrealobj(values) or not np.isfinite(np.asarray(values, dtype=float)).all():
        raise InvalidParameterError(f"values must be two finite numbers, the range of the parameter; got {values!r}")
    grid = np.linspace(*values, GRID)[1:-1]  # the ends may lie outside the domain
    heights = np.array([path.log_likelihood(value) for value in grid])
    reached = np.array([path.log_likelihood(value) for value in path.values])
    ax.plot(grid, heights, color=MIXTURE_COLOR, linewidth=2.0, label="log-likelihood", zorder=3)
    for step, (here, there) in enumerate(zip(path.values[:-1], path.values[1:], strict=True)):
        below = [path.bound(value, here) for value in grid]
        label = "_bound" if step else "lower bound, touching at a dot"
        ax.plot(grid, below, color=color, linestyle=line_style(path.component), linewidth=1.4, label=label, zorder=2)
        top = path.bound(there, here)
        ax.plot([there] * 2, [top, reached[step + 1]], color=GUIDE_COLOR, linestyle=":", linewidth=1.4, zorder=2)
        ax.plot([there], [top], "^", color=color, markersize=6, label="_top" if step else "its top: the next value")
    ax.plot(path.values, reached, "o", color=MIXTURE_COLOR, markersize=6, zorder=4, label="_values")
    for step, (value, height) in enumerate(zip(path.values, reached, strict=True)):
        ax.annotate(str(step), (value, height), (-4, 5), textcoords="offset points", ha="right")
    if empty:
        low, high = min(heights.min(), reached.min()), max(heights.max(), reached.max())
        ax.set_ylim(low - 0.05 * (high - low), high + 0.1 * (high - low))  # bounds fall far below
        ax.ticklabel_format(axis="y", useOffset=False)
    ax.legend(frameon=False)
    return finish(ax, empty, path.parameter, "log-likelihood")
