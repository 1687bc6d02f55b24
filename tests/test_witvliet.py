"""Tables of Witvliet and White: every row, kinds and cells, against the rows themselves."""

import gzip
from collections import Counter

import pytest

from neuroloom.connectome import KeepFirst, Sum
from neuroloom.connectome.witvliet import is_witvliet, read_witvliet
from neuroloom.connectome.worm_cells import NEURONS
from neuroloom.datasets import connectome as dataset
from neuroloom.errors import InputError
from samples_formats import WITVLIET, new_workbook, white_csv, witvliet_csv, witvliet_xlsx
from strategies import assert_same, edges_of

ROWS = [
    ("ASHL", "AVAL", 0, 12, 0),
    ("AVAL", "VB1", 0, 3, 0),
    ("VB1", "BWM-VL05", 2, 7, 0),
    ("ASHL", "AVAL", 1, 2, 0),
    ("AVAL", "AVAL", 1, 1, 0),
    ("ASHL", "CEPshDL", 0, 1, 0),
    ("AVAL", "excgl", 1, 4, 0),
]


def put(folder, text, name="w.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def tabs(rows, end="\n"):
    return "".join("\t".join(map(str, row)) + end for row in rows)


def test_every_row_becomes_one_connection_from_pre_to_post(tmp_path):
    assert edges_of(read_witvliet(witvliet_csv(tmp_path))) == ROWS


@pytest.mark.parametrize("write", [white_csv, witvliet_xlsx])
def test_tabs_crlf_and_a_workbook_give_the_same_connectome(tmp_path, write):
    one, other = read_witvliet(witvliet_csv(tmp_path)), read_witvliet(write(tmp_path))
    assert_same(one, other, but=("name",))


def test_spaces_in_the_header_above_tabs_are_read_as_one_file_of_white_has_them(tmp_path):
    spaced = put(tmp_path, tabs(WITVLIET, "\r\n").replace("\t", " ", 3))
    assert is_witvliet(spaced)
    assert edges_of(read_witvliet(spaced)) == ROWS


def test_a_packed_table_is_recognized_and_read(tmp_path):
    packed = put(tmp_path, gzip.compress(tabs(WITVLIET).encode()), "w.csv.gz")
    assert is_witvliet(packed)
    assert edges_of(read_witvliet(packed)) == ROWS


def test_neurons_muscles_and_others_are_told_apart_and_names_kept(tmp_path):
    made = read_witvliet(witvliet_csv(tmp_path))
    kinds = dict(zip(made.neuron_id.tolist(), made.column("node_kind").tolist(), strict=True))
    assert kinds == {
        **dict.fromkeys(("ASHL", "AVAL", "VB1"), "neuron"),
        **{"BWM-VL05": "muscle", "CEPshDL": "other", "excgl": "other"},
    }
    written = dict(zip(made.neuron_id.tolist(), made.column("original_name").tolist(), strict=True))
    assert written["VB1"] == "VB01"
    assert all(word == name for name, word in written.items() if name != "VB1")
    assert "removed the zero padding of 1 names (VB01 is VB1)" in made.audit


def test_an_electrical_connection_onto_a_muscle_stays_electrical(tmp_path):
    made = read_witvliet(put(tmp_path, tabs([*WITVLIET, ("VB1", "BWM-VL05", "electrical", 2)])))
    assert ("BWM-VL05", "VB1", 1, 2, 0) in edges_of(made)
    assert made.of_kind("neuromuscular").count.tolist() == [7]


def test_the_listed_neurons_are_those_of_the_shipped_worm():
    worm = dataset("worm")
    assert set(worm.neuron_id[worm.is_neuron].tolist()) == NEURONS


def test_the_audit_says_how_much_was_read_and_which_version(tmp_path):
    made = read_witvliet(witvliet_csv(tmp_path))
    assert made.audit[0] == (
        "read 7 rows with 23 chemical and 7 electrical synapses (no version known to neuroloom)"
    )
    # As many rows, and chemical and electrical synapses, as Witvliet 8 has as a workbook.
    names = sorted(NEURONS)
    pairs = [(a, b) for a in names[:60] for b in names[60:100]]
    rows = [(*pair, "chemical", 4) for pair in pairs[:2186]]
    rows[0] = (*pairs[0], "chemical", 7970 - 4 * 2185)
    rows = [(a, b, t, 4 if n < 0 else n) for a, b, t, n in rows]
    excess = sum(row[3] for row in rows) - 7970
    rows = [(a, b, t, n - (k < excess)) for k, (a, b, t, n) in enumerate(rows)]
    rows += [(*pair, "electrical", 1 + (k < 120)) for k, pair in enumerate(pairs[:310])]
    made = read_witvliet(put(tmp_path, tabs([WITVLIET[0], *rows])))
    assert made.name == "C. elegans, Witvliet 8, as .xlsx"
    assert "read 2,496 rows with 7,970 chemical and 430 electrical synapses" in made.audit[0]


def test_a_mirrored_gap_junction_is_refused_and_kept_once_when_asked(tmp_path):
    path = put(tmp_path, tabs([*WITVLIET, ("ASHL", "AVAL", "electrical", 2)]))
    with pytest.raises(InputError, match=r"ASHL - AVAL .*line 5 and line 9.*KeepFirst"):
        read_witvliet(path)
    assert edges_of(read_witvliet(path, on_duplicate=KeepFirst())) == ROWS
    added = edges_of(read_witvliet(path, on_duplicate=Sum()))
    assert ("ASHL", "AVAL", 1, 4, 0) in added


def test_two_spellings_of_one_neuron_are_one_and_the_audit_says_so(tmp_path):
    made = read_witvliet(put(tmp_path, tabs([*WITVLIET, ("VB1", "ASHL", "chemical", 2)])))
    assert Counter(made.neuron_id.tolist())["VB1"] == 1
    assert any("took two spellings as one cell in 1 names" in line for line in made.audit)


@pytest.mark.parametrize(
    ("change", "instruction"),
    [
        (("synapses", "n"), "must have the columns pre, post, type, synapses.*Name them so"),
        (("\tchemical\t12", "\tmagic\t12"), r"'magic' in line 2.*Write chemical"),
        (("\t12", "\t1.5"), r"'1\.5' in line 2.*Correct|whole.*'1\.5' in line 2"),
        (("\t12", "\t-1"), r"'-1' in line 2.*Correct"),
        (("ASHL\tAVAL\tchemical", "\tAVAL\tchemical"), "'' in line 2.*Fill it in"),
        (("\t12", ""), "line 2 of .* has 3"),
    ],
)
def test_a_faulty_row_is_named_with_what_to_do(tmp_path, change, instruction):
    with pytest.raises(InputError, match=f"(?s){instruction}"):
        read_witvliet(put(tmp_path, tabs(WITVLIET).replace(*change, 1)))


def test_a_faulty_row_of_a_workbook_is_named_with_what_to_do(tmp_path):
    for value, instruction in (
        (1.5, r"whole.*row 3, column"),
        ("=1+2", "formula.*paste values"),
        (None, "row 3, column"),
    ):
        rows = [*WITVLIET[:2], ("AVAL", "VB01", "chemical", value)]
        path = new_workbook(tmp_path / "w.xlsx", {"w": rows})
        with pytest.raises(InputError, match=instruction):
            read_witvliet(path)


def test_only_this_header_above_a_neuron_of_the_worm_is_recognized(tmp_path):
    assert is_witvliet(witvliet_csv(tmp_path))
    assert is_witvliet(white_csv(tmp_path))
    assert is_witvliet(witvliet_xlsx(tmp_path))
    for other in (
        "pre,post,count\nASHL,AVAL,1\n",
        "pre\tpost\ttype\tsynapses\n12\t13\tchemical\t1\n",
        "",
        b"\xff\xfe\x00",
    ):
        assert not is_witvliet(put(tmp_path, other))
    assert not is_witvliet(tmp_path / "none.csv")
    assert not is_witvliet(tmp_path)


def test_a_header_alone_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"must have a row.*Export it again"):
        read_witvliet(put(tmp_path, tabs(WITVLIET[:1])))
