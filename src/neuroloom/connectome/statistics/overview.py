"""Every graph statistic of a connectome in one call, with work bounded by its size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neuroloom.connectome.connectome import ELECTRICAL, Connectome
from neuroloom.connectome.nulls import NULLS
from neuroloom.connectome.signs import Dropped
from neuroloom.connectome.statistics.blocks import type_blocks
from neuroloom.connectome.statistics.compare import (
    N_TYPES,
    NullComparison,
    compare_with_nulls,
    largest_types,
)
from neuroloom.connectome.statistics.degrees import degrees
from neuroloom.connectome.statistics.dyads import Dyads, Reciprocity, dyads, reciprocity
from neuroloom.connectome.statistics.effective import (
    EffectiveConnectivity,
    effective_connectivity,
    effective_type_connectivity,
)
from neuroloom.connectome.statistics.pairs import pairs_of
from neuroloom.connectome.statistics.paths import Paths, paths
from neuroloom.connectome.statistics.spectrum import Spectrum, spectrum
from neuroloom.errors import SimulationError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GraphStatistics", "draws_that_fit", "graph_statistics", "n_steps"]

N_HOPS = 3
_N_PARTS = 8
_MOST_DRAWS = 20
_FEWEST_DRAWS = 3
_DRAWN_CONNECTIONS = 3_000_000  # of each null in all; about a minute for all nulls


@dataclass(frozen=True)
class GraphStatistics:
    """What is known of a wiring before any model.

    Attributes:
        degrees: One row a neuron, from `degrees`.
        reciprocity: From `reciprocity`.
        dyads: From `dyads`.
        blocks: From `type_blocks` by `cell_type`; None without that column.
        unsigned: Eigenvalues with all contacts as +; None where they did not converge.
        signed: Eigenvalues with the signs, unknown ones left out; None where no sign is known, or
            they did not converge.
        paths: From `paths`.
        effective: Between the types with the most contacts, or the neurons if there are no types.
        effective_signed: The same with the signs; None where no sign is known.
        nulls: From `compare_with_nulls`.
        notes: Where work was bounded or something left out, a sentence each.
    """

    degrees: pd.DataFrame
    reciprocity: Reciprocity
    dyads: Dyads
    blocks: pd.DataFrame | None
    unsigned: Spectrum | None
    signed: Spectrum | None
    paths: Paths
    effective: EffectiveConnectivity
    effective_signed: EffectiveConnectivity | None
    nulls: NullComparison
    notes: tuple[str, ...]


def draws_that_fit(connectome: Connectome) -> int:
    """How many wirings of each null can be drawn in about a minute; 0 where not even 3 can.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> draws_that_fit(connectome("worm"))
        20
    """
    fit = min(_MOST_DRAWS, _DRAWN_CONNECTIONS // max(connectome.n_connections, 1))
    return fit if fit >= _FEWEST_DRAWS else 0


def graph_statistics(
    connectome: Connectome,
    *,
    rng: np.random.Generator,
    n_draws: int | None = None,
    on_step: Callable[[str], None] = lambda name: None,
) -> GraphStatistics:
    """Degrees, reciprocity, motifs, type blocks, spectra, paths, effective connectivity and nulls.

    Args:
        connectome: Any.
        rng: Randomness of sampled paths and null wirings.
        n_draws: Wirings to draw of each null; as many as `draws_that_fit` if None.
        on_step: Called after each part with its name.

    Raises:
        InputError: If `n_draws` is negative.

    Source:
        Those of the parts.
    """
    c = connectome
    n_draws = draws_that_fit(c) if n_draws is None else n_draws
    has_signs = bool(c.sign.any())
    notes = _role_notes(c)
    of_neurons = degrees(c)
    on_step("degrees")
    answered = reciprocity(c)
    on_step("reciprocity")
    motifs = dyads(c)
    on_step("motifs")
    blocks = type_blocks(c) if "cell_type" in c.neurons else None
    on_step("type blocks")
    unsigned = _spectrum_or_note(c, False, notes)
    signed = _spectrum_or_note(c, True, notes) if has_signs else None
    on_step("eigenvalues")
    steps = paths(c, rng=rng)
    on_step("paths")
    effective = _effective(c, signed=False)
    effective_signed = _effective(c, signed=True) if has_signs else None
    on_step("effective connectivity")
    nulls = compare_with_nulls(c, rng=rng, n_draws=n_draws, on_draw=on_step)
    on_step("null wirings")
    if steps.sampled:
        notes.append(f"paths were followed from {steps.n_sources:,} of {c.n_neurons:,} nodes")
    if n_draws == 0 and c.n_connections:
        notes.append(
            f"no null wiring was drawn: with {c.n_connections:,} connections a draw takes seconds "
            "to minutes; mutual pairs are held against what degrees and density alone let expect"
        )
    notes += [f"null wiring left out: {reason}" for reason in nulls.left_out]
    return GraphStatistics(
        degrees=of_neurons,
        reciprocity=answered,
        dyads=motifs,
        blocks=blocks,
        unsigned=unsigned,
        signed=signed,
        paths=steps,
        effective=effective,
        effective_signed=effective_signed,
        nulls=nulls,
        notes=tuple(notes),
    )


def n_steps(n_draws: int) -> int:
    """How often `graph_statistics` calls `on_step`, if every null can be drawn."""
    return _N_PARTS + n_draws * len(NULLS)


def _spectrum_or_note(c: Connectome, signed: bool, notes: list[str]) -> Spectrum | None:
    try:
        return spectrum(c, signed=signed, unknown_sign=Dropped() if signed else None)
    except SimulationError as error:
        notes.append(f"no {'' if signed else 'un'}signed eigenvalues: {error}")
        return None


def _effective(c: Connectome, *, signed: bool) -> EffectiveConnectivity:
    rule = Dropped() if signed else None
    types = largest_types(c)
    if types.size:
        return effective_type_connectivity(c, types, hops=N_HOPS, signed=signed, unknown_sign=rule)
    pairs = pairs_of(c)
    contacts = np.bincount(pairs.pre, weights=pairs.count, minlength=c.n_neurons)
    contacts += np.bincount(pairs.post, weights=pairs.count, minlength=c.n_neurons)
    order = np.argsort(-contacts, kind="stable")[:N_TYPES]
    ids = c.neuron_id[order[contacts[order] > 0]]
    return effective_connectivity(c, ids, ids, hops=N_HOPS, signed=signed, unknown_sign=rule)


def _role_notes(c: Connectome) -> list[str]:
    """What electrical connections and unknown signs count as."""
    found = []
    directed = c.kind != ELECTRICAL
    if not directed.all():
        found.append(
            "electrical connections count in the degrees only: they have no direction and no sign"
        )
    unknown = directed & (c.sign == 0)
    if unknown.any() and unknown.sum() == directed.sum():
        found.append("no sign is known, so nothing signed was computed")
    elif unknown.any():
        share = 100 * float(c.count[unknown].sum()) / max(float(c.count[directed].sum()), 1.0)
        found.append(
            f"signed statistics leave out {unknown.sum():,} connections ({share:.1f} % of the "
            "contacts) whose sign is unknown; as input they still count"
        )
    return found
