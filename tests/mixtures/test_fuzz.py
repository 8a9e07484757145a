"""Whatever is handed to `fit`, it ends in a finite fit with a history that never falls, or in an error of our own.

The long profile (see `profiles`) tries 20,000 examples, or as many as ``FUZZ_EXAMPLES`` in the environment says.
"""

import os
import time
import warnings

import fuzz
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from profiles import either

from mixtures import (
    ConvergenceWarning,
    DegeneracyWarning,
    Distribution,
    InvalidDataError,
    InvalidParameterError,
    MeasureWarning,
    MixtureModel,
)
from mixtures.em import MOST_FALL

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", either(60, 20_000)))
PATIENCE = 5.0  # seconds
OURS = (ConvergenceWarning, DegeneracyWarning, MeasureWarning)


def numbers(value):
    """All numbers in a record."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers(part)]
    if isinstance(value, (list, tuple)):
        return [number for part in value for number in numbers(part)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """The loops, so that no example waits for them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for component in [*fuzz.BARE, *fuzz.MADE]:
            for x in (np.array([1.0, 2.0, 3.0, 5.0]), np.array([[0.2, 0.8], [0.4, 0.6], [0.3, 0.7]]), np.array([0, 1])):
                try:
                    MixtureModel([component, component], max_iter=2, n_init=2).fit(x)
                except ValueError:
                    continue


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 100,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
@given(fuzz.problems())
def test_a_fit_ends_finite_or_in_our_own_error(problem):
    components, x, weight = problem
    began = time.process_time()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = MixtureModel(components, n_init=3, max_iter=50).fit(x, sample_weight=weight)
        except (InvalidDataError, InvalidParameterError) as error:
            event("refused")
            assert len(str(error)) > 20
            return
        finally:
            assert time.process_time() - began < PATIENCE
    event("fitted")
    foreign = [str(warning.message) for warning in caught if not issubclass(warning.category, OURS)]
    assert not foreign, foreign[0]
    assert np.isfinite(model.log_likelihood_)
    assert np.isfinite(model.history_).all()
    allowed = 1e-8 * (np.abs(model.history_[:-1]) + model.total_weight_)
    if any(type(leaf.distribution).rounding is not Distribution.rounding for leaf in model.outline().leaves.values()):
        allowed += MOST_FALL * model.total_weight_  # of a covariance that is all but singular
    falls = np.diff(model.history_) < -allowed
    if model.converged_reason_.startswith("stopped: an update lowered"):
        assert not falls[:-1].any()
        assert not model.converged_
    else:
        assert not falls.any()
    parameters = [number for part in model.components_ for number in numbers(part.to_dict())]
    assert np.isfinite(parameters).all()
    assert model.weights_.sum() == pytest.approx(1.0, rel=1e-9)
