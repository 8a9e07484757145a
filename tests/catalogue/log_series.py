"""Trials of the logarithmic series distribution."""

import mpmath
import scipy.stats

from distributions import LogSeries

from . import Trial


def log_density(d, x):
    prob = mpmath.mpf(d.prob)
    if not prob:
        return mpmath.mpf(0) if x == 1 else -mpmath.inf
    return x * mpmath.log(prob) - mpmath.log(x) - mpmath.log(-mpmath.log(1 - prob))


TRIALS = [
    Trial(
        LogSeries,
        settings=[LogSeries(0.0), LogSeries(0.5), LogSeries(0.999)],
        extremes=[LogSeries(1e-12), LogSeries(1 - 1e-12)],
        # SciPy sums its cdf term by term, and its variance cancels at small probabilities.
        twin=lambda d: scipy.stats.logser(d.prob) if 1e-3 < d.prob < 0.99 else None,
        log_density=log_density,
    )
]
