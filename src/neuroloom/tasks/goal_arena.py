"""An arena with a goal that can be moved: eight moves, walls that stop them, a reward."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from neuroloom.arena import Arena
from neuroloom.arena.crossings import distance_to_walls
from neuroloom.errors import InputError

__all__ = ["MOVES", "GoalArena"]

TOUCHING = 1e-6  # m; so near to a wall is on it, and so near to the edge of the goal is in it

MOVES = np.array([(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)], float)
"""Eight moves in steps, x then y: East first, then counter-clockwise."""
MOVES.flags.writeable = False


@dataclass(frozen=True, eq=False)
class GoalArena:
    """An arena in which an animal looks for a goal. It never changes; functions return new ones.

    A move takes the animal `step` along x, y or both, so that positions stay on a lattice; a move
    on the diagonal is longer by the root of two and counts as one all the same. A move that would
    cross or touch a wall is not made: the animal stays where it is. Reaching the goal is worth 1.

    Attributes:
        arena: Where; every wall of it stops moves.
        goal: Its centre in m, inside.
        step: Of a move along one axis, and between positions of the lattice, in m, above 0.
        goal_radius: So near to the centre is at the goal, in m, above 0.
        step_limit: After so many moves an episode is over, at least 1.
        positions: The lattice, in m: centres of cells inside the arena.
        transitions: Position after each of `MOVES` from each position, as places in `positions`.
        at_goal: Which positions are at the goal.

    Raises:
        InputError: If no position of the lattice is at the goal, or a number is out of its range.

    Source:
        Ours: Liu, Mavor-Parker and Barry, arXiv 2211.12935 (2022), propose goal-directed use of
        what their networks predict, and show none.
    """

    arena: Arena
    goal: Float[np.ndarray, " 2"]
    step: float = 0.2
    goal_radius: float = 0.25
    step_limit: int = 200
    positions: Float[np.ndarray, "position 2"] = field(init=False)
    transitions: Int[np.ndarray, "position move"] = field(init=False)
    at_goal: Bool[np.ndarray, " position"] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("goal_radius", "step_limit"):
            value = getattr(self, name)
            if not value > 0:
                raise InputError(
                    f"`{name}` must be above 0; got {value}. Leave it at its default, "
                    f"{type(self).__dataclass_fields__[name].default}."
                )
        goal = np.array(self.goal, float)
        positions = self.arena.grid(self.step)
        at_goal = self._reached(positions, goal)
        if not at_goal.any():
            raise InputError(
                f"`goal` must have a position of the lattice within {self.goal_radius} m; "
                f"{goal.tolist()} has none. Move it inside the arena, or take a larger "
                "`goal_radius`."
            )
        for name, value in (
            ("goal", goal),
            ("positions", positions),
            ("transitions", self._transitions(positions)),
            ("at_goal", at_goal),
        ):
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        x, y = self.goal
        return f"GoalArena({self.arena!r}, goal at {x:.3g} m, {y:.3g} m)"

    def with_goal(self, goal: Float[np.ndarray, " 2"]) -> GoalArena:
        """The same arena with the goal elsewhere.

        Args:
            goal: Its centre in m.
        """
        return replace(self, goal=goal)

    def reached(self, position: Float[np.ndarray, "*batch 2"]) -> Bool[np.ndarray, "*batch"]:
        """Whether positions are at the goal.

        Args:
            position: In m.
        """
        return self._reached(position, self.goal)

    def moved(
        self, position: Float[np.ndarray, "*batch 2"], move: Int[np.ndarray, "*batch"]
    ) -> Float[np.ndarray, "*batch 2"]:
        """Where moves end, in m; the same position where a wall is in the way.

        Args:
            position: In m, inside; need not be on the lattice.
            move: 0 to 7, of `MOVES`.
        """
        end = position + self.step * MOVES[move]
        blocked = stopped(self.arena.walls, position, end)
        return np.where(blocked[..., None], position, end)

    def shortest(self) -> Float[np.ndarray, " position"]:
        """Fewest moves from each position to the goal; infinite where no way leads there."""
        before: list[list[int]] = [[] for _ in self.positions]
        for start, ends in enumerate(self.transitions.tolist()):
            for end in ends:
                before[end].append(start)
        moves = np.where(self.at_goal, 0.0, np.inf)
        waiting = deque(np.flatnonzero(self.at_goal).tolist())
        while waiting:
            end = waiting.popleft()
            for start in before[end]:
                if np.isinf(moves[start]):
                    moves[start] = moves[end] + 1
                    waiting.append(start)
        return moves

    def _reached(self, position: np.ndarray, goal: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.norm(position - goal, axis=-1) <= self.goal_radius + TOUCHING)

    def _transitions(self, positions: np.ndarray) -> np.ndarray:
        """Place of the end of every move; each end is on the lattice or the move is stopped."""
        low, _ = self.arena.bounds
        place = {
            tuple(np.floor((xy - low) / self.step).astype(int)): n for n, xy in enumerate(positions)
        }
        n = len(positions)
        every = np.repeat(positions[:, None], len(MOVES), axis=1)
        ends = self.moved(every, np.broadcast_to(np.arange(len(MOVES)), (n, len(MOVES))))
        cells = np.floor((ends - low) / self.step).astype(int)
        # A centre that the lattice leaves out lies on a wall, where every move is stopped.
        return np.array([[place[tuple(cell)] for cell in row] for row in cells])


def stopped(
    walls: Float[np.ndarray, "wall 2 2"],
    start: Float[np.ndarray, "*batch 2"],
    end: Float[np.ndarray, "*batch 2"],
) -> Bool[np.ndarray, "*batch"]:
    """Whether the straight way from start to end crosses or touches a wall."""
    start, end = start[..., None, :], end[..., None, :]
    a, b = walls[:, 0], walls[:, 1]
    way = np.stack(np.broadcast_arrays(start, end), axis=-2)
    nearest = np.minimum.reduce(
        [
            distance_to_walls(walls, start),
            distance_to_walls(walls, end),
            distance_to_walls(way, a),
            distance_to_walls(way, b),
        ]
    )
    apart = (left(start, end, a) > 0) != (left(start, end, b) > 0)
    crosses = apart & ((left(a, b, start) > 0) != (left(a, b, end) > 0))
    return np.asarray((crosses | (nearest <= TOUCHING)).any(axis=-1))


def left(a: np.ndarray, b: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Above 0 where the point is to the left of the way from a to b."""
    way, to = b - a, point - a
    return np.asarray(way[..., 0] * to[..., 1] - way[..., 1] * to[..., 0])
