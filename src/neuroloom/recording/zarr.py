"""Zarr stores of version 2 and 3, laid out like `Recording.to_xarray`; needs the extra `zarr`."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuroloom.disk import speaking_of, written_whole
from neuroloom.errors import InputError
from neuroloom.recording.files import require_format
from neuroloom.recording.labelled import from_xarray, stated, storable
from neuroloom.recording.recording import Recording
from neuroloom.recording.zarr_store import StoredArray, check_store

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["read_zarr", "write_zarr"]

VERSIONS = (2, 3)


def read_zarr(
    path: Path,
    *,
    kind: str | None = None,
    dt: float | None = None,
    resample: float | None = None,
    fill_missing: bool = False,
) -> Recording:
    """The recording in a Zarr store; see `neuroloom.recording.labelled.from_xarray`.

    Args:
        path: A folder, or a zip file of one.
        kind: What the activity is, if the store does not say; see `ACTIVITY_KINDS`.
        dt: Sampling interval, in seconds, if the store does not say.
        resample: New interval, in seconds, onto which uneven samples are interpolated.
        fill_missing: Whether chunks that are not there are taken as the store's fill value; without
            it they are refused, because an incomplete copy looks the same.

    Raises:
        InputError: If the store is broken, incomplete, would unpack to an absurd size, has axes
            without names, or its variables do not make a recording.
    """
    path = Path(path)
    require_format(path, "zarr")
    _zarr()
    import xarray as xr
    from xarray.backends import ZarrStore

    arrays, audit = check_store(path, fill_missing=fill_missing)
    with speaking_of(path, TypeError, AttributeError, IndexError, AssertionError):
        store = _opened(path)
        try:
            # Opened by hand, because `xarray.open_zarr` drops the option about fill values.
            group = ZarrStore.open_group(
                store, mode="r", consolidated=False, use_zarr_fill_value_as_mask=False
            )
            with xr.open_dataset(group, decode_times=False, decode_timedelta=False) as lazy:
                dataset = lazy.load()
        finally:
            if not isinstance(store, str):
                store.close()
    audit = (*audit, *_fills(path, dataset, arrays))
    texts = {
        name: (values.dims, _as_text(path, str(name), values.values), values.attrs)
        for name, values in dataset.variables.items()
        if values.dtype.kind in "TO"
    }
    dataset = stated(dataset.assign(texts), path, kind, dt)
    recording = from_xarray(dataset, resample=resample)
    return replace(recording, audit=(*recording.audit, *audit)) if audit else recording


def write_zarr(path: Path, recording: Recording, *, version: int = 3) -> None:
    """Writes everything in the recording; `read_zarr` gives it back without loss.

    Args:
        path: A folder, or a file whose name ends in `.zip`.
        recording: What to write.
        version: Of the format: 3, or 2 for readers that are older.

    Raises:
        InputError: If the version is another, a name or text cannot stand in a store, or there is a
            folder with content at `path`.
    """
    zarr = _zarr()
    path = Path(path)
    if version not in VERSIONS:
        raise InputError(f"`version` must be 2 or 3; got {version!r}. Version 3 is the newer.")
    dataset = storable(recording)
    texts = {
        name: values.astype(object)
        for name, values in dataset.variables.items()
        if values.dtype.kind == "U"
    }
    dataset = dataset.assign(texts)
    zipped = path.suffix == ".zip"
    with (
        written_whole(path, folder=not zipped) as beside,
        zarr.config.set({"array.write_empty_chunks": True}),
    ):
        folder = beside.with_suffix(".folder") if zipped else beside
        dataset.to_zarr(str(folder), zarr_format=version, consolidated=False, mode="w")
        if zipped:  # a store inside a zip would be rewritten member by member
            with zipfile.ZipFile(beside, "w") as archive:
                for file in sorted(folder.rglob("*")):
                    if file.is_file():
                        archive.write(file, file.relative_to(folder).as_posix())


def _zarr():
    try:
        import zarr
        import zarr.storage
    except ImportError as error:
        raise InputError(
            "Zarr stores must be read with the package `zarr`; it is not installed. Install the "
            "extra: `pip install 'neuroloom[zarr]'`."
        ) from error
    return zarr


def _as_text(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    flat = values.ravel().tolist()
    if not all(isinstance(value, str) for value in flat):
        raise InputError(
            f"A column of texts must hold texts; `{name}` of {path} holds "
            f"{type(next(v for v in flat if not isinstance(v, str))).__name__}. Save it again, "
            "with an empty text where there is none."
        )
    return np.array(flat, str).reshape(values.shape)


def _opened(path: Path):
    return str(path) if path.is_dir() else _zarr().storage.ZipStore(path, mode="r")


def _fills(path: Path, dataset: xr.Dataset, arrays: list[StoredArray]) -> list[str]:
    """Whether a fill value among the numbers may have meant `missing`."""
    sentences = []
    for array in arrays:
        if array.version != 2 or array.name not in dataset.variables:
            continue
        values, fill = dataset[array.name].values, array.fill
        if type(fill) not in (int, float) or values.dtype.kind not in "iuf":
            continue
        n = int((values == fill).sum())
        if n and fill == 0:
            sentences.append(f"took {n:,} zeros of `{array.name}`, its fill value, as numbers")
        elif n:
            raise InputError(
                f"A number that is also the fill value must not be guessed at; `{array.name}` of "
                f"{path} holds {fill} {n:,} times, which may mean `missing`. Write NaN for what is "
                "missing, and a fill value that does not occur."
            )
    return sentences
