"""The page of a run: whole, self-contained, honest about what is absent, safe with any name."""

import html
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroloom.errors import StudyError
from neuroloom.report import write_report
from neuroloom.report.contents import read_run
from neuroloom.report.sections import page_sections
from neuroloom.report.wording import headline
from runs_on_disk import activity_run, response_run

HOSTILE = '<script>alert("x")</script>'
HOSTILE_NAMES = [
    HOSTILE,
    "a&b",
    "'quoted'",
    '"double"',
    "$x^2$",
    "神経\U0001f9e0",
    "tab\tname",
    "NA",
]
RESPONSE_SECTIONS = [
    *("scores", "nulls", "responses", "calibration", "curves", "neurons", "uncertainty"),
    *("methods", "audit", "provenance", "citations"),
]


@pytest.fixture(scope="module")
def responses(tmp_path_factory):
    run = response_run(tmp_path_factory.mktemp("responses"))
    return run, write_report(run).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def activity(tmp_path_factory):
    run = activity_run(tmp_path_factory.mktemp("activity"))
    return run, write_report(run).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    run = response_run(
        tmp_path_factory.mktemp("hostile"),
        names=[*HOSTILE_NAMES, *(f"N{i}" for i in range(16))],
    )
    about = json.loads((run / "config.json").read_text())
    about |= {"name": HOSTILE, "question": HOSTILE, "answer": f"{HOSTILE} & more"}
    about["audit"] = about["methods"] = about["citations"] = [HOSTILE, "a & b"]
    about["data"] = [dict.fromkeys(("name", "licence", "checksum", "citation"), HOSTILE)]
    about["config"] = about["versions"] = {HOSTILE: HOSTILE}
    (run / "config.json").write_text(json.dumps(about))
    scores = pd.read_csv(run / "scores.csv", keep_default_na=False)
    scores["arm"] = scores["arm"].replace(
        {"baseline: synapse count": f"baseline: {HOSTILE}", "null: rewire": f"null: {HOSTILE} $"}
    )
    scores.to_csv(run / "scores.csv", index=False)
    with xr.open_dataset(run / "predictions.nc", engine="h5netcdf") as file:
        data = file.load()
    data = data.assign_coords(
        baseline=[f"baseline: {HOSTILE}", *data["baseline"].to_numpy()[1:].astype(str)]
    )
    data.attrs["unit"] = f"{HOSTILE}&"
    data.to_netcdf(run / "predictions.nc", engine="h5netcdf")
    return run, write_report(run).read_text(encoding="utf-8")


def sections(page):
    return re.findall(r'<section id="([\w-]+)"', page)


def outside_of_downloads(page):
    return re.sub(r"data:image/[\w+]+;base64,[A-Za-z0-9+/=\s]*", "", page)


def cells(page, table):
    body = re.search(rf'<table id="table-{table}".*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        [
            html.unescape(re.sub(r"<small>.*?</small>|<[^>]*>", "", cell))
            for cell in re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def test_the_page_of_responses_has_every_section(responses):
    assert sections(responses[1]) == RESPONSE_SECTIONS


def test_the_page_of_activity_has_its_sections_and_no_detection(activity):
    expected = [key for key in RESPONSE_SECTIONS if key not in ("responses", "curves")]
    expected.insert(2, "activity")
    assert sections(activity[1]) == expected


@pytest.mark.parametrize("kind", ["responses", "activity"])
def test_question_answer_and_verdict_stand_before_everything_else(kind, request):
    run, page = request.getfixturevalue(kind)
    about = json.loads((run / "config.json").read_text())
    places = [page.index(html.escape(about[key])) for key in ("question", "answer")]
    assert places[0] < places[1] < page.index('class="verdict"') < page.index("<section")


@pytest.mark.parametrize("kind", ["responses", "activity", "hostile"])
def test_nothing_on_the_page_points_outside_of_it(kind, request):
    page = outside_of_downloads(request.getfixturevalue(kind)[1])
    targets = re.findall(r"""(?:src|href|action|data|poster)=["']([^"']*)""", page)
    targets += re.findall(r"url\(([^)]*)\)", page)
    assert targets
    assert all(target == "" or target.startswith("#") for target in targets)
    assert "http:" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in page
    assert "@import" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy


def test_every_anchor_and_clip_path_has_its_target_once(responses):
    page = responses[1]
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    targets = set(re.findall(r'(?:href="#|url\(#)([^")]+)', page))
    assert targets <= set(ids)


def test_names_and_texts_from_files_are_escaped_everywhere(hostile):
    run, page = hostile
    assert page.count("<script>") == 1
    assert "alert(" in page
    assert '<script>alert("x")' not in page
    assert "a&b<" not in page
    assert "a&amp;b<" in page
    for figure in (run / "figures").glob("*.svg"):
        assert "<script" not in figure.read_text(encoding="utf-8")


def test_hostile_names_arrive_whole_in_the_tables(hostile):
    page = hostile[1]
    neurons = {row[0] for row in cells(page, "neurons")}
    assert set(HOSTILE_NAMES) <= neurons
    assert HOSTILE in {row[0] for row in cells(page, "scores")}


def test_a_dollar_sign_in_a_name_is_drawn_as_one(hostile):
    text = (hostile[0] / "figures" / "wiring.svg").read_text(encoding="utf-8")
    assert ">$x^2$<" in text


def test_every_figure_lies_in_the_folder_and_can_be_downloaded(responses):
    run, page = responses
    names = re.findall(r'<figure id="figure-([\w-]+)"', page)
    assert {"scores", "wiring", "measured", "predicted", "roc", "precision-recall"} <= set(names)
    for name in names:
        svg = (run / "figures" / f"{name}.svg").read_bytes()
        assert svg.startswith(b"<?xml")
        assert (run / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f'download="{name}.svg" href="data:image/svg+xml;base64,' in page


def test_text_in_figures_stays_text(responses):
    page = re.search(r'<figure id="figure-measured".*?</figure>', responses[1], re.DOTALL)[0]
    assert ">AFDL</text>" in page
    assert ">stimulated neuron</text>" in page


def test_writing_again_gives_the_same_bytes(responses):
    run, page = responses
    figures = {path.name: path.read_bytes() for path in (run / "figures").iterdir()}
    assert write_report(run).read_text(encoding="utf-8") == page
    assert {path.name: path.read_bytes() for path in (run / "figures").iterdir()} == figures


def test_writing_leaves_the_files_of_the_run_alone_and_no_rest_behind(tmp_path):
    run = activity_run(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    write_report(run)
    assert {p.name: p.read_bytes() for p in run.iterdir() if p.name in before} == before
    assert {path.name for path in run.iterdir()} == {*before, "figures", "report.html"}


def test_the_score_table_shows_every_arm_with_its_value(responses):
    run, page = responses
    scores = pd.read_csv(run / "scores.csv", keep_default_na=False)
    pooled = scores[
        (scores["split"] == "held-out stimulated, pooled") & (scores["measure"] == "auroc")
    ]
    shown = {row[0]: row[2] for row in cells(page, "scores")}
    assert len(shown) == len(pooled)
    own = pooled.loc[pooled["arm"] == "default", "value"].iloc[0]
    assert shown["this model"] == f"{own:.3f}"
    assert len(cells(page, "measurements")) == len(scores)


def test_the_curve_is_the_default_of_the_score_table(responses):
    run, _ = responses
    scores = pd.read_csv(run / "scores.csv", keep_default_na=False)
    for measure, figure in (("auroc", "roc"), ("auprc", "precision-recall")):
        own = scores[(scores["arm"] == "default") & (scores["measure"] == measure)]["value"].iloc[0]
        assert f"this model {own:.3f}" in (run / "figures" / f"{figure}.svg").read_text()


def test_nominal_and_achieved_coverage_stand_together(responses):
    run, page = responses
    achieved = json.loads((run / "config.json").read_text())["coverage"]["interval_achieved"]
    part = page[page.index('<section id="uncertainty"') : page.index('<section id="methods"')]
    assert "95.0 %" in part
    assert f"{100 * achieved:.1f} %" in part


def test_checksums_licences_and_citations_are_printed(responses):
    page = responses[1]
    for text in ("ab" * 32, "CC BY 4.0", "Nature 571:63 (2019)", "Nature 623:406 (2023)"):
        assert text in page


def drawn(run):
    """Captions of the figures of each section, by section and by name, without writing them."""
    contents = read_run(run)
    parts = page_sections(contents, headline(contents.scores))
    return {part.key: {p.name: p.caption for p in part.pictures} for part in parts}


@pytest.fixture(scope="module")
def drawn_responses(responses):
    return drawn(responses[0])


def changed(run, to, change):
    shutil.copytree(run, to)
    with xr.open_dataset(to / "predictions.nc", engine="h5netcdf") as file:
        data = file.load()
    change(data).to_netcdf(to / "predictions.nc", engine="h5netcdf")
    return to


@pytest.mark.parametrize(
    ("dropped", "gone"),
    [
        ("probability", {"roc", "probability", "precision-recall", "probability-calibration"}),
        ("detected", {"roc", "precision-recall", "probability-calibration"}),
        ("low", {"coverage"}),
        ("n_observations", {"coverage"}),
        ("held_out", set()),
        ("baseline_score", set()),
    ],
)
def test_what_is_absent_is_left_out_and_the_rest_stays(
    tmp_path, responses, drawn_responses, dropped, gone
):
    run = changed(responses[0], tmp_path / "run", lambda data: data.drop_vars(dropped))
    before = {name for part in drawn_responses.values() for name in part}
    parts = drawn(run)
    assert gone <= before
    assert {name for part in parts.values() for name in part} == before - gone
    assert ("curves" in parts) == ("roc" not in gone)


def test_a_run_without_audit_methods_or_nulls_has_none_of_their_sections(tmp_path):
    run = activity_run(tmp_path / "run")
    about = json.loads((run / "config.json").read_text())
    kept = {key: about[key] for key in ("name", "job", "question", "answer")}
    (run / "config.json").write_text(json.dumps(kept))
    scores = pd.read_csv(run / "scores.csv", keep_default_na=False)
    scores[~scores["arm"].str.startswith("null")].to_csv(run / "scores.csv", index=False)
    assert {"nulls", "audit", "methods", "citations", "provenance"}.isdisjoint(drawn(run))
    page = write_report(run).read_text(encoding="utf-8")
    assert "no null wiring to compare with" in page


def test_one_member_has_no_spread_to_show(tmp_path):
    assert set(drawn(response_run(tmp_path / "run", n_members=1))["uncertainty"]) == {"coverage"}


def test_an_entry_that_was_not_held_out_counts_nowhere(tmp_path, responses, drawn_responses):
    def observe_the_first_trial(data):
        data["held_out"][0] = 0
        return data

    run = changed(responses[0], tmp_path / "run", observe_the_first_trial)
    measured = read_run(run).predictions["measured"]
    for parts, left_out in ((drawn_responses, 0), (drawn(run), 1)):
        n = int(np.isfinite(measured[left_out:]).sum())
        assert f"All {n:,} held-out entries" in parts["calibration"]["effect-calibration"]
        assert f"{n:,} held-out pairs" in parts["curves"]["roc"]


def test_measured_and_predicted_matrices_have_responders_as_rows(responses):
    run = responses[0]
    contents = read_run(run)
    pictures = {
        p.name: p
        for part in page_sections(contents, headline(contents.scores))
        for p in part.pictures
    }
    for name, variable in (("measured", "measured"), ("probability", "probability")):
        ax = pictures[name].axes
        values = np.ma.filled(ax.images[0].get_array(), np.nan)
        rows = [tick.get_text() for tick in ax.get_yticklabels()]
        columns = [tick.get_text() for tick in ax.get_xticklabels()]
        found = contents.predictions[variable].isel(time=0).sel(trial=columns, neuron=rows)
        expected = found.transpose("neuron", "trial").to_numpy()
        known = np.isfinite(values)
        assert known.sum() > 100
        np.testing.assert_allclose(values[known], expected[known])
        assert ax.get_ylabel() == "responder"


def test_a_broken_run_leaves_the_old_report_standing(tmp_path):
    run = activity_run(tmp_path / "run")
    page = write_report(run).read_bytes()
    (run / "predictions.nc").write_bytes(b"not netcdf")
    with pytest.raises(StudyError, match="Remove the file and run again"):
        write_report(run)
    assert (run / "report.html").read_bytes() == page


@pytest.mark.slow
def test_a_whole_worm_makes_a_page_below_3_megabytes(tmp_path):
    run = response_run(tmp_path / "run", n_neurons=300, n_stimulated=173)
    assert write_report(run).stat().st_size < 3_000_000
