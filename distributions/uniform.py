"""The uniform distribution: every value between two ends is equally likely."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array, as_observations
from .domains import REAL, Domain
from .errors import InvalidParameterError
from .kernels import Kernels, kernel


@kernel
def log_pdf(X, theta, out):
    """Add -log(high - low); -inf outside."""
    low, high = theta[0], theta[1]
    constant = -math.log(high - low)
    for i in range(out.size):
        x = X[0, i]
        out[i] += -math.inf if x < low or x > high else (constant if x == x else x)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r: with both ends frozen nothing else matters."""
    total = 0.0
    for i in range(r.size):
        total += r[i]
    stats[0] += total


@kernel
def update(stats, theta, bounds):
    """Leave the ends as they are: both are frozen."""


class Uniform(Distribution):
    r"""Uniform distribution: density :math:`1 / (b - a)` for a <= x <= b.

    Parameters
    ----------
    low, high : float, optional
        Ends :math:`a < b`, finite, in the unit of x.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: the smallest and the greatest row of positive weight. Johnson, Kotz &
    Balakrishnan, Continuous Univariate Distributions 2 (1995), ch. 26.

    In a mixture the ends stay where EM starts: rows outside have no responsibility, and rows inside always some, so
    that the support neither grows nor shrinks again. Freeze both ends, as `over` does, for a background against which
    other components stand out; then the component is compiled as well.

    Examples
    --------
    >>> Uniform().fit([2.0, 3.0, 7.0])
    Uniform(low=2.0, high=7.0)
    """

    low: float = parameter(REAL, power=1)
    high: float = parameter(REAL, power=1)

    n_statistics = 1
    estimator = "closed form, least and greatest row"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.unknown and not self.low < self.high:
            raise InvalidParameterError(f"Uniform: low must be below high; got low={self.low!r}, high={self.high!r}")

    @classmethod
    def over(cls, data: npt.ArrayLike) -> Self:
        """Return the distribution over the range of data, shape (n,), with both ends frozen.

        Raises
        ------
        InvalidDataError
            If a row is not finite.
        InvalidParameterError
            If the data are constant.

        Examples
        --------
        >>> Uniform.over([2.0, 7.0, 3.0]).support.low
        2.0
        """
        summary = as_observations(data, None, 1, cls.__name__).summary
        return cls(summary.low[0], summary.high[0]).freeze()

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """The real line while both ends are free; frozen ends narrow it."""
        low = self.low if "low" in self.frozen else -math.inf
        high = self.high if "high" in self.frozen else math.inf
        return Domain(f"a finite number from {low!r} to {high!r}", low=low, high=high) if self.frozen else REAL

    @property
    def kernels(self) -> Kernels | None:  # type: ignore[override]
        """The compiled kernels where both ends are frozen, else None."""
        return Kernels(log_pdf, accumulate, update) if len(self.frozen) == 2 else None

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,); see `Distribution.log_pdf`."""
        self.require_known("give a density")
        return super().log_pdf(x) if len(self.frozen) == 2 else self.freeze().log_pdf(x)

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Set free ends to the smallest and greatest row, at least a floor apart; see `Distribution.fit_bounded`."""
        free = tuple(name for name in ("low", "high") if name not in self.frozen)
        low = float(rows.min()) if "low" in free else self.low
        high = float(rows.max()) if "high" in free else self.high
        missing = max(floor * float(scale[0]), 4.0 * math.ulp(low)) - (high - low)
        if not free or missing <= 0.0:
            return self.with_values(low=low, high=high), ()
        ends = {"low": low - missing / len(free), "high": high + missing / len(free)}
        return self.with_values(**{"low": low, "high": high, **{name: ends[name] for name in free}}), free

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown ends are those of the data, or a unit further."""
        low, high = float(rows.min()), float(rows.max())
        unit = max(float(np.max(smallest)), abs(low), abs(high), 1.0)
        guess: dict[str, Any] = {"low": low, "high": high}
        if guess["low"] >= (self.high if self.high is not None else high):
            guess["low"] = (self.high if self.high is not None else high) - unit
        if (self.low if self.low is not None else guess["low"]) >= high:
            guess["high"] = (self.low if self.low is not None else guess["low"]) + unit
        return self.with_values(**{name: guess[name] for name in self.unknown})

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return np.random.default_rng(rng).uniform(self.low, self.high, size)

    @property
    def mean(self) -> float:
        """Expectation, the middle."""
        self.require_known("give a mean")
        return self.low + 0.5 * (self.high - self.low)

    @property
    def var(self) -> float:
        """Variance, (high - low)^2 / 12."""
        self.require_known("give a variance")
        return (self.high - self.low) * (self.high - self.low) / 12.0

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        return np.clip((np.asarray(x, dtype=float) - self.low) / (self.high - self.low), 0.0, 1.0)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        quantile = np.where(q < 1.0, self.low + q * (self.high - self.low), self.high)
        return np.where((q >= 0.0) & (q <= 1.0), quantile, np.nan)[()]
