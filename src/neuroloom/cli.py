"""The command line: parse, call one public function, print. Imports its work when called."""

import os
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from neuroloom import __version__
from neuroloom.commands.connectivity import ConnectivityCommand, run_connectivity
from neuroloom.commands.options import DataFolder, NameOrPath, Out, Progress, name_of
from neuroloom.commands.plan import PlanCommand, run_plan
from neuroloom.commands.study import Run, Studies, list_studies, run_in, run_study
from neuroloom.errors import InputError, NeuroloomError, nearest
from neuroloom.studies.config import PRESETS, PredictConfig
from neuroloom.studies.reading import Reading

__all__ = ["main"]

DESCRIPTION = """neuroloom: from wiring to activity, and back.

Reads a connectome and recordings and says what the neurons you did not record do, how far the
wiring alone decides it, and how sure that is. Start with `neuroloom demo`: the main job on a real
worm, with a report. Then `neuroloom predict` on your own files."""

Kind = Literal["rate", "calcium", "spike_count", "response"]
ReadOptions = Annotated[Reading, tyro.conf.arg(name="")]
AS_IT_IS = Reading()


@dataclass(frozen=True)
class Demo:
    """Predict a real worm's responses from its wiring, and write a report (a few minutes).

    Fits a connectome-constrained network to the responses of a living worm's neurons to optogenetic
    stimulation (Randi 2023), with stimulated neurons held out in 5 folds, left and right homologs
    together. Scores it beside simple baselines and beside the same model on null wirings.
    """

    out: Out = Path("runs")
    progress: Progress = True


@dataclass(frozen=True)
class Predict:
    """Predict neurons that were not recorded, or responses that were not measured.

    With a recording of activity over time, a fraction of the recorded neurons is held out and
    scored; if the fit explains the observed neurons and misses the held-out ones it is called not
    identified. Neurons that were never recorded get intervals, as wide as errors on held-out ones
    say, and the next ones to record are named. With a recording of responses (one trial a
    stimulated neuron), stimulated neurons are held out in folds, homologs together.

    On the shipped worm, at full size: `neuroloom predict --preset full`.
    On your own files: `neuroloom predict --connectome edges.csv --neurons neurons.csv
    --recording rec.nwb --held-out 0.2`.
    """

    connectome: Annotated[str, NameOrPath] = "worm"
    """A dataset's name (see `neuroloom datasets`) or a file."""
    reading: ReadOptions = AS_IT_IS
    """How the file of a connectome is read."""
    recording: Annotated[str, NameOrPath] = "worm-responses"
    """A dataset's name or a file: NPZ, CSV, NetCDF, NWB, Zarr or WormWideWeb."""
    preset: Literal["demo", "full"] = "demo"
    """Where the numbers below start from. demo: 3 members, 2 nulls x 2 draws. full: 8 members, 4
    nulls x 10 draws."""
    config: Annotated[PredictConfig, tyro.conf.arg(name="")] = PRESETS["demo"]
    """The numbers of the job."""
    resample: float | None = None
    """Time step in seconds to resample to, if times are not uniform."""
    dt: float | None = None
    """Seconds per step, where the file does not say; the bin width of spike times."""
    kind: Kind | None = None
    """What the activity is, where the file does not say."""
    out: Out = Path("runs")
    progress: Progress = True


@dataclass(frozen=True)
class Inspect:
    """Say what a connectome or recording holds, and what reading it kept, changed or left out.

    Of a connectome it also prints graph statistics beside null wirings (degrees, reciprocity,
    motifs, spectral radius, paths, effective connectivity) and draws them in one HTML page.
    """

    file: Annotated[tyro.conf.Positional[str], NameOrPath]
    """A file, a folder of a public release, or the name of a dataset."""
    reading: ReadOptions = AS_IT_IS
    """How the file of a connectome is read."""
    dt: float | None = None
    """Seconds per step, where the file does not say; the bin width of spike times."""
    resample: float | None = None
    """Time step in seconds to resample to, if times are not uniform."""
    kind: Kind | None = None
    """For a recording: what its activity is, where the file does not say."""
    sign_rule: Literal["transmitter", "glutamate-inhibits", "glutamate-excites", "none"] = (
        "transmitter"
    )
    """What unknown signs become in signed statistics. transmitter: acetylcholine +, GABA -, others
    unknown. glutamate-inhibits (as in most of the fly) and glutamate-excites set glutamate too."""
    report: bool = True
    """For a connectome: write the page; or only print."""
    out: Annotated[Path, tyro.conf.arg(help="Folder that receives inspect-NAME.html.")] = Path(
        "runs"
    )
    draws: int | None = None
    """Wirings to draw of each null; by default 20, or as many as fit into about a minute."""
    seed: int = 0
    """Seed of null wirings and of sampled paths."""
    progress: Progress = True


@dataclass(frozen=True)
class Simulate:
    """Push neurons of a wired rate network and see who follows.

    For example `neuroloom simulate --connectome worm --stimulate ASHL ASHR --duration 2`.
    """

    stimulate: tuple[str, ...]
    """Ids of the neurons that receive input."""
    connectome: Annotated[str, NameOrPath] = "worm"
    """A dataset's name or a file."""
    reading: ReadOptions = AS_IT_IS
    """How the file of a connectome is read."""
    amplitude: float = 1.0
    """Input while stimulated, in the units of the state."""
    duration: float = 2.0
    """Length of the simulation, in seconds."""
    onset: float = 0.2
    """Start of the input, in seconds."""
    width: float = 1.0
    """Length of the input, in seconds."""
    dt: float = 0.01
    """Time step, in seconds."""
    tau: float = 0.1
    """Time constant of every neuron, in seconds."""
    radius: float = 0.9
    """Weights are scaled so that the largest |eigenvalue| of the signed wiring is this."""
    sign_rule: Literal["transmitter", "excitatory", "dropped"] = "transmitter"
    """What to do with connections of unknown sign."""
    integrator: Literal["euler", "exponential"] = "euler"
    """How a step is taken: forward Euler, or exponential Euler, which bears steps above tau."""
    calcium_decay: float | None = None
    """Show calcium instead of rates: decay of the kernel in seconds, 1 dF/F per unit of rate."""
    calcium_rise: float | None = None
    """Rise of the kernel in seconds: a double exponential. Without it, a single one."""
    top: int = 15
    """How many neurons to print."""
    out: Path | None = None
    """Write the rates, or calcium, here: NetCDF (.nc), NWB (.nwb), NPZ (.npz) or Zarr (.zarr)."""


@dataclass(frozen=True)
class Datasets:
    """List the datasets that can be named, whether they are here, their licence and citation."""

    name: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="[NAME]")] = ""
    """One dataset, with all of its members; default: every dataset."""
    data: DataFolder = None


@dataclass(frozen=True)
class Report:
    """Write the HTML report of a finished run again."""

    run: tyro.conf.Positional[Path]
    """A run's folder."""
    predictions: Path | None = None
    """Also write the mean prediction, measurements beside it: .nc, .nwb, .npz or .zarr."""


def _commands(preset: str, run: Run[Any], about: str) -> object:
    """What tyro parses; the numbers of `predict` and `run` start from the named presets."""
    predict = tyro.conf.subcommand("predict", default=Predict(config=PRESETS[preset]))  # pyright: ignore[reportArgumentType]
    study: Any = Annotated[
        Run[type(run.config)],  # pyright: ignore[reportInvalidTypeArguments, reportInvalidTypeForm]
        tyro.conf.subcommand("run", default=run, description=about),
    ]
    return (
        Annotated[Demo, tyro.conf.subcommand("demo")]
        | Annotated[Inspect, tyro.conf.subcommand("inspect")]
        | Annotated[Predict, predict]
        | Annotated[PlanCommand, tyro.conf.subcommand("plan")]
        | Annotated[ConnectivityCommand, tyro.conf.subcommand("connectivity")]
        | Annotated[Simulate, tyro.conf.subcommand("simulate")]
        | study
        | Annotated[Studies, tyro.conf.subcommand("studies")]
        | Annotated[Datasets, tyro.conf.subcommand("datasets")]
        | Annotated[Report, tyro.conf.subcommand("report")]
    )


def _preset_in(arguments: list[str]) -> str:
    """The preset named on the command line; the parser itself refuses an unknown one."""
    for word, following in pairwise([*arguments, ""]):
        name = word.removeprefix("--preset=") if word.startswith("--preset=") else following
        if word.startswith("--preset") and name in PRESETS:
            return name
    return "demo"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 when the input was wrong, 130 when interrupted.

    1 when a study broke; 141 when nobody reads the output any more.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given in (["--version"], ["-V"]):
        print(f"neuroloom {__version__}")
        return 0
    try:
        command = tyro.cli(  # pyright: ignore[reportCallIssue]
            _commands(_preset_in(given), *run_in(given)),  # pyright: ignore[reportArgumentType]
            prog="neuroloom",
            description=DESCRIPTION,
            args=given,
        )
        use_every_core()
        return _RUN[type(command)](command) or 0
    except NeuroloomError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # who reads our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt as stop:
        told = f"Stopped: {stop}" if str(stop) else "Stopped."
        print(f"{told} The same command carries on where it was.", file=sys.stderr)
        return 130


def use_every_core() -> None:
    """Give JAX one host device a core and wide vectors, unless the user has set XLA_FLAGS.

    Must run before JAX starts. Measured in `benchmarks/rate_network.py`; the library never does it
    on import.
    """
    if "XLA_FLAGS" not in os.environ and "jax" not in sys.modules:
        os.environ["XLA_FLAGS"] = (
            f"--xla_force_host_platform_device_count={os.cpu_count() or 1} "
            "--xla_cpu_prefer_vector_width=512"
        )


def _demo(command: Demo) -> None:
    _predict(Predict(out=command.out, progress=command.progress))


def _predict(command: Predict) -> None:
    from neuroloom.report import write_report
    from neuroloom.report.terminal import print_scores
    from neuroloom.studies.prediction import predict
    from neuroloom.studies.sources import load_connectome, load_recording

    run = predict(
        load_connectome(command.connectome, **command.reading.options()),
        load_recording(
            command.recording,
            resample=command.resample,
            dt=command.dt,
            kind=command.kind,
            data=command.reading.data,
        ),
        command.config,
        out=command.out,
        progress=command.progress,
    )
    report = write_report(run)
    print_scores(run, report)


def _inspect(command: Inspect) -> None:
    import numpy as np

    from neuroloom.connectome import TransmitterSigns
    from neuroloom.report.terminal import print_inspection
    from neuroloom.studies.inspection import inspect

    if command.draws is not None and command.draws < 0:
        raise InputError(
            f"`--draws` must be at least 0; got {command.draws}. Leave it out for as many as fit."
        )
    if command.seed < 0:
        raise InputError(f"`--seed` must be at least 0; got {command.seed}. Leave it out for 0.")
    rules = {
        "transmitter": TransmitterSigns(),
        "glutamate-inhibits": TransmitterSigns(glutamate=-1),
        "glutamate-excites": TransmitterSigns(glutamate=1),
        "none": None,
    }
    found = inspect(
        command.file,
        **command.reading.options(),
        resample=command.resample,
        dt=command.dt,
        kind=command.kind,
        sign_rule=rules[command.sign_rule],
        rng=np.random.default_rng(command.seed),
        n_draws=command.draws,
        progress=command.progress,
    )
    print_inspection(found)
    if command.report and found.statistics is not None:
        from neuroloom.report.inspection_page import write_inspection

        name = name_of(command.file)
        page = command.out / f"inspect-{name}.html"
        print(f"report: {write_inspection(found, page)}")


def _simulate(command: Simulate) -> None:
    from neuroloom.networks import ExponentialEuler, ForwardEuler
    from neuroloom.report.terminal import print_followers
    from neuroloom.studies.push import push
    from neuroloom.studies.saving import require_ending, save_computed
    from neuroloom.studies.sources import load_connectome

    if command.top < 1:
        raise InputError(f"`--top` must be at least 1; got {command.top}. Leave it out for 15.")
    if command.out is not None:
        require_ending(command.out)
    integrators = {"euler": ForwardEuler(), "exponential": ExponentialEuler()}
    activity = push(
        load_connectome(command.connectome, **command.reading.options()),
        command.stimulate,
        amplitude=command.amplitude,
        duration=command.duration,
        onset=command.onset,
        width=command.width,
        dt=command.dt,
        tau=command.tau,
        radius=command.radius,
        sign_rule=command.sign_rule,
        integrator=integrators[command.integrator],
        calcium_decay=command.calcium_decay,
        calcium_rise=command.calcium_rise,
    )
    if command.out is not None:
        save_computed(command.out, activity)
        print(f"wrote {command.out}")
    print_followers(activity, command.stimulate, top=command.top)


def _datasets(command: Datasets) -> None:
    from neuroloom import datasets
    from neuroloom.report.terminal import print_datasets

    known = datasets.available(command.data)
    if command.name:
        known = tuple(dataset for dataset in known if dataset.name == command.name)
        if not known:
            names = {dataset.name for dataset in datasets.available()}
            raise InputError(
                f"A dataset must be one of {len(names)} names; got `{command.name}`. "
                f"{nearest(command.name, names)}"
            )
    print_datasets(known, every_member=bool(command.name))


def _report(command: Report) -> None:
    from neuroloom.report import write_report
    from neuroloom.report.predicted import predicted_recording
    from neuroloom.studies.saving import require_ending, save_computed

    if command.predictions is not None:
        require_ending(command.predictions, "--predictions")
    print(f"report: {write_report(command.run)}")
    if command.predictions is not None:
        save_computed(command.predictions, predicted_recording(command.run))
        print(f"wrote {command.predictions}")


_RUN = {
    Demo: _demo,
    Predict: _predict,
    Inspect: _inspect,
    PlanCommand: run_plan,
    ConnectivityCommand: run_connectivity,
    Simulate: _simulate,
    Run: run_study,
    Studies: list_studies,
    Datasets: _datasets,
    Report: _report,
}

if __name__ == "__main__":
    sys.exit(main())
