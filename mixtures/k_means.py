"""`KMeans`: scikit-learn's class of that name, as hard EM of spheres of one size (`MixtureModel` with ``truncate=1``).

Constructor, methods and attributes are scikit-learn's; so are the texts of its warnings, as programs match them.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from distributions.data import Array, as_rows, as_weights
from distributions.errors import ConvergenceWarning, InvalidDataError, InvalidParameterError, NotFittedError
from distributions.multivariate_normal import MultivariateNormal
from distributions.records import plain

from . import em
from .centres import k_means_plus_plus, nearest
from .drop_in import REAL, WHOLE, DropIn, as_random_state, require_two_dimensions
from .entries import Entry, array, number, texts, whole
from .estimator import as_given, known_to_sklearn
from .labelled import LabelledOutput
from .layout import Layout, Parameters
from .observed import Integers, observed
from .persistence import as_reason
from .plan import Engine
from .structure import Rules, Structure
from .truncation import Truncation
from .watching import kept

INITS = ("k-means++", "random")
ALGORITHMS = ("lloyd", "elkan")
RANDOM_STARTS = 10  # of n_init="auto", where a start is drawn without care
SETTLED = 1e-13  # movement of centres, in units of the data's scale, that is rounding
SAME = 1e-12  # relative difference of inertias that is rounding: it shall not choose between equal optima


class _Found(NamedTuple):
    centres: Array  # (K, d)
    labels: Integers
    inertia: float
    n_iter: int
    status: int  # how it ended, as `em.REASONS` say
    interruption: KeyboardInterrupt | None


class _Climb:
    """Lloyd's iteration from some centres: an E-step and an M-step of hard EM by turns.

    Spheres of one known variance, of equal and frozen weights: then the best component of a row is the nearest, and
    the objective is the inertia but for a factor and a constant.
    """

    def __init__(self, rows: Array, weight: Array | None, centres: Array, scale: Array) -> None:
        k, d = centres.shape
        variance = float(np.mean(scale**2))
        spheres = [MultivariateNormal(centre, variance * np.eye(d), structure="spherical") for centre in centres]
        weights = np.full(k, 1.0 / k)
        structure = Structure([part.freeze("cov") for part in spheres], None, weights, Rules(freeze_weights=True))
        layout = Layout(structure.outline(), structure.branch_names, d)
        leaves = [leaf.distribution for leaf in layout.leaves]
        self.data = observed(rows, weight)
        self.engine = Engine(layout, Parameters(leaves, [weights]), scale, 1, truncation=Truncation(1))
        self.places = self.engine.plan.theta_at[:-1, np.newaxis] + np.arange(d)
        self.sums = self.engine.plan.stats_at[:-1, np.newaxis] + np.arange(1 + d)  # of weights, and about the centre

    @property
    def centres(self) -> Array:
        """The centres at this point, shape (K, d)."""
        return self.engine.state.theta[self.places]

    def step(self) -> float:
        """Move each centre to the mean of its rows; return the sum of the squared movements."""
        before = self.centres
        em.look(self.engine, self.data)
        if not self.engine.state.mass.all():
            self._fill_empty(before)
        em.m_step(self.engine.plan, self.engine.state)
        return float(np.sum((self.centres - before) ** 2))

    def _fill_empty(self, centres: Array) -> None:
        """Give each empty cluster a row of another: those farthest from their centres."""
        state, rows = self.engine.state, self.data.rows
        labels, squares = nearest(rows, centres)
        if not squares.any():  # fewer different rows than clusters: nothing is gained
            return
        weight = self.data.row_weight
        empty = np.flatnonzero(state.mass == 0.0)
        for cluster, row in zip(empty, np.argsort(squares, kind="stable")[::-1], strict=False):
            mass = 1.0 if weight is None else weight[row]
            for owner, sign in ((labels[row], -1.0), (cluster, 1.0)):
                state.stats[self.sums[owner]] += sign * mass * np.append(1.0, rows[row] - centres[owner])
                state.mass[owner] += sign * mass
                state.leaf_mass[owner] += sign * mass


class KMeans(LabelledOutput, DropIn):
    r"""K-means clustering: centres that minimise the inertia, :math:`\sum_i w_i \min_k |x_i - c_k|^2`.

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters K.
    init : {"k-means++", "random"}, array_like of shape (K, d), or callable, default "k-means++"
        Where centres start: at rows drawn far from each other, at rows drawn at random, at given points, or at what
        ``init(X, n_clusters, random_state)`` returns.
    n_init : int or "auto", default "auto"
        Number of starts, of which the best is kept; "auto" is 10 for "random" and a callable, else 1.
    max_iter : int, default 300
        Most iterations of a start.
    tol : float, default 1e-4
        A start ends when the squared movement of all centres is at most this, relative to the mean variance of the
        columns; 0 goes on until no row changes its cluster.
    verbose : int, default 0
        1 prints each iteration.
    random_state : int, numpy.random.RandomState or None, default None
        Seed or generator of starts; None is NumPy's global one.
    copy_x : bool, default True
        There for compatibility: data are never changed.
    algorithm : {"lloyd", "elkan"}, default "lloyd"
        There for compatibility: both give the same clusters.

    Attributes
    ----------
    cluster_centers_ : ndarray, shape (K, d)
        Of the type of the data if that is float32, else float64.
    labels_ : ndarray of int, shape (n,)
        Cluster of each row.
    inertia_ : float
        Weighted sum of squared distances to the nearest centres.
    n_iter_ : int
        Iterations of the best start.
    converged_reason_ : str
        "converged", or why that ended without it; "interrupted" after Ctrl-C, which leaves the best centres so far.
    n_features_in_ : int
        Number of columns d.
    feature_names_in_ : ndarray of str, shape (d,)
        Their names, after a fit to a data frame whose columns have names.

    See Also
    --------
    MixtureModel : EM; with ``truncate=1`` hard EM, of any families.

    Notes
    -----
    Lloyd, IEEE Transactions on Information Theory 28 (1982); k-means++: Arthur & Vassilvitskii, SODA (2007), of a few
    candidates the best. With the same ``random_state`` it starts where scikit-learn's class starts. An empty cluster
    takes the row that is farthest from its centre. Lloyd's iteration is hard EM of normals of one spherical covariance
    and of equal weights, and the loop is that of `MixtureModel`.

    Examples
    --------
    >>> from mixtures import KMeans
    >>> model = KMeans(n_clusters=2, random_state=0).fit([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> model.labels_.tolist()
    [1, 1, 1, 0, 0, 0]
    >>> model.cluster_centers_
    array([[10.,  2.],
           [ 1.,  2.]])
    """

    learned = {
        "cluster_centers_": Entry(
            lambda centres: {"type": str(centres.dtype), "values": centres.tolist()},
            lambda value: array(value["values"]).astype({"float32": np.float32, "float64": np.float64}[value["type"]]),
        ),
        "labels_": Entry(plain, lambda value: np.array([whole(label) for label in value], dtype=np.int32)),
        "inertia_": Entry(float, number),
        "n_iter_": Entry(int, whole),
        "converged_reason_": Entry(str, as_reason),
        "n_features_in_": Entry(int, whole),
        "feature_names_in_": Entry(plain, texts),
    }
    cluster_centers_: npt.NDArray[Any]
    labels_: Integers
    inertia_: float

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        n_init: int | str = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: Any = None,
        copy_x: bool = True,
        algorithm: str = "lloyd",
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm

    # ----------------------------------------------------------------------------------------------------- fit

    def fit(self, X: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Find the clusters from the best of `n_init` starts; return self.

        Parameters
        ----------
        X : array_like, shape (n, d)
        y : None
            Ignored.
        sample_weight : array_like, shape (n,), optional
            Weights >= 0 of the rows.

        Raises
        ------
        InvalidDataError
            If rows or weights are malformed, or there are fewer rows than clusters.
        InvalidParameterError
            If an argument of the constructor is unusable.
        KeyboardInterrupt
            After Ctrl-C; the model then has the best centres so far, if there are any.

        Warns
        -----
        ConvergenceWarning
            If there are fewer different rows than clusters.
        RuntimeWarning
            If `n_init` asks for several starts from the same centres.
        """
        self._check_arguments()
        X = as_given(X)
        rows = self._checked(X)
        weight = as_weights(sample_weight, len(rows))
        n_present = len(rows) if weight is None else np.count_nonzero(weight)
        if n_present < self.n_clusters:
            of_weight = "" if weight is None else " (rows of positive weight)"
            raise InvalidDataError(
                f"n_samples={n_present} should be >= n_clusters={self.n_clusters}{of_weight}. Use fewer clusters."
            )
        given = self._given_centres(rows)
        random, best = as_random_state(self.random_state), None
        interruption: KeyboardInterrupt | None = None
        for _ in range(self._n_starts(given)):
            try:
                centres = self._drawn_centres(X, rows, weight, random) if given is None else given
            except KeyboardInterrupt as error:
                if best is None:
                    raise
                interruption = error
                break
            found = self._climb(rows, weight, centres)
            if best is None or found.inertia < best.inertia * (1.0 - SAME):
                best = found
            interruption = found.interruption
            if interruption is not None:
                break
        assert best is not None
        dtype = np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64
        self.cluster_centers_ = best.centres.astype(dtype)
        self.labels_, self.inertia_, self.n_iter_ = best.labels.astype(np.int32), best.inertia, best.n_iter
        self.converged_reason_ = em.REASONS[best.status if interruption is None else em.INTERRUPTED]
        self.n_features_in_ = rows.shape[1]
        self._keep_names(X)
        if interruption is not None:
            raise kept(interruption, "KMeans")
        n_found = len(np.unique(best.labels))
        if n_found < self.n_clusters:
            text = (
                f"Number of distinct clusters ({n_found}) found smaller than n_clusters ({self.n_clusters}). Possibly "
                "due to duplicate points in X."
            )
            warnings.warn(text, known_to_sklearn(ConvergenceWarning), stacklevel=2)
        return self

    def _climb(self, rows: Array, weight: Array | None, centres: Array) -> _Found:
        """Return what Lloyd's iteration reaches from these centres."""
        present = slice(None) if weight is None else weight > 0.0
        seen = rows[present]
        scale = np.sqrt(np.maximum(np.var(seen, axis=0), np.finfo(float).tiny))
        scale = np.maximum(scale, SAME * scale.max())
        climb = _Climb(seen, None if weight is None else weight[present], centres, scale)
        if self.verbose:
            print("Initialization complete")
        tol = self.tol * float(np.mean(scale**2))
        settled = SETTLED**2 * float(np.sum(scale**2))
        n_iter, status, interruption = 0, em.LIMIT, None
        while n_iter < self.max_iter:
            try:
                shift = climb.step()
            except KeyboardInterrupt as error:
                status, interruption = em.INTERRUPTED, error
                break
            n_iter += 1
            if self.verbose:
                inertia = _inertia(nearest(rows, climb.centres)[1], weight)
                print(f"Iteration {n_iter - 1}, inertia {inertia:.5g}.")
            if shift <= max(tol, settled):
                if self.verbose:
                    reason = (
                        "strict convergence" if shift <= settled else f"center shift {shift} within tolerance {tol}"
                    )
                    print(f"Converged at iteration {n_iter - 1}: {reason}.")
                status = em.CONVERGED
                break
        labels, squares = nearest(rows, climb.centres)
        return _Found(climb.centres, labels, _inertia(squares, weight), n_iter, status, interruption)

    def _drawn_centres(self, X: Any, rows: Array, weight: Array | None, random: Any) -> Array:
        """Return where centres start, shape (K, d)."""
        if callable(self.init):
            return self._as_centres(self.init(X, self.n_clusters, random), rows.shape[1])
        mass = np.ones(len(rows)) if weight is None else weight
        if self.init == "random":
            return rows[random.choice(len(rows), size=self.n_clusters, replace=False, p=mass / mass.sum())]
        return rows[k_means_plus_plus(rows - rows.mean(axis=0), mass, self.n_clusters, random)]

    def _given_centres(self, rows: Array) -> Array | None:
        """Return centres that the constructor was given."""
        if callable(self.init) or isinstance(self.init, str):
            return None
        return self._as_centres(self.init, rows.shape[1])

    def _as_centres(self, values: Any, n_columns: int) -> Array:
        centres = as_rows(values, None, "init of KMeans", finite=True)
        if len(centres) != self.n_clusters:
            raise InvalidParameterError(
                f"The shape of the initial centers {centres.shape} does not match the number of clusters "
                f"{self.n_clusters}. (init)"
            )
        if centres.shape[1] != n_columns:
            raise InvalidParameterError(
                f"The shape of the initial centers {centres.shape} does not match the number of features of the data "
                f"{n_columns}. (init)"
            )
        return centres.copy()

    def _n_starts(self, given: Array | None) -> int:
        if self.n_init == "auto":
            return RANDOM_STARTS if given is None and self.init != "k-means++" else 1
        if given is not None and self.n_init != 1:
            warnings.warn(
                "Explicit initial center position passed: performing only one init in KMeans instead of "
                f"n_init={self.n_init}.",
                RuntimeWarning,
                stacklevel=3,
            )
            return 1
        return int(self.n_init)

    # --------------------------------------------------------------------------------------------------- checks

    def _check_arguments(self) -> None:
        """Raise `InvalidParameterError` if a constructor argument is unusable."""
        self._require_numbers(
            [
                ("n_clusters", WHOLE, 1),
                ("max_iter", WHOLE, 1),
                ("tol", REAL, 0),
                ("verbose", (*WHOLE, bool), 0),
            ]
        )
        if not isinstance(self.copy_x, (bool, np.bool_)):
            self._refuse("copy_x", "a bool")
        starts = self.n_init
        if not (isinstance(starts, str) and starts == "auto") and (
            not isinstance(starts, WHOLE) or isinstance(starts, bool) or starts < 1
        ):
            self._refuse("n_init", "an int in the range [1, inf) or a str among {'auto'}")
        if isinstance(self.init, str) and self.init not in INITS:
            self._refuse("init", f"a str among {set(INITS)}, an array of centres or a callable")
        if self.algorithm not in ALGORITHMS:
            self._refuse("algorithm", f"a str among {set(ALGORITHMS)}")
        if self.algorithm == "elkan" and self.n_clusters == 1:
            warnings.warn(
                "algorithm='elkan' doesn't make sense for a single cluster. Using 'lloyd' instead.",
                RuntimeWarning,
                stacklevel=3,
            )

    def _checked(self, X: Any, n_columns: int | None = None) -> Array:
        """Return the data as rows, shape (n, d)."""
        require_two_dimensions(X)
        rows = as_rows(X, n_columns, "KMeans", finite=True)
        if not len(rows):
            raise InvalidDataError(
                f"Found array with 0 sample(s) (shape={rows.shape}) while a minimum of 1 is required by KMeans."
            )
        return rows

    def _fitted_centres(self) -> Array:
        """Return the centres of the fit, shape (K, d)."""
        if not hasattr(self, "cluster_centers_"):
            raise known_to_sklearn(NotFittedError)(
                "This KMeans instance is not fitted yet. Call 'fit' with appropriate arguments before using this "
                "estimator."
            )
        return np.asarray(self.cluster_centers_, dtype=float)

    def _fitted(self, X: Any) -> tuple[Array, Array]:
        """Return rows as those of the fit, and the centres."""
        centres = self._fitted_centres()
        return self._checked(self._as_fitted(X), centres.shape[1]), centres

    # ------------------------------------------------------------------------------------------------ after fit

    def fit_predict(self, X: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> Integers:
        """Fit; return the cluster of each row, shape (n,)."""
        return self.fit(X, sample_weight=sample_weight).labels_

    def fit_transform(self, X: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> Any:
        """Fit; return the distance of each row to each centre, shape (n, K), as `set_output` says."""
        return self.fit(X, sample_weight=sample_weight).transform(X)

    def predict(self, X: npt.ArrayLike) -> Integers:
        """Return the nearest cluster of each row, shape (n,)."""
        return nearest(*self._fitted(X))[0].astype(np.int32)

    def transform(self, X: npt.ArrayLike) -> Any:
        """Return the distance of each row to each centre, shape (n, K): an array, or what `set_output` says."""
        rows, centres = self._fitted(X)
        distances = np.stack([np.sqrt(np.sum((rows - centre) ** 2, axis=1)) for centre in centres], axis=1)
        single = getattr(X, "dtype", None) == np.float32
        return self._labelled(distances.astype(np.float32) if single else distances, X)

    def score(self, X: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return minus the inertia of these rows: greater is better."""
        rows, centres = self._fitted(X)
        return -_inertia(nearest(rows, centres)[1], as_weights(sample_weight, len(rows)))

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Return names of what `transform` gives: kmeans0, kmeans1, ..."""
        return np.array([f"kmeans{k}" for k in range(len(self._fitted_centres()))], dtype=object)

    def _complete(self) -> None:
        centres, labels = self.cluster_centers_, self.labels_
        if centres.ndim != 2 or not np.isfinite(centres).all() or centres.shape[1] != self.n_features_in_:
            raise ValueError(f"cluster_centers_ are not points of {self.n_features_in_} columns")
        if labels.max(initial=0) >= len(centres):
            raise ValueError(f"labels_ has {labels.max()}, of {len(centres)} clusters")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "cluster_centers_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import TransformerTags  # only scikit-learn asks, so it is there

        tags = super().__sklearn_tags__()
        tags.estimator_type = "clusterer"
        tags.transformer_tags = TransformerTags(preserves_dtype=["float64", "float32"])
        return tags


def _inertia(squares: Array, weight: Array | None) -> float:
    return float(squares.sum() if weight is None else squares @ weight)
