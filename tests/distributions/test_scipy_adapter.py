"""Distributions of SciPy as families: the law, what is frozen, records, and fits against our own exact ones."""

import pickle

import numpy as np
import pytest
from scipy import stats

import distributions
from distributions import (
    DegenerateDataError,
    Distribution,
    Gamma,
    InvalidDataError,
    InvalidParameterError,
    Normal,
    StudentT,
    check_distribution,
    from_scipy,
)
from mixtures import MixtureModel


def twin(d):
    place = {name: getattr(d, name) for name in ("loc", "scale") if name in d.names}
    return d.random_variable(*(getattr(d, name) for name in d.shapes), **place)


LAWFUL = [
    from_scipy(stats.gamma(2.3, scale=3e-8), loc=0),
    from_scipy(stats.weibull_min(1.7, 5.0), loc=5.0),
    from_scipy(stats.genextreme(-0.2, 3e4, 2e3)),
    from_scipy(stats.exponnorm(1.5, 2.0, 3.0)),
    from_scipy(stats.levy(scale=2.0), loc=0),
    from_scipy(stats.beta(0.8, 3.0), loc=0, scale=1),
    from_scipy(stats.nbinom(3.5, 0.3), loc=0),
    from_scipy(stats.binom(12, 0.3), n=12, loc=0),
    from_scipy(stats.poisson(3.0, loc=-2), loc=-2),
]


@pytest.mark.parametrize("distribution", LAWFUL, ids=repr)
def test_it_keeps_the_law(distribution):
    assert "fit_is_stationary" in check_distribution(distribution, rng=1, scipy_twin=twin)


def test_weighted_fits_are_those_of_our_own_families(rng):
    x, weight = rng.gamma(2.3, 3.0, 300), rng.uniform(0.1, 3.0, 300)
    ours, adapted = Gamma().fit(x, weight), from_scipy("gamma").fit(x, weight)
    assert adapted.a == pytest.approx(ours.shape, rel=1e-6)
    assert adapted.scale == pytest.approx(1.0 / ours.rate, rel=1e-6)
    x = rng.standard_t(4.0, 300)
    ours, adapted = StudentT().fit(x, weight), from_scipy(stats.t).fit(x, weight)
    assert adapted.df == pytest.approx(ours.df, rel=1e-6)
    assert adapted.log_likelihood(x, weight) >= ours.log_likelihood(x, weight) - 1e-9


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("johnsonsu", (0.5, 1.5)), ("genpareto", (0.2,)), ("nct", (6.0, 1.0)), ("skewnorm", (3.0,)), ("invgauss", (0.5,))],
)
def test_fits_beat_the_truth_and_what_scipy_finds(rng, name, arguments):
    family = getattr(stats, name)
    x = family.rvs(*arguments, size=250, random_state=rng)
    adapted = from_scipy(name)
    fitted = adapted.fit(x).log_likelihood(x)
    assert fitted >= np.sum(family.logpdf(x, *arguments)) - 1e-9
    found = family.fit(x, floc=0) if adapted.standard else family.fit(x)
    assert fitted >= np.sum(family.logpdf(x, *found)) - 1e-6


def test_a_kink_is_found(rng):
    x, weight = rng.laplace(size=51), rng.uniform(0.5, 2.0, 51)
    ours, adapted = distributions.Laplace().fit(x, weight), from_scipy("laplace").fit(x, weight)
    assert adapted.log_likelihood(x, weight) == pytest.approx(ours.log_likelihood(x, weight), rel=1e-9)


def test_an_estimate_may_be_the_end_of_a_domain():
    x = np.concatenate([np.full(20, 0.1), np.linspace(0.1, 2.0, 20)])  # less than a half-normal has beyond the middle
    fitted = from_scipy("foldnorm").fit(x)
    assert fitted.c < 0.01  # beside the end the likelihood is flat to rounding
    assert fitted.log_likelihood(x) >= fitted.with_values(c=0.0).log_likelihood(x) - 1e-9


def test_what_is_frozen_by_default():
    assert from_scipy("gamma").frozen == {"loc"}
    assert from_scipy("beta").frozen == {"loc", "scale"}
    assert from_scipy("norm").frozen == frozenset()
    assert from_scipy("poisson").frozen == {"loc"}
    assert from_scipy("gamma", loc=None).frozen == frozenset()
    assert from_scipy("gamma", a=2, loc=1.5).frozen == {"a", "loc"}
    assert from_scipy(stats.gamma(2.0, scale=3.0)).frozen == frozenset()
    assert from_scipy("binom", n=10).frozen == {"n", "loc"}


def test_supports_follow_what_is_frozen():
    assert from_scipy("gamma").support.text == "a finite number > 0"
    assert from_scipy("expon").support.text == "a finite number >= 0"
    assert from_scipy("gamma", loc=-2).support.text == "a finite number > -2"
    assert from_scipy("binom", n=10).support.text == "a whole number >= 0"
    assert from_scipy("binom", n=10, p=0.5).support.text == "a whole number >= 0 and <= 10"
    with pytest.raises(InvalidDataError, match=r"scipy.stats.gamma needs x to be a finite number > 0"):
        from_scipy("gamma").fit([1.0, -1.0])


def test_bad_arguments_are_named():
    with pytest.raises(InvalidParameterError, match="has no parameter 'shape'; it has a, loc, scale"):
        from_scipy("gamma", shape=2)
    with pytest.raises(InvalidParameterError, match="n is a whole number, which is not estimated"):
        from_scipy("binom")
    with pytest.raises(InvalidParameterError, match="scipy.stats has no distribution 'os'"):
        from_scipy("os")
    with pytest.raises(InvalidParameterError, match="needs a continuous or discrete distribution"):
        from_scipy(stats.multivariate_normal)
    with pytest.raises(InvalidParameterError, match="do not fit each other"):
        from_scipy("norminvgauss", a=1.0, b=2.0)
    with pytest.raises(DegenerateDataError, match="scale"):
        from_scipy("norm").fit([2.0, 2.0])


def test_records_name_only_what_scipy_lists():
    fitted = from_scipy("gamma").with_values(a=2.0, scale=3.0)
    record = fitted.to_dict()
    assert record["family"] == "ScipyDistribution"
    assert Distribution.from_dict(record) == fitted
    for name in ("rv_continuous", "os", "__doc__", "gaussian_kde", "distributions", "scipy.stats.gamma", 3):
        with pytest.raises(InvalidParameterError):
            Distribution.from_dict({**record, "parameters": {**record["parameters"], "distribution": name}})


def test_a_class_of_ones_own_is_taken_too(rng):
    class Slope(stats.rv_continuous):
        def _pdf(self, x):
            return 2.0 * x

    own = from_scipy(Slope(a=0.0, b=1.0, name="slope"), scale=None)
    fitted = own.fit(np.sqrt(rng.uniform(size=50)))
    assert fitted.scale >= 0.8
    with pytest.raises(InvalidParameterError, match="not in scipy.stats"):
        own.to_json()


def test_pickles_and_mixtures(rng):
    frozen = from_scipy(stats.gamma(2.0, scale=3.0), loc=0.0)
    assert pickle.loads(pickle.dumps(frozen)) == frozen
    x = np.concatenate([rng.gamma(2.0, 1.0, 300), rng.normal(20.0, 2.0, 300)])
    adapted = MixtureModel([from_scipy("gamma"), Normal()]).fit(x)
    ours = MixtureModel([Gamma(), Normal()]).fit(x)
    assert np.all(np.diff(adapted.history_) > -1e-8)
    assert adapted.log_likelihood_ == pytest.approx(ours.log_likelihood_, rel=1e-8)
    assert Distribution.from_json(adapted.to_json()) == adapted
