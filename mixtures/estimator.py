"""What scikit-learn's tools expect of an estimator. Its modules are imported only where one of them asks."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from distributions.data import is_frame
from distributions.errors import InvalidDataError, InvalidParameterError

ROWS = ("self", "x", "X", "y")  # arguments that every tool passes by itself


class Estimator:
    """Constructor arguments by name, names of columns, tags and metadata routing; the base of what has a `fit`.

    A class that derives from it stores the arguments of its constructor untouched and sets ``n_features_in_`` in `fit`.
    """

    fit: Callable[..., Any]
    predict: Callable[..., Any]
    n_features_in_: int
    feature_names_in_: npt.NDArray[Any]

    @classmethod
    def _arguments(cls) -> dict[str, inspect.Parameter]:
        """Return the constructor's arguments as declared."""
        return {name: p for name, p in inspect.signature(cls.__init__).parameters.items() if name != "self"}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments by name."""
        return {name: getattr(self, name) for name in self._arguments()}

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments by name; return self.

        Raises
        ------
        InvalidParameterError
            If there is no such argument.
        """
        known = self._arguments()
        for name, value in params.items():
            if name not in known:
                raise InvalidParameterError(
                    f"{type(self).__name__} has no argument {name!r}; it has {', '.join(known)}"
                )
            setattr(self, name, value)
        return self

    # ------------------------------------------------------------------------------------------ names of columns

    @property
    def _reads_by_name(self) -> tuple[str, ...] | None:
        """Names of the columns that are looked up in a data frame, whatever else it holds; None: all, in order."""
        return None

    def _keep_names(self, x: Any) -> None:
        """Note the names of the columns of the data of a fit."""
        names = self._reads_by_name if is_frame(x) else None
        names = names if names is not None else column_names(x)
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _as_fitted(self, x: Any) -> Any:
        """Return data as `as_given` does, checked against the number and names of the columns of the fit.

        Raises
        ------
        InvalidDataError
            If they differ.
        """
        x = as_given(x)
        if not hasattr(self, "n_features_in_") or (self._reads_by_name is not None and is_frame(x)):
            return x
        expected = getattr(self, "feature_names_in_", None)
        names = column_names(x)
        if expected is not None and names is not None and names != tuple(expected):
            raise InvalidDataError(_renamed(list(expected), list(names)))
        shape: tuple[int, ...] = np.shape(x) if isinstance(x, np.ndarray) or is_frame(x) else ()
        if len(shape) == 1 and self.n_features_in_ > 1:
            raise InvalidDataError(
                f"{type(self).__name__} is expecting {self.n_features_in_} features, and got shape {shape}. "
                "Reshape your data: x.reshape(1, -1) is a single row."
            )
        if len(shape) == 2 and shape[1] != self.n_features_in_:
            raise InvalidDataError(
                f"X has {shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features as "
                f"input: the columns of the fit. Got shape {shape}."
            )
        return x

    # ---------------------------------------------------------------------------------------------- scikit-learn

    @property
    def _takes_missing(self) -> bool:
        """Whether cells may be missing (NaN)."""
        return False

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags  # only scikit-learn asks, so it is there

        return Tags(
            estimator_type="density_estimator",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(allow_nan=self._takes_missing),
        )

    def get_metadata_routing(self) -> Any:
        """Return which metadata the methods ask for, as scikit-learn's metadata routing reads it."""
        if hasattr(self, "_metadata_request"):
            return self._metadata_request
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=type(self).__name__)
        for method in ("fit", "partial_fit", "score"):
            for name in inspect.signature(getattr(self, method)).parameters if hasattr(self, method) else ():
                if name not in ROWS:
                    getattr(request, method).add_request(param=name, alias=None)
        return request

    def set_fit_request(self, **requests: bool | str | None) -> Self:
        """Say which metadata scikit-learn's tools pass to `fit`, such as ``sample_weight=True``; return self."""
        return self._set_request("fit", requests)

    def set_score_request(self, **requests: bool | str | None) -> Self:
        """Say which metadata scikit-learn's tools pass to `score`, such as ``sample_weight=True``; return self."""
        return self._set_request("score", requests)

    def _set_request(self, method: str, requests: dict[str, bool | str | None]) -> Self:
        routing = self.get_metadata_routing()
        known = getattr(routing, method).requests
        for name, alias in requests.items():
            if name not in known:
                raise TypeError(f"{type(self).__name__}.{method} takes no {name!r}; it takes {', '.join(known)}")
            getattr(routing, method).add_request(param=name, alias=alias)
        self._metadata_request = routing  # by this name scikit-learn's clone finds it
        return self


def as_given(x: Any) -> Any:
    """Return data as they are, or as an array where they can do nothing but turn into one."""
    lazy = hasattr(x, "__dask_graph__")  # of a length that may not be known, and not to be computed here
    return np.asarray(x) if hasattr(x, "__array__") and not hasattr(x, "__len__") and not lazy else x


def column_names(x: Any) -> tuple[str, ...] | None:
    """Return the names of the columns of a data frame, None where there are none or some are no text."""
    names = tuple(x.columns) if is_frame(x) else ()
    return names if names and all(isinstance(name, str) for name in names) else None


def _renamed(expected: list[str], names: list[str]) -> str:
    """Return what differs between the names of two fits, in scikit-learn's words."""
    unseen, missing = sorted(set(names) - set(expected)), sorted(set(expected) - set(names))
    text = "The feature names should match those that were passed during fit.\n"
    for title, listed in (
        ("Feature names unseen at fit time:", unseen),
        ("Feature names seen at fit time, yet now missing:", missing),
    ):
        if listed:
            text += "\n- ".join([title, *listed[:5]]) + ("\n- ..." if len(listed) > 5 else "") + "\n"
    return text if unseen or missing else text + "Feature names must be in the same order as they were in fit.\n"


# ------------------------------------------------------------------------------------------- errors and warnings


def known_to_sklearn(category: type[Any]) -> type[Any]:
    """Return a class of errors or warnings that is scikit-learn's of that name too, once that has been imported.

    So ``except NotFittedError`` and filters of warnings hold wherever the name was imported from.
    """
    twin = getattr(sys.modules.get("sklearn.exceptions"), category.__name__, None)
    if twin is None:
        return category
    if category not in _joined:
        _joined[category] = _join(category, twin)
    return _joined[category]


_joined: dict[type[Any], type[Any]] = {}


def _join(category: type[Any], twin: type[Any]) -> type[Any]:
    def reduce(self: Any) -> tuple[Any, ...]:
        return _restored, (category, self.args)

    return type(category.__name__, (category, twin), {"__module__": category.__module__, "__reduce__": reduce})


def _restored(category: type[Any], args: tuple[Any, ...]) -> Any:
    """Return an error of a joined class from its pickle."""
    return known_to_sklearn(category)(*args)
