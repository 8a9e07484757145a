"""First guesses that know the families, and the choice among many starts.

A start is a partition of the data into K clusters and a matching of clusters to components by likelihood, not by
position. Where some components hold choices of their own, half of the starts part the rows among components and then
within them, and half among all that there is at once: choices inside may lie as far apart as components do. Short EM
runs from many starts are made on at most `SAMPLE` representative rows; the best few are run on, see `contest`. Then
components of the best run change places, as long as that finds a better one (`reseeding`).

Rows with known labels are a partition themselves: a component starts at its own rows, and only components without any
look for clusters among the rest. So is a user's own start (`own_starts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from distributions.data import Array, as_observed
from distributions.errors import InvalidParameterError

from .contest import Contest
from .guesses import Guesses
from .layout import Layout, Parameters, Unit
from .observed import Integers, Observed
from .own_starts import OwnStart
from .partitions import SAMPLE, known_members, partition, representatives, standardised
from .reseeding import reseeded
from .truncation import EM, Truncation

SMALL_SAMPLE = 400  # where a component is slow
MOST_STARTS, FEWEST_STARTS = 100, 10
START_COST = 4e8  # rows x components x (columns + 1)^2 over all starts: some seconds
STARTS_A_MOVE, MOVES, MOST_TURNS = 2, 5, 5  # moves: one for so many starts, for each component; turns that gain
FORMS = 4  # of partitions in a row, one of each form: choices within choices and all at once take turns


class Start(NamedTuple):
    """Where EM should start.

    Attributes
    ----------
    parameters : Parameters
    n_starts : int
        Number of starts that were compared.
    n_agreed : int
        How many of them were seen to reach the optimum that was chosen, itself included; 1 where a component had to
        change its place for it. Those left behind in a shorter run, which might have come there too, do not count.
    n_reseeds : int
        How many times a component was taken from its place in the best run and started anew elsewhere, for a better
        one. What comes of it is an optimum like any other: nothing holds the parameters, so no warning tells of it.
    interruption : KeyboardInterrupt or None
        What ended the choice early: of what was tried before it, this is the best.
    """

    parameters: Parameters
    n_starts: int = 1
    n_agreed: int = 1
    n_reseeds: int = 0
    interruption: KeyboardInterrupt | None = None


def best_start(
    layout: Layout,
    data: Observed,
    scale: Array,
    n_init: int | None,
    rng: np.random.Generator,
    own: OwnStart | None = None,
    truncation: Truncation = EM,
    accelerate: bool = False,
    report: Callable[[str, int, int], None] = lambda *_: None,
    n_rows: int | None = None,
    is_sample: bool = False,
    n_jobs: int | None = None,
) -> Start:
    """Return the parameters from which EM should run on all rows, and how many starts led there.

    Parameters
    ----------
    layout : Layout
        Leaves without unknown parameters, and proportions that are known, stay as they are.
    data : Observed
        Checked data.
    scale : ndarray, shape (d,)
        Scale of each column.
    n_init : int or None
        Number of starts, None for as many as `START_COST` allows.
    rng : numpy.random.Generator
    own : OwnStart, optional
        Memberships of the rows to start from, in place of partitions.
    truncation : Truncation
        What becomes of responsibilities in the runs that are compared; no component is drawn.
    accelerate : bool
        Whether short runs are accelerated too: so more of them get to their optima.
    report : callable
        It is told what is tried: which one, of how many.
    n_rows : int, optional
        Number of rows that ``data`` stand for, if there are more: equal ones may have been merged.
    is_sample : bool
        Whether ``data`` are a sample of all rows: then EM on it comes before, however few different ones there are.
    n_jobs : int, optional
        How many runs may be made at once, see `threads.n_threads`.

    Raises
    ------
    InvalidDataError
        If a leaf cannot be fitted to any of the data.
    InvalidParameterError
        If a start of one's own says where parameters start that are given.
    KeyboardInterrupt
        Before there is any start. A later one is noted in the result.
    """
    leaves = [leaf.distribution for leaf in layout.leaves]
    n_components = len(layout.branches)
    if not any(leaf.unknown for leaf in leaves):
        if own is not None:
            raise InvalidParameterError(
                "MixtureModel: init is a start for unknown parameters, but all are given: EM starts at these. Leave "
                "init out, or the values."
            )
        equal = layout.proportions(np.full(n_components, 1.0 / n_components))
        return Start(Parameters(leaves, _given(layout, equal)))
    slow = any(leaf.slow for leaf in leaves)
    if own is None:
        sample, complete = representatives(data, SMALL_SAMPLE if slow else SAMPLE)
    else:  # which speaks of all rows
        weight = np.ones(len(data.rows)) if data.row_weight is None else data.row_weight
        sample, complete = data._replace(weight=weight), True
    complete &= not is_sample
    n_rows = max(n_rows or 0, len(data.rows)) if complete else len(sample.rows)
    if n_init is None and slow:
        n_init = FEWEST_STARTS
    elif n_init is None:
        cost = sample.rows.shape[0] * n_components * (sample.rows.shape[1] + 1) ** 2
        n_init = int(np.clip(START_COST / cost, FEWEST_STARTS, MOST_STARTS))
    contest, n_starts, n_reseeds = Contest(layout, sample, scale, truncation, accelerate, n_rows, n_jobs), 0, 0
    try:
        for guess in _first_guesses(layout, sample, scale, n_init, rng, own):
            contest.enter(guess)
            report("guess", len(contest.guesses), n_init)
        n_starts = len(contest.guesses)
        if n_starts == 1:
            return Start(contest.guesses[0])
        n_agreed = contest.hold(report)
        n_moves = min(n_starts // STARTS_A_MOVE, MOVES * n_components) if own is None and not slow else 0
        for _ in range(MOST_TURNS if n_moves else 0):
            before = contest.best
            for _ in range(n_moves):
                members = reseeded(layout, before.parameters, sample, standardised(sample), rng)
                contest.enter(_fitted_to(layout, sample, scale, members))
            contest.hold(report)
            if contest.best is before:
                break
            n_agreed, n_reseeds = 1, n_reseeds + 1
    except KeyboardInterrupt as interruption:
        if not contest.guesses:
            raise
        return Start(contest.best.parameters, n_starts or len(contest.guesses), 1, n_reseeds, interruption)
    best = contest.best
    start = Start(contest.guess if complete else best.parameters, n_starts, n_agreed, n_reseeds)
    given = own is not None or any(not choice.is_symmetric for choice in layout.choices.values())
    partial = any(len(members) < n_components or not tie.is_symmetric for members, tie in layout.groups)
    if given or data.is_labelled or partial or not layout.is_plain:  # each has something of its own: it keeps its place
        return start
    ascending = _ascending(layout, best.parameters, sample)
    return start._replace(parameters=_reordered(layout, start.parameters, ascending))


def _given(layout: Layout, proportions: list[Array]) -> list[Array]:
    """Return proportions with those that were given in their places."""
    return [
        found if choice.proportions is None else choice.proportions
        for choice, found in zip(layout.choices.values(), proportions, strict=True)
    ]


def _ascending(layout: Layout, fitted: Parameters, data: Observed) -> Integers:
    """Return the order in which like components ascend: by the centre of what they explain, then by its spread."""
    joint = np.stack([branch.log_pdf(as_observed(data.rows)) for branch in layout.branches_of(fitted.leaves)])
    joint += np.log(np.maximum(layout.weights(fitted.proportions), np.finfo(float).tiny))[:, np.newaxis]
    with np.errstate(invalid="ignore"):  # a row of no density: the fit itself will say so
        share = data.weight * np.exp(joint - np.logaddexp.reduce(joint, axis=0))
    share /= np.maximum(share.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    points = standardised(data)
    centres = share @ points
    spread = share @ np.sum(points**2, axis=1) - np.sum(centres**2, axis=1)
    rank = np.lexsort([spread, *centres.round(6).T[::-1]])  # the first column counts first
    order = np.arange(len(layout.branches))
    kinds = [(branch.kind, branch.priors) for branch in layout.branches]
    for own, branch in dict(zip(kinds, layout.branches, strict=True)).items():
        same = np.array([k for k, kind in enumerate(kinds) if kind == own])
        if branch.unknown:
            order[same] = [k for k in rank if k in same]
    return order


def _reordered(layout: Layout, start: Parameters, order: Integers) -> Parameters:
    """Return parameters in which each component has changed places with one that is alike."""
    leaves = list(start.leaves)
    for k, other in enumerate(order):
        for place, source in zip(layout.leaves_of[k], layout.leaves_of[other], strict=True):
            leaves[place] = start.leaves[source]
    return Parameters(leaves, layout.proportions(layout.weights(start.proportions)[order]))


# ----------------------------------------------------------------------------------------------- first guesses


def _first_guesses(
    layout: Layout,
    data: Observed,
    scale: Array,
    n_init: int,
    rng: np.random.Generator,
    own: OwnStart | None = None,
) -> Iterator[Parameters]:
    units = layout.units
    if own is None and all(unit.n_options == 1 for unit in units):
        yield _fitted_to(layout, data, scale, np.ones((len(layout.branches), len(data.rows))))
        return
    points = standardised(data)
    known = known_members(data) if data.is_labelled else np.zeros((len(layout.branches), 0))
    for attempt in range(n_init if own is None or not own.n_starts else own.n_starts):
        if own is not None:
            known = own.draw(rng)
        settled = len(units) == 1 and known.any(axis=1).all() and len(np.unique(known, axis=0)) == len(known)
        if settled:  # every component has rows of its own
            yield _fitted_to(layout, data, scale, known)
        else:
            members = _members(layout, units, points, data, known, scale, attempt, rng)
            yield _fitted_to(layout, data, scale, *members)
        if settled and (own is None or own.is_fixed):
            break


def _members(
    layout: Layout,
    units: list[Unit],
    points: Array,
    data: Observed,
    known: Array,
    scale: Array,
    attempt: int,
    rng: np.random.Generator,
) -> tuple[Array, Guesses]:
    """Partition the rows for each set of choices, inner ones within outer ones, or among all components at once.

    Returns
    -------
    members : ndarray, shape (K, n)
        Of the flat components: products of their memberships.
    guesses : dict
        Fits made on the way, by leaf and rows.
    """
    n, order = len(layout.branches), None
    if attempt // FORMS % 2 and not known.size and any(np.any(unit.option_of < 0) for unit in units):
        units, order = [Unit(n, np.arange(n), list(range(points.shape[1])))], rng
    members, done, guesses = np.ones((n, len(points))), list[tuple[Unit, Array]](), Guesses()
    for unit in units:
        weight = data.weight
        here = unit.option_of >= 0
        for outer, parts in done:
            if set(outer.columns) >= set(unit.columns):
                weight = weight * parts[np.unique(outer.option_of[here])].max(axis=0)
        if not weight.any():
            weight = data.weight
        here_points = points[:, unit.columns]
        parts = partition(here_points, weight, unit.n_options, attempt, rng)
        if unit is units[0] and known.size:
            own = np.array([known[unit.option_of == o].max(axis=0) for o in range(unit.n_options)])
            own = _divided(own, here_points, weight, attempt, rng)
            parts = np.where(own.any(axis=1, keepdims=True), own, parts * ~own.any(axis=0))
        else:
            parts = parts[_cluster_of_each(layout, unit, data, scale, weight, parts, guesses, order)]
        done.append((unit, parts))
        members[here] *= parts[unit.option_of[here]]
    return members, guesses


def _divided(own: Array, points: Array, weight: Array, attempt: int, rng: np.random.Generator) -> Array:
    """Part known memberships, shape (options, n), among options that have the same ones, such as those of a component.

    In a random order, so that options of different kinds try each place.
    """
    _, number = np.unique(own, axis=0, return_inverse=True)
    for same in (np.flatnonzero(number.ravel() == i) for i in np.unique(number)):
        mass = weight * own[same[0]]
        if len(same) > 1 and mass.any():
            own[rng.permutation(same) if attempt else same] *= partition(points, mass, len(same), attempt, rng)
    return own


def _cluster_of_each(
    layout: Layout,
    unit: Unit,
    data: Observed,
    scale: Array,
    weight: Array,
    parts: Array,
    guesses: Guesses,
    order: np.random.Generator | None = None,
) -> Integers:
    """Return the cluster that each option explains best, so that the total likelihood is greatest.

    Like ones take theirs in ascending order, or in a random one: those that share leaves with others do not change
    places afterwards.
    """
    n = unit.n_options
    own = [
        sorted(set.intersection(*(set(layout.leaves_of[k]) for k in np.flatnonzero(unit.option_of == option))))
        for option in range(n)
    ]
    kinds = [
        tuple(
            (layout.leaves[place].distribution, layout.leaves[place].prior, str(layout.spans[place])) for place in each
        )
        for each in own
    ]
    if len(set(kinds)) == 1:
        return np.arange(n) if order is None else order.permutation(n)
    from scipy.optimize import linear_sum_assignment  # deferred: a slow import that most fits do not need

    gain: dict[Any, list[float]] = {}
    for kind, leaves in zip(kinds, own, strict=True):
        if kind not in gain:
            gain[kind] = [
                sum(_gain(guesses, layout, leaf, data, weight * part, scale) for leaf in leaves) for part in parts
            ]
    table = np.array([gain[kind] for kind in kinds])
    possible = table[np.isfinite(table)]
    # A match that is impossible costs more than all others can gain, and no more: they must still count beside it.
    lost = np.min(possible, initial=0.0) - n * np.ptp(np.append(possible, 0.0)) - 1.0
    _, cluster_of = linear_sum_assignment(np.where(np.isfinite(table), table, lost), maximize=True)
    for kind in gain:
        same = [option for option, other in enumerate(kinds) if other == kind]
        cluster_of[same] = np.sort(cluster_of[same]) if order is None else order.permutation(cluster_of[same])
    return cluster_of


def _gain(guesses: Guesses, layout: Layout, place: int, data: Observed, weight: Array, scale: Array) -> float:
    """Return the log-likelihood of a leaf fitted to rows with these weights."""
    cells = data.rows[:, layout.spans[place]]
    present = np.where(np.isnan(cells).all(axis=1), 0.0, weight)
    if not present.any():
        return 0.0
    return guesses.of(layout, place, data, weight, scale).log_likelihood(as_observed(cells), present)


def _fitted_to(
    layout: Layout, data: Observed, scale: Array, members: Array, guesses: Guesses | None = None
) -> Parameters:
    """Return each leaf fitted to the rows of the components that it is part of, shape (K, n)."""
    guesses = Guesses() if guesses is None else guesses
    leaves = [
        guesses.of(layout, place, data, data.weight * members[owners].sum(axis=0), scale)
        for place, owners in enumerate(layout.owners)
    ]
    mass = members @ data.weight
    mass = np.maximum(mass, 1e-3 * mass.max())  # a cluster may be empty: no component starts dead
    return Parameters(leaves, _given(layout, layout.proportions(mass)))
