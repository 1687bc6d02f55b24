"""Controllers by the name of their arm: the circuit, its nulls, its ports, and simple ones."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from neuroloom import datasets
from neuroloom.connectome import Connectome
from neuroloom.connectome.block_nulls import (
    block_model,
    erdos_renyi_blocks,
    permute_weights,
    rewire_blocks,
    rewire_gap_junctions,
    shuffle_signs,
    with_group,
)
from neuroloom.networks.policies import (
    AbstractPolicy,
    AnatomicalPorts,
    CircuitPolicy,
    LeakyRate,
    LinearPolicy,
    NcapPolicy,
    NeighborPolicy,
    PerceptronPolicy,
    RecurrentPolicy,
    Sharing,
    shuffle_ports,
)
from neuroloom.studies.connectome_policy.config import SIMPLE, TUNED, Tuned
from neuroloom.tasks.control import ControlTask

__all__ = [
    "NULLS",
    "PERIOD",
    "circuit_of",
    "controller",
    "drawn_wiring",
    "simple_controller",
]

PERIOD = 60.0  # control steps, 2.4 s
LOG_TO_NEURONS, LOG_TO_MUSCLES, LOG_GAP, LOGIT_LEAK = -3.0, 0.0, -4.0, 2.0
LOG_TONIC, LOG_STRETCH_A = -5.0, -3.0
"""Where every search of a circuit begins, real or not: neurons hardly hear each other, B cells
their joints, and the body earns nothing. Chosen on seeds below 10."""
COUNT_SCALE = 0.1


def _rewired_within(*columns: str) -> Callable[..., Connectome]:
    """Degrees and signs kept from each group of cells to each."""

    def rewired(circuit: Connectome, *, rng: np.random.Generator) -> Connectome:
        return rewire_blocks(with_group(circuit, "node_kind", *columns), rng=rng, by="group")

    return rewired


NULLS: dict[str, Callable[..., Connectome]] = {
    "rewired": rewire_blocks,
    "rewired, sides kept": _rewired_within("side_dv"),
    "rewired, segments kept": _rewired_within("segment"),
    "rewired, sides and segments kept": _rewired_within("side_dv", "segment"),
    "class blocks": block_model,
    "weights permuted": permute_weights,
    "random": erdos_renyi_blocks,
    "signs shuffled": shuffle_signs,
    "gap junctions rewired": rewire_gap_junctions,
}


def circuit_of(name: str) -> Connectome:
    """The dataset of a circuit.

    Args:
        name: Of the dataset.
    """
    return datasets.connectome(name)


def drawn_wiring(circuit: Connectome, wiring: str, seed: int, draw: int) -> Connectome:
    """The circuit, or a null of it.

    Args:
        circuit: The real one.
        wiring: Name of the arm.
        seed: Of the cell.
        draw: Which draw of the seed.
    """
    name = wiring.removesuffix(", ports across classes")
    if name not in NULLS:
        return circuit
    return NULLS[name](circuit, rng=_rng(name, seed, draw))


def controller(
    circuit: Connectome, wiring: str, task: ControlTask, *, seed: int, draw: int = 0
) -> CircuitPolicy:
    """The circuit of an arm at the start of every search, with 14 shared parameters.

    Args:
        circuit: The real one.
        wiring: Name of the arm.
        task: With joint angles.
        seed: Of nulls and ports.
        draw: Which draw of the seed.
    """
    wired = drawn_wiring(circuit, wiring, seed, draw)
    ports = AnatomicalPorts.from_connectome(
        wired, n_observations=task.n_observations, joint_angles=task.joint_angles, period=PERIOD
    )
    if "ports" in wiring:
        within = "within" in wiring
        ports = shuffle_ports(
            ports, wired, within_class=within, rng=_rng(f"ports {within}", seed, draw)
        )
    tonic = jnp.asarray(LOG_TONIC)
    gains = ports.gains._replace(tonic_b=tonic, tonic_a=tonic, stretch_a=jnp.asarray(LOG_STRETCH_A))
    ports = eqx.tree_at(lambda p: p.gains, ports, gains)
    policy = CircuitPolicy.from_connectome(
        wired, ports, level=LeakyRate(), sharing=Sharing.BLOCK, count_scale=COUNT_SCALE
    )
    assert policy.log_gap is not None
    assert policy.raw_leak is not None
    return eqx.tree_at(
        lambda p: (p.log_weight, p.log_gap, p.raw_leak),
        policy,
        (
            jnp.asarray(_by_target(policy), policy.log_weight.dtype),
            jnp.full_like(policy.log_gap, LOG_GAP),
            jnp.full_like(policy.raw_leak, LOGIT_LEAK),
        ),
    )


def _by_target(policy: CircuitPolicy) -> np.ndarray:
    """First log-weight of each group, by whether its targets are muscles."""
    first = np.empty(policy.group.max() + 1)
    onto = policy.is_muscle[np.asarray(policy.wiring.post)]
    first[policy.group] = np.where(onto, LOG_TO_MUSCLES, LOG_TO_NEURONS)
    return first


def simple_controller(
    name: str, task: ControlTask, *, seed: int, tuned: Tuned | None = None
) -> AbstractPolicy:
    """A controller without the circuit.

    Args:
        name: Of the arm.
        task: What it controls.
        seed: Of its first weights.
        tuned: Its hidden units and gain; by default those that were chosen.
    """
    chosen = tuned or TUNED[name]
    units, gain = chosen.units, chosen.gain
    sizes = task.n_observations, task.n_actions
    key = jax.random.key(seed)
    linear, alike, everything, perceptron, recurrent, ncap, ncap_alike = SIMPLE
    made: dict[str, Callable[[], AbstractPolicy]] = {
        linear: lambda: LinearPolicy.zeros(*sizes, used=task.joint_angles, bias=False),
        alike: lambda: NeighborPolicy.zeros(task.n_observations, task.joint_angles),
        everything: lambda: LinearPolicy.zeros(*sizes, bias=False),
        perceptron: lambda: PerceptronPolicy.random(
            *sizes, hidden=(units, units), gain=gain, key=key
        ),
        recurrent: lambda: RecurrentPolicy.random(*sizes, n_units=units, gain=gain, key=key),
        ncap: lambda: _ncap(task, shared=False),
        ncap_alike: lambda: _ncap(task, shared=True),
    }
    return made[name]()


def _ncap(task: ControlTask, *, shared: bool) -> NcapPolicy:
    return NcapPolicy.for_joints(
        task.n_observations, task.joint_angles, shared=shared, period=round(PERIOD)
    )


def _rng(name: str, seed: int, draw: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(name.encode()), seed, draw])
