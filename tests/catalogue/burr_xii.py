"""Trials of the Burr XII distribution."""

import mpmath
import scipy.stats

from distributions import BurrXII

from . import Trial


def log_density(d, x):
    """Exact log density."""
    shape, tail, x = mpmath.mpf(d.shape), mpmath.mpf(d.tail), mpmath.mpf(x)
    y = (x / mpmath.mpf(d.scale)) ** shape
    return mpmath.log(shape * tail / x) + mpmath.log(y) - (tail + 1) * mpmath.log1p(y)


def twin(d):
    """SciPy loses digits for large exponents; and the integral of a mean that hardly exists does not converge."""
    exponent = d.shape * d.tail
    return None if exponent > 1e3 or 1.0 < exponent < 1.5 else scipy.stats.burr12(d.shape, d.tail, scale=d.scale)


TRIALS = [
    Trial(
        BurrXII,
        settings=[BurrXII(2.0, 1.0, 1.0), BurrXII(5.0, 2.0, 1e-8), BurrXII(1.5, 3.0, 1e8), BurrXII(4.0, 0.8, 50.0)],
        extremes=[BurrXII(1e3, 2.0, 1.0), BurrXII(2.0, 1e4, 30.0), BurrXII(30.0, 0.05, 1e3), BurrXII(0.2, 0.7, 1.0)],
        twin=twin,
        log_density=log_density,
        scipy_name="burr12",
    )
]
