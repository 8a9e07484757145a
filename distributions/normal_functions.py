"""The standard normal distribution function in its tails: its logarithm, and the inverse Mills ratio.

Both rest on Mills' ratio, (1 - Phi(t)) / phi(t) for t >= 0, which neither under- nor overflows: far in the
left tail phi(x) / Phi(x) is its reciprocal, with no 0 / 0, and log Phi(x) a sum without cancellation.
Everything is arithmetic and selects, so that LLVM can vectorise the loops that call these functions.
"""

from __future__ import annotations

import numpy as np

from .kernels import scalar
from .special import HALF_LOG_2_PI, _bits, _double, exp, log

__all__ = ["inverse_mills", "log_ndtr"]

INVERSE_SQRT_2_PI = 0.3989422804014327
UPPER_BITS = np.uint64(2**64 - 2**27)  # all but the last 27 bits: the square of such a number is exact
DENSITY_IS_ZERO = 40.0  # exp(-t^2 / 2) is 0 from here on


@scalar
def _mills(t):
    """Return p with Mills' ratio (1 - Phi(t)) / phi(t) = p / (t + 4), for 0 <= t <= inf."""
    u = 1.0 - 8.0 / (t + 4.0)  # maps t = 0, 4, inf to -1, 0, 1
    z = u * u
    # (t + 4) (1 - Phi(t)) / phi(t) on -1 <= u <= 1, weight its reciprocal: relative error 2^-54.8.
    # Remez exchange in 40-digit arithmetic; Phi from erfc, for t >= 25 from Laplace's continued fraction.
    # The absolute values of the coefficients add to little more than the value at u = -1: sums are stable. Even and
    # odd powers apart make two short chains of one long one.
    even = 9.36549476316334e-10
    even = even * z - 9.848010241992702e-09
    even = even * z + 5.5002997546866906e-08
    even = even * z - 2.1967068201697967e-07
    even = even * z + 6.847872954981248e-07
    even = even * z - 1.5799042752102942e-06
    even = even * z + 1.796869790700732e-06
    even = even * z - 4.783393284873709e-06
    even = even * z + 0.0003342446385096545
    even = even * z - 0.008722295276523212
    even = even * z + 0.15139176231256185
    even = even * z + 0.970409554867586
    even = even * z + 1.8932190633084853
    odd = -3.266100640746813e-10
    odd = odd * z - 1.3243349827472593e-09
    odd = odd * z + 4.436285464722405e-08
    odd = odd * z - 3.9997329701301905e-07
    odd = odd * z + 2.568292860857636e-06
    odd = odd * z - 1.4843010113609603e-05
    odd = odd * z + 8.809562984872464e-05
    odd = odd * z - 0.0005792692800212484
    odd = odd * z + 0.004087855677550697
    odd = odd * z - 0.01890045086141141
    odd = odd * z - 0.4675409629983438
    odd = odd * z - 1.5237709108199833
    return odd * u + even


@scalar
def _density(t):
    """Return phi(t) for t >= 0; 0 from t = 37.64 on, where `exp` is no longer a normal number."""
    t = DENSITY_IS_ZERO if t > DENSITY_IS_ZERO else t
    # t^2 / 2 in two parts, high + low: the rounding error of a square near 1000 would be felt in its exp.
    upper = _double(_bits(t) & UPPER_BITS)
    square = 0.5 * upper * upper
    rest = 0.5 * (t - upper) * (t + upper)
    high = square + rest
    low = rest - (high - square)
    density = INVERSE_SQRT_2_PI * exp(-high)
    return density - density * low


@scalar
def log_ndtr(x):
    """Logarithm of the standard normal distribution function, log Phi(x).

    Parameters
    ----------
    x : float
        Any double.

    Returns
    -------
    float
        log Phi(x) within a relative error of 1.5e-15, up to x = 37.5, where it becomes a subnormal number;
        0 for x > 37.64; -inf for x < -1.8e154; NaN for NaN.
    """
    t = abs(x)
    p = _mills(t)
    ratio = p / (t + 4.0)
    left = x < 0.0
    upper_tail = _density(t) * ratio
    argument = ratio if left else 1.0 - upper_tail
    # What the rounding of 1 - upper_tail lost is put back to first order, as in `log1p`.
    lost = ((1.0 - argument) - upper_tail) / argument
    result = log(argument)
    return result - (0.5 * t * t + HALF_LOG_2_PI) if left else result + lost


@scalar
def inverse_mills(x):
    """Ratio of the standard normal density to its distribution function, phi(x) / Phi(x).

    It is the derivative of `log_ndtr`, and the mean of a standard normal variable given that it exceeds -x.

    Parameters
    ----------
    x : float
        Any double.

    Returns
    -------
    float
        phi(x) / Phi(x) within a relative error of 1e-15; 0 for x > 37.64, where it is below 1e-308; inf
        for -inf; NaN for NaN.
    """
    t = abs(x)
    p = _mills(t)
    density = _density(t)
    left = x < 0.0
    # One division for either side: 1 / (p / (t + 4)) on the left, phi / (1 - phi p / (t + 4)) on the right.
    shifted = (DENSITY_IS_ZERO if x > DENSITY_IS_ZERO else t) + 4.0  # 0 inf would be NaN
    return (shifted if left else density * shifted) / (p if left else shifted - density * p)
