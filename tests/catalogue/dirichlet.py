"""Trials of the Dirichlet distribution."""

import mpmath
import numpy as np
import scipy.stats

from distributions import Dirichlet

from . import Trial


class Rows:
    """SciPy's Dirichlet takes observations as columns, and wants sums of one to the last bits."""

    def __init__(self, concentration):
        self.concentration = concentration

    def logpdf(self, x):
        return scipy.stats.dirichlet.logpdf((x / x.sum(axis=1, keepdims=True)).T, self.concentration)


def log_density(d, x):
    total = mpmath.loggamma(mpmath.fsum(d.concentration.tolist()))
    for a, y in zip(d.concentration.tolist(), x, strict=True):
        total += (mpmath.mpf(a) - 1) * mpmath.log(y) - mpmath.loggamma(a)
    return total


TRIALS = [
    Trial(
        Dirichlet,
        settings=[
            Dirichlet([1.0, 1.0, 1.0]),
            Dirichlet([0.3, 40.0]),
            Dirichlet([20.0, 300.0, 500.0, 4.0]),
            Dirichlet(np.linspace(0.2, 5.0, 15)),
        ],
        extremes=[
            Dirichlet([1e-2, 2e-2, 1.0]),
            Dirichlet([1e6, 3e6, 2e3]),
            Dirichlet([0.5, 1e5]),
        ],
        twin=lambda d: Rows(d.concentration),
        log_density=log_density,
        tolerance={"log_pdf": (2e-11, "terms as large as the concentrations cancel: 6.4e-12 where they are 1e6")},
    )
]
