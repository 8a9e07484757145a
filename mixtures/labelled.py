"""`LabelledOutput`: results of `transform` as data frames, asked for as in scikit-learn."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Self

from distributions.data import Array
from distributions.errors import InvalidParameterError

KINDS = ("default", "pandas", "polars")


class LabelledOutput:
    """Base of an estimator with a `transform`, beside `Estimator`."""

    get_feature_names_out: Callable[..., Any]

    def set_output(self, *, transform: str | None = None) -> Self:
        """Say what `transform` and `fit_transform` return; return self.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            An array, or a data frame whose columns have the names that `get_feature_names_out` gives; of pandas with
            the index of the data. None changes nothing. Where it was never said, the ``transform_output`` of
            scikit-learn's `set_config` counts.

        Raises
        ------
        InvalidParameterError
            If it is something else.
        """
        if transform is not None:
            _require_known(transform)
            self._sklearn_output_config = {"transform": transform}  # by this name scikit-learn's clone finds it
        return self

    def _labelled(self, values: Array, X: Any) -> Any:
        """Return values, shape (n, K), computed from data X, as they were asked for."""
        kind = getattr(self, "_sklearn_output_config", {}).get("transform")
        if kind is None and "sklearn" in sys.modules:
            kind = sys.modules["sklearn"].get_config().get("transform_output")
        if kind is None or kind == "default":
            return values
        _require_known(kind)
        names = list(self.get_feature_names_out())
        if kind == "polars":
            import polars

            return polars.DataFrame(values, schema=names, orient="row")
        import pandas

        return pandas.DataFrame(values, columns=names, index=X.index if isinstance(X, pandas.DataFrame) else None)


def _require_known(kind: str) -> None:
    if kind not in KINDS:
        raise InvalidParameterError(f"set_output of transform: output config must be in {sorted(KINDS)}, got {kind}")
