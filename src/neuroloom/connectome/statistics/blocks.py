"""The wiring diagram of cell types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroloom.connectome.connectome import Connectome
from neuroloom.connectome.statistics.pairs import pairs_of, sorted_keys

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["type_blocks"]


def type_blocks(connectome: Connectome, *, by: str = "cell_type") -> pd.DataFrame:
    r"""Connections and contacts from each type to each type, with their density.

    $$C_{ab} = \sum_{i \in a, j \in b} c_{ij}, \quad
    d_{ab} = \frac{|\{(i, j): j \to i\}|}{n_a n_b} \ \ (a \ne b), \quad
    \frac{|\{(i, j): j \to i, i \ne j\}|}{n_a (n_a - 1)} \ \ (a = b)$$

    Over chemical and neuromuscular connections of distinct nodes. Nodes whose type is empty are a
    type of their own, named by the empty text, so that nothing is lost.

    Args:
        connectome: Has the neuron column.
        by: The neuron column that holds the type.

    Returns:
        One row for each connected pair of types, most contacts first: `pre_type` and `post_type`
        (categories), `contacts`, `n_connections`, `n_pairs` (possible ordered pairs), `density`,
        dimensionless.

    Raises:
        InputError: If there is no such column.

    Example:
        >>> from neuroloom.datasets import connectome
        >>> first = type_blocks(connectome("worm").of_kind("chemical")).iloc[0]
        >>> first["pre_type"], first["post_type"], int(first["contacts"])
        ('RIA', 'RMD', 471)

    Source:
        A two-way tabulation; densities as in a stochastic block model (Holland et al., Soc. Netw.
        5:109, 1983).
    """
    import pandas as pd

    pairs = pairs_of(connectome)
    names, member = np.unique(connectome.column(by), return_inverse=True)
    n_types = len(names)
    size = np.bincount(member, minlength=n_types)
    receiver = pairs.post
    apart = receiver != pairs.pre
    key = (member[receiver] * n_types + member[pairs.pre])[apart]
    key, order = sorted_keys(key, max(n_types, 1) ** 2)
    first = np.flatnonzero(np.diff(key, prepend=-1))
    contacts = pairs.count[apart][order]
    total = np.add.reduceat(contacts, first) if first.size else contacts
    made = np.diff(first, append=key.size)
    post, pre = np.divmod(key[first], max(n_types, 1))
    n_pairs = size[post] * (size[pre] - (post == pre))
    order = np.argsort(-total, kind="stable")
    whole = connectome.count.dtype.kind != "f"
    total = total.astype(np.int64) if whole else total
    return pd.DataFrame(
        {
            "pre_type": pd.Categorical.from_codes(pre[order], names),
            "post_type": pd.Categorical.from_codes(post[order], names),
            "contacts": total[order],
            "n_connections": made[order],
            "n_pairs": n_pairs[order],
            "density": (made / n_pairs)[order],
        }
    )
