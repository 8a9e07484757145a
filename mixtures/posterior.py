"""Which component a row came from: log joint densities and responsibilities of given components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from distributions.data import Array, Mask, Observations, as_observed, describe_rows
from distributions.domains import Domain
from distributions.errors import InvalidDataError

from .sweep import normalise, scratch_size


class HasDensity(Protocol):
    """A distribution, or a branch of one."""

    def log_pdf(self, x: Array) -> Array: ...  # noqa: D102

    def covers(self, rows: Array) -> Mask: ...  # noqa: D102

    @property
    def support(self) -> Domain: ...  # noqa: D102


def log_joint(components: Sequence[HasDensity], weights: Array, rows: Array) -> Array:
    """Return log(w_k) + log_pdf_k of each row, shape (K, n)."""
    values = as_observed(rows)
    with np.errstate(divide="ignore"):  # a weight of zero
        log_weights = np.log(weights)
    return np.stack([part.log_pdf(values) + share for part, share in zip(components, log_weights, strict=True)])


def log_density(components: Sequence[HasDensity], weights: Array, rows: Array) -> Array:
    """Return log sum_k w_k pdf_k of each row, shape (n,); -inf and NaN pass through."""
    joint = log_joint(components, weights, rows)
    top = np.max(joint, axis=0)
    with np.errstate(divide="ignore"):
        rest = np.log(np.sum(np.exp(joint - np.where(np.isfinite(top), top, 0.0)), axis=0))
    return np.where(np.isfinite(top), top + rest, top)


def shares(joint: Array) -> Array:
    """Return the responsibilities that log joint densities, shape (K, n), say; NaN where no component reaches."""
    with np.errstate(invalid="ignore"):
        parts = np.exp(joint - joint.max(axis=0))
    return np.asarray(parts / parts.sum(axis=0))


def become_shares(joint: Array) -> None:
    """Turn log joint densities, shape (K, n), into responsibilities in place, as the sweep does."""
    nothing = np.empty(0)
    normalise(joint, nothing, np.empty(len(joint)), np.empty(scratch_size(*joint.shape)), nothing)


def responsibilities(components: Sequence[HasDensity], weights: Array, rows: Array) -> Array:
    """Return the probability of each component given each row, shape (n, K).

    Raises
    ------
    InvalidDataError
        If no component reaches a row.
    """
    joint = log_joint(components, weights, rows)
    unreached = ~np.any(joint > -np.inf, axis=0)
    if unreached.any():
        first = rows[unreached][:1]
        outside = not any(part.covers(first)[0] for part in components)  # such as text that is no category
        wanted = "; ".join(dict.fromkeys(part.support.text for part in components))
        raise InvalidDataError(
            f"{describe_rows(rows, unreached)} of zero density under every component: no membership is defined"
            + (f", as that row should be {wanted}" if outside else "")
            + ". Drop these rows."
        )
    become_shares(joint)
    return np.ascontiguousarray(joint.T)


def explain_failure(
    components: Sequence[HasDensity],
    weights: Array,
    names: Sequence[str],
    data: Observations,
    log_factors: Array | None = None,
) -> None:
    """Raise the error that says why the log-likelihood of the rows is not finite; return if it is.

    Raises
    ------
    InvalidDataError
        Names the component whose log density is NaN, or the first row that has no density.
    """
    joint = log_joint(components, weights, data.rows)
    for name, values in zip(names, joint, strict=True):
        bad = np.isnan(values) | (values == np.inf)
        if bad.any():
            raise InvalidDataError(
                f"component {name!r}: log_pdf of {data.describe(bad)} {values[np.argmax(bad)]}. "
                "A log_pdf must be a number or -inf."
            )
    nowhere = np.all(joint == -np.inf, axis=0)
    unreached = nowhere if log_factors is None else np.all(joint + log_factors == -np.inf, axis=0)
    if not unreached.any():
        return
    if not nowhere.any():
        raise InvalidDataError(
            f"{data.describe(unreached)} of zero density under the components that labels allow. Correct the labels."
        )
    raise InvalidDataError(
        f"{data.describe(nowhere)} of zero density under every component "
        f"({', '.join(names)}). Drop these rows, or add a component that covers them."
    )
