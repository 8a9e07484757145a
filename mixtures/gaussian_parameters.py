"""Weights, means, covariances and precisions of a `GaussianMixture`, in the shapes that scikit-learn gives them.

With K components and d columns the covariances and precisions of ``covariance_type`` "full" have shape (K, d, d), of
"tied" (d, d), of "diag" (K, d) and of "spherical" (K,). Texts of errors are scikit-learn's, as programs match them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from distributions.data import Array
from distributions.errors import InvalidParameterError
from distributions.multivariate_normal import MultivariateNormal

STRUCTURES = {"full": "full", "tied": "full", "diag": "diagonal", "spherical": "spherical"}


def shape_of(kind: str, n_components: int, n_columns: int) -> tuple[int, ...]:
    """Return the shape of the covariances."""
    k, d = n_components, n_columns
    return {"full": (k, d, d), "tied": (d, d), "diag": (k, d), "spherical": (k,)}[kind]


def n_parameters(kind: str, n_components: int, n_columns: int) -> int:
    """Return the number of free parameters: weights, means and covariances."""
    k, d = n_components, n_columns
    in_covariances = {"full": k * d * (d + 1) // 2, "tied": d * (d + 1) // 2, "diag": k * d, "spherical": k}[kind]
    return k - 1 + k * d + in_covariances


def normals(kind: str, means: Array, covariances: Array) -> list[MultivariateNormal]:
    """Return the components with these parameters, their covariances in the shape of ``kind``."""
    d = means.shape[1]
    if kind == "tied":
        matrices: Any = [covariances] * len(means)
    elif kind == "full":
        matrices = covariances
    else:
        matrices = [np.diag(np.broadcast_to(variances, d)) for variances in covariances]
    return [
        MultivariateNormal(mean=mean, cov=matrix, structure=STRUCTURES[kind])
        for mean, matrix in zip(means, matrices, strict=True)
    ]


def covariances_of(kind: str, components: Sequence[MultivariateNormal]) -> Array:
    """Return the covariances of components in the shape of ``kind``."""
    if kind == "full":
        return np.array([component.cov for component in components])
    if kind == "tied":
        return np.array(components[0].cov)
    variances = np.array([np.diag(component.cov) for component in components])
    return variances if kind == "diag" else np.ascontiguousarray(variances[:, 0])


def cholesky_of(kind: str, covariances: Array) -> Array:
    """Return upper triangles U with U U' = precision, or the square roots of diagonal precisions."""
    if kind in ("diag", "spherical"):
        return 1.0 / np.sqrt(covariances)
    return np.ascontiguousarray(np.swapaxes(np.linalg.inv(np.linalg.cholesky(covariances)), -1, -2))


def precisions_of(kind: str, cholesky: Array) -> Array:
    """Return the precisions whose roots `cholesky_of` gives."""
    if kind in ("diag", "spherical"):
        return cholesky**2
    return cholesky @ np.swapaxes(cholesky, -1, -2)


def inverse(kind: str, values: Array) -> Array:
    """Return covariances for precisions."""
    if kind in ("diag", "spherical"):
        return 1.0 / values
    inverted = np.asarray(np.linalg.inv(values), dtype=float)
    return (inverted + np.swapaxes(inverted, -1, -2)) / 2.0


# ------------------------------------------------------------------------------------------------ given by the user


def as_weights_init(given: npt.ArrayLike, n_components: int) -> Array:
    """Return mixing proportions to start from, shape (K,).

    Raises
    ------
    InvalidParameterError
        If they are none.
    """
    weights = _array("weights", given, (n_components,))
    if np.any(weights < 0.0) or np.any(weights > 1.0):
        raise InvalidParameterError(
            "The parameter 'weights' should be in the range [0, 1], but got max value "
            f"{weights.min():.5f}, min value {weights.max():.5f}"
        )
    if abs(1.0 - weights.sum()) > 1e-8:
        raise InvalidParameterError(
            f"The parameter 'weights' should be normalized, but got sum(weights) = {weights.sum():.5f}"
        )
    return weights


def as_means_init(given: npt.ArrayLike, n_components: int, n_columns: int) -> Array:
    """Return means to start from, shape (K, d)."""
    return _array("means", given, (n_components, n_columns))


def as_precisions_init(given: npt.ArrayLike, kind: str, n_components: int, n_columns: int) -> Array:
    """Return precisions to start from, in the shape of ``kind``.

    Raises
    ------
    InvalidParameterError
        If they are none.
    """
    precisions = _array(f"{kind} precision", given, shape_of(kind, n_components, n_columns))
    if kind in ("diag", "spherical"):
        if np.any(precisions <= 0.0):
            raise InvalidParameterError(f"'{kind} precision' should be positive")
        return precisions
    turned = np.swapaxes(precisions, -1, -2)
    if not np.allclose(precisions, turned) or not np.all(np.linalg.eigvalsh(precisions) > 0.0):
        raise InvalidParameterError(f"'{kind} precision' should be symmetric, positive-definite")
    return precisions


def _array(name: str, given: npt.ArrayLike, shape: tuple[int, ...]) -> Array:
    try:
        values = np.array(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidParameterError(f"The parameter '{name}' should be numbers: {error}") from None
    if values.shape != shape:
        raise InvalidParameterError(f"The parameter '{name}' should have the shape of {shape}, but got {values.shape}")
    if not np.isfinite(values).all():
        raise InvalidParameterError(f"The parameter '{name}' contains NaN or infinity")
    return values
