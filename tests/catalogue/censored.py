"""Trials of censored distributions."""

from distributions import Censored, Exponential, Gamma, LogNormal, Normal, Poisson, Truncated, Weibull

from . import Trial

NO_DENSITY = "rows of counts are values and intervals: what log_pdf gives are no probabilities of one set of rows"
OF_COUNTS = dict.fromkeys(
    (
        "density_integrates_to_one",
        "samples_have_the_moments_of_the_density",
        "samples_follow_the_density",
        "mean_and_var_agree_with_the_density",
    ),
    NO_DENSITY,
)
COUNTS = Censored(Poisson(2.5))

TRIALS = [
    Trial(
        Censored,
        settings=[
            Censored(Weibull(1.5, 3e-4)),
            Censored(Exponential(0.01)),
            Censored(Normal(-1e3, 40.0)),
            Censored(Normal(3.0, 2.0).freeze("std")),
            Censored(LogNormal(0.0, 0.5)),
            Censored(Truncated(Gamma(2.0, 1.0), low=0.5)),
            COUNTS,
        ],
        no_law={
            "*": {"units_scale_by_their_power": "a row of two equal columns has a density with respect to length"},
            repr(COUNTS): OF_COUNTS,
        },
    )
]
