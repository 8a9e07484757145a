"""What `MixtureModel(..., tied=...)` asks for: names of parameters and of components, checked, and put in the outline.

Where all that is free in several leaves is shared, they become one leaf, which sees the rows of all their components;
where only some parameters are, or multiples of common values, the leaves stay and are updated together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from distributions.base import Distribution, Parameter
from distributions.data import Array, Mask
from distributions.domains import Domain, PositiveDefinite
from distributions.errors import InvalidParameterError
from distributions.outline import Choice, Group, Outline, Path, split_name

from .common_values import CommonValues, common_value, domain_of_value

T = TypeVar("T")
WEIGHTS = "weights"
AGREEMENT = 1e-9  # relative difference of two frozen values that is none


class Tie(NamedTuple):
    """One value that several components share, each times a factor."""

    name: str
    members: tuple[str, ...]
    factors: tuple[float, ...]


def refuse(name: str, problem: str) -> InvalidParameterError:
    """Return the error that a tie cannot be made."""
    return InvalidParameterError(f"MixtureModel: tied={name!r}: {problem}")


# ---------------------------------------------------------------------------------------------------- as given


def read(tied: Any, names: Sequence[str], name_of: Callable[[Any, str], str]) -> list[Tie]:
    """Return the ties that an argument ``tied`` describes.

    Parameters
    ----------
    tied : None, str, list of str, or dict
        As given to `MixtureModel`.
    names : sequence of str
        Of all components.
    name_of : callable
        The name of a component that is given by name or number, see `Structure.name_of`.
    """
    if tied is None:
        return []
    if isinstance(tied, Mapping):
        ties = [tie for name, given in tied.items() for tie in _groups(name, given, name_of)]
    else:
        listed = [tied] if isinstance(tied, str) else tied
        if not isinstance(listed, Sequence) or not all(isinstance(name, str) for name in listed):
            raise InvalidParameterError(
                "MixtureModel: tied must be a parameter's name, a list of names, or a dict of names and the components "
                f"that share them; got {tied!r}"
            )
        ties = [Tie(name, tuple(names), (1.0,) * len(names)) for name in listed]
    seen: set[tuple[str, str]] = set()
    for tie in ties:
        if len(tie.members) < 2:
            raise refuse(tie.name, f"a tie needs two components at least; got {', '.join(tie.members) or 'none'}")
        for member in tie.members:
            if (tie.name, member) in seen:
                raise refuse(tie.name, f"component {member!r} is named twice")
            seen.add((tie.name, member))
    return ties


def _groups(name: Any, given: Any, name_of: Callable[[Any, str], str]) -> list[Tie]:
    """Return the ties of one parameter."""
    if not isinstance(name, str):
        raise InvalidParameterError(f"MixtureModel: tied has the key {name!r}; it must be a parameter's name")
    malformed = refuse(
        name,
        "the components that share it must be a list of two or more, a list of such lists, or a dict of factors; "
        f"got {given!r}",
    )
    if isinstance(given, str) or not isinstance(given, (Sequence, Mapping)):
        raise malformed
    several = not isinstance(given, Mapping) and any(isinstance(part, (list, tuple, Mapping)) for part in given)
    ties = []
    for group in given if several else [given]:
        if isinstance(group, str) or not isinstance(group, (Sequence, Mapping)):
            raise malformed
        factors = list(group.values()) if isinstance(group, Mapping) else [1.0] * len(group)
        for factor in factors:
            number = isinstance(factor, (int, float, np.number)) and not isinstance(factor, bool)
            if not number or not np.isfinite(factor) or factor == 0:
                raise refuse(name, f"a factor must be a finite number other than 0; got {factor!r}")
        members = tuple(name_of(component, f"tied={name!r}") for component in group)
        ties.append(Tie(name, members, tuple(map(float, factors))))
    return ties


def record(ties: Iterable[Tie]) -> dict[str, list[dict[str, float]]]:
    """Return ties in the one form that has numbers, text and lists only, and that `read` takes."""
    plain: dict[str, list[dict[str, float]]] = {}
    for tie in ties:
        plain.setdefault(tie.name, []).append(dict(zip(tie.members, tie.factors, strict=True)))
    return plain


# ------------------------------------------------------------------------------------------------- in the outline


class _Place(NamedTuple):
    """Where the name of a tie leads in a component: to a parameter, or to a whole part of a product."""

    path: Path
    distribution: Distribution
    parameter: str | None


class _Entry(NamedTuple):
    """A parameter of a leaf as a multiple of the value that a tie is about."""

    path: Path
    parameter: str
    factor: float
    member: str


class Ties:
    """Ties between the components of a mixture.

    Parameters
    ----------
    ties : list of Tie
    components : dict of str to Distribution
        All of them by name.

    Attributes
    ----------
    bind_leaves : bool
        Whether anything but weights is tied.

    Raises
    ------
    InvalidParameterError
        If a component lacks what is tied, or values cannot be shared.
    """

    def __init__(self, ties: Sequence[Tie], components: Mapping[str, Distribution]) -> None:
        self._weights = [tie for tie in ties if tie.name == WEIGHTS]
        self._names = list(components)
        self._aliases: dict[Path, Path] = {}
        self._groups: list[Group] = []
        self._leaves: dict[Path, Distribution] = {}
        for tie in self._weights:
            if min(tie.factors) < 0.0:
                raise refuse(WEIGHTS, f"factors of weights must be > 0; got {min(tie.factors):g}")
        others = [tie for tie in ties if tie.name != WEIGHTS]
        self.bind_leaves = bool(others)
        if not others:
            return
        for k, component in enumerate(components.values()):
            self._leaves |= {path: leaf.distribution for path, leaf in component.outline((k,)).leaves.items()}
        found = []
        for tie in others:
            numbers = [self._names.index(member) for member in tie.members]
            places = [_resolved(components[self._names[k]], (k,), tie.name, self._names[k]) for k in numbers]
            found.append((tie, places))
        for tie, places in found:
            if any(place.parameter is None for place in places):
                self._share_parts(tie, places)
        self._tie_parameters(
            [self._entries(tie, places) for tie, places in found if all(place.parameter for place in places)]
        )

    def check_weights(self, frozen: Mask, weights: Array | None) -> None:
        """Raise if weights that are tied are frozen in part, or frozen in another ratio, both shape (K,)."""
        for tie in self._weights:
            numbers = [self._names.index(member) for member in tie.members]
            held = frozen[numbers]
            if not held.any():
                continue
            if not held.all():
                first, other = self._names[numbers[int(held.argmax())]], self._names[numbers[int(held.argmin())]]
                raise refuse(WEIGHTS, f"the weight of {first!r} is frozen and that of {other!r} is not: freeze both")
            assert weights is not None
            shares = weights[numbers] / np.array(tie.factors)
            if not np.allclose(shares, shares[0], rtol=AGREEMENT, atol=0.0):
                raise refuse(
                    WEIGHTS,
                    f"the weights of {', '.join(map(repr, tie.members))} are frozen at {weights[numbers].tolist()}, "
                    f"which are not in the ratio of the factors {list(tie.factors)}. Freeze or tie them, not both",
                )

    def _name_of(self, path: Path) -> str:
        """Return the name of the component that a path leads to."""
        return self._names[int(path[0])]

    # ------------------------------------------------------------------------------------------ in an outline

    def applied(self, outline: Outline, path: Path) -> Outline:
        """Return the outline of the mixture at a path with its ties."""
        leaves = {path + own: distribution for own, distribution in self._leaves.items()}
        branches = []
        priors: dict[Path, Any] = {}
        for branch in outline.branches:
            renamed = [leaf._replace(path=self._canonical(leaf.path, path)) for leaf in branch.leaves]
            renamed = [leaf._replace(distribution=leaves.get(leaf.path, leaf.distribution)) for leaf in renamed]
            for leaf in renamed:
                if self._aliases and priors.setdefault(leaf.path, leaf.prior) != leaf.prior:
                    raise InvalidParameterError(
                        f"MixtureModel: {leaf.distribution!r} is shared by components, but these give it different "
                        "priors. Give all of them the same."
                    )
            options = tuple((self._canonical(choice, path), option) for choice, option in branch.options)
            branches.append(branch._replace(leaves=tuple(renamed), options=options))
        choices: dict[Path, Choice] = {}
        for place, choice in outline.choices.items():
            choices.setdefault(self._canonical(place, path), choice)
        for tie in self._weights:
            numbers = [self._names.index(member) for member in tie.members]
            number, factor = choices[path].tie.copy(), choices[path].factor.copy()
            number[numbers], factor[numbers] = min(numbers), tie.factors
            choices[path] = choices[path]._replace(tie=number, factor=factor)
        inner = [
            Group(tuple(self._canonical(member, path) for member in group.members), group.constraint)
            for group in outline.groups
        ]
        own = [group._replace(members=tuple(path + member for member in group.members)) for group in self._groups]
        return Outline(branches, choices, list({group.members: group for group in [*inner, *own]}.values()))

    def resolved(self, found: Mapping[Path, T], path: Path) -> Mapping[Path, T]:
        """Return what was found for the paths of an outline, also for the paths that it has no more."""
        resolved = dict(found)
        for alias in self._aliases:
            start = path + self._canonical(alias)
            for place, value in found.items():
                if place[: len(start)] == start:
                    resolved[path + alias + place[len(start) :]] = value
        return resolved

    def _canonical(self, place: Path, path: Path = ()) -> Path:
        """Return the path by which the outline of the mixture at ``path`` knows a place."""
        for alias, target in self._aliases.items():
            if place[: len(path + alias)] == path + alias:
                return self._canonical(path + target + place[len(path + alias) :], path)
        return place

    # -------------------------------------------------------------------------------------------- whole parts

    def _share_parts(self, tie: Tie, places: Sequence[_Place]) -> None:
        """Let the leaves of a part be one in all members."""
        if set(tie.factors) != {1.0}:
            raise refuse(tie.name, "a whole part has no multiples: tie one of its parameters, or leave factors out")
        first = places[0]
        wanted = _kinds(first)
        for place, member in zip(places[1:], tie.members[1:], strict=True):
            if place.path[1:] != first.path[1:] or _kinds(place) != wanted:
                raise refuse(
                    tie.name,
                    f"it is {place.distribution!r} in {member!r} and {first.distribution!r} in {tie.members[0]!r}; "
                    "only parts of one kind in the same columns can be shared",
                )
        for own in wanted:
            self._merge(tie.name, list(dict.fromkeys(self._canonical(place.path + own) for place in places)))
        for place in places[1:]:
            if self._canonical(place.path) != self._canonical(first.path):
                self._aliases[self._canonical(place.path)] = first.path

    def _merge(self, name: str, paths: Sequence[Path]) -> None:
        """Let the first of several leaves stand for all."""
        members = [self._name_of(path) for path in paths]
        self._leaves[paths[0]] = _merged(name, members, [self._leaves[path] for path in paths])
        for path in paths[1:]:
            del self._leaves[path]

    # ------------------------------------------------------------------------------------- single parameters

    def _entries(self, tie: Tie, places: Sequence[_Place]) -> list[_Entry]:
        """Return what a tie is about, leaves that are already one named once."""
        entries: dict[Path, _Entry] = {}
        for place, member, factor in zip(places, tie.members, tie.factors, strict=True):
            path = self._canonical(place.path)
            assert place.parameter is not None
            entry = entries.setdefault(path, _Entry(path, place.parameter, factor, member))
            if entry.factor != factor:
                raise refuse(tie.name, f"{entry.member!r} and {member!r} share the whole part: factors must be equal")
        found = list(entries.values())
        leaves = [self._leaves[entry.path] for entry in found]
        for entry, leaf in zip(found, leaves, strict=True):
            if type(leaf) is not type(leaves[0]):
                raise refuse(
                    tie.name,
                    f"it belongs to a {type(leaf).__name__} in {entry.member!r} and to a {type(leaves[0]).__name__} in "
                    f"{found[0].member!r}; one family only can share values",
                )
        if any(entry.factor != 1.0 for entry in found):
            self._check_factors(tie.name, found)
        return self._follow_frozen(tie.name, found)

    def _check_factors(self, name: str, entries: Sequence[_Entry]) -> None:
        """Raise if no value has multiples that a parameter can take."""
        parameters = [_declared(self._leaves[entry.path], entry.parameter) for entry in entries]
        domain, factors = parameters[0].domain, [entry.factor for entry in entries]
        if not is_number(parameters[0]) and not domain.discrete:
            raise refuse(name, "only single numbers can be multiples of a common value; leave factors out")
        if domain.discrete or (domain.periodic and set(map(abs, factors)) != {1.0}):
            allowed = "1 or -1" if domain.periodic else "1"
            raise refuse(name, f"it is {domain.text}: factors can only be {allowed}")
        if domain.low >= 0.0 and min(factors) < 0.0:
            raise refuse(name, f"it is {domain.text}: factors must be > 0; got {min(factors):g}")
        low, high = domain_of_value(parameters, factors)
        if not low < high:
            raise refuse(name, f"it is {domain.text}: it cannot be so in all components with factors {factors}")

    def _follow_frozen(self, name: str, entries: list[_Entry]) -> list[_Entry]:
        """Freeze a parameter of all members where one has it frozen; return the entries if none has."""
        frozen = [entry for entry in entries if entry.parameter in self._leaves[entry.path].frozen]
        if not frozen:
            return entries
        lead = frozen[0]
        value = np.asarray(self._leaves[lead.path].parameters[lead.parameter]) / lead.factor
        for entry in entries:
            leaf = self._leaves[entry.path]
            if entry.parameter not in leaf.frozen:
                moved = leaf.with_values(**{entry.parameter: (entry.factor * value)[()]})
                self._leaves[entry.path] = moved.freeze(*leaf.frozen, entry.parameter)
                continue
            own = np.asarray(leaf.parameters[entry.parameter])
            if own.shape != value.shape or not np.allclose(own, entry.factor * value, rtol=AGREEMENT, atol=0.0):
                asked = "" if entry.factor == lead.factor else f", which makes it {(entry.factor * value)[()]} there"
                theirs = self._leaves[lead.path].parameters[lead.parameter]
                raise refuse(
                    name,
                    f"it is frozen at {leaf.parameters[entry.parameter]!r} in {entry.member!r} but at {theirs!r} in "
                    f"{lead.member!r}{asked}. Freeze one of them",
                )
        return []

    def _tie_parameters(self, ties: Sequence[list[_Entry]]) -> None:
        """Let leaves become one where all that is free in them is shared; else update them together."""
        ties = [entries for entries in ties if len(entries) > 1]
        for paths in _connected([[entry.path for entry in entries] for entries in ties]):
            own = [entries for entries in ties if entries[0].path in paths]
            leaves, name = [self._leaves[path] for path in paths], own[0][0].parameter
            whole = {entries[0].parameter for entries in own if {e.path for e in entries} == set(paths)}
            plain = all(entry.factor == 1.0 for entries in own for entry in entries)
            if plain and all(set(leaf.parameters) - leaf.frozen <= whole for leaf in leaves) and _are_alike(leaves):
                self._merge(name, paths)
                self._aliases |= dict.fromkeys(paths[1:], paths[0])
            else:
                self._groups.append(Group(tuple(paths), self._common_values(name, paths, own)))

    def _common_values(self, name: str, paths: Sequence[Path], ties: Sequence[list[_Entry]]) -> CommonValues:
        """Return the constraint that these ties are."""
        leaf, owner = self._leaves[paths[0]], self._name_of(paths[0])
        family = type(leaf).__name__
        if any(self._leaves[path].kernels is None for path in paths):
            raise refuse(
                name,
                f"{family} in {owner!r} has no compiled kernels, so it can only be shared as a whole: tie all of "
                f"{', '.join(leaf.parameters)}, or freeze the others",
            )
        matrix = any(isinstance(p.domain, PositiveDefinite) for p in leaf.declared)
        for p in leaf.declared:
            if not is_number(p):
                raise refuse(
                    name,
                    f"{family} in {owner!r} has the parameter {p.name}, which is {p.domain.text}: only families whose "
                    f"parameters are all single real numbers can share some of them. Tie all of "
                    f"{', '.join(leaf.parameters)}" + (", or see the argument covariance" if matrix else ""),
                )
        number: list[tuple[int, ...]] = []
        factor: list[tuple[float, ...]] = []
        count = 0
        places: dict[tuple[int, str], tuple[int, float]] = {}
        for path in paths:
            numbers, factors = [], []
            for p in leaf.declared:
                mine = [(i, e) for i, tie in enumerate(ties) for e in tie if e.path == path and e.parameter == p.name]
                key = (mine[0][0], "tie") if mine else (len(number), p.name)
                if key not in places:
                    places[key] = count, 1.0
                    count += 1
                numbers.append(places[key][0])
                factors.append(mine[0][1].factor if mine else 1.0)
            number.append(tuple(numbers))
            factor.append(tuple(factors))
        return CommonValues(tuple(number), tuple(factor))


def _resolved(component: Distribution, path: Path, name: str, member: str) -> _Place:
    """Return where a name leads in a component.

    Raises
    ------
    InvalidParameterError
        If it leads nowhere.
    """
    distribution, rest = component, name
    while distribution.parts_by_name:
        parts = distribution.parts_by_name
        part, following = split_name(rest, parts)
        if part is None:
            raise refuse(
                name,
                f"component {member!r}, a {type(component).__name__}, has no {name!r}; its parts are "
                f"{', '.join(map(repr, parts))}: write a part's name, or one of its parameters as in "
                f"'{next(iter(parts))}.name'",
            )
        path, distribution = (*path, str(list(parts).index(part))), parts[part]
        if rest == part:
            return _Place(path, distribution, None)
        rest = following
    family = type(distribution).__name__
    if list(distribution.outline(path).leaves) != [path]:
        raise refuse(
            name,
            f"component {member!r} has a {family} there, which is made of several; "
            "only a MixtureModel can tie those, by an argument of its own",
        )
    if rest not in distribution.parameters:
        listed = ", ".join(map(repr, distribution.parameters))
        raise refuse(
            name, f"component {member!r} has no parameter {rest!r}: {family} has {listed}. Name the components that do"
        )
    return _Place(path, distribution, rest)


def _kinds(place: _Place) -> dict[Path, type]:
    """Return the families of a part by their paths in it."""
    leaves = place.distribution.outline(place.path).leaves
    return {path[len(place.path) :]: type(leaf.distribution) for path, leaf in leaves.items()}


def is_number(p: Parameter) -> bool:
    """Whether a parameter is a single real number."""
    return type(p.domain).check is Domain.check and not p.domain.discrete


def _declared(leaf: Distribution, name: str) -> Parameter:
    return next(p for p in leaf.declared if p.name == name)


def _connected(sets: Iterable[Sequence[Path]]) -> list[list[Path]]:
    """Return the unions of sets that have something in common, each in order."""
    unions: list[set[Path]] = []
    for paths in sets:
        touched = [union for union in unions if union & set(paths)]
        unions = [union for union in unions if not union & set(paths)]
        unions.append(set(paths).union(*touched))
    return [sorted(union, key=lambda path: [str(step).zfill(9) for step in path]) for union in unions]


def _are_alike(leaves: Sequence[Distribution]) -> bool:
    """Whether leaves of one family have the same settings, and the same values of what is frozen."""
    values = {name: value for leaf in leaves for name, value in leaf.parameters.items() if value is not None}
    frozen = {name: leaf.parameters[name] for leaf in leaves for name in leaf.frozen}
    if any(not np.array_equal(leaf.parameters[name], value) for leaf in leaves for name, value in frozen.items()):
        return False
    first, *others = [_with(leaf, values, frozen) for leaf in leaves]
    return all(other == first for other in others)


def _with(leaf: Distribution, values: Mapping[str, Any], frozen: Iterable[str]) -> Distribution:
    """Return a leaf with these values and these parameters frozen."""
    moved = leaf.with_values(**values)
    return moved.freeze(*frozen) if frozen else moved


def _merged(name: str, members: Sequence[str], leaves: Sequence[Distribution]) -> Distribution:
    """Return the leaf that stands for several: frozen values win, of others it has the mean.

    Raises
    ------
    InvalidParameterError
        If they differ in what no fit can change.
    """
    first = leaves[0]
    if all(leaf == first for leaf in leaves):
        return first
    values, frozen = {}, set[str]()
    for p in first.declared:
        given = [(member, leaf) for member, leaf in zip(members, leaves, strict=True) if p.name not in leaf.unknown]
        held = [(member, leaf) for member, leaf in given if p.name in leaf.frozen]
        own = [np.asarray(leaf.parameters[p.name], dtype=float) for _, leaf in held or given]
        alike = all(np.array_equal(value, own[0]) for value in own)
        if not alike and (held or p.domain.discrete or len({value.shape for value in own}) > 1):
            listed = ", ".join(f"{leaf.parameters[p.name]!r} in {member!r}" for member, leaf in held or given)
            raise refuse(name, f"{p.name} is {listed}. It can only be shared where it is the same, or free")
        if held:
            frozen.add(p.name)
        if alike and own:
            values[p.name] = (held or given)[0][1].parameters[p.name]
        elif own and own[0].ndim:
            values[p.name] = p.domain.project(np.mean(own, axis=0))
        elif own:
            ones = [1.0] * len(own)
            values[p.name] = common_value([p] * len(own), [float(value) for value in own], ones, ones)
    one, *others = [_with(leaf, values, frozen) for leaf in leaves]
    for member, leaf, other in zip(members[1:], leaves[1:], others, strict=True):
        if other != one:
            raise refuse(name, f"{first!r} in {members[0]!r} and {leaf!r} in {member!r} differ in more than values")
    return one
