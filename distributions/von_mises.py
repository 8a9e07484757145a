"""The von Mises distribution: angles about a direction, the normal distribution of the circle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NoReturn, Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .bessel import bessel_i_ratio, concentration_from_resultant, log_bessel_i_scaled
from .data import Array
from .domains import NON_NEGATIVE, Domain
from .errors import InvalidDataError
from .kernels import Kernels, compiled, kernel, scalar

PI = math.pi
PI_LOW = 1.2246467991473532e-16  # pi - PI
LOG_2PI = math.log(2.0 * math.pi)
ANGLES = Domain(
    "an angle from -pi to pi, in radians (np.mod(x + np.pi, 2 * np.pi) - np.pi wraps any angle)", low=-PI, high=PI
)
DIRECTIONS = Domain("an angle from -pi to pi, in radians", low=-PI, high=PI, periodic=True)

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_STEP = 0.25  # width of a panel of the quadrature, in standard deviations near the direction
_FARTHEST = 39.0  # standard deviations, where a double cannot hold the density
_INVERSIONS = 100


@scalar
def _sine(t):
    """Return sin t for |t| <= pi / 2, within 2 ulp, by its Taylor series: the first term left out is below 1e-19."""
    z = t * t
    p = 1.9572941063391263e-20  # 1 / 21!
    p = p * z - 8.22063524662433e-18
    p = p * z + 2.8114572543455206e-15
    p = p * z - 7.647163731819816e-13
    p = p * z + 1.6059043836821613e-10
    p = p * z - 2.505210838544172e-08
    p = p * z + 2.7557319223985893e-06
    p = p * z - 0.0001984126984126984
    p = p * z + 0.008333333333333333
    p = p * z - 0.16666666666666666
    return t + t * z * p


@scalar
def _wrapped(x, loc):
    """Return x - loc as an angle from -pi to pi, for angles x and loc in that range."""
    away = x - loc
    turn = 2.0 if away > PI else (-2.0 if away < -PI else 0.0)
    return away - turn * PI - turn * PI_LOW


@kernel
def log_pdf(X, theta, out):
    """Add concentration (cos(x - loc) - 1) - log(2 pi e^-concentration I_0(concentration)); -inf for no angle."""
    loc, concentration = theta[0], theta[1]
    constant = LOG_2PI + log_bessel_i_scaled(0.0, concentration)
    for i in range(out.size):
        x = X[0, i]
        half = _sine(0.5 * _wrapped(x, loc))
        value = -2.0 * concentration * half * half - constant
        out[i] += -math.inf if abs(x) > PI else value


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, sum r (1 - cos(x - loc)) and sum r sin(x - loc)."""
    loc = theta[0]
    total, away, aside = 0.0, 0.0, 0.0
    for i in range(r.size):
        angle = _wrapped(X[0, i], loc)
        half = _sine(0.5 * angle)
        size = abs(angle)
        sine = _sine(min(size, (PI - size) + PI_LOW))
        total += r[i]
        away += r[i] * 2.0 * half * half
        aside += r[i] * math.copysign(sine, angle)
    stats[0] += total
    stats[1] += away
    stats[2] += aside


@kernel
def update(stats, theta, bounds):
    """Set loc to the mean direction, and the concentration so that the mean of cos(x - loc) is its expectation."""
    away, aside = stats[1] / stats[0], stats[2] / stats[0]
    if bounds[0, 0] == bounds[1, 0]:
        one_minus_r = min(away, 1.0)  # rows that point away on average: concentration 0
    else:
        resultant = math.hypot(1.0 - away, aside)
        one_minus_r = min(max((away * (2.0 - away) - aside * aside) / (1.0 + resultant), 0.0), 1.0)
        if resultant > 0.0:
            theta[0] = min(max(_wrapped(theta[0] + math.atan2(aside, 1.0 - away), 0.0), bounds[0, 0]), bounds[1, 0])
    if bounds[0, 1] < bounds[1, 1]:
        concentration = concentration_from_resultant(0.0, one_minus_r)
        theta[1] = min(max(concentration, bounds[0, 1]), bounds[1, 1])


class VonMises(Distribution):
    r"""Von Mises distribution: density :math:`e^{\kappa \cos(x - m)} / (2 \pi I_0(\kappa))` of an angle x.

    **Angles are in radians, from -pi to pi.** Others are refused, not wrapped: ``np.mod(x + np.pi, 2 * np.pi) -
    np.pi`` wraps them, ``np.deg2rad`` converts degrees.

    Parameters
    ----------
    loc : float, optional
        Mean direction :math:`m`, the mode, an angle from -pi to pi in radians.
    concentration : float, optional
        Concentration :math:`\kappa` >= 0, a pure number: 0 is the uniform distribution on the circle, and for large
        values the distribution is all but the normal one of variance 1 / concentration.

    Attributes
    ----------
    resultant : float
        Mean resultant length :math:`I_1(\kappa) / I_0(\kappa)`, from 0 (uniform) to 1 (a point); one minus it is the
        circular variance.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: the direction of the mean of the unit vectors, and the concentration at
    which its length is expected. `mean` and `var` are those of the number x in the range from -pi to pi, which
    cuts the circle; ``loc`` and ``resultant`` describe the distribution without a cut. Mardia & Jupp, Directional
    Statistics (2000), sections 3.5.4 and 5.3.1.

    Examples
    --------
    >>> fitted = VonMises().fit([3.0, -3.0, 3.1])  # about pi, across the cut
    >>> print(f"{fitted.loc:.4f} {fitted.concentration:.2f}")
    3.1276 73.10
    """

    loc: float = parameter(DIRECTIONS)
    concentration: float = parameter(NON_NEGATIVE, power=-2)

    support = ANGLES
    estimator = "inner iteration"
    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 3

    def from_theta(self, theta: Array) -> Self:
        """Return the distribution in ``theta``, where a step may have taken the direction across the cut."""
        beyond = abs(theta[0]) > PI
        return super().from_theta(
            np.array([theta[0] - math.copysign(2.0 * PI, theta[0]) if beyond else theta[0], theta[1]])
        )

    def units(self, scale: Array) -> Array:
        """Return one radian for the direction, and 0 for the concentration: its own size."""
        return np.array([1.0, 0.0])

    @property
    def resultant(self) -> float:
        """Mean resultant length."""
        self.require_known("give a resultant", ("concentration",))
        return float(_ratio(0.0, self.concentration))

    def expected_cells(self, rows: Array, codes: Sequence[Array | None]) -> NoReturn:
        """Raise: the expectation of an angle as a number depends on where the circle is cut."""
        raise InvalidDataError(
            "VonMises cannot impute missing angles: they have no expectation as numbers. Fill them first, such as with "
            "loc, or leave the column out."
        )

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent angles, shape (size,)."""
        self.require_known("be sampled")
        return np.clip(np.random.default_rng(rng).vonmises(self.loc, self.concentration, size), -PI, PI)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x), from the cut at -pi on, by quadrature."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        edges, cumulative = self._panels()
        flat = np.clip(x.ravel(), -PI, PI)
        place = np.clip(np.searchsorted(edges, flat, side="right") - 1, 0, len(edges) - 2)
        values = np.minimum(cumulative[place] + self._mass(edges[place], flat), 1.0)
        values[flat >= PI] = 1.0
        return values.reshape(x.shape)[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q, from the cut at -pi on."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        edges, cumulative = self._panels()
        flat = q.ravel()
        inside = np.flatnonzero((flat > 0) & (flat < 1))
        wanted = flat[inside]
        place = np.clip(np.searchsorted(cumulative, wanted) - 1, 0, len(edges) - 2)
        begin, missing = edges[place], wanted - cumulative[place]
        low, high = begin.copy(), edges[place + 1].copy()
        at = low + (high - low) / 2
        for _ in range(_INVERSIONS):
            excess = self._mass(begin, at) - missing
            low, high = np.where(excess < 0, at, low), np.where(excess < 0, high, at)
            with np.errstate(all="ignore"):
                moved = at - excess / self.pdf(at)
            moved = np.where((moved > low) & (moved < high), moved, low + (high - low) / 2)
            step, at = np.abs(moved - at), moved
            if not np.any(step > 4e-16 * np.maximum(np.abs(at), 1e-3)):
                break
        out = np.full(flat.shape, np.nan)
        out[flat == 0], out[flat == 1], out[inside] = -PI, PI, at
        return out.reshape(q.shape)[()]

    def _panels(self) -> tuple[Array, Array]:
        """Return edges of panels from -pi to pi, fine about the direction, and the probabilities up to them."""
        root = math.sqrt(self.concentration)
        farthest = min(2.0 * root, _FARTHEST)
        steps = np.linspace(0.0, farthest, max(9, math.ceil(farthest / _STEP) + 1))
        half_turn = np.linspace(0.0, PI, 9)[1:]
        away = 2.0 * np.arcsin(np.minimum(steps / (2.0 * root), 1.0)) if root > 0.25 else half_turn
        away = np.union1d(away, half_turn)
        edges = np.concatenate([self.loc + turn + sign * away for turn in (-2 * PI, 0.0, 2 * PI) for sign in (-1, 1)])
        edges = np.unique(np.concatenate([edges[np.abs(edges) < PI], [-PI, PI]]))
        cumulative = np.concatenate([[0.0], np.cumsum(self._mass(edges[:-1], edges[1:]))])
        return edges, cumulative

    def _mass(self, low: Array, high: Array) -> Array:
        """Return the probabilities between angles that lie in one panel each."""
        half = (high - low)[:, np.newaxis] / 2
        nodes = np.clip(low[:, np.newaxis] + half * (1.0 + _NODES), -PI, PI)
        return (half * self.pdf(nodes.ravel()).reshape(nodes.shape)) @ _WEIGHTS


@compiled
def _ratio(order, x):
    return bessel_i_ratio(order, x)
