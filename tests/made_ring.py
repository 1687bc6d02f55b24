"""A ring attractor made by hand: compass units, and shifters displaced by 45 deg either way.

It integrates angular velocity with a gain within 1 % of 1 up to 0.15 rad/step. Its constants were
searched for that and nothing else. Orientation `weight[post, pre]`.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from made_turns import made_turns

CC, CS, SC, INHIBITION = 0.402, 1.177, 2.889, 0.244
COMPASS_BIAS, SHIFTER_BIAS, TURN = 0.289, 0.123, 3.516
CUE, READOUT = 1.0, 0.27


@dataclass(frozen=True)
class MadeRing:
    """Weights and what was planted in them.

    Attributes:
        weight: weight[post, pre].
        preferred: Of each unit, in rad from 0 to 2 pi; NaN for silent units.
        classes: "compass", "shifter+", "shifter-", or "removed" for silent units.
        bias: Of each unit.
        input_weight: From [angular velocity in rad/step, sin and cos of the cue].
        output_weight: To [sin, cos] of the heading.
        tau: Time constant, s.
        dt: Step, s.
    """

    weight: np.ndarray
    preferred: np.ndarray
    classes: np.ndarray
    bias: np.ndarray
    input_weight: np.ndarray
    output_weight: np.ndarray
    tau: float = 0.05
    dt: float = 0.025

    def run(self, inputs, *, noise=0.0, rng=None):
        """Rates (trial, time, neuron) for inputs (trial, time, 3), by forward Euler from rest."""
        n_trials, n_steps = inputs.shape[:2]
        x = np.zeros((n_trials, len(self.weight)))
        rates = np.maximum(np.tanh(x), 0)
        kept = np.empty((n_trials, n_steps, len(self.weight)))
        driven = inputs @ self.input_weight.T + self.bias
        for step in range(n_steps):
            x = x + self.dt / self.tau * (rates @ self.weight.T + driven[:, step] - x)
            rates = np.maximum(np.tanh(x), 0)
            if noise:
                rates = rates + noise * rng.normal(size=rates.shape)
            kept[:, step] = rates
        return kept

    def decoded(self, rates):
        """Heading in rad from the outputs."""
        out = rates @ self.output_weight.T
        return np.arctan2(out[..., 0], out[..., 1])


def made_ring(n_each=24, *, shift=np.pi / 4, n_silent=0, rng=None) -> MadeRing:
    """A ring of `n_each` units of each class; `rng` shuffles the order of the units.

    A weight onto a compass unit that prefers d more than its shifter+ peaks at d = +shift.
    """
    angle = 2 * np.pi * np.arange(n_each) / n_each
    classes = np.repeat(["compass", "shifter+", "shifter-"], n_each)
    preferred = np.tile(angle, 3)
    off = preferred[:, None] - preferred[None, :]  # post less pre
    post, pre = classes[:, None], classes[None, :]
    weight = np.select(
        [
            (post == "compass") & (pre == "compass"),
            (post != "compass") & (pre == "compass"),
            (post == "compass") & (pre == "shifter+"),
            (post == "compass") & (pre == "shifter-"),
        ],
        [
            CC * np.cos(off) - INHIBITION,
            CS * np.cos(off),
            SC * np.cos(off - shift),
            SC * np.cos(off + shift),
        ],
        0.0,
    ) * (2 / n_each)
    compass = classes == "compass"
    turn = TURN * ((classes == "shifter+").astype(float) - (classes == "shifter-"))
    circle = np.stack([np.sin(preferred), np.cos(preferred)]) * compass
    parts = {
        "weight": np.pad(weight, (0, n_silent)),
        "preferred": np.r_[preferred, np.full(n_silent, np.nan)],
        "classes": np.r_[classes, np.full(n_silent, "removed")],
        "bias": np.r_[np.where(compass, COMPASS_BIAS, SHIFTER_BIAS), np.full(n_silent, -1.0)],
        "input_weight": np.pad(np.column_stack([turn, CUE * circle.T]), ((0, n_silent), (0, 0))),
        "output_weight": np.pad(circle / (READOUT * n_each), ((0, 0), (0, n_silent))),
    }
    order = np.arange(3 * n_each + n_silent)
    if rng is not None:
        rng.shuffle(order)
    return MadeRing(
        **{name: value[order] for name, value in parts.items() if name[-6:] != "weight"},
        weight=parts["weight"][np.ix_(order, order)],
        input_weight=parts["input_weight"][order],
        output_weight=parts["output_weight"][:, order],
    )


def ring_network(ring: MadeRing):
    """The same ring as a `TaskNetwork`: `perform(network, inputs, dt=ring.dt)` gives its rates."""
    import jax
    import jax.numpy as jnp

    from neuroloom.networks import TaskNetwork, all_to_all
    from neuroloom.networks.parameters import per_neuron

    network = TaskNetwork.from_connectome(
        all_to_all(len(ring.weight), self_connections=True),
        n_inputs=3,
        n_outputs=2,
        key=jax.random.key(0),
        tau=ring.tau,
    ).with_weight(jnp.asarray(ring.weight))
    bias = dataclasses.replace(
        per_neuron(0.0, len(ring.bias), unit="state"), value=jnp.asarray(ring.bias)
    )
    return dataclasses.replace(
        network,
        network=dataclasses.replace(network.network, bias=bias),
        input_weight=jnp.asarray(ring.input_weight),
        output_weight=jnp.asarray(ring.output_weight),
    )


def made_inputs(rng, n_trials=40, n_steps=400, *, sd=0.03):
    """Inputs (trial, time, 3), heading and angular velocity with the published statistics."""
    heading, velocity = made_turns(rng, n_trials, n_steps, sd=sd)
    inputs = np.zeros((n_trials, n_steps, 3))
    inputs[..., 0] = velocity
    inputs[:, :10, 1], inputs[:, :10, 2] = np.sin(heading[:, :10]), np.cos(heading[:, :10])
    return inputs, heading, velocity
