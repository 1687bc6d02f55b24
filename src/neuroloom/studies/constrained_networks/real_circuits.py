"""Arms and claims on real circuits, for the study: zebrafish, larva, the fly's ring.

The study's config must have the fields `integrator`, `larva` and `central_complex` of
`real_circuits_config`. Left out: the larva's locomotion (Fig. 5 a-c), whose matrices and targets
are not in what we have.
"""

from neuroloom.studies.constrained_networks import central_complex, larva
from neuroloom.studies.constrained_networks.zebrafish import arm, comparison

__all__ = ["ARMS", "CLAIMS"]

MODULES = (arm, comparison, larva, central_complex)
ARMS = tuple(module.ARM for module in MODULES)
CLAIMS = tuple(claim for module in MODULES for claim in module.CLAIMS)
