"""Composable probability distributions: immutable values with exact weighted fits and compiled kernels."""

from .base import Distribution, parameter
from .errors import (
    ConvergenceWarning,
    DegeneracyWarning,
    DegenerateDataError,
    InvalidDataError,
    InvalidParameterError,
    MeasureWarning,
    NotFittedError,
    UnknownParameterError,
)
from .exponential import Exponential
from .kernels import Kernels, kernel
from .multivariate_normal import MultivariateNormal
from .normal import Normal
from .poisson import Poisson

__all__ = [
    "ConvergenceWarning",
    "DegeneracyWarning",
    "DegenerateDataError",
    "Distribution",
    "Exponential",
    "InvalidDataError",
    "InvalidParameterError",
    "Kernels",
    "MeasureWarning",
    "MultivariateNormal",
    "Normal",
    "NotFittedError",
    "Poisson",
    "UnknownParameterError",
    "kernel",
    "parameter",
]
