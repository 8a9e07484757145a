"""Leaves of one family whose parameters are multiples of common values: one Newton step for all of them together.

The expected log-likelihood of the members is a sum, so its score and second derivatives in the common values, and in
what stays a member's own, are sums of those in the members' entries of theta (`derivatives`), weighted by the factors.
The step is a line in theta, on which ties hold: half of it is as legal as the whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distributions.base import Distribution, Parameter
from distributions.data import Array
from distributions.kernels import compiled, kernel
from distributions.newton import LEAST, newton_move

from .derivatives import n_derivatives

FIELDS = 6  # of an entry in a setting: number of its value, factor, unit, period, ends of the domain
INSIDE = 1e-2  # of the width of a domain, or of one: how far from its end a start is moved


@compiled
def assemble(stats, factors, number, n_values, score, hessian):
    """Fill score and lower triangle of second derivatives in the values from those in the members' entries."""
    n, q = number.shape
    score[:], hessian[:] = 0.0, 0.0
    for i in range(n):
        for j in range(q):
            a = number[i, j]
            score[a] += factors[i, j] * stats[i, j]
            for k in range(j + 1):
                b = number[i, k]
                bend = factors[i, j] * factors[i, k] * stats[i, q + j * (j + 1) // 2 + k]
                high, low = max(a, b), min(a, b)
                hessian[high * (high + 1) // 2 + low] += bend


@compiled
def ends_of(factor, low, high):
    """Return the ends of v for low <= factor v <= high."""
    return (low / factor, high / factor) if factor > 0.0 else (high / factor, low / factor)


@kernel
def update_jointly(stats, theta, bounds, setting):
    """Take one safeguarded Newton step in the values, inside the boxes and the domains of all members."""
    n = stats.shape[0]
    q, n_values = int(setting[0]), int(setting[1])
    entries = setting[2:].reshape(n, q, FIELDS)
    number, factors = entries[:, :, 0].astype(np.int64), entries[:, :, 1].copy()
    value, unit = np.zeros(n_values), np.full(n_values, np.inf)
    lowest, highest = np.full(n_values, -np.inf), np.full(n_values, np.inf)
    least, most, pinned = lowest.copy(), highest.copy(), np.zeros(n_values, dtype=np.bool_)
    for i in range(n):
        for j in range(q):
            a, factor = number[i, j], factors[i, j]
            value[a] = theta[i, j] / factor
            low, high = ends_of(factor, entries[i, j, 4], entries[i, j, 5])
            least[a], most[a] = max(least[a], low), min(most[a], high)
            pinned[a] |= bounds[i, 0, j] == bounds[i, 1, j]
            if entries[i, j, 3] == 0.0:
                low, high = ends_of(factor, bounds[i, 0, j], bounds[i, 1, j])
                lowest[a], highest[a] = max(lowest[a], low), min(highest[a], high)
            if entries[i, j, 2] > 0.0:
                unit[a] = min(unit[a], entries[i, j, 2] / abs(factor))
    score, hessian = np.empty(n_values), np.empty(n_derivatives(n_values) - n_values)
    assemble(stats, factors, number, n_values, score, hessian)
    floor, ceiling = np.empty(n_values), np.empty(n_values)
    for a in range(n_values):
        unit[a] = min(unit[a], value[a] - least[a], most[a] - value[a])
        flat = score[a] == 0.0 and hessian[a * (a + 3) // 2] == 0.0  # pinned in one member, or no rows are left
        if pinned[a] or flat or not (unit[a] > 0.0 and unit[a] < np.inf):
            floor[a], ceiling[a], unit[a] = 0.0, 0.0, 0.0
        else:
            floor[a] = min((lowest[a] - value[a]) / unit[a], 0.0)
            ceiling[a] = max((highest[a] - value[a]) / unit[a], 0.0)
        score[a] *= unit[a]
        for b in range(a + 1):
            hessian[a * (a + 1) // 2 + b] *= unit[a] * unit[b]
    move = newton_move(score, hessian, floor, ceiling)
    part = 1.0
    for a in range(n_values):  # a part of the way to an end of the domain is left: beyond it there is no density
        step = move[a] * unit[a]
        room = (1.0 - LEAST) * (most[a] - value[a] if step > 0.0 else value[a] - least[a])
        if abs(step) > room:
            part = min(part, room / abs(step))
    for a in range(n_values):
        if unit[a] > 0.0:
            value[a] += part * move[a] * unit[a]
            if floor[a] < 0.0:
                value[a] = max(value[a], lowest[a])
            if ceiling[a] > 0.0:
                value[a] = min(value[a], highest[a])
    for i in range(n):
        for j in range(q):
            a, period = number[i, j], entries[i, j, 3]
            if unit[a] > 0.0:
                theta[i, j] = factors[i, j] * value[a]
                if period > 0.0 and abs(theta[i, j]) > 0.75 * period:  # half of a step is a line, across the cut too
                    theta[i, j] -= math.copysign(period, theta[i, j])


def domain_of_value(parameters: Sequence[Parameter], factors: Sequence[float]) -> tuple[float, float]:
    """Return between which ends a value must lie, so that its multiples lie in the domains of parameters."""
    ends = [
        sorted((p.domain.low / factor, p.domain.high / factor)) for p, factor in zip(parameters, factors, strict=True)
    ]
    return max(low for low, _ in ends), min(high for _, high in ends)


def common_value(
    parameters: Sequence[Parameter], values: Sequence[float], factors: Sequence[float], shares: Sequence[float]
) -> float:
    """Return the value whose multiples are nearest to these: a mean, of logarithms where all must be positive.

    Parameters
    ----------
    parameters, values, factors, shares
        Of each member.
    """
    ratios = np.array(values) / np.array(factors)
    if np.all(ratios == ratios[0]):
        return float(ratios[0])
    low, high = domain_of_value(parameters, factors)
    if parameters[0].domain.periodic:
        turn = 2.0 * np.pi / (parameters[0].domain.high - parameters[0].domain.low)
        return float(np.angle(np.average(np.exp(1j * turn * ratios), weights=shares)) / turn)
    if low == 0.0 and np.isinf(high) and np.all(ratios > 0.0):
        return float(np.exp(np.average(np.log(ratios), weights=shares)))
    value = float(np.average(ratios, weights=shares))
    margin = INSIDE * min(high - low, 1.0)
    if np.isfinite(low) and value <= low:
        value = low + margin
    return high - margin if np.isfinite(high) and value >= high else value


@dataclass(frozen=True)
class CommonValues:
    """Values that several leaves of one family share, each times a factor.

    Parameters
    ----------
    number : tuple of tuple of int
        For each member and each of its parameters, all single numbers, the number of the value that it is a multiple
        of.
    factor : tuple of tuple of float
        The multiples.
    """

    number: tuple[tuple[int, ...], ...]
    factor: tuple[tuple[float, ...], ...]

    by_derivatives = True
    leaves_means_alone = False

    @property
    def kernel(self) -> Any:
        """The joint update."""
        return update_jointly

    @property
    def is_symmetric(self) -> bool:
        """Whether the members may change places."""
        columns = list(zip(*self.number, strict=True))
        one_each = all(len(set(column)) in (1, len(column)) for column in columns)
        return one_each and all(factor == 1.0 for row in self.factor for factor in row)

    def holds_on_lines(self, components: Sequence[Any]) -> bool:
        """Whether multiples do so: equal ones do, others where coordinates are themselves or logarithms."""
        return all(
            factor == 1.0 or p.domain.is_location or p.domain.ends == (0.0, np.inf)
            for component, factors in zip(components, self.factor, strict=True)
            for p, factor in zip(component.declared, factors, strict=True)
        )

    def setting(self, components: Sequence[Any], units: Sequence[Array]) -> Array:
        """Return what the kernel needs to know: sizes, then the fields of each entry of each member."""
        entries = []
        for component, unit, numbers, factors in zip(components, units, self.number, self.factor, strict=True):
            for p, length, number, factor in zip(component.declared, unit, numbers, factors, strict=False):
                low, high = p.domain.ends
                period = p.domain.high - p.domain.low if p.domain.periodic else 0.0
                entries += [number, factor, length if np.isfinite(length) else 0.0, period, low, high]
        return np.array([len(self.number[0]), 1.0 + max(map(max, self.number)), *entries])

    def started(self, components: Sequence[Any], shares: Sequence[float], bounds: Sequence[Array]) -> list[Any]:
        """Return the members with values that the tie allows: of parameters that are tied, means of their own."""
        values: list[dict[str, float]] = [{} for _ in components]
        for number in range(1 + max(map(max, self.number))):
            places = [(i, j) for i, row in enumerate(self.number) for j, other in enumerate(row) if other == number]
            if len(places) == 1:
                continue
            parameters = [components[i].declared[j] for i, j in places]
            own = [float(components[i].parameters[p.name]) for (i, _), p in zip(places, parameters, strict=True)]
            factors = [self.factor[i][j] for i, j in places]
            weights = [max(shares[i], 1e-12) for i, _ in places]
            common = common_value(parameters, own, factors, weights)
            for (i, _), p, factor in zip(places, parameters, factors, strict=True):
                values[i][p.name] = factor * common
        return [part.with_values(**new) if new else part for part, new in zip(components, values, strict=True)]

    def held(self, components: Sequence[Any], stats: Array, theta: Array, bounds: Array) -> list[tuple[str, ...]]:
        """Return the names of the parameters of each member that a floor keeps from collapsing."""
        return [part.at_bounds(values, box) for part, values, box in zip(components, theta, bounds, strict=True)]

    def n_parameters(self, components: Sequence[Distribution]) -> int:
        """Return the number of values that are free."""
        return len(
            {
                number
                for component, numbers in zip(components, self.number, strict=True)
                for p, number in zip(component.declared, numbers, strict=True)
                if p.name not in component.frozen
            }
        )
