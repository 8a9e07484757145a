"""`distributions.bessel` against mpmath over wide ranges, and at its edges."""

from __future__ import annotations

import math

import mpmath
import numba
import numpy as np
import pytest

from distributions import bessel

INF, NAN = np.inf, np.nan
LARGEST = np.finfo(float).max


@pytest.fixture(autouse=True)
def many_digits():
    with mpmath.workdps(40):
        yield


def over(function, order, values):
    """The function over arrays, called from compiled code with the flags of the kernels."""

    @numba.njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
    def loop(order, values, out):
        for i in range(order.size):
            out[i] = function(order[i], values[i])

    order, values = (np.array(a, dtype=float) for a in np.broadcast_arrays(order, values))
    out = np.empty(order.size)
    loop(order, values, out)
    return order, values, out


def exact_log(order, x):
    """log I_order(x): the power series, or Hankel's expansion where it holds to all digits."""
    order, x = mpmath.mpf(float(order)), mpmath.mpf(float(x))
    if x > 5000 and x > order * order:
        return mpmath.log(mpmath.besseli(order, x))
    y = x * x / 4
    term = total = mpmath.mpf(1)
    k = 0
    while term > total * mpmath.mpf(10) ** -38:
        k += 1
        term = term * y / (k * (k + order))
        total += term
    return order * mpmath.log(x / 2) - mpmath.loggamma(order + 1) + mpmath.log(total)


def exact_ratio(order, x):
    """I_(order + 1)(x) / I_order(x): the continued fraction backwards, or Hankel's expansion."""
    order, x = mpmath.mpf(float(order)), mpmath.mpf(float(x))
    if x > 5000 and x > order * order:
        return mpmath.besseli(order + 1, x) / mpmath.besseli(order, x)
    steps = int(x) + 120
    ratio = x / (2 * (order + steps))
    for m in range(steps, 0, -1):
        ratio = x / (2 * (order + m) + x * ratio)
    return ratio


def orders_and_arguments(rng, size):
    """Pairs on both sides of every change of method, of small, whole, large and equal sizes."""
    angle = rng.uniform(0, np.pi / 2, size)
    radius = bessel.EXPANSION_FROM * rng.choice([0.9999, 1.0001], size)
    dimensions = rng.integers(2, 2001, size) / 2 - 1
    large = rng.uniform(0, 70, size)
    pairs = [
        (rng.uniform(0, 28, size), rng.uniform(0, 28, size)),
        (rng.uniform(0, 28, size), 10 ** rng.uniform(-300, 0, size)),
        (rng.integers(0, 3, size) / 2, 10 ** rng.uniform(-6, 3.5, size)),
        (radius * np.sin(angle), radius * np.cos(angle)),
        (dimensions, dimensions * rng.uniform(0.5, 2, size)),
        (dimensions, 10 ** rng.uniform(-3, 3.5, size)),
        (large, 10 ** rng.uniform(4, 12, size)),
        (np.full(size, 1500.0), 10 ** rng.uniform(6.4, 10, size)),
    ]
    return (np.concatenate(part) for part in zip(*pairs, strict=True))


def test_logarithms(rng):
    order, x = orders_and_arguments(rng, 12)
    order = np.append(order, [1e5, 1e5, 10_000, 99_999, 1500])
    x = np.append(x, [1e3, 2e4, 7_000, 1.0, 1e-300])
    _, _, y = over(bessel.log_bessel_i, order, x)
    _, _, scaled = over(bessel.log_bessel_i_scaled, order, x)
    for v, argument, result, result_scaled in zip(order, x, y, scaled, strict=True):
        exact = exact_log(v, argument)
        assert abs(result - exact) < max(2e-15 * abs(exact), 2e-16 * (v + 50)), (v, argument)
        exact -= mpmath.mpf(float(argument))
        assert abs(result_scaled - exact) < 4e-15 * abs(exact) + 1e-16, (v, argument)


def test_logarithm_where_it_changes_sign():
    order, x, y = over(bessel.log_bessel_i, 1500.0, 1500 * np.linspace(0.664, 0.672, 10))
    assert y[0] < 0 < y[-1]
    for v, argument, result in zip(order, x, y, strict=True):
        exact = exact_log(v, argument)
        assert abs(result - exact) < 1e-13 * max(1, abs(exact))


def test_ratio_and_its_complement(rng):
    order, x = orders_and_arguments(rng, 12)
    _, _, ratio = over(bessel.bessel_i_ratio, order, x)
    _, _, rest = over(bessel.one_minus_ratio, order, x)
    for v, argument, result, complement in zip(order, x, ratio, rest, strict=True):
        exact = exact_ratio(v, argument)
        assert abs(result / exact - 1) < 1e-15, (v, argument)
        assert abs(complement / (1 - exact) - 1) < 2e-15, (v, argument)


def test_logarithms_of_neighbouring_orders_agree_with_the_ratio(rng):
    # Orders up to 1e5 and arguments too large for the references above.
    order = np.floor(10 ** rng.uniform(3, 5, 300))
    x = 10 ** rng.uniform(3, 8, 300)
    _, _, lower = over(bessel.log_bessel_i_scaled, order, x)
    _, _, upper = over(bessel.log_bessel_i_scaled, order + 1, x)
    _, _, ratio = over(bessel.bessel_i_ratio, order, x)
    np.testing.assert_array_less(np.abs(upper - lower - np.log(ratio)), 1e-14 * np.abs(lower) + 1e-15)


def test_concentration(rng):
    order = np.repeat([0.0, 0.5, 1.0, 4.0, 49.0, 999.0], 12)
    rest = np.tile(rng.uniform(0.05, 1, 12), 6)  # closer to R = 1: the next test
    _, _, concentration = over(bessel.concentration_from_resultant, order, rest)
    for v, complement, k in zip(order, rest, concentration, strict=True):
        ratio, r = exact_ratio(v, k), 1 - mpmath.mpf(float(complement))
        k = mpmath.mpf(float(k))
        error = (ratio - r) / (1 - ratio**2 - (2 * float(v) + 1) * ratio / k)
        assert abs(error / k) < 2e-15, (v, complement)


@pytest.mark.parametrize("order", [0.0, 0.5, 2.5, 999.0, 1e5])
def test_concentration_inverts_the_complement(order, rng):
    _, k, rest = over(bessel.one_minus_ratio, order, 10 ** rng.uniform(math.log10(order + 1), 14, 500))
    _, _, concentration = over(bessel.concentration_from_resultant, order, rest)
    np.testing.assert_allclose(concentration, k, rtol=5e-15)


@pytest.mark.parametrize("order", [0.0, 2.5, 999.0])
def test_concentration_of_small_resultants(order):
    r = 2.0 ** -np.arange(30, 54)  # 1 - r is exact
    _, _, concentration = over(bessel.concentration_from_resultant, order, 1 - r)
    np.testing.assert_allclose(concentration, (2 * order + 2) * r, rtol=2e-15)


@pytest.mark.parametrize(
    ("name", "order", "x", "expected"),
    [
        ("log_bessel_i", [0, 1e-300, 0.5, 1e5], [0, 0, 0, 0], [0, -INF, -INF, -INF]),
        ("log_bessel_i", [0, 3, 0, 0, 1e5], [INF, INF, 5e-324, 1e308, 1e300], [INF, INF, 0, 1e308, 1e300]),
        ("log_bessel_i", [-1, 1, NAN, 1], [1, -1, 1, NAN], [NAN, NAN, NAN, NAN]),
        ("log_bessel_i_scaled", [0, 0.5, 0, 7], [0, 0, INF, INF], [0, -INF, -INF, -INF]),
        ("log_bessel_i_scaled", [-1, 1, NAN, 1], [1, -1, 1, NAN], [NAN, NAN, NAN, NAN]),
        ("bessel_i_ratio", [0, 1e5, 0, 7, 0], [0, 0, INF, INF, LARGEST], [0, 0, 1, 1, 1]),
        ("bessel_i_ratio", [-1, 1, NAN, 1], [1, -1, 1, NAN], [NAN, NAN, NAN, NAN]),
        ("one_minus_ratio", [0, 1e5, 0, 7, 9], [0, 0, INF, INF, 1e-300], [1, 1, 0, 0, 1]),
        ("one_minus_ratio", [-1, 1, NAN, 1], [1, -1, 1, NAN], [NAN, NAN, NAN, NAN]),
        ("concentration_from_resultant", [0, 0, 1, 9], [1, 0, 1e-300, 5e-324], [0, INF, 1.5e300, INF]),
        ("concentration_from_resultant", [0, 0, 0, NAN, -1], [-1e-9, 1.1, NAN, 0.5, 0.5], [NAN] * 5),
    ],
)
def test_edges(name, order, x, expected):
    np.testing.assert_array_equal(over(getattr(bessel, name), order, x)[2], expected)


@pytest.mark.parametrize("name", ["log_bessel_i", "one_minus_ratio"])
def test_scalars_of_any_real_type_are_accepted(name):
    function = getattr(bessel, name)
    assert function(2, 1) == function(np.float32(2), np.float32(1)) == function(2.0, 1.0)
