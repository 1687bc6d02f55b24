"""Networks that are perturbed, with the classes of their units, and the trials they are run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from neuroloom.analysis.bump import bump_amplitude, perturbed, population_angle
from neuroloom.analysis.tuning import REMOVED
from neuroloom.networks import TaskNetwork
from neuroloom.studies.head_direction.classes.units import units_of
from neuroloom.studies.head_direction.trained.config import DEFAULT
from neuroloom.studies.head_direction.trained.networks import (
    DT,
    held_out_trials,
    task_of,
    trained_networks,
    untrained_network,
)

if TYPE_CHECKING:
    from neuroloom.analysis.bump import Clamp, Pulse, Scale
    from neuroloom.studies.framework import Context
    from neuroloom.studies.head_direction.config import HeadDirectionConfig

__all__ = ["Ran", "Subject", "held", "mirrored", "subject_of", "with_readout"]

CUE = 10
"""Steps for which the first heading is shown."""
RIDGE = 1e-3


class Ran(NamedTuple):
    """What a network did.

    Attributes:
        angle: Decoded heading, in rad.
        amplitude: Length of the decoded vector; 1 is on target.
        rates: Of every unit.
    """

    angle: Float[np.ndarray, "trial time"]
    amplitude: Float[np.ndarray, "trial time"]
    rates: Float[np.ndarray, "trial time neuron"]


class Subject(NamedTuple):
    """A network and what is known of its units.

    Attributes:
        network: Of the default setting.
        classes: By rule.
        preferred: Preferred heading of each unit, in rad; NaN where flat.
    """

    network: TaskNetwork
    classes: Mapping[str, Shaped[np.ndarray, " neuron"]]
    preferred: Float[np.ndarray, " neuron"]

    def active(self, rule: str) -> Bool[np.ndarray, " neuron"]:
        """Units that the rule does not remove: random sets are drawn from these."""
        return self.classes[rule] != REMOVED

    def run(
        self, inputs: Float[Array, "trial time input"], *perturbations: Clamp | Pulse | Scale
    ) -> Ran:
        """What the network does under perturbations, without noise."""
        done = perturbed(self.network, inputs, perturbations, dt=DT)
        outputs = np.asarray(done.outputs, float)
        return Ran(population_angle(outputs), bump_amplitude(outputs), np.asarray(done.rates))


def subject_of(
    seed: int, config: HeadDirectionConfig, context: Context, *, trained: bool = True
) -> Subject:
    """The network of a seed, trained or not.

    An untrained network says nothing, because its output weights are 0: it is given those that read
    the heading best from its rates, by ridge regression on trials that no score sees.

    Args:
        seed: Of the network.
        config: Of the study.
        context: Of the cell.
        trained: Or before training.
    """
    units = units_of(DEFAULT, seed, config, context, trained=trained)
    if trained:
        (network,) = trained_networks(DEFAULT, [seed], config, context)
    else:
        network = untrained_network(DEFAULT, seed, config.trained)
        inputs, velocity = mirrored(seed, config, part="tuning")
        shown = np.asarray(inputs[:, :1, 1:], float)
        heading = np.arctan2(shown[..., 0], shown[..., 1]) + np.cumsum(velocity, axis=1)
        network = with_readout(network, inputs, heading)
    return Subject(network, units.classes, units.tuning.preferred.astype(float))


def with_readout(
    network: TaskNetwork,
    inputs: Float[Array, "trial time input"],
    heading: Float[np.ndarray, "trial time"],
) -> TaskNetwork:
    """The same network with outputs that come as near to sine and cosine as its rates allow.

    Args:
        network: Its own output weights do not matter.
        inputs: Of the task; steps in which the cue is shown do not count.
        heading: True heading after each step, in rad.
    """
    rates = np.asarray(perturbed(network, inputs, dt=DT).rates, float)[:, CUE:]
    x = rates.reshape(-1, rates.shape[-1])
    y = np.stack([np.sin(heading), np.cos(heading)], axis=-1)[:, CUE:].reshape(len(x), 2)
    mean_x, mean_y = x.mean(0), y.mean(0)
    squares = (x - mean_x).T @ (x - mean_x) / len(x)
    ridge = RIDGE * np.trace(squares) / len(squares) * np.eye(len(squares))
    weight = np.linalg.solve(squares + ridge, (x - mean_x).T @ (y - mean_y) / len(x)).T
    found = (weight, mean_y - weight @ mean_x)
    return eqx.tree_at(
        lambda n: (n.output_weight, n.output_bias),
        network,
        tuple(jnp.asarray(one, network.output_bias.dtype) for one in found),
    )


def mirrored(
    seed: int, config: HeadDirectionConfig, *, part: str = "test"
) -> tuple[Float[Array, "trial time input"], Float[np.ndarray, "trial time"]]:
    """Inputs of held-out trials and of their mirror images, and angular velocity in rad/step.

    With mirror images both sides are turned to alike, so that neither class of shifters is the more
    active one by chance.

    Args:
        seed: Of the network.
        config: Of the study.
        part: `test` is scored, `tuning` is for what comes before a score.
    """
    numbers = config.perturbation
    n = numbers.n_trials // 2
    trials = held_out_trials(DEFAULT, seed, config.trained, n_steps=numbers.n_steps, part=part, n=n)
    sign = jnp.asarray([-1.0, -1.0, 1.0], trials.inputs.dtype)[None, None, :]
    both = jnp.stack([trials.inputs, trials.inputs * sign], axis=1)
    inputs = both.reshape(2 * n, *trials.inputs.shape[1:])
    task = task_of(DEFAULT, config.trained, numbers.n_steps)
    return inputs, np.asarray(task.angular_velocity(trials._replace(inputs=inputs)), float)


def held(n_headings: int, n_steps: int) -> Float[Array, "trial time input"]:
    """Inputs that show a heading, evenly spaced, and then no turn.

    Args:
        n_headings: Trials; the first heading is half a step of the circle's division.
        n_steps: Of each, the cue included.
    """
    heading = 2 * np.pi * (np.arange(n_headings) + 0.5) / n_headings
    inputs = np.zeros((n_headings, n_steps, 3), np.float32)
    inputs[:, :CUE, 1] = np.sin(heading)[:, None]
    inputs[:, :CUE, 2] = np.cos(heading)[:, None]
    return jnp.asarray(inputs)
