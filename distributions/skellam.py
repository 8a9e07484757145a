"""The Skellam distribution: the difference of two Poisson counts."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import chndtr

from .base import Distribution, Rng, parameter
from .bessel import DEBYE, EXPANSION_FROM, _expansion, _log_series, bessel_i_ratio
from .count_functions import count_quantiles, mass_table, normal_quantiles, poisson_draws
from .data import Array, average
from .domains import POSITIVE, WHOLE
from .gamma_functions import deviance, factorial_excess
from .kernels import Kernels, kernel, scalar
from .newton import newton_update
from .special import HALF_LOG_2_PI, log, log1p

SMALLEST_RATE = 1e-10
_SMOOTH_FROM = 1e4  # of sqrt(x^2 + 4 rate1 rate2): from there on the variance needs two terms of its expansion
_SUMMED_UP_TO = 3e3  # standard deviations for which the cdf adds masses


@scalar
def log_mass(x, rate1, rate2):
    """Log mass of a whole x, in terms that do not cancel."""
    k = abs(x)
    one, two = (rate1, rate2) if x >= 0.0 else (rate2, rate1)
    z = 2.0 * math.sqrt(one) * math.sqrt(two)
    s = math.hypot(k, z)
    if s < EXPANSION_FROM:  # the first term of the sum over counts of the smaller kind, and the rest in relation to it
        return _log_series(k, z) - (factorial_excess(k) + deviance(k, one) + two)
    # Debye's expansion of the Bessel function. Its exponent and the rates together are two deviances, of the counts
    # that are most likely to have given the difference.
    more = 0.5 * (s + k)
    less = one / more * two
    correction = log1p(_expansion(DEBYE, (k / s) ** 2, s)) - (0.5 * log(s) + HALF_LOG_2_PI)
    return correction - (deviance(more, one) + deviance(less, two))


@kernel
def log_pdf(X, theta, out):
    """Add the log mass; -inf unless x is a whole number."""
    for i in range(out.size):
        x = X[0, i]
        if abs(x) < math.inf and x == np.floor(x):
            out[i] += log_mass(x, theta[0], theta[1])
        else:
            out[i] += x if x != x else -math.inf


@scalar
def smaller_count(k, z):
    """Mean and variance of the smaller of two Poisson counts, of rates with product (z / 2)^2, given their distance."""
    product = 0.25 * z * z
    mean = 0.5 * z * bessel_i_ratio(k, z)
    s = math.hypot(k, z)
    if s < _SMOOTH_FROM:
        return mean, max(product - mean * mean - k * mean, 0.0)
    share = product / s / s
    return mean, s * share - share * (1.0 - 4.0 * share)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of the log rates, by Louis' formula."""
    rate1, rate2 = theta[0], theta[1]
    z = 2.0 * math.sqrt(rate1) * math.sqrt(rate2)
    total, s0, s1, h00, h10, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        x = X[0, i]
        mean, var = smaller_count(abs(x), z)
        total += r[i]
        s0 += r[i] * (mean + max(x, 0.0) - rate1)
        s1 += r[i] * (mean + max(-x, 0.0) - rate2)
        h00 += r[i] * (var - rate1)
        h10 += r[i] * var
        h11 += r[i] * (var - rate2)
    for j, value in enumerate((total, s0, s1, h00, h10, h11)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take one Newton step."""
    newton_update(stats, theta, bounds, np.zeros(2))


class Skellam(Distribution):
    r"""Skellam distribution: mass :math:`e^{-\lambda-\mu} (\lambda/\mu)^{x/2} I_{|x|}(2\sqrt{\lambda\mu})`, x whole.

    The difference of two independent Poisson counts; I is the modified Bessel function of the first kind.

    Parameters
    ----------
    rate1 : float, optional
        Rate :math:`\lambda` > 0 of the count that adds.
    rate2 : float, optional
        Rate :math:`\mu` > 0 of the count that is taken away.

    Notes
    -----
    The mean is rate1 - rate2, the variance rate1 + rate2. `fit` is the maximum-likelihood estimate, by safeguarded
    Newton steps in the log rates; score and curvature are moments of the two counts given their difference (Louis
    1982). Where the data vary no more than counts of one kind, or are constant, the likelihood rises towards a rate of
    0, a Poisson distribution, and `fit` stops at 10^-10. Skellam (1946); Johnson, Kemp & Kotz, Univariate Discrete
    Distributions (2005), section 4.12.3.

    Examples
    --------
    >>> Skellam(3.0, 1.0).mean
    2.0
    """

    rate1: float = parameter(POSITIVE, limits=(SMALLEST_RATE, math.inf))
    rate2: float = parameter(POSITIVE, limits=(SMALLEST_RATE, math.inf))

    support = WHOLE
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 6

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent whole numbers (as floats), shape (size,)."""
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        return poisson_draws(self.rate1, size, rng) - poisson_draws(self.rate2, size, rng)

    @property
    def mean(self) -> float:
        """Expectation, rate1 - rate2."""
        self.require_known("give a mean")
        return self.rate1 - self.rate2

    @property
    def var(self) -> float:
        """Variance, rate1 + rate2."""
        self.require_known("give a variance")
        return self.rate1 + self.rate2

    def _ends(self) -> tuple[float, float]:
        """Return whole numbers between which all but 10^-300 of the mass lies."""
        width, middle = math.ceil(10.0 * math.sqrt(self.var) + 10.0), float(math.floor(self.mean))
        below = above = 1.0
        while self.log_pdf(middle - below * width) > -700.0:
            below += 1.0
        while self.log_pdf(middle + above * width) > -700.0:
            above += 1.0
        return middle - below * width, middle + above * width

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x): a sum of masses; for standard deviations above 3000 by a noncentral chi-squared law.

        The second way is as good but for a lower tail at positive x, which is then known within 1e-16, not to as many
        digits. Johnson, Biometrika 46 (1959), 352-363.
        """
        self.require_known("give a probability")
        if math.sqrt(self.var) <= _SUMMED_UP_TO:
            return mass_table(self.log_pdf, *self._ends()).cdf(x)
        return self._cdf_by_chi_squared(x)

    def _cdf_by_chi_squared(self, x: npt.ArrayLike) -> Array:
        x = np.asarray(x, dtype=float)
        k = np.floor(np.clip(np.nan_to_num(x, nan=0.0), -1e300, 1e300))
        below = chndtr(2.0 * self.rate2, np.maximum(-2.0 * k, 1.0), 2.0 * self.rate1)
        beyond = chndtr(2.0 * self.rate1, np.maximum(2.0 * (k + 1.0), 1.0), 2.0 * self.rate2)
        inside = np.clip(np.where(k < 0.0, below, 1.0 - beyond), 0.0, 1.0)
        return np.where(np.isnan(x), x, np.where(x == -np.inf, 0.0, np.where(x == np.inf, 1.0, inside)))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest whole number x with cdf(x) >= q."""
        self.require_known("give a quantile")
        cdf = self._cdf_by_chi_squared
        if math.sqrt(self.var) <= _SUMMED_UP_TO:
            cdf = mass_table(self.log_pdf, *self._ends()).cdf
        return count_quantiles(cdf, q, normal_quantiles(self.mean, math.sqrt(self.var)), low=-np.inf)

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown rates match mean and variance of the data."""
        mean = average(rows[:, 0], weight)
        var = average((rows[:, 0] - mean) ** 2, weight)
        least = 0.05 * max(abs(mean), var, 0.1)
        rate1, rate2 = self.rate1, self.rate2
        if rate1 is None:
            rate1 = max((var + mean) / 2.0 if rate2 is None else mean + rate2, least)
        if rate2 is None:
            rate2 = max(rate1 - mean, least)
        return self.with_values(rate1=rate1, rate2=rate2)
