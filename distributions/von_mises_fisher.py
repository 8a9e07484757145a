"""The von Mises-Fisher distribution: directions in d dimensions about a mean direction."""

from __future__ import annotations

import math

import numpy as np

from .base import Distribution, Rng, parameter
from .bessel import bessel_i_ratio, concentration_from_resultant, log_bessel_i_scaled
from .data import Array
from .domains import NON_NEGATIVE, UNIT_VECTOR
from .errors import InvalidParameterError, UnknownParameterError
from .kernels import Kernels, compiled, kernel

LOG_2PI = math.log(2.0 * math.pi)
LENGTH_ERROR = 1e-6  # of a row, that the support allows
CHUNK = 512


@compiled
def log_normaliser(d, concentration):
    """Return the log of the integral of exp(concentration (cos - 1)) over the unit sphere in d dimensions."""
    order = 0.5 * d - 1.0
    if concentration == 0.0:
        return math.log(2.0) + 0.5 * d * math.log(math.pi) - math.lgamma(0.5 * d)
    return 0.5 * d * LOG_2PI + log_bessel_i_scaled(order, concentration) - order * math.log(concentration)


@kernel
def log_pdf(X, theta, out):
    """Add -concentration |x - loc|^2 / 2 - log normaliser; -inf for rows that are not of length one."""
    d, m = X.shape
    concentration = theta[d]
    constant = log_normaliser(d, concentration)
    away, square = np.empty(CHUNK), np.empty(CHUNK)
    for start in range(0, m, CHUNK):
        size = min(CHUNK, m - start)
        away[:size] = 0.0
        square[:size] = 0.0
        for j in range(d):
            x, mean = X[j, start : start + size], theta[j]
            for i in range(size):
                difference = x[i] - mean
                away[i] += difference * difference
                square[i] += x[i] * x[i]
        for i in range(size):
            beyond = abs(math.sqrt(square[i]) - 1.0) > LENGTH_ERROR
            out[start + i] += -math.inf if beyond else -0.5 * concentration * away[i] - constant


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r |x - loc|^2 / 2 and sum r (x - loc)."""
    total, away = 0.0, 0.0
    for i in range(r.size):
        total += r[i]
    for j in range(X.shape[0]):
        x, mean = X[j], theta[j]
        first, second = 0.0, 0.0
        for i in range(r.size):
            difference = x[i] - mean
            first += r[i] * difference
            second += r[i] * difference * difference
        stats[2 + j] += first
        away += second
    stats[0] += total
    stats[1] += 0.5 * away


@kernel
def update(stats, theta, bounds):
    """Set loc to the mean direction, and the concentration so that the mean of loc'x is its expectation."""
    d = theta.size - 1
    away = stats[1] / stats[0]
    held = True
    for j in range(d):
        held &= bounds[0, j] == bounds[1, j]
    if held:
        one_minus_r = min(away, 1.0)
    else:
        along = 0.0
        for j in range(d):
            along += theta[j] * stats[2 + j] / stats[0]
        aside = np.empty(d)  # the part of the mean across loc
        across = 0.0
        for j in range(d):
            aside[j] = stats[2 + j] / stats[0] - along * theta[j]
            across += aside[j] * aside[j]
        resultant = math.hypot(1.0 - away, math.sqrt(across))
        one_minus_r = min(max((away * (2.0 - away) - across) / (1.0 + resultant), 0.0), 1.0)
        if resultant > 0.0:
            length = 0.0
            for j in range(d):
                theta[j] = (1.0 - away) * theta[j] + aside[j]
                length += theta[j] * theta[j]
            for j in range(d):
                theta[j] /= math.sqrt(length)
    if bounds[0, d] < bounds[1, d]:
        theta[d] = min(max(concentration_from_resultant(0.5 * d - 1.0, one_minus_r), bounds[0, d]), bounds[1, d])


class VonMisesFisher(Distribution):
    r"""Von Mises-Fisher distribution: density :math:`e^{\kappa m'x} / c_d(\kappa)` of a vector x of length one.

    Here :math:`c_d(\kappa) = (2 \pi)^{d/2} I_{d/2-1}(\kappa) / \kappa^{d/2-1}`, and densities are with respect to area
    on the sphere.

    Parameters
    ----------
    loc : array_like, shape (d,), optional
        Mean direction :math:`m`, a vector of length one; d >= 2.
    concentration : float, optional
        Concentration :math:`\kappa` >= 0, a pure number: 0 is the uniform distribution on the sphere.

    Attributes
    ----------
    resultant : float
        Mean resultant length, from 0 to 1: the expectation of :math:`m'x`.

    Notes
    -----
    Rows must have length one: ``X / np.linalg.norm(X, axis=1, keepdims=True)`` gives that. For angles of a circle
    see `VonMises`. `fit` is the maximum-likelihood estimate: the direction of the mean of the rows, and the
    concentration at which its length is expected, by Newton's iteration from the start of Sra, Computational Statistics
    27 (2012). Mardia & Jupp, Directional Statistics (2000), sections 9.3.2 and 10.3.1. Draws by the
    rejection method of Wood, Communications in Statistics: Simulation 23 (1994).

    Examples
    --------
    >>> fitted = VonMisesFisher().fit([[1.0, 0.0], [0.6, 0.8]])
    >>> print(fitted.loc.round(4), round(fitted.concentration, 4))
    [0.8944 0.4472] 5.0455
    """

    loc: Array = parameter(UNIT_VECTOR)
    concentration: float = parameter(NON_NEGATIVE, power=-2)

    support = UNIT_VECTOR
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loc is not None and len(self.loc) < 2:
            raise InvalidParameterError("VonMisesFisher: loc must have at least two entries; it has one")

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while loc is unknown."""
        return None if self.loc is None else len(self.loc)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: d - 1 for the direction, one for the concentration."""
        if self.n_columns is None:
            raise UnknownParameterError(f"{self!r} cannot count its parameters: loc is unknown. Fit it first.")
        return super().n_parameters

    def statistics_size(self) -> int:
        """Return the length of the vector that `accumulate` fills."""
        return 2 + len(self.loc)

    def units(self, scale: Array) -> Array:
        """Return one for the direction, and 0 for the concentration: its own size."""
        return np.append(np.ones(len(self.loc)), 0.0)

    @property
    def resultant(self) -> float:
        """Mean resultant length."""
        self.require_known("give a resultant")
        return float(_ratio(0.5 * len(self.loc) - 1.0, self.concentration))

    @property
    def mean(self) -> Array:
        """Expectation, the resultant times loc, shape (d,)."""
        return self.resultant * self.loc

    @property
    def var(self) -> Array:
        """Variances of the columns, shape (d,)."""
        r, d = self.resultant, len(self.loc)
        across = r / self.concentration if self.concentration > 0 else 1.0 / d
        along = 1.0 - (d - 1) * across - r**2
        return across + np.maximum(along - across, -across) * self.loc**2

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent rows of length one, shape (size, d)."""
        self.require_known("be sampled")
        rng = np.random.default_rng(rng)
        away = self._away(size, rng)[:, np.newaxis]  # 1 - loc'x
        tangent = rng.standard_normal((size, len(self.loc)))
        tangent -= (tangent @ self.loc)[:, np.newaxis] * self.loc
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        rows = self.loc - away * self.loc + np.sqrt(away * (2.0 - away)) * tangent
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def _away(self, size: int, rng: np.random.Generator) -> Array:
        """Draw values of 1 - loc'x, shape (size,)."""
        m, k = len(self.loc) - 1, self.concentration
        b = m / (2.0 * k + math.hypot(2.0 * k, m))
        most = 2.0 * b / (1.0 + b)  # 1 - loc'x where density and proposal are nearest
        log_most = math.log(most * (2.0 - most))
        drawn, missing = np.empty(size), np.arange(size)
        while len(missing):
            z = rng.beta(m / 2.0, m / 2.0, len(missing))
            away = 2.0 * b * z / (1.0 - (1.0 - b) * z)
            # 1 - x0 w, with x0 = 1 - most and w = 1 - away.
            proposal = np.log(most + away - most * away) - log_most
            accepted = k * (most - away) + m * proposal >= np.log1p(-rng.uniform(size=len(missing)))
            drawn[missing[accepted]] = away[accepted]
            missing = missing[~accepted]
        return drawn


@compiled
def _ratio(order, x):
    return bessel_i_ratio(order, x)
