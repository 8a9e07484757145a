"""Values of which only bounds are known: censored observations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from . import climb
from .base import Rng
from .data import Array, Mask, centre_and_scale, describe_rows, missing_as_nan
from .domains import REAL, Domain
from .errors import InvalidDataError, InvalidParameterError
from .intervals import log_probability
from .wrapper import Wrapper

CERTAIN = -1e-8  # mean log probability of rows that leave nothing to gain


@dataclass(frozen=True)
class Intervals(Domain):
    """Rows (low, high): a value of another domain twice, or two ends between which it has values, low < x <= high."""

    value: Domain = REAL
    atoms: tuple[float, ...] = ()  # values of positive probability, even where the domain has no length about them

    @property
    def is_location(self) -> bool:
        """Whether every row of numbers lies in the domain: ends may be in the wrong order."""
        return False

    def contains(self, values: Any) -> Mask:
        """Which of the values (any shape) may be an end; infinity may, NaN may not."""
        return ~np.isnan(np.asarray(values, dtype=float))

    def holds(self, rows: Array) -> Mask:
        """Which rows, shape (n, 2), lie in the domain."""
        low, high = rows.T
        inside: Mask = np.where(low == high, self.value.contains(low), self.value.meets(low, high))
        for atom in self.atoms:
            inside |= (low < atom) & (atom <= high)
        return inside


class Censored(Wrapper):
    r"""Censored distribution: of a value x only two ends are observed, low < x <= high, or low = high = x.

    A row (low, high) contributes the log density :math:`\log f(x)` where low = high = x, and else
    :math:`\log P(\text{low} < X \le \text{high})`. With high = inf a row is right-censored, as the time of a survivor;
    with low = -inf (or anything below the support) left-censored, as a measurement below the limit of detection.

    Parameters
    ----------
    distribution : Distribution
        The distribution of x: a family of one column whose free parameters are numbers.

    Notes
    -----
    `as_intervals` makes rows of times and event indicators. Whether and where a value is censored may depend on it only
    through the row itself (non-informative censoring). Of counts, mind the open end: a count known to be 3 or more is
    (2, inf), one of 3 or 4 is (2, 4).

    `fit` maximises the weighted likelihood; without censored rows it is the fit of the distribution itself, and else
    numerical, by Newton's method in coordinates that make each free parameter a number on the whole line. Where all
    rows can hold at once, as where all are right-censored, the likelihood rarely has a maximum, and `fit` says so. A
    row (-inf, inf) says nothing and is refused, and so is one with a single missing (NaN) end; in a `Product`, two NaN
    are a missing value. Klein & Moeschberger, Survival Analysis (2003), section 3.5.

    `mean`, `var`, `cdf` and `ppf` are those of x. `sample` draws values that are not censored, as rows of two equal
    columns: how values come to be censored is no part of the model.

    Examples
    --------
    >>> from distributions import Exponential
    >>> lifetimes = Censored(Exponential()).fit([[2.0, 2.0], [3.0, 3.0], [5.0, float("inf")]])  # two died, one lives
    >>> print(f"{lifetimes.distribution.rate:.4f}")  # deaths over the time at risk
    0.2000
    """

    n_columns = 2
    slow = True
    _without_maximum = (
        "it rises for ever in {} (all rows hold at once: they are constant, or censored on the same side)"
    )

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """Rows that the distribution gives a density or a probability."""
        value = self.distribution.support
        text = f"two ends such that low < x <= high, or low = high = x, where x is {value.text}"
        return Intervals(text, discrete=value.discrete, value=value, atoms=self.distribution.atoms)

    def finite_rows(self, rows: Array) -> Array:
        """Return for each row, twice, the middle of its ends, or its one finite end; infinity where there is none."""
        low, high = rows.T
        with np.errstate(invalid="ignore"):
            middle = low / 2 + high / 2
        at_low, at_high = np.isfinite(low), np.isfinite(high)
        middle[at_low & ~at_high], middle[at_high & ~at_low] = low[at_low & ~at_high], high[at_high & ~at_low]
        middle[np.isinf(low) & np.isinf(high)] = np.inf
        return np.column_stack([middle, middle])

    # --------------------------------------------------------------------------------- density, estimator, draws

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density (low = high) or the log probability (low < high) of each row, shape (n,)."""
        self.require_known("give a density")
        rows = self._as_rows(x)
        low, high = rows.T
        out = np.full(len(rows), -np.inf)
        exact, between = low == high, low < high
        out[exact] = self.distribution.log_pdf(low[exact])
        ends, of_each = _different(rows[between])
        out[between] = log_probability(self.distribution, *ends.T)[of_each]
        out[np.isnan(rows).any(axis=1)] = np.nan
        return out

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum, and the names of parameters in which the likelihood rises for ever."""
        free = [p.name for p in self.distribution.declared if p.name not in self.distribution.frozen]
        if not free:
            return self, ()
        rows, of_each = _different(rows)
        share = np.bincount(of_each, weights=weight, minlength=len(rows)).astype(float)
        points = self._points(rows, float(scale[0]))
        exact = rows[:, 0] == rows[:, 1]
        if exact.all():
            fitted, held = self.distribution.fit_bounded(points, share, scale[:1], floor, iterations)
            return self._with(fitted), held
        share, scale = share / share.sum(), scale[:1]
        x, (low, high) = rows[exact, 0], rows[~exact].T

        def mean_log_density(distribution: Any) -> float:
            of_intervals = share[~exact] @ log_probability(distribution, low, high)
            return float(share[exact] @ distribution.log_pdf(x) + of_intervals)

        origin, held = climb.own_fit(self.distribution, points, share, scale, floor)
        if iterations is not None:  # that to values inside the intervals is a guess
            return self._with(origin), held
        start = origin if self.distribution.unknown else max(origin, self.distribution, key=mean_log_density)
        fitted, held = climb.fitted(start, origin, mean_log_density, scale, floor, "Censored")
        if not exact.any() and mean_log_density(fitted) > CERTAIN and not climb.at_an_end(fitted):
            held = tuple(free)  # it nears 1 as the distribution withdraws into what all rows have in common
        return self._with(fitted), held

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy in which unknown parameters have plain values, read off values inside the intervals."""
        _, scale = centre_and_scale(self.finite_rows(rows), weight)
        points = self._points(rows, float(scale[0]))
        return self._with(self.distribution.first_guess(points, weight, np.ravel(smallest)[:1]))

    def _points(self, rows: Array, scale: float) -> Array:
        """Return a value inside each interval, shape (n, 1): the middle, or a scale away from its only end."""
        support = self.distribution.support
        low, high = rows.T
        if support.discrete:  # its first and its last value
            low, high = np.floor(low) + (low < high), np.floor(high)
        low, high = np.maximum(low, support.low), np.minimum(high, support.high)
        with np.errstate(invalid="ignore", over="ignore"):
            low, high = (
                np.where(np.isinf(low), high - 2.0 * scale, low),
                np.where(np.isinf(high), low + 2.0 * scale, high),
            )
            half = (high - low) / 2
            points = low + (np.floor(half) if support.discrete else half)
        return points[:, np.newaxis]

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, none censored, shape (size, 2): each twice."""
        self.require_known("be sampled")
        values = np.ravel(self.distribution.sample(size, rng))
        return np.column_stack([values, values])

    # -------------------------------------------------------------------------------- probabilities and moments

    @property
    def mean(self) -> float:
        """Expectation of x, a number."""
        self.require_known("give a mean")
        return float(self.distribution.mean)

    @property
    def var(self) -> float:
        """Variance of x, a number."""
        self.require_known("give a variance")
        return float(self.distribution.var)

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x) for each value x."""
        self.require_known("give a probability")
        return self.distribution.cdf(x)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest value x with cdf(x) >= q, for each probability q."""
        self.require_known("give a quantile")
        return self.distribution.ppf(q)


def _different(rows: Array) -> tuple[Array, npt.NDArray[np.intp]]:
    """Return the different rows, shape (m, 2), in order, and the place among them of each row."""
    # As complex numbers, which are sorted by their first part, then by the second: faster than sorting rows.
    unique, of_each = np.unique(np.ascontiguousarray(rows + 0.0).view(complex).ravel(), return_inverse=True)
    return unique.view(float).reshape(-1, 2), of_each.ravel()


def as_intervals(time: npt.ArrayLike, event: npt.ArrayLike, *, side: Literal["right", "left"] = "right") -> Array:
    """Return times and event indicators as the rows (low, high) that `Censored` takes.

    Parameters
    ----------
    time : array_like, shape (n,)
        When the event, or the end of the observation, came; any other value that may be censored. NaN is a missing row.
    event : array_like, shape (n,)
        True or 1 where the event was observed at that time, False or 0 where the time is censored.
    side : {"right", "left"}
        Whether a censored value is greater than its ``time``, or less or equal.

    Returns
    -------
    ndarray, shape (n, 2)
        Where nothing but two bounds is known, write such rows yourself: low < x <= high.

    Raises
    ------
    InvalidDataError
        If a time is infinite or no number, or an indicator is neither true nor false.

    Examples
    --------
    >>> as_intervals([2.0, 3.0], [True, False])
    array([[ 2.,  2.],
           [ 3., inf]])
    """
    if side not in ("right", "left"):
        raise InvalidParameterError(f"as_intervals: side must be 'right' or 'left'; got {side!r}")
    times, events = _column("time", time), _column("event", event)
    if len(times) != len(events):
        raise InvalidDataError(f"as_intervals needs one event for each time; got {len(events)} for {len(times)}")
    bad = np.isinf(times)
    if bad.any():
        raise InvalidDataError(f"as_intervals needs finite times; {describe_rows(times[:, np.newaxis], bad)} infinite")
    bad = ~np.isnan(times) & (events != 0.0) & (events != 1.0)
    if bad.any():
        raise InvalidDataError(
            f"as_intervals needs events that are true or false, 1 or 0; "
            f"{describe_rows(np.column_stack([times, events]), bad)} not"
        )
    rows = np.column_stack([times, times])
    censored = ~np.isnan(times) & (events == 0.0)
    rows[censored, int(side == "right")] = np.inf if side == "right" else -np.inf
    return rows


def _column(name: str, values: npt.ArrayLike) -> Array:
    """Return one column of numbers, missing ones as NaN, shape (n,)."""
    try:
        column = np.array(missing_as_nan(values), dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"as_intervals: {name} must be numbers: {error}") from None
    if column.ndim != 1:
        raise InvalidDataError(f"as_intervals: {name} must have shape (n,); got {column.shape}")
    return column
