"""Trials of the generalised extreme value distribution."""

import mpmath
import scipy.stats

from distributions import GeneralizedExtremeValue

from . import Trial


def log_density(d, x):
    """Exact log density."""
    z, shape = (mpmath.mpf(x) - mpmath.mpf(d.loc)) / mpmath.mpf(d.scale), mpmath.mpf(d.shape)
    t = mpmath.log1p(shape * z) / shape if shape else z
    return -(1 + shape) * t - mpmath.exp(-t) - mpmath.log(d.scale)


TRIALS = [
    Trial(
        GeneralizedExtremeValue,
        settings=[
            GeneralizedExtremeValue(5.0, 1e-8, 0.3),
            GeneralizedExtremeValue(-3e4, 1e8, -0.2),
            GeneralizedExtremeValue(1e8, 1.0, 0.05),
            GeneralizedExtremeValue(0.0, 1.0, 0.0),
            GeneralizedExtremeValue(20.0, 3.0, 0.1),
        ],
        extremes=[
            GeneralizedExtremeValue(0.0, 1.0, 1e-300),
            GeneralizedExtremeValue(0.0, 1.0, -1e-9),
            GeneralizedExtremeValue(0.0, 1.0, 1e-4),
            GeneralizedExtremeValue(3.0, 2.0, -0.8),
            GeneralizedExtremeValue(3.0, 2.0, 2.0),
        ],
        twin=lambda d: scipy.stats.genextreme(-d.shape, d.loc, d.scale) if abs(d.shape) > 0.01 else None,
        log_density=log_density,
        scipy_name="genextreme",
    )
]
