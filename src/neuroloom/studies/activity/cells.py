"""Finished predictions of single fits on disk, so that a killed run loses one fit at most."""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neuroloom.analysis.evaluation import Prediction
from neuroloom.errors import StudyError
from neuroloom.runs import atomic_write

__all__ = ["cell_path", "kept_or_made"]


def cell_path(cells: Path, arm: str, draw: int, ending: str) -> Path:
    """Where the result of one draw of an arm is kept."""
    plain = "".join(c if c.isalnum() else "-" for c in arm.lower())
    return cells / f"{plain}-{zlib.crc32(arm.encode()):08x}-{draw}.{ending}"


def kept_or_made(
    path: Path | None, shape: tuple[int, ...], make: Callable[[], Prediction]
) -> Prediction:
    """The prediction in this file, or else a new one, which is then kept there.

    Both are rounded to single precision, so that a resumed run equals an uninterrupted one.

    Args:
        path: The file; None keeps nothing.
        shape: Trials, steps and neurons it must have.
        make: Computes it.

    Raises:
        StudyError: If the file is damaged or of another shape; says to remove it.
    """
    if path is not None and path.exists():
        return _read(path, shape)
    made = make()
    effect = made.effect.astype(np.float32)
    if path is not None:
        with atomic_write(path) as file:
            np.savez_compressed(file, effect=effect, notes=np.array(made.notes, dtype=str))
    return Prediction(effect.astype(np.float64), None, made.notes)


def _read(path: Path, shape: tuple[int, ...]) -> Prediction:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            effect, notes = kept["effect"], tuple(kept["notes"].tolist())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise StudyError(
            f"A kept result must be readable; {path.name} is not ({error}). Remove that file; the "
            "run computes it again."
        ) from error
    if effect.shape[:-1] != shape:
        raise StudyError(
            f"A kept result must fit the recording, {shape}; {path.name} has shape "
            f"{effect.shape[:-1]}. Remove that file; the run computes it again."
        )
    return Prediction(effect.astype(np.float64), None, notes)
