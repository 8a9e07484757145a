"""Missing cells under a mixture: what its components expect, weighted by how probable each is given the row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from distributions.base import Distribution
from distributions.column import Column
from distributions.data import Array
from distributions.imputation import n_expected

from .posterior import become_shares, log_joint


def columns_read(components: Sequence[Distribution], names: Sequence[Any]) -> list[Column]:
    """Return what all components read of data with these columns; a label that one of them knows is a label."""
    read = zip(*(component.columns_read(names) for component in components), strict=True)
    return [Column(columns[0].name, _joined([column.labels for column in columns])) for columns in read]


def _joined(labels: Sequence[dict[float, Any] | None]) -> dict[float, Any] | None:
    known = [each for each in labels if each is not None]
    return {code: label for each in known for code, label in each.items()} if known else None


def expected_cells(
    components: Sequence[Distribution], weights: Array, rows: Array, codes: Sequence[Array | None]
) -> Array:
    """Return the expectations of missing cells, sum_k P(k | observed) E_k[cell | observed]; see `Imputation`."""
    joint = log_joint(components, weights, rows)
    nothing = np.isnan(joint).all(axis=0)  # observed in these columns, as in a part of a product
    with np.errstate(divide="ignore"):  # a weight of zero
        joint[:, nothing] = np.log(weights)[:, np.newaxis]
    become_shares(joint)
    expected = np.zeros((len(rows), n_expected(codes)))
    for component, share in zip(components, joint, strict=True):
        possible = share > 0.0
        if possible.any():
            expected[possible] += share[possible, np.newaxis] * component.expected_cells(rows[possible], codes)
    return expected
