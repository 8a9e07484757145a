"""Products of independent columns: parts by place or by name, data frames, errors."""

import numpy as np
import pandas as pd
import pytest

from distributions import (
    Categorical,
    Distribution,
    Exponential,
    InvalidDataError,
    InvalidParameterError,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    UnknownParameterError,
)
from distributions.product import spans
from mixtures import MixtureModel


@pytest.fixture
def table(rng):
    z = rng.random(500) < 0.4
    pair = np.where(z[:, np.newaxis], rng.normal(0.0, 1.0, (500, 2)), rng.normal([4.0, 2.0], 0.5, (500, 2)))
    return np.column_stack([rng.normal(np.where(z, 0.0, 6.0), 1.0), rng.poisson(np.where(z, 2.0, 9.0)), pair])


@pytest.mark.parametrize(
    "widths, n, wanted",
    [
        ([1, 1], 2, [(0, 1), (1, 2)]),
        ([1, None, 2], 6, [(0, 1), (1, 4), (4, 6)]),
        ([None], 3, [(0, 3)]),
    ],
)
def test_columns_are_shared_out_in_order(widths, n, wanted):
    assert [(span.start, span.stop) for span in spans(widths, n)] == wanted


@pytest.mark.parametrize("widths, n", [([1, 1], 3), ([1, None], 1), ([None, None], 4), ([2, 2], 3)])
def test_columns_that_cannot_be_shared_out_are_refused(widths, n):
    with pytest.raises(InvalidDataError, match=f"a product of {len(widths)} parts needs .*the data have {n}"):
        spans(widths, n)


def test_each_part_is_fitted_to_its_own_columns(table, rng):
    weight = rng.uniform(size=len(table))
    fitted = Product([Normal(), Poisson(), MultivariateNormal()]).fit(table, weight)
    parts = [
        Normal().fit(table[:, 0], weight),
        Poisson().fit(table[:, 1], weight),
        MultivariateNormal().fit(table[:, 2:], weight),
    ]
    assert fitted == Product(parts)
    np.testing.assert_allclose(
        fitted.log_pdf(table),
        parts[0].log_pdf(table[:, 0]) + parts[1].log_pdf(table[:, 1]) + parts[2].log_pdf(table[:, 2:]),
        rtol=1e-14,
    )
    np.testing.assert_allclose(fitted.mean, [parts[0].mean, parts[1].mean, *parts[2].mean])
    assert fitted.n_parameters == 2 + 1 + 5


def test_a_mixture_of_products_takes_the_steps_of_em_in_numpy(table):
    start = [Product([Normal(0.0, 2.0), Poisson(1.0)]), Product([Normal(5.0, 2.0), Poisson(6.0)])]
    X, weights, wanted = table[:, :2], np.array([0.5, 0.5]), []
    components = start
    for _ in range(5):
        joint = np.stack([part.log_pdf(X) for part in components], axis=1) + np.log(weights)
        row = np.logaddexp.reduce(joint, axis=1)
        wanted.append(row.sum())
        r = np.exp(joint - row[:, np.newaxis])
        components = [Product([Normal(), Poisson()]).fit(X, r[:, k]) for k in range(2)]
        weights = r.mean(axis=0)
    steps = [step.log_likelihood for step, _ in zip(MixtureModel(start).iter_fit(X), range(5), strict=False)]
    np.testing.assert_allclose(steps, wanted, rtol=1e-12)


def test_columns_of_a_frame_are_found_by_name(table):
    frame = pd.DataFrame(table, columns=["height", "children", "a", "b"])
    shuffled = frame[["b", "children", "a", "height"]].assign(remark="none")
    named = Product({"height": Normal(), "children": Poisson(), ("a", "b"): MultivariateNormal()})
    by_name, by_place = named.fit(shuffled), Product([Normal(), Poisson(), MultivariateNormal()]).fit(table)
    assert list(by_name.parts.values()) == by_place.parts
    np.testing.assert_array_equal(by_name.log_pdf(shuffled), by_place.log_pdf(table))
    np.testing.assert_array_equal(by_name.log_pdf(table), by_place.log_pdf(table))  # an array: in the parts' order
    model = MixtureModel(named, n_components=2).fit(shuffled)
    np.testing.assert_array_equal(model.predict(shuffled), model.predict(table))
    with pytest.raises(InvalidDataError, match="Product needs the columns 'a', 'b'; the data have 'height'"):
        named.fit(frame[["height", "children"]])


def test_a_list_takes_the_columns_of_a_frame_in_order(table):
    parts = Product([Normal(), Poisson(), MultivariateNormal()])
    assert parts.fit(pd.DataFrame(table)) == parts.fit(table) == parts.fit(table.tolist())
    assert parts.fit(table.astype(object)) == parts.fit(table)


def test_freezing_a_part_a_parameter_or_all(table):
    product = Product({"height": Normal(1.0, 2.0), "children": Poisson(3.0)})
    fitted = product.freeze("height.mean", "children").fit(table[:, :2])
    assert fitted.parts["height"].mean == 1.0
    assert fitted.parts["children"] == Poisson(3.0).freeze()
    assert fitted.n_parameters == 1
    assert product.freeze().fit(table[:, :2]) == product.freeze()
    with pytest.raises(InvalidParameterError, match="Product has no part 'weight'; it has height, children"):
        product.freeze("weight")
    with pytest.raises(InvalidParameterError, match="Normal has no parameter 'rate'"):
        product.freeze("height.rate")


def test_a_record_gives_names_and_groups_back():
    for product in (
        Product([Normal(1.0, 2.0).freeze("mean"), Exponential()]),
        Product({"x": Normal(), ("a", "b"): MultivariateNormal([0.0, 1.0], np.eye(2))}),
    ):
        assert Distribution.from_json(product.to_json()) == product
    with pytest.raises(InvalidParameterError, match="not a Product's record"):
        Distribution.from_dict({"family": "Product", "parameters": {"names": ["x", "x"], "parts": []}})


@pytest.mark.parametrize(
    "parts, message",
    [
        ([], "parts must be a list or dict of distributions"),
        ("Normal", "parts must be a list or dict"),
        ([Normal], r"part 0 must be a Distribution, an instance: write Normal\(\)"),
        ({("a", "b"): MultivariateNormal(), "a": Normal()}, "two parts describe the column 'a'"),
        ({"x": 3}, "part 'x' must be a Distribution; got 3"),
        ({("a", "b", "c"): MultivariateNormal([0.0, 1.0], np.eye(2))}, "describes 2 columns: its key must be"),
    ],
)
def test_parts_that_are_no_product_are_refused(parts, message):
    with pytest.raises(InvalidParameterError, match=message):
        Product(parts)


def test_data_are_refused_by_part_and_row(table):
    product = Product({"height": Normal(), "children": Poisson(), "x": Normal(), "y": Normal()})
    table[17, 1] = -2.5
    with pytest.raises(InvalidDataError, match=r"Product, children: Poisson needs x to be .* \(first: row 17, -2.5\)"):
        product.fit(table)
    with pytest.raises(InvalidDataError, match="outside the support of every component"):
        MixtureModel([product, product]).fit(table)
    with pytest.raises(InvalidDataError, match="describes 4 columns, the data have 3"):
        product.fit(table[:, :3])
    with pytest.raises(UnknownParameterError, match="height.mean, height.std, children.rate"):
        product.log_pdf(table)


def test_categories_are_those_of_all_rows_whatever_holds_them(rng):
    X = np.column_stack([rng.normal(np.repeat([0.0, 9.0], 50)), np.repeat([0.0, 1.0], 50)])
    parts = [Normal(), Categorical()]
    for data in (X, X.tolist(), pd.DataFrame(X)):
        model = MixtureModel([Product(parts)] * 2).fit(data)
        assert [component.parts[1].categories for component in model.components_] == [(0, 1), (0, 1)]
    X[[3, 60], 1] = np.nan
    prepared = Product([Product(parts), Poisson()]).prepare(np.column_stack([X, np.ones(100)]))
    assert prepared.parts[0].parts[1].categories == (0, 1)
    with pytest.raises(InvalidDataError, match="describes 2 columns, the data have 3"):
        Product(parts).fit(np.ones((5, 3)))


def test_text_beside_numbers_is_refused_with_the_name_of_its_part_and_its_row():
    part, table = Product({"size": Normal(), "kind": Normal()}), pd.DataFrame({"kind": ["1", "b"], "size": [1.0, 2.0]})
    for given in (table, table.to_numpy()[:, ::-1]):
        for model in (part, MixtureModel([part])):
            with pytest.raises(InvalidDataError, match=r"Product, kind needs numbers as data: .* 'b' \(first: row 1\)"):
                model.fit(given)


def test_times_beside_other_columns_are_refused_with_the_name_of_their_part():
    part, table = Product({"span": Normal(), "size": Normal()}), pd.DataFrame({"size": [1.0, 2.0, 4.0]})
    for spans_of_time in (pd.to_timedelta([1, None, 5], unit="D"), pd.to_datetime(["2020-01-01", None, "2020-03-01"])):
        with pytest.raises(
            InvalidDataError, match=r"Product, span needs numbers as data: .* divide spans of time by a unit"
        ):
            part.fit(table.assign(span=spans_of_time))
    days = pd.Series(pd.to_timedelta([1, None, 5], unit="D")) / np.timedelta64(1, "D")
    assert part.fit(table.assign(span=days)).parts["span"].mean == pytest.approx(3.0, rel=1e-15)
