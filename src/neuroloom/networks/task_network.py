"""A rate network with weights for what a task shows it and for what it answers."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.connectome import Connectome
from neuroloom.connectome.signs import AllExcitatory
from neuroloom.errors import InputError
from neuroloom.networks.activations import AbstractActivation, Retanh
from neuroloom.networks.parameters import global_value, per_neuron
from neuroloom.networks.rate_network import GainSide, RateNetwork

__all__ = ["TaskNetwork", "all_to_all"]


class TaskNetwork(eqx.Module):
    r"""Rate units that a task talks to and listens to.

    $$\tau \dot x = -x + g \odot W r + W_\mathrm{in} u + b, \qquad r = f(x) + \xi, \qquad
    y = W_\mathrm{out} r + b_\mathrm{out}$$

    Noise xi on the rates is what a run adds, not the network. Every trial starts from the same
    state.

    Attributes:
        network: W, tau, the gains g, the biases b and f; its gain is on the postsynaptic side.
        input_weight: W_in, in units of the state per unit of the input.
        output_weight: W_out, in units of the output per unit of the rate.
        output_bias: b_out, in the unit of the output.
        initial: State before the first step, learned as a rule.

    Source:
        Cueva, Wang, Chin and Wei, ICLR 2020, arXiv 1912.10189; the start by Cueva's code.
    """

    network: RateNetwork
    input_weight: Float[Array, "neuron input"]
    output_weight: Float[Array, "output neuron"]
    output_bias: Float[Array, " output"]
    initial: Float[Array, " neuron"]

    @classmethod
    def from_connectome(
        cls,
        connectome: Connectome,
        *,
        n_inputs: int,
        n_outputs: int,
        key: PRNGKeyArray,
        tau: float = 0.25,
        activation: AbstractActivation | None = None,
        weight_scale: float = 1.5,
        dale: bool = False,
    ) -> "TaskNetwork":
        r"""A network to be trained: who may connect by a connectome, everything else drawn.

        A weight is `weight_scale` z / sqrt(k), z from N(0, 1) and k how many connections its
        neuron receives; counts of the connectome are not used (`around` keeps those of a
        `RateNetwork`). The weight of a neuron onto itself starts at 0, where there is one. Biases
        are 0.1 + 0.01 z, input weights z / sqrt(`n_inputs`), gains 1, all else 0.

        Args:
            connectome: Chemical and neuromuscular connections may have a weight, all others none.
            n_inputs: Size of what a task shows.
            n_outputs: Size of what it wants.
            key: Randomness of the draw.
            tau: Time constant of every neuron, in seconds.
            activation: f; default `Retanh()`.
            weight_scale: Size of the weights, about the spectral radius of W.
            dale: Whether every connection keeps the sign of the connectome while it is trained.

        Raises:
            InputError: If a size is below 1, or a sign is unknown where signs are to be kept.
        """
        signed = connectome if dale else AllExcitatory()(connectome)
        network = RateNetwork.from_connectome(
            signed,
            tau=global_value(tau, connectome.n_neurons, unit="s"),
            gain=per_neuron(1.0, connectome.n_neurons, unit="1"),
            bias=per_neuron(0.1, connectome.n_neurons, unit="state"),
            activation=activation or Retanh(),
            gain_side=GainSide.POSTSYNAPTIC,
            clamp_signs=dale,
        )
        weight_key, bias_key, rest_key = jax.random.split(key, 3)
        drawn = weight_scale * jax.random.normal(weight_key, network.strength.shape)
        n_received = np.bincount(np.asarray(network.post), minlength=connectome.n_neurons)
        drawn = drawn / jnp.sqrt(jnp.asarray(n_received))[network.post]
        drawn = jnp.where(network.pre == network.post, 0, drawn)
        n = connectome.n_neurons
        bias = 0.1 + 0.01 * jax.random.normal(bias_key, (n,))
        network = eqx.tree_at(
            lambda net: (net.strength, net.sign, net.bias.value),
            network,
            (
                jnp.abs(drawn) if dale else drawn,
                network.sign if dale else jnp.ones_like(network.sign),
                bias,
            ),
        )
        return cls.around(network, n_inputs=n_inputs, n_outputs=n_outputs, key=rest_key)

    @classmethod
    def around(
        cls, network: RateNetwork, *, n_inputs: int, n_outputs: int, key: PRNGKeyArray
    ) -> "TaskNetwork":
        """A given rate network with drawn input weights and outputs of 0.

        Args:
            network: With its gain on the postsynaptic side.
            n_inputs: Size of what a task shows.
            n_outputs: Size of what it wants.
            key: Randomness of the input weights, z / sqrt(`n_inputs`).

        Raises:
            InputError: If a size is below 1 or the gain is on the other side.
        """
        for name, size in (("n_inputs", n_inputs), ("n_outputs", n_outputs)):
            if size < 1:
                raise InputError(
                    f"`{name}` must be at least 1; got {size}. Take it from the task's trials."
                )
        if network.gain_side is not GainSide.POSTSYNAPTIC:
            raise InputError(
                "The gain of a task network must act on what a neuron receives; it is "
                f"{network.gain_side.value}. Build it with `gain_side=GainSide.POSTSYNAPTIC`."
            )
        n = network.n_neurons
        return cls(
            network=network,
            input_weight=jax.random.normal(key, (n, n_inputs)) / n_inputs**0.5,
            output_weight=jnp.zeros((n_outputs, n)),
            output_bias=jnp.zeros(n_outputs),
            initial=jnp.zeros(n),
        )

    @property
    def n_neurons(self) -> int:
        """Number of units."""
        return self.network.n_neurons

    @property
    def n_inputs(self) -> int:
        """Size of what a task shows."""
        return self.input_weight.shape[1]

    @property
    def n_outputs(self) -> int:
        """Size of the answer."""
        return self.output_weight.shape[0]

    @property
    def weight(self) -> Float[Array, "post pre"]:
        """W[post, pre] as a matrix, without the gains; 0 where there is no connection."""
        return self.network.wiring.matrix(self.network.weight)

    def with_weight(self, weight: Float[Array, "post pre"]) -> "TaskNetwork":
        """The same network with other weights; pairs without a connection stay at 0.

        Args:
            weight: W[post, pre], in units of the state per unit of the rate.

        Raises:
            InputError: If the signs are kept and a weight is on the other side of 0.
        """
        net = self.network
        given = weight[net.post, net.pre]
        strength = given / (net.scale * net.sign)
        if net.clamp_signs and bool((strength < 0).any()):
            raise InputError(
                "`weight` must keep the signs of the connectome; "
                f"{int((strength < 0).sum())} weights do not. Build with `dale=False`."
            )
        return dataclasses.replace(self, network=eqx.tree_at(lambda n: n.strength, net, strength))


def all_to_all(
    n_neurons: int, *, excitatory: float | None = None, self_connections: bool = False
) -> Connectome:
    """Every neuron onto every other: where a task alone decides who is connected.

    Args:
        n_neurons: At least 2.
        excitatory: Part of the neurons, the first ones, that excite; the others inhibit. Default:
            signs are not known.
        self_connections: Whether neurons connect to themselves as well.

    Raises:
        InputError: If there are fewer than 2 neurons or the part is not 0 to 1.

    Example:
        >>> all_to_all(3)
        Connectome(all to all: 3 neurons, 6 connections: 6 chemical; 6 synapses; signs 0 +, 0 -, 6
        unknown)
    """
    if n_neurons < 2:
        raise InputError(f"`n_neurons` must be at least 2; got {n_neurons}. The paper has 100.")
    if excitatory is not None and not 0 <= excitatory <= 1:
        raise InputError(
            f"`excitatory` must be a part, 0 to 1; got {excitatory}. 0.8 is four of five neurons."
        )
    wired = np.ones((n_neurons, n_neurons), bool)
    if not self_connections:
        np.fill_diagonal(wired, False)
    post, pre = np.nonzero(wired)
    sign = np.zeros(len(pre), np.int64)
    if excitatory is not None:
        sign = np.where(pre < round(excitatory * n_neurons), 1, -1)
    return Connectome(
        neuron_id=np.arange(n_neurons),
        pre=pre,
        post=post,
        kind=np.zeros(len(pre), np.int64),
        count=np.ones(len(pre), np.int64),
        sign=sign,
        name="all to all",
    )
