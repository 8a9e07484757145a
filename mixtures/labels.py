"""The order of components: another one, and the one that matches another fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from distributions.data import Array
from distributions.errors import InvalidParameterError

from .posterior import log_joint, shares

if TYPE_CHECKING:
    from .model import MixtureModel

Model = TypeVar("Model", bound="MixtureModel")

DRAWS = 1000  # of each component
TIE = 1e-9  # preference for a component's own place where nothing else speaks


def relabelled(model: Model, order: Any) -> Model:
    """Return a copy of a fitted model with its components in another order; see `MixtureModel.relabel`."""
    model._current("be relabelled")
    names, structure = model.names, model._structure
    if isinstance(order, str) or not isinstance(order, (Sequence, np.ndarray)):
        raise InvalidParameterError(f"MixtureModel: order must be a list of all components; got {order!r}")
    wanted = [names.index(structure.name_of(component, "order")) for component in order]
    if sorted(wanted) != list(range(len(names))):
        raise InvalidParameterError(
            f"MixtureModel: order must name each of {len(names)} components once; got {order!r}"
        )
    kinds = _kinds(model)
    for place, source in enumerate(wanted):
        if kinds[place] != kinds[source]:
            raise InvalidParameterError(
                f"MixtureModel: order puts {names[source]!r} in the place of {names[place]!r}, which is not of its "
                "kind. Only components that differ in nothing but their values can change places."
            )
    return _reordered(model, wanted)


def _reordered(model: Model, wanted: Sequence[int]) -> Model:
    names, made = model.names, copy(model)
    components, weights = model._current("be relabelled")
    made.components_ = model._structure.shaped([components[k] for k in wanted])
    made.weights_ = weights[wanted]
    if hasattr(model, "history_"):
        parts = [model.part_counts_[model._structure.owner == k] for k in wanted]
        made.part_counts_, made.effective_counts_ = np.concatenate(parts), model.effective_counts_[wanted]
        now = {names[source]: names[place] for place, source in enumerate(wanted)}
        made.degeneracies_ = [
            each._replace(component=_renamed(each.component, now), message=_renamed(each.message, now))
            for each in model.degeneracies_
        ]
    return made


def _renamed(text: str, now: dict[str, str]) -> str:
    """Return a text in which components, alone or in quotation marks, have the names that they have now."""
    either = "|".join(re.escape(name) for name in sorted(now, key=len, reverse=True))
    return re.sub(rf"(^|')({either})(?=$|'|, | / )", lambda found: found[1] + now[found[2]], text)


def matching(model: MixtureModel, other: MixtureModel) -> list[int]:
    """Return which component of a model takes each place, so that they match those of another one.

    From each component rows are drawn, and the other model says how probable it is that they came from each of its
    own. Such shares, both ways, are added up: the match is that of the greatest sum.
    """
    from scipy.optimize import linear_sum_assignment  # deferred: a slow import that few need

    if not isinstance(other, type(model)):
        raise InvalidParameterError(f"MixtureModel: other must be a MixtureModel; got {other!r}")
    mine, its = model._current("be aligned"), other._current("be aligned with")
    if _kinds(model) != _kinds(other):
        raise InvalidParameterError(
            f"MixtureModel: other must be a model of the same components as {model!r}; got {other!r}"
        )
    n, rng = len(mine[1]), np.random.default_rng(0)
    gain = _shares(its[0], *mine, rng) + _shares(mine[0], *its, rng).T + TIE * np.eye(n)
    kinds = np.array([_kinds(model).index(kind) for kind in _kinds(model)])
    gain[kinds[:, np.newaxis] != kinds] = -3.0 * n  # no match is worth a change of kinds
    return [int(k) for k in linear_sum_assignment(gain, maximize=True)[1]]


def _shares(sources: Sequence[Any], components: Sequence[Any], weights: Array, rng: np.random.Generator) -> Array:
    """Return the mean membership in some components of rows drawn from others, shape (sources, components)."""
    found = np.zeros((len(sources), len(components)))
    for j, source in enumerate(sources):
        rows = np.asarray(source.sample(DRAWS, rng), dtype=float)
        joint = log_joint(components, weights, rows.reshape(DRAWS, -1))
        found[j] = np.nansum(shares(joint), axis=1) / DRAWS  # rows that none reaches count for none
    return found


def _kinds(model: MixtureModel) -> list[Any]:
    """Return for each component what it must have in common with one that changes places with it."""
    structure = model._structure
    names = list(structure.named)
    if isinstance(model.tied, Mapping) or model.freeze_weights:  # each may have something of its own
        return names
    kinds: list[list[Any]] = [[] for _ in names]
    for branch, owner in zip(structure.outline().branches, structure.owner, strict=True):
        kinds[owner].append((tuple(map(_settings, branch.kind)), branch.priors))
    return kinds


def _settings(leaf: Any) -> Any:
    """Return the family of a distribution, and all of it that no fit changes."""
    names = [field.name for field in fields(leaf)] if is_dataclass(leaf) else []
    fixed = [name for name in names if name not in leaf.parameters or name in leaf.frozen]
    return type(leaf), sorted(leaf.frozen), [(name, repr(getattr(leaf, name))) for name in fixed]
