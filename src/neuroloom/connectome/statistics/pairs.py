"""The connected ordered pairs of a connectome, sorted once; every graph statistic reads them."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int, Num

from neuroloom.connectome.connectome import ELECTRICAL, Connectome
from neuroloom.connectome.signs import AbstractSignRule, Dropped
from neuroloom.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Pairs", "pairs_of", "signed_pairs", "sorted_keys"]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Ordered pairs of nodes, sorted by receiver and then by sender; none twice.

    A chemical and a neuromuscular connection of the same ends are one pair: contacts add up.

    Attributes:
        n_neurons: Nodes, connected or not.
        start: Where the pairs of each receiver begin; one more entry at the end.
        pre: Position of the sender.
        count: Contacts.
        signed: Contacts times sign; an unknown sign counts as 0.
        sign: +1 or -1 where all connections of the pair have that sign, else 0.
    """

    n_neurons: int
    start: Int[np.ndarray, " start"]
    pre: Int[np.ndarray, " pair"]
    count: Float[np.ndarray, " pair"]
    signed: Float[np.ndarray, " pair"]
    sign: Int[np.ndarray, " pair"]

    @property
    def post(self) -> Int[np.ndarray, " pair"]:
        """Position of the receiver."""
        return np.repeat(np.arange(self.n_neurons, dtype=self.pre.dtype), np.diff(self.start))

    def matrix(self, values: Num[np.ndarray, " pair"]) -> csr_array:
        """A sparse matrix [post, pre] of these values, zeros among them kept."""
        from scipy.sparse import csr_array

        found = csr_array((values, self.pre, self.start), shape=(self.n_neurons, self.n_neurons))
        found.has_canonical_format = True
        return found


_KNOWN: weakref.WeakKeyDictionary[Connectome, dict[bool, Pairs]] = weakref.WeakKeyDictionary()


def pairs_of(connectome: Connectome, *, electrical: bool = False) -> Pairs:
    """The pairs that chemical and neuromuscular connections make; kept while the connectome lives.

    Args:
        connectome: Any.
        electrical: Count each electrical connection too, as + and both ways.
    """
    known = _KNOWN.setdefault(connectome, {})
    if electrical not in known:
        known[electrical] = _sorted_pairs(connectome, electrical)
    return known[electrical]


def signed_pairs(
    connectome: Connectome,
    unknown_sign: AbstractSignRule | Dropped | None,
    *,
    electrical: bool = False,
) -> Pairs:
    """As `pairs_of`, with every sign known or knowingly left out.

    Args:
        connectome: Any.
        unknown_sign: What an unknown sign becomes; with `Dropped()` it weighs 0.
        electrical: Count each electrical connection too, as + and both ways.

    Raises:
        InputError: If signs are unknown and no rule is given, or stay unknown after the rule.
    """
    if isinstance(unknown_sign, AbstractSignRule):
        connectome = unknown_sign(connectome)
    unknown = (connectome.sign == 0) & (connectome.kind != ELECTRICAL)
    if unknown.any() and not isinstance(unknown_sign, Dropped):
        raise InputError(
            "Every sign must be known for a signed statistic; "
            f"{unknown.sum():,} of {(connectome.kind != ELECTRICAL).sum():,} connections have sign "
            "0. Pass `unknown_sign=` a rule such as `TransmitterSigns(glutamate=1, otherwise=1)`, "
            "or `Dropped()` to leave them out, or ask for the unsigned statistic."
        )
    return pairs_of(connectome, electrical=electrical)


def _sorted_pairs(connectome: Connectome, electrical: bool) -> Pairs:
    c, n = connectome, connectome.n_neurons
    parts = (c.pre, c.post, c.count, c.sign)
    directed = c.kind != ELECTRICAL
    if not directed.all():
        parts = tuple(values[directed] for values in parts)
    pre, post, count, sign = parts
    if electrical and not directed.all():
        a, b, both = c.pre[~directed], c.post[~directed], c.count[~directed]
        apart = a != b
        pre, post = np.r_[pre, a, b[apart]], np.r_[post, b, a[apart]]
        count = np.r_[count, both, both[apart]]
        sign = np.r_[sign, np.ones(a.size + int(apart.sum()), np.int8)]
    key, order = sorted_keys(post * n + pre, n * n)
    count = count[order].astype(np.float64)
    sign = sign[order]
    signed = count * sign
    if key.size and (key[1:] == key[:-1]).any():
        first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        key = key[first]
        count, signed = (np.add.reduceat(values, first) for values in (count, signed))
        low, high = np.minimum.reduceat(sign, first), np.maximum.reduceat(sign, first)
        sign = np.where(low == high, low, np.int8(0))
    index = np.int32 if max(n, key.size) < 2**31 else np.int64
    start = np.searchsorted(key, np.arange(n + 1) * n)
    receiver = np.repeat(np.arange(n), np.diff(start))
    values = [(key - receiver * n).astype(index), count, signed, sign]
    for one in (start := start.astype(index), *values):
        one.flags.writeable = False
    return Pairs(n, start, *values)


def sorted_keys(
    key: Int[np.ndarray, " pair"], above: int
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"]]:
    """The keys in order and where each stood, first come first.

    Where key and place fit into one word, that word is sorted: several times faster.

    Args:
        key: At least 0.
        above: Larger than every key.
    """
    bits = key.size.bit_length()
    if above < 1 << (63 - bits):
        packed = np.sort((key << bits) | np.arange(key.size))
        return packed >> bits, packed & ((1 << bits) - 1)
    order = np.argsort(key, kind="stable")
    return key[order], order
