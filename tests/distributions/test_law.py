"""The law is proved by mutants: each published mistake, made in a small family, is rejected under a fitting law.

NUMERICS.md, section 3, mistake by mistake ("mixture": it cannot be made in a single family and is tested there):

=====================================================================  ==================================
PlainLogNormal without its Jacobian                                         LogNormalWithoutJacobian
variance handed to the sampler as a standard deviation                 VarianceGivenToTheSampler
half-normal fitted about the mean, with density below zero             HalfNormalAboutTheMean
Student t with the normal's M-step                                     StudentTWithNormalStep
a zero-inflated class with no log density                              test_a_class_without_log_density...
E[x^2] - mean^2                                                        MeanOfSquares, MeanOfSquaresKernel
... and variance .125 for .01 in float32                               Float32Sums
regularisation of 1e-6 in absolute units                               AbsoluteFloor, AbsoluteFloorKernel
convergence watched on the wrong number, tol per row                   mixture
a fall of the likelihood taken for convergence                         mixture
`lower_bound_` one M-step old                                          mixture
weights accepted and ignored (in fit; in BIC: mixture)                 WeightsIgnored, WeightsIgnoredKernel
one NaN or one zero turns every parameter to NaN without a word        NaNSkipped, ZeroSkipped
components silently dropped                                            mixture
component i simply given cluster i; random responsibilities            mixture
fit mutates the objects passed in                                      MutatesItsData, MutatesItself
two constructors guessed from the number of columns                    not in the contract: a class is one family
a mode that is only local                                              CauchyFromOneStart; mixture (n_init)
n - 1 in a "maximum likelihood" fit                                    DivisorNMinusOne, DivisorNMinusOneKernel
log(exp(.)) that underflows in the tail                                UnderflowInTheTail
docstring and default disagree                                         doctests of every family
=====================================================================  ==================================

The other mutants are mistakes that the contract of DESIGN.md, section 3, invites.
"""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy.special import digamma, gammaln, pdtr, pdtrik, polygamma

from distributions import Distribution, Kernels, LawError, check_distribution, kernel, log_normal, parameter
from distributions.domains import COUNTS, NON_NEGATIVE, POSITIVE, REAL
from distributions.law import LAWS
from distributions.law.case import Case
from distributions.multivariate_normal import MultivariateNormal
from distributions.poisson import Poisson

LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


def observed(family, x, sample_weight):
    """Rows and weights of the rows that are there; an illegal row is an error."""
    x = np.ravel(x).astype(float)
    w = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    x, w = x[w > 0], w[w > 0]
    if not family.support.contains(x).all():
        raise ValueError(f"{type(family).__name__} needs x to be {family.support.text}")
    return x, w


def floats(x):
    return np.ravel(x).astype(float)


# ------------------------------------------------------------------------------ normal, in plain NumPy


class PlainNormal(Distribution):
    mean: float = parameter(REAL, power=1)
    std: float = parameter(POSITIVE, power=1)

    def log_pdf(self, x):
        return -0.5 * ((floats(x) - self.mean) / self.std) ** 2 - math.log(self.std) - LOG_SQRT_2PI

    def fit(self, x, sample_weight=None):
        x, w = observed(self, x, sample_weight)
        mean = self.mean if "mean" in self.frozen else np.average(x, weights=w)
        std = self.std if "std" in self.frozen else self.deviation(x, w, mean)
        return self.with_values(mean=mean, std=std)

    def deviation(self, x, w, mean):
        return np.sqrt(np.average((x - mean) ** 2, weights=w))

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).normal(self.mean, self.std, size)


class VarianceGivenToTheSampler(PlainNormal):
    def sample(self, size, rng=None):
        return np.random.default_rng(rng).normal(self.mean, self.std**2, size)


class MeanOfSquares(PlainNormal):
    def deviation(self, x, w, mean):
        return np.sqrt(np.average(x**2, weights=w) - mean**2)


class Float32Sums(PlainNormal):
    def fit(self, x, sample_weight=None):
        return super().fit(np.ravel(x).astype(np.float32), sample_weight)

    def deviation(self, x, w, mean):
        x, w = x.astype(np.float32), w.astype(np.float32)
        return np.sqrt(np.sum(w * (x - np.float32(mean)) ** 2) / np.sum(w))


class AbsoluteFloor(PlainNormal):
    def deviation(self, x, w, mean):
        return np.sqrt(np.average((x - mean) ** 2, weights=w) + 1e-6)


class WeightsIgnored(PlainNormal):
    def fit(self, x, sample_weight=None):
        return super().fit(*observed(self, x, sample_weight)[:1])


class WeightsIgnoredInTheLikelihood(PlainNormal):
    def log_likelihood(self, x, sample_weight=None):
        return float(np.sum(self.log_pdf(x)))


class WeightsMustSumToOne(PlainNormal):
    def deviation(self, x, w, mean):
        return np.sqrt(np.sum(w * (x - mean) ** 2) / max(np.sum(w), len(w)))


class ZeroTimesNaN(PlainNormal):
    def fit(self, x, sample_weight=None):
        x, w = floats(x), np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight)
        mean = self.mean if "mean" in self.frozen else np.average(x, weights=w)
        std = self.std if "std" in self.frozen else self.deviation(x, w, mean)
        return self.with_values(mean=mean, std=std)


class NaNSkipped(PlainNormal):
    def fit(self, x, sample_weight=None):
        x = floats(x)
        w = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        return super().fit(x[np.isfinite(x)], w[np.isfinite(x)])


class NaNWithoutAWord(PlainNormal):
    def fit(self, x, sample_weight=None):
        try:
            return super().fit(x, sample_weight)
        except ValueError:
            made = self.with_values(mean=0.0, std=1.0)
            object.__setattr__(made, "mean", math.nan)
            return made


class MutatesItsData(PlainNormal):
    def fit(self, x, sample_weight=None):
        fitted = super().fit(x, sample_weight)
        if isinstance(x, np.ndarray) and x.dtype == float and x.flags.writeable:
            x -= fitted.mean
        return fitted


class MutatesItself(PlainNormal):
    def fit(self, x, sample_weight=None):
        fitted = super().fit(x, sample_weight)
        object.__setattr__(self, "mean", fitted.mean)
        return fitted


class DivisorNMinusOne(PlainNormal):
    def deviation(self, x, w, mean):
        return np.sqrt(np.sum(w * (x - mean) ** 2) / (np.sum(w) - 1.0))


class UnderflowInTheTail(PlainNormal):
    def log_pdf(self, x):
        z = (floats(x) - self.mean) / self.std
        return np.log(np.exp(-0.5 * z**2) / (self.std * math.sqrt(2.0 * math.pi)))


class FrozenIgnored(PlainNormal):
    def fit(self, x, sample_weight=None):
        x, w = observed(self, x, sample_weight)
        mean = np.average(x, weights=w)
        return self.with_values(mean=mean, std=self.deviation(x, w, mean))


class FrozenMeanForgottenInTheStd(PlainNormal):
    def deviation(self, x, w, mean):
        return super().deviation(x, w, np.average(x, weights=w))


class FrozenStillCounted(PlainNormal):
    @property
    def n_parameters(self):
        return 2


class RoundedRepr(PlainNormal):
    def __repr__(self):
        return f"{type(self).__name__}(mean={self.mean or 0:.6g}, std={self.std or 1:.6g})"


class Float32Json(PlainNormal):
    def to_dict(self):
        record = super().to_dict()
        values = {name: float(np.float32(value)) for name, value in record["parameters"].items()}
        return {**record, "parameters": values}


class WrongUnit(PlainNormal):
    std: float = parameter(POSITIVE, power=2)


class SharedSeed(PlainNormal):
    def sample(self, size, rng=None):
        return np.random.default_rng(0).normal(self.mean, self.std, size)


class CentredOnTheBatch(PlainNormal):
    def log_pdf(self, x):
        return super().log_pdf(floats(x) - np.mean(x) + self.mean) if np.size(x) > 1 else super().log_pdf(x)


class Float32Density(PlainNormal):
    def log_pdf(self, x):
        return super().log_pdf(x).astype(np.float32)


class ColumnComesBackAsColumn(PlainNormal):
    def log_pdf(self, x):
        return -0.5 * ((np.asarray(x) - self.mean) / self.std) ** 2 - math.log(self.std) - LOG_SQRT_2PI


class VarianceWithoutItsSquare(PlainNormal):
    @property
    def var(self):
        return self.std


# ------------------------------------------------------------------- other densities, in plain NumPy


class PlainLogNormal(Distribution):
    log_mean: float = parameter(REAL)
    log_std: float = parameter(POSITIVE)
    support = POSITIVE

    def log_pdf(self, x):
        x = floats(x)
        logs = np.log(np.where(x > 0, x, 1.0))
        inside = -0.5 * ((logs - self.log_mean) / self.log_std) ** 2 - math.log(self.log_std) - LOG_SQRT_2PI - logs
        return np.where(np.isnan(x), np.nan, np.where((x > 0) & (x < np.inf), inside, -np.inf))

    def fit(self, x, sample_weight=None):
        x, w = observed(self, x, sample_weight)
        logs = np.log(x)
        mean = self.log_mean if "log_mean" in self.frozen else np.average(logs, weights=w)
        spread = np.sqrt(np.average((logs - mean) ** 2, weights=w))
        return self.with_values(log_mean=mean, log_std=self.log_std if "log_std" in self.frozen else spread)

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).lognormal(self.log_mean, self.log_std, size)


class LogNormalWithoutJacobian(PlainLogNormal):
    def log_pdf(self, x):
        x = floats(x)
        return super().log_pdf(x) + np.log(np.where((x > 0) & (x < np.inf), x, 1.0))


class ZeroSkipped(PlainLogNormal):
    def fit(self, x, sample_weight=None):
        x = floats(x)
        return super().fit(np.where(x == 0.0, 1e-300, x), sample_weight)


class PlainHalfNormal(Distribution):
    scale: float = parameter(POSITIVE, power=1)
    support = NON_NEGATIVE

    def log_pdf(self, x):
        x = floats(x)
        return np.where(x < 0, -np.inf, math.log(2.0 / self.scale) - LOG_SQRT_2PI - 0.5 * (x / self.scale) ** 2)

    def fit(self, x, sample_weight=None):
        x, w = observed(self, x, sample_weight)
        return self if "scale" in self.frozen else self.with_values(scale=self.deviation(x, w))

    def deviation(self, x, w):
        return np.sqrt(np.average(x**2, weights=w))

    def sample(self, size, rng=None):
        return np.abs(np.random.default_rng(rng).normal(0.0, self.scale, size))


class HalfNormalAboutTheMean(PlainHalfNormal):
    def deviation(self, x, w):
        return np.sqrt(np.average((x - np.average(x, weights=w)) ** 2, weights=w))


class DensityBelowZero(PlainHalfNormal):
    def log_pdf(self, x):
        return math.log(2.0 / self.scale) - LOG_SQRT_2PI - 0.5 * (floats(x) / self.scale) ** 2


class FourDegreesT(Distribution):
    """Student's t with four degrees of freedom."""

    loc: float = parameter(REAL, power=1)
    scale: float = parameter(POSITIVE, power=1)

    def log_pdf(self, x):
        z = (floats(x) - self.loc) / self.scale
        return math.log(0.375 / self.scale) - 2.5 * np.log1p(z * z / 4.0)

    def row_weights(self, z):
        return 5.0 / (4.0 + z * z)

    def fit(self, x, sample_weight=None):
        x, w = observed(self, x, sample_weight)
        loc = self.loc if "loc" in self.frozen else np.median(x)
        scale = self.scale if "scale" in self.frozen else np.median(np.abs(x - np.median(x)))
        if scale == 0:
            raise ValueError("FourDegreesT needs varied data")
        for _ in range(300):
            u = w * self.row_weights((x - loc) / scale)
            if "loc" not in self.frozen:
                loc = loc + np.sum(u * (x - loc)) / np.sum(u)
            if "scale" not in self.frozen:
                scale = np.sqrt(np.sum(u * (x - loc) ** 2) / np.sum(w))
        return self.with_values(loc=loc, scale=scale)

    def sample(self, size, rng=None):
        return self.loc + self.scale * np.random.default_rng(rng).standard_t(4, size)


class StudentTWithNormalStep(FourDegreesT):
    def row_weights(self, z):
        return np.ones_like(z)


class CauchyFromOneStart(FourDegreesT):
    """One step from where it stands, taken for the maximum."""

    def fit(self, x, sample_weight=None):
        x, w = observed(self, x, sample_weight)
        loc = np.max(x) if self.loc is None else self.loc
        scale = np.std(x) if self.scale is None else self.scale
        u = w * self.row_weights((x - loc) / scale)
        return self.with_values(loc=np.sum(u * x) / np.sum(u), scale=scale)


class PlainGamma(Distribution):
    shape: float = parameter(POSITIVE)
    rate: float = parameter(POSITIVE, power=-1)
    support = POSITIVE

    def log_pdf(self, x):
        x = floats(x)
        y = self.rate * np.where((x > 0) & (x < np.inf), x, 1.0)
        inside = (self.shape - 1.0) * np.log(y) - y - gammaln(self.shape) + math.log(self.rate)
        return np.where(np.isnan(x), np.nan, np.where((x > 0) & (x < np.inf), inside, -np.inf))

    def fit(self, x, sample_weight=None):
        x, w = observed(self, x, sample_weight)
        mean = np.average(x, weights=w)
        if np.ptp(x) == 0.0:
            raise ValueError("PlainGamma needs varied data")
        if "rate" in self.frozen:
            if "shape" in self.frozen:
                return self
            level = np.log(self.rate) + np.average(np.log(x), weights=w)
            return self.with_values(shape=self.solve(lambda a: level - digamma(a), lambda a: -polygamma(1, a)))
        shape = self.shape if "shape" in self.frozen else self.best_shape(x, w, mean)
        return self.with_values(shape=shape, rate=shape / mean)

    def best_shape(self, x, w, mean):
        s = -np.average(np.log(x / mean), weights=w)
        return self.solve(lambda a: np.log(a) - digamma(a) - s, lambda a: 1.0 / a - polygamma(1, a))

    @staticmethod
    def solve(score, slope):
        """Newton in the logarithm, after bisection has come near."""
        low, high = -30.0, 30.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if score(np.exp(middle)) > 0 else (low, middle)
        log_a = (low + high) / 2
        return np.exp(log_a - score(np.exp(log_a)) / (slope(np.exp(log_a)) * np.exp(log_a)))

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).gamma(self.shape, 1.0 / self.rate, size)


class MomentFit(PlainGamma):
    def best_shape(self, x, w, mean):
        return mean**2 / np.average((x - mean) ** 2, weights=w)


class MeanByScale(PlainGamma):
    @property
    def mean(self):
        return self.shape * self.rate


class VarianceByRate(PlainGamma):
    @property
    def var(self):
        return self.shape / self.rate


class RateTakenForScale(PlainGamma):
    def sample(self, size, rng=None):
        return np.random.default_rng(rng).gamma(self.shape, self.rate, size)


# ------------------------------------------------------------------------------ counts, in plain NumPy


class PlainPoisson(Distribution):
    rate: float = parameter(POSITIVE)
    support = COUNTS

    def log_pdf(self, x):
        x = floats(x)
        k = np.where(self.support.contains(x), x, 0.0)
        inside = k * math.log(self.rate) - self.rate - gammaln(k + 1.0)
        return np.where(np.isnan(x), np.nan, np.where(self.support.contains(x), inside, -np.inf))

    def fit(self, x, sample_weight=None):
        x, w = observed(self, x, sample_weight)
        return self if "rate" in self.frozen else self.with_values(rate=np.average(x, weights=w))

    def sample(self, size, rng=None):
        return np.random.default_rng(rng).poisson(self.rate, size).astype(float)

    def cdf(self, x):
        x = np.asarray(x, dtype=float)
        return np.where(x < 0, 0.0, np.where(np.isnan(x), x, pdtr(np.maximum(x, 0.0), self.rate)))

    def ppf(self, q):
        q = np.asarray(q, dtype=float)
        k = np.maximum(np.ceil(pdtrik(q, self.rate) - 1e-9), 0.0)
        return np.where(q == 1.0, np.inf, np.where(self.cdf(k) >= q, k, np.where(q >= 0, k + 1, np.nan)))


class StrictlyBelow(PlainPoisson):
    def cdf(self, x):
        return super().cdf(np.ceil(np.asarray(x, dtype=float)) - 1.0)


class QuantileOneTooHigh(PlainPoisson):
    def ppf(self, q):
        return super().ppf(q) + 1.0


class MassBetweenCounts(PlainPoisson):
    def log_pdf(self, x):
        x = floats(x)
        k = np.where((x >= 0) & (x < np.inf), x, 0.0)
        inside = k * math.log(self.rate) - self.rate - gammaln(k + 1.0)
        return np.where(np.isnan(x), np.nan, np.where((x >= 0) & (x < np.inf), inside, -np.inf))


class IntegerSamples(PlainPoisson):
    def sample(self, size, rng=None):
        return np.random.default_rng(rng).poisson(self.rate, size)


# ------------------------------------------------------------------------------- two columns, in plain NumPy


class TwoNormals(Distribution):
    """Two standard normal columns about a point, with correlation 0.8."""

    first: float = parameter(REAL, power=1)
    second: float = parameter(REAL, power=1)
    n_columns = 2
    correlation = 0.8

    def log_pdf(self, x):
        a, b = np.asarray(x, dtype=float)[:, 0] - self.first, np.asarray(x, dtype=float)[:, 1] - self.second
        rest = 1.0 - self.correlation**2
        with np.errstate(invalid="ignore"):
            square = (a - b) ** 2 + 2.0 * (1.0 - self.correlation) * a * b
        square = np.where(np.isinf(a) | np.isinf(b), np.where(np.isnan(a) | np.isnan(b), np.nan, np.inf), square)
        return -0.5 * square / rest - 0.5 * math.log(rest) - 2.0 * LOG_SQRT_2PI

    def fit(self, x, sample_weight=None):
        x = np.asarray(x, dtype=float)
        w = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        x, w = x[w > 0], w[w > 0]
        if not np.isfinite(x).all():
            raise ValueError("TwoNormals needs finite data")
        a, b = np.average(x, axis=0, weights=w)
        if "first" in self.frozen and "second" in self.frozen:
            return self
        if "first" in self.frozen:
            return self.with_values(second=b - self.correlation * (a - self.first))
        if "second" in self.frozen:
            return self.with_values(first=a - self.correlation * (b - self.second))
        return self.with_values(first=a, second=b)

    def first_guess(self, rows, weight=None, smallest=0.0):
        centre = np.average(rows, axis=0, weights=weight)
        return self.with_values(
            first=centre[0] if self.first is None else self.first,
            second=centre[1] if self.second is None else self.second,
        )

    def sample(self, size, rng=None):
        z = np.random.default_rng(rng).standard_normal((size, 2))
        z[:, 1] = self.drawn_correlation * z[:, 0] + math.sqrt(1.0 - self.drawn_correlation**2) * z[:, 1]
        return z + [self.first, self.second]

    drawn_correlation = 0.8

    @property
    def mean(self):
        return np.array([self.first, self.second])

    @property
    def var(self):
        return np.ones(2)


class ColumnsDrawnApart(TwoNormals):
    drawn_correlation = 0.0


class ForgottenDeterminant(TwoNormals):
    def log_pdf(self, x):
        return super().log_pdf(x) + 0.5 * math.log(1.0 - self.correlation**2)


class MeansSwapped(TwoNormals):
    @property
    def mean(self):
        return np.array([self.second, self.first])


class ImputesTheMean(MultivariateNormal):
    """Takes no notice of what was observed beside a missing cell."""

    def expected_cells(self, rows, codes):
        return np.tile(self.mean, (len(rows), 1))


# ----------------------------------------------------------------------------------------- with kernels


@kernel
def normal_log_pdf(X, theta, out):
    for i in range(out.size):
        z = (X[0, i] - theta[0]) / theta[1]
        out[i] -= 0.5 * z * z + math.log(theta[1]) + 0.9189385332046727


@kernel
def log_pdf_overwrites(X, theta, out):
    for i in range(out.size):
        z = (X[0, i] - theta[0]) / theta[1]
        out[i] = -0.5 * z * z - math.log(theta[1]) - 0.9189385332046727


@kernel
def log_pdf_centres_in_place(X, theta, out):
    for i in range(out.size):
        X[0, i] -= theta[0]
        z = X[0, i] / theta[1]
        out[i] -= 0.5 * z * z + math.log(theta[1]) + 0.9189385332046727


@kernel
def normal_accumulate(X, r, theta, stats):
    for i in range(r.size):
        centred = X[0, i] - theta[0]
        stats[0] += r[i]
        stats[1] += r[i] * centred
        stats[2] += r[i] * centred * centred


@kernel
def accumulate_without_weights(X, r, theta, stats):
    for i in range(r.size):
        centred = X[0, i] - theta[0]
        stats[0] += 1.0
        stats[1] += centred
        stats[2] += centred * centred


@kernel
def accumulate_about_zero(X, r, theta, stats):
    for i in range(r.size):
        stats[0] += r[i]
        stats[1] += r[i] * X[0, i]
        stats[2] += r[i] * X[0, i] * X[0, i]


@kernel
def accumulate_means(X, r, theta, stats):
    total, first, second = 0.0, 0.0, 0.0
    for i in range(r.size):
        centred = X[0, i] - theta[0]
        total += r[i]
        first += r[i] * centred
        second += r[i] * centred * centred
    if total > 0.0:
        stats[0] += 1.0
        stats[1] += first / total
        stats[2] += second / total


@kernel
def accumulate_starts_afresh(X, r, theta, stats):
    stats[:] = 0.0
    for i in range(r.size):
        centred = X[0, i] - theta[0]
        stats[0] += r[i]
        stats[1] += r[i] * centred
        stats[2] += r[i] * centred * centred


@kernel
def normal_update(stats, theta, bounds):
    shift = stats[1] / stats[0]
    mean = min(max(theta[0] + shift, bounds[0, 0]), bounds[1, 0])
    held = theta[0] + shift - mean
    theta[0] = mean
    std = math.sqrt(max(stats[2] / stats[0] - shift * shift + held * held, 0.0))
    theta[1] = min(max(std, bounds[0, 1]), bounds[1, 1])


@kernel
def update_about_zero(stats, theta, bounds):
    mean = min(max(stats[1] / stats[0], bounds[0, 0]), bounds[1, 0])
    std = math.sqrt(max(stats[2] / stats[0] - 2.0 * mean * stats[1] / stats[0] + mean * mean, 0.0))
    theta[0] = mean
    theta[1] = min(max(std, bounds[0, 1]), bounds[1, 1])


@kernel
def update_with_n_minus_one(stats, theta, bounds):
    shift = stats[1] / stats[0]
    mean = min(max(theta[0] + shift, bounds[0, 0]), bounds[1, 0])
    held = theta[0] + shift - mean
    theta[0] = mean
    divisor = max(stats[0] - 1.0, 1e-9)
    std = math.sqrt(max((stats[2] - stats[0] * shift * shift) / divisor + held * held, 0.0))
    theta[1] = min(max(std, bounds[0, 1]), bounds[1, 1])


@kernel
def update_with_absolute_floor(stats, theta, bounds):
    normal_update(stats, theta, bounds)
    if bounds[0, 1] < bounds[1, 1]:
        theta[1] = math.sqrt(theta[1] * theta[1] + 1e-6)


@kernel
def update_without_bounds(stats, theta, bounds):
    shift = stats[1] / stats[0]
    theta[0] += shift
    theta[1] = math.sqrt(max(stats[2] / stats[0] - shift * shift, 0.0))


@kernel
def update_goes_halfway(stats, theta, bounds):
    before = theta[1]
    normal_update(stats, theta, bounds)
    theta[1] = 0.5 * (theta[1] + before)


@kernel
def update_eats_statistics(stats, theta, bounds):
    normal_update(stats, theta, bounds)
    stats[:] = 0.0


@kernel
def poisson_log_pdf_by_factorial(X, theta, out):
    for i in range(out.size):
        x = X[0, i]
        if x >= 0.0 and x == math.floor(x) and x < math.inf:
            factorial = 1
            for k in range(2, min(int(x), 170) + 1):
                factorial *= k  # an int64 when compiled, unbounded in Python
            out[i] += x * math.log(theta[0]) - theta[0] - math.log(factorial)
        else:
            out[i] += x if math.isnan(x) else -math.inf


class KernelNormal(Distribution):
    mean: float = parameter(REAL, power=1)
    std: float = parameter(POSITIVE, power=1)
    kernels = Kernels(normal_log_pdf, normal_accumulate, normal_update)
    n_statistics = 3

    def sample(self, size, rng=None):
        self.require_known("be sampled")
        return np.random.default_rng(rng).normal(self.mean, self.std, size)


class OverwritesOut(KernelNormal):
    kernels = Kernels(log_pdf_overwrites, normal_accumulate, normal_update)


class CentresInPlace(KernelNormal):
    kernels = Kernels(log_pdf_centres_in_place, normal_accumulate, normal_update)


class WeightsIgnoredKernel(KernelNormal):
    kernels = Kernels(normal_log_pdf, accumulate_without_weights, normal_update)


class MeanOfSquaresKernel(KernelNormal):
    kernels = Kernels(normal_log_pdf, accumulate_about_zero, update_about_zero)


class StatisticsDoNotAdd(KernelNormal):
    kernels = Kernels(normal_log_pdf, accumulate_means, normal_update)


class StepIsCalledMaximum(KernelNormal):
    """Its fit is right, since it repeats the step; but sums about another theta lead elsewhere."""

    kernels = Kernels(normal_log_pdf, normal_accumulate, update_goes_halfway)


class CarriedBackwards(MultivariateNormal):
    def carried(self, stats, theta, target):
        return super().carried(stats, target, theta)


class StatisticsStartAfresh(KernelNormal):
    kernels = Kernels(normal_log_pdf, accumulate_starts_afresh, normal_update)


class DivisorNMinusOneKernel(KernelNormal):
    kernels = Kernels(normal_log_pdf, normal_accumulate, update_with_n_minus_one)


class AbsoluteFloorKernel(KernelNormal):
    kernels = Kernels(normal_log_pdf, normal_accumulate, update_with_absolute_floor)


class FrozenIgnoredKernel(KernelNormal):
    kernels = Kernels(normal_log_pdf, normal_accumulate, update_without_bounds)


class EatsStatistics(KernelNormal):
    kernels = Kernels(normal_log_pdf, normal_accumulate, update_eats_statistics)


class UnknownIsZero(KernelNormal):
    def log_pdf(self, x):
        return super().log_pdf(x) if not self.unknown else np.zeros(np.shape(x))


@kernel
def accumulate_logs_of_anything(X, r, theta, stats):
    for i in range(r.size):
        centred = math.log(X[0, i]) - theta[0] if X[0, i] > 0.0 else -math.inf
        stats[0] += r[i]
        stats[1] += r[i] * centred
        stats[2] += r[i] * centred * centred


class ZeroTimesInfinity(log_normal.LogNormal):
    kernels = log_normal.LogNormal.kernels._replace(accumulate=accumulate_logs_of_anything)


class FactorialOverflows(Poisson):
    kernels = Poisson.kernels._replace(log_pdf=poisson_log_pdf_by_factorial)


# -------------------------------------------------------------------------------------------- the proof

SOUND = [
    PlainNormal(),
    PlainLogNormal(0.3, 0.7),
    PlainHalfNormal(),
    FourDegreesT(),
    PlainGamma(),
    PlainPoisson(),
    TwoNormals(),
    KernelNormal(),
]

# (mutant, the laws that must reject it)
MUTANTS = [
    (LogNormalWithoutJacobian(0.3, 0.7), {"density_integrates_to_one", "samples_follow_the_density"}),
    (VarianceGivenToTheSampler(), {"samples_have_the_moments_of_the_density", "samples_follow_the_density"}),
    (HalfNormalAboutTheMean(), {"fit_is_stationary"}),
    (DensityBelowZero(), {"log_pdf_is_minus_inf_outside_the_support"}),
    (StudentTWithNormalStep(), {"fit_is_stationary"}),
    (MeanOfSquares(), {"offset_moves_only_the_location"}),
    (MeanOfSquaresKernel(), {"offset_moves_only_the_location"}),
    (Float32Sums(), {"offset_moves_only_the_location"}),
    (AbsoluteFloor(), {"units_scale_by_their_power"}),
    (AbsoluteFloor(2.0, 1e-4), {"fit_is_stationary"}),
    (AbsoluteFloorKernel(), {"units_scale_by_their_power"}),
    (WeightsIgnored(), {"integer_weight_is_repetition", "fit_is_stationary"}),
    (WeightsIgnoredKernel(), {"integer_weight_is_repetition", "statistics_add_up"}),
    (WeightsIgnoredInTheLikelihood(), {"pdf_and_log_likelihood_follow_log_pdf"}),
    (WeightsMustSumToOne(), {"common_factor_of_weights_cancels"}),
    (ZeroTimesNaN(), {"zero_weight_is_absence"}),
    (NaNSkipped(), {"bad_rows_are_refused"}),
    (NaNWithoutAWord(), {"bad_rows_are_refused"}),
    (ZeroSkipped(0.3, 0.7), {"bad_rows_are_refused"}),
    (MutatesItsData(), {"arguments_and_self_stay_untouched"}),
    (MutatesItself(), {"arguments_and_self_stay_untouched"}),
    (CauchyFromOneStart(), {"fit_does_not_depend_on_its_start", "fit_is_stationary"}),
    (DivisorNMinusOne(), {"fit_is_stationary", "common_factor_of_weights_cancels"}),
    (DivisorNMinusOneKernel(), {"fit_is_stationary", "common_factor_of_weights_cancels"}),
    (UnderflowInTheTail(), {"log_pdf_is_finite_far_in_the_tail"}),
    (FrozenIgnored(), {"frozen_values_stay"}),
    (FrozenIgnoredKernel(), {"frozen_values_stay", "a_floor_holds_collapsing_scales"}),
    (FrozenMeanForgottenInTheStd(), {"frozen_values_stay"}),
    (FrozenStillCounted(), {"n_parameters_counts_what_is_free"}),
    (MomentFit(), {"fit_is_stationary"}),
    (RateTakenForScale(3.0, 0.5), {"samples_have_the_moments_of_the_density", "samples_follow_the_density"}),
    (StrictlyBelow(), {"cdf_agrees_with_the_density"}),
    (QuantileOneTooHigh(), {"ppf_inverts_the_cdf"}),
    (MassBetweenCounts(), {"log_pdf_is_minus_inf_outside_the_support"}),
    (IntegerSamples(), {"samples_are_rows_of_the_support"}),
    (ColumnsDrawnApart(), {"samples_have_the_moments_of_the_density", "samples_follow_the_density"}),
    (ForgottenDeterminant(), {"density_integrates_to_one"}),
    (MeansSwapped(), {"mean_and_var_agree_with_the_density"}),
    (RoundedRepr(), {"repr_evaluates_to_it"}),
    (Float32Json(), {"json_gives_it_back"}),
    (WrongUnit(), {"units_scale_by_their_power"}),
    (SharedSeed(), {"samples_are_rows_of_the_support"}),
    (CentredOnTheBatch(), {"log_pdf_judges_each_row_alone"}),
    (Float32Density(), {"log_pdf_is_one_float_per_row"}),
    (ColumnComesBackAsColumn(), {"any_layout_and_number_type_will_do"}),
    (
        ImputesTheMean([1.0, 2.0], [[2.0, 1.0], [1.0, 3.0]]),
        {"missing_cells_are_imputed_by_their_expectation"},
    ),
    (VarianceWithoutItsSquare(), {"mean_and_var_agree_with_the_density"}),
    (MeanByScale(3.0, 0.5), {"mean_and_var_agree_with_the_density"}),
    (VarianceByRate(3.0, 0.5), {"mean_and_var_agree_with_the_density"}),
    (StatisticsDoNotAdd(), {"statistics_add_up"}),
    (StepIsCalledMaximum(), {"statistics_may_be_taken_about_any_theta"}),
    (CarriedBackwards([1.0, 2.0], [[2.0, 1.0], [1.0, 3.0]]), {"statistics_are_carried_over"}),
    (ZeroTimesInfinity(), {"rows_outside_the_support_add_nothing"}),
    (StatisticsStartAfresh(), {"statistics_add_up"}),
    (OverwritesOut(), {"kernels_write_only_their_output"}),
    (CentresInPlace(), {"kernels_write_only_their_output"}),
    (EatsStatistics(), {"kernels_write_only_their_output"}),
    (UnknownIsZero(), {"unknown_parameters_are_refused"}),
    (FactorialOverflows(25.0), {"kernels_equal_their_python_source"}),
]


def test_a_class_without_log_density_is_no_distribution():
    with pytest.raises(TypeError, match="ZeroInflated must define log_pdf"):

        class ZeroInflated(Distribution):
            prob: float = parameter(POSITIVE)

            def fit(self, x, sample_weight=None):
                return self

            def sample(self, size, rng=None):
                return np.zeros(size)


def test_an_error_raised_on_legal_input_breaks_the_law_it_was_met_in():
    class Fragile(PlainNormal):
        def cdf(self, x):
            raise ZeroDivisionError("no cdf today")

    with pytest.raises(LawError, match="Fragile.*'cdf_rises_from_zero_to_one': ZeroDivisionError: no cdf today"):
        check_distribution(Fragile(0.0, 2.0))


def test_all_broken_laws_are_told_at_once():
    with pytest.raises(LawError) as caught:
        check_distribution(AbsoluteFloor(2.0, 1e-4))
    assert str(caught.value).count("breaks the law") > 1


def test_every_law_has_a_sentence_that_says_what_must_hold():
    assert len({law.name for law in LAWS}) == len(LAWS)
    assert all(law.check.__doc__ for law in LAWS)


def test_laws_do_not_depend_on_their_order():
    case = Case(KernelNormal(1.0, 2.0), rng=4)
    first = case.draw(10, "some label")
    case.draw(10, "another label")
    assert np.array_equal(case.draw(10, "some label"), first)
    assert not np.array_equal(case.draw(10, "another label"), first)


@pytest.mark.parametrize("sound", SOUND, ids=lambda d: type(d).__name__)
def test_the_corrected_twin_keeps_the_law(sound):
    assert "fit_is_stationary" in check_distribution(sound, rng=11)


@pytest.mark.parametrize(("mutant", "laws"), MUTANTS, ids=[repr(mutant) for mutant, _ in MUTANTS])
def test_the_law_rejects_the_mistake_by_name(mutant, laws):
    with pytest.raises(LawError) as caught:
        check_distribution(mutant, rng=11)
    text = str(caught.value)
    assert laws <= set(re.findall(r"breaks the law '(\w+)'", text)), text
    assert type(mutant).__name__ in text
