"""Known labels: what they may look like, and fits that use them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mixtures import Exponential, InvalidDataError, MixtureModel, MultivariateNormal, Normal, Poisson, Product
from mixtures.observed import Labels, as_labels, observed, writable
from mixtures.partitions import representatives

NAMES = ["peak", "tail"]


@pytest.fixture
def sample(rng):
    label = rng.integers(0, 2, 300)
    return np.where(label == 0, rng.normal(5.0, 1.0, 300), rng.normal(2.0, 1.5, 300)), label


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, -1],
        ["peak", "tail", None],
        [0.0, 1.0, np.nan],
        np.array(["peak", "tail", None], dtype=object),
        pd.Series(["peak", "tail", pd.NA]).where([True, True, False], None),
        pd.Series(["peak", "tail", pd.NA], dtype="string"),
        pd.Series(["peak", "tail", None], dtype="category"),
        pd.Series([0, 1, pd.NA], dtype="Int64"),
        pl.Series(["peak", "tail", None]),
        [[1, 0], [0, 1], [1, 1]],
        [[3.0, 0.0], [0.0, 0.5], [0.2, 0.2]],
    ],
)
def test_labels_by_index_by_name_and_as_factors_say_the_same(labels):
    code, log_factors = as_labels(labels, 3, NAMES)
    np.testing.assert_array_equal(np.exp(log_factors[code]), [[1, 0], [0, 1], [1, 1]])


@pytest.mark.parametrize(
    "labels, message",
    [
        ([0, 1], r"labels needs shape \(3,\).* or \(3, 2\)"),
        ([0, 2, -1], r"labels must be a component, 0 to 1 .*1 of 3 rows \(first: row 1, 2\) is not"),
        ([0, -2, -1], r"first: row 1, -2"),
        (["peak", "other", None], r"one of 'peak', 'tail'.*first: row 1, 'other'"),
        ([0.5, 1.0, 0.0], r"first: row 0, 0.5"),
        ([[1, 0], [0, 0], [1, 1]], r"not all zero in a row; 1 of 3 rows \(first: row 1, 0, 0\) is not"),
        ([[1, 0], [0, np.nan], [1, 1]], r"first: row 1"),
        ([[1, 0], [0, -1], [1, 1]], r"first: row 1"),
        ([["a", "b"]] * 3, "must be numbers"),
    ],
)
def test_malformed_labels_are_refused_with_the_first_bad_row(labels, message):
    with pytest.raises(InvalidDataError, match=message):
        as_labels(labels, 3, NAMES)


def test_with_every_label_known_each_component_is_fitted_to_its_rows(sample, rng):
    x, label = sample
    weight = rng.uniform(0.5, 2.0, len(x))
    model = MixtureModel({"a": Normal(), "b": Normal()}).fit(x, sample_weight=weight, labels=label)
    for k, part in enumerate(model.components_.values()):
        alone = Normal().fit(x[label == k], weight[label == k])
        assert part.mean == pytest.approx(alone.mean, rel=1e-12)
        assert part.std == pytest.approx(alone.std, rel=1e-12)
    np.testing.assert_allclose(model.weights_, [weight[label == k].sum() / weight.sum() for k in (0, 1)], rtol=1e-12)
    parts = list(model.components_.values())
    joint = np.array([np.log(model.weights_[k]) + parts[k].log_pdf(v) for k, v in zip(label, x, strict=True)])
    assert model.log_likelihood_ == pytest.approx(weight @ joint, rel=1e-12)


def test_some_labels_take_the_steps_of_em_in_numpy(sample):
    x, label = sample
    known = np.where(np.arange(300) % 3 == 0, label, -1)
    start = [Normal(4.0, 1.0), Normal(1.0, 1.0)]
    model = MixtureModel(start, max_iter=5, accelerate=None)
    with pytest.warns(UserWarning, match="max_iter"):
        model.fit(x, labels=known)
    components, weights, wanted = start, np.array([0.5, 0.5]), []
    for _ in range(6):
        joint = np.stack([part.log_pdf(x) for part in components], axis=1) + np.log(weights)
        joint[(known >= 0)[:, np.newaxis] & (np.arange(2) != known[:, np.newaxis])] = -np.inf
        row = np.logaddexp.reduce(joint, axis=1)
        wanted.append(row.sum())
        r = np.exp(joint - row[:, np.newaxis])
        components, weights = [Normal().fit(x, r[:, k]) for k in range(2)], r.mean(axis=0)
    np.testing.assert_allclose(model.history_, wanted, rtol=1e-12)


def test_soft_labels_are_factors_of_the_proportions(sample):
    x, _ = sample
    soft = np.column_stack([1.0 / (1.0 + np.exp(-(x - 3.0))), 1.0 / (1.0 + np.exp(x - 3.0))])
    model = MixtureModel([Normal(4.0, 1.0), Normal(1.0, 1.0)]).fit(x, labels=soft)
    scaled = soft / soft.max(axis=1, keepdims=True)
    joint = np.stack([part.log_pdf(x) for part in model.components_], axis=1) + np.log(model.weights_ * scaled)
    assert model.log_likelihood_ == pytest.approx(np.logaddexp.reduce(joint, axis=1).sum(), rel=1e-12)
    assert model.converged_
    assert np.all(np.diff(model.history_) > -1e-9)


def test_components_keep_their_labels_and_the_others_look_for_their_rows(rng):
    x = np.concatenate([rng.normal(-6.0, 1.0, 200), rng.normal(0.0, 1.0, 200), rng.normal(6.0, 1.0, 200)])
    labels = np.full(600, -1)
    labels[400:420] = 0  # the component of the right is called 0
    model = MixtureModel(Normal(), n_components=3).fit(x, labels=labels)
    assert model.components_[0].mean == pytest.approx(6.0, abs=0.3)
    assert sorted(round(part.mean / 6.0) for part in model.components_[1:]) == [-1, 0]
    assert np.all(model.predict(x[400:420]) == 0)


def test_labels_name_the_components_of_a_dict_and_of_nested_mixtures(rng):
    x = np.concatenate([rng.normal(-6.0, 1.0, 100), rng.normal(0.0, 1.0, 100), rng.exponential(1.0, 100) + 6.0])
    bumps = MixtureModel([Normal(), Normal()])
    labels = ["bumps"] * 200 + [None] * 100
    model = MixtureModel({"right": Normal(), "bumps": bumps}).fit(x, labels=labels)
    assert model.effective_counts_ == pytest.approx([100, 200], abs=3)
    assert sorted(round(part.mean) for part in model.components_["bumps"].components) == [-6, 0]


def test_rows_of_weight_zero_take_their_labels_with_them(sample):
    x, label = sample
    weight = np.where(np.arange(300) < 20, 0.0, 1.0)
    with_zeros = MixtureModel([Normal(), Normal()]).fit(x, sample_weight=weight, labels=label)
    without = MixtureModel([Normal(), Normal()]).fit(x[20:], labels=label[20:])
    assert with_zeros.log_likelihood_ == pytest.approx(without.log_likelihood_, rel=1e-12)


def test_a_label_that_forbids_a_row_is_an_error_with_the_row(rng):
    x = np.concatenate([rng.exponential(1.0, 50), [-1.0]])
    labels = np.full(51, -1)
    labels[50] = 1
    with pytest.raises(InvalidDataError, match=r"\(first: row 50, -1\) is of zero density under the components that"):
        MixtureModel([Normal(0.0, 1.0), Exponential(1.0)]).fit(x, labels=labels)


def test_equal_rows_of_different_labels_stay_apart_among_representatives():
    rows, code = np.repeat([[1.0], [2.0]], 4, axis=0), np.array([0, 0, 1, 2, 2, 2, 1, 0])
    data = observed(rows)._replace(code=code, log_factors=np.zeros((3, 2)))
    sample, complete = representatives(data)
    assert complete
    assert sorted(zip(sample.rows[:, 0], sample.code, sample.weight, strict=True)) == [
        (1.0, 0, 2.0), (1.0, 1, 1.0), (1.0, 2, 1.0), (2.0, 0, 1.0), (2.0, 1, 1.0), (2.0, 2, 2.0),
    ]  # fmt: skip


def test_labels_serve_every_kind_of_component(rng):
    z = rng.integers(0, 2, 400)
    X = np.column_stack([rng.normal(3.0 * z, 1.0), rng.poisson(2.0 + 4 * z)])
    labels = np.where(rng.random(400) < 0.1, z, -1)
    for family in (Product([Normal(), Poisson()]), MultivariateNormal()):
        model = MixtureModel([family, family]).fit(X, labels=labels)
        assert np.mean(model.predict(X) == z) > 0.9


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_soft_labels_in_a_frame_are_read_by_the_names_of_its_columns(frame, rng):
    factors = rng.random((20, 2))
    expected = as_labels(factors, 20, NAMES)
    given = frame({"tail": factors[:, 1], "peak": factors[:, 0]})
    assert all(np.array_equal(a, b) for a, b in zip(as_labels(given, 20, NAMES), expected, strict=True))
    other = frame({"a": factors[:, 0], "b": factors[:, 1]})  # no names of components: by place
    assert all(np.array_equal(a, b) for a, b in zip(as_labels(other, 20, NAMES), expected, strict=True))


def test_soft_labels_count_relative_to_the_greatest_of_their_row(sample, rng):
    x, factors = sample[0], rng.uniform(0.1, 1.0, (300, 2))
    start = [Normal(5.0, 1.0), Normal(2.0, 1.5)]
    model = MixtureModel(start).fit(x, labels=factors)
    joint = np.column_stack([part.pdf(x) for part in model.components_]) * model.weights_ * factors
    by_hand = np.log(joint.sum(axis=1) / factors.max(axis=1)).sum()
    assert model.log_likelihood_ == pytest.approx(by_hand, rel=1e-12)


def test_what_cannot_be_written_to_is_copied_and_nothing_else_is():
    rows, weight = np.arange(6.0).reshape(3, 2), np.ones(3)
    weight.flags.writeable = False
    data = observed(rows, weight, Labels(np.zeros(3, dtype=np.int64), np.zeros((1, 2))))
    ours = writable(data)
    assert type(ours) is type(data) and ours.rows is rows and ours.code is data.code and ours.first == 0
    assert ours.weight.flags.writeable and not weight.flags.writeable
    np.testing.assert_array_equal(ours.weight, weight)
