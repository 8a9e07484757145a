"""Random trees of parts, with data that they can have made; and what they mean, written out in plain NumPy.

`cases` draws a mixture of anything: products, multivariate normals, wrappers, mixtures inside of them. The judges are
`log_density` and `em_step`: recursions over the tree, which know neither the compiled loops nor their tables.
"""

from typing import NamedTuple

import numpy as np
import scipy.special
import scipy.stats
from hypothesis import assume
from hypothesis import strategies as st

from distributions.data import as_observed, centre_and_scale
from distributions.outline import spans
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

MOST_BRANCHES = 12
SHIFT = 0.5


class Case(NamedTuple):
    """A tree of known parameters, and rows that it may have made."""

    model: MixtureModel
    x: np.ndarray  # (n, d), with missing (NaN) cells
    weight: np.ndarray | None
    labels: np.ndarray | None


# ------------------------------------------------------------------------------------------------- strategies


def tenths(low, high):
    """Draw a number with one digit behind the point: short in a report, and nowhere near a border case of rounding."""
    return st.integers(round(10 * low), round(10 * high)).map(lambda tenth: tenth / 10)


positive = tenths(0.5, 4.0)
place = tenths(-5.0, 5.0)
share = tenths(0.1, 0.9)


@st.composite
def shares(draw, n):
    """Draw n proportions, none of them small."""
    parts = np.array(draw(st.lists(st.integers(1, 5), min_size=n, max_size=n)), dtype=float)
    return parts / parts.sum()


normals = st.builds(Normal, place, positive)
gammas = st.builds(Gamma, positive, positive)
exponentials = st.builds(Exponential, positive)
log_normals = st.builds(LogNormal, tenths(-1, 1), tenths(0.3, 1.5))
weibulls = st.builds(Weibull, positive, positive)
poissons = st.builds(Poisson, tenths(0.5, 9.0))
negative_binomials = st.builds(NegativeBinomial, tenths(1.0, 6.0), share)

# What may stand in one column: all of one measure, and of one support as far as data are drawn from a part of it.
CLOSED_FORM = {
    "number": [normals, st.builds(Laplace, place, positive)],
    "amount": [exponentials, gammas, log_normals, st.builds(Scaled, gammas, tenths(2, 3))],
    "late amount": [
        st.builds(Shifted, exponentials, st.just(SHIFT)),
        st.builds(Shifted, gammas, st.just(SHIFT)),
        st.builds(Truncated, exponentials, st.just(SHIFT)),
    ],
    "count": [poissons, st.builds(ZeroInflated, poissons, share), st.builds(Geometric, share)],
    "amount or none": [st.builds(ZeroInflated, inner, share) for inner in (gammas, log_normals, exponentials)],
    "angle": [st.builds(VonMises, tenths(-3, 3), positive)],
    "category": [st.builds(Categorical, shares(3))],
}
# `update` takes a step towards the maximum only.
STEPWISE = {
    "number": [st.builds(StudentT, tenths(3, 9), place, positive), st.builds(Logistic, place, positive)],
    "amount": [weibulls],
    "late amount": [st.builds(Shifted, weibulls, st.just(SHIFT))],
    "count": [negative_binomials, st.builds(ZeroInflated, negative_binomials, share)],
    "amount or none": [st.builds(ZeroInflated, weibulls, share)],
}
EVERYTHING = {kind: [*families, *STEPWISE.get(kind, [])] for kind, families in CLOSED_FORM.items()}
COVARIANCES = ("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV")
RARE = 30  # of so many columns, one has late amounts: Truncated is slow


@st.composite
def multivariate_normals(draw, n):
    """Draw a normal of n correlated columns."""
    factor = np.array(draw(st.lists(place, min_size=n * n, max_size=n * n))).reshape(n, n)
    mean = draw(st.lists(place, min_size=n, max_size=n))
    return MultivariateNormal(mean, factor @ factor.T / 9.0 + draw(positive) * np.eye(n))


@st.composite
def leaves(draw, kinds, families):
    """Draw one family of all these columns, perhaps with a frozen parameter."""
    leaf = draw(multivariate_normals(len(kinds)) if len(kinds) > 1 else st.one_of(families[kinds[0]]))
    if draw(st.integers(0, 4)) == 4:
        leaf = leaf.freeze(draw(st.sampled_from(list(leaf.parameters))))
    return leaf


@st.composite
def products(draw, kinds, depth, families):
    """Draw independent parts of these columns, in a list or a dict."""
    ends = [0, *sorted(draw(st.sets(st.integers(1, len(kinds) - 1), min_size=1))), len(kinds)]
    groups = [kinds[a:b] for a, b in zip(ends[:-1], ends[1:], strict=True)]
    parts = [draw(parts_of(group, depth, families)) for group in groups]
    if draw(st.booleans()):
        return Product(parts)
    names = [tuple(f"x{i}" for i in range(a, b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]
    return Product({name if len(name) > 1 else name[0]: part for name, part in zip(names, parts, strict=True)})


@st.composite
def mixtures(draw, kinds, depth, families, most=2):
    """Draw a mixture of these columns: a list or a dict of components, weights perhaps frozen."""
    components = draw(st.lists(parts_of(kinds, depth - 1, families), min_size=1, max_size=most))
    named = {f"part {k}": part for k, part in enumerate(components)} if draw(st.booleans()) else components
    freeze_weights = draw(st.sampled_from([False, False, False, [0], True]))
    return MixtureModel(named, weights=draw(shares(len(components))), freeze_weights=freeze_weights)


@st.composite
def tied_mixtures(draw, kinds, families):
    """Draw a mixture of products that are alike, and share one part or one parameter of it."""
    chosen = [draw(st.sampled_from(families[kind])) for kind in kinds]
    tables = [{f"x{i}": draw(family) for i, family in enumerate(chosen)} for _ in range(draw(st.integers(2, 3)))]
    name = draw(st.sampled_from(sorted(tables[0])))
    shared = tables[0][name]
    single = families is EVERYTHING and shared.kernels is not None  # others can only be shared as a whole
    parameter = draw(st.sampled_from([None, *shared.parameters])) if single else None
    for table in tables:
        table[name] = shared if parameter is None else equal_in(table[name], parameter, shared)
    tied = name if parameter is None else f"{name}.{parameter}"
    return MixtureModel([Product(table) for table in tables], weights=draw(shares(len(tables))), tied=tied)


def equal_in(leaf, parameter, other):
    """Return a family with one parameter of another."""
    return leaf.with_values(**{parameter: other.parameters[parameter]})


@st.composite
def covariance_models(draw, n):
    """Draw a mixture of normals of n columns whose covariances have a common structure."""
    components = draw(st.lists(multivariate_normals(n), min_size=2, max_size=3))
    return MixtureModel(components, covariance=draw(st.sampled_from(COVARIANCES)))


def parts_of(kinds, depth, families):
    """Draw anything of these columns, at most so many mixtures deep."""
    options = []
    if len(kinds) == 1 or set(kinds) == {"number"}:
        options.append(leaves(kinds, families))
    if len(kinds) > 1:
        options.append(products(kinds, depth, families))
    if depth:
        options.append(mixtures(kinds, depth, families))
        if len(kinds) > 1:
            options.append(tied_mixtures(kinds, families))
            if families is EVERYTHING and set(kinds) == {"number"}:
                options.append(covariance_models(len(kinds)))
    return st.one_of(options)


@st.composite
def trees(draw, families=EVERYTHING):
    """Draw a mixture of 2 to 5 columns, up to three mixtures deep."""
    common = [kind for kind in CLOSED_FORM if kind != "late amount"]
    column = st.integers(0, RARE).flatmap(
        lambda i: st.just("late amount") if i == RARE else st.sampled_from(["number", *common])
    )
    kinds = draw(st.lists(column, min_size=2, max_size=5))
    tree = draw(st.one_of(mixtures(kinds, 3, families, most=3), tied_mixtures(kinds, families)))
    assume(len(tree.outline().branches) <= MOST_BRANCHES)
    return tree


@st.composite
def cases(draw, families=EVERYTHING, *, n=(60, 150), weight=("none", "random", "with zeros"), labels=True):
    """Draw a tree, rows of it with missing cells, sample weights, and labels of some rows."""
    model = draw(trees(families))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    n = draw(st.sampled_from(n))
    x = model.sample(n, rng)
    kept = rng.integers(0, x.shape[1], n)  # each row keeps a cell
    holes = rng.random(x.shape) < draw(st.sampled_from([0.0, 0.0, 0.2, 0.5]))
    holes[np.arange(n), kept] = False
    likely = np.argmax(responsibilities(model, x), axis=1)
    x[holes] = np.nan
    kind = draw(st.sampled_from(weight))
    counts = {"none": None, "random": rng.uniform(0.1, 3.0, n), "with zeros": rng.integers(0, 4, n).astype(float)}
    known = draw(st.sampled_from([0.0, 0.0, 0.3])) if labels else 0.0
    given = np.where(rng.random(n) < known, likely, -1) if known else None
    return Case(model, x, counts[kind], given)


def blank(d):
    """Return a tree of the same shape that knows nothing but frozen parameters, and weights that are frozen."""
    if isinstance(d, MixtureModel):
        components, _ = components_of(d)
        made = like(d.components, [blank(part) for part in components])
        return changed(d, made, d.weights if d.freeze_weights else None)
    if isinstance(d, Product):
        return Product(like(d.parts, [blank(part) for part in parts_in(d)]))
    return d.with_values(**{name: None for name in d.parameters if name not in d.frozen})


# -------------------------------------------------------------------------------------- what a tree is made of


def like(given, values):
    """Return values as they were given: a list, or a dict by name."""
    return dict(zip(given, values, strict=True)) if isinstance(given, dict) else list(values)


def changed(mixture, components, weights):
    """Return a mixture with the same arguments but these."""
    return MixtureModel(**{**mixture.get_params(), "components": components, "weights": weights})


def components_of(mixture):
    """Return components and weights, the fitted ones if there are any."""
    fitted = hasattr(mixture, "weights_")
    components = mixture.components_ if fitted else mixture.components
    components = list(components.values()) if isinstance(components, dict) else list(components)
    if fitted:
        return components, mixture.weights_
    equal = np.full(len(components), 1.0 / len(components))
    return components, equal if mixture.weights is None else np.asarray(mixture.weights)


def parts_in(product):
    """Return the parts of a product in order."""
    return list(product.parts.values()) if isinstance(product.parts, dict) else list(product.parts)


def columns_of(product, rows):
    """Return parts and their cells of the rows."""
    parts = parts_in(product)
    columns = spans([part.n_columns for part in parts], rows.shape[1])
    return [(part, rows[:, span]) for part, span in zip(parts, columns, strict=True)]


# ----------------------------------------------------------------------------------------------- log densities


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


def responsibilities(mixture, rows, factors=None):
    """Return the probability of each component given each row, shape (n, K)."""
    joint = log_joint(mixture, rows) + (0.0 if factors is None else factors)
    return np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))


def label_factors(labels, n_components):
    """Return what known labels (-1: unknown) add to the log joint densities, shape (n, K)."""
    allowed = (labels[:, np.newaxis] == np.arange(n_components)) | (labels[:, np.newaxis] < 0)
    return np.where(allowed, 0.0, -np.inf)


def log_likelihood(case, model):
    """Return the total weighted log-likelihood of rows, and of labels where there are any."""
    weight = np.ones(len(case.x)) if case.weight is None else case.weight
    joint = log_joint(model, case.x)
    if case.labels is not None:
        joint = joint + label_factors(case.labels, joint.shape[1])
    present = weight > 0
    return float(weight[present] @ np.logaddexp.reduce(joint[present], axis=1))


# -------------------------------------------------------------------------------------------------- one EM step


def em_step(case):
    """Return the tree after one EM step on a case."""
    weight = np.ones(len(case.x)) if case.weight is None else case.weight
    rows, weight = case.x[weight > 0], weight[weight > 0]
    factors = None
    if case.labels is not None:
        factors = label_factors(case.labels, len(components_of(case.model)[0]))
        factors = factors if case.weight is None else factors[case.weight > 0]
    scale = centre_and_scale(rows, weight)[1]
    return moved(case.model, rows, weight, scale, factors)


def moved(d, rows, r, scale, factors=None):
    """Return a part of the tree after one EM step, of rows with responsibilities r, shape (n,)."""
    if isinstance(d, MixtureModel):
        return moved_mixture(d, rows, r, scale, factors)
    if isinstance(d, Product):
        widths = [part.n_columns for part in parts_in(d)]
        scales = [scale[span] for span in spans(widths, rows.shape[1])]
        parts = [moved(part, cells, r, s) for (part, cells), s in zip(columns_of(d, rows), scales, strict=True)]
        return Product(like(d.parts, parts))
    if isinstance(d, ZeroInflated) and "prob" not in d.frozen and not isinstance(d.distribution, Exponential):
        return moved_zero_inflated(d, rows, r, scale)
    seen = ~np.isnan(rows).all(axis=1) & (r > 0)
    if not seen.any() or d.frozen >= set(d.parameters):
        return d
    if isinstance(d, MultivariateNormal):
        return moved_normal(d, rows[seen], r[seen])
    return d.fit(as_observed(rows[seen]), r[seen])


def moved_mixture(d, rows, r, scale, factors):
    """Return a mixture of moved components, its weights the shares of the rows that came from them."""
    components, weights = components_of(d)
    parted = np.where(r[:, np.newaxis] > 0, responsibilities(d, rows, factors), 0.0) * r[:, np.newaxis]
    components = [moved(part, rows, parted[:, k], scale) for k, part in enumerate(components)]
    if d.tied is not None:  # a part that all components share sees the rows of all of them
        whole = moved(components_of(d)[0][0], rows, parted.sum(axis=1), scale).parts[d.tied]
        components = [Product({**part.parts, d.tied: whole}) for part in components]
    frozen = np.full(len(components), d.freeze_weights is True)
    frozen[d.freeze_weights if isinstance(d.freeze_weights, list) else []] = True
    weights = weights.copy()
    mass = parted.sum(axis=0)
    if mass[~frozen].sum() > 0:
        weights[~frozen] = (1.0 - weights[frozen].sum()) * mass[~frozen] / mass[~frozen].sum()
    return changed(d, like(d.components, components), weights)


def moved_zero_inflated(d, rows, r, scale):
    """Return a moved mixture of a point at zero and what is inflated."""
    seen = ~np.isnan(rows[:, 0])
    extra = np.where(seen, 0.0, d.prob)  # a row that is not observed is like all others
    zero = seen & (rows[:, 0] == 0.0)
    extra[zero] = np.exp(np.log(d.prob) - log_density(d, rows[zero]))
    prob = float(r @ extra / r.sum()) if r.sum() > 0 else d.prob
    inner = moved(d.distribution, rows, r * (1.0 - extra), scale)
    return d.with_values(distribution=inner, prob=prob)


def moved_normal(d, rows, r):
    """Return a normal with the moments of rows completed by their conditional distribution (Ghahramani & Jordan)."""
    filled, spread = np.empty_like(rows), np.zeros_like(d.cov)
    for i, row in enumerate(rows):
        o, m = np.flatnonzero(~np.isnan(row)), np.flatnonzero(np.isnan(row))
        slope = np.linalg.solve(d.cov[np.ix_(o, o)], d.cov[np.ix_(o, m)])
        filled[i, o] = row[o]
        filled[i, m] = d.mean[m] + (row[o] - d.mean[o]) @ slope
        spread[np.ix_(m, m)] += r[i] * (d.cov[np.ix_(m, m)] - d.cov[np.ix_(m, o)] @ slope)
    mean = d.mean if "mean" in d.frozen else r @ filled / r.sum()
    centred = filled - mean
    cov = d.cov if "cov" in d.frozen else ((r[:, np.newaxis] * centred).T @ centred + spread) / r.sum()
    return d.with_values(mean=mean, cov=cov)


def frozen_values(d):
    """Return frozen parameters and weights of a tree by their paths."""
    outline = d.outline()
    found = {
        (path, name): leaf.distribution.parameters[name]
        for path, leaf in outline.leaves.items()
        for name in leaf.distribution.frozen
    }
    for path, choice in outline.choices.items():
        if choice.frozen.any():
            found[path, "weights"] = choice.proportions[choice.frozen]
    return found
