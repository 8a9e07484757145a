"""Numerical stand-ins for what a one-column family does not give itself: cdf, quantiles, mean and variance.

They need only `log_pdf` and `sample`: a sample says where the mass lies, quadrature or summation does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .errors import InvalidDataError

if TYPE_CHECKING:
    from .base import Distribution

Array = npt.NDArray[np.float64]

_POINTS = 4000  # draws that locate the mass; only their order statistics are used
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def cdf(distribution: Distribution, x: npt.ArrayLike) -> Array:
    """Return P(X <= x), by composite Gauss-Legendre quadrature or by summing the mass."""
    points = np.asarray(x, dtype=float)
    _require_one_column(distribution, "a cdf")
    flat = np.sort(np.unique(points[np.isfinite(points)]))
    if distribution.support.discrete:
        whole, mass = _mass(distribution)
        totals = np.concatenate([[0.0], np.cumsum(mass)])
        values = totals[np.searchsorted(whole, flat, side="right")]
    else:
        edges = np.union1d(_edges(distribution), flat)
        totals = np.concatenate([[0.0], np.cumsum(_panel_integrals(distribution, edges))])
        values = totals[np.searchsorted(edges, flat)]
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
    draws = _draws(distribution)
    spread = max(float(np.ptp(draws)), 1e-8 * float(np.abs(draws).max()), np.finfo(float).tiny)
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
    result = np.where(inside, high, np.nan)
    result[flat == 0.0] = support.low if not support.discrete else support.low - 1.0
    result[flat == 1.0] = support.high
    return result.reshape(probability.shape)[()]


def moments(distribution: Distribution) -> tuple[float, float]:
    """Return mean and variance."""
    _require_one_column(distribution, "moments")
    if distribution.support.discrete:
        x, weight = _mass(distribution)
    else:
        edges = _edges(distribution)
        half = np.diff(edges)[:, np.newaxis] / 2
        x = (edges[:-1, np.newaxis] + half * (1 + _NODES)).ravel()
        weight = (half * _WEIGHTS).ravel() * np.exp(distribution.log_pdf(x))
    mean = np.sum(weight * x) / np.sum(weight)
    return float(mean), float(np.sum(weight * (x - mean) ** 2) / np.sum(weight))


def _require_one_column(distribution: Distribution, what: str) -> None:
    if distribution.n_columns != 1:
        raise InvalidDataError(f"{type(distribution).__name__} has several columns: {what} need one")


def _draws(distribution: Distribution) -> Array:
    """Return a sample that locates the mass, shape (n,): a family of any dimension may have one column."""
    return np.ravel(np.asarray(distribution.sample(_POINTS, rng=0), dtype=float))


def _edges(distribution: Distribution) -> Array:
    """Return panel edges: quantiles of a sample, and tails that reach until the density is spent."""
    draws = np.sort(_draws(distribution))
    inner = np.unique(draws[:: _POINTS // 200])
    width = max(float(draws[-1] - draws[0]), np.finfo(float).tiny)
    reach = width * 2.0 ** np.arange(-6, 40)
    edges = np.unique(np.concatenate([inner[0] - reach, inner, [draws[-1]], draws[-1] + reach]))
    support = distribution.support
    edges = np.clip(edges, support.low, support.high)
    if np.isfinite(support.low):  # a density may rise steeply at an end: panels shrink towards it
        edges = np.concatenate([support.low + (inner[0] - support.low) * 2.0 ** np.arange(-50, 0), edges])
    return np.unique(edges)


def _panel_integrals(distribution: Distribution, edges: Array) -> Array:
    half = np.diff(edges)[:, np.newaxis] / 2
    x = edges[:-1, np.newaxis] + half * (1 + _NODES)
    return np.sum(half * _WEIGHTS * np.exp(distribution.log_pdf(x.ravel())).reshape(x.shape), axis=1)


def _mass(distribution: Distribution) -> tuple[Array, Array]:
    """Return the values that carry all but 1e-15 of the mass, and their masses."""
    draws = _draws(distribution)
    support, spread = distribution.support, max(float(np.ptp(draws)), 10.0)
    low, high = draws.min(), draws.max()
    for _ in range(40):
        low, high = max(low - spread, support.low), min(high + spread, support.high)
        values: Any = np.arange(low, high + 1.0)
        mass = np.exp(distribution.log_pdf(values))
        if mass.sum() > 1 - 1e-15 or len(values) > 10_000_000:
            break
        spread *= 2.0
    return values, mass
