"""Figures of an inspected connectome, with their titles and captions."""

from typing import Any

import numpy as np

from neuroloom.connectome import Connectome
from neuroloom.connectome.statistics import GraphStatistics, Spectrum
from neuroloom.report.figures.graph import (
    NullRange,
    degree_distributions,
    eigenvalue_cloud,
    null_ranges,
    path_histogram,
)
from neuroloom.report.figures.matrices import natural_order
from neuroloom.report.figures.type_matrices import contact_matrix, effective_matrix
from neuroloom.report.layout import Picture

__all__ = [
    "NULL_NAMES",
    "block_pictures",
    "degree_pictures",
    "effective_pictures",
    "null_pictures",
    "path_pictures",
    "spectrum_pictures",
]

N_TYPES = 28
NULL_NAMES = {
    "rewire": "rewired, degrees kept",
    "rewire_within_type": "rewired within types",
    "shuffle_weights": "contacts shuffled",
    "shuffle_signs": "signs shuffled",
    "erdos_renyi": "random, same density",
}
_NO_TYPE = "(no type)"


def degree_pictures(c: Connectome, s: GraphStatistics) -> tuple[Picture, ...]:
    """Distributions of partners and of contacts, received and sent."""
    found = []
    for what, unit in (("partners", ""), ("contacts", f" ({c.count_unit})")):
        lines = {
            "received": s.degrees[f"in_{what}"].to_numpy(),
            "sent": s.degrees[f"out_{what}"].to_numpy(),
        }
        if f"electrical_{what}" in s.degrees:
            lines["electrical"] = s.degrees[f"electrical_{what}"].to_numpy()
        if any(values.any() for values in lines.values()):
            found.append(
                Picture(
                    f"degrees-{what}",
                    f"{what} of a node",
                    "How many nodes have at least so many. A line that reaches far to the right "
                    "and low means a few hubs. "
                    + (
                        "Each partner counts once."
                        if what == "partners"
                        else "A node with few partners may still have many contacts."
                    ),
                    degree_distributions(lines, f"{what}{unit}"),
                )
            )
    return tuple(found)


def block_pictures(c: Connectome, s: GraphStatistics) -> tuple[Picture, ...]:
    """Contacts between the types with the most of them."""
    if s.blocks is None or not len(s.blocks):
        return ()
    types = s.blocks["pre_type"].cat.categories.to_numpy().astype(str)
    pre, post = (s.blocks[end].cat.codes.to_numpy() for end in ("pre_type", "post_type"))
    weight = s.blocks["contacts"].to_numpy().astype(float)
    total = sum(np.bincount(end, weights=weight, minlength=types.size) for end in (pre, post))
    chosen = np.argsort(-total, kind="stable")[: min(N_TYPES, np.count_nonzero(total))]
    chosen = chosen[natural_order(types[chosen])]
    place = np.full(types.size, -1)
    place[chosen] = np.arange(chosen.size)
    inside = (place[pre] >= 0) & (place[post] >= 0)
    contacts = np.zeros((chosen.size, chosen.size))
    contacts[place[post[inside]], place[pre[inside]]] = weight[inside]
    shown = 100 * contacts.sum() / max(float(weight.sum()), 1.0)
    names = np.where(types[chosen] == "", _NO_TYPE, types[chosen])
    return (
        Picture(
            "types",
            "wiring of cell types",
            f"The {chosen.size} of {np.count_nonzero(total):,} types with the most contacts; these "
            f"cells hold {shown:.2g} % of all contacts between distinct nodes. A column sends, a "
            "row receives. Gray: no contact.",
            contact_matrix(contacts, names, c.count_unit),
            wide=True,
        ),
    )


def null_pictures(s: GraphStatistics) -> tuple[Picture, ...]:
    """Each statistic beside the null wirings that may change it."""
    found = []
    table: list[dict[str, Any]] = s.nulls.table.to_dict("records")  # pyright: ignore[reportAssignmentType]
    for name in dict.fromkeys(str(row["statistic"]) for row in table):
        rows = [row for row in table if row["statistic"] == name]
        value, unit = rows[0]["value"], rows[0]["unit"]
        nulls = [
            NullRange(
                NULL_NAMES.get(str(row["null"]), str(row["null"])),
                *(row[column] for column in ("mean", "low", "high", "z")),
                kept=row["how"] == "kept",
            )
            for row in rows
            if np.isfinite(row["mean"])
        ]
        if not np.isfinite(value) or all(null.kept for null in nulls):
            continue
        key = "".join(letter if letter.isalnum() else "-" for letter in name)
        key = key if "mutual" not in key else f"mutual-{len(found)}"
        found.append(
            Picture(
                f"null-{key}",
                name,
                _MEANING.get(name, _MUTUAL if "mutual" in name else ""),
                null_ranges(value, unit, nulls, name),
            )
        )
    return tuple(found)


_MUTUAL = "Pairs connected both ways, by the signs of the two directions."
_MEANING = {
    "reciprocity": "Share of connected ordered pairs whose reverse is connected too.",
    "reciprocity of contacts": "Share of the contacts that the reverse direction matches.",
    "spectral radius, unsigned": "The largest |eigenvalue| with all contacts as +: how much going "
    "round amplifies.",
    "spectral radius, signed": "The largest |eigenvalue| with the signs.",
    "mean path length": "Over ordered pairs that have a path.",
    "pairs with a path": "Share of ordered pairs of distinct nodes.",
    "connections within a type": "Share of the connected pairs that are of one cell type.",
    "input from the own type over 2 hops": "Share of a neuron's input over two connections that "
    "stems from its own type, mean over the types with the most contacts.",
}


def spectrum_pictures(c: Connectome, s: GraphStatistics) -> tuple[Picture, ...]:
    """Eigenvalues with and without signs."""
    found = []
    for name, spectrum in (("signed", s.signed), ("unsigned", s.unsigned)):
        if spectrum is None or not spectrum.radius:
            continue
        found.append(
            Picture(
                f"eigenvalues-{name}",
                f"eigenvalues of the {name} wiring",
                _spectrum_caption(spectrum, name == "signed"),
                eigenvalue_cloud(spectrum.values, c.count_unit),
            )
        )
    return tuple(found)


def _spectrum_caption(spectrum: Spectrum, signed: bool) -> str:
    n = len(spectrum.values)
    which = (
        f"All {n:,} eigenvalues."
        if spectrum.complete
        else f"The {n:,} that were found by Arnoldi iteration, the largest first; all others lie "
        "inside the circle."
    )
    signs = "Connections of unknown sign are left out." if signed else "Every contact counts as +."
    return (
        f"{which} {signs} The circle has the radius of the largest. A linear rate network whose "
        f"weights are contacts times a gain below {1 / spectrum.radius:.3g} pulls all of them "
        "inside the unit circle and forgets its past."
    )


def path_pictures(s: GraphStatistics) -> tuple[Picture, ...]:
    """How long shortest paths are."""
    p = s.paths
    if not p.n_of_length.size:
        return ()
    which = "a sample of " if p.sampled else "all "
    return (
        Picture(
            "paths",
            "shortest paths",
            f"From {which}{p.n_sources:,} nodes to every other along chemical and neuromuscular "
            f"connections; {p.mean:.2f} steps on average where there is a path.",
            path_histogram(p.n_of_length, p.n_unreached),
        ),
    )


def effective_pictures(s: GraphStatistics) -> tuple[Picture, ...]:
    """Input over one, two and three connections, without and with signs."""
    found = []
    for effective, signed in ((s.effective, False), (s.effective_signed, True)):
        if effective is None or not effective.value.any():
            continue
        sources, targets = (names.astype(str) for names in (effective.source, effective.target))
        rows, columns = natural_order(targets), natural_order(sources)
        for hop, value in enumerate(effective.value, 1):
            of = f"over {hop} hop{'s' * (hop > 1)}"
            found.append(
                Picture(
                    f"effective-{'signed-' * signed}{hop}",
                    f"{'signed input' if signed else 'input'} {of}",
                    f"Of the input of a row {of}, the share that stems from a column: "
                    + (
                        "blue inhibits, orange excites; an inhibited inhibitor excites. "
                        if signed
                        else "summed over the senders of a type, mean over its receivers. "
                    )
                    + "The paths may lead through any neuron. Mind the scale of each matrix.",
                    effective_matrix(
                        value[np.ix_(rows, columns)],
                        targets[rows],
                        sources[columns],
                        "share of input (%)",
                        signed=signed,
                    ),
                    wide=True,
                )
            )
    return tuple(found)
