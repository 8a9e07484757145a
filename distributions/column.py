"""`Column`: a column of the data as a distribution reads it."""

from typing import Any, NamedTuple

import numpy as np

from .data import Array


class Column(NamedTuple):
    """A column of the data as a distribution reads it."""

    name: Any  # in a frame; the place, in other data
    labels: dict[float, Any] | None = None  # of categories, by the number that stands for each; None for numbers

    @property
    def codes(self) -> Array | None:
        """The numbers that stand for categories, shape (C,)."""
        return None if self.labels is None else np.array(list(self.labels))
