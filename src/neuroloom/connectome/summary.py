"""What a connectome holds, in a table that fits on a screen."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from neuroloom.connectome.connectome import ELECTRICAL, KINDS, NODE_KINDS, Connectome
from neuroloom.connectome.statistics.dyads import reciprocity
from neuroloom.connectome.statistics.pairs import pairs_of

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True)
class Summary:
    """Facts about a connectome.

    Attributes:
        rows: Name and value of each fact.
    """

    rows: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """One fact a line."""
        width = max((len(name) for name, _ in self.rows), default=0)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in self.rows)


def summarize(connectome: Connectome) -> Summary:
    """Counts, degrees, signs and oddities.

    Density and reciprocity are those of chemical and neuromuscular connections together, between
    distinct nodes: the share of ordered pairs that are connected, and the share of connected
    ordered pairs whose reverse is connected too. A degree is a number of partners, counting itself.

    Example:
        >>> a_and_b = Connectome(
        ...     neuron_id=np.array(["a", "b"]), pre=np.array([0, 1]), post=np.array([1, 0]),
        ...     kind=np.array([0, 0]), count=np.array([3, 1]), sign=np.array([1, -1]))
        >>> dict(summarize(a_and_b).rows)["reciprocity"]
        '100.0 % of 2 connected ordered pairs'
    """
    c = connectome
    n = c.n_neurons
    directed, electrical = c.kind != ELECTRICAL, c.kind == ELECTRICAL
    node_kind = c.column("node_kind")
    nodes = {kind: int((node_kind == kind).sum()) for kind in NODE_KINDS}
    words = [f"{m:,} {kind}{'s' * (m > 1 and kind != 'other')}" for kind, m in nodes.items() if m]
    rows = [("nodes", ", ".join(words) or "none")]
    for place, kind in enumerate(KINDS):
        count = c.count[c.kind == place]
        if count.size:
            rows.append(
                (
                    f"{kind} connections",
                    f"{count.size:,} with {_number(count.sum())} {c.count_unit} (median "
                    f"{np.median(count):g}, most {count.max():g})",
                )
            )
    sign = c.sign[directed]
    if sign.size:
        signs = (("+", sign > 0), ("-", sign < 0), ("unknown", sign == 0))
        rows.append(("signs", ", ".join(f"{s.sum():,} {mark}" for mark, s in signs)))
        rows.append(("obeys Dale's law", _dale(c)))
    pairs = pairs_of(c)
    out, into = np.bincount(pairs.pre, minlength=n), np.diff(pairs.start)
    if pairs.pre.size:
        rows += [("out-degree", _degree(c, out)), ("in-degree", _degree(c, into))]
    if electrical.any():
        partners = _partners(c)
        rows.append(("electrical partners", _degree(c, partners)))
    answered = reciprocity(c)
    if answered.n_pairs:
        of = f"{answered.n_pairs:,} connected ordered pairs"
        rows.append(("reciprocity", f"{100 * answered.share:.1f} % of {of}"))
    if n > 1:
        rows.append(("density", f"{100 * answered.n_pairs / (n * (n - 1)):.3g} % of ordered pairs"))
    loops = c.pre == c.post
    touched = np.zeros(n, bool)
    touched[c.pre], touched[c.post] = True, True
    alone = np.flatnonzero(~touched)
    rows.append(("self-connections", f"{loops.sum():,}"))
    named = f" (such as {c.neuron_id[alone[0]]})" if alone.size else ""
    rows.append(("nodes without a connection", f"{alone.size:,}{named}"))
    if "cell_type" in c.neurons:
        rows.append(("cell types", _types(c)))
    return Summary(tuple(rows))


def _number(total: np.number) -> str:
    return f"{total:,.10g}" if isinstance(total, np.floating) else f"{total:,}"


def _dale(c: Connectome) -> str:
    if not (c.sign != 0).any():
        return "not known: no sign is"
    if c.obeys_dale:
        return "yes"
    both = [np.bincount(c.pre[c.sign == s], minlength=c.n_neurons) > 0 for s in (1, -1)]
    mixed = np.flatnonzero(both[0] & both[1])
    return f"no: {mixed.size:,} neurons send + and -, such as {c.neuron_id[mixed[0]]}"


def _degree(c: Connectome, degree: Int[np.ndarray, " neuron"]) -> str:
    most = int(degree.argmax())
    return f"median {np.median(degree):g}, most {degree[most]:,} ({c.neuron_id[most]})"


def _partners(c: Connectome) -> Int[np.ndarray, " neuron"]:
    pre, post = (end[c.kind == ELECTRICAL] for end in (c.pre, c.post))
    apart = pre != post
    n = c.n_neurons
    return np.bincount(pre, minlength=n) + np.bincount(post[apart], minlength=n)


def _types(c: Connectome) -> str:
    names = c.column("cell_type").astype(str)
    types, size = np.unique(names[names != ""], return_counts=True)
    blank = int((names == "").sum())
    largest = f", largest {types[size.argmax()]} with {size.max():,}" if types.size else ""
    return f"{types.size:,}{largest}{f'; {blank:,} nodes have none' if blank else ''}"
