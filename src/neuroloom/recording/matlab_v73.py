"""MATLAB 7.3 files as a tree: HDF5 with axes reversed, letters as uint16, cells as references."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom.disk import speaking_of
from neuroloom.errors import InputError
from neuroloom.recording.files import check_hdf5

__all__ = ["V73Node", "v73_variables"]

LEAVES = ("double", "single", "logical", "char")
LEAVES += tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))


@dataclass(frozen=True)
class V73Node:
    """One array, cell array or struct array; read when it is asked for.

    Attributes:
        item: The HDF5 group or dataset.
        place: Which element of a struct array, or None for the whole.
    """

    item: Any
    place: int | None = None

    @property
    def kind(self) -> str:
        """MATLAB's class; `sparse` and `complex` are called so."""
        import h5py

        attributes = self.item.attrs
        named = attributes.get("MATLAB_class", b"")
        kind = named.decode("latin-1") if isinstance(named, bytes) else str(named)
        if "MATLAB_object_decode" in attributes:
            return "opaque"
        if "MATLAB_sparse" in attributes:
            return "sparse"
        if isinstance(self.item, h5py.Group):
            return "struct"
        if self.item.dtype.kind == "V":
            return "complex"
        if h5py.check_ref_dtype(self.item.dtype) is not None:
            return "cell"
        return kind or "double"

    @property
    def shape(self) -> tuple[int, ...]:
        """MATLAB's size."""
        if self.kind == "struct":
            sizes = {field.shape for field in self._arrays()}
            return (1, 1) if self.place is not None or len(sizes) != 1 else sizes.pop()[::-1]
        if "MATLAB_empty" in self.item.attrs:  # the numbers stored are the size
            return tuple(int(n) for n in np.asarray(self.item).ravel()[:32])
        return tuple(self.item.shape or ())[::-1]

    def _arrays(self) -> list[Any]:
        """Datasets of references, one a field, if this is a struct array."""
        import h5py

        fields = [self.item[name] for name in self.item]
        refer = [
            isinstance(f, h5py.Dataset)
            and "MATLAB_class" not in f.attrs
            and h5py.check_ref_dtype(f.dtype) is not None
            for f in fields
        ]
        return fields if fields and all(refer) else []

    def names(self) -> list[str]:
        """Fields of a struct."""
        return list(self.item)

    def element(self, place: int) -> V73Node:
        """One struct of a struct array, or the content of one cell."""
        if self.kind == "struct":
            return V73Node(self.item, place if self._arrays() else None)
        return self._followed(self.item, place)

    def child(self, name: str) -> V73Node:
        """A field of a single struct."""
        field = self.item[name]
        if self._arrays():
            return self._followed(field, self.place or 0)
        return V73Node(field)

    def _followed(self, references: Any, place: int) -> V73Node:
        flat = np.asarray(references).ravel()  # reversed axes: this order is down the columns
        return V73Node(references.file[flat[place]])

    def values(self, path: Path) -> np.ndarray:
        """The numbers or letters of a leaf, axes in MATLAB's order."""
        with speaking_of(path):
            if "MATLAB_empty" in self.item.attrs:
                return np.zeros(self.shape)
            array = np.asarray(self.item).T
        if self.kind != "char":
            return array
        if array.dtype.kind not in "iu":
            raise InputError(
                f"Letters must be numbers in a MATLAB 7.3 file; {path} has {array.dtype}. Save it "
                "again."
            )
        return np.vectorize(chr, otypes=["U1"])(array.astype(np.uint16)) if array.size else array


@contextmanager
def v73_variables(path: Path) -> Iterator[dict[str, V73Node]]:
    """The variables of an open file, by name.

    Raises:
        InputError: If it is broken, or holds more numbers than its size allows.
    """
    import h5py

    with speaking_of(path, TypeError, AttributeError, IndexError), h5py.File(path) as file:
        check_hdf5(path, file)
        yield {str(name): V73Node(file[name]) for name in file if not str(name).startswith("#")}
