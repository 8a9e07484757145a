"""The half-Cauchy distribution: sizes with a very heavy tail, a usual prior of scales."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import NON_NEGATIVE, POSITIVE
from .kernels import Kernels, kernel
from .newton import newton_update
from .quantiles import weighted_quantiles
from .special import log1p, reciprocal

LOG_HALF_PI = math.log(math.pi / 2.0)
LARGE = 1e8  # beside the square of which 1 is lost


@kernel
def log_pdf(X, theta, out):
    """Add log(2 / pi) - log scale - log(1 + z^2), z = x / scale; -inf for x < 0."""
    inverse, constant = reciprocal(theta[0]), LOG_HALF_PI + math.log(theta[0])
    for i in range(out.size):
        x = X[0, i]
        z = x * inverse
        large = z > LARGE  # its square might overflow
        value = log1p(z - 1.0 if large else z * z) * (2.0 if large else 1.0)
        out[i] += -math.inf if x < 0.0 else -value - constant


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivative in moves of log scale."""
    inverse = reciprocal(theta[0])
    total, score, bend = 0.0, 0.0, 0.0
    for i in range(r.size):
        z = X[0, i] * inverse
        w = 1.0 / (1.0 + z * z)
        total += r[i]
        score += r[i] * (1.0 - 2.0 * w)
        bend -= r[i] * w * (1.0 - w)
    stats[0] += total
    stats[1] += score
    stats[2] += 4.0 * bend


@kernel
def update(stats, theta, bounds):
    """Take one Newton step."""
    newton_update(stats, theta, bounds, np.zeros(1))


class HalfCauchy(Distribution):
    r"""Half-Cauchy distribution: density :math:`2 / (\pi s (1 + (x / s)^2))` for x >= 0.

    Parameters
    ----------
    scale : float, optional
        Scale :math:`s` > 0, the median, in the unit of x.

    Notes
    -----
    Mean and variance are infinite. `fit` is the maximum-likelihood estimate, by safeguarded Newton steps in log scale,
    in which the likelihood is concave. Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994),
    ch. 16.

    Examples
    --------
    >>> round(float(HalfCauchy(2.0).cdf(2.0)), 12)
    0.5
    """

    scale: float = parameter(POSITIVE, power=1)

    support = NON_NEGATIVE
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 3

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy whose scale, if unknown, is the median of the data."""
        if self.scale is not None:
            return self.with_values()
        middle, high = weighted_quantiles(rows[:, 0], weight, (0.5, 1.0))
        return self.with_values(scale=max(middle or high, float(np.max(smallest))) or 1.0)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return np.abs(self.scale * np.random.default_rng(rng).standard_cauchy(size))

    @property
    def mean(self) -> float:
        """Expectation, infinite."""
        return math.inf

    @property
    def var(self) -> float:
        """Variance, infinite."""
        return math.inf

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return np.arctan(np.maximum(np.asarray(x, dtype=float), 0.0) / self.scale) * (2.0 / math.pi)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(q > 0.5, 1.0 / np.tan(0.5 * math.pi * (1.0 - q)), np.tan(0.5 * math.pi * q))
        return np.where((q >= 0.0) & (q <= 1.0), self.scale * z, np.nan)[()]
