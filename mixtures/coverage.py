"""A start that was found from a sample has to reach every row: some supports end where the sample does.

Each `Uniform` covers a cluster of the sample, and none what lies between these; EM never moves the end of a support
beyond the rows that it covers. So rows that no component reaches go to that of the nearest row of the sample, whose
leaves are fitted anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distributions.base import Distribution
from distributions.data import Array, as_observed
from distributions.domains import PROPORTIONS
from distributions.outline import Branch, Leaf

from .guesses import Guesses
from .initialization import SMALL_SAMPLE
from .layout import Layout, Parameters
from .observed import Integers, Observed, take
from .partitions import representatives, standardised
from .posterior import log_joint, shares
from .training import BLOCK_OF_ROWS

RARE = 1e-6  # share of all categories together that is equal
ROUNDS = 5  # fitted anew, a support may leave out other rows


def reaching(layout: Layout, start: Parameters, data: Observed, scale: Array, *, is_sample: bool = False) -> Parameters:
    """Return parameters with which some component reaches each row, as far as their leaves have unknown parameters.

    Parameters
    ----------
    layout : Layout
    start : Parameters
        All of them known; they come back where nothing is left out.
    data : Observed
        Checked data.
    scale : ndarray, shape (d,)
        Scale of each column.
    is_sample : bool
        Whether there are more rows, elsewhere: then categories that none of these shows get a share, too.
    """
    if is_sample:
        start = start._replace(leaves=[_with_rare(*leaf) for leaf in zip(layout.leaves, start.leaves, strict=True)])
    if len(data.rows) <= SMALL_SAMPLE or not any(leaf.distribution.unknown for leaf in layout.leaves):
        return start
    seen: Observed | None = None
    for _ in range(ROUNDS):
        left_out = unreached(layout.branches_of(start.leaves), layout.weights(start.proportions), data)
        if not len(left_out):
            break
        seen = representatives(data)[0] if seen is None else seen
        start, seen = _extended(layout, start, seen, take(data, left_out), scale)
    return start


def _with_rare(leaf: Leaf, fitted: Distribution) -> Distribution:
    """Return a leaf whose unknown proportions are not zero."""
    moved = {}
    for name, domain, *_ in fitted.declared:
        value = np.asarray(fitted.parameters[name])
        if domain.coordinates == PROPORTIONS and name in leaf.distribution.unknown and not value.all():
            moved[name] = (1.0 - RARE) * value + RARE / value.size
    return fitted.with_values(**moved) if moved else fitted


def unreached(branches: Sequence[Branch], weights: Array, data: Observed) -> Integers:
    """Return the places of the rows that have no density under any component that may have them."""
    places = []
    for begin in range(0, len(data.rows), BLOCK_OF_ROWS):
        block = take(data, slice(begin, begin + BLOCK_OF_ROWS))
        left = np.arange(len(block.rows))
        for k in np.flatnonzero(weights).tolist():
            out = np.asarray(branches[k].log_pdf(as_observed(block.rows[left]))) == -np.inf
            if data.is_labelled:
                out |= data.log_factors[block.code[left], k] == -np.inf
            left = left[out]
            if not len(left):
                break
        places.append(begin + left)
    return np.concatenate(places).astype(np.int64)


def _extended(
    layout: Layout, start: Parameters, seen: Observed, left_out: Observed, scale: Array
) -> tuple[Parameters, Observed]:
    """Return a start whose components have taken the rows left out, each that of the nearest row seen; and all rows."""
    from scipy.spatial import cKDTree  # deferred: a slow import that most fits do not need

    joint = log_joint(layout.branches_of(start.leaves), layout.weights(start.proportions), seen.rows)
    if seen.is_labelled:
        joint += seen.log_factors[seen.code].T
    members, n = np.nan_to_num(shares(joint)), len(seen.rows)
    together = _joined(seen, left_out)
    reached, points = np.flatnonzero(members.any(axis=0)), standardised(together)
    if not len(reached):
        return start, seen
    taken = members[:, reached[cKDTree(points[reached]).query(points[n:])[1]]]
    if seen.is_labelled:
        allowed = np.exp(seen.log_factors[left_out.code].T)
        taken = np.where((taken * allowed).any(axis=0), taken * allowed, allowed)
    members, guesses = np.hstack([members, taken == taken.max(axis=0)]), Guesses()
    leaves = [
        guesses.of(layout, place, together, together.weight * members[owners].sum(axis=0), scale)
        if members[owners, n:].any()
        else leaf
        for place, (leaf, owners) in enumerate(zip(start.leaves, layout.owners, strict=True))
    ]
    return Parameters(leaves, start.proportions), together


def _joined(seen: Observed, more: Observed) -> Observed:
    """Return rows with weights, and others beside them that count once where they have none."""
    weight = more.weight if more.weight.size else np.ones(len(more.rows))
    rows = np.concatenate([seen.rows, more.rows])
    apart = seen.points is not seen.rows
    return seen._replace(
        rows=rows,
        weight=np.concatenate([seen.weight, weight]),
        code=np.concatenate([seen.code, more.code]),
        points=np.concatenate([seen.points, more.points]) if apart else rows,
    )
