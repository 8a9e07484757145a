"""Kernels of the multivariate normal for rows with missing (NaN) cells.

The density of a row is that of its observed cells. Its statistics are their conditional expectations at the current
parameters: missing cells count with their conditional means, and the conditional covariance is added to the products
(Ghahramani & Jordan, "Supervised learning from incomplete data via an EM approach", 1994). So an update is a step of
EM, which never lowers the likelihood. Consecutive rows with the same cells missing share one factorisation.
"""

from __future__ import annotations

import math

import numpy as np

from .data import Array
from .kernels import compiled, kernel
from .special import HALF_LOG_2_PI, reciprocal


@compiled
def observed_cells(X, i, seen):
    """Note which cells of row i are observed; say whether these are the same as before."""
    same = True
    for j in range(X.shape[0]):
        present = not math.isnan(X[j, i])
        same &= present == seen[j]
        seen[j] = present
    return same


@compiled
def condition(cov, seen, order, factor, slope, rest):
    """Prepare the conditional distribution of missing cells given the observed ones.

    Fills ``order`` with the places of observed cells, then of missing ones; the Cholesky factor of the covariance of
    the o observed ones; ``slope`` (m, o), their regression; ``rest`` (m, m), the conditional covariance. Returns o and
    the constant of the log density of the observed cells.
    """
    d, o = seen.size, 0
    for j in range(d):
        if seen[j]:
            order[o] = j
            o += 1
    m = o
    for j in range(d):
        if not seen[j]:
            order[m] = j
            m += 1
    constant = -o * HALF_LOG_2_PI
    for a in range(o):
        for b in range(a + 1):
            left = cov[order[a], order[b]]
            for c in range(b):
                left -= factor[a, c] * factor[b, c]
            factor[a, b] = math.sqrt(left) if a == b else left / factor[b, b]
        constant -= math.log(factor[a, a])
    for k in range(d - o):
        row = order[o + k]
        for a in range(o):  # solve factor y = cov[observed, missing], then factor' slope = y
            left = cov[order[a], row]
            for c in range(a):
                left -= factor[a, c] * slope[k, c]
            slope[k, a] = left / factor[a, a]
        for other in range(k + 1):
            left = cov[row, order[o + other]]
            for a in range(o):
                left -= slope[k, a] * slope[other, a]
            rest[k, other] = left
        # The rows of slope above k are finished below, once no product of halves needs them.
    for k in range(d - o):
        for back in range(o):
            a = o - 1 - back
            left = slope[k, a]
            for c in range(a + 1, o):
                left -= factor[c, a] * slope[k, c]
            slope[k, a] = left / factor[a, a]
    return o, constant


@kernel
def log_pdf(X, theta, out):
    """Add the log density of the observed cells of each row; nothing for a row without any."""
    d = X.shape[0]
    cov = theta[d : d + d * d].reshape(d, d)
    seen, order, z = np.zeros(d, dtype=np.bool_), np.empty(d, dtype=np.int64), np.empty(d)
    factor, slope, rest = np.empty((d, d)), np.empty((d, d)), np.empty((d, d))
    o, constant = 0, 0.0
    for i in range(out.size):
        if not observed_cells(X, i, seen) or i == 0:
            o, constant = condition(cov, seen, order, factor, slope, rest)
        total = 0.0
        for a in range(o):
            left = X[order[a], i] - theta[order[a]]
            for c in range(a):
                left -= factor[a, c] * z[c]
            z[a] = left / factor[a, a]
            total += z[a] * z[a]
        out[i] += constant - 0.5 * total


@compiled
def centred_expectation(X, i, theta, order, o, slope, x):
    """Fill x with row i less the mean, its missing cells with their conditional expectations."""
    for a in range(o):
        x[order[a]] = X[order[a], i] - theta[order[a]]
    for k in range(x.size - o):
        expected = 0.0
        for a in range(o):
            expected += slope[k, a] * x[order[a]]
        x[order[o + k]] = expected


@kernel
def accumulate(X, r, theta, stats):
    """Add sum r, and the conditional expectations of sum r (x - mean) and sum r (x - mean)(x - mean)'."""
    d = X.shape[0]
    cov, second = theta[d : d + d * d].reshape(d, d), stats[1 + d :].reshape(d, d)
    seen, order, x = np.zeros(d, dtype=np.bool_), np.empty(d, dtype=np.int64), np.empty(d)
    factor, slope, rest = np.empty((d, d)), np.empty((d, d)), np.empty((d, d))
    o, constant = 0, 0.0
    for i in range(r.size):
        if not observed_cells(X, i, seen) or i == 0:
            o, constant = condition(cov, seen, order, factor, slope, rest)
        centred_expectation(X, i, theta, order, o, slope, x)
        stats[0] += r[i]
        for a in range(d):
            weighted = r[i] * x[a]
            stats[1 + a] += weighted
            for b in range(a + 1):
                second[a, b] += weighted * x[b]
        for k in range(d - o):
            for other in range(k + 1):
                a, b = max(order[o + k], order[o + other]), min(order[o + k], order[o + other])
                second[a, b] += r[i] * rest[k, other]


@compiled
def fill_expectations(X, theta, filled):
    """Fill ``filled`` with the rows of X, missing cells with their conditional expectations."""
    d = X.shape[0]
    cov = theta[d : d + d * d].reshape(d, d)
    seen, order, x = np.zeros(d, dtype=np.bool_), np.empty(d, dtype=np.int64), np.empty(d)
    factor, slope, rest = np.empty((d, d)), np.empty((d, d)), np.empty((d, d))
    o = 0
    for i in range(X.shape[1]):
        if not observed_cells(X, i, seen) or i == 0:
            o, _ = condition(cov, seen, order, factor, slope, rest)
        centred_expectation(X, i, theta, order, o, slope, x)
        for j in range(d):
            filled[j, i] = theta[j] + x[j]


def expected_cells(rows: Array, mean: Array, cov: Array) -> Array:
    """Return rows, shape (n, d), with the expectations of missing (NaN) cells given the observed ones of each row."""
    X = np.ascontiguousarray(rows.T)
    filled = np.empty_like(X)
    fill_expectations(X, np.concatenate([mean, cov.ravel()]), filled)
    return filled.T


def carried(stats: Array, shift: Array) -> Array:
    """Return moments about a point as moments about another one; ``shift`` (d,) is the first less the second.

    Parameters
    ----------
    stats : ndarray
        Total weight, sums (d,), and second moments: of each column (d,), or the lower triangle of a matrix (d, d).
    shift : ndarray, shape (d,)
    """
    d, total = len(shift), stats[0]
    first, second = stats[1 : 1 + d], stats[1 + d :]
    if second.size == d:
        second = second + shift * (2.0 * first + total * shift)
    else:
        cross = np.outer(shift, first)
        second = second + np.tril(cross + cross.T + total * np.outer(shift, shift)).ravel()
    return np.concatenate([stats[:1], first + total * shift, second])


@kernel
def log_pdf_diagonal(X, theta, out):
    """Add the log densities of the observed cells of each row."""
    d, m = X.shape
    for j in range(d):
        mean, half_precision = theta[j], 0.5 * reciprocal(theta[d + j * (d + 1)])
        constant = 0.5 * math.log(theta[d + j * (d + 1)]) + HALF_LOG_2_PI
        for i in range(m):
            centred = X[j, i] - mean
            out[i] -= 0.0 if math.isnan(centred) else half_precision * centred * centred + constant


@kernel
def accumulate_diagonal(X, r, theta, stats):
    """Add sum r, and for each column the expectations of sum r (x - mean) and sum r (x - mean)^2."""
    d, m = X.shape
    for i in range(m):
        stats[0] += r[i]
    for j in range(d):
        mean, var, first, second = theta[j], theta[d + j * (d + 1)], 0.0, 0.0
        for i in range(m):
            centred = X[j, i] - mean
            first += 0.0 if math.isnan(centred) else r[i] * centred
            second += r[i] * var if math.isnan(centred) else r[i] * centred * centred
        stats[1 + j] += first
        stats[1 + d + j] += second
