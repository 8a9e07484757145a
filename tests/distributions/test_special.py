"""`distributions.special` against mpmath, at its edges, and in the machine code of a loop."""

from __future__ import annotations

import math
import platform
import re

import mpmath
import numba
import numpy as np
import pytest

from distributions import special

INF, NAN = np.inf, np.nan
LARGEST = np.finfo(float).max
SMALLEST_NORMAL = np.finfo(float).tiny
FUNCTIONS = ["exp", "expm1", "log", "log1p", "log1p_of_part", "log_factorial", "log_of_normal"]


def in_loop(name, fastmath=frozenset({"reassoc", "contract", "nsz"})):
    """A compiled loop over an array that calls the function, by default under the flags of the kernels."""
    function = getattr(special, name)

    @numba.njit(error_model="numpy", fastmath=set(fastmath))
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    def evaluate(x):
        out = np.empty(len(x))
        loop(np.asarray(x, dtype=float), out)
        return out

    evaluate.loop = loop
    return evaluate


def worst_ulp(name, x, reference):
    """Largest error of the compiled loop over x, in units in the last place of the exact result."""

    def error(y, exact):
        return float(abs(mpmath.mpf(float(y)) - exact) / math.ulp(float(exact)))

    with mpmath.workdps(40):
        return max(error(y, reference(mpmath.mpf(float(v)))) for v, y in zip(x, in_loop(name)(x), strict=True))


def towards_zero(rng, size, smallest):
    """Numbers of both signs with exponents drawn evenly between 2^smallest and 1."""
    return rng.uniform(-1, 1, size) * 2.0 ** rng.uniform(smallest, 0, size)


def neighbours(x):
    return np.concatenate([np.nextafter(x, -INF), x, np.nextafter(x, INF)])


def test_exp_is_within_one_ulp(rng):
    halfway = (np.arange(-1021, 1024) - 0.5) * math.log(2)  # where the exponent switches
    x = np.concatenate(
        [
            rng.uniform(-708.396, 709.782, 2000),
            rng.uniform(-2, 2, 2000),
            towards_zero(rng, 1000, -60),
            neighbours(halfway),
            [-708.396, special.EXP_HIGHEST, 709.436, 709.0895],
        ]
    )
    assert worst_ulp("exp", x, mpmath.exp) < 1


def test_expm1_is_within_two_ulp(rng):
    halfway = (np.arange(-60, 1024) - 0.5) * math.log(2)
    x = np.concatenate(
        [
            rng.uniform(-60, 709.782, 1000),
            rng.uniform(-1.5, 1.5, 3000),
            towards_zero(rng, 1000, -900),
            neighbours(halfway),
            [special.EXP_HIGHEST, -50.0, -50.1],
        ]
    )
    assert worst_ulp("expm1", x, mpmath.expm1) < 2


def test_log_is_within_one_ulp(rng):
    powers = 2.0 ** np.arange(-1022, 1024)
    x = np.concatenate(
        [
            rng.integers(1, 0x7FF0_0000_0000_0000, 2000).view(float),  # every exponent alike
            rng.integers(1, 0x0010_0000_0000_0000, 500).view(float),  # subnormal
            1 + towards_zero(rng, 2000, -52),
            rng.uniform(0.5, 2.0, 2000),
            neighbours(powers[::10]),
            neighbours(powers[::10] * math.sqrt(0.5)),  # where the exponent switches
            [5e-324, 1e-310, SMALLEST_NORMAL, LARGEST],
        ]
    )
    assert worst_ulp("log", x[x != 1], mpmath.log) < 1


def test_log1p_is_within_two_ulp(rng):
    x = np.concatenate(
        [
            rng.uniform(-1, 3, 2000),
            towards_zero(rng, 1000, -60),
            towards_zero(rng, 1000, -900),
            np.nextafter(-1, 0) + 2.0 ** rng.uniform(-53, -1, 500),
            2.0 ** rng.uniform(0, 1023, 500),
            [-1.5 * 2.0**-53, 2.0**-53, LARGEST],
        ]
    )
    assert worst_ulp("log1p", x, mpmath.log1p) < 2


def test_log_factorial_is_within_two_ulp(rng):
    k = np.concatenate([np.arange(2, 600), np.floor(10 ** rng.uniform(2.5, 15, 2000)), [1e15, 1e100]])

    def exact(k):
        with mpmath.extradps(20):
            return mpmath.loggamma(k + 1)

    assert worst_ulp("log_factorial", k, exact) < 2


@pytest.mark.parametrize("fastmath", [(), ("contract",), ("reassoc", "contract", "nsz", "arcp")])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_flags_of_the_caller_change_nothing(name, fastmath, rng):
    x = np.abs(np.append(towards_zero(rng, 1000, -5) * 40, [0.0, -INF, INF, NAN]))
    np.testing.assert_array_equal(in_loop(name, fastmath)(x), in_loop(name)(x))


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", [0.0, -0.0, 5e-324, -1e-310], [1, 1, 1, 1]),
        ("exp", [INF, 1e300, 710.0, np.nextafter(special.EXP_HIGHEST, INF)], [INF, INF, INF, INF]),
        ("exp", [-INF, -1e300, -746.0, -709.0, np.nextafter(-708.396, -INF)], [0, 0, 0, 0, 0]),
        ("expm1", [0.0, INF, 1e300, 710.0, -INF, -1e300, -709.0], [0, INF, INF, INF, -1, -1, -1]),
        ("log", [1.0, 0.0, -0.0, INF], [0, -INF, -INF, INF]),
        ("log", [-5e-324, -1.0, -1e300, -INF], [NAN, NAN, NAN, NAN]),
        ("log1p", [0.0, -1.0, INF, 5e-324, -1e-310], [0, -INF, INF, 5e-324, -1e-310]),
        ("log1p", [np.nextafter(-1, -2), -3.0, -INF], [NAN, NAN, NAN]),
        ("log_factorial", [0.0, 1.0, INF, 1e300], [0, 0, INF, 1e300 * (math.log(1e300) - 1)]),
        ("log_factorial", [-1.0, -(2.0**52), -1e300, -INF], [NAN, NAN, NAN, NAN]),
    ],
)
def test_edges(name, x, expected):
    np.testing.assert_array_equal(in_loop(name)(x), expected)


@pytest.mark.parametrize("name", FUNCTIONS[:-1])  # of the last one only normal numbers are asked
def test_every_nan_stays_nan(name):
    # Quiet and signalling, of both signs, with bits where the argument reduction leaves its exponent.
    patterns = [0x7FF8_0000_0000_0000, 0x7FF8_0000_0000_0FFF, 0x7FF0_0000_0000_0001, 0xFFFF_FFFF_FFFF_FFFF]
    assert np.isnan(in_loop(name)(np.array(patterns, dtype=np.uint64).view(float))).all()


def test_log_factorial_stays_inside_its_table(rng):
    # Any double at all, and the fractions next to the table's ends.
    anything = rng.integers(0, 2**64, 100_000, dtype=np.uint64).view(float)
    y = in_loop("log_factorial")(np.append(anything, [-0.4, 255.4, 255.6, np.nextafter(256, 0)]))
    assert ((y >= 0) | np.isnan(y)).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_scalars_of_any_real_type_are_accepted(name):
    function = getattr(special, name)
    assert function(2) == function(np.float32(2)) == function(2.0)


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="reads x86 assembly")
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "log_of_normal"])
def test_a_loop_is_vectorised(name):
    evaluate = in_loop(name)
    evaluate([1.0])
    (assembly,) = evaluate.loop.inspect_asm().values()
    # A multiplication (fused or not) of packed doubles, whatever the width of the machine's registers.
    assert re.search(r"\bv?(mulpd|fn?m(add|sub)\d+pd)\s", assembly)


def test_log1p_of_a_part_is_off_by_no_more_than_rounding_of_the_sum_it_is_for(rng):
    x = np.concatenate([rng.uniform(size=2000), 10.0 ** rng.uniform(-20, 0, 1000), [0.0, 1.0, 5e-324, 0.5, 0.25]])
    got = in_loop("log1p_of_part")(x)
    with mpmath.workdps(40):
        error = [
            abs(float(mpmath.log1p(mpmath.mpf(float(v))) - mpmath.mpf(float(y)))) for v, y in zip(x, got, strict=True)
        ]
    assert max(error) <= 2e-16
    assert np.isnan(in_loop("log1p_of_part")([NAN])[0])


def test_the_logarithm_of_normal_numbers_is_that_of_any(rng):
    x = np.concatenate([2.0 ** rng.uniform(-1022, 1024, 5000), rng.uniform(0.5, 2.0, 5000), [SMALLEST_NORMAL, LARGEST]])
    np.testing.assert_array_equal(in_loop("log_of_normal")(x), in_loop("log")(x))
