"""Anatomy by preferred direction: who sends to whom, how far displaced, and is it the animal's?"""

from neuroloom.analysis.anatomy.circuit import (
    MOTIF,
    Circuit,
    SortedMatrix,
    nine_pairs,
    sorted_matrix,
)
from neuroloom.analysis.anatomy.harmonic import FirstHarmonic, first_harmonic
from neuroloom.analysis.anatomy.nulls import (
    null_circuits,
    null_p_value,
    rewired,
    shuffled_preferred,
)
from neuroloom.analysis.anatomy.offsets import preferred_difference, wrapped
from neuroloom.analysis.anatomy.pair_table import PairNull, PairRow, pair_table
from neuroloom.analysis.anatomy.profile import Profile, connectivity_profile
from neuroloom.analysis.anatomy.resampling import (
    AngleInterval,
    Band,
    ResampledProfiles,
    mean_angle,
    over_networks,
    resampled_profiles,
)
from neuroloom.analysis.anatomy.resemblance import PairResemblance, Resemblance, resemblance
from neuroloom.analysis.anatomy.rewiring import rewire_weights
from neuroloom.analysis.anatomy.spectrum import WeightSpectrum, harmonic_share, weight_spectrum
from neuroloom.analysis.anatomy.tiling import Tiling, gaps_around, preferred_tiling

__all__ = [
    "MOTIF",
    "AngleInterval",
    "Band",
    "Circuit",
    "FirstHarmonic",
    "PairNull",
    "PairResemblance",
    "PairRow",
    "Profile",
    "ResampledProfiles",
    "Resemblance",
    "SortedMatrix",
    "Tiling",
    "WeightSpectrum",
    "connectivity_profile",
    "first_harmonic",
    "gaps_around",
    "harmonic_share",
    "mean_angle",
    "nine_pairs",
    "null_circuits",
    "null_p_value",
    "over_networks",
    "pair_table",
    "preferred_difference",
    "preferred_tiling",
    "resampled_profiles",
    "resemblance",
    "rewire_weights",
    "rewired",
    "shuffled_preferred",
    "sorted_matrix",
    "weight_spectrum",
    "wrapped",
]
