"""What a learner of values must be able to do, and how long its steps are."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

import equinox as eqx
from jaxtyping import Array, Bool, Float, Int, PyTree

__all__ = ["AbstractValueLearner", "Moved", "normalized"]

LEAST_NORM = 1e-2
"""Of the mean squared norm of a code; what is silent at a position is not blown up there."""


class Moved(NamedTuple):
    """One move as a learner sees it.

    Attributes:
        before: Code of the position, over `norm`, that is the direction of an update.
        code: Code of the position.
        move: Which of the moves.
        after: Code of the position where it ended.
        reward: What that was worth.
        over: Whether the goal was reached.
        following: The move chosen there.
        rate: 0 where nothing is to be learnt any more, else 1.
        map_rate: 0 where the map of the arena is not to be learnt, else 1.
        reward_direction: Code of where it ended, over its `norm`.
    """

    before: Float[Array, " feature"]
    code: Float[Array, " feature"]
    move: Int[Array, ""]
    after: Float[Array, " feature"]
    reward: Float[Array, ""]
    over: Bool[Array, ""]
    following: Int[Array, ""]
    rate: Float[Array, ""]
    map_rate: Float[Array, ""]
    reward_direction: Float[Array, " feature"]


class AbstractValueLearner(eqx.Module):
    """Learns from moves what each move is worth, linear in a code of the position."""

    @abstractmethod
    def start(self, n_features: int, n_moves: int) -> PyTree:
        """What it knows before the first move: nothing.

        Args:
            n_features: Of the code.
            n_moves: From a position.
        """

    @abstractmethod
    def values(
        self, state: PyTree, code: Float[Array, " feature"]
    ) -> tuple[Float[Array, " move"], PyTree]:
        """What each move is worth at a code, and what `learn` need not compute again.

        Args:
            state: What it knows.
            code: Of the position.
        """

    @abstractmethod
    def learn(
        self, state: PyTree, moved: Moved, values: Float[Array, " move"], kept: PyTree
    ) -> Any:
        """What it knows after a move.

        Args:
            state: What it knew.
            moved: The move.
            values: Of moves where it ended.
            kept: From `values`, there.
        """


def normalized(features: Float[Array, "*batch position feature"]) -> Array:
    r"""Codes over their squared norm, the direction of an update at each position.

    $$\phi(s) / (\|\phi(s)\|^2 + c), \quad c = 0.01 \; \overline{\|\phi\|^2}$$

    A step of size 1 then removes the error at that position, whatever the scale of the code.

    Args:
        features: Code of each position, in any unit.

    Source:
        Normalized least mean squares; Haykin, Adaptive Filter Theory (2002), chapter 6.
    """
    squared = (features**2).sum(-1, keepdims=True)
    floor = LEAST_NORM * squared.mean(-2, keepdims=True)
    return features / (squared + floor + 1e-30)
