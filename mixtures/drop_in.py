"""What classes share that stand in for scikit-learn's of the same name: seeds, checks and texts as there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from distributions.errors import InvalidDataError, InvalidParameterError

from .estimator import Estimator

WHOLE, REAL = (int, np.integer), (int, float, np.integer, np.floating)


class DropIn(Estimator):
    """Base of a class with the constructor of scikit-learn's class of its name."""

    def _require_numbers(self, wanted: Sequence[tuple[str, Any, float]]) -> None:
        """Raise unless these arguments, by name, kinds and least value, are finite numbers of such a kind and size."""
        for name, kinds, least in wanted:
            value = getattr(self, name)
            boolean = isinstance(value, (bool, np.bool_)) and bool not in kinds
            if not isinstance(value, kinds) or boolean or not least <= value < np.inf:
                number = "a float" if kinds is REAL else "an int"
                self._refuse(name, f"{number} in the range [{least}, inf)")

    def _refuse(self, name: str, wanted: str) -> None:
        raise InvalidParameterError(
            f"The {name!r} parameter of {type(self).__name__} must be {wanted}. Got {getattr(self, name)!r} instead."
        )

    def __repr__(self) -> str:
        defaults = self._arguments()
        given = {name: value for name, value in self.get_params().items() if value is not defaults[name].default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def as_random_state(seed: Any) -> Any:
    """Return the generator that a ``random_state`` stands for, as in scikit-learn: None is NumPy's global one."""
    if isinstance(seed, (np.random.RandomState, np.random.Generator)):
        return seed
    if seed is None or seed is np.random:
        return np.random.mtrand._rand
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return np.random.RandomState(int(seed))
    raise InvalidParameterError(
        f"The 'random_state' parameter must be an int, a numpy.random.RandomState or None. Got {seed!r} instead."
    )


def require_two_dimensions(X: Any) -> None:
    """Raise `InvalidDataError` if data have one dimension: it is not known whether they are a column or a row."""
    if not hasattr(X, "toarray") and np.ndim(X) == 1:
        raise InvalidDataError(
            f"Expected 2D array, got 1D array instead (shape={np.shape(X)}). Reshape your data either using "
            "X.reshape(-1, 1) if it has a single feature or X.reshape(1, -1) if it is a single sample."
        )
