"""How many steps lead from one neuron to another, and which can reach which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Shaped, UInt64

from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.statistics.pairs import Pairs, pairs_of
from neuroloom.errors import InputError

__all__ = ["Paths", "path_lengths", "paths"]

_N_AT_ONCE = 64  # one source a bit


@dataclass(frozen=True)
class Paths:
    """Shortest paths from some or all nodes, and strongly connected parts.

    Attributes:
        n_sources: Nodes that paths were followed from.
        sampled: Whether these are a sample of all nodes.
        n_of_length: Ordered pairs of distinct nodes by the length of their shortest path; the first
            entry is for one step.
        n_unreached: Ordered pairs without a path.
        part_sizes: Nodes in each strongly connected part, the largest first.
        n_islands: Parts that are not connected at all, counting nodes without a connection.
    """

    n_sources: int
    sampled: bool
    n_of_length: Int[np.ndarray, " length"]
    n_unreached: int
    part_sizes: Int[np.ndarray, " part"]
    n_islands: int

    @property
    def mean(self) -> float:
        """Mean length over pairs with a path, in steps; NaN where there is none."""
        n_steps = np.arange(1, self.n_of_length.size + 1)
        total = int(self.n_of_length.sum())
        return float((self.n_of_length * n_steps).sum() / total) if total else float("nan")

    @property
    def reached(self) -> float:
        """Share of ordered pairs of distinct nodes that have a path; NaN without pairs."""
        with_path = int(self.n_of_length.sum())
        n_pairs = with_path + self.n_unreached
        return with_path / n_pairs if n_pairs else float("nan")


def path_lengths(
    connectome: Connectome, sources: Shaped[np.ndarray, " source"], *, electrical: bool = False
) -> Int[np.ndarray, "source neuron"]:
    r"""Steps on the shortest path from each source to every node; -1 where there is none.

    $$d_{ss} = 0, \quad d_{si} = 1 + \min_{j \to i} d_{sj}$$

    Paths follow chemical and neuromuscular connections from `pre` to `post`; contacts and signs do
    not matter.

    Args:
        connectome: Any.
        sources: Ids of the nodes to start from.
        electrical: Follow electrical connections too, both ways.

    Raises:
        InputError: If an id is unknown, or the table would be larger than 4 GB.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> worm = connectome("worm")
        >>> steps = path_lengths(worm, np.array(["ASHL"]))[0]
        >>> int(steps[worm.positions(np.array(["AVAL"]))[0]])
        1

    Source:
        Breadth-first search, 64 sources at a time, one bit each (Then et al., Proc. VLDB Endow.
        8:449, 2014).
    """
    places = connectome.positions(np.asarray(sources))
    n_gb = 2 * places.size * connectome.n_neurons / 1e9
    if n_gb > 4:
        raise InputError(
            f"The table of path lengths must be at most 4 GB; {places.size:,} sources by "
            f"{connectome.n_neurons:,} nodes are {n_gb:.1f} GB. Give fewer sources, or use `paths`."
        )
    pairs = pairs_of(connectome, electrical=electrical)
    found = np.full((places.size, connectome.n_neurons), -1, np.int16)
    for at in range(0, places.size, _N_AT_ONCE):
        some = places[at : at + _N_AT_ONCE]
        bit = np.uint64(1) << np.arange(some.size, dtype=np.uint64)
        for n_steps, new in enumerate(_waves(pairs, some)):
            nodes = np.flatnonzero(new)
            which, place = np.nonzero((new[nodes] & bit[:, None]) != 0)
            found[at + which, nodes[place]] = n_steps
    return found


def paths(
    connectome: Connectome,
    *,
    rng: np.random.Generator,
    n_sources: int = 512,
    electrical: bool = False,
) -> Paths:
    """How long shortest paths are, how many pairs have one, and the strongly connected parts.

    Args:
        connectome: Any.
        rng: Draws the sources, where there are more nodes than `n_sources`.
        n_sources: Follow paths from at most this many nodes; from every node if there are no more.
        electrical: Follow electrical connections too, both ways.

    Raises:
        InputError: If `n_sources` is below 1.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> worm = connectome("worm")
        >>> found = paths(worm.select(worm.is_neuron), rng=np.random.default_rng(0))
        >>> f"{found.mean:.2f} steps, {100 * found.reached:.1f} %, {found.part_sizes[0]} nodes"
        '3.09 steps, 90.9 %, 275 nodes'

    Source:
        As `path_lengths`; parts after Pearce, Inf. Process. Lett. 116:47 (2016).
    """
    from scipy.sparse.csgraph import connected_components

    if n_sources < 1:
        raise InputError(f"`n_sources` must be at least 1; got {n_sources}. Leave it out for 512.")
    n = connectome.n_neurons
    pairs = pairs_of(connectome, electrical=electrical)
    sampled = n > n_sources
    sources = np.sort(rng.choice(n, n_sources, replace=False)) if sampled else np.arange(n)
    n_of_length = np.zeros(0, np.int64)
    for at in range(0, sources.size, _N_AT_ONCE):
        waves = [
            int(np.bitwise_count(w).sum()) for w in _waves(pairs, sources[at : at + _N_AT_ONCE])
        ]
        longer = np.zeros(max(len(waves) - 1, n_of_length.size), np.int64)
        longer[: n_of_length.size] += n_of_length
        longer[: len(waves) - 1] += np.array(waves[1:], np.int64)
        n_of_length = longer
    matrix = pairs.matrix(np.ones(pairs.pre.size, np.int8))
    strong = connected_components(matrix, connection="strong")[1] if n else np.zeros(0, int)
    n_islands = int(connected_components(matrix, connection="weak")[0]) if n else 0
    return Paths(
        n_sources=sources.size,
        sampled=sampled,
        n_of_length=n_of_length,
        n_unreached=sources.size * max(n - 1, 0) - int(n_of_length.sum()),
        part_sizes=np.sort(np.bincount(strong))[::-1],
        n_islands=n_islands,
    )


def _waves(pairs: Pairs, sources: Int[np.ndarray, " source"]) -> Iterator[UInt64[np.ndarray, " n"]]:
    """Per step the nodes first reached then, one bit for each of at most 64 sources."""
    n = pairs.n_neurons
    receivers = np.flatnonzero(np.diff(pairs.start))
    first = pairs.start[receivers]
    reached = np.zeros(n, np.uint64)
    reached[sources] = np.uint64(1) << np.arange(sources.size, dtype=np.uint64)
    new = reached.copy()
    outward: tuple[np.ndarray, np.ndarray] | None = None
    while new.any():
        yield new
        active = np.flatnonzero(new)
        came = np.zeros(n, np.uint64)
        if active.size > n // 50:  # every connection at once
            came[receivers] = np.bitwise_or.reduceat(new[pairs.pre], first)
        else:  # a small front, as on a long chain: only what leaves it
            outward = outward or _outward(pairs)
            start, post = outward
            n_out = start[active + 1] - start[active]
            skipped = np.repeat(start[active] - np.cumsum(n_out) + n_out, n_out)
            np.bitwise_or.at(
                came, post[skipped + np.arange(skipped.size)], np.repeat(new[active], n_out)
            )
        new = came & ~reached
        reached |= new


def _outward(pairs: Pairs) -> tuple[Int[np.ndarray, " start"], Int[np.ndarray, " pair"]]:
    """The pairs sorted by sender: where each sender's begin, and their receivers."""
    flipped = pairs.matrix(np.ones(pairs.pre.size, np.int8)).tocsc()
    return flipped.indptr.astype(np.int64), flipped.indices
