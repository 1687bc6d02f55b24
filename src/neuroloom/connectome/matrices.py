"""SciPy sparse matrices, in and out, and the NPZ files that SciPy saves them in.

A matrix does not say whether its rows send or receive, and public ones disagree: the caller says.
"""

from __future__ import annotations

import io
import math
import tokenize
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, no_type_check

import numpy as np
import pyarrow as pa

from neuroloom.connectome.checks import checked_ids
from neuroloom.connectome.columns import Table
from neuroloom.connectome.connectome import KINDS, Connectome
from neuroloom.connectome.policies import KeepFirst, Refuse, Sum
from neuroloom.connectome.tables import assemble
from neuroloom.disk import check_expansion, first_bytes, speaking_of
from neuroloom.errors import InputError, nearest

if TYPE_CHECKING:
    from scipy import sparse

__all__ = ["from_scipy", "is_sparse_npz", "read_sparse_npz", "to_scipy"]

ENDS = ("pre", "post")
PARTS = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "coo": ("data", "row", "col"),
}


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def from_scipy(
    matrix: sparse.sparray | sparse.spmatrix,
    neuron_id: np.ndarray,
    *,
    rows: Literal["pre", "post"],
    kind: str = "chemical",
    signed: bool = False,
    count_unit: str = "synapses",
    neurons: Mapping[str, np.ndarray] | None = None,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    name: str = "",
) -> Connectome:
    """The connectome whose counts are the stored entries of a sparse matrix.

    A stored zero is a connection of count 0; `matrix.eliminate_zeros()` removes them first. For
    electrical connections the matrix holds each once, or is symmetric and then each is kept once.

    Args:
        matrix: Square, one row and one column a neuron, of any sparse format and real numbers.
        neuron_id: The id of each row and column, int64 or str.
        rows: What rows are: `pre` (row i sends) or `post` (row i receives). Sources disagree.
        kind: What all connections are: `chemical`, `electrical` or `neuromuscular`.
        signed: Whether an entry below 0 is an inhibitory connection of that size and one above 0 an
            excitatory one. If not, negative entries are refused and signs are not known.
        count_unit: What the counts count: `synapses`, `em_sections` or `mean_synapses`.
        neurons: Further neuron columns.
        on_duplicate: `Refuse()`, `Sum()` or `KeepFirst()` where an entry is stored again.
        name: What to call it in a report.

    Raises:
        InputError: If the matrix is not square or not as long as the ids, an entry is NaN, infinite
            or negative, an entry is stored again, or a junction has two counts.

    Example:
        >>> from scipy.sparse import coo_array
        >>> sends = coo_array(([3], ([0], [1])), shape=(2, 2))
        >>> c = from_scipy(sends, np.array(["a", "b"]), rows="pre")
        >>> str(c.neuron_id[c.pre[0]]), str(c.neuron_id[c.post[0]]), int(c.count[0])
        ('a', 'b', 3)
    """
    from scipy import sparse

    if not sparse.issparse(matrix) or matrix.ndim != 2:
        raise InputError(
            "`matrix` must be a sparse matrix of SciPy with two axes; got a "
            f"{type(matrix).__name__}. Wrap an array with `scipy.sparse.coo_array`."
        )
    _check_word("rows", rows, ENDS)
    _check_word("kind", kind, KINDS)
    ids = checked_ids(neuron_id)
    if matrix.shape != (len(ids), len(ids)):
        raise InputError(
            f"`matrix` must have one row and one column an id ({len(ids):,}); its shape is "
            f"{matrix.shape}. Give the ids of all rows, which are those of the columns too."
        )
    row, column, values = _entries(matrix)
    made = _assembled(row, column, values, ids, rows, kind, signed, count_unit, on_duplicate, name)
    return made if neurons is None else replace(made, neurons=dict(neurons))


def to_scipy(
    connectome: Connectome,
    *,
    rows: Literal["pre", "post"],
    kind: str,
    values: Literal["count", "signed"],
) -> sparse.csr_array:
    """The connections of one kind as a square sparse matrix, rows and columns as in `neuron_id`.

    Kinds are not mixed, because their counts are not of one sort. Electrical connections are
    stored both ways, so that the matrix is symmetric.

    Args:
        connectome: Any.
        rows: What rows are: `pre` (row i sends) or `post` (row i receives; then `W @ x` is what
            each neuron receives).
        kind: `chemical`, `electrical` or `neuromuscular`.
        values: `count`, or `signed` for sign times count.

    Raises:
        InputError: If signs are asked for and one is not known.
    """
    from scipy import sparse

    _check_word("rows", rows, ENDS)
    _check_word("kind", kind, KINDS)
    _check_word("values", values, ("count", "signed"))
    here = connectome.of_kind(kind)
    entries, pre, post = here.count, here.pre, here.post
    if values == "signed":
        unknown = here.sign == 0
        if unknown.any():
            raise InputError(
                f"Every sign must be known for signed values; {unknown.sum():,} of "
                f"{here.n_connections:,} {kind} connections have none. Apply a sign rule such as "
                "`TransmitterSigns()`, or take `values='count'`."
            )
        entries = entries * here.sign
    if kind == "electrical":
        other = pre != post
        pre, post = np.concatenate([pre, post[other]]), np.concatenate([post, pre[other]])
        entries = np.concatenate([entries, entries[other]])
    ends = (pre, post) if rows == "pre" else (post, pre)
    n = connectome.n_neurons
    return sparse.csr_array(sparse.coo_array((entries, ends), shape=(n, n)))


def is_sparse_npz(path: Path) -> bool:
    """Whether the file is an NPZ with the parts that `scipy.sparse.save_npz` writes."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {"format.npy", "shape.npy", "data.npy"} <= set(archive.namelist())
    except (OSError, ValueError, LookupError, RuntimeError, zipfile.BadZipFile):
        return False


@no_type_check  # as above
def read_sparse_npz(
    path: Path,
    *,
    neuron_id: np.ndarray,
    rows: Literal["pre", "post"],
    kind: str = "chemical",
    signed: bool = False,
    count_unit: str = "synapses",
    neurons: Mapping[str, np.ndarray] | None = None,
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    name: str | None = None,
) -> Connectome:
    """The connectome in a file of `scipy.sparse.save_npz`; see `from_scipy`. Nothing is unpickled.

    Args:
        path: The file, in the format csr, csc or coo.
        neuron_id: The id of each row and column, int64 or str; the file holds none.
        rows: What rows are: `pre` or `post`. No default, because sources disagree.
        kind: What all connections are.
        signed: Whether the sign of an entry is that of the connection.
        count_unit: What the counts count.
        neurons: Further neuron columns.
        on_duplicate: `Refuse()`, `Sum()` or `KeepFirst()` where an entry is stored again.
        name: What to call it; None for the name of the file.

    Raises:
        InputError: If the file is broken, holds objects, would unpack to too much, or as
            `from_scipy`.
    """
    from scipy import sparse

    path = Path(path)
    first_bytes(path)
    with speaking_of(path), zipfile.ZipFile(path) as archive:
        members = {member.filename for member in archive.infolist()}
        check_expansion(path, sum(member.file_size for member in archive.infolist()))
        if not {"format.npy", "shape.npy", "data.npy"} <= members:
            raise InputError(
                "A sparse NPZ must hold `format`, `shape` and `data`; "
                f"{path} holds {', '.join(sorted(members))[:200] or 'nothing'}. Write it with "
                "`scipy.sparse.save_npz`."
            )
        word = _array(archive, "format").item()
        word = word.decode("ascii", "replace") if isinstance(word, bytes) else str(word)
        if word not in PARTS:
            raise InputError(
                f"The format must be one of {', '.join(PARTS)}; {path} has {word!r:.80}. Convert "
                "the matrix with `.tocsr()` and save it again."
            )
        data, *places = (_array(archive, part) for part in PARTS[word])
        shape = tuple(_array(archive, "shape").ravel().tolist())
        n = len(checked_ids(neuron_id))
        if shape != (n, n):
            raise InputError(
                f"The matrix must have one row and one column an id ({n:,}); {path} has the shape "
                f"{shape}. Give the ids of all rows, which are those of the columns too."
            )
        odd = [part for part in places if part.dtype.kind not in "iu" or part.ndim != 1]
        if odd:
            raise InputError(
                f"Places of entries must be lists of whole numbers; {path} has {odd[0].dtype} of "
                f"shape {odd[0].shape}. Write it with `scipy.sparse.save_npz`."
            )
        if word == "coo":
            matrix = sparse.coo_array((data, tuple(places)), shape=(n, n))
        else:
            make = {"csr": sparse.csr_array, "csc": sparse.csc_array}[word]
            matrix = make((data, *places), shape=(n, n))
    return from_scipy(
        matrix,
        neuron_id,
        rows=rows,
        kind=kind,
        signed=signed,
        count_unit=count_unit,
        neurons=neurons,
        on_duplicate=on_duplicate,
        name=path.name.split(".")[0] if name is None else name,
    )


def _array(archive: zipfile.ZipFile, part: str) -> np.ndarray:
    """One array, if its header does not claim more than the member holds."""
    data = archive.read(f"{part}.npy")  # whole, so that its sum is checked before its header
    file = io.BytesIO(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that NumPy parses in a second way
        try:
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            else:
                shape, _, dtype = np.lib.format.read_array_header_2_0(file)
            n = math.prod(shape)
            if dtype.hasobject or not 0 <= n * dtype.itemsize <= len(data):
                raise InputError(
                    f"An array must hold plain numbers, as many as it says; `{part}` says {n:,} of "
                    f"{dtype} and has {len(data):,} bytes. Save the matrix again."
                )
            return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
        except (SyntaxError, tokenize.TokenError) as error:
            raise ValueError(f"the header of `{part}` is damaged") from error


def _entries(
    matrix: Any,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and value of each stored entry; checked, because SciPy may not have."""
    try:
        if matrix.format in ("csr", "csc", "bsr"):
            matrix.check_format(full_check=True)
        stored = matrix.tocoo(copy=False)
    except (ValueError, TypeError, IndexError) as error:
        raise InputError(
            f"`matrix` must be a sound sparse matrix; SciPy says: {str(error)[:200]}. Build it "
            "again."
        ) from error
    values = stored.data
    if values.dtype.kind not in "biuf":
        raise InputError(
            f"The entries of `matrix` must be real numbers; they are {values.dtype}. Convert them."
        )
    kind = {"b": np.int64, "f": np.float64}.get(values.dtype.kind)
    values = values if kind is None else values.astype(kind)
    row, column = (np.asarray(place) for place in (stored.row, stored.col))
    for place, n in ((row, matrix.shape[0]), (column, matrix.shape[1])):
        outside = (place < 0) | (place >= n)
        if outside.any():
            raise InputError(
                f"Each entry must lie in the matrix of {n:,}; one is at {place[outside][0]} "
                f"({outside.sum():,} such). Build the matrix again."
            )
    if matrix.format in ("bsr", "dia"):  # formats that fill up with zeros
        there = values != 0
        row, column, values = row[there], column[there], values[there]
    return row.astype(np.int64), column.astype(np.int64), values


@no_type_check  # as above
def _assembled(
    row: np.ndarray,
    column: np.ndarray,
    values: np.ndarray,
    ids: np.ndarray,
    rows: str,
    kind: str,
    signed: bool,
    count_unit: str,
    on_duplicate: Refuse | Sum | KeepFirst,
    name: str,
) -> Connectome:
    def place(k: int) -> str:
        return f"row {row[k]}, column {column[k]} (from 0)"

    def check(bad: np.ndarray, rule: str, instruction: str) -> None:
        if bad.any():
            k = int(np.flatnonzero(bad)[0])
            raise InputError(
                f"{rule}; the matrix has {values[k]} in {place(k)} ({bad.sum():,} such of "
                f"{bad.size:,}). {instruction}"
            )

    if values.dtype.kind == "f":
        check(~np.isfinite(values), "Stored entries must be finite", "Remove them.")
    negative = values < 0
    if not signed:
        todo = "Pass `signed=True` if the sign is that of the connection."
        check(negative, "Counts must be at least 0", todo)
    elif kind == "electrical":
        check(negative, "Electrical connections have no sign", "Remove it.")
    sign = np.sign(values).astype(np.int64) if signed else np.zeros(len(values), np.int64)
    sign = np.zeros_like(sign) if kind == "electrical" else sign
    said = [f"read a matrix whose rows are {rows}, {len(values):,} entries stored"]
    n_zero = int((values == 0).sum())
    said += [f"{n_zero:,} of them are 0 and kept as connections of count 0"] if n_zero else []
    pre, post = (row, column) if rows == "pre" else (column, row)
    if kind == "electrical":
        keep = _once(pre, post, values, place)
        said.append(f"kept once {(~keep).sum():,} electrical connections stored both ways")
    else:
        keep = np.ones(len(values), bool)
    where = np.flatnonzero(keep)
    names = pa.array(ids.tolist(), pa.int64() if ids.dtype.kind == "i" else pa.large_string())
    return assemble(
        Table("the ids", {"neuron_id": names}, lambda k: f"place {k} (from 0)"),
        Table(
            "the matrix",
            {
                "pre": names.take(pa.array(pre[keep])),
                "post": names.take(pa.array(post[keep])),
                "kind": pa.array([kind] * len(where), pa.large_string()),
                "count": pa.array(np.abs(values[keep])),
                "sign": pa.array(sign[keep]),
            },
            lambda k: place(int(where[k])),
        ),
        count_unit=count_unit,
        on_duplicate=on_duplicate,
        on_dangling=Refuse(),
        name=name,
        audit=tuple(said),
    )


def _once(
    pre: np.ndarray, post: np.ndarray, values: np.ndarray, place: Callable[[int], str]
) -> np.ndarray:
    """Which entries stay of a matrix that stores each junction once, or all of them both ways."""
    other = {(a, b): k for k, (a, b) in enumerate(zip(pre.tolist(), post.tolist(), strict=True))}
    keep = np.ones(len(pre), bool)
    for (a, b), k in other.items():
        mirror = other.get((b, a), k)
        if values[mirror] != values[k]:
            raise InputError(
                f"An electrical connection must have one count; the matrix has {values[k]} in "
                f"{place(k)} and {values[mirror]} the other way. Make it symmetric, or blank one "
                "side of the diagonal."
            )
        keep[k] = a <= b or mirror == k
    return keep


def _check_word(argument: str, word: object, known: tuple[str, ...]) -> None:
    if word not in known:
        raise InputError(
            f"`{argument}` must be one of {', '.join(known)}; got {word!r:.80}. "
            f"{nearest(str(word), known)}"
        )
