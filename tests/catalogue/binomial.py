"""Trials of the binomial distribution."""

import mpmath
import scipy.stats

from distributions import Binomial

from . import Trial


def log_density(d, x):
    k, n = (x, d.trials) if d.trials is not None else x
    prob, rest = mpmath.mpf(d.prob), n - k
    constant = mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(rest + 1)
    return constant + (k * mpmath.log(prob) if k else 0) + (rest * mpmath.log(1 - prob) if rest else 0)


def twin(d):
    """SciPy has no two columns, no digits of logpmf left at many trials, and a wrong variance next to prob = 1."""
    return None if d.trials is None or d.trials > 1e9 or 0.999 < d.prob < 1 else scipy.stats.binom(d.trials, d.prob)


TRIALS = [
    Trial(
        Binomial,
        settings=[
            Binomial(trials=1),
            Binomial(trials=10),
            Binomial(0.5, trials=300),
            Binomial(0.02, trials=10**6),
            Binomial(0.0, trials=5),
            Binomial(1.0, trials=5),
        ],
        extremes=[
            Binomial(1e-12, trials=20),
            Binomial(1 - 1e-12, trials=20),
            Binomial(1e-12, trials=10**13),
            Binomial(0.3, trials=10**15),
            Binomial(1e-12),
            Binomial(1 - 1e-12),
        ],
        twin=twin,
        log_density=log_density,
    )
]
