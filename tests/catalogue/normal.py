"""Trials of the normal distribution."""

import mpmath
import scipy.stats

from distributions import Normal

from . import Trial


def log_density(d, x):
    """Of one observation, in mpmath."""
    z = (mpmath.mpf(x) - mpmath.mpf(d.mean)) / mpmath.mpf(d.std)
    return -z * z / 2 - mpmath.log(mpmath.mpf(d.std)) - mpmath.log(2 * mpmath.pi) / 2


TRIALS = [
    Trial(
        Normal,
        settings=[Normal(5.0, 1e-8), Normal(-3e4, 1e8), Normal(1e8, 1.0), Normal(0.0, 1.0)],
        twin=lambda d: scipy.stats.norm(d.mean, d.std),
        log_density=log_density,
        scipy_name="norm",
    )
]
