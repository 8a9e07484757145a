"""Trials of zero-inflated distributions."""

from distributions import Binomial, Exponential, Gamma, Geometric, LogNormal, LogSeries, NegativeBinomial, Poisson
from distributions import ZeroInflated as Inflated

from . import Trial

TRIALS = [
    Trial(
        Inflated,
        settings=[
            Inflated(Poisson()),
            Inflated(Poisson(3.0), 0.3),
            Inflated(Poisson(40.0), 0.9),
            Inflated(NegativeBinomial(2.0, 0.2), 0.4),
            Inflated(Geometric()),
            Inflated(Binomial(0.3, trials=12), 0.2),
            Inflated(LogSeries(0.7), 0.6),
            Inflated(Gamma()),
            Inflated(Gamma(2.0, 1e-4), 0.35),
            Inflated(LogNormal(-3.0, 0.5), 0.1),
            Inflated(Exponential(1e3), 0.2),
            Inflated(Poisson(3.0).freeze("rate"), 0.3),
            Inflated(Poisson(3.0), 0.3).freeze("prob"),
        ],
        extremes=[Inflated(Poisson(1e6), 1e-3), Inflated(Gamma(2.0, 1e8), 0.9)],
    )
]
