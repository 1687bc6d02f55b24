"""Students whose connectome was not read perfectly. Fig 4 e, f, and missing connections."""

from collections.abc import Sequence

import jax
import numpy as np

from neuroloom.connectome import (
    Connectome,
    with_missing_connections,
    with_spurious_connections,
    with_weight_noise,
)
from neuroloom.fitting import fit_students, gain_and_bias
from neuroloom.studies.constrained_networks.arms.known_wiring import cycling_teacher
from neuroloom.studies.constrained_networks.config import ConstrainedNetworksConfig
from neuroloom.studies.constrained_networks.initial import Informed
from neuroloom.studies.constrained_networks.scoring import failures, score, scored_trials
from neuroloom.studies.constrained_networks.students import (
    cycling_seconds,
    method_of,
    on_all_pairs,
    record,
    recorded_sets,
    student_of,
)
from neuroloom.studies.constrained_networks.teachers.weights import matrix_of
from neuroloom.studies.framework import Arm, Cell, Context, Measured, Row, grid

__all__ = ["ARM", "wrong"]

NAME = "wrong-wiring"
PUBLISHED, MISSING = "noise and spurious", "missing"


def cells(config: ConstrainedNetworksConfig) -> Sequence[Cell]:
    """A sweep a kind and level of error and a seed, which has errors of its own."""
    ours = config.synthetic
    kinds = (PUBLISHED, MISSING)
    return grid(NAME, error=kinds, level=ours.error_levels, seed=range(ours.n_seeds))


def wrong(connectome: Connectome, error: str, level: float, seed: int) -> Connectome:
    """The connectome that a student believes.

    Args:
        connectome: The true one.
        error: `noise and spurious`, both of this level as in the paper, or `missing`.
        level: Relative SD of the noise, and probability of a spurious or missing connection.
        seed: Of the errors.
    """
    rng = np.random.default_rng((seed, 4))
    if error == MISSING:
        return with_missing_connections(connectome, level, rng=rng)
    # Spurious connections copy the true weights, then noise falls on the true ones alone.
    noisy = with_weight_noise(connectome, level, rng=rng)
    added = with_spurious_connections(connectome, level, rng=rng)
    n = connectome.n_connections
    parts = {
        name: np.r_[getattr(noisy, name), getattr(added, name)[n:]]
        for name in ("pre", "post", "kind", "count", "sign")
    }
    return Connectome(
        neuron_id=connectome.neuron_id,
        count_unit=noisy.count_unit,
        neurons=connectome.neurons,
        name=connectome.name,
        audit=(*noisy.audit, added.audit[-1]),
        **parts,
    )


def measure(cell: Cell, config: ConstrainedNetworksConfig, context: Context) -> Measured:
    """Students of every number of recorded neurons, of one wrong wiring."""
    ours, seed = config.synthetic, cell["seed"]
    teacher = cycling_teacher(ours, context)
    sets = recorded_sets(teacher.n_neurons, ours.n_recorded, [seed])
    believed = wrong(teacher.connectome, cell["error"], cell["level"], seed)
    informed = Informed()(teacher, jax.random.key(seed))
    start = on_all_pairs(informed, matrix_of(believed))
    fit = fit_students(
        [student_of(start, seen, teacher) for seen in sets.values()],
        record(
            teacher,
            slice(0, ours.n_trained),
            noise_step_sd=ours.noise_step_sd,
            seed=ours.cycling.seed,
        ),
        trainable=gain_and_bias,
        method=method_of(ours.errors),
        key=jax.random.key(seed),
        checkpoint=context.checkpoint,
        progress=context.progress,
    )
    trials = scored_trials(teacher, ours.n_scored)
    nobody = np.zeros(teacher.n_neurons, bool)
    rows: list[Row] = score(start, teacher, trials, nobody, {"n_recorded": 0})
    members = list(sets)
    for i, member in enumerate(fit.kept):
        found, seen = fit.member(i).network, sets[members[member]]
        rows += score(found, teacher, trials, seen, {"n_recorded": members[member][0]})
    return Measured(
        rows,
        notes=[*teacher.notes, *believed.audit[-2:]],
        failures=failures(fit.status, members, rows),
    )


def _seconds(cell: Cell, config: ConstrainedNetworksConfig) -> float:
    ours = config.synthetic
    del cell
    return 10 + cycling_seconds(ours, ours.errors, len(ours.n_recorded))


ARM = Arm(
    name=NAME,
    sentence="Students of noisy, spurious or missing connections learn from M neurons.",
    control="students of the arm known-wiring; untrained students (M = 0)",
    cells=cells,
    measure=measure,
    seconds=_seconds,
)
