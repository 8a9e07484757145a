"""Trials of the Poisson distribution."""

import scipy.stats

from distributions import Poisson

from . import Trial

TRIALS = [
    Trial(
        Poisson,
        settings=[Poisson(0.0), Poisson(1e-6), Poisson(1.0), Poisson(1e6)],
        twin=lambda d: scipy.stats.poisson(d.rate),
    )
]
