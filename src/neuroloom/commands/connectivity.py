"""`neuroloom connectivity`: its options, and what it does with them. Imports its work if called."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from neuroloom.commands.options import NameOrPath, Progress, name_of
from neuroloom.studies.connectivity_config import ConnectivityConfig
from neuroloom.studies.reading import Reading

__all__ = ["ConnectivityCommand", "run_connectivity"]


@dataclass(frozen=True)
class ConnectivityCommand:
    """Say who drives whom in a recording, and how sure that is.

    Every neuron is regressed on the past of all; common drive, unrecorded neurons and noise are
    told from connections, and every ordered pair gets a probability. Forecasts are scored on
    held-out frames beside baselines; a simulated twin says what can be found in data like yours.
    The page also has what stimulating each neuron would do; of spike counts the Poisson fit is used
    where its forecasts hold.

    For example `neuroloom connectivity rec.nwb`, or beside a wiring and with what the animal did:
    `neuroloom connectivity rec.npz --connectome worm --behavior velocity`.
    """

    recording: Annotated[tyro.conf.Positional[str], NameOrPath]
    """A dataset's name or a file: NPZ, CSV, NetCDF, NWB, Zarr or WormWideWeb."""
    connectome: Annotated[str | None, NameOrPath] = None
    """Wiring to compare with: a dataset's name or a file. Neurons of the same id are the same."""
    reading: Annotated[Reading, tyro.conf.arg(name="")] = Reading()  # noqa: RUF009
    """How the file of a connectome is read."""
    behavior: tuple[str, ...] = ()
    """Variables of the recording whose past predicts, too; of an NWB file, its series."""
    config: Annotated[ConnectivityConfig, tyro.conf.arg(name="")] = ConnectivityConfig()  # noqa: RUF009
    """The numbers of the estimate."""
    resample: float | None = None
    """Time step in seconds to resample to, if times are not uniform."""
    dt: float | None = None
    """Seconds per step, where the file does not say; the bin width of spike times."""
    kind: Literal["rate", "calcium", "spike_count", "response"] | None = None
    """What the activity is, where the file does not say."""
    out: Annotated[
        Path,
        tyro.conf.arg(help="Folder that receives connectivity-NAME.html, .csv and -responses.csv."),
    ] = Path("runs")
    progress: Progress = True


def run_connectivity(command: ConnectivityCommand) -> None:
    """Estimate, print, and write the page, the table of pairs and that of responses."""
    from neuroloom.report.connectivity_page import write_connectivity_page
    from neuroloom.report.connectivity_terminal import print_connectivity
    from neuroloom.runs import atomic_write
    from neuroloom.studies.connectivity import connectivity
    from neuroloom.studies.sources import behavior_named, load_connectome, load_recording

    recording = load_recording(
        command.recording,
        resample=command.resample,
        dt=command.dt,
        kind=command.kind,
        data=command.reading.data,
        behavior=command.behavior,
    )
    connectome = None
    if command.connectome is not None:
        connectome = load_connectome(command.connectome, **command.reading.options())
    found = connectivity(
        recording,
        connectome,
        command.config,
        behavior=behavior_named(recording, command.behavior),
        progress=command.progress,
    )
    name = name_of(command.recording)
    page = command.out / f"connectivity-{name}.html"
    write_connectivity_page(found, page, name=name)
    with atomic_write(page.with_suffix(".csv")) as file:
        file.write(found.table.to_csv(index=False).encode())
    responses = page.with_name(f"{page.stem}-responses.csv")
    if found.responses is not None:
        with atomic_write(responses) as file:
            file.write(found.responses.table.to_csv(index=False).encode())
    print_connectivity(found)
    print(f"report: {page}")
    print(f"table: {page.with_suffix('.csv')}")
    if found.responses is not None:
        print(f"responses: {responses}")
