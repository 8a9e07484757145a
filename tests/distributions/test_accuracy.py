"""Densities to twelve digits, distribution functions and quantiles to ten, against SciPy and where it errs, mpmath.

Errors of a log density are relative to its value, or absolute where it is smaller than one: it passes through zero.
Those of quantiles on the whole line are relative to the distance from the centre, and rounding of the probability
itself is none: near one it moves a quantile in a thin tail far. Where SciPy disagrees, the exact log density of the
catalogue judges: at the worst points directly, for probabilities by integrals and sums of it.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import mpmath
import numpy as np
import pytest
from catalogue import FAMILIES, TRIALS, Trial, distributions_of
from profiles import either

from distributions import Distribution
from distributions.law.case import Case

POINTS = either(3000, 10_000)  # for each family
N_RANDOM = 2
JUDGED = either(10, 30)  # at most so many log densities of a family, the worst ones, are judged exactly
JUDGED_PROBABILITIES = either(3, 8)
DIGITS = 40
TOLERANCE = {"log_pdf": 1e-12, "cdf": 1e-10, "ppf": 1e-10}
LOWEST = 1e-290  # smaller probabilities and quantiles lose digits as doubles
LOW_TAIL = np.array([1e-280, 1e-100, 1e-30, 1e-16, 1e-10, 1e-5, 0.01, 0.1, 0.3, 0.5])
PROBABILITIES = np.concatenate([LOW_TAIL, 1.0 - np.array([1e-15, 1e-12, 1e-8, 1e-5, 0.01, 0.1, 0.3])])
NOTHING = 1e-50
FEW_TERMS = 1000  # of a sum before what is left is smooth

Judge = Callable[[Any], Any]


def cases_of(family: type[Distribution]) -> list[Case]:
    """Return a family's settings, extremes and random parameters for which SciPy has the same distribution."""
    twin = TRIALS[family].twin
    seed = zlib.crc32(family.__name__.encode())
    cases = [Case(d, seed + i, twin) for i, d in enumerate(distributions_of(family, N_RANDOM))]
    return [case for case in cases if case.has_twin]


TWINNED = [family for family in FAMILIES if family in TRIALS and TRIALS[family].twin and cases_of(family)]
WITH_CDF = [family for family in TWINNED if any(case.one_column for case in cases_of(family))]


def named(families: list[type[Distribution]]) -> Any:
    """Return the mark that makes a test of each family."""
    return pytest.mark.parametrize("family", families, ids=lambda family: family.__name__)


def tails(case: Case) -> np.ndarray:
    """Return points of the support far from the centre on both sides, and close to its ends, shape (n,) or (n, d)."""
    support, rng = case.distribution.support, case.rng("tails")
    if case.one_column:
        away = case.unit[0] * 10.0 ** np.linspace(0.0, 6.0, 120)
        points = [case.centre[0] - away, case.centre[0] + away]
        for end in (support.low, support.high):
            if np.isfinite(end) and not support.discrete:
                points.append(end + (case.centre[0] - end) * 10.0 ** -np.linspace(0.0, 12.0, 120))
        x = np.concatenate(points)
        x = np.round(x) if support.discrete else x
    else:
        x = case.draw(200, "tails")
        x = case.centre + (x - case.centre) * 10.0 ** rng.uniform(0.0, 3.0, (len(x), 1))
    return x[support.holds(x.reshape(len(x), -1))]


def scipy_log_pdf(case: Case, x: np.ndarray) -> np.ndarray:
    """Return SciPy's log density, shape (n,)."""
    discrete = case.distribution.support.discrete and hasattr(case.twin, "logpmf") or not hasattr(case.twin, "logpdf")
    return np.reshape((case.twin.logpmf if discrete else case.twin.logpdf)(x), len(x))


@contextmanager
def scipy_may_warn() -> Iterator[None]:
    """Let SciPy compute where it overflows, or gives up."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def excess(got: np.ndarray, wanted: np.ndarray, size: np.ndarray, tolerance: float) -> np.ndarray:
    """Return by how much each error exceeds the tolerance, infinite for NaN, negative if it does not."""
    with np.errstate(invalid="ignore", over="ignore"):
        beyond = np.where(got == wanted, 0.0, np.abs(got - wanted) / size)
    return np.where(np.isnan(beyond), np.inf, beyond) - tolerance


def worst(beyond: np.ndarray, most: int) -> np.ndarray:
    """Return the places of the largest excesses, at most so many."""
    order = np.argsort(-beyond)
    return order[: min(most, int(np.sum(beyond > 0.0)))]


def judge_of(case: Case) -> Judge:
    """Return the exact log density of a distribution; without one, SciPy has the last word."""
    exact = TRIALS[type(case.distribution)].log_density
    assert exact is not None, f"{case.distribution!r} disagrees with SciPy, and there is no log_density to judge"
    return lambda x: exact(case.distribution, x)


def tolerance_of(trial: Trial, what: str) -> float:
    """Return the largest relative error."""
    return trial.tolerance[what][0] if what in trial.tolerance else TOLERANCE[what]


# ------------------------------------------------------------------------------------------------- log density


@named(TWINNED)
def test_log_density_has_twelve_digits(family: type[Distribution]) -> None:
    cases = cases_of(family)
    tolerance = tolerance_of(TRIALS[family], "log_pdf")
    per_case = max(2, JUDGED // len(cases))
    for case in cases:
        x = np.concatenate([case.draw(POINTS // len(cases), "accuracy"), tails(case)])
        with scipy_may_warn():
            wanted = scipy_log_pdf(case, x)
        got = case.distribution.log_pdf(x)
        places = worst(excess(got, wanted, np.maximum(1.0, np.abs(wanted)), tolerance), per_case)
        for i in places:
            with mpmath.workdps(DIGITS):
                exact = judge_of(case)(x[i])
                error = float(abs(float(got[i]) - exact) / max(1, abs(exact))) if np.isfinite(got[i]) else np.inf
            assert error <= tolerance, (
                f"{case.distribution!r} at {x[i]!r}: log density {got[i]!r}, exactly {float(exact)!r} "
                f"(error {error:.2g})"
            )


# ----------------------------------------------------------------------------------------------- probabilities


def exact_cdf(case: Case, x: float) -> Any:
    """Return P(X <= x) by an integral or a sum of the exact density over the tail on x's side of the median."""
    log_density, support = judge_of(case), case.distribution.support
    below = case.distribution.cdf(x) <= 0.5
    if support.discrete:
        tail = (
            tail_sum(log_density, np.floor(x), support.low)
            if below
            else tail_sum(log_density, np.floor(x) + 1.0, support.high)
        )
    else:
        tail = tail_integral(log_density, x, support.low if below else support.high, -1 if below else 1, case.unit[0])
    return tail if below else 1 - tail


def tail_sum(log_density: Judge, start: float, end: float) -> Any:
    """Return the mass of the values from ``start`` to ``end``; of long tails by Euler and Maclaurin."""
    side = 1 if end >= start else -1
    total, k = mpmath.mpf(0), mpmath.mpf(float(start))
    for _ in range(FEW_TERMS):
        if (k - end) * side > 0:
            return total
        term = mpmath.exp(log_density(k))
        total += term
        if term < total * mpmath.mpf(10) ** -20:
            return total
        k += side
    rest = tail_integral(log_density, k, end, side, max(1.0, abs(float(k))))
    edge = mpmath.exp(log_density(k))
    slope = side * (mpmath.exp(log_density(k + 1)) - mpmath.exp(log_density(k - 1))) / 2
    return total + rest + edge / 2 - slope / 12


def tail_integral(log_density: Judge, x: float, end: float, side: int, unit: float) -> Any:
    """Return the mass between x and ``end``, in a variable that is exponential towards the end, and away from x."""
    start = mpmath.mpf(float(x))

    at_start = log_density(start)

    def density(point: Any) -> Any:
        """Relative to that at x, so that a small integral has as many digits as a large one."""
        value = log_density(point) - at_start
        return mpmath.exp(value) if value > -2000 else mpmath.mpf(0)

    if np.isfinite(end):
        stop, cuts = mpmath.mpf(float(end)), [0, 0.01, 0.1, 1, 3, 10, 40, 200, 1000, 5000, 30_000]
        length = abs(start - stop)
        if not length:
            return mpmath.mpf(0)

        def integrand(v: Any) -> Any:
            move = mpmath.exp(-v)
            point = stop - side * length * move
            return density(point) * move if point != stop else mpmath.mpf(0)
    else:
        cuts = [-60, -20, -8, -4, -2, -1, 0, 1, 2, 3, 4, 6, 10, 30, 100, 300, 700]
        step = mpmath.mpf(unit) * mpmath.mpf(10) ** -6
        slope = abs(log_density(start + side * step) - at_start) / step
        length = min(mpmath.mpf(unit), 1 / slope) if slope else mpmath.mpf(unit)

        def integrand(v: Any) -> Any:
            move = mpmath.exp(v)
            return density(start + side * length * move) * move

    # Beyond the first cut where nothing is left there is nothing to be computed, often not even the density.
    last = next((i for i, cut in enumerate(cuts) if cut > 0 and integrand(cut) < NOTHING), len(cuts) - 1)
    return mpmath.exp(at_start) * length * mpmath.quad(integrand, cuts[: last + 1])


@named(WITH_CDF)
def test_distribution_function_has_ten_digits(family: type[Distribution]) -> None:
    cases = [case for case in cases_of(family) if case.one_column]
    tolerance, left = tolerance_of(TRIALS[family], "cdf"), JUDGED_PROBABILITIES
    for case in cases:
        x = np.concatenate([case.draw(100, "cdf"), tails(case)[::3]])
        with scipy_may_warn():
            wanted = case.twin.cdf(x)
        got = case.distribution.cdf(x)
        beyond = excess(got, wanted, np.maximum(wanted, LOWEST), tolerance)
        beyond[(wanted < LOWEST) & (got < LOWEST)] = -1.0
        places = worst(beyond, min(left, 3))
        left -= len(places)
        for i in places:
            with mpmath.workdps(DIGITS):
                exact = exact_cdf(case, x[i])
                error = float(abs(float(got[i]) - exact) / max(exact, LOWEST))
            assert error <= tolerance, (
                f"{case.distribution!r} at {x[i]!r}: cdf {got[i]!r}, exactly {float(exact)!r} (error {error:.2g})"
            )


@named(WITH_CDF)
def test_quantiles_have_ten_digits(family: type[Distribution]) -> None:
    cases = [case for case in cases_of(family) if case.one_column and hasattr(case.twin, "ppf")]
    tolerance, left = tolerance_of(TRIALS[family], "ppf"), JUDGED_PROBABILITIES
    for case in cases:
        with scipy_may_warn():
            wanted = case.twin.ppf(PROBABILITIES)
        got = case.distribution.ppf(PROBABILITIES)
        size = quantile_size(case, np.maximum(np.abs(wanted), np.abs(got)))
        places = worst(excess(got, wanted, size, tolerance), min(left, 3))
        left -= len(places)
        for i in places:
            q = PROBABILITIES[i]
            with mpmath.workdps(DIGITS):
                right = is_quantile(case, got[i], q, tolerance * size[i])
            assert right, f"{case.distribution!r}: the quantile at {q!r} is {got[i]!r}, by SciPy {wanted[i]!r}"


def quantile_size(case: Case, x: np.ndarray) -> np.ndarray:
    """Return what errors of quantiles are relative to: the distance from the centre, or from zero if that is less.

    The width, where it is larger than that distance; but rounding of the quantile itself is no error.
    """
    size = np.maximum(np.abs(x - case.centre[0]), case.unit[0])
    if np.isfinite(case.distribution.support.low):
        size = np.minimum(size, np.abs(x))
    return np.maximum(size + 4.0 * np.spacing(np.abs(x)) / TOLERANCE["ppf"], LOWEST)


def is_quantile(case: Case, x: float, q: float, error: float) -> bool:
    """Judge whether a quantile of q lies within ``error`` of x; for counts, whether it is x."""
    if not np.isfinite(x):
        return False
    exact = exact_cdf(case, x)
    if case.distribution.support.discrete:
        rounding = TOLERANCE["cdf"] * q
        before = exact - mpmath.exp(judge_of(case)(x))
        return bool(exact >= q - rounding and before < q + rounding)
    return bool(abs(exact - q) <= 1.1 * error * mpmath.exp(judge_of(case)(x)) + 2.0 * np.spacing(q))


def test_larger_errors_are_explained() -> None:
    for trial in TRIALS.values():
        for what, (tolerance, reason) in trial.tolerance.items():
            assert TOLERANCE[what] < tolerance <= max(1e-10, 100 * TOLERANCE[what])
            assert len(reason) > 20
