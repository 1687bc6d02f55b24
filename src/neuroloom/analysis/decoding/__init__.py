"""Position decoded from spikes or features: arrays in, paths and tables out.

In the order in which to read: `bins`, `spreading` (diffusion that no wall lets through),
`rate_maps`, `evidence` (log-likelihoods), `decoders`, `paths` (errors with their unit), `chance`
(what must be beaten), `direct` (regression), `running` and `recorded` for an animal's spikes.
"""

from neuroloom.analysis.decoding.bins import SpatialBins
from neuroloom.analysis.decoding.chance import (
    circular_shifts,
    guess_by_occupancy,
    guess_evenly,
    shifted_medians,
    shuffled_medians,
    stay_put,
)
from neuroloom.analysis.decoding.decoders import (
    AbstractDecoder,
    Bayesian,
    MaximumLikelihood,
    MotionFilter,
    MotionSmoother,
    decode_counts,
    decode_features,
)
from neuroloom.analysis.decoding.direct import decode_regression, nearest_neighbors, ridge
from neuroloom.analysis.decoding.evidence import AbstractEvidence, GaussianEvidence, PoissonEvidence
from neuroloom.analysis.decoding.paths import DecodedPath, error_table, path_errors
from neuroloom.analysis.decoding.rate_maps import RateMaps, given_maps, rate_maps
from neuroloom.analysis.decoding.recorded import (
    DECODERS,
    DecodedRecording,
    DecodingConfig,
    decode_recording,
)
from neuroloom.analysis.decoding.running import Running, running_steps, track_length
from neuroloom.analysis.decoding.spreading import Spread, spread_over

__all__ = [
    "DECODERS",
    "AbstractDecoder",
    "AbstractEvidence",
    "Bayesian",
    "DecodedPath",
    "DecodedRecording",
    "DecodingConfig",
    "GaussianEvidence",
    "MaximumLikelihood",
    "MotionFilter",
    "MotionSmoother",
    "PoissonEvidence",
    "RateMaps",
    "Running",
    "SpatialBins",
    "Spread",
    "circular_shifts",
    "decode_counts",
    "decode_features",
    "decode_recording",
    "decode_regression",
    "error_table",
    "given_maps",
    "guess_by_occupancy",
    "guess_evenly",
    "nearest_neighbors",
    "path_errors",
    "rate_maps",
    "ridge",
    "running_steps",
    "shifted_medians",
    "shuffled_medians",
    "spread_over",
    "stay_put",
    "track_length",
]
