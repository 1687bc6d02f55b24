"""The report: one self-contained HTML file, and its figures as files beside it."""

from pathlib import Path

from neuroloom.report.contents import read_about, read_run
from neuroloom.report.html import render
from neuroloom.report.sections import headline_facts, page_sections
from neuroloom.report.study_page import write_study
from neuroloom.report.wording import headline, verdict
from neuroloom.report.writing import write_figure, write_page

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
    about = read_about(run)
    if about["job"] == "study":
        return write_study(run, about)
    contents = read_run(run)
    head = headline(contents.scores)
    sections = page_sections(contents, head)
    drawings = {}
    for section in sections:
        for picture in section.pictures:
            drawings[picture.name] = write_figure(run, picture)
    html = render(
        "page.html.j2",
        about=contents.about,
        job=_JOBS[contents.about["job"]],
        verdict=verdict(head),
        facts=headline_facts(contents, head),
        sections=sections,
        drawings=drawings,
    )
    return write_page(run, html)
