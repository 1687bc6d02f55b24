"""The connectome: neurons and directed, signed connections, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, no_type_check

import numpy as np
from jaxtyping import Bool, Int, Num, Shaped

from neuroloom.connectome.checks import (
    COUNT_UNITS,
    checked_column,
    checked_counts,
    checked_ids,
    checked_whole,
    frozen,
)
from neuroloom.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COUNT_UNITS", "KINDS", "NODE_KINDS", "Connectome"]

KINDS = ("chemical", "electrical", "neuromuscular")
NODE_KINDS = ("neuron", "muscle", "other")
CHEMICAL, ELECTRICAL, NEUROMUSCULAR = range(3)


@no_type_check  # wrong input must raise our own error, also where tests check annotations
@dataclass(frozen=True, eq=False, repr=False)
class Connectome:
    """Neurons and directed, signed connections. It never changes; functions return new ones.

    A connection is an ordered pair of neurons of one kind, with a count of contacts. Electrical
    connections have no direction: each is stored once, with `pre <= post` and sign 0.

    Attributes:
        neuron_id: The dataset's own name of each neuron, int64 or str. Unique.
        pre: Where in `neuron_id` each connection starts.
        post: Where in `neuron_id` each connection ends.
        kind: What each connection is, as a place in `KINDS`
            (0 chemical, 1 electrical, 2 neuromuscular).
        count: Contacts in each connection, in `count_unit`. At least 0; whole numbers unless the
            unit is `mean_synapses`.
        sign: +1 excites, -1 inhibits, 0 not known (and always 0 where electrical).
        count_unit: `synapses`, `em_sections` or `mean_synapses`. Never add over units.
        neurons: Further columns, one entry a neuron: `node_kind` (`neuron`, `muscle`, `other`; made
            if missing), and any of `cell_type`, `side`, `neurotransmitter`, ...
        name: What to call it in a report.
        audit: What was kept, changed or left out on the way here, a sentence each.

    Raises:
        InputError: If any of the above does not hold.

    Example:
        >>> a_to_b = Connectome(
        ...     neuron_id=np.array(["a", "b"]), pre=np.array([0]), post=np.array([1]),
        ...     kind=np.array([0]), count=np.array([3]), sign=np.array([1]))
        >>> a_to_b
        Connectome(2 neurons, 1 connection: 1 chemical; 3 synapses; signs 1 +, 0 -, 0 unknown)
    """

    neuron_id: Shaped[np.ndarray, " neuron"]
    pre: Int[np.ndarray, " connection"]
    post: Int[np.ndarray, " connection"]
    kind: Int[np.ndarray, " connection"]
    count: Num[np.ndarray, " connection"]
    sign: Int[np.ndarray, " connection"]
    count_unit: str = "synapses"
    neurons: Mapping[str, Shaped[np.ndarray, " neuron"]] = field(default_factory=dict)
    name: str = ""
    audit: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        def put(attribute: str, value: object) -> None:
            object.__setattr__(self, attribute, value)

        put("neuron_id", frozen(checked_ids(self.neuron_id)))
        put("pre", frozen(checked_whole("pre", self.pre).astype(np.int64)))
        put("post", frozen(checked_whole("post", self.post).astype(np.int64)))
        put("kind", frozen(_checked_kind(self.kind)))
        put("sign", frozen(_checked_sign(self.sign)))
        put("count", frozen(checked_counts(self.count, self.count_unit)))
        put("audit", tuple(self.audit))
        put("neurons", MappingProxyType(self._checked_columns()))
        self._check_connections()

    def _checked_columns(self) -> dict[str, np.ndarray]:
        if not isinstance(self.neurons, Mapping):
            raise InputError(
                "`neurons` must map the names of columns to arrays; got a "
                f"{type(self.neurons).__name__}. Pass `dict(cell_type=...)`; for a pandas table, "
                "build with `Connectome.from_tables`."
            )
        columns = {
            name: frozen(checked_column(name, values, self.n_neurons))
            for name, values in self.neurons.items()
        }
        columns.setdefault("node_kind", frozen(np.full(self.n_neurons, "neuron")))
        unknown = ~np.isin(columns["node_kind"], NODE_KINDS)
        if unknown.any():
            raise InputError(
                f"`node_kind` must be one of {', '.join(NODE_KINDS)}; got "
                f"{columns['node_kind'][unknown].tolist()[0]!r} ({unknown.sum()} such). Use "
                "`other` for cells that are neither neuron nor muscle."
            )
        return columns

    def _check_connections(self) -> None:
        lengths = {n: len(getattr(self, n)) for n in ("pre", "post", "kind", "count", "sign")}
        if len(set(lengths.values())) != 1:
            raise InputError(
                f"`pre`, `post`, `kind`, `count` and `sign` must be equally long; got {lengths}. "
                "Give every connection all five."
            )
        for name in ("pre", "post"):
            end = getattr(self, name)
            outside = (end < 0) | (end >= self.n_neurons)
            if outside.any():
                raise InputError(
                    f"`{name}` must be positions in `neuron_id`, 0 to {self.n_neurons - 1}; got "
                    f"{end[outside][0]} ({outside.sum()} such). If these are the dataset's own "
                    "ids, build with `Connectome.from_tables` instead."
                )
        electrical = self.kind == ELECTRICAL
        backward = electrical & (self.pre > self.post)
        if backward.any():
            raise InputError(
                "Electrical connections must be stored once, with `pre <= post`; "
                f"{backward.sum()} are the other way round. Swap their ends (`from_tables` does "
                "it), and drop the mirrored copies."
            )
        if (self.sign[electrical] != 0).any():
            raise InputError(
                f"Electrical connections must have sign 0; {(self.sign[electrical] != 0).sum()} "
                "have another. A gap junction carries current both ways and has no sign."
            )
        key = (self.kind.astype(np.int64) * self.n_neurons + self.pre) * self.n_neurons + self.post
        if not (np.diff(np.sort(key)) > 0).all():  # the cheaper sort, for the usual case
            order = np.argsort(key, kind="stable")
            repeated = np.flatnonzero(key[order][1:] == key[order][:-1])
            first = order[repeated[0]]
            raise InputError(
                "A connection must occur once per (pre, post, kind); "
                f"{self.neuron_id[self.pre[first]]} -> {self.neuron_id[self.post[first]]} "
                f"({KINDS[self.kind[first]]}) and {repeated.size - 1} others repeat. Read with "
                "`on_duplicate=Sum()` or `KeepFirst()` if that is what you mean."
            )

    @classmethod
    def from_tables(
        cls, neurons: pd.DataFrame | None, connections: pd.DataFrame, **options: object
    ) -> Connectome:
        """Build from two pandas tables; see `neuroloom.connectome.tables.from_tables`."""
        from neuroloom.connectome.tables import from_tables

        return from_tables(neurons, connections, **options)  # pyright: ignore[reportArgumentType]

    @property
    def n_neurons(self) -> int:
        """How many nodes there are: neurons, muscles and others."""
        return len(self.neuron_id)

    @property
    def n_connections(self) -> int:
        """How many connections there are, over all kinds."""
        return len(self.pre)

    @property
    def is_neuron(self) -> Bool[np.ndarray, " neuron"]:
        """Which nodes are neurons, not muscles or others."""
        return self.neurons["node_kind"] == "neuron"

    @property
    def obeys_dale(self) -> bool:
        """Whether no neuron sends both + and - connections. Unknown signs do not count."""
        excites, inhibits = (
            np.bincount(self.pre[self.sign == s], minlength=self.n_neurons) > 0 for s in (1, -1)
        )
        return not (excites & inhibits).any()

    def column(self, name: str) -> Shaped[np.ndarray, " neuron"]:
        """The neuron column of this name.

        Raises:
            InputError: If there is none.
        """
        if name not in self.neurons:
            raise InputError(
                f"The connectome must have a neuron column `{name}`; it has "
                f"{', '.join(sorted(self.neurons))}. {nearest(name, self.neurons)}"
            )
        return self.neurons[name]

    def positions(self, ids: Shaped[np.ndarray, " id"]) -> Int[np.ndarray, " id"]:
        """Where in `neuron_id` each of these ids stands.

        Raises:
            InputError: If an id is not there; names the first and how many.
        """
        wanted = np.atleast_1d(ids)
        if wanted.dtype.kind == "f":
            raise InputError(
                "Neuron ids must be whole numbers or text; got floats, which cannot hold 18 "
                "digits. Read the ids as int64 or str."
            )
        if wanted.size and (wanted.dtype.kind in "iu") != (self.neuron_id.dtype.kind in "iu"):
            raise InputError(
                f"Neuron ids must be of the connectome's type ({self.neuron_id.dtype}); got "
                f"{wanted.dtype}. Convert them, without going through floats."
            )
        order = np.argsort(self.neuron_id, kind="stable")
        place = np.searchsorted(self.neuron_id[order], wanted)
        found = order[np.minimum(place, self.n_neurons - 1)] if self.n_neurons else place
        missing = self.neuron_id[found] != wanted if self.n_neurons else np.ones(len(wanted), bool)
        if missing.any():
            raise InputError(
                f"Every id must be in the connectome; {wanted[missing].tolist()[0]!r} is not "
                f"({missing.sum()} such of {wanted.size}). Check spelling and zero padding, or "
                "align names with `neuroloom.recording.align` first."
            )
        return found

    def of_kind(self, *kinds: str) -> Connectome:
        """The same neurons with only the connections of these kinds."""
        for kind in kinds:
            if kind not in KINDS:
                raise InputError(
                    f"A kind of connection must be one of {', '.join(KINDS)}; got `{kind}`. "
                    f"{nearest(kind, KINDS)}"
                )
        return self._with_connections(np.isin(self.kind, [KINDS.index(k) for k in kinds]))

    def select(self, keep: Bool[np.ndarray, " neuron"]) -> Connectome:
        """The neurons where `keep` is true, in their order, and the connections among them.

        Example:
            >>> from neuroloom.datasets import connectome
            >>> worm = connectome("worm")
            >>> worm.select(worm.is_neuron).n_neurons
            302
        """
        keep = np.asarray(keep)
        if keep.dtype != bool or keep.shape != (self.n_neurons,):
            raise InputError(
                f"`keep` must be one True or False a neuron ({self.n_neurons}); got "
                f"{keep.dtype} of shape {keep.shape}. For ids, use "
                "`np.isin(connectome.neuron_id, ids)`."
            )
        place = np.cumsum(keep) - 1
        inside = self._with_connections(keep[self.pre] & keep[self.post])
        return replace(
            inside,
            neuron_id=self.neuron_id[keep],
            pre=place[inside.pre],
            post=place[inside.post],
            neurons={name: values[keep] for name, values in self.neurons.items()},
            audit=(
                *self.audit,
                f"kept {keep.sum():,} of {self.n_neurons:,} nodes and "
                f"{inside.n_connections:,} of {self.n_connections:,} connections, because only "
                "those among the selected nodes stay",
            ),
        )

    def merge(self, by: str = "cell_type") -> Connectome:
        """One node for each value of a neuron column; see `coarsen`."""
        return self.coarsen(self.column(by))

    def coarsen(self, label: Shaped[np.ndarray, " neuron"]) -> Connectome:
        """One node for each distinct label; counts of parallel connections add up.

        A merged connection keeps its sign where all its parts agree, and has sign 0 where they do
        not; the audit says how many. A neuron column is kept where it is constant within labels.

        Args:
            label: The new node of each neuron.
        """
        label = np.asarray(label)
        if label.shape != (self.n_neurons,):
            raise InputError(
                f"`label` must name one group a neuron ({self.n_neurons}); its shape is "
                f"{label.shape}. Give every neuron a label."
            )
        if label.dtype.kind == "U" and (label == "").any():
            raise InputError(
                f"Every neuron must have a label to be merged by; {(label == '').sum()} of "
                f"{label.size} have none. Select the labelled neurons first, or name the others."
            )
        new_id, first, group = np.unique(label, return_index=True, return_inverse=True)
        pre, post = group[self.pre], group[self.post]
        electrical = self.kind == ELECTRICAL
        pre, post = (
            np.where(electrical, np.minimum(pre, post), pre),
            np.where(electrical, np.maximum(pre, post), post),
        )
        n = len(new_id)
        key = (self.kind.astype(np.int64) * n + pre) * n + post
        unique, start, member = np.unique(key, return_index=True, return_inverse=True)
        count = np.zeros(len(unique), self.count.dtype)
        np.add.at(count, member, self.count)
        low, high = np.full(len(unique), 2, np.int8), np.full(len(unique), -2, np.int8)
        np.minimum.at(low, member, self.sign)
        np.maximum.at(high, member, self.sign)
        columns = {
            name: values[first]
            for name, values in self.neurons.items()
            if _equal(values, values[first][group])
        }
        lost = sorted(set(self.neurons) - set(columns))
        sentences = [
            f"merged {self.n_neurons:,} nodes into {n:,} and {self.n_connections:,} connections "
            f"into {len(unique):,}; {(low != high).sum():,} of them mix signs and have sign 0"
        ]
        if lost:
            sentences.append(f"dropped the columns {', '.join(lost)}: they vary within a node")
        return replace(
            self,
            neuron_id=new_id,
            pre=pre[start],
            post=post[start],
            kind=self.kind[start],
            count=count,
            sign=np.where(low == high, low, 0),
            neurons=columns,
            audit=(*self.audit, *sentences),
        )

    def with_signs(self, sign: Int[np.ndarray, " connection"], why: str) -> Connectome:
        """The same connections with other signs; `why` goes into the audit."""
        return replace(self, sign=sign, audit=(*self.audit, why))

    def _with_connections(self, keep: Bool[np.ndarray, " connection"]) -> Connectome:
        parts = {n: getattr(self, n)[keep] for n in ("pre", "post", "kind", "count", "sign")}
        return replace(self, **parts)

    def __repr__(self) -> str:
        """Sizes, not contents: a connectome has millions of rows."""
        kinds = ", ".join(
            f"{n:,} {kind}"
            for kind, n in zip(KINDS, np.bincount(self.kind, minlength=3), strict=True)
            if n
        )
        directed = self.sign[self.kind != ELECTRICAL]
        title = f"{self.name}: " if self.name else ""
        node = "neuron" if self.is_neuron.all() else "node"
        total = self.count.sum()
        return (
            f"Connectome({title}{self.n_neurons:,} {node}{'' if self.n_neurons == 1 else 's'}, "
            f"{self.n_connections:,} connection{'' if self.n_connections == 1 else 's'}"
            f"{': ' if kinds else ''}{kinds}; "
            f"{f'{total:,.10g}' if self.count.dtype.kind == 'f' else f'{total:,}'} "
            f"{self.count_unit}; signs {(directed > 0).sum():,} +, "
            f"{(directed < 0).sum():,} -, {(directed == 0).sum():,} unknown)"
        )


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _checked_kind(kind: object) -> np.ndarray:
    kind = checked_whole("kind", kind)
    if ((kind < 0) | (kind >= len(KINDS))).any():
        raise InputError(
            f"`kind` must be 0 to {len(KINDS) - 1}, for {', '.join(KINDS)}; got "
            f"{np.unique(kind)[:20].tolist()}. Map your own kinds to these three."
        )
    return kind.astype(np.int8)


def _checked_sign(sign: object) -> np.ndarray:
    sign = checked_whole("sign", sign)
    if ((sign < -1) | (sign > 1)).any():
        raise InputError(
            f"`sign` must be +1, 0 or -1; got {np.unique(sign)[:20].tolist()}. Put sizes into "
            "`count` and leave the direction of the effect in `sign`."
        )
    return sign.astype(np.int8)
