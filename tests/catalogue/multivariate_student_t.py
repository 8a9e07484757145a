"""Trials of the multivariate t distribution."""

import mpmath
import numpy as np
import scipy.stats

from distributions import MultivariateStudentT

from . import Trial

CORRELATED = np.array([[4.0, -1.2, 0.3], [-1.2, 0.5, 0.0], [0.3, 0.0, 90.0]])


def log_density(d, x):
    df, n = mpmath.mpf(d.df), len(d.loc)
    scale = mpmath.matrix(d.scale.tolist())
    away = mpmath.matrix(np.atleast_1d(x).tolist()) - mpmath.matrix(d.loc.tolist())
    distance = (away.T * mpmath.lu_solve(scale, away))[0]
    constant = mpmath.loggamma((df + n) / 2) - mpmath.loggamma(df / 2) - n * mpmath.log(df * mpmath.pi) / 2
    return constant - mpmath.log(mpmath.det(scale)) / 2 - (df + n) / 2 * mpmath.log1p(distance / df)


def twin(d):
    """SciPy judges singularity in absolute units, and has no cdf of a row in one column."""
    if d.n_columns == 1:
        return scipy.stats.t(d.df, d.loc[0], np.sqrt(d.scale[0, 0]))
    return None if np.ptp(np.log10(np.diag(d.scale))) > 12 else scipy.stats.multivariate_t(d.loc, d.scale, d.df)


TRIALS = [
    Trial(
        MultivariateStudentT,
        settings=[
            MultivariateStudentT(4.0, [3.0], [[4.0]]),
            MultivariateStudentT(5.0, [1.0, -2.0, 50.0], CORRELATED),
            MultivariateStudentT(8.0, [1e-8, 3e8], [[1e-16, 0.5], [0.5, 1e16]]),
            MultivariateStudentT(6.0, [0.0, 0.0, 0.0, 1.0, 2.0], np.diag([1.0, 2.0, 3.0, 4.0, 5.0])),
        ],
        extremes=[MultivariateStudentT(1e6, [0.0, 5.0], [[1.0, 0.9], [0.9, 1.0]])],
        twin=twin,
        log_density=log_density,
    )
]
