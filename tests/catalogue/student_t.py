"""Trials of Student's t distribution."""

import mpmath
import numpy as np
import scipy.stats

from distributions import StudentT

from . import Trial


def twin(d):
    """SciPy says that the mean for df <= 1, which does not exist, is infinite."""
    made = scipy.stats.t(d.df, d.loc, d.scale)
    if d.df <= 1.0:
        made.mean = lambda: np.nan
    return made


def log_density(d, x):
    df, scale = mpmath.mpf(d.df), mpmath.mpf(d.scale)
    z = (mpmath.mpf(x) - mpmath.mpf(d.loc)) / scale
    constant = mpmath.loggamma((df + 1) / 2) - mpmath.loggamma(df / 2) - mpmath.log(df * mpmath.pi) / 2
    return constant - mpmath.log(scale) - (df + 1) / 2 * mpmath.log1p(z * z / df)


TRIALS = [
    Trial(
        StudentT,
        settings=[StudentT(3.0, 5.0, 1e-8), StudentT(7.0, -3e4, 1e8), StudentT(1.0, 1e8, 1.0), StudentT(4.0, 0.0, 1.0)],
        extremes=[StudentT(0.3, 0.0, 1.0), StudentT(1e6, -2.0, 30.0), StudentT(200.0, 0.0, 1.0)],
        twin=twin,
        log_density=log_density,
        scipy_name="t",
    )
]
