"""MATLAB 5 to 7 files as a tree. Sizes are checked before SciPy turns a leaf into an array.

Layout: a header of 128 bytes, then elements of a tag (type, bytes) and data padded to 8 bytes; a
matrix holds flags, sizes, a name, and then numbers, cells or the fields of structs.

Source:
    MathWorks, "MAT-File Format", chapter 1 (level 5).
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neuroloom.disk import speaking_of
from neuroloom.errors import InputError
from neuroloom.recording.files import check_expansion

__all__ = ["V5Node", "v5_variables"]

MATRIX, COMPRESSED, HEADER = 14, 15, 128
CELL, STRUCT, CHAR, SPARSE, DOUBLE, UINT64 = 1, 2, 4, 5, 6, 15
NAMES = {1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse", 16: "function", 17: "opaque"}
NUMBERS = ("double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")
NAMES |= {DOUBLE + n: name for n, name in enumerate((*NUMBERS, "uint64"))}
STORED = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
DEEPEST = 40


@dataclass(frozen=True)
class V5Node:
    """One array, cell array or struct array.

    Attributes:
        kind: MATLAB's class.
        shape: MATLAB's size.
        items: Elements of a cell array, down the columns.
        fields: For each name the value in each element of a struct array, down the columns.
        raw: Flags and sizes, and what follows the name; for a leaf.
        order: `<` or `>`.
    """

    kind: str
    shape: tuple[int, ...]
    items: tuple[V5Node, ...] = ()
    fields: dict[str, tuple[V5Node, ...]] = field(default_factory=dict)
    raw: tuple[bytes, bytes] = (b"", b"")
    order: str = "<"

    def names(self) -> list[str]:
        """Fields of a struct."""
        return list(self.fields)

    def element(self, place: int) -> V5Node:
        """One struct of a struct array, or the content of one cell."""
        if self.kind == "cell":
            return self.items[place]
        return V5Node("struct", (1, 1), fields={k: (v[place],) for k, v in self.fields.items()})

    def child(self, name: str) -> V5Node:
        """A field of a single struct."""
        return self.fields[name][0]

    def values(self, path: Path) -> np.ndarray:
        """The numbers or letters of a leaf, by SciPy."""
        import scipy.io

        before, after = self.raw
        name = struct.pack(f"{self.order}HH", 1, 1) + b"x\0\0\0"  # a small element
        body = before + name + after
        mark = b"\x00\x01IM" if self.order == "<" else b"\x01\x00MI"
        whole = b"MATLAB 5.0 MAT-file".ljust(124) + mark
        whole = whole[:116] + bytes(8) + whole[124:]
        whole += struct.pack(f"{self.order}II", MATRIX, len(body)) + body
        # What SciPy raises on broken leaves; the last on kinds of elements that it cannot read.
        with speaking_of(path, AttributeError, NotImplementedError):
            found = scipy.io.loadmat(io.BytesIO(whole), chars_as_strings=False)
        return found["x"]


def v5_variables(path: Path) -> dict[str, V5Node]:
    """The variables of a file, by name.

    Raises:
        InputError: If it is broken or cut off, or would unpack to an absurd size.
    """
    with speaking_of(path, struct.error):
        data = path.read_bytes()
        order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
        if order is None or len(data) < HEADER:
            raise InputError(
                f"A MATLAB 5 file must have a header of {HEADER} bytes that ends in IM or MI; "
                f"{path} has {data[124:128]!r} there. Save it again with `save -v7`."
            )
        found: dict[str, V5Node] = {}
        place, total = HEADER, 0
        while place < len(data):
            kind, size = struct.unpack_from(f"{order}II", data, place)
            content = data[place + 8 : place + 8 + size]
            if len(content) != size:
                raise InputError(
                    f"Each variable must be there to its end; {path} stops after {len(data):,} "
                    f"bytes, {size - len(content):,} too early. Copy it again."
                )
            place += 8 + size + (-size % 8 if kind != COMPRESSED else 0)
            if kind == COMPRESSED:
                content = _inflated(path, content, total)
                kind, size = struct.unpack_from(f"{order}II", content, 0)
                content = content[8 : 8 + size]
            total += len(content)
            check_expansion(path, total, "all variables together")
            if kind != MATRIX:
                raise InputError(
                    f"A MATLAB 5 file must hold variables; {path} holds an element of type {kind}. "
                    "It is damaged: copy it again."
                )
            name, node = _Reader(path, content, order).matrix(0)
            if name in found:
                raise InputError(
                    f"Each variable must occur once; `{name}` occurs twice in {path}. Save it "
                    "again."
                )
            if name:  # one without a name is MATLAB's own store of objects
                found[name] = node
    return found


def _inflated(path: Path, content: bytes, so_far: int) -> bytes:
    unpacker, parts, size = zlib.decompressobj(), [], 0
    while not unpacker.eof:
        part = unpacker.decompress(content, 2**24)
        if not part and not unpacker.unconsumed_tail:
            raise InputError(
                f"Each variable must be packed whole; one in {path} ends too early. Copy it again."
            )
        content, size = unpacker.unconsumed_tail, size + len(part)
        check_expansion(path, so_far + size, "a variable")
        parts.append(part)
    return b"".join(parts)


class _Reader:
    """Walks through the elements of one variable, and never beyond its end."""

    def __init__(self, path: Path, data: bytes, order: str) -> None:
        self.path, self.data, self.order = path, data, order
        self.place, self.end = 0, len(data)

    def element(self) -> tuple[int, bytes]:
        """Type and data of the next element."""
        start = self.place
        first, size = struct.unpack_from(f"{self.order}II", self.data, start)
        if first >> 16:  # a small one: size and type share four bytes, data are the other four
            kind, size, begin = first & 0xFFFF, first >> 16, start + 4
            self.place = start + 8
        else:
            kind, begin = first, start + 8
            self.place = begin + size + -size % 8
        if begin + size > self.end or (first >> 16 and size > 4):
            raise self._damaged(f"an element of {size:,} bytes at byte {start:,}")
        self.place = min(self.place, self.end)
        return kind, self.data[begin : begin + size]

    def matrix(self, depth: int) -> tuple[str, V5Node]:
        """Name and content of the matrix that starts here."""
        if self.place >= self.end:  # an empty matrix, as MATLAB writes unset cells
            return "", V5Node("double", (0, 0), order=self.order)
        if depth > DEEPEST:
            raise self._damaged(f"cells or structs inside each other {depth} times")
        start = self.place
        _, flags = self.element()
        if len(flags) != 8:
            raise self._damaged(f"{len(flags)} bytes of flags")
        bits = struct.unpack(f"{self.order}II", flags)[0]
        code = bits & 0xFF
        kind = NAMES.get(code)
        if kind is None:
            raise self._damaged(f"an array of class {code}")
        if kind == "opaque":
            return self._text(self.element()[1]), self._skip(kind, ())
        _, sizes = self.element()
        shape = struct.unpack(f"{self.order}{len(sizes) // 4}i", sizes)
        if len(shape) < 2 or any(n < 0 for n in shape) or len(sizes) % 4:
            raise self._damaged(f"an array of size {shape}")
        before = self.data[start : self.place]
        name = self._text(self.element()[1])
        n = math.prod(shape)
        if kind == "cell":
            return name, V5Node(kind, shape, items=self._matrices(n, depth), order=self.order)
        if kind == "struct":
            return name, V5Node(kind, shape, fields=self._fields(n, depth), order=self.order)
        if kind in ("object", "function", "sparse") or bits & 0x0800:  # complex
            return name, self._skip("complex" if bits & 0x0800 else kind, shape)
        after = self.data[self.place : self.end]
        stored, numbers = self.element()
        if stored not in STORED or len(numbers) != n * STORED[stored]:
            utf8 = stored == 16  # may take more bytes than letters
            if not (utf8 and n <= len(numbers)):
                raise self._damaged(f"{len(numbers):,} bytes of type {stored} for {shape}")
        return name, V5Node(kind, shape, raw=(before, after), order=self.order)

    def _matrices(self, n: int, depth: int) -> tuple[V5Node, ...]:
        if n > (self.end - self.place) // 8:
            raise self._damaged(f"{n:,} cells in {self.end - self.place:,} bytes")
        found = []
        for _ in range(n):
            kind, content = self.element()
            if kind != MATRIX:
                raise self._damaged(f"a cell of type {kind}")
            found.append(_Reader(self.path, content, self.order).matrix(depth + 1)[1])
        return tuple(found)

    def _fields(self, n: int, depth: int) -> dict[str, tuple[V5Node, ...]]:
        _, width = self.element()
        length = struct.unpack(f"{self.order}i", width[:4])[0]
        _, letters = self.element()
        if length < 1 or len(letters) % length:
            raise self._damaged(f"names of fields of {length} letters in {len(letters)} bytes")
        names = [
            self._text(letters[at : at + length].split(b"\0")[0])
            for at in range(0, len(letters), length)
        ]
        if len(set(names)) < len(names):
            raise self._damaged("a field that occurs twice")
        flat = self._matrices(n * len(names), depth)
        return {name: flat[at :: len(names)] for at, name in enumerate(names)}

    def _skip(self, kind: str, shape: tuple[int, ...]) -> V5Node:
        self.place = self.end
        return V5Node(kind, shape, order=self.order)

    def _text(self, letters: bytes) -> str:
        return letters.decode("latin-1")

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"A MATLAB 5 file must be sound; {self.path} has {what}. It is damaged, or not made by "
            "MATLAB: save it again with `save -v7`."
        )
