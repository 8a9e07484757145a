"""A distribution moved by a known amount (`Shifted`), or in another unit (`Scaled`)."""

from __future__ import annotations

import math
from dataclasses import field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .base import Rng, checked
from .data import Array
from .domains import POSITIVE, REAL, WHOLE, Domain
from .errors import InvalidParameterError
from .wrapper import Wrapper


class Affine(Wrapper):
    """What `Shifted` and `Scaled` share: x = shift + unit y, both known, where y has the distribution."""

    @property
    def _shift(self) -> float:
        return 0.0

    @property
    def _unit(self) -> float:
        return 1.0

    def _inward(self, x: Any) -> Any:
        return (x - self._shift) / self._unit

    def _outward(self, y: Any) -> Any:
        return self._shift + self._unit * y

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """The values of the distribution, moved."""
        inner = self.distribution.support
        return replace(inner, text=self._text(inner), low=self._outward(inner.low), high=self._outward(inner.high))

    def _text(self, inner: Domain) -> str:
        raise NotImplementedError

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,)."""
        self.require_known("give a density")
        out: Array = self.distribution.log_pdf(self._inward(self._as_rows(x)[:, 0])) - math.log(self._unit)
        return out if np.ndim(x) else out[0]

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum: that of the distribution, for rows moved back."""
        moved = np.ascontiguousarray(self._inward(rows))
        fitted, held = self.distribution.fit_bounded(moved, weight, scale / self._unit, floor, iterations)
        return self._with(fitted), held

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters have plain values, read off the rows moved back."""
        return self._with(self.distribution.first_guess(self._inward(rows), weight, smallest / self._unit))

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        draws: Array = self._outward(self.distribution.sample(size, rng))
        support = self.support
        if support.low_open:  # a draw may be rounded to the end
            draws = np.maximum(draws, np.nextafter(support.low, np.inf))
        if support.high_open:
            draws = np.minimum(draws, np.nextafter(support.high, -np.inf))
        return draws

    @property
    def mean(self) -> float:
        """Expectation, that of the distribution moved."""
        self.require_known("give a mean")
        return float(self._outward(self.distribution.mean))

    @property
    def var(self) -> float:
        """Variance, that of the distribution times the square of the unit."""
        self.require_known("give a variance")
        return float(self.distribution.var * self._unit * self._unit)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return self.distribution.cdf(self._inward(np.asarray(x, dtype=float)))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest x with cdf(x) >= q, for each probability q."""
        self.require_known("give a quantile")
        return self._outward(self.distribution.ppf(q))[()]


class Shifted(Affine):
    r"""Shifted distribution: x = y + by, where y has the distribution; density :math:`f(x - \mathrm{by})`.

    Parameters
    ----------
    distribution : Distribution
        The distribution of y: a family of one column.
    by : float
        The shift, a finite number in the unit of x (a whole one, for counts), known beforehand. `fit` never moves it.

    Notes
    -----
    Everything is that of the distribution, for x - by: `fit` is as exact as its own.

    Examples
    --------
    >>> from distributions import Exponential
    >>> Shifted(Exponential(), by=2.0).fit([2.5, 3.0, 4.0, 6.5])
    Shifted(Exponential(rate=0.5), by=2.0)
    """

    by: float = field(default=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        domain = WHOLE if self.distribution.support.discrete else REAL
        object.__setattr__(self, "by", checked(type(self), "by", domain, self.by))

    @property
    def _shift(self) -> float:
        return self.by

    def _text(self, inner: Domain) -> str:
        return inner.text if inner.is_location else f"such that x - {self.by:g} is {inner.text}"


class Scaled(Affine):
    r"""Scaled distribution: x = by y, where y has the distribution; density :math:`f(x / \mathrm{by}) / \mathrm{by}`.

    Parameters
    ----------
    distribution : Distribution
        The distribution of y: a family of one column that has a density.
    by : float
        The factor > 0, known beforehand, such as the length of a unit. `fit` never moves it.

    Notes
    -----
    Everything is that of the distribution, for x / by: `fit` is as exact as its own.

    Examples
    --------
    >>> from distributions import Beta
    >>> Scaled(Beta(2.0, 2.0), by=100.0).mean  # a share in percent
    50.0
    """

    by: float = field(default=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.distribution.support.discrete:
            raise InvalidParameterError(
                f"Scaled needs a distribution with a density; {type(self.distribution).__name__}'s values are "
                f"{self.distribution.support.text}. Divide the data by the factor instead."
            )
        object.__setattr__(self, "by", checked(type(self), "by", POSITIVE, self.by))

    @property
    def _unit(self) -> float:
        return self.by

    def _text(self, inner: Domain) -> str:
        same = {inner.low, inner.high} <= {-math.inf, 0.0, math.inf}
        return inner.text if same else f"such that x / {self.by:g} is {inner.text}"
