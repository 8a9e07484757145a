"""`distributions.gamma_functions` against mpmath, at its edges, and in the machine code of a loop."""

from __future__ import annotations

import math
import platform
import re
from functools import cache

import mpmath
import numba
import numpy as np
import pytest

from distributions import gamma_functions, special

INF, NAN = np.inf, np.nan
OF_ONE = ["log_gamma", "stirling_error", "factorial_excess", "digamma", "trigamma"]
OF_ONE += ["log_minus_digamma", "trigamma_minus_reciprocal"]
OF_TWO = ["deviance", "log_beta", "log_gamma_ratio", "digamma_difference", "trigamma_difference"]


@cache
def in_loop(name, fastmath=frozenset({"reassoc", "contract", "nsz"})):
    """A compiled loop over arrays that calls the function, by default under the flags of the kernels."""
    function = getattr(gamma_functions, name)
    options = {"error_model": "numpy", "fastmath": set(fastmath)}

    @numba.njit(**options)
    def of_one(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    @numba.njit(**options)
    def of_two(x, y, out):
        for i in range(x.size):
            out[i] = function(x[i], y[i])

    loop = of_one if name in OF_ONE else of_two

    def evaluate(*arguments):
        arrays = [np.asarray(a, dtype=float) for a in arguments]
        out = np.empty(arrays[0].size)
        loop(*arrays, out)
        return out

    evaluate.loop = loop
    return evaluate


def exact_stirling_error(x):
    return mpmath.loggamma(x) - ((x - 0.5) * mpmath.log(x) - x + mpmath.log(2 * mpmath.pi) / 2)


EXACT = {
    "log_gamma": mpmath.loggamma,
    "stirling_error": exact_stirling_error,
    "factorial_excess": lambda x: mpmath.loggamma(x + 1) - x * mpmath.log(x) + x,
    "digamma": mpmath.digamma,
    "trigamma": lambda x: mpmath.psi(1, x),
    "log_minus_digamma": lambda x: mpmath.log(x) - mpmath.digamma(x),
    "trigamma_minus_reciprocal": lambda x: mpmath.psi(1, x) - 1 / x,
    "deviance": lambda x, mean: x * mpmath.log(x / mean) - x + mean,
    "log_beta": lambda a, b: mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b),
    "log_gamma_ratio": lambda x, a: mpmath.loggamma(x + a) - mpmath.loggamma(x),
    "digamma_difference": lambda x, a: mpmath.digamma(x + a) - mpmath.digamma(x),
    "trigamma_difference": lambda x, a: mpmath.psi(1, x + a) - mpmath.psi(1, x),
}


def worst_error(name, *arguments, floor=None):
    """Largest error of the compiled loop, relative to the exact result or to a floor of its size."""
    worst = 0.0
    for y, *values in zip(in_loop(name)(*arguments), *arguments, strict=True):
        # So many digits that what cancels in the exact formulas leaves 20.
        sizes = [abs(math.log10(v)) for v in values]
        with mpmath.workdps(45 + (3 - len(values)) * int(sum(sizes))):
            exact = EXACT[name](*(mpmath.mpf(float(v)) for v in values))
            size = abs(exact) if floor is None else max(abs(exact), mpmath.mpf(floor(*map(float, values))))
            error = abs(mpmath.mpf(float(y)) - exact)
            worst = max(worst, float(error / size) if error else 0.0)
    return worst


def powers(rng, lowest, highest, size):
    """Numbers of all magnitudes between 10^lowest and 10^highest alike."""
    return 10.0 ** rng.uniform(lowest, highest, size)


def around(point, rng, size):
    """Numbers next to a point, at all distances from its neighbours to half of it."""
    distance = point * powers(rng, -16, -0.3, size) * rng.choice([-1, 1], size)
    return np.concatenate([point + distance, [np.nextafter(point, 0), np.nextafter(point, INF)]])


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("log_gamma", 1e-15),
        ("stirling_error", 3e-15),
        ("digamma", 2e-15),
        ("trigamma", 1.5e-15),
        ("log_minus_digamma", 5e-15),
        ("trigamma_minus_reciprocal", 3e-15),
    ],
)
def test_functions_of_one_argument(name, bound, rng):
    x = np.concatenate(
        [
            rng.uniform(0, 6, 400),
            powers(rng, -4, 4, 200),
            powers(rng, -150, 20, 80),
            *(around(point, rng, 50) for point in (1.0, 2.0, 3.0, 4.0, gamma_functions.DIGAMMA_ZERO)),
        ]
    )
    assert worst_error(name, x[(x != 1) & (x != 2)]) < bound


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("log_gamma", [5e-324, 1e-308, 1e100, 1e300, 2.5e305]),
        ("stirling_error", [5e-324, 1e-308, 1e100, 1e300]),
        ("digamma", [1e-308, 1e100, 1.7e308]),
        ("trigamma", [1e-154, 1e100, 1e300]),
        ("log_minus_digamma", [1e-308, 1e100, 1e300]),
        ("trigamma_minus_reciprocal", [1e-154, 1e50, 1e150]),
    ],
)
def test_arguments_of_extreme_size(name, x):
    assert worst_error(name, np.array(x)) < 1e-15


def test_factorial_excess(rng):
    x = np.concatenate([np.arange(1.0, 100.0), 1.0 + powers(rng, -3, 20, 300), [1e100, 1e300]])
    assert worst_error("factorial_excess", x) < 1e-15
    np.testing.assert_array_equal(in_loop("factorial_excess")([0.0, -0.0, INF]), [0, 0, INF])


def test_log_gamma_agrees_with_log_factorial():
    k = np.arange(2.0, 400.0)
    np.testing.assert_allclose(in_loop("log_gamma")(k + 1), [special.log_factorial(v) for v in k], rtol=1e-15)


def test_deviance(rng):
    mean = powers(rng, -3, 15, 800)
    x = mean * (1 + powers(rng, -13, 0, 800) * rng.choice([-1, 1], 800))
    means = np.concatenate([mean, powers(rng, -20, 15, 500), [1.0, 1e-300, 1e-10, 1e-320, 1e300, 1e305]])
    x = np.concatenate([x, powers(rng, -20, 15, 500), [1e-300, 1.0, 1e300, 1e-5, 1e-300, 1.3e305]])
    assert worst_error("deviance", x[x > 0], means[x > 0]) < 1.5e-15


def magnitudes(rng):
    """Pairs of numbers of all magnitudes, near and far from each other."""

    def numbers():
        draws = [powers(rng, -20, 15, 150), powers(rng, -3, 3, 150), rng.uniform(0, 8, 150), powers(rng, 0, 15, 50)]
        return np.concatenate(draws)

    return numbers(), numbers()


def test_log_beta(rng):
    assert worst_error("log_beta", *magnitudes(rng), floor=lambda a, b: 1.0) < 2e-15
    extremes = np.array([1e-300, 1e-300, 1e-20, 1.0, 1e150]), np.array([1e-300, 1e20, 1e100, 1e100, 1e100])
    assert worst_error("log_beta", *extremes) < 1e-15


def test_log_gamma_ratio(rng):
    # Near its zeros the difference is as accurate as the largest of its terms, which is log x for small x.

    def floor(x, a):
        return min(a, max(1.0, -math.log(x)))

    assert worst_error("log_gamma_ratio", *magnitudes(rng), floor=floor) < 2e-15
    counts = np.floor(powers(rng, 0, 4, 300))
    assert worst_error("log_gamma_ratio", powers(rng, -4, 10, 300), counts, floor=floor) < 2e-15
    extremes = np.array([1e-300, 1e-300, 1e100, 1.0, 1e100]), np.array([1e-300, 1e100, 1e-10, 1e100, 1e90])
    assert worst_error("log_gamma_ratio", *extremes) < 1e-15


@pytest.mark.parametrize("name", ["digamma_difference", "trigamma_difference"])
def test_differences_of_polygamma_functions(name, rng):
    assert worst_error(name, *magnitudes(rng)) < 1.5e-15
    extremes = np.array([1e-100, 1e-100, 1e100, 1.0]), np.array([1e-100, 1e100, 1e-10, 1e100])
    assert worst_error(name, *extremes) < 1e-15


def test_poisson_log_mass_of_large_rates(rng):
    rate = powers(rng, 0, 15, 300)
    k = np.maximum(np.round(rate + 3 * np.sqrt(rate) * rng.standard_normal(300)), 1)
    mass = -in_loop("factorial_excess")(k) - in_loop("deviance")(k, rate)
    with mpmath.workdps(60):
        exact = [
            float(v * mpmath.log(r) - r - mpmath.loggamma(v + 1))
            for v, r in zip(map(mpmath.mpf, k.tolist()), map(mpmath.mpf, rate.tolist()), strict=True)
        ]
    np.testing.assert_allclose(mass, exact, rtol=2e-15)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("log_gamma", ([0.0, -0.0, 1.0, 2.0, INF, 1e308],), [INF, INF, 0, 0, INF, INF]),
        ("stirling_error", ([0.0, INF],), [INF, 0]),
        ("digamma", ([0.0, INF],), [-INF, INF]),
        ("trigamma", ([0.0, 1e-310, 1e-200, INF],), [INF, INF, INF, 0]),
        ("log_minus_digamma", ([0.0, 5e-324, INF],), [INF, INF, 0]),
        ("trigamma_minus_reciprocal", ([0.0, 5e-324, 1e-200, INF],), [INF, INF, INF, 0]),
        (
            "deviance",
            ([0, 0, 3, 3, INF, 3, INF, 1e308], [0, 2, 0, 3, 1, INF, 0, 1e308]),
            [0, 2, INF, 0, INF, INF, INF, 0],
        ),
        (
            "log_beta",
            ([0, 2, 0, 5e-324, INF, 2], [2, 0, 0, 1, INF, INF]),
            [INF, INF, INF, -math.log(5e-324), -INF, -INF],
        ),
        ("log_gamma_ratio", ([0, 0.5, 2, 1e300, 2, 0.5], [2, 0, 0, 0, INF, INF]), [-INF, 0, 0, 0, INF, INF]),
        ("digamma_difference", ([0, 0.5, 9, 1e300, 2, 9], [2, 0, 0, 0, INF, INF]), [INF, 0, 0, 0, INF, INF]),
        ("trigamma_difference", ([0, 0.5, 9, 1e300], [2, 0, 0, 0]), [-INF, 0, 0, 0]),
    ],
)
def test_edges(name, arguments, expected):
    np.testing.assert_array_equal(in_loop(name)(*arguments), expected)


def test_trigamma_difference_to_infinity():
    np.testing.assert_allclose(
        in_loop("trigamma_difference")([3.0, 9.0], [INF, INF]), -in_loop("trigamma")([3.0, 9.0]), rtol=1e-15
    )


@pytest.mark.parametrize("name", OF_ONE)
def test_outside_of_one_argument(name):
    assert np.isnan(in_loop(name)([-5e-324, -0.5, -1.5, -3.5, -1e300, -INF, NAN])).all()


@pytest.mark.parametrize("name", OF_TWO)
def test_outside_of_two_arguments(name):
    bad = [-5e-324, -0.5, -1.5, -3.5, -1e300, -INF, NAN]
    good = [1e-3, 1.0, 5.0, 0.3, 1e3, 2.0, 1.0]
    assert np.isnan(in_loop(name)(bad, good)).all()
    assert np.isnan(in_loop(name)(good, bad)).all()
    assert np.isnan(in_loop(name)(bad, bad)).all()


@pytest.mark.parametrize("name", OF_ONE + OF_TWO)
def test_flags_of_the_caller_change_nothing(name, rng):
    arguments = [powers(rng, -6, 12, 1000) for _ in range(1 if name in OF_ONE else 2)]
    np.testing.assert_array_equal(in_loop(name, ())(*arguments), in_loop(name)(*arguments))


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="reads x86 assembly")
@pytest.mark.parametrize("name", OF_ONE + OF_TWO)
def test_a_loop_is_vectorised(name):
    evaluate = in_loop(name)
    evaluate(*([[1.0]] if name in OF_ONE else [[1.0], [1.0]]))
    (assembly,) = evaluate.loop.inspect_asm().values()
    # A multiplication (fused or not) of packed doubles, whatever the width of the machine's registers.
    assert re.search(r"\bv?(mulpd|fn?m(add|sub)\d+pd)\s", assembly)
