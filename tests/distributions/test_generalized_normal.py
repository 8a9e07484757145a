"""The generalized normal distribution: its members, its limits, and the location that is one of the rows."""

import math

import numpy as np
import pytest

from distributions import DegenerateDataError, GeneralizedNormal, InvalidParameterError, Laplace, Normal


def test_laplace_and_normal_are_members(rng):
    x = rng.normal(3.0, 2.0, 200)
    laplace = GeneralizedNormal(shape=1.0).freeze("shape").fit(x)
    normal = GeneralizedNormal(shape=2.0).freeze("shape").fit(x)
    np.testing.assert_allclose(laplace.log_pdf(x), Laplace().fit(x).log_pdf(x), rtol=1e-12)
    np.testing.assert_allclose(normal.log_pdf(x), Normal().fit(x).log_pdf(x), rtol=1e-9)
    np.testing.assert_allclose(normal.cdf(x), Normal().fit(x).cdf(x), rtol=1e-9)


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("weighted", [False, True])
def test_below_shape_one_the_location_is_the_best_of_all_rows(rng, shape, weighted):
    x = np.round(GeneralizedNormal(5.0, 2.0, shape).sample(300, rng), 2)
    weight = rng.integers(1, 4, len(x)).astype(float) if weighted else np.ones(len(x))
    fitted = GeneralizedNormal(shape=shape).freeze("shape").fit(x, weight)
    sums = np.abs(x[:, np.newaxis] - x) ** shape @ weight
    reached = np.abs(x - fitted.loc) ** shape @ weight
    assert reached == pytest.approx(sums.min(), rel=1e-12)


def test_rows_at_even_distances_end_at_the_limit_which_is_the_uniform():
    x = np.linspace(2.0, 6.0, 400)
    fitted = GeneralizedNormal().fit(x)
    assert fitted.shape == 1e3
    np.testing.assert_allclose([fitted.loc, fitted.scale], [4.0, 2.0], rtol=2e-3)


def test_equal_rows_have_no_maximum_unless_the_scale_is_frozen():
    with pytest.raises(DegenerateDataError, match="scale"):
        GeneralizedNormal().fit([3.0, 3.0, 3.0])
    fitted = GeneralizedNormal(scale=1.0).freeze("scale").fit([3.0, 3.0])
    assert fitted.loc == 3.0
    assert 1.0 + 1.0 / fitted.shape == pytest.approx(1.4616321449683622)  # where gamma is least


def test_nothing_underflows_near_the_centre_of_a_nearly_uniform_distribution():
    made = GeneralizedNormal(0.0, 1.0, 500.0)
    z = np.array([1e-9, 1e-3, 0.1, 0.5])
    np.testing.assert_allclose(made.cdf(z) - 0.5, 0.5 * z / math.gamma(1.002), atol=1e-15)
    np.testing.assert_allclose(made.ppf(made.cdf(-z)), -z, rtol=1e-6)


def test_mean_and_standard_deviation_name_one():
    made = GeneralizedNormal.from_mean_std(-2.0, std=3.0, shape=0.7)
    np.testing.assert_allclose([made.mean, made.std], [-2.0, 3.0])
    with pytest.raises(InvalidParameterError, match="shape must be a finite number > 0"):
        GeneralizedNormal.from_mean_std(0.0, 1.0, shape=0.0)
