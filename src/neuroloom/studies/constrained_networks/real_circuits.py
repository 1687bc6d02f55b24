"""Arms and claims on the zebrafish's integrator and the larva's mushroom body, for the study."""

from neuroloom.studies.constrained_networks import larva, zebrafish, zebrafish_comparison

__all__ = ["ARMS", "CLAIMS"]

MODULES = (zebrafish, zebrafish_comparison, larva)
ARMS = tuple(module.ARM for module in MODULES)
CLAIMS = tuple(claim for module in MODULES for claim in module.CLAIMS)
