"""The tables of a model: parameters go in and come out, compiled or not."""

import numpy as np
import pytest
from engines import engine_of, layout_of

from distributions.domains import REAL
from mixtures import (
    Distribution,
    Exponential,
    InvalidDataError,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    parameter,
)
from mixtures.layout import Parameters
from mixtures.opaque_leaf import OpaqueLeaf
from mixtures.plan import FLOOR, Engine


class Recorder(Distribution):
    """A family in plain NumPy that keeps what it is given."""

    centre: float = parameter(REAL, power=1)
    seen = []

    def log_pdf(self, x):
        self.seen.append(("log_pdf", x.copy()))
        return np.zeros(len(x))

    def fit(self, x, sample_weight=None):
        self.seen.append(("fit", x.copy(), sample_weight.copy()))
        return self.with_values(centre=np.average(np.reshape(x, (len(x), -1))[:, 0], weights=sample_weight))

    def sample(self, size, rng=None):
        return np.zeros(size)


class WideRecorder(Recorder):
    n_columns = 2
    seen = []


ONE_COLUMN = [
    Normal(0.1 + 0.2, 1e-3),
    Exponential(7.0).freeze(),
    Poisson(0.0),
    Normal(1e8, 2.0).freeze("mean"),
    Recorder(3.0),
]
TWO_COLUMNS = [
    MultivariateNormal([1.0, 2.0], [[2.0, 0.3], [0.3, 1.0]]),
    MultivariateNormal([1.0, 2.0], np.diag([2.0, 1.0]), structure="diagonal").freeze("cov"),
    MultivariateNormal([1.0, 2.0], np.eye(2), structure="spherical"),
    WideRecorder(0.0),
]


@pytest.mark.parametrize("components", [ONE_COLUMN, ONE_COLUMN[:4], TWO_COLUMNS, TWO_COLUMNS[:3]])
def test_components_come_out_as_they_went_in(components):
    engine = engine_of(components)
    assert engine.parameters.leaves == components
    assert engine.history.size == 0
    np.testing.assert_array_equal(engine.state.theta, np.concatenate([leaf.to_theta() for leaf in engine.leaves]))


def test_parameters_that_change_come_out_changed_and_frozen_ones_as_they_were():
    engine = engine_of(ONE_COLUMN[:4])
    engine.state.theta[:] += 1.0
    assert engine.parameters.leaves == [
        Normal(1.0 + (0.1 + 0.2), 1e-3 + 1.0),
        Exponential(7.0).freeze(),
        Poisson(1.0),
        Normal(1e8, 3.0).freeze("mean"),
    ]


def test_components_taken_out_do_not_follow_later_changes():
    engine = engine_of(TWO_COLUMNS[:3])
    before = engine.parameters.leaves
    engine.state.theta[:] = 99.0
    assert before == TWO_COLUMNS[:3]


def test_only_a_family_without_kernels_makes_the_loop_interpreted():
    assert not engine_of(ONE_COLUMN[:4]).interpreted
    assert engine_of(ONE_COLUMN).interpreted
    assert engine_of(ONE_COLUMN).plan.free.tolist() == [1, 0, 1, 1, 1]
    assert engine_of([Recorder(3.0).freeze()]).plan.free.tolist() == [0]


def test_a_component_at_its_floor_is_held():
    engine = engine_of([Normal(0.0, 1.0), Exponential(1.0), Normal(0.0, 1.0).freeze()], scale=np.array([100.0]))
    assert engine.held == [(), (), ()]
    engine.state.theta[:] = [0.0, 100.0 * FLOOR, 0.01 / FLOOR, 0.0, 1.0]
    assert engine.held == [("std",), ("rate",), ()]


# ------------------------------------------------------------------------------------------- families in NumPy


@pytest.mark.parametrize("family, d", [(Recorder, 1), (WideRecorder, 2)])
def test_a_family_in_numpy_sees_rows_as_a_user_writes_them(family, d, rng):
    family.seen.clear()
    X, r = rng.normal(size=(d, 5)), np.array([0.5, 0.0, 1.0, 0.25, 0.0])
    rows = X[0] if d == 1 else X.T
    leaf = OpaqueLeaf(family(3.0), "mine")
    theta, out = leaf.to_theta(), np.ones(5)
    leaf.log_pdf(X, theta, out)
    stats = np.zeros(leaf.statistics_size())
    leaf.accumulate(X[:, ::-1].copy(), r, theta, stats)
    stats[:] = 0.0  # a sweep begins anew, as where a step is taken back
    leaf.accumulate(X, r, theta, stats)
    leaf.accumulate(X, r, theta, stats)
    leaf.update(stats, theta, leaf.bounds(np.ones(d), FLOOR))
    (_, given), (_, kept, weight) = family.seen
    np.testing.assert_array_equal(given, rows)
    np.testing.assert_array_equal(kept, np.concatenate([rows[r > 0], rows[r > 0]]))  # rows without a share are absent
    np.testing.assert_array_equal(weight, np.tile(r[r > 0], 2))
    np.testing.assert_array_equal(out, np.ones(5))


def test_an_earlier_version_can_be_put_back(rng):
    leaf = OpaqueLeaf(Recorder(3.0), "mine")
    theta = leaf.to_theta()
    before = theta.copy()
    leaf.accumulate(np.array([[1.0, 3.0]]), np.ones(2), theta, np.zeros(1))
    leaf.update(np.zeros(1), theta, leaf.bounds(np.ones(1), FLOOR))
    assert leaf.from_theta(theta) == Recorder(2.0)
    assert leaf.from_theta(before) == Recorder(3.0)
    leaf.accumulate(np.array([[7.0]]), np.ones(1), theta, np.zeros(1))
    leaf.update(np.zeros(1), theta, leaf.bounds(np.ones(1), FLOOR))
    assert leaf.from_theta(theta) == Recorder(7.0)  # what was fitted once is not fitted again


def test_a_log_pdf_of_the_wrong_shape_is_named():
    class WrongShape(Recorder):
        def log_pdf(self, x):
            return np.zeros((len(x), 1))

    with pytest.raises(InvalidDataError, match=r"mine: log_pdf returned shape \(4, 1\) for 4 rows; it must be \(4,\)"):
        OpaqueLeaf(WrongShape(0.0), "mine").log_pdf(np.zeros((1, 4)), np.zeros(1), np.zeros(4))


def test_scales_that_differ_by_rounding_make_the_same_engine():
    """The sums of blocks are added in another order than those in memory: fits must not depend on it."""
    components, scale = [Normal(0.0, 1.0), Normal(3.0, 1.0)], 1.2345678901234567
    units = {
        tuple(engine_of(components, scale=np.array([scale * (1.0 + k * 2.0**-52)])).state.units) for k in range(-3, 4)
    }
    assert len(units) == 1
    assert units.pop() == pytest.approx([scale, 0.0] * 2, rel=1e-9)


def test_one_call_serves_neighbours_of_one_kind_and_no_others():
    one, other = (MultivariateNormal([m, m], np.eye(2), structure="diagonal") for m in (0.0, 1.0))
    full, frozen = MultivariateNormal([0.0, 0.0], np.eye(2)), one.freeze()
    assert engine_of([one, other, full, one, other, one]).plan.together.tolist() == [2, 1, 1, 3, 2, 1]
    assert engine_of([one, frozen, frozen, other]).plan.together.tolist() == [1, 2, 1, 1]
    assert engine_of([Normal(0.0, 1.0), Normal(1.0, 1.0)]).plan.together.tolist() == [1, 1]
    # Leaves of products lie between others; rows with missing cells have kernels of their own.
    layout, halves = layout_of([Product([part, Normal(0.0, 1.0)]) for part in (one, other)]), [np.full(2, 0.5)]
    leaves = Parameters([leaf.distribution for leaf in layout.leaves], halves)
    assert Engine(layout, leaves, np.ones(3), 1).plan.together.tolist() == [1, 1, 1, 1]
    whole = Engine(layout_of([one, other]), Parameters([one, other], halves), np.ones(2), 1, has_missing=True)
    assert whole.plan.together.tolist() == [1, 1]
