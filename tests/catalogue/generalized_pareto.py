"""Trials of the generalised Pareto distribution."""

import mpmath
import scipy.stats

from distributions import GeneralizedPareto

from . import Trial


def log_density(d, x):
    """Exact log density."""
    z, shape = (mpmath.mpf(x) - mpmath.mpf(d.loc)) / mpmath.mpf(d.scale), mpmath.mpf(d.shape)
    t = mpmath.log1p(shape * z) / shape if shape else z
    return -(1 + shape) * t - mpmath.log(d.scale)


TRIALS = [
    Trial(
        GeneralizedPareto,
        settings=[
            GeneralizedPareto(1e-8, 0.3),
            GeneralizedPareto(1e8, -0.2),
            GeneralizedPareto(1.0, 0.0, loc=-7.0),
            GeneralizedPareto(3.0, 0.2, loc=1e4),
            GeneralizedPareto(2.0, 0.1),
        ],
        extremes=[
            GeneralizedPareto(1.0, 1e-300),
            GeneralizedPareto(1.0, -1e-9),
            GeneralizedPareto(1.0, 1e-4),
            GeneralizedPareto(2.0, -0.8),
            GeneralizedPareto(2.0, 2.0),
        ],
        twin=lambda d: scipy.stats.genpareto(d.shape, d.loc, d.scale) if abs(d.shape) > 0.01 else None,
        log_density=log_density,
        scipy_name="genpareto",
    )
]
