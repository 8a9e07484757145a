"""`MixtureModel`: an estimator in scikit-learn's sense, and a distribution."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from distributions.base import Rng
from distributions.data import Array, as_weights
from distributions.errors import ConvergenceWarning, DegeneracyWarning, InvalidDataError

from . import dask_rows, em, persistence, streams
from .dask_rows import is_dask, lazily
from .estimator import as_given, known_to_sklearn
from .fitting import Fit
from .initialization import Start
from .labels import matching, relabelled
from .mixture import Mixture
from .online import DECAY, Online, require_decay, require_stream
from .sources import Source, block_by_block, is_blocks, is_large_and_narrow, is_large_map
from .step import Step
from .structure import Components, Structure
from .surveyed import is_absent
from .training import InMemory
from .views import Views


class MixtureModel(Mixture, Views):
    r"""Mixture of distributions: density :math:`\sum_k w_k f_k(x)`, fitted by the EM algorithm.

    Parameters
    ----------
    components : list or dict of Distribution, or Distribution
        The components, a dict to name them, or one prototype for `n_components` of them. Where all parameters are
        known, EM starts there. Unknown ones get a first guess from the data, beside which known ones are kept at
        first (with more than 4,000 different rows, EM on a sample of them comes before). A component may be a
        MixtureModel. Components that are alike and unknown come out in the order in which their starts ascend: by the
        mean of the rows that they explain, the first column before the others, then by the spread. Where something
        tells them apart (values, weights, labels or a start of one's own, ties of some of them) they keep their
        places. `align` puts them in the order of another fit.
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
        values that differ are averaged; a frozen value is that of all that share it (weights are frozen with all that
        share them, or none). What is shared counts once. Single parameters can be shared by components of one compiled
        family whose parameters are all numbers; those of other families (see the table of families) as a whole only.
    covariance : str, optional
        Structure across the covariances of components that are all `MultivariateNormal`: three letters for volume,
        shape and orientation, E equal, V varying, I the identity (EII, VII, EEI, VEI, EVI, VVI, EEE, VEE, EVE, VVE,
        EEV, VEV, EVV, VVV); or "full" (VVV), "tied" (EEE), "diag" (VVI), "spherical" (VII). EM starts at covariances
        of this structure nearest to those given. By default each component has its own.
    freeze_weights : bool or list, default False
        Whether `fit` leaves the weights as given; or the components, by name or number, whose weights it leaves, while
        the others share the rest.
    prior : "default", Prior, or list or dict of these, optional
        What is known of the parameters before the data, see `Prior`: one for all components, or one for each (in a dict
        by name or number), None where nothing is (for the parts of a product a dict by their names). "default" is the
        prior of Fraley & Raftery for normals, which keeps them from collapsing (Notes).
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
    truncate : int, (int, int) or "stochastic", optional
        How many components keep responsibility for a row, the best ones: between K (EM, the default) and 1, where a
        row goes to one component as a whole (hard or classification EM). A pair (C, G) keeps the C best of the G
        components that are near a row's best one, and looks at no others: for hundreds of components (Notes). Or
        "stochastic": one drawn by its responsibilities, `max_iter` times, of which the best is kept.
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
    callback : callable, optional
        A function that is called with a `Step` at the start of EM and after each update, and stops the fit there by
        returning True. The starts that are compared before it does not see.
    verbose : bool, default False
        Whether a line tells of the progress of a fit, in a terminal or a notebook; nothing is written elsewhere.

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
        What kept components from collapsing, left them without data, or on few rows that are nearly equal: each with
        the name of the component, cause, parameters and effective count; empty where nothing did. Each is a warning
        of `fit` too.
    n_starts_ : int
        Number of starts that were compared; 1 where every parameter is given. Those in which a component of the best
        run has changed its place do not count.
    n_agreed_ : int
        How many of them were seen to reach the chosen optimum, 1 where a component had to change its place for it. One
        of many is a reason to raise `n_init`; those left behind in a shorter run, which might have come there too, do
        not count.
    n_reseeds_ : int
        How many times the best run was improved by a component that was taken from where it was needed least, such as
        one without data, and started anew elsewhere. No warning: the fit is an optimum like any other.
    n_iter_ : int
        Number of updates, extrapolations included: passes over the data after the first.
    converged_ : bool
    converged_reason_ : str
        "converged", or why the climb ended without it; "interrupted" after Ctrl-C (Notes).
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
    EM. Starts are compared by the same bound. With `truncate` = (C, G) the rows, a copy of them, are sorted by their
    best component; only the G components that are near it, by their densities at some of its rows, are looked at for
    them. Now and then they are sorted anew, unless the bound would fall by it (Hirschberger, Forster & Luecke, IEEE
    Transactions on Pattern Analysis and Machine Intelligence 44, 2022).

    With "stochastic" (Celeux & Diebolt, Computational Statistics Quarterly
    2, 1985) the log-likelihood rises and falls: `history_` shows it, nothing converges, and the parameters of its best
    value are kept. The same `rng` draws the same; starts are compared by EM. `log_likelihood_` is that of all
    components in every case.

    Ctrl-C, or a notebook's stop button, ends a fit within a second, also among its starts. The model then keeps the
    best parameters so far, with all that a fit learns and ``converged_reason_`` "interrupted", and `KeyboardInterrupt`
    is raised, so that a script or a loop over many fits stops as well. Name a model before it is fitted,
    ``model = MixtureModel(...)``, then ``model.fit(x)``: else nothing refers to it after an interruption.

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
        truncate: int | tuple[int, int] | str | None = None,
        accelerate: str | None = "squarem",
        n_jobs: int | None = None,
        rng: Rng = 0,
        callback: Callable[[Step], Any] | None = None,
        verbose: bool = False,
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
        self.callback = callback
        self.verbose = verbose

    # ----------------------------------------------------------------------------------------------------- fit

    def fit(  # type: ignore[override]  # scikit-learn's order of arguments
        self,
        x: npt.ArrayLike,
        y: Any = None,
        sample_weight: npt.ArrayLike | None = None,
        *,
        labels: Any = None,
        checkpoint: Any = None,
    ) -> Self:
        """Fit by EM: maximise sum_i w_i log_pdf(x_i) from the best of `n_init` starts; return self.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d), or blocks of such rows
            Or what `Blocks` takes: a file, folder or pattern, or an iterable of arrays or frames (not a list), which
            every pass over the data reads anew; so is a memory map, and an array of single precision, whose doubles
            would take more than 64 MB. Or a Dask array or frame. See the notes.
        y : None
            Ignored; there so that pipelines can pass it.
        sample_weight : array_like, shape (n,), optional
            Weights w_i >= 0 of the rows; 2 means a row that occurs twice, 0 one that is absent. Beside blocks of rows
            also blocks of weights, or the name of a column; so are labels.
        labels : array_like, shape (n,) or (n, K), optional
            What is known of the component that a row came from: its index or name, -1 or None where it is unknown.
            Or factors >= 0 of the mixing proportions, one for each row and component: 0 where a row cannot come from a
            component, other numbers for soft labels, relative to the greatest of the row (a data frame whose columns
            are the components' names is read by name). The log-likelihood is then that of rows and labels.
        checkpoint : str, path or Checkpoint, optional
            A file to which the state of the fit is written every minute, or as `Checkpoint` says. If it is there, the
            fit goes on from it, and ends in the same bits as one that was never disturbed. It must be of the same
            model and data; `max_iter` and `n_jobs` may differ. It stays when the fit ends. Families in plain NumPy
            have none.

        Raises
        ------
        InvalidDataError
            If rows or weights are malformed, or a row lies outside the support of every component.
        InvalidParameterError
            If an argument of the constructor is unusable.
        KeyboardInterrupt
            After Ctrl-C; the model then has the best parameters so far.

        Notes
        -----
        Rows in blocks never lie in memory together. The first pass checks them and draws a sample to start from; later
        ones make sure that they are still the same. The sums that EM needs are those of chunks counted from the first
        row, wherever blocks begin: from one start, the fit has the bits of the fit in memory (but where that merges
        equal rows). Every family has to have additive statistics. If a later pass fails, or is interrupted, the model
        keeps the parameters of the last whole pass, and the error is raised. Blocks without rows are left out.

        The partitions of a Dask collection are summed where they lie, each by one task, on the scheduler that Dask
        would use: that of a `distributed.Client`, if there is one. Weights and labels are collections of the same
        partitions, or names of columns. The sums are added in the order of the partitions: the result is the same to
        the bit for any number of workers, and differs from that in memory by rounding.

        Warns
        -----
        ConvergenceWarning
            If the fit stopped before it converged, unless the callback stopped it.
        DegeneracyWarning
            If a component was held at the floor of its scale, or has lost all its data.
        """
        fit = self._start(x, sample_weight, labels, checkpoint)
        try:
            fit.run()
        except Exception:
            if fit.is_lost():
                self._keep(fit)
            raise
        self._keep(fit)
        fit.warn(stacklevel=2)
        return self

    def partial_fit(
        self,
        x: npt.ArrayLike,
        y: Any = None,
        sample_weight: npt.ArrayLike | None = None,
        *,
        labels: Any = None,
        decay: float = DECAY,
    ) -> Self:
        """Learn from a block of rows that need not be kept, by stepwise EM; return self.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d)
            The block: an array or a data frame. Blocks may be of any sizes.
        y : None
            Ignored.
        sample_weight, labels
            Of its rows, as in `fit`.
        decay : float in (1/2, 1], default 0.7
            How fast what was seen is forgotten: a block of weight w, the last of a total weight T, moves the mean sums
            of rows by (w / T)^decay towards its own. 1 weighs all rows alike, however little was known when they were
            seen; near 1/2 late blocks count most. It may change from block to block.

        Raises
        ------
        InvalidDataError
            If rows or weights are malformed, or a row lies outside the support of every component. The model then is
            what it was.
        InvalidParameterError
            If an argument is unusable, or a family has no additive statistics.

        Warns
        -----
        DegeneracyWarning
            As `fit` does, once for each.
        ConvergenceWarning
            If the first block has fewer than two rows for each free parameter, and some are unknown.

        Notes
        -----
        The first block begins a stream: at the values of the components, or, where some are unknown, at the fit to that
        block alone (shuffle rows that come in an order). After `fit`, or of a model read from a file, a stream begins
        at the fitted values, and knows no rows but its own. Parameters move once two rows were seen for each free
        parameter; blocks before that are only added up. `fit` ends a stream.

        Cappe & Moulines, Journal of the Royal Statistical Society B 71 (2009). Components whose update is a Newton step
        climb by the score of each block, and second derivatives of all (Titterington, Journal of the Royal Statistical
        Society B 46, 1984); a step that lowers the likelihood of its block is halved, and the first block is climbed
        by twenty steps of EM. Two passes over a hundred blocks of shuffled rows come within one unit of log-likelihood
        for each free parameter of what `fit` finds, about as near as that is to the truth, unless components overlap
        so much that EM takes hundreds of steps. More passes, with a decay of 1 in the last ones, come nearer. A prior
        counts as often as it would in `fit`, however many rows there are; a second pass counts these once more.

        A stream is never said to have converged. `history_`, shape (n_iter_,), holds the mean log density of each
        block at the parameters before it: of rows not yet learned from, but for a first block that the start was found
        from. `log_likelihood_` is the sum over all rows; `n_rows_`, `total_weight_` and `effective_counts_` are those
        of all blocks.

        Examples
        --------
        >>> from mixtures import MixtureModel, Normal, datasets
        >>> waiting = np.random.default_rng(0).permutation(datasets.load("old_faithful")["waiting"])
        >>> model = MixtureModel([Normal(50, 10), Normal(80, 10)])
        >>> for block in [*np.array_split(waiting, 8)] * 2:
        ...     model = model.partial_fit(block)
        >>> [round(component.mean) for component in model.components_]
        [54, 80]
        """
        if is_blocks(x) or is_dask(x):
            raise InvalidDataError(
                f"partial_fit: x must be one block of rows in memory; got {type(x).__name__}. Call it for each block: "
                "for block in Blocks(...).blocks(): model.partial_fit(block.x, sample_weight=block.sample_weight). Or "
                "let fit read all of them."
            )
        require_decay(decay)
        stream: Online | None = getattr(self, "_stream", None)
        if stream is None:
            structure = self._structure
            if hasattr(self, "weights_"):
                structure = Structure(self.components_, None, self.weights_, self._rules)
            require_stream(structure, self.truncate)
            fit = self._start(x, sample_weight, labels, structure=structure, callback=None, is_block=True)
            self._stream = Online(fit, structure)
            self._keep_names(x)
        else:
            x = self._as_fitted(x)
            if is_absent(x, sample_weight):
                return self
            data = InMemory(stream.structure, x, sample_weight, labels)
            self._stream = stream.after(data, float(decay), self.n_jobs)
        self._keep_stream(self._stream)
        self._warn_of_stream(stream)
        return self

    def set_partial_fit_request(self, **requests: bool | str | None) -> Self:
        """Say which metadata scikit-learn's tools pass to `partial_fit`, such as ``labels=True``; return self."""
        return self._set_request("partial_fit", requests)

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
            if fit.status not in (em.FELL, em.INTERRUPTED):
                yield Step(fit)
        self._keep(fit)
        fit.warn(stacklevel=2)

    def relabel(self, order: Sequence[int | str]) -> Self:
        """Return a copy of the fitted model with its components in another order.

        Parameters
        ----------
        order : list of int or str, length K
            For each place the component, by number or name, that comes there. Only components that differ in nothing
            but values can change places: not those of other families, with ties by name or with weights that are
            frozen. Names stay at their places.

        Raises
        ------
        InvalidParameterError
            If that is no order of these components.
        """
        return relabelled(self, order)

    def align(self, other: MixtureModel) -> Self:
        """Return a copy of the fitted model with its components in the order of those of another fit that they match.

        So fits of one model to several samples, as in a bootstrap, can be compared component by component.

        Parameters
        ----------
        other : MixtureModel
            Another fit of the same components, or one whose values are given.

        Raises
        ------
        InvalidParameterError
            If its components are not the same.

        Notes
        -----
        A thousand rows are drawn from each component of either model, and the other says from which of its own they
        may have come; the sum of the shares that go to the match is the greatest (linear assignment; for the problem
        see Stephens, Journal of the Royal Statistical Society B 62, 2000). The same two models give the same match.

        Examples
        --------
        >>> from mixtures import MixtureModel, Normal
        >>> one = MixtureModel([Normal(0, 1), Normal(5, 2)], weights=[0.3, 0.7])
        >>> MixtureModel([Normal(5.2, 2), Normal(0.1, 1)], weights=[0.6, 0.4]).align(one).weights_
        array([0.4, 0.6])
        """
        return relabelled(self, matching(self, other))

    def _start(
        self,
        x: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None,
        labels: Any = None,
        checkpoint: Any = None,
        structure: Structure | None = None,
        **others: Any,
    ) -> Fit:
        names = ["init", "n_init", "tol", "max_iter", "truncate", "accelerate", "n_jobs", "rng", "callback", "verbose"]
        settings = {name: getattr(self, name) for name in names} | others
        structure = self._structure if structure is None else structure
        return Fit(structure, as_given(x), sample_weight, labels, checkpoint=checkpoint, **settings)

    def _keep(self, fit: Fit) -> None:
        self.__dict__.pop("_stream", None)
        components, self.weights_ = fit.current
        self.components_ = fit.structure.shaped(components)
        self.history_ = fit.engine.history
        self.n_iter_ = len(self.history_) - 1
        self.log_likelihood_ = fit.log_likelihood
        self.log_posterior_ = self.log_likelihood_ + fit.log_prior
        self.converged_ = fit.status == em.CONVERGED
        self.part_counts_ = fit.engine.state.mass.copy()
        self.effective_counts_ = np.bincount(fit.structure.owner, weights=self.part_counts_)
        self.n_rows_, self.n_features_in_ = fit.data.n_rows, fit.data.n_columns
        self.total_weight_ = fit.data.total_weight
        self.converged_reason_ = em.REASONS[fit.status]
        self._keep_start(fit.start)
        self.degeneracies_ = fit.degeneracies
        self._keep_names(fit.data.names_from)

    def _keep_start(self, start: Start) -> None:
        self.n_starts_, self.n_agreed_, self.n_reseeds_ = start.n_starts, start.n_agreed, start.n_reseeds

    def _keep_stream(self, stream: Online) -> None:
        components, self.weights_ = stream.current
        self.components_ = stream.structure.shaped(components)
        self.history_ = stream.history
        self.n_iter_ = len(stream.history)
        self.log_likelihood_ = stream.log_likelihood
        self.log_posterior_ = self.log_likelihood_ + stream.log_prior
        self.converged_ = False
        self.part_counts_ = stream.mass
        self.effective_counts_ = np.bincount(stream.structure.owner, weights=self.part_counts_)
        self.n_rows_, self.n_features_in_ = stream.n_rows, stream.n_columns
        self.total_weight_ = stream.total_weight
        self.converged_reason_ = em.REASONS[em.STREAMED]
        self._keep_start(stream.start)
        self.degeneracies_ = stream.degeneracies

    def _warn_of_stream(self, before: Online | None) -> None:
        """Warn of what went wrong in a stream, each once."""
        if before is None and self._stream.is_small:
            warnings.warn(
                f"the first block has {self.n_rows_} rows, few for a first guess of {self.n_parameters} parameters: it "
                "may be far off, and later blocks may not mend it. Give a larger first block, or start values.",
                known_to_sklearn(ConvergenceWarning),
                stacklevel=3,
            )
        told = {(each.component, each.cause) for each in (before.degeneracies if before else ())}
        for each in self.degeneracies_:
            if (each.component, each.cause) not in told:
                warnings.warn(each.message, known_to_sklearn(DegeneracyWarning), stacklevel=3)

    # -------------------------------------------------------------------------------------- after or without fit

    def score_samples(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,); the same as `log_pdf`. Lazily of blocks and on Dask."""
        if is_dask(x):
            return lazily(self.score_samples, x, None, "log_density", float)
        if is_blocks(x):
            return block_by_block(self.score_samples, x)
        return self.log_pdf(self._as_fitted(x))

    def score(self, x: npt.ArrayLike, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return the (weighted) mean log density of the rows; NaN if a row has no observed cell.

        Like `fit`, this and the criteria take rows in memory, in blocks (in one pass) or on Dask (where they lie).
        """
        log_likelihood, total = self._totals(x, sample_weight)
        return log_likelihood / total

    def aic(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return Akaike's criterion, -2 log-likelihood + 2 n_parameters; smaller is better."""
        return -2.0 * self._totals(x, sample_weight)[0] + 2.0 * self.n_parameters

    def bic(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return Schwarz's criterion, -2 log-likelihood + n_parameters log(total weight); smaller is better."""
        log_likelihood, total = self._totals(x, sample_weight)
        return -2.0 * log_likelihood + self.n_parameters * float(np.log(total))

    def _totals(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> tuple[float, float]:
        """Return the log-likelihood of the rows, wherever they are, and their number or the sum of their weights."""
        if is_dask(x):
            found = dask_rows.totals(self, x, sample_weight)
        elif is_blocks(x) or is_large_map(x) or is_large_and_narrow(x):
            found = streams.totals(self, Source(x, sample_weight))
        else:
            found = self._totals_here(x, sample_weight)
        if found[1] == 0.0:
            raise InvalidDataError("a criterion needs data, got 0 rows: pass at least one")
        return found

    def _totals_here(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> tuple[float, float]:
        """Return the same of rows in memory."""
        x = self._as_fitted(x)
        n = len(self._as_rows(x))
        weight = as_weights(sample_weight, n)
        return (
            (self.log_likelihood(x, sample_weight), float(n if weight is None else weight.sum())) if n else (0.0, 0.0)
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

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
