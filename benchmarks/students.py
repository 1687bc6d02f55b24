"""Time to the same unrecorded error: the published recipe in PyTorch, and ours, per student.

The published recipe is Adam on 32 of 60 trials, 7,000 steps, noise and a clipped gradient, one
student at a time. Its error is found by our own `FirstOrder`, which is the same recipe, at a few
numbers of recorded neurons; its time is 50 steps of a PyTorch loop, extrapolated to 7,000. Ours is
a sweep by `SecondOrder` as one program. Two factors come apart: how much faster a step of the same
recipe is here, and what the method saves.

Needs the extra `compare` (PyTorch); run it on a quiet machine: `python benchmarks/students.py`.
About an hour with the defaults, a third with `--seeds 2`; `--quick` takes a tenth and says less.
Every stage prints its times as it ends.
"""

import argparse
import time
from pathlib import Path

from machine import describe, start_jax

PUBLISHED = (1, 2, 4, 8, 10, 15, 20, 25, 30, 35, 40, 60, 80, 100, 150, 200, 250, 300)
COMPARED = (15, 40, 100)
N_STEPS, BATCH, NOISE, CLIP, RATE = 7_000, 32, 0.002, 2.0, 1e-3


def lesson_and_students(cache: Path, recorded: tuple[int, ...], seeds: range) -> tuple:
    """The cycling teacher of 300 neurons, its 60 trials, and a student a number and seed."""
    import jax

    from neuroloom.studies.constrained_networks.initial import Informed
    from neuroloom.studies.constrained_networks.students import (
        record,
        recorded_sets,
        student_of,
    )
    from neuroloom.studies.constrained_networks.teachers import cached_teacher
    from neuroloom.studies.constrained_networks.teachers_config import CyclingConfig
    from neuroloom.studies.framework import Context

    context = Context(checkpoint=cache / "students", cache=cache, data=None, progress=True)
    teacher = cached_teacher(
        CyclingConfig(), context.cached, checkpoint=cache / "students-teacher", progress=True
    )
    lesson = record(teacher, slice(0, 60), noise_step_sd=NOISE, seed=0)
    starts = {s: Informed()(teacher, jax.random.key(s)) for s in seeds}
    sets = recorded_sets(teacher.n_neurons, recorded, seeds)
    students = {at: student_of(starts[at[1]], seen, teacher) for at, seen in sets.items()}
    return teacher, lesson, students


def unrecorded_errors(fit, keys: list, teacher) -> dict:
    """Mean squared error of the neurons that were not recorded, without noise, by student."""
    import numpy as np

    from neuroloom.studies.constrained_networks.students import student_rates

    found = {}
    for i, place in enumerate(fit.kept):
        member = fit.member(i)
        hidden = np.asarray(member.shown) == 0
        if hidden.any():
            rates = student_rates(member.network, teacher, slice(0, 60))
            error = np.asarray(rates - teacher.rates[:60])[:, :, hidden]
            found[keys[place]] = float((error**2).mean())
    return found


def timed_fit(students: dict, lesson, method) -> tuple:
    """A sweep, and seconds for all of it, compiling included."""
    import jax

    from neuroloom.fitting import fit_students

    start = time.perf_counter()
    fit = fit_students(list(students.values()), lesson, method=method, key=jax.random.key(1))
    jax.block_until_ready(fit.parameters)
    return fit, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=8, help="trials that second order sees")
    parser.add_argument("--quick", action="store_true", help="2 seeds; 700 steps of the recipe")
    parser.add_argument("--times", action="store_true", help="times of a step alone: 3 minutes")
    options = parser.parse_args()
    import os

    start_jax(os.cpu_count() or 1)
    import numpy as np

    from neuroloom.fitting import FirstOrder, Lesson, SecondOrder

    print(describe())
    n_seeds, n_steps = (2, N_STEPS // 10) if options.quick else (options.seeds, N_STEPS)
    teacher, lesson, students = lesson_and_students(options.cache, PUBLISHED, range(n_seeds))
    few = Lesson(*(part[: options.trials] for part in lesson))
    recipe = FirstOrder(
        learning_rate=RATE, n_steps=n_steps, batch_size=BATCH, clip_norm=CLIP, noise=NOISE
    )

    compared = {at: s for at, s in students.items() if at[0] in COMPARED and at[1] == 0}
    loop = torch_seconds(teacher, lesson, compared[COMPARED[1], 0])
    say(
        f"PyTorch loop: {loop:.4f} s a step (median of 50), so {loop * N_STEPS:.0f} s a student "
        f"for {N_STEPS:,} steps (extrapolated)"
    )
    ours_a_step = seconds_a_step(compared, lesson, recipe)
    say(
        f"recipe here: {ours_a_step:.4f} s a step and student, {len(compared)} at once; a step of "
        f"the same recipe is {loop / ours_a_step:.1f} times faster"
    )
    if options.times:
        return
    by_sweep, sweep_seconds = timed_fit(students, few, SecondOrder(stop_below=NOISE**2))
    reached = unrecorded_errors(by_sweep, list(students), teacher)
    per_student = sweep_seconds / len(students)
    say(
        f"{len(students)} students by SecondOrder: {sweep_seconds:.0f} s, {per_student:.2f} s a "
        f"student, compiling included; {len(students) - len(by_sweep.kept)} failed"
    )
    by_recipe, recipe_seconds = timed_fit(compared, lesson, recipe)
    target = unrecorded_errors(by_recipe, list(compared), teacher)
    say(f"{len(compared)} students by the recipe, {n_steps:,} steps: {recipe_seconds:.0f} s")

    say(f"\nunrecorded mean squared error (teacher's variance {np.var(teacher.rates):.3g}):")
    print(f"{'recorded':>9} {'recipe, ' + str(n_steps) + ' steps':>20} {'second order':>28}")
    for m in PUBLISHED[:-1]:
        ours = [error for at, error in reached.items() if at[0] == m]
        theirs = target.get((m, 0))
        text = f"{theirs:.3g}" if theirs is not None else "-"
        print(f"{m:>9} {text:>20} {np.median(ours):>12.3g} ({min(ours):.2g} to {max(ours):.2g})")
    print(f"\nfactor of a step, same recipe:      {loop / ours_a_step:6.1f}")
    print(f"factor of the method, same machine: {ours_a_step * N_STEPS / per_student:6.1f}")
    print(f"both:                               {loop * N_STEPS / per_student:6.1f}   (floor 10)")
    worse = [m for (m, _), e in target.items() if np.median(_at(reached, m)) > e]
    told = f"not at {worse} recorded" if worse else "at every number compared"
    print(f"the same unrecorded error or a lower one: {told}")


def seconds_a_step(students: dict, lesson, recipe, n_steps: int = 150) -> float:
    """Of one student, without compiling: the time of a long fit less that of a short one."""
    from dataclasses import replace

    short, long = (
        min(timed_fit(students, lesson, replace(recipe, n_steps=n))[1] for _ in range(2))
        for n in (50, 50 + n_steps)
    )
    return (long - short) / (n_steps * len(students))


def say(text: str) -> None:
    """Print at once: the next stage takes minutes."""
    print(text, flush=True)


def _at(errors: dict, m: int) -> list[float]:
    return [error for at, error in errors.items() if at[0] == m]


def torch_seconds(teacher, lesson, student) -> float:
    """A step of the recipe in PyTorch."""
    import numpy as np
    from students_peer import Peer

    network = student.network
    matrix = np.asarray(network.wiring.matrix(network.weight), np.float32)
    inputs, initial, rates = (np.array(part, np.float32) for part in lesson)
    peer = Peer(
        matrix,
        teacher.dt / float(network.tau.expand()[0]),
        inputs,
        initial,
        rates,
        np.asarray(student.shown),
        np.array(network.gain.expand(), np.float32),
        np.array(network.bias.expand(), np.float32),
    )
    import torch

    everything = torch.arange(4)
    with torch.no_grad():
        theirs = peer.simulated(everything, 0.0).numpy()
    from neuroloom.simulation import simulate

    states = simulate(network, lesson.inputs[:4], dt=teacher.dt, initial=lesson.initial[:4])
    difference = np.abs(np.asarray(network.rate(states)) - theirs).max()
    print(f"the same student in PyTorch: largest difference of a rate {difference:.2g}")
    return peer.seconds_a_step(50, batch_size=BATCH, noise=NOISE, clip=CLIP)


if __name__ == "__main__":
    main()
