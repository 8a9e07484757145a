"""The artists of a density of one column: their data, labels and colours."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from distributions import Categorical, Exponential, MultivariateNormal, Normal, PointMass, Poisson
from distributions.errors import InvalidDataError, MeasureWarning, NotFittedError
from mixtures import MixtureModel, canvas, curves, datasets

TWO = MixtureModel([Normal(-3, 1), Normal(3, 2)], weights=[0.25, 0.75])


@pytest.fixture
def ax():
    return Figure().subplots()


def histogram(ax):
    (patch,) = [patch for patch in ax.patches if isinstance(patch, StepPatch)]
    values, edges, _ = patch.get_data()
    return values, edges


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_continuous_mixture(ax, rng):
    x = TWO.sample(1000, rng)
    assert TWO.plot(x, ax=ax) is ax
    heights, edges = histogram(ax)
    assert np.sum(heights * np.diff(edges)) == pytest.approx(1.0)
    first, second, total = ax.lines
    for line, component, weight in zip((first, second), TWO.components, TWO.weights, strict=True):
        points, curve = line.get_data()
        np.testing.assert_allclose(curve, weight * component.pdf(points))
    np.testing.assert_allclose(total.get_ydata(), TWO.pdf(total.get_xdata()))
    assert [line.get_color() for line in (first, second)] == canvas.component_colors(2)
    assert total.get_color() == canvas.MIXTURE_COLOR
    assert legend(ax) == ["data", "Normal 1, weight 0.25", "Normal 2, weight 0.75", "mixture"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "density")
    assert ax.get_ylim()[1] > max(heights.max(), total.get_ydata().max())


def test_counts(ax):
    data = datasets.load("times_deaths")
    model = MixtureModel([Poisson(1.25), Poisson(2.66)], weights=[0.36, 0.64])
    model.plot(data["deaths"], sample_weight=data["days"], ax=ax)
    bars = ax.patches
    np.testing.assert_allclose([bar.get_x() + bar.get_width() / 2 for bar in bars], data["deaths"])
    np.testing.assert_allclose([bar.get_height() for bar in bars], data["days"] / 1096)
    for line, component, weight in zip(ax.lines, model.components, model.weights, strict=False):
        assert line.get_marker() == "o"
        np.testing.assert_array_equal(line.get_xdata(), np.arange(10))
        np.testing.assert_allclose(line.get_ydata(), weight * component.pdf(np.arange(10)))
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), model.pdf(np.arange(10)))
    assert legend(ax)[0] == "data"
    assert ax.get_ylabel() == "relative frequency"


def test_ticks_of_counts_are_whole(ax):
    MixtureModel([Poisson(0.5)]).plot([0, 0, 1, 2], ax=ax)
    np.testing.assert_array_equal(ax.get_xticks(), np.round(ax.get_xticks()))


def test_counts_spread_far_are_thinned_out(ax, rng):
    model = MixtureModel([Poisson(5), Poisson(1e6)])
    model.plot(model.sample(100, rng), ax=ax)
    points = ax.lines[0].get_xdata()
    assert len(points) <= curves.MAX_COUNTS
    np.testing.assert_array_equal(points, np.round(points))


def test_weights_are_repetitions(rng):
    values, times = rng.normal(size=200), rng.integers(0, 4, 200)
    one, other = Figure().subplots(2)
    TWO.plot(values, sample_weight=times, ax=one)
    TWO.plot(np.repeat(values, times), ax=other)
    for weighted, repeated in zip(histogram(one), histogram(other), strict=True):
        np.testing.assert_allclose(weighted, repeated)


def test_weights_of_any_scale_give_bins(ax, rng):
    values = rng.normal(size=500)
    TWO.plot(values, sample_weight=np.full(500, 1e-6), ax=ax)
    heights, edges = histogram(ax)
    assert len(heights) >= 20
    assert np.sum(heights * np.diff(edges)) == pytest.approx(1.0)


def test_rows_of_weight_zero_are_absent(ax, rng):
    values = np.append(rng.normal(size=50), [1e9, np.nan])
    TWO.plot(values, sample_weight=np.append(np.ones(50), [0.0, 0.0]), ax=ax)
    assert histogram(ax)[1][-1] < 10


@pytest.mark.parametrize("n", [1, 2, 10, 1000, 100_000])
def test_bins_are_few_for_few_rows_and_never_too_many(n, rng):
    x = np.sort(rng.standard_cauchy(n))
    edges = curves.bin_edges(x, np.ones(n))
    assert 1 <= len(edges) - 1 <= curves.MAX_BINS + 1
    assert edges[0] <= x[0] <= x[-1] <= edges[-1]
    if n >= 1000:
        assert len(edges) > 20


@pytest.mark.parametrize("constant", [0.0, -7.0, 1e9])
def test_constant_data(constant, ax):
    MixtureModel([Normal(constant, 1.0)]).plot(np.full(5, constant), ax=ax)
    heights, edges = histogram(ax)
    assert heights.size == 1
    assert edges[0] < constant < edges[1]


@pytest.mark.parametrize("step", [1.0, 0.1, 2.54])
def test_bins_of_rounded_data_hold_equally_many_values(step, rng):
    x = 7 + step * np.round(rng.normal(0, 12, 2000))
    edges = curves.bin_edges(x, np.ones(2000))
    possible = 7 + step * np.arange(-100, 101)
    held = np.histogram(possible, edges)[0]
    assert held.min() == held.max() >= 1
    assert np.histogram(x, edges)[0].sum() == 2000


def test_a_narrow_component_is_not_missed(ax, rng):
    model = MixtureModel([Normal(0, 1000), Normal(1.23456, 1e-3)], weights=[0.999, 0.001])
    model.plot(rng.normal(0, 1000, 500), ax=ax)
    assert ax.lines[1].get_ydata().max() == pytest.approx(0.001 * model.components[1].pdf(1.23456), rel=1e-3)


def test_a_narrow_component_of_a_nested_mixture_is_not_missed(ax, rng):
    model = MixtureModel({"both": MixtureModel([Normal(0, 1000), Normal(1.23456, 1e-3)], weights=[0.999, 0.001])})
    model.plot(rng.normal(0, 1000, 500), ax=ax)
    assert ax.lines[0].get_ydata().max() > 0.39


def test_a_spike_does_not_flatten_the_data(ax, rng):
    MixtureModel([Normal(0, 1), Normal(0.5, 1e-9)]).plot(rng.normal(size=200), ax=ax)
    assert ax.get_ylim()[1] < 3 * histogram(ax)[0].max()


def test_a_jump_at_the_end_of_a_support_is_upright(ax, rng):
    MixtureModel([Exponential(1.0), Normal(-1, 1)], weights=[0.5, 0.5]).plot(rng.normal(size=200), ax=ax)
    points, curve = ax.lines[0].get_data()
    (jump,) = np.flatnonzero(np.diff(curve) > 0.1)
    assert points[jump + 1] == 0.0
    assert curve[jump + 1] == pytest.approx(0.5)
    assert points[jump + 1] - points[jump] < 1e-300


def test_colours_stay_and_line_styles_tell_repeats_apart(ax, rng):
    model = MixtureModel([Normal(float(mean), 1.0) for mean in range(10)])
    model.plot(rng.normal(5, 3, 100), ax=ax)
    lines = ax.lines[:-1]
    assert [line.get_color() for line in lines] == canvas.component_colors(10)
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10


def test_names_of_a_dict_and_of_the_fit(ax, rng):
    x = np.concatenate([rng.normal(-5, 1, 100), rng.normal(5, 1, 100)])
    model = MixtureModel({"low": Normal(), "high": Normal()}).fit(x)
    model.set_params(components=[Poisson()] * 3)
    model.plot(x, ax=ax)
    assert sorted(text.split(",")[0] for text in legend(ax)[1:3]) == ["high", "low"]


def test_masses_and_densities_have_no_sum(ax, rng):
    x = np.concatenate([rng.poisson(3, 100).astype(float), rng.normal(3, 1, 100)])
    with pytest.warns(MeasureWarning):
        model = MixtureModel([Poisson(3), Normal(3, 1)]).fit(x)
    model.plot(x, ax=ax)
    counts, curve, total = ax.lines
    assert counts.get_marker() == "o"
    np.testing.assert_array_equal(counts.get_xdata(), np.round(counts.get_xdata()))
    np.testing.assert_allclose(total.get_ydata(), curve.get_ydata())


def test_one_column_of_a_multivariate_family(ax, rng):
    MixtureModel([MultivariateNormal([0.0], [[1.0]])]).plot(rng.normal(size=(100, 1)), ax=ax)
    assert np.isfinite(ax.lines[0].get_ydata()).all()


def test_a_named_column_names_the_axis(ax):
    pandas = pytest.importorskip("pandas")
    TWO.plot(pandas.Series([0.0, 1.0, 2.5], name="height (cm)"), ax=ax)
    assert ax.get_xlabel() == "height (cm)"


def test_a_new_figure_only_without_axes_and_no_global_style(ax):
    before, style = pyplot.get_fignums(), mpl.rcParams.copy()
    TWO.plot([0.0, 1.0, 2.5], ax=ax)
    assert pyplot.get_fignums() == before
    made = TWO.plot([0.0, 1.0, 2.5])
    assert len(pyplot.get_fignums()) == len(before) + 1
    pyplot.close(made.figure)
    assert mpl.rcParams == style


def test_axes_with_something_on_them_keep_their_limits_and_entries(ax):
    ax.plot([-50, 50], [0, 2], label="mine")
    ax.set_xlabel("mine too")
    TWO.plot([0.0, 1.0, 2.5], ax=ax)
    assert ax.get_xlim()[0] < -50
    assert ax.get_xlabel() == "mine too"
    assert legend(ax)[0] == "mine"


def test_more_columns_than_the_model_has_are_an_error(ax):
    with pytest.raises(InvalidDataError, match="describes 1 column, the data have 2"):
        TWO.plot(np.zeros((10, 2)), ax=ax)
    assert not ax.has_data()


def test_fewer_columns_than_the_model_has_are_an_error(ax):
    with pytest.raises(InvalidDataError, match="describes 2 columns, the data have 1"):
        MixtureModel([MultivariateNormal([0, 0], np.eye(2))]).plot(np.zeros(10), ax=ax)


def test_values_that_are_no_whole_numbers_have_their_masses(ax):
    MixtureModel([PointMass(0.5), Poisson(1.0)], weights=[0.25, 0.75]).plot([0.5, 0.0, 2.0], ax=ax)
    point, counts, total = ax.lines
    np.testing.assert_allclose(point.get_xydata(), [[0.5, 0.25]])
    np.testing.assert_array_equal(counts.get_xdata(), [0, 1, 2])
    np.testing.assert_array_equal(total.get_xdata(), [0, 0.5, 1, 2])
    np.testing.assert_allclose(total.get_ydata()[:2], [0.75 * np.exp(-1.0), 0.25])


def test_a_legend_of_many_components_is_beside_the_axes(rng):
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    MixtureModel([Normal(3.0 * k, 1.0) for k in range(12)]).plot(rng.uniform(0, 33, 200), ax=ax)
    figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1


def test_categories_are_bars_with_their_labels(ax):
    model = MixtureModel(
        [Categorical([0.5, 0.2, 0.3], categories=("a", "b", "c")), Categorical([0.1, 0.1, 0.8], ("a", "b", "c"))]
    )
    model.plot(np.array(["a", "c", "c", "b"]), ax=ax)
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], [0.25, 0.25, 0.5])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["a", "b", "c"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.25, 0.1, 0.15])
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), [0.3, 0.15, 0.55])
    assert {line.get_linestyle() for line in ax.lines} == {"None"}  # between categories there is nothing


def test_unknown_parameters_are_an_error(ax):
    with pytest.raises(NotFittedError, match="cannot be plotted"):
        MixtureModel([Normal()]).plot([1.0, 2.0], ax=ax)


def test_one_component_is_drawn_once(ax, rng):
    MixtureModel([Normal(0.0, 1.0)]).plot(rng.normal(size=100), ax=ax)
    assert legend(ax) == ["data", "Normal, weight 1.00"]


def test_shared_axes_show_every_panel(rng):
    left, right = Figure().subplots(1, 2, sharex=True, sharey=True)
    MixtureModel([Normal(0.0, 0.1)]).plot(rng.normal(0.0, 0.1, 100), ax=left)
    tall = left.get_ylim()[1]
    MixtureModel([Normal(5.0, 2.0)]).plot(rng.normal(5.0, 2.0, 100), ax=right)
    assert left.get_ylim()[1] == tall
    assert left.get_xlim()[0] < 0.0 < 5.0 < left.get_xlim()[1]


def test_a_rug_marks_each_value_below_the_bars_and_bins_may_be_chosen(ax):
    x = np.array([-3.0, -2.5, 2.0, 2.0, 4.0])
    TWO.plot.density(x, rug=True, bins=[-4.0, 0.0, 1.0, 5.0], ax=ax)
    heights, edges = histogram(ax)
    np.testing.assert_array_equal(edges, [-4.0, 0.0, 1.0, 5.0])
    np.testing.assert_allclose(heights, [0.1, 0.0, 0.15])
    rug = [path.vertices for path in ax.collections[-1].get_paths()]
    np.testing.assert_array_equal([mark[0, 0] for mark in rug], [-3.0, -2.5, 2.0, 4.0])
    assert all(ax.get_ylim()[0] < mark[:, 1].min() and mark[:, 1].max() < 0.0 for mark in rug)
    plane = MixtureModel([MultivariateNormal([0, 0], np.eye(2))])
    with pytest.raises(InvalidDataError, match="a rug or a histogram shows one column, here are 2"):
        plane.plot.density(plane.sample(5, 0), rug=True)
