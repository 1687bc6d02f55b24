"""The page of a study's run: what it shows, in which order, and that broken folders are refused."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from mean_or_median.config import MeanOrMedianConfig
from mean_or_median.study import STUDY
from neuroloom.errors import StudyError
from neuroloom.report import write_report
from neuroloom.report.contents import read_about
from neuroloom.report.figures.along import Line, lines_along
from neuroloom.report.studies import GALLERIES, gallery_of
from neuroloom.report.study_contents import read_study
from neuroloom.studies.framework import BrokenRunError, run
from neuroloom.studies.registry import STUDIES

CONFIG = MeanOrMedianConfig(sizes=(4, 16, 64))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    folder = run(STUDY, CONFIG, out=out, arms=["mean", "median", "flies"], progress=False)
    write_report(folder)
    return folder


def contents_of(folder):
    return read_study(folder, read_about(folder))


def test_the_page_shows_question_claims_figures_and_scores_in_this_order(finished):
    page = (finished / "report.html").read_text()
    wanted = [
        f"<h1>{STUDY.question}</h1>",
        "Of 4 claims: 1 passed, 1 failed, 2 not tested",
        'id="table-claims"',
        "at this size: there is no normal mse of mean",
        'id="figure-along-1"',
        'id="table-arms"',
        'id="table-scores"',
        "Numbers are drawn, and averaged.",
        "and 23 other cells: numbers are drawn",
        'id="table-config"',
    ]
    places = [page.find(text) for text in wanted]
    assert -1 not in places
    assert places == sorted(places)
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_figures_lie_beside_the_page(finished):
    assert {f.name for f in (finished / "figures").iterdir()} == {"along-1.svg", "along-1.png"}


def test_the_same_folder_gives_the_same_page(finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / finished.name)
    assert write_report(copy).read_bytes() == (finished / "report.html").read_bytes()


def test_a_gallery_reads_lines_values_and_arrays(finished):
    contents = contents_of(finished)
    x, value, low, high = contents.line("size", "mean", "normal", "mse", half="first").T
    np.testing.assert_array_equal(x, [4, 16, 64])
    assert (np.diff(value) < 0).all()
    assert ((low < value) & (value < high)).all()
    cells = list(contents.arrays("median", size=16))
    assert [at["seed"] for at, _ in cells] == [0, 1, 2, 3]
    (last,) = (
        row.value
        for row in contents.measurements
        if (row.arm, row.at) == ("median", {"size": 16, "seed": 3, "half": "first"})
    )
    assert np.mean(cells[3][1]["found"][:100] ** 2) == last
    assert contents.line("size", "mean", "normal", "mse", half="third").shape == (0, 4)


def test_a_studys_own_gallery_is_used(finished, tmp_path, monkeypatch):
    monkeypatch.setitem(GALLERIES, "mean-or-median", "own_gallery")
    module = "def pictures(contents):\n    return ()\n"
    (tmp_path / "own_gallery.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    assert gallery_of("mean-or-median")(contents_of(finished)) == ()


def test_every_gallery_is_that_of_a_study():
    assert set(GALLERIES) <= set(STUDIES)
    for name in GALLERIES:
        assert callable(gallery_of(name))


def test_a_run_that_broke_says_so_on_top(tmp_path):
    with pytest.raises(BrokenRunError) as caught:
        run(STUDY, replace(CONFIG, broken_seed=2), out=tmp_path, arms=["mean"], progress=False)
    page = write_report(caught.value.run).read_text()
    assert page.index("This run broke") < page.index('id="claims"')
    assert "mean, size 4, seed 2: ZeroDivisionError: this seed is broken" in page
    assert "3 of 12 cells of mean failed" in page


def test_a_run_without_a_single_score_still_has_a_page(tmp_path):
    folder = run(STUDY, CONFIG, out=tmp_path, arms=["flies"], progress=False)
    page = write_report(folder).read_text()
    assert "no data: nobody counted flies" in page
    assert 'id="table-scores"' not in page


@pytest.mark.parametrize("name", ["scores.csv", "measurements.csv", "claims.json", "config.json"])
def test_a_missing_or_broken_file_is_named(name, finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "run")
    text = (copy / name).read_text()
    (copy / name).write_text(text[: len(text) // 2].rpartition(",")[0])
    with pytest.raises(StudyError, match=f"`{name}` of a run must be readable"):
        write_report(copy)
    (copy / name).unlink()
    with pytest.raises(StudyError, match=f"must hold `{name}`"):
        write_report(copy)


def test_names_from_a_study_are_text_and_not_markup(finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "run")
    about = json.loads((copy / "config.json").read_text())
    about["audit"].append("<script>alert(1)</script>")
    (copy / "config.json").write_text(json.dumps(about))
    assert "<script>alert" not in write_report(copy).read_text()


def test_an_axis_is_logarithmic_only_where_that_helps():
    x = np.array([1.0, 10.0, 100.0])
    near = np.stack([x, x / 100 + 1, x / 100, x / 100 + 2], axis=1)
    far = np.stack([x, 1 / x**2, np.full(3, -1.0), 2 / x**2], axis=1)
    axes = lines_along([Line("a", "a", near)], "n", "mse")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    axes = lines_along([Line("a", "a", far)], "n", "mse")
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] > 0
    assert [t.get_text() for t in axes.get_xticklabels()] == ["1", "10", "100"]
