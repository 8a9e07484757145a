"""Composable probability distributions: immutable values with exact weighted fits and compiled kernels."""

from .affine import Scaled, Shifted
from .base import Distribution, parameter
from .bernoulli import Bernoulli
from .beta import Beta
from .beta_binomial import BetaBinomial
from .binomial import Binomial
from .burr_xii import BurrXII
from .categorical import Categorical
from .cauchy import Cauchy
from .censored import Censored, as_intervals
from .chi_square import ChiSquare
from .dirichlet import Dirichlet
from .dirichlet_multinomial import DirichletMultinomial
from .discrete_uniform import DiscreteUniform
from .errors import (
    ConvergenceWarning,
    DegeneracyWarning,
    DegenerateDataError,
    InvalidDataError,
    InvalidParameterError,
    InvalidRecordError,
    LawError,
    MeasureWarning,
    NotFittedError,
    NotNumericError,
    UnknownParameterError,
)
from .exponential import Exponential
from .factor_normal import FactorNormal
from .gamma import Gamma
from .generalized_extreme_value import GeneralizedExtremeValue
from .generalized_normal import GeneralizedNormal
from .generalized_pareto import GeneralizedPareto
from .geometric import Geometric
from .gumbel import Gumbel, GumbelMin
from .half_cauchy import HalfCauchy
from .half_normal import HalfNormal
from .inverse_gamma import InverseGamma
from .inverse_gaussian import InverseGaussian
from .kernel_density import KernelDensity
from .kernels import Kernels, kernel
from .kumaraswamy import Kumaraswamy
from .laplace import Laplace
from .law import check_distribution
from .log_logistic import LogLogistic
from .log_normal import LogNormal
from .log_series import LogSeries
from .logistic import Logistic
from .maxwell import Maxwell
from .multinomial import Multinomial
from .multivariate_bernoulli import MultivariateBernoulli
from .multivariate_normal import MultivariateNormal
from .multivariate_student_t import MultivariateStudentT
from .negative_binomial import NegativeBinomial
from .normal import Normal
from .pareto import Pareto
from .point_mass import PointMass
from .poisson import Poisson
from .product import Product
from .rayleigh import Rayleigh
from .scipy_adapter import from_scipy
from .skellam import Skellam
from .skew_normal import SkewNormal
from .student_t import StudentT
from .truncated import Truncated
from .uniform import Uniform
from .uniform_box import UniformBox
from .von_mises import VonMises
from .von_mises_fisher import VonMisesFisher
from .weibull import Weibull
from .zero_inflated import ZeroInflated
from .zeta import Zeta

__all__ = [
    "Bernoulli",
    "Beta",
    "BetaBinomial",
    "Binomial",
    "BurrXII",
    "Cauchy",
    "Censored",
    "ChiSquare",
    "Categorical",
    "ConvergenceWarning",
    "DegeneracyWarning",
    "DegenerateDataError",
    "DiscreteUniform",
    "Dirichlet",
    "DirichletMultinomial",
    "Distribution",
    "Exponential",
    "FactorNormal",
    "Gamma",
    "GeneralizedExtremeValue",
    "GeneralizedPareto",
    "Geometric",
    "Gumbel",
    "GumbelMin",
    "HalfCauchy",
    "HalfNormal",
    "GeneralizedNormal",
    "InvalidDataError",
    "InvalidParameterError",
    "InvalidRecordError",
    "InverseGamma",
    "InverseGaussian",
    "KernelDensity",
    "Kernels",
    "Kumaraswamy",
    "Laplace",
    "LawError",
    "LogLogistic",
    "LogNormal",
    "LogSeries",
    "Logistic",
    "Maxwell",
    "MeasureWarning",
    "Multinomial",
    "MultivariateBernoulli",
    "MultivariateNormal",
    "MultivariateStudentT",
    "NegativeBinomial",
    "Normal",
    "NotFittedError",
    "NotNumericError",
    "Pareto",
    "PointMass",
    "Poisson",
    "Rayleigh",
    "Scaled",
    "Shifted",
    "SkewNormal",
    "Skellam",
    "StudentT",
    "Product",
    "Truncated",
    "Uniform",
    "UniformBox",
    "UnknownParameterError",
    "VonMises",
    "VonMisesFisher",
    "Weibull",
    "ZeroInflated",
    "Zeta",
    "as_intervals",
    "check_distribution",
    "from_scipy",
    "kernel",
    "parameter",
]
