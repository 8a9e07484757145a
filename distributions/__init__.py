"""Composable probability distributions: immutable values with exact weighted fits and compiled kernels."""

from .base import Distribution, parameter
from .bernoulli import Bernoulli
from .binomial import Binomial
from .cauchy import Cauchy
from .errors import (
    ConvergenceWarning,
    DegeneracyWarning,
    DegenerateDataError,
    InvalidDataError,
    InvalidParameterError,
    LawError,
    MeasureWarning,
    NotFittedError,
    UnknownParameterError,
)
from .exponential import Exponential
from .geometric import Geometric
from .gumbel import Gumbel, GumbelMin
from .kernels import Kernels, kernel
from .law import check_distribution
from .log_logistic import LogLogistic
from .logistic import Logistic
from .multivariate_normal import MultivariateNormal
from .normal import Normal
from .poisson import Poisson
from .product import Product
from .student_t import StudentT
from .weibull import Weibull

__all__ = [
    "Cauchy",
    "Bernoulli",
    "Binomial",
    "ConvergenceWarning",
    "DegeneracyWarning",
    "DegenerateDataError",
    "Distribution",
    "Exponential",
    "Geometric",
    "Gumbel",
    "GumbelMin",
    "InvalidDataError",
    "InvalidParameterError",
    "Kernels",
    "LawError",
    "LogLogistic",
    "Logistic",
    "MeasureWarning",
    "MultivariateNormal",
    "Normal",
    "NotFittedError",
    "Poisson",
    "StudentT",
    "Product",
    "UnknownParameterError",
    "Weibull",
    "check_distribution",
    "kernel",
    "parameter",
]
