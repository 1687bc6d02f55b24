"""Ports that are learned: an encoder into motor neurons, a decoder from muscles."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.connectome import Connectome
from neuroloom.errors import InputError
from neuroloom.networks.policies.ports import AbstractPorts

__all__ = ["LearnedPorts"]


class LearnedPorts(AbstractPorts):
    r"""An encoder into motor neurons, a decoder from muscles, each with one hidden layer.

    $I = U_2 \tanh(U_1 o + b_1)$ and $a = \tanh(V_2 \tanh(V_1 m + c_1))$.

    Attributes:
        n_observations: Numbers that are seen.
        n_actions: Numbers that are given.
        encoder: U1, b1, U2.
        decoder: V1, c1, V2.
        neurons: Places of cells that are driven.
        muscles: Places of cells that are read.
        n_cells: Of the circuit.

    Source:
        Schmidgall et al., arXiv 2209.14406 (2022), for encoder and decoder and their start,
        U(-.3, .3); sizes are ours, as is the single hidden layer.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    encoder: tuple[Array, Array, Array]
    decoder: tuple[Array, Array, Array]
    neurons: np.ndarray
    muscles: np.ndarray
    n_cells: int = eqx.field(static=True)

    @classmethod
    def random(
        cls,
        connectome: Connectome,
        *,
        n_observations: int,
        n_actions: int,
        n_hidden: int = 8,
        spread: float = 0.3,
        key: PRNGKeyArray,
    ) -> LearnedPorts:
        """Uniform weights within the spread.

        Args:
            connectome: Motor neurons are driven and muscles read; where there are no muscles, all
                neurons are read.
            n_observations: Numbers that the task shows.
            n_actions: Numbers that it takes.
            n_hidden: Units of each hidden layer.
            spread: Half the width of the uniform distribution.
            key: Randomness.

        Raises:
            InputError: If the connectome has no column `node_kind`, or no neurons.
        """
        kind = connectome.column("node_kind")
        neurons, muscles = np.flatnonzero(kind == "neuron"), np.flatnonzero(kind == "muscle")
        if not neurons.size:
            raise InputError(
                "The connectome must have neurons for an encoder to drive; it has none. Keep nodes "
                "of kind `neuron`."
            )
        read = muscles if muscles.size else neurons
        keys = iter(jax.random.split(key, 6))

        def drawn(*shape: int) -> Array:
            return jax.random.uniform(next(keys), shape, minval=-spread, maxval=spread)

        encoder = drawn(n_hidden, n_observations), drawn(n_hidden), drawn(len(neurons), n_hidden)
        decoder = drawn(n_hidden, len(read)), drawn(n_hidden), drawn(n_actions, n_hidden)
        return cls(n_observations, n_actions, encoder, decoder, neurons, read, connectome.n_neurons)

    def initial(self) -> Float[Array, " 0"]:
        """Nothing is remembered."""
        return jnp.zeros(0)

    def drive(
        self, state: Float[Array, " 0"], observation: Float[Array, " observation"]
    ) -> tuple[Float[Array, " 0"], Float[Array, " cell"]]:
        """Currents of the encoder.

        Args:
            state: Empty.
            observation: What is seen.
        """
        first, bias, second = self.encoder
        current = second @ jnp.tanh(first @ observation + bias)
        return state, jnp.zeros(self.n_cells).at[self.neurons].set(current)

    def act(self, activity: Float[Array, " cell"]) -> Float[Array, " action"]:
        """The decoder's action, -1 to 1.

        Args:
            activity: Of each cell.
        """
        first, bias, second = self.decoder
        return jnp.tanh(second @ jnp.tanh(first @ activity[self.muscles] + bias))
