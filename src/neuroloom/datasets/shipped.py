"""Tables that ship with neuroloom: read only when they are what they were when they shipped."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

from neuroloom.errors import InputError

__all__ = ["TABLES", "read_table"]

TABLES = Path(__file__).parent / "tables"


def read_table(path: Path, checksum: str, *, dataset: str) -> dict[str, list[str]]:
    """The columns of a shipped table, as text, after its checksum was verified.

    Args:
        path: The CSV file.
        checksum: SHA-256 that it must have.
        dataset: Name of the dataset, for the error.

    Raises:
        InputError: If the table is missing or not the one that shipped.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The dataset `{dataset}` must have its table {path.name}; reading {path} failed "
            f"({error}). Install neuroloom again."
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != checksum:
        raise InputError(
            f"The table {path.name} of the dataset `{dataset}` must have the SHA-256 {checksum}; "
            f"{path} has {digest}. Install neuroloom again, or read your own version with "
            "`neuroloom.read_connectome`."
        )
    header, *rows = csv.reader(io.StringIO(content.decode("ascii"), newline=""))
    return dict(zip(header, (list(column) for column in zip(*rows, strict=True)), strict=True))
