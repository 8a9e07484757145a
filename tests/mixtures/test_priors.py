"""Priors: the fit is the mode of the posterior, whose logarithm is what EM climbs."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from mixtures import (
    Bernoulli,
    Binomial,
    Categorical,
    Exponential,
    Gamma,
    Geometric,
    HalfNormal,
    Laplace,
    LogNormal,
    Maxwell,
    MixtureModel,
    Multinomial,
    MultivariateBernoulli,
    MultivariateNormal,
    Normal,
    Poisson,
    Prior,
    Rayleigh,
    StudentT,
)

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
PROPER = ("E", "V", "VII", "VVI", "EEE", "VVV")  # where mclust's fit is the mode of this prior


def require_climb(model):
    assert model.converged_
    assert np.all(np.diff(model.history_) > -1e-10 * np.abs(model.history_[-1]))
    assert model.history_[-1] == model.log_posterior_


def fitted(component, x, prior, **options):
    model = MixtureModel([component], prior=prior, **options).fit(x)
    require_climb(model)
    return model.components_[0]


# ------------------------------------------------------------------------------------------- conjugate families


A, B = 3.5, 2.25  # hyperparameters

CONJUGATE = [
    (
        Bernoulli(),
        Prior(Bernoulli((A - 1) / (A + B - 2)), A + B - 2),
        lambda x: (A - 1 + x.sum()) / (A + B - 2 + len(x)),
    ),
    (
        Binomial(trials=3),
        Prior(Binomial((A - 1) / (A + B - 2), trials=3), (A + B - 2) / 3),
        lambda x: (A - 1 + x.sum()) / (A + B - 2 + 3 * len(x)),
    ),
    (
        Geometric(),
        Prior(Geometric((A - 1) / (A + B - 2)), A - 1),
        lambda x: (A - 1 + len(x)) / (A + B - 2 + len(x) + x.sum()),
    ),
    (Poisson(), Prior(Poisson((A - 1) / B), B), lambda x: (A - 1 + x.sum()) / (B + len(x))),
    (Exponential(), Prior(Exponential((A - 1) / B), A - 1), lambda x: (A - 1 + len(x)) / (B + x.sum())),
    (
        Gamma(shape=2.0).freeze("shape"),
        Prior(Gamma(2.0, (A - 1) / B), (A - 1) / 2.0),
        lambda x: (A - 1 + 2.0 * len(x)) / (B + x.sum()),
    ),
    (
        Rayleigh(),
        Prior(Rayleigh(np.sqrt(B / (A + 1))), A + 1),
        lambda x: np.sqrt((B + (x**2).sum() / 2) / (A + 1 + len(x))),
    ),
    (
        HalfNormal(),
        Prior(HalfNormal(np.sqrt(B / (A + 1))), 2 * (A + 1)),
        lambda x: np.sqrt((B + (x**2).sum() / 2) / (A + 1 + len(x) / 2)),
    ),
    (
        Maxwell(),
        Prior(Maxwell(np.sqrt(B / (A + 1))), 2 * (A + 1) / 3),
        lambda x: np.sqrt((B + (x**2).sum() / 2) / (A + 1 + 1.5 * len(x))),
    ),
]


@pytest.mark.parametrize(("family", "prior", "mode"), CONJUGATE, ids=[type(case[0]).__name__ for case in CONJUGATE])
def test_a_conjugate_prior_leads_to_the_mode_of_the_posterior(family, prior, mode, rng):
    x = rng.integers(0, 2, 30).astype(float) if isinstance(family, Bernoulli) else rng.integers(1, 4, 30).astype(float)
    free = next(name for name in family.parameters if name not in family.frozen)
    assert fitted(family, x, prior).parameters[free] == pytest.approx(mode(x), rel=1e-10)


def test_a_dirichlet_prior_of_probabilities(rng):
    concentration = np.array([2.0, 1.5, 4.0])
    seen = concentration - 1.0
    labels = rng.choice(["a", "b", "c"], 40)
    counts = np.array([(labels == label).sum() for label in "abc"])
    prior = Prior(Categorical(seen / seen.sum(), categories=("a", "b", "c")), seen.sum())
    found = fitted(Categorical(categories=("a", "b", "c")), labels, prior)
    np.testing.assert_allclose(found.prob, (counts + seen) / (counts + seen).sum(), rtol=1e-12)
    X = rng.multinomial(5, [0.2, 0.5, 0.3], 20).astype(float)
    prior = Prior(Multinomial(seen / seen.sum(), trials=5), seen.sum() / 5)
    wanted = (X.sum(axis=0) + seen) / (X.sum() + seen.sum())
    np.testing.assert_allclose(fitted(Multinomial(trials=5), X, prior).prob, wanted, rtol=1e-12)


def test_beta_priors_of_several_probabilities(rng):
    X = rng.integers(0, 2, (25, 3)).astype(float)
    prior = Prior(MultivariateBernoulli([0.7, 0.0, 0.2]), 4.0)
    wanted = (X.sum(axis=0) + 4.0 * np.array([0.7, 0.0, 0.2])) / 29.0
    np.testing.assert_allclose(fitted(MultivariateBernoulli(), X, prior).prob, wanted, rtol=1e-12)


@pytest.mark.parametrize("mean_count", [0.0, 0.01, 4.0, 50.0])
def test_a_normal_inverse_gamma_prior(mean_count, rng):
    x, m, dof, scale = rng.normal(3.0, 2.0, 12), -1.0, 4.0, 5.0
    prior = Prior(Normal(m, np.sqrt(scale / (dof + 3.0))), dof + 3.0, mean_count=mean_count)
    found = fitted(Normal(), x, prior)
    mean = (x.sum() + mean_count * m) / (len(x) + mean_count)
    spread = scale + ((x - mean) ** 2).sum() + mean_count * (mean - m) ** 2
    assert found.mean == pytest.approx(mean, rel=1e-12)
    assert found.var == pytest.approx(spread / (len(x) + dof + 3.0), rel=1e-12)


@pytest.mark.parametrize("mean_count", [0.0, 0.01, 4.0, 50.0])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_a_normal_inverse_wishart_prior(mean_count, offset, rng):
    X = rng.normal(size=(14, 3)) @ rng.normal(size=(3, 3)) + offset
    m, dof, scale = np.arange(3.0) + offset, 6.0, np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
    count = dof + 3.0 + 2.0
    found = fitted(MultivariateNormal(), X, Prior(MultivariateNormal(m, scale / count), count, mean_count=mean_count))
    mean = offset + ((X - offset).sum(axis=0) + mean_count * (m - offset)) / (len(X) + mean_count)
    spread = scale + (X - mean).T @ (X - mean) + mean_count * np.outer(mean - m, mean - m)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(found.cov, spread / (len(X) + count), rtol=1e-8 if offset else 1e-12)


def test_a_log_normal_prior_is_the_normal_one_of_logarithms(rng):
    x = rng.lognormal(1.0, 0.5, 20)
    found = fitted(LogNormal(), x, Prior(LogNormal(0.5, 1.5), 6.0))
    wanted = fitted(Normal(), np.log(x), Prior(Normal(0.5, 1.5), 6.0))
    assert (found.log_mean, found.log_std) == pytest.approx((wanted.mean, wanted.std), rel=1e-10)


# ---------------------------------------------------------------------------------------------- direct maxima


def climbed(loss, start):
    found = scipy.optimize.minimize(loss, start, method="BFGS", options={"gtol": 1e-9})
    return scipy.optimize.minimize(loss, found.x, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).fun


def test_two_normals_reach_the_direct_maximum_of_the_posterior(rng):
    x = np.concatenate([rng.normal(0.0, 1.0, 30), rng.normal(4.0, 2.0, 50)])
    alpha, count, mean_count, m, s = 3.0, 9.0, 0.5, 1.0, 2.0
    model = MixtureModel(
        [Normal(0, 1), Normal(4, 2)], prior=Prior(Normal(m, s), count, mean_count=mean_count), weights_prior=alpha
    ).fit(x)
    require_climb(model)

    def loss(p):
        w, means, stds = 1.0 / (1.0 + np.exp(-p[0])), p[1:3], np.exp(p[3:])
        joint = [
            np.log(v) + scipy.stats.norm.logpdf(x, mean, std)
            for v, mean, std in zip((w, 1 - w), means, stds, strict=True)
        ]
        prior = (alpha - 1) * (np.log(w) + np.log1p(-w))
        for mean, std in zip(means, stds, strict=True):
            prior -= count * (np.log(std) + 0.5 * np.log(2 * np.pi) + 0.5 * s**2 / std**2)
            prior -= mean_count / 2 * (mean - m) ** 2 / std**2
        return -(np.logaddexp(*joint).sum() + prior)

    assert model.log_posterior_ == pytest.approx(-climbed(loss, [0.0, 0.0, 4.0, 0.0, 0.7]), abs=1e-9)
    w = model.weights_[0]
    own = [np.log(w / (1 - w)), *(c.mean for c in model.components_), *(np.log(c.std) for c in model.components_)]
    assert loss(own) == pytest.approx(-model.log_posterior_, abs=1e-9)


def test_two_poissons_reach_the_direct_maximum_of_the_posterior(rng):
    x = np.concatenate([rng.poisson(1.0, 60), rng.poisson(6.0, 40)]).astype(float)
    seen = [(2.0, 4.0), (8.0, 10.0)]
    priors = [Prior(Poisson(rate), count) for rate, count in seen]
    model = MixtureModel([Poisson(1.0), Poisson(6.0)], prior=priors).fit(x)
    require_climb(model)

    def loss(p):
        w, rates = 1.0 / (1.0 + np.exp(-p[0])), np.exp(p[1:])
        joint = [np.log(v) + scipy.stats.poisson.logpmf(x, rate) for v, rate in zip((w, 1 - w), rates, strict=True)]
        k = np.arange(200)
        prior = sum(
            count * (scipy.stats.poisson.pmf(k, rate) @ scipy.stats.poisson.logpmf(k, own))
            for own, (rate, count) in zip(rates, seen, strict=True)
        )
        return -(np.logaddexp(*joint).sum() + prior)

    assert model.log_posterior_ == pytest.approx(-climbed(loss, [0.4, 0.0, 1.8]), abs=1e-9)


def test_two_gammas_reach_the_direct_maximum_of_a_power_prior(rng):
    x = np.concatenate([rng.gamma(2.0, 1.0, 60), rng.gamma(30.0, 0.3, 60)])
    prior = Prior(Gamma(1.5, 0.5), 1.5)
    model = MixtureModel([Gamma(2.0, 1.0), Gamma(20.0, 2.0)], prior=prior).fit(x)
    require_climb(model)
    mean, mean_log = 3.0, scipy.special.digamma(1.5) - np.log(0.5)

    def loss(p):
        w, shapes, rates = 1.0 / (1.0 + np.exp(-p[0])), np.exp(p[1:3]), np.exp(p[3:])
        joint = [
            np.log(v) + scipy.stats.gamma.logpdf(x, a, scale=1 / b)
            for v, a, b in zip((w, 1 - w), shapes, rates, strict=True)
        ]
        prior = 1.5 * (shapes * np.log(rates) - scipy.special.gammaln(shapes) + (shapes - 1) * mean_log - rates * mean)
        return -(np.logaddexp(*joint).sum() + prior.sum())

    assert model.log_posterior_ == pytest.approx(-climbed(loss, [0.4, 0.7, 3.0, 0.0, 0.7]), abs=1e-9)


@pytest.mark.parametrize("family", [StudentT(5.0, 1.0, 2.0), Laplace(1.0, 2.0)])
def test_other_families_have_power_priors(family, rng):
    x = rng.normal(3.0, 1.0, 40)
    model = MixtureModel([type(family)()], prior=Prior(family, 20.0)).fit(x)
    require_climb(model)
    nodes, share = family.expected_rows()

    def posterior(component):
        return component.log_likelihood(x) + 20.0 * share @ component.log_pdf(nodes[:, 0])

    best = posterior(model.components_[0])
    assert best == pytest.approx(model.log_posterior_, rel=1e-12)
    for name, value in model.components_[0].parameters.items():
        for factor in (0.99, 1.01):
            assert posterior(model.components_[0].with_values(**{name: value * factor})) < best


# ------------------------------------------------------------------------------------------ Fraley and Raftery


@cache
def reference():
    return json.loads((REFERENCE / "priors.json").read_text())


@cache
def table(name):
    return np.genfromtxt(REFERENCE / "covariances" / f"{name}.csv", delimiter=",", names=True)


def rows_of(record):
    return np.column_stack([table(record["dataset"])[name] for name in record["columns"]])


def model_of(record, components, weights):
    """Return a model with the prior of a record that starts at some components."""
    name = {"E": "EEE", "V": "VVV"}.get(record["model"], record["model"])
    prior = "default" if record["prior"]["shrinkage"] == 0.01 else prior_of(record)
    options = {"tol": 1e-18, "max_iter": 200_000}  # some of these climbs are slow
    return MixtureModel(components, weights=weights, covariance=name, prior=prior, **options).fit(rows_of(record))


def from_partition(record):
    """Return a model that starts at mclust's partition."""
    x, group = rows_of(record), table(record["dataset"])[f"g{record['components']}"]
    parts = [x[group == k] for k in np.unique(group)]
    ridge = 1e-3 * np.diag(x.var(axis=0))  # a small part has no covariance; where EM starts does not matter much
    components = [MultivariateNormal(part.mean(axis=0), np.cov(part.T, bias=True) + ridge) for part in parts]
    return model_of(record, components, [len(part) for part in parts])


def prior_of(record):
    """Return the prior of a record for each component, in rows."""
    given, d, n = record["prior"], len(record["columns"]), record["components"]
    scale = np.asarray(given["scale"], dtype=float)
    full = scale * np.eye(d) if scale.ndim == 0 else scale
    exponent, scatter = {
        "E": (given["dof"] + 2.0, full),
        "V": (given["dof"] + 2.0, full),
        "VII": ((given["dof"] + 2.0) / d, full / d),
        "VVI": (given["dof"] + 2.0, full),
        "EEE": (given["dof"] + d + 1.0, full),
        "VVV": (given["dof"] + d + 1.0, full),
    }[record["model"]]
    shared = n if record["model"] in ("E", "EEE") else 1
    count = exponent / shared + 1.0
    return Prior(MultivariateNormal(given["mean"], scatter / shared / count), count, mean_count=given["shrinkage"])


@pytest.mark.parametrize("name", PROPER)
def test_the_default_prior_leads_where_mclust_ends(name):
    records = [r for r in reference() if r["model"] == name and r["log_likelihood"] is not None]
    assert len(records) >= 12
    for record in records:
        parts = [MultivariateNormal(m, c) for m, c in zip(record["means"], record["covariances"], strict=True)]
        stays = model_of(record, parts, record["weights"])
        assert stays.log_likelihood_ == pytest.approx(record["log_likelihood"], abs=1e-8)
        for part, component in zip(parts, stays.components_, strict=True):
            np.testing.assert_allclose(component.mean, part.mean, rtol=1e-9, atol=1e-9 * np.sqrt(part.var.max()))
            np.testing.assert_allclose(component.cov, part.cov, rtol=1e-9, atol=1e-9 * part.var.max())
        if record["components"] > 3:  # where mclust's climb takes up to a hundred thousand updates
            continue
        model = from_partition(record)
        require_climb(model)
        assert model.log_posterior_ == pytest.approx(stays.log_posterior_, abs=1e-8)
        assert model.log_likelihood_ == pytest.approx(record["log_likelihood"], abs=1e-6)


def test_the_default_prior_is_the_same_for_normals_of_one_column():
    record = next(r for r in reference() if r["model"] == "V" and r["components"] == 3 and "weights" in r)
    parts = [Normal(m[0], np.sqrt(c[0][0])) for m, c in zip(record["means"], record["covariances"], strict=True)]
    model = MixtureModel(parts, weights=record["weights"], prior="default").fit(rows_of(record)[:, 0])
    assert model.log_likelihood_ == pytest.approx(record["log_likelihood"], abs=1e-8)
