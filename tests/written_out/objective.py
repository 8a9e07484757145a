"""What EM maximises: the log-likelihood of rows and labels, and the log density of priors."""

import numpy as np

from mixtures import MixtureModel, Product

from .densities import log_joint
from .parts import columns_of, components_of, leaves_in
from .priors import log_prior, seen_by


def responsibilities(mixture, rows, factors=None):
    """Return the probability of each component given each row, shape (n, K)."""
    joint = log_joint(mixture, rows) + (0.0 if factors is None else factors)
    return np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))


def label_factors(labels, names):
    """Return what labels add to the log joint densities, shape (n, K): numbers (-1: unknown), names, or factors."""
    if labels.ndim == 2:
        with np.errstate(divide="ignore"):
            return np.log(labels / labels.max(axis=1, keepdims=True))
    if labels.dtype == object:
        labels = np.array([-1 if label is None else names.index(label) for label in labels])
    allowed = (labels[:, np.newaxis] == np.arange(len(names))) | (labels[:, np.newaxis] < 0)
    return np.where(allowed, 0.0, -np.inf)


def weights_of(case):
    """Return the weights of the rows, shape (n,)."""
    return np.ones(len(case.x)) if case.weight is None else case.weight


def log_likelihood(case, model):
    """Return the total weighted log-likelihood of rows, and of labels where there are any."""
    weight = weights_of(case)
    joint = log_joint(model, case.x)
    if case.labels is not None:
        joint = joint + label_factors(case.labels, model.names)
    present = weight > 0
    return float(weight[present] @ np.logaddexp.reduce(joint[present], axis=1))


def log_posterior(case, model):
    """Return the same with the log density of all priors."""
    weight = weights_of(case)
    return log_likelihood(case, model) + log_priors(model, case.x[weight > 0], weight[weight > 0])


def log_priors(d, rows, weight):
    """Return the log density of the priors in a part of the tree; what is frozen has none."""
    if isinstance(d, Product):
        return sum(log_priors(part, cells, weight) for part, cells in columns_of(d, rows))
    if not isinstance(d, MixtureModel):
        return 0.0
    components, weights = components_of(d)
    total = sum(log_priors(part, rows, weight) for part in components)
    free, counts = ~frozen_weights(d), pseudo_counts(d)
    total += counts[free & (counts > 0)] @ np.log(weights[free & (counts > 0)])
    for part, own in zip(components, seen_by(d, rows, weight), strict=True):
        for (leaf, _), seen in zip(leaves_in(part), own or [], strict=own is not None):
            if seen is not None and not leaf.frozen >= set(leaf.parameters):
                total += log_prior(leaf, seen)
    return total


def pseudo_counts(mixture):
    """Return how many rows of each component a Dirichlet prior takes to have been seen, shape (K,)."""
    n = len(components_of(mixture)[0])
    return np.zeros(n) if mixture.weights_prior is None else np.broadcast_to(mixture.weights_prior, n) - 1.0


def frozen_weights(mixture):
    """Return which weights are frozen, shape (K,)."""
    frozen = np.full(len(components_of(mixture)[0]), mixture.freeze_weights is True)
    frozen[mixture.freeze_weights if isinstance(mixture.freeze_weights, list) else []] = True
    return frozen
