"""The Cauchy distribution: tails so heavy that no mean exists."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE, REAL
from .kernels import Kernels, kernel
from .newton import newton_update
from .quantiles import weighted_quantiles
from .special import reciprocal
from .student_t import FAR, log1p_of_square, width

STARTS = np.arange(1, 32) / 32  # quantiles of the data at which a likelihood with several modes is tried


@kernel
def log_pdf(X, theta, out):
    """Add -log(pi scale (1 + z^2)), z = (x - loc) / scale."""
    loc, inverse, constant = theta[0], reciprocal(theta[1]), math.log(math.pi) + math.log(theta[1])
    for i in range(out.size):
        out[i] -= constant + log1p_of_square((X[0, i] - loc) * inverse)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of loc (by scale) and of log scale."""
    loc, inverse = theta[0], reciprocal(theta[1])
    total, s0, s1, h00, h10, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        z = min(max((X[0, i] - loc) * inverse, -FAR), FAR)
        p = 1.0 / (1.0 + z * z)
        zp, outer = z * p, z * z * p  # p + outer = 1
        total += r[i]
        s0 += r[i] * 2.0 * zp
        s1 += r[i] * (outer - p)
        h00 -= r[i] * 2.0 * p * (p - outer)
        h10 -= r[i] * 4.0 * zp * p
        h11 -= r[i] * 4.0 * outer * p
    for j, value in enumerate((total, s0, s1, h00, h10, h11)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take one Newton step."""
    newton_update(stats, theta, bounds, np.array([theta[1], 0.0]))


class Cauchy(Distribution):
    r"""Cauchy distribution: density :math:`1 / (\pi s (1 + z^2))`, :math:`z = (x - m) / s`, on the real line.

    Parameters
    ----------
    loc : float, optional
        Location :math:`m`, the median and mode, finite, in the unit of x.
    scale : float, optional
        Scale :math:`s` > 0, half the distance of the quartiles, in the unit of x.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by safeguarded Newton steps in loc and log scale from the median and the
    quartiles. That maximum is the only one (Copas 1975, "On the unimodality of the likelihood for the Cauchy
    distribution"), unless half the weight or more lies on one point: then there is none. With the scale frozen there
    may be several modes in loc: the climb starts at the best of 31 quantiles of the data.

    Examples
    --------
    >>> Cauchy(2.0, 1.0).ppf([0.25, 0.5, 0.75])
    array([1., 2., 3.])
    """

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    support = REAL
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 6

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return self.loc + self.scale * np.random.default_rng(rng).standard_cauchy(size)

    @property
    def mean(self) -> float:
        """NaN: an expectation does not exist."""
        return math.nan

    @property
    def var(self) -> float:
        """NaN: a variance does not exist."""
        return math.nan

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return np.arctan2(1.0, (self.loc - np.asarray(x, dtype=float)) / self.scale) / math.pi

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            near = np.minimum(q, 1.0 - q)  # of the nearer end
            tail = np.where(near < 0.25, 1.0 / np.tan(math.pi * near), np.tan(math.pi * (0.5 - near)))
            z = np.where(q < 0.5, -tail, tail)
        return np.where((q >= 0) & (q <= 1), self.loc + self.scale * z, np.nan)[()]

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with median and quartiles of the data; where only loc is unknown, with its best quantile."""
        if self.loc is None and self.scale is not None:
            tried = np.unique(weighted_quantiles(rows[:, 0], weight, STARTS))
            guesses = [self.with_values(loc=loc) for loc in tried]
            return max(guesses, key=lambda guess: guess.log_likelihood(rows, weight))
        low, middle, high = weighted_quantiles(rows[:, 0], weight, (0.25, 0.5, 0.75))
        spread = max((high - low) / 2.0, float(np.max(smallest)))
        loc = middle if self.loc is None else self.loc
        scale = (spread if spread > 0.0 else 1.0) if self.scale is None else self.scale
        return self.with_values(loc=loc, scale=scale)

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum inside `bounds`, which are relative to the width of the data: see the base."""
        return super().fit_bounded(rows, weight, width(rows, weight, scale), floor, iterations)
