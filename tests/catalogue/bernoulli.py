"""Trials of the bernoulli distribution."""

import mpmath
import scipy.stats

from distributions import Bernoulli

from . import Trial


def log_density(d, x):
    return mpmath.log(d.prob if x else 1 - mpmath.mpf(d.prob))


TRIALS = [
    Trial(
        Bernoulli,
        settings=[Bernoulli(0.5), Bernoulli(0.0), Bernoulli(1.0)],
        extremes=[Bernoulli(1e-12), Bernoulli(1 - 1e-12)],
        twin=lambda d: scipy.stats.bernoulli(d.prob),
        log_density=log_density,
    )
]
