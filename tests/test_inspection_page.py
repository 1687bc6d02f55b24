"""The page and the print of an inspected connectome: whole, self-contained, safe with any name."""

import html
import io
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from neuroloom import inspect
from neuroloom.connectome import Connectome, Dropped, TransmitterSigns
from neuroloom.connectome.statistics import GraphStatistics, reciprocity, spectral_radius
from neuroloom.datasets import connectome
from neuroloom.errors import InputError, StudyError
from neuroloom.recording import Recording
from neuroloom.report.figures.graph import degree_distributions, path_histogram
from neuroloom.report.inspection_gallery import block_pictures, effective_pictures
from neuroloom.report.inspection_page import write_inspection
from neuroloom.report.terminal import print_inspection
from neuroloom.studies.inspection import inspect_connectome, inspect_recording
from test_report_browser import ARGUMENTS, CHROMIUM, OVERFLOWING, SMALLEST_TEXT

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def signed():
    worm = TransmitterSigns(glutamate=1, otherwise=1)(connectome("worm"))
    return inspect_connectome(worm, n_draws=2)


@pytest.fixture(scope="module")
def page(signed, tmp_path_factory):
    return write_inspection(signed, tmp_path_factory.mktemp("page") / "inspect-worm.html")


def text_of(page):
    return html.unescape(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")))


def test_the_page_has_every_statistic_with_its_figure(page, signed):
    text = page.read_text(encoding="utf-8")
    figures = re.findall(r'<figure id="figure-([^"]+)"', text)
    assert len(set(figures)) == len(figures)
    for name in ("degrees-partners", "degrees-contacts", "types", "paths", "null-reciprocity"):
        assert name in figures
    for name in ("signed", "unsigned"):
        assert f"eigenvalues-{name}" in figures
    assert [f for f in figures if f.startswith("effective-")] == [
        *("effective-1", "effective-2", "effective-3"),
        *("effective-signed-1", "effective-signed-2", "effective-signed-3"),
    ]
    plain = text_of(page)
    assert "27.6 %" in plain
    assert f"{signed.statistics.unsigned.radius:.4g}" in plain
    assert all(line in plain for line in (*signed.audit, *signed.statistics.notes))
    for axis in ("partners", "contacts (em_sections)", "steps on the shortest path"):
        assert axis in plain
    assert "real part (em_sections)" in plain
    assert "share of input (%)" in plain


def test_the_same_inspection_gives_the_same_page(page, signed, tmp_path):
    again = write_inspection(signed, tmp_path / "inspect-worm.html")
    assert again.read_bytes() == page.read_bytes()


def test_a_dataset_brings_its_licence_and_citation(tmp_path):
    found = inspect("worm", n_draws=0)
    plain = text_of(write_inspection(found, tmp_path / "w.html"))
    assert "10.1038/s41586-019-1352-7" in plain
    assert "MIT (tables of facts" in plain
    assert "No null wiring was drawn at this size" in plain
    assert "for signed statistics: sign rule (acetylcholine +" in plain
    assert "figure-eigenvalues-signed" in (tmp_path / "w.html").read_text()


def test_the_library_gives_everything_that_is_printed(tmp_path):
    found = inspect("worm", n_draws=0)
    assert isinstance(found.statistics, GraphStatistics)
    assert found.statistics.reciprocity == reciprocity(connectome("worm"))
    assert dict(found.rows)["largest recurrent part"] == "275 of 473 nodes can all reach each other"
    assert dict(found.rows)["strongest pair of types"].startswith("SAB -> BWM: 660 em_sections")
    console = Console(file=io.StringIO(), width=200, color_system=None)
    print_inspection(found, console=console)
    text = console.file.getvalue()
    assert "expected" in text  # not drawn
    assert all(value.split(";")[0][:60] in text for _, value in found.rows)


def test_names_that_are_markup_are_text(tmp_path):
    ids = np.array([HOSTILE, "a&b", "$x^2$", "[red]", "é"])
    c = Connectome(
        neuron_id=ids,
        pre=np.array([0, 1, 2, 3]),
        post=np.array([1, 0, 3, 4]),
        kind=np.zeros(4, int),
        count=np.array([3, 1, 2, 9]),
        sign=np.array([1, -1, 0, 1]),
        neurons={"cell_type": np.array([HOSTILE, "", "$y$", "[/b]", "z"])},
        name=HOSTILE,
        audit=(HOSTILE,),
    )
    found = inspect_connectome(c, n_draws=2)
    text = write_inspection(found, tmp_path / "x.html").read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert text.count("<script>") == 1
    assert html.escape(HOSTILE, quote=False)[:20] in text
    console = Console(file=io.StringIO(), width=200, color_system=None)
    print_inspection(found, console=console)
    assert "[/b]" in console.file.getvalue()
    typeless = replace(c, neurons={}, sign=np.zeros(4, int), name="")
    assert write_inspection(inspect_connectome(typeless), tmp_path / "y.html").is_file()


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_connectome_of_nothing_has_a_page(tmp_path, n):
    nothing = np.zeros(0, int)
    c = Connectome(np.arange(n), nothing, nothing, nothing, nothing, nothing)
    found = inspect_connectome(c)
    plain = text_of(write_inspection(found, tmp_path / "nothing.html"))
    assert f"{n} neuron" in plain
    console = Console(file=io.StringIO(), width=200, color_system=None)
    print_inspection(found, console=console)
    assert "0 connections" in console.file.getvalue()


def test_a_recording_has_no_page_of_a_graph(tmp_path):
    rates = Recording(
        activity=np.zeros((1, 3, 2)), neuron_id=np.array(["a", "b"]), kind="rate", dt=0.1
    )
    found = inspect_recording(rates)
    assert found.statistics is None
    with pytest.raises(InputError, match="Print the inspection instead"):
        write_inspection(found, tmp_path / "x.html")
    console = Console(file=io.StringIO(), width=200, color_system=None)
    print_inspection(found, console=console)
    assert "1 x 3 x 2" in console.file.getvalue()


def test_a_page_that_cannot_be_written_is_one_error(signed, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="choose another folder with `--out`"):
        write_inspection(signed, tmp_path / "file" / "page.html")


def test_inspecting_and_drawing_do_without_jax(tmp_path):
    script = (
        "import sys, neuroloom as nl\n"
        "from pathlib import Path\n"
        "from neuroloom.cli import main\n"
        f"main(['inspect', 'worm', '--draws', '0', '--no-progress', '--out', {str(tmp_path)!r}])\n"
        "assert 'jax' not in sys.modules, 'jax was imported'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "inspect-worm.html").is_file()


@pytest.mark.skipif(CHROMIUM is None, reason="no system Chromium (Debian: chromium)")
def test_a_browser_shows_the_page_at_every_width_and_asks_nobody(page):
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    requests, problems = [], []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=ARGUMENTS)
        backs = set()
        for width in (400, 1600):
            for scheme in ("light", "dark"):
                opened = browser.new_page(
                    viewport={"width": width, "height": 900}, color_scheme=scheme
                )
                opened.on("request", lambda request: requests.append(request.url))
                opened.on("console", lambda message: problems.append(message.text))
                opened.on("pageerror", lambda error: problems.append(str(error)))
                opened.goto(page.as_uri())
                assert opened.evaluate("document.documentElement.scrollWidth") <= width
                assert opened.evaluate(OVERFLOWING) == 0
                assert opened.evaluate(SMALLEST_TEXT) >= 7.5
                text = opened.locator("#figure-paths svg text").first
                color = text.evaluate("e => getComputedStyle(e).fill")
                back = opened.locator("section").first
                backs.add((color, back.evaluate("e => getComputedStyle(e).backgroundColor")))
                opened.close()
        browser.close()
    assert problems == []
    assert all(url.startswith(("file:", "data:")) for url in requests)
    assert len(backs) == 2
    assert all(ink != back for ink, back in backs)


def test_the_figures_of_types_have_receivers_as_rows():
    c = Connectome(
        neuron_id=np.array(["a", "b", "c"]),
        pre=np.array([0, 1]),
        post=np.array([1, 2]),
        kind=np.zeros(2, int),
        count=np.array([30, 700]),
        sign=np.array([1, -1]),
        neurons={"cell_type": np.array(["A", "B", "C"])},
    )
    found = inspect_connectome(c, n_draws=0)
    (types,) = block_pictures(c, found.statistics)
    np.testing.assert_array_equal(
        types.axes.images[0].get_array().filled(0), [[0, 0, 0], [30, 0, 0], [0, 700, 0]]
    )
    pictures = {p.name: p.axes for p in effective_pictures(found.statistics)}
    assert {"effective-1", "effective-2", "effective-signed-1"} <= set(pictures)
    two = pictures["effective-signed-2"]
    rows, columns = (
        [tick.get_text() for tick in ticks]
        for ticks in (two.get_yticklabels(), two.get_xticklabels())
    )
    expected = np.zeros((3, 3))
    expected[rows.index("C"), columns.index("A")] = -100
    np.testing.assert_allclose(two.images[0].get_array(), expected)
    assert (two.get_ylabel(), two.get_xlabel()) == ("receives", "sends")


def test_the_figure_of_paths_shows_every_pair_once():
    ax = path_histogram(np.array([2, 1]), 3)
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == pytest.approx([100 * n / 6 for n in (2, 1, 3)])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "2", "no\npath"]
    long = path_histogram(np.ones(40, int), 0)
    assert sum(bar.get_height() for bar in long.patches) == pytest.approx(100)
    assert long.get_xticklabels()[-1].get_text() == "over\n30"


def test_the_figure_of_degrees_counts_nodes_with_at_least_so_many():
    ax = degree_distributions({"received": np.array([0, 1, 1, 4])}, "partners")
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [1, 4]
    assert line.get_ydata().tolist() == [0.75, 0.25]
    assert "median 1, most 4; 1 have none" in line.get_label()


def test_signs_follow_the_rule_in_statistics_and_stay_unknown_in_the_connectome():
    worm = connectome("worm")
    told = inspect_connectome(worm, n_draws=0)
    assert told.statistics.signed is not None
    assert "acetylcholine +, gaba -, glutamate unknown" in told.statistics.notes[0]
    assert (told.value.sign == 0).all()
    rule = TransmitterSigns(glutamate=-1)
    other = inspect_connectome(worm, n_draws=0, sign_rule=rule).statistics.signed
    assert other.radius == pytest.approx(spectral_radius(rule(worm), unknown_sign=Dropped()))
    assert other.radius != pytest.approx(told.statistics.signed.radius)
    assert inspect_connectome(worm, n_draws=0, sign_rule=None).statistics.signed is None
