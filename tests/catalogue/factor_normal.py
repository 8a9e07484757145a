"""Trials of the factor-analytic normal distribution."""

import numpy as np
import scipy.stats

from distributions import FactorNormal

from . import Trial

ONE = [[2.0], [-1.0], [0.5], [3.0]]
TWO = [[1.0, 0.0], [2.0, 1.0], [0.5, -2.0], [1.0, 1.0], [0.0, 1.5], [-1.0, 0.5]]
RNG = np.random.default_rng(5)

TRIALS = [
    Trial(
        FactorNormal,
        settings=[
            FactorNormal([1.0, 2.0, 3.0, 4.0], ONE, [1.0, 2.0, 0.5, 1.0], rank=1),
            FactorNormal([1.0, 2.0, 3.0, 4.0], ONE, [0.1, 0.1, 0.1, 0.1], rank=1),
            FactorNormal(np.zeros(6), TWO, np.ones(6), rank=2),
            FactorNormal(np.zeros(6), 1e-4 * np.array(TWO), 1e-8 * np.arange(1.0, 7.0), rank=2),
            FactorNormal(50.0 + np.zeros(6), 1e4 * np.array(TWO), 1e8 * np.ones(6), rank=2),
            FactorNormal(np.zeros(12), RNG.normal(size=(12, 3)), RNG.uniform(0.5, 2.0, 12), rank=3),
        ],
        twin=lambda d: scipy.stats.multivariate_normal(d.mean, d.cov) if np.min(d.noise) > 1e-6 else None,
    )
]
