"""The gamma function's logarithm, its derivatives and differences, for the loops of gamma-like families.

Written as `special` is: arithmetic and selects that LLVM can vectorise, scalars in and out. Each function
evaluates all of its pieces and selects one, for a branch would keep the loop scalar.

A log density is a small difference of large logarithms of gamma functions. `stirling_error`, `deviance`,
`log_beta`, `log_gamma_ratio` and the other differences take the large parts away on paper, so that nothing
cancels in floating point. For example the log mass of a Poisson distribution is
``-factorial_excess(k) - deviance(k, rate)`` [1]_.

Error bounds are held against mpmath by the tests. Coefficients are our own, from a Remez exchange in 40-digit
arithmetic (mpmath); each polynomial states its interval, and the error left after rounding the coefficients
to doubles, relative to the function it stands for.

References
----------
.. [1] C. Loader (2000), "Fast and accurate computation of binomial probabilities".
"""

from __future__ import annotations

import numpy as np

from .kernels import scalar
from .special import HALF_LOG_2_PI, LN2, log, log1p

__all__ = [
    "deviance",
    "digamma",
    "digamma_difference",
    "factorial_excess",
    "log_beta",
    "log_gamma",
    "log_gamma_ratio",
    "log_minus_digamma",
    "stirling_error",
    "trigamma",
    "trigamma_difference",
    "trigamma_minus_reciprocal",
]

# The zero of digamma, in two parts.
DIGAMMA_ZERO = 1.4616321449683622
DIGAMMA_ZERO_LOW = 9.549995429965697e-17

# Below them 1/x, respectively 1/x^2, is infinite: smaller arguments would only give inf - inf.
RECIPROCAL_OVERFLOWS = 1e-309
SQUARED_RECIPROCAL_OVERFLOWS = 1e-160
TWO_500 = 2.0**500


@scalar
def _log_gamma_between_zeros(u):
    """Return log gamma(1 + u) for 0 <= u <= 1, accurate next to its zeros at both ends."""
    return u * (u - 1.0) * _log_gamma_quotient(u - 0.5)


@scalar
def _log_gamma_quotient(v):
    """Return log gamma(1 + u) / (u (u - 1)) for v = u - 1/2, |v| <= 1/2."""
    # |v| <= 1/2: relative error 2^-53.9.
    p = 1.2169644173192415e-05
    p = p * v - 1.854252565433854e-05
    p = p * v + 1.3149021559138781e-05
    p = p * v - 2.1470245290404673e-05
    p = p * v + 4.304730889286314e-05
    p = p * v - 6.794604518966804e-05
    p = p * v + 0.0001053493609182539
    p = p * v - 0.00016856941566364693
    p = p * v + 0.0002713147613372982
    p = p * v - 0.000438035547144924
    p = p * v + 0.0007115189552248926
    p = p * v - 0.0011644113394062138
    p = p * v + 0.001922916320294473
    p = p * v - 0.003212074222783939
    p = p * v + 0.005446457838838099
    p = p * v - 0.009425622444761783
    p = p * v + 0.01679709863127977
    p = p * v - 0.031308487501054236
    p = p * v + 0.06291140107456435
    p = p * v - 0.14595989591430594
    return p * v + 0.4831289505409809


@scalar
def _stirling(w, v):
    """Return stirling_error(x) / w for w = 1 / (x + 3/4), x >= 1, and the divided difference to another v."""
    # The shift by 3/4 moves the singularities away: 1/x itself would need degree 23.
    # 0 <= w <= 4/7: relative error 2^-53.6. The slope is that of the same polynomial: without it (unused, it
    # costs nothing) differences would cancel.
    p, slope = 0.012073297875769742, 0.0
    p, slope = p * w - 0.047859766329639945, slope * v + p
    p, slope = p * w + 0.08893409086444112, slope * v + p
    p, slope = p * w - 0.09449071686953078, slope * v + p
    p, slope = p * w + 0.05967543480961032, slope * v + p
    p, slope = p * w - 0.015270208165355507, slope * v + p
    p, slope = p * w - 0.004913460964829446, slope * v + p
    p, slope = p * w + 0.007163818530773144, slope * v + p
    p, slope = p * w + 0.0010360103624134098, slope * v + p
    p, slope = p * w + 0.0013262388164523061, slope * v + p
    p, slope = p * w + 0.003535535203334188, slope * v + p
    p, slope = p * w + 0.005875014428781925, slope * v + p
    p, slope = p * w + 0.007749162061009291, slope * v + p
    p, slope = p * w + 0.011032826881301026, slope * v + p
    p, slope = p * w + 0.017785838561241614, slope * v + p
    p, slope = p * w + 0.02890624999137473, slope * v + p
    p, slope = p * w + 0.044097222222357714, slope * v + p
    p, slope = p * w + 0.06249999999999919, slope * v + p
    p, slope = p * w + 0.08333333333333333, slope * v + p
    return p, slope


@scalar
def _log_minus_digamma_tail(z, y):
    """Return (log x - digamma(x) - 1/(2x)) / z for z = 1 / x^2, x >= 4, and the divided difference to y."""
    # 0 <= z <= 1/16: error of log x - digamma(x) 2^-56.7.
    p, slope = -2.5564906835952037, 0.0
    p, slope = p * z + 1.2559227715291468, slope * y + p
    p, slope = p * z - 0.34098833936647954, slope * y + p
    p, slope = p * z + 0.07925062687064546, slope * y + p
    p, slope = p * z - 0.020982793397938276, slope * y + p
    p, slope = p * z + 0.007573832133749528, slope * y + p
    p, slope = p * z - 0.004166645988246215, slope * y + p
    p, slope = p * z + 0.003968253844702584, slope * y + p
    p, slope = p * z - 0.008333333332992505, slope * y + p
    p, slope = p * z + 0.08333333333333305, slope * y + p
    return p, slope


@scalar
def _trigamma_tail(z, y):
    """Return (trigamma(x) - 1/x - z/2) x / z for z = 1 / x^2, x >= 4, and the divided difference to y."""
    # 0 <= z <= 1/16: error of trigamma(x) - 1/x 2^-56.0.
    p, slope = 266.3475612792663, 0.0
    p, slope = p * z - 129.32754449227744, slope * y + p
    p, slope = p * z + 32.31641570268632, slope * y + p
    p, slope = p * z - 6.119356466598113, slope * y + p
    p, slope = p * z + 1.1367056494170997, slope * y + p
    p, slope = p * z - 0.25247656837598825, slope * y + p
    p, slope = p * z + 0.07574861514569263, slope * y + p
    p, slope = p * z - 0.03333325492786285, slope * y + p
    p, slope = p * z + 0.02380952342417982, slope * y + p
    p, slope = p * z - 0.03333333333245365, slope * y + p
    p, slope = p * z + 0.16666666666666607, slope * y + p
    return p, slope


@scalar
def log_gamma(x):
    """Logarithm of the gamma function.

    Parameters
    ----------
    x : float
        A number >= 0, of any size. For log k! of whole numbers `special.log_factorial` is more accurate.

    Returns
    -------
    float
        log gamma(x) within a relative 1e-15, next to the zeros at 1 and 2 too. inf for 0 and inf; NaN for negative x
        and for NaN.
    """
    # Below 3 by recurrence from [1, 2]: whole numbers are taken off exactly, and the two terms never cancel
    # much. From 3 on by Stirling's formula.
    u = x if x < 1.0 else (x - 1.0 if x < 2.0 else x - 2.0)
    below_three = _log_gamma_between_zeros(u)
    p, _ = _stirling(1.0 / (x + 0.75), 0.0)
    log_of = x if x < 1.0 or x >= 3.0 else (1.0 if x < 2.0 else x - 1.0)
    y = log(log_of)
    below_three = below_three - y if x < 1.0 else below_three + y
    stirling = (x - 0.5) * (y - 1.0) + (p / (x + 0.75) + (HALF_LOG_2_PI - 0.5))
    return below_three if x < 3.0 else stirling


@scalar
def stirling_error(x):
    """Error of Stirling's formula, log gamma(x + 1) - ((x + 1/2) log x - x + log(2 pi)/2).

    Parameters
    ----------
    x : float
        A number >= 0.

    Returns
    -------
    float
        The error, positive and about 1/(12 x), within a relative 3e-15. inf for 0; 0 for inf; NaN for negative x
        and for NaN.
    """
    w = 1.0 / (x + 0.75)
    p, _ = _stirling(w, 0.0)
    below_one = _log_gamma_between_zeros(x) - (x + 0.5) * log(x) + (x - HALF_LOG_2_PI)
    return w * p if x >= 1.0 else below_one


@scalar
def factorial_excess(x):
    """Excess of a log factorial over its leading part, log gamma(x + 1) - (x log x - x).

    Parameters
    ----------
    x : float
        0, or a number >= 1.

    Returns
    -------
    float
        The excess, `stirling_error` plus log(2 pi x)/2, within a relative 1e-15; 0 for 0; inf for inf; NaN for
        negative x and for NaN. A number between 0 and 1 is not rejected, and its result means nothing.
    """
    w = 1.0 / (x + 0.75)
    p, _ = _stirling(w, 0.0)
    result = w * p + (HALF_LOG_2_PI + 0.5 * log(x))
    return 0.0 if x == 0.0 else result


@scalar
def deviance(x, mean):
    """Half the unit deviance of a Poisson variable, x log(x/mean) - x + mean.

    Parameters
    ----------
    x, mean : float
        Numbers >= 0.

    Returns
    -------
    float
        The deviance, >= 0, within a relative 1.5e-15, however close x is to the mean. x log(x / mean) is 0 for x = 0;
        inf for mean 0 and x > 0, and for either of them infinite; NaN for negative arguments, for NaN, and if both
        are infinite.
    """
    difference = x - mean
    # Halves, for the sum may overflow.
    v = 0.5 * difference / (0.5 * x + 0.5 * mean)
    z = v * v
    # log(x/mean) = 2 atanh(v); what remains of x times this after taking x - mean away has the factor v^2.
    # (atanh(v) / v - 1) / v^2 on v^2 <= 1/9, within a factor 2 of mean: error of atanh(v) / v 2^-56.8.
    p = 0.0831120064876415
    p = p * z + 0.042795819558173596
    p = p * z + 0.060273362218751736
    p = p * z + 0.06653820921319915
    p = p * z + 0.07693019368300819
    p = p * z + 0.09090884512782643
    p = p * z + 0.1111111161968383
    p = p * z + 0.14285714279941278
    p = p * z + 0.20000000000030016
    p = p * z + 0.33333333333333287
    near = (difference + x * (2.0 * z * p)) * v
    # Where x/mean overflows, 2^500 is taken out; below 1e-300 x log(x/mean) is nothing beside the mean.
    large = x > mean * TWO_500
    ratio = x / (mean * TWO_500 if large else mean)
    y = log(ratio if ratio > 1e-300 else 1e-300)
    y = y + 500.0 * LN2 if large else y
    result = near if z < 1.0 / 9.0 else x * (y - 1.0) + mean
    return result if x >= 0.0 and mean >= 0.0 else np.nan


@scalar
def digamma(x):
    """Derivative of log gamma.

    Parameters
    ----------
    x : float
        A number >= 0.

    Returns
    -------
    float
        digamma(x) within a relative 2e-15, next to its zero 1.46163 too. -inf for 0; inf for inf; NaN for
        negative x and for NaN.
    """
    # Multiplied by x (x + 1) ... (x + 5) the first six poles are gone, and a polynomial reaches down to 0.
    a = x * (x + 5.0)
    zero = (x - DIGAMMA_ZERO) - DIGAMMA_ZERO_LOW
    below_four = zero * _digamma_quotient(x) / (a * (a + 4.0) * (a + 6.0))
    w = 1.0 / x
    p, _ = _log_minus_digamma_tail(w * w, 0.0)
    result = below_four if x < 4.0 else log(x) - w * (0.5 + w * p)
    return np.nan if x < 0.0 else result


@scalar
def _digamma_quotient(x):
    """Return digamma(x) x (x + 1) ... (x + 5) / (x - zero), for 0 <= x <= 4."""
    # 0 <= x <= 4: relative error 2^-54.4. Powers of x rather than of x - 2: all large terms are positive.
    p = -2.4144540803245132e-14
    p = p * x + 9.662020983534548e-13
    p = p * x - 1.881188458953735e-11
    p = p * x + 2.4321955466360596e-10
    p = p * x - 2.4343460566243055e-09
    p = p * x + 2.110479527838215e-08
    p = p * x - 1.7416539242963824e-07
    p = p * x + 1.4772873783849366e-06
    p = p * x - 1.3699535922982701e-05
    p = p * x + 0.0001481791847986909
    p = p * x - 0.0020812962805724197
    p = p * x + 0.04985407510989779
    p = p * x + 3.480517006811097
    p = p * x + 36.91082845400857
    p = p * x + 160.51208346994642
    p = p * x + 326.2012021898958
    p = p * x + 291.02115868684564
    return p * x + 82.10000061444835


@scalar
def log_minus_digamma(x):
    """log(x) - digamma(x), without cancellation for large x.

    Parameters
    ----------
    x : float
        A number >= 0.

    Returns
    -------
    float
        The difference, positive, from 1/x for small x to 1/(2 x) for large x, within a relative 5e-15. inf for 0;
        0 for inf; NaN for negative x and for NaN.
    """
    small = x < 4.0
    w = 1.0 / (x + 4.0 if small else x)
    p, _ = _log_minus_digamma_tail(w * w, 0.0)
    tail = w * (0.5 + w * p)
    s = x if x > RECIPROCAL_OVERFLOWS else RECIPROCAL_OVERFLOWS
    # 1/s + 1/(s + 1) + 1/(s + 2) + 1/(s + 3), with a = s (s + 3) and (s + 1) (s + 2) = a + 2.
    a = s * (s + 3.0)
    reciprocals = (2.0 * s + 3.0) * (2.0 * a + 2.0) / (a * (a + 2.0))
    result = reciprocals + log(s / (s + 4.0)) + tail if small else tail
    return np.nan if x < 0.0 else result


@scalar
def trigamma(x):
    """Second derivative of log gamma.

    Parameters
    ----------
    x : float
        A number >= 0.

    Returns
    -------
    float
        trigamma(x) within a relative 1.5e-15. inf for x < 7.5e-155, where the result is above all doubles; 0 for inf;
        NaN for negative x and for NaN.
    """
    small = x < 4.0
    w = 1.0 / (x + 4.0 if small else x)
    z = w * w
    p, _ = _trigamma_tail(z, 0.0)
    tail = w + z * (0.5 + w * p)
    result = _squared_reciprocals(x) + tail if small else tail
    return np.nan if x < 0.0 else result


@scalar
def _squared_reciprocals(x):
    """Return the sum of 1 / (x + k)^2 over k = 0, 1, 2, 3."""
    a = x * (x + 3.0)
    b = a + 2.0  # (x + 1) (x + 2)
    return (2.0 * a + 9.0) / (a * a) + (2.0 * a + 5.0) / (b * b)


@scalar
def trigamma_minus_reciprocal(x):
    """trigamma(x) - 1/x, without cancellation for large x: minus the derivative of `log_minus_digamma`.

    Parameters
    ----------
    x : float
        A number >= 0.

    Returns
    -------
    float
        The difference, positive, from 1/x^2 for small x to 1/(2 x^2) for large x, within a relative 3e-15. inf for
        x < 7.5e-155; 0 for inf; NaN for negative x and for NaN.
    """
    small = x < 4.0
    w = 1.0 / (x + 4.0 if small else x)
    z = w * w
    p, _ = _trigamma_tail(z, 0.0)
    tail = z * (0.5 + w * p)
    s = x if x > SQUARED_RECIPROCAL_OVERFLOWS else SQUARED_RECIPROCAL_OVERFLOWS
    result = _squared_reciprocals(s) - 4.0 / (s * (s + 4.0)) + tail if small else tail
    return np.nan if x < 0.0 else result


@scalar
def _log_ratio(x, a):
    """Return log((x + a) / x) = log1p(a / x) for x, a >= 0, also where a / x overflows."""
    small = a < x
    y = a / x
    u = 1.0 + y
    # The reciprocal never overflows. Where it underflows the callers add much larger terms: finite is enough.
    ratio = x / (x + a)
    ratio = 5e-324 if ratio == 0.0 and x > 0.0 and a < np.inf else ratio
    z = log(u if small else ratio)
    return z + (y - (u - 1.0)) / u if small else -z


@scalar
def log_beta(a, b):
    """Logarithm of the beta function, log gamma(a) + log gamma(b) - log gamma(a + b).

    Parameters
    ----------
    a, b : float
        Numbers > 0.

    Returns
    -------
    float
        log beta(a, b), within 2e-15 of it or of 1, whichever is larger; nothing cancels however large a, b or both
        are. inf if one is 0, -inf if one is infinite; NaN for negative arguments and for NaN.
    """
    small, large = (a, b) if a < b else (b, a)
    # Stirling's formula for all three, ordered so that each term is as small as its sum. The ratio may underflow, but
    # then only beside much larger terms.
    ratio = small / large
    ratio = ratio if ratio > 5e-324 else 5e-324
    y = log1p(ratio)
    errors = stirling_error(small) + (stirling_error(large) - stirling_error(small + large))
    leading = small * (log(ratio) - y) - large * y - 0.5 * (log(small) - y)
    result = leading + (HALF_LOG_2_PI + errors)
    return np.inf if small == 0.0 and large >= 0.0 else result


@scalar
def log_gamma_ratio(x, a):
    """Difference log gamma(x + a) - log gamma(x), stable for x much larger than a and for a much larger than x.

    Parameters
    ----------
    x : float
        A number > 0.
    a : float
        A number >= 0.

    Returns
    -------
    float
        The difference, within 2e-15 of it or of min(a, max(1, -log x)), whichever is larger. NaN for negative
        arguments and for NaN.
    """
    small = x < 1.0
    increment = a if a < 1e308 else 1e308  # infinite, it would only give inf - inf
    increment = increment if a >= 0.0 else np.nan
    # Stirling's formula for both, from 1 on: gamma(x + a) / gamma(x) = gamma(x + 1 + a) / gamma(x + 1) x / (x + a).
    start = x + 1.0 if small else x
    end = start + increment
    w, v = 1.0 / (start + 0.75), 1.0 / (end + 0.75)
    p, slope = _stirling(w, v)
    # w p(w) - v p(v) = (w - v) (p(w) + v slope), and w - v = a w v.
    errors = increment * w * v * (p + v * slope)
    result = (start - 0.5) * _log_ratio(start, increment) + increment * (log(end) - 1.0) - errors
    result = result - _log_ratio(x, increment) if small else result
    return np.nan if x < 0.0 else result


@scalar
def digamma_difference(x, a):
    """digamma(x + a) - digamma(x), stable for x much larger than a.

    Parameters
    ----------
    x : float
        A number > 0.
    a : float
        A number >= 0.

    Returns
    -------
    float
        The difference, >= 0, within a relative 1.5e-15. NaN for negative arguments and for NaN.
    """
    small = x < 4.0
    increment = a if a < 1e290 else 1e290  # from there on what it stands in is nothing beside the logarithm
    start = x + 4.0 if small else x
    w, v = 1.0 / start, 1.0 / (start + increment)
    z, y = w * w, v * v
    p, slope = _log_minus_digamma_tail(z, y)
    # z p(z) - y p(y) = (z - y) (p(z) + y slope), z - y = (w - v) (w + v), and w - v = a w v.
    tail = increment * w * v * (0.5 + (w + v) * (p + y * slope))
    result = _log_ratio(start, a) + tail
    # 1/(x + k) - 1/(x + k + a) for k = 0, 1, 2, 3.
    end = x + increment
    shifts = increment / end / x + increment / ((x + 1.0) * (end + 1.0))
    shifts += increment / ((x + 2.0) * (end + 2.0)) + increment / ((x + 3.0) * (end + 3.0))
    result = result + shifts if small else result
    return result if x >= 0.0 and a >= 0.0 else np.nan


@scalar
def trigamma_difference(x, a):
    """trigamma(x + a) - trigamma(x), stable for x much larger than a.

    Parameters
    ----------
    x : float
        A number > 0.
    a : float
        A number >= 0.

    Returns
    -------
    float
        The difference, <= 0, within a relative 1.5e-15. NaN for negative arguments and for NaN.
    """
    small = x < 4.0
    increment = a if a < 1e290 else 1e290
    start = x + 4.0 if small else x
    w, v = 1.0 / start, 1.0 / (start + increment)
    z, y = w * w, v * v
    p, slope = _trigamma_tail(z, y)
    # As in digamma_difference, with w z p(z) - v y p(y) = (w - v) z p(z) + v (z p(z) - y p(y)).
    differences = 1.0 + (w + v) * (0.5 + v * (p + y * slope)) + z * p
    result = increment * w * v * differences
    end = x + increment
    shifts = _squared_reciprocal_difference(x, end, increment)
    shifts += _squared_reciprocal_difference(x + 1.0, end + 1.0, increment)
    shifts += _squared_reciprocal_difference(x + 2.0, end + 2.0, increment)
    shifts += _squared_reciprocal_difference(x + 3.0, end + 3.0, increment)
    result = result + shifts if small else result
    return -result if x >= 0.0 and a >= 0.0 else np.nan


@scalar
def _squared_reciprocal_difference(x, y, a):
    """Return 1/x^2 - 1/y^2 for y = x + a."""
    r = 1.0 / (x * y)
    return a * r * ((x + y) * r)
