"""How much an Arrow file would unpack to, from its messages, before any of it is unpacked.

A buffer that is compressed begins with the number of bytes it unpacks to. Where the buffers lie is
in the message's flatbuffer, of which the two tables needed here are read.
"""

import struct
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

__all__ = ["ARROW_START", "unpacked_size"]

HEADER, HEADER_TYPE = 2, 1  # fields of a Message
LENGTH, BUFFERS, COMPRESSION = 0, 2, 3  # fields of a RecordBatch
DATA = 1  # field of a DictionaryBatch
RECORD_BATCH, DICTIONARY_BATCH = 3, 2
ARROW_START = 8  # bytes of magic before the first message


def unpacked_size(path: Path, *, row_bytes: int = 0) -> int:
    """Bytes of all buffers of a Feather 2 file, once unpacked.

    Args:
        path: The file.
        row_bytes: What a row takes at least; a column of nothing, or of one value, has no buffers.

    Raises:
        ValueError: If a message is not what the format says.

    Source:
        Apache Arrow, Columnar format 1.0, "Encapsulated message format" and "Record batch message";
        flatbuffers' internals for where fields stand.
    """
    total = 0
    with pa.memory_map(str(path)) as file:
        file.seek(ARROW_START)
        for message in ipc.MessageReader.open_stream(file):
            try:
                total += _of_message(message, row_bytes)
            except struct.error as error:
                raise ValueError(f"a message is cut off: {error}") from error
    return total


def _of_message(message: ipc.Message, row_bytes: int) -> int:
    meta, body = message.metadata.to_pybytes(), message.body
    table = struct.unpack_from("<I", meta)[0]
    kind_at = _field(meta, table, HEADER_TYPE)
    kind = meta[kind_at] if 0 < kind_at < len(meta) else 0
    if kind not in (RECORD_BATCH, DICTIONARY_BATCH):
        return 0
    batch = _follow(meta, _field(meta, table, HEADER))
    if kind == DICTIONARY_BATCH:
        batch = _follow(meta, _field(meta, batch, DATA))
    length = _field(meta, batch, LENGTH)
    least = row_bytes * struct.unpack_from("<q", meta, length)[0] if length else 0
    if not _field(meta, batch, COMPRESSION):
        return max(body.size, least)
    at = _follow(meta, _field(meta, batch, BUFFERS))
    total = 0
    for n in range(struct.unpack_from("<I", meta, at)[0]):
        offset, length = struct.unpack_from("<qq", meta, at + 4 + 16 * n)
        if length >= 8 and 0 <= offset <= body.size - 8:
            stated = struct.unpack("<q", body.slice(offset, 8))[0]
            total += length if stated < 0 else stated  # -1: stored as it is
    return max(total, least)


def _field(meta: bytes, table: int, number: int) -> int:
    """Where a field of a flatbuffer's table stands; 0 if it is not there."""
    where = table - struct.unpack_from("<i", meta, table)[0]
    if where < 0:
        raise ValueError("a message has no table of fields")
    size = struct.unpack_from("<H", meta, where)[0]
    at = 4 + 2 * number
    offset = struct.unpack_from("<H", meta, where + at)[0] if at < size else 0
    return table + offset if offset else 0


def _follow(meta: bytes, at: int) -> int:
    return at + struct.unpack_from("<I", meta, at)[0]
