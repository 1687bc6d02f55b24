"""Is a Zarr store whole and harmless? Looked at before any chunk of it is unpacked.

Sizes are taken from the metadata, from the headers of compressed chunks, and from a bounded trial
run where a compressor states no size. Only compressors and filters in `CODECS` are let through:
another one may run code of its own (numcodecs has one for pickles).
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom.disk import first_bytes, speaking_of
from neuroloom.errors import InputError
from neuroloom.recording.files import check_expansion

__all__ = ["StoredArray", "check_store"]

COMPRESSORS = {"blosc", "lz4", "zstd", "zlib", "gzip", "bz2"}
CODECS = COMPRESSORS | {"bytes", "vlen-utf8", "shuffle", "transpose", "crc32c", "endian"}
TEXT = "vlen-utf8"
TOP = {".zgroup", ".zattrs", ".zmetadata", "zarr.json", ".DS_Store"}
MOST_METADATA = 2**24  # bytes of one JSON file
TEXT_BYTES = 16  # of a string of any length, beside its letters
ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class StoredArray:
    """What the metadata say of one array.

    Attributes:
        name: Path in the store.
        shape: Elements an axis.
        chunks: Elements of a chunk, an axis.
        itemsize: Bytes of an element.
        codecs: Names of filters and compressors, in the order they were applied.
        dims: A name an axis.
        fill: The value of what is not stored.
        version: 2 or 3.
        separator: Between the indices in a chunk's name.
        text: Whether elements are strings of any length.
    """

    name: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    itemsize: int
    codecs: tuple[str, ...]
    dims: tuple[str, ...]
    fill: Any
    version: int
    separator: str
    text: bool

    @property
    def chunk_bytes(self) -> int:
        """Bytes of an unpacked chunk."""
        return math.prod(self.chunks) * self.itemsize

    @property
    def grid(self) -> tuple[int, ...]:
        """Chunks an axis."""
        return tuple(-(-n // c) for n, c in zip(self.shape, self.chunks, strict=True))


def check_store(path: Path, *, fill_missing: bool) -> tuple[list[StoredArray], tuple[str, ...]]:
    """The arrays of a store, and what to say of it.

    Args:
        path: A folder, or a zip file.
        fill_missing: Whether chunks that are not there may be taken as the fill value.

    Raises:
        InputError: If it is broken, incomplete, would unpack to an absurd size, has axes without
            names, or uses a codec that is not known to be harmless.
    """
    sizes, read = _members(path)
    stored = sum(sizes.values())
    arrays, others = [], set()
    for name in sizes:
        folder, _, last = name.rpartition("/")
        if last == ".zarray" or last == "zarr.json":
            if sizes[name] > MOST_METADATA:
                raise InputError(
                    f"Metadata of a Zarr store must be short; `{name}` of {path} has "
                    f"{sizes[name]:,} bytes. The store is damaged: save it again."
                )
            with speaking_of(path):
                about = json.loads(read(name))
                attributes = (
                    json.loads(read(zattrs))
                    if (zattrs := f"{folder}/.zattrs".lstrip("/")) in sizes
                    else {}
                )
            if (
                last == "zarr.json"
                and isinstance(about, dict)
                and about.get("node_type") == "group"
            ):
                others |= {folder} - {""}
            elif "/" in folder:
                others.add(folder)
            else:
                with speaking_of(path, TypeError, AttributeError, IndexError):
                    arrays.append(_described(path, folder, about, attributes))
    known = {array.name for array in arrays} | {other.split("/")[0] for other in others}
    stray = [n for n in sizes if n not in TOP and ("/" not in n or n.split("/")[0] not in known)]
    if stray:
        raise InputError(
            f"Each member of a Zarr store must belong to an array or a group; {path} holds "
            f"`{stray[0][:80]}` ({len(stray)} such) without metadata. Copy the store again."
        )
    total = 0
    for array in arrays:
        total += math.prod(array.shape) * array.itemsize
        check_expansion(path, total, "all arrays together", size=stored)
        check_expansion(path, array.chunk_bytes, f"a chunk of `{array.name}`", size=stored)
    filled = [_check_chunks(path, array, sizes, read, fill_missing) for array in arrays]
    audit = [sentence for sentence in filled if sentence]
    if others:
        audit.append(f"did not read the groups and arrays inside {', '.join(sorted(others))}")
    return arrays, tuple(audit)


def _members(path: Path) -> tuple[dict[str, int], Callable[[str], bytes]]:
    """Size of each member, and how to read one."""
    if path.is_dir():
        sizes = {}
        with speaking_of(path):
            for file in path.rglob("*"):
                if file.is_symlink():
                    raise InputError(
                        f"A Zarr store must hold its own files; {file} is a link. Copy what it "
                        "leads to into the store."
                    )
                if file.is_file():
                    sizes[file.relative_to(path).as_posix()] = file.stat().st_size
        return sizes, lambda name: (path / name).read_bytes()
    first_bytes(path)
    sizes, total = {}, 0
    with speaking_of(path), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            total += member.file_size
            check_expansion(path, total, "all members together")
            if member.filename in sizes or member.flag_bits & 1:
                what = "is encrypted" if member.flag_bits & 1 else "occurs twice"
                raise InputError(
                    f"Members of a zipped Zarr store must be plain and occur once; "
                    f"`{member.filename}` of {path} {what}. Save it again."
                )
            if not member.filename.endswith("/"):
                sizes[member.filename] = member.file_size

    def read(name: str) -> bytes:
        with speaking_of(path), zipfile.ZipFile(path) as archive, archive.open(name) as member:
            return member.read(sizes[name] + 1)

    return sizes, read


def _described(path: Path, name: str, about: Any, attributes: Any) -> StoredArray:
    version = about["zarr_format"]
    if version == 2:
        chunks, dtype = about["chunks"], about["dtype"]
        codecs = [
            *(about.get("filters") or []),
            *([about["compressor"]] if about.get("compressor") else []),
        ]
        names = [str(codec["id"]) for codec in codecs]
        dims = attributes.get("_ARRAY_DIMENSIONS")
        separator = about.get("dimension_separator", ".")
        dtype = "string" if dtype == "|O" and TEXT in names else dtype
    elif version == 3:
        grid = about["chunk_grid"]
        chunks = grid["configuration"]["chunk_shape"] if grid["name"] == "regular" else None
        dtype, names = about["data_type"], [str(codec["name"]) for codec in about["codecs"]]
        dims = about.get("dimension_names")
        keys = about["chunk_key_encoding"]
        separator = keys.get("configuration", {}).get("separator", "/")
        if keys["name"] != "default":
            chunks = None
    else:
        raise InputError(
            f"A Zarr store must be of version 2 or 3; `{name}` of {path} says {version!r}. Save it "
            "again with `dataset.to_zarr(path)`."
        )
    shape = about["shape"]
    sound = (
        isinstance(shape, list)
        and isinstance(chunks, list)
        and len(shape) == len(chunks)
        and all(type(n) is int and n >= 0 for n in shape)
        and all(type(n) is int and n > 0 for n in chunks)
        and isinstance(dtype, str)
        and separator in (".", "/")
    )
    if not sound:
        raise InputError(
            f"A Zarr array must have a shape, regular chunks and a plain type; `{name}` of {path} "
            f"has {str(shape)[:60]}, {str(chunks)[:60]} and {str(dtype)[:60]}. Save it "
            "again with `dataset.to_zarr(path)`."
        )
    unknown = [codec for codec in names if codec not in CODECS]
    if unknown or dtype == "|O":
        raise InputError(
            f"Chunks must be packed by {', '.join(sorted(COMPRESSORS))} or not at all; `{name}` of "
            f"{path} uses {', '.join(unknown) or 'Python objects'}, which is never opened. Save it "
            "again without."
        )
    if not (
        isinstance(dims, list)
        and len(dims) == len(shape)
        and all(isinstance(d, str) and d for d in dims)
    ):
        raise InputError(
            f"Each axis of a Zarr array must have a name (`_ARRAY_DIMENSIONS`, or `dimension_names`"
            f" in version 3); `{name}` of {path} has {str(dims)[:80]} for {len(shape)} axes. Write "
            "it with xarray, which names them."
        )
    itemsize = TEXT_BYTES if dtype == "string" else np.dtype(dtype).itemsize
    return StoredArray(
        name=name,
        shape=tuple(shape),
        chunks=tuple(chunks or ()),
        itemsize=itemsize,
        codecs=tuple(names),
        dims=tuple(dims),
        fill=about.get("fill_value"),
        version=version,
        separator=separator,
        text=dtype == "string",
    )


def _check_chunks(
    path: Path,
    array: StoredArray,
    sizes: dict[str, int],
    read: Callable[[str], bytes],
    fill_missing: bool,
) -> str:
    n_chunks = math.prod(array.grid)
    prefix = f"{array.name}/c{array.separator}" if array.version == 3 else f"{array.name}/"
    if not array.shape:
        names = {f"{array.name}/c" if array.version == 3 else f"{array.name}/0"} & set(sizes)
    else:
        pattern = re.compile(r"\d{1,12}(?:[./]\d{1,12})*")
        inside = [n for n in sizes if n.startswith(prefix) and pattern.fullmatch(n[len(prefix) :])]
        names = {
            n
            for n in inside
            if len(at := n[len(prefix) :].split(array.separator)) == len(array.shape)
            and all(int(i) < most for i, most in zip(at, array.grid, strict=True))
        }
    missing = n_chunks - len(names)
    if missing and (not fill_missing or n_chunks > max(10**5, 100 * len(names))):
        raise InputError(
            f"A Zarr store must hold all its chunks; {missing:,} of {n_chunks:,} of `{array.name}` "
            f"in {path} are not there. Copy it again; or, if it was written without its empty "
            f"chunks, pass `read_zarr(path, fill_missing=True)` to take them as {array.fill!r}."
        )
    for name in names:
        data = read(name)
        _check_chunk(path, array, name, data)
    return f"took {missing:,} missing chunks of `{array.name}` as {array.fill!r}" if missing else ""


def _check_chunk(path: Path, array: StoredArray, name: str, data: bytes) -> None:
    packers = [codec for codec in array.codecs if codec in COMPRESSORS]
    room = array.chunk_bytes if not array.text else max(2**20, 200 * len(data))
    if len(packers) > 1:
        raise InputError(
            f"A chunk must be packed once; `{array.name}` of {path} names {', '.join(packers)}. "
            "Save it again with one compressor."
        )
    with speaking_of(path, struct.error):
        size = _unpacked_size(packers[0], data, room) if packers else len(data)
    if size is None or size > room + 8:  # a checksum may stand behind
        raise InputError(
            f"A chunk must unpack to what its array says, {room:,} bytes; `{name}` of {path} "
            f"unpacks to {'an unstated size' if size is None else f'{size:,}'}. Save it again."
        )
    if array.text:
        with speaking_of(path):
            plain = _unpack(packers[0], data) if packers else data
        count = int.from_bytes(plain[:4], "little") if len(plain) >= 4 else -1
        if count != math.prod(array.chunks):
            raise InputError(
                f"A chunk of texts must hold {math.prod(array.chunks):,}; `{name}` of {path} "
                f"holds {count:,}. Save it again."
            )


def _unpacked_size(codec: str, data: bytes, room: int) -> int | None:
    """Bytes that a chunk will take, or None if it does not say."""
    if codec == "blosc":
        size, packed = struct.unpack("<4xI4xI", data[:16])
        return size if packed == len(data) else None
    if codec == "lz4":
        return struct.unpack("<I", data[:4])[0]
    if codec == "zstd":
        return _zstd_size(data)
    if codec == "zlib":
        unpacker = zlib.decompressobj()
        size = len(unpacker.decompress(data, room + 16))
        return size if unpacker.eof or size > room else None
    with (gzip if codec == "gzip" else bz2).open(io.BytesIO(data)) as stream:
        return len(stream.read(room + 16))


def _zstd_size(data: bytes) -> int | None:
    """Content size in the header of a single Zstandard frame (RFC 8878, section 3.1.1.1)."""
    if data[:4] != ZSTD or len(data) < 6:
        return None
    flags = data[4]
    single, dictionary = flags >> 5 & 1, (0, 1, 2, 4)[flags & 3]
    width = (single, 2, 4, 8)[flags >> 6]
    start = 5 + (0 if single else 1) + dictionary
    if not width or len(data) < start + width:
        return None
    return int.from_bytes(data[start : start + width], "little") + (256 if width == 2 else 0)


def _unpack(codec: str, data: bytes) -> bytes:
    import numcodecs

    unpacker = numcodecs.get_codec({"id": codec})
    return bytes(unpacker.decode(data))  # pyright: ignore[reportOptionalMemberAccess, reportArgumentType]
