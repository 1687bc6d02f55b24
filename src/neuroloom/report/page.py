"""The report: one self-contained HTML file, and its figures as files beside it."""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from neuroloom.report.contents import read_run
from neuroloom.report.html import drawing, figure_of, render
from neuroloom.report.layout import Picture
from neuroloom.report.sections import headline_facts, page_sections
from neuroloom.report.theme import as_png, as_svg
from neuroloom.report.wording import headline, verdict
from neuroloom.runs import atomic_write

__all__ = ["write_report"]

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
    html = render(
        "page.html.j2",
        about=contents.about,
        job=_JOBS[contents.about["job"]],
        verdict=verdict(head),
        facts=headline_facts(contents, head),
        sections=sections,
        drawings=drawings,
    )
    page = run / "report.html"
    with atomic_write(page) as file:
        file.write(html.encode("utf-8", errors="replace"))
    return page


def _write_figure(run: Path, picture: Picture) -> Mapping[str, Markup | str | int]:
    """Write both files; what the template needs of the drawing."""
    figure = figure_of(picture)
    svg = as_svg(figure, picture.name, picture.title)
    for ending, content in (("svg", svg.encode()), ("png", as_png(figure))):
        with atomic_write(run / "figures" / f"{picture.name}.{ending}") as file:
            file.write(content)
    return drawing(picture, svg)
