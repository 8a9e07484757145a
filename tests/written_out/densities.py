"""Log densities, by SciPy where it has the family."""

import numpy as np
import scipy.special
import scipy.stats

from mixtures import (
    Categorical,
    Exponential,
    Gamma,
    Geometric,
    Laplace,
    Logistic,
    LogNormal,
    MixtureModel,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Product,
    Scaled,
    Shifted,
    StudentT,
    Truncated,
    VonMises,
    Weibull,
    ZeroInflated,
)

from .parts import columns_of, components_of


def log_density(d, rows):
    """Return the log density of the observed cells of each row, 0 where there is none."""
    if isinstance(d, MixtureModel):
        return np.logaddexp.reduce(log_joint(d, rows), axis=1)
    if isinstance(d, Product):
        return np.sum([log_density(part, cells) for part, cells in columns_of(d, rows)], axis=0)
    out, seen = np.zeros(len(rows)), ~np.isnan(rows).all(axis=1)
    if seen.any():
        with np.errstate(all="ignore"):  # log(0), and exp(x) of what is far out
            out[seen] = of_family(d, rows[seen])
    return out


def log_joint(mixture, rows):
    """Return log(w_k) + log density of each component, shape (n, K)."""
    components, weights = components_of(mixture)
    with np.errstate(divide="ignore"):
        return np.log(weights) + np.stack([log_density(part, rows) for part in components], axis=1)


def log_branches(d, rows):
    """Return the log of proportion times density of all that a row may have come from, shape (n, branches)."""
    if isinstance(d, MixtureModel):
        components, weights = components_of(d)
        return np.concatenate(
            [np.log(w) + log_branches(part, rows) for part, w in zip(components, weights, strict=True)], axis=1
        )
    if not isinstance(d, Product):
        return log_density(d, rows)[:, np.newaxis]
    joint = np.zeros((len(rows), 1))
    for part, cells in columns_of(d, rows):
        own = log_branches(part, cells)
        joint = (joint[:, :, np.newaxis] + own[:, np.newaxis, :]).reshape(len(rows), -1)
    return joint


def of_family(d, rows):
    """Return SciPy's log density of rows, each with an observed cell."""
    if isinstance(d, MultivariateNormal):
        return np.array([marginal_normal(d, row) for row in rows])
    x = rows[:, 0]
    if isinstance(d, ZeroInflated):
        inner, at_zero = np.log1p(-d.prob) + of_family(d.distribution, rows), np.log(d.prob)
        shares_zero = d.distribution.support.discrete
        return np.where(x == 0.0, np.logaddexp(at_zero, inner) if shares_zero else at_zero, inner)
    if isinstance(d, Shifted):
        return of_family(d.distribution, rows - d.by)
    if isinstance(d, Scaled):
        return of_family(d.distribution, rows / d.by) - np.log(d.by)
    if isinstance(d, Truncated):  # of exponentials, from below
        outside = np.log(SCIPY[type(d.distribution)](d.distribution).sf(d.low))
        return np.where(x >= d.low, of_family(d.distribution, rows) - outside, -np.inf)
    return OWN[type(d)](d, x) if type(d) in OWN else log_pdf_of(SCIPY[type(d)](d), x)


def log_pdf_of(twin, x):
    """Return SciPy's log density or log mass."""
    return twin.logpmf(x) if hasattr(twin, "logpmf") else twin.logpdf(x)


SCIPY = {
    Exponential: lambda d: scipy.stats.expon(scale=1.0 / d.rate),
    Gamma: lambda d: scipy.stats.gamma(d.shape, scale=1.0 / d.rate),
    Geometric: lambda d: scipy.stats.geom(d.prob, loc=-1),
    Laplace: lambda d: scipy.stats.laplace(d.loc, d.scale),
    LogNormal: lambda d: scipy.stats.lognorm(d.log_std, scale=np.exp(d.log_mean)),
    Logistic: lambda d: scipy.stats.logistic(d.loc, d.scale),
    Normal: lambda d: scipy.stats.norm(d.mean, d.std),
    Poisson: lambda d: scipy.stats.poisson(d.rate),
    StudentT: lambda d: scipy.stats.t(d.df, d.loc, d.scale),
    Weibull: lambda d: scipy.stats.weibull_min(d.shape, scale=d.scale),
}


def log_categorical(d, x):
    """Return the log of the probability of each category, -inf for those that are none."""
    known = range(len(d.prob)) if d.categories is None else d.categories
    return np.log([dict(zip(known, d.prob, strict=True)).get(value, 0.0) for value in x.tolist()])


def log_von_mises(d, x):
    """Return the log density of each angle; SciPy's is of another stretch of the line."""
    k = d.concentration
    return -2.0 * k * np.sin((x - d.loc) / 2.0) ** 2 - np.log(2.0 * np.pi * scipy.special.i0e(k))


def log_negative_binomial(d, x):
    """Return the log mass, Gamma(size + x) / Gamma(size) written as a product: SciPy's loses digits of large sizes."""
    rising = np.concatenate([[0.0], np.cumsum(np.log(d.size + np.arange(x.max())))])[x.astype(int)]
    rest = d.size * np.log(d.prob) + scipy.special.xlog1py(x, -d.prob)
    return rising - scipy.special.gammaln(x + 1.0) + rest


OWN = {Categorical: log_categorical, NegativeBinomial: log_negative_binomial, VonMises: log_von_mises}


def marginal_normal(d, row):
    """Return the log density of the observed cells of one row."""
    seen = ~np.isnan(row)
    return scipy.stats.multivariate_normal(d.mean[seen], d.cov[np.ix_(seen, seen)]).logpdf(row[seen])
