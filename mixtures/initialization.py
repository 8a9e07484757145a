"""First guesses that know the families, and the choice among many starts.

A start is a partition of the data into K clusters and a matching of clusters to components by likelihood, not by
position. Short EM runs from many starts are made on at most `SAMPLE` representative rows; the best few are run on
(the em-EM strategy of Biernacki, Celeux & Govaert, Computational Statistics & Data Analysis 41, 2003).

Rows with known labels are a partition themselves: a component starts at its own rows, and only components without any
look for clusters among the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from distributions.base import Distribution
from distributions.data import Array, as_observed, centre_and_scale
from distributions.errors import InvalidDataError
from distributions.product import leaf_spans

from . import em
from .observed import Integers, Observed
from .partitions import SAMPLE, known_members, partition, representatives
from .plan import FLOOR, Engine, Group

SMALL_SAMPLE = 400  # where a component is slow
# Rounds of EM: sweeps, tolerance, largest difference in log-likelihood per weight that is none, runs that go on.
ROUNDS = ((15, 1e-6, 1e-5, 20), (60, 1e-8, 1e-6, 6), (1000, 1e-10, 1e-9, 1))
MOST_STARTS, FEWEST_STARTS = 100, 10
START_COST = 4e8  # rows x components x (columns + 1)^2 over all starts: some seconds
GUESS_ITERATIONS = 10
GUESS_FLOOR = 1e-2  # scale of a first guess, relative to its column's, where a cluster is constant
BLEND = 1e-2  # part of the estimate from everything in a guessed probability of 0 or 1


class Start(NamedTuple):
    """Parameters to start EM from."""

    components: list[Distribution]
    weights: Array


def best_start(
    components: Sequence[Distribution],
    weights: Array | None,
    names: Sequence[str],
    data: Observed,
    scale: Array,
    n_init: int | None,
    rng: np.random.Generator,
    groups: Sequence[Group] = (),
) -> Start:
    """Return the start from which EM should run on all rows.

    Parameters
    ----------
    components : sequence of Distribution
        Flattened; those without unknown parameters stay as they are.
    weights : ndarray, shape (K,), or None
        Mixing proportions to start from, if given.
    names : sequence of str
        For messages.
    data : Observed
        Checked data.
    scale : ndarray, shape (d,)
        Scale of each column.
    n_init : int or None
        Number of starts, None for as many as `START_COST` allows.
    rng : numpy.random.Generator
    groups : sequence of Group
        Constraints across components.

    Raises
    ------
    InvalidDataError
        If a component cannot be fitted to any of the data.
    """
    if not any(component.unknown for component in components):
        equal = np.full(len(components), 1.0 / len(components))
        return Start(list(components), equal if weights is None else weights)
    leaves = [leaf for component in components for leaf in component.leaves()]
    slow = any(leaf.slow for leaf in leaves)
    sample, complete = representatives(data, SMALL_SAMPLE if slow else SAMPLE)
    if n_init is None and slow:
        n_init = FEWEST_STARTS
    elif n_init is None:
        cost = sample.rows.shape[0] * len(components) * (sample.rows.shape[1] + 1) ** 2
        n_init = int(np.clip(START_COST / cost, FEWEST_STARTS, MOST_STARTS))
    guesses = _first_guesses(components, weights, names, sample, scale, n_init, rng)
    if len(guesses) == 1:
        return guesses[0]
    total = sample.weight.sum()
    runs = [_Run(guess, _Rank(0, 0.0)) for guess in guesses]
    left = list(range(len(runs)))
    for n_sweeps, tol, tie, keep in ROUNDS:
        for i in left:
            runs[i] = _climb(runs[i].start, names, sample, scale, n_sweeps, tol, groups)
        left = _distinct(left, runs, tie * total)[:keep]
    winner = left[0]
    start = guesses[winner] if complete else runs[winner].start
    partial = any(len(group.members) < len(components) for group in groups)
    if weights is not None or data.is_labelled or partial:  # each has a weight, rows or a group: it keeps its place
        return start
    order = _ascending(components, runs[winner].start, sample.rows, sample.weight)
    return Start([start.components[k] for k in order], start.weights[order])


def _distinct(indices: list[int], runs: Sequence[_Run], margin: float) -> list[int]:
    """Return the runs that reached different optima, best first; the earliest speaks for those of one optimum.

    So rounding does not choose between them.
    """
    distinct: list[int] = []
    for i in sorted(indices, key=lambda i: runs[i].rank):
        same = distinct and runs[i].rank.is_tie(runs[distinct[-1]].rank, margin)
        if same:
            distinct[-1] = min(i, distinct[-1])
        else:
            distinct.append(i)
    return distinct


def _ascending(components: Sequence[Distribution], fitted: Start, rows: Array, weight: Array) -> Integers:
    """Return the order in which like components ascend: by the centre of what they explain, then by its spread."""
    joint = np.stack([component.log_pdf(as_observed(rows)) for component in fitted.components])
    joint += np.log(np.maximum(fitted.weights, np.finfo(float).tiny))[:, np.newaxis]
    with np.errstate(invalid="ignore"):  # a row of no density: the fit itself will say so
        share = weight * np.exp(joint - np.logaddexp.reduce(joint, axis=0))
    share /= np.maximum(share.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    centre, scale = centre_and_scale(rows, weight)
    points = np.nan_to_num((rows - centre) / scale)
    centres = share @ points
    spread = share @ np.sum(points**2, axis=1) - np.sum(centres**2, axis=1)
    rank = np.lexsort([spread, *centres.round(6).T[::-1]])  # the first column counts first
    order = np.arange(len(components))
    for kind in dict.fromkeys(components):
        same = np.array([k for k, component in enumerate(components) if component == kind])
        if kind.unknown:
            order[same] = [k for k in rank if k in same]
    return order


# ------------------------------------------------------------------------------------------------ short runs


class _Rank(NamedTuple):
    """Order of runs: the sane before the collapsed, then by log-likelihood."""

    n_held: int
    loss: float

    def is_tie(self, other: _Rank, margin: float) -> bool:
        """Whether both reached the same optimum."""
        return self.n_held == other.n_held and (self.loss == other.loss or abs(self.loss - other.loss) <= margin)


class _Run(NamedTuple):
    start: Start
    rank: _Rank


def _climb(
    start: Start,
    names: Sequence[str],
    data: Observed,
    scale: Array,
    n_sweeps: int,
    tol: float,
    groups: Sequence[Group],
) -> _Run:
    engine = Engine(start.components, start.weights, scale, n_sweeps, names, data.has_missing, groups)
    try:
        status = em.run(engine, data, tol=tol, max_iter=n_sweeps)
    except InvalidDataError:  # a user's own fit gave up on its share of the data: another start may do better
        status = em.FAILED
    if status == em.FAILED:
        return _Run(start, _Rank(len(names) + 1, np.inf))  # behind those that have merely collapsed
    held = sum(bool(names) for names in engine.held)
    return _Run(Start(engine.components, engine.state.weights.copy()), _Rank(held, -engine.history[-1]))


# ----------------------------------------------------------------------------------------------- first guesses


def _first_guesses(
    components: Sequence[Distribution],
    weights: Array | None,
    names: Sequence[str],
    data: Observed,
    scale: Array,
    n_init: int,
    rng: np.random.Generator,
) -> list[Start]:
    n_components = len(components)
    if n_components == 1:
        return [_matched(components, weights, names, data, scale, np.ones((1, len(data.rows))))]
    centre, spread = centre_and_scale(data.rows, data.weight)
    points = np.nan_to_num((data.rows - centre) / spread)  # a missing cell is in the middle
    known = known_members(data) if data.is_labelled else np.zeros((n_components, 0))
    if known.any(axis=1).all():  # every component has rows of its own
        return [_matched(components, weights, names, data, scale, known)]
    starts = []
    for attempt in range(n_init):
        members = partition(points, data.weight, n_components, attempt, rng)
        if data.is_labelled:
            members = np.where(known.any(axis=1, keepdims=True), known, members * ~known.any(axis=0))
        starts.append(_matched(components, weights, names, data, scale, members))
    return starts


def _matched(
    components: Sequence[Distribution],
    weights: Array | None,
    names: Sequence[str],
    data: Observed,
    scale: Array,
    members: Array,
) -> Start:
    """Fit components to the clusters that they explain best, so that the total likelihood is greatest."""
    rows, row_weight, n_components = data.rows, data.weight, len(components)
    kinds = list(dict.fromkeys(components))
    fitted = {
        kind: [
            _guess_leaves(kind, names[components.index(kind)], rows, row_weight * member, row_weight, scale)
            for member in members
        ]
        for kind in kinds
    }
    if len(kinds) == 1 or data.is_labelled:
        cluster_of = np.arange(n_components)
    else:
        from scipy.optimize import linear_sum_assignment  # deferred: a slow import that most fits do not need

        gain = {
            kind: [
                guess.log_likelihood(as_observed(rows), row_weight * member) if member.any() else 0.0
                for guess, member in zip(fitted[kind], members, strict=True)
            ]
            for kind in kinds
        }
        table = np.array([gain[component] for component in components])
        possible = table[np.isfinite(table)]
        # A match that is impossible costs more than all others can gain, and no more: they must still count beside it.
        lost = np.min(possible, initial=0.0) - n_components * np.ptp(np.append(possible, 0.0)) - 1.0
        _, cluster_of = linear_sum_assignment(np.where(np.isfinite(table), table, lost), maximize=True)
        for kind in kinds:  # like components take their clusters in ascending order
            same = [k for k, component in enumerate(components) if component == kind]
            cluster_of[same] = np.sort(cluster_of[same])
    guesses = [fitted[component][c] for component, c in zip(components, cluster_of, strict=True)]
    if weights is None:
        mass = (members @ row_weight)[cluster_of]
        mass = np.maximum(mass, 1e-3 * mass.max())  # a cluster may be empty: no component starts dead
        weights = mass / mass.sum()
    return Start(guesses, weights)


def _guess_leaves(
    kind: Distribution, name: str, rows: Array, weight: Array, all_weight: Array, scale: Array
) -> Distribution:
    """Return the component with each of its leaves fitted to its columns of a cluster."""
    guesses = [
        _guess(leaf, f"{name}, {leaf_name}" if leaf_name else name, rows[:, span], weight, all_weight, scale[span])
        for leaf, leaf_name, span in zip(kind.leaves(), kind.leaf_names(), leaf_spans(kind, rows.shape[1]), strict=True)
    ]
    return kind.with_leaves(iter(guesses))


def _guess(kind: Distribution, name: str, rows: Array, weight: Array, all_weight: Array, scale: Array) -> Distribution:
    """Return the component fitted to a cluster, or to everything inside its support where the cluster has nothing."""
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
        try:
            guess, collapsed = held.fit_bounded(rows[present], chosen[present], scale, FLOOR, GUESS_ITERATIONS)
            if collapsed:  # a spike would never widen again
                guess, _ = held.fit_bounded(rows[present], chosen[present], scale, GUESS_FLOOR, GUESS_ITERATIONS)
        except (ValueError, ArithmeticError) as error:  # a user's own fit may not manage a small cluster
            failure = error
            continue
        if not guess.unknown:
            guess = _off_the_ends(guess, held, rows[inside], all_weight[inside], scale)
            return kind.with_values(**{name: guess.parameters[name] for name in kind.unknown}) if known else guess
    raise InvalidDataError(
        f"component {name!r} ({kind!r}) cannot be fitted to these data: "
        + (str(failure) if failure else f"no row is {kind.support.text}")
        + ". Leave it out, or give its parameters."
    ) from failure


def _off_the_ends(guess: Distribution, held: Distribution, rows: Array, weight: Array, scale: Array) -> Distribution:
    """Move probabilities of exactly 0 or 1, which EM would never change, a little towards the fit to everything."""
    ends = {}
    for name, domain, *_ in guess.declared:
        value = np.asarray(guess.parameters[name], dtype=float)
        closed = not (domain.low_open or domain.high_open or domain.discrete)
        if name not in held.frozen and closed and np.any((value == domain.low) | (value == domain.high)):
            ends[name] = domain, value
    ends = {name: end for name, end in ends.items() if np.isfinite(end[0].high - end[0].low)}
    if not ends:
        return guess
    whole, _ = held.fit_bounded(rows, weight, scale, FLOOR)
    blended = {
        name: (1.0 - BLEND) * value + BLEND * np.asarray(whole.parameters[name]) for name, (_, value) in ends.items()
    }
    return guess.with_values(**{name: value[()] for name, value in blended.items()})
