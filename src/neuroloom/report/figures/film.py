"""A short film of a chain of links, seen from above by a camera that follows it."""

import io

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from PIL import Image, ImageDraw

from neuroloom.report.theme import GROUP_COLORS, INK, house_style, new_axes

__all__ = ["film", "still"]

_SIZE = (420, 200)
_TILES = ("#f6f6f3", "#e7e8e4")
_WIDTH = 0.2  # m of a link


def film(points: Float[np.ndarray, "frame end 2"], *, dt: float, across: float = 9.0) -> bytes:
    """A GIF: the body on tiles of 1 m, its head marked.

    Drawn without a graphics card and without a GL library, so that it can be drawn anywhere.

    Args:
        points: Ends of the links in each frame, head first, in m.
        dt: Time from frame to frame, in s; films show at most 50 frames a second.
        across: Width of the picture, in m.
    """
    scale = _SIZE[0] / across
    middle = points.mean(axis=1)
    # A camera that follows without shaking: the way of the middle, smoothed over a second.
    n = max(1, round(1 / dt))
    kernel = np.ones(n) / n
    padded = np.pad(middle, ((n // 2, n - 1 - n // 2), (0, 0)), mode="edge")
    camera = np.stack([np.convolve(padded[:, k], kernel, "valid") for k in (0, 1)], axis=1)
    frames = [_frame(ends, at, scale).quantize(16) for ends, at in zip(points, camera, strict=True)]
    file = io.BytesIO()
    frames[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=max(20, round(1000 * dt)),
        loop=0,
        optimize=True,
    )
    return file.getvalue()


@house_style()
def still(gif: bytes) -> Axes:
    """The middle frame of a film, for files that do not move.

    Args:
        gif: Of `film`.
    """
    moving = Image.open(io.BytesIO(gif))
    moving.seek(getattr(moving, "n_frames", 1) // 2)
    ax = new_axes(width=4.4, height=2.2, box=(0.05, 0.05, 0.05, 0.05))
    ax.imshow(np.asarray(moving.convert("RGB")))
    ax.set_axis_off()
    return ax


def _frame(ends: np.ndarray, camera: np.ndarray, scale: float) -> Image.Image:
    width, height = _SIZE
    image = Image.new("RGB", _SIZE, _TILES[0])
    draw = ImageDraw.Draw(image)

    def place(x: float | int | np.number, y: float | int | np.number) -> tuple[float, float]:
        return (
            float(width / 2 + (x - camera[0]) * scale),
            float(height / 2 - (y - camera[1]) * scale),
        )

    reach = np.array(_SIZE) / scale / 2
    first, last = np.floor(camera - reach).astype(int), np.ceil(camera + reach).astype(int)
    for x in range(first[0], last[0]):
        for y in range(first[1], last[1]):
            if (x + y) % 2:
                (left, bottom), (right, top) = place(x, y), place(x + 1, y + 1)
                draw.rectangle((left, top, right, bottom), fill=_TILES[1])
    radius = _WIDTH * scale / 2
    body = [place(*end) for end in ends]
    draw.line(body, fill=GROUP_COLORS["default"], width=round(2 * radius), joint="curve")
    for (x, y), color in zip(body, (INK, *[GROUP_COLORS["default"]] * len(body)), strict=False):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return image
