"""A study run here, cell by cell: what it leaves, what it does not do again, what it names."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mean_or_median.config import MeanOrMedianConfig
from mean_or_median.study import STUDY
from neuroloom.errors import InputError, SimulationError, StudyError
from neuroloom.runs import is_finished
from neuroloom.studies.framework import (
    Arm,
    BrokenRunError,
    Cell,
    Claim,
    Context,
    Measured,
    Row,
    Study,
    Verdict,
    run,
)
from neuroloom.studies.framework.cells import ATTEMPTS, read_arrays, read_cell

QUICK = MeanOrMedianConfig()
SAME = ("measurements.csv", "scores.csv", "claims.json")


def quiet(config=QUICK, *, study=STUDY, **options):
    return run(study, config, progress=False, **options)


def rows(folder, name="scores.csv"):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def verdicts(folder):
    return {row["id"]: row for row in json.loads((folder / "claims.json").read_text())}


def about(folder):
    return json.loads((folder / "config.json").read_text())


def begun(folder):
    """Every time a cell was begun, a line each."""
    return [line for f in folder.glob("cells/*.begun") for line in f.read_text().splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return quiet(out=tmp_path_factory.mktemp("runs"), arms=["mean", "median", "flies"])


def test_a_run_leaves_what_the_design_lists(folder):
    assert is_finished(folder)
    assert (folder / "config.json").is_file()
    header = (folder / "scores.csv").read_text().splitlines()[0]
    assert header == "arm,split,measure,unit,value,low,high,n,size,half"
    header = (folder / "measurements.csv").read_text().splitlines()[0]
    assert header == "arm,split,measure,unit,value,size,seed,half"
    assert len(rows(folder, "measurements.csv")) == 2 * 2 * 4 * 2
    assert len(rows(folder)) == 2 * 2 * 2
    assert {row["n"] for row in rows(folder)} == {"4"}


def test_scores_are_what_numpy_computes_from_the_same_draws(folder):
    errors = []
    for seed in range(4):
        drawn = np.random.default_rng(seed).normal(size=(200, 64))
        errors.append(np.mean(np.median(drawn[:100, :4], axis=1) ** 2))
    (score,) = (
        row
        for row in rows(folder)
        if (row["arm"], row["size"], row["half"]) == ("median", "4", "first")
    )
    assert float(score["value"]) == np.mean(errors)


def test_claims_pass_fail_and_are_not_tested(folder):
    found = verdicts(folder)
    assert {name: row["verdict"] for name, row in found.items()} == {
        "falls": "pass",
        "median": "fail",
        "thousand": "not tested",
        "flies": "not tested",
    }
    assert found["thousand"]["reason"].startswith("at this size: there is no normal mse of mean")
    assert found["flies"]["reason"] == "no data: nobody counted flies"
    assert found["thousand"]["value"] is None
    assert about(folder)["answer"].startswith("Of 4 claims: 1 passed, 1 failed, 2 not tested")


def test_claims_on_arms_that_a_size_leaves_out_are_not_tested_at_this_size(tmp_path):
    from neuroloom.report.wording import verdict_text

    found = verdicts(quiet(replace(QUICK, sizes=()), out=tmp_path))
    for row in found.values():
        said = verdict_text(row["verdict"], row["reason"])
        assert said.startswith("not tested at this size: it leaves out ")


def test_a_note_of_many_cells_is_one_line_of_the_audit(folder):
    (line,) = [line for line in about(folder)["audit"] if "normal distribution" in line]
    assert line.startswith("mean, size 4, seed 0 and 15 other cells: ")


def test_arrays_lie_beside_the_rows_and_nothing_is_pickled(folder):
    files = sorted((folder / "cells").glob("*.npz"))
    assert len(files) == 16
    assert read_arrays(files[0])["found"].shape == (200,)
    kinds = {f.suffix for f in (folder / "cells").iterdir()}
    assert kinds == {".json", ".npz", ".begun", ".txt"}  # the texts say why flies are not there


def test_a_finished_run_is_not_run_again(tmp_path):
    first = quiet(out=tmp_path, arms=["mean"])
    before = [(first / name).read_bytes() for name in SAME]
    assert quiet(out=tmp_path, arms=["mean"]) == first
    assert len(begun(first)) == 8
    assert [(first / name).read_bytes() for name in SAME] == before
    assert is_finished(first)


def test_arms_run_one_by_one_gather_to_what_they_are_together(folder, tmp_path):
    one = quiet(out=tmp_path, arms=["median"])
    assert verdicts(one)["falls"]["reason"] == "mean was not run (`--arm mean`)"
    for name in ("flies", "mean"):
        assert quiet(out=tmp_path, arms=[name]) == one
    assert one.name == folder.name
    assert [(one / n).read_bytes() for n in SAME] == [(folder / n).read_bytes() for n in SAME]
    assert len(begun(one)) == 16


def test_other_numbers_are_another_run(folder, tmp_path):
    assert quiet(replace(QUICK, n_seeds=1), out=tmp_path, arms=["mean"]).name != folder.name


def test_an_arm_without_its_data_is_not_run_until_they_are_there(tmp_path, monkeypatch):
    monkeypatch.delenv("NEUROLOOM_DATA", raising=False)
    found = quiet(out=tmp_path, arms=["heading"], data=tmp_path)
    assert is_finished(found)
    (arm,) = [arm for arm in about(found)["arms"] if arm["name"] == "heading"]
    assert arm["lacking"].startswith("no data: fly-heading: May not ship. Put the")
    assert arm["n_done"] == 0


def test_a_data_folder_that_is_not_there_is_a_slip_and_no_run_without_data(tmp_path):
    with pytest.raises(InputError, match=r"must be a folder; .*typo is none"):
        quiet(out=tmp_path, arms=["heading"], data=tmp_path / "typo")
    assert not list(tmp_path.iterdir())


def test_a_broken_cell_is_retried_named_and_the_rest_is_done(tmp_path):
    with pytest.raises(BrokenRunError, match=r"2 did not: mean, size 4, seed 1: Zero") as caught:
        quiet(replace(QUICK, broken_seed=1), out=tmp_path, arms=["mean"])
    broken = caught.value.run
    assert not is_finished(broken)
    assert len(rows(broken, "measurements.csv")) == 2 * 3 * 2
    assert sum("seed 1" in line for line in begun(broken)) == 2 * ATTEMPTS
    assert verdicts(broken)["falls"]["verdict"] == "not tested"
    assert verdicts(broken)["falls"]["reason"] == "2 of 8 cells of mean failed"
    assert about(broken)["broken"] == [
        f"mean, size {size}, seed 1: ZeroDivisionError: this seed is broken (tried 3 times)"
        for size in (4, 64)
    ]
    (trace, _) = sorted((broken / "cells").glob("*.failure.txt"))
    assert "Traceback" in trace.read_text()


def test_what_broke_stays_broken_while_another_arm_is_run(tmp_path):
    config = replace(QUICK, broken_seed=1)
    for arm, n_broken in (("mean", 2), ("median", 4)):
        with pytest.raises(BrokenRunError, match=f"{n_broken} did not"):
            quiet(config, out=tmp_path, arms=[arm])


@dataclass(frozen=True)
class Numbers:
    """One number, and a folder for what the cells tell."""

    folder: str
    size: int = 3


def study_of(measure, judge=None, cells=lambda config: (Cell.of("only"),)):
    texts = ("sentence", "source", "measure", "criterion", "control")
    claims = (Claim("c", *texts, ("only",), judge),) if judge else ()
    only = Arm("only", "does it", "nothing", cells, measure, lambda *_: 1.0)
    return Study("one-cell", "Does it?", {}, (only,), claims)


def test_a_cell_that_heals_is_kept_and_told(tmp_path):
    seen = []

    def measure(cell, config, context):
        seen.append(cell)
        if len(seen) < ATTEMPTS:
            raise OSError("the disk was away")
        return Measured([Row("all", "mse", 1.0)])

    found = quiet(Numbers(""), study=study_of(measure), out=tmp_path)
    assert is_finished(found)
    (line,) = about(found)["audit"]
    assert line.count("OSError: the disk was away") == ATTEMPTS - 1
    assert not list(found.glob("cells/*.failure.txt"))


def test_an_error_that_was_raised_on_purpose_is_not_tried_again(tmp_path):
    seen = []

    def measure(cell, config, context):
        seen.append(cell)
        raise SimulationError("all members diverged")

    with pytest.raises(BrokenRunError, match=r"all members diverged \(tried once\)"):
        quiet(Numbers(""), study=study_of(measure), out=tmp_path)
    assert len(seen) == 1


def test_a_broken_judge_breaks_the_run_and_mending_it_needs_no_cell(tmp_path):
    seen = []

    def measure(cell, config, context):
        seen.append(cell)
        return Measured([Row("all", "mse", 1.0)])

    def judge(results, config):
        return Verdict.of(True, results.values("only", "all", "mse")[3])

    with pytest.raises(BrokenRunError, match="the judge of claim c stopped: IndexError"):
        quiet(Numbers(""), study=study_of(measure, judge), out=tmp_path)

    def mended(results, config):
        return Verdict.of(True, results.values("only", "all", "mse")[0])

    def stricter(results, config):
        return Verdict.of(False, results.values("only", "all", "mse")[0])

    for judge, verdict in ((mended, "pass"), (stricter, "fail")):
        found = quiet(Numbers(""), study=study_of(measure, judge), out=tmp_path)
        assert verdicts(found)["c"]["verdict"] == verdict
    assert len(seen) == 1


def test_a_row_that_could_not_be_measured_is_told_and_tests_nothing(tmp_path):
    def measure(cell, config, context):
        return Measured([Row("all", "mse", np.nan)], failures=["student 3 diverged at step 120"])

    def judge(results, config):
        return Verdict.of(results.values("only", "all", "mse").mean() < 1, 0.5)

    found = quiet(Numbers(""), study=study_of(measure, judge), out=tmp_path)
    assert verdicts(found)["c"]["verdict"] == "not tested"
    assert "only: student 3 diverged at step 120" in about(found)["audit"]
    assert "only: 1 of 1 values could not be measured" in about(found)["audit"]
    assert rows(found)[0]["value"] == ""


def test_a_killed_cell_finds_its_checkpoint_which_goes_with_it(tmp_path):
    def measure(cell, config, context):
        if not context.checkpoint.exists():
            context.checkpoint.write_text("half")
            raise KeyboardInterrupt
        return Measured([Row("all", "mse", len(context.checkpoint.read_text()))])

    with pytest.raises(KeyboardInterrupt, match=r"0 of 1 cells are done; what there is lies in"):
        quiet(Numbers(""), study=study_of(measure), out=tmp_path)
    found = quiet(Numbers(""), study=study_of(measure), out=tmp_path)
    assert rows(found)[0]["value"] == "4.0"
    assert not list(found.glob("cells/*checkpoint*"))


def test_what_a_cell_returns_after_ctrl_c_is_not_kept(tmp_path):
    """As `fit` does: it stops at Ctrl-C and returns what it has."""

    def measure(cell, config, context):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        except KeyboardInterrupt:
            return Measured([Row("all", "mse", 0.5)])
        return Measured([Row("all", "mse", 1.0)])

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        quiet(Numbers(""), study=study_of(measure), out=tmp_path)
    assert list(tmp_path.glob("one-cell-*/cells/*.json")) == []
    assert signal.getsignal(signal.SIGINT) is before


def test_a_damaged_cell_is_one_error_that_says_what_to_remove(tmp_path):
    found = quiet(out=tmp_path, arms=["mean"])
    cell = sorted(found.glob("cells/*.json"))[0]
    cell.write_text(cell.read_text()[:50])
    with pytest.raises(StudyError, match=rf"{cell.name} is not .*Remove that file"):
        quiet(out=tmp_path, arms=["mean"])
    cell.unlink()
    quiet(out=tmp_path, arms=["mean"])
    assert read_cell(cell) is not None


def test_a_study_preset_or_cluster_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(InputError, match="got `no-such-thing`"):
        run("no-such-thing", out=tmp_path)
    with pytest.raises(InputError, match=r"got `pepar`. Did you mean `paper`"):
        run(STUDY, "pepar", out=tmp_path)
    for cluster in ("local:0", "local", "seven"):
        with pytest.raises(InputError, match=r"`local:2` or `tcp://scheduler:8786`"):
            quiet(out=tmp_path, arms=["mean"], cluster=cluster)


def test_the_predicted_time_is_told_before_the_first_cell(tmp_path, capsys):
    run(STUDY, replace(QUICK, n_seeds=2), out=tmp_path, arms=["mean", "median"])
    told = capsys.readouterr().err
    assert "mean-or-median: 8 cells to compute (0 of 8 cells are done), about 1 s" in told


def context(folder):
    return Context(folder / "checkpoint", folder / "cache")


def test_what_is_cached_is_made_once_and_depends_on_every_part(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"w": np.arange(3.0)}

    big = np.zeros(5_000)
    other = big.copy()
    other[2_500] = 1  # what `repr` of an array leaves out
    for parts in (("a", big), ("a", big), ("a", other), ("b", big), (Numbers("x"), 1), (QUICK, 1)):
        assert context(tmp_path).cached("teacher", parts, make)["w"].tolist() == [0, 1, 2]
    assert len(made) == 5
    context(tmp_path).cached("student", ("a", big), make)
    assert len(made) == 6


@pytest.mark.parametrize("part", [lambda: 0, object(), [{1, 2}], {"a": print}])
def test_parts_that_a_hash_cannot_tell_apart_are_refused(part, tmp_path):
    with pytest.raises(InputError, match="must be numbers, texts, NumPy arrays"):
        context(tmp_path).cached("teacher", part, dict)


def test_objects_are_never_kept(tmp_path):
    with pytest.raises(InputError, match="`w` holds Python objects"):
        context(tmp_path).cached("teacher", 1, lambda: {"w": np.array([{}], dtype=object)})


def test_two_processes_that_want_the_same_make_it_once(tmp_path):
    script = f"""
import time
from pathlib import Path
import numpy as np
from neuroloom.studies.framework.cells import Context
folder = Path({str(tmp_path)!r})
def make():
    with (folder / "made").open("a") as file:
        file.write("once\\n")
    time.sleep(0.7)
    return {{"w": np.arange(3.0)}}
print(Context(folder / "c", folder / "cache").cached("teacher", 1, make)["w"].sum())
"""
    both = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [child.communicate(timeout=60)[0].strip() for child in both] == ["3.0", "3.0"]
    assert (tmp_path / "made").read_text() == "once\n"


def test_a_second_process_is_kept_out_of_a_run(tmp_path):
    def measure(cell, config, context):
        with pytest.raises(StudyError, match="another one is at work"):
            quiet(config, study=study_of(measure), out=tmp_path)
        return Measured([Row("all", "mse", 1.0)])

    quiet(Numbers(""), study=study_of(measure), out=tmp_path)


def test_the_framework_stays_small_enough_to_read():
    import neuroloom.studies.framework as framework

    files = sorted(Path(framework.__file__).parent.glob("*.py"))
    assert sum(len(f.read_text().splitlines()) for f in files) < 1500
