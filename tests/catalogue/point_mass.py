"""Trials of the point mass."""

import mpmath

from distributions import PointMass

from . import Trial

TRIALS = [
    Trial(
        PointMass,
        settings=[PointMass(loc) for loc in (0.0, 1.0, -7.0, 2.5, 0.1, 1e8, 1e-8)],
        log_density=lambda d, x: mpmath.mpf(0) if x == d.loc else -mpmath.inf,
    )
]
