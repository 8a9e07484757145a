"""The Pareto distribution: sizes above a threshold, with a tail that falls like a power."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import POSITIVE, Domain
from .kernels import Kernels, kernel
from .numeric import positive_doubles
from .special import log1p, reciprocal


@kernel
def log_pdf(X, theta, out):
    """Add log(shape / low) - (shape + 1) log(x / low); -inf for x < low."""
    shape, low = theta[0], theta[1]
    inverse, constant = reciprocal(low), math.log(shape) - math.log(low)
    for i in range(out.size):
        out[i] += -math.inf if X[0, i] < low else constant - (shape + 1.0) * log1p((X[0, i] - low) * inverse)


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r and sum r log(x / low)."""
    low, inverse, total, first = theta[1], reciprocal(theta[1]), 0.0, 0.0
    for i in range(r.size):
        total += r[i]
        first += r[i] * log1p((X[0, i] - low) * inverse if X[0, i] > low else 0.0)  # below low r is 0
    stats[0] += total
    stats[1] += first


@kernel
def update(stats, theta, bounds):
    """Set the shape to one over the weighted mean of log(x / low); low stays."""
    theta[0] = min(max(stats[0] / stats[1], bounds[0, 0]), bounds[1, 0])


class Pareto(Distribution):
    r"""Pareto distribution: density :math:`a\, l^a / x^{a+1}` for x >= l.

    Parameters
    ----------
    shape : float, optional
        Shape :math:`a` > 0, a pure number; moments of order shape and above are infinite.
    low : float, optional
        Smallest value :math:`l` > 0, in the unit of x.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: low is the smallest row of positive weight, 1 / shape the weighted mean of
    log(x / low). Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 20.

    In a mixture freeze ``low``, a known threshold. Free, it stays where EM starts, for rows below it have no
    responsibility and those above always some; and as a minimum is no sum over rows, such a component is not compiled.

    Examples
    --------
    >>> Pareto().fit([1.0, 10.0, 100.0])
    Pareto(shape=0.43429448190325176, low=1.0)
    """

    shape: float = parameter(POSITIVE, collapse=-1)
    low: float = parameter(POSITIVE, power=1, collapse=0)

    n_statistics = 2
    estimator = "closed form, least row and a mean"

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """Numbers >= low where it is frozen, else all that a fit can reach: those > 0."""
        return Domain(f"a finite number >= low = {self.low!r}", low=self.low) if "low" in self.frozen else POSITIVE

    @property
    def kernels(self) -> Kernels | None:  # type: ignore[override]
        """The compiled kernels where low is frozen, else None."""
        return Kernels(log_pdf, accumulate, update) if "low" in self.frozen else None

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,); see `Distribution.log_pdf`."""
        self.require_known("give a density")
        return super().log_pdf(x) if "low" in self.frozen else self.freeze("low").log_pdf(x)

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Set a free low to the smallest row, then find the shape; see `Distribution.fit_bounded`."""
        if "low" in self.frozen:
            return super().fit_bounded(rows, weight, scale, floor, iterations)
        held = self.with_values(low=float(rows.min())).freeze("low")
        fitted, at_floor = held.fit_bounded(rows, weight, scale, floor, iterations)
        return self.with_values(**fitted.parameters), at_floor

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters have plain values: the smallest row, and shape 1."""
        guess: dict[str, Any] = {"shape": 1.0, "low": float(rows.min())}
        return self.with_values(**{name: guess[name] for name in self.unknown})

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        with np.errstate(over="ignore"):
            draws = self.low * np.exp(np.random.default_rng(rng).standard_exponential(size) / self.shape)
        return positive_doubles(draws)

    @property
    def mean(self) -> float:
        """Expectation, low shape / (shape - 1); infinite for shape <= 1."""
        self.require_known("give a mean")
        return self.low * (self.shape / (self.shape - 1.0)) if self.shape > 1.0 else math.inf

    @property
    def var(self) -> float:
        """Variance, mean^2 / (shape (shape - 2)); infinite for shape <= 2."""
        self.require_known("give a variance")
        return self.mean / self.shape * (self.mean / (self.shape - 2.0)) if self.shape > 2.0 else math.inf

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        above = np.maximum(np.asarray(x, dtype=float) - self.low, 0.0)
        with np.errstate(over="ignore"):
            return -np.expm1(-self.shape * np.log1p(above / self.low))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(q >= 0.0, self.low * np.exp(-np.log1p(-q) / self.shape), np.nan)[()]
