"""`Plots`, which is what `model.plot` is: pictures of a mixture, each drawn on any axes.

matplotlib (the extra ``plot``) is imported only when something is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from distributions.arguments import as_generator, require_flag, require_whole
from distributions.base import Rng
from distributions.errors import InvalidDataError, InvalidParameterError

from . import contours, curves, diagnostics, explaining, film, lower_bound, memberships, profiles
from .canvas import FIGURE_SIZE, component_colors, component_names, drawn, given_axes, require_one_column
from .mixture import Mixture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .model import MixtureModel

__all__ = ["FIGURE_SIZE", "Plots", "component_colors", "component_names"]


class Plots:
    """Pictures of a mixture: ``model.plot(x)`` chooses one by the data, ``model.plot.pairs(x)`` is one by its name.

    A component has one colour (and marker) in all pictures, tables and films. Every picture takes ``ax``, axes to draw
    on (a new figure by default), and returns them; labels and limits are set only where they were empty. No style of
    matplotlib is changed.

    Parameters
    ----------
    model : MixtureModel
        Fitted, or with all parameters given.

    Examples
    --------
    >>> from mixtures import MixtureModel, Normal
    >>> model = MixtureModel([Normal(55, 6), Normal(80, 6)])
    >>> model.plot.colors
    ['#0072B2', '#D55E00']
    >>> [name for name in dir(model.plot) if not name.startswith("_")]  # what tab completion shows
    ['animate', 'bound', 'colors', 'decision_regions', 'density', 'explanation', 'history', 'pairs', 'pit', 'profiles',
    'qq', 'responsibilities', 'rootogram', 'survival', 'uncertainty']
    """

    def __init__(self, model: MixtureModel) -> None:
        if not isinstance(model, Mixture):
            raise InvalidParameterError(f"Plots: model must be a MixtureModel; got {model!r}")
        self._model = model

    def __repr__(self) -> str:
        names = ", ".join(name for name in dir(self) if not name.startswith("_"))
        return f"<plots of a mixture: call it with data, or one by name: {names}>"

    @property
    def colors(self) -> list[str]:
        """The colour of each component, as "#RRGGBB"."""
        return component_colors(len(component_names(self._model)))

    def __call__(
        self, x: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None, labels: Any = None, ax: Any = None
    ) -> Any:
        """Draw data and mixture: `density` of one or two columns, `pairs` of more.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d), or data frame
        sample_weight : array_like, shape (n,), optional
        labels : array_like, shape (n,) or (n, K), optional
        ax : optional
            As that picture takes it.

        Returns
        -------
        matplotlib.axes.Axes, or ndarray of them, shape (d, d)
        """
        data = drawn(self._model, x, sample_weight, labels)
        if data.rows.shape[1] > 2:
            return contours.draw_pairs(data, None, ax)
        return self.density(x, sample_weight=sample_weight, labels=labels, ax=ax)

    def density(
        self,
        x: npt.ArrayLike,
        *,
        rug: bool = False,
        bins: int | npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        labels: Any = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw one or two columns of data, and the density of each component and of the mixture.

        Of one column: a histogram of unit area (of counts, bars of relative frequency), the weighted density of each
        component, and their sum. Of two: rows in the colour of their most probable component, and around each component
        the contours that hold 50 and 90 % of it, which for normals are ellipses. Columns of separate values have none.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, 2), or data frame
            Names of columns (of a pandas Series, its name) label the axes.
        rug : bool, default False
            Mark each value below the bars; of one column only.
        bins : int or array_like, shape (m + 1,), optional
            Number of bars, or their ascending edges, of a histogram; chosen by the data by default. Counts have none.
        sample_weight : array_like, shape (n,), optional
            Weights >= 0 of the rows.
        labels : array_like, shape (n,) or (n, K), optional
            What the component of each row is taken to be, as `MixtureModel.fit` takes it: an index or name, or a share
            for each component. Bars and points then have the colours that these say, not the model.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InvalidDataError
            If there are more than two columns, two with a rug or bins, or rows, weights or labels are malformed.
        NotFittedError
            If parameters are unknown.
        ImportError
            If matplotlib is missing.
        """
        data = drawn(self._model, x, sample_weight, labels)
        d = data.rows.shape[1]
        if d > 2:
            raise InvalidDataError(f"a density plot shows one column or two, here are {d}: use plot.pairs(x)")
        require_flag("MixtureModel", "rug", rug)
        if rug or bins is not None:
            require_one_column(data, "a rug or a histogram")
        ax = given_axes(ax)
        return curves.draw_density(ax, data, rug=rug, bins=bins) if d == 1 else contours.draw_plane(ax, data)

    def pairs(
        self,
        x: npt.ArrayLike,
        *,
        columns: Sequence[str | int] | None = None,
        sample_weight: npt.ArrayLike | None = None,
        labels: Any = None,
        ax: Any = None,
    ) -> Any:
        """Draw every pair of columns as `density` does, and on the diagonal each column by itself.

        Rows with a missing cell are in the panels of their other columns. There are no curves where a component cannot
        say what some columns are without the others (`marginal`).

        Parameters
        ----------
        x : array_like, shape (n, d), or data frame
        columns : sequence of str or int, optional
            Which ones, by name or place; all by default, up to eight.
        sample_weight : array_like, shape (n,), optional
        labels : array_like, shape (n,) or (n, K), optional
            What the component of each row is taken to be, as in `density`.
        ax : ndarray of matplotlib.axes.Axes, shape (m, m), optional
            A square of axes for m columns; a new figure by default.

        Returns
        -------
        ndarray of matplotlib.axes.Axes, shape (m, m)
            Those above the diagonal are hidden.

        Raises
        ------
        InvalidDataError, InvalidParameterError
            If rows, weights or labels are malformed, there is no such column, or ax has another shape.
        """
        return contours.draw_pairs(drawn(self._model, x, sample_weight, labels), columns, ax)

    def responsibilities(
        self, x: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw the probability that a row came from each component.

        Of one column: a curve for each component over the values, and the data as marks below. Of several: the rows
        side by side, each divided among the components, sorted by the most probable one and its probability.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d), or data frame
        sample_weight : array_like, shape (n,), optional
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes
        """
        data = drawn(self._model, x, sample_weight)
        return memberships.draw_responsibilities(given_axes(ax), data)

    def uncertainty(
        self, x: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw how probable it is that a row did not come from its most probable component.

        Of one column: a curve over the values. Of two: points that grow with the doubt. Of more: the rows sorted by it.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d), or data frame
        sample_weight : array_like, shape (n,), optional
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes
        """
        data = drawn(self._model, x, sample_weight)
        return memberships.draw_uncertainty(given_axes(ax), data)

    def decision_regions(
        self, x: npt.ArrayLike, *, soft: bool = True, sample_weight: npt.ArrayLike | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw two columns, and behind them which component each place would be given to.

        A place has the colour of its most probable component, the paler the less certain that is; lines divide the
        regions. Of spheres of one size and equal weights, as in k-means, the regions are Voronoi cells.

        Parameters
        ----------
        x : array_like, shape (n, 2), or data frame
        soft : bool, default True
            Whether colours fade with certainty; if not, each region has one.
        sample_weight : array_like, shape (n,), optional
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InvalidDataError
            If there are not two columns, or a column holds separate values.
        """
        data = drawn(self._model, x, sample_weight)
        memberships.require_plane(data)
        require_flag("MixtureModel", "soft", soft)
        return memberships.draw_decision_regions(given_axes(ax), data, soft=soft)

    def history(
        self, *, gap: bool = False, first: int | None = None, label: str | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw the log-likelihood (with a prior, the log-posterior) at the start and after each update of the fit.

        Parameters
        ----------
        gap : bool
            Draw what was still missing from the highest value instead, on a logarithmic axis.
        first : int, optional
            Draw only so many updates, where a long climb hides its beginning.
        label : str, optional
            Name of the fit in a legend: to compare several on the same axes, each with its line style.
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        """
        diagnostics.require_history(self._model)
        require_flag("MixtureModel", "gap", gap)
        if first is not None:
            require_whole("MixtureModel", "first", first, least=0)
        return diagnostics.draw_history(given_axes(ax), self._model, gap=gap, first=first, label=label)

    def bound(
        self,
        x: npt.ArrayLike,
        parameter: str,
        *,
        steps: int = 2,
        values: tuple[float, float] | None = None,
        sample_weight: npt.ArrayLike | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the log-likelihood along one parameter, and the lower bounds by which EM climbs it.

        The E-step makes a bound that touches the log-likelihood at the parameter's value; the M-step goes to the top of
        the bound. All other parameters, and the weights, stay as they are.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d), or data frame
        parameter : str
            Component and parameter, such as "taller.mean"; one that is a number.
        steps : int, default 2
            Updates to draw, a bound for each.
        values : tuple of two float, optional
            Range of the parameter; by default somewhat more than EM goes through.
        sample_weight : array_like, shape (n,), optional
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InvalidParameterError
            If there is no such parameter, or it is no number.

        Notes
        -----
        Neal & Hinton, "A view of the EM algorithm that justifies incremental, sparse, and other variants", in Jordan
        (ed.), Learning in Graphical Models (1998).
        """
        climb = lower_bound.climb(self._model, x, sample_weight, parameter, steps)
        return lower_bound.draw_climb(given_axes(ax), climb, values)

    def rootogram(
        self, x: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw a hanging rootogram: bars of root frequencies hang from the roots of those that the mixture expects.

        Where a bar ends above zero, there are fewer rows than expected, below zero more; beyond the dashed lines at -1
        and 1, by more than two standard deviations (the root of a count varies by about 1/2, whatever its size). Made
        for counts; other values are counted in the bins of a histogram.

        Parameters
        ----------
        x : array_like, shape (n,)
        sample_weight : array_like, shape (n,), optional
            How often each row occurred.
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes

        Notes
        -----
        Kleiber & Zeileis, The American Statistician 70 (2016); Tukey, Exploratory Data Analysis (1977).
        """
        data = drawn(self._model, x, sample_weight)
        values = require_one_column(data, "a rootogram")
        return diagnostics.draw_rootogram(given_axes(ax), data, values)

    def qq(
        self,
        x: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        rng: Rng = 0,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the quantiles of the data against those of the mixture; they lie on the line where it is right.

        Each point of a right mixture lies in the band with probability 95 %. Of counts, the axes are those of standard
        normal residuals, which a random draw spreads over each step of the cdf.

        Parameters
        ----------
        x : array_like, shape (n,)
        sample_weight : array_like, shape (n,), optional
        rng : int, numpy.random.Generator or None, default 0
            Seed or generator of these draws.
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes

        Notes
        -----
        The residuals: Dunn & Smyth, Journal of Computational and Graphical Statistics 5 (1996). The band: order
        statistics of a uniform sample follow beta distributions.
        """
        data = drawn(self._model, x, sample_weight)
        values = require_one_column(data, "a plot of quantiles")
        return diagnostics.draw_qq(given_axes(ax), data, values, as_generator("MixtureModel", rng))

    def pit(
        self,
        x: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        rng: Rng = 0,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw a histogram of the probability integral transforms F(x): level where the mixture is right.

        Each bar of a right mixture lies between the dashed lines with probability 95 %. Bars high in the middle
        tell of too wide a mixture, at both ends of too narrow a one, at one end of a shifted one. Of counts a random
        draw spreads the transforms over each step of F.

        Parameters
        ----------
        x : array_like, shape (n,)
        sample_weight : array_like, shape (n,), optional
        rng : int, numpy.random.Generator or None, default 0
            Seed or generator of these draws.
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes

        Notes
        -----
        Gneiting, Balabdaoui & Raftery, Journal of the Royal Statistical Society B 69 (2007); randomised for counts as
        in Dunn & Smyth (1996).
        """
        data = drawn(self._model, x, sample_weight)
        values = require_one_column(data, "a histogram of transforms")
        return diagnostics.draw_pit(given_axes(ax), data, values, as_generator("MixtureModel", rng))

    def survival(self, x: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None, ax: Axes | None = None) -> Axes:
        """Draw the share of rows above each value on a logarithmic axis: exponential waits make a straight line.

        The steps are the data's; each lies in the band of a right mixture with probability 95 % (counts have none).
        Each component's curve starts at its weight, and they add up to the mixture's.

        Parameters
        ----------
        x : array_like, shape (n,)
        sample_weight : array_like, shape (n,), optional
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes

        Notes
        -----
        The band: order statistics of a uniform sample follow beta distributions, as in `qq`.
        """
        data = drawn(self._model, x, sample_weight)
        values = require_one_column(data, "a survival function")
        return diagnostics.draw_survival(given_axes(ax), data, values)

    def profiles(
        self,
        x: npt.ArrayLike,
        *,
        columns: Sequence[str | int] | None = None,
        sample_weight: npt.ArrayLike | None = None,
        ax: Any = None,
    ) -> Any:
        """Draw a card for each component: a row of panels that show its distribution of each column.

        Grey is all of the data, colour the component by itself, without its weight. Above a panel are the component's
        mean and standard deviation there, or its most probable category. Panels of a column have one scale.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d), or data frame
            Missing cells are left out of the bars of their column.
        columns : sequence of str or int, optional
            Which ones, by name or place; all by default, up to ten.
        sample_weight : array_like, shape (n,), optional
        ax : ndarray of matplotlib.axes.Axes, shape (K, m), optional
            For K components and m columns; a new figure by default.

        Returns
        -------
        ndarray of matplotlib.axes.Axes, shape (K, m)

        Raises
        ------
        InvalidDataError, InvalidParameterError
            If rows or weights are malformed, there is no such column, ax has another shape, or a component cannot say
            what a column is without the others.
        """
        return profiles.draw_profiles(drawn(self._model, x, sample_weight), columns, ax)

    def explanation(
        self,
        row: Any,
        *,
        component: str | int | None = None,
        against: str | int | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw what each column, and the weights, add to the log-odds of two components for one row.

        Parameters
        ----------
        row : array_like, shape (d,), dict, or a row of a data frame
            As `MixtureModel.explain` takes it.
        component, against : str or int, optional
            By name or place; by default the most probable component, and the most probable other one.
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes
            A bar for each part, in the colour of the component that it speaks for. Infinite ones are cut off.
        """
        explanation = explaining.explain(self._model, row)
        return explaining.draw_explanation(given_axes(ax), explanation, component, against)

    def animate(
        self,
        x: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        frames: int = 30,
        fps: float = 4.0,
        halves: bool = False,
    ) -> film.Film:
        """Fit a copy of the model and film it: how EM divides the rows, moves the components, climbs the likelihood.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, 2), or data frame
        sample_weight : array_like, shape (n,), optional
        frames : int, default 30
            Most frames: the first updates one by one, later ones ever further apart.
        fps : float, default 4
            Frames per second.
        halves : bool, default False
            Show both halves of plain EM's updates: first the rows are divided anew (E), then the components move (M).

        Returns
        -------
        Film
            A GIF that notebooks show; ``save`` writes it to a file.

        Raises
        ------
        InvalidDataError
            If there are more than two columns, or what `fit` raises.
        """
        return film.animate(self._model, x, sample_weight, frames, fps, halves)
