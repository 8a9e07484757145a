"""Trials of the generalized normal distribution."""

import mpmath
import scipy.stats

from distributions import GeneralizedNormal

from . import Trial


def log_density(d, x):
    scale, shape = mpmath.mpf(d.scale), mpmath.mpf(d.shape)
    z = abs(mpmath.mpf(x) - mpmath.mpf(d.loc)) / scale
    return -mpmath.log(2 * scale) - mpmath.loggamma(1 + 1 / shape) - z**shape


TRIALS = [
    Trial(
        GeneralizedNormal,
        settings=[
            GeneralizedNormal(5.0, 1e-8, 1.3),
            GeneralizedNormal(-3e4, 1e8, 0.8),
            GeneralizedNormal(1e8, 1.0, 4.0),
            GeneralizedNormal(2.0, 3.0, 1.0),
            GeneralizedNormal(0.0, 1.0, 2.0),
        ],
        extremes=[GeneralizedNormal(0.0, 1.0, 0.3), GeneralizedNormal(0.0, 1.0, 200.0)],
        # SciPy's cdf is 1/2 where |z|^shape underflows.
        twin=lambda d: None if d.shape > 100.0 else scipy.stats.gennorm(d.shape, d.loc, d.scale),
        log_density=log_density,
        scipy_name="gennorm",
    )
]
