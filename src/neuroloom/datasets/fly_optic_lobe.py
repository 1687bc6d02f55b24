"""The fly's optic lobe: 65 cell types, and the lattice of 721 columns that they tile.

Two tables of facts ship with neuroloom (`tables/`); `scripts/build_fly_tables.py` rebuilds them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import no_type_check

import numpy as np
from jaxtyping import Int

from neuroloom.connectome import Connectome
from neuroloom.datasets.entry import Entry
from neuroloom.datasets.shipped import SHIPS, all_there, n_bytes_of, read_table
from neuroloom.errors import InputError

__all__ = ["CHECKSUMS", "ENTRIES", "NAME", "expand", "fly_optic_lobe"]

NAME = "fly-optic-lobe"
LICENCE = "MIT (tables of facts derived from the wheel flyvis 1.2.0; see tables/ATTRIBUTION.md)"
CITATION = (
    "Lappalainen et al. Connectome-constrained networks predict neural activity across the fly "
    "visual system. Nature 634:1132 (2024), doi:10.1038/s41586-024-07939-3"
)
SIZE = (
    "65 cell types, 605 connections between types; the lattice of 721 columns: 45,669 neurons, "
    "1,513,231 connections"
)
SIGNS = (
    "signs are those that the authors assigned to pairs of types: R8, Am, C2 and C3 excite some "
    "types and inhibit others"
)
# SHA-256 of each table, also in ATTRIBUTION.md.
CHECKSUMS = {
    "fly_optic_lobe_types.csv": "62c4b39328428c37eb7982cceb6559165bf77171023ebbd6e11d23b119b8f331",
    "fly_optic_lobe_offsets.csv": (
        "f922ff52cae0a5bb272112d6a2e9cf08181959e5871b58c6243fde3325eb1f30"
    ),
}


@cache
def fly_optic_lobe() -> Connectome:
    """The cell types of one column of the fly's optic lobe, and who contacts whom.

    One node a cell type. The count of a connection is the mean number of synapses that one neuron
    of the presynaptic type makes onto all neurons of the postsynaptic type, whatever their column.
    Columns: `cell_type`; `role` (`input`, `intermediate`, `output`); `polarity`, what light change
    it prefers (`on`, `off`, empty where not known: 33 of 65); `direction_selective` (`on`, `off` or
    empty) and `preferred_direction_deg` (T4 and T5, NaN elsewhere; zero and sense as flyvis has
    them, which we did not check); `stride_u`, `stride_v`, every how many columns there is one.

    Raises:
        InputError: If a table is missing or not the one that shipped.

    Source:
        Lappalainen et al., Nature 634:1132 (2024), file fib25-fib19_v2.2.json of flyvis 1.2.0:
        reconstructions of the medulla and lobula with the authors' signs and averages.

    Example:
        >>> fly_optic_lobe()
        Connectome(fly-optic-lobe/types: 65 neurons, 605 connections: 605 chemical;
        8,087.252167 mean_synapses; signs 377 +, 228 -, 0 unknown)
    """
    types, offsets = _tables()
    n = len(types["cell_type"])
    pair, start, member = np.unique(
        offsets["pre"] * n + offsets["post"], return_index=True, return_inverse=True
    )
    return Connectome(
        neuron_id=types["cell_type"],
        pre=pair // n,
        post=pair % n,
        kind=np.zeros(len(pair), np.int64),
        count=np.bincount(member, weights=offsets["mean_synapses"]),
        sign=offsets["sign"][start],
        count_unit="mean_synapses",
        neurons=types,
        name=f"{NAME}/types",
        audit=(
            "cell types, not neurons: a count is the mean number of synapses from one neuron of "
            "the presynaptic type, added over the columns it reaches",
            SIGNS,
        ),
    )


@no_type_check  # wrong input must raise our own error, also where tests check annotations
def expand(extent: int = 15, *, gap_synapses: float = 1.0) -> Connectome:
    """The whole lattice: every cell type in every column of a hexagon, connected by offset.

    A type with strides (a, b) has a neuron in the columns where a divides u and b divides v. For
    each offset (du, dv) of a pair of types, the neuron in column (u, v) contacts the one in
    (u + du, v + dv), if both exist; at the border the others are left out. With the defaults,
    nodes, connections and counts are those of flyvis 1.2.0.

    Nodes are in the order of the types, then by u, then by v. Connections are in the order of the
    pairs of types in the table, then by offset (reported ones first, as listed, then gaps by du
    and dv), then by presynaptic neuron. Ids are `type:u:v`. Columns: those of `fly_optic_lobe`, and
    `u`, `v`, the oblique coordinates of the neuron's column.

    Args:
        extent: Columns from the center to each corner of the hexagon, at least 0. 15 makes 721.
        gap_synapses: Synapses to assume at offsets that nobody reported but that lie within the
            convex hull of the reported ones (flyvis: 1); 0 assumes none.

    Raises:
        InputError: If `extent` is no whole number of at least 0, or `gap_synapses` is negative or
            not finite, or a table is not the one that shipped.

    Source:
        flyvis 1.2.0, `ConnectomeFromAvgFilters(extent=15, n_syn_fill=1)`, whose rules we follow. It
        fills the hull of pairs with three offsets or more, without the hull's row of smallest dv.

    Example:
        >>> expand(extent=1, gap_synapses=0)
        Connectome(fly-optic-lobe/lattice: 443 neurons, 7,698 connections: 7,698 chemical;
        38,971.15319 mean_synapses; signs 4,945 +, 2,753 -, 0 unknown)
    """
    if isinstance(extent, bool) or not isinstance(extent, int | np.integer) or extent < 0:
        raise InputError(
            f"`extent` must be a whole number of at least 0; got {extent!r}. The published lattice "
            "has 15."
        )
    if not np.isfinite(gap_synapses) or gap_synapses < 0:
        raise InputError(
            f"`gap_synapses` must be finite and at least 0; got {gap_synapses!r}. Use 1 for the "
            "published lattice, 0 for reported offsets only."
        )
    types, offsets = _tables()
    offsets, assumed = _with_gaps(offsets, float(gap_synapses))
    u, v = np.mgrid[-extent : extent + 1, -extent : extent + 1].reshape(2, -1)
    inside = np.abs(u + v) <= extent
    u, v = u[inside], v[inside]
    present = (u % types["stride_u"][:, None] == 0) & (v % types["stride_v"][:, None] == 0)
    cell, column = np.nonzero(present)
    # Where the neuron of each type stands; with a margin as wide as the longest offset, so that
    # what lies outside the hexagon is -1 and never wraps around.
    margin = extent + int(max(np.abs(offsets["du"]).max(), np.abs(offsets["dv"]).max()))
    place = np.full((len(present), 2 * margin + 1, 2 * margin + 1), -1)
    place[cell, u[column] + margin, v[column] + margin] = np.arange(len(cell))
    first = np.searchsorted(cell, np.arange(len(present) + 1))
    pre, post = [], []
    for a, b, du, dv in zip(*(offsets[k] for k in ("pre", "post", "du", "dv")), strict=True):
        own = np.arange(first[a], first[a + 1])
        target = place[b, u[column[own]] + du + margin, v[column[own]] + dv + margin]
        pre.append(own[target >= 0])
        post.append(target[target >= 0])
    n_each = np.array([len(ends) for ends in pre])
    names = types["cell_type"]
    ids = [f"{names[a]}:{u[b]}:{v[b]}" for a, b in zip(cell, column, strict=True)]
    sentences = [
        f"expanded {len(present)} cell types over {u.size:,} columns (extent {extent}); offsets "
        "that lead outside are left out",
        SIGNS,
    ]
    if assumed.any():
        sentences.append(
            f"assumed {gap_synapses:g} mean synapses in {n_each[assumed].sum():,} connections at "
            f"{assumed.sum()} offsets that nobody reported but that lie among reported ones"
        )
    pair = offsets["pre"] * len(present) + offsets["post"]
    for lost in np.setdiff1d(pair, pair[n_each > 0]):
        a, b = names[lost // len(present)], names[lost % len(present)]
        sentences.append(f"left out {a} -> {b}: its offsets lead to no neuron of the lattice")
    return Connectome(
        neuron_id=np.array(ids),
        pre=np.concatenate(pre),
        post=np.concatenate(post),
        kind=np.zeros(n_each.sum(), np.int8),
        count=np.repeat(offsets["mean_synapses"], n_each),
        sign=np.repeat(offsets["sign"], n_each),
        count_unit="mean_synapses",
        neurons={name: values[cell] for name, values in types.items()}
        | {"u": u[column], "v": v[column]},
        name=f"{NAME}/lattice",
        audit=tuple(sentences),
    )


def _with_gaps(
    offsets: dict[str, np.ndarray], gap_synapses: float
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The offsets, each pair's gaps behind its reported ones, and which of all are gaps."""
    pair = np.flatnonzero(
        np.r_[True, (np.diff(offsets["pre"]) != 0) | (np.diff(offsets["post"]) != 0)]
    )
    parts, assumed = [], []
    for start, stop in zip(pair, [*pair[1:], len(offsets["pre"])], strict=True):
        part = {name: values[start:stop] for name, values in offsets.items()}
        gaps = np.zeros((0, 2), np.int64)
        if gap_synapses > 0 and stop - start >= 3:
            gaps = _gaps(np.stack([part["du"], part["dv"]], axis=1))
        more = {name: np.repeat(values[:1], len(gaps)) for name, values in part.items()}
        more |= {"du": gaps[:, 0], "dv": gaps[:, 1]}
        more["mean_synapses"] = np.full(len(gaps), gap_synapses)
        parts.append({name: np.concatenate([part[name], more[name]]) for name in part})
        assumed += [False] * (stop - start) + [True] * len(gaps)
    return (
        {name: np.concatenate([part[name] for part in parts]) for name in offsets},
        np.array(assumed),
    )


def _gaps(known: Int[np.ndarray, "offset 2"]) -> Int[np.ndarray, "gap 2"]:
    """Columns within the convex hull of the known ones, without its lowest row, by du and dv."""
    low, high = known.min(axis=0), known.max(axis=0)
    low = low + np.array([0, 1])
    grid = np.mgrid[low[0] : high[0] + 1, low[1] : high[1] + 1].reshape(2, -1).T
    toward = known[None] - grid[:, None]
    unknown = (np.abs(toward).sum(axis=2) > 0).all(axis=-1)
    # A point is in the hull if, seen from it, the known ones leave no gap above half a turn.
    angle = np.sort(np.arctan2(toward[..., 1], toward[..., 0]), axis=1)
    turn = np.diff(angle, axis=1, append=angle[:, :1] + 2 * np.pi)
    return grid[unknown & (turn.max(axis=1) <= np.pi + 1e-9)]


@cache
def _tables() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Columns of the types, and of the offsets with types as positions."""
    types, offsets = (
        read_table(name, checksum, dataset=NAME) for name, checksum in CHECKSUMS.items()
    )
    place = {name: i for i, name in enumerate(types["cell_type"])}
    text = ("cell_type", "role", "polarity", "direction_selective")
    columns = {name: np.array(types[name], dtype=str) for name in text}
    preferred = [float(cell or "nan") for cell in types["preferred_direction_deg"]]
    columns["preferred_direction_deg"] = np.array(preferred)
    columns |= {k: np.array(types[k], dtype=np.int64) for k in ("stride_u", "stride_v")}
    ends = {k: np.array([place[name] for name in offsets[k]]) for k in ("pre", "post")}
    whole = {k: np.array(offsets[k], dtype=np.int64) for k in ("sign", "du", "dv")}
    return columns, ends | whole | {"mean_synapses": np.array(offsets["mean_synapses"], float)}


def _open(member: str, data: Path | None) -> Connectome:
    del data
    return {"types": fly_optic_lobe, "lattice": expand}[member]()


ENTRIES = {
    NAME: Entry(
        name=NAME,
        size=SIZE,
        licence=LICENCE,
        citation=CITATION,
        where=SHIPS,
        n_bytes=n_bytes_of(CHECKSUMS),
        is_present=all_there(CHECKSUMS),
        connectome=_open,
        members=lambda data: ("types", "lattice"),
        default="types",
    )
}
