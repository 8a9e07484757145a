"""Data in another unit, and far off, have the same partition, and the parameters in that unit."""

import numpy as np
import pytest

from mixtures import Exponential, MixtureModel, MultivariateNormal, Normal

UNITS = [(1.0, 1e8), (1e-8, 0.0), (1e8, 0.0), (1e8, 1e8)]  # factor of the data's scale, and offset in that unit


def two_groups(d):
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.normal(0.0, 1.0, (120, d)), rng.normal(4.0, 1.5, (80, d))])
    return np.round(x * 2.0**20) / 2.0**20  # so that an offset of 1e8 loses little of it


@pytest.mark.parametrize("scale, offset", UNITS)
@pytest.mark.parametrize(
    "components, d, settings",
    [
        ([Normal()] * 2, 1, {}),
        ([Normal()] * 2, 1, {"tied": "std"}),
        ([MultivariateNormal()] * 2, 2, {}),
        ([MultivariateNormal()] * 2, 2, {"covariance": "EEE"}),
    ],
)
def test_shift_and_scale_change_nothing_but_the_unit(components, d, settings, scale, offset):
    x = two_groups(d)
    model = MixtureModel(components, n_init=10, **settings).fit(x)
    other = MixtureModel(components, n_init=10, **settings).fit(scale * (x + offset))
    np.testing.assert_array_equal(other.predict(scale * (x + offset)), model.predict(x))
    np.testing.assert_allclose(other.weights_, model.weights_, rtol=1e-6)
    for one, same in zip(other.components_, model.components_, strict=True):
        np.testing.assert_allclose(one.mean, scale * (same.mean + offset), rtol=1e-6)
        np.testing.assert_allclose(np.asarray(one.mean) / scale - offset, same.mean, atol=1e-6)
        np.testing.assert_allclose(one.cov, scale**2 * same.cov, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_a_scale_changes_nothing_for_positive_data(scale):
    rng = np.random.default_rng(6)
    x = np.concatenate([rng.exponential(1.0, 150), rng.normal(9.0, 0.7, 100)])
    model, other = (MixtureModel([Exponential(), Normal()], n_init=10).fit(unit * x) for unit in (1.0, scale))
    np.testing.assert_array_equal(other.predict(scale * x), model.predict(x))
    np.testing.assert_allclose(other.weights_, model.weights_, rtol=1e-6)
    assert other.components_[0].rate * scale == pytest.approx(model.components_[0].rate, rel=1e-6)
    assert other.components_[1].std / scale == pytest.approx(model.components_[1].std, rel=1e-6)
