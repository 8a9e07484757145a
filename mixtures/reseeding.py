"""A component is taken from where it is needed least, and starts anew elsewhere.

EM moves no component past another: a run may end with two on one cluster, and one on two. So components of the best
run change places in this way, and it is run on; see Ueda, Nakano, Ghahramani & Hinton, SMEM algorithm for mixture
models, Neural Computation 12 (2000), who merge and split three at a time.
"""

from __future__ import annotations

import numpy as np

from distributions.data import Array

from .layout import Layout, Parameters
from .observed import Observed
from .partitions import neighbourhood
from .posterior import log_joint, shares

LEAST = 1e-3  # log-likelihood per unit of weight that a component is worth at least: so each may be taken


def reseeded(layout: Layout, parameters: Parameters, data: Observed, points: Array, rng: np.random.Generator) -> Array:
    """Return memberships, shape (K, n), to start from once more.

    Those of a run, but that one component, the more likely the less it is worth, has left its rows to the others. It
    shares the rows of another one, on one side of its centre; or takes a dense neighbourhood of any row beside others.

    Parameters
    ----------
    layout : Layout
        Of two components or more.
    parameters : Parameters
        Where the run came to.
    data : Observed
        Rows with weights.
    points : ndarray, shape (n, d)
        See `partitions.standardised`.
    rng : numpy.random.Generator
    """
    joint = log_joint(layout.branches_of(parameters.leaves), layout.weights(parameters.proportions), data.rows)
    if data.is_labelled:
        joint += data.log_factors[data.code].T
    members = np.nan_to_num(shares(joint))
    worth = _worth(members, data.weight)
    taken = rng.choice(len(members), p=_normalised(1.0 / (worth + LEAST * data.weight.sum())))
    others = np.delete(joint, taken, axis=0)
    members[np.arange(len(members)) != taken] = left = np.nan_to_num(shares(others))
    mass = left @ data.weight
    if rng.random() < 0.5 and mass.any():
        place = int(rng.choice(len(left), p=_normalised(mass)))
        half = _half(points, data.weight * left[place], rng)
        whole = place + (place >= taken)
        members[taken], members[whole] = members[whole] * half, members[whole] * ~half
    else:
        members[taken] = neighbourhood(points, data.weight, len(members), rng)
    if data.is_labelled:
        members *= np.exp(data.log_factors[data.code].T)
    return members


def _worth(members: Array, weight: Array) -> Array:
    """Return the log-likelihood that is lost without each component, shape (K,), while the others stay as they are."""
    tiny, total = np.finfo(float).eps, float(weight.sum())
    lost = np.asarray(-np.log(np.maximum(1.0 - members, tiny)) @ weight)
    return np.maximum(lost + total * np.log(np.maximum(1.0 - members @ weight / total, tiny)), 0.0)


def _half(points: Array, weight: Array, rng: np.random.Generator) -> np.ndarray:
    """Return which points are on one side of their weighted mean, along their longest axis or any."""
    centred: Array = points - np.average(points, axis=0, weights=weight)
    axis = np.asarray(rng.normal(size=points.shape[1]))
    if rng.random() < 0.5:
        axis = np.asarray(np.linalg.eigh((centred.T * weight) @ centred)[1])[:, -1]
    return np.asarray(centred @ axis > 0.0)


def _normalised(values: Array) -> Array:
    return np.asarray(values / values.sum())
