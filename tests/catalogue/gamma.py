"""Trials of the gamma, inverse-gamma and chi-square distributions."""

import mpmath
import scipy.stats

from distributions import ChiSquare, Gamma, InverseGamma

from . import Trial


def log_gamma_density(shape, rate, x):
    a, b, x = mpmath.mpf(shape), mpmath.mpf(rate), mpmath.mpf(x)
    return a * mpmath.log(b) - mpmath.loggamma(a) + (a - 1) * mpmath.log(x) - b * x


OF_ALL_MASS = (
    "density_integrates_to_one",
    "samples_have_the_moments_of_the_density",
    "samples_follow_the_density",
    "cdf_agrees_with_the_density",
    "ppf_inverts_the_cdf",
    "a_large_sample_is_recovered",
)

TRIALS = [
    Trial(
        Gamma,
        settings=[Gamma(1.0, 1.0), Gamma(0.5, 1e8), Gamma(30.0, 1e-8)],
        extremes=[Gamma(1e-3, 1.0), Gamma(1e6, 3.0), Gamma(0.05, 1e3)],
        twin=lambda d: scipy.stats.gamma(d.shape, scale=1.0 / d.rate),
        scipy_name="gamma",
        log_density=lambda d, x: log_gamma_density(d.shape, d.rate, x),
        no_law={repr(Gamma(1e-3, 1.0)): dict.fromkeys(OF_ALL_MASS, "half of its mass lies below the smallest double")},
    ),
    Trial(
        InverseGamma,
        settings=[InverseGamma(1.0, 1.0), InverseGamma(3.5, 1e-8), InverseGamma(30.0, 1e8)],
        extremes=[InverseGamma(0.05, 1.0), InverseGamma(1e6, 3.0)],
        twin=lambda d: scipy.stats.invgamma(d.shape, scale=d.scale),
        scipy_name="invgamma",
        log_density=lambda d, x: log_gamma_density(d.shape, d.scale, 1 / mpmath.mpf(x)) - 2 * mpmath.log(x),
    ),
    Trial(
        ChiSquare,
        settings=[ChiSquare(1.0), ChiSquare(2.0), ChiSquare(50.0)],
        extremes=[ChiSquare(0.1), ChiSquare(1e6)],
        twin=lambda d: scipy.stats.chi2(d.df),
        scipy_name="chi2",
        log_density=lambda d, x: log_gamma_density(mpmath.mpf(d.df) / 2, 0.5, x),
    ),
]
