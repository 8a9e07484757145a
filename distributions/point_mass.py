"""The point mass: one value, always."""

from __future__ import annotations

from dataclasses import field

import numpy as np
import numpy.typing as npt

from .base import Distribution, Rng, parameter
from .data import Array
from .domains import REAL, Domain, Points
from .errors import InvalidParameterError
from .kernels import Kernels, kernel
from .uniform import accumulate, update  # nothing to be learned


@kernel
def log_pdf(X, theta, out):
    """Add 0 where x is the location, -inf elsewhere."""
    loc = theta[0]
    for i in range(out.size):
        x = X[0, i]
        inside = 0.0 if x == loc else -np.inf
        out[i] += inside if x == x else x


class PointMass(Distribution):
    """Point mass: probability 1 on one value.

    Its place is frozen from birth: a fit never moves it, for no other place gives rows at this one any mass. It serves
    as a component that takes up structural values, such as zeros in excess of those that counts have anyway.

    Parameters
    ----------
    loc : float
        The value, a finite number in the unit of x. It must be given.

    Notes
    -----
    `log_pdf` is a log mass, with respect to counting: 0 at loc and -inf elsewhere. Beside families of counts it is one
    of them. Beside densities it needs care: a mass and a density are then weighed against each other at loc, although
    the density's value depends on the unit of x, and likelihoods are comparable only between models with the same point
    masses. `MixtureModel` says so with a `MeasureWarning`.

    Examples
    --------
    >>> PointMass(0.0).pdf([0.0, 1.0])
    array([1., 0.])
    """

    loc: float = field(metadata=parameter(REAL, power=1).metadata)  # without a default: it must be given

    kernels = Kernels(log_pdf, accumulate, update)
    n_statistics = 1
    estimator = "nothing to fit"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loc is None:
            raise InvalidParameterError("PointMass: loc must be given, such as PointMass(0.0): a fit never finds it")
        object.__setattr__(self, "frozen", frozenset({"loc"}))

    def __repr__(self) -> str:
        return f"PointMass(loc={self.loc!r})"

    @property
    def support(self) -> Domain:  # type: ignore[override]
        """The one value."""
        return Points.of(np.array([self.loc]), f"equal to {self.loc!r}")

    def sample(self, size: int, rng: Rng = None) -> Array:
        """Return ``size`` times the value, shape (size,)."""
        return np.full(size, self.loc)

    @property
    def mean(self) -> float:
        """Expectation, loc."""
        return self.loc

    @property
    def var(self) -> float:
        """Variance, 0."""
        return 0.0

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Return P(X <= x), 1 from loc on."""
        x = np.asarray(x, dtype=float)
        return np.where(np.isnan(x), x, x >= self.loc)[()]

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Return loc for each probability q."""
        q = np.asarray(q, dtype=float)
        return np.where((q >= 0.0) & (q <= 1.0), self.loc, np.nan)[()]
