"""Trials of the half-Cauchy distribution."""

import mpmath
import scipy.stats

from distributions import HalfCauchy

from . import Trial


def log_density(d, x):
    """Exact log density."""
    scale = mpmath.mpf(d.scale)
    return mpmath.log(2 / mpmath.pi / scale) - mpmath.log1p((mpmath.mpf(x) / scale) ** 2)


TRIALS = [
    Trial(
        HalfCauchy,
        settings=[HalfCauchy(1e-8), HalfCauchy(1e8), HalfCauchy(1.0)],
        twin=lambda d: scipy.stats.halfcauchy(scale=d.scale),
        log_density=log_density,
        scipy_name="halfcauchy",
    )
]
