"""The report in a real browser: sorts, fits, is legible in light and dark, and calls nobody."""

import shutil
from pathlib import Path

import pytest

from neuroloom.report import write_report
from runs_on_disk import activity_run, response_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no system Chromium (Debian: chromium)")

OVERFLOWING = """() => [...document.querySelectorAll("body *")].filter(e =>
    !e.closest(".scroll") && e.getBoundingClientRect().right > innerWidth + 1).length"""
SMALLEST_TEXT = """() => Math.min(...[...document.querySelectorAll("svg text")].map(e => {
    const box = e.ownerSVGElement;
    const size = parseFloat(e.style.fontSize) || parseFloat(getComputedStyle(e).fontSize);
    return size * box.getBoundingClientRect().width / box.viewBox.baseVal.width; }))"""
COLUMN = """([table, place]) =>
    [...document.querySelectorAll(`${table} tbody tr`)].map(r => r.cells[place].firstChild
        ? r.cells[place].firstChild.textContent : "")"""


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    names = ['<img src=x onerror="document.title=1">', *(f"N{i}" for i in range(1, 24))]
    return {
        "responses": write_report(response_run(folder / "responses", names=names)),
        "activity": write_report(activity_run(folder / "activity")),
    }


@pytest.fixture
def opened(browser, reports):
    """A function that opens a report and returns the page; checks that nothing left the file."""
    requests, problems, pages = [], [], []

    def open_report(job, *, width=1600, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        pages.append(page)
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(reports[job].as_uri())
        return page

    yield open_report
    for page in pages:
        page.close()
    assert problems == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in requests if url.startswith("file:")]) == len(pages)


def test_a_click_sorts_numbers_from_large_to_small_and_a_second_one_back(opened):
    page = opened("responses")
    head = page.locator("#table-scores thead th").nth(2)
    as_written = page.evaluate(COLUMN, ["#table-scores", 2])
    head.get_by_role("button").click()
    values = [float(text) for text in page.evaluate(COLUMN, ["#table-scores", 2])]
    assert values == sorted(values, reverse=True)
    assert sorted(as_written) == sorted(f"{value:.3f}" for value in values)
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").click()
    values = [float(text) for text in page.evaluate(COLUMN, ["#table-scores", 2])]
    assert values == sorted(values)
    assert head.get_attribute("aria-sort") == "ascending"


def test_the_keyboard_sorts_and_names_with_numbers_keep_their_order(opened):
    page = opened("responses")
    button = page.locator("#table-neurons thead th").first.get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    names = [n for n in page.evaluate(COLUMN, ["#table-neurons", 0]) if n.startswith("N")]
    numbers = [int(name[1:]) for name in names]
    assert numbers == sorted(numbers)
    page.keyboard.press("Space")
    names = [n for n in page.evaluate(COLUMN, ["#table-neurons", 0]) if n.startswith("N")]
    assert [int(name[1:]) for name in names] == numbers[::-1]


def test_missing_values_stay_at_the_end_either_way(opened):
    page = opened("responses")
    place = page.locator("#table-scores thead th").count() - 1
    button = page.locator("#table-scores thead th").nth(place).get_by_role("button")
    for _ in range(2):
        button.click()
        values = page.evaluate(COLUMN, ["#table-scores", place])
        n_known = sum(bool(value) for value in values)
        assert 0 < n_known < len(values)
        assert all(values[:n_known])


@pytest.mark.parametrize("job", ["responses", "activity"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_the_page_fits_its_window_and_can_be_read(opened, tmp_path, job, scheme, width):
    page = opened(job, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERFLOWING) == 0
    assert page.evaluate(SMALLEST_TEXT) >= 7.5
    shot = tmp_path / "page.png"
    page.screenshot(path=shot, full_page=True)
    assert shot.stat().st_size > 50_000


def test_the_theme_of_the_reader_colors_page_and_figures(opened):
    seen = []
    for scheme in ("light", "dark"):
        page = opened("responses", scheme=scheme)
        text = page.locator("#figure-scores svg text").first
        color = text.evaluate("e => getComputedStyle(e).fill")
        back = page.locator("section").first.evaluate("e => getComputedStyle(e).backgroundColor")
        assert color != back
        seen.append((color, back))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] != seen[1][1]


def test_a_name_that_is_markup_does_nothing(opened):
    page = opened("responses")
    assert "neuroloom report" in page.title()
    assert page.locator("img").count() == 0


def test_a_figure_can_be_downloaded(opened):
    page = opened("responses")
    with page.expect_download() as download:
        page.locator("#figure-scores .download").click()
    assert download.value.suggested_filename == "scores.svg"
    assert "<svg" in Path(download.value.path()).read_text(encoding="utf-8")
