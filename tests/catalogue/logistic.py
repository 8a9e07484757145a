"""Trials of the logistic distribution."""

import scipy.stats

from distributions import Logistic

from . import Trial

TRIALS = [
    Trial(
        Logistic,
        settings=[Logistic(5.0, 1e-8), Logistic(-3e4, 1e8), Logistic(1e8, 1.0), Logistic(0.0, 1.0)],
        twin=lambda d: scipy.stats.logistic(d.loc, d.scale),
        scipy_name="logistic",
    )
]
