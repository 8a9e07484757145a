"""`MixtureModel`: an estimator in scikit-learn's sense, and a distribution."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self, overload

import numpy as np
import numpy.typing as npt

from distributions import numeric
from distributions.base import Distribution, Rng
from distributions.conditioning import Places
from distributions.data import Array, Mask, as_observations, as_rows, as_weights, present
from distributions.domains import Domain
from distributions.errors import InvalidDataError, InvalidParameterError, NotFittedError
from distributions.imputation import Column
from distributions.outline import Outline, Path, finite_rows, refuse_incomplete, split_name

from . import conditioning, em, explaining, imputation, latex, persistence, posterior, regions, reporting
from . import modes as peaks
from .estimator import Estimator, as_given, known_to_sklearn
from .explaining import Explanation
from .fitting import Fit
from .plotting import Plots
from .structure import Components, Rules, Structure, as_generator, require_whole


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


class MixtureModel(Estimator, Distribution):
    r"""Mixture of distributions: density :math:`\sum_k w_k f_k(x)`, fitted by the EM algorithm.

    Parameters
    ----------
    components : list or dict of Distribution, or Distribution
        The components, a dict to name them, or one prototype for `n_components` of them. Where all parameters are
        known, EM starts there. Unknown ones get a first guess from the data, beside which known ones are kept at
        first (with more than 4,000 different rows, EM on a sample of them comes before). A component may be a
        MixtureModel. Components that are alike come out in ascending order of what they explain, unless they were
        given weights.
    n_components : int, optional
        Number of copies of a single prototype.
    weights : array_like, shape (K,), optional
        Mixing proportions to start from, >= 0; they are scaled to sum to one. Equal ones are taken where all
        parameters are given.
    tied : str, list of str or dict, optional
        Parameters of one value in all components: "std", ["shape", "rate"]; in products by part, "height.std", or
        "height" for all that describes a part. A dict names the components that share one, by name or number, or
        groups of them: {"std": ["a", "b"]}, {"std": [["a", "b"], ["c", "d"]]}; or gives factors of a common value:
        {"mean": {"a": 1, "b": -1}} makes the mean of b minus that of a. "weights" are the mixing proportions. Start
        values that differ are averaged; a frozen value is that of all that share it. What is shared counts once. Single
        parameters can be shared by components of one compiled family whose parameters are all numbers; those of other
        families (see the table of families) as a whole only.
    covariance : str, optional
        Structure across the covariances of components that are all `MultivariateNormal`: three letters for volume,
        shape and orientation, E equal, V varying, I the identity (EII, VII, EEI, VEI, EVI, VVI, EEE, VEE, EVE, VVE,
        EEV, VEV, EVV, VVV); or "full" (VVV), "tied" (EEE), "diag" (VVI), "spherical" (VII). EM starts at covariances
        of this structure nearest to those given. By default each component has its own.
    freeze_weights : bool or list, default False
        Whether `fit` leaves the weights as given; or the components, by name or number, whose weights it leaves, while
        the others share the rest.
    prior : "default", Prior, or list or dict of these, optional
        What is known of the parameters before the data, see `Prior`: one for all components, or one for each, None
        where nothing is (for the parts of a product a dict by their names). "default" is the prior of Fraley & Raftery
        for normals, which keeps them from collapsing (Notes).
    weights_prior : float or array_like, shape (K,), optional
        Concentration >= 1 of a Dirichlet prior of the weights; 1 says nothing.
    init : array_like, shape (n,) or (n, K), or callable, optional
        A start of one's own for unknown parameters, fitted to the rows so labelled: the component of each row by index
        or name (-1 or None where a row is shared by all); or factors >= 0 for each row and component, such as
        responsibilities, relative to the sum of the row; or a callable ``init(rows, rng)`` that returns one of these
        for the rows of positive weight, shape (n, d), and is called `n_init` times (once where that is None). Unlike
        the labels of `fit` it says where EM begins, and nothing after. Components keep their order.
    n_init : int or None, default None
        Number of starts from which the best is chosen; None means 100, fewer (10 at least) where one is costly. It
        does not matter where every parameter is given.
    tol : float, default 1e-14
        EM ends when the predicted distance to the optimum is below this: of the total log-likelihood, per
        unit of weight; its square root for the parameters, in units of themselves (of the data's scale for locations).
    max_iter : int, default 10000
        Most updates.
    truncate : int or "stochastic", optional
        How many components keep responsibility for a row, the best ones: between K (EM, the default) and 1, where a
        row goes to one component as a whole (hard or classification EM). Or "stochastic": to one drawn by its
        responsibilities, `max_iter` times, of which the best is kept (Notes).
    accelerate : "squarem" or None, default "squarem"
        Whether some updates of EM are replaced by extrapolations of the two before (Varadhan & Roland 2008), which most
        often reach the optimum in far fewer passes over the data. One that would lower the likelihood is refused.
        None is plain EM. So is "squarem" where it would not be safe: with components in plain NumPy, parameters that
        have no coordinates without ends (such as those of `FactorNormal`), ties by factors of probabilities, and the
        covariance structures EVE, VVE, EEV and VEV; and with `truncate`.
    n_jobs : int or None, default None
        Threads that share the rows; the result is the same to the bit for any number. -1 stands for all cores, -2 for
        all but one. None: for large data all cores that the process may use, but no more than the environment variable
        OMP_NUM_THREADS says; one for small data, and where `fit` is called in another thread than the main one, such as
        a pool's. Components in plain NumPy are fitted by one.
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
    log_posterior_ : float
        The same plus the log density of all priors up to a constant.
    history_ : ndarray, shape (n_iter_ + 1,)
        What the fit maximises, at the start and after each update: unless `truncate` is given `log_posterior_`, without
        a prior the log-likelihood. (After a stop because it fell, the last entry is the fall.) An extrapolation that
        was refused repeats the entry before.
    degeneracies_ : list of Degeneracy
        What kept components from collapsing or left them without data, each with the name of the component, cause,
        parameters and effective count; empty where nothing did. Each is a warning of `fit` too.
    n_starts_ : int
        Number of starts that were compared; 1 where every parameter is given.
    n_agreed_ : int
        How many of them were seen to reach the chosen optimum. One of many is a reason to raise `n_init`; those left
        behind in a shorter run, which might have come there too, do not count.
    n_iter_ : int
        Number of updates, extrapolations included: passes over the data after the first.
    converged_ : bool
    converged_reason_ : str
        "converged", or why the climb ended without it.
    effective_counts_ : ndarray, shape (K,)
        Sum over rows of weight times responsibility.
    part_counts_ : ndarray
        The same for each component of nested mixtures, in order.
    n_rows_ : int
        Number of rows of positive weight.
    total_weight_ : float
        Sum of their weights.
    n_features_in_ : int
        Number of columns d.
    feature_names_in_ : ndarray of str, shape (d,)
        Their names, after a fit to a data frame whose columns have names; methods then refuse frames of others.

    Notes
    -----
    Dempster, Laird & Rubin, Journal of the Royal Statistical Society B 39 (1977); McLachlan & Peel, Finite Mixture
    Models (2000). The structures of covariances: Celeux & Govaert, Pattern Recognition 28 (1995).

    A prior makes the fit the mode of the posterior; criteria such as `bic` stay those of the likelihood. The default is
    that of Fraley & Raftery, Journal of Classification 24 (2007): with d columns, K components, mean m and covariance S
    (divided by n - 1) of the data, each covariance is inverse Wishart with d + 2 degrees of freedom and scale
    S / K^(2/d), each mean normal about m with a hundred times the covariance. Diagonal covariances have an inverse
    gamma for each variance, spherical ones for the one variance, of d + 2 degrees of freedom too and with the mean of
    the diagonal of that scale. A covariance that all components share (EII, EEI, EEE) has its prior once; where they
    share volume, shape or orientation only, each covariance has its own. For V, VII, VVI, EEE and VVV (EEE of one
    column is its E) mclust does the same. Of components with a `tied` std each has its prior, unlike there; a part of a
    product that they share has it once.

    With `truncate` = C the fit maximises sum_i w_i log sum_k w_k f_k(x_i) over the C components k that are best for row
    i, a lower bound of the log-likelihood; C = 1 makes it the classification likelihood. Both steps of EM raise it, so
    it never falls, and the climb is judged by it (Luecke & Forster, Pattern Recognition Letters 125, 2019; Celeux &
    Govaert, Computational Statistics & Data Analysis 14, 1992). Hard EM with equal, frozen weights and
    ``covariance="EII"`` is Lloyd's k-means. Where components overlap they come out narrower and farther apart than by
    EM. Starts are compared by the same bound. With "stochastic" (Celeux & Diebolt, Computational Statistics Quarterly
    2, 1985) the log-likelihood rises and falls: `history_` shows it, nothing converges, and the parameters of its best
    value are kept. The same `rng` draws the same; starts are compared by EM. `log_likelihood_` is that of all
    components in every case.

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
        tied: str | Sequence[str] | Mapping[str, Any] | None = None,
        covariance: str | None = None,
        freeze_weights: bool | Sequence[str | int] = False,
        prior: Any = None,
        weights_prior: npt.ArrayLike | None = None,
        init: Any = None,
        n_init: int | None = None,
        tol: float = 1e-14,
        max_iter: int = 10_000,
        truncate: int | str | None = None,
        accelerate: str | None = "squarem",
        n_jobs: int | None = None,
        rng: Rng = 0,
    ) -> None:
        self.components = components
        self.n_components = n_components
        self.weights = weights
        self.tied = tied
        self.covariance = covariance
        self.freeze_weights = freeze_weights
        self.prior = prior
        self.weights_prior = weights_prior
        self.init = init
        self.n_init = n_init
        self.tol = tol
        self.max_iter = max_iter
        self.truncate = truncate
        self.accelerate = accelerate
        self.n_jobs = n_jobs
        self.rng = rng

    @property
    def names(self) -> list[str]:
        """Names of the components: the keys of a dict, else family and number."""
        return list(self._structure.named)

    @property
    def _structure(self) -> Structure:
        # Made anew each time: arguments are stored untouched, and checked where they are used.
        return Structure(self.components, self.n_components, self.weights, self._rules)

    @property
    def _rules(self) -> Rules:
        return Rules(**{name: getattr(self, name) for name in Rules._fields})

    # ----------------------------------------------------------------------------------------------------- fit

    def fit(  # type: ignore[override]  # scikit-learn's order of arguments
        self, x: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None, *, labels: Any = None
    ) -> Self:
        """Fit by EM: maximise sum_i w_i log_pdf(x_i) from the best of `n_init` starts; return self.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d)
        y : None
            Ignored; there so that pipelines can pass it.
        sample_weight : array_like, shape (n,), optional
            Weights w_i >= 0 of the rows; 2 means a row that occurs twice, 0 one that is absent.
        labels : array_like, shape (n,) or (n, K), optional
            What is known of the component that a row came from: its index or name, -1 or None where it is unknown.
            Or factors >= 0 of the mixing proportions, one for each row and component: 0 where a row cannot come from a
            component, other numbers for soft labels, relative to the greatest of the row (a data frame whose columns
            are the components' names is read by name). The log-likelihood is then that of rows and labels.

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
        fit = self._start(x, sample_weight, labels)
        fit.run()
        self._keep(fit, x)
        fit.warn(stacklevel=2)
        return self

    def fit_predict(
        self, x: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.int64]:
        """Fit, and return the index of the most probable component of each row, shape (n,)."""
        return self.fit(x, y, sample_weight).predict(x)

    def iter_fit(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Iterator[Step]:
        """Fit as `fit` does, but yield each EM step; the model is fitted when the iteration ends.

        Parameters
        ----------
        x, sample_weight
            As in `fit`.

        Yields
        ------
        Step
            The start first, then one after each update. With ``accelerate=None`` each is a step of EM; else some are
            extrapolations, and one that was refused shows the parameters before once more.
        """
        fit = self._start(x, sample_weight)
        while fit.status == em.RUNNING:
            fit.run(n_sweeps=1)
            if fit.status != em.FELL:
                components, weights = fit.current
                yield Step(
                    len(fit.engine.history) - 1,
                    fit.log_likelihood,
                    fit.structure.shaped(components),
                    weights,
                    posterior.responsibilities(components, weights, fit.rows),
                )
        self._keep(fit, x)
        fit.warn(stacklevel=2)

    def _start(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None, labels: Any = None) -> Fit:
        names = ("init", "n_init", "tol", "max_iter", "truncate", "accelerate", "n_jobs", "rng")
        settings = {name: getattr(self, name) for name in names}
        x = as_given(x)
        structure = self._structure.prepare(present(x, sample_weight))
        return Fit(structure, structure.encode(x), sample_weight, labels, **settings)

    def _keep(self, fit: Fit, x: Any) -> None:
        components, self.weights_ = fit.current
        self.components_ = fit.structure.shaped(components)
        self.history_ = fit.engine.history
        self.n_iter_ = len(self.history_) - 1
        self.log_likelihood_ = fit.log_likelihood
        self.log_posterior_ = self.log_likelihood_ + fit.log_prior
        self.converged_ = fit.status == em.CONVERGED
        self.part_counts_ = fit.engine.state.mass.copy()
        self.effective_counts_ = np.bincount(fit.structure.owner, weights=self.part_counts_)
        self.n_rows_, self.n_features_in_ = fit.rows.shape
        self.total_weight_ = fit.total_weight
        self.converged_reason_ = em.REASONS[fit.status]
        self.n_starts_, self.n_agreed_ = fit.start.n_starts, fit.start.n_agreed
        self.degeneracies_ = fit.degeneracies
        self._keep_names(x)

    # -------------------------------------------------------------------------------------- after or without fit

    def require_known(self, purpose: str, names: tuple[str, ...] | None = None) -> None:
        """Raise `NotFittedError` if the model is not fitted and some parameter has no value."""
        self._current(purpose)

    def _current(self, purpose: str) -> tuple[list[Distribution], Array]:
        """Return components and weights: the fitted ones, or the given ones where nothing is unknown."""
        if hasattr(self, "weights_"):
            fitted = self.components_
            return list(fitted.values() if isinstance(fitted, dict) else fitted), self.weights_
        structure = self._structure
        if structure.unknown:
            raise known_to_sklearn(NotFittedError)(
                f"this MixtureModel cannot {purpose} yet: the parameters of {', '.join(structure.unknown)} are "
                "unknown. Call fit(x) first, or give them."
            )
        n = len(structure.named)
        return structure.components, np.full(n, 1.0 / n) if structure.weights is None else structure.weights

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,)."""
        components, weights = self._current("give a density")
        values = posterior.log_density(components, weights, self._as_rows(x))
        return values if np.ndim(x) else values[0]

    def score_samples(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,); the same as `log_pdf`."""
        return self.log_pdf(self._as_fitted(x))

    def score(self, x: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return the (weighted) mean log density of the rows; NaN if a row has no observed cell."""
        x = self._as_fitted(x)
        return self.log_likelihood(x, sample_weight) / self._total(x, sample_weight)

    def predict_proba(self, x: npt.ArrayLike) -> Array:
        """Return the probability that each row came from each component, shape (n, K)."""
        components, weights = self._current("predict")
        x, columns = self.encode(self._as_fitted(x)), self.n_columns
        if np.shape(x)[:1] == (0,):
            rows = as_rows(x, columns, "MixtureModel", finite=True)
        else:
            missing, finite = self.marginalises, self.finite_rows
            rows = as_observations(x, None, columns, "MixtureModel", missing=missing, finite_rows=finite).rows
            refuse_incomplete(self.outline().branches, rows)
        return posterior.responsibilities(components, weights, rows)

    def predict(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the index of the most probable component of each row, shape (n,)."""
        return np.argmax(self.predict_proba(x), axis=1)

    def columns_read(self, names: Sequence[Any]) -> list[Column]:
        """Return what the components read of data with these columns; see `Imputation`."""
        return imputation.columns_read(self._described()[0], names)

    def expected_cells(self, rows: Array, codes: Sequence[Array | None]) -> Array:
        """Return the expectations of missing cells given each row's observed ones; see `Imputation`."""
        return imputation.expected_cells(*self._current("impute"), rows, codes)

    def aic(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return Akaike's criterion, -2 log-likelihood + 2 n_parameters; smaller is better."""
        x = self._as_fitted(x)
        return -2.0 * self.log_likelihood(x, sample_weight) + 2.0 * self.n_parameters

    def bic(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return Schwarz's criterion, -2 log-likelihood + n_parameters log(total weight); smaller is better."""
        x = self._as_fitted(x)
        total = self._total(x, sample_weight)
        return -2.0 * self.log_likelihood(x, sample_weight) + self.n_parameters * float(np.log(total))

    def _total(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> float:
        """Return the number of rows or the sum of their weights."""
        n = len(self._as_rows(x))
        if n == 0:
            raise InvalidDataError("a criterion needs data, got 0 rows: pass at least one")
        weight = as_weights(sample_weight, n)
        return float(n if weight is None else weight.sum())

    @overload
    def sample(self, size: int, rng: Rng = None) -> Array: ...

    @overload
    def sample(
        self, size: int, rng: Rng = None, *, return_labels: Literal[True]
    ) -> tuple[Array, npt.NDArray[np.int64]]: ...

    def sample(self, size: int, rng: Rng = None, *, return_labels: bool = False) -> Any:
        """Draw ``size`` independent observations, shape (size,) or (size, d).

        With ``return_labels`` the index of the component that each came from, shape (size,), comes as well.
        """
        components, weights = self._current("be sampled")
        require_whole("size", size, least=0)
        generator = as_generator(rng)
        labels = generator.choice(len(components), size=size, p=weights)
        draws = [component.sample(int(np.sum(labels == k)), generator) for k, component in enumerate(components)]
        out = np.empty((size, *draws[0].shape[1:]))
        for k, values in enumerate(draws):
            out[labels == k] = values.reshape(len(values), *out.shape[1:])  # one column: (m,) or (m, 1)
        return (out, labels) if return_labels else out

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

    @property
    def cov(self) -> Any:
        """Covariance matrix of the columns, shape (d, d), for one column too."""
        components, weights = self._current("give a covariance")
        centre = np.atleast_1d(self.mean)
        away = [np.atleast_1d(component.mean) - centre for component in components]
        return sum(
            weight * (component.cov + np.outer(shift, shift))
            for component, weight, shift in zip(components, weights, away, strict=True)
        )

    def modes(self) -> Array:
        """Return the modes, where the density has a peak, highest first.

        Returns
        -------
        ndarray, shape (m,) or (m, d)
            For normals in one column all of them, which intervals prove, but for peaks that rounding hides. For other
            families in one column those that show on a grid which follows the density (of a plateau the middle; of
            counts every value not below its neighbours). For normals in several columns those that climbs reach from
            every mean and from the ridge between every two: there may be more modes than components, and it is not
            proved that none is missed.

        Raises
        ------
        InvalidParameterError
            If there are several columns and components are not normal, or masses beside densities.
        NotFittedError
            If parameters are unknown.

        Notes
        -----
        Carreira-Perpinan (2000), "Mode-finding for mixtures of Gaussian distributions", IEEE Transactions on Pattern
        Analysis and Machine Intelligence 22; Ray & Lindsay (2005), "The topography of multivariate normal mixtures",
        Annals of Statistics 33.
        """
        self._current("give modes")
        return peaks.modes(self)

    def hdr(self, level: float = 0.95, *, rng: Rng = 0, n_draws: int = 100_000) -> regions.Region:
        """Return the highest-density region: the smallest that holds a probability.

        Parameters
        ----------
        level : float
            The probability, between 0 and 1.
        rng : int, numpy.random.Generator or None, default 0
        n_draws : int
            Draws that the threshold is found from, in several columns; one normal needs none.

        Returns
        -------
        Region
            Threshold of the log density; in one column the intervals; standard error of the probability.

        Notes
        -----
        Hyndman (1996), "Computing and graphing highest density regions", The American Statistician 50.
        """
        self._current("give a region")
        return regions.highest_density(self, level, rng, n_draws)

    def entropy(self, *, rng: Rng = 0, n_draws: int = 100_000) -> regions.Entropy:
        """Return the entropy, -E log density, in nats, and its standard error.

        Exact for one normal; in one column by quadrature or summation, whose error is beside rounding; else, or where
        tails are too long for that, the mean over ``n_draws`` draws, with its standard error.
        """
        self._current("give an entropy")
        return regions.entropy(self, rng, n_draws)

    @property
    def names_of_columns(self) -> tuple[str, ...] | None:
        """Names of the columns in their order, None where they have none."""
        names = getattr(self, "feature_names_in_", self._reads_by_name)
        return None if names is None else tuple(names)

    def marginal_at(self, places: Places) -> MixtureModel:
        """Return the mixture of what the components say of some columns; see `marginal`."""
        components, weights = self._current("give a marginal")
        return self._mixed(conditioning.marginals(components, places), weights)

    def conditional_at(self, places: Places, values: Array) -> MixtureModel:
        """Return the mixture of what the components say of the other columns given these; see `conditional`."""
        return self._mixed(*conditioning.conditionals(*self._current("give a conditional"), places, values))

    def _mixed(self, components: Sequence[Distribution], weights: Array) -> MixtureModel:
        """Return a mixture of other distributions by the names of these components."""
        return MixtureModel(self._structure.shaped(components), weights=weights)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    @property
    def _takes_missing(self) -> bool:
        try:
            return self.marginalises
        except InvalidParameterError:  # which `fit` will raise
            return False

    @property
    def _reads_by_name(self) -> tuple[str, ...] | None:
        return next((part.column_names for part in self._described()[0] if part.column_names is not None), None)

    # ------------------------------------------------------------------------------------------ as a component

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the components that have unknown parameters; none after `fit`."""
        return () if hasattr(self, "weights_") else self._structure.unknown

    @property
    def n_columns(self) -> int | None:  # type: ignore[override]
        """Number of columns d, None while it is unknown."""
        needed = self._structure.n_columns
        return getattr(self, "n_features_in_", None) if needed is None else needed

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: those of the components, shared ones once, and K - 1 weights."""
        return self.outline().n_parameters

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """All that lies in the support of a component."""
        return self._structure.support

    def freeze(self, *names: str) -> Self:
        """Return a copy in which `fit` leaves these parts (everything, if none is named) exactly as they are.

        Parameters
        ----------
        *names : str
            "weights"; the name of a component, for all of its parameters; or both, such as "young.mean".

        Raises
        ------
        InvalidParameterError
            If there is no such component or parameter, or weights that are frozen have no values.
        UnknownParameterError
            If a parameter to be frozen has no value.
        """
        components, weights = self._described()
        named = dict(zip(self.names, components, strict=True))
        for name in [name for name in names if name != "weights"] if names else list(named):
            owner, parameter = split_name(name, named)
            if owner is None:
                raise InvalidParameterError(
                    f"MixtureModel has no component {name!r} to freeze; it has weights, {', '.join(named)}"
                )
            named[owner] = named[owner].freeze(*[parameter] if parameter else [])
        model = self._copied(
            list(named.values()),
            weights=weights,
            freeze_weights=True if "weights" in names or not names else self.freeze_weights,
        )
        model._structure  # noqa: B018  # which checks the arguments
        return model

    def prepare(self, x: Any) -> Self:
        """Return a copy whose components know what only data as they are given tell; or self."""
        prepared = self._structure.prepare(x)
        if prepared.components == self._structure.components:
            return self
        return self._copied(prepared.components)

    def encode(self, x: Any) -> Any:
        """Return data as given, in numbers: text becomes the codes that the components agree on."""
        if hasattr(self, "weights_"):
            return Structure(self.components_, None, None).encode(x)
        return self._structure.encode(x)

    @property
    def marginalises(self) -> bool:
        """Whether rows may have missing (NaN) cells: if every component can do without them."""
        return all(component.marginalises for component in self._described()[0])

    def covers(self, rows: Array) -> Mask:
        """Which rows, shape (n, d), lie in the support of a component, missing cells left out."""
        return np.any([component.covers(rows) for component in self._described()[0]], axis=0)

    def finite_rows(self, rows: Array) -> Array:
        """Return the finite rows that stand for these, shape (n, d)."""
        return finite_rows(self.outline().branches, rows)

    def outline(self, path: Path = ()) -> Outline:
        """Return the branches of the components, and the choice among these."""
        components, weights = self._described()
        return Structure(self._structure.shaped(components), None, weights, self._rules).outline(path)

    def rebuild(self, path: Path, leaves: Mapping[Path, Distribution], proportions: Mapping[Path, Array]) -> Self:
        """Return a model made of other leaves and proportions, by the paths that `outline` gave them."""
        return self._copied(self._structure.rebuild(path, leaves, proportions), weights=proportions.get(path))

    def _copied(self, components: Sequence[Distribution] | None = None, **params: Any) -> Self:
        """Return a copy, not fitted, with other components in the places of these and other constructor arguments."""
        if components is not None:
            params |= {"components": self._structure.shaped(components), "n_components": None}
        return type(self)(**{**self.get_params(), **params})

    def _described(self) -> tuple[list[Distribution], Array | None]:
        """Return components and weights as far as they are known."""
        if self.unknown:
            return self._structure.components, self._structure.weights
        return self._current("be described")

    # --------------------------------------------------------------------------------------------- to be looked at

    def summary(self) -> str:
        """Return a table of the fitted model: components, weights, counts, parameters, criteria, convergence."""
        return reporting.summary(self)

    @property
    def plot(self) -> Plots:
        """Pictures: ``model.plot(x)`` draws data and mixture, ``model.plot.qq(x)`` and others are listed in `Plots`."""
        return Plots(self)

    def explain(self, row: Any) -> Explanation:
        """Return why a row belongs to a component: what each column, and the weights, add to the log-odds.

        Parameters
        ----------
        row : array_like, shape (d,), dict, or a row of a data frame
            One row such as `fit` takes; a dict has the columns' names. Cells may be missing.

        Returns
        -------
        Explanation
            It prints as a table; `Explanation.log_odds` gives the numbers.

        Raises
        ------
        InvalidDataError
            If it is not one row, or no component can have produced it.

        Examples
        --------
        >>> from mixtures import MixtureModel, Normal, Poisson, Product
        >>> young = Product({"height": Normal(120, 10), "siblings": Poisson(1.5)})
        >>> adult = Product({"height": Normal(170, 10), "siblings": Poisson(1.0)})
        >>> MixtureModel({"young": young, "adult": adult}, weights=[0.2, 0.8]).explain({"height": 150, "siblings": 3})
        adult 0.96, young 0.0403
        <BLANKLINE>
        log-odds of adult against  young
        weights                    +1.39
        height = 150               +2.50
        siblings = 3               -0.72
        sum                        +3.17
        """
        return explaining.explain(self, row)

    def to_latex(self) -> str:
        r"""Return the density in LaTeX, an ``aligned`` environment for display mathematics.

        Families and parameters have their names, numbers as many digits as in `summary`. What is unknown is a symbol.

        Examples
        --------
        >>> from mixtures import MixtureModel, Normal
        >>> print(MixtureModel([Normal(1, 2), Normal(5, 2)], weights=[0.25, 0.75]).to_latex())
        \begin{aligned}
        f(x) ={} & 0.25\,\mathrm{Normal}(x \mid \mathrm{mean}=1,\ \mathrm{std}=2) \\
        &{}+ 0.75\,\mathrm{Normal}(x \mid \mathrm{mean}=5,\ \mathrm{std}=2)
        \end{aligned}
        """
        return latex.density(self)

    def _repr_html_(self) -> str:
        return reporting.html(self)

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        given = {
            name: repr(value.tolist() if isinstance(value, np.ndarray) else value)  # an array shows some digits only
            for name, value in self.get_params().items()
        }
        first = given.pop("components")
        if np.size(self.init) > 1:  # a row of the data each
            given["init"] = "..."
        options = [f"{name}={text}" for name, text in given.items() if text != repr(defaults[name].default)]
        return f"MixtureModel({', '.join([first, *options])})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._compared == other._compared

    __hash__ = None  # type: ignore[assignment]  # it can be refitted

    @property
    def _compared(self) -> tuple[Any, ...]:
        """What equal models have in common: what they describe, not how it was found."""
        components, weights = self._described()
        names = self.names if isinstance(self.components, Mapping) else None
        shares = None if weights is None else weights.tolist()
        return names, components, shares, self._structure.record_of_rules

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain numbers, text and lists: the constructor's arguments, and all that a fit learned.

        `from_dict` and `from_json` give a fitted model back fitted, every bit of it.

        Raises
        ------
        InvalidParameterError
            If an argument cannot be written down.
        """
        return persistence.to_record(self)

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> Self:
        return persistence.from_record(cls, record)
