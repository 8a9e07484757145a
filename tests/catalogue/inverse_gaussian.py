"""Trials of the inverse Gaussian distribution."""

import mpmath
import scipy.stats

from distributions import InverseGaussian

from . import Trial


def log_density(d, x):
    m, shape, x = mpmath.mpf(d.mean), mpmath.mpf(d.shape), mpmath.mpf(x)
    return mpmath.log(shape / (2 * mpmath.pi * x**3)) / 2 - shape * (x - m) ** 2 / (2 * m**2 * x)


TRIALS = [
    Trial(
        InverseGaussian,
        settings=[InverseGaussian(1.0, 1.0), InverseGaussian(1e-8, 3e-8), InverseGaussian(1e8, 2e7)],
        extremes=[InverseGaussian(1.0, 1e-3), InverseGaussian(2.0, 1e6)],
        twin=lambda d: scipy.stats.invgauss(d.mean / d.shape, scale=d.shape),
        scipy_name="invgauss",
        log_density=log_density,
    )
]
