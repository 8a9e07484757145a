"""Trials of the von Mises distribution."""

import mpmath
import scipy.stats

from distributions import VonMises

from . import Trial


def log_density(d, x):
    """Density of an angle, in mpmath."""
    k = mpmath.mpf(d.concentration)
    return k * mpmath.cos(mpmath.mpf(float(x)) - mpmath.mpf(d.loc)) - mpmath.log(2 * mpmath.pi * mpmath.besseli(0, k))


def twin(d):
    """SciPy cuts the line elsewhere: they agree about 0 only; with moments to 1e-8."""
    return scipy.stats.vonmises_line(d.concentration) if d.loc == 0.0 and 0.0 < d.concentration < 5.0 else None


TRIALS = [
    Trial(
        VonMises,
        settings=[VonMises(0.0, 1.0), VonMises(0.0, 10.0), VonMises(3.0, 30.0), VonMises(-2.0, 0.1)],
        extremes=[VonMises(1.0, 0.0), VonMises(-3.1, 1e5), VonMises(0.0, 1e-5), VonMises(-1.0, 1e9)],
        twin=twin,
        log_density=log_density,
        scipy_name="vonmises",
    )
]
