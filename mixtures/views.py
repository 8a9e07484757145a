"""`Views`: a mixture to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from . import explaining, latex, reporting
from .explaining import Explanation
from .plotting import Plots

if TYPE_CHECKING:
    from .model import MixtureModel


class Views:
    """Tables, pictures, formulas and reasons; a base of `MixtureModel`."""

    def summary(self) -> str:
        """Return a table of the fitted model: components, weights, counts, parameters, criteria, convergence."""
        return reporting.summary(cast("MixtureModel", self))

    @property
    def plot(self) -> Plots:
        """Pictures: ``model.plot(x)`` draws data and mixture, ``model.plot.qq(x)`` and others are listed in `Plots`."""
        return Plots(cast("MixtureModel", self))

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
        return explaining.explain(cast("MixtureModel", self), row)

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
        return latex.density(cast("MixtureModel", self))

    def _repr_html_(self) -> str:
        return reporting.html(cast("MixtureModel", self))
