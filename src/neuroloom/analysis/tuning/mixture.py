"""Our rule for the classes: a mixture on slopes, held against what noise alone would give."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped

from neuroloom.analysis.tuning.cell_class import (
    COMPASS,
    REMOVED,
    SHIFTER_MINUS,
    SHIFTER_PLUS,
    WEAK,
)
from neuroloom.analysis.tuning.head_direction import HeadDirectionTuning
from neuroloom.analysis.tuning.slope_mixture import SlopeMixture, fit_slope_mixtures
from neuroloom.analysis.tuning.tuning_null import TuningNull
from neuroloom.errors import InputError

__all__ = ["MixtureClasses", "MixtureRule", "mixture_classes"]


@dataclass(frozen=True)
class MixtureRule:
    """Constants of the rule. All are parts or chances: no scale of rates or velocities is in them.

    Attributes:
        least_range: Units whose rate varies by less than this part of the largest range of any
            unit are removed.
        least_explained: Units of whose variance heading explains a smaller part are weak; 0 leaves
            it to the null. Without noise the null alone is passed by traces of the cue.
        level: A unit is tuned to heading where the null of any unit gets as far with at most this
            chance.
        least_sd: No kind of unit is narrower in relative slope.
        largest_sd: The kind around 0 is not wider: 2 SD are then the published bound of a compass
            unit, .0175 per deg/step x 2.86 deg/step / .735.
    """

    least_range: float = 0.01
    least_explained: float = 0.2
    level: float = 0.05
    least_sd: float = 0.01
    largest_sd: float = 0.034

    def __post_init__(self):
        bad = {
            name: value
            for name, value in vars(self).items()
            if not (0 < value < 1 or (name == "least_explained" and value == 0))
        }
        if bad or self.least_sd > self.largest_sd:
            raise InputError(
                "Constants of the rule must be above 0 and below 1, `least_sd` at most "
                f"`largest_sd`; got {bad or vars(self)}. They are parts and chances."
            )


@dataclass(frozen=True)
class MixtureClasses:
    """Classes by the mixture, and how sure they are.

    Attributes:
        classes: Of each unit.
        probability: Of each unit to be shifter-, compass, shifter+; NaN for weak and removed units.
        slope: Relative slope that was sorted: change of the rate over one SD of angular velocity,
            as a part of the strength; NaN for weak and removed units.
        noise: Standard deviation of its noise.
        tuned: Whether heading explains more than under the null, and enough.
        p_slope: Chance of such a slope under the null, of each unit alone.
        chosen: The mixture of the smallest BIC.
        mixtures: All that were fitted; the first says that all slopes are 0.
    """

    classes: Shaped[np.ndarray, " neuron"]
    probability: Float[np.ndarray, "neuron 3"]
    slope: Float[np.ndarray, " neuron"]
    noise: Float[np.ndarray, " neuron"]
    tuned: Bool[np.ndarray, " neuron"]
    p_slope: Float[np.ndarray, " neuron"]
    chosen: SlopeMixture
    mixtures: tuple[SlopeMixture, ...]

    @property
    def gain_over_null(self) -> float:
        """How much smaller the BIC is than if every true slope were 0; 0 if that was chosen."""
        return self.mixtures[0].bic - self.chosen.bic


def mixture_classes(
    tuning: HeadDirectionTuning, null: TuningNull, *, rule: MixtureRule | None = None
) -> MixtureClasses:
    """Class of every unit by a mixture on relative slopes, with the noise of each slope known.

    Removed: the rate hardly varies. Weak: heading explains no more than headings of other trials
    do, or little of the variance. The slopes of the others, with the noise that the null
    gives them, are taken for a mixture of kinds: around 0 (compass), above (shifter+), below
    (shifter-). Which kinds there are is chosen by BIC, "all slopes are 0" among the choices; a unit
    gets the kind that is most probable.

    Args:
        tuning: Of the units.
        null: Of the same units.
        rule: Default as described in `MixtureRule`.

    Returns:
        Classes do not change if all rates, or all velocities, are multiplied by a number.

    Raises:
        InputError: If the null is of other units.

    Source:
        Ours. To be shown beside `published_classes`.
    """
    rule = rule or MixtureRule()
    if len(null.measured_slope) != len(tuning.slope):
        raise InputError(
            f"`null` must be of the same units as `tuning`; got {len(null.measured_slope)} and "
            f"{len(tuning.slope)}. Make it with `tuning_null` from the same rates."
        )
    largest = np.nanmax(tuning.rate_range, initial=0.0)
    active = tuning.rate_range > rule.least_range * largest  # NaN compares false
    enough = null.measured_explained >= rule.least_explained
    tuned = active & enough & (null.p_explained <= rule.level)
    scale = tuning.velocity_sd / np.where(tuned, tuning.strength, np.nan)
    slope, noise = null.measured_slope * scale, null.noise * scale
    sorted_by_slope = tuned & np.isfinite(slope) & np.isfinite(noise)
    b, s = slope[sorted_by_slope], noise[sorted_by_slope]
    mixtures = fit_slope_mixtures(b, s, least_sd=rule.least_sd, largest_sd=rule.largest_sd)
    chosen = min(mixtures, key=lambda mixture: mixture.bic)
    probability = np.full((len(slope), 3), np.nan)
    probability[sorted_by_slope] = chosen.probability(b, s)
    most = np.argmax(np.nan_to_num(probability), axis=1)
    classes = np.select(
        [~active, ~sorted_by_slope, most == 2, most == 0],
        [REMOVED, WEAK, SHIFTER_PLUS, SHIFTER_MINUS],
        COMPASS,
    )
    return MixtureClasses(classes, probability, slope, noise, tuned, null.p_slope, chosen, mixtures)
