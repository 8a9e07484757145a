"""The inverse Gaussian (Wald) distribution: how long a Brownian motion with drift takes to a given level."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import erfc, erfcx

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE
from .kernels import Kernels, kernel
from .numeric import positive_doubles
from .special import HALF_LOG_2_PI, log, reciprocal

BISECTIONS = 80  # of the log of the range of doubles, to the last bit


@kernel
def log_pdf(X, theta, out):
    """Add -shape (x - mean)^2 / (2 mean^2 x) - 3/2 log x + log(shape / (2 pi)) / 2; -inf for x <= 0."""
    mean, inverse, half = theta[0], reciprocal(theta[0]), 0.5 * theta[1] / theta[0]
    constant = 0.5 * math.log(theta[1]) - HALF_LOG_2_PI
    for i in range(out.size):
        x = X[0, i]
        away = x - mean
        # In an order in which the square of a large x cannot overflow.
        out[i] += -math.inf if x <= 0.0 else constant - half * (away * inverse) * (away / x) - 1.5 * log(x)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r (u - 1) and sum r (u - 1)^2 / u, where u = x / mean at the current mean."""
    mean, inverse = theta[0], reciprocal(theta[0])
    total, first, second = 0.0, 0.0, 0.0
    for i in range(r.size):
        x = X[0, i] if X[0, i] > 0.0 else mean  # outside the support r is 0, and 0 times infinity NaN
        away = x - mean
        part = r[i] * away * inverse
        total += r[i]
        first += part
        second += part * (away / x)
    stats[0] += total
    stats[1] += first
    stats[2] += second


@kernel
def update(stats, theta, bounds):
    """Set the mean m to the weighted mean, and 1 / shape to the mean of (x - m)^2 / (m^2 x)."""
    before, shift, spread = theta[0], stats[1] / stats[0], stats[2] / stats[0]
    best = before * (1.0 + shift)
    mean = min(max(best, bounds[0, 0]), bounds[1, 0])
    beyond = (best - mean) / mean  # zero unless the mean is held back
    # The mean of (x - m)^2 / (m^2 x) falls as m moves to the best mean, and rises again where it is held back.
    inverse = max(spread - shift * shift / (1.0 + shift), 0.0) / before + beyond * beyond / best
    theta[0] = mean
    theta[1] = min(max(1.0 / inverse if inverse > 0.0 else math.inf, bounds[0, 1]), bounds[1, 1])


class InverseGaussian(Distribution):
    r"""Inverse Gaussian distribution: density :math:`\sqrt{l/(2\pi x^3)}\, e^{-l (x-m)^2/(2 m^2 x)}` for x > 0.

    Parameters
    ----------
    mean : float, optional
        Mean :math:`m` > 0, in the unit of x.
    shape : float, optional
        Shape :math:`l` > 0, in the unit of x; the variance is mean^3 / shape.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: the weighted mean m, and one over that of (x - m)^2 / (m^2 x). Johnson,
    Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 15.

    Examples
    --------
    >>> fitted = InverseGaussian().fit([1.0, 2.0, 3.0])
    >>> round(fitted.mean, 9), round(fitted.shape, 9)
    (2.0, 9.0)
    """

    mean: float = parameter(POSITIVE, power=1, collapse=0)
    shape: float = parameter(POSITIVE, power=1, collapse=-2)

    support = POSITIVE
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 3

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,).

        As Michael, Schucany & Haas (The American Statistician 30, 1976): (x - mean)^2 shape / (mean^2 x) is the square
        of a normal variable; of the two roots x, mean times and over t, one is chosen. Neither is a difference here.
        """
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        w = 0.5 * self.mean / self.shape * rng.standard_normal(size) ** 2
        t = 1.0 + w + np.sqrt(w * (2.0 + w))
        return positive_doubles(np.where(rng.uniform(size=size) * (1.0 + t) <= t, self.mean / t, self.mean * t))

    @property
    def var(self) -> float:
        """Variance, mean^3 / shape."""
        self.require_known("give a variance")
        return self.mean * self.mean * (self.mean / self.shape)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        inside = np.where((x > 0.0) & (x < np.inf), x, self.mean)
        probability = np.where(inside < self.mean, self._tail(inside, -1.0), 1.0 - self._tail(inside, 1.0))
        return np.where(x > 0.0, np.where(x < np.inf, probability, 1.0), np.where(np.isnan(x), np.nan, 0.0))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q, by bisection of the smaller tail."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        limits, upper = np.log([np.finfo(float).tiny, np.finfo(float).max]), q > 0.5
        low, high = np.full(q.shape, limits[0]), np.full(q.shape, limits[1])
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            x = np.exp(middle)
            below = np.where(upper, self._tail(x, 1.0) > 1.0 - q, self._tail(x, -1.0) < q)
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        inside = np.where((q > 0.0) & (q < 1.0), np.exp(0.5 * (low + high)), np.where(q == 0.0, 0.0, np.nan))
        return np.where(q == 1.0, np.inf, inside)[()]

    def _tail(self, x: Array, side: float) -> Array:
        """Return P(X > x) for side 1, P(X < x) for side -1; exact where it is small.

        A normal probability and exp(2 shape / mean) times another, which `erfcx` keeps from overflowing.
        """
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            root = np.sqrt(0.5 * self.shape / x)
            away = root * ((x - self.mean) / self.mean)
            second = erfcx(root * (x / self.mean + 1.0))
            first = np.where(side * away > 0.0, erfcx(np.abs(away)), np.nan)
            height = np.exp(-away * away)
            return 0.5 * np.where(
                side * away > 0.0, height * (first - side * second), erfc(side * away) - side * height * second
            )
