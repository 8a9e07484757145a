"""Trials of the exponential distribution."""

import scipy.stats

from distributions import Exponential

from . import Trial

TRIALS = [
    Trial(
        Exponential,
        settings=[Exponential(1e-6), Exponential(1e6), Exponential(1.0)],
        twin=lambda d: scipy.stats.expon(scale=1.0 / d.rate),
        scipy_name="expon",
    )
]
