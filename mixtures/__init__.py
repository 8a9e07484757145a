"""Mixture models: any distributions, in any combination, fitted by one compiled EM loop.

Every name of `distributions` is here as well, so one import is enough.
"""

from distributions import *  # noqa: F403
from distributions import __all__ as _distributions

from .model import MixtureModel, Step
from .priors import Prior
from .sharing import share_columns

__version__ = "0.1.0"

__all__ = ["MixtureModel", "Prior", "Step", "__version__", "share_columns", *_distributions]
