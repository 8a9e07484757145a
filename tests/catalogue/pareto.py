"""Trials of the Pareto distribution."""

import mpmath
import scipy.stats

from distributions import Pareto

from . import Trial

TRIALS = [
    Trial(
        Pareto,
        settings=[
            Pareto(1.0, 1.0),
            Pareto(2.5, 1e-8),
            Pareto(9.0, 1e8),
            Pareto(1.5, 3.0).freeze("low"),
            Pareto(1.5, 3.0).freeze("shape"),
        ],
        extremes=[Pareto(0.05, 1.0), Pareto(1e6, 2.0)],
        twin=lambda d: scipy.stats.pareto(d.shape, scale=d.low),
        scipy_name="pareto",
        log_density=lambda d, x: (
            mpmath.log(mpmath.mpf(d.shape) / d.low) - (d.shape + mpmath.mpf(1)) * mpmath.log(mpmath.mpf(x) / d.low)
        ),
    )
]
