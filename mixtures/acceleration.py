"""Acceleration of EM: from two successive steps to a point far ahead of them.

SQUAREM, Varadhan & Roland, Scandinavian Journal of Statistics 35 (2008), with their step length S3: of EM steps
x0, x1, x2, with r = x1 - x0 and v = (x2 - x1) - r, the point is x0 + 2 a r + a^2 v with a = |r| / |v|; a = 1 is x2. It
is taken in the coordinates of the domains, where it cannot leave them. `em` looks at it, and returns to EM where the
likelihood is lower there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from distributions.coordinates import move_along, to_coordinates
from distributions.data import Array
from distributions.domains import HELD, PROPORTIONS
from distributions.kernels import copy_to, in_order

from .observed import Integers

LONGER = 4.0  # factor on the longest length that is allowed, up where it is reached and confirmed, else down
FARTHEST = 0.25  # that a coordinate goes beyond the last point: further off EM might end at another optimum
SHORTEST = 1.01  # length that is not worth it
FORGET = 1.25  # factor by which the longest length that was called for fades with each that is computed


class Coordinates(NamedTuple):
    """Coordinates of the parts of a point, theta and then the proportions of each choice; no parts for plain EM."""

    kind: Integers  # (parts,), see `distributions.domains`
    at: Integers  # (parts + 1,): places in the point
    low: Array  # of each entry of the point: ends of its domain
    high: Array
    period: Array  # 0 where there is none
    unit: Array  # what a step of a number without ends is measured against
    lowest: Array  # the box in which EM keeps the entry
    highest: Array

    @classmethod
    def none(cls) -> Coordinates:
        """Return those of plain EM."""
        return cls(np.empty(0, np.int64), np.zeros(1, np.int64), *np.empty((6, 0)))

    @classmethod
    def of(
        cls,
        leaves: Sequence[Any],
        units: Sequence[Array],
        bounds: Sequence[Array],
        groups: Sequence[tuple[list[int], Any]],
        options: Sequence[int],
    ) -> Coordinates:
        """Return those of compiled leaves and of choices; none where EM is not safe to accelerate.

        That is where something free has no coordinates, or a constraint is not kept on straight lines in them.

        Parameters
        ----------
        leaves : sequence of Distribution
        units, bounds : sequence of ndarray
            Of each leaf, shapes (p,) and (2, p).
        groups : sequence of (list of int, Constraint)
            Leaves that are updated together.
        options : sequence of int
            Number of options of each choice.
        """
        if not all(constraint.holds_on_lines([leaves[i] for i in group]) for group, constraint in groups):
            return cls.none()
        kinds: list[int] = []
        sizes: list[int] = []
        ends: list[Array] = []
        for leaf, unit in zip(leaves, units, strict=True):
            parts = leaf.theta_domains if leaf.n_parameters else ((None, unit.size),)
            separate = any(domain is not None and domain.coordinates == HELD for domain, _ in parts)
            if separate or sum(size for _, size in parts) != unit.size:
                return cls.none()
            for domain, size in parts:
                kinds.append(HELD if domain is None else domain.coordinates)
                sizes.append(size)
                own = (-np.inf, np.inf, 0.0) if domain is None else (*domain.ends, domain.period)
                ends.append(np.tile(np.array(own)[:, np.newaxis], size))
        n = sum(options)
        table = np.vstack([np.hstack(ends), np.concatenate(units), np.hstack(bounds)])
        of_options = np.tile([[0.0], [1.0], [0.0], [1.0], [0.0], [1.0]], n)
        return cls(
            np.array([*kinds, *(PROPORTIONS for _ in options)]),
            np.cumsum([0, *sizes, *options]),
            *np.hstack([table, of_options]),
        )


@in_order
def fill_coordinates(places, point, u, measure):
    """Fill the coordinates of a point, and how much the square of a step in each counts."""
    u[:], measure[:] = 0.0, 0.0
    for part in range(places.kind.size):
        begin, end = places.at[part], places.at[part + 1]
        if places.kind[part] != HELD:
            to_coordinates(
                places.kind[part],
                point[begin:end],
                places.low[begin:end],
                places.high[begin:end],
                places.unit[begin:end],
                u[begin:end],
                measure[begin:end],
            )


@in_order
def step_ahead(places, point, u, step):
    """Move a point, in place, by a step from its coordinates u; return whether it is sure to be legal there."""
    for part in range(places.kind.size):
        begin, end = places.at[part], places.at[part + 1]
        if places.kind[part] != HELD and not move_along(
            places.kind[part],
            u[begin:end],
            step[begin:end],
            point[begin:end],
            places.low[begin:end],
            places.high[begin:end],
            places.period[begin:end],
            places.lowest[begin:end],
            places.highest[begin:end],
        ):
            return False
    return True


@in_order
def extrapolate(places, first, second, third, longest):
    """Move the third of three successive points of EM on, in place; return the length, and the one called for.

    A length of 1 says that it stays. Where the point is not legal, as below the floor of a scale, or too far away, one
    nearer is taken.

    Parameters
    ----------
    places : Coordinates
    first, second, third : ndarray, shape (n,)
    longest : float
        Largest length allowed.
    """
    n = third.size
    u, middle, measure, here = np.empty(n), np.empty(n), np.empty(n), third.copy()
    step, bend = np.empty(n), np.empty(n)
    fill_coordinates(places, first, step, measure)
    fill_coordinates(places, second, middle, measure)
    fill_coordinates(places, third, u, measure)
    squares, bends = 0.0, 0.0
    for j in range(n):
        one, two = middle[j] - step[j], u[j] - middle[j]
        if places.period[j] > 0.0:  # whichever way round is shorter
            one -= places.period[j] * math.floor(one / places.period[j] + 0.5)
            two -= places.period[j] * math.floor(two / places.period[j] + 0.5)
        if not math.isfinite(one + two):  # an end of a domain has no place on the line
            one, two = 0.0, 0.0
        step[j], bend[j] = one, two - one
        if one != 0.0 or two != 0.0:
            squares += measure[j] * step[j] * step[j]
            bends += measure[j] * bend[j] * bend[j]
    if not (bends > 0.0 and squares < math.inf):
        return 1.0, 1.0
    wanted = max(math.sqrt(squares / bends), 1.0)
    length = min(wanted, longest)
    while length > SHORTEST:
        ahead, most = 2.0 * (length - 1.0) * step + (length * length - 1.0) * bend, 0.0
        for j in range(n):
            most = max(most, math.sqrt(measure[j]) * abs(ahead[j])) if ahead[j] != 0.0 else most
        if most <= FARTHEST and step_ahead(places, third, u, ahead):
            return length, wanted
        copy_to(third, here)
        length = (1.0 + length) / 2.0
    return 1.0, wanted
