"""Trials of the poisson distribution."""

import mpmath
import scipy.stats

from distributions import Poisson

from . import Trial


def log_density(d, x):
    return (x * mpmath.log(d.rate) if x else 0) - mpmath.mpf(d.rate) - mpmath.loggamma(x + 1)


TRIALS = [
    Trial(
        Poisson,
        settings=[Poisson(0.0), Poisson(1e-6), Poisson(1.0), Poisson(1e6)],
        extremes=[Poisson(1e-12), Poisson(1e15)],
        twin=lambda d: (
            scipy.stats.poisson(d.rate) if d.rate < 1e9 else None
        ),  # whose logpmf and cdf lose their digits there
        log_density=log_density,
    )
]
