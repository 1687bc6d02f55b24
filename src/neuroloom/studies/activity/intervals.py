"""Intervals around predicted activity, and how often they hold what they promise."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.coverage import (
    achieved_coverage,
    conformal_half_width,
    ensemble_half_width,
)
from neuroloom.studies.activity.partition import Partition
from neuroloom.studies.activity.scoring import HELD_OUT

__all__ = ["Intervals", "held_out_intervals"]

LEVEL = 0.95


class Intervals(NamedTuple):
    """Half widths of 95 % intervals, in the unit of the recording.

    Attributes:
        half_width: Of each neuron; of a held-out one from the errors of the other held-out ones.
        coverage: `nominal`, `interval_achieved`, `n`; `ensemble_achieved` from two members on.
    """

    half_width: Float[np.ndarray, " neuron"]
    coverage: dict[str, float]


def held_out_intervals(
    predicted: Float[np.ndarray, "trial time neuron member"], partition: Partition
) -> Intervals:
    """Conformal over held-out neurons: an error never enters the interval of its own neuron.

    Neurons that were not held out get the widest of these intervals. The predictions themselves
    stay as they are.

    Args:
        predicted: By member.
        partition: What was held out and measured.
    """
    recording = partition.recording
    entries = partition.scored[HELD_OUT] & recording.observed
    neuron = np.nonzero(entries)[2]
    error = predicted.mean(axis=-1)[entries] - recording.activity[entries]
    half = conformal_half_width(error, np.ones(error.size, np.int64), neuron, level=LEVEL)
    coverage = {
        "nominal": LEVEL,
        "interval_achieved": achieved_coverage(error, half),
        "n": float(error.size),
    }
    if predicted.shape[-1] > 1:
        spread = ensemble_half_width(predicted[entries], level=LEVEL)
        coverage["ensemble_achieved"] = achieved_coverage(error, spread)
    width = np.full(recording.n_neurons, half.max())
    width[neuron] = half
    return Intervals(width, coverage)
