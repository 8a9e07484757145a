"""The law: what must be true of every distribution, as a library of small checks.

`check_distribution` runs those that apply to a distribution, be it one of ours or a user's class, compiled or
in plain NumPy, of one or of several columns. Which apply is a question of what it can do (``needs``), never
of its class. The checks themselves are in `density`, `fit` and `value`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..arguments import as_generator
from ..base import Distribution, Rng
from ..errors import ConvergenceWarning, DegeneracyWarning, InvalidParameterError, LawError, MeasureWarning
from . import density, fit, value
from .case import Case, is_frozen_twin


class Law(NamedTuple):
    """One law: a check that raises `LawError`, and the capabilities of a `Case` that it needs."""

    check: Callable[[Case], None]
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the check."""
        return self.check.__name__

    def applies(self, case: Case) -> bool:
        """Whether the case has all that the law needs."""
        return all(getattr(case, need) for need in self.needs)

    def enforce(self, case: Case) -> None:
        """Check; a law broken, or any error on the way, is a LawError with family, law and numbers."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                for category in (ConvergenceWarning, DegeneracyWarning, MeasureWarning):
                    warnings.simplefilter("ignore", category)  # laws about odd data provoke them
                self.check(case)
        except LawError as broken:
            message = str(broken)
        except Exception as error:  # whatever a family raises on legal input breaks the law that passed it
            message = f"{type(error).__name__}: {error}"
        else:
            return
        meaning = (self.check.__doc__ or "").splitlines()[0]
        family = repr(case.distribution)
        family = family if len(family) <= 300 else f"{family[:297]}..."
        raise LawError(f"{family} breaks the law {self.name!r}: {message}\n    ({meaning})")


ONE, COMPILED, VALUE = ("one_column",), ("compiled",), ("is_value",)

LAWS = (
    Law(density.log_pdf_is_one_float_per_row),
    Law(density.log_pdf_judges_each_row_alone),
    Law(density.log_pdf_is_minus_inf_outside_the_support),
    Law(density.log_pdf_is_nan_for_nan),
    Law(density.missing_cells_are_integrated_out, ("has_missing",)),
    Law(density.missing_cells_are_imputed_by_their_expectation, ("has_missing",)),
    Law(density.log_pdf_is_finite_far_in_the_tail),
    Law(density.density_integrates_to_one, ("has_density",)),
    Law(density.pdf_and_log_likelihood_follow_log_pdf),
    Law(density.density_equals_the_scipy_twin, ("has_twin",)),
    Law(density.samples_are_rows_of_the_support),
    Law(density.samples_have_the_moments_of_the_density, ("has_density",)),
    Law(density.samples_follow_the_density, ("has_density",)),
    Law(density.cdf_rises_from_zero_to_one, ONE),
    Law(density.cdf_agrees_with_the_density, ("has_cdf",)),
    Law(density.ppf_inverts_the_cdf, ONE),
    Law(density.mean_and_var_agree_with_the_density, ("has_density",)),
    Law(fit.fit_gives_known_parameters),
    Law(fit.fit_is_stationary),
    Law(fit.fit_with_missing_cells_is_stationary, ("has_missing",)),
    Law(fit.fit_does_not_depend_on_its_start, VALUE),
    Law(fit.integer_weight_is_repetition),
    Law(fit.zero_weight_is_absence),
    Law(fit.common_factor_of_weights_cancels),
    Law(fit.offset_moves_only_the_location, ("has_location",)),
    Law(fit.units_scale_by_their_power, ("has_units",)),
    Law(fit.a_large_sample_is_recovered),
    Law(fit.frozen_values_stay, VALUE),
    Law(fit.bad_rows_are_refused),
    Law(fit.degenerate_data_are_refused_or_fitted),
    Law(fit.first_guess_is_a_legal_start, VALUE),
    Law(value.arguments_and_self_stay_untouched),
    Law(value.any_layout_and_number_type_will_do),
    Law(value.copies_are_equal),
    Law(value.json_gives_it_back),
    Law(value.repr_evaluates_to_it, VALUE),
    Law(value.equal_values_are_equal, VALUE),
    Law(value.values_cannot_be_changed, VALUE),
    Law(value.a_bad_parameter_is_named, VALUE),
    Law(value.unknown_parameters_are_refused, VALUE),
    Law(value.n_parameters_counts_what_is_free, VALUE),
    Law(value.kernels_equal_their_python_source, COMPILED),
    Law(value.statistics_add_up, COMPILED),
    Law(value.statistics_may_be_taken_about_any_theta, ("closed_form",)),
    Law(value.statistics_are_carried_over, ("carries",)),
    Law(value.rows_outside_the_support_add_nothing, COMPILED),
    Law(value.kernels_write_only_their_output, COMPILED),
    Law(value.theta_gives_it_back, COMPILED),
    Law(value.a_floor_holds_collapsing_scales, COMPILED),
)


def check_distribution(distribution: Distribution, *, rng: Rng = 0, scipy_twin: Any = None) -> tuple[str, ...]:
    """Check that a distribution, yours or ours, keeps every law of this package that applies to it.

    Parameters
    ----------
    distribution : Distribution
        An instance. Unknown parameters are given random values from their domains, known ones are kept.
    rng : int, numpy.random.Generator or None, default 0
        Seed of the random values and samples.
    scipy_twin : frozen SciPy distribution or callable, optional
        The same distribution in SciPy, or a function that makes it from the distribution with its parameters known.

    Returns
    -------
    tuple of str
        Names of the laws that were checked, all of them kept.

    Raises
    ------
    LawError
        If a law is broken: all broken ones are told, each with the family, the law and the numbers.
    InvalidParameterError
        If an argument is none of these.

    Examples
    --------
    >>> from distributions import Exponential, check_distribution
    >>> "density_integrates_to_one" in check_distribution(Exponential())
    True
    """
    if not isinstance(distribution, Distribution):
        raise InvalidParameterError(
            f"check_distribution: distribution must be an instance of one; got {distribution!r}"
        )
    if scipy_twin is not None and not callable(scipy_twin) and not is_frozen_twin(scipy_twin):
        raise InvalidParameterError(
            f"check_distribution: scipy_twin must be a frozen distribution of SciPy or make one; got {scipy_twin!r}"
        )
    case = Case(distribution, as_generator("check_distribution", rng), scipy_twin)
    checked, broken = [], []
    for law in LAWS:
        try:
            if law.applies(case):
                law.enforce(case)
                checked.append(law.name)
        except LawError as error:
            broken.append(str(error))
    if broken:
        raise LawError("\n".join(broken))
    return tuple(checked)
