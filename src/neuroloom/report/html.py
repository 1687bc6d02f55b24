"""One self-contained HTML file from a template: style, script and figures inside, no network."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

from neuroloom.report.layout import Fact, Picture, Section
from neuroloom.report.theme import COLORS, as_svg, for_page
from neuroloom.runs import atomic_write

__all__ = ["drawing", "figure_of", "render", "write_answer_page"]

# Text in a figure is 8 to 9 points: 12 to 13 pixels.
_PIXELS_PER_INCH = 105


def render(template: str, **values: object) -> str:
    """The page; what the template asks for and `values` lack is an error."""
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            css=Markup(_theme_css() + _file("page.css")),
            script=Markup(_file("page.js")),
            script_hash=_sha256(_file("page.js")),
        )
    )


def write_answer_page(
    template: str,
    page: Path,
    *,
    name: str,
    answer: str,
    facts: Sequence[Fact],
    sections: Sequence[Section],
) -> Path:
    """Write a page that answers one question; it needs no network and no other file.

    Args:
        template: Of the command.
        page: Where it goes; an earlier file is replaced.
        name: Of what was asked about.
        answer: In a few sentences.
        facts: Numbers to see first.
        sections: In order; those without content are left out.

    Raises:
        StudyError: If the page cannot be written.
    """
    full = [section for section in sections if not section.empty]
    html = render(
        template,
        name=name,
        answer=answer,
        facts=facts,
        sections=full,
        drawings={p.name: drawing(p) for section in full for p in section.pictures},
    )
    with atomic_write(page) as file:
        file.write(html.encode("utf-8", errors="replace"))
    return page


def figure_of(picture: Picture) -> Figure:
    """The whole figure a picture's axes are in."""
    figure = picture.axes.get_figure(root=True)
    assert figure is not None
    return figure


def drawing(picture: Picture, svg: str | None = None) -> Mapping[str, Markup | str | int]:
    """What the template needs of a picture.

    Args:
        picture: Drawn.
        svg: The picture as a standalone SVG, where it is there already.
    """
    figure = figure_of(picture)
    svg = as_svg(figure, picture.name, picture.title) if svg is None else svg
    return {
        "svg": Markup(for_page(svg, picture.name)),
        "download": "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode(),
        "ending": "SVG",
        "width": round(float(figure.get_size_inches()[0]) * _PIXELS_PER_INCH),
    }


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_file),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _file(name: str) -> str:
    return (resources.files("neuroloom.report") / "templates" / name).read_text(encoding="utf-8")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _theme_css() -> str:
    light, dark = (
        "".join(f"--{name}:{pair[place]};" for name, pair in COLORS.items()) for place in (0, 1)
    )
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
