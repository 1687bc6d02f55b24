"""What the command line prints."""

import io
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

from neuroloom.datasets import DatasetInfo, available
from neuroloom.errors import StudyError
from neuroloom.recording import Recording
from neuroloom.report.terminal import print_datasets, print_followers, print_rows, print_scores
from runs_on_disk import response_run


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=160, highlight=False, color_system=None)


def printed(console):
    return console.file.getvalue()


def test_scores_answer_and_report_are_printed(console, tmp_path):
    run = response_run(tmp_path / "run")
    print_scores(run, run / "report.html", console=console)
    text = printed(console)
    assert "AUROC, pooled" in text
    assert "default" in text
    assert "null wiring: rewired, every degree kept" in text
    assert "Yes: the ranking of pairs is better" in text
    assert f"report: {run / 'report.html'}" in text


def test_scores_of_a_broken_run_are_refused(console, tmp_path):
    run = response_run(tmp_path / "run")
    (run / "scores.csv").write_text("arm\n")
    with pytest.raises(StudyError, match="Remove the file and run again"):
        print_scores(run, run / "report.html", console=console)


def test_brackets_in_names_are_printed_not_obeyed(console):
    print_rows("[bold]title", [("[red]name", "[/nonsense]")], console=console)
    assert "[bold]title" in printed(console)
    assert "[red]name" in printed(console)
    assert "[/nonsense]" in printed(console)


def test_datasets_are_printed_with_licence_citation_and_where_to_get_them(console):
    print_datasets(
        [
            DatasetInfo(
                name="worm",
                noun="connectome",
                present=False,
                where="install [worm]",
                size="302 neurons",
                licence="MIT",
                citation="Cook 2019",
            )
        ],
        console=console,
    )
    for word in ("worm", "connectome", "not here", "install [worm]", "302 neurons", "Cook 2019"):
        assert word in printed(console)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_dataset_is_readable_at_any_width_and_printed_once(width):
    console = Console(file=io.StringIO(), width=width, highlight=False, color_system=None)
    known = available()
    print_datasets(known, console=console)
    lines = printed(console).splitlines()
    assert max(map(len, lines)) <= width
    for dataset in known:
        titles = [line for line in lines if line.split("  ")[0] == dataset.name]
        assert len(titles) == 1
        assert dataset.noun in titles[0]
    text = "".join(printed(console).split())
    for dataset in known:
        for fact in (dataset.size, dataset.licence, dataset.citation):
            assert "".join(fact.split()) in text
    n = len({dataset.name for dataset in known})
    assert lines[-1].endswith(f"of {n} datasets are here")


def test_many_members_are_cut_short_unless_all_are_asked_for():
    many = DatasetInfo(
        name="flies",
        noun="recording",
        present=True,
        where="here",
        size="20 flies",
        licence="MIT",
        citation="us",
        n_bytes=1_234_567,
        members=tuple(f"fly{i}" for i in range(20)),
        default="fly0",
    )
    for every, last in ((False, False), (True, True)):
        console = Console(file=io.StringIO(), width=300, highlight=False, color_system=None)
        print_datasets([many], every_member=every, console=console)
        assert ("fly19" in printed(console)) == last
        assert ("and 12 others" in printed(console)) != last
        assert "alone it is flies/fly0" in printed(console)
        assert "1.2 MB" in printed(console)


def test_followers_are_ordered_by_size_of_change_without_the_pushed_one(console):
    activity = np.zeros((1, 3, 4))
    activity[0, :, 0] = [0, 5, 9]
    activity[0, :, 1] = [1, 1, 1.5]
    activity[0, :, 2] = [0, -2, 0]
    rates = Recording(
        activity=activity,
        neuron_id=np.array(["pushed", "weak", "down", "still"]),
        kind="rate",
        unit="Hz",
        dt=0.1,
        audit=("as [it] was",),
    )
    print_followers(rates, ["pushed"], top=2, console=console)
    text = printed(console)
    assert "peak change of rate (Hz)" in text
    assert "- as [it] was" in text
    assert text.index("down") < text.index("weak")
    assert "-2" in text
    assert "0.10" in text
    assert "still" not in text
    assert "pushed" in text.splitlines()[0]
    assert not any("pushed" in line for line in text.splitlines()[1:])


def test_printing_does_not_import_matplotlib():
    code = "import neuroloom.report.terminal, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_name_with_colons_is_printed_as_it_is(capsys):
    print_rows("Tm4:-1:0", [("Tm4:-1:1", "L1:heart:")])
    assert {"Tm4:-1:0", "Tm4:-1:1", "L1:heart:"} <= set(capsys.readouterr().out.split())
