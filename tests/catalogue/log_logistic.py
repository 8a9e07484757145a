"""Trials of the log-logistic distribution."""

import mpmath
import scipy.stats

from distributions import LogLogistic

from . import Trial


def log_density(d, x):
    """Exact log density."""
    shape, x = mpmath.mpf(d.shape), mpmath.mpf(x)
    y = (x / mpmath.mpf(d.scale)) ** shape
    return mpmath.log(shape / x) + mpmath.log(y) - 2 * mpmath.log1p(y)


TRIALS = [
    Trial(
        LogLogistic,
        settings=[LogLogistic(1.0, 1.0), LogLogistic(5.0, 1e-8), LogLogistic(2.5, 1e8), LogLogistic(9.0, 50.0)],
        extremes=[LogLogistic(0.05, 1.0), LogLogistic(1e3, 1e-8), LogLogistic(1e6, 1e8)],
        twin=lambda d: scipy.stats.fisk(d.shape, scale=d.scale) if d.shape < 1e3 else None,
        log_density=log_density,
        scipy_name="fisk",
    )
]
