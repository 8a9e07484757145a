"""Trials of shifted and scaled distributions."""

import mpmath
import scipy.stats

from distributions import Beta, Exponential, Gamma, Normal, Poisson, Scaled, Shifted, Weibull

from . import Trial
from .beta import log_density as beta_log_density


def shifted_twin(d):
    """Return the shifted distribution in SciPy, of those tried."""
    inner = d.distribution
    if isinstance(inner, Exponential):
        return scipy.stats.expon(d.by, 1.0 / inner.rate)
    return scipy.stats.poisson(inner.rate, d.by) if isinstance(inner, Poisson) else None


def scaled_twin(d):
    """Return the scaled distribution in SciPy, of those tried."""
    inner = d.distribution
    return scipy.stats.beta(inner.a, inner.b, scale=d.by) if isinstance(inner, Beta) else None


def scaled_log_density(d, x):
    """Of one observation of a scaled beta, in mpmath."""
    return beta_log_density(d.distribution, mpmath.mpf(x) / d.by) - mpmath.log(d.by)


TRIALS = [
    Trial(
        Shifted,
        settings=[
            Shifted(Exponential(), by=3.0),
            Shifted(Exponential(1e3), by=-0.5),
            Shifted(Normal(2.0, 3.0), by=100.0),
            Shifted(Weibull(1.5, 20.0).freeze("shape"), by=7.0),
            Shifted(Gamma(0.7, 1e-3), by=-40.0),
            Shifted(Poisson(4.0), by=2.0),
        ],
        twin=shifted_twin,
        no_law={"*": {"units_scale_by_their_power": "the shift stays as it is"}},
    ),
    Trial(
        Scaled,
        settings=[
            Scaled(Exponential(), by=3.0),
            Scaled(Normal(2.0, 3.0), by=1e-4),
            Scaled(Beta(2.0, 5.0), by=100.0),
            Scaled(Gamma(2.0, 1.0), by=1e8),
            Scaled(Weibull(1.5, 20.0), by=0.3),
            Scaled(Weibull(1.5, 20.0).freeze("shape"), by=7.0),
        ],
        twin=scaled_twin,
        log_density=scaled_log_density,
        no_law={"*": {"offset_moves_only_the_location": "the location is in another unit than the data"}},
    ),
]
