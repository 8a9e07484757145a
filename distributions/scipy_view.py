"""Distributions of this package as SciPy's: `Distribution.to_scipy`, which imports this module, and so scipy.stats.

The two classes give SciPy density, probabilities, quantiles, moments and draws; what else its methods tell follows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from . import numeric
from .base import Distribution
from .data import Array
from .errors import InvalidParameterError


def frozen(distribution: Distribution) -> Any:
    """Return the distribution as a frozen one of SciPy; see `Distribution.to_scipy`."""
    name = type(distribution).__name__
    distribution.require_known("become a distribution of SciPy")
    if distribution.n_columns != 1:
        raise InvalidParameterError(f"{name} has several columns: SciPy's distributions of this kind have one")
    numeric.require_one_measure(distribution, "counterpart in SciPy")
    if not distribution.support.discrete:
        return Continuous(distribution)()
    points = np.array([x for leaf in numeric.leaves(distribution) for x in getattr(leaf.support, "points", ())])
    if np.any(np.floor(points) != points):
        raise InvalidParameterError(
            f"{name} has values that are no whole numbers: SciPy's discrete ones have no others"
        )
    return Discrete(distribution)()


class _View:
    """What SciPy asks of both kinds; values come as arrays of any shape."""

    distribution: Distribution

    def _updated_ctor_param(self) -> dict[str, Any]:  # by which SciPy makes copies
        return {"distribution": self.distribution}

    def _logarithm(self, x: Array) -> Array:
        return self.distribution.log_pdf(np.ravel(x)).reshape(np.shape(x))

    def _cdf(self, x: Array) -> Array:
        return np.asarray(self.distribution.cdf(np.ravel(x)), dtype=float).reshape(np.shape(x))

    def _ppf(self, q: Array) -> Array:
        return np.asarray(self.distribution.ppf(np.ravel(q)), dtype=float).reshape(np.shape(q))

    def _stats(self) -> tuple[float, float, None, None]:
        return float(self.distribution.mean), float(self.distribution.var), None, None

    def _rvs(self, size: Any = None, random_state: Any = None) -> Array:
        shape = () if size is None else size
        if not isinstance(random_state, np.random.Generator):  # SciPy's other kind seeds one
            random_state = np.random.default_rng(random_state.randint(2**32, size=4, dtype=np.uint64))
        draws = self.distribution.sample(int(np.prod(shape)), random_state)
        return np.ravel(draws).reshape(shape)


class Continuous(_View, stats.rv_continuous):
    """A distribution with a density."""

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution
        support = distribution.support
        super().__init__(a=support.low, b=support.high, name=type(distribution).__name__)

    def _pdf(self, x: Array) -> Array:
        return np.exp(self._logarithm(x))

    def _logpdf(self, x: Array) -> Array:
        return self._logarithm(x)


class Discrete(_View, stats.rv_discrete):
    """A distribution with masses at whole numbers."""

    def __new__(cls, *_: Any, **__: Any) -> Discrete:  # noqa: D102
        return object.__new__(cls)  # SciPy's looks for a table of values among the arguments

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution
        support = distribution.support
        super().__init__(a=support.low, b=support.high, name=type(distribution).__name__)

    def _pmf(self, x: Array) -> Array:
        return np.exp(self._logarithm(x))

    def _logpmf(self, x: Array) -> Array:
        return self._logarithm(x)
