"""A distribution given that its values lie between two ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from . import climb, numeric
from .base import Distribution, Rng
from .data import Array
from .domains import Domain
from .errors import InvalidParameterError
from .intervals import counts, is_trusted, log_probability, panel_edges
from .wrapper import Wrapper

OUTSIDE, COMPLETIONS = 32, 50  # rows on either side that stand for those outside; most steps of EM with them
ROUNDING, LEFT = 1e-13, 1e-9  # of a mean log density: no gain; what a family's own fit leaves where it stops


class Truncated(Wrapper):
    r"""Truncated distribution: density :math:`f(x) / P(a \le X \le b)` for :math:`a \le x \le b`.

    Values outside were never recorded, nor how many they were.

    Parameters
    ----------
    distribution : Distribution
        What is truncated: a family of one column whose parameters are numbers.
    low, high : float
        The ends :math:`a < b`, in the unit of x, known beforehand; by default there is none. `fit` never moves them.

    Notes
    -----
    `fit` maximises the weighted likelihood numerically, by Newton's method in coordinates that make each free
    parameter a number on the whole line, from the fit of the distribution itself. The probability of the
    interval is a difference of distribution functions, or, where digits would cancel, an integral of the density, so
    that an interval far out in a tail costs no precision. Where the likelihood has no maximum, such as that of a normal
    distribution when values above 0 vary more than exponential ones, `fit` says so. Where it rises towards a limit
    next to which the fit of the distribution itself stops, as a negative binomial one does next to the Poisson
    distribution, so does this one. Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1 (1994), ch. 13.

    Examples
    --------
    >>> from distributions import Normal
    >>> heights = Truncated(Normal(), low=160.0).fit([163.0, 164.5, 166.0, 168.5, 171.0, 173.0])
    >>> print(f"{heights.distribution.mean:.3f} {heights.distribution.std:.3f}")
    167.452 3.758
    """

    low: float = field(default=-math.inf)
    high: float = field(default=math.inf)

    slow = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("low", "high"):
            value = getattr(self, name)
            if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.number)) or math.isnan(value):
                raise InvalidParameterError(f"Truncated: {name} must be a number, or infinite; got {value!r}")
            object.__setattr__(self, name, float(value) + 0.0)
        if not self.low < self.high:
            raise InvalidParameterError(f"Truncated: low must be less than high; got {self.low!r} and {self.high!r}")
        support = self.distribution.support
        if self.low > support.high or self.high < support.low:
            raise InvalidParameterError(
                f"Truncated: no value of {type(self.distribution).__name__}, {support.text}, "
                f"lies between {self.low:g} and {self.high:g}"
            )

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """The values of what is truncated that lie between the ends."""
        inner = self.distribution.support
        low, high = max(self.low, inner.low), min(self.high, inner.high)
        if inner.discrete:
            low, high = math.ceil(low) if math.isfinite(low) else low, math.floor(high) if math.isfinite(high) else high
        limits = [f"{sign} {end:g}" for sign, end in ((">=", self.low), ("<=", self.high)) if math.isfinite(end)]
        return replace(
            inner,
            text=" and ".join([inner.text, *limits]),
            low=low,
            high=high,
            low_open=inner.low_open and low == inner.low and low >= self.low,
            high_open=inner.high_open and high == inner.high and high <= self.high,
        )

    @property
    def _interval(self) -> tuple[Array, Array]:
        """The ends of the interval low < x <= high that holds the values, shape (1,) each."""
        low = math.ceil(self.low) - 1.0 if self.distribution.support.discrete and math.isfinite(self.low) else self.low
        return np.array([low]), np.array([self.high])

    # --------------------------------------------------------------------------------- density, estimator, draws

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,)."""
        self.require_known("give a density")
        values = self._as_rows(x)[:, 0]
        inside = float(log_probability(self.distribution, *self._interval)[0])
        out: Array = self.distribution.log_pdf(values)
        # Where doubles find nothing between the ends, no row has a density given that it lies there.
        out = out - inside if inside > -np.inf else np.where(np.isnan(out), out, -np.inf)
        out[(values < self.low) | (values > self.high)] = -np.inf
        return out if np.ndim(x) else out[0]

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum, and the names of parameters in which the likelihood rises for ever."""
        if self.n_parameters == 0:
            return self, ()
        x, share = climb.merged(rows[:, 0], weight)
        low, high = self._interval

        def mean_log_density(distribution: Distribution) -> float:
            return float(share @ distribution.log_pdf(x)) - float(log_probability(distribution, low, high)[0])

        start, held = climb.own_fit(self.distribution, rows, weight, scale, floor)
        if held or iterations is not None:  # that of itself is a guess
            return self._with(start), held
        origin = start
        limit = None
        if climb.is_extreme(origin):  # where the likelihood is flat: what is less varied in the interval need not be so
            start = limit = self._fit_completed(origin, x, share, scale, floor, mean_log_density)
        if not self.distribution.unknown:
            start = max(start, self.distribution, key=mean_log_density)
        fitted, held = climb.fitted(start, origin, mean_log_density, scale, floor, "Truncated")
        if held and limit is not None and mean_log_density(limit) >= mean_log_density(fitted) - LEFT:
            return self._with(limit), ()  # the family's own fit stops there too, and calls it a maximum
        return self._with(fitted), held

    def _fit_completed(
        self,
        start: Distribution,
        x: Array,
        share: Array,
        scale: Array,
        floor: float,
        mean_log_density: Callable[[Distribution], float],
    ) -> Distribution:
        """Return the distribution after steps of EM, whose missing rows are those that were never recorded."""
        middles, (low, high) = (np.arange(OUTSIDE) + 0.5) / OUTSIDE, self._interval
        for _ in range(COMPLETIONS):
            inside = float(np.exp(log_probability(start, low, high)[0]))
            if not inside > 0.0:
                break
            below = float(start.cdf(low)[0]) if math.isfinite(low[0]) else 0.0
            above = max(1.0 - below - inside, 0.0)
            values = np.concatenate([x, start.ppf(below * middles), start.ppf(1.0 - above * middles)])
            weight = np.concatenate([inside * share, np.repeat([below / OUTSIDE, above / OUTSIDE], OUTSIDE)])
            kept = (weight > 0.0) & np.isfinite(values)
            moved, _ = climb.own_fit(start, values[kept, np.newaxis], weight[kept], scale, floor)
            gain = mean_log_density(moved) - mean_log_density(start)
            start = moved if gain > 0.0 else start
            if not gain > ROUNDING:
                break
        return start

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        draws = self._quantiles(np.random.default_rng(rng).random(size))
        support = self.support
        if support.low_open:  # a draw may be rounded to the end
            draws = np.maximum(draws, np.nextafter(support.low, np.inf))
        return draws

    # -------------------------------------------------------------------------------- probabilities and moments

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        low, high = self._interval
        up_to = np.clip(np.where(np.isnan(x), low, x), low, high).ravel()
        part = log_probability(self.distribution, np.broadcast_to(low, up_to.shape), up_to)
        share = np.exp(part - log_probability(self.distribution, low, high)).reshape(x.shape)
        return np.where(np.isnan(x), np.nan, np.where(x >= self.high, 1.0, np.minimum(share, 1.0)))[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest x with cdf(x) >= q, for each probability q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        out, inside = np.full(q.shape, np.nan), (q > 0.0) & (q < 1.0)
        out[q == 0.0], out[q == 1.0] = self.support.low, self.support.high
        out[inside] = self._quantiles(q[inside])
        return out[()]

    def _quantiles(self, q: Array) -> Array:
        """Return quantiles at probabilities, shape (m,), strictly between 0 and 1."""
        distribution, support = self.distribution, self.support
        (low,), (high,) = self._interval
        below, up_to = float(distribution.cdf(low)), float(distribution.cdf(high))
        if is_trusted(distribution, up_to - below, up_to):
            x = np.clip(distribution.ppf(below + q * (up_to - below)), support.low, support.high)
        elif support.discrete:
            values = counts(distribution, low, high)
            x = values[np.searchsorted(np.cumsum(self.pdf(values)), q).clip(0, len(values) - 1)]
        else:
            x = numeric.quantiles(self.log_pdf, panel_edges(distribution, low, high), q)
        if support.discrete:  # rounding of the probability may cross a step
            x = np.where(self.cdf(x) < q, np.minimum(x + 1.0, support.high), x)
            x = np.where((x > support.low) & (self.cdf(x - 1.0) >= q), x - 1.0, x)
        return x
