"""Trials of shifted and scaled distributions."""

import scipy.stats

from distributions import Beta, Exponential, Gamma, Normal, Poisson, Scaled, Shifted, Weibull

from . import Trial


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
        no_law={"*": {"offset_moves_only_the_location": "the location is in another unit than the data"}},
    ),
]
