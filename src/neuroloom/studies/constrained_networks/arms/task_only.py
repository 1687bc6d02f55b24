"""Known wiring and the task alone: is that enough? Fig 1."""

from collections.abc import Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from neuroloom.fitting import fit_students, gain_and_bias
from neuroloom.studies.constrained_networks.arms.known_wiring import (
    cycling_teacher,
    median_ceiling,
    require_cycling_size,
    spread,
)
from neuroloom.studies.constrained_networks.config import ConstrainedNetworksConfig
from neuroloom.studies.constrained_networks.initial import Informed
from neuroloom.studies.constrained_networks.scoring import failures, score, scored_trials
from neuroloom.studies.constrained_networks.students import (
    cycling_seconds,
    method_of,
    record,
    student_of,
    student_rates,
)
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    Results,
    Row,
    Verdict,
    median_interval,
)

__all__ = ["ARM", "CLAIM"]

NAME = "task-only"
SMALL_READOUT = 0.05  # readout error that counts as small, of the variance of the teacher's output
NEAR_CEILING = 0.5  # error that counts as near the ceiling, of it


def cells(config: ConstrainedNetworksConfig) -> Sequence[Cell]:
    """All students are one program, and one cell; none at a size that decides nothing."""
    if not config.synthetic.n_task_seeds:
        return ()
    return (Cell.of(NAME, n_neurons=config.synthetic.cycling.n_neurons),)


def measure(cell: Cell, config: ConstrainedNetworksConfig, context: Context) -> Measured:
    """Students whose outputs are trained to be the teacher's, and how like it they are inside."""
    ours = config.synthetic
    teacher = cycling_teacher(ours, context)
    assert teacher.readout is not None  # a cycling teacher has one
    seeds = range(ours.n_task_seeds)
    output = teacher.rates @ teacher.readout.T
    starts = {seed: Informed()(teacher, jax.random.key(seed)) for seed in seeds}
    nobody = np.zeros(teacher.n_neurons, bool)
    # Shown nothing but the output, so that second order has no neurons to clamp.
    students = [
        replace(student_of(start, nobody, teacher), readout=teacher.readout[0])
        for start in starts.values()
    ]
    found = fit_students(
        students,
        record(teacher, slice(0, ours.n_task_trained), noise_step_sd=0.0, seed=ours.cycling.seed),
        trainable=gain_and_bias,
        method=method_of(ours.task),
        key=jax.random.key(ours.cycling.seed),
        checkpoint=context.checkpoint,
        progress=context.progress,
    )
    trials = scored_trials(teacher, ours.n_scored)
    variance = float(jnp.var(output[trials]))
    rows: list[Row] = []
    for name, networks in (
        ("untrained", starts),
        ("trained", {k: found.member(i).network for i, k in enumerate(found.kept)}),
    ):
        for seed, network in networks.items():
            at = {"seed": seed, "student": name}
            rates = student_rates(network, teacher, trials)
            wrong = float(jnp.mean((rates @ teacher.readout.T - output[trials]) ** 2))
            rows.append(Row("outputs", "relative_mse", wrong / variance, "", at))
            rows += score(network, teacher, trials, nobody, at)
    return Measured(
        rows,
        notes=teacher.notes,
        failures=failures(found.status, [(0, seed) for seed in seeds], rows),
    )


def judge(results: Results, config: ConstrainedNetworksConfig) -> Verdict:
    """The task is done as the teacher does it, and the activity is not the teacher's."""
    require_cycling_size(config)
    outputs = results.values(NAME, "outputs", "relative_mse", student="trained", at_least=10)
    inside = results.values(NAME, "unrecorded", "mse", student="trained", at_least=10)
    before = results.values(NAME, "unrecorded", "mse", student="untrained", at_least=10)
    relative, untrained = (error / median_ceiling(results) for error in (inside, before))
    (value, low, high), readout = median_interval(relative), float(np.median(outputs))
    return Verdict.of(
        value >= NEAR_CEILING and readout < SMALL_READOUT,
        value,
        low=low,
        high=high,
        reason=(
            f"readout error {readout:.3g} of the output's variance (median of {outputs.size}); "
            f"untrained students have {np.median(untrained):.3g} of the ceiling; "
            f"{spread(relative)}"
        ),
    )


def _seconds(cell: Cell, config: ConstrainedNetworksConfig) -> float:
    ours = config.synthetic
    del cell
    return 200 + cycling_seconds(ours, ours.task, ours.n_task_seeds, n_trials=ours.n_task_trained)


ARM = Arm(
    name=NAME,
    sentence="Students with the cycling teacher's wiring and readout learn its outputs alone.",
    control="untrained students; the permutation ceiling of the arm known-wiring",
    cells=cells,
    measure=measure,
    seconds=_seconds,
)

CLAIM = Claim(
    id="2",
    sentence="Networks of one wiring that do one task need not share its activity.",
    source="Beiran and Litwin-Kumar (2025), Fig. 1",
    measure="mean squared error of all neurons of task-only students, of the permutation ceiling",
    criterion=(
        f"median over at least 10 students at least {NEAR_CEILING:g}, with a readout error below "
        f"{SMALL_READOUT:g} of the output's variance"
    ),
    control="permutation ceiling; untrained students",
    arms=(NAME, "known-wiring"),
    judge=judge,
)
