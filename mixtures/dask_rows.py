"""Rows of Dask collections: every partition is checked and summed where it lies, and sums alone come back.

Each pass is a graph of one task for each partition, which is given the parameters, and a tree that adds their sums in
the order of the partitions. What stays the same in all passes is sent once. Which worker does what makes no difference,
and one that dies costs what it was doing: Dask does it again elsewhere. Where a `distributed.Client` is active Dask
uses it, else threads of this process.
"""

from __future__ import annotations

import copy
import uuid
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from distributions.data import Array, present
from distributions.errors import InvalidDataError, InvalidParameterError

from .layout import Layout
from .observed import lent, writable
from .pieces import Sums
from .plan import State
from .sources import Block, at, n_rows, with_columns
from .structure import Structure
from .survey import Stamp, Survey, stamp_of
from .surveyed import NOTHING, Door, Form, Surveyed, has_default_prior, is_absent, require_additive

FAN_IN, LARGEST_FAN_IN = 8, 64  # results that are joined by one task; more than the first where they are small:
JOINED = 1 << 16  # numbers in all
WITH_TASK = 1 << 13  # bytes of parameters that go with each task: more are sent once to each worker


class Partition(NamedTuple):
    """Tasks that make the rows of one partition, and what travels with them."""

    number: int
    x: Any
    sample_weight: Any
    labels: Any
    names: dict[str, str]  # of columns that are weights or labels

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What `_block` makes a block of, where the partition lies."""
        return self.number, self.names, self.x, self.sample_weight, self.labels


class Seen(NamedTuple):
    """What the first pass tells of neighbouring partitions."""

    survey: Survey | None
    stamps: list[Stamp]
    forms: list[Form | None]


class Parameters(NamedTuple):
    """What a pass sends to the workers."""

    theta: Array
    weights: Array
    steps: Array


class LookedAt:
    """Partitions whose stamps were seen to be right in this process; elsewhere, where it is sent to, there are none.

    To Dask what a task returned is constant: rows that are the same object are the same rows. They are not held here.
    """

    def __init__(self) -> None:
        self.references: dict[int, tuple[Any, ...]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return LookedAt, ()

    def holds(self, block: Block, number: int) -> bool:
        """Whether the rows of a partition, and what travels with them, are the objects that were added."""
        found = self.references.get(number)
        return found is not None and all(ref() is part for ref, part in zip(found, self._parts(block), strict=True))

    def add(self, block: Block, number: int) -> None:
        """Know a partition again, if its parts are such as can be."""
        with suppress(TypeError):
            self.references[number] = tuple(_none if part is None else weakref.ref(part) for part in self._parts(block))

    @staticmethod
    def _parts(block: Block) -> tuple[Any, ...]:
        return block.x, block.sample_weight, block.labels


def _none() -> None:
    """Stand for a reference to None."""


class Job(NamedTuple):
    """What workers know throughout a fit: tables without the addresses of another process's kernels, and the door."""

    leaves: Sequence[Any]
    plan: Any
    sizes: tuple[int, int, int]  # of masses, masses of leaves, statistics
    block_size: int
    door: Door
    stamps: list[Stamp]
    looked_at: LookedAt

    @property
    def plan_here(self) -> Any:
        """The tables with the addresses of this process."""
        marginal = self.plan.marginal
        kernels = [
            leaf.missing_kernels if own else leaf.kernels for leaf, own in zip(self.leaves, marginal, strict=True)
        ]
        calls = [each.addresses for each in kernels]
        return self.plan._replace(
            log_pdf=np.array([call[0] for call in calls]), accumulate=np.array([call[1] for call in calls])
        )

    def state_here(self, parameters: Parameters) -> State:
        """The part of the state that a sweep reads, and room for its sums."""
        sums = dict(zip(("mass", "leaf_mass", "stats"), map(np.empty, self.sizes), strict=True))
        nothing = dict.fromkeys(State._fields, np.empty(0))
        theta, weights = parameters.theta, parameters.weights
        return State(**{**nothing, **sums, "theta": theta, "centre": theta, "weights": weights})


class Partitions(Surveyed):
    """Data in a Dask collection, for a fit and for its loop.

    Parameters
    ----------
    structure : Structure
    x, sample_weight, labels
        As given to `MixtureModel.fit`: collections of equal partitions, names of columns, or None.
    rng : numpy.random.Generator
        Tells the seeds of the samples of the partitions.

    Raises
    ------
    InvalidParameterError
        If a family has no additive statistics: before any task is run.
    InvalidDataError
        If anything about the data is unusable; names the partition.
    """

    def __init__(self, structure: Structure, x: Any, sample_weight: Any, labels: Any, rng: np.random.Generator) -> None:
        require_additive(structure)
        self.partitions = _partitions(x, sample_weight, labels)
        if structure.awaits_labels:
            structure = self._map(_prepared, _agreed, _constant(structure))
        seed = int(copy.deepcopy(rng).integers(2**63))
        survey, self.stamps, forms = self._map(_seen, _joined, _constant(structure), seed)
        if survey is None:
            raise InvalidDataError("MixtureModel cannot be fitted to a collection without any row of positive weight")
        present_forms = [(number, form) for number, form in enumerate(forms) if form is not None]
        for number, form in present_forms:
            with at(f"partition {number}"):
                form.require(present_forms[0][1])
        super().__init__(structure, survey, present_forms[0][1])
        self._known: tuple[Any, Any] | None = None

    def sums(self, plan: Any, state: Any, steps: Array, block_size: int, n_threads: int) -> Array:
        """Return the sums of all partitions at the current parameters, as in a row of `sweep.sum_chunks`."""
        n_sums = 1 + state.mass.size + state.leaf_mass.size + state.stats.size
        parameters = Parameters(state.theta, state.weights, steps)
        is_small = sum(part.nbytes for part in parameters) <= WITH_TASK
        total: Array = _mapped(
            self.partitions,
            _sums,
            _added,
            self._job(plan, state, block_size),
            parameters if is_small else _constant(parameters),
            fan_in=max(FAN_IN, min(LARGEST_FAN_IN, JOINED // n_sums)),
        )
        return np.array(total)

    def _job(self, plan: Any, state: Any, block_size: int) -> Any:
        """Return the task that gives the job; it is done once for a plan, and its result stays on the workers."""
        if self._known is None or self._known[0] is not plan:
            sizes = state.mass.size, state.leaf_mass.size, state.stats.size
            without = plan._replace(log_pdf=None, accumulate=None)
            job = Job(self.leaves, without, sizes, block_size, self.door, self.stamps, LookedAt())
            self._known = plan, _constant(job).persist()
        return self._known[1]

    def explain_failure(self, layout: Layout, branches: Any, weights: Array) -> None:
        """Raise the error that says why the log-likelihood is not finite, and in which partition."""
        self._map(_explained, _nothing, _constant((self.door, layout, branches, weights)))

    def _map(self, task: Callable[..., Any], join: Callable[..., Any], *shared: Any) -> Any:
        """Return what a task tells of all partitions, joined in their order."""
        return _mapped(self.partitions, task, join, *shared)


def totals(model: Any, x: Any, sample_weight: Any) -> tuple[float, float]:
    """Return log-likelihood and total weight of a collection, summed where it lies, for a fitted model.

    Parameters
    ----------
    model : MixtureModel
    x : dask collection
    sample_weight : dask collection of equal partitions, str or None
    """
    total: Array = _mapped(_partitions(x, sample_weight, None), _totals, _added, _constant(model))
    return float(total[0]), float(total[1])


# ------------------------------------------------------------------------------------------------------- the tasks


def _mapped(
    partitions: Sequence[Partition],
    task: Callable[..., Any],
    join: Callable[..., Any],
    *shared: Any,
    fan_in: int = FAN_IN,
) -> Any:
    """Return what a task tells of all partitions, joined in their order by a tree."""
    import dask

    one, several = dask.delayed(task, pure=False), dask.delayed(join, pure=False)
    level = [one(*shared, *partition.arguments) for partition in partitions]
    while len(level) > 1:
        level = [several(*level[i : i + fan_in]) for i in range(0, len(level), fan_in)]
    return dask.compute(level[0])[0]


def _block(number: int, names: dict[str, str], x: Any, sample_weight: Any, labels: Any) -> Block:
    return with_columns(Block(f"partition {number}", x, sample_weight, labels), names)


def _prepared(structure: Structure, *arguments: Any) -> Structure:
    block = _block(*arguments)
    with at(block.place):
        return structure.prepare(present(block.x, block.sample_weight)) if n_rows(block.x) else structure


def _agreed(*structures: Structure) -> Structure:
    found = structures[0]
    for other in structures[1:]:
        found = found.agreed(other)
    return found


def _seen(structure: Structure, seed: int, *arguments: Any) -> Seen:
    """Check a partition, and survey it."""
    block = _block(*arguments)
    if n_rows(block.x) == 0:
        return Seen(None, [NOTHING], [None])
    with at(block.place):
        form = Form.of(block)
    piece = Door(structure).checked(block)
    if piece is None:
        return Seen(None, [NOTHING], [form])
    rng = np.random.default_rng([seed, arguments[0]])
    survey = Survey(piece.rows.shape[1], rng, with_products=has_default_prior(structure))
    survey.add(piece)
    return Seen(survey, [stamp_of(piece)], [form])


def _joined(*seen: Seen) -> Seen:
    survey: Survey | None = None
    for each in seen:
        if survey is None:
            survey = copy.deepcopy(each.survey)  # which is the result of another task, and must stay as it is
        elif each.survey is not None:
            survey.join(copy.deepcopy(each.survey))
    return Seen(survey, [s for each in seen for s in each.stamps], [f for each in seen for f in each.forms])


def _sums(job: Job, parameters: Parameters, *arguments: Any) -> Array:
    """Return the sums of a partition's chunks, one after the other."""
    number, parameters = arguments[0], writable(parameters)
    plan, first = writable(job.plan_here), sum(stamp[0] for stamp in job.stamps[:number])
    sums = Sums(plan, job.state_here(parameters), parameters.steps, job.block_size, first=first)
    block = _block(*arguments)
    if n_rows(block.x) == 0:
        return sums.total
    stamp = None if job.looked_at.holds(block, number) else job.stamps[number]
    piece = job.door.again(block._replace(x=lent(block.x)), stamp)
    job.looked_at.add(block, number)
    if piece is not None:
        sums.add(piece)
    return sums.total


def _added(*totals: Array) -> Array:
    result = totals[0].copy()
    for total in totals[1:]:
        result += total
    return result


def _explained(shared: tuple[Door, Layout, Any, Array], *arguments: Any) -> None:
    door, layout, branches, weights = shared
    door.explain_failure(_block(*arguments), layout, branches, weights)


def _totals(model: Any, *arguments: Any) -> Array:
    block = _block(*arguments)
    with at(block.place):
        nothing = is_absent(block.x, block.sample_weight)
        return np.array((0.0, 0.0) if nothing else model._totals_here(block.x, block.sample_weight))


def _nothing(*_: None) -> None:
    """Join what says nothing."""


# --------------------------------------------------------------------------------------------------- collections


def is_dask(x: Any) -> bool:
    """Whether data are a Dask collection."""
    return hasattr(x, "__dask_graph__") and hasattr(x, "to_delayed")


def lazily(function: Callable[[Any], Any], x: Any, names: Sequence[str] | None, name: str, dtype: Any) -> Any:
    """Return the collection of what a function gives for each partition of another, not yet computed.

    Parameters
    ----------
    function : callable
        Of rows, gives shape (m,), or (m, K) where there are names.
    x : dask collection
    names : sequence of str or None
        Of the K columns of the result.
    name : str
        Of a single column.
    dtype : type
    """
    if hasattr(x, "map_blocks"):
        x = _by_rows(x)
        drop: dict[str, Any] = {"drop_axis": list(range(1, x.ndim))} if names is None else {}
        if names is not None:
            drop = {"chunks": (x.chunks[0], (len(names),)), **({"new_axis": 1} if x.ndim == 1 else {})}
        meta = np.empty((0,) if names is None else (0, 0), dtype=dtype)
        return x.map_blocks(partial(_of_rows, function, names), dtype=dtype, meta=meta, **drop)
    import pandas as pd

    meta = pd.Series(dtype=dtype, name=name) if names is None else pd.DataFrame(columns=list(names), dtype=dtype)
    return x.map_partitions(partial(_of_frame, function, names, name), meta=meta)


def _of_rows(function: Callable[[Any], Any], names: Sequence[str] | None, rows: Array) -> Array:
    if len(rows) == 0:
        return np.empty((0,) if names is None else (0, len(names)))
    values: Array = function(rows)
    return values


def _of_frame(function: Callable[[Any], Any], names: Sequence[str] | None, name: str, frame: Any) -> Any:
    import pandas as pd

    values = _of_rows(function, names, frame)
    if names is None:
        return pd.Series(values, index=frame.index, name=name)
    return pd.DataFrame(values, index=frame.index, columns=list(names))


def _constant(value: Any) -> Any:
    """Return a task that gives a value, as it is: it is sent once to each worker that needs it."""
    import dask

    return dask.delayed(value, name=f"mixtures-{uuid.uuid4().hex}", traverse=False)


def _by_rows(x: Any) -> Any:
    """Return an array whose partitions hold whole rows."""
    return x.rechunk({1: -1}) if x.ndim == 2 and len(x.chunks[1]) > 1 else x


def _tasks(x: Any) -> list[Any]:
    """Return the tasks that make the partitions of a collection."""
    x = _by_rows(x) if hasattr(x, "rechunk") else x
    found = x.to_delayed()
    return list(found.ravel() if isinstance(found, np.ndarray) else found)


def _partitions(x: Any, sample_weight: Any, labels: Any) -> list[Partition]:
    rows, names, beside = _tasks(x), {}, {}
    for name, given in (("sample_weight", sample_weight), ("labels", labels)):
        beside[name] = [None] * len(rows)
        if isinstance(given, str):
            names[name] = given
        elif given is not None:
            if not is_dask(given):
                raise InvalidParameterError(
                    f"MixtureModel: {name} of a Dask collection must be one too, of the same partitions, or the name "
                    f"of a column; got {type(given).__name__}"
                )
            beside[name] = _tasks(given)
            if len(beside[name]) != len(rows):
                raise InvalidDataError(
                    f"the rows have {len(rows)} partitions, {name} {len(beside[name])}: repartition one like the other"
                )
    if not rows:
        raise InvalidDataError("MixtureModel cannot be fitted to a collection without partitions")
    return [
        Partition(i, each[0], each[1], each[2], names)
        for i, each in enumerate(zip(rows, *beside.values(), strict=True))
    ]
