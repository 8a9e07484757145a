"""Trials of the Cauchy distribution."""

import mpmath
import scipy.stats

from distributions import Cauchy

from . import Trial


def log_density(d, x):
    scale = mpmath.mpf(d.scale)
    z = (mpmath.mpf(x) - mpmath.mpf(d.loc)) / scale
    return -mpmath.log(mpmath.pi * scale) - mpmath.log1p(z * z)


TRIALS = [
    Trial(
        Cauchy,
        settings=[Cauchy(5.0, 1e-8), Cauchy(-3e4, 1e8), Cauchy(1e8, 1.0), Cauchy(0.0, 1.0)],
        twin=lambda d: scipy.stats.cauchy(d.loc, d.scale),
        log_density=log_density,
        scipy_name="cauchy",
    )
]
