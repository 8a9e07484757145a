"""Log densities of priors, by integrals and sums of one's own."""

from typing import NamedTuple

import numpy as np
import scipy.special

from distributions import Distribution
from mixtures import (
    Categorical,
    Geometric,
    Laplace,
    Logistic,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Prior,
    Scaled,
    Shifted,
    StudentT,
    Truncated,
    VonMises,
    ZeroInflated,
)

from .densities import SCIPY, of_family
from .parts import components_of, leaves_in

LOST = 1e-20  # probability beyond the ends of a grid
DEFAULT_MEAN_COUNT = 0.01


class Seen(NamedTuple):
    """What the prior of one leaf takes to have been seen: so many rows of a distribution, so many about its mean."""

    mode: Distribution
    count: float
    mean_count: float | None = None


def seen_by(mixture, rows, weight):
    """Return for each component of a mixture what its prior takes to have been seen of each leaf, or None."""
    components, _ = components_of(mixture)
    prior = mixture.prior
    if prior is None or prior == "default" or isinstance(prior, Prior):
        entries = [prior] * len(components)
    else:
        entries = [prior.get(name) for name in mixture.names] if isinstance(prior, dict) else list(prior)
    shared = len(components) if mixture.covariance in ("EII", "EEI", "EEE") else 1
    return [
        None if entry is None else of_component(part, entry, rows, weight, len(components), shared)
        for part, entry in zip(components, entries, strict=True)
    ]


def of_component(component, entry, rows, weight, n, shared):
    """Return what the prior of one of n components takes to have been seen of each leaf, None where nothing."""
    leaves = leaves_in(component)
    if isinstance(entry, Prior):
        given = [Seen(part, entry.count, entry.mean_count) for part, _ in leaves_in(entry.distribution)]
    elif isinstance(entry, dict):
        names = [leaf.name for leaf in component.outline().branches[0].leaves]
        own = [entry.get(name) for name in names]
        given = [Seen(p.distribution, p.count, p.mean_count) if isinstance(p, Prior) else p for p in own]
    else:
        given = ["default" if isinstance(leaf, (Normal, MultivariateNormal)) else None for leaf, _ in leaves]
    return [
        default_prior(rows[:, columns], weight, n, shared) if seen == "default" else seen
        for seen, (_, columns) in zip(given, leaves, strict=True)
    ]


def default_prior(rows, weight, n, shared):
    """Return the prior of Fraley & Raftery: d + 2 degrees of freedom, scale S / n^(2/d), a hundredth of a row."""
    mean, cov = moments(rows, weight)
    d, total = rows.shape[1], weight[~np.isnan(rows).all(axis=1)].sum()
    scale = cov * total / (total - 1.0) / n ** (2.0 / d)
    exponent = (d + 2.0) + d + 1.0  # of an inverse Wishart; one more comes with the mean
    count = exponent / shared + 1.0
    return Seen(MultivariateNormal(mean, scale / shared / count), count, DEFAULT_MEAN_COUNT)


def moments(rows, weight):
    """Return mean and covariance of rows with missing cells, as maximum likelihood of one normal has them."""
    present = ~np.isnan(rows).all(axis=1)
    rows, weight = rows[present], weight[present]
    mean = np.array([np.average(c[~np.isnan(c)], weights=weight[~np.isnan(c)]) for c in rows.T])
    cov = np.diag(np.nanvar(rows, axis=0) + 1e-3)
    for _ in range(10_000):
        before = cov
        mean, cov = completed_moments(mean, cov, rows, weight)
        if np.abs(cov - before).max() < 1e-13 * np.abs(cov).max():
            break
    return mean, cov


def completed_moments(mean, cov, rows, weight):
    """Return the moments of rows completed by their conditional distribution (Ghahramani & Jordan)."""
    filled, spread = completed(mean, cov, rows, weight)
    new = np.average(filled, axis=0, weights=weight)
    return new, ((weight[:, np.newaxis] * (filled - new)).T @ (filled - new) + spread) / weight.sum()


def completed(mean, cov, rows, weight):
    """Return rows with expectations in missing cells, and the sum of their conditional covariances."""
    filled, spread = np.empty_like(rows), np.zeros_like(cov)
    for i, row in enumerate(rows):
        o, m = np.flatnonzero(~np.isnan(row)), np.flatnonzero(np.isnan(row))
        slope = np.linalg.solve(cov[np.ix_(o, o)], cov[np.ix_(o, m)])
        filled[i, o] = row[o]
        filled[i, m] = mean[m] + (row[o] - mean[o]) @ slope
        spread[np.ix_(m, m)] += weight[i] * (cov[np.ix_(m, m)] - cov[np.ix_(m, o)] @ slope)
    return filled, spread


# ------------------------------------------------------------------------------------------------ their densities


def log_prior(leaf, seen):
    """Return the log density of a leaf's prior: the count times the expected log density."""
    if isinstance(leaf, (Normal, MultivariateNormal)):
        return log_prior_of_normal(*mean_and_cov(leaf), *mean_and_cov(seen.mode), seen)
    return seen.count * expected_log_density(seen.mode, leaf)


def mean_and_cov(d):
    """Return mean, shape (d,), and covariance, shape (d, d), of a normal."""
    return (d.mean, d.cov) if isinstance(d, MultivariateNormal) else (np.array([d.mean]), np.array([[d.std**2]]))


def log_prior_of_normal(mean, cov, centre, scale, seen):
    """Return the log density of a normal-inverse-Wishart prior, with the constants that rows of a normal have."""
    away = mean - centre
    mean_count = seen.count if seen.mean_count is None else seen.mean_count
    spread = len(mean) * np.log(2.0 * np.pi) + np.linalg.slogdet(cov)[1] + np.trace(np.linalg.solve(cov, scale))
    return -0.5 * seen.count * spread - 0.5 * mean_count * away @ np.linalg.solve(cov, away)


def expected_log_density(mode, leaf):
    """Return the expectation under one distribution of the log density of another of its family."""
    if isinstance(leaf, Laplace):
        away = abs(mode.loc - leaf.loc)
        return -np.log(2.0 * leaf.scale) - (away + mode.scale * np.exp(-away / mode.scale)) / leaf.scale
    x, share = grid(mode)
    x, share = x[share > 0.0], share[share > 0.0]
    return share @ of_family(leaf, x[:, np.newaxis]) / share.sum()


def grid(mode):
    """Return points and their shares: all of a count, else nodes of the trapezoidal rule where ends fade away."""
    if isinstance(mode, ZeroInflated):
        x, share = grid(mode.distribution)
        return np.append(x, 0.0), np.append((1.0 - mode.prob) * share / share.sum(), mode.prob)
    if isinstance(mode, Shifted):
        x, share = grid(mode.distribution)
        return x + mode.by, share
    if isinstance(mode, Scaled):
        x, share = grid(mode.distribution)
        return x * mode.by, share
    if isinstance(mode, Truncated):  # an exponential, from below: it forgets
        x, share = grid(mode.distribution)
        return x + mode.low, share
    if isinstance(mode, Categorical):
        return np.arange(len(mode.prob), dtype=float), np.asarray(mode.prob)
    if isinstance(mode, VonMises):
        x = mode.loc + 2.0 * np.pi * np.arange(4096) / 4096
        return x, np.exp(of_family(mode, x[:, np.newaxis]))
    if isinstance(mode, NegativeBinomial):
        x = np.arange(1.0 + scipy.special.nbdtrik(1.0 - 1e-14, mode.size, mode.prob) * 3.0)
        return x, np.exp(of_family(mode, x[:, np.newaxis]))
    twin = SCIPY[type(mode)](mode)
    if isinstance(mode, (Poisson, Geometric)):
        x = np.arange(30.0 + 2.0 * twin.isf(1e-14))
        return x, twin.pmf(x)
    if isinstance(mode, (StudentT, Logistic)):
        t = np.linspace(-30.0, 30.0, 20_001)
        x = mode.loc + mode.scale * np.sinh(t)
        return x, twin.pdf(x) * np.cosh(t)
    t = np.linspace(np.log(twin.ppf(LOST)), np.log(twin.isf(LOST)), 20_001)
    return np.exp(t), twin.pdf(np.exp(t)) * np.exp(t)
