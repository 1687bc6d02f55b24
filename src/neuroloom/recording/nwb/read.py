"""NWB 2 files: spikes of sorted units, fluorescence of regions of interest, behavior, trials.

They are HDF5 files with fixed names, so they are read with h5py alone, which every installation
has; the tests hold this reader against files that pynwb writes. Columns of object references are
skipped; names of people (`general/experimenter`) are never read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from neuroloom.disk import speaking_of
from neuroloom.errors import InputError, nearest
from neuroloom.recording.files import check_hdf5, require_format, walk_hdf5
from neuroloom.recording.nwb.behavior import Linear, Nearest, behavior_at, behavior_names
from neuroloom.recording.nwb.ours import is_ours, read_ours
from neuroloom.recording.nwb.series import series_recording
from neuroloom.recording.nwb.trials import cut, windows_of
from neuroloom.recording.nwb.units import UNITS, spike_counts
from neuroloom.recording.nwb.values import text_of
from neuroloom.recording.recording import Recording

__all__ = ["read_nwb"]


def read_nwb(
    path: Path,
    *,
    kind: str | None = None,
    dt: float | None = None,
    resample: float | None = None,
    series: str | None = None,
    behavior: Linear | Nearest | None = None,
    trials: str | None = None,
) -> Recording:
    """The spikes or one fluorescence series of an NWB 2 file, with behavior and in trials if asked.

    Spikes of `units` become spike counts in bins of `dt`, from the first to the last epoch of
    `intervals/epochs`, or from the first to the last spike where there are no epochs. A bin that
    is not inside a unit's `obs_intervals`, where there are any, is NaN. A `RoiResponseSeries`
    becomes calcium, times its `conversion` plus its `offset`, on the clock of its `rate` or its
    `timestamps`; neuron ids are those of its table of regions. A file of `write_nwb` is read back
    as it was.

    Args:
        path: The file.
        kind: `calcium` if None; say `rate` for a deconvolved series. Spikes are `spike_count`.
        dt: Bin width for spikes, in seconds; for a series it is checked against its clock.
        resample: New interval, in seconds, onto which uneven samples are interpolated.
        series: `units`, or name or path of the series; needed only where there are several.
        behavior: How series of `processing/behavior` come onto the recording's clock; None leaves
            them out and says so.
        trials: Table of intervals whose rows become trials, such as `trials`, aligned at their
            start and padded with NaN; None reads one trial.

    Raises:
        InputError: If the file is broken, holds neither, or holds several and `series` is None.
    """
    path = Path(path)
    require_format(path, "nwb")
    import h5py

    with speaking_of(path, TypeError, AttributeError), h5py.File(path) as file:
        check_hdf5(path, file)
        if series is None and is_ours(file):
            return read_ours(path, file, kind, dt, resample)
        chosen, audit = _chosen(path, file, series)
        windows = None if trials is None else windows_of(path, file, trials)
        if chosen == UNITS:
            if kind not in (None, "spike_count") or resample is not None:
                raise InputError(
                    f"Units must be read as spike counts in bins of `dt`; got kind `{kind}` and "
                    f"resample {resample}. Leave both out and choose `dt`."
                )
            recording = spike_counts(path, file, dt, windows, audit)
        else:
            recording = series_recording(path, file, chosen, kind or "calcium", dt, resample, audit)
        if behavior is not None:
            step = recording.dt or 0.0
            when = recording.time[None]
            if windows is not None and chosen == UNITS:
                when = when + windows.start[:, None]
            found, more = behavior_at(path, file, when, step, behavior)
            if windows is not None and chosen == UNITS:  # beyond a trial, as for its spikes
                beyond = when + step > windows.stop[:, None] + 1e-9 * step
                found = {name: np.where(beyond, np.nan, v) for name, v in found.items()}
            recording = replace(recording, behavior=found, audit=(*recording.audit, *more))
        else:
            recording = _left_out(path, file, recording)
        return recording if windows is None or chosen == UNITS else cut(recording, windows)


def _left_out(path: Path, file, recording: Recording) -> Recording:
    names = list(behavior_names(path, file))
    if not names:
        return recording
    return replace(
        recording,
        audit=(
            *recording.audit,
            f"did not read the behavior {', '.join(names)}, which `behavior=Linear()` and "
            "`behavior=Nearest()` do",
        ),
    )


def _chosen(path: Path, file, series: str | None) -> tuple[str, tuple[str, ...]]:
    found = [
        place
        for place, item in walk_hdf5(path, file)
        if text_of(item.attrs.get("neurodata_type", "")) == "RoiResponseSeries"
    ]
    if UNITS in file and "spike_times" in file[UNITS]:
        found.insert(0, UNITS)
    if not found:
        have = ", ".join(str(name) for name in file if _has_content(file[name]))
        raise InputError(
            f"An NWB recording must hold units with spikes or a RoiResponseSeries; {path} holds "
            f"neither (groups with content: {have or 'none'}). It may hold metadata only: read the "
            "file of the session that has the data."
        )
    if series is None and len(found) > 1:
        raise InputError(
            f"One recording must be chosen; {path} holds {len(found)}: {', '.join(found)}. Pass "
            f"`series=`, for example `read_nwb(path, series={found[0]!r})`."
        )
    matching = [
        name for name in found if series in (None, name, f"/{name}", name.rsplit("/", 1)[-1])
    ]
    if len(matching) != 1:
        raise InputError(
            f"`series` must name one of {', '.join(found)}; got `{series}` ({len(matching)} fit). "
            f"{nearest(str(series), found)}"
        )
    others = [name for name in found if name != matching[0]]
    audit = (f"read {matching[0]}",)
    if others:
        audit = (f"read {matching[0]} and not {', '.join(others)}",)
    return matching[0], audit


def _has_content(item: object) -> bool:
    import h5py

    return isinstance(item, h5py.Group) and len(item) > 0
