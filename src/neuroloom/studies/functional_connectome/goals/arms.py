"""Steps to a goal, and to one that has moved, on each code and with each learner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from neuroloom.fitting.values import (
    AbstractValueLearner,
    ActionValues,
    Practice,
    SuccessorFeatures,
    practice,
)
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid
from neuroloom.studies.functional_connectome.decoding.arms import BOX
from neuroloom.studies.functional_connectome.goals.codes import goal_codes, two_goals
from neuroloom.studies.functional_connectome.goals.config import GoalsConfig
from neuroloom.studies.functional_connectome.places.cells import (
    PUBLISHED,
    place_world,
    predicting,
    trained,
)
from neuroloom.tasks import GoalArena

__all__ = ["ARMS", "LEARNERS", "PHASES", "SUCCESSOR", "VALUES", "WALK", "goal_rows"]

SUCCESSOR, VALUES, SARSA = "successor features", "Q-learning", "Sarsa"
LEARNERS = (SUCCESSOR, VALUES, SARSA)
WALK = "random walk"
PHASES = ("first", "moved")


def cells(config: Any) -> Sequence[Cell]:
    """One for every world that is drawn."""
    return grid("goals", seed=range(config.first_seed, config.first_seed + config.n_seeds))


def measure(cell: Cell, config: Any, context: Context) -> Measured:
    """Draw the world, its goals and codes, and let agents learn on each."""
    seed = cell["seed"]
    place = (seed - config.first_seed) % config.places.n_worlds  # whose students are trained
    n_place = max(config.decoding.n_place)  # that of the animals that are decoded
    world = place_world(config.first_seed + place, config.places, BOX, n_place)
    predict = predicting(trained(world, PUBLISHED, config.places, context))
    rng = np.random.default_rng((seed, 8))
    goals: GoalsConfig = config.goals
    first, second = two_goals(
        world.training,
        step=goals.step,
        goal_radius=goals.goal_radius,
        barrier=goals.barrier,
        apart=goals.goals_apart,
        step_limit=goals.step_limit,
        rng=rng,
    )
    codes = goal_codes(first, world.boundary, world.place, predict, rng)
    return goal_rows(first, second, codes, goals, seed=seed, rng=rng)


def goal_rows(
    first: GoalArena,
    second: GoalArena,
    codes: Any,
    goals: GoalsConfig,
    *,
    seed: int,
    rng: np.random.Generator,
) -> Measured:
    """What agents on these codes reach, and how soon.

    Args:
        first: The arena with its first goal.
        second: The same with the goal moved.
        codes: Code of each position, by name.
        goals: All numbers.
        seed: Decides moves.
        rng: Draws starts, the same for all codes and learners.
    """
    free = np.flatnonzero(
        ~first.at_goal & ~second.at_goal & np.isfinite(first.shortest() + second.shortest())
    )
    n_episodes = goals.n_forage + goals.n_first + goals.n_moved
    starts = rng.choice(free, n_episodes)
    shortest = {
        "first": first.shortest()[starts[goals.n_forage : goals.n_forage + goals.n_first]],
        "moved": second.shortest()[starts[goals.n_forage + goals.n_first :]],
    }
    widest = max(code.shape[1] for code in codes.values())
    names = (*codes, WALK)
    padded = [np.pad(code, ((0, 0), (0, widest - code.shape[1]))) for code in codes.values()]
    features = np.stack([*padded, np.zeros_like(padded[0])])
    exploration = np.array([goals.exploration] * len(codes) + [1.0])
    rows, arrays = [], {}
    for n, (learner_name, learner) in enumerate(_learners(goals).items()):
        found = _practiced(learner, features, exploration, first, second, starts, goals, seed + n)
        for phase, done in zip(PHASES, found, strict=True):
            ratio = done.steps / shortest[phase]
            for i, name in enumerate(names):
                at = {"learner": learner_name, "phase": phase}
                late = done.steps[i, -goals.n_late :].sum() / shortest[phase][-goals.n_late :].sum()
                rows += [
                    Row(name, "late_ratio", late, "shortest paths", at),
                    Row(name, "late_reached", done.reached[i, -goals.n_late :].mean(), "", at),
                    Row(name, "episodes_to_goal", _episodes(ratio[i]), "episodes", at),
                ]
                for start in range(0, done.steps.shape[1], 5):
                    block = slice(start, start + 5)
                    value = done.steps[i, block].sum() / shortest[phase][block].sum()
                    rows.append(
                        Row(name, "ratio", value, "shortest paths", at | {"episode": start})
                    )
        if learner_name == SUCCESSOR:
            maps, worth = (np.asarray(part)[:-1] for part in found[1].state)
            arrays["value"] = np.stack(
                [
                    np.einsum("mij,pj,i->pm", m, f, w).max(axis=1)
                    for m, f, w in zip(maps, features, worth, strict=False)
                ]
            ).astype(np.float32)
    arrays |= {
        "positions": first.positions.astype(np.float32),
        "walls": first.arena.walls.astype(np.float32),
        "goals": np.stack([first.goal, second.goal]).astype(np.float32),
        "transitions": first.transitions.astype(np.int32),
        "at_goal": np.stack([first.at_goal, second.at_goal]).astype(np.int8),
        "codes": np.array(list(codes)),
    }
    return Measured(rows, arrays=arrays)


def _learners(goals: GoalsConfig) -> dict[str, AbstractValueLearner]:
    values = (goals.value_discount, goals.value_step_size)
    successor = (goals.successor_discount, goals.successor_step_size, goals.reward_step_size)
    return {
        SUCCESSOR: SuccessorFeatures(*successor),
        VALUES: ActionValues(*values),
        SARSA: ActionValues(*values, on_policy=True),
    }


def _practiced(
    learner: AbstractValueLearner,
    features: np.ndarray,
    exploration: np.ndarray,
    first: GoalArena,
    second: GoalArena,
    starts: np.ndarray,
    goals: GoalsConfig,
    seed: int,
) -> tuple[Practice, Practice]:
    """Foraging without a goal, then the first goal, then the moved one with the map as it is."""
    cuts = np.split(starts, [goals.n_forage, goals.n_forage + goals.n_first])
    state, found = None, []
    nowhere = np.zeros_like(first.at_goal)
    for part, (at_goal, start) in enumerate(
        zip((nowhere, first.at_goal, second.at_goal), cuts, strict=True)
    ):
        done = practice(
            learner,
            features,
            first.transitions,
            at_goal,
            np.broadcast_to(start, (len(features), len(start))).copy(),
            key=jax.random.fold_in(jax.random.key(seed), part),
            exploration=np.ones_like(exploration) if part == 0 else exploration,
            step_limit=goals.step_limit,
            state=state,
            map_learning=part < 2,
        )
        state = done.state
        found.append(done)
    return found[1], found[2]


def _episodes(ratio: np.ndarray, wanted: float = 2.0, window: int = 5) -> int:
    """Episodes until five in a row take at most twice the shortest path on average; else all."""
    means = np.convolve(ratio, np.ones(window) / window, mode="valid")
    good = np.flatnonzero(means <= wanted)
    return int(good[0]) if good.size else len(ratio)


ARMS = (
    Arm(
        name="goals",
        sentence="Agents look for a goal, and for a moved one, on place codes; our extension.",
        control="shuffled place code, boundary cells, raw position, one-hot, random walk",
        cells=cells,
        measure=measure,
        seconds=lambda cell, config: (
            8.0 if config.goals.n_first < 100 else 3.0 * config.goals.n_first
        ),
    ),
)
