"""Where codes of the study's worlds lead when all is learnt, exactly; docs/goal-directed.md.

Run it with `python benchmarks/goal_codes.py`. Seeds, worlds, goals and students are those of arm
`goals` of `functional-connectome`, preset `fast`; discount and width were chosen with
`benchmarks/goal_directed.py --dev`, on other worlds.
"""

import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from neuroloom.fitting.stand_ins import fit_rectified
from neuroloom.fitting.values import (
    best_moves,
    expected_steps,
    landmark_code,
    learnt_successor_features,
    optimal_values,
)
from neuroloom.studies.framework import Context
from neuroloom.studies.functional_connectome.config import PRESETS
from neuroloom.studies.functional_connectome.goals.arms import BOX
from neuroloom.studies.functional_connectome.goals.codes import (
    PREDICTED,
    SHUFFLED,
    TRUE,
    goal_codes,
    two_goals,
)
from neuroloom.studies.functional_connectome.places.cells import (
    PUBLISHED,
    place_world,
    predicting,
    trained,
    training_lesson,
)
from neuroloom.tasks import GoalArena

DISCOUNT, WIDTH, RIDGE = 0.9, 0.2, 1e-4


def ratio(values: np.ndarray, task: GoalArena, exploration: float) -> float:
    """Expected moves over the shortest ways, from everywhere."""
    policy = best_moves(values, exploration=exploration)
    steps = expected_steps(policy, task.transitions, task.at_goal, step_limit=task.step_limit)
    shortest = task.shortest()
    start = np.isfinite(shortest) & ~task.at_goal
    return float(steps[start].sum() / shortest[start].sum())


def learnt_on(code: np.ndarray, task: GoalArena, read: np.ndarray) -> np.ndarray:
    """Values when all is learnt on one code, and another is read from then on."""
    maps, regress = learnt_successor_features(
        code, task.transitions, discount=DISCOUNT, ridge=RIDGE
    )
    return np.einsum("mij,pj,i->pm", maps, read, regress @ task.at_goal.astype(float))


def main() -> None:
    config = PRESETS["fast"]
    goals = config.goals
    found = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for n in range(config.n_seeds):
            which = n % config.places.n_worlds
            context = Context(Path(folder) / f"fit-{which}", Path(folder))
            world = place_world(
                config.first_seed + which, config.places, BOX, max(config.decoding.n_place)
            )
            students = {
                "published student": predicting(trained(world, PUBLISHED, config.places, context)),
                "wired student": predicting(
                    fit_rectified(training_lesson(world, config.places), world.place.connected)
                ),
            }
            _, task = two_goals(
                world.training,
                step=goals.step,
                goal_radius=goals.goal_radius,
                barrier=goals.barrier,
                apart=goals.goals_apart,
                step_limit=goals.step_limit,
                rng=np.random.default_rng((config.first_seed + n, 8)),
            )
            every = {}
            for name, predict in students.items():
                rng = np.random.default_rng((config.first_seed + n, 9))
                codes = goal_codes(task, world.boundary, world.place, predict, rng)
                every |= {(name if key == PREDICTED else key): code for key, code in codes.items()}
            true = every[TRUE]
            known = landmark_code(true, true, width=WIDTH)
            for name, code in every.items():
                marks = landmark_code(code, code, width=WIDTH)
                ways = {"linear": learnt_on(code, task, code)}
                ways["landmarks"] = learnt_on(marks, task, marks)
                if name in (TRUE, SHUFFLED, *students):
                    seen = landmark_code(code, true, width=WIDTH)
                    ways["linear, learnt on true cells"] = learnt_on(true, task, code)
                    ways["landmarks, learnt on true cells"] = learnt_on(known, task, seen)
                for way, values in ways.items():
                    found[name, way].append(ratio(values, task, goals.exploration))
            best = optimal_values(task.transitions, task.at_goal, DISCOUNT)
            found["best policy", ""].append(ratio(best, task, goals.exploration))
            found["random walk", ""].append(ratio(0 * best, task, 1.0))
    for (code, how), values in found.items():
        half = 2.26 * np.std(values, ddof=1) / np.sqrt(len(values))  # 95 % over 10 seeds
        print(f"| {code} | {how} | {np.mean(values):.2f} ± {half:.2f} |")


if __name__ == "__main__":
    main()
