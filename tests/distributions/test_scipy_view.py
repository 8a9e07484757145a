"""Distributions as SciPy's, and SciPy's as families of this package."""

import pickle

import numpy as np
import pytest
from catalogue import TRIALS
from scipy import stats

from distributions import (
    Bernoulli,
    Exponential,
    Gamma,
    InvalidParameterError,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    PointMass,
    Poisson,
    Shifted,
    Truncated,
    UnknownParameterError,
    VonMises,
    ZeroInflated,
    from_scipy,
)
from mixtures import MixtureModel

MIXTURE = MixtureModel([Normal(-1.0, 1.0), Gamma(3.0, 0.5)], weights=[0.3, 0.7])
COUNTS = MixtureModel([Poisson(2.0), ZeroInflated(NegativeBinomial(3.0, 0.2), prob=0.3)])
VIEWED = [
    Normal(3e5, 2e-3),
    Exponential(0.2),
    VonMises(1.0, 2.0),
    Truncated(Normal(0.0, 1.0), low=0.5),
    Bernoulli(0.3),
    ZeroInflated(Poisson(3.0), prob=0.2),
    PointMass(2.0),
    MIXTURE,
    COUNTS,
    MixtureModel([COUNTS, Poisson(9.0)], weights=[0.5, 0.5]),
]


@pytest.mark.parametrize("distribution", VIEWED, ids=repr)
def test_scipy_sees_the_same_distribution(distribution):
    view = distribution.to_scipy()
    x = np.sort(distribution.sample(40, rng=0)).reshape(4, 10)
    discrete = distribution.support.discrete
    for ours, theirs in (("log_pdf", "logpmf" if discrete else "logpdf"), ("pdf", "pmf" if discrete else "pdf")):
        np.testing.assert_array_equal(getattr(view, theirs)(x).ravel(), getattr(distribution, ours)(x.ravel()))
    np.testing.assert_allclose(view.cdf(x).ravel(), distribution.cdf(x.ravel()), rtol=1e-14)
    np.testing.assert_allclose(view.sf(x), 1.0 - view.cdf(x), atol=1e-14)
    q = np.array([0.01, 0.3, 0.5, 0.99])
    np.testing.assert_allclose(view.ppf(q), distribution.ppf(q), rtol=1e-14)
    assert (view.mean(), view.var()) == (distribution.mean, distribution.var)
    assert view.support() == (distribution.support.low, distribution.support.high)
    assert isinstance(view, type(stats.norm()) if not discrete else type(stats.poisson(1.0)))
    assert from_scipy(view) is distribution


@pytest.mark.parametrize("distribution", [MIXTURE, COUNTS, Normal(1.0, 2.0)], ids=repr)
def test_it_is_drawn_from_as_in_scipy(distribution):
    view = distribution.to_scipy()
    draws = view.rvs(size=(3, 5), random_state=7)
    assert draws.shape == (3, 5)
    np.testing.assert_array_equal(view.rvs(size=(3, 5), random_state=7), draws)
    generator = np.random.default_rng(3)
    np.testing.assert_array_equal(view.rvs(size=20, random_state=generator), distribution.sample(20, rng=3))
    assert np.ndim(view.rvs(random_state=1)) == 0
    again = pickle.loads(pickle.dumps(view))
    np.testing.assert_array_equal(again.rvs(size=5, random_state=1), view.rvs(size=5, random_state=1))


def test_tools_of_scipy_take_it(rng):
    x = MIXTURE.sample(500, rng=rng)
    assert stats.kstest(x, MIXTURE.to_scipy().cdf).pvalue > 0.01
    (_, ordered), (slope, intercept, _) = stats.probplot(x, dist=MIXTURE.to_scipy())
    assert np.array_equal(ordered, np.sort(x))
    assert (slope, intercept) == pytest.approx((1.0, 0.0), abs=0.2)
    assert MIXTURE.to_scipy().expect(lambda v: v) == pytest.approx(MIXTURE.mean, rel=1e-8)
    assert MIXTURE.to_scipy().entropy() == pytest.approx(MIXTURE.entropy().value, rel=1e-6)
    assert COUNTS.to_scipy().expect(lambda k: k**2) == pytest.approx(COUNTS.var + COUNTS.mean**2, rel=1e-6)
    assert MIXTURE.to_scipy().interval(0.9) == pytest.approx(tuple(MIXTURE.ppf([0.05, 0.95])))


@pytest.mark.parametrize(
    "distribution, message",
    [
        (MultivariateNormal(np.zeros(2), np.eye(2)), "MultivariateNormal has several columns"),
        (MixtureModel([Normal(0.0, 1.0), Poisson(2.0)]), "discrete and continuous components has no counterpart in Sc"),
        (ZeroInflated(Exponential(1.0), prob=0.2), "positive probability beside a density has no counterpart"),
        (PointMass(0.5), "PointMass has values that are no whole numbers"),
    ],
)
def test_what_scipy_has_no_place_for_is_refused(distribution, message):
    with pytest.raises(InvalidParameterError, match=message):
        distribution.to_scipy()


def test_unknown_parameters_are_named():
    with pytest.raises(UnknownParameterError, match="cannot become a distribution of SciPy: std"):
        Normal(mean=1.0).to_scipy()
    with pytest.raises(UnknownParameterError, match="cannot become a family of this package"):
        from_scipy(stats.gamma).native()
    with pytest.raises(InvalidParameterError, match="comes back from SciPy as it is"):
        from_scipy(Normal(0.0, 1.0).to_scipy(), loc=3.0)


# ------------------------------------------------------------------------------------- SciPy's as our families


def twins():
    """Return a setting of each family, and what SciPy calls it."""
    found = []
    for trial in TRIALS.values():
        for d in trial.settings:
            twin = trial.twin(d) if trial.twin is not None and d.n_columns == 1 and not d.unknown else None
            if hasattr(twin, "dist") and np.isfinite(twin.args).all():  # SciPy's truncnorm may have infinite ends
                found.append(pytest.param(d, twin, id=type(d).__name__))
                break
    return found


@pytest.mark.parametrize("distribution, twin", twins())
def test_it_is_the_family_of_the_same_density(distribution, twin):
    found = from_scipy(twin).native()
    x = distribution.sample(30, rng=0)
    np.testing.assert_allclose(found.log_pdf(x), distribution.log_pdf(x), rtol=1e-9, atol=1e-9)
    assert type(found).__module__.startswith("distributions.")
    assert type(found) is type(distribution) or type(distribution).__name__ in OTHER_NAMES


OTHER_NAMES = {  # of what SciPy knows by one name
    "Scaled": "a family in another unit",
    "Shifted": "a family moved",
    "MultivariateNormal": "of one column, Normal",
    "MultivariateStudentT": "of one column, StudentT",
    "UniformBox": "of one column, Uniform",
    "Product": "of one column, that column's",
}


def test_location_and_scale_that_a_family_lacks_are_said():
    assert from_scipy(stats.gamma(2.0, loc=3.0, scale=4.0)).native() == Shifted(Gamma(2.0, 0.25), by=3.0)
    assert from_scipy(stats.poisson(2.0, loc=-1)).native() == Shifted(Poisson(2.0), by=-1.0)
    for frozen in (
        stats.beta(2.0, 3.0, loc=1.0, scale=5.0),
        stats.chi2(3.0, scale=2.0),
        stats.geom(0.3),
        stats.erlang(3),
    ):
        x = frozen.rvs(size=20, random_state=1)
        theirs = frozen.logpmf(x) if hasattr(frozen.dist, "pmf") else frozen.logpdf(x)
        np.testing.assert_allclose(from_scipy(frozen).native().log_pdf(x), theirs, rtol=1e-12)


def test_what_has_no_family_stays():
    class Own(stats.rv_continuous):
        def _pdf(self, x):
            return np.exp(-np.abs(x)) / 2.0

    for distribution in (stats.exponnorm(1.5), Own(name="norm")(loc=1.0)):
        adapted = from_scipy(distribution)
        assert adapted.native() is adapted
