"""A network with outputs, and the loss of a task on them."""

from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.fitting.losses import squared_error
from neuroloom.networks import RateNetwork, StateNoise
from neuroloom.simulation import simulate
from neuroloom.tasks import Trials

__all__ = ["ReadoutLoss", "ReadoutNetwork"]


class ReadoutNetwork(eqx.Module):
    r"""A network, where it starts, and outputs $z = \sum_i w_i r_i$.

    Attributes:
        network: Its equation and parameters.
        initial: State before the first step of every trial.
        readout: w, per unit of rate.
    """

    network: RateNetwork
    initial: Float[Array, " neuron"]
    readout: Float[Array, "output neuron"]

    def rates(
        self,
        inputs: Float[Array, "trial time neuron"],
        *,
        dt: float,
        noise: StateNoise | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "trial time neuron"]:
        """Rates after each step.

        Args:
            inputs: Input of each neuron, in units of the state.
            dt: Step, in seconds.
            noise: On the state; needs `key`.
            key: Its randomness.
        """
        start = jnp.broadcast_to(self.initial, (inputs.shape[0], inputs.shape[2]))
        states = simulate(self.network, inputs, dt=dt, initial=start, noise=noise, key=key)
        return self.network.rate(states)

    def outputs(
        self, rates: Float[Array, "trial time neuron"]
    ) -> Float[Array, "trial time output"]:
        """Outputs after each step."""
        return rates @ self.readout.T


@dataclass(frozen=True)
class ReadoutLoss:
    """Mean squared error of the outputs over trials, times and outputs that count.

    Attributes:
        dt: Step, in seconds.
        step_sd: Noise on the state per step of `dt`, drawn anew at every call; 0 for none.
    """

    dt: float
    step_sd: float = 0.0

    def __call__(
        self,
        network: ReadoutNetwork,
        trials: Trials,
        weight: Float[Array, " trial"],
        key: PRNGKeyArray,
    ) -> Float[Array, ""]:
        """The loss, for `fit`. Inputs of the trials are those of each neuron."""
        noise = StateNoise.from_step_sd(self.step_sd, dt=self.dt) if self.step_sd else None
        rates = network.rates(trials.inputs, dt=self.dt, noise=noise, key=key)
        counted = jnp.where(trials.mask, weight[:, None, None], 0.0)
        return squared_error(network.outputs(rates), trials.targets, counted)
