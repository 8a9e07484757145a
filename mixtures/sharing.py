"""Context-specific structure: which components of a mixture of products share the distribution of a column.

A column that tells some components apart need not tell all: those that it does not tell apart share one distribution,
and so fewer parameters say as much. Groups are sought by Schwarz's criterion (BIC): given the responsibilities of a
fitted mixture, the components of each column are merged greedily while that lowers it; then the mixture is fitted anew
with these groups, until nothing changes. Georgi & Schliep, "Context-specific independence mixture modeling for
positional weight matrices", Bioinformatics 22 (2006); structural EM: Friedman, UAI (1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from distributions.base import Distribution
from distributions.data import Array, as_observed
from distributions.errors import InvalidParameterError
from distributions.outline import spans
from distributions.product import Product

from .model import MixtureModel

MOST_ROUNDS = 50

Groups = tuple[tuple[int, ...], ...]  # of components, for one column


class _Column(NamedTuple):
    """The cells of one part, and the part of each component."""

    cells: Array
    present: Array  # 1.0 where a row has a cell
    parts: list[Distribution]


def share_columns(model: MixtureModel, x: Any, sample_weight: Any = None) -> MixtureModel:
    """Return a fitted mixture of products in which components share the distributions of columns where BIC is lower.

    Parameters
    ----------
    model : MixtureModel
        Its components are of one or several families of `Product` with parts in the same columns. It is fitted first,
        if it is not; it is not changed.
    x : array_like, shape (n, d), or data frame
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    MixtureModel
        Its `tied` says which components share which part. Where nothing is to be gained, none do.

    Raises
    ------
    InvalidParameterError
        If the components are no products with parts in the same columns, or the model has ties already.

    Examples
    --------
    >>> import numpy as np
    >>> from mixtures import Normal
    >>> rng = np.random.default_rng(0)
    >>> group = np.repeat([0, 1, 2], 200)
    >>> X = np.column_stack([rng.normal(9.0 * (group > 0)), rng.normal(8.0 * group)])
    >>> found = share_columns(MixtureModel({k: Product({"x": Normal(), "y": Normal()}) for k in "abc"}), X)
    >>> found.tied
    {'x': [['b', 'c']]}
    """
    _check(model)
    best = model if hasattr(model, "weights_") else model._copied().fit(x, sample_weight=sample_weight)
    criterion, seen = best.bic(x, sample_weight), set[tuple[Groups, ...]]()
    for _ in range(MOST_ROUNDS):
        groups, components = _merged(best, x, sample_weight)
        if groups in seen:
            break
        seen.add(groups)
        other = model._copied(components, weights=best.weights_, tied=_as_tied(model, groups))
        lower = other.fit(x, sample_weight=sample_weight).bic(x, sample_weight)
        if not lower < criterion:
            break
        best, criterion = other, lower
    return best


def _check(model: MixtureModel) -> None:
    if not isinstance(model, MixtureModel):
        raise InvalidParameterError(f"share_columns: model must be a MixtureModel; got {model!r}")
    parts, _ = model._described()
    names = {tuple(part.parts_by_name) for part in parts}
    if len(names) > 1 or not names.pop():
        raise InvalidParameterError(
            f"share_columns needs components that are all Products with parts in the same columns; got {parts!r}"
        )
    if model.tied is not None:
        raise InvalidParameterError(f"share_columns: the model has tied={model.tied!r} already; leave it out")


def _merged(model: MixtureModel, x: Any, sample_weight: Any) -> tuple[tuple[Groups, ...], list[Distribution]]:
    """Return the best groups of each part at the responsibilities of a model, and its components with pooled parts."""
    rows = np.asarray(model.encode(x), dtype=float)
    weight = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    share = model.predict_proba(x) * weight[:, np.newaxis]
    components, _ = model._current("share columns")
    products = [component for component in components if isinstance(component, Product)]
    penalty = float(np.log(weight.sum()))
    groups: list[Groups] = []
    parts: list[list[Distribution]] = [[] for _ in products]
    for name, span in zip(products[0].parts_by_name, spans(products[0]._widths, rows.shape[1]), strict=True):
        cells = rows[:, span]
        present = (~np.isnan(cells).all(axis=1)).astype(float)
        column = _Column(cells, present, [product.parts_by_name[name] for product in products])
        found, fitted = _agglomerated(column, share, penalty)
        groups.append(found)
        for own, part in zip(parts, fitted, strict=True):
            own.append(part)
    return tuple(groups), [product._with(own) for product, own in zip(products, parts, strict=True)]


def _agglomerated(column: _Column, share: Array, penalty: float) -> tuple[Groups, list[Distribution]]:
    """Merge components, two groups at a time, while that lowers -2 log-likelihood + parameters x penalty."""
    fits: dict[tuple[int, ...], tuple[Distribution, float]] = {}
    for k in range(share.shape[1]):
        fits[k,] = _fit(column, (k,), share)
    groups = sorted(fits)

    def cost(group: tuple[int, ...]) -> float:
        if group not in fits:
            fits[group] = _fit(column, group, share)
        part, value = fits[group]
        return -2.0 * value + penalty * part.n_parameters

    while len(groups) > 1:
        pairs = [(a, b) for a, b in combinations(groups, 2) if _are_alike(column.parts[a[0]], column.parts[b[0]])]
        gains = {(a, b): cost(a) + cost(b) - cost(tuple(sorted(a + b))) for a, b in pairs}
        if not gains or max(gains.values()) <= 0.0:
            break
        a, b = max(gains, key=lambda pair: gains[pair])
        groups = sorted([group for group in groups if group not in (a, b)] + [tuple(sorted(a + b))])
    of_component = {k: fits[group][0] for group in groups for k in group}
    return tuple(groups), [of_component[k] for k in range(share.shape[1])]


def _are_alike(part: Distribution, other: Distribution) -> bool:
    """Whether two parts may become one: of one family with the same settings, and nothing frozen."""
    single = all(list(each.outline().leaves) == [()] and not each.frozen for each in (part, other))
    return single and type(part) is type(other) and part.with_values(**other.parameters) == other


def _fit(column: _Column, group: Sequence[int], share: Array) -> tuple[Distribution, float]:
    """Return a part fitted to the rows of a group of components, and its log-likelihood."""
    weight = share[:, list(group)].sum(axis=1) * column.present
    x = as_observed(column.cells)
    part = column.parts[group[0]]
    if len(group) > 1:
        part = part.fit(x, sample_weight=weight)
    return part, part.log_likelihood(x, weight)


def _as_tied(model: MixtureModel, groups: Sequence[Groups]) -> dict[str, list[list[str]]] | None:
    """Return groups of several components as the argument `tied`."""
    first = model._structure.components[0]
    tied = {}
    for name, found in zip(first.parts_by_name, groups, strict=True):
        shared = [[model.names[k] for k in group] for group in found if len(group) > 1]
        if shared:
            tied[name] = shared
    return tied or None
