"""What the laws look at: one distribution, data drawn from it, and expectations taken from its density alone.

Nothing here trusts the methods under test more than it must. A sample only says where the mass lies; the
integrals come from `log_pdf` by adaptive quadrature or summation (one column) or importance sampling (several).
"""

from __future__ import annotations

import copy
import zlib
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import gammaln, logsumexp

from ..base import Distribution, Parameter, Rng
from ..data import Array, Mask
from ..domains import Simplex, UnitVector
from ..errors import InvalidParameterError, LawError, UnknownParameterError
from ..numeric import Integral, integrate, with_ends

SIGMAS = 6.0  # a statistical law fails beyond so many standard errors: by chance, once in 10^9
MANY = 20_000  # draws for laws about samples
FEW = 200  # rows for laws about fits
MOST_VALUES = 4e6  # over which a mass is summed


def require(condition: Any, message: str) -> None:
    """Raise `LawError` unless the condition (or all of an array of conditions) holds."""
    if not np.all(condition):
        raise LawError(message)


def require_close(got: Any, wanted: Any, what: str, *, relative: float = 0.0, absolute: Any = 0.0) -> None:
    """Raise `LawError` with the worst pair unless |got - wanted| <= absolute + relative |wanted|; NaN equals NaN."""
    got, wanted = np.asarray(got, dtype=float), np.asarray(wanted, dtype=float)
    require(got.shape == wanted.shape, f"{what}: shape {got.shape}, should be {wanted.shape}")
    with np.errstate(invalid="ignore", over="ignore"):
        same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
        excess = np.abs(got - wanted) - (absolute + relative * np.abs(wanted))
    excess = np.where(same, -np.inf, np.where(np.isnan(excess), np.inf, excess))
    if np.max(excess, initial=-np.inf) > 0.0:
        worst = np.unravel_index(int(np.argmax(excess)), excess.shape)
        place = f" (at {', '.join(map(str, worst))})" if worst else ""
        raise LawError(f"{what}: {float(got[worst])!r}, should be {float(wanted[worst])!r}{place}")


def is_frozen_twin(scipy_twin: Any) -> bool:
    """Whether this is a distribution in SciPy, not a function that makes one."""
    return hasattr(scipy_twin, "cdf") or hasattr(scipy_twin, "logpdf")


class Case:
    """One distribution on trial.

    Parameters
    ----------
    distribution : Distribution
        Unknown parameters are drawn from their domains.
    rng : int, numpy.random.Generator or None
        Seed of all that is random. Each draw has a label of its own, so laws do not depend on their order.
    scipy_twin : frozen SciPy distribution, or callable that makes one from the distribution
        The same distribution in SciPy, to compare with.
    """

    def __init__(self, distribution: Distribution, rng: Rng = 0, scipy_twin: Any = None) -> None:
        self.seed = int(np.random.default_rng(rng).integers(2**62))
        self.distribution = self._known(distribution)
        self.twin = scipy_twin if scipy_twin is None or is_frozen_twin(scipy_twin) else scipy_twin(self.distribution)

    def _known(self, distribution: Distribution) -> Distribution:
        """Give unknown parameters random values; where those do not fit each other, a random first guess."""
        if not distribution.unknown:
            return distribution
        declared = [p for p in distribution.declared if p.name in distribution.unknown]
        if not declared:
            raise UnknownParameterError(
                f"{distribution!r} cannot be checked: {', '.join(distribution.unknown)} unknown. Fit it first."
            )
        rng, d = self.rng("parameters"), distribution.n_columns or 2
        for _ in range(20):
            try:
                return distribution.with_values(**{p.name: p.domain.random(rng, d) for p in declared})
            except InvalidParameterError:
                continue
        centre, scale = rng.normal(0.0, 5.0, d), np.exp(rng.uniform(-1.5, 3.0, d))
        return distribution.first_guess(np.array([centre - scale, centre + scale]))

    # ------------------------------------------------------------------------------------- capabilities

    @property
    def declared(self) -> tuple[Parameter, ...]:
        """The declared parameters; a mixture has none of its own."""
        return self.distribution.declared

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The declared parameters that are not frozen."""
        return tuple(p for p in self.declared if p.name not in self.distribution.frozen)

    @property
    def is_value(self) -> bool:
        """Whether it is an immutable value made of its parameters."""
        return bool(self.declared)

    @property
    def compiled(self) -> bool:
        """Whether it has kernels."""
        return self.distribution.kernels is not None

    @property
    def closed_form(self) -> bool:
        """Whether it has kernels whose update gives the maximum, and something to update."""
        return self.compiled and not self.distribution.stepwise and bool(self.free)

    @property
    def carries(self) -> bool:
        """Whether statistics can be carried over to another theta."""
        return self.compiled and type(self.distribution).carried is not Distribution.carried

    @property
    def one_column(self) -> bool:
        """Whether rows are numbers."""
        return self.distribution.n_columns == 1

    @property
    def has_density(self) -> bool:
        """Whether its density can be integrated: one column (of not too many counts), a volume, or rows of one sum."""
        if self.one_column:
            return self._summable
        return self._total is not None or self._proposal is not None

    @property
    def has_cdf(self) -> bool:
        """Whether probabilities of one column can be compared with the density."""
        return self.one_column and self.has_density

    @property
    def has_location(self) -> bool:
        """Whether a shift of the data is a shift of a parameter, and shifted data stay in the support."""
        support, units = self.distribution.support, self.free
        moves = any(p.domain.is_location and p.power == 1 for p in units)
        if not self.one_column and (self._proposal is None or self._proposal[2].any()):
            return False  # a column of counts
        return moves and support.is_location and not support.discrete and len(units) == len(self.declared)

    @property
    def has_units(self) -> bool:
        """Whether a scale parameter follows a change of the data's unit, and the support allows it."""
        support = self.distribution.support
        scale_free = {support.low, support.high} <= {-np.inf, 0.0, np.inf} and not support.discrete
        has_scale = any(p.power and not p.domain.is_location for p in self.declared)
        return scale_free and has_scale and len(self.free) == len(self.declared)

    @property
    def leaves_out(self) -> bool:
        """Whether some cells may be missing beside observed ones: at least all those of a part."""
        return not self.one_column and self.distribution.marginalises

    @property
    def has_missing(self) -> bool:
        """Whether any cell may be missing beside observed ones."""
        leaves = self.distribution.outline().leaves.values()
        return self.leaves_out and all(leaf.width == 1 or leaf.distribution.marginalises for leaf in leaves)

    def holds(self, row: Array) -> bool:
        """Whether a row, shape (1,) or (1, d), lies in the support."""
        return bool(self.distribution.support.holds(row.reshape(1, -1))[0])

    @property
    def has_twin(self) -> bool:
        """Whether there is a SciPy distribution to compare with."""
        return self.twin is not None

    # ------------------------------------------------------------------------------------ data and fits

    def rng(self, label: str) -> np.random.Generator:
        """Return a generator that depends on the seed and the label only."""
        return np.random.default_rng([self.seed, zlib.crc32(label.encode())])

    def draw(self, size: int, label: str) -> Array:
        """Return a fresh sample, shape (size,) for one column, else (size, d)."""
        rows = np.array(self.distribution.sample(size, rng=self.rng(label)), dtype=float)
        return rows.reshape(size) if self.one_column else rows

    def weights(self, size: int, label: str) -> Array:
        """Return positive weights, shape (size,)."""
        return self.rng(label).uniform(0.2, 3.0, size)

    @cached_property
    def centre(self) -> Array:
        """Medians of the columns, shape (d,)."""
        return np.median(self.draw(2000, "centre").reshape(2000, -1), axis=0)

    @cached_property
    def unit(self) -> Array:
        """Width of the columns, shape (d,): from the quartiles, which exist for heavy tails too."""
        rows = self.draw(2000, "centre").reshape(2000, -1)
        low, high = np.quantile(rows, [0.25, 0.75], axis=0)
        width = np.where(high > low, (high - low) / 1.35, np.std(rows, axis=0))
        return np.where(width > 0, width, np.maximum(np.abs(rows).max(axis=0), 1.0))

    @property
    def blank(self) -> Distribution:
        """The distribution as a user would hand it to a fit: free parameters unknown (a mixture: as it is)."""
        if not self.is_value:
            return self.distribution
        return self.distribution.with_values(**{p.name: None for p in self.free})

    def fit(self, x: Any, weight: Any = None, start: Distribution | None = None) -> Distribution:
        """Fit a copy of ``start`` (default `blank`): a mixture's `fit` changes it, and one on trial may."""
        fitted: Distribution = copy.deepcopy(self.blank if start is None else start)
        return fitted.fit(x) if weight is None else fitted.fit(x, sample_weight=weight)

    def require_same_density(self, got: Distribution, wanted: Distribution, x: Array, what: str) -> None:
        """Require two fits to agree as densities, row by row; models that iterate to a tolerance, on average."""
        one, other = got.log_pdf(x), wanted.log_pdf(x)
        if self.is_value:
            require_close(one, other, f"log density by {what}", relative=1e-6, absolute=1e-6)
        else:
            require_close(np.mean(one), np.mean(other), f"mean log density by {what}", relative=1e-5, absolute=1e-5)

    # --------------------------------------------------------------- expectations from the density alone

    @cached_property
    def grid(self) -> Integral:
        """The one-column density as numbers; for counts ``edges`` are the counts themselves."""
        if self.distribution.support.discrete:
            x = self._values()
            weight = np.exp(self.distribution.log_pdf(x))
            return Integral(x, weight, x, np.cumsum(weight))
        grid = integrate(self.distribution.log_pdf, self._panels())
        if not self.distribution.atoms:
            return grid
        atoms = np.array(self.distribution.atoms)
        mass = np.exp(self.distribution.log_pdf(atoms))
        edges = np.union1d(grid.edges, atoms)
        cumulative = np.interp(edges, grid.edges, grid.cumulative) + (edges[:, np.newaxis] >= atoms) @ mass
        return Integral(np.append(grid.x, atoms), np.append(grid.weight, mass), edges, cumulative)

    @cached_property
    def _summable(self) -> bool:
        """Whether the values that carry the mass are few enough to be summed over."""
        if not self.distribution.support.discrete:
            return True
        low, high = self._range
        return high - low <= MOST_VALUES

    def _values(self) -> Array:
        """Return the separate values that carry the mass."""
        return self.distribution.support.values(*self._range)

    @cached_property
    def _range(self) -> tuple[float, float]:
        """Return the ends of a sample of counts, widened until nothing is added."""
        draws, support = self.draw(2000, "mass"), self.distribution.support
        low, high = draws.min(), draws.max()
        width = max(high - low, 16.0)

        def spent_moments(ends: Array) -> Mask:
            distance = np.maximum(np.abs(ends - self.centre[0]) / self.unit[0], 1.0)
            weight = np.exp(self.distribution.log_pdf(ends)) * distance**4
            nothing: Mask = (weight < 1e-17) | (ends == [support.low, support.high])
            return nothing

        for _ in range(20):
            low, high = max(low - width, support.low), min(high + width, support.high)
            ends = np.array([low, high])
            spent = (np.exp(self.distribution.log_pdf(ends)) < 1e-17) | (ends == [support.low, support.high])
            if spent.all() or high - low > MOST_VALUES:
                break
            width *= 2.0
        while high - low < MOST_VALUES / 40 and not spent_moments(ends).all():  # as in a power-law tail
            width *= 2.0
            low, high = max(low - width, support.low), min(high + width, support.high)
            ends = np.array([low, high])
        return float(low), float(high)

    def _panels(self) -> Array:
        """Return edges of panels: quantiles of a sample, ever wider panels outwards, ever narrower to an end."""
        draws, support = np.sort(self.draw(2000, "mass")), self.distribution.support
        width = max(float(draws[-1] - draws[0]), 1e-12 * float(np.abs(draws).max()), 1e-290)
        with np.errstate(over="ignore"):
            reach = width * 2.0 ** np.arange(-50, 300)
        reach = reach[reach < 1e300]
        inner = draws[::20]
        edges = [draws[0] - reach, inner, draws[-1:], draws[-1] + reach]
        shrink = 2.0 ** np.concatenate([np.arange(-1000.0, -80.0, 20.0), np.arange(-80.0, 0.0)])
        for end, nearest in ((support.low, draws[0]), (support.high, draws[-1])):
            if np.isfinite(end):
                edges += [end + (nearest - end) * shrink, np.array([end])]
        panels = np.unique(np.clip(np.concatenate(edges), support.low, support.high))
        return with_ends(self.distribution, panels)

    @cached_property
    def unresolved(self) -> float:
        """Probability so close to an end of the support that doubles hardly resolve it, as at a pole of a density."""
        support, total = self.distribution.support, 0.0
        for end, inward in ((support.low, np.inf), (support.high, -np.inf)):
            if np.isfinite(end) and not support.discrete:
                near = end + 64 * (np.nextafter(end, inward) - end)
                total += float(integrate(self.distribution.log_pdf, np.sort([end, near])).cumulative[-1])
        return total

    def grid_moment(self, power: int, centre: float) -> float:
        """Return E (x - centre)^power, or NaN where its integral does not converge on the grid."""
        grid = self.grid
        with np.errstate(over="ignore", invalid="ignore"):
            terms = np.where(grid.weight > 0, grid.weight * (grid.x - centre) ** power, 0.0)
        order = np.argsort(grid.x)
        size = np.abs(terms[order])
        support, tail = self.distribution.support, 0.0
        if not support.discrete:  # towards a finite end every moment converges
            tail = max(size[:24].sum() * np.isinf(support.low), size[-24:].sum() * np.isinf(support.high))
        elif len(size) > 1:
            tail = max(
                _geometric(size[1], size[0]) if np.isinf(support.low) else 0.0,
                _geometric(size[-2], size[-1]) if np.isinf(support.high) else 0.0,
            )
        return float(terms.sum()) if np.isfinite(size).all() and tail <= 1e-12 * size.sum() else np.nan

    @cached_property
    def _total(self) -> float | None:
        """The sum of each row where all rows have the same: proportions, or counts of a number of trials."""
        pilot = self.draw(2000, "pilot")
        total = pilot.sum(axis=1)
        alike = isinstance(self.distribution.support, Simplex) or np.all((pilot == np.floor(pilot)) & (pilot >= 0.0))
        varied = pilot.shape[1] > 1 and np.ptp(pilot, axis=0).any()  # rows all equal have a sum by accident
        return float(total[0]) if alike and varied and np.ptp(total) <= 1e-6 * total[0] else None

    @property
    def _is_simplex(self) -> bool:
        """Whether rows are proportions, which are looked at through the logarithms of their ratios to the last."""
        return self._total is not None and not self.distribution.support.discrete

    def _in_coordinates(self, rows: Array) -> Array:
        """Return rows in the coordinates in which they are proposed: themselves, but for proportions."""
        return np.log(rows[:, :-1] / rows[:, -1:]) if self._is_simplex else rows

    @cached_property
    def _proposal(self) -> tuple[Array, Array, Mask] | None:
        """Centre, Cholesky factor of continuous columns and mask of discrete ones; None if there is no volume."""
        if isinstance(self.distribution.support, UnitVector):
            return None  # a density on a sphere
        pilot = self._in_coordinates(self.draw(2000, "pilot"))
        discrete = np.all(pilot == np.floor(pilot), axis=0)
        scale = np.std(pilot, axis=0)
        if not np.all(scale > 0):
            return None
        smooth = pilot[:, ~discrete] / scale[~discrete]
        correlation = np.atleast_2d(np.cov(smooth, rowvar=False)) if smooth.shape[1] else np.zeros((0, 0))
        if smooth.shape[1] and np.linalg.eigvalsh(correlation)[0] < 1e-9:
            return None
        return pilot.mean(axis=0), np.linalg.cholesky(correlation) * scale[~discrete, np.newaxis], discrete

    @cached_property
    def importance(self) -> tuple[Array, Array]:
        """Rows and weights with mean(weight * f(row)) an unbiased estimate of the expectation of f.

        Rows come half from one wide t distribution, half from narrower ones about rows of a sample, so that
        separate humps are found; discrete columns are rounded Cauchy draws, of the range of the support. Counts of
        a common total come from Dirichlet-multinomial distributions instead.
        """
        if self._total is not None and not self._is_simplex:
            rows, log_q = self._counts(int(self._total))
            return rows, np.exp(self.distribution.log_pdf(rows) - log_q)
        assert self._proposal is not None
        centre, factor, discrete = self._proposal
        rng, n_humps = self.rng("importance"), 64
        humps = np.vstack([centre, self._in_coordinates(self.draw(n_humps, "humps"))])
        shrink = np.concatenate([[1.1], np.full(n_humps, 0.7)])
        share = np.concatenate([[0.5], np.full(n_humps, 0.5 / n_humps)])
        width = np.maximum(np.std(self._in_coordinates(self.draw(2000, "pilot")), axis=0), 0.5)[discrete]
        chosen = rng.choice(len(humps), MANY, p=share)
        df, d = 6.0, len(factor)
        noise = rng.standard_normal((MANY, d)) / np.sqrt(rng.chisquare(df, (MANY, 1)) / df)
        rows = humps[chosen]
        rows[:, ~discrete] += shrink[chosen, np.newaxis] * noise @ factor.T
        support = self.distribution.support
        low, high = (np.arctan((end - rows[:, discrete]) / width) for end in (support.low - 0.5, support.high + 0.5))
        away = width * np.tan(low + (high - low) * rng.uniform(size=(MANY, len(width))))
        rows[:, discrete] = np.clip(np.round(rows[:, discrete] + away), support.low, support.high)
        constant = gammaln((df + d) / 2) - gammaln(df / 2) - d / 2 * np.log(df * np.pi) - np.log(np.diag(factor)).sum()
        # Whitened about the centre, columns far from zero keep their digits.
        white = np.linalg.solve(factor, (rows - centre)[:, ~discrete].T)
        white_humps = np.linalg.solve(factor, (humps - centre)[:, ~discrete].T)
        log_q = np.full(MANY, -np.inf)
        for i, (h, part) in enumerate(zip(shrink, share, strict=True)):
            square = np.sum((white - white_humps[:, i : i + 1]) ** 2, axis=0) / h**2
            term = np.log(part) + constant - d * np.log(h) - (df + d) / 2 * np.log1p(square / df)
            away = rows[:, discrete] - humps[i, discrete]
            low, high = (end - humps[i, discrete] for end in (support.low - 0.5, support.high + 0.5))
            mass = np.arctan((away + 0.5) / width) - np.arctan((away - 0.5) / width)
            mass /= np.arctan(high / width) - np.arctan(low / width)
            log_q = np.logaddexp(log_q, term + np.log(mass).sum(axis=1))
        if self._is_simplex:
            rows, log_volume = _proportions(rows)
            log_q -= log_volume
        return rows, np.exp(self.distribution.log_pdf(rows) - log_q)

    def _counts(self, total: int) -> tuple[Array, Array]:
        """Return rows of counts of a total, and the log mass they are drawn with."""
        rng, centre = self.rng("importance"), self.draw(2000, "pilot").mean(axis=0) + 0.5
        spreads = [
            np.ones(centre.size),  # all rows alike
            np.full(centre.size, 0.3),  # more of those with few categories
            *(factor * centre / centre.sum() for factor in (3.0, 20.0, 4.0 * total)),
        ]
        chosen = np.array(spreads)[rng.integers(len(spreads), size=MANY)]
        shares = rng.standard_gamma(chosen)
        rows = rng.multinomial(total, shares / shares.sum(axis=1, keepdims=True)).astype(float)
        log_q = np.full(MANY, -np.inf)
        for spread in spreads:
            ratio = gammaln(rows + spread) - gammaln(spread) - gammaln(rows + 1.0)
            whole = spread.sum()
            term = gammaln(total + 1.0) + gammaln(whole) - gammaln(total + whole) + ratio.sum(axis=1)
            log_q = np.logaddexp(log_q, term - np.log(len(spreads)))
        return rows, log_q


def _proportions(log_ratios: Array) -> tuple[Array, Array]:
    """Return the proportions, shape (n, d), and the log volume of their first d - 1 per volume of the log ratios."""
    padded = np.hstack([log_ratios, np.zeros((len(log_ratios), 1))])
    log_rows = padded - logsumexp(padded, axis=1, keepdims=True)
    return np.exp(log_rows), log_rows.sum(axis=1)


def _geometric(before: float, last: float) -> float:
    """Return the sum from ``last`` on of terms that go on as these two do."""
    if last == 0.0:
        return 0.0
    return float(last / (1.0 - last / before)) if last < before else np.inf
