"""Trials of the Gumbel distributions."""

import mpmath
import scipy.stats

from distributions import Gumbel, GumbelMin

from . import Trial


def settings(family):
    return [family(5.0, 1e-8), family(-3e4, 1e8), family(1e8, 1.0), family(0.0, 1.0)]


def log_density(sign):
    def exact(d, x):
        z = sign * (mpmath.mpf(x) - mpmath.mpf(d.loc)) / mpmath.mpf(d.scale)
        return -z - mpmath.exp(-z) - mpmath.log(d.scale)

    return exact


TRIALS = [
    Trial(
        Gumbel,
        settings=settings(Gumbel),
        twin=lambda d: scipy.stats.gumbel_r(d.loc, d.scale),
        log_density=log_density(1),
        scipy_name="gumbel_r",
    ),
    Trial(
        GumbelMin,
        settings=settings(GumbelMin),
        twin=lambda d: scipy.stats.gumbel_l(d.loc, d.scale),
        log_density=log_density(-1),
        scipy_name="gumbel_l",
    ),
]
