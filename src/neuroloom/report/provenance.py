"""What made a run, as a part of its page."""

import math
from collections.abc import Mapping
from typing import Any

from neuroloom.report.layout import Fact, Section
from neuroloom.report.tables import data_table, settings_table

__all__ = ["citations", "provenance_section"]


def provenance_section(about: Mapping[str, Any]) -> Section:
    """When, on what, how long; data, settings and versions.

    Args:
        about: `config.json`.
    """
    facts = []
    if about.get("created"):
        facts.append(Fact("made", str(about["created"]).replace("T", " ").rstrip("Z"), "UTC"))
    seconds = about.get("elapsed_seconds")
    if seconds is not None and math.isfinite(seconds):
        took = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
        facts.append(Fact("took", took, str(about.get("machine") or "")))
    if about.get("peak_memory_gb") is not None:
        facts.append(Fact("peak memory", f"{about['peak_memory_gb']:.2f} GB"))
    tables = []
    if about["data"]:
        tables.append(data_table(about["data"]))
    if about["config"]:
        tables.append(settings_table("config", "Every setting of the run.", about["config"]))
    if about["versions"]:
        tables.append(settings_table("versions", "Versions of the software.", about["versions"]))
    return Section(
        "provenance",
        "Provenance",
        "The same data, settings and versions give the same numbers.",
        facts=tuple(facts),
        tables=tuple(tables),
    )


def citations(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Whom to cite, each once; those of the data last.

    Args:
        about: `config.json`.
    """
    of_data = [
        str(one["citation"])
        for one in about["data"]
        if isinstance(one, dict) and one.get("citation")
    ]
    return tuple(dict.fromkeys([*map(str, about["citations"]), *of_data]))
