"""Highest-density regions and entropies."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import gammaincinv

from distributions import numeric
from distributions.arguments import as_generator, require_whole
from distributions.base import Distribution, Rng
from distributions.data import Array
from distributions.errors import InvalidParameterError

from .modes import integral, modes, normals_of

_NEAR = 1e-4  # first step from a threshold that quadrature gives, in the log density
_EXACT = 1e-11  # difference of two probabilities that is none
_LOST = 1e-10  # probability that a quadrature may miss


class Region(NamedTuple):
    """The smallest region of a probability: all x with ``log_pdf(x) >= log_density``.

    Attributes
    ----------
    log_density : float
        The threshold.
    intervals : ndarray, shape (m, 2), or None
        Ends of the intervals that make up the region of one column (of separate values, the first and last value of
        each run); None for several columns.
    probability : float
        Of the region: the level asked for; more where density or mass is the same in many places.
    standard_error : float
        Of the probability, where the threshold comes from draws; 0 where it was computed.
    """

    log_density: float
    intervals: Array | None
    probability: float
    standard_error: float


class Entropy(NamedTuple):
    """An entropy in nats, and its standard error: 0 where it was computed, not drawn."""

    value: float
    standard_error: float


def highest_density(distribution: Distribution, level: float, rng: Rng, n_draws: int) -> Region:
    """Return the highest-density region of a probability; see `MixtureModel.hdr`."""
    number = isinstance(level, (int, float, np.integer, np.floating)) and not isinstance(level, bool)
    if not number or not 0.0 < level < 1.0:
        raise InvalidParameterError(f"level must be a probability between 0 and 1, ends excluded; got {level!r}")
    numeric.require_one_measure(distribution, "highest-density region")
    if distribution.n_columns == 1:
        return _of_masses(distribution, level) if distribution.support.discrete else _of_density(distribution, level)
    normals = normals_of(distribution.outline())
    if normals is not None and len(normals.weights) == 1:
        d = normals.means.shape[1]
        log_peak = -0.5 * (d * math.log(2.0 * math.pi) + float(np.linalg.slogdet(normals.covs[0])[1]))
        return Region(log_peak - float(gammaincinv(d / 2.0, level)), None, float(level), 0.0)
    heights = _heights(distribution, rng, n_draws)
    error = math.sqrt(level * (1.0 - level) / n_draws)
    return Region(float(np.quantile(heights, 1.0 - level)), None, float(level), error)


def _of_masses(distribution: Distribution, level: float) -> Region:
    likely = numeric.expected_rows(distribution)[0][:, 0]
    values = distribution.support.values(likely.min(), likely.max())
    mass = distribution.pdf(values)
    descending = np.sort(mass)[::-1]
    least = descending[min(int(np.searchsorted(np.cumsum(descending), level)), len(mass) - 1)]
    inside = mass >= least * (1.0 - 1e-12)
    return Region(float(np.log(mass[inside].min())), _runs(values, inside), float(mass[inside].sum()), 0.0)


def _runs(values: Array, inside: Array) -> Array:
    """Return the first and the last value of each run of values that are inside."""
    change = np.diff(np.concatenate([[0], inside.astype(int), [0]]))
    return np.stack([values[np.flatnonzero(change == 1)], values[np.flatnonzero(change == -1) - 1]], axis=1)


def _of_density(distribution: Distribution, level: float) -> Region:
    """Return intervals: the threshold is the zero of the probability above it less the level."""
    from scipy.optimize import brentq

    whole = integral(distribution)
    x = np.unique(np.concatenate([whole.x, whole.edges, modes(distribution)]))
    height, heights = distribution.log_pdf(x), distribution.log_pdf(whole.x)
    order = np.argsort(-heights, kind="stable")
    place = np.searchsorted(np.cumsum(whole.weight[order]), level * whole.cumulative[-1])
    near = float(heights[order][min(int(place), len(order) - 1)])
    seen: dict[float, tuple[Array, float]] = {}

    def missing(threshold: float) -> float:
        seen[threshold] = _above(distribution, x, height, threshold)
        return seen[threshold][1] - level

    low = high = near
    step = _NEAR
    while missing(low) < 0.0 and np.isfinite(low):
        low, step = low - step, 2.0 * step
    step = _NEAR
    while missing(high) >= 0.0 and np.isfinite(high):
        high, step = high + step, 2.0 * step
    if low < high:
        brentq(missing, low, high, xtol=1e-13, rtol=1e-14, maxiter=200)
    enough = [threshold for threshold, (_, held) in seen.items() if held >= level - _EXACT]
    threshold = max(enough, default=low)
    return Region(threshold, *seen[threshold], 0.0)


def _above(distribution: Distribution, x: Array, height: Array, threshold: float) -> tuple[Array, float]:
    """Return the intervals between points x in which the log density reaches a threshold, and their probability."""
    inside = height >= threshold
    change = np.flatnonzero(inside[1:] != inside[:-1])
    rising = inside[change + 1]
    within, without = x[change + rising], x[change + ~rising]
    for _ in range(60):
        middle = within + (without - within) / 2.0
        enough = distribution.log_pdf(middle) >= threshold if len(middle) else rising
        within, without = np.where(enough, middle, within), np.where(enough, without, middle)
    ends = np.sort(np.concatenate([x[:1][inside[:1]], within, x[-1:][inside[-1:]]])).reshape(-1, 2)
    mass = distribution.cdf(ends)
    return ends, float(np.sum(mass[:, 1] - mass[:, 0]))


# ------------------------------------------------------------------------------------------------------ entropy


def entropy(distribution: Distribution, rng: Rng, n_draws: int) -> Entropy:
    """Return the entropy; see `MixtureModel.entropy`."""
    normals = normals_of(distribution.outline())
    if normals is not None and len(normals.weights) == 1:
        d = normals.means.shape[1]
        size = float(np.linalg.slogdet(normals.covs[0])[1])
        return Entropy(0.5 * (d * (1.0 + math.log(2.0 * math.pi)) + size), 0.0)
    numeric.require_one_measure(distribution, "entropy")
    if distribution.n_columns == 1:
        try:
            x, share = _rows(distribution)
        except InvalidParameterError:  # its tails are too long for a quadrature
            pass
        else:
            return Entropy(float(-share @ distribution.log_pdf(x)), 0.0)
    heights = _heights(distribution, rng, n_draws)
    return Entropy(float(-heights.mean()), float(heights.std(ddof=1)) / math.sqrt(n_draws))


def _rows(distribution: Distribution) -> tuple[Array, Array]:
    """Return values of one column, shape (m,), and shares, shape (m,): sums over them are expectations."""
    if distribution.support.discrete:
        rows, share = numeric.expected_rows(distribution)
        return rows[:, 0], share
    whole = integral(distribution)
    lost = abs(whole.cumulative[-1] - 1.0)
    if not lost < _LOST:
        raise InvalidParameterError(f"a quadrature of {distribution!r} loses {lost:.1g} of its probability")
    present = whole.weight > 0.0
    return whole.x[present], whole.weight[present] / whole.weight.sum()


def _heights(distribution: Distribution, rng: Rng, n_draws: int) -> Array:
    """Return the log densities of draws."""
    require_whole("MixtureModel", "n_draws", n_draws, least=2)
    return distribution.log_pdf(distribution.sample(n_draws, as_generator("MixtureModel", rng)))
