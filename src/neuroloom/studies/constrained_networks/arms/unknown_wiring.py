"""Known gains and biases, unknown wiring: does recording more neurons help? Fig 2, control."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from neuroloom.analysis.matching import match_units, weight_errors
from neuroloom.fitting import fit_students
from neuroloom.networks import RateNetwork
from neuroloom.studies.constrained_networks.arms.known_wiring import (
    cycling_teacher,
    median_ceiling,
    require_cycling_size,
)
from neuroloom.studies.constrained_networks.config import ConstrainedNetworksConfig
from neuroloom.studies.constrained_networks.scoring import activity_rows, failures, scored_trials
from neuroloom.studies.constrained_networks.students import (
    cycling_seconds,
    method_of,
    on_all_pairs,
    record,
    recorded_sets,
    student_of,
    student_rates,
)
from neuroloom.studies.constrained_networks.teachers import CyclingConfig, Teacher
from neuroloom.studies.constrained_networks.teachers.cycling import untrained_cycling
from neuroloom.studies.framework import Arm, Cell, Claim, Context, Measured, Results, Row, Verdict

__all__ = ["ARM", "CLAIM", "free_wiring"]

NAME = "unknown-wiring"
NEAR_CEILING = 0.5  # error that counts as near the ceiling, of it


def cells(config: ConstrainedNetworksConfig) -> Sequence[Cell]:
    """The whole sweep is one program, and one cell; none at a size that decides nothing."""
    if not config.synthetic.n_recorded:
        return ()
    return (Cell.of(NAME, n_neurons=config.synthetic.cycling.n_neurons),)


def free_wiring(teacher: Teacher, config: CyclingConfig, seed: int) -> RateNetwork:
    """The teacher's gains and biases on weights between all pairs, whose signs are free.

    The weights start from those of another draw of the untrained teacher, and from 0 where that has
    none.
    """
    other = untrained_cycling(replace(config, seed=10_000 + seed))[0].network
    start = np.asarray(other.wiring.matrix(other.weight))
    return on_all_pairs(teacher.network, start)


def measure(cell: Cell, config: ConstrainedNetworksConfig, context: Context) -> Measured:
    """Students of every number of recorded neurons and seed, judged with and without matching."""
    ours = config.synthetic
    teacher = cycling_teacher(ours, context)
    sets = recorded_sets(teacher.n_neurons, ours.n_recorded, range(ours.n_seeds))
    members = list(sets)
    starts = {s: free_wiring(teacher, ours.cycling, s) for s in range(ours.n_seeds)}
    shown = record(
        teacher, slice(0, ours.n_trained), noise_step_sd=ours.noise_step_sd, seed=ours.cycling.seed
    )
    fit = fit_students(
        [student_of(starts[seed], seen, teacher) for (_, seed), seen in sets.items()],
        shown,
        trainable=_weights,
        method=method_of(ours.unknown),
        key=jax.random.key(ours.cycling.seed),
        checkpoint=context.checkpoint,
        progress=context.progress,
    )
    trials = scored_trials(teacher, ours.n_scored)
    nobody = np.zeros(teacher.n_neurons, bool)
    rows: list[Row] = []
    for seed, start in starts.items():
        rows += _rows(start, teacher, trials, nobody, {"n_recorded": 0, "seed": seed})
    for i, member in enumerate(fit.kept):
        m, seed = members[member]
        at = {"n_recorded": m, "seed": seed}
        rows += _rows(fit.member(i).network, teacher, trials, sets[m, seed], at)
    return Measured(rows, notes=teacher.notes, failures=failures(fit.status, members, rows))


def _weights(network: RateNetwork) -> Any:
    return network.strength


def _rows(
    network: RateNetwork,
    teacher: Teacher,
    trials: slice,
    recorded: np.ndarray,
    at: dict[str, int],
) -> list[Row]:
    """Errors of activity and weights under the student's own names, and after matching."""
    rates = np.asarray(student_rates(network, teacher, trials))
    if not np.isfinite(rates).all():
        named = at | {"matched": "no"}, at | {"matched": "yes"}
        return [Row("unrecorded", "mse", float("nan"), "rate^2", a) for a in named]
    true = np.asarray(teacher.rates[trials])
    weight, wanted = (np.asarray(k.wiring.matrix(k.weight)) for k in (network, teacher.network))
    rows: list[Row] = []
    orders = {"no": np.arange(len(recorded)), "yes": match_units(rates, true, recorded)}
    for matched, order in orders.items():
        here = at | {"matched": matched}
        rows += activity_rows(rates[..., order], true, recorded, here)
        blocks = weight_errors(weight[np.ix_(order, order)], wanted, recorded)
        rows += [
            Row(b["block"], "weight_mse", b["value"], "weight^2", here)
            for b in blocks.to_dict("records")
            if b["n"]
        ]
    return rows


def judge(results: Results, config: ConstrainedNetworksConfig) -> Verdict:
    """The smallest of the medians over numbers of recorded neurons, of the ceiling."""
    require_cycling_size(config)
    along = results.along(
        "n_recorded", NAME, "unrecorded", "mse", matched="yes", at_least=config.synthetic.n_seeds
    )
    ceiling = median_ceiling(results)
    medians = {m: float(np.median(v)) / ceiling for m, v in along.items() if m != 0}
    value = min(medians.values())
    listed = ", ".join(f"{v:.3g} at {m}" for m, v in medians.items())
    untrained = float(np.median(along[0])) / ceiling
    seen = results.along("n_recorded", NAME, "recorded", "mse", matched="yes")
    learned = ", ".join(f"{np.median(v) / ceiling:.2g} at {m}" for m, v in seen.items())
    return Verdict.of(
        value >= NEAR_CEILING,
        value,
        reason=(
            f"medians after matching: {listed} recorded; untrained and matched: {untrained:.3g}; "
            f"of recorded neurons, which must be small to mean anything: {learned}"
        ),
    )


def _seconds(cell: Cell, config: ConstrainedNetworksConfig) -> float:
    ours = config.synthetic
    del cell
    return 2 * cycling_seconds(ours, ours.unknown, ours.n_seeds * len(ours.n_recorded))


ARM = Arm(
    name=NAME,
    sentence="Students with the cycling teacher's gains and biases learn all weights.",
    control="untrained students; the permutation ceiling and students of the arm known-wiring",
    cells=cells,
    measure=measure,
    seconds=_seconds,
)

CLAIM = Claim(
    id="3",
    sentence="Without the wiring, recorded neurons do not determine the others.",
    source="Beiran and Litwin-Kumar (2025), Fig. 2, control",
    measure="unrecorded mean squared error after Hungarian matching, of the permutation ceiling",
    criterion=f"median at least {NEAR_CEILING:g} at every number of recorded neurons",
    control="permutation ceiling of neurons that were not matched; untrained students, matched",
    arms=(NAME, "known-wiring"),
    judge=judge,
)
