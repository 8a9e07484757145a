"""Which family of this package a distribution of SciPy is: `ScipyDistribution.native`.

Each entry makes the family's distribution from the shapes in SciPy's order, with location and scale apart: where a
family has no such parameter, `Shifted` and `Scaled` say it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .affine import Scaled, Shifted
from .base import Distribution
from .bernoulli import Bernoulli
from .beta import Beta
from .beta_binomial import BetaBinomial
from .binomial import Binomial
from .burr_xii import BurrXII
from .cauchy import Cauchy
from .chi_square import ChiSquare
from .discrete_uniform import DiscreteUniform
from .exponential import Exponential
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
from .laplace import Laplace
from .log_logistic import LogLogistic
from .log_normal import LogNormal
from .log_series import LogSeries
from .logistic import Logistic
from .maxwell import Maxwell
from .negative_binomial import NegativeBinomial
from .normal import Normal
from .pareto import Pareto
from .poisson import Poisson
from .rayleigh import Rayleigh
from .skellam import Skellam
from .skew_normal import SkewNormal
from .student_t import StudentT
from .truncated import Truncated
from .uniform import Uniform
from .von_mises import VonMises
from .weibull import Weibull
from .zeta import Zeta

_LOCATED: dict[str, Callable[..., Distribution]] = {  # of shapes, location and scale
    "cauchy": Cauchy,
    "genextreme": lambda c, loc, scale: GeneralizedExtremeValue(loc, scale, -c),
    "gennorm": lambda beta, loc, scale: GeneralizedNormal(loc, scale, beta),
    "genpareto": lambda c, loc, scale: GeneralizedPareto(scale, c, loc=loc),
    "gumbel_l": GumbelMin,
    "gumbel_r": Gumbel,
    "laplace": Laplace,
    "logistic": Logistic,
    "norm": Normal,
    "skewnorm": lambda a, loc, scale: SkewNormal(loc, scale, a),
    "t": StudentT,
    "truncnorm": lambda a, b, loc, scale: Truncated(Normal(loc, scale), low=loc + a * scale, high=loc + b * scale),
    "uniform": lambda loc, scale: Uniform(loc, loc + scale),
}
_SCALED: dict[str, Callable[..., Distribution]] = {  # of shapes and scale
    "burr12": BurrXII,
    "erlang": lambda a, scale: Gamma(a, 1.0 / scale),
    "expon": lambda scale: Exponential(1.0 / scale),
    "fisk": LogLogistic,
    "gamma": lambda a, scale: Gamma(a, 1.0 / scale),
    "halfcauchy": HalfCauchy,
    "halfnorm": HalfNormal,
    "invgamma": InverseGamma,
    "invgauss": lambda mu, scale: InverseGaussian(mu * scale, scale),
    "lognorm": lambda s, scale: LogNormal(float(np.log(scale)), s),
    "maxwell": Maxwell,
    "pareto": Pareto,
    "rayleigh": Rayleigh,
    "weibull_min": Weibull,
}
_PLAIN: dict[str, Callable[..., Distribution]] = {  # of shapes alone
    "bernoulli": Bernoulli,
    "beta": Beta,
    "betabinom": lambda n, a, b: BetaBinomial(a, b, trials=int(n)),
    "binom": lambda n, p: Binomial(p, trials=int(n)),
    "chi2": ChiSquare,
    "logser": LogSeries,
    "nbinom": NegativeBinomial,
    "poisson": Poisson,
    "randint": lambda low, high: DiscreteUniform(low, high - 1.0),
    "skellam": Skellam,
    "vonmises_line": lambda kappa: VonMises(0.0, kappa),
    "zipf": Zeta,
}


def family_of(name: str, shapes: list[float], loc: float, scale: float) -> Distribution | None:
    """Return a distribution of SciPy, by its name there, as a family of this package; None where there is none."""
    if name in _LOCATED:
        return _LOCATED[name](*shapes, loc, scale)
    if name == "geom":  # which begins at one
        return _moved(Geometric(*shapes), loc + 1.0, scale)
    if name in _SCALED:
        return _moved(_SCALED[name](*shapes, scale), loc, 1.0)
    return _moved(_PLAIN[name](*shapes), loc, scale) if name in _PLAIN else None


def _moved(distribution: Any, loc: float, scale: float) -> Distribution:
    made = distribution if scale == 1.0 else Scaled(distribution, scale)
    return made if loc == 0.0 else Shifted(made, loc)
