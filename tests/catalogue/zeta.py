"""Trials of the zeta distribution."""

import mpmath
import scipy.stats

from distributions import Zeta

from . import Trial

TRIALS = [
    Trial(
        Zeta,
        settings=[Zeta(1.5), Zeta(2.5), Zeta(3.5), Zeta(12.0)],
        extremes=[Zeta(1.06), Zeta(80.0)],
        # SciPy has NaN for infinite variances, and 0 for small ones.
        twin=lambda d: scipy.stats.zipf(d.exponent) if 3.1 < d.exponent < 30.0 else None,
        log_density=lambda d, x: -d.exponent * mpmath.log(x) - mpmath.log(mpmath.zeta(d.exponent)),
    )
]
