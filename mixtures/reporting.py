"""A mixture as a table to read: plain text for terminals, HTML for notebooks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions.base import Distribution
from distributions.domains import PositiveDefinite

from .plotting import component_colors

if TYPE_CHECKING:
    from .model import MixtureModel

WIDTH = 100
SHOWN = 6  # entries of a vector
DIGITS = 4  # significant ones
_HEADINGS = ("component", "family", "weight", "count", "parameters")


def summary(model: MixtureModel) -> str:
    """Return a plain table of the components, and below it the criteria and how the fit ended.

    Parameters
    ----------
    model : MixtureModel
        Fitted or not; what is unknown is shown as "?".

    Returns
    -------
    str
        Lines of at most 100 characters, unless a name is very long. The weight and the effective count of a
        nested component are its share of all rows, so that they add up to those of the mixture it is in.
    """
    rows = list(_rows(model))
    cells = [("  " * row.depth + row.name, row.family, row.weight, row.count) for row in rows]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *cells, strict=False)]
    adjust = (str.ljust, str.ljust, str.rjust, str.rjust)
    left = sum(widths) + 2 * len(widths)
    lines = []
    for row, parameters in zip((_HEADINGS[:4], *cells), (["parameters"], *_parameter_lines(rows, WIDTH - left)), strict=True):
        start = "  ".join(place(text, width) for place, text, width in zip(adjust, row, widths, strict=True))
        lines += [f"{lead:{left}}{text}".rstrip() for lead, text in zip((start, *[""] * len(parameters)), parameters, strict=False)]
    facts = [f"{key:16} {value}" for key, value in _facts(model)]
    return "\n".join([_title(model), "", *lines, *([""] if facts else []), *facts])


def html(model: MixtureModel) -> str:
    """Return the content of `summary` as an HTML table, each component marked with its colour in plots.

    Parameters
    ----------
    model : MixtureModel

    Returns
    -------
    str
        A fragment without scripts, with all names escaped.
    """
    rows = list(_rows(model))
    colors = iter(component_colors(sum(row.depth == 0 for row in rows)))
    body = []
    for row in rows:
        mark = f'<span style="color:{next(colors)}">&#9632;</span> ' if row.depth == 0 else "&emsp;" * 2 * row.depth
        parameters = ", ".join(row.parameters)
        cells = f"<td>{row.weight}<td>{row.count}{_LEFT}{escape(parameters)}"
        body.append(f"<tr>{_LEFT}{mark}{escape(row.name)}{_LEFT}{escape(row.family)}{cells}")
    head = "".join(f"<th>{text}" for text in _HEADINGS)
    facts = "<br>".join(f"{key}: {escape(value.strip())}" for key, value in _facts(model))
    return "\n".join(
        [f"<p>{escape(_title(model))}</p>", f"<table><tr>{head}", *body, "</table>", *([f"<p>{facts}</p>"] if facts else [])]
    )


_LEFT = '<td style="text-align:left">'


class _Row(NamedTuple):
    depth: int
    name: str
    family: str
    weight: str
    count: str
    parameters: list[str]


def _rows(model: MixtureModel) -> Iterator[_Row]:
    counts = iter(model._part_counts if hasattr(model, "weights_") else ())
    return _rows_of(model, 1.0, counts, 0)


def _rows_of(mixture: MixtureModel, share: float | None, counts: Iterator[float], depth: int) -> Iterator[_Row]:
    """Yield a row per component, nested ones after their mixture; ``counts`` are those of the flattened parts."""
    from .model import MixtureModel  # here, because the model imports this module

    if mixture.unknown:
        components, known = list(mixture._given().values()), mixture._given_weights()
    else:
        components, known = mixture._current("be shown")
    weights: Iterable[float | None] = [None] * len(components) if known is None else known.tolist()
    names = MixtureModel(getattr(mixture, "components_", mixture._given())).names
    for name, component, weight in zip(names, components, weights, strict=True):
        nested = isinstance(component, MixtureModel)
        part = None if share is None or weight is None else share * weight
        own = list(islice(counts, len(component.flatten())))
        yield _Row(
            depth,
            " ".join(name.split()),
            type(component).__name__,
            "?" if part is None else f"{part:.4f}" if part == 0 or part >= 5e-5 else f"{part:.1e}",
            _count(sum(own)) if own else "",
            [] if nested else _describe(component),
        )
        if nested:
            yield from _rows_of(component, part, iter(own), depth + 1)


def _count(count: float) -> str:
    return f"{count:.1f}" if count >= 0.05 or count == 0 else f"{count:.1e}"


def _title(model: MixtureModel) -> str:
    n = len(model.names)
    title = f"MixtureModel of {n} component{'s' * (n != 1)}"
    if hasattr(model, "weights_"):
        return title
    if model.unknown:
        return f"{title}, not fitted: call fit(x) to find what is marked ?"
    return f"{title}, not fitted: these parameters were given"


def _facts(model: MixtureModel) -> list[tuple[str, str]]:
    """Return what is known of the fit as a whole, as (what, value)."""
    if not hasattr(model, "weights_"):
        return []
    free, n, d, total = model.n_parameters, model._n_rows, model.n_features_in_, model._total_weight
    deviance = -2.0 * model.log_likelihood_
    criteria = [f"{v:.3f}" for v in (model.log_likelihood_, deviance + 2.0 * free, deviance + free * math.log(total))]
    width = max(map(len, criteria))
    weighted = "" if total == n else f" of total weight {total:.10g}"
    return [
        *((key, value.rjust(width)) for key, value in zip(("log-likelihood", "AIC", "BIC"), criteria, strict=True)),
        ("free parameters", str(free)),
        ("data", f"{n} row{'s' * (n != 1)}{weighted}, {d} column{'s' * (d != 1)}"),
        ("iterations", f"{model.n_iter_}, {model._reason}"),
    ]


# ------------------------------------------------------------------------------------------------- parameters


def _parameter_lines(rows: list[_Row], width: int) -> list[list[str]]:
    """Lay out each row's parameters: one under the other where they fit side by side, else wrapped."""
    width = max(width, 40)
    columns = [row.parameters for row in rows if row.parameters]
    depth = max(map(len, columns), default=0)
    widths = [max(len(parts[i]) for parts in columns if len(parts) > i) for i in range(depth)]
    if sum(widths) + 2 * (depth - 1) <= width:
        return [["  ".join(map(str.ljust, row.parameters, widths))] for row in rows]
    laid_out = []
    for row in rows:
        lines = [""]
        for part in row.parameters:
            if lines[-1] and len(lines[-1]) + 2 + len(part) > width:
                lines.append("")
            lines[-1] += f"  {part}" if lines[-1] else part
        laid_out.append(lines)
    return laid_out


def _describe(distribution: Distribution) -> list[str]:
    """Return "name=value" of each parameter, and of each other setting that is not the default."""
    unit = _scale(distribution)
    parts = []
    for name, domain, power in distribution._declared:
        value = getattr(distribution, name)
        if isinstance(domain, PositiveDefinite) and value is not None:
            text = f"{name}: {_matrix(value)}"
        else:
            text = f"{name}={_text(value, unit if domain.is_location and power == 1 else None)}"
        parts.append(text + " (frozen)" * (name in distribution.frozen))
    if is_dataclass(distribution):
        declared = distribution.parameters
        others = [f for f in fields(distribution) if f.name not in declared]
        values = [(f, getattr(distribution, f.name)) for f in others]
        parts += [f"{f.name}={_text(value)}" for f, value in values if value is not f.default and value != f.default]
    return parts


def _scale(distribution: Distribution) -> Any:
    """Return the first scale that is a parameter, in the unit of the data: digits of a location are judged by it."""
    for name, domain, power in distribution._declared:
        value = getattr(distribution, name)
        if value is not None and power and not domain.is_location:
            return (np.diag(value) if np.ndim(value) == 2 else value) ** (1 / power)
    return None


def _text(value: Any, unit: Any = None) -> str:
    if value is None:
        return "?"
    if isinstance(value, str):
        return value
    if isinstance(value, Distribution):
        return f"{type(value).__name__}({', '.join(_describe(value))})"
    if np.ndim(value) == 2:
        return f"matrix of shape {np.shape(value)}"
    if np.ndim(value) == 1:
        units = np.broadcast_to(np.nan if unit is None else unit, len(value))
        shown = [_text(entry, u) for entry, u in zip(value[:SHOWN], units, strict=False)]
        return f"[{', '.join(shown)}{f', ... {len(value)} entries' if len(value) > SHOWN else ''}]"
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return _number(float(value), math.nan if unit is None else float(unit))
    return str(value)


def _matrix(cov: Any) -> str:
    """Describe a covariance by the deviations and correlations: readable, and short for any number of columns."""
    std = np.sqrt(np.diag(cov))
    correlations = (cov / np.outer(std, std))[np.triu_indices(len(std), 1)]
    text = f"std={_text(std)}"
    if not correlations.any():
        return text
    low, high = f"{correlations.min():.2f}", f"{correlations.max():.2f}"
    return f"{text}, corr={low}" if low == high else f"{text}, corr from {low} to {high}"


def _number(value: float, unit: float = math.nan) -> str:
    """Write four significant digits; of a location, as many decimals as four digits of its scale have."""
    digits = DIGITS
    if unit > 0 and math.isfinite(unit) and math.isfinite(value):
        decimals = DIGITS - 1 - math.floor(math.log10(unit))
        value = round(value, decimals) + 0.0  # no minus zero
        if value:
            digits = min(max(math.floor(math.log10(abs(value))) + 1 + decimals, DIGITS), 15)
    return f"{value:.{digits}g}"
