"""Numerical stand-ins for what a one-column family does not give itself: cdf, quantiles, mean and variance.

They need only `log_pdf` and `sample`: a sample says where the mass lies, quadrature or summation does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import InvalidDataError, InvalidParameterError

if TYPE_CHECKING:
    from .base import Distribution

Array = npt.NDArray[np.float64]

_POINTS = 4000  # draws that locate the mass; only their order statistics are used
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_AGREE = 1e-13  # of a panel's probability: a panel whose halves differ from it by more is cut again
_AGREE_CLOSELY = 1e-15  # where the logarithm of the density, which may be large, is to be integrated too
_CUTS = 60  # enough to corner a jump to the last bit
_FEW_PANELS = 16, -4  # enough where jumps need not be found: each is halved until the density is smooth on it
_GAP = 20.0  # times as wide as some draws beside it: a gap between peaks, where panels must shrink towards both
_BESIDE = 20  # so many draws
_MOST_GAPS = 20
_LOST = 1e-10  # probability that a quadrature or a sum may miss
_NEGLIGIBLE = 1e-17  # share of a node, relative to the largest, that may be left out
_PANELS = 5000  # still open at once: a density so rough is taken as it is


def positive_doubles(draws: Array) -> Array:
    """Return draws of a positive variable; those beyond the normal doubles become the smallest or the largest."""
    limits = np.finfo(float)
    return np.clip(draws, limits.tiny, limits.max)


def cdf(distribution: Distribution, x: npt.ArrayLike) -> Array:
    """Return P(X <= x), by adaptive quadrature or by summing the mass."""
    points = np.asarray(x, dtype=float)
    _require_one_column(distribution, "a cdf")
    flat = np.sort(np.unique(points[np.isfinite(points)]))
    if distribution.support.discrete:
        whole, mass = _mass(distribution)
        totals = np.concatenate([[0.0], np.cumsum(mass)])
        values = totals[np.searchsorted(whole, flat, side="right")]
    else:
        integral = integrate(distribution.log_pdf, np.union1d(edges_of(distribution), flat))
        totals = integral.cumulative / integral.cumulative[-1]
        values = totals[np.searchsorted(integral.edges, flat)]
    result = np.full(points.shape, np.nan)
    result[points == -np.inf], result[points == np.inf] = 0.0, 1.0
    finite = np.isfinite(points)
    result[finite] = np.clip(values[np.searchsorted(flat, points[finite])], 0.0, 1.0)
    return result[()]


def ppf(distribution: Distribution, q: npt.ArrayLike) -> Array:
    """Return the smallest x with cdf(x) >= q, by bisection of the cdf inside a growing bracket."""
    probability = np.asarray(q, dtype=float)
    _require_one_column(distribution, "quantiles")
    support = distribution.support
    flat = probability.ravel()
    inside = (flat > 0) & (flat < 1)
    result = np.full(flat.shape, np.nan)
    result[flat == 0.0] = support.low
    result[flat == 1.0] = support.high
    if any(getattr(type(part).cdf, "__qualname__", "") == "Distribution.cdf" for part in leaves(distribution)):
        # Bisection would sum or integrate anew at each step: once is enough.
        if support.discrete:
            result[inside] = _count_quantiles(distribution, flat[inside])
        else:
            result[inside] = quantiles(distribution.log_pdf, edges_of(distribution), flat[inside])
        return result.reshape(probability.shape)[()]
    draws = _draws(distribution)
    smallest = 1.0 if support.discrete else np.finfo(float).tiny
    spread = max(float(np.ptp(draws)), 1e-8 * float(np.abs(draws).max()), smallest)
    low, high = np.full(flat.shape, draws.min()), np.full(flat.shape, draws.max())
    for step in range(60):
        short = inside & (distribution.cdf(high) < flat)
        long = inside & (distribution.cdf(low) >= flat) & (low > support.low)
        if not (short.any() or long.any()):
            break
        high[short] += spread * 2.0**step
        low[long] = np.maximum(low[long] - spread * 2.0**step, support.low)
    if support.discrete:
        low, high = np.floor(low) - 1.0, np.ceil(high)
    for _ in range(200):
        middle = np.floor((low + high) / 2) if support.discrete else (low + high) / 2
        at_least = distribution.cdf(middle) >= flat
        new_high, new_low = np.where(at_least, middle, high), np.where(at_least, low, middle)
        if np.array_equal(new_high, high) and np.array_equal(new_low, low):
            break
        low, high = new_low, new_high
    result[inside] = high[inside]
    if support.discrete:
        for i in np.flatnonzero(inside):  # a value that is no whole number may come before the whole one
            values = support.values(high[i] - 1.0, high[i])
            enough = values[distribution.cdf(values) >= flat[i]]
            result[i] = enough[0] if len(enough) else result[i]
    return result.reshape(probability.shape)[()]


def _count_quantiles(distribution: Distribution, q: Array) -> Array:
    whole, mass = _mass(distribution)
    return whole[np.minimum(np.searchsorted(np.cumsum(mass), q), len(whole) - 1)]


def quantiles(log_pdf: Callable[[Array], Array], edges: Array, q: Array) -> Array:
    """Return quantiles of a density: find the panel that one lies in, then bisect the integral over part of it."""
    integral = integrate(log_pdf, edges)
    total = integral.cumulative[-1]
    place = np.clip(np.searchsorted(integral.cumulative, q * total), 1, len(integral.edges) - 1)
    begin, missing = integral.edges[place - 1], q * total - integral.cumulative[place - 1]
    low, high = begin, integral.edges[place]
    while True:
        middle = low + (high - low) / 2
        if np.all((middle == low) | (middle == high)):
            return high
        enough = _panel_masses(log_pdf, begin, middle)[1].sum(axis=1) >= missing
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)


def moments(distribution: Distribution) -> tuple[float, float]:
    """Return mean and variance."""
    _require_one_column(distribution, "moments")
    if distribution.support.discrete:
        x, weight = _mass(distribution)
    else:
        x, weight, _, _ = integrate(distribution.log_pdf, edges_of(distribution))
    mean = np.sum(weight * x) / np.sum(weight)
    return float(mean), float(np.sum(weight * (x - mean) ** 2) / np.sum(weight))


def expected_rows(distribution: Distribution) -> tuple[Array, Array]:
    """Return values, shape (m, 1), and their shares of sum one, shape (m,): sums over them are expectations.

    Exact to about 1e-12 for functions as smooth as the log density, which may have a logarithmic pole at its ends.

    Raises
    ------
    InvalidParameterError
        If the distribution has several columns, or doubles cannot tell its values apart.
    """
    name = type(distribution).__name__
    if distribution.n_columns != 1:
        raise InvalidParameterError(f"{name} has no rows that stand for it, as normals and families of one column have")
    distribution.require_known("stand for rows")
    if distribution.support.discrete:
        x, share = _mass(distribution)
    else:
        edges, draws = edges_of(distribution, *_FEW_PANELS), _draws(distribution)
        rounding = np.finfo(float).eps * np.abs(draws).max() / max(np.ptp(draws), np.finfo(float).tiny)
        integral = integrate(distribution.log_pdf, edges, max(_AGREE_CLOSELY, rounding))
        atoms = np.array(distribution.atoms)
        x = np.concatenate([integral.x, atoms])
        share = np.concatenate([integral.weight, np.exp(distribution.log_pdf(atoms)) if atoms.size else atoms])
    if not abs(share.sum() - 1.0) < _LOST:
        raise InvalidParameterError(
            f"{distribution!r} cannot stand for rows: {abs(share.sum() - 1.0):.1g} of its probability lies where "
            "doubles cannot follow, beside an end or far away. Use other parameters."
        )
    present = share > _NEGLIGIBLE * share.max()
    return x[present, np.newaxis], share[present] / share[present].sum()


class Integral(NamedTuple):
    """A density as numbers: sum(weight * f(x)) is the expectation of f, `cumulative` the cdf at `edges`."""

    x: Array
    weight: Array
    edges: Array
    cumulative: Array


def integrate(log_pdf: Callable[[Array], Array], edges: Array, agree: float = _AGREE) -> Integral:
    """Integrate a density over panels, halving each until 12 Gauss-Legendre nodes agree with 12 on each half.

    Parameters
    ----------
    log_pdf : callable
        Log densities, shape (m,), at points, shape (m,).
    edges : ndarray, shape (k,)
        Ends of the panels, ascending. They are among the edges returned.
    agree : float
        Probability by which they may differ.
    """
    low, high = edges[:-1], edges[1:]
    whole = _panel_masses(log_pdf, low, high)[1].sum(axis=1)
    done: list[tuple[Array, Array, Array]] = []
    for cut in range(_CUTS):
        middle = _middle(low, high)
        low, high = np.stack([low, middle], axis=1).ravel(), np.stack([middle, high], axis=1).ravel()
        x, weight = _panel_masses(log_pdf, low, high)
        halves = weight.sum(axis=1)
        settled = np.repeat(np.abs(whole - halves[::2] - halves[1::2]) <= agree, 2)
        if cut == _CUTS - 1 or len(low) > _PANELS:
            settled[:] = True
        done.append((high[settled], x[settled], weight[settled]))
        low, high, whole = low[~settled], high[~settled], halves[~settled]
        if not len(low):
            break
    ends, x, weight = (np.concatenate(parts) for parts in zip(*done, strict=True))
    order = np.argsort(ends, kind="stable")
    x, weight = x[order], weight[order]
    cumulative = np.concatenate([[0.0], np.cumsum(weight.sum(axis=1))])
    edges = np.concatenate([edges[:1], ends[order]])
    last = np.append(edges[1:] > edges[:-1], True)  # a panel cut down to one bit has a half without width
    return Integral(x.ravel(), weight.ravel(), edges[last], cumulative[last])


@np.errstate(all="ignore")  # a user's density may overflow on its way to zero, at points that only we ask for
def _panel_masses(log_pdf: Callable[[Array], Array], low: Array, high: Array) -> tuple[Array, Array]:
    """Return the nodes of panels and the masses at them, shape (panels, 12)."""
    half = (high - low)[:, np.newaxis] / 2
    x = np.clip(low[:, np.newaxis] + half * (1 + _NODES), low[:, np.newaxis], high[:, np.newaxis])
    density = np.exp(log_pdf(x.ravel())).reshape(x.shape)
    return x, half * _WEIGHTS * np.where(np.isinf(density), 0.0, density)  # a pole itself has no mass


def _middle(low: Array, high: Array) -> Array:
    """Halve panels: in the logarithm where they span magnitudes, as beside a pole at zero."""
    with np.errstate(over="ignore"):
        far = (np.sign(low) * np.sign(high) > 0) & (np.abs(high - low) > 8 * np.minimum(np.abs(low), np.abs(high)))
    return np.where(far, np.sign(low) * np.sqrt(np.abs(low)) * np.sqrt(np.abs(high)), low + (high - low) / 2)


def with_ends(distribution: Distribution, edges: Array) -> Array:
    """Add to panel edges the points where a density, or one of its parts, begins and ends, to the last bit.

    A jump inside a panel could be overlooked by all of its nodes.
    """
    with np.errstate(over="ignore"):
        for part in leaves(distribution):
            edges = np.union1d(edges, ends(part.log_pdf, edges))
    return edges


@np.errstate(all="ignore")
def ends(log_pdf: Callable[[Array], Array], edges: Array) -> list[float]:
    """Return the floats on both sides of the first and the last point of positive density, if there are such."""
    inside = np.flatnonzero(log_pdf(edges) > -np.inf)
    found: list[float] = []
    for outer, inner in ((inside[0] - 1, inside[0]), (inside[-1] + 1, inside[-1])) if len(inside) else ():
        if not 0 <= outer < len(edges):
            continue
        zero, positive = edges[outer], edges[inner]
        for _ in range(100):
            middle = zero + (positive - zero) / 2
            if middle in (zero, positive):
                break
            zero, positive = (zero, middle) if log_pdf(np.array([middle]))[0] > -np.inf else (middle, positive)
        found += [zero, positive]
    return found


def leaves(distribution: Distribution) -> list[Distribution]:
    """Return the families that a distribution is made of."""
    return [leaf.distribution for leaf in distribution.outline().leaves.values()]


def require_one_measure(distribution: Distribution, what: str) -> None:
    """Raise if some values have a mass where others have a density: they cannot be compared."""
    parts = leaves(distribution)
    if len({leaf.support.discrete for leaf in parts}) > 1 and distribution.n_columns == 1:
        mixed = "discrete and continuous components"
    elif any(leaf.atoms for leaf in parts):
        mixed = "a component with values of positive probability beside a density"
    else:
        return
    raise InvalidParameterError(f"a mixture with {mixed} has no {what}: masses and densities are not comparable")


def _require_one_column(distribution: Distribution, what: str) -> None:
    if distribution.n_columns != 1:
        raise InvalidDataError(f"{type(distribution).__name__} has several columns: {what} need one")


def _draws(distribution: Distribution) -> Array:
    """Return a sample that locates the mass, shape (n,): a family of any dimension may have one column."""
    return np.ravel(np.asarray(distribution.sample(_POINTS, rng=0), dtype=float))


def edges_of(distribution: Distribution, panels: int = 200, finest: int = -50) -> Array:
    """Return panel edges: quantiles of a sample, and tails that reach until the density is spent.

    Parameters
    ----------
    distribution : Distribution
    panels : int
        Number of panels between the extremes of the sample.
    finest : int
        Power of two, relative to the width of the sample, of the panels beyond its extremes.
    """
    draws = np.sort(_draws(distribution))
    draws = draws[~np.isin(draws, distribution.atoms)] if distribution.atoms else draws
    inner = np.unique(draws[:: _POINTS // panels])
    width = max(float(draws[-1] - draws[0]), np.finfo(float).tiny)
    reach = width * 2.0 ** np.arange(finest, 40)  # fine near the extremes: a density may end there in a jump
    edges = np.unique(np.concatenate([inner[0] - reach, inner, _beside_gaps(draws), [draws[-1]], draws[-1] + reach]))
    support = distribution.support
    edges = np.clip(edges, support.low, support.high)
    if np.isfinite(support.low):  # a density may rise steeply at an end: panels shrink towards it
        shrink = 2.0 ** np.concatenate([np.arange(-1000, -50, 25), np.arange(-50, 0)])
        edges = np.concatenate([support.low + (inner[0] - support.low) * shrink, edges])
    return with_ends(distribution, np.unique(edges))


def _beside_gaps(draws: Array) -> Array:
    """Return panel edges on both sides of wide gaps between ascending draws, where nodes may miss distant peaks."""
    gaps, place = np.diff(draws), np.arange(len(draws) - 1)
    before = draws[:-1] - draws[np.maximum(place - _BESIDE, 0)]
    after = draws[np.minimum(place + 1 + _BESIDE, len(draws) - 1)] - draws[1:]
    near = np.minimum(np.where(before > 0.0, before, np.inf), np.where(after > 0.0, after, np.inf))
    wide = np.flatnonzero(gaps > _GAP * near)
    wide = wide[np.argsort(gaps[wide])[-_MOST_GAPS:]]
    reach = gaps[wide, np.newaxis] * 2.0 ** np.arange(-50, 0)
    left, right = draws[wide, np.newaxis] + reach, draws[wide + 1, np.newaxis] - reach
    return np.concatenate([left.ravel(), right.ravel(), draws[wide], draws[wide + 1]])


def _mass(distribution: Distribution) -> tuple[Array, Array]:
    """Return the values that carry all but 1e-15 of the mass, and their masses."""
    draws = _draws(distribution)
    support, spread = distribution.support, max(float(np.ptp(draws)), 10.0)
    low, high = draws.min(), draws.max()
    for _ in range(40):
        low, high = max(low - spread, support.low), min(high + spread, support.high)
        values: Any = support.values(low, high)
        mass = np.exp(distribution.log_pdf(values))
        if mass.sum() > 1 - 1e-15 or len(values) > 10_000_000:
            break
        spread *= 2.0
    return values, mass
