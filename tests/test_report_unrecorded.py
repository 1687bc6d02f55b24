"""What the page and the terminal say of neurons never recorded, and of what to record next."""

import csv
import io

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from neuroloom.errors import StudyError
from neuroloom.report import write_report
from neuroloom.report.contents import read_run
from neuroloom.report.terminal import print_scores
from neuroloom.report.unrecorded_gallery import (
    level_pictures,
    plan_pictures,
    unrecorded_neurons,
    unrecorded_pictures,
)
from runs_on_disk import activity_run

PLAN = [
    ["order", "neuron", "error_before", "error_after", "random_after", "random_low"],
    [1, "AVAL", 0.8, 0.5, 0.7, 0.6],
    [2, "R<IM", 0.5, 0.4, 0.65, 0.5],
]
AFTER = [["random_high", "worst_after"], [0.75, 0.81], [0.7, 0.82]]
COVERAGE = [
    ["level", "achieved", "low", "high", "ensemble", "n"],
    [0.5, 0.52, 0.45, 0.6, 0.2, 30],
    [0.9, 0.91, 0.88, 0.94, 0.45, 30],
]


def write_table(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def run(tmp_path):
    """A run of 20 neurons; the last four were never recorded, the last one is least certain."""
    folder = activity_run(tmp_path / "run")
    with xr.open_dataset(folder / "predictions.nc", engine="h5netcdf") as file:
        data = file.load()
    data["measured"][:, :, 16:] = np.nan
    data["held_out"][:, :, 16:] = 0
    data["high"][:, :, 19] += 8.0
    data.to_netcdf(folder / "predictions.nc", engine="h5netcdf")
    write_table(folder / "plan.csv", [a + b for a, b in zip(PLAN, AFTER, strict=True)])
    write_table(folder / "coverage.csv", COVERAGE)
    return folder


def test_the_page_shows_intervals_of_unrecorded_neurons_and_the_plan(run):
    page = write_report(run).read_text(encoding="utf-8")
    for text in (
        "Promised and achieved coverage",
        "Neurons that were never recorded",
        "What to record next",
        "AVAL, R&lt;IM",
        "0.800 to 0.400",
    ):
        assert text in page
    assert "R<IM" not in page
    drawn = {path.stem for path in (run / "figures").glob("*.svg")}
    assert {"coverage-by-level", "unrecorded-traces", "interval-widths", "plan"} <= drawn


def test_axes_name_what_they_show_with_its_unit(run):
    contents = read_run(run)
    (levels,) = level_pictures(contents)
    assert levels.axes.get_xlabel() == "nominal coverage: promised (%)"
    assert levels.axes.get_ylabel() == "achieved on held-out neurons (%)"
    _, widths = unrecorded_pictures(contents)
    assert widths.axes.get_ylabel() == "half width of the interval (dF/F)"
    (plan,) = plan_pictures(contents)
    assert plan.axes.get_xlabel() == "further neurons recorded"
    assert plan.axes.get_ylabel() == "expected error of unrecorded neurons (dF/F)"


def test_only_neurons_measured_at_no_time_are_unrecorded(run):
    contents = read_run(run)
    assert np.flatnonzero(unrecorded_neurons(contents)).tolist() == [16, 17, 18, 19]
    traces, widths = unrecorded_pictures(contents)
    last = contents.predictions["neuron"].to_numpy()[19]
    assert traces.axes.get_yticklabels()[-1].get_text().startswith(f"{last}\n")
    assert "± 5" in traces.axes.get_yticklabels()[-1].get_text()
    line = widths.axes.get_lines()[0]
    np.testing.assert_allclose(line.get_ydata(), [1.0, 1.0, 1.0, 5.0])


def test_levels_stand_at_what_they_promise_and_achieve(run):
    (levels,) = level_pictures(read_run(run))
    lines = {line.get_label(): line for line in levels.axes.get_lines()}
    np.testing.assert_allclose(lines["intervals"].get_xydata(), [[50, 52], [90, 91]])
    np.testing.assert_allclose(lines["spread alone"].get_xydata(), [[50, 20], [90, 45]])


def test_the_plan_starts_from_what_is_known_now(run):
    (plan,) = plan_pictures(read_run(run))
    lines = {line.get_label(): line for line in plan.axes.get_lines()}
    np.testing.assert_allclose(lines["this plan"].get_xydata(), [[0, 0.8], [1, 0.5], [2, 0.4]])
    np.testing.assert_allclose(lines["worst"].get_ydata(), [0.8, 0.81, 0.82])


def test_the_terminal_says_what_to_record_next(run):
    said = io.StringIO()
    print_scores(run, run / "report.html", console=Console(file=said, width=200))
    assert "record next: AVAL, R<IM\n" in said.getvalue()


def test_a_run_without_plan_or_finite_intervals_says_nothing_of_either(run):
    for name in ("plan.csv", "coverage.csv"):
        (run / name).unlink()
    with xr.open_dataset(run / "predictions.nc", engine="h5netcdf") as file:
        data = file.load()
    data["high"][:] = np.inf
    data["low"][:] = -np.inf
    data.to_netcdf(run / "predictions.nc", engine="h5netcdf")
    page = write_report(run).read_text(encoding="utf-8")
    assert "What to record next" not in page
    assert "never recorded</h2>" not in page


def test_a_broken_plan_is_refused_with_what_to_do(run):
    write_table(run / "plan.csv", [row[:-1] for row in PLAN])
    with pytest.raises(StudyError, match=r"plan\.csv.*random_low.*Remove the file"):
        write_report(run)
