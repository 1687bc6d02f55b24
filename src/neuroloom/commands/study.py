"""`neuroloom run` and `neuroloom studies`. Imports their work when called."""

import inspect
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import tyro

from neuroloom.commands.options import DataFolder, Out, Progress
from neuroloom.errors import InputError
from neuroloom.studies.registry import STUDIES, check_preset, presets_of, question_of

__all__ = ["NoStudy", "Run", "Studies", "list_studies", "run_in", "run_study"]

Config = TypeVar("Config")


@dataclass(frozen=True)
class NoStudy:
    """No study is named, so there are no numbers of one."""


@dataclass(frozen=True)
class Run(Generic[Config]):
    """Run a study: arms beside their controls, claims with their verdicts, a report.

    What is finished is kept, cell by cell: the same command carries on after an interruption or a
    crash, and arms that are run one by one gather in one folder. Ends with 1 if a cell broke, not
    if a claim fails.
    """

    config: Annotated[Config, tyro.conf.arg(name="")]
    """The numbers of the study; they start from the preset."""
    study: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="STUDY")] = ""
    """What to run, right behind `run`: a name that `neuroloom studies` lists."""
    preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = ""
    """Where the numbers start from; default: the quickest preset of the study."""
    arm: tyro.conf.UseAppendAction[
        Annotated[tuple[tuple[str, ...], ...], tyro.conf.arg(metavar="NAME")]
    ] = ()
    """Only these arms, as `neuroloom studies NAME` lists them; default: all."""
    cluster: Annotated[str | None, tyro.conf.arg(metavar="here|local:N|ADDRESS")] = None
    """Spread cells over N processes of this machine, or a Dask scheduler such as tcp://host:8786
    whose workers see the run's folder; `here`: one after another in this process. Default: `here`,
    or a process a core for studies whose cells keep one core busy."""
    seeds: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """How many seeds, for studies that are of seeds throughout; the same as their `--n-seeds`."""
    data: DataFolder = None
    out: Out = Path("runs")
    progress: Progress = True


@dataclass(frozen=True)
class Studies:
    """List the studies: their questions, and how long each preset is predicted to take."""

    name: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="[NAME]")] = ""
    """One study, with its arms and claims; default: every study."""


def run_in(arguments: list[str]) -> tuple[Run[Any], str]:
    """What `run` starts from, given the study and the preset that are named, and its description.

    Raises:
        InputError: If the study or the preset is not known, or `run` names no study.
    """
    about = inspect.cleandoc(Run.__doc__ or "")
    words = arguments[1:] if arguments[:1] == ["run"] else ["--help"]
    study = words[0] if words and not words[0].startswith("-") else ""
    if study:
        presets = presets_of(study)
        preset = next(iter(presets))
        for word, following in pairwise([*words, ""]):
            if word == "--preset" or word.startswith("--preset="):
                preset = word.removeprefix("--preset=") if "=" in word else following
        check_preset(study, preset)
        known = f"{study}: {question_of(study)}\n\nPresets: {', '.join(presets)}."
        return Run(presets[preset], study, preset), f"{about}\n\n{known}"
    if not {"--help", "-h"} & set(words):
        got = words[0] if words else "nothing"
        raise InputError(
            f"`run` must be followed by the name of a study; got {got}. Known: "
            f"{', '.join(sorted(STUDIES))}. `neuroloom studies` says what they ask."
        )
    listed = "\n\n".join(f"{name}: {question_of(name)}" for name in STUDIES)
    return Run(NoStudy()), f"{about}\n\nStudies:\n\n{listed}"


def run_study(command: Run[Any]) -> int:
    """Run, draw, print; 1 if a cell broke."""
    from neuroloom.report import write_report
    from neuroloom.report.terminal import print_study_run
    from neuroloom.studies.framework import BrokenRunError, run
    from neuroloom.studies.framework.cluster import HERE, default_cluster
    from neuroloom.studies.registry import load_study

    config = command.config
    if command.seeds is not None:
        if not hasattr(config, "n_seeds"):
            raise InputError(
                f"`--seeds` must be for a study that has `--n-seeds`; `{command.study}` has none. "
                f"`neuroloom run {command.study} --help` lists what its parts have."
            )
        config = replace(config, n_seeds=command.seeds)
    cluster = command.cluster or default_cluster(load_study(command.study))
    broken = None
    try:
        folder = run(
            command.study,
            config,
            arms=[name for names in command.arm for name in names],
            out=command.out,
            cluster=None if cluster == HERE else cluster,
            data=command.data,
            progress=command.progress,
        )
    except BrokenRunError as error:
        folder, broken = error.run, error
    print_study_run(folder, write_report(folder))
    if broken:
        print(f"Error: {broken}", file=sys.stderr)
    return 1 if broken else 0


def list_studies(command: Studies) -> None:
    """Print the studies, or the arms and claims of one."""
    from neuroloom.report.terminal import print_studies, print_study
    from neuroloom.studies.registry import load_study

    if command.name:
        print_study(load_study(command.name))
    else:
        print_studies([load_study(name) for name in STUDIES])
        print("`neuroloom studies NAME` lists the arms and claims of one.")
