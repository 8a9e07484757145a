"""EM as a film: rows take the colours of components, components move, the likelihood climbs."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distributions.errors import InvalidDataError, InvalidParameterError

from .canvas import MIXTURE_COLOR, Drawn, component_colors, drawn, require_matplotlib, whole_ticks
from .contours import draw_plane
from .curves import draw_density
from .structure import require_whole

if TYPE_CHECKING:
    from .model import MixtureModel

SIZE = (5.6, 4.6)  # inches
DPI = 90
COLORS = 64  # of the palette that all frames share
NEARLY_WHITE = 244  # of 255
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
        Path(path).write_bytes(self.data)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "image/gif": b64encode(self.data).decode("ascii")}


def animate(
    model: MixtureModel, x: npt.ArrayLike, sample_weight: npt.ArrayLike | None, frames: int, fps: float
) -> Film:
    """Fit a copy of the model and return the film of it; see `Plots.animate`."""
    require_whole("frames", frames, least=2, most=1000)
    if isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0.1 <= fps <= 50:
        raise InvalidParameterError(f"MixtureModel: fps must be a number from 0.1 to 50; got {fps!r}")
    require_matplotlib()
    copy = model._copied()
    # Only parameters are kept: a long climb has many steps.
    steps = [(step.log_likelihood, step.components, step.weights) for step in copy.iter_fit(x, sample_weight)]
    shown = _spaced(len(steps), frames)
    data = drawn(copy, x, sample_weight)
    if data.rows.shape[1] > 2:
        raise InvalidDataError(f"a film shows one column or two, here are {data.rows.shape[1]}: choose among them")
    return Film(_gif(data, steps, shown, fps), tuple(shown))


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


def _gif(data: Drawn, steps: list[Any], shown: list[int], fps: float) -> bytes:
    """Draw the frames and return them as one file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, height_ratios=[3, 1])
    likelihoods = np.array([step[0] for step in steps])
    limits: tuple[Any, ...] = ()
    images: list[Any] = []
    for i in [shown[-1], *shown]:  # the last one first: it sets limits and layout for all
        _draw_frame(above, below, data, steps, i, likelihoods)
        if not limits:
            canvas.draw()
            figure.set_layout_engine("none")
            corner = above.get_legend().get_window_extent().transformed(above.transAxes.inverted()).min
            limits = above.get_xlim(), above.get_ylim(), tuple(corner)
            continue
        above.set(xlim=limits[0], ylim=limits[1])
        above.get_legend().set(loc="lower left", bbox_to_anchor=limits[2])
        canvas.draw()
        images.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    palette = _palette(images[-1], sorted({*component_colors(len(data.weights)), MIXTURE_COLOR}))
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


def _draw_frame(above: Any, below: Any, data: Drawn, steps: list[Any], i: int, likelihoods: Any) -> None:
    """Draw one step: data and components above, the climb so far below."""
    _, components, weights = steps[i]
    parts = list(components.values() if isinstance(components, dict) else components)
    data = replace(data, components=parts, weights=weights)
    for ax in (above, below):
        ax.clear()
    if data.rows.shape[1] == 1:
        draw_density(above, data, responsibilities=data.responsibilities)
    else:
        draw_plane(above, data)
    above.set_title(f"iteration {i}", loc="left")
    below.plot(np.arange(len(steps)), likelihoods, color="#C8C8C8", linewidth=1.2)
    below.plot(np.arange(i + 1), likelihoods[: i + 1], color=MIXTURE_COLOR, linewidth=1.8)
    below.plot([i], likelihoods[i], "o", color=MIXTURE_COLOR, markersize=5)
    below.set_title(f"log-likelihood {likelihoods[i]:.2f}", loc="left", fontsize="medium")
    below.set_xlabel("iteration")
    below.ticklabel_format(axis="y", useOffset=False)
    below.spines[["top", "right"]].set_visible(False)
    whole_ticks(below.xaxis)
