"""Modified Bessel functions of the first kind of any order, without overflow: logarithms and ratios.

They normalise the von Mises and von Mises-Fisher distributions (order d / 2 - 1 in d dimensions) and the
Skellam distribution (whole orders). With s = sqrt(order^2 + x^2) and q = order^2 / s^2 there are two cases:

- s >= 28: Debye's uniform expansion. Written in powers of 1 / s its coefficients are polynomials in q, so
  that it holds for large arguments of any order (order 0 is Hankel's expansion) as well as for large
  orders of any argument. At s = 28 the first of the terms left out is below 1e-17.
- s < 28: the power series, whose terms are positive, for logarithms; for ratios their recurrence downwards
  from an order where the expansion holds, which contracts errors.

Coefficients come from recurrences at import, which takes a millisecond. Error bounds are held against
mpmath in the tests.
"""

from __future__ import annotations

import math

import numpy as np

from .kernels import scalar
from .special import LN2, LN2_HIGH, LN2_LOW, LOG2_E, _bits, _double, log, log1p

__all__ = [
    "bessel_i_ratio",
    "concentration_from_resultant",
    "log_bessel_i",
    "log_bessel_i_scaled",
    "one_minus_ratio",
]

TERMS = 18
EXPANSION_FROM = 28.0
NEGLIGIBLE = 2e-17
HALF_LOG_2_PI = 0.9189385332046728
UPPER_BITS = np.uint64(2**64 - 2**27)  # all but the last 27 bits: products of two such numbers are exact

# From here on, times order + 1, 1 - R is proportional to 1 / x to six digits and more.
INVERSE_LINEAR_FROM = 1e6


def _debye_coefficients() -> np.ndarray:
    """Coefficients (k, j) of q^j / s^k in the expansion of I_v(x) sqrt(2 pi s) exp(-s) ((v + s) / x)^v.

    Row k holds Debye's U_k(p) = p^k u_k(p^2), from their recurrence
    U_(k+1)(p) = p^2 (1 - p^2) U_k'(p) / 2 + (integral of (1 - 5 t^2) U_k(t) from 0 to p) / 8.
    """
    u = np.zeros((TERMS + 1, TERMS + 1))
    u[0, 0] = 1.0
    for k in range(TERMS):
        power = k + 2 * np.arange(k + 1)
        u[k + 1, : k + 1] += u[k, : k + 1] * (power / 2 + 1 / (8 * (power + 1)))
        u[k + 1, 1 : k + 2] -= u[k, : k + 1] * (power / 2 + 5 / (8 * (power + 3)))
    return u


def _ratio_coefficients() -> np.ndarray:
    """Coefficients (k, j) of q^j / s^k, k >= 1, in the expansion of I_(v+1)(x) / I_v(x) s / x.

    The ratio R solves R' = 1 - R^2 - (2 v + 1) R / x. With R = x / s sum_k g_k(v / s) / s^k that gives
    g_0 = 1 / (1 + v / s), and -2 g_k = (1 + q) g_(k-1) - (1 - q) (2 q dg_(k-1)/dq + (k - 1) g_(k-1))
    + (1 - q) sum_(0<i<k) g_i g_(k-i), polynomials in q of degree k - 1.
    """
    g = np.zeros((TERMS + 1, TERMS + 1))
    g[1, 0] = -0.5
    for k in range(2, TERMS + 1):
        product = sum(np.convolve(g[i, :i], g[k - i, : k - i]) for i in range(1, k))
        total = np.zeros(k)
        total[: k - 1] += product
        total[1:] -= product
        factor = 2 * np.arange(k - 1) + k - 1
        total[: k - 1] += g[k - 1, : k - 1] * (1 - factor)
        total[1:] += g[k - 1, : k - 1] * (1 + factor)
        g[k, :k] = -total / 2
    return g


DEBYE = _debye_coefficients()
RATIO = _ratio_coefficients()
# The k terms up to 1 / s^k are enough from s = ENOUGH[k] on. On 0 <= q <= 1 the polynomials of both expansions
# stay below 1/2 or twice |DEBYE[k, 0]|; the error is relative to 1 / (2 s), which 1 - R comes down to.
ENOUGH = np.array(
    [np.inf] + [(2 * max(0.5, 2 * abs(DEBYE[k + 1, 0])) / NEGLIGIBLE) ** (1 / k) for k in range(1, TERMS)] + [0.0]
)


@scalar
def _expansion(coefficients, q, s):
    """Return the sum over k >= 1 and j of coefficients[k, j] q^j / s^k."""
    terms = 1
    while s < ENOUGH[terms]:
        terms += 1
    r = 1.0 / s
    total = 0.0
    for k in range(terms, 0, -1):
        polynomial = coefficients[k, k]
        for j in range(k - 1, -1, -1):
            polynomial = polynomial * q + coefficients[k, j]
        total = (total + polynomial) * r
    return total


@scalar
def _log_series(order, x):
    """Return log(I_v(x) gamma(v + 1) (2 / x)^v) from the power series, for moderate x."""
    y = 0.25 * x * x
    term = 1.0
    total = 0.0
    k = 0.0
    while term > NEGLIGIBLE * total:
        k += 1.0
        term *= y / (k * (k + order))
        total += term
    return log1p(total)


@scalar
def _binary_log(x):
    """Return k and log(x / 2^k) with the whole number k nearest to log2(x), for 0 < x < inf."""
    k = np.floor(log(x) * LOG2_E + 0.5)
    half = np.floor(0.5 * k)  # 2^-k itself may overflow
    return k, log(math.ldexp(math.ldexp(x, -int(half)), -int(k - half)))


@scalar
def _debye_exponent(order, x, s):
    """Return s - v log((v + s) / x) for 0 < x < v, with an absolute error of about v 2^-54.

    Where log I_v(x) changes sign both terms are as large as v, and the logarithm would be the larger error: it
    is kept in two parts, the multiple of log 2 and the rest, and its product with v is exact in the leading part.
    """
    w = order + s
    lost_s = x * (x / w) - (s - order)
    lost_w = s - (w - order) + lost_s
    k, fraction = _binary_log(w)
    k_x, fraction_x = _binary_log(x)
    high = (k - k_x) * LN2_HIGH
    low = fraction - fraction_x + ((k - k_x) * LN2_LOW + lost_w / w)
    logarithm = high + low
    low = low - (logarithm - high)
    order_upper = _double(_bits(order) & UPPER_BITS)
    logarithm_upper = _double(_bits(logarithm) & UPPER_BITS)
    low += logarithm - logarithm_upper
    return (s - order_upper * logarithm_upper) + (lost_s - (order_upper * low + (order - order_upper) * logarithm))


@scalar
def _debye_exponent_scaled(order, x, s):
    """Return s - x - v asinh(v / x) for x > 0, within a few ulp: the terms differ by a factor of 1.3 or more."""
    if x < order:
        asinh = log(order + s) - log(x)
    else:
        y = order / x
        asinh = log1p(y + y * y / (1.0 + math.sqrt(1.0 + y * y)))
    return order * (order / (s + x) - asinh)


@scalar
def log_bessel_i(order, x):
    """Logarithm of the modified Bessel function of the first kind, log I_order(x).

    Parameters
    ----------
    order : float
        Real order >= 0.
    x : float
        Argument >= 0, of any size.

    Returns
    -------
    float
        log I_order(x). The error is below 2e-15 of it, or 2e-16 (order + 50) where that is more, near its
        change of sign.
        At x = 0 it is 0 for order 0 and -inf for others; NaN for negative arguments and for NaN.

    See Also
    --------
    log_bessel_i_scaled : without cancellation in log I_order(x) - x.
    """
    if not (order >= 0.0 and x >= 0.0):
        return np.nan
    if x == 0.0:
        return 0.0 if order == 0.0 else -np.inf
    if x == np.inf:
        return np.inf
    s = math.hypot(order, x)
    if s < EXPANSION_FROM:
        return order * (log(x) - LN2) - math.lgamma(order + 1.0) + _log_series(order, x)
    exponent = _debye_exponent(order, x, s) if x < order else x + _debye_exponent_scaled(order, x, s)
    return exponent + (log1p(_expansion(DEBYE, (order / s) ** 2, s)) - (0.5 * log(s) + HALF_LOG_2_PI))


@scalar
def log_bessel_i_scaled(order, x):
    """Logarithm of the exponentially scaled function, log(exp(-x) I_order(x)).

    Parameters
    ----------
    order : float
        Real order >= 0.
    x : float
        Argument >= 0, of any size.

    Returns
    -------
    float
        log I_order(x) - x without cancellation. The error is below 4e-15 of it, or 1e-16.
        At x = 0 it is 0 for order 0 and -inf for others; NaN for negative arguments and for NaN.
    """
    if not (order >= 0.0 and x >= 0.0):
        return np.nan
    if x == 0.0:
        return 0.0 if order == 0.0 else -np.inf
    if x == np.inf:
        return -np.inf
    s = math.hypot(order, x)
    if s < EXPANSION_FROM:
        return order * (log(x) - LN2) - math.lgamma(order + 1.0) + (_log_series(order, x) - x)
    correction = log1p(_expansion(DEBYE, (order / s) ** 2, s)) - (0.5 * log(s) + HALF_LOG_2_PI)
    return _debye_exponent_scaled(order, x, s) + correction


@scalar
def _steps_to_expansion(order, x):
    """Return the smallest whole number n >= 0 with which the expansions hold for order + n."""
    n = 0.0
    while (order + n) * (order + n) + x * x < EXPANSION_FROM * EXPANSION_FROM:
        n += 1.0
    return n


@scalar
def bessel_i_ratio(order, x):
    """Ratio of modified Bessel functions of the first kind, I_(order + 1)(x) / I_order(x).

    With order d / 2 - 1 it is the mean resultant length of the von Mises-Fisher distribution of
    concentration x in d dimensions.

    Parameters
    ----------
    order : float
        Real order >= 0.
    x : float
        Argument >= 0, of any size.

    Returns
    -------
    float
        The ratio, in [0, 1]. The relative error is below 1e-15.
        NaN for negative arguments and for NaN.
    """
    if not (order >= 0.0 and x >= 0.0):
        return np.nan
    if x == np.inf:
        return 1.0
    n = _steps_to_expansion(order, x)
    m = order + n
    s = math.hypot(m, x)
    ratio = x / (s + m) + x / s * _expansion(RATIO, (m / s) ** 2, s)
    while n > 0.0:
        ratio = x / (2.0 * (order + n) + x * ratio)
        n -= 1.0
    return ratio


@scalar
def one_minus_ratio(order, x):
    """Complement of `bessel_i_ratio`, 1 - I_(order + 1)(x) / I_order(x), without cancellation.

    Parameters
    ----------
    order : float
        Real order >= 0.
    x : float
        Argument >= 0, of any size.

    Returns
    -------
    float
        The complement, in [0, 1]. The relative error is below 2e-15.
        NaN for negative arguments and for NaN.
    """
    if not (order >= 0.0 and x >= 0.0):
        return np.nan
    if x == np.inf:
        return 0.0
    n = _steps_to_expansion(order, x)
    m = order + n
    s = math.hypot(m, x)
    # s + m - x without cancellation is m + m^2 / (s + x).
    rest = min(m * (1.0 + m / (s + x)) / (s + m) - x / s * _expansion(RATIO, (m / s) ** 2, s), 1.0)
    while n > 0.0:
        m = order + n
        rest = (2.0 * m - x * rest) / (2.0 * m + x * (1.0 - rest))
        n -= 1.0
    return rest


@scalar
def concentration_from_resultant(order, one_minus_r):
    """Concentration at which `bessel_i_ratio` is R, from 1 - R.

    It is the maximum-likelihood estimate of the concentration of a von Mises (order 0) or von Mises-Fisher
    distribution (order d / 2 - 1) whose sample has mean resultant length R.

    Parameters
    ----------
    order : float
        Real order >= 0.
    one_minus_r : float
        1 - R, in [0, 1]: where R is close to 1, the difference must be formed without cancellation.

    Returns
    -------
    float
        The concentration. The relative error is below 2e-15, that of R itself aside.
        0 for R = 0; inf for R = 1; NaN outside [0, 1].

    Notes
    -----
    Newton's iteration on R, or on 1 - R where that is the smaller, from the start of Sra [1]_, inside the bounds
    that follow from those of Amos [2]_,
    x / (v + 1/2 + sqrt(x^2 + (v + 3/2)^2)) <= R <= x / (v + 1/2 + sqrt(x^2 + (v + 1/2)^2)).

    References
    ----------
    .. [1] Sra, S. (2012). A short note on parameter approximation for von Mises-Fisher distributions: and a
       fast implementation of I_s(x). Computational Statistics 27, 177-190.
    .. [2] Amos, D. E. (1974). Computation of modified Bessel functions and their ratios. Mathematics of
       Computation 28, 239-251.
    """
    if not (order >= 0.0 and 0.0 <= one_minus_r <= 1.0):
        return np.nan
    if one_minus_r == 1.0:
        return 0.0
    r = 1.0 - one_minus_r
    complement = one_minus_r * (2.0 - one_minus_r)  # 1 - R^2
    a = order + 0.5
    lowest = 2.0 * a * r / complement
    highest = r * (a + math.sqrt(a * a + complement * (2.0 * order + 2.0))) / complement
    if highest == np.inf:
        return np.inf
    k = min(max(r * (2.0 * order + 2.0 - r * r) / complement, lowest), highest)
    for _ in range(100):
        if r < 0.5:
            ratio = bessel_i_ratio(order, k)
            rest = 1.0 - ratio
            excess = ratio - r
        else:
            rest = one_minus_ratio(order, k)
            ratio = 1.0 - rest
            excess = one_minus_r - rest
        # The terms of the derivative cancel as k grows; there 1 - R is as good as proportional to 1 / k.
        inverse_linear = k > INVERSE_LINEAR_FROM * (order + 1.0)
        slope = rest / k if inverse_linear else rest * (2.0 - rest) - 2.0 * a * ratio / k
        step = excess / slope
        # The error after a step is its square, or 1e-6 of it where the derivative is that of 1 / k.
        if abs(step) <= 1e-9 * k:
            return k - step
        if excess > 0.0:
            highest = k
        else:
            lowest = k
        k -= step
        if not lowest <= k <= highest:
            k = math.sqrt(lowest) * math.sqrt(highest)
    return k
