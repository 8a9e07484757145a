"""Pictures of responsibilities and uncertainty: curves and bars are those of `predict_proba`."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib.colors import to_rgb
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure

from distributions import Categorical, Exponential, MultivariateNormal, Normal, Poisson, Product, Uniform, UniformBox
from distributions.errors import InvalidDataError
from mixtures import MixtureModel, canvas, memberships

ONE = MixtureModel({"low": Normal(-3, 1), "high": Normal(3, 2)}, weights=[0.25, 0.75])
TWO = MixtureModel([MultivariateNormal([0, 0], np.eye(2)), MultivariateNormal([3, 3], np.eye(2))])
THREE = MixtureModel([MultivariateNormal(np.full(3, mean), np.eye(3)) for mean in (0.0, 2.0, 4.0)])


@pytest.fixture
def ax():
    return Figure().subplots()


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_responsibilities_of_one_column_are_curves(ax, rng):
    x = ONE.sample(80, rng)
    ONE.plot.responsibilities(x, ax=ax)
    assert [line.get_color() for line in ax.lines] == canvas.component_colors(2)
    for k, line in enumerate(ax.lines):
        np.testing.assert_allclose(line.get_ydata(), ONE.predict_proba(line.get_xdata())[:, k], atol=1e-12)
        assert set(x) <= set(line.get_xdata())
    assert legend(ax) == ["low", "high"]
    assert ax.get_ylabel() == "responsibility"
    (rug,) = ax.collections
    np.testing.assert_array_equal([path.vertices[0, 0] for path in rug.get_paths()], np.unique(x))


def test_responsibilities_are_dense_where_a_component_is_narrow(ax):
    model = MixtureModel([Uniform(-250.0, 250.0), Normal(27.5, 0.1)])
    model.plot.responsibilities([-250.0, 250.0], ax=ax)
    points, share = ax.lines[1].get_data()
    inside = np.abs(points) < 249.0
    assert share[inside].max() > 0.9
    assert np.abs(np.diff(share[inside])).max() < 0.1


def test_responsibilities_of_counts_are_dots_at_whole_numbers(ax):
    model = MixtureModel([Poisson(1), Poisson(6)])
    model.plot.responsibilities([0, 2, 9], ax=ax)
    for k, line in enumerate(ax.lines):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(10))
        np.testing.assert_allclose(line.get_ydata(), model.predict_proba(np.arange(10))[:, k])
        assert line.get_marker() == "o"


def test_there_is_no_responsibility_where_no_component_reaches(ax):
    model = MixtureModel([Exponential(1.0), Uniform(-3.0, -1.0)])
    model.plot.responsibilities([-2.0, 1.0], ax=ax)
    points, share = ax.lines[0].get_data()
    between = (points > -1.0) & (points < 0.0)
    assert between.any()
    assert np.isnan(share[between]).all()
    np.testing.assert_array_equal(share[points > 0.0], 1.0)


def test_rows_of_several_columns_are_divided_bars(ax, rng):
    x = THREE.sample(60, rng)
    THREE.plot.responsibilities(x, ax=ax)
    probability = THREE.predict_proba(x)
    order = np.lexsort([-probability.max(axis=1), probability.argmax(axis=1)])
    below = np.zeros(60)
    for k, patch in enumerate(ax.patches):
        top, edges, base = patch.get_data()
        np.testing.assert_allclose(base, below, atol=1e-15)
        np.testing.assert_allclose(top - base, probability[order, k], atol=1e-12)
        np.testing.assert_array_equal(edges, np.arange(61))
        below = top
    np.testing.assert_allclose(below, 1.0)
    assert legend(ax) == THREE.names
    assert ax.get_xlabel() == "rows, sorted"


def test_bars_are_as_wide_as_the_rows_weigh(ax, rng):
    weight = rng.uniform(0.5, 3.0, 20)
    THREE.plot.responsibilities(THREE.sample(20, rng), sample_weight=weight, ax=ax)
    edges = ax.patches[0].get_data()[1]
    np.testing.assert_allclose(np.sort(np.diff(edges)), np.sort(weight))
    assert ax.get_xlabel() == "total weight of the rows, sorted"


def test_uncertainty_of_one_column_is_a_curve_in_the_colour_of_the_component(ax, rng):
    ONE.plot.uncertainty(ONE.sample(50, rng), ax=ax)
    whole, *parts = ax.lines
    points, doubt = whole.get_data()
    np.testing.assert_allclose(doubt, 1.0 - ONE.predict_proba(points).max(axis=1), atol=1e-12)
    owner = ONE.predict(points)
    for k, (line, color) in enumerate(zip(parts, ONE.plot.colors, strict=True)):
        assert line.get_color() == color
        np.testing.assert_array_equal(np.isfinite(line.get_ydata()), owner == k)
    assert ax.get_ylabel() == "uncertainty"


def test_points_of_two_columns_grow_with_the_doubt(ax, rng):
    x = TWO.sample(100, rng)
    TWO.plot.uncertainty(x, ax=ax)
    probability, owner = TWO.predict_proba(x), TWO.predict(x)
    for k, points in enumerate(ax.collections):
        np.testing.assert_allclose(points.get_offsets(), x[owner == k])
        doubt = 1.0 - probability[owner == k].max(axis=1)
        np.testing.assert_array_equal(np.argsort(points.get_sizes(), kind="stable"), np.argsort(doubt, kind="stable"))


def test_rows_of_more_columns_are_sorted_by_their_doubt(ax, rng):
    x = THREE.sample(70, rng)
    THREE.plot.uncertainty(x, ax=ax)
    np.testing.assert_allclose(ax.patches[0].get_data()[0], np.sort(1.0 - THREE.predict_proba(x).max(axis=1)))
    (worst,) = ax.lines
    np.testing.assert_allclose(worst.get_ydata(), 2 / 3)


@pytest.mark.parametrize("model", [MixtureModel([Normal(0, 1)]), MixtureModel([MultivariateNormal([0, 0], np.eye(2))])])
def test_one_component_leaves_no_doubt(model, ax, rng):
    x = model.sample(10, rng)
    model.plot.uncertainty(x, ax=ax)
    model.plot.responsibilities(x, ax=Figure().subplots())


def test_long_names_get_lines_of_their_own(ax, rng):
    names = [f"a component with a long name, number {k}" for k in range(3)]
    model = MixtureModel(dict(zip(names, THREE.components, strict=True)))
    model.plot.responsibilities(model.sample(20, rng), ax=ax)
    assert ax.get_legend()._ncols == 1
    ONE.plot.responsibilities(ONE.sample(20, rng), ax=(other := Figure().subplots()))
    assert other.get_legend()._ncols == 2


def test_many_rows_are_thinned_out(rng):
    x = THREE.sample(5000, rng)
    bars, doubt, rug = Figure().subplots(3)
    THREE.plot.responsibilities(x, ax=bars)
    top, edges, _ = bars.patches[-1].get_data()
    assert len(top) <= canvas.MOST_MARKS
    assert (edges[0], edges[-1]) == (0.0, 5000.0)
    np.testing.assert_allclose(top, 1.0)
    THREE.plot.uncertainty(x, ax=doubt)
    shown, edges, _ = doubt.patches[0].get_data()
    assert edges[-1] == 5000.0
    assert shown[-1] == pytest.approx((1.0 - THREE.predict_proba(x).max(axis=1)).max())
    assert np.sum(shown * np.diff(edges)) == pytest.approx(np.sum(1.0 - THREE.predict_proba(x).max(axis=1)), rel=0.05)
    ONE.plot.responsibilities(ONE.sample(5000, rng), ax=rug)
    assert len(rug.collections[0].get_paths()) <= canvas.MOST_MARKS


def test_nothing_joins_categories(ax):
    model = MixtureModel([Categorical([0.5, 0.5], ("a", "b")), Categorical([0.1, 0.9], ("a", "b"))])
    model.plot.responsibilities(["a", "b", "b"], ax=ax)
    assert {line.get_linestyle() for line in ax.lines} == {"None"}
    assert [text.get_text() for text in ax.get_xticklabels()] == ["a", "b"]


def test_decision_regions_have_the_colour_of_the_component_and_fade_with_doubt(ax, rng):
    x = TWO.sample(60, rng)
    TWO.plot.decision_regions(x, ax=ax)
    (image,) = ax.images
    left, right, bottom, top = image.get_extent()
    pixels = image.get_array()
    rows, columns = rng.integers(0, memberships.PIXELS, (2, 200))
    step_x, step_y = (right - left) / memberships.PIXELS, (top - bottom) / memberships.PIXELS
    places = np.column_stack([left + (columns + 0.5) * step_x, bottom + (rows + 0.5) * step_y])
    shares = TWO.predict_proba(places)
    colors = np.array([to_rgb(color) for color in canvas.component_colors(2)])[shares.argmax(axis=1)]
    depth = memberships.TINT * (2.0 * shares.max(axis=1, keepdims=True) - 1.0)
    shade = memberships.TINT / memberships.SHADES
    np.testing.assert_allclose(pixels[rows, columns], 1.0 - depth * (1.0 - colors), atol=0.5 * shade + 1e-9)
    assert ax.get_ylabel() == "column 2"
    assert legend(ax) == ["MultivariateNormal 1, weight 0.50", "MultivariateNormal 2, weight 0.50"]


def test_hard_regions_of_equal_spheres_are_voronoi_cells(ax):
    TWO.plot.decision_regions([[0.0, 0.0], [3.0, 3.0]], soft=False, ax=ax)
    pixels = ax.images[0].get_array()
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) == 2
    for line in [artist for artist in ax.collections if isinstance(artist, QuadContourSet)]:
        ends = line.get_paths()[0].vertices
        np.testing.assert_allclose(ends.sum(axis=1), 3.0, atol=1e-3)  # as far from (0, 0) as from (3, 3)


def test_places_that_no_component_reaches_are_white(ax):
    squares = [UniformBox([0, 0], [1, 1]), UniformBox([2, 2], [3, 3])]
    MixtureModel(squares).plot.decision_regions([[0.0, 0.0], [3.0, 3.0]], ax=ax)
    pixels = ax.images[0].get_array()
    assert (pixels[0, -1] == 1.0).all()
    assert (pixels[40, 40] < 1.0).any()


def test_decision_regions_need_two_columns_of_values(rng):
    with pytest.raises(InvalidDataError, match="show two columns, here are 3"):
        THREE.plot.decision_regions(THREE.sample(5, rng))
    counts = MixtureModel([Product([Normal(0, 1), Poisson(2)]), Product([Normal(1, 1), Poisson(5)])])
    with pytest.raises(InvalidDataError, match="column 'column 2' holds separate ones"):
        counts.plot.decision_regions(counts.sample(5, rng))
