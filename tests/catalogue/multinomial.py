"""Trials of the multinomial distribution."""

import mpmath
import numpy as np
import scipy.stats

from distributions import Multinomial

from . import Trial


class Rows:
    """SciPy's multinomial, given the sum of each row; of 10^9 trials it is right to 1e-5 only."""

    def __init__(self, prob):
        self.prob = prob

    def logpmf(self, x):
        return scipy.stats.multinomial.logpmf(x, np.sum(x, axis=1), self.prob)


def log_density(d, x):
    terms = [mpmath.loggamma(k + 1) - (k * mpmath.log(p) if k else 0) for k, p in zip(x, d.prob.tolist(), strict=True)]
    return mpmath.loggamma(sum(x) + 1) - sum(terms)


TRIALS = [
    Trial(
        Multinomial,
        settings=[
            Multinomial(trials=10),
            Multinomial([0.5, 0.2, 0.3], trials=20),
            Multinomial([0.1, 0.2, 0.3, 0.15, 0.25], trials=300),
            Multinomial(np.arange(1.0, 21.0) / 210.0),
        ],
        extremes=[
            Multinomial([1e-12, 1.0 - 1e-12], trials=5),
            Multinomial([0.5, 0.0, 0.5], trials=4),
            Multinomial([0.2, 0.3, 0.5], trials=10**9),
        ],
        twin=lambda d: None if 0.0 in d.prob or d.trials == 10**9 else Rows(d.prob),
        log_density=log_density,
    )
]
