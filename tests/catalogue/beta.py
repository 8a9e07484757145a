"""Trials of the beta distribution."""

import mpmath
import scipy.stats

from distributions import Beta

from . import Trial


def log_density(d, x):
    a, b, x = mpmath.mpf(d.a), mpmath.mpf(d.b), mpmath.mpf(x)
    log_beta = mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)
    return (a - 1) * mpmath.log(x) + (b - 1) * mpmath.log(1 - x) - log_beta


TRIALS = [
    Trial(
        Beta,
        settings=[Beta(1.0, 1.0), Beta(0.5, 0.5), Beta(2.0, 200.0)],
        extremes=[Beta(0.05, 0.3), Beta(1e6, 2e5), Beta(3.0, 1e6)],
        twin=lambda d: scipy.stats.beta(d.a, d.b),
        scipy_name="beta",
        log_density=log_density,
    )
]
