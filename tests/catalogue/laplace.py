"""Trials of the Laplace distribution."""

import mpmath
import scipy.stats

from distributions import Laplace

from . import Trial


def log_density(d, x):
    scale = mpmath.mpf(d.scale)
    return -abs(mpmath.mpf(x) - mpmath.mpf(d.loc)) / scale - mpmath.log(2 * scale)


TRIALS = [
    Trial(
        Laplace,
        settings=[Laplace(5.0, 1e-8), Laplace(-3e4, 1e8), Laplace(1e8, 1.0), Laplace(0.0, 1.0)],
        twin=lambda d: scipy.stats.laplace(d.loc, d.scale),
        log_density=log_density,
        scipy_name="laplace",
    )
]
