"""Trials of the beta-binomial distribution."""

import mpmath
import scipy.stats

from distributions import BetaBinomial

from . import Trial


def log_density(d, x):
    k, n = (x, d.trials) if d.trials is not None else x
    a, b = mpmath.mpf(d.a), mpmath.mpf(d.b)

    def log_beta(one, other):
        return mpmath.loggamma(one) + mpmath.loggamma(other) - mpmath.loggamma(one + other)

    return log_beta(a + k, b + n - k) - log_beta(a, b) - log_beta(k + 1, n - k + 1) - mpmath.log(n + 1)


def twin(d):
    """SciPy has no two columns, and loses digits to cancellation at large shapes or many trials."""
    few = d.trials is not None and d.trials < 1e4
    return scipy.stats.betabinom(d.trials, d.a, d.b) if few and d.a + d.b < 1e4 else None


TRIALS = [
    Trial(
        BetaBinomial,
        settings=[
            BetaBinomial(trials=1),
            BetaBinomial(trials=10),
            BetaBinomial(2.0, 5.0, trials=300),
            BetaBinomial(0.5, 0.5, trials=12),
            BetaBinomial(3.0, 70.0, trials=10**5),
        ],
        extremes=[
            BetaBinomial(1e-3, 2e-3, trials=20),
            BetaBinomial(1e6, 3e6, trials=20),
            BetaBinomial(1e6, 3e6, trials=10**4),
            BetaBinomial(1e-3, 1e3, trials=50),
            BetaBinomial(1e7, 1e7),
        ],
        twin=twin,
        log_density=log_density,
        no_law={
            repr(BetaBinomial(1e6, 3e6, trials=20)): {
                "kernels_equal_their_python_source": "20 trials tell next to nothing of the size of shapes so large: "
                "a Newton step for it keeps eight digits, and which depends on the machine"
            }
        },
    )
]
