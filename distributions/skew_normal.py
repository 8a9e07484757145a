"""The skew normal distribution: a normal with one tail pushed in."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr as scipy_log_ndtr
from scipy.special import ndtr, owens_t

from .base import Distribution, Rng, checked, parameter
from .data import Array, as_observed, average, centre_and_scale
from .domains import POSITIVE, REAL
from .errors import InvalidParameterError
from .kernels import Kernels, kernel
from .newton import newton_update
from .normal import LOG_SQRT_2PI
from .normal_functions import inverse_mills, log_ndtr
from .special import reciprocal

LARGEST_SHAPE = 1e4
HALF_NORMAL_MEAN = math.sqrt(2.0 / math.pi)
LARGEST_SKEWNESS = (4.0 - math.pi) / 2.0 * (2.0 / (math.pi - 2.0)) ** 1.5  # of the half-normal
MOST_SKEWED = 0.95  # share of it that a first guess believes
SHARP = 10.0  # from this shape on a second maximum may lie at the half-normal
LEAST_SKEWNESS = 0.02  # of a first guess: at zero the likelihood is stationary


@kernel
def log_pdf(X, theta, out):
    """Add log 2 + log phi(z) + log Phi(shape z) - log scale, z = (x - loc) / scale."""
    loc, inverse, shape = theta[0], reciprocal(theta[1]), theta[2]
    constant = math.log(2.0) - LOG_SQRT_2PI - math.log(theta[1])
    for i in range(out.size):
        z = (X[0, i] - loc) * inverse
        out[i] += constant - 0.5 * z * z + log_ndtr(shape * z)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, the score and the second derivatives in moves of loc (by scale), log scale and shape (by its size)."""
    loc, inverse, shape, unit = theta[0], reciprocal(theta[1]), theta[2], max(1.0, abs(theta[2]))
    total, s0, s1, s2 = 0.0, 0.0, 0.0, 0.0
    h00, h10, h11, h20, h21, h22 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        z = (X[0, i] - loc) * inverse
        t = shape * z
        slope = inverse_mills(t)  # of log Phi
        bend = -slope * (t + slope)
        pull = z - shape * slope
        stiff = 1.0 - shape * shape * bend
        total += r[i]
        s0 += r[i] * pull
        s1 += r[i] * (z * pull - 1.0)
        s2 += r[i] * z * slope * unit
        h00 -= r[i] * stiff
        h10 -= r[i] * (pull + z * stiff)
        h11 -= r[i] * z * (pull + z * stiff)
        h20 -= r[i] * (slope + t * bend) * unit
        h21 -= r[i] * z * (slope + t * bend) * unit
        h22 += r[i] * z * z * bend * unit * unit
    for j, value in enumerate((total, s0, s1, s2, h00, h10, h11, h20, h21, h22)):
        stats[j] += value


@kernel
def update(stats, theta, bounds):
    """Take one Newton step."""
    newton_update(stats, theta, bounds, np.array([theta[1], 0.0, max(1.0, abs(theta[2]))]))


class SkewNormal(Distribution):
    r"""Skew normal: density :math:`2 \phi(z) \Phi(\alpha z) / s`, :math:`z = (x - m) / s`, on the real line.

    Parameters
    ----------
    loc : float, optional
        Location :math:`m`, finite, in the unit of x; it is not the mean unless shape is 0.
    scale : float, optional
        Scale :math:`s` > 0, in the unit of x; it is not the standard deviation unless shape is 0.
    shape : float, optional
        Shape :math:`\alpha`, of the sign of the skewness: 0 is the normal; without end it becomes the half-normal.

    Notes
    -----
    `fit` is the maximum-likelihood estimate, by safeguarded Newton steps in loc, log scale and shape, from the moments,
    from their mirror image and from the half-normal; the best of these ends is taken. At shape 0 the likelihood of any
    data is stationary; with rows of skewness next to zero it is so flat there that the shape is hardly determined, by
    any method. The shape is looked for between -10000 and 10000, and ends there where the rows look like a
    half-normal's; that is their maximum, not an error. Azzalini (1985), "A class of distributions which includes the
    normal ones".

    Examples
    --------
    >>> SkewNormal(0.0, 1.0, 1.0).cdf(0.0).round(12)
    np.float64(0.25)
    """

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)
    shape: float = parameter(REAL, limits=(-LARGEST_SHAPE, LARGEST_SHAPE))

    support = REAL
    kernels = Kernels(log_pdf, accumulate, update)
    stepwise = True
    n_statistics = 10

    @classmethod
    def from_moments(cls, mean: float, std: float, skewness: float) -> Self:
        """Return the distribution with this mean, standard deviation and skewness (less than 0.9952 either way).

        Examples
        --------
        >>> round(SkewNormal.from_moments(1.0, std=2.0, skewness=0.5).mean, 12)
        1.0
        """
        mean, std = checked(cls, "mean", REAL, mean), checked(cls, "std", POSITIVE, std)
        skewness = checked(cls, "skewness", REAL, skewness)
        if not abs(skewness) < LARGEST_SKEWNESS:
            raise InvalidParameterError(
                f"{cls.__name__}: skewness must lie within {LARGEST_SKEWNESS:.4f} of 0; got {skewness!r}"
            )
        ratio = math.copysign((2.0 * abs(skewness) / (4.0 - math.pi)) ** (1.0 / 3.0), skewness)
        mean_of_z = ratio / math.hypot(1.0, ratio)
        delta = mean_of_z / HALF_NORMAL_MEAN
        scale = std / math.sqrt(1.0 - mean_of_z**2)
        return cls(mean - scale * mean_of_z, scale, delta / math.sqrt(1.0 - delta**2))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        half, other = np.random.default_rng(rng).standard_normal((2, size))
        return self.loc + self.scale * ((self.shape * np.abs(half) + other) / math.hypot(1.0, self.shape))

    @property
    def mean(self) -> float:
        """Expectation, loc + scale delta sqrt(2 / pi), where delta = shape / sqrt(1 + shape^2)."""
        self.require_known("give a mean")
        return self.loc + self.scale * _mean_of_z(self.shape)

    @property
    def var(self) -> float:
        """Variance, scale^2 (1 - 2 delta^2 / pi)."""
        self.require_known("give a variance", ("scale", "shape"))
        return self.scale * self.scale * (1.0 - _mean_of_z(self.shape) ** 2)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x), by Owen's T function."""
        self.require_known("give a probability")
        z = np.atleast_1d((np.asarray(x, dtype=float) - self.loc) / self.scale)
        normal = ndtr(z)
        result = np.clip(normal - 2.0 * owens_t(z, self.shape), 0.0, 1.0)
        lost = (result < 1e-3 * normal) & np.isfinite(z) & (z < 0.0)
        result[lost] = _left_tail(z[lost], self.shape)
        return result.reshape(np.shape(x))[()]

    # ------------------------------------------------------------------- the view of the compiled loops

    def units(self, scale: Array) -> Array:
        """Return what steps are measured against: a shape near zero, against one."""
        return np.array([scale[0], 0.0, max(1.0, abs(self.shape))])

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with mean, standard deviation and skewness of the data, the latter never quite zero."""
        return self._guess(rows, weight, smallest, 0.0)

    def _guess(self, rows: Array, weight: Array | None, smallest: float | Array, sign: float) -> Self:
        """Return a first guess, of a skewness of the sign given, if one is."""
        centre, spread = centre_and_scale(rows, weight)
        mean, std = float(centre[0]), float(np.maximum(spread, smallest)[0])
        skewness = average(((rows[:, 0] - mean) / std) ** 3, weight)
        sign = sign or math.copysign(1.0, skewness)
        size = min(max(abs(skewness), LEAST_SKEWNESS), MOST_SKEWED * LARGEST_SKEWNESS)
        guess = type(self).from_moments(mean, std, math.copysign(size, sign))
        if self.shape is not None:  # the moments go with it
            scale = std / math.sqrt(1.0 - _mean_of_z(self.shape) ** 2)
            guess = type(self)(mean - scale * _mean_of_z(self.shape), scale, self.shape)
        return self.with_values(**{name: getattr(guess, name) for name in self.unknown})

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the best of the maxima that a positive, a negative and an endless shape lead to: see the base."""
        best, held = super().fit_bounded(rows, weight, scale, floor, iterations)
        if "shape" in self.frozen:
            return best, held
        x, sign = as_observed(rows), math.copysign(1.0, best.shape)
        blank = self.with_values(**{name: None for name in self.parameters if name not in self.frozen})
        # From unknown parameters the climb began at the moments, with the sign of their skewness.
        begun = math.copysign(1.0, self.first_guess(rows, weight, floor * scale).shape) if self == blank else 0.0
        starts = [blank._guess(rows, weight, floor * scale, s) for s in (-1.0, 1.0) if s != begun]
        if abs(best.shape) > SHARP:
            starts.append(blank._half_normal(rows, weight, floor * scale, sign))
        for start in starts:
            other, held_other = super(SkewNormal, start).fit_bounded(rows, weight, scale, floor, iterations)
            if other.log_likelihood(x, weight) > best.log_likelihood(x, weight):
                best, held = other, held_other
        return best, held

    def _half_normal(self, rows: Array, weight: Array | None, smallest: float | Array, sign: float) -> Self:
        """Return the half-normal that begins (sign 1) or ends (-1) at the outermost row."""
        edge = float(rows.min() if sign > 0 else rows.max())
        scale = max(math.sqrt(average((rows[:, 0] - edge) ** 2, weight)), float(np.max(smallest)))
        values = {"loc": edge - 3.0 * sign * scale / LARGEST_SHAPE, "scale": scale, "shape": sign * LARGEST_SHAPE}
        return self.with_values(**{name: values[name] for name in self.unknown})


def _mean_of_z(shape: float) -> float:
    return HALF_NORMAL_MEAN * shape / math.hypot(1.0, shape)


def _left_tail(z: Array, shape: float) -> Array:
    """Return P(Z <= z) for z < 0 where a positive shape leaves next to nothing: the difference with T would cancel.

    The density is integrated leftwards in units of its own decay; it falls faster than exponentially.
    """
    log_density = math.log(2.0) - LOG_SQRT_2PI - 0.5 * z * z + scipy_log_ndtr(shape * z)
    mills = np.exp(-0.5 * (shape * z) ** 2 - LOG_SQRT_2PI - scipy_log_ndtr(shape * z))
    decay = shape * mills - z
    u = z[:, np.newaxis] - _NODES / decay[:, np.newaxis]
    terms = math.log(2.0) - LOG_SQRT_2PI - 0.5 * u * u + scipy_log_ndtr(shape * u) - log_density[:, np.newaxis]
    return np.exp(log_density) / decay * (np.exp(terms) @ _WEIGHTS)


def _panels(*ends: float) -> tuple[Array, Array]:
    """Return nodes and weights of Gauss and Legendre on panels with these ends."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = np.diff(ends)[:, np.newaxis] / 2.0
    return (np.array(ends[:-1])[:, np.newaxis] + half * (1.0 + nodes)).ravel(), (half * weights).ravel()


_NODES, _WEIGHTS = _panels(0.0, 3.0, 12.0, 40.0)
