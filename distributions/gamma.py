"""The gamma distribution: waiting times for several events, and positive quantities of any relative spread."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaincinv

from .base import Distribution, Rng, checked, parameter
from .data import Array
from .domains import POSITIVE
from .gamma_functions import (
    deviance,
    digamma,
    log_minus_digamma,
    stirling_error,
    trigamma,
    trigamma_minus_reciprocal,
)
from .kernels import Kernels, compiled, kernel
from .numeric import positive_doubles
from .special import HALF_LOG_2_PI, log, log_of_normal, reciprocal

INNER_ITERATIONS = 50
MODERATE = 1000.0  # shapes up to which differences of u - 1 and log u keep 14 digits of the deviance of nearly all rows
FAR = 1e280  # times the mean, or as small a part of it: u and 1 / u overflow beyond


@kernel
def log_pdf(X, theta, out):
    """Add -shape D(u) - log x + constant, where u = x / mean, D(u) = u - 1 - log u >= 0; -inf for x <= 0.

    So nothing cancels, however large the shape. For moderate ones log u is taken once and serves both terms.
    """
    shape, mean = theta[0], theta[0] / theta[1]
    constant = 0.5 * math.log(shape) - stirling_error(shape) - HALF_LOG_2_PI
    if is_moderate(X, shape, mean):
        constant, slope, part = constant - math.log(mean), shape - 1.0, reciprocal(mean)
        for i in range(out.size):
            u = X[0, i] * part
            out[i] += constant - shape * (u - 1.0) + slope * log_of_normal(u)
        return
    for i in range(out.size):
        x = X[0, i]
        out[i] += -math.inf if x <= 0.0 else constant - theta[1] * deviance(mean, x) - log(x)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r (u - 1) and sum r (u - 1 - log u), where u = x / mean at the current mean."""
    mean = theta[0] / theta[1]
    total, first, second = 0.0, 0.0, 0.0
    if is_moderate(X, theta[0], mean):
        part = reciprocal(mean)
        for i in range(r.size):
            u = X[0, i] * part
            total += r[i]
            first += r[i] * (X[0, i] - mean)
            second += r[i] * (u - 1.0 - log_of_normal(u))
        stats[2] += second
    else:
        for i in range(r.size):
            x = X[0, i] if X[0, i] > 0.0 else mean  # outside the support r is 0, and 0 times infinity NaN
            total += r[i]
            first += r[i] * (x - mean)
            second += r[i] * deviance(mean, x)
        stats[2] += second / mean
    stats[0] += total
    stats[1] += first / mean


@compiled
def is_moderate(X, shape, mean):
    """Whether the shape is moderate, and no row so far from the mean, or outside the support, that it needs care."""
    lowest, highest = mean / FAR, mean * FAR
    within = 0
    for i in range(X.shape[1]):
        within += lowest < X[0, i] < highest
    return within == X.shape[1] and shape <= MODERATE and 1.0 / FAR < mean < FAR


@kernel
def update(stats, theta, bounds):
    """Set the shape to the root of log a - digamma(a) = log(mean of x) - mean of log x, the rate to a / (mean of x)."""
    mean = theta[0] / theta[1]
    shift, excess = stats[1] / stats[0], stats[2] / stats[0]
    # log(1 + shift) - mean of log u; the second part vanishes as the iterations end.
    shape = min(max(shape_of_spread(excess - deviance(1.0, 1.0 + shift)), bounds[0, 0]), bounds[1, 0])
    wanted = shape / (mean * (1.0 + shift))
    rate = min(max(wanted, bounds[0, 1]), bounds[1, 1])
    if rate != wanted:  # the likelihood is concave: with the rate at its wall, the best shape is that for this rate
        shape = inverse_digamma(math.log(rate * mean) + shift - excess)
        shape = min(max(shape, bounds[0, 0]), bounds[1, 0])
    theta[0] = shape
    theta[1] = rate


@compiled
def shape_of_spread(spread):
    """Return the root a of log a - digamma(a) = spread, infinity for spread <= 0.

    Minka's generalised Newton steps, which fit c_0 + c_1 a + c_2 log a to the likelihood (T. Minka, Estimating a Gamma
    distribution, 2002).
    """
    if spread <= 0.0:
        return math.inf
    shape = (3.0 - spread + math.sqrt((spread - 3.0) ** 2 + 24.0 * spread)) / (12.0 * spread)
    if spread < 1e-20:  # the root to the last digit; its square may lie beyond the largest double
        return shape
    for _ in range(INNER_ITERATIONS):
        before = shape
        excess = log_minus_digamma(shape) - spread
        # 1 / a - excess / (a^2 (trigamma(a) - 1/a)), free of a's that overflow.
        shape /= 1.0 - excess / (shape * trigamma_minus_reciprocal(shape))
        if abs(shape - before) <= 1e-14 * shape:
            break
    return shape


@compiled
def inverse_digamma(value):
    """Return the root a > 0 of digamma(a) = value, by Newton's method (Minka, Estimating a Dirichlet, 2000, app. C)."""
    if value > 40.0:  # digamma(a) = log(a - 1/2 + ...)
        return math.exp(min(value, 709.0)) + 0.5
    root = math.exp(value) + 0.5 if value >= -2.22 else -1.0 / (value + 0.5772156649015329)
    for _ in range(INNER_ITERATIONS):
        before = root
        root -= (digamma(root) - value) / trigamma(root)
        root = max(root, 0.5 * before)
        if abs(root - before) <= 1e-15 * root:
            break
    return root


class Gamma(Distribution):
    r"""Gamma distribution: density :math:`b^a x^{a-1} e^{-bx} / \Gamma(a)` for x > 0.

    Parameters
    ----------
    shape : float, optional
        Shape :math:`a` > 0, a pure number; the relative spread of x is 1 / sqrt(shape).
    rate : float, optional
        Rate :math:`b` > 0, in one over the unit of x; the mean is shape / rate.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: the shape solves log a - digamma(a) = log(mean of x) - mean of log x by
    Minka's iteration (Estimating a Gamma distribution, 2002), the rate is shape / (mean of x). Johnson, Kotz &
    Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 17.

    Examples
    --------
    >>> Gamma.from_mean_std(6.0, 3.0)
    Gamma(shape=4.0, rate=0.6666666666666666)
    """

    shape: float = parameter(POSITIVE, collapse=-2)
    rate: float = parameter(POSITIVE, power=-1, collapse=-2)

    support = POSITIVE
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 3

    @classmethod
    def from_mean_std(cls, mean: float, std: float) -> Self:
        """Return the distribution of this mean and standard deviation, both > 0."""
        mean, std = checked(cls, "mean", POSITIVE, mean), checked(cls, "std", POSITIVE, std)
        ratio = mean / std
        return cls(ratio * ratio, ratio / std)

    @classmethod
    def from_shape_scale(cls, shape: float, scale: float) -> Self:
        """Return the distribution of this shape and of rate 1 / scale.

        Examples
        --------
        >>> Gamma.from_shape_scale(2.0, 5.0)
        Gamma(shape=2.0, rate=0.2)
        """
        return cls(shape, 1.0 / checked(cls, "scale", POSITIVE, scale))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        with np.errstate(over="ignore"):
            return positive_doubles(np.random.default_rng(rng).standard_gamma(self.shape, size) / self.rate)

    @property
    def mean(self) -> float:
        """Expectation, shape / rate."""
        self.require_known("give a mean")
        return self.shape / self.rate

    @property
    def var(self) -> float:
        """Variance, shape / rate^2."""
        self.require_known("give a variance")
        return self.shape / self.rate / self.rate

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return gammainc(self.shape, self.rate * np.maximum(np.asarray(x, dtype=float), 0.0))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        return gammaincinv(self.shape, q) / self.rate
