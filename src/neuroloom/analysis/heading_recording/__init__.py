"""A recording with a heading: what its neurons say of it, and a trained network beside them.

In the order in which to read: `settings`, `heading` (heading and turning from behavior), `steps`
(what counts, folds), `decode` (held-out heading with error and chance), `tuned` (a row a neuron),
`beside` (a network that is shown the same turning, and how alike both populations are).
"""

from neuroloom.analysis.heading_recording.beside import (
    NetworkBeside,
    compare_with_network,
    network_beside,
)
from neuroloom.analysis.heading_recording.decode import DecodedHeading, decode_heading
from neuroloom.analysis.heading_recording.heading import heading_of, turning_of
from neuroloom.analysis.heading_recording.settings import HeadingSettings
from neuroloom.analysis.heading_recording.tuned import heading_table

__all__ = [
    "DecodedHeading",
    "HeadingSettings",
    "NetworkBeside",
    "compare_with_network",
    "decode_heading",
    "heading_of",
    "heading_table",
    "network_beside",
    "turning_of",
]
