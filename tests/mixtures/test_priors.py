"""Priors: the fit is the mode of the posterior, whose logarithm is what EM climbs."""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas
import pytest
import scipy.optimize
import scipy.stats
from sklearn.base import clone

from mixtures import (
    Bernoulli,
    Binomial,
    Categorical,
    DegeneracyWarning,
    Exponential,
    Gamma,
    Geometric,
    HalfNormal,
    InvalidDataError,
    InvalidParameterError,
    Laplace,
    LogNormal,
    Maxwell,
    MixtureModel,
    Multinomial,
    MultivariateBernoulli,
    MultivariateNormal,
    MultivariateStudentT,
    Normal,
    PointMass,
    Poisson,
    Prior,
    Product,
    Rayleigh,
    StudentT,
    UnknownParameterError,
    ZeroInflated,
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


def model_of(record, components, weights, **options):
    """Return a model with the prior of a record that starts at some components."""
    name = {"E": "EEE", "V": "VVV"}.get(record["model"], record["model"])
    prior = "default" if record["prior"]["shrinkage"] == 0.01 else prior_of(record)
    return MixtureModel(components, weights=weights, covariance=name, prior=prior, **options).fit(rows_of(record))


def from_partition(record):
    """Return a model that starts at mclust's partition."""
    x, group = rows_of(record), table(record["dataset"])[f"g{record['components']}"]
    parts = [x[group == k] for k in np.unique(group)]
    ridge = 1e-3 * np.diag(x.var(axis=0))  # a small part has no covariance; where EM starts does not matter much
    components = [MultivariateNormal(part.mean(axis=0), np.cov(part.T, bias=True) + ridge) for part in parts]
    return model_of(record, components, [len(part) for part in parts], tol=1e-18, max_iter=50_000)  # some are slow


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


@pytest.mark.parametrize("name", ["EII", "EEI", "VEI", "EVI", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV"])
def test_where_mclust_has_another_prior_ours_is_at_its_mode(name, rng):
    x = rows_of({"dataset": "iris", "columns": ["x1", "x2", "x3"]})
    d, n, dof = 3, 2, 5.0
    model = MixtureModel(MultivariateNormal(), n_components=n, covariance=name, prior="default", n_init=3).fit(x)
    require_climb(model)
    scale = np.cov(x.T) / n ** (2.0 / d)
    pooled = np.trace(scale) / d

    def log_prior(components):
        total = 0.0
        for component in components[: 1 if "V" not in name else n]:
            log_det, inverse = np.linalg.slogdet(component.cov)[1], np.linalg.inv(component.cov)
            if name[1:] == "II":
                total -= (dof + 2.0) / d * log_det / 2 + pooled * inverse[0, 0] / 2
            elif name[2] == "I":
                total -= (dof + 2.0) * log_det / 2 + pooled * np.trace(inverse) / 2
            else:
                total -= (dof + d + 1.0) * log_det / 2 + np.trace(scale @ inverse) / 2
        for component in components:
            away = component.mean - x.mean(axis=0)
            total -= (np.linalg.slogdet(component.cov)[1] + 0.01 * away @ np.linalg.solve(component.cov, away)) / 2
        return total

    def posterior(components):
        other = MixtureModel(list(components), weights=model.weights_)
        return other.log_likelihood(x) + log_prior(components)

    best = posterior(model.components_)
    constant = model.log_posterior_ - best
    for _ in range(6):  # what is the same in all components keeps to the model: a change of volume, of one mean
        factor, move = np.exp(1e-3 * rng.normal()), 1e-3 * rng.normal(size=d)
        widened = [MultivariateNormal(c.mean, c.cov * factor) for c in model.components_]
        moved = [MultivariateNormal(model.components_[0].mean + move, model.components_[0].cov), model.components_[1]]
        assert posterior(widened) < best
        assert posterior(moved) < best
    started = MixtureModel(
        list(model.components_), weights=model.weights_, covariance=name, prior="default", max_iter=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = started.set_params(components=widened).fit(x).history_[0]
    assert first - posterior(widened) == pytest.approx(constant, abs=1e-8)


# -------------------------------------------------------------------------------------------------- combinations


def test_a_component_without_data_goes_to_the_mode_of_its_prior(rng):
    x = rng.normal(0.0, 1.0, 80)
    lost = Normal(500.0, 0.5)
    for prior in (Prior(Normal(500.0, 2.0), 6.0), Prior(Normal(500.0, 2.0), 6.0, mean_count=0.01)):
        with pytest.warns(DegeneracyWarning, match="lost all its data .* are those of its prior"):
            model = MixtureModel([Normal(), lost], prior=[None, prior]).fit(x)
        assert model.weights_[1] < 1e-9
        assert model.n_iter_ < 20
        assert (model.components_[1].mean, model.components_[1].std) == pytest.approx((500.0, 2.0), rel=1e-9)


def test_a_prior_of_the_weights_is_its_mode(rng):
    x = np.concatenate([rng.normal(-50.0, 1.0, 10), rng.normal(50.0, 1.0, 30)])
    start = [Normal(-50.0, 1.0), Normal(50.0, 1.0)]
    model = MixtureModel(start, weights_prior=[4.0, 1.0]).fit(x)
    require_climb(model)
    np.testing.assert_allclose(model.weights_, [13 / 43, 30 / 43], rtol=1e-12)
    assert model.log_posterior_ - model.log_likelihood_ == pytest.approx(3.0 * np.log(13 / 43), rel=1e-9)
    same = MixtureModel(start, weights_prior=2).fit(x)
    np.testing.assert_allclose(same.weights_, [11 / 42, 31 / 42], rtol=1e-12)
    frozen = MixtureModel(start, weights=[0.5, 0.5], freeze_weights=True, weights_prior=2).fit(x)
    assert frozen.log_posterior_ == frozen.log_likelihood_


def test_a_weight_is_a_repetition_beside_a_prior(rng):
    x = rng.normal(size=(30, 2)) + 4.0 * (rng.random((30, 1)) < 0.4)
    weight = rng.integers(1, 4, 30)
    start = [MultivariateNormal([0, 0], np.eye(2)), MultivariateNormal([4, 4], np.eye(2))]
    for prior in ("default", Prior(start[0], 9.0, mean_count=0.5)):
        weighted = MixtureModel(start, prior=prior, weights_prior=3).fit(x, sample_weight=weight)
        repeated = MixtureModel(start, prior=prior, weights_prior=3).fit(np.repeat(x, weight, axis=0))
        np.testing.assert_allclose(weighted.history_, repeated.history_, rtol=1e-12)


def test_two_priors_of_like_components_are_not_exchanged(rng):
    x = np.concatenate([rng.normal(0.0, 1.0, 60), rng.normal(8.0, 1.0, 60)])
    high, low = Prior(Normal(8.0, 1.0), 200.0), Prior(Normal(0.0, 1.0), 200.0)
    model = MixtureModel([Normal(), Normal()], prior=[high, low]).fit(x)
    assert model.components_[0].mean > model.components_[1].mean
    with pytest.warns(DegeneracyWarning, match="explains 0.243 rows only"):
        weights = MixtureModel([Normal(), Normal()], weights_prior=[1.0, 500.0]).fit(x)
    assert weights.weights_[1] > 0.8


def test_a_product_has_priors_of_its_parts_and_missing_cells_count_for_none(rng):
    n = 60
    group = rng.random(n) < 0.5
    table = {
        "size": np.where(group, rng.normal(0, 1, n), rng.normal(6, 1, n)),
        "count": np.where(group, rng.poisson(1.0, n), rng.poisson(7.0, n)).astype(float),
        "kind": np.where(group, "a", "b"),
    }
    table["size"][::7] = np.nan
    table["count"][::5] = np.nan
    table = pandas.DataFrame(table)
    part = Product({"size": Normal(), "count": Poisson(), "kind": Categorical(categories=("a", "b", "c"))})
    whole = Product(
        {"size": Normal(3, 2), "count": Poisson(4.0), "kind": Categorical([0.25, 0.25, 0.5], ("a", "b", "c"))}
    )
    one = MixtureModel(part, n_components=1, prior=Prior(whole, 4.0)).fit(table)
    require_climb(one)
    found, size, count = one.components_[0].parts, table["size"], table["count"]
    seen = np.isfinite(count).sum()
    assert found["count"].rate == pytest.approx((np.nansum(count) + 16.0) / (seen + 4.0), rel=1e-12)
    seen = np.isfinite(size).sum()
    assert found["size"].mean == pytest.approx((np.nansum(size) + 12.0) / (seen + 4.0), rel=1e-12)
    labels = np.array([(table["kind"] == kind).sum() for kind in "abc"])
    np.testing.assert_allclose(found["kind"].prob, (labels + [1.0, 1.0, 2.0]) / (n + 4.0), rtol=1e-12)
    two = MixtureModel(part, n_components=2, prior=Prior(whole, 4.0)).fit(table)
    require_climb(two)
    parts = MixtureModel(part, n_components=2, prior=[{"count": Prior(Poisson(4.0), 4.0), "size": "default"}] * 2)
    require_climb(parts.fit(table))
    require_climb(MixtureModel(part, n_components=2, prior="default").fit(table))


def test_missing_cells_of_a_normal_keep_the_climb(rng):
    X = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 3)) + 5.0 * (rng.random((60, 1)) < 0.5)
    X[rng.random((60, 3)) < 0.2] = np.nan
    X = X[~np.isnan(X).all(axis=1)]
    for covariance in (None, "EEE", "VVI"):
        model = MixtureModel(MultivariateNormal(), n_components=2, prior="default", covariance=covariance).fit(X)
        require_climb(model)
        assert model.log_likelihood_ == pytest.approx(model.log_likelihood(X), rel=1e-12)


def test_nested_mixtures_carry_their_own_priors(rng):
    x = np.concatenate([rng.normal(0, 1, 40), rng.normal(5, 1, 40), rng.normal(12, 1, 40)])
    prior = Prior(Normal(4.0, 3.0), 5.0, mean_count=0.1)
    flat = MixtureModel([Normal(0, 1), Normal(5, 1), Normal(12, 1)], prior=[prior, prior, None], accelerate=None).fit(x)
    inner = MixtureModel([Normal(0, 1), Normal(5, 1)], prior=prior)
    nested = MixtureModel([inner, Normal(12, 1)], accelerate=None).fit(x)
    np.testing.assert_allclose(nested.history_, flat.history_, rtol=1e-12)
    assert nested.components_[0].prior is prior
    with pytest.raises(InvalidParameterError, match="made of several, or has a prior"):
        MixtureModel([inner, Normal(12, 1)], prior=prior).fit(x)


def test_zero_inflated_counts_have_a_prior_where_they_are_written_as_a_mixture(rng):
    x = np.concatenate([np.zeros(30), rng.poisson(3.0, 70)])
    prior = Prior(Poisson(2.0), 5.0)
    with pytest.raises(InvalidParameterError, match="such as a ZeroInflated, can be written as one"):
        MixtureModel([ZeroInflated(Poisson())], prior=prior).fit(x)
    plain = MixtureModel([PointMass(0.0), Poisson()]).fit(x)
    assert plain.log_likelihood_ == pytest.approx(ZeroInflated(Poisson()).fit(x).log_likelihood(x), abs=1e-9)
    model = MixtureModel([PointMass(0.0), Poisson()], prior=[None, prior]).fit(x)
    mass, rate = model.effective_counts_[1], model.components_[1].rate
    assert rate == pytest.approx((x.sum() + 5.0 * 2.0) / (mass + 5.0), rel=1e-6)


@pytest.mark.parametrize("mean_count", [None, 0.5])
def test_tied_parameters_reach_the_direct_maximum_of_the_posterior(mean_count, rng):
    x = np.concatenate([rng.normal(0.0, 1.0, 30), rng.normal(6.0, 2.0, 40)])
    prior, count = Prior(Normal(2.0, 1.5), 8.0, mean_count=mean_count), 8.0 if mean_count is None else mean_count
    model = MixtureModel([Normal(0, 1), Normal(6, 1)], tied="std", prior=prior, weights_prior=2).fit(x)
    require_climb(model)
    assert model.components_[0].std == model.components_[1].std

    def loss(p):
        w, std = 1.0 / (1.0 + np.exp(-p[0])), np.exp(p[3])
        joint = [np.log(v) + scipy.stats.norm.logpdf(x, m, std) for v, m in zip((w, 1 - w), p[1:3], strict=True)]
        prior = np.log(w) + np.log1p(-w) - 16.0 * (np.log(std) + 0.5 * np.log(2.0 * np.pi) + 0.5 * (1.5 / std) ** 2)
        return -(np.logaddexp(*joint).sum() + prior - count / 2 * np.sum((p[1:3] - 2.0) ** 2) / std**2)

    assert model.log_posterior_ == pytest.approx(-climbed(loss, [0.0, 0.0, 6.0, 0.5]), abs=1e-8)


@pytest.mark.parametrize("prior", ["default", Prior(Normal(7.0, 1.0), 5.0, mean_count=0.01)])
def test_a_spike_in_the_data_does_not_collapse_a_component(prior, rng):
    x = np.concatenate([np.full(8, 7.0), rng.normal(0.0, 1.0, 60)])
    model = MixtureModel([Normal(7.0, 0.1), Normal(0.0, 1.0)], prior=prior).fit(x)
    require_climb(model)
    assert 0.05 < model.components_[0].std < 3.0
    found = MixtureModel([Normal(), Normal()], prior=prior).fit(x)
    require_climb(found)


def test_a_single_repeated_row_has_a_regularised_fit():
    X = np.tile([3.0, -2.0], (20, 1))
    prior = Prior(MultivariateNormal([0, 0], np.eye(2)), 6.0, mean_count=1.0)
    found = fitted(MultivariateNormal(), X, prior)
    mean = 20.0 * X[0] / 21.0
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12)
    wanted = (6.0 * np.eye(2) + 20.0 * np.outer(X[0] - mean, X[0] - mean) + np.outer(mean, mean)) / 26.0
    np.testing.assert_allclose(found.cov, wanted, rtol=1e-12)
    with pytest.raises(InvalidDataError, match="vary in too few directions"):
        MixtureModel([MultivariateNormal()], prior="default").fit(X)


def test_smoothing_belongs_to_the_objective(rng):
    X = np.column_stack([rng.integers(0, 3, 60), rng.integers(0, 2, 60), rng.integers(0, 4, 60)]).astype(float)
    smooth = [Categorical(categories=tuple(range(n)), smoothing=0.7) for n in (3, 2, 4)]
    plain = [Categorical(categories=tuple(range(n))) for n in (3, 2, 4)]
    seen = Product([Categorical(np.full(n, 1 / n), tuple(range(n))) for n in (3, 2, 4)])
    priors = {
        f"column {j + 1}": Prior(part, 0.7 * n) for j, (part, n) in enumerate(zip(seen.parts, (3, 2, 4), strict=True))
    }
    model = MixtureModel(Product(smooth), n_components=2, n_init=4).fit(X)
    other = MixtureModel(Product(plain), n_components=2, n_init=4, prior=[priors, priors]).fit(X)
    require_climb(model)
    np.testing.assert_allclose(model.log_posterior_, other.log_posterior_, rtol=1e-10)
    for part in range(3):
        alone = smooth[part].fit(X[:, part])
        prob = fitted(smooth[part], X[:, part], None).prob
        np.testing.assert_allclose(prob, alone.prob, rtol=1e-12)


class NormalInNumpy(Normal):
    """The normal without its kernels."""

    kernels = None

    def log_pdf(self, x):
        return scipy.stats.norm.logpdf(np.ravel(x), self.mean, self.std)

    def fit(self, x, sample_weight=None):
        mean = np.average(x, weights=sample_weight)
        return self.with_values(mean=mean, std=np.sqrt(np.average((x - mean) ** 2, weights=sample_weight)))


def test_a_family_in_numpy_has_the_prior_of_the_compiled_one(rng):
    x = np.concatenate([rng.normal(0, 1, 30), rng.normal(5, 1, 30)])
    compiled = MixtureModel([Normal(0, 1), Normal(5, 1)], prior=Prior(Normal(2.0, 1.0), 3.0), accelerate=None).fit(x)
    own = [Prior(NormalInNumpy(2.0, 1.0), 3.0), Prior(Normal(2.0, 1.0), 3.0)]
    interpreted = MixtureModel([NormalInNumpy(0, 1), Normal(5, 1)], prior=own).fit(x)
    np.testing.assert_allclose(interpreted.history_, compiled.history_, rtol=1e-12)
    relative = Prior(Normal(2.0, 1.0), 3.0, mean_count=0.1)
    compiled = MixtureModel([Normal(0, 1), Normal(5, 1)], prior=[None, relative], accelerate=None).fit(x)
    interpreted = MixtureModel([NormalInNumpy(0, 1), Normal(5, 1)], prior=[None, relative]).fit(x)
    np.testing.assert_allclose(interpreted.history_, compiled.history_, rtol=1e-12)


# ------------------------------------------------------------------------------------------------ as an argument


def test_a_prior_is_kept_by_copies_and_records(rng):
    x = rng.normal(size=40)
    given = {"a": Prior(Normal(0.0, 1.0), 2, mean_count=0.5), "b": None}
    model = MixtureModel({"a": Normal(), "b": Normal()}, prior=given, weights_prior=[1.5, 2.5])
    assert clone(model).get_params()["prior"] == given
    model.fit(x)
    assert given == {"a": Prior(Normal(0.0, 1.0), 2, mean_count=0.5), "b": None}
    again = MixtureModel.from_json(model.to_json())
    assert again == model
    assert again.prior == given
    assert again.weights_prior == [1.5, 2.5]
    names = {"MixtureModel": MixtureModel, "Normal": Normal, "Prior": Prior}
    assert eval(repr(again), names) == clone(model)
    by_parts = MixtureModel([Product([Normal(), Poisson()])], prior=[{"column 2": Prior(Poisson(2.0), 3.0)}])
    assert MixtureModel.from_json(by_parts.to_json()).prior == by_parts.prior
    assert "log-posterior" in model.summary()


def test_a_prior_may_name_its_component_by_number():
    components, prior = {"a": Normal(0.0, 1.0), "b": Normal(4.0, 1.0)}, Prior(Normal(4.0, 1.0), 3.0)
    x = [0.0, 1.0, 0.5, 4.0, 4.2, 3.0]
    by_number, by_name = (MixtureModel(components, prior={key: prior}).fit(x) for key in (1, "b"))
    assert by_number == by_name
    assert MixtureModel.from_json(by_number.to_json()) == by_name


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Prior(Normal, 1.0), "must be a Distribution"),
        (lambda: Prior(Poisson(1.0), 0.0), "count must be a finite number > 0"),
        (lambda: Prior(Poisson(1.0), "5"), "count must be a finite number > 0"),
        (lambda: Prior(Poisson(1.0), 5.0, mean_count=1.0), "mean_count is for Normal"),
        (lambda: Prior(Normal(0, 1), 5.0, mean_count=-1.0), "mean_count must be a finite number >= 0"),
        (lambda: Prior(MixtureModel([Normal(0, 1), Normal(1, 1)]), 5.0), "is a mixture"),
        (lambda: MixtureModel([Normal()], prior="flat").fit([1.0]), "prior must be 'default'"),
        (lambda: MixtureModel([Normal()], prior=[None, None]).fit([1.0]), "for the 1 components"),
        (lambda: MixtureModel([Normal()], prior=[3.0]).fit([1.0]), "prior of component 'Normal' must be"),
        (lambda: MixtureModel([Normal()], prior={"x": None}).fit([1.0]), "prior names 'x'.* 'Normal', or 0 to 0"),
        (lambda: MixtureModel({"a": Normal()}, prior={"a": None, 0: None}).fit([1.0]), "names 'a' twice"),
        (lambda: MixtureModel([Poisson()], prior="default").fit([1.0]), "no such part"),
        (lambda: MixtureModel([Normal()], prior=Prior(Poisson(1.0), 2)).fit([1.0]), "made of Normal, but its prior"),
        (lambda: MixtureModel([Product([Normal(), Poisson()])], prior=[{"y": None}]).fit([[1.0, 2.0]]), "the part 'y'"),
        (
            lambda: MixtureModel([Product([Normal(), Poisson()])], prior=[{"column 2": "default"}]).fit([[1.0, 2.0]]),
            "but part 'column 2'",
        ),
        (
            lambda: MixtureModel([Product([Normal(), Poisson()])], prior=[{"column 2": Prior(Normal(0, 1), 1)}]).fit(
                [[1.0, 2.0]]
            ),
            "made of Poisson, but its prior",
        ),
        (
            lambda: MixtureModel([MultivariateNormal()], prior=Prior(MultivariateNormal([0, 0], np.eye(2)), 1)).fit(
                np.eye(3)
            ),
            "is of 2 columns",
        ),
        (
            lambda: MixtureModel([Binomial(trials=4)], prior=Prior(Binomial(0.5, trials=3), 1)).fit([1.0, 2.0]),
            "Give both the same settings",
        ),
        (
            lambda: MixtureModel(
                [MultivariateStudentT()], prior=Prior(MultivariateStudentT(3, [0, 0], np.eye(2)), 1)
            ).fit(np.eye(2)),
            "no rows that stand for it",
        ),
        (lambda: MixtureModel([Gamma()], prior=Prior(Gamma(0.01, 2.0), 1)).fit([1.0, 2.0]), "cannot stand for rows"),
        (lambda: MixtureModel([Normal()], weights_prior=0.5).fit([1.0]), "weights_prior must be a finite number >= 1"),
        (lambda: MixtureModel([Normal()], weights_prior=[1.0, 2.0]).fit([1.0]), "or 1 of them"),
        (lambda: MixtureModel([Normal()], weights_prior=True).fit([1.0]), "weights_prior must be"),
        (
            lambda: MixtureModel([Normal(0, 1), Normal(1, 1)], weights=[0, 1], weights_prior=2).fit([1.0, 2.0]),
            "weights has a zero",
        ),
        (
            lambda: MixtureModel(
                [Categorical([1.0, 0.0], ("a", "b"))], prior=Prior(Categorical([0.5, 0.5], ("a", "b")), 1)
            ).fit(["a", "a"]),
            "gives no density to rows that its prior",
        ),
    ],
)
def test_what_cannot_be_a_prior_is_named(make, message):
    with pytest.raises(InvalidParameterError, match=message):
        make()


def test_unknown_parameters_and_data_without_a_scale_are_named():
    with pytest.raises(UnknownParameterError, match="cannot be a prior: rate is unknown"):
        Prior(Poisson(), 1.0)
    with pytest.raises(InvalidDataError, match="needs a total weight > 1"):
        MixtureModel([Normal()], prior="default").fit([1.0, 2.0], sample_weight=[0.25, 0.5])
