"""Logarithms of probabilities of intervals, precise far out in both tails and for narrow intervals."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .data import Array

if TYPE_CHECKING:
    from .base import Distribution
    from .domains import Domain

TRUSTED = 1e-4  # a difference of cdfs, relative to them, that has lost no more than four digits
TRUSTED_COUNTS = 1e-7
MOST_COUNTS = 2000  # beyond so many whole numbers nothing is left of a thin tail
AGREE = 1e-13  # of logarithms, by 12 nodes and by 12 on each half
SHRINKING, GROWING = 70, 130  # panels of an interval, each twice as wide as the one before; more to infinity
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def log_probability(distribution: Distribution, low: Array, high: Array) -> Array:
    """Return log P(low < X <= high) for each interval, shape (m,); -inf where it is empty.

    A difference of distribution functions, or, where digits cancel in it, the integral (sum) of the density itself.

    Parameters
    ----------
    distribution : Distribution
        Of one column.
    low, high : ndarray, shape (m,)
        Infinity is an end like any other.
    """
    with np.errstate(all="ignore"):
        below, up_to = distribution.cdf(low), distribution.cdf(high)
        difference = np.where(high > low, up_to - below, 0.0)
        out: Array = np.log(np.maximum(difference, 0.0))
        poor = (high > low) & ~is_trusted(distribution, difference, up_to)
        poor &= (high > distribution.support.low) & (low <= distribution.support.high)
        if poor.any():
            method = _summed if distribution.support.discrete else _integrated
            out[poor] = method(distribution, low[poor], high[poor])
    return out


def is_trusted(distribution: Distribution, difference: Any, up_to: Any) -> Any:
    """Whether a difference of distribution functions, of which ``up_to`` is the greater, has kept its digits."""
    share = TRUSTED_COUNTS if distribution.support.discrete else TRUSTED
    return (difference > 0.0) & (difference >= share * up_to)


def panel_edges(distribution: Distribution, low: float, high: float) -> Array:
    """Return edges of panels of an interval far out in a tail, ascending."""
    start, sign, width, ends, halvings = _laid_out(distribution, np.array([low]), np.array([high]))
    edges = start[0] + sign[0] * width[0] * np.concatenate([[0.0], 2.0 ** np.arange(-halvings[0], 1.0)])
    return np.unique(np.clip(edges, *ends[:, 0]))


def counts(distribution: Distribution, low: float, high: float) -> Array:
    """Return the values with low < x <= high that carry the mass, of counts far out in a tail."""
    ends = [_values(distribution.support, low, high, ascending) for ascending in (True, False)]
    return max((values for values in ends if len(values)), key=lambda values: float(distribution.log_pdf(values).max()))


def _integrated(distribution: Distribution, low: Array, high: Array) -> Array:
    """Integrate densities: at once where they vary little over the interval, else over panels."""
    low, high = np.maximum(low, distribution.support.low), np.minimum(high, distribution.support.high)
    out = _log_integral(distribution, low, high)
    halfway = low + (high - low) / 2
    halves = np.logaddexp(_log_integral(distribution, low, halfway), _log_integral(distribution, halfway, high))
    rough = np.flatnonzero(~(np.abs(out - halves) <= AGREE * np.maximum(1.0, np.abs(halves))))
    if len(rough):
        out[rough] = _in_panels(distribution, low[rough], high[rough])
    return out


def _log_integral(distribution: Distribution, low: Array, high: Array) -> Array:
    """Return logarithms of integrals of the density over intervals, shape (m,), by 12 nodes each."""
    half = (high - low)[:, np.newaxis] / 2
    nodes = low[:, np.newaxis] + half * (1.0 + _NODES)
    values = distribution.log_pdf(nodes.ravel()).reshape(nodes.shape)
    top = values.max(axis=1)
    return top + np.log(half[:, 0] * (np.exp(values - top[:, np.newaxis]) @ _WEIGHTS))


def _in_panels(distribution: Distribution, low: Array, high: Array) -> Array:
    """Integrate densities over panels that shrink towards the end of the interval where the density is greater."""
    start, sign, width, ends, halvings = _laid_out(distribution, low, high)
    out = np.empty(len(low))
    for i in range(len(low)):
        nodes, weights = _panels(int(halvings[i]))
        values = distribution.log_pdf(np.clip(start[i] + sign[i] * width[i] * nodes, *ends[:, i]))
        values = np.where(np.isfinite(values), values, -np.inf)
        top = values.max()
        out[i] = top + np.log(width[i] * (weights @ np.exp(values - top))) if top > -np.inf else -np.inf
    return out


def _laid_out(distribution: Distribution, low: Array, high: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Return where the panels of each interval start, their direction, total width, the ends, and how many halve it.

    What reaches across both tails is trusted. So an interval without an end, or with one far away, lies in one tail.
    """
    low, high = np.maximum(low, distribution.support.low), np.minimum(high, distribution.support.high)
    end, centre = np.where(np.isinf(low), high, low), float(distribution.ppf(0.5))
    unit = np.maximum(np.abs(end), np.abs(end - centre))
    halvings = np.where(high - low <= unit * 2.0**10, SHRINKING, SHRINKING + GROWING)
    width = np.minimum(high - low, unit * 2.0**GROWING)
    low, high = np.where(np.isinf(low), high - width, low), np.where(np.isinf(high), low + width, high)
    inward = width * 0.5**halvings
    rising = distribution.log_pdf(np.maximum(high - inward, low)) > distribution.log_pdf(np.minimum(low + inward, high))
    return np.where(rising, high, low), np.where(rising, -1.0, 1.0), width, np.array([low, high]), halvings


@cache
def _panels(halvings: int) -> tuple[Array, Array]:
    """Return nodes and weights of the integral from 0 to 1 over panels that shrink towards 0."""
    edges = np.concatenate([[0.0], 2.0 ** np.arange(-halvings, 1.0)])
    half = np.diff(edges) / 2
    nodes = (edges[:-1, np.newaxis] + half[:, np.newaxis] * (1.0 + _NODES)).ravel()
    weights = (half[:, np.newaxis] * _WEIGHTS).ravel()
    return nodes, weights


def _summed(distribution: Distribution, low: Array, high: Array) -> Array:
    """Sum masses, from the end of the interval where they are greater."""
    support = distribution.support
    out = np.empty(len(low))
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        ends = [values for values in (_values(support, a, b, True), _values(support, a, b, False)) if len(values)]
        sums = [np.logaddexp.reduce(distribution.log_pdf(values)) for values in ends]
        out[i] = max(sums, default=-np.inf)
    return out


def _values(support: Domain, low: float, high: float, ascending: bool) -> Array:
    """Return at most `MOST_COUNTS` values with low < x <= high, next to one of its ends."""
    if ascending:
        first = max(np.floor(low) + 1.0, support.low)
        return support.values(first, min(high, first + MOST_COUNTS)) if np.isfinite(first) else np.zeros(0)
    last = min(high, support.high)
    values = support.values(max(low, last - MOST_COUNTS), last) if np.isfinite(last) else np.zeros(0)
    return values[values > low]
