"""The negative binomial distribution: counts more spread out than Poisson's."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from .base import Distribution, Rng, parameter
from .count_functions import count_quantiles, normal_quantiles, poisson_draws
from .data import Array, average
from .domains import COUNTS, POSITIVE, POSITIVE_PROBABILITY
from .errors import InvalidParameterError
from .gamma_functions import (
    deviance,
    digamma_difference,
    factorial_excess,
    stirling_error,
    trigamma_difference,
)
from .kernels import Kernels, kernel
from .newton import LONGEST
from .special import HALF_LOG_2_PI, log

SMALLEST_SIZE = 1e-10
NEAREST_POISSON = 1e9  # size over mean at which a fit stops on its way to the Poisson distribution


@kernel
def log_pdf(X, theta, out):
    """Add log C(size + x - 1, x) + size log(prob) + x log(1 - prob) in terms that do not cancel; -inf off 0, 1, ..."""
    size, prob = theta[0], theta[1]
    failure = 1.0 - prob
    # For x = 0 the mass is prob^size; else it is size / n times a binomial mass of size successes among n = size + x.
    none = size * math.log(prob)
    constant = stirling_error(size) + HALF_LOG_2_PI - 0.5 * math.log(size)
    for i in range(out.size):
        x = X[0, i]
        n = size + x
        value = factorial_excess(n) - log(n) - factorial_excess(x) - constant
        value = value - deviance(size, n * prob) - deviance(x, n * failure)
        value = none if x == 0.0 else value
        out[i] += value if (x >= 0.0 and x < math.inf and x == np.floor(x)) or x != x else -math.inf


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r x, sum r (x - mean)^2, and the first and second derivative in size of sum r log (size)_x."""
    size = theta[0]
    mean = size * ((1.0 - theta[1]) / theta[1])
    total, first, second, slope, bend = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        x = max(X[0, i], 0.0)
        total += r[i]
        first += r[i] * x
        second += r[i] * (x - mean) ** 2
        slope += r[i] * digamma_difference(size, x)
        bend += r[i] * trigamma_difference(size, x)
    for j, value in enumerate((total, first, second, slope, bend)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take a Newton step in log size, along the best prob for each size; then set the prob to its maximum.

    The mean hardly moves, and so it must not where the step is halved: log mean = log size - log odds of prob.
    """
    total, slope, bend = stats[0], stats[3], stats[4]
    size, prob = theta[0], theta[1]
    mean = stats[1] / total
    lowest, highest = bounds[0, 0], bounds[1, 0]
    prob_is_free = bounds[0, 1] < bounds[1, 1]
    shift = mean - size * ((1.0 - prob) / prob)
    if prob_is_free:
        highest = max(min(highest, NEAREST_POISSON * mean), lowest)
        slope -= total * math.log1p(mean / size)
        bend += total * mean / (size * (size + mean))
    else:
        slope += total * math.log(prob)
    if bounds[0, 0] < bounds[1, 0] and (mean > 0.0 or not prob_is_free):
        if prob_is_free and stats[2] / total - shift * shift <= mean:
            size = highest  # the likelihood rises all the way to the Poisson distribution
        else:
            slope, bend = size * slope, size * (slope + size * bend)
            move = -slope / bend if bend < 0.0 else (math.copysign(LONGEST, slope) if slope != 0.0 else 0.0)
            size = size * math.exp(min(max(move, -LONGEST), LONGEST))
        theta[0] = min(max(size, lowest), highest)
    theta[1] = min(max(theta[0] / (theta[0] + mean), bounds[0, 1]), bounds[1, 1])


class NegativeBinomial(Distribution):
    r"""Negative binomial distribution: mass :math:`\frac{\Gamma(r + x)}{x!\,\Gamma(r)} p^r (1 - p)^x`, x = 0, 1, 2, ...

    With a whole size it counts the failures before the size-th success; with any size it is a Poisson distribution
    whose rate is gamma distributed, the usual law of counts that vary more than Poisson's. R, NumPy and SciPy
    (``nbinom``) count x and write prob in the same way.

    Parameters
    ----------
    size : float, optional
        Size :math:`r` > 0, not necessarily whole, a pure number.
    prob : float, optional
        Probability :math:`p` of success, 0 < p <= 1, a pure number; at 1 all mass lies on 0.

    Notes
    -----
    The mean m is r (1 - p) / p and the variance m + m^2 / r. `fit` is the maximum-likelihood estimate: for each size
    the best prob is r / (r + m), and Newton's iteration in the logarithm of the size maximises what is left. Its
    maximum is finite if the variance exceeds the mean [1]_; otherwise the likelihood rises towards the Poisson
    distribution, and `fit` stops at r = 10^9 m, where the two are the same in all but name. Of counts that are all zero
    only prob = 1 is an estimate, and the size stays where it was.

    The log mass is that of a binomial distribution, written as in Loader, "Fast and accurate computation of binomial
    probabilities" (2000). Johnson, Kemp & Kotz, Univariate Discrete Distributions (2005), ch. 5.

    References
    ----------
    .. [1] B. Levin & J. Reeds (1977), "Compound multinomial likelihood functions are unimodal: proof of a conjecture
       of I. J. Good", Annals of Statistics 5, 79-87.

    Examples
    --------
    >>> NegativeBinomial.from_mean_size(6.0, 2.0)
    NegativeBinomial(size=2.0, prob=0.25)
    """

    size: float = parameter(POSITIVE, limits=(SMALLEST_SIZE, math.inf))
    prob: float = parameter(POSITIVE_PROBABILITY)

    support = COUNTS
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    curved = True
    n_statistics = 5

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent counts (as floats), shape (size,)."""
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        return poisson_draws(rng.gamma(self.size, (1.0 - self.prob) / self.prob, size), size, rng)

    @property
    def mean(self) -> float:
        """Expectation, size (1 - prob) / prob."""
        self.require_known("give a mean")
        return self.size * (1.0 - self.prob) / self.prob

    @property
    def var(self) -> float:
        """Variance, size (1 - prob) / prob^2."""
        return self.mean / self.prob

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        inside = betainc(self.size, np.floor(np.clip(x, 0.0, 1e300)) + 1.0, self.prob)
        return np.where(x < 0.0, 0.0, np.where(x == np.inf, 1.0, inside))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest count x with cdf(x) >= q."""
        self.require_known("give a quantile")
        return count_quantiles(self.cdf, q, normal_quantiles(self.mean, math.sqrt(self.var)))

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters match mean and variance of the data."""
        mean = average(rows[:, 0], weight)
        var = average((rows[:, 0] - mean) ** 2, weight)
        size, prob = self.size, self.prob
        if size is None and prob is not None and prob < 1.0:
            size = max(mean, 1e-3) * prob / (1.0 - prob)
        elif size is None:
            size = min(max(mean * mean / max(var - mean, 1e-3 * max(mean, 1e-3)), 1e-3), 1e6) if mean > 0.0 else 1.0
        return self.with_values(size=size, prob=size / (size + mean) if prob is None else prob)

    @classmethod
    def from_mean_size(cls, mean: float, size: float) -> Self:
        """Return the distribution of this mean > 0 and size: the variance is mean + mean^2 / size.

        Raises
        ------
        InvalidParameterError
            If one of them is not a finite number > 0.
        """
        for name, value in (("mean", mean), ("size", size)):
            try:
                POSITIVE.check(value)
            except (TypeError, ValueError):
                raise InvalidParameterError(f"{cls.__name__}: {name} must be {POSITIVE.text}; got {value!r}") from None
        return cls(size, size / (size + mean))

    @classmethod
    def from_mean_dispersion(cls, mean: float, dispersion: float) -> Self:
        """Return the distribution of this mean > 0 and dispersion: the variance is mean + dispersion mean^2.

        Raises
        ------
        InvalidParameterError
            If one of them is not a finite number > 0.

        Examples
        --------
        >>> NegativeBinomial.from_mean_dispersion(6.0, 0.5)
        NegativeBinomial(size=2.0, prob=0.25)
        """
        try:
            POSITIVE.check(dispersion)
        except (TypeError, ValueError):
            raise InvalidParameterError(
                f"{cls.__name__}: dispersion must be {POSITIVE.text}; got {dispersion!r}. Use Poisson for dispersion 0."
            ) from None
        return cls.from_mean_size(mean, 1.0 / dispersion)
