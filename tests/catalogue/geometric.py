"""Trials of the geometric distribution."""

import mpmath
import scipy.stats

from distributions import Geometric

from . import Trial


def log_density(d, x):
    prob = mpmath.mpf(d.prob)
    return mpmath.log(prob) + (x * mpmath.log(1 - prob) if x else 0)


TRIALS = [
    Trial(
        Geometric,
        settings=[Geometric(1e-3), Geometric(0.5), Geometric(1.0)],
        extremes=[Geometric(1e-12), Geometric(1 - 1e-12)],
        twin=lambda d: scipy.stats.geom(d.prob, loc=-1) if d.prob < 1.0 - 1e-9 else None,
        log_density=log_density,
    )
]
