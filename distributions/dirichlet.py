"""The Dirichlet distribution: proportions, rows of positive numbers of sum one."""

from __future__ import annotations

import math

import numpy as np

from .base import Distribution, Rng, parameter
from .data import Array, centre_and_scale
from .domains import POSITIVE_VECTOR, SIMPLEX, SUM_SLACK
from .errors import InvalidParameterError
from .gamma_functions import deviance, log_gamma, log_minus_digamma, stirling_error, trigamma_minus_reciprocal
from .kernels import Kernels, compiled, kernel
from .normal import LOG_SQRT_2PI
from .special import log
from .vector import VectorFamily

LARGE = 100.0  # sum of the concentrations from which the terms of the plain formula cancel
CAP = 1e12  # concentration beyond which rows of doubles differ from each other by rounding only
ITERATIONS = 500
LARGEST_CUT = 0.9  # part of a concentration that one step may take away
NEARLY = 1e-14  # squared length of a Newton step, in standard deviations of one row, after which nothing is left


@kernel
def log_pdf(X, theta, out):
    """Add log gamma(s) - sum_j log gamma(a_j) + sum_j (a_j - 1) log x_j, where s = sum_j a_j.

    For large s by Stirling's formula and deviances, in which nothing cancels.
    """
    s, total = theta.sum(), np.zeros(out.size)
    constant = log_gamma(s) if s < LARGE else stirling_error(s) - 0.5 * math.log(s) + LOG_SQRT_2PI
    for j in range(theta.size):
        a, x = theta[j], X[j]
        if s < LARGE:
            constant -= log_gamma(a)
            for i in range(out.size):
                out[i] += (a - 1.0) * log(x[i] if 0.0 < x[i] < math.inf else 1.0)
        else:
            constant -= stirling_error(a) - 0.5 * math.log(a) + LOG_SQRT_2PI
            for i in range(out.size):
                y = x[i] if 0.0 < x[i] < math.inf else 1.0
                out[i] -= deviance(a, s * y) + log(y)
        for i in range(out.size):
            total[i] += -math.inf if x[i] <= 0.0 else x[i]
    slope = 0.0 if s < LARGE else s  # the deviances of a row add up to more by s times what its sum is above one
    for i in range(out.size):
        outside = total[i] if math.isnan(total[i]) else -math.inf
        away = total[i] - 1.0
        out[i] += constant + slope * away if abs(away) <= SUM_SLACK else outside


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r and sum r log(x_j s / a_j): about the current means, so that nothing cancels."""
    s, total = theta.sum(), 0.0
    for i in range(r.size):
        total += r[i]
    stats[0] += total
    for j in range(theta.size):
        x, factor, logs = X[j], s / theta[j], 0.0
        for i in range(r.size):
            logs += r[i] * log(x[i] * factor if x[i] > 0.0 else 1.0)
        stats[1 + j] += logs


@kernel
def update(stats, theta, bounds):
    """Solve digamma(a_j) - digamma(s) = mean log x_j by Newton steps, in O(d) each (Minka 2000).

    The likelihood is concave in the concentrations: damped steps reach the maximum from anywhere.
    """
    if bounds[0, 0] == bounds[1, 0]:
        return
    d, a, s_before = theta.size, theta.copy(), theta.sum()
    score, inverse = np.empty(d), np.empty(d)
    for _ in range(ITERATIONS):
        s = a.sum()
        gap, pull = -_excess(s), 0.0
        for j in range(d):
            moved = log(a[j] * s_before / (s * theta[j]))
            score[j] = stats[1 + j] / stats[0] - moved + log_minus_digamma(a[j]) - log_minus_digamma(s)
            inverse[j] = a[j] / (1.0 + a[j] * trigamma_minus_reciprocal(a[j]))  # 1 / trigamma
            gap += _excess(a[j])  # gap becomes 1 / trigamma(s) - sum_j 1 / trigamma(a_j), which cancels otherwise
            pull += inverse[j] * score[j]
        length, longest = 0.0, 0.0
        for j in range(d):
            step = inverse[j] * (score[j] + pull / gap)
            length += step * score[j]
            longest = max(longest, -step / a[j])
            inverse[j] = step
        damping = 1.0 if length < 0.0625 else 1.0 / (1.0 + math.sqrt(length))
        damping = min(damping, LARGEST_CUT / longest) if longest > 0.0 else damping
        for j in range(d):
            a[j] += damping * inverse[j]
        if length <= NEARLY or not a.sum() < 10.0 * CAP * d:
            break
    share = 1.0  # of the way there, inside the box: on a concave likelihood no part of it leads down
    for j in range(d):
        if a[j] > bounds[1, j]:
            share = min(share, (bounds[1, j] - theta[j]) / (a[j] - theta[j]))
    for j in range(d):
        moved = a[j] if share == 1.0 else theta[j] + share * (a[j] - theta[j])
        theta[j] = min(max(moved, bounds[0, j]), bounds[1, j])


@compiled
def _excess(x):
    """Return x - 1 / trigamma(x), from 0 to 1/2."""
    tau = trigamma_minus_reciprocal(x)
    return x * x * tau / (1.0 + x * tau)


class Dirichlet(VectorFamily, Distribution):  # type: ignore[override]  # properties
    r"""Dirichlet distribution: density :math:`\Gamma(s) \prod_j x_j^{a_j - 1} / \Gamma(a_j)`, :math:`s = \sum_j a_j`.

    Rows are proportions, each > 0, of sum one; the density is with respect to the volume of the first d - 1.

    Parameters
    ----------
    concentration : array_like, shape (d,), optional
        Concentrations :math:`a_j` > 0, pure numbers, d >= 2; the mean is :math:`a / s`, and larger ones mean less
        spread.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by Newton steps that cost O(d) each (Minka, Estimating a Dirichlet
    distribution, 2000). It does not exist where all rows are equal. Rows may miss the sum one by 1e-6, as in single
    precision.

    Examples
    --------
    >>> Dirichlet([2.0, 3.0, 5.0]).mean
    array([0.2, 0.3, 0.5])
    """

    concentration: Array = parameter(POSITIVE_VECTOR, collapse=-2, limits=(0.0, CAP))

    support = SIMPLEX
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.concentration is not None and len(self.concentration) < 2:
            raise InvalidParameterError(
                f"Dirichlet: concentration must have at least 2 entries; got {self.concentration.tolist()}"
            )

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows of proportions, shape (size, d)."""
        self.require_known("be sampled")
        rng, a = np.random.default_rng(rng), self.concentration
        # A gamma variable of shape a is one of shape a + 1 times U^(1/a): in logarithms small ones do not underflow.
        logs = np.log(rng.standard_gamma(a + 1.0, (size, a.size))) - rng.standard_exponential((size, a.size)) / a
        rows = np.exp(logs - logs.max(axis=1, keepdims=True))
        rows /= rows.sum(axis=1, keepdims=True)
        return np.maximum(rows, np.finfo(float).tiny)  # what underflows in the end is still inside the support

    @property
    def mean(self) -> Array:
        """Expectation, a / s, shape (d,)."""
        self.require_known("give a mean")
        return self.concentration / self.concentration.sum()

    @property
    def var(self) -> Array:
        """Variances of the columns, mean (1 - mean) / (s + 1), shape (d,)."""
        mean, s = self.mean, self.concentration.sum()
        return mean * ((s - self.concentration) / s) / (s + 1.0)

    @property
    def cov(self) -> Array:
        """Covariance of the columns, shape (d, d)."""
        mean = self.mean
        return (np.diag(mean) - np.outer(mean, mean)) / (self.concentration.sum() + 1.0)

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Dirichlet:
        """Return a copy that has the means, and about the spread, of the data."""
        if self.concentration is not None:
            return self
        centre, spread = centre_and_scale(rows, weight)
        spread = np.maximum(spread, smallest)
        totals = np.clip(centre * (1.0 - centre) / spread**2 - 1.0, 1e-2, 1e8)
        total = np.exp(np.mean(np.log(totals)))
        return self.with_values(concentration=np.maximum(centre, 1e-6) * total)
