"""Colors that follow the page from light to dark, and new axes that leave matplotlib's state alone.

A figure is drawn in the light colors. In the page each of them becomes a CSS variable, so that one
SVG is legible in both themes; the files in `figures/` keep the light colors on white.
"""

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = [
    "ABSENT",
    "BAND",
    "COLORS",
    "GRID",
    "GROUP_COLORS",
    "INK",
    "MUTED",
    "as_png",
    "as_svg",
    "for_page",
    "house_style",
    "label",
    "new_axes",
    "new_figure",
    "printable",
]

# Name: (light, dark). The light ones are all different: they are how a color is found in the SVG.
COLORS: Mapping[str, tuple[str, str]] = {
    "ink": ("#1b1f24", "#e7eaef"),
    "muted": ("#58606b", "#a7b0bd"),
    "grid": ("#dde1e6", "#333a44"),
    "absent": ("#bcc3cc", "#4b535e"),
    "paper": ("#fffffe", "#14171c"),
    "default": ("#0b5cad", "#79bbff"),
    "variant": ("#0f766e", "#5fd0c5"),
    "null": ("#b4460a", "#ffa664"),
    "baseline": ("#6a7079", "#aab2be"),
    "ceiling": ("#257a3a", "#6fd68a"),
    "transfer": ("#7b3fa0", "#d0a2f2"),
    "band": ("#dbe9f7", "#1f3a57"),
}
INK, MUTED, GRID, PAPER = (COLORS[name][0] for name in ("ink", "muted", "grid", "paper"))
ABSENT, BAND = COLORS["absent"][0], COLORS["band"][0]
GROUP_COLORS: Mapping[str, str] = {
    group: COLORS[group][0]
    for group in ("default", "variant", "null", "baseline", "ceiling", "transfer")
} | {"other": MUTED}

_RC: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    # Names come from files: a dollar sign in one is a dollar sign.
    "text.parse_math": False,
    "font.size": 9.2,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.2,
    "xtick.labelsize": 8.6,
    "ytick.labelsize": 8.6,
    "legend.fontsize": 8.6,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "savefig.facecolor": "auto",
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
}
_FONTS = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Our matplotlib settings for as long as the block (or the decorated function) runs."""
    with mpl.rc_context(_RC):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches, drawn by Agg; no global state is left behind."""
    with house_style():
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
    return figure


def new_axes(
    figure: Figure | None = None,
    box: tuple[float, float, float, float] | None = None,
    *,
    width: float = 4.7,
    height: float = 3.6,
) -> Axes:
    """Axes at `box` (left, bottom, right, top margins in inches) of a new or given figure."""
    figure = new_figure(width, height) if figure is None else figure
    left, bottom, right, top = box or (0.75, 0.6, 0.25, 0.4)
    width, height = figure.get_size_inches()
    with house_style():
        return figure.add_axes(
            (
                left / width,
                bottom / height,
                (width - left - right) / width,
                (height - bottom - top) / height,
            )
        )


def as_svg(figure: Figure, name: str, title: str) -> str:
    """The figure as a standalone SVG: text as text, ids that depend on `name` alone.

    The settings are read while the file is written, so they are set for that long and put back.
    """
    file = io.BytesIO()
    settings: dict[Any, Any] = _RC | {"svg.fonttype": "none", "svg.hashsalt": name}
    with mpl.rc_context(settings), _any_script():
        figure.savefig(
            file, format="svg", metadata={"Title": printable(title), "Date": None, "Creator": None}
        )
    text = file.getvalue().decode()
    text = text[text.index("<svg") :]
    return '<?xml version="1.0" encoding="utf-8"?>\n' + _in_tags(text, _with_fonts)


@contextlib.contextmanager
def _any_script() -> Iterator[None]:
    """Names in a script our font lacks: an SVG holds them as text for a reader's font to draw.

    Only a PNG shows boxes in their place.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing from font")
        yield


def as_png(figure: Figure, *, dpi: int = 150) -> bytes:
    """The figure as a PNG on white."""
    file = io.BytesIO()
    with house_style(), _any_script():
        figure.savefig(file, format="png", dpi=dpi)
    return file.getvalue()


def for_page(svg: str, name: str) -> str:
    """The SVG for inside an HTML page: no header, colors as CSS variables, ids unique to `name`.

    Args:
        svg: From `as_svg`.
        name: Prefix of the ids that are referred to; all other ids are dropped.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<title>.*?</title>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    used = set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", svg))

    def adapt(tag: str) -> str:
        def rename(match: re.Match[str]) -> str:
            return f' id="{name}-{match[1]}"' if match[1] in used else ""

        tag = re.sub(r'\sid="([^"]*)"', rename, tag)
        tag = re.sub(r"font-family:[^;\"]*;? ?", "", tag)
        tag = re.sub(r"(href=\"#|url\(#)", rf"\g<1>{name}-", tag)
        if tag.startswith("<svg"):
            return re.sub(r'\s(?:width|height|xmlns:\w+|version)="[^"]*"', "", tag)
        for variable, (light, _) in COLORS.items():
            tag = tag.replace(light, f"var(--{variable}, {light})")
        return tag.replace("xlink:href", "href")

    return _in_tags(svg, adapt)


def printable(text: str) -> str:
    """The text without characters that XML forbids or that break a line; � stands for them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def label(text: str, limit: int = 40) -> str:
    """The text as it can stand in a figure: printable, and cut where it would run out of its place.

    Example:
        >>> label("AVAL", 8), label("a very long name", 8)
        ('AVAL', 'a very …')
    """
    text = printable(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _in_tags(svg: str, change: Callable[[str], str]) -> str:
    """Apply `change` to every tag and to no text: `<` and `>` are escaped outside of tags."""
    return re.sub(r"<[^>]*>", lambda match: change(match[0]), svg)


def _with_fonts(tag: str) -> str:
    return re.sub(r"font-family:\s*[^;\"]+|'DejaVu Sans'(?:, [\w' -]+)*", _font, tag)


def _font(match: re.Match[str]) -> str:
    return f"font-family: {_FONTS}" if match[0].startswith("font-family") else _FONTS
