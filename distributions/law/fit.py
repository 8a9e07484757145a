"""Laws about `fit`: it maximises the weighted likelihood, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..base import Distribution, Parameter
from ..data import Array
from ..domains import Domain
from ..errors import InvalidParameterError, LawError
from .case import FEW, MANY, Case, require, require_close
from .density import outside_cells, with_absent_rows

_STEPS = (1e-4, 1e-3, 1e-2, 0.1, 0.5)
_ENTRIES = 24  # of a vector or matrix are moved; all of them if there are no more


def fit_gives_known_parameters(case: Case) -> None:
    """`fit` returns a distribution of the same kind with every parameter known and the same ones frozen."""
    x = case.draw(FEW, "fit")
    fitted = case.fit(x)
    require(type(fitted) is type(case.distribution), f"fit returns {type(fitted).__name__}")
    require(fitted.unknown == (), f"after fit {', '.join(fitted.unknown)} still unknown")
    require(fitted.frozen == case.distribution.frozen, f"fit changes what is frozen: {set(fitted.frozen)}")
    require(np.isfinite(fitted.log_pdf(x)), f"{fitted!r}, as fitted, gives its own data no finite log density")


def fit_is_stationary(case: Case) -> None:
    """No change of a free parameter, of either sign and of several sizes, raises the weighted log-likelihood."""
    few = 2 * case.unit.size + 28  # so few make a divisor n - 1 plain; a mixture may collapse on them
    for size in (FEW, few) if case.is_value else (FEW,):
        x, weight = case.draw(size, "stationary"), case.weights(size, "stationary")
        _require_maximum(case, case.fit(x), x, np.ones(size))
        _require_maximum(case, case.fit(x, weight), x, weight)


def fit_with_missing_cells_is_stationary(case: Case) -> None:
    """With cells missing at random, `fit` maximises the weighted likelihood of the observed ones."""
    x, weight = case.draw(FEW, "holes"), case.weights(FEW, "holes")
    x[case.rng("holes").random(x.shape) < 0.2] = np.nan
    x, weight = x[~np.isnan(x).all(axis=1)], weight[~np.isnan(x).all(axis=1)]
    _require_maximum(case, case.fit(x, weight), x, weight)


def fit_does_not_depend_on_its_start(case: Case) -> None:
    """From unknown parameters, from the true ones and from its own result, `fit` reaches the same maximum."""
    x, weight = case.draw(FEW, "start"), case.weights(FEW, "start")
    from_blank = case.fit(x, weight)
    case.require_same_density(case.fit(x, weight, start=case.distribution), from_blank, x, "a fit from known values")
    case.require_same_density(case.fit(x, weight, start=from_blank), from_blank, x, "a fit from its own result")


def integer_weight_is_repetition(case: Case) -> None:
    """A row of weight 3 counts like three equal rows."""
    x = case.draw(FEW, "repetition")
    count = case.rng("repetition").integers(1, 5, FEW)
    count[np.argsort(np.abs(x.reshape(FEW, -1)[:, 0]))[-FEW // 4 :]] += 9  # so that weights move every estimate
    weighted, repeated = case.fit(x, count.astype(float)), case.fit(np.repeat(x, count, axis=0))
    case.require_same_density(weighted, repeated, x, "integer weights, against repeated rows")
    case.require_same_density(case.fit(x, count), weighted, x, "weights of integer type")


def zero_weight_is_absence(case: Case) -> None:
    """A row of weight zero changes nothing, even if it holds NaN or lies outside the support."""
    x, weight = case.draw(FEW, "absence"), case.weights(FEW, "absence")
    fitted = case.fit(*with_absent_rows(case, x, weight))
    case.require_same_density(fitted, case.fit(x, weight), x, "rows of weight zero, against rows left out")


def common_factor_of_weights_cancels(case: Case) -> None:
    """All weights times 7, or a constant weight, change nothing."""
    x, weight = case.draw(FEW, "factor"), case.weights(FEW, "factor")
    case.require_same_density(case.fit(x, 7.0 * weight), case.fit(x, weight), x, "all weights times 7")
    case.require_same_density(case.fit(x, np.full(FEW, 0.3)), case.fit(x), x, "a constant weight, against none")


def offset_moves_only_the_location(case: Case) -> None:
    """Data far from zero, 10^8 times their width, give the same fit: nothing cancels."""
    unit = 2.0 ** np.round(np.log2(case.unit if not case.one_column else case.unit[0]))
    x = case.draw(FEW, "offset")
    x = np.round((x - np.median(x, axis=0)) / unit * 2.0**20) * 2.0**-20 * unit  # so that x + offset is exact
    offset = 2.0**27 * unit
    near, far = case.fit(x), case.fit(x + offset)
    require_close(far.log_pdf(x + offset), near.log_pdf(x), "log density after an offset of 1e8 widths", absolute=1e-5)
    for name, domain, power, *_ in case.declared:
        moved, still = np.asarray(far.parameters[name]), np.asarray(near.parameters[name])
        if domain.is_location and power == 1 and moved.size == np.size(offset):
            shift, slack = (np.reshape(value, moved.shape) for value in (offset, 1e-6 * unit))
            require_close(moved - shift, still, f"{name} after an offset", absolute=slack)


def units_scale_by_their_power(case: Case) -> None:
    """Data in a unit 10^8 times smaller or larger give the same fit, each parameter times unit^power."""
    x = case.draw(FEW, "units")
    d = x.size // FEW
    plain, width = case.fit(x), float(case.unit.max())
    for factor in (2.0**-27, 2.0**27):
        scaled = case.fit(x * factor)
        dimensions = np.where(np.isin(x, case.distribution.atoms), 0, d) if d == 1 else d
        wanted = plain.log_pdf(x) - dimensions * np.log(factor)
        require_close(scaled.log_pdf(x * factor), wanted, f"log density of data x {factor:.3g}", absolute=1e-5)
        for name, domain, power, *_ in case.declared:
            got, value = np.asarray(scaled.parameters[name]), np.asarray(plain.parameters[name])
            slack = 1e-6 * (width if domain.is_location else np.abs(value)) * factor**power
            require_close(got, value * factor**power, f"{name} (power {power}) of data x {factor:.3g}", absolute=slack)


def a_large_sample_is_recovered(case: Case) -> None:
    """On a large sample the fit beats the truth, by no more than chance allows (likelihood ratio, Wilks)."""
    x = case.draw(MANY, "recovered")
    fitted = case.fit(x)
    truth, found = case.distribution.log_pdf(x), fitted.log_pdf(x)
    gain = float(np.sum(found - truth))
    slack = 1e-9 * float(np.sum(1.0 + np.abs(truth)))
    require(gain >= -slack, f"the fit to {MANY} draws is {-gain:.6g} log-likelihood units below the truth: {fitted!r}")
    free, deep = fitted.n_parameters, 20.0
    limit = free / 2 + np.sqrt(free * deep) + deep  # chi-squared beyond it: once in 10^9
    require(gain <= limit, f"the fit to {MANY} draws is {gain:.4g} log-likelihood units above the truth: {fitted!r}")


def frozen_values_stay(case: Case) -> None:
    """`fit` leaves a frozen parameter exactly as it is, and takes the others to their maximum given it."""
    x, weight = case.draw(FEW, "frozen"), case.weights(FEW, "frozen")
    best = case.fit(x, weight)
    whole = case.distribution.freeze()
    require(whole.fit(x, sample_weight=weight) == whole, "with everything frozen, fit changes the distribution")
    if len(case.declared) == 1:
        return
    for held in case.declared:
        away = (v for h in (0.1, 1e-3) for v in _neighbours(case, best, held, h))
        # Held away from its maximum, the parameter shows whether the others follow it.
        value = next((v for v in away if _holds_with(best, held.name, v, x)), best.parameters[held.name])
        for start in (case.blank.with_values(**{held.name: value}), best.with_values(**{held.name: value})):
            start = start.freeze(held.name)
            fitted = start.fit(x, sample_weight=weight)
            kept, was = fitted.parameters[held.name], start.parameters[held.name]
            same = np.array_equal(kept, was)
            require(same, f"{held.name} frozen at {was!r} became {kept!r}")
            require(held.name in fitted.frozen, f"{held.name} is no longer frozen after fit")
            _require_maximum(case, fitted, x, weight)


def _holds_with(distribution: Distribution, name: str, value: Any, x: Array) -> bool:
    """Whether all rows stay in the support with a parameter frozen at this value, such as an end of the support."""
    support = distribution.with_values(**{name: value}).freeze(name).support
    return bool(support.holds(x.reshape(len(x), -1)).all())


def bad_rows_are_refused(case: Case) -> None:
    """A row that is NaN, infinite or outside the support is a ValueError in `fit`, not parameters of NaN."""
    x = case.draw(FEW, "bad")
    learns = case.blank.prepare(x) is not case.blank  # its support, from any data: what is outside, it must know
    for cell in ([] if case.leaves_out else [np.nan]) + outside_cells(case):
        bad = x.copy()
        bad.reshape(FEW, -1)[17, 0] = cell
        if case.holds(bad[17:18]):  # a cell that only other columns refuse
            continue
        try:
            fitted = case.fit(bad, start=case.distribution if learns else None)
        except ValueError:
            continue
        raise LawError(f"fit accepts a row that holds {cell} and returns {fitted!r}")


def degenerate_data_are_refused_or_fitted(case: Case) -> None:
    """On constant data or a single row `fit` gives a finite likelihood or a ValueError, not NaN or infinity."""
    rows = case.draw(5, "constant")
    for x in (np.repeat(rows[:1], 20, axis=0), rows[:1]):
        try:
            fitted = case.fit(x)
        except ValueError:
            continue
        total = float(np.sum(fitted.log_pdf(x)))
        require(np.isfinite(total), f"fit to {len(x)} equal rows gives log-likelihood {total}: {fitted!r}")


def first_guess_is_a_legal_start(case: Case) -> None:
    """`first_guess` fills in every unknown parameter, and gives the data a finite log density."""
    x = case.draw(FEW, "guess")
    rows = x.reshape(FEW, -1)
    guess = case.blank.first_guess(rows)
    require(guess.unknown == (), f"first_guess leaves {', '.join(guess.unknown)} unknown")
    require(np.isfinite(guess.log_pdf(x)), f"{guess!r}, the first guess, gives its data no finite log density")


# ------------------------------------------------------------------------------------------ perturbations


def _require_maximum(case: Case, fitted: Distribution, x: Array, weight: Array) -> None:
    """Try every neighbour; a mixture's are those of its components' parameters, and of its weights."""
    terms = fitted.log_pdf(x)
    best = float(weight @ terms)
    slack = 1e-9 * float(weight @ (1.0 + np.abs(terms)))

    def require_worse(other: Distribution, name: str, value: Any, old: Any) -> None:
        gain = float(weight @ other.log_pdf(x)) - best
        require(
            not gain > slack,
            f"{name}={_brief(value)} is {gain:.3g} log-likelihood units better than the fitted {_brief(old)} "
            f"(n = {len(x)})",
        )

    outline = fitted.outline()
    leaves = {path: leaf.distribution for path, leaf in outline.leaves.items()}
    known = {path: choice.proportions for path, choice in outline.choices.items()}
    proportions = {path: shares for path, shares in known.items() if shares is not None}
    constrained = {path for group in outline.groups for path in group.members}
    for branch in outline.branches:
        for leaf, span in zip(branch.leaves, branch.spans(case.unit.size), strict=True):
            for declared in leaf.distribution.declared if leaf.path not in constrained else ():
                old, tried = leaf.distribution.parameters[declared.name], 0
                for step in _STEPS if declared.name not in leaf.distribution.frozen else ():
                    for value in _neighbours(case, leaf.distribution, declared, step, case.unit[span]):
                        moved = {**leaves, leaf.path: leaf.distribution.with_values(**{declared.name: value})}
                        require_worse(fitted.rebuild((), moved, proportions), declared.name, value, old)
                        tried += 1
                fixed = declared.name in leaf.distribution.frozen or declared.domain.n_free(old) == 0  # one share is 1
                require(tried or fixed, f"no neighbour of {declared.name}={_brief(old)} is legal")
    for path, shares in proportions.items():
        for option in np.flatnonzero(outline.choices[path].is_free) if len(shares) > 1 else ():
            for step in (*_STEPS, *(-step for step in _STEPS)):
                moved_shares = shares.copy()
                moved_shares[option] *= np.exp(step)
                moved_shares /= moved_shares.sum()
                other = fitted.rebuild((), leaves, {**proportions, path: moved_shares})
                require_worse(other, f"proportion of option {option}", moved_shares, shares)


def _brief(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=10, separator=", ", threshold=12)


def _neighbours(
    case: Case, fitted: Distribution, declared: Parameter, step: float, unit: Array | None = None
) -> Iterator[Any]:
    """Yield legal values of one parameter a relative step away, up and down, entry by entry."""
    name, domain, power, _, limits = declared
    value = fitted.parameters[name]
    low, high = np.minimum(limits[0], value), np.maximum(limits[1], value)  # `fit` does not look beyond them
    unit = case.unit if unit is None else unit
    for candidate in _steps(domain, power, value, step, unit, case.rng("entries")):
        try:
            made = fitted.with_values(**{name: domain.project(candidate)})
        except InvalidParameterError:
            continue
        moved = made.parameters[name]
        if np.all((moved >= low) & (moved <= high)) and not np.array_equal(moved, value):
            yield moved


def _steps(domain: Domain, power: int, value: Any, step: float, unit: Array, rng: np.random.Generator) -> Iterator[Any]:
    shape = np.shape(value)
    entries = [place for place in np.ndindex(shape) if place == tuple(sorted(place, reverse=True))]
    if len(entries) > _ENTRIES:
        entries = [entries[i] for i in rng.choice(len(entries), _ENTRIES, replace=False)]
    for signed in (step, -step):
        if np.ndim(value) == 0:
            yield _step(domain, power, float(value), signed, float(unit[0]))
        elif np.ndim(value) == 1:
            for (j,) in entries:
                moved = np.array(value)
                moved[j] = _step(domain, power, float(value[j]), signed, float(unit[min(j, len(unit) - 1)]))
                yield moved
        elif shape[0] != shape[1]:  # rows for the columns of the data: entry by entry
            for i, j in np.ndindex(shape):
                moved = np.array(value)
                moved[i, j] += signed * unit[min(i, len(unit) - 1)]
                yield moved
        else:  # a covariance: as a whole, and entry by entry against its diagonal
            yield np.asarray(value) * np.exp(signed)
            size = np.sqrt(np.outer(np.diag(value), np.diag(value)))
            for i, j in entries:
                moved = np.array(value)
                moved[i, j] += signed * size[i, j]
                moved[j, i] = moved[i, j]
                yield moved


def _step(domain: Domain, power: int, value: float, step: float, unit: float) -> float:
    """Move one number: by units on the line, by a factor on a half-line, in odds on an interval."""
    low, high = domain.low, domain.high
    if domain.discrete:
        return value + np.sign(step)
    if domain.is_location:
        return value + step * (unit if power == 1 else max(abs(value), 1.0))
    if np.isfinite(low) and np.isfinite(high):
        share = (value - low) / (high - low)
        if not 0.0 < share < 1.0:
            return value + (abs(step) if share <= 0.0 else -abs(step)) * (high - low)
        odds = share / (1.0 - share) * np.exp(step)
        return low + (high - low) * odds / (1.0 + odds)
    end, outward = (low, 1.0) if np.isfinite(low) else (high, -1.0)
    return end + (value - end) * np.exp(step) if value != end else end + outward * abs(step) * unit**power
