"""Missing cells: mixtures fitted to what was observed, and errors about what cannot be left out."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from mixtures import (
    Exponential,
    FactorNormal,
    InvalidDataError,
    Logistic,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
)

FAMILIES = {
    "product": Product([Normal(), Poisson(), Logistic()]),
    "full": MultivariateNormal(),
    "diagonal": MultivariateNormal(structure="diagonal"),
    "spherical": MultivariateNormal(structure="spherical"),
    "both": Product([Normal(), MultivariateNormal()]),
    "factors": FactorNormal(rank=1),
}


@pytest.fixture
def table(rng):
    z = rng.random(400) < 0.4
    X = np.column_stack(
        [rng.normal(np.where(z, 0.0, 5.0), 1.0), rng.poisson(np.where(z, 2.0, 9.0)), rng.logistic(np.where(z, 0, 4), 1)]
    )
    X[rng.random(X.shape) < 0.25] = np.nan
    return X[~np.isnan(X).all(axis=1)]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_is_the_climb_of_the_likelihood_of_observed_cells(family, weighted, table, rng):
    weight = rng.uniform(0.5, 2.0, len(table)) if weighted else None
    model = MixtureModel([family, family], n_init=5).fit(table, sample_weight=weight)
    assert model.converged_
    assert np.all(np.diff(model.history_) > -1e-9)
    assert model.log_likelihood_ == pytest.approx(model.log_likelihood(table, weight), rel=1e-12)
    # No small change of a component is better.
    parts, best = list(model.components_), model.log_likelihood_
    leaves = {path: leaf.distribution for path, leaf in parts[0].outline().leaves.items()}
    for path, leaf in leaves.items():
        for name, value in leaf.parameters.items():
            for factor in (0.999, 1.001):
                other = {**leaves, path: leaf.with_values(**{name: np.asarray(value) * factor})}
                moved = MixtureModel([parts[0].rebuild((), other, {}), parts[1]], weights=model.weights_)
                assert moved.log_likelihood(table, weight) < best + 1e-7


def test_steps_equal_em_in_numpy_with_rows_left_out(table):
    start = [Product([Normal(0.0, 2.0), Poisson(3.0)]), Product([Normal(4.0, 2.0), Poisson(7.0)])]
    X = table[:, :2][~np.isnan(table[:, :2]).all(axis=1)]
    seen = ~np.isnan(X)
    components, weights, wanted = start, np.array([0.5, 0.5]), []
    for _ in range(6):
        joint = np.zeros((len(X), 2)) + np.log(weights)
        for k, product in enumerate(components):
            for j, part in enumerate(product.parts):
                joint[seen[:, j], k] += part.log_pdf(X[seen[:, j], j])
        row = np.logaddexp.reduce(joint, axis=1)
        wanted.append(row.sum())
        r = np.exp(joint - row[:, np.newaxis])
        components = [
            Product([kind.fit(X[seen[:, j], j], r[seen[:, j], k]) for j, kind in enumerate([Normal(), Poisson()])])
            for k in range(2)
        ]
        weights = r.mean(axis=0)
    plain = MixtureModel(start, accelerate=None)
    steps = [step.log_likelihood for step, _ in zip(plain.iter_fit(X), range(6), strict=False)]
    np.testing.assert_allclose(steps, wanted, rtol=1e-12)


def test_the_density_of_a_normal_row_is_the_marginal_of_its_observed_cells(rng):
    cov = np.array([[2.0, 1.0, 0.3], [1.0, 3.0, -0.5], [0.3, -0.5, 1.0]])
    rows = rng.multivariate_normal([1.0, 2.0, 3.0], cov, 50)
    rows[rng.random(rows.shape) < 0.4] = np.nan
    rows[0] = np.nan
    wanted = [
        scipy.stats.multivariate_normal(np.array([1.0, 2.0, 3.0])[o], cov[np.ix_(o, o)]).logpdf(row[o])
        if o.any()
        else np.nan
        for row, o in zip(rows, ~np.isnan(rows), strict=True)
    ]
    np.testing.assert_allclose(MultivariateNormal([1.0, 2.0, 3.0], cov).log_pdf(rows), wanted, rtol=1e-12)


def test_nothing_missing_in_a_block_changes_nothing(table, rng):
    whole = np.nan_to_num(table, nan=3.0)
    family = Product([Normal(), Poisson(), Logistic()])
    plain = MixtureModel([family, family], n_init=3).fit(whole)
    hole = np.vstack([whole, [[np.nan, 3.0, np.nan]]])
    with_hole = MixtureModel(plain.components_, weights=plain.weights_, max_iter=1)
    step = next(iter(with_hole.iter_fit(hole)))
    joint = [w * part.parts[1].pdf(3.0) for w, part in zip(plain.weights_, plain.components_, strict=True)]
    assert step.log_likelihood == pytest.approx(plain.log_likelihood_ + np.log(np.sum(joint)), rel=1e-12)


@pytest.mark.parametrize("kind", ["masked", "None", "pandas", "object", "masked objects"])
def test_whatever_marks_a_missing_cell_is_understood(kind, table):
    family = Product({"a": Normal(), "b": Poisson(), "c": Logistic()})
    objects = pd.DataFrame(table, columns=list("abc")).astype(object).where(~np.isnan(table), pd.NA).to_numpy()
    given = {
        "masked": np.ma.masked_invalid(table),
        "None": [[None if np.isnan(cell) else cell for cell in row] for row in table.tolist()],
        "pandas": pd.DataFrame(table, columns=list("abc")).astype({"b": "Int64"}),
        "object": objects,
        "masked objects": np.ma.masked_array(
            objects, np.isnan(table) & (np.arange(len(table)) % 2 == 0)[:, np.newaxis]
        ),
    }[kind]
    wanted = MixtureModel([family, family], n_init=2).fit(table)
    model = MixtureModel([family, family], n_init=2).fit(given)
    assert model.log_likelihood_ == wanted.log_likelihood_
    np.testing.assert_array_equal(model.predict_proba(given), wanted.predict_proba(table))
    np.testing.assert_array_equal(model.score_samples(given), wanted.score_samples(table))


def test_labels_and_missing_cells_go_together(table):
    labels = np.where(table[:, 1] < 4, 0, -1)
    family = Product([Normal(), Poisson(), Logistic()])
    model = MixtureModel([family, family]).fit(table, labels=labels)
    assert model.converged_
    assert model.components_[0].parts[1].rate < model.components_[1].parts[1].rate


def test_a_component_that_never_sees_a_column_keeps_its_start(rng):
    X = np.column_stack([np.concatenate([rng.normal(-50.0, 1.0, 50), rng.normal(50.0, 1.0, 50)]), np.full(100, np.nan)])
    X[50:, 1] = rng.normal(3.0, 1.0, 50)
    start = [Product([Normal(-50.0, 1.0), Normal(7.0, 2.0)]), Product([Normal(50.0, 1.0), Normal(3.0, 1.0)])]
    model = MixtureModel(start).fit(X)
    assert model.components_[0].parts[1] == Normal(7.0, 2.0)
    assert model.components_[1].parts[1].mean == pytest.approx(X[50:, 1].mean(), rel=1e-9)


def test_what_cannot_be_left_out_is_an_error_with_the_first_row(table):
    model = MixtureModel([MultivariateNormal(), MultivariateNormal()])
    empty = table.copy()
    empty[17] = np.nan
    with pytest.raises(InvalidDataError, match=r"needs an observed cell in each row; 1 of .*\(first: row 17, nan"):
        model.fit(empty)
    infinite = table.copy()
    infinite[5, 0] = np.inf
    with pytest.raises(InvalidDataError, match=r"\(first: row .* NaN or infinite"):
        model.fit(infinite)
    with pytest.raises(InvalidDataError, match=r"1 of 3 rows \(first: row 1, nan\) is NaN or infinite"):
        MixtureModel([Normal(), Exponential()]).fit([1.0, np.nan, 2.0])
    fitted = model.fit(table)
    with pytest.raises(InvalidDataError, match="needs an observed cell"):
        fitted.predict_proba(empty)
    bad = table.copy()
    bad[3] = [1.0, -2.0, np.nan]
    family = Product([Normal(), Poisson(), Logistic()])
    with pytest.raises(InvalidDataError, match=r"first: row 3, 1, -2, nan\) is outside the support"):
        MixtureModel([family, family]).fit(bad)
