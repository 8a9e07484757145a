"""The chi-square distribution: the sum of squares of standard normal variables."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaincinv

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE
from .gamma import inverse_digamma
from .gamma_functions import deviance, stirling_error
from .kernels import Kernels, kernel
from .numeric import positive_doubles
from .special import HALF_LOG_2_PI, log, reciprocal


@kernel
def log_pdf(X, theta, out):
    """Add the log density of a gamma of shape df / 2 and mean df, see `gamma.log_pdf`; -inf for x <= 0."""
    df, shape = theta[0], 0.5 * theta[0]
    constant = 0.5 * math.log(shape) - stirling_error(shape) - HALF_LOG_2_PI
    for i in range(out.size):
        x = X[0, i]
        out[i] += -math.inf if x <= 0.0 else constant - 0.5 * deviance(df, x) - log(x)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r and sum r log(x / df)."""
    inverse, total, first = reciprocal(theta[0]), 0.0, 0.0
    for i in range(r.size):
        total += r[i]
        first += r[i] * log(X[0, i] * inverse if X[0, i] > 0.0 else 1.0)  # outside the support r is 0
    stats[0] += total
    stats[1] += first


@kernel
def update(stats, theta, bounds):
    """Set df to the root of digamma(df / 2) = mean of log(x / 2)."""
    df = 2.0 * inverse_digamma(math.log(0.5 * theta[0]) + stats[1] / stats[0])
    theta[0] = min(max(df, bounds[0, 0]), bounds[1, 0])


class ChiSquare(Distribution):
    r"""Chi-square distribution: density :math:`x^{k/2-1} e^{-x/2} / (2^{k/2} \Gamma(k/2))` for x > 0.

    Parameters
    ----------
    df : float, optional
        Degrees of freedom :math:`k` > 0, the mean; not necessarily whole.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, the root of digamma(df / 2) = mean of log(x / 2). There is no scale: for
    data in any unit use `Gamma`. Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 18.

    Examples
    --------
    >>> ChiSquare(3.0).var
    6.0
    """

    df: float = parameter(POSITIVE)

    support = POSITIVE
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return positive_doubles(np.random.default_rng(rng).chisquare(self.df, size))

    @property
    def mean(self) -> float:
        """Expectation, df."""
        self.require_known("give a mean")
        return self.df

    @property
    def var(self) -> float:
        """Variance, 2 df."""
        self.require_known("give a variance")
        return 2.0 * self.df

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return gammainc(0.5 * self.df, 0.5 * np.maximum(np.asarray(x, dtype=float), 0.0))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        return 2.0 * gammaincinv(0.5 * self.df, q)
