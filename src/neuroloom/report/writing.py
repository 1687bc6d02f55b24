"""The files of a report: each figure as SVG and PNG, and the page."""

import base64
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from neuroloom.report.html import drawing, figure_of
from neuroloom.report.layout import Film, Picture
from neuroloom.report.theme import as_png, as_svg
from neuroloom.runs import atomic_write

__all__ = ["write_figure", "write_page"]


def write_figure(run: Path, picture: Picture) -> Mapping[str, Markup | str | int]:
    """Write the files; what the template needs of the drawing.

    Raises:
        StudyError: If they cannot be written.
    """
    figure = figure_of(picture)
    svg = as_svg(figure, picture.name, picture.title)
    for ending, content in (("svg", svg.encode()), ("png", as_png(figure))):
        with atomic_write(run / "figures" / f"{picture.name}.{ending}") as file:
            file.write(content)
    if not isinstance(picture, Film):
        return drawing(picture, svg)
    with atomic_write(run / "figures" / f"{picture.name}.gif") as file:
        file.write(picture.gif)
    source = "data:image/gif;base64," + base64.b64encode(picture.gif).decode()
    image = Markup('<img alt="{}" src="{}" style="max-width:100%">').format(picture.title, source)
    return {**drawing(picture, svg), "svg": image, "download": source, "ending": "GIF"}


def write_page(run: Path, html: str) -> Path:
    """Write `report.html`; its path.

    Raises:
        StudyError: If it cannot be written.
    """
    page = run / "report.html"
    with atomic_write(page) as file:
        file.write(html.encode("utf-8", errors="replace"))
    return page
