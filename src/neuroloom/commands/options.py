"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated

import tyro

__all__ = ["DataFolder", "NameOrPath", "Out", "Progress"]

Progress = Annotated[bool, tyro.conf.arg(help="Show progress bars.")]
Out = Annotated[Path, tyro.conf.arg(help="Folder that receives the run's folder.")]
NameOrPath = tyro.conf.arg(metavar="NAME|FILE")
DataFolder = Annotated[
    Path | None,
    tyro.conf.arg(help="Folder with the datasets that may not ship; else $NEUROLOOM_DATA."),
]
