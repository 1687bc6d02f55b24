"""Edge lists in text, Parquet and Feather: every id, count and sign comes back as written."""

import csv
import gzip
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from pyarrow import feather

from neuroloom.connectome import (
    Connectome,
    KeepFirst,
    Sum,
    read_connectome,
    read_edge_list,
    write_csv,
    write_parquet,
)
from neuroloom.errors import InputError
from strategies import assert_same, connectomes, edges_of, random_connectome

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "format_samples"
EDGES = "pre,post,count\n720575940621039145,720575940621039146,12\n720575940621039146,9,3\n"
ROWS = [(720575940621039145, 720575940621039146, 0, 12, 0), (720575940621039146, 9, 0, 3, 0)]


def put(folder, data, name="edges.csv"):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(connectomes())
def test_a_written_connectome_comes_back_to_the_last_digit(tmp_path, connectome):
    for write, name in (
        (write_csv, "a.csv"),
        (write_csv, "a.csv.gz"),
        (write_parquet, "a.parquet"),
    ):
        edges, cells = tmp_path / f"edges-{name}", tmp_path / f"cells-{name}"
        write(edges, connectome, neurons=cells)
        assert_same(read_connectome(edges, neurons=cells), connectome)


def test_what_would_not_come_back_is_not_written(tmp_path):
    empty = np.zeros(0, int)
    for odd in ("12.0", " a", "NaN", "a\nb"):
        made = Connectome(np.array([odd, "b"]), *[empty] * 5)
        for write in (write_csv, write_parquet):
            with pytest.raises(InputError, match="Rename those neurons first"):
                write(tmp_path / "e", made, neurons=tmp_path / "n")
    for column in (np.array([1j, 0]), np.array(["2020-01-01"] * 2, "datetime64[D]")):
        made = Connectome(np.array(["a", "b"]), *[empty] * 5, neurons={"odd": column})
        with pytest.raises(InputError, match="Convert, rename or remove the column"):
            write_csv(tmp_path / "e", made, neurons=tmp_path / "n")
    with pytest.raises(InputError, match="Select at least one"):
        write_csv(tmp_path / "e", Connectome(*[empty] * 6), neurons=tmp_path / "n")


@pytest.mark.parametrize("separator", [",", "\t", ";", " ", "   "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_and_line_end_are_found_in_the_file(separator, end, tmp_path):
    text = EDGES.replace(",", separator).replace("\n", end)
    assert edges_of(read_connectome(put(tmp_path, text))) == ROWS


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(b"\xef\xbb\xbf" + text.encode()),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n",
        lambda text: "\n" + text.replace("count\n", "count\n\n"),
        lambda text: "# made by hand\n" + text,
        lambda text: text.replace("720575940621039145", '"720575940621039145"'),
        lambda text: text.replace("12\n", "12.0\n").replace("3\n", "3e0\n"),
        lambda text: text.replace(",12", ", 12 "),
    ],
    ids=[
        "mark of byte order", "gzip", "both", "no last line end", "blank lines at the end",
        "blank lines", "a comment", "quotes", "floats that are whole", "spaces",
    ],
)  # fmt: skip
def test_harmless_differences_change_nothing(change, tmp_path):
    path = put(tmp_path, change(EDGES), "a-name-that-says-nothing")
    assert edges_of(read_connectome(path)) == ROWS


@pytest.mark.parametrize("write", ["parquet", "feather", "feather uncompressed"])
@pytest.mark.parametrize("kind", ["int64", "uint64", "str", "category"])
def test_binary_tables_keep_ids_of_18_digits(write, kind, tmp_path):
    table = pd.read_csv(io.StringIO(EDGES), dtype={"pre": kind, "post": kind})
    path = tmp_path / "edges"
    if write == "parquet":
        table.to_parquet(path)
    else:
        feather.write_feather(
            table, str(path), compression="uncompressed" if " " in write else "lz4"
        )
    whole = kind != "str"  # pandas makes whole numbers of the categories
    expected = ROWS if whole else [(str(a), str(b), *rest) for a, b, *rest in ROWS]
    assert edges_of(read_connectome(path)) == expected


def test_a_text_table_and_a_binary_one_go_together(tmp_path):
    cells = pd.DataFrame(
        {"neuron_id": [9, 720575940621039146, 720575940621039145], "side": list("LRL")}
    )
    cells.to_parquet(tmp_path / "cells")
    made = read_connectome(put(tmp_path, EDGES), neurons=tmp_path / "cells")
    assert edges_of(made) == ROWS
    assert made.neuron_id.tolist() == cells["neuron_id"].tolist()
    assert made.column("side").tolist() == list("LRL")


def test_zero_padding_makes_ids_text(tmp_path):
    made = read_connectome(put(tmp_path, "pre,post,count\n007,8,1\n8,9,2\n"))
    assert edges_of(made) == [("007", "8", 0, 1, 0), ("8", "9", 0, 2, 0)]
    assert any("1 of 4 are no plain whole numbers, such as '007'" in line for line in made.audit)


def test_further_columns_of_text_are_numbers_only_if_all_are(tmp_path):
    cells = put(
        tmp_path,
        "neuron_id,n,x,padded,word,big,gap\n"
        "1,5,1.5,01,k,720575940621039145,3\n"
        "2,-6,,02,1,720575940621039146,\n",
        "cells.csv",
    )
    made = read_connectome(put(tmp_path, "pre,post,count\n1,2,3\n"), neurons=cells)
    kinds = {name: values.dtype.kind for name, values in made.neurons.items()}
    assert kinds == {
        "n": "i", "x": "f", "padded": "U", "word": "U", "big": "i", "gap": "f", "node_kind": "U"
    }  # fmt: skip
    assert made.column("big").tolist() == [720575940621039145, 720575940621039146]
    np.testing.assert_array_equal(made.column("x"), [1.5, np.nan])
    assert made.column("padded").tolist() == ["01", "02"]


def test_cells_may_hold_separators_quotes_and_line_ends(tmp_path):
    cells = put(tmp_path, 'id,note\na,"x, ""y""\nz"\nb,\n', "cells.csv")
    made = read_connectome(put(tmp_path, "pre,post,count\na,b,3\n"), neurons=cells)
    assert made.column("note").tolist() == ['x, "y"\nz', ""]


def test_a_header_alone_is_no_connections_if_neurons_are_given(tmp_path):
    cells = put(tmp_path, "neuron_id\na\nb\n", "cells.csv")
    made = read_connectome(put(tmp_path, "pre,post,count\n"), neurons=cells)
    assert (made.neuron_id.tolist(), made.n_connections) == (["a", "b"], 0)


def test_the_unit_is_the_files_or_the_callers_but_not_two(tmp_path):
    plain = put(tmp_path, "pre,post,count\na,b,2.5\n")
    assert read_connectome(plain, count_unit="mean_synapses").count.tolist() == [2.5]
    says = put(tmp_path, '# count_unit: "em_sections"\npre,post,count\na,b,2\n')
    assert read_connectome(says).count_unit == "em_sections"
    with pytest.raises(InputError, match="Leave the argument out"):
        read_connectome(says, count_unit="synapses")


def test_a_policy_reaches_the_table(tmp_path):
    path = put(tmp_path, "pre,post,weight\na,b,2\na,b,3\n")
    assert read_connectome(path, on_duplicate=Sum()).count.tolist() == [5]
    assert read_edge_list(path, on_duplicate=KeepFirst()).count.tolist() == [2]
    with pytest.raises(InputError, match=r"is in line 2 and line 3 of .*edges\.csv"):
        read_connectome(path)


def test_importing_connectomes_loads_no_table_library():
    code = (
        "import sys, neuroloom.connectome as c; "
        "print([m for m in ('pandas', 'pyarrow', 'openpyxl', 'jax', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real sample files is absent")
def test_a_neuprint_export_reads_as_an_edge_list():
    folder = SAMPLES / "neuprint_export_hemibrain_ER_EPG"
    made = read_connectome(folder / "total-connections.csv", neurons=folder / "neurons.csv")
    assert (made.n_neurons, made.n_connections, made.count.sum()) == (286, 8755, 94249)
    types = made.column("cell_type")
    assert (types == "EPG").sum() == 46
    assert np.unique(types[types != "EPG"]).size == 21
    with (folder / "total-connections.csv").open() as file:
        expected = [
            (int(r["bodyId_pre"]), int(r["bodyId_post"]), 0, int(r["weight"]), 0)
            for r in csv.DictReader(file)
        ]
    assert edges_of(made) == expected
    by_roi = read_connectome(folder / "roi-connections.csv", neurons=folder / "neurons.csv")
    assert edges_of(by_roi) == expected


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real sample files is absent")
def test_the_neuropils_of_a_codex_file_are_added_up():
    folder = SAMPLES / "codex_schema_fixture_SYNTHETIC"
    made = read_connectome(folder / "connections.csv.gz", neurons=folder / "neurons.csv.gz")
    assert (made.n_neurons, made.n_connections, made.count.sum()) == (6, 5, 70)
    a, b = 720575940600000001, 720575940600000003
    assert (a, b, 0, 15, 0) in edges_of(made)
    assert made.column("neurotransmitter").tolist()[0] == "ACH"


@pytest.mark.slow
def test_a_million_connections_are_read_exactly(tmp_path):
    made = random_connectome(20_000, 1_000_000, np.random.default_rng(0))
    write_csv(tmp_path / "e.csv", made, neurons=tmp_path / "n.csv")
    write_parquet(tmp_path / "e.parquet", made, neurons=tmp_path / "n.parquet")
    for end in ("csv", "parquet"):
        back = read_connectome(tmp_path / f"e.{end}", neurons=tmp_path / f"n.{end}")
        assert_same(back, made)


def test_arrow_strings_of_any_width_are_text(tmp_path):
    table = pa.table(
        {
            "pre": pa.array(["a", "b"], pa.string_view()),
            "post": pa.array(["b", "a"], pa.large_string()),
            "count": pa.array([1, 2], pa.uint8()),
            "kind": pa.array(["chemical", "electrical"]).dictionary_encode(),
        }
    )
    feather.write_feather(table, str(tmp_path / "e"))
    assert edges_of(read_connectome(tmp_path / "e")) == [("a", "b", 0, 1, 0), ("a", "b", 1, 2, 0)]


def test_spaces_inside_names_do_not_separate_columns(tmp_path):
    path, neurons = tmp_path / "c.csv", tmp_path / "n.csv"
    path.write_text("pre,post,count\na,b,1\n")
    neurons.write_text("Cell,Type of neuron,Mother cell\nb,x,u\na,y z,v\n")
    made = read_edge_list(path, neurons=neurons)
    assert made.neuron_id.tolist() == ["b", "a"]
    assert made.column("Type of neuron").tolist() == ["x", "y z"]
    path.write_text("Cell of origin,Number\na,1\n")
    with pytest.raises(InputError, match=r"has 2: Cell of origin, Number\."):
        read_edge_list(path)


def test_a_unit_that_nobody_states_is_assumed_aloud(tmp_path):
    """The edge list of Cook 2019 has such a header, and counts sections."""
    path, codex = tmp_path / "herm_full_edgelist.csv", tmp_path / "connections.csv"
    path.write_text("Source,Target,Weight,Type\nI1L ,I1R ,3,chemical\n")
    codex.write_text("pre_root_id,post_root_id,neuropil,syn_count,nt_type\n1,2,EB,3,ACH\n")
    assumed = "the file does not say what its counts count: taken as synapses"
    assert assumed in read_edge_list(path).audit
    assert assumed not in read_edge_list(path, count_unit="em_sections").audit
    assert assumed not in read_edge_list(codex).audit
