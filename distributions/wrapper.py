"""`Wrapper`: what is common to the distributions that are made of one other, such as `Truncated`.

A wrapper shows the parameters of what it wraps as its own, by their names: `freeze`, `with_values`, `unknown` and
`n_parameters` see through it. Their values are those of ``wrapper.distribution``.
"""

import math
from dataclasses import fields, replace
from typing import Any, ClassVar, Self

from .base import Distribution, Parameter, Rng, checked
from .data import Array
from .errors import InvalidParameterError

PREFIX = "distribution."


class Wrapper(Distribution):
    """A distribution made of one other; the base of all wrappers.

    Attributes
    ----------
    distribution : Distribution
        What is wrapped, of one column.
    own : tuple of Parameter
        Parameters of the wrapper's own. One of what it wraps that has the same name is called "distribution.prob".
    """

    distribution: Distribution

    own: ClassVar[tuple[Parameter, ...]] = ()
    _held: ClassVar[frozenset[str]] = frozenset()  # the frozen ones of its own

    def __post_init__(self) -> None:
        name, inner = type(self).__name__, self.distribution
        if not isinstance(inner, Distribution):
            hint = ", an instance: write Normal(), not Normal" if isinstance(inner, type) else ""
            raise InvalidParameterError(f"{name}: distribution must be a Distribution{hint}; got {inner!r}")
        if not inner.declared or len(inner.outline().branches) > 1:
            raise InvalidParameterError(
                f"{name} wraps one family; {type(inner).__name__} is made of several. "
                f"Put the {name} inside, around each of them."
            )
        if inner.n_columns != 1:
            raise InvalidParameterError(f"{name} needs a distribution of one column; {inner!r} has several")
        for parameter, domain, *_ in self.own:
            value = getattr(self, parameter)
            if value is not None:
                object.__setattr__(self, parameter, checked(type(self), parameter, domain, value))

    # ------------------------------------------------------------------------------------------ its parameters

    @property
    def declared(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """The parameters: its own, and those of the distribution that it wraps."""
        inner = self.distribution.declared
        return (*self.own, *(parameter._replace(name=self._outer(parameter.name)) for parameter in inner))

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameter values by name, in order; unknown ones are None."""
        own = {name: getattr(self, name) for name, *_ in self.own}
        return own | {self._outer(name): value for name, value in self.distribution.parameters.items()}

    @property
    def frozen(self) -> frozenset[str]:  # type: ignore[override]
        """Names of the frozen parameters."""
        return self._held | {self._outer(name) for name in self.distribution.frozen}

    def freeze(self, *names: str) -> Self:
        """Return a copy in which `fit` leaves these parameters (all, if none is named) exactly as they are.

        Raises
        ------
        InvalidParameterError
            If there is no such parameter.
        UnknownParameterError
            If a parameter to be frozen has no value.
        """
        known = tuple(self.parameters)
        for name in names:
            if name not in known:
                raise InvalidParameterError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(known)}"
                )
        names = names or known
        self.require_known(f"freeze {', '.join(names)}", names)
        own = {name for name, *_ in self.own}
        inner = [self._inner(name) for name in names if name not in own]
        copy = self._with(self.distribution.freeze(*inner)) if inner else replace(self)
        object.__setattr__(copy, "_held", self._held | (own & set(names)))
        return copy

    def with_values(self, **values: Any) -> Self:
        """Return a copy with some parameters changed and the same ones frozen."""
        own = {f.name for f in fields(self)}
        inner = {self._inner(name): value for name, value in values.items() if name not in own}
        changed = {name: value for name, value in values.items() if name in own}
        for name, domain, *_ in self.declared:
            if values.get(name) is not None:
                checked(type(self), name, domain, values[name])
        if inner:
            changed["distribution"] = self.distribution.with_values(**inner)
        copy = replace(self, **changed)
        object.__setattr__(copy, "_held", self._held)
        return copy

    def _with(self, inner: Distribution, **own: Any) -> Self:
        """Return a copy around another distribution."""
        return self.with_values(distribution=inner, **own)

    def _outer(self, name: str) -> str:
        return PREFIX + name if any(name == own for own, *_ in self.own) else name

    def _inner(self, name: str) -> str:
        return name.removeprefix(PREFIX) if name not in self.distribution.parameters else name

    # ------------------------------------------------------------------------------- what a wrapper has to give

    def log_pdf(self, x: Any) -> Array:
        """Return the log density of each row, shape (n,)."""
        raise NotImplementedError

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum, and the names of the parameters that a floor keeps from collapsing."""
        raise NotImplementedError

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent observations."""
        raise NotImplementedError

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters have plain values, read off the data."""
        return self._with(self.distribution.first_guess(rows, weight, smallest))

    # -------------------------------------------------------------------------------------------- as a value

    def __repr__(self) -> str:
        given = [repr(self.distribution)]
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name != "distribution" and value != f.default:
                given.append(f"{f.name}={_evaluates(value)}")
        frozen = f".freeze({', '.join(map(repr, sorted(self._held)))})" if self._held else ""
        return f"{type(self).__name__}({', '.join(given)}){frozen}"

    def to_dict(self) -> dict[str, Any]:
        """Return the distribution as plain numbers, text and lists; settings that are the default are left out."""
        settings = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name != "distribution" and getattr(self, f.name) != f.default
        }
        return {
            "family": type(self).__name__,
            "parameters": {"distribution": self.distribution.to_dict(), **settings},
            "frozen": sorted(self._held),
        }

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> Self:
        values = record["parameters"]
        if not isinstance(values, dict) or "distribution" not in values:
            raise InvalidParameterError(f"{cls.__name__}: its record needs a distribution; got {values!r}")
        inner = Distribution.from_dict(values["distribution"])
        return super()._from_record({**record, "parameters": {**values, "distribution": inner}})


def _evaluates(value: Any) -> str:
    """Return text that evaluates to a number, infinity too, without any import."""
    return f"float({str(value)!r})" if isinstance(value, float) and not math.isfinite(value) else repr(value)
