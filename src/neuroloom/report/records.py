"""One row of each score file."""

import math
from dataclasses import dataclass

__all__ = ["GROUPS", "NeuronScore", "Score", "group_of"]

GROUPS = ("default", "variant", "null", "baseline", "ceiling", "transfer", "other")


def group_of(arm: str) -> str:
    """The word before an arm's colon, where it is a known group.

    Example:
        >>> group_of("null: rewire"), group_of("default"), group_of("my own")
        ('null', 'default', 'other')
    """
    word = arm.partition(":")[0].strip()
    return word if word in GROUPS else "other"


@dataclass(frozen=True)
class Score:
    """A measurement: one row of `scores.csv`.

    Attributes:
        arm: What was scored.
        split: On which entries.
        measure: How.
        unit: Empty where the measure has none.
        value: NaN where it could not be measured.
        low: Lower end of its 95 % interval; NaN where there is none.
        high: Upper end.
        n: Entries, or draws, behind it.
    """

    arm: str
    split: str
    measure: str
    unit: str
    value: float
    low: float
    high: float
    n: float

    @property
    def group(self) -> str:
        """Group of its arm.

        Example:
            >>> Score("null: rewire", "pooled", "auroc", "", 0.6, 0.5, 0.7, 2.0).group
            'null'
        """
        return group_of(self.arm)

    @property
    def has_interval(self) -> bool:
        """Whether both ends are known."""
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True)
class NeuronScore:
    """How well one neuron is predicted: one row of `scores_per_neuron.csv`.

    Attributes:
        neuron: Its name.
        role: `responder`, `stimulated`, `held-out`, `observed`.
        measure: How.
        value: NaN where it could not be measured.
        n: Entries behind it.
    """

    neuron: str
    role: str
    measure: str
    value: float
    n: float
