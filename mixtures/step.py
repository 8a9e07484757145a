"""A step of EM, for those who look on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from distributions.base import Distribution
from distributions.data import Array

from . import em, posterior

if TYPE_CHECKING:
    from .fitting import Fit


class Step:
    """One step of EM, as `MixtureModel.iter_fit` and a ``callback`` see it; what takes time is made when asked for.

    Attributes
    ----------
    iteration : int
        Updates made so far; 0 is the start.
    objective : float
        What the fit maximises, as in ``history_``.
    log_likelihood : float
        Total weighted log-likelihood at these parameters.
    components : list or dict of Distribution
    weights : ndarray, shape (K,)
    responsibilities : ndarray, shape (n, K)
        Probability that each row of positive weight came from each component, at these parameters.
    """

    def __init__(self, fit: Fit) -> None:
        state = fit.engine.state
        self.iteration = int(state.progress[em.SWEEPS]) - 1
        self.objective = float(state.history[self.iteration])
        self._fit, self._point, self._log_prior = fit, fit.engine.state.point.copy(), fit.log_prior

    def __repr__(self) -> str:
        return f"Step(iteration={self.iteration}, objective={self.objective!r})"

    @cached_property
    def log_likelihood(self) -> float:
        """Total weighted log-likelihood."""
        if self._fit.is_truncated:
            return self._fit.log_likelihood_at(self._point)
        return self.objective - self._log_prior

    @cached_property
    def components(self) -> list[Distribution] | dict[str, Distribution]:
        """The components."""
        return self._fit.structure.shaped(self._described[0])

    @property
    def weights(self) -> Array:
        """Mixing proportions."""
        return self._described[1]

    @cached_property
    def responsibilities(self) -> Array:
        """Memberships of the rows."""
        return posterior.responsibilities(*self._described, self._fit.data.rows)

    @cached_property
    def _described(self) -> tuple[list[Distribution], Array]:
        return self._fit.described(self._point)
