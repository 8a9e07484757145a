"""The loop of a compiled fit: steps that the likelihood confirms, pilots, and when it ends."""

import numpy as np
import pytest

from distributions import (
    ConvergenceWarning,
    GeneralizedExtremeValue,
    Kernels,
    Logistic,
    Normal,
    estimation,
    kernel,
    logistic,
    normal,
)
from distributions.estimation import maximise


@kernel
def update_far(stats, theta, bounds):
    """Go five times as far as Newton's step."""
    before = theta.copy()
    logistic.update(stats, theta, bounds)
    for j in range(theta.size):
        theta[j] = max(before[j] + 5.0 * (theta[j] - before[j]), bounds[0, j])


@kernel
def update_slowly(stats, theta, bounds):
    """Go a hundredth of the way."""
    before = theta.copy()
    normal.update(stats, theta, bounds)
    for j in range(theta.size):
        theta[j] = before[j] + 0.01 * (theta[j] - before[j])


class FarLogistic(Logistic):
    kernels = Kernels(logistic.log_pdf, logistic.accumulate, update_far)


class SlowNormal(Normal):
    kernels = Kernels(normal.log_pdf, normal.accumulate, update_slowly)


def test_a_step_too_far_is_taken_back_until_the_likelihood_rises(rng):
    x, weight = rng.logistic(30.0, 2.0, 500), rng.uniform(size=500)
    exact, far = Logistic().fit(x, weight), FarLogistic().fit(x, weight)
    assert far.log_likelihood(x, weight) == pytest.approx(exact.log_likelihood(x, weight), rel=1e-12)
    assert far.loc == pytest.approx(exact.loc, abs=1e-5)


def test_the_pilot_is_only_a_start(rng, monkeypatch):
    x, weight = np.sort(rng.logistic(30.0, 2.0, 5000)), rng.uniform(size=5000)
    whole = Logistic().fit(x, weight)
    monkeypatch.setattr(estimation, "PILOT", 200)
    calls = []
    monkeypatch.setattr(estimation, "maximise", lambda *given: calls.append(len(given[2])) or maximise(*given))
    piloted = Logistic().fit(x, weight)
    assert calls == [200]
    assert piloted.loc == pytest.approx(whole.loc, rel=1e-10)
    assert piloted.scale == pytest.approx(whole.scale, rel=1e-10)


def test_a_pilot_that_collapses_is_not_used(rng, monkeypatch):
    x = np.full(5000, 3.0)
    x[1:] = np.where(np.arange(1, 5000) % 25, rng.logistic(3.0, 1.0, 4999), 3.0)  # every row of the pilot is 3
    whole = Logistic().fit(x)
    monkeypatch.setattr(estimation, "PILOT", 200)
    assert Logistic().fit(x).scale == pytest.approx(whole.scale, rel=1e-9)


def test_a_fit_that_does_not_end_says_so(rng, monkeypatch):
    monkeypatch.setattr(estimation, "ITERATIONS", 20)
    with pytest.warns(ConvergenceWarning, match="SlowNormal: the fit made 20 iterations and still gains likelihood"):
        SlowNormal(0.0, 1.0).fit(rng.normal(50.0, 2.0, 100))


def test_a_closed_form_is_summed_three_times_at_most(rng, monkeypatch):
    passes, summed = [], estimation._sum
    monkeypatch.setattr(estimation, "_sum", lambda *given: passes.append(given[-1]) or summed(*given))
    Normal().fit(rng.normal(1e8, 2.0, 1000))
    assert len(passes) <= 3
    assert not any(passes)  # and its likelihood is never needed


def test_a_short_step_on_the_way_is_not_taken_for_the_end():
    x = GeneralizedExtremeValue(3.0, 2.0, -0.8).sample(20_000, rng=1)  # whose steps grow and shrink
    fitted = GeneralizedExtremeValue().fit(x)
    assert fitted.shape == pytest.approx(-0.80152388, abs=1e-7)


def test_a_step_that_leaves_a_row_outside_is_not_slack():
    x = GeneralizedExtremeValue(0.0, 1.0, -0.4).sample(50, rng=2)
    fitted = GeneralizedExtremeValue(0.0, 30.0, -0.4).fit(x)
    assert fitted.log_likelihood(x) == pytest.approx(GeneralizedExtremeValue().fit(x).log_likelihood(x), rel=1e-10)
