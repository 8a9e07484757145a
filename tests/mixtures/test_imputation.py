"""Missing cells filled in by mixtures: against a slow reference in NumPy, in frames, and of the penguins."""

import numpy as np
import pandas as pd
import polars
import pytest
import scipy.stats

from mixtures import (
    Categorical,
    Cauchy,
    InvalidDataError,
    MixtureModel,
    MultivariateNormal,
    Normal,
    NotFittedError,
    Poisson,
    Product,
    UniformBox,
    datasets,
)

NAN = np.nan
MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
MEANS = [np.array([0.0, 1.0, -2.0]), np.array([4.0, -1.0, 3.0])]
COVS = [
    np.array([[2.0, 1.0, 0.3], [1.0, 3.0, -0.5], [0.3, -0.5, 1.0]]),
    np.array([[1.0, -0.6, 0.0], [-0.6, 0.9, 0.4], [0.0, 0.4, 2.0]]),
]
WEIGHTS = np.array([0.3, 0.7])


def normal_reference(row, mean, cov):
    """Return the density of a row's observed cells under a normal, and the row filled with conditional means."""
    o, filled = ~np.isnan(row), row.copy()
    filled[~o] = mean[~o] + cov[np.ix_(~o, o)] @ np.linalg.solve(cov[np.ix_(o, o)], row[o] - mean[o])
    return scipy.stats.multivariate_normal(mean[o], cov[np.ix_(o, o)]).pdf(row[o]), filled


def mixture_reference(row, parts, weights):
    """Return the density of observed cells, and the filled row, of a mixture of parts that are such functions."""
    each = [part(row) for part in parts]
    joint = np.array([weight * density for weight, (density, _) in zip(weights, each, strict=True)])
    return joint.sum(), sum(p * filled for p, (_, filled) in zip(joint / joint.sum(), each, strict=True))


def with_holes(rows, rng, share=0.35):
    holes = rows.copy()
    holes[rng.random(rows.shape) < share] = NAN
    return holes[~np.isnan(holes).all(axis=1)]


@pytest.fixture
def holes(rng):
    group = rng.random(300) < 0.3
    rows = [rng.multivariate_normal(mean, cov, 300) for mean, cov in zip(MEANS, COVS, strict=True)]
    return with_holes(np.where(group[:, np.newaxis], *rows), rng)


def normals():
    return [MultivariateNormal(mean, cov) for mean, cov in zip(MEANS, COVS, strict=True)]


def references():
    return [lambda row, k=k: normal_reference(row, MEANS[k], COVS[k]) for k in range(2)]


def test_a_mixture_of_normals_weighs_conditional_means_by_membership(holes):
    model, before = MixtureModel(normals(), weights=WEIGHTS), holes.copy()
    filled = model.impute(holes)
    wanted = [mixture_reference(row, references(), WEIGHTS)[1] for row in holes]
    np.testing.assert_allclose(filled, wanted, rtol=1e-11, atol=1e-12)
    np.testing.assert_array_equal(holes, before)
    seen = ~np.isnan(holes)
    np.testing.assert_array_equal(filled[seen], holes[seen])


def test_nested_mixtures_condition_at_both_levels(holes):
    inner = MixtureModel(normals(), weights=WEIGHTS)
    wide = MultivariateNormal(np.array([2.0, 0.0, 1.0]), 25.0 * np.eye(3))
    model = MixtureModel({"pair": inner, "wide": wide}, weights=[0.8, 0.2])

    def pair(row):
        return mixture_reference(row, references(), WEIGHTS)

    def alone(row):
        return normal_reference(row, wide.mean, wide.cov)

    wanted = [mixture_reference(row, [pair, alone], [0.8, 0.2])[1] for row in holes]
    np.testing.assert_allclose(model.impute(holes), wanted, rtol=1e-11, atol=1e-12)


def test_a_part_that_is_a_mixture_knows_only_its_own_columns(holes):
    inner = MixtureModel(normals(), weights=WEIGHTS)
    humps = MixtureModel([Normal(0.0, 1.0), Normal(10.0, 1.0)], weights=[0.2, 0.8])
    rows = np.column_stack([holes, np.where(np.arange(len(holes)) % 2, 3.0, NAN)])
    rows[:10, :3], rows[:10, 3] = NAN, 1.0  # nothing observed of the first part: its mean
    wanted = [[*mixture_reference(row[:3], references(), WEIGHTS)[1], 8.0] for row in rows[10:]]
    wanted = np.vstack([np.tile([*inner.mean, 1.0], (10, 1)), np.where(np.isnan(rows[10:]), wanted, rows[10:])])
    filled = Product([inner, humps]).impute(rows)
    np.testing.assert_allclose(filled, wanted, rtol=1e-11, atol=1e-12)
    apart = Product([MultivariateNormal(np.full(3, 90.0), np.eye(3)), Normal(1e3, 1.0)])
    whole = MixtureModel([Product([inner, humps]), apart], weights=[0.9, 0.1])
    np.testing.assert_allclose(whole.impute(rows), wanted, rtol=1e-11, atol=1e-12)


def test_products_give_means_and_the_most_probable_category(rng):
    shares = np.array([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]])
    rates, means, labels = [2.0, 9.0], [0.0, 4.0], ("low", "middle", "high")
    parts = [Product([Normal(means[k], 1.0), Poisson(rates[k]), Categorical(shares[k], labels)]) for k in range(2)]
    model = MixtureModel(parts, weights=WEIGHTS)
    rows = with_holes(model.sample(300, rng), rng)
    joint = np.tile(np.log(WEIGHTS), (len(rows), 1))
    for k in range(2):
        columns = scipy.stats.norm(means[k]).logpdf, scipy.stats.poisson(rates[k]).logpmf
        for j, density in enumerate((*columns, lambda code, k=k: np.log(shares[k][code.astype(int)]))):
            seen = ~np.isnan(rows[:, j])
            joint[seen, k] += density(rows[seen, j])
    membership = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, np.newaxis])
    wanted = np.column_stack([membership @ means, membership @ rates, (membership @ shares).argmax(axis=1)])
    filled = model.impute(rows)
    np.testing.assert_allclose(filled, np.where(np.isnan(rows), wanted, rows), rtol=1e-12)
    chosen = filled[np.isnan(rows[:, 2]), 2]
    assert len(np.unique(chosen)) == 3  # "middle" too, the most probable category of neither component
    objects = rows.astype(object)
    objects[:, 2] = [None if np.isnan(code) else labels[int(code)] for code in rows[:, 2]]
    as_given = model.impute(objects.tolist())
    assert as_given.dtype == object
    np.testing.assert_array_equal(as_given[:, :2].astype(float), filled[:, :2])
    assert as_given[:, 2].tolist() == [labels[int(code)] for code in filled[:, 2]]


def test_a_background_and_normals_go_together(holes):
    box = UniformBox.over(holes)
    model = MixtureModel([*normals(), box], weights=[0.25, 0.6, 0.15])

    def background(row):
        o = ~np.isnan(row)
        return 1.0 / np.prod((box.high - box.low)[o]), np.where(o, row, box.mean)

    wanted = [mixture_reference(row, [*references(), background], [0.25, 0.6, 0.15])[1] for row in holes]
    np.testing.assert_allclose(model.impute(holes), wanted, rtol=1e-11, atol=1e-12)


def test_filled_cells_are_those_of_an_em_step(holes):
    # At the maximum each mean is that of filled rows, weighted by membership: impute and fit agree.
    model = MixtureModel([MultivariateNormal(), MultivariateNormal()], n_init=3).fit(holes)
    r = model.predict_proba(holes)
    total = model.impute(holes).sum(axis=0)
    np.testing.assert_allclose(total, r.sum(axis=0) @ [part.mean for part in model.components_], rtol=1e-5)


def test_nothing_missing_is_the_identity_and_a_component_of_no_weight_says_nothing(holes):
    model = MixtureModel(normals(), weights=WEIGHTS)
    whole = np.nan_to_num(holes)
    filled = model.impute(whole)
    np.testing.assert_array_equal(filled, whole)
    assert not np.shares_memory(filled, whole)
    dead = MixtureModel([*normals(), MultivariateNormal(np.full(3, 1e6), np.eye(3))], weights=[*WEIGHTS, 0.0])
    np.testing.assert_allclose(dead.impute(holes), model.impute(holes), rtol=1e-14)
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(MixtureModel([Normal(0.0, 1.0), Normal(5.0, 1.0)]).impute(x), x)


def test_a_component_out_of_reach_needs_no_expectation():
    box = UniformBox([0.0, 0.0], [1.0, 1.0]).freeze()
    model = MixtureModel([box, Product([Cauchy(0.0, 1.0), UniformBox([5.0], [6.0]).freeze()])])
    assert model.impute([[NAN, 0.5]]).tolist() == [[0.5, 0.5]]
    with pytest.raises(InvalidDataError, match="without a finite expectation of column 0 under MixtureModel"):
        model.impute([[NAN, 5.5]])


# ------------------------------------------------------------------------------------------------------- frames


@pytest.fixture(scope="module")
def penguins():
    family = Product({MEASURES: MultivariateNormal(), "island": Categorical(), "sex": Categorical()})
    table = datasets.load("penguins")
    return MixtureModel(family, n_components=3, n_init=10).fit(table), table


def test_penguins_come_back_complete(penguins):
    model, table = penguins
    filled = model.impute(table)
    assert filled.columns == table.columns
    assert filled["species"] is table["species"] and filled["island"] is table["island"]
    n_missing = 0
    for name in (*MEASURES, "sex"):
        given = table[name]
        missing = np.array([cell is None or cell != cell for cell in given])
        n_missing += missing.sum()
        np.testing.assert_array_equal(filled[name][~missing], given[~missing])
        if name == "sex":
            assert set(filled[name][missing]) <= {"female", "male"}
        else:
            assert np.all((filled[name][missing] > given[~missing].min()) & (filled[name][missing] < np.nanmax(given)))
    assert n_missing == 19
    # Of sexes that are hidden it is right more often than a guess.
    known = np.flatnonzero([cell is not None for cell in table["sex"]])[::4]
    sex = table["sex"].copy()
    sex[known] = None
    found = model.impute(table.with_columns(sex=sex))["sex"]
    assert np.mean(found[known] == table["sex"][known]) > 0.65


@pytest.mark.parametrize("kind", ["text", "category", "object"])
def test_a_pandas_frame_comes_back_as_one(penguins, kind):
    model, table = penguins
    frame = pd.DataFrame(dict(table)).assign(row=np.arange(len(table)))
    frame.index = frame.index + 1000
    if kind != "text":
        frame["sex"] = frame["sex"].astype(kind)
    frame["body_mass_g"] = frame["body_mass_g"].astype("Int64")
    frame["row"] = frame["row"].astype("int16")
    before = frame.copy(deep=True)
    filled = model.impute(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert list(filled.columns) == list(frame.columns) and filled.index.equals(frame.index)
    assert not filled.isna().any().any()
    wanted = {name: str(dtype) for name, dtype in frame.dtypes.items()} | {"body_mass_g": "float64"}
    assert {name: str(dtype) for name, dtype in filled.dtypes.items()} == wanted
    from_set = model.impute(table)
    for name in table:
        assert filled[name].tolist() == from_set[name].tolist()
        seen = frame[name].notna()
        assert filled[name][seen].tolist() == frame[name][seen].tolist()
    whole = filled.copy(deep=True)
    again = model.impute(whole)
    pd.testing.assert_frame_equal(again, whole)
    assert again is not whole


def test_a_label_that_the_frame_has_no_category_for_is_still_given():
    parts = [Product({"x": Normal(m, 1.0), "c": Categorical(p, ("a", "b"))}) for m, p in ((0, [0, 1.0]), (9, [1.0, 0]))]
    frame = pd.DataFrame({"x": [9.0, 0.0], "c": pd.Series(["a", None], dtype="category")})
    assert MixtureModel(parts).impute(frame)["c"].tolist() == ["a", "b"]


def test_codes_and_whole_numbers_in_frames():
    parts = [Product({"x": Normal(m, 1.0), "c": Categorical(p, (7, 3))}) for m, p in ((0.0, [0.9, 0.1]), (9.0, [0, 1]))]
    model = MixtureModel(parts)
    for dtype in ("Int64", "float"):
        frame = pd.DataFrame({"c": pd.Series([7, None, None], dtype=dtype), "x": [0.0, 0.0, 9.0]})
        filled = model.impute(frame)
        assert filled["c"].tolist() == [7, 7, 3] and str(filled["c"].dtype) == str(frame["c"].dtype)
    by_place = MixtureModel([Product([part.parts["c"], part.parts["x"]]) for part in parts])
    assert by_place.impute(pd.DataFrame({"u": [NAN, 3.0], "v": [9.0, NAN]})).to_numpy().tolist() == [
        [3.0, 9.0],
        [3.0, pytest.approx(9.0 / 1.1)],
    ]


def test_a_polars_frame_comes_back_as_one(penguins):
    model, table = penguins
    frame = polars.DataFrame(dict(table))
    before = frame.clone()
    filled = model.impute(frame)
    assert frame.equals(before)
    assert isinstance(filled, polars.DataFrame) and filled.schema == frame.schema
    from_set = model.impute(table)
    assert all(filled[name].to_list() == from_set[name].tolist() for name in table)


# -------------------------------------------------------------------------------------------------------- errors


def test_rows_that_predict_refuses_are_refused(holes):
    model = MixtureModel(normals(), weights=WEIGHTS)
    empty = holes.copy()
    empty[17] = NAN
    for refuse in (model.impute, model.predict_proba):
        with pytest.raises(InvalidDataError, match=r"needs an observed cell in each row; 1 of .*\(first: row 17, nan"):
            refuse(empty)
    narrow = MixtureModel([UniformBox([0.0, 0.0], [1.0, 1.0]).freeze(), UniformBox([2.0, 0.0], [3.0, 1.0]).freeze()])
    with pytest.raises(
        InvalidDataError, match=r"1 of 2 rows \(first: row 1, 9, nan\) is of zero density under Mixture"
    ):
        narrow.impute([[0.5, NAN], [9.0, NAN]])


def test_what_cannot_be_filled_is_an_error():
    with pytest.raises(NotFittedError, match="cannot impute yet"):
        MixtureModel([MultivariateNormal(), MultivariateNormal()]).impute([[1.0, NAN]])
    with pytest.raises(InvalidDataError, match="MixtureModel cannot impute missing cells of a single column"):
        MixtureModel([Normal(0.0, 1.0), Normal(5.0, 1.0)]).impute([1.0, NAN])
    both = MixtureModel(
        [Product([Normal(0.0, 1.0), Categorical([0.5, 0.5])]), MultivariateNormal([0.0, 0.0], np.eye(2))]
    )
    with pytest.raises(InvalidDataError, match="MultivariateNormal cannot give the probabilities of categories"):
        both.impute([[0.0, NAN]])
