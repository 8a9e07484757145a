"""What is free in a tree: parameters, ties between them, and their number."""

from functools import partial

import numpy as np

from mixtures import MixtureModel, Product

from .parts import components_of, like, parts_in


def leaves_by_path(d, path=()):
    """Return the families of a tree by the numbers of components and parts on the way to them."""
    if isinstance(d, MixtureModel):
        inside = components_of(d)[0]
    elif isinstance(d, Product):
        inside = parts_in(d)
    else:
        return {path: d}
    return {key: leaf for k, part in enumerate(inside) for key, leaf in leaves_by_path(part, (*path, k)).items()}


def mixtures_by_path(d, path=()):
    """Return the mixtures of a tree by their paths."""
    found = {path: d} if isinstance(d, MixtureModel) else {}
    inside = components_of(d)[0] if isinstance(d, MixtureModel) else parts_in(d) if isinstance(d, Product) else []
    for k, part in enumerate(inside):
        found |= mixtures_by_path(part, (*path, k))
    return found


def groups_of(mixture):
    """Return what is tied in a mixture: a name, and the numbers and factors of the components that share it."""
    names, tied = list(mixture.names), mixture.tied
    if tied is None:
        return []
    everyone = range(len(names))
    if not isinstance(tied, dict):
        return [(name, list(everyone), np.ones(len(names))) for name in ([tied] if isinstance(tied, str) else tied)]
    found = []
    for name, members in tied.items():
        factors = np.array(list(members.values()) if isinstance(members, dict) else [1.0] * len(members), dtype=float)
        found.append((name, [m if isinstance(m, int) else names.index(m) for m in members], factors))
    return found


def ties_of_weights(mixture):
    """Return members and factors of each group of weights, those that are alone among them."""
    tied = [(members, factors) for name, members, factors in groups_of(mixture) if name == "weights"]
    alone = set(range(len(mixture.names))) - {k for members, _ in tied for k in members}
    return [*tied, *(([k], np.ones(1)) for k in sorted(alone))]


def classes(tree):
    """Return lists of (path, name, factor): parameters of leaves that are multiples of one value."""
    leaves = leaves_by_path(tree)
    classes = {(path, name): [(path, name, 1.0)] for path, leaf in leaves.items() for name in leaf.parameters}
    for path, mixture in mixtures_by_path(tree).items():
        for name, members, factors in groups_of(mixture):
            if name == "weights":
                continue
            part, _, parameter = name.partition(".")
            at = list(components_of(mixture)[0][members[0]].parts).index(part)
            first = (*path, members[0], at)
            for own in [parameter] if parameter else list(leaves[first].parameters):
                places = [((*path, k, at), own, f) for k, f in zip(members, factors, strict=True)]
                for place in places:
                    classes[place[:2]] = places
    return list({id(places): places for places in classes.values()}.values())


def free_slots(tree):
    """Return those of the classes that no frozen value is in."""
    leaves = leaves_by_path(tree)
    return [places for places in classes(tree) if not any(name in leaves[path].frozen for path, name, _ in places)]


def n_parameters(tree):
    """Return the number of free parameters: of families, of weights, of covariances that have a structure."""
    leaves, total = leaves_by_path(tree), 0
    for places in free_slots(tree):
        path, name, _ = places[0]
        total += size(leaves[path].parameters[name], name)
    for mixture in mixtures_by_path(tree).values():
        frozen = np.full(len(mixture.names), mixture.freeze_weights is True)
        frozen[mixture.freeze_weights if isinstance(mixture.freeze_weights, list) else []] = True
        total += max(sum(not frozen[members].any() for members, _ in ties_of_weights(mixture)) - 1, 0)
        if mixture.covariance is not None:
            n, d = len(mixture.names), components_of(mixture)[0][0].n_columns
            total += size_of_structure(mixture.covariance, n, d) - n * d * (d + 1) // 2
    return total


def size(value, name):
    """Return how many numbers a value is that may be chosen freely."""
    value = np.asarray(value)
    if value.ndim == 2:
        return len(value) * (len(value) + 1) // 2
    return value.size - 1 if name == "prob" and value.ndim == 1 else value.size


def size_of_structure(name, n, d):
    """Return how many numbers n covariances of d columns are: volume, shape, orientation."""
    volume, shape, orientation = name
    numbers = n if volume == "V" else 1
    if shape != "I":
        numbers += (n if shape == "V" else 1) * (d - 1)
    if orientation != "I":
        numbers += (n if orientation == "V" else 1) * d * (d - 1) // 2
    return numbers


def require_ties(tree):
    """Require that all that is tied is so."""
    leaves = leaves_by_path(tree)
    for places in classes(tree):
        if len(places) > 1:
            values = [np.asarray(leaves[path].parameters[name]) / factor for path, name, factor in places]
            turns = 2.0 * np.pi if places[0][1] == "loc" and type(leaves[places[0][0]]).__name__ == "VonMises" else None
            for value in values[1:]:
                away = value - values[0]
                away = away if turns is None else np.remainder(away + turns / 2.0, turns) - turns / 2.0
                np.testing.assert_allclose(away, 0.0, atol=1e-12 * (1.0 + np.abs(values[0]).max()), err_msg=str(places))
    for mixture in mixtures_by_path(tree).values():
        weights = components_of(mixture)[1]
        for members, factors in ties_of_weights(mixture):
            shares = weights[members] / factors
            np.testing.assert_allclose(shares, shares[0], rtol=1e-12)


def moves(tree):
    """Return names of what is free in a fitted tree, and functions of a step that return it moved by so many units.

    All that is tied moves together. Covariances that have a structure stay, and numbers at the end of their range.
    """
    leaves, found = leaves_by_path(tree), []
    structured = {path for path, mixture in mixtures_by_path(tree).items() if mixture.covariance is not None}
    for places in free_slots(tree):
        path, name, factor = places[0]
        if name == "cov" and path[:-1] in structured:
            continue
        declared = next(p for p in leaves[path].declared if p.name == name)
        value = np.asarray(leaves[path].parameters[name], dtype=float)
        low, high = declared.limits
        if value.ndim or 1.01 * low < value < 0.99 * high or np.isinf([low, high]).all():
            unit = widths(leaves[path]) if declared.domain.is_location else None
            found.append((places, partial(moved_values, tree, places, value / factor, declared.domain, unit)))
    for path, mixture in mixtures_by_path(tree).items():
        weights = components_of(mixture)[1]
        frozen = np.full(len(weights), mixture.freeze_weights is True)
        frozen[mixture.freeze_weights if isinstance(mixture.freeze_weights, list) else []] = True
        for members, _ in ties_of_weights(mixture):
            if not frozen.any() and weights[members].min() > 1e-6:
                found.append(((path, members), partial(moved_weights, tree, path, weights, members)))
    return found


def widths(leaf):
    """Return the unit of a location."""
    own = leaf.parameters
    return np.sqrt(np.diag(leaf.cov)) if "cov" in own else own.get("std", own.get("scale", own.get("log_std", 1.0)))


def moved_values(tree, places, value, domain, unit, step):
    """Return a tree with parameters that are multiples of one value, which has moved."""
    if unit is not None:
        moved = value + step * unit
    elif value.ndim == 2:
        tilt = np.eye(len(value)) + step * np.arange(1.0, 1.0 + value.size).reshape(value.shape) / value.size
        moved = tilt @ value @ tilt.T
    elif value.ndim == 1:
        moved = value * np.exp(step * np.arange(len(value)))
        moved = moved / moved.sum()
    elif np.isfinite(domain.high):
        moved = value * np.exp(step) / (1.0 + value * np.expm1(step))
    else:
        moved = value * np.exp(step)
    return with_values(tree, {(path, name): (factor * moved)[()] for path, name, factor in places})


def moved_weights(tree, path, weights, members, step):
    """Return a tree in which some weights have become greater relative to all others."""
    moved = weights.copy()
    moved[members] *= np.exp(step)
    return with_values(tree, {(path, "weights"): moved / moved.sum()})


def with_values(tree, changes, path=()):
    """Return a tree with other parameters, by path and name, and other weights, by path and "weights"."""
    if isinstance(tree, MixtureModel):
        components, weights = components_of(tree)
        made = [with_values(part, changes, (*path, k)) for k, part in enumerate(components)]
        arguments = {**tree.get_params(), "components": like(tree.components, made)}
        return MixtureModel(**{**arguments, "weights": changes.get((path, "weights"), weights)})
    if isinstance(tree, Product):
        parts = [with_values(part, changes, (*path, k)) for k, part in enumerate(parts_in(tree))]
        return Product(like(tree.parts, parts))
    own = {name: value for (where, name), value in changes.items() if where == path}
    return tree.with_values(**own) if own else tree
