"""A long fit on disk: its state, written now and then, from which it goes on after the process has died.

A file is written under another name, forced to the disk, and then takes the place of the one before: so there is a
whole one at any moment. It begins with the checksum of all that follows. The start is not in it, but the
state of the random generator from which the same start is found again; then the state of the climb is put in its place.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from distributions.errors import InvalidParameterError, InvalidRecordError
from distributions.records import plain

from . import em
from .layout import Layout
from .plan import Engine

FORMAT = "general-mixtures checkpoint 1"
EVERY = 60.0  # seconds


class Checkpoint:
    """Where, and how often, a fit writes its state.

    Parameters
    ----------
    path : str or path
        The file. If it is there, the fit goes on from it.
    every : float, default 60
        Seconds >= 0 between two writes; 0 writes after every update that returns to Python.

    Raises
    ------
    InvalidParameterError
        If these are unusable.

    Examples
    --------
    >>> import tempfile
    >>> from mixtures import Checkpoint, MixtureModel, Normal
    >>> x = [1.0, 2.0, 3.0, 10.0, 11.0, 13.0]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = MixtureModel([Normal(), Normal()]).fit(x, checkpoint=Checkpoint(f"{folder}/fit.ckpt", every=1.0))
    ...     again = MixtureModel([Normal(), Normal()]).fit(x, checkpoint=f"{folder}/fit.ckpt")  # nothing is left to do
    >>> again.components_ == first.components_
    True
    """

    def __init__(self, path: str | os.PathLike[str], every: float = EVERY) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise InvalidParameterError(f"Checkpoint: path must be the name of a file; got {path!r}")
        if isinstance(every, bool) or not isinstance(every, (int, float)) or not 0.0 <= every < np.inf:
            raise InvalidParameterError(f"Checkpoint: every must be a number of seconds >= 0; got {every!r}")
        self.path, self.every = Path(path), float(every)
        if not self.path.parent.is_dir():
            raise InvalidParameterError(f"Checkpoint: there is no folder {str(self.path.parent)!r} to write to")


class Record:
    """The file of one fit: what was found in it, and what is written to it.

    Parameters
    ----------
    checkpoint : Checkpoint
    rng : numpy.random.Generator
        Of the fit, before anything is drawn: set to what it was at the start of the fit that wrote the file.

    Raises
    ------
    InvalidRecordError
        If there is a file that is not a whole checkpoint.
    """

    def __init__(self, checkpoint: Checkpoint, rng: np.random.Generator) -> None:
        self.path, self.every = checkpoint.path, checkpoint.every
        self.last = time.monotonic()
        self.identity: dict[str, str] = {}
        self.head: dict[str, Any] | None = None
        self.arrays: dict[str, Any] = {}
        if self.path.exists():
            self.head, self.arrays = _read(self.path)
            rng.bit_generator.state = self.head["rng"]
        self.rng = plain_state(rng.bit_generator.state)

    def resume(self, engine: Engine, identity: dict[str, str], max_iter: int) -> int:
        """Set an engine to what is in the file, if there is one; return its status.

        Parameters
        ----------
        engine : Engine
            At its start.
        identity : dict of str to str
            What must be the same in the fit that wrote the file, by name.
        max_iter : int

        Raises
        ------
        InvalidParameterError
            If the file is of another fit.
        """
        self.identity = identity
        if self.head is None:
            return em.RUNNING
        other = [name for name, value in identity.items() if self.head["identity"].get(name) != value]
        if other:
            raise InvalidParameterError(
                f"checkpoint {str(self.path)!r} is of another fit: {', '.join(other)} differ. Give another path, or "
                "delete the file to start anew."
            )
        history = self.arrays["history"]
        if len(history) > max_iter + 1:
            raise InvalidParameterError(
                f"checkpoint {str(self.path)!r} holds {len(history) - 1} updates, more than max_iter = "
                f"{max_iter}: raise it"
            )
        for name, part in engine.state._asdict().items():
            part[: len(self.arrays[name])] = self.arrays[name]
        status = int(self.head["status"])
        return em.RUNNING if status == em.LIMIT and len(history) <= max_iter else status

    def write_if_due(self, engine: Engine) -> None:
        """Write the state of a climb that goes on, unless that has just been done."""
        if time.monotonic() - self.last >= self.every:
            self.write(engine, em.RUNNING)

    def write(self, engine: Engine, status: int) -> None:
        """Write the state: the file is the one before or this one, whole, whatever happens."""
        arrays = engine.state._asdict() | {"history": engine.history}
        head = {"identity": self.identity, "rng": self.rng, "status": status}
        body = io.BytesIO()
        body.write(json.dumps(head).encode("ascii") + b"\n")
        np.savez(body, **arrays)
        content = body.getvalue()
        begin = f"{FORMAT} {hashlib.sha256(content).hexdigest()}\n".encode("ascii")
        partial = self.path.with_name(self.path.name + ".partial")
        with partial.open("wb") as file:
            file.write(begin + content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self.path)
        _sync_folder(self.path.parent)
        self.last = time.monotonic()


def as_checkpoint(checkpoint: Any) -> Checkpoint | None:
    """Return what `MixtureModel.fit` was given as a checkpoint.

    Raises
    ------
    InvalidParameterError
        If it is none.
    """
    return checkpoint if checkpoint is None or isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)


def require_written(layout: Layout, truncate: Any) -> None:
    """Raise `InvalidParameterError` if the state of a fit is not all in arrays."""
    if isinstance(truncate, (str, tuple)):
        raise InvalidParameterError(f"MixtureModel: truncate={truncate!r} writes no checkpoints: leave one of them out")
    for place, leaf in enumerate(layout.leaves):
        if leaf.distribution.kernels is None:
            raise InvalidParameterError(
                f"component {layout.name_of(place)!r}: {type(leaf.distribution).__name__} has no additive "
                "statistics, and its fit is not all in numbers: it writes no checkpoints. Leave checkpoint out."
            )


def plain_state(state: Any) -> Any:
    """Return the state of a random generator in numbers, text, lists and dicts."""
    return {name: plain_state(part) for name, part in state.items()} if isinstance(state, dict) else plain(state)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        begin, _, content = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise InvalidRecordError(f"checkpoint {str(path)!r} cannot be read: {error.strerror or error}") from None
    if begin != f"{FORMAT} {hashlib.sha256(content).hexdigest()}".encode("ascii"):
        raise InvalidRecordError(
            f"{str(path)!r} is no whole checkpoint of this release: another file, or damaged. Delete it to start anew."
        )
    head, _, arrays = content.partition(b"\n")
    with np.load(io.BytesIO(arrays), allow_pickle=False) as saved:
        return json.loads(head), {name: saved[name] for name in saved.files}


def _sync_folder(folder: Path) -> None:
    """Force a new name to the disk, where folders can be opened."""
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError:  # not on every system
        return
    try:
        os.fsync(number)
    finally:
        os.close(number)
