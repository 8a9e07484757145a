"""Trials of the Kumaraswamy distribution, which SciPy does not have."""

import mpmath

from distributions import Kumaraswamy

from . import Trial


def log_density(d, x):
    """Exact log density."""
    a, b, x = mpmath.mpf(d.a), mpmath.mpf(d.b), mpmath.mpf(x)
    return mpmath.log(a * b) + (a - 1) * mpmath.log(x) + (b - 1) * mpmath.log1p(-(x**a))


TRIALS = [
    Trial(
        Kumaraswamy,
        settings=[Kumaraswamy(1.0, 1.0), Kumaraswamy(2.0, 5.0), Kumaraswamy(0.5, 0.5), Kumaraswamy(5.0, 1e4)],
        extremes=[Kumaraswamy(0.05, 1.0), Kumaraswamy(2.0, 1e12), Kumaraswamy(30.0, 1e60), Kumaraswamy(1.0, 0.4)],
        log_density=log_density,
    )
]
