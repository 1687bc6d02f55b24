"""What a task draws: inputs, targets, and which targets count."""

from typing import NamedTuple

from jaxtyping import Array, Bool, Float

__all__ = ["Trials"]


class Trials(NamedTuple):
    """Trials of a task, trial by trial.

    A task is a pure function `(key, n) -> Trials`: the same key gives the same trials.

    Attributes:
        inputs: What the network is shown, held over each step. The task says its unit.
        targets: What its outputs should be after each step.
        mask: Which targets count. A loss ignores the others.
    """

    inputs: Float[Array, "trial time input"]
    targets: Float[Array, "trial time output"]
    mask: Bool[Array, "trial time output"]
