"""Mixtures of censored components: exact climbs, starts that infinity does not spoil, products, missing cells."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from distributions.data import as_observations
from mixtures import (
    Censored,
    DegeneracyWarning,
    Exponential,
    InvalidDataError,
    InvalidParameterError,
    LogNormal,
    MixtureModel,
    MultivariateNormal,
    MultivariateStudentT,
    Normal,
    Poisson,
    Product,
    Weibull,
    as_intervals,
)
from mixtures.observed import observed
from mixtures.partitions import SAMPLE, representatives, standardised

INF = np.inf


def survival(n, rng):
    """Return early failures and wear-out, a third of them censored, and which were early."""
    early = rng.random(n) < 0.4
    life = np.where(early, rng.exponential(2.0, n), 20.0 * rng.weibull(5.0, n))
    until = rng.uniform(0.0, 40.0, n)
    return as_intervals(np.minimum(life, until), life <= until), early


def test_a_mixture_is_the_direct_maximum(rng):
    rows, weight = survival(300, rng)[0], rng.uniform(0.5, 2.0, 300)
    model = MixtureModel([Censored(Weibull()), Censored(Exponential())]).fit(rows, sample_weight=weight)
    assert model.converged_
    assert np.diff(model.history_).min() > -1e-9
    time, event = rows[:, 0], rows[:, 1] < INF

    def loss(u):  # written out: survival function, and hazard where the event was seen
        share, shape, scale, rate = 1.0 / (1.0 + np.exp(-u[0])), *np.exp(u[1:])
        hazards = shape / scale * (time / scale) ** (shape - 1.0), np.full(len(time), rate)
        survivals = np.exp(-((time / scale) ** shape)), np.exp(-rate * time)
        parts = [s * np.where(event, h, 1.0) for h, s in zip(hazards, survivals, strict=True)]
        return -(weight @ np.log(share * parts[0] + (1.0 - share) * parts[1]))

    wear, early = (component.distribution for component in model.components_)
    found = np.array([np.log(model.weights_[0] / model.weights_[1]), *np.log([wear.shape, wear.scale, early.rate])])
    assert model.log_likelihood_ == pytest.approx(-loss(found), rel=1e-12)
    options = {"xatol": 1e-10, "fatol": 1e-12, "maxfev": 2000}
    best = minimize(loss, [0.5, 1.5, 3.0, -0.5], method="Nelder-Mead", options=options)
    assert model.log_likelihood_ == pytest.approx(-best.fun, rel=1e-10)
    assert found == pytest.approx(best.x, abs=1e-5)  # both stop short of the optimum by the root of rounding


@pytest.mark.parametrize("families", [(Weibull(), Exponential()), (Normal(), LogNormal())])
def test_the_order_of_components_does_not_matter(families, rng):
    rows = survival(200, rng)[0]
    one, other = (
        MixtureModel([Censored(family) for family in order], n_init=2).fit(rows) for order in (families, families[::-1])
    )
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, rel=1e-9)
    assert one.weights_ == pytest.approx(other.weights_[::-1], abs=1e-5)


def test_like_components_come_out_in_ascending_order(rng):
    rows, early = survival(600, rng)
    model = MixtureModel(Censored(Weibull()), n_components=2, n_init=3).fit(rows)
    assert model.components_[0].mean < model.components_[1].mean
    assert model.weights_[0] == pytest.approx(0.4, abs=0.08)
    seen = rows[:, 1] < INF
    assert np.mean(model.predict(rows[seen]) == ~early[seen]) > 0.85
    assert model.cdf([1.0, 30.0]) == pytest.approx(
        sum(w * part.cdf([1.0, 30.0]) for w, part in zip(model.weights_, model.components_, strict=True))
    )
    assert model.sample(5, rng=0).shape == (5, 2)
    assert "Weibull(shape=" in model.summary()
    with pytest.raises(InvalidDataError, match="these rows are intervals"):
        model.plot(rows)


def test_exact_rows_have_the_fit_of_the_families_themselves(rng):
    x = np.r_[rng.exponential(2.0, 150), 20.0 * rng.weibull(5.0, 150)]
    plain = MixtureModel([Weibull(), Exponential()]).fit(x)
    exact = MixtureModel([Censored(Weibull()), Censored(Exponential())], n_init=3).fit(np.column_stack([x, x]))
    assert exact.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-9)
    assert exact.components_[0].distribution.scale == pytest.approx(plain.components_[0].scale, rel=1e-4)


def test_repeated_rows_count_as_weights(rng):
    rows, count = np.round(survival(80, rng)[0], 1) + [0.1, 0.1], rng.integers(1, 4, 80)
    weighted, repeated = (
        MixtureModel([Censored(Weibull(3.0, 15.0)), Censored(Exponential(0.5))]).fit(x, sample_weight=w)
        for x, w in ((rows, count), (np.repeat(rows, count, axis=0), None))
    )
    assert len(weighted.history_) == len(repeated.history_)
    np.testing.assert_allclose(weighted.history_, repeated.history_, rtol=1e-10)


def test_counts_known_up_to_a_limit(rng):
    x = np.r_[rng.poisson(2.0, 200), rng.poisson(15.0, 200)].astype(float)
    rows = np.column_stack([x, x])
    rows[x > 12] = [12.0, INF]
    model = MixtureModel(Censored(Poisson()), n_components=2).fit(rows)
    assert [part.distribution.rate for part in model.components_] == pytest.approx([2.0, 15.0], rel=0.15)
    labels = np.repeat(["low", "high"], 200)
    known = MixtureModel({"high": Censored(Poisson()), "low": Censored(Poisson())}).fit(rows, labels=labels)
    assert known.components_["low"].distribution.rate == pytest.approx(x[:200].mean(), rel=0.02)


def test_a_component_of_survivors_alone_has_no_maximum(rng):
    time, event = rng.exponential(2.0, 100), np.ones(100, dtype=bool)
    rows = as_intervals(np.r_[time, np.full(100, 40.0)], np.r_[event, ~event])
    with pytest.warns(DegeneracyWarning, match="rate"):
        model = MixtureModel(Censored(Exponential()), n_components=2).fit(rows)
    assert sorted(part.distribution.rate for part in model.components_)[1] == pytest.approx(1 / time.mean(), rel=1e-3)


# -------------------------------------------------------------------------------------- beside other columns


@pytest.fixture
def table(rng):
    """Times, whose ends are missing together, and a measure."""
    rows, early = survival(300, rng)
    X = np.column_stack([rows, rng.normal(np.where(early, 0.0, 4.0), 1.0)])
    X[rng.random(300) < 0.1, :2] = np.nan
    X[rng.random(300) < 0.1, 2] = np.nan
    return X[~np.isnan(X).all(axis=1)]


def test_products_with_missing_cells(table):
    part = Product([Censored(Exponential()), Normal()])
    model = MixtureModel(part, n_components=2).fit(table)
    assert model.converged_
    assert np.diff(model.history_).min() > -1e-9
    joint = np.zeros((len(table), 2)) + np.log(model.weights_)
    for k, product in enumerate(model.components_):
        times, measure = product.parts
        for cells, family in ((table[:, :2], times), (table[:, 2], measure)):
            seen = ~np.isnan(cells.reshape(len(table), -1)).all(axis=1)
            joint[seen, k] += family.log_pdf(cells[seen])
    total = np.logaddexp.reduce(joint, axis=1)
    assert model.log_likelihood_ == pytest.approx(total.sum(), rel=1e-12)
    np.testing.assert_allclose(model.predict_proba(table), np.exp(joint - total[:, np.newaxis]), atol=1e-12)
    assert model.mean.shape == model.var.shape == (3,)
    alone = part.fit(table)
    seen = ~np.isnan(table[:, 0])
    assert alone.parts[0] == Censored(Exponential()).fit(table[seen, :2])


def test_columns_of_a_frame_may_be_ends(table):
    frame = pd.DataFrame({"dose": table[:, 2], "low": table[:, 0], "high": table[:, 1]})
    named = Product({("low", "high"): Censored(Exponential()), "dose": Normal()})
    by_name = MixtureModel(named, n_components=2, n_init=2).fit(frame)
    by_place = MixtureModel(Product([Censored(Exponential()), Normal()]), n_components=2, n_init=2).fit(table)
    assert by_name.log_likelihood_ == by_place.log_likelihood_


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([5.0, 6.0, INF], r"one finite end\); 1 of 11 rows \(first: row 10, 5, 6, inf\) is NaN or infinite"),
        ([-INF, INF, 1.0], r"row 10, -inf, inf, 1\) is NaN or infinite"),
        ([INF, INF, 1.0], r"row 10, inf, inf, 1\) is NaN or infinite"),
        ([2.0, 1.0, 1.0], r"row 10, 2, 1(, 1)?\) is (outside|of zero density|not)"),
        ([-2.0, -1.0, 1.0], r"row 10, -2, -1(, 1)?\) is (outside|of zero density|not)"),
        ([np.nan, 1.0, 1.0], r"row 10, nan, 1(, 1)?\) is (incomplete|not|outside)"),
    ],
)
def test_the_first_bad_row_is_named(row, message, table):
    part = Product([Censored(Exponential(0.1)), Normal(1.0, 2.0)])
    rows = np.vstack([table[:10], row])
    for call in (part.fit, MixtureModel(part, n_components=2).fit, MixtureModel([part, part]).predict_proba):
        with pytest.raises(InvalidDataError, match=message):
            call(rows)


def test_infinity_stays_an_error_where_one_component_refuses_it(table):
    rows = table[~np.isnan(table[:, 0]), :2]
    with pytest.raises(InvalidDataError, match="infinite"):
        MixtureModel([Censored(Normal()), MultivariateNormal()]).fit(rows)
    with pytest.raises(InvalidParameterError, match="different numbers of columns"):
        MixtureModel([Censored(Normal()), Normal()]).fit(rows)
    with pytest.raises(InvalidDataError, match=r"finite data; 1 of 2 rows \(first: row 1, inf\)"):
        MixtureModel([Normal(), Exponential()]).fit([1.0, INF])


def test_a_part_is_left_out_where_all_its_cells_are_missing(rng):
    part = Product([MultivariateStudentT(5.0, [0.0, 0.0], np.eye(2)), Normal(0.0, 1.0)])
    model, X = MixtureModel([part, part], weights=[0.3, 0.7]), rng.normal(size=(6, 3))
    X[2, :2] = np.nan
    assert model.predict_proba(X)[2] == pytest.approx([0.3, 0.7])
    X[4, 0] = np.nan
    other = Product([MultivariateNormal([0.0, 0.0], np.eye(2)), Normal(0.0, 1.0)])  # it can leave out that cell
    for refused in (model, MixtureModel([part, other])):
        for call in (refused.predict_proba, refused.impute):
            with pytest.raises(InvalidDataError, match=r"T cannot leave out .* 1 of 6 rows \(first: row 4, nan"):
                call(X)


def test_a_missing_time_is_imputed_by_its_expectation(table):
    short, long = (Product([Censored(Exponential(r)), Normal(m, 1.0)]) for r, m in ((0.5, 0.0), (0.05, 4.0)))
    model, missing = MixtureModel([short, long]), np.isnan(table[:, 0])
    filled, share = model.impute(table), model.predict_proba(table)
    np.testing.assert_allclose(filled[missing, 0], share[missing] @ [2.0, 20.0])
    np.testing.assert_array_equal(filled[:, 0][missing], filled[:, 1][missing])
    np.testing.assert_array_equal(filled[~missing, :2], table[~missing, :2])


# ---------------------------------------------------------------------------- what stands for infinite cells


def test_finite_rows_stand_for_intervals():
    rows = np.array([[2.0, 2.0], [2.0, 4.0], [3.0, INF], [-INF, 5.0], [np.nan, np.nan]])
    wanted = np.array([[2.0, 2.0], [3.0, 3.0], [3.0, 3.0], [5.0, 5.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(Censored(Normal()).finite_rows(rows), wanted)
    beside = np.column_stack([rows, np.arange(5.0)])
    product = Product([Censored(Normal()), Normal()])
    np.testing.assert_array_equal(product.finite_rows(beside), np.column_stack([wanted, np.arange(5.0)]))
    mixed = MixtureModel([product, MultivariateNormal([0, 0, 0], np.eye(3))])
    np.testing.assert_array_equal(mixed.finite_rows(beside), beside)  # one component refuses infinity there
    assert Normal().finite_rows(rows) is rows
    data = as_observations(rows[:4], None, 2, "Someone", finite_rows=Censored(Normal()).finite_rows)
    assert data.summary.scale == pytest.approx(np.std([2.0, 3.0, 3.0, 5.0]))
    assert data.summary.high.tolist() == [5.0, 5.0]


@pytest.mark.parametrize("n", [300, 3 * SAMPLE])
@pytest.mark.parametrize("has_missing", [False, True])
def test_representatives_of_censored_rows(n, has_missing, rng):
    rows = np.column_stack([survival(n, rng)[0].round(1), rng.normal(size=n).round(1)])
    if has_missing:
        rows[rng.random(n) < 0.1, :2] = np.nan
    part = Product([Censored(Exponential()), Normal()])
    stand_in = np.zeros(3) if has_missing else None
    order = rng.permutation(n)
    one, other = (
        representatives(observed(x, None, None, stand_in, part.finite_rows(x)))[0] for x in (rows, rows[order])
    )
    np.testing.assert_array_equal(one.rows, other.rows)
    np.testing.assert_array_equal(one.weight, other.weight)
    np.testing.assert_array_equal(one.points, part.finite_rows(one.rows))
    assert one.weight.sum() == pytest.approx(n)
    assert {row.tobytes() for row in one.rows} <= {row.tobytes() for row in rows}
    assert np.isfinite(standardised(one)).all()
    assert np.abs(standardised(one)).max() < 20.0
