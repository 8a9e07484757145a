"""Some columns under a mixture: a mixture again, of what each component says of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distributions.base import Distribution
from distributions.conditioning import Places
from distributions.data import Array


def marginals(components: Sequence[Distribution], places: Places) -> list[Distribution]:
    """Return the components' distributions of the columns at some places."""
    return [component.marginal_at(places) for component in components]


def conditionals(
    components: Sequence[Distribution], weights: Array, places: Places, values: Array
) -> tuple[list[Distribution], Array]:
    """Return the components' distributions of the other columns given these, and how probable each component then is.

    Components of probability zero stay, so that all keep their places and names.
    """
    row = values if len(values) == 1 else values[np.newaxis]
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    joint = log_weights + [component.marginal_at(places).log_pdf(row)[0] for component in components]
    share = np.exp(joint - joint.max())
    share /= share.sum()
    return [component.conditional_at(places, values) for component in components], share
