"""A linear controller that is the same at every joint, so that it fits chains of any length."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuroloom.errors import InputError
from neuroloom.networks.policies.policy import AbstractPolicy
from neuroloom.networks.policies.simple import LinearPolicy

__all__ = ["NeighborPolicy"]


class NeighborPolicy(AbstractPolicy):
    r"""$a_i = \sum_d w_d\, \theta_{i+d}$: a joint acts on the angles of those around it.

    Joints beyond the ends of the body count as straight. It is `LinearPolicy` of joint angles with
    one weight for each distance along the body instead of one for each pair of joints.

    Attributes:
        n_observations: Numbers it sees; only joint angles are used.
        n_actions: One a joint.
        weight: Of distances -reach to reach, towards the tail.
        joint_angles: Their places in the observation, head to tail.
    """

    n_observations: int = eqx.field(static=True)
    n_actions: int = eqx.field(static=True)
    weight: Float[Array, "*member distance"]
    joint_angles: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def zeros(
        cls, n_observations: int, joint_angles: tuple[int, ...], *, reach: int = 4
    ) -> NeighborPolicy:
        """That does nothing yet.

        Args:
            n_observations: Numbers that the task shows.
            joint_angles: Their places there, head to tail.
            reach: Joints away that still count.

        Raises:
            InputError: If there are no joints, or none counts.
        """
        if not joint_angles or reach < 0:
            raise InputError(
                "The body must have joints and `reach` be at least 0; got "
                f"{len(joint_angles)} joints and {reach}. Take a swimmer, and 4."
            )
        weight = jnp.zeros(2 * reach + 1)
        return cls(n_observations, len(joint_angles), weight, tuple(joint_angles))

    def for_joints(self, n_observations: int, joint_angles: tuple[int, ...]) -> NeighborPolicy:
        """The same weights in another body.

        Args:
            n_observations: Numbers that the other task shows.
            joint_angles: Their places there, head to tail.
        """
        return NeighborPolicy(n_observations, len(joint_angles), self.weight, tuple(joint_angles))

    def written_out(self) -> LinearPolicy:
        """The same controller with a weight for each pair of joints."""
        at = np.arange(self.n_actions)
        distance = at - at[:, None]
        reach = self.weight.shape[-1] // 2
        near = np.abs(distance) <= reach
        weight = jnp.where(near, self.weight[np.clip(distance + reach, 0, 2 * reach)], 0.0)
        return LinearPolicy(self.n_observations, self.n_actions, weight, None, self.joint_angles)

    def initial(self) -> Float[Array, " 0"]:
        """Nothing is remembered."""
        return jnp.zeros(0)

    def __call__(
        self, state: Float[Array, " 0"], observation: Float[Array, " observation"]
    ) -> tuple[Float[Array, " 0"], Float[Array, " action"]]:
        """The action follows from the angles now.

        Args:
            state: Empty.
            observation: What it sees.
        """
        return self.written_out()(state, observation)
