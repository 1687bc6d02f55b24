"""A fitted connectivity as columns: `pre`, `post`, `weight` and an interval; NetCDF 4 and NWB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom.disk import speaking_of, written_whole
from neuroloom.errors import InputError
from neuroloom.recording.checks import require_storable
from neuroloom.recording.files import check_hdf5, require_format

__all__ = ["checked_connectivity", "read_connectivity", "write_connectivity"]

NEEDED, OPTIONAL = ("pre", "post", "weight"), ("low", "high")
IN_NWB = "processing/neuroloom/connectivity"
UNIT = "Unit of weight: "


def checked_connectivity(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The columns, once they are known to be of one length, with ids and numbers where they belong.

    Args:
        parts: `pre` and `post` (int64 or str), `weight`, perhaps `low` and `high` (real numbers;
            NaN where the interval is not known), perhaps `unit`, a text.

    Raises:
        InputError: If one is missing, unknown, of another length or type, or a weight is not
            finite, or an interval is upside down.
    """
    if not set(NEEDED) <= set(parts) <= {*NEEDED, *OPTIONAL, "unit"}:
        raise InputError(
            f"A connectivity must have {', '.join(NEEDED)}, and may have {', '.join(OPTIONAL)} and "
            f"unit; got {', '.join(map(str, parts)) or 'nothing'}. Add what is missing and remove "
            "the rest."
        )
    found: dict[str, Any] = {"unit": str(parts.get("unit", ""))}
    for name in (*NEEDED, *OPTIONAL):
        if name not in parts:
            continue
        values = np.asarray(parts[name])
        if values.dtype == object and all(isinstance(v, str) for v in values.ravel().tolist()):
            values = values.astype(str)
        allowed = "iU" if name in ("pre", "post") else "iuf"
        if values.ndim != 1 or values.dtype.kind not in allowed:
            what = "int64 or text" if allowed == "iU" else "numbers"
            raise InputError(
                f"`{name}` must be one column of {what}; got {values.dtype} of shape "
                f"{values.shape}. A float cannot hold an id of 18 digits: keep ids as int64 or str."
            )
        if allowed == "iU":
            found[name] = values if values.dtype.kind == "U" else values.astype(np.int64)
        else:
            found[name] = values.astype(np.float64)
    sizes = {name: found[name].size for name in found if name != "unit"}
    if len(set(sizes.values())) != 1 or not all(sizes.values()):
        raise InputError(
            f"The columns of a connectivity must be of one length, at least 1; got {sizes}. Give "
            "one entry a connection."
        )
    if found["pre"].dtype.kind != found["post"].dtype.kind:
        raise InputError(
            f"`pre` and `post` must be ids of one type; got {found['pre'].dtype} and "
            f"{found['post'].dtype}. Convert one of them."
        )
    bad = ~np.isfinite(found["weight"])
    if bad.any():
        raise InputError(
            f"`weight` must be finite; connection {np.flatnonzero(bad)[0]} has "
            f"{found['weight'][bad][0]} ({bad.sum()} such). Leave those connections out."
        )
    low, high = found.get("low"), found.get("high")
    if low is not None and high is not None and (low > high).any():
        at = int(np.flatnonzero(low > high)[0])
        raise InputError(
            f"`low` must be at most `high`; connection {at} has {low[at]} and {high[at]} "
            f"({(low > high).sum()} such). Check which is which."
        )
    return found


def write_connectivity(path: Path, connectivity: Mapping[str, Any]) -> None:
    """Writes the columns as NetCDF 4; `read_connectivity` gives them back without loss.

    `write_nwb(..., connectivity=...)` writes the same columns into an NWB file.

    Args:
        path: The file. It is there whole or not at all.
        connectivity: See `checked_connectivity`.

    Raises:
        InputError: If the columns are not those of a connectivity.
    """
    import xarray as xr

    parts = checked_connectivity(connectivity)
    unit = parts.pop("unit")
    require_storable([unit, *parts["pre"].tolist(), *parts["post"].tolist()])
    dataset = xr.Dataset(
        {name: ("connection", values) for name, values in parts.items()},
        attrs={"unit": unit, "content": "connectivity"},
    )
    packed = {name: {"zlib": True} for name, v in dataset.data_vars.items() if v.dtype.kind in "fi"}
    with written_whole(path) as beside:
        dataset.to_netcdf(beside, engine="h5netcdf", encoding=packed)


def read_connectivity(path: Path) -> dict[str, Any]:
    """`pre`, `post`, `weight`, `unit` and, where there are, `low` and `high`, of NetCDF or NWB.

    Raises:
        InputError: If the file is broken, of another format, or holds no connectivity.
    """
    path = Path(path)
    require_format(path, "netcdf", "nwb")
    import h5py

    with speaking_of(path, TypeError, AttributeError), h5py.File(path) as file:
        check_hdf5(path, file)
        group: Any = file.get(IN_NWB, file)
        wanted = [name for name in (*NEEDED, *OPTIONAL) if name in group]
        columns: dict[str, Any] = {}
        for name in wanted:
            values = np.asarray(group[name])
            if h5py.check_string_dtype(group[name].dtype) is not None:
                values = np.array([v.decode() for v in values.ravel().tolist()], str)
            columns[name] = values
        said = group.attrs.get("description" if IN_NWB in file else "unit", "")
    text = said.decode() if isinstance(said, bytes) else str(said)
    columns["unit"] = text.partition(UNIT)[2] if UNIT in text else text
    if len(wanted) < len(NEEDED):
        raise InputError(
            f"A file of connectivity must hold {', '.join(NEEDED)}; {path} holds "
            f"{', '.join(wanted) or 'none of them'}. Write it with `write_connectivity`."
        )
    return checked_connectivity(columns)
