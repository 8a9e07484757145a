"""First guesses of leaves: each fitted to a share of the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from distributions.base import Distribution
from distributions.data import Array
from distributions.errors import InvalidDataError

from .layout import Layout
from .observed import Observed
from .plan import FLOOR
from .priors import PseudoRows

ITERATIONS = 10
NARROWEST = 1e-2  # scale of a first guess, relative to its column's, where a cluster is constant
BLEND = 1e-2  # part of the estimate from everything in a guessed probability of 0 or 1


class Guesses(dict[Any, Distribution]):
    """Fits of leaves to clusters; like leaves and equal clusters share one."""

    def of(self, layout: Layout, place: int, data: Observed, weight: Array, scale: Array) -> Distribution:
        """Return a leaf fitted to its columns of rows with these weights."""
        leaf, span = layout.leaves[place], layout.spans[place]
        key = (leaf.distribution, leaf.prior, span.start, span.stop, weight.tobytes())
        if key not in self:
            name, seen = layout.name_of(place), layout.pseudo_rows[place]
            self[key] = _guess(leaf.distribution, name, data.rows[:, span], weight, data.weight, scale[span], seen)
        return self[key]


def _guess(
    kind: Distribution, name: str, rows: Array, weight: Array, all_weight: Array, scale: Array, seen: PseudoRows
) -> Distribution:
    """Return the component fitted to a cluster, or to everything inside its support where the cluster has nothing.

    Rows that its prior takes to have been seen belong to either.
    """
    if not kind.unknown:
        return kind
    known = [name for name in kind.parameters if name not in kind.unknown]
    held = kind.freeze(*known) if known else kind  # a given value is where EM starts
    inside = kind.covers(rows)
    failure: Exception | None = None
    for chosen in (weight, all_weight):
        present = inside & (chosen > 0)
        if not present.any():
            continue
        cluster = seen.beside(rows[present], chosen[present])
        try:
            guess, collapsed = held.fit_bounded(*cluster, scale, FLOOR, ITERATIONS)
            if collapsed:  # a spike would never widen again
                guess, _ = held.fit_bounded(*cluster, scale, NARROWEST, ITERATIONS)
        except (ValueError, ArithmeticError) as error:  # a user's own fit may not manage a small cluster
            failure = error
            continue
        if not guess.unknown:
            guess = _off_the_ends(guess, held, lambda: seen.beside(rows[inside], all_weight[inside]), scale)
            return kind.with_values(**{name: guess.parameters[name] for name in kind.unknown}) if known else guess
    raise InvalidDataError(
        f"component {name!r} ({kind!r}) cannot be fitted to these data: "
        + (str(failure).rstrip(".") if failure else f"no row is {kind.support.text}")
        + ". Leave it out, or give its parameters."
    ) from failure


def _off_the_ends(
    guess: Distribution, held: Distribution, everything: Callable[[], tuple[Array, Array]], scale: Array
) -> Distribution:
    """Move probabilities of exactly 0 or 1, which EM would never change, a little towards the fit to everything."""
    ends = {}
    for name, domain, *_ in guess.declared:
        value = np.asarray(guess.parameters[name], dtype=float)
        at_end = (value == domain.low) | (value == domain.high)  # an open end is never reached
        if name not in held.frozen and not domain.discrete and np.any(at_end):
            ends[name] = domain, value
    ends = {name: end for name, end in ends.items() if np.isfinite(end[0].high - end[0].low)}
    if not ends:
        return guess
    whole, _ = held.fit_bounded(*everything(), scale, FLOOR)
    blended = {
        name: (1.0 - BLEND) * value + BLEND * np.asarray(whole.parameters[name]) for name, (_, value) in ends.items()
    }
    return guess.with_values(**{name: value[()] for name, value in blended.items()})
