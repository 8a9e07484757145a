"""What classes share that stand in for scikit-learn's of the same name: seeds, checks and texts as there."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from distributions.errors import InvalidDataError, InvalidParameterError, InvalidRecordError
from distributions.records import from_text, shown, to_text
from distributions.registry import register_reader

from .entries import Entry, read_entries, require_names
from .estimator import Estimator, column_names
from .persistence import plain_arguments, read_rng, write_rng

WHOLE, REAL = (int, np.integer), (int, float, np.integer, np.floating)


class DropIn(Estimator):
    """Base of a class with the constructor of scikit-learn's class of its name.

    Attributes
    ----------
    learned : dict of str to Entry
        What `fit` learns and a file keeps; "feature_names_in_" may be absent.
    """

    learned: ClassVar[dict[str, Entry]] = {}
    random_state: Any

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        register_reader(cls.__name__)

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

    def _as_fitted(self, x: Any) -> Any:
        x = super()._as_fitted(x)
        named = column_names(x) is not None
        if named != hasattr(self, "feature_names_in_") and hasattr(self, "n_features_in_"):
            has, fitted = ("has", "without") if named else ("does not have valid", "with")
            text = f"X {has} feature names, but {type(self).__name__} was fitted {fitted} feature names"
            warnings.warn(text, UserWarning, stacklevel=4)
        return x

    def _check_arguments(self) -> None:
        """Raise `InvalidParameterError` if a constructor argument is unusable."""
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------------ files

    def to_dict(self) -> dict[str, Any]:
        """Return the estimator as plain numbers, text and lists: the constructor's arguments, and what a fit learned.

        Raises
        ------
        InvalidParameterError
            If an argument cannot be written down, such as a function.
        """
        parameters = {**plain_arguments(self), "random_state": write_rng(self.random_state, "random_state")}
        record: dict[str, Any] = {"family": type(self).__name__, "parameters": parameters}
        if self.__sklearn_is_fitted__():
            known = self._to_be_written()
            record["fit"] = {name: entry.write(known[name]) for name, entry in self.learned.items() if name in known}
        return record

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Self:
        """Return the estimator that `to_dict` describes, fitted if it was.

        Raises
        ------
        InvalidRecordError
            If the record is not one of this class, or contradicts itself.
        """
        name = cls.__name__
        try:
            if record["family"] != name:
                raise InvalidRecordError(f"it is the record of a {shown(record['family'])}, not of a {name}")
            parameters = dict(record["parameters"])
            strange = (set(parameters) - set(cls._arguments())) | (set(record) - {"family", "parameters", "fit"})
            if strange:
                raise ValueError(f"it has the strange entry {shown(min(strange))}")
            made = cls(**{**parameters, "random_state": read_rng(parameters["random_state"])})
            made._check_arguments()
            if "fit" in record:
                known = read_entries(record["fit"], cls.learned, frozenset({"feature_names_in_"}), set())
                require_names(known.get("feature_names_in_"), known["n_features_in_"])
                for attribute, value in known.items():
                    setattr(made, attribute, value)
                made._complete()
        except InvalidRecordError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            missing = "it lacks " if isinstance(error, KeyError) else ""
            raise InvalidRecordError(f"not a {name}'s record: {missing}{shown(error)}") from None
        return made

    def to_json(self) -> str:
        """Return the estimator as JSON text, floats exact, with the format's version and a checksum; see `to_dict`."""
        return to_text(self.to_dict())

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the estimator written by `to_json`; reading imports and runs nothing.

        Raises
        ------
        InvalidRecordError
            If the text is not that of an estimator of this class, or was changed since it was written.
        """
        return cls.from_dict(from_text(text))

    def _to_be_written(self) -> dict[str, Any]:
        """Return what a file keeps of a fit, by the names of `learned`."""
        return vars(self)

    def _complete(self) -> None:
        """Check what was read from a file against the rest, and set the attributes that follow from it.

        Raises
        ------
        ValueError
            If they do not fit each other.
        """
        raise NotImplementedError

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
