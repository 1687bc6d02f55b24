"""Values of actions, learnt from rewards alone: linear Q-learning, and Sarsa."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuroloom.fitting.values.learner import AbstractValueLearner, Moved

__all__ = ["ActionValues"]


class ActionValues(AbstractValueLearner):
    r"""Linear Q-learning, or Sarsa if it is on-policy.

    $$Q(s, a) = w_a \cdot \phi(s), \quad
    w_a \mathrel{+}= \alpha \left[ r + \gamma \max_{a'} Q(s', a') - Q(s, a) \right]
    \frac{\phi(s)}{\|\phi(s)\|^2 + c}$$

    Sarsa takes the move that was chosen in place of the best one. After the goal there is nothing.

    Attributes:
        discount: gamma, per move, 0 to below 1.
        step_size: alpha, 0 to 1.
        on_policy: Sarsa rather than Q-learning.

    Source:
        Sutton and Barto, Reinforcement Learning (2018), chapters 6 and 10. Step sizes over the norm
        of the code are ours, so that codes of any scale learn alike.
    """

    discount: float = 0.95
    step_size: float = 0.3
    on_policy: bool = False

    def start(self, n_features: int, n_moves: int) -> Float[Array, "move feature"]:
        """Weights, all 0."""
        return jnp.zeros((n_moves, n_features))

    def values(
        self, state: Float[Array, "move feature"], code: Float[Array, " feature"]
    ) -> tuple[Float[Array, " move"], tuple[()]]:
        """Q of each move."""
        return state @ code, ()

    def learn(
        self,
        state: Float[Array, "move feature"],
        moved: Moved,
        values: Float[Array, " move"],
        kept: tuple[()],
    ) -> Float[Array, "move feature"]:
        """Weights after a move."""
        ahead = values[moved.following] if self.on_policy else values.max()
        target = moved.reward + self.discount * jnp.where(moved.over, 0.0, ahead)
        error = target - state[moved.move] @ moved.code
        return state.at[moved.move].add(self.step_size * moved.rate * error * moved.before)
