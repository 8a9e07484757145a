"""What families share that have one parameter, a vector with an entry for each column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .data import Array
from .domains import CountRows, Domain
from .errors import InvalidParameterError, UnknownParameterError

if TYPE_CHECKING:
    from .base import Parameter


class VectorFamily:
    """Mixed into a `Distribution` with one declared parameter: d entries for d columns."""

    declared: tuple[Parameter, ...]
    frozen: frozenset[str]

    @property
    def _vector(self) -> Any:
        return getattr(self, self.declared[0].name)

    @property
    def n_columns(self) -> int | None:
        """Number of columns d, None while the parameter is unknown."""
        return None if self._vector is None else len(self._vector)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters; none if they are frozen."""
        name, domain, *_ = self.declared[0]
        if self._vector is None:
            raise UnknownParameterError(
                f"{self!r} cannot count its parameters: {name} and its length are unknown. Fit it first."
            )
        return 0 if name in self.frozen else domain.n_free(self._vector)

    def statistics_size(self) -> int:
        """Return the length of the vector that `accumulate` fills: the weight, and a sum for each column."""
        return 1 + len(self._vector)


class TrialsFamily(VectorFamily):
    """A `VectorFamily` of rows of counts, with a field ``trials``: the sum of a row, None for any.

    The first entry of theta is this sum, `ANY_TOTAL` for None; the vector follows.
    """

    trials: int | None

    @property
    def support(self) -> Domain:
        """Rows of whole numbers, of sum ``trials`` if it is given."""
        return CountRows.of(self.trials)

    @property
    def _trials(self) -> int:
        """Number of trials of the rows that `sample`, `mean` and `var` describe."""
        return 1 if self.trials is None else self.trials

    def _check_trials(self) -> None:
        trials = self.trials
        if trials is None:
            return
        if isinstance(trials, bool) or not isinstance(trials, (int, float, np.number)) or trials != trials // 1:
            trials = 0
        if not 1 <= trials <= 2**53:
            raise InvalidParameterError(
                f"{type(self).__name__}: trials must be a whole number >= 1 or None; got {self.trials!r}"
            )
        object.__setattr__(self, "trials", int(trials))

    def to_theta(self) -> Array:
        """Return the number of trials and the vector."""
        return np.concatenate([[ANY_TOTAL if self.trials is None else float(self.trials)], self._vector])

    @property
    def theta_domains(self) -> tuple[tuple[Domain | None, int], ...]:
        """None for the number of trials, then the domain of the vector."""
        return (None, 1), (self.declared[0].domain, len(self._vector))

    def from_theta(self, theta: Array) -> Any:
        """Return the distribution with the vector in ``theta``; a frozen one stays the very same."""
        name = self.declared[0].name
        return self if name in self.frozen else self.with_values(**{name: theta[1:]})  # type: ignore[attr-defined]

    def bounds(self, scale: Array, floor: float) -> Array:
        """Return the box of the update; the number of trials is pinned."""
        total = self.to_theta()[:1]
        return np.hstack([np.array([total, total]), super().bounds(scale, floor)])  # type: ignore[misc]

    def at_bounds(self, theta: Array, bounds: Array) -> tuple[str, ...]:
        """Return no names: at its ends the likelihood has a limit."""
        return ()


ANY_TOTAL = -1.0
