"""The compiled contract: the decorator, calls by address, the interpreted twin of a loop, and life without a cache."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import NamedTuple

import numpy as np
import pytest

from distributions import Exponential, MultivariateNormal, Normal, Poisson, kernels
from distributions.kernels import (
    address,
    call_accumulate,
    call_log_pdf,
    call_update,
    compiled,
    interpreted,
    kernel,
    scalar,
    unowned,
)

KNOWN = [
    pytest.param(Normal(1.0, 2.0), id="Normal"),
    pytest.param(Exponential(0.5), id="Exponential"),
    pytest.param(Poisson(3.0), id="Poisson"),
    *(
        pytest.param(MultivariateNormal(np.arange(5.0), np.eye(5) * 2.0, structure=name), id=name)
        for name in ("full", "diagonal", "spherical")
    ),
]


@compiled
def one_em_step(addresses, X, r, theta, out, stats, bounds):
    """Call all three kernels of a family by address, as the EM loop does."""
    call_log_pdf(addresses[0], X, theta, out)
    call_accumulate(addresses[1], X, r, theta, stats)
    call_update(addresses[2], stats, theta, bounds)


@compiled
def total(values):
    return values.sum()


@compiled
def outer_loop(addresses, X, theta, out):
    """Call a kernel two levels down, and a compiled function beside it."""
    inner_loop(addresses, X, theta, out)
    return total(out)


@compiled
def inner_loop(addresses, X, theta, out):
    call_log_pdf(addresses[0], X, theta, out)


def data(distribution, m):
    """Arguments of `one_em_step` but the first, for m rows that every family takes."""
    rng = np.random.default_rng(m)
    rows = rng.poisson(4.0, (m, distribution.n_columns)).astype(float)
    X, r = np.ascontiguousarray(rows.T), rng.uniform(0.1, 1.0, m)
    bounds = distribution.bounds(np.ones(distribution.n_columns), 0.1)
    return X, r, distribution.to_theta(), np.full(m, 0.25), np.full(distribution.statistics_size(), 0.5), bounds


@pytest.mark.parametrize("m", [1, 7, 600])
@pytest.mark.parametrize("distribution", KNOWN)
def test_called_by_address_kernels_do_what_their_python_source_says(distribution, m):
    by_address, by_source = data(distribution, m), data(distribution, m)
    one_em_step(np.array(distribution.kernels.addresses), *by_address)
    X, r, theta, out, stats, bounds = by_source
    distribution.kernels.log_pdf.py_func(X, theta, out)
    distribution.kernels.accumulate.py_func(X, r, theta, stats)
    distribution.kernels.update.py_func(stats, theta, bounds)
    for name, one, other in zip(("X", "r", "theta", "out", "stats", "bounds"), by_address, by_source, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12, err_msg=name)


def test_a_block_without_rows_is_legal():
    X, r, theta, out, stats, bounds = data(MultivariateNormal(np.zeros(5), np.eye(5)), 0)
    one_em_step(np.array(MultivariateNormal().kernels.addresses), X, r, theta, out, stats, bounds)
    np.testing.assert_array_equal(stats, np.full(31, 0.5))


@pytest.mark.parametrize(
    "arguments, shown",
    [("X, theta", "(X, theta)"), ("x, theta, out", "(x, theta, out)"), ("theta, X, out", "(theta, X, out)")],
)
def test_a_kernel_with_another_signature_is_refused_with_the_ones_that_will_do(arguments, shown):
    namespace = {}
    exec(f"def density({arguments}): pass", namespace)
    with pytest.raises(TypeError) as caught:
        kernel(namespace["density"])
    assert f"kernel density{shown} has none of the signatures log_pdf(X, theta, out)" in str(caught.value)
    assert "accumulate(X, r, theta, stats), update(stats, theta, bounds)" in str(caught.value)


def test_an_address_is_made_once_and_fixes_the_types():
    first = address(Normal.kernels.log_pdf, "log_pdf")
    assert first == address(Normal.kernels.log_pdf, "log_pdf") == Normal.kernels.addresses[0]
    assert len({*Normal.kernels.addresses, *Exponential.kernels.addresses}) == 6
    with pytest.raises(TypeError, match="No matching definition"):
        Normal.kernels.log_pdf(np.ones((1, 2), dtype=np.float32), np.ones(2), np.zeros(2))


def test_a_loop_without_kernels_has_no_interpreted_twin():
    assert interpreted(total) is total


def test_an_interpreted_loop_takes_any_callables_and_keeps_the_rest_compiled():
    twin = interpreted(outer_loop)
    assert not hasattr(twin, "py_func")
    assert twin is interpreted(outer_loop)
    assert twin.__globals__["total"] is total
    seen = []

    def density(X, theta, out):
        seen.append(theta)
        out += X[0] * theta[0]

    out = np.zeros(3)
    assert twin([density], np.array([[1.0, 2.0, 3.0]]), np.array([2.0]), out) == 12.0
    np.testing.assert_array_equal(out, [2.0, 4.0, 6.0])
    assert len(seen) == 1


def test_an_interpreted_loop_runs_compiled_kernels_too():
    X, theta, out, again = np.array([[1.0, 2.0, 3.0]]), np.array([2.0, 3.0]), np.zeros(3), np.zeros(3)
    result = interpreted(outer_loop)(list(Normal.kernels), X, theta, out)
    assert result == outer_loop(np.array(Normal.kernels.addresses), X, theta, again)
    np.testing.assert_array_equal(out, again)


def test_without_a_writable_cache_folder_everything_is_compiled_in_memory(monkeypatch):
    options = []

    def njit_of_a_read_only_installation(**given):
        if given.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available for file")
        options.append(given)
        return njit(**given)

    njit = kernels.njit
    monkeypatch.setattr(kernels, "njit", njit_of_a_read_only_installation)

    @scalar
    def twice(x):
        return 2.0 * x

    @kernel
    def log_pdf(X, theta, out):
        for i in range(out.size):
            out[i] += twice(X[0, i])

    out = np.zeros(2)
    log_pdf(np.array([[1.0, 2.0]]), np.ones(1), out)
    np.testing.assert_array_equal(out, [2.0, 4.0])
    assert all(given["nogil"] and given["error_model"] == "numpy" for given in options)
    assert len(options) == 2
    assert address(log_pdf, "log_pdf") > 0


def test_sums_may_be_reordered_but_infinities_keep_their_meaning():
    out = np.zeros(3)
    Exponential.kernels.log_pdf(np.array([[-1.0, np.nan, np.inf]]), np.array([2.0]), out)
    np.testing.assert_array_equal(out, [-np.inf, np.nan, -np.inf])
    stats = np.zeros(2)
    Exponential.kernels.accumulate(np.array([[np.inf, 1.0]]), np.ones(2), np.array([2.0]), stats)
    np.testing.assert_array_equal(stats, [2.0, np.inf])


# ------------------------------------------------------------------------------------------- arrays not counted


class Pair(NamedTuple):
    array: np.ndarray
    rest: tuple[np.ndarray, int]


@compiled
def last_of(pair):
    """Hold on to a slice of each array while it is read."""
    pair = unowned(pair)
    matrix, numbers = pair.array[1:], pair.rest[0][2:]
    return matrix[-1, 0] + numbers[-1] + pair.rest[1]


def test_slices_of_what_is_not_owned_read_the_same_and_leave_its_owner_alone():
    matrix, numbers = np.arange(6.0).reshape(3, 2), np.arange(4, dtype=np.int64)
    before = sys.getrefcount(matrix), sys.getrefcount(numbers)
    for function in (last_of, interpreted(last_of)):
        assert [function(Pair(matrix, (numbers, 10))) for _ in range(100)] == [4.0 + 3 + 10] * 100
    assert (sys.getrefcount(matrix), sys.getrefcount(numbers)) == before


def test_threads_that_ask_at_once_get_one_kernel():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):

            @kernel
            def complete(theta):
                theta[0] = 1.0

            with ThreadPoolExecutor(4) as pool:
                found = list(pool.map(lambda _, f=complete: address.__wrapped__(f, "complete"), range(4)))
            assert len(set(found)) == 1
    finally:
        sys.setswitchinterval(before)


def test_a_thread_that_calls_a_kernel_while_another_compiles_it_waits_for_it():
    @kernel
    def complete(theta):
        theta[0] = 1.0

    begun, compile_itself = Event(), complete.compile

    def compile_late(sig):  # as one that waits for the lock of the compiler
        begun.set()
        made.wait()
        return compile_itself(sig)

    made, complete.compile, theta = Event(), compile_late, np.zeros(1)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(complete, theta)
        begun.wait()
        complete.compile = compile_itself
        address.__wrapped__(complete, "complete")
        made.set()
        call.result()
    assert theta[0] == 1.0
