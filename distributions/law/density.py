"""Laws about density, draws, probabilities and moments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..data import Array
from ..numeric import ends, integrate
from .case import MANY, SIGMAS, Case, require, require_close

_PROBABILITIES = np.array([1e-9, 1e-4, 0.01, 0.1, 0.25, 0.5, 0.77, 0.9, 0.99, 0.9999, 1 - 1e-9])


# ------------------------------------------------------------------------------------------------- log_pdf


def log_pdf_is_one_float_per_row(case: Case) -> None:
    """`log_pdf` of n rows is a float64 array of shape (n,), for n = 0 too."""
    rows = case.draw(50, "shape")
    for size in (50, 1, 0):
        values = case.distribution.log_pdf(rows[:size])
        require(isinstance(values, np.ndarray), f"log_pdf gives {type(values).__name__}, should be an array")
        require(values.shape == (size,), f"log_pdf of {size} rows has shape {values.shape}")
        require(values.dtype == np.float64, f"log_pdf has dtype {values.dtype}, should be float64")
    if case.one_column:
        value = case.distribution.log_pdf(float(rows[0]))
        require(np.size(value) == 1, f"log_pdf of one number has shape {np.shape(value)}")
        require_close(np.ravel(value)[0], case.distribution.log_pdf(rows)[0], "log_pdf of one number", relative=1e-12)


def log_pdf_judges_each_row_alone(case: Case) -> None:
    """A row's log density does not depend on the rows beside it, nor on how many there are."""
    rows = case.draw(9001, "alone")
    whole = case.distribution.log_pdf(rows)
    tolerance = {"relative": 1e-12, "absolute": 1e-12}
    for i in (0, 1, 4999, 8191, 8192, 9000):
        require_close(case.distribution.log_pdf(rows[i : i + 1])[0], whole[i], f"log_pdf of row {i} alone", **tolerance)
    require_close(case.distribution.log_pdf(rows[::-1].copy()), whole[::-1], "log_pdf of reversed rows", **tolerance)


def log_pdf_is_minus_inf_outside_the_support(case: Case) -> None:
    """`log_pdf` is -inf outside the support: never NaN, never a finite number, never an error."""
    for cell in outside_cells(case):
        for rows in with_cell(case, cell):
            if case.holds(rows):  # a cell that only other columns refuse
                continue
            value = case.distribution.log_pdf(rows)[0]
            require(value == -np.inf, f"log_pdf({rows[0].tolist()}) is {value}, should be -inf: outside the support")


def log_pdf_is_nan_for_nan(case: Case) -> None:
    """`log_pdf` is NaN where a row holds NaN (nothing else, if the family integrates missing cells out), only there."""
    empty = np.full((1, case.unit.size), np.nan)
    for rows in [empty] if case.leaves_out else with_cell(case, np.nan):
        both = np.concatenate([rows, case.draw(3, "beside NaN")])
        values = case.distribution.log_pdf(both)
        require(np.isnan(values[0]), f"log_pdf({rows[0].tolist()}) is {values[0]}, should be NaN")
        require(not np.isnan(values[1:]).any(), "a NaN makes the log_pdf of rows beside it NaN")


def missing_cells_are_integrated_out(case: Case) -> None:
    """The density of a row with a missing (NaN) cell is the integral over that cell of the density of whole rows."""
    for j, partial, _, weight in _rows_with_a_missing_cell(case):
        got = float(case.distribution.log_pdf(partial)[0])
        require_close(got, np.log(weight.sum()), f"log_pdf with column {j} missing", absolute=1e-6)


def missing_cells_are_imputed_by_their_expectation(case: Case) -> None:
    """`impute` fills a missing cell with its expectation given the others, or its most probable category."""
    columns = case.distribution.columns_read(range(case.unit.size))
    for j, partial, cells, weight in _rows_with_a_missing_cell(case):
        filled = case.distribution.impute(partial)[0]
        categories = columns[j].labels is not None
        wanted = cells[weight.argmax()] if categories else weight @ cells / weight.sum()
        require_close(filled[j], wanted, f"column {j} imputed", absolute=1e-6 * case.unit[j])
        require_close(np.delete(filled, j), np.delete(partial[0], j), f"cells beside column {j}, imputed")


def _rows_with_a_missing_cell(case: Case) -> Iterator[tuple[int, Array, Array, Array]]:
    """Yield each column, a row without its cell, shape (1, d), and points and weights of the integral over the cell."""
    row, draws = case.draw(1, "missing")[0], case.draw(2000, "missing columns")
    for j in range(row.size):

        def log_pdf(cells: Array, j: int = j) -> Array:
            rows = np.tile(row, (len(cells), 1))
            rows[:, j] = cells
            return case.distribution.log_pdf(rows)

        column = np.sort(draws[:, j])
        width = max(float(np.ptp(column)), 1e-8 * float(np.abs(column).max()))
        if np.all(column == np.floor(column)):
            cells = np.arange(column[0] - width - 30.0, column[-1] + 2.0 * width + 30.0)
            weight = np.exp(log_pdf(cells))
        else:
            reach = width * 2.0 ** np.arange(-40, 8)
            edges = np.unique(np.concatenate([column[0] - reach, column[::20], column[-1] + reach]))
            integral = integrate(log_pdf, np.union1d(edges, ends(log_pdf, edges)))
            cells, weight = integral.x, integral.weight
        partial = row[np.newaxis].copy()
        partial[0, j] = np.nan
        yield j, partial, cells, weight


def log_pdf_is_finite_far_in_the_tail(case: Case) -> None:
    """Far out the log density is a finite number: the density is never computed first and its log taken then.

    A genuine end of the density is told from underflow by the last finite value before -inf: the log of
    the smallest double (or float32), or of the smallest normal one.
    """
    support, rng = case.distribution.support, case.rng("tail")
    draws = case.draw(200, "tail").reshape(200, -1)
    values = case.distribution.log_pdf(_as_given(case, draws))
    peak, start = float(values.max()), draws[int(np.argmax(values))]
    d = len(start)
    directions = np.vstack([np.eye(d), -np.eye(d), rng.standard_normal((0 if d == 1 else 4, d))])

    def log_density(direction: Array, distance: float) -> float:
        row = start + distance * direction * case.unit
        row = np.round(row) if support.discrete else row
        if not support.holds(row[np.newaxis])[0]:
            return np.nan
        value = float(case.distribution.log_pdf(_as_given(case, row[np.newaxis]))[0])
        require(value < np.inf and not np.isnan(value), f"log_pdf({row.tolist()}) is {value}, far in the tail")
        return value

    for direction in directions:
        for distance in (5.0, 30.0, 100.0, 1e3, 1e4):
            value = log_density(direction, distance)
            if value != -np.inf:
                continue
            inside, outside = 0.0, distance
            for _ in range(60):
                middle = (inside + outside) / 2
                inside, outside = (inside, middle) if log_density(direction, middle) == -np.inf else (middle, outside)
            last = log_density(direction, inside)
            if abs(last - log_density(direction, (1.0 - 1e-6) * inside)) > 1.0:
                break  # a pole of the log density, at an end of the support
            for limit in (-745.2, -708.4, -103.3, -87.4):
                underflow = min(abs(last - limit), abs(last - peak - limit)) < 3.0
                require(not underflow, f"log_pdf falls to -inf at {last:.1f}, {inside:.3g} widths out: it underflows")
            break


def density_integrates_to_one(case: Case) -> None:
    """The density integrates, or the mass sums, to one."""
    if case.one_column:
        total = float(case.grid.weight.sum())
        require_close(total, 1.0, "integral of the density", absolute=1e-7 + 4.0 * case.unresolved)
        return
    _, weight = case.importance
    error = float(np.std(weight) / np.sqrt(len(weight)))
    require(error < 0.05, f"integral of the density: {weight.mean():.3f} with error {error:.3f}, cannot be judged")
    require_close(weight.mean(), 1.0, f"integral of the density (error {error:.2g})", absolute=SIGMAS * error)


def pdf_and_log_likelihood_follow_log_pdf(case: Case) -> None:
    """`pdf` is exp(log_pdf) and `log_likelihood` the weighted sum of log_pdf; rows of weight zero are absent."""
    x, weight = case.draw(100, "follow"), case.weights(100, "follow")
    log_pdf = case.distribution.log_pdf(x)
    require_close(case.distribution.pdf(x), np.exp(log_pdf), "pdf", relative=1e-12)
    size = np.abs(log_pdf).sum()
    require_close(case.distribution.log_likelihood(x), log_pdf.sum(), "log_likelihood", absolute=1e-12 * size)
    wanted = float(weight @ log_pdf)
    got = case.distribution.log_likelihood(x, sample_weight=weight)
    require_close(got, wanted, "weighted log_likelihood", absolute=1e-11 * size)
    absent = with_absent_rows(case, x, weight)
    require_close(
        case.distribution.log_likelihood(absent[0], sample_weight=absent[1]),
        wanted,
        "log_likelihood with rows of weight zero",
        absolute=1e-11 * size,
    )


def density_equals_the_scipy_twin(case: Case) -> None:
    """`log_pdf`, and for one column `cdf`, `ppf`, `mean` and `var`, are those of the same distribution in SciPy."""
    twin, distribution = case.twin, case.distribution
    x = case.draw(300, "twin")
    if case.one_column:
        x = np.concatenate([x, np.round(case.centre + case.unit * np.array([-30, -9, 9, 30.0]))])
        support = distribution.support  # at an open end SciPy may give the density's limit
        x = x[~((support.low_open & (x == support.low)) | (support.high_open & (x == support.high)))]
    wanted = (twin.logpmf if hasattr(twin, "logpmf") and distribution.support.discrete else twin.logpdf)(x)
    require_close(distribution.log_pdf(x), np.reshape(wanted, len(x)), "log_pdf", relative=1e-8, absolute=1e-8)
    if case.one_column:
        require_close(distribution.cdf(x), twin.cdf(x), "cdf", relative=1e-8, absolute=1e-13)
        q, wanted = _PROBABILITIES, twin.ppf(_PROBABILITIES)
        # Rounding of the probability itself moves a quantile in a thin tail; counts, only where many share it.
        moved = np.exp(-distribution.log_pdf(wanted))
        moved = np.floor(4e-16 * moved) if distribution.support.discrete else 1e-14 * moved
        require_close(distribution.ppf(q), wanted, "ppf", relative=1e-9, absolute=1e-9 * case.unit[0] + moved)
        for name in ("mean", "var"):
            got, wanted = (np.ravel(value) for value in (getattr(distribution, name), getattr(twin, name)()))
            # SciPy has NaN for infinity in places.
            require(np.isnan(wanted) <= ~np.isfinite(got), f"{name}: {got}, where SciPy has {wanted}")
            rounding = 1e-14 * case.unit[0] if name == "mean" else 0.0  # a mean of zero may be computed
            require_close(got[~np.isnan(wanted)], wanted[~np.isnan(wanted)], name, relative=1e-9, absolute=rounding)


# ----------------------------------------------------------------------------------------------- sampling


def samples_are_rows_of_the_support(case: Case) -> None:
    """`sample(size, rng)` gives float64 rows in the support; a seed repeats them, a generator moves on."""
    distribution, d = case.distribution, case.distribution.n_columns
    for size in (0, 1, 7, 1000):
        rows = distribution.sample(size, rng=3)
        shapes = {(size,), (size, 1)} if d == 1 else {(size, d)}
        require(rows.shape in shapes, f"sample({size}) has shape {rows.shape}, should be {shapes}")
        require(rows.dtype == np.float64, f"sample has dtype {rows.dtype}, should be float64")
        require(distribution.support.holds(rows.reshape(size, d or 1)), "sample leaves the support")
        require(np.array_equal(rows, distribution.sample(size, rng=3)), "sample with the same seed gives other rows")
    require(np.all(distribution.log_pdf(rows) > -np.inf), "sample gives rows of density zero")
    generator = np.random.default_rng(5)
    first, second = distribution.sample(1000, rng=generator), distribution.sample(1000, rng=generator)
    varied = len(np.unique(distribution.sample(1000, rng=3), axis=0)) > 1
    require(not (varied and np.array_equal(first, second)), "sample with a generator repeats itself")
    require(len(distribution.sample(3, rng=None)) == 3, "sample without rng fails")


def samples_have_the_moments_of_the_density(case: Case) -> None:
    """Mean and (co)variance of a large sample are those of the density, within sampling error."""
    rows = case.draw(MANY, "moments").reshape(MANY, -1)
    z = (rows - case.centre) / case.unit
    if case.one_column:
        mean = case.grid_moment(1, case.centre[0]) / case.unit[0]
        second, fourth = (case.grid_moment(p, case.centre[0]) / case.unit[0] ** p for p in (2, 4))
        widest = _widest(case)
        _require_mean(z[:, 0], mean, second, widest, "mean of a sample")
        _require_mean(z[:, 0] ** 2, second, fourth, widest * widest, "second moment of a sample")
        return
    points, weight = case.importance
    y = (points - case.centre) / case.unit
    for j in range(y.shape[1]):
        _require_same_mean(z[:, j], y[:, j], weight, f"mean of column {j} of a sample")
        for k in range(j + 1):
            _require_same_mean(z[:, j] * z[:, k], y[:, j] * y[:, k], weight, f"product of columns {j}, {k} of a sample")


def samples_follow_the_density(case: Case) -> None:
    """The empirical distribution of a large sample is that of the density.

    One column: Kolmogorov's distance, with the bound of Dvoretzky, Kiefer, Wolfowitz and Massart. Several
    columns: the same for projections on columns and random directions, and for the log density itself.
    """
    rows = case.draw(MANY, "ecdf")
    if case.one_column:
        ordered = np.sort(rows)
        empirical = np.searchsorted(ordered, case.grid.edges, side="right") / MANY
        distance = np.abs(empirical - case.grid.cumulative)
        at = int(np.argmax(distance))
        limit = np.sqrt(np.log(2e9) / (2 * MANY))
        require(
            distance[at] < limit,
            f"P(X <= {case.grid.edges[at]:.6g}) is {case.grid.cumulative[at]:.4f} by the density and "
            f"{empirical[at]:.4f} among {MANY} draws (allowed difference {limit:.4f})",
        )
        return
    points, weight = case.importance
    d = points.shape[1]
    directions = np.vstack([np.eye(d), case.rng("directions").standard_normal((3, d))]) / case.unit
    looks = [(f"projection {i}", rows @ u, points @ u) for i, u in enumerate(directions)]
    looks.append(("log density", case.distribution.log_pdf(rows), case.distribution.log_pdf(points)))
    for name, one, other in looks:
        for threshold in np.unique(np.quantile(one, np.arange(0.04, 1.0, 0.08))):
            limit = threshold + 1e-12 * abs(threshold)  # not between values that differ by rounding
            below = np.asarray(one <= limit, dtype=float), np.asarray(other <= limit, dtype=float)
            _require_same_mean(*below, weight, f"share of a sample whose {name} <= {threshold:.4g}")


def _require_mean(terms: Array, mean: float, second: float, widest: float, what: str) -> None:
    """Compare a sample mean with its expectation, by Bernstein's bound; skip where no expectation exists."""
    if np.isnan(mean) or np.isnan(second):
        return
    error = np.sqrt(max(second - mean**2, 0.0) / len(terms))
    require_close(
        terms.mean(), mean, f"{what}, from the centre in widths", absolute=SIGMAS * error + 12 * widest / len(terms)
    )


def _require_same_mean(one: Array, other: Array, weight: Array, what: str) -> None:
    """Compare a sample mean with a weighted one, both with their standard errors."""
    total = weight.sum()
    wanted = float(weight @ other / total)
    spread = max(one.std(), np.sqrt(weight @ (other - wanted) ** 2 / total))  # a sample may miss what is rare
    error = np.hypot(spread / np.sqrt(len(one)), np.sqrt(np.sum((weight * (other - wanted)) ** 2)) / total)
    rare = 12 * (np.abs(one).max() / len(one) + np.max(weight * np.abs(other)) / total)
    require_close(one.mean(), wanted, what, absolute=SIGMAS * error + rare)


def _widest(case: Case) -> float:
    grid = case.grid
    low, high = np.searchsorted(grid.cumulative, [1e-9, grid.cumulative[-1] - 1e-9])
    ends = grid.edges[[max(low - 1, 0), min(high, len(grid.edges) - 1)]]
    return float(np.max(np.abs(ends - case.centre[0])) / case.unit[0])


# ---------------------------------------------------------------------------- probabilities and moments


def cdf_rises_from_zero_to_one(case: Case) -> None:
    """`cdf` never falls, is 0 at -inf and 1 at inf, NaN for NaN, and takes numbers and arrays."""
    x = np.unique(np.concatenate([case.draw(300, "cdf"), case.centre + case.unit * np.linspace(-50, 50, 101)]))
    values = case.distribution.cdf(x)
    require(values.shape == x.shape, f"cdf of {x.shape} has shape {values.shape}")
    require((values >= 0) & (values <= 1), "cdf leaves [0, 1]")
    require(np.diff(values) >= -1e-12, f"cdf falls by {-np.diff(values).min():.3g}")
    require(np.ptp(values) > 0.5, f"cdf rises by {np.ptp(values):.3g} only over the data")
    ends = case.distribution.cdf(np.array([-np.inf, np.inf, np.nan]))
    require_close(ends, [0.0, 1.0, np.nan], "cdf at -inf, inf, NaN")
    require_close(case.distribution.cdf(float(x[3])), values[3], "cdf of one number", absolute=1e-11)


def cdf_agrees_with_the_density(case: Case) -> None:
    """`cdf` is the integral of the density; for counts a right-continuous step function."""
    grid = case.grid
    pick = np.unique(np.linspace(0, len(grid.edges) - 1, 400).astype(int))
    x, wanted = grid.edges[pick], grid.cumulative[pick]
    slack = 1e-7 + 4.0 * case.unresolved
    require_close(case.distribution.cdf(x), wanted, "cdf, against the integral of the density", absolute=slack)
    if case.distribution.support.discrete:
        gap = np.minimum(np.diff(grid.edges, prepend=-np.inf, append=np.inf), 1.0)  # to the values on both sides
        above, below = x + gap[pick + 1] / 2, x - gap[pick] / 2
        require_close(case.distribution.cdf(above), wanted, "cdf between two values", absolute=1e-7)
        before = wanted - grid.weight[pick]
        require_close(case.distribution.cdf(below), before, "cdf below a value", absolute=1e-7)


def ppf_inverts_the_cdf(case: Case) -> None:
    """`ppf(q)` is the smallest x with cdf(x) >= q, for 0 < q < 1; NaN where q is no probability."""
    distribution, discrete = case.distribution, case.distribution.support.discrete
    x = distribution.ppf(_PROBABILITIES)
    require(x.shape == _PROBABILITIES.shape, f"ppf of {_PROBABILITIES.shape} has shape {x.shape}")
    require(np.diff(x) >= 0, "ppf falls")
    reached = distribution.cdf(x)
    if discrete:
        require(distribution.support.contains(x), "ppf leaves the support")
        require(reached >= _PROBABILITIES, "cdf(ppf(q)) < q: ppf is too small")
        # Between values the cdf is flat; next to one, a shift of x may round to it.
        smaller = distribution.cdf(np.minimum(x - 1e-9 * np.minimum(1.0 + np.abs(x), 1e8), np.nextafter(x, -np.inf)))
        require(smaller < _PROBABILITIES, "cdf(ppf(q) - 1) >= q: ppf is not the smallest")
        counts = np.unique(case.draw(300, "ppf"))
        counts = counts[(distribution.pdf(counts) > 1e-9) & (distribution.cdf(counts) < 1 - 1e-12)]
        require_close(distribution.ppf(distribution.cdf(counts)), counts, "ppf(cdf(x))")
    else:
        # A quantile is known to one rounding of x: where that is much beside the width, so is the probability.
        slack = np.exp(distribution.log_pdf(x)) * np.spacing(np.abs(x)) * 4
        leaps = np.isin(x, distribution.atoms)  # there the cdf passes over some probabilities
        require(reached[leaps] >= _PROBABILITIES[leaps], "cdf(ppf(q)) < q at an atom: ppf is too small")
        require_close(reached[~leaps], _PROBABILITIES[~leaps], "cdf(ppf(q))", absolute=1e-9 + slack[~leaps])
        middle = case.draw(100, "ppf")
        density, q = np.exp(distribution.log_pdf(middle)), distribution.cdf(middle)
        inner = (density * case.unit[0] > 1e-3) & (q > 1e-6) & (q < 1 - 1e-6)
        wanted = middle[inner]
        slack = 1e-6 * case.unit[0] + 8 * np.spacing(np.abs(wanted))
        require_close(distribution.ppf(q[inner]), wanted, "ppf(cdf(x))", absolute=slack)
    require(np.isnan(distribution.ppf(np.array([-0.1, 1.1, np.nan]))), "ppf of no probability is not NaN")
    ends, draws = distribution.ppf(np.array([0.0, 1.0])), case.draw(1000, "ppf ends")
    require(ends[0] <= draws.min() and ends[1] >= draws.max(), f"ppf(0), ppf(1) = {ends.tolist()} do not enclose draws")
    require_close(distribution.ppf(0.5), x[5], "ppf of one number", absolute=1e-9 * case.unit[0])


def mean_and_var_agree_with_the_density(case: Case) -> None:
    """`mean`, `var` and `std` are those of the density (not checked where its integrals do not converge)."""
    distribution = case.distribution
    mean, var = np.ravel(distribution.mean), np.ravel(distribution.var)
    require_close(np.ravel(distribution.std), np.sqrt(var), "std, against the root of var", relative=1e-12)
    if case.one_column:
        wanted = case.grid_moment(1, case.centre[0])
        if np.isnan(wanted):
            return
        width = case.unit[0]
        relative = 1e-6 + 10.0 * case.unresolved
        slack = relative * max(width, abs(wanted)) + 4 * np.spacing(abs(case.centre[0]))
        require_close(mean, [case.centre[0] + wanted], "mean", absolute=slack)
        second = case.grid_moment(2, case.centre[0])
        if not np.isnan(second):
            require_close(var, [second - wanted**2], "var", relative=relative)
        return
    points, weight = case.importance
    require(mean.shape == var.shape == (points.shape[1],), f"mean, var have shapes {mean.shape}, {var.shape}")
    y, total = (points - case.centre) / case.unit, weight.sum()
    for name, terms, got in (
        ("mean", y, (mean - case.centre) / case.unit),
        ("var", ((points - mean) / case.unit) ** 2, var / case.unit**2),
    ):
        estimate = weight @ terms / total
        error = np.sqrt((weight**2) @ (terms - estimate) ** 2) / total
        slack = SIGMAS * error + 1e-9 * np.abs(estimate)
        require_close(got, estimate, f"{name} (in widths of the columns)", absolute=slack)


# -------------------------------------------------------------------------------------- rows for the laws


def outside_cells(case: Case) -> list[float]:
    """Return values of one cell that lie outside the support: beyond its ends, at open ends, fractions."""
    support, unit = case.distribution.support, float(case.unit.min())
    cells = [-np.inf, np.inf]
    for end, sign in ((support.low, -1.0), (support.high, 1.0)):
        if np.isfinite(end):
            cells += [end, end + sign * 1e-6 * unit, end + sign * unit, sign * 1e300]
    if support.discrete:
        cells += [float(case.centre[0]) + 0.25, float(case.centre[0]) + 1e-6]
    return [cell for cell in cells if not support.contains(cell)]


def with_absent_rows(case: Case, x: Array, weight: Array) -> tuple[Array, Array]:
    """Mix in rows of weight zero that would spoil everything if they counted."""
    spoilt: list[Any] = [rows for cell in (np.nan, *outside_cells(case)) for rows in with_cell(case, cell)]
    far = case.centre + 1e3 * case.unit
    spoilt.append(np.round(far) if x.ndim == 1 else far[np.newaxis])
    rows = np.concatenate([*spoilt, x])
    order = case.rng("absent").permutation(len(rows))
    return rows[order], np.concatenate([np.zeros(len(rows) - len(x)), weight])[order]


def with_cell(case: Case, cell: float) -> list[Array]:
    """Return one-row samples, one for each column, in which that column's cell is replaced."""
    row = case.draw(1, "cell")
    if row.ndim == 1:
        return [np.array([cell])]
    made = []
    for j in range(row.shape[1]):
        made.append(row.copy())
        made[-1][0, j] = cell
    return made


def _as_given(case: Case, rows: Array) -> Array:
    """Return rows, shape (n, d), as a user would pass them: one column as shape (n,)."""
    return rows[:, 0] if case.one_column else rows
