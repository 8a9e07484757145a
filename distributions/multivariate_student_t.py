"""The multivariate t distribution: elliptical like the normal, with tails as heavy as the data ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from .base import Distribution, Rng, parameter
from .conditioning import Places
from .data import Array
from .domains import POSITIVE_DEFINITE, REAL, REAL_VECTOR, Domain
from .errors import InvalidParameterError, UnknownParameterError
from .kernels import Kernels, kernel
from .multivariate_normal import (
    LEAST_VARIANCE,
    ROUNDING,
    factorise,
    factorise_above,
    given_some,
    rounding_of,
    scaled,
    squared,
    variance_floors,
)
from .newton import LEAST, newton_move
from .quadratic_forms import add_half_squares, add_moments
from .quantiles import weighted_quantiles
from .special import log1p
from .student_t import DF_LIMITS, StudentT, constant_slopes, excess, log_constant, width

FIRST_DF = 5.0
NORMAL_QUARTILES = 1.349  # their distance in standard deviations
ABOUT_DF = 6  # statistics about df and the size of the scale, before those about loc and scale


@kernel
def log_pdf(X, theta, out):
    """Add constant - (df + d)/2 log(1 + distance / df), distance = (x - loc)' scale^-1 (x - loc)."""
    d, m = X.shape
    df, root, halves = theta[0], np.empty((d, d)), np.zeros(m)
    log_det = factorise(theta[1 + d :].reshape(d, d), root)
    add_half_squares(X, theta[1 : 1 + d], root, 0.0, halves)
    constant, power, factor = log_constant(df, float(d)) - 0.5 * log_det, 0.5 * (df + d), -2.0 / df
    for i in range(m):
        out[i] += constant - power * log1p(halves[i] * factor)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r; score and second derivatives in moves of log df and of the log size of scale; weighted moments.

    The moments are those of the rows with weights r u, u = (df + d) / (df + distance), as in EM.
    """
    d, m = X.shape
    df, root, halves, weighted = theta[0], np.empty((d, d)), np.zeros(m), np.empty(m)
    factorise(theta[1 + d :].reshape(d, d), root)
    add_half_squares(X, theta[1 : 1 + d], root, 0.0, halves)
    slope, bend = constant_slopes(df, float(d))
    total, s0, s1, h00, h10, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(m):
        distance = min(-2.0 * halves[i], 1e300)
        inner = df / (df + distance)
        outer = distance / (df + distance)
        rest = 0.5 * df * excess(outer, log1p(distance / df))
        across = 0.5 * d * inner * outer
        total += r[i]
        s0 += r[i] * (slope + 0.5 * d * outer - rest)
        s1 += r[i] * (0.5 * (df + d) * outer - 0.5 * d)
        h00 += r[i] * (bend + 0.5 * df * outer * outer - across - rest)
        h10 += r[i] * (0.5 * df * outer * outer - across)
        h11 -= r[i] * 0.5 * (df + d) * inner * outer
        weighted[i] = r[i] * (df + d) / (df + distance)
    for j, value in enumerate((total, s0, s1, h00, h10, h11)):
        stats[j] += value
    add_moments(X, weighted, theta[1 : 1 + d], stats[ABOUT_DF:])


@kernel
def update(stats, theta, bounds):
    """Move loc and the form of scale by lengthened EM, df and the size of scale by a Newton step.

    EM alone (Kent, Tyler & Vardi 1994) is slow for df and size, which are correlated with each other but neither with
    loc nor with the form. For these two the information in the data is (df + d) / (df + d + 2) of the complete one:
    steps longer by its reciprocal are those of Fisher's scoring.
    """
    d = int(round((math.sqrt(4.0 * (stats.size - ABOUT_DF) - 3.0) - 1.0) / 2.0))
    moments = stats[ABOUT_DF:]
    frozen = bounds[0, 1 + d] == bounds[1, 1 + d]
    lowest, highest = np.array([bounds[0, 0] / theta[0] - 1.0, -1.0]), np.array([bounds[1, 0] / theta[0] - 1.0, 10.0])
    if bounds[0, 0] == bounds[1, 0]:
        lowest[0] = highest[0] = 0.0
    if frozen:
        lowest[1] = highest[1] = 0.0
    move = newton_move(stats[1:3], stats[3:6], lowest, highest)
    longer = (theta[0] + d + 2.0) / (theta[0] + d)
    part = 1.0
    for j in range(2):
        if move[j] < LEAST - 1.0:
            part = min(part, (LEAST - 1.0) / move[j])
    if lowest[0] < highest[0]:
        theta[0] = min(max(theta[0] * (1.0 + part * move[0]), bounds[0, 0]), bounds[1, 0])
    shift, beyond = np.empty(d), np.zeros(d)
    for j in range(d):
        shift[j] = moments[1 + j] / moments[0]
        if bounds[0, 1 + j] < bounds[1, 1 + j]:
            theta[1 + j] += longer * shift[j]
        else:
            beyond[j] = shift[j]
    if frozen:
        return
    scale, second = theta[1 + d :].reshape(d, d), moments[1 + d :].reshape(d, d)
    root, form, floor = np.empty((d, d)), np.empty((d, d)), np.empty(d)
    for a in range(d):
        floor[a] = bounds[0, 1 + d + a * (d + 1)]
        for b in range(a + 1):
            form[a, b] = second[a, b] / moments[0] - shift[a] * shift[b] + beyond[a] * beyond[b]
            form[b, a] = form[a, b]
    far = scale + longer * (form - scale)
    if not math.isnan(factorise(far, root)):
        form[:] = far
    factorise(scale, root)
    size = 0.0  # of the new form in terms of the old one: the mean of its eigenvalues
    for c in range(d):
        for a in range(c + 1):
            for b in range(c + 1):
                size += root[c, a] * root[c, b] * form[a, b] / d
    factor = (1.0 + part * move[1]) / size if size > 0.0 else 1.0
    for a in range(d):
        for b in range(d):
            scale[a, b] = form[a, b] * factor
    factorise_above(scale, floor, root)


@dataclass(frozen=True)
class DegreesOfFreedom(Domain):
    """Numbers > 0; random ones leave a covariance."""

    text: str = "a finite number > 0"
    low: float = 0.0
    low_open: bool = True

    def random(self, rng: np.random.Generator, n_columns: int) -> float:
        """Return a random value from 3 to 30."""
        return float(np.exp(rng.uniform(np.log(3.0), np.log(30.0))))


class MultivariateStudentT(Distribution):
    r"""Multivariate t: density :math:`c\,(1 + q/\nu)^{-(\nu+d)/2}`, :math:`q = (x - m)' S^{-1} (x - m)`.

    Here :math:`c = \Gamma((\nu+d)/2) / (\Gamma(\nu/2) \sqrt{\det \nu\pi S})`.

    Parameters
    ----------
    df : float, optional
        Degrees of freedom :math:`\nu` > 0; without end it becomes the normal.
    loc : array_like, shape (d,), optional
        Location :math:`m`, in the units of the columns.
    scale : array_like, shape (d, d), optional
        Scale matrix :math:`S`, symmetric positive definite; the covariance is :math:`S \nu / (\nu - 2)` for df > 2.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: EM steps for loc and the form of scale, Newton steps for df and the size
    of scale, each confirmed by the likelihood. It looks for df between 0.1 and 1e6. Data with tails no heavier than the
    normal's end at 1e6, where t and normal cannot be told apart; that is their maximum, not an error. Kent, Tyler &
    Vardi (1994), "A curious likelihood identity for the multivariate t-distribution"; Liu & Rubin (1995), "ML
    estimation of the t distribution using EM and its extensions, ECM and ECME".

    Examples
    --------
    >>> MultivariateStudentT(4.0, [1.0, 2.0], [[1.0, 0.5], [0.5, 3.0]]).var
    array([2., 6.])
    """

    df: float = parameter(DegreesOfFreedom(), limits=DF_LIMITS)
    loc: Array = parameter(REAL_VECTOR, power=1)
    scale: Array = parameter(POSITIVE_DEFINITE, power=2)

    support = REAL
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loc is not None and self.scale is not None and len(self.loc) != len(self.scale):
            raise InvalidParameterError(
                f"MultivariateStudentT: loc has {len(self.loc)} entries but scale has shape {self.scale.shape}"
            )

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while loc and scale are unknown."""
        known = self.loc if self.loc is not None else self.scale
        return None if known is None else len(known)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: 1 for df, d for loc, d (d + 1) / 2 for scale."""
        d = self.n_columns
        if d is None:
            raise UnknownParameterError(f"{self!r} cannot count its parameters: fit it first, d is unknown.")
        sizes = {"df": 1, "loc": d, "scale": d * (d + 1) // 2}
        return sum(size for name, size in sizes.items() if name not in self.frozen)

    @property
    def mean(self) -> Array:
        """Expectation, loc; NaN for df <= 1, where it does not exist. Shape (d,)."""
        self.require_known("give a mean")
        return self.loc.copy() if self.df > 1.0 else np.full(len(self.loc), np.nan)

    @property
    def var(self) -> Array:
        """Variances of the columns, shape (d,); infinite for df <= 2, NaN for df <= 1."""
        self.require_known("give a variance")
        if self.df <= 2.0:
            return np.full(len(self.loc), np.inf if self.df > 1.0 else np.nan)
        return np.diag(self.scale) * (self.df / (self.df - 2.0))

    @property
    def cov(self) -> Array:
        """Covariance, shape (d, d); infinite variances for df <= 2 (covariances NaN), all NaN for df <= 1."""
        if self.df is not None and self.df <= 2.0:
            return np.where(np.eye(len(self.loc), dtype=bool), self.var, np.nan)
        self.require_known("give a covariance")
        return self.scale * (self.df / (self.df - 2.0))

    def marginal_at(self, places: Places) -> Distribution:
        """Return the t of some columns, of the same degrees of freedom."""
        return _student_t(self.df, self.loc[places], self.scale[np.ix_(places, places)])

    def conditional_at(self, places: Places, values: Array) -> Distribution:
        """Return the t of the other columns given these: Ding (2016), "On the conditional distribution of the
        multivariate t distribution", The American Statistician 70.
        """  # noqa: D205
        loc, scale, distance = given_some(self.loc, self.scale, places, values)
        df = self.df + len(places)
        return _student_t(df, loc, scale * ((self.df + distance) / df))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows, shape (size, d)."""
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        normal = rng.standard_normal((size, len(self.loc))) @ np.linalg.cholesky(self.scale).T
        return self.loc + normal / np.sqrt(rng.chisquare(self.df, (size, 1)) / self.df)

    # ------------------------------------------------------------------- the view of the compiled loops

    def bounds(self, scale: Array, floor: float) -> Array:
        """Return the box of the update: frozen entries pinned, limits of df, a floor of scale in every direction."""
        theta, d = self.to_theta(), len(self.loc)
        box = np.array([np.full(theta.size, -np.inf), np.full(theta.size, np.inf)])
        box[:, 0] = min(DF_LIMITS[0], self.df), max(DF_LIMITS[1], self.df)
        for name, part in (("df", slice(1)), ("loc", slice(1, 1 + d)), ("scale", slice(1 + d, None))):
            if name in self.frozen:
                box[:, part] = theta[part]
        if "scale" not in self.frozen:
            floors = variance_floors(scale, max(floor, ROUNDING))
            values = np.linalg.eigvalsh(scaled(self.scale, floors))
            floors *= min(1.0, max(values[0], np.finfo(float).eps * values[-1]))  # not above a start that was given
            box[0, 1 + d :: d + 1] = np.maximum(floors, LEAST_VARIANCE)
        return box

    def at_bounds(self, theta: Array, bounds: Array) -> tuple[str, ...]:
        """Return ("scale",) if some direction of the scale is held up by the floor."""
        d = len(self.loc)
        if "scale" in self.frozen:
            return ()
        values = np.linalg.eigvalsh(scaled(theta[1 + d :].reshape(d, d), bounds[0, 1 + d :: d + 1]))
        return ("scale",) if values[0] < 1.0 + 1e-3 + 4.0 * np.finfo(float).eps * values[-1] else ()

    def units(self, scale: Array) -> Array:
        """Return what steps are measured against: df against itself, the others against the data's scale."""
        return np.concatenate([[0.0], scale, np.outer(scale, scale).ravel()])

    @property
    def rounding(self) -> float:
        """What the rounding of an update can take from the mean log-likelihood; see `rounding_of`."""
        return rounding_of(self.scale)

    def statistics_size(self) -> int:
        """Return the length of the vector that `accumulate` fills."""
        d = len(self.loc)
        return ABOUT_DF + 1 + d + d * d

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with medians and quartiles of the columns."""
        quartiles = np.array([weighted_quantiles(column, weight, (0.25, 0.5, 0.75)) for column in rows.T])
        spread = np.maximum((quartiles[:, 2] - quartiles[:, 0]) / NORMAL_QUARTILES, smallest)
        spread[spread == 0.0] = 1.0
        values = {"df": FIRST_DF, "loc": quartiles[:, 1], "scale": np.diag(squared(spread, type(self).__name__))}
        return self.with_values(**{name: values[name] for name in self.unknown})

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum inside `bounds`, which are relative to the widths of the columns: see the base."""
        return super().fit_bounded(rows, weight, width(rows, weight, scale), floor, iterations)


def _student_t(df: float, loc: Array, scale: Array) -> Distribution:
    """Return the t of these parameters: of one column a `StudentT`."""
    return StudentT(df, loc[0], math.sqrt(scale[0, 0])) if len(loc) == 1 else MultivariateStudentT(df, loc, scale)
