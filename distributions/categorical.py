"""The categorical distribution: one of several labels, text or numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Number
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .column import Column
from .data import Array, as_array, as_numbers, present
from .domains import Domain, Points, Simplex
from .errors import InvalidDataError, InvalidParameterError, NotNumericError
from .kernels import Kernels, compiled, kernel

UNSEEN = -1.0  # the code of text that is no category
ANY_LABEL = Domain("a label of any kind", discrete=True)

# theta is the numbers that stand for the categories, ascending, then their probabilities.


@compiled
def is_consecutive(values):
    """Whether ascending numbers go up by one at a time."""
    widest = 1.0
    for c in range(1, values.size):
        widest = max(widest, values[c] - values[c - 1])
    return widest == 1.0 and values[values.size - 1] - values[0] == values.size - 1.0


@compiled
def place_of(x, values, consecutive):
    """Return the place of x among ascending numbers, -1 if it is none of them."""
    if consecutive:
        place = x - values[0]
        return int(place) if 0.0 <= place < values.size and place == math.floor(place) else -1
    low, high = 0, values.size  # the place of the first that is not below x
    while low < high:
        middle = (low + high) // 2
        if values[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low if low < values.size and values[low] == x else -1


@kernel
def log_pdf(X, theta, out):
    """Add the log probability of the category x, -inf if it is none."""
    n = theta.size // 2
    values, consecutive = theta[:n], is_consecutive(theta[:n])
    log_prob = np.empty(n)
    for c in range(n):
        log_prob[c] = math.log(theta[n + c]) if theta[n + c] > 0.0 else -math.inf
    for i in range(out.size):
        x = X[0, i]
        place = place_of(x, values, consecutive)
        out[i] += log_prob[place] if place >= 0 else (x if math.isnan(x) else -math.inf)


@kernel
def accumulate(X, r, theta, stats):
    """Add the sum of r over the rows of each category."""
    n = stats.size
    values, consecutive = theta[:n], is_consecutive(theta[:n])
    for i in range(r.size):
        place = place_of(X[0, i], values, consecutive)
        if place >= 0:
            stats[place] += r[i]


@kernel
def update(stats, theta, bounds):
    """Set the probabilities to the weighted shares."""
    n, total = stats.size, 0.0
    if bounds[0, n] == bounds[1, n]:
        return
    for c in range(n):
        total += stats[c]
    for c in range(n):
        theta[n + c] = stats[c] / total


@dataclass(frozen=True)
class Proportions(Simplex):
    """The probabilities of the categories of one column."""

    def random(self, rng: np.random.Generator, n_columns: int) -> Array:
        """Return the probabilities of a random number of categories."""
        return rng.dirichlet(np.full(rng.integers(2, 7), 2.0))


class Categorical(Distribution):
    r"""Categorical distribution: mass :math:`p_c` on the category c.

    Parameters
    ----------
    prob : array_like, shape (C,), optional
        Probabilities :math:`p_c` >= 0 of the categories, of sum one.
    categories : sequence of text or numbers, length C, optional
        The labels in the order of ``prob``. By default 0, 1, ..., C - 1 where ``prob`` is given, else those that occur
        in the data, in sorted order.
    smoothing : float, default 0
        Pseudo-count >= 0 that `fit` adds to each category: 1 is Laplace's rule, 0 is maximum likelihood.

    Notes
    -----
    Data may be labels or numbers. Text is coded: `encode` turns it into 0, ..., C - 1, the places of the categories,
    and `decode` turns codes back. Where all categories are numbers there are no codes, each stands for itself. `sample`
    gives such codes or numbers; `mean`, `var`, `cdf` and `ppf` are about them. A label that is no category has log
    density -inf, a missing one (None, NaN) NaN.

    `fit` is the maximum-likelihood estimate, the weighted frequencies; with smoothing s it is the mode of the posterior
    for a symmetric Dirichlet prior of concentration 1 + s, whose log density a mixture adds to its objective. A mixture
    of categoricals of one column is one categorical itself, and not identifiable; beside other columns it is. Agresti,
    Categorical Data Analysis (2013), ch. 1.

    Examples
    --------
    >>> colour = Categorical().fit(["red", "blue", "red", "red"])
    >>> colour
    Categorical(prob=[0.25, 0.75], categories=('blue', 'red'))
    >>> colour.pdf(["red", "green"])
    array([0.75, 0.  ])
    """

    prob: Array = parameter(Proportions())
    categories: tuple[Any, ...] | None = field(default=None)
    smoothing: float = field(default=0.0)

    kernels = Kernels(log_pdf, accumulate, update)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.categories is not None:
            object.__setattr__(self, "categories", _checked(self.categories))
        if self.prob is not None and self.categories is not None and len(self.prob) != len(self.categories):
            raise InvalidParameterError(
                f"Categorical: prob has {len(self.prob)} entries, but there are {len(self.categories)} categories"
            )
        smoothing = self.smoothing
        if isinstance(smoothing, bool) or not isinstance(smoothing, (int, float)) or not 0.0 <= smoothing < math.inf:
            raise InvalidParameterError(f"Categorical: smoothing must be a finite number >= 0; got {smoothing!r}")

    # -------------------------------------------------------------------------------------------- labels

    @property
    def _is_numeric(self) -> bool:
        """Whether categories are numbers that stand for themselves."""
        return self.categories is None or all(isinstance(label, Number) for label in self.categories)

    @property
    def _values(self) -> Array:
        """The numbers that stand for the categories, in their order."""
        if self._is_numeric and self.categories is not None:
            return np.array(self.categories, dtype=float)
        return np.arange(float(len(self.prob if self.categories is None else self.categories)))

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """The codes or values of the categories; any label, coded as a whole number, while they are unknown."""
        if self.categories is None and self.prob is None:
            return ANY_LABEL
        shown = [repr(label) for label in (self.categories or self._values.astype(int).tolist())]
        shown = shown if len(shown) <= 12 else [*shown[:10], "...", shown[-1]]
        codes = "" if self._is_numeric else f" (here 0 to {len(self._values) - 1}; -1 is any other)"
        return Points.of(np.sort(self._values), "one of " + ", ".join(shown) + codes)

    def prepare(self, x: Any) -> Self:
        """Return a copy whose categories are the labels in the data, in sorted order; or self, where they are known."""
        if self.categories is not None or self.prob is not None:
            return self
        values = as_array(x)
        if values.dtype.kind in "fiub":
            labels: Any = np.unique(values[np.isfinite(values)]).tolist()
        else:
            try:
                labels = {label for label in np.ravel(values).tolist() if not _is_missing(label)}
            except TypeError:
                raise NotNumericError(_NO_LABELS) from None
        return self.with_values(categories=_in_order(labels)) if len(labels) else self

    @property
    def awaits_labels(self) -> bool:
        """Whether categories are those of the data."""
        return self.categories is None and self.prob is None

    def agreed(self, other: Self) -> Self:
        """Return a copy with the categories of both, in sorted order; or self."""
        labels = set(self.categories or ())
        more = set(other.categories or ()) - labels
        return self.with_values(categories=_in_order(labels | more)) if more else self

    def encode(self, x: Any) -> Any:
        """Return labels as their codes, shape of x; numbers, and labels of numeric categories, stay as they are.

        Text that is no category becomes -1, a missing label NaN.
        """
        if self._is_numeric or np.ma.is_masked(x):
            return x
        values = as_array(x)
        if values.dtype.kind in "fiubcmM":
            return x
        codes = _Codes((label, float(code)) for code, label in enumerate(self.categories or ()))
        try:
            coded = np.fromiter(map(codes.__getitem__, values.ravel().tolist()), dtype=float, count=values.size)
        except TypeError:
            raise NotNumericError(_NO_LABELS) from None
        return coded.reshape(values.shape)

    @property
    def coding(self) -> Any:
        """The labels in their order; None where numbers stand for themselves."""
        return None if self._is_numeric else self.categories

    def decode(self, codes: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return the labels that codes (or values of numeric categories), such as `sample` gives, stand for.

        Raises
        ------
        InvalidDataError
            If a number stands for no category.
        """
        self.require_known("decode", ("prob",) if self.categories is None else ())
        values, given = self._values, as_numbers(codes, "Categorical", "codes")
        order = np.argsort(values)
        place = order[np.minimum(np.searchsorted(values[order], given), len(values) - 1)]
        if np.any(values[place] != given):
            bad = float(np.ravel(given)[np.ravel(values[place] != given)][0])
            raise InvalidDataError(f"Categorical: code {bad!r} stands for no category; known are {self.support.text}")
        labels = values.astype(int).tolist() if self.categories is None else list(self.categories)
        plain = len({isinstance(label, str) for label in labels}) == 1 and all(
            isinstance(label, (str, int, float)) for label in labels
        )
        return np.array(labels, dtype=None if plain else object)[place]

    def columns_read(self, names: Sequence[Any]) -> list[Column]:
        """Return the one column, with the labels by the numbers that stand for them; see `Imputation`."""
        return [Column(names[0], dict(zip(self._values.tolist(), self.decode(self._values).tolist(), strict=True)))]

    # ------------------------------------------------------------------------------------ fit and draws

    def fit(self, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Return the categorical with the weighted frequencies of the labels as probabilities.

        Parameters
        ----------
        x : array_like, shape (n,)
            Labels, or their codes.
        sample_weight : array_like, shape (n,), optional
            Weights w_i >= 0.

        Raises
        ------
        InvalidDataError
            If rows or weights are malformed, or a label is none of the categories that were given.
        """
        prepared = self.prepare(present(x, sample_weight))
        return super(Categorical, prepared).fit(x, sample_weight)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent codes (or values of numeric categories), shape (size,)."""
        self.require_known("be sampled")
        return np.random.default_rng(rng).choice(self._values, size, p=self.prob / self.prob.sum())

    @property
    def mean(self) -> float:
        """Expectation of the codes or values."""
        self.require_known("give a mean")
        return float(self.prob @ self._values)

    @property
    def var(self) -> float:
        """Variance of the codes or values."""
        self.require_known("give a variance")
        return float(self.prob @ (self._values - self.mean) ** 2)

    def _cumulative(self) -> tuple[Array, Array]:
        """Return codes or values, ascending, and the probabilities up to them."""
        order = np.argsort(self._values)
        total = np.cumsum(self.prob[order])
        total[self.prob[order].nonzero()[0][-1] :] = 1.0
        return self._values[order], total

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x), of codes or values."""
        self.require_known("give a probability")
        x = np.asarray(self.encode(x), dtype=float)
        values, total = self._cumulative()
        below = np.searchsorted(values, x, side="right")
        return np.where(np.isnan(x), x, np.concatenate([[0.0], total])[below])[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest code or value x with cdf(x) >= q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        values, total = self._cumulative()
        place = np.minimum(np.searchsorted(total, q), len(values) - 1)
        return np.where((q >= 0.0) & (q <= 1.0), np.where(q == 1.0, values[-1], values[place]), np.nan)[()]

    def expected_rows(self) -> tuple[Array, Array]:
        """Return the categories and their probabilities."""
        self.require_known("stand for rows")
        return self._values[:, np.newaxis], self.prob

    @property
    def rows_seen(self) -> tuple[Array, Array] | None:
        """The categories, as often as the smoothing says; None where there is none, or no category is known."""
        if not self.smoothing or (self.categories is None and self.prob is None):
            return None
        return self._values[:, np.newaxis], np.full(len(self._values), float(self.smoothing))

    # ------------------------------------------------------------------- the view of the compiled loops

    def to_theta(self) -> Array:
        """Return the codes or values, ascending, and their probabilities, as one vector."""
        order = np.argsort(self._values)
        return np.concatenate([self._values[order], self.prob[order]])

    @property
    def theta_domains(self) -> tuple[tuple[Domain | None, int], ...]:
        """None for the codes or values, then the domain of the probabilities."""
        return (None, len(self.prob)), (self.declared[0].domain, len(self.prob))

    def from_theta(self, theta: Array) -> Self:
        """Return the distribution with the probabilities in ``theta``; frozen ones stay the very same."""
        prob = np.empty(theta.size // 2)
        prob[np.argsort(self._values)] = theta[prob.size :]
        return self if "prob" in self.frozen else self.with_values(prob=prob)

    def bounds(self, scale: Array, floor: float) -> Array:
        """Return the box of the update: 0 to 1 for probabilities, all else (all, if they are frozen) is pinned."""
        box = np.tile(self.to_theta(), (2, 1))
        if "prob" not in self.frozen:
            box[:, box.shape[1] // 2 :] = [[0.0], [1.0]]
        return box

    def at_bounds(self, theta: Array, bounds: Array) -> tuple[str, ...]:
        """Return no names: a probability of 0 is an estimate like others."""
        return ()

    def units(self, scale: Array) -> Array:
        """Return ones: steps of probabilities are measured as they are."""
        return np.ones(2 * len(self.prob))

    def statistics_size(self) -> int:
        """Return the number of categories."""
        return len(self.prob)

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with the categories of the data, if none are known, and equal probabilities."""
        if self.prob is not None:
            return self
        prepared = self.prepare(rows)
        n = len(prepared.categories or ())
        return prepared.with_values(prob=np.full(n, 1.0 / n))

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum, given the rows and those that the smoothing adds; nothing is ever held."""
        start = self.first_guess(rows, weight)
        if start.rows_seen is not None:
            weight = np.ones(len(rows)) if weight is None else weight
            added, counts = start.rows_seen
            rows, weight = np.concatenate([rows, added]), np.concatenate([weight, counts])
        return super(Categorical, start).fit_bounded(rows, weight, scale, floor, iterations)


# ------------------------------------------------------------------------------------------------ labels


_NO_LABELS = "Categorical needs data of labels, text or numbers; some are of a kind that cannot be one, such as a dict"


class _Codes(dict[Any, float]):
    """The codes of labels; what is no label is a number as it is, missing, or `UNSEEN`."""

    def __missing__(self, item: Any) -> float:
        if _is_missing(item):
            return math.nan
        return float(item) if isinstance(item, (int, float)) and not isinstance(item, bool) else UNSEEN


def _is_missing(item: Any) -> bool:
    try:
        return item is None or bool(item != item)
    except TypeError:  # pandas.NA, which is neither equal to itself nor not
        return True


def _in_order(labels: Iterable[Any]) -> tuple[Any, ...]:
    """Return labels sorted; those of different types one type after the other."""
    try:
        return tuple(sorted(labels))
    except TypeError:
        return tuple(sorted(labels, key=lambda label: (type(label).__name__, str(label))))


def _checked(categories: Any) -> tuple[Any, ...]:
    """Return categories as a tuple of different labels, numbers in their plainest form.

    Raises
    ------
    InvalidParameterError
        If they are no sequence of labels.
    """
    if isinstance(categories, str) or not isinstance(categories, Iterable):
        raise InvalidParameterError(f"Categorical: categories must be a sequence of labels; got {categories!r}")
    labels = tuple(_plain(label) for label in categories)
    try:
        different = len(set(labels)) == len(labels) > 0
    except TypeError:
        different = False
    if not different or any(_is_missing(label) or label in (math.inf, -math.inf) for label in labels):
        raise InvalidParameterError(
            f"Categorical: categories must be different labels, at least one and none of them missing; got {labels!r}"
        )
    return labels


def _plain(label: Any) -> Any:
    """Return a NumPy scalar as Python's, and a whole number as int: 2.0 and 2 are one label."""
    label = label.item() if isinstance(label, np.generic) else label
    if isinstance(label, bool):
        return int(label)
    return int(label) if isinstance(label, float) and label.is_integer() and abs(label) < 2.0**53 else label
