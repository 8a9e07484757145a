"""Elementary functions for the innermost loops, written so that LLVM can vectorise them.

Without SVML, which the numba wheels no longer contain, `math.exp` and `math.log` are calls that keep a
loop scalar. The functions here are arithmetic, selects and bit casts: in a loop over a contiguous array
they become packed instructions of whatever width the machine has. They take and return scalars and may
be called from any compiled function, whatever its own flags: the two-part reductions below rely on exact
rounding, and `scalar` compiles and inlines them under their own rules.

Error bounds count units in the last place (ulp) of the exact result; the tests hold them against mpmath.
Coefficients are our own, from a Remez exchange in 40-digit arithmetic (mpmath); each polynomial states
its interval, the weight of the error, and the error left after rounding the coefficients to doubles.
"""

from __future__ import annotations

import math

import numpy as np

from .kernels import scalar
from .lanes import power_of_two, where_less

__all__ = [
    "exp",
    "exp_of_difference",
    "exp_of_differences",
    "expm1",
    "log",
    "log1p",
    "log1p_of_part",
    "log_factorial",
    "log_of_normal",
    "reciprocal",
]

# Adding and subtracting this rounds |x| < 2^51 to a whole number, and leaves that number in the low bits
# of the sum. No instruction that converts to integers is needed, which AVX2 lacks.
ROUND = 1.5 * 2.0**52
TWO_52 = 2.0**52

LOG2_E = 1.4426950408889634
# ln 2 in two parts. The high one ends in 17 zero bits: its product with an exponent is exact.
LN2_HIGH = 0.6931471805582987
LN2_LOW = 1.6465949582897082e-12
LN2 = 0.6931471805599453
HALF_LN2 = 0.34657359027997264
SQRT_2 = math.sqrt(2.0)

SMALLEST_NORMAL = 2.2250738585072014e-308
EXP_LOWEST = -708.396  # below it exp is no longer a normal number
EXP_HIGHEST = 709.782712893384  # log of the largest double

EXPONENT_BIAS = 1023.0
BITS_OF_ONE = np.float64(1.0).view(np.uint64)
BITS_OF_HALF = np.float64(0.5).view(np.uint64)
BITS_OF_SQRT_HALF = np.float64(math.sqrt(0.5)).view(np.uint64)
BITS_OF_TWO_52 = np.float64(TWO_52).view(np.uint64)
BITS_FROM_SQRT_HALF_TO_ONE = np.float64(1.0).view(np.uint64) - BITS_OF_SQRT_HALF
FRACTION = np.uint64(2**52 - 1)  # the bits of a double below its exponent

# A power of two, so that masking the bits of any double gives a valid place in the table.
LOG_FACTORIALS = np.array([math.log(math.factorial(k)) for k in range(256)])
LAST_PLACE = np.uint64(LOG_FACTORIALS.size - 1)
HALF_LOG_2_PI = 0.9189385332046728


@scalar
def _bits(x):
    """Return the 64 bits of a double, as an unsigned integer."""
    return np.float64(x).view(np.uint64)


@scalar
def _double(bits):
    """Return the double that has these 64 bits."""
    return np.uint64(bits).view(np.float64)


@scalar
def _reduced_exp(x):
    """Split exp(x) = (1 + y) 2^k: return y, and k in the place of a double's exponent."""
    shifted = x * LOG2_E + ROUND
    k = shifted - ROUND
    high = x - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    # high is exact and low small: adding them last saves the rounding error of r.
    return high + (r * r * _exp_tail(r) - low), _bits(shifted) << 52


@scalar
def _exp_tail(r):
    """Return (exp(r) - 1 - r) / r^2 for |r| <= ln(2)/2."""
    # (exp(r) - 1 - r - r^2/2) / r^3 on |r| <= ln(2)/2, weight r^3 / exp(r): relative error of exp 2^-57.2.
    p = 2.4978400302054357e-08
    p = p * r + 2.762517646737984e-07
    p = p * r + 2.7557640735012673e-06
    p = p * r + 2.4801508706759055e-05
    p = p * r + 0.00019841269466432042
    p = p * r + 0.0013888888926778607
    p = p * r + 0.008333333333499915
    p = p * r + 0.041666666666604
    p = p * r + 0.16666666666666433
    return p * r + 0.5


@scalar
def exp(x):
    """Exponential function, exp(x).

    Parameters
    ----------
    x : float
        Any double.

    Returns
    -------
    float
        exp(x) within 1 ulp. 0 for x < -708.396, where the result would be subnormal; inf for
        x > 709.782712893384; NaN for NaN.
    """
    y, k = _reduced_exp(x)
    # Adding k to the exponent of 1 + y, rather than multiplying by 2^k, reaches k = 1024 as well.
    result = _double(_bits(1.0 + y) + k)
    result = result if x >= EXP_LOWEST else 0.0
    return result if x <= EXP_HIGHEST else x * np.inf


@scalar
def exp_of_difference(x):
    """Exponential of a difference of two log densities, x <= 0: a third cheaper than `exp`.

    Parameters
    ----------
    x : float
        A difference that is rounded itself, by at least abs(x) 2^-53; x <= 0.

    Returns
    -------
    float
        exp(x) within a relative error of 2^-52 (1 + abs(x)); 0 for x < -708.396; NaN for NaN.
    """
    shifted = x * LOG2_E + ROUND
    r = x - (shifted - ROUND) * LN2  # in one part: its error is that of x
    result = (1.0 + (r + r * r * _exp_tail(r))) * _double(BITS_OF_ONE + (_bits(shifted) << 52))
    return 0.0 if x < EXP_LOWEST else result


@scalar
def exp_of_differences(x):
    """`exp_of_difference` of each of some lanes, with the same result."""
    shifted = x * LOG2_E + ROUND
    r = x - (shifted - ROUND) * LN2
    result = (1.0 + (r + r * r * _exp_tail(r))) * power_of_two(shifted)
    return where_less(x, EXP_LOWEST, 0.0, result)


@scalar
def reciprocal(x):
    """1 / x, worked out where it stands.

    Where sums may be reordered the compiler otherwise turns products with a quotient back into divisions, one for each
    turn of a loop; those cost several times as much as everything else about a normal density.
    """
    return 1.0 / x


@scalar
def expm1(x):
    """exp(x) - 1 without cancellation near zero.

    Parameters
    ----------
    x : float
        Any double.

    Returns
    -------
    float
        exp(x) - 1 within 2 ulp. inf for x > 709.782712893384; NaN for NaN.
    """
    y, k = _reduced_exp(x)
    half_scale = _double(BITS_OF_HALF + k)  # 2^(k-1): 2^1024 would overflow
    result = 2.0 * (half_scale * y + (half_scale - 0.5))
    result = result if x >= -50.0 else -1.0
    return result if x <= EXP_HIGHEST else x * np.inf


@scalar
def _atanh_tail(z):
    """Return (2 atanh(s) / s - 2) / z, z = s^2 <= (3 - sqrt(8))^2."""
    # Weight z: relative error of log((1 + s) / (1 - s)) 2^-58.9.
    p = 0.1479595210260739
    p = p * z + 0.15314050334253454
    p = p * z + 0.1818356433368121
    p = p * z + 0.22222198573059807
    p = p * z + 0.285714287423886
    p = p * z + 0.39999999999414676
    return p * z + 0.6666666666666734


@scalar
def log1p_of_part(x):
    """log(1 + x) for 0 <= x <= 1, at two thirds of the cost of `log`, for sums in which smaller errors are lost.

    Parameters
    ----------
    x : float
        From 0 to 1; elsewhere the result means nothing.

    Returns
    -------
    float
        log(1 + x) within an absolute error of 2e-16; NaN for NaN.
    """
    # 1 + x = sqrt(2) (1 + s) / (1 - s), with s as small as in `log`.
    s = (x - (SQRT_2 - 1.0)) / (x + (SQRT_2 + 1.0))
    z = s * s
    return HALF_LN2 + (2.0 * s + s * z * _atanh_tail(z))


@scalar
def _log_of_bits(bits, beyond):
    """Return the logarithm of 2^-beyond times the normal number > 0 of these bits."""
    bits = bits + BITS_FROM_SQRT_HALF_TO_ONE
    # Split x = (1 + f) 2^k with 1 + f in [sqrt(1/2), sqrt(2)). The exponent becomes a double by way of the
    # low bits of 2^52.
    k = _double((bits >> 52) + BITS_OF_TWO_52) - (TWO_52 + EXPONENT_BIAS + beyond)
    f = _double((bits & FRACTION) + BITS_OF_SQRT_HALF) - 1.0
    # With s = f / (2 + f), log(1 + f) = 2 atanh(s) = 2 s + s z p(z), z = s^2, and 2 s = f - s f.
    s = f / (2.0 + f)
    z = s * s
    return k * LN2_HIGH + (f - (s * (f - z * _atanh_tail(z)) - k * LN2_LOW))


@scalar
def log_of_normal(x):
    """Natural logarithm of a normal number > 0, at two thirds of the cost of `log`, with the same result.

    Parameters
    ----------
    x : float
        From 2.3e-308 on, and finite; elsewhere the result means nothing.

    Returns
    -------
    float
        log(x) within 1 ulp.
    """
    return _log_of_bits(_bits(x), 0.0)


@scalar
def log(x):
    """Natural logarithm, log(x).

    Parameters
    ----------
    x : float
        Any double.

    Returns
    -------
    float
        log(x) within 1 ulp, near x = 1 and for subnormal x too. -inf for 0; NaN for x < 0 and for NaN;
        inf for inf.
    """
    subnormal = x < SMALLEST_NORMAL
    result = _log_of_bits(_bits(x * 2.0**54 if subnormal else x), 54.0 if subnormal else 0.0)
    result = result if x < np.inf else x
    result = result if x > 0.0 else np.nan
    return result if x != 0.0 else -np.inf


@scalar
def log1p(x):
    """log(1 + x) without cancellation near zero.

    Parameters
    ----------
    x : float
        Any double.

    Returns
    -------
    float
        log(1 + x) within 2 ulp. -inf for -1; NaN for x < -1 and for NaN; inf for inf.
    """
    u = 1.0 + x
    y = log(u)
    # u is rounded; what it lost, x - (u - 1), is put back to first order.
    return y + (x - (u - 1.0)) / u if abs(y) < np.inf else y


@scalar
def log_factorial(k):
    """Log of the factorial, log k! = log gamma(k + 1).

    Parameters
    ----------
    k : float
        A whole number >= 0, of any size.

    Returns
    -------
    float
        log k! within 2 ulp; inf for inf; NaN for NaN and for negative k. A fraction is not rejected, and
        its result means nothing.
    """
    # Where gathering from a table pays, LLVM turns this branch into a select and the loop into vectors.
    if 0.0 <= k < 256.0:
        return LOG_FACTORIALS[_bits(k + TWO_52) & LAST_PLACE]
    # Stirling's series; from k = 256 on the first term left out is below 1e-15, 0.004 ulp.
    r = 1.0 / k
    return (k + 0.5) * (log(k) - 1.0) + (HALF_LOG_2_PI + 0.5 + r * (1 / 12 - r * r * (1 / 360)))
