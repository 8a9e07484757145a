"""Trials of the Dirichlet-multinomial distribution."""

import mpmath
import numpy as np
import scipy.stats

from distributions import DirichletMultinomial

from . import Trial


class Rows:
    """SciPy's distribution, given the sum of each row."""

    def __init__(self, concentration):
        self.concentration = concentration

    def logpmf(self, x):
        return scipy.stats.dirichlet_multinomial.logpmf(x.astype(int), self.concentration, x.sum(axis=1).astype(int))


def log_density(d, x):
    s, n = mpmath.fsum(d.concentration.tolist()), sum(x)
    total = mpmath.loggamma(n + 1) + mpmath.loggamma(s) - mpmath.loggamma(n + s)
    for a, k in zip(d.concentration.tolist(), x, strict=True):
        total += mpmath.loggamma(k + mpmath.mpf(a)) - mpmath.loggamma(a) - mpmath.loggamma(k + 1)
    return total


TRIALS = [
    Trial(
        DirichletMultinomial,
        settings=[
            DirichletMultinomial(trials=10),
            DirichletMultinomial(trials=40),
            DirichletMultinomial([1.0, 1.0, 1.0], trials=12),
            DirichletMultinomial([0.3, 4.0, 2.0, 0.7], trials=100),
            DirichletMultinomial(np.linspace(0.2, 5.0, 8), trials=30),
        ],
        extremes=[
            DirichletMultinomial([0.05, 0.02], trials=10),
            DirichletMultinomial([1e5, 3e5, 2e4], trials=50),
            DirichletMultinomial([2.0, 3.0, 5.0], trials=10**6),
        ],
        twin=lambda d: Rows(d.concentration) if d.concentration.max() < 1e4 and d._trials < 10**6 else None,
        log_density=log_density,
    )
]
