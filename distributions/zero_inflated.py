"""Zeros in excess of those that a distribution has anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .base import Distribution, Parameter, Rng, parameter
from .data import Array, average
from .domains import PROBABILITY, REAL, Domain
from .errors import DegenerateDataError, InvalidParameterError
from .outline import Branch, Choice, Leaf, Outline, Path
from .point_mass import PointMass
from .wrapper import Wrapper


@dataclass(frozen=True)
class WithZero(Domain):
    """Zero, and the values of another domain."""

    others: Domain = REAL

    def contains(self, values: Any) -> npt.NDArray[np.bool_]:
        """Which of the values (any shape) are zero or in the other domain."""
        inside: npt.NDArray[np.bool_] = (np.asarray(values, dtype=float) == 0.0) | self.others.contains(values)
        return inside

    def meets(self, low: Array, high: Array) -> npt.NDArray[np.bool_]:
        """Which intervals low < x <= high, shape (m,), hold zero or values of the other domain."""
        return ((low < 0.0) & (high >= 0.0)) | self.others.meets(low, high)

    def values(self, low: float, high: float) -> Array:
        """Return the separate values from ``low`` to ``high``, ascending."""
        return np.concatenate([np.zeros(int(low <= 0.0 <= high)), self.others.values(low, high)])


class ZeroInflated(Wrapper):
    r"""Zero-inflated distribution: zero with probability :math:`p`, else a draw from a distribution :math:`f`.

    For counts the mass is :math:`p\,[x = 0] + (1 - p) f(x)`. For a distribution :math:`f` with a density, the
    probability of x = 0 is :math:`p` and the density elsewhere :math:`(1 - p) f(x)`.

    Parameters
    ----------
    distribution : Distribution
        What is inflated, of values >= 0: counts such as `Poisson` and `NegativeBinomial`, or amounts such as `Gamma`.
    prob : float, optional
        Probability :math:`p` of a structural zero, 0 <= p <= 1, a pure number.

    Notes
    -----
    `fit` is the maximum-likelihood estimate. Of an amount, which is never zero itself, p is the share of zeros. For
    counts, the zeros are shared out between both parts: the maximum is where the weight of zeros that
    the distribution is given is what it expects (a fixed point of the EM algorithm), which is one equation in one
    unknown. With fewer zeros than the distribution expects by itself, p is 0. Lambert, Technometrics 34 (1992).

    The log density of an amount is with respect to length and a point mass at zero, so at zero it is the log of a
    probability: likelihoods are comparable between models that have such a mass. As a component of a mixture
    counts become two components, a `PointMass` and what is inflated, whose weights are free; with prob frozen,
    or where the density goes on to zero (`Exponential`), the whole remains one. `MixtureModel` gives its
    `MeasureWarning` where masses stand beside densities.

    Examples
    --------
    >>> from distributions import Poisson
    >>> eggs = ZeroInflated(Poisson()).fit([0, 0, 0, 0, 1, 2, 2, 3, 4])
    >>> print(f"{eggs.prob:.4f} {eggs.distribution.rate:.4f}")
    0.3677 2.1086
    """

    prob: float = parameter(PROBABILITY)

    own = (Parameter("prob", PROBABILITY, 0, 0, (0.0, 1.0)),)

    def __post_init__(self) -> None:
        super().__post_init__()
        support = self.distribution.support
        if support.low < 0.0:
            raise InvalidParameterError(
                f"ZeroInflated needs a distribution of values >= 0, such as Poisson or Gamma; "
                f"{type(self.distribution).__name__}'s are {support.text}"
            )

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """Zero, and the values of what is inflated."""
        inner = self.distribution.support
        if inner.contains(0.0):
            return inner
        return WithZero(f"0, or {inner.text}", 0.0, inner.high, False, inner.high_open, inner.discrete, inner)

    @property
    def atoms(self) -> tuple[float, ...]:  # type: ignore[override]
        """Zero, unless all values are separate."""
        return () if self.distribution.support.discrete else (0.0,)

    @property
    def _shares_zeros(self) -> bool:
        """Whether a zero may come from either part."""
        support = self.distribution.support
        return support.discrete and bool(support.contains(0.0))

    # --------------------------------------------------------------------------------- density, estimator, draws

    def log_pdf(self, x: npt.ArrayLike) -> Array:
        """Return the log density of each row, shape (n,); at zero the log of a probability."""
        self.require_known("give a density")
        values = self._as_rows(x)[:, 0]
        zero = values == 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            out: Array = np.log1p(-self.prob) + self.distribution.log_pdf(values)
            log_prob = np.log(self.prob)
        out[zero] = np.logaddexp(log_prob, out[zero]) if self._shares_zeros else log_prob
        return out if np.ndim(x) else out[0]

    def fit_bounded(
        self, rows: Array, weight: Array | None, scale: Array, floor: float, iterations: int | None = None
    ) -> tuple[Self, tuple[str, ...]]:
        """Return the maximum, and the names of what a floor holds in the distribution that is inflated.

        Raises
        ------
        DegenerateDataError
            If all rows are zero, and so tell nothing of that distribution's unknown parameters.
        """
        weight = np.ones(len(rows)) if weight is None else weight
        positive = rows[:, 0] != 0.0
        zeros, others, of_others = float(weight[~positive].sum()), rows[positive], weight[positive]
        total = zeros + float(of_others.sum())
        if not len(others):
            if self.distribution.unknown:
                raise DegenerateDataError(
                    f"ZeroInflated: all rows are 0, which tells nothing of {self.distribution!r}. "
                    "Give its parameters, or use PointMass(0.0)."
                )
            return (self if "prob" in self.frozen else self._with(self.distribution, prob=1.0)), ()
        if self._shares_zeros:
            values, of_each = np.unique(others, return_inverse=True)
            others, of_others = values[:, np.newaxis], np.bincount(of_each.ravel(), weights=of_others)
        with_zero = np.concatenate([np.zeros((1, 1)), others])
        inner, held = self.distribution, tuple[str, ...]()

        def excess(own: float) -> float:
            """Fit to a weight of own zeros; return by how much what is expected then exceeds it."""
            nonlocal inner, held
            if own > 0.0:
                inner, held = inner.fit_bounded(with_zero, np.append(own, of_others), scale, floor, iterations)
            else:
                inner, held = inner.fit_bounded(others, of_others, scale, floor, iterations)
            if not self._shares_zeros:
                return 0.0
            mass = float(np.exp(inner.log_pdf(0.0)))
            if "prob" in self.frozen:
                mass *= 1.0 - self.prob
                return zeros * mass / (self.prob + mass) - own if mass > 0.0 else -own
            return (total - zeros + own) * mass - own

        own = 0.0
        if excess(0.0) > 0.0 and zeros > 0.0:
            if excess(zeros) >= 0.0:
                own = zeros
            else:
                from scipy.optimize import brentq  # deferred: a slow import

                own = float(brentq(excess, 0.0, zeros, xtol=1e-300, rtol=4 * np.finfo(float).eps, maxiter=200))
            excess(own)
        prob = self.prob if "prob" in self.frozen else (zeros - own) / total
        return self._with(inner, prob=prob), tuple(self._outer(name) for name in held)

    def first_guess(self, rows: Array, weight: Array | None = None, smallest: float | Array = 0.0) -> Self:
        """Return a copy with half of the zeros structural, and a guess for the rest."""
        positive = rows[:, 0] != 0.0
        inner = self.distribution
        if positive.any():
            inner = inner.first_guess(rows[positive], None if weight is None else weight[positive], smallest)
        elif inner.unknown:
            inner = inner.first_guess(np.ones((1, 1)), None, smallest)
        prob = self.prob if self.prob is not None else 0.01 + 0.49 * (1.0 - average(positive, weight))
        return self._with(inner, prob=prob)

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Draw ``size`` independent values, shape (size,)."""
        self.require_known("be sampled")
        generator = np.random.default_rng(rng)
        draws: Array = self.distribution.sample(size, generator)
        return np.where(generator.random(size) < self.prob, 0.0, draws)

    # -------------------------------------------------------------------------------- probabilities and moments

    @property
    def mean(self) -> float:
        """Expectation, (1 - p) m."""
        self.require_known("give a mean")
        return float((1.0 - self.prob) * self.distribution.mean) if self.prob < 1.0 else 0.0

    @property
    def var(self) -> float:
        """Variance, (1 - p) (v + p m^2)."""
        self.require_known("give a variance")
        if self.prob == 1.0:
            return 0.0
        mean = self.distribution.mean
        return float((1.0 - self.prob) * (self.distribution.var + self.prob * mean * mean))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x)."""
        self.require_known("give a probability")
        x = np.asarray(x, dtype=float)
        return self.prob * (x >= 0.0) + (1.0 - self.prob) * self.distribution.cdf(x)

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return the smallest x with cdf(x) >= q, for each probability q."""
        self.require_known("give a quantile")
        q = np.asarray(q, dtype=float)
        if self.prob == 1.0:
            return np.where((q >= 0.0) & (q <= 1.0), 0.0, np.nan)[()]
        structural = (q >= 0.0) & (q <= self.prob)
        inner = np.where(structural, 0.0, (q - self.prob) / (1.0 - self.prob))
        x = np.where(structural, 0.0, self.distribution.ppf(inner))
        if self.distribution.support.discrete:  # rounding of the inner probability may cross a step
            x = np.where(np.isfinite(x) & (self.cdf(x) < q), x + 1.0, x)
            x = np.where((x > 0.0) & np.isfinite(x) & (self.cdf(x - 1.0) >= q), x - 1.0, x)
        return x[()]

    # ----------------------------------------------------------------------------------------- as a component

    def outline(self, path: Path = ()) -> Outline:
        """Return a choice between a point mass at zero and what is inflated; itself as a leaf where it is not free."""
        if not self._is_choice:
            return super().outline(path)
        parts = (PointMass(0.0), self.distribution)
        branches = [Branch((Leaf((*path, k), part, 1),), ((path, k),)) for k, part in enumerate(parts)]
        known = None if self.prob is None else np.array([self.prob, 1.0 - self.prob])
        return Outline(branches, {path: Choice.free(2, known)}, [])

    def rebuild(
        self, path: Path, leaves: Mapping[Path, Distribution], proportions: Mapping[Path, Array]
    ) -> Distribution:
        """Return the distribution made of other leaves and proportions, by the paths that `outline` gave them."""
        if not self._is_choice:
            return super().rebuild(path, leaves, proportions)
        return self._with(leaves[*path, 1], prob=float(proportions[path][0]))

    @property
    def _is_choice(self) -> bool:
        """Whether a mixture may see it as a mixture of two."""
        return "prob" not in self.frozen and not (self.atoms and self.distribution.support.contains(0.0))
