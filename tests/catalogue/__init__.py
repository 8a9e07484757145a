"""At which parameters each family is tried, and the same distribution in SciPy: one module per family, found by name.

A module defines ``TRIALS``, a list of `Trial`. A family without a module is tried at random parameters only.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import distributions
from distributions import Distribution

FAMILIES = [
    family
    for family in (getattr(distributions, name) for name in distributions.__all__)
    if isinstance(family, type) and issubclass(family, Distribution) and family is not Distribution
]


@dataclass(frozen=True)
class Trial:
    """What tests need to know about one family beyond what it says of itself.

    Parameters
    ----------
    family : type
    settings : list of Distribution
        Everyday and odd parameters, at more than one scale. Unknown parameters are drawn at random.
    extremes : list of Distribution
        Extreme but legal parameters.
    twin : callable, optional
        Makes the frozen SciPy distribution from one with known parameters; None for one that SciPy cannot make.
    log_density : callable, optional
        The exact log density ``log_density(distribution, x)`` of one observation in mpmath, the judge where SciPy is
        less accurate than this package.
    scipy_name : str, optional
        Name in `scipy.stats` of the family with a ``fit`` to be timed against.
    tolerance : dict
        Relative errors of "log_pdf", "cdf" or "ppf" larger than those of `test_accuracy`, each with its reason.
    no_law : dict
        Laws that a setting cannot keep, with the reason, by the `repr` of the setting (or "*" for all).
    """

    family: type[Distribution]
    settings: list[Distribution] = field(default_factory=list)
    extremes: list[Distribution] = field(default_factory=list)
    twin: Callable[[Any], Any] | None = None
    log_density: Callable[[Any, Any], Any] | None = None
    scipy_name: str | None = None
    tolerance: dict[str, tuple[float, str]] = field(default_factory=dict)
    no_law: dict[str, dict[str, str]] = field(default_factory=dict)


def distributions_of(family: type[Distribution], n_random: int) -> list[Distribution]:
    """Return what a family is tried at: the settings and extremes of its trial, and as many to be drawn at random."""
    trial = TRIALS.get(family) or Trial(family)
    try:
        unknown = [family() for _ in range(n_random)]
    except TypeError:  # it needs arguments, its settings give them
        unknown = []
    return [*trial.settings, *trial.extremes, *unknown]


TRIALS: dict[type[Distribution], Trial] = {
    trial.family: trial
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__))
    for trial in importlib.import_module(f"{__name__}.{module}").TRIALS
}
