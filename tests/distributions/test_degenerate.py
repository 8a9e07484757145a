"""Data from which little or nothing can be learned: `fit` gives a finite result, or an error of ours that says why."""

from __future__ import annotations

import re
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from catalogue import FAMILIES, distributions_of
from profiles import either

import distributions
from distributions import ConvergenceWarning, DegeneracyWarning, Distribution, InvalidDataError, registry
from distributions.law.case import Case
from distributions.law.fit import outside_cells

ERRORS = (distributions.InvalidDataError, distributions.InvalidParameterError, distributions.UnknownParameterError)
N, BAD_ROW = 24, 17
# A covariance has the square of it, and its floor is smaller by 28 digits.
FACTORS = either((1e-60, 1e60), (1e-60, 1e-12, 1e12, 1e60))
FACTORS_OF_COUNTS = (1e-12, 1e12)  # beyond 2^53 they are no longer told from one another


def cases_of(family: type[Distribution]) -> list[Case]:
    """Return a family at its settings and at random parameters, once for each way in which a fit starts."""
    seed = zlib.crc32(family.__name__.encode())
    cases = [Case(d, seed + i) for i, d in enumerate(distributions_of(family, 2))]
    return list({repr(case.blank): case for case in cases}.values())


def degenerate(case: Case) -> dict[str, np.ndarray]:
    """Name the odd data sets that lie in the support."""
    x = case.draw(N, "degenerate")
    others = x[np.any(x.reshape(N, -1) != x.reshape(N, -1)[0], axis=1)]
    named = {
        "one point": x[:1],
        "constant": np.repeat(x[:1], N, axis=0),
        "two points": np.concatenate([x[:1], others[:1]]),
        "two values": np.concatenate([np.repeat(x[:1], N, axis=0), others[:1]]),
        "all zero": np.zeros_like(x),
        "one zero": np.zeros_like(x[:1]),
        "zeros and one": np.concatenate([np.zeros_like(x), x[:1]]),
    }
    discrete = case.distribution.support.discrete
    for factor in FACTORS_OF_COUNTS if discrete else FACTORS:
        named[f"times {factor}"] = np.floor(x * factor) if discrete else x * factor
        named[f"constant times {factor}"] = np.repeat(named[f"times {factor}"][:1], N, axis=0)
        named[f"beside one times {factor}"] = np.concatenate([x, named[f"times {factor}"][:1]])
    rows = {name: data.reshape(len(data), -1) for name, data in named.items()}
    return {name: data for name, data in named.items() if case.blank.support.holds(rows[name]).all()}


def is_finite(value: Any) -> bool:
    """Whether a parameter is a finite number or an array of them; other things, such as labels, have no say."""
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.all(np.isfinite(array)))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_degenerate_data_give_a_finite_result_or_an_error_of_ours(family: type[Distribution]) -> None:
    failures = []
    for case in cases_of(family):
        for name, x in degenerate(case).items():
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    warnings.simplefilter("ignore", DegeneracyWarning)
                    fitted = case.fit(x)
                    finite = all(map(is_finite, fitted.parameters.values()))
                    if not finite or not np.isfinite(np.sum(fitted.log_pdf(x))):
                        failures.append(
                            f"{case.blank!r}, {name}: {fitted!r}, log-likelihood {fitted.log_likelihood(x)}"
                        )
            except ERRORS as error:
                if not str(error).strip():
                    failures.append(f"{case.blank!r}, {name}: an error without a text")
            except Exception as error:
                failures.append(f"{case.blank!r}, {name}: {type(error).__name__}: {error}")
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_a_row_outside_the_support_is_shown_with_a_family_that_takes_it(family: type[Distribution]) -> None:
    for case in cases_of(family):
        for cell in outside_cells(case):
            if not np.isfinite(cell):
                continue
            x = case.draw(N, "outside")
            x.reshape(N, -1)[BAD_ROW, 0] = cell
            if case.blank.prepare(x).support.contains(cell):  # labels are what the data say they are
                continue
            with pytest.raises(InvalidDataError) as caught:
                case.fit(x)
            message = str(caught.value)
            assert family.__name__ in message
            assert re.search(rf"1 of {N} rows \(first: row {BAD_ROW}, {re.escape(f'{cell:g}')}", message), message
            others = registry.suitable(x.reshape(N, -1), case.distribution.n_columns)
            assert not others or any(re.search(rf"Use .*\b{other}\b", message) for other in others), message
