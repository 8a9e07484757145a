"""Trials of the multivariate Bernoulli distribution."""

import mpmath
import numpy as np
import scipy.stats

from distributions import MultivariateBernoulli

from . import Trial


class Columns:
    """SciPy's Bernoulli distributions, column by column."""

    def __init__(self, prob):
        self.prob = prob

    def logpmf(self, x):
        return scipy.stats.bernoulli.logpmf(x, self.prob).sum(axis=1)


def log_density(d, x):
    factors = [p if one else 1 - mpmath.mpf(p) for p, one in zip(d.prob.tolist(), x, strict=True)]
    return sum(map(mpmath.log, factors))


TRIALS = [
    Trial(
        MultivariateBernoulli,
        settings=[
            MultivariateBernoulli([0.5, 0.5]),
            MultivariateBernoulli([0.1, 0.9, 0.6, 0.02]),
            MultivariateBernoulli(np.linspace(0.05, 0.95, 12)),
        ],
        extremes=[
            MultivariateBernoulli([1e-12, 1.0 - 1e-12, 0.5]),
            MultivariateBernoulli([0.0, 1.0, 0.3]),
        ],
        twin=lambda d: Columns(d.prob),
        log_density=log_density,
    )
]
