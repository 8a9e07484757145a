"""Time of whole fits of mixtures that are not normal, against EM written in NumPy and against pomegranate.

Run ``python tests/benchmarks/families_in_mixtures.py``; it prints a table. Same data, start and number of updates, one
thread. Each time is that of a whole call of `fit`, checks and first pass included; runs of all sides alternate, and a
ratio is the median of the ratios of neighbours. Times are those of the processor. The objective after the last update
must agree, or the row is an error: to nine digits with NumPy, to four with pomegranate, which counts in single ones.

pomegranate is measured if it is installed (``pip install pomegranate``), and left out otherwise.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import digamma, gammaln, polygamma
from threadpoolctl import threadpool_limits

from mixtures import Distribution, Exponential, Gamma, MixtureModel, Normal, Poisson

try:
    import torch
    from pomegranate import distributions as theirs
    from pomegranate.gmm import GeneralMixtureModel
except ImportError:
    torch = None

N = 1_000_000
UPDATES = 50
PAIRS = 5
LOG_2_PI = math.log(2.0 * math.pi)


def waiting_times(rng: np.random.Generator) -> np.ndarray:
    """Return positive numbers of three kinds, shape (N,)."""
    kinds = rng.choice(3, N, p=[0.4, 0.3, 0.3])
    return np.abs(
        np.select([kinds == 0, kinds == 1], [rng.normal(9, 1, N), rng.exponential(1, N)], rng.gamma(6, 0.7, N))
    )


def counts(rng: np.random.Generator) -> np.ndarray:
    """Return counts of three rates, shape (N,)."""
    return rng.poisson(np.array([2.0, 9.0, 25.0])[rng.integers(3, size=N)]).astype(float)


# ---------------------------------------------------------------------------------------------- EM in NumPy


class InNumpy:
    """EM on arrays of shape (K, n) that are made once, as careful users write it; logarithms of data are taken once."""

    def __init__(self, x: np.ndarray, components: list[Distribution]) -> None:
        self.x, self.components = x, components
        self.log_x, self.log_factorial = np.log(np.maximum(x, 1e-300)), gammaln(x + 1.0)
        self.joint, self.room = np.empty((len(components), len(x))), np.empty(len(x))

    def run(self, updates: int) -> float:
        """Make so many updates; return the log-likelihood after the last one."""
        parameters = [[getattr(part, name) for name in part.parameters] for part in self.components]
        weights = np.full(len(parameters), 1.0 / len(parameters))
        for update in range(updates + 1):
            for part, values, row in zip(self.components, parameters, self.joint, strict=True):
                self.log_pdf(type(part), values, row)
            self.joint += np.log(weights)[:, np.newaxis]
            top = self.joint.max(axis=0)
            self.joint -= top
            np.exp(self.joint, out=self.joint)
            total = self.joint.sum(axis=0)
            log_likelihood = top.sum() + np.log(total).sum()
            if update == updates:
                return log_likelihood
            self.joint /= total
            mass = self.joint.sum(axis=1)
            weights = mass / len(self.x)
            parameters = [
                self.fit(type(part), values, r, m)
                for part, values, r, m in zip(self.components, parameters, self.joint, mass, strict=True)
            ]
        raise AssertionError

    def log_pdf(self, family: type, values: list[float], out: np.ndarray) -> None:
        """Fill the log densities of a component."""
        if family is Normal:
            np.subtract(self.x, values[0], out=out)
            np.square(out, out=out)
            out *= -0.5 / values[1] ** 2
            out -= math.log(values[1]) + 0.5 * LOG_2_PI
        elif family is Exponential:
            np.multiply(self.x, -values[0], out=out)
            out += math.log(values[0])
        elif family is Poisson:
            np.multiply(self.x, math.log(values[0]), out=out)
            out -= self.log_factorial
            out -= values[0]
        else:
            np.multiply(self.log_x, values[0] - 1.0, out=out)
            out -= np.multiply(self.x, values[1], out=self.room)
            out += values[0] * math.log(values[1]) - gammaln(values[0])

    def fit(self, family: type, values: list[float], r: np.ndarray, mass: float) -> list[float]:
        """Return new parameters."""
        mean = r @ self.x / mass
        if family is Normal:
            np.subtract(self.x, mean, out=self.room)
            np.square(self.room, out=self.room)
            return [mean, math.sqrt(r @ self.room / mass)]
        if family is Exponential:
            return [1.0 / mean]
        if family is Poisson:
            return [mean]
        gap, shape = math.log(mean) - r @ self.log_x / mass, values[0]
        for _ in range(20):
            slope = 1.0 / shape - polygamma(1, shape)
            shape = 1.0 / (1.0 / shape + (math.log(shape) - digamma(shape) - gap) / (shape**2 * slope))
        return [shape, shape / mean]


# ------------------------------------------------------------------------------------- the three, as they are called


def ours(x: np.ndarray, components: list[Distribution]) -> float:
    """Return the log-likelihood after the updates."""
    model = MixtureModel(components, max_iter=UPDATES, tol=0.0, accelerate=None, n_jobs=1).fit(x)
    return model.log_likelihood_


def pomegranate(x: np.ndarray, components: list[Distribution]) -> float:
    """Return the same of pomegranate, whose numbers are single."""
    parts = [as_theirs(part) for part in components]
    model = GeneralMixtureModel(parts, max_iter=UPDATES + 1, tol=-math.inf)
    rows = torch.tensor(x[:, np.newaxis], dtype=torch.float32)
    model.fit(rows)
    return float(model.log_probability(rows).double().sum())


def as_theirs(part: Distribution) -> Any:
    """Return the distribution as pomegranate has it."""
    match part:
        case Normal():
            return theirs.Normal([part.mean], [part.var], covariance_type="diag")
        case Exponential():
            return theirs.Exponential([1.0 / part.rate])
        case Poisson():
            return theirs.Poisson([part.rate])
    return theirs.Gamma([part.shape], [part.rate])


def seconds(call: Callable[[], float]) -> tuple[float, float]:
    """Return the time of a call and its result."""
    begin = time.process_time()
    result = call()
    return time.process_time() - begin, result


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    work = {
        "Normal + Exponential + Gamma": (waiting_times(rng), [Normal(8.0, 2.0), Exponential(0.5), Gamma(4.0, 1.0)]),
        "3 Poissons": (counts(rng), [Poisson(1.0), Poisson(6.0), Poisson(30.0)]),
    }
    print(f"n = {N:,}, {UPDATES} updates, one thread; seconds of a whole fit, median of pairs")
    print(f"{'work':32}{'peer':14}{'ours':>10}{'peer':>10}{'ratio':>8}")
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if torch is not None:
            torch.set_num_threads(1)
        for name, (x, components) in work.items():
            peers = {"NumPy": lambda x=x, c=components: InNumpy(x, c).run(UPDATES)}
            if torch is not None:
                peers["pomegranate"] = lambda x=x, c=components: pomegranate(x, c)
            ours(x[:1000], components)  # compiled and loaded
            for peer, call in peers.items():
                pairs = []
                for _ in range(PAIRS if peer == "NumPy" else 2):
                    mine, other = seconds(lambda x=x, c=components: ours(x, c)), seconds(call)
                    if not np.isclose(mine[1], other[1], rtol=1e-9 if peer == "NumPy" else 1e-4):
                        raise SystemExit(f"{name}: log-likelihoods disagree, {mine[1]!r} and {peer} {other[1]!r}")
                    pairs.append((mine[0], other[0]))
                median, ratio = np.median(pairs, axis=0), np.median([b / a for a, b in pairs])
                print(f"{name:32}{peer:14}{median[0]:10.3f}{median[1]:10.2f}{ratio:8.1f}", flush=True)


if __name__ == "__main__":
    main()
