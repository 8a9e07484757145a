"""No optimiser finds a higher likelihood than `fit`: each family on weighted data sets, SciPy from several starts.

The competitor knows nothing of the family but its log density and the domains and limits of its parameters: they give
coordinates without constraints (logarithms, log odds, softmax, log-Cholesky factors), in which it climbs. The long
profile (see `profiles`) has more data sets and starts.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from catalogue import FAMILIES, TRIALS, Trial, distributions_of
from profiles import either
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from distributions import DegenerateDataError, Distribution, InvalidParameterError
from distributions.base import Parameter
from distributions.domains import PositiveDefinite, PositiveVector, RealVector, Simplex, UnitVector
from distributions.law.case import Case

DATA_SETS = either(5, 20)
STARTS = either(4, 10)
SIMPLICES = 8
TOLERANCE = 1e-8
NEAR = 1e-3  # to count as a competitor at all
MOST_COLUMNS = 2
FLOOR = 1e-10  # a collapse beyond this is no maximum
REJECTED = 1e12  # the objective where there is no density

Array = Any


class Coordinates(NamedTuple):
    """Free numbers for one parameter."""

    size: int
    low: float  # bounds of each number
    high: float
    value: Callable[[Array], Any]  # the parameter's value from its numbers
    draw: Callable[[np.random.Generator], Array]  # a random start


def one(v: Array) -> float:
    """Return the only number of a vector."""
    return v[0]


def coordinates(declared: Parameter, value: Any, centre: Array, spread: Array) -> Coordinates:
    """Return coordinates of a parameter with values like this one; centre and spread, shape (d,), are the data's."""
    domain, power, d = declared.domain, declared.power, np.size(value)
    if isinstance(domain, PositiveDefinite):
        d = len(value)
        rows, columns = np.tril_indices(d)
        diagonal = rows == columns

        def matrix(u: Array) -> Array:
            root = np.zeros((d, d))
            root[rows, columns] = np.where(diagonal, np.exp(np.where(diagonal, u, 0.0)), u)
            root *= spread[:d, np.newaxis] ** (power / 2)
            return root @ root.T

        return Coordinates(len(rows), -12.0, 12.0, matrix, lambda rng: rng.normal(0.0, 0.5, len(rows)))
    if isinstance(domain, Simplex):

        def shares(u: Array) -> Array:
            e = np.exp(np.append(u, 0.0) - max(u.max(initial=0.0), 0.0))
            return e / e.sum()

        return Coordinates(d - 1, -40.0, 40.0, shares, lambda rng: rng.normal(size=d - 1))
    if isinstance(domain, UnitVector):
        return Coordinates(
            d, -np.inf, np.inf, lambda u: u / max(np.sqrt(u @ u), 1e-300), lambda rng: rng.normal(size=d)
        )
    plain: Callable[[Array], Any] = np.asarray if isinstance(domain, RealVector) else one
    low, high = max(domain.low, declared.limits[0]), min(domain.high, declared.limits[1])
    if isinstance(domain, PositiveVector) or (np.isfinite(domain.low) and not np.isfinite(domain.high)):
        unit = np.full(d, spread[0]) ** power if plain is one else spread**power
        with np.errstate(divide="ignore"):
            ends = np.log((np.array([low, high]) - domain.low) / unit[0])
        return Coordinates(
            d,
            *np.clip(ends, np.log(FLOOR), -np.log(FLOOR)),
            lambda u: plain(domain.low + unit * np.exp(u)),
            lambda rng: rng.normal(0.0, 1.5, d),
        )
    if np.isfinite(domain.high - domain.low):
        width = domain.high - domain.low
        return Coordinates(
            d,
            -35.0,
            35.0,
            lambda u: plain(domain.low + width / (1.0 + np.exp(-u))),
            lambda rng: rng.normal(0.0, 1.5, d),
        )
    shift, unit = (centre[:d], spread[:d]) if power == 1 else (np.zeros(d), np.ones(d))
    ends = np.array([low, high])
    return Coordinates(
        d, *((ends - shift[0]) / unit[0]), lambda u: plain(shift + unit * u), lambda rng: rng.normal(size=d)
    )


def objective(
    fitted: Distribution, parts: dict[str, Coordinates], x: Array, weight: Array
) -> tuple[Callable[[Array], float], Callable[[Array], dict[str, Any]]]:
    """Return minus the log-likelihood of free numbers, and the parameters that they stand for."""
    cuts = np.cumsum([part.size for part in parts.values()])[:-1]

    def values(u: Array) -> dict[str, Any]:
        return {name: part.value(v) for (name, part), v in zip(parts.items(), np.split(u, cuts), strict=True)}

    kind = type(fitted)
    # Parameters that only their domains constrain go to the kernel as they are.
    plain = kind.to_theta is Distribution.to_theta and kind.__post_init__ is Distribution.__post_init__
    direct = plain and len(parts) == len(fitted.declared)
    rows = np.ascontiguousarray(np.reshape(x, (len(x), -1)).T)
    out = np.empty(len(x))

    def minus(u: Array) -> float:
        if direct and fitted.kernels is not None:
            theta = np.concatenate([np.ravel(value) for value in values(u).values()])
            out[:] = 0.0
            fitted.kernels.log_pdf(rows, theta, out)
            total = weight @ out
        else:
            try:
                with np.errstate(over="ignore"):  # far off, where a density is next to nothing
                    total = weight @ fitted.with_values(**values(u)).log_pdf(x)
            except InvalidParameterError:
                return REJECTED
        return -total if total > -REJECTED else REJECTED  # NaN is rejected, too

    return minus, values


def start_of(
    minus: Callable[[Array], float], parts: dict[str, Coordinates], bounds: Array, rng: np.random.Generator
) -> Array:
    """Return a random start where all rows have a density: drawn ever farther out, if need be."""
    for attempt in range(200):
        start = np.concatenate([part.draw(rng) for part in parts.values()]) * 1.02**attempt
        start = np.clip(start, *np.transpose(bounds))
        if minus(start) < REJECTED:
            break
    return start


def tried(family: type[Distribution]) -> list[Distribution]:
    """Return distributions with few columns to draw data from, random ones where a family can be made without data."""
    random = [d for d in distributions_of(family, DATA_SETS) if d.unknown]
    known = [d for d in (TRIALS.get(family) or Trial(family)).settings if not d.unknown]
    chosen = random if len(random) >= DATA_SETS else [*random, *known]
    return [d for d in chosen if (d.n_columns or 2) <= MOST_COLUMNS]


def has_a_maximum(family: type[Distribution]) -> bool:
    """Whether the family has parameters of its own to be moved, and its likelihood has a maximum."""
    excused = (TRIALS.get(family) or Trial(family)).no_law.get("*", {})
    first = next(iter(tried(family)), None)
    if first is None or "fit_is_stationary" in excused or any(p.domain.discrete for p in first.declared):
        return False
    return bool(Case(first).free) if first.declared else False


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Matrices of the optimiser have three rows: threads cost ten times what they do."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize("family", list(filter(has_a_maximum, FAMILIES)), ids=lambda family: family.__name__)
def test_no_optimiser_finds_a_higher_likelihood(family: type[Distribution]) -> None:
    seed, sets, near = zlib.crc32(family.__name__.encode()), 0, 0
    candidates = tried(family)
    for i in range(DATA_SETS + DATA_SETS // 2):
        case = Case(candidates[i % len(candidates)], seed + i)
        rng = case.rng("maximum")
        n = int(rng.integers(60, 121))
        x, weight = case.draw(n, "maximum"), rng.exponential(size=n)
        try:
            fitted = case.fit(x, weight)
        except DegenerateDataError:  # such as counts that are all zero
            continue
        reached = fitted.log_likelihood(x, weight)
        rows = np.reshape(x, (n, -1))
        centre, spread = np.median(rows, axis=0), np.maximum(np.std(rows, axis=0), 1e-300)
        spread = np.minimum(spread, case.unit * 10.0)
        parts = {p.name: coordinates(p, fitted.parameters[p.name], centre, spread) for p in case.free}
        minus, values = objective(fitted, parts, x, weight)
        bounds = [(part.low, part.high) for part in parts.values() for _ in range(part.size)]
        climbs = [
            minimize(minus, start_of(minus, parts, bounds, rng), method="L-BFGS-B", bounds=bounds)
            for _ in range(STARTS)
        ]
        best = min(climbs, key=lambda climb: climb.fun)
        for _ in range(SIMPLICES):  # the likelihood has edges: a simplex goes on, and a fresh one where it got stuck
            if -best.fun >= reached - NEAR * (1.0 + abs(reached)):
                break
            best = minimize(minus, best.x, method="Nelder-Mead", bounds=bounds, options={"maxfev": 500})
        assert -best.fun <= reached + TOLERANCE * (1.0 + abs(reached)), (
            f"{case.distribution!r}: of {n} rows {fitted!r} has log-likelihood {reached!r}, "
            f"but {values(best.x)} has {-best.fun!r}"
        )
        near += -best.fun >= reached - NEAR * (1.0 + abs(reached))
        sets += 1
        if sets == DATA_SETS:
            break
    assert sets == DATA_SETS
    assert near >= DATA_SETS / 2, f"the competitor came near in {near} data sets only: it proves nothing"
