"""The command line, in this process: what it prints, where, and what it returns."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from neuroloom import __version__, cli
from neuroloom.cli import main
from neuroloom.commands.study import NoStudy
from neuroloom.connectome import write_csv
from neuroloom.recording import read_recording
from neuroloom.recording.files import recognize

COMMANDS = {
    "demo": cli.Demo,
    "inspect": cli.Inspect,
    "predict": cli.Predict,
    "plan": cli.PlanCommand,
    "simulate": cli.Simulate,
    "run": cli.Run,
    "studies": cli.Studies,
    "datasets": cli.Datasets,
    "report": cli.Report,
}
POSITIONAL = {
    ("plan", "k"): "-k",
    ("inspect", "file"): "NAME|FILE",
    ("report", "run"): "PATH",
    ("datasets", "name"): "[NAME]",
    ("studies", "name"): "[NAME]",
    ("run", "study"): "STUDY",
}
HEAVY = ("jax", "equinox", "pandas", "matplotlib", "scipy", "sklearn", "xarray")


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """No line breaks inside what is printed."""
    monkeypatch.setenv("COLUMNS", "400")


@pytest.fixture
def edges(tmp_path, a_to_b):
    write_csv(tmp_path / "edges.csv", a_to_b, neurons=tmp_path / "neurons.csv")
    return tmp_path / "edges.csv"


def stopped(arguments):
    """The code with which the parser left."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


def refused(arguments, capsys):
    """The message of a command that must be refused: code 2, one error, no traceback."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("Error: ") == 1
    assert "Traceback" not in err
    return err


def options(kind):
    """Every field as the command line spells it; those of nested configs too."""
    for field in dataclasses.fields(kind):
        if kind is cli.Run and field.name == "config":
            yield from options(NoStudy)
        elif field.name in ("config", "reading"):
            yield from options(type(field.default))
        else:
            yield field.name


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_that_of_the_package(option, capsys):
    assert main([option]) == 0
    assert capsys.readouterr().out == f"neuroloom {__version__}\n"


def test_help_names_every_command_and_where_to_start(capsys):
    assert stopped(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"• {name}" in text for name in COMMANDS)
    assert "Start with `neuroloom demo`" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_names_every_option_and_describes_it(command, capsys):
    assert stopped([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert COMMANDS[command].__doc__.splitlines()[0] in text
    for name in options(COMMANDS[command]):
        word = POSITIONAL.get((command, name), f"--{name.replace('_', '-')}")
        listed = [line.strip("│ ") for line in text.splitlines() if line.startswith((" ", "│"))]
        lines = [line.replace(",", " ,") for line in listed if line] + ["--"]
        found = [i for i, line in enumerate(lines) if line.split()[0] == word]
        assert len(found) == 1, name
        following = lines[found[0] + 1]
        said = lines[found[0]] + ("" if following.startswith("--") else f" {following}")
        assert len(said.split("(")[0].split()) > 3, f"{command} {word} is not described"


def test_a_command_is_needed():
    assert stopped([]) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["simulate", "--stimulate", "ASHL", "--durration", "3"], "--duration"),
        (["predict", "--held-uot", "0.2"], "--held-out"),
        (["datasets", "--all"], "Unrecognized options: --all"),
        (["inspct", "worm"], "inspect"),
        (["predict", "--preset", "ful"], "Expected one of ('demo', 'full')"),
        (["simulate", "--stimulate", "a", "--dt", "fast"], "--dt"),
        (["simulate", "--stimulate", "a", "--integrator", "rk4"], "('euler', 'exponential')"),
    ],
)
def test_an_unknown_option_is_answered_with_what_is_near(arguments, told, capsys):
    assert stopped(arguments) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert out == ""


def test_datasets_are_listed_with_licence_and_citation(capsys):
    assert main(["datasets"]) == 0
    text = capsys.readouterr().out
    for word in ("worm", "worm-responses", "worm-responses-unc31", "MIT", "GPL-3.0-or-later"):
        assert word in text
    assert "10.1038/s41586-019-1352-7" in text
    assert "10.1038/s41586-023-06683-4" in text


def test_inspect_tells_what_a_dataset_holds(tmp_path, capsys):
    assert main(["inspect", "worm", "--draws", "2", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "302 neurons, 135 muscles, 36 other" in text
    assert "3,828 with 21,920 em_sections" in text
    assert "a transmitter is not a sign" in text
    assert "669 mutual pairs (187 ++, 57 +-, 9 --, 253 +?, 25 -?, 138 ??), 3,503 one-way" in text
    assert "spectral radius, signed" in text
    assert "10.1038/s41586-019-1352-7" in text
    assert "against null wirings" in text
    assert f"report: {tmp_path / 'inspect-worm.html'}" in text
    assert [path.name for path in tmp_path.iterdir()] == ["inspect-worm.html"]


def test_inspect_tells_what_ones_own_files_hold(edges, capsys):
    arguments = ["inspect", str(edges), "--neurons", str(edges.with_name("neurons.csv"))]
    assert main([*arguments, "--no-report"]) == 0
    text = capsys.readouterr().out
    assert "1 with 2 synapses" in text
    assert "1 +, 0 -, 0 unknown" in text
    assert "none: feed-forward" in text
    assert sorted(path.name for path in edges.parent.iterdir()) == ["edges.csv", "neurons.csv"]


def test_the_same_seed_prints_the_same_statistics(capsys):
    printed = []
    for seed in ("1", "1", "2"):
        assert main(["inspect", "worm", "--draws", "2", "--seed", seed, "--no-report"]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert printed[0] != printed[2]


def test_inspect_takes_the_kind_that_a_file_lacks(tmp_path, capsys):
    path = tmp_path / "activity.csv"
    path.write_text("time,a,b\n0,1,2\n0.5,3,4\n")
    assert "Pass `kind=`" in refused(["inspect", str(path)], capsys)
    assert main(["inspect", str(path), "--kind", "calcium"]) == 0
    assert "1 x 2 x 2" in capsys.readouterr().out


def test_a_bad_file_gets_one_error_and_no_traceback(tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_bytes(b"\x80\x04\x95junk")
    error = refused(["inspect", str(path)], capsys)
    assert "bad.csv reads as neither" in error
    assert "As a connectome: " in error
    assert "As a recording: " in error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["inspect", "wrm"], "Did you mean `worm`?"),
        (["inspect", "worm-respones"], "Did you mean `worm-responses`?"),
        (["simulate", "--connectome", "wurm", "--stimulate", "ASHL"], "Did you mean `worm`?"),
        (["predict", "--recording", "worm-response"], "Did you mean `worm-responses`?"),
        (["simulate", "--stimulate", "ASHX"], "'ASHX' is not (1 such of 1). Check spelling"),
        (["simulate", "--stimulate"], "Name it with `--stimulate`"),
        (["simulate", "--stimulate", "ASHL", "--calcium-rise", "0.1"], "Add `--calcium-decay`"),
        (["simulate", "--stimulate", "ASHL", "--dt", "0.1"], "or `--integrator exponential`"),
        (["simulate", "--stimulate", "ASHL", "--top", "0"], "Leave it out for 15"),
        (["simulate", "--stimulate", "ASHL", "--out", "no/such/x.nc"], "Make it, or choose"),
        (["simulate", "--stimulate", "ASHL", "--out", "x.mat"], "for example, `x.nc`"),
        (["inspect", "worm", "--draws", "-1"], "Leave it out for as many as fit"),
        (["inspect", "worm", "--seed", "-1"], "Leave it out for 0"),
        (["predict", "--n-members", "0"], "Leave it out for the preset's value"),
        (["predict", "--held-out", "20"], "say 0.2"),
        (["report", "no-such-run"], "run it again with the command that made it"),
    ],
)
def test_wrong_input_is_answered_with_what_to_do(arguments, told, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert told in refused(arguments, capsys)
    assert list(tmp_path.iterdir()) == []


def test_simulating_the_worm_prints_who_follows_and_writes_the_rates(tmp_path, capsys):
    out = tmp_path / "x.nc"
    arguments = ["simulate", "--connectome", "worm", "--stimulate", "ASHL", "--top", "3"]
    assert main([*arguments, "--duration", "0.5", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert f"wrote {out}" in text
    assert "who follows ASHL" in text
    printed = [line.split("│")[1:3] for line in text.splitlines() if line.startswith("│")]
    rates = read_recording(out)
    assert (rates.kind, rates.dt, rates.activity.shape) == ("rate", 0.01, (1, 50, 473))
    assert rates.stimuli[0].target == "ASHL"
    trace = rates.activity[0]
    peak = {
        str(name): trace[np.abs(trace[:, i]).argmax(), i]
        for i, name in enumerate(rates.neuron_id)
        if name != "ASHL"
    }
    first = sorted(peak, key=lambda name: -abs(peak[name]))[:3]
    assert [name.strip() for name, _ in printed] == first
    assert [float(value) for _, value in printed] == pytest.approx(
        [peak[name] for name in first], rel=0.01
    )


def test_simulating_ones_own_wiring_needs_nothing_but_signs(edges, capsys):
    assert main(["simulate", "--connectome", str(edges), "--stimulate", "a"]) == 0
    assert "+0.9" in capsys.readouterr().out


def test_calcium_by_exponential_steps_is_printed_and_written_with_unit_and_kernel(
    edges, tmp_path, capsys
):
    out = tmp_path / "x.nc"
    arguments = ["simulate", "--connectome", str(edges), "--stimulate", "a", "--out", str(out)]
    kernel = ["--calcium-decay", "0.5", "--calcium-rise", "0.1"]
    assert main([*arguments, *kernel, "--integrator", "exponential", "--dt", "0.2"]) == 0
    text = capsys.readouterr().out
    assert "peak change of calcium (dF/F)" in text
    seen = read_recording(out)
    assert (seen.kind, seen.unit, seen.activity.shape) == ("calcium", "dF/F", (1, 10, 2))
    for said in (
        "double exponential with rise 0.1 s and decay 0.5 s",
        "by ExponentialEuler, 0.2 s",
    ):
        assert said in text
        assert any(said in sentence for sentence in seen.audit)


def test_rates_that_cannot_be_written_are_an_error_and_no_traceback(edges, capsys):
    arguments = ["simulate", "--connectome", str(edges), "--stimulate", "a"]
    taken = edges.parent / "full.nc"
    (taken / "inside").mkdir(parents=True)
    assert "choose another" in refused([*arguments, "--out", str(taken)], capsys)


@pytest.mark.parametrize("ending", ["nc", "npz", "nwb", "zarr"])
def test_the_ending_of_out_says_the_format(ending, edges, tmp_path, capsys):
    out = tmp_path / f"x.{ending}"
    arguments = ["simulate", "--connectome", str(edges), "--stimulate", "a", "--out", str(out)]
    assert main(arguments) == 0
    assert f"wrote {out}" in capsys.readouterr().out
    assert recognize(out) == ("netcdf" if ending == "nc" else ending)
    seen = read_recording(out)
    assert (seen.kind, seen.dt, seen.activity.shape) == ("rate", 0.01, (1, 200, 2))
    assert np.isclose(seen.activity[0, 100, 0], 1, rtol=1e-3)


def test_a_simulation_as_nwb_is_valid_and_says_that_it_is_no_experiment(edges, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    out = tmp_path / "x.nwb"
    assert (
        main(["simulate", "--connectome", str(edges), "--stimulate", "a", "--out", str(out)]) == 0
    )
    assert pynwb.validate(path=str(out)) == []
    with pynwb.NWBHDF5IO(str(out), "r") as io:
        file = io.read()
        assert file.session_description.startswith("No experiment: simulation of ")
        assert file.experimenter is None
        assert file.processing["neuroloom"]["activity"].data.shape == (200, 2)


def fresh(*arguments):
    """A new interpreter."""
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("arguments", [("-c", "import neuroloom"), ("-m", "neuroloom", "--help")])
def test_importing_and_helping_load_nothing_heavy(arguments):
    done = fresh("-X", "importtime", *arguments)
    assert done.returncode == 0, done.stderr
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "neuroloom" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_the_module_is_the_command_line_and_hands_on_its_code():
    done = fresh("-m", "neuroloom", "inspect", "wrm")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert fresh("-m", "neuroloom", "--version").stdout == f"neuroloom {__version__}\n"


def test_a_reader_of_the_output_may_leave(tmp_path):
    code = "import sys; from neuroloom.cli import main; sys.exit(main(['datasets']))"
    done = subprocess.run(
        f'{sys.executable} -c "{code}" | head -1', shell=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("worm")
    assert done.stderr == ""
