"""Mixture models: any distributions, in any combination, fitted by one compiled EM loop.

Every name of `distributions` is here as well, so one import is enough.
"""

from distributions import *  # noqa: F403
from distributions import __all__ as _distributions

from .checkpoint import Checkpoint
from .degeneracy import Degeneracy
from .explaining import Explanation
from .film import Film
from .gaussian_mixture import GaussianMixture
from .k_means import KMeans
from .model import MixtureModel
from .plotting import Plots
from .priors import Prior
from .sharing import share_columns
from .sources import Blocks
from .step import Step

__version__ = "0.1.0"

__all__ = [
    "Blocks",
    "Checkpoint",
    "Degeneracy",
    "Explanation",
    "Film",
    "GaussianMixture",
    "KMeans",
    "MixtureModel",
    "Plots",
    "Prior",
    "Step",
    "__version__",
    "share_columns",
    *_distributions,
]
