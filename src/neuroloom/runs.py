"""What a run leaves behind, written so that a killed process or a full disk loses nothing."""

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from neuroloom import __version__
from neuroloom.errors import StudyError

__all__ = [
    "ProgressBar",
    "atomic_write",
    "checksum",
    "config_hash",
    "is_finished",
    "locked",
    "mark_finished",
    "peak_memory_gb",
    "progress_bar",
    "provenance",
    "run_folder",
    "write_json",
]

PACKAGES = (
    "jax",
    "jaxlib",
    "equinox",
    "optax",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "xarray",
)


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears whole or not at all: written beside, flushed to disk, renamed.

    Args:
        path: Where it will stand. What stood there stays until the rename.

    Raises:
        StudyError: If it cannot be written, for instance because the disk is full.
    """
    beside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        beside = Path(name)
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
        beside = None
    except OSError as error:
        raise StudyError(
            f"{path.name} must be written to {path.parent}; that failed "
            f"({error.strerror or error}). What was there before is untouched. Free some space or "
            "choose another folder with `--out`, and give the same command again."
        ) from error
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    """Write JSON atomically. NumPy numbers and arrays become plain; NaN becomes null."""
    with atomic_write(path) as file:
        file.write(json.dumps(_plain(value), indent=2, ensure_ascii=False).encode())


def config_hash(config: object, data: Mapping[str, str]) -> str:
    """Ten hexadecimal digits that change with any number of the config, the data or our version.

    Args:
        config: A dataclass.
        data: Checksum by name of everything the run reads.
    """
    plain = _plain(config, finite=False)  # infinity, NaN and None are three configs
    parts = {"config": plain, "data": dict(sorted(data.items())), "version": __version__}
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def run_folder(root: Path, name: str, config: object, data: Mapping[str, str]) -> Path:
    """`root/<name>-<hash>`, made if it is not there. Its name says whether a run was done before.

    Raises:
        StudyError: If it cannot be made.
    """
    path = root / f"{name}-{config_hash(config, data)}"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(
            f"A run must have a folder of its own; {path} could not be made "
            f"({error.strerror or error}). Choose a folder that can be written with `--out`."
        ) from error
    return path


def is_finished(run: Path) -> bool:
    """Whether the run in this folder came to its end."""
    return (run / "finished").is_file()


def mark_finished(run: Path) -> None:
    """Say that the run came to its end; the last thing it does."""
    with atomic_write(run / "finished") as file:
        file.write(f"neuroloom {__version__}\n".encode())


@contextlib.contextmanager
def locked(run: Path) -> Iterator[None]:
    """Keep a second process out of the folder. The lock of a killed process does not stay.

    Raises:
        StudyError: If another process is at work there, or the folder cannot be written.
    """
    import fcntl

    try:
        lock = (run / ".lock").open("a+b")
    except OSError as error:
        raise StudyError(
            f"A run must have a folder that can be written; {run} cannot "
            f"({error.strerror or error}). Choose another folder with `--out`."
        ) from error
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StudyError(
                f"A run must have one process; another one is at work in {run}. Wait for it, or "
                "choose another folder with `--out`."
            ) from error
        yield


def checksum(*values: object) -> str:
    """SHA-256 of arrays, texts and files, in this order: the same data, the same digits.

    Args:
        values: Arrays (type, shape and content count), paths (content counts), or anything whose
            `repr` says what it is.
    """
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, Path):
            with value.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        elif isinstance(value, np.ndarray):
            digest.update(f"{value.dtype.str}{value.shape}".encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        else:
            digest.update(repr(value).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def provenance() -> dict[str, Any]:
    """What made a run: versions, machine size, time. No names of people, hosts or folders."""
    versions = {"python": platform.python_version(), "neuroloom": __version__}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return {
        "versions": versions,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def peak_memory_gb() -> float:
    """Largest resident memory of this process so far, in GB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


class ProgressBar:
    """A bar with a note and the time left; plain silence when it is switched off."""

    def __init__(self, title: str, total: int, *, enabled: bool) -> None:
        self._bar = self._task = None
        if enabled:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                Progress,
                Task,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )
            from rich.text import Text

            class Left(TimeRemainingColumn):
                """By the pace of the last steps, or until the moment that we were told."""

                def render(self, task: Task) -> Text:
                    until = task.fields["until"]
                    if until is None:
                        return super().render(task)
                    left = max(0, round(until - time.monotonic()))
                    return Text(f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}")

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed}/{task.total}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                Left(),
                TextColumn("{task.fields[note]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(title, total=total, note="", until=None)

    def advance(self, n: int = 1, *, note: str = "", left: float | int | None = None) -> None:
        """Move on by `n`, and show a note such as the loss.

        Args:
            n: Steps done.
            note: Shown behind.
            left: Seconds left, where the caller knows better than the pace of the last steps.
        """
        if self._bar is not None and self._task is not None:
            until = None if left is None else time.monotonic() + left
            self._bar.update(self._task, advance=n, note=note, until=until)

    def start(self) -> None:
        """Show it."""
        if self._bar is not None:
            self._bar.start()

    def stop(self) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.stop()


@contextlib.contextmanager
def progress_bar(title: str, *, total: int, enabled: bool = True) -> Iterator[ProgressBar]:
    """A progress bar on the error stream, where that is a terminal, while the block runs."""
    bar = ProgressBar(title, total, enabled=enabled and sys.stderr.isatty())
    bar.start()
    try:
        yield bar
    finally:
        bar.stop()


def _plain(value: Any, *, finite: bool = True) -> Any:
    """Only what JSON knows, in a fixed order; where `finite`, nothing that JSON does not know."""
    plain = partial(_plain, finite=finite)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {"type": type(value).__name__} | {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(name): plain(v) for name, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return [plain(v) for v in sorted(value, key=repr)]
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if finite and isinstance(value, float) and not np.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return repr(value)
