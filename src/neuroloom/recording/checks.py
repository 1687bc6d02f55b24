"""What an array must be to become part of a recording. Each check returns it or raises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np

from neuroloom.errors import InputError

__all__ = [
    "as_counts",
    "as_ids",
    "as_labels",
    "as_mask",
    "as_numbers",
    "agreed",
    "frozen",
    "require",
    "require_storable",
]

Value = TypeVar("Value", str, float)
LARGEST_EXACT = 2**53  # beyond it, float64 skips whole numbers


def require(holds: bool | np.bool_, message: str) -> None:
    """Raise `InputError(message)` unless it holds."""
    if not holds:
        raise InputError(message)


def agreed(name: str, stated: Value | None, given: Value | None) -> Value | None:
    """What the file states or the caller gives, whichever there is.

    Raises:
        InputError: If both are there and differ.
    """
    if stated is None or given is None:
        return given if stated is None else stated
    same = (
        np.isclose(stated, given, rtol=1e-6, atol=0)
        if isinstance(stated, float) and isinstance(given, float)
        else stated == given
    )
    require(
        same,
        f"`{name}` must agree with the file; got {given}, and the file states {stated}. Leave "
        f"`{name}` out, or correct the file.",
    )
    return stated


def frozen(values: np.ndarray) -> np.ndarray:
    """A read-only copy."""
    copy = np.array(values)
    copy.flags.writeable = False
    return copy


def as_numbers(
    name: str,
    values: object,
    *,
    n_axes: int | None = None,
    shape: tuple[int, ...] | None = None,
) -> np.ndarray:
    """The values as float64, NaN allowed.

    Raises:
        InputError: If they are no real numbers, of another shape, empty, infinite, masked, or whole
            numbers too large for float64.
    """
    require(
        not isinstance(values, np.ma.MaskedArray),
        f"`{name}` must be a plain array with NaN where nothing was observed; got a masked array. "
        "Call `.filled(numpy.nan)` on it first.",
    )
    array = np.asarray(values)
    require(
        array.dtype.kind in "iuf",
        f"`{name}` must be real numbers; got {array.dtype}. Convert them where they are read, and "
        "write NaN where there is no measurement.",
    )
    if shape is not None:
        require(
            array.shape == shape,
            f"`{name}` must have the shape of the recording {shape}; its shape is {array.shape}. "
            "The axes are (trial, time, neuron).",
        )
    require(
        n_axes is None or array.ndim == n_axes,
        f"`{name}` must have {n_axes} axes, trial first and time second; its shape is "
        f"{array.shape}. Add `[None]` in front for a single trial.",
    )
    require(
        array.size > 0,
        f"`{name}` must hold at least one value; its shape is {array.shape}. Check that the file "
        "or the selection is not empty.",
    )
    if array.dtype.kind in "iu":
        huge = np.abs(array.astype(np.float64)) > LARGEST_EXACT
        require(
            not huge.any(),
            f"`{name}` must be at most 2^53 where it is whole; got {array[huge][:1]} "
            f"({huge.sum()} such). Such numbers look like ids: put those into `neuron_id`.",
        )
    numbers = array.astype(np.float64)
    infinite = np.isinf(numbers)
    if infinite.any():
        where = tuple(int(i) for i in np.argwhere(infinite)[0])
        raise InputError(
            f"`{name}` must be finite, or NaN where nothing was observed; got "
            f"{numbers[where]} at {where} ({infinite.sum():,} such of {numbers.size:,}). Write NaN "
            "there, or correct the step that divided by zero."
        )
    return numbers


def as_counts(name: str, values: object, shape: tuple[int, ...]) -> np.ndarray:
    """The values as int64, none of them negative.

    Raises:
        InputError: If they are not whole numbers of this shape, at least 0.
    """
    array = np.asarray(values)
    require(
        array.dtype.kind in "iu" and array.shape == shape,
        f"`{name}` must be whole numbers of shape {shape}; got {array.dtype} of shape "
        f"{array.shape}. Use 0 where nothing was measured.",
    )
    require(
        (array >= 0).all(),
        f"`{name}` must be at least 0; got {array.min()} ({(array < 0).sum()} below 0). Use 0 "
        "where nothing was measured.",
    )
    return array.astype(np.int64)


def as_ids(ids: object) -> np.ndarray:
    """Neuron ids as int64 or str, unique and not empty.

    Raises:
        InputError: If they are floats or objects, repeat, or are empty.
    """
    array = np.asarray(ids)
    if array.dtype == object and all(isinstance(i, str) for i in array.ravel().tolist()):
        array = array.astype(str)
    if array.dtype.kind == "u" and (array <= np.iinfo(np.int64).max).all():
        array = array.astype(np.int64)
    require(
        array.ndim == 1 and array.dtype.kind in "iU",
        "`neuron_id` must be one whole number (int64) or text a neuron; got "
        f"{array.dtype} of shape {array.shape}. A float cannot hold 18 digits: read ids as int64 "
        "or str from the start.",
    )
    unique, n = np.unique(array, return_counts=True)
    require(
        unique.size == array.size,
        f"`neuron_id` must be unique; {unique[n > 1][:1]} occurs {n[n > 1][:1]} times "
        f"({(n > 1).sum()} ids repeat). Rename or merge those neurons before reading.",
    )
    if array.dtype.kind == "i":
        return array.astype(np.int64)
    blank = np.array([not i.strip() for i in array.tolist()], bool)
    require(
        not blank.any(),
        f"`neuron_id` must not be empty; {blank.sum()} of {array.size} are. Name every neuron.",
    )
    return array


def as_labels(name: str, values: object, length: int) -> np.ndarray:
    """One label a trial: text, whole numbers, numbers or booleans.

    Raises:
        InputError: If the length or the type is another.
    """
    array = np.asarray(values)
    if array.dtype == object and all(isinstance(v, str) for v in array.ravel().tolist()):
        array = array.astype(str)
    require(
        array.shape == (length,) and array.dtype.kind in "iufbU",
        f"`{name}` must hold one text or number a trial ({length}); got {array.dtype} of shape "
        f"{array.shape}. Give every trial an entry, an empty text where it is not known.",
    )
    return array


def as_mask(name: str, mask: object, length: int) -> np.ndarray:
    """One True or False for each of `length` places, at least one True; None means all True.

    Raises:
        InputError: If it is of another type or length, or keeps nothing.
    """
    array = np.ones(length, bool) if mask is None else np.asarray(mask)
    require(
        array.dtype == bool and array.shape == (length,),
        f"`{name}` must be one True or False for each of {length}; got {array.dtype} of shape "
        f"{array.shape}. For ids, use `numpy.isin(recording.neuron_id, ids)`.",
    )
    require(
        array.any(),
        f"`{name}` must keep at least one of {length}; it keeps none. Check the ids or the split "
        "that made it.",
    )
    return array


def require_storable(texts: Iterable[object]) -> None:
    """Refuses texts that HDF5 and Zarr cannot hold; what is no text is let through.

    Raises:
        InputError: If one is no Unicode, or has a NUL, which would end it.
    """
    for text in texts:
        if isinstance(text, str) and any(c == "\0" or 0xD800 <= ord(c) < 0xE000 for c in text):
            raise InputError(
                "Texts must be Unicode without NUL to stand in a NetCDF or Zarr file; got "
                f"{text[:40]!r}. Change it first."
            )
