"""The components of a model: as the user named them, and as the branches that EM works on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from distributions.arguments import require_whole
from distributions.base import Distribution
from distributions.covariance_models import CovarianceModel
from distributions.data import Array, Mask
from distributions.domains import Domain, Union
from distributions.errors import InvalidDataError, InvalidParameterError
from distributions.outline import Branch, Choice, Group, Outline, Path

from . import priors, ties
from .observed import Integers

Components = Sequence[Distribution] | Mapping[str, Distribution] | Distribution


class Rules(NamedTuple):
    """What is asked of the components together, as given to `MixtureModel`."""

    tied: Any = None
    covariance: Any = None
    freeze_weights: Any = False
    prior: Any = None
    weights_prior: Any = None

    @property
    def given(self) -> dict[str, Any]:
        """Those that are not the default, by name, in plain numbers, text and lists."""
        values = {name: value for name, value in self._asdict().items() if value is not self._field_defaults[name]}
        if "prior" in values:
            values["prior"] = priors.to_record(self.prior)
        if "weights_prior" in values:
            values["weights_prior"] = np.asarray(self.weights_prior).tolist()
        return values


NO_RULES = Rules()


class Structure:
    """Named components, checked, and the way from them to their outline and back.

    Parameters
    ----------
    components, n_components, weights
        As given to `MixtureModel`.
    rules : Rules

    Raises
    ------
    InvalidParameterError
        If they are not distributions, or do not fit each other.
    """

    def __init__(
        self, components: Components, n_components: int | None, weights: Any = None, rules: Rules = NO_RULES
    ) -> None:
        self.named = _named(components, n_components)
        self.is_mapping = isinstance(components, Mapping)
        self.rules = rules
        self.weights = _proportions(weights, len(self.named))
        self._frozen_weights = self._chosen(rules.freeze_weights)
        self.covariance = None if rules.covariance is None else CovarianceModel(rules.covariance)
        if self.covariance and any(component.outline().groups for component in self.components):
            raise InvalidParameterError(
                f"MixtureModel: covariance={rules.covariance!r}, but a nested mixture has a covariance structure of "
                "its own. Give it to one of the two."
            )
        self._check_column_names()
        self._priors = priors.by_component(rules.prior, list(self.named), self.name_of)
        self._pseudo_counts = priors.pseudo_counts(rules.weights_prior, len(self.named))
        if self.weights is not None and np.any((self.weights == 0.0) & (self._pseudo_counts > 0.0)):
            raise InvalidParameterError(
                f"MixtureModel: weights has a zero where weights_prior={rules.weights_prior!r} rules it out"
            )
        self._tied = ties.read(rules.tied, list(self.named), self.name_of)
        self._ties = ties.Ties(self._tied, self.named)
        self._ties.check_weights(self._frozen_weights, self.weights)
        if self.covariance and self._ties.bind_leaves:
            raise InvalidParameterError(
                f"MixtureModel: tied={rules.tied!r} and covariance={rules.covariance!r} both say what components "
                "share. Give one of the two; weights may be tied beside a covariance."
            )
        if self.covariance or rules.prior is not None:
            self.outline()  # which checks each component

    @property
    def components(self) -> list[Distribution]:
        """The components in order."""
        return list(self.named.values())

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the components that have unknown parameters."""
        return tuple(name for name, component in self.named.items() if component.unknown)

    @property
    def n_columns(self) -> int | None:
        """Number of columns that the components need, None while any will do."""
        known = {name: component.n_columns for name, component in self.named.items()}
        widths = {width for width in known.values() if width is not None}
        if len(widths) > 1:
            listed = ", ".join(f"{name}: {width}" for name, width in known.items() if width is not None)
            raise InvalidParameterError(f"MixtureModel: the components have different numbers of columns ({listed})")
        return widths.pop() if widths else None

    @property
    def support(self) -> Domain:
        """All that lies in the support of a component."""
        return Union.of((component.support for component in self.components), "in the support of a component")

    def prepare(self, x: Any) -> Structure:
        """Return the same structure of components that know what only data as they are given tell."""
        prepared = self.shaped([component.prepare(x) for component in self.components])
        return Structure(prepared, None, self.weights, self.rules)

    @property
    def awaits_labels(self) -> bool:
        """Whether components take their labels from the data."""
        return any(leaf.distribution.awaits_labels for leaf in self.outline().leaves.values())

    def agreed(self, other: Structure) -> Structure:
        """Return the same structure of components that know what these and those of other data do; see `prepare`."""
        mine, theirs = self.outline(), other.outline().leaves
        leaves = {path: leaf.distribution.agreed(theirs[path].distribution) for path, leaf in mine.leaves.items()}
        given = {path: choice.proportions for path, choice in mine.choices.items() if choice.proportions is not None}
        return Structure(self.shaped(self.rebuild((), leaves, given)), None, self.weights, self.rules)

    def encode(self, x: Any) -> Any:
        """Return data as given, in numbers, by the codes that all components share.

        Raises
        ------
        InvalidDataError
            If two components code the data differently.
        """
        first, coding = next(iter(self.named)), self.components[0].coding
        codes = self.components[0].encode(x)
        for name, component in self.named.items():
            if component.coding != coding and not _are_equal(component.encode(x), codes):
                raise InvalidDataError(
                    f"MixtureModel: components {first!r} and {name!r} code the same data differently. Give both the "
                    "same columns in the same order, and labels the same categories."
                )
        return codes

    @property
    def coding(self) -> Any:
        """What `encode` goes by, see `Distribution.coding`: that of all components, or those of each."""
        codings = [component.coding for component in self.components]
        return codings[0] if all(coding == codings[0] for coding in codings) else tuple(codings)

    def outline(self, path: Path = ()) -> Outline:
        """Return the branches of all components, and the choice among these."""
        branches: list[Branch] = []
        choice = Choice.free(len(self.named), self.weights)
        choices = {path: choice._replace(frozen=self._frozen_weights, pseudo_counts=self._pseudo_counts)}
        groups: list[Group] = []
        for k, (name, component) in enumerate(self.named.items()):
            inner = component.outline((*path, k))
            for branch, full_name in zip(inner.branches, _numbered(name, len(inner.branches)), strict=True):
                if self.covariance:
                    branch = self._in_covariance_model(branch, component, full_name)
                branch = self._with_prior(branch, k, inner)
                branches.append(branch._replace(options=((path, k), *branch.options)))
            choices |= inner.choices
            groups += inner.groups
        if self.covariance and self.covariance.is_joint:
            groups = [Group(tuple(branch.leaves[0].path for branch in branches), self.covariance)]
        return self._ties.applied(Outline(branches, choices, groups), path)

    def _in_covariance_model(self, branch: Branch, component: Distribution, name: str) -> Branch:
        """Return a branch in the structure of the covariance model."""
        assert self.covariance is not None
        leaf = branch.leaves[0]
        alone = leaf.distribution if len(branch.leaves) == 1 else component
        return branch._replace(leaves=(leaf._replace(distribution=self.covariance.member(alone, name)),))

    def _with_prior(self, branch: Branch, component: int, outline: Outline) -> Branch:
        """Return a branch of a component with the prior that it is given here."""
        entry, name = self._priors[component], list(self.named)[component]
        if entry is None:
            return branch
        if len(outline.branches) > 1 or any(prior is not None for prior in branch.priors):
            raise InvalidParameterError(
                f"MixtureModel: component {name!r} is made of several, or has a prior: give it inside, here None. What "
                "is no MixtureModel, such as a ZeroInflated, can be written as one"
            )
        n = len(self.named)
        sharing = n if self.covariance and self.covariance.is_one else 1
        return priors.with_priors(branch, entry, priors.DefaultPrior(n, sharing), name)

    @cached_property
    def owner(self) -> Integers:
        """For each branch the index of the component it came from: the option that it takes of the outermost choice."""
        return np.array([branch.options[0][1] for branch in self.outline().branches])

    @property
    def branch_names(self) -> list[str]:
        """Names of the branches: "outer / 2" for the second of a component."""
        counts = np.bincount(self.owner).tolist()
        return [full for name, n in zip(self.named, counts, strict=True) for full in _numbered(name, n)]

    def rebuild(
        self, path: Path, leaves: Mapping[Path, Distribution], proportions: Mapping[Path, Array]
    ) -> list[Distribution]:
        """Return the components made of other leaves and proportions."""
        leaves, proportions = self._ties.resolved(leaves, path), self._ties.resolved(proportions, path)
        return [component.rebuild((*path, k), leaves, proportions) for k, component in enumerate(self.components)]

    def _chosen(self, freeze_weights: Any) -> Mask:
        """Return which mixing proportions are frozen, shape (K,).

        Raises
        ------
        InvalidParameterError
            If that is no choice among the components, or there are no weights to freeze.
        """
        names = list(self.named)
        if isinstance(freeze_weights, (bool, np.bool_)):
            chosen = names if freeze_weights else []
        else:
            if isinstance(freeze_weights, str) or not isinstance(freeze_weights, Sequence):
                raise InvalidParameterError(
                    f"MixtureModel: freeze_weights must be True, False or a list of components; got {freeze_weights!r}"
                )
            chosen = [self.name_of(component, "freeze_weights") for component in freeze_weights]
        if chosen and self.weights is None:
            raise InvalidParameterError("MixtureModel: freeze_weights needs weights to freeze: give them too")
        return np.array([name in chosen for name in names])

    def _check_column_names(self) -> None:
        """Raise if components read columns by different names: those of an array are one order for all."""
        named = {name: part.column_names for name, part in self.named.items() if part.column_names is not None}
        for name, columns in named.items():
            first = next(iter(named))
            if columns != named[first]:
                raise InvalidParameterError(
                    f"MixtureModel: component {first!r} describes the columns {', '.join(named[first])}, but {name!r} "
                    f"{', '.join(columns)}. Give all the same columns in the same order."
                )

    def name_of(self, component: Any, argument: str) -> str:
        """Return the name of a component, which an argument gives by its name or its number.

        Raises
        ------
        InvalidParameterError
            If there is no such component.
        """
        names = list(self.named)
        if isinstance(component, str) and component in self.named:
            return component
        whole = isinstance(component, (int, np.integer)) and not isinstance(component, bool)
        if whole and 0 <= component < len(names):
            return names[component]
        raise InvalidParameterError(
            f"MixtureModel: {argument} names {component!r}; the components are {', '.join(map(repr, names))}, "
            f"or 0 to {len(names) - 1}"
        )

    @property
    def record_of_rules(self) -> dict[str, Any]:
        """The rules that are not the default, as plain numbers, text and lists."""
        rules = self.rules.given
        if self._tied:
            rules["tied"] = ties.record(self._tied)
        if isinstance(self.rules.prior, Mapping):
            named = {self.name_of(component, "prior"): own for component, own in self.rules.prior.items()}
            rules["prior"] = priors.to_record(named)
        return rules

    def shaped(self, components: Sequence[Distribution]) -> list[Distribution] | dict[str, Distribution]:
        """Return the components as they were given: a list, or a dict by name."""
        return dict(zip(self.named, components, strict=True)) if self.is_mapping else list(components)


def _numbered(name: str, n: int) -> list[str]:
    """Return the names of n branches of a component."""
    return [name] if n == 1 else [f"{name} / {i}" for i in range(1, n + 1)]


def _are_equal(codes: Any, others: Any) -> bool:
    """Whether data as two components code them are the same, missing labels included."""
    if codes is others:
        return True
    coded = all(isinstance(part, np.ndarray) and part.dtype.kind == "f" for part in (codes, others))
    return np.array_equal(codes, others, equal_nan=coded)


def _named(components: Components, n: int | None) -> dict[str, Distribution]:
    if isinstance(components, Distribution):
        if n is None:
            raise InvalidParameterError("MixtureModel: one distribution needs n_components, the number of copies")
        require_whole("MixtureModel", "n_components", n)
        components = [components] * int(n)
    elif not isinstance(components, (Sequence, Mapping)) or isinstance(components, str):
        raise InvalidParameterError(
            f"MixtureModel: components must be a list or dict of distributions, or one distribution; got {components!r}"
        )
    elif n is not None and n != len(components):
        raise InvalidParameterError(
            f"MixtureModel: n_components={n} but {len(components)} components are listed; leave it out"
        )
    if isinstance(components, Mapping):
        named = dict(components)
        for name in named:
            if not isinstance(name, str):
                raise InvalidParameterError(f"MixtureModel: names of components must be text; got {name!r}")
    else:
        kinds = [type(component).__name__ for component in components]
        times, so_far, named = Counter(kinds), Counter[str](), {}
        for kind, component in zip(kinds, components, strict=True):
            so_far[kind] += 1
            named[f"{kind} {so_far[kind]}" if times[kind] > 1 else kind] = component
    if not named:
        raise InvalidParameterError("MixtureModel needs at least one component")
    for name, component in named.items():
        if not isinstance(component, Distribution):
            hint = ", an instance: write Normal(), not Normal" if isinstance(component, type) else ""
            raise InvalidParameterError(
                f"MixtureModel: component {name!r} must be a Distribution{hint}; got {component!r}"
            )
    return named


def _proportions(given: Any, n: int) -> Array | None:
    if given is None:
        return None
    try:
        weights = np.array(given, dtype=float)
    except (TypeError, ValueError):
        weights = np.empty(0)
    if weights.shape != (n,) or not np.all(np.isfinite(weights)) or np.any(weights < 0) or not weights.any():
        raise InvalidParameterError(
            f"MixtureModel: weights must be {n} finite numbers >= 0, not all zero; got {given!r}"
        )
    total = weights.sum()
    return weights if abs(total - 1.0) < 1e-12 else weights / total  # proportions come back to the bit
