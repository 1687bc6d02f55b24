"""What a file or dataset holds, and what was kept, changed or left out on reading it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neuroloom import datasets
from neuroloom.connectome import Connectome, summarize
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording
from neuroloom.studies.sources import dataset_nouns, load_connectome, load_recording

__all__ = ["Inspection", "inspect"]


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        title: What it is, in one line.
        rows: Name and value of each fact.
        audit: What was kept, changed or left out, a sentence each.
        value: The connectome or recording itself.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    audit: tuple[str, ...]
    value: Connectome | Recording

    def __str__(self) -> str:
        """Title, facts and audit as plain text."""
        facts = [f"  {name}: {value}" for name, value in self.rows]
        return "\n".join([self.title, *facts, *(f"  audit: {line}" for line in self.audit)])


def inspect(
    source: str | Path,
    *,
    neurons: Path | None = None,
    resample: float | None = None,
    dt: float | None = None,
    kind: str | None = None,
    data: Path | None = None,
) -> Inspection:
    """Read a connectome or a recording, whichever it is, and say what it holds.

    Args:
        source: A file, or the name of a dataset.
        neurons: For an edge list: its table of neurons.
        resample: Time step to resample to, in seconds, if times are not uniform.
        dt: Seconds per step, where the file does not say; the bin width of spike times.
        kind: For a recording: what its activity is, where the file does not say.
        data: Folder with the datasets that may not ship; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If it is neither; gives the reason of both readers.
    """
    source = str(source)
    nouns = dataset_nouns(source)
    if neurons is not None or "connectome" in nouns:
        found = inspect_connectome(load_connectome(source, neurons=neurons, data=data))
        if "recording" not in nouns:
            return found
        both = (*found.rows, ("also a recording", repr(load_recording(source, data=data))))
        return replace(found, rows=both)
    if not nouns and not Path(source).is_file():
        names = [dataset.name for dataset in datasets.available()]
        raise InputError(
            f"What to inspect must be a file or the name of a dataset; `{source}` is "
            f"{'a folder' if Path(source).is_dir() else 'neither'}. {nearest(source, names)} "
            "`neuroloom datasets` lists the names."
        )
    not_a_connectome = None
    if not nouns:
        try:
            return inspect_connectome(load_connectome(source))
        except InputError as error:
            not_a_connectome = error
    try:
        found = load_recording(source, resample=resample, dt=dt, kind=kind, data=data)
        return inspect_recording(found)
    except InputError as not_a_recording:
        if not_a_connectome is None:
            raise
        raise InputError(
            f"A file must hold a connectome or a recording; {Path(source).name} reads as neither.\n"
            f"As a connectome: {not_a_connectome}\nAs a recording: {not_a_recording}"
        ) from not_a_recording


def inspect_connectome(connectome: Connectome) -> Inspection:
    """Counts, degrees, signs and oddities of a connectome."""
    summary = summarize(connectome)
    return Inspection(repr(connectome), tuple(summary.rows), connectome.audit, connectome)


def inspect_recording(recording: Recording) -> Inspection:
    """Sizes, sampling, missing values and annotations of a recording."""
    seen = recording.activity[recording.observed]
    never = int((~recording.observed.any(axis=(0, 1))).sum())
    rows = [
        ("trials x steps x neurons", " x ".join(f"{n:,}" for n in recording.activity.shape)),
        ("kind", f"{recording.kind}{f', in {recording.unit}' if recording.unit else ''}"),
    ]
    if recording.dt is not None:
        span = recording.n_steps * recording.dt
        rows.append(("sampling", f"every {recording.dt:g} s, {span:g} s a trial"))
    rows.append(
        (
            "observed",
            f"{seen.size:,} of {recording.activity.size:,} entries; {never:,} neurons never",
        )
    )
    if seen.size:
        quantiles = np.quantile(seen, [0, 0.05, 0.5, 0.95, 1])
        rows.append(("least, 5 %, median, 95 %, most", ", ".join(f"{q:.3g}" for q in quantiles)))
    for title, names in (
        ("inputs", recording.input_name),
        ("behavior", tuple(recording.behavior)),
        ("trial columns", tuple(recording.trials)),
        ("annotations", tuple(recording.annotations)),
    ):
        if names:
            rows.append((title, ", ".join(names)))
    if recording.stimuli:
        rows.append(("stimuli", f"{len(recording.stimuli):,}"))
    if recording.n_observations is not None and seen.size:
        counts = recording.n_observations[recording.observed]
        rows.append(
            ("observations behind an entry", f"median {np.median(counts):g}, most {counts.max()}")
        )
    rows += [("licence", recording.licence), ("citation", recording.citation)]
    facts = tuple((name, value) for name, value in rows if value)
    return Inspection(repr(recording), facts, recording.audit, recording)
