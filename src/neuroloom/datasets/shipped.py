"""Tables that ship with neuroloom: read only when they are what they were when they shipped."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable
from pathlib import Path

from neuroloom.errors import InputError

__all__ = ["SHIPS", "TABLES", "all_there", "n_bytes_of", "read_table"]

SHIPS = "Ships with neuroloom."

TABLES = Path(__file__).parent / "tables"


def all_there(names: Iterable[str]) -> Callable[[Path | None], bool]:
    """A function that says whether all these tables are in their place, whatever `data` is."""

    def are(data: Path | None) -> bool:
        del data
        return all((TABLES / name).is_file() for name in names)

    return are


def n_bytes_of(names: Iterable[str]) -> int:
    """Size of these tables, of those that are there."""
    paths = [TABLES / name for name in names]
    return sum(path.stat().st_size for path in paths if path.is_file())


def read_table(name: str, checksum: str, *, dataset: str) -> dict[str, list[str]]:
    """The columns of a shipped table, as text, after its checksum was verified.

    Args:
        name: Name of the CSV file.
        checksum: SHA-256 that it must have.
        dataset: Name of the dataset, for the error.

    Raises:
        InputError: If the table is missing or not the one that shipped.
    """
    path = TABLES / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The dataset `{dataset}` must have its table {name}; reading {path} failed "
            f"({error}). Install neuroloom again."
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != checksum:
        raise InputError(
            f"The table {name} of the dataset `{dataset}` must have the SHA-256 {checksum}; "
            f"{path} has {digest}. Install neuroloom again, or read your own version with "
            "`neuroloom.read_connectome`."
        )
    header, *rows = csv.reader(io.StringIO(content.decode("ascii"), newline=""))
    return dict(zip(header, (list(column) for column in zip(*rows, strict=True)), strict=True))
