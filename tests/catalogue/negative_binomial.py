"""Trials of the negative binomial distribution."""

import mpmath
import scipy.stats

from distributions import NegativeBinomial

from . import Trial


def log_density(d, x):
    size, prob = mpmath.mpf(d.size), mpmath.mpf(d.prob)
    constant = mpmath.loggamma(size + x) - mpmath.loggamma(size) - mpmath.loggamma(x + 1)
    return constant + size * mpmath.log(prob) + (x * mpmath.log(1 - prob) if x else 0)


def twin(d):
    """SciPy has no prob = 1, and loses its digits at large sizes and rare successes."""
    return scipy.stats.nbinom(d.size, d.prob) if 1e-6 < d.prob < 0.999 and d.size < 1e5 else None


TRIALS = [
    Trial(
        NegativeBinomial,
        settings=[
            NegativeBinomial(1.0, 0.5),
            NegativeBinomial(0.3, 0.01),
            NegativeBinomial(40.0, 1e-3),
            NegativeBinomial(2.0, 1.0),
        ],
        extremes=[
            NegativeBinomial(1e-3, 0.1),
            NegativeBinomial(1e6, 0.5),
            NegativeBinomial(3.0, 1e-12),
            NegativeBinomial(1e6, 1 - 1e-12),
            NegativeBinomial(1e6, 1 - 1e-5),
        ],
        twin=twin,
        log_density=log_density,
    )
]
