"""Random trees of parts, with data that they can have made.

`cases` draws a mixture of anything: products, multivariate normals, wrappers, mixtures inside of them, with frozen and
tied parameters and weights, priors, missing cells, weights of rows and what is known of their labels. What they mean is
`written_out`.
"""

from typing import NamedTuple

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from written_out import changed, components_of, like, log_branches, parts_in, responsibilities

from mixtures import (
    Categorical,
    Exponential,
    Gamma,
    Geometric,
    InvalidParameterError,
    Laplace,
    Logistic,
    LogNormal,
    MixtureModel,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Prior,
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
MOST_APART = 6  # branches that a hundred starts are sure to find
SHIFT = 0.5


class Case(NamedTuple):
    """A tree of known parameters, and rows that it may have made."""

    model: MixtureModel
    x: np.ndarray  # (n, d), with missing (NaN) cells
    weight: np.ndarray | None
    labels: np.ndarray | None  # (n,) numbers or names, or (n, K) factors


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
SEPARATED = 0.98  # probability of the component that a row came from, on average
RAREST = 0.02  # share of the rows that each component has at least
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
    """Draw a mixture of these columns: a list or a dict of components, with rules for their weights, and priors."""
    components = draw(st.lists(parts_of(kinds, depth - 1, families), min_size=1, max_size=most))
    named = {f"part {k}": part for k, part in enumerate(components)} if draw(st.booleans()) else components
    prior = draw(priors_of(components)) if draw(st.integers(0, 3)) == 3 else None
    if prior is not None and isinstance(named, dict) and draw(st.booleans()):
        prior = {name: own for name, own in zip(named, prior, strict=True) if own is not None}
    return MixtureModel(named, prior=prior, **draw(rules_of_weights(len(components))))


@st.composite
def rules_of_weights(draw, n):
    """Draw weights of n components, and what a fit may do to them."""
    weights, rule = draw(shares(n)), draw(st.integers(0, 9))
    if rule < 2:
        return {"weights": weights, "freeze_weights": draw(st.sampled_from([[0], True]))}
    rules = {}
    if rule == 2 and n > 1:
        members = draw(st.lists(st.integers(0, n - 1), min_size=2, max_size=n, unique=True))
        if len(members) < n and draw(st.booleans()):
            rules["freeze_weights"] = [k for k in range(n) if k not in members]
        factors = draw(st.lists(st.sampled_from([1, 1, 2, 3]), min_size=len(members), max_size=len(members)))
        rules["tied"] = {"weights": dict(zip(members, factors, strict=True))}
        weights[members] = weights[members].sum() * np.array(factors) / sum(factors)
    if rule in (2, 3) and draw(st.booleans()):
        concentration = tenths(1.0, 4.0)
        rules["weights_prior"] = draw(st.one_of(concentration, st.lists(concentration, min_size=n, max_size=n)))
    return {"weights": weights, **rules}


@st.composite
def priors_of(draw, components):
    """Draw priors of components, None where there are none or a choice is made inside."""
    made = []
    for part in components:
        branches = part.outline().branches
        one = len(branches) == 1 and not any(leaf.prior for leaf in branches[0].leaves)
        made.append(draw(prior_of(branches[0].leaves, part)) if one and draw(st.booleans()) else None)
    return made if any(made) else None


@st.composite
def prior_of(draw, leaves, component):
    """Draw a prior of a component made of these leaves: of the whole, by the names of its parts, or the default."""
    own = [draw(prior_of_leaf(leaf.distribution)) for leaf in leaves]
    if len(own) == 1:
        return own[0]
    form = draw(st.integers(0, 2))
    if form == 0 and all(isinstance(prior, Prior) for prior in own):
        return Prior(Product([prior.distribution for prior in own]), own[0].count)
    if form == 1 and "default" in own:
        return "default"
    return {leaf.name: prior for leaf, prior in zip(leaves, own, strict=True) if draw(st.booleans())}


@st.composite
def prior_of_leaf(draw, leaf):
    """Draw a prior with its mode not far from a family's parameters; of a normal perhaps the default."""
    normal, count = leaf.quadratic, draw(tenths(0.5, 6.0))
    if normal and draw(st.integers(0, 2)) == 0:
        return "default"
    factor = draw(st.sampled_from([1.0, 1.0, 1.5, 2.0]))
    mode = leaf.with_values(**{p.name: near(leaf.parameters[p.name], p.domain, factor) for p in leaf.declared})
    assume(stands_for_rows(mode))
    mean_count = draw(st.sampled_from([None, 0.0, 0.5, 3.0])) if normal else None
    return Prior(mode, count, mean_count)


def stands_for_rows(d):
    """Whether there are rows that stand for a distribution: not if much of it is next to an end that is not zero."""
    try:
        d.expected_rows()
    except InvalidParameterError:
        return False
    return True


def near(value, domain, factor):
    """Return another value of a domain."""
    value = np.asarray(value)
    if domain.is_location:
        return (value + factor - 1.0)[()] if not domain.periodic else value / factor
    if value.ndim == 1:
        return value[::-1]
    return (value * factor)[()] if np.isinf(getattr(domain, "high", np.inf)) else 0.5 - (0.5 - value) / factor


@st.composite
def tied_mixtures(draw, kinds, families):
    """Draw a mixture of products that are alike, and share one part or multiples of one parameter of it."""
    chosen = [draw(st.sampled_from(families[kind])) for kind in kinds]
    tables = [{f"x{i}": draw(family) for i, family in enumerate(chosen)} for _ in range(draw(st.integers(2, 3)))]
    name, rules = draw(st.sampled_from(sorted(tables[0]))), draw(rules_of_weights(len(tables)))
    shared, rest = tables[0][name], rules.pop("tied", {})
    single = families is EVERYTHING and shared.kernels is not None  # others can only be shared as a whole
    parameter = draw(st.sampled_from([None, *shared.parameters])) if single else None
    others = [key for key in tables[0] if key != name]
    one = all(len(part.outline().branches) == 1 for part in tables[0].values()) and draw(st.integers(0, 2)) == 2
    prior = [{key: draw(prior_of_leaf(tables[0][key])) for key in others}] * len(tables) if one else None
    if parameter is None:
        for table in tables:
            table[name] = shared
        tied = {name: list(range(len(tables)))} if rest else name
    else:
        members = draw(st.lists(st.integers(0, len(tables) - 1), min_size=2, max_size=len(tables), unique=True))
        factors = draw(factors_of(shared, parameter, len(members)))
        for k, factor in zip(members, factors, strict=True):
            table = tables[k]
            table[name] = table[name].with_values(**{parameter: factor * shared.parameters[parameter]})
        if draw(st.integers(0, 3)) == 3:
            tables[members[-1]][name] = tables[members[-1]][name].freeze(parameter)
        plain = all(factor == 1 for factor in factors) and draw(st.booleans())
        tied = {f"{name}.{parameter}": members if plain else dict(zip(members, factors, strict=True))}
    tied = {**tied, **rest} if rest else tied
    return MixtureModel([Product(table) for table in tables], tied=tied, prior=prior, **rules)


@st.composite
def factors_of(draw, leaf, parameter, n):
    """Draw multiples of a common value, all of which a parameter can be."""
    domain = next(p.domain for p in leaf.declared if p.name == parameter)
    if np.ndim(leaf.parameters[parameter]) or domain.discrete:
        choice = [1.0]
    elif domain.periodic:
        choice = [1.0, -1.0]
    elif domain.is_location:
        choice = [1.0, -1.0, 2.0, -0.5]
    else:
        choice = [1.0, 0.5] if np.isfinite(domain.high) else [1.0, 0.5, 2.0]
    return draw(st.lists(st.sampled_from(choice), min_size=n, max_size=n))


@st.composite
def covariance_models(draw, n):
    """Draw a mixture of normals of n columns whose covariances have a common structure."""
    components = draw(st.lists(multivariate_normals(n), min_size=2, max_size=3))
    return MixtureModel(
        components, covariance=draw(st.sampled_from(COVARIANCES)), **draw(rules_of_weights(len(components)))
    )


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
    form = draw(st.sampled_from(["none", "none", "numbers", "names", "factors"])) if labels else "none"
    return Case(model, x, counts[kind], labels_of(form, likely, model.names, rng))


@st.composite
def separated_cases(draw, n=500):
    """Draw a tree whose components lie far from each other, and rows by which each can be known."""
    tree, rng = draw(trees()), np.random.default_rng(draw(st.integers(0, 2**16)))
    assume(2 <= len(tree.outline().branches) <= MOST_APART)
    model = apart(tree, rng)
    x = model.sample(n, rng)
    joint = log_branches(model, x)
    memberships = np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))
    assume(memberships.max(axis=1).mean() > SEPARATED and memberships.sum(axis=0).min() > n * RAREST)
    return Case(model, x, None, None)


def apart(d, rng):
    """Return a tree of narrow families at places of their own; what is frozen or tied keeps its value."""
    if isinstance(d, MixtureModel):
        if d.tied is not None or d.covariance is not None:
            return d
        components, weights = components_of(d)
        return changed(d, like(d.components, [apart(part, rng) for part in components]), weights)
    if isinstance(d, Product):
        return Product(like(d.parts, [apart(part, rng) for part in parts_in(d)]))
    if isinstance(d, ZeroInflated):
        return d.with_values(distribution=apart(d.distribution, rng))
    far = {p.name: elsewhere(d, p, rng) for p in d.declared if p.name not in d.frozen}
    return d.with_values(**{name: value for name, value in far.items() if value is not None})


def elsewhere(leaf, p, rng):
    """Return another value of a parameter, far from most others; None where it says nothing of the place."""
    if p.name in ("mean", "loc", "log_mean") and not p.domain.periodic:
        unit = 3.0 if p.name == "log_mean" else 15.0  # floors of scales are relative to the largest values of a column
        return (unit * rng.integers(-4, 5, np.shape(leaf.parameters[p.name])))[()].astype(float)
    if p.domain.periodic:
        return float(rng.integers(-3, 4))
    if p.name == "concentration":
        return 100.0
    if isinstance(leaf, (Poisson, Gamma, Exponential)) and p.name == "rate":
        return float(10.0 ** rng.integers(0, 4)) if isinstance(leaf, Poisson) else float(10.0 ** rng.integers(-4, 3))
    if isinstance(leaf, Weibull) and p.name == "scale":
        return float(10.0 ** rng.integers(-3, 4))
    return None


def labels_of(form, likely, names, rng):
    """Return what is known of the components of rows that most likely came from some, in one of the ways to say so."""
    n = len(likely)
    known = rng.random(n) < 0.3
    if form == "numbers":
        return np.where(known, likely, -1)
    if form == "names":
        return np.array([names[k] if sure else None for k, sure in zip(likely, known, strict=True)], dtype=object)
    if form == "factors":  # of few values, so that rows share them; some components are ruled out
        factors = rng.integers(0, 4, (n, len(names))) / 2.0
        factors[np.arange(n), likely] = 1.0
        return factors
    return None


def blank(d):
    """Return a tree of the same shape that knows nothing but frozen parameters, and weights that are frozen."""
    if isinstance(d, MixtureModel):
        components, _ = components_of(d)
        made = like(d.components, [blank(part) for part in components])
        return changed(d, made, d.weights if d.freeze_weights else None)
    if isinstance(d, Product):
        return Product(like(d.parts, [blank(part) for part in parts_in(d)]))
    return d.with_values(**{name: None for name in d.parameters if name not in d.frozen})


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
