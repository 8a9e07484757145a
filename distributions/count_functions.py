"""Helpers of the families of counts: quantiles from a distribution function, and draws with large means."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import erfc, gammaincc, ndtri

from .data import Array
from .gamma_functions import deviance
from .kernels import compiled

LARGEST_POISSON = 1e18  # beyond it NumPy's draws leave 64-bit integers, and no draw tells the law from a normal one
_LAST = 1e300  # no count is looked for beyond


def count_quantiles(
    cdf: Callable[[Array], Array],
    q: npt.ArrayLike,
    guess: Callable[[Array], Array],
    low: float = 0.0,
    high: float = np.inf,
) -> Array:
    """Return the smallest whole x in the support with cdf(x) >= q: a bracket about a guess, then bisection.

    Parameters
    ----------
    cdf : callable
        The distribution function, of arrays of whole numbers.
    q : array_like
        Probabilities; the result is NaN where they are none.
    guess : callable
        Gives numbers near the quantiles at 0 < q < 1; anything, even NaN, will do.
    low, high : float
        Ends of the support, the quantiles at 0 and 1.
    """
    q = np.asarray(q, dtype=float)
    flat = q.ravel()
    result = np.where(flat == 0.0, low, np.where(flat == 1.0, high, np.nan))
    inside = np.flatnonzero((flat > 0.0) & (flat < 1.0))
    wanted = flat[inside]
    with np.errstate(all="ignore"):
        start = np.nan_to_num(np.floor(guess(wanted)), nan=max(low, 0.0))
    above = np.clip(start, max(low, -_LAST), min(high, _LAST))
    step = np.maximum(1.0, 2.0 * np.spacing(np.abs(above)))
    below = above - step
    short = np.arange(len(wanted))  # places where the quantile may lie above the bracket
    for doubling in range(1100):
        short = short[(above[short] < min(high, _LAST)) & (cdf(above[short]) < wanted[short])]
        if not len(short):
            break
        below[short] = above[short]
        above[short] = np.minimum(above[short] + step[short] * 2.0**doubling, min(high, _LAST))
    long = np.arange(len(wanted))
    for doubling in range(1100):
        long = long[(below[long] >= max(low, -_LAST)) & (cdf(below[long]) >= wanted[long])]
        if not len(long):
            break
        above[long] = below[long]
        below[long] = np.maximum(below[long] - step[long] * 2.0**doubling, max(low, -_LAST) - 1.0)
    open_ = np.arange(len(wanted))
    while True:
        middle = np.floor(below[open_] + (above[open_] - below[open_]) / 2)
        left = (middle > below[open_]) & (middle < above[open_])
        open_, middle = open_[left], middle[left]
        if not len(open_):
            break
        enough = cdf(middle) >= wanted[open_]
        above[open_[enough]] = middle[enough]
        below[open_[~enough]] = middle[~enough]
    result[inside] = above
    return result.reshape(q.shape)[()]


class MassTable(NamedTuple):
    """The masses of consecutive whole numbers from ``low`` on, added up from below and from above."""

    low: float
    below: Array  # P(X <= low + i)
    above: Array  # P(X > low + i)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x): from below up to the middle, from above beyond it, so that both tails keep their digits."""
        points = np.asarray(x, dtype=float)
        with np.errstate(invalid="ignore"):
            place = np.floor(points) - self.low
        at = np.clip(np.nan_to_num(place, nan=0.0), 0.0, len(self.below) - 1.0).astype(np.intp)
        inside = np.where(self.below[at] < 0.5, self.below[at], 1.0 - self.above[at])
        return np.where(
            place < 0.0, 0.0, np.where(place >= len(self.below), 1.0, np.where(np.isnan(points), x, inside))
        )[()]


def mass_table(log_pdf: Callable[[Array], Array], low: float, high: float) -> MassTable:
    """Return the table of the masses from ``low`` to ``high``, which carry everything."""
    mass = np.exp(log_pdf(np.arange(low, high + 1.0)))
    above = np.zeros_like(mass)
    above[:-1] = np.cumsum(mass[:0:-1])[::-1]
    return MassTable(low, np.minimum(np.cumsum(mass), 1.0), np.minimum(above, 1.0))


def normal_quantiles(mean: float, std: float) -> Callable[[Array], Array]:
    """Return the quantiles of the normal distribution of this mean and deviation, as a guess."""
    return lambda q: mean + std * ndtri(q)


def poisson_draws(rate: npt.ArrayLike, size: int, rng: np.random.Generator) -> Array:
    """Return Poisson draws (as floats), shape (size,), for rates of any size."""
    rates: Array = np.broadcast_to(np.asarray(rate, dtype=float), (size,))
    large = rates > LARGEST_POISSON
    draws: Array = rng.poisson(np.where(large, 0.0, rates)).astype(float)
    if large.any():
        draws[large] = np.round(rates[large] + np.sqrt(rates[large]) * rng.standard_normal(int(large.sum())))
    return draws


def upper_gamma(a: npt.ArrayLike, x: npt.ArrayLike) -> Array:
    """Return the regularised upper incomplete gamma function Q(a, x) = P(Poisson(x) < a), a, x > 0.

    SciPy's series stops too early for a above 10^5 and x far below it: 1 - Q is wrong by a factor 3 for a = 10^9. There
    Temme's uniform expansion has reached full precision after two terms [1]_.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, section 8.12.
    """
    shape, points = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(x, dtype=float))
    result: Array = np.array(gammaincc(shape, points))
    with np.errstate(all="ignore"):
        tail = (shape > 1e5) & (shape - points > 4.0 * np.sqrt(shape)) & (shape < 1e300) & (points > 0.0)
    shape, points = shape[tail], points[tail]
    if shape.size:
        half_square = deviances(shape, points)  # a eta^2 / 2
        mu = (points - shape) / shape
        eta = -np.sqrt(2.0 * half_square / shape)
        with np.errstate(all="ignore"):
            first = 1.0 / mu - 1.0 / eta
            second = 1.0 / eta**3 - 1.0 / mu**3 - 1.0 / mu**2 - 1.0 / (12.0 * mu)
            rest = np.exp(-half_square) / np.sqrt(2.0 * np.pi * shape) * (first + second / shape)
        result[tail] = 0.5 * erfc(-np.sqrt(half_square)) + rest
    return result[()]


@compiled
def _deviances(x, mean, out):
    """Fill ``out``."""
    for i in range(out.size):
        out[i] = deviance(x[i], mean[i])


def deviances(x: Array, mean: Array) -> Array:
    """Return `gamma_functions.deviance` of arrays of one shape (n,)."""
    out = np.empty(len(x))
    _deviances(np.ascontiguousarray(x), np.ascontiguousarray(mean), out)
    return out
