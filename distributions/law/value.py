"""Laws about a distribution as a value, its arguments, and its kernels."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

import distributions

from ..base import Distribution
from ..data import Array
from ..errors import InvalidParameterError, LawError, UnknownParameterError
from .case import FEW, Case, require, require_close
from .density import outside_cells, with_cell

ROUNDINGS, LAST_DIGITS = 8, 4.0 * np.finfo(float).eps  # of statistics, to see how far they determine an update

# ------------------------------------------------------------------------------------------- arguments


def arguments_and_self_stay_untouched(case: Case) -> None:
    """No method changes the arrays passed in; none changes the distribution, except a mixture's `fit`."""
    x, weight = case.draw(FEW, "untouched"), case.weights(FEW, "untouched")
    x_before, weight_before, trial = x.copy(), weight.copy(), copy.deepcopy(case.distribution)

    def require_untouched(method: str) -> None:
        require(np.array_equal(x, x_before), f"{method} changes the data it is given")
        require(np.array_equal(weight, weight_before), f"{method} changes sample_weight")
        same = trial == case.distribution and repr(trial) == repr(case.distribution)
        require(same, f"{method} changes the distribution itself, into {trial!r}")

    methods: dict[str, Any] = {
        "log_pdf": lambda: trial.log_pdf(x),
        "log_likelihood": lambda: trial.log_likelihood(x, sample_weight=weight),
        "sample": lambda: trial.sample(10, rng=0),
    }
    if case.one_column:
        methods |= {"cdf": lambda: trial.cdf(x), "ppf": lambda: trial.ppf(np.array([0.2, 0.7]))}
    methods["fit"] = lambda: (trial if case.is_value else copy.deepcopy(trial)).fit(x, sample_weight=weight)
    for method, call in methods.items():
        call()
        require_untouched(method)


def any_layout_and_number_type_will_do(case: Case) -> None:
    """Lists, read-only, strided, one-column, integer and float32 data give what plain float64 rows give."""
    x, weight = case.draw(FEW, "layout"), case.weights(FEW, "layout")
    read_only, strided = x.copy(), np.repeat(x, 2, axis=0)[::2]
    read_only.flags.writeable = False
    light, strided_weight = weight.copy(), np.repeat(weight, 3)[::3]
    light.flags.writeable = False
    variants = {
        "read-only": (read_only, light),
        "strided": (strided, strided_weight),
        "column-major": (np.asfortranarray(x), weight),
        "list": (x.tolist(), weight.tolist()),
    }
    if case.one_column:
        variants["(n, 1)-shaped"] = (x[:, np.newaxis], weight)
    log_pdf, fitted = case.distribution.log_pdf(x), case.fit(x, weight)
    for name, (rows, w) in variants.items():
        require_close(case.distribution.log_pdf(rows), log_pdf, f"log_pdf of {name} data", relative=1e-10)
        case.require_same_density(case.fit(rows, w), fitted, x, f"{name} data")

    single = x.astype(np.float32)
    _require_type(case, single, weight, "float32")
    scale_free = case.distribution.support.discrete or case.has_units
    whole = np.round(x if case.distribution.support.discrete else x / case.unit * 50).astype(np.int64)
    inside = case.distribution.support.holds(whole.reshape(FEW, -1).astype(float))
    _require_type(case, whole[inside], weight[inside], "integer", fit=scale_free and inside.sum() > FEW // 2)


def _require_type(case: Case, x: npt.NDArray[Any], weight: Array, name: str, *, fit: bool = True) -> None:
    exact = x.astype(float)
    # Rounding may leave nothing to fit.
    fit = fit and 2 * len(np.unique(exact)) > len(np.unique(case.draw(FEW, "layout")))
    wanted = case.distribution.log_pdf(exact)
    require_close(case.distribution.log_pdf(x), wanted, f"log_pdf of {name} data", relative=1e-10, absolute=1e-10)
    inside = case.distribution.support.holds(exact.reshape(-1, case.unit.size))
    if fit and inside.all():
        case.require_same_density(case.fit(x, weight), case.fit(exact, weight), exact, f"{name} data")


# --------------------------------------------------------------------------------------------- as a value


def copies_are_equal(case: Case) -> None:
    """`pickle`, `copy` and `deepcopy` give an equal distribution with the same density, frozen parts included."""
    x, family = case.draw(20, "copies"), type(case.distribution)
    copies: dict[str, Any] = {"copy": copy.copy, "deepcopy": copy.deepcopy}
    if getattr(sys.modules.get(family.__module__), family.__name__, None) is family:  # pickle finds classes by name
        copies["pickle"] = lambda original: pickle.loads(pickle.dumps(original))
    for original in _with_frozen(case):
        for name, copied in copies.items():
            made = copied(original)
            require(made == original, f"{name} of {original!r} gives {made!r}")
            require(np.array_equal(made.log_pdf(x), original.log_pdf(x)), f"{name} changes the density")


def json_gives_it_back(case: Case) -> None:
    """`from_json(to_json())` is an equal distribution: every float exact, frozen parts included."""
    x = case.draw(20, "json")
    for original in _with_frozen(case):
        text = original.to_json()
        json.loads(text)
        made = Distribution.from_json(text)
        require(made == original, f"JSON gives {made!r} for {original!r}")
        require(np.array_equal(made.log_pdf(x), original.log_pdf(x)), "JSON changes the density")


def repr_evaluates_to_it(case: Case) -> None:
    """`eval(repr(d)) == d`, frozen parts and unknown parameters included."""
    names = {**vars(distributions), type(case.distribution).__name__: type(case.distribution)}
    for original in (*_with_frozen(case), case.blank):
        made = eval(repr(original), dict(names))
        require(made == original, f"repr evaluates to {made!r}, of {original!r}")


def equal_values_are_equal(case: Case) -> None:
    """Equal parameters make equal distributions of equal hash; another value or freezing makes another."""
    one = case.distribution
    other = one.with_values(**{name: copy.deepcopy(value) for name, value in one.parameters.items()})
    require(one == other and hash(one) == hash(other), f"{one!r} and {other!r} are not equal, or hash differently")
    require(one != case.blank or not case.free, f"{one!r} equals one with unknown parameters")
    if case.free:
        require(one != one.freeze(), f"{one!r} equals its frozen copy")
    require(one != object(), f"{one!r} equals anything")


def values_cannot_be_changed(case: Case) -> None:
    """A parameter cannot be assigned, nor an entry of a vector or matrix: fits share values."""
    for name, value in case.distribution.parameters.items():
        trial = copy.copy(case.distribution)
        try:
            setattr(trial, name, value)
        except AttributeError:
            pass
        else:
            raise LawError(f"{name} can be assigned: a distribution is an immutable value")
        if isinstance(value, np.ndarray):
            require(not value.flags.writeable, f"entries of {name} can be assigned: the array is writable")


def a_bad_parameter_is_named(case: Case) -> None:
    """A parameter outside its domain is an InvalidParameterError that gives class, parameter, domain and value."""
    for name, domain, *_ in case.declared:
        value = case.distribution.parameters[name]
        bad: list[Any] = [np.nan, np.inf, -np.inf, "three", np.full(np.shape(value), np.nan)]
        bad += [end + sign for end, sign in ((domain.low, -1.0), (domain.high, 1.0)) if np.isfinite(end)]
        bad += [domain.low] * domain.low_open + [domain.high] * domain.high_open
        for wrong in bad:
            try:
                made = case.distribution.with_values(**{name: wrong})
            except InvalidParameterError as error:
                for part in (type(case.distribution).__name__, name, domain.text, repr(wrong)):
                    require(part in str(error), f"the error for {name}={wrong!r} does not say {part!r}: {error}")
                continue
            raise LawError(f"{name}={wrong!r} is accepted: {made!r}")


def unknown_parameters_are_refused(case: Case) -> None:
    """With a parameter unknown, no method gives a number: UnknownParameterError names the parameter.

    A family written in plain NumPy may leave it to Python's own TypeError about None. A moment that does not
    depend on the parameter may be given.
    """
    x, accepted = case.draw(3, "unknown"), (UnknownParameterError,) if case.compiled else (ValueError, TypeError)
    for name in case.distribution.parameters:
        if name in case.distribution.frozen:
            continue
        trial = case.distribution.with_values(**{name: None})
        require(name in trial.unknown, f"{name}=None is not listed as unknown")
        methods: dict[str, Any] = {
            "log_pdf": lambda d: d.log_pdf(x),
            "pdf": lambda d: d.pdf(x),
            "log_likelihood": lambda d: d.log_likelihood(x),
            "sample": lambda d: d.sample(3, rng=0),
            "freeze": lambda d, name=name: d.freeze(name),
        }
        if case.one_column:
            methods |= {"cdf": lambda d: d.cdf(x), "ppf": lambda d: d.ppf(np.array([0.5]))}
            methods |= {"var": lambda d: d.var, "std": lambda d: d.std, "mean": lambda d: d.mean}
        for method in methods.keys() - trial.parameters.keys():
            try:
                result = methods[method](trial)
            except accepted as error:
                said = name in str(error) or not isinstance(error, UnknownParameterError)
                require(said, f"{method} of {trial!r} does not name {name}: {error}")
                continue
            if method in ("mean", "var", "std"):
                whole = methods[method](case.distribution)
                if np.array_equal(result, whole, equal_nan=True):  # NaN where there is none, whatever the parameter
                    continue
            raise LawError(f"{method} of {trial!r} gives {result!r}, though {name} is unknown")


def n_parameters_counts_what_is_free(case: Case) -> None:
    """`n_parameters` falls by each parameter's share as it is frozen, to zero."""
    distribution = case.distribution
    total = distribution.n_parameters
    require(isinstance(total, (int, np.integer)), f"n_parameters is {total!r}, should be a whole number")
    shares = {p.name: total - distribution.freeze(p.name).n_parameters for p in case.free}
    require(all(share > 0 for share in shares.values()), f"freezing does not lower n_parameters: {shares}")
    require(sum(shares.values()) == total, f"n_parameters is {total}, its shares are {shares}")
    require(distribution.freeze().n_parameters == 0, "n_parameters is not 0 with everything frozen")


def _with_frozen(case: Case) -> list[Distribution]:
    """Return the distribution, and copies with the first parameter and with all frozen."""
    if not case.is_value:
        return [case.distribution]
    return [case.distribution, case.distribution.freeze(case.declared[0].name), case.distribution.freeze()]


# ------------------------------------------------------------------------------------------------- kernels


def kernels_equal_their_python_source(case: Case) -> None:
    """Compiled, each kernel gives what its source gives when Python runs it."""
    X, r, theta = _kernel_data(case)
    results: list[tuple[Array, Array, Array]] = []
    for compiled in (True, False):
        log_pdf, accumulate, update = (k if compiled else k.py_func for k in _kernels(case))
        out, stats, moved = np.zeros(X.shape[1]), np.zeros(case.distribution.statistics_size()), theta.copy()
        log_pdf(X, theta, out)
        accumulate(X, r, theta, stats)
        # Given the same statistics, so that each kernel is compared by itself.
        update(results[0][1].copy() if results else stats.copy(), moved, _bounds(case))
        results.append((out, stats, moved))
    (out, stats, moved), (out_python, stats_python, moved_python) = results
    # An update is as good as its statistics are: where their last digits move it, as on a ridge that is nearly flat, so
    # may the rounding of its own operations.
    update, rng = _kernels(case)[2], np.random.default_rng(0)
    by_rounding = np.zeros(theta.size)
    for _ in range(ROUNDINGS):
        other = theta.copy()
        update(stats * (1.0 + LAST_DIGITS * rng.choice([-1.0, 1.0], stats.size)), other, _bounds(case))
        by_rounding = np.fmax(by_rounding, np.abs(other - moved))
    units = case.distribution.units(case.unit)
    repeats = np.isinf(units)
    units[repeats] = np.abs(moved_python[repeats]).max(initial=0.0)
    slack = 1e-9 * np.maximum(units, np.abs(moved_python)) + by_rounding
    require_close(out, out_python, "kernel log_pdf, against its source", relative=1e-9, absolute=1e-9)
    require_close(stats, stats_python, "kernel accumulate, against its source", absolute=1e-10 * _size(case))
    require_close(moved, moved_python, "kernel update, against its source", absolute=slack)


def statistics_add_up(case: Case) -> None:
    """`accumulate` adds: two halves give the whole, weights enter linearly, a row of weight zero gives nothing."""
    X, r, theta = _kernel_data(case)
    accumulate, size = _kernels(case)[1], case.distribution.statistics_size()

    def statistics(columns: slice, r: Array, start: float = 0.0) -> Array:
        stats = np.full(size, start)
        accumulate(np.ascontiguousarray(X[:, columns]), np.ascontiguousarray(r[columns]), theta, stats)
        return stats - start

    everything, half = slice(None), X.shape[1] // 2
    whole, slack = statistics(everything, r), 1e-10 * _size(case)
    parts = statistics(slice(half), r) + statistics(slice(half, None), r)
    require_close(parts, whole, "statistics of two halves, added", absolute=slack)
    require_close(statistics(everything, 3.0 * r) / 3, whole, "statistics of weights x 3, divided by 3", absolute=slack)
    require_close(statistics(everything, 0.0 * r), np.zeros(size), "statistics of weights zero")
    filled = float(np.abs(whole).max())
    added = statistics(everything, r, filled)
    require_close(added, whole, "what accumulate adds to a vector in use", absolute=slack + 1e-12 * filled)


def statistics_may_be_taken_about_any_theta(case: Case) -> None:
    """Where `update` is no mere step, statistics about another theta lead to the same maximum."""
    X, r, theta = _kernel_data(case)
    x, other = case.draw(67, "kernels"), _other_theta(case)
    results = []
    for centre in (theta, other):
        stats, moved = np.zeros(case.distribution.statistics_size()), centre.copy()
        _kernels(case)[1](X, r, centre, stats)
        _kernels(case)[2](stats, moved, _bounds(case))
        results.append(case.distribution.from_theta(moved))
    case.require_same_density(results[1], results[0], x, "an update from statistics about another theta")


def statistics_are_carried_over(case: Case) -> None:
    """`carried` gives, of statistics about one theta, those about another one."""
    X, r, theta = _kernel_data(case)
    other = _other_theta(case)
    about: list[Array] = []
    for centre in (theta, other):
        about.append(np.zeros(case.distribution.statistics_size()))
        _kernels(case)[1](X, r, centre, about[-1])
    found = case.distribution.carried(about[0], theta, other)
    require_close(found, about[1], "carried statistics", absolute=1e-9 * (_size(case) + np.abs(about[1])))


def rows_outside_the_support_add_nothing(case: Case) -> None:
    """A row outside the support, which has no responsibility, adds zero to the statistics: not 0 times infinity."""
    accumulate, theta = _kernels(case)[1], case.distribution.to_theta()
    for cell in outside_cells(case):
        if abs(cell) > 1e100:  # whose square overflows inside the support too
            continue
        for row in with_cell(case, cell):
            stats = np.zeros(case.distribution.statistics_size())
            accumulate(np.ascontiguousarray(row.reshape(1, -1).T), np.zeros(1), theta, stats)
            require(not stats.any(), f"a row {row.tolist()} of weight zero adds {stats.tolist()} to the statistics")


def kernels_write_only_their_output(case: Case) -> None:
    """`log_pdf` adds to `out`; no kernel changes another of its arguments."""
    X, r, theta = _kernel_data(case)
    log_pdf, accumulate, update = _kernels(case)
    out, stats = np.zeros(X.shape[1]), np.zeros(case.distribution.statistics_size())
    bounds, moved = _bounds(case), theta.copy()
    inputs = {"X": X, "r": r, "theta": theta, "bounds": bounds}
    before = {name: value.copy() for name, value in inputs.items()}

    def require_untouched(kernel: str) -> None:
        for name, value in inputs.items():
            require(np.array_equal(value, before[name]), f"kernel {kernel} changes {name}")

    log_pdf(X, theta, out)
    require_untouched("log_pdf")
    twice = out.copy()
    log_pdf(X, theta, twice)
    require_close(twice, 2.0 * out, "out after adding log densities twice", relative=1e-12, absolute=1e-12)
    accumulate(X, r, theta, stats)
    require_untouched("accumulate")
    total = stats.copy()
    update(stats, moved, bounds)
    require(np.array_equal(stats, total), "kernel update changes stats")
    require_untouched("update")


def theta_gives_it_back(case: Case) -> None:
    """`from_theta(to_theta())` is the distribution, and `bounds` and `units` fit the vector."""
    distribution = case.distribution
    theta = distribution.to_theta()
    require(theta.ndim == 1 and theta.dtype == np.float64, f"to_theta gives shape {theta.shape}, dtype {theta.dtype}")
    require(distribution.from_theta(theta) == distribution, f"theta gives {distribution.from_theta(theta)!r}")
    bounds, units = distribution.bounds(case.unit, 1e-6), distribution.units(case.unit)
    require(bounds.shape == (2, theta.size), f"bounds have shape {bounds.shape}, theta has {theta.size} entries")
    require(units.shape == theta.shape, f"units have shape {units.shape}, theta has {theta.size} entries")
    require((bounds[0] <= theta) & (theta <= bounds[1]), "bounds do not hold the parameters they start from")


def a_floor_holds_collapsing_scales(case: Case) -> None:
    """`fit_bounded` on constant data gives a finite likelihood, and names parameters that the floor holds."""
    row = case.draw(1, "floor").reshape(1, -1)
    rows = np.repeat(row, 10, axis=0)
    fitted, held = case.blank.fit_bounded(rows, None, case.unit, 1e-3)
    total = float(np.sum(fitted.log_pdf(rows)))
    require(np.isfinite(total), f"with a floor, the log-likelihood of constant data is {total}: {fitted!r}")
    names = [p.name for p in case.free]
    require(set(held) <= set(names), f"the floor holds {held}, free parameters are {names}")
    if not held:
        refit = case.blank.fit(rows)  # nothing is held: then there is a maximum without a floor
        case.require_same_density(fitted, refit, rows, "a floor that holds nothing")


def _kernels(case: Case) -> tuple[Any, Any, Any]:
    kernels = case.distribution.kernels
    assert kernels is not None
    return kernels.log_pdf, kernels.accumulate, kernels.update


def _kernel_data(case: Case) -> tuple[Array, Array, Array]:
    """Return a block X, weights r and parameters theta; an odd number of rows leaves a remainder to unrolled loops."""
    rows = case.draw(67, "kernels").reshape(67, -1)
    return np.ascontiguousarray(rows.T), case.weights(67, "kernels"), case.distribution.to_theta()


def _other_theta(case: Case) -> Array:
    """Return theta of the same settings and other parameters."""
    x = case.draw(67, "kernels")
    return case.fit(x, np.linspace(1.0, 4.0, len(x)), start=case.distribution).to_theta()


def _size(case: Case) -> Array:
    """Return the sum over rows of the absolute statistics of each: what rounding is relative to."""
    X, r, theta = _kernel_data(case)
    total = np.zeros(case.distribution.statistics_size())
    for i in range(X.shape[1]):
        stats = np.zeros_like(total)
        _kernels(case)[1](np.ascontiguousarray(X[:, i : i + 1]), r[i : i + 1].copy(), theta, stats)
        total += np.abs(stats)
    return total


def _bounds(case: Case) -> Array:
    return case.distribution.bounds(case.unit, 1e-12)
