"""Trials of the half-normal, Rayleigh and Maxwell distributions: lengths of vectors of normal errors."""

import mpmath
import scipy.stats

from distributions import HalfNormal, Maxwell, Rayleigh

from . import Trial


def log_density(d, x, dimension):
    s, x = mpmath.mpf(d.scale), mpmath.mpf(x)
    surface = mpmath.log(2) * (1 - mpmath.mpf(dimension) / 2) - mpmath.loggamma(mpmath.mpf(dimension) / 2)
    return surface + (dimension - 1) * mpmath.log(x / s) - mpmath.log(s) - (x / s) ** 2 / 2


def trial(family, twin, dimension):
    return Trial(
        family,
        settings=[family(1.0), family(1e-8), family(1e8)],
        twin=lambda d: twin(scale=d.scale),
        scipy_name=twin.name,
        log_density=lambda d, x: log_density(d, x, dimension),
    )


TRIALS = [
    trial(HalfNormal, scipy.stats.halfnorm, 1),
    trial(Rayleigh, scipy.stats.rayleigh, 2),
    trial(Maxwell, scipy.stats.maxwell, 3),
]
