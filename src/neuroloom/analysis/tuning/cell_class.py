"""Which kind of head-direction unit is it? The published rule, by fixed bounds."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

from neuroloom.analysis.tuning.head_direction import HeadDirectionTuning
from neuroloom.errors import InputError

__all__ = [
    "CELL_CLASSES",
    "COMPASS",
    "REMOVED",
    "SHIFTER_MINUS",
    "SHIFTER_PLUS",
    "WEAK",
    "ClassBounds",
    "published_classes",
]

COMPASS = "compass"  # "Ring" in the first version of the paper
SHIFTER_PLUS = "shifter+"  # fires more when turning counter-clockwise
SHIFTER_MINUS = "shifter-"  # clockwise
WEAK = "weak"
REMOVED = "removed"
CELL_CLASSES = (COMPASS, SHIFTER_PLUS, SHIFTER_MINUS, WEAK, REMOVED)


@dataclass(frozen=True)
class ClassBounds:
    """Bounds of the published rule, made for rates between 0 and 1; drawn anew for each model.

    Attributes:
        least_range: Units whose rate varies less are removed.
        least_strength: Units with less head-direction strength are removed.
        compass_slope: Largest |slope| of a compass unit, in rate per deg/step.
        compass_strength: A compass unit is stronger.
        weak_slope: Largest |slope| of a weakly tuned unit, in rate per deg/step.
        weak_strength: A weakly tuned unit is weaker.

    Source:
        The analysis script of Cueva et al. (ICLR 2020), which says that bounds may change.
    """

    least_range: float = 0.01
    least_strength: float = 0.03
    compass_slope: float = 0.0175
    compass_strength: float = 0.735
    weak_slope: float = 0.0065
    weak_strength: float = 0.05

    def __post_init__(self):
        bad = {name: value for name, value in vars(self).items() if not value >= 0}
        if bad:
            raise InputError(
                f"Every bound must be at least 0; got {bad}. Slopes are compared without sign."
            )


def published_classes(
    tuning: HeadDirectionTuning, bounds: ClassBounds | None = None
) -> Shaped[np.ndarray, " neuron"]:
    """Class of each unit by the published bounds: one of `CELL_CLASSES`.

    In this order: removed, where the range of the rate or the strength is below its bound; compass,
    where |slope| is small and the strength large; weak, where |slope| and strength are small; all
    others are shifters, by the sign of their slope. So a unit of small slope and middling strength
    is a shifter. A unit left over whose slope is 0 or unknown is weak.

    Args:
        tuning: Of the units.
        bounds: Default as published.

    Source:
        Cueva et al., ICLR 2020, arXiv:1912.10189, by the code of the analysis. What happens to a
        slope of exactly 0 is ours.
    """
    bounds = bounds or ClassBounds()
    size = np.abs(tuning.slope)
    return np.select(
        [
            (tuning.rate_range < bounds.least_range) | ~(tuning.strength >= bounds.least_strength),
            (size <= bounds.compass_slope) & (tuning.strength > bounds.compass_strength),
            (size <= bounds.weak_slope) & (tuning.strength < bounds.weak_strength),
            tuning.slope > 0,
            tuning.slope < 0,
        ],
        [REMOVED, COMPASS, WEAK, SHIFTER_PLUS, SHIFTER_MINUS],
        WEAK,
    )
