"""Data that may not ship: files in a folder of the user's, each known by its checksum."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from neuroloom.errors import InputError

__all__ = ["VARIABLE", "LocalFiles"]

VARIABLE = "NEUROLOOM_DATA"


@dataclass(frozen=True)
class LocalFiles:
    """The files of a dataset that does not ship, in a folder below the user's data folder.

    Attributes:
        dataset: Name of the dataset.
        folder: Name of its folder in the data folder.
        origin: Where the files come from, in words.
        checksums: SHA-256 of each file, by path below `folder`.
    """

    dataset: str
    folder: str
    origin: str
    checksums: Mapping[str, str]

    @property
    def where(self) -> str:
        """How to get it, in words."""
        return (
            f"May not ship. Put the {len(self.checksums)} files of {self.origin} into "
            f"DIR/{self.folder} and name DIR: `--data DIR`, `data=` or {VARIABLE}."
        )

    def are_present(self, data: Path | None) -> bool:
        """Whether every file lies in its place; their content is verified when they are read."""
        root = _root(data)
        return root is not None and not self._missing(root)

    def read(self, name: str, data: Path | None) -> bytes:
        """The content of one of the files, after its checksum was verified.

        Args:
            name: Path below the dataset's folder.
            data: The data folder; default: the variable NEUROLOOM_DATA.

        Raises:
            InputError: If no folder is named, files are missing, or the file is another; says which
                files to put where.
        """
        root = _root(data)
        if root is None:
            raise InputError(
                f"The dataset `{self.dataset}` must be read from a folder of yours, because its "
                f"files may not ship; no folder is named. {self._todo('DIR')}"
            )
        missing = self._missing(root)
        if missing:
            some = len(missing) < len(self.checksums)
            raise InputError(
                f"The dataset `{self.dataset}` must have its {len(self.checksums)} files in "
                f"{root / self.folder}; {len(missing)} are missing"
                f"{': ' + ', '.join(missing) if some else ''}. {self._todo(str(root))}"
            )
        path = root / self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(
                f"The file {path} of the dataset `{self.dataset}` must be readable; reading it "
                f"failed ({error.strerror or error}). Check its permissions, or copy it again."
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.checksums[name]:
            raise InputError(
                f"The file {path} of the dataset `{self.dataset}` must have the SHA-256 "
                f"{self.checksums[name]}; it has {digest} ({len(content):,} bytes). Copy it again "
                f"from {self.origin}; to use your own version, read it as a file, not by name."
            )
        return content

    def _missing(self, root: Path) -> list[str]:
        return [name for name in self.checksums if not (root / self.folder / name).is_file()]

    def _todo(self, root: str) -> str:
        return (
            f"Put the files of {self.origin} into {root}/{self.folder}/ ("
            f"{', '.join(self.checksums)}), and name {root} with `--data {root}` (`data=` in "
            f"Python) or the variable {VARIABLE}."
        )


def _root(data: Path | None) -> Path | None:
    if data is not None:
        return data
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else None
