"""Two columns and more: points in the colour of their component, contours that hold what they say, a panel a pair."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.colors import to_hex, to_rgb
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure

from distributions import (
    Categorical,
    Exponential,
    Gamma,
    MultivariateNormal,
    Normal,
    Poisson,
    Product,
    VonMisesFisher,
)
from distributions.errors import InvalidDataError, InvalidParameterError
from mixtures import MixtureModel, canvas, contours, datasets

COV = np.array([[1.0, 0.8], [0.8, 4.0]])
TWO = MixtureModel(
    {"left": MultivariateNormal([-4, 0], COV), "right": MultivariateNormal([4, 1], np.eye(2))}, weights=[0.3, 0.7]
)
MIXED = MixtureModel(
    [
        Product({("a", "b"): MultivariateNormal(mean, COV), "n": Poisson(rate), "kind": Categorical(prob, ("x", "y"))})
        for mean, rate, prob in (([0, 0], 2.0, [0.9, 0.1]), ([6, 1], 9.0, [0.2, 0.8]))
    ]
)


@pytest.fixture
def ax():
    return Figure().subplots()


def points_of(ax, k):
    return np.asarray(ax.collections[k].get_offsets())


def contour_sets(ax):
    return [artist for artist in ax.collections if isinstance(artist, QuadContourSet)]


def test_rows_have_the_colour_and_marker_of_their_most_probable_component(ax, rng):
    x = TWO.sample(200, rng)
    TWO.plot(x, ax=ax)
    owner = TWO.predict(x)
    for k, color in enumerate(canvas.component_colors(2)):
        np.testing.assert_allclose(points_of(ax, k), x[owner == k])
        assert to_hex(ax.collections[k].get_facecolor()[0]).upper() == color
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["left, weight 0.30", "right, weight 0.70"]
    assert ax.get_legend().get_title().get_text() == "contours hold 50 % and 90 %"
    assert [line.get_marker() for line in ax.get_legend().get_lines()] == list(canvas.MARKERS[:2])


def test_contours_of_normals_are_ellipses_that_hold_the_share(ax, rng):
    TWO.plot(np.vstack([TWO.sample(300, rng), [[-9.0, -9.0], [9.0, 9.0]]]), ax=ax)
    for contour, component, color in zip(
        contour_sets(ax), TWO.components.values(), canvas.component_colors(2), strict=True
    ):
        assert to_hex(contour.get_edgecolor()[0]).upper() == color
        for path, share in zip(contour.get_paths(), (0.9, 0.5), strict=True):
            away = path.vertices - component.mean
            squares = np.einsum("ij,jk,ik->i", away, np.linalg.inv(component.cov), away)
            radius = -2.0 * np.log(1.0 - share)  # the quantile of chi-square with two degrees of freedom
            np.testing.assert_allclose(squares, radius, rtol=0.06)
            assert np.ptp(squares) < 0.02 * radius


def test_contours_of_any_family_hold_their_share(ax, rng):
    part = Product([Gamma(3.0, 1.0), Exponential(2.0)])
    model = MixtureModel([part])
    x = model.sample(400, rng)
    model.plot(x, ax=ax)
    (contour,) = contour_sets(ax)
    draws = part.sample(40_000, rng)
    for level, share in zip(contour.levels, (0.9, 0.5), strict=True):
        assert np.mean(part.log_pdf(draws) > level) == pytest.approx(share, abs=0.015)


def test_a_narrow_component_has_a_smooth_outline(ax, rng):
    model = MixtureModel([MultivariateNormal([0, 0], 1e4 * np.eye(2)), MultivariateNormal([0, 0], 1e-4 * np.eye(2))])
    model.plot(model.sample(200, rng), ax=ax)
    path = contour_sets(ax)[1].get_paths()[0]
    radii = np.hypot(*path.vertices.T)
    assert len(radii) > 100
    assert np.ptp(radii) < 0.02 * radii.mean()


def test_a_component_outside_the_picture_is_left_out(ax, rng):
    x = TWO.components["left"].sample(50, rng)
    MixtureModel([TWO.components["left"], MultivariateNormal([1e6, 1e6], np.eye(2))]).plot(x, ax=ax)
    assert len(contour_sets(ax)) == 1


def test_weights_are_areas(ax, rng):
    x = np.array([[-4.0, 0.0], [-4.0, 1.0]])
    TWO.plot(x, sample_weight=[1.0, 3.0], ax=ax)
    small, large = ax.collections[0].get_sizes()
    assert large == pytest.approx(3.0 * small)


def test_a_frame_names_the_axes(ax):
    pandas = pytest.importorskip("pandas")
    TWO.plot(pandas.DataFrame({"height": [-4.0, 4.0], "weight": [0.0, 1.0]}), ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("height", "weight")


def test_a_fit_to_a_frame_names_the_axes_of_arrays(ax, rng):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rng.normal(size=(40, 2)), columns=["height", "weight"])
    MixtureModel([MultivariateNormal()]).fit(frame).plot(frame.to_numpy(), ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("height", "weight")


def test_separate_values_are_spread_out_and_have_no_contours(ax):
    model = MixtureModel([Product([Poisson(2.0), Normal(0.0, 1.0)])])
    x = np.column_stack([np.full(20, 3.0), np.linspace(-1, 1, 20)])
    model.plot(x, ax=ax)
    points = points_of(ax, 0)
    assert 0.0 < np.abs(points[:, 0] - 3.0).max() <= contours.JITTER
    assert len(np.unique(points[:, 0])) == 20
    np.testing.assert_array_equal(points[:, 1], x[:, 1])
    assert contour_sets(ax) == []
    assert ax.get_legend().get_title().get_text() == ""
    np.testing.assert_array_equal(x[:, 0], 3.0)


def rows_of_mixed(n, rng):
    rows = MIXED.sample(n, rng)
    kind = np.array(["x", "y"])[rows[:, 3].astype(int)]
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"a": rows[:, 0], "b": rows[:, 1], "n": rows[:, 2], "kind": kind})


def test_pairs_of_columns_of_all_kinds(rng):
    frame = rows_of_mixed(150, rng)
    axes = Figure(figsize=(9, 9)).subplots(4, 4)
    assert MIXED.plot(frame, ax=axes) is axes
    names = ["a", "b", "n", "kind"]
    assert [ax.get_xlabel() for ax in axes[-1]] == names
    assert [ax.get_ylabel() for ax in axes[1:, 0]] == names[1:]
    assert not any(axes[row, column].axison for row in range(4) for column in range(row + 1, 4))
    assert len(contour_sets(axes[1, 0])) == 2  # the only panel of two continuous columns
    assert all(not contour_sets(axes[row, column]) for row in (2, 3) for column in range(row))
    owner = MIXED.predict(frame)
    np.testing.assert_allclose(points_of(axes[1, 0], 1), frame[["a", "b"]].to_numpy()[owner == 1])
    assert [text.get_text() for text in axes[3, 3].get_xticklabels()] == ["x", "y"]
    assert [text.get_text() for text in axes[3, 0].get_yticklabels()] == ["x", "y"]
    legend = axes[0, -1].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["Product 1, weight 0.50", "Product 2, weight 0.50"]
    assert [line.get_color() for line in legend.get_lines()] == canvas.component_colors(2)


def test_the_diagonal_has_the_margins(rng):
    axes = Figure(figsize=(9, 9)).subplots(4, 4)
    MIXED.plot.pairs(rows_of_mixed(150, rng), ax=axes)
    for k, (mean, rate) in enumerate(((0.0, 2.0), (6.0, 9.0))):
        line = axes[0, 0].lines[k]
        np.testing.assert_allclose(line.get_ydata(), 0.5 * Normal(mean, 1.0).pdf(line.get_xdata()), rtol=1e-9)
        line = axes[2, 2].lines[k]
        np.testing.assert_allclose(line.get_ydata(), 0.5 * Poisson(rate).pdf(line.get_xdata()), rtol=1e-9)
    np.testing.assert_allclose(axes[3, 3].lines[-1].get_ydata(), [0.55, 0.45])


def test_columns_are_chosen_by_name_and_place(rng):
    frame = rows_of_mixed(50, rng)
    axes = Figure().subplots(2, 2)
    MIXED.plot.pairs(frame, columns=["b", 0], ax=axes)
    assert [ax.get_xlabel() for ax in axes[-1]] == ["b", "a"]
    ascending = Figure().subplots(2, 2)
    MIXED.plot.pairs(frame, columns=["a", "b"], ax=ascending)
    for turned, straight in zip(contour_sets(axes[1, 0]), contour_sets(ascending[1, 0]), strict=True):
        np.testing.assert_allclose(np.sort(turned.levels), np.sort(straight.levels), rtol=1e-12)
        (low, high), (low_turned, high_turned) = (
            (path.vertices.min(axis=0), path.vertices.max(axis=0))
            for path in (straight.get_paths()[0], turned.get_paths()[0])
        )
        np.testing.assert_allclose(low_turned[::-1], low, atol=0.05)
        np.testing.assert_allclose(high_turned[::-1], high, atol=0.05)
    for wrong, error, text in (
        (["b", "c"], InvalidParameterError, "no column 'c'; they are 'a', 'b', 'n', 'kind', or 0 to 3"),
        ([0, 4], InvalidParameterError, "no column 4"),
        ([0, True], InvalidParameterError, "no column True"),
        ([1], InvalidDataError, "two different columns"),
        ([1, "b"], InvalidDataError, "two different columns"),
    ):
        with pytest.raises(error, match=text):
            MIXED.plot.pairs(frame, columns=wrong, ax=axes)


def test_axes_of_another_shape_are_refused(rng):
    with pytest.raises(InvalidParameterError, match=r"ax of shape \(2, 2\), such as subplots\(2, 2\)\[1\]"):
        TWO.plot.pairs(TWO.sample(20, rng), ax=Figure().subplots())


def test_many_columns_must_be_chosen_among(rng):
    model = MixtureModel([MultivariateNormal(np.zeros(9), np.eye(9))])
    with pytest.raises(InvalidDataError, match="choose up to 8 with columns="):
        model.plot(model.sample(20, rng))


def test_missing_cells_leave_a_row_in_the_panels_of_its_other_columns():
    penguins = datasets.load("penguins")
    names, sexes = ("bill_length_mm", "bill_depth_mm", "body_mass_g"), Categorical([0.5, 0.5], ("female", "male"))
    model = MixtureModel(
        [
            Product({names: MultivariateNormal(mean, np.diag([9.0, 1.5, 2e5])), "sex": sexes})
            for mean in ([39, 18, 3700], [47, 15, 5000])
        ]
    )
    present = ~np.isnan(penguins["body_mass_g"])
    axes = Figure(figsize=(9, 9)).subplots(4, 4)
    frame = pytest.importorskip("pandas").DataFrame(dict(penguins))[present]  # which has other columns besides
    model.plot.pairs(frame, ax=axes)
    drawn = sum(len(points_of(axes[3, 0], k)) for k in range(2))
    assert drawn == present.sum()
    assert penguins["sex"][present].tolist().count(None) > 0
    shown = np.vstack([points_of(axes[3, 0], k) for k in range(2)])
    assert np.isnan(shown[:, 1]).sum() == penguins["sex"][present].tolist().count(None)


def test_a_column_without_any_cell_is_named():
    model = MixtureModel([Product({"a": Normal(0, 1), "b": Normal(0, 1)})] * 2)
    with pytest.raises(InvalidDataError, match="column 'b' has no observed cell"):
        model.plot(np.array([[1.0, np.nan], [2.0, np.nan]]))


def test_rows_with_one_cell_each_leave_the_plane_empty(ax):
    model = MixtureModel([Product([Normal(0, 1), Normal(0, 1)]), Product([Normal(3, 1), Normal(3, 1)])])
    model.plot(np.array([[-3.0, np.nan], [np.nan, -3.0], [6.0, np.nan], [np.nan, 6.0]]), ax=ax)
    assert len(contour_sets(ax)) == 2


def test_components_that_cannot_leave_columns_out_have_no_curves(rng):
    model = MixtureModel([VonMisesFisher([1.0, 0.0, 0.0], 5.0)] * 2)
    axes = Figure().subplots(3, 3)
    model.plot(model.sample(50, rng), ax=axes)
    assert all(len(axes[j, j].patches) == 1 and not axes[j, j].lines for j in range(3))
    assert contour_sets(axes[1, 0]) == []
    assert sum(len(points_of(axes[1, 0], k)) for k in range(2)) == 50


def test_a_new_figure_grows_with_the_columns(rng):
    axes = MIXED.plot(rows_of_mixed(30, rng))
    width, height = axes[0, 0].figure.get_size_inches()
    pyplot.close(axes[0, 0].figure)
    assert width == height > 7


def test_rows_have_the_colours_that_labels_say(ax, rng):
    x = TWO.sample(100, rng)
    named = np.where(TWO.predict(x) == 0, "right", "left")  # the wrong way round
    TWO.plot(x, labels=named, ax=ax)
    for k, name in enumerate(TWO.names):
        np.testing.assert_array_equal(points_of(ax, k), x[named == name])
        assert {to_hex(color).upper() for color in ax.collections[k].get_facecolor()} == {canvas.component_colors(2)[k]}


def test_shares_mix_the_colours(ax):
    x, shares = np.zeros((3, 2)), np.array([[1.0, 0.0], [0.75, 0.25], [0.5, 0.5]])
    TWO.plot(x, labels=shares, sample_weight=[1, 1, 0], ax=ax)
    blue, orange = (np.array(to_rgb(color)) for color in canvas.component_colors(2))
    np.testing.assert_allclose(ax.collections[0].get_facecolor()[:, :3], [blue, 0.75 * blue + 0.25 * orange])


def test_labels_reach_every_panel_and_must_be_components(rng):
    x = np.column_stack([MIXED.sample(30, rng)])
    labels = np.arange(30) % 2
    axes = MIXED.plot(x, labels=labels, ax=Figure().subplots(4, 4))
    assert len(points_of(axes[1, 0], 0)) == 15
    held = [bars for bars in axes[2, 2].containers if bars.get_label() == "_data"]
    assert sum(bar.get_height() for bar in held[0]) == pytest.approx(0.5)
    with pytest.raises(InvalidDataError, match="labels must be a component, 0 to 1 or one of 'left', 'right'"):
        TWO.plot([[0.0, 0.0]], labels=["middle"])
