"""`neuroloom run` and `neuroloom studies`: what they print and return."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from neuroloom.cli import main
from neuroloom.errors import StudyError
from neuroloom.studies.registry import STUDIES, load_study, presets_of, question_of


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """No line breaks inside what is printed; and a study of the tests beside those that ship."""
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setitem(STUDIES, "mean-or-median", "mean_or_median")


def ran(folder, *words):
    return main(["run", "mean-or-median", "--no-progress", "--out", str(folder), *words])


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_is_whole_and_named_as_it_is_listed(name):
    study = load_study(name)
    assert study.name == name
    assert study.presets == presets_of(name)
    assert study.question == question_of(name)
    for config in study.presets.values():
        cells = study.cells(config)
        assert study.predicted_seconds(config, cells) >= 0


def test_claims_are_printed_and_one_that_fails_is_no_error(tmp_path, capsys):
    assert ran(tmp_path, "--arm", "mean", "flies", "--arm", "median") == 0
    out, err = capsys.readouterr()
    assert err == ""
    said = " ".join(out.split())
    assert "pass falls: The error falls with the number of draws" in said
    assert "criterion criterion of falls" in said
    assert "fail median: " in said
    assert "thousand: not tested at this size: there is no normal mse" in said
    assert "flies: not tested: no data: nobody counted flies" in said
    report = out.rpartition("report: ")[2].strip()
    assert "The error falls with the number of draws" in Path(report).read_text()
    assert main(["report", report.removesuffix("/report.html")]) == 0


def test_seeds_is_short_for_n_seeds_and_refused_where_a_study_has_none(tmp_path, capsys):
    for words in (("--seeds", "2"), ("--n-seeds", "2")):
        assert ran(tmp_path, "--arm", "median", *words) == 0
    assert len(list(tmp_path.glob("mean-or-median-*"))) == 1
    (run,) = tmp_path.glob("mean-or-median-*")
    assert len(list((run / "cells").glob("median-*.json"))) == 4  # two sizes, two seeds
    capsys.readouterr()
    assert main(["run", "constrained-networks", "--seeds", "2", "--out", str(tmp_path)]) == 2
    assert "`neuroloom run constrained-networks --help` lists" in capsys.readouterr().err


def test_a_broken_run_prints_what_there_is_and_ends_with_1(tmp_path, capsys):
    assert ran(tmp_path, "--arm", "mean", "--broken-seed", "1") == 1
    out, err = capsys.readouterr()
    assert "broken: mean, size 4, seed 1: ZeroDivisionError" in out
    assert "not tested: 2 of 8 cells of mean failed" in out
    assert err.startswith("Error: Every cell and every judge must come to an end; 2 did not")


@pytest.mark.parametrize(
    ("one_core", "asked", "used"),
    [
        (True, [], "local:3"),
        (True, ["--cluster", "here"], None),
        (True, ["--cluster", "local:2"], "local:2"),
        (False, [], None),
    ],
)
def test_cells_that_keep_one_core_busy_are_spread_over_all(
    one_core, asked, used, tmp_path, monkeypatch
):
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    seen = []

    def ran_on(study, config, *, cluster, **_):
        seen.append(cluster)
        raise StudyError("as far as this test goes")

    study = replace(load_study("mean-or-median"), one_core=one_core)
    monkeypatch.setattr("neuroloom.studies.registry.load_study", lambda _: study)
    monkeypatch.setattr("neuroloom.studies.framework.run", ran_on)
    monkeypatch.setattr("neuroloom.studies.framework.cluster.n_cores", lambda: 3)
    assert ran(tmp_path, *asked) == 2
    assert seen == [used]


def test_numbers_start_from_the_preset_and_can_be_changed(tmp_path):
    assert ran(tmp_path, "--preset", "paper", "--arm", "mean", "--n-seeds", "2") == 0
    (folder,) = tmp_path.glob("mean-or-median-*")
    assert len((folder / "measurements.csv").read_text().splitlines()) == 1 + 4 * 2 * 2
    assert ran(tmp_path, "--preset=paper", "--arm", "mean", "--n-seeds=2") == 0
    assert list(tmp_path.glob("mean-or-median-*")) == [folder]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run"], "must be followed by the name of a study; got nothing. Known: connectome-"),
        (["run", "--preset", "fast"], "must be followed by the name of a study; got --preset"),
        (["run", "mean-or-medain"], "got `mean-or-medain`. Did you mean `mean-or-median`?"),
        (["run", "mean-or-median", "--preset", "fats"], "got `fats`. Did you mean `fast`?"),
        (["run", "mean-or-median", "--preset=papre"], "got `papre`. Did you mean `paper`?"),
        (["run", "mean-or-median", "--arm", "meen"], "got `meen`. Did you mean `mean`?"),
        (["run", "mean-or-median", "--arm", "mean", "--cluster", "there"], "`local:2` or `tcp:"),
        (["studies", "mean-median"], "Did you mean `mean-or-median`?"),
    ],
)
def test_what_is_not_known_is_answered_with_the_nearest(words, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert "Traceback" not in err


def test_an_unknown_number_is_answered_with_the_nearest(capsys):
    with pytest.raises(SystemExit):
        main(["run", "mean-or-median", "--n-sedes", "3"])
    assert "--n-seeds" in capsys.readouterr().err


def test_help_teaches_studies_and_presets_without_loading_any(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["run", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(f"{name}: {question_of(name)}" in text for name in STUDIES)
    with pytest.raises(SystemExit):
        main(["run", "mean-or-median", "--preset", "paper", "--help"])
    text = capsys.readouterr().out
    assert "Presets: fast, paper." in text
    assert "--n-seeds" in text
    assert "(default: 40)" in text


@pytest.mark.parametrize("words", [["run", "--help"], ["run", "constrained-networks", "--help"]])
def test_helping_loads_nothing_heavy(words):
    script = f"""
import sys
from neuroloom.cli import main
try:
    main({words})
finally:
    print("LOADED", *sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert "neuroloom.studies.constrained_networks.config" in loaded
    heavy = {"jax", "numpy", "scipy", "pandas", "xarray", "distributed", "matplotlib"}
    assert loaded & heavy == set()


def test_studies_are_listed_with_question_presets_and_time(capsys):
    assert main(["studies"]) == 0
    text = capsys.readouterr().out
    for name in STUDIES:
        assert f"{name}  {question_of(name)}" in text
    assert "paper about 3 s on two cores, 328 cells" in text
    assert main(["studies", "mean-or-median"]) == 0
    text = capsys.readouterr().out
    for word in ("heading", "Real flies.", "fly-heading", "criterion of falls", "The median"):
        assert word in text
