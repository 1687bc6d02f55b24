"""Arms of a user's recording: heading and tuning of its neurons; likeness to trained networks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom import datasets
from neuroloom.analysis.heading_recording import (
    HeadingSettings,
    compare_with_network,
    decode_heading,
    heading_of,
    heading_table,
    network_beside,
)
from neuroloom.analysis.similarity import linear_cka, procrustes_similarity
from neuroloom.errors import InputError
from neuroloom.recording import Recording, read_recording
from neuroloom.recording.files import recognize
from neuroloom.recording.nwb import Nearest, read_nwb
from neuroloom.runs import checksum
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.head_direction.recording.config import RecordingConfig
from neuroloom.studies.head_direction.trained.arms import TRAINED, UNTRAINED
from neuroloom.studies.head_direction.trained.config import DEFAULT
from neuroloom.studies.head_direction.trained.networks import (
    kept_seeds,
    task_of,
    trained_networks,
    untrained_network,
)
from neuroloom.studies.sources import dataset_nouns

__all__ = [
    "ARMS",
    "CKA",
    "DECODED",
    "MEASURES",
    "NAME",
    "NETWORKS",
    "NEURONS",
    "SHIFTED",
    "SURE",
    "read",
]

NAME, NETWORKS = "recording", "recording-networks"
DECODED, SHIFTED, NEURONS = "decoded", "activity shifted in time", "neurons"
CKA = "linear CKA"
MEASURES = {CKA: linear_cka, "Procrustes": procrustes_similarity}
ROW_OF = {"decoded": DECODED, "one heading throughout": "one heading", SHIFTED: SHIFTED}
SURE = 0.05


def cells(config: Any) -> Sequence[Cell]:
    """One, for the neurons; none without a recording."""
    return grid(NAME, file=_files(config))


def network_cells(config: Any) -> Sequence[Cell]:
    """One for every network; none without a recording."""
    return grid(NETWORKS, file=_files(config), seed=config.seeds)


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """What neurons say of the heading."""
    return _neurons(read(config.recording, context.data), _settings(config), config.recording)


def measure_network(cell: Cell, config: Any, context: Context) -> Measured:
    """How alike a network is that is shown the turning."""
    recording = read(config.recording, context.data)
    return _network(recording, _settings(config), cell["seed"], config, context)


def read(config: RecordingConfig, data: Path | None) -> Recording:
    """The recording, with all its behavior; the nearest sample of a heading, because it wraps.

    Args:
        config: Which.
        data: Folder of the datasets that may not ship.

    Raises:
        InputError: If it is no recording, or has no such heading.
    """
    if "recording" in dataset_nouns(config.file):
        return datasets.recording(config.file, data=data)
    path = Path(config.file)
    if recognize(path) == "nwb":
        return read_nwb(path, dt=config.dt, behavior=Nearest())
    return read_recording(path, dt=config.dt)


def _neurons(recording: Recording, settings: HeadingSettings, config: RecordingConfig) -> Measured:
    found = decode_heading(recording, settings)
    table = heading_table(recording, settings, n_draws=config.n_draws)
    rows = [
        Row(ROW_OF[arm], name.replace(" ", "_"), found.score(arm, name), unit)
        for arm, name, unit in zip(
            *(found.scores[c] for c in ("arm", "measure", "unit")), strict=True
        )
        if arm in ROW_OF
    ]
    for column, name in (("p_heading", "tuned_to_heading"), ("p_turning", "tuned_to_turning")):
        rows.append(Row(NEURONS, name, float(np.mean(table[column].to_numpy(float) < SURE)), "1"))
    arrays = {
        "dt": np.array(recording.dt),
        "true": found.true,
        "decoded": found.heading,
        "neuron": table["neuron"].to_numpy().astype(str),
        **{
            name: table[name].to_numpy(float)
            for name in ("preferred_deg", "explained", "p_heading", "turning_slope", "p_turning")
        },
    }
    return Measured(rows, arrays=arrays, notes=found.audit)


def _network(
    recording: Recording, settings: HeadingSettings, seed: int, config: Any, context: Context
) -> Measured:
    if not kept_seeds(DEFAULT, [seed], config, context):
        return Measured([], failures=[f"seed {seed} diverged in training and is left out"])
    task = task_of(DEFAULT, config.trained)
    heading = heading_of(recording, settings.heading, degrees=settings.degrees)
    (trained,) = trained_networks(DEFAULT, [seed], config, context)
    rows = []
    for kind, network in (
        (TRAINED, trained),
        (UNTRAINED, untrained_network(DEFAULT, seed, config.trained)),
    ):
        for name, by in MEASURES.items():
            alike = compare_with_network(
                recording, network, task, settings, measure=by,
                n_null=config.recording.n_draws, n_draws=config.recording.n_draws,
            )  # fmt: skip
            at = {"by": name}
            rows += [
                Row(kind, "similarity", alike.value, "1", at),
                Row(kind, "similarity_shifted", float(np.quantile(alike.null, 0.95)), "1", at),
            ]
    beside = network_beside(trained, task, heading, dt=float(recording.dt or np.nan))
    away = np.abs(np.rad2deg(np.angle(np.exp(1j * (beside.heading - heading)))))
    rows.append(Row(TRAINED, "heading_error", float(np.nanmedian(away)), "deg"))
    rows.append(Row(TRAINED, "turning_sd", beside.turning_sd, "1"))
    return Measured(rows)


def _settings(config: Any) -> HeadingSettings:
    return HeadingSettings(config.recording.heading, config.recording.degrees)


def _files(config: Any) -> tuple[str, ...]:
    """The recording by name or content, or none."""
    source = config.recording.file
    return (_digest(source, *_state(source)),) if source else ()


def _state(source: str) -> tuple[int, int]:
    """What changes when a file does, so that its content is read once."""
    if dataset_nouns(source):
        return (0, 0)
    path = Path(source)
    if not path.exists():
        raise InputError(
            f"`recording.file` must be a file or a dataset; there is no `{source}`. Check the path."
        )
    return (path.stat().st_size, path.stat().st_mtime_ns)


@cache
def _digest(source: str, size: int, changed: int) -> str:
    """Name of a dataset, which has checksums of its own; else of the content."""
    del size, changed
    path = Path(source)
    if dataset_nouns(source):
        return source
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    return checksum(*files)[:16]


ARMS = (
    Arm(
        name=NAME,
        sentence=(
            "The heading of a recorded animal is decoded from its neurons, in blocks of time that "
            "tuning curves have not seen, and each neuron's tuning is taken."
        ),
        control="activity shifted in time; guesses without activity",
        cells=cells,
        measure=measure,
        seconds=lambda cell, config: 20.0,
    ),
    Arm(
        name=NETWORKS,
        sentence=(
            "Networks are shown the turning of the recorded animal, and their populations are held "
            "against the recorded one."
        ),
        control="the network shifted in time; the network before training",
        cells=network_cells,
        measure=measure_network,
        seconds=lambda cell, config: 30.0,
    ),
)
