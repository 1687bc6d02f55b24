"""A name or a file, given on the command line, becomes a connectome or a recording."""

from pathlib import Path

from neuroloom import datasets
from neuroloom.connectome import Connectome, read_connectome
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording, read_recording

__all__ = ["dataset_nouns", "load_connectome", "load_recording"]


def load_connectome(
    source: str, *, neurons: Path | None = None, data: Path | None = None
) -> Connectome:
    """The dataset of this name, or the connectome in this file.

    Args:
        source: A name that `neuroloom datasets` lists, or a file.
        neurons: Table of neurons of an edge list.
        data: Folder with the datasets that may not ship; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If it is neither, or the file cannot be read.
    """
    if "connectome" in dataset_nouns(source):
        if neurons is not None:
            raise InputError(
                f"`--neurons` must go with an edge list; `{source}` is a dataset that has its own. "
                "Leave it out."
            )
        return datasets.connectome(source, data=data)
    return read_connectome(_existing(source, "connectome"), neurons=neurons)


def load_recording(
    source: str,
    *,
    resample: float | None = None,
    dt: float | None = None,
    kind: str | None = None,
    data: Path | None = None,
) -> Recording:
    """The dataset of this name, or the recording in this file.

    Args:
        source: A name that `neuroloom datasets` lists, or a file.
        resample: Time step to resample to, in seconds, if times are not uniform.
        dt: Seconds per step, where the file does not say; the bin width of spike times.
        kind: What the activity is, where the file does not say.
        data: Folder with the datasets that may not ship; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If it is neither, or the file cannot be read.
    """
    if "recording" in dataset_nouns(source):
        return datasets.recording(source, data=data)
    path = _existing(source, "recording")
    return read_recording(path, resample=resample, dt=dt, kind=kind)


def dataset_nouns(source: str) -> tuple[str, ...]:
    """What a dataset of this name can be opened as; empty for a file or an unknown name.

    A name without a slash is the dataset, also where a file has the same name.
    """
    return () if "/" in source and Path(source).is_file() else datasets.nouns_of(source)


def _names(noun: str) -> list[str]:
    return [dataset.name for dataset in datasets.available() if dataset.noun == noun]


def _existing(source: str, noun: str) -> Path:
    path = Path(source)
    if not path.is_file():
        nouns = datasets.nouns_of(source)
        if nouns:
            raise InputError(
                f"A {noun} must be the name of a dataset of that kind or a file; `{source}` is a "
                f"{nouns[0]}. Use it as the {nouns[0]}. {nearest(source, _names(noun))}"
            )
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(
            f"A {noun} must be the name of a dataset or a file; `{source}` is no dataset and "
            f"{what} as a file. {nearest(source, _names(noun))}"
        )
    return path
