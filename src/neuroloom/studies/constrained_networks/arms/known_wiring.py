"""Known wiring, unknown gains and biases: how many neurons must be recorded? Fig 2."""

from collections.abc import Sequence

import jax
import numpy as np

from neuroloom.fitting import fit_students, gain_and_bias
from neuroloom.studies.constrained_networks.config import ConstrainedNetworksConfig
from neuroloom.studies.constrained_networks.initial import Informed
from neuroloom.studies.constrained_networks.scoring import (
    ceiling_rows,
    failures,
    score,
    scored_trials,
)
from neuroloom.studies.constrained_networks.students import (
    cycling_seconds,
    method_of,
    record,
    recorded_sets,
    student_of,
)
from neuroloom.studies.constrained_networks.synthetic_config import StudentFit, SyntheticConfig
from neuroloom.studies.constrained_networks.teachers import Teacher, cached_teacher
from neuroloom.studies.framework import (
    Arm,
    Cell,
    Claim,
    Context,
    Measured,
    NotTestedError,
    Results,
    Row,
    Verdict,
    median_interval,
)

__all__ = [
    "ARM",
    "CLAIM",
    "cycling_teacher",
    "median_ceiling",
    "require_cycling_size",
    "spread",
    "student_rows",
]

NAME = "known-wiring"
BELOW_CEILING = 0.1
AT_RECORDED = 40


def cycling_teacher(config: SyntheticConfig, context: Context) -> Teacher:
    """The cycling teacher of the config, trained once for all arms."""
    return cached_teacher(
        config.cycling,
        context.cached,
        checkpoint=context.checkpoint.with_name(f"{context.checkpoint.name}-teacher"),
        progress=context.progress,
    )


def cells(config: ConstrainedNetworksConfig) -> Sequence[Cell]:
    """The whole sweep is one program, and one cell; none at a size that decides nothing."""
    if not config.synthetic.n_recorded:
        return ()
    return (Cell.of(NAME, n_neurons=config.synthetic.cycling.n_neurons),)


def measure(cell: Cell, config: ConstrainedNetworksConfig, context: Context) -> Measured:
    """Students of every number of recorded neurons and seed, untrained ones, and ceilings."""
    ours = config.synthetic
    teacher = cycling_teacher(ours, context)
    ceilings = ceiling_rows(
        teacher,
        scored_trials(teacher, ours.n_scored),
        n_permutations=ours.n_permutations,
        seeds=range(ours.n_seeds),
    )
    rows, lost = student_rows(ours, ours.known, context)
    return Measured([*ceilings, *rows], notes=teacher.notes, failures=lost)


def student_rows(
    ours: SyntheticConfig, how: StudentFit, context: Context
) -> tuple[list[Row], list[str]]:
    """Scores of students of the true wiring and activation; arms that ask for the same share them.

    Args:
        ours: Teacher, recorded sets, trials and seeds.
        how: How students are trained.
        context: Of the cell that asks.
    """
    sizes = (ours.n_recorded, ours.n_seeds, ours.n_trained, ours.n_scored, ours.noise_step_sd)
    parts = (type(how).__name__, how, ours.cycling, sizes)
    kept = context.cached("known-wiring", parts, lambda: _trained(ours, how, context))
    columns = ("split", "measure", "value", "unit", "n_recorded", "seed")
    rows = [
        Row(split, measure, value, unit, {"n_recorded": m, "seed": seed})
        for split, measure, value, unit, m, seed in zip(
            *(kept[name].tolist() for name in columns), strict=True
        )
    ]
    return rows, kept["failure"].tolist()


def _trained(ours: SyntheticConfig, how: StudentFit, context: Context) -> dict[str, np.ndarray]:
    """Students trained and scored, as columns."""
    teacher = cycling_teacher(ours, context)
    sets = recorded_sets(teacher.n_neurons, ours.n_recorded, range(ours.n_seeds))
    members = list(sets)
    starts = {s: Informed()(teacher, jax.random.key(s)) for s in range(ours.n_seeds)}
    shown = record(
        teacher, slice(0, ours.n_trained), noise_step_sd=ours.noise_step_sd, seed=ours.cycling.seed
    )
    fit = fit_students(
        [student_of(starts[seed], seen, teacher) for (_, seed), seen in sets.items()],
        shown,
        trainable=gain_and_bias,
        method=method_of(how),
        key=jax.random.key(ours.cycling.seed),
        checkpoint=context.checkpoint,
        progress=context.progress,
    )
    trials = scored_trials(teacher, ours.n_scored)
    rows: list[Row] = []
    nobody = np.zeros(teacher.n_neurons, bool)
    for seed, start in starts.items():
        rows += score(start, teacher, trials, nobody, {"n_recorded": 0, "seed": seed})
    for i, member in enumerate(fit.kept):
        m, seed = members[member]
        at = {"n_recorded": m, "seed": seed}
        rows += score(fit.member(i).network, teacher, trials, sets[m, seed], at)
    columns = {name: [getattr(row, name) for row in rows] for name in _OF_A_ROW}
    columns |= {name: [row.at[name] for row in rows] for name in ("n_recorded", "seed")}
    lost = failures(fit.status, members, rows)
    return {name: np.array(values) for name, values in columns.items()} | {
        "failure": np.array(lost, dtype=str)
    }


_OF_A_ROW = ("split", "measure", "value", "unit")


def require_cycling_size(config: ConstrainedNetworksConfig) -> None:
    """The claims on the cycling network are made at the paper's size.

    Raises:
        NotTestedError: If the network is smaller.
    """
    if not config.synthetic.decides_cycling:
        raise NotTestedError(
            "at this size: the cycling network must have 300 neurons; this preset has "
            f"{config.synthetic.cycling.n_neurons}"
        )


def median_ceiling(results: Results, measure: str = "mse") -> float:
    """The permutation ceiling of the cycling teacher."""
    return float(np.median(results.values(NAME, "permuted neurons", measure)))


def spread(values: np.ndarray) -> str:
    """The smallest and the largest student, for a verdict's reason."""
    return f"{values.min():.2g} to {values.max():.2g} over {values.size} students"


def judge(results: Results, config: ConstrainedNetworksConfig) -> Verdict:
    """Unrecorded error at 40 recorded neurons, in units of the ceiling."""
    require_cycling_size(config)
    errors = results.values(NAME, "unrecorded", "mse", n_recorded=AT_RECORDED, at_least=5)
    untrained = results.values(NAME, "unrecorded", "mse", n_recorded=0)
    relative = errors / median_ceiling(results)
    still = results.values(NAME, "mean rates", "mse")[0] / median_ceiling(results)
    value, low, high = median_interval(relative)
    return Verdict.of(
        value < BELOW_CEILING,
        value,
        low=low,
        high=high,
        reason=(
            f"untrained students have {np.median(untrained) / median_ceiling(results):.3g} of the "
            f"ceiling, every neuron's own mean rate {still:.3g}; {spread(relative)}"
        ),
    )


def _seconds(cell: Cell, config: ConstrainedNetworksConfig) -> float:
    ours = config.synthetic
    del cell
    return 200 + cycling_seconds(ours, ours.known, ours.n_seeds * len(ours.n_recorded))


ARM = Arm(
    name=NAME,
    sentence=(
        "Students with the cycling teacher's wiring learn gains and biases from the activity of M "
        "neurons."
    ),
    control="untrained students (M = 0), mean rates, permuted neurons, permuted gains and biases",
    cells=cells,
    measure=measure,
    seconds=_seconds,
)

CLAIM = Claim(
    id="1-cycling",
    sentence="With known wiring, a seventh of a task network's neurons predicts the others.",
    source="Beiran and Litwin-Kumar (2025), Fig. 2",
    measure=f"unrecorded mean squared error at {AT_RECORDED} of 300 recorded, of the ceiling",
    criterion=f"median over at least 5 students below {BELOW_CEILING:g}",
    control="permutation ceiling (1 by construction); mean rates; untrained students",
    arms=(NAME,),
    judge=judge,
)
