"""The multivariate normal distribution, with full, diagonal or spherical covariance.

All three share one layout of ``theta``: mean (d), covariance (d x d), inverse of its Cholesky factor (d x d, lower) and
the logarithm of the density's constant. The last two repeat the covariance in the form in which
`log_pdf` reads it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field
from typing import Self

import numpy as np
import numpy.typing as npt

from . import normal_missing
from .base import Distribution, Rng, parameter
from .conditioning import Places, others
from .data import Array, centre_and_scale
from .domains import POSITIVE_DEFINITE, REAL, REAL_VECTOR, Domain
from .errors import InvalidDataError, InvalidParameterError, UnknownParameterError
from .imputation import refuse_categories
from .kernels import Kernels, compiled, kernel
from .normal import LOG_SQRT_2PI, Normal
from .quadratic_forms import (
    add_half_squares,
    add_half_squares_along_columns,
    add_moments,
    add_squares_along_columns,
)

ROUNDING = 1e-7  # deviation in some direction, relative to the columns', below which a covariance is rounding error
LEAST_VARIANCE = float(np.finfo(float).tiny)  # a smaller number has not all digits
ROUNDED = 4.0  # error of an entry of a covariance, relative to its columns' deviations, in units of the precision
LARGEST_SCALED = 1e300  # of an entry of a matrix whose eigenvalues are looked for

# ------------------------------------------------------------------------------------------ full covariance


@kernel
def log_pdf(X, theta, out):
    """Add constant - |root (x - mean)|^2 / 2, where root' root is the inverse of the covariance."""
    d = X.shape[0]
    root = theta[d + d * d : d + 2 * d * d].reshape(d, d)
    add_half_squares(X, theta[:d], root, theta[theta.size - 1], out)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r (x - mean) and the lower triangle of sum r (x - mean)(x - mean)'."""
    add_moments(X, r, theta[: X.shape[0]], stats)


@compiled
def factorise(cov, root):
    """Fill ``root`` with the inverse of the Cholesky factor of cov; return log det cov, NaN if it has none."""
    d = cov.shape[0]
    factor = np.zeros((d, d))
    log_det = 0.0
    for a in range(d):
        for b in range(a + 1):
            rest = cov[a, b]
            for c in range(b):
                rest -= factor[a, c] * factor[b, c]
            if a == b:
                if not rest > 0.0:
                    return math.nan
                factor[a, a] = math.sqrt(rest)
                log_det += math.log(rest)
            else:
                factor[a, b] = rest / factor[b, b]
    root[:] = 0.0
    for b in range(d):
        root[b, b] = 1.0 / factor[b, b]
        for a in range(b + 1, d):
            rest = 0.0
            for c in range(b, a):
                rest -= factor[a, c] * root[c, b]
            root[a, b] = rest / factor[a, a]
    return log_det


@compiled
def factorise_above(cov, floor, root):
    """Raise cov, in place, to at least diag(floor) and factorise it; return log det cov.

    Raising the eigenvalues of the scaled matrix is the exact maximum of the likelihood under that bound.
    """
    d = cov.shape[0]
    log_det = factorise(cov, root)
    inverse_trace = 0.0  # of the scaled matrix; where it is at most 1, every eigenvalue is at least 1
    for a in range(d):
        for b in range(a + 1):
            inverse_trace += root[a, b] * root[a, b] * floor[b]
    if inverse_trace <= 1.0 and not math.isnan(log_det):
        return log_det
    scaled = np.empty((d, d))
    for a in range(d):
        for b in range(d):
            scaled[a, b] = cov[a, b] / math.sqrt(floor[a] * floor[b])
    values, vectors = np.linalg.eigh(scaled)
    if values[0] >= 1.0 and not math.isnan(log_det):
        return log_det
    for a in range(d):
        for b in range(a + 1):
            raised = 0.0
            for c in range(d):
                raised += vectors[a, c] * vectors[b, c] * max(values[c], 1.0)
            cov[a, b] = raised * math.sqrt(floor[a] * floor[b])
            cov[b, a] = cov[a, b]
    return factorise(cov, root)


@kernel
def complete(theta):
    """Fill inverse Cholesky factor and constant from the covariance; NaN where it has none."""
    d = int(round((math.sqrt(8.0 * theta.size - 7.0) - 1.0) / 4.0))
    log_det = factorise(theta[d : d + d * d].reshape(d, d), theta[d + d * d : d + 2 * d * d].reshape(d, d))
    theta[theta.size - 1] = -0.5 * log_det - d * LOG_SQRT_2PI


@compiled
def move_mean(stats, theta, bounds, d):
    """Move the mean to the weighted mean; return its shift, and what bounds kept it from."""
    shift, beyond = np.empty(d), np.empty(d)
    for j in range(d):
        shift[j] = stats[1 + j] / stats[0]
        moved = min(max(theta[j] + shift[j], bounds[0, j]), bounds[1, j])
        beyond[j] = shift[j] - (moved - theta[j])
        theta[j] = moved
    return shift, beyond


@compiled
def is_frozen(bounds, d):
    """Whether the covariance must stay as it is."""
    return bounds[0, d] == bounds[1, d]


@kernel
def update(stats, theta, bounds):
    """Set mean and covariance to the weighted mean and the weighted covariance about it (divided by the weight)."""
    d = int(round((math.sqrt(4.0 * stats.size - 3.0) - 1.0) / 2.0))
    shift, beyond = move_mean(stats, theta, bounds, d)
    if is_frozen(bounds, d):
        return
    cov, second = theta[d : d + d * d].reshape(d, d), stats[1 + d :].reshape(d, d)
    floor = np.empty(d)
    for a in range(d):
        floor[a] = bounds[0, d + a * (d + 1)]
        for b in range(a + 1):
            cov[a, b] = second[a, b] / stats[0] - shift[a] * shift[b] + beyond[a] * beyond[b]
            cov[b, a] = cov[a, b]
    log_det = factorise_above(cov, floor, theta[d + d * d : d + 2 * d * d].reshape(d, d))
    theta[theta.size - 1] = -0.5 * log_det - d * LOG_SQRT_2PI


# ---------------------------------------------------------------------------- diagonal, spherical covariance


@kernel
def log_pdf_diagonal(X, theta, out):
    """Add constant - sum_j (x_j - mean_j)^2 / (2 var_j), of one component or of several."""
    d, n = X.shape[0], out.size // max(X.shape[1], 1)
    parameters, means, roots, constants = (
        theta.reshape(n, theta.size // n),
        np.empty((n, d)),
        np.empty((n, d)),
        np.empty(n),
    )
    for k in range(n):
        constants[k] = parameters[k, parameters.shape[1] - 1]
        for j in range(d):
            means[k, j] = parameters[k, j]
            roots[k, j] = parameters[k, d + d * d + j * (d + 1)]
    add_half_squares_along_columns(X, means, roots, constants, out)


@kernel
def accumulate_diagonal(X, r, theta, stats):
    """Add sum r, sum r (x - mean), and sum r (x_j - mean_j)^2 for each column, of one component or of several."""
    d = X.shape[0]
    n = stats.size // (1 + 2 * d)
    parameters, means = theta.reshape(n, theta.size // n), np.empty((n, d))
    for k in range(n):
        for j in range(d):
            means[k, j] = parameters[k, j]
    add_squares_along_columns(X, r, means, stats.reshape(n, 1 + 2 * d))


@compiled
def variances(stats, theta, bounds, d):
    """Move the mean; return the weighted mean square about it for each column."""
    shift, beyond = move_mean(stats, theta, bounds, d)
    squares = np.empty(d)
    for j in range(d):
        squares[j] = max(stats[1 + d + j] / stats[0] - shift[j] * shift[j], 0.0) + beyond[j] * beyond[j]
    return squares


@compiled
def set_diagonal(theta, variance):
    """Write the variances, the inverse of the Cholesky factor and the density's constant into theta."""
    d = variance.size
    log_det = 0.0
    for j in range(d):
        theta[d + j * (d + 1)] = variance[j]
        theta[d + d * d + j * (d + 1)] = 1.0 / math.sqrt(variance[j])
        log_det += math.log(variance[j])
    theta[theta.size - 1] = -0.5 * log_det - d * LOG_SQRT_2PI


@kernel
def update_diagonal(stats, theta, bounds):
    """Set each variance to the weighted mean square of its column."""
    d = (stats.size - 1) // 2
    variance = variances(stats, theta, bounds, d)
    if is_frozen(bounds, d):
        return
    for j in range(d):
        variance[j] = max(variance[j], bounds[0, d + j * (d + 1)])
    set_diagonal(theta, variance)


@kernel
def update_spherical(stats, theta, bounds):
    """Set the one variance to the mean over columns of the weighted mean squares."""
    d = (stats.size - 1) // 2
    variance = variances(stats, theta, bounds, d)
    if is_frozen(bounds, d):
        return
    floor = 0.0
    for j in range(d):
        floor = max(floor, bounds[0, d + j * (d + 1)])
    variance[:] = max(variance.mean(), floor)
    set_diagonal(theta, variance)


# ------------------------------------------------------------------------------------------------ the family


class MultivariateNormal(Distribution):
    r"""Multivariate normal: density :math:`\exp(-(x-\mu)'\Sigma^{-1}(x-\mu)/2) / \sqrt{\det 2\pi\Sigma}`.

    Parameters
    ----------
    mean : array_like, shape (d,), optional
        Mean :math:`\mu`, in the units of the columns.
    cov : array_like, shape (d, d), optional
        Covariance :math:`\Sigma`, symmetric positive definite.
    structure : {"full", "diagonal", "spherical"}, default "full"
        Which covariances `fit` looks among: all, diagonal ones, or multiples of the identity.

    Notes
    -----
    `fit` is the maximum-likelihood estimate within the structure: weighted mean and weighted covariance (divided by
    the total weight, not by n - 1). Mardia, Kent & Bibby, Multivariate Analysis (1979), ch. 4.

    Examples
    --------
    >>> MultivariateNormal(structure="diagonal").fit([[0.0, 1.0], [2.0, 5.0]])
    MultivariateNormal(mean=[1.0, 3.0], cov=[[1.0, 0.0], [0.0, 4.0]], structure='diagonal')
    """

    mean: Array = parameter(REAL_VECTOR, power=1)
    cov: Array = parameter(POSITIVE_DEFINITE, power=2)
    structure: str = field(default="full")

    support = REAL
    everyday = True
    quadratic = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.structure, str) or self.structure not in _KERNELS:
            raise InvalidParameterError(
                f"MultivariateNormal: structure must be one of {', '.join(_KERNELS)}; got {self.structure!r}"
            )
        if self.mean is not None and self.cov is not None and len(self.mean) != len(self.cov):
            raise InvalidParameterError(
                f"MultivariateNormal: mean has {len(self.mean)} entries but cov has shape {self.cov.shape}"
            )
        if self.cov is not None and self.structure != "full":
            wanted = np.diag(np.diag(self.cov))
            if self.structure == "spherical":
                wanted = np.eye(len(self.cov)) * self.cov[0, 0]
            if not np.allclose(self.cov, wanted, rtol=1e-12, atol=0.0):
                raise InvalidParameterError(
                    f"MultivariateNormal: cov must be {self.structure}; got {self.cov.tolist()}"
                )

    @property
    def kernels(self) -> Kernels:  # type: ignore[override]
        """The kernels of the structure."""
        return _KERNELS[self.structure]

    @property
    def missing_kernels(self) -> Kernels | None:  # type: ignore[override]
        """The kernels of the structure for rows with missing cells."""
        full = self.structure == "full"
        log_pdf, accumulate = (
            (normal_missing.log_pdf, normal_missing.accumulate)
            if full
            else (normal_missing.log_pdf_diagonal, normal_missing.accumulate_diagonal)
        )
        return self.kernels._replace(log_pdf=log_pdf, accumulate=accumulate, takes_several=False)

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while both parameters are unknown."""
        known = self.mean if self.mean is not None else self.cov
        return None if known is None else len(known)

    def _dimension(self, purpose: str) -> int:
        if self.n_columns is None:
            raise UnknownParameterError(f"{self!r} cannot {purpose}: its number of columns is unknown. Fit it first.")
        return self.n_columns

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: d for the mean and d (d + 1) / 2, d or 1 for the covariance."""
        d = self._dimension("count its parameters")
        in_cov = {"full": d * (d + 1) // 2, "diagonal": d, "spherical": 1}[self.structure]
        return d * ("mean" not in self.frozen) + in_cov * ("cov" not in self.frozen)

    @property
    def var(self) -> Array:
        """Variances of the columns, shape (d,)."""
        self.require_known("give a variance")
        return np.diag(self.cov).copy()

    def as_normal(self) -> tuple[Array, Array]:
        """Return mean and covariance."""
        return self.mean, self.cov

    def marginal_at(self, places: Places) -> Distribution:
        """Return the normal of some columns."""
        return normal_of(self.mean[places], self.cov[np.ix_(places, places)], self.structure)

    def conditional_at(self, places: Places, values: Array) -> Distribution:
        """Return the normal of the other columns given these."""
        return normal_of(*given_some(self.mean, self.cov, places, values)[:2], self.structure)

    def expected_cells(self, rows: Array, codes: Sequence[Array | None]) -> Array:
        """Return the conditional means of missing cells; see `Imputation`."""
        refuse_categories(type(self).__name__, codes)
        return normal_missing.expected_cells(rows, self.mean, self.cov)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows, shape (size, d)."""
        self.require_known("be sampled")
        normal = np.random.default_rng(rng).standard_normal((size, len(self.mean)))
        return self.mean + normal @ np.linalg.cholesky(self.cov).T

    def expected_rows(self) -> tuple[Array, Array]:
        """Return 2 d rows with its mean and covariance."""
        self.require_known("stand for rows")
        d = len(self.mean)
        away = math.sqrt(d) * np.linalg.cholesky(self.cov).T
        return np.concatenate([self.mean + away, self.mean - away]), np.full(2 * d, 0.5 / d)

    # ------------------------------------------------------------------- the view of the compiled loops

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x); of one column only."""
        return self._one_column().cdf(x) if self.n_columns == 1 else super().cdf(x)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q; of one column only."""
        return self._one_column().ppf(q) if self.n_columns == 1 else super().ppf(q)

    def _one_column(self) -> Normal:
        self.require_known("give a probability")
        return Normal(self.mean[0], math.sqrt(self.cov[0, 0]))

    def to_theta(self) -> Array:
        """Return mean, covariance, inverse Cholesky factor and the density's constant as one vector."""
        d = len(self.mean)
        factor = np.linalg.cholesky(self.cov)
        constant = -np.sum(np.log(np.diag(factor))) - d * LOG_SQRT_2PI
        return np.concatenate([self.mean, self.cov.ravel(), np.tril(np.linalg.inv(factor)).ravel(), [constant]])

    @property
    def theta_domains(self) -> tuple[tuple[Domain | None, int], ...]:
        """The domains of mean and covariance; the rest repeats these."""
        d = len(self.mean)
        return (REAL_VECTOR, d), (POSITIVE_DEFINITE, d * d), (None, d * d + 1)

    def from_theta(self, theta: Array) -> Self:
        """Return the distribution with the mean and covariance in ``theta``; frozen ones stay the very same."""
        d = len(self.mean)
        values = {"mean": theta[:d], "cov": theta[d : d + d * d].reshape(d, d)}
        return self.with_values(**{name: value for name, value in values.items() if name not in self.frozen})

    def bounds(self, scale: Array, floor: float) -> Array:
        """Return the box of the update: entries of a frozen parameter are pinned, variances have a floor.

        The floor holds in every direction: cov - diag(floors) must stay positive semidefinite.
        """
        theta, d = self.to_theta(), len(self.mean)
        box = np.array([np.full(theta.size, -np.inf), np.full(theta.size, np.inf)])
        if "mean" in self.frozen:
            box[:, :d] = theta[:d]
        if "cov" in self.frozen:
            box[:, d : d + d * d] = theta[d : d + d * d]
        else:
            floors = variance_floors(scale, max(floor, ROUNDING))
            if self.structure == "spherical":  # one variance for all columns: the highest floor is that of each
                floors[:] = floors.max()
            values = np.linalg.eigvalsh(scaled(self.cov, floors))
            floors *= min(1.0, max(values[0], np.finfo(float).eps * values[-1]))  # not above a start that was given
            box[0, d : d + d * d : d + 1] = np.maximum(floors, LEAST_VARIANCE)
        return box

    def at_bounds(self, theta: Array, bounds: Array) -> tuple[str, ...]:
        """Return ("cov",) if some direction of the covariance is held up by the floor."""
        d = len(self.mean)
        if "cov" in self.frozen:
            return ()
        floors = bounds[0, d : d + d * d : d + 1]
        values = np.linalg.eigvalsh(scaled(theta[d : d + d * d].reshape(d, d), floors))
        rounding = 4.0 * np.finfo(float).eps * values[-1]  # of an eigenvalue, where others are much larger
        return ("cov",) if values[0] < 1.0 + 1e-3 + rounding else ()

    def units(self, scale: Array) -> Array:
        """Return the data's scale for the mean and its products for the covariance."""
        d = len(self.mean)
        return np.concatenate([scale, np.outer(scale, scale).ravel(), np.full(d * d + 1, np.inf)])

    @property
    def rounding(self) -> float:
        """What the rounding of an update can take from the mean log-likelihood; see `rounding_of`."""
        return rounding_of(self.cov)

    def carried(self, stats: Array, theta: Array, target: Array) -> Array:
        """Return moments about the mean in ``theta`` as moments about that in ``target``."""
        d = len(self.mean)
        return normal_missing.carried(stats, theta[:d] - target[:d])

    def statistics_size(self) -> int:
        """Return the length of the vector that `accumulate` fills."""
        d = len(self.mean)
        return 1 + d + (d * d if self.structure == "full" else d)

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters have the centre and scale of the data."""
        centre, spread = centre_and_scale(rows, weight)
        spread = np.maximum(spread, smallest)
        if self.structure == "spherical":
            spread[:] = spread.max()  # above the floor of every column
        values = {"mean": centre, "cov": np.diag(squared(spread, type(self).__name__))}
        return self.with_values(**{name: values[name] for name in self.unknown})


def variance_floors(scale: Array, floor: float) -> Array:
    """Return the least variances of columns of these scales, for a least width relative to these, shape (d,)."""
    return np.maximum((floor * scale) ** 2, LEAST_VARIANCE)


def squared(spread: Array, family: str) -> Array:
    """Return the variances of columns of some spread, shape (d,).

    Raises
    ------
    InvalidDataError
        If one is too small for a number.
    """
    variance = np.asarray(spread**2)
    if variance.min() < LEAST_VARIANCE:
        j = int(np.argmin(variance))
        raise InvalidDataError(
            f"{family} cannot be fitted to numbers as small as those of column {j}, whose spread is {spread[j]:g}: its "
            f"square underflows. Change the unit of that column, for instance multiply by "
            f"1e{-math.floor(math.log10(spread[j]))}."
        )
    return variance


def normal_of(mean: Array, cov: Array, structure: str = "full") -> Distribution:
    """Return the normal of this mean and covariance: of one column a `Normal`."""
    if len(mean) == 1:
        return Normal(mean[0], math.sqrt(cov[0, 0]))
    return MultivariateNormal(mean=mean, cov=cov, structure=structure)


def given_some(mean: Array, cov: Array, places: Places, values: Array) -> tuple[Array, Array, float]:
    """Return mean and covariance of the other columns of a normal given these, and the squared distance of the values.

    With the Cholesky factor L of the given columns' covariance, as solving with L twice would lose digits.
    """
    rest = others(places, len(mean))
    factor = np.linalg.cholesky(cov[np.ix_(places, places)])
    away = np.linalg.solve(factor, values - mean[places])
    slope = np.linalg.solve(factor, cov[np.ix_(places, rest)])
    left = cov[np.ix_(rest, rest)] - slope.T @ slope
    return mean[rest] + slope.T @ away, (left + left.T) / 2.0, float(away @ away)


def rounding_of(cov: Array) -> float:
    """Return what rounding a covariance, once it is the best, can take from the mean log-likelihood.

    An error E of the correlations R takes tr((R^-1 E)^2) / 4, the second term of an expansion whose first is zero. E is
    a few times the precision of a number, in all d^2 places.
    """
    std = np.sqrt(np.diag(cov))
    least = max(float(np.linalg.eigvalsh(cov / np.outer(std, std))[0]), float(np.finfo(float).eps))
    return float((ROUNDED * np.finfo(float).eps * len(cov) / least) ** 2 / 4.0)


def scaled(cov: Array, floors: Array) -> Array:
    """Return cov in units in which the floor is the identity; what is too large for a number at the largest."""
    with np.errstate(over="ignore"):
        return np.clip(cov / np.outer(np.sqrt(floors), np.sqrt(floors)), -LARGEST_SCALED, LARGEST_SCALED)


_KERNELS = {
    "full": Kernels(log_pdf, accumulate, update, complete),
    "diagonal": Kernels(log_pdf_diagonal, accumulate_diagonal, update_diagonal, complete, takes_several=True),
    "spherical": Kernels(log_pdf_diagonal, accumulate_diagonal, update_spherical, complete, takes_several=True),
}
