"""A mixture as a table to read: plain text for terminals, HTML for notebooks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from html import escape
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions.base import Distribution
from distributions.domains import Domain, PositiveDefinite

from . import em
from .canvas import component_colors, component_names

if TYPE_CHECKING:
    from .model import MixtureModel

WIDTH = 100
SHOWN = 6  # most entries of a vector; of a longer one, the first four
DIGITS = 4  # significant ones
HTML_BYTES = 4500  # most that the table of a notebook takes; what is beyond is counted
_TEXT = ("component", "family", "parameters")  # columns of text, the others hold numbers


def summary(model: MixtureModel) -> str:
    """Return a plain table of the components, and below it the criteria and how the fit ended.

    The weight and the effective count of a nested component are its share of all rows: they add up to those of the
    mixture it is in.

    Parameters
    ----------
    model : MixtureModel
        Fitted or not; what is unknown is shown as "?".

    Returns
    -------
    str
        Lines of at most 100 characters, unless a name is very long.
    """
    rows = _rows(model)
    columns = []
    for heading, cells in _columns(rows).items():
        width, adjust = max(map(len, (heading, *cells))), str.ljust if heading in _TEXT else str.rjust
        columns.append([adjust(cell, width) for cell in (heading, *cells)])
    left = ["  ".join(cells) + "  " for cells in zip(*columns, strict=True)]
    right = [["parameters"], *_laid_out([row.parameters for row in rows], WIDTH - len(left[0]))]
    lines = []
    for start, (first, *more) in zip(left, right, strict=True):
        lines += [(start + first).rstrip(), *(" " * len(start) + line for line in more)]
    facts = [f"{what:16} {value}" for what, value in _facts(model)]
    return "\n".join([_title(model), "", *lines] + (["", *facts] if facts else []))


def html(model: MixtureModel) -> str:
    """Return the content of `summary` as an HTML table, each component marked with its colour in plots.

    Parameters
    ----------
    model : MixtureModel

    Returns
    -------
    str
        A fragment of less than 5 kB without scripts, with all names escaped; of many components the first ones.
    """
    rows = _rows(model)
    colors = iter(component_colors(len(rows)))
    left = ' style="text-align:left"'  # notebooks align to the right otherwise
    table = {
        **{heading: [escape(cell.lstrip()) for cell in cells] for heading, cells in _columns(rows).items()},
        "parameters": [escape(", ".join(row.parameters)) for row in rows],
    }
    for i, row in enumerate(rows):
        mark = "&emsp;&emsp;" * row.depth or f'<span style="color:{next(colors)}">&#9632;</span> '
        table["component"][i] = mark + table["component"][i]
    headings = "".join(f"<th{left if h in _TEXT else ''}>{h}</th>" for h in table)
    lines = [f"<p>{_title(model)}</p>", "<table>", f"<tr>{headings}</tr>"]
    facts = [f"{what}: {value.strip()}" for what, value in _facts(model)]
    ending = ["</table>"] + ([f"<p>{'<br>'.join(facts)}</p>"] if facts else [])
    room = HTML_BYTES - sum(len(line.encode()) + 1 for line in lines + ending)
    for i, cells in enumerate(zip(*table.values(), strict=True)):
        aligned = (f"<td{left if h in _TEXT else ''}>{cell}</td>" for h, cell in zip(table, cells, strict=True))
        line = f"<tr>{''.join(aligned)}</tr>"
        room -= len(line.encode()) + 1
        if room < 0:
            lines.append(f"<tr><td{left} colspan={len(table)}>... {len(rows) - i} more: see summary()</td></tr>")
            break
        lines.append(line)
    return "\n".join(lines + ending)


class _Row(NamedTuple):
    depth: int
    name: str
    family: str
    weight: str
    effective: str
    parameters: list[str]


def _rows(model: MixtureModel) -> list[_Row]:
    counts = iter(model.part_counts_ if hasattr(model, "weights_") else ())
    rows = list(_rows_of(model, 1.0, counts, 0))
    if all(row.name.startswith(row.family) for row in rows):  # the names say it already
        rows = [row._replace(family="") for row in rows]
    return rows


def _columns(rows: list[_Row]) -> dict[str, list[str]]:
    """Return the cells by heading, without the parameters and without columns that would be empty."""
    columns = {
        "component": ["  " * row.depth + row.name for row in rows],
        "family": [row.family for row in rows],
        "weight": [row.weight for row in rows],
        "count": [row.effective for row in rows],
    }
    return {heading: cells for heading, cells in columns.items() if any(cells)}


def _rows_of(mixture: MixtureModel, share: float | None, counts: Iterator[float], depth: int) -> Iterator[_Row]:
    """Yield a row per component, nested ones after their mixture; ``counts`` are those of the flattened parts."""
    from .model import MixtureModel  # here, because the model imports this module

    components, known = mixture._described()
    weights: Iterable[float | None] = [None] * len(components) if known is None else known.tolist()
    for name, component, weight in zip(component_names(mixture), components, weights, strict=True):
        part = None if share is None or weight is None else share * weight
        own = list(islice(counts, len(component.outline().branches)))
        yield _Row(
            depth,
            " ".join(name.split()),
            type(component).__name__,
            "?" if part is None else f"{part:.4f}" if part == 0 or part >= 5e-5 else f"{part:.1e}",
            _count(sum(own)) if own else "",
            [] if isinstance(component, MixtureModel) else _describe(component),
        )
        if isinstance(component, MixtureModel):
            yield from _rows_of(component, part, iter(own), depth + 1)


def _count(count: float) -> str:
    return f"{count:.1f}" if count >= 0.05 or count == 0 else f"{count:.1e}"


def _title(model: MixtureModel) -> str:
    n = len(component_names(model))
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
    free, n, d, total = model.n_parameters, model.n_rows_, model.n_features_in_, model.total_weight_
    deviance, structure = -2.0 * model.log_likelihood_, model._structure.covariance
    criteria = {
        "log-likelihood": model.log_likelihood_,
        "log-posterior": model.log_posterior_,
        "AIC": deviance + 2.0 * free,
        "BIC": deviance + free * math.log(total),
    }
    looked_at = ("iterations", f"{model.n_iter_}, {model.converged_reason_}")
    if model.converged_reason_ == em.REASONS[em.STREAMED]:
        looked_at = ("blocks", f"{model.n_iter_}, {model.converged_reason_}")
        criteria = {"log-likelihood, of blocks not yet learned": model.log_likelihood_}
    elif model.log_posterior_ == model.log_likelihood_:  # there is no prior
        del criteria["log-posterior"]
    width = max(len(f"{value:.3f}") for value in criteria.values())
    weighted = "" if total == n else f" of total weight {total:.10g}"
    return [
        *((key, f"{value:.3f}".rjust(width)) for key, value in criteria.items()),
        ("free parameters", str(free)),
        *([("tied", repr(model.tied))] if model.tied else []),
        *([("covariance", str(structure))] if structure else []),
        ("data", f"{n} row{'s' * (n != 1)}{weighted}, {d} column{'s' * (d != 1)}"),
        looked_at,
    ]


# ------------------------------------------------------------------------------------------------- parameters


def _laid_out(parameters: list[list[str]], width: int) -> list[list[str]]:
    """Return the lines of each component: one, with columns below each other, if all fit; else one per parameter."""
    widths = [max(map(len, column)) for column in zip_longest(*parameters, fillvalue="")]
    if sum(widths) + 2 * len(widths) - 2 <= width:
        return [["  ".join(map(str.ljust, parts, widths))] for parts in parameters]
    return [parts or [""] for parts in parameters]


class Setting(NamedTuple):
    """A parameter of a distribution, or another setting that is not the default."""

    name: str
    value: Any
    domain: Domain | None  # of a parameter
    unit: Any  # scale that digits of a location are judged by


def settings(distribution: Distribution) -> Iterator[Setting]:
    """Yield a distribution's own parameters (not those of one that it wraps), then its other settings."""
    unit = _scale(distribution)
    own = {f.name for f in fields(distribution)} if is_dataclass(distribution) else set(distribution.parameters)
    for name, domain, power, *_ in distribution.declared:
        if name in own:
            value = getattr(distribution, name)
            yield Setting(name, value, domain, unit if domain.is_location and power == 1 else None)
    others: Iterable[Any] = fields(distribution) if is_dataclass(distribution) else ()
    for f in others:
        value = getattr(distribution, f.name)
        if f.name not in distribution.parameters and not np.array_equal(value, f.default):
            yield Setting(f.name, value, None, None)


def _describe(distribution: Distribution) -> list[str]:
    """Return "name=value" of each parameter, and of each other setting that is not the default."""
    by_columns = distribution.parts_by_name
    if by_columns:
        return [f"{name}: {_text(part)}" for name, part in by_columns.items()]
    parts = []
    for name, value, domain, unit in settings(distribution):
        if isinstance(domain, PositiveDefinite) and value is not None:
            texts = [f"{name}: {text}" for text in _deviations_and_correlations(value)]
        elif name == "distribution":
            texts = [_text(value)]
        else:
            texts = [f"{name}={_text(value, unit)}"]
        parts += [text + " (frozen)" * (name in distribution.frozen) for text in texts]
    return parts


def _scale(distribution: Distribution) -> Any:
    """Return the first scale that is a parameter, in the unit of the data: digits of a location are judged by it."""
    for name, domain, power, *_ in distribution.declared:
        value = distribution.parameters[name]
        if value is not None and power and not domain.is_location:
            return (np.diag(value) if np.ndim(value) == 2 else value) ** (1 / power)
    return None


def _text(value: Any, unit: Any = None) -> str:
    if value is None:
        return "?"
    if isinstance(value, str):
        return value
    from .model import MixtureModel  # here, because the model imports this module

    if isinstance(value, MixtureModel):
        components, weights = value._described()
        shares = ["?"] * len(components) if weights is None else [number(weight) for weight in weights]
        return " + ".join(f"{share} {_text(part)}" for share, part in zip(shares, components, strict=True))
    if isinstance(value, Distribution):
        return f"{type(value).__name__}({', '.join(_describe(value))})"
    if np.ndim(value) == 2:
        return f"matrix of shape {np.shape(value)}"
    if np.ndim(value) == 1:
        units = np.broadcast_to(np.nan if unit is None else unit, len(value))
        entries = [_text(entry, u) for entry, u in zip(value, units, strict=True)]
        if len(entries) > SHOWN:
            entries[SHOWN - 2 :] = [f"... {len(entries)} entries"]
        return f"[{', '.join(entries)}]"
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return number(float(value), math.nan if unit is None else float(unit))
    return str(value)


def _deviations_and_correlations(cov: Any) -> list[str]:
    """Describe a covariance matrix shortly for any number of columns; uncorrelated ones have no second text."""
    std = np.sqrt(np.diag(cov))
    correlations = (cov / np.outer(std, std))[np.triu_indices(len(std), 1)]
    if not correlations.any():
        return [f"std={_text(std)}"]
    low, high = f"{correlations.min():.2f}", f"{correlations.max():.2f}"
    return [f"std={_text(std)}", f"corr={low}" if low == high else f"corr from {low} to {high}"]


def number(value: float, unit: float = math.nan) -> str:
    """Write four significant digits; of a location, as many decimals as four digits of its scale have."""
    digits = DIGITS
    if unit > 0 and math.isfinite(unit) and math.isfinite(value):
        decimals = DIGITS - 1 - math.floor(math.log10(unit))
        value = round(value, decimals) + 0.0  # no minus zero
        if value:
            digits = min(max(math.floor(math.log10(abs(value))) + 1 + decimals, DIGITS), 15)
    return f"{value:.{digits}g}"
