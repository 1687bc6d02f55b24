"""The files of a study's run, from the kept cells alone: the same cells, the same numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroloom import datasets
from neuroloom.runs import atomic_write, peak_memory_gb, provenance, write_json
from neuroloom.studies.framework.cells import Kept
from neuroloom.studies.framework.claims import judge_all
from neuroloom.studies.framework.results import COLUMNS, SUMMARY, Results, scores
from neuroloom.studies.framework.study import Cell

if TYPE_CHECKING:
    from neuroloom.studies.framework.run import Session

__all__ = ["time_text", "write_session"]


def write_session(session: Session) -> list[str]:
    """Write measurements, scores, claims and config; returns what is broken, a line each."""
    study, run = session.study, session.place.run
    there = {cell: kept for cell, kept in session.kept.items() if kept is not None}
    results = Results.of({cell: kept.rows for cell, kept in there.items()}, study.replicates)
    card, broken = judge_all(study.claims, results, session.config, session.lacking())
    broken = session.broken + broken
    own = tuple(name for name in results.coordinates if name not in results.replicates)
    _write_table(run / "measurements.csv", (*COLUMNS, *results.coordinates), results.records)
    _write_table(run / "scores.csv", (*SUMMARY, *own), scores(results))
    write_json(run / "claims.json", card)
    verdicts = [row["verdict"] for row in card]
    words = {"pass": "passed", "fail": "failed", "not tested": "not tested"}
    said = [f"{verdicts.count(v)} {text}" for v, text in words.items() if v in verdicts]
    answer = f"Of {len(card)} claims: {', '.join(said)}" if card else "It makes no claims"
    about = {
        "name": study.name,
        "job": "study",
        "question": study.question,
        "answer": f"{answer}; {session.progress_text}.",
        "config": asdict(session.config),
        **provenance(),
        "arms": _arms(session, there),
        "methods": list(study.methods),
        "audit": _audit(there),
        "broken": broken,
        "citations": list(study.citations),
        "data": _data(session),
        "elapsed_seconds": round(sum(kept.seconds for kept in there.values()), 1),
        "peak_memory_gb": round(peak_memory_gb(), 3),
    }
    write_json(run / "config.json", about)
    return broken


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({n: "" if v is None or v != v else v for n, v in row.items()})
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


def _arms(session: Session, there: Mapping[Cell, Kept]) -> list[dict[str, Any]]:
    lacking = session.lacking()
    return [
        {
            "name": arm.name,
            "sentence": arm.sentence,
            "control": arm.control,
            "needs": list(arm.needs),
            "asked": arm.name in session.asked,
            "n_cells": sum(cell.arm == arm.name for cell in session.kept),
            "n_done": sum(cell.arm == arm.name for cell in there),
            "seconds": round(sum(k.seconds for c, k in there.items() if c.arm == arm.name), 1),
            "lacking": lacking.get(arm.name, ""),
        }
        for arm in session.study.arms
    ]


def _audit(there: Mapping[Cell, Kept]) -> list[str]:
    """Notes, the same one of several cells once; what failed inside cells; what was retried."""
    by_note: dict[str, list[Cell]] = {}
    for cell, kept in there.items():
        for note in kept.notes:
            by_note.setdefault(note, []).append(cell)
    found = [
        f"{cells[0]}{f' and {len(cells) - 1} other cells' if len(cells) > 1 else ''}: {note}"
        for note, cells in by_note.items()
    ]
    found += [f"{cell}: {line}" for cell, kept in there.items() for line in kept.failures]
    for cell, kept in there.items():
        if kept.retried:
            found.append(f"{cell}: done at a later attempt, after {'; '.join(kept.retried)}")
        n_lost = sum(row.value != row.value for row in kept.rows)
        if n_lost:
            found.append(f"{cell}: {n_lost} of {len(kept.rows)} values could not be measured")
    return found


def _data(session: Session) -> list[dict[str, str]]:
    needed = {name for arm in session.asked for name in session.study.arm(arm).needs}
    known = {info.name: info for info in datasets.available(session.place.data)}
    return [
        {
            "name": name,
            "licence": known[name].licence,
            "citation": known[name].citation,
            "checksum": "verified on reading" if known[name].present else "not here, so not read",
        }
        for name in sorted(needed)
    ]


def time_text(seconds: float) -> str:
    """A length of time, roughly.

    Example:
        >>> [time_text(s) for s in (0.4, 50.0, 480.0, 9_000.0, 400_000.0)]
        ['1 s', '50 s', '8 min', '2.5 h', '4.6 days']
    """
    for most, unit, name in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            amount = seconds / unit
            return f"{max(amount, 1):.0f} {name}" if unit < 3600 else f"{amount:.1f} {name}"
    return f"{seconds / 86_400:.1f} days"
