"""`Mixture`: what a mixture is as a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import numpy.typing as npt

from distributions import numeric
from distributions.arguments import require_flag
from distributions.base import Distribution, Rng
from distributions.column import Column
from distributions.conditioning import Places
from distributions.data import Array, as_observations, as_rows
from distributions.outline import refuse_incomplete

from . import conditioning, imputation, posterior, regions
from . import modes as peaks
from .composite import Composite
from .dask_rows import is_dask, lazily
from .sources import block_by_block, is_blocks

if TYPE_CHECKING:
    from .model import MixtureModel


class Mixture(Composite, abstract=True):
    """Density, draws, probabilities, moments, memberships; a base of `MixtureModel`.

    All of it asks for components and weights whose values are known, fitted or given.
    """

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,)."""
        components, weights = self._current("give a density")
        values = posterior.log_density(components, weights, self._as_rows(x))
        return values if np.ndim(x) else values[0]

    def predict_proba(self, x: npt.ArrayLike) -> Array:
        """Return the probability that each row came from each component, shape (n, K); lazily of blocks and on Dask."""
        if is_dask(x):
            return lazily(self.predict_proba, x, self.names, "", float)
        if is_blocks(x):
            return block_by_block(self.predict_proba, x)
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
        """Return the index of the most probable component of each row, shape (n,); lazily of blocks and on Dask."""
        if is_dask(x):
            return lazily(self.predict, x, None, "component", np.int64)
        if is_blocks(x):
            return block_by_block(self.predict, x)
        return np.argmax(self.predict_proba(x), axis=1)

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
        require_flag("MixtureModel", "return_labels", return_labels)
        generator = np.random.default_rng(rng)
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
        from .model import MixtureModel  # here, because the model imports this module

        return MixtureModel(self._structure.shaped(components), weights=weights)

    def columns_read(self, names: Sequence[Any]) -> list[Column]:
        """Return what the components read of data with these columns; see `Imputation`."""
        return imputation.columns_read(self._described()[0], names)

    def expected_cells(self, rows: Array, codes: Sequence[Array | None]) -> Array:
        """Return the expectations of missing cells given each row's observed ones; see `Imputation`."""
        return imputation.expected_cells(*self._current("impute"), rows, codes)
