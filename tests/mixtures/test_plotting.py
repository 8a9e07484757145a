"""`model.plot`: which picture it chooses, what it refuses, and that it leaves matplotlib as it was."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.figure import Figure

from distributions import MultivariateNormal, Normal, Poisson
from distributions.errors import InvalidDataError, NotFittedError
from mixtures import MixtureModel, canvas

ONE = MixtureModel([Normal(-3, 1), Normal(3, 2)], weights=[0.25, 0.75])
TWO = MixtureModel([MultivariateNormal([0, 0], np.eye(2)), MultivariateNormal([6, 6], np.eye(2))])
COUNTS = MixtureModel([Poisson(1), Poisson(5)])
PICTURES = ["density", "responsibilities", "uncertainty", "rootogram", "survival", "qq", "pit"]


@pytest.fixture
def ax():
    return Figure().subplots()


def test_tab_completion_shows_the_pictures():
    public = [name for name in dir(ONE.plot) if not name.startswith("_")]
    others = {"pairs", "profiles", "history", "bound", "decision_regions", "explanation", "animate", "colors"}
    assert set(PICTURES) | others == set(public)
    assert all(name in repr(ONE.plot) for name in public)


def test_colours_are_those_of_the_components():
    assert ONE.plot.colors == canvas.component_colors(2)


@pytest.mark.parametrize(("model", "d"), [(ONE, 1), (TWO, 2)])
def test_one_and_two_columns_have_one_picture(model, d, ax, rng):
    x = model.sample(50, rng)
    assert model.plot(x, ax=ax) is ax
    other = Figure().subplots()
    model.plot.density(x, ax=other)
    assert [type(artist) for artist in ax.get_children()] == [type(artist) for artist in other.get_children()]
    assert ax.get_ylabel() == ("density" if d == 1 else "column 2")


def test_three_columns_are_a_pairs_plot(rng):
    model = MixtureModel([MultivariateNormal(np.zeros(3), np.eye(3))])
    axes = Figure().subplots(3, 3)
    assert model.plot(model.sample(30, rng), ax=axes) is axes
    with pytest.raises(InvalidDataError, match=r"one column or two, here are 3: use plot.pairs\(x\)"):
        model.plot.density(model.sample(30, rng))


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("model", [ONE, COUNTS], ids=["continuous", "counts"])
def test_every_picture_returns_its_axes_labels_them_and_leaves_the_style(picture, model, ax, rng):
    x = model.sample(60, rng)
    before, style, given = pyplot.get_fignums(), mpl.rcParams.copy(), x.copy()
    draw = getattr(model.plot, picture)
    assert draw(x, ax=ax) is ax
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert ax.get_legend() is not None
    assert pyplot.get_fignums() == before
    made = draw(x)
    assert len(pyplot.get_fignums()) == len(before) + 1
    pyplot.close(made.figure)
    assert mpl.rcParams == style
    np.testing.assert_array_equal(x, given)


@pytest.mark.parametrize("picture", PICTURES)
def test_axes_with_something_on_them_keep_labels_and_limits(picture, ax, rng):
    ax.plot([-50, 50], [-90, 90], label="mine")
    ax.set(xlabel="mine too", ylabel="mine as well")
    getattr(ONE.plot, picture)(ONE.sample(40, rng), ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mine too", "mine as well")
    assert ax.get_xlim()[0] <= -50
    assert ax.get_ylim()[1] >= 90


@pytest.mark.parametrize("picture", PICTURES)
def test_unknown_parameters_are_an_error(picture, ax):
    with pytest.raises(NotFittedError, match="cannot be plotted"):
        getattr(MixtureModel([Normal()]).plot, picture)([1.0, 2.0], ax=ax)
    assert not ax.has_data()


@pytest.mark.parametrize("picture", ["rootogram", "survival", "qq", "pit"])
def test_pictures_of_one_column_refuse_two(picture, ax, rng):
    with pytest.raises(InvalidDataError, match="shows one column, here are 2"):
        getattr(TWO.plot, picture)(TWO.sample(10, rng), ax=ax)
    assert not ax.has_data()


@pytest.mark.parametrize("picture", PICTURES)
def test_bad_rows_are_named(picture, ax):
    with pytest.raises(InvalidDataError, match="row 1, nan"):
        getattr(ONE.plot, picture)([1.0, np.nan], ax=ax)


@pytest.mark.parametrize("picture", PICTURES)
def test_rows_of_weight_zero_are_absent(picture, rng):
    x = ONE.sample(50, rng)
    one, other = Figure().subplots(2)
    getattr(ONE.plot, picture)(x, sample_weight=np.ones(50), ax=one)
    getattr(ONE.plot, picture)(np.append(x, np.nan), sample_weight=np.append(np.ones(50), 0.0), ax=other)
    assert one.get_xlim() == other.get_xlim()
    for line, same in zip(one.lines, other.lines, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), same.get_xydata())


def test_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for draw in (ONE.plot, ONE.plot.qq, ONE.plot.animate):
        with pytest.raises(ImportError, match=r'pip install "general-mixtures\[plot\]"'):
            draw([1.0, 2.0])


def test_matplotlib_is_not_imported_by_the_library():
    code = "import mixtures, mixtures.plotting, mixtures.cli, sys; assert not {'matplotlib', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
