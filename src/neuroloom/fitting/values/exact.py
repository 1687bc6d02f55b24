"""What learners of values come to, without learning: ceilings, the floor, and fixed points."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.errors import InputError
from neuroloom.fitting.values.learner import LEAST_NORM

__all__ = [
    "best_moves",
    "expected_steps",
    "learnt_successor_features",
    "learnt_successor_values",
    "optimal_values",
    "successor_matrix",
]


def successor_matrix(
    transitions: Int[np.ndarray, "position move"], discount: float
) -> Float[np.ndarray, "position position"]:
    r"""Discounted visits of a random walk, row by start, column by position met; no unit.

    $$(I - \gamma P)^{-1}, \quad P_{s s'} = \frac{1}{n} \sum_a [\, s' \text{ is after } a
    \text{ from } s \,]$$

    The start counts as the first visit, so that rows add up to $1 / (1 - \gamma)$.

    Args:
        transitions: Position after each of n moves, all as likely.
        discount: gamma, per move, 0 to below 1.

    Raises:
        InputError: If the discount is out of its range.

    Source:
        Dayan, Neural Computation 5, 613 (1993), for the random walk.
    """
    _check_discount(discount)
    n, n_moves = transitions.shape
    chance = np.zeros((n, n))
    np.add.at(chance, (np.repeat(np.arange(n), n_moves), transitions.ravel()), 1 / n_moves)
    return np.linalg.inv(np.eye(n) - discount * chance)


def optimal_values(
    transitions: Int[np.ndarray, "position move"],
    at_goal: Bool[np.ndarray, " position"],
    discount: float,
) -> Float[np.ndarray, "position move"]:
    r"""What each move is worth to the best policy, in rewards; by value iteration.

    $$Q(s, a) = r(s') + \gamma [\, s' \text{ is not at the goal} \,] \max_{a'} Q(s', a')$$

    Args:
        transitions: Position after each move.
        at_goal: Where the reward is 1 and an episode ends.
        discount: gamma, per move, 0 to below 1.

    Returns:
        $\gamma^{d - 1}$, d the fewest moves to the goal if this one is the first; 0 without a way.

    Raises:
        InputError: If the discount is out of its range.

    Source:
        Bellman, Dynamic Programming (1957).
    """
    _check_discount(discount)
    ended = at_goal[transitions]
    values = np.zeros(transitions.shape)
    for _ in range(len(transitions)):  # no way is longer than that
        ahead = values.max(axis=1)[transitions]
        better = np.where(ended, 1.0, discount * ahead)
        if np.array_equal(better, values):
            break
        values = better
    return values


def learnt_successor_features(
    features: Float[np.ndarray, "position feature"],
    transitions: Int[np.ndarray, "position move"],
    *,
    discount: float,
    ridge: float = 1e-6,
) -> tuple[Float[np.ndarray, "move feature feature"], Float[np.ndarray, "feature position"]]:
    r"""What `SuccessorFeatures` knows when it has learnt all it can: M, and how w is read; no unit.

    With G the ridge regression of anything on the code, positions weighted by one over the squared
    norm of their code as in its updates, a move takes the code to $B_a = G \phi(s')$, and

    $$M_a = (I - \gamma \bar B)^{-1} B_a, \quad w = G r$$

    Every position counts alike, as it does in a long random walk with moves that can be taken back.

    Args:
        features: Code of each position, in any unit.
        transitions: Position after each move.
        discount: gamma, per move, 0 to below 1.
        ridge: Added to the mean squares of the code, in parts of their mean; above 0.

    Returns:
        M, and G: its product with what each position is worth is w.

    Raises:
        InputError: If a number is out of its range, or the code has no fixed point.

    Source:
        Parr et al., An analysis of linear models, ICML (2008): the fixed point of linear TD is the
        solution of the linear model. Weights by the norm are ours.
    """
    _check_discount(discount)
    if not ridge > 0:
        raise InputError(f"`ridge` must be above 0; got {ridge}. Leave it at its default, 1e-6.")
    squared = (features**2).sum(axis=1, keepdims=True)
    direction = features / (squared + LEAST_NORM * squared.mean() + 1e-30)
    squares = direction.T @ features
    floor = ridge * max(np.trace(squares) / len(squares), 1e-30)
    regress = np.linalg.solve(squares + floor * np.eye(len(squares)), direction.T)
    moves = np.stack([(regress @ features[ends]).T for ends in transitions.T])
    mean = discount * moves.mean(axis=0)
    growth = np.abs(np.linalg.eigvals(mean)).max()
    if growth >= 1:
        raise InputError(
            f"`features` must have a fixed point at discount {discount}; a walk grows by "
            f"{growth:.3f} a move in it. Take a smaller discount or a larger `ridge`."
        )
    return np.linalg.solve(np.eye(len(mean)) - mean, moves), regress


def learnt_successor_values(
    features: Float[np.ndarray, "position feature"],
    transitions: Int[np.ndarray, "position move"],
    at_goal: Bool[np.ndarray, " position"],
    *,
    discount: float,
    ridge: float = 1e-6,
) -> Float[np.ndarray, "position move"]:
    r"""What `SuccessorFeatures` thinks of each move when it has learnt all it can, in rewards.

    $Q(s, a) = w \cdot M_a \phi(s)$ with M and w of `learnt_successor_features`. Where this leads
    nowhere, the code is at fault, and not the learning: no number of episodes helps.

    Args:
        features: Code of each position, in any unit.
        transitions: Position after each move.
        at_goal: Where the reward is 1.
        discount: gamma, per move, 0 to below 1.
        ridge: Added to the mean squares of the code, in parts of their mean; above 0.
    """
    maps, regress = learnt_successor_features(features, transitions, discount=discount, ridge=ridge)
    worth = regress @ at_goal.astype(float)
    return np.einsum("mij,pj,i->pm", maps, features, worth, optimize=True)


def best_moves(
    values: Float[np.ndarray, "position move"], *, exploration: float = 0.0
) -> Float[np.ndarray, "position move"]:
    """Probability of each move if the best is taken, ties evenly, and sometimes any.

    Args:
        values: What moves are worth, in any unit.
        exploration: Probability of a move at random, 0 to 1; 1 is a random walk.
    """
    best = values >= values.max(axis=1, keepdims=True)
    greedy = best / best.sum(axis=1, keepdims=True)
    return (1 - exploration) * greedy + exploration / values.shape[1]


def expected_steps(
    policy: Float[np.ndarray, "position move"],
    transitions: Int[np.ndarray, "position move"],
    at_goal: Bool[np.ndarray, " position"],
    *,
    step_limit: int,
) -> Float[np.ndarray, " position"]:
    r"""Moves of an episode from each position on average, exactly; nothing is drawn.

    $$E[\min(T, L)] = \sum_{t < L} P(T > t)$$

    Args:
        policy: Probability of each move; `best_moves` gives it.
        transitions: Position after each move.
        at_goal: Where an episode ends; 0 moves from there.
        step_limit: L, after which it ends anyway. At least 1.
    """
    away = (~at_goal).astype(float)
    going, steps = away.copy(), np.zeros(len(away))
    for _ in range(step_limit):
        steps += going
        going = away * (policy * going[transitions]).sum(axis=1)
    return steps


def _check_discount(discount: float) -> None:
    if not 0 <= discount < 1:
        raise InputError(
            f"`discount` must be from 0 to below 1; got {discount}. Try 0.95, which looks about 20 "
            "moves ahead."
        )
