"""The Dirichlet-multinomial distribution: counts of categories whose probabilities differ from row to row."""

from __future__ import annotations

import math
from dataclasses import field
from typing import Self

import numpy as np

from .base import Distribution, Rng, parameter
from .data import Array
from .dirichlet import Dirichlet
from .domains import POSITIVE_VECTOR
from .errors import InvalidParameterError
from .gamma_functions import digamma_difference, log_beta, trigamma_difference
from .kernels import Kernels, compiled, kernel
from .multinomial import is_total, totals
from .special import log
from .vector import TrialsFamily

# The search: a category that never occurs has no concentration; without end they are a multinomial.
LOWEST, HIGHEST = 1e-10, 1e10
FLAT = 1e-13  # share of the pull on s that is rounding
LONGEST = 1.5  # move of the logarithm of a concentration in one step
DAMPINGS = 40


@kernel
def log_pdf(X, theta, out):
    """Add log(n B(s, n)) - sum_j log(x_j B(a_j, x_j)) over x_j > 0, in beta functions, so that little cancels."""
    total, s = totals(X), theta[1:].sum()
    for i in range(out.size):
        n = total[i]
        if is_total(n, theta[0]):
            out[i] += log(n) + log_beta(s, n) if n > 0.0 else 0.0
        else:
            out[i] += n if math.isnan(n) else -math.inf
    for j in range(X.shape[0]):
        a = theta[1 + j]
        for i in range(out.size):
            x = X[j, i] if total[i] >= 0.0 else 0.0
            if x > 0.0:
                out[i] -= log(x) + log_beta(a, x)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, and the differences of digamma and of trigamma for each a_j, then for s."""
    d = X.shape[0]
    total, weight = np.zeros(r.size), 0.0
    for i in range(r.size):
        weight += r[i]
    stats[0] += weight
    for j in range(d + 1):
        a = theta[1 + j] if j < d else theta[1:].sum()
        x = X[j] if j < d else total
        first, second = 0.0, 0.0
        for i in range(r.size):
            if x[i] > 0.0:
                first += r[i] * digamma_difference(a, x[i])
                second += r[i] * trigamma_difference(a, x[i])
        if j < d:
            for i in range(r.size):
                total[i] += x[i]
        stats[1 + j] += first
        stats[2 + d + j] += second


@kernel
def update(stats, theta, bounds):
    """Take one Newton step in the logarithms of the concentrations, in O(d): the matrix is diagonal plus rank one."""
    d = theta.size - 1
    if bounds[0, 1] == bounds[1, 1] or not stats[1 + d] > 0.0:  # frozen, or no row has a count
        return
    a, pull, rank_one = theta[1:], stats[1 + d], -stats[2 + 2 * d]
    if pull - rank_one * a.sum() <= FLAT * pull:  # single trials tell proportions only: the fixed point is all
        for j in range(d):
            theta[1 + j] = min(max(a[j] * stats[1 + j] / pull, bounds[0, 1 + j]), bounds[1, 1 + j])
        return
    score, diagonal, lowest, highest = np.empty(d), np.empty(d), np.empty(d), np.empty(d)
    move, held = np.zeros(d), np.zeros(d, dtype=np.bool_)
    for j in range(d):
        score[j] = a[j] * (stats[1 + j] - pull)
        diagonal[j] = -score[j] - a[j] * a[j] * stats[2 + d + j]
        lowest[j], highest[j] = math.log(bounds[0, 1 + j] / a[j]), math.log(bounds[1, 1 + j] / a[j])
        if stats[1 + j] == 0.0:  # a category that never occurs
            move[j], held[j] = lowest[j], True
    # A concentration that leaves the box is held at its end, the others are solved for anew.
    for _ in range(d):
        solve_damped(score, diagonal, rank_one, a, pull, held, move)
        worst, at = 0.0, -1
        for j in range(d):
            beyond = max(lowest[j] - move[j], move[j] - highest[j])
            if not held[j] and beyond > worst:
                worst, at = beyond, j
        if at < 0:
            break
        move[at] = min(max(move[at], lowest[at]), highest[at])
        held[at] = True
    for j in range(d):
        theta[1 + j] = min(max(a[j] * math.exp(move[j]), bounds[0, 1 + j]), bounds[1, 1 + j])


@compiled
def solve_damped(score, diagonal, rank_one, a, pull, held, move):
    """Fill the moves that are not held: (diag - rank_one a a' + damping) u = score, the damping as small as will do.

    The damping is measured by a pull, the curvature of Minka's fixed-point iteration.
    """
    d = score.size
    right, damping, fixed = np.empty(d), 0.0, 0.0
    for j in range(d):
        fixed += a[j] * max(move[j], -1.0) if held[j] else 0.0  # what leaves for 0 takes all of itself along
    for j in range(d):
        right[j] = score[j] + rank_one * a[j] * fixed
    for _ in range(DAMPINGS):
        product, share, definite = 0.0, 0.0, True
        for j in range(d):
            if not held[j]:
                size = diagonal[j] + damping * a[j] * pull
                definite &= size > 0.0
                share += a[j] * (a[j] / size)
                product += a[j] * (right[j] / size)
        rest = 1.0 - rank_one * share
        longest = 0.0
        if definite and rest > 1e-14:
            for j in range(d):
                if not held[j]:
                    size = diagonal[j] + damping * a[j] * pull
                    move[j] = (right[j] + rank_one * a[j] * (product / rest)) / size
                    longest = max(longest, abs(move[j]))
            if longest <= LONGEST:
                return
        damping = max(4.0 * damping, 1e-12)  # so small at first that along a flat ridge a step is still long
    for j in range(d):
        if not held[j]:
            move[j] = 0.0


class DirichletMultinomial(TrialsFamily, Distribution):  # type: ignore[override]  # properties
    r"""Dirichlet-multinomial distribution: a multinomial whose probabilities are drawn from a Dirichlet distribution.

    Mass :math:`\frac{n!\,\Gamma(s)}{\Gamma(n + s)} \prod_j \frac{\Gamma(x_j + a_j)}{x_j!\,\Gamma(a_j)}`,
    :math:`s = \sum_j a_j`, for rows of counts of sum n.

    Parameters
    ----------
    concentration : array_like, shape (d,), optional
        Concentrations :math:`a_j` > 0 of the Dirichlet distribution, pure numbers, d >= 2.
    trials : int, optional
        Number of trials n >= 1. Rows of another sum are then outside the support. By default each row may have a sum of
        its own, even 0, and the mass is that given the sum; `sample`, `mean` and `var` then describe a single trial.

    Notes
    -----
    Also known as Polya distribution; with two columns the beta-binomial. `fit` is the maximum-likelihood estimate, by
    safeguarded Newton steps that cost O(d) each (Minka, Estimating a Dirichlet distribution, 2000). Rows that vary
    less than multinomial ones are fitted by concentrations up to 1e10, and a column of zeros by 1e-10. Rows of single
    trials only tell the proportions of the concentrations.

    Examples
    --------
    >>> DirichletMultinomial([2.0, 3.0, 5.0], trials=20).mean
    array([ 4.,  6., 10.])
    """

    concentration: Array = parameter(POSITIVE_VECTOR, limits=(LOWEST, HIGHEST))
    trials: int | None = field(default=None)

    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_trials()
        if self.concentration is not None and len(self.concentration) < 2:
            raise InvalidParameterError(
                f"DirichletMultinomial: concentration must have at least 2 entries; got {self.concentration.tolist()}"
            )

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows of counts (as floats), shape (size, d)."""
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        prob = Dirichlet(self.concentration).sample(size, rng)
        return rng.multinomial(self._trials, prob).astype(float)

    @property
    def mean(self) -> Array:
        """Expectation, trials a / s, shape (d,)."""
        self.require_known("give a mean")
        return self._trials * self.concentration / self.concentration.sum()

    @property
    def var(self) -> Array:
        """Variances of the columns, mean (1 - a / s) (trials + s) / (1 + s), shape (d,)."""
        mean, s = self.mean, self.concentration.sum()
        return mean * ((s - self.concentration) / s) * ((self._trials + s) / (1.0 + s))

    @property
    def cov(self) -> Array:
        """Covariance of the columns, shape (d, d)."""
        mean, s = self.mean / self._trials, self.concentration.sum()
        return (np.diag(mean) - np.outer(mean, mean)) * (self._trials * (self._trials + s) / (1.0 + s))

    def units(self, scale: Array) -> Array:
        """Return zeros: steps of concentrations are measured by themselves."""
        return np.zeros(1 + len(self.concentration))

    def statistics_size(self) -> int:
        """Return the length of the vector that `accumulate` fills."""
        return 3 + 2 * len(self.concentration)

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy that has the proportions of the data, and about their variation from row to row."""
        if self.concentration is not None:
            return self
        weight = np.ones(len(rows)) if weight is None else weight
        counts = weight @ rows
        mean = (counts + 1e-3 * counts.sum() / counts.size) if counts.any() else np.ones(counts.size)
        mean = mean / mean.sum()
        total = rows.sum(axis=1)
        # Pearson's statistic of a row has expectation n (d - 1) (n + s) / (1 + s).
        pearson = np.sum((rows - total[:, np.newaxis] * mean) ** 2 / mean, axis=1) / max(counts.size - 1, 1)
        pairs = weight @ (total * (total - 1.0))
        excess = float(weight @ (pearson - total)) / pairs if pairs > 0.0 else 0.5
        excess = np.clip(excess, 1e-3, 0.9)
        return self.with_values(concentration=mean * (1.0 / excess - 1.0))
