"""The multivariate normal whose correlations come from a few common factors: factor analysis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from . import normal_missing
from .base import Distribution, Rng, parameter
from .conditioning import Places
from .data import Array, centre_and_scale
from .domains import POSITIVE_VECTOR, REAL, REAL_VECTOR, Domain
from .errors import InvalidParameterError, UnknownParameterError
from .imputation import refuse_categories
from .kernels import Kernels, compiled, kernel
from .multivariate_normal import (
    accumulate,
    factorise,
    given_some,
    log_pdf,
    move_mean,
    normal_of,
    squared,
    variance_floors,
)
from .normal import LOG_SQRT_2PI

CYCLES = 2000
LEAST_LEFT = 1e-8  # part of a variance that an update of the inverse still resolves
SETTLED = 1e-12  # change of the covariance, relative to its diagonal, that ends the cycles of one update
SMALLEST_NOISE = 1e-5  # deviation of a column's noise relative to its own: less cannot be told from none


@compiled
def fill_cov(loadings, noise, cov):
    """Fill cov with loadings loadings' + diag(noise)."""
    d, q = loadings.shape
    for a in range(d):
        for b in range(a + 1):
            entry = noise[a] if a == b else 0.0
            for k in range(q):
                entry += loadings[a, k] * loadings[b, k]
            cov[a, b] = entry
            cov[b, a] = entry


@compiled
def improve_loadings(scatter, noise, loadings):
    """Set the loadings to their maximum given the noise: the largest eigenvalues in its units, less one."""
    d, q = loadings.shape
    scaled = np.empty((d, d))
    for a in range(d):
        for b in range(d):
            scaled[a, b] = scatter[a, b] / math.sqrt(noise[a] * noise[b])
    values, vectors = np.linalg.eigh(scaled)
    for k in range(q):
        size = math.sqrt(max(values[d - 1 - k] - 1.0, 0.0))
        total = 0.0  # decides the sign, which the likelihood leaves open
        for a in range(d):
            loadings[a, k] = math.sqrt(noise[a]) * vectors[a, d - 1 - k] * size
            total += vectors[a, d - 1 - k]
        if total < 0.0:
            for a in range(d):
                loadings[a, k] = -loadings[a, k]


@compiled
def improve_noise(scatter, cov, noise, floor, root):
    """Set each noise variance in turn to its maximum given all else, and cov with it (Zhao, Yu & Jiang 2008)."""
    d = noise.size
    factorise(cov, root)
    inverse = root.T @ root
    for j in range(d):
        pull = 0.0
        for a in range(d):
            for b in range(d):
                pull += inverse[j, a] * scatter[a, b] * inverse[b, j]
        change = (pull / inverse[j, j] - 1.0) / inverse[j, j]
        change = max(noise[j] + change, floor[j]) - noise[j]
        noise[j] += change
        cov[j, j] += change
        column = inverse[j].copy()
        left = 1.0 + change * column[j]  # of the variance given the other columns
        if left < LEAST_LEFT:  # digits are lost in it: all but none where the data are constant
            for a in range(d):
                cov[a, a] = max(cov[a, a], noise[a])
            factorise(cov, root)
            inverse = root.T @ root
            continue
        factor = change / left
        for a in range(d):
            for b in range(d):
                inverse[a, b] -= factor * column[a] * column[b]


@kernel
def update(stats, theta, bounds):
    """Move the mean to the weighted mean; improve loadings and noise in turn until the covariance rests.

    Each half is an exact conditional maximum, so the likelihood never falls.
    """
    d = int(round((math.sqrt(4.0 * stats.size - 3.0) - 1.0) / 2.0))
    shift, beyond = move_mean(stats, theta, bounds, d)
    at = d + 2 * d * d
    q = (theta.size - 1 - d - at) // d
    end = at + d * q
    loadings, noise = theta[at:end].reshape(d, q), theta[end : end + d]
    cov, root = theta[d : d + d * d].reshape(d, d), theta[d + d * d : at].reshape(d, d)
    second, scatter = stats[1 + d :].reshape(d, d), np.empty((d, d))
    for a in range(d):
        for b in range(a + 1):
            scatter[a, b] = second[a, b] / stats[0] - shift[a] * shift[b] + beyond[a] * beyond[b]
            scatter[b, a] = scatter[a, b]
    loadings_free, noise_free = bounds[0, at] < bounds[1, at], bounds[0, end] < bounds[1, end]
    floor = np.empty(d)
    for j in range(d):
        floor[j] = max(bounds[0, end + j], SMALLEST_NOISE**2 * scatter[j, j])
    before = np.empty((d, d))
    for _ in range(CYCLES):
        before[:] = cov
        if noise_free:
            improve_noise(scatter, cov, noise, floor, root)
        if loadings_free:
            improve_loadings(scatter, noise, loadings)
        fill_cov(loadings, noise, cov)
        moved = 0.0
        for a in range(d):
            for b in range(a + 1):
                moved = max(moved, abs(cov[a, b] - before[a, b]) / math.sqrt(cov[a, a] * cov[b, b]))
        if moved <= SETTLED or not noise_free:
            break
    theta[theta.size - 1] = -0.5 * factorise(cov, root) - d * LOG_SQRT_2PI


@dataclass(frozen=True)
class Loadings(Domain):
    """Matrices of finite numbers, one row for each column of the data."""

    text: str = "a matrix of finite numbers, shape (d, rank)"

    @property
    def is_location(self) -> bool:
        """Loadings do not move with the data."""
        return False

    def check(self, value: Any) -> Array:
        """Return a read-only copy."""
        value = np.array(value, dtype=float) + 0.0
        if value.ndim != 2 or value.size == 0 or not np.all(np.isfinite(value)):
            raise ValueError
        value.flags.writeable = False
        return value

    def random(self, rng: np.random.Generator, n_columns: int) -> Array:
        """Return random loadings on one factor."""
        return rng.normal(0.0, 3.0, (n_columns, 1))


class FactorNormal(Distribution):
    r"""Multivariate normal with covariance :math:`\Lambda\Lambda' + \mathrm{diag}(\psi)`: factor analysis.

    Parameters
    ----------
    mean : array_like, shape (d,), optional
        Mean, in the units of the columns.
    loadings : array_like, shape (d, rank), optional
        Loadings :math:`\Lambda` of the columns on independent standard normal factors, in the units of the columns.
    noise : array_like, shape (d,), optional
        Variances :math:`\psi` > 0 of what the factors leave over, in the squared units of the columns.
    rank : int
        Number of factors; so few that (d - rank)^2 >= d + rank, or the parameters are not determined.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: each noise variance in turn, then all loadings at once, are taken to
    their maximum given the rest, until the covariance rests. A noise deviation below 1e-5 of its column's is held
    there (a Heywood case: a factor that is the column itself). With too few factors there may be other, lower maxima,
    that other starts lead to. Loadings are determined up to a rotation; those returned
    are orthogonal in units of the noise. Zhao, Yu & Jiang (2008), "ML estimation for factor analysis: EM or non-EM?".

    Examples
    --------
    >>> FactorNormal([0.0, 0.0, 0.0], [[1.0], [2.0], [0.5]], [1.0, 1.0, 2.0], rank=1).cov
    array([[2.  , 2.  , 0.5 ],
           [2.  , 5.  , 1.  ],
           [0.5 , 1.  , 2.25]])
    """

    mean: Array = parameter(REAL_VECTOR, power=1)
    loadings: Array = parameter(Loadings(), power=1, collapse=0)
    noise: Array = parameter(POSITIVE_VECTOR, power=2)
    rank: int = field(kw_only=True)

    support = REAL
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)
    missing_kernels = Kernels(normal_missing.log_pdf, normal_missing.accumulate, update)

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.rank, bool) or not isinstance(self.rank, (int, np.integer)) or self.rank < 1:
            raise InvalidParameterError(f"FactorNormal: rank must be a whole number >= 1; got {self.rank!r}")
        sizes = {
            name: len(value)
            for name, value in (("mean", self.mean), ("loadings", self.loadings), ("noise", self.noise))
            if value is not None
        }
        if len(set(sizes.values())) > 1:
            raise InvalidParameterError(f"FactorNormal: parameters differ in their columns: {sizes}")
        if self.loadings is not None and self.loadings.shape[1] != self.rank:
            raise InvalidParameterError(
                f"FactorNormal: loadings must have rank = {self.rank} columns; got shape {self.loadings.shape}"
            )
        if sizes:
            self._require_few_factors(next(iter(sizes.values())))

    def _require_few_factors(self, d: int) -> None:
        if d < self.rank or (d - self.rank) ** 2 < d + self.rank:
            raise InvalidParameterError(
                f"FactorNormal: rank must be so small that (d - rank)^2 >= d + rank; got rank = {self.rank} for "
                f"{d} columns. Use MultivariateNormal, which has no more parameters then."
            )

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while all parameters are unknown."""
        known = [value for value in (self.mean, self.loadings, self.noise) if value is not None]
        return len(known[0]) if known else None

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: d for the mean, d rank - rank (rank - 1) / 2 for loadings, d for the noise."""
        d, q = self.n_columns, self.rank
        if d is None:
            raise UnknownParameterError(f"{self!r} cannot count its parameters: fit it first, d is unknown.")
        sizes = {"mean": d, "loadings": d * q - q * (q - 1) // 2, "noise": d}
        return sum(size for name, size in sizes.items() if name not in self.frozen)

    @property
    def cov(self) -> Array:
        """Covariance, shape (d, d)."""
        self.require_known("give a covariance", ("loadings", "noise"))
        return self.loadings @ self.loadings.T + np.diag(self.noise)

    @property
    def var(self) -> Array:
        """Variances of the columns, shape (d,)."""
        return np.diag(self.cov).copy()

    def as_normal(self) -> tuple[Array, Array]:
        """Return mean and covariance."""
        return self.mean, self.cov

    def marginal_at(self, places: Places) -> Distribution:
        """Return the normal of some columns."""
        return normal_of(self.mean[places], self.cov[np.ix_(places, places)])

    def conditional_at(self, places: Places, values: Array) -> Distribution:
        """Return the normal of the other columns given these."""
        return normal_of(*given_some(self.mean, self.cov, places, values)[:2])

    def expected_cells(self, rows: Array, codes: Sequence[Array | None]) -> Array:
        """Return the conditional means of missing cells; see `Imputation`."""
        refuse_categories(type(self).__name__, codes)
        return normal_missing.expected_cells(rows, self.mean, self.cov)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows, shape (size, d)."""
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        factors, noise = rng.standard_normal((size, self.rank)), rng.standard_normal((size, len(self.noise)))
        return self.mean + factors @ self.loadings.T + noise * np.sqrt(self.noise)

    # ------------------------------------------------------------------- the view of the compiled loops

    def to_theta(self) -> Array:
        """Return mean, covariance, inverse Cholesky factor, loadings, noise and the density's constant."""
        cov = self.cov
        factor = np.linalg.cholesky(cov)
        constant = -np.sum(np.log(np.diag(factor))) - len(cov) * LOG_SQRT_2PI
        root = np.tril(np.linalg.inv(factor))
        return np.concatenate([self.mean, cov.ravel(), root.ravel(), self.loadings.ravel(), self.noise, [constant]])

    def _places(self) -> dict[str, slice]:
        d = len(self.mean)
        at, end = d + 2 * d * d, d + 2 * d * d + d * self.rank
        return {"mean": slice(d), "loadings": slice(at, end), "noise": slice(end, end + d)}

    def from_theta(self, theta: Array) -> Self:
        """Return the distribution with the parameters in ``theta``; frozen ones stay the very same."""
        values = {
            name: theta[place].reshape(np.shape(getattr(self, name)))
            for name, place in self._places().items()
            if name not in self.frozen
        }
        return self.with_values(**values)

    def bounds(self, scale: Array, floor: float) -> Array:
        """Return the box of the update: entries of a frozen parameter are pinned, noise has a floor."""
        theta = self.to_theta()
        box = np.array([np.full(theta.size, -np.inf), np.full(theta.size, np.inf)])
        for name, place in self._places().items():
            if name in self.frozen:
                box[:, place] = theta[place]
            elif name == "noise":
                box[0, place] = np.minimum(variance_floors(scale, floor), self.noise)
        return box

    def at_bounds(self, theta: Array, bounds: Array) -> tuple[str, ...]:
        """Return ("noise",) if the noise of some column is held up by the floor."""
        place = self._places()["noise"]
        return ("noise",) if "noise" not in self.frozen and (theta[place] <= bounds[0, place]).any() else ()

    def units(self, scale: Array) -> Array:
        """Return the data's scale for mean, covariance and noise; loadings only repeat the covariance."""
        d = len(self.mean)
        repeats = np.full(d * d + d * self.rank, np.inf)
        return np.concatenate([scale, np.outer(scale, scale).ravel(), repeats, scale**2, np.array([np.inf])])

    def carried(self, stats: Array, theta: Array, target: Array) -> Array:
        """Return moments about the mean in ``theta`` as moments about that in ``target``."""
        d = len(self.mean)
        return normal_missing.carried(stats, theta[:d] - target[:d])

    def statistics_size(self) -> int:
        """Return the length of the vector that `accumulate` fills."""
        d = len(self.mean)
        return 1 + d + d * d

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with the columns' means, half their variances as noise, and loadings in all directions."""
        d = rows.shape[1]
        self._require_few_factors(d)
        centre, spread = centre_and_scale(rows, weight)
        spread = np.maximum(spread, smallest)
        waves = np.cos(np.pi * np.outer(np.arange(d) + 0.5, np.arange(self.rank)) / d)
        noise = 0.5 * squared(spread, type(self).__name__)
        values = {"mean": centre, "loadings": 0.5 * spread[:, np.newaxis] * waves, "noise": noise}
        return self.with_values(**{name: values[name] for name in self.unknown})
