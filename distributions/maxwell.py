"""The Maxwell distribution: the length of a vector of three independent normal errors, the speed of a gas molecule."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaincinv

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE
from .half_normal import LOG_SQRT_HALF_PI, accumulate  # the same statistics
from .kernels import Kernels, kernel
from .numeric import positive_doubles
from .special import log, reciprocal


@kernel
def log_pdf(X, theta, out):
    """Add 2 log z - z^2 / 2 - log(scale sqrt(pi / 2)), z = x / scale; -inf for x <= 0."""
    inverse, constant = reciprocal(theta[0]), math.log(theta[0]) + LOG_SQRT_HALF_PI
    for i in range(out.size):
        z = X[0, i] * inverse
        out[i] += -math.inf if X[0, i] <= 0.0 else 2.0 * log(z) - (0.5 * z * z + constant)


@kernel
def update(stats, theta, bounds):
    """Set the scale to the root of a third of the mean square."""
    theta[0] = min(max(theta[0] * math.sqrt(stats[1] / stats[0] / 3.0), bounds[0, 0]), bounds[1, 0])


class Maxwell(Distribution):
    r"""Maxwell (Maxwell-Boltzmann) distribution: density :math:`\sqrt{2/\pi}\, x^2 e^{-x^2/(2 s^2)} / s^3` for x > 0.

    Parameters
    ----------
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x: the standard deviation of each of the three errors.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, the root of a third of the weighted mean square. Johnson, Kotz &
    Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 18.

    Examples
    --------
    >>> Maxwell().fit([1.0, 5.0])
    Maxwell(scale=2.0816659994661326)
    """

    scale: float = parameter(POSITIVE, power=1)

    support = POSITIVE
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 2

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return positive_doubles(self.scale * np.sqrt(np.random.default_rng(rng).chisquare(3.0, size)))

    @property
    def mean(self) -> float:
        """Expectation, scale sqrt(8 / pi)."""
        self.require_known("give a mean")
        return self.scale * math.sqrt(8.0 / math.pi)

    @property
    def var(self) -> float:
        """Variance, scale^2 (3 - 8 / pi)."""
        self.require_known("give a variance")
        return self.scale * self.scale * (3.0 - 8.0 / math.pi)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        z = np.maximum(np.asarray(x, dtype=float), 0.0) / self.scale
        with np.errstate(over="ignore"):
            return gammainc(1.5, 0.5 * z * z)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        return self.scale * np.sqrt(2.0 * gammaincinv(1.5, q))
