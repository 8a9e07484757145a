"""`Distribution`: how a family is declared, what a value can do, and the view that the compiled loops have of it."""

import json

import numpy as np
import pytest

from distributions import (
    DegenerateDataError,
    Distribution,
    Exponential,
    InvalidDataError,
    InvalidParameterError,
    InvalidRecordError,
    Kernels,
    MultivariateNormal,
    Normal,
    Poisson,
    UnknownParameterError,
    parameter,
)
from distributions.domains import NON_NEGATIVE, POSITIVE, REAL
from distributions.estimation import BLOCK, relative_step


class Ramp(Distribution):
    """Two parameters and a setting that is none; the density is beside the point."""

    low: float = parameter(REAL, power=1)
    width: float = parameter(POSITIVE, power=1)
    label: str = "plain"

    def log_pdf(self, x):
        return np.zeros(np.shape(x))

    def fit(self, x, sample_weight=None):
        return self.with_values(low=np.min(x), width=np.ptp(x))

    def sample(self, size, rng=None):
        return np.zeros(size)


class SteepRamp(Ramp):
    slope: float = parameter(NON_NEGATIVE)


# ------------------------------------------------------------------------------------------------ declaration


def test_declared_parameters_are_fields_in_order_and_unknown_until_given():
    assert Ramp().parameters == {"low": None, "width": None}
    assert Ramp().unknown == ("low", "width")
    assert Ramp(1.0).unknown == ("width",)
    assert Ramp(1.0, width=2.0).unknown == ()
    assert Ramp(1.0, 2.0).n_parameters == 2


def test_a_subclass_adds_its_parameters_to_the_inherited_ones():
    steep = SteepRamp(1.0, 2.0, slope=0.5)
    assert steep.parameters == {"low": 1.0, "width": 2.0, "slope": 0.5}
    assert steep.freeze("low").n_parameters == 2
    with pytest.raises(InvalidParameterError, match=r"SteepRamp: slope must be a finite number >= 0; got -1"):
        SteepRamp(slope=-1)


@pytest.mark.parametrize("value", [3, np.float32(3), np.int64(3), np.array(3.0)])
def test_a_number_of_any_type_is_stored_as_a_float(value):
    assert type(Normal(mean=value).mean) is float
    assert Normal(mean=value) == Normal(mean=3.0)


@pytest.mark.parametrize("value", [True, "3", [3.0], 3j, {}, np.array([1.0, 2.0])])
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(InvalidParameterError, match="Normal: mean must be a finite number; got"):
        Normal(mean=value)


def sampler(self, size, rng=None):
    return np.zeros(size)


def density(self, x):
    return np.zeros(np.shape(x))


@pytest.mark.parametrize(
    "body, message",
    [
        ({}, r"Mistaken must define log_pdf, fit, sample \(or kernels and sample\)"),
        ({"log_pdf": density, "sample": sampler}, r"Mistaken must define fit \(or"),
        ({"kernels": Normal.kernels, "n_statistics": 3}, "Mistaken must define sample$"),
        ({"kernels": Normal.kernels, "sample": sampler}, "Mistaken must define n_statistics, the length"),
        (
            {"log_pdf": density, "fit": lambda self, x: self, "sample": sampler, "__init__": lambda self, a: None},
            r"Mistaken must declare its parameters as fields, such as rate: float = parameter\(POSITIVE\)",
        ),
    ],
)
def test_an_incomplete_class_is_refused_where_it_is_written(body, message):
    with pytest.raises(TypeError, match=message):
        type("Mistaken", (Distribution,), body)


def test_a_base_of_families_may_lack_some_of_what_they_need():
    class OnZeros(Distribution, abstract=True):
        def log_pdf(self, x):
            return np.where(np.ravel(x) == 0.0, 0.0, -np.inf)

    class Zeros(OnZeros):
        def fit(self, x, sample_weight=None):
            return self

        sample = sampler

    assert Distribution.from_dict(Zeros().to_dict()) == Zeros()
    with pytest.raises(InvalidRecordError, match="unknown family 'OnZeros'"):
        Distribution.from_dict({"family": "OnZeros", "parameters": {}})
    with pytest.raises(TypeError, match="Half must define fit, sample"):
        type("Half", (OnZeros,), {})


def test_a_class_that_was_refused_is_not_registered():
    with pytest.raises(TypeError):
        type("NeverMade", (Distribution,), {})
    with pytest.raises(InvalidParameterError, match="unknown family 'NeverMade'"):
        Distribution.from_dict({"family": "NeverMade", "parameters": {}})


# ------------------------------------------------------------------------------------------------ as a value


def test_freeze_is_a_copy_that_adds_to_what_is_frozen():
    normal = Normal(1.0, 2.0)
    held = normal.freeze("mean")
    assert normal.frozen == frozenset()
    assert held.frozen == {"mean"}
    assert held.freeze("mean").frozen == {"mean"}
    assert held.freeze("std").frozen == {"mean", "std"} == normal.freeze().frozen


def test_freeze_names_what_is_wrong():
    with pytest.raises(InvalidParameterError, match="Normal has no parameter 'scale'; it has mean, std"):
        Normal(1.0, 2.0).freeze("mean", "scale")
    with pytest.raises(UnknownParameterError, match=r"Normal\(mean=1.0\) cannot freeze mean, std: std is unknown"):
        Normal(1.0).freeze()
    assert Normal(1.0).freeze("mean").frozen == {"mean"}


def test_with_values_changes_what_is_named_and_keeps_the_rest():
    held = Ramp(1.0, 2.0, "other").freeze("low")
    assert held.with_values(width=5.0) == Ramp(1.0, 5.0, "other").freeze("low")
    assert held.with_values(width=None).unknown == ("width",)
    assert held.width == 2.0


@pytest.mark.parametrize(
    "distribution, text",
    [
        (Normal(), "Normal()"),
        (Normal(std=2), "Normal(std=2.0)"),
        (Normal(1, 2).freeze("std"), "Normal(mean=1.0, std=2.0).freeze('std')"),
        (Ramp(label="other"), "Ramp(label='other')"),
        (MultivariateNormal([1, 2]), "MultivariateNormal(mean=[1.0, 2.0])"),
    ],
)
def test_repr_is_what_one_would_type(distribution, text):
    assert repr(distribution) == text


def test_equality_is_of_class_values_settings_and_what_is_frozen():
    assert Ramp(1.0, 2.0) != Ramp(1.0, 2.0, "other")
    assert Ramp(1.0, 2.0) != SteepRamp(1.0, 2.0)
    assert Normal(1.0, 2.0).freeze("mean") != Normal(1.0, 2.0).freeze("std")
    assert Normal(1.0) != Normal(1.0, 1.0)
    assert len({Normal(1, 2), Normal(1.0, 2.0), Normal(1.0, 2.0).freeze()}) == 2


@pytest.mark.parametrize(
    "one, other",
    [
        (Normal(0.0, 1.0), Normal(-0.0, 1.0)),
        (MultivariateNormal([0.0, 1.0], np.eye(2)), MultivariateNormal([-0.0, 1.0], [[1.0, -0.0], [-0.0, 1.0]])),
    ],
)
def test_minus_zero_is_zero(one, other):
    assert one == other
    assert hash(one) == hash(other)


# ------------------------------------------------------------------------------------------------ JSON, registry


@pytest.mark.parametrize(
    "original", [Normal(0.1 + 0.2, 1e-308).freeze("mean"), Poisson(), Ramp(-1e300, None, "other").freeze("low")]
)
def test_a_record_keeps_every_bit_and_what_is_frozen_or_unknown(original):
    assert Distribution.from_dict(json.loads(json.dumps(original.to_dict()))) == original
    assert Distribution.from_json(original.to_json()) == original


@pytest.mark.parametrize(
    "text, message",
    [
        ("3", "needs the keys 'family' and 'parameters'"),
        ("[]", "needs the keys"),
        ('{"family": "Normal"}', "needs the keys"),
        ('{"family": "os.system", "parameters": {}}', "unknown family 'os.system'; known are .*Exponential"),
        ('{"family": "Distribution", "parameters": {}}', "unknown family"),
        ('{"family": ["Normal"], "parameters": {}}', r"unknown family \['Normal'\]"),
        ('{"family": null, "parameters": {}}', "unknown family None"),
        ('{"family": "Normal", "parameters": [1, 2]}', r"Normal has no such parameters: \[1, 2\]"),
        ('{"family": "Normal", "parameters": {"frozen": ["mean"]}}', "Normal has no such parameters"),
        ('{"family": "Normal", "parameters": {"mean": "0"}}', "Normal: mean must be a finite number; got '0'"),
        ('{"family": "Normal", "parameters": {"mean": {"a": 1}}}', "Normal: mean must be a finite number"),
        ('{"family": "Normal", "parameters": {"mean": NaN}}', "Normal: mean must be a finite number; got nan"),
        ('{"family": "Normal", "parameters": {"mean": 1}, "frozen": 5}', "frozen must be a list of names; got 5"),
        ('{"family": "Normal", "parameters": {"mean": 1}, "frozen": "mean"}', "frozen must be a list of names"),
        ('{"family": "Normal", "parameters": {"mean": 1}, "frozen": ["rate"]}', "Normal has no parameter 'rate'"),
        ('{"family": "Normal", "parameters": {"mean": 1}, "frozen": [["mean"]]}', "Normal has no parameter"),
        ('{"family": "MultivariateNormal", "parameters": {"structure": "odd"}}', "structure must be one of full"),
        ('{"family": "MultivariateNormal", "parameters": {"mean": [[1]]}}', "mean must be a vector"),
        ('{"family": "MultivariateNormal", "parameters": {"cov": [[1, 2], [3]]}}', "cov must be a symmetric"),
    ],
)
def test_a_hostile_record_is_an_error_that_says_what_is_wrong(text, message):
    with pytest.raises(InvalidRecordError, match=message):
        Distribution.from_dict(json.loads(text))


def test_a_record_is_read_by_its_class_or_by_all():
    record = Normal(0.0, 1.0).to_dict()
    assert Normal.from_dict(record) == Distribution.from_dict(record) == Normal(0.0, 1.0)
    with pytest.raises(InvalidRecordError, match="it is the record of a Normal, not of a Poisson"):
        Poisson.from_dict(record)
    with pytest.raises(InvalidRecordError, match="the strange key 'note'"):
        Distribution.from_dict({**record, "note": 1})


def test_a_user_s_class_cannot_take_the_name_of_ours_but_may_be_written_again():
    body = {"log_pdf": density, "fit": lambda self, x, sample_weight=None: self, "sample": sampler}
    type("Normal", (Distribution,), dict(body))
    assert type(Distribution.from_dict({"family": "Normal", "parameters": {}})) is Normal
    type("Rewritten", (Distribution,), dict(body))
    second = type("Rewritten", (Distribution,), dict(body))
    assert type(Distribution.from_dict({"family": "Rewritten", "parameters": {}})) is second


# ------------------------------------------------------------------------------------------------ density, fit


def test_rows_beyond_one_block_are_all_seen(rng):
    x, weight = rng.normal(3.0, 2.0, 2 * BLOCK + 17), rng.uniform(size=2 * BLOCK + 17)
    exact = -0.5 * ((x - 1.0) / 2.0) ** 2 - np.log(2.0 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(Normal(1.0, 2.0).log_pdf(x), exact, rtol=1e-13)
    for w in (None, weight):
        mean = np.average(x, weights=w)
        fitted = Normal().fit(x, sample_weight=w)
        assert fitted.mean == pytest.approx(mean, rel=1e-13)
        assert fitted.std == pytest.approx(np.sqrt(np.average((x - mean) ** 2, weights=w)), rel=1e-13)


def test_log_likelihood_counts_weights_and_leaves_out_absent_rows():
    assert Exponential(2.0).log_likelihood([1.0, 3.0], [2.0, 0.5]) == pytest.approx(2.5 * np.log(2.0) - 2 * 3.5)
    assert Exponential(2.0).log_likelihood([1.0, -3.0, np.nan], [1.0, 0.0, 0.0]) == np.log(2.0) - 2.0
    assert Exponential(2.0).log_likelihood(1.0) == np.log(2.0) - 2.0
    assert Exponential(2.0).log_likelihood([1.0, -3.0]) == -np.inf


@pytest.mark.parametrize("weight, message", [([-1.0, 1.0], "first: row 0, -1"), ([1.0], r"shape \(2,\); got shape")])
def test_log_likelihood_refuses_bad_weights(weight, message):
    with pytest.raises(InvalidDataError, match=message):
        Normal(0.0, 1.0).log_likelihood([1.0, 2.0], weight)


@pytest.mark.parametrize(
    "family, x, message",
    [
        (
            Exponential(),
            [1.0, -2.0, -3.0],
            r"Exponential needs x to be .*>= 0; 2 of 3 rows \(first: row 1, -2\) are not",
        ),
        (Exponential(), [1.0, -2.0], "Use Normal, or transform the data"),
        (Poisson(), [1.0, 2.5], "Use Exponential or Normal, or transform the data"),
    ],
)
def test_a_row_outside_the_support_is_told_with_the_families_that_would_take_it(family, x, message):
    with pytest.raises(InvalidDataError, match=message):
        family.fit(x)


def test_constant_data_degenerate_only_where_a_scale_is_free():
    with pytest.raises(DegenerateDataError, match="of these 3 rows has no maximum, it grows without bound in std"):
        Normal().fit([5.0, 5.0, 5.0])
    assert Normal(std=2.0).freeze("std").fit([5.0, 5.0, 5.0]) == Normal(5.0, 2.0).freeze("std")
    assert Normal(mean=4.0).freeze("mean").fit([5.0, 5.0, 5.0]) == Normal(4.0, 1.0).freeze("mean")
    assert Poisson().fit([5, 5, 5]) == Poisson(5.0)


# ------------------------------------------------------------------------------- the view of the compiled loops


def test_theta_is_the_parameters_in_order_and_frozen_ones_are_not_read_back():
    held = Normal(0.1 + 0.2, 2.0).freeze("mean")
    np.testing.assert_array_equal(held.to_theta(), [0.1 + 0.2, 2.0])
    back = held.from_theta(np.array([99.0, 5.0]))
    assert back == Normal(0.1 + 0.2, 5.0).freeze("mean")


INF = np.inf


@pytest.mark.parametrize(
    "distribution, low, high",
    [
        (Normal(5.0, 2.0), [-INF, 0.3], [INF, INF]),
        (Normal(5.0, 0.1), [-INF, 0.1], [INF, INF]),  # a start below the floor is not lifted
        (Normal(5.0, 2.0).freeze("mean"), [5.0, 0.3], [5.0, INF]),
        (Normal(5.0, 2.0).freeze("std"), [-INF, 2.0], [INF, 2.0]),
        (Exponential(2.0), [0.0], [1 / 0.3]),
        (Exponential(7.0), [0.0], [7.0]),
        (Poisson(2.0), [0.0], [INF]),  # a pure number has no floor
    ],
)
def test_bounds_pin_what_is_frozen_and_floor_what_is_a_scale(distribution, low, high):
    np.testing.assert_allclose(distribution.bounds(np.array([30.0]), 0.01), [low, high], rtol=1e-15)


@pytest.mark.parametrize(
    "distribution, theta, names",
    [
        (Normal(5.0, 2.0), [5.0, 0.3], ("std",)),
        (Normal(5.0, 2.0), [5.0, 0.31], ()),
        (Normal(5.0, 2.0).freeze(), [5.0, 2.0], ()),
        (Exponential(2.0), [1 / 0.3], ("rate",)),
        (Poisson(2.0), [0.0], ()),  # the end of a domain is a maximum like any other
    ],
)
def test_at_bounds_names_the_free_parameters_that_a_floor_holds(distribution, theta, names):
    bounds = distribution.bounds(np.array([30.0]), 0.01)
    assert distribution.at_bounds(np.array(theta), bounds) == names


def test_a_step_is_measured_in_the_data_s_scale_for_locations_and_in_itself_for_scales():
    np.testing.assert_array_equal(Normal(5.0, 2.0).units(np.array([30.0])), [30.0, 0.0])
    np.testing.assert_array_equal(Exponential(2.0).units(np.array([30.0])), [0.0])
    units = np.array([30.0, 0.0, np.inf])
    before = np.array([1.0, 2.0, 3.0])
    assert relative_step(before, np.array([4.0, 2.0, 9.0]), units) == 0.1
    assert relative_step(before, np.array([1.0, 4.0, 9.0]), units) == 0.5
    assert relative_step(np.zeros(1), np.zeros(1), np.zeros(1)) == 0.0


@pytest.mark.parametrize("width", [1e-4, 0.5])
def test_fit_bounded_takes_the_maximum_above_the_floor(rng, width):
    rows = 3.0 + width * rng.normal(size=(50, 1))
    fitted, held = Normal().fit_bounded(rows, None, np.array([20.0]), 0.01)
    assert fitted.mean == pytest.approx(rows.mean(), rel=1e-14)
    assert fitted.std == pytest.approx(max(rows.std(), 0.2), rel=1e-14)
    assert held == (("std",) if width < 0.1 else ())


@pytest.mark.parametrize("width", [1e-4, 0.5])
def test_fit_bounded_takes_the_highest_rate_below_the_ceiling(rng, width):
    rows = width * rng.exponential(size=(50, 1))
    fitted, held = Exponential().fit_bounded(rows, None, np.array([20.0]), 0.01)
    assert fitted.rate == pytest.approx(min(1 / rows.mean(), 5.0), rel=1e-14)
    assert held == (("rate",) if width < 0.1 else ())


def test_fit_bounded_never_lifts_a_start_that_was_given(rng):
    rows = 3.0 + 1e-4 * rng.normal(size=(50, 1))
    fitted, held = Normal(3.0, 1e-3).fit_bounded(rows, None, np.array([20.0]), 0.01)
    assert fitted.std == 1e-3
    assert held == ("std",)


def test_fit_bounded_of_a_family_in_plain_numpy_is_its_own_fit():
    fitted, held = Ramp().fit_bounded(np.array([[1.0], [4.0]]), None, np.array([1.0]), 0.1)
    assert (fitted, held) == (Ramp(1.0, 3.0), ())


def test_kernels_in_the_wrong_place_are_refused_before_they_are_called():
    log_pdf, accumulate, update, *_ = Normal.kernels
    for wrong in (Kernels(accumulate, log_pdf, update), Kernels(log_pdf.py_func, accumulate, update)):
        with pytest.raises(TypeError, match=r"Kernels.log_pdf must be a function log_pdf\(X, theta, out\) decorated"):
            wrong.addresses  # noqa: B018
