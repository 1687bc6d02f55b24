"""Arms and claims on real circuits, for the study: zebrafish, larva, the fly's ring.

The study's config must have the fields `integrator`, `larva`, `larva_locomotion` and
`central_complex` of `real_circuits_config`. The last two need a user's export.
"""

from neuroloom.studies.constrained_networks import central_complex, larva, locomotion
from neuroloom.studies.constrained_networks.zebrafish import arm, comparison

__all__ = ["ARMS", "CLAIMS"]

MODULES = (arm, comparison, larva, locomotion, central_complex)
ARMS = tuple(module.ARM for module in MODULES)
CLAIMS = tuple(claim for module in MODULES for claim in module.CLAIMS)
