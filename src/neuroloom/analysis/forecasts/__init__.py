"""Scores of forecasts: arrays in, tables out; every score says over what it was averaged.

In the order in which to read: `sums` (what adds up), `measures` (the scores), `resampling` (the
intervals), `next_step` (the table), `coupling_gain`; then `horizons` and `spectra` for rollouts,
`spikes`, `few_shot`, `repeats` and `decoding` for spikes, `over_recordings` for several recordings.
"""

from neuroloom.analysis.forecasts.coupling_gain import coupling_gain, gain_blocks
from neuroloom.analysis.forecasts.decoding import Decoded, decode_behavior
from neuroloom.analysis.forecasts.few_shot import FewShot, few_shot_co_smoothing
from neuroloom.analysis.forecasts.horizons import horizon_scores
from neuroloom.analysis.forecasts.measures import ACTIVITY, SPIKES, Measure, Scoring
from neuroloom.analysis.forecasts.next_step import forecast_scores, neuron_scores
from neuroloom.analysis.forecasts.over_recordings import over_recordings
from neuroloom.analysis.forecasts.repeats import condition_means, psth_r2
from neuroloom.analysis.forecasts.resampling import (
    AbstractResampling,
    OverBlocks,
    OverNeurons,
    block_length,
)
from neuroloom.analysis.forecasts.spectra import spectrum_error, spectrum_scores
from neuroloom.analysis.forecasts.spikes import (
    bits_per_spike,
    co_smoothing,
    forward_prediction,
    mcfadden_r2,
    poisson_d2,
)

__all__ = [
    "ACTIVITY",
    "SPIKES",
    "AbstractResampling",
    "Decoded",
    "FewShot",
    "Measure",
    "OverBlocks",
    "OverNeurons",
    "Scoring",
    "bits_per_spike",
    "block_length",
    "co_smoothing",
    "condition_means",
    "coupling_gain",
    "decode_behavior",
    "few_shot_co_smoothing",
    "forecast_scores",
    "forward_prediction",
    "gain_blocks",
    "horizon_scores",
    "mcfadden_r2",
    "neuron_scores",
    "over_recordings",
    "poisson_d2",
    "psth_r2",
    "spectrum_error",
    "spectrum_scores",
]
