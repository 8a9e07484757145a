"""Trials of the normal distribution."""

import scipy.stats

from distributions import Normal

from . import Trial

TRIALS = [
    Trial(
        Normal,
        settings=[Normal(5.0, 1e-8), Normal(-3e4, 1e8), Normal(1e8, 1.0), Normal(0.0, 1.0)],
        twin=lambda d: scipy.stats.norm(d.mean, d.std),
        scipy_name="norm",
    )
]
