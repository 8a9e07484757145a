"""Which optima count: those in which no component was held at a floor, lost its data, or sits on few rows as a spike.

It is the rule of the library, see `mixtures.degeneracy`: a fit lists what went wrong.
"""

from __future__ import annotations

from mixtures import MixtureModel


def is_sane(model: MixtureModel) -> bool:
    """Say whether a fitted model counts."""
    return not model.degeneracies_
