"""History, rootogram, quantiles and transforms: what is drawn is computed here a second time, in another way."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import scipy.stats

mpl.use("Agg")

from matplotlib.figure import Figure

from distributions import Exponential, Gamma, Normal, Poisson, ZeroInflated
from distributions.errors import InvalidParameterError, NotFittedError
from mixtures import MixtureModel, Prior, canvas, datasets, diagnostics

ONE = MixtureModel([Normal(-3, 1), Normal(3, 2)], weights=[0.25, 0.75])
COUNTS = MixtureModel([Poisson(1.256), Poisson(2.663)], weights=[0.36, 0.64])


@pytest.fixture
def ax():
    return Figure().subplots()


def heights(ax):
    (patch,) = [patch for patch in ax.patches if isinstance(patch, mpl.patches.StepPatch)]
    return patch.get_data()[:2]


@pytest.fixture(scope="module")
def fitted():
    return MixtureModel([Normal(50, 5), Normal(90, 5)]).fit(datasets.load("old_faithful")["waiting"])


def test_history_is_the_log_likelihood_of_every_iteration(fitted, ax):
    assert fitted.plot.history(ax=ax) is ax
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), np.column_stack([np.arange(fitted.n_iter_ + 1), fitted.history_]))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("iteration", "log-likelihood")
    assert f"{fitted.log_likelihood_:.3f}" in ax.texts[0].get_text()
    assert ax.texts[0].get_text().endswith("converged")


def test_the_gap_goes_to_zero_on_a_log_axis(fitted, ax):
    fitted.plot.history(gap=True, ax=ax)
    iteration, missing = ax.lines[0].get_data()
    np.testing.assert_allclose(missing, fitted.history_.max() - fitted.history_[iteration], atol=1e-10)
    assert iteration[0] == 0
    assert missing[-1] == pytest.approx(diagnostics.ROUNDING * np.abs(fitted.history_).max())
    assert missing.min() > 0.0
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "log-likelihood still missing"


def test_history_of_a_fit_with_a_prior_is_the_posterior(ax):
    model = MixtureModel([Poisson(1.0)], prior=Prior(Poisson(3.0), count=5)).fit([0, 1, 1, 2, 0])
    model.plot.history(ax=ax)
    assert ax.get_ylabel() == "log-posterior"


def test_no_history_without_a_fit():
    with pytest.raises(NotFittedError, match=r"no history to plot yet. Call fit\(x\)"):
        ONE.plot.history()


def test_a_rootogram_hangs_from_the_expected_roots(ax):
    deaths = datasets.load("times_deaths")
    COUNTS.plot.rootogram(deaths["deaths"], sample_weight=deaths["days"], ax=ax)
    expected = np.sqrt(1096 * COUNTS.pdf(np.arange(10)))
    curve = ax.lines[0]
    np.testing.assert_allclose(curve.get_xydata(), np.column_stack([np.arange(10), expected]))
    for count, bar in enumerate(ax.patches):
        assert bar.get_x() + bar.get_width() / 2 == pytest.approx(count)
        assert bar.get_y() + bar.get_height() == pytest.approx(expected[count])
        assert bar.get_height() == pytest.approx(np.sqrt(deaths["days"][count]))
    assert sorted(line.get_ydata()[0] for line in ax.lines[1:]) == [-1.0, 0.0, 1.0]
    assert ax.get_ylabel() == "root of the frequency"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mixture", "data"]


def test_a_rootogram_shows_counts_that_never_occur(ax):
    COUNTS.plot.rootogram([3, 3, 5], ax=ax)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), np.arange(6))
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], np.sqrt([0, 0, 0, 2, 0, 1]))


def test_a_rootogram_shows_all_of_its_bars(ax):
    crabs = datasets.load("horseshoe_crabs")
    MixtureModel([Poisson(2.92)]).plot.rootogram(crabs["satellites"], sample_weight=crabs["females"], ax=ax)
    lowest = min(bar.get_y() for bar in ax.patches)
    assert lowest < -4.0  # far more zeros than a Poisson explains
    assert ax.get_ylim()[0] < lowest


def test_shared_axes_show_the_bars_of_every_panel():
    crabs = datasets.load("horseshoe_crabs")
    left, right = Figure().subplots(1, 2, sharey=True)
    for ax, model in ((left, MixtureModel([Poisson(2.92)])), (right, MixtureModel([ZeroInflated(Poisson(4.5), 0.35)]))):
        model.plot.rootogram(crabs["satellites"], sample_weight=crabs["females"], ax=ax)
    assert left.get_ylim()[0] < min(bar.get_y() for bar in left.patches)


def test_many_counts_are_grouped(ax, rng):
    model = MixtureModel([Poisson(1000.0)])
    x = model.sample(5000, rng)
    model.plot.rootogram(x, ax=ax)
    assert len(ax.patches) <= diagnostics.MOST_VALUES
    assert sum(bar.get_height() ** 2 for bar in ax.patches) == pytest.approx(5000)
    first, last = x.min(), first_after(ax)
    assert np.sum(ax.lines[0].get_ydata() ** 2) == pytest.approx(
        5000 * (model.cdf(last) - model.cdf(first - 1.0)), rel=1e-9
    )


def first_after(ax):
    bar = ax.patches[-1]
    return np.floor(bar.get_x() + bar.get_width() / 2 + bar.get_width() / 0.85 / 2)


def test_a_rootogram_of_continuous_values_has_the_bins_of_the_histogram(ax, rng):
    x = ONE.sample(400, rng)
    ONE.plot.rootogram(x, ax=ax)
    density = Figure().subplots()
    ONE.plot(x, ax=density)
    share, edges = heights(density)
    np.testing.assert_allclose([bar.get_height() ** 2 for bar in ax.patches], 400 * share * np.diff(edges), atol=1e-9)
    np.testing.assert_allclose(ax.lines[0].get_ydata() ** 2, 400 * np.diff(ONE.cdf(edges)))


def test_transforms_of_continuous_data_are_the_cdf(rng):
    x = ONE.sample(50, rng)
    data = canvas.drawn(ONE, x, None)
    np.testing.assert_array_equal(diagnostics.transformed(data, x), ONE.cdf(x))


@pytest.mark.parametrize(
    "model",
    [COUNTS, MixtureModel([ZeroInflated(Gamma(2.0, 1.0), 0.4), Gamma(30.0, 4.0)])],
    ids=["counts", "an atom"],
)
def test_transforms_are_uniform_where_the_model_is_right_and_lie_in_the_step(model, rng):
    x = model.sample(4000, rng)
    data = canvas.drawn(model, x, None)
    u = diagnostics.transformed(data, x, rng=1)
    assert scipy.stats.kstest(u, "uniform").pvalue > 0.01
    upper = model.cdf(x)
    lower = upper - np.where(
        (x == np.floor(x)) & (model.pdf(x) > 0) & ((x == 0) | (model is COUNTS)), model.pdf(x), 0.0
    )
    assert np.all((u >= lower - 1e-12) & (u <= upper + 1e-12))
    np.testing.assert_array_equal(u, diagnostics.transformed(data, x, rng=1))
    assert not np.array_equal(u, diagnostics.transformed(data, x, rng=2))


@pytest.mark.parametrize("model", [ONE, COUNTS], ids=["continuous", "counts"])
def test_a_pit_histogram_is_level_only_for_the_right_model(model, ax, rng):
    x = model.sample(5000, rng)
    model.plot.pit(x, ax=ax)
    share, edges = heights(ax)
    assert np.sum(share * np.diff(edges)) == pytest.approx(1.0)
    one, *band = [line.get_ydata()[0] for line in ax.lines]
    spread = 1.959964 * np.sqrt((len(share) - 1) / 5000)
    assert one == 1.0
    np.testing.assert_allclose(sorted(band), [1.0 - spread, 1.0 + spread], rtol=1e-6)
    assert np.mean((share > min(band)) & (share < max(band))) >= 0.85
    assert ax.get_xlabel() == ("randomised transform F(x) of x" if model is COUNTS else "transform F(x) of x")
    narrow = (
        MixtureModel([Normal(-3, 0.5), Normal(3, 1.0)], weights=[0.25, 0.75])
        if model is ONE
        else MixtureModel([Poisson(8.0)])
    )
    wrong = Figure().subplots()
    narrow.plot.pit(x, ax=wrong)
    share, _ = heights(wrong)
    assert max(share[0], share[-1]) > 1.0 + 3 * spread


def test_quantiles_lie_on_the_line_for_the_right_model(ax, rng):
    x = ONE.sample(300, rng)
    ONE.plot.qq(x, ax=ax)
    line, points = ax.lines
    expected, observed = points.get_data()
    level = (np.arange(1, 301) - 0.5) / 300
    np.testing.assert_allclose(ONE.cdf(expected), level, rtol=1e-9)
    np.testing.assert_array_equal(observed, np.sort(x))
    np.testing.assert_array_equal(*line.get_data())
    (band,) = ax.collections
    for i in (0, 150, 299):
        around = band.get_paths()[0].vertices
        edges = np.unique(around[np.isclose(around[:, 0], expected[i]), 1])
        ends = ONE.ppf(scipy.stats.beta.ppf([0.025, 0.975], i + 1, 300 - i))
        np.testing.assert_allclose([edges.min(), edges.max()], ends, rtol=1e-6)


def test_quantiles_of_counts_are_normal_residuals(ax, rng):
    x = COUNTS.sample(2000, rng)
    COUNTS.plot.qq(x, ax=ax)
    expected, observed = ax.lines[1].get_data()
    assert len(expected) <= diagnostics.MOST_POINTS
    assert np.abs(expected - observed)[5:-5].max() < 0.25
    assert observed[-1] == pytest.approx(expected[-1], abs=1.0)
    assert ax.get_xlabel() == "standard normal quantiles"
    assert ax.get_ylabel() == "randomised residuals of x"


def test_weights_are_repetitions(rng):
    x, times = np.sort(ONE.sample(40, rng)), rng.integers(1, 4, 40)
    one, other = Figure().subplots(2)
    ONE.plot.pit(x, sample_weight=times, ax=one)
    ONE.plot.pit(np.repeat(x, times), ax=other)
    for weighted, repeated in zip(heights(one), heights(other), strict=True):
        np.testing.assert_allclose(weighted, repeated)
    one, other = Figure().subplots(2)
    ONE.plot.qq(x, sample_weight=times, ax=one)
    ONE.plot.qq(np.repeat(x, times), ax=other)
    (at, of), (each_at, each_of) = one.lines[1].get_data(), other.lines[1].get_data()
    middle = [np.median(each_at[each_of == value]) for value in of]
    np.testing.assert_allclose(ONE.cdf(at), ONE.cdf(middle), atol=0.01)


def test_survival_is_one_minus_the_cdf_and_steps_down_at_each_value(ax, rng):
    model = MixtureModel([Exponential(1.0), Exponential(0.1)], weights=[0.75, 0.25])
    x = np.append(model.sample(39, rng), 0.0)
    model.plot.survival(x, ax=ax)
    steps, first, second, total = ax.lines
    at, share = steps.get_data()
    np.testing.assert_array_equal(at, [0.0, *np.sort(x), ax.get_xlim()[1]])
    np.testing.assert_allclose(share, [1.0, *np.arange(39, -1, -1) / 40, 0.0], atol=1e-15)
    for line, weight, rate in ((first, 0.75, 1.0), (second, 0.25, 0.1)):
        points, curve = line.get_data()
        np.testing.assert_allclose(curve, weight * np.exp(-rate * points), atol=1e-15)
    np.testing.assert_allclose(total.get_ydata(), first.get_ydata() + second.get_ydata(), atol=1e-15)
    assert (ax.get_yscale(), ax.get_ylim()[0]) == ("log", 0.5 / 40)
    (band,) = ax.collections
    around = band.get_paths()[0].vertices
    for i in (0, 20, 39):
        edges = around[np.isclose(around[:, 1], 1.0 - (i + 0.5) / 40), 0]
        ends = model.ppf(scipy.stats.beta.ppf([0.025, 0.975], i + 1, 40 - i))
        np.testing.assert_allclose([edges.min(), edges.max()], ends, rtol=1e-6)


def test_survival_of_weighted_counts_has_steps_and_no_band(ax):
    deaths = datasets.load("times_deaths")
    COUNTS.plot.survival(deaths["deaths"], sample_weight=deaths["days"], ax=ax)
    steps, *_, total = ax.lines
    above = [deaths["days"][deaths["deaths"] > count].sum() / 1096 for count in range(10)]
    np.testing.assert_allclose(steps.get_ydata()[1:-1], above, atol=1e-15)
    np.testing.assert_allclose(total.get_ydata(), 1.0 - COUNTS.cdf(np.arange(10)))
    assert len(ax.collections) == 0


def test_a_bad_seed_is_refused(ax):
    with pytest.raises(InvalidParameterError, match="rng must be"):
        COUNTS.plot.pit([1, 2, 3], rng="x", ax=ax)


def test_fits_with_labels_are_compared_on_the_same_axes(fitted, ax):
    fitted.plot.history(gap=True, label="one", ax=ax)
    fitted.plot.history(gap=True, label="other", ax=ax)
    first, second = ax.lines
    np.testing.assert_array_equal(first.get_xydata(), second.get_xydata())
    assert first.get_linestyle() != second.get_linestyle()
    assert first.get_color() != second.get_color()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "other"]
    assert not ax.texts
    assert ax.get_ylabel() == "log-likelihood still missing"


def test_the_first_updates_alone(fitted, ax):
    fitted.plot.history(first=3, ax=ax)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.column_stack([range(4), fitted.history_[:4]]))
