"""Trials of truncated distributions."""

import mpmath
import numpy as np
import scipy.stats

from distributions import Exponential, Gamma, Logistic, LogNormal, Normal, Poisson, Truncated, Weibull

from . import Trial


def twin(d):
    """Return SciPy's truncated normal: nothing else is truncated there, and its variance loses digits in a tail."""
    inner = d.distribution
    if not isinstance(inner, Normal) or d.low > inner.mean + 5.0 * inner.std:
        return None
    low, high = (d.low - inner.mean) / inner.std, (d.high - inner.mean) / inner.std
    return scipy.stats.truncnorm(low, high, inner.mean, inner.std)


def log_density(d, x):
    """Of one observation of a truncated normal, in mpmath."""
    mean, std = mpmath.mpf(d.distribution.mean), mpmath.mpf(d.distribution.std)
    z, low, high = ((mpmath.mpf(value) - mean) / std for value in (x, d.low, d.high))
    # The probability by the tail in which its digits do not cancel.
    low, high = (low, high) if high < -low else (-high, -low)
    inside = (mpmath.erfc(-high / mpmath.sqrt(2)) - mpmath.erfc(-low / mpmath.sqrt(2))) / 2
    return -z * z / 2 - mpmath.log(std * mpmath.sqrt(2 * mpmath.pi)) - mpmath.log(inside)


TRIALS = [
    Trial(
        Truncated,
        settings=[
            Truncated(Normal(3.0, 2.0), low=0.0),
            Truncated(Normal(-1e3, 40.0), -1080.0, -850.0),
            Truncated(Normal(3.0, 2.0).freeze("std"), high=2.0),
            Truncated(Weibull(1.5, 3e-4), 1e-4, 1e-3),
            Truncated(Exponential(), low=0.0),
            Truncated(Exponential(0.01), high=300.0),
            Truncated(Logistic(2.0, 1.0), 0.0, np.inf),
            Truncated(Gamma(2.0, 1.0), low=0.5),
            Truncated(LogNormal(0.0, 0.5), high=2.0),
            Truncated(Poisson(2.0), low=1.0),
            Truncated(Poisson(20.0), 10.0, 30.0),
        ],
        extremes=[Truncated(Normal(0.0, 1.0).freeze("mean"), low=30.0), Truncated(Poisson(3.0), low=12.0)],
        twin=twin,
        log_density=log_density,
    )
]
