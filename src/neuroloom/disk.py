"""Files on disk: that they are there, whole and no bombs; written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuroloom.errors import InputError

__all__ = ["MOST_TIMES", "check_expansion", "first_bytes", "speaking_of", "written_whole"]

ALWAYS_FINE = 2**26  # bytes that any file may unpack to
MOST_TIMES = 200  # beyond that, how many times its own size
# What libraries raise on broken files. Errors of pyarrow derive from these.
BROKEN = (
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    SystemError,  # h5py, where a damaged name cannot be decoded
    zlib.error,
    zipfile.BadZipFile,
)


def first_bytes(path: Path, n: int = 4096) -> bytes:
    """The beginning of the file.

    Raises:
        InputError: If it is missing, no plain file, not readable, or empty.
    """
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not there"
        raise InputError(f"What is read must be a file; {path} is {what}. Check the path.")
    with speaking_of(path), path.open("rb") as file:
        head = file.read(n)
    if not head:
        raise InputError(
            f"A file must hold data; {path} is empty (0 bytes). Copy or export it again."
        )
    return head


@contextmanager
def speaking_of(path: Path, *also: type[Exception]) -> Iterator[None]:
    """Turns what broken files raise into one `InputError` with the file's name.

    Args:
        path: The file.
        also: Further classes, for a block that holds nothing but the call of a library.
    """
    try:
        yield
    except InputError:
        raise
    except (*BROKEN, *also) as error:
        lines = str(error).strip().splitlines() or ["no more data"]
        raise InputError(
            f"{path} must be a whole and readable file; reading it stopped with: "
            f"{type(error).__name__}, {lines[0][:200]}. Copy or export it again, and check that "
            "the transfer finished."
        ) from error


def check_expansion(
    path: Path,
    n_bytes: int,
    what: str = "what it holds",
    *,
    size: int | None = None,
    always_fine: int = ALWAYS_FINE,
) -> None:
    """Refuses data that would unpack to more than 200 times the file, and more than is always fine.

    Args:
        path: The file.
        n_bytes: What it would take in memory.
        what: What takes it, for the error.
        size: Bytes on disk, if `path` is a folder.
        always_fine: Bytes that any file may unpack to.

    Raises:
        InputError: If they would.
    """
    size = path.stat().st_size if size is None else size
    if n_bytes > max(always_fine, MOST_TIMES * size):
        raise InputError(
            f"A file must unpack to less than {MOST_TIMES} times its size, or to "
            f"{always_fine // 2**20:,} MiB; {what} in {path} would take {n_bytes:,} bytes or more, "
            f"from {size:,}. If it is meant to be so, save it again without compression, or in "
            "parts."
        )


@contextmanager
def written_whole(path: str | Path, *, folder: bool = False) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the final name once the block has ended well.

    If the block raises, nothing is left and what was at `path` before still is.

    Args:
        path: The final name.
        folder: Whether a folder is written. One that exists is replaced only if it is empty.

    Raises:
        InputError: If the folder around `path` is missing, `path` is of the other sort, or the disk
            is full or may not be written to.
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
    try:
        room = Path(tempfile.mkdtemp(prefix=f".{path.name[:100]}-", dir=path.parent))
        try:
            beside = room / path.name
            yield beside
            if path.is_dir():
                path.rmdir()
            os.replace(beside, path)  # noqa: PTH105
        finally:
            shutil.rmtree(room, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"A file must be writable; writing {path} stopped with: {error.strerror or error}. "
            "Nothing was left there. Free some space, or choose another place."
        ) from error
