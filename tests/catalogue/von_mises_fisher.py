"""Trials of the von Mises-Fisher distribution."""

import mpmath
import numpy as np
import scipy.stats

from distributions import VonMisesFisher

from . import Trial


def log_density(d, x):
    """Density of a row of length one, in mpmath."""
    k, v = mpmath.mpf(d.concentration), mpmath.mpf(len(d.loc)) / 2 - 1
    along = (
        1 - mpmath.fsum((mpmath.mpf(float(a)) - mpmath.mpf(float(b))) ** 2 for a, b in zip(x, d.loc, strict=True)) / 2
    )
    if k == 0:
        return mpmath.loggamma(v + 1) - mpmath.log(2) - (v + 1) * mpmath.log(mpmath.pi)
    return k * along + v * mpmath.log(k) - (v + 1) * mpmath.log(2 * mpmath.pi) - mpmath.log(mpmath.besseli(v, k))


def pole(d):
    """A direction that is no axis."""
    direction = np.arange(1.0, d + 1.0) * (-1.0) ** np.arange(d)
    return direction / np.linalg.norm(direction)


TRIALS = [
    Trial(
        VonMisesFisher,
        settings=[
            VonMisesFisher([0.0, 1.0], 1.0),
            VonMisesFisher([0.6, 0.0, -0.8], 20.0),
            VonMisesFisher(pole(10), 8.0),
        ],
        extremes=[
            VonMisesFisher(pole(3), 0.0),
            VonMisesFisher(pole(4), 1e5),
            VonMisesFisher(pole(200), 1e3),
            VonMisesFisher(pole(40), 1e-3),
        ],
        twin=lambda d: scipy.stats.vonmises_fisher(d.loc, d.concentration) if 1e-2 < d.concentration < 1e4 else None,
        log_density=log_density,
    )
]
