"""A valid call of every public callable, by name, for tests that replace one argument after the other.

``CALLS`` are functions that make a `Call`; ``EXEMPT`` says of the other callables why they have none.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache, partial
from inspect import isfunction, ismethod, signature
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import scipy.stats
from catalogue import distributions_of

import mixtures
from distributions import Distribution
from distributions.domains import REAL
from distributions.law.case import Case
from mixtures import (
    Blocks,
    Categorical,
    Checkpoint,
    GaussianMixture,
    KMeans,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Plots,
    Poisson,
    Prior,
    Product,
    as_intervals,
    check_distribution,
    from_scipy,
    kernel,
    parameter,
    share_columns,
)

WRONG: dict[str, Any] = {
    "object": object(),
    "text": "nonsense",
    "NaN": np.nan,
    "negative": -1.5,
    "complex": 1j,
    "nested": [[[1.0]], [[2.0]]],
    "empty": [],
    "dict": {"nonsense": None},
}
VALUES = {"NaN", "negative", "nested", "empty"}  # numbers of any shape
NEVER_READ = set(WRONG)  # an argument that is there for scikit-learn alone
SEED = {"empty"}  # NumPy takes a list of numbers for a seed


class Call(NamedTuple):
    """A callable, arguments that it takes, and which of the wrong ones it may take too, by parameter."""

    function: Callable[..., Any]
    arguments: dict[str, Any]
    accepted: dict[str, set[str]] = {}


CONTRACT = [
    "agreed",
    "at_bounds",
    "bounds",
    "carried",
    "columns_read",
    "conditional_at",
    "covers",
    "draw",
    "encode",
    "expected_cells",
    "finite_rows",
    "first_guess",
    "fit_bounded",
    "from_theta",
    "kernels_for",
    "log_tail",
    "marginal_at",
    "outline",
    "prepare",
    "rebuild",
    "require_known",
    "require_trials",
    "units",
]
LIBRARY = "part of the contract of a family: the package calls it, with what was checked at the door"
RESULT = "a result, which the package makes"
EXEMPT = {
    **dict.fromkeys(("Degeneracy", "Explanation", "Film", "Step"), RESULT),
    **dict.fromkeys(("Prior.for_leaves", "Prior.pseudo_rows"), LIBRARY),
    "Distribution": "abstract: its families are called, and so are their methods",
    "Kernels": "a record of three functions: what is no kernel is named where it is first used",
}


# --------------------------------------------------------------------------------------------------- families


@cache
def case_of(family: type[Distribution]) -> Case:
    """Return a distribution of a family with known parameters."""
    tried = distributions_of(family, 1)
    return Case(tried[0], zlib.crc32(family.__name__.encode()))


MADE_FROM = {
    "concentration": 4.0,
    "df": 5.0,
    "dispersion": 2.0,
    "mean": 0.5,
    "prob": 0.4,
    "scale": 2.0,
    "shape": 1.5,
    "size": 2.0,
    "skewness": 0.3,
    "std": 0.3,
    "trials": 5,
}


def family_calls(family: type[Distribution]) -> Iterator[tuple[str, Call]]:
    """Yield calls of the constructors and methods of a family."""
    case = case_of(family)
    d, name = case.distribution, family.__name__
    x = case.draw(12, "calls")
    labels = NEVER_READ - {"dict"} if family is Categorical else set()  # whatever can be told apart is a label
    yield name, Call(family, constructor_arguments(d), constructor_accepts(d))
    yield f"{name}.log_pdf", Call(d.log_pdf, {"x": x}, {"x": VALUES | labels})
    yield f"{name}.pdf", Call(d.pdf, {"x": x}, {"x": VALUES | labels})
    yield f"{name}.fit", Call(case.blank.fit, {"x": case.draw(12, "fit"), "sample_weight": np.ones(12)})
    both = {"x": x, "sample_weight": np.ones(12)}
    yield f"{name}.log_likelihood", Call(d.log_likelihood, both)
    yield f"{name}.impute", Call(d.impute, {"x": x}, {"x": VALUES})
    if case.one_column:
        yield f"{name}.cdf", Call(d.cdf, {"x": x}, {"x": VALUES | labels})
        yield f"{name}.ppf", Call(d.ppf, {"q": [0.5]}, {"q": VALUES})
    if "trials" in signature(d.sample).parameters:
        per_row = d.with_values(trials=None)
        yield f"{name}.sample", Call(per_row.sample, {"size": 3, "rng": 0, "trials": 2}, {"rng": SEED})
    else:
        yield f"{name}.sample", Call(d.sample, {"size": 3, "rng": 0}, {"rng": SEED})
    for method, function in vars(family).items():
        if method.startswith("from_") and isinstance(function, classmethod) and method not in CONTRACT:
            wanted = signature(getattr(family, method)).parameters
            arguments = {parameter: MADE_FROM[parameter] for parameter in wanted}
            moves = {"mean", "skewness"} if d.support.is_location else set()
            yield (
                f"{name}.{method}",
                Call(getattr(family, method), arguments, dict.fromkeys(moves, {"negative"})),
            )


def constructor_arguments(d: Distribution) -> dict[str, Any]:
    """Return what a distribution is made of."""
    if isinstance(d, Product):
        return {"parts": [d]}
    return {field.name: getattr(d, field.name) for field in fields(d) if field.init}  # type: ignore[arg-type]


def constructor_accepts(d: Distribution) -> dict[str, set[str]]:
    """Return which wrong values lie in the domains of the parameters."""
    accepted = {name: {"negative"} for name in ("low", "high", "by", "loc")}  # settings: ends, a shift, an origin
    for declared in d.declared:
        accepted[declared.name] = set()
        for label, value in WRONG.items():
            try:
                declared.domain.check(value)
            except (TypeError, ValueError):
                continue
            accepted[declared.name].add(label)
    return accepted


# ------------------------------------------------------------------------------------------------------- the rest


@cache
def made() -> SimpleNamespace:
    """Return data and fitted models, which calls share."""
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(0.0, 1.0, 20), rng.normal(6.0, 1.0, 20)])
    X = np.column_stack([x, rng.normal(size=40)])
    return SimpleNamespace(
        x=x,
        X=X,
        weight=np.ones(40),
        labels=np.where(np.arange(40) % 9 == 0, 0, -1),
        model=MixtureModel({"a": Normal(0, 1), "b": Normal(6, 1)}, tol=1e-6).fit(x),
        columns=MixtureModel([MultivariateNormal([m, 0], np.eye(2)) for m in (0, 6)], tol=1e-3).fit(X),
        counts=MixtureModel([Poisson(1.0), Poisson(8.0)]),
        product=Product({"u": Normal(0, 1), "v": Normal(1, 2)}),
        gaussian=GaussianMixture(2, random_state=0).fit(X),
        k_means=KMeans(2, random_state=0, n_init=1).fit(X),
    )


def _fit(**arguments: Any) -> Any:
    return MixtureModel(**arguments).fit(made().x)


def _model(**given: Any) -> Call:
    arguments = {
        "components": [Normal(0, 1), Normal(6, 1)],
        "n_components": None,
        "weights": [0.5, 0.5],
        "tied": None,
        "covariance": None,
        "freeze_weights": False,
        "prior": None,
        "weights_prior": None,
        "init": None,
        "n_init": 2,
        "tol": 1e-3,
        "max_iter": 20,
        "truncate": None,
        "accelerate": "squarem",
        "n_jobs": 1,
        "rng": 0,
        "callback": None,
        "verbose": False,
    }
    return Call(_fit, arguments | given, {"rng": SEED, "tied": {"empty"}, "freeze_weights": {"empty"}})


def _of_model(method: str, accepted: dict[str, set[str]] | None = None, **arguments: Any) -> Callable[[], Call]:
    """Return what makes the call of a method of a fitted model; data and weights by their names."""

    def make() -> Call:
        given = {name: getattr(made(), value) if value in DATA_NAMES else value for name, value in arguments.items()}
        return Call(getattr(made().model, method), given, accepted or {})

    return make


SET = ("set_params", "set_fit_request", "set_score_request", "set_partial_fit_request")
DATA_NAMES = ("x", "weight", "labels")
UNREAD = {"y": NEVER_READ}
ROWS = {"x": VALUES}


def _drop_in(name: str) -> dict[str, Callable[[], Call]]:
    """Return calls of the methods of `GaussianMixture` or `KMeans`."""
    cls = getattr(mixtures, name)

    def make(method: str) -> Call:
        one = made().gaussian if cls is GaussianMixture else made().k_means
        known = {
            "X": made().X,
            "y": None,
            "sample_weight": made().weight,
            "n_samples": 3,
            "deep": True,
            "transform": "default",
            "input_features": None,
        }
        if method == "from_dict":
            known["record"] = one.to_dict()
        if method == "from_json":
            known["text"] = one.to_json()
        function = getattr(one, method)
        arguments = {name: known[name] for name in signature(function).parameters if name in known}
        return Call(function, arguments, {"y": NEVER_READ, "deep": NEVER_READ, "input_features": NEVER_READ})

    def named(method: str) -> Callable[[], Call]:
        return lambda: make(method)

    return {f"{name}.{method}": named(method) for method in public_methods(cls) if method not in SET}


def _routing(name: str) -> dict[str, Callable[[], Call]]:
    """Return calls of what sets arguments of an estimator, and says what becomes of its weights of rows."""
    model: Any = {"MixtureModel": MixtureModel([Normal(0, 1), Normal(6, 1)])}.get(name) or getattr(mixtures, name)(2)
    asked = {"sample_weight": {"text"}}  # under another name
    requests = [method for method in SET[1:] if hasattr(model, method)]
    return {
        f"{name}.set_params": lambda: Call(
            lambda **given: model.set_params(**given).fit(made().X[:, :1]), {"tol": 1.0}
        ),
        **{f"{name}.{each}": partial(Call, getattr(model, each), {"sample_weight": True}, asked) for each in requests},
    }


def _plot(method: str) -> Callable[[], Call]:
    def make() -> Call:
        of_two = method in ("pairs", "decision_regions", "explanation", "profiles")
        model = made().columns if of_two else made().counts if method == "rootogram" else made().model
        x = made().X if of_two else np.abs(np.round(made().x)) if method == "rootogram" else made().x
        known = {
            "x": x,
            "sample_weight": made().weight,
            "labels": made().labels,
            "ax": None,
            "rug": False,
            "bins": 5,
            "rng": 0,
            "columns": [0, 1],
            "row": made().X[0],
            "component": 0,
            "against": 1,
            "gap": False,
            "first": 2,
            "label": "one",
            "frames": 2,
            "fps": 4.0,
            "halves": False,
            "parameter": "a.mean",
            "steps": 1,
            "values": (0.0, 1.0),
            "soft": True,
        }
        function = getattr(model.plot, method)
        arguments = {name: known[name] for name in signature(function).parameters}
        return Call(function, arguments, {"rng": SEED, "label": NEVER_READ})  # matplotlib writes anything as a label

    return make


def public_methods(cls: type) -> list[str]:
    """Return the names of methods that take something."""
    return [
        name
        for name in dir(cls)
        if not name.startswith("_")
        and (isfunction(getattr(cls, name)) or ismethod(getattr(cls, name)))
        and (set(signature(getattr(cls, name)).parameters) - {"self"})
    ]


CALLS: dict[str, Callable[[], Call]] = {
    "MixtureModel": _model,
    "MixtureModel of copies": lambda: _model(components=Normal(), n_components=2, weights=None),
    "MixtureModel.fit": _of_model(
        "fit",
        UNREAD | {"checkpoint": {"text"}},
        x="x",
        y=None,
        sample_weight="weight",
        labels="labels",
        checkpoint=None,
    ),
    "MixtureModel.partial_fit": lambda: Call(
        lambda **given: MixtureModel({"a": Normal(0, 1), "b": Normal(6, 1)}).partial_fit(**given),
        {"x": made().x, "y": None, "sample_weight": made().weight, "labels": made().labels, "decay": 0.7},
        UNREAD,
    ),
    "MixtureModel.fit_predict": _of_model("fit_predict", UNREAD, x="x", y=None, sample_weight="weight"),
    "MixtureModel.iter_fit": lambda: Call(
        lambda **arguments: list(made().model.iter_fit(**arguments)),
        {"x": made().x, "sample_weight": made().weight},
    ),
    "MixtureModel.log_pdf": _of_model("log_pdf", ROWS, x="x"),
    "MixtureModel.pdf": _of_model("pdf", ROWS, x="x"),
    "MixtureModel.cdf": _of_model("cdf", ROWS, x="x"),
    "MixtureModel.ppf": _of_model("ppf", {"q": VALUES}, q=[0.5]),
    "MixtureModel.predict": _of_model("predict", {"x": {"empty"}}, x="x"),
    "MixtureModel.predict_proba": _of_model("predict_proba", {"x": {"empty"}}, x="x"),
    "MixtureModel.score_samples": _of_model("score_samples", ROWS, x="x"),
    "MixtureModel.score": _of_model("score", UNREAD, x="x", y=None, sample_weight="weight"),
    "MixtureModel.aic": _of_model("aic", x="x", sample_weight="weight"),
    "MixtureModel.bic": _of_model("bic", x="x", sample_weight="weight"),
    "MixtureModel.log_likelihood": _of_model("log_likelihood", x="x", sample_weight="weight"),
    "MixtureModel.sample": _of_model("sample", {"rng": SEED}, size=3, rng=0, return_labels=False),
    "MixtureModel.align": lambda: Call(made().model.align, {"other": made().model}),
    "MixtureModel.relabel": _of_model("relabel", order=[1, 0]),
    "MixtureModel.entropy": lambda: Call(made().columns.entropy, {"rng": 0, "n_draws": 100}, {"rng": SEED}),
    "MixtureModel.hdr": lambda: Call(made().columns.hdr, {"level": 0.9, "rng": 0, "n_draws": 100}, {"rng": SEED}),
    "MixtureModel.explain": lambda: Call(made().columns.explain, {"row": made().X[0]}),
    "MixtureModel.marginal": lambda: Call(made().columns.marginal, {"columns": [0]}),
    "MixtureModel.conditional": lambda: Call(made().columns.conditional, {"given": {0: 1.0}}),
    "MixtureModel.impute": lambda: Call(made().columns.impute, {"x": made().X}),
    "MixtureModel.from_dict": lambda: Call(MixtureModel.from_dict, {"record": made().model.to_dict()}),
    "MixtureModel.from_json": lambda: Call(MixtureModel.from_json, {"text": made().model.to_json()}),
    "MixtureModel.get_params": _of_model("get_params", {"deep": NEVER_READ}, deep=True),
    "MixtureModel.freeze": lambda: Call(lambda names: made().model.freeze(names), {"names": "a"}),
    "Distribution.freeze": lambda: Call(lambda names: Normal(0, 1).freeze(names), {"names": "mean"}),
    "Distribution.with_values": lambda: Call(
        Normal(0, 1).with_values, {"mean": 1.0, "std": 2.0}, {"mean": {"negative"}}
    ),
    "Distribution.marginal": lambda: Call(made().product.marginal, {"columns": ["u"]}),
    "Distribution.conditional": lambda: Call(made().product.conditional, {"given": {"u": 1.0}}),
    "Distribution.from_dict": lambda: Call(Normal.from_dict, {"record": Normal(0, 1).to_dict()}),
    "Distribution.from_json": lambda: Call(Normal.from_json, {"text": Normal(0, 1).to_json()}),
    "Categorical.decode": lambda: Call(
        Categorical([0.5, 0.5], ("a", "b")).decode, {"codes": [0.0, 1.0]}, {"codes": {"empty"}}
    ),
    "Censored.cdf": lambda: Call(mixtures.Censored(Normal(0, 1)).cdf, {"x": [0.5]}, {"x": VALUES}),
    "Censored.ppf": lambda: Call(mixtures.Censored(Normal(0, 1)).ppf, {"q": [0.5]}, {"q": VALUES}),
    "Uniform.over": lambda: Call(mixtures.Uniform.over, {"data": made().x}),
    "UniformBox.over": lambda: Call(mixtures.UniformBox.over, {"data": made().X}),
    "Blocks": lambda: Call(
        lambda **given: MixtureModel([Normal(0, 1), Normal(6, 1)], max_iter=2).fit(Blocks(**given)),
        {"source": [made().x, made().x], "columns": None, "rows": None},
        {"source": {"nested"}},
    ),
    "Checkpoint": lambda: Call(Checkpoint, {"path": "fit.ckpt", "every": 1.0}, {"path": {"text"}}),
    "Plots": lambda: Call(Plots, {"model": made().model}),
    "Prior": lambda: Call(Prior, {"distribution": Normal(0, 1), "count": 2.0, "mean_count": 1.0}),
    "share_columns": lambda: Call(
        share_columns,
        {
            "model": MixtureModel([made().product, Product({"u": Normal(6, 1), "v": Normal(1, 2)})], tol=1e-3),
            "x": made().X,
            "sample_weight": made().weight,
        },
    ),
    "as_intervals": lambda: Call(as_intervals, {"time": [1.0, 2.0], "event": [True, False], "side": "right"}),
    "check_distribution": lambda: Call(
        check_distribution, {"distribution": mixtures.PointMass(1.0), "rng": 0, "scipy_twin": None}, {"rng": SEED}
    ),
    "from_scipy": lambda: Call(from_scipy, {"distribution": scipy.stats.norm(0, 1)}),
    "kernel": lambda: Call(kernel, {"function": lambda X, theta, out: None}),
    "parameter": lambda: Call(parameter, {"domain": REAL, "power": 1, "collapse": 1, "limits": (0.0, 1.0)}),
    "Explanation.log_odds": lambda: Call(made().columns.explain(made().X[0]).log_odds, {"component": 0, "against": 1}),
    "Film.save": lambda: Call(mixtures.Film(b"GIF", (0,)).save, {"path": "film.gif"}, {"path": {"text"}}),
    "GaussianMixture": lambda: Call(
        lambda **given: GaussianMixture(**given).fit(made().X),
        {
            "n_components": 2,
            "covariance_type": "full",
            "tol": 1e-3,
            "reg_covar": 1e-6,
            "max_iter": 100,
            "n_init": 1,
            "init_params": "kmeans",
            "weights_init": [0.5, 0.5],
            "means_init": [[0, 0], [6, 0]],
            "precisions_init": [np.eye(2)] * 2,
            "random_state": 0,
            "warm_start": False,
            "verbose": 0,
            "verbose_interval": 10,
        },
    ),
    "KMeans": lambda: Call(
        lambda **given: KMeans(**given).fit(made().X),
        {
            "n_clusters": 2,
            "init": "k-means++",
            "n_init": 1,
            "max_iter": 100,
            "tol": 1e-4,
            "verbose": 0,
            "random_state": 0,
            "copy_x": True,
            "algorithm": "lloyd",
        },
    ),
    **_drop_in("GaussianMixture"),
    **_drop_in("KMeans"),
    **{name: call for cls in ("MixtureModel", "GaussianMixture", "KMeans") for name, call in _routing(cls).items()},
    **{f"Plots.{method}": _plot(method) for method in public_methods(Plots)},
    "Plots.__call__": _plot("__call__"),
}
