"""The Laplace distribution: a sharp peak between two exponential tails. Written in plain NumPy."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array, average
from .domains import POSITIVE, REAL
from .quantiles import weighted_quantiles


class Laplace(Distribution):
    r"""Laplace distribution: density :math:`e^{-|x - m| / s} / (2 s)` on the real line.

    Parameters
    ----------
    loc : float, optional
        Location :math:`m`, the mean, median and mode, finite, in the unit of x.
    scale : float, optional
        Scale :math:`s` > 0, the mean distance from loc, in the unit of x; the standard deviation is
        :math:`\sqrt 2 s`.

    Notes
    -----
    `fit` is the maximum-likelihood estimate: the weighted median (the midpoint, where every value between two rows is
    one) and the weighted mean distance from it. No finite set of sums over rows gives a median, so the family has no
    kernels, and works wherever the data fit in memory. Johnson, Kotz & Balakrishnan, Continuous Univariate
    Distributions 2 (1995), ch. 24.

    Examples
    --------
    >>> Laplace().fit([1.0, 2.0, 6.0], sample_weight=[1.0, 2.0, 1.0])
    Laplace(loc=2.0, scale=1.25)
    """

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    support = REAL
    estimator = "closed form, weighted median"

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,); NaN where x is NaN."""
        self.require_known("give a density")
        z = self._as_rows(x)[:, 0] - self.loc
        np.abs(z, out=z)
        with np.errstate(over="ignore"):  # far out in units of a tiny scale
            z /= -self.scale
        z -= math.log(2.0) + math.log(self.scale)
        return z if np.ndim(x) else z[0]

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum with a scale of at least ``floor * scale``, and ("scale",) if it is held there."""
        x, loc = rows[:, 0], self.loc
        if "loc" not in self.frozen:
            loc = float(weighted_quantiles(x, weight, 0.5))
        if "scale" in self.frozen:
            return self.with_values(loc=loc), ()
        width, least = average(np.abs(x - loc), weight), floor * scale[0]
        return self.with_values(loc=loc, scale=max(width, least)), ("scale",) if width <= least else ()

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        return np.random.default_rng(rng).laplace(self.loc, self.scale, size)

    @property
    def mean(self) -> float:
        """Expectation, loc."""
        self.require_known("give a mean", ("loc",))
        return self.loc

    @property
    def var(self) -> float:
        """Variance, 2 scale^2."""
        self.require_known("give a variance", ("scale",))
        return 2.0 * self.scale * self.scale  # infinite where it is too large, and no error

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        z = (np.asarray(x, dtype=float) - self.loc) / self.scale
        tail = 0.5 * np.exp(-np.abs(z))
        return np.where(z > 0, 1.0 - tail, tail)[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the quantiles at probabilities q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(q > 0.5, -np.log(2.0 * (1.0 - q)), np.log(2.0 * q))
        return np.where((q >= 0) & (q <= 1), self.loc + self.scale * z, np.nan)[()]
