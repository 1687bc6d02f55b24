"""Responses as a table, a row a pair of neurons, as it is written to CSV."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from neuroloom.analysis.perturbation.linear import ResponseSpread
from neuroloom.errors import InputError

__all__ = ["response_table"]


def response_table(
    matrix: Float[np.ndarray, "post stimulated"],
    names: Shaped[np.ndarray, " label"],
    spread: ResponseSpread | None = None,
) -> pd.DataFrame:
    """Columns `stimulated`, `post`, `response`, and with a spread `low` and `high`; largest first.

    Pairs of different neurons only, in units of `post` per unit of the push.

    Args:
        matrix: From `push_responses`, or a step of `pulse_responses`.
        names: Of the neurons.
        spread: From `response_spread`, at the same horizon.

    Raises:
        InputError: If there is not one name a neuron.

    Example:
        >>> from neuroloom.analysis.perturbation import push_responses
        >>> matrix = push_responses(np.array([[[0.0, 0.0], [0.5, 0.0]]]))
        >>> response_table(matrix, np.array(["a", "b"])).to_dict("records")[0]
        {'stimulated': 'a', 'post': 'b', 'response': 0.5}
    """
    if len(names) != len(matrix):
        raise InputError(
            f"`names` must have one entry for each of the {len(matrix)} neurons; got {len(names)}. "
            "Give those of the recording, in its order."
        )
    post, stimulated = np.nonzero(~np.eye(len(matrix), dtype=bool))
    order = np.argsort(-np.abs(matrix[post, stimulated]), kind="stable")
    post, stimulated = post[order], stimulated[order]
    columns = {
        "stimulated": names[stimulated],
        "post": names[post],
        "response": matrix[post, stimulated],
    }
    if spread is not None:
        columns |= {"low": spread.low[post, stimulated], "high": spread.high[post, stimulated]}
    return pd.DataFrame(columns)
