"""Writing beside the final name, so that a file is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuroloom.errors import InputError

__all__ = ["written_whole"]


@contextmanager
def written_whole(path: str | Path, *, folder: bool = False) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the final name once the block has ended well.

    If the block raises, nothing is left and what was at `path` before still is.

    Args:
        path: The final name.
        folder: Whether a folder is written. One that exists is replaced only if it is empty.

    Raises:
        InputError: If the folder around `path` is missing, or `path` is of the other sort.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(
            f"A file must be written into a folder that exists; {path.parent} does not. Create it "
            "first."
        )
    if path.is_dir() and (not folder or any(path.iterdir())):
        raise InputError(
            f"Writing must not replace a folder with content; {path} is one. Remove it first, or "
            "choose another name."
        )
    if folder and path.is_file():
        raise InputError(
            f"A folder must not take the place of a file; {path} is a file. Remove it first, or "
            "choose another name."
        )
    room = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    beside = room / path.name
    try:
        yield beside
        if path.is_dir():
            path.rmdir()
        os.replace(beside, path)  # noqa: PTH105
    finally:
        shutil.rmtree(room, ignore_errors=True)
