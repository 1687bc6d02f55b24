"""The report: one self-contained HTML file, and its figures as files beside it."""

import base64
import hashlib
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from neuroloom.report.contents import read_run
from neuroloom.report.layout import Picture
from neuroloom.report.sections import headline_facts, page_sections
from neuroloom.report.theme import COLORS, as_png, as_svg, for_page
from neuroloom.report.wording import headline, verdict
from neuroloom.runs import atomic_write

__all__ = ["write_report"]

# Text in a figure is 8 to 9 points: 12 to 13 pixels.
_PIXELS_PER_INCH = 105
_JOBS = {
    "responses": "Responses to stimulation, predicted from wiring",
    "activity": "Activity of unrecorded neurons, predicted from wiring",
}


def write_report(run: Path) -> Path:
    """Write `report.html` and `figures/` of a run from the files in its folder.

    The page needs no network and no other file. The same folder gives the same page.

    Args:
        run: Folder of a finished run.

    Returns:
        Path of the page.

    Raises:
        StudyError: If a file of the run is missing or broken, or the page cannot be written.
    """
    contents = read_run(run)
    head = headline(contents.scores)
    sections = page_sections(contents, head)
    drawings = {}
    for section in sections:
        for picture in section.pictures:
            drawings[picture.name] = _write_figure(run, picture)
    html = (
        _environment()
        .get_template("page.html.j2")
        .render(
            about=contents.about,
            job=_JOBS[contents.about["job"]],
            verdict=verdict(head),
            facts=headline_facts(contents, head),
            sections=sections,
            drawings=drawings,
            css=Markup(_theme_css() + _file("page.css")),
            script=Markup(_file("page.js")),
            script_hash=_sha256(_file("page.js")),
        )
    )
    page = run / "report.html"
    with atomic_write(page) as file:
        file.write(html.encode("utf-8", errors="replace"))
    return page


def _write_figure(run: Path, picture: Picture) -> dict[str, Markup | str | int]:
    """Write both files; what the template needs of the drawing."""
    figure = picture.axes.get_figure(root=True)
    assert figure is not None
    svg = as_svg(figure, picture.name, picture.title)
    for ending, content in (("svg", svg.encode()), ("png", as_png(figure))):
        with atomic_write(run / "figures" / f"{picture.name}.{ending}") as file:
            file.write(content)
    return {
        "svg": Markup(for_page(svg, picture.name)),
        "download": "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode(),
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
