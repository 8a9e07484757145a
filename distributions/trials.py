"""What families of successes among trials share: one number of trials for all rows, or a column of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .data import Array
from .domains import COUNTS, POSITIVE_COUNTS, Domain
from .errors import InvalidDataError, InvalidParameterError


@dataclass(frozen=True)
class SuccessesAndTrials(Domain):
    """Rows of two whole numbers, successes and trials, successes not above trials."""

    text: str = "two whole numbers >= 0, successes <= trials"
    low: float = 0.0
    discrete: bool = True

    def holds(self, rows: Array) -> npt.NDArray[np.bool_]:
        """Which rows, shape (n, 2), are successes and trials."""
        inside: npt.NDArray[np.bool_] = np.all(self.contains(rows), axis=1) & (rows[:, 0] <= rows[:, 1])
        return inside


SUCCESSES_AND_TRIALS = SuccessesAndTrials()


def successes(trials: int | None) -> Domain:
    """Return the domain of the successes among so many trials, or of rows of both."""
    if trials is None:
        return SUCCESSES_AND_TRIALS
    return Domain(f"a whole number from 0 to {trials}", low=0.0, high=float(trials), discrete=True)


def check_trials(owner: str, trials: Any) -> int | None:
    """Return the number of trials as a whole number, None for trials per row.

    Raises
    ------
    InvalidParameterError
        If it is anything else.
    """
    if trials is None:
        return None
    try:
        return int(POSITIVE_COUNTS.check(trials))
    except (TypeError, ValueError):
        raise InvalidParameterError(
            f"{owner}: trials must be {POSITIVE_COUNTS.text}, or None for a column of trials beside the successes; "
            f"got {trials!r}"
        ) from None


def require_trials(owner: str, trials: int | None, purpose: str) -> int:
    """Return the number of trials.

    Raises
    ------
    InvalidDataError
        If it is given per row.
    """
    if trials is None:
        raise InvalidDataError(f"{owner} with trials per row has two columns and cannot {purpose}: give trials")
    return trials


def trials_per_row(owner: str, trials: npt.ArrayLike, size: int) -> npt.NDArray[np.int64]:
    """Return numbers of trials of rows to be drawn, shape (size,).

    Raises
    ------
    InvalidDataError
        If they are not whole numbers >= 0, one for all or one per row.
    """
    values = np.asarray(trials, dtype=float)
    if not COUNTS.contains(values).all() or values.shape not in ((), (size,)):
        raise InvalidDataError(
            f"{owner}: trials of a sample must be whole numbers >= 0, one or {size} of them; got {trials!r}"
        )
    return np.broadcast_to(values, (size,)).astype(np.int64)
