"""The bounds by which EM climbs: below the log-likelihood everywhere, equal to it where they touch, and EM's own."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib.figure import Figure

from distributions import MultivariateNormal, Normal, Poisson
from distributions.errors import InvalidParameterError
from mixtures import MixtureModel, datasets, lower_bound

HEIGHTS = datasets.load("galton_heights")["height_cm"]
PAIR = MixtureModel({"shorter": Normal(163, 6), "taller": Normal(168, 6)}, weights=[0.54, 0.46])
DEATHS = datasets.load("times_deaths")
COUNTS = MixtureModel([Poisson(1.0), Poisson(6.0)])


def at(model, value):
    """The pair, with another mean of the taller."""
    return MixtureModel([model.components["shorter"], Normal(value, 6)], weights=model.weights)


def test_the_curve_is_the_log_likelihood_and_the_bound_touches_it_from_below():
    path = lower_bound.climb(PAIR, HEIGHTS, None, "taller.mean", 3)
    for value in np.linspace(150.0, 190.0, 9):
        exact = at(PAIR, value).log_likelihood(HEIGHTS)
        assert path.log_likelihood(value) == pytest.approx(exact, rel=1e-12)
        assert path.bound(value, value) == pytest.approx(exact, rel=1e-12)
        assert path.bound(value, 168.0) <= exact + 1e-9
    assert path.bound(190.0, 168.0) < path.log_likelihood(190.0) - 100.0


def test_the_values_are_weighted_means_and_tops_of_the_bounds():
    path = lower_bound.climb(PAIR, HEIGHTS, None, "taller.mean", 3)
    assert path.values[0] == 168.0
    for here, there in zip(path.values[:-1], path.values[1:], strict=True):
        share = at(PAIR, here).predict_proba(HEIGHTS)[:, 1]
        assert there == pytest.approx(np.average(HEIGHTS, weights=share), rel=1e-12)
        assert path.bound(there, here) > max(path.bound(there + 0.01, here), path.bound(there - 0.01, here))
        assert path.log_likelihood(there) >= path.bound(there, here) > path.log_likelihood(here)


def test_rows_have_weights_and_the_only_parameter_moves():
    path = lower_bound.climb(COUNTS, DEATHS["deaths"], DEATHS["days"], "Poisson 2.rate", 1)
    share = COUNTS.predict_proba(DEATHS["deaths"])[:, 1] * DEATHS["days"]
    assert path.values[1] == pytest.approx(np.average(DEATHS["deaths"], weights=share), rel=1e-12)
    assert path.log_likelihood(6.0) == pytest.approx(COUNTS.log_likelihood(DEATHS["deaths"], DEATHS["days"]))


def test_the_picture_has_a_curve_and_a_bound_for_each_update():
    ax = Figure().subplots()
    assert PAIR.plot.bound(HEIGHTS, "taller.mean", steps=2, values=(160, 185), ax=ax) is ax
    path = lower_bound.climb(PAIR, HEIGHTS, None, "taller.mean", 2)
    curve, dots = ax.lines[0], ax.lines[-1]
    for value, height in curve.get_xydata()[::50]:
        assert height == pytest.approx(at(PAIR, value).log_likelihood(HEIGHTS), rel=1e-12)
    np.testing.assert_allclose(dots.get_xdata(), path.values)
    bounds = [line for line in ax.lines if len(line.get_xdata()) == len(curve.get_xdata()) and line is not curve]
    assert [line.get_color() for line in bounds] == [PAIR.plot.colors[1]] * 2
    assert all((line.get_ydata() <= curve.get_ydata() + 1e-9).all() for line in bounds)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("taller.mean", "log-likelihood")
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2"]


def test_what_is_no_number_is_refused_and_nothing_is_drawn():
    ax = Figure().subplots()
    for wrong in ("taller", "taller.height", "mean", "shorter.frozen"):
        with pytest.raises(InvalidParameterError, match=r"such as 'shorter.mean'"):
            PAIR.plot.bound(HEIGHTS, wrong, ax=ax)
    plane = MixtureModel([MultivariateNormal([0, 0], np.eye(2))])
    with pytest.raises(InvalidParameterError, match="has no parameter 'MultivariateNormal 1.mean' that is a number"):
        plane.plot.bound([[0.0, 1.0]], "MultivariateNormal 1.mean", ax=ax)
    with pytest.raises(InvalidParameterError, match="steps"):
        PAIR.plot.bound(HEIGHTS, "taller.mean", steps=0, ax=ax)
    assert not ax.has_data()
