"""How the answer would change with another number of factors of common drive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from neuroloom.fitting.coupling.edge_model import infer_edges
from neuroloom.fitting.coupling.edges import Edges
from neuroloom.fitting.coupling.slow_sensor import undone

__all__ = ["by_number_of_factors"]


def by_number_of_factors(
    edges: Edges,
    activity: Float[np.ndarray, "trial time neuron"],
    behavior: Float[np.ndarray, "_ _ channel"] | None = None,
    *,
    numbers: Sequence[int],
) -> pd.DataFrame:
    """One row a number of factors; the distribution of connections stays as it was fitted.

    Args:
        edges: The answer, with the number it chose.
        activity: What it was fitted to.
        behavior: Likewise.
        numbers: To try, each below the number of neurons.

    Returns:
        Columns `factors`, `eigenvalue` (of the last factor, over the edge of noise; NaN for none),
        `connections` (expected number), `correlation` (of posterior weights with the answer's, off
        the diagonal), `changed` (share of pairs that cross probability one half).
    """
    found = edges.likelihood.estimates(
        undone(activity, edges.decay), edges.n_input_lags, behavior, edges.known
    )
    if edges.n_late:
        found = found.with_late_drive(edges.connectivity)
    n = activity.shape[2]
    off = ~np.eye(n, dtype=bool)
    rows = []
    for number in numbers:
        its = found.with_factors(number)
        again, factors = infer_edges(edges.model, its.pairs()), its.factors
        both = np.stack([again.weight[off], edges.connectivity[off]])
        constant = (both.std(axis=1) == 0).any()
        rows.append(
            {
                "factors": number,
                "eigenvalue": factors.spectrum[number - 1] / factors.edge if number else np.nan,
                "connections": float(again.probability[off].sum()),
                "correlation": np.nan if constant else float(np.corrcoef(both)[0, 1]),
                "changed": float(
                    np.mean((again.probability > 0.5)[off] != (edges.probability > 0.5)[off])
                ),
            }
        )
    return pd.DataFrame(rows)
