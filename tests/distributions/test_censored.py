"""Censored values: exact maxima, what an interval means, likelihoods without a maximum, what is refused."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from scipy.optimize import minimize

from distributions import (
    Bernoulli,
    Categorical,
    Censored,
    DegenerateDataError,
    Distribution,
    Exponential,
    Gamma,
    Geometric,
    InvalidDataError,
    InvalidParameterError,
    LogLogistic,
    LogNormal,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    PointMass,
    Poisson,
    Shifted,
    StudentT,
    Uniform,
    Weibull,
    ZeroInflated,
    as_intervals,
    check_distribution,
)
from distributions.law import LAWS

INF = np.inf
# Weeks in remission on 6-mercaptopurine (Freireich et al., Blood 21, 1963), and whether it was seen to end.
WEEKS = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35])
ENDED = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], dtype=bool)

# Of each family: the truth, and SciPy's distribution from numbers on the whole line.
SMOOTH = {
    "weibull": (Weibull(1.5, 30.0), lambda u: scipy.stats.weibull_min(np.exp(u[0]), scale=30 * np.exp(u[1]))),
    "exponential": (Exponential(0.01), lambda u: scipy.stats.expon(scale=100 * np.exp(u[0]))),
    "normal": (Normal(-5.0, 2.0), lambda u: scipy.stats.norm(-5 + u[0], 2 * np.exp(u[1]))),
    "log_normal": (LogNormal(1.0, 0.7), lambda u: scipy.stats.lognorm(np.exp(u[1]), scale=np.exp(1 + u[0]))),
    "gamma": (Gamma(2.0, 1.0), lambda u: scipy.stats.gamma(np.exp(u[0]), scale=np.exp(-u[1]))),
    "log_logistic": (LogLogistic(2.0, 5.0), lambda u: scipy.stats.fisk(np.exp(u[0]), scale=5 * np.exp(u[1]))),
    "student_t": (
        StudentT(4.0, 0.0, 1.0).freeze("df"),
        lambda u: scipy.stats.t(4.0, u[0], np.exp(u[1])),
    ),
}
COUNTS = {
    "poisson": (Poisson(3.0), lambda u: scipy.stats.poisson(np.exp(u[0]))),
    "geometric": (Geometric(0.3), lambda u: scipy.stats.geom(1 / (1 + np.exp(-u[0])), loc=-1)),
    "negative_binomial": (
        NegativeBinomial(2.0, 0.3),
        lambda u: scipy.stats.nbinom(np.exp(u[0]), 1 / (1 + np.exp(-u[1]))),
    ),
}


def observed(truth, side, n, rng):
    """Return rows in which some values are exact, and others known up to a bound or an interval."""
    x = truth.sample(n, rng)
    if side == "right":
        until = truth.sample(n, rng)
        return as_intervals(np.minimum(x, until), x <= until)
    if side == "left":  # a limit of detection for each of three instruments
        limit = truth.ppf(np.array([0.1, 0.3, 0.5]))[rng.integers(3, size=n)]
        return as_intervals(np.maximum(x, limit), x > limit, side="left")
    visits = np.sort(truth.sample(6, rng))
    edges = np.concatenate([[-INF], visits, [INF]])
    place = np.searchsorted(visits, x)
    rows = np.column_stack([edges[place], edges[place + 1]])
    exact = rng.random(n) < 0.2
    rows[exact] = x[exact, np.newaxis]
    return rows


def log_likelihood(twin, rows, weight):
    """Return the log-likelihood by SciPy, each kind of row by the function that is precise for it."""
    low, high = rows.T
    exact, right, left = low == high, (high == INF) & (low > -INF), (low == -INF) & (high < INF)
    between = ~(exact | right | left)
    density = twin.logpmf if hasattr(twin.dist, "logpmf") else twin.logpdf
    return (
        weight[exact] @ density(low[exact])
        + weight[right] @ twin.logsf(low[right])
        + weight[left] @ twin.logcdf(high[left])
        + weight[between] @ np.log(twin.cdf(high[between]) - twin.cdf(low[between]))
    )


def direct_maximum(make, n_free, rows, weight):
    """Return the distribution that SciPy's optimiser finds, and its log-likelihood."""

    def loss(u):
        with np.errstate(all="ignore"):
            value = -log_likelihood(make(u), rows, weight)
        return value if np.isfinite(value) else 1e300

    u = np.full(n_free, 0.1)
    for _ in range(3):
        u = minimize(loss, u, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxfev": 300}).x
    return make(u), -loss(u)


@pytest.mark.parametrize("side", ["right", "left", "interval"])
@pytest.mark.parametrize("name", [*SMOOTH, *COUNTS])
def test_fit_is_the_direct_maximum(name, side):
    truth, make = (SMOOTH | COUNTS)[name]
    rng = np.random.default_rng(len(name) + len(side))
    rows, weight = observed(truth, side, 100, rng), rng.uniform(0.2, 2.0, 100)
    blank = truth.with_values(**{p: None for p in truth.parameters if p not in truth.frozen})
    fitted = Censored(blank).fit(rows, weight)
    found, best = direct_maximum(make, truth.n_parameters, rows, weight)
    assert fitted.log_likelihood(rows, weight) == pytest.approx(best, rel=1e-10)
    if name in SMOOTH:  # parameters, whatever they are called, as quantiles
        wanted = found.ppf([0.1, 0.5, 0.9])
        assert fitted.ppf([0.1, 0.5, 0.9]) == pytest.approx(wanted, rel=1e-6, abs=1e-6 * np.ptp(wanted))
    else:
        assert (fitted.mean, fitted.var) == pytest.approx((found.mean(), found.var()), rel=1e-6)


def test_fit_of_exponential_times_is_events_over_time_at_risk():
    rng = np.random.default_rng(3)
    time, event, weight = rng.exponential(4.0, 300), rng.random(300) < 0.3, rng.uniform(0.5, 2.0, 300)
    fitted = Censored(Exponential()).fit(as_intervals(time, event), weight)
    assert fitted.distribution.rate == pytest.approx(weight @ event / (weight @ time), rel=1e-8)
    remission = Censored(Exponential()).fit(as_intervals(WEEKS, ENDED))
    assert remission.distribution.rate == pytest.approx(9 / 359, rel=1e-8)


def test_a_single_interval_has_its_closed_form():
    fitted = Censored(Exponential()).fit([[1.0, 2.0]])
    assert fitted.distribution.rate == pytest.approx(np.log(2.0), rel=1e-8)  # both ends have the same density


def test_weibull_with_known_shape_is_exponential_in_a_power_of_time():
    rows = as_intervals(WEEKS, ENDED)
    fitted = Censored(Weibull(shape=2.0).freeze("shape")).fit(rows)
    assert fitted.frozen == {"shape"}
    assert fitted.distribution.scale == pytest.approx(np.sqrt((WEEKS**2.0).sum() / ENDED.sum()), rel=1e-8)


@pytest.mark.parametrize("family", [Exponential(), Weibull(), Gamma(), Normal(), Poisson(), Uniform(), StudentT()])
def test_exact_rows_have_the_fit_of_the_family_itself(family):
    rng = np.random.default_rng(0)
    x = rng.gamma(2.0, 2.0, 80)
    x = np.floor(x) if family.support.discrete else x
    weight = rng.uniform(0.5, 2.0, 80)
    for w in (None, weight):
        own, fitted = family.fit(x, w), Censored(family).fit(np.column_stack([x, x]), w).distribution
        assert fitted.log_likelihood(x, w) == pytest.approx(own.log_likelihood(x, w), rel=1e-13)
        assert list(fitted.parameters.values()) == pytest.approx(list(own.parameters.values()), rel=1e-9)


def test_narrow_intervals_lead_to_the_exact_fit():
    x = np.random.default_rng(1).gamma(2.0, 2.0, 100)
    rows = np.column_stack([x - 1e-7, x + 1e-7])
    for family in (Gamma(), Weibull(), LogNormal()):
        own, fitted = family.fit(x), Censored(family).fit(rows).distribution
        assert list(fitted.parameters.values()) == pytest.approx(list(own.parameters.values()), rel=1e-6)


def test_repeated_rows_count_as_weights():
    rng = np.random.default_rng(2)
    rows, count = observed(Weibull(1.5, 30.0), "interval", 60, rng), rng.integers(1, 4, 60)
    weighted = Censored(Weibull()).fit(rows, count)
    repeated = Censored(Weibull()).fit(np.repeat(rows, count, axis=0)[::-1])
    assert weighted.distribution.scale == pytest.approx(repeated.distribution.scale, rel=1e-9)
    scaled = Censored(Weibull()).fit(rows, 7.0 * count)
    assert scaled.distribution.shape == pytest.approx(weighted.distribution.shape, rel=1e-9)


@pytest.mark.parametrize("side", ["right", "left", "interval"])
@pytest.mark.parametrize("factor", [1e-8, 1e8])
def test_fit_follows_the_unit(side, factor):
    rows = observed(Weibull(1.5, 30.0), side, 100, np.random.default_rng(5))
    for family, names in ((Weibull(), ("scale",)), (Normal(), ("mean", "std"))):
        plain, scaled = Censored(family).fit(rows).distribution, Censored(family).fit(rows * factor).distribution
        for name in names:
            assert getattr(scaled, name) == pytest.approx(factor * getattr(plain, name), rel=1e-6)


class Inspected(Censored):
    """Half of the values are exact, of the others a grid of inspections tells an interval."""

    def sample(self, size, rng=None):
        rng = np.random.default_rng(rng)
        x = np.ravel(self.distribution.sample(size, rng))
        step = 2.0 if self.support.discrete else self.distribution.std
        high = np.ceil(x / step) * step
        rows = np.column_stack([high - step, high])
        return np.where(rng.random((size, 1)) < 0.5, x[:, np.newaxis], rows)


@pytest.mark.parametrize(
    "distribution", [Normal(3.0, 2.0), Weibull(2.0, 5.0), LogNormal(0.0, 0.3).freeze("log_std"), Poisson(2.5)]
)
def test_the_law_holds_for_intervals(distribution, monkeypatch):
    # A law about units takes all rows to have a density; of counts, values and intervals have no common total.
    laws = {"units_scale_by_their_power", "density_integrates_to_one", "samples_have_the_moments_of_the_density"}
    laws |= {"samples_follow_the_density", "mean_and_var_agree_with_the_density"}
    monkeypatch.setattr("distributions.law.LAWS", [law for law in LAWS if law.name not in laws])
    assert {"fit_is_stationary", "a_large_sample_is_recovered"} <= set(check_distribution(Inspected(distribution)))


def test_what_a_row_contributes():
    d, twin = Censored(Normal(1.0, 2.0)), scipy.stats.norm(1.0, 2.0)
    rows = [[0.5, 0.5], [0.5, INF], [-INF, 0.5], [0.5, 2.0], [80.0, INF], [-INF, INF], [2.0, 0.5], [INF, INF]]
    wanted = [twin.logpdf(0.5), twin.logsf(0.5), twin.logcdf(0.5), np.log(twin.cdf(2.0) - twin.cdf(0.5))]
    wanted += [twin.logsf(80.0), 0.0, -INF, -INF]
    assert d.log_pdf(rows) == pytest.approx(wanted, rel=1e-12)
    assert np.isnan(d.log_pdf([[np.nan, 1.0], [1.0, np.nan], [np.nan, np.nan]])).all()
    assert d.log_pdf(np.empty((0, 2))).shape == (0,)


def test_intervals_of_counts_exclude_their_lower_end():
    d, twin = Censored(Poisson(3.0)), scipy.stats.poisson(3.0)
    got = d.pdf([[2, 2], [2, 4], [2, INF], [-INF, 2], [2.5, 3.5], [2.1, 2.9]])
    wanted = [twin.pmf(2), twin.pmf(3) + twin.pmf(4), twin.sf(2), twin.cdf(2), twin.pmf(3), 0.0]
    assert got == pytest.approx(wanted, rel=1e-12)


def test_which_rows_are_in_the_support():
    rows = np.array(
        [[1.0, 1.0], [0.5, 1.0], [-1.0, 0.0], [0.0, 0.0], [-2.0, -1.0], [2.0, INF], [-INF, INF], [1.0, 0.0]]
    )

    def held(distribution):
        return Censored(distribution).support.holds(rows).tolist()

    assert held(Weibull()) == [True, True, False, False, False, True, True, False]
    assert held(Poisson()) == [True, True, True, True, False, True, True, False]
    assert held(PointMass(0.0)) == [False, False, True, True, False, False, True, False]
    assert held(ZeroInflated(Exponential(), prob=0.2).freeze("prob")) == [
        True,
        True,
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert held(ZeroInflated(Gamma(), prob=0.2).freeze("prob")) == [True, True, True, True, False, True, True, False]
    later = ZeroInflated(Shifted(Poisson(), by=5), prob=0.2).freeze("prob")  # 0, or 5 and more
    assert held(later) == [False, False, True, True, False, True, True, False]
    for distribution in (Weibull(1.0, 1.0), Poisson(2.0), PointMass(0.0), later.with_values(rate=1.0)):
        d = Censored(distribution)
        assert (d.log_pdf(rows) > -INF).tolist() == d.support.holds(rows).tolist()


def test_it_describes_the_value_behind_the_row():
    d = Censored(Weibull(2.0, 5.0))
    inner = d.distribution
    assert (d.mean, d.var, d.std) == (inner.mean, inner.var, np.sqrt(inner.var))
    assert (d.cdf(3.0), d.ppf(0.5)) == (inner.cdf(3.0), inner.ppf(0.5))
    draws = d.sample(5, rng=0)
    assert (draws == inner.sample(5, rng=0)[:, np.newaxis]).all()
    assert draws.shape == (5, 2)
    assert repr(Censored(Weibull())) == "Censored(Weibull())"
    assert Distribution.from_json(d.freeze("shape").to_json()) == d.freeze("shape")


@pytest.mark.parametrize("family", [Exponential(), Weibull(), Normal(), Gamma(), Uniform(), StudentT(), Poisson()])
@pytest.mark.parametrize("rows", [[[1, INF], [2, INF], [5, INF]], [[-INF, 1.5], [-INF, 4]]])
def test_rows_that_hold_at_once_have_no_maximum(family, rows):
    with pytest.raises(DegenerateDataError, match="no maximum, it rises for ever in .* censored on the same side"):
        Censored(family).fit(rows)


def test_a_maximum_at_an_end_of_the_domain_is_one():
    assert Censored(Bernoulli()).fit([[0, INF], [0, 1]]).distribution == Bernoulli(1.0)
    assert Censored(Geometric()).fit([[-INF, 2], [-INF, 0]]).distribution == Geometric(1.0)


def test_a_spike_has_no_maximum():
    with pytest.raises(DegenerateDataError, match="rises for ever in (mean, )?std"):
        Censored(Normal()).fit([[5.0, 5.0], [5.0, 5.0], [3.0, INF]])
    with pytest.raises(DegenerateDataError, match="rises for ever in (mean, )?std"):
        Censored(Normal()).fit([[1.0, 2.0]])


@pytest.mark.parametrize(
    ("distribution", "row", "message"),
    [
        (Normal(), [5.0, 2.0], r"two ends such that low < x <= high.*1 of 3 rows \(first: row 1, 5, 2\) is not"),
        (Normal(), [5.0, np.nan], r"first: row 1, 5, nan\) is not"),
        (Normal(), [np.nan, np.nan], r"one finite end\); .*row 1, nan, nan\) is NaN"),
        (Normal(), [-INF, INF], r"one finite end\); .*row 1, -inf, inf\) is NaN or infinite"),
        (Normal(), [INF, INF], r"row 1, inf, inf\) is NaN or infinite"),
        (Weibull(), [-1.0, 0.0], r"where x is a finite number > 0; .*row 1, -1, 0\) is not"),
        (Poisson(), [2.2, 2.8], r"where x is a whole number >= 0; .*row 1, 2.2, 2.8\) is not"),
        (Poisson(), [2.5, 2.5], r"row 1, 2.5, 2.5\) is not"),
    ],
)
def test_the_first_bad_row_is_named(distribution, row, message):
    with pytest.raises(InvalidDataError, match=message):
        Censored(distribution).fit([[5.0, 5.0], row, [3.0, INF]])
    with pytest.raises(InvalidDataError, match=message.replace("1 of 3", "1 of 4").replace("row 1", "row 2")):
        Censored(distribution).fit([[-9.0, -10.0], [5.0, 5.0], row, [3.0, INF]], [0.0, 1.0, 1.0, 1.0])


def test_what_cannot_be_censored():
    with pytest.raises(InvalidParameterError, match="one column"):
        Censored(MultivariateNormal())
    with pytest.raises(InvalidParameterError, match="one column"):
        Censored(Censored(Normal()))
    with pytest.raises(InvalidParameterError, match="Put the Censored inside"):
        Censored(ZeroInflated(Poisson()))
    with pytest.raises(InvalidParameterError, match="prob of Categorical.*Freeze it"):
        Censored(Categorical()).fit([[0.0, 0.0], [1.0, 1.0], [0.0, INF]])


# ------------------------------------------------------------------------------------------- rows from times


def test_times_and_events_become_rows():
    right = [[2.0, 2.0], [3.0, INF], [5.0, 5.0]]
    assert as_intervals([2, 3, 5], [True, False, True]).tolist() == right
    assert as_intervals(np.array([2.0, 3.0, 5.0]), np.array([1, 0, 1])).tolist() == right
    left = [[2.0, 2.0], [-INF, 3.0], [5.0, 5.0]]
    assert as_intervals([2, 3, 5], [1.0, 0.0, 1.0], side="left").tolist() == left
    assert as_intervals([], []).shape == (0, 2)


def test_times_and_events_may_be_columns_of_pandas():
    frame = pd.DataFrame({"time": [2.0, 3.0, 5.0], "died": [True, False, True]}, index=[9, 8, 7])
    assert as_intervals(frame["time"], frame["died"]).tolist() == [[2.0, 2.0], [3.0, INF], [5.0, 5.0]]
    nullable = frame.convert_dtypes()
    nullable.loc[9, "time"] = pd.NA
    nullable.loc[9, "died"] = pd.NA
    rows = as_intervals(nullable["time"], nullable["died"])
    assert np.isnan(rows[0]).all()
    assert rows[1:].tolist() == [[3.0, INF], [5.0, 5.0]]
    ends = pd.DataFrame({"low": [2.0, 3.0, 1.0], "high": [2.0, INF, 4.0]})
    assert Censored(Exponential()).fit(ends) == Censored(Exponential()).fit(ends.to_numpy())


def test_bad_times_and_events_are_named():
    with pytest.raises(InvalidDataError, match=r"true or false.*1 of 3 rows \(first: row 1, 3, 2\) is not"):
        as_intervals([2, 3, 5], [1, 2, 1])
    with pytest.raises(InvalidDataError, match=r"true or false.*row 2, 5, nan"):
        as_intervals([2, 3, 5], [1, 0, None])
    with pytest.raises(InvalidDataError, match=r"finite times; 1 of 2 rows \(first: row 1, inf\)"):
        as_intervals([2, INF], [1, 0])
    with pytest.raises(InvalidDataError, match="one event for each time; got 1 for 2"):
        as_intervals([2, 3], [1])
    with pytest.raises(InvalidDataError, match="event must be numbers"):
        as_intervals([2, 3], ["dead", "alive"])
    with pytest.raises(InvalidDataError, match=r"time must have shape \(n,\)"):
        as_intervals([[2, 3]], [1, 0])
    with pytest.raises(InvalidParameterError, match="'right' or 'left'; got 'both'"):
        as_intervals([2, 3], [1, 0], side="both")


def test_arguments_stay_as_they_are():
    time, event = np.array([2.0, 3.0]), np.array([True, False])
    rows = as_intervals(time, event)
    before = rows.copy()
    Censored(Exponential()).fit(rows)
    Censored(Exponential(0.5)).log_pdf(rows)
    assert (rows == before).all()
    assert time.tolist() == [2.0, 3.0]
    assert event.tolist() == [True, False]
