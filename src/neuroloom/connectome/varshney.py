"""The workbooks of Varshney et al. 2011 (worm): `NeuronConnect` and `CElegansNeuronTables`.

`NeuronConnect` lists each chemical connection twice, once sent (`S`, `Sp`) and once received (`R`,
`Rp`), and each electrical one twice, once an end. The other workbook has chemical connections once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, no_type_check

import numpy as np
import pyarrow as pa

from neuroloom.connectome.columns import Table, counts_of, ids_of
from neuroloom.connectome.connectome import CHEMICAL, ELECTRICAL, KINDS, NEUROMUSCULAR, Connectome
from neuroloom.connectome.policies import KeepFirst, Refuse, checked_policy
from neuroloom.connectome.tables import assemble
from neuroloom.connectome.workbook import Sheets, is_workbook, read_workbook, sheet_table
from neuroloom.connectome.worm_cells import plain_name, worm_cells
from neuroloom.errors import InputError, nearest

__all__ = ["is_varshney", "read_varshney"]

CONNECT: tuple[str, ...] = ("Neuron 1", "Neuron 2", "Type", "Nbr")
TABLES: tuple[str, ...] = ("Origin", "Target", "Type", "Number of Connections", "Neurotransmitter")
MUSCLES: tuple[str, ...] = ("Neuron", "Muscle", "Number of Connections", "Neurotransmitter")
SENT, RECEIVED, JUNCTION, TO_MUSCLE = "sent", "received", "junction", "to muscle"
WORDS = {
    **dict.fromkeys(("S", "Sp", "Send"), SENT),
    **dict.fromkeys(("R", "Rp", "Receive"), RECEIVED),
    **dict.fromkeys(("EJ", "GapJunction"), JUNCTION),
    "NMJ": TO_MUSCLE,
}
KIND = {SENT: CHEMICAL, JUNCTION: ELECTRICAL, TO_MUSCLE: NEUROMUSCULAR}


class Row(NamedTuple):
    """One row of a sheet, with plain names."""

    pre: str
    post: str
    word: str
    meaning: str
    contacts: int
    transmitter: str
    place: str


def is_varshney(path: Path) -> bool:
    """Whether the file is a workbook with the columns of either, by content and not by name."""
    if not is_workbook(path):
        return False
    try:
        return bool(_layout(read_workbook(path, n_rows=1)))
    except InputError:
        return False


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def read_varshney(
    path: Path,
    *,
    on_duplicate: Refuse | KeepFirst = Refuse(),  # noqa: B008
    name: str | None = None,
) -> Connectome:
    """The connectome in one of these workbooks, counted in synapses, all signs unknown.

    `S` and `Sp` (one partner, several) of one pair are added. `R` and `Rp` say the same again from
    the other end: they are left out, counted, and compared with what was sent. An electrical
    connection that has a row for each end stands once. Rows onto `NMJ` are `neuromuscular` and of
    one neuron are added: `NMJ` stands for all its muscles. Of `CElegansNeuronTables`, the sheets
    `Connectome` and `NeuronsToMuscle` are read, with the transmitter of each sender; several are
    joined with `+`. Neurons lose their zero padding (`VB01` is `VB1`), and `original_name` keeps
    the name as written.

    Args:
        path: The .xls, or the same saved as .xlsx.
        on_duplicate: `Refuse()` or `KeepFirst()` where the two rows of an electrical connection
            disagree (5 do in `CElegansNeuronTables`, none in `NeuronConnect`), or a row repeats.
        name: What to call it; None for `C. elegans, Varshney 2011`.

    Raises:
        InputError: If the file is broken or no such workbook, or a row is not strict; names it.

    Source:
        Varshney et al., Structural properties of the Caenorhabditis elegans neuronal network. PLoS
        Comput Biol 7:e1001066 (2011), doi:10.1371/journal.pcbi.1001066.
    """
    checked_policy("on_duplicate", on_duplicate, (Refuse, KeepFirst))
    path = Path(path)
    sheets = read_workbook(path)
    layout = _layout(sheets)
    if not layout:
        titles = ", ".join(f"`{title}`" for title in sheets)
        raise InputError(
            f"The workbook must have a sheet with the columns {', '.join(CONNECT)} or "
            f"{', '.join(TABLES)}; {path} has the sheets {titles[:200] or 'none'} without them. "
            "Use NeuronConnect.xls or CElegansNeuronTables.xls, or save the sheet as CSV."
        )
    rows, written, said = [], [], []
    for title, columns in layout.items():
        found = _rows(sheet_table(path, title, sheets[title]), title, columns, written, said)
        if not found and columns != MUSCLES:
            raise InputError(
                f"The sheet `{title}` must have rows below its names; {path} has none there. "
                "Download or export it again."
            )
        rows += found
    left = [f"`{title}`" for title in sheets if title not in layout]
    said += [f"left out the sheets {', '.join(left)}"] if left else []
    rows = _once(_sent(rows, said), isinstance(on_duplicate, KeepFirst), path, said)
    used = {end for row in rows for end in (row.pre, row.post)}
    cells = worm_cells(
        (word for word in written if plain_name(word) in used),
        muscles=(row.post for row in rows if row.meaning == TO_MUSCLE),
    )
    columns = {
        "neuron_id": cells.name.tolist(),
        "node_kind": cells.node_kind.tolist(),
        "original_name": cells.original_name.tolist(),
    }
    if any(row.transmitter for row in rows):
        columns["neurotransmitter"] = _transmitters(rows, cells.name.tolist(), said)
    made = assemble(
        _table(f"the cells of {path}", columns, lambda row: f"cell {row + 1}"),
        _table(
            str(path),
            {
                "pre": [row.pre for row in rows],
                "post": [row.post for row in rows],
                "kind": [KINDS[KIND[row.meaning]] for row in rows],
                "count": [str(row.contacts) for row in rows],
            },
            lambda row: rows[row].place,
        ),
        count_unit="synapses",
        on_duplicate=Refuse(),
        on_dangling=Refuse(),
        name="C. elegans, Varshney 2011" if name is None else name,
    )
    return replace(made, audit=(*said, *cells.audit, *made.audit, "signs are unknown"))


def _layout(sheets: Sheets) -> dict[str, tuple[str, ...]]:
    """The sheets to be read, each with its columns; empty if this is no such workbook."""
    headers = {title: {cell.strip() for cell in rows[0]} for title, rows in sheets.items() if rows}
    for main, further in ((CONNECT, None), (TABLES, MUSCLES)):
        title = next((t for t, names in headers.items() if names.issuperset(main)), None)
        if title is not None:
            layout = {title: main}
            if further:
                beside = [t for t, names in headers.items() if names.issuperset(further)]
                layout |= dict.fromkeys(beside[:1], further)
            return layout
    return {}


def _rows(
    table: Table, title: str, columns: tuple[str, ...], written: list[str], said: list[str]
) -> list[Row]:
    pre, post = (ids_of(table, columns[k])[0].to_pylist() for k in (0, 1))
    words = ["NMJ"] * len(pre)
    if columns != MUSCLES:
        words = [str(word).strip() for word in table.columns["Type"].to_pylist()]
        known = np.array([word in WORDS for word in words], bool)
        strange = [word for word in words if word not in WORDS]
        table.refuse(
            "Type",
            ~known,
            f"A type must be one of {', '.join(WORDS)}",
            f"{nearest(strange[0], WORDS) if strange else ''} Correct the cell.",
        )
    count = columns[2 if columns == MUSCLES else 3]
    contacts = counts_of(table, count)
    table.refuse(
        count, contacts != np.round(contacts), "A count of synapses must be whole", "Correct it."
    )
    transmitter = [""] * len(pre)
    if "Neurotransmitter" in columns:
        transmitter = [str(cell).strip() for cell in table.columns[columns[-1]].to_pylist()]
    found = [
        Row(
            plain_name(a),
            plain_name(b),
            word,
            WORDS[word],
            int(n),
            "+".join(_parts(told)) if WORDS[word] in (SENT, TO_MUSCLE) else "",
            f"{table.place(k)} of `{title}`",
        )
        for k, (a, b, word, n, told) in enumerate(
            zip(pre, post, words, contacts.tolist(), transmitter, strict=True)
        )
    ]
    written += [*pre, *post]
    n = Counter(words)
    each = ", ".join(f"{word} {n[word]:,}" for word in WORDS if word in n)
    said.append(f"read {len(found):,} rows of the sheet `{title}` ({each})")
    return found


def _parts(told: str) -> list[str]:
    return [part.strip() for part in told.replace("_", ",").split(",") if part.strip()]


def _sent(rows: list[Row], said: list[str]) -> list[Row]:
    """Without the rows that say again what was sent; says where they do not agree."""
    sent, received = Counter(), Counter()
    for row in rows:
        if row.meaning == SENT:
            sent[row.pre, row.post] += row.contacts
        elif row.meaning == RECEIVED:
            received[row.post, row.pre] += row.contacts
    if not received:
        return rows
    differ = [pair for pair in sent | received if sent[pair] != received[pair]]
    shown = "; ".join(f"{a} -> {b} {sent[a, b]} and {received[a, b]}" for a, b in differ[:4])
    said.append(
        f"left out {sum(row.meaning == RECEIVED for row in rows):,} rows of what was received "
        f"({received.total():,} synapses), which mirror what was sent ({sent.total():,}); "
        + (f"{len(differ):,} pairs differ (sent and received): {shown}" if differ else "all agree")
    )
    return [row for row in rows if row.meaning != RECEIVED]


def _once(rows: list[Row], keep_first: bool, path: Path, said: list[str]) -> list[Row]:
    """One row a connection: S and Sp added, both ends of a junction one, NMJ of a neuron added."""
    kept: dict[tuple, Row] = {}
    seen: dict[tuple, Row] = {}
    n: Counter[str] = Counter()
    for row in rows:
        again = seen.get((row.pre, row.post, row.word))
        if again and not (row.meaning == TO_MUSCLE and row.post == "NMJ"):
            if not keep_first:
                raise InputError(
                    f"Each row must stand once; {path} has {row.pre} - {row.post} ({row.word}) in "
                    f"{again.place} and in {row.place}. Remove one, or pass "
                    "`on_duplicate=KeepFirst()`."
                )
            n["again"] += 1
            continue
        seen[row.pre, row.post, row.word] = row
        ends = tuple(sorted((row.pre, row.post))) if row.meaning == JUNCTION else row[:2]
        first = kept.get((row.meaning, *ends))
        if first is None:
            kept[row.meaning, *ends] = row
        elif row.meaning != JUNCTION:
            kept[row.meaning, *ends] = first._replace(contacts=first.contacts + row.contacts)
            n[row.meaning] += 1
        elif first.contacts == row.contacts or keep_first:
            n["agree" if first.contacts == row.contacts else "disagree"] += 1
        else:
            raise InputError(
                f"The two rows of an electrical connection must agree; {path} has {first.pre} - "
                f"{first.post} with {first.contacts} in {first.place} and with {row.contacts} in "
                f"{row.place}. Correct one, or pass `on_duplicate=KeepFirst()`."
            )
    junctions = [row for row in kept.values() if row.meaning == JUNCTION]
    alone = len(junctions) - n["agree"] - n["disagree"]
    loops = sum(row.pre == row.post for row in junctions)
    if junctions:
        said.append(
            f"kept once {n['agree'] + n['disagree']:,} electrical connections with a row for each "
            f"end, of which {n['disagree']:,} disagree (the first is kept); {alone:,} have one row "
            f"({loops:,} of them onto themselves)"
        )
    for key, sentence in (
        (SENT, "added {} further rows of pairs with one and with several partners (S and Sp)"),
        (TO_MUSCLE, "added {} further rows onto NMJ, which stands for all muscles of a neuron"),
        ("again", "left out {} rows that repeat one before"),
    ):
        said += [sentence.format(f"{n[key]:,}")] if n[key] else []
    return list(kept.values())


def _transmitters(rows: list[Row], names: list[str], said: list[str]) -> list[str]:
    """What each sender releases: by its first row that says it."""
    told: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        if row.transmitter:
            told[row.pre].setdefault(row.transmitter)
    mixed = [f"{cell} {', '.join(words)}" for cell, words in told.items() if len(words) > 1]
    said.append(
        f"took the transmitter of {len(told):,} neurons from their first row that names one"
        + (f"; later rows differ in {len(mixed):,}: {'; '.join(mixed[:3])}" if mixed else "")
    )
    return [next(iter(told[cell]), "") if cell in told else "" for cell in names]


def _table(label: str, columns: Mapping[str, Sequence[str]], place: Callable[[int], str]) -> Table:
    return Table(
        label, {name: pa.array(cells, pa.large_string()) for name, cells in columns.items()}, place
    )
