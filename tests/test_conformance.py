"""The law, for every family of the package: a new family is covered without writing a test.

Each family is tried at random parameters; one that cannot be made without arguments, or has more to vary than its
parameters, adds settings to its module in `tests/catalogue`. Each distribution is a test, which tells all broken laws.
The long profile (see `profiles`) draws more parameters, other ones each day.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats
from catalogue import FAMILIES, TRIALS, Trial
from profiles import FIRST_SEED, either

import distributions
from distributions import (
    Categorical,
    Censored,
    Distribution,
    Exponential,
    Gamma,
    LawError,
    MultivariateNormal,
    Normal,
    PointMass,
    Poisson,
    Product,
    Scaled,
    Shifted,
    Truncated,
    Uniform,
    Weibull,
    ZeroInflated,
    check_distribution,
    parameter,
)
from distributions.domains import POSITIVE, REAL
from distributions.law import LAWS, Law
from distributions.law.case import Case
from mixtures import MixtureModel

N_RANDOM = either(3, 20)  # random parameter sets for each family


class OwnLaplace(Distribution):
    """A user's own family in plain NumPy, as short as the contract allows."""

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    def log_pdf(self, x):
        return -np.abs(np.ravel(x).astype(float) - self.loc) / self.scale - np.log(2.0 * self.scale)

    def fit(self, x, sample_weight=None):
        x, w = np.ravel(x).astype(float), np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight)
        x, w = x[w > 0], w[w > 0]
        if not np.all(np.isfinite(x)):
            raise ValueError("Laplace needs finite data")
        order = np.argsort(x)
        median = x[order][np.searchsorted(np.cumsum(w[order]), w.sum() / 2)]
        loc = self.loc if "loc" in self.frozen else median
        return self.with_values(
            loc=loc, scale=self.scale if "scale" in self.frozen else np.average(np.abs(x - loc), weights=w)
        )

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).laplace(self.loc, self.scale, size)


TRIALS_OF = {
    **TRIALS,
    OwnLaplace: Trial(
        OwnLaplace,
        settings=[OwnLaplace(2.0, 1e-8), OwnLaplace(-1e5, 1e8)],
        twin=lambda d: scipy.stats.laplace(d.loc, d.scale),
    ),
}

MIXTURES = {
    "normal-exponential": MixtureModel([Normal(0.0, 1.0), Exponential(0.1)], weights=[0.4, 0.6]),
    "counts": MixtureModel([Poisson(2.0), Poisson(15.0)], weights=[0.3, 0.7]),
    "counts and a fraction": MixtureModel([PointMass(2.5), Poisson(3.0)], weights=[0.3, 0.7]),
    "far from zero": MixtureModel([Normal(1e8, 1.0), Normal(1e8 + 20.0, 6.0)]),
    "columns": MixtureModel(
        [MultivariateNormal([0.0, 0.0], [[2, 1], [1, 3.0]]), MultivariateNormal([10.0, -5.0], [[2, -1], [-1, 3.0]])],
        weights=[0.2, 0.8],
    ),
    "nested": MixtureModel([MixtureModel([Normal(0.0, 1.0), Normal(4.0, 0.5)]), Exponential(0.1)], weights=[0.4, 0.6]),
    "with a user's family": MixtureModel([OwnLaplace(0.0, 1.0), Normal(12.0, 3.0)], weights=[0.5, 0.5]),
    "of products": MixtureModel(
        [Product([Normal(0.0, 1.0), Poisson(2.0)]), Product([Normal(6.0, 2.0), Poisson(9.0)])], weights=[0.3, 0.7]
    ),
    "in a product": Product({"a": MixtureModel([Exponential(1.0), Normal(20.0, 2.0)]), "b": Categorical([0.2, 0.8])}),
    "in a product in a mixture": MixtureModel(
        [
            Product([MixtureModel([Normal(0.0, 1.0), Normal(8.0, 1.0)]), Poisson(3.0)]),
            Product([Normal(20.0, 3.0), Poisson(30.0)]),
        ],
    ),
    "of zero-inflated counts": MixtureModel([ZeroInflated(Poisson(3.0), 0.3), ZeroInflated(Poisson(30.0), 0.2)]),
    "of truncated": MixtureModel([Truncated(Normal(1.0, 1.0), low=0.0), Gamma(60.0, 3.0)], weights=[0.6, 0.4]),
    "of shifted and scaled": MixtureModel([Shifted(Exponential(1.0), by=2.0), Scaled(Gamma(5.0, 1.0), by=10.0)]),
    "of censored": MixtureModel([Censored(Weibull(1.5, 1.0)), Censored(Weibull(8.0, 20.0))], weights=[0.4, 0.6]),
    "of one deviation": MixtureModel([Normal(0.0, 1.0), Normal(8.0, 1.0)], tied="std"),
    "with noise": MixtureModel([Normal(0.0, 1.0), Uniform(-20.0, 30.0).freeze()]),
}


def _trial(family: type[Distribution]) -> Trial:
    return TRIALS_OF.get(family) or Trial(family)


def _distributions(trial: Trial) -> dict[str, tuple[Distribution, int]]:
    """Name what one family is tried at, and a seed; one that needs arguments must have settings in its catalogue."""
    try:
        made = {f"random {seed}": (trial.family(), seed) for seed in range(FIRST_SEED, FIRST_SEED + N_RANDOM)}
    except TypeError:
        assert trial.settings, f"{trial.family.__name__}() needs arguments: add settings to tests/catalogue"
        made = {}
    for kind, settings in {"setting": trial.settings, "extreme": trial.extremes}.items():
        made |= {f"{kind} {i}": (setting, FIRST_SEED + len(made) + i) for i, setting in enumerate(settings)}
    return made


def _cases() -> dict[str, Case]:
    cases = {}
    for family in (*FAMILIES, OwnLaplace):
        for name, (distribution, seed) in _distributions(_trial(family)).items():
            cases[f"{family.__name__} {name}"] = Case(distribution, seed, _trial(family).twin)
    for name, mixture in MIXTURES.items():
        cases[f"mixture {name}"] = Case(mixture)
    return cases


def _excuse(case: Case, law: Law) -> str | None:
    """Return why a distribution cannot keep a law, if its catalogue says so."""
    excuses = _trial(type(case.distribution)).no_law
    return excuses.get("*", {}).get(law.name) or excuses.get(repr(case.distribution), {}).get(law.name)


CASES = _cases()


@pytest.mark.parametrize("name", CASES)
def test_a_distribution_keeps_the_laws(name: str) -> None:
    case, broken = CASES[name], []
    for law in LAWS:
        try:
            if law.applies(case) and not _excuse(case, law):
                law.enforce(case)
        except LawError as error:
            broken.append(str(error))
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_every_law_is_applied_to_something(law: Law) -> None:
    assert any(law.applies(case) for case in CASES.values())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_family_is_tried_with_and_without_its_parameters(family: type[Distribution]) -> None:
    tried = [case for case in CASES.values() if type(case.distribution) is family]
    assert len({repr(case.distribution) for case in tried}) >= N_RANDOM
    scales = {float(f"{case.unit[0]:.2g}") for case in tried if case.one_column}
    assert len(scales) > 1 or not tried[0].one_column  # never at one scale only


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.one_column])
def test_the_moments_that_laws_compare_with_exist(name: str) -> None:
    case = CASES[name]
    if not case.has_density:
        return
    moments = [case.grid_moment(power, case.centre[0]) for power in (1, 2, 4)]
    if np.isfinite(moments).all():
        return
    if case.distribution.support.discrete and len(case.grid.x) > 10**5:
        return  # of a power law: its sums converge too slowly to be taken
    # A law skips where an integral diverges: then it must be one that the distribution itself calls infinite or NaN.
    twin = case.twin
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # SciPy's, of integrals that diverge
        known = [np.nan] * 3 if twin is None else twin.stats("mvk")
    assert not np.isfinite(np.asarray(known)[~np.isfinite(moments)]).any()


def test_check_distribution_names_the_laws_it_checked() -> None:
    plain, compiled = check_distribution(OwnLaplace()), check_distribution(Exponential())
    assert {"density_integrates_to_one", "fit_is_stationary", "offset_moves_only_the_location"} <= set(plain)
    assert "statistics_add_up" in compiled
    assert "statistics_add_up" not in plain  # it has no kernels
    assert "density_equals_the_scipy_twin" not in plain
    assert "density_equals_the_scipy_twin" in check_distribution(OwnLaplace(), scipy_twin=TRIALS_OF[OwnLaplace].twin)


def test_check_distribution_compares_with_the_twin_it_is_given() -> None:
    with pytest.raises(LawError, match="Normal.*density_equals_the_scipy_twin"):
        check_distribution(Normal(1.0, 2.0), scipy_twin=scipy.stats.norm(1.0, 2.001))


def test_check_distribution_draws_unknown_parameters_from_its_rng() -> None:
    drawn = {repr(Case(Normal(), seed).distribution) for seed in range(5)}
    assert len(drawn) == 5
    assert Case(Normal(std=3.0), 1).distribution.std == 3.0
    known = Normal(1.0, 2.0)
    assert Case(known, 1).distribution is known


def test_a_mixture_with_unknown_parameters_is_told_to_be_fitted() -> None:
    with pytest.raises(distributions.UnknownParameterError, match="Fit it first"):
        check_distribution(MixtureModel([Normal(), Normal()]))
