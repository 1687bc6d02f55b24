"""Controllers without anatomy: linear, a perceptron, a small recurrent network."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuroloom.errors import InputError
from neuroloom.networks.policies.policy import AbstractPolicy

__all__ = ["LinearPolicy", "PerceptronPolicy", "RecurrentPolicy"]


class LinearPolicy(AbstractPolicy):
    r"""$a = W o + b$, of all or some of what is seen.

    Attributes:
        n_observations: Numbers it sees.
        n_actions: Numbers it gives.
        weight: One for each action and each observation that is used.
        bias: One an action.
        used: Places of the observation that are used.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    weight: Float[Array, "*member action used"]
    bias: Float[Array, "*member action"] | None
    used: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def zeros(
        cls,
        n_observations: int,
        n_actions: int,
        *,
        used: Sequence[int] | None = None,
        bias: bool = True,
    ) -> LinearPolicy:
        """That does nothing yet.

        Args:
            n_observations: Numbers it sees.
            n_actions: Numbers it gives.
            used: Places of the observation that are used, such as joint angles; default: all.
            bias: Whether actions have an offset.

        Raises:
            InputError: If a place is not in the observation.
        """
        places = tuple(range(n_observations) if used is None else used)
        if not places or min(places) < 0 or max(places) >= n_observations:
            raise InputError(
                f"`used` must be places of the observation, 0 to {n_observations - 1}; got "
                f"{places}. Leave it out for all."
            )
        return cls(
            n_observations,
            n_actions,
            jnp.zeros((n_actions, len(places))),
            jnp.zeros(n_actions) if bias else None,
            places,
        )

    def initial(self) -> Float[Array, " 0"]:
        """Nothing is remembered."""
        return jnp.zeros(0)

    def __call__(
        self, state: Float[Array, " 0"], observation: Float[Array, " observation"]
    ) -> tuple[Float[Array, " 0"], Float[Array, " action"]]:
        """The action follows from what is seen now.

        Args:
            state: Empty.
            observation: What it sees.
        """
        seen = observation[np.asarray(self.used)]
        action = self.weight @ seen
        return state, action if self.bias is None else action + self.bias


class PerceptronPolicy(AbstractPolicy):
    r"""Layers of tanh units, $h_{l+1} = \tanh(W_l h_l + b_l)$; the last layer are the actions.

    Attributes:
        n_observations: Numbers it sees.
        n_actions: Numbers it gives.
        weights: Of each layer.
        biases: Of each layer.
        gain: Actions are this times the tanh of the last layer.
        squashed: Whether the last layer has a tanh; without it actions are linear in the one
            before, as gradient learners have it.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    weights: tuple[Float[Array, "*member _ _"], ...]
    biases: tuple[Float[Array, "*member _"], ...]
    gain: float = eqx.field(static=True)
    squashed: bool = eqx.field(static=True, default=True)

    @classmethod
    def random(
        cls,
        n_observations: int,
        n_actions: int,
        *,
        hidden: Sequence[int] = (8, 8),
        gain: float = 3.0,
        key: PRNGKeyArray,
    ) -> PerceptronPolicy:
        """Weights from N(0, 1 / number of senders), biases 0.

        Args:
            n_observations: Numbers it sees.
            n_actions: Numbers it gives.
            hidden: Units of the layers between.
            gain: Of the actions, which bodies cut at 1: above 1 they can be held at full torque.
            key: Randomness.
        """
        sizes = (n_observations, *hidden, n_actions)
        keys = jax.random.split(key, len(sizes) - 1)
        weights = tuple(
            jax.random.normal(k, (post, pre)) / np.sqrt(pre)
            for k, pre, post in zip(keys, sizes[:-1], sizes[1:], strict=True)
        )
        biases = tuple(jnp.zeros(post) for post in sizes[1:])
        return cls(n_observations, n_actions, weights, biases, gain)

    def initial(self) -> Float[Array, " 0"]:
        """Nothing is remembered."""
        return jnp.zeros(0)

    def __call__(
        self, state: Float[Array, " 0"], observation: Float[Array, " observation"]
    ) -> tuple[Float[Array, " 0"], Float[Array, " action"]]:
        """The action follows from what is seen now.

        Args:
            state: Empty.
            observation: What it sees.
        """
        units, last = observation, len(self.weights) - 1
        for n, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            units = weight @ units + bias
            if n < last or self.squashed:
                units = jnp.tanh(units)
        return state, self.gain * units


class RecurrentPolicy(AbstractPolicy):
    r"""$h' = \tanh(W h + U o + b)$, $a = g V h'$.

    Attributes:
        n_observations: Numbers it sees.
        n_actions: Numbers it gives.
        recurrent: W.
        input_weight: U.
        bias: b.
        output_weight: V.
        gain: g; bodies cut actions at 1.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    recurrent: Float[Array, "*member unit unit"]
    input_weight: Float[Array, "*member unit observation"]
    bias: Float[Array, "*member unit"]
    output_weight: Float[Array, "*member action unit"]
    gain: float = eqx.field(static=True)

    @classmethod
    def random(
        cls,
        n_observations: int,
        n_actions: int,
        *,
        n_units: int = 8,
        gain: float = 3.0,
        key: PRNGKeyArray,
    ) -> RecurrentPolicy:
        """Weights from N(0, 1 / number of senders), biases 0.

        Args:
            n_observations: Numbers it sees.
            n_actions: Numbers it gives.
            n_units: Recurrent units.
            gain: Of the actions.
            key: Randomness.
        """
        first, second, third = jax.random.split(key, 3)
        shape = (n_units, n_units)
        return cls(
            n_observations,
            n_actions,
            jax.random.normal(first, shape) / np.sqrt(n_units),
            jax.random.normal(second, (n_units, n_observations)) / np.sqrt(n_observations),
            jnp.zeros(n_units),
            jax.random.normal(third, (n_actions, n_units)) / np.sqrt(n_units),
            gain,
        )

    def initial(self) -> Float[Array, " unit"]:
        """Units are silent."""
        return jnp.zeros(self.bias.shape[-1])

    def __call__(
        self, state: Float[Array, " unit"], observation: Float[Array, " observation"]
    ) -> tuple[Float[Array, " unit"], Float[Array, " action"]]:
        """A step of the units, then the action.

        Args:
            state: Of the units.
            observation: What it sees.
        """
        drive = self.recurrent @ state + self.input_weight @ observation + self.bias
        units = jnp.tanh(drive)
        return units, self.gain * jnp.tanh(self.output_weight @ units)
