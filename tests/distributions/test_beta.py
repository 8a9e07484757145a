"""The beta distribution at its edges; what holds for every family is in the law."""

import numpy as np
import pytest
from scipy.special import digamma

from distributions import Beta, DegenerateDataError, InvalidDataError, InvalidParameterError

INF, NAN = np.inf, np.nan


def test_the_support_is_open_at_both_ends():
    d = Beta(0.5, 1.0)
    np.testing.assert_array_equal(d.log_pdf([0.0, 1.0, -1.0, 2.0, INF, NAN]), [-INF] * 5 + [NAN])
    np.testing.assert_array_equal(d.cdf([-1.0, 0.0, 1.0, 2.0, NAN]), [0.0, 0.0, 1.0, 1.0, NAN])
    np.testing.assert_array_equal(d.ppf([0.0, 1.0, -0.1, 1.1, NAN]), [0.0, 1.0, NAN, NAN, NAN])
    with pytest.raises(InvalidDataError, match="1 of 2 rows"):
        Beta().fit([0.5, 1.0])


@pytest.mark.parametrize("a", [1e-3, 0.3, 2.0, 1e4, 1e9])
@pytest.mark.parametrize("b", [1e-3, 0.7, 30.0, 1e6])
def test_update_solves_the_likelihood_equations_from_afar(a, b):
    # Statistics whose maximum is (a, b), about other parameters: mean of log x, of log(1 - x), and a mean of x.
    for start in (Beta(1.0, 1.0), Beta(0.2, 40.0), Beta(1e4, 3.0)):
        n = start.a + start.b
        c, e = start.a / n, start.b / n
        logs = digamma(np.array([a, b])) - digamma(a + b)
        shift = a / (a + b) - c
        stats = np.array([1.0, shift, shift - c * (logs[0] - np.log(c)), -shift - e * (logs[1] - np.log(e))])
        theta = start.to_theta()
        Beta.kernels.update(stats, theta, np.array([[0.0, 0.0], [1e300, 1e300]]))
        if max(a, b) <= 1e4:  # beyond, these statistics themselves have lost the digits
            np.testing.assert_allclose(theta, [a, b], rtol=1e-5)
        assert np.isfinite(theta).all()


def test_constant_data_have_no_maximum():
    for x in ([0.3], [0.1] * 5, [1e-9] * 3, [1.0 - 1e-9] * 3):
        with pytest.raises(DegenerateDataError, match="grows without bound in"):
            Beta().fit(x)


def test_a_narrow_distribution_is_exact():
    x = 0.25 + 2.0**-40 * np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    fitted = Beta().fit(x)
    assert fitted.a + fitted.b == pytest.approx(0.1875 / (4.0 * 2.0**-80), rel=1e-3)
    assert fitted.mean == 0.25


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("value", [0.1, 3.0, 1e6])
def test_with_one_frozen_the_other_is_at_its_maximum(name, value):
    x, other = Beta(3.0, 5.0).sample(60, rng=0), "b" if name == "a" else "a"
    best = Beta(**{name: value}).freeze(name).fit(x)
    for factor in (1.0 - 1e-4, 1.0 + 1e-4):
        moved = best.with_values(**{other: getattr(best, other) * factor})
        assert moved.log_likelihood(x) < best.log_likelihood(x)


def test_mean_and_concentration_make_the_same_distribution():
    assert Beta.from_mean_concentration(0.2, 10.0) == Beta(2.0, 8.0)
    with pytest.raises(InvalidParameterError, match="Beta: mean must be a number between 0 and 1"):
        Beta.from_mean_concentration(1.0, 10.0)
    with pytest.raises(InvalidParameterError, match="Beta: concentration must be"):
        Beta.from_mean_concentration(0.5, 0.0)


def test_draws_stay_inside_however_small_the_shapes():
    x = Beta(1e-3, 1e-3).sample(1000, rng=0)
    assert x.min() > 0.0 and x.max() < 1.0
