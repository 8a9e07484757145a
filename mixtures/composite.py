"""`Composite`: a distribution made of others by mixing, as the rest of the package sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from distributions.base import Distribution
from distributions.data import Array, Mask
from distributions.domains import Domain
from distributions.errors import InvalidParameterError, NotFittedError
from distributions.outline import Outline, Path, finite_rows, split_name

from .estimator import Estimator, known_to_sklearn
from .structure import Components, Rules, Structure


class _Arguments(Estimator):
    """What the constructor and `fit` of a mixture store."""

    components: Components
    n_components: int | None
    weights: npt.ArrayLike | None
    freeze_weights: bool | Sequence[str | int]
    components_: list[Distribution] | dict[str, Distribution]
    weights_: Array


class Composite(_Arguments, Distribution, abstract=True):
    """What of a mixture a mixture around it sees: components and weights, fitted or as given; a base of `MixtureModel`.

    Which of them are known, which rows they can take, and the outline by which `fit` reaches them at any depth.
    """

    @property
    def names(self) -> list[str]:
        """Names of the components: the keys of a dict, else family and number."""
        return list(self._structure.named)

    @property
    def _structure(self) -> Structure:
        # Made anew each time: arguments are stored untouched, and checked where they are used.
        return Structure(self.components, self.n_components, self.weights, self._rules)

    @property
    def _rules(self) -> Rules:
        return Rules(**{name: getattr(self, name) for name in Rules._fields})

    def require_known(self, purpose: str, names: tuple[str, ...] | None = None) -> None:
        """Raise `NotFittedError` if the model is not fitted and some parameter has no value."""
        self._current(purpose)

    def _current(self, purpose: str) -> tuple[list[Distribution], Array]:
        """Return components and weights: the fitted ones, or the given ones where nothing is unknown."""
        if hasattr(self, "weights_"):
            fitted = self.components_
            return list(fitted.values() if isinstance(fitted, dict) else fitted), self.weights_
        structure = self._structure
        if structure.unknown:
            raise known_to_sklearn(NotFittedError)(
                f"this MixtureModel cannot {purpose} yet: the parameters of {', '.join(structure.unknown)} are "
                "unknown. Call fit(x) first, or give them."
            )
        n = len(structure.named)
        return structure.components, np.full(n, 1.0 / n) if structure.weights is None else structure.weights

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the components that have unknown parameters; none after `fit`."""
        return () if hasattr(self, "weights_") else self._structure.unknown

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while it is unknown."""
        needed = self._structure.n_columns
        return getattr(self, "n_features_in_", None) if needed is None else needed

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: those of the components, shared ones once, and K - 1 weights."""
        return self.outline().n_parameters

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """All that lies in the support of a component."""
        return self._structure.support

    def freeze(self, *names: str) -> Self:
        """Return a copy in which `fit` leaves these parts (everything, if none is named) exactly as they are.

        Parameters
        ----------
        *names : str
            "weights"; the name of a component, for all of its parameters; or both, such as "young.mean".

        Raises
        ------
        InvalidParameterError
            If there is no such component or parameter, or weights that are frozen have no values.
        UnknownParameterError
            If a parameter to be frozen has no value.
        """
        components, weights = self._described()
        named = dict(zip(self.names, components, strict=True))
        for name in [name for name in names if name != "weights"] if names else list(named):
            owner, parameter = split_name(name, named)
            if owner is None:
                raise InvalidParameterError(
                    f"MixtureModel has no component {name!r} to freeze; it has weights, {', '.join(named)}"
                )
            named[owner] = named[owner].freeze(*[parameter] if parameter else [])
        model = self._copied(
            list(named.values()),
            weights=weights,
            freeze_weights=True if "weights" in names or not names else self.freeze_weights,
        )
        model._structure  # noqa: B018  # which checks the arguments
        return model

    def prepare(self, x: Any) -> Self:
        """Return a copy whose components know what only data as they are given tell; or self."""
        prepared = self._structure.prepare(x)
        if prepared.components == self._structure.components:
            return self
        return self._copied(prepared.components)

    def encode(self, x: Any) -> Any:
        """Return data as given, in numbers: text becomes the codes that the components agree on."""
        return self._coder.encode(x)

    @property
    def coding(self) -> Any:
        """What the codings of the components are."""
        return self._coder.coding

    @property
    def _coder(self) -> Structure:
        return Structure(self.components_, None, None) if hasattr(self, "weights_") else self._structure

    @property
    def marginalises(self) -> bool:
        """Whether rows may have missing (NaN) cells: if every component can do without them."""
        return all(component.marginalises for component in self._described()[0])

    def covers(self, rows: Array) -> Mask:
        """Which rows, shape (n, d), lie in the support of a component, missing cells left out."""
        return np.any([component.covers(rows) for component in self._described()[0]], axis=0)

    def finite_rows(self, rows: Array) -> Array:
        """Return the finite rows that stand for these, shape (n, d)."""
        return finite_rows(self.outline().branches, rows)

    def outline(self, path: Path = ()) -> Outline:
        """Return the branches of the components, and the choice among these."""
        components, weights = self._described()
        return Structure(self._structure.shaped(components), None, weights, self._rules).outline(path)

    def rebuild(self, path: Path, leaves: Mapping[Path, Distribution], proportions: Mapping[Path, Array]) -> Self:
        """Return a model made of other leaves and proportions, by the paths that `outline` gave them."""
        return self._copied(self._structure.rebuild(path, leaves, proportions), weights=proportions.get(path))

    def _copied(self, components: Sequence[Distribution] | None = None, **params: Any) -> Self:
        """Return a copy, not fitted, with other components in the places of these and other constructor arguments."""
        if components is not None:
            params |= {"components": self._structure.shaped(components), "n_components": None}
        return type(self)(**{**self.get_params(), **params})

    def _described(self) -> tuple[list[Distribution], Array | None]:
        """Return components and weights as far as they are known."""
        if self.unknown:
            return self._structure.components, self._structure.weights
        return self._current("be described")

    @property
    def _takes_missing(self) -> bool:
        try:
            return self.marginalises
        except InvalidParameterError:  # which `fit` will raise
            return False

    @property
    def _reads_by_name(self) -> tuple[str, ...] | None:
        return next((part.column_names for part in self._described()[0] if part.column_names is not None), None)
