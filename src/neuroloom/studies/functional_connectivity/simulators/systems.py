"""Any benchmark system from its config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroloom.studies.functional_connectivity.simulators.cell_types import simulate_cell_types
from neuroloom.studies.functional_connectivity.simulators.config import (
    CalciumConfig,
    CellTypesConfig,
    PartlySeenConfig,
    PoissonConfig,
    RegionsConfig,
    RingConfig,
    SpikingRingConfig,
    SystemConfig,
    TaskTrainedConfig,
)
from neuroloom.studies.functional_connectivity.simulators.observation import (
    partly_seen,
    simulate_calcium,
)
from neuroloom.studies.functional_connectivity.simulators.poisson import simulate_poisson
from neuroloom.studies.functional_connectivity.simulators.regions import simulate_regions
from neuroloom.studies.functional_connectivity.simulators.ring import (
    simulate_ring,
    simulate_spiking_ring,
)
from neuroloom.studies.functional_connectivity.simulators.simulated import Simulated

if TYPE_CHECKING:
    from neuroloom.studies.constrained_networks.teachers.making import Cached

__all__ = ["simulate_system"]


def simulate_system(
    config: SystemConfig, *, rng: np.random.Generator, cached: Cached | None = None
) -> Simulated:
    """Activity and true connectivity of a system.

    Args:
        config: Which one, with its numbers; `config.SUITE` has those of the benchmark by name.
        rng: All randomness: the same state gives the same bytes.
        cached: `Context.cached` of a cell; used by what is trained first.

    Example:
        >>> simulate_system(RingConfig(n_steps=100), rng=np.random.default_rng(0))
        Simulated(rate, 1 x 100 steps of 1 s, 100 of 100 neurons seen, 4,600 edges)
    """
    match config:
        case CellTypesConfig():
            return simulate_cell_types(config, rng=rng)
        case PartlySeenConfig():
            whole = simulate_system(config.system, rng=rng, cached=cached)
            return partly_seen(whole, config.fraction, rng=rng)
        case CalciumConfig():
            return simulate_calcium(config, rng=rng)
        case RingConfig():
            return simulate_ring(config, rng=rng)
        case SpikingRingConfig():
            return simulate_spiking_ring(config, rng=rng)
        case PoissonConfig():
            return simulate_poisson(config, rng=rng)
        case RegionsConfig():
            return simulate_regions(config, rng=rng)
        case TaskTrainedConfig():
            from neuroloom.studies.functional_connectivity.simulators.task_trained import (
                simulate_task_trained,
            )

            return simulate_task_trained(config, rng=rng, cached=cached)
