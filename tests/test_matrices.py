"""Sparse matrices: orientation said and kept, counts exact, files bounded."""

import io
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from neuroloom.connectome import KINDS, KeepFirst, Sum
from neuroloom.connectome.matrices import from_scipy, is_sparse_npz, read_sparse_npz, to_scipy
from neuroloom.errors import InputError
from samples_formats import IDS, MATRIX, sparse_coo, sparse_npz
from strategies import connectomes, edges_of

SENDS = [(a, b, 0, int(MATRIX[i, j]), 0) for i, a in enumerate(IDS) for j, b in enumerate(IDS)
         if MATRIX[i, j]]  # fmt: skip
NAMES = np.array(["a", "b"])


def coo(*entries, n=2):
    values, row, column = zip(*entries, strict=True) if entries else ((), (), ())
    made = sparse.coo_array((np.array(values), (np.array(row, int), np.array(column, int))), (n, n))
    return made


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"])
def test_rows_are_what_the_caller_says_in_every_format(kind):
    matrix = sparse.coo_array(MATRIX).asformat(kind)
    assert sorted(edges_of(from_scipy(matrix, IDS, rows="pre"))) == sorted(SENDS)
    turned = [(b, a, *rest) for a, b, *rest in SENDS]
    assert sorted(edges_of(from_scipy(matrix, IDS, rows="post"))) == sorted(turned)
    old = sparse.csr_matrix(MATRIX)
    assert sorted(edges_of(from_scipy(old, IDS, rows="pre"))) == sorted(SENDS)


def test_the_orientation_has_no_default():
    with pytest.raises(TypeError, match="rows"):
        from_scipy(sparse.coo_array(MATRIX), IDS)
    with pytest.raises(InputError, match=r"`rows` must be one of pre, post; got 'prae'.*`pre`"):
        from_scipy(sparse.coo_array(MATRIX), IDS, rows="prae")


def test_a_matrix_times_a_vector_sends_from_pre_to_post(a_to_b):
    received = to_scipy(a_to_b, rows="post", kind="chemical", values="signed") @ np.array([1.0, 0])
    np.testing.assert_array_equal(received, [0, 2])


@settings(max_examples=80)
@given(connectomes(), st.sampled_from(["pre", "post"]))
def test_a_connectome_comes_back_from_its_matrices(connectome, rows):
    dense = np.zeros((connectome.n_neurons,) * 2)
    place = {name: k for k, name in enumerate(connectome.neuron_id.tolist())}
    for kind in KINDS:
        matrix = to_scipy(connectome, rows=rows, kind=kind, values="count")
        part = connectome.of_kind(kind)
        back = from_scipy(
            matrix, connectome.neuron_id, rows=rows, kind=kind, count_unit=connectome.count_unit,
            neurons=connectome.neurons,
        )  # fmt: skip
        unsigned = sorted(row[:4] for row in edges_of(part))
        assert sorted(row[:4] for row in edges_of(back)) == unsigned
        assert back.count.dtype == connectome.count.dtype
        np.testing.assert_array_equal(back.neuron_id, connectome.neuron_id)
        assert set(back.neurons) == set(connectome.neurons)
        dense[:] = 0
        for a, b, k, n, _ in edges_of(part):
            i, j = (place[a], place[b]) if rows == "pre" else (place[b], place[a])
            dense[i, j] = n
            if k == 1:
                dense[j, i] = n
        np.testing.assert_array_equal(matrix.toarray(), dense)


def test_signs_are_in_the_numbers_only_if_the_caller_says_so():
    matrix = coo((-3, 0, 1), (2, 1, 0))
    with pytest.raises(InputError, match=r"has -3 in row 0, column 1 .*`signed=True`"):
        from_scipy(matrix, NAMES, rows="pre")
    made = from_scipy(matrix, NAMES, rows="pre", signed=True)
    assert edges_of(made) == [("a", "b", 0, 3, -1), ("b", "a", 0, 2, 1)]
    signed = to_scipy(made, rows="pre", kind="chemical", values="signed")
    np.testing.assert_array_equal(signed.toarray(), [[0, -3], [2, 0]])
    unsigned = from_scipy(abs(matrix), NAMES, rows="pre")
    with pytest.raises(InputError, match=r"2 of 2 chemical .*TransmitterSigns\(\)"):
        to_scipy(unsigned, rows="pre", kind="chemical", values="signed")


def test_a_junction_stands_once_from_a_symmetric_matrix_or_one_side_of_it():
    for entries in (
        [(3, 0, 1), (3, 1, 0), (2, 1, 1)],
        [(3, 0, 1), (2, 1, 1)],
        [(3, 1, 0), (2, 1, 1)],
    ):
        made = from_scipy(coo(*entries), NAMES, rows="pre", kind="electrical")
        assert sorted(edges_of(made)) == [("a", "b", 1, 3, 0), ("b", "b", 1, 2, 0)]
    with pytest.raises(InputError, match=r"one count.*Make it symmetric"):
        from_scipy(coo((3, 0, 1), (4, 1, 0)), NAMES, rows="pre", kind="electrical")


def test_an_entry_stored_again_is_refused_added_or_left_out():
    matrix = coo((3, 0, 1), (4, 0, 1))
    with pytest.raises(InputError, match=r"row 0, column 1 .*on_duplicate=Sum"):
        from_scipy(matrix, NAMES, rows="pre")
    assert from_scipy(matrix, NAMES, rows="pre", on_duplicate=Sum()).count.tolist() == [7]
    assert from_scipy(matrix, NAMES, rows="pre", on_duplicate=KeepFirst()).count.tolist() == [3]


def test_a_stored_zero_is_kept_and_said():
    made = from_scipy(coo((0, 0, 1)), NAMES, rows="pre")
    assert made.count.tolist() == [0]
    assert any("1 of them are 0" in line for line in made.audit)


def broken_csr():
    matrix = sparse.csr_array(MATRIX)
    matrix.indices[0] = 99
    return matrix


@pytest.mark.parametrize(
    ("matrix", "ids", "instruction"),
    [
        (MATRIX, IDS, "Wrap an array"),
        (sparse.coo_array(MATRIX[:2]), IDS, r"shape is \(2, 3\)\. Give the ids of all rows"),
        (sparse.coo_array(MATRIX), IDS[:2], "Give the ids of all rows"),
        (sparse.coo_array(MATRIX), IDS.astype(float), "read ids as int64"),
        (sparse.coo_array(MATRIX), np.array([1, 1, 2]), "Remove the repeated rows"),
        (coo((np.nan, 0, 1)), NAMES, r"has nan in row 0, column 1 .*Remove them"),
        (coo((np.inf, 0, 1)), NAMES, "Remove them"),
        (coo((1.5, 0, 1)), NAMES, r"1\.5 in row 0, column 1 .*mean_synapses"),
        (coo((1j, 0, 1)), NAMES, "Convert them"),
        (broken_csr(), IDS, "Build it again|Build the matrix again"),
        (coo((2**60, 0, 1)), NAMES, "not a column of ids"),
    ],
)
def test_a_matrix_that_is_not_strict_is_one_error_with_what_to_do(matrix, ids, instruction):
    with pytest.raises(InputError, match=instruction):
        from_scipy(matrix, ids, rows="pre")


@pytest.mark.parametrize("write", [sparse_npz, sparse_coo])
def test_a_saved_matrix_is_read_with_its_ids(tmp_path, write):
    path = write(tmp_path)
    assert is_sparse_npz(path)
    assert sorted(edges_of(read_sparse_npz(path, neuron_id=IDS, rows="pre"))) == sorted(SENDS)
    sparse.save_npz(tmp_path / "t.npz", sparse.csc_array(MATRIX.T))
    turned = read_sparse_npz(tmp_path / "t.npz", neuron_id=IDS, rows="post")
    assert sorted(edges_of(turned)) == sorted(SENDS)


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


PARTS = {
    "format": np.array(b"csr"),
    "shape": np.array([2, 2]),
    "data": np.array([3]),
    "indices": np.array([1]),
    "indptr": np.array([0, 1, 1]),
}
FAULTS = {
    "no format": ({"format": None}, "Write it with `scipy.sparse.save_npz`"),
    "no data": ({"indices": None}, "Copy or export it again"),
    "another format": ({"format": np.array(b"dia")}, r"Convert the matrix with `\.tocsr\(\)`"),
    "another shape": ({"shape": np.array([3, 2])}, "Give the ids of all rows"),
    "a huge shape": ({"shape": np.array([2**40, 2**40])}, "Give the ids of all rows"),
    "an endless shape": ({"shape": np.array([np.inf, 2])}, "Give the ids of all rows"),
    "places beyond": ({"indices": np.array([9])}, "again"),
    "places before": ({"indices": np.array([-1])}, "again"),
    "places as floats": ({"indices": np.array([1.0])}, "Places of entries must be"),
    "pointers that fall": ({"indptr": np.array([0, 2, 1])}, "again"),
    "objects": ({"data": np.array([print], dtype=object)}, "Save the matrix again"),
    "words": ({"data": np.array(["a"])}, "again|Convert"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_file_is_one_error_with_what_to_do(tmp_path, fault):
    change, instruction = FAULTS[fault]
    parts = {name: value for name, value in (PARTS | change).items() if value is not None}
    with pytest.raises(InputError, match=instruction):
        read_sparse_npz(npz(tmp_path / "m.npz", **parts), neuron_id=NAMES, rows="pre")


def test_bombs_and_huge_claims_are_not_unpacked(tmp_path):
    path = npz(tmp_path / "m.npz", **PARTS)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.npy", bytes(2**27))
    with pytest.raises(InputError, match="save it again without compression"):
        read_sparse_npz(path, neuron_id=NAMES, rows="pre")
    head = io.BytesIO()
    claim = {"descr": "<i8", "fortran_order": False, "shape": (10**15,)}
    np.lib.format.write_array_header_1_0(head, claim)
    path = npz(tmp_path / "n.npz", **{name: PARTS[name] for name in PARTS if name != "data"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("data.npy", head.getvalue())
    with pytest.raises(InputError, match=r"1,000,000,000,000,000 of int64 .*Save the matrix again"):
        read_sparse_npz(path, neuron_id=NAMES, rows="pre")


def test_a_header_that_is_no_header_is_one_error(tmp_path):
    head = b"\x93NUMPY\x01\x00"
    for text in (b"{'descr': (", b"0x", b"'\\d'", b"[" * 90, b"  1\n 2"):
        path = npz(tmp_path / "n.npz", **{name: PARTS[name] for name in PARTS if name != "data"})
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("data.npy", head + len(text).to_bytes(2, "little") + text)
        with warnings.catch_warnings(), pytest.raises(InputError, match="Copy or export it again"):
            read_sparse_npz(path, neuron_id=NAMES, rows="pre")


def test_another_file_is_not_taken_for_a_matrix(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04")
    assert not is_sparse_npz(tmp_path / "a.npz")
    assert not is_sparse_npz(tmp_path / "none.npz")
    assert not is_sparse_npz(npz(tmp_path / "r.npz", activity=np.zeros(3)))
    with pytest.raises(InputError, match="Copy or export it again"):
        read_sparse_npz(tmp_path / "a.npz", neuron_id=NAMES, rows="pre")
