"""Trials of the multivariate normal distribution."""

import mpmath
import numpy as np
import scipy.stats

from distributions import MultivariateNormal

from . import Trial

CORRELATED = np.array([[4.0, -1.2, 0.3], [-1.2, 0.5, 0.0], [0.3, 0.0, 90.0]])
UNEQUAL_UNITS = np.array([[1e-16, 0.5], [0.5, 1e16]])  # correlation 0.5
WIDE = np.array([[0.5 ** abs(i - j) * (i + 1) * (j + 1) for j in range(5)] for i in range(5)])


def twin(d):
    """SciPy's multivariate normal judges singularity in absolute units, and has no cdf of a row in one column."""
    if d.n_columns == 1:
        return scipy.stats.norm(d.mean[0], np.sqrt(d.cov[0, 0]))
    return None if np.ptp(np.log10(np.diag(d.cov))) > 12 else scipy.stats.multivariate_normal(d.mean, d.cov)


def log_density(d, x):
    """Of one observation, in mpmath."""
    away = mpmath.matrix(np.atleast_1d(x).tolist()) - mpmath.matrix(d.mean.tolist())
    cov = mpmath.matrix(d.cov.tolist())
    square = (away.T * mpmath.lu_solve(cov, away))[0]
    return -(square + mpmath.log(mpmath.det(cov)) + len(away) * mpmath.log(2 * mpmath.pi)) / 2


TRIALS = [
    Trial(
        MultivariateNormal,
        settings=[
            MultivariateNormal([3.0], [[4.0]]),
            MultivariateNormal([1.0, -2.0, 50.0], CORRELATED),
            MultivariateNormal([1e-8, 3e8], UNEQUAL_UNITS),
            MultivariateNormal(np.arange(5.0), WIDE),
            MultivariateNormal(np.zeros(20), np.diag(np.arange(1.0, 21.0))),
            *(
                MultivariateNormal(mean, np.diag(variances), structure=structure)
                for structure, cases in {
                    "diagonal": {(7.0,): [0.3], (1.0, -9.0): [25.0, 1e-4], (0.0, 1.0, 2.0, 3.0, 4.0): [1, 2, 3, 4, 5]},
                    "spherical": {(7.0,): [0.3], (1.0, -9.0): [25.0, 25.0], (0.0, 1.0, 2.0, 3.0, 4.0): [9] * 5},
                }.items()
                for mean, variances in cases.items()
            ),
            MultivariateNormal(structure="diagonal"),
            MultivariateNormal(structure="spherical"),
        ],
        twin=twin,
        log_density=log_density,
    )
]
