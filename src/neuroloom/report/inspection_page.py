"""The page of an inspected connectome: one self-contained HTML file."""

from pathlib import Path

import numpy as np
import pandas as pd

from neuroloom.connectome import Connectome
from neuroloom.connectome.statistics import GraphStatistics
from neuroloom.errors import InputError
from neuroloom.report.html import drawing, render
from neuroloom.report.inspection_gallery import (
    NULL_NAMES,
    block_pictures,
    degree_pictures,
    effective_pictures,
    null_pictures,
    path_pictures,
    spectrum_pictures,
)
from neuroloom.report.layout import Fact, Section
from neuroloom.report.tables import Cell, Column, Table, settings_table
from neuroloom.report.wording import brief
from neuroloom.runs import atomic_write
from neuroloom.studies.inspection import Inspection

__all__ = ["write_inspection"]

_N_BLOCKS = 100
_N_HUBS = 20


def write_inspection(inspection: Inspection, page: Path) -> Path:
    """Write the page of an inspected connectome; it needs no network and no other file.

    Args:
        inspection: From `inspect`.
        page: Where it goes; an earlier file is replaced.

    Returns:
        Path of the page.

    Raises:
        InputError: If it is a recording that was inspected.
        StudyError: If the page cannot be written.
    """
    c, s = inspection.value, inspection.statistics
    if not isinstance(c, Connectome) or s is None:
        raise InputError(
            "A page of graph statistics must be of a connectome; a recording was inspected. Print "
            "the inspection instead."
        )
    sections = _sections(inspection, c, s)
    drawings = {p.name: drawing(p) for section in sections for p in section.pictures}
    html = render(
        "inspection.html.j2",
        name=c.name or page.stem.removeprefix("inspect-"),
        answer=inspection.title,
        facts=_facts(c, s),
        sections=sections,
        drawings=drawings,
    )
    with atomic_write(page) as file:
        file.write(html.encode("utf-8", errors="replace"))
    return page


def _facts(c: Connectome, s: GraphStatistics) -> tuple[Fact, ...]:
    facts = [
        Fact("nodes", f"{c.n_neurons:,}", f"{int(c.is_neuron.sum()):,} of them neurons"),
        Fact("connections", f"{c.n_connections:,}", f"{_total(c)} {c.count_unit}"),
    ]
    if s.reciprocity.n_pairs:
        nulls = s.nulls.table.to_dict("records")
        by_degrees = [
            row["mean"]
            for row in nulls
            if (row["statistic"], row["null"]) == ("reciprocity", "rewire")
        ]
        note = f"{100 * by_degrees[0]:.1f} % by degrees alone" if by_degrees else ""
        facts.append(Fact("reciprocity", f"{100 * s.reciprocity.share:.1f} %", note, "default"))
    for name, spectrum in (("signed", s.signed), ("unsigned", s.unsigned)):
        if spectrum is not None:
            facts.append(
                Fact(f"spectral radius, {name}", brief(spectrum.radius), c.count_unit, "default")
            )
    sizes = s.paths.part_sizes
    if sizes.size:
        facts.append(
            Fact(
                "recurrent part", f"{sizes[0]:,}" if sizes[0] > 1 else "none", "nodes, the largest"
            )
        )
    if s.paths.n_of_length.size:
        reached = f"{100 * s.paths.reached:.0f} % of pairs have a path"
        facts.append(Fact("mean shortest path", f"{s.paths.mean:.2f} steps", reached))
    return tuple(facts)


def _total(c: Connectome) -> str:
    total = c.count.sum()
    return f"{total:,.10g}" if c.count.dtype.kind == "f" else f"{total:,}"


def _sections(inspection: Inspection, c: Connectome, s: GraphStatistics) -> list[Section]:
    about = {"licence": inspection.licence, "citation": inspection.citation}
    about = {name: text for name, text in about.items() if text}
    parts = [
        Section(
            "overview",
            "What it holds",
            "Read strictly: what was kept, changed or assumed on the way stands at the end.",
            tables=(settings_table("facts", "Facts.", dict(inspection.rows)),),
        ),
        Section(
            "degrees",
            "Degrees",
            "How evenly the wiring is spread over nodes. Rewired null wirings keep it exactly.",
            pictures=degree_pictures(c, s),
            tables=_hubs(c, s),
        ),
        Section(
            "types",
            "Cell types",
            "Who talks to whom, by type: contacts between distinct nodes, chemical and "
            "neuromuscular.",
            pictures=block_pictures(c, s),
            tables=_blocks(c, s),
        ),
        Section(
            "nulls",
            "Motifs and other statistics against null wirings",
            _nulls_lead(s),
            pictures=null_pictures(s),
            tables=(*_dyads(s), *_nulls(s)),
        ),
        Section(
            "eigenvalues",
            "Eigenvalues",
            "How much activity is amplified by going round. Weights are contacts, [post, pre].",
            pictures=spectrum_pictures(c, s),
        ),
        Section(
            "paths",
            "Paths",
            _paths_lead(s),
            pictures=path_pictures(s),
        ),
        Section(
            "effective",
            "Effective connectivity",
            "What reaches a type from another over exactly one, two or three connections in a row: "
            "each connection counts as the share of its receiver's input.",
            pictures=effective_pictures(s),
        ),
        Section(
            "audit",
            "Audit",
            "What was kept, changed, left out or assumed, on reading and in these statistics.",
            sentences=(*inspection.audit, *s.notes),
        ),
        Section(
            "source",
            "Licence and citation",
            "Of the dataset.",
            tables=(settings_table("about", "Cite when you use it.", about),) if about else (),
        ),
    ]
    return [part for part in parts if not part.empty]


def _nulls_lead(s: GraphStatistics) -> str:
    how = set(s.nulls.table["how"])
    if "drawn" in how:
        n = max(row["n_draws"] for row in s.nulls.table.to_dict("records"))
        return (
            "The line is the real wiring. A null wiring keeps some of its order and draws the rest "
            f"anew: diamonds are the mean of {n} draws, bars where 95 % of further draws fall, z "
            "how many SD of the draws the real wiring lies above. “Kept”: that null cannot change "
            "the statistic."
        )
    return (
        "The line is the real wiring. Diamonds are what degrees or density alone let expect, if "
        "partners were independent; bars hold 95 % of a Poisson variable of that mean. No null "
        "wiring was drawn at this size; ask for some with --draws."
    )


def _paths_lead(s: GraphStatistics) -> str:
    sizes = s.paths.part_sizes
    if not sizes.size or sizes[0] == 1:
        return "No two nodes reach each other both ways: the wiring is feed-forward."
    more = sizes[1:][sizes[1:] > 1]
    others = ""
    if more.size:
        others = f" There {'is one' if more.size == 1 else f'are {more.size:,}'} more such part"
        others += f" of {more[0]:,}." if more.size == 1 else f"s, the largest of {more[0]:,}."
    return (
        f"{sizes[0]:,} nodes form the largest part in which everyone reaches everyone.{others} The "
        f"wiring falls into {s.paths.n_islands:,} island{'s' * (s.paths.n_islands != 1)} without "
        "any connection between them, single nodes included."
    )


def _dyads(s: GraphStatistics) -> tuple[Table, ...]:
    d = s.dyads
    n_all = max(d.n_null + d.n_one_way + d.n_mutual, 1)
    rows = [("not connected", d.n_null)]
    rows += [(f"one way {sign}", n) for sign, n in d.one_way.items() if n]
    rows += [(f"both ways {signs}", n) for signs, n in d.mutual.items() if n]
    cells = [
        (Cell(name, name), Cell(f"{n:,}", float(n)), Cell(f"{100 * n / n_all:.3g} %", n / n_all))
        for name, n in rows
    ]
    cells += [
        (Cell(f"to itself {sign}", sign), Cell(f"{n:,}", float(n)), Cell("", float("nan")))
        for sign, n in d.to_itself.items()
        if n
    ]
    columns = (Column("motif"), Column("number", True), Column("share of pairs", True))
    caption = (
        "Every unordered pair of distinct nodes, by the signs of its connections (? is unknown or "
        "mixed), and nodes that connect to themselves."
    )
    return (Table("motifs", caption, columns, tuple(cells), sortable=False),)


def _nulls(s: GraphStatistics) -> tuple[Table, ...]:
    if not len(s.nulls.table):
        return ()
    columns = (
        *(Column("statistic"), Column("null wiring")),
        *(Column(name, True) for name in ("real", "null mean", "z", "draws")),
        Column("how"),
    )
    rows = tuple(
        (
            Cell(row["statistic"], row["statistic"], row["unit"] if row["unit"] != "share" else ""),
            Cell(NULL_NAMES.get(str(row["null"]), str(row["null"])), row["null"]),
            Cell(brief(row["value"]), row["value"]),
            Cell(brief(row["mean"]), row["mean"], _between(row["low"], row["high"], row["how"])),
            Cell(f"{row['z']:+.1f}".replace("-", "−") if np.isfinite(row["z"]) else "", row["z"]),
            Cell(str(row["n_draws"]) if row["n_draws"] else "", float(row["n_draws"])),
            Cell(row["how"], row["how"]),
        )
        for row in s.nulls.table.to_dict("records")
    )
    return (Table("nulls", f"All {len(rows)} comparisons.", columns, rows, folded=True),)


def _between(low: float, high: float, how: str) -> str:
    return "" if how == "kept" or not np.isfinite(low) else f"{brief(low)} to {brief(high)}"


def _hubs(c: Connectome, s: GraphStatistics) -> tuple[Table, ...]:
    names = ("in_partners", "out_partners", "in_contacts", "out_contacts")
    total = (s.degrees["in_contacts"] + s.degrees["out_contacts"]).to_numpy()
    order = np.argsort(-total, kind="stable")[:_N_HUBS]
    types = c.neurons.get("cell_type")
    columns = [Column("node"), *([Column("type")] if types is not None else [])]
    columns += [Column(name.replace("_", " "), True) for name in names]
    rows = []
    for place in order[total[order] > 0]:
        node = str(c.neuron_id[place])
        kind = [Cell(str(types[place]), str(types[place]))] if types is not None else []
        numbers = [s.degrees[name].iloc[place] for name in names]
        rows.append((Cell(node, node), *kind, *(Cell(f"{n:,.10g}", float(n)) for n in numbers)))
    caption = f"The {len(rows)} nodes with the most contacts."
    return (Table("hubs", caption, tuple(columns), tuple(rows), folded=True),) if rows else ()


def _blocks(c: Connectome, s: GraphStatistics) -> tuple[Table, ...]:
    if s.blocks is None or not len(s.blocks):
        return ()
    first: pd.DataFrame = s.blocks.head(_N_BLOCKS)
    columns = (
        *(Column("from"), Column("to")),
        *(Column(name, True) for name in (f"contacts ({c.count_unit})", "connections", "density")),
    )
    rows = tuple(
        (
            Cell(str(row["pre_type"]) or "(no type)", str(row["pre_type"])),
            Cell(str(row["post_type"]) or "(no type)", str(row["post_type"])),
            Cell(f"{row['contacts']:,.10g}", float(row["contacts"])),
            Cell(f"{row['n_connections']:,} of {row['n_pairs']:,}", float(row["n_connections"])),
            Cell(f"{100 * row['density']:.3g} %", row["density"]),
        )
        for row in first.to_dict("records")
    )
    caption = (
        f"The {len(rows)} of {len(s.blocks):,} connected pairs of types with the most contacts."
    )
    return (Table("blocks", caption, columns, rows, folded=True),)
