"""Mixtures inside products inside mixtures: one loop, whose leaves several components share."""

from itertools import islice

import numpy as np
import pytest

from mixtures import (
    DegeneracyWarning,
    Exponential,
    Gamma,
    InvalidParameterError,
    MixtureModel,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    UnknownParameterError,
    ZeroInflated,
)

FAMILIES = {"Normal": Normal, "Poisson": Poisson}


def normals(n=2):
    return MixtureModel([Normal()] * n)


@pytest.fixture
def columns(rng):
    n = 800
    return np.column_stack(
        [
            np.where(rng.random(n) < 0.3, rng.normal(0, 1, n), rng.normal(5, 1, n)),
            np.where(rng.random(n) < 0.6, rng.exponential(1, n), rng.gamma(20, 1, n)),
            rng.poisson(2.0, n),
        ]
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_a_product_of_mixtures_alone_is_a_fit_of_each_column(columns, weighted, rng):
    weight = rng.uniform(0.2, 3.0, len(columns)) if weighted else None
    parts = [normals(), MixtureModel([Gamma(), Exponential()]), Poisson()]
    alone = [part.fit(column, sample_weight=weight) for part, column in zip(parts, columns.T, strict=True)]
    product = Product([normals(), MixtureModel([Gamma(), Exponential()]), Poisson()])
    best = sum(part.log_likelihood(column, weight) for part, column in zip(alone, columns.T, strict=True))
    inside = MixtureModel([product]).fit(columns, sample_weight=weight)
    assert inside.log_likelihood_ == pytest.approx(best, rel=1e-9)
    assert inside.log_likelihood(columns, weight) == pytest.approx(inside.log_likelihood_, rel=1e-12)
    assert inside.n_parameters == 5 + 4 + 1
    by_itself = product.fit(columns, weight)
    assert by_itself.log_likelihood(columns, weight) == pytest.approx(best, rel=1e-9)
    assert product.unknown  # nothing that was passed in is fitted on the way
    assert by_itself.n_parameters == inside.n_parameters


def reference_step(weights, products, X):
    """One EM step of a mixture of products of two-component normal mixtures, in plain NumPy, cell by cell."""
    n, d, K = len(X), X.shape[1], len(products)
    density = np.zeros((K, d, n))
    inner = np.zeros((K, d, 2, n))
    for k, product in enumerate(products):
        for j, (share, mean, std) in enumerate(product):
            inner[k, j] = share[:, None] * np.exp(-0.5 * ((X[:, j] - mean[:, None]) / std[:, None]) ** 2)
            inner[k, j] /= std[:, None] * np.sqrt(2 * np.pi)
            density[k, j] = inner[k, j].sum(axis=0)
    joint = weights[:, None] * density.prod(axis=1)
    r = joint / joint.sum(axis=0)
    moved = []
    for k in range(K):
        parts = []
        for j in range(d):
            own = r[k] * inner[k, j] / density[k, j]
            mass = own.sum(axis=1)
            mean = own @ X[:, j] / mass
            std = np.sqrt((own * (X[:, j] - mean[:, None]) ** 2).sum(axis=1) / mass)
            parts.append((mass / mass.sum(), mean, std))
        moved.append(parts)
    return np.log(joint.sum(axis=0)).sum(), r.mean(axis=1), moved


def test_steps_equal_em_in_numpy(rng):
    X = np.column_stack([rng.choice([-2.0, 1.0, 6.0], 200) + rng.normal(size=200) for _ in range(3)])
    weights = np.array([0.4, 0.6])
    products = [
        [(rng.dirichlet([3.0, 3.0]), rng.normal(1.0, 2.0, 2), rng.uniform(1.0, 2.0, 2)) for _ in range(3)]
        for _ in range(2)
    ]
    model = MixtureModel(
        [
            Product(
                [
                    MixtureModel([Normal(m, s) for m, s in zip(mean, std, strict=True)], weights=share)
                    for share, mean, std in product
                ]
            )
            for product in products
        ],
        weights=weights,
        max_iter=6,
        accelerate=None,
    )
    for step in islice(model.iter_fit(X), 6):
        expected, weights_next, products_next = reference_step(weights, products, X)
        assert step.log_likelihood == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(step.weights, weights, rtol=1e-10)
        for component, product in zip(step.components, products, strict=True):
            for part, (share, mean, std) in zip(component.parts, product, strict=True):
                np.testing.assert_allclose(part.weights, share, rtol=1e-9)
                np.testing.assert_allclose([c.mean for c in part.components], mean, rtol=1e-9)
                np.testing.assert_allclose([c.std for c in part.components], std, rtol=1e-9)
        weights, products = weights_next, products_next


def test_a_mixture_of_products_of_mixtures_finds_its_groups(rng):
    first = rng.random(1500) < 0.5
    x = np.where(first, np.where(rng.random(1500) < 0.3, 0.0, 5.0), 20.0) + rng.normal(size=1500)
    y = np.where(first, 0.0, np.where(rng.random(1500) < 0.6, 8.0, 15.0)) + rng.normal(size=1500)
    X = np.column_stack([x, y])
    model = MixtureModel([Product([normals(), Normal()]), Product([Normal(), normals()])]).fit(X)
    assert model.converged_
    assert np.all(np.diff(model.history_) > -1e-9)
    agree = np.mean((model.predict(X) == 0) == first)
    assert agree > 0.99
    assert model.n_parameters == 2 * (5 + 2) + 1
    assert model.part_counts_.sum() == pytest.approx(1500)
    assert len(model.part_counts_) == 4
    inner = model.components_[0].parts[0]
    np.testing.assert_allclose(np.sort(np.ravel([c.mean for c in inner.components])), [0.0, 5.0], atol=0.3)
    again = MixtureModel(model.components_, weights=model.weights_).fit(X)
    assert again.log_likelihood_ == pytest.approx(model.log_likelihood_, abs=1e-6)
    assert type(model).from_dict(model.to_dict()).log_likelihood(X) == pytest.approx(model.log_likelihood_, rel=1e-12)
    assert "Normal(" in model.summary()


def test_missing_cells_and_labels_reach_the_inner_mixtures(columns, rng):
    holed = columns.copy()
    holed[rng.random(holed.shape) < 0.2] = np.nan
    holed = holed[~np.isnan(holed).all(axis=1)]
    model = MixtureModel([Product([normals(), MixtureModel([Gamma(), Exponential()]), Poisson()])]).fit(holed)
    best = 0.0
    for part, column in zip([normals(), MixtureModel([Gamma(), Exponential()]), Poisson()], holed.T, strict=True):
        seen = column[~np.isnan(column)]
        best += part.fit(seen).log_likelihood(seen)
    assert model.log_likelihood_ == pytest.approx(best, rel=1e-9)
    x = np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(3, 1, (300, 2))])
    labels = np.repeat([1, 0], 300)
    known = MixtureModel([Product([normals(), Normal()])] * 2).fit(x, labels=labels)
    assert known.components_[0].parts[1].mean == pytest.approx(x[300:, 1].mean(), rel=1e-9)
    np.testing.assert_allclose(known.weights_, [0.5, 0.5])


def test_a_zero_inflated_part_is_a_choice_of_its_own(rng):
    n = 1000
    counts = rng.poisson(3, n) * (rng.random(n) < 0.7)
    X = np.column_stack([counts, rng.normal(np.where(rng.random(n) < 0.5, 0, 6))])
    model = MixtureModel([Product([ZeroInflated(Poisson()), normals()])]).fit(X)
    alone = ZeroInflated(Poisson()).fit(counts)
    assert model.components_[0].parts[0].prob == pytest.approx(alone.prob, rel=1e-6)
    assert model.components_[0].parts[0].distribution.rate == pytest.approx(alone.distribution.rate, rel=1e-6)
    assert model.n_parameters == 2 + 5


def test_a_part_of_several_columns_with_unknown_width_takes_those_of_its_names(rng):
    X = np.vstack([rng.normal(0, 1, (100, 4)), rng.normal(5, 1, (100, 4))])
    part = Product({("a", "b"): MultivariateNormal(), ("c", "d"): MultivariateNormal()})
    model = MixtureModel([part] * 2).fit(X)
    np.testing.assert_allclose(np.sort(model.effective_counts_), [100.0, 100.0], atol=1.0)


def test_what_is_unknown_inside_is_named():
    with pytest.raises(UnknownParameterError, match=r"column 1\.Normal 1, column 1\.Normal 2"):
        Product([normals(), Normal(0.0, 1.0)]).log_pdf([[0.0, 1.0]])


def test_a_product_of_many_mixtures_needs_no_row_for_each_combination(rng):
    X = rng.normal(size=(60, 4)) + rng.choice([0.0, 8.0], (60, 4))
    model = MixtureModel([Product([normals(3)] * 4)], n_init=3, tol=1e-6, max_iter=500).fit(X)
    assert len(model.part_counts_) == 81
    assert np.isfinite(model.log_likelihood_)


def test_a_part_that_collapses_is_named_once(rng):
    X = np.column_stack([np.concatenate([np.zeros(30), rng.normal(5.0, 1.0, 70)]), rng.normal(size=100)])
    start = MixtureModel([Normal(0.0, 1e-3), Normal(5.0, 1.0)])
    with pytest.warns(DegeneracyWarning, match="'Product / 1, column 1' collapsed onto 30 rows: its std") as caught:
        MixtureModel([Product([start, MixtureModel([Normal(-1.0, 1.0), Normal(1.0, 1.0)])])]).fit(X)
    assert len(caught) == 1


def test_a_fitted_product_shows_and_keeps_what_its_mixtures_became(columns):
    fitted = Product([normals(), Poisson()]).fit(columns[:, [0, 2]])
    again = eval(repr(fitted), {"array": np.array, "Product": Product, "MixtureModel": MixtureModel} | FAMILIES)
    np.testing.assert_allclose(again.log_pdf(columns[:, [0, 2]]), fitted.log_pdf(columns[:, [0, 2]]), rtol=1e-7)


def test_components_that_name_columns_differently_are_refused(rng):
    parts = [Product({"a": Normal(), "b": Poisson()}), Product({"b": Poisson(), "a": Normal()})]
    with pytest.raises(InvalidParameterError, match="'Product 1' describes the columns a, b, but 'Product 2' b, a"):
        MixtureModel(parts).fit(rng.poisson(3.0, (20, 2)))
