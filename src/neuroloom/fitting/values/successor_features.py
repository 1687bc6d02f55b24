"""Successor features: what is met after a move, apart from what it is worth."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuroloom.fitting.values.learner import AbstractValueLearner, Moved

__all__ = ["SuccessorFeatures"]


class SuccessorFeatures(AbstractValueLearner):
    r"""Successor features of the random walk, with linear weights of reward.

    $$\psi(s, a) = M_a \phi(s) = \phi(s') + \gamma \frac{1}{8} \sum_{a'} \psi(s', a'), \quad
    r(s') = w \cdot \phi(s'), \quad Q(s, a) = w \cdot \psi(s, a)$$

    M is learnt by TD(0) from any moves, since the mean over moves is taken and not the one chosen:
    it tells how the arena hangs together and knows no goal. When the goal moves, w alone has to be
    learnt again. What lies beyond a goal is not seen, because there an episode ends.

    Attributes:
        discount: gamma, per move, 0 to below 1.
        step_size: Of M, 0 to 1.
        reward_step_size: Of w, 0 to 1.

    Source:
        Dayan, Neural Computation 5 (1993); Barreto et al., Successor features for transfer, NIPS
        (2017). They take the policy that is followed; we take the random walk, so that M does not
        depend on the goal.
    """

    discount: float = 0.98
    step_size: float = 0.3
    reward_step_size: float = 0.3

    def start(
        self, n_features: int, n_moves: int
    ) -> tuple[Float[Array, "move feature feature"], Float[Array, " feature"]]:
        """M and w, all 0."""
        return jnp.zeros((n_moves, n_features, n_features)), jnp.zeros(n_features)

    def values(
        self,
        state: tuple[Float[Array, "move feature feature"], Float[Array, " feature"]],
        code: Float[Array, " feature"],
    ) -> tuple[Float[Array, " move"], Float[Array, "move feature"]]:
        """Q of each move, and psi of each."""
        ahead = state[0] @ code
        return ahead @ state[1], ahead

    def learn(
        self,
        state: tuple[Float[Array, "move feature feature"], Float[Array, " feature"]],
        moved: Moved,
        values: Float[Array, " move"],
        kept: Float[Array, "move feature"],
    ) -> tuple[Float[Array, "move feature feature"], Float[Array, " feature"]]:
        """M and w after a move."""
        maps, worth = state
        error = moved.after + self.discount * kept.mean(axis=0) - maps[moved.move] @ moved.code
        size = self.step_size * moved.rate * moved.map_rate
        maps = maps.at[moved.move].add(size * error[:, None] * moved.before[None, :])
        surprise = moved.reward - worth @ moved.after
        size = self.reward_step_size * moved.rate
        return maps, worth + size * surprise * moved.reward_direction
