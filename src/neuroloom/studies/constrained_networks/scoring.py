"""Rows of the arms on synthetic teachers: students by split, and what they are held against."""

from collections.abc import Iterator, Mapping, Sequence

import jax
import numpy as np
from jaxtyping import Bool, Float

from neuroloom.analysis.recovery import activity_errors, parameter_errors, permutation_ceiling
from neuroloom.networks import RateNetwork
from neuroloom.studies.constrained_networks.initial import Informed
from neuroloom.studies.constrained_networks.students import student_rates
from neuroloom.studies.constrained_networks.teachers.teacher import Teacher
from neuroloom.studies.framework import Row

__all__ = ["activity_rows", "ceiling_rows", "failures", "parameter_rows", "score", "scored_trials"]

UNITS = {"mse": "rate^2", "one_minus_abs_rho": "", "one_minus_rho": ""}


def scored_trials(teacher: Teacher, n_scored: int) -> slice:
    """The last trials of a teacher; the first are those that students are trained on."""
    return slice(-min(n_scored, teacher.inputs.shape[0]), None)


def activity_rows(
    rates: Float[np.ndarray, "trial time neuron"],
    true: Float[np.ndarray, "trial time neuron"],
    recorded: Bool[np.ndarray, " neuron"],
    at: Mapping[str, int | float | str],
) -> list[Row]:
    """Errors of a student's activity, recorded and unrecorded; splits without neurons have none."""
    table = activity_errors(rates, true, recorded)
    return [
        Row(row["split"], row["measure"], row["value"], UNITS[row["measure"]], at)
        for row in table.to_dict("records")
        if row["n"]
    ]


def parameter_rows(
    network: RateNetwork,
    teacher: Teacher,
    recorded: Bool[np.ndarray, " neuron"],
    at: Mapping[str, int | float | str],
) -> list[Row]:
    """Root mean squared errors of gains and biases."""
    rows = []
    for name, unit in (("gain", "1"), ("bias", "state")):
        ours, true = (np.asarray(getattr(of, name).expand()) for of in (network, teacher.network))
        rows += [
            Row(row["split"], f"{name}_rmse", row["value"], unit, at)
            for row in parameter_errors(ours, true, recorded).to_dict("records")
            if row["n"]
        ]
    return rows


def score(
    network: RateNetwork,
    teacher: Teacher,
    trials: slice,
    recorded: Bool[np.ndarray, " neuron"],
    at: Mapping[str, int | float | str],
) -> list[Row]:
    """Activity and parameters of one student; activity that is not finite is NaN in its rows."""
    rates = student_rates(network, teacher, trials)
    if not bool(jax.numpy.isfinite(rates).all()):
        splits = [
            name for name, any_ in (("recorded", recorded), ("unrecorded", ~recorded)) if any_.any()
        ]
        return [Row(s, m, float("nan"), unit, at) for s in splits for m, unit in UNITS.items()]
    return [
        *activity_rows(np.asarray(rates), np.asarray(teacher.rates[trials]), recorded, at),
        *parameter_rows(network, teacher, recorded, at),
    ]


def ceiling_rows(
    teacher: Teacher, trials: slice, *, n_permutations: int, seeds: range
) -> Iterator[Row]:
    """What knowing everything but names is worth: of neurons, and of their gains and biases.

    And what knowing every neuron's mean rate alone is worth: below that, dynamics are known.
    """
    rates = np.asarray(teacher.rates[trials])
    still = float(rates.astype(np.float64).var(axis=(0, 1)).mean())
    yield Row("mean rates", "mse", still, UNITS["mse"])
    rng = np.random.default_rng((teacher.config.seed, 3))
    ceiling = permutation_ceiling(rates, rng=rng, n_permutations=n_permutations)
    for row in ceiling.to_dict("records"):
        yield Row("permuted neurons", row["measure"], row["value"], UNITS[row["measure"]])
    nobody = np.zeros(teacher.n_neurons, bool)
    for seed in seeds:
        network = Informed(factor=1.0)(teacher, jax.random.key(10_000 + seed))
        for found in score(network, teacher, trials, nobody, {"seed": seed}):
            if found.measure in UNITS:
                yield Row("permuted parameters", found.measure, found.value, found.unit, found.at)


def failures(
    statuses: Sequence[str], members: Sequence[tuple[int, int]], rows: Sequence[Row]
) -> list[str]:
    """Students that diverged in training, and trained ones that run away in the scored trials.

    Args:
        statuses: Of the students, as a `Fit` has them.
        members: Number recorded and seed of each.
        rows: Of all students that did not diverge; those of untrained ones are not looked at.
    """
    lost = [
        f"the student of seed {members[i][1]} with {members[i][0]} recorded diverged: left out"
        for i, status in enumerate(statuses)
        if status == "diverged"
    ]
    ran_away = {
        (row.at.get("n_recorded", 0), row.at.get("seed", members[0][1]))
        for row in rows
        if row.measure == "mse" and np.isnan(row.value) and _is_trained(row)
    }
    return lost + [
        f"the student of seed {seed} with {m} recorded runs away in the scored trials: its errors "
        "are NaN"
        for m, seed in sorted(ran_away)
    ]


def _is_trained(row: Row) -> bool:
    return row.at.get("n_recorded", 0) != 0 or row.at.get("student") == "trained"
