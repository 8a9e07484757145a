"""The maximum of a smooth function of a few numbers, found without its derivatives: where no closed form is.

Parameters become coordinates, numbers on the whole line of order one. Newton's method climbs, with differences for
derivatives; where it sticks, as at a kink, the simplex method of Nelder & Mead goes on.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from scipy.special import expit, logit

from .data import Array
from .domains import Domain
from .errors import ConvergenceWarning, InvalidParameterError
from .newton import newton_move

if TYPE_CHECKING:
    from .base import Distribution, Parameter

    D = TypeVar("D", bound=Distribution)

STEPS, HALVINGS = 60, 30
DIFFERENCE = 1e-4  # in coordinates of order one: errors of second differences and of the cubic term balance
SETTLED = 1e-5  # Newton's last step: the error after it is about its square
FARTHEST = 18.0  # of a coordinate: shapes up to 6e7
FARTHEST_OFF = 1e5  # of a location, in widths
FAR, FAR_LOCATION = 12.0, 1e3  # from the origin: a likelihood that still rises there has no maximum
ROUNDS = 4
SMALLEST = np.finfo(float).tiny

Function = Callable[[Array], Array]  # of k points, shape (k, p): values, shape (k,), -inf where there is none


# ------------------------------------------------------------------------------------------------- coordinates


class Coordinate(NamedTuple):
    """A parameter as a number on the whole line."""

    name: str
    to_value: Callable[[float], float]
    to_coordinate: Callable[[float], float]
    low: float
    high: float
    ends: tuple[float, ...] = ()  # of its domain, if they belong to it: beyond the ends of the coordinate


def location(name: str, origin: float, width: float) -> Coordinate:
    """Return the coordinate of a location whose values are about an origin."""
    return Coordinate(name, lambda u: width * u, lambda v: (v - origin) / width, -math.inf, math.inf)


def positive(name: str, low: float, unit: float = 1.0, ends: tuple[float, ...] = ()) -> Coordinate:
    """Return the coordinate of a number above ``low``: a logarithm, zero where it is ``unit`` above."""
    return Coordinate(
        name,
        lambda u: low + unit * math.exp(u),
        lambda v: math.log(max(v - low, SMALLEST) / unit),
        -FARTHEST,
        FARTHEST,
        ends,
    )


def shape(name: str, domain: Domain) -> Coordinate:
    """Return the coordinate of a pure number: a logarithm, log odds, or the inverse hyperbolic sine."""
    low, high = domain.low, domain.high
    ends = (() if domain.low_open else (low,)) + (() if domain.high_open else (high,))
    ends = tuple(end for end in ends if math.isfinite(end))
    if not math.isfinite(low):
        return Coordinate(name, math.sinh, math.asinh, -FARTHEST, FARTHEST, ends)
    if not math.isfinite(high):
        return positive(name, low, ends=ends)
    width = high - low

    def to_coordinate(value: float) -> float:
        return float(logit(min(max((value - low) / width, 1e-15), 1.0 - 1e-15)))

    return Coordinate(name, lambda u: low + width * float(expit(u)), to_coordinate, -30.0, 30.0, ends)


# ------------------------------------------------------------------------------------- parameters of a family


def merged(x: Array, weight: Array | None) -> tuple[Array, Array]:
    """Return the different values, ascending, and the share of each in the weight."""
    unique, inverse = np.unique(x, return_inverse=True)
    mass = np.bincount(inverse.ravel(), weights=weight, minlength=len(unique)).astype(float)
    return unique, mass / mass.sum()


def own_fit(family: D, rows: Array, weight: Array | None, scale: Array, floor: float) -> tuple[D, tuple[str, ...]]:
    """Return the family's own fit to rows, where a climb may start, and what is held; a first guess if it has none."""
    free = {p.name: None for p in family.declared if p.name not in family.frozen}
    blank = family.with_values(**free)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a start need not be a maximum
            return blank.fit_bounded(rows, weight, scale, floor)
    except (ValueError, ArithmeticError):
        return blank.first_guess(rows, weight, floor * scale), ()


def fitted(
    start: D, origin: D, mean_log_density: Callable[[D], float], scale: Array, floor: float, owner: str
) -> tuple[D, tuple[str, ...]]:
    """Return the distribution of greatest mean log density of whatever was observed, and what is held at a floor.

    Parameters
    ----------
    start : Distribution
        All parameters known; the frozen ones are kept.
    origin : Distribution
        A guess from the data alone: a maximum very far from it is none, the likelihood rises for ever.
    mean_log_density : callable
        Of a distribution with other parameters; -inf where there is none.
    scale, floor
        As in `Distribution.bounds`.
    owner : str
        Name for messages.

    Raises
    ------
    InvalidParameterError
        If a free parameter is not one real number.
    """
    free = [p for p in start.declared if p.name not in start.frozen]
    for p in free:
        if np.ndim(start.parameters[p.name]) or p.domain.discrete:
            raise InvalidParameterError(
                f"{owner} cannot fit {p.name} of {type(start).__name__}, which is {p.domain.text}: "
                "it varies single real numbers only. Freeze it."
            )
    if not free:
        return start, ()
    box = start.bounds(scale, floor)
    places = [list(start.parameters).index(p.name) for p in free]
    ways = [_coordinate(p, origin.parameters[p.name], scale) for p in free]
    best, travelled = start, np.array([way.to_coordinate(start.parameters[way.name]) for way in ways])
    for _ in range(ROUNDS):
        coordinates = [_coordinate(p, best.parameters[p.name], scale) for p in free]
        low, high = _coordinate_box(coordinates, box[:, places])

        def at(u: Array, coordinates: list[Coordinate] = coordinates) -> Array:
            values = np.array([mean_log_density(_moved(start, coordinates, point)) for point in u])
            return np.where(np.isnan(values), -np.inf, values)

        u = np.array([c.to_coordinate(best.parameters[c.name]) for c in coordinates])
        moved = climb(at, np.clip(u, low, high), low, high)
        best = _at_ends(_moved(start, coordinates, moved), coordinates, mean_log_density)
        travelled += moved - u
        if np.max(np.abs(moved - u)) < 1.0:
            break  # else in coordinates about what was found the rest of the way is exact
    held = set(start.at_bounds(best.to_theta(), box))
    limits = [FAR_LOCATION if p.domain.is_location and p.power else FAR for p in free]
    inside = [p.limits[0] < best.parameters[p.name] < p.limits[1] for p in free]  # a limit is a benign end
    # Nor is it far to come in from, or to stay near, where the family's own fit to other rows stopped.
    out = [_extremity(p, best.parameters[p.name]) >= _extremity(p, origin.parameters[p.name]) + 1.0 for p in free]
    far = np.abs(travelled) > limits
    held |= {p.name for p, *signs in zip(free, inside, out, far, strict=True) if all(signs)}
    return best, tuple(p.name for p in free if p.name in held)


def is_extreme(distribution: Distribution) -> bool:
    """Whether a free pure number is so far out that a family's own fit stopped there, on its way to a limit."""
    free = [p for p in distribution.declared if p.name not in distribution.frozen and not p.power]
    return any(_extremity(p, distribution.parameters[p.name]) > FAR for p in free)


def _extremity(p: Parameter, value: float) -> float:
    """Return how far a pure number is from the middle of its domain; infinity of others, which have none."""
    return math.inf if p.power or np.ndim(value) else abs(shape(p.name, p.domain).to_coordinate(value))


def _coordinate(p: Parameter, value: float, scale: Array) -> Coordinate:
    """Return the coordinate of a parameter, zero at its value."""
    domain = p.domain
    if domain.is_location and p.power:
        width = float(scale[0]) ** p.power
        return Coordinate(
            p.name, lambda u: value + width * u, lambda v: (v - value) / width, -FARTHEST_OFF, FARTHEST_OFF
        )
    if math.isfinite(domain.low) and not math.isfinite(domain.high) and value > domain.low:
        return positive(p.name, domain.low, value - domain.low)
    return shape(p.name, domain)


def _coordinate_box(coordinates: list[Coordinate], box: Array) -> tuple[Array, Array]:
    """Return the ends of the coordinates, no further than a box of the values."""
    ends = []
    for c, low, high in zip(coordinates, *box, strict=True):
        ends.append(
            (
                c.to_coordinate(low) if c.to_value(c.low) < low else c.low,
                c.to_coordinate(high) if c.to_value(c.high) > high else c.high,
            )
        )
    low, high = np.array(ends).T
    return low, high


def _moved(start: D, coordinates: list[Coordinate], u: Array) -> D:
    return start.with_values(**{c.name: float(c.to_value(v)) for c, v in zip(coordinates, u.tolist(), strict=True)})


def at_an_end(distribution: Distribution) -> bool:
    """Whether a free parameter, a number, is at an end of its domain that belongs to it."""
    free = [p for p in distribution.declared if p.name not in distribution.frozen]
    return any(distribution.parameters[p.name] in (p.domain.low, p.domain.high) for p in free)


def _at_ends(best: D, coordinates: list[Coordinate], mean_log_density: Callable[[D], float]) -> D:
    """Return the distribution with parameters at ends of their domains that are as good."""
    value = mean_log_density(best)
    for c in coordinates:
        for end in c.ends:
            trial = best.with_values(**{c.name: end})
            there = mean_log_density(trial)
            if there >= value - 1e-13:
                best, value = trial, there
    return best


# --------------------------------------------------------------------------------------------------- the climb


def climb(function: Function, u: Array, low: Array, high: Array) -> Array:
    """Return the maximum that is reached from u inside a box.

    Parameters
    ----------
    function : callable
        Values, shape (k,), at points, shape (k, p); of order one, such as a mean log density.
    u, low, high : ndarray, shape (p,)
        The start, and the ends of the box.
    """
    if not len(u):
        return u
    for _ in range(3):
        u, settled = _newton(function, u, low, high)
        if settled:
            break
        from scipy.optimize import minimize  # deferred: a slow import

        simplex = np.vstack([u, u + np.diag(np.where(u + 0.05 < high, 0.05, -0.05))])
        options = {"xatol": 1e-10, "fatol": 1e-15, "maxiter": 400 * len(u), "initial_simplex": simplex}
        found = minimize(lambda v: -_value(function, np.clip(v, low, high)), u, method="Nelder-Mead", options=options)
        gain, u = -found.fun - _value(function, u), np.clip(found.x, low, high)
        if not gain > 1e-12:
            break
    return u


def _value(function: Function, u: Array) -> float:
    return float(function(u[np.newaxis])[0])


def _newton(function: Function, u: Array, low: Array, high: Array) -> tuple[Array, bool]:
    """Return where Newton's method ends, and whether that is a maximum."""
    value = _value(function, u)
    for _ in range(STEPS):
        derivatives = _derivatives(function, u, value)
        if derivatives is None:
            return u, False
        score, hessian = derivatives
        move = newton_move(score, hessian, low - u, high - u)
        size = float(np.max(np.abs(move)))
        if size <= SETTLED:
            moved = np.clip(u + move, low, high)
            return (moved if _value(function, moved) >= value - 1e-14 * (1.0 + abs(value)) else u), True
        for _ in range(HALVINGS):
            moved = np.clip(u + move, low, high)
            there = _value(function, moved)
            if there > value:
                break
            move = move / 2
        else:
            # Nothing is left to gain but rounding: then this is the maximum, and else a kink.
            return u, bool(abs(score @ move) * 2.0**HALVINGS <= 1e-11)
        u, value = moved, there
    return u, False


def _derivatives(function: Function, u: Array, value: float) -> tuple[Array, Array] | None:
    """Return first and second derivatives (the lower triangle) by central differences, None at an edge."""
    p = len(u)
    pairs = [(a, b) for a in range(p) for b in range(a)]
    for h in (DIFFERENCE, 1e-2 * DIFFERENCE):
        step = h * np.eye(p)
        both = np.array([step[a] + step[b] for a, b in pairs]).reshape(len(pairs), p)
        up, down, up_up, down_down = np.split(
            function(u + np.concatenate([step, -step, both, -both])), np.cumsum([p, p, len(pairs)])
        )
        score = (up - down) / (2.0 * h)
        hessian = np.zeros(p * (p + 1) // 2)
        with np.errstate(invalid="ignore"):
            for a in range(p):
                hessian[a * (a + 3) // 2] = (up[a] - 2.0 * value + down[a]) / h**2
            for (a, b), cross in zip(pairs, up_up + down_down, strict=True):
                rest = cross + 2.0 * value - up[a] - down[a] - up[b] - down[b]
                hessian[a * (a + 1) // 2 + b] = rest / (2.0 * h**2)
        if np.isfinite(score).all() and np.isfinite(hessian).all():
            return score, hessian
    return None
