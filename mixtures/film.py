"""EM as a film: rows take the colours of components, components move, the likelihood climbs."""

from __future__ import annotations

import io
import os
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from distributions.arguments import require_flag, require_whole
from distributions.data import Array
from distributions.errors import InvalidDataError, InvalidParameterError

from . import diagnostics
from .canvas import MIXTURE_COLOR, Drawn, component_colors, drawn, legend_above, require_matplotlib, whole_ticks
from .contours import draw_plane
from .curves import draw_density

if TYPE_CHECKING:
    from .model import MixtureModel

SIZE = (5.6, 4.6)  # inches
DPI = 90
COLORS = 64  # of the palette that all frames share
NEARLY_WHITE = 244  # of 255
LONG = 100  # steps beyond which the axis of iterations is logarithmic: what is quick is at its beginning
HOLD = 2.0  # seconds that the last frame stays


@dataclass(frozen=True)
class Film:
    """A GIF, which notebooks show.

    Attributes
    ----------
    data : bytes
        The file.
    iterations : tuple of int
        Updates made before each frame.
    """

    data: bytes = field(repr=False)
    iterations: tuple[int, ...]

    def save(self, path: str | Path) -> None:
        """Write the GIF to a file."""
        if not isinstance(path, (str, os.PathLike)):
            raise InvalidParameterError(f"Film: path must be the name of a file; got {path!r}")
        Path(path).write_bytes(self.data)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # As a picture of a page: what makes web pages of notebooks leaves "image/gif" out.
        source = b64encode(self.data).decode("ascii")
        html = f'<img alt="A film of the EM algorithm" src="data:image/gif;base64,{source}">'
        return {"text/plain": repr(self), "text/html": html}


class _Step(NamedTuple):
    components: Any
    weights: Array


class _Climb(NamedTuple):
    name: str  # of what the fit makes large
    heights: Array  # (steps,)


class _Frame(NamedTuple):
    title: str
    iteration: int  # whose parameters are shown
    divided_by: int | None  # iteration whose parameters divide the rows; None: nothing does yet


def animate(
    model: MixtureModel,
    x: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None,
    frames: int,
    fps: float,
    halves: bool = False,
) -> Film:
    """Fit a copy of the model and return the film of it; see `Plots.animate`."""
    require_whole("MixtureModel", "frames", frames, least=2, most=1000)
    if isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0.1 <= fps <= 50:
        raise InvalidParameterError(f"MixtureModel: fps must be a number from 0.1 to 50; got {fps!r}")
    require_flag("MixtureModel", "halves", halves)
    require_matplotlib()
    copy = model._copied(accelerate=None) if halves else model._copied()
    # Only parameters are kept: a long climb has many steps.
    steps = [_Step(step.components, step.weights) for step in copy.iter_fit(x, sample_weight)]
    shown = _halves(len(steps), frames) if halves else _whole(len(steps), frames)
    data = drawn(copy, x, sample_weight)
    if data.rows.shape[1] > 2:
        raise InvalidDataError(f"a film shows one column or two, here are {data.rows.shape[1]}: choose among them")
    # Of a truncated fit this never falls; the log-likelihood might.
    climb = _Climb(diagnostics.name_of_objective(copy), copy.history_[: len(steps)])
    return Film(_gif(data, steps, shown, climb, fps), tuple(frame.iteration for frame in shown))


def _whole(n: int, frames: int) -> list[_Frame]:
    """Return a frame for each iteration that is shown."""
    return [_Frame(f"iteration {i}", i, i) for i in _spaced(n, frames)]


def _halves(n: int, frames: int) -> list[_Frame]:
    """Return the start, both halves of each update that is shown, and the end."""
    shown = [_Frame("start", 0, None)]
    for i in _spaced(n - 1, max((frames - 2) // 2, 1)) if n > 1 else []:
        shown += [_Frame(f"update {i + 1}, E: divide the rows", i, i)]
        shown += [_Frame(f"update {i + 1}, M: move the components", i + 1, i)]
    return [*shown, _Frame(f"after {n - 1} updates", n - 1, n - 1)]


def _spaced(n: int, frames: int) -> list[int]:
    """Return at most so many of n steps: the first ones, the last one, and ever fewer between them."""
    if n <= frames:
        return list(range(n))
    for count in range(frames, 20 * frames):  # rounding makes the first ones equal
        more = (np.unique(np.geomspace(1.0, n, count).round()).astype(int) - 1).tolist()
        if len(more) > frames:
            break
        places = more
    return places


def _gif(data: Drawn, steps: list[_Step], shown: list[_Frame], climb: _Climb, fps: float) -> bytes:
    """Draw the frames and return them as one file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, height_ratios=[3, 1])
    limits: dict[str, Any] = {}
    images: list[Any] = []
    for frame in [shown[-1], *shown]:  # the last one first: it sets limits and layout for all
        _draw_frame(above, below, data, steps, frame, climb)
        if not limits:
            canvas.draw()
            figure.set_layout_engine("none")
            limits = {"xlim": above.get_xlim(), "ylim": above.get_ylim()}
            if data.rows.shape[1] == 1:
                limits["ylim"] = 0.0, max(_height(data, steps, frame) for frame in shown)
            continue
        above.set(**limits)
        canvas.draw()
        images.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    ends = Image.fromarray(np.hstack([np.asarray(images[0]), np.asarray(images[-1])]))
    palette = _palette(ends, sorted({*component_colors(len(data.weights)), MIXTURE_COLOR}))
    images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    times = [round(1000.0 / fps)] * len(images)
    times[-1] += round(1000.0 * HOLD)
    file = io.BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=times, loop=0, optimize=False)
    return file.getvalue()


def _palette(image: Any, exact: list[str]) -> Any:
    """Return a picture whose palette is that of an image and some colours; the background stays white."""
    from PIL import Image, ImageColor

    colors = np.array(image.quantize(COLORS - len(exact)).getpalette()).reshape(-1, 3)
    colors[colors.min(axis=1) > NEARLY_WHITE] = 255
    few = Image.new("P", (1, 1))
    few.putpalette([*colors.ravel().tolist(), *(value for color in exact for value in ImageColor.getrgb(color))])
    return few


def _at(data: Drawn, step: _Step) -> Drawn:
    """Return the data beside the parameters of a step."""
    parts = step.components
    return replace(
        data, components=list(parts.values() if isinstance(parts, dict) else parts), weights=step.weights, shares=None
    )


def _height(data: Drawn, steps: list[_Step], frame: _Frame) -> float:
    """Return how high the axes of a frame rise by themselves."""
    from matplotlib.figure import Figure

    return float(draw_density(Figure().subplots(), _at(data, steps[frame.iteration])).get_ylim()[1])


def _draw_frame(above: Any, below: Any, data: Drawn, steps: list[_Step], frame: _Frame, climb: _Climb) -> None:
    """Draw one frame: data and components above, the climb so far below."""
    i, shown = frame.iteration, _at(data, steps[frame.iteration])
    for ax in (above, below):
        ax.clear()
    if frame.divided_by is not None:
        shares = _at(data, steps[frame.divided_by]).responsibilities
        if data.rows.shape[1] == 2:  # points have the colour of one component
            shares = np.eye(shares.shape[1])[shares.argmax(axis=1)]
        shown = replace(shown, shares=shares)
    (draw_density if data.rows.shape[1] == 1 else draw_plane)(above, shown)
    legend = above.get_legend()
    entries = dict(zip([text.get_text() for text in legend.get_texts()], legend.legend_handles, strict=True))
    entries.pop("data", None)
    legend_above(above, list(entries.values()), list(entries))
    above.figure.suptitle(frame.title, x=0.02, ha="left")
    heights = climb.heights
    below.plot(np.arange(len(steps)), heights, color="#C8C8C8", linewidth=1.2)
    below.plot(np.arange(i + 1), heights[: i + 1], color=MIXTURE_COLOR, linewidth=1.8)
    below.plot([i], heights[i], "o", color=MIXTURE_COLOR, markersize=5)
    below.set_title(f"{climb.name} {heights[i]:.2f}", loc="left", fontsize="medium")
    if len(steps) > LONG:
        below.set_xscale("symlog", linthresh=10)
        below.set_xlim(-0.5, 1.15 * len(steps))
        ends = [tick for tick in (0, 1, 2, 3, 5, 10, 30, 100, 300, 1000, 3000, 10_000) if tick < len(steps)]
        below.set_xticks(ends, [str(tick) for tick in ends], minor=False)
        below.minorticks_off()
    else:
        whole_ticks(below.xaxis)
    below.set_xlabel("iteration")
    below.ticklabel_format(axis="y", useOffset=False)
    below.spines[["top", "right"]].set_visible(False)
