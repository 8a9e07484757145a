"""Any one-dimensional distribution of SciPy as a family of this package: `from_scipy`."""

from __future__ import annotations

import itertools
import math
import types
import warnings
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from .base import Distribution, Rng, parameter
from .climb import SMALLEST, Coordinate, climb, location, merged, shape
from .data import Array
from .domains import POSITIVE, REAL, WHOLE, Domain
from .errors import InvalidParameterError
from .quantiles import weighted_quantiles

PILOT, LARGE_PILOT = 300, 10_000  # rows on which starts are tried, and the best is made better
STARTS, CLIMBS = 200, 3  # starts that are tried, and how many of them are climbed from
TOGETHER = 100_000  # densities in one call


def from_scipy(distribution: Any, **frozen: Any) -> Any:
    """Return a distribution of SciPy as one of this package: a component like any other.

    `ScipyDistribution.native` of it is the compiled family with the same density, where there is one. What
    `Distribution.to_scipy` made comes back as it was.

    Its parameters are the shapes, named as in SciPy, ``loc`` and, for a continuous one, ``scale``.

    Parameters
    ----------
    distribution : rv_continuous, rv_discrete, frozen distribution or str
        One of `scipy.stats`, such as ``scipy.stats.gamma`` or "gamma": parameters are unknown. Or one with its
        arguments, such as ``scipy.stats.gamma(2.0, scale=3.0)``: there `fit` starts.
    **frozen
        Parameters that `fit` leaves at these values; None for one that is free after all. By default are frozen, if
        nothing else is said, ``loc`` at 0 unless the support is the whole line, and ``scale`` at 1 where the support is
        bounded on both sides. A shape that must be a whole number, such as ``n`` of the binomial, has to be given.

    Raises
    ------
    InvalidParameterError
        If it is no such distribution, has no such parameter, or a value is not legal.

    Notes
    -----
    `fit` maximises the weighted likelihood numerically: from the best of many starts, by Newton's method with
    differences for derivatives, in coordinates that make every parameter a number on the whole line; where the density
    is not smooth, by the simplex method of Nelder & Mead. SciPy's own ``fit`` knows no weights and is not used. The
    densities, probabilities and draws are SciPy's, with its accuracy and speed: prefer a family of this
    package where there is one. The likelihood of some families is unbounded with ``loc`` free, such as the gamma's.

    Examples
    --------
    >>> from scipy import stats
    >>> weibull = from_scipy(stats.weibull_min).fit([1.0, 2.0, 2.5, 3.0])
    >>> print(f"{weibull.c:.4f} {weibull.loc} {weibull.scale:.4f}")
    3.3781 0.0 2.3757
    """
    known: dict[str, Any] = {}
    random_variable = distribution
    if isinstance(distribution, str):
        random_variable = _public(distribution)
    elif hasattr(distribution, "dist") and hasattr(distribution, "kwds"):  # with arguments
        random_variable = distribution.dist
    ours = getattr(random_variable, "distribution", None)
    if isinstance(ours, Distribution):  # made by `to_scipy`
        if frozen or getattr(distribution, "args", None) or getattr(distribution, "kwds", None):
            raise InvalidParameterError(
                f"{ours!r} comes back from SciPy as it is: freeze, shift or scale it afterwards"
            )
        return ours
    if not (hasattr(random_variable, "_parse_args") and hasattr(random_variable, "_argcheck")):
        raise InvalidParameterError(
            f"from_scipy needs a continuous or discrete distribution of scipy.stats; got {distribution!r}"
        )
    family = _family(_same_in_public(random_variable))
    if random_variable is not distribution and not isinstance(distribution, str):
        shapes, loc, scale = random_variable._parse_args(*distribution.args, **distribution.kwds)
        known = dict(zip(family.shapes, shapes, strict=True)) | {"loc": loc, "scale": scale}
        known = {name: known[name] for name in family.names}
    for name in frozen:
        if name not in family.names:
            raise InvalidParameterError(
                f"{family.__name__} has no parameter {name!r}; it has {', '.join(family.names)}"
            )
    # With arguments, all of them are starts; otherwise location and scale are where SciPy has them.
    held = {**({} if known else family.standard), **frozen}
    for name in family.whole:
        if name not in held and name not in known:
            raise InvalidParameterError(
                f"{family.__name__}: {name} is a whole number, which is not estimated: give it, "
                f"as in from_scipy({_argument(random_variable)}, {name}=10)"
            )
        held.setdefault(name, known.get(name))
    made = family(**{**known, **held})
    names = [name for name, value in held.items() if value is not None]
    return made.freeze(*names) if names else made


class ScipyDistribution(Distribution):
    """A distribution of SciPy: what is common to the classes that `from_scipy` makes.

    Attributes
    ----------
    random_variable : rv_continuous or rv_discrete
        The distribution in SciPy.
    shapes : tuple of str
        Names of its shapes.
    whole : tuple of str
        Those that must be whole numbers.
    names : tuple of str
        Names of all parameters: the shapes, loc, and scale if it is continuous.
    standard : dict
        Values at which `from_scipy` freezes parameters by default.
    closed : (bool, bool)
        Whether the ends of the support belong to it.
    """

    random_variable: ClassVar[Any] = None
    shapes: ClassVar[tuple[str, ...]] = ()
    whole: ClassVar[tuple[str, ...]] = ()
    names: ClassVar[tuple[str, ...]] = ()
    standard: ClassVar[dict[str, float]] = {}
    closed: ClassVar[tuple[bool, bool]] = (True, True)
    loc: ClassVar[Any]  # fields of the classes that are made
    scale: ClassVar[Any]
    slow = True

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = [getattr(self, name) for name in self.shapes]
        if None not in shapes and not _legal(self.random_variable, shapes):
            raise InvalidParameterError(
                f"{type(self).__name__}: {', '.join(_assigned(dict(zip(self.shapes, shapes, strict=True))))} "
                "do not fit each other"
            )

    @property
    def is_discrete(self) -> bool:
        """Whether it has masses at whole numbers."""
        return "scale" not in self.names

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """Where observations may lie, as far as frozen parameters tell."""
        variable, held = self.random_variable, self.frozen
        if self.is_discrete and "loc" not in held:
            return WHOLE
        if "loc" not in held:
            return REAL
        if held >= set(self.shapes):
            low, high = map(float, variable.support(*(getattr(self, name) for name in self.shapes)))
        else:
            low, high = float(variable.a), float(variable.b)
        if "scale" in held:
            low, high = self.scale * low, self.scale * high
        elif not self.is_discrete:  # any scale: of the ends only the signs remain
            low = 0.0 if low >= 0.0 else -math.inf
            high = 0.0 if high <= 0.0 else math.inf
        low, high = low + self.loc, high + self.loc
        open_ = tuple(not closed and math.isfinite(end) for closed, end in zip(self.closed, (low, high), strict=True))
        if not math.isfinite(low) and not math.isfinite(high):
            return WHOLE if self.is_discrete else REAL
        parts = [f"{sign} {end:g}" for end, sign in _signs(low, high, open_) if math.isfinite(end)]
        text = f"a {'whole' if self.is_discrete else 'finite'} number {' and '.join(parts)}"
        return Domain(text, low, high, open_[0], open_[1], self.is_discrete)

    def native(self) -> Distribution:
        """Return the family of this package with the same density, where there is one: compiled, with an exact `fit`.

        Returns
        -------
        Distribution
            With values for all parameters, all of them free; in `Shifted` or `Scaled` where the family has no location
            or scale. This distribution itself where there is no such family.

        Raises
        ------
        UnknownParameterError
            If a parameter has no value.

        Examples
        --------
        >>> from scipy import stats
        >>> from_scipy(stats.gamma(2.0, scale=4.0)).native()
        Gamma(shape=2.0, rate=0.25)
        >>> from_scipy(stats.expon(loc=1.0)).native()
        Shifted(Exponential(rate=1.0), by=1.0)
        """
        from .scipy_families import family_of  # deferred: it imports every family

        self.require_known("become a family of this package")
        if not _is_public(self.random_variable):
            return self
        shapes, place = self._arguments
        found = family_of(self.random_variable.name, shapes, place["loc"], place.get("scale", 1.0))
        return self if found is None else found

    @property
    def _arguments(self) -> tuple[list[float], dict[str, float]]:
        values = {name: getattr(self, name) for name in self.names}
        return [values.pop(name) for name in self.shapes], values

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density (log mass, if discrete) of each row, shape (n,)."""
        self.require_known("give a density")
        rows = self._as_rows(x)[:, 0]
        shapes, place = self._arguments
        out = _log_density(self.random_variable, rows, shapes, **place)
        missing = np.isnan(rows)
        out[~self.support.contains(rows) & ~missing] = -np.inf
        out[missing] = np.nan
        return out if np.ndim(x) else out[0]

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        shapes, place = self._arguments
        shapes = [int(v) if name in self.whole else v for name, v in zip(self.shapes, shapes, strict=True)]
        draws = self.random_variable.rvs(*shapes, **place, size=size, random_state=np.random.default_rng(rng))
        draws = np.asarray(draws, dtype=float).reshape(size)
        support = self.support
        if support.low_open:  # a draw may be rounded to the end
            draws = np.maximum(draws, support.low + max(np.spacing(abs(support.low)), SMALLEST))
        if support.high_open:
            draws = np.minimum(draws, support.high - max(np.spacing(abs(support.high)) / 2, SMALLEST))
        return draws

    @property
    def mean(self) -> float:
        """Expectation; NaN or infinite where it does not exist."""
        return self._moment("mean")

    @property
    def var(self) -> float:
        """Variance; NaN or infinite where it does not exist."""
        return self._moment("var")

    def _moment(self, name: str) -> float:
        self.require_known(f"give a {name}")
        shapes, place = self._arguments
        with _quiet():
            return float(getattr(self.random_variable, name)(*shapes, **place))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        shapes, place = self._arguments
        with _quiet():
            return np.asarray(self.random_variable.cdf(np.asarray(x, dtype=float), *shapes, **place))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q; NaN where q is no probability."""
        self.require_known("give a quantile")
        shapes, place = self._arguments
        q = np.asarray(q, dtype=float)
        with _quiet():
            out = np.asarray(self.random_variable.ppf(q, *shapes, **place), dtype=float)
            if self.is_discrete:  # where SciPy has one below the least value
                out = np.where(q == 0.0, self.random_variable.support(*shapes, **place)[0], out)
        return out[()]

    # ------------------------------------------------------------------------------------------- estimator

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum with a scale of at least ``floor * scale``, and ("scale",) if it is held there."""
        free = [name for name in self.names if name not in self.frozen]
        if not free:
            return self, ()
        x, share = merged(rows[:, 0], weight)
        start = self
        if self.unknown or not np.isfinite(self.log_pdf(x)).all():
            start = self._start(x, share)
        least = floor * float(scale[0])
        fitted = start
        for _ in range(2):
            before, (fitted, _) = fitted, _climbed(fitted, x, share, least)
            if self.is_discrete or 0.5 < fitted.scale / before.scale < 2.0:
                break  # else in coordinates of the scale that was found the rest of the way is exact
        held = ("scale",) if "scale" in free and fitted.scale <= 1.001 * least else ()
        if not held and len(x) == 1 and not self.is_discrete and fitted.log_pdf(x)[0] + math.log(scale[0]) > 5.0:
            held = (free[0],)  # shapes that went as far as they may, towards a spike
        return fitted, held

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters have the likeliest values among some that are tried."""
        if not self.unknown:
            return self
        known = {name: getattr(self, name) for name in self.names if name not in self.unknown}
        x, share = merged(rows[:, 0], weight)
        held = self.freeze(*known) if known else self
        guess = held._tried(*_pilot(x, share, PILOT))[0]
        return self.with_values(**{name: getattr(guess, name) for name in self.unknown})

    def _start(self, x: Array, share: Array) -> Self:
        """Return the best of several starts, each climbed from on few rows, the best on more."""
        few = _pilot(x, share, PILOT)
        best = max((_climbed(start, *few, 0.0) for start in self._tried(*few)), key=lambda pair: pair[1])[0]
        more = _pilot(x, share, LARGE_PILOT)
        return best if len(more[0]) == len(x) else _climbed(best, *more, 0.0)[0]

    def _tried(self, x: Array, share: Array) -> list[Self]:
        """Return the likeliest of many values for what is not frozen, in a fixed order."""
        free = [p for p in self.declared if p.name not in self.frozen]
        places = self._places(x, share)
        shapes = [p for p in free if p.name in self.shapes]
        each = int(np.clip((STARTS / len(places)) ** (1.0 / max(len(shapes), 1)), 2, 16))
        combinations = list(itertools.product(*(_spread(p.domain, each) for p in shapes)))
        tries = [dict(zip((p.name for p in shapes), v, strict=True)) | place for v in combinations for place in places]
        columns = {
            name: np.array([t.get(name, getattr(self, name)) for t in tries], dtype=float) for name in self.names
        }
        of_shapes, loc, scale = [columns[name] for name in self.shapes], columns["loc"], columns.get("scale")
        means = _means(self.random_variable, x, share, of_shapes, loc, scale).reshape(-1, len(places))
        # The best place for each combination of shapes: starts should differ.
        best = np.argmax(means, axis=1)
        order = np.argsort(-np.max(means, axis=1), kind="stable")
        found = [i * len(places) + best[i] for i in order if math.isfinite(means[i, best[i]])]
        if not found:
            raise InvalidParameterError(
                f"{type(self).__name__}: no values were found under which these {len(x)} rows have a density. "
                "Give values to start from."
            )
        return [self.with_values(**{name: float(v) for name, v in tries[i].items()}) for i in found[:CLIMBS]]

    def _places(self, x: Array, share: Array) -> list[dict[str, float]]:
        """Return locations and scales to try."""
        if self.is_discrete:
            loc = math.floor(x.min()) if math.isfinite(self.random_variable.a) else math.floor(float(np.median(x)))
            return [{}] if "loc" in self.frozen else [{"loc": float(loc)}]
        low, centre, high = weighted_quantiles(x, share, [0.25, 0.5, 0.75])
        free_loc, free_scale = "loc" not in self.frozen, "scale" not in self.frozen
        a, b, width = float(self.random_variable.a), float(self.random_variable.b), float(np.ptp(x)) or 1.0
        if free_loc and math.isfinite(b - a):
            scales = [(1.0 + 2.0 * e) * width / (b - a) for e in (1e-3, 0.02, 0.2)] if free_scale else [self.scale]
            return [
                {"loc": float((x.min() + x.max()) / 2 - (a + b) / 2 * s)} | ({"scale": float(s)} if free_scale else {})
                for s in scales
            ]
        if free_loc:
            unit = float(high - low) or width
            locs = [centre]
            if math.isfinite(a) or math.isfinite(b):
                end, sign = (x.min(), -1.0) if math.isfinite(a) else (x.max(), 1.0)
                locs = [end + sign * unit * e for e in (1e-3, 0.1, 1.0)]
        else:
            locs, unit = [self.loc], float(weighted_quantiles(np.abs(x - self.loc), share, 0.5)) or width
        scales = [unit * factor for factor in (1 / 64, 1 / 8, 1 / 3, 1.0, 3.0, 8.0)] if free_scale else [self.scale]
        return [
            ({"loc": float(loc)} if free_loc else {}) | ({"scale": float(s)} if free_scale else {})
            for loc in locs
            for s in scales
        ]

    # -------------------------------------------------------------------------------------------- as a value

    def __repr__(self) -> str:
        given = {name: getattr(self, name) for name in self.names}
        held = {name: value for name, value in given.items() if name in self.frozen}
        free = {name: None for name in self.standard if name not in self.frozen}
        later = {name: value for name, value in given.items() if name not in self.frozen and value is not None}
        arguments = ", ".join([_argument(self.random_variable), *_assigned(held), *_assigned(free)])
        return f"from_scipy({arguments})" + (f".with_values({', '.join(_assigned(later))})" if later else "")

    def __reduce__(self) -> tuple[Any, ...]:
        name = self.random_variable.name
        variable = name if _is_public(self.random_variable) else self.random_variable
        return _restored, (variable, {name: getattr(self, name) for name in self.names}, sorted(self.frozen))

    def to_dict(self) -> dict[str, Any]:
        """Return the distribution as plain numbers and text.

        Raises
        ------
        InvalidParameterError
            If it is not one of `scipy.stats`, which a reader would look it up in.
        """
        if not _is_public(self.random_variable):
            raise InvalidParameterError(f"{type(self).__name__} is not in scipy.stats: it cannot be written to a file")
        values = {name: getattr(self, name) for name in self.names}
        record = {"distribution": self.random_variable.name, **values}
        return {"family": "ScipyDistribution", "parameters": record, "frozen": sorted(self.frozen)}

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> Self:
        parameters = record["parameters"]
        if not isinstance(parameters, dict) or not isinstance(parameters.get("distribution"), str):
            raise InvalidParameterError("a record of a SciPy distribution needs its name under 'distribution'")
        family = _family(_public(parameters["distribution"]))
        values = {name: value for name, value in parameters.items() if name != "distribution"}
        return Distribution._from_record.__func__(family, {**record, "parameters": values})  # type: ignore[attr-defined]


def _restored(variable: Any, values: dict[str, Any], frozen: list[str]) -> ScipyDistribution:
    made = _family(_public(variable) if isinstance(variable, str) else variable)(**values)
    return made.freeze(*frozen) if frozen else made


# ------------------------------------------------------------------------------------------------ what SciPy says


def _public(name: str) -> Any:
    """Return the distribution of this name: only those that `scipy.stats` lists are found.

    Raises
    ------
    InvalidParameterError
        If there is none.
    """
    from scipy import stats  # deferred: a slow import

    found = getattr(stats, name, None) if name in stats.__all__ else None
    if not isinstance(found, (stats.rv_continuous, stats.rv_discrete)):
        raise InvalidParameterError(f"scipy.stats has no distribution {name!r}")
    return found


def _is_public(variable: Any) -> bool:
    try:
        return _public(variable.name) is variable
    except InvalidParameterError:
        return False


def _same_in_public(variable: Any) -> Any:
    """Return the distribution of `scipy.stats` that this is, or is a copy of, as a frozen one holds; else itself."""
    try:
        public = _public(variable.name)
    except InvalidParameterError:
        return variable
    same = type(public) is type(variable) and public._updated_ctor_param() == variable._updated_ctor_param()
    return public if same else variable


def _argument(variable: Any) -> str:
    return repr(variable.name)


def _assigned(values: dict[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in values.items()]


def _signs(low: float, high: float, open_: tuple[bool, ...]) -> list[tuple[float, str]]:
    return [(low, ">" if open_[0] else ">="), (high, "<" if open_[1] else "<=")]


def _quiet() -> Any:
    return np.errstate(all="ignore")


@cache
def _family(variable: Any) -> type[ScipyDistribution]:
    """Return the class of a distribution of SciPy."""
    infos = _shape_infos(variable)
    discrete = not hasattr(variable, "logpdf")
    domains = {info.name: _domain(info) for info in infos}
    typical = [_typical(domain, info.integrality) for domain, info in zip(domains.values(), infos, strict=True)]
    whole = []
    for place, info in enumerate(infos):
        # SciPy calls some shapes whole that may be any number: its own check knows.
        trial = [*typical[:place], typical[place] + 0.5, *typical[place + 1 :]]
        if info.integrality and not _legal(variable, trial):
            whole.append(info.name)
            domain = domains[info.name]
            low = math.floor(domain.low) + 1 if domain.low_open else domain.low
            text = f"a whole number >= {low:g}" if math.isfinite(low) else "a whole number"
            domains[info.name] = Domain(text, low, discrete=True)
    fields: dict[str, Any] = {name: parameter(domain) for name, domain in domains.items()}
    fields["loc"] = parameter(WHOLE if discrete else REAL, power=1)
    if not discrete:
        fields["scale"] = parameter(POSITIVE, power=1)
    bounded_below, bounded_above = math.isfinite(variable.a), math.isfinite(variable.b)
    standard = {"loc": 0.0} if discrete or bounded_below or bounded_above else {}
    if not discrete and (bounded_below and bounded_above or variable.name == "vonmises"):  # which repeats after 2 pi
        standard["scale"] = 1.0

    def body(namespace: dict[str, Any]) -> None:
        namespace.update(
            __annotations__=dict.fromkeys(fields, "float"),
            __module__="scipy.stats",
            __doc__=f"The distribution {variable.name} of SciPy; see `from_scipy`.",
            random_variable=variable,
            shapes=tuple(domains),
            whole=tuple(whole),
            names=tuple(fields),
            standard=standard,
            closed=(True, True) if discrete else _closed_ends(variable, list(domains.values())),
            **fields,
        )

    return types.new_class(f"scipy.stats.{variable.name}", (ScipyDistribution,), exec_body=body)


def _shape_infos(variable: Any) -> list[Any]:
    """Return what SciPy knows of the shapes; of a user's own class only its check of arguments tells."""
    if hasattr(variable, "_shape_info"):
        return list(variable._shape_info())
    names = variable.shapes.replace(",", " ").split() if variable.shapes else []
    infos = []
    for place, name in enumerate(names):
        negative = [1.5] * place + [-1.5] + [1.5] * (len(names) - place - 1)
        low = -math.inf if _legal(variable, negative) else float(np.nextafter(0.0, 1.0))
        infos.append(
            types.SimpleNamespace(name=name, integrality=False, domain=(low, math.inf), inclusive=(False, False))
        )
    return infos


def _domain(info: Any) -> Domain:
    """Return the domain of a shape: SciPy moves an excluded end inwards by one rounding."""
    low, high = (float(end) for end in info.domain)
    low_open, high_open = (
        not inclusive and math.isfinite(end) for inclusive, end in zip(info.inclusive, (low, high), strict=True)
    )
    low = float(np.nextafter(low, -math.inf)) if low_open else low
    high = float(np.nextafter(high, math.inf)) if high_open else high
    parts = [f"{sign} {end:g}" for end, sign in _signs(low, high, (low_open, high_open)) if math.isfinite(end)]
    return Domain(" ".join(["a finite number", " and ".join(parts)]).strip(), low, high, low_open, high_open)


def _typical(domain: Domain, whole: bool) -> float:
    if whole:
        return max(domain.low, 0.0) + 3.0 if math.isfinite(domain.low) else 3.0
    return float(_spread(domain, 3)[1])


def _spread(domain: Domain, count: int) -> Array:
    """Return so many values of a shape, ascending, that differ by much."""
    if not math.isfinite(domain.low):
        half = np.geomspace(0.05, 3.0, (count + 1) // 2)
        return np.sort(np.concatenate([-half, half]))[:: 1 if count > 2 else -1]
    if math.isfinite(domain.high):
        return domain.low + (domain.high - domain.low) * expit(np.linspace(-3.0, 3.0, count))
    return (
        domain.low + np.geomspace(0.05, 300.0, count) ** 1.0001
    )  # never a round number, where formulas may have holes


def _legal(variable: Any, shapes: list[float]) -> bool:
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("error")  # the Erlang distribution only warns
        try:
            return bool(np.all(variable._argcheck(*shapes)))
        except Warning:
            return False


def _closed_ends(variable: Any, domains: list[Domain]) -> tuple[bool, bool]:
    """Whether the density is a positive finite number at the ends of the support, whatever the shapes."""
    closed = [True, True]
    for values in itertools.product(*(_spread(domain, 4)[1:3] for domain in domains)):
        if not _legal(variable, list(values)):
            continue
        with warnings.catch_warnings(), _quiet():
            warnings.simplefilter("ignore")
            ends = np.array(variable.support(*values), dtype=float)
            there = np.asarray(variable.logpdf(ends, *values), dtype=float)
        closed = [
            was and (math.isinf(end) or bool(np.isfinite(v))) for was, end, v in zip(closed, ends, there, strict=True)
        ]
    return closed[0], closed[1]


def _log_density(variable: Any, x: Array, shapes: Any, loc: Any, scale: Any = None) -> Array:
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        if scale is None:
            values = variable.logpmf(x, *shapes, loc=loc)
        else:
            values = variable.logpdf(x, *shapes, loc=loc, scale=scale)
    values = np.array(values, dtype=float)
    values[np.isnan(values)] = -np.inf
    return values


def _means(variable: Any, x: Array, share: Array, shapes: list[Array], loc: Array, scale: Array | None) -> Array:
    """Return the mean log density of values x for each of k sets of parameters, shape (k,); -inf where it is none."""
    out = np.empty(len(loc))
    several = max(1, TOGETHER // len(x))  # one call for several sets: small calls are mostly overhead
    for start in range(0, len(loc), several):
        part = np.arange(start, min(start + several, len(loc)))
        for places in (part[:, np.newaxis], None):
            try:
                if places is None:  # not every distribution takes arrays of shapes
                    sets = ([float(v[i]) for v in (*shapes, loc, *([] if scale is None else [scale]))] for i in part)
                    terms = np.array([_log_density(variable, x, v[: len(shapes)], *v[len(shapes) :]) for v in sets])
                else:
                    of_scale = None if scale is None else scale[places]
                    terms = _log_density(variable, x, [v[places] for v in shapes], loc[places], of_scale)
                break
            except (TypeError, ValueError):
                if places is None:
                    raise
        out[part] = terms @ share
    return np.where(np.isfinite(out), out, -np.inf)  # a pole on a row is no estimate


# ------------------------------------------------------------------------------------------------------ the climb


def _pilot(x: Array, share: Array, most: int) -> tuple[Array, Array]:
    """Return at most so many values that stand for all, the ends among them."""
    if len(x) <= most:
        return x, share
    position = np.cumsum(share) - share / 2
    places = np.searchsorted(position, (np.arange(most - 2) + 0.5) / (most - 2)).clip(0, len(x) - 1)
    values = np.concatenate([x[[0, -1]], x[places]])
    mass = np.concatenate([share[[0, -1]], np.full(most - 2, (1.0 - share[0] - share[-1]) / (most - 2))])
    return merged(values, mass)


def _climbed(start: Any, x: Array, share: Array, least_scale: float) -> tuple[Any, float]:
    """Return the maximum that is reached from a start, and the mean log density there."""
    mean = _Mean(start, x, share, least_scale)
    low, high = (np.array([getattr(c, end) for c in mean.coordinates]) for end in ("low", "high"))
    u = np.clip(mean.to_coordinates(start), low, high)
    u = climb(mean.at, u, low, high)
    return start.with_values(**mean.to_values(u)), float(mean.at(u[np.newaxis])[0])


class _Mean:
    """The mean log density of values as a function of coordinates of the free parameters.

    Values are about an origin, so that a location far from zero costs no digits.
    """

    def __init__(self, start: ScipyDistribution, x: Array, share: Array, least_scale: float) -> None:
        self.start, self.share = start, share
        self.variable, self.shapes = start.random_variable, start.shapes
        self.origin = float(start.loc) if "loc" in start.frozen else float(x[len(x) // 2])
        self.x = x - self.origin
        self.fixed = {name: getattr(start, name) for name in start.names if name in start.frozen} | {"loc": 0.0}
        width = start.loc if start.is_discrete else start.scale
        self.coordinates: list[Coordinate] = []
        for p in start.declared:
            if p.name in start.frozen or (p.name == "loc" and start.is_discrete):
                continue
            if p.name == "loc":
                self.coordinates.append(location("loc", self.origin, float(width)))
            elif p.name == "scale":
                self.coordinates.append(_scale(float(width), least_scale))
            else:
                self.coordinates.append(shape(p.name, p.domain))

    def to_coordinates(self, distribution: ScipyDistribution) -> Array:
        """Return the coordinates of a distribution's parameters."""
        return np.array([c.to_coordinate(getattr(distribution, c.name)) for c in self.coordinates], dtype=float)

    def to_values(self, u: Array) -> dict[str, float]:
        """Return the parameters by name; where one is as good at the end of its domain, it is there."""
        values = {c.name: c.to_value(v) for c, v in zip(self.coordinates, u, strict=True)}
        best = self._means(values, 1)[0]
        for c in self.coordinates:
            for end in c.ends:
                trial = values | {c.name: end}
                at_end = self._means(trial, 1)[0]
                if at_end >= best - 1e-13:
                    values, best = trial, at_end
        if "loc" in values:
            values["loc"] += self.origin
        return {name: float(value) for name, value in values.items()}

    def at(self, u: Array) -> Array:
        """Return the mean log densities, shape (k,), at k points, shape (k, p)."""
        values: dict[str, Any] = {
            c.name: np.array([c.to_value(v) for v in column]) for c, column in zip(self.coordinates, u.T, strict=True)
        }
        return self._means(values, len(u))

    def _means(self, values: dict[str, Any], count: int) -> Array:
        values = {name: np.broadcast_to(value, count) for name, value in (self.fixed | values).items()}
        shapes = [values[name] for name in self.shapes]
        return _means(self.variable, self.x, self.share, shapes, values["loc"], values.get("scale"))


def _scale(unit: float, least: float) -> Coordinate:
    """Return the coordinate of the scale: its logarithm, in the unit of a first one."""
    low = min(math.log(least / unit), 0.0) if least > 0.0 else -math.inf
    return Coordinate(
        "scale",
        lambda u: unit * math.exp(min(u, 700.0)),
        lambda v: math.log(max(v, SMALLEST) / unit),
        low,
        math.inf,
    )
