"""The multivariate Bernoulli distribution: columns that are 0 or 1, independent of each other."""

from __future__ import annotations

import math

import numpy as np

from .base import Distribution, Rng, parameter
from .bernoulli import Bernoulli
from .conditioning import Places, others
from .data import Array
from .domains import PROBABILITIES, Domain
from .kernels import Kernels, kernel
from .multinomial import accumulate  # the same statistics: sum r and sum r x_j
from .vector import VectorFamily


@kernel
def log_pdf(X, theta, out):
    """Add sum_j x_j log prob_j + (1 - x_j) log(1 - prob_j); -inf unless each x_j is 0 or 1."""
    for j in range(X.shape[0]):
        prob, x = theta[j], X[j]
        one = math.log(prob) if prob > 0.0 else -math.inf
        zero = math.log1p(-prob) if prob < 1.0 else -math.inf
        for i in range(out.size):
            neither = x[i] if math.isnan(x[i]) else -math.inf
            out[i] += one if x[i] == 1.0 else (zero if x[i] == 0.0 else neither)


@kernel
def update(stats, theta, bounds):
    """Set each probability to the weighted share of ones."""
    if bounds[0, 0] == bounds[1, 0]:
        return
    for j in range(theta.size):
        theta[j] = min(stats[1 + j] / stats[0], 1.0)


class MultivariateBernoulli(VectorFamily, Distribution):  # type: ignore[override]  # properties
    r"""Independent columns of 0 and 1: mass :math:`\prod_j p_j^{x_j} (1 - p_j)^{1 - x_j}`.

    Parameters
    ----------
    prob : array_like, shape (d,), optional
        Probabilities :math:`p_j` from 0 to 1 that column j is 1.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, the weighted shares of ones. A mixture of these is latent class analysis:
    Lazarsfeld & Henry, Latent Structure Analysis (1968); McLachlan & Peel, Finite Mixture Models (2000), ch. 5.

    Examples
    --------
    >>> MultivariateBernoulli().fit([[1, 0], [1, 1], [0, 0], [1, 0]])
    MultivariateBernoulli(prob=[0.75, 0.25])
    """

    prob: Array = parameter(PROBABILITIES)

    support = Domain("0 or 1", low=0.0, high=1.0, discrete=True)
    kernels = Kernels(log_pdf, accumulate, update)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows, shape (size, d)."""
        self.require_known("be sampled")
        return (np.random.default_rng(rng).random((size, len(self.prob))) < self.prob).astype(float)

    @property
    def mean(self) -> Array:
        """Expectation, prob, shape (d,)."""
        self.require_known("give a mean")
        return self.prob

    @property
    def var(self) -> Array:
        """Variances of the columns, prob (1 - prob), shape (d,)."""
        self.require_known("give a variance")
        return self.prob * (1.0 - self.prob)

    @property
    def cov(self) -> Array:
        """Covariance of the columns, which are independent, shape (d, d)."""
        return np.diag(self.var)

    def marginal_at(self, places: Places) -> Distribution:
        """Return the distribution of some columns."""
        return Bernoulli(self.prob[places[0]]) if len(places) == 1 else MultivariateBernoulli(self.prob[places])

    def conditional_at(self, places: Places, values: Array) -> Distribution:
        """Return the distribution of the other columns, which do not depend on these."""
        return self.marginal_at(others(places, len(self.prob)))

    def expected_rows(self) -> tuple[Array, Array]:
        """Return d + 1 rows with its mean: the mass depends on the ones linearly."""
        self.require_known("stand for rows")
        ends = np.concatenate([[0.0], np.sort(self.prob), [1.0]])
        return (self.prob > (ends[:-1, np.newaxis] + ends[1:, np.newaxis]) / 2.0).astype(float), np.diff(ends)

    def units(self, scale: Array) -> Array:
        """Return ones: steps of probabilities are measured as they are."""
        return np.ones(len(self.prob))
