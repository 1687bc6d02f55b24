"""Networks wired as the fly, trained once a source, choice and seed, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from neuroloom.connectome import Connectome, rewire_within_type
from neuroloom.errors import SimulationError
from neuroloom.fitting.tasks import TaskTraining, fit_task, gains_and_biases
from neuroloom.networks import TaskNetwork
from neuroloom.studies.head_direction.animal.config import WiredConfig
from neuroloom.studies.head_direction.animal.wired import fly_network, only_gains_and_biases
from neuroloom.tasks import AngularIntegration

if TYPE_CHECKING:
    from neuroloom.studies.framework import Context

__all__ = ["FLY", "MAPS", "ONLY", "REWIRED", "TRAINABLE", "WIRINGS", "wired_networks", "wirings"]

ONLY = "gains and biases"
MAPS = "gains, biases, inputs and outputs"
TRAINABLE: Mapping[str, Callable[[TaskNetwork], Any]] = {
    ONLY: only_gains_and_biases,
    MAPS: gains_and_biases,
}
"""What is trained: nothing but gains and biases; or also what neurons hear of the task, what is
read, and the state at the start."""
FLY, REWIRED = "fly", "rewired within types"
WIRINGS = (FLY, REWIRED)
TRAINING = 5
"""Tells the key of training from those of other draws of a seed."""


def wirings(compass: Connectome, seed: int) -> dict[str, Connectome]:
    """The fly's wiring and its null: who meets whom is random within pairs of types.

    Numbers of connections of every neuron, by sign and between every two types, stay.

    Args:
        compass: From `fly_compass`.
        seed: Decides the null.
    """
    rng = np.random.default_rng([71, seed])
    typed = rewire_within_type(compass, rng=rng)
    return {FLY: compass, REWIRED: typed}


def wired_networks(
    compass: Connectome, what: str, seed: int, config: WiredConfig, context: Context
) -> dict[str, TaskNetwork]:
    """The fly's wiring and its null, trained alike, as one program; made once and kept.

    Args:
        compass: From `fly_compass`.
        what: Of `TRAINABLE`.
        seed: Of both.
        config: Numbers.
        context: Of the cell; its cache keeps the networks.

    Raises:
        SimulationError: If a training diverged.
    """
    made = wirings(compass, seed)
    starts = {name: fly_network(own, config, seed=seed) for name, own in made.items()}
    ends = [np.stack([c.pre, c.post, c.count * c.sign]) for c in made.values()]
    parts = (ends, compass.column("preferred_rad"), what, seed, config)
    kept = context.cached(
        "fly-wired-networks", parts, partial(_train, starts, what, seed, config, context)
    )
    return {name: _restored(start, name, kept) for name, start in starts.items()}


def _train(
    starts: Mapping[str, TaskNetwork], what: str, seed: int, config: WiredConfig, context: Context
) -> dict[str, np.ndarray]:
    name = f"{context.checkpoint.name}-{len(what)}-{seed}"
    fit = fit_task(
        list(starts.values()),
        AngularIntegration(n_steps=config.n_steps),
        training=TaskTraining(
            batch_size=config.batch_size,
            n_updates=config.n_updates,
            curriculum=config.curriculum,
            learning_rate=config.learning_rate,
            final_rate=config.final_rate,
            weight_decay=0.0,
            noise=config.noise,
        ),
        key=jax.random.fold_in(jax.random.key(seed), TRAINING),
        trainable=TRAINABLE[what],
        checkpoint=context.checkpoint.with_name(name),
        progress=context.progress,
    )
    if not fit.finished:
        raise KeyboardInterrupt
    if fit.failures:
        raise SimulationError(
            f"Networks wired as the fly must stay finite; {'; '.join(fit.failures)}. Lower "
            "`animal.wired.learning_rate`."
        )
    found = {}
    for name, network in zip(starts, fit.networks, strict=True):
        for i, leaf in enumerate(jax.tree.leaves(eqx.filter(network, eqx.is_array))):
            found[f"{name}/{i}"] = np.asarray(leaf)
    return found


def _restored(start: TaskNetwork, name: str, arrays: Mapping[str, np.ndarray]) -> TaskNetwork:
    values, rest = eqx.partition(start, eqx.is_array)
    leaves, form = jax.tree.flatten(values)
    own = [jnp.asarray(arrays[f"{name}/{i}"], leaf.dtype) for i, leaf in enumerate(leaves)]
    return eqx.combine(jax.tree.unflatten(form, own), rest)
