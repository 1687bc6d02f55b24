"""Does a network that is called recurrent use the past?"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuroloom.errors import InputError

__all__ = ["depends_on_past"]


def depends_on_past(
    respond: Callable[[Array], Array],
    inputs: Float[Array, "trial time input"],
    *,
    tolerance: float = 1e-5,
) -> bool:
    """Whether the last output changes when the input one step before it does, and nothing else.

    The published recurrent student fails this: what its LSTM computed is thrown away.

    Args:
        respond: Any student or circuit, from (trial, time, input) to (trial, time, output).
        inputs: At least two trials of at least two steps. The last step but one of each trial is
            replaced by that of the trial before.
        tolerance: Least change that counts, in SD of the outputs.

    Raises:
        InputError: If there are fewer trials or steps, or all trials are alike there.
    """
    if inputs.shape[0] < 2 or inputs.shape[1] < 2:
        raise InputError(
            "`inputs` must hold at least 2 trials of 2 steps; got "
            f"{inputs.shape[0]} of {inputs.shape[1]}. Give a few trials of the training data."
        )
    exchanged = inputs.at[:, -2].set(jnp.roll(inputs[:, -2], 1, axis=0))
    if bool((exchanged == inputs).all()):
        raise InputError(
            "Trials must differ one step before the end, where they are exchanged; all are alike. "
            "Give trials with inputs of their own."
        )
    before, after = np.asarray(respond(inputs)), np.asarray(respond(exchanged))
    spread = before.std(axis=(0, 1))
    change = np.abs(after[:, -1] - before[:, -1]).max(axis=0)
    return bool((change > tolerance * np.where(spread > 0, spread, 1.0)).any())
