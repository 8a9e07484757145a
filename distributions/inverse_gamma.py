"""The inverse-gamma distribution: one over a gamma variable, with a heavy upper tail."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincc, gammainccinv

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE
from .gamma import update  # of 1 / x: the same statistics
from .gamma_functions import deviance, stirling_error
from .kernels import Kernels, kernel
from .numeric import positive_doubles
from .special import HALF_LOG_2_PI, log

HUGE, SMALL_UNIT = 1e290, 2.0**-100  # beyond the one, x is counted in one over the other: x log x would overflow


@kernel
def log_pdf(X, theta, out):
    """Add -shape D(u) - log x + constant, u = scale / (shape x), D(u) = u - 1 - log u >= 0; -inf for x <= 0.

    So nothing cancels, however large the shape.
    """
    shape, centre = theta[0], theta[1] / theta[0]
    constant = 0.5 * math.log(theta[0]) - stirling_error(theta[0]) - HALF_LOG_2_PI
    for i in range(out.size):
        x = X[0, i]
        unit = SMALL_UNIT if x > HUGE else 1.0
        value = constant - shape * (deviance(unit * x, unit * centre) / (unit * x)) - log(x)
        out[i] += -math.inf if x <= 0.0 else value


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r (u - 1) and sum r (u - 1 - log u), where u = scale / (shape x) at the current parameters."""
    centre = theta[1] / theta[0]
    total, first, second = 0.0, 0.0, 0.0
    for i in range(r.size):
        x = X[0, i] if X[0, i] > 0.0 else centre  # outside the support r is 0, and 0 times infinity NaN
        unit = SMALL_UNIT if x > HUGE else 1.0
        x = unit * x
        share = r[i] / x
        total += r[i]
        first += share * (unit * centre - x)
        second += share * deviance(x, unit * centre)
    stats[0] += total
    stats[1] += first
    stats[2] += second


class InverseGamma(Distribution):
    r"""Inverse-gamma distribution: density :math:`b^a x^{-a-1} e^{-b/x} / \Gamma(a)` for x > 0.

    Parameters
    ----------
    shape : float, optional
        Shape :math:`a` > 0, a pure number; moments of order shape and above are infinite.
    scale : float, optional
        Scale :math:`b` > 0, in the unit of x; the mode is scale / (shape + 1).

    Notes
    -----
    1 / x has the gamma distribution of this shape and of rate ``scale``, so `fit`, the maximum-likelihood estimate, is
    that of `Gamma` on 1 / x. Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 17.

    Examples
    --------
    >>> InverseGamma(3.0, 4.0).mean
    2.0
    """

    shape: float = parameter(POSITIVE, collapse=-2)
    scale: float = parameter(POSITIVE, power=1, collapse=-2)

    support = POSITIVE
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 3

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        with np.errstate(divide="ignore", over="ignore"):
            return positive_doubles(self.scale / np.random.default_rng(rng).standard_gamma(self.shape, size))

    @property
    def mean(self) -> float:
        """Expectation, scale / (shape - 1); infinite for shape <= 1."""
        self.require_known("give a mean")
        return self.scale / (self.shape - 1.0) if self.shape > 1.0 else math.inf

    @property
    def var(self) -> float:
        """Variance, mean^2 / (shape - 2); infinite for shape <= 2."""
        self.require_known("give a variance")
        return self.mean * self.mean / (self.shape - 2.0) if self.shape > 2.0 else math.inf

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        with np.errstate(divide="ignore", over="ignore"):
            return gammaincc(self.shape, self.scale / np.maximum(np.asarray(x, dtype=float), 0.0))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        with np.errstate(divide="ignore", over="ignore"):
            return self.scale / gammainccinv(self.shape, q)
