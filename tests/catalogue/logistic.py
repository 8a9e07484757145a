"""Trials of the logistic distribution."""

import mpmath
import scipy.stats

from distributions import Logistic

from . import Trial


def log_density(d, x):
    """Of one observation, in mpmath."""
    z = abs(mpmath.mpf(x) - mpmath.mpf(d.loc)) / mpmath.mpf(d.scale)
    return -z - 2 * mpmath.log1p(mpmath.exp(-z)) - mpmath.log(mpmath.mpf(d.scale))


TRIALS = [
    Trial(
        Logistic,
        settings=[Logistic(5.0, 1e-8), Logistic(-3e4, 1e8), Logistic(1e8, 1.0), Logistic(0.0, 1.0)],
        twin=lambda d: scipy.stats.logistic(d.loc, d.scale),
        log_density=log_density,
        scipy_name="logistic",
    )
]
