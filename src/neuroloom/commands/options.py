"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated

import tyro

__all__ = ["DataFolder", "NameOrPath", "Out", "Progress", "name_of"]

Progress = Annotated[bool, tyro.conf.arg(help="Show progress bars.")]
Out = Annotated[Path, tyro.conf.arg(help="Folder that receives the run's folder.")]
NameOrPath = tyro.conf.arg(metavar="NAME|FILE")
DataFolder = Annotated[
    Path | None,
    tyro.conf.arg(help="Folder with the datasets that may not ship; else $NEUROLOOM_DATA."),
]


def name_of(source: str) -> str:
    """What files that are made of a dataset or file are named after."""
    path = Path(source).resolve()
    return path.name.split(".")[0] if path.exists() else source.replace("/", "-")
