"""Student's t distribution: bell-shaped, with tails as heavy as the data ask for."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from .base import Distribution, Rng, checked, parameter
from .data import Array
from .domains import POSITIVE, REAL
from .errors import InvalidParameterError
from .gamma_functions import digamma_difference, log_gamma_ratio, trigamma_difference
from .kernels import Kernels, compiled, kernel, scalar
from .newton import newton_update
from .quantiles import weighted_quantiles
from .special import log, reciprocal

FAR = 1e150  # in scales; from here on a row's score is that of a row at infinity
STARTS = (0.5, 1.0, 3.0, 10.0, 100.0)  # degrees of freedom that a first guess chooses from
DF_LIMITS = (0.1, 1e6)


@scalar
def log1p_of_square(y):
    """Return log(1 + y^2) for any y: the square may overflow."""
    y = abs(y)
    far = y > 1e100
    square = y * y
    u = 1.0 + square
    result = log(y if far else u)
    return 2.0 * result if far else result + (square - (u - 1.0)) / u


@compiled
def log_constant(df, d):
    """Return log of gamma((df + d) / 2) / (gamma(df / 2) (df pi)^(d/2))."""
    return log_gamma_ratio(0.5 * df, 0.5 * d) - 0.5 * d * math.log(df * math.pi)


@scalar
def excess(v, logarithm):
    """Return -log(1 - v) - v for 0 <= v < 1, of which the logarithm is given: they cancel where v is small."""
    p = 1 / 13
    p = p * v + 1 / 12
    p = p * v + 1 / 11
    p = p * v + 1 / 10
    p = p * v + 1 / 9
    p = p * v + 1 / 8
    p = p * v + 1 / 7
    p = p * v + 1 / 6
    p = p * v + 1 / 5
    p = p * v + 1 / 4
    p = p * v + 1 / 3
    p = p * v + 1 / 2
    return p * v * v if v < 0.06 else logarithm - v


@compiled
def constant_slopes(df, d):
    """Return the first and the second derivative of `log_constant` in log df."""
    if d == 1.0 and df > 200.0:  # the asymptotic series: the differences below leave nothing but rounding
        w = 1.0 / df
        return (
            w * (0.25 - w * w * (0.125 - 0.25 * w * w)),
            -w * (0.25 - w * w * (0.375 - 1.25 * w * w)),
        )
    slope = 0.5 * (df * digamma_difference(0.5 * df, 0.5 * d) - d)
    return slope, 0.25 * df * df * trigamma_difference(0.5 * df, 0.5 * d) + 0.5 * d + slope


@kernel
def log_pdf(X, theta, out):
    """Add constant - (df + 1)/2 log(1 + z^2 / df) - log scale, z = (x - loc) / scale."""
    df, loc, scale = theta[0], theta[1], theta[2]
    inverse, half = reciprocal(scale * math.sqrt(df)), 0.5 * (df + 1.0)
    constant = log_constant(df, 1.0) - math.log(scale)
    for i in range(out.size):
        out[i] += constant - half * log1p_of_square((X[0, i] - loc) * inverse)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of log df, loc (by scale) and log scale."""
    df, loc, inverse = theta[0], theta[1], reciprocal(theta[2])
    more, half, root = df + 1.0, 0.5 * df, reciprocal(math.sqrt(df))
    slope, bend = constant_slopes(df, 1.0)
    total, s0, s1, s2 = 0.0, 0.0, 0.0, 0.0
    h00, h10, h11, h20, h21, h22 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        z = min(max((X[0, i] - loc) * inverse, -FAR), FAR)
        p = 1.0 / (df + z * z)
        zp, inner, outer = z * p, df * p, z * z * p  # inner + outer = 1
        rest = half * excess(outer, log1p_of_square(z * root))
        total += r[i]
        s0 += r[i] * (slope + 0.5 * outer - rest)
        s1 += r[i] * more * zp
        s2 += r[i] * (more * outer - 1.0)
        h00 += r[i] * (bend - 0.5 * inner * outer + half * outer * outer - rest)
        h10 += r[i] * df * zp * (outer - p)
        h11 -= r[i] * more * p * (inner - outer)
        h20 += r[i] * df * outer * (outer - p)
        h21 -= r[i] * 2.0 * more * zp * inner
        h22 -= r[i] * 2.0 * more * outer * inner
    for j, value in enumerate((total, s0, s1, s2, h00, h10, h11, h20, h21, h22)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take one Newton step."""
    newton_update(stats, theta, bounds, np.array([0.0, theta[2], 0.0]))


class StudentT(Distribution):
    r"""Student's t: density :math:`\frac{\Gamma((\nu+1)/2)}{\Gamma(\nu/2)\sqrt{\nu\pi}\,s} (1 + z^2/\nu)^{-(\nu+1)/2}`.

    Here :math:`z = (x - m) / s`, on the real line.

    Parameters
    ----------
    df : float, optional
        Degrees of freedom :math:`\nu` > 0: 1 is Cauchy's distribution; without end it becomes the normal.
    loc : float, optional
        Location :math:`m`, the median, finite, in the unit of x.
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by safeguarded Newton steps in log df, loc and log scale from the median
    and the quartiles. It looks for df between 0.1 and 1e6. Data with tails no heavier than the normal's end at 1e6,
    where t and normal cannot be told apart; that is their maximum, not an error. Near df = 0 the likelihood of any data
    is without bound (a spike at a row, with tails as wide as you like); the estimate is the maximum away from there.
    Lange, Little & Taylor (1989), "Robust statistical modeling using the t distribution".

    Examples
    --------
    >>> StudentT(3.0, loc=2.0, scale=1.0).cdf([2.0, 3.0]).round(4)
    array([0.5   , 0.8045])
    """

    df: float = parameter(POSITIVE, limits=DF_LIMITS)
    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    support = REAL
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 10

    @classmethod
    def from_mean_std(cls, df: float, mean: float, std: float) -> Self:
        """Return the distribution with this mean and standard deviation, which exist for df > 2.

        Examples
        --------
        >>> StudentT.from_mean_std(4.0, mean=1.0, std=2.0).std.round(12)
        np.float64(2.0)
        """
        df, mean = checked(cls, "df", POSITIVE, df), checked(cls, "mean", REAL, mean)
        std = checked(cls, "std", POSITIVE, std)
        if not df > 2.0:
            raise InvalidParameterError(f"{cls.__name__}: df must be > 2 for a standard deviation; got {df!r}")
        return cls(df, mean, std * math.sqrt((df - 2.0) / df))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return self.loc + self.scale * np.random.default_rng(rng).standard_t(self.df, size)

    @property
    def mean(self) -> float:
        """Expectation, loc; NaN for df <= 1, where it does not exist."""
        self.require_known("give a mean", ("df", "loc"))
        return self.loc if self.df > 1.0 else math.nan

    @property
    def var(self) -> float:
        """Variance, scale^2 df / (df - 2); infinite for df <= 2, NaN for df <= 1."""
        self.require_known("give a variance", ("df", "scale"))
        if self.df <= 2.0:
            return math.inf if self.df > 1.0 else math.nan
        return self.scale * self.scale * self.df / (self.df - 2.0)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return stdtr(self.df, (np.asarray(x, dtype=float) - self.loc) / self.scale)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        inside = self.loc + self.scale * stdtrit(self.df, np.where((q > 0) & (q < 1), q, 0.5))
        return np.where((q > 0) & (q < 1), inside, np.where(q == 0, -np.inf, np.where(q == 1, np.inf, np.nan)))[()]

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with median and quartiles of the data, at the df that explains them best."""
        low, middle, high = weighted_quantiles(rows[:, 0], weight, (0.25, 0.5, 0.75))
        loc = middle if self.loc is None else self.loc
        guesses = []
        for df in STARTS if self.df is None else (self.df,):
            spread = max((high - low) / (2.0 * stdtrit(df, 0.75)), float(np.max(smallest)))
            scale = (spread if spread > 0.0 else 1.0) if self.scale is None else self.scale
            guesses.append(self.with_values(df=df, loc=loc, scale=scale))
        return max(guesses, key=lambda guess: guess.log_likelihood(rows, weight)) if len(guesses) > 1 else guesses[0]

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum inside `bounds`, which are relative to the width of the data: see the base."""
        return super().fit_bounded(rows, weight, width(rows, weight, scale), floor, iterations)


def width(rows: Array, weight: Array | None, scale: Array) -> Array:
    """Return the distance of the quartiles of each column where it is less than ``scale``, shape (d,).

    A standard deviation is no measure of data with heavy tails: one row out there is enough to put the floor of a
    scale, relative to it, above the scale.
    """
    widths = scale.copy()
    for j in range(rows.shape[1]):
        low, high = weighted_quantiles(rows[:, j], weight, (0.25, 0.75))
        if low < high < low + scale[j]:
            widths[j] = high - low
    return widths
