"""Trained networks, made once a setting and seed, and kept for all parts of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuroloom.errors import SimulationError
from neuroloom.fitting.tasks import TaskTraining, fit_task
from neuroloom.networks import TaskNetwork, all_to_all
from neuroloom.networks.activations import AbstractActivation, Relu, Retanh, Tanh
from neuroloom.runs import config_hash
from neuroloom.studies.head_direction.trained.config import Setting, TrainedConfig
from neuroloom.tasks import AngularIntegration, Ring, SineCosine, Trials

if TYPE_CHECKING:
    from neuroloom.studies.framework import Context
    from neuroloom.studies.head_direction.config import HeadDirectionConfig

__all__ = [
    "DT",
    "held_out_trials",
    "kept_seeds",
    "resting_inputs",
    "task_of",
    "trained_networks",
    "training_of",
    "untrained_network",
    "what_trains",
]

DT = 0.025  # s
ACTIVATIONS: dict[str, AbstractActivation] = {"retanh": Retanh(), "tanh": Tanh(), "relu": Relu()}
TRAINING, TEST, TUNING = 6, 7, 8
"""Keys of trials follow from (seed, one of these), so that no test is a training trial."""
WHAT_TRAINS = (
    "n_neurons",
    "n_steps",
    "batch_size",
    "n_updates",
    "learning_rate",
    "final_rate",
    "curriculum",
    "n_outputs",
)


def task_of(
    setting: Setting, config: TrainedConfig, n_steps: int | None = None
) -> AngularIntegration:
    """The task at the setting's range of angular velocity, in the setting's code.

    Args:
        setting: Of the ensemble.
        config: Numbers of the part.
        n_steps: Length of a trial; default that of training.
    """
    code = SineCosine() if setting.code == "sine-cosine" else Ring(config.n_outputs)
    return AngularIntegration(
        dt=DT, n_steps=n_steps or config.n_steps, speed=setting.speed, code=code
    )


def untrained_network(setting: Setting, seed: int, config: TrainedConfig) -> TaskNetwork:
    """The network of a seed before any training: where it starts, and a null of its anatomy.

    Args:
        setting: Of the ensemble.
        seed: Decides all weights.
        config: Numbers of the part.
    """
    return TaskNetwork.from_connectome(
        all_to_all(config.n_neurons),
        n_inputs=3,
        n_outputs=2 if setting.code == "sine-cosine" else config.n_outputs,
        key=jax.random.key(seed),
        activation=ACTIVATIONS[setting.activation],
    )


def trained_networks(
    setting: Setting, seeds: Sequence[int], config: HeadDirectionConfig, context: Context
) -> list[TaskNetwork]:
    """The trained networks of these seeds, in their order.

    Each is trained once and kept, whichever part asks first; a network of a seed is the same one
    whatever else is trained.

    Args:
        setting: Of the ensemble; `DEFAULT` is the published one.
        seeds: Any; those of the study are `config.seeds`.
        config: Of the study.
        context: Of the cell; its cache keeps the networks.

    Raises:
        SimulationError: If the training of one of these seeds diverged; `kept_seeds` says of which
            it did not.
    """
    found = []
    for seed in seeds:
        arrays = training_of(setting, seed, config, context)
        if "diverged" in arrays:
            raise SimulationError(
                f"Training must come to an end; that of seed {seed} diverged. Leave this seed out "
                "(`kept_seeds`), or lower `learning_rate`."
            )
        found.append(_restored(setting, seed, arrays, config.trained))
    return found


def kept_seeds(
    setting: Setting, seeds: Sequence[int], config: HeadDirectionConfig, context: Context
) -> list[int]:
    """Those of these seeds whose training did not diverge; trains what is not trained yet.

    Args:
        setting: Of the ensemble.
        seeds: Any.
        config: Of the study.
        context: Of the cell.
    """
    return [s for s in seeds if "diverged" not in training_of(setting, s, config, context)]


def training_of(
    setting: Setting, seed: int, config: HeadDirectionConfig, context: Context
) -> Mapping[str, np.ndarray]:
    """What training a network left: its weights, and `history` of (updates done, squared error).

    Args:
        setting: Of the ensemble.
        seed: Of the network.
        config: Of the study.
        context: Of the cell.

    Returns:
        With an entry `diverged`, and nothing else, where training did.
    """
    trained = config.trained
    parts = (setting, what_trains(trained), seed)
    make = partial(_train, setting, seed, trained, context)
    return context.cached("head-direction-network", parts, make)


def what_trains(config: TrainedConfig) -> dict[str, object]:
    """The numbers that weights depend on; others may change without another training.

    Args:
        config: Numbers of the part.
    """
    return {name: getattr(config, name) for name in WHAT_TRAINS}


def _train(
    setting: Setting, seed: int, config: TrainedConfig, context: Context
) -> dict[str, np.ndarray]:
    name = f"{context.checkpoint.name}-{config_hash(setting, {})}-{seed}"
    checkpoint = context.checkpoint.with_name(name)
    try:
        fit = fit_task(
            [untrained_network(setting, seed, config)],
            task_of(setting, config),
            training=TaskTraining(
                batch_size=config.batch_size,
                n_updates=config.n_updates,
                learning_rate=config.learning_rate,
                final_rate=config.final_rate,
                noise=setting.noise,
                activity_penalty=setting.activity_penalty,
                weight_penalty=setting.weight_penalty,
                curriculum=config.curriculum,
            ),
            key=jax.random.fold_in(jax.random.key(seed), TRAINING),
            checkpoint=checkpoint,
            progress=context.progress,
        )
    except SimulationError as error:
        return {"diverged": np.array(str(error))}
    if not fit.finished:
        raise KeyboardInterrupt
    leaves = jax.tree.leaves(eqx.filter(fit.networks[0], eqx.is_array))
    return {
        "history": fit.history[["update", "error"]].to_numpy(float),
        **{f"leaf-{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)},
    }


def _restored(
    setting: Setting, seed: int, arrays: Mapping[str, np.ndarray], config: TrainedConfig
) -> TaskNetwork:
    """Leaves are those that were kept, in the order of the network's own."""
    values, rest = eqx.partition(untrained_network(setting, seed, config), eqx.is_array)
    leaves, form = jax.tree.flatten(values)
    own = [jnp.asarray(arrays[f"leaf-{i}"], leaf.dtype) for i, leaf in enumerate(leaves)]
    return eqx.combine(jax.tree.unflatten(form, own), rest)


def held_out_trials(
    setting: Setting,
    seed: int,
    config: TrainedConfig,
    *,
    n_steps: int,
    part: str = "test",
    n: int | None = None,
) -> Trials:
    """Trials that no training has seen; the same for every part of the study.

    Args:
        setting: Its range of angular velocity and its code.
        seed: Of the network.
        config: Numbers of the part.
        n_steps: Length of a trial.
        part: `test` is scored; `tuning` is for what comes before a score, such as preferred
            directions and classes.
        n: How many; default `n_test`.
    """
    key = jax.random.fold_in(jax.random.key(seed), {"test": TEST, "tuning": TUNING}[part])
    return task_of(setting, config, n_steps)(key, n or config.n_test)


def resting_inputs(
    n: int, n_steps: int, cue_steps: int
) -> tuple[Float[Array, "trial time input"], Float[np.ndarray, " trial"]]:
    """Trials that show a heading and then never turn, and these headings around the circle, in rad.

    Args:
        n: Headings.
        n_steps: Of a trial, the cue included.
        cue_steps: For which the heading is shown.

    Example:
        >>> inputs, headings = resting_inputs(4, 12, 10)
        >>> headings.round(2).tolist(), inputs[1, 9, 1].round(2).item(), inputs[1, 10].tolist()
        ([-3.14, -1.57, 0.0, 1.57], -1.0, [0.0, 0.0, 0.0])
    """
    headings = np.linspace(-np.pi, np.pi, n, endpoint=False)
    inputs = np.zeros((n, n_steps, 3), np.float32)
    inputs[:, :cue_steps, 1] = np.sin(headings)[:, None]
    inputs[:, :cue_steps, 2] = np.cos(headings)[:, None]
    return jnp.asarray(inputs), headings
