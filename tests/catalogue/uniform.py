"""Trials of the uniform distribution."""

import mpmath
import scipy.stats

from distributions import Uniform

from . import Trial

TRIALS = [
    Trial(
        Uniform,
        settings=[
            Uniform(0.0, 1.0),
            Uniform(-3e-8, 5e-8),
            Uniform(1e8, 3e8),
            Uniform(-2.0, 9.0).freeze(),
            Uniform(-2.0, 9.0).freeze("low"),
            Uniform(-2.0, 9.0).freeze("high"),
        ],
        extremes=[Uniform(1e8, 1e8 + 1.0)],
        twin=lambda d: scipy.stats.uniform(d.low, d.high - d.low),
        scipy_name="uniform",
        log_density=lambda d, x: -mpmath.log(mpmath.mpf(d.high) - mpmath.mpf(d.low)),
    )
]
