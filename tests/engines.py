"""An engine on given components, without the door and the starts."""

import numpy as np

from mixtures.layout import Layout, Parameters
from mixtures.plan import Engine
from mixtures.structure import Structure


def layout_of(components, n_columns=None, weights=None):
    structure = Structure(components, None, weights)
    return Layout(structure.outline(), structure.branch_names, n_columns or structure.n_columns)


def engine_of(components, weights=None, scale=None, X=None, max_iter=1000, accelerate=False):
    weights = np.full(len(components), 1.0 / len(components)) if weights is None else np.array(weights, dtype=float)
    scale = X.std(axis=0) if X is not None else scale
    layout = layout_of(components, None if scale is None else len(scale))
    scale = np.ones(components[0].n_columns) if scale is None else scale
    return Engine(layout, Parameters(list(components), [weights]), scale, max_iter, accelerate=accelerate)
