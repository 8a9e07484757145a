"""`MixtureModel`: an estimator in scikit-learn's sense, and a distribution."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from distributions import numeric
from distributions.base import Distribution, Rng
from distributions.data import Array, as_observations, as_observed, as_rows, as_weights, centre_and_scale, describe_rows
from distributions.domains import Domain
from distributions.errors import (
    ConvergenceWarning,
    DegeneracyWarning,
    InvalidDataError,
    InvalidParameterError,
    MeasureWarning,
    NotFittedError,
)

from . import em, reporting
from .initialization import best_start
from .plan import Engine
from .sweep import normalise

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Components = Sequence[Distribution] | Mapping[str, Distribution] | Distribution


class Step(NamedTuple):
    """One EM step as `MixtureModel.iter_fit` shows it.

    Attributes
    ----------
    iteration : int
        Updates made so far; 0 is the start.
    log_likelihood : float
        Total weighted log-likelihood at these parameters.
    components : list or dict of Distribution
    weights : ndarray, shape (K,)
    responsibilities : ndarray, shape (n, K)
        Probability that each row came from each component, at these parameters.
    """

    iteration: int
    log_likelihood: float
    components: list[Distribution] | dict[str, Distribution]
    weights: Array
    responsibilities: Array


class MixtureModel(Distribution):
    r"""Mixture of distributions: density :math:`\sum_k w_k f_k(x)`, fitted by the EM algorithm.

    Parameters
    ----------
    components : list or dict of Distribution, or Distribution
        The components, a dict to name them, or one prototype for `n_components` of them. Known parameters are
        where EM starts; unknown ones get a first guess from the data. A component may be a MixtureModel.
    n_components : int, optional
        Number of copies of a single prototype.
    weights : array_like, shape (K,), optional
        Mixing proportions to start from, >= 0; they are scaled to sum to one. Equal ones are taken where all
        parameters are given.
    n_init : int, default 50
        Number of starts from which the best is chosen; one is enough where every parameter is given.
    tol : float, default 1e-14
        EM ends when the predicted distance to the optimum is below this: of the total log-likelihood, per
        unit of weight; its square root for the parameters, in units of themselves (of the data's scale for locations).
    max_iter : int, default 10000
        Most updates.
    rng : int, numpy.random.Generator or None, default 0
        Seed or generator of the random starts.

    Attributes
    ----------
    components_ : list or dict of Distribution
        The fitted components, as `components` was given.
    weights_ : ndarray, shape (K,)
        Mixing proportions, of sum one.
    log_likelihood_ : float
        Total weighted log-likelihood of the training data at exactly these parameters.
    history_ : ndarray, shape (n_iter_ + 1,)
        Log-likelihood at the start and after each update. (After a stop because it fell, the last entry is the fall.)
    n_iter_ : int
        Number of updates.
    converged_ : bool
    effective_counts_ : ndarray, shape (K,)
        Sum over rows of weight times responsibility.
    n_features_in_ : int
        Number of columns d.

    Notes
    -----
    Dempster, Laird & Rubin, Journal of the Royal Statistical Society B 39 (1977); McLachlan & Peel, Finite Mixture
    Models (2000).

    Examples
    --------
    >>> from mixtures import MixtureModel, Normal, datasets
    >>> model = MixtureModel([Normal(), Normal()]).fit(datasets.load("old_faithful")["waiting"])
    >>> model.weights_.round(6)
    array([0.360886, 0.639114])
    """

    def __init__(
        self,
        components: Components,
        *,
        n_components: int | None = None,
        weights: npt.ArrayLike | None = None,
        n_init: int = 50,
        tol: float = 1e-14,
        max_iter: int = 10_000,
        rng: Rng = 0,
    ) -> None:
        self.components = components
        self.n_components = n_components
        self.weights = weights
        self.n_init = n_init
        self.tol = tol
        self.max_iter = max_iter
        self.rng = rng

    # ------------------------------------------------------------------------------------ constructor arguments

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments by name."""
        names = [name for name in inspect.signature(type(self).__init__).parameters if name != "self"]
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments by name; return self.

        Raises
        ------
        InvalidParameterError
            If there is no such argument.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise InvalidParameterError(f"MixtureModel has no argument {name!r}; it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    @property
    def names(self) -> list[str]:
        """Names of the components: the keys of a dict, else family and number."""
        return list(self._given())

    def _given(self) -> dict[str, Distribution]:
        """Return the components as given, by name; checked here because arguments are stored untouched."""
        components, n = self.components, self.n_components
        if isinstance(components, Distribution):
            if n is None:
                raise InvalidParameterError("MixtureModel: one distribution needs n_components, the number of copies")
            if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
                raise InvalidParameterError(f"MixtureModel: n_components must be a whole number >= 1; got {n!r}")
            components = [components] * int(n)
        elif n is not None and n != len(components):
            raise InvalidParameterError(
                f"MixtureModel: n_components={n} but {len(components)} components are listed; leave it out"
            )
        if isinstance(components, Mapping):
            named = {str(name): component for name, component in components.items()}
        else:
            named = {}
            kinds = [type(component).__name__ for component in components]
            for i, (kind, component) in enumerate(zip(kinds, components, strict=True)):
                number = f" {kinds[: i + 1].count(kind)}" if kinds.count(kind) > 1 else ""
                named[f"{kind}{number}"] = component
        if not named:
            raise InvalidParameterError("MixtureModel needs at least one component")
        for name, component in named.items():
            if not isinstance(component, Distribution):
                hint = ", an instance: write Normal(), not Normal" if isinstance(component, type) else ""
                raise InvalidParameterError(
                    f"MixtureModel: component {name!r} must be a Distribution{hint}; got {component!r}"
                )
        return named

    def _given_weights(self) -> Array | None:
        if self.weights is None:
            return None
        try:
            weights = np.array(self.weights, dtype=float)
        except (TypeError, ValueError):
            weights = np.empty(0)
        n = len(self._given())
        if weights.shape != (n,) or not np.all(np.isfinite(weights)) or np.any(weights < 0) or not weights.any():
            raise InvalidParameterError(
                f"MixtureModel: weights must be {n} finite numbers >= 0, not all zero; got {self.weights!r}"
            )
        total = weights.sum()
        return weights if abs(total - 1.0) < 1e-12 else weights / total  # proportions come back to the bit

    def _check_settings(self) -> None:
        for name in ("n_init", "max_iter"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise InvalidParameterError(f"MixtureModel: {name} must be a whole number >= 1; got {value!r}")
        number = isinstance(self.tol, (int, float, np.number)) and not isinstance(self.tol, bool)
        if not (number and 0 <= self.tol < np.inf):
            raise InvalidParameterError(f"MixtureModel: tol must be a finite number >= 0; got {self.tol!r}")

    # ----------------------------------------------------------------------------------------------------- fit

    def fit(  # type: ignore[override]  # scikit-learn's order of arguments
        self, x: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Fit by EM: maximise sum_i w_i log_pdf(x_i) from the best of `n_init` starts; return self.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d)
        y : None
            Ignored; there so that pipelines can pass it.
        sample_weight : array_like, shape (n,), optional
            Weights w_i >= 0 of the rows; 2 means a row that occurs twice, 0 one that is absent.

        Raises
        ------
        InvalidDataError
            If rows or weights are malformed, or a row lies outside the support of every component.
        InvalidParameterError
            If an argument of the constructor is unusable.

        Warns
        -----
        ConvergenceWarning
            If the fit stopped before it converged.
        DegeneracyWarning
            If a component was held at the floor of its scale, or has lost all its data.
        """
        engine, rows, weight = self._prepare(x, sample_weight)
        status = em.run(engine, rows, weight, tol=self.tol, max_iter=self.max_iter)
        if status == em.FAILED:
            self._explain_failure(engine, rows)
        self._store(engine, status, rows, weight)
        self._warn(engine, status, rows, weight)
        return self

    def iter_fit(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Iterator[Step]:
        """Fit as `fit` does, but yield each EM step; the model is fitted when the iteration ends.

        Parameters
        ----------
        x, sample_weight
            As in `fit`.

        Yields
        ------
        Step
            The start first, then one after each update.
        """
        engine, rows, weight = self._prepare(x, sample_weight)
        status = em.RUNNING
        while status == em.RUNNING:
            weights, parts = engine.state.weights.copy(), engine.components
            components, proportions = self._rebuild(weights, parts)
            status = em.run(engine, rows, weight, tol=self.tol, max_iter=self.max_iter, n_sweeps=1)
            if status == em.FAILED:
                self._explain_failure(engine, rows)
            if status == em.FELL:
                break
            yield Step(
                len(engine.history) - 1,
                float(engine.history[-1]),
                self._shaped(components),
                proportions,
                _posterior(components, proportions, rows),
            )
        self._store(engine, status, rows, weight)
        self._warn(engine, status, rows, weight)

    def _prepare(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> tuple[Engine, Array, Array | None]:
        self._check_settings()
        given, weights = self._given(), self._given_weights()
        rows, weight = as_observations(x, sample_weight, self.n_columns, "MixtureModel")
        flat = self._flattened(given)
        components, names = [component for _, _, component in flat], [name for name, _, _ in flat]
        if len(rows) < len(components):
            raise InvalidDataError(
                f"a mixture of {len(components)} components needs at least {len(components)} rows; got {len(rows)}. "
                "Use fewer components."
            )
        _check_support(components, names, rows)
        if len({component.support.discrete for component in components}) > 1:
            warnings.warn(
                "the mixture has discrete and continuous components: masses and densities are not comparable, so "
                "likelihoods and weights depend on the unit of x. Use components of one kind.",
                MeasureWarning,
                stacklevel=3,
            )
        inner = [share for _, share, _ in flat]
        start_weights = None
        if weights is not None and None not in inner:
            counts = [len(component.flatten()) for component in given.values()]
            start_weights = np.repeat(weights, counts) * np.array(inner, dtype=float)
        elif any(share != 1.0 for share in inner) and None not in inner:
            start_weights = np.array(inner, dtype=float) / len(given)
        _, scale = centre_and_scale(rows, weight)
        rng = np.random.default_rng(self.rng)
        start = best_start(components, start_weights, names, rows, weight, scale, self.n_init, rng)
        return Engine(start.components, start.weights, scale, self.max_iter, names), rows, weight

    @staticmethod
    def _flattened(given: Mapping[str, Distribution]) -> list[tuple[str, float | None, Distribution]]:
        """Return name, weight within its component, and distribution of each flattened component."""
        flat = []
        for name, component in given.items():
            parts = component.flatten()
            for i, (share, part) in enumerate(parts, start=1):
                flat.append((name if len(parts) == 1 else f"{name} / {i}", share, part))
        return flat

    def _rebuild(self, weights: Array, parts: Sequence[Distribution]) -> tuple[list[Distribution], Array]:
        """Put fitted parts back into the structure of the components; return them and their weights."""
        supply = iter(zip(weights.tolist(), parts, strict=True))
        rebuilt = [component.rebuild(supply) for component in self._given().values()]
        return [component for _, component in rebuilt], np.array([weight for weight, _ in rebuilt])

    def _shaped(self, components: Sequence[Distribution]) -> list[Distribution] | dict[str, Distribution]:
        if isinstance(self.components, Mapping):
            return dict(zip(self._given(), components, strict=True))
        return list(components)

    def _store(self, engine: Engine, status: int, rows: Array, weight: Array | None) -> None:
        components, self.weights_ = self._rebuild(engine.state.weights, engine.components)
        self.components_ = self._shaped(components)
        self.history_ = engine.history
        self.n_iter_ = len(self.history_) - 1
        self.log_likelihood_ = float(self.history_[-2 if status == em.FELL else -1])
        self.converged_ = status == em.CONVERGED
        self.effective_counts_ = self.weights_ * 0.0
        counts = [len(component.flatten()) for component in self._given().values()]
        np.add.at(self.effective_counts_, np.repeat(np.arange(len(counts)), counts), engine.state.mass)
        self.n_features_in_ = int(engine.plan.columns.size)
        self._part_counts = engine.state.mass.copy()
        self._n_rows, self._total_weight = len(rows), float(len(rows) if weight is None else weight.sum())
        self._reason = em.REASONS[status]

    def _warn(self, engine: Engine, status: int, rows: Array, weight: Array | None) -> None:
        if status == em.LIMIT:
            gain = self.history_[-1] - self.history_[-2]
            warnings.warn(
                f"EM made max_iter = {self.max_iter} updates and still gains {gain:.3g} log-likelihood units with "
                "each. Raise max_iter, or tol if this is close enough.",
                ConvergenceWarning,
                stacklevel=3,
            )
        elif status == em.FELL:
            fall = self.history_[-2] - self.history_[-1]
            warnings.warn(
                f"update {self.n_iter_} lowered the log-likelihood by {fall:.3g}; the parameters before it were kept. "
                "Some component's fit does not maximise its weighted likelihood: check it with check_distribution.",
                ConvergenceWarning,
                stacklevel=3,
            )
        names = [name for name, _, _ in self._flattened(self._given())]
        typical_weight = self._total_weight / len(rows)
        for name, held, mass in zip(names, engine.held, engine.state.mass, strict=True):
            if mass < 1e-6 * typical_weight:
                warnings.warn(
                    f"component {name!r} has lost all its data (effective count {mass:.2g}): its parameters are "
                    "those of its last data. Use fewer components, or another start.",
                    DegeneracyWarning,
                    stacklevel=3,
                )
            elif held:
                warnings.warn(
                    f"component {name!r} collapsed onto {mass / typical_weight:.3g} rows: its {', '.join(held)} was "
                    "held at the floor, one millionth of the data's scale. The likelihood has no finite maximum "
                    "there. Use fewer components, freeze the parameter, or try more starts (n_init).",
                    DegeneracyWarning,
                    stacklevel=3,
                )

    def _explain_failure(self, engine: Engine, rows: Array) -> None:
        components, weights = self._rebuild(engine.state.weights, engine.components)
        joint = _log_joint(components, weights, rows)
        for name, values in zip(self.names, joint, strict=True):
            bad = np.isnan(values)
            if bad.any():
                raise InvalidDataError(
                    f"component {name!r}: log_pdf of {describe_rows(rows, bad)} NaN. "
                    "A log_pdf must be a number or -inf."
                )
        bad = np.all(joint == -np.inf, axis=0)
        raise InvalidDataError(
            f"{describe_rows(rows, bad)} of zero density under every component ({', '.join(self.names)}). "
            "Drop these rows, or add a component that covers them."
        )

    # -------------------------------------------------------------------------------------- after or without fit

    def _require_known(self, purpose: str, names: tuple[str, ...] | None = None) -> None:
        self._current(purpose)

    def _current(self, purpose: str) -> tuple[list[Distribution], Array]:
        """Return components and weights: the fitted ones, or the given ones where nothing is unknown."""
        if hasattr(self, "weights_"):
            fitted = self.components_
            return list(fitted.values() if isinstance(fitted, dict) else fitted), self.weights_
        given = self._given()
        missing = [name for name, component in given.items() if component.unknown]
        if missing:
            raise NotFittedError(
                f"this MixtureModel cannot {purpose} yet: the parameters of {', '.join(missing)} are unknown. "
                "Call fit(x) first, or give them."
            )
        weights = self._given_weights()
        return list(given.values()), np.full(len(given), 1.0 / len(given)) if weights is None else weights

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,)."""
        components, weights = self._current("give a density")
        rows = self._as_rows(x)
        joint = _log_joint(components, weights, rows)
        top = np.max(joint, axis=0)
        with np.errstate(divide="ignore"):
            total = np.log(np.sum(np.exp(joint - np.where(np.isfinite(top), top, 0.0)), axis=0))
        values: Array = np.where(np.isfinite(top), top + total, top)
        return values if np.ndim(x) else values[0]

    def score_samples(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,); the same as `log_pdf`."""
        return self.log_pdf(x)

    def score(self, x: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return the (weighted) mean log density of the rows."""
        values = self.log_pdf(x)
        weight = as_weights(sample_weight, len(values))
        return float(np.mean(values) if weight is None else np.average(values[weight > 0], weights=weight[weight > 0]))

    def predict_proba(self, x: npt.ArrayLike) -> Array:
        """Return the probability that each row came from each component, shape (n, K)."""
        components, weights = self._current("predict")
        rows = as_rows(x, self.n_columns, "MixtureModel", finite=True)
        return _posterior(components, weights, rows)

    def predict(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the index of the most probable component of each row, shape (n,)."""
        return np.argmax(self.predict_proba(x), axis=1)

    def aic(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return Akaike's criterion, -2 log-likelihood + 2 n_parameters; smaller is better."""
        return -2.0 * self.log_likelihood(x, sample_weight) + 2.0 * self.n_parameters

    def bic(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return Schwarz's criterion, -2 log-likelihood + n_parameters log(total weight); smaller is better."""
        total = np.shape(x)[0] if sample_weight is None else float(np.sum(sample_weight))
        return -2.0 * self.log_likelihood(x, sample_weight) + self.n_parameters * float(np.log(total))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent observations, shape (size,) or (size, d)."""
        components, weights = self._current("be sampled")
        generator = np.random.default_rng(rng)
        labels = generator.choice(len(components), size=size, p=weights)
        draws = [component.sample(int(np.sum(labels == k)), generator) for k, component in enumerate(components)]
        out = np.empty((size, *draws[0].shape[1:]))
        for k, values in enumerate(draws):
            out[labels == k] = values
        return out

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x) for each x; one column only."""
        components, weights = self._current("give a probability")
        total = np.zeros(np.shape(x))
        for component, weight in zip(components, weights, strict=True):
            total = total + weight * component.cdf(x)
        return total[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest x with cdf(x) >= q, for each probability q; one column only."""
        self._current("give a quantile")
        return numeric.ppf(self, q)

    @property
    def mean(self) -> Any:
        """Expectation: a number, or shape (d,)."""
        components, weights = self._current("give a mean")
        return sum(weight * component.mean for component, weight in zip(components, weights, strict=True))

    @property
    def var(self) -> Any:
        """Variance: a number, or shape (d,) for the columns' variances."""
        components, weights = self._current("give a variance")
        centre = self.mean
        return sum(
            weight * (component.var + (component.mean - centre) ** 2)
            for component, weight in zip(components, weights, strict=True)
        )

    # ------------------------------------------------------------------------------------------ as a component

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the components that have unknown parameters; none after `fit`."""
        if hasattr(self, "weights_"):
            return ()
        return tuple(name for name, component in self._given().items() if component.unknown)

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while it is unknown."""
        known = {name: component.n_columns for name, component in self._given().items()}
        widths = {width for width in known.values() if width is not None}
        if len(widths) > 1:
            listed = ", ".join(f"{name}: {width}" for name, width in known.items() if width is not None)
            raise InvalidParameterError(f"MixtureModel: the components have different numbers of columns ({listed})")
        return widths.pop() if widths else getattr(self, "n_features_in_", None)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: those of the components, and K - 1 weights."""
        components = list(self._given().values()) if not hasattr(self, "weights_") else self._current("")[0]
        return sum(component.n_parameters for component in components) + len(components) - 1

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """The smallest interval that holds every component's support."""
        parts = [component.support for component in self._given().values()]
        return Domain(
            "in the support of a component",
            low=min(part.low for part in parts),
            high=max(part.high for part in parts),
            discrete=all(part.discrete for part in parts),
        )

    def freeze(self, *names: str) -> Self:
        """Raise: freeze the components' parameters instead."""
        raise InvalidParameterError("freeze parameters of the components: MixtureModel([Normal(0, 1).freeze(), ...])")

    def flatten(self) -> list[tuple[float | None, Distribution]]:
        """Return the flattened components with the products of their weights (None: unknown)."""
        if self.unknown:
            components, weights = list(self._given().values()), self._given_weights()
        else:
            components, weights = self._current("be flattened")
        shares: list[float | None] = [None] * len(components) if weights is None else list(weights.tolist())
        return [
            (None if share is None or inner is None else share * inner, part)
            for share, component in zip(shares, components, strict=True)
            for inner, part in component.flatten()
        ]

    def rebuild(self, parts: Iterator[tuple[float, Distribution]]) -> tuple[float, Distribution]:
        """Return the total weight of the parts taken, and a model with these components and weights."""
        rebuilt = [component.rebuild(parts) for component in self._given().values()]
        weights = np.array([weight for weight, _ in rebuilt])
        total = float(weights.sum())
        model = type(self)(**self.get_params())
        model.set_params(
            components=self._shaped([component for _, component in rebuilt]),
            n_components=None,
            weights=weights / total if total > 0 else np.full(len(weights), 1.0 / len(weights)),
        )
        return total, model

    # --------------------------------------------------------------------------------------------- to be looked at

    def summary(self) -> str:
        """Return a table of the fitted model: components, weights, counts, parameters, criteria, convergence."""
        return reporting.summary(self)

    def plot(self, x: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None, ax: Axes | None = None) -> Axes:
        """Draw the data as a histogram (bars of counts), the weighted component curves and their sum.

        Parameters
        ----------
        x : array_like, shape (n,)
        sample_weight : array_like, shape (n,), optional
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from . import plotting

        return plotting.density(self, x, sample_weight=sample_weight, ax=ax)

    def _repr_html_(self) -> str:
        return reporting.html(self)

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        given = [
            name if name == "components" else f"{name}={value!r}"
            for name, value in self.get_params().items()
            if name == "components" or value is not defaults[name].default
        ]
        given[0] = repr(self.components)
        return f"MixtureModel({', '.join(given)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # it can be refitted

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain numbers, text and lists: the fitted parameters if there are any."""
        if self.unknown:
            components, weights = list(self._given().values()), self._given_weights()
        else:
            components, weights = self._current("be written")
        return {
            "family": "MixtureModel",
            "parameters": {
                "names": self.names if isinstance(self.components, Mapping) else None,
                "components": [component.to_dict() for component in components],
                "weights": None if weights is None else weights.tolist(),
            },
        }

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> Self:
        try:
            parameters = record["parameters"]
            components = [Distribution.from_dict(part) for part in parameters["components"]]
            names, weights = parameters["names"], parameters["weights"]
            return cls(dict(zip(names, components, strict=True)) if names else components, weights=weights)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidParameterError(f"not a MixtureModel's record: {error}") from None


def _check_support(components: Sequence[Distribution], names: Sequence[str], rows: Array) -> None:
    supports = dict.fromkeys(component.support for component in components)
    if any(support.is_location and not support.discrete for support in supports):
        return
    outside = ~np.any([support.contains(rows).all(axis=1) for support in supports], axis=0)
    if outside.any():
        wanted = ", ".join(f"{name}: {part.support.text}" for name, part in zip(names, components, strict=True))
        raise InvalidDataError(
            f"{describe_rows(rows, outside)} outside the support of every component ({wanted}). Drop these rows, "
            "or add a component that covers them, such as Normal()."
        )


def _log_joint(components: Sequence[Distribution], weights: Array, rows: Array) -> Array:
    """Return log(w_k) + log_pdf_k of each row, shape (K, n)."""
    values = as_observed(rows)
    with np.errstate(divide="ignore"):
        return np.stack(
            [np.log(weight) + component.log_pdf(values) for component, weight in zip(components, weights, strict=True)]
        )


def _posterior(components: Sequence[Distribution], weights: Array, rows: Array) -> Array:
    """Return responsibilities, shape (n, K); a row that no component reaches is an error."""
    joint = _log_joint(components, weights, rows)
    bad = ~np.any(joint > -np.inf, axis=0)
    if bad.any():
        raise InvalidDataError(
            f"{describe_rows(rows, bad)} of zero density under every component: no membership is defined. "
            "Drop these rows."
        )
    normalise(joint, np.empty(0), np.empty(len(components)), np.empty(2 * len(rows)))
    return np.ascontiguousarray(joint.T)
