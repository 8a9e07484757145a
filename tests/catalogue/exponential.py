"""Trials of the exponential distribution."""

import mpmath
import scipy.stats

from distributions import Exponential

from . import Trial


def log_density(d, x):
    """Of one observation, in mpmath."""
    rate = mpmath.mpf(d.rate)
    return mpmath.log(rate) - rate * mpmath.mpf(x) if x >= 0 else -mpmath.inf


TRIALS = [
    Trial(
        Exponential,
        settings=[Exponential(1e-6), Exponential(1e6), Exponential(1.0)],
        twin=lambda d: scipy.stats.expon(scale=1.0 / d.rate),
        log_density=log_density,
        scipy_name="expon",
    )
]
