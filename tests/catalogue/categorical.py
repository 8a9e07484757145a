"""Trials of the categorical distribution."""

import mpmath
import scipy.stats

from distributions import Categorical

from . import Trial


def twin(d):
    """SciPy's own finite distribution takes whole numbers only, and its variance is a difference of moments."""
    whole = min(d.prob) > 1e-9 and (d.categories is None or all(isinstance(label, int) for label in d.categories))
    values = range(len(d.prob)) if d.categories is None else d.categories
    return scipy.stats.rv_discrete(values=(list(values), d.prob)) if whole else None


def log_density(d, x):
    values = list(range(len(d.prob)) if d.categories is None else d.categories)
    values = values if all(isinstance(label, (int, float)) for label in values) else list(range(len(values)))
    return mpmath.log(d.prob[values.index(x)]) if x in values and d.prob[values.index(x)] > 0 else mpmath.ninf


TRIALS = [
    Trial(
        Categorical,
        settings=[
            Categorical([0.5, 0.2, 0.3], categories=("low", "middle", "high")),
            Categorical([0.5, 0.2, 0.3], categories=(1000, -3, 7)),
            Categorical([0.1, 0.2, 0.3, 0.4], categories=(0.5, 2.25, 1e4, -7.75)),
            Categorical([0.1, 0.9]),
        ],
        extremes=[
            Categorical([1e-12, 1.0 - 1e-12]),
            Categorical([0.5, 0.0, 0.5]),
            Categorical([0.001] * 1000, categories=range(5, 1005)),
        ],
        twin=twin,
        log_density=log_density,
    )
]
