"""Trials of the Skellam distribution."""

import mpmath
import scipy.stats

from distributions import Skellam

from . import Trial


def log_density(d, x):
    one, two = mpmath.mpf(d.rate1), mpmath.mpf(d.rate2)
    bessel = mpmath.besseli(abs(x), 2 * mpmath.sqrt(one * two), maxterms=10**7)
    return -one - two + x / 2 * mpmath.log(one / two) + mpmath.log(bessel)


TRIALS = [
    Trial(
        Skellam,
        settings=[Skellam(1.0, 1.0), Skellam(30.0, 0.2), Skellam(400.0, 900.0), Skellam(0.01, 0.02)],
        extremes=[Skellam(1e-9, 3.0), Skellam(1e6, 2e6), Skellam(1e-6, 1e-6)],
        # SciPy's logpmf is -inf in far tails.
        twin=lambda d: scipy.stats.skellam(d.rate1, d.rate2) if 0.1 < d.rate1 < 25.0 > d.rate2 > 0.1 else None,
        log_density=log_density,
    )
]
