"""The Gumbel distributions: the largest, or the smallest, of many values with light tails."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, checked, parameter
from .data import Array, centre_and_scale
from .domains import POSITIVE, REAL
from .kernels import Kernels, compiled, kernel, scalar
from .newton import newton_move
from .special import exp, reciprocal

EULER = float(np.euler_gamma)
STD = math.pi / math.sqrt(6.0)  # standard deviation at scale 1
NEAR = 0.5  # scales from the best location
HIGHEST_Z = 600.0  # such a row has density zero; its exponential is still a number


@scalar
def bounded_exp(z):
    """Return exp(z), held where its square is still finite so that weight zero times it is zero."""
    return exp(min(z, HIGHEST_Z))


@compiled
def add_log_pdf(X, loc, inverse, constant, out):
    """Add z - e^z - constant, z = (x - loc) inverse."""
    for i in range(out.size):
        z = (X[0, i] - loc) * inverse
        out[i] += z - exp(z) - constant


@compiled
def add_sums(X, r, loc, inverse, stats):
    """Add sum r, sum r z, and sum r z^k e^z for k = 0, 1, 2; z = (x - loc) inverse."""
    total, first, e0, e1, e2 = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        z = (X[0, i] - loc) * inverse
        weighted = r[i] * bounded_exp(z)
        total += r[i]
        first += r[i] * z
        e0 += weighted
        e1 += weighted * z
        e2 += weighted * z * z
    for j, value in enumerate((total, first, e0, e1, e2)):
        stats[j] += value


@compiled
def smallest_extreme_move(stats, lowest, highest):
    """Return the moves, shape (2,), of the location, by the scale, and of log scale, for sums of z - e^z.

    Where the location is free it goes to its maximum first, for which there is a closed form; near it the Newton step
    starts there.
    """
    total, first, e0, e1, e2 = stats[0], stats[1], stats[2], stats[3], stats[4]
    shift = 0.0
    if lowest[0] < highest[0]:
        if not e0 > 0.0:  # all rows lie far below the location
            return np.array([first / total, 0.0])
        shift = math.log(e0 / total)
        if abs(shift) > NEAR:
            return np.array([shift, 0.0])
        e2 = (e2 - 2.0 * shift * e1 + shift * shift * e0) * (total / e0)
        e1 = (e1 - shift * e0) * (total / e0)
        e0, first = total, first - shift * total
    score = np.array([e0 - total, e1 - first - total])
    hessian = np.array([-e0, total - e0 - e1, first - e1 - e2])
    move = newton_move(score, hessian, lowest, highest)
    move[0] += shift
    return move


@compiled
def move_within(stats, theta, bounds, direction):
    """Move theta = (loc, scale), in place; direction 1 for smallest, -1 for largest values."""
    lowest, highest = np.array([-math.inf, np.log(bounds[0, 1] / theta[1])]), np.full(2, math.inf)
    for j in range(2):
        if bounds[0, j] == bounds[1, j]:
            lowest[j] = highest[j] = 0.0
    move = smallest_extreme_move(stats, lowest, highest)
    if bounds[0, 0] < bounds[1, 0]:
        theta[0] += direction * theta[1] * move[0]
    if bounds[0, 1] < bounds[1, 1]:
        theta[1] = min(max(theta[1] * math.exp(move[1]), bounds[0, 1]), bounds[1, 1])


# ------------------------------------------------------------------------------------------- largest values


@kernel
def log_pdf(X, theta, out):
    """Add -z - e^-z - log scale, z = (x - loc) / scale."""
    add_log_pdf(X, theta[0], -reciprocal(theta[1]), math.log(theta[1]), out)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, -sum r z, and sum r (-z)^k e^-z for k = 0, 1, 2."""
    add_sums(X, r, theta[0], -reciprocal(theta[1]), stats)


@kernel
def update(stats, theta, bounds):
    """Take one Newton step, from the best location for the scale."""
    move_within(stats, theta, bounds, -1.0)


class Gumbel(Distribution):
    r"""Gumbel distribution of largest values: density :math:`e^{-z - e^{-z}} / s`, :math:`z = (x - m) / s`.

    Parameters
    ----------
    loc : float, optional
        Location :math:`m`, the mode, finite, in the unit of x.
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x; the standard deviation is :math:`\pi s / \sqrt 6`.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by safeguarded Newton steps in log scale from the best location, which
    has a closed form. Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 2 (1995), ch. 22.

    Examples
    --------
    >>> Gumbel(10.0, 2.0).mean
    11.154431329803066
    """

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    support = REAL
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 5

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters are those of the data's mean and standard deviation."""
        return self.with_values(**_moment_guess(self.loc, self.scale, rows, weight, smallest, 1.0))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return np.random.default_rng(rng).gumbel(self.loc, self.scale, size)

    @property
    def mean(self) -> float:
        """Expectation, loc + 0.5772 scale (Euler's constant)."""
        self.require_known("give a mean")
        return self.loc + EULER * self.scale

    @property
    def var(self) -> float:
        """Variance, (pi scale)^2 / 6."""
        self.require_known("give a variance", ("scale",))
        return STD**2 * self.scale * self.scale  # infinite where it is too large, and no error

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        with np.errstate(over="ignore"):
            return np.exp(-np.exp((self.loc - np.asarray(x, dtype=float)) / self.scale))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.loc - self.scale * np.log(-np.log(np.asarray(q, dtype=float)))

    @classmethod
    def from_mean_std(cls, mean: float, std: float) -> Self:
        """Return the distribution with this mean (finite) and standard deviation (> 0).

        Examples
        --------
        >>> float(Gumbel.from_mean_std(5.0, 2.0).std)
        2.0
        """
        return cls(*_from_mean_std(cls, mean, std, 1.0))


# ------------------------------------------------------------------------------------------ smallest values


@kernel
def log_pdf_min(X, theta, out):
    """Add z - e^z - log scale, z = (x - loc) / scale."""
    add_log_pdf(X, theta[0], reciprocal(theta[1]), math.log(theta[1]), out)


@kernel
def accumulate_min(X, r, theta, stats):
    """Add sum r, sum r z, and sum r z^k e^z for k = 0, 1, 2."""
    add_sums(X, r, theta[0], reciprocal(theta[1]), stats)


@kernel
def update_min(stats, theta, bounds):
    """Take one Newton step, from the best location for the scale."""
    move_within(stats, theta, bounds, 1.0)


class GumbelMin(Distribution):
    r"""Gumbel distribution of smallest values: density :math:`e^{z - e^z} / s`, :math:`z = (x - m) / s`.

    If X has it, -X has the `Gumbel` distribution with location -m; the logarithm of a `Weibull` variable has it.

    Parameters
    ----------
    loc : float, optional
        Location :math:`m`, the mode, finite, in the unit of x.
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x; the standard deviation is :math:`\pi s / \sqrt 6`.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, see `Gumbel`.

    Examples
    --------
    >>> GumbelMin(10.0, 2.0).mean
    8.845568670196934
    """

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    support = REAL
    kernels = Kernels(log_pdf_min, accumulate_min, update_min)
    stepwise = True
    n_statistics = 5

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters are those of the data's mean and standard deviation."""
        return self.with_values(**_moment_guess(self.loc, self.scale, rows, weight, smallest, -1.0))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return -np.random.default_rng(rng).gumbel(-self.loc, self.scale, size)

    @property
    def mean(self) -> float:
        """Expectation, loc - 0.5772 scale (Euler's constant)."""
        self.require_known("give a mean")
        return self.loc - EULER * self.scale

    @property
    def var(self) -> float:
        """Variance, (pi scale)^2 / 6."""
        self.require_known("give a variance", ("scale",))
        return STD**2 * self.scale * self.scale  # infinite where it is too large, and no error

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        with np.errstate(over="ignore"):
            return -np.expm1(-np.exp((np.asarray(x, dtype=float) - self.loc) / self.scale))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.loc + self.scale * np.log(-np.log1p(-np.asarray(q, dtype=float)))

    @classmethod
    def from_mean_std(cls, mean: float, std: float) -> Self:
        """Return the distribution with this mean (finite) and standard deviation (> 0).

        Examples
        --------
        >>> float(GumbelMin.from_mean_std(5.0, 2.0).std)
        2.0
        """
        return cls(*_from_mean_std(cls, mean, std, -1.0))


def _moment_guess(
    loc: float | None,
    scale: float | None,
    rows: Array,
    weight: Array | None,
    smallest: float | Array,
    skew: float,
) -> dict[str, float]:
    """Return loc and scale as given, or by moments; skew is the sign of mean - loc."""
    centre, spread = centre_and_scale(rows, weight)
    if scale is None:
        scale = max(spread[0], float(np.max(smallest))) / STD
        if loc is not None:  # a location far from the data needs a wide start
            scale = max(scale, abs(centre[0] - loc))
    return {"loc": centre[0] - skew * EULER * scale if loc is None else loc, "scale": scale}


def _from_mean_std(owner: type, mean: float, std: float, skew: float) -> tuple[float, float]:
    mean, std = checked(owner, "mean", REAL, mean), checked(owner, "std", POSITIVE, std)
    scale = std / STD
    return mean - skew * EULER * scale, scale
