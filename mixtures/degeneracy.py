"""What kept components from collapsing, left them without data or on few rows: told in a warning and a field of a fit.

The likelihood of a mixture has maxima that say nothing of the data, where a component sits on a few rows that happen to
be nearly equal, or nearly on a line (McLachlan & Peel, Finite Mixture Models, 2000, section 3.10). `spikes` is the rule
by which these are known: the choice among starts avoids them, and a fit that ends in one says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from distributions.base import Distribution
from distributions.data import Array
from distributions.errors import InvalidParameterError
from distributions.outline import Branch

from .layout import Layout
from .plan import FLOOR, Engine

CAUSES = FLOOR_HELD, NO_DATA, TWIN, FEW_ROWS = "floor", "no data", "twin", "few rows"
EMPTY = 1e-6  # effective count, in rows of average weight, below which a component has lost its data
FEW, FEW_OF_SHARE = 5, 0.5  # few rows: fewer for each column and one more, and less of an equal share
NARROW = 0.02  # standard deviation relative to that of the data


class Degeneracy(NamedTuple):
    """One thing that went wrong with a component in a fit.

    Attributes
    ----------
    component : str
        Its name; beside other columns, with the part that it is about.
    cause : str
        "floor": parameters were held at the floor of their scale. "no data": nothing is left of its weight. "twin":
        it started equal to another component, and EM can never part them. "few rows": it sits on a few rows that are
        nearly equal, or nearly on a line.
    parameters : tuple of str
        What was held, or is that small.
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


class Spike(NamedTuple):
    """A leaf that sits on few rows that are nearly equal, or nearly on a line.

    Attributes
    ----------
    place : int
        Of the leaf in the layout.
    effective_count : float
        What it explains, in rows of average weight.
    width : float
        Its least standard deviation in any direction, relative to that of the data.
    gain : float
        What so many of its rows as it has parameters gain from its being narrower than the data: no evidence, for it
        can be made to sit on any so many rows.
    """

    place: int
    effective_count: float
    width: float
    gain: float


def spikes(engine: Engine, n_rows: int) -> list[Spike]:
    """Return the leaves of a run that sit on few rows and are narrow, both.

    Few: fewer than `FEW` for each column and one more, and than `FEW_OF_SHARE` of an equal share: where there are many
    components, each has few rows, and may be narrow. Only families that can contract to a point count, and that know
    their variance; none that has a prior against it.

    Parameters
    ----------
    engine : Engine
        After its run.
    n_rows : int
        Of the data.
    """
    layout, mass, scale = engine.layout, engine.state.mass, engine.scale
    counts = mass * (n_rows / max(mass.sum(), np.finfo(float).tiny))  # of rows that no component reaches there is none
    share, found = FEW_OF_SHARE * n_rows / len(layout.branches), []
    parts, has_prior = None, _has_prior(engine)
    for place, (leaf, owners) in enumerate(zip(layout.leaves, layout.owners, strict=True)):
        count, most = float(counts[owners].sum()), FEW * (layout.spans[place].stop - layout.spans[place].start + 1)
        if has_prior[place] or not EMPTY < count < min(most, share) or not collapsing(leaf.distribution):
            continue
        parts = engine.parameters.leaves if parts is None else parts
        widths = _widths(layout, parts, engine.state.weights, place, scale)
        if widths.size and widths.min() < NARROW:
            gain = -min(count, parts[place].n_parameters) * np.log(np.clip(widths, FLOOR, 1.0)).sum()
            found.append(Spike(place, count, float(widths.min()), float(gain)))
    return found


def collapsing(leaf: Distribution) -> tuple[str, ...]:
    """Return the parameters by which a density contracts to a point, where it is free to."""
    if leaf.support.discrete:
        return ()
    names = [name for name, *_, collapse, _ in leaf.declared if collapse] or list(leaf.parameters)
    return tuple(name for name in names if name not in leaf.frozen)


def _widths(layout: Layout, parts: Sequence[Distribution], weights: Array, place: int, scale: Array) -> Array:
    """Return the standard deviations of a leaf relative to those of the data, along axes of both; none if unknown."""
    own = _moments(parts[place], scale[layout.spans[place]])
    if own is None:
        return np.empty(0)
    root = np.linalg.cholesky(_covariance(layout, parts, weights, layout.spans[place], scale))
    try:
        values = np.linalg.eigvalsh(np.linalg.solve(root, np.linalg.solve(root, own[1]).T))
    except np.linalg.LinAlgError:
        return np.empty(0)
    return np.sqrt(np.maximum(values, 0.0))


def _covariance(layout: Layout, parts: Sequence[Distribution], weights: Array, span: slice, scale: Array) -> Array:
    """Return the covariance of some columns in units of their scales, as the mixture has it.

    So columns that are all but collinear make no component narrow. It is that of independent columns where a component
    does not have these columns in one leaf, or that leaf no covariance.
    """
    independent = np.eye(span.stop - span.start)
    leaves = [next((i for i in each if layout.spans[i] == span), None) for each in layout.leaves_of]
    moments = [None if place is None else _moments(parts[place], scale[span]) for place in leaves]
    if len(independent) == 1 or any(each is None for each in moments):
        return independent
    means, covariances = (np.array(part) for part in zip(*moments, strict=True))
    apart = means - weights @ means
    found = np.tensordot(weights, covariances, 1) + (apart.T * weights) @ apart
    return found if np.linalg.eigvalsh(found)[0] > FLOOR**2 else independent


def _moments(leaf: Distribution, unit: Array) -> tuple[Array, Array] | None:
    """Return mean and covariance in some units, if a family knows them and they are finite."""
    if type(leaf).var is Distribution.var:
        return None
    with np.errstate(all="ignore"):
        mean, var = np.atleast_1d(leaf.mean) / unit, np.atleast_1d(leaf.var) / unit**2
        try:
            cov = np.asarray(leaf.cov) / np.outer(unit, unit)
        except InvalidParameterError:
            cov = np.diag(var)
    return (mean, cov) if np.isfinite(mean).all() and np.isfinite(cov).all() else None


def _has_prior(engine: Engine) -> Array:
    """Return for each leaf whether rows were seen before."""
    return np.diff(engine.plan.pseudo.count_at).reshape(-1, 2).max(axis=1) > 0


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
    has_prior = _has_prior(engine)
    spike_at = {spike.place: spike for spike in spikes(engine, n_rows)}
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
        elif place in spike_at:
            small = collapsing(layout.leaves[place].distribution)
            text = (
                f"component {name!r} explains {count:.3g} rows only, and by its {', '.join(small)} is "
                f"{spike_at[place].width:.2g} times as wide as the data: on few rows that happen to be nearly equal "
                "or on a line, the likelihood has maxima that say nothing of the data. Use fewer components, a prior, "
                "or more starts (n_init)."
            )
            found.append(Degeneracy(name, FEW_ROWS, small, count, text))
    return found
