"""Errors and warnings of both packages; each text names thing, row and remedy. All but `LawError` are ValueErrors."""

from __future__ import annotations


class InvalidParameterError(ValueError):
    """A parameter lies outside its domain, or parameters do not fit each other."""


class InvalidRecordError(InvalidParameterError):
    """A file or a record is not one of a distribution: damaged, changed, of another version, or never one."""


class UnknownParameterError(ValueError):
    """A value was asked of a distribution whose parameters are not known yet."""


class InvalidDataError(ValueError):
    """Rows or weights cannot be used: wrong shape, not finite, outside the support, too few."""


class NotNumericError(InvalidDataError, TypeError):
    """Rows hold what cannot become a number at all, such as a dict."""


class DegenerateDataError(InvalidDataError):
    """The likelihood of these data has no maximum: it grows without bound as a scale goes to zero."""


class NotFittedError(ValueError, AttributeError):
    """A result was asked of a mixture that has neither been fitted nor given all its parameters."""


class ConvergenceWarning(UserWarning):
    """EM ended before it converged, or an iteration lowered the likelihood."""


class DegeneracyWarning(UserWarning):
    """A component was kept from collapsing, or has lost all its data."""


class MeasureWarning(UserWarning):
    """Discrete and continuous components are mixed: their masses and densities are not comparable."""


class LawError(AssertionError):
    """A distribution breaks a law of `check_distribution`: the text names family, law and numbers."""
