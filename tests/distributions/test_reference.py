"""Every fit that R made (``tests/reference/fits.csv``) is reached: the same parameters, the same log-likelihood."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import distributions

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
PARAMETERS, LOG_LIKELIHOOD = 1e-6, 1e-9  # relative tolerances


class Counterpart(NamedTuple):
    """One of R's families in this package."""

    family: str
    convert: Callable[..., dict[str, Any]]  # R's parameters to ours
    settings: Callable[..., dict[str, Any]] = dict  # what R was given as settings of the family
    shift: float = 0.0  # to be added to R's data


def renamed(family: str, *names: str) -> Counterpart:
    """Return the counterpart whose parameters are R's, in the same order."""
    return Counterpart(family, lambda *values: dict(zip(names, values, strict=True)))


def trials(size: float) -> dict[str, Any]:
    """Return the setting of families of successes among so many trials."""
    return {"trials": size}


def matrix(*upper: float) -> np.ndarray:
    """Return the symmetric matrix with this upper triangle, row by row."""
    d = round((np.sqrt(8 * len(upper) + 1) - 1) / 2)
    full = np.zeros((d, d))
    full[np.triu_indices(d)] = upper
    return full + full.T - np.diag(np.diag(full))


def moments(*values: float) -> dict[str, Any]:
    """Return mean vector and covariance matrix: d + d (d + 1) / 2 values."""
    d = round((np.sqrt(8 * len(values) + 9) - 3) / 2)
    return {"mean": values[:d], "cov": matrix(*values[d:])}


def student(*values: float) -> dict[str, Any]:
    """Return location, scale matrix and degrees of freedom."""
    first = moments(*values[:-1])
    return {"loc": first["mean"], "scale": first["cov"], "df": values[-1]}


COUNTERPARTS = {
    "normal": renamed("Normal", "mean", "std"),
    "lognormal": renamed("LogNormal", "log_mean", "log_std"),
    "exponential": renamed("Exponential", "rate"),
    "gamma": renamed("Gamma", "shape", "rate"),
    "inverse_gamma": renamed("InverseGamma", "shape", "scale"),
    "weibull": renamed("Weibull", "shape", "scale"),
    "gumbel": renamed("Gumbel", "loc", "scale"),
    "gumbel_min": renamed("GumbelMin", "loc", "scale"),
    "logistic": renamed("Logistic", "loc", "scale"),
    "laplace": renamed("Laplace", "loc", "scale"),
    "t": renamed("StudentT", "loc", "scale", "df"),
    "cauchy": renamed("Cauchy", "loc", "scale"),
    "uniform": renamed("Uniform", "low", "high"),
    "beta": renamed("Beta", "a", "b"),
    "half_normal": renamed("HalfNormal", "scale"),
    "half_cauchy": renamed("HalfCauchy", "scale"),
    "rayleigh": renamed("Rayleigh", "scale"),
    "maxwell": renamed("Maxwell", "scale"),
    "chi_square": renamed("ChiSquare", "df"),
    "pareto": renamed("Pareto", "low", "shape"),
    "generalized_pareto": renamed("GeneralizedPareto", "scale", "shape"),
    "generalized_extreme_value": renamed("GeneralizedExtremeValue", "loc", "scale", "shape"),
    "inverse_gaussian": renamed("InverseGaussian", "mean", "shape"),
    "von_mises": renamed("VonMises", "loc", "concentration"),
    "skew_normal": renamed("SkewNormal", "loc", "scale", "shape"),
    "generalized_normal": renamed("GeneralizedNormal", "loc", "scale", "shape"),
    "log_logistic": renamed("LogLogistic", "shape", "scale"),
    "burr12": renamed("BurrXII", "shape", "tail", "scale"),
    "kumaraswamy": renamed("Kumaraswamy", "a", "b"),
    "binomial": Counterpart("Binomial", lambda prob: {"prob": prob}, trials),
    "beta_binomial": Counterpart("BetaBinomial", lambda a, b: {"a": a, "b": b}, trials),
    "poisson": renamed("Poisson", "rate"),
    "negative_binomial": renamed("NegativeBinomial", "size", "prob"),
    "zero_inflated_poisson": Counterpart(
        "ZeroInflated", lambda rate, pi: {"prob": pi, "rate": rate}, lambda: {"distribution": distributions.Poisson()}
    ),
    "zero_inflated_negative_binomial": Counterpart(
        "ZeroInflated",
        lambda size, prob, pi: {"prob": pi, "size": size, "distribution.prob": prob},
        lambda: {"distribution": distributions.NegativeBinomial()},
    ),
    "geometric": renamed("Geometric", "prob"),
    "skellam": renamed("Skellam", "rate1", "rate2"),
    "zeta": renamed("Zeta", "exponent"),
    "logarithmic": renamed("LogSeries", "prob"),
    "dirichlet": Counterpart("Dirichlet", lambda *alpha: {"concentration": alpha}),
    "multinomial": Counterpart("Multinomial", lambda *p: {"prob": p}),
    "dirichlet_multinomial": Counterpart("DirichletMultinomial", lambda *alpha: {"concentration": alpha}),
    "multivariate_normal": Counterpart("MultivariateNormal", moments),
    "multivariate_t": Counterpart("MultivariateStudentT", student),
}


def _fits() -> list[dict[str, str]]:
    with (REFERENCE / "fits.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _data(fit: dict[str, str]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return rows, shape (n,) or (n, d), and their weights."""
    with (REFERENCE / "data" / f"{fit['dataset']}.csv").open(encoding="utf-8", newline="") as file:
        names, *body = csv.reader(file)
    cells = np.array(body, dtype=float)
    weight = cells[:, names.index("frequency")] if fit["weighted"] == "1" else None
    x = cells[:, [i for i, name in enumerate(names) if name != "frequency"]]
    return (x[:, 0] if x.shape[1] == 1 else x), weight


def _size(value: Any) -> Any:
    """Return what an error of a parameter is relative to: itself, or in a matrix the deviations of both columns."""
    return np.abs(value) if np.ndim(value) < 2 else np.sqrt(np.outer(np.diag(value), np.diag(value)))


@pytest.mark.parametrize(
    "fit",
    [pytest.param(fit, id=f"{fit['family']}-{fit['dataset']}{'-weighted' * int(fit['weighted'])}") for fit in _fits()],
)
def test_fit_reaches_the_maximum_that_r_found(fit: dict[str, str]) -> None:
    counterpart = COUNTERPARTS[fit["family"]]
    family = getattr(distributions, counterpart.family)
    known = dict(item.split("=") for item in fit["known"].split())
    x, weight = _data(fit)
    x = x + counterpart.shift
    blank = family(**counterpart.settings(**{name: float(value) for name, value in known.items()}))
    fitted = blank.fit(x, sample_weight=weight)

    wanted = float(fit["log_likelihood"])
    reached = fitted.log_likelihood(x, weight)
    assert reached == pytest.approx(wanted, rel=LOG_LIKELIHOOD)
    by_r = counterpart.convert(*map(float, fit["values"].split()))
    assert set(by_r) == set(fitted.parameters)
    for name, value in by_r.items():
        error = np.abs(fitted.parameters[name] - value) / _size(value)
        assert np.max(error) <= PARAMETERS, f"{name}: {fitted.parameters[name]!r}, by R {value!r}"


def test_every_family_of_the_table_has_its_counterpart() -> None:
    assert {fit["family"] for fit in _fits()} == set(COUNTERPARTS)
    assert [name for name, (family, *_) in COUNTERPARTS.items() if not hasattr(distributions, family)] == []
