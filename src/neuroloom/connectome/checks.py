"""What must hold of the arrays of a connectome, one check an array."""

import numpy as np

from neuroloom.errors import InputError, nearest

__all__ = [
    "COUNT_UNITS",
    "checked_column",
    "checked_counts",
    "checked_ids",
    "checked_whole",
    "frozen",
]

COUNT_UNITS = ("synapses", "em_sections", "mean_synapses")
MOST_CONTACTS = 2**53  # together; beyond it an id was taken for a count


def frozen(values: np.ndarray) -> np.ndarray:
    """A copy that cannot be written to."""
    copy = np.array(values)
    copy.flags.writeable = False
    return copy


def checked_ids(ids: object) -> np.ndarray:
    """One int64 or str a neuron, none missing, none twice.

    Raises:
        InputError: If that does not hold.
    """
    ids = np.asarray(ids)
    if ids.dtype == object and all(isinstance(i, str) for i in ids.ravel().tolist()):
        ids = ids.astype(str)
    if ids.dtype.kind == "u" and (ids <= np.iinfo(np.int64).max).all():
        ids = ids.astype(np.int64)
    if ids.ndim != 1 or ids.dtype.kind not in "iU":
        raise InputError(
            "`neuron_id` must be one whole number (int64) or text a neuron; got "
            f"{ids.dtype} of shape {ids.shape}. A float cannot hold 18 digits: read ids as int64 "
            "or str from the start."
        )
    ids = ids.astype(np.int64) if ids.dtype.kind == "i" else ids
    unique, n = np.unique(ids, return_counts=True)
    if len(unique) != len(ids):
        raise InputError(
            f"`neuron_id` must be unique; {unique[n > 1][0]} occurs {n[n > 1][0]} times "
            f"({(n > 1).sum()} ids repeat). Remove the repeated rows of the neuron table."
        )
    if ids.dtype.kind == "U" and (ids == "").any():
        raise InputError(
            f"`neuron_id` must not be empty; {(ids == '').sum()} are. Name every neuron."
        )
    return ids


def checked_whole(name: str, values: object) -> np.ndarray:
    """Whole numbers, one a connection.

    Raises:
        InputError: If they are not.
    """
    values = np.asarray(values)
    if values.size == 0 and values.ndim == 1:
        return values.astype(np.int64)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise InputError(
            f"`{name}` must be whole numbers, one a connection; got {values.dtype} of shape "
            f"{values.shape}. Convert them to integers where they are read."
        )
    return values


def checked_counts(count: object, unit: object) -> np.ndarray:
    """Counts as int64, or as float64 where the unit is an average.

    Raises:
        InputError: If the unit is not known, or a count is negative, not finite, or a fraction of
            what is counted in whole numbers.
    """
    if unit not in COUNT_UNITS:
        raise InputError(
            f"`count_unit` must be one of {', '.join(COUNT_UNITS)}; got `{unit}`. "
            f"{nearest(str(unit), COUNT_UNITS)}"
        )
    count = np.asarray(count)
    if count.ndim != 1 or (count.size and count.dtype.kind not in "iuf"):
        raise InputError(
            f"`count` must be numbers, one a connection; got {count.dtype} of shape {count.shape}. "
            "Convert them where they are read."
        )
    bad = ~np.isfinite(count) | (count < 0) if count.dtype.kind == "f" else count < 0
    if bad.any():
        raise InputError(
            f"`count` must be finite and at least 0; got {count[bad][0]} ({bad.sum()} such of "
            f"{count.size}). Remove those rows, or put the direction of the effect into `sign`."
        )
    if count.size and count.astype(np.float64).sum() >= MOST_CONTACTS:
        raise InputError(
            f"The counts must add up to less than 2^53; the largest is {count.max()}. Check that "
            "`count` is not a column of ids."
        )
    if unit == "mean_synapses":
        return count.astype(np.float64)
    if count.dtype.kind == "f" and (count != np.round(count)).any():
        fraction = count[count != np.round(count)]
        raise InputError(
            f"`count` in {unit} must be whole; got {fraction[0]} ({fraction.size} such). If these "
            "are averages, say so with `count_unit='mean_synapses'`."
        )
    return count.astype(np.int64)


def checked_column(name: str, values: object, n_neurons: int) -> np.ndarray:
    """A further column: one entry a neuron, and each of them text or all of them numbers.

    Raises:
        InputError: If it is not.
    """
    values = np.asarray(values)
    if name == "neuron_id":
        raise InputError(
            "A further neuron column must have a name of its own; got `neuron_id`. Leave it out, "
            "or call it `original_id`."
        )
    if values.dtype == object:
        odd = [v for v in values.ravel().tolist() if not isinstance(v, str)]
        if odd:
            raise InputError(
                f"The neuron column `{name}` must be text, or numbers; it mixes text with "
                f"{odd[0]!r} ({len(odd)} entries are no text). Put an empty string where the text "
                "is not known, NaN where a number is not."
            )
        values = values.astype(str)
    if values.shape != (n_neurons,):
        raise InputError(
            f"The neuron column `{name}` must have one entry a neuron ({n_neurons}); "
            f"its shape is {values.shape}. Give every neuron an entry, in the order of "
            "`neuron_id` (an empty string where it is not known)."
        )
    return values
