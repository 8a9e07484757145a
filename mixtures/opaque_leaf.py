"""A family written in plain NumPy, as the EM loop sees it: as if it had kernels."""

from __future__ import annotations

import numpy as np

from distributions.base import Distribution
from distributions.data import LEAST_TOTAL, Array, as_observed
from distributions.errors import InvalidDataError, InvalidParameterError
from distributions.kernels import Kernels


class OpaqueLeaf:
    """A family written in plain NumPy, behind the interface of the three kernels.

    Its statistics are the data themselves: `accumulate` keeps rows and responsibilities, `update` calls `fit`. Its
    ``theta`` is one number, the version of the distribution, so that parameters can be copied and put back.
    """

    missing_kernels = None
    stepwise = curved = False
    declared = ()

    def __init__(self, distribution: Distribution, name: str) -> None:
        self.name = name
        self.versions = [distribution]
        self.rows: list[Array] = []
        self.responsibilities: list[Array] = []
        self.scale, self.floor = np.ones(1), 0.0
        self.held: tuple[str, ...] = ()
        self.kernels = Kernels(self.log_pdf, self.accumulate, self.update)
        wholly_frozen = bool(distribution.parameters) and distribution.frozen >= set(distribution.parameters)
        self.n_parameters = 0 if wholly_frozen else max(distribution.n_parameters, 1)

    def log_pdf(self, X: Array, theta: Array, out: Array) -> None:
        """Add the log densities of the current version to ``out``."""
        values = np.asarray(self.versions[int(theta[0])].log_pdf(as_observed(X.T)), dtype=float)
        if values.shape != out.shape:
            raise InvalidDataError(
                f"{self.name}: log_pdf returned shape {values.shape} for {out.size} rows; it must be ({out.size},)"
            )
        out += values

    def accumulate(self, X: Array, r: Array, theta: Array, stats: Array) -> None:
        """Keep the rows that have any responsibility; a sweep begins with statistics of zero, and forgets the last."""
        if stats[0] == 0.0:
            self.rows, self.responsibilities = [], []
        stats[0] += len(r)
        present = r > 0
        self.rows.append(X[:, present])
        self.responsibilities.append(r[present])

    def update(self, stats: Array, theta: Array, bounds: Array) -> None:
        """Fit the current version to the rows kept.

        Raises
        ------
        InvalidDataError
            If the fit fails, as it may where few rows or equal ones are left.
        """
        rows, weight = np.concatenate(self.rows, axis=1).T, np.concatenate(self.responsibilities)
        if weight.sum() < LEAST_TOTAL:  # as good as none: it keeps its parameters
            return
        before = self.versions[int(theta[0])]
        try:
            fitted, self.held = before.fit_bounded(rows, weight, self.scale, self.floor)
        except (ValueError, ArithmeticError) as error:
            raise InvalidDataError(
                f"component {self.name!r}: {before!r} cannot be fitted to its share of the data ({len(weight)} rows of "
                f"weight {weight.sum():.3g}): {error}. Freeze a parameter, or keep its fit from collapsing."
            ) from error
        if not isinstance(fitted, Distribution):
            raise InvalidParameterError(f"component {self.name!r}: its fit must return a Distribution; got {fitted!r}")
        for name in before.frozen:
            was, is_now = before.parameters[name], fitted.parameters[name]
            if not np.array_equal(was, is_now):
                raise InvalidParameterError(
                    f"component {self.name!r}: its fit moved the frozen parameter {name} from {was!r} to {is_now!r}. "
                    "A fit must leave the parameters named in self.frozen as they are."
                )
        self.versions.append(fitted.freeze(*before.frozen) if before.frozen else fitted)
        theta[0] = len(self.versions) - 1
        self.rows, self.responsibilities = [], []

    def to_theta(self) -> Array:
        """Return the number of the newest version."""
        return np.array([len(self.versions) - 1.0])

    def from_theta(self, theta: Array) -> Distribution:
        """Return the version that ``theta`` names."""
        return self.versions[int(theta[0])]

    def bounds(self, scale: Array, floor: float) -> Array:
        """Return an empty constraint; scale and floor are for `fit_bounded`."""
        self.scale, self.floor = scale, floor
        return np.array([[-np.inf], [np.inf]])

    def at_bounds(self, theta: Array, bounds: Array) -> tuple[str, ...]:
        """Return the names of the parameters that the last fit was held at."""
        return self.held

    def units(self, scale: Array) -> Array:
        """Return infinity: a version number measures no step."""
        return np.array([np.inf])

    def statistics_size(self) -> int:
        """Return 1, for the number of rows seen: other statistics do not add."""
        return 1
