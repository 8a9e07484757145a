"""`GaussianMixture`: scikit-learn's class of that name, on the compiled EM loop.

Constructor, methods and attributes are scikit-learn's; so are the texts of its errors and warnings, as programs match
them. Weights of rows and missing cells come on top.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from distributions.data import (
    Array,
    Mask,
    Observations,
    as_observations,
    as_rows,
    as_weights,
    describe_rows,
    missing_as_nan,
    present,
)
from distributions.errors import ConvergenceWarning, InvalidDataError, InvalidParameterError, NotFittedError
from distributions.multivariate_normal import MultivariateNormal
from distributions.records import plain, shown

from . import em, gaussian_start, posterior
from . import gaussian_parameters as parameters
from .drop_in import REAL, WHOLE, DropIn, as_random_state, require_two_dimensions
from .entries import Entry, array, flag, require_proportions, texts, vector, whole
from .estimator import as_given, known_to_sklearn
from .gaussian_climb import Climb, Normals, Progress
from .observed import Observed, observed, stand_in
from .persistence import as_reason
from .watching import kept

INITS = ("kmeans", "k-means++", "random", "random_from_data")
NOT_CONVERGED = (
    "Best performing initialization did not converge. Try different init parameters, or increase max_iter, tol, or "
    "check for degenerate data."
)


class GaussianMixture(DropIn):
    r"""Mixture of multivariate normals: scikit-learn's class, with weights of rows and missing cells.

    Parameters
    ----------
    n_components : int, default 1
        Number of components K.
    covariance_type : {"full", "tied", "diag", "spherical"}, default "full"
        Covariances of their own, one that all share, diagonal ones, or multiples of the identity.
    tol : float, default 1e-3
        EM ends when the mean log-likelihood of a row changes by less than this in an iteration.
    reg_covar : float, default 1e-6
        Added to the diagonal of each covariance in each update, in squared units of the data.
    max_iter : int, default 100
        Most iterations; 0 leaves the start as it is.
    n_init : int, default 1
        Number of starts, of which the best is kept.
    init_params : {"kmeans", "k-means++", "random", "random_from_data"}, default "kmeans"
        Where EM starts: clusters found by k-means, rows chosen by k-means++ or at random, or random shares.
    weights_init : array_like, shape (K,), optional
    means_init : array_like, shape (K, d), optional
    precisions_init : array_like, optional
        Values to start from instead; the shape of precisions is that of `precisions_`.
    random_state : int, numpy.random.RandomState or None, default None
        Seed or generator of starts and samples; None is NumPy's global one.
    warm_start : bool, default False
        Whether `fit` goes on from the last fit.
    verbose : int, default 0
        1 prints starts and iterations, 2 times and changes too.
    verbose_interval : int, default 10
        Iterations between two lines.

    Attributes
    ----------
    weights_ : ndarray, shape (K,)
    means_ : ndarray, shape (K, d)
    covariances_ : ndarray
        Of shape (K, d, d), (d, d), (K, d) or (K,), for full, tied, diag and spherical.
    precisions_ : ndarray
        Their inverses, in the same shape.
    precisions_cholesky_ : ndarray
        Upper triangles U with U U' = precision; of diagonal precisions the square roots.
    converged_ : bool
    converged_reason_ : str
        "converged", or why EM ended without it; "interrupted" after Ctrl-C, which leaves the best parameters so far.
    n_iter_ : int
    lower_bound_ : float
        Mean log-likelihood of a row before the last update.
    lower_bounds_ : list of float
        The same for each iteration.
    n_features_in_ : int
        Number of columns d.
    feature_names_in_ : ndarray of str, shape (d,)
        Their names, after a fit to a data frame whose columns have names.

    See Also
    --------
    MixtureModel : any families; looks for the best of many starts, and converges to the optimum.

    Notes
    -----
    With the same ``random_state`` it starts where scikit-learn's class starts, and iterates as it does. What differs:
    parameters, densities and probabilities are float64 whatever the data are (scikit-learn computes in their type);
    where ``init_params`` chooses single rows, these alone make the first parameters, and the weights have sum one
    (scikit-learn 1.9 counts all rows in a tied covariance); a seed may be a `numpy.random.Generator`, with draws of its
    own. Where rounding alone would make a covariance singular in spite of
    ``reg_covar`` (which is absolute: columns of large numbers), a standard deviation is kept at 1e-7 of its column's.

    A row's weight is a number of repetitions. Missing cells (NaN) are integrated out, in fits and in densities; the
    start takes them to be in the middle of their column.

    Examples
    --------
    >>> from mixtures import GaussianMixture
    >>> X = [[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]]
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> model.means_
    array([[10.,  2.],
           [ 1.,  2.]])
    >>> model.predict([[0, 0], [12, 3]])
    array([1, 0])
    """

    weights_: Array
    means_: Array
    covariances_: Array
    precisions_cholesky_: Array
    lower_bound_: float

    learned = {
        "weights_": Entry(plain, vector),
        "means_": Entry(plain, array),
        "covariances_": Entry(plain, array),
        "converged_": Entry(bool, flag),
        "converged_reason_": Entry(str, as_reason),
        "lower_bounds_": Entry(plain, lambda value: vector(value).tolist()),
        "n_features_in_": Entry(int, whole),
        "feature_names_in_": Entry(plain, texts),
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: npt.ArrayLike | None = None,
        means_init: npt.ArrayLike | None = None,
        precisions_init: npt.ArrayLike | None = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval

    # ----------------------------------------------------------------------------------------------------- fit

    def fit(self, X: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Fit by EM, from the best of `n_init` starts; return self.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Cells may be missing (NaN).
        y : None
            Ignored.
        sample_weight : array_like, shape (n,), optional
            Weights >= 0 of the rows.

        Raises
        ------
        InvalidDataError
            If rows or weights are malformed, or a component collapsed while ``reg_covar`` is 0.
        InvalidParameterError
            If an argument of the constructor is unusable.
        KeyboardInterrupt
            After Ctrl-C; the model then has the best parameters so far, if there are any.

        Warns
        -----
        ConvergenceWarning
            If the fit stopped before it converged.
        """
        self._fit(X, sample_weight)
        return self

    def fit_predict(
        self, X: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.int64]:
        """Fit as `fit` does; return the index of the most probable component of each row, shape (n,)."""
        self._fit(X, sample_weight)
        return self.predict(X)

    def _fit(self, X: Any, sample_weight: Any) -> None:
        self._check_arguments()
        X = as_given(X)
        data = self._observations(X, sample_weight)
        given = self._given_start(data.rows.shape[1])
        random = as_random_state(self.random_state)
        goes_on = bool(self.warm_start) and hasattr(self, "converged_")
        progress = Progress(int(self.verbose), self.verbose_interval)
        best: tuple[Normals, list[float], int] | None = None
        interruption: KeyboardInterrupt | None = None
        for attempt in range(1 if goes_on else self.n_init):
            progress.start(attempt)
            climb, status = None, em.LIMIT
            try:
                start = self._last(data.rows.shape[1]) if goes_on else self._start(data, given, random)
                climb = Climb(start, self.covariance_type, _observed(data), data.summary.scale, float(self.reg_covar))
                if self.max_iter:
                    before = self.lower_bound_ if goes_on else -np.inf
                    status = climb.run(self.tol, self.max_iter, before, progress)
            except KeyboardInterrupt as error:
                if climb is None and best is None:
                    raise
                interruption = error
            if climb is not None and (best is None or _is_better(climb.bounds, best[1])):
                best = climb.reached if self.max_iter else start, climb.bounds, status
            if interruption is not None:
                break
        assert best is not None
        (self.weights_, components), self.lower_bounds_, status = best
        self.converged_ = status == em.CONVERGED
        self.converged_reason_ = em.REASONS[em.INTERRUPTED if interruption is not None else status]
        self._keep(components)
        self.n_features_in_ = data.rows.shape[1]
        self._keep_names(X)
        if interruption is not None:
            raise kept(interruption, "GaussianMixture")
        if not self.converged_ and self.max_iter:
            warnings.warn(NOT_CONVERGED, known_to_sklearn(ConvergenceWarning), stacklevel=3)

    def _last(self, n_columns: int) -> Normals:
        """Return what the last fit found.

        Raises
        ------
        InvalidDataError
            If that was of other columns, or of another number of components.
        """
        if self.means_.shape != (self.n_components, n_columns):
            raise InvalidDataError(
                f"warm_start goes on from the last fit, of {len(self.means_)} components and {len(self.means_[0])} "
                f"columns, but now there are {self.n_components} and {n_columns}. Set warm_start=False to start anew."
            )
        return self._current()

    def _start(self, data: Observations, given: dict[str, Array], random: Any) -> Normals:
        """Return where EM starts: an update from drawn responsibilities, and the values given."""
        k, kind = self.n_components, self.covariance_type
        if len(given) == 3:
            return Normals(given["weights"], parameters.normals(kind, given["means"], given["covariances"]))
        weight = np.ones(len(data.rows)) if data.weight is None else data.weight
        shares = gaussian_start.responsibilities(self.init_params, data.rows, weight, k, random)
        # A cluster is empty where there are fewer different rows than components.
        parts = [self._fitted_to(data, weight * share if share.any() else weight) for share in shares.T]
        mass = weight @ shares
        covariances = parameters.covariances_of(kind, parts)
        if kind == "tied":
            covariances = np.average([part.cov for part in parts], axis=0, weights=mass)
        means = given.get("means", np.array([part.mean for part in parts]))
        components = parameters.normals(kind, means, given.get("covariances", covariances))
        return Normals(given.get("weights", mass / mass.sum()), components)

    def _fitted_to(self, data: Observations, weight: Array) -> MultivariateNormal:
        """Return a normal fitted to rows of these weights, by two updates: the second about the mean of the first."""
        kind = "full" if self.covariance_type == "tied" else self.covariance_type
        centre, scale = data.summary.centre, data.summary.scale
        variances = np.full(len(scale), np.mean(scale**2)) if kind == "spherical" else scale**2
        wide = parameters.normals("full", centre[np.newaxis], np.diag(variances)[np.newaxis])
        own = weight > 0.0
        rows = _observed(data._replace(rows=data.rows[own], weight=weight[own]))
        climb = Climb(Normals(np.ones(1), wide), kind, rows, scale, float(self.reg_covar))
        climb.step()
        climb.step()
        return climb.components[0]

    def _given_start(self, n_columns: int) -> dict[str, Array]:
        """Return the values to start from that the constructor was given, checked."""
        k, kind, d = self.n_components, self.covariance_type, n_columns
        readers: dict[str, tuple[str, Callable[[Any], Array]]] = {
            "weights_init": ("weights", lambda given: parameters.as_weights_init(given, k)),
            "means_init": ("means", lambda given: parameters.as_means_init(given, k, d)),
            "precisions_init": (
                "covariances",
                lambda given: parameters.inverse(kind, parameters.as_precisions_init(given, kind, k, d)),
            ),
        }
        found = {}
        for argument, (name, read) in readers.items():
            if getattr(self, argument) is None:
                continue
            try:
                found[name] = read(getattr(self, argument))
            except InvalidParameterError as error:  # in scikit-learn's words, which do not say where it was given
                raise InvalidParameterError(f"{error} ({argument})") from None
        return found

    def _keep(self, components: Sequence[MultivariateNormal]) -> None:
        """Set the attributes that follow from components and ``lower_bounds_``."""
        kind = self.covariance_type
        self.means_ = np.array([component.mean for component in components])
        self.covariances_ = parameters.covariances_of(kind, components)
        self.precisions_cholesky_ = parameters.cholesky_of(kind, self.covariances_)
        self.precisions_ = parameters.precisions_of(kind, self.precisions_cholesky_)
        self.n_iter_ = len(self.lower_bounds_)
        self.lower_bound_ = self.lower_bounds_[-1] if self.lower_bounds_ else -np.inf

    # --------------------------------------------------------------------------------------------------- checks

    def _check_arguments(self) -> None:
        """Raise `InvalidParameterError` if a constructor argument is unusable."""
        self._require_numbers(
            [
                ("n_components", WHOLE, 1),
                ("tol", REAL, 0),
                ("reg_covar", REAL, 0),
                ("max_iter", WHOLE, 0),
                ("n_init", WHOLE, 1),
                ("verbose", (*WHOLE, bool), 0),
                ("verbose_interval", WHOLE, 1),
            ]
        )
        if not isinstance(self.covariance_type, str) or self.covariance_type not in parameters.STRUCTURES:
            self._refuse("covariance_type", f"a str among {', '.join(map(repr, parameters.STRUCTURES))}")
        if self.init_params not in INITS:
            self._refuse("init_params", f"a str among {', '.join(map(repr, INITS))}")
        if not isinstance(self.warm_start, (bool, np.bool_, *WHOLE)):
            self._refuse("warm_start", "a bool")

    def _observations(self, X: Any, sample_weight: Any) -> Observations:
        """Return the checked rows of a fit."""
        require_two_dimensions(X)
        data = as_observations(X, sample_weight, None, "GaussianMixture", missing=True)
        n, d = data.rows.shape
        if n < 2:
            raise InvalidDataError(
                f"Found array with {n} sample(s) (shape={(n, d)}) while a minimum of 2 is required by GaussianMixture."
            )
        if n < self.n_components:
            raise InvalidDataError(
                f"Expected n_samples >= n_components but got n_components = {self.n_components}, n_samples = {n}"
            )
        return data

    def _rows(self, X: Any) -> Array:
        """Return rows, shape (n, d), as those of the fit."""
        X = self._as_fitted(X)
        require_two_dimensions(X)
        rows = as_rows(missing_as_nan(X), len(self.means_[0]), "GaussianMixture", finite=False)
        bad: Mask = np.any(np.isinf(rows), axis=1) | np.all(np.isnan(rows), axis=1)
        if bad.any():
            raise InvalidDataError(
                f"GaussianMixture needs finite cells, and one at least in each row; {describe_rows(rows, bad)} not. "
                "Input contains NaN or infinity: drop or fill these rows first."
            )
        return rows

    @property
    def _takes_missing(self) -> bool:
        return True

    def _current(self) -> Normals:
        """Return the mixture that the attributes describe, whoever has set them."""
        if not hasattr(self, "weights_"):
            raise known_to_sklearn(NotFittedError)(
                "This GaussianMixture instance is not fitted yet. Call 'fit' with appropriate arguments before using "
                "this estimator."
            )
        kind = self.covariance_type
        covariances = (
            self.covariances_
            if hasattr(self, "covariances_")
            else parameters.inverse(kind, parameters.precisions_of(kind, np.asarray(self.precisions_cholesky_)))
        )
        components = parameters.normals(kind, np.asarray(self.means_, dtype=float), np.asarray(covariances))
        return Normals(np.asarray(self.weights_, dtype=float), components)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    def _to_be_written(self) -> dict[str, Any]:
        components = self._current().components
        bounds = {
            "lower_bounds_": [],
            "converged_": False,
            "converged_reason_": em.REASONS[em.RUNNING],
        }  # if set by hand
        covariances = parameters.covariances_of(self.covariance_type, components)
        n_columns = len(components[0].mean)
        return {"n_features_in_": n_columns, **bounds, **vars(self), "covariances_": covariances}

    def _complete(self) -> None:
        kind, k, d = self.covariance_type, len(self.weights_), self.n_features_in_
        require_proportions(self.weights_)
        expected = {"weights_": (k,), "means_": (k, d), "covariances_": parameters.shape_of(kind, k, d)}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, needed is {shape}")
        with np.errstate(over="ignore"):
            self._keep(self._current().components)  # which checks the covariances
        if not np.isfinite(self.covariances_).all():
            raise ValueError(f"covariances_ are beyond all numbers: {shown(self.covariances_.tolist())}")

    # ------------------------------------------------------------------------------------------------ after fit

    def score_samples(self, X: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,); of a row with missing cells that of the others."""
        weights, components = self._current()
        return posterior.log_density(components, weights, self._rows(X))

    def score(self, X: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return the (weighted) mean log density of the rows."""
        log_likelihood, total = self._log_likelihood(X, sample_weight)
        return log_likelihood / total

    def predict_proba(self, X: npt.ArrayLike) -> Array:
        """Return the probability that each row came from each component, shape (n, K)."""
        weights, components = self._current()
        return posterior.responsibilities(components, weights, self._rows(X))

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the index of the most probable component of each row, shape (n,)."""
        return np.argmax(self.predict_proba(X), axis=1)

    def sample(self, n_samples: int = 1) -> tuple[Array, npt.NDArray[np.int64]]:
        """Draw rows, component by component.

        Returns
        -------
        X : ndarray, shape (n_samples, d)
        y : ndarray, shape (n_samples,)
            Their components.
        """
        weights, components = self._current()
        if not isinstance(n_samples, (int, np.integer)) or n_samples < 1:
            raise InvalidParameterError(
                f"Invalid value for 'n_samples': {n_samples} . The sampling requires at least one sample."
            )
        random = as_random_state(self.random_state)
        counts = random.multinomial(n_samples, weights)
        full = parameters.STRUCTURES[self.covariance_type] == "full"
        draws = [
            random.multivariate_normal(part.mean, part.cov, int(count))
            if full
            else part.mean + random.standard_normal(size=(count, len(part.mean))) * np.sqrt(np.diag(part.cov))
            for part, count in zip(components, counts, strict=True)
        ]
        return np.vstack(draws), np.repeat(np.arange(len(counts)), counts)

    def aic(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return Akaike's criterion, -2 log-likelihood + 2 (number of parameters); smaller is better."""
        return -2.0 * self._log_likelihood(X, sample_weight)[0] + 2.0 * self._n_parameters()

    def bic(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return Schwarz's criterion, -2 log-likelihood + (number of parameters) log(total weight)."""
        log_likelihood, total = self._log_likelihood(X, sample_weight)
        return -2.0 * log_likelihood + self._n_parameters() * float(np.log(total))

    def _log_likelihood(self, X: Any, sample_weight: Any) -> tuple[float, float]:
        """Return the log-likelihood and the total weight of rows; those of weight zero may hold anything."""
        X = as_given(X)
        values = self.score_samples(present(X, sample_weight))
        weight = as_weights(sample_weight, len(X))
        if weight is None:
            return float(values.sum()), len(values)
        return float(weight[weight > 0.0] @ values), float(weight.sum())

    def _n_parameters(self) -> int:
        """Return the number of free parameters; by this name programs ask scikit-learn's class for it."""
        return parameters.n_parameters(self.covariance_type, *self.means_.shape)


def _is_better(bounds: list[float], others: list[float]) -> bool:
    """Whether a run came higher than another, by more than rounding: that shall not choose between equal optima."""
    return bool(bounds) and bounds[-1] > others[-1] + 1e-12 * (1.0 + abs(others[-1]))


def _observed(data: Observations) -> Observed:
    return observed(data.rows, data.weight, None, stand_in(data.rows) if data.has_missing else None)
