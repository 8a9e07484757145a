"""The discrete uniform distribution: every whole number between two ends is equally likely."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .count_functions import count_quantiles
from .data import Array
from .domains import WHOLE, Domain
from .errors import InvalidParameterError
from .kernels import Kernels, kernel
from .uniform import accumulate, update  # nothing to be learned where both ends are frozen


@kernel
def log_pdf(X, theta, out):
    """Add -log(high - low + 1); -inf unless x is a whole number from low to high."""
    low, high = theta[0], theta[1]
    constant = -math.log(max(high - low, 0.0) + 1.0)  # the difference first: beyond 2^53 the order matters
    for i in range(out.size):
        x = X[0, i]
        inside = constant if x >= low and x <= high and x == np.floor(x) else -math.inf
        out[i] += inside if x == x else x


class DiscreteUniform(Distribution):
    r"""Discrete uniform distribution: mass :math:`1 / (b - a + 1)` on a, a + 1, ..., b.

    Parameters
    ----------
    low, high : float, optional
        Ends :math:`a \le b`, whole numbers, both included (`scipy.stats.randint` leaves out its upper end).

    Notes
    -----
    `fit` is the maximum-likelihood estimate: the smallest and the greatest row of positive weight. Johnson, Kemp &
    Kotz, Univariate Discrete Distributions (2005), section 6.10.

    In a mixture the ends stay where EM starts: rows outside have no responsibility, and rows inside always some, so
    that the support neither grows nor shrinks again. Freeze both ends, then the component is compiled as well.

    Examples
    --------
    >>> DiscreteUniform().fit([4, 1, 6])
    DiscreteUniform(low=1.0, high=6.0)
    """

    low: float = parameter(WHOLE, power=1)
    high: float = parameter(WHOLE, power=1)

    n_statistics = 1
    estimator = "closed form, least and greatest row"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.unknown and not self.low <= self.high:
            raise InvalidParameterError(
                f"DiscreteUniform: low must not be above high; got low={self.low!r}, high={self.high!r}"
            )

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """All whole numbers while both ends are free; frozen ends narrow them."""
        if not self.frozen:
            return WHOLE
        low = self.low if "low" in self.frozen else -math.inf
        high = self.high if "high" in self.frozen else math.inf
        return Domain(f"a whole number from {low!r} to {high!r}", low=low, high=high, discrete=True)

    @property
    def kernels(self) -> Kernels | None:  # type: ignore[override]
        """The compiled kernels where both ends are frozen, else None."""
        return Kernels(log_pdf, accumulate, update) if len(self.frozen) == 2 else None

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log mass of each row, shape (n,); see `Distribution.log_pdf`."""
        self.require_known("give a density")
        return super().log_pdf(x) if len(self.frozen) == 2 else self.freeze().log_pdf(x)

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Set free ends to the smallest and greatest row; see `Distribution.fit_bounded`."""
        ends = {"low": float(rows.min()), "high": float(rows.max())}
        return self.with_values(**{name: ends[name] for name in ends if name not in self.frozen}), ()

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown ends are those of the data, or those that are known."""
        low = float(rows.min()) if self.low is None else self.low
        high = float(rows.max()) if self.high is None else self.high
        guess: dict[str, Any] = {"low": math.floor(min(low, high)), "high": math.ceil(max(low, high))}
        return self.with_values(**{name: guess[name] for name in self.unknown})

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent whole numbers (as floats), shape (size,)."""
        self.require_known("be sampled")
        draws = self.low + np.floor(np.random.default_rng(rng).random(size) * self._count)
        return np.minimum(draws, self.high)

    @property
    def _count(self) -> float:
        return self.high - self.low + 1.0

    @property
    def mean(self) -> float:
        """Expectation, the middle."""
        self.require_known("give a mean")
        return self.low + 0.5 * (self.high - self.low)

    @property
    def var(self) -> float:
        """Variance, ((high - low + 1)^2 - 1) / 12."""
        self.require_known("give a variance")
        return (self.high - self.low) * (self.high - self.low + 2.0) / 12.0

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        return np.clip((np.floor(x) - self.low + 1.0) / self._count, 0.0, 1.0)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest whole number x with cdf(x) >= q."""
        self.require_known("give a quantile")

        def guess(q: Array) -> Array:
            return np.ceil(self.low + q * self._count) - 1.0

        return count_quantiles(self.cdf, q, guess, self.low, self.high)
