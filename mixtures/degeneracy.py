"""What kept components from collapsing or left them without data: found after a fit, told in a warning and a field."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from distributions.outline import Branch

from .layout import Layout
from .plan import FLOOR, Engine

CAUSES = FLOOR_HELD, NO_DATA, TWIN = "floor", "no data", "twin"
EMPTY = 1e-6  # effective count, in rows of average weight, below which a component has lost its data


class Degeneracy(NamedTuple):
    """One thing that went wrong with a component in a fit.

    Attributes
    ----------
    component : str
        Its name; beside other columns, with the part that it is about.
    cause : str
        "floor": parameters were held at the floor of their scale. "no data": nothing is left of its weight. "twin":
        it started equal to another component, and EM can never part them.
    parameters : tuple of str
        What was held.
    effective_count : float
        What it explains, in rows of average weight.
    message : str
        The warning.
    """

    component: str
    cause: str
    parameters: tuple[str, ...]
    effective_count: float
    message: str


def degeneracies(layout: Layout, engine: Engine, start: list[Branch], n_rows: int, total: float) -> list[Degeneracy]:
    """Return what a fit ended with.

    Parameters
    ----------
    layout : Layout
    engine : Engine
        After its run.
    start : list of Branch
        The flat components that it began with.
    n_rows : int
    total : float
        Sum of the weights of the rows.
    """
    counts = engine.state.mass * n_rows / total
    found = []
    kinds = [(branch.kind, branch.priors) for branch in start]
    for i, (name, branch) in enumerate(zip(layout.names, start, strict=True)):
        twin = kinds.index(kinds[i])
        if twin < i and any(leaf.n_parameters for leaf in branch.kind):
            text = (
                f"components {layout.names[twin]!r} and {name!r} started equal, and so EM can never part them. "
                "Give them different values, or leave parameters unknown."
            )
            found.append(Degeneracy(name, TWIN, (), float(counts[i]), text))
    has_prior = np.diff(engine.plan.pseudo.count_at).reshape(-1, 2).max(axis=1) > 0
    for place, (held, owners) in enumerate(zip(engine.held, layout.owners, strict=True)):
        name, count = layout.name_of(place), float(counts[owners].sum())
        if count < EMPTY:
            text = (
                f"component {name!r} has lost all its data (effective count {count:.2g}): its parameters are those "
                f"of its {'prior' if has_prior[place] else 'last data'}. Use fewer components, or another start."
            )
            found.append(Degeneracy(name, NO_DATA, (), count, text))
        elif held:
            text = (
                f"component {name!r} collapsed onto {count:.3g} rows: its {', '.join(held)} was held at the floor, "
                f"{FLOOR:g} of the data's scale. The likelihood has no finite maximum there. Use fewer "
                "components, freeze the parameter, or try more starts (n_init)."
            )
            found.append(Degeneracy(name, FLOOR_HELD, tuple(held), count, text))
    return found
