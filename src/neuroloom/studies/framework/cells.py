"""One cell: computed, retried, and kept as a file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import json
import signal
import threading
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from neuroloom import __version__
from neuroloom.errors import InputError, NeuroloomError, StudyError
from neuroloom.runs import atomic_write, config_hash, write_json
from neuroloom.studies.framework.study import Cell, Measured, NoDataError, Row, Study

__all__ = ["ATTEMPTS", "Context", "Kept", "Place", "compute", "read_arrays", "read_cell"]

ATTEMPTS = 3
"""How often a cell is tried that raises what neuroloom does not raise on purpose."""


@dataclass(frozen=True)
class Context:
    """What a cell is given beside its coordinates and the config.

    Attributes:
        checkpoint: A file for `fit(..., checkpoint=...)`, or the stem of several: a killed cell
            finds it again. It is removed once the cell is kept.
        cache: Folder of what cells, presets and studies share; see `cached`.
        data: The folder of the datasets that may not ship, as `--data` gave it.
        progress: Whether the cell may show bars of its own.
    """

    checkpoint: Path
    cache: Path
    data: Path | None = None
    progress: bool = False

    def cached(
        self, name: str, parts: object, make: Callable[[], Mapping[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """Arrays that several cells need, such as a trained teacher: made once, then read.

        Two processes that ask at once make it once: the second waits. What is returned is read
        from the file, also the first time.

        Args:
            name: Lower-case words with hyphens.
            parts: All that `make` depends on: dataclasses, numbers, texts, NumPy arrays, and
                tuples, lists and mappings of these. Our version counts too.
            make: Computes the arrays; none of objects.

        Raises:
            InputError: If `parts` or an array holds what has no plain form.
            StudyError: If the file is damaged or cannot be written.
        """
        _require_plain(parts)
        path = self.cache / f"{name}-{config_hash({'name': name, 'parts': parts}, {})}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with path.with_suffix(".lock").open("a+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not path.exists():
                    _write_arrays(path, make())
        return read_arrays(path)


@dataclass(frozen=True)
class Place:
    """Where a run keeps what its cells leave, and what they are given; travels to workers."""

    run: Path
    cache: Path
    data: Path | None
    progress: bool
    version: str = __version__

    def file(self, study: Study, cell: Cell, config: Any) -> Path:
        """Rows of a cell: `cells/<arm>-<hash>.json`; arrays and checkpoint lie beside it."""
        parts = {"study": study.name, "arm": cell.arm, "at": cell.coordinates, "config": config}
        return self.run / "cells" / f"{cell.arm}-{config_hash(parts, {})}.json"


def compute(study: Study, cell: Cell, config: Any, place: Place) -> str:
    """Compute a cell and keep it, or say why not; runs here or in a Dask worker.

    Errors that neuroloom raises on purpose would come again and are not tried again; any other is
    tried `ATTEMPTS` times.

    Returns:
        Empty where the cell was kept; else what went wrong in one line, and the traceback below it.
        Absent data are no failure: the line starts with `no data`.
    """
    if not place.run.is_dir() or place.version != __version__:
        return (
            f"a worker must see the run's folder and have neuroloom {place.version}; it has "
            f"{__version__} and {'sees' if place.run.is_dir() else 'does not see'} the folder"
        )
    path = place.file(study, cell, config)
    path.parent.mkdir(exist_ok=True)
    context = Context(path.with_suffix(".checkpoint"), place.cache, place.data, place.progress)
    retried: list[str] = []
    while True:
        started = time.perf_counter()
        try:
            with _interrupts() as pressed:
                measured = study.arm(cell.arm).measure(cell, config, context)
            if pressed:  # `fit` stops at Ctrl-C with what it has; half a cell is not kept
                raise KeyboardInterrupt
            _keep(path, cell, measured, time.perf_counter() - started, retried)
        except NoDataError as error:
            return f"no data: {error}"
        except Exception as error:  # noqa: BLE001  whatever it is, the other cells go on
            retried.append(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
            n = len(retried)
            if isinstance(error, NeuroloomError) or n == ATTEMPTS:
                times = "once" if n == 1 else f"{n} times"
                return f"{retried[-1]} (tried {times})\n{traceback.format_exc()}"
        else:
            for left in path.parent.glob(f"{path.stem}.checkpoint*"):
                left.unlink(missing_ok=True)
            return ""


@contextlib.contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Filled when Ctrl-C is pressed in the block, also where the block swallows it."""
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return

    def press(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _keep(path: Path, cell: Cell, measured: Measured, seconds: float, retried: list[str]) -> None:
    """Arrays first: a cell is there once its rows are."""
    if measured.arrays:
        _write_arrays(path.with_suffix(".npz"), measured.arrays)
    write_json(
        path,
        {
            "arm": cell.arm,
            "coordinates": dict(cell.coordinates),
            "rows": [
                [row.split, row.measure, row.value, row.unit, dict(row.at)] for row in measured.rows
            ],
            "arrays": sorted(measured.arrays),
            "notes": list(measured.notes),
            "failures": list(measured.failures),
            "seconds": round(seconds, 3),
            "retried": retried,
        },
    )


@dataclass(frozen=True, eq=False)
class Kept:
    """A cell as it was kept: what it measured but for arrays, and what it took."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    failures: tuple[str, ...]
    seconds: float
    retried: tuple[str, ...]


def read_cell(path: Path) -> Kept | None:
    """What a cell left in this file; None if it is not there.

    Raises:
        StudyError: If the file is damaged; says to remove it.
    """
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(
            Row(split, measure, float("nan") if value is None else value, unit, at)
            for split, measure, value, unit, at in kept["rows"]
        )
        return Kept(
            rows,
            tuple(kept["notes"]),
            tuple(kept["failures"]),
            float(kept["seconds"]),
            tuple(kept["retried"]),
        )
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise _damaged(path, error) from error


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Named arrays of a cell or of the cache.

    Raises:
        StudyError: If the file is damaged; says to remove it.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> StudyError:
    return StudyError(
        f"A kept result must be readable; {path.name} is not ({error}). Remove that file; the same "
        "command computes it again."
    )


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    plain = {name: np.asarray(array) for name, array in arrays.items()}
    objects = sorted(name for name, array in plain.items() if array.dtype.hasobject)
    if objects:
        raise InputError(
            f"An array that is kept must hold numbers or text; `{objects[0]}` holds Python "
            "objects. Convert it, for instance by `astype(str)`."
        )
    with atomic_write(path) as file:
        np.savez_compressed(file, allow_pickle=False, **plain)  # pyright: ignore[reportArgumentType]


def _require_plain(parts: object) -> None:
    """Refuses what a hash cannot tell apart, such as a function or an array of another library."""
    if isinstance(parts, Mapping):
        parts = [*parts.keys(), *parts.values()]
    elif is_dataclass(parts) and not isinstance(parts, type):
        parts = list(vars(parts).values())
    if isinstance(parts, (list, tuple)):
        for part in parts:
            _require_plain(part)
    elif not isinstance(parts, (np.ndarray, np.generic, int, float, str, Path, type(None))):
        raise InputError(
            "What names a cached result must be numbers, texts, NumPy arrays, dataclasses, lists "
            f"and mappings of these; got {type(parts).__name__}. Convert it, for instance by "
            "`np.asarray`."
        )
