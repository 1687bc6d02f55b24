"""Public layouts of tables, known by their headers: which file of a download is what."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from neuroloom.connectome.column_names import plain_name

__all__ = ["LAYOUTS", "Layout", "layout_of"]

Role = Literal["connections", "neurons", "not read"]


@dataclass(frozen=True)
class Layout:
    """One table of a public release.

    Attributes:
        title: What it is called in an audit.
        role: What it is read as. Of several tables of neurons in one folder, the one that stands
            first in `LAYOUTS` says who the neurons are; the others describe them.
        columns: Those that it must have, by which it is known. Case, spaces, `_`, `-` and `.` make
            no difference, and `*_id` stands for a column whose name ends in `_id`.
        why: For tables that are not read: the reason.
    """

    title: str
    role: Role
    columns: tuple[str, ...]
    why: str = ""


# Among layouts of one role the first whose columns are all there is the one, so the more special
# come first. Headers: the releases' own documentation and code, see docs/formats.md.
LAYOUTS = (
    Layout(
        "FlyWire Codex synapse table",
        "not read",
        ("pre_root_id_720575940", "post_root_id_720575940"),
        "it has one row a synapse; the table of connections has their sums",
    ),
    Layout(
        "FlyWire Codex connections",
        "connections",
        ("pre_root_id", "post_root_id", "neuropil", "syn_count"),
    ),
    Layout(
        "FlyWire model connectivity",
        "connections",
        ("Presynaptic_ID", "Postsynaptic_ID", "Connectivity", "Excitatory"),
    ),
    Layout(
        "neuPrint connections by region",
        "connections",
        ("bodyId_pre", "bodyId_post", "roi", "weight"),
    ),
    Layout("neuPrint connections", "connections", ("bodyId_pre", "bodyId_post", "weight")),
    Layout("MaleCNS weights", "connections", ("body_pre", "body_post", "weight")),
    Layout("harmonised edge list", "connections", ("pre", "post", "count", "norm", "total_input")),
    Layout("FlyWire Codex neurons", "neurons", ("root_id", "group", "nt_type", "nt_type_score")),
    Layout(
        "FlyWire Codex neurons with display names",
        "neurons",
        ("Root ID", "Predicted NT type", "Predicted NT confidence"),
    ),
    Layout("FlyWire Codex classification", "neurons", ("root_id", "flow", "super_class", "class")),
    Layout(
        "FlyWire annotations",
        "neurons",
        ("root_id", "supervoxel_id", "flow", "super_class", "cell_class"),
    ),
    Layout(
        "FlyWire Codex cell types",
        "neurons",
        ("root_id", "primary_type", "additional_type(s)"),
    ),
    Layout("FlyWire Codex visual types", "neurons", ("root_id", "type", "family", "subsystem")),
    Layout("FlyWire Codex cell sizes", "neurons", ("root_id", "length_nm", "area_nm", "size_nm")),
    Layout("FlyWire Codex names", "neurons", ("root_id", "name", "group")),
    Layout("neuPrint neurons", "neurons", ("bodyId", "instance", "type")),
    Layout("MaleCNS annotations", "neurons", ("bodyId", "superclass", "type", "somaSide")),
    Layout("MaleCNS transmitters", "neurons", ("body", "predicted_nt", "consensus_nt")),
    Layout("harmonised neurons", "neurons", ("*_id", "super_class", "cell_class", "cell_type")),
    Layout(
        "FlyWire Codex labels",
        "not read",
        ("root_id", "label", "user_name"),
        "it has several rows a neuron, and names of people",
    ),
    Layout(
        "FlyWire Codex coordinates",
        "not read",
        ("root_id", "position", "supervoxel_id"),
        "it has several rows a neuron, in a unit that sources disagree about",
    ),
)


def layout_of(columns: Iterable[str]) -> Layout | None:
    """The layout whose columns these are, or None."""
    names = list(columns)
    have = {plain_name(name) for name in names}
    some_id = any(name.endswith("_id") for name in names)
    for layout in LAYOUTS:
        if all(
            some_id if column == "*_id" else plain_name(column) in have for column in layout.columns
        ):
            return layout
    return None
