"""The density of a mixture in LaTeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.base import Distribution

from .canvas import column_names
from .reporting import SHOWN, number, settings

if TYPE_CHECKING:
    from .model import MixtureModel

SPECIAL = {
    "\\": r"\backslash ",
    "~": r"\sim ",
    "^": r"\wedge ",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    " ": r"\ ",
}


def density(model: MixtureModel) -> str:
    """Return the density as an ``aligned`` environment, a line for each component; see `MixtureModel.to_latex`."""
    components, weights = model._described()
    columns = model.n_columns or 1
    x = "x" if columns == 1 else r"\mathbf{x}"
    names = column_names(model, None, columns)
    shares = [rf"w_{{{k + 1}}}" for k in range(len(components))] if weights is None else map(_number, weights.tolist())
    terms = [rf"{share}\,{_factor(part, x, names)}" for share, part in zip(shares, components, strict=True)]
    if len(terms) == 1 and weights is not None:
        terms = [_factor(components[0], x, names)]
    lines = [f"f({x}) ={{}} & {terms[0]}", *(f"&{{}}+ {term}" for term in terms[1:])]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


def _factor(distribution: Distribution, x: str, names: list[str]) -> str:
    """Return the density of some columns, which ``x`` stands for."""
    from .model import MixtureModel  # here, because the model imports this module

    if isinstance(distribution, MixtureModel):
        components, weights = distribution._described()
        shares = ["w"] * len(components) if weights is None else [_number(weight) for weight in weights.tolist()]
        terms = [rf"{share}\,{_factor(part, x, names)}" for share, part in zip(shares, components, strict=True)]
        return rf"\left({' + '.join(terms)}\right)"
    parts, first, factors = distribution.parts_by_name, 0, []
    for name, part in parts.items():
        width = part.n_columns or 1
        unnamed = re.fullmatch(r"column \d+", name)  # which numbers the parts
        last = first + width
        own = names[first:last] if unnamed else name.split(", ")
        plain = [
            f"x_{{{first + j + 1}}}" if re.fullmatch(r"column \d+", each) else _text(each) for j, each in enumerate(own)
        ]
        factors.append(_factor(part, r",\ ".join(_shortened(plain, r"\ldots")), own))
        first = last
    if factors:
        return r"\,".join(factors)
    inside = r" \mid ".join(filter(None, [x, _settings(distribution)]))
    return f"{_text(type(distribution).__name__)}({inside})"


def _settings(distribution: Distribution) -> str:
    """Return the parameters by name with their values, unknown ones by name alone."""
    said = []
    for name, value, _, unit in settings(distribution):
        if isinstance(value, Distribution):
            said.append(rf"{_text(type(value).__name__)}({_settings(value)})")
        elif value is None:
            said.append(_text(name))
        else:
            said.append(f"{_text(name)}={_value(value, unit)}")
    return r",\ ".join(said)


def _value(value: Any, unit: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return _number(float(value), np.nan if unit is None else float(unit))
    if isinstance(value, (tuple, list)) or np.ndim(value) == 1:
        units = np.broadcast_to(np.nan if unit is None else unit, len(value))
        entries = [_value(entry, each) for entry, each in zip(value, units, strict=True)]
        return "(" + r",\ ".join(_shortened(entries, r"\ldots")) + ")"
    if np.ndim(value) == 2:
        rows = [
            " & ".join(_shortened([_number(entry) for entry in row], r"\cdots")) for row in np.asarray(value).tolist()
        ]
        filling = " & ".join([r"\vdots"] * (rows[0].count("&") + 1))
        return r"\begin{pmatrix}" + r" \\ ".join(_shortened(rows, filling)) + r"\end{pmatrix}"
    return _text(str(value))


def _shortened(entries: list[str], filling: str) -> list[str]:
    """Return the entries, of many the first and the last ones."""
    return entries if len(entries) <= SHOWN else [*entries[: SHOWN - 2], filling, entries[-1]]


def _number(value: float, unit: float = np.nan) -> str:
    text = number(value, unit)
    if "inf" in text or "nan" in text:
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa}\times 10^{{{int(exponent)}}}" if exponent else mantissa


def _text(text: str) -> str:
    """Return text in upright letters, whatever it holds."""
    return rf"\mathrm{{{''.join(SPECIAL.get(sign, sign) for sign in text)}}}"
