"""The von Mises and the von Mises-Fisher distribution: the cut, the sphere, and exact maxima."""

import mpmath
import numpy as np
import pytest
from scipy.stats import vonmises_fisher

from distributions import DegenerateDataError, InvalidDataError, InvalidParameterError, VonMises, VonMisesFisher
from mixtures import MixtureModel


def wrapped(x):
    return np.mod(x + np.pi, 2.0 * np.pi) - np.pi


def test_the_cut_does_not_matter(rng):
    x, weight = rng.vonmises(0.3, 4.0, 100), rng.uniform(0.1, 3.0, 100)
    here = VonMises().fit(x, weight)
    for turn in (1.0, 2.9, np.pi, -2.5):
        there = VonMises().fit(wrapped(x + turn), weight)
        assert wrapped(there.loc - turn - here.loc) == pytest.approx(0.0, abs=1e-12)
        assert there.concentration == pytest.approx(here.concentration, rel=1e-10)


def test_angles_out_of_range_are_refused_with_the_remedy():
    with pytest.raises(InvalidDataError, match=r"radians \(np.mod.* wraps any angle\)"):
        VonMises().fit([0.1, 3.2])
    assert VonMises(0.0, 1.0).log_pdf(3.2) == -np.inf
    with pytest.raises(InvalidParameterError, match="loc must be an angle from -pi to pi"):
        VonMises(4.0, 1.0)


@pytest.mark.parametrize("concentration", [0.0, 1e-3, 0.7, 12.0, 400.0, 1e5])
@pytest.mark.parametrize("loc", [0.0, 2.5])
def test_probabilities_against_mpmath(concentration, loc):
    d = VonMises(loc, concentration)
    width = 1.0 / np.sqrt(1.0 + concentration)
    with mpmath.workdps(30):
        scale = 2 * mpmath.pi * mpmath.besseli(0, concentration) * mpmath.exp(-mpmath.mpf(concentration))

        def density(t):
            return mpmath.exp(concentration * (mpmath.cos(t - loc) - 1)) / scale

        for away in (-8.0, -3.0, -0.5, 0.0, 2.0):
            x = loc + away * width
            if not -np.pi < x < np.pi:
                continue
            about = [loc + turn + k * width for turn in (0.0, -2.0 * np.pi) for k in np.arange(-14.0, 15.0)]
            knots = sorted(k for k in {*about, -2.0, -1.0, 0.0, 1.0, 2.0} if -np.pi < k < x)
            exact = mpmath.quad(density, [mpmath.mpf(-np.pi), *knots, mpmath.mpf(x)])
            assert d.cdf(x) == pytest.approx(float(exact), rel=1e-10)
            assert d.ppf(d.cdf(x)) == pytest.approx(x, abs=1e-9 * width)


def test_ends_of_concentration():
    assert VonMises().fit([0.0, np.pi / 2, np.pi, -np.pi / 2]).concentration == pytest.approx(0.0, abs=1e-7)
    with pytest.raises(DegenerateDataError, match="concentration"):
        VonMises().fit([1.0, 1.0])
    x = 1.0 + 1e-7 * np.array([-1.0, 0.0, 1.0])
    assert VonMises().fit(x).concentration == pytest.approx(1.5e14, rel=1e-6)  # one over the variance
    # A frozen direction that the rows point away from.
    away = VonMises(loc=0.0).freeze("loc").fit([3.0, -3.0, 2.0])
    assert away.concentration == 0.0


def test_the_mean_and_its_circular_kin():
    assert VonMises(2.0, 3.0).resultant == pytest.approx(float(mpmath.besseli(1, 3) / mpmath.besseli(0, 3)), rel=1e-14)
    assert VonMises(0.0, 3.0).mean == pytest.approx(0.0, abs=1e-12)
    assert VonMises(3.0, 3.0).mean < 2.0  # of a number that the cut tears apart


def test_mixture_of_directions(rng):
    x = np.concatenate([rng.vonmises(3.0, 8.0, 600), rng.vonmises(0.5, 3.0, 400)])
    model = MixtureModel([VonMises(), VonMises()]).fit(x)
    assert sorted(model.weights_) == pytest.approx([0.4, 0.6], abs=0.06)
    assert model.converged_


@pytest.mark.parametrize("d", [2, 3, 10, 2000])
@pytest.mark.parametrize("concentration", [0.0, 1.0, 100.0, 1e6])
def test_a_sphere_is_fitted(rng, d, concentration):
    direction = rng.standard_normal(d)
    truth = VonMisesFisher(direction / np.linalg.norm(direction), concentration)
    x = truth.sample(500, rng)
    assert np.allclose(np.linalg.norm(x, axis=1), 1.0, rtol=1e-14)
    fitted = VonMisesFisher().fit(x)
    mean = x.mean(axis=0)
    assert fitted.loc == pytest.approx(mean / np.linalg.norm(mean), abs=1e-12)
    away = 0.5 * np.mean(np.sum((x - fitted.loc) ** 2, axis=1))
    assert 1.0 - fitted.resultant == pytest.approx(away, rel=1e-7, abs=1e-15)
    assert fitted.log_likelihood(x) >= truth.log_likelihood(x) - 1e-7


def test_density_on_the_sphere_integrates_to_one(rng):
    for d, concentration in ((2, 3.0), (3, 5.0), (6, 2.0)):
        uniform = VonMisesFisher(np.eye(d)[0], 0.0)
        x = uniform.sample(40_000, rng)
        ratio = VonMisesFisher(np.ones(d) / np.sqrt(d), concentration).pdf(x) / uniform.pdf(x)
        assert ratio.mean() == pytest.approx(1.0, abs=6.0 * ratio.std() / 200.0)


def test_draws_have_the_moments_of_the_sphere(rng):
    for d, concentration in ((2, 0.5), (3, 5.0), (20, 40.0)):
        truth = VonMisesFisher(np.eye(d)[1] * 0.6 + np.eye(d)[0] * 0.8, concentration)
        x = truth.sample(20_000, rng)
        assert x.mean(axis=0) == pytest.approx(truth.mean, abs=6.0 * float(truth.std.max()) / np.sqrt(20_000))
        assert x.var(axis=0) == pytest.approx(truth.var, rel=0.1)


def test_two_columns_are_angles(rng):
    angle, weight = rng.vonmises(1.0, 3.0, 60), rng.uniform(size=60)
    line, circle = VonMises().fit(angle, weight), VonMisesFisher().fit(np.c_[np.cos(angle), np.sin(angle)], weight)
    assert circle.concentration == pytest.approx(line.concentration, rel=1e-10)
    assert np.arctan2(*circle.loc[::-1]) == pytest.approx(line.loc, abs=1e-12)
    assert circle.log_pdf([[np.cos(2.0), np.sin(2.0)]])[0] == pytest.approx(line.log_pdf(2.0), rel=1e-9)


def test_fit_is_that_of_scipy(rng):
    x = VonMisesFisher([0.6, 0.0, 0.8], 7.0).sample(200, rng)
    loc, concentration = vonmises_fisher.fit(x)
    fitted = VonMisesFisher().fit(x)
    assert fitted.loc == pytest.approx(loc, abs=1e-12)
    assert fitted.concentration == pytest.approx(concentration, rel=1e-8)


def test_rows_of_another_length_are_refused():
    with pytest.raises(InvalidDataError, match="length one"):
        VonMisesFisher().fit([[1.0, 0.0], [1.0, 1.0]])
    with pytest.raises(InvalidParameterError, match="at least two entries"):
        VonMisesFisher([1.0], 2.0)
