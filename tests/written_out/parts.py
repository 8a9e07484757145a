"""What a tree is made of, fitted or as given."""

import numpy as np

from distributions.outline import spans
from mixtures import MixtureModel, Product


def like(given, values):
    """Return values as they were given: a list, or a dict by name."""
    return dict(zip(given, values, strict=True)) if isinstance(given, dict) else list(values)


def changed(mixture, components, weights):
    """Return a mixture with the same arguments but these."""
    return MixtureModel(**{**mixture.get_params(), "components": components, "weights": weights})


def components_of(mixture):
    """Return components and weights, the fitted ones if there are any."""
    fitted = hasattr(mixture, "weights_")
    components = mixture.components_ if fitted else mixture.components
    components = list(components.values()) if isinstance(components, dict) else list(components)
    if fitted:
        return components, mixture.weights_
    equal = np.full(len(components), 1.0 / len(components))
    return components, equal if mixture.weights is None else np.asarray(mixture.weights)


def parts_in(product):
    """Return the parts of a product in order."""
    return list(product.parts.values()) if isinstance(product.parts, dict) else list(product.parts)


def columns_of(product, rows):
    """Return parts and their cells of the rows."""
    parts = parts_in(product)
    columns = spans([part.n_columns for part in parts], rows.shape[1])
    return [(part, rows[:, span]) for part, span in zip(parts, columns, strict=True)]


def n_leaves(d):
    """Return how many families a part has that no choice is made among."""
    if isinstance(d, MixtureModel):
        return sum(map(n_leaves, components_of(d)[0]))
    return sum(map(n_leaves, parts_in(d))) if isinstance(d, Product) else 1


def leaves_in(d, first=0):
    """Return the families of a part that no choice is made among, each with its columns, which begin at ``first``."""
    if isinstance(d, MixtureModel):
        return [leaf for part in components_of(d)[0] for leaf in leaves_in(part, first)]
    if not isinstance(d, Product):
        return [(d, slice(first, first + d.n_columns))]
    found = []
    for part in parts_in(d):
        found += leaves_in(part, first)
        first += part.n_columns
    return found
