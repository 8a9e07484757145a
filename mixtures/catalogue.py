"""The table of all families, made from what each says of itself: ``python -m mixtures families``."""

from __future__ import annotations

from collections.abc import Iterator

import distributions
from distributions import Distribution
from distributions.domains import Domain

HEADINGS = ("family", "support", "parameters", "fit", "additive statistics")


def families() -> Iterator[type[Distribution]]:
    """Yield the families that have parameters of their own, not those of distributions they are made of."""
    for name in sorted(distributions.__all__):
        family = getattr(distributions, name)
        declared = getattr(family, "declared", ())  # a property where parts have the parameters
        if isinstance(family, type) and isinstance(declared, tuple) and declared:
            yield family


def table() -> str:
    """Return the table in Markdown: a row for each family.

    The additive statistics of a family are what `fit` sums over rows. One that has them is compiled, and takes part in
    whatever adds sums: threads, data in parts, rows that arrive one after another.
    """
    rows = [HEADINGS, tuple("---" for _ in HEADINGS), *map(_row, families())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _row(family: type[Distribution]) -> tuple[str, ...]:
    try:
        one: Distribution | type[Distribution] = family()
    except TypeError:  # it needs arguments
        one = family
    text = "as given"
    if isinstance(one.support, Domain):
        text = one.support.text.partition(" (")[0].partition(", shape")[0]
        if one.n_columns != 1 and type(one.support).holds is Domain.holds:
            text += " in each column"
    return (
        f"`{family.__name__}`",
        text,
        ", ".join(f"`{parameter.name}`" for parameter in family.declared),
        family.estimator or ("Newton steps" if family.stepwise else "closed form"),
        "no" if one.kernels is None else "yes",
    )
