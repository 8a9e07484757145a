"""Which optima count: the rule by which spurious ones are left out, apart from the library's own.

The likelihood of a mixture has maxima that say nothing of the data, where a component sits on a few rows that happen to
be nearly equal, or nearly on a line (McLachlan & Peel, Finite Mixture Models, 2000, section 3.10). An optimum counts
if no component was held at a floor or has lost its data, and none of the continuous ones is both

- poor: its effective count is below 5 (d + 1), with d columns, and
- narrow: its standard deviation is below `NARROW` of the data's in some column, or in some direction of the
  standardised columns where the covariance is a matrix.
"""

from __future__ import annotations

import warnings

import numpy as np

from mixtures import DegeneracyWarning, MixtureModel

NARROW = 0.02


def width(component, scale):
    """Return the least standard deviation of a component, relative to that of the data; infinity where it has none."""
    if component.support.discrete or not component.support.is_location:
        return np.inf
    if hasattr(component, "cov"):
        cov = np.asarray(component.cov) * np.ones((len(scale), len(scale))) if np.ndim(component.cov) == 2 else None
        if cov is not None:
            return float(np.sqrt(max(np.linalg.eigvalsh(cov / np.outer(scale, scale))[0], 0.0)))
        return float(np.sqrt(np.min(np.broadcast_to(component.cov, len(scale)) / scale**2)))
    return float(np.min(np.sqrt(component.var) / scale))


def is_sane(model: MixtureModel, rows: np.ndarray, caught: list[warnings.WarningMessage]) -> bool:
    """Say whether a fitted model counts, from its components and the warnings of its fit."""
    if any(issubclass(warning.category, DegeneracyWarning) for warning in caught):
        return False
    try:
        rows = np.asarray(rows, dtype=float).reshape(len(rows), -1)
    except (TypeError, ValueError):  # a frame of several kinds of columns
        return True
    scale = np.nanstd(rows, axis=0)
    components = model.components_.values() if isinstance(model.components_, dict) else model.components_
    poor = model.effective_counts_ * model.n_rows_ / model.total_weight_ < 5 * (rows.shape[1] + 1)
    return not any(few and width(part, scale) < NARROW for few, part in zip(poor, components, strict=True))
