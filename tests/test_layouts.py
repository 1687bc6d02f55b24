"""Downloads of public releases: known by their headers, read whole, and said what was done."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather, parquet

import neuroloom.connectome.files as files
from neuroloom.connectome import Connectome, KeepFirst, Sum, read_connectome
from neuroloom.errors import InputError
from samples_tables import CODEX, FOLDERS, HARMONISED, MALE, NEUPRINT, A, B, C, codex, neuprint
from strategies import edges_of

SAMPLES = Path(__file__).resolve().parents[1].parent / "shared/data/format_samples"
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the folder of real sample files is absent"
)


def oracle(path, pre, post, count):
    """Counts by ends, by the csv module and nothing else."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    total = Counter()
    for row in csv.DictReader(text.splitlines()):
        total[int(row[pre]), int(row[post])] += int(row[count])
    return total


def counts(made):
    ids = made.neuron_id
    ends = zip(ids[made.pre].tolist(), ids[made.post].tolist(), strict=True)
    return dict(zip(ends, made.count.tolist(), strict=True))


def test_a_codex_folder_is_one_connectome(tmp_path):
    made = read_connectome(codex(tmp_path))
    assert counts(made) == {(A, B): 15, (B, C): 21, (C, A): 9}
    assert made.neuron_id.tolist() == [A, B, C]
    assert made.column("cell_type").tolist() == ["EPG", "Delta7", ""]
    assert made.column("side").tolist() == ["right", "left", "left"]
    assert made.column("neurotransmitter").tolist() == ["ACH", "GLUT", ""]
    assert (made.sign == 0).all()
    said = "\n".join(made.audit)
    assert "Neurons Data.csv.gz (FlyWire Codex neurons)" in said
    assert "coordinates.csv.gz (it has several rows a neuron" in said
    assert "4 rows are 3 connections; the smallest has 9 synapses" in said
    assert "Some One" not in said
    assert "user_name" not in made.neurons


HEADERS = {
    "neurons": (
        "root_id,group,nt_type,nt_type_score,da_avg",
        "a table of neurons \\(FlyWire Codex neurons\\).*pass this one as `neurons=`",
    ),
    "display names": ("Root ID,Predicted NT type,Predicted NT confidence", "as `neurons=`"),
    "labels": ("root_id,label,user_id,user_name", "Codex labels, which is not read: .*people"),
    "synapses": (
        "pre_x,size,pre_root_id_720575940,post_root_id_720575940,neuropil",
        "a FlyWire Codex synapse table, which is not read: .*one row a synapse",
    ),
    "no names": ("CEPDL,ADEL,dopamine,dop-1", "If the first line is data, put a line of names"),
}


@pytest.mark.parametrize(("header", "told"), HEADERS.values(), ids=HEADERS)
def test_a_table_of_something_else_is_called_what_it_is(tmp_path, header, told):
    path = tmp_path / "download.csv"
    path.write_text(f"{header}\n{','.join('1' * len(header.split(',')))}\n")
    with pytest.raises(InputError, match=f"must have a column `pre`.*{told}"):
        read_connectome(path)


def test_connections_given_as_neurons_are_called_what_they_are(tmp_path):
    path = tmp_path / "total-connections.csv"
    path.write_text("bodyId_pre,bodyId_post,weight\n1,2,3\n")
    with pytest.raises(InputError, match=r"a table of connections \(neuPrint connections\)"):
        read_connectome(path, neurons=path)


def test_neurons_with_names_for_display_are_read_from_a_folder(tmp_path):
    (tmp_path / "c.csv").write_text(
        f"pre_root_id,post_root_id,neuropil,syn_count,nt_type\n{A},{B},EB,12,ACH\n"
    )
    (tmp_path / "n.csv").write_text(
        f"Root ID,Predicted NT type,Predicted NT confidence\n{B},GABA,0.9\n{A},ACH,0.8\n"
    )
    made = read_connectome(tmp_path)
    assert made.neuron_id.tolist() == [B, A]
    assert made.column("neurotransmitter").tolist() == ["GABA", "ACH"]
    assert counts(made) == {(A, B): 12}


@needs_samples
def test_the_codex_fixture_is_what_the_csv_module_reads():
    folder = SAMPLES / "codex_schema_fixture_SYNTHETIC"
    made = read_connectome(folder)
    expected = oracle(folder / "connections.csv.gz", "pre_root_id", "post_root_id", "syn_count")
    assert counts(made) == expected
    assert (made.n_neurons, made.n_connections, made.count.sum()) == (6, 5, 70)
    assert made.column("cell_type").tolist()[-1] == "Delta7"


@needs_samples
@pytest.mark.parametrize("neuropil", [None, "EB"])
def test_the_neuprint_export_is_what_the_csv_module_reads(neuropil):
    folder = SAMPLES / "neuprint_export_hemibrain_ER_EPG"
    made = read_connectome(folder, neuropil=neuropil)
    file = folder / ("total-connections.csv" if neuropil is None else "roi-connections.csv")
    assert counts(made) == oracle(file, "bodyId_pre", "bodyId_post", "weight")
    assert (made.n_neurons, made.n_connections, made.count.sum()) == (286, 8755, 94249)
    assert (made.column("cell_type") == "EPG").sum() == 46


@needs_samples
def test_flywire_annotations_describe_neurons(tmp_path):
    table = SAMPLES / "flywire_annotations/Supplemental_file2_head.tsv"
    with table.open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    first, second = rows[0]["root_id"], rows[1]["root_id"]
    (tmp_path / "e.csv").write_text(f"pre,post,count\n{first},{second},3\n")
    made = read_connectome(tmp_path / "e.csv", neurons=table)
    assert made.neuron_id.tolist() == [int(row["root_id"]) for row in rows]
    assert made.column("neurotransmitter").tolist() == [row["top_nt"] for row in rows]
    assert counts(made) == {(int(first), int(second)): 3}


def test_totals_and_regions_of_neuprint_agree_and_a_region_can_be_chosen(tmp_path):
    folder = neuprint(tmp_path)
    assert counts(read_connectome(folder)) == {(1, 2): 9, (2, 1): 4}
    by_region = read_connectome(folder / "roi-connections.csv", neurons=folder / "neurons.csv")
    assert counts(by_region) == {(1, 2): 9, (2, 1): 4}
    assert counts(read_connectome(folder, neuropil="PB")) == {(1, 2): 7, (2, 1): 4}
    with pytest.raises(InputError, match=r"one of the 2 in column `roi`.*got `Pb`.*PB"):
        read_connectome(folder, neuropil="Pb")
    with pytest.raises(InputError, match=r"`neuropil` must go with.*Leave it out"):
        read_connectome(folder / "total-connections.csv", neuropil="PB")


def test_frames_of_fetch_adjacencies_are_read_as_they_come():
    neurons = pd.DataFrame(
        {"bodyId": [1, 2], "instance": ["EPG_L4", None], "type": ["EPG", None]}
    ).assign(inputRois=[["PB"], ["EB", "PB"]])
    rows = pd.DataFrame(
        {"bodyId_pre": [1, 1, 2], "bodyId_post": [2, 2, 1], "roi": ["PB", "NotPrimary", "PB"]}
    ).assign(weight=[7, 2, 4])
    made = Connectome.from_tables(neurons, rows)
    assert counts(made) == {(1, 2): 9, (2, 1): 4}
    assert made.column("cell_type").tolist() == ["EPG", ""]
    assert any("inputRois: their cells are lists" in line for line in made.audit)
    assert counts(Connectome.from_tables(neurons, rows, neuropil="PB")) == {(1, 2): 7, (2, 1): 4}


def test_the_three_keys_of_the_male_cns_are_one(tmp_path):
    made = read_connectome(FOLDERS["male"](tmp_path))
    assert counts(made) == {(10, 11): 5, (11, 10): 6}
    assert made.neuron_id.tolist() == [10, 11, 12]
    assert made.column("neurotransmitter").tolist() == ["acetylcholine", "unclear", ""]
    assert made.column("side").tolist() == ["L", "R", ""]
    assert made.column("cell_type").tolist() == ["EPG", "PEG", ""]


def test_ids_of_the_harmonised_tables_stay_text(tmp_path):
    made = read_connectome(FOLDERS["harmonised"](tmp_path))
    assert made.neuron_id.tolist() == [str(A), str(B), str(C)]
    assert made.count.tolist() == [5, 8]
    assert made.column("neurotransmitter").tolist() == ["acetylcholine", "gaba", "glutamate"]
    assert any("`norm`, `total_input`" in line for line in made.audit)


def test_signs_come_with_the_tables_of_the_whole_brain_model(tmp_path):
    table = pd.DataFrame(
        {
            "Presynaptic_ID": [A, B],
            "Postsynaptic_ID": [B, C],
            "Presynaptic_Index": [0, 1],
            "Postsynaptic_Index": [1, 2],
            "Connectivity": [4, 7],
            "Excitatory": [1, -1],
            "Excitatory x Connectivity": [4, -7],
        }
    )
    table.to_parquet(tmp_path / "c.parquet")
    (tmp_path / "n.csv").write_text(f",Completed\n{A},True\n{B},True\n{C},True\n")
    made = read_connectome(tmp_path / "c.parquet", neurons=tmp_path / "n.csv")
    assert edges_of(made) == [(A, B, 0, 4, 1), (B, C, 0, 7, -1)]
    assert made.neuron_id.tolist() == [A, B, C]


def test_a_connection_that_repeats_in_one_neuropil_is_refused_and_policies_reach_it(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("pre,post,neuropil,count\n1,2,X,2\n1,2,Y,3\n1,2,X,4\n")
    with pytest.raises(InputError, match=r"within one neuropil.*line 2 and line 4.*Sum\(\)"):
        read_connectome(path)
    assert read_connectome(path, on_duplicate=Sum()).count.tolist() == [9]
    assert read_connectome(path, on_duplicate=KeepFirst()).count.tolist() == [5]


def test_a_later_table_adds_columns_and_no_neuron(tmp_path):
    (tmp_path / "e.csv").write_text("pre,post,count\n1,2,3\n")
    (tmp_path / "n.csv").write_text("neuron_id,side\n2,L\n1,R\n")
    (tmp_path / "m.csv").write_text("root_id,side,size,user_name\n1,R,4,x\n3,L,5,y\n")
    tables = [tmp_path / "n.csv", tmp_path / "m.csv"]
    made = read_connectome(tmp_path / "e.csv", neurons=tables)
    assert made.neuron_id.tolist() == [2, 1]
    assert made.column("side").tolist() == ["L", "R"]
    np.testing.assert_array_equal(made.column("size"), [np.nan, 4])
    assert set(made.neurons) == {"side", "size", "node_kind"}
    said = "\n".join(made.audit)
    assert "m.csv says something of 1 of 2 neurons; its 1 rows of other ids are left out" in said
    assert "left out `side` of m.csv: an earlier table has it (1 of 2 cells differ)" in said
    (tmp_path / "m.csv").write_text("root_id,size\n1,4\n1,5\n")
    with pytest.raises(InputError, match=r"m\.csv.*line 2, line 3.*Remove the repeated rows"):
        read_connectome(tmp_path / "e.csv", neurons=tables)


def test_a_folder_without_or_with_several_tables_of_connections_is_refused(tmp_path):
    (tmp_path / "README").write_text("hello")
    with pytest.raises(InputError, match=r"holds 0 \(README\). Name the file itself"):
        read_connectome(tmp_path)
    codex(tmp_path)
    (tmp_path / "connections_princeton.csv").write_text(CODEX["connections.csv.gz"])
    with pytest.raises(InputError, match=r"holds 2 \(connections.csv.gz, connections_princeton"):
        read_connectome(tmp_path)


edge_rows = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 10**18), st.sampled_from(["x y", "ä", "007", '"q""\n"'])),
        st.integers(0, 9),
        st.integers(0, 99),
        st.sampled_from(["PB", "EB", ""]),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: (str(row[0]), row[1], row[3]),
)


@settings(max_examples=60)
@given(
    rows=edge_rows, block=st.integers(1, 60), packed=st.booleans(), end=st.sampled_from(["\n", ""])
)
def test_a_file_in_blocks_means_what_it_means_whole(tmp_path_factory, rows, block, packed, end):
    path = tmp_path_factory.mktemp("blocks") / "e.csv"
    lines = [f"{pre},{post},{neuropil},{count}" for pre, post, count, neuropil in rows]
    data = ("pre,post,neuropil,count\n" + "\n".join(lines) + end).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    results = []
    for size in (files.BLOCK, block):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "BLOCK", size)
            try:
                made = read_connectome(path)
                results.append((edges_of(made), made.neuron_id.tolist(), made.audit))
            except InputError as error:
                results.append(str(error))
    assert results[0] == results[1]


@pytest.mark.parametrize("bad", ["1,2,PB,x9", "1,2,PB", "1.5,2,PB,9", "1,99,PB,-1"])
def test_a_fault_in_a_later_block_is_named_by_its_line(tmp_path, bad, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", 200)
    lines = [f"{n},{n + 1},PB,3" for n in range(100)]
    (tmp_path / "e.csv").write_text(
        "\n".join(['# name: "x"', "pre,post,neuropil,count", *lines[:80], bad, *lines[80:]])
    )
    with pytest.raises(InputError, match=r"line 83 |in line 83,"):
        read_connectome(tmp_path / "e.csv")


def test_a_quote_that_stays_open_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", 1000)
    monkeypatch.setattr(files, "LONGEST_CELL", 1000)
    (tmp_path / "e.csv").write_text('pre,post,count\n1,2,"3\n' + "1,2,3\n" * 2000)
    with pytest.raises(InputError, match=r"closed within 1,000 bytes.*Double the quotes"):
        read_connectome(tmp_path / "e.csv")


def test_a_parquet_of_few_values_is_measured_by_its_rows(tmp_path):
    """Its cells take next to nothing on disk and as bytes, but its rows fill the memory."""
    path = tmp_path / "bomb.parquet"
    same = pa.array(np.ones(4_000_000, np.int8))
    parquet.write_table(pa.table(dict.fromkeys(("pre", "post", "count"), same)), path)
    with pytest.raises(InputError, match="would take 96,000,000 bytes or more"):
        read_connectome(path)


def test_a_feather_of_nothing_is_measured_by_its_rows(tmp_path):
    path = tmp_path / "bomb.feather"
    nothing = pa.table(dict.fromkeys(("pre", "post", "count"), pa.nulls(10**9)))
    feather.write_feather(nothing, path, compression="uncompressed", chunksize=10**9)
    assert path.stat().st_size < 2_000
    with pytest.raises(InputError, match="would take 24,000,000,000 bytes or more"):
        read_connectome(path)


def test_a_feather_bomb_is_measured_before_it_is_unpacked(tmp_path):
    table = pd.DataFrame({"pre": np.zeros(2**25, np.int64)}).assign(post=1, count=1)
    feather.write_feather(table, str(tmp_path / "e"), compression="zstd", compression_level=19)
    assert (tmp_path / "e").stat().st_size < 2**18
    with pytest.raises(InputError, match=r"805,306,368 bytes or more"):
        read_connectome(tmp_path / "e")


@pytest.mark.parametrize("kind", ["zstd", "lz4", "uncompressed"])
def test_the_size_of_a_feather_file_is_that_of_its_buffers(tmp_path, kind, rng):
    from neuroloom.connectome.feather_size import unpacked_size

    table = pd.DataFrame(
        {"pre": rng.integers(2**60, size=5000), "x": rng.choice(["a", "bc"], 5000)}
    )
    table["c"] = pd.Categorical([f"{n:0100}" for n in range(5000)])
    feather.write_feather(table, str(tmp_path / "e"), compression=kind, chunksize=999)
    size = unpacked_size(tmp_path / "e")
    held = feather.read_table(str(tmp_path / "e"), columns=["pre", "x"]).nbytes + 5000 * 100
    assert held <= size < 1.1 * held + 50_000


def test_a_feather_file_whose_footer_hides_a_batch_is_refused(tmp_path):
    table = pd.DataFrame({"pre": np.arange(20), "post": np.arange(20) + 1, "count": 1})
    parts = {}
    for n in (10, 20):
        feather.write_feather(
            table[:n], str(tmp_path / "e"), compression="uncompressed", chunksize=10
        )
        data = (tmp_path / "e").read_bytes()
        footer = len(data) - 10 - int.from_bytes(data[-10:-6], "little")
        parts[n] = data[:footer], data[footer:]
    (tmp_path / "e").write_bytes(b"".join(parts[20]))
    assert read_connectome(tmp_path / "e").n_connections == 20
    (tmp_path / "e").write_bytes(parts[20][0] + parts[10][1])
    with pytest.raises(InputError, match="its footer names 1 batches, and it holds 2"):
        read_connectome(tmp_path / "e")


def test_every_public_header_is_known_once():
    from neuroloom.connectome.layouts import LAYOUTS, layout_of

    tables = CODEX | NEUPRINT | MALE | HARMONISED
    headers = [
        t.partition("\n")[0].split(",") if isinstance(t, str) else list(t.columns)
        for t in tables.values()
    ]
    found = [layout_of(header) for header in headers]
    assert None not in found
    assert len({layout.title for layout in found}) == len(headers)
    assert layout_of(["root_id", "nonsense"]) is None
    assert len({layout.title for layout in LAYOUTS}) == len(LAYOUTS)
