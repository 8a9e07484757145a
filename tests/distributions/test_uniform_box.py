"""The uniform distribution on a box at its sides; what holds for every family is in the law."""

import math

import numpy as np
import pytest

from distributions import (
    DegenerateDataError,
    Distribution,
    InvalidDataError,
    InvalidParameterError,
    Uniform,
    UniformBox,
)

INF, NAN = np.inf, np.nan
TURNED = np.array([[0.8, -0.6], [0.6, 0.8]])


def turn(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


@pytest.fixture
def cloud(rng):
    """Rows of a long box at an angle to the columns."""
    return rng.uniform([-20.0, -1.0], [20.0, 1.0], (300, 2)) @ turn(0.6).T + [100.0, -30.0]


def test_the_sides_belong_to_the_box():
    box = UniformBox([1.0, 0.0], [3.0, 4.0])
    rows = [[1.0, 0.0], [3.0, 4.0], [np.nextafter(3.0, 4.0), 2.0], [2.0, -1e-300], [2.0, INF], [-INF, 1.0], [NAN, 1.0]]
    np.testing.assert_array_equal(box.log_pdf(rows)[:-1], [-math.log(8.0)] * 2 + [-INF] * 4)
    assert np.isnan(box.log_pdf(rows)[-1])
    assert box.freeze().log_pdf(rows)[-1] == -math.log(4.0)  # frozen, it leaves the missing cell out
    assert box.freeze().log_pdf([[NAN, 5.0]])[0] == -INF


def test_the_density_of_a_turned_box_is_that_of_its_coordinates(rng):
    box = UniformBox([2.0, -1.0], [7.0, 3.0], TURNED)
    rows = rng.uniform(-9.0, 9.0, (500, 2))
    y = rows @ TURNED
    inside = np.all((y >= [2.0, -1.0]) & (y <= [7.0, 3.0]), axis=1)
    assert 20 < inside.sum() < 200
    np.testing.assert_array_equal(box.log_pdf(rows), np.where(inside, -math.log(20.0), -INF))
    np.testing.assert_array_equal(box.freeze().covers(rows), inside)
    assert np.isfinite(box.log_pdf(box.sample(10_000, rng=1))).all()
    far = [[INF, 0.0], [-INF, INF], [0.0, NAN], [INF, NAN]]
    np.testing.assert_array_equal(box.log_pdf(far), [-INF, -INF, NAN, NAN])


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_rows_on_the_sides_of_a_turned_box_are_inside_in_whatever_block_they_come(offset, rng):
    axes = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    rows = rng.normal(size=(3001, 5)) * 10.0 ** rng.uniform(-8, 8, 5) + offset
    box = UniformBox(axes=axes).fit(rows).freeze()
    inside = -np.log(box.high - box.low).sum()
    np.testing.assert_allclose(box.log_pdf(rows), np.full(len(rows), inside), rtol=1e-14)
    assert box.covers(rows).all()
    y, width = rows @ axes, box.high - box.low
    for end, extreme, inwards in (("low", y.argmin(axis=0), 1.0), ("high", y.argmax(axis=0), -1.0)):
        for row in rows[extreme]:
            assert np.isfinite(box.log_pdf(row[np.newaxis])).all()
        shrunk = box.with_values(**{end: getattr(box, end) + inwards * 1e-6 * width})
        assert shrunk.log_pdf(rows[extreme]).tolist() == [-INF] * 5
        assert not shrunk.covers(rows[extreme]).any()


def test_fit_is_the_smallest_box_along_the_given_axes(cloud):
    plain, turned = UniformBox().fit(cloud), UniformBox(axes=turn(0.6)).fit(cloud)
    np.testing.assert_array_equal([plain.low, plain.high], [cloud.min(axis=0), cloud.max(axis=0)])
    y = cloud @ turn(0.6)
    np.testing.assert_allclose([turned.low, turned.high], [y.min(axis=0), y.max(axis=0)], rtol=1e-13)
    np.testing.assert_array_equal(turned.axes, turn(0.6))
    held = UniformBox(low=plain.low - 1.0).freeze("low").fit(cloud)
    assert held == UniformBox(plain.low - 1.0, plain.high).freeze("low")
    weight = np.ones(len(cloud))
    weight[cloud[:, 0].argmax()] = 0.0
    assert UniformBox().fit(cloud, weight).high[0] == np.sort(cloud[:, 0])[-2]


def test_over_takes_the_smaller_box_and_freezes_it(cloud, rng):
    tilted = UniformBox.over(cloud)
    assert tilted.frozen == {"low", "high"}
    assert np.isfinite(tilted.log_pdf(cloud)).all()
    # The axes are the principal ones, as a singular value decomposition gives them.
    directions = np.linalg.svd(cloud - cloud.mean(axis=0))[2].T
    np.testing.assert_allclose(np.abs(tilted.axes.T @ directions), np.eye(2), atol=1e-12)
    volume = np.prod(np.ptp(cloud @ directions, axis=0))
    assert -tilted.log_pdf(cloud)[0] == pytest.approx(math.log(volume), rel=1e-12)
    assert volume < 0.5 * np.prod(np.ptp(cloud, axis=0))
    square = rng.uniform(-1.0, 1.0, (500, 2))
    assert UniformBox.over(square) == UniformBox(square.min(axis=0), square.max(axis=0)).freeze()


def test_over_is_along_the_columns_where_axes_cannot_be():
    line = np.column_stack([np.arange(5.0), 3.0 * np.arange(5.0)])  # of no width across
    assert UniformBox.over(line) == UniformBox([0.0, 0.0], [4.0, 12.0]).freeze()
    holes = line + [[0, 0], [0, 1], [0, 0], [1, 0], [0, 0]]
    assert UniformBox.over(holes).axes is not None
    holes[1, 1] = NAN
    assert UniformBox.over(holes) == UniformBox([0.0, 0.0], [4.0, 12.0]).freeze()


@pytest.mark.parametrize("unit", [1.0, 1e-160, 1e160])
def test_over_of_any_unit_is_the_same_box(cloud, unit):
    box, wanted = UniformBox.over(cloud * unit), UniformBox.over(cloud)
    np.testing.assert_allclose(box.axes, wanted.axes, rtol=1e-11)
    np.testing.assert_allclose(box.high, wanted.high * unit, rtol=1e-11)


def test_one_column_is_the_uniform():
    x = np.array([3.0, 1.0, 2.5])
    box, line = UniformBox.over(x), Uniform.over(x)
    assert (box.low[0], box.high[0]) == (line.low, line.high)
    at = np.array([0.0, 1.0, 1.7, 3.0, 4.0])
    np.testing.assert_array_equal(box.log_pdf(at), line.log_pdf(at))
    np.testing.assert_array_equal(box.cdf(at), line.cdf(at))
    np.testing.assert_array_equal(box.ppf([0.0, 0.3, 1.0]), line.ppf([0.0, 0.3, 1.0]))
    mirrored = UniformBox(-box.high, -box.low, [[-1.0]])
    np.testing.assert_array_equal(mirrored.log_pdf(at), line.log_pdf(at))
    np.testing.assert_array_equal(mirrored.cdf(at), line.cdf(at))


def test_records_give_axes_back_to_the_bit():
    for box in (UniformBox([2.0, -1.0], [7.0, 3.0], turn(0.3)).freeze(), UniformBox(axes=turn(1.0)), UniformBox()):
        assert Distribution.from_json(box.to_json()) == box
        assert eval(repr(box)) == box
    rounded = UniformBox(axes=turn(0.3).round(9))  # made orthogonal
    np.testing.assert_allclose(rounded.axes.T @ rounded.axes, np.eye(2), atol=1e-15)
    np.testing.assert_allclose(rounded.axes, turn(0.3), atol=1e-9)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"low": [0.0, 1.0], "high": [1.0, 1.0]}, r"low must be below high in each column; got low=\[0.0, 1.0\]"),
        ({"low": [0.0, 1.0], "high": [1.0, 2.0, 3.0]}, r"differ in their columns: {'low': 2, 'high': 3}"),
        ({"low": [0.0, 1.0], "axes": np.eye(3)}, r"differ in their columns: {'low': 2, 'axes': 3}"),
        ({"axes": [[1.0, 0.1], [0.0, 1.0]]}, "axes must be an orthogonal matrix"),
        ({"axes": [[1.0, 0.0]]}, "axes must be an orthogonal matrix"),
        ({"axes": "x"}, "axes must be an orthogonal matrix"),
        ({"axes": [[NAN]]}, "axes must be an orthogonal matrix"),
        ({"low": 3.0}, "low must be a vector of finite numbers"),
    ],
)
def test_what_is_no_box_is_refused(arguments, message):
    with pytest.raises(InvalidParameterError, match=message):
        UniformBox(**arguments)


def test_what_has_no_volume_is_refused(cloud):
    flat = np.column_stack([cloud[:, 0], np.full(len(cloud), 5.0)])
    with pytest.raises(DegenerateDataError, match="grows without bound in low, high"):
        UniformBox().fit(flat)
    with pytest.raises(InvalidParameterError, match="low must be below high"):
        UniformBox.over(flat)
    with pytest.raises(InvalidDataError, match="infinite"):
        UniformBox.over([[1.0, INF], [2.0, 3.0]])
    with pytest.raises(InvalidDataError, match=r"\(first: row 1, 0.5, 2\) is not"):
        UniformBox([0.0, 0.0], [1.0, 1.0]).freeze().fit([[0.5, 0.5], [0.5, 2.0]])


def test_only_a_frozen_box_along_the_columns_leaves_out_missing_cells(cloud):
    holes = cloud.copy()
    holes[3, 1] = NAN
    assert UniformBox.over(holes).fit(holes) == UniformBox.over(holes)
    for box in (UniformBox(), UniformBox.over(cloud)):
        with pytest.raises(InvalidDataError, match=r"1 of 300 rows \(first: row 3, .*nan\) is NaN or infinite"):
            box.fit(holes)
