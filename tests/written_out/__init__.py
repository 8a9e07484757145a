"""What a tree of parts means, written out in plain NumPy: the judges of `test_trees`.

Recursions over the tree, which know neither the compiled loops nor their tables. Trees themselves are drawn by `trees`.
"""

from .counts import moves, n_parameters, require_ties
from .densities import log_branches, log_density, log_joint
from .objective import log_likelihood, log_posterior, responsibilities
from .parts import changed, components_of, like, parts_in
from .steps import em_step

__all__ = [
    "changed",
    "components_of",
    "em_step",
    "like",
    "log_branches",
    "log_density",
    "log_joint",
    "log_likelihood",
    "log_posterior",
    "moves",
    "n_parameters",
    "parts_in",
    "require_ties",
    "responsibilities",
]
