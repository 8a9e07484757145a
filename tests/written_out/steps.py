"""One EM step."""

import numpy as np

from distributions.data import as_observed
from distributions.outline import spans
from mixtures import Exponential, MixtureModel, MultivariateNormal, Normal, Product, ZeroInflated

from .counts import groups_of, ties_of_weights
from .densities import log_density
from .objective import frozen_weights, label_factors, pseudo_counts, responsibilities, weights_of
from .parts import changed, components_of, like, n_leaves, parts_in
from .priors import completed, mean_and_cov, seen_by


def em_step(case):
    """Return the tree after one EM step on a case."""
    weight = weights_of(case)
    rows, weight = case.x[weight > 0], weight[weight > 0]
    factors = None
    if case.labels is not None:
        factors = label_factors(case.labels, case.model.names)
        factors = factors if case.weight is None else factors[case.weight > 0]
    return moved_mixture(case.model, rows, weight, weight, factors)


def moved(d, rows, r, weight, seen=None):
    """Return a part of the tree after one EM step.

    Parameters
    ----------
    d : Distribution
    rows : ndarray, shape (n, d)
    r : ndarray, shape (n,)
        Responsibilities times weights.
    weight : ndarray, shape (n,)
    seen : list of Seen or None
        What a prior takes to have been seen of each leaf, where no choice is made among these.
    """
    if isinstance(d, MixtureModel):
        return moved_mixture(d, rows, r, weight, None, seen)
    if isinstance(d, Product):
        parts, first = [], 0
        columns = spans([part.n_columns for part in parts_in(d)], rows.shape[1])
        for part, span in zip(parts_in(d), columns, strict=True):
            own = None if seen is None else seen[first : first + n_leaves(part)]
            parts.append(moved(part, rows[:, span], r, weight, own))
            first += n_leaves(part)
        return Product(like(d.parts, parts))
    if isinstance(d, ZeroInflated) and "prob" not in d.frozen and not isinstance(d.distribution, Exponential):
        return moved_zero_inflated(d, rows, r, weight)
    return moved_leaf(d, rows, r, None if seen is None else seen[0])


def moved_leaf(d, rows, r, seen):
    """Return a family fitted to its share of the rows, and to what a prior takes to have been seen."""
    observed = ~np.isnan(rows).all(axis=1) & (r > 0)
    if d.frozen >= set(d.parameters) or (seen is None and not observed.any()):
        return d
    rows, r = rows[observed], r[observed]
    if isinstance(d, MultivariateNormal) or (isinstance(d, Normal) and seen is not None):
        return moved_normal(d, rows, r, seen)
    if seen is not None:
        x, share = seen.mode.expected_rows()
        rows, r = np.concatenate([rows, x[share > 0]]), np.concatenate([r, seen.count * share[share > 0]])
    return d.fit(as_observed(rows), r)


def moved_mixture(d, rows, r, weight, factors=None, seen=None):
    """Return a mixture of moved components, its weights the shares of the rows that came from them."""
    components, weights = components_of(d)
    parted = np.where(r[:, np.newaxis] > 0, responsibilities(d, rows, factors), 0.0) * r[:, np.newaxis]
    given = [seen] if seen is not None else seen_by(d, rows, weight)
    moved_parts = [
        moved(part, rows, parted[:, k], weight, own)
        for k, (part, own) in enumerate(zip(components, given, strict=True))
    ]
    for name in [name for name, _, _ in groups_of(d) if name != "weights"]:
        # A part that all components share sees the rows of all of them.
        whole = moved(components[0], rows, parted.sum(axis=1), weight, given[0]).parts[name]
        moved_parts = [Product({**part.parts, name: whole}) for part in moved_parts]
    return changed(d, like(d.components, moved_parts), moved_weights(d, weights, parted.sum(axis=0)))


def moved_weights(d, weights, mass):
    """Return shares of the rows: those that are tied have the ratio of their factors, frozen ones stay."""
    mass, frozen = mass + pseudo_counts(d), frozen_weights(d)
    weights, left = weights.copy(), 1.0 - weights[frozen].sum()
    total = mass[~frozen].sum()
    if total > 0:
        for members, factors in ties_of_weights(d):
            if not frozen[members].any():
                weights[members] = left * mass[members].sum() / total * factors / factors.sum()
    return weights


def moved_zero_inflated(d, rows, r, weight):
    """Return a moved mixture of a point at zero and what is inflated."""
    seen = ~np.isnan(rows[:, 0])
    extra = np.where(seen, 0.0, d.prob)  # a row that is not observed is like all others
    zero = seen & (rows[:, 0] == 0.0)
    extra[zero] = np.exp(np.log(d.prob) - log_density(d, rows[zero]))
    prob = float(r @ extra / r.sum()) if r.sum() > 0 else d.prob
    inner = moved(d.distribution, rows, r * (1.0 - extra), weight)
    return d.with_values(distribution=inner, prob=prob)


def moved_normal(d, rows, r, seen):
    """Return a normal with the moments of completed rows, and of those that a prior takes to have been seen."""
    mean, cov = mean_and_cov(d)
    filled, spread = completed(mean, cov, rows, r)
    count, mean_count, centre = 0.0, 0.0, mean
    if seen is not None:
        centre, seen_cov = mean_and_cov(seen.mode)
        count, mean_count = seen.count, seen.count if seen.mean_count is None else seen.mean_count
        spread = spread + count * seen_cov
    if "mean" not in d.frozen and r.sum() + mean_count > 0.0:
        mean = (r @ filled + mean_count * centre) / (r.sum() + mean_count)
    spread = spread + (r[:, np.newaxis] * (filled - mean)).T @ (filled - mean)
    spread = spread + mean_count * np.outer(mean - centre, mean - centre)
    spread = spread / (r.sum() + count)
    if isinstance(d, Normal):
        return d.with_values(mean=mean[0], std=d.std if "std" in d.frozen else np.sqrt(spread[0, 0]))
    return d.with_values(mean=mean, cov=cov if "cov" in d.frozen else spread)
