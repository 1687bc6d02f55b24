import json

import pytest

from make_activity_files import Teacher, write_files
from neuroloom.cli import main

SMALL = ["--n-members", "1", "--n-null-draws", "1", "--nulls", "rewire", "--n-steps", "25"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_files(folder, Teacher(n_neurons=20, n_driven=4))
    return folder


def test_ones_own_files_become_a_report_with_the_word_that_matters(files, tmp_path, capsys):
    given = ["predict", "--connectome", str(files / "edges.csv")]
    given += ["--neurons", str(files / "neurons.csv"), "--recording", str(files / "rec.nwb")]
    code = main([*given, "--held-out", "0.2", *SMALL, "--out", str(tmp_path), "--no-progress"])
    printed = capsys.readouterr().out
    assert code == 0
    (run,) = tmp_path.iterdir()
    about = json.loads((run / "config.json").read_text())
    words = ("Identified:", "Not identified:", "Not explained:")
    assert any(word in about["answer"] for word in words)
    assert "held out 4 of 20" in " ".join(about["methods"])
    assert str(run.name) in printed.replace("\n", "")
    page = (run / "report.html").read_text(encoding="utf-8")
    assert about["question"].split(",")[0] in page


def test_an_edge_list_without_its_neurons_is_told_what_is_missing(files, tmp_path, capsys):
    given = ["predict", "--connectome", str(files / "edges.csv"), "--recording"]
    code = main([*given, str(files / "neurons.csv"), "--out", str(tmp_path), "--no-progress"])
    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith("Error: ")
    assert "Traceback" not in said
