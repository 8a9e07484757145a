"""Logarithms of probabilities of intervals, precise far out in both tails and for narrow intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .data import Array

if TYPE_CHECKING:
    from .base import Distribution
    from .domains import Domain

TRUSTED = 1e-4  # a difference of cdfs, relative to them, that has lost no more than four digits
TRUSTED_COUNTS = 1e-7
MOST_COUNTS = 2000  # beyond so many whole numbers nothing is left of a thin tail
NOTHING = 40.0  # by so much smaller, a logarithm of a probability adds nothing
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
        for above, end, without in ((True, low, high == np.inf), (False, high, low == -np.inf)):
            whole = poor & without
            tail = distribution.log_tail(end[whole], above) if whole.any() else None
            if tail is not None:
                out[whole], poor = tail, poor & ~whole
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
    out, rough = np.empty(len(low)), np.ones(len(low), dtype=bool)
    short = np.flatnonzero(np.isfinite(high - low))
    if len(short):
        begin, end = low[short], high[short]
        middle = begin + (end - begin) / 2
        out[short] = _log_integral(distribution, begin, end)
        halves = np.logaddexp(_log_integral(distribution, begin, middle), _log_integral(distribution, middle, end))
        rough[short] = ~(np.abs(out[short] - halves) <= AGREE * np.maximum(1.0, np.abs(halves)))
    if rough.any():
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
    """Integrate densities over panels that shrink towards the end of the interval where the density is greater.

    Its values at the ends of the panels tell which of them matter, and how far it is all but level: that is one panel.
    """
    start, sign, width, ends, halvings = _laid_out(distribution, low, high)
    at = np.concatenate([[0.0], 2.0 ** np.arange(-halvings.max(), 1.0)])

    def log_pdf(interval: Any, parts: Array) -> Array:
        x = start[interval, np.newaxis] + (sign * width)[interval, np.newaxis] * parts
        x = np.clip(x, ends[0, interval, np.newaxis], ends[1, interval, np.newaxis])
        values = distribution.log_pdf(x.ravel()).reshape(x.shape)
        return np.where(np.isfinite(values), values, -np.inf)

    edges = log_pdf(np.arange(len(low)), at)
    level = np.abs(edges[:, 1:] - edges[:, :1]) <= 1.0
    first = np.maximum(np.argmin(np.column_stack([level, np.zeros(len(low))]), axis=1), 1)
    size = np.log(np.diff(at))
    most, least = np.maximum(edges[:, 1:], edges[:, :-1]) + size, np.minimum(edges[:, 1:], edges[:, :-1]) + size
    matters = ~(most < least.max(axis=1, keepdims=True) - NOTHING) & (np.arange(1, len(at)) >= first[:, np.newaxis])
    matters[np.arange(len(low)), first - 1] = True
    interval, panel = np.nonzero(matters)
    begin = np.where(panel + 1 == first[interval], 0.0, at[panel])
    half = (at[panel + 1] - begin) / 2
    values = log_pdf(interval, begin[:, np.newaxis] + half[:, np.newaxis] * (1.0 + _NODES))
    of_each = np.searchsorted(interval, np.arange(len(low)))
    top = np.maximum.reduceat(values.max(axis=1), of_each)
    top = np.where(top > -np.inf, top, 0.0)
    sums = np.add.reduceat(half * (np.exp(values - top[interval, np.newaxis]) @ _WEIGHTS), of_each)
    out: Array = top + np.log(width * sums)
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
