"""A name or a file, given on the command line, becomes a connectome or a recording."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuroloom import datasets
from neuroloom.connectome import (
    BothWays,
    Connectome,
    Drop,
    Electrical,
    KeepFirst,
    Refuse,
    Sum,
    read_connectome,
)
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Linear, Recording, read_nwb, read_recording
from neuroloom.recording.files import recognize

__all__ = ["behavior_named", "dataset_nouns", "load_connectome", "load_recording"]


def load_connectome(
    source: str,
    *,
    neurons: Path | Sequence[Path] | None = None,
    count_unit: str | None = None,
    neuropil: str | None = None,
    undirected: Refuse | Electrical | BothWays = Refuse(),  # noqa: B008
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    on_dangling: Refuse | Drop = Refuse(),  # noqa: B008
    data: Path | None = None,
) -> Connectome:
    """The dataset of this name, or the connectome in this file or folder.

    Args:
        source: A name that `neuroloom datasets` lists, a file, or a folder of a public release.
        neurons: As of `read_connectome`, like the next five; datasets need none of them.
        count_unit: What the counts count.
        neuropil: Only the rows of this neuropil or region.
        undirected: What an edge without direction is.
        on_duplicate: What to do where a connection repeats.
        on_dangling: What to do where an end is no neuron.
        data: Folder with the datasets that may not ship; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If it is neither, or the file cannot be read.
    """
    options: dict[str, Any] = {
        "neurons": neurons or None,
        "count_unit": count_unit,
        "neuropil": neuropil,
        "undirected": undirected,
        "on_duplicate": on_duplicate,
        "on_dangling": on_dangling,
    }
    if "connectome" in dataset_nouns(source):
        given = [name for name, value in options.items() if value not in (None, Refuse())]
        if given:
            raise InputError(
                f"`--{given[0].replace('_', '-')}` must go with a file; `{source}` is a dataset "
                "that has its own. Leave it out."
            )
        return datasets.connectome(source, data=data)
    return read_connectome(_existing(source, "connectome"), **options)


def load_recording(
    source: str,
    *,
    resample: float | None = None,
    dt: float | None = None,
    kind: str | None = None,
    data: Path | None = None,
    behavior: Sequence[str] = (),
) -> Recording:
    """The dataset of this name, or the recording in this file.

    Args:
        source: A name that `neuroloom datasets` lists, or a file.
        resample: Time step to resample to, in seconds, if times are not uniform.
        dt: Seconds per step, where the file does not say; the bin width of spike times.
        kind: What the activity is, where the file does not say.
        data: Folder with the datasets that may not ship; default: the variable NEUROLOOM_DATA.
        behavior: Series of an NWB file that are put on the recording's clock by straight lines;
            files of other formats have their behavior on it already.

    Raises:
        InputError: If it is neither, or the file cannot be read.
    """
    if "recording" in dataset_nouns(source):
        return datasets.recording(source, data=data)
    path = _existing(source, "recording")
    if behavior and recognize(path) == "nwb":
        names = Linear(tuple(behavior))
        return read_nwb(path, resample=resample, dt=dt, kind=kind, behavior=names)
    return read_recording(path, resample=resample, dt=dt, kind=kind)


def behavior_named(recording: Recording, names: Sequence[str]) -> tuple[str, ...]:
    """Variables of these names; of a series with unit or columns in its variables, all of them.

    Example:
        An NWB series `turning` in rad/s is the variable `turning_rad_per_s`.

    Args:
        recording: With its behavior.
        names: As a user gives them; what the recording lacks stays as it is.
    """
    found: list[str] = []
    for name in names:
        own = [one for one in recording.behavior if one.startswith(f"{name}_")]
        found += [name] if name in recording.behavior or not own else own
    return tuple(found)


def dataset_nouns(source: str) -> tuple[str, ...]:
    """What a dataset of this name can be opened as; empty for a file or an unknown name.

    A name without a slash is the dataset, also where a file has the same name.
    """
    return () if "/" in source and Path(source).is_file() else datasets.nouns_of(source)


def _names(noun: str) -> list[str]:
    return [dataset.name for dataset in datasets.available() if dataset.noun == noun]


def _existing(source: str, noun: str) -> Path:
    path = Path(source)
    if not path.exists():
        nouns = datasets.nouns_of(source)
        if nouns:
            raise InputError(
                f"A {noun} must be the name of a dataset of that kind or a file; `{source}` is a "
                f"{nouns[0]}. Use it as the {nouns[0]}. {nearest(source, _names(noun))}"
            )
        raise InputError(
            f"A {noun} must be the name of a dataset or a file; `{source}` is no dataset and does "
            f"not exist as a file. {nearest(source, _names(noun))}"
        )
    return path
