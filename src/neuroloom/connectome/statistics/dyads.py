"""Motifs of two neurons: who answers whom, and with which sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.statistics.pairs import Pairs, pairs_of

__all__ = ["MUTUAL", "Dyads", "Reciprocity", "dyads", "reciprocity"]

# The sign of a pair as a prime: the product of two tells which two they were, in either order.
_PRIME = {"-": 2, "?": 3, "+": 5}
_ONE_WAY = ("+", "-", "?")
MUTUAL: tuple[str, ...] = ("++", "+-", "--", "+?", "-?", "??")


@dataclass(frozen=True)
class Reciprocity:
    """How much of the wiring is answered.

    Attributes:
        n_pairs: Connected ordered pairs of distinct nodes.
        n_reciprocated: Those whose reverse is connected too.
        share: Their share; NaN where nothing is connected.
        contacts: Contacts of all those pairs.
        weighted: Share of the contacts that the reverse matches; NaN where there are none.
    """

    n_pairs: int
    n_reciprocated: int
    share: float
    contacts: float
    weighted: float


@dataclass(frozen=True)
class Dyads:
    """Unordered pairs of distinct nodes by how they are connected, and self-connections.

    A sign is that of all connections from one to the other; `?` where it is unknown or mixed.

    Attributes:
        n_null: Pairs without a connection.
        one_way: Pairs connected one way, by `+`, `-`, `?`.
        mutual: Pairs connected both ways, by `++`, `+-`, `--`, `+?`, `-?`, `??`.
        to_itself: Nodes that connect to themselves, by `+`, `-`, `?`.
    """

    n_null: int
    one_way: Mapping[str, int]
    mutual: Mapping[str, int]
    to_itself: Mapping[str, int]

    @property
    def n_one_way(self) -> int:
        """Pairs connected one way."""
        return sum(self.one_way.values())

    @property
    def n_mutual(self) -> int:
        """Pairs connected both ways."""
        return sum(self.mutual.values())


def reciprocity(connectome: Connectome) -> Reciprocity:
    r"""The share of connected ordered pairs, and of contacts, that are answered; dimensionless.

    $$r = \frac{|\{(i, j): j \to i, \ i \to j\}|}{|\{(i, j): j \to i\}|}, \quad
    r_w = \frac{\sum_{i \ne j} \min(c_{ij}, c_{ji})}{\sum_{i \ne j} c_{ij}}$$

    Over chemical and neuromuscular connections of distinct nodes. Electrical ones go both ways by
    nature and are left out.

    Args:
        connectome: Any.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> found = reciprocity(connectome("worm"))
        >>> f"{found.share:.3f} {found.weighted:.3f}"
        '0.276 0.134'

    Source:
        Garlaschelli and Loffredo, Phys. Rev. Lett. 93:268701 (2004), for the share; Squartini et
        al., Sci. Rep. 3:2729 (2013), for contacts.
    """
    pairs = pairs_of(connectome)
    apart = pairs.post != pairs.pre
    n_pairs, contacts = int(apart.sum()), float(pairs.count[apart].sum())
    counts = pairs.matrix(np.where(apart, pairs.count, 0.0))
    there = pairs.matrix(apart.astype(np.int8))
    n_both = int(there.multiply(there.T.tocsr()).sum(dtype=np.int64))
    matched = float(counts.minimum(counts.T.tocsr()).sum())
    return Reciprocity(
        n_pairs=n_pairs,
        n_reciprocated=n_both,
        share=n_both / n_pairs if n_pairs else float("nan"),
        contacts=contacts,
        weighted=matched / contacts if contacts else float("nan"),
    )


def dyads(connectome: Connectome) -> Dyads:
    """How many pairs of nodes are not, one-way or mutually connected, split by sign.

    Every unordered pair of distinct nodes counts once, over chemical and neuromuscular connections.

    Args:
        connectome: Any.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> found = dyads(connectome("worm"))
        >>> found.n_one_way, found.n_mutual, sum(found.to_itself.values())
        (3503, 669, 38)

    Source:
        The dyad census of Holland and Leinhardt, Sociol. Methodol. 7:1 (1976), here with signs.
    """
    pairs = pairs_of(connectome)
    n = connectome.n_neurons
    loop = pairs.post == pairs.pre
    by_sign = {mark: int((pairs.sign[~loop] == s).sum()) for mark, s in _signs()}
    mutual, answered = _mutual(pairs, loop)
    one_way = {mark: by_sign[mark] - answered[mark] for mark in _ONE_WAY}
    n_connected = sum(one_way.values()) + sum(mutual.values())
    return Dyads(
        n_null=n * (n - 1) // 2 - n_connected,
        one_way=one_way,
        mutual=mutual,
        to_itself={mark: int((pairs.sign[loop] == s).sum()) for mark, s in _signs()},
    )


def _signs() -> tuple[tuple[str, int], ...]:
    return (("+", 1), ("-", -1), ("?", 0))


def _mutual(pairs: Pairs, loop: np.ndarray) -> tuple[dict[str, int], dict[str, int]]:
    """Mutual pairs by both signs, and ordered pairs that are answered by their own sign."""
    prime = np.array([_PRIME["-"], _PRIME["?"], _PRIME["+"]], np.int8)[pairs.sign + 1]
    codes = pairs.matrix(np.where(loop, np.int8(0), prime))
    product = codes.multiply(codes.T.tocsr()).tocsr().data
    seen = np.bincount(product, minlength=26)  # every mutual pair stands in it twice
    mutual = {name: int(seen[_PRIME[name[0]] * _PRIME[name[1]]]) // 2 for name in MUTUAL}
    answered = {mark: sum(n * name.count(mark) for name, n in mutual.items()) for mark in _ONE_WAY}
    return mutual, answered
