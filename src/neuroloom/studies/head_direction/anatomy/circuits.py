"""Networks as anatomy sees them: weights, preferred directions, and classes by a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from neuroloom.analysis.anatomy import Circuit
from neuroloom.networks import TaskNetwork
from neuroloom.studies.head_direction.classes.units import Units, units_of
from neuroloom.studies.head_direction.trained.config import Setting
from neuroloom.studies.head_direction.trained.networks import trained_networks, untrained_network

if TYPE_CHECKING:
    from neuroloom.studies.framework import Context
    from neuroloom.studies.head_direction.config import HeadDirectionConfig

__all__ = ["as_circuit", "circuit_of", "untrained_circuit"]


def circuit_of(
    setting: Setting,
    seed: int,
    rule: str,
    config: HeadDirectionConfig,
    context: Context,
    *,
    decoded: bool = False,
) -> Circuit:
    """The trained network of a seed, with the classes of a rule, and supersets by slope.

    Args:
        setting: Of the ensemble.
        seed: Of the network.
        rule: One of `RULES`.
        config: Of the study.
        context: Of the cell.
        decoded: Whether preferred directions are of the decoded heading, not the true one.
    """
    (network,) = trained_networks(setting, [seed], config, context)
    units = units_of(setting, seed, config, context)
    preferred = units.preferred_decoded if decoded else units.tuning.preferred
    return as_circuit(network, preferred, units, rule, "trained")


def untrained_circuit(
    setting: Setting, seed: int, rule: str, config: HeadDirectionConfig, context: Context
) -> Circuit:
    """The network of a seed before training, with classes and preferred directions of its own.

    Args:
        setting: Of the ensemble.
        seed: Of the network.
        rule: One of `RULES`.
        config: Of the study.
        context: Of the cell.
    """
    network = untrained_network(setting, seed, config.trained)
    units = units_of(setting, seed, config, context, trained=False)
    return as_circuit(network, units.tuning.preferred, units, rule, "untrained")


def as_circuit(
    network: TaskNetwork,
    preferred: Float[np.ndarray, " neuron"],
    units: Units,
    rule: str,
    name: str,
) -> Circuit:
    """A network with the classes that its units were sorted into, and supersets by their slope.

    Args:
        network: Its weights are W[post, pre].
        preferred: Preferred direction of each unit, in rad.
        units: Sorted.
        rule: One of `RULES`.
        name: For tables.
    """
    weight = np.asarray(network.weight, float)
    made = Circuit(weight, preferred.astype(float), units.classes[rule], name=name)
    return made.with_supersets(units.tuning.slope.astype(float))
