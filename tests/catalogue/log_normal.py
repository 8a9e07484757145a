"""Trials of the log-normal distribution."""

import mpmath
import numpy as np
import scipy.stats

from distributions import LogNormal

from . import Trial


def log_density(d, x):
    m, s, x = mpmath.mpf(d.log_mean), mpmath.mpf(d.log_std), mpmath.mpf(x)
    return -(((mpmath.log(x) - m) / s) ** 2) / 2 - mpmath.log(x * s * mpmath.sqrt(2 * mpmath.pi))


def twin(d):
    """SciPy's variance cancels where the spread is small."""
    return scipy.stats.lognorm(d.log_std, scale=np.exp(d.log_mean)) if d.log_std > 1e-3 else None


TRIALS = [
    Trial(
        LogNormal,
        settings=[LogNormal(0.0, 1.0), LogNormal(-18.0, 0.5), LogNormal(18.0, 2.0)],
        extremes=[LogNormal(3.0, 1e-6), LogNormal(0.0, 5.0)],
        twin=twin,
        scipy_name="lognorm",
        log_density=log_density,
    )
]
