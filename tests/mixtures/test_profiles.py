"""Cards of components: each panel shows one component's own distribution of one column."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from distributions import Categorical, MultivariateNormal, Normal, Poisson, Product
from distributions.errors import InvalidDataError, InvalidParameterError
from mixtures import MixtureModel, canvas


def kind(size, eggs, share):
    return Product(
        {"size": Normal(size, 2.0), "eggs": Poisson(eggs), "sex": Categorical([share, 1 - share], ("f", "m"))}
    )


MODEL = MixtureModel({"small": kind(10.0, 1.5, 0.9), "large": kind(20.0, 4.0, 0.25)}, weights=[0.4, 0.6])
ROWS = {"size": [9.0, 12.0, 19.0, np.nan], "eggs": [0, 2, 5, 3], "sex": ["f", None, "m", "m"]}


@pytest.fixture
def axes():
    pandas = pytest.importorskip("pandas")
    axes = Figure().subplots(2, 3)
    assert MODEL.plot.profiles(pandas.DataFrame(ROWS), ax=axes) is axes
    return axes


def test_panels_show_the_component_without_its_weight(axes):
    for row, component, color in zip(axes, MODEL.components.values(), canvas.component_colors(2), strict=True):
        size, eggs, sex = row
        points, curve = size.lines[0].get_data()
        np.testing.assert_allclose(curve, component.parts_by_name["size"].pdf(points))
        assert size.lines[0].get_color() == color
        bars = [bar for bar in eggs.patches if to_hex(bar.get_facecolor()) == color.lower()]
        np.testing.assert_allclose(
            [bar.get_height() for bar in bars], component.parts_by_name["eggs"].pdf(np.arange(6))
        )
        bars = [bar for bar in sex.patches if to_hex(bar.get_facecolor()) == color.lower()]
        np.testing.assert_allclose([bar.get_height() for bar in bars], component.parts_by_name["sex"].prob)


def test_missing_cells_are_in_no_bar(axes):
    grey = canvas.DATA_COLOR.lower()
    bars = [bar.get_height() for bar in axes[0, 2].patches if to_hex(bar.get_facecolor()) == grey]
    np.testing.assert_allclose(bars, [1 / 3, 2 / 3])


def test_cards_say_which_component_and_what_it_is_like(axes):
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["small\nweight 0.40", "large\nweight 0.60"]
    assert [ax.get_title() for ax in axes[0]] == ["10.0 ± 2.0", "1.5 ± 1.2", "f 90%"]
    assert [ax.get_title() for ax in axes[1]] == ["20.0 ± 2.0", "4.0 ± 2.0", "m 75%"]
    assert [ax.get_xlabel() for ax in axes[1]] == ["size", "eggs", "sex"]
    assert axes[0, 0].get_xlim() == axes[1, 0].get_xlim()
    assert axes[0, 0].get_ylim() == axes[1, 0].get_ylim()


def test_columns_are_chosen_and_axes_must_fit():
    rows = MODEL.sample(20, rng=0)
    axes = Figure().subplots(2, 1)
    MODEL.plot.profiles(rows, columns=["eggs"], ax=axes)
    assert axes[1].get_xlabel() == "eggs"
    with pytest.raises(InvalidParameterError, match=r"2 components in 3 columns need ax of shape \(2, 3\)"):
        MODEL.plot.profiles(rows, ax=axes)
    with pytest.raises(InvalidParameterError, match="a picture of profiles: there is no column 'egg'"):
        MODEL.plot.profiles(rows, columns=["egg"])


def test_many_columns_must_be_chosen_among():
    wide = MixtureModel([MultivariateNormal(np.zeros(11), np.eye(11))])
    with pytest.raises(InvalidDataError, match="profiles of 11 columns .* choose up to 10"):
        wide.plot.profiles(wide.sample(5, 0))
    axes = wide.plot.profiles(wide.sample(5, 0), columns=[3], ax=Figure().subplots())
    assert axes.shape == (1, 1)
