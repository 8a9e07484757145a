"""What families of successes among trials share: one number of trials for all rows, or a column of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from .data import Array, as_array, as_numbers
from .domains import COUNTS, POSITIVE_COUNTS, Domain
from .errors import InvalidDataError, InvalidParameterError
from .kernels import Kernels

if TYPE_CHECKING:
    from .base import Rng


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


class SuccessFamily:
    """Mixed into a `Distribution` of successes, with a field ``trials``: one number for all rows, None for a column."""

    trials: int | None
    one_number: ClassVar[Kernels]  # the kernels for one number of trials, the last entry of theta
    per_row: ClassVar[Kernels]  # the kernels for trials in the second column

    def __post_init__(self) -> None:
        super().__post_init__()  # type: ignore[misc]
        if self.trials is None:
            return
        try:
            object.__setattr__(self, "trials", int(POSITIVE_COUNTS.check(self.trials)))
        except (TypeError, ValueError):
            raise InvalidParameterError(
                f"{type(self).__name__}: trials must be {POSITIVE_COUNTS.text}, or None for a column of trials beside "
                f"the successes; got {self.trials!r}"
            ) from None

    @property
    def support(self) -> Domain:
        """Whole numbers from 0 to trials, or rows of successes and trials."""
        if self.trials is None:
            return SUCCESSES_AND_TRIALS
        return Domain(f"a whole number from 0 to {self.trials}", low=0.0, high=float(self.trials), discrete=True)

    @property
    def kernels(self) -> Kernels:
        """The kernels for one number of trials, or for trials per row."""
        return self.per_row if self.trials is None else self.one_number

    @property
    def n_columns(self) -> int:
        """One column of successes, or two of successes and trials."""
        return 2 if self.trials is None else 1

    @property
    def constants(self) -> tuple[float, ...]:
        """The number of trials, 0 for trials per row."""
        return (float(self.trials or 0),)

    def prepare(self, x: Any) -> Self:
        """Return self, if the data bring the trials that it lacks.

        Raises
        ------
        InvalidDataError
            If there are successes only.
        """
        if self.trials is None and np.ndim(x if hasattr(x, "ndim") else as_array(x)) == 1:
            name = type(self).__name__
            raise InvalidDataError(
                f"{name} needs the number of trials too: {name}(trials=...) where it is one for all rows, else data of "
                f"two columns, successes and trials; the data have one (shape {np.shape(x)})."
            )
        return self

    def require_trials(self, purpose: str) -> int:
        """Return the number of trials.

        Raises
        ------
        InvalidDataError
            If it is given per row.
        """
        if self.trials is None:
            name = type(self).__name__
            raise InvalidDataError(f"{name} with trials per row has two columns and cannot {purpose}: give trials")
        return self.trials

    def sample(self, size: int, rng: Rng = None, *, trials: npt.ArrayLike = 1) -> Array:
        """Draw ``size`` independent rows (as floats).

        Parameters
        ----------
        size, rng
            As everywhere.
        trials : array_like, shape () or (size,), default 1
            Trials of the rows, if the distribution has trials per row.

        Returns
        -------
        ndarray, shape (size,), or (size, 2) with the trials beside the successes

        Raises
        ------
        InvalidDataError
            If ``trials`` are not whole numbers >= 0, one for all or one per row.
        """
        self.require_known("be sampled")  # type: ignore[attr-defined]
        given = as_numbers(trials if self.trials is None else self.trials, type(self).__name__, "trials")
        if not COUNTS.contains(given).all() or given.shape not in ((), (size,)):
            raise InvalidDataError(
                f"{type(self).__name__}: trials of a sample must be whole numbers >= 0, one or {size} of them; "
                f"got {trials!r}"
            )
        n = np.broadcast_to(given, (size,)).astype(np.int64)
        x: Array = self.draw(n, np.random.default_rng(rng))  # type: ignore[attr-defined]
        return x if self.trials is not None else np.column_stack([x, n.astype(float)])
