"""Trials of the discrete uniform distribution."""

import mpmath
import scipy.stats

from distributions import DiscreteUniform

from . import Trial

TRIALS = [
    Trial(
        DiscreteUniform,
        settings=[
            DiscreteUniform(1.0, 6.0),
            DiscreteUniform(-5.0, 1000.0),
            DiscreteUniform(4.0, 4.0),
            DiscreteUniform(0.0, 9.0).freeze(),
        ],
        extremes=[DiscreteUniform(-(2.0**52), 2.0**52), DiscreteUniform(1e8, 1e8 + 1.0)],
        twin=lambda d: scipy.stats.randint(int(d.low), int(d.high) + 1) if d.high - d.low < 1e9 else None,
        log_density=lambda d, x: -mpmath.log(mpmath.mpf(d.high) - d.low + 1),
    )
]
