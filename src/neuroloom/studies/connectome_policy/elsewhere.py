"""What is left of a policy where it did not learn: other bodies, damage, noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from neuroloom.connectome import KINDS, Connectome
from neuroloom.errors import InputError
from neuroloom.networks.policies import (
    AbstractPolicy,
    AnatomicalPorts,
    CircuitPolicy,
    NcapPolicy,
    NeighborPolicy,
    flatten,
)
from neuroloom.studies.connectome_policy.bodies import body
from neuroloom.tasks.control import ControlTask, Noisy

__all__ = ["elsewhere", "on_body", "with_share_cut", "without_class"]

ELECTRICAL = KINDS.index("electrical")
CUT = 78  # stream of which weights are cut


def elsewhere(
    policy: AbstractPolicy,
    wired: Connectome | None,
    *,
    numbers: Any,
    n_links: int,
    seed: int,
    moved_ports: bool,
) -> Iterator[tuple[str, AbstractPolicy, ControlTask]]:
    """Bodies, lesions and noise that the search never met; nothing learns again.

    Where a class of cells is cut, a controller without cells loses nothing.

    Args:
        policy: As learned.
        wired: The policy's own; none of simple controllers.
        numbers: `WiringConfig`.
        n_links: Of the body in which it learned.
        seed: Of the cell.
        moved_ports: Whether its ports were shuffled: then it has none in another body.
    """
    task = body(n_links, numbers.n_steps)
    yield "as learned", policy, task
    for sd in numbers.noise:
        yield f"noise {sd:g}", policy, Noisy(task, sd)
    if not moved_ports:
        for links in numbers.links:
            other = body(links, numbers.n_steps)
            there = on_body(policy, wired, other)
            if there is not None:
                yield f"{links} links", there, other
    for cell_type in numbers.lesioned:
        cut = policy
        if isinstance(policy, CircuitPolicy) and wired is not None:
            cut = without_class(policy, wired, cell_type)
        yield f"without {cell_type}", cut, task
    for share in numbers.cut:
        rng = np.random.default_rng([CUT, seed])
        yield f"{share:.0%} of weights cut", with_share_cut(policy, share, rng=rng), task


def on_body(
    policy: AbstractPolicy, wired: Connectome | None, task: ControlTask
) -> AbstractPolicy | None:
    """The same controller with the same parameters in another body; none where it does not fit.

    Args:
        policy: As learned; its ports must not be shuffled.
        wired: Its wiring, of a circuit.
        task: The other body.
    """
    if isinstance(policy, NeighborPolicy):
        return policy.for_joints(task.n_observations, task.joint_angles)
    if isinstance(policy, NcapPolicy) and policy.weights.prop.size == 1:
        made = NcapPolicy.for_joints(task.n_observations, task.joint_angles, period=policy.period)
        return eqx.tree_at(lambda p: p.weights, made, policy.weights)
    if not isinstance(policy, CircuitPolicy) or wired is None:
        return None
    fresh = AnatomicalPorts.from_connectome(
        wired, n_observations=task.n_observations, joint_angles=task.joint_angles
    )
    old = policy.ports
    assert isinstance(old, AnatomicalPorts)
    ports = eqx.tree_at(
        lambda p: (p.gains, p.log_period, p.log_output),
        fresh,
        (old.gains, old.log_period, old.log_output),
    )
    return replace(
        policy, ports=ports, n_observations=task.n_observations, n_actions=task.n_actions
    )


def without_class(policy: CircuitPolicy, wired: Connectome, cell_type: str) -> CircuitPolicy:
    """The same circuit with every connection of a class cut.

    Args:
        policy: As learned.
        wired: Its wiring.
        cell_type: The class.

    Raises:
        InputError: If the circuit has no such class.
    """
    mine = wired.column("cell_type") == cell_type
    if not mine.any():
        raise InputError(
            f"`lesioned` must be classes of the circuit; {wired.name} has no {cell_type}. It has "
            f"{', '.join(sorted(set(wired.column('cell_type').tolist())))}."
        )
    touched = mine[wired.pre] | mine[wired.post]
    chemical = wired.kind != ELECTRICAL
    joined = ~chemical & (wired.pre != wired.post)
    policy = eqx.tree_at(
        lambda p: p.magnitude, policy, np.where(touched[chemical], 0.0, policy.magnitude)
    )
    if policy.gap_magnitude is None:
        return policy
    cut = np.tile(touched[joined], 2)
    return eqx.tree_at(lambda p: p.gap_magnitude, policy, np.where(cut, 0.0, policy.gap_magnitude))


def with_share_cut(
    policy: AbstractPolicy, share: float, *, rng: np.random.Generator
) -> AbstractPolicy:
    """A controller without a random share of its weights.

    Of a circuit connections are cut, not the parameters that they share; likewise weights that all
    joints share are cut at each joint apart.

    Args:
        policy: As learned.
        share: Of its weights, 0 to 1.
        rng: Which.
    """
    if isinstance(policy, CircuitPolicy):
        return _with_connections_cut(policy, share, rng)
    if isinstance(policy, NeighborPolicy):
        policy = policy.written_out()
    if isinstance(policy, NcapPolicy) and policy.weights.prop.size == 1:
        whole = NcapPolicy.for_joints(
            policy.n_observations, policy.joint_angles, shared=False, period=policy.period
        )
        weights = jax.tree.map(
            lambda one, all_of_it: jnp.broadcast_to(one, all_of_it.shape),
            policy.weights,
            whole.weights,
        )
        policy = eqx.tree_at(lambda p: p.weights, whole, weights)
    vector, rebuild = flatten(policy)
    return rebuild(_with_cut(vector, share, rng=rng))


def _with_connections_cut(
    policy: CircuitPolicy, share: float, rng: np.random.Generator
) -> CircuitPolicy:
    left = _with_cut(policy.magnitude, share, rng=rng)
    policy = eqx.tree_at(lambda p: p.magnitude, policy, left)
    if policy.gap_magnitude is None:
        return policy
    one_way = policy.gap_magnitude[: len(policy.gap_magnitude) // 2]  # both ways are cut together
    both = np.tile(_with_cut(one_way, share, rng=rng), 2)
    return eqx.tree_at(lambda p: p.gap_magnitude, policy, both)


def _with_cut(values: np.ndarray, share: float, *, rng: np.random.Generator) -> np.ndarray:
    cut = rng.permutation(values.size) < round(share * values.size)
    return np.where(cut, 0.0, values)
