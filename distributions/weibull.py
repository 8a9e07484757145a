"""The Weibull distribution: times to failure whose risk grows or falls as a power of time."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import factorial, gammaln, polygamma, zeta

from .base import Distribution, Rng, checked, parameter
from .data import Array
from .domains import POSITIVE
from .errors import InvalidParameterError
from .gumbel import EULER, STD, bounded_exp, smallest_extreme_move
from .kernels import Kernels, kernel
from .log_scale import (
    apply_move,
    box_of_moves,
    log_centre_and_spread,
    log_ratio,
    logs_of_ratios,
    representable,
)
from .special import exp, reciprocal

_SERIES = np.arange(2, 31)  # terms of the series of log gamma(1 + e), for |e| <= 0.1
_ZETA_OVER_N = zeta(_SERIES) / _SERIES


@kernel
def log_pdf(X, theta, out):
    """Add log(shape / scale) + (shape - 1) l - e^(shape l), l = log(x / scale); -inf for x <= 0."""
    shape, scale, inverse = theta[0], theta[1], reciprocal(theta[1])
    constant = math.log(shape) - math.log(scale)
    for i in range(out.size):
        x = X[0, i]
        logs = log_ratio(x, scale, inverse)
        value = constant + (shape - 1.0) * logs - exp(shape * logs)
        out[i] += -math.inf if x <= 0.0 else value


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r z, and sum r z^k e^z for k = 0, 1, 2; z = shape log(x / scale)."""
    shape, scale, inverse = theta[0], theta[1], reciprocal(theta[1])
    total, first, e0, e1, e2 = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        inside = X[0, i] > 0.0
        z = shape * log_ratio(X[0, i] if inside else scale, scale, inverse)
        weighted = r[i] * bounded_exp(z)
        total += r[i]
        first += r[i] * z
        e0 += weighted
        e1 += weighted * z
        e2 += weighted * z * z
    for j, value in enumerate((total, first, e0, e1, e2)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take one Newton step, from the best scale for the shape: log x has a Gumbel distribution of smallest values."""
    lowest, highest = box_of_moves(theta, bounds)
    apply_move(theta, bounds, smallest_extreme_move(stats, lowest, highest))


LARGEST_LOG = 709.0


class Weibull(Distribution):
    r"""Weibull distribution: density :math:`(k / s) (x / s)^{k - 1} e^{-(x / s)^k}` for x > 0.

    Parameters
    ----------
    shape : float, optional
        Shape :math:`k` > 0, a pure number: below 1 the hazard falls with x, above it rises, at 1 this is `Exponential`.
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x: the quantile at :math:`1 - 1/e`.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by safeguarded Newton steps in log shape from the best scale, which has a
    closed form. Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 21.

    Examples
    --------
    >>> round(float(Weibull(2.0, 10.0).ppf(0.5)), 10)
    8.3255461116
    """

    shape: float = parameter(POSITIVE, collapse=-1)
    scale: float = parameter(POSITIVE, power=1, collapse=0)

    support = POSITIVE
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 5

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters are those of the mean and standard deviation of log x."""
        centre, spread = log_centre_and_spread(rows, weight, smallest)
        shape, scale = self.shape, self.scale
        if shape is None:
            shape = STD / (spread if scale is None else max(spread, abs(centre - math.log(scale))))
        if scale is None:
            scale = math.exp(min(centre + EULER / shape, LARGEST_LOG))  # of heavy tails it may lie beyond the doubles
        return self.with_values(shape=shape, scale=scale)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        with np.errstate(over="ignore"):
            return representable(self.scale * np.random.default_rng(rng).weibull(self.shape, size))

    @property
    def mean(self) -> float:
        """Expectation, scale gamma(1 + 1 / shape)."""
        self.require_known("give a mean")
        with np.errstate(over="ignore"):
            return float(self.scale * np.exp(log_power_moments(1.0 / self.shape)[0]))

    @property
    def var(self) -> float:
        """Variance, scale^2 (gamma(1 + 2 / shape) - gamma(1 + 1 / shape)^2)."""
        self.require_known("give a variance")
        with np.errstate(over="ignore"):
            return float(self.mean * self.mean * np.expm1(log_power_moments(1.0 / self.shape)[1]))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        with np.errstate(over="ignore"):
            return -np.expm1(-np.exp(self.shape * logs_of_ratios(x, self.scale)))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return self.scale * np.where(q >= 0.0, -np.log1p(-q), np.nan) ** (1.0 / self.shape)

    @classmethod
    def from_mean_std(cls, mean: float, std: float) -> Self:
        """Return the distribution with this mean and standard deviation, both > 0.

        Examples
        --------
        >>> round(Weibull.from_mean_std(3.0, 3.0).shape, 10)
        1.0
        """
        mean, std = checked(cls, "mean", POSITIVE, mean), checked(cls, "std", POSITIVE, std)
        if not 1e-8 < std / mean < 1e8:
            raise InvalidParameterError(
                f"{cls.__name__}: std / mean must lie between 1e-8 and 1e8; got mean={mean!r}, std={std!r}"
            )
        wanted = math.log1p((std / mean) ** 2)
        from scipy.optimize import brentq  # deferred: a slow import

        log_e = brentq(lambda t: log_power_moments(math.exp(t))[1] / wanted - 1.0, -20.0, 5.0, xtol=1e-14, rtol=1e-14)
        shape = math.exp(-log_e)
        return cls(shape, mean / math.exp(log_power_moments(1.0 / shape)[0]))


def log_power_moments(e: float) -> tuple[float, float]:
    """Return log E[T^e] and log(E[T^2e] / E[T^e]^2) for T standard exponential, 2 e > -1, without cancellation.

    They are log gamma(1 + e) and log gamma(1 + 2 e) - 2 log gamma(1 + e); Abramowitz & Stegun (1964), 6.1.33.
    """
    if abs(e) > 0.1:
        first = float(gammaln(1.0 + e))
        return first, float(gammaln(1.0 + 2.0 * e)) - 2.0 * first
    terms = _ZETA_OVER_N * (-e) ** _SERIES
    return -EULER * e + float(terms.sum()), float((terms * (2.0**_SERIES - 2.0)).sum())


def log_gamma_bend(x: float, e: float) -> float:
    """Return log gamma(x + 2 e) - 2 log gamma(x + e) + log gamma(x), without cancellation; x > 0 and x + 2 e > 0."""
    if abs(e) > 0.05 * x:
        return float(gammaln(x + 2.0 * e) - 2.0 * gammaln(x + e) + gammaln(x))
    n = _SERIES[:14]  # Taylor's series
    return float(np.sum(polygamma(n - 1, x) * e**n * (2.0**n - 2.0) / factorial(n)))
