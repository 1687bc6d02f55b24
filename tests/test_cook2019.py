"""The reader of Cook et al. 2019, on a small workbook with the traps of the real one."""

import zipfile

import numpy as np
import pytest
from openpyxl import Workbook

from neuroloom.connectome.cook2019 import is_cook2019, read_cook2019
from neuroloom.errors import InputError

# Names, and the banners that begin above them: group, narrower group.
POST = {
    "I1L": ("PHARYNX", None),
    "pm1": (None, None),
    "mc2V": (None, None),
    "ASHL": ("SENSORY NEURONS", 6),
    "AVAL": ("INTERNEURONS", 1),
    "VB01": ("MOTOR NEURONS", "BODY MOTOR NEURONS"),
    "dBWML1": ("BODYWALL MUSCLES", None),
    "GLRL": ("OTHER END ORGANS", None),
    "CANL": (None, None),
    "mu_anal": (None, None),
    "VC04": ("SEX-SPECIFIC CELLS", None),
    "vm2AL": (None, None),
}
PRE = ["I1L", "ASHL", "AVAL", "VB01", "VC04"]
GAP = ["I1L", "ASHL", "AVAL", "VB01", "um2AL", "CANL", "VC04"]
COUNTS = {
    ("I1L", "pm1"): 4,
    ("I1L", "mc2V"): 2,
    ("ASHL", "AVAL"): 15,
    ("AVAL", "VB01"): 3,
    ("AVAL", "AVAL"): 1,
    ("VB01", "dBWML1"): 7,
    ("VC04", "vm2AL"): 9,
}
JUNCTIONS = {("ASHL", "AVAL"): 2, ("AVAL", "AVAL"): 5, ("VB01", "um2AL"): 1}


def put_sheet(book, title, pre, post, counts, *, blank=1):
    """Banners, names, counts, then a blank line and the names once more, as in the release."""
    sheet = book.create_sheet(title)
    for j, name in enumerate(post):
        sheet.cell(3, 4 + j, name)
        for row, banner in enumerate(POST.get(name, (None, None))):
            if banner is not None:
                sheet.cell(1 + row, 4 + j, banner)
    for i, name in enumerate(pre):
        sheet.cell(4 + i, 3, name)
    for (a, b), count in counts.items():
        sheet.cell(4 + list(pre).index(a), 4 + list(post).index(b), count)
    for j, name in enumerate(post):
        sheet.cell(4 + len(pre) + blank, 4 + j, name)
    for i, name in enumerate(pre):
        sheet.cell(4 + i, 4 + len(post) + blank, name)
    sheet.cell(8 + len(pre) + blank, 9 + len(post), " ")
    return sheet


@pytest.fixture
def book():
    book = Workbook()
    book.active.title = "TITLE AND LEGEND"
    book.active["A1"] = "rows give the pre-synaptic cell"
    put_sheet(book, "hermaphrodite chemical", PRE, list(POST), COUNTS)
    put_sheet(book, "hermaphrodite gap jn asymmetric", GAP, GAP, JUNCTIONS)
    mirrored = JUNCTIONS | {(b, a): n for (a, b), n in JUNCTIONS.items()}
    put_sheet(book, "hermaphrodite gap jn symmetric", GAP, GAP, mirrored)
    return book


@pytest.fixture
def read(book, tmp_path):
    """Saves the book, as it is by then, and reads it."""

    def save_and_read(**options):
        path = tmp_path / "anything.xls"  # recognized by content
        book.save(path)
        return read_cook2019(path, **options)

    return save_and_read


def connections(connectome, *kinds):
    part = connectome.of_kind(*kinds)
    ids = part.neuron_id
    return {
        (str(ids[a]), str(ids[b])): int(n)
        for a, b, n in zip(part.pre, part.post, part.count, strict=True)
    }


def test_rows_are_presynaptic_and_columns_postsynaptic(read):
    chemical = connections(read(), "chemical")
    assert chemical[("ASHL", "AVAL")] == 15
    assert ("AVAL", "ASHL") not in chemical


def test_every_cell_becomes_one_connection_and_no_other_appears(read):
    connectome = read()
    plain = {"VB01": "VB1", "VC04": "VC4"}
    expected = {(plain.get(a, a), plain.get(b, b)): n for (a, b), n in COUNTS.items()}
    assert connections(connectome, "chemical", "neuromuscular") == expected
    assert connectome.count_unit == "em_sections"
    assert not connectome.sign.any()


def test_chemical_connections_onto_muscles_are_neuromuscular_and_onto_others_chemical(read):
    assert connections(read(), "neuromuscular") == {
        ("I1L", "pm1"): 4,
        ("VB1", "dBWML1"): 7,
        ("VC4", "vm2AL"): 9,
    }
    assert connections(read(), "chemical")[("I1L", "mc2V")] == 2


def test_each_gap_junction_stands_once_with_the_count_of_the_asymmetric_sheet(read):
    connectome = read()
    electrical = connectome.of_kind("electrical")
    assert (electrical.pre <= electrical.post).all()
    found = {frozenset(ends): n for ends, n in connections(connectome, "electrical").items()}
    plain = {frozenset(("ASHL", "AVAL")): 2, frozenset(("AVAL",)): 5}
    assert found == plain | {frozenset(("VB1", "um2AL")): 1}
    assert any("hermaphrodite gap jn asymmetric" in sentence for sentence in connectome.audit)


def test_names_stop_at_the_first_blank_and_the_repeated_names_are_no_cells(read):
    connectome = read()
    assert connectome.n_neurons == len(POST) + 1  # um2AL is only in the gap sheet
    assert any("(rows: 2, columns: 2)" in sentence for sentence in connectome.audit)


def test_zero_padding_goes_and_the_name_as_written_stays(read):
    connectome = read()
    original = dict(zip(connectome.neuron_id, connectome.neurons["original_name"], strict=True))
    assert original["VB1"] == "VB01"
    assert original["VC4"] == "VC04"
    assert original["dBWML1"] == "dBWML1"
    assert any("2 names" in sentence for sentence in connectome.audit)


def test_banners_and_names_tell_neurons_from_muscles_and_others(read):
    connectome = read()
    kind = dict(zip(connectome.neuron_id, connectome.neurons["node_kind"], strict=True))
    assert {n for n, k in kind.items() if k == "muscle"} == {
        *("pm1", "dBWML1", "mu_anal", "vm2AL", "um2AL")
    }
    assert {n for n, k in kind.items() if k == "other"} == {"mc2V", "GLRL"}
    assert sum(k == "neuron" for k in kind.values()) == 6  # CANL among them


def test_a_cell_of_zero_is_no_connection(book, read):
    book["hermaphrodite chemical"]["D4"] = 0
    assert ("I1L", "I1L") not in connections(read(), "chemical")


def test_the_male_is_read_from_its_own_sheets(book, read):
    put_sheet(book, "male chemical", ["ASHL"], ["AVAL"], {("ASHL", "AVAL"): 6})
    put_sheet(book, "male gap jn asymmetric", ["AVAL"], ["ASHL"], {("AVAL", "ASHL"): 8})
    male = read(sex="male")
    assert connections(male, "chemical") == {("ASHL", "AVAL"): 6}
    assert male.n_neurons == 2
    assert male.of_kind("electrical").count.tolist() == [8]


def test_the_sheet_names_of_the_uncorrected_file_are_read_too(book, read, tmp_path):
    expected = connections(read(), "electrical")
    book["hermaphrodite gap jn asymmetric"].title = "herm gap jn asymmetric"
    connectome = read()
    assert connections(connectome, "electrical") == expected
    assert any("`herm gap jn asymmetric`" in sentence for sentence in connectome.audit)
    assert is_cook2019(tmp_path / "anything.xls")


def test_a_junction_listed_both_ways_with_one_count_is_kept_once_and_counted(book, read):
    book["hermaphrodite gap jn asymmetric"].cell(6, 5, 2)  # AVAL - ASHL, as ASHL - AVAL
    connectome = read()
    assert connections(connectome, "electrical")[("ASHL", "AVAL")] == 2
    assert len(connections(connectome, "electrical")) == len(JUNCTIONS)
    assert "kept once 1 gap junctions listed both ways" in connectome.audit


def test_a_workbook_is_recognized_by_its_sheets(book, tmp_path):
    book.save(tmp_path / "a.bin")
    assert is_cook2019(tmp_path / "a.bin")
    other = Workbook()
    other.active.title = "chemical"
    other.save(tmp_path / "SI 5 Connectome adjacency matrices.xlsx")
    assert not is_cook2019(tmp_path / "SI 5 Connectome adjacency matrices.xlsx")
    (tmp_path / "text.xlsx").write_text("pre,post,count\na,b,1\n")
    assert not is_cook2019(tmp_path / "text.xlsx")
    assert not is_cook2019(tmp_path / "not there.xlsx")
    np.savez(tmp_path / "array.npz", a=np.arange(3))
    assert not is_cook2019(tmp_path / "array.npz")


@pytest.mark.parametrize(
    ("value", "shown"),
    [("many", "'many'"), (-3, "-3"), (2.5, "2.5"), (True, "True"), ("=1+2", "'=1\\+2'")],
)
def test_a_cell_that_is_no_count_is_named_with_its_address(book, read, value, shown):
    book["hermaphrodite chemical"]["G5"] = value  # ASHL -> ASHL
    with pytest.raises(InputError, match=rf"G5 is {shown} \(1 such\)\. Correct the cell"):
        read()


def test_the_address_of_a_faulty_cell_tells_rows_from_columns(book, read):
    book["hermaphrodite gap jn asymmetric"]["E7"] = "two"  # row VB01, column ASHL
    book["hermaphrodite gap jn asymmetric"]["F4"] = "two"
    with pytest.raises(InputError, match=r"asymmetric` must .* F4 is 'two' \(2 such\)"):
        read()


@pytest.mark.parametrize(
    ("cell", "name", "instruction"),
    [
        ("C6", "ASHL", r"'ASHL' occurs 2 times \(1 such\)\. Rename or remove all but one"),
        ("C6", "VB1", r"'VB1' occurs 2 times \(1 such\)\. Rename or remove all but one"),
        ("E3", "I1L", r"row 3 .* 'I1L' occurs 2 times"),
        ("C6", 7, r"must be text; got 7 \(1 such\)\. Write the name"),
        ("C6", None, r"before 'VB01' \(2 such\)\. Fill in the missing name"),
        ("E3", "  ", r"row 3 .* before 'mc2V' \(10 such\)\. Fill in the missing name"),
        ("C8", None, r"O8 has not \(1 such\)\. Name its row and its column"),
        ("O3", None, r"O8 has not \(1 such\)\. Name its row and its column"),
    ],
)
def test_a_missing_repeated_or_numeric_name_is_refused(book, read, cell, name, instruction):
    book["hermaphrodite chemical"][cell] = name
    with pytest.raises(InputError, match=instruction):
        read()


def test_a_junction_with_two_counts_is_refused(book, read):
    book["hermaphrodite gap jn asymmetric"].cell(6, 5, 3)  # AVAL - ASHL; ASHL - AVAL has 2
    with pytest.raises(InputError, match=r"ASHL - AVAL 2 one way and 3 the other .* Blank one of"):
        read()


@pytest.mark.parametrize("sheet", ["hermaphrodite chemical", "hermaphrodite gap jn asymmetric"])
def test_a_missing_sheet_is_named_and_what_is_there_listed(book, read, sheet):
    del book[sheet]
    with pytest.raises(
        InputError, match=rf"must have a sheet `{sheet}`; it has `TITLE AND LEGEND`.* Use SI 5"
    ):
        read()


def test_an_empty_sheet_is_refused_with_the_layout(book, read):
    del book["hermaphrodite chemical"]
    book.create_sheet("hermaphrodite chemical")
    with pytest.raises(InputError, match="must have names in row 3 and column C"):
        read()


def test_a_sheet_without_names_is_refused(book, read):
    del book["hermaphrodite chemical"]
    book.create_sheet("hermaphrodite chemical")["F9"] = 3
    with pytest.raises(InputError, match=r"none is\. Fill in the missing name"):
        read()


def test_a_sheet_with_more_names_than_any_worm_is_refused(book, read):
    sheet = book["hermaphrodite gap jn asymmetric"]
    for i in range(3_100):
        sheet.cell(4 + i, 3, f"N{i}A")
    with pytest.raises(InputError, match=r"at most 3,000 names .* Save a larger connectome"):
        read()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_workbook_is_one_error_with_what_to_do(book, tmp_path, share):
    path = tmp_path / "cut.xlsx"
    book.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert not is_cook2019(path)
    with pytest.raises(InputError, match="Download or export it again"):
        read_cook2019(path)


def test_a_damaged_sheet_is_one_error_with_what_to_do(book, tmp_path):
    book.save(tmp_path / "whole.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "whole.xlsx") as whole,
        zipfile.ZipFile(tmp_path / "bad.xlsx", "w") as bad,
    ):
        for member in whole.namelist():
            content = whole.read(member)
            bad.writestr(member, content[:-60] if "sheet2" in member else content)
    with pytest.raises(InputError, match="Download or export it again"):
        read_cook2019(tmp_path / "bad.xlsx")


def test_a_missing_file_is_one_error_with_what_to_do(tmp_path):
    with pytest.raises(InputError, match="Download or export it again"):
        read_cook2019(tmp_path / "not there.xlsx")


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(book, tmp_path):
    path = tmp_path / "bomb.xlsx"
    book.save(path)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/media/bomb.bin", "w", force_zip64=True) as member,
    ):
        for _ in range(257):
            member.write(bytes(2**20))
    with pytest.raises(InputError, match=r"at most 256 MB; .* Keep only the sheets"):
        read_cook2019(path)


def test_an_unknown_sex_is_answered_with_the_nearest_known(tmp_path):
    with pytest.raises(InputError, match="Did you mean `hermaphrodite`"):
        read_cook2019(tmp_path / "any.xlsx", sex="hermaphrodit")
