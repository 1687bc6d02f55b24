"""What a run folder holds, read strictly: a missing or broken file is one error with a way out."""

import csv
import dataclasses
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from jaxtyping import Int, Num, Shaped

from neuroloom.errors import StudyError
from neuroloom.report.records import CoverageAt, NeuronScore, PlannedNeuron, Score

__all__ = [
    "RunContents",
    "WiringTable",
    "read_about",
    "read_part",
    "read_plan",
    "read_run",
    "read_scores",
]

WIRING_ARRAYS = ("neuron_id", "pre", "post", "kind", "count", "sign")
BY_ENTRY = ("trial", "time", "neuron")
JOBS = ("responses", "activity", "study")
MEASURED = ("elapsed_seconds", "peak_memory_gb")
DIMENSIONS = {
    "predicted": (*BY_ENTRY, "member"),
    "baseline_score": ("baseline", *BY_ENTRY),
} | dict.fromkeys(
    ("measured", "probability", "detected", "n_observations", "low", "high", "held_out"), BY_ENTRY
)
_AGAIN = "Give the folder of a finished run, or run it again with the command that made it."
_BROKEN = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,
    csv.Error,
    zipfile.BadZipFile,
)
_T = TypeVar("_T")


@dataclass(frozen=True)
class WiringTable:
    """Connections of the run, as `wiring.npz` holds them; ends are positions in `neuron_id`.

    Attributes:
        neuron_id: Name of each neuron.
        pre: Where each connection starts.
        post: Where each connection ends.
        kind: 0 chemical, 1 electrical (stored once, no direction), 2 neuromuscular.
        count: Contacts in each connection.
        sign: +1, -1, or 0 where it is not known (or electrical).
    """

    neuron_id: Shaped[np.ndarray, " neuron"]
    pre: Int[np.ndarray, " connection"]
    post: Int[np.ndarray, " connection"]
    kind: Int[np.ndarray, " connection"]
    count: Num[np.ndarray, " connection"]
    sign: Int[np.ndarray, " connection"]


@dataclass(frozen=True)
class RunContents:
    """A run folder in memory.

    Attributes:
        about: `config.json`.
        scores: `scores.csv`, one row a measurement.
        neurons: `scores_per_neuron.csv`, one row a neuron, role and measure.
        predictions: `predictions.nc`.
        wiring: `wiring.npz`.
        coverage: `coverage.csv`, one row a level; empty where the run has none.
        plan: `plan.csv`, one row a neuron to record next; empty where the run has none.
    """

    about: Mapping[str, Any]
    scores: tuple[Score, ...]
    neurons: tuple[NeuronScore, ...]
    predictions: xr.Dataset
    wiring: WiringTable
    coverage: tuple[CoverageAt, ...] = ()
    plan: tuple[PlannedNeuron, ...] = ()

    @property
    def unit(self) -> str:
        """Unit of the effect, for the axes."""
        said = self.predictions.attrs.get("unit") or self.about.get("unit")
        return str(said or "unit not stated")


def read_about(run: Path) -> Mapping[str, Any]:
    """`config.json` of a run, which says what job it was.

    Raises:
        StudyError: If the folder or the file is missing or broken.
    """
    if not run.is_dir():
        what = "is a file" if run.exists() else "does not exist"
        raise StudyError(f"A report must be written from a run folder; {run} {what}. {_AGAIN}")
    return read_part(run, "config.json", _about)


def read_run(run: Path) -> RunContents:
    """Read a run folder of `predict`.

    Raises:
        StudyError: If the folder, a file, a column or an array is missing or broken; names it and
            says what to do.
    """
    return RunContents(
        about=read_about(run),
        scores=read_scores(run),
        neurons=read_part(run, "scores_per_neuron.csv", _rows(NeuronScore)),
        predictions=read_part(run, "predictions.nc", _predictions),
        wiring=read_part(run, "wiring.npz", _wiring),
        coverage=_read_if_there(run, "coverage.csv", CoverageAt),
        plan=read_plan(run),
    )


def read_plan(run: Path) -> tuple[PlannedNeuron, ...]:
    """Only the plan of a run; empty if it has none.

    Raises:
        StudyError: If `plan.csv` is broken.
    """
    return _read_if_there(run, "plan.csv", PlannedNeuron)


def read_scores(run: Path) -> tuple[Score, ...]:
    """Only the scores of a run, read as strictly as the rest.

    Raises:
        StudyError: If `scores.csv` is missing or broken.
    """
    return read_part(run, "scores.csv", _rows(Score))


def _read_if_there(run: Path, name: str, kind: type[_T]) -> tuple[_T, ...]:
    return read_part(run, name, _rows(kind)) if (run / name).exists() else ()


def read_part(run: Path, name: str, reader: Callable[[Path], _T]) -> _T:
    """One file of a run.

    Raises:
        StudyError: If it is missing, or the reader stumbles; says what to do.
    """
    path = run / name
    if not path.is_file():
        held = sorted(p.name for p in run.iterdir() if not p.name.startswith("."))
        raise StudyError(
            f"A run folder must hold `{name}`; {run} has none (it holds "
            f"{', '.join(held) or 'nothing'}). {_AGAIN}"
        )
    try:
        return reader(path)
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        RuntimeError,
        csv.Error,
        zipfile.BadZipFile,
    ) as error:
        reason = error.args[0] if isinstance(error, KeyError) and error.args else error
        raise StudyError(
            f"`{name}` of a run must be readable; in {run} it is not ({reason}). Remove the file "
            "and run again with the command that made it."
        ) from error


def _about(path: Path) -> Mapping[str, Any]:
    about = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(about, dict):
        raise ValueError(f"it holds a {type(about).__name__} where an object belongs")
    texts = ("name", "job", "question", "answer")
    missing = [key for key in texts if not isinstance(about.get(key), str)]
    if missing:
        raise ValueError(f"no text under {', '.join(missing)}")
    if about["job"] not in JOBS:
        raise ValueError(f"`job` is {about['job']!r}, not {', '.join(JOBS[:-1])} or {JOBS[-1]}")
    kinds = {"audit": list, "methods": list, "citations": list, "data": list}
    kinds |= {"arms": list, "broken": list}
    kinds |= {"config": dict, "versions": dict, "coverage": dict}
    for key, kind in kinds.items():
        if not isinstance(about.setdefault(key, kind()), kind):
            raise ValueError(f"`{key}` is no {'list' if kind is list else 'object'}")
    numbers = about["coverage"] | {key: about.get(key) for key in MEASURED}
    for key, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise ValueError(f"`{key}` is {value!r}, not a number")
    return about


def _rows(kind: type[_T]) -> Callable[[Path], tuple[_T, ...]]:
    """A reader of a table whose columns are the fields of a dataclass of texts and numbers."""
    columns = {field.name: field.type for field in dataclasses.fields(kind)}  # pyright: ignore[reportArgumentType]

    def read(path: Path) -> tuple[_T, ...]:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, strict=True)
            missing = [name for name in columns if name not in (table.fieldnames or ())]
            if missing:
                raise ValueError(f"column {', '.join(missing)} is missing")
            rows = tuple(
                kind(**{name: _cell(row[name], type_) for name, type_ in columns.items()})
                for row in (_whole(row, table.line_num) for row in table)
            )
        if not rows:
            raise ValueError("it has no rows")
        return rows

    return read


def _whole(row: dict[Any, Any], line: int) -> dict[str, str]:
    """The row, if it has a value in every column and none beyond."""
    if None in row or None in row.values():
        raise ValueError(f"line {line} has not as many values as there are columns")
    return row


def _cell(text: str, kind: object) -> str | float:
    # A neuron may be called NA: only numbers have missing values here.
    return float(text.strip() or "nan") if kind is float else text


def _predictions(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf") as file:
        dataset = file.load()
    missing = [name for name in ("predicted", "measured") if name not in dataset]
    if missing:
        raise ValueError(f"variable {', '.join(missing)} is missing")
    for name, wanted in DIMENSIONS.items():
        if name in dataset and set(dataset[name].dims) != set(wanted):
            raise ValueError(f"`{name}` has axes {dataset[name].dims} where {wanted} belong")
        if name in dataset:
            dataset[name] = dataset[name].transpose(*wanted)
            if dataset[name].dtype.kind not in "fiub":
                raise ValueError(f"`{name}` holds {dataset[name].dtype}, not numbers")
    nameless = [
        name
        for name in (*BY_ENTRY, "baseline")
        if name in dataset.dims and name not in dataset.coords
    ]
    if nameless:
        raise ValueError(f"axis {', '.join(nameless)} has no coordinate")
    return dataset


def _wiring(path: Path) -> WiringTable:
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        missing = [name for name in WIRING_ARRAYS if name not in file.files]
        if missing:
            raise ValueError(f"array {', '.join(missing)} is missing")
        arrays = {name: file[name] for name in WIRING_ARRAYS}
    sizes = {len(arrays[name]) for name in WIRING_ARRAYS[1:]}
    if len(sizes) > 1:
        raise ValueError(f"its connections have unequal lengths: {sorted(sizes)}")
    for name in ("pre", "post"):
        outside = (arrays[name] < 0) | (arrays[name] >= len(arrays["neuron_id"]))
        if outside.any():
            raise ValueError(f"`{name}` has {outside.sum()} positions that are no neuron")
    return WiringTable(**(arrays | {"neuron_id": arrays["neuron_id"].astype(str)}))
