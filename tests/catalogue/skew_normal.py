"""Trials of the skew normal distribution."""

import mpmath
import scipy.stats

from distributions import SkewNormal

from . import Trial


def log_density(d, x):
    scale = mpmath.mpf(d.scale)
    z = (mpmath.mpf(x) - mpmath.mpf(d.loc)) / scale
    tail = mpmath.log(mpmath.erfc(-d.shape * z / mpmath.sqrt(2)))  # 2 Phi
    return mpmath.log(mpmath.npdf(z)) + tail - mpmath.log(scale)


def twin(d):
    """SciPy integrates with so little care that a sharp edge is beyond it."""
    return None if abs(d.shape) > 20.0 else scipy.stats.skewnorm(d.shape, d.loc, d.scale)


TRIALS = [
    Trial(
        SkewNormal,
        settings=[
            SkewNormal(5.0, 1e-8, -2.0),
            SkewNormal(-3e4, 1e8, 0.0),
            SkewNormal(1e8, 1.0, 10.0),
            SkewNormal(0.0, 1.0, 1.0),
            SkewNormal(0.0, 1.0, 4.0),
        ],
        extremes=[SkewNormal(0.0, 1.0, -300.0), SkewNormal(2.0, 3.0, 1e4)],
        twin=twin,
        log_density=log_density,
        scipy_name="skewnorm",
    )
]
