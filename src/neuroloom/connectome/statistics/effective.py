"""Effective connectivity: what reaches a neuron from another over several connections in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Shaped

from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.signs import AbstractSignRule, Dropped
from neuroloom.connectome.statistics.pairs import pairs_of, signed_pairs
from neuroloom.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["EffectiveConnectivity", "effective_connectivity", "effective_type_connectivity"]

_BLOCK_BYTES = 128e6  # of one block of columns


@dataclass(frozen=True)
class EffectiveConnectivity:
    """What reaches each target from each source over 1, 2, ... connections.

    Attributes:
        value: One matrix [target, source] for each number of hops.
        source: Ids or types of the sources.
        target: Ids or types of the targets.
        unit: Of `value`.
    """

    value: Float[np.ndarray, "hop target source"]
    source: Shaped[np.ndarray, " source"]
    target: Shaped[np.ndarray, " target"]
    unit: str


def effective_connectivity(
    connectome: Connectome,
    sources: Shaped[np.ndarray, " source"],
    targets: Shaped[np.ndarray, " target"] | None = None,
    *,
    hops: int,
    signed: bool = False,
    unknown_sign: AbstractSignRule | Dropped | None = None,
    electrical: bool = False,
    normalized: bool = True,
    most_gb: float = 2.0,
) -> EffectiveConnectivity:
    r"""What reaches each target from each source over exactly 1, 2, ..., `hops` connections.

    $$E^{(k)} = \hat W^k, \quad \hat W_{ij} = \frac{s_{ij} c_{ij}}{\sum_j c_{ij}}$$

    Unsigned, $E^{(k)}_{ij}$ is the fraction of the input of $i$ that stems from $j$ by $k$
    connections; signed, an inhibited inhibitor counts as +. Computed as a sparse matrix times
    blocks of columns: no matrix of all neurons by all neurons is made.

    Args:
        connectome: Any. Electrical connections are left out unless asked for.
        sources: Ids where paths start.
        targets: Ids where paths end; every node if None.
        hops: The most connections in a row, at least 1.
        signed: With the signs; otherwise all contacts count as +.
        unknown_sign: For `signed`: what an unknown sign becomes; `Dropped()` gives it weight 0, and
            its contacts still count as input.
        electrical: Count electrical connections too, as + and both ways.
        normalized: Divide by each neuron's input; otherwise products of contacts.
        most_gb: Refuse a larger result.

    Raises:
        InputError: If an id is unknown, `hops` is below 1, the result would be larger than
            `most_gb`, or signs are unknown and no rule says what they become.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> worm = connectome("worm")
        >>> found = effective_connectivity(
        ...     worm, np.array(["ASHL", "ASHR"]), np.array(["AVAL"]), hops=2)
        >>> found.value.sum(axis=2).ravel().round(3).tolist()
        [0.022, 0.02]

    Source:
        Input normalization and products as in Schlegel et al., eLife 10:e66018 (2021). Theirs is
        unsigned.
    """
    places = connectome.positions(np.asarray(sources))
    ends = (
        np.arange(connectome.n_neurons)
        if targets is None
        else connectome.positions(np.asarray(targets))
    )
    _check(hops, ends.size, places.size, most_gb)
    step = _step_matrix(connectome, signed, unknown_sign, electrical, normalized)
    found = np.empty((hops, ends.size, places.size))
    width = max(int(_BLOCK_BYTES / 8 / max(connectome.n_neurons, 1)), 1)
    for at in range(0, places.size, width):
        some = places[at : at + width]
        block = np.zeros((connectome.n_neurons, some.size))
        block[some, np.arange(some.size)] = 1.0
        for hop in range(hops):
            block = step @ block
            found[hop, :, at : at + some.size] = block[ends]
    unit = "share of input" if normalized else f"{connectome.count_unit} to the power of hops"
    return EffectiveConnectivity(
        found, connectome.neuron_id[places], connectome.neuron_id[ends], unit
    )


def effective_type_connectivity(
    connectome: Connectome,
    types: Shaped[np.ndarray, " type"],
    *,
    hops: int,
    by: str = "cell_type",
    signed: bool = False,
    unknown_sign: AbstractSignRule | Dropped | None = None,
    electrical: bool = False,
) -> EffectiveConnectivity:
    r"""As `effective_connectivity`, from types to types: summed over sources, mean over targets.

    $$E^{(k)}_{ab} = \frac{1}{n_a} \sum_{i \in a} \sum_{j \in b} (\hat W^k)_{ij}$$

    Paths may lead through any neuron, of these types or not. Costs one sparse product with a column
    a type for each hop, at any size.

    Args:
        connectome: Has the neuron column.
        types: Values of the column; both sources and targets.
        hops: The most connections in a row, at least 1.
        by: The neuron column that holds the type.
        signed: As in `effective_connectivity`.
        unknown_sign: As in `effective_connectivity`.
        electrical: As in `effective_connectivity`.

    Raises:
        InputError: If a type does not occur, `hops` is below 1, or signs are unknown and no rule
            says what they become.

    Source:
        As `effective_connectivity`.
    """
    types = np.asarray(types)
    column = connectome.column(by)
    absent = types[~np.isin(types, column)]
    if absent.size:
        raise InputError(
            f"Every type must occur in the column `{by}`; {absent.tolist()[0]!r} does not "
            f"({absent.size} such of {types.size}). `np.unique(connectome.column({by!r}))` lists "
            "those that do."
        )
    _check(hops, types.size, types.size, 2.0)
    step = _step_matrix(connectome, signed, unknown_sign, electrical, True)
    found = np.empty((hops, types.size, types.size))
    width = max(int(_BLOCK_BYTES / 8 / max(connectome.n_neurons, 1)), 1)
    members = [np.flatnonzero(column == one) for one in types]
    for at in range(0, types.size, width):
        some = members[at : at + width]
        block = np.zeros((connectome.n_neurons, len(some)))
        for place, inside in enumerate(some):
            block[inside, place] = 1.0
        for hop in range(hops):
            block = step @ block
            means = [block[inside].mean(axis=0) for inside in members]
            found[hop, :, at : at + len(some)] = means
    return EffectiveConnectivity(found, types, types, "share of input")


def _step_matrix(
    connectome: Connectome,
    signed: bool,
    unknown_sign: AbstractSignRule | Dropped | None,
    electrical: bool,
    normalized: bool,
) -> csr_array:
    """One hop, [post, pre]."""
    if signed:
        pairs = signed_pairs(connectome, unknown_sign, electrical=electrical)
    else:
        pairs = pairs_of(connectome, electrical=electrical)
    weight = pairs.signed if signed else pairs.count
    if normalized:
        received = np.bincount(pairs.post, weights=pairs.count, minlength=pairs.n_neurons)
        scale = np.divide(1.0, received, out=np.zeros(pairs.n_neurons), where=received > 0)
        weight = weight * np.repeat(scale, np.diff(pairs.start))
    return pairs.matrix(weight)


def _check(hops: int, n_targets: int, n_sources: int, most_gb: float) -> None:
    if hops < 1:
        raise InputError(f"`hops` must be at least 1; got {hops}. One hop is a connection.")
    n_gb = 8 * hops * n_targets * n_sources / 1e9
    if n_gb > most_gb:
        raise InputError(
            f"The result must fit into {most_gb:g} GB (`most_gb`); {hops} hops from {n_sources:,} "
            f"sources to {n_targets:,} targets are {n_gb:,.1f} GB. Name fewer sources or "
            "`targets`, or use `effective_type_connectivity`."
        )
