"""The workbooks of Varshney: mirrors dropped, junctions once, against a count of the rows."""

import io
import struct
import zipfile

import pytest

from neuroloom.connectome import KeepFirst, Sum
from neuroloom.connectome.varshney import is_varshney, read_varshney
from neuroloom.connectome.workbook import read_workbook
from neuroloom.errors import InputError
from samples_formats import (
    CONNECT,
    TABLES,
    new_workbook,
    old_workbook,
    varshney_tables,
    varshney_xls,
    varshney_xlsx,
    witvliet_xlsx,
)
from strategies import assert_same, edges_of

xlwt = pytest.importorskip("xlwt", reason="xlwt writes the .xls files of these tests")

ROWS = [
    ("ASHL", "AVAL", 0, 6, 0),
    ("AVAL", "VB1", 0, 5, 0),
    ("ASHL", "VB1", 1, 1, 0),
    ("RIBL", "RIBL", 1, 6, 0),
    ("VB1", "NMJ", 2, 11, 0),
]


def connect(folder, *more, instead=None):
    rows = list(CONNECT) if instead is None else instead
    return old_workbook(folder / "c.xls", {"NeuronConnect.csv": [*rows, *more]})


def test_what_was_sent_is_added_and_what_was_received_is_left_out(tmp_path):
    made = read_varshney(varshney_xls(tmp_path))
    assert edges_of(made) == ROWS
    assert (
        "left out 3 rows of what was received (11 synapses), which mirror what was sent (11); all "
        "agree"
    ) in made.audit
    assert "removed the zero padding of 1 names (VB01 is VB1)" in made.audit


def test_the_same_in_a_new_workbook_gives_the_same_connectome(tmp_path):
    one, other = read_varshney(varshney_xls(tmp_path)), read_varshney(varshney_xlsx(tmp_path))
    assert_same(one, other, but=("audit",))
    assert one.audit[1:] == other.audit[1:]


def test_a_mirror_that_disagrees_is_reported_and_the_sent_count_stays(tmp_path):
    rows = [("AVAL", "ASHL", "R", 2) if row[2] == "R" else row for row in CONNECT[:6]]
    made = read_varshney(connect(tmp_path, instead=rows))
    assert ("ASHL", "AVAL", 0, 6, 0) in edges_of(made)
    assert any("ASHL -> AVAL 6 and 5" in line for line in made.audit)


def test_a_junction_whose_ends_disagree_is_refused_or_kept_as_first_listed(tmp_path):
    rows = [
        ("VB01", "ASHL", "EJ", 4) if row[:3] == ("VB01", "ASHL", "EJ") else row for row in CONNECT
    ]
    path = connect(tmp_path, instead=rows)
    with pytest.raises(InputError, match=r"with 1 in row 8 .* with 4 in row 9 .*KeepFirst"):
        read_varshney(path)
    made = read_varshney(path, on_duplicate=KeepFirst())
    assert edges_of(made) == ROWS
    assert any("of which 1 disagree" in line for line in made.audit)


def test_a_row_that_repeats_is_refused_or_left_out_but_rows_onto_muscles_are_added(tmp_path):
    path = connect(tmp_path, ("ASHL", "AVAL", "S", 4))
    with pytest.raises(InputError, match=r"ASHL - AVAL \(S\) in row 2 .* in row 13 .*KeepFirst"):
        read_varshney(path)
    made = read_varshney(path, on_duplicate=KeepFirst())
    assert edges_of(made) == ROWS
    assert "left out 1 rows that repeat one before" in made.audit
    with pytest.raises(InputError, match=r"must be `Refuse\(\)` or `KeepFirst\(\)`"):
        read_varshney(path, on_duplicate=Sum())


def test_the_tables_give_connections_muscles_and_transmitters(tmp_path):
    made = read_varshney(varshney_tables(tmp_path))
    assert edges_of(made) == [
        ("ASHL", "AVAL", 0, 6, 0),
        ("HSNL", "ASHL", 0, 2, 0),
        ("ASHL", "HSNL", 1, 1, 0),
        ("AVAL", "HSNL", 1, 3, 0),
        ("HSNL", "MVULVA", 2, 8, 0),
        ("VB1", "MDL05", 2, 3, 0),
    ]
    released = dict(
        zip(made.neuron_id.tolist(), made.column("neurotransmitter").tolist(), strict=True)
    )
    assert released == {
        "ASHL": "Glutamate",
        "HSNL": "Serotonin+Acetylcholine",
        "VB1": "Acetylcholine",
        **dict.fromkeys(("AVAL", "MDL05", "MVULVA"), ""),
    }
    muscles = made.neuron_id[made.column("node_kind") == "muscle"].tolist()
    assert muscles == ["MDL05", "MVULVA"]
    assert "left out the sheets `Sensory`" in made.audit
    assert any("1 have one row" in line for line in made.audit)


def test_the_tables_without_the_sheet_of_muscles_are_read_too(tmp_path):
    made = read_varshney(old_workbook(tmp_path / "t.xls", {"C": TABLES["Connectome"]}))
    assert made.of_kind("neuromuscular").n_connections == 0
    assert made.n_connections == 4


def test_a_workbook_is_recognized_by_its_columns(tmp_path):
    assert is_varshney(varshney_xls(tmp_path))
    assert is_varshney(varshney_xlsx(tmp_path))
    assert is_varshney(varshney_tables(tmp_path))
    other = old_workbook(tmp_path / "NeuronConnect2.xls", {"a": [("pre", "post")]})
    assert not is_varshney(other)
    assert not is_varshney(witvliet_xlsx(tmp_path))
    assert not is_varshney(tmp_path / "none.xls")
    with pytest.raises(InputError, match=r"has the sheets `a` without them\. Use NeuronConnect"):
        read_varshney(other)


@pytest.mark.parametrize(
    ("row", "instruction"),
    [
        (("ASHL", "AVAL", "X", 4), r"'X' in row 13, column `Type`.*Correct the cell"),
        (("ASHL", "AVAL", "S", 1.5), r"'1\.5' in row 13, column `Nbr`.*Correct it"),
        (("ASHL", "AVAL", "S", -2), "'-2' in row 13"),
        (("ASHL", "AVAL", "S", ""), "'' in row 13"),
        (("", "AVAL", "S", 2), "'' in row 13, column `Neuron 1`.*Fill it in"),
        (("ASHL", "AVAL", "S", True), "'True' in row 13"),
        (("ASHL", "AVAL", "S", 3, "more"), "'more' in row 13, beyond the 4 names"),
    ],
)
def test_a_faulty_row_is_named_with_what_to_do(tmp_path, row, instruction):
    with pytest.raises(InputError, match=instruction):
        read_varshney(connect(tmp_path, row))


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.999])
def test_a_truncated_workbook_is_one_error_with_what_to_do(tmp_path, share):
    whole = varshney_xls(tmp_path).read_bytes()
    cut = tmp_path / "cut.xls"
    cut.write_bytes(whole[: int(share * len(whole))])
    assert not is_varshney(cut)
    with pytest.raises(InputError, match=r"Download or export it again|Copy or export it again"):
        read_varshney(cut)


def test_an_old_workbook_with_too_many_rows_or_columns_is_refused(tmp_path):
    wide = old_workbook(tmp_path / "w.xls", {"a": [[1] * 65]})
    with pytest.raises(InputError, match="at most 64 columns"):
        read_workbook(wide)
    (tmp_path / "big.xls").write_bytes(wide.read_bytes()[:512] + bytes(2**24))
    with pytest.raises(InputError, match=r"at most 16,777,216 bytes.* as CSV or Parquet"):
        read_workbook(tmp_path / "big.xls")


def test_names_that_double_each_other_are_never_worked_out(tmp_path):
    """Forty defined names, each the one before it twice: 2^40 letters if they were looked at."""
    path = varshney_xls(tmp_path)
    from xlrd.compdoc import CompDoc

    document = CompDoc(path.read_bytes(), logfile=io.StringIO())
    memory, start, size = document.locate_named_stream("Workbook")
    stream = bytes(memory[start : start + size])
    names = b""
    for k in range(40):
        # tStr "x", or tName of the one before twice, then tConcat.
        before = b"\x23" + struct.pack("<HH", k, 0)
        formula = b"\x17\x01\x00x" if k == 0 else before + before + b"\x08"
        name = f"n{k}".encode()
        body = struct.pack("<HBBHHHBBBB", 0, 0, len(name), len(formula), 0, 0, 0, 0, 0, 0)
        body += b"\x00" + name + formula
        names += struct.pack("<HH", 0x18, len(body)) + body
    at, end = 0, 0
    while end == 0:  # names stand before the end of the globals
        kind, length = struct.unpack_from("<HH", stream, at)
        end = at if kind == 0x0A else 0
        at += 4 + length
    grown = bytearray(stream[:end] + names + stream[end:])
    at = 0
    while at < end:  # the sheets moved by as much
        kind, length = struct.unpack_from("<HH", grown, at)
        if kind == 0x85:
            place = struct.unpack_from("<I", grown, at + 4)[0]
            struct.pack_into("<I", grown, at + 4, place + len(names))
        at += 4 + length
    xlwt.CompoundDoc.XlsDoc().save(str(tmp_path / "bomb.xls"), bytes(grown))
    assert edges_of(read_varshney(tmp_path / "bomb.xls")) == ROWS


def test_a_new_workbook_that_unpacks_to_too_much_or_defines_entities_is_refused(tmp_path):
    path = varshney_xlsx(tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(2**26))
    with pytest.raises(InputError, match="at most 67,108,864 bytes unpacked"):
        read_varshney(path)
    plain = new_workbook(tmp_path / "plain.xlsx", {"a": CONNECT})
    with zipfile.ZipFile(plain) as whole, zipfile.ZipFile(path, "w") as bomb:
        for member in whole.namelist():
            content = whole.read(member).decode()
            if member.endswith("sheet1.xml"):
                content = '<!DOCTYPE x [<!ENTITY a "b">]>' + content
            bomb.writestr(member, content.encode("utf-16" if "sheet1" in member else "utf-8"))
    with pytest.raises(InputError, match=r"has a DOCTYPE\. Save it again"):
        read_varshney(path)
    assert not is_varshney(path)


def test_a_sheet_with_fifty_thousand_rows_and_more_is_refused(tmp_path):
    rows = "".join(f'<row r="{k}"><c t="n"><v>1</v></c></row>' for k in range(1, 50_003))
    plain = new_workbook(tmp_path / "plain.xlsx", {"a": CONNECT})
    with zipfile.ZipFile(plain) as whole, zipfile.ZipFile(tmp_path / "long.xlsx", "w") as long:
        for member in whole.namelist():
            content = whole.read(member).decode()
            if member.endswith("sheet1.xml"):
                head, _, tail = content.partition("<sheetData>")
                content = f"{head}<sheetData>{rows}</sheetData>{tail.partition('</sheetData>')[2]}"
            long.writestr(member, content)
    with pytest.raises(InputError, match="at most 50,000 rows in a sheet"):
        read_varshney(tmp_path / "long.xlsx")


def test_a_new_workbook_with_millions_of_tags_is_refused_before_it_is_parsed(tmp_path):
    plain = new_workbook(tmp_path / "plain.xlsx", {"a": CONNECT})
    with (
        zipfile.ZipFile(plain) as whole,
        zipfile.ZipFile(tmp_path / "w.xlsx", "w", zipfile.ZIP_DEFLATED) as wide,
    ):
        for member in whole.namelist():
            content = whole.read(member).decode()
            cells = "<c/>" * 2_100_000 if member.endswith("sheet1.xml") else ""
            wide.writestr(member, content.replace("</row>", f"{cells}</row>", 1))
    with pytest.raises(InputError, match="at most 2,097,152 tags"):
        read_varshney(tmp_path / "w.xlsx")


def test_a_row_far_below_the_others_is_refused_and_not_lost(tmp_path):
    plain = new_workbook(tmp_path / "plain.xlsx", {"a": CONNECT})
    with zipfile.ZipFile(plain) as whole, zipfile.ZipFile(tmp_path / "far.xlsx", "w") as far:
        for member in whole.namelist():
            content = whole.read(member).decode()
            if member.endswith("sheet1.xml"):
                content = content.replace('"12"', '"60000"').replace("12", "60000")
            far.writestr(member, content)
    with pytest.raises(InputError, match="at most 50,000 rows in a sheet"):
        read_varshney(tmp_path / "far.xlsx")
    book = xlwt.Workbook()
    sheet = book.add_sheet("NeuronConnect.csv")
    for i, row in enumerate(CONNECT):
        for j, value in enumerate(row):
            sheet.write(i if i < 11 else 60_000, j, value)
    book.save(str(tmp_path / "far.xls"))
    with pytest.raises(InputError, match="at most 50,000 rows in a sheet"):
        read_varshney(tmp_path / "far.xls")
