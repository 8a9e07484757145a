"""Arbitrary data, weights and component lists, for hypothesis: all that a user may hand to `fit`, wrong or right."""

import numpy as np
import pandas as pd
from catalogue import FAMILIES
from hypothesis import strategies as st

from mixtures import (
    Binomial,
    Categorical,
    Censored,
    Exponential,
    Gamma,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    Scaled,
    Shifted,
    Truncated,
    ZeroInflated,
)


def _made_without_arguments():
    made = []
    for family in FAMILIES:
        try:
            made.append(family())
        except (TypeError, ValueError):  # one that needs another distribution, or a number
            continue
    return made


BARE = _made_without_arguments()
MADE = [
    Binomial(trials=5),
    Categorical(categories=[0.0, 1.0, 2.0]),
    Censored(Exponential()),
    MixtureModel([Normal(), Normal()]),
    MultivariateNormal(structure="diagonal"),
    MultivariateNormal(structure="spherical"),
    Normal(0.0, 1.0).freeze(),
    Normal(mean=3.0).freeze("mean"),
    Normal(std=1e-3),
    Product([Normal(), Normal()]),
    Product([Normal(), Poisson()]),
    Product([Gamma(), Categorical(categories=[0, 1, 2])]),
    Scaled(Gamma(), 0.5),
    Shifted(Exponential(), -2.0),
    Truncated(Normal(), low=0.0),
    ZeroInflated(Poisson()),
]
ODD = [
    0.0,
    -0.0,
    1.0,
    2.0,
    0.5,
    -1.0,
    1e-320,
    -1e-310,
    1e-200,
    1e200,
    1e300,
    -1e300,
    1e8,
    1e8 + 1,
    1e16,
    3.14,
    0.999999,
]
DTYPES = ["float64", "float32", "float16", "int8", "int32", "uint16", "int64", "bool", "object", "complex128"]

components = st.one_of(
    st.lists(st.one_of(st.sampled_from(BARE), st.sampled_from(MADE)), min_size=1, max_size=3),
    st.tuples(st.one_of(st.sampled_from(BARE), st.sampled_from(MADE)), st.integers(1, 3)).map(lambda t: [t[0]] * t[1]),
    st.lists(st.sampled_from([Normal(), Exponential(), Poisson(), Gamma()]), min_size=1, max_size=4),
)


@st.composite
def cells(draw, shape):
    """Return finite numbers of one kind: ordinary, whole, in a small range, or odd."""
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    kind = draw(
        st.sampled_from(["normal", "positive", "whole", "unit", "odd", "constant", "two", "huge offset", "tiny"])
    )
    if kind == "normal":
        return rng.normal(0.0, 10.0 ** draw(st.integers(-9, 9)), shape)
    if kind == "positive":
        return rng.gamma(1.0, 2.0, shape)
    if kind == "whole":
        return rng.poisson(3.0, shape).astype(float)
    if kind == "unit":
        return rng.random(shape)
    if kind == "odd":
        return rng.choice(ODD, shape)
    if kind == "constant":
        return np.full(shape, draw(st.sampled_from(ODD)))
    if kind == "two":
        return rng.choice([draw(st.sampled_from(ODD)), draw(st.sampled_from(ODD))], shape)
    if kind == "huge offset":
        return 1e8 + rng.normal(size=shape)
    return rng.normal(size=shape) * 1e-310


@st.composite
def data(draw):
    """Return data as a user may have them: an array of any kind and layout, a list, a frame, or nonsense."""
    n, d = draw(st.one_of(st.integers(0, 3), st.integers(4, 40))), draw(st.sampled_from([None, None, 1, 2, 3, 0]))
    x = draw(cells((n,) if d is None else (n, d)))
    for bad in draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=2)):
        if x.size:
            x.ravel()[draw(st.integers(0, x.size - 1))] = bad
    with np.errstate(all="ignore"):
        x = x.astype(draw(st.sampled_from(DTYPES[:1] * 6 + DTYPES)))
    if x.dtype == object and x.size and draw(st.booleans()):
        x.ravel()[0] = draw(st.sampled_from([None, "a", "1.5", [1.0], pd.NA, 10**400]))
    layout = draw(
        st.sampled_from(["as is", "as is", "reversed", "fortran", "read-only", "strided", "list", "frame", "masked"])
    )
    if layout == "reversed":
        return x[::-1]
    if layout == "fortran":
        return np.asfortranarray(x)
    if layout == "read-only":
        x.flags.writeable = False
    if layout == "strided":
        return np.repeat(x, 2, axis=0)[::2]
    if layout == "list":
        return x.tolist()
    if layout == "frame":
        return pd.DataFrame(x) if x.ndim == 2 else pd.Series(x)
    if layout == "masked":
        return np.ma.masked_array(x, np.zeros(x.shape, dtype=bool))
    return x


@st.composite
def weights(draw, n):
    """Return weights of n rows: none, ordinary, repeated, odd or malformed."""
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    kind = draw(st.sampled_from(["none", "none", "none", "gamma", "counts", "odd", "tiny", "huge", "bad", "short"]))
    if kind == "none":
        return None
    if kind == "gamma":
        return rng.gamma(0.5, 1.0, n)
    if kind == "counts":
        return rng.integers(0, 4, n)
    if kind == "odd":
        return rng.choice([0.0, 1e-320, 1e-12, 1.0, 1e12], n)
    if kind == "tiny":
        return np.full(n, 1e-300)
    if kind == "huge":
        return np.full(n, 1e300)
    if kind == "bad":
        return rng.choice([1.0, -1.0, np.nan, np.inf], n)
    return np.ones(n + 1)


@st.composite
def fitting(draw):
    """Return components and data that they can describe, as far as that is known beforehand."""
    n, d = draw(st.one_of(st.integers(1, 6), st.integers(7, 60))), draw(st.sampled_from([1, 1, 1, 2, 3]))
    rows = draw(cells((n, d)))
    kinds = [kind for kind in BARE + MADE if kind.n_columns in (None, d) and can_hold(kind, rows)]
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3)) if kinds else [Normal()]
    return chosen, rows[:, 0] if d == 1 and draw(st.booleans()) else rows


def can_hold(kind, rows):
    """Whether all rows are in the support of a component."""
    try:
        return bool(np.all(kind.covers(rows)))
    except ValueError:
        return False


@st.composite
def problems(draw):
    """Return components, data and weights; every other time such as a fit may end well with."""
    if draw(st.booleans()):
        chosen, x = draw(fitting())
        return chosen, x, draw(weights(len(x)))
    x = draw(data())
    return draw(components), x, draw(weights(len(x)))
