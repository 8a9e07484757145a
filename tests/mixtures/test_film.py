"""The film of a fit: a GIF of its own steps, small, and the model as it was."""

from __future__ import annotations

import io
import re
from base64 import b64decode

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from distributions import MultivariateNormal, Normal, Poisson
from distributions.errors import InvalidDataError, InvalidParameterError
from mixtures import MixtureModel, canvas, curves, datasets, film

GEYSER = datasets.load("old_faithful")
BOTH = np.column_stack([GEYSER["eruptions"], GEYSER["waiting"]])
START = MixtureModel({"short": Normal(40, 5), "long": Normal(90, 5)})


@pytest.fixture(scope="module")
def waiting():
    return START.plot.animate(GEYSER["waiting"], frames=8)


def frames(made):
    image = Image.open(io.BytesIO(made.data))
    for i in range(image.n_frames):
        image.seek(i)
        yield np.asarray(image.convert("RGB")), image.info["duration"]


def test_the_frames_are_steps_of_the_fit(waiting):
    fitted = MixtureModel(START.components).fit(GEYSER["waiting"])
    assert waiting.iterations[0] == 0
    assert waiting.iterations[-1] == fitted.n_iter_
    assert list(waiting.iterations) == sorted(set(waiting.iterations))
    shown = list(frames(waiting))
    assert len(shown) == len(waiting.iterations) <= 8
    assert [duration for _, duration in shown] == [250] * (len(shown) - 1) + [2250]
    assert all((picture[:3, :3] == 255).all() for picture, _ in shown)  # the background stays white
    for color in START.plot.colors:
        exact = np.round(np.array(to_rgb(color)) * 255)
        places = [(picture == exact).all(axis=-1) for picture, _ in shown]
        assert all(place.any() for place in places)
        assert (places[0] != places[1]).sum() > 0.5 * places[0].sum()  # components move; the legend stays


def test_the_model_is_as_it_was():
    assert not hasattr(START, "weights_")


def test_it_is_small(waiting):
    assert len(waiting.data) < 500_000
    assert waiting.data.startswith(b"GIF8")


def test_two_columns_are_smaller_than_half_a_megabyte():
    start = MixtureModel([MultivariateNormal(mean, np.diag([1.0, 100.0])) for mean in ([3, 60], [4, 70])])
    made = start.plot.animate(BOTH)
    assert made.iterations == tuple(range(len(made.iterations)))
    assert len(made.data) < 500_000


def test_notebooks_show_it_and_save_writes_it(waiting, tmp_path):
    (source,) = re.findall(r'src="data:image/gif;base64,(.*?)"', waiting._repr_mimebundle_()["text/html"])
    assert b64decode(source) == waiting.data
    assert repr(waiting) == waiting._repr_mimebundle_()["text/plain"] == f"Film(iterations={waiting.iterations})"
    waiting.save(tmp_path / "em.gif")
    assert (tmp_path / "em.gif").read_bytes() == waiting.data


@pytest.mark.parametrize(("n", "most"), [(5, 8), (8, 8), (34, 30), (1000, 30), (100_000, 12), (3, 2), (31, 30)])
def test_first_steps_are_shown_one_by_one_and_the_last_one_always(n, most):
    shown = film._spaced(n, most)
    assert shown[0] == 0
    assert shown[-1] == n - 1
    assert len(shown) <= most
    assert len(shown) >= min(n, most) - 1
    gaps = np.diff(shown)
    assert gaps.min() >= 1
    assert np.all(np.diff(gaps) >= -1)  # ever further apart, but for rounding
    assert gaps[0] <= 2 or most < 12


def test_bars_are_divided_by_responsibility(rng):
    x = START.sample(300, rng)
    shares = START.predict_proba(x)
    ax, plain = Figure().subplots(2)
    curves.draw_density(ax, canvas.drawn(START, x, None, shares))
    curves.draw_density(plain, canvas.drawn(START, x, None))
    whole, edges, _ = plain.patches[0].get_data()
    (first, _, base), (top, _, between) = (patch.get_data() for patch in ax.patches)
    np.testing.assert_allclose(base, 0.0)
    np.testing.assert_array_equal(between, first)
    np.testing.assert_allclose(top, whole, atol=1e-12)
    held = np.histogram(x, edges, weights=shares[:, 0])[0] / (300 * np.diff(edges))
    np.testing.assert_allclose(first, held, atol=1e-12)


def test_counts_are_filmed_with_divided_bars():
    deaths = datasets.load("times_deaths")
    model = MixtureModel([Poisson(1.0), Poisson(3.0)], max_iter=10_000)
    made = model.plot.animate(deaths["deaths"], sample_weight=deaths["days"], frames=3)
    assert len(list(frames(made))) == 3
    ax = Figure().subplots()
    curves.draw_density(ax, canvas.drawn(model, deaths["deaths"], deaths["days"], model.predict_proba(range(10))))
    first, second = ([bar.get_height() for bar in bars] for bars in ax.containers)
    np.testing.assert_allclose(np.add(first, second), deaths["days"] / 1096)
    np.testing.assert_allclose(first, model.predict_proba(deaths["deaths"])[:, 0] * deaths["days"] / 1096)


def test_both_halves_of_an_update_have_a_frame(monkeypatch):
    seen, draw = [], film._draw_frame

    def drawn(above, below, data, steps, frame, climb):
        draw(above, below, data, steps, frame, climb)
        seen.append((frame, climb, [patch.get_data().values for patch in above.patches]))

    monkeypatch.setattr(film, "_draw_frame", drawn)
    made = START.plot.animate(GEYSER["waiting"], frames=8, halves=True)
    assert len(list(frames(made))) == len(made.iterations) <= 8
    plain = list(MixtureModel(START.components, accelerate=None).iter_fit(GEYSER["waiting"]))
    first, *pairs, last = made.iterations
    assert (first, last) == (0, len(plain) - 1)
    assert pairs[:2] == [0, 1]
    assert np.subtract(pairs[1::2], pairs[::2]).tolist() == [1] * (len(pairs) // 2)
    (_, start, _), divided, moved = seen[1][0], seen[2], seen[3]  # the first one drawn is the last one
    assert start == 0
    assert seen[1][0].divided_by is None
    assert len(seen[1][2]) == 1  # bars of one colour
    for frame, climb, bars in (divided, moved):
        assert frame.divided_by == 0
        assert frame.title.startswith("update 1, ")
        assert climb.heights[frame.iteration] == pytest.approx(plain[frame.iteration].log_likelihood)
        assert len(bars) == 2
    np.testing.assert_array_equal(divided[2][0], moved[2][0])  # the M-step leaves the division as it is
    np.testing.assert_array_equal(seen[0][2][0], seen[-1][2][0])


def test_the_climb_of_hard_em_is_what_it_makes_large(monkeypatch):
    seen, draw = [], film._draw_frame

    def drawn(above, below, data, steps, frame, climb):
        draw(above, below, data, steps, frame, climb)
        seen.append((below.get_title(loc="left"), climb))

    monkeypatch.setattr(film, "_draw_frame", drawn)
    parts = [Normal(60, 6), Normal(70, 6)]
    hard = MixtureModel(parts, tied="std", truncate=1)
    made = hard.plot.animate(GEYSER["waiting"], frames=2)
    fitted = MixtureModel(parts, tied="std", truncate=1).fit(GEYSER["waiting"])
    title, climb = seen[-1]
    np.testing.assert_array_equal(climb.heights, fitted.history_)
    assert made.iterations[-1] == fitted.n_iter_
    assert title == f"truncated log-likelihood {fitted.history_[-1]:.2f}"
    assert fitted.history_[-1] < fitted.log_likelihood_
    ax = Figure().subplots()
    assert fitted.plot.history(ax=ax).get_ylabel() == "truncated log-likelihood"


def test_three_columns_and_bad_numbers_are_refused(rng):
    model = MixtureModel([MultivariateNormal(np.zeros(3), np.eye(3))])
    with pytest.raises(InvalidDataError, match="a film shows one column or two, here are 3"):
        model.plot.animate(model.sample(20, rng))
    for wrong in ({"frames": 1}, {"frames": 2.5}, {"fps": 0}, {"fps": "fast"}, {"fps": float("nan")}):
        with pytest.raises(InvalidParameterError, match=next(iter(wrong))):
            START.plot.animate(GEYSER["waiting"], **wrong)
