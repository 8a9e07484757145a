"""`distributions.normal_functions` against mpmath, at the edges, and in the machine code of a loop."""

from __future__ import annotations

import platform
import re

import mpmath
import numba
import numpy as np
import pytest

from distributions import normal_functions

INF, NAN = np.inf, np.nan
FUNCTIONS = ["log_ndtr", "inverse_mills"]


def in_loop(name):
    """A compiled loop over an array that calls the function, under the flags of the kernels."""
    function = getattr(normal_functions, name)

    @numba.njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    def evaluate(x):
        out = np.empty(len(x))
        loop(np.asarray(x, dtype=float), out)
        return out

    evaluate.loop = loop
    return evaluate


def exact_mills(t):
    """(1 - Phi(t)) / phi(t) for t >= 0, from its continued fraction where that converges fast."""
    if t < 12:
        return mpmath.sqrt(mpmath.pi / 2) * mpmath.exp(t * t / 2) * mpmath.erfc(t / mpmath.sqrt(2))
    ratio = t
    for k in range(150, 0, -1):
        ratio = t + k / ratio
    return 1 / ratio


def exact_log_ndtr(x):
    log_density = -x * x / 2 - mpmath.log(2 * mpmath.pi) / 2
    if x < 0:
        return mpmath.log(exact_mills(-x)) + log_density
    return mpmath.log1p(-mpmath.exp(log_density) * exact_mills(x))


def exact_inverse_mills(x):
    return 1 / exact_mills(-x) if x < 0 else mpmath.npdf(x) / mpmath.ncdf(x)


REFERENCES = {"log_ndtr": exact_log_ndtr, "inverse_mills": exact_inverse_mills}


@pytest.mark.parametrize(("name", "bound"), [("log_ndtr", 1.5e-15), ("inverse_mills", 1e-15)])
def test_relative_error(name, bound, rng):
    x = np.concatenate(
        [
            rng.uniform(-40, 37.5, 600),
            rng.uniform(-3, 3, 600),
            -(10 ** rng.uniform(1, 150, 150)),
            rng.uniform(-1, 1, 200) * 10 ** rng.uniform(-300, 0, 200),
            [0.0, -0.0, 5e-324, -5e-324, -4.0, 4.0, 37.5, -1e150],
        ]
    )
    with mpmath.workdps(40):
        exact = [REFERENCES[name](mpmath.mpf(float(v))) for v in x]
        errors = [abs(mpmath.mpf(float(y)) / e - 1) for y, e in zip(in_loop(name)(x), exact, strict=True)]
    assert max(errors) < bound


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("log_ndtr", [INF, 1e300, 40.0, -INF, -1e160, NAN], [0, 0, 0, -INF, -INF, NAN]),
        ("inverse_mills", [INF, 1e300, 40.0, -INF, -1e300, NAN], [0, 0, 0, INF, 1e300, NAN]),
    ],
)
def test_edges(name, x, expected):
    np.testing.assert_array_equal(in_loop(name)(x), expected)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_monotone_and_of_one_sign(name):
    y = in_loop(name)(np.linspace(-50, 50, 2001))
    sign = 1 if name == "log_ndtr" else -1
    assert (sign * y <= 0).all()
    assert (sign * np.diff(y) >= 0).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_scalars_of_any_real_type_are_accepted(name):
    function = getattr(normal_functions, name)
    assert function(2) == function(np.float32(2)) == function(2.0)


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="reads x86 assembly")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_loop_is_vectorised(name):
    evaluate = in_loop(name)
    evaluate([1.0])
    (assembly,) = evaluate.loop.inspect_asm().values()
    # A multiplication (fused or not) of packed doubles, whatever the width of the machine's registers.
    assert re.search(r"\bv?(mulpd|fn?m(add|sub)\d+pd)\s", assembly)
