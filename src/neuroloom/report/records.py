"""One row of each score file."""

import math
from dataclasses import dataclass

__all__ = ["GROUPS", "CoverageAt", "NeuronScore", "PlannedNeuron", "Score", "group_of"]

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


@dataclass(frozen=True)
class CoverageAt:
    """What intervals of one level achieve: one row of `coverage.csv`.

    Attributes:
        level: Nominal coverage, 0 to 1.
        achieved: Share of samples of held-out neurons inside, each neuron counted once.
        low: Lower end of its 95 % interval over neurons.
        high: Upper end.
        ensemble: What the spread over members alone achieves; NaN with a single member.
        n: Held-out neurons, homologs counted once.
    """

    level: float
    achieved: float
    low: float
    high: float
    ensemble: float
    n: float


@dataclass(frozen=True)
class PlannedNeuron:
    """One neuron to record next: one row of `plan.csv`.

    Attributes:
        order: 1 is recorded first.
        neuron: Its name.
        error_before: Expected error of unrecorded neurons before it is recorded.
        error_after: The same after it is.
        random_after: Median after as many drawn at random.
        random_low: 5 % of the draws are below.
        random_high: 5 % are above.
        worst_after: After as many that help least.
    """

    order: float
    neuron: str
    error_before: float
    error_after: float
    random_after: float
    random_low: float
    random_high: float
    worst_after: float
