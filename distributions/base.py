"""`Distribution`: the contract of a family, and everything that follows from it.

Write a subclass, declare its parameters, and give either three methods in plain NumPy or three compiled kernels:

===================  ==============================================  ======================================
written              plain NumPy                                     compiled
===================  ==============================================  ======================================
parameters           ``rate: float = parameter(POSITIVE)``           the same
density              ``log_pdf(x)``                                  ``kernels = Kernels(log_pdf, accumulate,
estimator            ``fit(x, sample_weight=None)``                  update)`` and ``n_statistics``
draws                ``sample(size, rng)``                           ``sample(size, rng)``
===================  ==============================================  ======================================

`check_distribution` holds what then must be true.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, ClassVar, NamedTuple, Self, dataclass_transform

import numpy as np
import numpy.typing as npt

from . import numeric, registry
from .arguments import require_whole, with_doors
from .conditioning import Conditioning
from .data import (
    Array,
    Mask,
    as_numbers,
    as_observations,
    as_observed,
    as_rows,
    as_weights,
    centre_and_scale,
    missing_as_nan,
)
from .domains import REAL, Domain
from .errors import DegenerateDataError, InvalidDataError, InvalidParameterError, UnknownParameterError
from .estimation import feature_major_blocks, maximise
from .imputation import Imputation
from .kernels import Kernels
from .outline import Outline, Path
from .value import Value

Rng = int | np.random.Generator | None

_ROUNDING = 1e-14  # a scale this small beside the data's own is rounding error, not an estimate
_HUGE = 1e150  # beyond it squares overflow


class Parameter(NamedTuple):
    """A declared parameter, see `parameter`."""

    name: str
    domain: Domain
    power: int
    collapse: int
    limits: tuple[float, float]


def parameter(
    domain: Domain, power: int = 0, *, collapse: int | None = None, limits: tuple[float, float] | None = None
) -> Any:
    """Declare a parameter as a field whose default is "unknown".

    Parameters
    ----------
    domain : Domain
        Where values may lie.
    power : int
        Unit of the parameter in terms of the data's: 1 for a mean or a scale, -1 for the rate of a waiting
        time, 2 for a variance, 0 for a pure number. It says how `fit` follows a change of units, what a scale's
        floor is relative to, and where iterations start.
    collapse : int, optional
        Where the distribution contracts to a point of relative width e, the parameter goes to its end like
        e^collapse: 1 for a scale, -2 for the shape of a gamma. There lies its floor, at which the likelihood has no
        maximum. By default the power, and 0 (it stays) for a location.
    limits : (low, high), optional
        Range in which `fit` looks for a number, where the likelihood may rise for ever towards a limiting family
        (degrees of freedom without end: the normal) and an estimate at the limit is a good one. The domain's range
        by default. Values given by the user may lie outside.

    Raises
    ------
    InvalidParameterError
        If one of these is something else.
    """
    if not isinstance(domain, Domain):
        raise InvalidParameterError(f"parameter: domain must be a Domain, such as domains.POSITIVE; got {domain!r}")
    for name, exponent in {"power": power, "collapse": 0 if collapse is None else collapse}.items():
        require_whole("parameter", name, exponent, least=-99, most=99)
    if limits is not None and (
        np.shape(limits) != (2,) or not as_numbers(limits, "parameter", "limits")[0] < limits[1]
    ):
        raise InvalidParameterError(f"parameter: limits must be two numbers, the lower first; got {limits!r}")
    if collapse is None:
        collapse = 0 if domain.is_location else power
    limits = limits or (domain.low, domain.high)
    return field(default=None, metadata={"domain": domain, "power": power, "collapse": collapse, "limits": limits})


@dataclass_transform(frozen_default=True, field_specifiers=(parameter, field))
class Distribution(Value, Imputation, Conditioning):
    """A probability distribution as an immutable value; `fit` returns a new one.

    A parameter that is not given is unknown: a mixture finds a first guess for it. Densities are with
    respect to length (area, ...) for continuous families and to counting for discrete ones.

    Attributes
    ----------
    support : Domain
        Where observations may lie.
    kernels : Kernels or None
        The compiled kernels, None for a family in plain NumPy.
    missing_kernels : Kernels or None
        `log_pdf` and `accumulate` for blocks of several columns with missing (NaN) cells, which they integrate out;
        None where a family cannot.
    stepwise : bool
        Whether `update` only takes a step towards the maximum, which the likelihood must confirm: the step is halved
        where the likelihood falls, so a point between two values of theta must be a legal theta. Otherwise it gives the
        maximum, and statistics taken about any theta lead to the same one.
    curved : bool
        Whether such a step is halved in the logarithms or log odds that the domains of parameters ask for, and not in
        theta itself: where parameters move together on a curve that is straight there.
    maximises : bool
        Whether `fit` maximises the likelihood: only then does EM climb with every update.
    slow : bool
        Whether `log_pdf` and `fit` take so long, as where time grows with the square of the rows, that a mixture should
        look for its start on few of them.
    n_statistics : int
        Length of the vector that `accumulate` fills; a family where it depends on d overrides `statistics_size`.
    estimator : str
        How `fit` finds the maximum, in a few words; by default "Newton steps" if `stepwise`, else "closed form".
    everyday : bool
        Whether an error about rows that another family cannot take may suggest it.
    n_columns : int or None
        Columns d of an observation, None while it is unknown.
    frozen : frozenset of str
        Names of the frozen parameters.
    declared : tuple of Parameter
        The declared parameters in order.
    quadratic : bool
        Whether the log density depends on x by a quadratic form of x - mean alone, mean being the first entries of
        ``theta``: rows that move with the mean then tell of the spread only.
    atoms : tuple of float
        Values of positive probability of a distribution that has a density elsewhere; there `log_pdf` is the log of
        that probability.
    """

    support: ClassVar[Domain] = REAL
    kernels: ClassVar[Kernels | None] = None
    missing_kernels: ClassVar[Kernels | None] = None
    stepwise: ClassVar[bool] = False
    curved: ClassVar[bool] = False
    slow: ClassVar[bool] = False
    maximises: ClassVar[bool] = True
    n_statistics: ClassVar[int] = 0
    estimator: ClassVar[str] = ""
    everyday: ClassVar[bool] = False
    quadratic: ClassVar[bool] = False
    n_columns: int | None = 1
    frozen: frozenset[str] = frozenset()
    declared: ClassVar[tuple[Parameter, ...]] = ()
    atoms: tuple[float, ...] = ()
    _without_maximum: ClassVar[str] = (
        "it grows without bound in {} (the data are constant, or vary in too few directions)"
    )

    # ------------------------------------------------------------------------------------------ a family

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        """Check and register a family; an ``abstract`` class is only a base of some, with a part of what one needs."""
        super().__init_subclass__(**options)
        with_doors(cls)
        if abstract:
            return
        if cls.__init__ is object.__init__ or ("__init__" not in cls.__dict__ and is_dataclass(cls)):
            dataclass(frozen=True, eq=False, repr=False)(cls)
            if not isinstance(cls.declared, property):  # that of a wrapper counts what it wraps
                cls.declared = tuple(
                    Parameter(f.name, **f.metadata)
                    for f in fields(cls)  # type: ignore[arg-type]
                    if "domain" in f.metadata
                )
        elif not is_dataclass(cls) and cls.__eq__ is Distribution.__eq__:  # which compares fields: it has none
            raise TypeError(
                f"{cls.__name__} must declare its parameters as fields, such as rate: float = parameter(POSITIVE), "
                "and leave __init__ to be made from them"
            )
        needed = ("sample",) if cls.kernels is not None else ("log_pdf", "fit", "sample")
        missing = [name for name in needed if getattr(cls, name) is getattr(Distribution, name)]
        if "fit" in missing and cls.fit_bounded is not Distribution.fit_bounded:  # which `fit` checks the data for
            missing.remove("fit")
        if missing:
            raise TypeError(
                f"{cls.__name__} must define {', '.join(missing)}"
                + ("" if cls.kernels is not None else " (or kernels and sample)")
            )
        if cls.kernels is not None and cls.statistics_size is Distribution.statistics_size and cls.n_statistics < 1:
            raise TypeError(f"{cls.__name__} must define n_statistics, the length of the vector that accumulate fills")
        registry.register(cls)

    def __post_init__(self) -> None:
        for name, domain, *_ in self.declared:
            value = getattr(self, name)
            if value is None:
                continue
            object.__setattr__(self, name, checked(type(self), name, domain, value))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the parameters that have no value yet."""
        return tuple(name for name, value in self.parameters.items() if value is None)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: frozen ones do not count."""
        values = self.parameters
        return sum(domain.n_free(values[name]) for name, domain, *_ in self.declared if name not in self.frozen)

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameter values by name, in order; unknown ones are None."""
        return {name: getattr(self, name) for name, *_ in self.declared}

    def freeze(self, *names: str) -> Self:
        """Return a copy in which `fit` leaves these parameters (all, if none is named) exactly as they are.

        Raises
        ------
        InvalidParameterError
            If there is no such parameter.
        UnknownParameterError
            If a parameter to be frozen has no value.
        """
        declared = tuple(self.parameters)
        for name in names:
            if name not in declared:
                raise InvalidParameterError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(declared)}"
                )
        names = names or declared
        self.require_known(f"freeze {', '.join(names)}", names)
        copy = replace(self)  # type: ignore[type-var]
        object.__setattr__(copy, "frozen", self.frozen | set(names))
        return copy

    def with_values(self, **values: Any) -> Self:
        """Return a copy with some parameters changed and the same ones frozen."""
        copy = replace(self, **values)  # type: ignore[type-var]
        object.__setattr__(copy, "frozen", self.frozen)
        return copy

    def require_known(self, purpose: str, names: tuple[str, ...] | None = None) -> None:
        """Raise `UnknownParameterError` if some of these parameters (all, by default) have no value."""
        missing = [name for name in self.unknown if names is None or name in names]
        if missing:
            raise UnknownParameterError(
                f"{self!r} cannot {purpose}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} unknown. "
                f"Give a value, or fit it to data first."
            )

    # ------------------------------------------------------------------------- density, estimator, draws

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density (log mass for a discrete family) of each row.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d), or a number for a one-column family

        Returns
        -------
        ndarray, shape (n,)
            -inf outside the support, NaN where x is NaN. A number for a number. Of a row of several columns with some
            NaN cells the density of the others, where the family can integrate missing cells out (`marginalises`).
        """
        self.require_known("give a density")
        theta = self.to_theta()
        rows = self._as_rows(x)
        kernels = self.kernels_for(rows)
        out = np.zeros(len(rows))
        for block, X in feature_major_blocks(rows):
            kernels.log_pdf(X, theta, out[block])
        if kernels == self.missing_kernels:
            out[np.isnan(rows).all(axis=1)] = np.nan
        lost = np.isnan(out)
        if lost.any():  # inf - inf in a kernel: a row at infinity has density zero, only NaN has none
            out[lost & np.isinf(rows).any(axis=1) & ~np.isnan(rows).any(axis=1)] = -np.inf
        return out if np.ndim(x) else out[0]

    def fit(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Return the distribution of this family that maximises sum_i w_i log_pdf(x_i), frozen values kept.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d)
        sample_weight : array_like, shape (n,), optional
            Weights w_i >= 0; a weight of 2 means a row that occurs twice, 0 one that is absent.

        Raises
        ------
        InvalidDataError
            If rows or weights are malformed, or a row lies outside the support.
        DegenerateDataError
            If the likelihood has no maximum, for instance for a scale and constant data.
        """
        prepared = self.prepare(x)
        if prepared is not self:
            return prepared.fit(x, sample_weight)
        name = type(self).__name__
        data = as_observations(
            self.encode(x),
            sample_weight,
            self.n_columns,
            name,
            missing=self.marginalises,
            finite_rows=self.finite_rows,
        )
        rows, weight = data.rows, data.weight
        summary = data.summary
        inside = self.support.holds_all(summary.low, summary.high)  # which spares a look at each row
        outside: Mask = np.zeros(0, dtype=bool) if inside else ~self.covers(rows)
        if outside.any():
            others = registry.suitable(rows, self.n_columns)
            remedy = f"Use {' or '.join(others[:3])}, or" if others else "Drop these rows or"
            raise InvalidDataError(
                f"{name} needs x to be {self.support.text}; {data.describe(outside)} not. {remedy} transform the data."
            )
        if max(np.abs(summary.low).max(), np.abs(summary.high).max()) < _HUGE:
            fitted, held = self.fit_bounded(rows, weight, summary.scale, _ROUNDING)
        else:
            fitted, held = self._fit_huge(rows, weight, summary.scale)
        if held:
            raise DegenerateDataError(
                f"{name}: the likelihood of these {len(rows)} rows has no maximum, "
                f"{self._without_maximum.format(', '.join(held))}. "
                f"Freeze {held[0]}, or pass more varied data."
            )
        return fitted

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent observations.

        Parameters
        ----------
        size : int
        rng : int, numpy.random.Generator or None
            Seed or generator.

        Returns
        -------
        ndarray, shape (size,) or (size, d)
        """
        raise NotImplementedError

    # ---------------------------------------------------------------------------------- derived from these

    def pdf(self, x: npt.ArrayLike) -> Array:
        """Return the density (mass, for a discrete family) of each row, shape (n,)."""
        with np.errstate(over="ignore"):  # a density may be infinite in doubles, as its logarithm is not
            return np.exp(self.log_pdf(x))

    def log_likelihood(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return sum_i w_i log_pdf(x_i)."""
        terms = np.atleast_1d(self.log_pdf(x))
        weight = as_weights(sample_weight, len(terms))
        if weight is None:
            return float(np.sum(terms))
        return float(np.sum(weight[weight > 0] * terms[weight > 0]))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x) for each x, shape (n,); one-column families only. By quadrature unless overridden."""
        return numeric.cdf(self, x)

    def log_tail(self, x: Array, above: bool) -> Array | None:
        """Return log P(X > x) or log P(X <= x), to full precision however small; None where it must be integrated."""
        return None

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest x with cdf(x) >= q, for each probability q; one-column families only."""
        return numeric.ppf(self, q)

    def to_scipy(self) -> Any:
        """Return the distribution as a frozen one of SciPy, for code that asks for these; one column only.

        Returns
        -------
        scipy.stats.rv_frozen
            Its ``pdf`` or ``pmf``, ``cdf``, ``ppf``, ``mean``, ``var`` and ``rvs`` are those of this distribution;
            ``sf``, ``isf``, ``interval``, ``expect`` and others are what SciPy makes of them. `from_scipy` gives this
            distribution back.

        Raises
        ------
        InvalidParameterError
            If there are several columns, masses beside densities, or masses at other than whole numbers.
        UnknownParameterError, NotFittedError
            If a parameter has no value.

        Examples
        --------
        >>> from distributions import Weibull
        >>> life = Weibull(shape=2.0, scale=10.0).to_scipy()
        >>> print(f"{life.sf(5.0):.4f} {life.median():.4f} {life.expect(lambda x: x**2):.2f}")
        0.7788 8.3255 100.00
        """
        from . import scipy_view  # deferred: it imports scipy.stats, which is slow

        return scipy_view.frozen(self)

    @property
    def mean(self) -> Any:
        """Expectation: a number, or shape (d,)."""
        return numeric.moments(self)[0]

    @property
    def var(self) -> Any:
        """Variance: a number, or shape (d,) for the columns' variances."""
        return numeric.moments(self)[1]

    @property
    def std(self) -> Any:
        """Standard deviation: a number, or shape (d,)."""
        return np.sqrt(self.var)

    @property
    def cov(self) -> Any:
        """Covariance matrix of the columns, shape (d, d), for one column too.

        Raises
        ------
        InvalidParameterError
            If a family of several columns does not give it.
        """
        if self.n_columns != 1:
            raise InvalidParameterError(f"{type(self).__name__} does not give the covariance of its columns")
        return np.reshape(self.var, (1, 1))

    def as_normal(self) -> tuple[Array, Array] | None:
        """Return mean, shape (d,), and covariance, shape (d, d), of what is a normal distribution; else None."""
        return None

    def expected_rows(self) -> tuple[Array, Array]:
        """Return rows, shape (m, d), and shares of sum one, shape (m,), by which this distribution is known.

        The mean of log f(x; theta) over them is its expectation under this distribution, for every theta of the family.
        One-column families need not give them: nodes of a quadrature do.

        Raises
        ------
        InvalidParameterError
            If there are no such rows.
        """
        return numeric.expected_rows(self)

    @property
    def rows_seen(self) -> tuple[Array, Array] | None:
        """Rows, shape (m, d), and counts, that the settings add to any data, such as a smoothing; None by default.

        Their log density belongs to the objective of a fit: its maximum is the mode of a posterior.
        """
        return None

    # --------------------------------------------------------------------- the view of the compiled loops

    @property
    def constants(self) -> tuple[float, ...]:
        """Settings that the kernels read in ``theta`` behind the parameters, such as a number of trials."""
        return ()

    def to_theta(self) -> Array:
        """Return the flat vector that the kernels read: parameters, all of them known, and `constants`."""
        values = [np.ravel(value) for value in self.parameters.values()]
        return np.concatenate([*values, self.constants]).astype(float)

    @property
    def theta_domains(self) -> tuple[tuple[Domain | None, int], ...]:
        """Domains and lengths of the parts of ``theta`` in order, None for settings and entries that repeat others.

        EM is accelerated in their coordinates. A family that overrides `to_theta` has to override this too; by default
        it then has none, and EM runs as it is.
        """
        if type(self).to_theta is not Distribution.to_theta:
            return ()
        values = self.parameters
        return (*((p.domain, int(np.size(values[p.name]))) for p in self.declared), (None, len(self.constants)))

    def from_theta(self, theta: Array) -> Self:
        """Return the distribution with the parameters in ``theta``; frozen ones stay the very same."""
        values, position = {}, 0
        for name, value in self.parameters.items():
            size, shape = np.size(value), np.shape(value)
            if name not in self.frozen:
                values[name] = theta[position : position + size].reshape(shape)[()]
            position += size
        return self.with_values(**values)

    def bounds(self, scale: Array, floor: float) -> Array:
        """Return the box in which `update` finds the maximum, shape (2, len(theta)); all must be known.

        Parameters
        ----------
        scale : ndarray, shape (d,)
            Scale of each column of the data.
        floor : float
            Smallest width of the distribution, relative to ``scale``.
        """
        low, high, values = [], [], self.parameters
        for name, _, power, collapse, limits in self.declared:
            value = np.ravel(values[name]).astype(float)
            if name in self.frozen:
                lower = upper = value
            else:
                # Never beyond a start that was given.
                lower, upper = np.minimum(limits[0], value), np.maximum(limits[1], value)
                with np.errstate(over="ignore"):  # a rate where the data are next to nothing
                    limit = min(floor**collapse * scale[0] ** power, np.finfo(float).max)
                if collapse > 0:
                    lower = np.minimum(np.maximum(limit, limits[0]), value)
                elif collapse < 0:
                    upper = np.maximum(np.minimum(limit, limits[1]), value)
            low.append(lower)
            high.append(upper)
        low.append(np.asarray(self.constants))
        high.append(np.asarray(self.constants))
        return np.array([np.concatenate(low), np.concatenate(high)])

    def at_bounds(self, theta: Array, bounds: Array) -> tuple[str, ...]:
        """Return the names of free parameters that a floor (not their domain or limits) keeps from going further."""
        names, position, values = [], 0, self.parameters
        for name, *_, collapse, _ in self.declared:
            part = slice(position, position + np.size(values[name]))
            position = part.stop
            at_floor = theta[part] <= bounds[0, part] if collapse > 0 else theta[part] >= bounds[1, part]
            if collapse and name not in self.frozen and at_floor.any():
                names.append(name)
        return tuple(names)

    def units(self, scale: Array) -> Array:
        """Return what a step of each entry of ``theta`` is measured against, shape (len(theta),).

        The data's scale for a location, 0 where the entry itself is the measure, infinity for an entry that
        only repeats others.
        """
        parts, values = [], self.parameters
        for name, domain, power, *_ in self.declared:
            size = np.size(values[name])
            parts.append(np.full(size, scale[0] if domain.is_location and power == 1 else 0.0))
        return np.concatenate([*parts, np.full(len(self.constants), np.inf)])

    @property
    def rounding(self) -> float:
        """What the rounding of an update can take from the mean log-likelihood here; 0 if next to nothing.

        Where a covariance is all but singular it is not: a fall that is larger is no rounding.
        """
        return 0.0

    def statistics_size(self) -> int:
        """Return the length of the vector that `accumulate` fills."""
        return self.n_statistics

    @property
    def parts_by_name(self) -> dict[str, Distribution]:
        """Distributions of independent columns that this one is made of, by the columns' names; none by default."""
        return {}

    @property
    def column_names(self) -> tuple[str, ...] | None:
        """Names of the columns of data frames that are read, in the order of the columns of an array; None: any."""
        return None

    def outline(self, path: Path = ()) -> Outline:
        """Return the leaves that this distribution is made of, and the choices that lead to them.

        Parameters
        ----------
        path : tuple
            Of this distribution, in what it is part of.
        """
        return Outline.of_leaf(self, path)

    def rebuild(
        self, path: Path, leaves: Mapping[Path, Distribution], proportions: Mapping[Path, Array]
    ) -> Distribution:
        """Return the distribution made of other leaves and proportions, by the paths that `outline` gave them."""
        return leaves[path]

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters have plain values, read off the data: where iterations start.

        A family overrides it where centre and spread of the columns are no start.

        Parameters
        ----------
        rows, weight : ndarray, shapes (n, d) and (n,)
            Checked data inside the support.
        smallest : float or ndarray, shape (d,)
            Spread below which that of a column is not believed.
        """
        centre, spread = centre_and_scale(rows, weight)
        spread = np.maximum(spread, smallest)
        return self.with_values(
            **{p.name: p.domain.first_value(centre, spread, p.power) for p in self.declared if p.name in self.unknown}
        )

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum inside `bounds`, and the names of the parameters held there.

        A family in plain NumPy may give this in place of `fit`, which then checks the data and reports what is held.

        Parameters
        ----------
        rows, weight : ndarray, shapes (n, d) and (n,)
            Checked data inside the support.
        scale, floor
            As in `bounds`.
        iterations : int
            So many are enough, as for a first guess; by default as many as it takes.
        """
        if self.kernels is None:  # written in plain NumPy: its own fit is all there is
            return self.fit(as_observed(rows), weight), ()
        return maximise(self, self.kernels_for(rows), rows, weight, scale, floor, iterations)

    def _fit_huge(self, rows: Array, weight: Array | None, scale: Array) -> tuple[Self, tuple[str, ...]]:
        """Fit rows whose squares overflow: families that look at logarithms or quantiles can."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return self.fit_bounded(rows, weight, scale, _ROUNDING)
        except (ValueError, ArithmeticError):
            largest = float(np.abs(rows).max())
            raise InvalidDataError(
                f"{type(self).__name__} cannot be fitted to numbers as large as {largest:g}: their squares overflow. "
                f"Change the unit of x, for instance divide by 1e{math.floor(math.log10(largest))}."
            ) from None

    def carried(self, stats: Array, theta: Array, target: Array) -> Array:
        """Return sums that `accumulate` took about ``theta`` as they would be about another one.

        A family with `missing_kernels`, which look at theta for more than a centre, needs it where theta moves while
        sums are collected: `MixtureModel.partial_fit`.
        """
        raise NotImplementedError

    @property
    def marginalises(self) -> bool:
        """Whether rows may have missing (NaN) cells beside observed ones."""
        return self.missing_kernels is not None

    def kernels_for(self, rows: Array) -> Kernels:
        """Return the kernels that can read these rows."""
        kernels = self.kernels if self.missing_kernels is None or not np.isnan(rows).any() else self.missing_kernels
        assert kernels is not None
        return kernels

    def covers(self, rows: Array) -> Mask:
        """Which rows, shape (n, d), lie in the support; missing cells are left out where the family can do so."""
        inside = self.support.holds(rows)
        if self.marginalises:
            missing = np.isnan(rows)
            inside |= np.all(missing | self.support.contains(rows), axis=1) & ~missing.all(axis=1)
        return inside

    def finite_rows(self, rows: Array) -> Array:
        """Return the finite rows that stand for these, shape (n, d), where scales and distances are computed.

        Themselves, so that infinity is refused. A family whose cells may be infinite, such as ends of intervals, gives
        finite ones for all rows but those that it refuses.
        """
        return rows

    def prepare(self, x: Any) -> Self:
        """Return a copy that knows what only data as they are given tell, such as the labels of categories; or self."""
        return self

    @property
    def awaits_labels(self) -> bool:
        """Whether `prepare` takes labels from the data."""
        return False

    def agreed(self, other: Self) -> Self:
        """Return a copy that knows what `prepare` told this one of some data and another one of others; or self."""
        return self

    def encode(self, x: Any) -> Any:
        """Return data as given, in numbers: text becomes codes. Numbers stay as they are."""
        return x

    @property
    def coding(self) -> Any:
        """What `encode` goes by: distributions whose codings are equal code the same data alike."""
        return None if type(self).encode is Distribution.encode else self

    def _as_rows(self, x: npt.ArrayLike) -> Array:
        x = missing_as_nan(self.encode(x)) if self.marginalises else self.encode(x)
        if np.ndim(x) == 0 and self.n_columns == 1:
            x = np.reshape(x, (1, 1))
        return as_rows(x, self.n_columns, type(self).__name__, finite=False)


with_doors(Distribution)


def checked(owner: type, name: str, domain: Domain, value: Any) -> Any:
    """Return a value as stored if it lies in the domain: for parameters and for arguments of named constructors.

    Raises
    ------
    InvalidParameterError
        If it does not; it gives class, name, domain and value.
    """
    try:
        return domain.check(value)
    except (TypeError, ValueError):
        raise InvalidParameterError(f"{owner.__name__}: {name} must be {domain.text}; got {value!r}") from None
