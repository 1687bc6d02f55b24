"""Every reader of connectomes against every broken file: one error in three parts, no more."""

import csv
import gzip
import io
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook
from pyarrow import feather

from neuroloom.connectome import Connectome, read_connectome
from neuroloom.errors import InputError
from strategies import assert_same, edges_of

EDGES = "pre,post,count,kind\n720575940621039145,8,12,chemical\n8,9,3,chemical\n8,9,2,electrical\n"
CELLS = "neuron_id,side\n720575940621039145,L\n8,R\n9,L\n"


def put(folder, data, name="edges.csv"):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def frame(text=EDGES, **types):
    return pd.read_csv(io.StringIO(text)).astype(types)


def binary(kind):
    def write(folder, table, name="edges"):
        path = folder / f"{name}.{kind}"
        table.to_parquet(path) if kind == "parquet" else feather.write_feather(table, str(path))
        return path

    return write


def workbook(folder):
    book = Workbook()
    book.active.title = "weights"
    book.active.append(["pre", "post", "count"])
    book.save(folder / "w.xlsx")
    return folder / "w.xlsx"


def npz(folder):
    np.savez(folder / "r.npz", activity=np.zeros((1, 4, 3)), time=np.arange(4))
    return folder / "r.npz"


def archive(folder):
    with zipfile.ZipFile(folder / "e.zip", "w") as file:
        file.writestr("edges.csv", EDGES)
    return folder / "e.zip"


def bomb(folder):
    return put(folder, gzip.compress(b"pre,post,count\n" + b"a,b,1\n" * 20_000_000, 9))


def edited(column, row, value):
    table = frame().astype(object)
    table.loc[row, column] = value
    return table


TEXT_FAULTS = {
    "no pre": (EDGES.replace("pre,", "x,"), "a column `pre`.*has 4: x, post.*Rename the column"),
    "no count": (EDGES.replace("count,", "x,"), "a column `count`.*Rename the column"),
    "no header": (EDGES.partition("\n")[2], "a column `pre`.*Rename the column"),
    "a column twice": (EDGES.replace("kind", "count"), "`count` occurs 2 times.*Rename or remove"),
    "a duplicate": (EDGES + "8,9,5,chemical\n", "8 -> 9 .*line 3 and line 5.*on_duplicate=Sum"),
    "a mirrored gap junction": (EDGES + "9,8,2,electrical\n", "line 4 and line 5.*KeepFirst"),
    "a dangling id": (
        EDGES + "9,11,1,chemical\n",
        "11.* in line 5, column `post`.*on_dangling=Drop",
    ),
    "a negative count": (EDGES.replace(",12,", ",-12,"), "'-12' in line 2, column `count`.*`sign`"),
    "a NaN count": (EDGES.replace(",12,", ",NaN,"), "'NaN' in line 2, column `count`.*Correct"),
    "an empty count": (EDGES.replace(",12,", ",,"), "'' in line 2, column `count`.*Correct"),
    "an infinite count": (EDGES.replace(",12,", ",inf,"), "'inf' in line 2.*Correct"),
    "a fractional count": (EDGES.replace(",12,", ",1.5,"), "'1.5' in line 2.*mean_synapses"),
    "a count with grouped digits": (EDGES.replace(",12,", ",1_2,"), "'1_2' in line 2.*Correct"),
    "a count too large": (EDGES.replace(",12,", ",720575940621039145,"), "a column of ids"),
    "a count too large for 64 bits": (EDGES.replace(",12,", f",{10**30},"), "a column of ids"),
    "an id as a float": (EDGES.replace("720575940621039145", "7.20575940621039e17"), "ids as text"),
    "an id with a point": (EDGES.replace("\n8,9,3", "\n8.0,9,3"), "'8.0' in line 3.*ids as text"),
    "an empty id": (EDGES.replace("\n8,9,3", "\n,9,3"), "'' in line 3, column `pre`.*Fill it in"),
    "an id that says NaN": (EDGES.replace("\n8,9,3", "\nNaN,9,3"), "'NaN' in line 3.*Fill it in"),
    "an id with padding": (EDGES.replace("\n8,9,3", "\n008,9,3"), "'008' in line 3.*zero padding"),
    "text ids for whole numbers": (
        "pre,post,count\nAVAL,AVAR,1\n",
        "'AVAL' in line 2.*check spell",
    ),
    "an unknown kind": (EDGES.replace("electrical", "magic"), "'magic' in line 4.*Write chemical"),
    "another separator in the rows": (
        EDGES.partition("\n")[0] + EDGES[19:].replace(",", ";"),
        r"line 2 of .* has 1\. Check the separator \(comma\)",
    ),
    "bars for separators": (EDGES.replace(",", "|"), "comma, tab, semicolon or space"),
    "a short row": (EDGES + "8,9\n", "line 5 of .* has 2.*whether the file was cut off"),
    "a long row": (EDGES.replace(",12,", ",12,,"), "line 2 of .* has 5.*Check the separator"),
    "a short row after a cell of two lines": (
        'note,pre,post,count\n"x\ny",8,9,1\nz,8\n',
        "line 4 of .* has 2",
    ),
    "an open quote": (EDGES + '"8,9,1,chemical\n', "double the quotes"),
    "an open quote in the header": (EDGES.replace("kind", '"kind', 1), "Close it, and keep names"),
    "Latin-1": ("pre,post,count\nä,b,1\n".encode("latin-1"), "0xe4 in line 2.*Save it as UTF-8"),
    "UTF-16": (EDGES.encode("utf-16"), "Save it as UTF-8"),
    "NUL bytes": (EDGES + "\0" * 9, "NUL|none of them and no text"),
    "NUL bytes far below": (EDGES.ljust(6000, "\n") + "8,\0", "NUL bytes.*export it as UTF-8"),
    "a statement that is no JSON": ("# name: a worm\n" + EDGES, "Put text in double quotes"),
    "types that are no map": ("# types: 3\n" + EDGES, "must map columns to types"),
    "an audit that is no list": ('# audit: "x"\n' + EDGES, "a list of sentences"),
    "an unknown unit": ('# count_unit: "contacts"\n' + EDGES, "`count_unit` must be one of"),
    "only comments": ("# nothing\n\n", "Export it again with its header"),
    "a gzip cut off": (gzip.compress(EDGES.encode() * 50)[:60], "Copy or export it again"),
    "a gzip of nothing": (gzip.compress(b""), "unpacks to nothing"),
    "a gzip of a zip": (gzip.compress(b"PK\x03\x04" + bytes(40)), "Unpack it with `gunzip`"),
    "a gzip with a wrong sum": (gzip.compress(EDGES.encode())[:-6] + b"abcdef", "export it again"),
}

CELL_FAULTS = {
    "no id": (CELLS.replace("neuron_id", "x"), "a column `neuron_id`.*Rename the column"),
    "a repeated neuron": (
        CELLS + "8,R\n",
        "'?8'? has 2 .*line 3, line 5.*Remove the repeated rows",
    ),
    "an id as a float": (CELLS.replace("\n8,", "\n8.0,"), "'8.0' in line 3.*ids as text"),
    "an empty id": (CELLS.replace("\n8,", "\n,"), "'' in line 3.*Fill it in"),
    "an unknown kind of node": (CELLS.replace("side", "node_kind"), "Use `other`"),
    "a short row": (CELLS + "10\n", "line 5 of .*cells.* has 1"),
    "an empty file": ("", "is empty"),
    "a header alone": (CELLS.partition("\n")[0], "A table of neurons must have a row"),
    "a gzip cut off": (gzip.compress(CELLS.encode() * 50)[:40], "Copy or export it again"),
    "types that do not hold": ('# types: {"side": "int64"}\n' + CELLS, "'L' in line 3.*Correct it"),
    "truth that is neither": ('# types: {"side": "bool"}\n' + CELLS, "'L' in line 3.*Correct it"),
    "numbers that are none": (
        '# types: {"side": "float64"}\n' + CELLS,
        "'L' in line 3.*Correct it",
    ),
}

TABLE_FAULTS = {
    "no pre": (frame().rename(columns={"pre": "x"}), "a column `pre`.*Rename the column"),
    "float ids": (frame(pre="float64"), "a float cannot hold 18 digits.*as int64 or text"),
    "a missing id": (frame(pre="Int64").mask(frame() == 8), "nothing in row 2.*Fill it in"),
    "ids of two types": (frame(pre="str"), "of one type.*without going through floats"),
    "a duplicate": (pd.concat([frame(), frame()[1:2]]), "row 2 and row 4.*on_duplicate=Sum"),
    "a dangling id": (frame(EDGES + "9,11,1,chemical\n"), "11 in row 4.*on_dangling=Drop"),
    "a negative count": (frame(EDGES.replace(",12,", ",-12,")), "-12 in row 1.*`sign`"),
    "a NaN count": (frame(EDGES.replace(",12,", ",,")), "row 1, column `count`.*Correct"),
    "a fraction": (frame(EDGES.replace(",12,", ",1.5,")), "1.5 in row 1.*mean_synapses"),
    "a count of words": (frame(count="str").replace("12", "many"), "'many' in row 1"),
}

FOREIGN = {
    "an empty file": (lambda f: put(f, ""), "is empty.*Copy or export it again"),
    "no file": (lambda f: f / "none.csv", "is not there. Check the path"),
    "an empty folder": (lambda f: f, "holds 0 .nothing.. Name the file itself"),
    "a pickle": (
        lambda f: put(f, pickle.dumps(frame())),
        "a pickle.*never opened.*as an edge list",
    ),
    "HDF5": (lambda f: put(f, b"\x89HDF\r\n\x1a\n" + bytes(99)), "HDF5.*`read_recording`"),
    "a PDF": (lambda f: put(f, b"%PDF-1.7\n"), "a PDF. Ask for the table"),
    "NPZ": (npz, "an NPZ of 2 arrays.*`read_recording`"),
    "npy": (lambda f: put(f, b"\x93NUMPY\x01\x00" + bytes(99)), "Save an edge list with the ids"),
    "a zip": (archive, "a zip archive of edges.csv. Unpack it first"),
    "a zip cut off": (lambda f: put(f, archive(f).read_bytes()[:40]), "Copy or export it again"),
    "another workbook": (workbook, "the sheets weights.*Save the sheet .* as CSV"),
    "an old workbook": (
        lambda f: put(f, b"\xd0\xcf\x11\xe0" + bytes(99)),
        "a complete workbook.*Download or export it again",
    ),
    "GraphML": (lambda f: put(f, "\n<?xml version='1.0'?>"), "GraphML.*as an edge list"),
    "JSON": (lambda f: put(f, '{"pre": [1]}'), "JSON. Export the connections"),
    "zstd": (lambda f: put(f, b"\x28\xb5\x2f\xfd" + bytes(9)), "Unpack it first"),
    "Feather 1": (lambda f: put(f, b"FEA1" + bytes(9)), "Save it again as version 2"),
    "noise": (lambda f: put(f, b"\x01\x00\x02" * 9), "Export the connections as CSV"),
    "a recording": (lambda f: put(f, "time,AVAL\n0,1\n"), "has 2: time, AVAL.*Rename the column"),
    "Parquet cut off": (
        lambda f: put(f, binary("parquet")(f, frame()).read_bytes()[:-9]),
        "Copy or export it again",
    ),
    "Feather cut off": (
        lambda f: put(f, binary("feather")(f, frame()).read_bytes()[:-9]),
        "Copy or export it again",
    ),
    "four letters of Parquet": (lambda f: put(f, b"PAR1"), "Copy or export it again"),
    "four letters of Feather": (lambda f: put(f, b"ARROW1"), "Copy or export it again"),
    "a bomb": (bomb, "save it again without compression"),
}


def assert_refused(instruction, path, **options):
    with pytest.raises(InputError, match=f"(?s){instruction}") as caught:
        read_connectome(path, **options)
    message = str(caught.value)
    assert type(caught.value) is InputError
    assert "must" in message or "may" in message
    assert ";" in message
    assert message.rstrip().endswith((".", "?", "`", ")"))
    assert "Traceback" not in message
    return message


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("fault", TEXT_FAULTS)
def test_a_broken_edge_list_is_answered_with_file_and_way_out(fault, packed, tmp_path):
    data, instruction = TEXT_FAULTS[fault]
    data = data if isinstance(data, bytes) else data.encode()
    if packed and not data.startswith(b"\x1f\x8b"):
        data = gzip.compress(data)
    cells = put(tmp_path, CELLS, "cells.csv")
    path = put(tmp_path, data)
    message = assert_refused(instruction, path, neurons=cells)
    assert "edges.csv" in message or "count" in message


@pytest.mark.parametrize("fault", CELL_FAULTS)
def test_a_broken_table_of_neurons_is_answered_with_a_way_out(fault, tmp_path):
    data, instruction = CELL_FAULTS[fault]
    assert_refused(instruction, put(tmp_path, EDGES), neurons=put(tmp_path, data, "cells.csv"))


@pytest.mark.parametrize("kind", ["parquet", "feather"])
@pytest.mark.parametrize("fault", TABLE_FAULTS)
def test_a_broken_binary_table_is_answered_with_a_way_out(fault, kind, tmp_path):
    table, instruction = TABLE_FAULTS[fault]
    cells = binary(kind)(tmp_path, frame(CELLS), "cells")
    assert_refused(instruction, binary(kind)(tmp_path, table), neurons=cells)


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_a_column_that_occurs_twice_in_a_binary_table_is_refused(kind, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    columns = [pa.array([1]), pa.array([2]), pa.array([3]), pa.array([4])]
    table = pa.table(columns, names=["pre", "post", "count", "count"])
    path = tmp_path / "e"
    write = parquet.write_table if kind == "parquet" else feather.write_feather
    write(table, str(path))
    assert_refused("`count` repeats.*Rename or remove", path)


@pytest.mark.parametrize("fault", FOREIGN)
def test_a_file_of_another_kind_is_named_and_never_opened(fault, tmp_path):
    make, instruction = FOREIGN[fault]
    assert_refused(instruction, make(tmp_path))


@pytest.mark.parametrize(
    ("options", "instruction"),
    [
        ({"path": 3}, "Pass the path of a file"),
        ({"neurons": frame()}, r"`Connectome\.from_tables`"),
        ({"on_duplicate": "sum"}, r"`KeepFirst\(\)`"),
        ({"on_dangling": None}, r"`Drop\(\)`"),
        ({"count_unit": "synapse"}, "Did you mean `synapses`"),
    ],
)
def test_a_wrong_option_is_refused(options, instruction, tmp_path):
    with pytest.raises(InputError, match=instruction):
        read_connectome(**({"path": put(tmp_path, EDGES)} | options))


def test_the_same_files_unbroken_are_read_exactly(tmp_path):
    expected = [
        (720575940621039145, 8, 0, 12, 0), (8, 9, 0, 3, 0), (8, 9, 1, 2, 0),
    ]  # fmt: skip
    cells = put(tmp_path, CELLS, "cells.csv")
    for path in (
        put(tmp_path, EDGES),
        put(tmp_path, gzip.compress(EDGES.encode()), "e.gz"),
        binary("parquet")(tmp_path, frame()),
        binary("feather")(tmp_path, frame()),
    ):
        made = read_connectome(path, neurons=cells)
        assert edges_of(made) == expected
        assert made.column("side").tolist() == ["L", "R", "L"]


def whole_files(folder):
    return {
        "text": EDGES.encode(),
        "gzip": gzip.compress(EDGES.encode()),
        "parquet": binary("parquet")(folder, frame()).read_bytes(),
        "feather": binary("feather")(folder, frame()).read_bytes(),
        "xlsx": workbook(folder).read_bytes(),
    }


@pytest.mark.parametrize("kind", ["gzip", "parquet", "feather", "xlsx"])
def test_a_file_cut_anywhere_is_never_read_as_something_else(kind, tmp_path):
    data = whole_files(tmp_path)[kind]
    for end in range(0, len(data) - 1, max(1, len(data) // 60)):
        with pytest.raises(InputError):
            read_connectome(put(tmp_path, data[:end], "cut"))


@pytest.mark.parametrize("kind", ["text", "gzip", "parquet", "feather", "xlsx"])
def test_a_changed_byte_raises_our_error_or_reads_a_sound_connectome(kind, tmp_path):
    rng = np.random.default_rng(0)
    data = whole_files(tmp_path)[kind]
    n_refused = 0
    for _ in range(150):
        broken = bytearray(data)
        for at in rng.integers(0, len(data), rng.integers(1, 4)):
            broken[at] = rng.integers(256)
        if rng.random() < 0.3:
            at = int(rng.integers(len(broken)))
            del broken[at : at + int(rng.integers(1, 9))]
        try:
            made = read_connectome(put(tmp_path, bytes(broken), "broken"))
        except InputError as error:
            n_refused += 1
            assert len(str(error)) > 40  # noqa: PT017
        else:
            assert isinstance(made, Connectome)
    assert n_refused > 10


def test_shuffled_pieces_of_text_raise_our_error_or_are_read_as_a_plain_parser_does(tmp_path):
    rng = np.random.default_rng(1)
    cells = [
        "8",
        "9",
        "08",
        "a",
        "",
        " 7",
        "1.5",
        "-1",
        "nan",
        "1e3",
        '"',
        "é",
        "720575940621039145",
    ]
    ends = ["\n", "\n", "\n", ",", "\r\n", "\t", "\n\n"]
    n_read = 0
    for _ in range(300):
        rows = [
            rng.choice(cells, 3, p=[0.3, 0.3] + [0.4 / 11] * 11) for _ in range(rng.integers(1, 4))
        ]
        text = "pre,post,count" + "".join(
            str(rng.choice(ends, p=[0.9] + [0.1 / 6] * 6)) + ",".join(row)
            for row in [[""], *rows][1:]
        )
        try:
            made = read_connectome(put(tmp_path, text))
        except InputError:
            continue
        n_read += 1
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row][1:]
        plain = [[cell.strip() for cell in row] for row in rows]
        assert [(str(a), str(b), float(n)) for a, b, _, n, _ in edges_of(made)] == [
            (a, b, float(n)) for a, b, n in plain
        ]
    assert n_read > 20


def test_reading_twice_gives_the_same(tmp_path):
    path = put(tmp_path, EDGES)
    assert_same(read_connectome(path), read_connectome(path))
