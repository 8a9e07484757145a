"""A user's own start: which component each row is taken for at first, from labels, responsibilities or a callable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from distributions.data import Array, Observations
from distributions.errors import InvalidParameterError

from .observed import Integers, as_labels


class OwnStart:
    """Memberships of the rows to start from.

    Parameters
    ----------
    init : array_like, shape (n,) or (n, K), or callable
        As given to `MixtureModel`, not yet checked.
    data : Observations
        Checked rows.
    names : list of str
        Names of the K components.
    owner : ndarray
        For each flat component the one that it came from.
    n_init : int or None
        Starts asked for.

    Raises
    ------
    InvalidDataError
        If an array is malformed.
    InvalidParameterError
        If it is neither an array nor a callable.

    Attributes
    ----------
    is_fixed : bool
        Whether all starts are one.
    n_starts : int or None
        Starts to make of a callable: one, unless more are asked for. None for an array.
    """

    def __init__(self, init: Any, data: Observations, names: list[str], owner: Integers, n_init: int | None) -> None:
        self.rows, self.names, self.owner = data.rows, names, owner
        self.is_fixed = not callable(init)
        self.n_starts = None if self.is_fixed else n_init or 1
        if isinstance(init, str) or (self.is_fixed and np.ndim(init) == 0):
            raise InvalidParameterError(
                "MixtureModel: init must be labels, shape (n,), responsibilities, shape (n, K), a callable that "
                f"returns one of these, or None; got {init!r}"
            )
        if self.is_fixed:
            members = self._members(init, data.n_given)
            self.members = members if data.places is None else np.ascontiguousarray(members[:, data.places])
        else:
            self.make: Callable[[Array, np.random.Generator], Any] = init

    def draw(self, rng: np.random.Generator) -> Array:
        """Return memberships of the rows in the flat components, shape (flat components, n)."""
        return self.members if self.is_fixed else self._members(self.make(self.rows.copy(), rng), len(self.rows))

    def _members(self, given: Any, n: int) -> Array:
        if given is None:
            raise InvalidParameterError("MixtureModel: the callable init must return labels or responsibilities")
        known = as_labels(given, n, self.names, "init")
        assert known is not None
        return np.ascontiguousarray(known.shares.T[self.owner])
