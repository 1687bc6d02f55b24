"""How many partners and contacts each neuron has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroloom.connectome.connectome import ELECTRICAL, KINDS, Connectome
from neuroloom.connectome.statistics.pairs import pairs_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["degrees"]


def degrees(connectome: Connectome) -> pd.DataFrame:
    r"""Partners and contacts of every neuron, in all and of each kind.

    $$k^{in}_i = |\{j : j \to i\}|, \quad k^{out}_j = |\{i : j \to i\}|, \quad
    c^{in}_i = \sum_{e: \to i} c_e$$

    A partner counts once however many contacts it makes; a neuron that connects to itself is its
    own partner. Electrical connections have no direction: they have partners and contacts only.

    Args:
        connectome: Any.

    Returns:
        One row a neuron, in the order of `neuron_id`, which is the index. `in_partners`,
        `out_partners`, `in_contacts`, `out_contacts` are over chemical and neuromuscular
        connections together; then `chemical_in_partners`, ... and `electrical_partners`,
        `electrical_contacts` for the kinds that occur. Contacts are in `count_unit`.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> degrees(connectome("worm")).loc["AVAL", ["in_partners", "out_partners"]].tolist()
        [65, 44]

    Source:
        Textbook definitions.
    """
    import pandas as pd

    c, n = connectome, connectome.n_neurons
    pairs = pairs_of(c)
    directed = c.kind != ELECTRICAL
    columns = {
        "in_partners": np.diff(pairs.start).astype(np.int64),
        "out_partners": np.bincount(pairs.pre, minlength=n),
        "in_contacts": _contacts(c, c.post, directed),
        "out_contacts": _contacts(c, c.pre, directed),
    }
    present = np.bincount(c.kind, minlength=len(KINDS)) > 0
    for place, kind in enumerate(KINDS):
        if not present[place]:
            continue
        inside = c.kind == place
        pre, post = c.pre[inside], c.post[inside]
        if place == ELECTRICAL:
            apart = inside & (c.pre != c.post)
            n_partners = np.bincount(pre, minlength=n) + np.bincount(c.post[apart], minlength=n)
            columns[f"{kind}_partners"] = n_partners
            columns[f"{kind}_contacts"] = _contacts(c, c.pre, inside) + _contacts(c, c.post, apart)
            continue
        for way, end, ends in (("in", post, c.post), ("out", pre, c.pre)):
            columns[f"{kind}_{way}_partners"] = np.bincount(end, minlength=n)
            columns[f"{kind}_{way}_contacts"] = _contacts(c, ends, inside)
    return pd.DataFrame(columns, index=pd.Index(c.neuron_id, name="neuron_id"))


def _contacts(c: Connectome, end: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Sums below 2^53 (the connectome checks it), so exact in floats."""
    total = np.bincount(end[inside], weights=c.count[inside], minlength=c.n_neurons)
    return total if c.count.dtype.kind == "f" else total.astype(np.int64)
