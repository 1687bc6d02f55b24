"""What stimulating each neuron would do, if the connections are as they were found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from neuroloom.analysis.perturbation import (
    causal_weight,
    drawn_weights,
    pulse_responses,
    push_responses,
    response_spread,
    response_table,
)
from neuroloom.fitting.coupling import Edges, PoissonCoupling

__all__ = ["HORIZON", "Responses", "responses_of"]

HORIZON = 10
"""Steps that a push goes on for."""
N_DRAWS = 50
"""Connectivities drawn from the posterior for intervals."""


@dataclass(frozen=True, eq=False)
class Responses:
    """Responses of every neuron to a push of every other, in units of each neuron's own SD.

    Attributes:
        matrix: After `HORIZON` steps, per unit of the push.
        table: The same as rows `stimulated`, `post`, `response`, `low`, `high` (90 % of
            connectivities drawn from the posterior), largest first.
        stimulated: Position of the neuron whose pulse moves the others most.
        course: Response of all neurons to that pulse, a step a row.
    """

    matrix: Float[np.ndarray, "post stimulated"]
    table: pd.DataFrame
    stimulated: int
    course: Float[np.ndarray, "time post"]


def responses_of(
    edges: Edges, names: Shaped[np.ndarray, " label"], rng: np.random.Generator
) -> Responses | None:
    """Responses along the connections alone; None of counts, where they hang on the rates.

    Args:
        edges: From `EdgePosterior.fit`.
        names: Of the neurons.
        rng: Draws of connectivities.
    """
    if isinstance(edges.coupling, PoissonCoupling):
        return None
    weight = causal_weight(edges)
    matrix = push_responses(weight, HORIZON)
    spread = response_spread(drawn_weights(edges, N_DRAWS, rng=rng), HORIZON)
    others = np.abs(np.where(np.eye(len(names), dtype=bool), 0.0, matrix)).sum(axis=0)
    strongest = int(np.argmax(others))
    course = pulse_responses(weight, HORIZON + 1)[:, :, strongest]
    return Responses(matrix, response_table(matrix, names, spread), strongest, course)
