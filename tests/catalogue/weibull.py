"""Trials of the Weibull distribution."""

import mpmath
import scipy.stats

from distributions import Weibull

from . import Trial


def log_density(d, x):
    """Exact log density."""
    shape, scale = mpmath.mpf(d.shape), mpmath.mpf(d.scale)
    y = mpmath.mpf(x) / scale
    return mpmath.log(shape / scale) + (shape - 1) * mpmath.log(y) - y**shape


TRIALS = [
    Trial(
        Weibull,
        settings=[Weibull(1.0, 1.0), Weibull(2.0, 1e-8), Weibull(0.7, 1e8), Weibull(3.6, 50.0)],
        extremes=[Weibull(0.05, 1.0), Weibull(1e3, 1e-8), Weibull(1e6, 1e8)],
        twin=lambda d: scipy.stats.weibull_min(d.shape, scale=d.scale) if d.shape < 1e3 else None,
        log_density=log_density,
        scipy_name="weibull_min",
    )
]
