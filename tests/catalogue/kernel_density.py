"""Trials of the kernel density."""

import mpmath
import numpy as np
import scipy.stats

from distributions import KernelDensity

from . import Trial

RNG = np.random.default_rng(7)
LINE = np.round(RNG.standard_t(4.0, 30), 6)
TABLE = np.round(RNG.normal(size=(25, 3)) * [1.0, 1e-6, 1e6] + [0.0, 5.0, -1e7], 9)
PROPORTIONS = np.arange(30) / np.arange(30).sum()  # the first is zero


class Twin:
    """SciPy's estimate of the same kernels, which has no quantiles."""

    def __init__(self, d):
        # SciPy's bandwidth multiplies the root of the unbiased weighted variance.
        share = np.full(len(d.points), 1.0 / len(d.points)) if d.weights is None else np.asarray(d.weights)
        self.kde = scipy.stats.gaussian_kde(
            d.points, bw_method=d.bandwidth * np.sqrt(1.0 - np.sum(share**2)), weights=share
        )
        self.logpdf = self.kde.logpdf


def log_density(d, x):
    """Sum of normal densities, in mpmath."""
    widths, rows = np.atleast_1d(d.widths), np.reshape(d.points, (len(d.points), -1))
    share = np.full(len(rows), 1.0 / len(rows)) if d.weights is None else d.weights
    kernels = (
        mpmath.mpf(float(p))
        * mpmath.fprod(
            mpmath.npdf(mpmath.mpf(float(a)), float(b), float(w))
            for a, b, w in zip(np.atleast_1d(x), row, widths, strict=True)
        )
        for p, row in zip(share, rows, strict=True)
    )
    return mpmath.log(mpmath.fsum(kernels))


NO_MAXIMUM = "kernels that shrink onto the data raise the likelihood without end; the bandwidth is cross-validated"

TRIALS = [
    Trial(
        KernelDensity,
        settings=[
            KernelDensity(LINE, 0.4),
            KernelDensity(LINE * 1e-8, 0.2, PROPORTIONS),
            KernelDensity(LINE * 1e8 - 3e9, 2.0),
            KernelDensity(TABLE, 0.6),
            KernelDensity(TABLE[:, :2], 0.3, PROPORTIONS[5:] / PROPORTIONS[5:].sum()),
        ],
        extremes=[KernelDensity([-1.0, 2.0], 0.03), KernelDensity(LINE, 1e3)],
        log_density=log_density,
        no_law={
            "*": {
                "fit_is_stationary": NO_MAXIMUM,
                "frozen_values_stay": NO_MAXIMUM,
                "a_large_sample_is_recovered": "Wilks' theorem is about parameters, not about a curve",
            }
        },
    )
]
