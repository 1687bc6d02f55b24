"""Spikes and positions of a rat on two mazes (example data of nelpy). May not ship."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neuroloom.datasets.entry import Entry
from neuroloom.datasets.local import LocalFiles
from neuroloom.errors import InputError
from neuroloom.recording import Recording

__all__ = ["ENTRIES", "FILES", "MAZES", "NAME", "rat_place_cells"]

NAME = "rat-place-cells"
MAZES = ("linear-track", "w-maze")
LICENCE = "MIT (nelpy/example-data; its LICENSE lies beside the files); read from your folder"
CITATION = "nelpy example data, repository nelpy/example-data (nelpy: Ackermann et al.)"
FILES = LocalFiles(
    dataset=NAME,
    folder="rat_place_cells_nelpy",
    origin="the repository nelpy/example-data",
    checksums={
        "LICENSE": "c1be3923955400cd44fb2ee875ae0045d4f650905b859e6417be854f5f94f3c8",
        "linear-track/spikes.mat": (
            "615b05a9228a5eaea7f99d5fc5b11848a4d94fc154104612410c887875b65bc7"
        ),
        "linear-track/trajectory.videoPositionTracking": (
            "10a883302c50e26d5f659ac4ee08d8901f7881c71f6800cd56d999a620b31cb5"
        ),
        "w-maze/spikes.mat": "d07766c93444817c9678fb3ea332fe85286c49061a608a346b0d48f309e272a8",
        "w-maze/trajectory.videoPositionTracking": (
            "6a5a1311d90c256e7caa68969c325060764287d8f89fa6cc6bc30ccd32e80578"
        ),
    },
)
TICKS = 30_000  # a second, of the video's clock
HEADER_END = b"<End settings>\n"
SAMPLE = np.dtype([("tick", "<u4"), ("x", "<u2"), ("y", "<u2"), ("x2", "<u2"), ("y2", "<u2")])
# Most of the spikes of its session, at 107 Hz: no single cell.
NOT_A_CELL = {"w-maze": "t10u15"}


def rat_place_cells(maze: str, *, dt: float = 0.1, data: Path | None = None) -> Recording:
    """Spike counts of hippocampal units and where the rat was, in steps of `dt`.

    Ids are `t3u2`: tetrode 3, unit 2, as the source numbers them. Behavior: `x_pixel`, `y_pixel`,
    the mean position of the video's samples in each step, NaN where there is none; there is no
    conversion to centimeters. There are no epochs: derive run and rest from speed. Left out, and
    said in the audit: units without a spike, and one unit of the W maze that is no single cell.

    Args:
        maze: `linear-track` or `w-maze`.
        dt: Width of a step, in seconds.
        data: The data folder; default: the variable NEUROLOOM_DATA.

    Raises:
        InputError: If the maze is another, `dt` is not above 0 or longer than the session, or the
            files are not there; says which to put where.
    """
    if maze not in MAZES:
        raise InputError(f"`maze` must be {' or '.join(MAZES)}; got `{maze}`. Choose one of them.")
    times, position = _positions(FILES.read(f"{maze}/trajectory.videoPositionTracking", data))
    units = dict(_units(FILES.read(f"{maze}/spikes.mat", data)))
    silent = [name for name, (spikes, _) in units.items() if not spikes.size]
    total = sum(spikes.size for spikes, _ in units.values())
    sentences = [f"left out {len(silent)} units without a spike"]
    multi = NOT_A_CELL.get(maze)
    if multi is not None:
        sentences.append(
            f"left out unit {multi}, {units[multi][0].size:,} of {total:,} spikes: no single cell"
        )
    kept = {k: value for k, value in units.items() if k not in silent and k != multi}
    begin = max(times[0], *(window[0] for _, window in kept.values()))
    end = min(times[-1], *(window[1] for _, window in kept.values()))
    if not (np.isfinite(dt) and 0 < dt <= end - begin):
        raise InputError(
            f"`dt` must be above 0 s and at most {end - begin:.0f} s; got {dt}. Leave it out for "
            "0.1 s."
        )
    n_steps = int((end - begin) / dt + 1e-9)
    edges = begin + dt * np.arange(n_steps + 1)
    counts = np.stack([np.histogram(spikes, edges)[0] for spikes, _ in kept.values()], axis=1)
    n_samples = np.histogram(times, edges)[0]
    with np.errstate(invalid="ignore"):
        x, y = (np.histogram(times, edges, weights=way)[0] / n_samples for way in position)
    n_kept = sum(spikes.size for spikes, _ in kept.values())
    sentences += [
        f"counted {counts.sum():,} of {n_kept:,} spikes in {n_steps:,} steps of {dt:g} s from "
        f"{begin:.6g} s on, where both spikes and positions were recorded",
        f"position is the mean of a step's samples; {(n_samples == 0).sum():,} steps have none",
    ]
    return Recording(
        activity=counts[None].astype(np.float64),
        neuron_id=np.array(list(kept)),
        kind="spike_count",
        dt=dt,
        start=float(begin),
        behavior={"x_pixel": x[None], "y_pixel": y[None]},
        unit="spikes per bin",
        name=f"{NAME}/{maze}",
        licence=LICENCE,
        citation=CITATION,
        audit=tuple(sentences),
    )


def _positions(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Times in seconds, and x and y in pixels."""
    start = content.index(HEADER_END) + len(HEADER_END)
    samples = np.frombuffer(content[start:], SAMPLE)
    return samples["tick"] / TICKS, np.stack([samples["x"], samples["y"]]).astype(np.float64)


def _units(content: bytes) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Name, spike times and time range of each unit; `spikes{day}{epoch}{tetrode}{unit}`."""
    from scipy.io import loadmat

    tetrodes = loadmat(io.BytesIO(content))["spikes"][0, 0][0, 0]
    for t, units in enumerate(tetrodes.ravel(), start=1):
        for u, unit in enumerate(units.ravel(), start=1):
            if isinstance(unit, np.ndarray) and unit.dtype.names:
                spikes, window = (unit[name][0, 0].ravel() for name in ("time", "timerange"))
                yield f"t{t}u{u}", (spikes.astype(np.float64), window.astype(np.float64))


def _open(member: str, data: Path | None) -> Recording:
    return rat_place_cells(member, data=data)


def _members(data: Path | None) -> tuple[str, ...]:
    del data
    return MAZES


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size="linear track: 31 units, 33 min; W maze: 24 units, 72 min; spikes and positions",
        licence=LICENCE,
        citation=CITATION,
        where=FILES.where,
        n_bytes=7_556_336,
        is_present=FILES.are_present,
        recording=_open,
        members=_members,
    )
}
