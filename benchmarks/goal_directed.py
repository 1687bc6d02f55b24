"""Steps to a goal, and to one that has moved, on simple place codes; docs/goal-directed.md.

Run it with `python benchmarks/goal_directed.py`; `--dev` takes the seeds on which numbers were
chosen, which are never reported.
"""

import argparse
import time

import jax
import numpy as np

from neuroloom.arena import rectangle
from neuroloom.fitting.values import (
    ActionValues,
    SuccessorFeatures,
    best_moves,
    episodes_to,
    excess_area,
    expected_steps,
    landmark_code,
    learnt_successor_values,
    optimal_values,
    practice,
)
from neuroloom.tasks import GoalArena

DEVELOPMENT, REPORTED = range(3), range(100, 112)
N_CELLS, FIELD = 60, 0.12  # place fields; their SD in m
EPISODES = 60  # in each of three parts: no goal, first goal, moved goal; 300 with `--long`
LATE = 15  # last episodes of a part
LIMIT, EXPLORATION = 120, 0.1
LEARNERS = {
    "successor features": SuccessorFeatures(0.9, 0.3, 0.3),
    "Q-learning": ActionValues(0.9, 0.3),
    "Sarsa": ActionValues(0.9, 0.3, on_policy=True),
}


def world(rng: np.random.Generator) -> tuple[GoalArena, GoalArena, dict[str, np.ndarray]]:
    """A box of 1 m with a barrier, two goals at least 5 moves apart, and codes."""
    arena = rectangle(1.0, 1.0).with_barriers(np.array([[[0.5, 0.0], [0.5, 0.6]]]))
    while True:
        goals = rng.choice(arena.grid(0.1), 2, replace=False)
        first = GoalArena(arena, goals[0], step=0.1, goal_radius=0.06, step_limit=LIMIT)
        second = first.with_goal(goals[1])
        if second.shortest()[first.at_goal].min() >= 5:
            break
    position = first.positions
    n = len(position)
    centers = rng.random((N_CELLS, 2))
    place = np.exp(-((position[:, None] - centers) ** 2).sum(axis=-1) / (2 * FIELD**2))
    shuffled = place[rng.permutation(n)]
    each = np.stack([cell[rng.permutation(n)] for cell in place.T], axis=1)
    codes = {
        "place": place,
        "place, positions shuffled": shuffled,
        "place, shuffled cell by cell": each,
        "landmarks of place": landmark_code(place, place, width=0.2),
        "landmarks, positions shuffled": landmark_code(shuffled, shuffled, width=0.2),
        "raw position": np.concatenate([position, np.ones((n, 1))], axis=1),
        "one-hot": np.eye(n),
    }
    return first, second, codes


def one(seed: int, n_episodes: int) -> dict[tuple[str, str, str], tuple[float, float, float]]:
    """Late ratio, area and episodes of every learner, code and part."""
    rng = np.random.default_rng(seed)
    first, second, codes = world(rng)
    names = (*codes, "random walk")
    widest = max(code.shape[1] for code in codes.values())
    padded = [np.pad(code, ((0, 0), (0, widest - code.shape[1]))) for code in codes.values()]
    features = np.stack([*padded, np.zeros_like(padded[0])])
    exploration = np.array([EXPLORATION] * len(codes) + [1.0])
    free = np.flatnonzero(~first.at_goal & ~second.at_goal)
    parts = (np.zeros_like(first.at_goal), first.at_goal, second.at_goal)
    starts = rng.choice(free, (3, n_episodes))
    found = {}
    for which, learner in LEARNERS.items():
        state = None
        for part, (at_goal, start) in enumerate(zip(parts, starts, strict=True)):
            done = practice(
                learner,
                features,
                first.transitions,
                at_goal,
                np.tile(start, (len(names), 1)),
                key=jax.random.fold_in(jax.random.key(seed), part),
                exploration=exploration if part else np.ones(len(names)),
                step_limit=LIMIT,
                state=state,
                map_learning=part < 2,
            )
            state = done.state
            if part == 0:
                continue
            task = (first, second)[part - 1]
            walk = expected_steps(
                best_moves(np.zeros(first.transitions.shape)),
                first.transitions,
                at_goal,
                step_limit=LIMIT,
            )
            fewest = np.tile(task.shortest()[start], (len(names), 1))
            late = done.steps[:, -LATE:].sum(axis=1) / fewest[:, -LATE:].sum(axis=1)
            area = excess_area(done.steps, fewest, np.tile(walk[start], (len(names), 1)))
            episodes = np.minimum(episodes_to(done.steps, fewest), n_episodes)
            for i, name in enumerate(names):
                found[which, ("first", "moved")[part - 1], name] = (late[i], area[i], episodes[i])
    start = starts[2]
    for name, code in codes.items():
        values = learnt_successor_values(
            code, first.transitions, second.at_goal, discount=0.9, ridge=1e-4
        )
        found["learnt for ever", "moved", name] = (exact(values, second, start), np.nan, np.nan)
    values = optimal_values(first.transitions, second.at_goal, 0.95)
    found["learnt for ever", "moved", "best policy"] = (exact(values, second, start), *[np.nan] * 2)
    return found


def exact(values: np.ndarray, task: GoalArena, start: np.ndarray) -> float:
    """Expected moves over the shortest ways, exploring as agents do."""
    policy = best_moves(values, exploration=EXPLORATION)
    steps = expected_steps(policy, task.transitions, task.at_goal, step_limit=LIMIT)
    return float(steps[start].sum() / task.shortest()[start].sum())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--long", action="store_true")
    chosen = parser.parse_args()
    seeds = DEVELOPMENT if chosen.dev else REPORTED
    begin = time.process_time()
    every = [one(seed, 300 if chosen.long else EPISODES) for seed in seeds]
    print("| learner | goal | code | late ratio | area | episodes to twice the shortest |")
    print("|---|---|---|---|---|---|")
    for key in every[0]:
        values = np.array([found[key] for found in every])
        mean = values.mean(axis=0)
        # 95 % over 12 seeds.
        half = 2.2 * values.std(axis=0, ddof=1) / np.sqrt(len(values))
        cells = [
            "-" if np.isnan(m) else f"{m:.2f} ± {h:.2f}" for m, h in zip(mean, half, strict=True)
        ]
        print("|", " | ".join((*key, *cells)), "|")
    print(f"{len(every)} seeds, {time.process_time() - begin:.0f} CPU s")


if __name__ == "__main__":
    main()
